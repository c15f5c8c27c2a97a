//! Targets learned on another scale: the estimator sees their logarithm, root or power, and what the model says comes back without the bias of
//! doing so.
//!
//! The mean of a transformed target, transformed back, is no mean. Duan's smearing estimate (1983, doi 10.1080/01621459.1983.10478017) is: the
//! mean, over residuals on the transformed scale, of what each gives when added and transformed back. Residuals are those of five inner folds,
//! whole groups apart, as those of rows learned from are too small for models that follow their rows closely. They hold the model's own noise
//! as well, which its answers have already: so they are scaled down where the answers for held-out training rows would else have
//! more than the mean of their targets.

use esker_core::graph::{Function, Graph, Operation, Value};
use esker_core::{
    Column, Context, Contributions, Error, Estimator, Inside, Interactions, Model, Needs, Note, Prediction, Result, Samples, Spread,
    Targets, Told, Unit, Values, Watch,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::catalog::load_model;
use crate::prepare::power::{Family, Power};
use crate::store::{damaged, load as load_bytes, save};
use crate::{Kind, calibrate};

/// The kind of such models in model files.
pub const NAME: &str = "transformed";
/// The code of the note that says what was learned of the target.
pub const NOTE: &str = "target-transform";
/// Inner folds whose residuals are smeared.
const FOLDS: usize = 5;
/// Classes of residuals kept where each of them counts by itself.
const CLASSES: usize = 256;

/// An estimator that learns the target on another scale.
pub struct OfTransformed {
    kind: Kind,
    inner: Box<dyn Estimator>,
    family: Family,
}

impl OfTransformed {
    /// The estimator of that kind.
    pub fn new(kind: Kind, inner: Box<dyn Estimator>, family: Family) -> Self {
        Self { kind, inner, family }
    }

    /// The rows with the target transformed, whole and by inner folds; kept with the rows, so that many fits make them once.
    fn parts(&self, train: &Samples, target: &str) -> Result<std::sync::Arc<Parts>> {
        train.once(&format!("target by {}", self.family.name()), || {
            let column = train.column(target)?;
            let values = column.reals()?;
            let power = self.family.fit(&format!("target '{target}'"), values, &column.unit.suffix())?;
            let z: Vec<f64> = values.iter().map(|v| power.of(*v)).collect();
            let (unit, range) = (column.unit.clone(), range(power, values));
            let mut all = train.clone();
            all.put(Column::real(target, "", z.clone()))?;
            let fold = folds(&all, &z);
            let cut = |f: usize| -> [Vec<usize>; 2] {
                let (test, train) = (0..z.len()).partition(|&r| fold[r] == f);
                [train, test]
            };
            let folds = if z.len() < 2 * FOLDS { Vec::new() } else { (0..FOLDS).map(cut).filter(|[_, test]| !test.is_empty()).collect() };
            let folds = folds.into_iter().map(|[train, test]| (all.select(&train).kept(), all.select(&test), test)).collect();
            Ok(Parts { power, unit, range, z, all: all.kept(), folds })
        })
    }

    /// Residuals on the transformed scale, row by row: held out, or those of the model itself where rows are few.
    fn residuals(&self, parts: &Parts, (model, target): (&dyn Model, &str), cx: &Context) -> Result<Vec<f64>> {
        let mut residuals = vec![0.0; parts.z.len()];
        if parts.folds.len() < 2 {
            let said = model.predict(&parts.all)?;
            residuals.iter_mut().zip(&parts.z).zip(said.centre()?).for_each(|((r, z), c)| *r = z - c);
            return Ok(residuals);
        }
        let one = |(f, (train, test, rows)): (usize, &(Samples, Samples, Vec<usize>))| {
            cx.check()?;
            let said = self.inner.fit(train, target, &cx.fork("smearing", f as u64))?.predict(test)?;
            let centre = said.centre()?;
            Ok(rows.iter().zip(centre).map(|(&r, c)| (r, parts.z[r] - c)).collect::<Vec<_>>())
        };
        let found: Vec<Vec<(usize, f64)>> = parts.folds.par_iter().enumerate().map(one).collect::<Result<_>>()?;
        found.into_iter().flatten().for_each(|(r, e)| residuals[r] = e);
        Ok(residuals)
    }
}

/// Where answers end: at the training targets on the side where the inverse of a fitted power has a pole, beyond which there is no answer.
fn range(power: Power, values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (below, above) = match power {
        Power::BoxCox { lambda, .. } => (false, lambda < 0.0),
        Power::YeoJohnson(lambda) => (lambda > 2.0, lambda < 0.0),
        _ => (false, false),
    };
    (if below { low } else { f64::MIN }, if above { high } else { f64::MAX })
}

/// Training rows on the transformed scale.
struct Parts {
    power: Power,
    unit: Unit,
    range: (f64, f64),
    z: Vec<f64>,
    all: Samples,
    /// Rows learned from, rows held out, and which they are.
    folds: Vec<(Samples, Samples, Vec<usize>)>,
}

/// The inner fold of each row: groups whole where there are two or more, else rows in the order of their targets in turn.
fn folds(rows: &Samples, z: &[f64]) -> Vec<usize> {
    if let Some(groups) = &rows.support().group {
        let held: Vec<usize> = groups.counts().iter().enumerate().filter(|(_, n)| **n > 0).map(|(k, _)| k).collect();
        if held.len() >= 2 {
            let place = |c: u32| held.binary_search(&(c as usize)).map_or(0, |k| k % FOLDS);
            return groups.codes().iter().map(|&c| place(c)).collect();
        }
    }
    let mut order: Vec<usize> = (0..z.len()).collect();
    order.sort_by(|&a, &b| z[a].total_cmp(&z[b]));
    let mut fold = vec![0; z.len()];
    order.iter().enumerate().for_each(|(k, &row)| fold[row] = k % FOLDS);
    fold
}

impl Estimator for OfTransformed {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Real, ..self.inner.needs() }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let parts = self.parts(train, target)?;
        let model = self.inner.fit(&parts.all, target, cx)?;
        let residuals = self.residuals(&parts, (&*model, target), cx)?;
        let back = Back::new(&parts, &residuals, train);
        Ok(Box::new(Transformed { kind: self.kind.name().to_owned(), model, back }))
    }

    fn steps(&self) -> Option<&'static str> {
        self.inner.steps()
    }

    fn fit_watched(&self, train: &Samples, target: &str, watch: &mut dyn Watch, cx: &Context) -> Result<Box<dyn Model>> {
        let parts = self.parts(train, target)?;
        // Steps are told apart without smearing, which would need the inner folds fitted at each of them.
        let back = Back::new(&parts, &[0.0], train);
        let model = self.inner.fit_watched(&parts.all, target, &mut Through { watch, back: &back }, cx)?;
        Ok(Box::new(Transformed { kind: self.kind.name().to_owned(), model, back }))
    }
}

