//! What is owed to a person: everything that is held about them, or nothing held any more.

use serde::Serialize;

use esker_core::{Error, Result};

use super::certificate::Certificate;
use super::folder::State;
use super::matching::{Group, Wait};
use super::people::Person;
use super::review::Project;
use super::write;

/// Everything that is held about a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// The call.
    pub call: String,
    /// The text they agreed to.
    pub consent_text: String,
    /// Their application.
    pub person: Person,
    /// Their group.
    pub group: Option<Group>,
    /// Why they wait.
    pub waiting: Option<Wait>,
    /// Projects they are an author of.
    pub projects: Vec<Project>,
    /// Certificates given to them.
    pub certificates: Vec<Certificate>,
    /// Files of the folder that are about them alone, with their text.
    pub files: Vec<(String, String)>,
}

/// Everything that is held about a person.
///
/// # Errors
/// Nobody of this id is held; the hint names the nearest.
pub fn held(state: &State, id: &str) -> Result<Held> {
    let person = known(state, id)?.clone();
    let mut matching = state.matching.clone();
    // Who is kept apart from them is the other's secret.
    let files = write::files(state).into_iter().filter(|(name, _)| is_about(name, id)).collect();
    Ok(Held {
        call: state.call.id.clone(),
        consent_text: state.consent.clone(),
        group: matching.as_ref().and_then(|m| m.group_of(id).cloned()),
        waiting: matching.as_mut().and_then(|m| m.waiting.iter().find(|w| w.person == id).cloned()).map(without_others),
        projects: state.projects.iter().filter(|p| p.authors.iter().any(|a| a == id)).cloned().collect(),
        certificates: state.certificates.iter().filter(|c| c.statement.person == id).cloned().collect(),
        files,
        person,
    })
}

/// The statement about a wait without the ids of other people.
fn without_others(wait: Wait) -> Wait {
    let own = |ids: Vec<String>| ids.into_iter().filter(|i| *i == wait.person).collect::<Vec<_>>();
    let reliefs = wait.reliefs.iter().cloned().map(|r| super::matching::Relief { opens: own(r.opens.clone()), ..r }).collect();
    Wait { possible: wait.possible.clone().map(own), reliefs, ..wait }
}

fn is_about(file: &str, id: &str) -> bool {
    file.rsplit('/').next().and_then(|name| name.rsplit_once('.')).is_some_and(|(stem, _)| stem == id)
}

fn known<'a>(state: &'a State, id: &str) -> Result<&'a Person> {
    state.person(id).ok_or_else(|| {
        let error = Error::usage(format!("person '{id}'"));
        if state.is_forgotten(id) {
            return error.rule("they were forgotten: nothing is held about them but that");
        }
        let near = state.people.iter().map(|p| (strsim::damerau_levenshtein(&p.id, id), &p.id)).min().filter(|(far, _)| *far <= 2);
        let error = error.rule("nothing is held about anybody of this id");
        match near {
            Some((_, near)) => error.hint(format!("did you mean '{near}'?")),
            None => error.hint("people are named by their id, the first column of groups.csv"),
        }
    })
}

/// Takes a person out of everything that is kept. What remains is a hash that only tells that this id is not to be taken up again, for when an
/// old application or copy comes back.
///
/// # Errors
/// Nobody of this id is held.
pub fn forget(state: &mut State, id: &str) -> Result<Person> {
    let person = known(state, id)?.clone();
    state.people.retain(|p| p.id != id);
    state.people.iter_mut().for_each(|p| p.apart.retain(|a| a != id));
    let gone = |ids: &mut Vec<String>| ids.retain(|i| i != id);
    if let Some(matching) = &mut state.matching {
        for group in &mut matching.groups {
            gone(&mut group.members);
            if group.leader == id {
                group.leader = String::new();
            }
        }
        matching.groups.retain(|g| !g.members.is_empty());
        matching.waiting.retain(|w| w.person != id);
        for wait in &mut matching.waiting {
            if wait.possible.as_ref().is_some_and(|p| p.iter().any(|i| i == id)) {
                wait.possible = None;
                wait.searched = false;
            }
            wait.reliefs.iter_mut().filter(|r| r.opens.iter().any(|i| i == id)).for_each(|r| r.opens.clear());
            wait.reliefs.retain(|r| !r.joins.is_empty() || !r.opens.is_empty());
        }
    }
    for project in &mut state.projects {
        gone(&mut project.authors);
        gone(&mut project.conflicts);
    }
    let left: Vec<String> = state.projects.iter().filter(|p| p.authors.is_empty()).map(|p| p.id.clone()).collect();
    state.projects.retain(|p| !p.authors.is_empty());
    if let Some(pairing) = &mut state.pairing {
        for readings in [&mut pairing.swap, &mut pairing.review] {
            readings.retain(|r| !left.contains(&r.reader) && !left.contains(&r.project));
        }
        pairing.short.retain(|s| !left.contains(&s.project));
        for short in &mut pairing.short {
            short.conflicts.retain(|(who, why)| !left.contains(who) && !why.contains(&format!("'{id}'")));
        }
    }
    if let Some(agenda) = &mut state.agenda {
        agenda.talks.iter_mut().for_each(|t| gone(&mut t.speakers));
        agenda.talks.retain(|t| !t.speakers.is_empty());
    }
    state.certificates.retain(|c| c.statement.person != id);
    let tombstone = state.tombstone(id);
    if !state.forgotten.contains(&tombstone) {
        state.forgotten.push(tombstone);
    }
    Ok(person)
}
