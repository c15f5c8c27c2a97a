//! What the commands print: short tables for people, JSON for programs.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use esker::record::{MetricCard, ModelRun, Record, Task};
use esker::{Advice, Contributed, Findings, Header, Note, Plan, Predicted, Told, Unlike, Weight, inspect::Inspection};
use serde_json::{Value, json};

/// Prints to stdout; a reader that has gone away (`| head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
}

fn coloured() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stderr().is_terminal()
}

pub(crate) fn paint(text: &str, code: &str) -> String {
    if coloured() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// All faults, for stderr.
pub fn findings(findings: &Findings) -> String {
    let label = paint("error", "1;31");
    let mut text = findings.to_string();
    if findings.list.len() > 1 {
        let _ = write!(text, "\n{} faults", findings.list.len());
    }
    format!("{label}: {text}")
}

/// All faults, for programs.
pub fn findings_json(findings: &Findings) -> String {
    let faults: Vec<Value> = findings
        .list
        .iter()
        .map(|f| {
            let e = &f.error;
            json!({
                "line": f.at.map(|p| p.line), "column": f.at.map(|p| p.column),
                "thing": e.thing, "got": e.got, "rule": e.rule, "hint": e.hint,
            })
        })
        .collect();
    pretty(&json!({ "ok": false, "file": findings.file, "faults": faults }))
}

pub(crate) fn pretty(value: &Value) -> String {
    // A Value always serialises.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Notes that matter, gravest first; decisions are left to the record.
pub fn notes(notes: &[Note]) -> String {
    let mut text = String::new();
    for note in notes {
        let label = match note.weight {
            Weight::Alarm => paint("alarm", "1;31"),
            Weight::Warning => paint("warning", "1;33"),
            Weight::Info => continue,
        };
        let _ = writeln!(text, "{label}: {}", note.text);
    }
    text.trim_end().to_owned()
}

/// What will be done, and what was noticed.
pub fn plan(plan: &Plan) -> String {
    let mut text = paint(plan.title(), "1");
    for line in plan.describe() {
        let _ = write!(text, "\n  {line}");
    }
    let noticed = notes(&plan.notes);
    if !noticed.is_empty() {
        let _ = write!(text, "\n{noticed}");
    }
    text
}

/// The plan, for programs.
pub fn plan_json(plan: &Plan) -> String {
    pretty(&json!({ "ok": true, "title": plan.title(), "plan": plan.describe(), "notes": plan.notes }))
}

/// What the adviser measured and chose.
pub fn advice(advice: &Advice) -> String {
    let mut text = format!("Wanted: {}\n", advice.wanted);
    for line in &advice.measured {
        let _ = writeln!(text, "  {line}");
    }
    if !advice.distances.is_empty() {
        let _ = writeln!(text, "\n  {:>9} {:>9} {:>9}  distance", "median", "mean", "largest");
    }
    for d in &advice.distances {
        let at =
            |share: f64| d.quantiles.get(((d.quantiles.len().max(1) - 1) as f64 * share) as usize).map_or(String::new(), |q| number(*q));
        let _ = writeln!(text, "  {:>9} {:>9} {:>9}  {} ({})", at(0.5), number(d.mean), at(1.0), d.of, d.unit);
    }
    if !advice.candidates.is_empty() {
        let _ = writeln!(text, "\n  {:20} {:>6} {:>12}", "design", "folds", "W");
    }
    for c in &advice.candidates {
        let own = c.w.map(|w| (c.unit.clone(), w));
        let mut w: Vec<String> = own.iter().chain(&c.also).map(|(unit, w)| format!("{} {unit}", number(*w))).collect();
        if w.is_empty() {
            w.push("–".to_owned());
        }
        let w = w.join(", ");
        let _ = match &c.refused {
            Some(why) => writeln!(text, "  {:20} cannot be made: {}", c.design, why.replace('\n', "; ")),
            None => writeln!(text, "  {:20} {:>6} {w:>12}", c.design, c.folds),
        };
    }
    let _ = writeln!(text, "\n{}", paint(&format!("Advised: {}", advice.written.replace('\n', ", ")), "1"));
    for reason in &advice.reasons {
        let _ = writeln!(text, "{reason}");
    }
    if let Some(beyond) = &advice.beyond {
        let _ = writeln!(text, "{}", paint(beyond, "33"));
    }
    text
}

/// The advice, for programs.
pub fn advice_json(advice: &Advice) -> String {
    pretty(&json!(advice))
}

fn card(record: &Record) -> Option<&MetricCard> {
    record.metrics.iter().find(|m| m.name == record.metric)
}

fn score(run: &ModelRun, metric: &str) -> Option<(f64, Option<f64>)> {
    let score = run.scores.iter().find(|s| s.metric == metric)?;
    Some((score.headline()?, score.sd))
}

pub(crate) fn number(v: f64) -> String {
    let digits = if v == 0.0 { 3 } else { (2 - v.abs().log10().floor() as i32).clamp(0, 6) as usize };
    format!("{v:.digits$}").replace('-', "−")
}

/// The models under each design, the chosen one marked.
pub fn scores(record: &Record) -> String {
    let Some(card) = card(record) else { return String::new() };
    // Regression is read in R² as well, whatever models are compared by.
    let mut shown = vec![record.metric.as_str()];
    let second = if matches!(record.task, Task::Regression { .. }) { "r2" } else { "accuracy" };
    if record.metric != second {
        shown.push(second);
    }
    let mut text = String::new();
    for metric in shown {
        let Some(card) = record.metrics.iter().find(|m| m.name == metric).or(Some(card)) else { continue };
        let mut rows = vec![header(record)];
        for model in &record.models {
            let mark = if model.name == record.chosen.model { "→ " } else { "  " };
            let mut row = vec![format!("{mark}{}", model.name)];
            row.extend(model.runs.iter().map(|run| match score(run, metric) {
                Some((mean, Some(sd))) => format!("{} ± {}", number(mean), number(sd)),
                Some((mean, None)) => number(mean),
                None => "–".to_owned(),
            }));
            rows.push(row);
        }
        let better = match card.better.as_str() {
            "higher" => "higher is better",
            "lower" => "lower is better",
            _ => "nearer to zero is better",
        };
        let unit = if card.unit.is_empty() { String::new() } else { format!(" ({})", card.unit) };
        let _ = writeln!(text, "{}{unit}: mean ± standard deviation over folds, {better}\n{}", card.title, table(&rows));
    }
    let _ = writeln!(text, "{}", record.chosen.reason);
    text
}

fn header(record: &Record) -> Vec<String> {
    let mut row = vec!["  model".to_owned()];
    row.extend(record.designs.iter().map(|d| if d.primary { format!("{} (counts)", d.label) } else { d.label.clone() }));
    row
}

/// Columns aligned: the first to the left, the others to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let wide: Vec<usize> =
        (0..columns).map(|c| rows.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        for (c, cell) in row.iter().enumerate() {
            let gap = " ".repeat(wide[c] - cell.chars().count());
            let _ = if c == 0 { write!(text, "{cell}{gap}") } else { write!(text, "   {gap}{cell}") };
        }
        text.push('\n');
    }
    text
}

/// In plain words, and where to look.
pub fn after_run(record: &Record, folder: &Path, took: Duration) -> String {
    let mut text = notes(&record.notes.iter().filter(|n| n.weight == Weight::Alarm).cloned().collect::<Vec<_>>());
    for line in esker::summary(record) {
        let _ = write!(text, "\n{line}");
    }
    let page = folder.join("report.html");
    let _ = write!(text, "\n\nwrote {} in {:.1} s; open {}", folder.display(), took.as_secs_f64(), page.display());
    text.trim_start().to_owned()
}

/// The run, for programs: the whole record stands in the folder.
pub fn run_json(record: &Record, folder: &Path) -> String {
    let models: Vec<Value> = record
        .models
        .iter()
        .map(|m| {
            let runs: Vec<Value> = m
                .runs
                .iter()
                .map(|r| {
                    let scores: serde_json::Map<String, Value> =
                        r.scores.iter().map(|s| (s.metric.clone(), json!({ "mean": s.mean, "sd": s.sd, "pooled": s.pooled }))).collect();
                    json!({ "design": r.design, "scores": scores })
                })
                .collect();
            json!({ "name": m.name, "kind": m.kind, "runs": runs })
        })
        .collect();
    pretty(&json!({
        "ok": true,
        "folder": folder.display().to_string(),
        "metric": record.metric,
        "chosen": record.chosen.model,
        "reason": record.chosen.reason,
        "models": models,
        "skill": record.skill,
        "notes": record.notes,
    }))
}

/// What a table looks like, for programs.
pub fn inspection_json(found: &Inspection) -> String {
    let part = |p: &Option<(String, String)>| p.as_ref().map(|(column, why)| json!({ "column": column, "why": why }));
    let place = found.place.as_ref().map(|(x, y, crs, why)| json!({ "x": x, "y": y, "crs": crs, "why": why }));
    let others: serde_json::Map<String, Value> =
        found.others.iter().map(|(name, looks)| (name.clone(), json!(looks.to_string()))).collect();
    pretty(&json!({
        "target": part(&found.target), "place": place, "time": part(&found.time),
        "group": part(&found.group), "error": part(&found.error), "columns": others,
    }))
}

/// What was predicted, in a line.
pub fn predicted(header: &Header, predicted: &Predicted, output: &Path) -> String {
    let intervals = match (header.level, header.coverage) {
        (Some(level), Some(coverage)) => {
            format!(", with {:.0} % intervals (measured coverage {:.1} %)", level * 100.0, coverage * 100.0)
        }
        _ => String::new(),
    };
    let inside = inside(predicted.unlike);
    format!("{} rows predicted by {}{intervals}{inside}: {}", predicted.table.rows(), header.model, output.display())
}

/// The share inside the area of applicability, in words.
pub fn inside(unlike: Option<Unlike>) -> String {
    let share = unlike.and_then(|u| u.inside());
    share.map_or_else(String::new, |s| format!(", {:.0} % inside the area of applicability", (100.0 * s).floor()))
}

/// The same for programs.
pub fn inside_json(unlike: Option<Unlike>) -> Value {
    json!(unlike.map(|u| json!({ "rows": u.rows, "outside": u.outside, "unknown": u.unknown, "inside": u.inside() })))
}

/// What was predicted, for programs.
pub fn predicted_json(header: &Header, predicted: &Predicted, output: &Path) -> String {
    pretty(&json!({
        "ok": true, "rows": predicted.table.rows(), "model": header.model, "level": header.level,
        "coverage": header.coverage, "applicability": inside_json(predicted.unlike), "file": output.display().to_string(),
        "notes": predicted.notes,
    }))
}

/// What contributions add up to, in words.
fn told(told: Told) -> &'static str {
    match told {
        Told::Answer => "the answer",
        Told::Logarithm => "the natural logarithm of the answer",
        Told::Probability => "the probability of each class",
        Told::LogOdds => "the log odds of the class",
        Told::Scores => "the score of each class, whose softmax gives the probabilities",
    }
}

