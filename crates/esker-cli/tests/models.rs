//! Models taken over from other programs and to them, as a user calls the command.

mod support;

use support::{Desk, RECIPE};

const TREES: &str = include_str!("../../esker/tests/peers/imports/lightgbm-4.7-numbers.txt");
const TABLE: &str = include_str!("../../esker/tests/peers/imports/table.csv");
const SAID: &str = include_str!("../../esker/tests/peers/imports/lightgbm-4.7-numbers.csv");

#[test]
fn a_model_of_lightgbm_is_taken_over_looked_at_and_predicts_as_there() {
    let desk = Desk::new();
    desk.write("m.txt", TREES);
    desk.write("new.csv", TABLE);
    let said = desk.ok(&["import", "m.txt", "-o", "m.esker", "--target", "melt", "--unit", "m"]);
    assert_eq!(said.trim_end(), "6 trees of LightGBM (v4), 5 features, target 'melt': m.esker");
    insta::assert_snapshot!(desk.ok(&["info", "m.esker"]));
    let info: serde_json::Value = serde_json::from_str(&desk.ok(&["info", "m.esker", "--json"])).unwrap();
    assert_eq!(info["header"]["schema"]["fields"][3]["kind"]["Class"]["levels"][0], "basalt");
    desk.ok(&["predict", "m.esker", "new.csv", "-o", "out.csv"]);
    let out = desk.read("out.csv");
    assert!(out.lines().next().unwrap().ends_with(",melt_predicted"));
    for (line, wanted) in out.lines().skip(1).zip(SAID.lines()) {
        let got: f64 = line.rsplit(',').next().unwrap().parse().unwrap();
        assert!((got - wanted.parse::<f64>().unwrap()).abs() < 1e-12, "{line}: {wanted}");
    }
    assert_eq!(out.lines().count(), 241);
}

#[test]
fn a_run_is_exported_and_programs_are_told_what_it_takes() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let said = desk.ok(&["export", "out/model.esker", "-o", "m.onnx"]);
    assert!(said.starts_with("ONNX model of ") && said.trim_end().ends_with("answers dmdtda_predicted: m.onnx"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&desk.ok(&["export", "out/model.esker", "-o", "m.onnx", "--json"])).unwrap();
    let inputs: Vec<&str> = json["inputs"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert!(inputs.contains(&"slope") && inputs.contains(&"period"), "{inputs:?}");
    let codes: Vec<&str> = json["notes"].as_array().unwrap().iter().map(|n| n["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["no-intervals", "derived-columns"]);
    // Names, units and the target stand in the file as text.
    let bytes = desk.bytes("m.onnx");
    for word in ["dmdtda_predicted", "m w.e. yr-1", "esker.features", "slope"] {
        assert!(bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }
}

#[test]
fn what_cannot_be_taken_over_or_written_is_refused() {
    let desk = Desk::new();
    let mut page = String::new();
    let mut add = |case: &str, said: String| page.push_str(&format!("## {case}\n{said}\n\n"));
    add("a table is no model", desk.fails(&["import", "glaciers.csv", "-o", "m.esker"]));
    desk.write("m.ubj", b"{L\0\0\0");
    add("a binary model of XGBoost", desk.fails(&["import", "m.ubj", "-o", "m.esker"]));
    desk.write("cut.txt", &TREES[..1500]);
    add("a model cut short", desk.fails(&["import", "cut.txt", "-o", "m.esker"]));
    desk.write("m.txt", TREES);
    add("names of classes for numbers", desk.fails(&["import", "m.txt", "-o", "m.esker", "--classes", "low,high"]));
    add("more rounds than there are", desk.fails(&["import", "m.txt", "-o", "m.esker", "--rounds", "7"]));
    desk.ok(&["import", "m.txt", "-o", "m.esker", "--quiet"]);
    desk.write("short.csv", "slope,zmed,temp,band\n1,2,3,4\n");
    add("a table without a feature", desk.fails(&["predict", "m.esker", "short.csv", "-o", "out.csv"]));
    desk.write("strange.csv", "slope,zmed,temp,rock,band\n1,2,3,granite,4\n");
    add("a class the model never saw", desk.fails(&["predict", "m.esker", "strange.csv", "-o", "out.csv"]));
    let neighbours = RECIPE.replace("kind = \"boosting\"\ntrees = 20\nleaves = 6", "kind = \"neighbours\"");
    let alone = neighbours.replace("[[model]]\nkind = \"mean\"\n", "").replace("[[model]]\nkind = \"ridge\"\ntune = { trials = 4 }\n", "");
    desk.write("recipe.toml", alone);
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    add("a model of neighbours", desk.fails(&["export", "out/model.esker", "-o", "m.onnx"]));
    add("no model at all", desk.fails(&["export", "glaciers.csv", "-o", "m.onnx"]));
    assert!(!desk.path("m.onnx").exists());
    insta::assert_snapshot!(page);
}
