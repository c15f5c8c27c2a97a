//! Scores of events said and happened (Wilks 2019, chapter 9): hits, false alarms, and what is left beyond chance.

use esker_core::{Error, Result};

/// How often an event was said and happened; weights may stand for counts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Events {
    /// Said and happened.
    pub hits: f64,
    /// Happened, not said.
    pub misses: f64,
    /// Said, did not happen.
    pub false_alarms: f64,
    /// Neither.
    pub correct_negatives: f64,
}

fn share(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}

impl Events {
    /// Counts an event in each row.
    ///
    /// # Errors
    /// Lengths that differ, or no rows.
    pub fn count(happened: &[bool], said: &[bool]) -> Result<Self> {
        if happened.len() != said.len() || said.is_empty() {
            return Err(Error::data("events")
                .got(format!("{} rows of truth and {} of prediction", happened.len(), said.len()))
                .rule("one of each a row, at least one"));
        }
        let mut events = Self::default();
        for (h, s) in happened.iter().zip(said) {
            *match (h, s) {
                (true, true) => &mut events.hits,
                (true, false) => &mut events.misses,
                (false, true) => &mut events.false_alarms,
                (false, false) => &mut events.correct_negatives,
            } += 1.0;
        }
        Ok(events)
    }

    /// Counts rows at or above a threshold as the event, in the unit of the values.
    ///
    /// # Errors
    /// As [`Events::count`]; a value or threshold that is NaN.
    pub fn at_least(threshold: f64, truth: &[f64], said: &[f64]) -> Result<Self> {
        if truth.iter().chain(said).chain([&threshold]).any(|v| v.is_nan()) {
            return Err(Error::data("events").got("a missing value").rule("every row has a truth and a prediction"));
        }
        let over = |v: &[f64]| v.iter().map(|x| *x >= threshold).collect::<Vec<_>>();
        Self::count(&over(truth), &over(said))
    }

    fn total(&self) -> f64 {
        self.hits + self.misses + self.false_alarms + self.correct_negatives
    }

    /// Probability of detection: the share of events that were said. `None` without events.
    pub fn pod(&self) -> Option<f64> {
        share(self.hits, self.hits + self.misses)
    }

    /// False alarm ratio: the share of what was said that did not happen. `None` where nothing was said.
    pub fn far(&self) -> Option<f64> {
        share(self.false_alarms, self.hits + self.false_alarms)
    }

    /// Probability of false detection: the share of rows without the event where it was said.
    pub fn pofd(&self) -> Option<f64> {
        share(self.false_alarms, self.false_alarms + self.correct_negatives)
    }

    /// Critical success index: hits among all rows where it was said or happened.
    pub fn csi(&self) -> Option<f64> {
        share(self.hits, self.hits + self.misses + self.false_alarms)
    }

    /// Frequency bias: events said over events that happened; 1 is right.
    pub fn bias(&self) -> Option<f64> {
        share(self.hits + self.false_alarms, self.hits + self.misses)
    }

    /// Equitable threat score (Gilbert 1884): the critical success index beyond the hits of chance.
    pub fn ets(&self) -> Option<f64> {
        let chance = share((self.hits + self.misses) * (self.hits + self.false_alarms), self.total())?;
        let possible = self.hits + self.misses + self.false_alarms - chance;
        (possible != 0.0).then(|| (self.hits - chance) / possible)
    }

    /// Heidke skill score: rows right beyond those right by chance. `None` where chance is always right.
    pub fn hss(&self) -> Option<f64> {
        let (a, b, c, d) = (self.hits, self.false_alarms, self.misses, self.correct_negatives);
        share(2.0 * (a * d - b * c), (a + c) * (c + d) + (a + b) * (b + d))
    }
}
