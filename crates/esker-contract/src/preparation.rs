//! The suite of preparation: no row sees what it must not see.

use esker_core::{Codes, Column, FittedTransform, Samples, Transform, Values};

use crate::data::{self, Shape, TARGET};
use crate::transform::{LoadTransform, MakeTransform, identical};

/// Runs the laws that keep preparation from leaking, on samples of twelve groups over twenty years.
///
/// * fitting with and without preparing gives the same bytes; rows, support, weights and the target stay as they are;
/// * whatever test rows hold, training rows are prepared as before;
/// * a training row never sees its own target, and a new row no target at all;
/// * permuting rows permutes what is made of them;
/// * a step that looks around sees one group alone, and, where it looks along time, nothing later, neither among training rows nor among new
///   ones;
/// * what was saved and loaded prepares new rows to the last bit alike.
///
/// # Panics
/// With the law that was broken.
pub fn preparation(name: &str, make: MakeTransform, load: LoadTransform) {
    let hard = Shape { gaps: true, classes: true, scaled: false };
    for seed in [31, 32] {
        let samples = data::regression(hard, 160, seed);
        let (train, test): (Vec<usize>, Vec<usize>) = (0..160).partition(|r| r % 3 != 1);
        let on = format!("{name}, seed {seed}");
        whole(&on, make, load, &samples.select(&train), &samples.select(&test));
        orders(&on, make, &samples.select(&train), &samples.select(&test));
        own_target(&on, make, &samples.select(&train), &samples.select(&test));
        looking(&on, make, &samples.select(&train), &samples.select(&test));
    }
}

type Made = (Box<dyn FittedTransform>, Samples);

fn prepare(on: &str, make: MakeTransform, train: &Samples) -> Made {
    let step: Box<dyn Transform> = make();
    step.fit_apply(train.clone(), TARGET).unwrap_or_else(|e| panic!("{on}: it does not prepare {} rows: {e}", train.rows()))
}

fn apply(on: &str, fitted: &dyn FittedTransform, new: &Samples) -> Samples {
    fitted.apply(new.clone()).unwrap_or_else(|e| panic!("{on}: it does not apply to {} rows: {e}", new.rows()))
}

fn whole(on: &str, make: MakeTransform, load: LoadTransform, train: &Samples, test: &Samples) {
    let (fitted, made) = prepare(on, make, train);
    let alone = make().fit(train, TARGET).unwrap_or_else(|e| panic!("{on}: {e}"));
    assert!(alone.save() == fitted.save(), "{on}: fitting alone gives other bytes");
    assert_eq!(made.support(), train.support(), "{on}: the support stays as it is");
    assert_eq!(made.weight(), train.weight(), "{on}: weights stay as they are");
    assert_eq!(made.column(TARGET).ok(), train.column(TARGET).ok(), "{on}: the target is never touched");
    let seen = apply(on, &*fitted, test);
    let names = |s: &Samples| s.columns().iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&seen), names(&made), "{on}: training rows and new ones get the same columns");
    // One step for both: neither it nor what it learned may keep anything of the rows it is applied to.
    let step: Box<dyn Transform> = make();
    let fit = || step.fit_apply(train.clone(), TARGET).unwrap_or_else(|e| panic!("{on}: {e}"));
    let (again, _) = fit();
    let other = apply(on, &*again, &changed(test, |_| true));
    assert_eq!(other.rows(), test.rows(), "{on}: rows come or go");
    assert!(again.save() == fitted.save(), "{on}: test rows change what was learned");
    same(&format!("{on}: test rows change other test rows applied later"), &apply(on, &*again, test), &seen, |_| true);
    let (after, remade) = fit();
    assert!(after.save() == fitted.save(), "{on}: test rows change what is learned next");
    same(&format!("{on}: test rows change training rows"), &remade, &made, |_| true);
    let loaded = load(&fitted.save()).unwrap_or_else(|e| panic!("{on}: its own bytes are refused: {e}"));
    same(&format!("{on}: what was loaded prepares otherwise"), &apply(on, &*loaded, test), &seen, |_| true);
    assert_eq!(loaded.learned(), fitted.learned(), "{on}: what was loaded tells otherwise");
}

fn orders(on: &str, make: MakeTransform, train: &Samples, test: &Samples) {
    let (fitted, made) = prepare(on, make, train);
    let order = data::shuffled(train.rows(), 5);
    let (turned, remade) = prepare(on, make, &train.select(&order));
    near(&format!("{on}: the order of training rows"), &remade, &made.select(&order));
    let seen = apply(on, &*fitted, test);
    near(&format!("{on}: the order of training rows, for new ones"), &apply(on, &*turned, test), &seen);
    let order = data::shuffled(test.rows(), 6);
    same(&format!("{on}: the order of new rows"), &apply(on, &*fitted, &test.select(&order)), &seen.select(&order), |_| true);
}

