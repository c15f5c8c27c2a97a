//! Times lags and windows of a table made from a fixed seed: `look_back ROWS GROUPS sorted|shuffled CASE`. Prints seconds and a checksum as JSON.
//!
//! Rows, groups and values are those that `benches/prepare/run.py` makes for polars, from the same formula.

use std::time::Instant;

use esker_core::{Codes, Column, Samples, Setting, Settings, Support, Times};
use esker_models::{Prepare, Wanted};

/// A value between 0 and 1 that only its number decides.
fn drawn(i: u64) -> f64 {
    let h = i.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (h >> 11) as f64 / (1u64 << 53) as f64
}

fn step(case: &str) -> (Prepare, Settings) {
    let (kind, with): (Prepare, &[(&str, &str)]) = match case {
        "lags" => (Prepare::Lag, &[("lags", "1, 2, 12")]),
        "means" => (Prepare::Rolling, &[("windows", "3, 12"), ("statistics", "mean")]),
        "extremes" => (Prepare::Rolling, &[("windows", "12"), ("statistics", "min, max")]),
        "days" => (Prepare::Rolling, &[("windows", "30"), ("statistics", "mean"), ("by", "days")]),
        other => panic!("no case '{other}'"),
    };
    let parameters = kind.parameters();
    let set = |s: Settings, (name, text): &(&str, &str)| {
        s.set(&parameters, name, Setting::Text((*text).to_owned())).unwrap_or_else(|e| panic!("{e}"))
    };
    (kind, with.iter().fold(Settings::defaults(&parameters), set))
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |i: usize| arguments[i].parse::<u64>().unwrap_or_else(|e| panic!("{e}"));
    let (rows, groups, shuffled) = (number(1), number(2), arguments[3] == "shuffled");
    // A multiplier without a common divisor visits every row once.
    let place = |i: u64| if shuffled { (i * 7_368_787) % rows } else { i };
    let each = rows / groups;
    let codes: Vec<u32> = (0..rows).map(|i| (place(i) / each).min(groups - 1) as u32).collect();
    let days: Vec<f64> = (0..rows).map(|i| (place(i) - (place(i) / each).min(groups - 1) * each) as f64).collect();
    let values: Vec<f64> = (0..rows).map(|i| drawn(place(i))).collect();
    let labels = (0..groups).map(|g| g.to_string()).collect();
    let group = Codes::new(codes, labels).unwrap_or_else(|e| panic!("{e}"));
    let support = Support { time: Some(Times { days }), group: Some(group), ..Support::bare(rows as usize) };
    let train = Samples::new(vec![Column::real("v", "mm", values)], support, None).unwrap_or_else(|e| panic!("{e}"));
    let (kind, settings) = step(&arguments[4]);
    let transform = kind.transform(Wanted::default(), &settings);
    let start = Instant::now();
    let (_, made) = transform.fit_apply(train, "y").unwrap_or_else(|e| panic!("{e}"));
    let seconds = start.elapsed().as_secs_f64();
    let there = made.columns()[1..].iter().flat_map(|c| c.reals().unwrap_or_default()).filter(|v| !v.is_nan());
    println!("{{\"seconds\": {seconds}, \"sum\": {}}}", there.sum::<f64>());
}
