//! Bins: every feature as at most 255 small codes, so that a split is found by counting instead of sorting.
//!
//! Numbers are cut at quantiles of the training rows, halfway between neighbouring values; classes get a code a
//! level. The code after the last bin stands for a missing value. Features are sorted by name, so that the order
//! of columns in a table never changes a model.

use std::sync::Arc;

use esker_core::{Codes, Column, Error, MISSING, Parameter, Result, Samples, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::shap::Grid;

/// Most bins a feature has beside the one for missing values.
pub(super) const MOST_BINS: usize = 255;

/// Rows from which work on one table is shared among threads; below, parallelism comes from outside, over folds.
pub(super) const MANY_ROWS: usize = 20_000;

/// Rows whose numbers are sorted for their quantiles. Where there are more, the rows come in random order, and the first ones tell.
pub(super) const MOST_SORTED: usize = 1 << 18;

/// How one feature's values become codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Rule {
    /// Numbers: the code is the number of cuts below the value.
    Real { cuts: Vec<f64> },
    /// Classes: one code a level of `levels`. A level without training rows has the code of a missing value.
    Class { levels: Vec<String>, codes: Vec<u8>, bins: u8 },
}

/// One feature by name and the rule that codes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Feature {
    name: String,
    rule: Rule,
}

/// The bins of all features, sorted by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Bins {
    features: Vec<Feature>,
}

/// Rows that are worked on together: columns are filled up to a multiple of so many, so that places within a part need no check.
pub(super) const PART: usize = 1 << 14;

/// Training rows as codes, feature after feature.
#[derive(Debug)]
pub(super) struct Binned {
    codes: Vec<u8>,
    /// Number of rows.
    pub(super) rows: usize,
    /// Bins of each feature, which is also the code of its missing values.
    pub(super) bins: Vec<u8>,
    /// Whether each feature holds classes.
    pub(super) class: Vec<bool>,
}

impl Binned {
    /// The codes of one feature, one a row.
    pub(super) fn column(&self, feature: usize) -> &[u8] {
        let start = feature * self.rows.next_multiple_of(PART);
        &self.codes[start..start + self.rows]
    }

    /// Number of features.
    pub(super) fn features(&self) -> usize {
        self.bins.len()
    }

    /// The codes of all features, feature after feature, each filled up to whole parts.
    pub(super) fn into_codes(self) -> Vec<u8> {
        self.codes
    }
}

/// The parameter that says how finely numbers are binned.
pub(super) fn parameter() -> Parameter {
    let doc = "Most bins of a feature of numbers; fewer are faster and, on noisy data, seldom worse.";
    Parameter::integer("bins", MOST_BINS as i64, 2, MOST_BINS as i64, doc)
}

/// Bins of the rows named, and their codes as `lay` lays them out. Fits on the same samples share both, where samples are kept and nobody has
/// shuffled the rows.
///
/// # Errors
/// As [`Bins::fit`].
pub(super) fn shared<T: Send + Sync + 'static>(
    train: &Samples,
    target: &str,
    rows: &[usize],
    most: usize,
    lay: impl FnOnce(Binned) -> T,
) -> Result<Arc<(Bins, T)>> {
    let make = || {
        let bins = Bins::fit(train, target, rows, most)?;
        let laid = lay(bins.encode(train, rows)?);
        Ok((bins, laid))
    };
    if rows.is_sorted() { train.once(&format!("bins {most} {target}"), make) } else { make().map(Arc::new) }
}

impl Bins {
    /// Bins from the rows named of all columns but `target`, at most `most` a feature of numbers (2 to 255).
    ///
    /// # Errors
    /// More features than a node can name.
    pub(super) fn fit(train: &Samples, target: &str, rows: &[usize], most: usize) -> Result<Self> {
        let mut columns: Vec<&Column> = train.features(target).collect();
        if columns.len() >= usize::from(u16::MAX) {
            return Err(Error::data("features").got(columns.len().to_string()).rule(format!("trees take fewer than {}", u16::MAX)));
        }
        columns.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let fit = |column: &&Column| {
            let rule = match &column.values {
                Values::Real(v) => {
                    let mut seen: Vec<f64> = rows.iter().take(MOST_SORTED).map(|&r| v[r]).filter(|x| !x.is_nan()).collect();
                    seen.sort_unstable_by(f64::total_cmp);
                    Rule::Real { cuts: quantile_cuts(&seen, most) }
                }
                Values::Class(c) => class_rule(c, rows),
            };
            Feature { name: column.name.clone(), rule }
        };
        let features = if rows.len() >= MANY_ROWS { columns.par_iter().map(fit).collect() } else { columns.iter().map(fit).collect() };
        Ok(Self { features })
    }

    /// Number of features.
    pub(super) fn len(&self) -> usize {
        self.features.len()
    }

