//! Texture of grey levels: how often which two levels lie a distance apart in a window (Haralick, Shanmugam and Dinstein 1973, doi
//! 10.1109/TSMC.1973.4309314).
//!
//! Pairs count both ways round, so that matrices are symmetric. Every sum is one of whole numbers, in which those that are not whole have 36 or 40
//! binary digits behind the point: what a window says does not depend on where the sums began, so tiles leave no trace.

use std::ops::RangeInclusive;

use esker_core::{Error, Note, Result};

/// What is said of the pairs of a window, the mean over four directions. `p` is the share of pairs with levels i and j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texture {
    /// Σ p (i − j)².
    Contrast,
    /// Σ p |i − j|.
    Dissimilarity,
    /// Σ p / (1 + (i − j)²), 1 where all pairs are alike.
    Homogeneity,
    /// Angular second moment, Σ p².
    SecondMoment,
    /// Root of the angular second moment.
    Energy,
    /// Correlation of the levels of pairs; missing where a direction has one level alone.
    Correlation,
    /// −Σ p log₂ p, bits.
    Entropy,
}

/// Which pairs of which levels are counted.
#[derive(Debug, Clone, PartialEq)]
pub struct GreyLevels {
    /// Grey levels.
    pub levels: usize,
    /// The values where the lowest level begins and the highest ends; the smallest and the largest value of the raster if not given.
    pub ends: Option<(f64, f64)>,
    /// So many cells apart along rows, along columns, or along both for diagonals; a variable each.
    pub distances: Vec<usize>,
    /// The share of the pairs of a direction that must be known.
    pub share: f64,
}

/// Grey levels that are taken.
const LEVELS: RangeInclusive<usize> = 2..=256;
/// The widest window: sums of its pairs stay whole numbers of 64 bits.
const WIDEST: usize = 1001;
/// The level of a cell that is missing.
const NONE: u16 = u16::MAX;
/// The four directions, with their steps down and to the side. Those that a turn by 90° exchanges follow each other.
const DIRECTIONS: [(usize, isize); 4] = [(0, 1), (1, 0), (1, 1), (1, -1)];
/// Binary digits behind the point of homogeneities and of entropies.
const DIGITS: (u32, u32) = (40, 36);

impl Default for GreyLevels {
    fn default() -> Self {
        Self { levels: 32, ends: None, distances: vec![1], share: 0.5 }
    }
}

impl GreyLevels {
    /// Refuses what cannot be counted in a window of so many cells along a side.
    pub(super) fn check(&self, window: usize) -> Result<()> {
        if !LEVELS.contains(&self.levels) {
            return Err(Error::usage("grey levels").got(self.levels.to_string()).rule("texture takes 2 to 256 of them"));
        }
        if window > WIDEST {
            return Err(Error::usage("window")
                .got(format!("{window} cells"))
                .rule(format!("texture takes windows of up to {WIDEST} cells")));
        }
        if let Some((low, high)) = self.ends.filter(|(low, high)| !(low.is_finite() && high.is_finite() && low < high)) {
            return Err(Error::usage("grey range")
                .got(format!("{low} to {high}"))
                .rule("grey levels lie between a lower and a higher number"));
        }
        let far = |(i, d): (usize, &usize)| *d == 0 || *d >= window || self.distances[..i].contains(d);
        if self.distances.is_empty() || self.distances.iter().enumerate().any(far) {
            let got = self.distances.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            return Err(Error::usage("distances")
                .got(if got.is_empty() { "none".to_owned() } else { format!("{got} cells") })
                .rule(format!("each is given once and lies from 1 to {} cells, within the window of {window}", window - 1))
                .hint("choose a wider window: --window"));
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(Error::usage("pairs")
                .got(self.share.to_string())
                .rule("the share of pairs that must be known is above 0, and at most 1"));
        }
        Ok(())
    }

    /// What is said of levels and missing cells.
    pub(super) fn notes(&self, (low, high): (f64, f64), name: &str, unit: &str) -> [Note; 2] {
        let levels = self.levels;
        let text = match self.ends {
            Some(_) => {
                format!("{levels} grey levels of '{name}' from {low} to {high}{unit}, as stated; values beyond have the nearest level")
            }
            None if low < high => {
                format!("{levels} grey levels of '{name}' from its smallest value {low} to its largest {high}{unit}, as measured")
            }
            None if low == high => format!("'{name}' is {low}{unit} everywhere and has one grey level"),
            None => format!("'{name}' has no values, and so no grey levels"),
        };
        let share = 100.0 * self.share;
        let pairs = format!(
            "textures are missing where the cell is, and where less than {share} % of the pairs of a window are known in one of four directions; \
             pairs with a missing cell, or one beyond the raster, do not count"
        );
        [Note::info("grey-levels", text), Note::info("texture-pairs", pairs)]
    }

