//! Calibration curves: how often each class happened by how probable it was said to be.

use esker_core::calibration::CalibrationCurve;

use super::axis::{BODY, Panel, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BLUE, VERMILION};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::text::{fit, fixed};
use super::{Figure, WIDTH, Words};

/// Classes drawn at most.
const MOST: usize = 12;
/// Panels side by side.
const COLUMNS: usize = 4;
/// Top of the first row of panels, and the room between rows beside the panels themselves.
const TOP: f64 = 84.0;
const BETWEEN: f64 = 92.0;

/// Calibration of the chosen model's probabilities.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let run = cx.chosen_run()?;
    let curves = &run.calibration[..run.calibration.len().min(MOST)];
    let first = curves.first()?;
    let before = |c: &CalibrationCurve| run.uncalibrated.iter().find(|b| b.level == c.level);
    let alone = curves.len() == 1;
    let columns = curves.len().clamp(2, COLUMNS);
    let wide = (WIDTH - 16.0) / columns as f64;
    let side = if alone { 320.0 } else { wide - 50.0 };
    let rows = curves.len().div_ceil(columns);
    let mut c = Canvas::new(WIDTH, TOP + rows as f64 * (side + BETWEEN) - 40.0);
    let (after, plain) = (Paint::Rgb(BLUE), Paint::Rgb(VERMILION));
    let mut legend = vec![("share that happened, with its 95 % interval".to_owned(), Key::Dot(after))];
    if !run.uncalibrated.is_empty() {
        legend[0].0 = "calibrated: share that happened, with its 95 % interval".to_owned();
        legend.push(("as the model says".to_owned(), Key::Ring(plain)));
    }
    keys(&mut c, (6.0, 18.0, WIDTH - 8.0), &legend);
    for (i, curve) in curves.iter().enumerate() {
        let corner = (42.0 + wide * (i % columns) as f64, TOP + (side + BETWEEN) * (i / columns) as f64);
        let top = top(curve, before(curve));
        let panel = Panel::new((corner.0, corner.1, side, side), (0.0, top), (0.0, top));
        panel.head(&mut c, corner.0 - 36.0, &cx.class_name(&curve.level));
        panel.y_axis(&mut c, if i % columns == 0 { "Share that happened" } else { "" }, true);
        panel.x_axis(&mut c, if i + columns >= curves.len() { "Probability said" } else { "" }, true);
        c.line(panel.at(0.0, 0.0), panel.at(top, top), Pen::new(Paint::Muted, 1.2).dashed("6 4"));
        if let Some(b) = before(curve) {
            c.stroke(&panel.curve(b.bins.iter().map(|b| (b.said, b.happened))), Pen::new(plain, 1.2));
            b.bins.iter().for_each(|b| c.circle(panel.at(b.said, b.happened), 3.6, Paint::Paper, Some(Pen::new(plain, 1.6))));
        }
        c.stroke(&panel.curve(curve.bins.iter().map(|b| (b.said, b.happened))), Pen::new(after, 1.6));
        for b in &curve.bins {
            c.line(panel.at(b.said, b.interval[0]), panel.at(b.said, b.interval[1]), Pen::new(after, 1.4));
            c.circle(panel.at(b.said, b.happened), 4.2, after, None);
        }
    }
    if alone {
        numbers(&mut c, (42.0 + side + 56.0, TOP + 20.0), first, before(first));
    }
    let caption = format!(
        "How often a class happened in held-out rows of {}, by how probable it was said to be, in bins of as many rows each. On the dashed line probabilities mean what they say; intervals take rows for independent (Wilson), and are too narrow where neighbours are alike.",
        cx.record.chosen.model
    );
    let said: Vec<String> = curves
        .iter()
        .map(|k| {
            let from = before(k).map(|b| format!(", before calibration {}", fixed(b.error, 3))).unwrap_or_default();
            format!("{}: expected calibration error {}{from}", cx.class_name(&k.level), fixed(k.error, 3))
        })
        .collect();
    let alt = format!("Calibration curves. {}.", said.join("; "));
    Some(Figure::new(Words { name: "calibration-curve", title: "Do the probabilities mean what they say?".to_owned(), alt, caption }, &c))
}

/// The end of both axes: 1, or less where all probabilities and shares are small.
fn top(curve: &CalibrationCurve, before: Option<&CalibrationCurve>) -> f64 {
    let bins = curve.bins.iter().map(|b| b.said.max(b.interval[1]));
    let raw = before.into_iter().flat_map(|b| &b.bins).map(|b| b.said.max(b.happened));
    let most = bins.chain(raw).fold(0.0, f64::max);
    [0.05, 0.1, 0.2, 0.5].into_iter().find(|t| most <= *t).unwrap_or(1.0)
}

/// What is read of a curve.
type Part = fn(&CalibrationCurve) -> f64;

/// The numbers of one curve beside it.
fn numbers(c: &mut Canvas, (x, y): (f64, f64), curve: &CalibrationCurve, before: Option<&CalibrationCurve>) {
    let parts: [(&str, Part); 5] = [
        ("Expected calibration error", |k| k.error),
        ("Brier score of the class", |k| k.brier),
        ("reliability, lower is better", |k| k.reliability),
        ("resolution, higher is better", |k| k.resolution),
        ("uncertainty, of the classes alone", |k| k.uncertainty),
    ];
    for (i, (words, of)) in parts.iter().enumerate() {
        let y = y + 48.0 * i as f64;
        c.text((x, y), &fit(words, SMALL, false, WIDTH - x - 6.0), Type::new(SMALL).muted());
        c.text((x, y + 19.0), &fixed(of(curve), 4), Type::new(BODY).bold());
        if let Some(b) = before {
            c.text((x + 66.0, y + 19.0), &format!("before {}", fixed(of(b), 4)), Type::new(BODY));
        }
    }
}
