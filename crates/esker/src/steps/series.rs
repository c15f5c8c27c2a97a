//! Statistics of the values of a span of time, with what is missing counted.

use esker_math::{mean, quantile, variance};

use crate::recipe::Statistic;

/// A statistic of values that are all there, in order of time; NaN of none, counts 0.
pub(super) fn of_values(statistic: Statistic, values: &[f64]) -> f64 {
    if statistic == Statistic::Count {
        return values.len() as f64;
    }
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else { return f64::NAN };
    match statistic {
        Statistic::Mean => mean(values),
        Statistic::Sum => values.iter().sum(),
        Statistic::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Statistic::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Statistic::Sd if values.len() < 2 => f64::NAN,
        Statistic::Sd => variance(values).sqrt(),
        Statistic::Median => quantile(values, 0.5).unwrap_or(f64::NAN),
        Statistic::First => first,
        Statistic::Last => last,
        Statistic::Count => values.len() as f64,
    }
}

/// A statistic of a span that should have `expected` values: missing below a share of them; sums are scaled up to all of them, so that what is
/// missing is not counted as zero.
pub(super) fn of_span(statistic: Statistic, values: &[f64], expected: f64, share: f64) -> f64 {
    let there: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if statistic == Statistic::Count {
        return there.len() as f64;
    }
    let part = there.len() as f64 / expected;
    // A hair below is rounding.
    if there.is_empty() || part < share - 1e-9 {
        return f64::NAN;
    }
    let value = of_values(statistic, &there);
    if statistic == Statistic::Sum && part < 1.0 { value / part } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_never_zero() {
        let days = [1.0, f64::NAN, 3.0, 2.0];
        assert!(of_span(Statistic::Sum, &days, 4.0, 1.0).is_nan());
        assert_eq!(of_span(Statistic::Sum, &days, 4.0, 0.75), 8.0);
        assert_eq!(of_span(Statistic::Mean, &days, 4.0, 0.75), 2.0);
        // Days that are not even rows count as missing.
        assert!(of_span(Statistic::Sum, &days[..1], 4.0, 0.5).is_nan());
        assert_eq!(of_span(Statistic::Count, &days, 4.0, 1.0), 3.0);
        assert!(of_span(Statistic::Max, &[], 4.0, 0.0).is_nan());
    }

    #[test]
    fn statistics_are_those_of_the_conventions() {
        let v = [4.0, 1.0, 3.0, 2.0];
        let of = |s| of_values(s, &v);
        assert_eq!([of(Statistic::Mean), of(Statistic::Median), of(Statistic::Min), of(Statistic::Max)], [2.5, 2.5, 1.0, 4.0]);
        assert_eq!([of(Statistic::First), of(Statistic::Last)], [4.0, 2.0]);
        assert!((of(Statistic::Sd) - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15 && of_values(Statistic::Sd, &[1.0]).is_nan());
    }
}
