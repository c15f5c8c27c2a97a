//! Laws of tables on disk: what is written reads back the same, and no bytes make a reader panic.

use std::path::Path;

use esker_core::{Codes, Column, Table, Values};
use esker_io::{ReadOptions, parse_csv, read_table, write_csv, write_parquet, write_table};
use proptest::prelude::*;

/// Any finite number or missing; the sentinels -9999 and their like have their own rule and are tested there.
fn numbers(rows: usize) -> impl Strategy<Value = Vec<f64>> {
    let number = prop_oneof![
        6 => proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO | proptest::num::f64::NEGATIVE,
        2 => (-99..99_i32).prop_map(f64::from),
        2 => Just(f64::NAN),
    ];
    proptest::collection::vec(number.prop_map(|v| if v.is_infinite() { 0.5 } else { v }), rows)
}

/// Labels that a careless writer would spoil: delimiters, quotes, line ends, comments, blanks, numbers.
fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c ,;|\t\"'#\n\r.0-9é]{1,6}",
        "\\PC{1,8}",
        Just("NA".to_owned()),
        Just("TRUE".to_owned()),
        Just("007".to_owned()),
        Just("# no comment".to_owned()),
        Just("\u{feff}mark".to_owned()),
    ]
}

fn classes(rows: usize) -> impl Strategy<Value = Codes> {
    proptest::collection::vec(proptest::option::weighted(0.8, label()), rows).prop_map(|labels| Codes::from_labels(&labels))
}

/// Tables as files spell them, now and then with a fault.
fn csv_text() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        8 => "-?[0-9]{1,7}([.,][0-9]{0,8})?",
        3 => "(2[0-9]{3}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9])?)?",
        3 => "[a-c ]{0,4}",
        1 => "\"[a-c0-9;]{0,3}\"",
        1 => prop_oneof![Just("NA".to_owned()), Just("\"NA\"".into()), Just("none".into()), Just("-".into()), Just("1e5".into()), Just("007".into()), Just("\"a\"\"b\"".into())],
    ];
    // Columns mostly hold one kind, which few cells of another break.
    let rows = proptest::collection::vec(proptest::collection::vec(cell, 3), 1..40);
    (rows, any::<bool>(), 0..12_usize).prop_map(|(rows, mixed, fault)| {
        let mut lines: Vec<String> = vec!["x;y;z".into()];
        for (i, row) in rows.iter().enumerate() {
            let of = |c: usize| if mixed || i % 9 == 8 { row[c].clone() } else { rows[0][c].clone() };
            lines.push(format!("{};{};{}", of(0), of(1), of(2)));
        }
        match fault {
            0 => lines.insert(1, "1;2".into()),
            1 => lines.push("1;\"2;3".into()),
            2 => lines.push("1;\"2\n3\";4".into()),
            3 => lines.insert(2, "# a comment".into()),
            _ => {}
        }
        lines.join(if fault == 4 { "\r\n" } else { "\n" })
    })
}

fn column(rows: usize) -> impl Strategy<Value = Values> {
    prop_oneof![numbers(rows).prop_map(Values::Real), classes(rows).prop_map(Values::Class)]
}

fn table() -> impl Strategy<Value = Table> {
    (1_usize..5, 1_usize..12).prop_flat_map(|(width, rows)| {
        let names = proptest::collection::btree_set(label(), width);
        let values = proptest::collection::vec(column(rows), width);
        (names, values, any::<bool>()).prop_map(|(names, values, units)| {
            let columns = names.into_iter().zip(values).map(|(name, values)| Column {
                unit: esker_core::Unit::new(if units && matches!(values, Values::Real(_)) { "m w.e. yr-1" } else { "" }),
                name,
                values,
            });
            Table::new(columns.collect()).expect("columns of one length under unique names")
        })
    })
}

fn bits(values: &Values) -> Vec<u64> {
    match values {
        Values::Real(v) => v.iter().map(|v| if v.is_nan() { u64::MAX } else { v.to_bits() }).collect(),
        Values::Class(_) => Vec::new(),
    }
}

/// Equality to the last bit, with missing equal to missing.
fn assert_same(read: &Table, written: &Table, units: bool) {
    assert_eq!(read.rows(), written.rows());
    assert_eq!(read.columns().len(), written.columns().len());
    for (a, b) in read.columns().iter().zip(written.columns()) {
        assert_eq!(a.name, b.name);
        if units {
            assert_eq!(a.unit, b.unit);
        }
        match (&a.values, &b.values) {
            (Values::Class(a), Values::Class(b)) => assert_eq!(a, b),
            (a, b) => assert_eq!(bits(a), bits(b), "column {:?}", written.columns().iter().map(|c| &c.name).collect::<Vec<_>>()),
        }
    }
}

