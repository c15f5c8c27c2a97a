//! Answers that leave no path: why, and the smallest change that gives one.

use esker_core::{Error, Fault};

use super::answers::Answers;
use super::catalogue::Catalogue;
use super::hours as h;
use super::path::Search;

/// Why there is no path.
pub(super) fn why(answers: &Answers, catalogue: &Catalogue, search: &Search) -> Error {
    let error = Error::new(Fault::Usage, "path for these answers").got("none");
    if search.person.need.iter().all(|n| *n == 0.0) {
        let rule = "everything you wish is among what you know";
        return error.rule(rule).hint("choose another goal, name a topic, or take one away from what you know");
    }
    let gives = |changed: &Answers| Search::new(changed, catalogue).any();
    let mut changes = Vec::new();
    if let Some(more) = more_weeks(answers, gives) {
        changes.push(format!("{} weeks instead of {} ({} in all)", more.weeks, answers.weeks, h(more.budget())));
    }
    if !answers.paid && gives(&Answers { paid: true, ..answers.clone() }) {
        changes.push("paid resources".to_owned());
    }
    if !answers.without.is_empty() && gives(&Answers { without: Vec::new(), ..answers.clone() }) {
        changes.push("what was taken out put back".to_owned());
    }
    let others: Vec<(&str, Answers)> = catalogue
        .languages()
        .into_iter()
        .filter(|language| !answers.languages.iter().any(|l| l == language))
        .map(|language| (language, Answers { languages: [&answers.languages[..], &[language.to_owned()]].concat(), ..answers.clone() }))
        .collect();
    if let Some((language, _)) = others.iter().find(|(_, changed)| gives(changed)) {
        changes.push(format!("{language} as a language"));
    }
    if changes.is_empty() {
        // No single change helps: a language with more weeks, the fewest of them.
        let both = others.iter().filter_map(|(language, changed)| Some((more_weeks(changed, gives)?, language)));
        if let Some((more, language)) = both.min_by_key(|(more, language)| (more.weeks, **language)) {
            let weeks = format!("{} weeks instead of {} ({} in all)", more.weeks, answers.weeks, h(more.budget()));
            changes.push(format!("{language} as a language and {weeks}"));
        }
    }
    let languages = if answers.languages.is_empty() { "no language" } else { "these languages" };
    let rule = format!("nothing that teaches what you wish fits {}, {languages} and this cost", h(answers.budget()));
    match changes.first() {
        None => error.rule(rule).hint("choose another goal"),
        Some(first) if changes.len() == 1 => error.rule(rule).hint(format!("the smallest change that gives one: {first}")),
        Some(first) => error.rule(rule).hint(format!("the smallest change that gives one: {first}; or {}", changes[1..].join("; or "))),
    }
}

/// The answers with the fewest weeks more that give a path.
fn more_weeks(answers: &Answers, gives: impl Fn(&Answers) -> bool) -> Option<Answers> {
    (answers.weeks + 1..=104).map(|weeks| Answers { weeks, ..answers.clone() }).find(gives)
}
