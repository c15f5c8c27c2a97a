//! Tiny and degenerate samples: an estimator refuses them with an error or answers with finite numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use esker_core::{Codes, Column, Context, Estimator, Samples, Values};

use crate::data::TARGET;
use crate::hostile::watched;
use crate::same::assert_sound;

/// Fits on samples at the edge of sense, taken from `samples`, and predicts all of them.
pub(crate) fn estimator(on: &str, make: &dyn Fn() -> Box<dyn Estimator>, samples: &Samples) {
    for (edge, train) in edges(samples) {
        let law = format!("{on}, {edge}");
        let outcome = watched(&law, || catch_unwind(AssertUnwindSafe(|| make().fit(&train, TARGET, &Context::new(5, 1)))));
        match outcome {
            Err(_) => panic!("{law}: fitting panicked; samples it cannot learn from are refused"),
            Ok(Err(error)) => assert!(!error.thing.is_empty(), "{law}: the refusal names nothing"),
            Ok(Ok(model)) => {
                let target = train.column(TARGET).expect("the data have a target");
                match model.predict(samples) {
                    Ok(said) => assert_sound(&law, &said, samples, target),
                    Err(error) => panic!("{law}: fitted, but it does not predict: {error}"),
                }
            }
        }
    }
}

fn edges(samples: &Samples) -> Vec<(&'static str, Samples)> {
    let first = |n: usize| samples.select(&(0..n).collect::<Vec<_>>());
    let mut all = vec![("one row", first(1)), ("two rows", first(2)), ("five rows", first(5))];
    let twins: Vec<usize> = (0..60).map(|i| i / 20).collect();
    all.push(("twenty copies of three rows", samples.select(&twins)));
    all.push(("a constant target", with_constant(&first(60), &[TARGET])));
    all.push(("a constant feature", with_constant(&first(60), &["temp"])));
    let names: Vec<String> = samples.features(TARGET).map(|c| c.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    all.push(("constant features", with_constant(&first(60), &names)));
    let only_target = vec![samples.column(TARGET).expect("the data have a target").select(&(0..60).collect::<Vec<_>>())];
    all.push(("no feature at all", first(60).with_columns(only_target).expect("one column")));
    let weight = (0..60).map(|r| f64::from(r % 4 != 0)).collect();
    all.push(("rows of no weight", first(60).with_weight(Some(weight)).expect("one weight a row")));
    let mut alone = vec![0.0; 60];
    alone[8] = 1e-12;
    all.push(("one row of any weight", first(60).with_weight(Some(alone)).expect("one weight a row")));
    if let Some(gap) = samples.columns().iter().find(|c| c.name != TARGET && c.values.missing() > 0) {
        let mut train = first(60);
        let values = match &gap.values {
            Values::Real(_) => Column::real(gap.name.clone(), gap.unit.as_str(), vec![f64::NAN; 60]),
            Values::Class(c) => Column::class(
                gap.name.clone(),
                Codes::new(vec![esker_core::MISSING; 60], c.levels().to_vec()).expect("a missing class is a valid code"),
            ),
        };
        train.put(values).expect("a column of the same length");
        all.push(("a feature missing everywhere", train));
    }
    if let Values::Class(codes) = &samples.column(TARGET).expect("the data have a target").values {
        let rows: Vec<usize> = (0..samples.rows()).filter(|&r| codes.codes()[r] != 1).collect();
        all.push(("a class that is nowhere", samples.select(&rows)));
        let mut rows = rows;
        rows.extend((0..samples.rows()).find(|&r| codes.codes()[r] == 1));
        all.push(("a class seen once", samples.select(&rows)));
    }
    all
}

fn with_constant(samples: &Samples, names: &[&str]) -> Samples {
    let mut out = samples.clone();
    for name in names {
        let column = samples.column(name).expect("a column of the data");
        let first = (0..samples.rows()).find(|&r| !column.values.is_missing(r)).unwrap_or(0);
        out.put(column.select(&vec![first; samples.rows()])).expect("a column of the same length");
    }
    out
}
