//! The outcome of a matching: groups with their sessions, everybody's place, and for everybody who waits the reasons, each of which can be checked.

use std::sync::atomic::{AtomicBool, Ordering};

use esker_core::{Error, Result};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::form::{self, Search};
use super::hours::QUARTER;
use super::people::Person;
use super::pool::{Common, Pool, Rules};
use super::sessions::sessions;

/// Most sets of people looked at for one question about a person who waits, and for all questions about all of them.
const STEPS: usize = 200_000;
const ALL_STEPS: usize = 100_000_000;
/// Most blocks, and groups that one rule relaxed would open, that are kept of all who wait.
const ALL_BLOCKS: usize = 400_000;
const ALL_JOINS: usize = 40_000;
/// What is kept of each all the same.
const FEW: usize = 5;
/// Shorter sessions that are tried, in minutes.
const SHORTER: [u32; 4] = [105, 90, 60, SHORTEST];
/// The shortest of them.
pub(crate) const SHORTEST: u32 = 30;

/// A matching of a call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Matching {
    /// The groups.
    pub groups: Vec<Group>,
    /// Those who wait, by id.
    pub waiting: Vec<Wait>,
    /// Whether no other groups could place more people: every one was looked at. Else groups were sought, not all tried.
    pub most: bool,
    /// People who are in some possible group of these applicants; no groups could place more.
    pub placeable: usize,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `group-01` and so on.
    pub id: String,
    /// Its topic.
    pub topic: String,
    /// Languages that all of them have.
    pub languages: Vec<String>,
    /// Ids of its people.
    pub members: Vec<String>,
    /// Who leads: somebody who may guide, else the most experienced. Empty where people left and nobody can.
    pub leader: String,
    /// Whether they may guide, or have the experience.
    pub by: Lead,
    /// Common free hours in the week that has fewest; in a week full time, on the day.
    pub common_hours: f64,
    /// Sessions, one a week; in a week full time, one a day.
    pub sessions: Vec<Session>,
}

/// Why somebody leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lead {
    /// They may guide.
    Guide,
    /// They are at level 3 or above, and above the group's median.
    Experience,
}

/// One meeting of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The week of the call, from 1; in a week full time, the day.
    pub week: u32,
    /// Its beginning, in UTC: `2026-10-06T16:00:00Z`.
    pub start: String,
    /// Minutes.
    pub minutes: u32,
}

impl Session {
    /// Its beginning in a zone.
    pub fn at(&self, zone: &TimeZone) -> Zoned {
        self.start.parse::<Timestamp>().unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
    }
}

/// A person who waits, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// Their id.
    pub person: String,
    /// For each group, every rule that would break if they joined. Empty of rules only where somebody has left the group since. Where very many
    /// wait, the nearest groups.
    pub blocks: Vec<Block>,
    /// The other groups, by the rules that would break (minutes left out): how many there are.
    #[serde(default)]
    pub rest: Vec<(Vec<Broken>, usize)>,
    /// Whether it is certain that those who wait form no group with this person.
    pub searched: bool,
    /// A group that would keep all rules. Somebody in it is placed, so that only another arrangement of groups could use it; unless people have
    /// left since. Absent: there is none at all, where `searched` holds.
    pub possible: Option<Vec<String>>,
    /// What relaxing one rule would do. Empty: nothing, as far as was searched.
    pub reliefs: Vec<Relief>,
}

/// Why a person cannot join a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The group.
    pub group: String,
    /// Rules that would break.
    pub broken: Vec<Broken>,
}

/// A rule that would break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Broken {
    /// The group has as many people as allowed.
    Full,
    /// People left, and it would still have too few.
    Small,
    /// No common topic.
    Topic,
    /// No common language.
    Language,
    /// Too short a stretch of common time; the longest there is in every week, in minutes.
    Hours(u32),
    /// Somebody is kept apart from them.
    Apart,
    /// Nobody would be experienced enough, and nobody may guide.
    Experience,
}

