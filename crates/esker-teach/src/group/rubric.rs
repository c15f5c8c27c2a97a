//! The rubric of a review: seven criteria, of which the record of a run answers what it can; the rest is for people.

use std::path::{Path, PathBuf};

use esker_core::record::{Record, Task};
use esker_core::{Error, Result, Weight};
use esker_io::{read_file, sha256_hex};
use serde::{Deserialize, Serialize};

/// Most bytes of a record.
const MOST: u64 = 256 << 20;

/// How much of a criterion a record answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// What it asks for is there.
    Yes,
    /// Some of it.
    Partly,
    /// None of it.
    No,
}

/// One criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// `question`, `data`, `test`, `baseline`, `uncertainty`, `limits` or `reproducible`.
    pub criterion: String,
    /// What the reviewer asks.
    pub asks: String,
    /// How much of it the record answers.
    pub answered: Answered,
    /// What the record says, one sentence each.
    pub found: Vec<String>,
}

const ASKS: [(&str, &str); 7] = [
    ("question", "Is the question clear, worth asking, and is the target what it needs?"),
    ("data", "Are the data known: where from, how many, what was dropped, which units?"),
    ("test", "Does the test imitate the use: are held-out samples as new as those in use will be?"),
    ("baseline", "Is the model compared with simple answers on the same held-out samples?"),
    ("uncertainty", "Is every number given with its spread, and was the spread checked?"),
    ("limits", "Is it said where and when the model should not be believed?"),
    ("reproducible", "Could somebody else get the same numbers?"),
];

/// The rubric without a record: every line is for people.
pub fn blank() -> Vec<Line> {
    let line = |&(criterion, asks): &(&str, &str)| Line {
        criterion: criterion.into(),
        asks: asks.into(),
        answered: Answered::No,
        found: Vec::new(),
    };
    ASKS.iter().map(line).collect()
}

/// Reads the record of a run, from its folder or file, with the SHA-256 of the file.
///
/// # Errors
/// There is none, or it is damaged.
pub fn read(path: &Path) -> Result<(Record, String)> {
    let file: PathBuf = if path.is_dir() { path.join("record.json") } else { path.to_path_buf() };
    let bytes = read_file(&file, MOST)?;
    let record = serde_json::from_slice(&bytes).map_err(|e| {
        Error::data(format!("record '{}'", file.display()))
            .got(e.to_string())
            .rule("it is the record.json that esker run wrote")
            .hint("run the recipe again")
    })?;
    Ok((record, sha256_hex(&bytes)))
}

/// Fills what a record answers.
pub fn fill(record: &Record) -> Vec<Line> {
    let filled =
        [question(record), data(record), test(record), baseline(record), uncertainty(record), limits(record), reproducible(record)];
    ASKS.iter()
        .zip(filled)
        .map(|(&(criterion, asks), (answered, found))| Line { criterion: criterion.into(), asks: asks.into(), answered, found })
        .collect()
}

type Found = (Answered, Vec<String>);

/// Yes where all hold, no where none does.
fn of(holds: &[bool]) -> Answered {
    match holds.iter().filter(|h| **h).count() {
        0 => Answered::No,
        n if n == holds.len() => Answered::Yes,
        _ => Answered::Partly,
    }
}

fn question(record: &Record) -> Found {
    let mut found = vec![format!("Title: {}.", record.title)];
    let stated = match &record.task {
        Task::Regression { target, unit } => {
            let unit = unit.to_string();
            found.push(format!(
                "Predicts '{target}'{}.",
                if unit.is_empty() { ", whose unit is not stated".into() } else { format!(" in {unit}") }
            ));
            !unit.is_empty()
        }
        Task::Classification { target, levels, .. } => {
            found.push(format!("Predicts the class '{target}', one of {}.", levels.len()));
            true
        }
    };
    let wanted = record.advice.as_ref().map(|a| a.wanted.clone()).filter(|w| !w.is_empty());
    found.push(wanted.as_ref().map_or_else(|| "What predictions are wanted for is not stated.".into(), |w| format!("Wanted: {w}.")));
    // Whether a question is worth asking no record knows.
    (if stated { Answered::Partly } else { of(&[wanted.is_some(), false]) }, found)
}

fn data(record: &Record) -> Found {
    let card = &record.data;
    let mut found = vec![format!("{} rows read of '{}', {} used.", card.rows_read, record.provenance.data_file, card.rows_used)];
    found.extend(card.dropped.iter().map(|d| format!("{} rows dropped: {}.", d.rows, d.reason)));
    if let Some([from, to]) = &card.period {
        found.push(format!("From {from} to {to}."));
    }
    let bare: Vec<&str> =
        card.columns.iter().filter(|c| c.summary.is_some() && c.unit.to_string().is_empty()).map(|c| c.name.as_str()).collect();
    if !bare.is_empty() {
        found.push(format!("Without a stated unit: {}.", bare.join(", ")));
    }
    found.push(card.credit.as_ref().map_or_else(|| "Nobody is credited for the data.".into(), |c| format!("Credit: {c}.")));
    (of(&[bare.is_empty(), card.credit.is_some()]), found)
}

