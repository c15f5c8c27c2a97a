//! The command as a user calls it, from a table to predictions, on a small real table.

mod support;

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Desk, GLACIERS, RECIPE};

#[test]
fn a_run_writes_everything_and_predicts_rows_never_seen() {
    let desk = Desk::new();
    let said = desk.ok(&["run", "recipe.toml", "-o", "out"]);
    assert!(said.contains("boosting") && said.contains("random"), "{said}");
    for file in ["report.html", "record.json", "model.esker", "predictions.csv", "figures/map-residuals.svg", "figures/map-residuals.png"] {
        assert!(desk.path("out").join(file).exists(), "{file} is missing");
    }
    let page = desk.read("out/report.html");
    assert!(page.contains("Small glaciers") && !page.contains("src=\"http"));
    let record: serde_json::Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
    assert_eq!(record["data"]["rows_used"], 244);
    assert_eq!(record["designs"][0]["kind"], "group");
    assert_eq!(record["models"].as_array().unwrap().len(), 3);
    assert_eq!(desk.read("out/predictions.csv").lines().count(), 245);

    // New rows: no target, no error, columns in another order.
    let lines: Vec<Vec<&str>> = GLACIERS.lines().map(|l| l.split(',').collect()).collect();
    let fresh: Vec<String> = lines.iter().take(11).map(|c| c[..12].iter().rev().copied().collect::<Vec<_>>().join(",")).collect();
    desk.write("new.csv", fresh.join("\n") + "\n");
    desk.ok(&["predict", "out/model.esker", "new.csv", "-o", "out.csv"]);
    let out = desk.read("out.csv");
    let header: Vec<&str> = out.lines().next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|h| *h == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
    let (centre, low, high) = (at("dmdtda_predicted"), at("dmdtda_low"), at("dmdtda_high"));
    assert_eq!(out.lines().count(), 11);
    for line in out.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |i: usize| cells[i].parse::<f64>().unwrap();
        assert!(number(low) < number(centre) && number(centre) < number(high), "{line}");
    }
}

#[test]
fn running_again_gives_the_same_bytes_whatever_the_threads() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "one", "--threads", "1", "--quiet"]);
    desk.ok(&["run", "recipe.toml", "-o", "two", "--threads", "3", "--quiet"]);
    for file in ["record.json", "model.esker", "predictions.csv", "report.html", "figures/importance.svg", "figures/map-folds.png"] {
        assert!(desk.bytes(&format!("one/{file}")) == desk.bytes(&format!("two/{file}")), "{file} differs");
    }
    desk.ok(&["run", "recipe.toml", "-o", "three", "--seed", "8", "--quiet"]);
    assert_ne!(desk.read("one/record.json"), desk.read("three/record.json"));
}

