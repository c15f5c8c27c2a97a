//! Making groups: the best there is for few people, a good one for many.
//!
//! Up to [`EXACT`] people every possible group is listed and the best set of disjoint ones found by dynamic programming over subsets. With
//! more, experienced people open groups, those with the fewest free hours first; the groups are filled by first choice and common hours;
//! then people are inserted, groups opened with people whom others can spare, and small neighbourhoods (those who wait, with one or two
//! groups) solved exactly. Every choice is by number, then by id: the same people give the same groups.

use std::sync::atomic::{AtomicBool, Ordering};

use esker_core::Rng;

use super::pool::{Common, Pool, Rules};

/// Most people who are matched exactly.
pub const EXACT: usize = 14;
/// What a placed person counts before all wishes.
const PLACED: i64 = 1_000_000;
/// Most people of a neighbourhood.
const NEIGHBOURHOOD: usize = 12;
/// Most neighbourhoods that are solved for one person who waits, and to make groups suit better.
const PAIRS: usize = 60;
const POLISH: usize = 300;
/// Most people, scarcest first, who are looked at when a group is filled.
const CANDIDATES: usize = 256;
/// Most sets of people looked at when a group is sought among many, and in all such searches of one matching.
const STEPS: usize = 20_000;
const ALL_STEPS: usize = 40_000_000;
/// Most neighbourhoods solved for all who wait.
const ALL_TRIES: usize = 10_000;

/// Groups of people by their places in the pool, each sorted; nobody is in two. Where `stop` is set, whatever groups there are by then.
pub fn form(pool: &Pool, rules: &Rules, stop: &AtomicBool) -> Vec<Vec<usize>> {
    let everybody: Vec<usize> = (0..pool.len()).collect();
    sorted(if pool.len() <= EXACT {
        best(pool, rules, &everybody).1
    } else {
        let mut making = Making::of(pool, rules, Vec::new(), stop);
        making.open();
        making.insert();
        for _ in 0..4 {
            let before = making.waiting().len();
            making.seek_places();
            if making.waiting().is_empty() || making.waiting().len() == before {
                break;
            }
        }
        making.polish();
        making.finish();
        making.groups
    })
}

/// How many people are in groups.
pub(crate) fn placed(groups: &[Vec<usize>]) -> usize {
    groups.iter().map(Vec::len).sum()
}

/// The groups with one more of people who waited, and with whoever has room in it.
pub(crate) fn opened(pool: &Pool, rules: &Rules, mut groups: Vec<Vec<usize>>, group: Vec<usize>) -> Vec<Vec<usize>> {
    groups.push(group);
    let stop = AtomicBool::new(false);
    let mut making = Making::of(pool, rules, groups, &stop);
    making.insert_into(&[making.groups.len() - 1]);
    sorted(making.groups)
}

fn sorted(mut groups: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    groups.iter_mut().for_each(|g| g.sort_unstable());
    groups.sort();
    groups
}

/// The value of a group among these people.
fn value(pool: &Pool, group: &[usize], common: &Common) -> i64 {
    PLACED * group.len() as i64 + pool.suits(group, common).0
}

fn total(pool: &Pool, groups: &[Vec<usize>]) -> i64 {
    groups.iter().map(|g| value(pool, g, &pool.common(g))).sum()
}

/// A search among possible groups.
pub(crate) struct Search<'a> {
    pub pool: &'a Pool,
    pub rules: Rules,
    /// People to choose from.
    pub people: &'a [usize],
    /// Sets of people that may still be looked at.
    pub steps: usize,
}

