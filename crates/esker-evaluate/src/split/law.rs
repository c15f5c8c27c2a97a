//! The law every design keeps: its folds can be learned from and judged on without leaking.

use esker_core::{Error, Fold, Result};

/// Checks that in every fold the lists are sorted, within `0..rows` and disjoint, and that there are rows to learn
/// from and to judge on. Completeness is not part of it: a forward design never judges its first block.
///
/// # Errors
/// No folds at all, or the first fold that breaks the law, with the row (counted from 0) that breaks it.
pub fn check_folds(folds: &[Fold], rows: usize) -> Result<()> {
    if folds.is_empty() {
        return Err(Error::data("folds").got("none").rule("a design makes at least one fold"));
    }
    // The fold that last held a row marks it, so that one list serves all folds.
    let mut held_by = vec![usize::MAX; rows];
    for (i, fold) in folds.iter().enumerate() {
        let broken = |got: String, rule: &str| Err(Error::data(format!("fold '{}'", fold.label)).got(got).rule(rule));
        if fold.train.is_empty() || fold.test.is_empty() {
            let got = format!("{} rows to learn from and {} to judge on", fold.train.len(), fold.test.len());
            return broken(got, "every fold needs both");
        }
        for (name, list) in [("train", &fold.train), ("test", &fold.test), ("left out", &fold.left_out)] {
            if let Some(pair) = list.windows(2).find(|pair| pair[0] >= pair[1]) {
                return broken(format!("row {} before row {} in {name}", pair[0], pair[1]), "lists are sorted and hold a row once");
            }
            for &row in list {
                if row >= rows {
                    return broken(format!("row {row} in {name}"), &format!("the samples have {rows} rows"));
                }
                if held_by[row] == i {
                    return broken(format!("row {row} twice"), "train, test and left out are disjoint");
                }
                held_by[row] = i;
            }
        }
    }
    Ok(())
}
