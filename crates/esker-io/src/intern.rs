//! Texts to codes: each distinct text is kept once, rows hold small integers.

use std::borrow::Cow;
use std::collections::HashMap;

use esker_core::{Codes, MISSING};

/// Collects one text a row.
#[derive(Default)]
pub(crate) struct Interner<'a> {
    known: HashMap<Cow<'a, str>, u32>,
    codes: Vec<u32>,
    counts: Vec<u64>,
}

impl<'a> Interner<'a> {
    pub(crate) fn push(&mut self, text: Cow<'a, str>) {
        let code = match self.known.get(text.as_ref()) {
            Some(&code) => code,
            None => {
                let code = self.counts.len() as u32;
                self.known.insert(text, code);
                self.counts.push(0);
                code
            }
        };
        self.counts[code as usize] += 1;
        self.codes.push(code);
    }

    /// As `push`, for a text that does not live on: it is copied where it is new.
    pub(crate) fn push_copied(&mut self, text: &str) {
        match self.known.get(text) {
            Some(&code) => {
                self.counts[code as usize] += 1;
                self.codes.push(code);
            }
            None => self.push(Cow::Owned(text.to_owned())),
        }
    }

    /// The code of the last text.
    pub(crate) fn last(&self) -> Option<u32> {
        self.codes.last().copied()
    }

    /// A text once more, by its code.
    pub(crate) fn push_again(&mut self, code: u32) {
        self.counts[code as usize] += 1;
        self.codes.push(code);
    }

    /// A text that would otherwise be taken for a marker of missing. A zero byte, which no text of a table holds, keeps it apart from
    /// the same text without protection.
    pub(crate) fn push_protected(&mut self, text: &str) {
        self.push(Cow::Owned(format!("\0{text}")));
    }

    /// The distinct texts in the order in which they were met first, each with whether it is protected and the number of rows that hold it.
    pub(crate) fn distinct(&self) -> Vec<(&str, bool, u64)> {
        let mut texts: Vec<(&str, bool, u64)> = self.counts.iter().map(|&n| ("", false, n)).collect();
        for (text, &code) in &self.known {
            let slot = &mut texts[code as usize];
            (slot.0, slot.1) = text.strip_prefix('\0').map_or((text.as_ref(), false), |bare| (bare, true));
        }
        texts
    }

    /// A number for each row, from one for each distinct text in the order of [`distinct`](Self::distinct); NaN for a missing row.
    pub(crate) fn spread(&self, numbers: &[f64]) -> Vec<f64> {
        self.codes.iter().map(|&c| numbers.get(c as usize).copied().unwrap_or(f64::NAN)).collect()
    }

    /// Puts the rows of another behind these.
    pub(crate) fn join(&mut self, other: Self) {
        let mut texts: Vec<Option<Cow<'a, str>>> = vec![None; other.counts.len()];
        for (text, code) in other.known {
            texts[code as usize] = Some(text);
        }
        let mut codes = Vec::with_capacity(texts.len());
        for (text, count) in texts.into_iter().flatten().zip(other.counts) {
            let next = self.counts.len() as u32;
            let code = *self.known.entry(text).or_insert(next);
            if code == next {
                self.counts.push(0);
            }
            self.counts[code as usize] += count;
            codes.push(code);
        }
        self.codes.extend(other.codes.iter().map(|&c| if c == MISSING { MISSING } else { codes[c as usize] }));
    }

    pub(crate) fn push_missing(&mut self) {
        self.codes.push(MISSING);
    }

    /// The codes, levels sorted. `missing` is asked once for each distinct text, with whether it is protected and the number of rows
    /// that hold it.
    pub(crate) fn finish(self, mut missing: impl FnMut(&str, bool, u64) -> bool) -> Codes {
        let mut texts: Vec<Option<Cow<'a, str>>> = vec![None; self.counts.len()];
        for (text, code) in self.known {
            texts[code as usize] = Some(text);
        }
        for (slot, &count) in texts.iter_mut().zip(&self.counts) {
            let Some(text) = slot.take() else { continue };
            let bare = text.strip_prefix('\0').map(str::to_owned);
            let protected = bare.is_some();
            let text = bare.map_or(text, Cow::Owned);
            if !missing(&text, protected, count) {
                *slot = Some(text);
            }
        }
        let distinct = Codes::from_labels(&texts);
        let to = distinct.codes();
        let codes = self.codes.iter().map(|&c| if c == MISSING { MISSING } else { to[c as usize] }).collect();
        Codes::new(codes, distinct.levels().to_vec()).expect("every code comes from the levels it points into")
    }
}
