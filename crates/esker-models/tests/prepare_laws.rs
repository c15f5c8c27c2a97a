//! Every step of `[[prepare]]`, with every word and flag that it takes, keeps the laws of transforms and lets nothing leak.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker_contract::{data::TARGET, preparation, transform};
use esker_core::{Parameter, Rule, Setting, Settings};
use esker_models::prepare::{catalog, power::Family};
use esker_models::{Prepare, Wanted};

/// Defaults that a step has no answer to by itself, and further values of its lists.
fn texts(step: Prepare) -> Vec<(&'static str, &'static str)> {
    match step {
        Prepare::Gradient => vec![("along", "height")],
        Prepare::Lag => vec![("lags", "1, 3")],
        Prepare::Rolling => vec![("windows", "2, 5"), ("statistics", "mean, sum, min, max, sd, count")],
        Prepare::Encode => vec![("order", "shale, schist, gneiss")],
        _ => Vec::new(),
    }
}

/// The defaults and each word of the first choice; `crossed`, every word, flag and number away from its default in turn with each of them.
fn variants(step: Prepare, crossed: bool) -> Vec<Settings> {
    let parameters = step.parameters();
    let set = |s: Settings, name: &str, v: Setting| s.set(&parameters, name, v).unwrap();
    let mut base = Settings::defaults(&parameters);
    for (name, text) in texts(step) {
        base = set(base, name, Setting::Text(text.to_owned()));
    }
    let other = |p: &Parameter| -> Vec<Setting> {
        match (p.rule, &p.default) {
            (Rule::Choice(words), _) => words[1..].iter().map(|w| Setting::Text((*w).to_owned())).collect(),
            (Rule::Flag, Setting::Flag(v)) => vec![Setting::Flag(!v)],
            (Rule::Integer(lo, hi), _) => vec![Setting::Integer(2.clamp(lo, hi))],
            (Rule::Real(lo, hi), _) => vec![Setting::Real(0.5f64.clamp(lo, hi))],
            _ => Vec::new(),
        }
    };
    // The first choice of a step decides what the others mean: each of its words meets each other value.
    let words = parameters.iter().find(|p| matches!(p.rule, Rule::Choice(_)));
    let mut all: Vec<Settings> = std::iter::once(base.clone())
        .chain(words.iter().flat_map(|p| other(p)).map(|v| set(base.clone(), words.unwrap().name, v)))
        .collect();
    if crossed {
        for kind in all.clone() {
            all.extend(parameters.iter().flat_map(|p| other(p).into_iter().map(|v| set(kind.clone(), p.name, v)).collect::<Vec<_>>()));
        }
    }
    all
}

fn columns(step: Prepare, settings: &Settings) -> Vec<String> {
    let positive = step == Prepare::Transform && settings.text("method") != Family::YeoJohnson.name();
    if positive { vec!["prcp".to_owned(), "area".to_owned()] } else { Vec::new() }
}

#[test]
fn every_step_keeps_the_laws_of_transforms() {
    for step in Prepare::ALL {
        for settings in variants(step, false) {
            let make = || step.transform(Wanted(columns(step, &settings)), &settings);
            let load = |bytes: &[u8]| catalog::load(&step.stored(&settings), bytes).unwrap();
            transform(&format!("{} with {settings:?}", step.name()), &make, &load);
        }
        assert_eq!(Prepare::parse(step.name()), Some(step));
        assert!(step.doc().ends_with(['.', ')']), "{} has no sentence for the reference", step.name());
    }
    assert!(catalog::load("melt asked", &[]).is_none());
}

#[test]
fn no_step_lets_a_row_see_what_it_must_not() {
    for step in Prepare::ALL {
        for settings in variants(step, true) {
            let load = |bytes: &[u8]| catalog::load(&step.stored(&settings), bytes).unwrap();
            let name = format!("{} with {settings:?}", step.name());
            let given = columns(step, &settings);
            preparation(&name, &|| step.transform(Wanted(given.clone()), &settings), &load);
            if step.may_see_target() {
                let with_target = vec!["*".to_owned(), TARGET.to_owned()];
                preparation(&format!("{name} of the target"), &|| step.transform(Wanted(with_target.clone()), &settings), &load);
            }
        }
    }
}
