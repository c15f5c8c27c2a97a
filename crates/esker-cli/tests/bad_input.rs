//! Every bad input a user is likely to meet, with the reviewed wording of its message.

mod support;

use std::fmt::Write as _;

use support::{Desk, GLACIERS, RECIPE};

/// A page of cases: what was wrong, and what the command said.
struct Page(String);

impl Page {
    fn add(&mut self, case: &str, said: &str) {
        let _ = writeln!(self.0, "## {case}\n{said}\n");
    }

    /// `esker check` with another table.
    fn table(&mut self, case: &str, table: impl AsRef<[u8]>) {
        let desk = Desk::new();
        desk.write("glaciers.csv", table);
        self.add(case, &desk.fails(&["check", "recipe.toml"]));
    }

    /// `esker check` with another recipe.
    fn recipe(&mut self, case: &str, recipe: &str) {
        let desk = Desk::new();
        desk.write("recipe.toml", recipe);
        self.add(case, &desk.fails(&["check", "recipe.toml"]));
    }
}

fn with(old: &str, new: &str) -> String {
    assert!(RECIPE.contains(old), "the recipe lacks {old}");
    RECIPE.replacen(old, new, 1)
}

/// The table with the cell of a data row (from 1) and column changed.
fn cell(row: usize, column: &str, text: &str) -> String {
    let mut lines: Vec<String> = GLACIERS.lines().map(str::to_owned).collect();
    let at = lines[0].split(',').position(|c| c == column).expect("the table has the column");
    let mut cells: Vec<&str> = lines[row].split(',').collect();
    cells[at] = text;
    lines[row] = cells.join(",");
    lines.join("\n") + "\n"
}

fn each_cell(column: &str, f: impl Fn(&str) -> String) -> String {
    let mut lines: Vec<String> = GLACIERS.lines().map(str::to_owned).collect();
    let at = lines[0].split(',').position(|c| c == column).expect("the table has the column");
    for line in lines.iter_mut().skip(1) {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[at] = f(&cells[at]);
        *line = cells.join(",");
    }
    lines.join("\n") + "\n"
}

#[test]
fn tables_that_cannot_be_read() {
    let mut page = Page(String::new());
    let desk = Desk::new();
    std::fs::remove_file(desk.path("glaciers.csv")).unwrap();
    page.add("missing file", &desk.fails(&["check", "recipe.toml"]));
    page.table("empty file", "");
    page.table("header only", GLACIERS.lines().next().unwrap());
    page.table("ragged row", GLACIERS.replacen("\nRGI60-08.00029,", "\nRGI60-08.00029,extra,", 1));
    page.table("text in a number column", cell(5, "slope", "steep"));
    page.table("duplicate column names", GLACIERS.replacen("zmed", "slope", 1));
    let mut bytes = GLACIERS.as_bytes().to_vec();
    bytes[500] = 0xE9;
    page.table("bytes that are not UTF-8", bytes);
    page.table("infinite value", cell(3, "PDD", "inf"));
    page.table("a line without end", format!("{}\n{}", GLACIERS.lines().next().unwrap(), "9".repeat(20 << 20)));
    insta::assert_snapshot!(page.0);
}

#[test]
fn tables_that_do_not_fit_the_recipe() {
    let mut page = Page(String::new());
    page.table("all-missing target", each_cell("dmdtda", |_| "NA".into()));
    page.table("constant target", each_cell("dmdtda", |_| "1.5".into()));
    page.table("all-missing column", each_cell("zmed", |_| String::new()));
    page.table("latitude out of range", cell(2, "lat", "97.1"));
    page.table("place missing", cell(2, "lat", ""));
    page.recipe("lon and lat swapped", &with("x = \"lon\", y = \"lat\"", "x = \"lat\", y = \"zmed\""));
    page.recipe("degrees called metres", &with("EPSG:4326", "EPSG:32633"));
    page.recipe("time that does not parse", &with("group = \"rgi_id\"", "group = \"rgi_id\"\ntime = \"period\""));
    page.recipe(
        "standard errors of zero",
        &with("error = \"err_dmdtda\"", "weight = { error = \"lat\" }")
            .replacen("[data.derive]", "[data.derive]\nzero = \"lat - lat\"", 1)
            .replacen("error = \"lat\"", "error = \"zero\"", 1),
    );
    page.recipe("a filter that leaves nothing", &with("source = \"glaciers.csv\"", "source = \"glaciers.csv\"\nfilter = \"area > 1e9\""));
    page.recipe("a class no row has", &with("[data.units]", "[data.keep]\nperiod = [\"1990-2000\"]\n\n[data.units]"));
    insta::assert_snapshot!(page.0);
}

