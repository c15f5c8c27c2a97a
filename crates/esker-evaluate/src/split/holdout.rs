//! Hold-out: one part of the samples is judged on, once.

use esker_core::{Error, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};
use esker_math::Ground;

use super::deal::{Deal, Units, never_learned};
use super::{Block, near, time};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Holds out one part of the samples: rows at random, whole groups, whole blocks of ground, or the last times; cheap, and as uncertain \
                              as one fold is.";

/// What the part held out consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Rows at random.
    Random,
    /// Whole groups.
    Group,
    /// Whole blocks of ground.
    Block,
    /// The last times.
    Time,
}

/// One split into what is learned from and what is judged on (the hold-out method; Stone 1974, doi
/// 10.1111/j.2517-6161.1974.tb00994.x).
///
/// As near to `share` of the rows as whole groups, blocks or times allow are judged on. With the last times, rows less than `gap` days before
/// the first row judged on are left out; rows nearer than `buffer` to a row judged on are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holdout {
    /// Share of the rows that is judged on, above 0 and below 1.
    pub share: f64,
    /// What that part consists of.
    pub by: Held,
    /// Metres across a block, where blocks are held out.
    pub size: f64,
    /// Days left out before the first row judged on, where the last times are held out.
    pub gap: f64,
    /// Metres round every row judged on that are left out; places are needed where it is above 0.
    pub buffer: f64,
    /// Whether each stratum has about its share among rows drawn at random.
    pub stratified: bool,
}

/// The parameters in a recipe.
pub(super) fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::real("share", 0.2, 0.01, 0.9, "Share of the rows that is judged on."),
        Parameter::choice(
            "by",
            &["random", "group", "block", "time"],
            "What is held out: rows at random, whole groups, whole blocks, the last times.",
        ),
        Parameter::real("size", 0.0, 0.0, near::FURTHEST, "Kilometres across a block, with by = \"block\"."),
        time::days_parameter("gap", "Days before the first row judged on that are kept out of both, with by = \"time\"."),
        Parameter::real("buffer", 0.0, 0.0, near::FURTHEST, near::DOC_BUFFER),
        Parameter::flag("stratified", false, "Whether each class, or each fifth of the target, has its share, with by = \"random\"."),
    ]
}

impl Holdout {
    /// The design of settings that follow the parameters of [`super::Design::Holdout`].
    pub fn of(settings: &Settings) -> Self {
        Self {
            share: settings.real("share"),
            by: match settings.text("by") {
                "group" => Held::Group,
                "block" => Held::Block,
                "time" => Held::Time,
                _ => Held::Random,
            },
            size: 1000.0 * settings.real("size"),
            gap: settings.real("gap"),
            buffer: 1000.0 * settings.real("buffer"),
            stratified: settings.flag("stratified"),
        }
    }

    /// What is held out, in words.
    pub fn what(&self) -> String {
        match self.by {
            Held::Random => "rows drawn at random".to_owned(),
            Held::Group => "whole groups".to_owned(),
            Held::Block => format!("whole blocks of {}", near::km(self.size)),
            Held::Time if self.gap > 0.0 => format!("the last times, after a gap of {} days", self.gap),
            Held::Time => "the last times".to_owned(),
        }
    }

    /// Rows judged on, so many that both sides have some.
    fn wanted(&self, rows: usize) -> usize {
        ((self.share * rows as f64).round() as usize).clamp(1, rows.saturating_sub(1).max(1))
    }

    fn at_random(&self, at: &Support, rng: &mut Rng) -> Result<Vec<bool>> {
        let mut rows = super::in_order(at);
        rng.shuffle(&mut rows);
        if self.stratified {
            // Stratum after stratum: every step of 1/share rows holds one that is judged on.
            let strata = super::strata_of("holdout", at)?;
            rows.sort_by_key(|&r| strata.codes()[r]);
        }
        let (n, wanted) = (at.rows, self.wanted(at.rows));
        let mut held = vec![false; n];
        for (i, &row) in rows.iter().enumerate() {
            held[row] = if self.stratified { (i + 1) * wanted / n > i * wanted / n } else { i < wanted };
        }
        Ok(held)
    }

