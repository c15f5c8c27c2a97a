//! Bad input, and what is said about it. Each wording is a reviewed snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use esker_core::{Codes, Column, Table};
use esker_io::{ReadOptions, parse_csv, read_file, read_table, write_csv, write_file, write_parquet};
use insta::assert_snapshot;

fn refusal(bytes: impl AsRef<[u8]>) -> String {
    refusal_with(bytes, &ReadOptions::default())
}

fn refusal_with(bytes: impl AsRef<[u8]>, options: &ReadOptions) -> String {
    parse_csv("stakes.csv", bytes.as_ref(), options).expect_err("a refusal").to_string()
}

/// A folder with the files named, and the text of an error with the folder's own name taken out.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).expect("the folder is ours");
        path
    }

    fn text(&self, error: &esker_core::Error) -> String {
        error.to_string().replace(&*self.0.path().to_string_lossy(), "~")
    }

    fn read(&self, path: &Path) -> String {
        self.text(&read_table(path, &ReadOptions::default()).expect_err("a refusal"))
    }
}

#[test]
fn a_missing_file() {
    let folder = Folder::new();
    folder.file("glaciers.csv", b"a\n1\n");
    assert_snapshot!(folder.read(&folder.0.path().join("glacier.csv")), @"
    file '~/glacier.csv'; no such file
      hint: did you mean '~/glaciers.csv'?
    ");
    assert_snapshot!(folder.read(&folder.0.path().join("elsewhere/glacier.csv")), @"
    file '~/elsewhere/glacier.csv'; no such file
      hint: the folder '~/elsewhere' does not exist either
    ");
    assert_snapshot!(folder.read(&folder.0.path().join("temperature.csv")), @"file '~/temperature.csv'; no such file");
}

#[test]
fn a_folder_and_a_file_too_large() {
    let folder = Folder::new();
    assert_snapshot!(folder.read(folder.0.path()), @"file '~': got a folder; a file is needed here");
    let path = folder.file("large.bin", &[0; 4096]);
    assert_snapshot!(folder.text(&read_file(&path, 1024).unwrap_err()), @"file '~/large.bin': got 4 KiB; at most 1 KiB are read");
}

#[test]
fn an_empty_file() {
    assert_snapshot!(refusal(""), @"file 'stakes.csv': got an empty file; a table has a header and at least one row");
    assert_snapshot!(refusal("\n \r\n"), @"file 'stakes.csv': got only blank lines; a table has a header and at least one row");
    assert_snapshot!(refusal("\u{feff}"), @"file 'stakes.csv': got only blank lines; a table has a header and at least one row");
    assert_snapshot!(refusal("# nothing yet\n"), @"file 'stakes.csv': got comments only; a table has a header and at least one row");
}

#[test]
fn a_header_only() {
    assert_snapshot!(refusal("site,depth,rock\n"), @"file 'stakes.csv': got a header of 3 columns and no rows; a table has at least one row");
}

#[test]
fn no_header() {
    assert_snapshot!(refusal("1,2,3\n4,5,6\n"), @"
    header (line 1) of 'stakes.csv': got numbers only, from '1'; the first line names the columns
      hint: add a header line; names that are numbers need quotes
    ");
}

#[test]
fn a_ragged_row() {
    assert_snapshot!(refusal("a,b,c\n1,2,3\n4,5\n7,8,9\n"), @"
    row 2 (line 3) of 'stakes.csv': got 2 cells; the header names 3 columns
      hint: is a line broken in two, or a cell left out?
    ");
    assert_snapshot!(refusal("a,b,c\n1,2,3\n4,5,6\n7,8"), @"
    row 3 (line 4) of 'stakes.csv': got 2 cells; the header names 3 columns
      hint: was the file cut short?
    ");
    assert_snapshot!(refusal("# cores\nplace,b\nOslo,1\nOslo, Norway,5\n"), @"
    row 2 (line 4) of 'stakes.csv': got 3 cells; the header names 2 columns
      hint: put quotes around a cell that holds a ','
    ");
    assert_snapshot!(refusal("a,b\n1,2,3\n4,5,6\n"), @"
    row 1 (line 2) of 'stakes.csv': got 3 cells; the header names 2 columns
      hint: does the header lack a name, or hold a cell a ',' without quotes?
    ");
}

#[test]
fn text_in_a_column_of_numbers() {
    let mut rows = "year,balance\n".to_owned();
    for year in 1950..1990 {
        rows.push_str(&format!("{year},{}\n", if year == 1977 { "abt. -400" } else { "-123.5" }));
    }
    assert_snapshot!(refusal(&rows), @r#"
    row 28 (line 29) of 'stakes.csv', column 'balance': got 'abt. -400'; the other 39 cells of the column are numbers
      hint: correct the cell; or declare it: [data] missing = ["abt. -400"]; or read the column as text: [data] classes = ["balance"]
    "#);
    assert_snapshot!(refusal(rows.replace("1960,-123.5", "1960,?").replace("1961,-123.5", "1961,?")), @r#"
    row 11 (line 12) of 'stakes.csv', column 'balance': got '?' and 2 more cells that are no numbers; the other 37 cells of the column are numbers
      hint: correct the cell; or declare it: [data] missing = ["?"]; or read the column as text: [data] classes = ["balance"]
    "#);
    assert_snapshot!(refusal("t,p\ndegC,mm\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n"), @"
    row 1 (line 2) of 'stakes.csv', column 't': got 'degC'; the other 9 cells of the column are numbers
      hint: if the first row holds units, remove it and declare them in [data] units
    ");
}

#[test]
fn an_all_missing_column_is_read_and_noted() {
    let table = parse_csv("t.csv", b"a,b\n1,NA\n2,\n", &ReadOptions::default()).unwrap();
    assert!(table.column("b").unwrap().reals().unwrap().iter().all(|v| v.is_nan()));
    let notes: Vec<String> = table.notes.iter().map(|n| format!("{:?} {}: {}", n.weight, n.code, n.text)).collect();
    assert_snapshot!(notes.join("\n"), @"
    Warning all-missing: Column 'b' holds no value at all.
    Info missing-marker: 'NA' was read as missing in 1 cell (b: 1).
    ");
}

#[test]
fn duplicate_and_empty_names() {
    assert_snapshot!(refusal("a,b,a\n1,2,3\n"), @"
    header of 'stakes.csv': got the name 'a' twice, in columns 1 and 3; column names are unique
      hint: rename one of them in the file
    ");
    assert_snapshot!(refusal("a,,c\n1,2,3\n"), @"
    column 2 of 'stakes.csv': got an empty name; every column has a name
      hint: name it in the header
    ");
    assert_snapshot!(refusal("a,b,\n1,2,\n"), @"
    column 3 of 'stakes.csv': got an empty name; every column has a name
      hint: does each line end with a spare delimiter?
    ");
    assert_snapshot!(refusal(",row\n1,2\n"), @"
    header of 'stakes.csv': got the name 'row' twice, in columns 1 and 2; column names are unique
      hint: rename one of them in the file
    ");
}

#[test]
fn bytes_that_are_not_utf8() {
    assert_snapshot!(refusal(b"name,x\nVatnaj\xF6kull,1\n"), @"
    byte 13 (line 2) of 'stakes.csv': got 0xF6, which is 'ö' in Latin-1; tables are UTF-8 text
      hint: save the file as UTF-8
    ");
    assert_snapshot!(refusal(b"\xFF\xFEa\x00,\x00b\x00"), @"
    file 'stakes.csv': got UTF-16 text, by the mark in its first two bytes; tables are UTF-8 text
      hint: save the file as UTF-8
    ");
    assert_snapshot!(refusal(b"a,b\n1,\x002\n"), @"
    byte 6 (line 2) of 'stakes.csv': got a zero byte; tables are UTF-8 text
      hint: is it UTF-16 text or a binary file? Save it as UTF-8 CSV
    ");
}

#[test]
fn infinities() {
    assert_snapshot!(refusal("a,b\n1,2\n3,inf\n"), @r#"
    row 2 (line 3) of 'stakes.csv', column 'b': got 'inf'; numbers are finite
      hint: correct the cell, or declare it: [data] missing = ["inf"]
    "#);
    assert_snapshot!(refusal("a\n1\n-1e999\n"), @r#"
    row 2 (line 3) of 'stakes.csv', column 'a': got '-1e999'; numbers are finite
      hint: correct the cell, or declare it: [data] missing = ["-1e999"]
    "#);
}

#[test]
fn broken_quotes() {
    assert_snapshot!(refusal("a,b\n1,\"x\n2,y\n"), @r#"
    row 1 (line 2) of 'stakes.csv': got a quoted cell without an end; a cell that starts with " ends with "
      hint: write a " inside a cell twice, or remove it
    "#);
    assert_snapshot!(refusal("a,b\n1,\"x\"y\n"), @r#"
    row 1 (line 2) of 'stakes.csv': got 'y' behind a closing quote; a quoted cell ends at its closing quote
      hint: write a " inside a quoted cell twice
    "#);
}

#[test]
fn too_many_columns() {
    let wide = |n: usize| (0..n).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",");
    assert_snapshot!(refusal(format!("{}\n1\n", wide(70_000))), @"
    line 1 of 'stakes.csv': got more than 65536 cells; a table has at most 65536 columns
      hint: is the table turned on its side?
    ");
    assert_snapshot!(refusal(format!("{}\n1\n", wide(65_537))), @"header of 'stakes.csv': got 65537 columns; at most 65536 are read");
}

#[test]
fn options_that_cannot_be() {
    let told = |delimiter, decimal, comment| ReadOptions { delimiter, decimal, comment, ..ReadOptions::default() };
    assert_snapshot!(refusal_with("a\n1\n", &told(Some('x'), None, None)), @"delimiter in [data]: got 'x'; it is one ASCII character that occurs in no number and is no quote");
    assert_snapshot!(refusal_with("a,b\n1,2\n", &told(None, Some(','), None)), @"
    decimal in [data]: got ',' in a file whose cells are separated by ','; decimal mark and delimiter differ
      hint: declare the delimiter too
    ");
    assert_snapshot!(refusal_with("a,b\n1,2\n", &told(None, Some('_'), None)), @"decimal in [data]: got '_'; it is '.' or ','");
    assert_snapshot!(refusal_with("a,b\n1,2\n", &told(Some(';'), None, Some(';'))), @"comment and delimiter: got ';' for both; they differ");
    let options = ReadOptions { units: [("Depth".to_owned(), "m".to_owned())].into(), ..ReadOptions::default() };
    assert_snapshot!(refusal_with("depth,b\n1,2\n", &options), @"
    column 'Depth' in [data] units; no such column in 'stakes.csv'
      hint: did you mean 'depth'?
    ");
    let options = ReadOptions { classes: vec!["rock".into()], ..ReadOptions::default() };
    assert_snapshot!(refusal_with("depth,b\n1,2\n", &options), @"
    column 'rock' in [data] classes; no such column in 'stakes.csv'
      hint: the columns are depth, b
    ");
}

#[test]
fn files_that_are_no_tables() {
    let folder = Folder::new();
    assert_snapshot!(folder.read(&folder.file("t.csv.gz", b"\x1f\x8b\x08\x00rest")), @"
    file '~/t.csv.gz': got a gzip file; it holds no data that are read as it is
      hint: unpack it first: gunzip
    ");
    assert_snapshot!(folder.read(&folder.file("t.xlsx", b"PK\x03\x04rest")), @"
    file '~/t.xlsx': got a zip file; it holds no data that are read as it is
      hint: unpack it first
    ");
}

fn small() -> Table {
    Table::new(vec![
        Column::real("depth", "m", (0..500).map(f64::from).collect()),
        Column::class("rock", Codes::from_labels(&(0..500).map(|i| Some(format!("rock {}", i % 7))).collect::<Vec<_>>())),
    ])
    .expect("columns of one length under unique names")
}

#[test]
fn a_truncated_parquet_file() {
    let folder = Folder::new();
    let path = folder.0.path().join("t.parquet");
    write_parquet(&path, &small()).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_snapshot!(folder.read(&folder.file("half.parquet", &bytes[..bytes.len() / 2])), @"
    Parquet file 'half.parquet': got Invalid Parquet file. Corrupt footer; it must be whole and undamaged
      hint: copy or write it again; it may be cut short
    ");
    assert_snapshot!(folder.read(&folder.file("head.parquet", &bytes[..4])), @"
    Parquet file 'head.parquet': got 4 bytes; it must be whole and undamaged
      hint: copy or write it again; it may be cut short
    ");
    // A footer that is whole over columns that are not.
    let mut holed = bytes.clone();
    holed[4..600].fill(0);
    assert_snapshot!(folder.read(&folder.file("holed.parquet", &holed)), @"
    Parquet file 'holed.parquet': got Required field type_ is missing; it must be whole and undamaged
      hint: copy or write it again; it may be cut short
    ");
}

#[test]
fn tables_that_cannot_be_written() {
    let folder = Folder::new();
    let path = folder.0.path().join("out.csv");
    let table = |labels: &[&str]| {
        Table::new(vec![Column::class("country", Codes::from_labels(&labels.iter().map(|l| Some(*l)).collect::<Vec<_>>()))]).unwrap()
    };
    assert_snapshot!(write_csv(&path, &table(&["NA", "a,b"])).unwrap_err(), @"
    column 'country' to write as CSV: got the class 'NA'; CSV would read it back as missing or not at all
      hint: rename the class, or write Parquet
    ");
    assert_snapshot!(write_csv(&path, &Table::default()).unwrap_err(), @"table to write: got 0 columns and 0 rows; a table has at least one column and one row");
    assert_snapshot!(write_parquet(&path, &table(&["NO", ""])).unwrap_err(), @"
    column 'country' to write as Parquet: got an empty class; an empty text reads back as missing
      hint: rename the class
    ");
    let infinite = Table::new(vec![Column::real("q", "m3 s-1", vec![1.0, f64::INFINITY])]).unwrap();
    assert_snapshot!(write_csv(&path, &infinite).unwrap_err(), @"column 'q' to write as CSV: got inf in row 2; numbers are finite");
    assert!(!path.exists());
}

#[test]
fn folders_that_take_no_file() {
    let folder = Folder::new();
    let file = folder.file("a.txt", b"x");
    assert_snapshot!(folder.text(&write_file(&folder.0.path().join("none/out.csv"), b"x").unwrap_err()), @"
    writing '~/none/out.csv': got No such file or directory (os error 2)
      hint: does the folder '~/none' exist?
    ");
    assert_snapshot!(folder.text(&write_file(&file.join("out.csv"), b"x").unwrap_err()), @"writing '~/a.txt/out.csv': got Not a directory (os error 20); '~/a.txt' must be a folder");
    assert_snapshot!(folder.text(&write_file(folder.0.path(), b"x").unwrap_err()), @"
    writing '~': got a folder of that name; a file is written here
      hint: name a file inside it
    ");
}

#[cfg(unix)]
#[test]
fn a_read_only_file_and_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let file = folder.file("kept.csv", b"x");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    assert_snapshot!(folder.text(&write_csv(&file, &small()).unwrap_err()), @"
    writing '~/kept.csv': got a file marked read-only; it is kept
      hint: choose another name, or make it writable
    ");
    let closed = folder.0.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let written = write_csv(&closed.join("out.csv"), &small());
    // The superuser may write anywhere; everyone else is told why not.
    match fs::write(closed.join("probe"), b"x") {
        Ok(()) => assert!(written.is_ok()),
        Err(_) => assert_eq!(written.unwrap_err().rule.as_deref(), Some("its folder must be writable by you")),
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    assert_snapshot!(write_csv(full, &small()).unwrap_err(), @"
    writing '/dev/full': got No space left on device (os error 28); what was there before is untouched
      hint: free some space or choose another disk
    ");
    assert_snapshot!(write_parquet(full, &small()).unwrap_err(), @"
    writing '/dev/full': got No space left on device (os error 28); what was there before is untouched
      hint: free some space or choose another disk
    ");
    assert_snapshot!(write_file(full, b"x").unwrap_err(), @"
    writing '/dev/full': got No space left on device (os error 28); what was there before is untouched
      hint: free some space or choose another disk
    ");
}