fn own_target(on: &str, make: MakeTransform, train: &Samples, test: &Samples) {
    let (fitted, made) = prepare(on, make, train);
    for row in [0, 7, train.rows() - 1] {
        let other = with_target(train, |r, y| if r == row { 40.0 - 3.0 * y } else { y });
        same(&format!("{on}: a training row sees its own target"), &features(prepare(on, make, &other).1), &features(made.clone()), |r| {
            r == row
        });
    }
    let other = with_target(test, |_, y| 1e3 - y);
    let law = format!("{on}: a new row sees a target of new rows");
    same(&law, &features(apply(on, &*fitted, &other)), &features(apply(on, &*fitted, test)), |_| true);
}

/// Steps that look at other rows: groups and times apart.
fn looking(on: &str, make: MakeTransform, train: &Samples, test: &Samples) {
    let (fitted, made) = prepare(on, make, train);
    if !fitted.looks_around() {
        return;
    }
    let seen = apply(on, &*fitted, test);
    let group = |s: &Samples, r: usize| s.support().group.as_ref().map_or(0, |g| g.codes()[r]);
    let one = group(train, 0);
    let (other, remade) = prepare(on, make, &changed(train, |r| group(train, r) == one));
    same(&format!("{on}: a training row sees another group"), &remade, &made, |r| group(train, r) != one);
    same(&format!("{on}: a new row sees another group"), &apply(on, &*other, test), &seen, |r| group(test, r) != one);
    let new = changed(test, |r| group(test, r) == one);
    same(&format!("{on}: a new row sees new rows of another group"), &apply(on, &*fitted, &new), &seen, |r| group(test, r) != one);
    if !fitted.wants_time() {
        return;
    }
    let days = |s: &Samples| s.support().time.as_ref().map_or_else(Vec::new, |t| t.days.clone());
    let (then, now) = (days(train), days(test));
    for limit in [10_957.0 + 365.25 * 4.0, 10_957.0 + 365.25 * 13.0] {
        let (other, remade) = prepare(on, make, &changed(train, |r| then[r] > limit));
        same(&format!("{on}: a training row sees a later one"), &remade, &made, |r| then[r] <= limit);
        same(&format!("{on}: a new row sees a later training row"), &apply(on, &*other, test), &seen, |r| now[r] <= limit);
        let new = apply(on, &*fitted, &changed(test, |r| now[r] > limit));
        same(&format!("{on}: a new row sees a later new one"), &new, &seen, |r| now[r] <= limit);
    }
}

/// The samples with other numbers and classes in the rows that `which` names, in every column.
fn changed(samples: &Samples, which: impl Fn(usize) -> bool) -> Samples {
    let rows = samples.rows();
    let one = |column: &Column| match &column.values {
        Values::Real(v) => {
            let values = v.iter().enumerate().map(|(r, x)| if which(r) { 2.5 * x + 7.0 } else { *x }).collect();
            Column { values: Values::Real(values), ..column.clone() }
        }
        Values::Class(c) => {
            let levels = c.levels().len() as u32;
            let codes = (0..rows).map(|r| if which(r) { (r as u32 + 1) % levels } else { c.codes()[r] }).collect();
            Column { values: Values::Class(Codes::new(codes, c.levels().to_vec()).expect("codes of the same levels")), ..column.clone() }
        }
    };
    let columns = samples.columns().iter().map(one).collect();
    samples.clone().with_columns(columns).expect("columns of the same length")
}

fn with_target(samples: &Samples, change: impl Fn(usize, f64) -> f64) -> Samples {
    let column = samples.column(TARGET).expect("the data have a target").clone();
    let values = column.reals().expect("the target is of numbers").iter().enumerate().map(|(r, y)| change(r, *y)).collect();
    let mut other = samples.clone();
    other.put(Column { values: Values::Real(values), ..column }).expect("a column of the same length");
    other
}

fn features(samples: Samples) -> Samples {
    let columns = samples.features(TARGET).cloned().collect();
    samples.with_columns(columns).expect("fewer columns of the same length")
}

/// What `which` rows hold is the same bit for bit. The columns of changed rows are not looked at.
fn same(law: &str, a: &Samples, b: &Samples, which: impl Fn(usize) -> bool) {
    let rows: Vec<usize> = (0..b.rows()).filter(|r| which(*r)).collect();
    assert!(!rows.is_empty(), "{law}: no row to look at");
    for column in b.columns() {
        let other = a.column(&column.name).unwrap_or_else(|e| panic!("{law}: {e}"));
        assert!(identical(&other.select(&rows), &column.select(&rows)), "{law}: column '{}' differs", column.name);
    }
}

/// The same up to the rounding of sums taken in another order.
fn near(law: &str, a: &Samples, b: &Samples) {
    for column in b.columns() {
        let other = a.column(&column.name).unwrap_or_else(|e| panic!("{law}: {e}"));
        match (&other.values, &column.values) {
            (Values::Real(x), Values::Real(y)) => {
                let close = |(p, q): (&f64, &f64)| (p - q).abs() <= 1e-9 * (1.0 + q.abs()) || p.is_nan() && q.is_nan();
                assert!(x.iter().zip(y).all(close), "{law}: column '{}' differs", column.name);
            }
            (x, y) => assert!(x == y, "{law}: column '{}' differs", column.name),
        }
    }
}
