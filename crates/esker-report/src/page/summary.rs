//! The answer in plain words: which model to believe, by how much, what drives it, how sure it is, what to mind.

use esker_core::Weight;
use esker_core::record::{ModelRecord, Record, Task};

use super::number::{THIN, fixed, percent, unit_bracketed, with_unit};
use super::reading::{Reading, Verdict, inside, is_baseline, shuffles, spread};
use super::words::{capital, first_sentence, list, list_some, one_stop, plural, sentence, visible};

/// A handful of plain sentences that say what the record holds; each string is one point, safe to print.
pub fn summary(record: &Record) -> Vec<String> {
    let r = Reading::new(record);
    [question(r), belief(r), super::skill::point(r), rivals(r), flattery(r), drivers(r), certainty(r), locked(r), alarms(r)]
        .into_iter()
        .flatten()
        .map(|s| one_stop(&visible(&s)))
        .collect()
}

/// The answer in one line, to stand under the title.
pub fn verdict(record: &Record) -> String {
    let r = Reading::new(record);
    let Some((chosen, design)) = r.chosen().zip(r.primary()) else {
        return "No model was chosen.".to_owned();
    };
    let Some(value) = r.value(chosen, &design.label) else {
        return format!("{} has no score under the design {}.", chosen.name, design.label);
    };
    let mut out = format!("{} reaches {} {} on held-out rows", chosen.name, r.metric_inside(), r.in_metric(value));
    if let Some(base) = r.baseline().filter(|b| b.name != chosen.name) {
        let against = r.value(base, &design.label).map_or_else(String::new, |v| format!(" ({})", r.in_metric(v)));
        let relation = match r.paired(&chosen.name, &base.name).map(|p| p.verdict) {
            Some(Verdict::Better) => "better beyond noise than",
            Some(Verdict::Worse) => "worse beyond noise than",
            Some(Verdict::Tie) => "which cannot be told apart from",
            None => "beside",
        };
        out.push_str(&format!(", {relation} the baseline {}{against}", base.name));
    }
    if let Some((other, seen)) = r.others().into_iter().find(|d| shuffles(d)).and_then(|d| Some((d, r.value(chosen, &d.label)?))) {
        out.push_str(&format!("; {} folds would have said {}", other.label, r.in_metric(seen)));
    }
    sentence(&visible(&out))
}

fn question(r: Reading<'_>) -> Option<String> {
    let design = r.primary()?;
    let data = &r.record.data;
    let what = match &r.record.task {
        Task::Regression { unit, .. } => format!("{}{}", r.target(), unit_bracketed(unit)),
        Task::Classification { levels, .. } => format!("{} ({})", r.target(), plural(levels.len(), "class", "classes")),
    };
    let models = r.record.models.len();
    Some(format!(
        "{} with {} {} used to predict {what}; {} {} judged on held-out rows under the design ‘{}’ ({}).",
        plural(data.rows_used, "row", "rows"),
        plural(r.features().len(), "feature", "features"),
        if data.rows_used == 1 { "was" } else { "were" },
        plural(models, "model", "models"),
        if models == 1 { "was" } else { "were" },
        design.label,
        plural(design.folds.len(), "fold", "folds"),
    ))
}

/// The chosen model, its score with spread, and its lead over the baseline.
fn belief(r: Reading<'_>) -> Option<String> {
    let (chosen, design) = (r.chosen()?, r.primary()?);
    let score = r.score(chosen, &design.label, &r.record.metric)?;
    let reached = match (score.mean, score.sd, score.pooled) {
        (Some(mean), Some(sd), _) => {
            let scored = score.folds.iter().flatten().count();
            format!("{} (mean ± standard deviation over {})", r.plus_minus(mean, sd), plural(scored, "fold", "folds"))
        }
        (Some(mean), None, _) => r.in_metric(mean),
        (None, _, Some(pooled)) => format!("{} (all held-out rows together)", r.in_metric(pooled)),
        (None, _, None) => return Some(format!("{} was chosen, but has no {} under this design.", chosen.name, r.metric_inside())),
    };
    Some(format!("The chosen model, {}, reaches {} {reached}. {}", chosen.name, r.metric_inside(), lead(r, chosen)))
}

