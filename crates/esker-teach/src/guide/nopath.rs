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
    let mut changes = Vec::new();
    if let Some(weeks) = more_weeks(answers, catalogue) {
        let more = Answers { weeks, ..answers.clone() };
        changes.push(format!("{weeks} weeks instead of {} ({} in all)", answers.weeks, h(more.budget())));
    }
    let gives = |changed: &Answers| !Search::new(changed, catalogue).path(&[]).is_empty();
    if !answers.paid && gives(&Answers { paid: true, ..answers.clone() }) {
        changes.push("paid resources".to_owned());
    }
    if !answers.without.is_empty() && gives(&Answers { without: Vec::new(), ..answers.clone() }) {
        changes.push("what was taken out put back".to_owned());
    }
    for language in catalogue.languages() {
        let mut languages = answers.languages.clone();
        languages.push(language.to_owned());
        if !answers.languages.iter().any(|l| l == language) && gives(&Answers { languages, ..answers.clone() }) {
            changes.push(format!("{language} as a language"));
            break;
        }
    }
    let rule = format!("nothing that teaches what you wish fits {}, these languages and this cost", h(answers.budget()));
    match changes.first() {
        None => error.rule(rule).hint("choose another goal"),
        Some(first) if changes.len() == 1 => error.rule(rule).hint(format!("the smallest change that gives one: {first}")),
        Some(first) => error.rule(rule).hint(format!("the smallest change that gives one: {first}; or {}", changes[1..].join("; or "))),
    }
}

/// The fewest weeks that give a path.
fn more_weeks(answers: &Answers, catalogue: &Catalogue) -> Option<u32> {
    (answers.weeks + 1..=104).find(|weeks| {
        let more = Answers { weeks: *weeks, ..answers.clone() };
        !Search::new(&more, catalogue).path(&[]).is_empty()
    })
}
