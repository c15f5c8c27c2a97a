//! Random forest on histograms: trees on bootstrap samples, averaged.

use esker_core::{
    Context, Contributions, Estimator, Inside, Model, Needs, Note, Parameter, Prediction, Result, Rng, Samples, Search, Settings, Targets,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bag::{Bag, Growth};
use super::bins::{self, Binned, MOST_SORTED};
use super::ensemble::{Ensemble, damaged};
use super::grow::Use;
use super::measure::{Classes, Item, Measure, Numbers};
use super::node::Tree;
use super::target::{Answer, Known, Target, mean};
use crate::store;

/// What it is, for the reference page and the methods paragraph.
pub const DOC: &str = "Random forest: the mean of deep trees, each grown on rows drawn with replacement and trying a few features \
     at each node (Breiman 2001, doi 10.1023/A:1010933404324), on histograms. Missing values go to the side that fits \
     better, classes need no encoding.";

/// Parameters, defaults and search spaces.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("trees", 200, 1, 5000, "Number of trees; more never fit worse, they only take longer."),
        Parameter::real(
            "columns",
            0.0,
            0.0,
            1.0,
            "Share of the features tried at each node; 0 is automatic: a third for numbers, the square root of their number for classes.",
        )
        .tuned(Search::Uniform(0.1, 1.0)),
        Parameter::integer(
            "min_leaf",
            0,
            0,
            1_000_000,
            "Fewest distinct training rows in a leaf; 0 is automatic: 5 for numbers, 1 for classes.",
        )
        .tuned(Search::LogInteger(1, 30)),
        Parameter::integer("depth", 0, 0, 64, "Deepest leaf; 0 is as deep as the rows allow."),
        bins::parameter(),
    ]
}

/// Random forest, unfitted.
#[derive(Debug, Clone)]
pub struct Forest {
    trees: usize,
    bins: usize,
    columns: f64,
    min_leaf: usize,
    depth: usize,
}

impl Forest {
    /// A forest with these settings, which follow [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        Self {
            trees: settings.integer("trees") as usize,
            bins: settings.integer("bins") as usize,
            columns: settings.real("columns"),
            min_leaf: settings.integer("min_leaf") as usize,
            depth: settings.integer("depth") as usize,
        }
    }

    fn growth(&self, features: usize, classes: bool) -> Growth {
        let p = features as f64;
        let tried = match (self.columns, classes) {
            (0.0, false) => (p / 3.0).floor(),
            (0.0, true) => p.sqrt().floor(),
            (share, _) => (share * p).round(),
        };
        let min_leaf = match (self.min_leaf, classes) {
            (0, false) => 5,
            (0, true) => 1,
            (rows, _) => rows,
        };
        let depth = if self.depth == 0 { usize::MAX } else { self.depth };
        Growth { depth, min_leaf: min_leaf as f64, tried: (tried as usize).max(1) }
    }

    /// All trees, each from its own random stream, in order.
    fn plant<M: Measure>(
        &self,
        binned: &Binned,
        measure: &M,
        growth: Growth,
        cx: &Context,
        item: impl Fn(u32, f64) -> Item<M::Target> + Sync,
    ) -> Result<(Vec<Tree>, Vec<Use>)> {
        let grow = |(bag, count): &mut (Bag<M>, Vec<u32>), tree: usize| {
            cx.check()?;
            let mut rng = cx.rng.fork("tree", tree as u64);
            bootstrap(count, binned.rows, &mut rng);
            let drawn = count.iter().enumerate().filter(|c| *c.1 > 0).map(|(row, &n)| item(row as u32, f64::from(n)));
            let mut uses = vec![Use::default(); binned.features()];
            let tree = bag.grow(drawn, &mut rng, &mut uses);
            Ok((tree, uses))
        };
        let fresh = || (Bag::new(binned, measure, growth), Vec::new());
        let grown: Vec<(Tree, Vec<Use>)> = (0..self.trees).into_par_iter().map_init(fresh, grow).collect::<Result<_>>()?;
        let mut total = vec![Use::default(); binned.features()];
        let mut trees = Vec::with_capacity(grown.len());
        for (tree, uses) in grown {
            trees.push(tree);
            for (sum, one) in total.iter_mut().zip(uses) {
                sum.gain += one.gain;
                sum.splits += one.splits;
            }
        }
        Ok((trees, total))
    }
}

