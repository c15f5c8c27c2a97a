//! A run folder that appears whole: built beside its target, then put in its place by a rename.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use esker_core::{Error, Fault, Result};

use crate::file::{folder_of, refused_write, sync_folder};

/// Held open and locked while a partial folder is in use: the system lets go of it when the process dies, however it dies.
const LOCK: &str = ".in-use";
/// The file by which an earlier run is known.
const RECORD: &str = "record.json";

/// A partial folder beside its target. Dropped without [`Staging::commit`], it is removed and the target is as it was.
#[derive(Debug)]
pub struct Staging {
    target: PathBuf,
    partial: PathBuf,
    _lock: File,
    done: bool,
}

impl Staging {
    /// Makes `.<name>.partial-<process>` beside `target`, and the folders above it. Partial folders that dead processes left there
    /// are removed, and a run that one of them had moved aside is put back.
    ///
    /// # Errors
    /// The disk refuses; `target` is a file, or a folder that holds something other than a run; this process builds it already.
    pub fn beside(target: &Path) -> Result<Self> {
        let refused = |e: io::Error| refused_write(target, &e);
        let target = match fs::canonicalize(target) {
            Ok(real) => real,
            Err(e) if e.kind() == ErrorKind::NotFound => std::path::absolute(target).map_err(refused)?,
            Err(e) => return Err(refused(e)),
        };
        fs::create_dir_all(folder_of(&target)).map_err(refused)?;
        tidy(&target)?;
        check(&target)?;
        let partial = sibling(&target, "partial", &std::process::id().to_string())?;
        fs::create_dir(&partial).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => Error::new(Fault::Io, format!("run folder '{}'", target.display()))
                .got("a run that is still writing to it")
                .rule("one run at a time writes to a folder"),
            _ => refused(e),
        })?;
        let lock = match OpenOptions::new().write(true).create_new(true).open(partial.join(LOCK)) {
            Ok(lock) => lock,
            Err(e) => {
                let _ = fs::remove_dir_all(&partial);
                return Err(refused(e));
            }
        };
        // Where the file system knows no locks, stale folders are left for the user to remove: never a live one by mistake.
        let _ = lock.try_lock();
        Ok(Self { target, partial, _lock: lock, done: false })
    }

    /// The partial folder to write into.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Puts the folder in the target's place. An earlier run stays intact until the last rename, and comes back if that fails.
    ///
    /// # Errors
    /// The disk refuses; the target has meanwhile become something other than an earlier run. The target is as it was.
    pub fn commit(mut self) -> Result<()> {
        check(&self.target)?;
        let refused = |e: io::Error| refused_write(&self.target, &e);
        let mut previous = None;
        if self.target.join(RECORD).is_file() {
            let aside = sibling(&self.target, "previous", &std::process::id().to_string())?;
            fs::rename(&self.target, &aside).map_err(refused)?;
            previous = Some(aside);
        } else if self.target.is_dir() {
            // Empty, as `check` has seen; some systems rename onto no folder at all.
            fs::remove_dir(&self.target).map_err(refused)?;
        }
        if let Err(e) = fs::rename(&self.partial, &self.target) {
            if let Some(previous) = &previous {
                fs::rename(previous, &self.target).map_err(refused)?;
            }
            return Err(refused(e));
        }
        self.done = true;
        let _ = fs::remove_file(self.target.join(LOCK));
        sync_folder(folder_of(&self.target));
        if let Some(previous) = previous {
            // The new run is in place; what cannot be removed now is removed before the next run.
            let _ = fs::remove_dir_all(previous);
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// Refuses a target that a run must not replace.
fn check(target: &Path) -> Result<()> {
    let named = || Error::new(Fault::Io, format!("run folder '{}'", target.display()));
    let Ok(found) = fs::metadata(target) else { return Ok(()) };
    if !found.is_dir() {
        return Err(named().got("a file of that name").rule("a run is written to a folder").hint("choose another folder"));
    }
    if target.join(RECORD).is_file() {
        return Ok(());
    }
    let mut entries = fs::read_dir(target).map_err(|e| refused_write(target, &e))?;
    match entries.next() {
        None => Ok(()),
        Some(entry) => {
            let name = entry.map_or_else(|_| "something".into(), |e| format!("'{}'", e.file_name().to_string_lossy()));
            Err(named()
                .got(format!("a folder that holds {name} and no {RECORD}"))
                .rule("only an empty folder or an earlier run is replaced")
                .hint("choose another folder, or empty this one yourself"))
        }
    }
}

/// `.<name>.<kind>-<tail>` beside the target.
fn sibling(target: &Path, kind: &str, tail: &str) -> Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| {
        Error::new(Fault::Io, format!("run folder '{}'", target.display())).got("no name").rule("a run is written to a named folder")
    })?;
    Ok(folder_of(target).join(format!(".{}.{kind}-{tail}", name.to_string_lossy())))
}

