//! What is written as ONNX answers as the model does: files are read and run by a small reader that shares nothing with the writer.
//! `validation/exported.py` holds them against onnxruntime.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod onnx_reader;

use std::collections::HashMap;

use esker::{Context, Importing, LoadedModel, Plan, ReadOptions, Recipe, Table, read_table};
use esker_core::{Column, Values};
use onnx_reader::{Model, Tensor};

fn glaciers() -> Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../esker-cli/tests/data/glaciers.csv");
    read_table(path.as_ref(), &ReadOptions::default()).unwrap()
}

/// A model of one kind on the small glacier table, of numbers or of three classes.
fn fitted(kind: &str, settings: &str, classes: bool) -> LoadedModel {
    let (derive, target) = if classes {
        (r#"state = { value = "floor(min(max(dmdtda, -0.9), 0.2) * 2)", class = true }"#, r#"{ column = "state", kind = "class" }"#)
    } else {
        (r#"state = { value = "floor(dmdtda)", class = true }"#, r#"{ column = "dmdtda", unit = "m w.e. yr-1" }"#)
    };
    let text = format!(
        "title = \"t\"\nseed = 1\n[data]\nsource = \"glaciers.csv\"\n[data.derive]\n{derive}\nband = {{ value = \"floor(lat)\", class = true }}\n\
         [roles]\ntarget = {target}\ngroup = \"rgi_id\"\nfeatures = [\"band\", \"slope\", \"zmed\", \"PDD\", \"temp_*\", \"period\"]\n\
         [validate]\ndesign = \"random\"\nfolds = 2\n[explain]\nimportance = false\neffects = 0\n[[model]]\nkind = \"{kind}\"\n{settings}\n"
    );
    let mut table = glaciers();
    // Gaps to learn from: in one column of numbers, and in one of classes.
    for name in ["slope", "period"] {
        let mut column = table.column(name).unwrap().clone();
        match &mut column.values {
            Values::Real(v) => v.iter_mut().step_by(17).for_each(|x| *x = f64::NAN),
            Values::Class(c) => {
                let labels: Vec<Option<&str>> = (0..c.len()).map(|r| c.label(r).filter(|_| r % 13 > 0)).collect();
                column.values = Values::Class(esker_core::Codes::from_labels(&labels));
            }
        }
        table.put(column).unwrap();
    }
    let plan =
        Plan::new(Recipe::parse("recipe.toml", &text).unwrap_or_else(|f| panic!("{f:?}")), table, None).unwrap_or_else(|f| panic!("{f:?}"));
    let outcome = plan.run(&plan.context(1)).unwrap();
    LoadedModel::from_bytes("model.esker", &outcome.model.to_bytes()).unwrap()
}

/// The features of a model, as its schema admits them, and as inputs of a graph.
fn inputs(model: &LoadedModel, table: &Table) -> HashMap<String, Tensor> {
    let (samples, _) = model.header.schema.admit(table).unwrap();
    let put = |c: &Column| {
        let tensor = match &c.values {
            Values::Real(v) => Tensor::Real(v.clone(), 1),
            Values::Class(k) => Tensor::Text((0..k.len()).map(|r| k.label(r).unwrap_or("").to_owned()).collect()),
        };
        (c.name.clone(), tensor)
    };
    samples.columns().iter().map(put).collect()
}

/// What the model says: numbers, or probabilities row after row, and the classes.
fn said(model: &LoadedModel, table: &Table, target: &str) -> (Vec<f64>, Vec<String>) {
    let out = model.predict(table.clone(), &Context::new(0, 1)).unwrap().table;
    let shares: Vec<&Column> = out.columns().iter().filter(|c| c.name.starts_with(&format!("{target}_p_"))).collect();
    let centre = out.column(&format!("{target}_predicted")).unwrap();
    if shares.is_empty() {
        return (centre.reals().unwrap().to_vec(), Vec::new());
    }
    let codes = centre.classes().unwrap();
    let values = (0..out.rows()).flat_map(|row| shares.iter().map(move |c| c.reals().unwrap()[row]));
    (values.collect(), (0..out.rows()).map(|r| codes.label(r).unwrap().to_owned()).collect())
}

fn agree(name: &str, model: &LoadedModel, table: &Table, target: &str, within: f64) -> Model {
    let exported = model.to_onnx().unwrap_or_else(|e| panic!("{name}: {e}"));
    let file = Model::read(&exported.bytes);
    assert_eq!((&file.inputs, &file.outputs), (&exported.inputs, &exported.outputs), "{name}");
    let got = file.run(inputs(model, table), table.rows());
    let (values, classes) = said(model, table, target);
    let Tensor::Real(numbers, _) = &got[got.len() - 1] else { panic!("{name}") };
    assert_eq!(numbers.len(), values.len(), "{name}");
    let worst = numbers.iter().zip(&values).map(|(a, b)| (a - b).abs() / b.abs().max(1e-3)).fold(0.0, f64::max);
    assert!(worst <= within, "{name}: {worst:e}");
    if let Tensor::Text(labels) = &got[0] {
        assert_eq!(labels, &classes, "{name}");
    }
    file
}

fn with_derived(model: &LoadedModel) -> Table {
    // The derived column is an input of the graph, so it is computed here as well.
    let mut table = glaciers();
    let band: Vec<Option<String>> = table.column("lat").unwrap().reals().unwrap().iter().map(|v| Some(v.floor().to_string())).collect();
    let known = model.header.schema.fields.iter().find(|f| f.name == "band").unwrap();
    let esker_core::FieldKind::Class { levels } = &known.kind else { panic!() };
    let codes = esker_core::Codes::from_labels(&band).recode(levels).unwrap();
    table.put(Column::class("band", codes)).unwrap();
    let mut slope = table.column("slope").unwrap().clone();
    if let Values::Real(v) = &mut slope.values {
        v.iter_mut().skip(1).step_by(7).for_each(|x| *x = f64::NAN);
    }
    table.put(slope).unwrap();
    table
}

#[test]
fn models_of_numbers_say_the_same_as_onnx() {
    for (kind, settings, within) in [
        ("mean", "", 1e-12),
        ("linear", "", 1e-10),
        ("ridge", "", 1e-10),
        ("elastic-net", "lambda = 0.01", 1e-10),
        ("forest", "trees = 20", 1e-10),
        ("boosting", "trees = 30", 1e-10),
        ("boosting", "trees = 10\nspread = \"quantiles\"\nlowest = \"-0.5\"", 1e-10),
        // Networks add in single precision, the graph in double.
        ("mlp", "epochs = 5\nnetworks = 2", 1e-4),
        ("mlp", "epochs = 5\nactivation = \"gelu\"", 1e-4),
    ] {
        let model = fitted(kind, settings, false);
        let file = agree(kind, &model, &with_derived(&model), "dmdtda", within);
        assert_eq!(file.properties["esker.target"], "dmdtda");
        assert_eq!(file.properties["esker.unit"], "m w.e. yr-1");
        assert!(file.properties["esker.features"].contains("\"slope\"") && file.properties.contains_key("esker.version"));
    }
}

#[test]
fn models_of_classes_say_the_same_as_onnx() {
    for (kind, settings, within) in [
        ("mean", "", 1e-12),
        ("logistic", "", 1e-9),
        ("forest", "trees = 20", 1e-9),
        ("forest", "trees = 20\ncalibrate = \"platt\"", 1e-9),
        ("boosting", "trees = 20", 1e-9),
        ("mlp", "epochs = 5\nnetworks = 2\nactivation = \"silu\"", 1e-4),
    ] {
        let model = fitted(kind, settings, true);
        let file = agree(kind, &model, &with_derived(&model), "state", within);
        assert_eq!(file.outputs, ["state_predicted", "state_probability"]);
        assert!(file.properties["esker.classes"].contains("\"-2\""));
    }
}

#[test]
fn imported_models_say_the_same_as_onnx() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/imports/");
    let named = Importing { target: "y".to_owned(), ..Importing::default() };
    // XGBoost adds in single precision, the graph in double.
    for (name, within) in [
        ("lightgbm-4.7-numbers.txt", 1e-12),
        ("lightgbm-4.7-zero-missing.txt", 1e-12),
        ("lightgbm-4.7-coded.txt", 1e-12),
        ("lightgbm-4.7-forest.txt", 1e-12),
        ("lightgbm-4.7-sqrt.txt", 1e-12),
        ("lightgbm-4.7-stump.txt", 1e-12),
        ("lightgbm-4.7-classes.txt", 1e-12),
        ("xgboost-3.2-numbers.json", 1e-5),
        ("xgboost-3.2-binary.json", 1e-5),
        ("xgboost-2.1-classes.json", 1e-5),
    ] {
        let (model, _) = named.read(format!("{folder}{name}").as_ref()).unwrap();
        let model = LoadedModel::from_bytes(name, &model.to_bytes()).unwrap();
        let table = model.read_rows(format!("{folder}table.csv").as_ref()).unwrap();
        agree(name, &model, &table, "y", within);
    }
}

#[test]
fn a_class_never_seen_gets_no_answer() {
    let model = fitted("boosting", "trees = 5", true);
    let table = with_derived(&model);
    let file = Model::read(&model.to_onnx().unwrap().bytes);
    let mut given = inputs(&model, &table);
    let Some(Tensor::Text(labels)) = given.get_mut("period") else { panic!() };
    labels[0] = "never".to_owned();
    let got = file.run(given, table.rows());
    let (Tensor::Text(classes), Tensor::Real(shares, wide)) = (&got[0], &got[1]) else { panic!() };
    assert!(classes[0].is_empty() && !classes[1].is_empty());
    assert!(shares[..*wide].iter().all(|p| p.is_nan()) && !shares[*wide].is_nan());
}

#[test]
fn what_stays_behind_is_said_and_what_cannot_be_written_is_refused() {
    let model = fitted("ridge", "", false);
    let notes: Vec<String> = model.to_onnx().unwrap().notes.into_iter().map(|n| n.text).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("intervals") && notes[1].ends_with(": band"), "{notes:?}");
    for kind in ["neighbours", "group-mean"] {
        let error = fitted(kind, "", false).to_onnx().err().unwrap().to_string();
        assert!(error.contains(&format!("'{kind}'")) && error.contains("hint"), "{error}");
    }
}
