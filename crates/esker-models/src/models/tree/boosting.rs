//! Gradient boosting on histograms, for numbers and classes.

use std::sync::Arc;

use esker_core::{Context, Error, Estimator, Model, Needs, Note, Parameter, Result, Samples, Search, Settings, Targets, Watch};

use super::bins::{self, MOST_SORTED};
use super::boosted::{Boosted, read, said};
use super::bundle::Table;
use super::ensemble::Ensemble;
use super::grow::{Bounds, Use};
use super::loss::{CustomLoss, Link, Logistic, Multinomial, Numbers, Several, Shape};
use super::node::Tree;
use super::rounds::{Followed, Grown, Rounds, Seen};
use super::rules::Rules;
use super::split::{Limits, SMOOTHING};
use super::target::{Known, Target};

/// What it is, for the reference page and the methods paragraph.
pub const DOC: &str = "Gradient boosting: a sum of small trees, each fitted to what the ones before left over (Friedman 2001, \
     doi 10.1214/aos/1013203451), grown leaf by leaf on histograms (Ke et al. 2017). Missing values go to the side that \
     fits better, classes need no encoding.";

/// Losses by their names in the recipe.
const LOSSES: &[&str] = &["automatic", "squared", "absolute", "huber", "quantile", "poisson", "gamma", "tweedie"];

/// Parameters, defaults and search spaces.
pub fn parameters() -> Vec<Parameter> {
    let mut all = growth_parameters();
    all.extend(loss_parameters());
    all.extend([
        Parameter::choice(
            "spread",
            &["none", "quantiles"],
            "What goes with an answer of numbers: nothing, or an interval for new rows between two quantiles that are fitted beside it.",
        ),
        Parameter::real("level", 0.9, 0.5, 0.998, "Of spread quantiles: the share of new rows that the interval is to cover."),
        Parameter::text("rising", "Features, with commas between, with which the answer never falls (all others held)."),
        Parameter::text("falling", "Features, with commas between, with which the answer never rises."),
        Parameter::text(
            "together",
            "Groups of features that may act together in a tree: commas within a group, semicolons between groups; others act alone. Empty is all.",
        ),
        Parameter::text("lowest", "The lowest answer that is physically possible, in the target's unit; lower ones become it."),
        Parameter::text("highest", "The highest answer that is physically possible, in the target's unit; higher ones become it."),
        bins::parameter(),
    ]);
    all
}

fn growth_parameters() -> Vec<Parameter> {
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
        Parameter::integer("depth", 0, 0, 64, "Deepest leaf; 0 is no limit."),
        Parameter::choice("grow", &["leaf", "level"], "Which leaf is split next: the one that gains most, or the shallowest."),
        Parameter::integer("min_leaf", 20, 1, 1_000_000, "Fewest training rows in a leaf.").tuned(Search::LogInteger(5, 100)),
        Parameter::real(
            "min_weight",
            1e-3,
            0.0,
            1e9,
            "Smallest sum of the loss's second derivatives in a leaf: rows times weight for squared loss, p (1 - p) for classes.",
        ),
        Parameter::real(
            "lambda",
            1.0,
            0.0,
            1e9,
            "L2 penalty on leaf values, in rows of weight 1; weights far from 1 call for another value.",
        )
        .tuned(Search::LogUniform(1e-2, 30.0)),
        Parameter::real("alpha", 0.0, 0.0, 1e9, "L1 penalty on leaf values, in the units of the loss's first derivative."),
        Parameter::real("columns", 1.0, 0.01, 1.0, "Share of the features, drawn anew for each tree, that it may use.")
            .tuned(Search::Uniform(0.3, 1.0)),
        Parameter::integer(
            "most_rows",
            131_072,
            0,
            i64::from(u32::MAX),
            "On tables of more rows, each round learns from so many, others in the next (stochastic gradient boosting, Friedman 2002); 0 is all.",
        ),
        Parameter::real("rows", 1.0, 0.01, 1.0, "Share of the training rows, drawn anew for each round, that it learns from.")
            .tuned(Search::Uniform(0.5, 1.0)),
    ]
}

