//! What distances are measured in: the ground, the features, or time, with what is wanted there.

use esker_core::{Codes, Fold, Result, Support};
use esker_evaluate::split::{Aim, FeatureDistance, Space, distances};
use esker_math::{Empirical, Ground, Sides};

use super::measure;
use crate::judge::{distance, short};

/// Distances of samples and of what is wanted in one space.
pub(super) struct Yard {
    how: How,
    /// From what is wanted to the nearest sample.
    pub wanted: Empirical,
    /// From samples to the nearest other sample.
    pub samples: Empirical,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    /// Between samples and what the aim names.
    Aim(Space),
    /// On the ground, among the samples themselves.
    Among,
    Time,
}

impl Yard {
    /// The ground, between samples and the places wanted.
    pub fn places(support: &Support, aim: &Aim) -> Result<Self> {
        Self::aim(Space::Place, support, aim)
    }

    /// The features, in standard deviations of the samples.
    pub fn features(support: &Support, aim: &Aim) -> Result<Self> {
        Self::aim(Space::Features(FeatureDistance::Euclidean), support, aim)
    }

    fn aim(space: Space, support: &Support, aim: &Aim) -> Result<Self> {
        let measured = distances(space, support, aim, &[])?;
        Ok(Self { how: How::Aim(space), wanted: measured.wanted, samples: measured.samples })
    }

    /// The ground, where predictions are wanted among the samples, or for `groups` other than those learned from.
    pub fn among(ground: &Ground, groups: Option<&Codes>) -> Result<Self> {
        let samples = Empirical::new(ground.to_nearest_other()?)?;
        let wanted = match groups {
            Some(groups) => {
                let sums = ground.tree()?.to_other_labels(groups.codes(), Sides::Squares);
                Empirical::new(sums.into_iter().map(|sum| ground.metres(sum)).collect())?
            }
            None => samples.clone(),
        };
        Ok(Self { how: How::Among, wanted, samples })
    }

    /// Time, between samples and the times wanted; both are finite.
    pub fn times(days: &[f64], wanted: &[f64]) -> Result<Self> {
        let mut sorted = days.to_vec();
        sorted.sort_by(f64::total_cmp);
        let steps: Vec<f64> = (0..sorted.len())
            .map(|i| {
                let after = sorted.get(i + 1).map_or(f64::INFINITY, |t| t - sorted[i]);
                if i > 0 { after.min(sorted[i] - sorted[i - 1]) } else { after }
            })
            .collect();
        Ok(Self { how: How::Time, wanted: Empirical::new(measure::days_to(wanted, &sorted))?, samples: Empirical::new(steps)? })
    }

    /// From rows judged on to the nearest row learned from.
    pub fn across(&self, support: &Support, aim: &Aim, folds: &[Fold]) -> Result<Empirical> {
        match (self.how, &support.place, &support.time) {
            (How::Aim(space), ..) => distances(space, support, aim, folds)?.folds.map_or_else(|| Empirical::new(Vec::new()), Ok),
            (How::Among, Some(places), _) => Empirical::new(measure::of_folds(&Ground::new(places), folds)?),
            (How::Time, _, Some(time)) => Empirical::new(measure::of_folds_in_time(&time.days, folds)),
            _ => Empirical::new(Vec::new()),
        }
    }

    /// Significance of the samples' being nearer to each other than what is wanted is to them (one-sided Smirnov test).
    pub fn nearer(&self) -> f64 {
        self.samples.above(&self.wanted).p
    }

    /// The unit in the record.
    pub fn unit(&self) -> &'static str {
        match self.how {
            How::Aim(Space::Features(_)) => "sd",
            How::Time => "d",
            _ => "km",
        }
    }

    /// A distance as the record has it.
    pub fn number(&self, v: f64) -> f64 {
        if self.unit() == "km" { v / 1000.0 } else { v }
    }

    /// A distance in words.
    pub fn words(&self, v: f64) -> String {
        match self.unit() {
            "km" => distance(v),
            "d" if v >= 3.0 * 365.2425 => format!("{} years", short(v / 365.2425)),
            "d" => format!("{} days", short(v)),
            _ => format!("{} standard deviations", short(v)),
        }
    }

    /// What is wanted, as the subject of a sentence.
    pub fn subject(&self) -> &'static str {
        match self.how {
            How::Aim(Space::Features(_)) => "features of what is wanted",
            How::Aim(_) => "places wanted",
            How::Among => "rows wanted",
            How::Time => "times wanted",
        }
    }

    /// A distribution for the record.
    pub fn told(&self, of: String, design: Option<String>, values: &Empirical) -> esker_core::Distances {
        let quantiles = (0..=50).map(|i| self.number(values.quantile(f64::from(i) / 50.0))).collect();
        esker_core::Distances { of, design, unit: self.unit().into(), quantiles, mean: self.number(values.mean()) }
    }
}
