//! Tables of every kind: the same content gives the same table, values agree with other programs, damaged files are refused.

use std::fs;
use std::path::{Path, PathBuf};

use esker_contract::{Keeps, format};
use esker_core::{Crs, Result, Shape, Table};
use esker_io::{Data, Format, ReadOptions, open, write_arrow};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tables").join(name)
}

fn table(path: &Path, options: &ReadOptions) -> Result<(Format, Table)> {
    match open(path, options)? {
        (format, Data::Table(table)) => Ok((format, table)),
        (format, _) => panic!("{format} is no table"),
    }
}

/// A text as a file of that name.
fn text(name: &str, text: &str) -> Result<(Format, Table)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, text).expect("the folder is ours");
    table(&path, &ReadOptions::default())
}

fn reals<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    table.column(name).expect("the column").reals().expect("numbers")
}

fn labels(table: &Table, name: &str) -> Vec<Option<String>> {
    let codes = table.column(name).expect("the column").classes().expect("classes");
    (0..codes.len()).map(|row| codes.label(row).map(str::to_owned)).collect()
}

fn codes(table: &Table) -> Vec<&str> {
    table.notes.iter().map(|n| n.code.as_str()).collect()
}

/// The columns as text, so that missing numbers are equal.
fn shown(table: &Table) -> String {
    format!("{:?}", table.columns())
}

fn names(table: &Table) -> Vec<&str> {
    table.columns().iter().map(|c| c.name.as_str()).collect()
}

/// Damages a file in many places; any answer but a panic will do.
fn hostile(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    for at in (0..bytes.len()).step_by(1 + bytes.len() / 300) {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        for damaged in [&flipped[..], &bytes[..at]] {
            fs::write(&path, damaged).expect("the folder is ours");
            let _ = open(&path, &ReadOptions::default());
        }
    }
}

#[test]
fn arrow_keeps_values_types_and_units() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.arrow");
    let write = |table: &Table| -> Result<Vec<u8>> {
        write_arrow(&path, table)?;
        Ok(fs::read(&path).unwrap())
    };
    let read = |bytes: &[u8]| -> Result<Table> {
        fs::write(&path, bytes).unwrap();
        // A damaged start is another format.
        match open(&path, &ReadOptions::default())?.1 {
            Data::Table(table) => Ok(table),
            _ => Err(esker_core::Error::data("not a table")),
        }
    };
    format("arrow", Keeps { types: true, units: true }, &write, &read);
}

// pyarrow 26.0.1
#[test]
fn arrow_types_of_pyarrow() {
    for name in ["types.feather", "types.arrows"] {
        let (format, table) = table(&file(name), &ReadOptions::default()).unwrap();
        assert_eq!(format, Format::ArrowIpc);
        assert_eq!(names(&table), ["name", "day", "depth", "n", "big", "ok"]);
        assert_eq!(labels(&table, "name"), [Some("a".into()), None, Some("b".into())]);
        assert_eq!(labels(&table, "big"), [Some("x".into()), Some("y".into()), None]);
        assert_eq!(labels(&table, "ok"), [Some("true".into()), None, Some("false".into())]);
        assert_eq!(table.column("depth").unwrap().unit.as_str(), "m");
        let day = reals(&table, "day");
        assert!(day[0] == 11_356.0 && day[1].is_nan() && day[2] == -1.0);
        hostile("t.arrow", &fs::read(file(name)).unwrap());
    }
}

#[test]
fn geometries_of_geopandas() {
    let path = file("features.parquet");
    let (_, Data::Features(features)) = open(&path, &ReadOptions::default()).unwrap() else { panic!("features") };
    assert_eq!(features.crs, Some(Crs::Projected("EPSG:32632".into())));
    let g = features.geometries.iter().map(|g| g.as_ref().map(|g| (g.shape, g.parts.len()))).collect::<Vec<_>>();
    assert_eq!(g, [Some((Shape::Points, 1)), Some((Shape::Polygons, 2)), Some((Shape::Lines, 1)), None]);
    assert_eq!(features.geometries[2].as_ref().unwrap().parts[0], [[0.0, 0.0], [1.0, 1.0]]);
    assert_eq!(names(&features.table), ["id"]);
    assert_eq!(codes(&features.table), ["heights-left-out"]);
    hostile("g.parquet", &fs::read(&path).unwrap());
}

// openpyxl 3.1.5
#[test]
fn a_sheet_is_a_table() {
    let (format, table) = table(&file("stakes.xlsx"), &ReadOptions { sheet: Some("stakes".into()), ..ReadOptions::default() }).unwrap();
    assert_eq!(format, Format::Excel);
    assert_eq!(names(&table), ["stake", "date", "ablation", "checked", "note"]);
    let date = reals(&table, "date");
    assert!(date[..2] == [11_356.0, 11_356.25] && date[2].is_nan());
    assert_eq!(table.column("date").unwrap().unit.as_str(), "days since 1970-01-01");
    let ablation = reals(&table, "ablation");
    assert!(ablation[0] == 1.25 && ablation[1].is_nan() && ablation[2] == -0.5 && ablation[3].is_nan());
    assert_eq!(labels(&table, "checked").iter().flatten().collect::<Vec<_>>(), ["true", "false", "true", "true"]);
    assert_eq!(codes(&table), ["sheet", "error-cells", "title-lines", "blank-lines", "dates", "missing-marker"]);
    // The first sheet holds a single cell: the next one is the table.
    let first = self::table(&file("stakes.xlsx"), &ReadOptions::default()).unwrap().1;
    assert_eq!(names(&first), names(&table));
}