impl Search<'_> {
    /// Calls `found` for every group by the rules that holds `with` and some of the people; `found` says whether to go on. Says whether all
    /// were looked at.
    pub(crate) fn each(&mut self, with: &[usize], found: &mut dyn FnMut(&[usize], &Common) -> bool) -> bool {
        let common = self.pool.common(with);
        self.each_from(with, &common, found)
    }

    /// The same where those it begins with have other things in common.
    pub(crate) fn each_from(&mut self, with: &[usize], common: &Common, found: &mut dyn FnMut(&[usize], &Common) -> bool) -> bool {
        !self.pool.hopeful(common, &self.rules) || self.deeper(0, &mut with.to_vec(), common, found)
    }

    fn deeper(&mut self, at: usize, group: &mut Vec<usize>, common: &Common, found: &mut dyn FnMut(&[usize], &Common) -> bool) -> bool {
        if group.len() >= self.rules.least && (!self.rules.experience || self.pool.led(group)) && !found(group, common) {
            return false;
        }
        if group.len() >= self.rules.most {
            return true;
        }
        for next in at..self.people.len() {
            let person = self.people[next];
            if self.steps == 0 {
                return false;
            }
            self.steps -= 1;
            if self.pool.apart(person, group) {
                continue;
            }
            let common = self.pool.with(common, person);
            if !self.pool.hopeful(&common, &self.rules) {
                continue;
            }
            group.push(person);
            let on = self.deeper(next + 1, group, &common, found);
            group.pop();
            if !on {
                return false;
            }
        }
        true
    }
}

/// The best disjoint groups of at most [`EXACT`] people, with their value: most people placed, then best suited.
fn best(pool: &Pool, rules: &Rules, people: &[usize]) -> (i64, Vec<Vec<usize>>) {
    let n = people.len();
    let mut groups: Vec<Vec<(u32, i64)>> = vec![Vec::new(); n];
    let mut search = Search { pool, rules: *rules, people, steps: usize::MAX };
    search.each(&[], &mut |group, common| {
        let mask = group.iter().fold(0_u32, |m, p| m | 1 << people.iter().position(|q| q == p).unwrap_or(0));
        groups[mask.trailing_zeros() as usize].push((mask, value(pool, group, common)));
        true
    });
    // The best of the people in a set: its first person waits, or is in one of their groups.
    let mut found: Vec<(i64, u32)> = vec![(0, 0); 1 << n];
    for set in 1..1_u32 << n {
        let first = set.trailing_zeros() as usize;
        let mut here = (found[(set & (set - 1)) as usize].0, 0);
        for &(mask, value) in groups[first].iter().filter(|(mask, _)| mask & set == *mask) {
            let with = value + found[(set ^ mask) as usize].0;
            if with > here.0 {
                here = (with, mask);
            }
        }
        found[set as usize] = here;
    }
    let (mut set, mut chosen) = ((1_u64 << n) as u32 - 1, Vec::new());
    if n == 0 {
        return (0, chosen);
    }
    let worth = found[set as usize].0;
    while set != 0 {
        let mask = found[set as usize].1;
        if mask == 0 {
            set &= set - 1;
        } else {
            chosen.push((0..n).filter(|i| mask >> i & 1 == 1).map(|i| people[i]).collect());
            set ^= mask;
        }
    }
    (worth, chosen)
}

/// People by how little time they have for a session: fewest possible beginnings first, then by id.
fn scarce(pool: &Pool, rules: &Rules) -> Vec<usize> {
    let beginnings = |p: usize| pool.common(&[p]).starts(rules.quarters()).map(|s| s.iter().count()).min().unwrap_or(0);
    let mut order: Vec<(usize, usize)> = (0..pool.len()).map(|p| (beginnings(p), p)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, p)| p).collect()
}

/// Groups in the making.
struct Making<'a> {
    pool: &'a Pool,
    rules: Rules,
    groups: Vec<Vec<usize>>,
    /// People, scarcest first.
    scarce: Vec<usize>,
    /// What may still be looked at, and neighbourhoods that may still be solved: many who wait share them.
    steps: usize,
    tries: usize,
    stop: &'a AtomicBool,
}

