//! Maps of the error to expect: at held-out samples, and where predictions are wanted. What lies outside the area of applicability is grey.

use esker_core::Unit;
use esker_core::record::{Applicability, ErrorProfile};

use super::colour::{GREY, Map as Colours, Rgb};
use super::cx::Cx;
use super::legend::{colour_bar, swatches};
use super::maps::{Drawn, STEPS, at_one_place, layered, mean};
use super::stats::sorted;
use super::text::{count, labelled, number};
use super::{Figure, WIDTH, Words};

/// What is drawn of each place: its error, and whether it is known to lie outside.
struct Told<'a> {
    area: &'a Applicability,
    error: &'a [f64],
    dissimilarity: &'a [f64],
}

impl Told<'_> {
    fn profile(&self) -> Option<&ErrorProfile> {
        self.area.profiles.first()
    }

    /// Title of the scale: the error with its unit, or the index where no error is expected.
    fn title(&self) -> String {
        let error = |p: &ErrorProfile| labelled(&format!("Expected error ({})", p.error), &p.unit);
        self.profile().filter(|_| !self.error.is_empty()).map_or_else(|| labelled("Dissimilarity index", &Unit::default()), error)
    }

    /// Mean of a site's rows inside, and whether all that is known of it lies outside.
    fn site(&self, rows: &[usize]) -> (Option<f64>, bool) {
        let index = |r: &usize| self.dissimilarity.get(*r).copied().unwrap_or(f64::NAN);
        let inside = rows.iter().filter(|r| index(r) <= self.area.threshold);
        let shown = if self.error.is_empty() { self.dissimilarity } else { self.error };
        let value = mean(inside.map(|r| shown.get(*r).copied().unwrap_or(f64::NAN)));
        (value, value.is_none() && rows.iter().any(|r| index(r) > self.area.threshold))
    }
}

/// Held-out samples coloured by the error to expect at their dissimilarity.
pub fn held_out(cx: &Cx<'_>) -> Option<Figure> {
    let area = cx.record.applicability.as_ref()?;
    if cx.rows.expected.is_empty() {
        return None;
    }
    let told = Told { area, error: &cx.rows.expected, dissimilarity: &cx.rows.dissimilarity };
    let words = Words {
        name: "map-applicability-error",
        title: "Expected error on the map".to_owned(),
        alt: String::new(),
        caption:
            "The error to expect at each held-out sample by its dissimilarity from the rows its fold learned from; grey ones lie outside \
                  the area of applicability."
                .to_owned(),
    };
    draw(cx, Drawn::new(cx)?, &told, words)
}

/// Places where predictions are wanted.
pub fn wanted(cx: &Cx<'_>) -> Option<Figure> {
    let area = cx.record.applicability.as_ref()?;
    let card = area.wanted.as_ref()?;
    let at = &cx.rows.wanted;
    let told = Told { area, error: &at.expected, dissimilarity: &at.dissimilarity };
    let drawn = if card.measured < card.places { format!(", {} of them drawn at random", count(card.measured)) } else { String::new() };
    let words = Words {
        name: "map-applicability-wanted",
        title: "Where predictions are wanted".to_owned(),
        alt: String::new(),
        caption: format!(
            "The error to expect at the {} places of {}{drawn}; grey ones lie outside the area of applicability.",
            count(card.places),
            card.name
        ),
    };
    draw(cx, Drawn::of(&at.x, &at.y, &[], cx.record.data.crs.as_deref())?, &told, words)
}

fn draw(cx: &Cx<'_>, mut d: Drawn, told: &Told<'_>, words: Words) -> Option<Figure> {
    let sites: Vec<(Option<f64>, bool)> = d.sites.iter().map(|s| told.site(&s.rows)).collect();
    let values: Vec<Option<f64>> = sites.iter().map(|s| s.0).collect();
    let outside: Vec<(f64, f64)> = d.sites.iter().zip(&sites).filter(|(_, s)| s.1).map(|(s, _)| s.at).collect();
    let known = sorted(values.iter().flatten().copied());
    let beyond = outside.len();
    if known.is_empty() && beyond == 0 {
        return None;
    }
    let (low, high) = match (known.first(), known.last()) {
        // Means of one expected error differ in their last digits alone.
        (Some(a), Some(b)) if b - a > 1e-6 * b.abs() => (*a, *b),
        (Some(a), _) => (a - 0.5 * a.abs().max(1e-3), a + 0.5 * a.abs().max(1e-3)),
        _ => (0.0, 1.0),
    };
    let colours: Vec<Rgb> = (0..STEPS).map(|i| Colours::Viridis.at(i as f64 / (STEPS - 1) as f64)).collect();
    let step = |v: f64| ((v - low) / (high - low) * (STEPS - 1) as f64).round() as usize;
    let mut layers = vec![(GREY, outside)];
    layers.extend(layered(&d.sites, &values, &colours, step, |i| i));
    d.layers(&layers);
    let (x, top, h) = (d.aside, d.map.area.1, d.map.area.3);
    let bar = (x, top, WIDTH - x - 6.0, (h * 0.55).clamp(150.0, 280.0));
    let end = colour_bar(&mut d.canvas, bar, &told.title(), (low, high, false), Colours::Viridis, (false, false));
    let item = [(format!("outside ({})", count(beyond)), GREY)];
    let end = if beyond > 0 { swatches(&mut d.canvas, (x, end + 16.0, WIDTH - x - 6.0), "Area of applicability", &item, 6) } else { end };
    let caption = format!("{}{} {}", words.caption, at_one_place(&d.sites), d.map.describe());
    let unit = told.profile().filter(|_| !told.error.is_empty() && !told.area.profiles[0].unit.is_empty());
    let unit = unit.map_or_else(String::new, |p| format!(" {}", super::text::unit(p.unit.as_str())));
    let alt = format!(
        "Map of {} places: {} inside the area of applicability, {} from {} to {}{unit}; {} outside.",
        count(d.sites.len()),
        count(known.len()),
        told.title(),
        number(low),
        number(high),
        count(beyond)
    );
    let canvas = d.finish(cx, end);
    Some(Figure::new(Words { alt, caption, ..words }, &canvas))
}