    /// The name of a feature.
    pub(super) fn name(&self, feature: usize) -> &str {
        &self.features[feature].name
    }

    /// Whether a feature holds classes.
    pub(super) fn is_class(&self, feature: usize) -> bool {
        matches!(self.features[feature].rule, Rule::Class { .. })
    }

    /// The cuts between the bins of a feature of numbers.
    pub(super) fn cuts(&self, feature: usize) -> &[f64] {
        match &self.features[feature].rule {
            Rule::Real { cuts } => cuts,
            Rule::Class { .. } => &[],
        }
    }

    /// The code of each level of a feature of classes, by its name.
    pub(super) fn level_codes(&self, feature: usize) -> impl Iterator<Item = (&str, u8)> {
        let (levels, codes) = match &self.features[feature].rule {
            Rule::Real { .. } => (&[][..], &[][..]),
            Rule::Class { levels, codes, .. } => (levels.as_slice(), codes.as_slice()),
        };
        levels.iter().map(String::as_str).zip(codes.iter().copied())
    }

    /// Bins of a feature, which is also the code of its missing values.
    pub(super) fn bins(&self, feature: usize) -> u8 {
        match &self.features[feature].rule {
            Rule::Real { cuts } => (cuts.len() + 1) as u8,
            Rule::Class { bins, .. } => *bins,
        }
    }

    /// The largest number that goes left where codes up to `code` do; `None` where all numbers do.
    pub(super) fn threshold(&self, feature: usize, code: u8) -> Option<f64> {
        match &self.features[feature].rule {
            Rule::Real { cuts } => cuts.get(usize::from(code)).copied(),
            Rule::Class { .. } => None,
        }
    }

    /// The levels of a feature of classes that had training rows, with their codes.
    pub(super) fn levels(&self, feature: usize) -> Vec<(&str, u8)> {
        match &self.features[feature].rule {
            Rule::Real { .. } => Vec::new(),
            Rule::Class { levels, codes, bins } => {
                levels.iter().zip(codes).filter(|(_, code)| *code < bins).map(|(level, &code)| (level.as_str(), code)).collect()
            }
        }
    }

    /// The rows named as codes, column-major.
    ///
    /// # Errors
    /// As [`Bins::bind`].
    pub(super) fn encode(&self, samples: &Samples, rows: &[usize]) -> Result<Binned> {
        let bound = self.bind(samples)?;
        let width = rows.len().next_multiple_of(PART);
        let mut codes = vec![0; width * self.len()];
        let all = rows.len() == samples.rows();
        let in_order = all && rows.iter().enumerate().all(|(i, &r)| i == r);
        let fill = |(feature, column): (usize, &mut [u8])| {
            let column = &mut column[..rows.len()];
            if in_order {
                bound[feature].codes(0, column);
                return;
            }
            // Coded in the order of the table first: reading bytes out of order is cheaper than reading numbers so.
            let mut coded = vec![0; samples.rows()];
            bound[feature].codes(0, &mut coded);
            for (code, &row) in column.iter_mut().zip(rows) {
                *code = coded[row];
            }
        };
        let width = width.max(1);
        if rows.len() >= MANY_ROWS {
            codes.par_chunks_mut(width).enumerate().for_each(fill);
        } else {
            codes.chunks_mut(width).enumerate().for_each(fill);
        }
        let each = 0..self.len();
        Ok(Binned {
            codes,
            rows: rows.len(),
            bins: each.clone().map(|f| self.bins(f)).collect(),
            class: each.map(|f| self.is_class(f)).collect(),
        })
    }

    /// The columns of `samples` that the bins were made for, found by name, ready to be coded.
    ///
    /// # Errors
    /// A column is missing or of another type, a class was never seen.
    pub(super) fn bind<'a>(&'a self, samples: &'a Samples) -> Result<Vec<Bound<'a>>> {
        self.features.iter().map(|f| f.bind(samples.column(&f.name)?)).collect()
    }

    /// The codes of the values of a column of a feature's name; features that the model does not know have none of its tests.
    ///
    /// # Errors
    /// A column of another type, a class was never seen.
    pub(super) fn grid(&self, values: &Column) -> Result<Grid> {
        let Some(feature) = self.features.iter().position(|f| f.name == values.name) else {
            return Ok(Grid { feature: usize::MAX, codes: vec![0; values.len()] });
        };
        let bound = self.features[feature].bind(values)?;
        Ok(Grid { feature, codes: (0..values.len()).map(|i| bound.code(i)).collect() })
    }

    /// Whether bins from a stranger's bytes can be used without harm.
    pub(super) fn sound(&self) -> bool {
        self.features.len() < usize::from(u16::MAX)
            && self.features.iter().all(|f| match &f.rule {
                Rule::Real { cuts } => cuts.len() < MOST_BINS && cuts.iter().all(|c| c.is_finite()) && cuts.windows(2).all(|w| w[0] < w[1]),
                Rule::Class { levels, codes, bins } => levels.len() == codes.len() && codes.iter().all(|c| c <= bins),
            })
    }
}

