//! The methods paragraph, ready to paste into a paper: every number and name comes from the record.

use esker_core::Setting;
use esker_core::Settings;
use esker_core::record::{DesignRecord, ModelRecord, Record, Task, Tuning};

use super::number::{count, percent, real, unit_bracketed};
use super::reading::{Reading, inside};
use super::words::{clause, inside as inside_sentence, list, plural, sentence, visible};
use super::{believed, calibrated, stacked};

/// What was done, in complete sentences in the style of a paper.
pub fn methods(record: &Record) -> String {
    let r = Reading::new(record);
    let parts = [
        data(r),
        super::steps::method(r),
        design(r),
        models(r),
        preparation(r),
        selection(r),
        tuning(r),
        calibrated::method(r),
        stacked::method(record),
        comparison(r),
        super::skill::method(r),
        intervals(r),
        explanation(r),
        believed::method(record),
        last(r),
    ];
    let text: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    visible(&text.join(" ")).into_owned()
}

fn data(r: Reading<'_>) -> String {
    let d = &r.record.data;
    let what = match &r.record.task {
        Task::Regression { target, unit } => format!("{target}{}", unit_bracketed(unit)),
        Task::Classification { target, levels, .. } => format!("the class {target} ({})", plural(levels.len(), "class", "classes")),
    };
    let mut out = format!(
        "We predicted {what} from {} of {}",
        plural(r.features().len(), "feature", "features"),
        plural(d.rows_used, "sample", "samples")
    );
    if let Some((column, groups)) = &d.groups {
        out.push_str(&format!(" in {} of {column}", plural(*groups, "group", "groups")));
    }
    if let Some([from, to]) = &d.period {
        out.push_str(&if from == to { format!(" ({from})") } else { format!(" ({from} to {to})") });
    }
    out.push('.');
    let dropped: Vec<String> =
        d.dropped.iter().filter(|x| x.rows > 0).map(|x| format!("{} ({})", plural(x.rows, "row", "rows"), clause(&x.reason))).collect();
    if !dropped.is_empty() {
        out.push_str(&format!(" Of {} read, we left out {}.", plural(d.rows_read, "row", "rows"), list(&dropped)));
    }
    if let Some(locked) = &d.locked {
        out.push_str(&format!(" Before anything else, {} were set aside as a final hold-out.", super::last::rows(locked)));
    }
    if let Some(weights) = &d.weights {
        out.push_str(&format!(" Sample weights: {}.", clause(weights)));
    }
    out
}

fn design(r: Reading<'_>) -> String {
    let Some(primary) = r.primary() else { return String::new() };
    let mut out = format!("{} {}", sentence(&primary.description), sizes(primary));
    let others: Vec<String> = r.others().iter().map(|d| format!("‘{}’ ({})", d.label, inside_sentence(&d.description))).collect();
    if !others.is_empty() {
        out.push_str(&format!(
            " To measure how optimistic the choice of folds can be, every model was also judged under {}.",
            list(&others)
        ));
    }
    out
}

/// How many rows a fold learns from and is judged on.
fn sizes(design: &DesignRecord) -> String {
    let range = |values: Vec<usize>| match (values.iter().min(), values.iter().max()) {
        (Some(lo), Some(hi)) if lo == hi => count(*lo),
        (Some(lo), Some(hi)) => format!("{} to {}", count(*lo), count(*hi)),
        _ => "0".to_owned(),
    };
    let train = range(design.folds.iter().map(|f| f.train).collect());
    let test = range(design.folds.iter().map(|f| f.test).collect());
    let out: usize = design.folds.iter().map(|f| f.left_out).sum();
    let kept = if out > 0 { format!(", with {} kept out of both over all folds", plural(out, "row", "rows")) } else { String::new() };
    let folds = design.folds.len();
    if folds == 1 {
        format!("The single fold learned from {train} rows and was judged on {test}{kept}.")
    } else {
        format!("Each of the {} folds learned from {train} rows and was judged on {test}{kept}.", count(folds))
    }
}

fn models(r: Reading<'_>) -> String {
    let names: Vec<String> =
        r.record.models.iter().map(|m| if m.name == m.kind { m.name.clone() } else { format!("{} ({})", m.name, m.kind) }).collect();
    let verb = if names.len() == 1 { "We fitted one model:" } else { "We compared these models on identical folds:" };
    if names.is_empty() { String::new() } else { format!("{verb} {}.", list(&names)) }
}

/// Preparation, models with the same steps told together.
fn preparation(r: Reading<'_>) -> String {
    let mut told: Vec<(&[String], Vec<&str>)> = Vec::new();
    for m in r.record.models.iter().filter(|m| !m.preparation.is_empty()) {
        match told.iter_mut().find(|(steps, _)| *steps == m.preparation) {
            Some((_, names)) => names.push(&m.name),
            None => told.push((&m.preparation, vec![&m.name])),
        }
    }
    if told.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = told
        .iter()
        .map(|(steps, names)| {
            let steps: Vec<String> = steps.iter().map(|s| inside_sentence(s)).collect();
            format!("for {}, {}", list(names), steps.join("; then "))
        })
        .collect();
    format!("Features were prepared with what the training part of each fold alone tells: {}.", parts.join(". Likewise, "))
}

