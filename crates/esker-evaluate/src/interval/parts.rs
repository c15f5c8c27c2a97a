//! Coverage of parts of the held-out rows: groups, regions, periods, ranges of the target.

use esker_core::Result;
use esker_core::record::CoveragePart;
use esker_math::{binomial_cdf, normal_quantile};

use super::Ends;
use crate::significance::holm;

/// A part of the rows, by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// Its rows.
    pub rows: Vec<usize>,
}

/// How many rows of each part lie inside their interval, and with what probability there would be so few at random if `level` held: rows taken as
/// independent (binomial), corrected for the number of parts (Holm 1979). Small parts are not accused. Rows without a finite interval are left out,
/// parts without any other too.
///
/// # Errors
/// None that finite observations and a level within 0..1 do not rule out.
pub fn parts(observed: &[f64], (low, high): &Ends, parts: Vec<Part>, level: f64) -> Result<Vec<CoveragePart>> {
    let z = normal_quantile(0.975);
    let mut list = Vec::with_capacity(parts.len());
    for Part { name, mut rows } in parts {
        rows.retain(|&i| low[i].is_finite() && high[i].is_finite());
        let n = rows.len();
        if n == 0 {
            continue;
        }
        let inside = rows.iter().filter(|&&i| (low[i]..=high[i]).contains(&observed[i])).count();
        let mut widths: Vec<f64> = rows.iter().map(|&i| high[i] - low[i]).collect();
        // Summed in order of size, so that the order of the rows does not show.
        widths.sort_unstable_by(f64::total_cmp);
        let (m, coverage) = (n as f64, inside as f64 / n as f64);
        let middle = (coverage + z * z / (2.0 * m)) / (1.0 + z * z / m);
        let half = z / (1.0 + z * z / m) * (coverage * (1.0 - coverage) / m + z * z / (4.0 * m * m)).sqrt();
        list.push(CoveragePart {
            name,
            rows: n,
            coverage,
            interval: [(middle - half).max(0.0), (middle + half).min(1.0)],
            width: esker_math::mean(&widths),
            p: binomial_cdf(inside, n, level).clamp(0.0, 1.0),
        });
    }
    let corrected = holm(&list.iter().map(|part| part.p).collect::<Vec<_>>())?;
    list.iter_mut().zip(corrected).for_each(|(part, p)| part.p = p);
    Ok(list)
}

/// Rows in bands of about equal number by ascending values, equal values in one band: what `name` calls each from its lowest and highest value.
/// Rows without a value are in none.
pub fn bands(values: &[f64], bands: usize, name: impl Fn(f64, f64) -> String) -> Vec<Part> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_finite()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let n = order.len();
    let mut parts = Vec::with_capacity(bands);
    let mut start = 0;
    for band in 1..=bands {
        let mut end = (band * n / bands).max(start);
        while end > start && end < n && values[order[end]] == values[order[end - 1]] {
            end += 1;
        }
        if end > start {
            let rows = order[start..end].to_vec();
            parts.push(Part { name: name(values[rows[0]], values[rows[rows.len() - 1]]), rows });
        }
        start = end;
    }
    parts
}
