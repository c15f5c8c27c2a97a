//! How far samples, places wanted and test rows of each design are from the nearest sample: distributions that a good design makes alike.

use esker_core::Distances;

use super::axis::Panel;
use super::canvas::{Canvas, Paint, Pen};
use super::colour::{BLUE, GREY, PALE, VERMILION};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::text::number;
use super::{Figure, WIDTH, Words};

const HIGH: f64 = 280.0;
/// Designs drawn beside the chosen one.
const BESIDE: usize = 3;

/// Shares of rows within each distance, a line each.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let advice = cx.record.advice.as_ref()?;
    let is_chosen = |d: &Distances| d.design.as_deref() == Some(advice.chosen.as_str());
    let of_designs = advice.distances.iter().filter(|d| d.design.is_some() && !is_chosen(d)).take(BESIDE);
    let drawn: Vec<&Distances> = advice
        .distances
        .iter()
        .filter(|d| d.design.is_none())
        .chain(of_designs)
        .chain(advice.distances.iter().filter(|d| is_chosen(d)))
        .collect();
    let first = drawn.iter().find(|d| d.quantiles.len() > 1)?;
    let largest = drawn.iter().filter_map(|d| d.quantiles.last()).fold(0.0_f64, |m, q| m.max(*q));
    // The few shortest would draw the axis out.
    let shortest =
        drawn.iter().filter_map(|d| d.quantiles.get(d.quantiles.len() / 20)).filter(|q| **q > 0.0).fold(f64::INFINITY, |m, q| m.min(*q));
    if !(largest > 0.0 && largest.is_finite()) {
        return None;
    }
    let wanted = Pen::new(Paint::Ink, 2.6);
    let samples = Pen::new(Paint::Muted, 1.8).dashed("3 3");
    let others = [BLUE, PALE, GREY].map(|colour| Pen::new(Paint::Rgb(colour), 1.8));
    let mut beside = others.into_iter();
    let pens: Vec<Pen> = drawn
        .iter()
        .map(|d| match &d.design {
            None if d.of.contains("wanted") => wanted,
            None => samples,
            Some(_) if is_chosen(d) => Pen::new(Paint::Rgb(VERMILION), 2.4),
            Some(_) => beside.next().unwrap_or(samples),
        })
        .collect();
    let mut c = Canvas::new(WIDTH, 34.0 + HIGH + 52.0 + 22.0 * drawn.len() as f64);
    let room = Panel::y_room((0.0, 1.0), HIGH) + 6.0;
    let area = (room, 34.0, WIDTH - room - 20.0, HIGH);
    // Distances of a few metres beside hundreds of kilometres are told apart on a logarithmic axis only.
    let log = largest / shortest > 100.0;
    let mut panel = Panel::new(area, (0.0, largest), (0.0, 1.0));
    if log {
        panel.x = super::scale::Scale::log((shortest, largest), area.0, area.0 + area.2);
    }
    panel.y_axis(&mut c, "Share within that distance", true);
    panel.x_axis(&mut c, &format!("Distance to the nearest sample ({})", first.unit), true);
    for (d, pen) in drawn.iter().zip(&pens) {
        let steps = (d.quantiles.len().max(2) - 1) as f64;
        let points = d.quantiles.iter().enumerate().filter(|(_, q)| !log || **q >= shortest).map(|(i, q)| (*q, i as f64 / steps));
        c.stroke(&panel.curve(points), *pen);
    }
    let mut y = 34.0 + HIGH + 58.0;
    for (pen, d) in pens.iter().zip(&drawn) {
        keys(&mut c, (area.0, y, WIDTH - 20.0), &[(d.of.clone(), Key::Line(*pen))]);
        y += 22.0;
    }
    let medians: Vec<String> =
        drawn.iter().map(|d| format!("{} {} {}", d.of, number(d.quantiles[d.quantiles.len() / 2]), d.unit)).collect();
    let caption = "A design imitates the use of a model where the line of its test rows lies on that of the places wanted: left of it, folds are \
                   easier than the use; right of it, harder.";
    let alt = format!("Distributions of distances to the nearest sample; medians: {}.", medians.join(", "));
    let words = Words { name: "fold-distances", title: "Do the folds imitate the use?".to_owned(), alt, caption: caption.to_owned() };
    Some(Figure::new(words, &c))
}
