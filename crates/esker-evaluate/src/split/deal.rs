//! Deals whole units (blocks, clusters, regions, years, groups) to folds.

use esker_core::{Codes, Error, Fold, Note, Result, Rng};

/// How units are dealt to folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deal {
    /// The largest unit first, each to the fold with the fewest rows so far.
    Balanced,
    /// Shuffled, as many units to each fold.
    Random,
    /// In turn, by where the unit lies among the others: with two folds of squares, a checkerboard.
    Systematic,
}

impl Deal {
    /// Its names in a recipe; the first is the default.
    pub(super) const WORDS: &'static [&'static str] = &["balanced", "random", "systematic"];

    /// The way of that name.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "random" => Self::Random,
            "systematic" => Self::Systematic,
            _ => Self::Balanced,
        }
    }

    /// How units became folds, in words.
    pub(super) fn words(self, folds: usize) -> String {
        match self {
            Self::Balanced => format!("spread over {folds} folds of about equal rows"),
            Self::Random => format!("shuffled into {folds} folds"),
            Self::Systematic => format!("dealt in turn to {folds} folds"),
        }
    }
}

/// Units that stay whole. Their order must not depend on that of the rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Units {
    /// The unit of each row.
    pub of_row: Vec<usize>,
    /// What a unit is called, for labels and messages.
    pub names: Vec<String>,
    /// Column and row of each unit, where they lie in a pattern; else empty, and the order of the units counts.
    pub pattern: Vec<(i64, i64)>,
}

impl Units {
    /// The units in use among some codes, in the order of the levels, and the unit of each row.
    pub fn of_codes(codes: &Codes) -> Self {
        let counts = codes.counts();
        let mut unit = vec![0; counts.len()];
        let mut names = Vec::new();
        for (level, _) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            unit[level] = names.len();
            names.push(codes.levels()[level].clone());
        }
        Self { of_row: codes.codes().iter().map(|&c| unit[c as usize]).collect(), names, pattern: Vec::new() }
    }

    /// Rows that share a key share a unit; units are in the order of the keys.
    pub fn of_keys<K: Ord + Copy>(keys: &[K], name: impl Fn(K) -> String) -> Self {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let of_row = keys.iter().map(|k| sorted.binary_search(k).unwrap_or_default()).collect();
        Self { of_row, names: sorted.into_iter().map(name).collect(), pattern: Vec::new() }
    }

    /// Rows of each unit.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.names.len()];
        self.of_row.iter().for_each(|&u| sizes[u] += 1);
        sizes
    }

    /// The fold of each unit.
    ///
    /// # Errors
    /// A fold without a unit.
    pub fn deal(
        &self,
        (design, thing): (&str, &str),
        folds: usize,
        how: Deal,
        strata: Option<&Codes>,
        rng: &mut Rng,
    ) -> Result<Vec<usize>> {
        let n = self.names.len();
        if folds > n {
            return Err(super::too_many_folds(design, folds, n, thing));
        }
        let mut order: Vec<usize> = (0..n).collect();
        rng.shuffle(&mut order);
        let fold_of = match (how, strata) {
            (Deal::Balanced, Some(strata)) => self.like_the_whole(folds, strata, &order),
            (Deal::Balanced, None) => self.lightest(folds, &order),
            (Deal::Random, _) => {
                let mut fold_of = vec![0; n];
                order.iter().enumerate().for_each(|(i, &u)| fold_of[u] = i % folds);
                fold_of
            }
            (Deal::Systematic, _) => self.in_turn(folds),
        };
        let empty = (0..folds).find(|f| !fold_of.contains(f));
        match empty {
            Some(fold) => Err(Error::recipe(format!("design '{design}'"))
                .got(format!("fold {} of {folds} without a {thing}, of {n}", fold + 1))
                .rule(format!("every fold needs at least one {thing} to judge on"))
                .hint(if how == Deal::Balanced { "set folds to fewer" } else { "set folds to fewer, or assign = \"balanced\"" })),
            None => Ok(fold_of),
        }
    }

    /// The largest unit first, each to the fold with the fewest rows so far; units of equal size in the order given.
    fn lightest(&self, folds: usize, order: &[usize]) -> Vec<usize> {
        let sizes = self.sizes();
        let mut order = order.to_vec();
        // A stable sort: units of equal size stay in their random order.
        order.sort_by_key(|&u| std::cmp::Reverse(sizes[u]));
        let mut rows_in = vec![0usize; folds];
        let mut fold_of = vec![0; sizes.len()];
        for unit in order {
            let least = (1..folds).fold(0, |best, f| if rows_in[f] < rows_in[best] { f } else { best });
            fold_of[unit] = least;
            rows_in[least] += sizes[unit];
        }
        fold_of
    }

    /// The most uneven unit first, each to the fold where the shares of all strata then differ least between folds, of equals to that with
    /// the fewest rows: the rule of scikit-learn's `StratifiedGroupKFold`.
    fn like_the_whole(&self, folds: usize, strata: &Codes, order: &[usize]) -> Vec<usize> {
        let levels = strata.levels().len();
        let mut held = vec![vec![0.0; levels]; self.names.len()];
        for (&unit, &code) in self.of_row.iter().zip(strata.codes()) {
            held[unit][code as usize] += 1.0;
        }
        // Levels that no row has say nothing.
        let whole: Vec<(usize, f64)> =
            strata.counts().into_iter().enumerate().filter(|(_, n)| *n > 0).map(|(level, n)| (level, n as f64)).collect();
        let unevenness: Vec<f64> = held.iter().map(|of| deviation(whole.iter().map(|(level, _)| of[*level]))).collect();
        let mut order = order.to_vec();
        order.sort_by(|&a, &b| unevenness[b].total_cmp(&unevenness[a]));
        let mut in_fold = vec![vec![0.0; levels]; folds];
        let mut fold_of = vec![0; self.names.len()];
        for unit in order {
            let (mut best, mut least, mut fewest) = (0, f64::INFINITY, f64::INFINITY);
            for fold in 0..folds {
                let share = |f: usize, level: usize, n: f64| (in_fold[f][level] + if f == fold { held[unit][level] } else { 0.0 }) / n;
                let apart =
                    whole.iter().map(|&(level, n)| deviation((0..folds).map(|f| share(f, level, n)))).sum::<f64>() / whole.len() as f64;
                let rows: f64 = in_fold[fold].iter().sum();
                let equal = (apart - least).abs() <= 1e-8 + 1e-5 * least.abs();
                // Rounding does not decide between folds that are alike: an empty one comes first.
                if (!equal && apart < least) || (equal && rows < fewest) {
                    (best, least, fewest) = (fold, apart, rows);
                }
            }
            fold_of[unit] = best;
            in_fold[best].iter_mut().zip(&held[unit]).for_each(|(a, b)| *a += b);
        }
        fold_of
    }

    /// In turn: along each row of the pattern, the next row shifted so that folds do not line up.
    fn in_turn(&self, folds: usize) -> Vec<usize> {
        let shift = ((folds as f64 * 0.382).round() as i64).max(1);
        let pattern = |u: usize| self.pattern.get(u).copied().unwrap_or((u as i64, 0));
        (0..self.names.len()).map(|u| (pattern(u).0 + shift * pattern(u).1).rem_euclid(folds as i64) as usize).collect()
    }

    /// The folds, from the fold of each unit; a fold of one unit has its name.
    pub fn folds(&self, fold_of: &[usize], folds: usize) -> Vec<Fold> {
        let of_row: Vec<usize> = self.of_row.iter().map(|&u| fold_of[u]).collect();
        let labels = if folds == self.names.len() {
            (0..folds).map(|f| fold_of.iter().position(|&g| g == f).map_or_else(String::new, |u| self.names[u].clone())).collect()
        } else {
            super::numbered(folds)
        };
        super::folds_of(&of_row, labels)
    }
}

