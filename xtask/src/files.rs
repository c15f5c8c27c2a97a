//! Source files say in their first line what they are for, and none is too long to read.

use std::path::{Path, PathBuf};

use crate::{Outcome, root};

/// The most lines of a source file.
const MOST: usize = 800;

/// Checks every Rust file of the rooms and of xtask.
///
/// # Errors
/// The files against the rules.
pub fn check() -> Outcome {
    let root = root();
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for folder in ["crates", "xtask"] {
        collect(&root.join(folder), &mut files).map_err(|e| format!("folder '{folder}': {e}"))?;
    }
    files.sort();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|e| format!("file '{}': {e}", file.display()))?;
        let name = file.strip_prefix(&root).unwrap_or(file).display();
        faults.extend(fault(&text).map(|f| format!("{name}: {f}")));
    }
    if faults.is_empty() {
        println!("{} files", files.len());
        return Ok(());
    }
    Err(faults.join("\n"))
}

fn fault(text: &str) -> Option<String> {
    let first = text.lines().next().unwrap_or_default();
    let lines = text.lines().count();
    if !first.starts_with("//! ") {
        return Some("the first line (`//! …`) says what a file is for".into());
    }
    (lines > MOST).then(|| format!("{lines} lines; no file is longer than {MOST}"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|n| n != "target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_purpose_and_a_long_one_are_found() {
        assert_eq!(fault("//! What it is for.\nfn main() {}\n"), None);
        assert!(fault("fn main() {}\n").is_some_and(|f| f.contains("first line")));
        assert!(fault("").is_some());
        let long = format!("//! Long.\n{}", "\n".repeat(MOST));
        assert!(fault(&long).is_some_and(|f| f.contains("801 lines")));
    }
}
