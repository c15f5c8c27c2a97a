//! The audit's corpus of folds: numbers of folds, rolling windows, tiles, twins among groups, folds too near in time, uses far from the samples;
//! and as many recipes that come near to these without being wrong. It finds at least 95 % and accuses no clean one.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use esker::{Audit, Plan, ReadOptions, Recipe, Table, read_table, write_table};
use esker_core::{Codes, Column, Context, Crs, Places, Rng, Setting, Settings, Support};
use esker_evaluate::split::{Aim, Design};

/// A table with the recipe's words round it, and the places wanted where it says some.
#[derive(Clone)]
struct Case {
    table: Table,
    roles: String,
    features: Vec<String>,
    validate: String,
    wanted: Option<Table>,
}

const MODELS: &str = "[[model]]\nkind = \"ridge\"\n\n[[model]]\nkind = \"neighbours\"\nk = 3";
const CLASSES: &str = "[[model]]\nkind = \"logistic\"\n\n[[model]]\nkind = \"decision-tree\"";

fn read(name: &str) -> Table {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    read_table(&file, &ReadOptions::default()).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    table.column(name).unwrap().reals().unwrap().to_vec()
}

impl Case {
    fn with(mut self, name: &str, values: Vec<f64>) -> Self {
        self = self.put(name, values);
        self.features.push(name.to_owned());
        self
    }

    fn put(mut self, name: &str, values: Vec<f64>) -> Self {
        self.table.put(Column::real(name, "", values)).unwrap();
        self
    }

    fn label(mut self, name: &str, labels: &[String]) -> Self {
        let labels: Vec<Option<&str>> = labels.iter().map(|l| Some(l.as_str())).collect();
        self.table.put(Column::class(name, Codes::from_labels(&labels))).unwrap();
        self
    }

    fn feature(mut self, name: &str) -> Self {
        self.features.push(name.to_owned());
        self
    }

    fn validate(mut self, validate: &str) -> Self {
        self.validate = validate.to_owned();
        self
    }

    fn wanted(mut self, table: Table) -> Self {
        self.validate.push_str("\nwanted = \"wanted.csv\"");
        self.wanted = Some(table);
        self
    }

    fn number(&self, name: &str) -> Vec<f64> {
        numbers(&self.table, name)
    }

    fn labels(&self, name: &str) -> Vec<String> {
        let codes = self.table.column(name).unwrap().classes().unwrap();
        (0..codes.len()).map(|r| codes.label(r).unwrap().to_owned()).collect()
    }

    fn select(mut self, rows: &[usize]) -> Self {
        self.table = self.table.select(rows);
        self
    }

    fn roles(mut self, from: &str, to: &str) -> Self {
        assert!(self.roles.contains(from), "{from}");
        self.roles = self.roles.replace(from, to);
        self
    }

    /// The number of the fold of each row under a design of the recipe's seed.
    fn folds(&self, design: Design, size: f64, support: Support) -> Vec<f64> {
        let parameters = design.parameters();
        let mut settings = Settings::defaults(&parameters).set(&parameters, "folds", Setting::Integer(5)).unwrap();
        if size > 0.0 {
            settings = settings.set(&parameters, "size", Setting::Real(size)).unwrap();
        }
        let folds = design.splitter(&settings, &Aim::default()).folds(&support, &mut Rng::new(1).fork("folds", 0)).unwrap();
        let mut of = vec![0.0; support.rows];
        folds.iter().enumerate().for_each(|(f, fold)| fold.test.iter().for_each(|&r| of[r] = f as f64 + 1.0));
        of
    }