#[test]
fn the_group_design_keeps_glaciers_whole_and_the_record_says_who_is_better() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let table = desk.read("out/predictions.csv");
    let mut fold_of = std::collections::HashMap::new();
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let group = header.iter().position(|h| *h == "rgi_id").unwrap();
    let fold = header.iter().position(|h| *h == "fold").unwrap();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let before = fold_of.insert(cells[group].to_owned(), cells[fold].to_owned());
        assert!(before.is_none_or(|f| f == cells[fold]), "glacier {} is in two folds", cells[group]);
    }
    let record: serde_json::Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
    assert_eq!(record["comparisons"].as_array().unwrap().len(), 3);
    let codes: Vec<&str> = record["notes"].as_array().unwrap().iter().map(|n| n["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"noise-ceiling"), "{codes:?}");
}

#[test]
fn classes_are_classes_from_the_recipe_to_the_prediction() {
    let desk = Desk::new();
    let recipe = RECIPE
        .replace(
            "{ column = \"dmdtda\", unit = \"m w.e. yr-1\" }",
            "{ column = \"band\", kind = \"class\", names = { \"60\" = \"sixty\" } }",
        )
        .replace("error = \"err_dmdtda\"\n", "")
        .replace("design = \"group\"\n", "design = \"stratified\"\n")
        .replace("compare = [\"random\"]\n", "")
        .replace("kind = \"ridge\"", "kind = \"logistic\"");
    desk.write("recipe.toml", &recipe);
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let record: serde_json::Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
    assert_eq!(record["task"]["kind"], "classification");
    assert!(record["models"][2]["runs"][0]["confusion"].is_array());
    desk.ok(&["predict", "out/model.esker", "glaciers.csv", "-o", "out.parquet"]);
    assert!(desk.bytes("out.parquet").starts_with(b"PAR1"));
}

#[test]
fn init_writes_a_recipe_that_passes_the_check() {
    let desk = Desk::new();
    desk.ok(&["init", "glaciers.csv", "-o", "first.toml"]);
    let text = desk.read("first.toml");
    assert!(text.contains("column = \"dmdtda\""), "the reported error beside it names the target:\n{text}");
    assert!(text.contains("group = \"rgi_id\"") && text.contains("crs = \"EPSG:4326\""), "{text}");
    insta::assert_snapshot!(text);
    desk.ok(&["check", "first.toml"]);
    let said = desk.fails(&["init", "glaciers.csv", "-o", "first.toml"]);
    assert!(said.contains("not overwritten"), "{said}");
}

#[test]
fn json_is_json_for_success_and_failure() {
    let desk = Desk::new();
    let check: serde_json::Value = serde_json::from_str(&desk.ok(&["check", "recipe.toml", "--json"])).unwrap();
    assert_eq!(check["ok"], true);
    let run: serde_json::Value = serde_json::from_str(&desk.ok(&["run", "recipe.toml", "-o", "out", "--json"])).unwrap();
    assert_eq!(run["models"].as_array().unwrap().len(), 3);
    desk.write("recipe.toml", RECIPE.replace("\"ridge\"", "\"rigde\""));
    let out = desk.esker(&["check", "recipe.toml", "--json"]);
    assert_eq!(out.status.code(), Some(3));
    let fault: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(fault["faults"][0]["line"], 30);
    let found: serde_json::Value = serde_json::from_str(&desk.ok(&["init", "glaciers.csv", "--json"])).unwrap();
    assert_eq!(found["error"]["column"], "err_dmdtda");
}

#[test]
fn help_shows_examples_and_completions_name_the_commands() {
    let desk = Desk::new();
    let help = desk.ok(&["--help"]);
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    for command in ["run", "check", "audit", "open", "init", "predict", "info", "convert"] {
        assert!(desk.ok(&[command, "--help"]).contains("Example:"), "{command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.ok(&["completions", shell]).contains("predict"), "{shell}");
    }
    assert!(desk.ok(&["reference"]).contains("### `boosting`"));
    assert_eq!(desk.esker(&["frobnicate"]).status.code(), Some(2));
}

#[test]
fn a_folder_that_is_not_a_run_is_not_replaced_and_one_that_cannot_be_made_is_refused_at_once() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("thesis")).unwrap();
    desk.write("thesis/chapter.txt", "five years");
    let said = desk.fails(&["run", "recipe.toml", "-o", "thesis"]);
    insta::assert_snapshot!(said, @r"
    exit 6
    error: run folder 'thesis': got a folder that holds 'chapter.txt' and no record.json; only an empty folder or an earlier run is replaced
      hint: choose another folder, or empty this one yourself
    ");
    assert_eq!(desk.read("thesis/chapter.txt"), "five years");
    // Nobody, not even root, makes folders in /proc.
    insta::assert_snapshot!(desk.fails(&["run", "recipe.toml", "-o", "/proc/out"]), @r"
    exit 6
    error: writing '/proc/out': got No such file or directory (os error 2)
      hint: does the folder '/proc' exist?
    ");
}

#[test]
fn a_disk_that_is_full_leaves_the_earlier_run_untouched() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let before = desk.bytes("out/record.json");
    let files = desk.files();
    // A file-size limit refuses writes as a full disk does; with the signal ignored, the write itself fails.
    let script = format!("trap '' XFSZ; ulimit -f 16; exec '{}' run recipe.toml -o out --seed 9 --quiet", env!("CARGO_BIN_EXE_esker"));
    let out = Command::new("bash").args(["-c", &script]).current_dir(desk.path("")).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(6), "{said}");
    insta::assert_snapshot!(desk.hide(&said), @"error: writing '.out.partial-[N]/record.json': got File too large (os error 27)");
    assert_eq!(desk.bytes("out/record.json"), before);
    // What tuning found before is kept for the next try.
    let left: Vec<String> = desk.files().into_iter().filter(|f| f != ".out.tuning").collect();
    assert_eq!(left, files, "nothing half-written is left");
}

