//! Mistakes that hide behind another column, another unit or another station, and clean tables that look like mistakes.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::{Audit, Leak, Plan, Recipe, Table};
use esker_core::{Codes, Column, Context, Rng};

/// A table whose first column is the target `y`, with the recipe's words.
struct Case {
    columns: Vec<Column>,
    roles: &'static str,
    features: Vec<&'static str>,
    validate: &'static str,
    models: &'static str,
}

const RIDGE: &str = "[[model]]\nkind = \"ridge\"";
const RANDOM: &str = "design = \"random\"\nfolds = 5";
const PLACE: &str = "\nplace = { x = \"x\", y = \"north\", crs = \"EPSG:32633\" }";

impl Case {
    fn new(y: Vec<f64>, validate: &'static str) -> Self {
        Self { columns: vec![Column::real("y", "m", y)], roles: "", features: Vec::new(), validate, models: RIDGE }
    }

    fn roles(mut self, roles: &'static str) -> Self {
        self.roles = roles;
        self
    }

    fn models(mut self, models: &'static str) -> Self {
        self.models = models;
        self
    }

    fn put(mut self, name: &'static str, values: Vec<f64>) -> Self {
        self.columns.push(Column::real(name, "", values));
        self
    }

    fn with(mut self, name: &'static str, values: Vec<f64>) -> Self {
        self.features.push(name);
        self.put(name, values)
    }

    fn label(mut self, name: &'static str, of: impl Fn(usize) -> usize) -> Self {
        let labels: Vec<Option<String>> = (0..self.columns[0].len()).map(|r| Some(format!("{name} {}", of(r)))).collect();
        self.columns.push(Column::class(name, Codes::from_labels(&labels)));
        self
    }

    fn feature(mut self, name: &'static str) -> Self {
        self.features.push(name);
        self
    }

    fn audit(self) -> Audit {
        let features: Vec<String> = self.features.iter().map(|f| format!("\"{f}\"")).collect();
        let text = format!(
            "seed = 1\n[data]\nsource = \"none\"\n[roles]\ntarget = \"y\"{}\nfeatures = [{}]\n[validate]\n{}\n{}\n",
            self.roles,
            features.join(", "),
            self.validate,
            self.models
        );
        let recipe = Recipe::parse("recipe.toml", &text).unwrap();
        let plan = Plan::new(recipe, Table::new(self.columns).unwrap(), None).unwrap_or_else(|e| panic!("{e}\n{text}"));
        plan.audit(&[], &Context::new(1, 2)).unwrap()
    }
}

fn normal(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..n).map(|_| rng.normal()).collect()
}

fn plus(a: &[f64], scale: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + scale * b).collect()
}

fn each(v: &[f64], mut of: impl FnMut(f64) -> f64) -> Vec<f64> {
    v.iter().map(|v| of(*v)).collect()
}

fn zscore(v: &[f64]) -> Vec<f64> {
    let n = v.len() as f64;
    let mean = v.iter().sum::<f64>() / n;
    let sd = (v.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    each(v, |v| (v - mean) / sd)
}

/// A series that remembers `share` of its last value.
fn remembering(n: usize, share: f64, seed: u64) -> Vec<f64> {
    let mut last = 0.0;
    each(&normal(n, seed), |e| {
        last = share * last + e;
        last
    })
}

/// Of series of `length` rows each: the value `k` steps later, missing where there is none.
fn later(v: &[f64], length: usize, k: i64) -> Vec<f64> {
    let at = |r: usize| {
        let i = (r % length) as i64 + k;
        if (0..length as i64).contains(&i) { v[(r as i64 + k) as usize] } else { f64::NAN }
    };
    (0..v.len()).map(at).collect()
}

fn about<'a>(audit: &'a Audit, column: &str) -> Vec<&'a Leak> {
    audit.findings.iter().filter(|f| f.columns.iter().any(|c| c == column)).collect()
}

fn codes(audit: &Audit, column: &str) -> Vec<String> {
    about(audit, column).iter().map(|f| f.code.clone()).collect()
}

#[test]
fn a_standardised_copy_of_the_target_is_a_copy() {
    let x = normal(300, 1);
    let y = plus(&each(&x, |v| 50.0 + 5.0 * v), 5.0, &normal(300, 2));
    let rough = plus(&y, 0.3, &normal(300, 3));
    for z in [zscore(&y), zscore(&rough)] {
        let audit = Case::new(y.clone(), RANDOM).with("x", x.clone()).with("z", z).audit();
        assert_eq!(codes(&audit, "z"), ["target-copy"], "{:?}", audit.findings);
    }
}

