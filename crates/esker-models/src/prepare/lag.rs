//! Lags and rolling windows along the time of each group. They look back alone: what comes after a row is never seen, nor is another group.
//!
//! A training row's are made of training rows; a new row's of training rows and of the new rows before it. Those of the target are made of the
//! targets of training rows, for whichever row. Several rows of one group at one time count once, by their mean; where training rows are at a
//! time, they count alone.

use esker_core::{Column, Error, FittedTransform, Note, Parameter, Prepared, Result, Samples, Setting, Settings, Transform, Unit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::impute::clash;
use super::series::{Runs, Series};
use super::wanted::{Wanted, days, grouped, groups, list};
use super::window::{Look, Reach, Statistic, look};
use crate::store;

/// What lags do.
pub const DOC_LAG: &str = "Further columns hold the value of an earlier time of the same group: so many times before (`by = \"rows\"`), or the newest one at least so many days \
     old (`by = \"days\"`). Rows without such a time have none. `columns` may name the target: its lags come from training rows alone.";
/// What windows do.
pub const DOC_ROLLING: &str = "Further columns hold statistics of a window over the times of the same group before a row: so many times, or so many days before it. \
     The row itself is not among them unless `now` says so. Days without a value never count as zero: a window with fewer values than `least` is missing. `columns` may name \
     the target: its windows hold training rows alone, and never the row itself, whatever `now` says.";

/// The longest lag or window, in times or days.
const LONGEST: f64 = 1e7;
/// What the name of a column ends with where the row itself is in its window.
const WITH_NOW: &str = " with now";

fn by() -> Parameter {
    Parameter::choice("by", &["rows", "days"], "Whether lags and windows are counted in times that the group has rows at, or in days.")
}

fn text(name: &'static str, default: &str, doc: &'static str) -> Parameter {
    Parameter { default: Setting::Text(default.to_owned()), ..Parameter::text(name, doc) }
}

/// The parameters of lags.
pub fn parameters_lag() -> Vec<Parameter> {
    vec![text("lags", "1", "The lags, `[1, 2, 12]`."), by()]
}

/// The parameters of windows.
pub fn parameters_rolling() -> Vec<Parameter> {
    vec![
        text("windows", "3", "The lengths of the windows, `[3, 12]`."),
        by(),
        text("statistics", "mean", "What is said of a window: mean, sum, min, max, sd (n − 1), count."),
        Parameter::flag("now", false, "Whether the row itself, and rows at its time, are in the window."),
        Parameter::integer(
            "least",
            0,
            0,
            10_000_000,
            "Values that a window needs, else it is missing; 0 takes all of a window in rows, and of one in days as many for a sum as the usual step of the \
             training rows puts there, and half as many for the others (2 for sd at least).",
        ),
    ]
}

/// Looks back along series.
pub struct Back {
    name: &'static str,
    columns: Wanted,
    settings: Settings,
}

impl Back {
    /// Lags.
    pub fn lags(columns: Wanted, settings: &Settings) -> Self {
        Self { name: "lag", columns, settings: settings.clone() }
    }

    /// Windows.
    pub fn windows(columns: Wanted, settings: &Settings) -> Self {
        Self { name: "rolling", columns, settings: settings.clone() }
    }

    /// Every look back along `series`, with what it adds to the name of the column.
    fn looks(&self, series: &Series) -> Result<Vec<(String, Look)>> {
        let in_days = self.settings.text("by") == "days";
        let reach = |key: &str, text: &str| {
            let found = text.parse::<f64>().ok().filter(|v| *v > 0.0 && *v <= LONGEST && (in_days || v.fract() == 0.0));
            let rule = if in_days { "days above 0 are wanted" } else { "whole numbers from 1 on are wanted" };
            found.map(|v| if in_days { Reach::Days(v) } else { Reach::Points(v as u32) }).ok_or_else(|| {
                Error::recipe(format!("'{key}' of step '{}'", self.name)).got(text.to_owned()).rule(format!("{rule}, at most {LONGEST}"))
            })
        };
        let unit = if in_days { " d" } else { "" };
        let mut looks = Vec::new();
        if self.name == "lag" {
            for text in list(self.settings.text("lags")) {
                looks.push((format!("lag {text}{unit}"), Look::Lag(reach("lags", text)?)));
            }
            return Ok(looks);
        }
        let now = self.settings.flag("now");
        let step = if in_days { series.step() } else { None };
        for word in list(self.settings.text("statistics")) {
            let known = Statistic::ALL.into_iter().find(|s| s.name() == word);
            let statistic = known.ok_or_else(|| {
                let names = Statistic::ALL.map(Statistic::name).join(", ");
                Error::recipe("'statistics' of step 'rolling'").got(word.to_owned()).rule(format!("known are {names}"))
            })?;
            for text in list(self.settings.text("windows")) {
                let reach = reach("windows", text)?;
                let whole = reach.whole(step);
                let least = match self.settings.integer("least") {
                    0 if in_days && statistic != Statistic::Sum => whole.div_ceil(2),
                    0 => whole,
                    n => n as u32,
                };
                let least = least.max(if statistic == Statistic::Sd { 2 } else { 1 });
                let name = format!("{} {text}{unit}{}", statistic.name(), if now { WITH_NOW } else { "" });
                looks.push((name, Look::Window { reach, statistic, now, least }));
            }
        }
        Ok(looks)
    }

    /// The columns looked back along, the target among them where it is named.
    fn fields(&self, train: &Samples, target: &str) -> Result<Vec<Field>> {
        let mut fields: Vec<Field> = self
            .columns
            .numbers(train, target)?
            .iter()
            .map(|c| Field { name: c.name.clone(), unit: c.unit.clone(), target: false })
            .collect();
        if self.columns.0.iter().any(|c| c == target) {
            let column = train.column(target)?;
            column.reals()?;
            fields.push(Field { name: target.to_owned(), unit: column.unit.clone(), target: true });
        }
        Ok(fields)
    }
}

impl Transform for Back {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        Ok(self.fit_apply(train.clone(), target)?.0)
    }

    fn fit_apply(&self, train: Samples, target: &str) -> Result<Prepared> {
        let keys = days(&train, self.name)?;
        let (codes, labels) = groups(&train, &[]);
        let runs = Runs::new(&codes, labels.len(), keys);
        let mut notes = Vec::new();
        match (runs.together(), train.support().group.is_some()) {
            (0, _) => {}
            (together, false) => {
                return Err(Error::data(format!("step '{}'", self.name))
                    .got(format!("{together} rows that share their time with another"))
                    .rule("rows without a group are one series, which has one row at a time")
                    .hint("name the column that tells series apart: [roles] group = \"…\""));
            }
            (together, true) => notes.push(Note::info(
                "series-together",
                format!("step '{}': {together} training rows share group and time with another; their mean counts", self.name),
            )),
        }
        let fields = self.fields(&train, target)?;
        let values = fields.iter().map(|f| Ok(runs.collapse(train.column(&f.name)?.reals()?))).collect::<Result<Vec<_>>>()?;
        let series = Series { labels, groups: runs.groups().to_vec(), keys: runs.keys(keys), values };
        let looks = self.looks(&series)?;
        let mut fitted = Looking { step: self.name.to_owned(), fields, looks, series, learned: Vec::new(), notes };
        let all: Vec<&Series> = fitted.fields.iter().map(|_| &fitted.series).collect();
        let made = fitted.made(&all, &fitted.series.keys, &runs, train.rows());
        let of =
            |(i, c): (usize, &Column)| (c.name.clone(), format!("{}{}", needs(&fitted.looks[i % fitted.looks.len()].1), rows_without(c)));
        fitted.learned = made.par_iter().enumerate().map(of).collect();
        let made = beside(train, made)?;
        Ok((Box::new(fitted), made))
    }
}

