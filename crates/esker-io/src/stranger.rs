//! Files that hold no data Esker reads: what they seem to be.

use std::io::Read as _;
use std::path::Path;

use esker_core::{Error, Fault};

use crate::Format;
use crate::file::{open, refused_read};

/// First bytes of files that hold no data as they are, and what to do about them.
const ARCHIVES: [(&[u8], &str, &str); 6] = [
    (b"\x1f\x8b", "a gzip file", "unpack it first: gunzip"),
    (b"PK\x03\x04", "a zip file", "unpack it first"),
    (b"GEOGCS[\"", "the definition of a CRS", "open the file it belongs to"),
    (b"PROJCS[\"", "the definition of a CRS", "open the file it belongs to"),
    (b"%PDF", "a PDF file", "look for the table behind it"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first: unzstd"),
];

/// Names of texts that are no tables, whatever they hold.
const DOCUMENTS: [(&[&str], &str); 7] = [
    (&["md", "markdown", "rst", "adoc"], "a document"),
    (&["tex", "bib"], "a LaTeX file"),
    (&["html", "htm"], "a web page"),
    (&["xml", "kml", "gml", "svg", "xsd"], "an XML file"),
    (&["json", "jsonl", "ipynb"], "JSON that is no GeoJSON"),
    (&["toml", "yaml", "yml", "ini", "cfg", "conf"], "a file of settings"),
    (&["py", "r", "jl", "m", "sh", "rs", "c", "h", "cpp", "f90", "js", "sql"], "a program"),
];

/// Most bytes looked at to tell prose.
const MOST: u64 = 1 << 16;

/// The refusal of a file that no format of its own has claimed, by its first bytes and its name.
pub(crate) fn refusal(path: &Path, head: &[u8]) -> Option<Error> {
    if let Some((_, got, hint)) = ARCHIVES.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        let error = Error::data(format!("file '{}'", path.display())).got(*got).rule("it holds no data that are read as it is");
        return Some(error.hint(*hint));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let start = String::from_utf8_lossy(&text[..text.len().min(64)]).to_lowercase();
    let seems = match extension.as_str() {
        _ if start.starts_with("<!doctype html") || start.starts_with("<html") => "a web page",
        _ if start.starts_with("<?xml") => "an XML file",
        _ if start.starts_with("#!/") => "a program",
        // Tables are at times named so; brackets give JSON away.
        "json" | "jsonl" if !text.starts_with(b"{") && !text.starts_with(b"[") => return None,
        name => DOCUMENTS.iter().find(|(names, _)| names.contains(&name))?.1,
    };
    Some(no_table(path, seems))
}

/// The refusal of a text that CSV could not read, where it is prose; else what CSV said.
pub(crate) fn or_prose(path: &Path, said: Error) -> Error {
    let Some(bytes) = read_start(path).ok().filter(|_| said.fault == Fault::Data) else { return said };
    if is_prose(&String::from_utf8_lossy(&bytes)) { no_table(path, "prose") } else { said }
}

fn read_start(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    open(path)?.take(MOST).read_to_end(&mut bytes).map_err(|e| refused_read(path, &e))?;
    Ok(bytes)
}

/// Words in sentences: long lines of them, hardly a number.
fn is_prose(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).take(100).collect();
    let words: Vec<&str> = lines.iter().flat_map(|l| l.split_whitespace()).collect();
    let plain = |w: &&&str| w.trim_matches(|c: char| !c.is_alphanumeric()).chars().all(char::is_alphabetic);
    let ends = words.iter().filter(|w| w.ends_with(['.', ':', '?', '!'])).count();
    lines.len() > 1 && words.len() >= 5 * lines.len() && words.iter().filter(plain).count() * 10 > words.len() * 8 && ends > 0
}

fn no_table(path: &Path, seems: &str) -> Error {
    let formats: Vec<&str> = Format::ALL.iter().map(|f| f.name()).collect();
    Error::data(format!("file '{}'", path.display())).got(format!("what seems to be {seems}")).rule(format!(
        "it is none of the {} formats that are read: {}",
        formats.len(),
        formats.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, head: &[u8]) -> String {
        refusal(Path::new(name), head).map_or_else(|| "none".to_owned(), |e| e.got.unwrap_or_default())
    }

    #[test]
    fn documents_are_named_and_tables_are_left_alone() {
        assert_eq!(said("README.md", b"# Esker\n\nEsker takes"), "what seems to be a document");
        assert_eq!(said("settings.json", b"{\"a\": 1}"), "what seems to be JSON that is no GeoJSON");
        assert_eq!(said("page.txt", b"\n<!DOCTYPE html>\n"), "what seems to be a web page");
        assert_eq!(said("places.kml", b"<?xml version=\"1.0\"?>"), "what seems to be an XML file");
        assert_eq!(said("run", b"#!/bin/sh\n"), "what seems to be a program");
        for (name, head) in [
            ("t.csv", &b"# a comment\nx,y\n1,2\n"[..]),
            ("t.json", b"x,y\n1,2\n"),
            ("t", b"{mean depth},y\n1,2\n"),
            ("t.txt", b"a b\n1 2\n"),
        ] {
            assert_eq!(said(name, head), "none", "{name}");
        }
    }

    #[test]
    fn prose_is_words_in_sentences() {
        assert!(is_prose(
            "Licence\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\nof this software and its files, to deal in it.\n"
        ));
        assert!(!is_prose("station,year,snow depth in the month of May\nupper hut,2001,1.5\nlower hut,2002,2.5,3\n"));
        assert!(!is_prose("a b c d e f\n1 2 3 4 5 6\n1 2 3 4 5\n"));
    }
}
