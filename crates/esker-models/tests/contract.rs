//! Every estimator and every preparation step of the catalogs keeps the laws of its trait.

use esker_contract::{Law, Laws, estimator, transform};
use esker_core::{Rng, Setting, Settings};
use esker_models::{Kind, Step};

/// An estimator keeps every law up to rounding unless it says otherwise here.
fn laws(kind: Kind, settings: &Settings) -> Laws {
    let breaks = |reason| Laws { doubled_weight: Law::Broken(reason), ..Laws::EXACT };
    match kind {
        // Iterative: they stop within a tolerance of the optimum.
        Kind::ElasticNet | Kind::Logistic => Laws::within(1e-6),
        Kind::Neighbours if settings.integer("k") > 1 => breaks("a row twice takes two of the k places, a weight of 2 only one"),
        Kind::Forest => Laws::sampling(),
        Kind::Boosting if settings.real("rows") < 1.0 => Laws::sampling(),
        Kind::Boosting | Kind::DecisionTree if settings.integer("min_leaf") > 1 => {
            breaks("the least size of a leaf counts rows, not weight")
        }
        Kind::Mlp if settings.integer("batch") >= 1000 => Laws::within(1e-2),
        Kind::Mlp => Laws::sampling(),
        _ => Laws::EXACT,
    }
}

/// Settings beside the defaults under which more laws hold.
const STRICT: [(Kind, &str, i64); 4] =
    [(Kind::Boosting, "min_leaf", 1), (Kind::DecisionTree, "min_leaf", 1), (Kind::Neighbours, "k", 1), (Kind::Mlp, "batch", 1000)];

/// The defaults, the strict settings, and one draw from the search space: tuning must not reach what breaks a law.
fn settings(kind: Kind) -> Vec<(String, Settings)> {
    let parameters = kind.parameters();
    let defaults = Settings::defaults(&parameters);
    let mut drawn = defaults.clone();
    for (i, parameter) in parameters.iter().enumerate() {
        if let Some(search) = parameter.search {
            let value = search.draw(&mut Rng::new(18).fork("draw", i as u64));
            drawn = drawn.set(&parameters, parameter.name, value).expect("a search space lies within its rule");
        }
    }
    let mut all = vec![(kind.name().to_owned(), defaults.clone())];
    if drawn != defaults {
        all.push((format!("{} with {drawn:?}", kind.name()), drawn));
    }
    for (_, name, value) in STRICT.iter().filter(|(k, _, _)| *k == kind) {
        let strict = defaults.clone().set(&parameters, name, Setting::Integer(*value)).expect("a value within its rule");
        all.push((format!("{} with {name} = {value}", kind.name()), strict));
    }
    all
}

fn suite(kind: Kind) {
    for (name, settings) in settings(kind) {
        estimator(&name, laws(kind, &settings), &|| kind.estimator(&settings), &|bytes| kind.load(bytes));
    }
    assert_eq!(Kind::parse(kind.name()), Some(kind));
    assert!(kind.doc().ends_with(['.', ')']), "{} has no sentence for the reference", kind.name());
}

// Two tests share the catalog, so that the slow half of it runs beside the other.
#[test]
fn every_estimator_keeps_its_laws() {
    Kind::ALL.into_iter().filter(|k| !matches!(k, Kind::Forest | Kind::Boosting | Kind::DecisionTree)).for_each(suite);
}

#[test]
fn every_ensemble_of_trees_keeps_its_laws() {
    Kind::ALL.into_iter().filter(|k| matches!(k, Kind::Forest | Kind::Boosting | Kind::DecisionTree)).for_each(suite);
}

#[test]
fn every_kernel_keeps_its_laws() {
    let parameters = Kind::Svm.parameters();
    for (name, value) in [("kernel", Setting::Text("linear".into())), ("tolerance", Setting::Real(1e-8)), ("cost", Setting::Real(1000.0))] {
        let settings = Settings::defaults(&parameters).set(&parameters, name, value).expect("a value within its rule");
        estimator(&format!("svm with {name}"), Laws::EXACT, &|| Kind::Svm.estimator(&settings), &|bytes| Kind::Svm.load(bytes));
    }
}

#[test]
fn every_preparation_keeps_its_laws() {
    for step in Step::ALL {
        transform(step.name(), &|| step.transform(), &|bytes| step.load(bytes));
        assert_eq!(Step::parse(step.name()).expect("a known step"), step);
    }
}
