//! The path: what to take, how much of it, and in which order.
//!
//! Learning on topic t after x hours is m = 1 − exp(−x / H), H by the depth wished. Hours of a resource are shared over its topics and
//! count times the square of its fit. The sum of need × m under the hours is submodular, so taking again and again what gains most per
//! hours^0.8 is near the best, and can be explained: "of all that is left, this gave most for its hours". Then single changes are made as
//! long as one gives a hundredth more, so of the result it can be said: no other part of a step, and no step in its place, would.

use std::borrow::Cow;
use std::collections::BTreeMap;

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
/// So many paths with another beginning are improved.
const OTHERS: usize = 6;

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
    /// What gains of the parts are divided by where nothing has to come before them: hours to a power.
    pub prices: Vec<f64>,
    /// For each part the share of what is left of each needed topic that it teaches.
    pub gives: Vec<Vec<(usize, f64)>>,
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
    /// By topic the candidates that teach it without building on it, with the share of their hours.
    providers: Vec<Vec<(usize, f64)>>,
    /// Why the others are none, by their place in the catalogue.
    pub barred: Vec<(usize, Barred)>,
    /// Candidates that the person puts in, in the order named.
    pub insisted: Vec<usize>,
}

/// Hours on topics so far.
#[derive(Debug, Clone)]
pub(super) struct Hours {
    /// Times fit squared: what counts for learning.
    pub counted: Vec<f64>,
    /// As they are: what counts for building on.
    pub raw: Vec<f64>,
}

/// Open topics, and what was picked on top of the ground.
type State = (Vec<usize>, Vec<(usize, u64)>);

/// Where a choice is made: hours on topics, what was taken, hours left; and the providers found there, by the open topics and by what
/// was picked on top.
pub(super) struct Ground<'a> {
    hours: &'a Hours,
    taken: &'a [Pick],
    left: f64,
    found: BTreeMap<State, Option<Vec<Pick>>>,
}

