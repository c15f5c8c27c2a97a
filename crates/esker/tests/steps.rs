//! Steps of a recipe: against pandas, xarray and xclim on real series and grids, and refused with numbers where they cannot be done.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use esker::{Context, Plan, Prepared, Recipe, Table};
use esker_core::cube::{Attribute, Attributes, Axis, AxisKind, Blocks, Cube, Holds, Labels, Variable, Window};
use esker_core::{Calendar, Crs, Unit};
use insta::assert_snapshot;
use serde_json::Value;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Reference numbers of tests/data/steps/make_reference.py.
fn reference() -> Value {
    serde_json::from_str(&std::fs::read_to_string(here("tests/data/steps/reference.json")).unwrap()).unwrap()
}

/// A folder with tables, and the recipe text round some steps.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| std::fs::write(desk.0.path().join(name), text).unwrap());
        desk
    }

    fn try_prepare(&self, source: &str, steps: &str) -> Result<Prepared, String> {
        let text = recipe(source, "", steps);
        let recipe = Recipe::parse("recipe.toml", &text).map_err(|e| e.to_string())?;
        recipe.prepare(self.0.path(), None, &Context::new(0, 2)).map_err(|e| e.to_string())
    }

    fn prepare(&self, source: &str, steps: &str) -> Prepared {
        self.try_prepare(source, steps).unwrap()
    }

    fn refused(&self, source: &str, steps: &str) -> String {
        self.try_prepare(source, steps).unwrap_err().to_string()
    }
}

fn recipe(source: &str, data: &str, steps: &str) -> String {
    format!(
        "[data]\nsource = \"{source}\"\n{data}\n{steps}\n[roles]\ntarget = \"y\"\ntime = \"date\"\nplace = {{ x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }}\n\
         [validate]\ndesign = \"random\"\nfolds = 3\n[[model]]\nkind = \"linear\"\n"
    )
}

/// Daily weather of Seattle with a mean temperature, through some steps.
fn seattle(steps: &str) -> Prepared {
    let text = recipe("seattle.csv", "units = { precipitation = \"mm\", temp_max = \"degC\" }", steps);
    Recipe::parse("recipe.toml", &text).unwrap().prepare(&here("tests/data"), None, &Context::new(0, 2)).unwrap()
}

fn reals<'t>(table: &'t Table, name: &str) -> &'t [f64] {
    table.column(name).unwrap().reals().unwrap()
}

/// Holds a column against reference numbers by the names of its rows; `short` are rows that the calendar cuts and that are missing here.
fn hold(table: &Table, column: &str, names: &[String], expected: &Value, short: &[&str]) {
    let expected: BTreeMap<&str, f64> =
        expected.as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.as_f64().unwrap_or(f64::NAN))).collect();
    assert_eq!(names.len(), expected.len());
    for (name, got) in names.iter().zip(reals(table, column)) {
        if short.contains(&name.as_str()) {
            assert!(got.is_nan(), "{column} {name}: {got} of a part of the span");
        } else {
            let want = expected[name.as_str()];
            assert!((got - want).abs() <= 1e-9 * want.abs().max(1e-3), "{column} {name}: {got} and {want}");
        }
    }
}

fn years(table: &Table) -> Vec<String> {
    reals(table, "year").iter().map(f64::to_string).collect()
}

#[test]
fn periods_are_those_of_pandas() {
    let r = reference();
    let mean = "[data.derive]\n[[data.step]]\nkind = \"aggregate\"\n";
    let seasons = seattle(&format!("{mean}period = \"season\"\ntake.temp_max = \"mean\"\ntake.temp_min = \"mean\""));
    let season = seasons.table.column("season").unwrap().classes().unwrap().clone();
    let names: Vec<String> = years(&seasons.table).iter().enumerate().map(|(i, y)| format!("{y}-{}", season.label(i).unwrap())).collect();
    // The mean of both means is the mean of the daily means.
    let mut table = seasons.table.clone();
    let tas = reals(&table, "temp_max").iter().zip(reals(&table, "temp_min")).map(|(a, b)| (a + b) / 2.0).collect();
    table.put(esker_core::Column::real("tas", "degC", tas)).unwrap();
    // January 2012 is no whole winter, nor is December 2015.
    hold(&table, "tas", &names, &r["season_mean"], &["2012-DJF", "2016-DJF"]);

    let months = seattle(&format!("{mean}period = \"month\"\ntake.temp_max = \"max\""));
    let names: Vec<String> = years(&months.table).iter().zip(reals(&months.table, "month")).map(|(y, m)| format!("{y}-{m:02}")).collect();
    hold(&months.table, "temp_max", &names, &r["month_max"], &[]);

    let hydrological = seattle(&format!("{mean}period = \"hydrological-year\"\ntake.precipitation = \"sum\""));
    hold(&hydrological.table, "precipitation", &years(&hydrological.table), &r["hydrological_sum"], &["2012", "2016"]);

    let ten = seattle("[[data.step]]\nkind = \"resample\"\nstep = \"10 d\"\nshare = 0.1\ntake.wind = \"mean\"");
    let names: Vec<String> = reals(&ten.table, "date").iter().map(|d| esker_io::time::format_date(*d)).collect();
    hold(&ten.table, "wind", &names, &r["ten_days"], &[]);
}

