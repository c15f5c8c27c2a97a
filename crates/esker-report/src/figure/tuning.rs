//! What tuning tried: how much better or worse than the recipe's own settings, over the trials and against each setting.

use esker_core::record::{ALL_ROWS, Candidate, ModelRecord, Tuning};
use esker_core::{Range, Record, Setting};

use super::axis::{BODY, HEAD, Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, VERMILION};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::scale::Scale;
use super::stats::{quantile, sorted};
use super::text::{fit, number};
use super::{Figure, WIDTH, Words};

const HEIGHT: f64 = 150.0;
const STEP: f64 = HEIGHT + 66.0;
const COLUMNS: usize = 3;
/// Settings drawn; further ones are counted in the caption.
const MOST: usize = 11;

/// The name of the figure of a model's tuning.
pub fn name(record: &Record, model: &ModelRecord) -> String {
    format!("tuning-{}", 1 + record.models.iter().position(|m| m.name == model.name).unwrap_or(0))
}

/// The tuning that is drawn: that for the final fit, else that of the first part.
pub fn shown(model: &ModelRecord) -> Option<&Tuning> {
    let last = model.tuning.last().filter(|t| t.part == ALL_ROWS);
    last.or(model.tuning.first()).filter(|t| !t.spaces.is_empty() && t.candidates.len() > 1)
}

/// Mean of the paired differences to the recipe's own settings on the inner folds, and their standard deviation where there are several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Score minus that of the recipe's own settings, in the metric's sense.
    pub mean: f64,
    /// Standard deviation over inner folds (n − 1).
    pub sd: Option<f64>,
}

/// By how much a candidate's score differs from that of the recipe's own settings; `None` where it has none on some fold.
pub fn difference(t: &Tuning, c: &Candidate, better: &str) -> Option<Difference> {
    let size = |v: f64| if better == "zero" { v.abs() } else { v };
    let own = &t.candidates.first()?.scores;
    let apart: Option<Vec<f64>> = c.scores.iter().zip(own).map(|(s, o)| Some(size((*s)?) - size((*o)?))).collect();
    let apart = apart.filter(|a| !a.is_empty())?;
    let n = apart.len() as f64;
    let mean = apart.iter().sum::<f64>() / n;
    let sd = (apart.len() > 1).then(|| (apart.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt());
    Some(Difference { mean, sd })
}

/// A candidate as it is drawn.
struct Mark<'a> {
    trial: usize,
    candidate: &'a Candidate,
    at: Difference,
}

