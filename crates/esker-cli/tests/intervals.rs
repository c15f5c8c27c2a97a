//! Methods of prediction intervals on real data, as a user calls the command.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::Value;
use support::{Desk, RECIPE};

/// Monthly CO2 at Mauna Loa (see NOTICE).
const CO2: &str = include_str!("data/co2.csv");
const SERIES: &str = r#"title = "Carbon dioxide at Mauna Loa"

[data]
source = "co2.csv"

[data.derive]
years = "Date / 365.2425"
square = "years^2"
sine = "sin(6.283185307 * years)"
cosine = "cos(6.283185307 * years)"

[roles]
target = { column = "CO2", unit = "ppm" }
time = "Date"
features = ["years", "square", "sine", "cosine"]

[validate]
design = "forward"
folds = 12

[[model]]
kind = "linear"

[intervals]
METHOD

[explain]
importance = false
"#;

fn record(desk: &Desk, folder: &str) -> Value {
    serde_json::from_str(&desk.read(&format!("{folder}/record.json"))).unwrap()
}

/// The column of a CSV file, missing cells as NaN.
fn column(text: &str, name: &str) -> Vec<f64> {
    let at = text.lines().next().unwrap().split(',').position(|c| c == name).unwrap_or_else(|| panic!("no column {name}"));
    text.lines().skip(1).map(|l| l.split(',').nth(at).unwrap().parse().unwrap_or(f64::NAN)).collect()
}

#[test]
fn a_series_that_drifts_away_is_followed() {
    let desk = Desk::new();
    desk.write("co2.csv", CO2);
    let mut coverage = Vec::new();
    for (folder, method) in [
        ("never", "method = \"sequence\"\nrate = 0"),
        ("folds", "method = \"sequence\""),
        ("times", "method = \"sequence\"\nupdate = \"time\"\nwindow = 60"),
    ] {
        desk.write("recipe.toml", SERIES.replace("METHOD", method));
        desk.ok(&["run", "recipe.toml", "-o", folder, "--quiet"]);
        let intervals = &record(&desk, folder)["intervals"];
        coverage.push(intervals["coverage"].as_f64().unwrap());
        let low = column(&desk.read(&format!("{folder}/predictions.csv")), "low");
        let predicted = column(&desk.read(&format!("{folder}/predictions.csv")), "predicted");
        let without = (0..low.len()).filter(|&i| low[i].is_nan() && !predicted[i].is_nan()).count();
        assert_eq!(intervals["without"], without, "{folder}");
        let periods = intervals["by"].as_array().unwrap().iter().find(|b| b["by"] == "period").unwrap();
        assert_eq!(periods["parts"].as_array().unwrap().len(), 5, "{folder}");
    }
    assert!((coverage[2] - 0.9).abs() < 0.03 && coverage[1] >= coverage[0] && coverage[2] > coverage[0], "{coverage:?}");
    let page = desk.read("times/report.html");
    for words in
        ["EnbPI with ACI", "Gibbs and Candès 2021", "By period", "no interval, as too few residuals were known", "Mean width (ppm)"]
    {
        assert!(page.to_lowercase().contains(&words.to_lowercase()), "{words}");
    }
    // The future has the width that was known at the end.
    desk.write("next.csv", "Date\n2020-05-01\n2020-12-01\n");
    desk.ok(&["predict", "times/model.esker", "next.csv", "-o", "said.csv"]);
    let said = desk.read("said.csv");
    let (low, high) = (column(&said, "CO2_low"), column(&said, "CO2_high"));
    assert!(high[0] > low[0] && ((high[0] - low[0]) - (high[1] - low[1])).abs() < 1e-9, "{said}");
}

