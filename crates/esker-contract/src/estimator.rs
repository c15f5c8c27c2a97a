//! The suite of estimators and their models.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use esker_core::{
    Codes, Column, Context, Estimator, Fault, Model, Prediction, Result, Samples, Silent, Support, Targets, Values, shuffled_one_by_one,
};

use crate::data::{self, Shape, TARGET};
use crate::laws::{Laws, judge};
use crate::same::{assert_bits, assert_sound, difference, numbers};
use crate::{edges, hostile};

/// Makes the estimator under test, always with the same settings.
pub type MakeEstimator<'a> = &'a dyn Fn() -> Box<dyn Estimator>;

/// Loads a model from the bytes it saved.
pub(crate) type LoadModel<'a> = &'a dyn Fn(&[u8]) -> Result<Box<dyn Model>>;

/// Runs every law of [`Estimator`] and [`Model`] on small data sets of each kind of target that it takes.
///
/// * the same samples and seed give the same bits, on one thread and on two;
/// * the order of columns does not matter, bit for bit; that of rows as `laws` says;
/// * a weight of 2 is the row twice, as `laws` says;
/// * predictions of some rows are some rows of the predictions; further columns, the target among them, are ignored;
/// * features taken from other rows change the answers as samples built so would, bit for bit;
/// * a saved model is the model, bit for bit; damaged bytes never panic or hang;
/// * a missing feature, a feature of another type and an unseen class are refused;
/// * predictions are finite, in the target's unit, probabilities sum to 1, also on tiny and degenerate samples;
/// * a stopped context stops the work with [`Fault::Cancelled`], or the work is already done.
///
/// # Panics
/// With the law that was broken.
pub fn estimator(name: &str, laws: Laws, make: MakeEstimator, load: LoadModel) {
    let needs = make().needs();
    let shape = Shape::of(needs);
    let (mut order, mut double) = (Vec::new(), Vec::new());
    for (kind, samples) in sets(needs.target, shape) {
        let on = format!("{name} on {kind}");
        let case = Case::new(&on, make, load, samples);
        case.same_bits();
        case.threads();
        case.columns();
        case.subset();
        case.shuffled();
        case.sound();
        case.no_worse_than_the_mean();
        case.saved();
        case.refusals(shape);
        case.stopped();
        order.push((kind.to_owned(), case.row_order()));
        double.push((kind.to_owned(), case.doubled_weight()));
        edges::estimator(&on, make, &case.samples);
    }
    judge(name, laws.row_order, "the order of training rows does not matter", &order);
    judge(name, laws.doubled_weight, "a row of weight 2 counts as the row twice", &double);
}

fn sets(targets: Targets, shape: Shape) -> Vec<(&'static str, Samples)> {
    let mut sets = Vec::new();
    if targets != Targets::Class {
        sets.push(("numbers", data::regression(shape, 160, 11)));
    }
    if targets != Targets::Real {
        sets.push(("classes", data::classification(shape, 160, 12)));
    }
    sets
}

/// One estimator on one data set, the first 120 rows to learn from and all to predict.
struct Case<'a> {
    on: &'a str,
    make: MakeEstimator<'a>,
    load: LoadModel<'a>,
    samples: Samples,
    train: Samples,
    model: Box<dyn Model>,
    said: Prediction,
}

impl<'a> Case<'a> {
    fn new(on: &'a str, make: MakeEstimator<'a>, load: LoadModel<'a>, samples: Samples) -> Self {
        let train = samples.select(&(0..120).collect::<Vec<_>>());
        let model = fit(on, make, &train, 1);
        let said = predict(on, &*model, &samples);
        Self { on, make, load, samples, train, model, said }
    }

    fn target(&self) -> &Column {
        self.samples.column(TARGET).expect("the data have a target")
    }

    fn same_bits(&self) {
        let again = fit(self.on, self.make, &self.train, 1);
        assert!(again.save() == self.model.save(), "{}: the same samples and seed give a model of other bytes", self.on);
        assert_bits(&format!("{}: the same samples and seed", self.on), &self.said, &predict(self.on, &*again, &self.samples));
    }

