//! How sure a forest is of its numbers: the jackknife's standard deviation of its mean, or quantiles of the targets it was fitted on.

use esker_core::{Error, Result, Rng, Spread};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::Binned;
use super::loss::quantile;
use super::node::Tree;
use super::resample::Resample;

/// Most trees of which every pair is compared.
const MOST_PAIRED: usize = 2000;
/// Most counts of draws held while pairs are compared, in bytes.
const MOST_COUNTS: usize = 1 << 28;
/// Most rows kept in leaves.
const MOST_KEPT: usize = 100_000_000;

/// What a forest keeps to say how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Sure {
    /// Nothing.
    Unknown,
    /// For each pair of trees, the sum over units (rows or groups) of the products of how often each drew it more than once on average; and
    /// the number of units.
    Jackknife { together: Vec<f64>, units: u64 },
    /// The targets, and for each tree the rows in each leaf, one after the other, and where each leaf's begin.
    Quantiles { level: f64, targets: Vec<f64>, rows: Vec<Vec<u32>>, starts: Vec<Vec<u32>> },
}

impl Sure {
    /// The infinitesimal jackknife (Wager, Hastie and Efron 2014, arXiv 1311.4555, equations 5 and 7) of trees that draw from `rng`.
    ///
    /// # Errors
    /// Trees that draw nothing, or too many of them.
    pub(super) fn jackknife(trees: usize, resample: &Resample, rng: &Rng) -> Result<Self> {
        let units = resample.units();
        let fail = |got: String, rule: &str, hint: &str| {
            Err(Error::recipe("'spread' = \"jackknife\"").got(got).rule(rule.to_owned()).hint(hint.to_owned()))
        };
        if matches!(resample, Resample::Whole(_)) {
            return fail("draw = \"none\"".into(), "it compares trees that drew different rows", "draw rows or groups");
        }
        if trees > MOST_PAIRED || trees.saturating_mul(units) > MOST_COUNTS {
            return fail(
                format!("{trees} trees on {units} rows or groups"),
                "pairs of trees are compared, and these are too many",
                "use fewer trees",
            );
        }
        let counts: Vec<Vec<u8>> = (0..trees)
            .into_par_iter()
            .map_init(Vec::new, |count, tree| {
                resample.draw(count, &mut rng.fork("tree", tree as u64));
                count.iter().map(|&n| n.min(255) as u8).collect()
            })
            .collect();
        let product = |a: &[u8], b: &[u8]| -> f64 {
            // Counts are small: a block's products fit 32 bits.
            let block = |(a, b): (&[u8], &[u8])| a.iter().zip(b).map(|(&a, &b)| u32::from(a) * u32::from(b)).sum::<u32>();
            a.chunks(4096).zip(b.chunks(4096)).map(block).map(f64::from).sum::<f64>() - units as f64
        };
        let together = (0..trees * trees).into_par_iter().map(|i| product(&counts[i / trees], &counts[i % trees])).collect();
        Ok(Self::Jackknife { together, units: units as u64 })
    }

    /// Quantiles of the targets in the leaves (Meinshausen 2006).
    ///
    /// # Errors
    /// Too many rows to keep.
    pub(super) fn quantiles(level: f64, targets: &[f64], binned: &Binned, trees: &[Tree], resample: &Resample, rng: &Rng) -> Result<Self> {
        if trees.len().saturating_mul(targets.len()) > MOST_KEPT {
            return Err(Error::recipe("'spread' = \"quantiles\"")
                .got(format!("{} trees on {} rows", trees.len(), targets.len()))
                .rule("the rows in every leaf are kept, and these are too many")
                .hint("use fewer trees, or intervals from cross-validation"));
        }
        let kept = |tree: usize| {
            let (mut count, grown) = (Vec::new(), &trees[tree]);
            resample.draw(&mut count, &mut rng.fork("tree", tree as u64));
            let leaves = grown.values().len();
            let mut leaf_of: Vec<(u32, u32)> = Vec::with_capacity(targets.len());
            for row in 0..targets.len() {
                let leaf = grown.leaf(|f| binned.column(f)[row]) as u32;
                leaf_of.extend((0..resample.times(&count, row)).map(|_| (leaf, row as u32)));
            }
            leaf_of.sort_unstable();
            let mut starts = vec![0; leaves + 1];
            leaf_of.iter().for_each(|(leaf, _)| starts[*leaf as usize + 1] += 1);
            (0..leaves).for_each(|leaf| starts[leaf + 1] += starts[leaf]);
            (leaf_of.into_iter().map(|(_, row)| row).collect(), starts)
        };
        let (rows, starts) = (0..trees.len()).into_par_iter().map(kept).unzip();
        Ok(Self::Quantiles { level, targets: targets.to_vec(), rows, starts })
    }