/// A watch that sees answers on the scale of the target.
struct Through<'a> {
    watch: &'a mut dyn Watch,
    back: &'a Back,
}

impl Watch for Through<'_> {
    fn rows(&self) -> &Samples {
        self.watch.rows()
    }

    fn see(&mut self, step: usize, said: &Prediction) -> Result<bool> {
        self.watch.see(step, &self.back.of(said.clone())?)
    }
}

/// The way back from the transformed scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Back {
    power: Power,
    /// Of the target.
    unit: Unit,
    /// What is added on the transformed scale, with its share. For logarithms, one number that says as much as all residuals.
    residuals: Vec<(f64, f64)>,
    /// Where answers end.
    range: (f64, f64),
}

impl Back {
    fn new(parts: &Parts, residuals: &[f64], train: &Samples) -> Self {
        let plain = |residuals| Self { power: parts.power, unit: parts.unit.clone(), residuals, range: parts.range };
        if residuals.len() != train.rows() {
            return plain(vec![(0.0, 1.0)]);
        }
        let mut held: Vec<Held> =
            residuals.iter().zip(&parts.z).enumerate().map(|(r, (e, z))| Held { e: *e, z: *z, w: train.weight_of(r) }).collect();
        held.sort_by(|a, b| a.e.total_cmp(&b.e).then(a.z.total_cmp(&b.z)).then(a.w.total_cmp(&b.w)));
        let total: f64 = held.iter().map(|h| h.w).sum();
        if matches!(parts.power, Power::Log | Power::Log1p) {
            // One factor does: the ratio of the sums of targets and of answers, taken beside the largest so that none overflows.
            let most = held.iter().map(|h| h.z.max(h.z - h.e)).fold(f64::NEG_INFINITY, f64::max);
            let sum = |of: fn(&Held) -> f64| held.iter().map(|h| h.w * (of(h) - most).exp()).sum::<f64>();
            let factor = (sum(|h| h.z) / sum(|h| h.z - h.e)).ln();
            // Not beyond Duan's own: few large targets decide a ratio of sums.
            let whole = (held.iter().map(|h| h.w * h.e.exp()).sum::<f64>() / total).ln();
            let factor = factor.max(whole.min(0.0)).min(whole.max(0.0));
            return plain(vec![(if factor.is_finite() { factor } else { 0.0 }, 1.0)]);
        }
        let class = |c: &[Held]| {
            let w: f64 = c.iter().map(|h| h.w).sum();
            (c.iter().map(|h| h.e * h.w).sum::<f64>() / w, w / total)
        };
        let classes: Vec<(f64, f64)> = held.chunks(held.len().div_ceil(CLASSES).max(1)).map(class).filter(|(e, _)| e.is_finite()).collect();
        let scaled = |s: f64| plain(classes.iter().map(|(e, w)| (e * s, *w)).collect());
        scaled(right_scale(held, parts.power, scaled))
    }

