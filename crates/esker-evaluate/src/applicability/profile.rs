//! Expected error: held-out errors in moving windows over the dissimilarity or the density of rows, and a monotone curve through them.

use esker_core::{Error, Result};
use esker_math::quantile_of_sorted;
use serde::{Deserialize, Serialize};

/// Rows of a window, and rows that a profile needs, at least.
const WINDOW: usize = 5;
const ROWS: usize = 10;
/// A window holds this part of the rows where that is more. The root of a mean of five squares is 5 % too small on average, of twenty 1 %.
const PART: usize = 20;
/// Points between which the slope of the curve is linear.
const KNOTS: usize = 5;
/// Rounds of the fit at most, and the change of the curve, as a part of the largest error, that ends it.
const ROUNDS: usize = 200_000;
const STILL: f64 = 1e-13;

/// Which way errors go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slope {
    /// They grow with the index, as with dissimilarity.
    Rising,
    /// They shrink with it, as with density.
    Falling,
}

/// Errors in moving windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// Index of the row in the middle of each window, ascending.
    pub at: Vec<f64>,
    /// Error in each window.
    pub error: Vec<f64>,
    /// Rows of a window.
    pub rows: usize,
}

/// Errors in windows that move row by row over the rows in the order of `index` (Meyer and Pebesma 2021, section 2.5). `loss` is what is averaged in
/// a window: with `root` the squared residuals, whose root mean is the error in the unit of the target, else the error itself, such as 1 for a
/// wrong class, whose mean is the share of wrong ones. Rows of one index count with their mean loss. Rows where either is missing are passed over. A window holds `window` rows (CAST
/// takes 5), without it a twentieth of the rows, at least 5.
///
/// # Errors
/// Lengths that differ, a loss below 0, fewer than 10 rows, or fewer than a window holds.
pub fn windows(index: &[f64], loss: &[f64], window: Option<usize>, root: bool) -> Result<Windows> {
    if index.len() != loss.len() {
        return Err(Error::data("error profile").got(format!("{} rows and {} errors", index.len(), loss.len())).rule("one of each a row"));
    }
    let mut rows: Vec<(f64, f64)> =
        index.iter().copied().zip(loss.iter().copied()).filter(|(i, l)| i.is_finite() && l.is_finite()).collect();
    if let Some((_, loss)) = rows.iter().find(|(_, l)| *l < 0.0) {
        return Err(Error::data("error profile").got(format!("a loss of {loss}")).rule("squared residuals and errors are not negative"));
    }
    let width = window.unwrap_or((rows.len() / PART).max(WINDOW));
    if rows.len() < ROWS.max(width) || width == 0 {
        return Err(Error::data("error profile")
            .got(format!("{} rows with a held-out error inside the area of applicability, windows of {width}", rows.len()))
            .rule(format!("at least {ROWS} rows are needed, and as many as a window holds")));
    }
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // Rows of one index have no order of their own. Each stands for their mean loss, so that the order in which they are given does not matter
    // and none of their windows holds only the best or the worst of them.
    for equal in rows.chunk_by_mut(|a, b| a.0 == b.0) {
        let mean = equal.iter().map(|r| r.1).sum::<f64>() / equal.len() as f64;
        equal.iter_mut().for_each(|r| r.1 = mean);
    }
    let middle = (width - 1) / 2;
    let mean = |part: &[(f64, f64)]| part.iter().map(|r| r.1).sum::<f64>() / width as f64;
    Ok(Windows {
        at: rows[middle..].iter().take(rows.len() + 1 - width).map(|r| r.0).collect(),
        error: rows.windows(width).map(|part| if root { mean(part).sqrt() } else { mean(part) }).collect(),
        rows: width,
    })
}

/// A monotone curve of the expected error: quadratic between knots, smooth, never below 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Profile {
    /// Ascending; the curve is level beyond the first and the last.
    knots: Vec<f64>,
    /// Expected error at each knot.
    values: Vec<f64>,
    /// Change of it for one step of the index, at each knot.
    slopes: Vec<f64>,
}

