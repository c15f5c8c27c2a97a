//! Buffered leave-one-out: one row is judged on, and the rows round it are learned from by no one.

use esker_core::{Error, Fold, Note, Parameter, Places, Result, Rng, Settings, Splitter, Support};
use esker_math::Ground;

use super::near;

/// One sentence for the reference page.
pub(super) const DOC: &str =
    "Leaves out one row at a time together with all rows within a radius of it (Le Rest et al. 2014); one model a row is fitted.";

/// One sentence for the reference page.
pub(super) const DOC_RADIUS: &str =
    "Kilometres round the row judged on that are left out, such as the range of the residuals; it has to be given.";

/// One sentence for the reference page.
pub(super) const DOC_MOST: &str = "The most rows that are judged on; if there are more, so many are drawn. 0 judges on all rows.";

/// The most rows judged on one at a time: every one is a fold, with lists of its own.
const MOST: usize = 5000;
/// The most rows in the lists of all folds together, which take 8 bytes each.
const LISTED: usize = 100_000_000;

/// Spatial leave-one-out cross-validation (Le Rest et al. 2014, doi 10.1111/geb.12161).
///
/// One fold a row, in the order of the rows, labelled by its number from 1. Rows nearer than `radius` to it are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Buffer {
    /// Metres round the row judged on; 0 is not given, and refused.
    pub radius: f64,
    /// The most rows judged on; 0 for all.
    pub most: usize,
}

/// The parameters in a recipe.
pub(super) fn parameters() -> Vec<Parameter> {
    vec![Parameter::real("radius", 0.0, 0.0, near::FURTHEST, DOC_RADIUS), Parameter::integer("most", 0, 0, MOST as i64, DOC_MOST)]
}

impl Buffer {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self { radius: 1000.0 * settings.real("radius"), most: settings.integer("most") as usize }
    }

    /// The rows judged on, sorted.
    fn judged(&self, at: &Support, rng: &mut Rng) -> Result<Vec<usize>> {
        let n = at.rows;
        let most = if self.most == 0 { n } else { self.most };
        if n.min(most) > MOST {
            return Err(Error::recipe("design 'buffer'")
                .got(format!("{n} rows, each a fold of its own"))
                .rule(format!("at most {MOST} rows are judged on one at a time"))
                .hint("set most = 500 to judge on 500 rows drawn at random, or cut blocks: design = \"block\""));
        }
        if n.saturating_mul(n.min(most)) > LISTED {
            return Err(Error::recipe("design 'buffer'")
                .got(format!("{} rows judged on, each by a model that learns from up to {n}", n.min(most)))
                .rule(format!("the lists of all folds hold at most {LISTED} rows"))
                .hint(format!("set most = {}, or cut blocks: design = \"block\"", LISTED / n.max(1))));
        }
        let mut rows = super::in_order(at);
        if most < n {
            rng.shuffle(&mut rows);
            rows.truncate(most);
        }
        rows.sort_unstable();
        Ok(rows)
    }

    fn unknown(&self, places: &Places, ground: &Ground) -> Result<Error> {
        let mut nearest = ground.to_nearest_other()?;
        nearest.sort_by(f64::total_cmp);
        let median = nearest.get(nearest.len() / 2).copied().unwrap_or(0.0);
        let (wide, high) = near::extent(places);
        let error = Error::recipe("radius of design 'buffer'").got("none").rule(format!(
            "rows within the range over which residuals are alike are left out; half the samples have another one within {}, and {}",
            near::km(median),
            near::reach(places)
        ));
        let km = near::km_below(0.1 * wide.max(high));
        Ok(if km > 0.0 {
            error.hint(format!("set radius to the range of the residuals; a tenth of the reach is radius = {km} (km)"))
        } else {
            error.hint("the samples lie at one place: another design is needed")
        })
    }
}

impl Splitter for Buffer {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let places = near::places_of("buffer", at)?;
        if at.rows < 2 {
            return Err(super::too_many_folds("buffer", 2, at.rows, "row"));
        }
        let ground = Ground::new(places);
        if self.radius <= 0.0 {
            return Err(self.unknown(places, &ground)?);
        }
        let tree = ground.tree()?;
        // A little more than asked for is searched, so that rounding loses no row.
        let search = ground.squared(self.radius) * (1.0 + 1e-9);
        let mut found = Vec::new();
        let mut folds = Vec::new();
        for row in self.judged(at, rng)? {
            tree.within(ground.point(row), search, &mut found);
            let mut fold = Fold { label: format!("row {}", row + 1), test: vec![row], ..Fold::default() };
            let near = found.iter().filter(|n| n.index != row && ground.metres(n.distance2) < self.radius);
            fold.left_out = near.map(|n| n.index).collect();
            let mut out = fold.left_out.iter().copied().peekable();
            fold.train = (0..at.rows).filter(|&r| out.next_if_eq(&r).is_none() && r != row).collect();
            folds.push(fold);
        }
        if let Some(empty) = folds.iter().find(|f| f.train.is_empty()) {
            let furthest = |row: usize| (0..at.rows).map(|r| ground.distance(row, &ground, r)).fold(0.0, f64::max);
            let widest = folds.iter().map(|f| furthest(f.test[0])).fold(f64::INFINITY, f64::min);
            return Err(near::nothing_left("radius", "buffer", self.radius, (&empty.label, empty.left_out.len()), widest));
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        format!(
            "One row at a time was left out and predicted by a model that had learned from the rows at least {} away from it.",
            near::km(self.radius)
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let drawn = (folds.len() < at.rows).then(|| {
            Note::info(
                "rows-drawn",
                format!("{} of {} rows were drawn to be judged on; the others are never tested.", folds.len(), at.rows),
            )
        });
        let models = (folds.len() > 1000)
            .then(|| Note::info("many-folds", format!("{} folds of one row each: as many models of each kind are fitted.", folds.len())));
        [drawn, models, near::taken(folds)].into_iter().flatten().collect()
    }
}