    fn sound(&self) -> bool {
        self.power.sound()
            && self.range.0 <= self.range.1
            && !self.residuals.is_empty()
            && self.residuals.iter().all(|(e, w)| e.is_finite() && *w >= 0.0 && *w <= 1.0 + 1e-9)
    }

    /// A quantile of the transformed target, as one of the target.
    fn one(&self, z: f64) -> f64 {
        // A bound takes the place of NaN: what is missing stays so.
        if z.is_nan() { z } else { self.power.back(z).max(self.range.0).min(self.range.1) }
    }

    /// The mean of the target where that of the transformed one is `z`.
    fn mean(&self, z: f64) -> f64 {
        self.residuals.iter().map(|(e, share)| share * self.one(z + e)).sum::<f64>().clamp(f64::MIN, f64::MAX)
    }

    fn of(&self, said: Prediction) -> Result<Prediction> {
        let Prediction::Real { centre, spread, .. } = said else {
            return Err(Error::model("a transformed target").got("a prediction of classes").rule("it is of numbers"));
        };
        let each = |v: &[f64]| v.par_iter().map(|z| self.one(*z)).collect::<Vec<f64>>();
        let spread = match spread {
            Spread::Unknown => Spread::Unknown,
            // Half the width of one standard deviation to both sides.
            Spread::Sd(sd) => Spread::Sd(centre.iter().zip(&sd).map(|(z, s)| 0.5 * (self.one(z + s) - self.one(z - s))).collect()),
            Spread::Interval { level, low, high } => Spread::Interval { level, low: each(&low), high: each(&high) },
        };
        let centre = centre.par_iter().map(|z| self.mean(*z)).collect();
        Ok(Prediction::Real { unit: self.unit.clone(), centre, spread })
    }

    fn says(&self) -> String {
        let how = match self.power {
            Power::Log | Power::Log1p => {
                format!("smearing factor {:.4} over residuals of held-out training rows", self.residuals[0].0.exp())
            }
            _ => format!("{}; transformed back by smearing residuals of held-out training rows", self.power.says()),
        };
        format!("the target is learned as {}; {how}", self.power.family().name())
    }
}

/// A training row held out: its residual, its transformed target, its weight.
struct Held {
    e: f64,
    z: f64,
    w: f64,
}

