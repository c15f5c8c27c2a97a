//! The adviser for every kind of use, on samples made so that the right answer is known: features, other groups, times to come, gaps.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::PathBuf;

use esker::{Advice, Context, Plan, Recipe, Table, write_table};
use esker_core::{Codes, Column, Rng};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("esker-advice-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, columns: Vec<Column>) {
        write_table(&self.0.join(name), &Table::new(columns).unwrap()).unwrap();
    }

    fn plan(&self, roles: &str, validate: &str) -> Result<Plan, String> {
        let text = format!(
            "title = \"t\"\nseed = 1\n[data]\nsource = \"samples.csv\"\n[roles]\ntarget = \"y\"\n{roles}\n[validate]\n{validate}\n[[model]]\nkind = \"ridge\"\n[explain]\nimportance = false\n"
        );
        let recipe = Recipe::parse("recipe.toml", &text).map_err(|e| e.to_string())?;
        Plan::read(recipe, &self.0, &Context::new(0, 1)).map_err(|e| e.to_string())
    }

    fn advice(&self, roles: &str, validate: &str) -> Result<Advice, String> {
        let folds = if validate.contains("folds") { "" } else { "folds = 5\n" };
        Ok(self.plan(roles, &format!("design = \"auto\"\n{folds}{validate}"))?.advice.unwrap())
    }

    fn folds(&self, roles: &str, validate: &str) -> Vec<Option<u32>> {
        let record = self.plan(roles, validate).unwrap().run(&Context::new(1, 2)).unwrap().record;
        record.designs[0].fold_of_row.clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn w(advice: &Advice, design: &str) -> f64 {
    advice.candidates.iter().find(|c| c.design == design).unwrap_or_else(|| panic!("{design}: {advice:?}")).w.unwrap()
}

fn drawn(n: usize, seed: u64, of: impl Fn(&mut Rng) -> f64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..n).map(|_| of(&mut rng)).collect()
}

/// Two features in `clumps`, or spread evenly over the square from 0 to 10.
fn features(n: usize, seed: u64, clumps: usize) -> Vec<Column> {
    let mut rng = Rng::new(seed);
    let middles: Vec<[f64; 2]> = (0..clumps).map(|_| [10.0 * rng.uniform(), 10.0 * rng.uniform()]).collect();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for i in 0..n {
        let [x, y] = if clumps > 0 {
            let m = middles[i % clumps];
            [m[0] + 0.05 * rng.normal(), m[1] + 0.05 * rng.normal()]
        } else {
            [10.0 * rng.uniform(), 10.0 * rng.uniform()]
        };
        a.push(x);
        b.push(y);
    }
    vec![Column::real("a", "", a), Column::real("b", "", b)]
}

fn with_target(mut columns: Vec<Column>) -> Vec<Column> {
    let n = columns[0].len();
    columns.push(Column::real("y", "", drawn(n, 77, Rng::normal)));
    columns
}

const AB: &str = "features = [\"a\", \"b\"]";

#[test]
fn samples_without_a_place_are_compared_by_their_features() {
    let folder = Folder::new("features");
    folder.put("wanted.csv", features(500, 2, 0));
    // Samples drawn as what is wanted is: shuffled rows are as new as predictions will be.
    folder.put("samples.csv", with_target(features(200, 3, 0)));
    let even = folder.advice(AB, "wanted = \"wanted.csv\"").unwrap();
    assert_eq!((even.chosen.as_str(), even.distances[0].unit.as_str(), &even.beyond), ("random", "sd", &None));
    // Samples in clumps: shuffled rows have neighbours of their clump, what is wanted has none.
    folder.put("samples.csv", with_target(features(200, 3, 12)));
    let clumps = folder.advice(AB, "wanted = \"wanted.csv\"").unwrap();
    assert_eq!(clumps.chosen, "knndm in features");
    assert!(w(&clumps, "knndm in features") < 0.7 * w(&clumps, "random"), "{:?}", clumps.candidates);
    assert_eq!(clumps.written, "design = \"knndm\"\nfolds = 5\nspace = \"features\"");
    // What is written makes the same folds.
    let wanted = "wanted = \"wanted.csv\"";
    let written = folder.folds(AB, &format!("{}\n{wanted}", clumps.written));
    assert_eq!(written, folder.folds(AB, &format!("design = \"auto\"\nfolds = 5\n{wanted}")));
}

