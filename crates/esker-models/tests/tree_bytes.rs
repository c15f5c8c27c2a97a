//! Tree models come back from their bytes, and bytes that point nowhere are refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Context, Rng, Samples, Settings, Support};
use esker_models::Kind;

fn train() -> Samples {
    let mut rng = Rng::new(8);
    let rows = 120;
    let x: Vec<f64> = (0..rows).map(|i| if i % 9 == 0 { f64::NAN } else { rng.normal() }).collect();
    let labels: Vec<Option<&str>> = (0..rows).map(|i| Some(["ice", "firn", "moss", "till", "lake"][i * i % 5])).collect();
    let y: Vec<Option<&str>> = (0..rows).map(|i| Some(["low", "middle", "high"][(i * i % 5 + i % 2) % 3])).collect();
    let columns =
        vec![Column::real("x", "m", x), Column::class("c", Codes::from_labels(&labels)), Column::class("y", Codes::from_labels(&y))];
    Samples::new(columns, Support::bare(rows), None).unwrap()
}

#[test]
fn every_changed_byte_is_refused_or_harmless() {
    let train = train();
    for kind in [Kind::Boosting, Kind::Forest] {
        let parameters = kind.parameters();
        let settings = Settings::defaults(&parameters).set(&parameters, "trees", esker_core::Setting::Integer(3)).unwrap();
        let model = kind.estimator(&settings).fit(&train, "y", &Context::new(2, 1)).unwrap();
        let bytes = model.save();
        assert_eq!(kind.load(&bytes).unwrap().predict(&train).unwrap(), model.predict(&train).unwrap());
        let (mut refused, mut loaded) = (0, 0);
        for at in 0..bytes.len() {
            for change in [1, 0x7f, 0x80] {
                let mut bad = bytes.clone();
                bad[at] ^= change;
                match kind.load(&bad) {
                    Ok(model) => {
                        loaded += 1;
                        // Whatever it answers, it answers.
                        let _ = model.predict(&train);
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 100 && loaded > 100, "{kind:?}: {refused} refused, {loaded} loaded");
        assert!((0..bytes.len()).all(|n| kind.load(&bytes[..n]).is_err()));
    }
}

#[test]
fn bytes_of_another_model_are_refused_with_a_hint() {
    let train = train();
    let boosting = Kind::Boosting.estimator(&Settings::defaults(&Kind::Boosting.parameters()));
    let bytes = boosting.fit(&train, "y", &Context::new(2, 1)).unwrap().save();
    let error = Kind::Forest.load(&bytes[1..]).err().unwrap().to_string();
    insta::assert_snapshot!(error, @"
    forest in the model file; its bytes are not what this version writes
      hint: the file is damaged or from another version: fit the model again
    ");
}
