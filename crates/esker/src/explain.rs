//! Explanation of the chosen model on the held-out rows of the primary design.

use std::collections::BTreeMap;

use esker_core::record::{Effect, Explanation, Importance, Task};
use esker_core::{Context, DecisionTree, Inside, Model, Note, Result, Samples};
use esker_evaluate::explain::{HeldOut, ale, needs_all_folds, permutation};

use crate::folds::FoldRun;
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::recipe::matches;

/// Held-out rows of a fold used for explanation at most; more change the answer little and cost much.
const MOST_ROWS: usize = 4000;
/// Quantile bins of an accumulated local effect.
const BINS: usize = 20;

pub(crate) struct Explained {
    pub explanation: Option<Explanation>,
    pub notes: Vec<Note>,
}

pub(crate) fn explain(plan: &Plan, features: &[String], (folds, final_fit): (&[FoldRun], &Pipeline), cx: &Context) -> Result<Explained> {
    let part = &plan.recipe.explain;
    if !part.importance {
        return Ok(Explained { explanation: None, notes: Vec::new() });
    }
    let mut notes = Vec::new();
    let whole = folds.iter().any(|f| f.pipeline.as_ref().is_some_and(Pipeline::looks_around));
    let tests = held_out_rows(plan, whole, cx, &mut notes);
    let held: Vec<HeldOut<'_>> = folds
        .iter()
        .zip(&tests)
        .filter_map(|(run, test)| run.pipeline.as_ref().map(|p| HeldOut { model: p as &dyn Model, test }))
        .collect();
    let target = &plan.data.target;
    let metric = &*plan.metric().metric;
    let weighted = plan.recipe.validate.weighted;
    let singles: Vec<(String, Vec<String>)> = features.iter().map(|f| (f.clone(), vec![f.clone()])).collect();
    let sets = sets(plan, features, &mut notes);
    let further = sets.iter().filter(|set| !singles.contains(set));
    let all: Vec<(String, Vec<String>)> = singles.iter().chain(further).cloned().collect();
    cx.progress().begin("explain", 1 + part.effects);
    let found = permutation(&held, target, &all, metric, part.repeats, weighted, &cx.fork("permutation", 0))?;
    if needs_all_folds(&held, features)? {
        let text = "features have one value within folds, so importance shuffles the held-out rows of all folds together, each judged by the model of its fold";
        notes.push(Note::info("importance-all-folds", text));
    }
    let those_of = |sets: &[(String, Vec<String>)]| -> Vec<Importance> {
        let one_of = |i: &&Importance| sets.iter().any(|(name, features)| *name == i.name && *features == i.features);
        found.iter().filter(one_of).cloned().collect()
    };
    let (features, groups) = (those_of(&singles), those_of(&sets));
    cx.progress().step();
    let mut effects: Vec<Effect> = Vec::new();
    let class = shown_class(&plan.data.task, &plan.data.samples, target)?;
    let around = held.iter().any(|h| h.model.looks_around());
    if around && part.effects > 0 {
        let text = "no effects are drawn: what the model says of a row depends on the rows before it as well, so that no row's features can be moved alone. \
                    Importance is that of the columns it reads; what earlier targets give is in no importance and in no area of applicability";
        notes.push(Note::info("effects-around", text));
    }
    for importance in features.iter().take(if around { 0 } else { part.effects }) {
        let mut effect = ale(&held, target, &importance.name, BINS, class.as_ref().map(|c| c.0), &cx.fork("ale", 0))?;
        if let Some((_, name)) = &class {
            effect.class.clone_from(name);
        }
        effects.push(effect);
        cx.progress().step();
    }
    cx.progress().end();
    let (internal, internal_kind) = internal(final_fit);
    let metric = plan.metric().kind.name().to_owned();
    Ok(Explained { explanation: Some(Explanation { metric, features, groups, internal, internal_kind, effects }), notes })
}