#[test]
fn degree_days_snow_and_rain_are_those_of_xclim() {
    let r = reference();
    let tas = std::fs::read_to_string(here("tests/data/seattle.csv")).unwrap();
    let mut text = String::from("date,pr,tas\n");
    for line in tas.lines().skip(1) {
        let c: Vec<&str> = line.split(',').collect();
        let mean = (c[2].parse::<f64>().unwrap() + c[3].parse::<f64>().unwrap()) / 2.0;
        // Kelvin, to be converted.
        text += &format!("{},{},{}\n", c[0], c[1], mean + 273.15);
    }
    let desk = Desk::new(&[("weather.csv", &text)]);
    let steps = "[[data.step]]\nkind = \"join\"\nsource = \"weather.csv\"\nby = \"date\"\nprefix = \"k_\"\nunits = { tas = \"K\", pr = \"mm\" }\n\
         [[data.step]]\nkind = \"degree-days\"\nof = \"k_tas\"\nabove = 5\nname = \"gdd\"\n\
         [[data.step]]\nkind = \"degree-days\"\nof = \"k_tas\"\nname = \"pdd\"\n\
         [[data.step]]\nkind = \"snow-rain\"\nof = \"k_pr\"\ntemperature = \"k_tas\"\n\
         [[data.step]]\nkind = \"aggregate\"\nperiod = \"hydrological-year\"\ntake = { gdd = \"sum\", pdd = \"sum\", snow = \"sum\", rain = \"sum\" }\n";
    let made = desk.prepare("weather.csv", steps);
    let names = years(&made.table);
    for (column, key) in [("gdd", "growing_degree_days"), ("pdd", "positive_degree_days"), ("snow", "snow"), ("rain", "rain")] {
        hold(&made.table, column, &names, &r[key], &["2012", "2016"]);
    }
    assert_eq!(made.table.column("gdd").unwrap().unit.as_str(), "degC d");
    assert!(made.notes.iter().any(|n| n.code == "unit-converted"));
}

#[test]
fn grids_are_sampled_as_xarray_does() {
    let r = reference();
    let mut text = String::from("name,year,lon,lat,height,date,y\n");
    for (name, v) in r["grid"].as_object().unwrap() {
        text += &format!("{name},2003,{},{},3000,2003-07-20,1\n", v["x"], v["y"]);
    }
    let desk = Desk::new(&[("sites.csv", &text)]);
    let source = here("../../examples/hintereisferner/histalp.nc").display().to_string();
    let steps = format!(
        "[[data.step]]\nkind = \"sample\"\nsource = '{source}'\nmethod = \"bilinear\"\ntime = \"year\"\nvariables = [\"hgt\"]\n[data.step.take]\n\
         temp_2003 = {{ of = \"temp\", months = \"10/9\" }}\nprcp_2003 = {{ of = \"prcp\", months = \"10/9\", statistic = \"sum\" }}\n\
         djf_2003 = {{ of = \"temp\", months = \"12/2\" }}\njja_2003 = {{ of = \"temp\", months = \"6/8\" }}\n\
         monthly = {{ of = \"temp\", months = \"12/2\", statistic = \"monthly\" }}\n\
         [[data.step]]\nkind = \"sample\"\nsource = '{source}'\nprefix = \"nearest_\"\n\
         [[data.step]]\nkind = \"sample\"\nsource = '{source}'\nmethod = \"bilinear\"\ntime = \"year\"\nprefix = \"lifted_\"\n\
         lapse = {{ rate = -0.0065, height = \"height\", from = \"hgt\" }}\n[data.step.take]\n\
         pdd_2003 = {{ of = \"temp\", months = \"10/9\", statistic = \"degree-days\" }}\n\
         snow_2003 = {{ of = \"prcp\", months = \"10/9\", statistic = \"snow\", temperature = \"temp\" }}\n"
    );
    let made = desk.prepare("sites.csv", &steps);
    for (row, (name, v)) in r["grid"].as_object().unwrap().iter().enumerate() {
        for (column, key) in [
            ("hgt", "hgt"),
            ("temp_2003", "temp_2003"),
            ("prcp_2003", "prcp_2003"),
            ("djf_2003", "djf_2003"),
            ("jja_2003", "jja_2003"),
            ("nearest_hgt", "nearest_hgt"),
            // The date is a day of July, and the month is what the grid has.
            ("nearest_temp", "nearest_july_2003"),
            ("lifted_pdd_2003", "lifted_pdd_2003"),
            ("lifted_snow_2003", "lifted_snow_2003"),
        ] {
            let (got, want) = (reals(&made.table, column)[row], v[key].as_f64().unwrap());
            assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{name} {column}: {got} and {want}");
        }
        let winter = ["monthly_12", "monthly_01", "monthly_02"].map(|c| reals(&made.table, c)[row]);
        assert!((winter.iter().sum::<f64>() / 3.0 - v["djf_2003"].as_f64().unwrap()).abs() < 1e-9);
    }
    assert_eq!(made.table.column("lifted_snow_2003").unwrap().unit.as_str(), "kg m-2");
    assert!(made.steps.iter().all(|s| s.matched == Some(3) && s.unmatched == Some(0)));
}

const GLACIERS: &str = "id,year,date,lon,lat,y\nA,2001,2001-06-15,10.75,46.8,1\nB,2001,2001-06-15,10.8,46.85,2\nB,2002,2002-06-15,10.8,46.85,3\nC,2002,2002-06-15,10.9,46.9,4\n";
const CLIMATE: &str =
    "id,year,date,temp,kind\nB,2001,2001-06-10,1.5,ice\nA,2001,2001-06-20,-2,ice\nB,2002,2002-06-20,4,firn\nD,2002,2002-01-01,9,firn\n";