#[test]
fn a_use_unlike_all_samples_is_beyond_every_design() {
    let folder = Folder::new("beyond");
    folder.put("samples.csv", with_target(features(200, 3, 0)));
    let far = features(300, 2, 0).into_iter().map(|c| {
        let moved = c.reals().unwrap().iter().map(|v| v + 100.0).collect();
        Column::real(&c.name, "", moved)
    });
    folder.put("wanted.csv", far.collect());
    let far = folder.advice(AB, "wanted = \"wanted.csv\"").unwrap();
    let beyond = far.beyond.unwrap();
    assert!(beyond.contains("No design on these samples imitates the use") && beyond.contains("0 % of what is wanted"), "{beyond}");
}

/// Samples all over a plane; one feature lies in clumps that have nothing to do with the place.
#[test]
fn places_covered_and_features_not_are_matched_among_the_features() {
    let folder = Folder::new("both");
    let plane = |n: usize, seed: u64| {
        vec![
            Column::real("x", "m", drawn(n, seed, |r| 1e5 * r.uniform())),
            Column::real("north", "m", drawn(n, seed + 1, |r| 1e5 * r.uniform())),
        ]
    };
    let samples: Vec<Column> = plane(200, 10).into_iter().chain(features(200, 3, 12)).collect();
    folder.put("samples.csv", with_target(samples));
    let roles = format!("place = {{ x = \"x\", y = \"north\", crs = \"EPSG:32632\" }}\n{AB}");
    folder.put("wanted.csv", plane(400, 20).into_iter().chain(features(400, 2, 0)).collect());
    let apart = folder.advice(&roles, "wanted = \"wanted.csv\"").unwrap();
    assert_eq!(apart.chosen, "knndm in features", "{apart:?}");
    assert!(apart.candidates[0].also[0].0 == "sd" && apart.distances.iter().any(|d| d.unit == "km"));
    folder.put("wanted.csv", plane(400, 20).into_iter().chain(features(400, 4, 12)).collect());
    folder.put("samples.csv", with_target(plane(200, 10).into_iter().chain(features(200, 3, 0)).collect()));
    assert_eq!(folder.advice(&roles, "wanted = \"wanted.csv\"").unwrap().chosen, "random");
}

/// 24 stations 50 km apart with 6 rows each within a hundred metres, over 6 years.
fn stations(folder: &Folder) {
    let mut rng = Rng::new(5);
    let mut at = || 100.0 * rng.uniform();
    let (mut x, mut north, mut year, mut station, mut basin) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for s in 0..24 {
        for t in 0..6 {
            x.push(5e4 * f64::from(s % 6) + at());
            north.push(5e4 * f64::from(s / 6) + at());
            year.push(2000.0 + f64::from(t));
            station.push(Some(format!("s{s}")));
            basin.push(Some(format!("b{}", s % 6)));
        }
    }
    let mut columns = vec![
        Column::real("x", "m", x),
        Column::real("north", "m", north),
        Column::real("year", "", year),
        Column::class("station", Codes::from_labels(&station)),
        Column::class("basin", Codes::from_labels(&basin)),
    ];
    columns.extend(features(144, 9, 0));
    folder.put("samples.csv", with_target(columns));
}

const PLACE: &str = "place = { x = \"x\", y = \"north\", crs = \"EPSG:32632\" }\n";

#[test]
fn other_groups_are_left_out_whole_and_rows_here_are_shuffled() {
    let folder = Folder::new("groups");
    stations(&folder);
    let roles = format!("{PLACE}group = \"station\"\n{AB}");
    let others = folder.advice(&roles, "wanted = \"other-groups\"").unwrap();
    assert_eq!(others.chosen, "group");
    // The nearest row of another station is 50 km away, that of the same station less than 150 m.
    assert!((others.distances[0].mean - 50.0).abs() < 0.2 && w(&others, "random") > 45.0 && w(&others, "group") < 12.0, "{others:?}");
    assert!(others.measured.iter().any(|m| m == "24 groups, of 6 to 6 rows; the middle one has 6."), "{:?}", others.measured);
    let here = folder.advice(&roles, "wanted = \"here\"").unwrap();
    assert!(here.chosen == "random" && w(&here, "random") < 0.1 && here.beyond.is_none(), "{here:?}");
    assert!(here.reasons.iter().any(|r| r.contains("nothing of new ground")));
    // The recipe's own group counts before that of the roles.
    let own = folder.advice(&roles, "group = \"basin\"\nwanted = \"other-groups\"").unwrap();
    assert!(own.measured.iter().any(|m| m == "6 groups of 'basin', of 24 to 24 rows; the middle one has 24."), "{:?}", own.measured);
    assert_eq!((own.chosen.as_str(), own.written.as_str()), ("group", "design = \"group\"\nfolds = 5\ngroup = \"basin\""));
    // Fewer basins than folds: each is left out in turn.
    let few = folder.advice(&roles, "folds = 10\ngroup = \"basin\"\nwanted = \"other-groups\"").unwrap();
    assert!(few.chosen == "leave-one-group-out" && few.candidates.iter().any(|c| c.refused.is_some()), "{few:?}");
}