#[test]
fn ctrl_c_leaves_the_earlier_run_untouched() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let before = desk.bytes("out/record.json");
    let files = desk.files();
    desk.write("recipe.toml", RECIPE.replace("trees = 20", "trees = 5000"));
    let mut child = desk.command().args(["run", "recipe.toml", "-o", "out"]).stderr(Stdio::piped()).spawn().unwrap();
    // The plan is printed when everything is checked and the work begins.
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.contains("models:")));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let asked = Instant::now();
    let last = said.last();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert!(asked.elapsed() < Duration::from_secs(30), "it stopped after {:?}", asked.elapsed());
    insta::assert_snapshot!(last.unwrap(), @"  hint: the same command takes up tuning and selection where they stopped");
    assert_eq!(desk.bytes("out/record.json"), before);
    // What tuning found is kept until a run is whole.
    let beside: Vec<String> = desk.files().into_iter().filter(|f| !files.contains(f)).collect();
    assert_eq!(beside, [".out.tuning"]);
    desk.write("recipe.toml", RECIPE);
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    assert_eq!(desk.bytes("out/record.json"), before, "another recipe takes up nothing");
    assert_eq!(desk.files(), files);
}

#[test]
fn rows_are_explained_so_that_contributions_add_up_to_the_prediction() {
    let desk = Desk::new();
    desk.write(
        "recipe.toml",
        RECIPE
            .replace("kind = \"mean\"", "kind = \"forest\"\ntrees = 10")
            .replace("kind = \"ridge\"\ntune = { trials = 4 }", "kind = \"forest\"\nname = \"second\"\ntrees = 5"),
    );
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    desk.ok(&["predict", "out/model.esker", "glaciers.csv", "-o", "said.csv"]);
    let column = |file: &str, keep: &dyn Fn(&str) -> bool| -> Vec<Vec<f64>> {
        let text = desk.read(file);
        let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let places: Vec<usize> = (0..header.len()).filter(|&i| keep(header[i])).collect();
        lines.map(|cells| places.iter().map(|&i| cells[i].parse().unwrap()).collect()).collect()
    };
    let answers = column("said.csv", &|name| name == "dmdtda_predicted");
    for (words, columns) in [(vec![], 9), (vec!["--against", "glaciers.csv"], 9), (vec!["--pairs"], 9)] {
        let mut all = vec!["explain", "out/model.esker", "glaciers.csv", "-o", "why.csv"];
        all.extend(words);
        let said = desk.ok(&all);
        assert!(said.contains("244 rows explained") && said.contains("add up to the answer"), "{said}");
        let given = column("why.csv", &|name| name == "dmdtda_base" || name.starts_with("dmdtda_from_"));
        assert!(given[0].len() >= columns);
        for (given, answer) in given.iter().zip(&answers) {
            assert!((given.iter().sum::<f64>() - answer[0]).abs() < 1e-9, "{all:?}");
        }
    }
    let json: serde_json::Value =
        serde_json::from_str(&desk.ok(&["explain", "out/model.esker", "glaciers.csv", "-o", "why.csv", "--json"])).unwrap();
    assert_eq!((json["rows"].as_u64(), json["unit"].as_str()), (Some(244), Some("m w.e. yr-1")));
    // A model without trees says so.
    desk.write("flat.toml", RECIPE.replace("kind = \"boosting\"\ntrees = 20\nleaves = 6", "kind = \"linear\""));
    desk.ok(&["run", "flat.toml", "-o", "flat", "--quiet"]);
    let refused = desk.fails(&["explain", "flat/model.esker", "glaciers.csv", "-o", "no.csv"]);
    assert!(refused.contains("only models of trees") && !desk.path("no.csv").exists(), "{refused}");
}

