//! What tuning has found, kept while a run is under way, so that a run that was stopped is taken up where it was.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use esker_core::{Result, Settings};
use esker_io::Journal;
use serde::{Deserialize, Serialize};

use super::race::Outcome;

/// One judged candidate on one fold of one part of the work.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    part: String,
    trial: usize,
    fold: usize,
    /// What was judged: the checksum of the settings.
    settings: String,
    scores: Outcome,
}

/// Keeps judged candidates, or does not.
pub(crate) struct Keeper {
    journal: Option<Journal>,
    known: HashMap<(String, usize, usize), (String, Outcome)>,
    taken: AtomicUsize,
}

impl Keeper {
    /// Keeps nothing.
    pub fn none() -> Self {
        Self { journal: None, known: HashMap::new(), taken: AtomicUsize::new(0) }
    }

    /// Keeps what is found beside the run folder, and knows what an earlier run with the same `fingerprint` found before it was stopped.
    pub fn beside(folder: &Path, fingerprint: &str) -> Result<Self> {
        let Some((journal, lines)) = Journal::beside(folder, fingerprint)? else { return Ok(Self::none()) };
        let lines = lines.iter().filter_map(|l| serde_json::from_str::<Line>(l).ok());
        let known = lines.map(|l| ((l.part, l.trial, l.fold), (l.settings, l.scores))).collect();
        Ok(Self { journal: Some(journal), known, taken: AtomicUsize::new(0) })
    }

    /// Whether anything can be taken up again.
    pub fn keeps(&self) -> bool {
        self.journal.is_some()
    }

    /// Fits that an earlier run had done.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// What is known of a candidate on a fold, else what `judge` finds, which is kept.
    pub fn once(
        &self,
        (part, trial, fold): (&str, usize, usize),
        settings: &Settings,
        judge: impl FnOnce() -> Result<Outcome>,
    ) -> Result<Outcome> {
        let Some(journal) = &self.journal else { return judge() };
        let sum = esker_io::sha256_hex(serde_json::to_string(settings).unwrap_or_default().as_bytes())[..16].to_owned();
        if let Some((_, scores)) = self.known.get(&(part.to_owned(), trial, fold)).filter(|(known, _)| *known == sum) {
            self.taken.fetch_add(1, Ordering::Relaxed);
            return Ok(scores.clone());
        }
        let scores = judge()?;
        let line = Line { part: part.to_owned(), trial, fold, settings: sum, scores };
        if let Ok(text) = serde_json::to_string(&line) {
            journal.add(&text);
        }
        Ok(line.scores)
    }
}
