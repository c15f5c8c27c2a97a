//! Gradient boosting on histograms: squared loss for numbers, logistic and multinomial loss for classes.
//!
//! On tables of many rows a sample of them, another one for each tree, says which features all rows look at (`screen`).

use esker_core::{
    Context, Contributions, Estimator, Inside, Model, Needs, Note, Parameter, Prediction, Result, Rng, Samples, Search, Settings, Targets,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::{self, Binned, MANY_ROWS, MOST_SORTED};
use super::ensemble::{Ensemble, damaged};
use super::grow::{Bounds, Grower, Use};
use super::node::Tree;
use super::route::{Route, send};
use super::screen::{Packed, Screened, Sums, pays};
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
        Parameter::integer(
            "screen_rows",
            65_536,
            0,
            i64::from(u32::MAX),
            "On tables of more than twice as many rows, so many of them, others for each tree, say which features of a node are promising; all \
             rows decide among those. 0 is no screening.",
        ),
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
    screen_rows: usize,
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
            screen_rows: match settings.integer("screen_rows") {
                0 => usize::MAX,
                rows => rows as usize,
            },
            bounds: Bounds { leaves: settings.integer("leaves") as usize, limits },
        }
    }

    /// All rounds of a loss from starting scores, one a lane. Lanes that are many rows together work side by side.
    fn rounds<const C: usize, L: Loss<C>>(
        &self,
        binned: &Binned,
        bounds: Bounds,
        start: &[f64],
        mut loss: L,
        cx: &Context,
    ) -> Result<(Vec<Tree>, Vec<Use>)>
    where
        Sums<C>: Packed<C>,
    {
        let (rows, features, count) = (binned.rows, binned.features(), start.len());
        let mut lanes: Vec<Lane<'_, C>> = start.iter().map(|&s| Lane::new(binned, bounds, s, self.screen_rows)).collect();
        let mut grown: Vec<Vec<Tree>> = Vec::with_capacity(self.trees);
        let all: Vec<u32> = (0..rows as u32).collect();
        for round in 0..self.trees {
            cx.check()?;
            loss.refresh(&lanes);
            let drawn = if self.rows < 1.0 { draw(rows, self.rows, &mut cx.rng.fork("rows", round as u64)) } else { Vec::new() };
            let drawn = if self.rows < 1.0 { &drawn } else { &all };
            let screen = window(drawn, self.screen_rows, round);
            let step = |(k, lane): (usize, &mut Lane<'_, C>)| {
                let mut rng = cx.rng.fork("columns", (round * count + k) as u64);
                let columns: Vec<usize> = draw(features, self.columns, &mut rng).into_iter().map(|f| f as usize).collect();
                lane.step(&Draw { all: drawn, screen, columns: &columns, rate: self.rate }, |row, score| loss.cell(k, row, score))
            };
            grown.push(if count > 1 && rows * count >= MANY_ROWS {
                lanes.par_iter_mut().enumerate().map(step).collect()
            } else {
                lanes.iter_mut().enumerate().map(step).collect()
            });
        }
        let mut uses = vec![Use::default(); features];
        for lane in lanes {
            for (sum, one) in uses.iter_mut().zip(lane.uses()) {
                sum.gain += one.gain;
                sum.splits += one.splits;
            }
        }
        Ok((grown.into_iter().flatten().collect(), uses))
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
        let mut known = Target::new(train, target)?;
        if known.rows.len() > MOST_SORTED.min(self.screen_rows) {
            // Any stretch of the rows is then a random sample of them.
            known.shuffle(&mut cx.rng.fork("order", 0));
        }
        let made = bins::shared(train, target, &known.rows, self.bins)?;
        let (bins, binned) = &*made;
        let weight = known.weight.as_deref();
        let (start, (trees, uses)) = match &known.values {
            Known::Real(y) => {
                let start = vec![mean(y, |i| known.weight_of(i))];
                let grown = match weight {
                    None => self.rounds(binned, self.bounds, &start, Squared { y }, cx)?,
                    Some(weight) => self.rounds(binned, self.bounds, &start, Weighted { y, weight }, cx)?,
                };
                (start, grown)
            }
            Known::Class(class) => {
                let (logs, bounds) = (log_shares(class, &known), self.bounds_of_classes());
                match logs.len() {
                    1 => (vec![0.0], (Vec::new(), vec![Use::default(); bins.len()])),
                    2 => {
                        let start = vec![logs[1] - logs[0]];
                        let grown = self.rounds(binned, bounds, &start, Logistic { class, weight }, cx)?;
                        (start, grown)
                    }
                    classes => {
                        let loss = Multinomial { class, weight, classes, shares: vec![0.0; binned.rows * classes] };
                        let grown = self.rounds(binned, bounds, &logs, loss, cx)?;
                        (logs, grown)
                    }
                }
            }
        };
        let lanes = start.len();
        let ensemble = Ensemble::new(bins.clone(), trees, lanes, 1, &uses);
        let notes = notes(&ensemble, &known);
        Ok(Box::new(Boosted { ensemble, start, answer: known.answer, notes }))
    }
}