/// One rule relaxed, and what it would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relief {
    /// The rule.
    pub relax: Relax,
    /// Groups that the person could then join. Where very many wait, some.
    pub joins: Vec<String>,
    /// How many more they could join.
    #[serde(default)]
    pub more: usize,
    /// People who wait and would then be a group with them. May be empty.
    pub opens: Vec<String>,
}

/// A rule to relax. The first four are the call's, the others a person's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relax {
    /// Sessions of so many minutes.
    Minutes(u32),
    /// One person more in a group.
    Larger,
    /// One person fewer in a group.
    Smaller,
    /// Nobody experienced, no guide.
    Experience,
    /// The person accepts this language.
    Language(String),
    /// The person accepts this topic.
    Topic(String),
}

impl Matching {
    /// Matches people, who are in the order of their ids.
    ///
    /// # Errors
    /// A person with an unknown zone or topic.
    pub fn of(people: &[Person], call: &Call) -> Result<Self> {
        Self::of_watched(people, call, &AtomicBool::new(false))
    }

    /// As [`Matching::of`], until `stop` is set.
    ///
    /// # Errors
    /// As there; cancelled.
    pub fn of_watched(people: &[Person], call: &Call, stop: &AtomicBool) -> Result<Self> {
        let rules = Rules::of(call);
        let pool = Pool::new(people, call)?;
        let mut formed = form::form(&pool, &rules, stop);
        loop {
            let ids: Vec<String> = (0..formed.len()).map(group_id).collect();
            let teller = Teller::of(people, call, &pool, &formed, &ids, stop);
            // The search for reasons looks further than the one for groups: what it finds is opened first.
            if let Some(more) = teller.opened()? {
                formed = more;
                continue;
            }
            let waiting = teller.waits()?;
            let found = waiting.iter().filter_map(|w| w.possible.as_ref()).find(|ids| ids.iter().all(|id| teller.waits_for(id)));
            if let Some(ids) = found {
                let group = ids.iter().filter_map(|id| people.iter().position(|p| p.id == *id)).collect();
                formed = form::opened(&pool, &rules, formed, group);
                continue;
            }
            let groups: Vec<Group> = (0..formed.len()).map(|g| teller.group(g)).collect();
            return Ok(teller.told(groups, waiting, form::placed(&formed)));
        }
    }

    /// The same groups after people have left: hours stay as agreed; who leads, what is in common, and every reason are of those who remain.
    ///
    /// # Errors
    /// As [`Matching::of`].
    pub fn of_those_who_remain(&self, people: &[Person], call: &Call) -> Result<Self> {
        let rules = Rules::of(call);
        let pool = Pool::new(people, call)?;
        let place = |id: &String| people.binary_search_by(|p| p.id.cmp(id)).ok();
        let old: Vec<(&Group, Vec<usize>)> = self.groups.iter().map(|g| (g, g.members.iter().filter_map(place).collect())).collect();
        let (old, formed): (Vec<&Group>, Vec<Vec<usize>>) = old.into_iter().filter(|(_, members)| !members.is_empty()).unzip();
        let ids: Vec<String> = old.iter().map(|g| g.id.clone()).collect();
        let stop = AtomicBool::new(false);
        let teller = Teller::of(people, call, &pool, &formed, &ids, &stop);
        let keep = |(at, old): (usize, &&Group)| Group { topic: old.topic.clone(), sessions: old.sessions.clone(), ..teller.group(at) };
        let groups = old.iter().enumerate().map(keep).collect();
        let best = if people.len() <= form::EXACT { form::placed(&form::form(&pool, &rules, &stop)) } else { usize::MAX };
        Ok(teller.told(groups, teller.waits()?, best))
    }

    /// The group of a person.
    pub fn group_of(&self, person: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.members.iter().any(|m| m == person))
    }
}

/// What is needed to tell of a matching.
struct Teller<'a> {
    people: &'a [Person],
    call: &'a Call,
    pool: &'a Pool,
    rules: Rules,
    formed: &'a [Vec<usize>],
    /// Their ids.
    ids: &'a [String],
    /// Those in none of them.
    waiting: Vec<usize>,
    /// Sets of people looked at for one question.
    steps: usize,
    stop: &'a AtomicBool,
}

