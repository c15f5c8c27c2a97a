//! Rolling folds: a window of time moves on, and each model is judged on what comes next.

use esker_core::{Error, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};

use super::{deal, time};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Learns from a window of time and predicts the days that follow it, then moves on by these days (Tashman 2000); windows are \
                              counted back from the last row.";

/// Rolling-origin validation with windows in days (Tashman 2000, doi 10.1016/S0169-2070(00)00065-0; `TimeSeriesSplit` of scikit-learn on
/// rows of equal distance).
///
/// The last fold is judged on the `horizon` days up to the last row, the fold before on the `horizon` days before those, and so on: fold i
/// of k is judged on rows later than its origin, `last − (k − i + 1) · horizon`, and not later than the next one. It learns from rows at
/// least `gap` days earlier than the origin, and of those from the last `window` days if a window is set. Rows within the gap are left out;
/// rows later than those judged on, and older than the window, are in no list of the fold. Nothing later than the rows judged on is learned
/// from, so nothing after them needs an embargo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rolling {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Days learned from; 0 for all earlier ones.
    pub window: f64,
    /// Days judged on; 0 for equal parts of the whole span, one more than folds.
    pub horizon: f64,
    /// Days between what is learned from and the origin.
    pub gap: f64,
}

/// The parameters in a recipe.
pub(super) fn parameters(folds: Parameter) -> Vec<Parameter> {
    vec![
        folds,
        time::days_parameter("window", "Days learned from in each fold; 0 learns from all earlier rows, an expanding window."),
        time::days_parameter("horizon", "Days judged on in each fold; 0 cuts the whole span into one part more than folds."),
        time::days_parameter("gap", "Days before the rows judged on that are kept out of both."),
    ]
}

impl Rolling {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            folds: settings.integer("folds") as usize,
            window: settings.real("window"),
            horizon: settings.real("horizon"),
            gap: settings.real("gap"),
        }
    }

    fn fold(&self, days: &[f64], i: usize, (origin, end): (f64, f64)) -> Result<Fold> {
        let mut fold = Fold { label: format!("fold {}", i + 1), ..Fold::default() };
        let oldest = if self.window > 0.0 { origin - self.gap - self.window } else { f64::NEG_INFINITY };
        for (row, &t) in days.iter().enumerate() {
            if t > origin && t <= end {
                fold.test.push(row);
            } else if t <= origin - self.gap && t > oldest {
                fold.train.push(row);
            } else if t <= origin && t > origin - self.gap {
                fold.left_out.push(row);
            }
        }
        let error = Error::recipe("design 'rolling'");
        if fold.test.is_empty() {
            return Err(error
                .got(format!("no row after {} and up to {}", time::date(origin), time::date(end)))
                .rule(format!("{} needs rows to judge on in its {} days", fold.label, end - origin))
                .hint("set a longer horizon, or fewer folds"));
        }
        if fold.train.is_empty() {
            let (first, _) = time::span(days);
            let window = if self.window > 0.0 { format!(" within {} days", self.window) } else { String::new() };
            return Err(error
                .got(format!("no row{window} before {}, {} days before the rows judged on", time::date(origin - self.gap), self.gap))
                .rule(format!("{} has nothing to learn from; the first row is of {}", fold.label, time::date(first)))
                .hint("set fewer folds, or a shorter horizon or gap"));
        }
        Ok(fold)
    }
}

impl Splitter for Rolling {
    fn folds(&self, at: &Support, _rng: &mut Rng) -> Result<Vec<Fold>> {
        let days = time::days_of("rolling", at)?;
        if days.is_empty() {
            return Err(super::too_many_folds("rolling", self.folds, 0, "row"));
        }
        let (first, last) = time::span(days);
        let horizon = if self.horizon > 0.0 { self.horizon } else { (last - first) / (self.folds + 1) as f64 };
        if horizon <= 0.0 {
            return Err(time::too_few_times("rolling", self.folds, 1, 1));
        }
        let origin = |i: usize| if i == self.folds { last } else { last - (self.folds - i) as f64 * horizon };
        (0..self.folds).map(|i| self.fold(days, i, (origin(i), origin(i + 1)))).collect()
    }

    fn describe(&self) -> String {
        let part = if self.horizon > 0.0 {
            format!("the last {} times {} days", self.folds, self.horizon)
        } else {
            format!("the last {} of {} equal parts of the span", self.folds, self.folds + 1)
        };
        let window = if self.window > 0.0 { format!("the {} days", self.window) } else { "all rows".into() };
        let gap = if self.gap > 0.0 { format!(", leaving a gap of {} days", self.gap) } else { String::new() };
        format!("In time, {part} were predicted one after the other, each by models that had learned from {window} before it{gap}.")
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let tested: usize = folds.iter().map(|f| f.test.len()).sum();
        let never = format!("{} of {} rows lie before the first window judged on.", at.rows.saturating_sub(tested), at.rows);
        let mut notes = vec![Note::info("never-tested", never)];
        notes.extend(deal::uneven(folds, "windows have equal days, not equal rows"));
        notes
    }
}