/// Which features give how much: the twelve that give most, and where the rest stands.
pub fn contributed(header: &Header, given: &Contributed, output: &Path) -> String {
    let unit = if given.unit.is_empty() { String::new() } else { format!(" ({})", given.unit) };
    let before = if header.adjustment.as_ref().is_some_and(|a| a.calibration.is_some()) { ", before calibration" } else { "" };
    let mut lines = vec![format!("mean size of what is given{unit}; base and contributions add up to {}{before}", told(given.told))];
    let wide = given.ranking.iter().take(12).map(|r| r.0.chars().count()).max().unwrap_or(0);
    for (name, size) in given.ranking.iter().take(12) {
        lines.push(format!("  {name:wide$}  {size:.4}"));
    }
    lines.push(format!("{} rows explained by {}: {}", given.table.rows(), header.model, output.display()));
    lines.join("\n")
}

/// Which features give how much, for programs.
pub fn contributed_json(header: &Header, given: &Contributed, output: &Path) -> String {
    let ranking: Vec<Value> = given.ranking.iter().map(|(name, size)| json!({ "from": name, "mean_size": size })).collect();
    pretty(&json!({
        "ok": true, "rows": given.table.rows(), "model": header.model, "sum": told(given.told), "unit": given.unit,
        "ranking": ranking, "file": output.display().to_string(), "notes": given.notes,
    }))
}