#[test]
fn a_lead_does_not_hide_behind_a_further_lead_or_its_double() {
    let (q, p) = (remembering(600, 0.8, 4), remembering(600, 0.7, 5));
    let days: Vec<f64> = (0..600).map(f64::from).collect();
    let series = |y: &[f64]| Case::new(y.to_vec(), "design = \"forward\"\nfolds = 4").roles("\ntime = \"day\"");
    let case = |y: &[f64]| {
        let mut case = series(y).with("p", p.clone());
        case.columns.push(Column::real("day", "days since 1970-01-01", days.clone()));
        case
    };
    let ahead = |k: i64| later(&q, 600, k);
    let audit = case(&q).with("q_h1", ahead(1)).with("q_h2", ahead(2)).with("q_h3", ahead(3)).audit();
    for name in ["q_h1", "q_h2", "q_h3"] {
        assert_eq!(codes(&audit, name), ["future"], "{name}: {:?}", audit.findings);
        assert!(about(&audit, name)[0].flatters.as_ref().unwrap().by >= 0.0);
    }
    let next = later(&p, 600, 1);
    let audit = case(&q).with("p_next", next.clone()).with("p_tomorrow", next).with("p_h2", later(&p, 600, 2)).audit();
    for name in ["p_next", "p_tomorrow", "p_h2"] {
        assert_eq!(codes(&audit, name), ["future"], "{name}: {:?}", audit.findings);
    }
    let audit = case(&q).with("q_lag1", ahead(-1)).with("q_lag2", ahead(-2)).with("p_lag3", later(&p, 600, -3)).audit();
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
}

#[test]
fn stations_of_one_region_are_series_of_their_own_and_long_lags_are_known() {
    // Six stations in two regions, 400 hours each; what differs between stations is far larger than what an hour or a week changes.
    let y: Vec<f64> = (0..6).flat_map(|s| each(&remembering(400, 0.98, 20 + s), |v| 0.3 * v + 7.0 * ((s * 5) % 6) as f64)).collect();
    let station = |of: fn(usize) -> f64| (0..2400).map(|r| of(r / 400)).collect::<Vec<f64>>();
    let case = || {
        let mut case = Case::new(y.clone(), "design = \"block-time\"\nfolds = 4")
            .roles("\ntime = \"day\"\ngroup = \"region\"\nplace = { x = \"x\", y = \"north\", crs = \"EPSG:32633\" }")
            .label("region", |r| r / 1200)
            .put("x", station(|s| 5e5 + 3e4 * s as f64))
            .put("north", station(|s| 5.4e6 + 2e4 * ((s * s) % 5) as f64))
            .with("noise", normal(2400, 9));
        case.columns.push(Column::real("day", "days since 1970-01-01", (0..2400).map(|r| f64::from(r % 400) / 24.0).collect()));
        case
    };
    let audit = case().with("next", later(&y, 400, 1)).audit();
    assert_eq!(codes(&audit, "next"), ["future"], "{:?}", audit.findings);
    let audit = case().with("hour_before", later(&y, 400, -1)).with("week_before", later(&y, 400, -168)).audit();
    assert!(audit.findings.iter().all(|f| f.columns.is_empty()), "{:?}", audit.findings);
}

#[test]
fn a_centred_target_is_scored_in_its_own_unit() {
    let x = normal(300, 1);
    let y = plus(&each(&x, |v| 300.0 * v), 100.0, &normal(300, 2));
    let mean = y.iter().sum::<f64>() / 300.0;
    let audit = Case::new(each(&y, |v| v - mean), RANDOM).with("x", x).audit();
    let leak = about(&audit, "y")[0];
    let flatters = leak.flatters.as_ref().unwrap();
    assert_eq!(leak.code, "target-transformed");
    assert!(flatters.as_is > 80.0 && flatters.by.abs() < 5.0, "{flatters:?}");
}

#[test]
fn what_stations_are_like_goes_with_a_target_they_keep() {
    // Sixty stations on twenty dates; the target and the height of a station do not change, and the station is no role.
    let of = |seed: u64| (0..1200).map(|r| normal(60, seed)[r % 60]).collect::<Vec<f64>>();
    let spread = |seed: u64| each(&of(seed), |v| 5e5 + 5e4 * v);
    let audit = Case::new(of(1), "design = \"block\"\nsize = 40\nfolds = 4")
        .roles(PLACE)
        .put("x", spread(2))
        .put("north", spread(3))
        .with("height", of(4))
        .with("slope", of(5))
        .with("rain", normal(1200, 6))
        .audit();
    assert!(about(&audit, "height").is_empty() && about(&audit, "slope").is_empty(), "{:?}", audit.findings);
}

