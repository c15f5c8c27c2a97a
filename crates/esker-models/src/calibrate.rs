//! What becomes of class probabilities behind the model: calibration, and the probability from which on a class is said.

use esker_core::graph::{Function, Graph, Operation, Value};
use esker_core::{Contributions, Error, Inside, Interactions, Model, Note, Prediction, Result, Samples};
use esker_math::{along, isotonic};
use serde::{Deserialize, Serialize};

use crate::catalog::load_model;
use crate::sigmoid::Sigmoid;
use crate::store::{damaged, load, save};

/// The kind of [`Adjusted`] in model files.
pub const NAME: &str = "adjusted";
/// Probabilities are kept this far from 0 and 1 before their logarithms are taken.
const EDGE: f64 = 1e-6;

/// How probabilities are calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calibration {
    /// By the rising steps nearest to what happened.
    Isotonic,
    /// By a sigmoid of the log-odds.
    Platt,
}

impl Calibration {
    /// Every calibration, in the order of the reference page.
    pub const ALL: [Self; 2] = [Self::Isotonic, Self::Platt];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Isotonic => "isotonic",
            Self::Platt => "platt",
        }
    }

    /// What it does, for the reference page and the methods paragraph, with its source.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Isotonic => "isotonic regression (Zadrozny and Elkan 2002, doi 10.1145/775047.775151)",
            Self::Platt => "Platt's sigmoid of the log-odds (Platt 1999; Lin, Lin and Weng 2007, doi 10.1007/s10994-007-5018-6)",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Curve {
    /// Knots of a rising curve over the probability.
    Isotonic(Vec<(f64, f64)>),
    /// A sigmoid of the log-odds.
    Platt(Sigmoid),
}

/// The log-odds of a class of probability `p`, the other classes having `rest` together.
fn log_odds(p: f64, rest: f64) -> f64 {
    p.max(EDGE).ln() - rest.max(EDGE).ln()
}

impl Curve {
    fn at(&self, p: f64, rest: f64) -> f64 {
        match self {
            Self::Isotonic(knots) => along(knots, p),
            Self::Platt(sigmoid) => sigmoid.at(log_odds(p, rest)),
        }
    }

    fn sound(&self) -> bool {
        match self {
            Self::Isotonic(knots) => {
                let share = |k: &(f64, f64)| (0.0..=1.0).contains(&k.1) && k.0.is_finite();
                !knots.is_empty() && knots.iter().all(share) && knots.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1)
            }
            Self::Platt(s) => s.a.is_finite() && s.b.is_finite() && s.a <= 0.0,
        }
    }
}

/// A fitted calibration: of the second of two classes, or of each of more classes against the rest, after which they are scaled to a sum of 1
/// (Zadrozny and Elkan 2002).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrator(Vec<Curve>);

impl Calibrator {
    /// Fits to class probabilities (rows × `classes`) of rows that the model did not learn from, their true classes, and weights.
    ///
    /// # Errors
    /// No rows that count, lengths that differ, or probabilities that are missing.
    pub fn fit(how: Calibration, truth: &[u32], probability: &[f64], classes: usize, weight: Option<&[f64]>) -> Result<Self> {
        let weighed = weight.is_none_or(|w| w.len() == truth.len() && w.iter().any(|w| *w > 0.0));
        let said = probability.len() == truth.len() * classes && probability.iter().all(|p| p.is_finite());
        if truth.is_empty() || classes < 2 || !said || !weighed {
            return Err(Error::numeric("calibration")
                .got(format!("{} rows, {} probabilities of {classes} classes", truth.len(), probability.len()))
                .rule("each row has a class and a probability of each of at least 2 classes, and at least one row counts"));
        }
        let one = |class: usize| {
            let rows = probability.chunks_exact(classes).zip(truth).enumerate().map(|(row, (p, of))| {
                let weight = weight.map_or(1.0, |w| w[row]);
                (p[class], p.iter().sum::<f64>() - p[class], *of as usize == class, weight)
            });
            match how {
                Calibration::Isotonic => {
                    Curve::Isotonic(isotonic(&rows.map(|(p, _, of, w)| (p, f64::from(u8::from(of)), w)).collect::<Vec<_>>()))
                }
                Calibration::Platt => {
                    Curve::Platt(Sigmoid::fit(&rows.map(|(p, rest, of, w)| (log_odds(p, rest), of, w)).collect::<Vec<_>>()))
                }
            }
        };
        let first = usize::from(classes == 2);
        Ok(Self((first..classes).map(one).collect()))
    }