#[test]
fn a_join_keeps_every_row_and_says_which_found_theirs() {
    let desk = Desk::new(&[("glaciers.csv", GLACIERS), ("climate.csv", CLIMATE)]);
    let made = desk.prepare(
        "glaciers.csv",
        "[[data.step]]\nkind = \"join\"\nsource = \"climate.csv\"\nby = [\"id\", \"year\"]\ncolumns = [\"t*\", \"kind\"]\nprefix = \"c_\"",
    );
    let temp = reals(&made.table, "c_temp");
    assert_eq!(temp[..3], [-2.0, 1.5, 4.0]);
    assert!(temp[3].is_nan());
    assert_eq!(made.table.column("c_kind").unwrap().classes().unwrap().label(2), Some("firn"));
    let step = &made.steps[0];
    assert_eq!((step.rows_in, step.rows_out, step.matched, step.unmatched), (4, 4, Some(3), Some(1)));
    assert_eq!(step.columns, ["c_temp", "c_kind"]);
    assert_eq!(step.sources[0].name, "climate.csv");
    assert!(made.notes.iter().any(|n| n.code == "join-unmatched" && n.text.contains("3 of 4 rows")));

    // Of the rows of one key the mean of two, or an aggregate that leaves classes that differ is refused.
    let by = "[[data.step]]\nkind = \"join\"\nsource = \"climate.csv\"\nby = \"id\"\ncolumns = [\"temp\"]\n";
    let mean = desk.prepare("glaciers.csv", &format!("{by}aggregate = \"mean\""));
    assert_eq!(reals(&mean.table, "temp")[..3], [-2.0, 2.75, 2.75]);
}

#[test]
fn the_nearest_in_time_may_be_earlier_alone() {
    let desk = Desk::new(&[("glaciers.csv", GLACIERS), ("climate.csv", CLIMATE)]);
    let near = "[[data.step]]\nkind = \"join\"\nsource = \"climate.csv\"\nby = \"id\"\nnearest = \"date\"\ncolumns = [\"temp\"]\n";
    let made = desk.prepare("glaciers.csv", near);
    assert_eq!(reals(&made.table, "temp")[..3], [-2.0, 1.5, 4.0]);
    assert_eq!(made.steps[0].later, 2);
    assert!(made.notes.iter().any(|n| n.code == "join-later" && n.text.contains("2 of 4 rows")));
    let earlier = desk.prepare("glaciers.csv", &format!("{near}earlier = true"));
    let temp = reals(&earlier.table, "temp");
    assert!(temp[0].is_nan() && temp[1..3] == [1.5, 1.5]);
    assert_eq!(earlier.steps[0].later, 0);
    let within = desk.prepare("glaciers.csv", &format!("{near}earlier = true\nwithin = \"10 d\""));
    assert!(reals(&within.table, "temp")[2].is_nan() && reals(&within.table, "temp")[1] == 1.5);
}

#[test]
fn joins_that_cannot_be_are_refused_with_numbers() {
    let numbered = "id,temp\n1,2\n2,3\n";
    let old = "id,date,temp\nA,1901-01-01,1\nB,1902-01-01,2\n";
    let desk = Desk::new(&[("glaciers.csv", GLACIERS), ("climate.csv", CLIMATE), ("numbered.csv", numbered), ("old.csv", old)]);
    let join = |rest: &str| desk.refused("glaciers.csv", &format!("[[data.step]]\nkind = \"join\"\n{rest}"));
    let all = [
        join("source = \"climate.csv\"\nby = \"id\""),
        join("source = \"climate.csv\"\nby = { id = \"kind\" }"),
        join("source = \"climate.csv\"\nby = { year = \"id\" }"),
        join("source = \"numbered.csv\"\nby = { year = \"id\" }"),
        join("source = \"old.csv\"\nby = \"id\"\nnearest = \"date\"\nwithin = \"30 d\""),
        join("source = \"climate.csv\"\nby = [\"id\", \"year\"]"),
        join("source = \"climate.csv\"\nby = [\"id\", \"year\"]\ncolumns = [\"tepm\"]"),
        join("source = \"climate.csv\"\nby = [\"id\", \"year\"]\nprefix = \"c_\"\nunits = { year = \"m\", c_x = \"K\" }"),
        join("source = \"nowhere.csv\"\nby = \"id\""),
        join("source = \"climate.csv\"\naggregate = \"mode\""),
        desk.refused("glaciers.csv", "[[data.step]]\nkind = \"joint\""),
    ];
    assert_snapshot!(all.join("\n\n").replace(&desk.0.path().display().to_string(), "FOLDER"));
}

#[test]
fn rows_in_polygons_take_their_attributes() {
    let square = |name: &str, x: f64, s: f64| {
        let (a, b, c, d) = (x, 46.7, x + s, 46.7 + s);
        format!(
            "{{\"type\": \"Feature\", \"properties\": {{\"name\": \"{name}\"}}, \"geometry\": {{\"type\": \"Polygon\", \"coordinates\": [[[{a}, {b}], [{c}, {b}], [{c}, {d}], [{a}, {d}], [{a}, {b}]]]}}}}"
        )
    };
    let file = |list: &[String]| format!("{{\"type\": \"FeatureCollection\", \"features\": [{}]}}", list.join(", "));
    let apart = file(&[square("west", 10.7, 0.175), square("none", 0.0, 1.0)]);
    let nested = file(&[square("all", 10.0, 1.0), square("west", 10.7, 0.175)]);
    let desk = Desk::new(&[("glaciers.csv", GLACIERS), ("apart.geojson", &apart), ("nested.geojson", &nested)]);
    let within = |file: &str, rest: &str| format!("[[data.step]]\nkind = \"within\"\nsource = \"{file}\"\n{rest}");
    let label = |p: &Prepared, row: usize| p.table.column("name").unwrap().classes().unwrap().label(row).map(str::to_owned);
    let one = desk.prepare("glaciers.csv", &within("apart.geojson", ""));
    assert_eq!([0, 1, 2, 3].map(|r| label(&one, r)), [Some("west".into()), Some("west".into()), Some("west".into()), None]);
    assert_eq!((one.steps[0].matched, one.steps[0].unmatched), (Some(3), Some(1)));
    let smallest = desk.prepare("glaciers.csv", &within("nested.geojson", "several = \"smallest\""));
    assert_eq!([0, 3].map(|r| label(&smallest, r)), [Some("west".into()), Some("all".into())]);
    let first = desk.prepare("glaciers.csv", &within("nested.geojson", "several = \"first\""));
    assert_eq!(label(&first, 0), Some("all".into()));
    assert_snapshot!(desk.refused("glaciers.csv", &within("nested.geojson", "")));
}