fn loss_parameters() -> Vec<Parameter> {
    vec![
        Parameter::choice(
            "loss",
            LOSSES,
            "What is made small: squared error for numbers, log loss for classes (automatic), or for numbers absolute error (medians), Huber's loss \
             (few outliers), a quantile, or the deviance of counts (poisson), of positive amounts (gamma) or of amounts with zeros (tweedie).",
        ),
        Parameter::real("quantile", 0.5, 0.001, 0.999, "Of loss quantile: the share of the target's values that lie below the answer."),
        Parameter::real(
            "huber",
            0.9,
            0.1,
            0.999,
            "Of loss huber: the share of the rows whose error counts squared; larger errors count as they are.",
        ),
        Parameter::real("power", 1.5, 1.01, 1.99, "Of loss tweedie: the variance is in proportion to the mean to this power."),
    ]
}

/// Gradient boosting, unfitted.
#[derive(Clone)]
pub struct Boosting {
    trees: usize,
    bins: usize,
    rate: f64,
    columns: f64,
    rows: f64,
    most_rows: usize,
    bounds: Bounds,
    shape: Option<Shape>,
    loss: String,
    level: Option<f64>,
    rules: [String; 3],
    range: [String; 2],
    /// What it goes on from.
    earlier: Option<Arc<Boosted>>,
}

