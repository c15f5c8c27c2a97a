//! The suites of transforms, splitters, metrics and formats on small examples: honest ones pass, broken laws are found.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use esker_contract::{Claims, Keeps, data, format, metric, refuses, splitter, transform};
use esker_core::{
    Better, Codes, Column, Error, FittedTransform, Fold, Metric, Prediction, Result, Rng, Samples, Splitter, Support, Table, Transform,
    Unit, Values,
};

fn found(law: &str, run: impl FnOnce()) {
    let caught = catch_unwind(AssertUnwindSafe(run)).expect_err("the suite lets a flaw pass");
    let message = caught.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.contains(law), "found as: {message}");
}

/// Takes each feature's mean away.
#[derive(Clone, Copy, PartialEq)]
enum Centre {
    Honest,
    TouchesTheTarget,
    LooksAtTestRows,
    DropsGaps,
}

struct FittedCentre(Centre, Vec<(String, f64)>, AtomicUsize);

impl Transform for Centre {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut means = Vec::new();
        for column in train.columns().iter().filter(|c| c.name != target || *self == Self::TouchesTheTarget) {
            if let Values::Real(v) = &column.values {
                let there: Vec<f64> = v.iter().copied().filter(|x| !x.is_nan()).collect();
                means.push((column.name.clone(), there.iter().sum::<f64>() / there.len().max(1) as f64));
            }
        }
        means.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Box::new(FittedCentre(*self, means, AtomicUsize::new(0))))
    }
}

impl FittedTransform for FittedCentre {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        let seen = self.2.fetch_add(samples.rows(), Ordering::Relaxed);
        let mut out = samples.clone();
        for (name, mean) in &self.1 {
            let column = samples.column(name)?;
            let shift = if self.0 == Centre::LooksAtTestRows && seen > 0 { 1e-9 } else { 0.0 };
            let fill = |x: &f64| if x.is_nan() && self.0 == Centre::DropsGaps { 0.0 } else { x - mean - shift };
            let mut values: Vec<f64> = column.reals()?.iter().map(fill).collect();
            if self.0 == Centre::DropsGaps {
                values[0] = f64::NAN;
            }
            out.put(Column::real(name, column.unit.as_str(), values))?;
        }
        Ok(out)
    }

    fn save(&self) -> Vec<u8> {
        self.1.iter().map(|(n, m)| format!("{n}={m}")).collect::<Vec<_>>().join("\n").into_bytes()
    }
}

fn load_centre(kind: Centre, bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
    let bad = || Error::model("centre");
    let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
    let line = |l: &str| l.split_once('=').and_then(|(n, m)| Some((n.to_owned(), m.parse::<f64>().ok().filter(|v| v.is_finite())?)));
    let means = text.lines().map(|l| line(l).ok_or_else(bad)).collect::<Result<_>>()?;
    Ok(Box::new(FittedCentre(kind, means, AtomicUsize::new(0))))
}

#[test]
fn transforms_honest_and_broken() {
    let run = |kind: Centre| transform("centre", &|| Box::new(kind), &|b| load_centre(kind, b));
    run(Centre::Honest);
    found("the target is never touched", || run(Centre::TouchesTheTarget));
    found("what it makes of some rows", || run(Centre::LooksAtTestRows));
    found("what it makes of", || run(Centre::DropsGaps));
}

/// Every fifth row, or every fifth group, in turn.
#[derive(Clone, Copy, PartialEq)]
enum Fifth {
    Rows,
    Groups,
    Overlapping,
    Unsorted,
    ForgetsTheLastRow,
}

impl Splitter for Fifth {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let key = |r: usize| match (self, &at.group) {
            (Self::Groups, Some(g)) => g.codes()[r] as usize,
            _ => r,
        };
        let units = (0..at.rows).map(key).collect::<std::collections::HashSet<_>>().len();
        if units < 5 {
            return Err(Error::data("folds").got(format!("{units} units")).rule("5 folds need 5"));
        }
        let shift = rng.below(5);
        let mut folds: Vec<Fold> = Vec::new();
        for k in 0..5 {
            let (mut test, mut train): (Vec<usize>, Vec<usize>) = (0..at.rows).partition(|&r| (key(r) + shift) % 5 == k);
            match self {
                Self::Overlapping => train.push(test[0]),
                Self::Unsorted => test.reverse(),
                Self::ForgetsTheLastRow => test.retain(|&r| r + 1 < at.rows),
                _ => {}
            }
            if *self == Self::Overlapping {
                train.sort_unstable();
            }
            folds.push(Fold { label: format!("fold {}", k + 1), train, test, left_out: Vec::new() });
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        "every fifth in turn".into()
    }
}

