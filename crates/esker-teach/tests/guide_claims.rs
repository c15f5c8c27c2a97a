//! What a plan says is true: reasons, drawbacks, notes, swaps, terms and credits, for many kinds of people.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker_teach::guide::{Answers, Approach, Catalogue, Cost, GOALS, Plan, Resource, Status, markdown, plan_text};

fn shipped() -> Catalogue {
    Catalogue::load(&[] as &[&str]).unwrap()
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn with_goal(goal: &str, weeks: u32) -> Answers {
    Answers { goals: words(&[goal]), weeks, ..Answers::default() }
}

/// Every goal, in few hours and in many, by all ways and leanings, with something known.
fn people() -> Vec<Answers> {
    let known = [&[][..], &["python"], &["python", "linear-algebra", "calculus", "probability"], &["ml-workflow", "statistics"]];
    let one = |i: usize| Answers {
        goals: words(&[GOALS[i % 12].id]),
        weeks: [2, 6, 12, 26][i / 12 % 4],
        hours_a_week: [4.0, 8.0][i % 2],
        approach: Approach::ALL[i % 3].0,
        practice: (i % 5) as i64 - 2,
        known: words(known[i / 3 % 4]),
        paid: i % 4 == 3,
        ..Answers::default()
    };
    (0..96).map(one).collect()
}

#[test]
fn only_what_is_wished_itself_counts_as_met() {
    let plan = Plan::make(&with_goal("say-how-sure", 6), &shipped()).unwrap();
    let goal = GOALS.iter().find(|g| g.id == "say-how-sure").unwrap();
    let wished: Vec<_> = plan.topics.iter().filter(|t| goal.topics.contains(&t.topic.as_str())).collect();
    let need: f64 = wished.iter().map(|t| t.need).sum();
    let met: f64 = wished.iter().map(|t| t.need * t.learned).sum::<f64>() / need;
    assert!((plan.met - met).abs() < 1e-12, "{} is told, {met} is met", plan.met);
    assert!(plan.met < 0.15, "24 h from nothing teach Python and algebra, not Gaussian processes: {}", plan.met);
}

#[test]
fn a_wish_that_is_not_touched_is_told() {
    let catalogue = shipped();
    let mut told = 0;
    for answers in people() {
        let Ok(plan) = Plan::make(&answers, &catalogue) else { continue };
        let goal = GOALS.iter().find(|g| g.id == answers.goals[0]).unwrap();
        let mut wished = plan.topics.iter().filter(|t| goal.topics.contains(&t.topic.as_str()) && !t.known).peekable();
        let untouched = wished.peek().is_some() && wished.all(|t| t.learned < 0.1);
        assert_eq!(plan.notes.iter().any(|n| n.starts_with("No topic of")), untouched, "{plan:?}");
        told += usize::from(untouched);
    }
    assert!(told > 0);
}

#[test]
fn the_order_of_goals_and_a_goal_named_twice_change_nothing() {
    let catalogue = shipped();
    let goals = |list: &[&str]| Answers { goals: words(list), ..Answers::default() };
    let told = |a: &Answers| plan_text(&Plan::make(a, &catalogue).unwrap());
    assert_eq!(told(&goals(&["read-images", "map-points"])), told(&goals(&["map-points", "read-images"])));
    assert_eq!(told(&goals(&["map-points", "map-points"])), told(&goals(&["map-points"])));
}

/// To begin with one more resource never gives much more in the same hours: the cases in which it once gave a seventh and more.
#[test]
fn what_one_puts_in_oneself_is_not_much_better() {
    let catalogue = shipped();
    let cases = [
        ("say-how-sure", 6, "kaggle-learn"),
        ("join-physics", 12, "thakur-videos"),
        ("forecast-series", 6, "destine-ml-series"),
        ("map-points", 12, "kaggle-learn"),
    ];
    for (goal, weeks, with) in cases {
        let plain = with_goal(goal, weeks);
        let value = |a: &Answers| Plan::make(a, &catalogue).unwrap().topics.iter().map(|t| t.need * t.learned).sum::<f64>();
        let (own, theirs) = (value(&Answers { with: words(&[with]), ..plain.clone() }), value(&plain));
        assert!(own < 1.01 * theirs, "{goal} in {weeks} weeks: {own} with {with}, {theirs} without");
    }
}

#[test]
fn reasons_and_drawbacks_are_true() {
    let catalogue = shipped();
    for answers in people() {
        let Ok(plan) = Plan::make(&answers, &catalogue) else { continue };
        let coder = answers.knows(&catalogue).contains("python");
        for step in &plan.steps {
            let r = catalogue.resource(&step.id).unwrap();
            assert_eq!(step.reasons.len(), 3, "{step:?}");
            for reason in &step.reasons {
                assert!(holds(reason, r, plan.budget, answers.practice, coder), "{}: {reason}; {r:?}", step.id);
            }
            let says = |words: &str| step.reasons.iter().any(|r| r.contains(words));
            let both = [
                ("weight lies on your wishes", "weight lies on your wishes"),
                ("Earth examples", "the Earth"),
                ("practical than you asked", "practice"),
                ("than your wishes", "as wide and deep"),
                ("your level", "your level"),
            ];
            for (drawback, reason) in both {
                assert!(!(step.drawback.contains(drawback) && says(reason)), "{step:?}");
            }
            let liked = answers.approach == Approach::Both;
            assert!(!(liked && step.drawback.contains("the way you like")), "{step:?}");
        }
    }
}

fn holds(reason: &str, r: &Resource, budget: f64, practice: i64, coder: bool) -> bool {
    if reason.starts_with("all of it fits") {
        return r.hours <= budget;
    }
    if reason.contains("examples from the Earth") {
        return r.geoscience >= 1;
    }
    if reason.contains("no more programming") {
        // One who knows no language has programming 1.
        return coder || r.code <= 1;
    }
    if reason.contains("leans to practice") {
        return practice > 0 && r.theory_vs_practice > 0;
    }
    if reason.contains("leans to theory") {
        return practice < 0 && r.theory_vs_practice < 0;
    }
    if reason == "costs nothing" {
        return matches!(r.cost, Cost::Free | Cost::OpenAccess);
    }
    !reason.is_empty()
}

#[test]
fn what_could_not_be_put_in_is_told() {
    let answers = Answers { with: words(&["fastai-part-1"]), weeks: 4, ..Answers::default() };
    let plan = Plan::make(&answers, &shipped()).unwrap();
    assert!(plan.steps.iter().all(|s| s.id != "fastai-part-1"));
    let told =
        plan.notes.iter().any(|n| n.starts_with("Practical Deep Learning for Coders, part 1 could not be put in: with what it builds on"));
    assert!(told, "{:?}", plan.notes);
    let no_language = Answers { languages: Vec::new(), with: words(&["kaggle-learn"]), weeks: 40, ..Answers::default() };
    let notes = Plan::make(&no_language, &shipped()).unwrap().notes.join("\n");
    assert!(notes.contains("you chose no language"), "{notes}");
}

#[test]
fn a_swap_that_is_offered_can_be_made_and_most_steps_have_one() {
    let catalogue = shipped();
    let (mut offered, mut all) = (0, 0);
    for answers in people().into_iter().step_by(5) {
        let Ok(plan) = Plan::make(&answers, &catalogue) else { continue };
        for step in &plan.steps {
            all += 1;
            offered += usize::from(!step.instead.is_empty());
            for other in &step.instead {
                let swapped = Answers { without: vec![step.id.clone()], with: vec![other.id.clone()], ..answers.clone() };
                let after = Plan::make(&swapped, &catalogue).unwrap();
                assert!(after.steps.iter().any(|s| s.id == other.id), "{} for {}: {:?}", other.id, step.id, after.notes);
                assert!(after.steps.iter().all(|s| s.id != step.id));
            }
        }
    }
    println!("{offered} of {all} steps have a swap");
    assert!(5 * offered > 4 * all, "{offered} of {all} steps have a swap");
}

#[test]
fn no_step_is_idle() {
    let catalogue = shipped();
    for answers in people() {
        let Ok(plan) = Plan::make(&answers, &catalogue) else { continue };
        for (i, step) in plan.steps.iter().enumerate() {
            let built_on =
                |s: &esker_teach::guide::Step| catalogue.resource(&s.id).unwrap().prerequisites.iter().any(|t| step.topics.contains(t));
            assert!(!step.covers.is_empty() || plan.steps[i + 1..].iter().any(built_on), "{}: {:?}", step.id, plan.steps);
        }
    }
}

#[test]
fn a_step_tells_its_price_its_dates_and_who_named_it() {
    let mut catalogue = shipped();
    for r in &mut catalogue.resources {
        r.cost = Cost::Paid;
        if r.status == Status::Open {
            r.status = Status::Scheduled;
        }
    }
    let answers = Answers { paid: true, ..Answers::default() };
    let plan = Plan::make(&answers, &catalogue).unwrap();
    for text in [plan_text(&plan), markdown(&plan)] {
        assert_eq!(text.matches("(paid; scheduled, see its dates)").count(), plan.steps.len(), "{text}");
    }
    let shipped = Plan::make(&Answers::default(), &shipped()).unwrap();
    let lists = shipped.lists();
    assert_eq!(lists.iter().map(|(_, n)| n).sum::<usize>(), shipped.steps.len());
    for text in [plan_text(&shipped), markdown(&shipped)] {
        for (list, n) in &lists {
            assert!(text.contains(&format!("{} ({}): {n}", list.label, list.licence)), "{text}");
        }
    }
    let json = serde_json::to_value(&shipped).unwrap();
    assert!(json["steps"][0]["list"]["licence"].is_string() && json["steps"][0]["cost"].is_string());
}

#[test]
fn two_changes_are_named_where_one_does_not_help() {
    let topics = words(&["hydrology"]);
    let answers = Answers { languages: Vec::new(), weeks: 1, hours_a_week: 0.5, goals: Vec::new(), topics, ..Answers::default() };
    let told = Plan::make(&answers, &shipped()).unwrap_err().to_string();
    assert!(told.contains("fits 0.5 h, no language and this cost"), "{told}");
    assert!(told.contains("one: python as a language and ") && told.contains(" weeks instead of 1"), "{told}");
}

/// Forty topics, each taught by three resources that build on the topic before: what must come first is found at once.
#[test]
fn a_long_chain_of_topics_is_gone_through_once() {
    let mut catalogue = shipped();
    let one = catalogue.resource("kaggle-learn").unwrap().clone();
    let topic = |i: usize| format!("chain-{i:02}");
    for i in 0..40 {
        let requires = if i > 0 { vec![topic(i - 1)] } else { Vec::new() };
        catalogue.topics.push(esker_teach::guide::Topic { id: topic(i), label: topic(i), requires: requires.clone() });
        for k in 0..3 {
            let id = format!("chain-{i:02}-{k}");
            let (topics, prerequisites) = (vec![topic(i)], requires.clone());
            catalogue.resources.push(Resource { id, topics, prerequisites, hours: 2.0, core_hours: 2.0, ..one.clone() });
        }
    }
    let answers = Answers { topics: vec![topic(39)], goals: Vec::new(), weeks: 104, ..Answers::default() };
    let plan = Plan::make(&answers, &catalogue).unwrap();
    assert!(plan.steps.iter().any(|s| s.topics == [topic(39)]), "{:?}", plan.steps.len());
}