impl Feature {
    fn bind<'a>(&'a self, column: &'a Column) -> Result<Bound<'a>> {
        match &self.rule {
            Rule::Real { cuts } => Ok(Bound::Real { values: column.reals()?, cuts }),
            Rule::Class { levels, codes, bins } => {
                let classes = column.classes()?;
                let values = if classes.levels() == levels.as_slice() {
                    classes.codes().to_vec()
                } else {
                    let known = classes.recode(levels).map_err(|unseen| {
                        Error::data(format!("column '{}'", self.name))
                            .got(format!("class '{}'", unseen.join("', '")))
                            .rule(format!("the model knows only '{}'", levels.join("', '")))
                            .hint("a model cannot answer for a class it never saw: filter those rows")
                    })?;
                    known.codes().to_vec()
                };
                Ok(Bound::Class { values, codes, missing: *bins })
            }
        }
    }
}

/// Codes of numbers: how many cuts lie below each, by halving a list that is filled up to 255 with infinity, so that every number takes the
/// same eight steps.
struct Ladder([f64; 256]);

impl Ladder {
    fn new(cuts: &[f64]) -> Self {
        let mut all = [f64::INFINITY; 256];
        all[..cuts.len()].copy_from_slice(cuts);
        Self(all)
    }

    #[inline(always)]
    fn code(&self, x: f64, missing: u8) -> u8 {
        let mut at = 0_usize;
        for step in [128, 64, 32, 16, 8, 4, 2, 1] {
            at += if self.0[(at + step - 1) & 255] < x { step } else { 0 };
        }
        if x.is_nan() { missing } else { at as u8 }
    }
}

/// A column next to the rule that codes it.
pub(super) enum Bound<'a> {
    /// Numbers and the cuts between bins.
    Real { values: &'a [f64], cuts: &'a [f64] },
    /// Levels and the code of each.
    Class { values: Vec<u32>, codes: &'a [u8], missing: u8 },
}

impl Bound<'_> {
    /// The codes of consecutive rows from `first`.
    pub(super) fn codes(&self, first: usize, codes: &mut [u8]) {
        match self {
            Self::Real { values, cuts } if codes.len() >= 64 => {
                let (ladder, missing) = (Ladder::new(cuts), (cuts.len() + 1) as u8);
                for (code, &x) in codes.iter_mut().zip(&values[first..]) {
                    *code = ladder.code(x, missing);
                }
            }
            _ => codes.iter_mut().enumerate().for_each(|(i, code)| *code = self.code(first + i)),
        }
    }

    /// The code of a row.
    pub(super) fn code(&self, row: usize) -> u8 {
        match self {
            Self::Real { values, cuts } => {
                let x = values[row];
                if x.is_nan() { (cuts.len() + 1) as u8 } else { cuts.partition_point(|&c| c < x) as u8 }
            }
            Self::Class { values, codes, missing } => match values[row] {
                MISSING => *missing,
                level => codes[level as usize],
            },
        }
    }
}

/// Cuts between at most `most` bins of nearly equal row counts; every distinct value keeps a bin of its own
/// while there are bins enough. `sorted` has no NaN.
fn quantile_cuts(sorted: &[f64], most: usize) -> Vec<f64> {
    let mut distinct: Vec<(f64, usize)> = Vec::new();
    for &x in sorted {
        match distinct.last_mut() {
            Some((last, count)) if *last == x => *count += 1,
            _ => distinct.push((x, 1)),
        }
    }
    if distinct.len() <= most {
        return distinct.windows(2).map(|w| midpoint(w[0].0, w[1].0)).collect();
    }
    let mut cuts = Vec::with_capacity(most - 1);
    let (mut rows, mut bins, mut held) = (sorted.len(), most, 0);
    for pair in distinct.windows(2) {
        held += pair[0].1;
        let share = rows as f64 / bins as f64;
        // A value frequent enough to fill a bin gets one to itself, if what is held makes at least half a bin.
        let frequent = pair[1].1 as f64 >= share && held as f64 >= 0.5 * share;
        if held as f64 >= share || frequent {
            cuts.push(midpoint(pair[0].0, pair[1].0));
            rows -= held;
            bins -= 1;
            held = 0;
            if bins == 1 {
                break;
            }
        }
    }
    cuts
}

/// Halfway between `a < b`, but never `b` itself: `a <= midpoint < b`.
fn midpoint(a: f64, b: f64) -> f64 {
    let middle = 0.5 * a + 0.5 * b;
    if middle < b && middle >= a { middle } else { a }
}

