//! Matching: laws, the acceptance figures on simulated applicants, and a checker and a brute force written apart from the code they judge.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its own text has failed")]

mod simulate;

use std::collections::BTreeSet;

use esker_teach::group::call::{self, Call};
use esker_teach::group::matching::{Broken, Lead, Matching, Relax};
use esker_teach::group::people::Person;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use simulate::{applicants, person, small};

fn call() -> Call {
    Call::parse(call::TEMPLATE).unwrap()
}

/// Minutes of the call's weeks in which a person is free, computed minute by quarter from the civil clock: nothing of the library's bit sets.
fn is_free(person: &Person, at: Timestamp) -> bool {
    let local = TimeZone::get(&person.zone).unwrap().to_datetime(at);
    let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
    let day = local.date().weekday().to_monday_zero_offset() as u8;
    person.hours.free().iter().any(|f| f.day == day && i32::from(f.from) <= minute && minute < i32::from(f.to))
}

/// Free quarters in every week of the call, a week and three hours each.
fn weeks(person: &Person, call: &Call) -> Vec<Vec<bool>> {
    let week = |w: i64| {
        let monday: Timestamp = format!("{}T00:00Z", call.start).parse().unwrap();
        let begin = monday + (w * 168).hours();
        (0..(168 + 8) * 4).map(|q: i64| is_free(person, begin + (q * 15).minutes())).collect()
    };
    (0..i64::from(call.weeks)).map(week).collect()
}

/// What is known of people for judging groups.
struct Judge {
    people: Vec<Person>,
    free: Vec<Vec<Vec<bool>>>,
}

impl Judge {
    fn new(people: &[Person], call: &Call) -> Self {
        Self { people: people.to_vec(), free: people.iter().map(|p| weeks(p, call)).collect() }
    }

    fn index(&self, id: &str) -> usize {
        self.people.iter().position(|p| p.id == id).unwrap()
    }

    fn indices(&self, ids: &[String]) -> Vec<usize> {
        ids.iter().map(|id| self.index(id)).collect()
    }

    /// The longest stretch, in quarters, that begins in the week and is common, in the worst week.
    fn longest(&self, group: &[usize]) -> usize {
        let weeks = self.free[group[0]].len();
        let one = |w: usize| {
            let mut longest = 0;
            for start in 0..168 * 4 {
                let run = (start..(168 + 8) * 4).take_while(|&q| group.iter().all(|&p| self.free[p][w][q])).count();
                longest = longest.max(run);
            }
            longest
        };
        (0..weeks).map(one).min().unwrap()
    }

    fn topics(&self, group: &[usize]) -> BTreeSet<String> {
        let of = |p: &usize| self.people[*p].interests.iter().cloned().collect::<BTreeSet<_>>();
        group.iter().map(of).reduce(|a, b| &a & &b).unwrap()
    }

    fn languages(&self, group: &[usize]) -> BTreeSet<String> {
        let of = |p: &usize| self.people[*p].languages.iter().cloned().collect::<BTreeSet<_>>();
        group.iter().map(of).reduce(|a, b| &a & &b).unwrap()
    }

    fn apart(&self, group: &[usize]) -> bool {
        group.iter().any(|&a| group.iter().any(|&b| self.people[a].apart.contains(&self.people[b].id)))
    }

    fn led(&self, group: &[usize]) -> bool {
        let mut levels: Vec<f64> = group.iter().map(|&p| f64::from(self.people[p].level)).collect();
        levels.sort_by(f64::total_cmp);
        let n = levels.len();
        let median = if n % 2 == 1 { levels[n / 2] } else { (levels[n / 2 - 1] + levels[n / 2]) / 2.0 };
        group.iter().any(|&p| self.people[p].guide) || levels.iter().any(|&l| l >= 3.0 && l > median)
    }

    fn broken(&self, group: &[usize], rules: &Call) -> Vec<Broken> {
        let mut broken = Vec::new();
        if group.len() > rules.size[1] {
            broken.push(Broken::Full);
        }
        if self.topics(group).is_empty() {
            broken.push(Broken::Topic);
        }
        if self.languages(group).is_empty() {
            broken.push(Broken::Language);
        }
        let longest = self.longest(group) as u32 * 15;
        if longest < rules.minutes {
            broken.push(Broken::Hours(longest));
        }
        if self.apart(group) {
            broken.push(Broken::Apart);
        }
        if !self.led(group) {
            broken.push(Broken::Experience);
        }
        broken
    }

    fn is_group(&self, group: &[usize], rules: &Call) -> bool {
        (rules.size[0]..=rules.size[1]).contains(&group.len()) && self.broken(group, rules).is_empty()
    }