/// The held-out rows of each fold that are explained: some of many, but all where what is said of one depends on those beside it.
fn held_out_rows(plan: &Plan, whole: bool, cx: &Context, notes: &mut Vec<Note>) -> Vec<Samples> {
    let mut sampled = false;
    let tests = plan.designs[0]
        .folds
        .iter()
        .enumerate()
        .map(|(f, fold)| {
            if whole || fold.test.len() <= MOST_ROWS {
                return plan.data.samples.select(&fold.test);
            }
            sampled = true;
            let mut rows = fold.test.clone();
            cx.rng.fork("explained rows", f as u64).shuffle(&mut rows);
            rows.truncate(MOST_ROWS);
            rows.sort_unstable();
            plan.data.samples.select(&rows)
        })
        .collect();
    if sampled {
        notes.push(Note::info(
            "explained-rows",
            format!("importance and effects use at most {MOST_ROWS} held-out rows of each fold, drawn at random"),
        ));
    }
    tests
}

/// The class whose probability is explained: the most frequent one.
fn shown_class(task: &Task, samples: &Samples, target: &str) -> Result<Option<(usize, String)>> {
    let Task::Classification { names, .. } = task else { return Ok(None) };
    let counts = samples.column(target)?.classes()?.counts();
    let most = (0..counts.len()).fold(0, |best, k| if counts[k] > counts[best] { k } else { best });
    Ok(Some((most, names[most].clone())))
}

/// Features that are shuffled together: the recipe's globs, or numbered series such as `temp_01 … temp_12`.
fn sets(plan: &Plan, features: &[String], notes: &mut Vec<Note>) -> Vec<(String, Vec<String>)> {
    let of_glob = |glob: &String| (glob.clone(), (0..features.len()).filter(|&i| matches(glob, &features[i])).collect());
    let globs = &plan.recipe.explain.groups;
    let found: Vec<(String, Vec<usize>)> = if globs.is_empty() { series(features) } else { globs.iter().map(of_glob).collect() };
    let mut sets = Vec::new();
    let mut grouped = vec![false; features.len()];
    for (glob, members) in found {
        if members.is_empty() {
            notes.push(Note::warning("explain-group", format!("explain group '{glob}' matches no feature")));
            continue;
        }
        members.iter().for_each(|&i| grouped[i] = true);
        sets.push((glob, members.into_iter().map(|i| features[i].clone()).collect()));
    }
    if sets.is_empty() {
        return sets;
    }
    sets.extend(features.iter().zip(&grouped).filter(|(_, g)| !**g).map(|(f, _)| (f.clone(), vec![f.clone()])));
    sets
}

/// Features that differ only in a number at their end, three or more of them.
fn series(features: &[String]) -> Vec<(String, Vec<usize>)> {
    let mut stems: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, feature) in features.iter().enumerate() {
        let stem = feature.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() < feature.len() && !stem.is_empty() {
            stems.entry(stem).or_default().push(i);
        }
    }
    stems.into_iter().filter(|(_, members)| members.len() >= 3).map(|(stem, members)| (format!("{stem}*"), members)).collect()
}

/// The deepest nodes of a tree that the record lists.
const TREE_DEPTH: usize = 10;

/// The model as a tree that can be read, if it is one.
pub(crate) fn tree(fitted: &Pipeline) -> Option<DecisionTree> {
    match fitted.inside() {
        Inside::Decision { tree, .. } => Some(tree.cut(TREE_DEPTH)),
        _ => None,
    }
}

/// Importance read off the model itself, as shares.
pub(crate) fn internal(fitted: &Pipeline) -> (Vec<(String, f64)>, String) {
    let (mut list, kind) = match fitted.inside() {
        Inside::Trees { gain, .. } | Inside::Decision { gain, .. } => (gain, "share of split gain"),
        Inside::Linear { coefficients, .. } => {
            let total: f64 = coefficients.iter().map(|(_, b)| b.abs()).sum();
            let share = |b: f64| if total > 0.0 { b.abs() / total } else { 0.0 };
            (coefficients.into_iter().map(|(n, b)| (n, share(b))).collect(), "share of absolute coefficients as the model saw its features")
        }
        Inside::Network(_) | Inside::Closed => (Vec::new(), ""),
    };
    list.sort_by(|a: &(String, f64), b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    (list, kind.to_owned())
}
