//! The suite of transforms.

use esker_core::{Codes, Column, FittedTransform, Result, Samples, Transform, Values};

use crate::data::{self, Shape, TARGET};
use crate::hostile;

/// Makes the transform under test.
pub type MakeTransform<'a> = &'a dyn Fn() -> Box<dyn Transform>;

/// Loads a fitted transform from the bytes it saved.
pub type LoadTransform<'a> = &'a dyn Fn(&[u8]) -> Result<Box<dyn FittedTransform>>;

/// Runs every law of [`Transform`] and [`FittedTransform`] on samples with gaps and classes, and on complete numbers.
///
/// * the target, the support and the weights come back untouched; no row comes or goes;
/// * only training rows teach it: what it was applied to before changes nothing, and some rows of what it makes are
///   what it makes of some rows, unless it says that it looks around;
/// * the same rows give the same bytes; the order of columns does not matter;
/// * columns it was not fitted on pass through; a column it was fitted on must be there;
/// * a saved transform is the transform, bit for bit; damaged bytes never panic or hang;
/// * it never makes an infinite value, and never a missing one out of one that was there.
///
/// # Panics
/// With the law that was broken.
pub fn transform(name: &str, make: MakeTransform, load: LoadTransform) {
    let plain = Shape { gaps: false, classes: false, scaled: false };
    let hard = Shape { gaps: true, classes: true, scaled: false };
    let sets = [
        ("complete numbers", data::regression(plain, 90, 21)),
        ("gaps and classes", data::regression(hard, 90, 22)),
        ("a target of classes", data::classification(hard, 90, 23)),
    ];
    for (kind, samples) in sets {
        let weight = (0..samples.rows()).map(|r| 0.5 + (r % 5) as f64).collect();
        let samples = samples.with_weight(Some(weight)).expect("one weight a row");
        one(&format!("{name} on {kind}"), make, load, &samples);
    }
    degenerate(name, make, &data::regression(hard, 90, 24));
}

fn one(on: &str, make: MakeTransform, load: LoadTransform, samples: &Samples) {
    let train = samples.select(&(0..60).collect::<Vec<_>>());
    let test = samples.select(&(60..90).collect::<Vec<_>>());
    let fitted = fit(on, make, &train);
    let made = apply(on, &*fitted, samples);

    assert_eq!(made.rows(), samples.rows(), "{on}: no row comes or goes");
    assert_eq!(made.support(), samples.support(), "{on}: the support stays as it is");
    assert_eq!(made.weight(), samples.weight(), "{on}: weights stay as they are");
    assert_same(&format!("{on}: the target is never touched"), made.column(TARGET), samples.column(TARGET));

    // Test rows seen before, and other test rows beside, must leave no trace.
    let fresh = fit(on, make, &train);
    apply(on, &*fresh, &test);
    assert!(fresh.save() == fitted.save(), "{on}: the same training rows give other bytes");
    if !fresh.looks_around() {
        let some: Vec<usize> = (0..90).rev().filter(|r| r % 4 != 2).collect();
        assert_all(&format!("{on}: what it makes of some rows"), &apply(on, &*fresh, &samples.select(&some)), &made.select(&some));
        assert_all(&format!("{on}: what it makes of one row"), &apply(on, &*fresh, &samples.select(&[70])), &made.select(&[70]));
    }

    let turned: Vec<Column> = samples.columns().iter().rev().cloned().collect();
    let turned = samples.clone().with_columns(turned).expect("the same columns in another order");
    let other = fit(on, make, &turned.select(&(0..60).collect::<Vec<_>>()));
    assert_by_name(&format!("{on}: the order of columns"), &apply(on, &*other, &turned), &made);

    let mut more = samples.clone();
    let extra = Column::real("aaa", "m", (0..90).map(|r| if r % 7 == 0 { f64::NAN } else { r as f64 }).collect());
    more.put(extra.clone()).expect("a column of the same length");
    assert_same(&format!("{on}: a column it was not fitted on"), apply(on, &*fitted, &more).column("aaa"), Ok(&extra));
    let target = vec![samples.column(TARGET).expect("the data have a target").clone()];
    let alone = samples.clone().with_columns(target).expect("the target alone");
    let learned = samples.features(TARGET).any(|c| made.column(&c.name).map_or(true, |m| !identical(m, c)));
    assert!(!learned || fitted.apply(alone).is_err(), "{on}: it is applied without the columns it was fitted on");

    no_new_gaps(on, samples, &made);
    saved(on, load, &*fitted, samples, &made);
}