impl<'a> Teller<'a> {
    fn of(people: &'a [Person], call: &'a Call, pool: &'a Pool, formed: &'a [Vec<usize>], ids: &'a [String], stop: &'a AtomicBool) -> Self {
        let mut placed = vec![false; people.len()];
        formed.iter().flatten().for_each(|&p| placed[p] = true);
        let waiting: Vec<usize> = (0..placed.len()).filter(|&p| !placed[p]).collect();
        // Two searches, and one for each rule to relax.
        let questions = 5 + SHORTER.len() + pool.languages.len() + call.topics.len();
        let steps = (ALL_STEPS / (questions * waiting.len().max(1))).min(STEPS);
        Self { people, call, pool, rules: Rules::of(call), formed, ids, waiting, steps, stop }
    }

    fn go_on(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::cancelled()) } else { Ok(()) }
    }

    fn waits_for(&self, id: &str) -> bool {
        self.waiting.binary_search_by(|&p| self.people[p].id.as_str().cmp(id)).is_ok()
    }

    fn others(&self, person: usize) -> Vec<usize> {
        self.waiting.iter().copied().filter(|&p| p != person).collect()
    }

    fn id(&self, person: usize) -> String {
        self.people[person].id.clone()
    }

    fn ids(&self, people: &[usize]) -> Vec<String> {
        let mut ids: Vec<String> = people.iter().map(|&p| self.id(p)).collect();
        ids.sort();
        ids
    }

    /// Everything told, where no groups by the rules place more than `best` (as far as that is known).
    fn told(&self, groups: Vec<Group>, waiting: Vec<Wait>, best: usize) -> Matching {
        let placeable = self.people.len() - waiting.iter().filter(|w| w.searched && w.possible.is_none()).count();
        let placed = form::placed(self.formed);
        let most = placed == placeable || self.people.len() <= form::EXACT && placed >= best;
        Matching { groups, waiting, most, placeable }
    }

    /// The groups with those that some of the people who wait are; nothing where there are none.
    fn opened(&self) -> Result<Option<Vec<Vec<usize>>>> {
        let mut opened: Option<Vec<Vec<usize>>> = None;
        let mut still = self.waiting.clone();
        for &person in &self.waiting {
            self.go_on()?;
            if !still.contains(&person) {
                continue;
            }
            let others: Vec<usize> = still.iter().copied().filter(|&p| p != person).collect();
            if let (Some(group), _) = self.first(self.rules, person, &others, &self.pool.common(&[person])) {
                let groups = form::opened(self.pool, &self.rules, opened.unwrap_or_else(|| self.formed.to_vec()), group);
                still.retain(|p| !groups.iter().any(|g| g.contains(p)));
                opened = Some(groups);
            }
        }
        Ok(opened)
    }

    /// Why each of those who wait does.
    fn waits(&self) -> Result<Vec<Wait>> {
        self.waiting.iter().map(|&p| self.go_on().map(|()| self.wait(p))).collect()
    }

    fn group(&self, at: usize) -> Group {
        let (people, pool) = (&self.formed[at], self.pool);
        let common = pool.common(people);
        let (_, topic) = pool.suits(people, &common);
        // The guide with most experience, else whoever has most; the first by id of several.
        let rank = |p: usize| (pool.members[p].guide, pool.members[p].level, std::cmp::Reverse(p));
        let leader = people.iter().copied().max_by_key(|&p| rank(p)).unwrap_or(0);
        Group {
            id: self.ids[at].clone(),
            topic: self.call.topics[topic].clone(),
            languages: self.languages(common.languages),
            members: self.ids(people),
            leader: if pool.led(people) { self.id(leader) } else { String::new() },
            by: if pool.members[leader].guide { Lead::Guide } else { Lead::Experience },
            common_hours: common.fewest() as f64 / 4.0,
            sessions: sessions(pool, self.call, people, &common),
        }
    }

    fn languages(&self, set: u64) -> Vec<String> {
        self.pool.languages.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, l)| l.clone()).collect()
    }

    /// Every rule that would break if a person joined a group.
    fn broken(&self, person: usize, group: &[usize]) -> Vec<Broken> {
        let mut more = group.to_vec();
        more.push(person);
        let common = self.pool.common(&more);
        let mut broken = Vec::new();
        if more.len() > self.rules.most {
            broken.push(Broken::Full);
        }
        if more.len() < self.rules.least {
            broken.push(Broken::Small);
        }
        if common.topics == 0 {
            broken.push(Broken::Topic);
        }
        if common.languages == 0 {
            broken.push(Broken::Language);
        }
        let longest = common.free.iter().map(|(free, until)| free.longest(*until)).min().unwrap_or(0) as u32 * QUARTER;
        if longest < self.rules.minutes {
            broken.push(Broken::Hours(longest));
        }
        if self.pool.apart(person, group) {
            broken.push(Broken::Apart);
        }
        if self.rules.experience && !self.pool.led(&more) {
            broken.push(Broken::Experience);
        }
        broken
    }

    fn wait(&self, person: usize) -> Wait {
        let block = |(group, id): (&Vec<usize>, &String)| Block { group: id.clone(), broken: self.broken(person, group) };
        let blocks: Vec<Block> = self.formed.iter().zip(self.ids).map(block).collect();
        let others = self.others(person);
        let common = self.pool.common(&[person]);
        let (among, none) = self.first(self.rules, person, &others, &common);
        let everybody: Vec<usize> = (0..self.people.len()).filter(|&p| p != person).collect();
        let small = Rules { most: self.rules.least, ..self.rules };
        let (possible, all) = if among.is_some() { (among, false) } else { self.first(small, person, &everybody, &common) };
        let reliefs = self.reliefs(person, &others, &blocks);
        let (blocks, rest) = nearest(blocks, (ALL_BLOCKS / self.waiting.len().max(1)).max(FEW));
        Wait {
            person: self.id(person),
            blocks,
            rest,
            searched: none && (all || possible.is_some()),
            possible: possible.map(|g| self.ids(&g)),
            reliefs,
        }
    }

    /// The first group with a person, who has this to share, and some of the others; and whether all were looked at where there is none.
    fn first(&self, rules: Rules, person: usize, others: &[usize], common: &Common) -> (Option<Vec<usize>>, bool) {
        let mut found = None;
        let mut search = Search { pool: self.pool, rules, people: others, steps: self.steps };
        let all = search.each_from(&[person], common, &mut |group, _| {
            found = Some(group.to_vec());
            false
        });
        (found, all)
    }

    fn reliefs(&self, person: usize, others: &[usize], blocks: &[Block]) -> Vec<Relief> {
        let mut tries: Vec<(Relax, Rules)> = Vec::new();
        for minutes in SHORTER.into_iter().filter(|m| *m < self.rules.minutes) {
            tries.push((Relax::Minutes(minutes), Rules { minutes, ..self.rules }));
        }
        tries.push((Relax::Larger, Rules { most: self.rules.most + 1, ..self.rules }));
        if self.rules.least > 2 {
            tries.push((Relax::Smaller, Rules { least: self.rules.least - 1, ..self.rules }));
        }
        tries.push((Relax::Experience, Rules { experience: false, ..self.rules }));
        let own = &self.pool.members[person];
        let strange = |set: u64, i: usize| set >> i & 1 == 0;
        let languages = self.pool.languages.iter().enumerate().filter(|(i, _)| strange(own.languages, *i));
        tries.extend(languages.map(|(_, l)| (Relax::Language(l.clone()), self.rules)));
        let topics = self.call.topics.iter().enumerate().filter(|(i, _)| strange(own.topics, *i));
        tries.extend(topics.map(|(_, t)| (Relax::Topic(t.clone()), self.rules)));
        let mut shorter = false;
        let mut reliefs = Vec::new();
        for (relax, rules) in tries {
            // The longest of the shorter sessions that help is enough.
            if shorter && matches!(relax, Relax::Minutes(_)) {
                continue;
            }
            let mut joins: Vec<String> =
                blocks.iter().zip(self.formed).filter(|(b, g)| self.would_do(&relax, &b.broken, g)).map(|(b, _)| b.group.clone()).collect();
            let opens = if others.len() + 1 < rules.least { Vec::new() } else { self.opens(&relax, rules, person, others) };
            if !joins.is_empty() || !opens.is_empty() {
                shorter |= matches!(relax, Relax::Minutes(_));
                let keep = joins.len().min((ALL_JOINS / self.waiting.len().max(1)).max(FEW));
                let more = joins.split_off(keep).len();
                reliefs.push(Relief { relax, joins, more, opens });
            }
        }
        reliefs
    }

    /// Whether relaxing lets a person join a group: it is the only rule in the way.
    fn would_do(&self, relax: &Relax, broken: &[Broken], group: &[usize]) -> bool {
        let [only] = broken else { return false };
        match (relax, only) {
            (Relax::Minutes(minutes), Broken::Hours(longest)) => longest >= minutes,
            (Relax::Larger, Broken::Full) => group.len() == self.rules.most,
            (Relax::Experience, Broken::Experience) => true,
            (Relax::Language(language), Broken::Language) => self.languages(self.pool.common(group).languages).contains(language),
            (Relax::Topic(topic), Broken::Topic) => {
                let at = self.call.topics.iter().position(|t| t == topic).unwrap_or(64);
                at < 64 && self.pool.common(group).topics >> at & 1 == 1
            }
            _ => false,
        }
    }

    /// People who wait and would be a group with a person, were a rule relaxed.
    fn opens(&self, relax: &Relax, rules: Rules, person: usize, others: &[usize]) -> Vec<String> {
        let mut common = self.pool.common(&[person]);
        match relax {
            Relax::Language(l) => common.languages |= self.pool.languages.binary_search(l).map_or(0, |i| 1 << i),
            Relax::Topic(t) => common.topics |= self.call.topics.iter().position(|c| c == t).map_or(0, |i| 1 << i),
            _ => {}
        }
        let (found, _) = self.first(rules, person, others, &common);
        found.map_or_else(Vec::new, |g| self.ids(&g))
    }
}

