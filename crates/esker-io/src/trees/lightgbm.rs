//! LightGBM's text form (`version=v2` to `v4`), read as `src/io/tree.cpp` of LightGBM 4 writes and walks it.

use std::collections::HashMap;

use esker_core::graph::Function;
use esker_core::trees::{Part, Test, Trees};
use esker_core::{Error, Field, FieldKind, Imported, Note, Result, Schema, Unit};

use super::{counted, damaged};

/// The lines `key=value` of one part of the file.
type Lines<'a> = HashMap<&'a str, &'a str>;

/// Reads a model.
///
/// # Errors
/// Text that is no such model, or one that is no sum of trees.
pub(super) fn parse(bytes: &[u8], rounds: Option<usize>) -> Result<(Imported, Vec<Note>)> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| damaged("the file", format!("a byte that is not UTF-8 at {}", e.valid_up_to()), "LightGBM writes text"))?;
    let (body, after) = text.split_once("end of trees").ok_or_else(|| damaged("the file", "no 'end of trees'", "it ends too early"))?;
    let mut parts = body.split("\nTree=");
    let head = parts.next().unwrap_or("");
    let average = head.lines().any(|l| l.trim() == "average_output");
    let head = lines(head);
    let objective = objective(head.get("objective").copied())?;
    let trees: Vec<&str> = parts.collect();
    let each: usize = number(&head, "num_tree_per_iteration")?;
    if each != objective.classes.max(1) && !(objective.classes == 2 && each == 1) {
        return Err(damaged("num_tree_per_iteration", each.to_string(), format!("the objective has {} classes", objective.classes)));
    }
    let counted = counted(trees.len(), each, rounds)?;
    let fields = features(&head, after)?;
    let scale = if average && counted > 0 { objective.scale / (counted / each) as f64 } else { objective.scale };
    let features = fields.len();
    let mut model = Imported {
        program: format!("LightGBM ({})", head.get("version").unwrap_or(&"unknown version")),
        schema: Schema { fields },
        inputs: Vec::new(),
        trees: Trees::new(0, each, 1),
        start: vec![0.0; each],
        single: false,
        scale,
        then: objective.then,
        classes: objective.classes as u32,
        gain: vec![0.0; features],
        splits: vec![0; features],
    };
    for (i, text) in trees.iter().take(counted).enumerate() {
        tree(&lines(text), i % each, &mut model).map_err(|e| Error { thing: format!("tree {i}: {}", e.thing), ..e })?;
    }
    model.trees.inputs = model.inputs.len() as u32;
    Ok((model, objective.notes))
}

fn lines(text: &str) -> Lines<'_> {
    text.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.trim(), v.trim())).collect()
}

fn number<T: std::str::FromStr>(lines: &Lines, key: &str) -> Result<T> {
    let text = lines.get(key).ok_or_else(|| damaged(key, "nothing", "LightGBM writes it"))?;
    text.parse().map_err(|_| damaged(key, format!("'{text}'"), "a number stands there"))
}

/// The numbers of a line, as many as there must be.
fn numbers<T: std::str::FromStr>(lines: &Lines, key: &str, count: usize) -> Result<Vec<T>> {
    let text = lines.get(key).ok_or_else(|| damaged(key, "nothing", format!("{count} numbers stand there")))?;
    let read: std::result::Result<Vec<T>, _> = text.split_ascii_whitespace().map(str::parse).collect();
    match read {
        Ok(v) if v.len() == count => Ok(v),
        Ok(v) => Err(damaged(key, format!("{} numbers", v.len()), format!("{count} stand there"))),
        Err(_) => Err(damaged(key, "a word that is no number", format!("{count} numbers stand there"))),
    }
}

/// What becomes of the sums.
struct Objective {
    classes: usize,
    scale: f64,
    then: Vec<Function>,
    notes: Vec<Note>,
}

fn objective(text: Option<&str>) -> Result<Objective> {
    let words: Vec<&str> = text.unwrap_or("").split_ascii_whitespace().collect();
    let said = |key: &str| words.iter().find_map(|w| w.strip_prefix(key)?.strip_prefix(':'));
    let plain = |then: Vec<Function>| Objective { classes: 0, scale: 1.0, then, notes: Vec::new() };
    let found = match words.first().copied() {
        Some("regression") if words.contains(&"sqrt") => plain(vec![Function::SignedSquare]),
        Some("regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" | "lambdarank" | "rank_xendcg") => plain(Vec::new()),
        Some("poisson" | "gamma" | "tweedie") => plain(vec![Function::Exp]),
        Some("cross_entropy") => plain(vec![Function::Sigmoid]),
        Some("cross_entropy_lambda") => plain(vec![Function::Softplus]),
        Some("binary") => {
            let scale: f64 = said("sigmoid").unwrap_or("1").parse().unwrap_or(f64::NAN);
            if !scale.is_finite() || scale <= 0.0 {
                return Err(damaged("objective", words.join(" "), "'sigmoid' is a number above 0"));
            }
            Objective { classes: 2, scale, ..plain(vec![Function::Sigmoid]) }
        }
        Some("multiclass") => {
            let classes = said("num_class").and_then(|n| n.parse().ok()).filter(|n| (3..=100_000).contains(n) || *n == 2);
            let classes = classes.ok_or_else(|| damaged("objective", words.join(" "), "'num_class' is the number of classes"))?;
            if classes == 2 {
                return Err(Error::model("objective")
                    .got("multiclass of 2 classes")
                    .rule("two classes are read as 'binary'")
                    .hint("fit it with objective=binary"));
            }
            Objective { classes, ..plain(vec![Function::Softmax]) }
        }
        Some("multiclassova") => {
            return Err(Error::model("objective")
                .got("multiclassova")
                .rule("its probabilities do not add up to 1")
                .hint("fit it with objective=multiclass"));
        }
        None | Some("custom" | "none") => {
            let note = Note::warning("custom-objective", "the file names no objective: the answer is the raw score".to_owned());
            Objective { notes: vec![note], ..plain(Vec::new()) }
        }
        Some(other) => {
            return Err(Error::model("objective")
                .got(format!("'{other}'"))
                .rule("regression, poisson, gamma, tweedie, quantile, cross_entropy, binary and multiclass are read"));
        }
    };
    Ok(found)
}

