//! The adviser on the Meuse: what it measures, what it chooses, and that its choice ranks models as the ground beyond the samples does.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::{Path, PathBuf};

use esker::{Advice, Context, LoadedModel, Plan, Recipe, read_table};

/// A recipe for the 60 southernmost sites, with further lines in [validate].
fn recipe(source: &str, features: &str, model: &str, validate: &str) -> String {
    format!(
        r#"
title = "zinc"
seed = 1
[data]
source = "{source}"
[data.derive]
log_zinc = {{ value = "ln(zinc)" }}
sqrt_dist = {{ value = "sqrt(dist)" }}
[roles]
target = "log_zinc"
place = {{ x = "x", y = "y", crs = "EPSG:28992" }}
features = [{features}]
[validate]
{validate}
[[model]]
kind = "{model}"
[explain]
importance = false
effects = 0
"#
    )
}

const CELLS: &str = "wanted = \"../../../../esker-evaluate/tests/data/matching/meuse_cells.csv\"";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/meuse")
}

fn plan(text: &str) -> Result<Plan, String> {
    let recipe = Recipe::parse("zinc.toml", text).map_err(|e| e.to_string())?;
    Plan::read(recipe, &folder(), &Context::new(0, 1)).map_err(|e| e.to_string())
}

fn advice(source: &str, validate: &str) -> Advice {
    plan(&recipe(source, "\"sqrt_dist\", \"elev\"", "linear", validate)).unwrap().advice.unwrap()
}

fn w(advice: &Advice, design: &str) -> f64 {
    advice.candidates.iter().find(|c| c.design == design).unwrap().w.unwrap()
}

#[test]
fn samples_that_cover_what_is_wanted_are_shuffled_and_others_matched() {
    let south = advice("south.csv", &format!("design = \"auto\"\nfolds = 5\n{CELLS}"));
    assert_eq!(south.chosen, "knndm");
    // The W of CAST 1.1.0 on the same sites and cells: 412.9942507 m.
    assert!((w(&south, "knndm") - 0.412_994_250_7).abs() < 1e-9, "{}", w(&south, "knndm"));
    assert!(w(&south, "random") > w(&south, "knndm"));
    assert!(south.beyond.is_some_and(|b| b.contains("No design on these samples imitates the use")));
    let wanted = &south.distances[0];
    assert!(wanted.unit == "km" && wanted.quantiles.windows(2).all(|w| w[0] <= w[1]) && (wanted.mean - 0.624).abs() < 1e-3);
}

#[test]
fn groups_are_never_shuffled_apart() {
    let sites = "../../../../esker-evaluate/tests/data/matching/meuse_sites.csv";
    let of = |group: &str| {
        let text = recipe(sites, "\"y\"", "linear", &format!("design = \"auto\"\nfolds = 5\n{CELLS}"));
        let text = text
            .replace("log_zinc = { value = \"ln(zinc)\" }\n", "")
            .replace("log_zinc", "dist")
            .replace("place =", &format!("{group}place ="));
        plan(&text).unwrap().advice.unwrap()
    };
    assert_eq!(of("").chosen, "random");
    let grouped = of("group = \"fold\"\n");
    assert!(grouped.chosen != "random" && grouped.candidates.iter().any(|c| c.design == "random"), "{grouped:?}");
}

#[test]
fn without_a_word_of_the_use_likeness_decides() {
    let blocks = advice("south.csv", "design = \"auto\"\nfolds = 5");
    assert_eq!((blocks.chosen.as_str(), blocks.beyond), ("block", None));
    assert!(blocks.measured.iter().any(|m| m.contains("log_zinc is alike")), "{:?}", blocks.measured);
    let plain = plan(&recipe("south.csv", "\"elev\"", "linear", "design = \"auto\"").replace("place =", "#")).unwrap().advice.unwrap();
    assert_eq!(plain.chosen, "random");
}