    fn threads(&self) {
        let law = format!("{}: one thread against two", self.on);
        let (on, train, samples) = (self.on, &self.train, &self.samples);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a small pool can be built");
            let estimator = (self.make)();
            pool.install(|| {
                let model = learn(on, &*estimator, train, threads);
                let said = predict(on, &*model, samples);
                (model.save(), said)
            })
        };
        let ((one, said), (two, also)) = (run(1), run(2));
        assert!(one == two, "{law}: the saved models differ");
        assert_bits(&law, &said, &also);
    }

    fn columns(&self) {
        let reverse = |s: &Samples| {
            let columns = s.columns().iter().rev().cloned().collect();
            s.clone().with_columns(columns).expect("the same columns in another order")
        };
        let law = format!("{}: the order of columns", self.on);
        assert_bits(&format!("{law} to predict on"), &self.said, &predict(self.on, &*self.model, &reverse(&self.samples)));
        let other = fit(self.on, self.make, &reverse(&self.train), 1);
        assert_bits(&format!("{law} to learn from"), &self.said, &predict(self.on, &*other, &self.samples));

        let law = format!("{}: columns that are no features", self.on);
        let bare: Vec<Column> = self.samples.features(TARGET).cloned().collect();
        let bare = self.samples.clone().with_columns(bare).expect("the features alone");
        assert_bits(&format!("{law}: without the target"), &self.said, &predict(self.on, &*self.model, &bare));
        let mut more = self.samples.select(&(0..self.samples.rows()).collect::<Vec<_>>());
        let turned: Vec<usize> = (0..more.rows()).rev().collect();
        more.put(self.target().select(&turned)).expect("a column of the same length");
        more.put(Column::real("aaa", "", vec![f64::NAN; turned.len()])).expect("a column of the same length");
        let more = more.with_weight(Some(vec![3.0; turned.len()])).expect("one weight a row");
        assert_bits(&format!("{law}: another target, one more column, weights"), &self.said, &predict(self.on, &*self.model, &more));
    }

    fn subset(&self) {
        let some: Vec<usize> = (0..self.samples.rows()).rev().filter(|r| r % 3 != 1).chain([4, 4]).collect();
        let law = format!("{}: predictions of some rows are some rows of the predictions", self.on);
        assert_bits(&law, &self.said.select(&some), &predict(self.on, &*self.model, &self.samples.select(&some)));
        let one = predict(self.on, &*self.model, &self.samples.select(&[7]));
        assert_bits(&law, &self.said.select(&[7]), &one);
        assert_eq!(predict(self.on, &*self.model, &self.samples.select(&[])).rows(), 0, "{law}: no rows, no predictions");
    }

    fn shuffled(&self) {
        let features: Vec<String> = self.samples.features(TARGET).map(|c| c.name.clone()).collect();
        let rows = self.samples.rows();
        let order: Vec<usize> = (0..rows).map(|i| (i * 7 + 3) % rows).collect();
        let sets: Vec<&[String]> = (0..features.len()).map(|f| &features[f..=f]).chain([&features[..2], &features[..], &[]]).collect();
        let fast = self.model.predict_shuffled(&self.samples, &order, &sets);
        let fast = fast.unwrap_or_else(|e| panic!("{}: shuffled features are refused: {e}", self.on));
        let slow = shuffled_one_by_one(&*self.model, &self.samples, &order, &sets).expect("the model predicts");
        assert_eq!(fast.len(), slow.len(), "{}: an answer for each set of shuffled features", self.on);
        for ((fast, slow), set) in fast.iter().zip(&slow).zip(&sets) {
            assert_bits(&format!("{}: with {set:?} shuffled", self.on), slow, fast);
        }
        let unknown = ["no such feature".to_owned()];
        let refused = self.model.predict_shuffled(&self.samples, &order, &[&unknown]);
        assert!(refused.is_err(), "{}: a shuffled feature that is no column is refused", self.on);
    }

    fn sound(&self) {
        assert_sound(self.on, &self.said, &self.samples, self.target());
    }

    /// On its own training rows a model does at least as well as the mean, or the most frequent class.
    fn no_worse_than_the_mean(&self) {
        let said = predict(self.on, &*self.model, &self.train);
        let target = self.train.column(TARGET).expect("the data have a target");
        match &target.values {
            Values::Real(truth) => {
                let (mean, sd) = data::moments(truth);
                let mse = numbers(&said).iter().zip(truth).map(|(p, t)| (p - t).powi(2)).sum::<f64>() / truth.len() as f64;
                assert!(mse.sqrt() <= sd * 1.0001, "{}: RMSE {} on its own rows, the mean {mean} has {sd}", self.on, mse.sqrt());
            }
            Values::Class(truth) => {
                let classes = said.classes().expect("classes are predicted for classes");
                let right = classes.iter().zip(truth.codes()).filter(|(a, b)| a == b).count();
                let most = truth.counts().into_iter().max().unwrap_or(0);
                assert!(right >= most, "{}: {right} of its own rows are right, the most frequent class alone has {most}", self.on);
            }
        }
    }

    fn saved(&self) {
        let bytes = self.model.save();
        let loaded = (self.load)(&bytes).unwrap_or_else(|e| panic!("{}: its own bytes are refused: {e}", self.on));
        assert_bits(&format!("{}: a saved model is the model", self.on), &self.said, &predict(self.on, &*loaded, &self.samples));
        assert!(loaded.save() == bytes, "{}: a loaded model saves other bytes", self.on);
        assert_eq!(loaded.inside(), self.model.inside(), "{}: a loaded model shows another inside", self.on);
        let few = self.samples.select(&[0, 1, 2]);
        hostile::hostile(self.on, &bytes, &|damaged| {
            if let Ok(model) = (self.load)(damaged) {
                // Any answer or error will do; only a panic will not.
                let _ = model.predict(&few);
                let _ = model.inside();
                let _ = model.notes();
            }
        });
    }

    fn refusals(&self, shape: Shape) {
        for gone in self.used() {
            let rest = self.samples.columns().iter().filter(|c| c.name != gone).cloned().collect();
            let at = self.samples.clone().with_columns(rest).expect("one column less");
            assert!(self.model.predict(&at).is_err(), "{}: it predicts without its feature '{gone}'", self.on);
            let mut at = self.samples.clone();
            let codes = Codes::from_labels(&vec![Some("a"); at.rows()]);
            let other = match &at.column(&gone).expect("a feature").values {
                Values::Real(_) => Column::class(gone.clone(), codes),
                Values::Class(_) => Column::real(gone.clone(), "", vec![1.0; at.rows()]),
            };
            at.put(other).expect("a column of the same length");
            assert!(self.model.predict(&at).is_err(), "{}: it predicts with '{gone}' of another type", self.on);
        }
        if shape.classes && self.used().iter().any(|n| n == "rock") {
            let mut at = self.samples.clone();
            at.put(Column::class("rock", Codes::from_labels(&vec![Some("basalt"); at.rows()]))).expect("a column of the same length");
            assert!(self.model.predict(&at).is_err(), "{}: it predicts for 'basalt', a class it never saw", self.on);
        }
        let empty = Samples::new(Vec::new(), Support::bare(2), None).expect("two rows without columns");
        assert!(self.used().is_empty() || self.model.predict(&empty).is_err(), "{}: it predicts without any feature", self.on);
    }

    /// The features its predictions depend on. A baseline has none; whoever has one needs them all.
    fn used(&self) -> Vec<String> {
        let names: Vec<String> = self.samples.features(TARGET).map(|c| c.name.clone()).collect();
        let turned: Vec<usize> = (0..self.samples.rows()).rev().collect();
        let depends = names.iter().any(|n| {
            let mut at = self.samples.clone();
            at.put(self.samples.column(n).expect("a feature").select(&turned)).expect("a column of the same length");
            numbers(&predict(self.on, &*self.model, &at)) != numbers(&self.said)
        });
        if depends { names } else { Vec::new() }
    }

    fn stopped(&self) {
        let cx = Context::new(5, 1).watched(Arc::new(Silent), Arc::new(AtomicBool::new(true)));
        match (self.make)().fit(&self.train, TARGET, &cx) {
            Err(e) => assert_eq!(e.fault, Fault::Cancelled, "{}: asked to stop, it failed otherwise: {e}", self.on),
            Ok(model) => assert_sound(self.on, &predict(self.on, &*model, &self.samples), &self.samples, self.target()),
        }
    }

    /// Measured on the training rows: where two splits part those rows alike, rounding may choose either,
    /// and rows elsewhere would then be told apart by a coin.
    fn row_order(&self) -> f64 {
        let other = fit(self.on, self.make, &self.train.select(&data::shuffled(self.train.rows(), 3)), 1);
        self.differs(&*other, &*self.model)
    }

    fn doubled_weight(&self) -> f64 {
        let rows = self.train.rows();
        let heavy = |r: &usize| r.is_multiple_of(3);
        let twice: Vec<usize> = (0..rows).chain((0..rows).filter(heavy)).collect();
        let weight = (0..rows).map(|r| if heavy(&r) { 2.0 } else { 1.0 }).collect();
        let weighted = self.train.clone().with_weight(Some(weight)).expect("one weight a row");
        self.differs(&*fit(self.on, self.make, &self.train.select(&twice), 1), &*fit(self.on, self.make, &weighted, 1))
    }

    fn differs(&self, a: &dyn Model, b: &dyn Model) -> f64 {
        difference(&predict(self.on, a, &self.train), &predict(self.on, b, &self.train), self.target())
    }
}

fn fit(on: &str, make: MakeEstimator, train: &Samples, threads: usize) -> Box<dyn Model> {
    learn(on, &*make(), train, threads)
}

fn learn(on: &str, estimator: &dyn Estimator, train: &Samples, threads: usize) -> Box<dyn Model> {
    let model = estimator.fit(train, TARGET, &Context::new(5, threads));
    model.unwrap_or_else(|e| panic!("{on}: it does not fit {} rows: {e}", train.rows()))
}

fn predict(on: &str, model: &dyn Model, at: &Samples) -> Prediction {
    model.predict(at).unwrap_or_else(|e| panic!("{on}: it does not predict {} rows: {e}", at.rows()))
}