/// The features by name, with their ranges, or the classes that pandas gave them.
fn features(head: &Lines, after: &str) -> Result<Vec<Field>> {
    let last: usize = number(head, "max_feature_idx")?;
    let names: Vec<&str> = head.get("feature_names").map(|n| n.split_ascii_whitespace().collect()).unwrap_or_default();
    let infos: Vec<&str> = head.get("feature_infos").map(|n| n.split_ascii_whitespace().collect()).unwrap_or_default();
    if last.checked_add(1) != Some(names.len()) || infos.len() != names.len() {
        let got = format!("{} names and {} ranges", names.len(), infos.len());
        return Err(damaged("feature_names", got, format!("max_feature_idx is {last}")));
    }
    let mut levels = classes(after, &infos)?;
    let kind = |(i, info): (usize, &&str)| match levels.remove(&i) {
        Some(levels) => FieldKind::Class { levels },
        None => {
            let range = info.strip_prefix('[').and_then(|r| r.strip_suffix(']')).and_then(|r| r.split_once(':'));
            let range = range.and_then(|(a, b)| Some((a.parse::<f64>().ok()?, b.parse::<f64>().ok()?)));
            let (min, max) = range.filter(|r| r.0 <= r.1 && r.0.is_finite() && r.1.is_finite()).unwrap_or((f64::NAN, f64::NAN));
            FieldKind::Real { min, max }
        }
    };
    let kinds: Vec<FieldKind> = infos.iter().enumerate().map(kind).collect();
    Ok(names.iter().zip(kinds).map(|(name, kind)| Field { name: (*name).to_owned(), unit: Unit::default(), kind }).collect())
}

/// The levels of columns that pandas knew as categories, by feature.
fn classes(after: &str, infos: &[&str]) -> Result<HashMap<usize, Vec<String>>> {
    let Some((_, json)) = after.split_once("pandas_categorical:") else { return Ok(HashMap::new()) };
    let lists: Option<Vec<Vec<serde_json::Value>>> = serde_json::from_str(json.lines().next().unwrap_or("").trim())
        .map_err(|_| damaged("pandas_categorical", "text that is no JSON", "lists of categories stand there"))?;
    let lists = lists.unwrap_or_default();
    if lists.is_empty() {
        return Ok(HashMap::new());
    }
    let stated = after.lines().find_map(|l| l.trim().strip_prefix("[categorical_feature:")?.strip_suffix(']'));
    let by_number = stated.map(|s| s.split(',').filter_map(|n| n.trim().parse().ok()).collect::<Vec<usize>>());
    let by_info = || (0..infos.len()).filter(|&i| !infos[i].starts_with('[') && infos[i] != "none").collect::<Vec<usize>>();
    let places = by_number.filter(|p| p.len() == lists.len() && p.iter().all(|i| *i < infos.len())).unwrap_or_else(by_info);
    if places.len() != lists.len() {
        return Err(Error::model("pandas_categorical")
            .got(format!("{} lists of categories for {} features of categories", lists.len(), places.len()))
            .rule("which list is whose cannot be told")
            .hint("make every categorical feature a column of type 'category' before fitting"));
    }
    let text = |v: serde_json::Value| match v {
        serde_json::Value::String(s) => s,
        other => other.to_string(),
    };
    let mut places = places;
    places.sort_unstable();
    Ok(places.into_iter().zip(lists).map(|(i, list)| (i, list.into_iter().map(text).collect())).collect())
}