#[test]
fn a_model_that_says_how_sure_it_is_says_so_of_new_rows() {
    let desk = Desk::new();
    for (settings, columns) in [
        ("kind = \"forest\"\ntrees = 30\nspread = \"jackknife\"\nout_of_bag = true", vec!["dmdtda_sd"]),
        ("kind = \"boosting\"\ntrees = 20\nspread = \"quantiles\"\nrising = \"snow\"", vec!["dmdtda_quantile_low", "dmdtda_quantile_high"]),
    ] {
        let recipe =
            RECIPE.replace("kind = \"mean\"", "kind = \"linear\"").replace("kind = \"boosting\"\ntrees = 20\nleaves = 6", settings);
        // Only the model at hand may be chosen.
        let (head, tail) = recipe.split_once("[[model]]").unwrap();
        let last = tail.rsplit("[[model]]").next().unwrap();
        desk.write("recipe.toml", format!("{head}[[model]]{last}"));
        desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
        desk.ok(&["predict", "out/model.esker", "glaciers.csv", "-o", "said.csv"]);
        let said = desk.read("said.csv");
        let header: Vec<&str> = said.lines().next().unwrap().split(',').collect();
        for column in columns {
            let at = header.iter().position(|h| *h == column).unwrap_or_else(|| panic!("{column} in {header:?}"));
            assert!(said.lines().skip(1).all(|l| l.split(',').nth(at).unwrap().parse::<f64>().unwrap().is_finite()));
        }
    }
}

#[test]
fn predictions_say_how_unlike_the_training_rows_a_row_is() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let record: serde_json::Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
    let area = &record["applicability"];
    let threshold = area["threshold"].as_f64().unwrap();
    assert!(threshold > 0.0 && area["rows"] == 244 && area["profiles"][0]["unit"] == "m w.e. yr-1", "{area}");
    assert!(area["weights"].as_array().unwrap().iter().all(|w| w[1].as_f64().unwrap() >= 0.0));
    let table = |file: &str| -> Vec<Vec<String>> { desk.read(file).lines().map(|l| l.split(',').map(str::to_owned).collect()).collect() };
    let column = |table: &[Vec<String>], name: &str| -> Vec<f64> {
        let at = table[0].iter().position(|h| h == name).unwrap_or_else(|| panic!("{name} in {:?}", table[0]));
        table[1..].iter().map(|r| r[at].parse().unwrap_or(f64::NAN)).collect()
    };
    // Held-out rows: the share outside is the record's.
    let held = table("out/predictions.csv");
    let outside = column(&held, "inside").iter().filter(|v| **v == 0.0).count();
    assert!((outside as f64 / 244.0 - area["outside"].as_f64().unwrap()).abs() < 1e-12);
    // The training rows again, one of them moved far away, one without a feature.
    let mut rows: Vec<Vec<String>> = GLACIERS.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect();
    let at = |name: &str| rows[0].iter().position(|h| h == name).unwrap();
    let (slope, temp) = (at("slope"), at("temp_06"));
    for column in rows[0].clone().iter().enumerate().filter(|(_, h)| h.starts_with("temp_")).map(|(i, _)| i) {
        rows[1][column] = "900".into();
    }
    rows[1][slope] = "-9000".into();
    rows[2][temp] = String::new();
    desk.write("new.csv", rows.iter().map(|r| r.join(",")).collect::<Vec<_>>().join("\n") + "\n");
    let out = desk.esker(&["predict", "out/model.esker", "new.csv", "-o", "said.csv"]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success() && said.contains("1 of 244 rows lie outside the area"), "{said}");
    let new = table("said.csv");
    let (index, density) = (column(&new, "dmdtda_dissimilarity"), column(&new, "dmdtda_point_density"));
    let (inside, error) = (column(&new, "dmdtda_inside"), column(&new, "dmdtda_expected_error"));
    assert!(index[0] > threshold && inside[0] == 0.0 && density[0] == 0.0 && error[0].is_nan());
    assert!([index[1], density[1], inside[1], error[1]].iter().all(|v| v.is_nan()));
    assert!(index[2..].iter().all(|v| *v == 0.0) && inside[2..].iter().all(|v| *v == 1.0));
    assert!(density[2..].iter().all(|v| *v >= 1.0) && error[2..].iter().all(|v| *v > 0.0 && *v < 5.0));
    desk.ok(&["explain", "out/model.esker", "new.csv", "-o", "why.csv", "--quiet"]);
    assert_eq!(column(&table("why.csv"), "dmdtda_inside")[0], 0.0);
}

