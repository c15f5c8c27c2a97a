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

/// Shares of rows within each distance, a line each; a panel for each space that was looked at.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let advice = cx.record.advice.as_ref()?;
    let is_chosen = |d: &Distances| d.design.as_deref() == Some(advice.chosen.as_str());
    let mut units: Vec<&str> = Vec::new();
    advice.distances.iter().for_each(|d| {
        if !units.contains(&d.unit.as_str()) {
            units.push(&d.unit)
        }
    });
    let panels: Vec<Lines<'_>> = units
        .into_iter()
        .filter_map(|unit| {
            let of = || advice.distances.iter().filter(move |d| d.unit == unit && d.quantiles.len() > 1);
            let beside = of().filter(|d| d.design.is_some() && !is_chosen(d)).take(BESIDE);
            Lines::new(of().filter(|d| d.design.is_none()).chain(beside).chain(of().filter(|d| is_chosen(d))).collect())
        })
        .collect();
    if panels.is_empty() {
        return None;
    }
    let mut c = Canvas::new(WIDTH, panels.iter().map(Lines::high).sum());
    let mut top = 0.0;
    for lines in &panels {
        lines.draw(&mut c, top, &advice.chosen);
        top += lines.high();
    }
    let medians: Vec<String> = panels
        .iter()
        .flat_map(|p| &p.drawn)
        .map(|d| format!("{} {} {}", d.of, number(d.quantiles[d.quantiles.len() / 2]), d.unit))
        .collect();
    let caption = "A design imitates the use of a model where the line of its test rows lies on that of what is wanted: left of it, folds are \
                   easier than the use; right of it, harder.";
    let alt = format!("Distributions of distances to the nearest sample; medians: {}.", medians.join(", "));
    let words = Words { name: "fold-distances", title: "Do the folds imitate the use?".to_owned(), alt, caption: caption.to_owned() };
    Some(Figure::new(words, &c))
}

/// The lines of one panel: distances of one unit.
struct Lines<'a> {
    drawn: Vec<&'a Distances>,
    largest: f64,
    shortest: f64,
}

impl<'a> Lines<'a> {
    fn new(drawn: Vec<&'a Distances>) -> Option<Self> {
        let finite = |d: &Distances| d.quantiles.iter().rev().copied().find(|q| q.is_finite());
        let largest = drawn.iter().filter_map(|d| finite(d)).fold(0.0_f64, f64::max);
        // The few shortest would draw the axis out.
        let early = drawn.iter().filter_map(|d| d.quantiles.get(d.quantiles.len() / 20));
        let shortest = early.filter(|q| **q > 0.0).fold(f64::INFINITY, |m, q| m.min(*q));
        (largest > 0.0).then_some(Self { drawn, largest, shortest })
    }

    fn high(&self) -> f64 {
        34.0 + HIGH + 52.0 + 22.0 * self.drawn.len() as f64
    }

    fn draw(&self, c: &mut Canvas, top: f64, chosen: &str) {
        let others = [BLUE, PALE, GREY].map(|colour| Pen::new(Paint::Rgb(colour), 1.8));
        let mut beside = others.into_iter();
        let samples = Pen::new(Paint::Muted, 1.8).dashed("3 3");
        let pens: Vec<Pen> = self
            .drawn
            .iter()
            .map(|d| match &d.design {
                None if d.of.contains("wanted") => Pen::new(Paint::Ink, 2.6),
                None => samples,
                Some(design) if design == chosen => Pen::new(Paint::Rgb(VERMILION), 2.4),
                Some(_) => beside.next().unwrap_or(samples),
            })
            .collect();
        let room = Panel::y_room((0.0, 1.0), HIGH) + 6.0;
        let area = (room, top + 34.0, WIDTH - room - 20.0, HIGH);
        // Distances of a few metres beside hundreds of kilometres are told apart on a logarithmic axis only.
        let log = self.largest / self.shortest > 100.0;
        let mut panel = Panel::new(area, (0.0, self.largest), (0.0, 1.0));
        if log {
            panel.x = super::scale::Scale::log((self.shortest, self.largest), area.0, area.0 + area.2);
        }
        panel.y_axis(c, "Share within that distance", true);
        let unit = match self.drawn[0].unit.as_str() {
            "sd" => "standard deviations of the features",
            "d" => "days",
            unit => unit,
        };
        panel.x_axis(c, &format!("Distance to the nearest sample ({unit})"), true);
        for (d, pen) in self.drawn.iter().zip(&pens) {
            let steps = (d.quantiles.len().max(2) - 1) as f64;
            let points = d.quantiles.iter().enumerate().filter(|(_, q)| q.is_finite() && (!log || **q >= self.shortest));
            c.stroke(&panel.curve(points.map(|(i, q)| (*q, i as f64 / steps))), *pen);
        }
        let mut y = top + 34.0 + HIGH + 58.0;
        for (pen, d) in pens.iter().zip(&self.drawn) {
            keys(c, (area.0, y, WIDTH - 20.0), &[(d.of.clone(), Key::Line(*pen))]);
            y += 22.0;
        }
    }
}
