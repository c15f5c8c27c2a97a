//! Fitted boosting.

use esker_core::graph::{Function, Graph, Operation, Value};
use esker_core::{
    Column, Contributions, Inside, Interactions, Model, Note, Prediction, Result, Samples, Spread, Told, dependence_one_by_one,
};
use esker_math::exponentials;
use serde::{Deserialize, Serialize};

use super::ensemble::{Ensemble, damaged};
use super::explain::Explain;
use super::loss::{Link, sigmoid, soften};
use super::target::Answer;
use crate::models::training::widen;
use crate::store;

/// Fitted boosting.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Boosted {
    pub(super) ensemble: Ensemble,
    pub(super) start: Vec<f64>,
    pub(super) link: Link,
    /// Lowest and highest possible answer.
    pub(super) range: (f64, f64),
    /// The coverage of the interval whose ends the second and third scores are.
    pub(super) level: Option<f64>,
    pub(super) answer: Answer,
    pub(super) notes: Vec<Note>,
}

impl Boosted {
    fn explain(&self) -> Explain<'_> {
        let told = match (&self.answer, self.link, self.start.len()) {
            (Answer::Real { .. }, Link::Identity, _) => Told::Answer,
            (Answer::Real { .. }, Link::Log, _) => Told::Logarithm,
            (Answer::Class { .. }, _, 1) => Told::LogOdds,
            (Answer::Class { .. }, ..) => Told::Scores,
        };
        Explain::new(&self.ensemble, &self.start, 1.0, (told, &self.answer))
    }

    fn said(&self, sums: Vec<f64>) -> Prediction {
        said(sums, self.start.len(), (self.link, self.range, self.level), &self.answer)
    }
}

/// The answer of scores, rows × outputs.
pub(super) fn said(
    mut scores: Vec<f64>,
    outputs: usize,
    (link, (low, high), level): (Link, (f64, f64), Option<f64>),
    answer: &Answer,
) -> Prediction {
    let (levels, present) = match answer {
        Answer::Real { unit } => {
            if link == Link::Log {
                exponentials(&mut scores);
            }
            if low.is_finite() || high.is_finite() {
                scores.iter_mut().for_each(|s| *s = s.clamp(low, high));
            }
            let Some(level) = level else { return Prediction::real(unit, scores) };
            let of = |k: usize| scores.iter().skip(k).step_by(3).copied();
            // Quantiles are fitted apart and may cross: an interval holds its answer.
            let low = of(0).zip(of(1)).zip(of(2)).map(|((c, a), b)| c.min(a).min(b)).collect();
            let high = of(0).zip(of(1)).zip(of(2)).map(|((c, a), b)| c.max(a).max(b)).collect();
            return Prediction::Real { unit: unit.clone(), centre: of(0).collect(), spread: Spread::Interval { level, low, high } };
        }
        Answer::Class { levels, present } => (levels, present),
    };
    let mut probability = vec![0.0; scores.len() / outputs * levels.len()];
    for (row, scores) in probability.chunks_exact_mut(levels.len()).zip(scores.chunks_exact_mut(outputs)) {
        match present.as_slice() {
            [only] => row[*only as usize] = 1.0,
            [no, yes] => {
                let p = sigmoid(scores[0]);
                row[*no as usize] = 1.0 - p;
                row[*yes as usize] = p;
            }
            _ => {
                soften(scores);
                present.iter().zip(scores).for_each(|(&k, s)| row[k as usize] = *s);
            }
        }
    }
    Prediction::class(levels.clone(), probability)
}

impl Model for Boosted {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        Ok(self.said(self.ensemble.sums(at, &self.start)?))
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        let sums = self.ensemble.sums_shuffled(at, &self.start, order, sets)?;
        Ok(sums.into_iter().map(|s| self.said(s)).collect())
    }

    fn dependence(&self, at: &Samples, grids: &[Column]) -> Result<Vec<Vec<f64>>> {
        // A mean of answers is one of scores only where the two are the same.
        let same = matches!(self.answer, Answer::Real { .. }) && self.link == Link::Identity && self.level.is_none();
        if same && self.range == (f64::NEG_INFINITY, f64::INFINITY) && self.ensemble.list().iter().all(|t| t.len() < 1000) {
            return self.explain().dependence(at, grids);
        }
        dependence_one_by_one(self, at, grids)
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        self.explain().contributions(at).map(Some)
    }

    fn contributions_against(&self, at: &Samples, background: &Samples) -> Result<Option<Contributions>> {
        self.explain().against(at, background).map(Some)
    }

    fn interactions(&self, at: &Samples) -> Result<Option<Interactions>> {
        self.explain().interactions(at).map(Some)
    }

    fn proximities(&self, at: &Samples, others: &Samples) -> Result<Option<Vec<f64>>> {
        self.ensemble.proximities(at, others).map(Some)
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        let sums = self.ensemble.describe(graph, &self.start, 1.0)?;
        let Answer::Class { levels, present } = &self.answer else {
            // Where there are three scores, the first is the answer and the others are the ends of its interval.
            let first: Vec<f64> = (0..self.start.len()).map(|k| f64::from(u8::from(k == 0))).collect();
            let score =
                if first.len() == 1 { sums } else { graph.add(Operation::Dense { of: sums, weights: first, constants: vec![0.0] }) };
            let said = if self.link == Link::Log { graph.map(score, Function::Exp) } else { score };
            let (low, high) = (self.range.0.max(f64::MIN), self.range.1.min(f64::MAX));
            return Ok(Some(graph.add(Operation::Clamp { of: said, low, high })));
        };
        let shares = match present.len() {
            1 => graph.add(Operation::Constant(vec![1.0])),
            2 => graph.map(sums, Function::Sigmoid),
            _ => graph.map(sums, Function::Softmax),
        };
        Ok(Some(widen(graph, shares, levels.len(), present)))
    }

    fn inside(&self) -> Inside {
        self.ensemble.inside()
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// Fitted boosting from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    read(bytes).map(|model| Box::new(model) as Box<dyn Model>)
}

/// As [`load`], for those who go on from it.
pub(super) fn read(bytes: &[u8]) -> Result<Boosted> {
    let model: Boosted = store::load("boosting", bytes)?;
    let outputs = match &model.answer {
        Answer::Real { .. } if model.level.is_some() => 3,
        Answer::Real { .. } => 1,
        Answer::Class { present, .. } if present.len() <= 2 => 1,
        Answer::Class { present, .. } => present.len(),
    };
    let (low, high) = model.range;
    let sound = low < high
        && model.level.is_none_or(|level| (0.0..1.0).contains(&level) && matches!(model.answer, Answer::Real { .. }))
        && (model.link == Link::Identity || matches!(model.answer, Answer::Real { .. }))
        && model.answer.sound()
        && model.start.len() == outputs
        && model.start.iter().all(|s| s.is_finite())
        && model.ensemble.sound(outputs);
    if sound { Ok(model) } else { Err(damaged("boosting")) }
}