    fn audit(&self) -> Audit {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("esker-audit-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder: PathBuf = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        write_table(&folder.join("samples.csv"), &self.table).unwrap();
        self.wanted.iter().for_each(|w| write_table(&folder.join("wanted.csv"), w).unwrap());
        let features: Vec<String> = self.features.iter().map(|f| format!("\"{f}\"")).collect();
        let models = if self.roles.contains("class") { CLASSES } else { MODELS };
        let text = format!(
            "title = \"t\"\nseed = 1\n\n[data]\nsource = \"samples.csv\"\n\n[roles]\n{}\nfeatures = [{}]\n\n[validate]\n{}\n\n{models}\n",
            self.roles,
            features.join(", "),
            self.validate
        );
        let plan = Plan::read(Recipe::parse("recipe.toml", &text).unwrap(), &folder, &Context::new(0, 1))
            .unwrap_or_else(|e| panic!("{e}\n{text}"));
        let audit = plan.audit(&[], &Context::new(1, 2)).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        audit
    }
}

/// 160 glaciers with two decades each.
fn glaciers() -> Case {
    let all = read("glacier-mass-balance/scandinavia_geodetic_mb_training.csv");
    let rows: Vec<usize> = (0..all.rows()).filter(|r| (r / 2) % 21 == 0).take(320).collect();
    Case {
        table: all.select(&rows),
        roles: "target = \"dmdtda\"\nplace = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }\ngroup = \"rgi_id\"".into(),
        features: words(&["area", "slope", "zmin", "zmed", "zmax", "PDD", "rain", "snow"]),
        validate: "design = \"group\"\nfolds = 5".into(),
        wanted: None,
    }
}

/// 350 points of a landslide inventory.
fn landslides() -> Case {
    Case {
        table: read("landslides/landslides.csv"),
        roles: "target = { column = \"lslpts\", kind = \"class\" }\nplace = { x = \"x\", y = \"y\", crs = \"EPSG:32717\" }".into(),
        features: words(&["slope", "cplan", "cprof", "elev", "log10_carea"]),
        validate: "design = \"block\"\nsize = 0.8\nfolds = 5".into(),
        wanted: None,
    }
}

/// Elevation of the same points, with their places among the features.
fn terrain() -> Case {
    let mut case = landslides().roles("{ column = \"lslpts\", kind = \"class\" }", "\"elev\"");
    case.features = words(&["slope", "cplan", "log10_carea", "x", "y"]);
    case
}

/// Every 90th sample of the eight wells.
fn wells() -> Case {
    wells_every(90)
}

fn wells_every(step: usize) -> Case {
    let all = read("well-log-lithology/force2020_eight_wells.csv");
    let rows: Vec<usize> = (0..all.rows()).filter(|r| r % step == 0).collect();
    Case {
        table: all.select(&rows),
        roles: "target = \"GR\"\ngroup = \"WELL\"".into(),
        features: words(&["Z_LOC", "CALI", "RDEP", "RMED", "DTC", "RHOB"]),
        validate: "design = \"leave-one-group-out\"".into(),
        wanted: None,
    }
}

/// Logs along wells as series: a sample a day, three hundred from each.
fn series(wells: usize) -> Case {
    series_every(12, wells)
}

fn series_every(step: usize, wells: usize) -> Case {
    let all = read("well-log-lithology/force2020_eight_wells.csv");
    let well = all.column("WELL").unwrap().classes().unwrap();
    let logs = ["GR", "RHOB", "DTC"].map(|name| numbers(&all, name));
    let mut rows = Vec::new();
    for code in 0..well.levels().len() as u32 {
        let full = |r: &usize| well.codes()[*r] == code && logs.iter().all(|l| l[*r].is_finite());
        let of: Vec<usize> = (0..all.rows()).filter(full).step_by(step).take(300).collect();
        if of.len() == 300 && rows.len() < 300 * wells {
            rows.extend(of);
        }
    }
    assert_eq!(rows.len(), 300 * wells);
    let mut table = all.select(&rows);
    table.put(Column::real("day", "days since 1970-01-01", (0..300 * wells).map(|i| (i % 300) as f64).collect())).unwrap();
    // A file of text keeps days as years.
    let year = (0..300 * wells).map(|i| 2000.0 + (i % 300) as f64 / 365.2425).collect();
    table.put(Column::real("year", "", year)).unwrap();
    Case {
        table,
        roles: format!("target = \"GR\"\ntime = \"year\"{}", if wells > 1 { "\ngroup = \"WELL\"" } else { "" }),
        features: words(&["DTC", "RHOB"]),
        validate: "design = \"forward\"\nfolds = 4\ngap = 12".into(),
        wanted: None,
    }
}

/// Of series of 300 rows each: something of the values from `first` to `last` steps later; missing at the ends.
fn window(v: &[f64], first: i64, last: i64, of: impl Fn(&mut [f64]) -> f64) -> Vec<f64> {
    let at = |i: i64| {
        let (from, to, start) = (i + first, i + last, i / 300 * 300);
        if from >= start && to < start + 300 { of(&mut v[from as usize..=to as usize].to_vec()) } else { f64::NAN }
    };
    (0..v.len() as i64).map(at).collect()
}

fn median(v: &mut [f64]) -> f64 {
    v.sort_by(f64::total_cmp);
    let n = v.len();
    if n % 2 == 1 { v[n / 2] } else { (v[n / 2 - 1] + v[n / 2]) / 2.0 }
}

fn least(v: &mut [f64]) -> f64 {
    v.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(v: &mut [f64]) -> f64 {
    v.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn mean(v: &mut [f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

/// Tiles of 20 × 20 cells of the terrain, one every `step` cells: means of its attributes, with or without their extents.
fn tiles(step: usize) -> Case {
    let cells = read("landslides/terrain.tif");
    let (x, y) = (numbers(&cells, "x"), numbers(&cells, "y"));
    let low = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
    let (west, south) = (low(&x), low(&y));
    let mut at = vec![0; 160 * 160];
    (0..x.len()).for_each(|r| at[((y[r] - south) / 10.0).round() as usize * 160 + ((x[r] - west) / 10.0).round() as usize] = r);
    let corners: Vec<(usize, usize)> = (0..=140).step_by(step).flat_map(|j| (0..=140).step_by(step).map(move |i| (i, j))).collect();
    let mut columns = Vec::new();
    for name in ["slope", "cplan", "elev", "log10_carea"] {
        let v = numbers(&cells, name);
        let of = |&(i, j): &(usize, usize)| {
            let inside: Vec<f64> = (0..400).map(|k| v[at[(j + k / 20) * 160 + i + k % 20]]).filter(|v| v.is_finite()).collect();
            inside.iter().sum::<f64>() / inside.len() as f64
        };
        columns.push(Column::real(name, "", corners.iter().map(of).collect()));
    }
    let edge = |from: f64, cells: f64, of: fn(&(usize, usize)) -> usize| {
        corners.iter().map(|c| from - 5.0 + 10.0 * (of(c) as f64 + cells)).collect::<Vec<f64>>()
    };
    for (name, from, cells, of) in [
        ("x", west, 10.0, (|c| c.0) as fn(&(usize, usize)) -> usize),
        ("y", south, 10.0, |c| c.1),
        ("x_from", west, 0.0, |c| c.0),
        ("x_to", west, 20.0, |c| c.0),
        ("y_from", south, 0.0, |c| c.1),
        ("y_to", south, 20.0, |c| c.1),
    ] {
        columns.push(Column::real(name, "m", edge(from, cells, of)));
    }
    Case {
        table: Table::new(columns).unwrap(),
        roles: "target = \"elev\"\nplace = { x = \"x\", y = \"y\", crs = \"EPSG:32717\" }".into(),
        features: words(&["slope", "cplan", "log10_carea"]),
        validate: "design = \"block\"\nsize = 0.5\nfolds = 4".into(),
        wanted: None,
    }
}

/// Means over windows of 12 days, one every `step` days, with the days where each begins and ends.
fn windows(step: usize) -> Case {
    let mut case = series(1);
    let rows: Vec<usize> = (11..300).step_by(step).collect();
    for name in ["GR", "DTC", "RHOB"] {
        let v = case.number(name);
        case = case.put(name, window(&v, -11, 0, mean));
    }
    let year = case.number("year");
    let shifted = |days: f64| year.iter().map(|y| y + days / 365.2425).collect::<Vec<f64>>();
    case = case.put("from", shifted(-11.0)).put("to", shifted(0.9));
    case.select(&rows)
}

/// Places where predictions are wanted: those of the terrain on every `step`th cell.
fn grid(step: usize) -> Table {
    let cells = read("landslides/terrain.tif");
    let rows: Vec<usize> = (0..cells.rows()).filter(|r| (r / 160) % step == 0 && (r % 160) % step == 0).collect();
    Table::new(cells.select(&rows).columns().iter().filter(|c| c.name == "x" || c.name == "y").cloned().collect()).unwrap()
}

/// Places a little beside those of some samples.
fn beside(case: &Case, metres: f64) -> Table {
    let mut rng = Rng::new(2);
    let mut moved = |name: &str| Column::real(name, "", case.number(name).iter().map(|v| v + metres * rng.normal()).collect());
    Table::new(vec![moved("x"), moved("y")]).unwrap()
}

fn corner(case: Case, share: f64) -> Case {
    let mut x = case.number("x");
    let own = x.clone();
    x.sort_by(f64::total_cmp);
    let limit = x[(share * (x.len() - 1) as f64) as usize];
    let rows: Vec<usize> = (0..own.len()).filter(|&r| own[r] <= limit).collect();
    case.select(&rows)
}

type Seeded = (&'static str, &'static [&'static str], &'static str, Case);

const FOLD: &[&str] = &["fold-identifier", "group-identifier"];
const NEAR: &[&str] = &["folds-too-near"];
const AHEAD: &[&str] = &["future"];
const TILES: &[&str] = &["overlapping-tiles"];
const TWINS: &[&str] = &["twin-groups"];
const RANDOM: &str = "design = \"random\"\nfolds = 5";

fn places(case: &Case) -> Support {
    let at = Places::new(case.number("x"), case.number("y"), Crs::parse("EPSG:32717").unwrap()).unwrap();
    Support { place: Some(at), ..Support::bare(case.table.rows()) }
}

/// The number of a square of 800 m, in an order of its own.
fn squares(case: &Case) -> Vec<f64> {
    let (x, y) = (case.number("x"), case.number("y"));
    let of: Vec<(i64, i64)> = x.iter().zip(&y).map(|(x, y)| ((x / 800.0).floor() as i64, (y / 800.0).floor() as i64)).collect();
    let mut known = of.clone();
    known.sort_unstable();
    known.dedup();
    of.iter().map(|s| known.binary_search(s).unwrap() as f64).collect()
}

fn of_identity() -> Vec<Seeded> {
    let (l, g) = (landslides(), glaciers());
    let fold = l.folds(Design::Block, 0.8, places(&l));
    let groups = Support { group: Some(g.table.column("rgi_id").unwrap().classes().unwrap().clone()), ..Support::bare(320) };
    let part: Vec<String> = g.folds(Design::Group, 0.0, groups).iter().map(|f| format!("part {f}")).collect();
    let block = squares(&l);
    let name: Vec<String> = block.iter().map(|b| format!("q{b}")).collect();
    vec![
        ("the number of the fold", FOLD, "fold", l.clone().with("fold", fold)),
        ("the part of the glaciers", FOLD, "part", g.label("part", &part).feature("part")),
        (
            "the number of the block that is held out",
            FOLD,
            "block",
            l.clone().with("block", block).validate("design = \"group\"\ngroup = \"block\"\nfolds = 5"),
        ),
        (
            "the name of the block",
            FOLD,
            "square",
            l.label("square", &name).feature("square").validate("design = \"group\"\ngroup = \"square\"\nfolds = 5"),
        ),
    ]
}

fn of_rolling() -> Vec<Seeded> {
    let s = series(2);
    let (gr, rhob, dtc) = (s.number("GR"), s.number("RHOB"), s.number("DTC"));
    vec![
        ("a centred median of the target", AHEAD, "around", s.clone().with("around", window(&gr, -3, 3, median))),
        ("a median of the target, four ahead", AHEAD, "around", s.clone().with("around", window(&gr, -5, 4, median))),
        ("the highest of the days to come", AHEAD, "peak", s.clone().with("peak", window(&rhob, 0, 5, most))),
        ("the lowest around", AHEAD, "low", s.clone().with("low", window(&dtc, -4, 4, least))),
        ("a median that includes the row", &["own-row-in-window"], "recent", s.clone().with("recent", window(&gr, -4, 0, median))),
        ("a maximum that includes the row", &["own-row-in-window"], "recent", s.with("recent", window(&gr, -3, 0, most))),
    ]
}

fn of_nearness() -> Vec<Seeded> {
    let finely = |wells: usize| {
        let mut case = series_every(3, wells);
        case.features = words(&["Z_LOC", "year"]);
        case
    };
    let (one, two) = (finely(1), finely(2));
    let (l, t) = (landslides(), terrain());
    vec![
        ("days drawn at random", NEAR, "", one.clone().validate(RANDOM)),
        ("many short stretches", NEAR, "", one.validate("design = \"block-time\"\nfolds = 60")),
        ("many short stretches of two wells", NEAR, "", two.validate("design = \"block-time\"\nfolds = 75")),
        ("a corner for the whole, at random", NEAR, "", corner(t.clone(), 0.3).validate(RANDOM).wanted(grid(8))),
        ("a strip for the whole, at random", NEAR, "", corner(t, 0.15).validate(RANDOM).wanted(grid(8))),
        ("classes in a corner for the whole", NEAR, "", corner(l, 0.3).validate(RANDOM).wanted(grid(8))),
        (
            "days for the year after next",
            NEAR,
            "",
            series(1).feature("year").validate("design = \"block-time\"\nfolds = 30\nwanted = { time = \"2002-06/2003-06\" }"),
        ),
    ]
}

fn of_tiles_and_twins() -> Vec<Seeded> {
    let (t, w) = (tiles(10), windows(4));
    // A glacier's second decade under another name; a well's samples in turn under two.
    let mut g = glaciers();
    // One number was spread over both decades.
    let y = g.number("dmdtda");
    g = g.put("dmdtda", (0..320).map(|r| 0.45 * (y[r] + y[r ^ 1]) + 0.1 * y[r]).collect());
    g.features = words(&["area", "slope", "zmin", "zmed", "zmax"]);
    let renamed = |every: usize| {
        let names = g.labels("rgi_id");
        let names: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(r, n)| if r % 2 == 1 && (r / 2) % every == 0 { format!("{n} (new)") } else { n.clone() })
            .collect();
        g.clone().label("rgi_id", &names)
    };
    let well = wells_every(30);
    let twice = |many: usize| {
        let names = well.labels("WELL");
        let mut first: Vec<String> = names.clone();
        first.sort();
        first.dedup();
        let names: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(r, n)| if r % 2 == 1 && first.iter().position(|f| f == n).unwrap() < many { format!("{n} bis") } else { n.clone() })
            .collect();
        well.clone().label("WELL", &names)
    };
    vec![
        ("tiles that overlap by half", TILES, "", t.clone().validate(RANDOM)),
        ("tiles that overlap by half, in blocks", TILES, "", t.clone()),
        ("tiles that overlap by three quarters", TILES, "", tiles(5).validate("design = \"block\"\nsize = 0.4\nfolds = 4")),
        ("windows that overlap", TILES, "", w.clone().validate(RANDOM)),
        ("windows that overlap, in stretches", TILES, "", w.validate("design = \"block-time\"\nfolds = 10")),
        ("glaciers under two names", TWINS, "", renamed(2)),
        ("wells under two names", TWINS, "", twice(7)),
        ("all wells under two names", TWINS, "", twice(8)),
    ]
}

fn mistakes() -> Vec<Seeded> {
    [of_identity(), of_rolling(), of_nearness(), of_tiles_and_twins()].concat()
}

fn clean_in_time() -> Vec<(&'static str, Case)> {
    let (s, one) = (series(2), series(1));
    let (gr, rhob, dtc) = (s.number("GR"), s.number("RHOB"), s.number("DTC"));
    let height: Vec<f64> = (0..600).map(|i| if i < 300 { 412.0 } else { 87.0 }).collect();
    let month: Vec<String> = (0..600).map(|i| format!("m{}", i % 300 / 30 + 1)).collect();
    let mut highest = f64::NEG_INFINITY;
    let record: Vec<f64> = (0..600)
        .map(|i| {
            let past = if i % 300 == 0 { f64::NEG_INFINITY } else { highest };
            highest = past.max(rhob[i]);
            highest
        })
        .collect();
    vec![
        ("a median of the week before", s.clone().with("recent", window(&gr, -7, -1, median))),
        ("a median of an even week before", s.clone().with("recent", window(&gr, -6, -1, median))),
        ("the highest of a feature up to now", s.clone().with("peak", window(&rhob, -5, 0, most))),
        ("the lowest of the target before", s.clone().with("low", window(&gr, -5, -1, least))),
        ("a median of a feature up to now", s.clone().with("usual", window(&dtc, -8, 0, median))),
        ("the highest so far", s.clone().with("record", record)),
        ("the elevation of a station, split in time", s.clone().with("height", height.clone())),
        ("the elevation of a station in stretches", s.clone().with("height", height).validate("design = \"block-time\"\nfolds = 5")),
        ("months, split in time", s.clone().label("month", &month).feature("month")),
        (
            "forward, far ahead as wanted",
            one.clone().validate("design = \"forward\"\nfolds = 4\ngap = 12\nwanted = { time = \"2000-11-10/2000-12\" }"),
        ),
        (
            "forward, the next days wanted",
            one.clone().validate("design = \"forward\"\nfolds = 8\nwanted = { time = \"2000-10-27/2000-11-10\" }"),
        ),
        ("gaps among the days", s.clone().feature("year").validate(&format!("{RANDOM}\nwanted = \"here\""))),
        ("rolling with a gap", one.clone().validate("design = \"rolling\"\nfolds = 3\ngap = 20")),
        ("the last days held out", one.validate("design = \"holdout\"\nby = \"time\"\ngap = 20")),
        ("windows that do not overlap", windows(12).validate("design = \"forward\"\nfolds = 3")),
        ("windows that overlap, with a gap", windows(4).validate("design = \"forward\"\nfolds = 3\ngap = 16")),
    ]
}

fn clean_on_the_ground() -> Vec<(&'static str, Case)> {
    let (l, t, g, w) = (landslides(), terrain(), glaciers(), wells());
    let device: Vec<String> = (0..350).map(|r| format!("sensor {}", r * 7 % 5)).collect();
    let number: Vec<f64> = (0..350).map(|r| f64::from(r * 3 % 5)).collect();
    let east: Vec<String> = l.number("x").iter().map(|x| format!("{}", (x / 600.0).floor())).collect();
    let bare = l.clone().roles("\nplace = { x = \"x\", y = \"y\", crs = \"EPSG:32717\" }", "").validate(RANDOM);
    let range: Vec<String> = g.number("lon").iter().map(|x| (if *x < 10.0 { "west" } else { "east" }).to_owned()).collect();
    let wide: Vec<f64> = g.number("lat").iter().map(|y| y.floor()).collect();
    vec![
        ("wanted inside the cloud", l.clone().validate(RANDOM).wanted(beside(&l, 30.0))),
        ("terrain wanted inside the cloud", t.clone().validate(RANDOM).wanted(beside(&t, 40.0))),
        ("wanted inside the cloud, matched", t.clone().validate("design = \"knndm\"\nfolds = 5").wanted(beside(&t, 40.0))),
        ("a corner for the whole, matched", corner(t.clone(), 0.3).validate("design = \"knndm\"\nfolds = 5").wanted(grid(8))),
        ("gaps among the samples", t.clone().validate(&format!("{RANDOM}\nwanted = \"here\""))),
        ("gaps among classes", l.clone().validate(&format!("{RANDOM}\nwanted = \"here\""))),
        ("other glaciers", g.clone().validate("design = \"group\"\nfolds = 5\nwanted = \"other-groups\"")),
        ("other wells", w.clone().validate("design = \"leave-one-group-out\"\nwanted = \"other-groups\"")),
        ("a device by name", bare.clone().label("device", &device).feature("device")),
        ("a device by number", bare.clone().with("device", number.clone())),
        ("a device by number, in blocks", l.clone().with("device", number)),
        ("as many classes as folds", bare.label("east", &east).feature("east")),
        ("stripes of ground, in blocks", l.clone().label("east", &east).feature("east")),
        ("two mountain ranges", g.clone().label("range", &range).feature("range")),
        ("degrees of latitude", g.clone().with("band", wide)),
        ("whole squares held out", l.clone().put("block", squares(&l)).validate("design = \"group\"\ngroup = \"block\"\nfolds = 5")),
        ("tiles side by side", tiles(20).validate("design = \"block\"\nsize = 0.4\nfolds = 4")),
        ("tiles that overlap, with a buffer", tiles(10).validate("design = \"block\"\nsize = 0.4\nfolds = 4\nbuffer = 0.3")),
        ("tiles side by side in clusters", tiles(20).validate("design = \"cluster\"\nfolds = 4")),
        ("every other glacier", g.clone().select(&(0..320).filter(|r| r / 2 % 2 == 0).collect::<Vec<_>>())),
        ("one decade a glacier", g.select(&(0..320).step_by(2).collect::<Vec<_>>()).validate("design = \"block\"\nsize = 150\nfolds = 4")),
        ("wells, a third of the samples", w.clone().select(&(0..w.table.rows()).step_by(3).collect::<Vec<_>>())),
    ]
}

#[test]
fn nineteen_of_twenty_mistakes_are_found_where_they_are() {
    let all = mistakes();
    assert!(all.len() >= 12, "{} mistakes", all.len());
    let mut missed = Vec::new();
    for (name, codes, column, case) in &all {
        let audit = case.audit();
        let hit =
            audit.findings.iter().any(|f| codes.contains(&f.code.as_str()) && (column.is_empty() || f.columns.iter().any(|c| c == column)));
        if !hit {
            let told: Vec<String> =
                audit.findings.iter().map(|f| format!("{} {:?} {} {:?}", f.code, f.columns, f.evidence, f.flatters)).collect();
            missed.push(format!("{name}: told {told:?}"));
        }
    }
    assert!(20 * missed.len() <= all.len(), "missed {} of {}:\n{}", missed.len(), all.len(), missed.join("\n"));
}

#[test]
fn no_clean_recipe_is_accused() {
    let all = [clean_in_time(), clean_on_the_ground()].concat();
    assert!(all.len() >= mistakes().len(), "{} clean recipes", all.len());
    let mut accused = Vec::new();
    for (name, case) in &all {
        for f in case.audit().findings {
            accused.push(format!("{name}: {} {:?}: {} {:?}", f.code, f.columns, f.evidence, f.flatters));
        }
    }
    assert!(accused.is_empty(), "{} accusations:\n{}", accused.len(), accused.join("\n"));
}

#[test]
fn twins_and_tiles_say_which_how_much_and_how_to_mend() {
    let all = of_tiles_and_twins();
    let audit = all[7].3.audit();
    let twins = audit.findings.iter().find(|f| f.code == "twin-groups").unwrap();
    assert!(twins.evidence.contains(" bis'") && twins.key == "validate.design" && twins.mend.contains("the same name"), "{twins:?}");
    assert!(twins.flatters.as_ref().is_some_and(|f| f.beyond_noise && f.by > 0.0), "{twins:?}");
    let audit = all[0].3.audit();
    let tiles = audit.findings.iter().find(|f| f.code == "overlapping-tiles").unwrap();
    assert!(
        tiles.rows_in_all == all[0].3.table.rows() && tiles.evidence.contains("100.0 %") && tiles.evidence.contains("'x_from'"),
        "{tiles:?}"
    );
    assert!(tiles.flatters.as_ref().is_some_and(|f| f.by > 0.0), "{tiles:?}");
}