/// How often each row is drawn in as many draws as there are rows.
fn bootstrap(count: &mut Vec<u32>, rows: usize, rng: &mut Rng) {
    count.clear();
    count.resize(rows, 0);
    for _ in 0..rows {
        count[rng.below(rows)] += 1;
    }
}

impl Estimator for Forest {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: false, numeric: false, scaled: false, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let mut known = Target::new(train, target)?;
        if known.rows.len() > MOST_SORTED {
            // The first rows tell of all where bins are made.
            known.shuffle(&mut cx.rng.fork("order", 0));
        }
        let made = bins::shared(train, target, &known.rows, self.bins)?;
        let (bins, binned) = &*made;
        let growth = self.growth(bins.len(), known.classes() > 0);
        let weight = |row: u32, times: f64| known.weight_of(row as usize) * times;
        let (centre, width, (trees, uses)) = match &known.values {
            Known::Real(y) => {
                let centre = mean(y, |i| known.weight_of(i));
                // Targets as differences from their mean: sums stay small and a constant stays exact.
                let item = |row: u32, times| Item { row, weight: weight(row, times), target: y[row as usize] - centre };
                (centre, 1, self.plant(binned, &Numbers, growth, cx, item)?)
            }
            Known::Class(class) => {
                let item = |row: u32, times| Item { row, weight: weight(row, times), target: class[row as usize] };
                let measure = Classes(known.classes());
                (0.0, known.classes(), self.plant(binned, &measure, growth, cx, item)?)
            }
        };
        let ensemble = Ensemble::new(bins.clone(), trees, 1, width, &uses);
        let mut notes = Vec::new();
        if ensemble.is_flat() {
            let rows = known.rows.len();
            notes.push(Note::warning("no-splits", format!("the forest found no split on {rows} training rows: it predicts a constant")));
        }
        Ok(Box::new(Grown { ensemble, centre, answer: known.answer, notes }))
    }
}

/// A fitted forest. Leaves hold differences from `centre`, or class shares.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Grown {
    ensemble: Ensemble,
    centre: f64,
    answer: Answer,
    notes: Vec<Note>,
}

impl Grown {
    /// The answer of sums over the trees, rows × outputs.
    fn said(&self, mut sums: Vec<f64>) -> Prediction {
        match &self.answer {
            Answer::Real { unit } => {
                let trees = self.ensemble.trees() as f64;
                sums.iter_mut().for_each(|s| *s = self.centre + *s / trees);
                Prediction::real(unit, sums)
            }
            Answer::Class { levels, present } => {
                let outputs = self.ensemble.outputs();
                let mut probability = vec![0.0; sums.len() / outputs * levels.len()];
                for (row, sums) in probability.chunks_exact_mut(levels.len()).zip(sums.chunks_exact(outputs)) {
                    let total: f64 = sums.iter().sum();
                    present.iter().zip(sums).for_each(|(&k, s)| row[k as usize] = s / total);
                }
                Prediction::Class { levels: levels.clone(), probability }
            }
        }
    }
}

impl Model for Grown {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        Ok(self.said(self.ensemble.sums(at, &vec![0.0; self.ensemble.outputs()])?))
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        let sums = self.ensemble.sums_shuffled(at, &vec![0.0; self.ensemble.outputs()], order, sets)?;
        Ok(sums.into_iter().map(|s| self.said(s)).collect())
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        let start = vec![self.centre; self.ensemble.outputs()];
        self.ensemble.contributions(at, &start, 1.0 / self.ensemble.trees() as f64).map(Some)
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

/// A fitted forest from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let model: Grown = store::load("forest", bytes)?;
    let outputs = match &model.answer {
        Answer::Real { .. } => 1,
        Answer::Class { present, .. } => present.len(),
    };
    let sound = model.answer.sound() && model.centre.is_finite() && model.ensemble.trees() > 0 && model.ensemble.sound(outputs);
    if sound { Ok(Box::new(model)) } else { Err(damaged("forest")) }
}
