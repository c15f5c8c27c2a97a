//! The final hold-out as a user meets it: run, open, open again, run again.

mod support;

use std::fmt::Write as _;

use serde_json::Value;
use support::{Desk, GLACIERS, RECIPE};

const LOCK: &str = "folds = 4\nfinal = { by = \"group\", share = 0.2 }\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("recipe.toml", RECIPE.replace("folds = 4\n", LOCK));
    desk
}

fn json(desk: &Desk, file: &str) -> Value {
    serde_json::from_str(&desk.read(file)).expect("it is JSON")
}

fn alarms(record: &Value) -> Vec<&str> {
    record["notes"].as_array().expect("notes").iter().filter(|n| n["weight"] == "alarm").filter_map(|n| n["code"].as_str()).collect()
}

#[test]
fn run_open_open_again_run_again() {
    let desk = desk();
    let said = desk.esker(&["run", "recipe.toml", "-o", "out"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("rows locked for one final test"));
    let record = json(&desk, "out/record.json");
    let locked = record["data"]["locked"]["rows"].as_u64().expect("rows are locked");
    assert_eq!(record["data"]["rows_used"].as_u64().expect("rows") + locked, 244);
    assert!((40..=60).contains(&locked), "{locked} locked");
    let page = desk.read("out/report.html");
    assert!(page.contains("esker open recipe.toml") && page.contains("whole groups of rgi_id"), "the page tells of the lock");
    assert!(!desk.path("out/final.json").exists() && !desk.path("recipe.opened.json").exists());

    let before = (desk.bytes("out/record.json"), desk.bytes("out/model.esker"));
    let said = desk.ok(&["open", "recipe.toml", "--run", "out"]);
    assert!(said.contains("On the locked rows") && said.contains("cross-validation had said") && !said.contains("alarm"), "{said}");
    let first = json(&desk, "out/final.json");
    assert_eq!((&first["number"], &first["earlier"]), (&1.into(), &Value::Array(Vec::new())));
    assert_eq!(first["locked"]["rows"].as_u64(), Some(locked));
    let at = first["at"].as_str().expect("a time").to_owned();
    assert!(at.len() == 20 && at.ends_with('Z'), "{at}");
    let coverage = first["coverage"]["locked"].as_f64().expect("a coverage");
    assert!((0.5..=1.0).contains(&coverage), "{coverage}");
    let ends = &first["interval"]["interval"];
    let rmse = first["scores"].as_array().expect("scores").iter().find(|s| s["metric"] == "rmse").and_then(|s| s["locked"].as_f64());
    let rmse = rmse.expect("a score");
    assert!(ends[0].as_f64() < Some(rmse) && ends[1].as_f64() > Some(rmse), "{rmse} {ends}");
    assert!((desk.bytes("out/record.json"), desk.bytes("out/model.esker")) == before, "the record stays as it was");
    let opened = desk.read("out/report.html");
    assert!(opened.contains("On the locked rows") && opened.contains("for the first time") && !opened.contains("esker open recipe.toml"));
    // Nothing but the one part is drawn anew.
    let without = |page: &str| {
        let start = page.find("<section id=\"final\"").expect("the part");
        let end = start + page[start..].find("</section>").expect("its end");
        format!("{}{}", &page[..start], &page[end..])
    };
    assert_eq!(without(&page), without(&opened));

    let again = desk.ok(&["open", "recipe.toml", "--run", "out"]);
    assert!(again.contains("Opened for the 2nd time: since the first opening"), "{again}");
    assert!(again.contains("no longer of an unseen test") && again.contains(&at), "{again}");
    let second = json(&desk, "out/final.json");
    assert_eq!((&second["number"], &second["earlier"][0]["at"]), (&2.into(), &Value::String(at.clone())));
    assert_eq!(second["scores"], first["scores"], "the same model on the same rows");
    assert!(desk.read("out/report.html").contains("Opened for the 2nd time"));

    // The very same run: the record is the same, and the page still says that it was opened.
    let said = desk.esker(&["run", "recipe.toml", "-o", "out"]);
    assert!(desk.bytes("out/record.json") == before.0);
    assert!(desk.read("out/report.html").contains("Opened for the 2nd time"));
    assert_eq!(json(&desk, "out/final.json"), second);
    assert!(String::from_utf8_lossy(&said.stderr).contains("was opened for this very model at"));
}

#[test]
fn whoever_has_seen_the_score_is_told_so() {
    let desk = desk();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    desk.ok(&["open", "recipe.toml", "--run", "out", "--quiet"]);
    // Another recipe, by another name, and even with another share: some of its rows have been seen.
    let other = RECIPE.replace("trees = 20", "trees = 30");
    desk.write("second.toml", other.replace("folds = 4\n", LOCK));
    desk.write("third.toml", other.replace("folds = 4\n", &LOCK.replace("0.2", "0.4")));
    for (recipe, rows) in [("second.toml", "all "), ("third.toml", " of the ")] {
        let said = desk.esker(&["check", recipe]);
        let said = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
        assert!(said.contains("of the final hold-out were opened by another recipe before this run") && said.contains(rows), "{said}");
    }
    desk.ok(&["run", "second.toml", "-o", "second", "--quiet"]);
    assert!(alarms(&json(&desk, "second/record.json")).contains(&"final-opened"));
    let said: Value = serde_json::from_str(&desk.ok(&["open", "second.toml", "--run", "second", "--json"])).expect("it is JSON");
    assert_eq!(said["opening"]["number"], 2);
    assert!(said["spoiled"].as_str().is_some_and(|s| s.contains("2nd time")), "{said}");
    assert!(desk.path("second.opened.json").exists());
    // What was opened first stays what it was.
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    assert!(!alarms(&json(&desk, "out/record.json")).contains(&"final-opened"));
    // Another seed is another run on the same rows.
    desk.ok(&["run", "recipe.toml", "-o", "seed", "--seed", "8", "--quiet"]);
    assert!(alarms(&json(&desk, "seed/record.json")).contains(&"final-opened"));
    let said = desk.ok(&["open", "recipe.toml", "--run", "seed"]);
    assert!(said.contains("3rd time"), "{said}");
    let audit = desk.esker(&["audit", "second.toml"]);
    assert_eq!(audit.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&audit.stdout).contains("final-opened")
            || String::from_utf8_lossy(&audit.stdout).contains("no longer unseen")
    );
}

