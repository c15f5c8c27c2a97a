//! Rows that are there twice.

use std::collections::HashMap;

use esker_core::exploration::Suspect;
use esker_core::{MISSING, Values, Weight};
use rayon::prelude::*;

use super::super::frame::Frame;
use super::{ROWS, many, suspect};

/// Rows that are equal to an earlier one in every column, among all rows; those that number rows are not looked at.
pub fn of(frame: &Frame) -> Option<Suspect> {
    let table = &frame.table;
    let columns: Vec<&Values> =
        table.columns().iter().enumerate().filter(|(c, _)| frame.roles[*c] != "identifier").map(|(_, c)| &c.values).collect();
    let varies = frame.roles.iter().filter(|r| *r != "identifier" && *r != "constant").count();
    if varies < 2 || table.rows() < 2 {
        return None;
    }
    let bits = |v: &Values, r: usize| match v {
        Values::Real(v) if v[r].is_nan() => u64::MAX,
        Values::Real(v) => (v[r] + 0.0).to_bits(),
        Values::Class(c) if c.codes()[r] == MISSING => u64::MAX,
        Values::Class(c) => u64::from(c.codes()[r]),
    };
    let print = |r: usize| {
        columns.iter().fold(0xCBF2_9CE4_8422_2325u64, |h, v| (h ^ bits(v, r)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29))
    };
    let prints: Vec<u64> = (0..table.rows()).into_par_iter().map(print).collect();
    let mut first: HashMap<u64, usize> = HashMap::with_capacity(prints.len());
    let same = |a: usize, b: usize| columns.iter().all(|v| bits(v, a) == bits(v, b));
    let mut twins: Vec<usize> = Vec::new();
    for (r, p) in prints.iter().enumerate() {
        match first.get(p) {
            Some(&f) if same(f, r) => twins.push(r),
            Some(_) => {}
            None => {
                first.insert(*p, r);
            }
        }
    }
    if twins.is_empty() {
        return None;
    }
    let share = 100.0 * twins.len() as f64 / table.rows() as f64;
    let text = format!(
        "{} ({share:.1} %) {} equal to an earlier one in every column.",
        many(twins.len(), "row", "rows"),
        if twins.len() == 1 { "is" } else { "are" }
    );
    let next = "Drop the copies before rows are split: one in the training rows and its twin in the test is a leak.";
    let mut s = suspect(Weight::Alarm, "duplicate-rows", &[], (text, next));
    s.rows = twins.iter().take(ROWS).map(|r| r + 1).collect();
    Some(s)
}
