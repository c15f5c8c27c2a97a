//! Simulated applicants: the same seed gives the same people.
#![allow(dead_code, reason = "each test program uses a part")]

use esker_core::Rng;
use esker_teach::group::people::Person;

/// Ten zones, with the share of applicants from each, in percent, and a language spoken there besides English.
pub const ZONES: [(&str, usize, &str); 10] = [
    ("Europe/Berlin", 20, "de"),
    ("Europe/London", 12, "en"),
    ("America/New_York", 14, "en"),
    ("America/Los_Angeles", 8, "en"),
    ("America/Bogota", 8, "es"),
    ("Africa/Nairobi", 8, "sw"),
    ("Asia/Kolkata", 12, "hi"),
    ("Asia/Shanghai", 8, "zh"),
    ("Australia/Sydney", 5, "en"),
    ("America/Santiago", 5, "es"),
];
const TOPICS: [&str; 4] = ["glaciers", "snow", "permafrost", "rivers"];
const CAREERS: [&str; 4] = ["student", "postdoc", "survey", "industry"];

/// A person who agrees with everybody but for what is given: level 3, a guide.
pub fn person(id: &str, zone: &str, hours: &str) -> Person {
    Person {
        id: id.into(),
        name: id.to_uppercase(),
        email: format!("{id}@example.org"),
        zone: zone.into(),
        languages: vec!["en".into()],
        level: 3,
        guide: true,
        interests: vec!["glaciers".into()],
        hours: hours.to_owned().try_into().unwrap(),
        apart: Vec::new(),
        career: String::new(),
        own_data: None,
        wishes: String::new(),
        locale: String::new(),
        consent: "2026-1".into(),
        consent_date: None,
    }
}

/// Applicants of ten zones: a third at level 3 or above, one in twelve a guide, nine in ten with English, two to three ranked topics, free on
/// three to five evenings, on a lunch break and on a part of the weekend.
pub fn applicants(n: usize, seed: u64) -> Vec<Person> {
    let mut draw = Rng::new(seed).fork("applicants", n as u64);
    (0..n).map(|i| applicant(&format!("p{i:05}"), &mut draw)).collect()
}

fn applicant(id: &str, draw: &mut Rng) -> Person {
    let mut at = draw.below(100);
    let (zone, _, local) = ZONES
        .iter()
        .find(|(_, share, _)| {
            if at < *share {
                true
            } else {
                at -= share;
                false
            }
        })
        .unwrap();
    let mut languages = vec![(*local).to_owned()];
    if *local != "en" && draw.below(100) < 90 {
        languages.push("en".into());
    }
    let mut topics = TOPICS.to_vec();
    let interests = (0..2 + draw.below(2)).map(|_| topics.remove(draw.below(topics.len())).to_owned()).collect();
    let mut hours = Vec::new();
    for day in ["Mon", "Tue", "Wed", "Thu", "Fri"] {
        if draw.below(100) < 75 {
            let from = 16 + draw.below(4);
            hours.push(format!("{day} {from}-{}", (from + 3 + draw.below(2)).min(24)));
        }
        if draw.below(100) < 40 {
            let from = 7 + draw.below(4);
            hours.push(format!("{day} {from}-{}", from + 2 + draw.below(2)));
        }
    }
    for day in ["Sat", "Sun"] {
        let from = 8 + draw.below(8);
        hours.push(format!("{day} {from}-{}", from + 4 + draw.below(3)));
    }
    let level = if draw.below(3) == 0 { 3 + draw.below(2) } else { 1 + draw.below(2) };
    Person {
        languages,
        level: level as u8,
        guide: draw.below(12) == 0,
        interests,
        career: CAREERS[draw.below(4)].into(),
        ..person(id, zone, &hours.join("; "))
    }
}

/// A few people, hard to match: few hours, few languages, odd zones, some kept apart.
pub fn small(n: usize, seed: u64) -> Vec<Person> {
    const ODD: [&str; 6] = ["Europe/Berlin", "America/New_York", "Australia/Adelaide", "Asia/Kathmandu", "Pacific/Chatham", "UTC"];
    let mut draw = Rng::new(seed).fork("small", n as u64);
    let zones = 1 + draw.below(3);
    let mut people: Vec<Person> = (0..n)
        .map(|i| {
            let zone = ODD[draw.below(zones) * 2 % 6];
            let mut hours = Vec::new();
            for day in ["Tue", "Sat"] {
                for from in [0, 6, 12, 18] {
                    if draw.below(3) > 0 {
                        let late = draw.below(2);
                        hours.push(format!("{day} {}-{}", from + late, from + 5 + draw.below(2)));
                    }
                }
            }
            let hours = if hours.is_empty() { "none".into() } else { hours.join("; ") };
            let languages = if draw.below(4) == 0 { vec!["fr".into()] } else { vec!["en".into(), "fr".into()] };
            let topics = &TOPICS[..2 + draw.below(2)];
            let interests =
                if draw.below(3) == 0 { vec![topics[draw.below(topics.len())].into()] } else { vec![topics[0].into(), topics[1].into()] };
            let level = 1 + draw.below(4) as u8;
            let guide = draw.below(8) == 0;
            Person { languages, interests, level, guide, ..person(&format!("p{i:02}"), zone, &hours) }
        })
        .collect();
    if n > 2 && draw.below(2) == 0 {
        let other = people[0].id.clone();
        people[n - 1].apart.push(other);
    }
    people
}
