//! Measured against nominal coverage of the prediction intervals, and coverage along the predicted values.

use super::axis::{Panel, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BLUE, VERMILION};
use super::cx::Cx;
use super::scale::{padded, range};
use super::stats::wilson;
use super::text::{number, width};
use super::{Figure, WIDTH, Words};

const SIDE: f64 = 300.0;

fn percent(v: f64) -> String {
    format!("{} %", super::text::fixed(100.0 * v, if (v * 100.0 - (v * 100.0).round()).abs() < 0.05 { 0 } else { 1 }))
}

/// Coverage of the chosen model's intervals.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let i = cx.record.intervals.as_ref()?;
    let whole: Vec<(f64, f64)> = i.curve.iter().copied().filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
    let parts: Vec<(f64, f64, usize)> = i.conditional.iter().copied().filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
    if whole.is_empty() && parts.is_empty() {
        return None;
    }
    let mut c = Canvas::new(WIDTH, 56.0 + SIDE + 54.0);
    let mut at = 40.0;
    if !whole.is_empty() {
        let panel = Panel::new((46.0, 56.0, SIDE, SIDE), (0.0, 1.0), (0.0, 1.0));
        panel.head(&mut c, 6.0, "All held-out rows");
        panel.y_axis(&mut c, "Measured coverage", true);
        panel.x_axis(&mut c, "Nominal coverage", true);
        c.line(panel.at(0.0, 0.0), panel.at(1.0, 1.0), Pen::new(Paint::Ink, 1.3).dashed("6 4"));
        c.stroke(&panel.curve(whole.iter().copied()), Pen::new(Paint::Rgb(BLUE), 2.2));
        whole.iter().for_each(|p| c.circle(panel.at(p.0, p.1), 4.0, Paint::Rgb(BLUE), None));
        let p = panel.at(i.level, i.coverage);
        c.circle(p, 7.5, Paint::None, Some(Pen::new(Paint::Rgb(VERMILION), 2.0)));
        let label = format!("{} of {}", percent(i.coverage), percent(i.level));
        c.text((p.0 - 13.0, (p.1 - 6.0).max(70.0)), &label, Type::new(SMALL).end().halo());
        at = 46.0 + SIDE + 34.0;
    }
    if !parts.is_empty() {
        let bars: Vec<(f64, f64)> = parts.iter().map(|p| wilson(p.1, p.2)).collect();
        let low = bars.iter().map(|b| b.0).chain([i.level]).fold(1.0, f64::min);
        let y_domain = ((low - 0.03).max(0.0), 1.0);
        let left = at + Panel::y_room(y_domain, SIDE);
        let panel = Panel::new((left, 56.0, WIDTH - left - 16.0, SIDE), padded(range(parts.iter().map(|p| &p.0))?, 0.06), y_domain);
        panel.head(&mut c, at, "By predicted value");
        panel.y_axis(&mut c, &format!("Coverage of {} intervals", percent(i.level)), true);
        panel.x_axis(&mut c, &cx.in_unit(&format!("Predicted {}", cx.target)), false);
        let y = panel.y.at(i.level);
        c.line((left, y), (WIDTH - 16.0, y), Pen::new(Paint::Ink, 1.3).dashed("6 4"));
        let label = "nominal";
        c.text((WIDTH - 18.0 - width(label, SMALL, false), y - 6.0), label, Type::new(SMALL).halo());
        for (p, b) in parts.iter().zip(bars) {
            c.line(panel.at(p.0, b.0), panel.at(p.0, b.1), Pen::new(Paint::Rgb(BLUE), 1.6));
            c.circle(panel.at(p.0, p.1), 4.6, Paint::Rgb(BLUE), None);
        }
    }
    let caption = format!(
        "Share of held-out observations inside their {} interval. Left: at several nominal levels; on the dashed line intervals keep their promise. Right: the {} intervals by tenths of the predicted value, bars are 95 % intervals of the share (Wilson).",
        i.method,
        percent(i.level)
    );
    let ends = range(parts.iter().map(|p| &p.1))
        .map(|(a, b)| format!(" By predicted value it runs from {} to {}.", percent(a), percent(b)))
        .unwrap_or_default();
    let alt = format!(
        "Measured against nominal coverage: intervals of nominally {} hold {} of the held-out observations, at a mean width of {}{}.{ends}",
        percent(i.level),
        percent(i.coverage),
        number(i.width),
        cx.unit_suffix()
    );
    Some(Figure::new(Words { name: "coverage", title: "Do the intervals keep their promise?".to_owned(), alt, caption }, &c))
}