/// What a window needs.
fn needs(how: &Look) -> String {
    match how {
        Look::Window { statistic, least, .. } if *statistic != Statistic::Count && *least > 1 => format!("of {least} values or more; "),
        _ => String::new(),
    }
}

fn rows_without(column: &Column) -> String {
    match column.values.missing() {
        0 => "every row has it".to_owned(),
        n => format!("{n} of {} rows have none, and stay missing until a model needs them filled", column.len()),
    }
}

/// Samples with further columns.
pub(super) fn beside(samples: Samples, made: Vec<Column>) -> Result<Samples> {
    let mut columns = samples.columns().to_vec();
    for column in made {
        if columns.iter().any(|c| c.name == column.name) {
            return Err(clash(&column.name, &column.name, "what rows before it were"));
        }
        columns.push(column);
    }
    samples.with_columns(columns)
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    unit: Unit,
    target: bool,
}

#[derive(Serialize, Deserialize)]
struct Looking {
    step: String,
    fields: Vec<Field>,
    looks: Vec<(String, Look)>,
    series: Series,
    learned: Vec<(String, String)>,
    notes: Vec<Note>,
}

impl Looking {
    /// The columns made for rows in `runs`, whose keys are `asked`; each field looks into its own series.
    fn made(&self, series: &[&Series], asked: &[f64], runs: &Runs, rows: usize) -> Vec<Column> {
        let tasks: Vec<(usize, &(String, Look))> = (0..self.fields.len()).flat_map(|f| self.looks.iter().map(move |l| (f, l))).collect();
        let one = |(f, (suffix, how)): (usize, &(String, Look))| {
            let field = &self.fields[f];
            let how = match *how {
                // The target of a row is what is to be said of it.
                Look::Window { reach, statistic, least, .. } if field.target => Look::Window { reach, statistic, now: false, least },
                how => how,
            };
            let of_run = series[f].each(f, (asked, runs.groups()), |keys, values, asked, out| look(how, keys, values, asked, out));
            let count = matches!(how, Look::Window { statistic: Statistic::Count, .. });
            let unit = if count { Unit::new("1") } else { field.unit.clone() };
            let suffix = if field.target { suffix.strip_suffix(WITH_NOW).unwrap_or(suffix) } else { suffix };
            Column { unit, ..Column::real(format!("{} {suffix}", field.name), "", runs.spread(of_run, rows)) }
        };
        tasks.into_par_iter().map(one).collect()
    }
}

