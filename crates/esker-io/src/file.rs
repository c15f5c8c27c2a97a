//! Whole files in and out: bounded reading, and writing that never leaves half a file in place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use esker_core::{Error, Fault, Result};

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// A missing file (the hint names the nearest one in its folder), a folder, no permission, more than `most` bytes.
pub fn read_file(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_pieces(path, most, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

/// Reads a file of at most `most` bytes piece by piece; `take` may stop it early with an error.
pub(crate) fn read_pieces(path: &Path, most: u64, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut file = open(path)?;
    let size = file.metadata().map_err(|e| refused_read(path, &e))?.len();
    let too_large = |got: String| {
        Error::new(Fault::Io, format!("file '{}'", path.display())).got(got).rule(format!("at most {} are read", size_text(most)))
    };
    if size > most {
        return Err(too_large(size_text(size)));
    }
    let mut piece = vec![0_u8; 1 << 18];
    let mut total = 0;
    loop {
        let n = match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(refused_read(path, &e)),
        };
        total += n as u64;
        // A pipe, or a file that grows, tells its size only now.
        if total > most {
            return Err(too_large(format!("more than {}", size_text(most))));
        }
        take(&piece[..n])?;
    }
}

/// Fills `bytes` from an offset of a file, its parts side by side.
pub(crate) fn read_at(path: &Path, offset: u64, bytes: &mut [u8]) -> Result<()> {
    const PART: usize = 1 << 22;
    let read = |(i, part): (usize, &mut [u8])| {
        let mut file = open(path)?;
        let found = file.seek(SeekFrom::Start(offset + (i * PART) as u64)).and_then(|_| file.read_exact(part));
        found.map_err(|e| refused_read(path, &e))
    };
    bytes.par_chunks_mut(PART).enumerate().map(read).collect()
}

/// Opens a file for reading, refusing a folder.
pub(crate) fn open(path: &Path) -> Result<File> {
    let file = File::open(path).map_err(|e| refused_read(path, &e))?;
    if file.metadata().map_err(|e| refused_read(path, &e))?.is_dir() {
        return Err(Error::new(Fault::Io, format!("file '{}'", path.display())).got("a folder").rule("a file is needed here"));
    }
    Ok(file)
}

/// `1.5 GiB`, `12 bytes`.
pub(crate) fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let power = (bytes.ilog2() / 10).min(4);
    let value = bytes as f64 / 1024_f64.powi(power as i32);
    let unit = UNITS[power as usize - 1];
    if value.fract() == 0.0 { format!("{value} {unit}") } else { format!("{value:.1} {unit}") }
}

/// What to say when the disk refuses a read.
pub(crate) fn refused_read(path: &Path, source: &io::Error) -> Error {
    let error = Error::io(format!("file '{}'", path.display()), source);
    match source.kind() {
        ErrorKind::NotFound => {
            let error = Error { got: None, ..error }.rule("no such file");
            match nearest(path) {
                Some(near) => error.hint(near),
                None => error,
            }
        }
        ErrorKind::PermissionDenied => error.rule("it must be readable by you").hint("check its permissions"),
        ErrorKind::IsADirectory => Error { got: Some("a folder".into()), ..error }.rule("a file is needed here"),
        _ => error,
    }
}

/// A hint towards the file that was meant: the nearest name in the folder, or the folder that is missing.
fn nearest(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let parent = folder_of(path);
    let Ok(entries) = fs::read_dir(parent) else {
        return Some(format!("the folder '{}' does not exist either", parent.display()));
    };
    let lower = name.to_lowercase();
    let mut best: Option<(usize, String)> = None;
    // A folder of a million files is not worth a hint.
    for entry in entries.take(10_000).flatten() {
        let other = entry.file_name().to_string_lossy().into_owned();
        let distance = strsim::damerau_levenshtein(&lower, &other.to_lowercase());
        if distance <= 1 + name.chars().count() / 4 && best.as_ref().is_none_or(|b| (distance, &other) < (b.0, &b.1)) {
            best = Some((distance, other));
        }
    }
    best.map(|(_, other)| format!("did you mean '{}'?", parent.join(other).display()))
}

/// The folder a path lies in; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What to say when the disk refuses a write.
pub(crate) fn refused_write(path: &Path, source: &io::Error) -> Error {
    let error = Error::io(format!("writing '{}'", path.display()), source);
    match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            error.rule("its folder must be writable by you").hint("choose another folder for the output")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            error.rule("what was there before is untouched").hint("free some space or choose another disk")
        }
        ErrorKind::NotFound => error.hint(format!("does the folder '{}' exist?", folder_of(path).display())),
        ErrorKind::NotADirectory => error.rule(format!("'{}' must be a folder", folder_of(path).display())),
        _ => error,
    }
}