#[test]
fn glaciers_learn_from_their_neighbours_how_sure_they_are() {
    let desk = Desk::new();
    let recipe = |method: &str| format!("{RECIPE}\n[intervals]\nlevel = 0.8\n{method}\n");
    desk.write("recipe.toml", recipe("method = \"spatial\"\nneighbours = 40"));
    desk.ok(&["run", "recipe.toml", "-o", "near", "--quiet"]);
    let intervals = &record(&desk, "near")["intervals"];
    assert_eq!(intervals["method"], "spatial conformal");
    assert!((intervals["coverage"].as_f64().unwrap() - 0.8).abs() < 0.08, "{intervals}");
    let by: Vec<&str> = intervals["by"].as_array().unwrap().iter().map(|b| b["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["group", "region", "predicted", "observed"]);
    let page = desk.read("near/report.html");
    assert!(page.contains("id=\"figure-map-coverage\"") && page.contains("Coverage by region") && page.contains("Mao et al. 2024"));
    // Near rows agree, far ones need not.
    desk.ok(&["predict", "near/model.esker", "glaciers.csv", "-o", "said.csv"]);
    let said = desk.read("said.csv");
    let width: Vec<f64> = column(&said, "dmdtda_high").iter().zip(column(&said, "dmdtda_low")).map(|(h, l)| h - l).collect();
    let (least, most) = width.iter().fold((f64::INFINITY, 0.0f64), |(a, b), w| (a.min(*w), b.max(*w)));
    assert!(least > 0.0 && most > 1.1 * least, "{least} {most}");
    assert!(desk.ok(&["info", "near/model.esker"]).contains("intervals 80 %"));
    // A forest that says quantiles has them widened.
    let shape = "kind = \"boosting\"\ntrees = 20\nleaves = 6";
    let forest = recipe("method = \"cqr\"").replace(shape, "kind = \"forest\"\ntrees = 30\nspread = \"quantiles\"\nlevel = 0.8");
    let alone = forest.replace("[[model]]\nkind = \"ridge\"\ntune = { trials = 4 }\n\n", "").replace("[[model]]\nkind = \"mean\"\n\n", "");
    desk.write("recipe.toml", alone);
    desk.ok(&["run", "recipe.toml", "-o", "quantiles", "--quiet"]);
    let intervals = &record(&desk, "quantiles")["intervals"];
    assert_eq!(intervals["method"], "CQR");
    assert!((intervals["coverage"].as_f64().unwrap() - 0.8).abs() < 0.08, "{intervals}");
    desk.ok(&["predict", "quantiles/model.esker", "glaciers.csv", "-o", "said.csv"]);
    assert!(desk.read("said.csv").lines().next().unwrap().contains("dmdtda_quantile_high,dmdtda_low,dmdtda_high"));
}

#[test]
fn cells_of_a_map_have_the_interval_of_a_row_at_their_place() {
    let desk = Desk::new();
    desk.write("landslides.csv", include_str!("../../../examples/landslides/landslides.csv"));
    desk.write("terrain.tif", include_bytes!("../../../examples/landslides/terrain.tif"));
    let recipe = "title = \"Slope\"\n[data]\nsource = \"landslides.csv\"\n[roles]\ntarget = { column = \"slope\", unit = \"degrees\" }\n\
                  place = { x = \"x\", y = \"y\", crs = \"EPSG:32717\" }\nfeatures = [\"elev\", \"cplan\", \"log10_carea\"]\n\
                  [validate]\ndesign = \"block\"\nsize = 0.5\nfolds = 5\n[[model]]\nkind = \"linear\"\n\
                  [intervals]\nmethod = \"spatial\"\nbandwidth = 0.4\n[explain]\nimportance = false\n";
    desk.write("recipe.toml", recipe);
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    desk.ok(&["convert", "terrain.tif", "part.tif", "--bbox", "713600,9557600,714200,9557900"]);
    desk.ok(&["convert", "part.tif", "cells.csv"]);
    desk.ok(&["predict", "out/model.esker", "part.tif", "-o", "map.tif"]);
    desk.ok(&["convert", "map.tif", "map.csv"]);
    desk.ok(&["predict", "out/model.esker", "cells.csv", "-o", "rows.csv"]);
    let (map, rows) = (desk.read("map.csv"), desk.read("rows.csv"));
    let mut finite = 0;
    for name in ["slope_low", "slope_high"] {
        let (cells, rows) = (column(&map, name), column(&rows, name));
        assert_eq!(cells.len(), rows.len());
        finite += rows.iter().filter(|v| v.is_finite()).count();
        assert!(cells.iter().zip(&rows).all(|(a, b)| a.is_nan() && b.is_nan() || (a - b).abs() < 1e-4), "{name}");
    }
    assert!(finite > 100);
    // Where they lie must be told.
    let lines: Vec<&str> = rows.lines().map(|l| l.split_once(',').unwrap().1).collect();
    desk.write("lost.csv", lines.join("\n"));
    let said = desk.fails(&["predict", "out/model.esker", "lost.csv", "-o", "no.csv"]);
    assert!(said.starts_with("exit 4") && said.contains("rows need their places"), "{said}");
}
