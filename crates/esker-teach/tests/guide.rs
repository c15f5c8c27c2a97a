//! The guide: the four acceptance persons, laws for random people, bad catalogues and answers.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;

use esker_teach::guide::{
    Answers, Approach, Catalogue, GOALS, Plan, QUESTIONS, calendar, check, graph_svg, markdown, plan_text, thin, weeks_svg,
};
use proptest::prelude::*;

fn shipped() -> Catalogue {
    Catalogue::load(&[] as &[&str]).unwrap()
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn answers(hours: f64, weeks: u32, goals: &[&str], approach: Approach, practice: i64, known: &[&str]) -> Answers {
    Answers { hours_a_week: hours, weeks, goals: words(goals), approach, practice, known: words(known), ..Answers::default() }
}

fn steps(answers: &Answers) -> Vec<(String, f64)> {
    Plan::make(answers, &shipped()).unwrap().steps.into_iter().map(|s| (s.id, s.hours)).collect()
}

fn doing() -> Answers {
    answers(6.0, 8, &["predict-tables", "train-networks", "read-images"], Approach::Doing, 2, &[])
}

#[test]
fn who_does_first_and_knows_no_python_starts_with_it_and_goes_on_by_coding() {
    let steps = steps(&doing());
    let ids: Vec<&str> = steps.iter().map(|s| s.0.as_str()).collect();
    assert_eq!(ids[..4], ["whirlwind-python", "kaggle-learn", "fastai-part-1", "lightning-dl-fundamentals"], "{steps:?}");
}

#[test]
fn the_methodical_one_reads_84_hours_of_murphy_first() {
    let known = ["linear-algebra", "calculus", "probability", "python"];
    let steps = steps(&answers(10.0, 12, &["understand-theory"], Approach::Order, -1, &known));
    assert_eq!(steps[0], ("pml-1".to_owned(), 84.0), "{steps:?}");
}

#[test]
fn who_is_short_of_time_goes_straight_to_coding() {
    let steps = steps(&answers(4.0, 4, &["predict-tables"], Approach::Doing, 2, &["python", "data-wrangling"]));
    assert_eq!(steps, [("sklearn-mooc".to_owned(), 12.0), ("seg-facies-contest".to_owned(), 4.0)]);
}

#[test]
fn much_time_and_theory_gives_tuebingen_gpml_gpss_and_goodfellow() {
    let known = ["linear-algebra", "calculus", "probability", "python", "ml-workflow"];
    let steps = steps(&answers(8.0, 26, &["say-how-sure", "train-networks"], Approach::Order, -2, &known));
    let mut ids: Vec<&str> = steps.iter().take(4).map(|s| s.0.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["deep-learning-book", "gpml", "gpss", "tuebingen-probabilistic-ml"], "{steps:?}");
}

fn anybody() -> impl Strategy<Value = Answers> {
    let catalogue = shipped();
    let topics: Vec<String> = catalogue.topics.iter().map(|t| t.id.clone()).collect();
    let ids: Vec<String> = catalogue.resources.iter().map(|r| r.id.clone()).collect();
    let goals: Vec<String> = GOALS.iter().map(|g| g.id.to_owned()).collect();
    let questions: Vec<String> = QUESTIONS.iter().map(|q| q.id.to_owned()).collect();
    let languages: Vec<String> = catalogue.languages().into_iter().map(str::to_owned).collect();
    let approach = prop_oneof![Just(Approach::Doing), Just(Approach::Order), Just(Approach::Both)];
    let wishes = (
        prop::sample::subsequence(goals, 1..=3),
        prop::sample::subsequence(topics.clone(), 0..=2),
        prop::sample::subsequence(topics, 0..=8),
        prop::sample::subsequence(languages, 0..=2),
    );
    let changed = (prop::sample::subsequence(ids.clone(), 0..=3), prop::sample::subsequence(ids, 0..=2));
    let test = prop::collection::btree_map(prop::sample::select(questions), 1_u8..=3, 0..=6);
    ((1_u32..=40, 1_u32..=52), wishes, approach, -2_i64..=2, any::<bool>(), changed, test).prop_map(
        |((halves, weeks), (goals, topics, known, languages), approach, practice, paid, (without, with), test)| Answers {
            hours_a_week: f64::from(halves) / 2.0,
            weeks,
            goals,
            topics,
            approach,
            practice,
            known,
            languages,
            paid,
            without,
            with,
            start: String::new(),
            test,
        },
    )
}

/// Every step is something one may take, its hours are a part of it, and what it builds on is known or has had its hours before.
fn lawful(answers: &Answers, plan: &Plan, catalogue: &Catalogue) {
    let known = answers.knows(catalogue);
    let mut had: BTreeMap<&str, f64> = BTreeMap::new();
    let mut total = 0.0;
    for step in &plan.steps {
        let r = catalogue.resource(&step.id).unwrap();
        for needed in &r.prerequisites {
            let hours = had.get(needed.as_str()).copied().unwrap_or(0.0);
            assert!(known.contains(needed) || hours >= 1.5 - 1e-9, "{} before {needed}: {hours} h", step.id);
        }
        assert!(step.hours >= r.core_hours && step.hours <= r.hours, "{}: {}", step.id, step.hours);
        assert!(answers.paid || r.cost.word() != "paid");
        assert!(!answers.without.contains(&step.id));
        assert!(step.reasons.len() == 3 && !step.drawback.is_empty() && !step.part.is_empty(), "{step:?}");
        let n = r.topics.len();
        for (i, topic) in r.topics.iter().enumerate() {
            *had.entry(topic).or_default() += step.hours * if i < 3 { 2.0 } else { 1.0 } / (n + n.min(3)) as f64;
        }
        total += step.hours;
    }
    assert!(total <= answers.budget() + 1e-9, "{total} h of {}", answers.budget());
    let in_weeks: f64 = plan.weeks.iter().flat_map(|w| &w.parts).map(|p| p.hours).sum();
    assert!((in_weeks - total).abs() < 1e-6);
    assert!((0.0..=1.0).contains(&plan.met));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anybody_gets_a_lawful_path_or_a_reason(answers in anybody()) {
        let catalogue = shipped();
        match Plan::make(&answers, &catalogue) {
            Ok(plan) => {
                lawful(&answers, &plan, &catalogue);
                prop_assert_eq!(&plan, &Plan::make(&answers, &catalogue).unwrap());
                let texts = [plan_text(&plan), markdown(&plan), graph_svg(&plan), weeks_svg(&plan)];
                prop_assert!(texts.iter().all(|t| !t.contains("NaN") && !t.contains("inf ")));
            }
            Err(error) => prop_assert!(error.hint.is_some() && error.rule.is_some(), "{error}"),
        }
        let again: Answers = toml::from_str(&answers.to_toml()).unwrap();
        prop_assert_eq!(again, answers);
    }

    #[test]
    fn the_order_of_the_catalogue_changes_nothing(answers in anybody(), turn in 1_usize..86) {
        let catalogue = shipped();
        let mut turned = catalogue.clone();
        turned.resources.rotate_left(turn);
        let ids = |c: &Catalogue| Plan::make(&answers, c).map(|p| p.steps.iter().map(|s| (s.id.clone(), s.hours)).collect::<Vec<_>>()).ok();
        prop_assert_eq!(ids(&catalogue), ids(&turned));
    }
}

#[test]
fn a_swap_takes_one_out_and_puts_the_other_in() {
    let catalogue = shipped();
    let plan = Plan::make(&doing(), &catalogue).unwrap();
    let step = plan.steps.iter().find(|s| !s.instead.is_empty()).unwrap();
    let other = &step.instead[0].id;
    let swapped = Answers { without: vec![step.id.clone()], with: vec![other.clone()], ..doing() };
    let after = Plan::make(&swapped, &catalogue).unwrap();
    assert!(after.steps.iter().any(|s| s.id == *other) && after.steps.iter().all(|s| s.id != step.id));
}

#[test]
fn what_is_known_is_not_taught_again_and_less_time_gives_less() {
    let catalogue = shipped();
    let knows = Answers { known: words(&["python"]), ..doing() };
    let plan = Plan::make(&knows, &catalogue).unwrap();
    assert!(plan.steps.iter().all(|s| s.id != "whirlwind-python"));
    let short = Plan::make(&Answers { weeks: 3, ..doing() }, &catalogue).unwrap();
    assert!(short.hours <= 18.0 && short.met < plan.met);
}

#[test]
fn a_plan_is_told_written_and_drawn() {
    let plan = Plan::make(&doing(), &shipped()).unwrap();
    insta::assert_snapshot!("plan_text", plan_text(&plan));
    insta::assert_snapshot!("plan_markdown", markdown(&plan));
    insta::assert_snapshot!("plan_weeks", weeks_svg(&plan));
    let file = calendar(&plan, "2026-12-07".parse().unwrap()).unwrap();
    assert_eq!(file.matches("BEGIN:VEVENT").count(), plan.weeks.iter().filter(|w| !w.parts.is_empty()).count());
}

#[test]
fn texts_of_a_catalogue_are_escaped_everywhere() {
    let mut catalogue = shipped();
    for r in &mut catalogue.resources {
        r.title = "<script>alert(1)</script> [x](javascript:1) \"'&".to_owned();
    }
    for t in &mut catalogue.topics {
        t.label = "<img src=x onerror=1>".to_owned();
    }
    let plan = Plan::make(&doing(), &catalogue).unwrap();
    for text in [markdown(&plan), graph_svg(&plan), weeks_svg(&plan)] {
        assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
    }
    assert!(!markdown(&plan).contains("[x]("));
}

const ENTRY: &str = r#"[[resource]]
id = "institute-course"
title = "Our course"
authors = ["We"]
url = "https://example.org/course"
kind = "course"
section = "courses"
languages = ["python"]
libraries = []
cost = "free"
hours = 10
core_hours = 5
hours_basis = "estimate"
use = "end-to-end"
level = 2
math = 2
code = 2
breadth = 2
depth = 2
pillars = { science = 0.4, ml = 0.4, software = 0.2 }
theory_vs_practice = 1
geoscience = 3
topics = ["glaciology"]
prerequisites = ["python"]
formats = ["coding"]
note = "Ours."
listed_by = "esker"
status = "open"
verified = "ours"
"#;

/// The messages for a catalogue that is merged with the one that ships.
fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ours.toml");
    std::fs::write(&file, text).unwrap();
    let faults = Catalogue::load(&[&file]).unwrap_err();
    let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
    all.join("\n").replace(&format!("{}/", folder.path().display()), "")
}

