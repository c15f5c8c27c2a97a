//! Whole years, of the calendar or of the hydrologist, left out together.

use esker_core::{Calendar, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};

use super::deal::{Deal, Units, uneven};
use super::{near, time};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Leaves out whole years, of the calendar or hydrological ones, so that no year is on both sides.";

/// Cross-validation over whole years (Roberts et al. 2017, doi 10.1111/ecog.02881, on blocks in time).
///
/// Each row is tested once. A year begins on the first day of the month `starts`; years that begin later than January have the name of the
/// calendar year in which they end. Rows less than `gap` days from a row judged on are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Year {
    /// Number of folds, at least 2 and at most the number of years.
    pub folds: usize,
    /// The month in which a year begins, 1 to 12.
    pub starts: u8,
    /// How years are dealt to folds.
    pub assign: Deal,
    /// Days on both sides of the rows judged on that are left out.
    pub gap: f64,
}

/// The parameters in a recipe.
pub(super) fn parameters(folds: Parameter) -> Vec<Parameter> {
    vec![
        folds,
        Parameter::integer("starts", 1, 1, 12, "The month in which a year begins: 10 for hydrological years from October."),
        Parameter::choice(
            "assign",
            Deal::WORDS,
            "How years become folds: the longest first to the fold with the fewest rows, shuffled, or in turn.",
        ),
        time::days_parameter("gap", "Days on both sides of the rows judged on that are kept out of both."),
    ]
}

impl Year {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            folds: settings.integer("folds") as usize,
            starts: settings.integer("starts") as u8,
            assign: Deal::parse(settings.text("assign")),
            gap: settings.real("gap"),
        }
    }

    fn year(&self, days: f64) -> i64 {
        let date = Calendar::Proleptic.date(days);
        date.year + i64::from(self.starts > 1 && date.month >= self.starts)
    }
}

impl Splitter for Year {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let days = time::days_of("year", at)?;
        let years: Vec<i64> = days.iter().map(|&t| self.year(t)).collect();
        let units = Units::of_keys(&years, |year| year.to_string());
        let fold_of = units.deal(("year", "year"), self.folds, self.assign, None, rng)?;
        let mut folds = units.folds(&fold_of, self.folds);
        time::keep_apart("year", days, (self.gap, self.gap), &mut folds)?;
        Ok(folds)
    }

    fn describe(&self) -> String {
        let begin = if self.starts > 1 { format!(" (each beginning with month {})", self.starts) } else { String::new() };
        format!(
            "Whole years{begin} were {}; each fold was predicted by models that had learned from the other years{}.",
            self.assign.words(self.folds),
            time::apart(self.gap)
        )
    }

    fn notes(&self, _at: &Support, folds: &[Fold]) -> Vec<Note> {
        [uneven(folds, "years are kept whole"), near::taken(folds)].into_iter().flatten().collect()
    }
}