#[test]
fn recipes_with_faults() {
    let mut page = Page(String::new());
    page.recipe("not TOML", "title = \"x\n");
    page.recipe("unknown key", &with("folds = 4", "fold = 4"));
    page.recipe("unknown table", &with("[explain]", "[explian]"));
    page.recipe("target missing in the recipe", &with("target = { column = \"dmdtda\", unit = \"m w.e. yr-1\" }\n", ""));
    page.recipe("target missing in the table", &with("column = \"dmdtda\"", "column = \"dmdtd\""));
    page.recipe("target among the features", &with("\"slope\", ", "\"slope\", \"dmdtda\", "));
    page.recipe("reported error among the features", &with("\"slope\", ", "\"slope\", \"err_dmdtda\", "));
    page.recipe("feature that matches nothing", &with("\"temp_*\"", "\"tmp_*\""));
    page.recipe("unknown model kind", &with("kind = \"boosting\"", "kind = \"bosting\""));
    page.recipe("model that does not take the target", &with("kind = \"boosting\"\ntrees = 20\nleaves = 6", "kind = \"logistic\""));
    page.recipe("value against its rule", &with("trees = 20", "trees = -3"));
    page.recipe("unknown design", &with("design = \"group\"", "design = \"spatial\""));
    page.recipe("group design without groups", &with("group = \"rgi_id\"\n", ""));
    page.recipe("more folds than groups", &with("folds = 4\n", "folds = 10\ngroup = \"band\"\n"));
    page.recipe("metric of the other kind", &with("folds = 4\n", "folds = 4\nmetric = \"accuracy\"\n"));
    page.recipe("CRS left out", &with(", crs = \"EPSG:4326\"", ""));
    page.recipe("expression that cannot be read", &with("ln(area)", "ln(area"));
    page.recipe("expression of a column that is not there", &with("ln(area)", "ln(aera)"));
    page.recipe(
        "unit against the file's own",
        &with("\"m w.e. yr-1\" }", "\"m w.e. yr-1\" }\nweight = { error = \"err_dmdtda\", column = \"area\" }"),
    );
    let many = RECIPE.replacen("design = \"group\"", "design = \"grup\"", 1).replacen("kind = \"ridge\"", "kind = \"rigde\"", 1).replacen(
        "trees = 20",
        "tress = 20",
        1,
    );
    page.recipe("several faults at once", &many);
    insta::assert_snapshot!(page.0);
}

#[test]
fn a_class_seen_once_is_noted_and_the_run_goes_on() {
    let desk = Desk::new();
    desk.write("glaciers.csv", cell(9, "period", "1990-2000"));
    desk.write(
        "recipe.toml",
        RECIPE
            .replace("{ column = \"dmdtda\", unit = \"m w.e. yr-1\" }", "\"period\"")
            .replace("error = \"err_dmdtda\"\n", "")
            .replace(", \"period\"]", "]")
            .replace("kind = \"ridge\"", "kind = \"logistic\""),
    );
    let said = desk.ok(&["check", "recipe.toml"]);
    let said: Vec<&str> = said.lines().filter(|l| l.contains("1990-2000")).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    alarm: '1990-2000' is seen once: the row is learned from or tested, never both, so nothing can be claimed. Merge it with another class or filter the row.
    warning: Tested where no training row has the class: '1990-2000' (1 row in 1 fold). No model can get these rows right; the design asks for a class it has never shown.
    ");
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
}

