//! What a model file keeps to make the intervals of new rows.

use esker_core::{Context, Crs, Error, Model, Places, Prediction, Result, Samples, Spread};
use esker_evaluate::interval::{self, Ends, Near, Residuals};
use esker_math::Ground;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::pipeline::Pipeline;

/// What is known of held-out rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Kept {
    /// CV+: absolute residuals by fold.
    Plus(Residuals),
    /// CV-minmax: the same.
    MinMax(Residuals),
    /// Conformalised quantiles: signed scores by fold.
    Quantiles(Vec<Vec<f64>>),
    /// Absolute residuals with their places.
    Spatial {
        /// Eastings or longitudes.
        x: Vec<f64>,
        /// Northings or latitudes.
        y: Vec<f64>,
        /// Their system.
        crs: Crs,
        /// Absolute residuals in the unit of the target.
        residuals: Vec<f64>,
        /// Which of them speak for a place.
        near: Near,
    },
    /// One half-width for all, as known at the end of a series; `None` where it is infinite.
    Width(Option<f64>),
}

impl Kept {
    /// Folds whose models are needed beside it; `None` where the final model is enough.
    pub fn folds(&self) -> Option<usize> {
        match self {
            Self::Plus(residuals) | Self::MinMax(residuals) => Some(residuals.folds().len()),
            Self::Quantiles(scores) => Some(scores.len()),
            Self::Spatial { .. } | Self::Width(_) => None,
        }
    }

    /// The system that places of new rows are needed in, if they are needed.
    pub fn crs(&self) -> Option<&Crs> {
        match self {
            Self::Spatial { crs, .. } => Some(crs),
            _ => None,
        }
    }

    /// Ends for new rows, of which the final model said `centre`; NaN where there is no finite interval. `at` are the rows' places, NaN where unknown.
    pub fn ends(
        &self,
        folds: &[Pipeline],
        (samples, centre): (&Samples, &[f64]),
        at: Option<&(Vec<f64>, Vec<f64>)>,
        level: f64,
        cx: &Context,
    ) -> Result<Ends> {
        match self {
            Self::Plus(residuals) => interval::cv_plus(residuals, &centres(folds, samples, cx)?, level),
            Self::MinMax(residuals) => interval::cv_minmax(residuals, &centres(folds, samples, cx)?, level),
            Self::Quantiles(scores) => {
                let (low, high): (Vec<_>, Vec<_>) = said(folds, samples, cx, quantiles)?.into_iter().unzip();
                interval::quantiles_plus(&Residuals::signed(scores.clone())?, [&low, &high], level)
            }
            Self::Spatial { x, y, crs, residuals, near } => {
                let (new_x, new_y) = at.ok_or_else(|| Error::data("new rows").rule("their places must be known"))?;
                let placed: Vec<usize> = (0..new_x.len()).filter(|&i| new_x[i].is_finite() && new_y[i].is_finite()).collect();
                let pick = |v: &[f64]| placed.iter().map(|&i| v[i]).collect();
                let wanted = Ground::new(&Places::new(pick(new_x), pick(new_y), crs.clone())?);
                let known = Ground::new(&Places::new(x.clone(), y.clone(), crs.clone())?);
                let mut half = vec![f64::INFINITY; centre.len()];
                let found = interval::spatial_half_widths(&known, residuals, &wanted, *near, level)?;
                placed.iter().zip(found).for_each(|(&i, h)| half[i] = h.unwrap_or(f64::INFINITY));
                Ok(super::around(centre, half.into_iter()))
            }
            Self::Width(half) => Ok(super::around(centre, std::iter::repeat_n(half.unwrap_or(f64::INFINITY), centre.len()))),
        }
    }
}

/// What each fold model says of the rows, in a form.
fn said<T: Send>(folds: &[Pipeline], samples: &Samples, cx: &Context, of: impl Fn(&Prediction) -> Result<T> + Sync) -> Result<Vec<T>> {
    let one = |fold: &Pipeline| {
        cx.check()?;
        fold.predict(samples).and_then(|p| of(&p))
    };
    folds.par_iter().map(one).collect()
}

fn centres(folds: &[Pipeline], samples: &Samples, cx: &Context) -> Result<Vec<Vec<f64>>> {
    said(folds, samples, cx, |p| p.centre().map(<[f64]>::to_vec))
}

fn quantiles(said: &Prediction) -> Result<(Vec<f64>, Vec<f64>)> {
    match said {
        Prediction::Real { spread: Spread::Interval { low, high, .. }, .. } => Ok((low.clone(), high.clone())),
        _ => Err(Error::model("fold models").rule("they say quantiles")),
    }
}