/// What a loss says of a row, for a lane and its score there: the cell that histograms add up.
trait Loss<const C: usize>: Sync
where
    Sums<C>: Packed<C>,
{
    /// Looks at the scores of all lanes before a round.
    fn refresh(&mut self, _lanes: &[Lane<'_, C>]) {}

    /// Gradient and, where it is not 1, hessian, with the row counted.
    fn cell(&self, lane: usize, row: usize, score: f64) -> Cell<C>;
}

/// Squared loss.
struct Squared<'a> {
    y: &'a [f64],
}

impl Loss<2> for Squared<'_> {
    #[inline(always)]
    fn cell(&self, _: usize, row: usize, score: f64) -> Cell<2> {
        [score - self.y[row], 1.0]
    }
}

/// Squared loss of weighted rows.
struct Weighted<'a> {
    y: &'a [f64],
    weight: &'a [f64],
}

impl Loss<3> for Weighted<'_> {
    #[inline(always)]
    fn cell(&self, _: usize, row: usize, score: f64) -> Cell<3> {
        let w = self.weight[row];
        [w * (score - self.y[row]), w, 1.0]
    }
}

/// Logistic loss; `class` is 0 or 1, the score is the log odds of class 1.
struct Logistic<'a> {
    class: &'a [u32],
    weight: Option<&'a [f64]>,
}

impl Loss<3> for Logistic<'_> {
    #[inline(always)]
    fn cell(&self, _: usize, row: usize, score: f64) -> Cell<3> {
        let (p, w) = (sigmoid(score), self.weight.map_or(1.0, |w| w[row]));
        [w * (p - f64::from(self.class[row])), w * p * (1.0 - p), 1.0]
    }
}

/// Multinomial loss, one lane a class. The hessian is that of LightGBM, p (1 - p) K / (K - 1): the diagonal scaled for the one direction in
/// which all scores may move together.
struct Multinomial<'a> {
    class: &'a [u32],
    weight: Option<&'a [f64]>,
    classes: usize,
    /// Probabilities, rows × classes.
    shares: Vec<f64>,
}

impl Loss<3> for Multinomial<'_> {
    fn refresh(&mut self, lanes: &[Lane<'_, 3>]) {
        let classes = self.classes;
        let share = |(block, shares): (usize, &mut [f64])| {
            for (i, row) in shares.chunks_exact_mut(classes).enumerate() {
                row.iter_mut().zip(lanes.iter()).for_each(|(s, lane)| *s = lane.score[block * 1024 + i]);
                soften(row);
            }
        };
        if self.shares.len() >= MANY_ROWS {
            self.shares.par_chunks_mut(1024 * classes).enumerate().for_each(share);
        } else {
            self.shares.chunks_mut(1024 * classes).enumerate().for_each(share);
        }
    }

    #[inline(always)]
    fn cell(&self, lane: usize, row: usize, _: f64) -> Cell<3> {
        let scale = self.classes as f64 / (self.classes - 1) as f64;
        let (p, w) = (self.shares[row * self.classes + lane], self.weight.map_or(1.0, |w| w[row]));
        [w * (p - f64::from(u8::from(self.class[row] as usize == lane))), w * scale * p * (1.0 - p), 1.0]
    }
}

/// What a tree is grown on.
struct Draw<'a> {
    /// The rows drawn.
    all: &'a [u32],
    /// Those of them that screen features where there are many.
    screen: &'a [u32],
    columns: &'a [usize],
    rate: f64,
}

