//! Fitted boosting.

use esker_core::{Contributions, Inside, Interactions, Model, Note, Prediction, Result, Samples};
use esker_math::exponentials;
use serde::{Deserialize, Serialize};

use super::ensemble::{Ensemble, damaged};
use super::explain::Explain;
use super::loss::{Link, sigmoid, soften};
use super::target::Answer;
use crate::store;

/// Fitted boosting.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Boosted {
    pub(super) ensemble: Ensemble,
    pub(super) start: Vec<f64>,
    pub(super) link: Link,
    /// Lowest and highest possible answer.
    pub(super) range: (f64, f64),
    pub(super) answer: Answer,
    pub(super) notes: Vec<Note>,
}

impl Boosted {
    fn said(&self, sums: Vec<f64>) -> Prediction {
        said(sums, self.start.len(), self.link, self.range, &self.answer)
    }
}

/// The answer of scores, rows × outputs.
pub(super) fn said(mut scores: Vec<f64>, outputs: usize, link: Link, (low, high): (f64, f64), answer: &Answer) -> Prediction {
    let (levels, present) = match answer {
        Answer::Real { unit } => {
            if link == Link::Log {
                exponentials(&mut scores);
            }
            if low.is_finite() || high.is_finite() {
                scores.iter_mut().for_each(|s| *s = s.clamp(low, high));
            }
            return Prediction::real(unit, scores);
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
    Prediction::Class { levels: levels.clone(), probability }
}

impl Model for Boosted {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        Ok(self.said(self.ensemble.sums(at, &self.start)?))
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        let sums = self.ensemble.sums_shuffled(at, &self.start, order, sets)?;
        Ok(sums.into_iter().map(|s| self.said(s)).collect())
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        Explain::new(&self.ensemble, &self.start, 1.0).contributions(at).map(Some)
    }

    fn contributions_against(&self, at: &Samples, background: &Samples) -> Result<Option<Contributions>> {
        Explain::new(&self.ensemble, &self.start, 1.0).against(at, background).map(Some)
    }

    fn interactions(&self, at: &Samples) -> Result<Option<Interactions>> {
        Explain::new(&self.ensemble, &self.start, 1.0).interactions(at).map(Some)
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
    let model: Boosted = store::load("boosting", bytes)?;
    let outputs = match &model.answer {
        Answer::Real { .. } => 1,
        Answer::Class { present, .. } if present.len() <= 2 => 1,
        Answer::Class { present, .. } => present.len(),
    };
    let (low, high) = model.range;
    let sound = low < high
        && (model.link == Link::Identity || matches!(model.answer, Answer::Real { .. }))
        && model.answer.sound()
        && model.start.len() == outputs
        && model.start.iter().all(|s| s.is_finite())
        && model.ensemble.sound(outputs);
    if sound { Ok(Box::new(model)) } else { Err(damaged("boosting")) }
}
