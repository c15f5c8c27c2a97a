//! Random forest on histograms: trees on bootstrap samples, averaged.

use esker_core::{Context, Error, Estimator, Model, Needs, Note, Parameter, Result, Samples, Search, Settings, Targets};
use rayon::prelude::*;

use super::bag::{Bag, Growth};
use super::bins::{self, Binned, MOST_SORTED};
use super::ensemble::Ensemble;
use super::grow::Use;
use super::grown::Grown;
use super::measure::{Classes, Item, Measure, Numbers};
use super::node::Tree;
use super::resample::Resample;
use super::spread::Sure;
use super::target::{Answer, Known, Target, mean};

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
        Parameter::choice(
            "cuts",
            &["best", "random"],
            "The best cut of each feature tried, or one at random, which makes extremely randomised trees (Geurts, Ernst and Wehenkel 2006).",
        ),
        Parameter::choice(
            "draw",
            &["rows", "groups", "none"],
            "What each tree draws with replacement: rows, whole groups (where rows of a group resemble each other), or nothing.",
        ),
        Parameter::choice(
            "class_weight",
            &["none", "balanced"],
            "Balanced gives every class the same weight in all, however few its rows.",
        ),
        Parameter::flag("out_of_bag", false, "Whether each row is predicted by the trees that did not draw it, and their score noted."),
        Parameter::choice(
            "spread",
            &["none", "jackknife", "quantiles"],
            "What goes with an answer of numbers: nothing; the standard deviation of the forest's mean by the infinitesimal jackknife (without the \
             noise of single rows; Wager, Hastie and Efron 2014); or an interval for new rows from the targets in the leaves (Meinshausen 2006).",
        ),
        Parameter::real("level", 0.9, 0.5, 0.999, "Of spread quantiles: the share of new rows that the interval is to cover."),
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
    random: bool,
    draw: String,
    balanced: bool,
    out_of_bag: bool,
    spread: String,
    level: f64,
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
            random: settings.text("cuts") == "random",
            draw: settings.text("draw").to_owned(),
            balanced: settings.text("class_weight") == "balanced",
            out_of_bag: settings.flag("out_of_bag"),
            spread: settings.text("spread").to_owned(),
            level: settings.real("level"),
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
        Growth { depth, min_leaf: min_leaf as f64, tried: (tried as usize).max(1), random: self.random }
    }

    /// All trees, each from its own random stream, in order.
    fn plant<M: Measure>(
        &self,
        binned: &Binned,
        measure: &M,
        growth: Growth,
        resample: &Resample,
        cx: &Context,
        item: impl Fn(u32, f64) -> Item<M::Target> + Sync,
    ) -> Result<(Vec<Tree>, Vec<Use>)> {
        let grow = |(bag, count): &mut (Bag<M>, Vec<u32>), tree: usize| {
            cx.check()?;
            let mut rng = cx.rng.fork("tree", tree as u64);
            resample.draw(count, &mut rng);
            let times = |row: usize| resample.times(count, row);
            let drawn = (0..binned.rows).filter(|&row| times(row) > 0).map(|row| item(row as u32, f64::from(times(row))));
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

    /// Weights that give each class the same weight in all.
    fn balance(known: &mut Target) -> Result<()> {
        let Known::Class(class) = &known.values else {
            return Err(Error::recipe("'class_weight'").got("'balanced'").rule("the target holds numbers, which have no classes"));
        };
        let mut sums = vec![0.0; known.classes()];
        class.iter().enumerate().for_each(|(i, &k)| sums[k as usize] += known.weight_of(i));
        let share = sums.iter().sum::<f64>() / sums.len() as f64;
        known.weight = Some(class.iter().enumerate().map(|(i, &k)| known.weight_of(i) * share / sums[k as usize]).collect());
        Ok(())
    }

    /// The sums over the trees that did not draw a row, rows × `width`, and their number.
    fn outside(&self, binned: &Binned, trees: &[Tree], width: usize, resample: &Resample, cx: &Context) -> Result<(Vec<f64>, Vec<u32>)> {
        let (mut sums, mut number) = (vec![0.0; binned.rows * width], vec![0; binned.rows]);
        let mut count = Vec::new();
        for (t, tree) in trees.iter().enumerate() {
            cx.check()?;
            resample.draw(&mut count, &mut cx.rng.fork("tree", t as u64));
            let add = |(row, (sums, number)): (usize, (&mut [f64], &mut u32))| {
                if resample.times(&count, row) == 0 {
                    let leaf = tree.leaf(|f| binned.column(f)[row]) * width;
                    sums.iter_mut().zip(&tree.values()[leaf..leaf + width]).for_each(|(s, v)| *s += v);
                    *number += 1;
                }
            };
            sums.par_chunks_mut(width).zip(&mut number).enumerate().with_min_len(1024).for_each(add);
        }
        Ok((sums, number))
    }

    /// How well rows are predicted by the trees that did not draw them.
    fn out_of_bag(&self, known: &Target, centre: f64, (sums, number): &(Vec<f64>, Vec<u32>)) -> Note {
        let rows: Vec<usize> = (0..number.len()).filter(|&r| number[r] > 0).collect();
        let total: f64 = rows.iter().map(|&r| known.weight_of(r)).sum();
        let mean = |of: &dyn Fn(usize) -> f64| rows.iter().map(|&r| known.weight_of(r) * of(r)).sum::<f64>() / total;
        let score = match (&known.values, &known.answer) {
            (Known::Real(y), Answer::Real { unit }) => {
                let error = mean(&|r| (centre + sums[r] / f64::from(number[r]) - y[r]).powi(2)).sqrt();
                let (middle, unit) = (mean(&|r| y[r]), unit.to_string());
                let all = mean(&|r| (y[r] - middle).powi(2)).sqrt();
                format!("a root mean square error of {error:.4} {unit} (the mean alone: {all:.4} {unit})")
                    .replace(" )", ")")
                    .replace("  ", " ")
            }
            (Known::Class(class), _) => {
                let width = known.classes();
                let top = |r: usize| (0..width).fold(0, |a, b| if sums[r * width + b] > sums[r * width + a] { b } else { a });
                let right = mean(&|r| f64::from(u8::from(top(r) == class[r] as usize)));
                format!("{:.1} % of the classes right", 100.0 * right)
            }
            _ => String::new(),
        };
        let what = if self.draw == "groups" { "groups" } else { "rows" };
        Note::info(
            "out-of-bag",
            format!(
                "out of bag, on {} of {} rows, the forest has {score}; each tree left out {what} at random, which imitates new {what} like these",
                rows.len(),
                number.len()
            ),
        )
    }
}

impl Estimator for Forest {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: false, numeric: false, scaled: false, group: self.draw == "groups" }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let mut known = Target::new(train, target)?;
        if known.rows.len() > MOST_SORTED {
            // The first rows tell of all where bins are made.
            known.shuffle(&mut cx.rng.fork("order", 0));
        }
        if self.balanced {
            Self::balance(&mut known)?;
        }
        let resample = Resample::new(&self.draw, train, &known.rows)?;
        let made = bins::shared(train, target, &known.rows, self.bins, |binned| binned)?;
        let (bins, binned) = &*made;
        let growth = self.growth(bins.len(), known.classes() > 0);
        let weight = |row: u32, times: f64| known.weight_of(row as usize) * times;
        let (centre, width, (trees, uses)) = match &known.values {
            Known::Real(y) => {
                let centre = mean(y, |i| known.weight_of(i));
                // Targets as differences from their mean: sums stay small and a constant stays exact.
                let item = |row: u32, times| Item { row, weight: weight(row, times), target: y[row as usize] - centre };
                (centre, 1, self.plant(binned, &Numbers, growth, &resample, cx, item)?)
            }
            Known::Class(class) => {
                let item = |row: u32, times| Item { row, weight: weight(row, times), target: class[row as usize] };
                let measure = Classes(known.classes());
                (0.0, known.classes(), self.plant(binned, &measure, growth, &resample, cx, item)?)
            }
        };
        let mut notes = Vec::new();
        if self.out_of_bag {
            notes.push(self.out_of_bag(&known, centre, &self.outside(binned, &trees, width, &resample, cx)?));
        }
        let sure = match (&known.values, self.spread.as_str()) {
            (_, "none") => Sure::Unknown,
            (Known::Class(_), spread) => {
                return Err(Error::recipe("'spread'")
                    .got(format!("'{spread}'"))
                    .rule("the target holds classes, whose probabilities say how sure they are"));
            }
            (Known::Real(_), "jackknife") => Sure::jackknife(trees.len(), &resample, &cx.rng)?,
            (Known::Real(y), _) => Sure::quantiles(self.level, y, binned, &trees, &resample, &cx.rng)?,
        };
        let ensemble = Ensemble::new(bins.clone(), trees, 1, width, &uses);
        if ensemble.is_flat() {
            let rows = known.rows.len();
            notes.push(Note::warning("no-splits", format!("the forest found no split on {rows} training rows: it predicts a constant")));
        }
        Ok(Box::new(Grown { ensemble, centre, answer: known.answer, sure, notes }))
    }
}
