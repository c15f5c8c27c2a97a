//! The suite of metrics.

use esker_core::{Better, Codes, Metric, Prediction, Rng, Unit, Values};

const ROWS: usize = 60;

/// Runs every law of [`Metric`] on predictions of numbers or of classes (`classes`).
///
/// The order of rows does not matter; a weight of 2 is the row twice, weights of one value are none; a perfect
/// prediction scores best, and better than a bad one, by the metric's own word; the other type is refused; the score is
/// a number.
///
/// # Panics
/// With the law that was broken.
pub fn metric(name: &str, metric: &dyn Metric, classes: bool) {
    for seed in 1..=3 {
        let case = Case::new(classes, seed);
        case.order(name, metric);
        case.weights(name, metric);
        case.direction(name, metric);
    }
    let (case, other) = (Case::new(classes, 1), Case::new(!classes, 1));
    let refused = |truth, said, what: &str| assert!(metric.score(truth, said, None).is_err(), "{name}: it scores {what}");
    refused(&case.truth, &other.fair, "predictions of the other type");
    refused(&other.truth, &case.fair, "a truth of the other type");
    let unit = Unit::new("m w.e. yr-1");
    assert!(metric.unit(&unit).as_str().len() < 40, "{name}: its unit is no unit");
}

struct Case {
    truth: Values,
    fair: Prediction,
    bad: Prediction,
    perfect: Prediction,
}

impl Case {
    fn new(classes: bool, seed: u64) -> Self {
        if classes { Self::classes(seed) } else { Self::numbers(seed) }
    }

    fn numbers(seed: u64) -> Self {
        let mut rng = Rng::new(seed).fork("metric", 0);
        let truth: Vec<f64> = (0..ROWS).map(|_| 0.4 * rng.normal() - 0.5).collect();
        let unit = Unit::new("m w.e. yr-1");
        let fair = truth.iter().map(|t| t + 0.2 * rng.normal() + 0.05).collect();
        let bad = truth.iter().map(|t| 0.3 - t + rng.normal()).collect();
        Self {
            fair: Prediction::real(&unit, fair),
            bad: Prediction::real(&unit, bad),
            perfect: Prediction::real(&unit, truth.clone()),
            truth: Values::Real(truth),
        }
    }

    fn classes(seed: u64) -> Self {
        let mut rng = Rng::new(seed).fork("metric", 1);
        let levels = ["bare", "forest", "ice"].map(str::to_owned).to_vec();
        let codes: Vec<u32> = (0..ROWS).map(|_| [0, 1, 1, 2, 2, 2][rng.below(6)]).collect();
        let mut said = |sure: f64, shift: u32| {
            let mut probability = Vec::with_capacity(3 * ROWS);
            for &c in &codes {
                let mut p: Vec<f64> = (0..3).map(|_| 0.05 + 0.9 * rng.uniform()).collect();
                p[((c + shift) % 3) as usize] += sure;
                let sum: f64 = p.iter().sum();
                probability.extend(p.iter().map(|x| x / sum));
            }
            Prediction::class(levels.clone(), probability)
        };
        // Right for about three rows in four, and wrong for all.
        let (fair, bad) = (said(0.3, 0), said(1.5, 1));
        let sure = codes.iter().flat_map(|&c| (0..3).map(move |k| f64::from(u8::from(k == c)))).collect();
        let perfect = Prediction::class(levels.clone(), sure);
        Self { truth: Values::Class(Codes::new(codes, levels).expect("codes are 0, 1 and 2")), fair, bad, perfect }
    }

    fn order(&self, name: &str, metric: &dyn Metric) {
        let order = crate::data::shuffled(ROWS, 4);
        let a = score(name, metric, &self.truth, &self.fair, None);
        let b = score(name, metric, &self.truth.select(&order), &self.fair.select(&order), None);
        near(&format!("{name}: the order of rows matters"), a, b);
    }

    fn weights(&self, name: &str, metric: &dyn Metric) {
        let heavy = |r: &usize| r % 4 == 1;
        let twice: Vec<usize> = (0..ROWS).chain((0..ROWS).filter(heavy)).collect();
        let weight: Vec<f64> = (0..ROWS).map(|r| if heavy(&r) { 2.0 } else { 1.0 }).collect();
        let weighted = score(name, metric, &self.truth, &self.fair, Some(&weight));
        let doubled = score(name, metric, &self.truth.select(&twice), &self.fair.select(&twice), None);
        near(&format!("{name}: a weight of 2 is not the row twice"), weighted, doubled);
        let plain = score(name, metric, &self.truth, &self.fair, None);
        near(&format!("{name}: weights of 3 everywhere matter"), plain, score(name, metric, &self.truth, &self.fair, Some(&[3.0; ROWS])));
        let none: Vec<f64> = (0..ROWS).map(|r| f64::from(u8::from(!heavy(&r)))).collect();
        let rest: Vec<usize> = (0..ROWS).filter(|r| !heavy(r)).collect();
        let without = score(name, metric, &self.truth.select(&rest), &self.fair.select(&rest), None);
        near(&format!("{name}: a weight of 0 is not a row left out"), score(name, metric, &self.truth, &self.fair, Some(&none)), without);
    }

    fn direction(&self, name: &str, metric: &dyn Metric) {
        let of = |said| score(name, metric, &self.truth, said, None);
        let (best, fair, bad) = (of(&self.perfect), of(&self.fair), of(&self.bad));
        // Smaller is better on this scale, whatever the metric's own direction.
        let loss = |s: f64| match metric.better() {
            Better::Higher => -s,
            Better::Lower => s,
            Better::Zero => s.abs(),
        };
        let scores = format!("perfect {best}, fair {fair}, bad {bad}, better is {:?}", metric.better());
        assert!(loss(best) < loss(fair), "{name}: a perfect prediction does not score best: {scores}");
        assert!(loss(fair) < loss(bad), "{name}: a bad prediction scores no worse than a fair one: {scores}");
    }
}

fn score(name: &str, metric: &dyn Metric, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> f64 {
    let score = metric.score(truth, said, weight).unwrap_or_else(|e| panic!("{name}: there is no score: {e}"));
    assert!(score.is_finite(), "{name}: the score is {score}");
    score
}

fn near(law: &str, a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{law}: {a} and {b}");
}
