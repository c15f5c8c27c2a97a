//! Weights against uneven sampling: rows that crowd together on the ground count less each.
//!
//! They are made of places alone; no target is looked at. What a fold learns from is weighted by its own training rows, so that how densely the
//! held-out ones were sampled tells it nothing; scores and the final fit weigh all rows by all of them.

use esker_core::{Error, Places, Result, Samples};
use esker_evaluate::intensity::{cell_weights, density_weights};

use crate::judge::{distance, short};
use crate::recipe::{Recipe, Spread, WeightPart};

/// Shifts of the cells that declustering averages over.
const ORIGINS: usize = 16;

/// Weights of mean 1 with how they were made in words. `named` says whether the recipe names places at all.
///
/// # Errors
/// Rows without a place.
pub(crate) fn weights(spread: Spread, places: Option<&Places>, named: bool) -> Result<(Vec<f64>, String)> {
    let Some(places) = places else {
        let error = Error::recipe("'roles.weight'").got("rows without a place").rule("these weights are made of where rows are");
        // Places that are named and wrong have had their own fault.
        return Err(if named { error } else { error.hint("name the columns: [roles] place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }") });
    };
    let weights = of(spread, places)?;
    let how = match spread {
        Spread::Declustered(side) => format!("cell declustering with cells of {} in {ORIGINS} positions", distance(side)),
        Spread::Density(radius) => format!("one over the density of rows within {}", distance(radius)),
    };
    let (low, high) = weights.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), w| (a.min(*w), b.max(*w)));
    let words = format!(
        "{how}: {} to {}, mean 1; made of places alone, for each fold anew from the rows it learns from",
        short(low),
        short(high)
    );
    Ok((weights, words))
}

fn of(spread: Spread, places: &Places) -> Result<Vec<f64>> {
    match spread {
        Spread::Declustered(side) => cell_weights(places, side, ORIGINS),
        Spread::Density(radius) => density_weights(places, radius),
    }
}

/// Training rows weighted by each other, where the recipe asks for such weights; else as they are.
///
/// # Errors
/// None in practice: the same weights were made of all rows.
pub(crate) fn again(recipe: &Recipe, train: Samples) -> Result<Samples> {
    let (Some(WeightPart::Spread(spread)), Some(places)) = (&recipe.roles.weight, &train.support().place) else { return Ok(train) };
    let weights = of(*spread, places)?;
    Samples::new(train.columns().to_vec(), train.support().clone(), Some(weights))
}
