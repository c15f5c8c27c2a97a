//! Calibrated probabilities and thresholds on the command line, on real landslides.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use serde_json::Value;
use support::Desk;

const POINTS: &str = include_str!("../../../examples/landslides/landslides.csv");

const RECIPE: &str = r#"title = "Landslides"
seed = 3

[data]
source = "landslides.csv"

[data.derive]
quarter = { value = "2 * floor((x - 711960) / 2000) + floor((y - 9556860) / 2100)", class = true }

[roles]
target = { column = "lslpts", kind = "class", names = { TRUE = "landslide", FALSE = "no landslide" } }
place = { x = "x", y = "y", crs = "EPSG:32717" }
group = "quarter"
features = ["slope", "cplan", "cprof", "elev", "log10_carea"]

[validate]
design = "leave-one-group-out"
metric = "log-loss"
penalty = "penalty.csv"

[[model]]
kind = "forest"
trees = 40
calibrate = "platt"
threshold = "cost"

[explain]
importance = false
"#;

#[test]
fn a_missed_landslide_that_costs_more_is_said_sooner() {
    let desk = Desk::new();
    desk.write("landslides.csv", POINTS);
    let mut thresholds = Vec::new();
    for missed in ["1", "6"] {
        desk.write("penalty.csv", format!(",FALSE,TRUE\nFALSE,0,1\nTRUE,{missed},0\n"));
        desk.write("landslides.toml", RECIPE);
        desk.ok(&["run", "landslides.toml", "-o", "out", "--quiet"]);
        let record: Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
        let model = &record["models"][0];
        let parts = model["adjustment"]["threshold"]["parts"].as_array().unwrap();
        assert_eq!(parts.len(), 5);
        thresholds.push(parts[4]["from"].as_f64().unwrap());
        let run = &model["runs"][0];
        let brier = |of: &str| run[of][0]["brier"].as_f64().unwrap();
        assert!(brier("calibration") < brier("uncalibrated") + 0.01);
        assert!(desk.path("out/figures/calibration-curve.svg").exists());
        let page = desk.read("out/report.html");
        assert!(
            page.contains("Do the probabilities mean what they say?") && page.contains("The class landslide is said from a probability of")
        );
    }
    assert!(thresholds[1] < thresholds[0] - 0.1, "{thresholds:?}");
    let told = desk.ok(&["info", "out/model.esker"]);
    assert!(told.contains("calibrated by platt") && told.contains("threshold TRUE is said from a probability of 0."), "{told}");
    desk.ok(&["predict", "out/model.esker", "landslides.csv", "-o", "said.csv"]);
    let said = desk.read("said.csv");
    let header: Vec<&str> = said.lines().next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|h| *h == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
    let (class, p) = (at("lslpts_predicted"), at("lslpts_p_TRUE"));
    for line in said.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[class] == "TRUE", cells[p].parse::<f64>().unwrap() >= thresholds[1], "{line}");
    }
    let explained = desk.ok(&["explain", "out/model.esker", "landslides.csv", "-o", "given.csv"]);
    assert!(explained.contains("add up to the probability of each class, before calibration"), "{explained}");
}
