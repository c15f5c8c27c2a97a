//! The path: what to take, how much of it, and in which order.
//!
//! Learning on topic t after x hours is m = 1 − exp(−x / H), H by the depth wished. Hours of a resource are shared over its topics and
//! count times the square of its fit. The sum of need × m under the hours is submodular, so taking again and again what gains most per
//! hours^0.8 is near the best, and can be explained: "of all that is left, this gave most for its hours". Then single changes are made as
//! long as one gives a hundredth more, so of the result it can be said: no other part of a step, and no step in its place, would.

use super::answers::Answers;
use super::catalogue::Catalogue;
use super::fit::{Barred, barred, parts, total};
use super::person::Person;

/// Gain is divided by hours to this power: a little less than 1, so that a longer part is not always the worse bargain.
const POWER: f64 = 0.8;
/// No resource takes more of the budget than this.
const MOST: f64 = 0.7;
/// Hours on a topic that make it a base for what builds on it.
pub(super) const ENOUGH: f64 = 1.5;
/// A gain smaller than this share of all needs is not worth a line.
const LEAST: f64 = 0.001;
/// A change has to give a hundredth more.
const WORTH: f64 = 1.01;
/// So many changes at most.
const ROUNDS: usize = 8;

/// A resource that may be taken.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its place in the catalogue.
    pub at: usize,
    pub fit: f64,
    /// Topics with the share of its hours.
    pub shares: Vec<(usize, f64)>,
    /// Parts that may be taken, in hours, the shortest first.
    pub options: Vec<f64>,
    /// Topics it builds on.
    pub builds_on: Vec<usize>,
}

/// A candidate with the hours of it.
pub(super) type Pick = (usize, f64);

/// Everything that the search looks at.
pub(super) struct Search {
    pub person: Person,
    /// Candidates by id, so that the order of a file changes nothing.
    pub candidates: Vec<Candidate>,
    /// Why the others are none, by their place in the catalogue.
    pub barred: Vec<(usize, Barred)>,
}

/// Hours on topics so far.
#[derive(Debug, Clone)]
pub(super) struct Hours {
    /// Times fit squared: what counts for learning.
    pub counted: Vec<f64>,
    /// As they are: what counts for building on.
    pub raw: Vec<f64>,
}

impl Search {
    /// What may be taken under `answers`.
    pub fn new(answers: &Answers, catalogue: &Catalogue) -> Self {
        let person = Person::new(answers, catalogue);
        let index = |id: &str| catalogue.topic_index(id);
        let (mut candidates, mut out) = (Vec::new(), Vec::new());
        let mut order: Vec<usize> = (0..catalogue.resources.len()).collect();
        order.sort_by(|a, b| catalogue.resources[*a].id.cmp(&catalogue.resources[*b].id));
        for at in order {
            let r = &catalogue.resources[at];
            if let Some(why) = barred(answers, &person, r) {
                out.push((at, why));
                continue;
            }
            let shares: Vec<(usize, f64)> = r.shares().filter_map(|(t, s)| Some((index(t)?, s))).collect();
            let fit = total(&parts(answers, &person, r, &shares));
            let builds_on = r.prerequisites.iter().filter_map(|t| index(t)).collect();
            candidates.push(Candidate { at, fit, shares, options: options(r.core_hours, r.hours, person.budget), builds_on });
        }
        Self { person, candidates, barred: out }
    }

    /// No hours on anything.
    pub fn start(&self) -> Hours {
        let n = self.person.need.len();
        Hours { counted: vec![0.0; n], raw: vec![0.0; n] }
    }

    /// Adds `h` hours of candidate `c`.
    pub fn spend(&self, hours: &mut Hours, (c, h): Pick) {
        let candidate = &self.candidates[c];
        for (t, share) in &candidate.shares {
            hours.counted[*t] += h * share * candidate.fit * candidate.fit;
            hours.raw[*t] += h * share;
        }
    }

    /// The sum of need × learned.
    pub fn value(&self, hours: &Hours) -> f64 {
        let p = &self.person;
        p.need.iter().enumerate().filter(|(_, n)| **n > 0.0).map(|(t, n)| n * p.learned(t, hours.counted[t])).sum()
    }

    /// What `picks` add to the value.
    pub fn gain(&self, hours: &Hours, picks: &[Pick]) -> f64 {
        self.gain_from(&self.so_far(hours), hours, picks)
    }

    /// How much of each topic that is wished is learned.
    fn so_far(&self, hours: &Hours) -> Vec<f64> {
        let p = &self.person;
        (0..p.need.len()).map(|t| if p.need[t] > 0.0 { p.learned(t, hours.counted[t]) } else { 0.0 }).collect()
    }

