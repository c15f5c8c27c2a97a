//! A checksum over everything that decides what tuning and selection find: version, recipe, seed, rows, support, folds, use.

use esker_core::{Codes, Samples, Support, Values};
use sha2::{Digest as _, Sha256};

use crate::plan::Plan;

/// A running checksum; every part is preceded by its length, so that parts cannot run into each other.
struct Sum(Sha256);

impl Sum {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn numbers(&mut self, values: &[f64]) {
        self.bytes(&values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
    }

    fn rows(&mut self, rows: &[usize]) {
        self.bytes(&rows.iter().flat_map(|r| (*r as u64).to_le_bytes()).collect::<Vec<u8>>());
    }

    fn codes(&mut self, codes: &Codes) {
        codes.levels().iter().for_each(|level| self.bytes(level.as_bytes()));
        self.bytes(&codes.codes().iter().flat_map(|k| k.to_le_bytes()).collect::<Vec<u8>>());
    }

    fn support(&mut self, support: &Support) {
        if let Some(place) = &support.place {
            self.bytes(place.crs().name().as_bytes());
            self.numbers(place.x());
            self.numbers(place.y());
        }
        self.numbers(support.time.as_ref().map_or(&[], |t| &t.days));
        for codes in [&support.group, &support.strata].into_iter().flatten() {
            self.codes(codes);
        }
    }

    fn samples(&mut self, samples: &Samples) {
        for column in samples.columns() {
            self.bytes(column.name.as_bytes());
            match &column.values {
                Values::Real(v) => self.numbers(v),
                Values::Class(codes) => self.codes(codes),
            }
        }
        self.numbers(samples.weight().unwrap_or_default());
    }
}

impl Plan {
    /// The checksum, in hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        let mut sum = Sum(Sha256::new());
        sum.bytes(env!("CARGO_PKG_VERSION").as_bytes());
        sum.bytes(self.recipe.text.as_bytes());
        sum.bytes(&self.recipe.seed.to_le_bytes());
        sum.bytes(self.penalty.as_bytes());
        sum.samples(&self.data.samples);
        for design in &self.designs {
            // Inner folds are cut from the support, where outer ones may stay the same.
            sum.support(&design.support);
            for fold in &design.folds {
                sum.rows(&fold.train);
                sum.rows(&fold.test);
            }
        }
        if let Some(wanted) = &self.aim.wanted {
            sum.support(wanted);
        }
        if let Some(features) = &self.aim.features {
            features.names.iter().for_each(|name| sum.bytes(name.as_bytes()));
            sum.numbers(&features.samples);
            sum.numbers(&features.wanted);
        }
        sum.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
