//! Skill against simple answers on real series, weights against uneven sampling, and what is wanted against the area of applicability.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::{Path, PathBuf};

use esker::{Context, Outcome, Plan, Recipe};
use esker_core::skill::SkillReference;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn plan(text: &str) -> Result<Plan, String> {
    let recipe = Recipe::parse("recipe.toml", text).map_err(|e| e.to_string())?;
    Plan::read(recipe, &folder(), &Context::new(0, 1)).map_err(|e| e.to_string())
}

fn run(text: &str) -> Outcome {
    plan(text).unwrap().run(&Context::new(1, 2)).unwrap()
}

/// Daily weather of Seattle, 2012 to 2015, under four forward folds.
fn seattle(target: &str, more: &str) -> String {
    format!(
        "seed = 1\n[data]\nsource = \"seattle.csv\"\n[roles]\ntarget = {target}\ntime = \"date\"\nfeatures = [\"precipitation\", \"wind\"]\n\
         [validate]\ndesign = \"forward\"\nfolds = 4\n{more}\n[explain]\nimportance = false\neffects = 0\napplicability = false\n"
    )
}

fn of<'a>(outcome: &'a Outcome, kind: &str) -> &'a SkillReference {
    outcome.record.skill.as_ref().unwrap().references.iter().find(|r| r.kind == kind).unwrap()
}

/// What `simple answers` are, computed by numpy 2.4.6 (tests/data/make_skill.py).
#[test]
fn simple_answers_to_daily_temperatures_are_those_of_numpy() {
    let outcome = run(&seattle("{ column = \"temp_max\", unit = \"degC\" }", "[[model]]\nkind = \"mean\"\n[[model]]\nkind = \"ridge\""));
    let skill = outcome.record.skill.as_ref().unwrap();
    assert_eq!(skill.references.iter().map(|r| r.kind.as_str()).collect::<Vec<_>>(), ["mean", "season", "last"]);
    for (kind, rows, rmse) in [("mean", 1169, 7.501020688000455), ("season", 1125, 3.8453731488155873), ("last", 1169, 11.029201848419207)]
    {
        let found = of(&outcome, kind);
        assert!(found.rows == rows && found.held_out == 1169, "{kind} {}", found.rows);
        assert!((found.error - rmse).abs() < 1e-9 && found.unit.as_str() == "degC", "{kind} {}", found.error);
    }
    // One long block a fold: the last value is half a year old in the middle.
    assert_eq!(of(&outcome, "last").lead, Some([1.0, 147.0, 293.0]));
    // Skill is 1 − MSE / MSE of the answer, and the mean has none against itself.
    let ridge = outcome.record.models[1].runs[0].scores.iter().find(|s| s.metric == "rmse").and_then(|s| s.pooled).unwrap();
    for kind in ["mean", "last"] {
        let found = of(&outcome, kind);
        assert!((found.models[1].skill - (1.0 - (ridge / found.error).powi(2))).abs() < 1e-9);
    }
    assert!(of(&outcome, "mean").models[0].skill.abs() < 1e-12);
    let [low, high] = of(&outcome, "mean").models[1].interval.unwrap();
    assert!(low < high && low <= of(&outcome, "mean").models[1].skill && of(&outcome, "mean").models[1].skill <= high);
    // Wind and rain know less of the temperature than the calendar: the run says so.
    assert!(of(&outcome, "season").models[1].beyond_noise() < 0);
    let note = outcome.record.notes.iter().find(|n| n.code == "worse-than-simple").unwrap();
    assert!(note.text.contains("than saying the mean of the season"), "{}", note.text);
}

#[test]
fn classes_are_held_against_their_frequencies_and_the_last_class_by_the_brier_score() {
    let outcome = run(&seattle("{ column = \"weather\", kind = \"class\" }", "[[model]]\nkind = \"forest\"\ntrees = 20"));
    assert_eq!(outcome.record.skill.as_ref().unwrap().of, "Brier score");
    for (kind, brier) in [("frequencies", 0.6088963177967667), ("last", 1.1120615911035072)] {
        assert!((of(&outcome, kind).error - brier).abs() < 1e-9, "{kind} {}", of(&outcome, kind).error);
    }
    let brier = outcome.record.models[0].runs[0].scores.iter().find(|s| s.metric == "brier").and_then(|s| s.pooled).unwrap();
    let found = of(&outcome, "frequencies");
    assert!((found.models[0].skill - (1.0 - brier / found.error)).abs() < 1e-9);
    assert!(found.models[0].skill > 0.2, "rain tells of rain: {}", found.models[0].skill);
}

