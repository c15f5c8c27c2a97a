//! Duplicated rows that a fold has on both sides.

use std::collections::HashMap;

use esker_core::{Fold, Note, Samples, Values};

use super::keys;
use super::words::{count, counted, percent};

/// From this share of tested rows on, duplicates are an alarm.
const GRAVE: f64 = 0.01;

/// How many tested rows have a twin among the training rows of their fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicates {
    /// Rows tested, over all folds.
    pub tested: usize,
    /// Of these, rows with a training row of identical features.
    pub features: usize,
    /// Of these, rows with a training row of identical features and target.
    pub target_too: usize,
}

/// Counts tested rows that have a twin in the training part of their fold. Missing equals missing, 0 equals −0.
pub fn measure_duplicates(samples: &Samples, target: &str, folds: &[Fold]) -> Duplicates {
    let features = kinds(samples, |name| name != target);
    let both = kinds(samples, |_| true);
    let twins = |kind: &[u32]| {
        let mut marked = vec![usize::MAX; samples.rows()];
        let mut found = 0;
        for (f, fold) in folds.iter().enumerate() {
            fold.train.iter().for_each(|&r| marked[kind[r] as usize] = f);
            found += fold.test.iter().filter(|&&r| marked[kind[r] as usize] == f).count();
        }
        found
    };
    let none = samples.features(target).next().is_none();
    Duplicates {
        tested: folds.iter().map(|f| f.test.len()).sum(),
        features: if none { 0 } else { twins(&features) },
        target_too: if none { 0 } else { twins(&both) },
    }
}

/// Notes rows that stand, with identical features, in the training and the test part of a fold: their target can be
/// answered from memory.
pub fn duplicates_across_folds(samples: &Samples, target: &str, folds: &[Fold]) -> Option<Note> {
    let d = measure_duplicates(samples, target, folds);
    if d.features == 0 {
        return None;
    }
    let text = format!(
        "{} of {} tested ({}) {} a twin with identical features among the training rows of {} fold, {} of them with the same target too. \
         A model can answer these from memory, so the score flatters: drop the duplicates, or keep each set of twins in one fold with a group.",
        count(d.features),
        counted(d.tested, "row"),
        percent(d.features, d.tested),
        if d.features == 1 { "has" } else { "have" },
        if d.features == 1 { "its" } else { "their" },
        count(d.target_too),
    );
    let grave = d.features as f64 >= GRAVE * d.tested as f64;
    Some(if grave { Note::alarm("duplicates-across-folds", text) } else { Note::warning("duplicates-across-folds", text) })
}

/// A number for each row, the same for rows that are identical in the columns kept. Rows are told apart by 128 mixed
/// bits: among a million rows two different ones coincide with probability 1e-27.
fn kinds(samples: &Samples, keep: impl Fn(&str) -> bool) -> Vec<u32> {
    let mut hash = vec![(0x243F_6A88_85A3_08D3u64, 0x1319_8A2E_0370_7344u64); samples.rows()];
    for column in samples.columns().iter().filter(|c| keep(&c.name)) {
        let class = u64::from(matches!(column.values, Values::Class(_)));
        for (h, key) in hash.iter_mut().zip(keys(&column.values)) {
            // No number has these bits: they are one of the many NaN patterns, and missing numbers come as `None`.
            let key = key.unwrap_or(0x7FF8_DEAD_0000_0000 | class);
            h.0 = mix(h.0 ^ key);
            h.1 = mix(h.1.rotate_left(29).wrapping_add(key).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        }
    }
    let mut of = HashMap::with_capacity(hash.len());
    hash.into_iter()
        .map(|h| {
            let next = of.len() as u32;
            *of.entry(h).or_insert(next)
        })
        .collect()
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