    /// How sure the forest is of rows whose leaf in each tree is `leaves` (rows × trees).
    pub(super) fn spread(&self, trees: &[Tree], leaves: &[u32]) -> Spread {
        match self {
            Self::Unknown => Spread::Unknown,
            Self::Jackknife { together, units } => {
                let one = |leaves: &[u32]| jackknife(trees, leaves, together, *units as f64);
                Spread::Sd(leaves.par_chunks(trees.len()).map(one).collect())
            }
            Self::Quantiles { level, targets, rows, starts } => {
                let tail = 0.5 * (1.0 - level);
                let one = |leaves: &[u32]| {
                    let mut all = Vec::new();
                    for ((rows, starts), &leaf) in rows.iter().zip(starts).zip(leaves) {
                        let some = &rows[starts[leaf as usize] as usize..starts[leaf as usize + 1] as usize];
                        all.extend(some.iter().map(|&row| (targets[row as usize], 1.0 / some.len() as f64)));
                    }
                    (quantile(&mut all, tail), quantile(&mut all, 1.0 - tail))
                };
                let (low, high) = leaves.par_chunks(trees.len()).map(one).unzip();
                Spread::Interval { level: *level, low, high }
            }
        }
    }

    /// Whether the parts of a stranger's bytes fit trees.
    pub(super) fn sound(&self, trees: &[Tree]) -> bool {
        match self {
            Self::Unknown => true,
            Self::Jackknife { together, .. } => {
                trees.len().checked_mul(trees.len()) == Some(together.len()) && together.iter().all(|v| v.is_finite())
            }
            Self::Quantiles { level, targets, rows, starts } => {
                let fits = |((rows, starts), tree): ((&Vec<u32>, &Vec<u32>), &Tree)| {
                    starts.len() == tree.values().len() + 1
                        && starts.windows(2).all(|w| w[0] <= w[1])
                        && starts.last().is_some_and(|&end| end as usize == rows.len())
                        && rows.iter().all(|&row| (row as usize) < targets.len())
                };
                (0.0..1.0).contains(level)
                    && targets.iter().all(|v| v.is_finite())
                    && rows.len() == trees.len()
                    && starts.len() == trees.len()
                    && rows.iter().zip(starts).zip(trees).all(fits)
            }
        }
    }
}

/// The standard deviation of the mean of trees at a row, corrected for their number; 0 where the correction takes all.
fn jackknife(trees: &[Tree], leaves: &[u32], together: &[f64], units: f64) -> f64 {
    let b = trees.len() as f64;
    let said: Vec<f64> = trees.iter().zip(leaves).map(|(tree, &leaf)| tree.values()[leaf as usize]).collect();
    let mean = said.iter().sum::<f64>() / b;
    let off: Vec<f64> = said.iter().map(|s| s - mean).collect();
    let square: f64 =
        together.chunks_exact(trees.len()).zip(&off).map(|(row, o)| o * row.iter().zip(&off).map(|(k, o)| k * o).sum::<f64>()).sum();
    let chance = units / (b * b) * off.iter().map(|o| o * o).sum::<f64>();
    (square / (b * b) - chance).max(0.0).sqrt()
}