/// Options that name the columns of classes: CSV itself cannot tell the class 007 from the number.
fn told(table: &Table) -> ReadOptions {
    let classes = table.columns().iter().filter(|c| matches!(c.values, Values::Class(_))).map(|c| c.name.clone());
    ReadOptions { classes: classes.collect(), ..ReadOptions::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn csv_written_and_read_is_the_same_table(table in table()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        // The one thing refused: classes like NA where no cell of the column stands without quotes.
        prop_assume!(write_csv(&path, &table).is_ok());
        let read = read_table(&path, &told(&table)).unwrap();
        assert_same(&read, &table, false);
    }

    #[test]
    fn parquet_written_and_read_is_the_same_table(table in table()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        write_parquet(&path, &table).unwrap();
        assert_same(&read_table(&path, &ReadOptions::default()).unwrap(), &table, true);
    }

    #[test]
    fn rows_that_are_lines_are_read_as_all_others_are(text in csv_text(), decimal in proptest::option::of(prop_oneof![Just('.'), Just(',')])) {
        let options = ReadOptions { decimal, missing: vec!["7".into(), "none".into()], ..ReadOptions::default() };
        // A blank line behind the rows says nothing, and sends the whole text the slower way.
        let say = |text: &str| match parse_csv("t.csv", text.as_bytes(), &options) {
            Ok(table) => {
                let columns: Vec<String> = table.columns().iter().map(|c| format!("{} [{}] {:?}", c.name, c.unit, bits(&c.values))).collect();
                format!("{columns:?} {:?}", table.notes)
            }
            Err(e) => e.to_string(),
        };
        prop_assert_eq!(say(&text), say(&format!("{text}\n\n")));
    }

    #[test]
    fn no_bytes_make_the_csv_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_csv("any", &bytes, &ReadOptions::default());
    }

    #[test]
    fn no_table_like_text_makes_the_csv_reader_panic(text in "[a1,;|\t \"#\n\r.\\-+eN*é]{0,120}", decimal in proptest::option::of(prop_oneof![Just('.'), Just(',')])) {
        let options = ReadOptions { decimal, missing: vec!["1".into()], ..ReadOptions::default() };
        if let Ok(table) = parse_csv("any", text.as_bytes(), &options) {
            prop_assert!(table.rows() > 0 && !table.columns().is_empty());
        }
    }

    #[test]
    fn no_damage_makes_the_parquet_reader_panic(table in table(), hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in proptest::option::of(any::<prop::sample::Index>())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        write_parquet(&path, &table).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        std::fs::write(&path, &bytes).unwrap();
        let _ = read_table(&path, &ReadOptions::default());
    }
}

fn parse(text: &str) -> Table {
    parse_csv("t.csv", text.as_bytes(), &ReadOptions::default()).expect("a good table")
}

#[test]
fn the_spelling_of_a_file_does_not_change_its_table() {
    let plain = parse("site,depth,rock\nA,1.5,shale\nB,NA,chalk\n");
    for text in [
        "site;depth;rock\nA;1,5;shale\nB;;chalk\n",
        "site\tdepth\trock\r\nA\t1.5\tshale\r\nB\tNA\tchalk\r\n\r\n",
        "site|depth|rock\rA|1.5|shale\rB|NaN|chalk",
        "\u{feff}\"site\", \"depth\" ,\"rock\"\n\"A\",\"1.5\",\"shale\"\n\"B\",\"\",\"chalk\"\n",
        "# a cruise\n#\nsite,depth,rock\nA,1.5,shale\nB,***,chalk\n",
        "site,depth,rock\n\"A\",1.5,shale\nB,,\"chalk\"",
        "Table 3. Cores\n\nsite,depth,rock\nA,1.5,shale\nB,null,chalk\n",
        "# site, depth, rock\nA,1.5,shale\nB,-,chalk\n",
        "site,depth,rock\nA,1.50,shale\n\nB,N/A,chalk\n\n\n",
    ] {
        assert_same(&parse(text), &plain, true);
    }
}

