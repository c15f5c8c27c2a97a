//! What is owed to a person: everything that is held about them, or nothing held any more.

use serde::Serialize;

use esker_core::{Error, Result};

use super::certificate::Certificate;
use super::conference::Talk;
use super::folder::State;
use super::matching::{Group, Relief, Wait};
use super::people::Person;
use super::review::{self, Project, Reading};
use super::write::{self, withheld};

/// Everything that is held about a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// The call.
    pub call: String,
    /// The text they agreed to.
    pub consent_text: String,
    /// Their application. Absent where only what follows is left of them, e.g. a certificate from before groups were made anew.
    pub person: Option<Person>,
    /// Their group.
    pub group: Option<Group>,
    /// Why they wait.
    pub waiting: Option<Wait>,
    /// Projects they are an author of.
    pub projects: Vec<Project>,
    /// What their projects read, and who reads them.
    pub readings: Vec<Reading>,
    /// Talks they give.
    pub talks: Vec<Talk>,
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
    if !is_held(state, id) {
        return Err(nobody(state, id));
    }
    let matching = state.matching.as_ref();
    let group = matching.and_then(|m| m.group_of(id).cloned());
    let own = own_files(group.as_ref(), id);
    let projects: Vec<Project> = state.projects.iter().filter(|p| p.authors.iter().any(|a| a == id)).cloned().collect();
    let theirs = |r: &&Reading| projects.iter().any(|p| p.id == r.reader || p.id == r.project);
    Ok(Held {
        call: state.call.id.clone(),
        consent_text: state.consent.clone(),
        person: state.person(id).cloned(),
        waiting: matching.and_then(|m| m.waiting.iter().find(|w| w.person == id).map(|w| of_them_alone(w, m))),
        readings: state.pairing.iter().flat_map(|p| p.swap.iter().chain(&p.review)).filter(theirs).cloned().collect(),
        talks: state.agenda.iter().flat_map(|a| &a.talks).filter(|t| t.speakers.iter().any(|s| s == id)).cloned().collect(),
        certificates: state.certificates.iter().filter(|c| c.statement.person == id).cloned().collect(),
        files: write::files(state).into_iter().filter(|(name, _)| own.contains(name)).collect(),
        group,
        projects,
    })
}

/// Files that are about one person alone.
fn own_files(group: Option<&Group>, id: &str) -> Vec<String> {
    let mut files = vec![
        format!("waiting/{id}.md"),
        format!("plan/conference/{id}.ics"),
        format!("certificates/{id}.json"),
        format!("certificates/{id}.md"),
    ];
    files.extend(group.map(|g| format!("{}/{id}.ics", g.id)));
    files
}

/// The statement about a wait without the ids of other people, and without what is not told to the person.
fn of_them_alone(wait: &Wait, matching: &super::matching::Matching) -> Wait {
    let own = |ids: &[String]| ids.iter().filter(|i| **i == wait.person).cloned().collect::<Vec<_>>();
    let secret = withheld(matching);
    Wait {
        blocks: wait.blocks.iter().filter(|b| !secret(&b.broken)).cloned().collect(),
        rest: wait.rest.iter().filter(|r| !secret(&r.0)).cloned().collect(),
        possible: wait.possible.as_deref().map(own),
        reliefs: wait.reliefs.iter().map(|r| Relief { opens: own(&r.opens), ..r.clone() }).collect(),
        ..wait.clone()
    }
}

/// Whether anything that is kept names this id.
fn is_held(state: &State, id: &str) -> bool {
    let named = |ids: &[String]| ids.iter().any(|i| i == id);
    state.people.iter().any(|p| p.id == id || named(&p.apart))
        || state.matching.iter().any(|m| m.group_of(id).is_some() || m.waiting.iter().any(|w| w.person == id))
        || state.projects.iter().any(|p| named(&p.authors) || named(&p.conflicts))
        || state.agenda.iter().flat_map(|a| &a.talks).any(|t| named(&t.speakers))
        || state.certificates.iter().any(|c| c.statement.person == id)
}

fn nobody(state: &State, id: &str) -> Error {
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
}

/// Takes a person out of everything that is kept, and tells what remains anew. A hash stays that only tells that this id is not to be taken up
/// again, for when an old application or copy comes back. Forgetting somebody twice does no harm. Returns their application where one was kept.
///
/// # Errors
/// Nobody of this id is held or was forgotten.
pub fn forget(state: &mut State, id: &str) -> Result<Option<Person>> {
    if !is_held(state, id) && !state.is_forgotten(id) {
        return Err(nobody(state, id));
    }
    let person = state.person(id).cloned();
    state.people.retain(|p| p.id != id);
    let gone = |ids: &mut Vec<String>| ids.retain(|i| i != id);
    state.people.iter_mut().for_each(|p| gone(&mut p.apart));
    if let Some(matching) = &state.matching {
        state.matching = Some(matching.of_those_who_remain(&state.people, &state.call)?);
    }
    for project in &mut state.projects {
        gone(&mut project.authors);
        gone(&mut project.conflicts);
    }
    state.projects.retain(|p| !p.authors.is_empty());
    if let Some(pairing) = &state.pairing {
        state.pairing = Some(review::of_those_who_remain(pairing, &state.projects, state.matching.as_ref()));
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