#[test]
fn sheets_refuse_what_csv_refuses() {
    let sheet =
        |name: &str| self::table(&file("stakes.xlsx"), &ReadOptions { sheet: Some(name.into()), ..ReadOptions::default() }).unwrap_err();
    insta::assert_snapshot!(sheet("odd"), @r#"
    row 14, column 'b' of 'stakes.xlsx, sheet odd': got 'x'; 19 cells of the column are numbers
      hint: correct the cell; or declare it: [data] missing = ["x"]; or read the column as text: [data] classes = ["b"]
    "#);
    insta::assert_snapshot!(sheet("none"), @"
    sheet 'none' of 'stakes.xlsx'; no such sheet in the workbook
      hint: the sheets are readme, stakes, odd
    ");
    hostile("s.xlsx", &fs::read(file("stakes.xlsx")).unwrap());
}

const LAS: &str = "~Version information\n VERS. 2.0 : CWLS\n WRAP. NO :\n~Well\n STRT.M 1 :\n NULL. -999.25 :\n WELL. 31/2-10 : WELL\n LATI. 60.5 DEG : LATITUDE\n\
~Curve\n DEPT.M : Depth\n GR .gAPI : Gamma\n GR .gAPI : Gamma again\n RDEP .ohm.m : deep\n~Parameter\n BHT.DEGC 35 : temp\n\
~A DEPT GR GR RDEP\n# a comment\n 1.0 55.5 56 -999.25\n 1.5 -999.25 57 2.25\n";

#[test]
fn well_logs() {
    let (format, table) = text("a.las", LAS).unwrap();
    assert_eq!(format, Format::Las);
    assert_eq!(names(&table), ["DEPT", "GR:1", "GR:2", "RDEP", "WELL"]);
    assert_eq!(table.column("RDEP").unwrap().unit.as_str(), "ohm.m");
    let gamma = reals(&table, "GR:1");
    assert!(gamma[0] == 55.5 && gamma[1].is_nan());
    assert_eq!(labels(&table, "WELL"), [Some("31/2-10".into()), Some("31/2-10".into())]);
    assert_eq!(codes(&table), ["repeated-names", "well", "header", "parameters", "missing-marker"]);
    // Wrapped: a depth may spread over lines.
    let wrapped = LAS.replace("WRAP. NO", "WRAP. YES").replace(" 1.0 55.5 56", " 1.0\n 55.5 56\n");
    assert_eq!(shown(&text("a.las", &wrapped).unwrap().1), shown(&table));
    let comma = LAS
        .replace("WRAP. NO :", "WRAP. NO :\n DLM. COMMA :")
        .replace(" 1.0 55.5 56 -999.25", "1.0,55.5,56,")
        .replace(" 1.5 -999.25 57 2.25", "1.5,,57,2.25");
    assert_eq!(shown(&text("a.las", &comma).unwrap().1), shown(&table));
    // Version 1.2 writes values behind the colon.
    let old = LAS.replace("2.0 : CWLS", "1.2 : CWLS").replace("WELL. 31/2-10 : WELL", "WELL. WELL : 31/2-10");
    assert_eq!(shown(&text("a.las", &old).unwrap().1), shown(&table));
    hostile("a.las", LAS.as_bytes());
}

#[test]
fn well_logs_that_are_refused() {
    let say = |t: &str| text("a.las", t).unwrap_err().to_string();
    insta::assert_snapshot!(say(&LAS.replace("VERS. 2.0", "VERS. 3.0")), @"
    LAS file 'a.las': got version '3.0'; LAS 2.0 and 1.2 are read
      hint: export the log as LAS 2.0
    ");
    insta::assert_snapshot!(say(&LAS.replace(" 57 2.25", "")), @"
    line 19 of 'a.las': got 2 values; there are 4 curves
      hint: was the file cut short, or is it wrapped without WRAP. YES?
    ");
    insta::assert_snapshot!(say("LASF\0\0\0\0"), @"
    LAS file 'a.las': got a lidar point cloud; a well log in LAS 2.0 is read here
      hint: grid the points to a GeoTIFF first
    ");
    insta::assert_snapshot!(say("~Version\nVERS. 2.0:\n"), @"
    LAS file 'a.las': got no section ~A; the data stand in section ~A
      hint: was the file cut short?
    ");
}

fn year(year: i32, values: &str) -> String {
    format!(" {year} {values}\n")
}

#[test]
fn month_tables_become_series() {
    let ten = "1 2 3 4 5 6 7 8 9 10";
    let psl = format!(
        " 1950 1951\n{}{} -99.9\n Index of something\n",
        year(1950, &format!("{ten} 11 12")),
        year(1951, &format!("{ten} -99.90 -99.90"))
    );
    let (format, table) = text("nao.data", &psl).unwrap();
    assert_eq!(format, Format::MonthTable);
    assert_eq!(names(&table), ["time", "value"]);
    assert_eq!(reals(&table, "time")[..2], [-7305.0, -7274.0]);
    let value = reals(&table, "value");
    assert!(value[..12] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0] && value[22].is_nan() && value[23].is_nan());
    let knmi = format!("# u10 [m/s] wind\n{}{}", year(1950, &format!("{ten} 11 12")), year(1951, &format!("{ten} 11 -999.9")));
    let (format, table) = text("u10.dat", &knmi).unwrap();
    assert_eq!((format, table.column("value").unwrap().unit.as_str()), (Format::MonthTable, "m/s"));
    assert!(reals(&table, "value")[23].is_nan());
    let header = "Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec,J-D";
    let rows = "1880,1,2,3,4,5,6,7,8,9,10,11,12,6\n1881,1,2,3,4,5,6,7,8,9,10,***,***,***\n";
    let (format, table) = text("gistemp.csv", &format!("Land-Ocean: Global Means\n{header}\n{rows}")).unwrap();
    assert_eq!((format, table.rows()), (Format::MonthTable, 24));
    assert_eq!(codes(&table), ["month-table", "means-left-out", "title-lines", "missing-marker"]);
    // The same without a title is an ordinary table.
    assert_eq!(text("plain.csv", &format!("{header}\n{rows}")).unwrap().0, Format::Csv);
    let error = text("cut.data", &psl.replace("1950 1951", "1950 1990")).unwrap_err();
    insta::assert_snapshot!(error, @"
    years of 'cut.data': got rows from 1950 to 1951; the first line says 1950 to 1990
      hint: was the file cut short?
    ");
    hostile("nao.data", psl.as_bytes());
}

#[test]
fn tables_aligned_by_blanks() {
    let gslib = "Cluster data\n3\nX\nY east\nPrimary\n39.5 18.5 .06\n5.5 1.5 -1.5\n";
    let (format, table) = text("cluster.dat", gslib).unwrap();
    assert_eq!((format, names(&table)), (Format::FixedWidth, vec!["X", "Y east", "Primary"]));
    assert_eq!(reals(&table, "Primary"), [0.06, -1.5]);
    let aligned = "id   name        depth\n1    De Bilt      12.5\n2    Eelde\n3    Vlissingen    3.5\n";
    let (format, table) = text("stations.txt", aligned).unwrap();
    assert_eq!(format, Format::FixedWidth);
    assert_eq!(labels(&table, "name"), [Some("De Bilt".into()), Some("Eelde".into()), Some("Vlissingen".into())]);
    assert!(reals(&table, "depth")[1].is_nan());
    let above = "  37.24\n 226.00\nYear Day prcp(mm)\n2000 1\t0.5\n2000 2\t0.7\n2000 3\t0.0\n";
    let (format, table) = text("forcing.txt", above).unwrap();
    assert_eq!((format, names(&table)), (Format::FixedWidth, vec!["Year", "Day", "prcp(mm)"]));
    let (format, table) = text("border.txt", "9.5 47.5\n9.3 47.6\n9.1 47.7\n").unwrap();
    assert_eq!((format, names(&table), table.rows()), (Format::FixedWidth, vec!["column1", "column2"], 3));
    assert!(codes(&table).contains(&"no-header"));
    for text in [gslib, aligned, above] {
        hostile("t.txt", text.as_bytes());
    }
}

/// What CSV read before stays with it.
#[test]
fn csv_keeps_what_it_reads() {
    for csv in [
        "a b c\n1 2 3\n4 5 6\n",
        "a,b\n1,2\n",
        "# a b\n1 2\n3 4\n",
        "a;b\n1,5;2\n",
        "name\nx\ny\n",
        "Title\na,b\n1,2\n3,4\n",
        "a\tb\n1\t2\n",
    ] {
        assert_eq!(text("t.txt", csv).unwrap().0, Format::Csv, "{csv}");
    }
}

#[test]
fn the_same_content_gives_the_same_table() {
    let (_, csv) = text("t.csv", "name,depth,n\na,1.5,1\n,,2\nb,-3,3\n").unwrap();
    let arrow = self::table(&file("types.feather"), &ReadOptions::default()).unwrap().1;
    for name in ["name", "n"] {
        assert_eq!(csv.column(name).unwrap().values, arrow.column(name).unwrap().values);
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["t.parquet", "t.arrow"] {
        let path = folder.path().join(name);
        if name.ends_with("arrow") {
            write_arrow(&path, &arrow).unwrap()
        } else {
            esker_io::write_parquet(&path, &arrow).unwrap()
        }
        assert_eq!(table(&path, &ReadOptions::default()).unwrap().1.columns().len(), arrow.columns().len());
        for column in table(&path, &ReadOptions::default()).unwrap().1.columns() {
            let same = arrow.column(&column.name).unwrap();
            assert_eq!(format!("{column:?}"), format!("{same:?}"), "{name}");
        }
    }
}