#[test]
fn what_was_decided_is_noted() {
    let text = "\u{feff}# cores\nid;depth [m];q;code;flag\n1;1,5;-9999;007;x\n2;NA;2,5;010;3\n3;2,5;3,5;011;x\n";
    let notes: Vec<String> = parse(text).notes.iter().map(|n| format!("{:?} {}: {}", n.weight, n.code, n.text)).collect();
    insta::assert_snapshot!(notes.join("\n"), @r#"
    Info byte-order-mark: The file starts with a byte-order mark; it was stepped over.
    Info delimiter: Cells are separated by ';': 5 columns.
    Info decimal-comma: Numbers are written with a decimal comma (4 cells).
    Info comment-lines: 1 comment line was stepped over.
    Warning leading-zeros: Column 'code' was read as numbers; 3 of its cells start with a zero, such as '007'. If they are codes: [data] classes = ["code"].
    Info mixed-column: Column 'flag' holds numbers in 1 of 3 cells and text in the others, such as 'x'; it was read as classes.
    Info unit-in-name: The name 'depth [m]' seems to carry a unit; names are kept whole. Declare units in [data] units.
    Info missing-marker: '-9999' was read as missing in 1 cell (q: 1), because it lies far outside the other values.
    Info missing-marker: 'NA' was read as missing in 1 cell (depth [m]: 1).
    "#);
}

#[test]
fn columns_of_dates_become_days() {
    let text = "day,when,month,odd\n2000-01-01,2000-01-01T06:00,2000-01,2000-01-01\nNA,2000-01-01 06:00:00.5Z,2000-02,soon\n2000/01/03,,,2000-01-02\n";
    let table = parse(text);
    let days = table.column("day").unwrap().reals().unwrap();
    assert!(days[0] == 10957.0 && days[1].is_nan() && days[2] == 10959.0);
    assert_eq!(table.column("when").unwrap().reals().unwrap()[..2], [10957.25, 10957.25 + 0.5 / 86_400.0]);
    assert_eq!(table.column("when").unwrap().unit.as_str(), "days since 1970-01-01");
    assert!(table.column("month").unwrap().classes().is_ok() && table.column("odd").unwrap().classes().is_ok());
    let notes: Vec<String> = table.notes.iter().map(|n| format!("{:?} {}: {}", n.weight, n.code, n.text)).collect();
    insta::assert_snapshot!(notes.join("\n"), @r"
    Warning mixed-column: Column 'odd' holds dates in 2 of 3 cells and text in the others, such as 'soon'; it was read as classes.
    Info dates: Dates and times became days since 1970-01-01 in 'day', 'when'.
    Info missing-marker: 'NA' was read as missing in 1 cell (day: 1).
    ");
    // Written as dates, and read back as the same days.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    write_csv(&path, &table).unwrap();
    let written = std::fs::read_to_string(&path).unwrap();
    insta::assert_snapshot!(written, @r"
    day,when,month,odd
    2000-01-01,2000-01-01T06:00,2000-01,2000-01-01
    ,2000-01-01T06:00:00.5,2000-02,soon
    2000-01-03,,,2000-01-02
    ");
    assert_same(&read_table(&path, &ReadOptions::default()).unwrap(), &table, true);
    // The first rows may say nothing, or something else.
    let late = format!("t,x\n{}2000-01-01,1\n", ",1\n".repeat(150));
    assert_eq!(parse(&late).column("t").unwrap().reals().unwrap()[150], 10957.0);
    let late = format!("t,x\n{}soon,1\n", "2000-01-01,1\n".repeat(150));
    assert_eq!(parse(&late).column("t").unwrap().classes().unwrap().levels(), ["2000-01-01", "soon"]);
}

#[test]
fn delimiters_inside_quotes_do_not_count() {
    let table = parse("place,note\nx,\"a\tb\tc\"\ny,\"d\te\tf\"\n");
    assert_eq!(table.column("note").unwrap().classes().unwrap().levels(), ["a\tb\tc", "d\te\tf"]);
}

#[test]
fn quotes_keep_a_marker_a_text_where_they_say_something() {
    let here_and_there = parse("country,n\nNO,1\n\"NA\",2\nNA,3\n");
    let classes = here_and_there.column("country").unwrap().classes().unwrap();
    assert_eq!([0, 1, 2].map(|row| classes.label(row)), [Some("NO"), Some("NA"), None]);
    let everywhere = parse("\"country\",\"n\"\n\"NO\",\"1\"\n\"NA\",\"NA\"\n");
    assert!(everywhere.column("country").unwrap().values.is_missing(1));
    assert!(everywhere.column("n").unwrap().values.is_missing(1));
    let declared = ReadOptions { missing: vec!["NA".into(), "inf".into()], ..ReadOptions::default() };
    let table = parse_csv("t.csv", b"country,n\nNO,1\n\"NA\",inf\n", &declared).unwrap();
    assert!(table.columns().iter().all(|c| c.values.is_missing(1)));
}

#[test]
fn options_go_before_detection() {
    let text = "id,t,code\n1,20.5,-1\n2,-1,3\n";
    let options = ReadOptions {
        missing: vec!["-1.0".into()],
        classes: vec!["code".into(), "id".into()],
        units: [("t".to_owned(), "degC".to_owned())].into(),
        ..ReadOptions::default()
    };
    let table = parse_csv("t.csv", text.as_bytes(), &options).unwrap();
    assert_eq!(table.column("t").unwrap().unit.as_str(), "degC");
    assert!(table.column("t").unwrap().values.is_missing(1));
    assert_eq!(table.column("id").unwrap().classes().unwrap().levels(), ["1", "2"]);
    assert_eq!(table.column("code").unwrap().classes().unwrap().label(0), None);
    let options = ReadOptions { delimiter: Some(';'), decimal: Some(','), comment: Some('%'), ..ReadOptions::default() };
    let table = parse_csv("t.csv", b"% made by hand\na\n1,5\n2,5\n", &options).unwrap();
    assert_eq!(table.column("a").unwrap().reals().unwrap(), [1.5, 2.5]);
}

#[test]
fn real_files_of_agencies_open() {
    // NASA GISTEMP v4, global means: a title above the header, points without a zero, stars for months to come.
    let gistemp = "Land-Ocean: Global Means\nYear,Jan,Feb,DJF\n1880,-.17,-.23,***\n1881,-.18,-.13,-.15\n2023,.87,***,.83\n";
    let table = parse(gistemp);
    assert_eq!(table.column("Jan").unwrap().reals().unwrap(), [-0.17, -0.18, 0.87]);
    assert_eq!(table.column("DJF").unwrap().values.missing(), 1);
    // Deutscher Wetterdienst station temperatures as numpy.savetxt wrote them: blanks, and names behind '#'.
    let dwd = "# id, lat, lon, temp\n4.4e+01 5.293360e+01 8.237000e+00 1.57e+01\n7.3e+01 4.861590e+01 1.305060e+01 1.39e+01\n";
    let table = parse(dwd);
    assert_eq!(table.column("lat").unwrap().reals().unwrap(), [52.9336, 48.6159]);
    assert_eq!(table.columns().len(), 4);
    // A log in the manner of LAS exports: -999.25 for missing.
    let las = "DEPT,GR\n100.0,-999.25\n100.5,85.2\n101.0,90.1\n";
    assert_eq!(parse(las).column("GR").unwrap().values.missing(), 1);
}

#[test]
fn the_extension_chooses_the_format_when_writing_and_nothing_when_reading() {
    let folder = tempfile::tempdir().unwrap();
    let table = parse("a,b\n1,x\n2,y\n");
    for name in ["t.csv", "t.parquet"] {
        let path = folder.path().join(name);
        write_table(&path, &table).unwrap();
        let renamed = folder.path().join("t.dat");
        std::fs::rename(&path, &renamed).unwrap();
        assert_same(&read_table(&renamed, &ReadOptions::default()).unwrap(), &table, true);
    }
    insta::assert_snapshot!(write_table(Path::new("out.xlsx"), &table).unwrap_err(), @"
    file 'out.xlsx': got the extension .xlsx; files are written as .csv, .parquet, .arrow, .feather, .nc, .zarr, .tif, .tiff, .geojson, .json, .gpkg
      hint: name it 'out.csv'
    ");
}

#[test]
fn long_tables_keep_the_order_of_their_rows() {
    // More rows than are encoded, or decoded, at a time.
    let rows = 150_000;
    let labels: Vec<Option<String>> = (0..rows).map(|i| (i % 11 != 0).then(|| format!("well {}", i % 97))).collect();
    let numbers = (0..rows).map(|i| if i % 13 == 0 { f64::NAN } else { f64::from(i) / 7.0 }).collect();
    let table = Table::new(vec![Column::real("depth", "m", numbers), Column::class("well", Codes::from_labels(&labels))]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["t.csv", "t.parquet"] {
        let path = folder.path().join(name);
        write_table(&path, &table).unwrap();
        assert_same(&read_table(&path, &ReadOptions::default()).unwrap(), &table, name == "t.parquet");
    }
}
