//! The exponential function of many numbers at a time.

use crate::wide;

/// ln 2 in two parts, the first exact times any exponent.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Adding this leaves the nearest whole number in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// e to the power of `x`, within 1e-15 of the exact value's size, without a branch: loops over it use wide vectors. Above 709 the answer is that
/// of 709, below -708 it is 0; NaN stays NaN.
#[inline(always)]
pub fn exponential(x: f64) -> f64 {
    let bounded = if x > 709.0 { 709.0 } else { x };
    let bounded = if bounded < -708.0 { -708.0 } else { bounded };
    let shifted = bounded * std::f64::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = bounded - whole * LN_2_HIGH - whole * LN_2_LOW;
    // Taylor's series; with |r| <= ln 2 / 2, what follows is below 2e-16.
    let mut sum = 1.0 / 479_001_600.0;
    for factorial in [39_916_800.0, 3_628_800.0, 362_880.0, 40_320.0, 5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0] {
        sum = sum * r + 1.0 / factorial;
    }
    let power = f64::from_bits(shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(1023) << 52);
    if x < -708.0 { 0.0 } else { sum * power }
}

/// Each number becomes e to its power; see [`exponential`].
pub fn exponentials(values: &mut [f64]) {
    wide(
        #[inline(always)]
        || values.iter_mut().for_each(|x| *x = exponential(*x)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library_over_its_range() {
        for i in -7080..7090 {
            let x = f64::from(i) / 10.0 + 0.0173;
            let (ours, exact) = (exponential(x), x.exp());
            assert!((ours - exact).abs() <= 1e-15 * exact, "{x}: {ours:e} and {exact:e}");
        }
        assert_eq!([exponential(0.0), exponential(-1e9), exponential(f64::NEG_INFINITY)], [1.0, 0.0, 0.0]);
        assert!(exponential(f64::NAN).is_nan() && exponential(1e9).is_finite());
        let mut some = [1.0, -2.0, 0.5];
        exponentials(&mut some);
        assert_eq!(some, [1.0, -2.0, 0.5].map(exponential));
    }
}
