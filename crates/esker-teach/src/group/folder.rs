//! The organiser's folder: one private file holds everything, all others are made from it, so that what is taken out of it is gone everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use esker_core::{Error, Fault, Result};
use esker_io::{read_file, sha256_hex, write_file};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::certificate::Certificate;
use super::conference::Agenda;
use super::matching::Matching;
use super::people::Person;
use super::review::{Pairing, Project};
use super::write;

/// The private file, in the folder.
pub const STATE: &str = "private/state.json";
/// Version of its shape.
const FORMAT: u32 = 1;
/// Most bytes of it.
const MOST: u64 = 256 << 20;

/// Everything that is kept of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Version of this shape.
    pub format: u32,
    /// The call.
    pub call: Call,
    /// The text that people agreed to, in the version of the call.
    pub consent: String,
    /// People who applied, by id.
    #[serde(default)]
    pub people: Vec<Person>,
    /// Their groups.
    #[serde(default)]
    pub matching: Option<Matching>,
    /// Projects.
    #[serde(default)]
    pub projects: Vec<Project>,
    /// Who reviews whom.
    #[serde(default)]
    pub pairing: Option<Pairing>,
    /// The mini-conference.
    #[serde(default)]
    pub agenda: Option<Agenda>,
    /// Certificates given.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// Who was forgotten, as hashes that only tell whether an id is among them.
    #[serde(default)]
    pub forgotten: Vec<String>,
    /// Files made from this, by their paths in the folder.
    #[serde(default)]
    pub files: Vec<String>,
}

impl State {
    /// A call without people.
    pub fn new(call: Call) -> Self {
        let consent = write::consent(&call);
        Self {
            format: FORMAT,
            call,
            consent,
            people: Vec::new(),
            matching: None,
            projects: Vec::new(),
            pairing: None,
            agenda: None,
            certificates: Vec::new(),
            forgotten: Vec::new(),
            files: Vec::new(),
        }
    }

    /// The person of an id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }

    /// The name to show of an id; people who were forgotten have none.
    pub fn shown(&self, id: &str) -> String {
        self.person(id).map_or_else(|| "a former applicant".to_owned(), |p| p.name.clone())
    }

    /// Whether a person of this id was forgotten.
    pub fn is_forgotten(&self, id: &str) -> bool {
        self.forgotten.contains(&self.tombstone(id))
    }

    pub(crate) fn tombstone(&self, id: &str) -> String {
        sha256_hex(format!("forgotten\n{}\n{id}", self.call.id).as_bytes())
    }
}

/// A folder on the organiser's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at a path.
    pub fn at(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether a call is kept there.
    pub fn has_state(&self) -> bool {
        self.0.join(STATE).is_file()
    }

    /// What is kept.
    ///
    /// # Errors
    /// No call is kept there, or its file is damaged or of a newer version.
    pub fn load(&self) -> Result<State> {
        let path = self.0.join(STATE);
        if !path.is_file() {
            return Err(Error::new(Fault::Io, format!("folder '{}'", self.0.display()))
                .got("no private/state.json")
                .rule("it is the folder that esker group writes to")
                .hint("name it, or begin with `esker group plan call.toml -o FOLDER`"));
        }
        let broken = |got: String| {
            Error::data(format!("file '{}'", path.display())).got(got).rule("it is written by esker group and by nobody else")
        };
        let state: State = serde_json::from_slice(&read_file(&path, MOST)?).map_err(|e| broken(e.to_string()))?;
        if state.format > FORMAT {
            return Err(broken(format!("format {}", state.format)).hint("it is from a newer Esker: update"));
        }
        Ok(state)
    }

    /// Writes what is kept and every file that is made from it; files of an earlier state that are made no more are removed. Returns the paths
    /// in the folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn save(&self, state: &State) -> Result<Vec<String>> {
        let files = write::files(state);
        let paths: Vec<String> = files.keys().cloned().collect();
        make_private(&self.0.join("private"))?;
        // Should the disk fail on the way, the next saving still knows of every file there may be.
        let mut all = [state.files.clone(), paths.clone()].concat();
        all.sort();
        all.dedup();
        self.keep(&State { files: all, ..state.clone() })?;
        // What must be gone goes first.
        for old in state.files.iter().filter(|f| !files.contains_key(*f)) {
            self.remove(old)?;
        }
        self.write(&files)?;
        self.keep(&State { files: paths.clone(), ..state.clone() })?;
        Ok(paths)
    }

    fn keep(&self, state: &State) -> Result<()> {
        let text = serde_json::to_string_pretty(state).map_err(|e| Error::data("the state of a call").got(e.to_string()))?;
        // What could not be read again is not written.
        if text.len() as u64 > MOST {
            return Err(Error::data("the state of a call")
                .got(format!("{} MB", text.len() >> 20))
                .rule(format!("at most {} MB are kept", MOST >> 20))
                .hint("split the call, e.g. by topic"));
        }
        write_private(&self.0.join(STATE), text.as_bytes())
    }

    fn write(&self, files: &BTreeMap<String, String>) -> Result<()> {
        for (name, text) in files {
            let path = self.0.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|e| Error::io(format!("folder '{}'", parent.display()), &e))?;
            }
            if name.starts_with("private/") { write_private(&path, text.as_bytes())? } else { write_file(&path, text.as_bytes())? }
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        // The list is our own, but a file can be edited: nothing outside the folder is ever removed.
        if Path::new(name).components().any(|c| !matches!(c, std::path::Component::Normal(_))) {
            return Ok(());
        }
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io(format!("removing '{}'", path.display()), &e)),
        }
        if let Some(parent) = path.parent().filter(|p| *p != self.0) {
            // Only an empty folder goes.
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    /// Files in the folder, whoever wrote them, whose text holds one of these; for telling what a person's removal has not reached.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn holding(&self, needles: &[String]) -> Result<Vec<String>> {
        let (mut found, mut open) = (Vec::new(), vec![self.0.clone()]);
        while let Some(next) = open.pop() {
            let entries = fs::read_dir(&next).map_err(|e| Error::io(format!("folder '{}'", next.display()), &e))?;
            for path in entries.flatten().map(|e| e.path()) {
                if path.is_dir() {
                    open.push(path);
                } else if let Ok(bytes) = read_file(&path, MOST) {
                    let text = String::from_utf8_lossy(&bytes);
                    if needles.iter().any(|n| !n.is_empty() && text.contains(n.as_str())) {
                        found.push(path.strip_prefix(&self.0).unwrap_or(&path).display().to_string());
                    }
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// A folder that only its owner enters.
///
/// # Errors
/// The disk refuses.
pub fn make_private(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::io(format!("folder '{}'", path.display()), &e))?;
    owner_only(path, 0o700)
}

/// A file that only its owner reads.
///
/// # Errors
/// The disk refuses.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    write_file(path, bytes)?;
    owner_only(path, 0o600)
}

#[cfg(unix)]
fn owner_only(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|e| Error::io(format!("permissions of '{}'", path.display()), &e))
}

/// Elsewhere the folder of the user is private by itself.
#[cfg(not(unix))]
fn owner_only(_: &Path, _: u32) -> Result<()> {
    Ok(())
}
