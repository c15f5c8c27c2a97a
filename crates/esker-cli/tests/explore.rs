//! `esker explore` as a user calls it: what it finds, what it must not accuse, and what it does with bad input.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use serde_json::Value;
use support::Desk;

const LANDSLIDES: &str = include_str!("../../../examples/landslides/landslides.csv");
const TERRAIN: &[u8] = include_bytes!("../../../examples/landslides/terrain.tif");
const CO2: &str = include_str!("data/co2.csv");
const SEATTLE: &str = include_str!("../../esker/tests/data/seattle.csv");
const WELLS: &str = include_str!("../../../examples/well-log-lithology/force2020_eight_wells.csv");

/// What was found, with the columns it is about: `copy a b`.
fn found(desk: &Desk, file: &str) -> Vec<String> {
    let told = explored(desk, file);
    let told = told["findings"].as_array().unwrap().iter();
    told.map(|f| {
        let columns = f["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap());
        std::iter::once(f["code"].as_str().unwrap()).chain(columns).collect::<Vec<_>>().join(" ")
    })
    .collect()
}

fn explored(desk: &Desk, file: &str) -> Value {
    let out = desk.ok(&["explore", file, "--json", "-o", "page.html"]);
    serde_json::from_str::<Value>(&out).unwrap()["exploration"].clone()
}

/// A page that stands alone: nothing to load, nothing that runs, small.
fn sound(page: &str) {
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.len() < 3 << 20, "{} bytes", page.len());
    assert!(!page.contains("<script") && !page.contains("src=\"http") && !page.contains("NaN"), "a script, a load or a NaN");
}

/// 400 days at a station, with one of every fault; the good columns are noise of a fixed seed.
fn planted() -> String {
    let mut text = String::from("sample_id,date,read,lon,lat,temp,share,depth,flow,twin,feet,same,mark,seen\n");
    let mut state = 9u64;
    let mut noise = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    for i in 0..400 {
        // Days 100 to 104 are not there.
        let day = i + if i >= 100 { 5 } else { 0 };
        let date = format!("20{:02}-{:02}-{:02}", 10 + day / 360, day / 30 % 12 + 1, day % 28 + 1);
        let (temp, share) = (5.0 + 10.0 * noise(), 0.2 + 0.6 * noise());
        let (depth, flow) = (300.0 + 200.0 * noise(), (100.0 * noise()).round() / 7.0);
        let temp = if i % 80 == 3 { temp + 273.15 } else { temp };
        let share = if i % 60 == 7 { 100.0 * share } else { share };
        let depth = if i % 90 == 5 { depth / 1000.0 } else { depth };
        let mark = if i % 100 == 9 { 999.0 } else { (20.0 * noise()).round() / 3.0 };
        let read = if i % 2 == 0 {
            format!("{:02}/{:02}/2010", i % 28 + 1, i % 12 + 1)
        } else {
            format!("{:02}/{:02}/2010", i % 12 + 1, i % 28 + 1)
        };
        let lat = if i == 50 { 146.9 } else { 46.9 + 0.01 * f64::from(i) };
        let feet = 3.28084 * flow;
        text.push_str(&format!(
            "{},{date},{read},{:.3},{lat:.3},{temp:.2},{share:.4},{depth:.3},{flow:.5},{flow:.5},{feet:.6},7,{mark:.4},{}\n",
            i + 1,
            10.7 + 0.013 * f64::from(i),
            i % 5
        ));
    }
    text
}