impl Profile {
    /// The curve nearest to the errors of the windows, in the least squares sense, among those that never go the other way than `slope`. Its slope
    /// is linear between five knots, which are quantiles of the index, as in a quadratic spline. (Meyer and Pebesma 2021 use a
    /// shape-constrained additive model, Pya and Wood 2015, Statistics and Computing 25; with so few pieces no penalty is needed.)
    ///
    /// # Errors
    /// No windows, or lengths that differ.
    pub fn fit(windows: &Windows, slope: Slope) -> Result<Self> {
        let Windows { at, error, .. } = windows;
        if at.is_empty() || at.len() != error.len() {
            return Err(Error::data("error profile")
                .got(format!("{} windows with {} errors", at.len(), error.len()))
                .rule("at least one, with one error each"));
        }
        let mut sorted = at.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut knots: Vec<f64> = (0..KNOTS).map(|k| quantile_of_sorted(&sorted, k as f64 / (KNOTS - 1) as f64)).collect();
        knots.dedup();
        let (falling, top) = (slope == Slope::Falling, error.iter().copied().fold(0.0, f64::max));
        let basis = |x: f64| {
            let mut row = vec![1.0];
            row.extend(
                (0..knots.len()).map(|j| if falling { risen(&knots, j, f64::INFINITY) - risen(&knots, j, x) } else { risen(&knots, j, x) }),
            );
            row
        };
        let weights = not_negative(at.iter().map(|&x| basis(x)), error, STILL * top);
        let value = |x: f64| basis(x).iter().zip(&weights).map(|(b, w)| b * w).sum();
        let values = knots.iter().map(|&x| value(x)).collect();
        let slopes = weights[1..].iter().map(|w| if falling { -w } else { *w }).collect();
        Ok(Self { knots, values, slopes })
    }

    /// The expected error at an index, in the unit of the errors it was fitted to; NaN of NaN.
    pub fn expected(&self, index: f64) -> f64 {
        let last = self.knots.len() - 1;
        if index.is_nan() || index <= self.knots[0] || last == 0 {
            return if index.is_nan() { index } else { self.values[0] };
        }
        if index >= self.knots[last] {
            return self.values[last];
        }
        let j = self.knots.partition_point(|k| *k <= index) - 1;
        let (step, width) = (index - self.knots[j], self.knots[j + 1] - self.knots[j]);
        self.values[j] + self.slopes[j] * step + (self.slopes[j + 1] - self.slopes[j]) * step * step / (2.0 * width)
    }
}

/// What a file holds, before it is believed.
#[derive(Deserialize)]
struct Saved {
    knots: Vec<f64>,
    values: Vec<f64>,
    slopes: Vec<f64>,
}

impl TryFrom<Saved> for Profile {
    type Error = Error;

    fn try_from(Saved { knots, values, slopes }: Saved) -> Result<Self> {
        let n = knots.len();
        let finite = [&knots, &values, &slopes].iter().all(|v| v.len() == n && v.iter().all(|x| x.is_finite()));
        if n == 0 || !finite || knots.windows(2).any(|w| w[0] >= w[1]) {
            return Err(Error::model("error profile").got(format!("{n} knots")).rule("ascending knots, with a value and a slope each"));
        }
        Ok(Self { knots, values, slopes })
    }
}

/// The integral up to `x` of the function that is 1 at knot `j`, 0 at the others, and linear between them.
fn risen(knots: &[f64], j: usize, x: f64) -> f64 {
    let mut sum = 0.0;
    if j > 0 {
        let width = knots[j] - knots[j - 1];
        let step = (x - knots[j - 1]).clamp(0.0, width);
        sum += step * step / (2.0 * width);
    }
    if j + 1 < knots.len() {
        let width = knots[j + 1] - knots[j];
        let step = (x - knots[j]).clamp(0.0, width);
        sum += step - step * step / (2.0 * width);
    }
    sum
}

/// Least squares with weights not below 0, one weight after the other until the curve stands still (coordinate descent, which converges: the
/// problem is convex and the bounds are separate).
fn not_negative(rows: impl Iterator<Item = Vec<f64>>, y: &[f64], still: f64) -> Vec<f64> {
    let (mut gram, mut cross): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
    for (row, y) in rows.zip(y) {
        gram.resize(row.len(), vec![0.0; row.len()]);
        cross.resize(row.len(), 0.0);
        for (i, a) in row.iter().enumerate() {
            cross[i] += a * y;
            gram[i].iter_mut().zip(&row).for_each(|(g, b)| *g += a * b);
        }
    }
    let mut weights = vec![0.0; cross.len()];
    for _ in 0..ROUNDS {
        let mut moved: f64 = 0.0;
        for i in 0..weights.len() {
            let rest: f64 = gram[i].iter().zip(&weights).map(|(g, w)| g * w).sum();
            if gram[i][i] > 0.0 {
                let new = (weights[i] + (cross[i] - rest) / gram[i][i]).max(0.0);
                moved = moved.max((new - weights[i]).abs() * (gram[i][i] / y.len() as f64).sqrt());
                weights[i] = new;
            }
        }
        if moved <= still {
            break;
        }
    }
    weights
}
