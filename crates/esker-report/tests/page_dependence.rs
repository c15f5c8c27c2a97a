//! What the page says of dependence among errors, where the record changes.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod page_support;

use esker_core::dependence::Dependence;
use esker_report::page::page;
use page_support::glaciers;

fn with(change: impl Fn(&mut Dependence)) -> String {
    let (mut record, rows) = glaciers();
    change(record.dependence.as_mut().unwrap());
    page(&record, &rows, &[])
}

#[test]
fn rows_drawn_one_by_one_are_no_blocks() {
    let near = "Held-out rows that are near each other are no independent tests";
    assert!(with(|_| ()).contains(near));
    let alone = with(|d| {
        d.drawn = "6830 rows one by one".to_owned();
        d.blocks = 6830;
    });
    assert!(!alone.contains(near) && alone.contains("Held-out rows were drawn: 6830 rows one by one"));
}

#[test]
fn a_range_beyond_all_distances_is_told_by_the_largest_of_them() {
    let page = with(|d| {
        let v = d.errors.variogram.as_mut().unwrap();
        (v.reach, v.beyond) = (Some(4.2e6), true);
    });
    assert!(page.contains("alike over all distances looked at, 420\u{202f}km and more") && !page.contains("4\u{202f}200"));
}

#[test]
fn a_probability_over_many_steps_is_not_that_of_the_first() {
    let of = |autocorrelation: &[f64]| {
        with(|d| {
            d.errors.neighbours = None;
            let s = d.errors.series.as_mut().unwrap();
            (s.p, s.times, s.autocorrelation) = (1e-5, 100, autocorrelation.to_vec());
        })
    };
    let first = of(&[0.5, 0.2]);
    assert!(first.contains("&lt; 0.001 up to 2 steps (Ljung–Box)") && first.contains("the mean error of one time tells that of the next"));
    let later = of(&[0.02, 0.1, -0.5]);
    assert!(!later.contains("tells that of the next") && later.contains("the errors of times 3 steps apart are opposite"));
}

#[test]
fn no_trend_of_errors_is_not_errors_that_are_as_large_everywhere() {
    let page = with(|d| d.errors.spread.as_mut().unwrap().spearman_p = 0.4);
    assert!(
        !page.contains("errors as large everywhere") && page.contains("no steady rise or fall of |residual| with the prediction was found")
    );
}

#[test]
fn a_difference_that_is_the_same_in_all_folds_has_no_interval() {
    let (mut record, rows) = glaciers();
    for c in &mut record.comparisons {
        c.interval = [c.difference; 2];
        c.winner = "none".to_owned();
    }
    let page = page(&record, &rows, &[]);
    assert!(page.contains("interval unknown, as all folds differ alike"));
}