/// Writes a file whole or not at all: beside the target, to the disk, then one rename. The folder must exist.
///
/// A target that is no ordinary file (`/dev/stdout`, a pipe) is written to directly.
///
/// # Errors
/// The disk refuses (read-only, full, no such folder), the target is a folder or marked read-only; what was there stays.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |sink| sink.write_all(bytes).map_err(|e| refused_write(path, &e)))
}

/// Writes through `fill` whole or not at all, as [`write_file`] does.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
    let refused = |e: io::Error| refused_write(path, &e);
    if fs::metadata(path).is_ok_and(|old| !old.is_dir() && !old.is_file()) {
        let mut sink = OpenOptions::new().write(true).open(path).map_err(refused)?;
        fill(&mut sink)?;
        return sink.flush().map_err(refused);
    }
    replace_seekable(path, |file| {
        let mut sink = BufWriter::with_capacity(1 << 16, file);
        fill(&mut sink)?;
        sink.flush().map_err(refused)
    })
}

/// As [`replace`] for formats that are written in pieces out of order; only an ordinary file will do.
pub(crate) fn replace_seekable(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let refused = |e: io::Error| refused_write(path, &e);
    let old = fs::metadata(path).ok();
    if let Some(old) = &old {
        let named = || Error::new(Fault::Io, format!("writing '{}'", path.display()));
        if old.is_dir() {
            return Err(named().got("a folder of that name").rule("a file is written here").hint("name a file inside it"));
        }
        if !old.is_file() {
            return Err(named().got("a device or a pipe").rule("this format is written in pieces, and needs an ordinary file"));
        }
        if old.permissions().readonly() {
            return Err(named().got("a file marked read-only").rule("it is kept").hint("choose another name, or make it writable"));
        }
    }
    // A link stays a link: the file it points to is replaced.
    let target = if old.is_some() { fs::canonicalize(path).map_err(refused)? } else { path.to_path_buf() };
    let partial = Partial(beside(&target)?);
    let mut file = File::create(&partial.0).map_err(refused)?;
    fill(&mut file)?;
    if let Some(old) = &old {
        file.set_permissions(old.permissions()).map_err(refused)?;
    }
    file.sync_all().map_err(refused)?;
    fs::rename(&partial.0, &target).map_err(refused)?;
    sync_folder(folder_of(&target));
    Ok(())
}

/// A half-written file; it goes when it is dropped before its rename.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// A name beside the target that no other writer takes: process and thread are in it.
pub(crate) fn beside(target: &Path) -> Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| {
        Error::new(Fault::Io, format!("writing '{}'", target.display())).got("no file name").rule("a file is written here")
    })?;
    let thread: String = format!("{:?}", std::thread::current().id()).chars().filter(char::is_ascii_digit).collect();
    Ok(folder_of(target).join(format!(".{}.partial-{}-{thread}", name.to_string_lossy(), std::process::id())))
}

/// Asks the disk to keep a rename; not every file system can, and the file is whole either way.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(read_file(&path, 3).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_file(&path, b"one").unwrap();
        let full = io::Error::from(ErrorKind::StorageFull);
        let result = replace(&path, |sink| {
            sink.write_all(b"half").map_err(|e| refused_write(&path, &e))?;
            Err(refused_write(Path::new("a.txt"), &full))
        });
        insta::assert_snapshot!(result.unwrap_err(), @"
        writing 'a.txt': got no storage space; what was there before is untouched
          hint: free some space or choose another disk
        ");
        assert_eq!(read_file(&path, 9).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn refusals_of_the_disk_are_told_apart() {
        let say = |kind: ErrorKind| refused_write(Path::new("runs/out.csv"), &io::Error::from(kind)).to_string();
        insta::assert_snapshot!(say(ErrorKind::PermissionDenied), @"
        writing 'runs/out.csv': got permission denied; its folder must be writable by you
          hint: choose another folder for the output
        ");
        insta::assert_snapshot!(say(ErrorKind::ReadOnlyFilesystem), @"
        writing 'runs/out.csv': got read-only filesystem or storage medium; its folder must be writable by you
          hint: choose another folder for the output
        ");
        let read = refused_read(Path::new("runs/in.csv"), &io::Error::from(ErrorKind::PermissionDenied));
        insta::assert_snapshot!(read, @"
        file 'runs/in.csv': got permission denied; it must be readable by you
          hint: check its permissions
        ");
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!([5, 1024, 1536, 8 << 30].map(size_text), ["5 bytes", "1 KiB", "1.5 KiB", "8 GiB"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        write_file(&real, b"one").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_file(&link, b"two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(read_file(&real, 9).unwrap(), b"two");
    }
}
