//! Calibration: how often a class happened by how probable it was said to be.

use esker_core::calibration::{CalibrationBin, CalibrationCurve};
use esker_core::{Codes, Error, Prediction, Result};
use esker_math::{normal_quantile, quantile_of_sorted};

use super::input;

/// The calibration curve of class number `class` in `bins` bins of as many rows each, cut at the quantiles of the probability (as
/// `calibration_curve` of scikit-learn with `strategy="quantile"`), with the expected calibration error and the parts of the Brier score
/// (Murphy 1973, Journal of Applied Meteorology 12, 595-600; what differs within bins after Stephenson et al. 2008). Bins without rows
/// are left out.
///
/// # Errors
/// As [`confusion`](super::confusion()), no bins, or a class number beyond the levels.
pub fn calibration(truth: &Codes, said: &Prediction, class: usize, bins: usize, weight: Option<&[f64]>) -> Result<CalibrationCurve> {
    let rows = input::codes_and_probability("calibration", truth, said, weight)?;
    let k = rows.levels.len();
    let Some(level) = rows.levels.get(class).filter(|_| bins > 0) else {
        return Err(Error::data(input::thing("calibration"))
            .got(format!("class number {class}, {bins} bins"))
            .rule(format!("the classes are numbered 0 to {}, and there is at least one bin", k - 1)));
    };
    let p = |row: usize| rows.probability[row * k + class].clamp(0.0, 1.0);
    let mut sorted: Vec<f64> = (0..rows.truth.len()).map(p).collect();
    sorted.sort_by(f64::total_cmp);
    let edges: Vec<f64> = (1..bins).map(|b| quantile_of_sorted(&sorted, b as f64 / bins as f64)).collect();
    let mut sums = vec![Sums::default(); bins];
    for row in 0..rows.truth.len() {
        let w = weight.map_or(1.0, |w| w[row]);
        let happened = f64::from(u8::from(rows.truth[row] as usize == class));
        sums[edges.partition_point(|e| *e < p(row))].add(p(row), happened, w);
    }
    sums.retain(|s| s.weight > 0.0);
    let whole = sums.iter().fold(Sums::default(), |mut all, s| {
        all.join(s);
        all
    });
    let mean = |f: &dyn Fn(&Sums) -> f64| sums.iter().map(|s| s.weight * f(s)).sum::<f64>() / whole.weight;
    let overall = whole.happened / whole.weight;
    let (reliability, resolution) = (mean(&|s| s.gap().powi(2)), mean(&|s| (s.happened / s.weight - overall).powi(2)));
    let (brier, uncertainty) = (whole.squares / whole.weight, overall * (1.0 - overall));
    Ok(CalibrationCurve {
        level: level.clone(),
        error: mean(&|s| s.gap().abs()),
        brier,
        reliability,
        resolution,
        uncertainty,
        within: brier - (reliability - resolution + uncertainty),
        bins: sums.iter().map(Sums::bin).collect(),
    })
}

/// Sums over the rows of a bin.
#[derive(Clone, Copy, Default)]
struct Sums {
    weight: f64,
    weight_squares: f64,
    said: f64,
    happened: f64,
    /// Of said − happened.
    squares: f64,
    rows: usize,
}

impl Sums {
    fn add(&mut self, said: f64, happened: f64, weight: f64) {
        let squares = weight * (said - happened).powi(2);
        self.join(&Self { weight, weight_squares: weight * weight, said: weight * said, happened: weight * happened, squares, rows: 1 });
    }

    fn join(&mut self, other: &Self) {
        self.weight += other.weight;
        self.weight_squares += other.weight_squares;
        self.said += other.said;
        self.happened += other.happened;
        self.squares += other.squares;
        self.rows += other.rows;
    }

    fn gap(&self) -> f64 {
        (self.said - self.happened) / self.weight
    }

    fn bin(&self) -> CalibrationBin {
        let happened = self.happened / self.weight;
        // Unequal weights tell as much as fewer equal ones (Kish 1965).
        let n = self.weight * self.weight / self.weight_squares;
        CalibrationBin { said: self.said / self.weight, happened, interval: wilson(happened, n), rows: self.rows }
    }
}

/// The 95 % interval of a share of `n` rows (Wilson 1927, doi 10.1080/01621459.1927.10502953).
fn wilson(share: f64, n: f64) -> [f64; 2] {
    let z = normal_quantile(0.975);
    let (middle, scale) = (share + z * z / (2.0 * n), 1.0 + z * z / n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    [((middle - half) / scale).clamp(0.0, share), ((middle + half) / scale).clamp(share, 1.0)]
}