#[test]
fn missing_days_are_not_summed_as_zero() {
    let mut text = String::from("station,date,p,y\n");
    for day in 1..=30 {
        if day != 7 {
            text += &format!("N,2001-04-{day:02},{},1\n", if day == 9 { "" } else { "2" });
        }
        text += &format!("S,2001-04-{day:02},2,1\n");
    }
    let desk = Desk::new(&[("rain.csv", &text)]);
    let step = "[[data.step]]\nkind = \"aggregate\"\nby = \"station\"\nperiod = \"month\"\ntake = { p = \"sum\", n = { of = \"p\", statistic = \"count\" } }\n";
    let whole = desk.prepare("rain.csv", step);
    assert!(reals(&whole.table, "p")[0].is_nan() && reals(&whole.table, "p")[1] == 60.0);
    assert_eq!(reals(&whole.table, "n"), [28.0, 30.0]);
    let most = desk.prepare("rain.csv", &format!("{step}share = 0.9"));
    // 28 of 30 days with 2 each.
    assert!((reals(&most.table, "p")[0] - 60.0).abs() < 1e-12);
    let twice = desk.refused("rain.csv", "[[data.step]]\nkind = \"aggregate\"\nperiod = \"month\"\ntake.p = \"sum\"");
    assert_snapshot!(twice);
}

#[test]
fn grids_that_cannot_be_sampled_are_refused_with_numbers() {
    let text = "year,lon,lat,date,y\n1850,10.75,46.8,1850-01-01,1\n";
    let far = "year,lon,lat,date,y\n2003,-120,46.8,2003-01-01,1\n";
    let desk = Desk::new(&[("sites.csv", text), ("far.csv", far)]);
    let source = here("../../examples/hintereisferner/histalp.nc").display().to_string();
    let sample = |rest: &str| format!("[[data.step]]\nkind = \"sample\"\nsource = '{source}'\n{rest}");
    let year = "time = \"year\"\ntake.t = { of = \"temp\", months = \"6/8\" }";
    let all = [
        desk.refused("sites.csv", &sample(year)),
        desk.refused("far.csv", &sample(year)),
        desk.refused("far.csv", &sample("time = \"year\"")),
        desk.refused("sites.csv", &sample("take.t = { of = \"temp\", months = \"6-8\", statistic = \"mode\" }")),
        desk.refused("far.csv", &sample("take.t = { of = \"tmp\", months = \"6/8\" }")),
        desk.refused("far.csv", &sample("take.t = { of = \"prcp\", months = \"6/8\", statistic = \"degree-days\" }")),
        desk.refused("far.csv", &sample("take.t = { of = \"hgt\", months = \"6/8\" }")),
    ];
    assert_snapshot!(all.join("\n\n").replace(&source, "histalp.nc"));
}

/// Rows in another order give the same values in that order.
#[test]
fn permuted_rows_give_permuted_columns() {
    let mut lines: Vec<&str> = GLACIERS.lines().collect();
    lines[1..].reverse();
    let turned = lines.join("\n");
    let desk = Desk::new(&[("glaciers.csv", GLACIERS), ("turned.csv", &turned), ("climate.csv", CLIMATE)]);
    let source = here("../../examples/hintereisferner/histalp.nc").display().to_string();
    let steps = format!(
        "[[data.step]]\nkind = \"join\"\nsource = \"climate.csv\"\nby = \"id\"\nnearest = \"date\"\ncolumns = [\"temp\"]\n\
         [[data.step]]\nkind = \"sample\"\nsource = '{source}'\nmethod = \"bilinear\"\nprefix = \"g_\"\n[data.step.take]\nsum = {{ of = \"prcp\", months = \"10/9\", statistic = \"sum\" }}\n"
    );
    let (straight, turned) = (desk.prepare("glaciers.csv", &steps), desk.prepare("turned.csv", &steps));
    for name in ["temp", "g_sum"] {
        let (a, mut b) = (reals(&straight.table, name).to_vec(), reals(&turned.table, name).to_vec());
        b.reverse();
        assert_eq!(a.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), b.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), "{name}");
    }
}

/// The record keeps the steps, and the audit tells of rows joined from the future.
#[test]
fn the_audit_knows_of_joins_that_look_ahead() {
    let series = |shift: i32| -> String {
        let wave = |i: i32| f64::from((i * 37) % 23) - 11.0;
        (0..120)
            .map(|i| format!("2001-{:02}-{:02}{},{}\n", i / 28 + 1, i % 28 + 1, if shift > 0 { "T06:00" } else { "" }, wave(i + shift)))
            .collect()
    };
    let desk = Desk::new(&[("flow.csv", &format!("date,y\n{}", series(0))), ("rain.csv", &format!("date,p\n{}", series(1)))]);
    let text = "[data]\nsource = \"flow.csv\"\n[[data.step]]\nkind = \"join\"\nsource = \"rain.csv\"\nnearest = \"date\"\n[roles]\ntarget = \"y\"\ntime = \"date\"\n\
         [validate]\ndesign = \"forward\"\nfolds = 3\n[[model]]\nkind = \"linear\"\n";
    let plan = Plan::read(Recipe::parse("recipe.toml", text).unwrap(), desk.0.path(), &Context::new(0, 2)).unwrap();
    let audit = plan.audit(&[], &Context::new(1, 1)).unwrap();
    let leak = audit.findings.iter().find(|f| f.code == "joined-later").unwrap();
    assert_eq!((leak.columns.clone(), leak.line), (vec!["p".to_owned()], Some(6)));
    let record = plan.run(&Context::new(1, 1)).unwrap().record;
    assert_eq!((record.data.steps.len(), record.data.steps[0].later, record.data.steps[0].matched), (1, 120, Some(120)));
}