impl<'a> Ground<'a> {
    pub fn new(hours: &'a Hours, taken: &'a [Pick], left: f64) -> Self {
        Self { hours, taken, left, found: BTreeMap::new() }
    }
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
            let options = options(r.core_hours, r.hours, person.budget);
            let taught = |h: f64| {
                let needed = shares.iter().filter(|(t, _)| person.need[*t] > 0.0);
                needed.map(|(t, s)| (*t, person.learned(*t, h * s * fit * fit))).collect()
            };
            let gives = options.iter().map(|h| taught(*h)).collect();
            let prices = options.iter().map(|h| h.powf(POWER)).collect();
            candidates.push(Candidate { at, fit, shares, options, prices, gives, builds_on });
        }
        let place = |id: &String| candidates.iter().position(|c: &Candidate| catalogue.resources[c.at].id == *id);
        let insisted = answers.with.iter().filter_map(place).collect();
        let mut providers = vec![Vec::new(); catalogue.topics.len()];
        for (c, candidate) in candidates.iter().enumerate() {
            for (t, share) in candidate.shares.iter().filter(|(t, share)| *share > 0.0 && !candidate.builds_on.contains(t)) {
                providers[*t].push((c, *share));
            }
        }
        Self { person, candidates, providers, barred: out, insisted }
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

    /// Need × what is not learned, by topic: what is still to be gained.
    fn rest(&self, hours: &Hours) -> Vec<f64> {
        let p = &self.person;
        let rest = |t: usize| if p.need[t] > 0.0 { p.need[t] * (1.0 - p.learned(t, hours.counted[t])) } else { 0.0 };
        (0..p.need.len()).map(rest).collect()
    }

    /// The sum of need × learned.
    pub fn value(&self, hours: &Hours) -> f64 {
        self.person.need.iter().sum::<f64>() - self.rest(hours).iter().sum::<f64>()
    }

    /// What `picks` add to the value.
    pub fn gain(&self, hours: &Hours, picks: &[Pick]) -> f64 {
        self.rest(hours).iter().sum::<f64>() - self.rest(&self.with(hours, picks)).iter().sum::<f64>()
    }

    /// Whether candidate `c` has all it builds on.
    pub fn ready(&self, hours: &Hours, c: usize) -> bool {
        self.candidates[c].builds_on.iter().all(|t| self.has(hours, *t))
    }

    /// Whether topic `t` can be built on.
    pub fn has(&self, hours: &Hours, t: usize) -> bool {
        self.person.known[t] || hours.raw[t] >= ENOUGH
    }

    /// What has to come before candidate `c`, the best cheap provider of each missing topic; `None` where nothing provides one in the
    /// hours that are left.
    pub fn before(&self, c: usize, ground: &mut Ground<'_>) -> Option<Vec<Pick>> {
        if self.ready(ground.hours, c) { Some(Vec::new()) } else { self.missing(c, ground, &[], &mut Vec::new()) }
    }

    /// The same, where `extra` was picked on top of the ground and providers of `open` topics are being looked for.
    fn missing(&self, c: usize, ground: &mut Ground<'_>, extra: &[Pick], open: &mut Vec<usize>) -> Option<Vec<Pick>> {
        let mut picks = extra.to_vec();
        for topic in &self.candidates[c].builds_on {
            if self.person.known[*topic] || self.raw(ground, &picks, *topic) >= ENOUGH {
                continue;
            }
            if open.contains(topic) {
                return None;
            }
            open.push(*topic);
            let found = self.provider(*topic, ground, &picks, open);
            open.pop();
            picks.extend(found?);
        }
        Some(picks.split_off(extra.len()))
    }

    /// Hours on a topic after `picks` on top of the ground.
    fn raw(&self, ground: &Ground<'_>, picks: &[Pick], topic: usize) -> f64 {
        let on_it = |(c, h): &Pick| self.candidates[*c].shares.iter().find(|(t, _)| *t == topic).map_or(0.0, |(_, share)| h * share);
        picks.iter().fold(ground.hours.raw[topic], |hours, pick| hours + on_it(pick))
    }

    /// The provider of `topic` with most hours on it for all the hours that it and what comes before it cost. It is remembered: else
    /// topics that stand on each other would be gone through anew for each provider of each.
    fn provider(&self, topic: usize, ground: &mut Ground<'_>, extra: &[Pick], open: &mut Vec<usize>) -> Option<Vec<Pick>> {
        let key = (open.clone(), extra.iter().map(|(c, h)| (*c, h.to_bits())).collect());
        if let Some(found) = ground.found.get(&key) {
            return found.clone();
        }
        let missing = ENOUGH - self.raw(ground, extra, topic);
        let left = ground.left - cost(extra);
        let mut best: Option<(f64, Vec<Pick>)> = None;
        for &(p, share) in &self.providers[topic] {
            let provider = &self.candidates[p];
            if ground.taken.iter().chain(extra).any(|(i, _)| *i == p) {
                continue;
            }
            let Some(h) = provider.options.iter().copied().find(|h| h * share >= missing) else { continue };
            if h > left + 1e-9 {
                continue;
            }
            let Some(mut picks) = self.missing(p, ground, extra, open) else { continue };
            picks.push((p, h));
            let hours = cost(&picks);
            let score = h * share * provider.fit * provider.fit / hours.powf(POWER);
            if hours <= left + 1e-9 && best.as_ref().is_none_or(|(s, _)| score > s + 1e-12) {
                best = Some((score, picks));
            }
        }
        let found = best.map(|(_, picks)| picks);
        ground.found.insert(key, found.clone());
        found
    }

    /// The best next picks within the hours left: a part of one of `among` with what has to come before it.
    fn next(&self, ground: &mut Ground<'_>, least: f64, among: impl Fn(usize) -> bool) -> Option<Vec<Pick>> {
        let mut best: Option<(f64, Vec<Pick>)> = None;
        let left = ground.left;
        let rest = self.rest(ground.hours);
        for (c, candidate) in self.candidates.iter().enumerate() {
            if !among(c) || candidate.options[0] > left + 1e-9 || ground.taken.iter().any(|(i, _)| *i == c) {
                continue;
            }
            let Some(mut picks) = self.before(c, ground) else { continue };
            let first = cost(&picks);
            let (mut then, mut before) = (Cow::Borrowed(&rest), 0.0);
            if !picks.is_empty() {
                then = Cow::Owned(self.rest(&self.with(ground.hours, &picks)));
                before = rest.iter().zip(then.iter()).map(|(a, b)| a - b).sum();
            }
            let parts = candidate.options.iter().zip(&candidate.prices).zip(&candidate.gives);
            let mut score_here = best.as_ref().map_or(f64::NEG_INFINITY, |(s, _)| *s);
            let mut hours = None;
            for ((h, price), gives) in parts.take_while(|((h, _), _)| first + **h <= left + 1e-9) {
                let gain = before + gives.iter().map(|(t, g)| then[*t] * g).sum::<f64>();
                let score = gain / if first > 0.0 { (first + h).powf(POWER) } else { *price };
                if gain > least && score > score_here + 1e-12 {
                    (score_here, hours) = (score, Some(*h));
                }
            }
            if let Some(h) = hours {
                picks.push((c, h));
                best = Some((score_here, picks));
            }
        }
        best.map(|(_, picks)| picks)
    }

    /// Whether there is anything to take.
    pub fn any(&self) -> bool {
        let hours = self.start();
        self.next(&mut Ground::new(&hours, &[], self.person.budget), self.least(), |_| true).is_some()
    }

    /// The gain that is worth a line.
    fn least(&self) -> f64 {
        LEAST * self.person.need.iter().sum::<f64>()
    }

    /// Adds the best next picks to `taken` until hours or gains run out; `never` is left out.
    pub(super) fn fill(&self, mut taken: Vec<Pick>, never: Option<usize>) -> Vec<Pick> {
        let mut hours = self.spent(&taken);
        loop {
            let mut ground = Ground::new(&hours, &taken, self.person.budget - cost(&taken));
            let Some(picks) = self.next(&mut ground, self.least(), |c| Some(c) != never) else { return taken };
            for pick in picks {
                self.spend(&mut hours, pick);
                taken.push(pick);
            }
        }
    }

    /// `taken` with a part of `wanted` and what has to come before it, if the hours are enough.
    pub(super) fn put_in(&self, mut taken: Vec<Pick>, wanted: usize) -> Option<Vec<Pick>> {
        let hours = self.spent(&taken);
        let mut ground = Ground::new(&hours, &taken, self.person.budget - cost(&taken));
        let picks = self.next(&mut ground, f64::NEG_INFINITY, |c| c == wanted)?;
        taken.extend(picks);
        Some(taken)
    }

    /// Hours after `picks`.
    pub fn spent(&self, picks: &[Pick]) -> Hours {
        self.with(&self.start(), picks)
    }

    /// The same on top of `hours`.
    pub fn with(&self, hours: &Hours, picks: &[Pick]) -> Hours {
        let mut after = hours.clone();
        for pick in picks {
            self.spend(&mut after, *pick);
        }
        after
    }

    pub(super) fn worth(&self, picks: &[Pick]) -> f64 {
        self.value(&self.spent(picks))
    }

    /// The path: what the person insists on is put in, then the best next picks, then changes as long as one gives more.
    pub fn path(&self) -> Vec<Pick> {
        let first = &self.insisted;
        let mut taken: Vec<Pick> = Vec::new();
        for wanted in first {
            taken = self.put_in(taken.clone(), *wanted).unwrap_or(taken);
        }
        let plain = self.improve(self.fill(taken.clone(), None), first);
        let other = self.elsewhere(&plain, &taken, first);
        let turned = other.is_some() || !first.is_empty();
        // What a change left behind may add nothing by now, and its hours may serve something else.
        let path = self.prune(other.unwrap_or(plain), first);
        let path = self.prune(self.fill(path, None), first);
        if turned { self.arrange(path) } else { path }
    }

    /// A path that gives a hundredth more than `path` by beginning with a resource that it lacks. Each is tried, and the most
    /// promising of them are improved.
    fn elsewhere(&self, path: &[Pick], taken: &[Pick], keep: &[usize]) -> Option<Vec<Pick>> {
        let mut begins: Vec<(f64, usize, Vec<Pick>)> = (0..self.candidates.len())
            .filter(|c| path.iter().all(|(p, _)| p != c))
            .filter_map(|c| Some((c, self.put_in(taken.to_vec(), c)?)))
            .map(|(c, picks)| (self.at_most(&picks), c, picks))
            .collect();
        begins.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut others: Vec<(f64, usize, Vec<Pick>)> = Vec::new();
        for (most, c, picks) in begins {
            // The others can be no more than this one.
            if others.get(OTHERS - 1).is_some_and(|(worth, ..)| most < *worth) {
                break;
            }
            let picks = self.fill(picks, None);
            let worth = self.worth(&picks);
            let place = others.partition_point(|o| o.0 > worth || o.0 == worth && o.1 < c);
            others.insert(place, (worth, c, picks));
            others.truncate(OTHERS);
        }
        let improved = others.into_iter().map(|(.., picks)| self.improve(picks, keep));
        let (value, best) = improved.map(|picks| (self.worth(&picks), picks)).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (value > self.worth(path) * WORTH).then_some(best)
    }

    /// The path without steps that add next to nothing and that nothing builds on.
    fn prune(&self, mut path: Vec<Pick>, keep: &[usize]) -> Vec<Pick> {
        while path.len() > 1 {
            let value = self.worth(&path);
            let idle = (0..path.len()).rev().filter(|i| !keep.contains(&path[*i].0)).find_map(|i| {
                let mut without = path.clone();
                without.remove(i);
                (value - self.worth(&without) < self.least() && self.lawful(&without)).then_some(without)
            });
            let Some(without) = idle else { break };
            path = without;
        }
        path
    }

    /// Makes the best single change (another part of a step, or a step out for others) until none gives a hundredth more.
    pub(super) fn improve(&self, mut path: Vec<Pick>, keep: &[usize]) -> Vec<Pick> {
        let mut value = self.worth(&path);
        for _ in 0..ROUNDS {
            let mut best: Option<(f64, Vec<Pick>)> = None;
            for i in 0..path.len() {
                for (changed, never) in self.variants(&path, i, keep) {
                    let least = best.as_ref().map_or(value * WORTH, |b| b.0 + 1e-12);
                    if self.at_most(&changed) < least {
                        continue;
                    }
                    let changed = self.fill(changed, never);
                    let v = self.worth(&changed);
                    if v > least {
                        best = Some((v, changed));
                    }
                }
            }
            let Some(better) = best else { break };
            (value, path) = better;
        }
        path
    }

    /// The path with another part of step `i`, or without it, to be filled up again; and what shall not come back.
    pub(super) fn variants(&self, path: &[Pick], i: usize, keep: &[usize]) -> Vec<(Vec<Pick>, Option<usize>)> {
        let (c, h) = path[i];
        let mut variants = Vec::new();
        for other in self.candidates[c].options.iter().filter(|o| **o != h) {
            let mut changed = path.to_vec();
            changed[i].1 = *other;
            variants.extend(self.room(changed, i, keep).into_iter().map(|changed| (changed, None)));
        }
        let mut without = path.to_vec();
        without.remove(i);
        if !keep.contains(&c) && self.lawful(&without) {
            variants.push((without, Some(c)));
        }
        variants
    }

    /// What the path can be worth at most once it is filled up: several candidates never give more than the sum of what each gives alone, and
    /// none gives more per hour than its best part does.
    pub(super) fn at_most(&self, path: &[Pick]) -> f64 {
        let rest = self.rest(&self.spent(path));
        let mut left = self.person.budget - cost(path);
        let mut dense: Vec<(f64, f64)> = Vec::new();
        for (c, candidate) in self.candidates.iter().enumerate() {
            if candidate.options[0] > left + 1e-9 || path.iter().any(|(p, _)| *p == c) {
                continue;
            }
            let parts = candidate.options.iter().zip(&candidate.gives).take_while(|(h, _)| **h <= left + 1e-9);
            let gains = parts.map(|(h, gives)| (gives.iter().map(|(t, g)| rest[*t] * g).sum::<f64>(), *h));
            let (an_hour, most) = gains.fold((0.0, 0.0), |(d, m): (f64, f64), (gain, h)| (d.max(gain / h), m.max(gain)));
            if an_hour > 0.0 {
                dense.push((an_hour, most / an_hour));
            }
        }
        dense.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut worth = self.person.need.iter().sum::<f64>() - rest.iter().sum::<f64>();
        for (an_hour, hours) in dense {
            let taken = hours.min(left);
            worth += an_hour * taken;
            left -= taken;
            if left <= 0.0 {
                break;
            }
        }
        // Sums in another order differ in the last digits.
        worth + 1e-9
    }

    /// The path as it is where the hours are enough; else with one step other than `i` made as short as they ask for, or taken out.
    fn room(&self, path: Vec<Pick>, i: usize, keep: &[usize]) -> Vec<Vec<Pick>> {
        let over = cost(&path) - self.person.budget;
        let mut found = Vec::new();
        if over <= 1e-9 {
            found.push(path);
        } else {
            for j in (0..path.len()).filter(|j| *j != i && path[*j].1 >= over - 1e-9) {
                let (c, h) = path[j];
                let mut less = path.clone();
                match self.candidates[c].options.iter().rev().find(|o| **o <= h - over + 1e-9) {
                    Some(shorter) => less[j].1 = *shorter,
                    None if keep.contains(&c) => continue,
                    None => {
                        less.remove(j);
                    }
                }
                found.push(less);
            }
        }
        found.retain(|path| self.lawful(path));
        found
    }

    /// Whether the hours are enough and each step has before it what it builds on.
    pub(super) fn lawful(&self, picks: &[Pick]) -> bool {
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
