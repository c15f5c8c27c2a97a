//! Temperature and what it does: degree-days, and how much of precipitation is snow.

use crate::normal_cdf;

/// Degrees above a threshold, which one day of this temperature is worth in degree-days.
///
/// With a standard deviation `sd` of single days about a mean over many of them, it is the expectation of what lies above: days colder than
/// the mean melt nothing, warmer ones melt more (Calov and Greve 2005, J. Glaciol. 51, 173–175, equation 6). Missing temperatures are missing.
///
/// ```
/// use esker_math::melt::degrees_above;
/// assert_eq!(degrees_above(3.5, 0.0, 0.0), 3.5);
/// assert_eq!(degrees_above(-3.5, 0.0, 0.0), 0.0);
/// // At the threshold half the days count: sd / √(2π).
/// assert!((degrees_above(0.0, 0.0, 5.0) - 1.994_711_4).abs() < 1e-7);
/// ```
pub fn degrees_above(temperature: f64, above: f64, sd: f64) -> f64 {
    let t = temperature - above;
    if t.is_nan() || sd <= 0.0 {
        return if t < 0.0 { 0.0 } else { t };
    }
    let density = (-0.5 * (t / sd).powi(2)).exp() / std::f64::consts::TAU.sqrt();
    t * normal_cdf(t / sd) + sd * density
}

/// Share of precipitation that falls as snow, 0 to 1: all at `snow` and colder, none at `rain` and warmer, linear between.
///
/// ```
/// use esker_math::melt::snow_share;
/// assert_eq!([-1.0, 0.0, 0.5, 2.0].map(|t| snow_share(t, 0.0, 2.0)), [1.0, 1.0, 0.75, 0.0]);
/// ```
pub fn snow_share(temperature: f64, snow: f64, rain: f64) -> f64 {
    if rain > snow {
        ((rain - temperature) / (rain - snow)).clamp(0.0, 1.0)
    } else if temperature.is_nan() {
        f64::NAN
    } else {
        f64::from(u8::from(temperature <= snow))
    }
}