    /// Every hard rule of a matching, and every session on its real date.
    fn check(&self, matching: &Matching, call: &Call) {
        let mut seen = BTreeSet::new();
        for group in &matching.groups {
            let members = self.indices(&group.members);
            assert!(self.is_group(&members, call), "{group:?} breaks {:?}", self.broken(&members, call));
            assert!(members.iter().all(|&m| seen.insert(m)), "somebody is in two groups");
            assert!(self.topics(&members).contains(&group.topic));
            assert_eq!(self.languages(&members).into_iter().collect::<Vec<_>>(), group.languages);
            let leader = self.index(&group.leader);
            match group.by {
                Lead::Guide => assert!(self.people[leader].guide),
                Lead::Experience => {
                    assert!(self.people[leader].level >= 3 && members.iter().all(|&m| self.people[m].level <= self.people[leader].level))
                }
            }
            assert_eq!(group.sessions.len(), call.weeks as usize, "a session every week");
            for session in &group.sessions {
                let start: Timestamp = session.start.parse().unwrap();
                for quarter in 0..i64::from(call.minutes / 15) {
                    assert!(members.iter().all(|&m| is_free(&self.people[m], start + (15 * quarter).minutes())), "{session:?}");
                }
            }
        }
        for wait in &matching.waiting {
            assert!(seen.insert(self.index(&wait.person)), "somebody waits and is placed");
        }
        assert_eq!(seen.len(), self.people.len(), "everybody is placed or told why not");
    }

    /// Every statement about everybody who waits, by looking at all sets of people of the sizes in question.
    fn check_waits(&self, matching: &Matching, call: &Call) {
        let waiting: Vec<usize> = matching.waiting.iter().map(|w| self.index(&w.person)).collect();
        for wait in &matching.waiting {
            let person = self.index(&wait.person);
            let others: Vec<usize> = waiting.iter().copied().filter(|&p| p != person).collect();
            assert_eq!(wait.blocks.len(), matching.groups.len());
            for (block, group) in wait.blocks.iter().zip(&matching.groups) {
                let mut more = self.indices(&group.members);
                more.push(person);
                assert_eq!(block.group, group.id);
                assert!(!block.broken.is_empty(), "{} could join {}", wait.person, group.id);
                assert_eq!(block.broken, self.broken(&more, call), "{} and {}", wait.person, group.id);
            }
            assert!(self.some_group(person, &others, call).is_none(), "{} and others who wait are a group", wait.person);
            if let Some(possible) = &wait.possible {
                assert!(possible.contains(&wait.person) && self.is_group(&self.indices(possible), call));
            } else if wait.searched && self.people.len() <= 30 {
                let everybody: Vec<usize> = (0..self.people.len()).filter(|&p| p != person).collect();
                assert!(self.some_group(person, &everybody, call).is_none(), "{} has a possible group", wait.person);
            }
            self.check_reliefs(wait, matching, call, &others);
        }
    }

    fn relaxed(&self, person: usize, relax: &Relax, call: &Call) -> (Self, Call) {
        let mut people = self.people.clone();
        let mut rules = call.clone();
        match relax {
            Relax::Minutes(m) => rules.minutes = *m,
            Relax::Larger => rules.size[1] += 1,
            Relax::Smaller => rules.size[0] -= 1,
            // A guide in every group stands for no need of one.
            Relax::Experience => people.iter_mut().for_each(|p| p.guide = true),
            Relax::Language(l) => people[person].languages.push(l.clone()),
            Relax::Topic(t) => people[person].interests.push(t.clone()),
        }
        (Self { people, free: self.free.clone() }, rules)
    }

    fn check_reliefs(&self, wait: &esker_teach::group::matching::Wait, matching: &Matching, call: &Call, others: &[usize]) {
        let person = self.index(&wait.person);
        let mut all = vec![Relax::Larger, Relax::Smaller, Relax::Experience, Relax::Minutes(60), Relax::Minutes(30)];
        all.extend(call.topics.iter().filter(|t| !self.people[person].interests.contains(t)).map(|t| Relax::Topic(t.clone())));
        let known: BTreeSet<String> = self.people.iter().flat_map(|p| p.languages.clone()).collect();
        all.extend(known.into_iter().filter(|l| !self.people[person].languages.contains(l)).map(Relax::Language));
        all.extend(wait.reliefs.iter().map(|r| r.relax.clone()));
        for relax in all {
            let (judge, rules) = self.relaxed(person, &relax, call);
            let told = wait.reliefs.iter().find(|r| r.relax == relax);
            let joins: Vec<String> = matching
                .groups
                .iter()
                .filter(|g| {
                    let mut more = judge.indices(&g.members);
                    more.push(person);
                    judge.is_group(&more, &rules)
                })
                .map(|g| g.id.clone())
                .collect();
            if let Some(told) = told {
                assert_eq!(told.joins, joins, "{} relaxing {relax:?}", wait.person);
                assert!(told.opens.is_empty() || judge.is_group(&judge.indices(&told.opens), &rules) && told.opens.contains(&wait.person));
            } else if !wait.reliefs.iter().any(|r| matches!((&r.relax, &relax), (Relax::Minutes(_), Relax::Minutes(_)))) {
                assert!(joins.is_empty(), "{} could join {joins:?} relaxing {relax:?}", wait.person);
                if others.len() < 12 {
                    assert!(judge.some_group(person, others, &rules).is_none(), "{} relaxing {relax:?}", wait.person);
                }
            }
        }
    }