    fn gain_from(&self, so_far: &[f64], hours: &Hours, picks: &[Pick]) -> f64 {
        let p = &self.person;
        let mut added: Vec<(usize, f64)> = Vec::with_capacity(8);
        for (c, h) in picks {
            let candidate = &self.candidates[*c];
            for (t, share) in candidate.shares.iter().filter(|(t, _)| p.need[*t] > 0.0) {
                let counts = h * share * candidate.fit * candidate.fit;
                match added.iter_mut().find(|(u, _)| u == t) {
                    Some((_, x)) => *x += counts,
                    None => added.push((*t, counts)),
                }
            }
        }
        added.iter().map(|(t, x)| p.need[*t] * (p.learned(*t, hours.counted[*t] + x) - so_far[*t])).sum()
    }

    /// Whether candidate `c` has all it builds on.
    pub fn ready(&self, hours: &Hours, c: usize) -> bool {
        self.candidates[c].builds_on.iter().all(|t| self.person.known[*t] || hours.raw[*t] >= ENOUGH)
    }

    /// What has to come before candidate `c`, the best cheap provider of each missing topic; `None` where nothing provides one.
    pub fn before(&self, c: usize, hours: &Hours, taken: &[Pick], open: &mut Vec<usize>) -> Option<Vec<Pick>> {
        let mut picks: Vec<Pick> = Vec::new();
        let mut after = hours.clone();
        for topic in &self.candidates[c].builds_on {
            if self.person.known[*topic] || after.raw[*topic] >= ENOUGH {
                continue;
            }
            if open.contains(topic) {
                return None;
            }
            open.push(*topic);
            let used: Vec<Pick> = taken.iter().chain(&picks).copied().collect();
            let found = self.provider(*topic, c, &after, &used, open);
            open.pop();
            for pick in found? {
                self.spend(&mut after, pick);
                picks.push(pick);
            }
        }
        Some(picks)
    }

    /// The provider of `topic` with most hours on it for all the hours that it and what comes before it cost.
    fn provider(&self, topic: usize, c: usize, hours: &Hours, taken: &[Pick], open: &mut Vec<usize>) -> Option<Vec<Pick>> {
        let mut best: Option<(f64, Vec<Pick>)> = None;
        for (p, provider) in self.candidates.iter().enumerate() {
            let share = provider.shares.iter().find(|(t, _)| *t == topic).map_or(0.0, |(_, s)| *s);
            if p == c || share == 0.0 || provider.builds_on.contains(&topic) || taken.iter().any(|(i, _)| *i == p) {
                continue;
            }
            let missing = ENOUGH - hours.raw[topic];
            let Some(h) = provider.options.iter().copied().find(|h| h * share >= missing) else { continue };
            let Some(mut picks) = self.before(p, hours, taken, open) else { continue };
            if picks.iter().any(|(i, _)| *i == c) {
                continue;
            }
            picks.push((p, h));
            let score = h * share * provider.fit * provider.fit / cost(&picks).powf(POWER);
            if best.as_ref().is_none_or(|(s, _)| score > s + 1e-12) {
                best = Some((score, picks));
            }
        }
        best.map(|(_, picks)| picks)
    }

    /// The best next picks within `left` hours: a part of one of `among` with what has to come before it.
    fn next(&self, hours: &Hours, taken: &[Pick], left: f64, least: f64, among: impl Fn(usize) -> bool) -> Option<Vec<Pick>> {
        let mut best: Option<(f64, Vec<Pick>)> = None;
        let so_far = self.so_far(hours);
        for (c, candidate) in self.candidates.iter().enumerate() {
            if !among(c) || candidate.options[0] > left + 1e-9 || taken.iter().any(|(i, _)| *i == c) {
                continue;
            }
            let Some(mut picks) = self.before(c, hours, taken, &mut Vec::new()) else { continue };
            let first = cost(&picks);
            picks.push((c, 0.0));
            for h in candidate.options.iter().take_while(|h| first + **h <= left + 1e-9) {
                picks.last_mut().iter_mut().for_each(|p| p.1 = *h);
                let gain = self.gain_from(&so_far, hours, &picks);
                let score = gain / (first + h).powf(POWER);
                if gain > least && best.as_ref().is_none_or(|(s, _)| score > s + 1e-12) {
                    best = Some((score, picks.clone()));
                }
            }
        }
        best.map(|(_, picks)| picks)
    }