#[test]
fn planted_faults_are_found_each_with_its_rows() {
    let desk = Desk::new();
    desk.write("planted.csv", planted());
    let all = found(&desk, "planted.csv");
    for wanted in [
        "other-unit temp",
        "other-unit share",
        "other-unit depth",
        "missing-mark mark",
        "impossible-place lon lat",
        "mixed-dates read",
        "copy flow twin",
        "rescaled-copy flow feet",
        "constant same",
        "id-as-number sample_id",
    ] {
        assert!(all.iter().any(|f| f == wanted), "{wanted} is not among {all:#?}");
    }
    let told = explored(&desk, "planted.csv");
    let rows = |code: &str, column: &str| {
        let of = told["findings"].as_array().unwrap().iter().find(|f| f["code"] == code && f["columns"][0] == column).unwrap();
        of["rows"].as_array().unwrap().iter().map(|r| r.as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(rows("other-unit", "temp"), [4, 84, 164, 244, 324]);
    assert_eq!(rows("impossible-place", "lon"), [51]);
    sound(&desk.read("page.html"));
}

#[test]
fn rows_twice_and_gaps_are_found() {
    let desk = Desk::new();
    let rows: Vec<&str> = SEATTLE.lines().collect();
    let mut text = rows.join("\n");
    text.push('\n');
    // The last row once more; and ten days of spring left out.
    text.push_str(rows[rows.len() - 1]);
    desk.write("twice.csv", text);
    assert!(found(&desk, "twice.csv").iter().any(|f| f == "duplicate-rows"));
    let kept: Vec<&str> = rows.iter().enumerate().filter(|(i, _)| !(80..90).contains(i)).map(|(_, r)| *r).collect();
    desk.write("gap.csv", kept.join("\n"));
    let told = explored(&desk, "gap.csv");
    let gap = told["findings"].as_array().unwrap().iter().find(|f| f["code"] == "gaps").unwrap();
    assert!(gap["text"].as_str().unwrap().contains("10 steps missing"), "{gap}");
}

/// What real files of this project are told; a new finding among these is a new accusation.
#[test]
fn real_files_are_accused_of_nothing_foolish() {
    let desk = Desk::new();
    desk.write("landslides.csv", LANDSLIDES);
    desk.write("terrain.tif", TERRAIN);
    desk.write("co2.csv", CO2);
    desk.write("seattle.csv", SEATTLE);
    desk.write("wells.csv", WELLS);
    let all: Vec<(&str, Vec<String>)> =
        ["glaciers.csv", "landslides.csv", "terrain.tif", "co2.csv", "seattle.csv", "wells.csv"].map(|f| (f, found(&desk, f))).to_vec();
    insta::assert_debug_snapshot!(all);
    sound(&desk.read("page.html"));
}

/// pandas 3.1.1: `landslides[columns].corr()` and `.corr(method="spearman")`.
#[test]
fn correlations_are_those_of_pandas() {
    let desk = Desk::new();
    desk.write("landslides.csv", LANDSLIDES);
    let told = explored(&desk, "landslides.csv");
    let r = &told["correlations"];
    let names: Vec<&str> = r["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    let at = |kind: &str, a: &str, b: &str| {
        let place = |n: &str| names.iter().position(|c| *c == n).unwrap();
        r[kind][place(a) * names.len() + place(b)].as_f64().unwrap()
    };
    for (a, b, pearson, spearman) in [
        ("cplan", "slope", -0.12017300653342979, -0.13676223177503236),
        ("cprof", "cplan", 0.40888372851425026, 0.5333667143685205),
        ("elev", "slope", 0.21413003760201368, 0.23275687140399345),
        ("elev", "cplan", -0.0010698913466560987, 0.005624863030932689),
        ("log10_carea", "cprof", -0.5919017122411565, -0.491463346028016),
    ] {
        assert!((at("pearson", a, b) - pearson).abs() < 1e-10, "{a} {b}");
        assert!((at("spearman", a, b) - spearman).abs() < 1e-10, "{a} {b}");
    }
}

#[test]
fn the_page_goes_to_the_current_folder_and_takes_the_place_of_an_earlier_one() {
    let desk = Desk::new();
    let said = desk.ok(&["explore", "glaciers.csv"]);
    assert!(said.contains("glaciers.explore.html"), "{said}");
    let page = desk.read("glaciers.explore.html");
    sound(&page);
    for part in ["What looks wrong", "What it holds", "How values are spread", "In space", "Columns together"] {
        assert!(page.contains(part), "{part}");
    }
    desk.ok(&["explore", "glaciers.csv"]);
    assert_eq!(page, desk.read("glaciers.explore.html"), "the same file gives the same page");
    assert_eq!(page, {
        desk.ok(&["explore", "glaciers.csv", "--threads", "1"]);
        desk.read("glaciers.explore.html")
    });
}

#[test]
fn a_recipe_shows_its_rows_target_first_and_never_those_it_locks() {
    let desk = Desk::new();
    let told = explored(&desk, "recipe.toml");
    assert_eq!(told["recipe"]["target"], "dmdtda");
    assert_eq!(told["rows"], 244);
    assert_eq!(told["scatter"]["columns"][0]["name"], "dmdtda");
    assert!(told["relations"].as_array().unwrap().len() > 3);
    assert!(told["columns"].as_array().unwrap().iter().all(|c| c["name"] != "name"), "a column without a role");
    let with_place = desk.read("recipe.toml").replace("features = [", "features = [\"lon\", \"lat\", ");
    desk.write("place.toml", with_place);
    assert!(!found(&desk, "place.toml").iter().any(|f| f.contains("copy")), "a column is no copy of itself");
    let recipe = desk.read("recipe.toml").replace("[validate]\n", "[validate]\nfinal = { by = \"group\", share = 0.25 }\n");
    desk.write("locked.toml", recipe);
    let told = explored(&desk, "locked.toml");
    let locked = told["recipe"]["locked"].as_u64().unwrap();
    assert!(locked > 30 && told["rows"].as_u64().unwrap() + locked <= 244, "{locked}");
    sound(&desk.read("page.html"));
}

#[test]
fn bad_input_is_refused_or_borne() {
    let desk = Desk::new();
    desk.write("empty.csv", "");
    desk.write("header.csv", "a,b\n");
    desk.write("one.csv", "a\n1\n2\n3\n");
    desk.write("gone.csv", "a,b,c\nNA,,\nNA,,\nNA,,\n");
    desk.write("row.csv", "a,b\n1,x\n");
    let wide: Vec<String> = (0..10_000).map(|i| format!("c{i}")).collect();
    let row = |k: usize| (0..10_000).map(|i| ((i * 7919 + k * 104_729) % 1009).to_string()).collect::<Vec<_>>().join(",");
    desk.write("wide.csv", format!("{}\n{}\n", wide.join(","), (0..12).map(row).collect::<Vec<_>>().join("\n")));
    assert_eq!(desk.esker(&["explore", "empty.csv"]).status.code(), Some(4));
    assert_eq!(desk.esker(&["explore", "nowhere.csv"]).status.code(), Some(6));
    assert!(!desk.path("empty.explore.html").exists());
    for file in ["one.csv", "gone.csv", "row.csv", "wide.csv"] {
        desk.ok(&["explore", file, "-o", "page.html"]);
        sound(&desk.read("page.html"));
    }
    assert!(found(&desk, "gone.csv").contains(&"empty a b c".to_owned()));
    assert!(explored(&desk, "wide.csv")["sampled"][0].as_str().unwrap().contains("10,000 columns"));
}

#[test]
fn hostile_names_are_text() {
    let desk = Desk::new();
    let evil = "<script>alert(1)</script>";
    let mut text = format!("\"{evil}\",\"b\"\"onload=x\",\"lon\",lat,\"c</svg>\"\n");
    for i in 0..60 {
        text.push_str(&format!(
            "{},{},{},{},\"<img src=x>{}\"\n",
            i * i % 17,
            i * 7 % 23,
            10.0 + f64::from(i) / 50.0,
            46.0 + f64::from(i * i % 13) / 60.0,
            i % 3
        ));
    }
    desk.write("evil.csv", text);
    desk.ok(&["explore", "evil.csv", "-o", "page.html"]);
    let page = desk.read("page.html");
    sound(&page);
    assert!(page.contains("&lt;script&gt;") && !page.contains("<img") && !page.contains("\"onload") && !page.contains("c</svg>"));
}
