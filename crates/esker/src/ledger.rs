//! The ledger of openings beside a recipe: it counts them, whatever becomes of the run folders.

use std::path::{Path, PathBuf};

use esker_core::hold_out::{OPENING_FORMAT, Opening};
use esker_core::{Error, Fault, Result};
use serde::{Deserialize, Serialize};

/// How the names of ledgers end: `recipe.toml` has `recipe.opened.json`.
const ENDING: &str = ".opened.json";
/// A larger ledger is refused unread.
const MOST_BYTES: u64 = 1 << 30;

/// One opening, with the names of the rows it had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub opening: Opening,
    pub rows: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Ledger {
    format: u32,
    openings: Vec<Entry>,
}

/// The ledger of a recipe.
pub(crate) fn path(folder: &Path, recipe: &str) -> PathBuf {
    let stem = Path::new(recipe).file_stem().map_or_else(|| "recipe".into(), |s| s.to_string_lossy().into_owned());
    folder.join(format!("{stem}{ENDING}"))
}

/// The openings that all ledgers of a folder tell of, the first one first: a copy of a recipe under another name has the same rows.
pub(crate) fn read(folder: &Path) -> Result<Vec<Entry>> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let refused = |e: std::io::Error| Error::io(listed.display().to_string(), &e).rule("ledgers of openings are looked for there");
    let mut openings = Vec::new();
    for entry in std::fs::read_dir(listed).map_err(refused)? {
        let path = folder.join(entry.map_err(refused)?.file_name());
        if path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(ENDING)) {
            openings.extend(one(&path)?);
        }
    }
    // Two in one second are told apart by their number.
    openings.sort_by(|a, b| (&a.opening.at, a.opening.number).cmp(&(&b.opening.at, b.opening.number)));
    Ok(openings)
}

fn one(path: &Path) -> Result<Vec<Entry>> {
    let damaged = |got: String| {
        Error::new(Fault::Io, format!("ledger '{}'", path.display()))
            .got(got)
            .rule("it says who opened the final hold-out, and cannot be read")
            .hint("restore it from a copy; without it nobody can say that the hold-out is unseen")
    };
    let ledger: Ledger = serde_json::from_slice(&esker_io::read_file(path, MOST_BYTES)?).map_err(|e| damaged(e.to_string()))?;
    if ledger.format > OPENING_FORMAT {
        return Err(damaged(format!("format {}", ledger.format)).hint("it is from a newer version: update esker"));
    }
    Ok(ledger.openings)
}

/// Adds an opening to the ledger of a recipe.
pub(crate) fn add(path: &Path, entry: Entry) -> Result<()> {
    let mut openings = if path.exists() { one(path)? } else { Vec::new() };
    openings.push(entry);
    esker_io::write_file(path, &json(&Ledger { format: OPENING_FORMAT, openings })?)
}

/// Two spaces deep, with a final newline.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|e| Error::numeric("an opening").got(e.to_string()).rule("it cannot be written"))?;
    bytes.push(b'\n');
    Ok(bytes)
}