/// A catalogue with an escape of the terminal in each of its texts.
fn escapes() -> String {
    let texts = ["title", "section", "hours_basis", "note", "verified"];
    let mut entry = ENTRY.to_owned();
    for name in texts {
        entry = entry.replace(&format!("\n{name} = \""), &format!("\n{name} = \"\\u001b[2J"));
    }
    for name in ["authors", "languages", "libraries"] {
        entry = entry.replace(&format!("\n{name} = ["), &format!("\n{name} = [\"\\u001b[2J\", "));
    }
    let topic = "[[topic]]\nid = \"a\"\nlabel = \"\\u001b[2J\"\nrequires = []\n";
    let list = "[[list]]\nid = \"\\u001b[2J\"\nlabel = \"\\u001b[2J\"\nlicence = \"\\u001b[2J\"\n";
    format!("schema = 1\n{topic}{list}{entry}")
}

#[test]
fn bad_catalogues_are_refused_in_words() {
    let with = |from: &str, to: &str| format!("schema = 1\n{}", ENTRY.replace(from, to));
    let ring =
        "schema = 1\n[[topic]]\nid = \"a\"\nlabel = \"A\"\nrequires = [\"b\"]\n[[topic]]\nid = \"b\"\nlabel = \"B\"\nrequires = [\"a\"]\n";
    let cases = [
        ("a ring of topics", ring.to_owned()),
        ("an unknown topic", with("[\"glaciology\"]", "[\"glaciolgy\"]")),
        ("an unknown prerequisite", with("prerequisites = [\"python\"]", "prerequisites = [\"quantum\"]")),
        ("a duplicate id", with("institute-course", "gpml")),
        ("no hours", with("\nhours = 10", "\nhours = 0")),
        ("hours that are no number", with("\nhours = 10", "\nhours = nan")),
        ("a core longer than the whole", with("core_hours = 5", "core_hours = 50")),
        ("an unknown key", with("level = 2", "levle = 2")),
        ("an unknown word", with("kind = \"course\"", "kind = \"coarse\"")),
        ("levels out of range", with("math = 2\ncode = 2", "math = 9\ncode = -1")),
        ("pillars that do not add up", with("software = 0.2", "software = 0.9")),
        ("an address that runs", with("https://example.org/course", "javascript:alert(1)")),
        ("a list nobody knows", with("\"esker\"", "\"friends\"")),
        ("another schema", with("", "").replace("schema = 1", "schema = 2")),
        ("no TOML", "schema = = 1".to_owned()),
        ("escapes in every text", escapes()),
    ];
    let mut page = String::new();
    for (name, text) in cases {
        page.push_str(&format!("## {name}\n{}\n\n", refused(&text)));
    }
    assert!(!page.contains('\u{1b}'));
    insta::assert_snapshot!("bad_catalogues", page);
}