#[test]
fn tuning_that_cannot_be() {
    let mut page = Page(String::new());
    let mut tune = |case: &str, tune: &str| {
        page.recipe(case, &with("trees = 20\nleaves = 6", &format!("trees = 20\nleaves = 6\n{tune}")));
    };
    tune("low above high", "tune = { search = { rate = [0.3, 0.01] } }");
    tune("low equal to high", "tune = { search = { leaves = [8, 8] } }");
    tune("an end against the rule", "tune = { search = { rate = [0.01, 3.0] } }");
    tune("zero where the logarithm is searched", "tune = { search = { lambda = [0, 10] } }");
    tune("three numbers", "tune = { search = { leaves = [8, 16, 32] } }");
    tune("words for a number", "tune = { search = { leaves = [\"few\", \"many\"] } }");
    tune("a parameter that is not there", "tune = { search = { rat = [0.01, 0.3] } }");
    tune("a method that is not there", "tune = { method = \"grid\" }");
    tune("no time at all", "tune = { minutes = 0 }");
    tune("a search of what early stopping decides", "early_stopping = 5\ntune = { search = { trees = [10, 90] } }");
    tune("a key that is not there", "tune = { trails = 8 }");
    let other = |kind: &str| with("kind = \"boosting\"\ntrees = 20\nleaves = 6", kind);
    page.recipe("an unknown word", &other("kind = \"neighbours\"\ntune = { search = { weighting = [\"uniform\", \"nearest\"] } }"));
    page.recipe("a word alone", &other("kind = \"neighbours\"\ntune = { search = { weighting = [\"uniform\"] } }"));
    page.recipe("a model without settings", &other("kind = \"linear\"\ntune = { trials = 4 }"));
    page.recipe("early stopping of a model without steps", &other("kind = \"neighbours\"\nearly_stopping = 10"));
    insta::assert_snapshot!(page.0);
}

#[test]
fn models_that_cannot_be_trusted() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let good = desk.bytes("out/model.esker");
    let mut page = Page(String::new());
    let mut case = |name: &str, bytes: &[u8]| {
        desk.write("bad.esker", bytes);
        let said = desk.fails(&["predict", "bad.esker", "glaciers.csv", "-o", "out.csv"]);
        // The number of bytes is the model's own affair.
        let said = said.replace(&format!("{} bytes", bytes.len()), "[N] bytes");
        page.add(name, &said);
    };
    case("not a model", b"rgi_id,area\n1,2\n");
    case("truncated", &good[..good.len() - 1000]);
    case("truncated in the header", &good[..14]);
    let mut changed = good.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    case("tampered", &changed);
    let mut newer = good.clone();
    newer[8] = 9;
    case("newer version", &newer);
    desk.write("short.csv", "rgi_id,area\nx,1\n");
    page.add("new rows lack a column", &desk.fails(&["predict", "out/model.esker", "short.csv", "-o", "out.csv"]));
    desk.write("class.csv", cell(4, "period", "2020-2030"));
    page.add("new rows with a class never seen", &desk.fails(&["predict", "out/model.esker", "class.csv", "-o", "out.csv"]));
    page.add("output of an unknown kind", &desk.fails(&["predict", "out/model.esker", "glaciers.csv", "-o", "out.xlsx"]));
    assert!(!desk.path("out.csv").exists(), "a failed prediction leaves no file");
    insta::assert_snapshot!(page.0);
}

#[test]
fn hostile_model_bytes_never_panic() {
    let desk = Desk::new();
    desk.ok(&["run", "recipe.toml", "-o", "out", "--quiet"]);
    let good = desk.bytes("out/model.esker");
    for cut in [0, 7, 8, 11, 12, 19, 20, 21, good.len() / 3, good.len() - 1] {
        desk.write("bad.esker", &good[..cut]);
        let said = desk.fails(&["predict", "bad.esker", "glaciers.csv", "-o", "out.csv"]);
        assert!(said.starts_with("exit 5"), "{cut}: {said}");
    }
}
