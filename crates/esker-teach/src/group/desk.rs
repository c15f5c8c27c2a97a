//! The organiser's desk: what `esker group` does with a folder, one function a command. A web hub would call the same.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use esker_core::{Error, Fault, Result};
use esker_io::write_file;

use super::call::{Call, Day};
use super::certificate::{Certificate, Hours, Keys, Statement};
use super::conference::agenda;
use super::folder::{Folder, State, make_private, write_private};
use super::matching::Matching;
use super::people::Applications;
use super::privacy::{Held, forget as take_out, held};
use super::review;
use super::rubric;
use super::write::consent;

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// What is kept now.
    pub state: State,
    /// The files there are, by their paths in the folder.
    pub files: Vec<String>,
    /// What the organiser should know, in sentences.
    pub notes: Vec<String>,
}

fn save(folder: &Folder, state: State, notes: Vec<String>) -> Result<Done> {
    let files = folder.save(&state)?;
    Ok(Done { state, files, notes })
}

/// Writes the plan of a call into a folder, new or of the same call; with projects, also the agenda of the mini-conference.
///
/// # Errors
/// The folder is another call's; people agreed to another version of the consent text; projects with faults; the disk refuses.
pub fn plan(folder: &Folder, call: Call, projects: Option<&Path>) -> Result<Done, Vec<Error>> {
    let one = |e: Error| vec![e];
    if folder.has_state() {
        let kept = folder.load().map_err(one)?;
        if let (Some(key), Some(_)) = (changed_rule(&kept.call, &call), &kept.matching) {
            return Err(vec![
                Error::recipe(format!("key '{key}'"))
                    .got("another value than the groups were made by")
                    .rule("groups and the reasons for them follow the call they were made by")
                    .hint("make the groups anew: `esker group match applications.csv --call call.toml -o FOLDER`"),
            ]);
        }
    }
    let mut state = of_call(folder, Some(call), None).map_err(one)?;
    let mut notes = Vec::new();
    if let Some(projects) = projects {
        read_projects(&mut state, projects, &mut notes)?;
    }
    set_agenda(&mut state, &mut notes);
    save(folder, state, notes).map_err(one)
}

/// The first key that groups follow in which two calls differ.
fn changed_rule(old: &Call, new: &Call) -> Option<&'static str> {
    let same = [
        ("start", old.start == new.start),
        ("form", old.form == new.form),
        ("weeks", old.weeks == new.weeks),
        ("size", old.size == new.size),
        ("minutes", old.minutes == new.minutes),
        ("hours_per_month", old.weeks_apart() == new.weeks_apart()),
        ("topics", old.topics == new.topics),
    ];
    same.into_iter().find(|(_, same)| !same).map(|(key, _)| key)
}

/// The state of a folder, with its call replaced where one is given; a new state where the folder has none.
fn of_call(folder: &Folder, call: Option<Call>, beside: Option<&Path>) -> Result<State> {
    let call = match call {
        Some(call) => Some(call),
        None if folder.has_state() => None,
        None => {
            let path = beside.unwrap_or(Path::new("")).join("call.toml");
            if !path.is_file() {
                let error = Error::usage("esker group match").got("no call").rule("the rules of a matching stand in its call");
                return Err(error.hint("`esker group template call > call.toml`, then --call call.toml"));
            }
            Some(Call::read(&path)?)
        }
    };
    if !folder.has_state() {
        let call = call.ok_or_else(|| Error::usage("a call").rule("none is given"))?;
        return Ok(State::new(call));
    }
    let mut state = folder.load()?;
    let Some(call) = call else { return Ok(state) };
    if call.id != state.call.id {
        return Err(Error::usage(format!("folder '{}'", folder.path().display()))
            .got(format!("the call '{}'", state.call.id))
            .rule(format!("the call given is '{}'; a folder holds one call", call.id))
            .hint("choose another folder with -o"));
    }
    if call.consent != state.call.consent && !state.people.is_empty() {
        return Err(Error::recipe("key 'consent'")
            .got(format!("'{}'", call.consent))
            .rule(format!("{} people agreed to version '{}'; a new text needs their consent anew", state.people.len(), state.call.consent))
            .hint("keep the version, or begin a call with another id"));
    }
    // What people agreed to stays as they read it.
    if state.people.is_empty() {
        state.consent = consent(&call);
    }
    state.call = call;
    Ok(state)
}

