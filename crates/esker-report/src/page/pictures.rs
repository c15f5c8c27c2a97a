//! Where each figure stands on the page, and how it is set.

use super::html::Html;
use crate::figure::Figure;

/// The parts of the page that hold figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Scores and optimism.
    Models,
    /// Residuals on the map and against the observations.
    Fit,
    /// Classes.
    Classes,
    /// Folds on the map.
    Folds,
    /// Importance and effects.
    Drivers,
    /// Intervals.
    Intervals,
    /// Where the model may be believed.
    Applicability,
    /// What tuning and selection tried.
    Tuning,
    /// Distribution of the data.
    Data,
    /// Anything the page has no better place for.
    Rest,
}

impl Place {
    /// The place of a figure, told by the words in its name.
    pub fn of(name: &str) -> Self {
        let places: [(Self, &[&str]); 9] = [
            (Self::Tuning, &["tuning", "selection"]),
            (Self::Applicability, &["applicability"]),
            (Self::Folds, &["fold"]),
            (Self::Intervals, &["coverage", "interval"]),
            (Self::Classes, &["confusion", "class", "curve", "roc", "precision"]),
            (Self::Drivers, &["importance", "effect", "internal", "tree"]),
            (Self::Models, &["optimism", "learning", "model", "score", "difference"]),
            (Self::Fit, &["map", "residual", "observed", "predicted", "error"]),
            (Self::Data, &["distribution", "histogram", "target", "data"]),
        ];
        places.into_iter().find(|(_, words)| words.iter().any(|w| name.contains(w))).map_or(Self::Rest, |(place, _)| place)
    }
}

/// Writes the figures of one place, in their own order; small ones stand side by side.
pub fn write(h: &mut Html, figures: &[Figure], place: Place) {
    let here: Vec<&Figure> = figures.iter().filter(|f| Place::of(&f.name) == place).collect();
    if here.is_empty() {
        return;
    }
    h.with("div", &[("class", "figures")], |h| {
        for f in here {
            one(h, f);
        }
    });
}

/// Writes the figure of that name, if there is one.
pub fn write_one(h: &mut Html, figures: &[Figure], name: &str) {
    if let Some(f) = figures.iter().find(|f| f.name == name) {
        h.with("div", &[("class", "figures")], |h| one(h, f));
    }
}

/// Writes a figure.
pub fn one(h: &mut Html, f: &Figure) {
    let id = format!("figure-{}", slug(&f.name));
    let (large, back) = (format!("large-{}", slug(&f.name)), format!("#{id}"));
    h.with("figure", &[("id", &id)], |h| {
        // The frame scrolls on a narrow screen, where the drawing keeps a width that can be read.
        h.with("div", &[("class", "picture"), ("id", &large), ("role", "group"), ("aria-label", &f.title), ("tabindex", "0")], |h| {
            h.element("a", &[("class", "smaller"), ("href", &back)], "Close");
            // A drawing that names itself needs no second name; any other gets its text here.
            if f.inline.contains("role=\"img\"") {
                h.drawing(&f.inline);
            } else {
                h.with("div", &[("role", "img"), ("aria-label", &f.alt)], |h| h.drawing(&f.inline));
            }
        });
        h.with("figcaption", &[], |h| {
            h.element("strong", &[], &f.title);
            h.text(" ");
            h.text(&f.caption);
            h.text(" ");
            let about = format!("Enlarge: {}", f.title);
            h.element("a", &[("class", "larger"), ("href", &format!("#{large}")), ("aria-label", &about)], "Enlarge");
        });
    });
}

/// A name as an id: letters, digits and hyphens.
fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stands_where_its_name_says() {
        for (name, place) in [
            ("map-residual", Place::Fit),
            ("map-folds", Place::Folds),
            ("map-applicability", Place::Applicability),
            ("applicability-error", Place::Applicability),
            ("optimism", Place::Models),
            ("learning", Place::Models),
            ("effect-temp_07", Place::Drivers),
            ("coverage", Place::Intervals),
            ("map-coverage", Place::Intervals),
            ("confusion", Place::Classes),
            ("class-scores", Place::Classes),
            ("curves", Place::Classes),
            ("calibration-curve", Place::Classes),
            ("tuning-2", Place::Tuning),
            ("histogram", Place::Data),
            ("sketch", Place::Rest),
        ] {
            assert_eq!(Place::of(name), place, "{name}");
        }
    }
}
