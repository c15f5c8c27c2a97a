//! The uses of a model, each with the designs that may imitate it.

use esker_core::{Error, Result, Setting};
use esker_evaluate::split::Design;

use super::yard::Yard;
use super::{Advised, Adviser, NEARER};
use crate::judge::distance;
use crate::recipe::WantedAt;

/// A lead longer than so many usual steps is one that folds should have, too.
const STEPS: f64 = 1.5;
/// Shuffled folds as near as this share of the distances wanted need no other design.
const ENOUGH: f64 = 0.8;
/// kNNDM among the features, as a candidate.
const IN_FEATURES: &str = "knndm in features";
/// Forward with a gap as long as the lead, as a candidate.
const WITH_GAP: &str = "forward with gap";

impl Adviser<'_> {
    /// Chooses by what the recipe says is wanted.
    pub(super) fn by_use(mut self) -> Result<Advised> {
        let said = self.validate.wanted.as_ref().map(|w| w.at.clone());
        let others = matches!(said, Some(WantedAt::OtherGroups));
        if others && self.groups().len() < 2 {
            return Err(Error::recipe("'validate.wanted'")
                .got(format!("other groups, and {} in the samples", self.groups().len()))
                .rule("at least two groups are needed: one to learn from and one to judge on")
                .hint("name their column: [roles] group = \"\u{2026}\", or group in [validate]"));
        }
        if self.future() {
            return self.later(others);
        }
        match said {
            Some(WantedAt::OtherGroups) => self.other_groups(),
            Some(WantedAt::Here) => self.here(),
            _ => self.elsewhere(),
        }
    }

    /// Whether most of what is wanted lies after the last sample.
    fn future(&mut self) -> bool {
        let last = self.days().into_iter().fold(f64::NEG_INFINITY, f64::max);
        let Some(theirs) = self.aim.wanted.as_ref().and_then(|w| w.time.as_ref()).filter(|_| last.is_finite()) else { return false };
        let later = theirs.days.iter().filter(|&&t| t > last).count();
        let share = later as f64 / theirs.days.len().max(1) as f64;
        self.measured(format!("{:.0} % of the times wanted are later than the last sample.", 100.0 * share));
        share > 0.5
    }

    /// The distances between the times wanted and those of the samples.
    fn look_at_times(&mut self) -> Result<()> {
        let wanted: Vec<f64> = self.aim.wanted.iter().flat_map(|w| &w.time).flat_map(|t| t.days.iter().copied()).collect();
        let yard = Yard::times(&self.days(), &wanted)?;
        self.look(yard);
        Ok(())
    }

    /// Times to come, of the same groups and places or of others.
    fn later(mut self, others: bool) -> Result<Advised> {
        self.advice.wanted = format!("times after the last sample{}", if others { ", of other groups" } else { "" });
        self.look_at_times()?;
        let (last, first) = (
            self.days().into_iter().fold(f64::NEG_INFINITY, f64::max),
            self.aim
                .wanted
                .iter()
                .flat_map(|w| &w.time)
                .flat_map(|t| &t.days)
                .copied()
                .filter(|t| t.is_finite())
                .fold(f64::INFINITY, f64::min),
        );
        let lead = (first - last).floor();
        let gap = (lead > STEPS * self.usual_step()).then_some(("gap", Setting::Real(lead)));
        let (design, name, gapped) =
            if others { (Design::GroupForward, "group-forward", "group-forward with gap") } else { (Design::Forward, "forward", WITH_GAP) };
        self.attempt(design);
        if let Some(gap) = gap {
            self.attempt_with(design, gapped, &[gap]);
        }
        let chosen = self.least_w().map_or(name.to_owned(), |best| best.0);
        let groups = if others { " and from other groups" } else { "" };
        let far = if chosen == gapped { format!(", as far ahead as the first time wanted ({lead} days)") } else { String::new() };
        self.settle(
            &chosen,
            &format!("predictions are wanted for times after the last sample, so every fold learns from the past alone{groups}{far}"),
        )
    }

    /// The usual step between different times of the samples, in days.
    fn usual_step(&self) -> f64 {
        let mut days = self.days();
        days.sort_by(f64::total_cmp);
        days.dedup();
        let steps: Vec<f64> = days.windows(2).map(|w| w[1] - w[0]).collect();
        esker_math::quantile(&steps, 0.5).unwrap_or(0.0)
    }

    /// Groups that no sample is of.
    fn other_groups(mut self) -> Result<Advised> {
        self.advice.wanted = "groups that no sample is of".into();
        if let Some(ground) = &self.ground {
            let yard = Yard::among(ground, self.support.group.as_ref())?;
            self.look(yard);
        }
        self.attempt(Design::Random);
        self.attempt(Design::Group);
        let made = self.tried.iter().any(|t| t.part.design == Design::Group);
        let name = if made { "group" } else { "leave-one-group-out" };
        self.settle(name, "predictions are wanted for other groups, so every fold is judged on groups that it has not learned from")
    }

    /// Among the samples: gaps between them, the same groups at other times.
    fn here(mut self) -> Result<Advised> {
        self.advice.wanted = "among the samples: gaps between them, the same groups".into();
        if let Some(ground) = &self.ground {
            let yard = Yard::among(ground, None)?;
            self.look(yard);
        }
        self.attempt(Design::Random);
        self.advice.reasons.push(
            "The score is that of filling gaps among these samples: it says nothing of new ground, other groups or later times.".into(),
        );
        self.settle(
            "random",
            "predictions are wanted among the samples, and rows left out at random are as far from the others as those are",
        )
    }

    /// Places, features or times that a file names; else what the samples are.
    fn elsewhere(self) -> Result<Advised> {
        let wanted = self.aim.wanted.as_ref();
        let features = self.aim.features.as_ref().is_some_and(|f| !f.wanted.is_empty());
        if self.support.place.is_some() && wanted.is_some_and(|w| w.place.is_some()) {
            self.by_place(features)
        } else if features {
            self.by_features()
        } else if wanted.is_some_and(|w| w.time.is_some()) && !self.days().is_empty() {
            self.by_times()
        } else {
            self.by_roles()
        }
    }

    /// Folds of shuffled rows, and of whole groups where there are some.
    fn attempt_first(&mut self) {
        self.attempt(Design::Random);
        if self.support.group.is_some() {
            self.attempt(Design::Group);
        }
    }

    /// Chooses by distances on the ground, and by those among the features where the ground is covered and they are not.
    fn by_place(mut self, features: bool) -> Result<Advised> {
        let places = Yard::places(self.support, self.aim)?;
        self.advice.wanted = format!("predictions at {} places", places.wanted.values().len());
        let p = places.nearer();
        self.look(places);
        if features {
            // Features that are all alike have no distances; the ground decides then.
            if let Ok(yard) = Yard::features(self.support, self.aim) {
                self.look(yard);
            }
        }
        self.attempt_first();
        if p < NEARER {
            self.attempt(Design::Knndm);
            return self.settle_by_w();
        }
        if self.short_of_features() {
            self.in_features();
            if let Some(better) = self.better_in_features() {
                return self.settle(IN_FEATURES, &better);
            }
        }
        if self.support.group.is_some() {
            self.attempt(Design::Knndm);
            return self.settle_by_w();
        }
        let why = format!(
            "samples are not nearer to each other than the places wanted are to samples (one-sided Smirnov test, p = {p:.2}), so rows left \
             out at random are as far from the others as predictions will be"
        );
        self.settle("random", &why)
    }

    /// Whether features of what is wanted are much further from samples than those of shuffled test rows from what they learn from.
    fn short_of_features(&self) -> bool {
        let (Some(yard), Some(own)) = (self.yards.get(1), self.tried.first().and_then(|t| t.across.get(1))) else { return false };
        self.support.group.is_none() && yard.nearer() < NEARER && own.mean() < ENOUGH * yard.wanted.mean()
    }

    fn in_features(&mut self) {
        self.attempt_with(Design::Knndm, IN_FEATURES, &[("space", Setting::Text("features".into()))]);
    }

    /// Why folds matched among the features are to be preferred to shuffled ones, where they are.
    fn better_in_features(&self) -> Option<String> {
        let w = |name: &str| {
            let tried = self.tried.iter().find(|t| t.name == name)?;
            Some(tried.across.get(1)?.wasserstein(&self.yards.get(1)?.wanted))
        };
        let (matched, random) = (w(IN_FEATURES)?, w("random")?);
        (matched < random).then(|| {
            format!(
                "samples cover the places wanted, but not their features: those are further from samples than samples are from each other, and folds \
                 matched among the features are more like that (W = {} sd) than shuffled ones ({} sd)",
                crate::judge::short(matched),
                crate::judge::short(random)
            )
        })
    }

    /// Chooses by distances among the features alone.
    fn by_features(mut self) -> Result<Advised> {
        let yard = Yard::features(self.support, self.aim)?;
        self.advice.wanted = format!("predictions for {} rows of features", yard.wanted.values().len());
        let p = yard.nearer();
        self.look(yard);
        self.attempt_first();
        if p >= NEARER && self.support.group.is_none() {
            let why = format!(
                "among the features, samples are not nearer to each other than what is wanted is to samples (one-sided Smirnov test, p = {p:.2}), so \
                 rows left out at random are as new as predictions will be"
            );
            return self.settle("random", &why);
        }
        self.in_features();
        self.settle_by_w()
    }

    /// Chooses by distances in time: gaps within the record.
    fn by_times(mut self) -> Result<Advised> {
        self.advice.wanted = "times within the record of the samples".into();
        self.look_at_times()?;
        self.attempt_first();
        self.attempt(Design::BlockTime);
        self.settle_by_w()
    }

    /// Chooses by what the samples are, where nobody said where predictions are wanted.
    fn by_roles(mut self) -> Result<Advised> {
        self.advice.wanted = "not said: add wanted = \"grid.csv\" to [validate] for a design that imitates the use".into();
        if self.groups().len() >= 2 {
            self.attempt(Design::Group);
            let made = self.tried.iter().any(|t| t.part.design == Design::Group);
            let name = if made { "group" } else { "leave-one-group-out" };
            return self.settle(name, "samples of one group are alike, and new groups are what a model is mostly asked about");
        }
        if self.support.time.is_some() {
            self.attempt(Design::Forward);
            return self.settle("forward", "samples have times, and a model is mostly asked about the time to come");
        }
        if self.ground.is_some() {
            return self.by_reach();
        }
        self.attempt(Design::Random);
        self.settle("random", "samples have neither place nor time nor group, so none is nearer to another")
    }

    /// Blocks as large as the target is alike, where they can be made.
    fn by_reach(mut self) -> Result<Advised> {
        self.attempt(Design::Random);
        let Some(reach) = self.reach else {
            return self.settle("random", "near samples are not more alike than far ones");
        };
        let near = distance(reach);
        self.attempt_with(Design::Block, "block", &[("size", Setting::Real(reach / 1000.0))]);
        if self.tried.iter().any(|t| t.part.design == Design::Block) {
            let why = format!(
                "nobody said where predictions are wanted; near samples are alike up to about {near}, and blocks of that size keep neighbours \
                 out of what predicts them, as on new ground"
            );
            return self.settle("block", &why);
        }
        self.advice.beyond = Some(format!(
            "Near samples are alike up to about {near}, and blocks of that size cannot be made of them. Rows left out at random have neighbours to \
             learn from: the score is that of filling gaps among these samples, not of new ground."
        ));
        self.settle("random", "nobody said where predictions are wanted, and the samples are too close together for another design")
    }
}