/// Reads projects into a state, without people who were forgotten.
fn read_projects(state: &mut State, path: &Path, notes: &mut Vec<String>) -> Result<(), Vec<Error>> {
    let mut projects = review::read(path)?;
    for project in &mut projects {
        project.authors.retain(|a| !state.is_forgotten(a));
        project.conflicts.retain(|c| !state.is_forgotten(c));
    }
    let all = projects.len();
    projects.retain(|p| !p.authors.is_empty());
    if projects.len() < all {
        notes.push(format!("{} of the projects are by people who asked to be forgotten and were left out.", all - projects.len()));
    }
    review::check_names(&projects, &state.people)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for project in projects.iter_mut().filter(|p| !p.record.is_empty()) {
        let (record, hash) = rubric::read(&folder.join(&project.record)).map_err(|e| vec![e])?;
        project.rubric = rubric::fill(&record);
        project.record_sha256 = hash;
    }
    state.projects = projects;
    Ok(())
}

/// Gives the talks hours; where they do not fit, a note says so.
fn set_agenda(state: &mut State, notes: &mut Vec<String>) {
    if state.projects.is_empty() {
        return;
    }
    let made = agenda(&state.projects, &state.people, &state.call);
    let why = |e: &Error| format!("{}: {}", e.got.as_deref().unwrap_or_default(), e.rule.as_deref().unwrap_or_default());
    notes.extend(made.as_ref().err().map(|e| format!("No programme of talks was made: {}.", why(e))));
    state.agenda = made.ok();
}

/// Reads applications, makes groups and writes them, unless `stop` is set before.
///
/// # Errors
/// Every fault of the applications at once; faults of the call; the disk refuses; cancelled.
pub fn matching(folder: &Folder, applications: &Path, call: Option<Call>, stop: &AtomicBool) -> Result<Done, Vec<Error>> {
    let one = |e: Error| vec![e];
    let beside = applications.parent();
    let mut state = of_call(folder, call, beside).map_err(one)?;
    let Applications { people, mut notes } = Applications::read_without(applications, &state.call, &|id| state.is_forgotten(id))?;
    let unreachable = people.iter().filter(|p| p.email.is_empty()).count();
    if unreachable > 0 {
        notes.push(format!("{unreachable} people gave no e-mail address; they are in no import for Zulip and Moodle."));
    }
    state.matching = Some(Matching::of_watched(&people, &state.call, stop).map_err(one)?);
    state.people = people;
    save(folder, state, notes).map_err(one)
}

/// Reads projects, pairs them for the proposal swap and peer review, and fills the rubrics from their records.
///
/// # Errors
/// Every fault of the projects at once; no call in the folder; a record that cannot be read; the disk refuses.
pub fn review(folder: &Folder, projects: &Path, swap: usize, reviews: usize) -> Result<Done, Vec<Error>> {
    let one = |e: Error| vec![e];
    let mut state = folder.load().map_err(one)?;
    let mut notes = Vec::new();
    read_projects(&mut state, projects, &mut notes)?;
    let pairing = review::pair(&state.projects, state.matching.as_ref(), swap, reviews);
    if !pairing.short.is_empty() {
        notes.push(format!(
            "{} times too few may read a project without a conflict of interest; review/pairing.md says which and why.",
            pairing.short.len()
        ));
    }
    state.pairing = Some(pairing);
    set_agenda(&mut state, &mut notes);
    save(folder, state, notes).map_err(one)
}

/// What a certificate is asked for with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// Hours by kind.
    pub hours: Vec<Hours>,
    /// The id of a project of the folder; empty for none.
    pub project: String,
    /// The run folder or record of a project that is not in the folder; its hash is certified.
    pub record: Option<PathBuf>,
    /// The day of issue; absent for today, in UTC.
    pub issued: Option<Day>,
}