    /// The level of each value.
    fn levels(&self, values: &[f64], (low, high): (f64, f64)) -> Vec<u16> {
        let most = (self.levels - 1) as f64;
        let level = |v: &f64| match () {
            () if !v.is_finite() => NONE,
            () if low < high => ((v - low) / (high - low) * self.levels as f64).floor().clamp(0.0, most) as u16,
            () => 0,
        };
        values.iter().map(level).collect()
    }

    /// A texture of the window of `window` cells along a side around each cell of a plane, which is `wide` cells wide, margins and all.
    pub(super) fn of(&self, what: Texture, values: &[f64], wide: usize, (window, distance): (usize, usize), ends: (f64, f64)) -> Vec<f64> {
        let levels = self.levels(values, ends);
        let [across, down, falling, rising] = DIRECTIONS.map(|(rows, cols)| {
            let step = (rows * distance, cols * distance as isize);
            self.along(what, &Along::new(&levels, wide, step, window))
        });
        let (out, margin) = (wide - window + 1, window / 2);
        let one = |i: usize| {
            let middle = levels[(i / out + margin) * wide + i % out + margin];
            if middle == NONE { f64::NAN } else { ((across[i] + down[i]) + (falling[i] + rising[i])) / 4.0 }
        };
        (0..across.len()).map(one).collect()
    }

    /// A texture in one direction; missing where too few pairs are known.
    fn along(&self, what: Texture, pairs: &Along) -> Vec<f64> {
        let counts = pairs.sums(|_, _| 1);
        let need = (self.share * (pairs.tall * pairs.broad) as f64).ceil().max(1.0) as i64;
        let say = |i: usize, of: &dyn Fn(f64) -> f64| if counts[i] < need { f64::NAN } else { of(counts[i] as f64) };
        let mean = |sums: Vec<i64>, one: f64| (0..sums.len()).map(|i| say(i, &|n| sums[i] as f64 / (one * n))).collect();
        match what {
            Texture::Contrast => mean(pairs.sums(|a, b| (a - b) * (a - b)), 1.0),
            Texture::Dissimilarity => mean(pairs.sums(|a, b| (a - b).abs()), 1.0),
            Texture::Homogeneity => {
                let one = 2f64.powi(DIGITS.0 as i32);
                let weight: Vec<i64> = (0..self.levels).map(|k| (one / (1 + k * k) as f64).round() as i64).collect();
                mean(pairs.sums(|a, b| weight[(a - b).unsigned_abs() as usize]), one)
            }
            Texture::Correlation => {
                let (sum, squares, products) = (pairs.sums(|a, b| a + b), pairs.sums(|a, b| a * a + b * b), pairs.sums(|a, b| a * b));
                let one = |i: usize| {
                    let (n, sum2) = (counts[i], sum[i] * sum[i]);
                    let (with, own) = (4 * n * products[i] - sum2, 2 * n * squares[i] - sum2);
                    say(i, &|_| if own > 0 { with as f64 / own as f64 } else { f64::NAN })
                };
                (0..counts.len()).map(one).collect()
            }
            Texture::SecondMoment | Texture::Energy => {
                // A pair of one level stands once in the matrix and counts twice, one of two levels stands twice.
                let square = |c: usize| 2 * (c * c) as i64;
                let sums = pairs.matrices(self.levels, (square, |c| 2 * square(c)));
                let moment = |i: usize| say(i, &|n| sums[i] as f64 / (4.0 * n * n));
                (0..sums.len()).map(|i| if what == Texture::Energy { moment(i).sqrt() } else { moment(i) }).collect()
            }
            Texture::Entropy => {
                let one = 2f64.powi(DIGITS.1 as i32);
                let table: Vec<i64> =
                    (0..=pairs.tall * pairs.broad).map(|c| (one * c as f64 * (c.max(1) as f64).log2()).round() as i64).collect();
                let (sums, unlike) = (pairs.matrices(self.levels, (|c| table[c], |c| table[c])), pairs.sums(|a, b| i64::from(a != b)));
                let bits = |i: usize| (table[counts[i] as usize] - sums[i] + (unlike[i] << DIGITS.1)) as f64 / one;
                (0..sums.len()).map(|i| say(i, &|n| bits(i) / n)).collect()
            }
        }
    }
}

