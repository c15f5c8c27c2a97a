//! Nearest neighbours in feature space.

use esker_core::{
    Context, Error, Estimator, Inside, Model, Needs, Note, Parameter, Prediction, Result, Samples, Search, Settings, Targets, Unit,
};
use esker_math::{KdTree, Neighbour};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::training::{Classes, Target, Training};
use crate::matrix::Matrix;
use crate::store;

/// What `neighbours` does.
pub const DOC: &str = "The weighted mean, or the weighted shares of classes, of the k training rows that are nearest in the \
     space of the standardised features (Cover and Hart 1967; found by a k-d tree).";

/// Rows predicted by one piece of parallel work.
const CHUNK: usize = 256;

/// Parameters of `neighbours`.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("k", 5, 1, 10_000, "Number of neighbours.").tuned(Search::LogInteger(1, 50)),
        Parameter::choice(
            "weighting",
            &["uniform", "distance"],
            "How neighbours count: all alike, or by the inverse of their distance (where some are at distance 0, they alone). \
             Sample weights multiply.",
        )
        .tuned(Search::Choice(&["uniform", "distance"])),
    ]
}

/// Nearest neighbours.
pub struct Neighbours {
    k: usize,
    by_distance: bool,
}

impl Neighbours {
    /// With the settings of [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        Self { k: settings.integer("k").max(1) as usize, by_distance: settings.text("weighting") == "distance" }
    }
}

impl Estimator for Neighbours {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: true, numeric: true, scaled: true, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let Training { x, weight, target } = Training::new(train, target)?;
        if x.columns() == 0 {
            return Err(Error::data("features").got("none").rule("nearest neighbours need at least one feature"));
        }
        cx.check()?;
        let (y, answer) = match target {
            Target::Real(y, unit) => (y, Answer::Real(unit)),
            Target::Class(places, classes) => (places.into_iter().map(f64::from).collect(), Answer::Class(classes)),
        };
        let mut notes = Vec::new();
        if self.k > x.rows {
            notes.push(Note::warning(
                "fewer-rows-than-neighbours",
                format!("k = {} neighbours were asked for, the training rows are {}: all of them were used", self.k, x.rows),
            ));
        }
        let saved = Saved::new(&x, (y, weight), answer, (self.k, self.by_distance), notes);
        Ok(Box::new(saved.model()?))
    }
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Real(Unit),
    Class(Classes),
}

impl Answer {
    /// Numbers predicted a row.
    fn outputs(&self) -> usize {
        match self {
            Self::Real(_) => 1,
            Self::Class(classes) => classes.count(),
        }
    }
}

/// Training rows in an order of their own content, so that the order in a table changes neither a tie nor a sum.
#[derive(Serialize, Deserialize)]
struct Saved {
    names: Vec<String>,
    /// Row after row.
    points: Vec<f64>,
    /// The target, or the place of its class.
    y: Vec<f64>,
    weight: Vec<f64>,
    answer: Answer,
    k: usize,
    by_distance: bool,
    notes: Vec<Note>,
}

impl Saved {
    fn new(x: &Matrix, (y, weight): (Vec<f64>, Vec<f64>), answer: Answer, (k, by_distance): (usize, bool), notes: Vec<Note>) -> Self {
        let columns = x.columns();
        let mut order: Vec<usize> = (0..x.rows).collect();
        order.sort_by(|&a, &b| {
            let features = (0..columns).map(|j| x.column(j)[a].total_cmp(&x.column(j)[b]));
            let rest = [y[a].total_cmp(&y[b]), weight[a].total_cmp(&weight[b])];
            features.chain(rest).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        let points = order.iter().flat_map(|&r| (0..columns).map(move |j| x.column(j)[r])).collect();
        let pick = |v: &[f64]| order.iter().map(|&r| v[r]).collect();
        Self { names: x.names.clone(), points, y: pick(&y), weight: pick(&weight), answer, k, by_distance, notes }
    }

    fn sound(&self) -> bool {
        let (rows, outputs) = (self.y.len(), self.answer.outputs());
        let places = match &self.answer {
            Answer::Real(_) => true,
            Answer::Class(c) => c.sound() && self.y.iter().all(|&p| p >= 0.0 && p.fract() == 0.0 && p < outputs as f64),
        };
        rows > 0
            && !self.names.is_empty()
            && self.names.len().checked_mul(rows) == Some(self.points.len())
            && self.weight.len() == rows
            && self.k > 0
            && places
            && self.y.iter().all(|v| v.is_finite())
            && self.weight.iter().all(|w| w.is_finite() && *w > 0.0)
    }

    fn model(self) -> Result<Nearest> {
        Ok(Nearest { tree: KdTree::new(&self.points, self.names.len())?, saved: self })
    }
}

struct Nearest {
    saved: Saved,
    tree: KdTree,
}

impl Nearest {
    /// Writes the prediction of one place into `out`.
    fn one(&self, at: &[f64], found: &mut Vec<Neighbour>, out: &mut [f64]) {
        let saved = &self.saved;
        self.tree.nearest(at, saved.k, found);
        let nearest = found[0].distance2.sqrt();
        let mut total = 0.0;
        let real = matches!(saved.answer, Answer::Real(_));
        for n in found.iter() {
            // Relative to the nearest, so that no inverse overflows; nearest / 0 stands for "at the very place".
            let closeness = match n.distance2.sqrt() {
                _ if !saved.by_distance => 1.0,
                d if d == nearest => 1.0,
                d => nearest / d,
            };
            let weight = closeness * saved.weight[n.index];
            total += weight;
            if real {
                out[0] += weight * saved.y[n.index];
            } else {
                out[saved.y[n.index] as usize] += weight;
            }
        }
        out.iter_mut().for_each(|v| *v /= total);
    }
}

impl Model for Nearest {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let x = Matrix::of(at, &self.saved.names)?;
        let outputs = self.saved.answer.outputs();
        let mut out = vec![0.0; x.rows * outputs];
        out.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, out)| {
            let (mut place, mut found) = (vec![0.0; x.columns()], Vec::new());
            for (i, out) in out.chunks_exact_mut(outputs).enumerate() {
                let row = chunk * CHUNK + i;
                place.iter_mut().enumerate().for_each(|(j, v)| *v = x.column(j)[row]);
                self.one(&place, &mut found, out);
            }
        });
        Ok(match &self.saved.answer {
            Answer::Real(unit) => Prediction::real(unit, out),
            Answer::Class(classes) => classes.prediction(&out),
        })
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn notes(&self) -> Vec<Note> {
        self.saved.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(&self.saved)
    }
}

