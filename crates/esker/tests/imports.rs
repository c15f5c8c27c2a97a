//! Models of LightGBM and XGBoost answer as the programs that fitted them; `validation/imports.py` made the files in `peers/imports`
//! (LightGBM 4.7.0 and 3.3.5, XGBoost 3.2.0, 2.1.4 and 1.7.6). Damaged and hostile files are refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use esker::{Context, Importing, LoadedModel, ReadOptions, Table, read_table};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/imports")
}

fn models() -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path());
    let mut models: Vec<PathBuf> = all.filter(|p| p.extension().is_some_and(|e| e != "csv")).collect();
    models.sort();
    models
}

fn imported(path: &Path, importing: &Importing) -> LoadedModel {
    let (model, _) = importing.read(path).unwrap_or_else(|e| panic!("{e}"));
    LoadedModel::from_bytes("model.esker", &model.to_bytes()).unwrap()
}

fn named(target: &str) -> Importing {
    Importing { target: target.to_owned(), ..Importing::default() }
}

/// What the program that fitted the model says, a row a line.
fn wanted(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path.with_extension("csv")).unwrap();
    text.lines().map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect()
}

fn rows(model: &LoadedModel, unnamed: bool) -> Table {
    let mut table = model.read_rows(&folder().join("table.csv")).unwrap();
    if unnamed {
        let columns = table.columns().iter().map(|c| {
            let name = ["slope", "zmed", "temp"].iter().position(|n| *n == c.name).map_or(c.name.clone(), |i| format!("f{i}"));
            esker_core::Column { name, ..c.clone() }
        });
        table = Table::new(columns.collect()).unwrap();
    }
    table
}

/// The answers, a row a line: the number, or the probabilities.
fn said(model: &LoadedModel, table: Table) -> Vec<Vec<f64>> {
    let predicted = model.predict(table, &Context::new(0, 1)).unwrap().table;
    let many = predicted.columns().iter().filter(|c| c.name.starts_with("y_p_"));
    let columns: Vec<&[f64]> = match many.clone().count() {
        0 => vec![predicted.column("y_predicted").unwrap().reals().unwrap()],
        _ => many.map(|c| c.reals().unwrap()).collect(),
    };
    (0..predicted.rows()).map(|row| columns.iter().map(|c| c[row]).collect()).collect()
}

#[test]
fn imported_models_answer_as_the_programs_that_fitted_them() {
    let mut seen = 0;
    for path in models() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let model = imported(&path, &named("y"));
        let (said, wanted) = (said(&model, rows(&model, name.contains("unnamed"))), wanted(&path));
        assert_eq!(said.len(), wanted.len());
        let within = if name.starts_with("lightgbm") { 1e-12 } else { 2.0 * f64::from(f32::EPSILON) };
        let mut worst = 0.0_f64;
        for (said, wanted) in said.iter().zip(&wanted) {
            // Of two classes the programs give the probability of the second.
            let said = if wanted.len() == 1 { &said[said.len() - 1..] } else { said };
            assert_eq!(said.len(), wanted.len(), "{name}");
            for (a, b) in said.iter().zip(wanted) {
                worst = worst.max((a - b).abs() / b.abs().max(1e-3));
            }
        }
        println!("{name}: {worst:.1e}");
        assert!(worst <= within, "{name}: {worst:e}");
        seen += 1;
    }
    assert_eq!(seen, 28);
}

#[test]
fn rounds_may_be_fewer_and_names_are_those_given() {
    let path = folder().join("lightgbm-4.7-classes.txt");
    let importing = Importing { classes: ["low", "middle", "high"].map(str::to_owned).to_vec(), rounds: Some(1), ..named("state") };
    let model = imported(&path, &importing);
    assert_eq!(model.header.title, "3 trees of LightGBM (v4)");
    let table = model.predict(rows(&model, false), &Context::new(0, 1)).unwrap().table;
    assert!(table.column("state_p_middle").is_ok());
    let refused = |importing: Importing| importing.read(&path).err().unwrap().to_string();
    insta::assert_snapshot!(refused(Importing { rounds: Some(9), ..importing.clone() }).replace(&folder().display().to_string(), "PATH"));
    insta::assert_snapshot!(refused(Importing { classes: vec!["low".into(), "low".into(), "high".into()], ..importing }));
}

