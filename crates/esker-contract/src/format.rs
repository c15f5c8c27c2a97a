//! The suite of table formats.

use esker_core::{Codes, Column, Result, Table, Values};

use crate::hostile;

/// What a format keeps of a table, beyond names, order, numbers, classes and gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeps {
    /// Whether a column is of numbers or of classes, also where all classes look like numbers or like missing values, or
    /// where all values are missing.
    pub types: bool,
    /// Units.
    pub units: bool,
}

/// Writes tables and reads them back: numbers come back bit for bit, classes letter for letter, gaps as gaps, columns in
/// their order; damaged bytes never panic or hang.
///
/// # Panics
/// With the law that was broken.
pub fn format(name: &str, keeps: Keeps, write: &dyn Fn(&Table) -> Result<Vec<u8>>, read: &dyn Fn(&[u8]) -> Result<Table>) {
    for (kind, table) in tables(keeps) {
        let on = format!("{name}, {kind}");
        let bytes = write(&table).unwrap_or_else(|e| panic!("{on}: it does not write: {e}"));
        assert!(bytes == write(&table).unwrap_or_else(|e| panic!("{on}: {e}")), "{on}: the same table gives other bytes");
        let back = read(&bytes).unwrap_or_else(|e| panic!("{on}: it does not read what it wrote: {e}"));
        same(&on, keeps, &table, &back);
        hostile::hostile(&on, &bytes, &|damaged| {
            // A table or an error; only a panic will not do.
            let _ = read(damaged);
        });
    }
}

fn tables(keeps: Keeps) -> Vec<(&'static str, Table)> {
    let class = |name: &str, labels: &[Option<&str>]| Column::class(name, Codes::from_labels(labels));
    let plain = vec![
        Column::real("lon", "degrees", vec![33.83, -179.5, 0.1 + 0.2]),
        Column::real("dmdtda", "m w.e. yr-1", vec![-0.4587719762258563, f64::NAN, 1e-300]),
        class("rock", &[Some("shale"), None, Some("chalk")]),
    ];
    let edges = vec![
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        -0.0,
        0.0,
        1.0,
        -1.5,
        9_007_199_254_740_993.0,
        123_456_789.123_456_78,
        f64::EPSILON,
        f64::NAN,
        1e22,
    ];
    let words = ["a,b", "say \"ice\"", "two\nlines", "tab\there", "Jökulhlaup", "氷河", "x;y", "it's", "a  b", "~", "#7", "q\""];
    let words: Vec<Option<&str>> = words.iter().map(|w| Some(*w)).collect();
    let hard = vec![Column::real("edges", "", edges), class("a \"quoted\", name", &words)];
    let mut all = vec![
        ("a plain table", plain),
        ("hard values", hard),
        ("one row", vec![Column::real("x", "", vec![2.5]), class("y", &[Some("z")])]),
    ];
    if keeps.types {
        let numbers = class("code", &[Some("65000"), Some("-"), None]);
        all.push((
            "classes that look like numbers",
            vec![numbers, Column::real("gap", "", vec![f64::NAN; 3]), class("void", &[None, None, None])],
        ));
    }
    all.into_iter().map(|(kind, columns)| (kind, Table::new(columns).expect("columns of one length under unique names"))).collect()
}

fn same(on: &str, keeps: Keeps, wrote: &Table, read: &Table) {
    assert_eq!(read.rows(), wrote.rows(), "{on}: another number of rows");
    let names = |t: &Table| t.columns().iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(read), names(wrote), "{on}: other columns");
    for (a, b) in wrote.columns().iter().zip(read.columns()) {
        if keeps.units {
            assert_eq!(a.unit, b.unit, "{on}: column '{}' has another unit", a.name);
        }
        match (&a.values, &b.values) {
            (Values::Real(x), Values::Real(y)) => {
                let other = (0..x.len()).find(|&r| x[r].to_bits() != y[r].to_bits() && !(x[r].is_nan() && y[r].is_nan()));
                if let Some(r) = other {
                    panic!("{on}: column '{}' row {}: wrote {:e}, read {:e}", a.name, r + 1, x[r], y[r]);
                }
            }
            (Values::Class(x), Values::Class(y)) => {
                for r in 0..x.len() {
                    assert_eq!(x.label(r), y.label(r), "{on}: column '{}' row {}", a.name, r + 1);
                }
            }
            _ => panic!("{on}: column '{}' changed between numbers and classes", a.name),
        }
    }
}
