//! Every table format gives back what it was given.

use esker_contract::{Keeps, format};
use esker_core::{Result, Table};
use esker_io::{ReadOptions, read_table, write_table};

/// Runs the suite through files, as users do.
fn suite(extension: &str, keeps: Keeps) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(format!("table.{extension}"));
    let write = |table: &Table| -> Result<Vec<u8>> {
        write_table(&path, table)?;
        Ok(std::fs::read(&path).expect("the file was just written"))
    };
    let read = |bytes: &[u8]| -> Result<Table> {
        std::fs::write(&path, bytes).expect("the folder is ours");
        read_table(&path, &ReadOptions::default())
    };
    format(extension, keeps, &write, &read);
}

#[test]
fn csv_keeps_values_letter_for_letter_and_bit_for_bit() {
    suite("csv", Keeps { types: false, units: false });
}

#[test]
fn parquet_keeps_types_too() {
    suite("parquet", Keeps { types: true, units: true });
}