struct Memory(Vec<(Vec<f64>, Vec<usize>)>);

impl Blocks for Memory {
    fn read(&self, variable: usize, window: &Window) -> esker_core::Result<Vec<f64>> {
        let (values, lengths) = &self.0[variable];
        let (length, starts) = window.stretches(lengths);
        Ok(starts.iter().flat_map(|s| values[*s..s + length].iter().copied()).collect())
    }
}

/// A grid of two by two cells about 10.75 E 46.8 N, with variables by name and unit: a value for each of their times, and whose axis; the
/// second column of cells is a degree warmer.
fn grid(desk: &Desk, file: &str, axes: &[&[&str]], variables: &[(&str, &str, Option<usize>, &[f64])]) {
    grid_saying(desk, file, axes, variables, &[]);
}

/// As [`grid`], with attributes: variable, name, text.
fn grid_saying(desk: &Desk, file: &str, axes: &[&[&str]], variables: &[(&str, &str, Option<usize>, &[f64])], said: &[(&str, &str, &str)]) {
    let days = |dates: &[&str]| dates.iter().map(|d| esker_io::time::parse_days(d).unwrap()).collect();
    let mut all = vec![
        Axis::real("lat", AxisKind::Y, "degrees_north", vec![46.75, 46.85]),
        Axis::real("lon", AxisKind::X, "degrees_east", vec![10.7, 10.8]),
    ];
    for (k, dates) in axes.iter().enumerate() {
        let mut axis = Axis::real(if k == 0 { "time" } else { "time_2" }, AxisKind::T, "", vec![0.0; dates.len()]);
        axis.labels = Some(Labels::Time { calendar: Calendar::Proleptic, days: days(dates) });
        all.push(axis);
    }
    let (mut named, mut held) = (Vec::new(), Vec::new());
    for (name, unit, time, values) in variables {
        let axes: Vec<usize> = time.map(|t| t + 2).into_iter().chain([0, 1]).collect();
        let lengths: Vec<usize> = axes.iter().map(|&a| all[a].len).collect();
        held.push((values.iter().flat_map(|v| [*v, v + 1.0, *v, v + 1.0]).collect(), lengths.clone()));
        named.push(Variable {
            name: (*name).into(),
            unit: Unit::new(unit),
            axes,
            chunk: lengths,
            holds: Holds::Numbers,
            stored: "float64".into(),
            attributes: Attributes(
                said.iter().filter(|a| a.0 == *name).map(|(_, k, v)| ((*k).to_owned(), Attribute::Text((*v).to_owned()))).collect(),
            ),
            auxiliary: false,
        });
    }
    let count = named.len();
    let mut cube = Cube::new(all, named, Arc::new(Memory(held))).unwrap();
    cube.crs = Some(Crs::Geographic);
    esker_io::write_netcdf(&desk.0.path().join(file), &cube, &(0..count).collect::<Vec<_>>(), "a test").unwrap();
}

const SITES: &str = "id,year,date,lon,lat,height,y\nA,2003,2003-07-10,10.7,46.75,2000,1\nB,2003,2003-08-10,10.8,46.85,2000,2\n";
const SUMMER: [&str; 3] = ["2003-06-15", "2003-07-15", "2003-08-15"];

#[test]
fn variables_of_two_time_axes_are_refused() {
    let desk = Desk::new(&[("sites.csv", SITES)]);
    let two: [&[&str]; 2] = [&SUMMER, &["2003-06-01", "2003-07-01"]];
    grid(&desk, "g.nc", &two, &[("t", "degC", Some(0), &[1.0, 2.0, 3.0]), ("p", "mm", Some(1), &[5.0, 6.0]), ("z", "degC", None, &[0.0])]);
    let sample = |rest: &str| desk.refused("sites.csv", &format!("[[data.step]]\nkind = \"sample\"\nsource = \"g.nc\"\n{rest}"));
    let both = sample("variables = [\"t\", \"p\"]");
    assert!(both.contains("the time axes 'time' and 'time_2'") && both.contains("one time axis"), "{both}");
    let cold = sample("take.snow = { of = \"t\", months = \"6/8\", statistic = \"snow\", temperature = \"z\" }");
    assert!(cold.contains("the temperature 'z' without times"), "{cold}");
}

#[test]
fn a_grid_of_one_time_is_not_one_of_all_times() {
    let desk = Desk::new(&[("sites.csv", SITES)]);
    grid(&desk, "g.nc", &[&["2003-07-15"]], &[("t", "degC", Some(0), &[1.0])]);
    let sample = "[[data.step]]\nkind = \"sample\"\nsource = \"g.nc\"\n";
    let made = desk.prepare("sites.csv", &format!("{sample}variables = [\"t\"]"));
    assert!(reals(&made.table, "t")[0] == 1.0 && reals(&made.table, "t")[1].is_nan());
    assert!(made.notes.iter().any(|n| n.code == "one-time" && n.text.contains("2003-07-15")));
    let months = desk.refused("sites.csv", &format!("{sample}take.t = {{ of = \"t\", months = \"6/8\" }}"));
    assert!(months.contains("at one time, 2003-07-15"), "{months}");
}

