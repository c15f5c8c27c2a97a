//! Which tests of a leaf rows pass, as bits, and the different ones among them.

use std::collections::HashMap;

use esker_math::wide;

use super::{Leaf, ROWS, TABULATED};

/// Most features of a leaf whose tests are told apart by bits.
pub(super) const MOST_BITS: usize = 64;

/// The patterns of some rows at a leaf.
pub(super) struct Patterns {
    /// The different ones, in the order of their first rows.
    pub(super) distinct: Vec<u64>,
    /// The place of each row's among them.
    pub(super) place: Vec<u32>,
}

impl Patterns {
    /// The patterns of at most [`ROWS`] rows, whose codes `column` has feature by feature, at a leaf of at most [`MOST_BITS`] features.
    pub(super) fn new<'a>(leaf: &Leaf, column: &impl Fn(usize) -> &'a [u8], rows: usize) -> Self {
        let mut distinct = Vec::new();
        let mut place = Vec::with_capacity(rows);
        if leaf.features.len() <= TABULATED {
            let mut bytes = [0_u8; ROWS];
            let bytes = &mut bytes[..rows];
            wide(
                #[inline(always)]
                || {
                    for (bit, (test, &feature)) in leaf.tests.iter().zip(&leaf.features).enumerate() {
                        test.mark(column(feature), bit, bytes);
                    }
                },
            );
            let mut seen = [u32::MAX; 256];
            for &byte in &*bytes {
                let at = &mut seen[usize::from(byte)];
                if *at == u32::MAX {
                    *at = distinct.len() as u32;
                    distinct.push(u64::from(byte));
                }
                place.push(*at);
            }
            return Self { distinct, place };
        }
        let mut seen = HashMap::new();
        for row in 0..rows {
            let tests = leaf.tests.iter().zip(&leaf.features).enumerate();
            let pattern = tests.fold(0, |bits, (bit, (test, &feature))| bits | u64::from(test.passes(column(feature)[row])) << bit);
            let at = *seen.entry(pattern).or_insert_with(|| {
                distinct.push(pattern);
                distinct.len() as u32 - 1
            });
            place.push(at);
        }
        Self { distinct, place }
    }
}
