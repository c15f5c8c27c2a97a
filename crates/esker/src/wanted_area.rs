//! How much of where predictions are wanted lies inside the area of applicability.

use esker_core::record::{Task, WantedArea, WantedPlaces};
use esker_core::{Column, Note, Result, Rng, Table, Values};
use esker_math::quantile_of_sorted;

use crate::applicability::{Area, SHARES};
use crate::columns::as_classes;
use crate::dataset::Dataset;
use crate::expression::derived;
use crate::recipe::Recipe;
use crate::wanted::{WantedRows, places_of};

/// Places measured at most.
const MOST: usize = 20_000;
/// Below this share inside, the report warns.
const SAFE: f64 = 0.9;

/// Places where predictions are wanted, with the features of the samples.
pub(crate) struct WantedSample {
    name: String,
    places: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    features: Vec<Column>,
}

impl WantedSample {
    /// Draws up to some 20,000 of the wanted rows. `None` where they lack a feature; a note says which.
    pub fn draw(rows: &WantedRows, recipe: &Recipe, data: &Dataset, notes: &mut Vec<Note>) -> Option<Self> {
        if !recipe.explain.applicability || data.features.is_empty() {
            return None;
        }
        let n = rows.table.rows();
        let mut some = WantedRows { table: rows.table.select(&drawn(n, &Rng::new(recipe.seed))), ..rows.clone() };
        for d in &recipe.data.derive {
            if let Ok((column, _)) = derived(d, &some.table) {
                // A column of that name that the file has already is the one meant.
                let _ = some.table.put(column);
            }
        }
        // Rows without a place are told of where the design is made.
        let places = match &data.samples.support().place {
            Some(at) => {
                some.table = located(&some, recipe);
                places_of(&some, recipe, at.crs(), &mut Vec::new()).ok()
            }
            None => None,
        };
        let features: Result<Vec<Column>, String> = data.features.iter().map(|name| feature(&some.table, data, name)).collect();
        match features {
            Ok(features) => Some(Self {
                name: rows.name.clone(),
                places: n,
                x: places.as_ref().map(|p| p.x().to_vec()).unwrap_or_default(),
                y: places.as_ref().map(|p| p.y().to_vec()).unwrap_or_default(),
                features,
            }),
            Err(why) => {
                let text = format!("nothing says how much of '{}' lies inside the area of applicability: {why}", rows.name);
                notes.push(Note::info("wanted-without-area", text));
                None
            }
        }
    }

    /// What the area says of them.
    ///
    /// # Errors
    /// None in practice: the features are those of the samples.
    pub fn measure(&self, area: &Area, task: &Task) -> Result<(WantedArea, WantedPlaces, Option<Note>)> {
        let (columns, counts) = area.columns(task, &self.features)?;
        let reals = |suffix: &str| -> Vec<f64> {
            let name = format!("{}_{suffix}", task.target());
            columns.iter().find(|c| c.name == name).and_then(|c| c.reals().ok()).map(<[f64]>::to_vec).unwrap_or_default()
        };
        let (dissimilarity, expected) = (reals("dissimilarity"), reals("expected_error"));
        let sorted = |values: &[f64]| {
            let mut known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
            known.sort_unstable_by(f64::total_cmp);
            known
        };
        let (known, errors) = (sorted(&dissimilarity), sorted(&expected));
        let root = matches!(task, Task::Regression { .. });
        let mean =
            |v: &[f64]| if root { esker_math::mean(&v.iter().map(|e| e * e).collect::<Vec<_>>()).sqrt() } else { esker_math::mean(v) };
        let inside = if known.is_empty() { 0.0 } else { 1.0 - counts.outside as f64 / known.len() as f64 };
        let card = WantedArea {
            name: self.name.clone(),
            places: self.places,
            measured: counts.rows,
            unknown: counts.unknown,
            inside,
            dissimilarity: if known.is_empty() { Vec::new() } else { SHARES.iter().map(|&p| (p, quantile_of_sorted(&known, p))).collect() },
            expected: (!errors.is_empty()).then(|| mean(&errors)),
        };
        let note = (inside < SAFE).then(|| {
            let text = format!(
                "only {:.0} % of the places in '{}' lie inside the area of applicability: no score of this run speaks for predictions at the others",
                100.0 * inside,
                self.name
            );
            Note::warning("wanted-outside", text)
        });
        Ok((card, WantedPlaces { x: self.x.clone(), y: self.y.clone(), dissimilarity, expected }, note))
    }
}

/// The rows drawn, in their order: all, or each with the same chance.
fn drawn(n: usize, rng: &Rng) -> Vec<usize> {
    let mut rng = rng.fork("wanted", 0);
    let mut left = MOST.min(n);
    (0..n)
        .filter(|i| {
            let taken = rng.below(n - i) < left;
            left -= usize::from(taken);
            taken
        })
        .collect()
}

/// The rows that have a place.
fn located(rows: &WantedRows, recipe: &Recipe) -> Table {
    let own = rows.placed.as_ref().map(|p| (&p.x, &p.y));
    let Some((x, y)) = own.or(recipe.roles.place.as_ref().map(|p| (&p.x, &p.y))) else { return rows.table.clone() };
    let numbers = |name: &str| rows.table.column(name).ok().and_then(|c| c.reals().ok());
    let (Some(x), Some(y)) = (numbers(x), numbers(y)) else { return rows.table.clone() };
    rows.table.select(&(0..x.len()).filter(|&i| x[i].is_finite() && y[i].is_finite()).collect::<Vec<_>>())
}

/// A feature of the samples among the wanted rows, or why there is none.
fn feature(table: &Table, data: &Dataset, name: &str) -> Result<Column, String> {
    let found = table.columns().iter().find(|c| c.name == *name).ok_or_else(|| format!("it has no column '{name}'"))?;
    let mine = data.samples.column(name).map_err(|e| e.to_string())?;
    if !found.unit.is_empty() && !mine.unit.is_empty() && !found.unit.same(&mine.unit) {
        return Err(format!("'{name}' is in {} there and in {} among the samples", found.unit, mine.unit));
    }
    match (&mine.values, &found.values) {
        (Values::Class(_), _) => Ok(as_classes(found)),
        (Values::Real(_), Values::Real(_)) => Ok(found.clone()),
        (Values::Real(_), Values::Class(_)) => Err(format!("'{name}' holds text there and numbers among the samples")),
    }
}
