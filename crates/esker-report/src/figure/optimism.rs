//! Each model's score under the primary design beside its score under the compared ones, with the spread over folds.

use esker_core::record::{ModelRecord, Score};

use super::axis::{BODY, Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, Rgb, VERMILION, category};
use super::cx::{Cx, score, shown};
use super::legend::{Key, keys};
use super::scale::{padded, range};
use super::text::{fit, number, width};
use super::{Figure, WIDTH, Words};

const ROW: f64 = 44.0;
const TOP: f64 = 60.0;

fn colour(design: usize, designs: usize) -> Rgb {
    match design {
        0 => BLUE,
        1 => VERMILION,
        _ => category(design, designs.max(8)),
    }
}

/// A model with its score under each design.
struct Row<'a> {
    model: &'a ModelRecord,
    scores: Vec<Option<&'a Score>>,
}

fn rows<'a>(cx: &Cx<'a>) -> Vec<Row<'a>> {
    let record = cx.record;
    let of = |m: &'a ModelRecord| Row {
        model: m,
        scores: record.designs.iter().map(|d| cx.run(m, &d.label).and_then(|r| score(r, &record.metric))).collect(),
    };
    let mut rows: Vec<Row<'a>> = record.models.iter().map(of).filter(|r| r.scores.iter().flatten().any(|s| shown(s).is_some())).collect();
    let better = cx.card(&record.metric).map_or("lower", |m| m.better.as_str());
    let rank = |r: &Row<'_>| match (r.scores.first().copied().flatten().and_then(shown), better) {
        (None, _) => f64::INFINITY,
        (Some(v), "higher") => -v,
        (Some(v), "zero") => v.abs(),
        (Some(v), _) => v,
    };
    rows.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    rows
}

/// The axis: all means with their spread, and single folds unless one of them would squeeze the rest.
fn domain(rows: &[Row<'_>]) -> Option<(f64, f64)> {
    let scores = || rows.iter().flat_map(|r| r.scores.iter().flatten());
    let ends: Vec<f64> =
        scores().flat_map(|s| shown(s).map_or([f64::NAN; 2], |m| [m - s.sd.unwrap_or(0.0), m + s.sd.unwrap_or(0.0)])).collect();
    let folds: Vec<f64> = scores().flat_map(|s| s.folds.iter().flatten().copied()).collect();
    let core = range(&ends)?;
    let all = range(folds.iter().chain(&ends))?;
    let wide = core.1 - core.0;
    Some(padded((all.0.max(core.0 - wide), all.1.min(core.1 + wide)), 0.04))
}

/// Draws the spread and the mean of one score at height `y`.
fn mark(c: &mut Canvas, panel: &Panel, y: f64, s: &Score, paint: Paint, primary: bool) {
    let Some(mean) = shown(s) else { return };
    let mut folds = Path::new();
    s.folds.iter().flatten().filter(|v| panel.x.holds(**v)).for_each(|v| folds.dot(panel.x.at(*v), y));
    c.dots(&folds, Pen::new(paint, 5.0).faded(0.35));
    if let Some(sd) = s.sd {
        let at = |v: f64| panel.x.at(v.clamp(panel.x.low, panel.x.high));
        c.line((at(mean - sd), y), (at(mean + sd), y), Pen::new(paint, 2.0));
    }
    let fill = if primary { paint } else { Paint::Paper };
    c.circle((panel.x.at(mean), y), 5.6, fill, Some(Pen::new(paint, 2.2)));
}

/// The scores of all models under all designs.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let record = cx.record;
    let rows = rows(cx);
    let domain = domain(&rows)?;
    let designs = record.designs.len();
    let names = rows.iter().map(|r| width(&r.model.name, BODY, r.model.name == record.chosen.model)).fold(0.0, f64::max).min(200.0);
    let left = names.max(70.0) + 24.0;
    let columns = designs.min(3);
    let widest = record.designs.iter().take(columns).map(|d| width(&d.label, SMALL, false)).fold(0.0, f64::max);
    let column = (widest + 14.0).clamp(68.0, if columns > 2 { 84.0 } else { 110.0 });
    let step = ROW.max(16.0 * designs as f64 + 12.0);
    let h = step * rows.len() as f64;
    let panel = Panel::new((left, TOP, WIDTH - left - column * columns as f64 - 20.0, h), domain, (0.0, 1.0));
    let mut c = Canvas::new(WIDTH, TOP + h + 50.0);
    panel.x_axis(&mut c, &cx.metric_label(&record.metric), true);
    let items: Vec<(String, Key)> = record
        .designs
        .iter()
        .enumerate()
        .map(|(i, d)| {
            let paint = Paint::Rgb(colour(i, designs));
            if i == 0 { (format!("{} (primary)", d.label), Key::Dot(paint)) } else { (d.label.clone(), Key::Ring(paint)) }
        })
        .collect();
    keys(&mut c, (left, 18.0, WIDTH - 8.0), &items);
    let from = WIDTH - column * columns as f64 - 4.0;
    for (i, d) in record.designs.iter().enumerate().take(columns) {
        let x = from + column * (i + 1) as f64;
        c.text((x, TOP - 8.0), &fit(&d.label, SMALL, false, column - 8.0), Type::new(SMALL).end().muted());
    }
    for (k, row) in rows.iter().enumerate() {
        let middle = TOP + step * (k as f64 + 0.5);
        let chosen = row.model.name == record.chosen.model;
        if k > 0 {
            c.line((8.0, middle - step / 2.0), (WIDTH - 4.0, middle - step / 2.0), Pen::new(Paint::Grid, 1.0));
        }
        let style = if chosen { Type::new(BODY).bold() } else { Type::new(BODY) };
        let name = fit(&row.model.name, BODY, chosen, left - 22.0);
        let dy = if chosen { -2.0 } else { 5.0 };
        c.text((left - 14.0, middle + dy), &name, style.end());
        if chosen {
            c.text((left - 14.0, middle + 13.0), "chosen", Type::new(SMALL).end().muted());
        }
        for (i, s) in row.scores.iter().enumerate() {
            let Some(s) = s else { continue };
            let y = middle + 14.0 * (i as f64 - (designs - 1) as f64 / 2.0);
            mark(&mut c, &panel, y, s, Paint::Rgb(colour(i, designs)), i == 0);
            if i < columns {
                let style = if chosen { Type::new(BODY).bold() } else { Type::new(BODY) };
                c.text((from + column * (i + 1) as f64, middle + 5.0), &shown(s).map_or("–".to_owned(), number), style.end());
            }
        }
    }
    let hidden =
        rows.iter().flat_map(|r| r.scores.iter().flatten()).flat_map(|s| s.folds.iter().flatten()).filter(|v| !panel.x.holds(**v)).count();
    Some(Figure::new(words(cx, &rows, hidden), &c))
}

