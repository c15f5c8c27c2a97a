//! How long paths of random people take to find: `cargo run --release -p esker-teach --example paths -- 500 0` prints how many found one, and
//! the median and the longest time, and how much they meet of the wishes; the same numbers give the same people.
#![allow(clippy::unwrap_used, reason = "an example stops at what it cannot do")]

use std::time::Instant;

use esker_core::Rng;
use esker_teach::guide::{Answers, Approach, Catalogue, GOALS, Plan};

fn main() {
    let words: Vec<u64> = std::env::args().skip(1).map(|w| w.parse().unwrap()).collect();
    let (people, seed) = (words.first().copied().unwrap_or(500), words.get(1).copied().unwrap_or(0));
    let catalogue = Catalogue::load(&[] as &[&str]).unwrap();
    let goals: Vec<String> = GOALS.iter().map(|g| g.id.to_owned()).collect();
    let topics: Vec<String> = catalogue.topics.iter().map(|t| t.id.clone()).collect();
    let ids: Vec<String> = catalogue.resources.iter().map(|r| r.id.clone()).collect();
    let (mut times, mut met) = (Vec::new(), Vec::new());
    for k in 0..people {
        let mut rng = Rng::new(seed).fork("person", k);
        let mut some = |of: &[String], least: usize, most: usize| {
            let mut of = of.to_vec();
            rng.shuffle(&mut of);
            of.truncate(least + rng.below(most - least + 1));
            of
        };
        let (goals, wanted, known) = (some(&goals, 1, 3), some(&topics, 0, 2), some(&topics, 0, 8));
        let (without, with) = (some(&ids, 0, 3), some(&ids, 0, 2));
        let answers = Answers {
            hours_a_week: (1 + rng.below(40)) as f64 / 2.0,
            weeks: 1 + rng.below(52) as u32,
            goals,
            topics: wanted,
            approach: [Approach::Doing, Approach::Order, Approach::Both][rng.below(3)],
            practice: rng.below(5) as i64 - 2,
            known,
            paid: rng.below(2) == 1,
            without,
            with,
            ..Answers::default()
        };
        let started = Instant::now();
        let plan = Plan::make(&answers, &catalogue);
        times.push(started.elapsed().as_secs_f64() * 1e3);
        met.extend(plan.map(|p| p.met));
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{} of {people} found a path, the others a reason; {:.1} ms in the middle, {:.1} ms at 99 of 100, {:.1} ms at most; {:.6} of the wishes met on average",
        met.len(),
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        times[times.len() - 1],
        met.iter().sum::<f64>() / met.len() as f64
    );
}
