//! Preparation in a recipe: checked before any work, told in the record, kept in the model file.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::{LoadedModel, Plan, Recipe};
use esker_core::{Codes, Column, Context, Rng, Table};

const RECIPE: &str = r#"[data]
source = "none"
[roles]
target = "y"
group = "well"
time = "day"
[validate]
design = "group"
folds = 3
[[model]]
kind = "ridge"
[explain]
importance = false
applicability = false
"#;

/// Six series of thirty rows; what `y` follows is the rain of the row before.
fn table() -> Table {
    wells(6, 0.1)
}

fn wells(count: usize, noise: f64) -> Table {
    let mut rng = Rng::new(5);
    let n = 30 * count;
    let rain: Vec<f64> = (0..n).map(|_| (1.0 + rng.normal()).exp()).collect();
    let rock: Vec<Option<&str>> = (0..n).map(|_| Some(["chalk", "marl", "shale"][rng.below(3)])).collect();
    let before = |i: usize| if i.is_multiple_of(30) { 3.0 } else { rain[i - 1] };
    let y: Vec<f64> =
        (0..n).map(|i| (0.5 * before(i).ln() + f64::from(u8::from(rock[i] == Some("marl"))) + noise * rng.normal()).exp()).collect();
    let well: Vec<Option<String>> = (0..n).map(|i| Some(format!("w{}", i / 30))).collect();
    Table::new(vec![
        Column::real("rain", "mm", rain),
        Column::class("rock", Codes::from_labels(&rock)),
        Column::real("depth", "m", (0..n).map(|i| 2.5 * (i % 30) as f64).collect()),
        Column::class("well", Codes::from_labels(&well)),
        Column::real("day", "days since 1970-01-01", (0..n).map(|i| 10_000.0 + (i % 30) as f64).collect()),
        Column::real("y", "m", y),
    ])
    .unwrap()
}

fn plan(steps: &str) -> Result<Plan, String> {
    let recipe = Recipe::parse("recipe.toml", &format!("{RECIPE}{steps}")).map_err(|e| e.to_string())?;
    Plan::new(recipe, table(), None).map_err(|e| e.to_string())
}

fn faults(steps: &str) -> String {
    plan(steps).err().unwrap_or_else(|| panic!("{steps} is taken"))
}

const LAGS: &str = r#"
[[prepare]]
step = "transform"
columns = ["rain"]
method = "box-cox"
[[prepare]]
step = "lag"
columns = ["rain", "y"]
lags = [1, 2]
[[prepare]]
step = "rolling"
columns = "rain"
windows = 3
statistics = ["mean", "max"]
[[prepare]]
step = "encode"
method = "target"
"#;

#[test]
fn what_matters_is_found_a_row_before_and_told() {
    let r2 = |steps: &str| {
        let plan = plan(steps).unwrap();
        let outcome = plan.run(&plan.context(2)).unwrap();
        let score = outcome.record.models[0].runs[0].scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap();
        (score, outcome)
    };
    let (without, _) = r2("");
    let (with, outcome) = r2(LAGS);
    assert!(without < 0.5 && with > 0.8, "R² {without} without, {with} with lags");
    let told: Vec<String> = outcome
        .record
        .prepared
        .iter()
        .flat_map(|s| s.learned.iter().map(move |c| format!("{}: {}: {}", s.step, c.column, c.says)))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    insta::assert_snapshot!(outcome.record.models[0].preparation.join("\n"));
}

/// Lags of the target say nothing of a group never seen; of the rain they do, and of a known group later on.
#[test]
fn lags_of_the_target_are_told_where_groups_are_held_out() {
    let lag = |column: &str| format!("[[prepare]]\nstep = \"lag\"\ncolumns = [\"{column}\"]\n");
    let told = |design: &str, steps: &str| {
        let text = RECIPE.replace("design = \"group\"\nfolds = 3", design) + steps;
        let plan = Plan::new(Recipe::parse("recipe.toml", &text).unwrap(), table(), None).unwrap();
        plan.notes.iter().any(|n| n.code == "lags-of-strangers")
    };
    assert!(told("design = \"group\"\nfolds = 3", &lag("y")));
    assert!(!told("design = \"group\"\nfolds = 3", &lag("rain")));
    assert!(!told("design = \"forward\"\nfolds = 3", &lag("y")));
}

#[test]
fn a_model_file_looks_back_on_its_training_rows() {
    let plan = plan(LAGS).unwrap();
    let outcome = plan.run(&plan.context(2)).unwrap();
    let model = LoadedModel::from_bytes("m", &outcome.model.to_bytes()).unwrap();
    let predict =
        |table: Table| model.predict(table, &Context::new(1, 1)).map(|p| p.table.column("y_predicted").unwrap().reals().unwrap().to_vec());
    let all = predict(table()).unwrap();
    // The rows after the tenth of one well: what they look back on is in the model.
    let some: Vec<usize> = (10..30).collect();
    let alone = predict(table().select(&some)).unwrap();
    assert!(some.iter().zip(&alone).all(|(&i, v)| all[i].to_bits() == v.to_bits()));
    // Days to come look back on the last days of training, which the model keeps: other rows of the same days would not.
    let to_come = |rows: &[usize]| {
        let later = table().select(rows);
        let columns = later.columns().iter().map(|c| match c.name.as_str() {
            "day" => Column::real("day", "days since 1970-01-01", c.reals().unwrap().iter().map(|d| d + 30.0).collect()),
            _ => c.clone(),
        });
        predict(Table::new(columns.collect()).unwrap()).unwrap()
    };
    let (first, second) = (to_come(&[0]), to_come(&[0, 1]));
    assert!(first[0].is_finite() && first[0].to_bits() == second[0].to_bits());
    let same_rain_of_another = table().select(&[0]);
    assert_ne!(first[0].to_bits(), predict(same_rain_of_another).unwrap()[0].to_bits());
    let blind = Table::new(table().columns().iter().filter(|c| c.name != "day").cloned().collect()).unwrap();
    insta::assert_snapshot!(predict(blind).unwrap_err());
    let error = model.to_onnx().err().unwrap();
    insta::assert_snapshot!(error);
}