impl FittedTransform for Looking {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        let keys = days(&samples, &self.step)?;
        grouped(&samples, &self.series.labels, &self.step)?;
        let (codes, labels) = groups(&samples, &self.series.labels);
        let runs = Runs::new(&codes, labels.len(), keys);
        let asked = runs.keys(keys);
        let new = |f: &Field| (!f.target).then(|| samples.column(&f.name)?.reals().map(|v| runs.collapse(v))).transpose();
        let new = self.fields.iter().map(new).collect::<Result<Vec<_>>>()?;
        let merged = self.series.with(&runs, &asked, &new, &labels);
        let of = |f: &Field| if f.target { &self.series } else { &merged };
        let made = self.made(&self.fields.iter().map(of).collect::<Vec<_>>(), &asked, &runs, samples.rows());
        beside(samples, made)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn learned(&self) -> Vec<(String, String)> {
        self.learned.clone()
    }

    fn wants_time(&self) -> bool {
        true
    }

    fn looks_around(&self) -> bool {
        true
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A fitted step from the bytes it saved.
///
/// # Errors
/// Bytes that are no such step.
pub fn load(bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
    let fitted: Looking = store::load("lag step", bytes)?;
    let reach = |r: &Reach| match r {
        Reach::Points(n) => *n > 0,
        Reach::Days(d) => d.is_finite() && *d > 0.0,
    };
    let sound = fitted.series.sound(fitted.fields.len())
        && fitted.looks.iter().all(|(_, l)| match l {
            Look::Lag(r) | Look::Window { reach: r, .. } => reach(r),
        });
    if sound { Ok(Box::new(fitted)) } else { Err(store::damaged("lag step")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Codes, Support, Times};

    fn samples(group: &[&str], days: &[f64], x: &[f64], y: &[f64]) -> Samples {
        let labels: Vec<Option<&str>> = group.iter().map(|g| Some(*g)).collect();
        let support =
            Support { time: Some(Times { days: days.to_vec() }), group: Some(Codes::from_labels(&labels)), ..Support::bare(days.len()) };
        Samples::new(vec![Column::real("x", "mm", x.to_vec()), Column::real("y", "m", y.to_vec())], support, None).unwrap()
    }

    fn lag(columns: &[&str], lags: &str, by: &str) -> Back {
        let p = parameters_lag();
        let s =
            Settings::defaults(&p).set(&p, "lags", Setting::Text(lags.into())).unwrap().set(&p, "by", Setting::Text(by.into())).unwrap();
        Back::lags(Wanted(columns.iter().map(|c| (*c).to_owned()).collect()), &s)
    }

    fn values(s: &Samples, name: &str) -> Vec<f64> {
        s.column(name).unwrap().reals().unwrap().iter().map(|v| if v.is_nan() { -99.0 } else { *v }).collect()
    }

    #[test]
    fn a_new_row_looks_back_on_training_rows_and_on_new_ones_before_it() {
        let train = samples(&["a", "a", "b", "a"], &[0.0, 2.0, 0.0, 4.0], &[1.0, 2.0, 50.0, 4.0], &[10.0, 20.0, 500.0, 40.0]);
        let (fitted, made) = lag(&["x", "y"], "1", "rows").fit_apply(train, "y").unwrap();
        assert_eq!(values(&made, "x lag 1"), [-99.0, 1.0, -99.0, 2.0]);
        assert_eq!(values(&made, "y lag 1"), [-99.0, 10.0, -99.0, 20.0]);
        let new = samples(&["a", "a", "c", "a"], &[3.0, 1.0, 9.0, 9.0], &[3.0, 1.5, 7.0, 9.0], &[-1.0; 4]);
        let seen = fitted.apply(new).unwrap();
        assert_eq!(values(&seen, "x lag 1"), [2.0, 1.0, -99.0, 4.0], "rows of the future and of other groups are not seen");
        assert_eq!(values(&seen, "y lag 1"), [20.0, 10.0, -99.0, 40.0], "targets come from training rows alone");
    }

    #[test]
    fn days_reach_back_to_the_newest_value_old_enough() {
        let train = samples(&["a"; 4], &[0.0, 30.0, 61.0, 91.0], &[1.0, 2.0, 3.0, 4.0], &[0.0; 4]);
        let (fitted, made) = lag(&["x"], "30.5", "days").fit_apply(train, "y").unwrap();
        assert_eq!(values(&made, "x lag 30.5 d"), [-99.0, -99.0, 2.0, 2.0]);
        assert_eq!(fitted.learned()[0].1, "2 of 4 rows have none, and stay missing until a model needs them filled");
    }

    #[test]
    fn rows_at_one_time_need_a_group() {
        let mut support = samples(&["a", "a"], &[1.0, 1.0], &[1.0, 3.0], &[0.0; 2]).support().clone();
        support.group = None;
        let train = Samples::new(vec![Column::real("x", "", vec![1.0, 3.0])], support, None).unwrap();
        insta::assert_snapshot!(lag(&[], "1", "rows").fit(&train, "y").err().unwrap(), @r#"
        step 'lag': got 2 rows that share their time with another; rows without a group are one series, which has one row at a time
          hint: name the column that tells series apart: [roles] group = "…"
        "#);
    }

    fn windows(columns: &[&str], with: &[(&str, Setting)]) -> Back {
        let p = parameters_rolling();
        let s = with.iter().fold(Settings::defaults(&p), |s, (name, v)| s.set(&p, name, v.clone()).unwrap());
        Back::windows(Wanted(columns.iter().map(|c| (*c).to_owned()).collect()), &s)
    }

    fn word(text: &str) -> Setting {
        Setting::Text(text.into())
    }

    /// Twelve days with a millimetre each; two have no row, one has a row without a value.
    #[test]
    fn days_that_are_missing_are_not_summed_as_zero() {
        let day: Vec<f64> = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13].map(f64::from).to_vec();
        let mut x = vec![1.0; 12];
        x[2] = f64::NAN;
        let train = samples(&["a"; 12], &day, &x, &[0.0; 12]);
        let asked = [("windows", word("4")), ("by", word("days")), ("statistics", word("sum, mean, count"))];
        let (fitted, made) = windows(&["x"], &asked).fit_apply(train.clone(), "y").unwrap();
        let none = -99.0;
        assert_eq!(values(&made, "x sum 4 d"), [none, none, none, none, none, none, none, 4.0, none, none, none, none]);
        assert_eq!(values(&made, "x mean 4 d"), [none, none, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(values(&made, "x count 4 d"), [0.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 2.0, 2.0, 2.0, 3.0]);
        let told: Vec<String> = fitted.learned().into_iter().map(|(name, says)| format!("{name}: {says}")).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        x sum 4 d: of 4 values or more; 11 of 12 rows have none, and stay missing until a model needs them filled
        x mean 4 d: of 2 values or more; 2 of 12 rows have none, and stay missing until a model needs them filled
        x count 4 d: every row has it
        ");
        // New rows are asked for as many.
        let new = fitted.apply(samples(&["a", "b"], &[15.0, 15.0], &[1.0, 1.0], &[0.0; 2])).unwrap();
        assert_eq!(values(&new, "x sum 4 d"), [none, none]);
        let one = [&asked[..], &[("least", Setting::Integer(1))]].concat();
        let (_, made) = windows(&["x"], &one).fit_apply(train, "y").unwrap();
        assert_eq!(values(&made, "x sum 4 d"), [none, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 2.0, 2.0, 2.0, 3.0]);
    }

    /// Times with fractions, and the row itself: a window of a day holds 24 hours.
    #[test]
    fn a_day_of_hours_needs_all_of_them() {
        let n = 60;
        let hour: Vec<f64> = (0..n).map(|k| 11_000.0 + f64::from(k) / 24.0).collect();
        let labels = vec!["a"; n as usize];
        let train = samples(&labels, &hour, &vec![1.0; n as usize], &vec![0.0; n as usize]);
        for (now, name, first) in [(false, "x sum 1 d", 24), (true, "x sum 1 d with now", 23)] {
            let asked = [("windows", word("1")), ("by", word("days")), ("statistics", word("sum")), ("now", Setting::Flag(now))];
            let (_, made) = windows(&["x"], &asked).fit_apply(train.clone(), "y").unwrap();
            let expected: Vec<f64> = (0..60).map(|k| if k < first { -99.0 } else { 24.0 }).collect();
            assert_eq!(values(&made, name), expected);
        }
    }

    #[test]
    fn the_name_of_a_window_over_the_target_says_that_the_row_is_not_in_it() {
        let train = samples(&["a"; 4], &[0.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 30.0, 40.0]);
        let asked = [("windows", word("2")), ("statistics", word("mean")), ("now", Setting::Flag(true))];
        let (_, made) = windows(&["x", "y"], &asked).fit_apply(train, "y").unwrap();
        let names: Vec<&str> = made.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["x", "y", "x mean 2 with now", "y mean 2"]);
        assert_eq!(values(&made, "y mean 2"), [-99.0, -99.0, 15.0, 25.0]);
    }
}
