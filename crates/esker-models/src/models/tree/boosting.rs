//! Gradient boosting on histograms: squared loss for numbers, logistic and multinomial loss for classes.

use esker_core::{Context, Estimator, Inside, Model, Needs, Note, Parameter, Prediction, Result, Rng, Samples, Search, Settings, Targets};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::{self, Binned, Bins, MANY_ROWS};
use super::ensemble::{Ensemble, damaged};
use super::grow::{Bounds, Grower, Use};
use super::node::Tree;
use super::split::{Cell, Limits};
use super::target::{Answer, Known, Target, mean};
use crate::store;

/// What it is, for the reference page and the methods paragraph.
pub const DOC: &str = "Gradient boosting: a sum of small trees, each fitted to what the ones before left over (Friedman 2001, \
     doi 10.1214/aos/1013203451), grown leaf by leaf on histograms (Ke et al. 2017). Missing values go to the side that \
     fits better, classes need no encoding.";

/// Parameters, defaults and search spaces.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer(
            "trees",
            200,
            1,
            5000,
            "Rounds of boosting; a class target with more than two classes grows one tree a class a round.",
        )
        .tuned(Search::LogInteger(50, 400)),
        Parameter::real("rate", 0.05, 1e-4, 1.0, "Learning rate: the part of each tree's answer that is added.")
            .tuned(Search::LogUniform(0.02, 0.2)),
        Parameter::integer("leaves", 31, 2, 512, "Most leaves of a tree.").tuned(Search::LogInteger(4, 63)),
        Parameter::integer("min_leaf", 20, 1, 1_000_000, "Fewest training rows in a leaf.").tuned(Search::LogInteger(5, 100)),
        Parameter::real(
            "lambda",
            1.0,
            0.0,
            1e9,
            "L2 penalty on leaf values, in rows of weight 1; weights far from 1 call for another value.",
        )
        .tuned(Search::LogUniform(1e-2, 30.0)),
        Parameter::real("columns", 1.0, 0.01, 1.0, "Share of the features, drawn anew for each tree, that it may use.")
            .tuned(Search::Uniform(0.3, 1.0)),
        Parameter::real("rows", 1.0, 0.01, 1.0, "Share of the training rows, drawn anew for each round, that it learns from.")
            .tuned(Search::Uniform(0.5, 1.0)),
        bins::parameter(),
    ]
}

/// Gradient boosting, unfitted.
#[derive(Debug, Clone)]
pub struct Boosting {
    trees: usize,
    bins: usize,
    rate: f64,
    columns: f64,
    rows: f64,
    bounds: Bounds,
}