#[test]
fn a_target_learned_as_logarithm_comes_back_as_a_mean() {
    let text = RECIPE.replace("target = \"y\"", "target = { column = \"y\", transform = \"log\" }");
    // Groups held out have no lags of the target, which says nothing of the way back.
    let steps = LAGS.replace("[\"rain\", \"y\"]", "\"rain\"");
    let recipe = Recipe::parse("recipe.toml", &format!("{text}{steps}")).unwrap();
    // With this noise the mean is a third above the median.
    let table = wells(400, 0.8);
    let plan = Plan::new(recipe, table.clone(), None).unwrap();
    let outcome = plan.run(&plan.context(2)).unwrap();
    let rows = &outcome.rows;
    let (said, seen) = (rows.predicted.iter().sum::<f64>(), rows.observed.iter().sum::<f64>());
    assert!((said / seen - 1.0).abs() < 0.015, "{said} said, {seen} seen");
    let intervals = outcome.record.intervals.as_ref().unwrap();
    assert!((intervals.coverage - 0.9).abs() < 0.07, "{}", intervals.coverage);
    let last = outcome.record.prepared.last().unwrap();
    assert_eq!((last.step.as_str(), last.learned.len()), ("target", 1));
    let model = LoadedModel::from_bytes("m", &outcome.model.to_bytes()).unwrap();
    assert!(
        model.predict(table, &Context::new(1, 1)).unwrap().table.column("y_predicted").unwrap().reals().unwrap().iter().all(|v| *v > 0.0)
    );
}

#[test]
fn what_a_step_cannot_do_is_refused_before_any_work() {
    let step = |text: &str| faults(&format!("[[prepare]]\n{text}\n"));
    let all = [
        step("step = \"impote\""),
        step("step = \"scale\"\nmetod = \"robust\""),
        step("step = \"scale\"\nmethod = \"robost\""),
        step("step = \"scale\"\ncolumns = [\"rian\"]"),
        step("step = \"scale\"\ncolumns = [\"rock\"]"),
        step("step = \"scale\"\ncolumns = [\"y\"]"),
        step("step = \"encode\"\nmethod = \"ordinal\"\norder = [\"chalk\", \"marl\"]"),
        step("step = \"transform\"\ncolumns = [\"depth\"]"),
        step("step = \"lag\"\nlags = [1, 40]"),
        step("step = \"lag\"\nlags = [1.5]"),
        step("step = \"rolling\"\nwindows = 30"),
        step("step = \"rolling\"\nstatistics = [\"mode\"]"),
        step("step = \"gradient\""),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn classes_with_commas_have_their_place_in_an_order() {
    let mut table = table();
    let labels: Vec<Option<&str>> = (0..180).map(|i| Some(["chalk, soft", "marl", "shale"][i % 3])).collect();
    table.put(Column::class("rock", Codes::from_labels(&labels))).unwrap();
    let steps = "[[prepare]]\nstep = \"encode\"\nmethod = \"ordinal\"\norder = [\"shale\", \"chalk, soft\", \"marl\"]\n";
    let recipe = Recipe::parse("recipe.toml", &format!("{RECIPE}{steps}")).unwrap();
    let outcome = Plan::new(recipe, table, None).unwrap().run(&Context::new(1, 1)).unwrap();
    assert_eq!(outcome.record.prepared[0].learned[0].says, "shale = 0, chalk, soft = 1, marl = 2");
}

#[test]
fn steps_that_need_time_or_groups_say_so() {
    let without = |role: &str, steps: &str| {
        let recipe =
            Recipe::parse("recipe.toml", &format!("{}{steps}", RECIPE.replace(role, "").replace("\"group\"", "\"random\""))).unwrap();
        Plan::new(recipe, table(), None).err().unwrap().to_string()
    };
    let lag = "[[prepare]]\nstep = \"lag\"\ncolumns = [\"rain\"]\n";
    let all = [
        without("time = \"day\"\n", lag),
        without("group = \"well\"\n", lag),
        without("time = \"day\"\n", "[[prepare]]\nstep = \"harmonics\"\n"),
        without("group = \"well\"\n", "[[prepare]]\nstep = \"detrend\"\nby_group = true\n"),
    ];
    insta::assert_snapshot!(all.join("\n"));
    let text = RECIPE.replace("target = \"y\"", "target = { column = \"depth\", transform = \"log\" }");
    insta::assert_snapshot!(Plan::new(Recipe::parse("recipe.toml", &text).unwrap(), table(), None).err().unwrap().to_string());
}