/// Rules as they are counted: how many minutes are missing differs from group to group.
pub(crate) fn kinds(broken: &[Broken]) -> Vec<Broken> {
    broken.iter().map(|b| if let Broken::Hours(_) = b { Broken::Hours(0) } else { b.clone() }).collect()
}

/// The blocks with fewest rules in the way, in the order of their groups, and the others by kind.
fn nearest(blocks: Vec<Block>, most: usize) -> (Vec<Block>, Vec<(Vec<Broken>, usize)>) {
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|&i| (blocks[i].broken.len(), i));
    let mut kept = vec![false; blocks.len()];
    order.into_iter().take(most).for_each(|i| kept[i] = true);
    let mut rest: Vec<(Vec<Broken>, usize)> = Vec::new();
    let mut near = Vec::new();
    for (block, kept) in blocks.into_iter().zip(kept) {
        if kept {
            near.push(block);
            continue;
        }
        let kinds = kinds(&block.broken);
        match rest.iter_mut().find(|r| r.0 == kinds) {
            Some(same) => same.1 += 1,
            None => rest.push((kinds, 1)),
        }
    }
    (near, rest)
}

pub(crate) fn group_id(at: usize) -> String {
    format!("group-{:02}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_blocks_are_kept_and_the_others_counted() {
        let all = [vec![Broken::Full, Broken::Topic], vec![Broken::Hours(15)], vec![Broken::Topic], vec![Broken::Hours(45), Broken::Full]];
        let block = |i: usize| Block { group: group_id(i), broken: all[i % 4].clone() };
        let (near, rest) = nearest((0..40).map(block).collect(), 15);
        assert_eq!(near.iter().map(|b| b.broken.len()).sum::<usize>(), 15);
        assert!(near.windows(2).all(|w| w[0].group < w[1].group));
        let full = |rule: Broken| vec![Broken::Full, rule];
        let hours = vec![Broken::Hours(0), Broken::Full];
        assert_eq!(rest, [(full(Broken::Topic), 10), (hours, 10), (vec![Broken::Topic], 3), (vec![Broken::Hours(0)], 2)]);
        assert_eq!(nearest((0..40).map(block).collect(), 40), ((0..40).map(block).collect(), Vec::new()));
    }
}