    /// Whole units in random order, as long as each brings the rows nearer to what is wanted.
    fn whole(&self, units: &Units, thing: &str, rng: &mut Rng) -> Result<Vec<bool>> {
        let sizes = units.sizes();
        if sizes.len() < 2 {
            return Err(too_few(&super::count(sizes.len(), thing)));
        }
        let wanted = self.wanted(units.of_row.len());
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        rng.shuffle(&mut order);
        let mut held = vec![false; sizes.len()];
        let mut rows = 0;
        for &unit in &order {
            let with = rows + sizes[unit];
            if with < units.of_row.len() && with.abs_diff(wanted) < wanted.abs_diff(rows) {
                held[unit] = true;
                rows = with;
            }
        }
        if rows == 0 {
            // All are larger than twice what is wanted: the smallest is nearest to it.
            let smallest = order.iter().copied().min_by_key(|&u| sizes[u]).unwrap_or_default();
            held[smallest] = true;
        }
        Ok(units.of_row.iter().map(|&u| held[u]).collect())
    }

    fn last(&self, at: &Support) -> Result<Fold> {
        let days = time::days_of("holdout", at)?;
        let mut sorted = days.to_vec();
        sorted.sort_by(f64::total_cmp);
        let wanted = at.rows - self.wanted(at.rows);
        // Of the times after the first, the one whose earlier rows are nearest in number to those to learn from.
        let begin = (1..sorted.len()).filter(|&i| sorted[i] > sorted[i - 1]).min_by_key(|i| i.abs_diff(wanted));
        let start = begin.map(|i| sorted[i]).ok_or_else(|| too_few("1 distinct time"))?;
        let fold = time::past_and_block(days, (start, f64::INFINITY), self.gap);
        if fold.train.is_empty() {
            return Err(Error::recipe("gap of design 'holdout'")
                .got(format!("{} days", self.gap))
                .rule(format!("nothing is left to learn from: the test begins {} days after the first row", start - sorted[0]))
                .hint("shorten the gap"));
        }
        Ok(fold)
    }
}

/// Too little to be on both sides.
fn too_few(got: &str) -> Error {
    Error::recipe("design 'holdout'").got(got).rule("at least 2 are needed, one to judge on and one to learn from")
}

impl Splitter for Holdout {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        if at.rows < 2 {
            return Err(too_few(&super::count(at.rows, "row")));
        }
        let held = match self.by {
            Held::Random => self.at_random(at, rng)?,
            Held::Group => self.whole(&Units::of_codes(super::groups_of("holdout", at.group.as_ref(), at.rows)?), "group", rng)?,
            Held::Block => {
                let places = near::places_of("holdout", at)?;
                // Hints name sizes that make blocks enough for a share of the rows.
                let folds = ((1.0 / self.share).ceil() as usize).max(2);
                let cut = Block { folds, size: self.size, hexagons: false, assign: Deal::Random, buffer: 0.0, stratified: false };
                cut.check("holdout", places)?;
                self.whole(&cut.blocks(places), "block", rng).map_err(|error| cut.hinted(error, places))?
            }
            Held::Time => Vec::new(),
        };
        let mut fold = if self.by == Held::Time {
            self.last(at)?
        } else {
            let (test, train) = (0..at.rows).partition(|&r| held[r]);
            Fold { test, train, ..Fold::default() }
        };
        fold.label = "hold-out".into();
        let mut folds = vec![fold];
        if self.buffer > 0.0 {
            near::keep_away("holdout", &Ground::new(near::places_of("holdout", at)?), self.buffer, &mut folds)?;
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        format!(
            "About {:.0} % of the rows, {}, were held out and predicted once by models that had learned from the others{}.",
            100.0 * self.share,
            self.what(),
            super::buffered(self.buffer)
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let tested: usize = folds.iter().map(|f| f.test.len()).sum();
        let share = tested as f64 / at.rows.max(1) as f64;
        let once = format!("One part of {tested} of {} rows ({:.1} %) is judged on; the others are never tested.", at.rows, 100.0 * share);
        let off = ((share - self.share).abs() > 0.25 * self.share).then(|| {
            Note::warning(
                "holdout-share",
                format!(
                    "{:.1} % of the rows are held out where {:.1} % were asked for, because units are kept whole.",
                    100.0 * share,
                    100.0 * self.share
                ),
            )
        });
        let strata = if self.stratified { at.strata.as_ref() } else { None };
        [Some(Note::info("never-tested", once)), off, near::taken(folds), never_learned(strata, folds)].into_iter().flatten().collect()
    }
}