impl Boosting {
    /// Boosting with these settings, which follow [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        let limits = Limits {
            min_leaf: settings.integer("min_leaf") as f64,
            min_hessian: settings.real("min_weight"),
            lambda: settings.real("lambda"),
            smoothing: SMOOTHING,
        };
        let depth = match settings.integer("depth") {
            0 => usize::MAX,
            depth => depth as usize,
        };
        let bounds = Bounds {
            leaves: settings.integer("leaves") as usize,
            depth,
            by_level: settings.text("grow") == "level",
            limits,
            alpha: settings.real("alpha"),
        };
        let shape = match settings.text("loss") {
            "squared" => Some(Shape::Squared),
            "absolute" => Some(Shape::Absolute),
            "huber" => Some(Shape::Huber(settings.real("huber"))),
            "quantile" => Some(Shape::Quantile(settings.real("quantile"))),
            "poisson" => Some(Shape::Poisson),
            "gamma" => Some(Shape::Gamma),
            "tweedie" => Some(Shape::Tweedie(settings.real("power"))),
            _ => None,
        };
        Self {
            trees: settings.integer("trees") as usize,
            bins: settings.integer("bins") as usize,
            rate: settings.real("rate"),
            columns: settings.real("columns"),
            rows: settings.real("rows"),
            most_rows: match settings.integer("most_rows") {
                0 => usize::MAX,
                rows => rows as usize,
            },
            bounds,
            shape,
            loss: settings.text("loss").to_owned(),
            level: (settings.text("spread") == "quantiles").then(|| settings.real("level")),
            rules: ["rising", "falling", "together"].map(|name| settings.text(name).to_owned()),
            range: ["lowest", "highest"].map(|name| settings.text(name).to_owned()),
            earlier: None,
        }
    }

    /// The same boosting that goes on from a fitted one (its saved bytes) until it has as many trees as the settings say: a warm start. On the
    /// same rows and settings its answers are bit for bit those of one fitted at once; on other rows the first trees and the bins stay as they are.
    ///
    /// # Errors
    /// Bytes that are no fitted boosting, or one that has as many trees already.
    pub fn from_earlier(mut self, bytes: &[u8]) -> Result<Self> {
        let earlier = read(bytes)?;
        let rounds = earlier.ensemble.trees() / earlier.start.len().max(1);
        if rounds >= self.trees {
            return Err(Error::recipe("'trees'")
                .got(self.trees.to_string())
                .rule(format!("the model to go on from has {rounds} rounds of trees already"))
                .hint("trees is the number of rounds in all"));
        }
        self.earlier = Some(Arc::new(earlier));
        Ok(self)
    }

    /// Refuses to go on from a model of another target or loss.
    fn fits_earlier(&self, earlier: &Boosted, known: &Target, link: Link) -> Result<()> {
        let unlike = |what: &str| {
            Err(Error::model("the model to go on from").got(what).rule("target, classes, loss and spread are those of the new fit"))
        };
        match () {
            () if earlier.answer != known.answer => unlike("another target, unit or set of classes"),
            () if earlier.link != link || earlier.level != self.level => unlike("another loss or spread"),
            () => Ok(()),
        }
    }

    /// The same boosting with a loss of the user's own, for targets of numbers.
    #[must_use]
    pub fn with_loss(mut self, loss: Arc<dyn CustomLoss>) -> Self {
        (self.shape, self.loss) = (Some(Shape::Custom(loss)), "custom".to_owned());
        self
    }

    /// The answers that are physically possible.
    fn range(&self) -> Result<(f64, f64)> {
        let number = |name: &str, text: &str, free: f64| -> Result<f64> {
            let text = text.trim();
            if text.is_empty() {
                return Ok(free);
            }
            let fail = || Error::recipe(format!("'{name}'")).got(format!("'{text}'")).rule("a number in quotes is wanted, or nothing");
            text.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(fail)
        };
        let (low, high) = (number("lowest", &self.range[0], f64::NEG_INFINITY)?, number("highest", &self.range[1], f64::INFINITY)?);
        if low >= high {
            return Err(Error::recipe("'lowest'").got(format!("{low}")).rule(format!("it must lie below 'highest', which is {high}")));
        }
        Ok((low, high))
    }

    fn learn(&self, train: &Samples, target: &str, watch: Option<&mut dyn Watch>, cx: &Context) -> Result<Box<dyn Model>> {
        let mut known = Target::new(train, target)?;
        if known.rows.len() > MOST_SORTED.min(self.most_rows) {
            // Any stretch of the rows is then a random sample of them, for bins and for rounds.
            known.shuffle(&mut cx.rng.fork("order", 0));
        }
        let range = self.range()?;
        if self.level.is_some() && self.shape.as_ref().is_some_and(|s| s.link() == Link::Log) {
            return Err(Error::recipe("'spread'")
                .got(format!("'quantiles' with loss '{}'", self.loss))
                .rule("intervals go with losses whose answer is the score itself"));
        }
        let link = self.shape.as_ref().map_or(Link::Identity, Shape::link);
        let made = match &self.earlier {
            Some(earlier) => {
                self.fits_earlier(earlier, &known, link)?;
                let bins = earlier.ensemble.bins().clone();
                let table = Table::new(bins.encode(train, &known.rows)?);
                Arc::new((bins, table))
            }
            None => bins::shared(train, target, &known.rows, self.bins, Table::new)?,
        };
        let (bins, table) = &*made;
        let names: Vec<&str> = (0..bins.len()).map(|f| bins.name(f)).collect();
        let class: Vec<bool> = (0..bins.len()).map(|f| bins.is_class(f)).collect();
        let rules = Rules::new(&self.rules[0], &self.rules[1], &self.rules[2], &names, &class)?;
        let start = match &self.earlier {
            Some(earlier) => earlier.start.clone(),
            None => self.start(&known)?,
        };
        let scores = match &self.earlier {
            Some(earlier) => Followed::new(bins, &train.select(&known.rows), &start)?.through(earlier.ensemble.list()).scores,
            None => start.iter().map(|&s| vec![s; known.rows.len()]).collect(),
        };
        let old = self.earlier.as_ref().map_or(&[][..], |earlier| earlier.ensemble.list());
        let mut followed = match &watch {
            Some(watch) => Some(Followed::new(bins, watch.rows(), &start)?.through(old)),
            None => None,
        };
        let mut watch = watch;
        let mut seen = |round: usize, trees: &[Tree]| match (&mut watch, &mut followed) {
            (Some(watch), Some(followed)) => {
                followed.add(trees);
                let rows = followed.scores.first().map_or(0, Vec::len);
                let scores = (0..rows).flat_map(|r| followed.scores.iter().map(move |s| s[r])).collect();
                watch.see(round + 1, &said(scores, start.len(), (link, range, self.level), &known.answer))
            }
            _ => Ok(true),
        };
        let done = old.len() / start.len().max(1);
        let (mut trees, mut uses) = self.rounds(&known, table, (done, scores), &rules, &mut seen, cx)?;
        if let Some(earlier) = &self.earlier {
            trees.splice(0..0, old.iter().cloned());
            earlier.ensemble.add_uses(&mut uses);
        }
        let bins = bins.clone();
        drop(made);
        let ensemble = Ensemble::new(bins, trees, start.len(), 1, &uses);
        let notes = notes(&ensemble, &known);
        Ok(Box::new(Boosted { ensemble, start, link, range, level: self.level, answer: known.answer, notes }))
    }

    /// The losses of a target of numbers, one a lane: that of the answer, and those of the ends of its interval.
    fn shapes(&self) -> Vec<Shape> {
        let mut shapes = vec![self.shape.clone().unwrap_or(Shape::Squared)];
        shapes.extend(self.level.into_iter().flat_map(|level| [0.5 - 0.5 * level, 0.5 + 0.5 * level]).map(Shape::Quantile));
        shapes
    }

    /// The scores before the first tree.
    fn start(&self, known: &Target) -> Result<Vec<f64>> {
        match (&known.values, &self.shape) {
            (Known::Real(y), _) => self.shapes().iter().map(|shape| shape.start(y, known.weight.as_deref())).collect(),
            (Known::Class(_), _) if self.level.is_some() => Err(Error::recipe("'spread'")
                .got("'quantiles'")
                .rule("the target holds classes, whose probabilities say how sure they are")),
            (Known::Class(_), Some(_)) => Err(Error::recipe("'loss'")
                .got(format!("'{}'", self.loss))
                .rule("it is made for numbers, and the target holds classes")
                .hint("leave loss out: classes are fitted by log loss")),
            (Known::Class(class), None) => Ok(match log_shares(class, known).as_slice() {
                [_] => vec![0.0],
                [no, yes] => vec![yes - no],
                many => many.to_vec(),
            }),
        }
    }

    fn rounds(
        &self,
        known: &Target,
        table: &Table,
        from: (usize, Vec<Vec<f64>>),
        rules: &Rules,
        seen: &mut Seen<'_>,
        cx: &Context,
    ) -> Result<Grown> {
        let Self { trees, rate, columns, rows, most_rows, bounds, .. } = *self;
        let rounds = Rounds { trees, rate, columns, rows, most_rows, bounds, rules };
        let weight = known.weight.as_deref();
        match &known.values {
            Known::Real(y) => {
                let shapes = self.shapes();
                let flat = weight.is_none() && shapes.iter().all(Shape::flat);
                let losses = Several(shapes.into_iter().map(|shape| Numbers::new(y, weight, shape)).collect());
                if flat { rounds.run::<1>(table, from, losses, seen, cx) } else { rounds.run::<2>(table, from, losses, seen, cx) }
            }
            Known::Class(class) => match known.classes() {
                1 => Ok((Vec::new(), vec![Use::default(); table.features()])),
                2 => rounds.run::<2>(table, from, Logistic { class, weight }, seen, cx),
                classes => rounds.run::<2>(table, from, Multinomial::new(class, weight, classes), seen, cx),
            },
        }
    }
}

impl Estimator for Boosting {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: false, numeric: false, scaled: false, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        self.learn(train, target, None, cx)
    }

    fn steps(&self) -> Option<&'static str> {
        Some("trees")
    }

    fn fit_watched(&self, train: &Samples, target: &str, watch: &mut dyn Watch, cx: &Context) -> Result<Box<dyn Model>> {
        self.learn(train, target, Some(watch), cx)
    }
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