fn words(cx: &Cx<'_>, rows: &[Row<'_>], hidden: usize) -> Words {
    let outside = if hidden > 0 { format!(" {hidden} folds lie outside the axis.") } else { String::new() };
    let record = cx.record;
    let metric = cx.card(&record.metric).map_or(record.metric.as_str(), |m| m.title.as_str());
    let sense = match cx.card(&record.metric).map(|m| m.better.as_str()) {
        Some("higher") => "larger is better",
        Some("zero") => "closer to zero is better",
        _ => "smaller is better",
    };
    let primary = record.designs.first().map_or("", |d| d.label.as_str());
    let several = record.designs.len() > 1;
    let gap = if several { " The gap between full and open circles is the optimism of the easier design." } else { "" };
    let caption = format!(
        "{metric} of every model ({sense}): large circles are means over folds, bars one standard deviation over folds, small dots single folds; full circles stand for the primary design.{gap}{outside}"
    );
    let say = |r: &Row<'_>| {
        let values: Vec<String> = r
            .scores
            .iter()
            .zip(&record.designs)
            .filter_map(|(s, d)| s.and_then(shown).map(|v| format!("{} under {}", number(v), d.label)))
            .collect();
        format!("{}: {}", r.model.name, values.join(", "))
    };
    let listed: Vec<String> = rows.iter().take(6).map(say).collect();
    let alt = format!(
        "{metric} of {} models under the primary design {primary}{}. {}. The chosen model is {}.",
        rows.len(),
        if several { " and the compared ones" } else { "" },
        listed.join("; "),
        record.chosen.model
    );
    let title = if several { "Scores, and how much an easier design flatters them" } else { "Scores of the models" };
    Words { name: "optimism", title: title.to_owned(), alt, caption }
}