#[test]
fn times_to_come_are_learned_from_the_past_with_a_gap_as_long_as_the_lead() {
    let folder = Folder::new("future");
    let years: Vec<f64> = (0..60).map(|t| 1960.0 + f64::from(t)).collect();
    let mut columns = vec![Column::real("year", "", years)];
    columns.extend(features(60, 9, 0));
    folder.put("samples.csv", with_target(columns));
    let roles = format!("time = \"year\"\n{AB}");
    let next = folder.advice(&roles, "wanted = { time = \"2020/2024\" }").unwrap();
    assert_eq!((next.chosen.as_str(), &next.beyond), ("forward", &None), "{next:?}");
    assert!(next.distances[0].unit == "d" && next.measured.iter().any(|m| m.starts_with("100 % of the times wanted are later")));
    let later = folder.advice(&roles, "wanted = { time = \"2026/2033\" }").unwrap();
    assert_eq!(later.chosen, "forward with gap", "{later:?}");
    assert!(w(&later, "forward with gap") < 0.7 * w(&later, "forward") && later.written.contains("gap = 2"), "{}", later.written);
    let never = folder.advice(&roles, "wanted = { time = \"2200/2210\" }").unwrap();
    assert!(never.beyond.is_some_and(|b| b.contains("times wanted are 18") && b.contains("0 % of what is wanted")));
    // Gaps within the record are gaps: shuffled years are as near to others as those are.
    let gaps = folder.advice(&roles, "wanted = { time = \"1980/2000\" }").unwrap();
    assert!(gaps.chosen == "random" && gaps.wanted.contains("within the record"), "{gaps:?}");
}

#[test]
fn other_groups_in_the_future_are_both() {
    let folder = Folder::new("both-ways");
    stations(&folder);
    let roles = format!("group = \"station\"\ntime = \"year\"\n{AB}");
    let both = folder.advice(&roles, "wanted = { source = \"other-groups\", time = \"2006/2008\" }").unwrap();
    assert!(both.chosen.starts_with("group-forward") && both.wanted == "times after the last sample, of other groups", "{both:?}");
    let same = folder.advice(&roles, "wanted = { source = \"here\", time = \"2006/2008\" }").unwrap();
    assert!(same.chosen.starts_with("forward"), "{same:?}");
}

#[test]
fn what_cannot_be_wanted_is_refused() {
    let folder = Folder::new("refused");
    stations(&folder);
    let refused = |roles: &str, validate: &str| folder.advice(roles, validate).unwrap_err();
    let plain = format!("{PLACE}{AB}");
    insta::assert_snapshot!(refused(&plain, "wanted = \"other-groups\""), @r#"
    recipe.toml:10:10: 'validate.wanted': got other groups, and 0 in the samples; at least two groups are needed: one to learn from and one to judge on
      hint: name their column: [roles] group = "…", or group in [validate]
    "#);
    insta::assert_snapshot!(refused(&plain, "wanted = { time = \"2030/2040\" }"), @r#"
    recipe.toml:12:10: 'validate.wanted.time': got samples without times; times wanted are compared with those of the samples
      hint: name their column: [roles] time = "year"
    "#);
    insta::assert_snapshot!(refused(&plain, "wanted = { time = \"soon\" }"), @r"
    recipe.toml:12:19: time 'soon'; a time is written 2001, 2001-05, 2001-05-17 or 2001-05-17T06:00, a date of the proleptic_gregorian calendar
      hint: a span is written 2001-01/2010-12
    ");
    insta::assert_snapshot!(refused(&plain, "wanted = { }"), @r#"
    recipe.toml:12:10: 'validate.wanted'; it says neither where nor when
      hint: write source = "grid.csv", time = "2030/2040", or both
    "#);
}
