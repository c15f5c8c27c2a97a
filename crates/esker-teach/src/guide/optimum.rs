//! How far the path is from the best one, found by trying everything on small catalogues.

use super::path::{Hours, Pick, Search};
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
            ratios.push(search.value(&search.spent(&search.path())) / optimum);
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

/// Answers of all kinds, always the same.
fn people(n: usize) -> Vec<Answers> {
    let mut rng = esker_core::Rng::new(7);
    let mut below = |n: usize| rng.below(n);
    let all = Catalogue::load(&[] as &[&str]).unwrap();
    (0..n)
        .map(|_| {
            let mut goals: Vec<String> = (0..=below(3)).map(|_| GOALS[below(12)].id.to_owned()).collect();
            goals.sort();
            goals.dedup();
            Answers {
                hours_a_week: [2.0, 4.0, 5.0, 8.0, 10.0][below(5)],
                weeks: [4, 6, 8, 12, 20, 26][below(6)],
                goals,
                approach: super::Approach::ALL[below(3)].0,
                practice: below(5) as i64 - 2,
                known: (0..below(6)).map(|_| all.topics[below(all.topics.len())].id.clone()).collect(),
                paid: below(2) == 0,
                ..Answers::default()
            }
        })
        .collect()
}

/// A longer search: the path that begins with any other resource, improved, and any step in the place of any other, as long as one of
/// them gives anything more.
fn longer(search: &Search, path: Vec<Pick>) -> f64 {
    let n = search.candidates.len();
    let (mut value, mut best) = (search.worth(&path), path);
    let mut begins: Vec<Vec<Pick>> = (0..n).filter_map(|c| search.put_in(Vec::new(), c)).collect();
    begins.extend((0..best.len()).flat_map(|i| search.variants(&best, i, &[])).map(|(path, never)| search.fill(path, never)));
    for picks in begins {
        let other = search.improve(search.fill(picks, None), &[]);
        if search.worth(&other) > value {
            (value, best) = (search.worth(&other), other);
        }
    }
    loop {
        let places = (0..best.len()).flat_map(|i| (0..n).map(move |c| (i, c)));
        let exchanged = places.filter_map(|(i, c)| {
            let mut without = best.clone();
            without.remove(i);
            let picks = search.lawful(&without).then(|| search.put_in(without, c))??;
            Some(search.fill(picks, None))
        });
        let found = exchanged.map(|p| (search.worth(&p), p)).max_by(|a, b| a.0.total_cmp(&b.0));
        match found {
            Some((v, p)) if v > value + 1e-9 => (value, best) = (v, search.improve(p, &[])),
            _ => return search.worth(&best).max(value),
        }
    }
}

#[test]
#[ignore = "half a minute: the figures of docs/guide.md"]
fn a_longer_search_of_the_whole_catalogue_gains_little() {
    let all = Catalogue::load(&[] as &[&str]).unwrap();
    let mut ratios = Vec::new();
    for answers in people(120) {
        let search = Search::new(&answers, &all);
        let path = search.path();
        if !path.is_empty() {
            ratios.push(search.worth(&path) / longer(&search, path));
        }
    }
    let n = ratios.len();
    ratios.sort_by(f64::total_cmp);
    let mean = ratios.iter().sum::<f64>() / n as f64;
    println!("{n} people: mean {mean:.4}, median {:.4}, 10 % {:.4}, worst {:.4}", ratios[n / 2], ratios[n / 10], ratios[0]);
    assert!(n > 60 && mean > 0.98 && ratios[0] > 0.9 && ratios[n - 1] < 1.0 + 1e-9);
}

/// What is not filled up because of the bound could not have won: no path is worth more, filled up, than was said before.
#[test]
fn no_path_is_worth_more_than_its_bound() {
    let catalogue = Catalogue::load(&[] as &[&str]).unwrap();
    let mut close = 0.0_f64;
    for case in 0_usize..24 {
        let goals = vec![GOALS[case % 12].id.to_owned(), GOALS[(case * 5 + 1) % 12].id.to_owned()];
        let known = if case % 2 == 0 { vec!["python".to_owned()] } else { Vec::new() };
        let answers = Answers { goals, hours_a_week: [1.0, 3.0, 8.0][case % 3], weeks: 16, known, ..Answers::default() };
        let search = Search::new(&answers, &catalogue);
        for begin in (0..search.candidates.len()).filter_map(|c| search.put_in(Vec::new(), c)) {
            let (bound, filled) = (search.at_most(&begin), search.worth(&search.fill(begin, None)));
            assert!(filled <= bound, "case {case}: {filled} over {bound}");
            close = close.max(filled / bound);
        }
    }
    assert!(close > 0.9, "a bound that is never near leaves nothing out: {close}");
}