    /// Some group with a person among others, by looking at every set of the right sizes.
    fn some_group(&self, person: usize, others: &[usize], rules: &Call) -> Option<Vec<usize>> {
        fn sets(judge: &Judge, rules: &Call, others: &[usize], group: &mut Vec<usize>) -> bool {
            if group.len() >= rules.size[0] && judge.is_group(group, rules) {
                return true;
            }
            if group.len() == rules.size[1] || judge.topics(group).is_empty() || judge.languages(group).is_empty() {
                return false;
            }
            for (i, &next) in others.iter().enumerate() {
                group.push(next);
                if sets(judge, rules, &others[i + 1..], group) {
                    return true;
                }
                group.pop();
            }
            false
        }
        let mut group = vec![person];
        sets(self, rules, others, &mut group).then_some(group)
    }

    /// Most people that any disjoint groups place: every set is judged, then every choice of sets tried.
    fn brute_force(&self, call: &Call) -> usize {
        let n = self.people.len();
        let groups: Vec<u32> = (1..1_u32 << n)
            .filter(|mask| (call.size[0]..=call.size[1]).contains(&(mask.count_ones() as usize)))
            .filter(|mask| self.is_group(&(0..n).filter(|i| mask >> i & 1 == 1).collect::<Vec<_>>(), call))
            .collect();
        fn most(groups: &[u32], used: u32) -> u32 {
            let fits = groups.iter().enumerate().filter(|(_, g)| **g & used == 0);
            fits.map(|(i, g)| g.count_ones() + most(&groups[i + 1..], used | g)).max().unwrap_or(0)
        }
        most(&groups, 0) as usize
    }
}

fn placed(matching: &Matching) -> usize {
    matching.groups.iter().map(|g| g.members.len()).sum()
}

#[test]
fn three_hundred_applicants_of_ten_zones() {
    let call = call();
    for seed in 0..3 {
        let people = applicants(300, seed);
        let matching = Matching::of(&people, &call).unwrap();
        assert!(placed(&matching) >= 297, "seed {seed}: {} of 300", placed(&matching));
        let judge = Judge::new(&people, &call);
        judge.check(&matching, &call);
        judge.check_waits(&matching, &call);
    }
}

#[test]
fn sixty_applicants() {
    let call = call();
    for seed in 0..6 {
        let people = applicants(60, seed);
        let matching = Matching::of(&people, &call).unwrap();
        assert!(placed(&matching) >= 56, "seed {seed}: {} of 60", placed(&matching));
        let judge = Judge::new(&people, &call);
        judge.check(&matching, &call);
        judge.check_waits(&matching, &call);
    }
}

#[test]
fn the_order_of_people_is_no_matter_and_the_same_people_give_the_same_groups() {
    let (call, people) = (call(), applicants(60, 9));
    let matching = Matching::of(&people, &call).unwrap();
    assert_eq!(matching, Matching::of(&people.clone(), &call).unwrap());
    let text = serde_json::to_string(&matching).unwrap();
    assert_eq!(serde_json::from_str::<Matching>(&text).unwrap(), matching);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_many_are_placed_as_by_brute_force(n in 0_usize..=10, seed in 0_u64..1 << 40) {
        let call = Call { weeks: 6, ..call() };
        let people = small(n, seed);
        let matching = Matching::of(&people, &call).unwrap();
        let judge = Judge::new(&people, &call);
        judge.check(&matching, &call);
        prop_assert!(matching.most);
        prop_assert_eq!(placed(&matching), judge.brute_force(&call));
        judge.check_waits(&matching, &call);
    }
}

#[test]
fn twelve_people_are_placed_as_by_brute_force() {
    let call = Call { weeks: 4, ..call() };
    for seed in 0..6 {
        let people = small(12, 1000 + seed);
        let judge = Judge::new(&people, &call);
        assert_eq!(placed(&Matching::of(&people, &call).unwrap()), judge.brute_force(&call), "seed {seed}");
    }
}