impl Boosting {
    /// Boosting with these settings, which follow [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        let limits = Limits { min_leaf: settings.integer("min_leaf") as f64, min_hessian: 0.0, lambda: settings.real("lambda") };
        Self {
            trees: settings.integer("trees") as usize,
            bins: settings.integer("bins") as usize,
            rate: settings.real("rate"),
            columns: settings.real("columns"),
            rows: settings.real("rows"),
            bounds: Bounds { leaves: settings.integer("leaves") as usize, limits },
        }
    }

    /// All rounds. `refresh` writes the gradient cells of every lane from the scores of all; lanes that are many
    /// rows together work side by side.
    fn rounds<const C: usize>(
        &self,
        lanes: &mut [Lane<C>],
        cx: &Context,
        mut refresh: impl FnMut(&mut [Lane<C>]),
    ) -> Result<(Vec<Tree>, Vec<Use>)> {
        let (rows, features) = (lanes[0].sums.len(), lanes[0].features);
        let mut grown: Vec<Vec<Tree>> = Vec::with_capacity(self.trees);
        for round in 0..self.trees {
            cx.check()?;
            refresh(lanes);
            let drawn = draw(rows, self.rows, &mut cx.rng.fork("rows", round as u64));
            let count = lanes.len();
            let step = |(k, lane): (usize, &mut Lane<C>)| {
                let mut rng = cx.rng.fork("columns", (round * count + k) as u64);
                let columns: Vec<usize> = draw(features, self.columns, &mut rng).into_iter().map(|f| f as usize).collect();
                lane.step(&drawn, &columns, self.rate)
            };
            grown.push(if count > 1 && rows * count >= MANY_ROWS {
                lanes.par_iter_mut().enumerate().map(step).collect()
            } else {
                lanes.iter_mut().enumerate().map(step).collect()
            });
        }
        let mut uses = vec![Use::default(); features];
        for lane in lanes {
            for (sum, one) in uses.iter_mut().zip(&lane.grower.uses) {
                sum.gain += one.gain;
                sum.splits += one.splits;
            }
        }
        Ok((grown.into_iter().flatten().collect(), uses))
    }

    /// Squared loss from a constant start.
    fn squared(&self, binned: &Binned, y: &[f64], target: &Target, start: f64, cx: &Context) -> Result<(Vec<Tree>, Vec<Use>)> {
        match &target.weight {
            None => self.rounds(&mut [Lane::<2>::new(binned, self.bounds, start)], cx, |lanes| {
                let lane = &mut lanes[0];
                for ((sum, y), score) in lane.sums.iter_mut().zip(y).zip(&lane.score) {
                    *sum = [score - y, 1.0];
                }
            }),
            Some(weight) => self.rounds(&mut [Lane::<3>::new(binned, self.bounds, start)], cx, |lanes| {
                let lane = &mut lanes[0];
                for (((sum, y), score), w) in lane.sums.iter_mut().zip(y).zip(&lane.score).zip(weight) {
                    *sum = [w * (score - y), *w, 1.0];
                }
            }),
        }
    }

    /// Logistic loss; `class` is 0 or 1, the score is the log odds of class 1.
    fn logistic(&self, binned: &Binned, class: &[u32], target: &Target, start: f64, cx: &Context) -> Result<(Vec<Tree>, Vec<Use>)> {
        self.rounds(&mut [Lane::<3>::new(binned, self.bounds_of_classes(), start)], cx, |lanes| {
            let lane = &mut lanes[0];
            for (i, (sum, score)) in lane.sums.iter_mut().zip(&lane.score).enumerate() {
                let (p, w) = (sigmoid(*score), target.weight_of(i));
                *sum = [w * (p - f64::from(class[i])), w * p * (1.0 - p), 1.0];
            }
        })
    }

    /// Multinomial loss, one lane a class. The hessian is that of LightGBM, p (1 - p) K / (K - 1): the diagonal
    /// scaled for the one direction in which all scores may move together.
    fn softmax(&self, binned: &Binned, class: &[u32], target: &Target, start: &[f64], cx: &Context) -> Result<(Vec<Tree>, Vec<Use>)> {
        let classes = start.len();
        let scale = classes as f64 / (classes - 1) as f64;
        let mut lanes: Vec<Lane<3>> = start.iter().map(|&s| Lane::new(binned, self.bounds_of_classes(), s)).collect();
        let mut shares = vec![0.0; binned.rows * classes];
        self.rounds(&mut lanes, cx, |lanes| {
            let share = |(block, shares): (usize, &mut [f64])| {
                for (i, row) in shares.chunks_exact_mut(classes).enumerate() {
                    row.iter_mut().zip(lanes.iter()).for_each(|(s, lane)| *s = lane.score[block * 1024 + i]);
                    soften(row);
                }
            };
            let many = binned.rows * classes >= MANY_ROWS;
            if many {
                shares.par_chunks_mut(1024 * classes).enumerate().for_each(share);
            } else {
                shares.chunks_mut(1024 * classes).enumerate().for_each(share);
            }
            let gradient = |(k, lane): (usize, &mut Lane<3>)| {
                for (i, sum) in lane.sums.iter_mut().enumerate() {
                    let (p, w) = (shares[i * classes + k], target.weight_of(i));
                    *sum = [w * (p - f64::from(u8::from(class[i] as usize == k))), w * scale * p * (1.0 - p), 1.0];
                }
            };
            if many {
                lanes.par_iter_mut().enumerate().for_each(gradient);
            } else {
                lanes.iter_mut().enumerate().for_each(gradient);
            }
        })
    }

    /// Class losses flatten out far from 0.5; a floor on the hessian keeps their leaf values bounded.
    fn bounds_of_classes(&self) -> Bounds {
        Bounds { limits: Limits { min_hessian: 1e-3, ..self.bounds.limits }, ..self.bounds }
    }
}

impl Estimator for Boosting {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: false, numeric: false, scaled: false, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let known = Target::new(train, target)?;
        let bins = Bins::fit(train, target, &known.rows, self.bins)?;
        let binned = bins.encode(train, &known.rows)?;
        let (start, (trees, uses)) = match &known.values {
            Known::Real(y) => {
                let start = mean(y, |i| known.weight_of(i));
                (vec![start], self.squared(&binned, y, &known, start, cx)?)
            }
            Known::Class(class) => {
                let logs = log_shares(class, &known);
                match logs.len() {
                    1 => (vec![0.0], (Vec::new(), vec![Use::default(); bins.len()])),
                    2 => (vec![logs[1] - logs[0]], self.logistic(&binned, class, &known, logs[1] - logs[0], cx)?),
                    _ => (logs.clone(), self.softmax(&binned, class, &known, &logs, cx)?),
                }
            }
        };
        let lanes = start.len();
        let ensemble = Ensemble::new(bins, trees, lanes, 1, &uses);
        let notes = notes(&ensemble, &known);
        Ok(Box::new(Boosted { ensemble, start, answer: known.answer, notes }))
    }
}

/// Scores, gradients and the grower of one output.
struct Lane<'a, const C: usize> {
    grower: Grower<'a, C>,
    sums: Vec<Cell<C>>,
    score: Vec<f64>,
    features: usize,
    binned: &'a Binned,
}

