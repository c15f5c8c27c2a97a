//! Simulated applicants, as a table; the same numbers give the same people. With `time`, how long a matching of them takes.
//!
//! `cargo run --release -p esker-teach --example applicants -- 300 0 > applications.csv`
#![allow(clippy::unwrap_used, reason = "an example stops at what it cannot do")]

#[path = "../tests/simulate/mod.rs"]
mod simulate;

use esker_teach::group::call::{Call, TEMPLATE};
use esker_teach::group::matching::Matching;
use esker_teach::group::texts::line;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| words.get(at).map_or(default, |w| w.parse().unwrap());
    let people = simulate::applicants(number(0, 300) as usize, number(1, 0));
    if words.get(2).is_some_and(|w| w == "time") {
        let started = std::time::Instant::now();
        let matching = Matching::of(&people, &Call::parse(TEMPLATE).unwrap()).unwrap();
        println!("{} people, {} wait, {:.2} s", people.len(), matching.waiting.len(), started.elapsed().as_secs_f64());
        return;
    }
    print!("{}", line(&["id", "name", "email", "zone", "languages", "level", "guide", "interests", "hours", "career", "consent"]));
    for p in people {
        let (level, guide) = (p.level.to_string(), if p.guide { "yes" } else { "no" });
        let (languages, interests, hours) = (p.languages.join(";"), p.interests.join(";"), p.hours.to_string());
        print!("{}", line(&[&p.id, &p.name, &p.email, &p.zone, &languages, &level, guide, &interests, &hours, &p.career, &p.consent]));
    }
}