/// Certifies a person's hours, with keys that are made first if `new_keys` says so and all else is right.
///
/// # Errors
/// Nobody of this id; impossible hours; no such project, or one of others; a key that is lost or unusable; new keys inside the folder of the call,
/// which may be shared; the disk refuses.
pub fn certificate(folder: &Folder, person: &str, asked: Asked, keys: &Keys, new_keys: bool) -> Result<Done> {
    let mut state = folder.load()?;
    let known = held(&state, person)?.person.ok_or_else(|| {
        let error = Error::usage(format!("person '{person}'")).rule("no application of theirs is kept any more");
        error.hint("hours are certified for people of the last table of applications")
    })?;
    let issued = asked.issued.unwrap_or_else(Day::today);
    let mut statement = Statement::new((&state.call.id, &state.call.title), (&known.id, &known.name), asked.hours, issued)?;
    if !asked.project.is_empty() {
        let project = state.projects.iter().find(|p| p.id == asked.project).ok_or_else(|| {
            let error = Error::usage(format!("project '{}'", asked.project)).rule("no such project in the folder");
            let all: Vec<&str> = state.projects.iter().map(|p| p.id.as_str()).collect();
            if all.is_empty() {
                error.hint("`esker group review projects.csv` reads them")
            } else {
                error.hint(format!("there are: {}", all.join(", ")))
            }
        })?;
        if !project.authors.contains(&known.id) {
            return Err(Error::usage(format!("project '{}'", asked.project)).rule(format!("'{}' is no author of it", known.id)));
        }
        statement.project = project.title.clone();
        statement.record_sha256 = project.record_sha256.clone();
    }
    if let Some(record) = &asked.record {
        let (record, hash) = rubric::read(record)?;
        if statement.project.is_empty() {
            statement.project = record.title;
        }
        statement.record_sha256 = hash;
    }
    if new_keys {
        if keys.lie_in(folder.path()) {
            return Err(Error::usage("--keys")
                .got(format!("'{}'", keys.public_path().display()))
                .rule("keys lie outside the folder of the call, which may be given to others")
                .hint("name another folder with --keys"));
        }
        keys.make()?;
    }
    let signed = keys.sign(statement)?;
    state.certificates.retain(|c| c.statement.person != known.id);
    state.certificates.push(signed);
    state.certificates.sort_by(|a, b| a.statement.person.cmp(&b.statement.person));
    save(folder, state, Vec::new())
}

/// Verifies a certificate, with a public key in a file where one is given.
///
/// # Errors
/// As [`Certificate::verify`]; a file cannot be read.
pub fn verify(file: &Path, key: Option<&Path>) -> Result<Certificate> {
    let key = key.map(super::certificate::public_key).transpose()?;
    let bytes = esker_io::read_file(file, 1 << 20)?;
    Certificate::verify(&bytes, key.as_deref()).map_err(|e| Error { thing: format!("certificate '{}'", file.display()), ..e })
}

/// Removes a person from every file that was written; notes name files of others in the folder that still hold them.
///
/// # Errors
/// Nobody of this id; the disk refuses.
pub fn forget(folder: &Folder, person: &str) -> Result<Done> {
    let mut state = folder.load()?;
    let gone = take_out(&mut state, person)?;
    let done = save(folder, state, Vec::new())?;
    let mut notes = vec!["Take the row out of the table of applications as well: it is not Esker's file.".to_owned()];
    if gone.is_none() {
        notes
            .push("No name and address of theirs were kept any more, so files that are not Esker's were not searched for them.".to_owned());
    }
    let left = folder.holding(&gone.map_or_else(Vec::new, |g| vec![g.email, g.name]))?;
    if !left.is_empty() {
        notes.push(format!(
            "These files still hold the name or address; Esker did not write them, or somebody else has the name: {}.",
            left.join(", ")
        ));
    }
    if let Some(small) = done.state.matching.as_ref().and_then(|m| m.groups.iter().find(|g| g.members.len() < 3)) {
        notes.push(format!("{} has fewer than three people now: offer a merger.", small.id));
    }
    Ok(Done { notes, ..done })
}

/// Writes everything that is held about a person into a new folder of theirs.
///
/// # Errors
/// Nobody of this id; the folder is there already; the disk refuses.
pub fn export(folder: &Folder, person: &str, output: &Path) -> Result<Held> {
    let all = held(&folder.load()?, person)?;
    if output.exists() {
        return Err(Error::new(Fault::Io, format!("'{}'", output.display()))
            .rule("it exists and is not overwritten")
            .hint("name another folder with -o"));
    }
    make_private(output)?;
    let text = serde_json::to_string_pretty(&all).map_err(|e| Error::data("an export").got(e.to_string()))?;
    write_private(&output.join("person.json"), (text + "\n").as_bytes())?;
    write_file(&output.join("consent.md"), all.consent_text.as_bytes())?;
    for (name, text) in &all.files {
        write_private(&output.join(name.replace('/', "-")), text.as_bytes())?;
    }
    Ok(all)
}