    /// Adds the best next picks to `taken` until hours or gains run out; `never` is left out.
    fn fill(&self, mut taken: Vec<Pick>, never: Option<usize>) -> Vec<Pick> {
        let least = LEAST * self.person.need.iter().sum::<f64>();
        let mut hours = self.spent(&taken);
        while let Some(picks) = self.next(&hours, &taken, self.person.budget - cost(&taken), least, |c| Some(c) != never) {
            for pick in picks {
                self.spend(&mut hours, pick);
                taken.push(pick);
            }
        }
        taken
    }

    /// Hours after `picks`.
    pub fn spent(&self, picks: &[Pick]) -> Hours {
        let mut hours = self.start();
        for pick in picks {
            self.spend(&mut hours, *pick);
        }
        hours
    }

    /// The path: `first` are put in, then the best next picks, then single changes as long as one gives more.
    pub fn path(&self, first: &[usize]) -> Vec<Pick> {
        let mut taken: Vec<Pick> = Vec::new();
        for wanted in first {
            let left = self.person.budget - cost(&taken);
            let picks = self.next(&self.spent(&taken), &taken, left, f64::NEG_INFINITY, |c| c == *wanted);
            taken.extend(picks.unwrap_or_default());
        }
        let path = self.improve(self.fill(taken, None), first);
        if first.is_empty() { path } else { self.arrange(path) }
    }

    /// Makes the best single change (another part of a step, or a step out for others) until none gives a hundredth more.
    fn improve(&self, mut path: Vec<Pick>, keep: &[usize]) -> Vec<Pick> {
        let mut value = self.value(&self.spent(&path));
        for _ in 0..ROUNDS {
            let mut best: Option<(f64, Vec<Pick>)> = None;
            for i in 0..path.len() {
                for changed in self.changes(&path, i, keep.contains(&path[i].0)) {
                    let v = self.value(&self.spent(&changed));
                    if v > best.as_ref().map_or(value * WORTH, |b| b.0 + 1e-12) {
                        best = Some((v, changed));
                    }
                }
            }
            let Some(better) = best else { break };
            (value, path) = better;
        }
        path
    }

    /// The path with another part of step `i`, or without it, filled up again.
    fn changes(&self, path: &[Pick], i: usize, keep: bool) -> Vec<Vec<Pick>> {
        let (c, h) = path[i];
        let mut changes = Vec::new();
        for other in self.candidates[c].options.iter().filter(|o| **o != h) {
            let mut changed = path.to_vec();
            changed[i].1 = *other;
            if self.lawful(&changed) {
                changes.push(self.fill(changed, None));
            }
        }
        let mut without = path.to_vec();
        without.remove(i);
        if !keep && self.lawful(&without) {
            changes.push(self.fill(without, Some(c)));
        }
        changes
    }

    /// Whether the hours are enough and each step has before it what it builds on.
    fn lawful(&self, picks: &[Pick]) -> bool {
        let mut hours = self.start();
        cost(picks) <= self.person.budget + 1e-9
            && picks.iter().all(|pick| {
                let ready = self.ready(&hours, pick.0);
                self.spend(&mut hours, *pick);
                ready
            })
    }

    /// The order by gain per hour, each after what it builds on: what was put in takes the place it deserves.
    fn arrange(&self, mut left: Vec<Pick>) -> Vec<Pick> {
        let mut hours = self.start();
        let mut placed = Vec::new();
        while !left.is_empty() {
            let score = |pick: &Pick| self.gain(&hours, &[*pick]) / pick.1.powf(POWER);
            let ready = (0..left.len()).filter(|i| self.ready(&hours, left[*i].0));
            // The order of taking honours what is needed, so the first one left is always ready.
            let best = ready.max_by(|a, b| score(&left[*a]).total_cmp(&score(&left[*b])).then(b.cmp(a))).unwrap_or(0);
            let pick = left.remove(best);
            self.spend(&mut hours, pick);
            placed.push(pick);
        }
        placed
    }
}

/// Hours of picks.
pub(super) fn cost(picks: &[Pick]) -> f64 {
    picks.iter().map(|(_, h)| h).sum()
}

/// Parts that may be taken: the core, quarters, all of it, or as much as one resource may take of the budget.
fn options(core: f64, all: f64, budget: f64) -> Vec<f64> {
    let cap = halves(all.min((MOST * budget).max(core)));
    let parts = [all / 4.0, all / 2.0, all * 0.75, all, cap].map(halves);
    let mut options: Vec<f64> = parts.into_iter().filter(|h| *h > core && *h <= cap + 1e-9).collect();
    options.push(core);
    options.sort_by(f64::total_cmp);
    options.dedup();
    options
}

/// Rounded down to whole hours, to half hours below four.
fn halves(h: f64) -> f64 {
    if h < 4.0 { (2.0 * h + 1e-9).floor() / 2.0 } else { (h + 1e-9).floor() }
}
