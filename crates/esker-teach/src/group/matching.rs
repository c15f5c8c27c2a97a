//! The outcome of a matching: groups with their sessions, everybody's place, and for everybody who waits the reasons, each of which can be checked.

use esker_core::Result;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::form::{self, Search};
use super::hours::QUARTER;
use super::people::Person;
use super::pool::{Pool, Rules};
use super::sessions::sessions;

/// Sets of people looked at for one question about a person who waits.
const STEPS: usize = 200_000;
/// Shorter sessions that are tried, in minutes.
const SHORTER: [u32; 4] = [105, 90, 60, 30];

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
    /// Who leads: somebody who may guide, else the most experienced.
    pub leader: String,
    /// Whether they may guide, or have the experience.
    pub by: Lead,
    /// Common free hours in the week that has fewest.
    pub common_hours: f64,
    /// Sessions, one a week.
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
    /// The week of the call, from 1.
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
    /// For each group, every rule that would break if they joined. Never empty of rules.
    pub blocks: Vec<Block>,
    /// Whether it is certain that those who wait form no group with this person.
    pub searched: bool,
    /// A group that would keep all rules, of people who are placed: only another arrangement of groups could use it. Absent: there is none at all,
    /// where `searched` holds.
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
    /// Groups that the person could then join.
    pub joins: Vec<String>,
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
        let rules = Rules::of(call);
        let pool = Pool::new(people, call)?;
        let formed = form::form(&pool, &rules);
        let teller = Teller { people, call, pool: &pool, rules, formed: &formed };
        let groups: Vec<Group> = (0..formed.len()).map(|g| teller.group(g)).collect();
        let mut placed = vec![false; people.len()];
        formed.iter().flatten().for_each(|&p| placed[p] = true);
        let waiting: Vec<usize> = (0..people.len()).filter(|&p| !placed[p]).collect();
        let waiting: Vec<Wait> = waiting.iter().map(|&p| teller.wait(p, &waiting)).collect();
        let placeable = people.len() - waiting.iter().filter(|w| w.searched && w.possible.is_none()).count();
        let most = people.len() <= form::EXACT || people.len() - waiting.len() == placeable;
        Ok(Self { groups, waiting, most, placeable })
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
}

impl Teller<'_> {
    fn id(&self, person: usize) -> String {
        self.people[person].id.clone()
    }

    fn ids(&self, people: &[usize]) -> Vec<String> {
        let mut ids: Vec<String> = people.iter().map(|&p| self.id(p)).collect();
        ids.sort();
        ids
    }

    fn group(&self, at: usize) -> Group {
        let (people, pool) = (&self.formed[at], self.pool);
        let common = pool.common(people);
        let (_, topic) = pool.suits(people, &common);
        // The guide with most experience, else whoever has most; the first by id of several.
        let rank = |p: usize| (pool.members[p].guide, pool.members[p].level, std::cmp::Reverse(p));
        let leader = people.iter().copied().max_by_key(|&p| rank(p)).unwrap_or(0);
        let quarters = common.free.iter().map(super::hours::Quarters::in_week).min().unwrap_or(0);
        Group {
            id: group_id(at),
            topic: self.call.topics[topic].clone(),
            languages: self.languages(common.languages),
            members: self.ids(people),
            leader: self.id(leader),
            by: if pool.members[leader].guide { Lead::Guide } else { Lead::Experience },
            common_hours: quarters as f64 / 4.0,
            sessions: sessions(pool, self.call, people, &common.free),
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
        if common.topics == 0 {
            broken.push(Broken::Topic);
        }
        if common.languages == 0 {
            broken.push(Broken::Language);
        }
        let longest = common.free.iter().map(super::hours::Quarters::longest).min().unwrap_or(0) as u32 * QUARTER;
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

    fn wait(&self, person: usize, waiting: &[usize]) -> Wait {
        let blocks: Vec<Block> =
            self.formed.iter().enumerate().map(|(i, g)| Block { group: group_id(i), broken: self.broken(person, g) }).collect();
        let others: Vec<usize> = waiting.iter().copied().filter(|&p| p != person).collect();
        let (_, none) = self.first(self.pool, self.rules, person, &others);
        let everybody: Vec<usize> = (0..self.people.len()).filter(|&p| p != person).collect();
        let small = Rules { most: self.rules.least, ..self.rules };
        let (possible, all) = self.first(self.pool, small, person, &everybody);
        let reliefs = self.reliefs(person, &others, &blocks);
        Wait {
            person: self.id(person),
            blocks,
            searched: none && (all || possible.is_some()),
            possible: possible.map(|g| self.ids(&g)),
            reliefs,
        }
    }

    /// The first group with a person and some of the others, and whether all were looked at where there is none.
    fn first(&self, pool: &Pool, rules: Rules, person: usize, others: &[usize]) -> (Option<Vec<usize>>, bool) {
        let mut found = None;
        let all = Search { pool, rules, people: others, steps: STEPS }.each(&[person], &mut |group, _| {
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
            let joins: Vec<String> =
                blocks.iter().zip(self.formed).filter(|(b, g)| self.would_do(&relax, &b.broken, g)).map(|(b, _)| b.group.clone()).collect();
            let opens = if others.len() + 1 < rules.least { Vec::new() } else { self.opens(&relax, rules, person, others) };
            if !joins.is_empty() || !opens.is_empty() {
                shorter |= matches!(relax, Relax::Minutes(_));
                reliefs.push(Relief { relax, joins, opens });
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
        let changed;
        let mut pool = self.pool;
        if let Relax::Language(_) | Relax::Topic(_) = relax {
            let mut with = self.pool.clone();
            let member = &mut with.members[person];
            match relax {
                Relax::Language(l) => member.languages |= self.pool.languages.binary_search(l).map_or(0, |i| 1 << i),
                Relax::Topic(t) => member.topics |= self.call.topics.iter().position(|c| c == t).map_or(0, |i| 1 << i),
                _ => {}
            }
            changed = with;
            pool = &changed;
        }
        let (found, _) = self.first(pool, rules, person, others);
        found.map_or_else(Vec::new, |g| self.ids(&g))
    }
}

pub(crate) fn group_id(at: usize) -> String {
    format!("group-{:02}", at + 1)
}