/// The vertical axis: everything on the better side, and most of the worse one.
fn domain(marks: &[Mark<'_>], lower: bool) -> (f64, f64) {
    let sign = if lower { 1.0 } else { -1.0 };
    let ends = |m: &Mark<'_>, side: f64| sign * m.at.mean + side * m.at.sd.unwrap_or(0.0);
    let whole = || marks.iter().filter(|m| !m.candidate.dropped);
    let best = whole().map(|m| ends(m, -1.0)).fold(0.0, f64::min);
    let worse = sorted(marks.iter().map(|m| sign * m.at.mean));
    let worst =
        quantile(&worse, 0.7).max(-0.6 * best).max(whole().filter(|m| m.candidate.chosen).map(|m| ends(m, 1.0)).fold(0.0, f64::max));
    let margin = 0.06 * (worst - best);
    let (a, b) = (sign * (best - margin), sign * (worst + margin));
    (a.min(b), a.max(b))
}

/// Draws one candidate at a horizontal position; beyond the panel it stands at its edge.
fn mark(c: &mut Canvas, panel: &Panel, x: f64, m: &Mark<'_>) {
    let (low, high) = (panel.y.low, panel.y.high);
    let (y, outside) = (panel.y.at(m.at.mean.clamp(low, high)), !panel.y.holds(m.at.mean));
    let own = m.trial == 1;
    let paint = match (m.candidate.chosen, m.candidate.dropped || outside) {
        (true, _) => Paint::Rgb(VERMILION),
        (false, true) => Paint::Faint,
        (false, false) => Paint::Rgb(BLUE),
    };
    if let Some(sd) = m.at.sd.filter(|_| !own && !outside) {
        let ends = (panel.y.at((m.at.mean - sd).clamp(low, high)), panel.y.at((m.at.mean + sd).clamp(low, high)));
        c.line(
            (x, ends.0),
            (x, ends.1),
            Pen::new(paint, if m.candidate.chosen { 2.2 } else { 1.2 }).faded(if m.candidate.chosen { 1.0 } else { 0.8 }),
        );
    }
    if own {
        c.circle((x, y), 5.2, Paint::Paper, Some(Pen::new(if m.candidate.chosen { paint } else { Paint::Ink }, 2.0)));
    } else if outside {
        c.circle((x, y), 3.0, Paint::Paper, Some(Pen::new(paint, 1.2)));
    } else {
        c.circle((x, y), if m.candidate.chosen { 5.4 } else { 3.4 }, paint, None);
    }
}

/// Marks in the order in which they should lie: the chosen one and the recipe's own on top.
fn draw_marks<'m, 'a: 'm>(c: &mut Canvas, panel: &Panel, marks: &'m [Mark<'a>], at: impl Fn(&Mark<'a>) -> Option<f64>) {
    let on_top = |m: &&Mark<'_>| m.candidate.chosen || m.trial == 1;
    for m in marks.iter().filter(|m| !on_top(m)).chain(marks.iter().filter(on_top)) {
        if let Some(x) = at(m).filter(|x| x.is_finite()) {
            mark(c, panel, x.clamp(panel.area.0, panel.area.0 + panel.area.2), m);
        }
    }
}

fn zero(c: &mut Canvas, panel: &Panel) {
    let (left, _, w, _) = panel.area;
    for v in panel.y.ticks((HEIGHT / 55.0).round() as usize).at {
        c.line((left, panel.y.at(v)), (left + w, panel.y.at(v)), Pen::new(Paint::Grid, 1.0));
    }
    c.line((left, panel.y.at(0.0)), (left + w, panel.y.at(0.0)), Pen::new(Paint::Muted, 1.0).faded(0.7));
}