#[test]
fn an_institute_adds_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ours.toml");
    std::fs::write(&file, format!("schema = 1\n{ENTRY}")).unwrap();
    let all = Catalogue::load(&[&file]).unwrap();
    assert_eq!(all.resources.len(), shipped().resources.len() + 1);
    let ours = Answers { topics: words(&["glaciology"]), goals: Vec::new(), known: words(&["python"]), ..Answers::default() };
    let plan = Plan::make(&ours, &all).unwrap();
    assert!(plan.steps.iter().any(|s| s.id == "institute-course"), "{:?}", plan.steps);
}

#[test]
fn bad_answers_are_refused_in_words() {
    let base = Answers::default;
    let all = ["linear-algebra", "calculus", "python", "probabilistic-ml", "regression", "classification", "optimisation", "probability"];
    let cases = [
        ("no hours", Answers { hours_a_week: 0.0, ..base() }),
        ("no weeks", Answers { weeks: 0, ..base() }),
        ("an unknown goal", Answers { goals: words(&["predict-table"]), ..base() }),
        ("four goals", Answers { goals: words(&["handle-data", "map-points", "read-images", "run-software"]), ..base() }),
        ("an unknown topic", Answers { known: words(&["pyton"]), ..base() }),
        ("an unknown language", Answers { languages: words(&["cobol"]), ..base() }),
        ("an unknown resource", Answers { without: words(&["gpm"]), ..base() }),
        ("practice too far", Answers { practice: 3, ..base() }),
        ("a wrong answer number", Answers { test: BTreeMap::from([("code".to_owned(), 7)]), ..base() }),
        ("too little time", Answers { hours_a_week: 0.5, weeks: 1, ..base() }),
        ("no language that helps", Answers { languages: words(&["matlab"]), goals: Vec::new(), topics: words(&["hydrology"]), ..base() }),
        ("everything known", answers(4.0, 12, &["understand-theory"], Approach::Both, 0, &all)),
    ];
    let mut page = String::new();
    for (name, answers) in cases {
        let told = Plan::make(&answers, &shipped()).map_or_else(|e| e.to_string(), |p| format!("a path of {} steps", p.steps.len()));
        page.push_str(&format!("## {name}\n{told}\n\n"));
    }
    insta::assert_snapshot!("bad_answers", page);
}

