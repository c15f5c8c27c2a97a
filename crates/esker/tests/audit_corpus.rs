//! The audit's corpus: recipes with mistakes seeded into real tables, and as many without. It finds at least 95 % and accuses no clean one.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::{Path, PathBuf};

use esker::{Audit, Plan, ReadOptions, Recipe, Table, read_table};
use esker_core::{Codes, Column, Context, Rng, Values};

/// A table with the recipe's words round it.
#[derive(Clone)]
struct Case {
    table: Table,
    roles: String,
    features: Vec<String>,
    design: String,
    models: String,
    derive: String,
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn read(name: &str) -> Table {
    let file = example(name);
    match read_table(&file, &ReadOptions::default()) {
        Ok(table) => table,
        Err(e) => panic!("{}: {e}", file.display()),
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

/// 160 glaciers with two decades each.
fn glaciers() -> Case {
    let all = read("glacier-mass-balance/scandinavia_geodetic_mb_training.csv");
    let rows: Vec<usize> = (0..all.rows()).filter(|r| (r / 2) % 21 == 0).take(320).collect();
    Case {
        table: all.select(&rows),
        roles: "target = { column = \"dmdtda\", unit = \"m w.e. yr-1\" }\nplace = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }\ngroup = \"rgi_id\"".into(),
        features: words(&["area", "slope", "zmin", "zmed", "zmax", "PDD", "rain", "snow", "temp_06", "temp_07", "prcp_01"]),
        design: "design = \"group\"\nfolds = 5".into(),
        models: "[[model]]\nkind = \"ridge\"\n\n[[model]]\nkind = \"neighbours\"\nk = 3".into(),
        derive: String::new(),
    }
}

/// 350 points of a landslide inventory.
fn landslides() -> Case {
    Case {
        table: read("landslides/landslides.csv"),
        roles: "target = { column = \"lslpts\", kind = \"class\" }\nplace = { x = \"x\", y = \"y\", crs = \"EPSG:32717\" }".into(),
        features: words(&["slope", "cplan", "cprof", "elev", "log10_carea"]),
        design: "design = \"block\"\nsize = 0.8\nfolds = 5".into(),
        models: "[[model]]\nkind = \"logistic\"\n\n[[model]]\nkind = \"decision-tree\"".into(),
        derive: String::new(),
    }
}

/// Elevation of the same points, as a target of numbers.
fn terrain() -> Case {
    let mut case = landslides();
    case.roles = "target = { column = \"elev\", unit = \"m\" }\nplace = { x = \"x\", y = \"y\", crs = \"EPSG:32717\" }".into();
    case.features = words(&["slope", "cplan", "cprof", "log10_carea"]);
    case.models = "[[model]]\nkind = \"ridge\"\n\n[[model]]\nkind = \"neighbours\"\nk = 5".into();
    case
}

/// Every 90th sample of the eight wells.
fn wells() -> Case {
    let all = read("well-log-lithology/force2020_eight_wells.csv");
    let rows: Vec<usize> = (0..all.rows()).filter(|r| r % 90 == 0).collect();
    Case {
        table: all.select(&rows),
        roles: "target = { column = \"GR\", unit = \"gAPI\" }\ngroup = \"WELL\"".into(),
        features: words(&["Z_LOC", "CALI", "RDEP", "RMED", "DTC", "RHOB"]),
        design: "design = \"leave-one-group-out\"".into(),
        models: "[[model]]\nkind = \"ridge\"\n\n[[model]]\nkind = \"neighbours\"\nk = 3".into(),
        derive: String::new(),
    }
}

/// Gamma rays along two wells as series: a sample a day, three hundred from each.
fn series() -> Case {
    let all = read("well-log-lithology/force2020_eight_wells.csv");
    let well = all.column("WELL").unwrap().classes().unwrap();
    let gr = all.column("GR").unwrap().reals().unwrap();
    let rhob = all.column("RHOB").unwrap().reals().unwrap();
    let dtc = all.column("DTC").unwrap().reals().unwrap();
    let mut rows = Vec::new();
    for code in 0..well.levels().len() as u32 {
        let full = |r: &usize| well.codes()[*r] == code && gr[*r].is_finite() && rhob[*r].is_finite() && dtc[*r].is_finite();
        let of: Vec<usize> = (0..all.rows()).filter(full).step_by(12).take(300).collect();
        if of.len() == 300 && rows.len() < 600 {
            rows.extend(of);
        }
    }
    assert_eq!(rows.len(), 600);
    let mut table = all.select(&rows);
    table.put(Column::real("day", "days since 1970-01-01", (0..600).map(|i| f64::from(i % 300)).collect())).unwrap();
    let dtc = numbers(&table, "DTC");
    table.put(Column::real("dtc_lag1", "us/ft", moved(&dtc, -1))).unwrap();
    Case {
        table,
        roles: "target = { column = \"GR\", unit = \"gAPI\" }\ngroup = \"WELL\"\ntime = \"day\"".into(),
        features: words(&["DTC", "dtc_lag1", "RHOB"]),
        design: "design = \"forward\"\nfolds = 4\ngap = 12".into(),
        models: "[[model]]\nkind = \"ridge\"\n\n[[model]]\nkind = \"neighbours\"\nk = 3".into(),
        derive: String::new(),
    }
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    table.column(name).unwrap().reals().unwrap().to_vec()
}

/// Of the series of 300 rows each: the value `k` steps later, missing where there is none.
fn moved(v: &[f64], k: i64) -> Vec<f64> {
    window(v, k, k, |w| w[0])
}

/// Of the series of 300 rows each: something of the values from `first` to `last` steps later.
fn window(v: &[f64], first: i64, last: i64, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let at = |i: i64| {
        let (from, to) = (i + first, i + last);
        let (a, b) = (i / 300 * 300, i / 300 * 300 + 300);
        if from >= a && to < b { of(&v[from as usize..=to as usize]) } else { f64::NAN }
    };
    (0..v.len() as i64).map(at).collect()
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

fn sd(v: &[f64]) -> f64 {
    let m = mean(v);
    (v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (v.len() - 1) as f64).sqrt()
}

fn zscore(v: &[f64]) -> Vec<f64> {
    let known: Vec<f64> = v.iter().copied().filter(|x| x.is_finite()).collect();
    let (m, s) = (mean(&known), sd(&known));
    v.iter().map(|x| (x - m) / s).collect()
}

/// Mean of `v` over the rows of each level, in every row.
fn group_mean(codes: &Codes, v: &[f64]) -> Vec<f64> {
    (0..v.len())
        .map(|r| {
            let of: Vec<f64> = (0..v.len()).filter(|&i| codes.codes()[i] == codes.codes()[r]).map(|i| v[i]).collect();
            mean(&of)
        })
        .collect()
}

fn noisy(v: &[f64], share: f64) -> Vec<f64> {
    let mut rng = Rng::new(3);
    let s = sd(v) * share;
    v.iter().map(|x| x + s * rng.normal()).collect()
}

impl Case {
    /// With a further column of numbers among the features.
    fn with(mut self, name: &str, values: Vec<f64>) -> Self {
        self.table.put(Column::real(name, "", values)).unwrap();
        self.features.push(name.to_owned());
        self
    }

    fn put(mut self, name: &str, values: Vec<f64>) -> Self {
        self.table.put(Column::real(name, "", values)).unwrap();
        self
    }

    fn class(mut self, name: &str, codes: Codes) -> Self {
        self.table.put(Column::class(name, codes)).unwrap();
        self.features.push(name.to_owned());
        self
    }

    fn number(&self, name: &str) -> Vec<f64> {
        numbers(&self.table, name)
    }

    fn codes(&self, name: &str) -> Codes {
        self.table.column(name).unwrap().classes().unwrap().clone()
    }

    /// The landslide classes as 0 and 1.
    fn slid(&self) -> Vec<f64> {
        self.codes("lslpts").codes().iter().map(|c| f64::from(*c)).collect()
    }

    fn design(mut self, design: &str) -> Self {
        self.design = design.to_owned();
        self
    }

    fn derive(mut self, name: &str, value: &str) -> Self {
        self.derive = format!("[data.derive]\n{name} = \"{value}\"\n");
        self.features.push(name.to_owned());
        self
    }

    fn models(mut self, models: &str) -> Self {
        self.models = models.to_owned();
        self
    }

    fn roles(mut self, from: &str, to: &str) -> Self {
        assert!(self.roles.contains(from), "{from}");
        self.roles = self.roles.replace(from, to);
        self
    }

    /// Rows appended again, changed by `share` of the spread of each column of numbers.
    fn repeated(mut self, every: usize, share: f64) -> Self {
        let n = self.table.rows();
        let rows: Vec<usize> = (0..n).chain((0..n).step_by(every)).collect();
        let mut rng = Rng::new(8);
        let more = self.table.select(&rows);
        let columns = more.columns().iter().map(|c| match &c.values {
            Values::Real(v) => {
                let known: Vec<f64> = v.iter().copied().filter(|x| x.is_finite()).collect();
                let s = if known.len() > 1 { sd(&known) * share } else { 0.0 };
                let changed = v.iter().enumerate().map(|(i, x)| if i < n { *x } else { x + s * (rng.uniform() - 0.5) }).collect();
                Column { values: Values::Real(changed), ..c.clone() }
            }
            Values::Class(_) => c.clone(),
        });
        self.table = Table::new(columns.collect()).unwrap();
        self
    }

    fn audit(&self) -> Audit {
        let features: Vec<String> = self.features.iter().map(|f| format!("\"{f}\"")).collect();
        let text = format!(
            "title = \"t\"\nseed = 1\n\n[data]\nsource = \"none\"\n\n{}\n[roles]\n{}\nfeatures = [{}]\n\n[validate]\n{}\n\n{}\n",
            self.derive,
            self.roles,
            features.join(", "),
            self.design,
            self.models
        );
        let plan =
            Plan::new(Recipe::parse("recipe.toml", &text).unwrap(), self.table.clone(), None).unwrap_or_else(|e| panic!("{e}\n{text}"));
        plan.audit(&[], &Context::new(1, 2)).unwrap()
    }
}

type Seeded = (&'static str, &'static [&'static str], &'static str, Case);

/// Mistakes: a name, the codes that name it rightly, the column it is about (none for rows and folds), the case.
fn mistakes() -> Vec<Seeded> {
    let mut all = of_target();
    all.extend(of_identity());
    all.extend(of_rows_and_folds());
    all.extend(of_statistics());
    all.extend(of_time());
    all
}

const COPY: &[&str] = &["target-copy"];
const STATISTIC: &[&str] = &["target-statistic", "target-copy"];
const SCALED: &[&str] = &["all-rows-statistic"];
const WINDOW: &[&str] = &["own-row-in-window"];
const TWINS: &[&str] = &["duplicates", "near-duplicates"];

fn of_target() -> Vec<Seeded> {
    let (g, l, t) = (glaciers(), landslides(), terrain());
    let (mb, elev, slid) = (g.number("dmdtda"), t.number("elev"), l.slid());
    let each = |v: &[f64], f: &dyn Fn(f64) -> f64| v.iter().map(|x| f(*x)).collect::<Vec<f64>>();
    let mut rng = Rng::new(4);
    let flipped = slid.iter().map(|x| if rng.below(50) == 0 { 1.0 - x } else { *x }).collect();
    let parts: Vec<f64> = t.number("slope").iter().zip(&elev).map(|(s, e)| e - 20.0 * s).collect();
    let bands: Vec<Option<String>> = mb.iter().map(|v| Some(format!("band {}", (v * 4.0).floor()))).collect();
    vec![
        ("in other units", COPY, "mm", g.clone().with("mm", each(&mb, &|v| 1000.0 * v + 3.0))),
        ("monotone", COPY, "loss", g.clone().with("loss", each(&mb, &|v| (-v).exp()))),
        ("a copy with noise", COPY, "remeasured", g.clone().with("remeasured", noisy(&mb, 0.05))),
        ("a copy with more noise", COPY, "remeasured", t.clone().with("remeasured", noisy(&elev, 0.1))),
        ("squared", COPY, "squared", g.clone().with("squared", each(&mb, &|v| (v + 0.3) * (v + 0.3)))),
        ("rounded", COPY, "band", t.clone().with("band", each(&elev, &|v| (v / 150.0).floor()))),
        ("banded", COPY, "severity", g.class("severity", Codes::from_labels(&bands))),
        ("a class by another name", COPY, "code", l.clone().with("code", each(&slid, &|v| 7.0 - 3.0 * v))),
        ("a class but for a few rows", COPY, "mapped", l.with("mapped", flipped)),
        ("derived from the target", &["derived-from-target"], "ratio", t.clone().derive("ratio", "elev / (10 + slope)")),
        ("parts of a sum", &["adds-up-to-target"], "rest", t.with("rest", parts)),
    ]
}

fn of_identity() -> Vec<Seeded> {
    let (g, w, l) = (glaciers(), wells(), landslides());
    let id = g.codes("rgi_id").codes().iter().map(|c| f64::from(*c)).collect::<Vec<f64>>();
    let well = w.codes("WELL");
    let wells_by_number = well.codes().iter().map(|c| f64::from(*c + 1)).collect();
    let mut order: Vec<f64> = (0..350).map(f64::from).collect();
    Rng::new(6).shuffle(&mut order);
    let mut named = w.clone();
    named.features.push("WELL".into());
    vec![
        ("the group as a number", &["group-identifier"], "glacier", g.clone().with("glacier", id)),
        ("the well as a number", &["group-identifier"], "well", w.with("well", wells_by_number)),
        ("the well by name", &["group-identifier"], "WELL", named),
        (
            "a row number, rows sorted by class",
            &["row-identifier", "target-copy"],
            "fid",
            l.clone().with("fid", (0..350).map(f64::from).collect()),
        ),
        ("a shuffled row number", &["row-identifier"], "fid", l.with("fid", order)),
    ]
}

fn of_rows_and_folds() -> Vec<Seeded> {
    let random = "design = \"random\"\nfolds = 5";
    let (g, l, t, w) = (glaciers(), landslides(), terrain(), wells());
    let free =
        |c: &Case| c.clone().roles("\ngroup = \"rgi_id\"", "").roles("place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }", "");
    let trees =
        |n: usize| (1..=n).map(|k| format!("[[model]]\nkind = \"neighbours\"\nname = \"k{k}\"\nk = {}\n", 2 * k)).collect::<String>();
    vec![
        ("rows twice", TWINS, "", free(&g).design(random).repeated(5, 0.0)),
        ("a third of the rows twice", TWINS, "", l.clone().design(random).repeated(3, 0.0)),
        ("rows nearly twice", TWINS, "", free(&g).design(random).repeated(6, 0.002)),
        ("rows nearly twice, places moved", TWINS, "", l.clone().design("design = \"stratified\"\nfolds = 5").repeated(4, 0.005)),
        ("glaciers apart", &["groups-apart"], "", g.clone().design(random).with_static_target()),
        ("wells apart", &["groups-apart"], "", w.clone().design(random)),
        ("shuffled terrain, places among the features", &["folds-too-near"], "", placed(&t).design(random)),
        ("chosen on reported folds", &["tuned-on-reported-folds"], "", g.models(&trees(8))),
        ("chosen on few folds", &["tuned-on-reported-folds"], "", l.models(&trees(9))),
    ]
}

impl Case {
    /// Both decades of a glacier with nearly the same mass balance, as where one number was spread over them.
    fn with_static_target(self) -> Self {
        let y = group_mean(&self.codes("rgi_id"), &self.number("dmdtda"));
        let y = y.iter().zip(self.number("dmdtda")).map(|(m, v)| 0.9 * m + 0.1 * v).collect();
        self.put("dmdtda", y)
    }
}

fn of_statistics() -> Vec<Seeded> {
    let (g, l, t) = (glaciers(), landslides(), terrain());
    let (mb, elev, slid) = (g.number("dmdtda"), t.number("elev"), l.slid());
    let ids = g.codes("rgi_id");
    let labels =
        |v: &[f64], width: f64| Codes::from_labels(&v.iter().map(|x| Some(format!("{}", (x / width).floor()))).collect::<Vec<_>>());
    let slopes = labels(&l.number("slope"), 4.0);
    let all = mean(&mb);
    let smoothed: Vec<f64> = group_mean(&ids, &mb).iter().map(|m| (2.0 * m + 4.0 * all) / 6.0).collect();
    let left_out: Vec<f64> = group_mean(&ids, &mb).iter().zip(&mb).map(|(m, y)| 2.0 * m - y).collect();
    let around: Vec<f64> = group_mean(&ids, &mb).iter().zip(&mb).map(|(m, y)| y - m).collect();
    let near = neighbours(&t.number("x"), &t.number("y"), &elev, 4);
    let pdd = g.number("PDD");
    let ranks: Vec<f64> = pdd.iter().map(|a| pdd.iter().filter(|b| *b < a).count() as f64 + 1.0).collect();
    let lowest = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
    let (snow, s0) = (g.number("snow"), lowest(&g.number("snow")));
    let s1 = -lowest(&snow.iter().map(|v| -v).collect::<Vec<f64>>());
    let raised = l.number("elev");
    let (m, s) = (mean(&raised), sd(&raised));
    vec![
        ("target mean of a group", STATISTIC, "usual", g.clone().with("usual", group_mean(&ids, &mb))),
        ("smoothed target mean", STATISTIC, "usual", g.clone().with("usual", smoothed)),
        ("target mean of the others", STATISTIC, "usual", g.clone().with("usual", left_out)),
        ("target anomaly", STATISTIC, "anomaly", g.clone().with("anomaly", around)),
        ("class share of a level", STATISTIC, "share", l.clone().with("share", group_mean(&slopes, &slid))),
        ("mean of neighbours", STATISTIC, "around", t.clone().with("around", near)),
        ("standardised", SCALED, "pdd_z", g.clone().with("pdd_z", zscore(&pdd))),
        ("ranked", SCALED, "pdd_rank", g.clone().with("pdd_rank", ranks)),
        ("between 0 and 1", SCALED, "snow_01", g.clone().with("snow_01", snow.iter().map(|v| (v - s0) / (s1 - s0)).collect())),
        ("standardised by an expression", SCALED, "high", l.derive("high", &format!("(elev - {m:.3}) / {s:.3}"))),
        ("target standardised", &["target-transformed"], "dmdtda", g.clone().put("dmdtda", zscore(&mb))),
        ("target centred", &["target-transformed"], "elev", t.put("elev", elev.iter().map(|v| v - mean(&elev)).collect())),
    ]
}

/// Mean of the nearest `k` other rows.
fn neighbours(x: &[f64], y: &[f64], v: &[f64], k: usize) -> Vec<f64> {
    (0..v.len())
        .map(|r| {
            let far = |i: &usize| (x[*i] - x[r]).powi(2) + (y[*i] - y[r]).powi(2);
            let mut others: Vec<usize> = (0..v.len()).filter(|i| *i != r).collect();
            others.sort_by(|a, b| far(a).total_cmp(&far(b)).then(a.cmp(b)));
            others[..k].iter().map(|&i| v[i]).sum::<f64>() / k as f64
        })
        .collect()
}

fn of_time() -> Vec<Seeded> {
    let s = series();
    let (gr, rhob) = (s.number("GR"), s.number("RHOB"));
    let mut sum = 0.0;
    let running: Vec<f64> = gr
        .iter()
        .enumerate()
        .map(|(i, v)| {
            sum = if i % 300 == 0 { *v } else { sum + v };
            sum
        })
        .collect();
    let mut last = 0.0;
    let fading: Vec<f64> = gr
        .iter()
        .enumerate()
        .map(|(i, v)| {
            last = if i % 300 == 0 { *v } else { 0.8 * last + 0.2 * v };
            last
        })
        .collect();
    let weekly = window(&gr, -6, 0, mean);
    let rows: Vec<usize> = (0..600).filter(|r| weekly[*r].is_finite()).collect();
    let mut summed = s.clone().put("weekly", weekly);
    summed.table = summed.table.select(&rows);
    let summed = summed.roles("\"GR\"", "\"weekly\"");
    vec![
        ("the target of the next day", &["future", "target-copy"], "next", s.clone().with("next", moved(&gr, 1))),
        ("the target three days on", &["future"], "later", s.clone().with("later", moved(&gr, 3))),
        ("a feature of the next day", &["future"], "rhob_on", s.clone().with("rhob_on", moved(&rhob, 1))),
        ("a centred mean of the target", &["future"], "smooth", s.clone().with("smooth", window(&gr, -3, 3, mean))),
        ("a centred mean of a feature", &["future"], "smooth", s.clone().with("smooth", window(&rhob, -5, 5, mean))),
        ("a mean that includes the row", WINDOW, "recent", s.clone().with("recent", window(&gr, -4, 0, mean))),
        ("a running sum that includes the row", WINDOW, "total", s.clone().with("total", running)),
        ("a fading mean that includes the row", WINDOW, "fading", s.with("fading", fading)),
        ("weekly sums in shuffled folds", &["overlapping-windows"], "", summed.clone().design("design = \"random\"\nfolds = 5")),
        ("weekly sums in stretches", &["overlapping-windows"], "", summed.design("design = \"block-time\"\nfolds = 30")),
    ]
}

/// Recipes without a mistake, some of them near one.
fn clean() -> Vec<(&'static str, Case)> {
    let (g, l, t, w, s) = (glaciers(), landslides(), terrain(), wells(), series());
    let (mb, gr, rhob, dtc) = (g.number("dmdtda"), s.number("GR"), s.number("RHOB"), s.number("DTC"));
    let place = |c: &Case| {
        let mut c = c.clone();
        c.features.extend(words(&["lat", "lon"]));
        c
    };
    let bare = l.clone().roles("\nplace = { x = \"x\", y = \"y\", crs = \"EPSG:32717\" }", "");
    let ids = g.codes("rgi_id");
    let slope_mean = group_mean(&ids, &g.number("temp_06"));
    let mut rng = Rng::new(9);
    let noise: Vec<f64> = (0..320).map(|_| rng.normal()).collect();
    let mut all = of_series(&s, &gr, &rhob, &dtc);
    all.extend([
        ("glaciers", g.clone()),
        ("glaciers with places", place(&g)),
        ("glaciers, left out one by one", g.clone().design("design = \"leave-one-group-out\"")),
        ("glaciers in blocks", g.clone().design("design = \"block\"\nsize = 200\nfolds = 4")),
        ("a derived column", g.clone().derive("range", "zmax - zmin")),
        ("a derived column in other units", g.clone().derive("kelvin", "temp_06 + 273.15")),
        ("a group mean of a feature", g.clone().with("usual_june", slope_mean)),
        ("noise among the features", g.clone().with("noise", noise.clone())),
        ("a feature that goes with the target", g.clone().with("proxy", noisy(&mb, 0.6))),
        ("a feature that goes well with the target", t.clone().with("proxy", noisy(&t.number("elev"), 0.3))),
        ("two ridges", g.clone().models("[[model]]\nkind = \"ridge\"\n[[model]]\nkind = \"ridge\"\nname = \"strong\"\nlambda = 10.0\n")),
        ("a tuned model", g.clone().models("[[model]]\nkind = \"ridge\"\ntune = { trials = 3 }\n")),
        ("landslides in blocks", l.clone()),
        ("landslides without places", bare.clone().design("design = \"stratified\"\nfolds = 5")),
        ("landslides shuffled without places", bare.design("design = \"random\"\nfolds = 5")),
        ("landslides by elevation and its square", l.clone().derive("elev2", "(elev / 1000)^2")),
        ("terrain in blocks", t.clone()),
        ("terrain in clusters", t.design("design = \"cluster\"\nfolds = 5")),
        ("wells", w.clone()),
        ("wells without depth", without(&w, "Z_LOC")),
        ("wells in groups", w.clone().design("design = \"group\"\nfolds = 4")),
        ("sonic from the other logs", swapped(&w, "DTC")),
        ("density from the other logs", swapped(&w, "RHOB")),
        ("lithology", lithology(&w)),
        ("noise as the target", g.clone().put("dmdtda", noise)),
    ]);
    all
}

fn of_series(s: &Case, gr: &[f64], rhob: &[f64], dtc: &[f64]) -> Vec<(&'static str, Case)> {
    vec![
        ("a series", s.clone()),
        ("the target of the day before", s.clone().with("gr_lag1", moved(gr, -1))),
        ("several lags", s.clone().with("gr_lag1", moved(gr, -1)).with("gr_lag2", moved(gr, -2)).with("rhob_lag7", moved(rhob, -7))),
        ("a mean of the week before", s.clone().with("recent", window(gr, -7, -1, mean))),
        ("a mean of a feature up to now", s.clone().with("recent", window(rhob, -6, 0, mean))),
        (
            "lags and means of lags",
            s.clone().with("lag1", moved(dtc, -1)).with("lag3", moved(dtc, -3)).with("recent", window(dtc, -3, -1, mean)),
        ),
        ("a season", s.clone().with("sine", (0..600).map(|i| (f64::from(i % 300) / 58.1).sin()).collect())),
        ("whole wells of a series", s.clone().design("design = \"leave-one-group-out\"")),
        ("differences", s.clone().with("change", window(rhob, -1, 0, |w| w[1] - w[0]))),
        ("stretches of time", s.clone().design("design = \"block-time\"\nfolds = 5")),
    ]
}

/// With the places among the features.
fn placed(case: &Case) -> Case {
    let mut case = case.clone();
    case.features.extend(words(&["x", "y"]));
    case
}

fn without(case: &Case, name: &str) -> Case {
    let mut case = case.clone();
    case.features.retain(|f| f != name);
    case
}

/// Another log as the target, the gamma rays among the features.
fn swapped(case: &Case, target: &str) -> Case {
    let mut case = without(case, target).roles("\"GR\"", &format!("\"{target}\"")).roles(", unit = \"gAPI\"", "");
    case.features.push("GR".into());
    case
}

fn lithology(case: &Case) -> Case {
    let mut case = case.clone().models("[[model]]\nkind = \"decision-tree\"\n");
    case.roles = "target = { column = \"FORCE_2020_LITHOFACIES_LITHOLOGY\", kind = \"class\" }\ngroup = \"WELL\"".into();
    case.features.push("GR".into());
    case
}

#[test]
fn nineteen_of_twenty_mistakes_are_found_where_they_are() {
    let all = mistakes();
    assert!(all.len() >= 25, "{} mistakes", all.len());
    let mut missed = Vec::new();
    for (name, codes, column, case) in &all {
        let audit = case.audit();
        let hit =
            audit.findings.iter().any(|f| codes.contains(&f.code.as_str()) && (column.is_empty() || f.columns.iter().any(|c| c == column)));
        if !hit {
            let told: Vec<String> = audit.findings.iter().map(|f| format!("{} {:?} {:?}", f.code, f.columns, f.flatters)).collect();
            missed.push(format!("{name}: told {told:?}"));
        }
    }
    assert!(20 * missed.len() <= all.len(), "missed {} of {}:\n{}", missed.len(), all.len(), missed.join("\n"));
}

#[test]
fn no_clean_recipe_is_accused() {
    let all = clean();
    assert!(all.len() >= 25, "{} clean recipes", all.len());
    let mut accused = Vec::new();
    for (name, case) in &all {
        for f in case.audit().findings {
            accused.push(format!("{name}: {} {:?}: {} {:?}", f.code, f.columns, f.evidence, f.flatters));
        }
    }
    assert!(accused.is_empty(), "{} accusations:\n{}", accused.len(), accused.join("\n"));
}

#[test]
fn a_finding_says_where_how_much_and_how_to_mend_whatever_the_threads() {
    let g = glaciers();
    let mm = g.number("dmdtda").iter().map(|v| 1000.0 * v).collect();
    let case = g.with("mm", mm);
    let audit = case.audit();
    let leak = &audit.findings[0];
    assert_eq!(
        (leak.code.as_str(), leak.columns.as_slice(), leak.key.as_str(), leak.line),
        ("target-copy", &["mm".to_owned()][..], "roles.features", Some(12))
    );
    assert_eq!((audit.metric.as_str(), audit.unit.as_str()), ("rmse", "m w.e. yr-1"));
    let flatters = leak.flatters.as_ref().unwrap();
    assert!(flatters.beyond_noise && flatters.folds == 5 && flatters.sd.is_some());
    assert!((flatters.without - flatters.as_is - flatters.by).abs() < 1e-12 && flatters.by > 0.1, "{flatters:?}");
    assert!(leak.mend.contains("'mm'") && leak.evidence.contains("1"), "{leak:?}");
    assert_eq!(case.audit(), audit);
}

#[test]
fn twins_are_named_by_row_and_taken_apart() {
    let l = landslides().design("design = \"random\"\nfolds = 5").repeated(10, 0.0);
    let audit = l.audit();
    let twins = audit.findings.iter().find(|f| f.code == "duplicates").unwrap();
    assert!(twins.rows.contains(&1) && twins.rows_in_all > 40 && twins.rows_in_all <= 70, "{twins:?}");
    assert!(twins.flatters.as_ref().unwrap().by > 0.0, "{twins:?}");
}

/// A folder with the glaciers, in which one recipe has locked a fifth of them and opened the lock.
fn opened() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    esker::write_table(&at.join("glaciers.csv"), &glaciers().table).unwrap();
    let plan = written(at, "first.toml", LOCKED, "");
    let cx = plan.context(2);
    let run = at.join("runs/first");
    plan.run(&cx).unwrap().write(&run, plan.recipe(), &cx).unwrap();
    let opening = plan.open(&run, at, &cx).unwrap();
    assert_eq!((opening.number, opening.locked.rows), (1, 64));
    folder
}

const LOCKED: &str = "design = \"group\"\nfolds = 5\nfinal = { by = \"group\", share = 0.2 }";

fn written(folder: &Path, name: &str, design: &str, more: &str) -> Plan {
    let roles = glaciers().roles;
    let text = format!(
        "[data]\nsource = \"glaciers.csv\"\n[roles]\n{roles}\nfeatures = [\"slope\", \"zmed\", \"PDD\", \"snow\"]\n[validate]\n{design}\n[[model]]\nkind = \"ridge\"\n{more}\n"
    );
    std::fs::write(folder.join(name), text).unwrap();
    Plan::read(Recipe::read(&folder.join(name)).unwrap(), folder, &Context::new(0, 1)).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_hold_out_that_the_ledger_tells_of_is_named_and_others_are_not() {
    let folder = opened();
    let at = folder.path();
    let told = |plan: &Plan| plan.audit(&[], &Context::new(1, 2)).unwrap().findings;
    let half = LOCKED.replace("0.2", "0.5");
    let design = "design = \"holdout\"\nby = \"group\"\nshare = 0.4";
    for (name, design, more, code) in [
        ("another model", LOCKED, "lambda = 3.0", "final-opened"),
        ("another share", half.as_str(), "", "final-opened"),
        ("other rows of the same kind", "design = \"group\"\nfolds = 5\nfinal = { by = \"random\", share = 0.3 }", "", "final-opened"),
        ("a hold-out as the design", design, "", "hold-out-opened"),
    ] {
        let found = told(&written(at, "later.toml", design, more));
        let leak = found.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("{name}: {found:?}"));
        assert!(leak.evidence.contains("(ridge, ") && leak.line.is_some() && leak.flatters.is_none(), "{name}: {leak:?}");
    }
    for (name, recipe, design, more) in
        [("the recipe that was opened", "first.toml", LOCKED, ""), ("no lock", "later.toml", "design = \"group\"\nfolds = 5", "")]
    {
        let found = told(&written(at, recipe, design, more));
        assert!(found.iter().all(|f| !f.code.ends_with("opened")), "{name}: {found:?}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::copy(at.join("glaciers.csv"), elsewhere.path().join("glaciers.csv")).unwrap();
    let found = told(&written(elsewhere.path(), "later.toml", LOCKED, "lambda = 3.0"));
    assert!(found.iter().all(|f| !f.code.ends_with("opened")), "a lock that nobody opened: {found:?}");
}