#[test]
fn rows_of_december_have_the_time_of_their_year() {
    let desk = Desk::new(&[("sites.csv", "date,lon,lat,y\n2001-12-15,10.7,46.75,1\n2003-12-15,10.7,46.75,2\n")]);
    grid(&desk, "g.nc", &[&["2001-07-01", "2002-07-01", "2003-07-01", "2004-07-01"]], &[("t", "degC", Some(0), &[1.0, 2.0, 3.0, 4.0])]);
    let made = desk.prepare("sites.csv", "[[data.step]]\nkind = \"sample\"\nsource = \"g.nc\"");
    assert_eq!(reals(&made.table, "t"), [1.0, 3.0]);
}

#[test]
fn heights_correct_temperatures_alone() {
    let ring = "[[10.66, 46.71], [10.84, 46.71], [10.84, 46.89], [10.66, 46.89], [10.66, 46.71]]";
    let area = format!(
        "{{\"type\": \"FeatureCollection\", \"features\": [{{\"type\": \"Feature\", \"properties\": {{}}, \"geometry\": {{\"type\": \"Polygon\", \"coordinates\": [{ring}]}}}}]}}"
    );
    let desk = Desk::new(&[("sites.csv", SITES), ("area.geojson", &area)]);
    let t: &[f64] = &[1.0, 2.0, 3.0];
    grid(&desk, "g.nc", &[&SUMMER], &[("t", "degC", Some(0), t), ("bare", "", Some(0), t), ("z", "m", None, &[999.5])]);
    let lapse = "lapse = { rate = -0.003, height = \"height\", from = \"z\" }\n";
    let zonal = |rest: &str| format!("[[data.step]]\nkind = \"zonal\"\nsource = \"g.nc\"\npolygons = \"area.geojson\"\n{lapse}{rest}");
    // The spread is first, and yet heights are the mean ones: 1000 m, so that 3 K are taken off.
    let made = desk.prepare("sites.csv", &zonal("variables = [\"t\"]\nstatistics = [\"sd\", \"mean\", \"count\", \"share\"]"));
    for (name, unit, want) in [("t_mean", "degC", -0.5), ("t_sd", "degC", 0.5), ("t_count", "", 4.0), ("t_share", "", 1.0)] {
        let (got, column) = (reals(&made.table, name)[0], made.table.column(name).unwrap());
        assert!((got - want).abs() < 1e-3 && column.unit.as_str() == unit, "{name}: {got} {}", column.unit);
    }
    assert!(made.notes.iter().any(|n| n.code == "lapse" && n.text.contains("'t' was brought")));
    let sum = desk.refused("sites.csv", &zonal("variables = [\"t\"]\nstatistics = [\"sum\"]"));
    assert!(sum.contains("sums of 't' over cells"), "{sum}");
    let take = "take.t = { of = \"t\", months = \"6/8\" }";
    let two = desk.refused("sites.csv", &zonal(&format!("statistics = [\"sd\", \"mean\"]\n{take}")));
    assert!(two.contains("one statistic of the cells"), "{two}");

    // Without a unit nothing is lifted, unless temperatures are wanted.
    let sample = format!("[[data.step]]\nkind = \"sample\"\nsource = \"g.nc\"\n{lapse}");
    let none = desk.refused("sites.csv", &format!("{sample}variables = [\"bare\"]"));
    assert!(none.contains("no variable in degC, K or degF"), "{none}");
    let days = desk
        .prepare("sites.csv", &format!("{sample}take.pdd = {{ of = \"bare\", months = \"7\", statistic = \"degree-days\", above = -10 }}"));
    let lift = -0.003 * (2000.0 - 999.5);
    assert!((reals(&days.table, "pdd")[0] - 31.0 * (12.0 + lift)).abs() < 1e-6, "{}", reals(&days.table, "pdd")[0]);
}

/// Ranges and anomalies are in K too, and are the same at every height.
#[test]
fn differences_of_temperatures_stay_as_they_are() {
    let desk = Desk::new(&[("sites.csv", SITES)]);
    let t: &[f64] = &[271.0, 272.0, 273.0];
    let d: &[f64] = &[8.0, 9.0, 10.0];
    grid_saying(
        &desk,
        "g.nc",
        &[&SUMMER],
        &[
            ("tas", "K", Some(0), t),
            ("span", "K", Some(0), d),
            ("off", "K", Some(0), d),
            ("tas_anomaly", "K", Some(0), d),
            ("z", "m", None, &[999.5]),
        ],
        &[
            ("tas", "standard_name", "air_temperature"),
            ("span", "standard_name", "air_temperature"),
            ("span", "cell_methods", "time: range within days time: mean over days"),
            ("off", "standard_name", "air_temperature_anomaly"),
        ],
    );
    let sample = |rest: &str, of: &str| {
        format!(
            "[[data.step]]\nkind = \"sample\"\nsource = \"g.nc\"\nlapse = {{ rate = -0.003, height = \"height\", from = \"z\"{of} }}\n{rest}"
        )
    };
    let all = "variables = [\"tas\", \"span\", \"off\", \"tas_anomaly\"]";
    // Row A is in July, 1000 m above its cell.
    let first = |made: &Prepared, names: &[&str]| names.iter().map(|n| reals(&made.table, n)[0]).collect::<Vec<_>>();
    let mut texts = Vec::new();
    for made in [desk.prepare("sites.csv", &sample(all, "")), desk.prepare("sites.csv", &sample("", ""))] {
        let got = first(&made, &["tas", "span", "off", "tas_anomaly"]);
        assert!((got[0] - 268.9985).abs() < 1e-9 && got[1..] == [9.0, 9.0, 9.0], "{got:?}");
        texts.push(made.notes.iter().find(|n| n.code == "lapse-left").unwrap().text.clone());
    }
    assert_eq!(texts[0], texts[1]);
    assert_snapshot!(texts[0]);
    let months = "take = { warm = { of = \"tas\", months = \"6/8\" }, far = { of = \"span\", months = \"6/8\" } }";
    let made = desk.prepare("sites.csv", &sample(months, ""));
    let got = first(&made, &["warm", "far"]);
    assert!((got[0] - 268.9985).abs() < 1e-9 && got[1] == 9.0, "{got:?}");
    // What only a name says, the recipe may say otherwise; what an attribute says it may not.
    let made = desk.prepare("sites.csv", &sample(all, ", of = [\"tas*\"]"));
    let got = first(&made, &["tas", "span", "tas_anomaly"]);
    assert!((got[2] - 5.9985).abs() < 1e-9 && got[1] == 9.0, "{got:?}");
    assert_snapshot!(desk.refused("sites.csv", &sample(all, ", of = [\"tas\", \"span\"]")));
    assert_snapshot!(desk.refused("sites.csv", &sample("variables = [\"span\"]", "")));
}