/// The pairs of a plane in one direction, as windows see them.
struct Along {
    /// Both levels of the pair whose rectangle has its corner in the north-west at a cell, row by row.
    pairs: Vec<(u16, u16)>,
    wide: usize,
    /// Rows and columns of such corners in a window.
    tall: usize,
    broad: usize,
}

impl Along {
    fn new(levels: &[u16], wide: usize, (down, right): (usize, isize), window: usize) -> Self {
        let (side, rows) = (right.unsigned_abs(), levels.len() / wide - down);
        let (first, second) = if right < 0 { (side, 0) } else { (0, side) };
        let pair = |r: usize, c: usize| {
            let (a, b) = (levels[r * wide + c + first], levels[(r + down) * wide + c + second]);
            if a == NONE || b == NONE { (NONE, NONE) } else { (a.min(b), a.max(b)) }
        };
        let pairs = (0..rows).flat_map(|r| (0..wide - side).map(move |c| (r, c))).map(|(r, c)| pair(r, c)).collect();
        Self { pairs, wide: wide - side, tall: window - down, broad: window - side }
    }

    /// The sum of what known pairs of a window weigh.
    fn sums(&self, weight: impl Fn(i64, i64) -> i64) -> Vec<i64> {
        let weights: Vec<i64> = self.pairs.iter().map(|&(a, b)| if a == NONE { 0 } else { weight(i64::from(a), i64::from(b)) }).collect();
        let mut columns = vec![0; self.wide];
        let mut out = Vec::new();
        for (r, line) in weights.chunks_exact(self.wide).enumerate() {
            columns.iter_mut().zip(line).for_each(|(sum, v)| *sum += v);
            if r >= self.tall {
                let gone = &weights[(r - self.tall) * self.wide..];
                columns.iter_mut().zip(gone).for_each(|(sum, v)| *sum -= v);
            }
            if r + 1 >= self.tall {
                let mut sum: i64 = columns[..self.broad].iter().sum();
                out.push(sum);
                out.extend(columns.windows(self.broad + 1).map(|w| {
                    sum += w[self.broad] - w[0];
                    sum
                }));
            }
        }
        out
    }

    /// The sum over the matrix of a window of what counts weigh: those of pairs of two levels, and of one.
    fn matrices(&self, levels: usize, (two, one): (impl Fn(usize) -> i64, impl Fn(usize) -> i64)) -> Vec<i64> {
        let most = self.tall * self.broad;
        // What one pair more changes.
        let more = |f: &dyn Fn(usize) -> i64| (0..most).map(|c| f(c + 1) - f(c)).collect::<Vec<i64>>();
        let more = [more(&two), more(&one)];
        let place = |&(a, b): &(u16, u16)| if a == NONE { usize::MAX } else { usize::from(a) * levels + usize::from(b) };
        let places: Vec<usize> = self.pairs.iter().map(place).collect();
        let alike: Vec<bool> = self.pairs.iter().map(|(a, b)| a == b).collect();
        let mut matrix = vec![0u32; levels * levels];
        let mut out = Vec::new();
        for top in 0..(self.pairs.len() / self.wide + 1).saturating_sub(self.tall) {
            matrix.fill(0);
            let mut sum = 0;
            for c in 0..self.wide {
                for at in (top..top + self.tall).map(|r| r * self.wide + c).filter(|&at| places[at] != usize::MAX) {
                    let count = &mut matrix[places[at]];
                    sum += more[usize::from(alike[at])][*count as usize];
                    *count += 1;
                }
                let Some(first) = (c + 1).checked_sub(self.broad) else { continue };
                out.push(sum);
                for at in (top..top + self.tall).map(|r| r * self.wide + first).filter(|&at| places[at] != usize::MAX) {
                    let count = &mut matrix[places[at]];
                    *count -= 1;
                    sum -= more[usize::from(alike[at])][*count as usize];
                }
            }
        }
        out
    }
}
