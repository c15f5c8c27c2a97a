//! Accumulated local effects: how the prediction changes as one feature moves, where there are data.

use rayon::prelude::*;

use esker_core::record::Effect;
use esker_core::{Column, Context, Error, Result, Samples, Values};

use super::classes::class_effect;
use super::{HeldOut, View, check};

/// Most values a rug shows.
const RUG: usize = 300;

/// First-order accumulated local effects of a feature on held-out rows (Apley and Zhu 2020, Journal of the Royal
/// Statistical Society B 82, equations 15 and 16).
///
/// The feature's held-out values of all folds are cut into at most `bins` intervals at their quantiles (type 7), so all
/// folds share one grid. Each row is predicted by its own fold's model with the feature at both ends of its interval;
/// the mean difference in an interval is its local effect, and the local effects are summed up along the feature.
///
/// * `effect` is the curve of all held-out rows together: in each interval folds count by their rows there. `folds` are
///   the curves of single folds; where a fold has no rows in an interval (a fold of cold sites has none that are warm) the
///   step is taken from all folds, for the fold itself has nothing to say there.
/// * Every curve is centred so that its mean over the held-out rows, read off by linear interpolation, is zero; the
///   curve of a linear model is then its slope × (x − mean x) exactly. Centring by interval ends or middles, as other
///   programs do, shifts the curve by a constant only. Rows count once each, whatever their weight.
/// * Rows where the feature is missing are skipped. A feature with one value has the single effect zero.
/// * A feature of classes has no order to accumulate along: its levels, most frequent first, get the mean prediction when
///   every row is set to that level (partial dependence, Friedman 2001), centred by the rows of each level.
///
/// `class` names the class whose probability is explained, as counted in the first fold's prediction; `None` for
/// numbers. The effect has the unit of the prediction.
///
/// # Errors
/// No folds or rows, no bins, an unknown feature or the target itself, a feature without values, a class that does not
/// exist, a model that refuses, or the user stopped the work.
pub fn ale(folds: &[HeldOut], target: &str, feature: &str, bins: usize, class: Option<usize>, cx: &Context) -> Result<Effect> {
    check(folds)?;
    if bins == 0 {
        return Err(Error::recipe("effect bins").got("0").rule("at least 1 is needed"));
    }
    if feature == target {
        return Err(Error::recipe(format!("effect of '{feature}'")).got("the target").rule("effects are of features"));
    }
    let columns: Vec<&Column> = folds.iter().map(|f| f.test.column(feature)).collect::<Result<_>>()?;
    let view = View::new(folds, class)?;
    if let Values::Class(_) = columns[0].values {
        return class_effect(folds, feature, &view, cx);
    }
    let values: Vec<&[f64]> = columns.iter().map(|c| c.reals()).collect::<Result<_>>()?;
    let mut sorted: Vec<f64> = values.iter().flat_map(|v| v.iter().copied()).filter(|x| !x.is_nan()).collect();
    if sorted.is_empty() {
        return Err(Error::data(format!("effect of '{feature}'")).got("no held-out value").rule("at least one value is needed"));
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let at = grid(&sorted, bins);
    let (effect, curves) = if at.len() == 1 {
        (vec![0.0], vec![vec![0.0]; folds.len()])
    } else {
        let steps = folds
            .par_iter()
            .zip(&values)
            .map(|(held, values)| Steps::of(held, feature, values, &at, &view, cx))
            .collect::<Vec<Result<Steps>>>()
            .into_iter()
            .collect::<Result<Vec<Steps>>>()?;
        curves(&steps, &values, &at)
    };
    Ok(Effect {
        feature: feature.to_owned(),
        unit: columns[0].unit.clone(),
        class: view.class.unwrap_or_default(),
        at,
        levels: Vec::new(),
        effect,
        folds: curves,
        rug: rug(&sorted),
    })
}

/// The type 7 quantiles (Hyndman and Fan 1996) at 0, 1/bins … 1 of ascending values, each interval between them holding a row.
fn grid(sorted: &[f64], bins: usize) -> Vec<f64> {
    let last = sorted.len() - 1;
    let mut at: Vec<f64> = (0..=bins)
        .map(|b| {
            // Whole-number division keeps quantiles that fall on a row exactly on it.
            let (whole, rest) = (b * last / bins, b * last % bins);
            let low = sorted[whole];
            if rest == 0 { low } else { low + (sorted[whole + 1] - low) * (rest as f64 / bins as f64) }
        })
        .collect();
    // An interval between two rows would hold none and say nothing: it joins the one above.
    let mut kept = 1;
    let mut below = sorted.partition_point(|x| *x <= at[0]);
    for i in 1..at.len() {
        let upto = sorted.partition_point(|x| *x <= at[i]);
        if upto > below {
            at[kept] = at[i];
            kept += 1;
            below = upto;
        }
    }
    at.truncate(kept);
    at
}

/// At most [`RUG`] values evenly spaced in rank, extremes included.
fn rug(sorted: &[f64]) -> Vec<f64> {
    if sorted.len() <= RUG {
        return sorted.to_vec();
    }
    (0..RUG).map(|i| sorted[i * (sorted.len() - 1) / (RUG - 1)]).collect()
}

/// Local differences of one fold: their sum and their rows in each interval.
struct Steps {
    sum: Vec<f64>,
    rows: Vec<usize>,
}

impl Steps {
    fn of(held: &HeldOut, feature: &str, values: &[f64], at: &[f64], view: &View, cx: &Context) -> Result<Self> {
        cx.check()?;
        let present: Vec<usize> = (0..values.len()).filter(|&i| !values[i].is_nan()).collect();
        let mut steps = Self { sum: vec![0.0; at.len() - 1], rows: vec![0; at.len() - 1] };
        if present.is_empty() {
            return Ok(steps);
        }
        let bin: Vec<usize> = present.iter().map(|&i| interval(values[i], at)).collect();
        let mut work = if present.len() == values.len() { held.test.clone() } else { held.test.select(&present) };
        let low = predict_at(held, &mut work, feature, bin.iter().map(|&b| at[b]), view)?;
        let high = predict_at(held, &mut work, feature, bin.iter().map(|&b| at[b + 1]), view)?;
        for ((&b, low), high) in bin.iter().zip(low).zip(high) {
            steps.sum[b] += high - low;
            steps.rows[b] += 1;
        }
        Ok(steps)
    }

    /// Mean local effect of an interval, `None` without rows.
    fn step(&self, b: usize) -> Option<f64> {
        (self.rows[b] > 0).then(|| self.sum[b] / self.rows[b] as f64)
    }
}

fn predict_at(held: &HeldOut, work: &mut Samples, feature: &str, values: impl Iterator<Item = f64>, view: &View) -> Result<Vec<f64>> {
    let column = held.test.column(feature)?;
    work.put(Column { name: column.name.clone(), unit: column.unit.clone(), values: Values::Real(values.collect()) })?;
    view.of(held.model.predict(work)?)
}

/// The interval ]at[b], at[b + 1]] a value lies in; the first holds its lower end too.
fn interval(x: f64, at: &[f64]) -> usize {
    at[1..at.len() - 1].partition_point(|z| *z < x)
}

/// The curve of all folds together, and that of each.
fn curves(steps: &[Steps], values: &[&[f64]], at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let pooled: Vec<f64> = (0..at.len() - 1)
        .map(|b| {
            let sum: f64 = steps.iter().map(|s| s.sum[b]).sum();
            let rows: usize = steps.iter().map(|s| s.rows[b]).sum();
            sum / rows as f64
        })
        .collect();
    let all = accumulate(pooled.iter().copied());
    let folds = steps
        .iter()
        .map(|s| {
            let curve = accumulate(pooled.iter().enumerate().map(|(b, p)| s.step(b).unwrap_or(*p)));
            centred(curve, values, at)
        })
        .collect();
    (centred(all, values, at), folds)
}

fn accumulate(steps: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut height = 0.0;
    std::iter::once(0.0)
        .chain(steps.map(|s| {
            height += s;
            height
        }))
        .collect()
}

/// The curve less its mean over all rows with a value.
fn centred(mut curve: Vec<f64>, values: &[&[f64]], at: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut rows = 0usize;
    for &x in values.iter().copied().flatten().filter(|x| !x.is_nan()) {
        let b = interval(x, at);
        sum += curve[b] + (curve[b + 1] - curve[b]) * ((x - at[b]) / (at[b + 1] - at[b]));
        rows += 1;
    }
    let mean = sum / rows as f64;
    curve.iter_mut().for_each(|c| *c -= mean);
    curve
}