#[test]
fn spreads_are_not_shifted_and_sums_and_counts_not_converted() {
    let other = "id,t\nA,280\nA,284\nB,290\nB,290\n";
    let desk = Desk::new(&[("sites.csv", SITES), ("other.csv", other)]);
    grid(&desk, "g.nc", &[&SUMMER], &[("t", "K", Some(0), &[280.0, 282.0, 284.0])]);
    let take = |statistic: &str| {
        format!(
            "[[data.step]]\nkind = \"sample\"\nsource = \"g.nc\"\ntake.x = {{ of = \"t\", months = \"6/8\", statistic = \"{statistic}\", unit = \"degC\" }}"
        )
    };
    let sd = desk.prepare("sites.csv", &take("sd"));
    assert!((reals(&sd.table, "x")[0] - 2.0).abs() < 1e-9, "{}", reals(&sd.table, "x")[0]);
    let mean = desk.prepare("sites.csv", &take("mean"));
    assert!((reals(&mean.table, "x")[0] - 8.85).abs() < 1e-9);
    assert!(desk.refused("sites.csv", &take("count")).contains("has no unit"));
    assert!(desk.refused("sites.csv", &take("sum")).contains("whose zero is another"));
}

#[test]
fn sums_are_of_amounts_and_of_what_is_known() {
    // Hours at 24 mm d-1 are 1 mm each; a day of a month in which half the hours lack is missing, in spite of a longer daily series.
    let mut text = String::from("id,date,p,y\n");
    for hour in 0..72 {
        if hour % 24 < 12 || hour < 48 {
            text += &format!("H,2001-04-{:02}T{:02}:00Z,24,1\n", hour / 24 + 1, hour % 24);
        }
    }
    for day in 0..120 {
        text += &format!("D,{},24,1\n", esker_io::time::format_date(esker_io::time::parse_days("2001-04-01").unwrap() + f64::from(day)));
    }
    let desk = Desk::new(&[("rain.csv", &text), ("sites.csv", SITES), ("other.csv", "id,p\nA,1\nA,\nA,3\nB,2\nB,3\n")]);
    let step = "[data.units]\np = \"mm d-1\"\n[[data.step]]\nkind = \"resample\"\nby = \"id\"\nstep = \"1 d\"\n\
         take.sum = { of = \"p\", statistic = \"sum\" }";
    let made = desk.prepare("rain.csv", step);
    let (p, rows) = (reals(&made.table, "sum"), made.table.rows());
    assert_eq!((p[0], made.table.column("sum").unwrap().unit.as_str()), (24.0, "mm"));
    assert!(p[rows - 3..rows - 1].iter().all(|v| (v - 24.0).abs() < 1e-9) && p[rows - 1].is_nan(), "{:?}", &p[rows - 3..]);
    let whole =
        "[data.units]\np = \"mm d-1\"\n[[data.step]]\nkind = \"aggregate\"\nby = \"id\"\ntake.sum = { of = \"p\", statistic = \"sum\" }";
    assert!(desk.refused("rain.csv", whole).contains("need the length of each step"));
    let join = "[[data.step]]\nkind = \"join\"\nsource = \"other.csv\"\nby = \"id\"\naggregate = \"sum\"";
    let joined = desk.prepare("sites.csv", join);
    assert!(reals(&joined.table, "p")[0].is_nan() && reals(&joined.table, "p")[1] == 5.0);
}

#[test]
fn new_rows_of_another_unit_are_refused() {
    let desk = Desk::new(&[
        ("sites.csv", "id,date,lon,lat,p,q,y\nA,2001-01-01,10,46,1,2,1\n"),
        ("bare.csv", "id,date,lon,lat,p\nA,2001-01-01,10,46,1\n"),
    ]);
    grid(&desk, "new.nc", &[&SUMMER], &[("p", "m", Some(0), &[1.0, 2.0, 3.0])]);
    let text = recipe("sites.csv", "units = { p = \"mm\", q = \"mm\" }\nderive = { r = \"q * 2\" }", "");
    let prepare = |data: &str| {
        Recipe::parse("recipe.toml", &text).unwrap().prepare(desk.0.path(), Some(&desk.0.path().join(data)), &Context::new(0, 2))
    };
    let left = prepare("bare.csv").unwrap();
    assert!(left.notes.iter().any(|n| n.code == "left-out" && n.text.contains("unit of column 'q', derived column 'r'")));
    let wrong = prepare("new.nc").unwrap_err().to_string();
    assert!(wrong.contains("unit of column 'p'") && wrong.contains("the file says 'm'"), "{wrong}");
}