fn test(record: &Record) -> Found {
    let Some(design) = record.designs.iter().find(|d| d.primary) else { return (Answered::No, vec!["No design is recorded.".into()]) };
    let mut found = vec![format!("Design '{}': {}", design.label, design.description)];
    found.push(format!("{} folds.", design.folds.len()));
    let apart = !matches!(design.kind.as_str(), "random" | "stratified");
    if !apart {
        found.push("Samples are shuffled: it tells nothing of new places, times or groups.".into());
    }
    if record.advice.is_some() {
        found.push("The design was chosen to imitate the use.".into());
    }
    found.push(match &record.data.locked {
        Some(locked) => format!("{} rows were locked for a final test: {}.", locked.rows, locked.description),
        None => "No rows were locked for a final test.".into(),
    });
    let alarms: Vec<&str> = record.notes.iter().filter(|n| n.weight == Weight::Alarm).map(|n| n.text.as_str()).collect();
    found.extend(alarms.iter().map(|a| format!("Alarm: {a}")));
    (of(&[apart, record.advice.is_some() || record.data.locked.is_some(), alarms.is_empty()]), found)
}

fn baseline(record: &Record) -> Found {
    let mut found = Vec::new();
    let mut compared = false;
    for reference in record.skill.iter().flat_map(|s| &s.references) {
        if let Some(model) = reference.models.iter().find(|m| m.model == record.chosen.model) {
            compared = true;
            let beyond = if model.beyond_noise() == 1 { "beyond noise" } else { "not beyond noise" };
            found
                .push(format!("Against {}: a skill of {:.2}, {beyond}, on {} held-out rows.", reference.name, model.skill, reference.rows));
        }
    }
    if !compared {
        found.push("No simple answer is recorded beside the model.".into());
    }
    if record.models.len() > 1 {
        found.push(format!("{} models were compared on the same folds.", record.models.len()));
    }
    (if compared { Answered::Yes } else { of(&[record.models.len() > 1, false]) }, found)
}

fn uncertainty(record: &Record) -> Found {
    let mut found = Vec::new();
    let chosen = record.models.iter().find(|m| m.name == record.chosen.model);
    let score = chosen.and_then(|m| m.runs.first()).and_then(|r| r.scores.iter().find(|s| s.metric == record.metric));
    let spread = score.is_some_and(|s| s.sd.is_some());
    if let Some((mean, sd)) = score.and_then(|s| s.mean.zip(s.sd)) {
        found.push(format!("{} of {mean:.3}, with a standard deviation of {sd:.3} over folds.", record.metric.to_uppercase()));
    }
    match &record.intervals {
        Some(i) => {
            let (level, coverage) = (100.0 * i.level, 100.0 * i.coverage);
            found.push(format!("{} intervals: promised {level:.0} %, measured {coverage:.0} % of held-out rows.", i.method));
        }
        None => found.push("No prediction intervals.".into()),
    }
    let calibrated = chosen.and_then(|m| m.runs.first()).is_some_and(|r| !r.calibration.is_empty());
    if calibrated {
        found.push("How often each class happened is held against its probability.".into());
    }
    (of(&[spread, record.intervals.is_some() || calibrated]), found)
}

fn limits(record: &Record) -> Found {
    let mut found = Vec::new();
    if let Some(area) = &record.applicability {
        found.push(format!("The area of applicability leaves {:.0} % of the held-out rows outside.", 100.0 * area.outside));
        if let Some(wanted) = &area.wanted {
            found.push(format!("Of '{}', {:.0} % lies inside.", wanted.name, 100.0 * wanted.inside));
        }
    } else {
        found.push("No area of applicability.".into());
    }
    let beyond = record.advice.as_ref().and_then(|a| a.beyond.as_ref());
    found.extend(beyond.map(|b| format!("Beyond the samples: {b}")));
    // Whether the text names its limits, only a reader knows.
    (if record.applicability.is_some() { Answered::Partly } else { Answered::No }, found)
}

fn reproducible(record: &Record) -> Found {
    let p = &record.provenance;
    let whole = sha256_hex(p.recipe.as_bytes()) == p.recipe_sha256;
    let found = vec![
        format!("Esker {}, seed {}.", p.esker, p.seed),
        format!("Data '{}', SHA-256 {}.", p.data_file, p.data_sha256),
        if whole {
            "The recipe's text is in the record and fits its hash.".into()
        } else {
            "The recipe's text does not fit its hash: the record was changed.".into()
        },
    ];
    (if whole && p.data_sha256.len() == 64 { Answered::Yes } else { Answered::Partly }, found)
}
