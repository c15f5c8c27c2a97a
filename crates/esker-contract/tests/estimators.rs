//! The suite on small estimators: honest ones pass, and each broken law is found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use esker_contract::{Law, Laws, estimator};
use esker_core::{Context, Error, Estimator, Inside, Model, Needs, Prediction, Result, Samples, Targets, Unit, Values};

/// How an estimator goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    None,
    GoesByRow,
    IgnoresWeights,
    GoesByColumn,
    ForgetsOnSaving,
    PanicsOnShortBytes,
    TakesTheTarget,
    NeedsNoFeature,
    LosesTheUnit,
    DrawsFromTheClock,
    DividesByZero,
    CountsThreads,
}

/// Least squares on one feature, `temp`, through the weighted means; enough to break every law one at a time.
struct Line(Flaw);

struct FittedLine {
    flaw: Flaw,
    slope: f64,
    centre: f64,
    level: f64,
    unit: Unit,
}

impl Estimator for Line {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Real, complete: true, numeric: true, scaled: false, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let name = if self.0 == Flaw::GoesByColumn { train.columns()[0].name.as_str() } else { "temp" };
        let Ok(x) = train.column(name) else { return Err(Error::data("column 'temp'").rule("it is needed")) };
        let (x, y) = (x.reals()?, train.column(target)?);
        let (unit, y) = (y.unit.clone(), y.reals()?);
        let weight = |r: usize| if self.0 == Flaw::IgnoresWeights { 1.0 } else { train.weight_of(r) };
        let sum = |f: &dyn Fn(usize) -> f64| (0..y.len()).map(|r| weight(r) * f(r)).sum::<f64>();
        let total = sum(&|_| 1.0);
        let (centre, level) = (sum(&|r| x[r]) / total, sum(&|r| y[r]) / total);
        let square = sum(&|r| (x[r] - centre).powi(2));
        let product = sum(&|r| (x[r] - centre) * (y[r] - level));
        let mut slope = if square > 1e-12 * total || self.0 == Flaw::DividesByZero { product / square } else { 0.0 };
        match self.0 {
            Flaw::GoesByRow => slope += 1e-6 * y[0],
            Flaw::DrawsFromTheClock => slope += 1e-12 * std::time::UNIX_EPOCH.elapsed().map_or(0.0, |d| f64::from(d.subsec_nanos())),
            Flaw::CountsThreads => slope *= 1.0 + 1e-15 * cx.threads as f64,
            _ => {}
        }
        Ok(Box::new(FittedLine { flaw: self.0, slope, centre, level, unit }))
    }
}

impl Model for FittedLine {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let name = match self.flaw {
            Flaw::GoesByColumn => at.columns().first().map_or("temp", |c| c.name.as_str()),
            Flaw::TakesTheTarget if at.column("target").is_ok() => "target",
            _ => "temp",
        };
        let x = match at.column(name) {
            Ok(x) => x.reals()?.to_vec(),
            Err(_) if self.flaw == Flaw::NeedsNoFeature => vec![0.0; at.rows()],
            Err(e) => return Err(e),
        };
        // The suite asks every feature to be there once one is used.
        for name in ["area", "prcp", "height", "slope"].iter().filter(|_| self.flaw != Flaw::NeedsNoFeature) {
            at.column(name)?.reals()?;
        }
        let unit = if self.flaw == Flaw::LosesTheUnit { Unit::default() } else { self.unit.clone() };
        Ok(Prediction::real(&unit, x.iter().map(|x| self.level + self.slope * (x - self.centre)).collect()))
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn save(&self) -> Vec<u8> {
        let slope = if self.flaw == Flaw::ForgetsOnSaving { self.slope as f32 as f64 } else { self.slope };
        [slope, self.centre, self.level].iter().flat_map(|v| v.to_le_bytes()).chain(self.unit.as_str().bytes()).collect()
    }
}

fn load(flaw: Flaw, bytes: &[u8]) -> Result<Box<dyn Model>> {
    if bytes.len() < 24 && flaw != Flaw::PanicsOnShortBytes {
        return Err(Error::model("line"));
    }
    let number = |i: usize| f64::from_le_bytes(bytes[8 * i..8 * i + 8].try_into().expect("eight bytes"));
    let unit = std::str::from_utf8(&bytes[24..]).map_err(|_| Error::model("line"))?;
    Ok(Box::new(FittedLine { flaw, slope: number(0), centre: number(1), level: number(2), unit: Unit::new(unit) }))
}