/// Months of a table as the reference names them.
fn months(table: &Table) -> Vec<String> {
    years(table).iter().zip(reals(table, "month")).map(|(y, m)| format!("{y}-{m:02}")).collect()
}

/// Rain of Seattle as rates in several units, of which three days lack: two rows and a value; against `rate2amount` of xclim.
#[test]
fn sums_of_rates_are_the_amounts_of_xclim() {
    let r = &reference()["rates"];
    let seattle = std::fs::read_to_string(here("tests/data/seattle.csv")).unwrap();
    for (unit, peer, amount, factor) in [
        ("mm/day", "mm/day", "mm", 1.0),
        ("kg m-2 s-1", "kg m-2 s-1", "kg m-2", 1.0 / 86_400.0),
        ("kg m**-2 s**-1", "kg m-2 s-1", "kg m-2", 1.0 / 86_400.0),
        ("m s-1", "m s-1", "m", 1e-3 / 86_400.0),
    ] {
        let (mut whole, mut gaps) = ("date,pr\n".to_owned(), "date,pr\n".to_owned());
        for line in seattle.lines().skip(1) {
            let c: Vec<&str> = line.split(',').collect();
            let rate = c[1].parse::<f64>().unwrap() * factor;
            whole += &format!("{},{rate}\n", c[0]);
            match c[0] {
                "2013-02-11" | "2014-07-04" => {}
                "2013-02-10" => gaps += &format!("{},\n", c[0]),
                _ => gaps += &format!("{},{rate}\n", c[0]),
            }
        }
        let desk = Desk::new(&[("whole.csv", &whole), ("gaps.csv", &gaps)]);
        let units = format!("[data.units]\npr = \"{unit}\"\n");
        let step = |period: &str, statistic: &str, more: &str| {
            format!("[[data.step]]\nkind = \"aggregate\"\nperiod = \"{period}\"\ntake.pr = \"{statistic}\"\n{more}\n")
        };
        let r = &r[peer];
        assert_eq!(r["unit"], amount);
        let held = |made: &Prepared| {
            (made.table.column("pr").unwrap().unit.as_str().to_owned(), made.notes.iter().any(|n| n.code == "rate-summed"))
        };

        let sum = desk.prepare("gaps.csv", &(units.clone() + &step("month", "sum", "")));
        hold(&sum.table, "pr", &months(&sum.table), &r["month_sum"], &["2013-02", "2014-07"]);
        assert_eq!(held(&sum), (amount.to_owned(), true), "{unit}");
        let mean = desk.prepare("gaps.csv", &(units.clone() + &step("month", "mean", "share = 0.9")));
        hold(&mean.table, "pr", &months(&mean.table), &r["month_mean"], &[]);
        assert_eq!(held(&mean), (unit.to_owned(), false));
        let year = desk.prepare("gaps.csv", &(units.clone() + &step("hydrological-year", "sum", "")));
        hold(&year.table, "pr", &years(&year.table), &r["hydrological_sum"], &["2012", "2013", "2014", "2016"]);
        // Rates of months, each as long as it is.
        let chain = units.clone() + &step("month", "mean", "") + &step("hydrological-year", "sum", "");
        let year = desk.prepare("whole.csv", &chain.replacen("take.pr = \"sum\"", "take.pr = \"sum\"\ntime = \"date\"", 1));
        hold(&year.table, "pr", &years(&year.table), &r["hydrological_sum_of_months"], &["2012", "2016"]);
        assert_eq!(held(&year), (amount.to_owned(), true));
        let count = desk.prepare("gaps.csv", &(units.clone() + &step("month", "count", "")));
        assert_eq!(held(&count), (String::new(), false));
        if unit == "mm/day" {
            let scaled = desk.prepare("gaps.csv", &(units + &step("month", "sum", "share = 0.9")));
            hold(&scaled.table, "pr", &months(&scaled.table), &reference()["rates"]["month_scaled"], &[]);
        }
    }
}

#[test]
fn rates_of_grids_are_summed_and_those_of_one_key_are_told() {
    let other = "id,q\nA,1\nA,2\nB,3\n";
    let desk = Desk::new(&[("sites.csv", SITES), ("other.csv", other)]);
    grid(
        &desk,
        "g.nc",
        &[&SUMMER],
        &[("pr", "kg m**-2 s**-1", Some(0), &[1e-5, 2e-5, 3e-5]), ("rad", "W m-2", Some(0), &[100.0, 200.0, 300.0])],
    );
    let take = |of: &str| {
        format!("[[data.step]]\nkind = \"sample\"\nsource = \"g.nc\"\ntake.x = {{ of = \"{of}\", months = \"6/8\", statistic = \"sum\" }}")
    };
    let days = [30.0, 31.0, 31.0];
    for (of, unit, values) in [("pr", "kg m-2", [1e-5, 2e-5, 3e-5]), ("rad", "J m-2", [100.0, 200.0, 300.0])] {
        let made = desk.prepare("sites.csv", &take(of));
        let want: f64 = values.iter().zip(days).map(|(v, d)| v * d * 86_400.0).sum();
        assert!((reals(&made.table, "x")[0] - want).abs() < 1e-9 * want, "{of}: {}", reals(&made.table, "x")[0]);
        assert_eq!(made.table.column("x").unwrap().unit.as_str(), unit);
    }
    let join = "[[data.step]]\nkind = \"join\"\nsource = \"other.csv\"\nby = \"id\"\naggregate = \"sum\"\n";
    for (unit, told) in [("m3", false), ("m3 s-1", true)] {
        let made = desk.prepare("sites.csv", &format!("{join}units = {{ q = \"{unit}\" }}"));
        assert_eq!((reals(&made.table, "q"), made.notes.iter().any(|n| n.code == "rate-added")), (&[3.0, 3.0][..], told), "{unit}");
    }
}