/// The trials in their order, with the best of those judged on all inner folds so far.
fn progress(c: &mut Canvas, panel: &Panel, marks: &[Mark<'_>], lower: bool) {
    let mut best = 0.0;
    let mut path = Path::new();
    let mut line = vec![panel.at(1.0, 0.0)];
    let last = marks.iter().map(|m| m.trial).max().unwrap_or(1);
    for m in marks.iter().filter(|m| !m.candidate.dropped) {
        if (lower && m.at.mean < best) || (!lower && m.at.mean > best) {
            line.push(panel.at(m.trial as f64, best));
            best = m.at.mean;
            line.push(panel.at(m.trial as f64, best));
        }
    }
    line.push(panel.at(last as f64, best));
    path.line(&line, false);
    c.stroke(&path, Pen::new(Paint::Rgb(VERMILION), 1.6).faded(0.8));
    draw_marks(c, panel, marks, |m| Some(panel.x.at(m.trial as f64)));
}

fn value(s: &Setting) -> Option<f64> {
    match s {
        Setting::Real(v) => Some(*v),
        Setting::Integer(v) => Some(*v as f64),
        _ => None,
    }
}

/// One setting: a panel with the axis of its space.
fn setting(c: &mut Canvas, mut panel: Panel, (t, others): (&Tuning, &[&Tuning]), marks: &[Mark<'_>], s: usize) {
    let space = &t.spaces[s];
    let area = panel.area;
    let (domain, log) = match &space.range {
        Range::Real { low, high, log } => ((*low, *high), *log),
        Range::Whole { low, high, log } => ((*low as f64, *high as f64), *log),
        Range::Choice { values } => ((-0.5, values.len() as f64 - 0.5), false),
    };
    // A little room, so that marks at the ends stand whole; the recipe's own value may lie outside.
    let own = t.candidates.first().and_then(|c| value(c.values.get(s)?)).filter(|v| !log || *v > 0.0);
    let (low, high) = own.map_or(domain, |v| (domain.0.min(v), domain.1.max(v)));
    panel.x = if log {
        let by = (high / low).powf(0.04);
        Scale::log((low / by, high * by), area.0, area.0 + area.2)
    } else {
        let by = if matches!(space.range, Range::Choice { .. }) { 0.0 } else { 0.04 * (high - low) };
        Scale::linear((low - by, high + by), area.0, area.0 + area.2)
    };
    if matches!(space.range, Range::Whole { .. }) {
        panel.x = panel.x.whole();
    }
    zero(c, &panel);
    let at = |v: &Setting| match &space.range {
        Range::Choice { values } => values.iter().position(|k| k == v).map(|k| panel.x.at(k as f64)),
        _ => value(v).map(|v| panel.x.at(v)),
    };
    let mut rug = Path::new();
    let bottom = area.1 + area.3;
    for x in others.iter().filter_map(|o| at(o.chosen.get(&space.parameter)?)).filter(|x| x.is_finite()) {
        rug.line(&[(x, bottom - 9.0), (x, bottom)], false);
    }
    c.stroke(&rug, Pen::new(Paint::Rgb(VERMILION), 1.6).faded(0.6));
    if let Range::Choice { values } = &space.range {
        c.line((area.0, bottom), (area.0 + area.2, bottom), Pen::new(Paint::Faint, 1.0));
        let room = area.2 / values.len().max(1) as f64;
        for (k, v) in values.iter().enumerate() {
            c.text(
                (panel.x.at(k as f64), bottom + 17.0),
                &fit(&v.to_string(), SMALL, false, room - 4.0),
                Type::new(SMALL).middle().muted(),
            );
        }
        // Candidates of one value stand side by side in the order of trial.
        let n = marks.len().max(2) as f64 - 1.0;
        draw_marks(c, &panel, marks, |m| Some(at(m.candidate.values.get(s)?)? + 0.6 * room * ((m.trial - 1) as f64 / n - 0.5)));
    } else {
        panel.x_axis(c, "", false);
        draw_marks(c, &panel, marks, |m| at(m.candidate.values.get(s)?));
    }
}

/// One figure a tuned model.
pub fn draw(cx: &Cx<'_>) -> Vec<Figure> {
    cx.record.models.iter().filter_map(|m| of(cx, m)).collect()
}

fn of(cx: &Cx<'_>, model: &ModelRecord) -> Option<Figure> {
    let t = shown(model)?;
    let better = cx.card(&cx.record.metric).map_or("lower", |m| m.better.as_str());
    let lower = better != "higher";
    let seen = |(i, candidate)| Some(Mark { trial: i + 1, candidate, at: difference(t, candidate, better)? });
    let marks: Vec<Mark<'_>> = t.candidates.iter().enumerate().filter_map(seen).collect();
    if marks.len() < 2 {
        return None;
    }
    let others: Vec<&Tuning> = model.tuning.iter().filter(|o| o.part != t.part).collect();
    let settings = t.spaces.len().min(MOST);
    let columns = (1 + settings).min(COLUMNS);
    let rows = (1 + settings).div_ceil(columns);
    let y = domain(&marks, lower);
    let room = Panel::y_room(y, HEIGHT);
    let w = (WIDTH - room - 8.0) / columns as f64;
    let mut c = Canvas::new(WIDTH, 0.0);
    let top = legend(&mut c, &others, t.halving && t.candidates.iter().any(|c| c.dropped));
    c.height = top + STEP * rows as f64 - 34.0;
    let title = format!("{} minus that of the recipe’s settings", cx.metric_label(&cx.record.metric));
    c.text((6.0, top - 36.0), &fit(&title, BODY, false, 780.0), Type::new(BODY));
    for i in 0..=settings {
        let area = (room + 6.0 + w * (i % columns) as f64, top + STEP * (i / columns) as f64, w - 26.0, HEIGHT);
        let mut panel = Panel::new(area, (0.5, t.candidates.len() as f64 + 0.5), y);
        panel.x = panel.x.whole();
        if i % columns == 0 {
            panel.y_axis(&mut c, "", false);
        }
        let head = if i == 0 { "trial" } else { t.spaces[i - 1].parameter.as_str() };
        c.text((area.0, area.1 - 9.0), &fit(head, HEAD - 1.0, true, w - 20.0), Type::new(HEAD - 1.0).bold());
        if i == 0 {
            zero(&mut c, &panel);
            panel.x_axis(&mut c, "", false);
            progress(&mut c, &panel, &marks, lower);
        } else {
            setting(&mut c, panel, (t, &others), &marks, i - 1);
        }
    }
    let outside = marks.iter().filter(|m| m.at.mean < y.0 || m.at.mean > y.1).count();
    Some(Figure::named(&name(cx.record, model), words(cx, (model, t), &marks, outside), &c))
}

/// The keys above the panels; returns where the panels begin.
fn legend(c: &mut Canvas, others: &[&Tuning], halved: bool) -> f64 {
    let mut items = vec![
        ("candidate, ± sd over inner folds".to_owned(), Key::Dot(Paint::Rgb(BLUE))),
        ("chosen".to_owned(), Key::Dot(Paint::Rgb(VERMILION))),
        ("recipe’s own".to_owned(), Key::Ring(Paint::Ink)),
    ];
    if halved {
        items.push(("dropped early".to_owned(), Key::Dot(Paint::Faint)));
    }
    if !others.is_empty() {
        items.push(("chosen in other parts".to_owned(), Key::Line(Pen::new(Paint::Rgb(VERMILION), 1.6).faded(0.6))));
    }
    keys(c, (6.0, 16.0, WIDTH - 8.0), &items) + 62.0
}

fn words(cx: &Cx<'_>, (model, t): (&ModelRecord, &Tuning), marks: &[Mark<'_>], outside: usize) -> Words {
    let sense = match cx.card(&cx.record.metric).map(|m| m.better.as_str()) {
        Some("higher") => "above the line is better",
        _ => "below the line is better",
    };
    let part = if t.part == ALL_ROWS { "the fit on all rows".to_owned() } else { t.part.clone() };
    let beyond = if outside > 0 { format!(" {outside} candidates beyond the frame are rings at its edge.") } else { String::new() };
    let more =
        if t.spaces.len() > MOST { format!(" {} further settings are in record.json.", t.spaces.len() - MOST) } else { String::new() };
    let metric = cx.card(&cx.record.metric).map_or(cx.record.metric.as_str(), |m| m.title.as_str());
    let caption = format!(
        "Every candidate for {part} against the recipe’s own settings on the same {} inner folds ({sense}), by trial, with the best so far, and by each setting. \
         Where points lie level, the setting hardly matters.{beyond}{more}",
        t.folds
    );
    let chosen = marks.iter().find(|m| m.candidate.chosen);
    let gain = chosen.map_or_else(String::new, |m| {
        let spread = m.at.sd.map_or_else(String::new, |sd| format!(" with a standard deviation of {} over inner folds", number(sd)));
        format!(
            " The chosen one differs from the recipe’s own by {}{}{spread}.",
            number(m.at.mean),
            cx.card(&cx.record.metric).map_or_else(String::new, |c| c.unit.suffix())
        )
    });
    let alt = format!(
        "{metric} of {} candidates for {} minus that of the recipe’s own settings, over the trials and against {}.{gain}",
        marks.len(),
        model.name,
        t.spaces.iter().map(|s| s.parameter.as_str()).collect::<Vec<_>>().join(", "),
    );
    Words { name: "tuning", title: format!("What tuning tried for {}", model.name), alt, caption }
}
