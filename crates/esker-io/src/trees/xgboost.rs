//! XGBoost's JSON form (1.0 to 3.x), read as `doc/model.schema` of XGBoost describes it.
//!
//! XGBoost compares in single precision: values of features are rounded to it first, and `x < cut` goes left.

use std::borrow::Cow;
use std::collections::HashMap;

use esker_core::graph::Function;
use esker_core::trees::{Part, Test, Trees};
use esker_core::{Error, Field, FieldKind, Imported, Note, Result, Schema, Unit};
use serde::Deserialize;

use super::{counted, damaged};

/// Categories beyond this are none to XGBoost.
const MOST_CATEGORIES: u32 = 1 << 24;

#[derive(Deserialize)]
struct File {
    learner: Learner,
    #[serde(default)]
    version: Vec<u32>,
}

#[derive(Deserialize)]
struct Learner {
    #[serde(default)]
    feature_names: Vec<String>,
    #[serde(default)]
    feature_types: Vec<String>,
    gradient_booster: Booster,
    learner_model_param: Parameters,
    objective: Objective,
    #[serde(default)]
    attributes: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Parameters {
    base_score: String,
    #[serde(default)]
    num_class: String,
    num_feature: String,
    #[serde(default)]
    num_target: Option<String>,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct Booster {
    #[serde(default)]
    name: String,
    model: Option<Forest>,
    gbtree: Option<Inner>,
    #[serde(default)]
    weight_drop: Vec<f32>,
}

#[derive(Deserialize)]
struct Inner {
    model: Forest,
}

#[derive(Deserialize)]
struct Forest {
    trees: Vec<Tree>,
    tree_info: Vec<usize>,
    #[serde(default)]
    gbtree_model_param: ForestParameters,
    #[serde(default)]
    cats: Option<Categories>,
}

#[derive(Deserialize, Default)]
struct ForestParameters {
    #[serde(default)]
    num_parallel_tree: Option<String>,
}

#[derive(Deserialize)]
struct Categories {
    #[serde(default)]
    enc: Vec<Encoding>,
}

/// The categories of one feature: texts as bytes with where each begins, or numbers.
#[derive(Deserialize)]
struct Encoding {
    offsets: Option<Vec<usize>>,
    #[serde(default)]
    values: Vec<serde_json::Number>,
}

#[derive(Deserialize)]
struct Tree {
    left_children: Vec<i64>,
    right_children: Vec<i64>,
    split_indices: Vec<usize>,
    split_conditions: Vec<Option<f32>>,
    default_left: Vec<Flag>,
    #[serde(default)]
    split_type: Vec<u8>,
    #[serde(default)]
    categories: Vec<i64>,
    #[serde(default)]
    categories_nodes: Vec<usize>,
    #[serde(default)]
    categories_segments: Vec<usize>,
    #[serde(default)]
    categories_sizes: Vec<usize>,
    #[serde(default)]
    loss_changes: Vec<Option<f32>>,
    tree_param: TreeParameters,
}

#[derive(Deserialize)]
struct TreeParameters {
    #[serde(default)]
    size_leaf_vector: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Flag {
    Word(bool),
    Number(u8),
}

impl Flag {
    fn is_set(self) -> bool {
        match self {
            Self::Word(b) => b,
            Self::Number(n) => n != 0,
        }
    }
}

/// Reads a model.
///
/// # Errors
/// JSON that is no such model, or one that is no sum of trees.
pub(super) fn parse(bytes: &[u8], rounds: Option<usize>) -> Result<(Imported, Vec<Note>)> {
    let file: File = serde_json::from_slice(&plain(bytes)).map_err(|e| unread(bytes, &e))?;
    let File { learner, version } = file;
    let Learner { feature_names, feature_types, gradient_booster, learner_model_param: param, objective, attributes } = learner;
    let (forest, weights) = forest(gradient_booster)?;
    if param.num_target.as_deref().is_some_and(|n| n != "1" && n != "0") {
        return Err(Error::model("its target").got("several numbers a row").rule("models of one target are read"));
    }
    let classes: usize = whole("num_class", if param.num_class.is_empty() { "0" } else { &param.num_class })?;
    let (classes, then, margin) = link(&objective.name, classes)?;
    let outputs = if classes > 2 { classes } else { 1 };
    let parallel: usize = forest.gbtree_model_param.num_parallel_tree.as_deref().map_or(Ok(1), |n| whole("num_parallel_tree", n))?;
    if forest.tree_info.len() != forest.trees.len() || (!weights.is_empty() && weights.len() != forest.trees.len()) {
        return Err(damaged("tree_info", format!("{} entries", forest.tree_info.len()), format!("there are {} trees", forest.trees.len())));
    }
    let counted = counted(forest.trees.len(), outputs.saturating_mul(parallel.max(1)), rounds)?;
    let fields = features(&feature_names, &feature_types, whole("num_feature", &param.num_feature)?, forest.cats.as_ref())?;
    let count = fields.len();
    let mut model = Imported {
        program: format!("XGBoost ({})", version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")),
        schema: Schema { fields },
        inputs: Vec::new(),
        trees: Trees::new(0, outputs, 1),
        start: start(&param.base_score, outputs, margin)?,
        single: true,
        scale: 1.0,
        then,
        classes: classes as u32,
        gain: vec![0.0; count],
        splits: vec![0; count],
    };
    for (i, tree) in forest.trees.iter().take(counted).enumerate() {
        let weight = weights.get(i).copied().unwrap_or(1.0);
        add(tree, forest.tree_info[i], weight, &mut model).map_err(|e| Error { thing: format!("tree {i}: {}", e.thing), ..e })?;
    }
    model.trees.inputs = model.inputs.len() as u32;
    let mut notes = Vec::new();
    if let (None, Some(best)) = (rounds, attributes.get("best_iteration").and_then(|b| b.as_str()?.parse::<usize>().ok()))
        && best.checked_add(1).is_some_and(|n| n.saturating_mul(outputs * parallel.max(1)) < counted)
    {
        let text =
            format!("early stopping found round {} best, and all rounds were taken: --rounds {} takes those up to it", best + 1, best + 1);
        notes.push(Note::warning("best-iteration", text));
    }
    Ok((model, notes))
}

/// The text with null for the bare words `NaN` and `Infinity`, which JSON does not know and XGBoost writes for conditions without meaning.
fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (mut out, mut from, mut quoted, mut at) = (Vec::new(), 0, false, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'N' | b'I' | b'-' if !quoted => {
                if let Some(word) = [&b"NaN"[..], b"Infinity", b"-Infinity", b"-NaN"].iter().find(|w| bytes[at..].starts_with(w)) {
                    out.extend_from_slice(&bytes[from..at]);
                    out.extend_from_slice(b"null");
                    at += word.len();
                    from = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if from == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(&bytes[from..]);
    Cow::Owned(out)
}

/// The error of JSON that does not read, with a word on what it may be.
fn unread(bytes: &[u8], error: &serde_json::Error) -> Error {
    let has = |key: &[u8]| bytes.windows(key.len()).any(|w| w == key);
    let refused = damaged("the file", error.to_string(), "a model that XGBoost saved as JSON is wanted");
    if has(b"\"tree_structure\"") {
        refused.hint("this looks like LightGBM's dump_model(): use its save_model(\"model.txt\")")
    } else if has(b"\"oblivious_trees\"") {
        refused.hint("this looks like a model of CatBoost, which is not read")
    } else if has(b"\"nodeid\"") {
        refused.hint("this looks like XGBoost's dump_model(): use its save_model(\"model.json\")")
    } else {
        refused
    }
}

fn whole(what: &str, text: &str) -> Result<usize> {
    text.parse().ok().filter(|n| *n <= 1 << 24).ok_or_else(|| damaged(what.to_owned(), format!("'{text}'"), "a whole number stands there"))
}

/// The trees and, of DART, their weights.
fn forest(booster: Booster) -> Result<(Forest, Vec<f32>)> {
    match (booster.name.as_str(), booster.model, booster.gbtree) {
        ("gbtree" | "", Some(model), None) => Ok((model, Vec::new())),
        ("dart", None, Some(inner)) => Ok((inner.model, booster.weight_drop)),
        ("gblinear", _, _) => Err(Error::model("its booster").got("'gblinear'").rule("boosters of trees are read: gbtree and dart")),
        (name, _, _) => Err(damaged("its booster", format!("'{name}'"), "boosters of trees are read: gbtree and dart")),
    }
}

/// How the base score becomes a margin.
enum Margin {
    Same,
    Logit,
    Log,
}

/// The number of classes, what becomes of the sums, and of the base score.
fn link(objective: &str, classes: usize) -> Result<(usize, Vec<Function>, Margin)> {
    Ok(match objective {
        "reg:squarederror"
        | "reg:linear"
        | "reg:squaredlogerror"
        | "reg:pseudohubererror"
        | "reg:absoluteerror"
        | "reg:quantileerror"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => (0, Vec::new(), Margin::Same),
        "reg:logistic" => (0, vec![Function::Sigmoid], Margin::Logit),
        "binary:logitraw" => (0, Vec::new(), Margin::Logit),
        "binary:logistic" => (2, vec![Function::Sigmoid], Margin::Logit),
        "count:poisson" | "reg:gamma" | "reg:tweedie" => (0, vec![Function::Exp], Margin::Log),
        "multi:softmax" | "multi:softprob" if classes > 2 => (classes, vec![Function::Softmax], Margin::Same),
        "multi:softmax" | "multi:softprob" => {
            return Err(Error::model("objective")
                .got(format!("{objective} of {classes} classes"))
                .rule("two classes are read as 'binary:logistic'")
                .hint("fit it with objective=binary:logistic"));
        }
        other => {
            return Err(Error::model("objective").got(format!("'{other}'")).rule(
                "reg:squarederror, reg:absoluteerror, reg:quantileerror, reg:logistic, reg:gamma, reg:tweedie, count:poisson, \
                 binary:logistic, multi:softmax and multi:softprob are read",
            ));
        }
    })
}

/// The base score as margins: one number, or a list as later versions write it.
fn start(text: &str, outputs: usize, margin: Margin) -> Result<Vec<f64>> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let scores: std::result::Result<Vec<f32>, _> = bare.split(',').map(|s| s.trim().parse::<f32>()).collect();
    let wrong = || damaged("base_score", format!("'{text}'"), "numbers that the objective allows stand there");
    let mut scores = scores.map_err(|_| wrong())?;
    if scores.len() == 1 {
        scores = vec![scores[0]; outputs];
    }
    let to = |s: f32| match margin {
        Margin::Same => s,
        Margin::Logit => -(1.0 / s - 1.0).ln(),
        Margin::Log => s.ln(),
    };
    let start: Vec<f64> = scores.into_iter().map(|s| f64::from(to(s))).collect();
    if start.len() == outputs && start.iter().all(|s| s.is_finite()) { Ok(start) } else { Err(wrong()) }
}

/// The features by name, as XGBoost names them where the file does not.
fn features(names: &[String], types: &[String], count: usize, categories: Option<&Categories>) -> Result<Vec<Field>> {
    if (!names.is_empty() && names.len() != count) || (!types.is_empty() && types.len() != count) {
        return Err(damaged(
            "feature_names",
            format!("{} names and {} types", names.len(), types.len()),
            format!("there are {count} features"),
        ));
    }
    (0..count)
        .map(|i| {
            let name = names.get(i).cloned().unwrap_or_else(|| format!("f{i}"));
            let levels = categories.and_then(|c| c.enc.get(i)).map_or(Ok(Vec::new()), Encoding::levels)?;
            let class = types.get(i).is_some_and(|t| t == "c") && !levels.is_empty();
            let kind = if class { FieldKind::Class { levels } } else { FieldKind::Real { min: f64::NAN, max: f64::NAN } };
            Ok(Field { name, unit: Unit::default(), kind })
        })
        .collect()
}

impl Encoding {
    fn levels(&self) -> Result<Vec<String>> {
        let wrong = || damaged("cats", "categories that cannot be read", "texts or numbers stand there");
        let Some(offsets) = &self.offsets else { return Ok(self.values.iter().map(ToString::to_string).collect()) };
        // Bytes may be written with or without a sign.
        let byte = |n: &serde_json::Number| n.as_i64().filter(|v| (-128..256).contains(v)).map(|v| v as u8);
        let bytes: Vec<u8> = self.values.iter().map(byte).collect::<Option<_>>().ok_or_else(wrong)?;
        let text = |w: &[usize]| bytes.get(w[0]..w[1]).and_then(|b| String::from_utf8(b.to_vec()).ok()).ok_or_else(wrong);
        offsets.windows(2).map(text).collect()
    }
}

/// Adds a tree.
fn add(tree: &Tree, output: usize, weight: f32, model: &mut Imported) -> Result<()> {
    let count = tree.left_children.len();
    let lengths = [tree.right_children.len(), tree.split_indices.len(), tree.split_conditions.len(), tree.default_left.len()];
    if count == 0 || lengths.iter().any(|n| *n != count) || (!tree.split_type.is_empty() && tree.split_type.len() != count) {
        return Err(damaged("its nodes", format!("{count} left children and lists of {lengths:?}"), "all lists are of one length"));
    }
    if tree.tree_param.size_leaf_vector.as_deref().is_some_and(|n| n != "0" && n != "1") {
        return Err(Error::model("its leaves")
            .got("several numbers each")
            .rule("leaves of one number are read")
            .hint("fit it with multi_strategy=one_output_per_tree"));
    }
    let outputs = model.start.len();
    if output >= outputs {
        return Err(damaged("tree_info", output.to_string(), format!("there are {outputs} outputs")));
    }
    let segments = segments(tree)?;
    let mut trees = std::mem::take(&mut model.trees);
    let planted = trees.plant(output, 0, count, |trees, at| {
        if tree.left_children[at] == -1 {
            return Ok(Part::Leaf(f64::from(tree.split_conditions[at].unwrap_or(f32::NAN) * weight)));
        }
        split(tree, at, &segments, model, trees)
    });
    model.trees = trees;
    planted
}

/// A split of a tree.
fn split(tree: &Tree, at: usize, segments: &HashMap<usize, &[i64]>, model: &mut Imported, trees: &mut Trees) -> Result<Part> {
    let child = |c: i64| usize::try_from(c).map_err(|_| damaged("children", c.to_string(), "children are nodes of the tree"));
    let (left, right, to_left) = (child(tree.left_children[at])?, child(tree.right_children[at])?, tree.default_left[at].is_set());
    let (feature, count) = (tree.split_indices[at], model.schema.fields.len());
    if feature >= count {
        return Err(damaged("split_indices", feature.to_string(), format!("there are {count} features")));
    }
    model.splits[feature] += 1;
    model.gain[feature] += tree.loss_changes.get(at).copied().flatten().filter(|g| g.is_finite()).map_or(0.0, |g| f64::from(g.max(0.0)));
    let class = matches!(model.schema.fields[feature].kind, FieldKind::Class { .. });
    if tree.split_type.get(at) == Some(&1) {
        // Categories of the set go right, all others left.
        let members = segments.get(&at).copied().unwrap_or(&[]).iter();
        let members = members.map(|&c| u32::try_from(c).ok().filter(|c| *c < MOST_CATEGORIES));
        let members = members.collect::<Option<_>>().ok_or_else(|| damaged("categories", "a number out of range", "they count from 0"))?;
        let set = trees.set(members);
        let through: &[Function] = if class { &[] } else { &[Function::Single, Function::Floor] };
        return Ok(Part::Split { input: model.input(feature, through), test: Test::Among(set), missing: !to_left, yes: right, no: left });
    }
    if class {
        return Err(damaged(format!("feature '{}'", model.schema.fields[feature].name), "a split of numbers", "it is one of categories"));
    }
    let condition = tree.split_conditions[at].filter(|c| !c.is_nan());
    let condition = condition.ok_or_else(|| damaged("split_conditions", "no number", "conditions are numbers"))?;
    let cut = f64::from(condition).clamp(f64::MIN, f64::MAX);
    Ok(Part::Split { input: model.input(feature, &[Function::Single]), test: Test::Below(cut), missing: to_left, yes: left, no: right })
}

/// The categories of each node that has some.
fn segments(tree: &Tree) -> Result<HashMap<usize, &[i64]>> {
    if tree.categories_nodes.len() != tree.categories_segments.len() || tree.categories_nodes.len() != tree.categories_sizes.len() {
        return Err(damaged("categories_nodes", "lists of other lengths", "each node has a start and a size"));
    }
    let lists = tree.categories_nodes.iter().zip(tree.categories_segments.iter().zip(&tree.categories_sizes));
    lists
        .map(|(&node, (&start, &size))| {
            let list = start.checked_add(size).and_then(|end| tree.categories.get(start..end));
            list.map(|l| (node, l))
                .ok_or_else(|| damaged("categories", format!("{size} from {start}"), format!("there are {}", tree.categories.len())))
        })
        .collect()
}
