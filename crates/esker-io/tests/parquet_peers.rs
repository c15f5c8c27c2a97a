//! Parquet files of another implementation (pyarrow 26.0.1, `data/make_parquet.py`): every type that a table may hold, and refusals.

use std::path::Path;

use esker_core::Table;
use esker_io::{ReadOptions, read_table};
use insta::assert_snapshot;

fn read(name: &str, options: &ReadOptions) -> esker_core::Result<Table> {
    read_table(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name), options)
}

fn refusal(name: &str) -> String {
    read(name, &ReadOptions::default()).expect_err("a refusal").to_string()
}

/// NaN where missing.
fn same(found: &[f64], expected: [f64; 3]) -> bool {
    found.iter().zip(expected).all(|(a, b)| *a == b || (a.is_nan() && b.is_nan()))
}

#[test]
fn every_type_is_read() {
    let table = read("types.parquet", &ReadOptions::default()).unwrap();
    const GAP: f64 = f64::NAN;
    for (name, expected) in [
        ("i8", [1.0, GAP, 3.0]),
        ("u64", [1.0, 2.0, GAP]),
        ("f16", [1.5, 2.0, GAP]),
        ("f32", [1.5, GAP, GAP]),
        ("date", [-171_664.0, GAP, 11_016.0]),
        ("ns", [1.5, GAP, 18_262.0]),
        ("ms", [1.5, GAP, 18_262.0]),
        ("decimal", [1.25, GAP, -3.5]),
        ("nothing", [GAP, GAP, GAP]),
    ] {
        let found = table.column(name).unwrap().reals().unwrap();
        assert!(same(found, expected), "{name}: {found:?}");
    }
    for (name, expected) in
        [("truth", [Some("true"), None, Some("false")]), ("text", [Some("x"), None, None]), ("category", [Some("b"), None, Some("a")])]
    {
        let found = table.column(name).unwrap().classes().unwrap();
        assert_eq!([0, 1, 2].map(|row| found.label(row)), expected, "{name}");
    }
    assert_eq!(table.column("f32").unwrap().unit.as_str(), "m w.e. yr-1");
    assert_eq!(table.column("ms").unwrap().unit.as_str(), "days since 1970-01-01");
    let notes: Vec<String> = table.notes.iter().map(|n| format!("{:?} {}: {}", n.weight, n.code, n.text)).collect();
    assert_snapshot!(notes.join("\n"), @"
    Warning all-missing: Column 'nothing' holds no value at all.
    Info dates: Dates and times became days since 1970-01-01 in 'date', 'ns', 'ms'.
    Info missing-marker: '' was read as missing in 1 cell (text: 1).
    Info missing-marker: '-9999' was read as missing in 1 cell (f32: 1), because it lies far outside the other values.
    ");
}

#[test]
fn options_apply_to_parquet_too() {
    let options = ReadOptions {
        classes: vec!["i8".into(), "decimal".into()],
        missing: vec!["x".into(), "2".into()],
        units: [("f32".to_owned(), "mm".to_owned())].into(),
        ..ReadOptions::default()
    };
    let table = read("types.parquet", &options).unwrap();
    assert_eq!(table.column("i8").unwrap().classes().unwrap().levels(), ["1", "3"]);
    assert_eq!(table.column("decimal").unwrap().classes().unwrap().levels(), ["-3.5", "1.25"]);
    assert_eq!(table.column("text").unwrap().values.missing(), 3);
    assert!(same(table.column("u64").unwrap().reals().unwrap(), [1.0, f64::NAN, f64::NAN]));
    assert_eq!(table.column("f32").unwrap().unit.as_str(), "mm");
}

#[test]
fn what_is_no_table_is_refused() {
    assert_snapshot!(refusal("nested.parquet"), @"
    column 'layers' of 'nested.parquet': got the type List(Int64, field: 'element'); a table has one value a cell
      hint: unnest the column, or leave it out, before writing the file
    ");
    assert_snapshot!(refusal("infinite.parquet"), @"row 2, column 'a' of 'infinite.parquet': got inf; numbers are finite");
    assert_snapshot!(refusal("no_rows.parquet"), @"Parquet file 'no_rows.parquet': got no rows; a table has at least one column and one row");
    assert_snapshot!(refusal("gzip.parquet"), @"
    Parquet file 'gzip.parquet': got gzip compression; columns are read uncompressed or compressed by snappy or zstd
      hint: write it again with compression = 'zstd'
    ");
}