fn lead(r: Reading<'_>, chosen: &ModelRecord) -> String {
    if is_baseline(chosen) {
        return "It is a baseline that learns nothing from the features, so no skill is claimed for them.".to_owned();
    }
    let Some(base) = r.baseline() else {
        if r.record.skill.is_some() {
            return "The recipe has no baseline model.".to_owned();
        }
        return "The recipe has no baseline model, so its skill has nothing to stand against.".to_owned();
    };
    let Some(pair) = r.paired(&chosen.name, &base.name) else {
        return format!("No paired difference from the baseline {} could be computed.", base.name);
    };
    let numbers =
        format!("difference in {} {}, 95{THIN}% interval {}", r.metric_inside(), r.difference(pair.difference), r.range(pair.interval));
    match pair.verdict {
        Verdict::Better => format!("It is better than the baseline {} beyond noise ({numbers}).", base.name),
        Verdict::Worse => format!("It is worse than the baseline {} beyond noise ({numbers}).", base.name),
        Verdict::Tie if pair.counts_alone() => format!(
            "Taken alone, its difference from the baseline {} would count ({numbers}); among all the comparisons made (Holm) it does not: no skill beyond it has been shown.",
            base.name
        ),
        Verdict::Tie => format!("It cannot be told apart from the baseline {} ({numbers}): no skill beyond it has been shown.", base.name),
    }
}