/// Rows that are worked on together.
const BLOCK: usize = 1 << 12;

/// How trees are grown.
enum Growth<'a, const C: usize>
where
    Sums<C>: Packed<C>,
{
    /// All rows look at all features.
    Whole(Box<Grower<'a, C>>),
    /// A sample says which features all rows look at.
    Screened(Box<Screened<'a, C>>),
}

/// Scores, gradients and the grower of one output.
struct Lane<'a, const C: usize>
where
    Sums<C>: Packed<C>,
{
    grower: Growth<'a, C>,
    sums: Vec<Cell<C>>,
    score: Vec<f64>,
    binned: &'a Binned,
}

impl<'a, const C: usize> Lane<'a, C>
where
    Sums<C>: Packed<C>,
{
    fn new(binned: &'a Binned, bounds: Bounds, start: f64, sample: usize) -> Self {
        let grower = if pays(binned.rows, binned.features(), sample) {
            Growth::Screened(Box::new(Screened::new(binned, bounds, sample as f64 / binned.rows as f64)))
        } else {
            Growth::Whole(Box::new(Grower::new(binned, bounds)))
        };
        Self { grower, sums: vec![[0.0; C]; binned.rows], score: vec![start; binned.rows], binned }
    }

    /// Grows a tree on the rows drawn and adds its answers to the scores of all rows.
    fn step(&mut self, draw: &Draw<'_>, cell: impl Fn(usize, f64) -> Cell<C> + Sync) -> Tree {
        let score = &self.score;
        let fill = |(block, sums): (usize, &mut [Cell<C>])| {
            sums.iter_mut().enumerate().for_each(|(i, sum)| *sum = cell(block * BLOCK + i, score[block * BLOCK + i]));
        };
        if score.len() >= MANY_ROWS {
            self.sums.par_chunks_mut(BLOCK).enumerate().for_each(fill);
        } else {
            self.sums.chunks_mut(BLOCK).enumerate().for_each(fill);
        }
        let tree = match &mut self.grower {
            Growth::Whole(grower) => grower.grow(&self.sums, draw.all, draw.columns, draw.rate),
            Growth::Screened(grower) => grower.grow(&self.sums, draw.all, draw.screen, draw.columns, draw.rate),
        };
        if let (Growth::Whole(grower), true) = (&self.grower, draw.all.len() == self.score.len()) {
            for (rows, value) in grower.stretches().zip(tree.values()) {
                for &row in rows {
                    self.score[row as usize] += value;
                }
            }
            return tree;
        }
        self.answer(&tree);
        tree
    }

    /// Adds a tree's answers to all scores.
    fn answer(&mut self, tree: &Tree) {
        let binned = self.binned;
        let Some(route) = Route::new(tree) else {
            let add = |(row, score): (usize, &mut f64)| *score += tree.values()[tree.leaf(|f| binned.column(f)[row])];
            self.score.par_iter_mut().enumerate().with_min_len(BLOCK).for_each(add);
            return;
        };
        let values = route.values(tree.values());
        let add = |(block, scores): (usize, &mut [f64])| {
            let (first, count) = (block * BLOCK, scores.len());
            let mut leaves = [0; BLOCK];
            send(&route, &mut leaves[..count], |f| &binned.column(f)[first..first + count]);
            scores.iter_mut().zip(&leaves).for_each(|(score, &leaf)| *score += values[usize::from(leaf)]);
        };
        if self.score.len() >= MANY_ROWS {
            self.score.par_chunks_mut(BLOCK).enumerate().for_each(add);
        } else {
            self.score.chunks_mut(BLOCK).enumerate().for_each(add);
        }
    }

    fn uses(&self) -> &[Use] {
        match &self.grower {
            Growth::Whole(grower) => &grower.uses,
            Growth::Screened(grower) => &grower.uses,
        }
    }
}

/// At most so many of the rows drawn, others in each round: the table is in random order where it has more.
fn window(drawn: &[u32], most: usize, round: usize) -> &[u32] {
    let n = drawn.len();
    if n <= most {
        return drawn;
    }
    let (windows, size) = (n.div_ceil(most), most.min(n));
    let start = (round % windows) * (n - size) / (windows - 1).max(1);
    &drawn[start..start + size]
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

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        self.ensemble.contributions(at, &self.start, 1.0).map(Some)
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