    /// The probabilities (rows × `classes`) calibrated.
    ///
    /// # Errors
    /// Another number of classes than it was fitted to.
    pub fn apply(&self, probability: &[f64], classes: usize) -> Result<Vec<f64>> {
        if classes < 2 || self.0.len() != if classes == 2 { 1 } else { classes } {
            return Err(Error::model("calibration").got(format!("{classes} classes")).rule("it was fitted to another number of classes"));
        }
        let mut all = Vec::with_capacity(probability.len());
        for row in probability.chunks_exact(classes) {
            if classes == 2 {
                let p = self.0[0].at(row[1], row[0]);
                all.extend([1.0 - p, p]);
                continue;
            }
            let whole: f64 = row.iter().sum();
            let each: Vec<f64> = self.0.iter().zip(row).map(|(curve, p)| curve.at(*p, whole - p)).collect();
            let sum: f64 = each.iter().sum();
            all.extend(each.iter().map(|p| if sum > 0.0 { p / sum } else { p + 1.0 / classes as f64 }));
        }
        Ok(all)
    }

    /// The same as operations on probabilities.
    fn describe(&self, graph: &mut Graph, of: Value) -> Result<Value> {
        let classes = graph.width(of);
        let mut sigmoids = Vec::with_capacity(self.0.len());
        for curve in &self.0 {
            let Curve::Platt(sigmoid) = curve else {
                return Err(Error::model("isotonic calibration")
                    .rule("it cannot be written as ONNX")
                    .hint("calibrate = \"platt\" can be, and a model that is not calibrated"));
            };
            sigmoids.push(*sigmoid);
        }
        if let [one] = sigmoids[..] {
            sigmoids.insert(0, Sigmoid { a: one.a, b: -one.b });
        }
        let rest = (0..classes * classes).map(|i| f64::from(u8::from(i / classes != i % classes))).collect();
        let rest = graph.add(Operation::Dense { of, weights: rest, constants: vec![0.0; classes] });
        let both = graph.add(Operation::Join(vec![of, rest]));
        let kept = graph.add(Operation::Clamp { of: both, low: EDGE, high: f64::MAX });
        let logs = graph.map(kept, Function::Log);
        let mut weights = vec![0.0; 2 * classes * classes];
        for (k, s) in sigmoids.iter().enumerate() {
            weights[k * classes + k] = -s.a;
            weights[(classes + k) * classes + k] = s.a;
        }
        let scaled = graph.add(Operation::Dense { of: logs, weights, constants: sigmoids.iter().map(|s| -s.b).collect() });
        let each = graph.map(scaled, Function::Sigmoid);
        Ok(if classes == 2 { each } else { graph.map(each, Function::Share) })
    }
}

/// Where one of two classes is said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// The class, 0 or 1.
    pub class: u32,
    /// It is said from this probability on, below it the other one.
    pub from: f64,
}

/// What is done to class probabilities behind a model: calibration, then the decision.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Adjust {
    /// The calibration.
    pub calibrator: Option<Calibrator>,
    /// Where a class is said, if not where it is the most probable one.
    pub cut: Option<Cut>,
}

impl Adjust {
    /// Does it.
    ///
    /// # Errors
    /// A prediction of numbers, or of another number of classes.
    pub fn apply(&self, said: Prediction) -> Result<Prediction> {
        let Prediction::Class { levels, mut probability, mut decided } = said else {
            return Err(Error::model("calibration").got("a prediction of numbers").rule("it is of class probabilities"));
        };
        let k = levels.len();
        if let Some(calibrator) = &self.calibrator {
            probability = calibrator.apply(&probability, k)?;
        }
        if let Some(cut) = self.cut {
            if k != 2 {
                return Err(Error::model("threshold").got(format!("{k} classes")).rule("it decides between two"));
            }
            let class = cut.class.min(1);
            decided = Some(probability.chunks_exact(2).map(|p| if p[class as usize] >= cut.from { class } else { 1 - class }).collect());
        }
        Ok(Prediction::Class { levels, probability, decided })
    }
}

/// A model whose probabilities are adjusted.
pub struct Adjusted {
    kind: String,
    model: Box<dyn Model>,
    adjust: Adjust,
}

impl Adjusted {
    /// A model of the kind named, and what becomes of its probabilities.
    pub fn new(kind: &str, model: Box<dyn Model>, adjust: Adjust) -> Self {
        Self { kind: kind.to_owned(), model, adjust }
    }
}

/// A model from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model; they may come from a stranger.
pub(crate) fn load_adjusted(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let (kind, model, adjust): (String, Vec<u8>, Adjust) = load(NAME, bytes)?;
    let curves = adjust.calibrator.iter().flat_map(|c| &c.0);
    let cut = adjust.cut.is_none_or(|c| c.class < 2 && (0.0..=1.0).contains(&c.from));
    // One within another would be read by recursion without end in sight.
    if kind == NAME || !cut || curves.into_iter().any(|c| !c.sound()) {
        return Err(damaged(NAME));
    }
    Ok(Box::new(Adjusted { model: load_model(&kind, &model)?, kind, adjust }))
}

