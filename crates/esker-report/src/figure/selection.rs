//! The path of a feature selection: the score of each set on the inner folds, and what selecting before judging would have said.

use esker_core::Record;
use esker_core::feature_selection::{FeatureSelection, SelectionPath, SelectionStep};
use esker_core::record::{ALL_ROWS, ModelRecord};

use super::axis::{HEAD, Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, VERMILION};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::scale::{padded, range};
use super::text::{fit, number, width};
use super::{Figure, WIDTH, Words};

const ROW: f64 = 24.0;
/// Steps drawn; of further ones the first and the last are.
const MOST: usize = 30;

/// The name of the figure of a model's selection.
pub fn name(record: &Record, model: &ModelRecord) -> String {
    format!("selection-{}", 1 + record.models.iter().position(|m| m.name == model.name).unwrap_or(0))
}

/// The path that is drawn: that on all rows, else that of the first part.
pub fn shown(selection: &FeatureSelection) -> Option<&SelectionPath> {
    selection.paths.last().filter(|p| p.part == ALL_ROWS).or(selection.paths.first())
}

/// What a step did, in words.
fn label(selection: &FeatureSelection, step: &SelectionStep) -> String {
    match (selection.method.as_str(), step.changed.as_slice()) {
        (_, []) => format!("all {}", step.size),
        ("forward", changed) => format!("+ {}", changed.join(", ")),
        (_, changed) => format!("− {}", changed.join(", ")),
    }
}

/// One figure a model whose features were selected.
pub fn draw(cx: &Cx<'_>) -> Vec<Figure> {
    cx.record.models.iter().filter_map(|m| of(cx, m)).collect()
}

fn of(cx: &Cx<'_>, model: &ModelRecord) -> Option<Figure> {
    let selection = model.selection.as_ref()?;
    let path = shown(selection)?;
    let all: Vec<&SelectionStep> = path.steps.iter().collect();
    let steps: Vec<&SelectionStep> =
        if all.len() > MOST { all[..MOST / 2].iter().chain(&all[all.len() - MOST / 2..]).copied().collect() } else { all };
    let names: Vec<String> = steps.iter().map(|s| label(selection, s)).collect();
    let counts = format!("of {}", selection.paths.len());
    let left = names.iter().map(|n| width(n, SMALL, false)).fold(90.0, f64::max).min(330.0) + 22.0;
    let right = width(&counts, SMALL, false).max(80.0) + 26.0;
    // The worst of many sets would squeeze what is told apart: the axis ends at what the path itself spans.
    let spread = |s: &&SelectionStep| [s.score - s.sd.unwrap_or(0.0), s.score + s.sd.unwrap_or(0.0)];
    let span = range(&steps.iter().flat_map(spread).chain(path.all_score).collect::<Vec<_>>())?;
    let top = 74.0;
    let h = ROW * steps.len() as f64;
    let panel = Panel::new((left, top, WIDTH - left - right, h), padded(span, 0.05), (0.0, 1.0));
    let mut c = Canvas::new(WIDTH, top + h + 50.0);
    legend(&mut c, left, path.all_score.is_some());
    c.text((6.0, top - 12.0), "step", Type::new(SMALL).muted());
    c.text((WIDTH - 4.0, top - 12.0), "chosen in parts", Type::new(SMALL).end().muted());
    panel.x_axis(&mut c, &cx.metric_label(&cx.record.metric), true);
    if let Some(all) = path.all_score {
        c.line((panel.x.at(all), top), (panel.x.at(all), top + h), Pen::new(Paint::Muted, 1.4).dashed("5 4"));
    }
    let mut line = Path::new();
    let points: Vec<(f64, f64)> =
        steps.iter().enumerate().filter(|(_, s)| s.taken).map(|(i, s)| (panel.x.at(s.score), top + ROW * (i as f64 + 0.5))).collect();
    line.line(&points, false);
    c.stroke(&line, Pen::new(Paint::Rgb(BLUE), 1.4).faded(0.5));
    for (i, (step, name)) in steps.iter().zip(&names).enumerate() {
        row(&mut c, &panel, top + ROW * (i as f64 + 0.5), (step, name));
        let parts = selection.paths.iter().filter(|p| step.changed.iter().all(|u| p.chosen.contains(u))).count();
        if !step.changed.is_empty() {
            let text = format!("{parts} of {}", selection.paths.len());
            c.text((WIDTH - 4.0, top + ROW * (i as f64 + 0.5) + 4.0), &text, Type::new(SMALL).end());
        }
    }
    c.text((6.0, 16.0), &fit(&model.name, HEAD, true, left - 16.0), Type::new(HEAD).bold());
    Some(Figure::named(&name(cx.record, model), words(cx, model, (selection, path), path.steps.len() - steps.len()), &c))
}

fn legend(c: &mut Canvas, left: f64, all: bool) {
    let mut items = vec![
        ("best set of the step, ± sd over inner folds".to_owned(), Key::Dot(Paint::Rgb(BLUE))),
        ("not taken".to_owned(), Key::Ring(Paint::Rgb(VERMILION))),
    ];
    if all {
        items.push(("all features".to_owned(), Key::Line(Pen::new(Paint::Muted, 1.4).dashed("5 4"))));
    }
    keys(c, (left, 16.0, WIDTH - 8.0), &items);
}

fn row(c: &mut Canvas, panel: &Panel, y: f64, (step, name): (&SelectionStep, &str)) {
    let paint = Paint::Rgb(if step.taken { BLUE } else { VERMILION });
    let at = |v: f64| panel.x.at(v.clamp(panel.x.low, panel.x.high));
    if let Some(sd) = step.sd {
        c.line((at(step.score - sd), y), (at(step.score + sd), y), Pen::new(paint, 1.6).faded(0.7));
    }
    if step.taken {
        c.circle((at(step.score), y), 4.6, paint, None);
    } else {
        c.circle((at(step.score), y), 4.6, Paint::Paper, Some(Pen::new(paint, 2.0)));
    }
    let style = Type::new(SMALL).end();
    let room = panel.area.0 - 20.0;
    c.text((panel.area.0 - 12.0, y + 4.0), &fit(name, SMALL, false, room), if step.taken { style } else { style.muted() });
}

fn words(cx: &Cx<'_>, model: &ModelRecord, (selection, path): (&FeatureSelection, &SelectionPath), hidden: usize) -> Words {
    let metric = cx.metric_label(&cx.record.metric);
    let way = if selection.method == "forward" { "One more came in at each step" } else { "One went at each step" };
    let omitted = if hidden > 0 { format!(" {hidden} steps in between are in record.json.") } else { String::new() };
    let part = if path.part == ALL_ROWS { "the fit on all rows".to_owned() } else { path.part.clone() };
    let caption = format!(
        "{metric} of the best set of features at each step for {part}, mean over {} inner folds. {way}, the best of all that were left; the ring is \
         the next step, which was not worth taking. On the right: in how many of the {} parts of the work what changed was among the chosen.{omitted}",
        path.folds,
        selection.paths.len()
    );
    let unit = cx.card(&cx.record.metric).map_or_else(String::new, |c| c.unit.suffix());
    let alt = format!(
        "{metric} along the {} selection of features for {}: {} of {} chosen ({}), {}{unit}.",
        selection.method,
        model.name,
        path.chosen.len(),
        selection.units.len(),
        path.chosen.join(", "),
        number(path.score)
    );
    Words { name: "selection", title: format!("How features were selected for {}", model.name), alt, caption }
}
