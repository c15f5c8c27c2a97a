//! What is drawn together in a bootstrap: blocks on the ground or in time, whole groups, or runs of a series.

use std::collections::BTreeMap;

use esker_core::{Codes, Error, Places, Result, Rng};

use crate::residual::cells;

/// Rows in blocks. Rows within a block stay together; blocks are taken to be independent of each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// The block of each row, 0..count.
    of: Vec<u32>,
    count: usize,
}

impl Blocks {
    fn from_keys<K: Ord + Clone>(keys: &[K]) -> Result<Self> {
        let mut number: BTreeMap<K, u32> = keys.iter().map(|k| (k.clone(), 0)).collect();
        if number.len() < 2 {
            return Err(Error::data("blocks of a bootstrap")
                .got(format!("{} rows in {} of them", keys.len(), number.len()))
                .rule("at least 2 are needed")
                .hint("use smaller blocks"));
        }
        // By the order of the keys, so that the order of the rows does not matter.
        number.values_mut().zip(0..).for_each(|(n, i)| *n = i);
        Ok(Self { of: keys.iter().map(|k| number[k]).collect(), count: number.len() })
    }

    /// Square blocks on the ground, `side` metres long; on the sphere, cells of bands of latitude.
    ///
    /// # Errors
    /// A side that is not above 0, or fewer than 2 blocks with rows.
    pub fn on_ground(places: &Places, side: f64) -> Result<Self> {
        if !(side > 0.0 && side.is_finite()) {
            return Err(Error::data("blocks of a bootstrap").got(format!("{side} m")).rule("the side is above 0 and finite"));
        }
        Self::from_keys(&cells(places, side))
    }

    /// Spans of time, `days` long, counted from the first; rows without a time are a span of their own.
    ///
    /// # Errors
    /// A length that is not above 0, or fewer than 2 spans with rows.
    pub fn in_time(times: &[f64], days: f64) -> Result<Self> {
        if !(days > 0.0 && days.is_finite()) {
            return Err(Error::data("blocks of a bootstrap").got(format!("{days} days")).rule("the length is above 0 and finite"));
        }
        let first = times.iter().copied().filter(|t| t.is_finite()).fold(f64::INFINITY, f64::min);
        let span = |t: &f64| if t.is_finite() { ((t - first) / days).floor() as i64 } else { -1 };
        Self::from_keys(&times.iter().map(span).collect::<Vec<_>>())
    }

    /// Whole groups; rows without one are a group of their own.
    ///
    /// # Errors
    /// Fewer than 2 groups with rows.
    pub fn of_groups(groups: &Codes) -> Result<Self> {
        Self::from_keys(groups.codes())
    }

    /// Rows at one place together, all other rows alone.
    ///
    /// # Errors
    /// Fewer than 2 places.
    pub fn of_places(places: &Places) -> Result<Self> {
        // The bits of −0 and 0 differ; adding 0 makes them one.
        let key = |(x, y): (&f64, &f64)| ((x + 0.0).to_bits(), (y + 0.0).to_bits());
        Self::from_keys(&places.x().iter().zip(places.y()).map(key).collect::<Vec<_>>())
    }

    /// Every row by itself.
    ///
    /// # Errors
    /// Fewer than 2 rows.
    pub fn of_rows(rows: usize) -> Result<Self> {
        Self::from_keys(&(0..rows).collect::<Vec<_>>())
    }

    /// The blocks of the rows named, in that order.
    ///
    /// # Errors
    /// Fewer than 2 blocks with rows.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        Self::from_keys(&rows.iter().map(|&r| self.of[r]).collect::<Vec<_>>())
    }

    /// Number of blocks.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The block of each row.
    pub fn of(&self) -> &[u32] {
        &self.of
    }

    /// How often each row is drawn when as many blocks are drawn with replacement as there are.
    pub(super) fn draw(&self, rng: &mut Rng) -> Vec<f64> {
        let mut times = vec![0.0; self.count];
        (0..self.count).for_each(|_| times[rng.below(self.count)] += 1.0);
        self.of.iter().map(|&b| times[b as usize]).collect()
    }
}

/// Runs of consecutive rows of one series (Künsch 1989; circular: Politis and Romano 1992).
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    /// Rows in the order of time.
    order: Vec<usize>,
    length: usize,
    circular: bool,
}

impl Runs {
    /// Runs of `length` rows in the order of `times`. Circular ones go on at the beginning, so that every row is drawn as often as any other;
    /// moving ones do not.
    ///
    /// # Errors
    /// A missing time, a length of 0, or one that leaves fewer than 2 runs.
    pub fn new(times: &[f64], length: usize, circular: bool) -> Result<Self> {
        let thing = || Error::data("runs of a bootstrap");
        if let Some(i) = times.iter().position(|t| !t.is_finite()) {
            return Err(thing().got(format!("no time in row {}", i + 1)).rule("every row of a series has its time"));
        }
        if length == 0 || 2 * length > times.len() {
            return Err(thing().got(format!("runs of {length} rows of {}", times.len())).rule("at least 1 row, at most half of them"));
        }
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
        Ok(Self { order, length, circular })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// How often each row is drawn; as many rows are drawn as there are, the last run cut short.
    pub(super) fn draw(&self, rng: &mut Rng) -> Vec<f64> {
        let n = self.order.len();
        let starts = if self.circular { n } else { n - self.length + 1 };
        let mut times = vec![0.0; n];
        let mut left = n;
        while left > 0 {
            let start = rng.below(starts);
            for k in 0..self.length.min(left) {
                times[self.order[(start + k) % n]] += 1.0;
            }
            left = left.saturating_sub(self.length);
        }
        times
    }
}
