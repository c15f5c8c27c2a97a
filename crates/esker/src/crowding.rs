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
        return Err(if named {
            error
        } else {
            error.hint("name the columns: [roles] place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }")
        });
    };
    let weights = of(spread, places)?;
    let how = match spread {
        Spread::Declustered(side) => format!("cell declustering with cells of {} in {ORIGINS} positions", distance(side)),
        Spread::Density(radius) => format!("one over the density of rows within {}", distance(radius)),
    };
    let (low, high) = weights.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), w| (a.min(*w), b.max(*w)));
    let words =
        format!("{how}: {} to {}, mean 1; made of places alone, for each fold anew from the rows it learns from", short(low), short(high));
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

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Column, Crs, Support};

    /// Nine lone samples 10 km apart, and one more site with as many samples as asked for; the site's samples come last.
    fn places(crowd: usize) -> Places {
        let (x, y): (Vec<f64>, Vec<f64>) = (0..9).map(|i| (f64::from(i % 3) * 1e4, f64::from(i / 3) * 1e4)).unzip();
        let more = |v: f64| std::iter::repeat_n(v, crowd);
        Places::new(x.into_iter().chain(more(5e4)).collect(), y.into_iter().chain(more(5e4)).collect(), Crs::Projected("EPSG:32632".into()))
            .unwrap()
    }

    #[test]
    fn a_crowd_shares_the_weight_of_one_the_sum_stays_and_the_order_does_not_show() {
        for spread in [Spread::Declustered(2000.0), Spread::Density(2000.0)] {
            for crowd in [1, 2, 8] {
                let (weights, words) = weights(spread, Some(&places(crowd)), true).unwrap();
                assert!((weights.iter().sum::<f64>() - weights.len() as f64).abs() < 1e-9, "{words}");
                assert!((weights[9] * crowd as f64 / weights[0] - 1.0).abs() < 1e-9, "{spread:?} {weights:?}");
                let turned = Places::new(
                    places(crowd).x().iter().rev().copied().collect(),
                    places(crowd).y().iter().rev().copied().collect(),
                    places(crowd).crs().clone(),
                )
                .unwrap();
                let mut again = of(spread, &turned).unwrap();
                again.reverse();
                assert!(weights.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
        }
        let words = weights(Spread::Declustered(2000.0), Some(&places(2)), true).unwrap().1;
        assert_eq!(
            words,
            "cell declustering with cells of 2.00 km in 16 positions: 0.550 to 1.10, mean 1; made of places alone, for each fold anew from the rows it learns from"
        );
    }

    #[test]
    fn a_fold_weighs_its_rows_by_each_other() {
        let text = "[data]\nsource = \"a\"\n[roles]\ntarget = \"y\"\nweight = { declustered = \"2 km\" }\n[validate]\ndesign = \"random\"\n[[model]]\nkind = \"mean\"\n";
        let recipe = Recipe::parse("r.toml", text).unwrap();
        let support = Support { place: Some(places(2)), ..Support::bare(11) };
        let all = weights(Spread::Declustered(2000.0), support.place.as_ref(), true).unwrap().0;
        let samples = Samples::new(vec![Column::real("y", "", vec![0.0; 11])], support, Some(all)).unwrap();
        // Without one of the two that share a site, the other is as lone as the rest.
        let part = again(&recipe, samples.select(&(0..10).collect::<Vec<_>>())).unwrap();
        assert!(part.weight().unwrap().iter().all(|w| (w - 1.0).abs() < 1e-12), "{:?}", part.weight());
    }
}