/// Removes what dead processes left beside the target, and puts back a run that one of them had moved aside.
fn tidy(target: &Path) -> Result<()> {
    let partial = sibling(target, "partial", "")?;
    let previous = sibling(target, "previous", "")?;
    let starts = |path: &Path, with: &Path| {
        let (Some(name), Some(with)) = (path.file_name(), with.file_name()) else { return false };
        name.to_string_lossy().starts_with(&*with.to_string_lossy())
    };
    let entries = fs::read_dir(folder_of(target)).map_err(|e| refused_write(target, &e))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if starts(&path, &partial) && abandoned(&path) {
            let _ = fs::remove_dir_all(&path);
        } else if starts(&path, &previous) && path.join(RECORD).is_file() {
            if target.exists() {
                let _ = fs::remove_dir_all(&path);
            } else {
                fs::rename(&path, target).map_err(|e| refused_write(target, &e))?;
            }
        }
    }
    Ok(())
}

/// Whether nobody holds a partial folder. Without its lock file nothing is known, and it stays.
fn abandoned(partial: &Path) -> bool {
    let Ok(lock) = OpenOptions::new().write(true).open(partial.join(LOCK)) else { return false };
    !matches!(lock.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn run(target: &Path, text: &str) {
        let staging = Staging::beside(target).unwrap();
        fs::write(staging.path().join(RECORD), text).unwrap();
        staging.commit().unwrap();
    }

    #[test]
    fn a_run_replaces_the_one_before_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("runs/glacier");
        run(&target, "one");
        run(&target, "two");
        assert_eq!(fs::read_to_string(target.join(RECORD)).unwrap(), "two");
        assert_eq!(names(&target), [RECORD]);
        assert_eq!(names(&folder.path().join("runs")), ["glacier"]);
    }

    #[test]
    fn a_run_given_up_leaves_the_one_before_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("glacier");
        run(&target, "one");
        let staging = Staging::beside(&target).unwrap();
        fs::write(staging.path().join(RECORD), "half").unwrap();
        drop(staging);
        assert_eq!(fs::read_to_string(target.join(RECORD)).unwrap(), "one");
        assert_eq!(names(folder.path()), ["glacier"]);
    }

    #[test]
    fn a_folder_of_something_else_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("thesis");
        fs::create_dir(&target).unwrap();
        Staging::beside(&target).unwrap().commit().unwrap();
        fs::write(target.join("chapter1.tex"), "years of work").unwrap();
        let error =
            Staging::beside(&target).unwrap_err().to_string().replace(&*folder.path().canonicalize().unwrap().to_string_lossy(), "~");
        insta::assert_snapshot!(error, @"
        run folder '~/thesis': got a folder that holds 'chapter1.tex' and no record.json; only an empty folder or an earlier run is replaced
          hint: choose another folder, or empty this one yourself
        ");
        let file = target.join("chapter1.tex");
        let error = Staging::beside(&file).unwrap_err().to_string().replace(&*folder.path().canonicalize().unwrap().to_string_lossy(), "~");
        insta::assert_snapshot!(error, @"
        run folder '~/thesis/chapter1.tex': got a file of that name; a run is written to a folder
          hint: choose another folder
        ");
        assert_eq!(fs::read_to_string(file).unwrap(), "years of work");
    }

    #[test]
    fn a_target_that_turns_into_something_else_before_the_commit_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("run");
        let staging = Staging::beside(&target).unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(target.join("notes.txt"), "mine").unwrap();
        assert!(staging.commit().is_err());
        assert_eq!(names(folder.path()), ["run"]);
        assert_eq!(names(&target), ["notes.txt"]);
    }

    #[test]
    fn dead_partials_go_live_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("run");
        let dead = folder.path().join(".run.partial-1");
        let live = folder.path().join(".run.partial-2");
        let other = folder.path().join(".running.partial-3");
        for partial in [&dead, &live, &other] {
            fs::create_dir(partial).unwrap();
            fs::write(partial.join(LOCK), "").unwrap();
        }
        let held = File::options().write(true).open(live.join(LOCK)).unwrap();
        held.lock().unwrap();
        let staging = Staging::beside(&target).unwrap();
        assert!(!dead.exists() && live.exists() && other.exists());
        let twice = Staging::beside(&target).unwrap_err();
        assert_eq!(twice.got.as_deref(), Some("a run that is still writing to it"));
        assert!(staging.path().exists());
    }

    #[test]
    fn a_run_moved_aside_by_a_crash_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("run");
        run(&target, "one");
        fs::rename(&target, folder.path().join(".run.previous-1")).unwrap();
        drop(Staging::beside(&target).unwrap());
        assert_eq!(fs::read_to_string(target.join(RECORD)).unwrap(), "one");
        assert_eq!(names(folder.path()), ["run"]);
    }
}