#[test]
fn a_chosen_design_is_sealed_into_the_run_with_shuffled_folds_beside_it() {
    let plan = plan(&recipe("south.csv", "\"sqrt_dist\"", "linear", &format!("design = \"auto\"\nfolds = 5\n{CELLS}"))).unwrap();
    let record = plan.run(&Context::new(1, 2)).unwrap().record;
    assert_eq!(record.advice, plan.advice);
    let labels: Vec<&str> = record.designs.iter().map(|d| d.label.as_str()).collect();
    assert_eq!(labels, ["knndm", "random"]);
    assert!(record.designs[0].primary && record.designs[0].folds.len() == 5);
}

/// Root mean square errors of a model: under the chosen design, under shuffled folds, and on the 95 sites to the north.
fn errors(features: &str, model: &str) -> [f64; 3] {
    let plan = plan(&recipe("south.csv", features, model, &format!("design = \"auto\"\nfolds = 10\n{CELLS}"))).unwrap();
    let outcome = plan.run(&Context::new(1, 2)).unwrap();
    let under = |design: &str| {
        let run = outcome.record.models[0].runs.iter().find(|r| r.design == design).unwrap();
        run.scores.iter().find(|s| s.metric == "rmse").unwrap().pooled.unwrap()
    };
    let scores = [under("knndm"), under("random")];
    let model = LoadedModel::from_bytes("model", &outcome.model.to_bytes()).unwrap();
    let said = model.predict(read_table(&folder().join("north.csv"), &Default::default()).unwrap(), &Context::new(1, 1)).unwrap().table;
    let column = |name: &str| said.column(name).unwrap().reals().unwrap().to_vec();
    let (said, zinc) = (column("log_zinc_predicted"), column("zinc"));
    let north = said.iter().zip(&zinc).map(|(s, z)| (s - z.ln()).powi(2)).sum::<f64>() / zinc.len() as f64;
    [scores[0], scores[1], north.sqrt()]
}

#[test]
fn the_chosen_design_ranks_models_as_the_north_does_and_shuffling_does_not() {
    let found = [
        errors("\"sqrt_dist\", \"elev\"", "linear"),
        errors("\"sqrt_dist\", \"elev\"", "forest"),
        errors("\"sqrt_dist\", \"elev\", \"x\", \"y\"", "forest"),
    ];
    let column = |i: usize| found.map(|errors| errors[i]);
    let [chosen, shuffled, north] = [column(0), column(1), column(2)];
    let rising = |v: [f64; 3]| v[0] < v[1] && v[1] < v[2];
    assert!(rising(north), "the linear model, then the forest, then the forest with coordinates: {north:?}");
    assert!(rising(chosen), "{chosen:?}");
    assert!(shuffled[1] < shuffled[2] && shuffled[2] < shuffled[0], "{shuffled:?}");
    // The linear model on the north is a number of ordinary least squares: 0.346.
    assert!((north[0] - 0.346).abs() < 5e-4, "{north:?}");
}

#[test]
fn what_cannot_be_wanted_is_refused_by_name() {
    let refused =
        |validate: &str, more: &dyn Fn(String) -> String| plan(&more(recipe("south.csv", "\"elev\"", "linear", validate))).err().unwrap();
    let as_is = |text: String| text;
    insta::assert_snapshot!(refused("design = \"auto\"\nwanted = \"nowhere.csv\"", &as_is).lines().next().unwrap().replace(&folder().display().to_string(), "…"), @"zinc.toml:15:10: file '…/nowhere.csv'; no such file");
    insta::assert_snapshot!(refused(&format!("design = \"auto\"\n{CELLS}"), &|text| text.replace("place =", "#")), @r#"
    zinc.toml:15:10: 'validate.wanted': got samples without a place; what is wanted is compared with the samples by place, time or features
      hint: name the columns: [roles] place = { x = "lon", y = "lat", crs = "EPSG:4326" }
    "#);
    insta::assert_snapshot!(refused("design = \"random\"\ncompare = [\"auto\"]", &as_is), @"zinc.toml:15:11: design 'auto'; the design that counts may be chosen, one beside it is named");
    insta::assert_snapshot!(refused("design = \"knndm\"", &as_is), @r#"
    zinc.toml:14:10: design 'knndm': got nothing about where predictions are wanted; distances from wanted predictions to samples are matched
      hint: say where predictions are wanted in [validate], e.g. wanted = "grid.csv"
    "#);
}