/// The glacier that is locked has a class that no other row has, in a feature and in the target.
#[test]
fn classes_that_only_locked_rows_have_are_missed_and_told() {
    let desk = desk();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let seen: Vec<String> =
        desk.read("out/predictions.csv").lines().skip(1).map(|l| l.split(',').next().unwrap_or("").to_owned()).collect();
    let mut lines: Vec<String> = GLACIERS.lines().map(str::to_owned).collect();
    lines[0].push_str(",rock,facies");
    for (i, line) in lines.iter_mut().enumerate().skip(1) {
        let locked = !seen.contains(&i.to_string());
        let (rock, facies) = if locked { ("tuff", "scree") } else { (["chalk", "marl"][i % 2], ["ice", "firn"][i / 3 % 2]) };
        line.push_str(&format!(",{rock},{facies}"));
    }
    desk.write("glaciers.csv", lines.join("\n") + "\n");
    let recipe =
        desk.read("recipe.toml").replace("\"period\"]", "\"period\", \"rock\"]").replace("kind = \"ridge\"", "kind = \"logistic\"");
    let recipe = recipe.replace("{ column = \"dmdtda\", unit = \"m w.e. yr-1\" }", "{ column = \"facies\", kind = \"class\" }");
    desk.write("recipe.toml", recipe.replace("error = \"err_dmdtda\"\n", ""));
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    assert!(!desk.read("out/record.json").contains("tuff") && !desk.read("out/record.json").contains("scree"));
    desk.ok(&["open", "recipe.toml", "--run", "out", "--quiet"]);
    let opening = json(&desk, "out/final.json");
    let notes: Vec<&str> = opening["notes"].as_array().expect("notes").iter().filter_map(|n| n["text"].as_str()).collect();
    assert!(notes.iter().any(|n| n.contains("'rock'")) && notes.iter().any(|n| n.contains("'scree'")), "{notes:?}");
    let accuracy = opening["scores"].as_array().expect("scores").iter().find(|s| s["metric"] == "accuracy").expect("it is scored");
    assert_eq!(accuracy["locked"], 0.0, "a class never seen is never said");
}