/// A code for each level by frequency; beyond 254 levels the rarer ones share the last bin.
fn class_rule(classes: &Codes, rows: &[usize]) -> Rule {
    let levels = classes.levels();
    let mut counts = vec![0usize; levels.len()];
    for &row in rows {
        if let Some(n) = counts.get_mut(classes.codes()[row] as usize) {
            *n += 1;
        }
    }
    let mut seen: Vec<usize> = (0..levels.len()).filter(|&l| counts[l] > 0).collect();
    seen.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then(levels[a].cmp(&levels[b])));
    let bins = seen.len().min(MOST_BINS) as u8;
    let mut codes = vec![bins; levels.len()];
    for (rank, &level) in seen.iter().enumerate() {
        codes[level] = rank.min(MOST_BINS - 1) as u8;
    }
    Rule::Class { levels: levels.to_vec(), codes, bins }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Support;

    fn samples(columns: Vec<Column>) -> Samples {
        let rows = columns[0].len();
        Samples::new(columns, Support::bare(rows), None).unwrap()
    }

    #[test]
    fn few_values_keep_their_own_bins_and_cuts_lie_halfway() {
        assert_eq!(quantile_cuts(&[1.0, 1.0, 2.0, 4.0], MOST_BINS), [1.5, 3.0]);
        assert!(quantile_cuts(&[5.0, 5.0], MOST_BINS).is_empty());
        assert!(quantile_cuts(&[], MOST_BINS).is_empty());
        let next = 1.0f64.next_up();
        assert_eq!(quantile_cuts(&[1.0, next], MOST_BINS), [1.0]);
        assert_eq!(quantile_cuts(&[-f64::MAX, f64::MAX], MOST_BINS), [0.0]);
    }

    #[test]
    fn many_values_fill_bins_evenly_and_a_frequent_one_stands_alone() {
        let even: Vec<f64> = (0..51_000).map(f64::from).collect();
        let cuts = quantile_cuts(&even, MOST_BINS);
        assert_eq!(cuts.len(), 254);
        assert!(cuts.windows(2).all(|w| (w[1] - w[0] - 200.0).abs() <= 1.0));
        let mut lumped: Vec<f64> = (0..1000).map(f64::from).collect();
        lumped.extend(std::iter::repeat_n(500.0, 5000));
        lumped.sort_unstable_by(f64::total_cmp);
        let cuts = quantile_cuts(&lumped, MOST_BINS);
        let inside = cuts.iter().filter(|&&c| (499.0..=501.0).contains(&c)).count();
        assert!(quantile_cuts(&even, 16).len() <= 15);
        assert!(cuts.len() < MOST_BINS && inside == 2 && cuts.contains(&500.5), "{cuts:?}");
    }

    #[test]
    fn missing_values_and_rare_levels_have_codes_of_their_own() {
        let labels: Vec<Option<String>> =
            (0..600).map(|i| Some(format!("l{:03}", if i < 300 { i } else { i % 100 }))).chain([None]).collect();
        let rows = labels.len();
        let numbers = (0..rows).map(|i| if i == 3 { f64::NAN } else { i as f64 / 7.0 }).collect();
        let s = samples(vec![Column::real("x", "", numbers), Column::class("c", Codes::from_labels(&labels))]);
        let all: Vec<usize> = (0..rows).collect();
        let bins = Bins::fit(&s, "", &all, MOST_BINS).unwrap();
        let binned = bins.encode(&s, &all).unwrap();
        assert_eq!((bins.name(0), bins.name(1)), ("c", "x"));
        assert_eq!((binned.bins[0], binned.bins[1]), (255, 255));
        assert_eq!(binned.column(1)[3], 255);
        assert_eq!(binned.column(0)[600], 255);
        // Levels 254 to 299 are the rarest by count and name: they share the last bin.
        assert!((254..300).all(|i| binned.column(0)[i] == 254));
        assert_ne!(binned.column(0)[253], 254);
        assert!(bins.sound());
    }

    #[test]
    fn a_level_without_training_rows_counts_as_missing_and_an_unknown_one_is_refused() {
        let c = Codes::from_labels(&[Some("chalk"), Some("shale"), Some("tuff")]);
        let s = samples(vec![Column::class("rock", c)]);
        let bins = Bins::fit(&s, "", &[0, 1], MOST_BINS).unwrap();
        assert_eq!(bins.encode(&s, &[0, 1, 2]).unwrap().column(0)[2], 2);
        let other = samples(vec![Column::class("rock", Codes::from_labels(&[Some("coal"), Some("chalk")]))]);
        let error = bins.bind(&other).err().unwrap().to_string();
        insta::assert_snapshot!(error, @"
        column 'rock': got class 'coal'; the model knows only 'chalk', 'shale', 'tuff'
          hint: a model cannot answer for a class it never saw: filter those rows
        ");
    }
}