/// How the chosen model stands to the models that are not the baseline.
fn rivals(r: Reading<'_>) -> Option<String> {
    let chosen = r.chosen()?;
    let base = r.baseline().map(|b| b.name.as_str());
    let (mut ties, mut beaten, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
    for other in r.ranked() {
        if other.name == chosen.name || Some(other.name.as_str()) == base {
            continue;
        }
        match r.paired(&chosen.name, &other.name).map(|p| p.verdict) {
            Some(Verdict::Tie) => ties.push(other.name.as_str()),
            Some(Verdict::Better) => beaten.push(other.name.as_str()),
            Some(Verdict::Worse) => ahead.push(other.name.as_str()),
            None => {}
        }
    }
    let mut parts = Vec::new();
    if !ahead.is_empty() {
        parts.push(format!("is worse beyond noise than {}", list_some(&ahead, 4)));
    }
    if !ties.is_empty() {
        parts.push(format!("cannot be told apart from {}", list_some(&ties, 4)));
    }
    if !beaten.is_empty() {
        parts.push(format!("is better beyond noise than {}", list_some(&beaten, 4)));
    }
    if parts.is_empty() {
        return None;
    }
    Some(format!("On the same folds, {} {}.", chosen.name, parts.join("; it ")))
}

/// What another design would have said of the chosen model.
fn flattery(r: Reading<'_>) -> Option<String> {
    let (chosen, design) = (r.chosen()?, r.primary()?);
    let honest = r.value(chosen, &design.label)?;
    let others = r.others();
    if others.is_empty() {
        return Some("No second design was run beside it, so the optimism of other folds was not measured.".to_owned());
    }
    let sd = r.score(chosen, &design.label, &r.record.metric).and_then(|s| s.sd);
    let mut sentences = Vec::new();
    for other in others {
        let Some(seen) = r.value(chosen, &other.label) else { continue };
        let optimism = r.gain(honest, seen);
        let kind = if shuffles(other) { "shuffled rows" } else { "other folds" };
        let numbers = format!("{} {} instead of {}", r.metric_inside(), r.in_metric(seen), r.in_metric(honest));
        let small = sd.is_some_and(|sd| optimism.abs() < sd);
        let beside = if small { ", less than the standard deviation over folds" } else { "" };
        sentences.push(if optimism > 0.0 {
            format!("{} (‘{}’) would have flattered it by {}: {numbers}{beside}.", capital(kind), other.label, r.in_metric(optimism))
        } else if shuffles(other) || small {
            format!("{} (‘{}’) would not have flattered it: {numbers}{beside}.", capital(kind), other.label)
        } else {
            let reached = r.reached(chosen, &other.label).unwrap_or_default();
            let worse = r.in_metric(-optimism);
            format!("Judged more strictly (‘{}’), it reaches {} {reached}, worse by {worse}.", other.label, r.metric_inside())
        });
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// The columns whose shuffling costs most on held-out rows.
fn drivers(r: Reading<'_>) -> Option<String> {
    let e = r.record.explanation.as_ref()?;
    let (all, kind) = if e.groups.is_empty() { (&e.features, "feature") } else { (&e.groups, "group of columns") };
    let first = all.first()?;
    let unit = r.unit(&e.metric);
    let title = inside(r.title(&e.metric));
    let sure = |mean: f64, folds: &[f64]| spread(folds).is_none_or(|sd| mean > 2.0 * sd / (folds.len() as f64).sqrt());
    if first.mean <= 0.0 || !sure(first.mean, &first.folds) {
        return Some(format!("No {kind} stands out: shuffling any of them on held-out rows costs no more {title} than chance does."));
    }
    let mut out =
        format!("What drives the answer: shuffling {} on held-out rows costs {} of {title}", first.name, with_unit(first.mean, &unit));
    let next: Vec<String> = all[1..]
        .iter()
        .take(2)
        .filter(|i| i.mean > 0.0 && sure(i.mean, &i.folds))
        .map(|i| format!("{} {}", i.name, with_unit(i.mean, &unit)))
        .collect();
    if !next.is_empty() {
        let next: Vec<&str> = next.iter().map(String::as_str).collect();
        out.push_str(&format!(", then {}", list(&next)));
    }
    out.push_str("; this says what the model leans on, not what causes what.");
    Some(out)
}

/// Width and measured coverage of the intervals; for classes, the best and the worst class.
fn certainty(r: Reading<'_>) -> Option<String> {
    if let Some(i) = &r.record.intervals {
        let n = i.folds.len() as f64;
        let noise = spread(&i.folds).map_or(0.01, |sd| (2.0 * sd / n.sqrt()).max(0.01));
        let judged = if i.coverage < i.level - noise {
            "fewer than promised"
        } else if i.coverage > i.level + noise {
            "more than promised, so the intervals are wider than they need be"
        } else {
            "as promised"
        };
        return Some(format!(
            "How sure: a {} interval is {} wide on average and holds {} of the held-out observations, {judged}.",
            percent(i.level),
            with_unit(i.width, &r.target_unit()),
            percent(i.coverage)
        ));
    }
    let mut classes: Vec<_> = r.chosen_run()?.classes.iter().filter(|c| c.f1.is_some()).collect();
    classes.sort_by(|a, b| b.f1.unwrap_or(0.0).total_cmp(&a.f1.unwrap_or(0.0)));
    let (best, worst) = (classes.first()?, classes.last()?);
    let told = |f1: Option<f64>| f1.map_or_else(|| "—".to_owned(), |v| fixed(v, 3));
    if best.level == worst.level {
        return None;
    }
    Some(format!(
        "How sure: the class recognised best is {} (F1 {}), the worst is {} (F1 {}).",
        r.class_name(&best.level),
        told(best.f1),
        r.class_name(&worst.level),
        told(worst.f1)
    ))
}

fn locked(r: Reading<'_>) -> Option<String> {
    let told = super::last::rows(r.record.data.locked.as_ref()?);
    Some(format!("Locked for one final test: {told}; nothing told here has seen them."))
}

fn alarms(r: Reading<'_>) -> Option<String> {
    let (alarms, warnings) = (r.notes(Weight::Alarm), r.notes(Weight::Warning));
    let Some(gravest) = alarms.first().or(warnings.first()) else {
        return Some("No alarm and no warning was raised.".to_owned());
    };
    let mut counts = Vec::new();
    if !alarms.is_empty() {
        counts.push(plural(alarms.len(), "alarm", "alarms"));
    }
    if !warnings.is_empty() {
        counts.push(plural(warnings.len(), "warning", "warnings"));
    }
    let total = alarms.len() + warnings.len();
    let were = if total == 1 { "was" } else { "were" };
    let lead = if total == 1 { "" } else { ", first of them" };
    Some(format!("{} {were} raised{lead}: {}", list(&counts), sentence(first_sentence(&gravest.text))))
}
