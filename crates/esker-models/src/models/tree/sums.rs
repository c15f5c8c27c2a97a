//! What rows add to histograms, as whole numbers.
//!
//! A row is one word whose upper bits hold its gradient as a fixed-point number and whose lower bits count it; a second word holds the
//! hessian where that is not 1. Sums of whole numbers are exact: neither the order of adding nor the number of threads changes a bit, and a
//! parent less one child is the other child. The point lies so that no sum overflows (of up to 2^31 rows); a gradient is rounded by at most 2^-22
//! of the mean one for a million rows, and 2^-39 for a few thousand.

/// Sums of rows: gradients and count, and hessians where there are two words.
pub(super) type Words<const W: usize> = [u64; W];

/// Adding this to a number below 2^51 leaves its nearest whole number in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// The bits of 2^52, whose low 52 bits are a whole number that follows.
const WHOLE: u64 = 0x4330_0000_0000_0000;
const TWO_52: f64 = 4_503_599_627_370_496.0;
const SIGN: u64 = 1 << 63;

/// Where the points of the words lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Bits that count rows.
    shift: u32,
    /// What a gradient is multiplied by, a power of two.
    pub(super) gradient: f64,
    /// What a hessian is multiplied by, a power of two; 1 where hessians are counts.
    pub(super) hessian: f64,
    /// What is taken from the converted upper bits: 2^52 and the sign's offset.
    offset: f64,
}

/// Sums as numbers, gradients and hessians in the units of [`Scale`]: gradient, hessian, rows.
pub(super) type Cell = [f64; 3];

impl Scale {
    /// A scale for so many rows whose absolute gradients and hessians have these sums, or less.
    pub(super) fn new<const W: usize>(rows: usize, gradient: f64, hessian: f64) -> Self {
        // Below 12, the upper bits would not fit into the 52 of a float.
        let shift = (usize::BITS - rows.leading_zeros()).max(12);
        let power = |sum: f64, bits: i32| {
            let exponent = if sum > 0.0 { bits - sum.log2().ceil() as i32 } else { 0 };
            2.0_f64.powi(exponent.clamp(-1000, 1000))
        };
        Self {
            shift,
            gradient: power(gradient, 62 - shift as i32),
            hessian: if W > 1 { power(hessian, 50) } else { 1.0 },
            offset: TWO_52 + 2.0_f64.powi(63 - shift as i32),
        }
    }

    /// A row's words from the bits of its gradient and hessian.
    #[inline(always)]
    pub(super) fn pack<const W: usize>(&self, raw: Words<W>) -> Words<W> {
        let whole = |x: f64| (x + ROUND).to_bits().wrapping_sub(ROUND.to_bits());
        let mut words = raw;
        words[0] = (whole(f64::from_bits(raw[0]) * self.gradient) << self.shift).wrapping_add(1);
        if W > 1 {
            words[1] = whole(f64::from_bits(raw[1]) * self.hessian);
        }
        words
    }

    /// Number of rows.
    #[inline(always)]
    pub(super) fn rows<const W: usize>(&self, words: &Words<W>) -> f64 {
        f64::from_bits((words[0] & ((1 << self.shift) - 1)) | WHOLE) - TWO_52
    }

    /// Sum of gradients.
    #[inline(always)]
    pub(super) fn slope<const W: usize>(&self, words: &Words<W>) -> f64 {
        f64::from_bits(((words[0] ^ SIGN) >> self.shift) | WHOLE) - self.offset
    }

    /// Sum of hessians.
    #[inline(always)]
    pub(super) fn curvature<const W: usize>(&self, words: &Words<W>) -> f64 {
        if W > 1 { f64::from_bits(words[W - 1] | WHOLE) - TWO_52 } else { self.rows(words) }
    }

    /// The sums as numbers.
    #[inline(always)]
    pub(super) fn cell<const W: usize>(&self, words: &Words<W>) -> Cell {
        [self.slope(words), self.curvature(words), self.rows(words)]
    }
}

/// Word by word.
#[inline(always)]
pub(super) fn plus<const W: usize>(mut a: Words<W>, b: &Words<W>) -> Words<W> {
    for w in 0..W {
        a[w] = a[w].wrapping_add(b[w]);
    }
    a
}

/// Word by word.
#[inline(always)]
pub(super) fn minus<const W: usize>(mut a: Words<W>, b: &Words<W>) -> Words<W> {
    for w in 0..W {
        a[w] = a[w].wrapping_sub(b[w]);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_of_words_are_sums_of_numbers(rows in prop::collection::vec((-1e3..1e3f64, 1e-6..10.0f64), 1..300), power in -30..30i32) {
            let rows: Vec<(f64, f64)> = rows.into_iter().map(|(g, h)| (g * 2.0_f64.powi(power), h)).collect();
            let sum = |f: &dyn Fn(&(f64, f64)) -> f64| rows.iter().map(f).sum::<f64>();
            let (most, curve) = (sum(&|r| r.0.abs()), sum(&|r| r.1));
            let scale = Scale::new::<2>(rows.len(), most, curve);
            let packed: Vec<Words<2>> = rows.iter().map(|r| scale.pack([r.0.to_bits(), r.1.to_bits()])).collect();
            let total = packed.iter().fold([0; 2], plus);
            let [g, h, n] = scale.cell(&total);
            prop_assert_eq!(n, rows.len() as f64);
            prop_assert!((g / scale.gradient - sum(&|r| r.0)).abs() <= 1e-10 * most);
            prop_assert!((h / scale.hessian - curve).abs() <= 1e-10 * curve);
            // A parent less a child is the other child.
            let part = packed[..packed.len() / 2].iter().fold([0; 2], plus);
            let rest = packed[packed.len() / 2..].iter().fold([0; 2], plus);
            prop_assert_eq!(minus(total, &part), rest);
        }
    }

    #[test]
    fn no_gradients_and_the_largest_counts_fit() {
        let scale = Scale::new::<1>(4_000_000, 4e6, 0.0);
        let up = scale.pack([1.0_f64.to_bits()]);
        let mut total = [0];
        (0..4_000_000).for_each(|_| total = plus(total, &up));
        assert_eq!(scale.cell(&total), [4e6 * scale.gradient, 4e6, 4e6]);
        let scale = Scale::new::<1>(3, 0.0, 0.0);
        assert_eq!(scale.cell(&scale.pack([0])), [0.0, 1.0, 1.0]);
    }
}