#[test]
fn splitters_honest_and_broken() {
    let support = data::support(200, 5);
    let complete = Claims { complete: true, ..Claims::default() };
    let whole = Claims { groups_whole: true, ..complete };
    splitter("rows", complete, &Fifth::Rows, &support);
    splitter("groups", whole, &Fifth::Groups, &support);
    refuses("groups", &Fifth::Groups, &support.select(&[0, 1, 2]));
    found("cannot carry", || refuses("rows", &Fifth::Rows, &support));
    found("is on both sides", || splitter("rows", whole, &Fifth::Rows, &support));
    found("is in two of the lists", || splitter("overlapping", complete, &Fifth::Overlapping, &support));
    found("is not sorted", || splitter("unsorted", complete, &Fifth::Unsorted, &support));
    found("is tested 0 times", || splitter("forgets", complete, &Fifth::ForgetsTheLastRow, &support));
    found("it learns from day", || splitter("rows", Claims { ordered: true, ..complete }, &Fifth::Rows, &support));
    found("within the buffer", || splitter("rows", Claims { buffer: 90_000.0, ..complete }, &Fifth::Rows, &support));
    found("within the gap", || splitter("rows", Claims { days_apart: 400.0, ..complete }, &Fifth::Rows, &support));
    found("in another order", || splitter("rows", Claims { permutes: true, ..complete }, &Fifth::Rows, &support));
    splitter("groups", Claims { permutes: true, accounted: true, ..whole }, &Fifth::Groups, &support);
    found("in none of the lists", || {
        splitter("forgets", Claims { accounted: true, ..Claims::default() }, &Fifth::ForgetsTheLastRow, &support)
    });
    found("are its share", || splitter("groups", Claims { strata_within: 2, ..complete }, &Fifth::Groups, &support));
}

/// Root mean squared error.
#[derive(Clone, Copy, PartialEq)]
enum Rmse {
    Honest,
    IgnoresWeights,
    GoesByRow,
    PointsUp,
}

impl Metric for Rmse {
    fn score(&self, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<f64> {
        let Values::Real(truth) = truth else { return Err(Error::data("truth").rule("numbers are needed")) };
        let weight = weight.filter(|_| *self != Self::IgnoresWeights);
        let w = |i: usize| weight.map_or(1.0, |w| w[i]) * if *self == Self::GoesByRow { 1.0 + i as f64 } else { 1.0 };
        let sum: f64 = said.centre()?.iter().zip(truth).enumerate().map(|(i, (p, t))| w(i) * (p - t).powi(2)).sum();
        Ok((sum / (0..truth.len()).map(w).sum::<f64>()).sqrt())
    }

    fn better(&self) -> Better {
        if *self == Self::PointsUp { Better::Higher } else { Better::Lower }
    }

    fn unit(&self, target: &Unit) -> Unit {
        target.clone()
    }
}

#[test]
fn metrics_honest_and_broken() {
    metric("rmse", &Rmse::Honest, false);
    found("a weight of 2", || metric("rmse", &Rmse::IgnoresWeights, false));
    found("the order of rows", || metric("rmse", &Rmse::GoesByRow, false));
    found("does not score best", || metric("rmse", &Rmse::PointsUp, false));
    found("there is no score", || metric("rmse", &Rmse::Honest, true));
}

/// A format of lines: `name<US>kind<US>value<US>…`, numbers as their bits.
fn write(table: &Table) -> Result<Vec<u8>> {
    let cell = |c: &Column, r: usize| match &c.values {
        Values::Real(v) => format!("{:016x}", v[r].to_bits()),
        Values::Class(k) => k.label(r).map_or("\u{1}".to_owned(), str::to_owned),
    };
    let line = |c: &Column| {
        let kind = if matches!(c.values, Values::Real(_)) { "real" } else { "class" };
        let head = [c.name.clone(), kind.to_owned(), c.unit.to_string()];
        head.into_iter().chain((0..table.rows()).map(|r| cell(c, r))).collect::<Vec<_>>().join("\u{1f}")
    };
    Ok(table.columns().iter().map(line).collect::<Vec<_>>().join("\u{1e}").into_bytes())
}

fn read(bytes: &[u8], digits: fn(f64) -> f64) -> Result<Table> {
    let bad = || Error::data("table").rule("it is damaged");
    let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
    let column = |line: &str| {
        let cells: Vec<&str> = line.split('\u{1f}').collect();
        let [name, kind, unit, values @ ..] = &cells[..] else { return Err(bad()) };
        if *kind == "real" {
            let number = |c: &&str| u64::from_str_radix(c, 16).map(|b| digits(f64::from_bits(b))).map_err(|_| bad());
            return Ok(Column::real(*name, unit, values.iter().map(number).collect::<Result<_>>()?));
        }
        let labels: Vec<Option<&str>> = values.iter().map(|v| (*v != "\u{1}").then_some(*v)).collect();
        Ok(Column::class(*name, Codes::from_labels(&labels)))
    };
    Table::new(text.split('\u{1e}').map(column).collect::<Result<_>>()?)
}

#[test]
fn formats_honest_and_broken() {
    let keeps = Keeps { types: true, units: true };
    format("bits", keeps, &write, &|b| read(b, |v| v));
    found("read", || format("rounded", keeps, &write, &|b| read(b, |v| f64::from(v as f32))));
    found("it panicked", || format("careless", keeps, &write, &|b| Ok(read(b, |v| v).expect("a table"))));
}