/// Adds a tree.
fn tree(lines: &Lines, output: usize, model: &mut Imported) -> Result<()> {
    if lines.get("is_linear").is_some_and(|v| *v != "0") {
        return Err(Error::model("its leaves")
            .got("linear models")
            .rule("leaves of one number are read")
            .hint("fit it with linear_tree=false"));
    }
    let leaves: usize = number(lines, "num_leaves")?;
    let values: Vec<f64> = numbers(lines, "leaf_value", leaves)?;
    if leaves == 0 {
        return Err(damaged("num_leaves", "0", "a tree has at least one leaf"));
    }
    let inner = leaves - 1;
    let splits = if inner == 0 { Splits::default() } else { Splits::read(lines, inner)? };
    let mut trees = std::mem::take(&mut model.trees);
    let side = |child: i64| {
        if child >= 0 { usize::try_from(child).ok().filter(|c| *c < inner) } else { usize::try_from(!child).ok()?.checked_add(inner) }
    };
    let planted = trees.plant(output, 0, inner + leaves, |trees, at| {
        if at >= inner {
            return Ok(Part::Leaf(values[at - inner]));
        }
        let (input, test, missing) = splits.split(at, model, trees)?;
        let [yes, no] = [splits.left[at], splits.right[at]].map(side);
        let beyond = || {
            damaged("left_child and right_child", format!("split {at} with a child that is not there"), format!("there are {inner} splits"))
        };
        Ok(Part::Split { input, test, missing, yes: yes.ok_or_else(beyond)?, no: no.ok_or_else(beyond)? })
    });
    model.trees = trees;
    planted
}

/// The splits of a tree.
#[derive(Default)]
struct Splits {
    feature: Vec<usize>,
    gain: Vec<f64>,
    threshold: Vec<f64>,
    kind: Vec<u8>,
    left: Vec<i64>,
    right: Vec<i64>,
    /// Where the words of each set of categories begin.
    boundaries: Vec<usize>,
    words: Vec<u32>,
}

impl Splits {
    fn read(lines: &Lines, inner: usize) -> Result<Self> {
        let sets: usize = lines.get("num_cat").map_or(Ok(0), |_| number(lines, "num_cat"))?;
        let boundaries = if sets == 0 { vec![0] } else { numbers(lines, "cat_boundaries", sets.saturating_add(1))? };
        let words = if sets == 0 { Vec::new() } else { numbers(lines, "cat_threshold", *boundaries.last().unwrap_or(&0))? };
        if boundaries.windows(2).any(|w| w[0] > w[1]) {
            return Err(damaged("cat_boundaries", "numbers that fall", "they ascend"));
        }
        Ok(Self {
            feature: numbers(lines, "split_feature", inner)?,
            gain: numbers(lines, "split_gain", inner).unwrap_or_else(|_| vec![0.0; inner]),
            threshold: numbers(lines, "threshold", inner)?,
            kind: numbers(lines, "decision_type", inner)?,
            left: numbers(lines, "left_child", inner)?,
            right: numbers(lines, "right_child", inner)?,
            boundaries,
            words,
        })
    }

    /// What a split asks, and where missing values go. Bits of its kind: 1 categories, 2 missing to the left, then what counts as missing
    /// (0 nothing: NaN is 0; 1 zero and NaN; 2 NaN).
    fn split(&self, at: usize, model: &mut Imported, trees: &mut Trees) -> Result<(u32, Test, bool)> {
        let (feature, threshold, kind) = (self.feature[at], self.threshold[at], self.kind[at]);
        let count = model.schema.fields.len();
        if feature >= count {
            return Err(damaged("split_feature", feature.to_string(), format!("there are {count} features")));
        }
        model.splits[feature] += 1;
        model.gain[feature] += if self.gain[at].is_finite() { self.gain[at].max(0.0) } else { 0.0 };
        let class = matches!(model.schema.fields[feature].kind, FieldKind::Class { .. });
        if kind & 1 == 1 {
            let set = (threshold >= 0.0 && threshold < self.boundaries.len() as f64 - 1.0).then_some(threshold as usize);
            let set = set.ok_or_else(|| damaged("threshold", threshold.to_string(), "it is the place of a set of categories"))?;
            let words = &self.words[self.boundaries[set]..self.boundaries[set + 1]];
            let members = words
                .iter()
                .zip(0_u32..)
                .flat_map(|(word, i)| (0..32).filter(move |bit| word >> bit & 1 == 1).map(move |bit| 32 * i + bit));
            let set = trees.set(members.collect());
            // Categories are the whole part of a number; a missing one is in no set.
            let through: &[Function] = if class { &[] } else { &[Function::Truncate] };
            return Ok((model.input(feature, through), Test::Among(set), false));
        }
        if class {
            return Err(damaged(
                format!("feature '{}'", model.schema.fields[feature].name),
                "a split of numbers",
                "it is one of categories",
            ));
        }
        if threshold.is_nan() {
            return Err(damaged("threshold", "NaN", "thresholds are numbers"));
        }
        // A threshold without end parts as the largest number does.
        let cut = threshold.clamp(f64::MIN, f64::MAX);
        let left = kind & 2 == 2;
        Ok(match kind >> 2 & 3 {
            0 => (model.input(feature, &[]), Test::AtMost(cut), 0.0 <= cut),
            1 => (model.input(feature, &[Function::ZeroMissing]), Test::AtMost(cut), left),
            2 => (model.input(feature, &[]), Test::AtMost(cut), left),
            _ => return Err(damaged("decision_type", kind.to_string(), "three ways of missing values are known")),
        })
    }
}