/// Standard deviation, divided by n.
fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let (n, sum) = values.clone().fold((0.0, 0.0), |(n, sum), v| (n + 1.0, sum + v));
    let mean = sum / n;
    (values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
}

/// Folds of very unequal size are told, with what is kept whole.
pub(super) fn uneven(folds: &[Fold], why: &str) -> Option<Note> {
    let sizes = folds.iter().map(|f| f.test.len());
    let (least, most) = (sizes.clone().min()?, sizes.max()?);
    (most >= 2 * least).then(|| {
        Note::warning(
            "uneven-folds",
            format!("The {} folds test from {least} to {most} rows, because {why}; scores of single folds weigh unequally.", folds.len()),
        )
    })
}

/// Strata that a fold is judged on but cannot have learned.
pub(super) fn never_learned(strata: Option<&Codes>, folds: &[Fold]) -> Option<Note> {
    let strata = strata?;
    let mut told = Vec::new();
    for fold in folds {
        let (learned, judged) = (strata.select(&fold.train).counts(), strata.select(&fold.test).counts());
        for (level, name) in strata.levels().iter().enumerate() {
            if judged[level] > 0 && learned[level] == 0 {
                told.push(format!("'{name}' in {} ({})", fold.label, super::count(judged[level], "row")));
            }
        }
    }
    let more = if told.len() > 10 { format!(" and {} more", told.len() - 10) } else { String::new() };
    let shown = told.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    (!told.is_empty()).then(|| Note::warning("stratum-never-learned", format!("Judged on without having been learned: {shown}{more}.")))
}