/// Zinc of the 60 southernmost sites of the Meuse.
fn meuse(roles: &str, validate: &str) -> String {
    format!(
        "seed = 1\n[data]\nsource = \"meuse/south.csv\"\n[data.derive]\nlog_zinc = \"ln(zinc)\"\nsqrt_dist = \"sqrt(dist)\"\n[roles]\n\
         target = \"log_zinc\"\nplace = {{ x = \"x\", y = \"y\", crs = \"EPSG:28992\" }}\nfeatures = [\"sqrt_dist\"]\n{roles}\n[validate]\n\
         design = \"random\"\nfolds = 5\n{validate}\n[[model]]\nkind = \"linear\"\n[explain]\nimportance = false\neffects = 0\n"
    )
}

#[test]
fn without_times_the_mean_is_the_only_simple_answer() {
    let outcome = run(&meuse("", ""));
    let skill = outcome.record.skill.as_ref().unwrap();
    assert!(skill.references.len() == 1 && skill.references[0].kind == "mean" && skill.absent.is_empty(), "{skill:?}");
    assert!(skill.references[0].models[0].skill > 0.4);
}

#[test]
fn weights_against_uneven_sampling_count_in_fits_and_where_asked_in_scores() {
    let rmse = |outcome: &Outcome| outcome.record.models[0].runs[0].scores[0].pooled.unwrap();
    let plain = run(&meuse("", ""));
    for how in ["declustered = \"400 m\"", "density = \".4 km\""] {
        let roles = format!("weight = {{ {how} }}");
        let fitted = run(&meuse(&roles, ""));
        let scored = run(&meuse(&roles, "weighted = true"));
        let words = fitted.record.data.weights.clone().unwrap();
        assert!(words.contains("400 m") && words.contains("mean 1") && words.contains("places alone"), "{words}");
        assert!(rmse(&plain) != rmse(&fitted) && rmse(&fitted) != rmse(&scored));
        assert_eq!(plain.rows.fold, fitted.rows.fold);
        // Simple answers are weighted as the scores are.
        assert!(of(&scored, "mean").error != of(&fitted, "mean").error);
        assert_eq!(of(&plain, "mean").error, of(&fitted, "mean").error);
    }
}

#[test]
fn weights_that_cannot_be_are_refused() {
    let refused = |roles: &str| plan(&meuse(roles, "")).err().unwrap().replace("recipe.toml:", "");
    insta::assert_snapshot!(refused("weight = { declustered = \"400\" }"));
    insta::assert_snapshot!(refused("weight = { declustered = \"1 km\", density = \"1 km\" }"));
}

#[test]
fn the_share_of_wanted_places_inside_is_in_the_record_and_on_the_page() {
    let cells = "wanted = \"../../../esker-evaluate/tests/data/matching/meuse_cells.csv\"";
    let outcome = run(&meuse("", cells));
    let wanted = outcome.record.applicability.as_ref().unwrap().wanted.clone().unwrap();
    assert_eq!((wanted.places, wanted.measured, wanted.unknown), (3103, 3103, 0));
    let area = outcome.record.applicability.as_ref().unwrap();
    let at = &outcome.rows.wanted;
    let inside = at.dissimilarity.iter().filter(|v| **v <= area.threshold).count();
    assert!((wanted.inside - inside as f64 / 3103.0).abs() < 1e-12 && wanted.inside > 0.5, "{}", wanted.inside);
    // An error is expected inside, and nowhere else.
    assert_eq!(at.expected.iter().filter(|e| e.is_finite()).count(), inside);
    assert_eq!(at.x.len(), 3103);
    // Without the feature nothing is known of it, and the run says so.
    let blind = run(&meuse("", cells).replace("[\"sqrt_dist\"]", "[\"sqrt_dist\", \"elev\"]"));
    assert!(blind.record.applicability.as_ref().unwrap().wanted.is_none());
    assert!(blind.record.notes.iter().any(|n| n.code == "wanted-without-area" && n.text.ends_with("it has no column 'elev'")));
    // Held-out rows know their expected error too, inside alone.
    let (index, error) = (&outcome.rows.dissimilarity, &outcome.rows.expected);
    assert!(index.iter().zip(error).all(|(i, e)| (*i <= area.threshold) == e.is_finite()));
}