#[test]
fn without_importance_features_weigh_alike_and_the_area_can_be_left_out() {
    let desk = Desk::new();
    desk.write("recipe.toml", RECIPE.replace("repeats = 2", "importance = false"));
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let record: serde_json::Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
    assert_eq!(record["applicability"]["weighted_by"], "all equal, as importance is off");
    assert!(record["applicability"]["weights"].as_array().unwrap().iter().all(|w| w[1] == 1.0));
    desk.write("recipe.toml", RECIPE.replace("repeats = 2", "repeats = 2\napplicability = false"));
    desk.ok(&["run", "recipe.toml", "-o", "off", "--quiet"]);
    let record: serde_json::Value = serde_json::from_str(&desk.read("off/record.json")).unwrap();
    assert!(record["applicability"].is_null());
    desk.ok(&["predict", "off/model.esker", "glaciers.csv", "-o", "said.csv"]);
    assert!(!desk.read("said.csv").contains("inside") && !desk.read("off/predictions.csv").contains("dissimilarity"));
    assert!(!desk.read("off/report.html").contains("id=\"applicability\""));
}

#[test]
fn a_run_that_was_killed_is_taken_up_by_the_same_command() {
    let desk = Desk::new();
    let tuned = "trees = 60\nleaves = 6\ntune = { trials = 12, search = { rate = [0.02, 0.3] } }";
    desk.write("recipe.toml", RECIPE.replace("trees = 20\nleaves = 6", tuned));
    desk.ok(&["run", "recipe.toml", "-o", "whole", "--quiet"]);
    let mut child = desk.command().args(["run", "recipe.toml", "-o", "out", "--quiet"]).spawn().unwrap();
    let journal = desk.path(".out.tuning");
    let asked = Instant::now();
    // Killed without a word once some fits are kept.
    while std::fs::read(&journal).map_or(0, |b| b.iter().filter(|c| **c == b'\n').count()) < 40 && asked.elapsed() < Duration::from_secs(60)
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!desk.path("out").exists() && journal.exists());
    let out = desk.esker(&["run", "recipe.toml", "-o", "out"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && said.contains("fits of tuning were taken up from a run that was stopped"), "{said}");
    for file in ["record.json", "model.esker", "predictions.csv", "report.html"] {
        assert!(desk.bytes(&format!("out/{file}")) == desk.bytes(&format!("whole/{file}")), "{file} differs");
    }
    assert!(!journal.exists());
    let page = desk.read("out/report.html");
    assert!(page.contains("What tuning gained") && page.contains("What tuning tried for boosting"));
}