/// The scale of the residuals with which the answers for held-out rows have the mean of their targets, by bisection; at most that of the residuals
/// themselves.
fn right_scale(mut held: Vec<Held>, power: Power, scaled: impl Fn(f64) -> Back) -> f64 {
    let truth: f64 = held.iter().map(|h| h.w * power.back(h.z)).sum();
    // Answers go through in classes as well: their weight and mean.
    held.sort_by(|a, b| (a.z - a.e).total_cmp(&(b.z - b.e)).then(a.w.total_cmp(&b.w)));
    let class = |c: &[Held]| {
        let w: f64 = c.iter().map(|h| h.w).sum();
        (w, c.iter().map(|h| h.w * (h.z - h.e)).sum::<f64>() / w)
    };
    let said: Vec<(f64, f64)> = held.chunks(held.len().div_ceil(CLASSES).max(1)).map(class).filter(|(w, _)| *w > 0.0).collect();
    let off = |s: f64| {
        let back = scaled(s);
        said.iter().map(|(w, z)| w * back.mean(*z)).sum::<f64>() - truth
    };
    let (none, all) = (off(0.0), off(1.0));
    if !(none.is_finite() && all.is_finite()) || none.signum() == all.signum() {
        return if all.abs() <= none.abs() || !none.is_finite() { 1.0 } else { 0.0 };
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..20 {
        let middle = 0.5 * (low + high);
        if off(middle).signum() == none.signum() { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// A model of a transformed target, whose answers come back.
struct Transformed {
    kind: String,
    model: Box<dyn Model>,
    back: Back,
}

/// A model from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model; they may come from a stranger.
pub(crate) fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let (kind, model, back): (String, Vec<u8>, Back) = load_bytes(NAME, bytes)?;
    // One within another would be read by recursion without end in sight.
    if kind == NAME || kind == calibrate::NAME || !back.sound() {
        return Err(damaged(NAME));
    }
    Ok(Box::new(Transformed { model: load_model(&kind, &model)?, kind, back }))
}

impl Transformed {
    fn unexplained(&self) -> Error {
        Error::model(format!("a target learned as {}", self.back.power.family().name()))
            .rule("what features give to the answer does not add up there")
            .hint("with transform = \"log\" it does, to the logarithm of the answer")
    }
}

impl Model for Transformed {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        self.back.of(self.model.predict(at)?)
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        self.model.predict_shuffled(at, order, sets)?.into_iter().map(|said| self.back.of(said)).collect()
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        self.model.contributions(at)?.map(|c| self.logarithms(c)).transpose()
    }

    fn contributions_against(&self, at: &Samples, background: &Samples) -> Result<Option<Contributions>> {
        self.model.contributions_against(at, background)?.map(|c| self.logarithms(c)).transpose()
    }

    fn interactions(&self, at: &Samples) -> Result<Option<Interactions>> {
        let Some(mut told) = self.model.interactions(at)? else { return Ok(None) };
        if self.back.power != Power::Log || told.told != Told::Answer {
            return Err(self.unexplained());
        }
        told.told = Told::Logarithm;
        self.shift(&told.outputs, &mut told.base);
        Ok(Some(told))
    }

    fn proximities(&self, at: &Samples, others: &Samples) -> Result<Option<Vec<f64>>> {
        self.model.proximities(at, others)
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        let minus = match self.back.power {
            Power::Log => 0.0,
            Power::Log1p => -1.0,
            other => {
                return Err(Error::model(format!("a target learned as {}", other.family().name()))
                    .rule("it cannot be written as ONNX")
                    .hint("transform = \"log\" and \"log1p\" can be"));
            }
        };
        let Some(said) = self.model.describe(graph)? else { return Ok(None) };
        let exp = graph.map(said, Function::Exp);
        Ok(Some(graph.add(Operation::Dense { of: exp, weights: vec![self.back.residuals[0].0.exp()], constants: vec![minus] })))
    }

    fn inside(&self) -> Inside {
        self.model.inside()
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = vec![Note::info(NOTE, self.back.says())];
        notes.extend(self.model.notes());
        notes
    }

    fn save(&self) -> Vec<u8> {
        save(&(&self.kind, self.model.save(), &self.back))
    }
}

impl Transformed {
    fn logarithms(&self, mut told: Contributions) -> Result<Contributions> {
        if self.back.power != Power::Log || told.told != Told::Answer {
            return Err(self.unexplained());
        }
        told.told = Told::Logarithm;
        self.shift(&told.outputs, &mut told.base);
        Ok(told)
    }

    /// The smearing factor belongs to the mean, not to quantiles.
    fn shift(&self, outputs: &[String], base: &mut [f64]) {
        outputs.iter().zip(base).filter(|(o, _)| o.is_empty()).for_each(|(_, b)| *b += self.back.residuals[0].0);
    }
}

/// Whether a target can be learned so: it is of numbers, all of which the family takes.
///
/// # Errors
/// Classes, or numbers it does not take, with how many they are.
pub fn admit(family: Family, target: &Column) -> Result<()> {
    let thing = format!("target '{}'", target.name);
    match &target.values {
        Values::Real(v) => family.admit(&thing, v, &target.unit.suffix()),
        Values::Class(_) => Err(Error::recipe(thing).got("classes").rule(format!("'{}' transforms a target of numbers", family.name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Rng, Settings, Support};

    fn rows(n: usize, seed: u64, sd: f64) -> Samples {
        let mut rng = Rng::new(seed);
        let x: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let y = x.iter().map(|x| (0.5 * x + sd * rng.normal()).exp()).collect();
        Samples::new(vec![Column::real("x", "", x), Column::real("y", "mm", y)], Support::bare(n), None).unwrap()
    }

    fn learned(kind: Kind, family: Family, train: &Samples) -> Box<dyn Model> {
        let estimator = kind.estimator(&Settings::defaults(&kind.parameters()));
        OfTransformed::new(kind, estimator, family).fit(train, "y", &Context::new(3, 1)).unwrap()
    }

    #[test]
    fn what_comes_back_has_the_mean_of_the_target() {
        let (train, test) = (rows(3000, 1, 0.8), rows(20_000, 2, 0.8));
        let truth = esker_math::mean(test.column("y").unwrap().reals().unwrap());
        for kind in [Kind::Linear, Kind::Neighbours, Kind::Forest] {
            for family in Family::ALL {
                let model = learned(kind, family, &train);
                let said = esker_math::mean(model.predict(&test).unwrap().centre().unwrap());
                assert!((said / truth - 1.0).abs() < 0.05, "{} by {}: {said}, truth {truth}", kind.name(), family.name());
            }
        }
        // Without smearing the mean would be low by a quarter.
        let model = learned(Kind::Linear, Family::Log, &train);
        let naive: f64 = esker_math::mean(&test.column("x").unwrap().reals().unwrap().iter().map(|x| (0.5 * x).exp()).collect::<Vec<_>>());
        assert!(naive / truth < 0.78);
        assert!(model.notes()[0].text.starts_with("the target is learned as log; smearing factor 1.3"), "{}", model.notes()[0].text);
    }

    #[test]
    fn a_saved_model_says_the_same_and_strangers_are_refused() {
        let train = rows(200, 4, 0.3);
        for family in Family::ALL {
            let model = learned(Kind::Linear, family, &train);
            let again = load(&model.save()).unwrap();
            assert_eq!(again.predict(&train).unwrap(), model.predict(&train).unwrap());
            assert_eq!(again.save(), model.save());
        }
        let back = Back {
            power: Power::BoxCox { lambda: f64::NAN, centre: 1.0 },
            unit: Unit::default(),
            residuals: vec![(0.0, 1.0)],
            range: (0.0, 1.0),
        };
        assert!(load(&save(&("linear", Vec::<u8>::new(), &back))).is_err());
        let back = Back { power: Power::Log, ..back };
        assert!(load(&save(&(NAME, Vec::<u8>::new(), &back))).is_err());
    }
}