#[test]
fn a_table_that_lacks_a_feature_or_has_an_unknown_class_is_refused_by_name() {
    let model = imported(&folder().join("lightgbm-4.7-numbers.txt"), &named("y"));
    let read = |text: &str| {
        let path = std::env::temp_dir().join(format!("esker-imports-{}-{}.csv", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        let table = read_table(&path, &ReadOptions { labels: vec!["rock".into(), "band".into()], ..ReadOptions::default() }).unwrap();
        std::fs::remove_file(path).unwrap();
        model.predict(table, &Context::new(0, 1)).err().unwrap().to_string()
    };
    insta::assert_snapshot!(read("slope,zmed,rock,band\n1,2,ice,3\n"));
    insta::assert_snapshot!(read("slope,zmed,temp,rock,band\n1,2,3,granite,3\n"));
}

fn parse(bytes: &[u8]) -> Result<(), String> {
    esker_io::parse_trees("model", bytes, None).map(|_| ()).map_err(|e| e.to_string())
}

#[test]
fn what_is_no_such_model_is_refused_with_a_hint() {
    let text = |name: &str| std::fs::read_to_string(folder().join(name)).unwrap();
    let mut page = String::new();
    let mut add = |case: &str, text: &str| {
        use std::fmt::Write as _;
        writeln!(page, "## {case}\n{}\n", parse(text.as_bytes()).expect_err(case)).unwrap();
    };
    let lightgbm = text("lightgbm-4.7-numbers.txt");
    let change = |old: &str, new: &str| {
        assert!(lightgbm.contains(old), "{old}");
        lightgbm.replacen(old, new, 1)
    };
    add("a table", "a,b\n1,2\n");
    add("a binary model of XGBoost", "{L\u{0}\u{0}");
    add("JSON of something else", "{\"a\": 1}");
    add("a dump of LightGBM", "{\"name\": \"tree\", \"tree_info\": [{\"tree_structure\": {}}]}");
    add("cut short", &lightgbm[..2000]);
    add("linear leaves", &change("is_linear=0", "is_linear=1"));
    add("an unknown objective", &change("objective=regression", "objective=mystery"));
    add("one against all", &change("objective=regression", "objective=multiclassova num_class:3 sigmoid:1"));
    add("a feature twice", &change("feature_names=slope zmed", "feature_names=slope slope"));
    add("a feature that is not there", &change("split_feature=3", "split_feature=9"));
    add("a child that is not there", &change("left_child=2", "left_child=72"));
    add("a circle", &change("left_child=2", "left_child=0"));
    let xgboost = text("xgboost-3.2-numbers.json");
    let change = |old: &str, new: &str| {
        assert!(xgboost.contains(old), "{old}");
        xgboost.replacen(old, new, 1)
    };
    add("a linear booster", &change("\"name\":\"gbtree\"", "\"name\":\"gblinear\""));
    add("another objective", &change("reg:squarederror", "survival:aft"));
    add("a base score that is none", &change("\"base_score\":\"[", "\"base_score\":\"[x"));
    add("a circle of nodes", &change("\"left_children\":[1,", "\"left_children\":[0,"));
    add("several numbers a leaf", &change("\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"3\""));
    insta::assert_snapshot!(page);
}

#[test]
fn damaged_files_are_refused_or_read_and_never_a_panic() {
    for path in models().iter().step_by(5) {
        let bytes = std::fs::read(path).unwrap();
        let (mut refused, mut read) = (0, 0);
        let mut attempt = |bytes: &[u8]| match parse(bytes) {
            Ok(()) => read += 1,
            Err(_) => refused += 1,
        };
        for at in (0..bytes.len()).step_by(13) {
            attempt(&bytes[..at]);
            for with in [b'-', b'9', b' ', b'"', 0xff] {
                let mut bad = bytes.clone();
                bad[at] = with;
                attempt(&bad);
            }
        }
        assert!(refused > 100 && read > 100, "{}: {refused} refused, {read} read", path.display());
    }
}

#[test]
fn damaged_model_files_of_imported_trees_answer_or_are_refused() {
    let (model, _) = esker_io::parse_trees("m", &std::fs::read(folder().join("lightgbm-4.7-binary.txt")).unwrap(), None).unwrap();
    let foreign = esker_models::Foreign::new(model, esker_core::Unit::default(), vec!["a".into(), "b".into()], Vec::new()).unwrap();
    let bytes = esker_core::Model::save(&foreign);
    let whole = imported(&folder().join("lightgbm-4.7-binary.txt"), &named("y"));
    let (samples, _) = whole.header.schema.admit(&rows(&whole, false)).unwrap();
    let (mut refused, mut loaded) = (0, 0);
    for at in 0..bytes.len() {
        for change in [1, 0x7f, 0x80] {
            let mut bad = bytes.clone();
            bad[at] ^= change;
            match esker_models::load_model("imported", &bad) {
                Ok(model) => {
                    loaded += 1;
                    let _ = model.predict(&samples);
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 100 && loaded > 100, "{refused} refused, {loaded} loaded");
}

/// Format 1 knew no area of applicability; its files are read as before.
#[test]
fn models_of_the_first_format_are_still_read() {
    let path = folder().join("lightgbm-4.7-numbers.txt");
    let (model, _) = named("y").read(&path).unwrap();
    let bytes = model.to_bytes();
    // Without an area the body ends with one byte that says so.
    let mut first = bytes[..bytes.len() - 64].to_vec();
    assert_eq!(first.pop(), Some(0));
    first[8..12].copy_from_slice(&1u32.to_le_bytes());
    let header = u64::from_le_bytes(first[12..20].try_into().unwrap()) as usize;
    let body = u64::from_le_bytes(first[20 + header..28 + header].try_into().unwrap());
    first[20 + header..28 + header].copy_from_slice(&(body - 1).to_le_bytes());
    first.extend_from_slice(esker_io::sha256_hex(&first).as_bytes());
    let (old, new) = (LoadedModel::from_bytes("old", &first).unwrap(), LoadedModel::from_bytes("new", &bytes).unwrap());
    assert_eq!(said(&old, rows(&old, false)), said(&new, rows(&new, false)));
}
