//! Scores of distributions, discharge and events agree with scores, properscoring and hydroeval to 1e-10; `validation/forecasts.py` made
//! the figures in `peers/forecasts.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Prediction, Unit, Values};
use esker_evaluate::score::{
    Events, Score, climatology, crps_ensemble, crps_normal, crps_quantiles, kge_parts, msdr, persistence, pit_ensemble, pit_histogram,
    pit_normal, reliability, skill,
};
use serde_json::Value;

fn peers(part: &str) -> Value {
    serde_json::from_str::<Value>(include_str!("peers/forecasts.json")).unwrap()[part].clone()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-10 * theirs.abs().max(1.0), "{ours} and {theirs}");
}

/// Observations and members, row after row.
fn ensemble() -> (Vec<f64>, Vec<f64>) {
    let rows: Vec<Vec<f64>> =
        include_str!("peers/ensemble.csv").lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    (rows.iter().map(|r| r[0]).collect(), rows.iter().flat_map(|r| r[1..].to_vec()).collect())
}

#[test]
fn crps_of_ensembles_agrees() {
    let (truth, members) = ensemble();
    let theirs = peers("ensemble");
    let ours = crps_ensemble(&truth, &members, false).unwrap();
    near(ours, 0.572_611_699_248_083_2);
    for v in numbers(&theirs["ecdf"]) {
        near(ours, v);
    }
    near(crps_ensemble(&truth, &members, true).unwrap(), theirs["fair"].as_f64().unwrap());
    // The sorted members are the quantiles of the levels (k − ½)/m.
    let sorted: Vec<f64> = members
        .chunks_exact(10)
        .flat_map(|row| {
            let mut row = row.to_vec();
            row.sort_by(f64::total_cmp);
            row
        })
        .collect();
    let levels: Vec<f64> = (0..10).map(|k| (f64::from(k) + 0.5) / 10.0).collect();
    near(crps_quantiles(&truth, &sorted, &levels).unwrap(), ours);
    let pit = pit_ensemble(&truth, &members).unwrap();
    near(pit[0], members[..10].iter().filter(|m| **m < truth[0]).count() as f64 / 10.0);
    near(pit_histogram(&pit, 7).unwrap().iter().sum(), 1.0);
    assert_eq!(pit_histogram(&[0.0, 0.5, 1.0, 1.0], 2).unwrap(), [0.25, 0.75]);
    assert!(crps_ensemble(&truth, &members[1..], false).is_err());
    assert!(crps_ensemble(&[1.0], &[2.0], true).is_err());
    assert!(crps_quantiles(&[1.0], &[2.0, 3.0], &[0.5, 0.5]).is_err());
}

#[test]
fn scores_of_normal_distributions_agree() {
    let (truth, _) = ensemble();
    let theirs = peers("normal");
    let (centre, sd) = (numbers(&theirs["centre"]), numbers(&theirs["sd"]));
    near(crps_normal(&truth, &centre, &sd).unwrap(), theirs["crps"].as_f64().unwrap());
    for (a, b) in pit_normal(&truth, &centre, &sd).unwrap().iter().zip(numbers(&theirs["pit"])) {
        near(*a, b);
    }
    near(msdr(&[1.0, 4.0], &[0.0, 0.0], &[1.0, 2.0]).unwrap(), 2.5);
    near(crps_normal(&[3.0], &[1.0], &[0.0]).unwrap(), 2.0);
    assert!(msdr(&[1.0], &[1.0], &[0.0]).is_err() && pit_normal(&[1.0], &[1.0], &[-1.0]).is_err());
}

#[test]
fn efficiencies_of_discharge_agree_and_keep_their_parts() {
    let theirs = peers("flow");
    let (truth, said) = (Values::Real(numbers(&theirs["truth"])), Prediction::real(&Unit::new("m3 s-1"), numbers(&theirs["said"])));
    let score = |s: Score| s.metric().score(&truth, &said, None).unwrap();
    for v in numbers(&theirs["nse"]) {
        near(score(Score::Nse), v);
    }
    near(score(Score::Kge), theirs["kge"].as_f64().unwrap());
    near(score(Score::Kge2012), theirs["kge_2012"].as_f64().unwrap());
    let parts = kge_parts(&truth, &said, None).unwrap();
    for (a, b) in [parts.correlation, parts.spread, parts.mean].into_iter().zip(numbers(&theirs["parts"])) {
        near(a, b);
    }
    let (of_2009, of_2012) = (numbers(&theirs["hydroeval"][0]), numbers(&theirs["hydroeval"][1]));
    near(parts.kge(), of_2009[0]);
    near(parts.kge_2012(), of_2012[0]);
    near(parts.variation, of_2012[2]);
    let balanced = Values::Real(vec![-1.0, 1.0]);
    let refused = Score::Kge.metric().score(&balanced, &Prediction::real(&Unit::default(), vec![1.0, 2.0]), None).unwrap_err();
    assert!(refused.to_string().contains("a mean of 0"), "{refused}");
}

#[test]
fn scores_of_events_agree() {
    let (theirs, flow) = (peers("events"), peers("flow"));
    let events = Events::at_least(theirs["threshold"].as_f64().unwrap(), &numbers(&flow["truth"]), &numbers(&flow["said"])).unwrap();
    let counts = [events.hits, events.misses, events.false_alarms, events.correct_negatives];
    assert_eq!(counts.to_vec(), numbers(&theirs["counts"]));
    for (name, ours) in [
        ("pod", events.pod()),
        ("far", events.far()),
        ("pofd", events.pofd()),
        ("csi", events.csi()),
        ("bias", events.bias()),
        ("ets", events.ets()),
        ("hss", events.hss()),
    ] {
        near(ours.unwrap(), theirs[name].as_f64().unwrap());
    }
    let never = Events::count(&[false; 3], &[false; 3]).unwrap();
    assert_eq!([never.pod(), never.far(), never.csi(), never.bias(), never.ets(), never.hss()], [None; 6]);
    assert!(Events::count(&[true], &[]).is_err() && Events::at_least(f64::NAN, &[1.0], &[1.0]).is_err());
}

#[test]
fn simple_answers_see_only_the_past_and_the_season() {
    let values = [1.0, 2.0, 3.0, 10.0, 20.0];
    let times = [0.0, 1.0, 2.0, 0.0, 1.0];
    let said = persistence(&values, &times, Some(&[0, 0, 0, 1, 1]), 1.0).unwrap();
    assert_eq!(said[1..3], [1.0, 2.0]);
    assert_eq!(said[4], 10.0);
    assert!(said[0].is_nan() && said[3].is_nan());
    assert_eq!(persistence(&values[..3], &times[..3], None, 2.0).unwrap()[2], 1.0);
    assert!(persistence(&values, &times, None, 0.0).is_err());
    assert_eq!(climatology(&[1.0, 3.0, 8.0], &[6, 6, 7], &[7, 6, 9]).unwrap(), [8.0, 2.0, 4.0]);
    assert_eq!((skill(1.0, 2.0, 0.0), skill(0.9, 0.8, 1.0).map(|v| (v * 1e9).round() / 1e9)), (Some(0.5), Some(0.5)));
    assert_eq!(skill(1.0, 0.0, 0.0), None);
    let curve = reliability(&[true, false, true, true], &[0.1, 0.2, 0.9, 1.0], 2).unwrap();
    assert_eq!((curve.len(), curve[0].rows, curve[0].happened, curve[1].happened), (2, 2, 0.5, 1.0));
    assert!((curve[0].said - 0.15).abs() < 1e-12);
}
