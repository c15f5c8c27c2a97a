//! Leave location and time out: judged where and when nothing was learned.

use esker_core::{Error, Fold, Note, Parameter, Places, Result, Rng, Settings, Splitter, Support};
use esker_math::Ground;

use super::deal::{Deal, Units, uneven};
use super::{near, time};

/// The name in the recipe.
pub(super) const NAME: &str = "leave-location-and-time-out";

/// One sentence for the reference page.
pub(super) const DOC: &str = "Judges on held-out locations in a held-out stretch of time (Meyer et al. 2018); models learn from other locations at other \
                              times, and from earlier ones only unless future = true.";

/// Leave-location-and-time-out cross-validation (Meyer et al. 2018, doi 10.1016/j.envsoft.2017.12.001).
///
/// Locations are dealt to `folds` sets of about equal rows, and time is cut into blocks of about equal rows. Fold i is judged on the rows of
/// set i within its block. It learns from rows of other sets outside the block: with `future` false from earlier ones only, so that there is
/// one block more, the first of which is never judged on. Rows less than `gap` days from the block, and nearer than `buffer` to a row
/// judged on, are left out, as are all others: held-out locations at other times, other locations in the block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocationTime {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Whether a location is a place; else it is a group.
    pub places: bool,
    /// Whether rows later than those judged on are learned from too.
    pub future: bool,
    /// Days between what is learned from and the block.
    pub gap: f64,
    /// Metres round every row judged on that are left out; places are needed where it is above 0.
    pub buffer: f64,
}

/// The parameters in a recipe.
pub(super) fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("folds", 5, 2, 1000, "Number of folds: of sets of locations, each with a block of time."),
        Parameter::choice("by", &["group", "place"], "What a location is: a group of rows, or a place."),
        Parameter::flag("future", false, "Whether models also learn from rows later than those judged on."),
        time::days_parameter("gap", "Days between the rows learned from and the block of time judged on."),
        Parameter::real("buffer", 0.0, 0.0, near::FURTHEST, near::DOC_BUFFER),
    ]
}

/// The distinct places, in the order of their coordinates.
fn by_place(places: &Places) -> Units {
    // Numbers in the order of the floating-point values; 0 and −0, and 350 and −10 degrees east, are one.
    let ordered = |v: f64| {
        let bits = (v + 0.0).to_bits() as i64;
        if bits < 0 { i64::MIN - bits } else { bits }
    };
    let east = |x: f64, y: f64| match places.crs().is_degrees() {
        // A pole is one place, whatever longitude it is given.
        true if y.abs() == 90.0 => 0.0,
        true => x.rem_euclid(360.0),
        false => x,
    };
    let keys: Vec<(i64, i64)> = places.x().iter().zip(places.y()).map(|(&x, &y)| (ordered(east(x, y)), ordered(y))).collect();
    Units::of_keys(&keys, |_| "place".into())
}

impl LocationTime {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            folds: settings.integer("folds") as usize,
            places: settings.text("by") == "place",
            future: settings.flag("future"),
            gap: settings.real("gap"),
            buffer: 1000.0 * settings.real("buffer"),
        }
    }

    fn locations(&self, at: &Support) -> Result<(Units, &'static str)> {
        Ok(if self.places {
            (by_place(near::places_of(NAME, at)?), "place")
        } else {
            (Units::of_codes(super::groups_of(NAME, at.group.as_ref(), at.rows)?), "group")
        })
    }

    fn fold(&self, i: usize, set_of_row: &[usize], days: &[f64], (start, end): (f64, f64)) -> Result<Fold> {
        let mut fold = Fold { label: format!("fold {}", i + 1), ..Fold::default() };
        let (_, last) = time::span(&days.iter().copied().filter(|&t| t < end).collect::<Vec<_>>());
        let mut others = 0;
        for (row, &t) in days.iter().enumerate() {
            let elsewhere = set_of_row[row] != i;
            let before = t < start && start - t >= self.gap;
            let after = self.future && t >= end && t - last >= self.gap;
            others += usize::from(elsewhere && (t < start || (self.future && t >= end)));
            if !elsewhere && t >= start && t < end {
                fold.test.push(row);
            } else if elsewhere && (before || after) {
                fold.train.push(row);
            } else {
                fold.left_out.push(row);
            }
        }
        let error = Error::recipe(format!("design '{NAME}'"));
        let block = format!("{} to {}", time::date(start), time::date(last));
        if fold.test.is_empty() {
            let held = set_of_row.iter().filter(|&&s| s == i).count();
            return Err(error
                .got(format!("no row from {block} among the {held} rows of the locations of {}", fold.label))
                .rule("every fold judges on its locations in its block of time")
                .hint("set fewer folds, or design = \"group-forward\", which deals the groups that each block of time has"));
        }
        if fold.train.is_empty() {
            return Err(error
                .got(format!("nothing for {} to learn from ({others} such rows, {} days of gap)", fold.label, self.gap))
                .rule(format!("models learn from other locations at other times than {block}"))
                .hint("set fewer folds, or a shorter gap"));
        }
        Ok(fold)
    }
}

impl Splitter for LocationTime {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let days = time::days_of(NAME, at)?;
        let (units, thing) = self.locations(at)?;
        let set_of = units.deal((NAME, thing), self.folds, Deal::Balanced, None, rng)?;
        let set_of_row: Vec<usize> = units.of_row.iter().map(|&u| set_of[u]).collect();
        let more = usize::from(!self.future);
        let starts = time::starts(days, self.folds + more).map_err(|times| time::too_few_times(NAME, self.folds, more, times))?;
        let block = |i: usize| (starts[i + more], starts.get(i + more + 1).copied().unwrap_or(f64::INFINITY));
        let mut folds = (0..self.folds).map(|i| self.fold(i, &set_of_row, days, block(i))).collect::<Result<Vec<Fold>>>()?;
        if self.buffer > 0.0 {
            near::keep_away(NAME, &Ground::new(near::places_of(NAME, at)?), self.buffer, &mut folds)?;
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        let thing = if self.places { "places" } else { "groups" };
        let times = if self.future { "at other times" } else { "at earlier times only" };
        let gap = if self.gap > 0.0 { format!(", at least {} days away", self.gap) } else { String::new() };
        format!(
            "Locations ({thing}) and time were left out together: {} sets of locations were each predicted in a stretch of time of their own, \
             by models that had learned from other locations {times}{gap}{}.",
            self.folds,
            super::buffered(self.buffer)
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let tested: usize = folds.iter().map(|f| f.test.len()).sum();
        let never = Note::info(
            "never-tested",
            format!("{tested} of {} rows are judged on: each set of locations in one stretch of time only.", at.rows),
        );
        // Most rows are left out by what the design is; a warning is for what gap and buffer take.
        let taken = near::taken(folds).map(|note| Note::info("left-out", note.text));
        [Some(never), uneven(folds, "locations and times are kept whole"), taken].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Crs;

    #[test]
    fn a_pole_is_one_place_and_so_is_a_longitude_written_twice() {
        let places = Places::new(vec![0.0, 130.0, -110.0, 350.0, -10.0], vec![90.0, 90.0, 90.0, 10.0, 10.0], Crs::Geographic).unwrap();
        assert_eq!(by_place(&places).names.len(), 2);
    }
}
