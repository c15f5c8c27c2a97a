//! Seasons or months left out, of all years together or one by one.

use esker_core::{Calendar, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};

use super::deal::{Deal, Units, uneven};
use super::{near, time};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Leaves out whole seasons (December to February, and so on) or months, either of all years together, which asks for a season \
                              never seen, or each of its own year.";

const SEASONS: [&str; 4] = ["DJF", "MAM", "JJA", "SON"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Cross-validation over blocks of the year (Roberts et al. 2017, doi 10.1111/ecog.02881, on blocks in time).
///
/// Each row is tested once. Winter belongs to the year of its January. Rows less than `gap` days from a row judged on are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Season {
    /// Number of folds, at least 2 and at most the number of seasons or months.
    pub folds: usize,
    /// Months in place of seasons.
    pub months: bool,
    /// Whether the same season of each year is a block of its own; else it is left out of all years together.
    pub apart: bool,
    /// Days on both sides of the rows judged on that are left out.
    pub gap: f64,
}

/// The parameters in a recipe.
pub(super) fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("folds", 4, 2, 1000, "Number of folds."),
        Parameter::choice("by", &["season", "month"], "What is kept whole."),
        Parameter::choice("years", &["together", "apart"], "Whether a season is left out of all years together, or of one year at a time."),
        time::days_parameter("gap", "Days on both sides of the rows judged on that are kept out of both."),
    ]
}

impl Season {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            folds: settings.integer("folds") as usize,
            months: settings.text("by") == "month",
            apart: settings.text("years") == "apart",
            gap: settings.real("gap"),
        }
    }

    /// Year and season of a time; the year is 0 where years count together.
    fn key(&self, days: f64) -> (i64, usize) {
        let date = Calendar::Proleptic.date(days);
        let month = usize::from(date.month);
        let (year, part) = if self.months { (date.year, month - 1) } else { (date.year + i64::from(month == 12), month % 12 / 3) };
        (if self.apart { year } else { 0 }, part)
    }

    fn thing(&self) -> &'static str {
        if self.months { "month" } else { "season" }
    }
}

impl Splitter for Season {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let days = time::days_of("season", at)?;
        let keys: Vec<(i64, usize)> = days.iter().map(|&t| self.key(t)).collect();
        let units = Units::of_keys(&keys, |(year, part)| {
            let name = if self.months { MONTHS[part] } else { SEASONS[part] };
            if self.apart { format!("{name} {year}") } else { name.to_owned() }
        });
        let fold_of = units.deal(("season", self.thing()), self.folds, Deal::Balanced, None, rng)?;
        let mut folds = units.folds(&fold_of, self.folds);
        time::keep_apart("season", days, (self.gap, self.gap), &mut folds)?;
        Ok(folds)
    }

    fn describe(&self) -> String {
        let years = if self.apart { "each of its own year" } else { "of all years together" };
        format!(
            "Whole {}s, {years}, were {}; each fold was predicted by models that had learned from the others{}.",
            self.thing(),
            Deal::Balanced.words(self.folds),
            time::apart(self.gap)
        )
    }

    fn notes(&self, _at: &Support, folds: &[Fold]) -> Vec<Note> {
        [uneven(folds, &format!("{}s are kept whole", self.thing())), near::taken(folds)].into_iter().flatten().collect()
    }
}