impl Model for Adjusted {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        self.adjust.apply(self.model.predict(at)?)
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        self.model.predict_shuffled(at, order, sets)?.into_iter().map(|said| self.adjust.apply(said)).collect()
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        self.model.contributions(at)
    }

    fn contributions_against(&self, at: &Samples, background: &Samples) -> Result<Option<Contributions>> {
        self.model.contributions_against(at, background)
    }

    fn interactions(&self, at: &Samples) -> Result<Option<Interactions>> {
        self.model.interactions(at)
    }

    fn proximities(&self, at: &Samples, others: &Samples) -> Result<Option<Vec<f64>>> {
        self.model.proximities(at, others)
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        if self.adjust.cut.is_some() {
            return Err(Error::model("a threshold of a class")
                .rule("it cannot be written as ONNX, which says the most probable class")
                .hint("remove threshold from the recipe, and decide by the probabilities of the ONNX model"));
        }
        match (self.model.describe(graph)?, &self.adjust.calibrator) {
            (Some(said), Some(calibrator)) => calibrator.describe(graph, said).map(Some),
            (said, _) => Ok(said),
        }
    }

    fn inside(&self) -> Inside {
        self.model.inside()
    }

    fn notes(&self) -> Vec<Note> {
        self.model.notes()
    }

    fn save(&self) -> Vec<u8> {
        save(&(&self.kind, self.model.save(), &self.adjust))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn said(rows: usize, classes: usize) -> (Vec<u32>, Vec<f64>) {
        let mut rng = Rng::new(4);
        let mut truth = Vec::new();
        let mut all = Vec::new();
        for _ in 0..rows {
            let raw: Vec<f64> = (0..classes).map(|_| rng.uniform() + 0.01).collect();
            let sum: f64 = raw.iter().sum();
            // What is said is surer than what happens.
            let most = (0..classes).fold(0, |m, k| if raw[k] > raw[m] { k } else { m });
            truth.push(if rng.uniform() < 0.6 { most } else { rng.below(classes) } as u32);
            all.extend(raw.iter().map(|p| p / sum));
        }
        (truth, all)
    }

    #[test]
    fn calibrated_probabilities_sum_to_one_and_those_of_two_classes_rise() {
        for how in Calibration::ALL {
            for classes in [2, 3, 5] {
                let (truth, probability) = said(400, classes);
                let found = Calibrator::fit(how, &truth, &probability, classes, None).unwrap();
                assert!(found.0.iter().all(Curve::sound));
                let after = found.apply(&probability, classes).unwrap();
                assert!(after.chunks_exact(classes).all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-12));
                assert!(found.apply(&probability, classes + 1).is_err());
                if classes == 2 {
                    let mut order: Vec<usize> = (0..400).collect();
                    order.sort_by(|&a, &b| probability[2 * a].total_cmp(&probability[2 * b]));
                    assert!(order.windows(2).all(|w| after[2 * w[0]] <= after[2 * w[1]]), "{how:?}");
                }
            }
        }
    }

    #[test]
    fn weights_count_as_rows_and_sure_rows_of_no_class_stay_probabilities() {
        for how in Calibration::ALL {
            let (truth, probability) = said(60, 3);
            let twice: Vec<f64> = [probability.clone(), probability.clone()].concat();
            let a = Calibrator::fit(how, &[truth.clone(), truth.clone()].concat(), &twice, 3, None).unwrap();
            let b = Calibrator::fit(how, &truth, &probability, 3, Some(&[2.0; 60])).unwrap();
            let (a, b) = (a.apply(&probability, 3).unwrap(), b.apply(&probability, 3).unwrap());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9));
        }
        assert!(Calibrator::fit(Calibration::Isotonic, &[0, 1], &[0.5; 4], 2, Some(&[0.0; 2])).is_err());
        assert!(Calibrator::fit(Calibration::Platt, &[0, 1], &[f64::NAN; 4], 2, None).is_err());
        let none = Calibrator(vec![Curve::Isotonic(vec![(0.5, 0.0)]); 3]);
        assert_eq!(none.apply(&[0.2, 0.3, 0.5], 3).unwrap(), [1.0 / 3.0; 3]);
    }

    #[test]
    fn a_cut_decides_and_what_a_stranger_wrote_is_refused() {
        let adjust = Adjust { calibrator: None, cut: Some(Cut { class: 0, from: 0.3 }) };
        let levels = vec!["no".to_owned(), "yes".to_owned()];
        let said = adjust.apply(Prediction::class(levels, vec![0.3, 0.7, 0.29, 0.71, 0.9, 0.1])).unwrap();
        assert_eq!(said.classes().unwrap(), [0, 1, 0]);
        assert_eq!(said.select(&[1, 2]).classes().unwrap(), [1, 0]);
        let bytes = |inner: &str, adjust: &Adjust| save(&(inner, Vec::<u8>::new(), adjust));
        assert!(load_adjusted(&bytes(NAME, &adjust)).is_err());
        let wild = Adjust { calibrator: Some(Calibrator(vec![Curve::Isotonic(vec![(0.1, 0.9), (0.2, 0.1)])])), cut: None };
        assert!(load_adjusted(&bytes("mean", &wild)).is_err());
    }
}