/// Values stay values: nothing infinite, nothing missing that was there.
fn no_new_gaps(on: &str, samples: &Samples, made: &Samples) {
    for column in made.columns() {
        if let Values::Real(v) = &column.values {
            assert!(v.iter().all(|x| !x.is_infinite()), "{on}: column '{}' became infinite", column.name);
        }
        let Ok(before) = samples.column(&column.name) else { continue };
        let lost = (0..made.rows()).find(|&r| column.values.is_missing(r) && !before.values.is_missing(r));
        assert_eq!(lost, None, "{on}: column '{}' lost a value", column.name);
    }
}

fn saved(on: &str, load: LoadTransform, fitted: &dyn FittedTransform, samples: &Samples, made: &Samples) {
    let bytes = fitted.save();
    let loaded = load(&bytes).unwrap_or_else(|e| panic!("{on}: its own bytes are refused: {e}"));
    assert_all(&format!("{on}: a saved transform is the transform"), &apply(on, &*loaded, samples), made);
    assert!(loaded.save() == bytes, "{on}: a loaded transform saves other bytes");
    hostile::hostile(on, &bytes, &|damaged| {
        if let Ok(transform) = load(damaged) {
            // Any answer or error will do; only a panic will not.
            let _ = transform.apply(samples.select(&[0, 1, 2]));
            let _ = transform.notes();
        }
    });
}

/// One row, constant columns, columns missing everywhere, a class never seen: refused or finite, never a panic.
fn degenerate(name: &str, make: MakeTransform, samples: &Samples) {
    let few: Vec<usize> = vec![0];
    let constant: Vec<usize> = vec![3; 20];
    let mut empty = samples.select(&(0..20).collect::<Vec<_>>());
    empty.put(Column::real("prcp", "mm", vec![f64::NAN; 20])).expect("a column of the same length");
    empty.put(Column::class("rock", Codes::from_labels::<&str>(&[None; 20]))).expect("a column of the same length");
    for (edge, train) in [("one row", samples.select(&few)), ("copies of one row", samples.select(&constant)), ("empty columns", empty)] {
        let on = format!("{name}, {edge}");
        match make().fit(&train, TARGET) {
            Err(error) => assert!(!error.thing.is_empty(), "{on}: the refusal names nothing"),
            Ok(fitted) => no_new_gaps(&on, &train, &apply(&on, &*fitted, &train)),
        }
    }
    let mut unseen = samples.clone();
    unseen.put(Column::class("rock", Codes::from_labels(&vec![Some("basalt"); samples.rows()]))).expect("a column of the same length");
    let fitted = fit(name, make, samples);
    match fitted.apply(unseen.clone()) {
        Err(error) => assert!(error.to_string().contains("basalt"), "{name}: the refusal of an unseen class does not name it: {error}"),
        Ok(made) => assert_same(&format!("{name}: a class it never saw"), made.column("rock"), unseen.column("rock")),
    }
}

fn fit(on: &str, make: MakeTransform, train: &Samples) -> Box<dyn FittedTransform> {
    make().fit(train, TARGET).unwrap_or_else(|e| panic!("{on}: it does not fit {} rows: {e}", train.rows()))
}

fn apply(on: &str, fitted: &dyn FittedTransform, samples: &Samples) -> Samples {
    fitted.apply(samples.clone()).unwrap_or_else(|e| panic!("{on}: it does not apply to {} rows: {e}", samples.rows()))
}

/// Whether two columns are the same bit for bit, gaps included.
pub(crate) fn identical(a: &Column, b: &Column) -> bool {
    let values = match (&a.values, &b.values) {
        (Values::Real(x), Values::Real(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(p, q)| p.to_bits() == q.to_bits() || (p.is_nan() && q.is_nan()))
        }
        (Values::Class(x), Values::Class(y)) => x == y,
        _ => false,
    };
    values && a.name == b.name && a.unit == b.unit
}

fn assert_same(law: &str, a: Result<&Column>, b: Result<&Column>) {
    match (a, b) {
        (Ok(a), Ok(b)) => assert!(identical(a, b), "{law}: column '{}' differs", b.name),
        (Err(e), _) | (_, Err(e)) => panic!("{law}: {e}"),
    }
}

fn assert_all(law: &str, a: &Samples, b: &Samples) {
    let names = |s: &Samples| s.columns().iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(a), names(b), "{law}: other columns");
    assert_by_name(law, a, b);
}

fn assert_by_name(law: &str, a: &Samples, b: &Samples) {
    assert_eq!(a.columns().len(), b.columns().len(), "{law}: another number of columns");
    for column in b.columns() {
        assert_same(law, a.column(&column.name), Ok(column));
    }
}