impl<'a> Making<'a> {
    fn of(pool: &'a Pool, rules: &Rules, groups: Vec<Vec<usize>>, stop: &'a AtomicBool) -> Self {
        Self { pool, rules: *rules, groups, scarce: scarce(pool, rules), steps: ALL_STEPS, tries: ALL_TRIES, stop }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Those who wait, scarcest first.
    fn waiting(&self) -> Vec<usize> {
        let mut placed = vec![false; self.pool.len()];
        self.groups.iter().flatten().for_each(|&p| placed[p] = true);
        self.scarce.iter().copied().filter(|&p| !placed[p]).collect()
    }

    /// Experienced people open groups, scarcest first, and fill them.
    fn open(&mut self) {
        let pool = self.pool;
        let mut free = vec![true; pool.len()];
        for leader in self.scarce.clone().into_iter().filter(|&p| pool.members[p].leads()) {
            if !free[leader] || self.stopped() {
                continue;
            }
            let filled = pool.members[leader].ranked.iter().filter_map(|&topic| self.fill(leader, topic, &free));
            let best = filled.map(|g| (value(pool, &g, &pool.common(&g)), g)).max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
            if let Some((_, group)) = best {
                group.iter().for_each(|&p| free[p] = false);
                self.groups.push(group);
            }
        }
    }

    /// A group on a topic around a person, one member at a time: no spare leaders while there are others, first choices, then hours.
    fn fill(&self, leader: usize, topic: usize, free: &[bool]) -> Option<Vec<usize>> {
        let pool = self.pool;
        let mut group = vec![leader];
        let mut common = pool.with(&Common { topics: 1 << topic, ..pool.all() }, leader);
        let fits = |p: &usize| {
            let member = &pool.members[*p];
            free[*p] && *p != leader && member.topics >> topic & 1 == 1 && member.languages & common.languages != 0
        };
        let mut able: Vec<usize> = self.scarce.iter().copied().filter(fits).take(CANDIDATES).collect();
        let aim = self.rules.most.saturating_sub(1).max(self.rules.least);
        while group.len() < aim {
            let mut chosen: Option<((bool, usize, i64), usize, Common)> = None;
            able.retain(|&p| {
                if pool.apart(p, &group) {
                    return false;
                }
                let with = pool.with(&common, p);
                if !pool.hopeful(&with, &self.rules) {
                    return false;
                }
                let member = &pool.members[p];
                let rank = member.ranked.iter().position(|&t| t == topic).unwrap_or(3);
                let hours = with.fewest() as i64;
                let key = (member.leads(), rank, -hours.min(48));
                if chosen.as_ref().is_none_or(|c| key < c.0) {
                    chosen = Some((key, p, with));
                }
                true
            });
            let Some((_, person, with)) = chosen else { break };
            group.push(person);
            common = with;
            able.retain(|&p| p != person);
        }
        pool.is_group(&group, &self.rules).then_some(group)
    }

    /// Puts those who wait where there is room.
    fn insert(&mut self) {
        self.insert_into(&(0..self.groups.len()).collect::<Vec<_>>());
    }

    /// Puts those who wait where there is room in some groups.
    fn insert_into(&mut self, at: &[usize]) {
        for person in self.waiting() {
            if self.stopped() {
                return;
            }
            let with = |group: &Vec<usize>| {
                let mut more = group.clone();
                more.push(person);
                self.pool.is_group(&more, &self.rules).then_some(more)
            };
            let gain = |old: &Vec<usize>, new: &Vec<usize>| {
                total(self.pool, std::slice::from_ref(new)) - total(self.pool, std::slice::from_ref(old))
            };
            let roomy = at.iter().map(|&i| (i, &self.groups[i])).filter(|(_, g)| g.len() < self.rules.most);
            let places = roomy.filter_map(|(i, g)| with(g).map(|new| (gain(g, &new), i, new)));
            if let Some((_, at, new)) = places.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1))) {
                self.groups[at] = new;
            }
        }
    }

    /// Seeks a place for everybody who waits: a group with people whom others can spare, then one or two groups made anew with them.
    fn seek_places(&mut self) {
        for person in self.waiting() {
            if self.stopped() || !self.waiting().contains(&person) || self.spare(person) || self.tries == 0 {
                continue;
            }
            let near = self.near(person);
            let alone = near.iter().take(PAIRS).map(|&g| vec![g]);
            let pairs = near.iter().enumerate().flat_map(|(i, &a)| near[..i].iter().map(move |&b| vec![b, a]));
            for groups in alone.chain(pairs.take(PAIRS)).take(self.tries).collect::<Vec<_>>() {
                self.tries -= 1;
                if self.anew(&groups, Some(person)) {
                    break;
                }
            }
        }
    }

    /// Whether two people could be in one group, as far as the two go.
    fn pair(&self, a: usize, b: usize) -> bool {
        let (a_, b_) = (&self.pool.members[a], &self.pool.members[b]);
        a_.topics & b_.topics != 0
            && a_.languages & b_.languages != 0
            && !self.pool.apart(a, &[b])
            && self.pool.hopeful(&self.pool.common(&[a, b]), &self.rules)
    }

    /// Groups with people that a person could be with, those with most of them first.
    fn near(&self, person: usize) -> Vec<usize> {
        let count = |g: &Vec<usize>| g.iter().filter(|&&p| self.pair(person, p)).count();
        let mut near: Vec<(usize, usize)> = self.groups.iter().enumerate().map(|(i, g)| (count(g), i)).filter(|(n, _)| *n > 0).collect();
        near.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        near.into_iter().map(|(_, i)| i).collect()
    }

    /// Opens a group around a person with others who wait and with people whom their groups can spare, one a group.
    fn spare(&mut self, person: usize) -> bool {
        if self.steps == 0 || self.stopped() {
            return false;
        }
        let mut home = vec![usize::MAX; self.pool.len()];
        let mut able: Vec<usize> = self.waiting().into_iter().filter(|&p| p != person && self.pair(person, p)).collect();
        for (i, group) in self.groups.iter().enumerate() {
            for &p in group {
                let rest: Vec<usize> = group.iter().copied().filter(|&q| q != p).collect();
                if self.pair(person, p) && self.pool.is_group(&rest, &self.rules) {
                    home[p] = i;
                    able.push(p);
                }
            }
        }
        let mut best = None::<(i64, Vec<usize>)>;
        let small = Rules { most: self.rules.least, ..self.rules };
        let mut search = Search { pool: self.pool, rules: small, people: &able, steps: STEPS.min(self.steps) };
        let may = search.steps;
        search.each(&[person], &mut |group, common| {
            let mut homes: Vec<usize> = group.iter().map(|&p| home[p]).filter(|&h| h != usize::MAX).collect();
            homes.sort_unstable();
            if homes.windows(2).all(|w| w[0] != w[1]) {
                let worth = self.pool.suits(group, common).0 - 4 * homes.len() as i64;
                if best.as_ref().is_none_or(|b| worth > b.0) {
                    best = Some((worth, group.to_vec()));
                }
            }
            true
        });
        self.steps -= may - search.steps;
        let Some((_, group)) = best else { return false };
        // Whoever waits could join no group as it was; only those that changed are looked at again.
        let mut changed: Vec<usize> = group.iter().map(|&p| home[p]).filter(|&h| h != usize::MAX).collect();
        changed.push(self.groups.len());
        self.groups.iter_mut().for_each(|g| g.retain(|p| !group.contains(p)));
        self.groups.push(group);
        self.insert_into(&changed);
        true
    }

    /// Makes some groups anew, with people who wait (one of them for certain), where that is better.
    fn anew(&mut self, at: &[usize], person: Option<usize>) -> bool {
        let mut people: Vec<usize> = at.iter().flat_map(|&g| self.groups[g].iter().copied()).chain(person).collect();
        if people.len() > EXACT {
            return false;
        }
        if let Some(person) = person {
            for p in self.waiting() {
                if people.len() < NEIGHBOURHOOD && p != person && self.pair(person, p) {
                    people.push(p);
                }
            }
        }
        people.sort_unstable();
        let old: Vec<Vec<usize>> = at.iter().map(|&g| self.groups[g].clone()).collect();
        let (worth, new) = best(self.pool, &self.rules, &people);
        if worth <= total(self.pool, &old) {
            return false;
        }
        let mut index = 0;
        self.groups.retain(|_| {
            index += 1;
            !at.contains(&(index - 1))
        });
        self.groups.extend(new);
        true
    }

    /// Makes pairs of groups anew, so that wishes are met better.
    fn polish(&mut self) {
        let mut draw = Rng::new(0).fork("polish", self.pool.len() as u64);
        for _ in 0..POLISH.min(20 * self.groups.len()) {
            if self.stopped() {
                return;
            }
            let (a, b) = (draw.below(self.groups.len()), draw.below(self.groups.len()));
            let wishes = |g: usize| self.groups[g].iter().fold(0, |set, &p| set | self.pool.members[p].topics);
            let topics = |g: usize| self.pool.common(&self.groups[g]).topics;
            if a != b && (topics(a) & wishes(b) != 0 || topics(b) & wishes(a) != 0) {
                self.anew(&[a.min(b), a.max(b)], None);
            }
        }
    }

    /// Leaves nobody waiting who could join a group, or be one with others who wait or can be spared.
    fn finish(&mut self) {
        self.insert();
        while self.waiting().into_iter().any(|p| self.spare(p)) {}
    }
}
