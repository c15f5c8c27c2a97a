//! Classes too rare to learn or to judge.

use esker_core::{Codes, Fold, MISSING, Note};

use super::words::{count, counted, join, list, percent};

/// Most frequent class against rarest, above which imbalance is worth knowing.
const IMBALANCE: usize = 10;

/// Notes classes seen once (an alarm), classes with fewer rows than folds, and strong imbalance. `names` are the readable
/// names of the levels, in their order.
pub fn class_counts(target: &Codes, names: &[String], folds: usize) -> Vec<Note> {
    let counts = target.counts();
    let named = |keep: &dyn Fn(usize) -> bool| {
        names.iter().zip(&counts).filter(|(_, n)| keep(**n)).map(|(name, n)| (name.as_str(), *n)).collect::<Vec<_>>()
    };
    let mut notes = Vec::new();
    let once: Vec<&str> = named(&|n| n == 1).iter().map(|c| c.0).collect();
    if !once.is_empty() {
        notes.push(Note::alarm(
            "class-seen-once",
            format!(
                "{} {} seen once: the row is learned from or tested, never both, so nothing can be claimed. Merge {} with another class or \
                 filter the {}.",
                list(&once),
                if once.len() == 1 { "is" } else { "are each" },
                if once.len() == 1 { "it" } else { "them" },
                if once.len() == 1 { "row" } else { "rows" },
            ),
        ));
    }
    let rare: Vec<String> = named(&|n| n > 1 && n < folds).iter().map(|(name, n)| format!("'{name}' ({n} rows)")).collect();
    if !rare.is_empty() {
        notes.push(Note::warning(
            "rare-class",
            format!(
                "{} {} fewer rows than there are folds ({folds}): some folds have none to test.",
                join(&rare),
                if rare.len() == 1 { "has" } else { "have" }
            ),
        ));
    }
    notes.extend(imbalance(&named(&|n| n > 0)));
    notes
}

fn imbalance(classes: &[(&str, usize)]) -> Option<Note> {
    let most = classes.iter().max_by_key(|c| c.1)?;
    let least = classes.iter().min_by_key(|c| c.1)?;
    let rows: usize = classes.iter().map(|c| c.1).sum();
    (most.1 > IMBALANCE * least.1).then(|| {
        Note::info(
            "class-imbalance",
            format!(
                "Classes are uneven: '{}' has {} of {} ({}), '{}' {} ({}). Always answering '{0}' is right {3} of the time, so read balanced \
                 accuracy and the scores of single classes beside accuracy.",
                most.0,
                count(most.1),
                counted(rows, "row"),
                percent(most.1, rows),
                least.0,
                count(least.1),
                percent(least.1, rows)
            ),
        )
    })
}

/// Notes classes that a fold tests but its training rows lack: they cannot be answered right there.
pub fn unlearnable_classes(target: &Codes, names: &[String], folds: &[Fold]) -> Option<Note> {
    let mut lost = vec![(0usize, 0usize); names.len()];
    for fold in folds {
        let mut learned = vec![false; names.len()];
        let mut tested = vec![0usize; names.len()];
        let code = |row: usize| Some(target.codes()[row]).filter(|&c| c != MISSING).map(|c| c as usize);
        fold.train.iter().filter_map(|&r| code(r)).for_each(|c| learned[c] = true);
        fold.test.iter().filter_map(|&r| code(r)).for_each(|c| tested[c] += 1);
        for (c, lost) in lost.iter_mut().enumerate().filter(|(c, _)| !learned[*c] && tested[*c] > 0) {
            *lost = (lost.0 + 1, lost.1 + tested[c]);
        }
    }
    let said: Vec<String> = names
        .iter()
        .zip(&lost)
        .filter(|(_, l)| l.0 > 0)
        .map(|(name, (folds, rows))| format!("'{name}' ({} in {})", counted(*rows, "row"), counted(*folds, "fold")))
        .collect();
    (!said.is_empty()).then(|| {
        Note::warning(
            "unlearnable-class",
            format!(
                "Tested where no training row has the class: {}. No model can get these rows right; the design asks for a class it has never \
                 shown.",
                join(&said)
            ),
        )
    })
}