#[test]
fn clocks_that_change_in_both_hemispheres_break_no_session() {
    // Spring in the north, autumn in the south: what is common in March is not in April.
    let spring = call::TEMPLATE.replace("2026-08-01", "2026-01-01").replace("2026-09-13", "2026-02-01").replace("2026-10-05", "2026-03-02");
    let call = Call { weeks: 8, ..Call::parse(&spring).unwrap() };
    let wide = |id: &str, zone: &str, hours: &str| person(id, zone, hours);
    let people = vec![
        wide("a", "Europe/Berlin", "Tue 8-12"),
        wide("b", "Australia/Sydney", "Tue 17-23"),
        wide("c", "Pacific/Auckland", "Tue 19-24; Wed 0-2"),
        wide("d", "Asia/Kolkata", "Tue 11-17"),
    ];
    let matching = Matching::of(&people, &call).unwrap();
    let judge = Judge::new(&people, &call);
    judge.check(&matching, &call);
    assert_eq!(placed(&matching), judge.brute_force(&call));
    assert_eq!(placed(&matching), 4);
    // An hour less on one clock, and the weeks after a change have no two hours left, whatever the first week says.
    let mut tight = people.clone();
    tight[0].hours = "Tue 9-11".to_owned().try_into().unwrap();
    tight[1].hours = "Tue 19-21".to_owned().try_into().unwrap();
    let matching = Matching::of(&tight, &call).unwrap();
    assert_eq!(placed(&matching), 0);
    Judge::new(&tight, &call).check_waits(&matching, &call);
}

#[test]
fn half_hours_and_the_date_line() {
    let call = Call { weeks: 26, ..call() };
    // Tuesday morning in Kiritimati and Apia is Monday in Honolulu; zones of three quarters of an hour lie between.
    let people = vec![
        person("a", "Pacific/Kiritimati", "Tue 8-11"),
        person("b", "Pacific/Honolulu", "Mon 8-11"),
        person("c", "Pacific/Chatham", "Tue 6-11"),
        person("d", "Asia/Kathmandu", "Mon 23-24; Tue 0-3"),
        person("e", "Pacific/Apia", "Tue 7-11"),
    ];
    let matching = Matching::of(&people, &call).unwrap();
    let judge = Judge::new(&people, &call);
    judge.check(&matching, &call);
    judge.check_waits(&matching, &call);
    assert_eq!(placed(&matching), judge.brute_force(&call));
    assert!(placed(&matching) >= 4);
    // Sunday night in UTC, over the end of the week.
    let night = ["a", "b", "c", "d"].map(|id| person(id, "UTC", "Sun 23-24; Mon 0-1"));
    let matching = Matching::of(&night, &call).unwrap();
    assert_eq!(placed(&matching), 4);
    Judge::new(&night, &call).check(&matching, &call);
}

#[test]
fn nobody_free_one_leader_for_many_and_everybody_alike() {
    let call = Call { weeks: 6, ..call() };
    let people: Vec<Person> = (0..9).map(|i| person(&format!("p{i}"), "UTC", "none")).collect();
    let matching = Matching::of(&people, &call).unwrap();
    assert_eq!((placed(&matching), matching.placeable), (0, 0));
    Judge::new(&people, &call).check_waits(&matching, &call);
    // One who may lead, nineteen who may not: one group of six, and fourteen are told what is missing.
    let mut many: Vec<Person> = (10..30).map(|i| person(&format!("p{i}"), "UTC", "Mon 18-21")).collect();
    many.iter_mut().skip(1).for_each(|p| (p.level, p.guide) = (1, false));
    let matching = Matching::of(&many, &call).unwrap();
    assert_eq!(placed(&matching), 6);
    assert!(matching.waiting.iter().all(|w| w.blocks[0].broken == [Broken::Full] && w.possible.is_some()));
    assert!(matching.waiting.iter().all(|w| w.reliefs.iter().any(|r| r.relax == Relax::Experience && r.opens.len() >= 4)));
    Judge::new(&many, &call).check(&matching, &call);
    // All alike and at one level: nobody is above the median; with guides, everybody is placed.
    let mut alike: Vec<Person> = (10..40).map(|i| person(&format!("p{i}"), "Asia/Tokyo", "Sat 9-12")).collect();
    alike.iter_mut().for_each(|p| (p.level, p.guide) = (3, false));
    assert_eq!(placed(&Matching::of(&alike, &call).unwrap()), 0);
    alike.iter_mut().for_each(|p| p.guide = true);
    let matching = Matching::of(&alike, &call).unwrap();
    assert_eq!(placed(&matching), 30);
    Judge::new(&alike, &call).check(&matching, &call);
    assert_eq!(Matching::of(&[], &call).unwrap().groups.len(), 0);
}