/// Selection of features, models with the same way told together.
fn selection(r: Reading<'_>) -> String {
    let mut said = Vec::new();
    for (method, within_se) in [("forward", false), ("forward", true), ("backward", false), ("backward", true)] {
        let alike = |m: &&ModelRecord| m.selection.as_ref().is_some_and(|s| s.method == method && s.within_se == within_se);
        let names: Vec<&str> = r.record.models.iter().filter(alike).map(|m| m.name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let by = match method {
            "forward" => "forward, from few up, as long as the score got better",
            _ => "backward, from all down, as long as the score got no worse",
        };
        let margin = if within_se { " by more than one standard error over inner folds" } else { "" };
        said.push(format!("the features of {} were selected {by}{margin}", list(&names)));
    }
    if said.is_empty() {
        return String::new();
    }
    format!(
        "Inside each training part, {}, judged by {} on inner folds of the same design (Meyer et al. 2018); no held-out row took part in the selection.",
        said.join("; "),
        r.metric_inside()
    )
}

fn tuning(r: Reading<'_>) -> String {
    let all: Vec<(&ModelRecord, &Tuning)> = r.record.models.iter().filter_map(|m| Some((m, m.tuning.first()?))).collect();
    let mut said = Vec::new();
    for (method, halving) in [("tpe", true), ("tpe", false), ("random", true), ("random", false)] {
        let alike = all.iter().filter(|(_, t)| !t.spaces.is_empty() && t.method == method && t.halving == halving);
        let trials = |m: &ModelRecord| plural(m.tuning.iter().map(|t| t.trials).max().unwrap_or(0), "trial", "trials");
        let parts: Vec<String> = alike.map(|(m, _)| format!("{} ({} a part)", m.name, trials(m))).collect();
        if parts.is_empty() {
            continue;
        }
        let by = if method == "tpe" { "tree-structured Parzen estimators (Bergstra et al. 2011)" } else { "random search" };
        let race = if halving { " with successive halving over the inner folds" } else { "" };
        said.push(format!("Settings of {} were tuned inside each training part by {by}{race}", list(&parts)));
    }
    let watched: Vec<String> = all.iter().filter_map(|(m, t)| Some(format!("{} of {}", t.steps.as_deref()?, m.name))).collect();
    if !watched.is_empty() {
        said.push(format!("The number of {} was that with the best mean score on the inner folds (early stopping)", list(&watched)));
    }
    if said.is_empty() {
        return "No settings were tuned.".to_owned();
    }
    format!("{}, judged by {} under the same design; no held-out row took part in tuning.", said.join(". "), r.metric_inside())
}

fn comparison(r: Reading<'_>) -> String {
    if r.record.comparisons.is_empty() {
        return format!("Models were judged by {}.", r.metric_inside());
    }
    let through = match r.compared_together() {
        true => "differences on all held-out rows together, with standard errors and 95\u{202f}% intervals over bootstrap draws",
        false => {
            "paired differences over folds, with 95\u{202f}% confidence intervals from standard errors corrected for overlapping training sets \
             (Nadeau and Bengio 2003)"
        }
    };
    let mut out = format!(
        "Models were compared by {} through {through}; probabilities of differences by chance were corrected for all comparisons (Holm 1979).",
        r.metric_inside()
    );
    if let Some(d) = r.record.dependence.as_ref().filter(|d| !d.pairs.is_empty()) {
        out.push_str(&format!(
            " Intervals of scores and differences on all held-out rows are percentiles of {} bootstrap draws of {}.",
            count(d.draws),
            d.drawn
        ));
    }
    out
}

fn intervals(r: Reading<'_>) -> String {
    let Some(i) = &r.record.intervals else { return String::new() };
    // Records of earlier versions name the method alone.
    let with = if i.described.is_empty() { format!("{} from the same folds", i.method) } else { i.described.clone() };
    format!(
        "Prediction intervals at {} were made with {with}; {} of the held-out observations fell inside theirs.",
        percent(i.level),
        percent(i.coverage)
    )
}

fn explanation(r: Reading<'_>) -> String {
    let Some(e) = &r.record.explanation else { return String::new() };
    let mut out = String::new();
    if !e.features.is_empty() {
        out.push_str(&format!(
            "The importance of a feature is the loss of {} on held-out rows when its values are shuffled",
            inside(r.title(&e.metric))
        ));
        out.push_str(if e.groups.is_empty() { "." } else { "; columns that belong together were shuffled together." });
    }
    if !e.effects.is_empty() {
        out.push_str(" Effects are accumulated local effects (Apley and Zhu 2020), averaged over folds.");
    }
    out.trim().to_owned()
}

fn last(r: Reading<'_>) -> String {
    let (chosen, p) = (&r.record.chosen, &r.record.provenance);
    let settings = settings_text(&chosen.settings);
    let with = if settings.is_empty() { String::new() } else { format!(" ({settings})") };
    format!(
        "The chosen model, {}, was refitted on all {}{with}. Computations used Esker {} with seed {} (SHA-256 of the data file {} starts {}, of \
         the recipe {}).",
        chosen.model,
        plural(r.record.data.rows_used, "row", "rows"),
        p.esker,
        p.seed,
        p.data_file,
        head(&p.data_sha256),
        head(&p.recipe_sha256)
    )
}

/// `name = value, name = value`, numbers with three significant digits.
pub fn settings_text(settings: &Settings) -> String {
    let parts: Vec<String> = settings
        .iter()
        .filter(|(_, value)| !matches!(value, Setting::Text(t) if t.is_empty()))
        .map(|(name, value)| match value {
            Setting::Real(v) => format!("{name} = {}", real(*v)),
            other => format!("{name} = {other}"),
        })
        .collect();
    parts.join(", ")
}

fn head(hash: &str) -> String {
    hash.chars().take(12).collect()
}