/// A model of neighbours from the bytes it saved.
///
/// # Errors
/// Bytes that are no such model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let saved: Saved = store::load("nearest neighbours", bytes)?;
    if !saved.sound() {
        return Err(store::damaged("nearest neighbours"));
    }
    Ok(Box::new(saved.model().map_err(|_| store::damaged("nearest neighbours"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Codes, Column, Rng, Setting, Support};

    fn samples(rows: usize, seed: u64) -> Samples {
        let mut rng = Rng::new(seed);
        let mut draw = || (0..rows).map(|_| rng.normal()).collect::<Vec<_>>();
        let columns = vec![Column::real("a", "", draw()), Column::real("b", "", draw()), Column::real("y", "m", draw())];
        Samples::new(columns, Support::bare(rows), None).unwrap()
    }

    fn estimator(k: i64, weighting: &str) -> Neighbours {
        let p = parameters();
        let s = Settings::defaults(&p).set(&p, "k", Setting::Integer(k)).unwrap();
        Neighbours::new(&s.set(&p, "weighting", Setting::Text(weighting.into())).unwrap())
    }

    fn predict(e: &Neighbours, train: &Samples, at: &Samples) -> Vec<f64> {
        e.fit(train, "y", &Context::new(1, 1)).unwrap().predict(at).unwrap().centre().unwrap().to_vec()
    }

    #[test]
    fn one_neighbour_gives_the_training_targets_back_and_so_does_distance_weighting() {
        let s = samples(200, 1);
        let y = s.column("y").unwrap().reals().unwrap();
        assert_eq!(predict(&estimator(1, "uniform"), &s, &s), y);
        assert_eq!(predict(&estimator(7, "distance"), &s, &s), y);
    }

    #[test]
    fn all_neighbours_give_the_mean() {
        let s = samples(50, 2);
        let mean = esker_math::mean(s.column("y").unwrap().reals().unwrap());
        let model = estimator(80, "uniform").fit(&s, "y", &Context::new(1, 1)).unwrap();
        assert_eq!(model.notes()[0].code, "fewer-rows-than-neighbours");
        assert!(model.predict(&s).unwrap().centre().unwrap().iter().all(|v| (v - mean).abs() < 1e-14));
    }

    #[test]
    fn ties_do_not_depend_on_the_order_of_rows() {
        // Lattice features: nearly every query has ties at the k-th neighbour.
        let mut rng = Rng::new(3);
        let mut lattice = || (0..300).map(|_| rng.below(4) as f64).collect::<Vec<_>>();
        let columns = vec![Column::real("a", "", lattice()), Column::real("b", "", lattice())];
        let y: Vec<f64> = (0..300).map(|i| f64::from(i) * 0.37).collect();
        let s = Samples::new([columns, vec![Column::real("y", "", y)]].concat(), Support::bare(300), None).unwrap();
        let mut order: Vec<usize> = (0..300).collect();
        rng.shuffle(&mut order);
        for weighting in ["uniform", "distance"] {
            let e = estimator(4, weighting);
            assert_eq!(predict(&e, &s, &s), predict(&e, &s.select(&order), &s));
        }
    }

    #[test]
    fn sample_weights_multiply_and_rows_of_no_weight_are_not_there() {
        let at = |a: f64| Samples::new(vec![Column::real("a", "", vec![a])], Support::bare(1), None).unwrap();
        let columns = vec![Column::real("a", "", vec![0.0, 1.0, 2.0]), Column::real("y", "", vec![1.0, 5.0, 9.0])];
        let s = Samples::new(columns, Support::bare(3), Some(vec![3.0, 1.0, 0.0])).unwrap();
        assert_eq!(predict(&estimator(2, "uniform"), &s, &at(1.9)), [2.0]);
        // Distances 3 and 2 with weights 3 and 1: closeness 2/3 · 3 and 1 · 1.
        let got = predict(&estimator(2, "distance"), &s, &at(3.0))[0];
        assert!((got - 7.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn class_shares_are_weighted_counts() {
        let y = Codes::from_labels(&[Some("ice"), Some("lake"), Some("lake")]);
        let columns = vec![Column::real("a", "", vec![0.0, 1.0, 2.0]), Column::class("y", y)];
        let s = Samples::new(columns, Support::bare(3), None).unwrap();
        let model = estimator(3, "uniform").fit(&s, "y", &Context::new(1, 1)).unwrap();
        let Prediction::Class { probability, .. } = model.predict(&s.select(&[0])).unwrap() else { panic!() };
        assert_eq!(probability, [1.0 / 3.0, 2.0 / 3.0]);
    }
}
