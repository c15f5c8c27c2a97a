//! The figures of a report, drawn from a record and its held-out rows. A figure whose data are absent is left out.

mod applicability;
pub mod axis;
mod calibration;
pub mod canvas;
mod classes;
pub mod colour;
mod confusion;
mod coverage;
mod cx;
mod distances;
mod distribution;
mod effects;
mod expected;
mod folds;
mod importance;
mod learning;
pub mod legend;
mod maps;
mod observed;
mod optimism;
pub mod predicted;
mod residuals;
pub mod scale;
pub(crate) mod selection;
pub(crate) mod stats;
pub mod text;
pub mod tree;
pub(crate) mod tuning;

use esker_core::Record;
use esker_core::record::Rows;
use rayon::prelude::*;

use canvas::{Canvas, Theme};
use cx::Cx;

/// Width of every figure in user units. At 170 mm, the text width of a page, its text is 7 to 8 points high.
pub const WIDTH: f64 = 800.0;
/// Width in pixels that a figure's PNG should have: twice its width, for sharp screens.
pub const PNG_WIDTH: u32 = 1600;

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// File stem, kebab-case, unique among the figures of a record.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// Full sentences for readers who cannot see it, with the main numbers.
    pub alt: String,
    /// Caption: how to read it.
    pub caption: String,
    /// The drawing as a file of its own: literal colours on white.
    pub svg: String,
    /// The same drawing to stand in a page: neutral colours follow the page's text colour and its `--paper`.
    pub inline: String,
}

/// What a figure says in words.
pub(crate) struct Words {
    pub name: &'static str,
    pub title: String,
    pub alt: String,
    pub caption: String,
}

impl Figure {
    fn new(words: Words, c: &Canvas) -> Self {
        let name = words.name;
        Self::named(name, words, c)
    }

    /// A figure of which a record may have several.
    pub(crate) fn named(name: &str, words: Words, c: &Canvas) -> Self {
        let Words { title, alt, caption, .. } = words;
        let id = format!("fig-{name}");
        let svg = c.svg(&id, &title, &alt, Theme::File);
        let inline = c.svg(&id, &title, &alt, Theme::Page);
        Self { name: name.to_owned(), title, alt, caption, svg, inline }
    }
}

type Drawer = fn(&Cx<'_>) -> Option<Figure>;

/// All figures that the record has data for, in the order of a report.
pub fn all(record: &Record, rows: &Rows) -> Vec<Figure> {
    let cx = Cx::new(record, rows);
    let regression: &[Drawer] = &[
        optimism::draw,
        learning::draw,
        observed::draw,
        maps::residuals,
        residuals::draw,
        tree::draw,
        importance::draw,
        effects::draw,
        coverage::draw,
        maps::coverage,
        applicability::folds,
        applicability::profiles,
        maps::applicability,
        expected::held_out,
        expected::wanted,
        distances::draw,
        folds::draw,
        maps::folds,
        distribution::draw,
    ];
    let classification: &[Drawer] = &[
        optimism::draw,
        learning::draw,
        confusion::draw,
        classes::scores,
        classes::curves,
        calibration::draw,
        maps::errors,
        tree::draw,
        importance::draw,
        effects::draw,
        applicability::folds,
        applicability::profiles,
        maps::applicability,
        expected::held_out,
        expected::wanted,
        distances::draw,
        folds::draw,
        maps::folds,
        distribution::draw,
    ];
    let drawers = if cx.is_classes() { classification } else { regression };
    let mut figures: Vec<Figure> = drawers.par_iter().filter_map(|draw| draw(&cx)).collect();
    figures.extend(selection::draw(&cx));
    figures.extend(tuning::draw(&cx));
    figures
}
