//! What a run has found so far, kept beside its folder line by line, so that a run that was stopped is taken up where it was.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use esker_core::{Error, Fault, Result};

use crate::file::{folder_of, refused_write};
use crate::hash::sha256_hex;

/// Digits of the checksum before each line.
const DIGITS: usize = 16;
/// The largest journal that is read again.
const MOST_BYTES: u64 = 1 << 30;

/// An open journal: `.<name>.tuning` beside the run folder `<name>`. It is locked while a process writes to it.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<Option<File>>,
}

impl Journal {
    /// Opens the journal beside `target` that begins with `header`, and returns the lines in it. A journal with another header is begun anew, and
    /// one that was damaged, or broken off within a line, ends before that line. `None` where another process writes to it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn beside(target: &Path, header: &str) -> Result<Option<(Self, Vec<String>)>> {
        let path = path_beside(target)?;
        let refused = |e: std::io::Error| refused_write(&path, &e);
        fs::create_dir_all(folder_of(&path)).map_err(refused)?;
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(refused)?;
        if matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        if file.metadata().map_err(refused)?.len() <= MOST_BYTES {
            file.read_to_end(&mut bytes).map_err(refused)?;
        }
        let (mut lines, mut whole) = (Vec::new(), 0);
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            match checked(line) {
                Some(text) if whole > 0 || text == header => lines.push(text.to_owned()),
                _ => break,
            }
            whole += line.len();
        }
        file.set_len(whole as u64).map_err(refused)?;
        file.seek(SeekFrom::Start(whole as u64)).map_err(refused)?;
        let journal = Self { file: Mutex::new(Some(file)) };
        if lines.is_empty() {
            journal.add(header);
        } else {
            lines.remove(0);
        }
        Ok(Some((journal, lines)))
    }

    /// Adds a line. Where the disk refuses, nothing more is kept: what is lost is only done again.
    pub fn add(&self, line: &str) {
        let Ok(mut held) = self.file.lock() else { return };
        let text = format!("{} {line}\n", &sha256_hex(line.as_bytes())[..DIGITS]);
        if held.as_mut().is_some_and(|file| file.write_all(text.as_bytes()).is_err()) {
            *held = None;
        }
    }

    /// Removes the journal beside `target`, if there is one that no other process writes to.
    pub fn remove(target: &Path) {
        let Ok(path) = path_beside(target) else { return };
        let Ok(file) = OpenOptions::new().write(true).open(&path) else { return };
        if !matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The text of a line whose checksum is right.
fn checked(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, text) = text.split_once(' ')?;
    (sum == &sha256_hex(text.as_bytes())[..DIGITS]).then_some(text)
}

fn path_beside(target: &Path) -> Result<PathBuf> {
    let refused = |e: std::io::Error| refused_write(target, &e);
    let target = match fs::canonicalize(target) {
        Ok(real) => real,
        Err(e) if e.kind() == ErrorKind::NotFound => std::path::absolute(target).map_err(refused)?,
        Err(e) => return Err(refused(e)),
    };
    let name = target.file_name().ok_or_else(|| {
        Error::new(Fault::Io, format!("run folder '{}'", target.display())).got("no name").rule("a run is written to a named folder")
    })?;
    Ok(folder_of(&target).join(format!(".{}.tuning", name.to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(target: &Path, header: &str) -> Vec<String> {
        Journal::beside(target, header).unwrap().unwrap().1
    }

    #[test]
    fn lines_come_back_under_the_same_header_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("runs/glacier");
        let (journal, before) = Journal::beside(&target, "one").unwrap().unwrap();
        assert!(before.is_empty());
        journal.add("a");
        journal.add("b c");
        assert!(Journal::beside(&target, "one").unwrap().is_none(), "one process at a time");
        drop(journal);
        assert_eq!(lines(&target, "one"), ["a", "b c"]);
        assert!(lines(&target, "two").is_empty());
        assert!(lines(&target, "one").is_empty(), "it was begun anew");
        Journal::remove(&target);
        assert_eq!(fs::read_dir(folder.path().join("runs")).unwrap().count(), 0);
    }

    #[test]
    fn a_broken_or_damaged_line_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("run");
        let path = folder.path().join(".run.tuning");
        let write = || {
            let _ = fs::remove_file(&path);
            let (journal, _) = Journal::beside(&target, "h").unwrap().unwrap();
            ["first", "second", "third"].iter().for_each(|l| journal.add(l));
            fs::read(&path).unwrap()
        };
        let whole = write();
        for cut in 1..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let kept = lines(&target, "h");
            assert!(kept.len() < 3 && ["first", "second"].starts_with(&kept.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x04;
            fs::write(&path, &bytes).unwrap();
            let kept = lines(&target, "h");
            assert!(kept.len() < 3, "a changed byte at {at} is seen");
            // What is added afterwards stands behind what was kept.
            let (journal, _) = Journal::beside(&target, "h").unwrap().unwrap();
            journal.add("next");
            drop(journal);
            assert_eq!(lines(&target, "h").len(), kept.len() + 1);
        }
    }
}