#[test]
fn the_catalogue_that_ships_keeps_its_rules_and_credits() {
    let catalogue = shipped();
    assert!(check(&catalogue).is_empty());
    assert_eq!((catalogue.resources.len(), catalogue.topics.len()), (87, 55));
    assert_eq!(catalogue.resources.iter().filter(|r| r.listed_by == "johnson-ml-resources").count(), 41);
    let thin: Vec<String> = thin(&catalogue).into_iter().map(|t| format!("{} {}", t.topic, t.resources.len())).collect();
    insta::assert_snapshot!("thin_topics", thin.join("\n"));
    for goal in &GOALS {
        assert!(goal.topics.iter().all(|t| catalogue.topic_index(t).is_some()), "{}", goal.id);
    }
    for question in &QUESTIONS {
        assert!(question.topics.iter().all(|t| catalogue.topic_index(t).is_some()), "{}", question.id);
    }
}

#[test]
fn the_schema_tells_what_the_reader_reads() {
    let schema: serde_json::Value = serde_json::from_str(Catalogue::json_schema()).unwrap();
    let keys = |v: &serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    let catalogue = shipped();
    let r = catalogue.resources.iter().find(|r| r.year.is_some()).unwrap();
    let whole = &schema["properties"];
    assert_eq!(keys(&whole["resource"]["items"]["properties"]), keys(&serde_json::to_value(r).unwrap()));
    assert_eq!(keys(&whole["topic"]["items"]["properties"]), keys(&serde_json::to_value(&catalogue.topics[0]).unwrap()));
    assert_eq!(keys(&whole["list"]["items"]["properties"]), keys(&serde_json::to_value(&catalogue.lists[0]).unwrap()));
    assert_eq!(keys(whole), keys(&serde_json::to_value(&catalogue).unwrap()));
    let words = |key: &str| whole["resource"]["items"]["properties"][key]["enum"].clone();
    for key in ["kind", "cost", "use", "status"] {
        assert_eq!(words(key), serde_json::to_value(&catalogue.vocabulary[key]).unwrap(), "{key}");
    }
}

#[test]
fn a_calendar_made_again_has_the_same_events_and_other_wishes_have_others() {
    let catalogue = shipped();
    let file = |a: &Answers, start: &str| calendar(&Plan::make(a, &catalogue).unwrap(), start.parse().unwrap()).unwrap();
    let names = |text: &str| text.lines().filter(|l| l.starts_with("UID:")).map(str::to_owned).collect::<Vec<_>>();
    let first = file(&doing(), "2026-12-07");
    assert_eq!(first, file(&doing(), "2026-12-07"));
    let turned = Answers { goals: doing().goals.into_iter().rev().collect(), start: "2026-12-07".to_owned(), ..doing() };
    assert_eq!(names(&first), names(&file(&turned, "2026-12-14")), "a week later, the same events are moved");
    let other = names(&file(&Answers { practice: 1, ..doing() }, "2026-12-07"));
    assert!(names(&first).iter().all(|name| !other.contains(name)));
    let whole = first.replace("\r\n ", "");
    assert!(whole.contains("Kaggle Learn micro-courses: 6 h this week (15 h in all: "), "{whole}");
}
