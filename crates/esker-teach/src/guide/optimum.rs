//! How far the path is from the best one, found by trying everything on small catalogues.

use super::path::{Hours, Search};
use super::{Answers, Catalogue, GOALS};

/// The best value within the budget: every resource not at all or one of its parts, in any order that honours what is needed.
fn best(search: &Search, hours: &Hours, used: u32, left: f64, seen: &mut std::collections::BTreeMap<Vec<u64>, ()>) -> f64 {
    let mut most = search.value(hours);
    for (c, candidate) in search.candidates.iter().enumerate() {
        if used & (1 << c) != 0 || !search.ready(hours, c) {
            continue;
        }
        for h in candidate.options.iter().filter(|h| **h <= left + 1e-9) {
            let mut after = hours.clone();
            search.spend(&mut after, (c, *h));
            // The same choice in another order is the same state.
            let mut key: Vec<u64> = after.raw.iter().map(|x| (x * 1e6).round() as u64).collect();
            key.push(u64::from(used | 1 << c));
            if seen.insert(key, ()).is_none() {
                most = most.max(best(search, &after, used | 1 << c, left - h, seen));
            }
        }
    }
    most
}

/// Path over optimum for many small cases: a goal, a budget, and five resources that teach something of it.
fn ratios() -> Vec<f64> {
    let all = Catalogue::load(&[] as &[&str]).unwrap();
    let mut ratios = Vec::new();
    for case in 0_usize..120 {
        let goal = &GOALS[case % 12];
        let answers = Answers {
            goals: vec![goal.id.to_owned()],
            hours_a_week: [2.0, 3.0, 5.0, 8.0][case / 12 % 4],
            weeks: 12,
            known: if case % 2 == 0 { vec!["python".to_owned(), "probability".to_owned()] } else { Vec::new() },
            practice: (case % 5) as i64 - 2,
            ..Answers::default()
        };
        let mut small = all.clone();
        let teaches =
            |r: &super::Resource| r.topics.iter().any(|t| goal.topics.contains(&t.as_str()) || t == "python" || t == "statistics");
        small.resources.retain(teaches);
        let n = small.resources.len();
        // Five of them, spread by the case, always another five.
        let keep: Vec<String> = (0..5).map(|k| small.resources[(case * 7 + k * (1 + case % 5)) % n].id.clone()).collect();
        small.resources.retain(|r| keep.contains(&r.id));
        let search = Search::new(&answers, &small);
        let optimum = best(&search, &search.start(), 0, search.person.budget, &mut std::collections::BTreeMap::new());
        if optimum > 0.0 {
            ratios.push(search.value(&search.spent(&search.path(&[]))) / optimum);
        }
    }
    ratios
}

#[test]
fn the_path_is_near_the_best_one() {
    let mut ratios = ratios();
    ratios.sort_by(f64::total_cmp);
    let n = ratios.len();
    let mean = ratios.iter().sum::<f64>() / n as f64;
    let exact = ratios.iter().filter(|r| **r > 1.0 - 1e-9).count();
    println!("{n} cases: mean {mean:.4}, median {:.4}, 10 % {:.4}, worst {:.4}, {exact} exact", ratios[n / 2], ratios[n / 10], ratios[0]);
    assert!(n > 60 && mean > 0.97 && ratios[0] > 0.75 && ratios[n - 1] < 1.0 + 1e-9);
}