impl<'a, const C: usize> Lane<'a, C> {
    fn new(binned: &'a Binned, bounds: Bounds, start: f64) -> Self {
        Self {
            grower: Grower::new(binned, bounds),
            sums: vec![[0.0; C]; binned.rows],
            score: vec![start; binned.rows],
            features: binned.features(),
            binned,
        }
    }

    /// Grows a tree on the rows drawn and adds its answers to the scores of all rows.
    fn step(&mut self, drawn: &[u32], columns: &[usize], rate: f64) -> Tree {
        let tree = self.grower.grow(&self.sums, drawn, columns, rate);
        for (rows, value) in self.grower.stretches().zip(tree.values()) {
            for &row in rows {
                self.score[row as usize] += value;
            }
        }
        if drawn.len() < self.score.len() {
            let mut drawn = drawn.iter().peekable();
            for (row, score) in self.score.iter_mut().enumerate() {
                if drawn.next_if(|&&r| r as usize == row).is_none() {
                    *score += tree.values()[tree.leaf(|f| self.binned.column(f)[row])];
                }
            }
        }
        tree
    }
}

/// A share of `0..of`, at least one, ascending: Knuth's selection sampling (algorithm S).
fn draw(of: usize, share: f64, rng: &mut Rng) -> Vec<u32> {
    let wanted = if share >= 1.0 { of } else { ((of as f64 * share).round() as usize).clamp(1.min(of), of) };
    if wanted == of {
        return (0..of as u32).collect();
    }
    let mut left = wanted;
    (0..of)
        .filter(|i| {
            let take = rng.uniform() * ((of - i) as f64) < left as f64;
            left -= usize::from(take);
            take
        })
        .map(|i| i as u32)
        .collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Scores to shares that sum to 1.
fn soften(row: &mut [f64]) {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for s in row.iter_mut() {
        *s = (*s - top).exp();
        sum += *s;
    }
    row.iter_mut().for_each(|s| *s /= sum);
}

/// Logarithms of the weighted share of each class present.
fn log_shares(class: &[u32], known: &Target) -> Vec<f64> {
    let mut shares = vec![0.0; known.classes()];
    for (i, &k) in class.iter().enumerate() {
        shares[k as usize] += known.weight_of(i);
    }
    let total: f64 = shares.iter().sum();
    shares.into_iter().map(|s| (s / total).ln()).collect()
}

fn notes(ensemble: &Ensemble, known: &Target) -> Vec<Note> {
    let mut notes = Vec::new();
    if ensemble.is_flat() {
        notes.push(Note::warning(
            "no-splits",
            format!("boosting found no split on {} training rows: it predicts a constant", known.rows.len()),
        ));
    }
    if let Some(w) = &known.weight {
        let mean = w.iter().sum::<f64>() / w.len() as f64;
        if !(0.01..=100.0).contains(&mean) {
            notes.push(Note::warning(
                "weight-scale",
                format!("sample weights are {mean:.3e} on average: boosting's lambda counts in rows of weight 1"),
            ));
        }
    }
    notes
}

/// Fitted boosting.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Boosted {
    ensemble: Ensemble,
    start: Vec<f64>,
    answer: Answer,
    notes: Vec<Note>,
}

impl Boosted {
    /// The answer of sums over the trees, rows × outputs.
    fn said(&self, sums: Vec<f64>) -> Prediction {
        let (levels, present) = match &self.answer {
            Answer::Real { unit } => return Prediction::real(unit, sums),
            Answer::Class { levels, present } => (levels, present),
        };
        let mut probability = vec![0.0; sums.len() / self.start.len() * levels.len()];
        for (row, scores) in probability.chunks_exact_mut(levels.len()).zip(sums.chunks_exact(self.start.len())) {
            match present.as_slice() {
                [only] => row[*only as usize] = 1.0,
                [no, yes] => {
                    let p = sigmoid(scores[0]);
                    row[*no as usize] = 1.0 - p;
                    row[*yes as usize] = p;
                }
                _ => {
                    let mut shares = scores.to_vec();
                    soften(&mut shares);
                    present.iter().zip(&shares).for_each(|(&k, s)| row[k as usize] = *s);
                }
            }
        }
        Prediction::Class { levels: levels.clone(), probability }
    }
}

impl Model for Boosted {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        Ok(self.said(self.ensemble.sums(at, &self.start)?))
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        let sums = self.ensemble.sums_shuffled(at, &self.start, order, sets)?;
        Ok(sums.into_iter().map(|s| self.said(s)).collect())
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
    let sound =
        model.answer.sound() && model.start.len() == outputs && model.start.iter().all(|s| s.is_finite()) && model.ensemble.sound(outputs);
    if sound { Ok(Box::new(model)) } else { Err(damaged("boosting")) }
}