#[test]
fn a_lock_that_cannot_be_is_refused() {
    let mut page = String::new();
    let mut add = |case: &str, said: &str| {
        let _ = writeln!(page, "## {case}\n{said}\n");
    };
    let lock = |last: &str| RECIPE.replace("folds = 4\n", &format!("folds = 4\nfinal = {last}\n"));
    let few = |n: usize| GLACIERS.lines().take(n).collect::<Vec<_>>().join("\n") + "\n";
    for (case, recipe) in [
        ("a share that locks too few rows", lock("{ by = \"random\", share = 0.01 }")),
        ("a buffer that leaves too few rows", lock("{ by = \"random\", share = 0.2, buffer = 900 }")),
        ("the last times, without times", lock("\"time\"")),
        (
            "groups, without groups",
            lock("\"group\"")
                .replace("group = \"rgi_id\"\n", "")
                .replace("design = \"group\"", "design = \"random\"")
                .replace("compare = [\"random\"]\n", ""),
        ),
        ("blocks, without a size", lock("\"block\"")),
        ("a unit that is not known", lock("\"glacier\"")),
        ("a key that is not known", lock("{ by = \"random\", part = 0.2 }")),
        ("a share beyond its bounds", lock("{ share = 1.5 }")),
        ("a number", lock("0.2")),
        ("a column of groups that is not there", lock("{ by = \"group\", group = \"basin\" }")),
    ] {
        let desk = Desk::new();
        desk.write("recipe.toml", recipe);
        add(case, &desk.fails(&["check", "recipe.toml"]));
    }
    let desk = Desk::new();
    desk.write("recipe.toml", lock("{ by = \"group\", group = \"band\" }").replace("2 * floor(lat / 2)", "floor(lat / 66)"));
    add("two groups", &desk.fails(&["check", "recipe.toml"]));
    let desk = Desk::new();
    desk.write("recipe.toml", lock("\"random\""));
    desk.write("glaciers.csv", few(25));
    add("few rows", &desk.fails(&["check", "recipe.toml"]));
    insta::assert_snapshot!(page);
}

#[test]
fn an_opening_that_cannot_be_is_refused() {
    let mut page = String::new();
    let mut add = |case: &str, said: &str| {
        let _ = writeln!(page, "## {case}\n{said}\n");
    };
    let desk = desk();
    let open = ["open", "recipe.toml", "--run", "out"];
    add("no run", &desk.fails(&open));
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let recipe = desk.read("recipe.toml");
    desk.write("recipe.toml", recipe.replace("trees = 20", "trees = 25"));
    add("another recipe", &desk.fails(&open));
    desk.write("recipe.toml", &recipe);
    desk.write("glaciers.csv", GLACIERS.replacen("0.", "1.", 1));
    add("other data", &desk.fails(&open));
    desk.write("glaciers.csv", GLACIERS);
    let model = desk.bytes("out/model.esker");
    desk.write("out/model.esker", &model[..20_000]);
    add("a damaged model", &desk.fails(&open));
    desk.write("out/model.esker", &model);
    desk.write("recipe.opened.json", "{ \"format\": 1, \"openings\": [");
    add("a damaged ledger", &desk.fails(&open));
    desk.write("recipe.opened.json", "{ \"format\": 9, \"openings\": [] }");
    add("a ledger of a newer version", &desk.fails(&["check", "recipe.toml"]));
    std::fs::remove_file(desk.path("recipe.opened.json")).expect("it can be removed");
    let record = desk.read("out/record.json");
    desk.write("out/record.json", record.replacen("whole groups of rgi_id", "whole groups of basin", 1));
    add("another lock", &desk.fails(&open));
    desk.write("out/record.json", "{}");
    add("a damaged record", &desk.fails(&open));
    assert!(!desk.path("recipe.opened.json").exists() && !desk.path("out/final.json").exists(), "nothing was opened");
    desk.write("recipe.toml", RECIPE);
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    add("a recipe without a lock", &desk.fails(&open));
    insta::assert_snapshot!(page);
}