fn suite(flaw: Flaw, laws: Laws) -> std::result::Result<(), String> {
    let run = || estimator("line", laws, &|| Box::new(Line(flaw)), &|b| load(flaw, b));
    catch_unwind(AssertUnwindSafe(run)).map_err(|e| e.downcast_ref::<String>().cloned().unwrap_or_default())
}

#[test]
fn an_honest_estimator_passes() {
    assert_eq!(suite(Flaw::None, Laws::EXACT), Ok(()));
}

#[test]
fn every_flaw_is_found_and_named() {
    let expected = [
        (Flaw::GoesByRow, "the order of training rows"),
        (Flaw::IgnoresWeights, "a row of weight 2"),
        (Flaw::GoesByColumn, "the order of columns"),
        (Flaw::ForgetsOnSaving, "a saved model is the model"),
        (Flaw::PanicsOnShortBytes, "cut after byte 0"),
        (Flaw::TakesTheTarget, "without the target"),
        (Flaw::NeedsNoFeature, "predicts without its feature"),
        (Flaw::LosesTheUnit, "the target's unit"),
        (Flaw::DrawsFromTheClock, "the same samples and seed"),
        (Flaw::DividesByZero, "predictions are finite"),
        (Flaw::CountsThreads, "one thread against two"),
    ];
    for (flaw, law) in expected {
        let message = suite(flaw, Laws::EXACT).expect_err("the suite lets a flaw pass");
        assert!(message.contains(law), "{flaw:?} is found as: {message}");
    }
}

#[test]
fn a_reason_must_not_outlive_its_cause() {
    let laws = Laws { doubled_weight: Law::Broken("weights are not used"), ..Laws::EXACT };
    assert_eq!(suite(Flaw::IgnoresWeights, laws), Ok(()));
    let message = suite(Flaw::None, laws).expect_err("the law holds, the reason is stale");
    assert!(message.contains("yet it holds"), "{message}");
}

/// Class shares, smoothed by one half; a baseline that uses no feature.
struct Shares {
    normalised: bool,
}

struct FittedShares(Vec<f64>, Vec<String>);

impl Estimator for Shares {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Class, complete: false, numeric: false, scaled: false, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        cx.check()?;
        let Values::Class(codes) = &train.column(target)?.values else { return Err(Error::data("target").rule("classes are needed")) };
        let mut share = vec![0.5; codes.levels().len()];
        codes.codes().iter().enumerate().for_each(|(r, &c)| share[c as usize] += train.weight_of(r));
        let sum: f64 = if self.normalised { share.iter().sum() } else { train.rows() as f64 };
        share.iter_mut().for_each(|s| *s /= sum);
        Ok(Box::new(FittedShares(share, codes.levels().to_vec())))
    }
}

impl Model for FittedShares {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        Ok(Prediction::class(self.1.clone(), self.0.repeat(at.rows())))
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn save(&self) -> Vec<u8> {
        let numbers: Vec<String> = self.0.iter().map(f64::to_string).collect();
        format!("{}\n{}", numbers.join(" "), self.1.join(" ")).into_bytes()
    }
}

fn load_shares(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let bad = || Error::model("shares");
    let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
    let (numbers, levels) = text.split_once('\n').ok_or_else(bad)?;
    let numbers: Vec<f64> = numbers.split(' ').map(|n| n.parse().map_err(|_| bad())).collect::<Result<_>>()?;
    Ok(Box::new(FittedShares(numbers, levels.split(' ').map(str::to_owned).collect())))
}

#[test]
fn a_baseline_of_classes_passes_and_shares_that_do_not_sum_to_one_are_found() {
    estimator("shares", Laws::EXACT, &|| Box::new(Shares { normalised: true }), &load_shares);
    let run = || estimator("shares", Laws::EXACT, &|| Box::new(Shares { normalised: false }), &load_shares);
    let caught = catch_unwind(AssertUnwindSafe(run)).expect_err("shares that do not sum to 1 pass");
    let message = caught.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.contains("sum to"), "{message}");
}