#[test]
fn one_fold_is_no_evidence() {
    let x = normal(200, 1);
    let y = plus(&x, 1.0, &normal(200, 2));
    let four = "[[model]]\nkind = \"ridge\"\nname = \"a\"\nlambda = 0.1\n[[model]]\nkind = \"ridge\"\nname = \"b\"\n[[model]]\nkind = \"ridge\"\nname = \"c\"\nlambda = 10.0\n[[model]]\nkind = \"ridge\"\nname = \"d\"\nlambda = 100.0";
    let case = Case::new(y.clone(), "design = \"holdout\"\nshare = 0.3").models(four).with("x", x).with("copy", each(&y, |v| 3.0 * v));
    let audit = case.audit();
    let variants = audit.findings.iter().find(|f| f.code == "tuned-on-reported-folds").unwrap();
    assert_eq!(variants.flatters, None);
    let copy = about(&audit, "copy")[0].flatters.as_ref().unwrap();
    assert!(copy.folds == 1 && copy.by > 0.0 && !copy.beyond_noise, "{copy:?}");
}

#[test]
fn axes_and_units_are_not_statistics_of_all_rows() {
    let year: Vec<f64> = (1959..2024).map(f64::from).collect();
    let co2 = each(&year, |y| 315.0 + 0.8 * (y - 1959.0) + 0.013 * (y - 1959.0f64).powi(2));
    let y = plus(&each(&year, |y| 0.01 * (y - 1959.0)), 0.3, &normal(65, 3));
    let audit = Case::new(y, "design = \"block-time\"\nfolds = 4").roles("\ntime = \"year\"").put("co2", co2).with("year", year).audit();
    assert!(about(&audit, "year").is_empty(), "{:?}", audit.findings);
    let percent: Vec<f64> = each(&normal(300, 1), |v| (50.0 + 40.0 * v).clamp(0.0, 100.0));
    let y = normal(300, 2);
    let case = || Case::new(y.clone(), RANDOM).with("cloud", each(&percent, |v| v / 100.0)).with("other", normal(300, 5));
    let audit = case().put("cloud_percent", percent.clone()).audit();
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
    let audit = case().put("cloud_percent", each(&percent, |v| 3.0 * v)).audit();
    assert_eq!(codes(&audit, "cloud"), ["all-rows-statistic"]);
}

#[test]
fn copies_do_not_acquit_each_other() {
    let of_group = normal(40, 1);
    let y: Vec<f64> = plus(&(0..200).map(|r| of_group[r / 5]).collect::<Vec<f64>>(), 0.3, &normal(200, 2));
    let seen: Vec<f64> = plus(&(0..200).map(|r| normal(40, 7)[r / 5]).collect::<Vec<f64>>(), 0.01, &normal(200, 3));
    let audit = Case::new(y.clone(), RANDOM)
        .roles("\ngroup = \"plot\"")
        .models("[[model]]\nkind = \"ridge\"\n[[model]]\nkind = \"neighbours\"\nk = 3")
        .label("plot", |r| r / 5)
        .with("seen", seen)
        .with("y_mm", each(&y, |v| 1000.0 * v))
        .with("y_cm", each(&y, |v| 100.0 * v))
        .audit();
    for name in ["y_mm", "y_cm"] {
        let flatters = about(&audit, name)[0].flatters.as_ref().unwrap();
        assert!(flatters.beyond_noise && flatters.by > 0.3, "{name}: {flatters:?}");
    }
}

#[test]
fn plots_of_one_climate_cell_and_islands_of_one_fold_are_no_mistake() {
    let cell = |seed: u64| (0..1000).map(|r| normal(600, seed)[r % 600]).collect::<Vec<f64>>();
    let case = Case::new(normal(1000, 9), RANDOM).models("[[model]]\nkind = \"neighbours\"\nk = 3");
    let audit = case.with("rain", cell(1)).with("heat", cell(2)).with("wind", cell(3)).audit();
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
    let around = |seed: u64, of: fn(usize) -> usize| {
        let near = normal(320, seed);
        (0..320).map(|r| 5e5 + 3e5 * of(r / 40) as f64 + 2e4 * near[r]).collect::<Vec<f64>>()
    };
    let audit = Case::new(normal(320, 4), "design = \"cluster\"\nfolds = 5")
        .roles(PLACE)
        .put("x", around(5, |i| i % 3))
        .put("north", around(6, |i| i / 3))
        .label("island", |r| r / 40)
        .feature("island")
        .with("slope", normal(320, 7))
        .audit();
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
}

#[test]
fn large_tables_are_audited_in_passes_over_the_rows() {
    let n = ROWS;
    let kinds = |many: usize| move |r: usize| (r * 7919) % many;
    let mut case = Case::new(normal(n, 1), "design = \"group\"\nfolds = 5").roles("\ngroup = \"plot\"");
    case = case.label("plot", kinds(20)).label("rock", kinds(9)).label("year", kinds(30));
    for (k, name) in NAMES.into_iter().enumerate() {
        case = case.with(name, normal(n, 10 + k as u64));
    }
    let audit = case.audit();
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
}

const ROWS: usize = 6000;
const NAMES: [&str; 20] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];
