//! Numbers that networks compute with: single precision, and double precision to compare with.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use super::lanes::{Lanes, Work, widest};
use super::product::{self, Dots, Product};

/// A number a network computes with.
pub trait Number:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + 'static
{
    /// Nothing.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The nearest such number.
    fn of(value: f64) -> Self;

    /// In double precision.
    fn double(self) -> f64;

    /// Square root.
    fn root(self) -> Self;

    /// Exponential.
    fn exponential(self) -> Self;

    /// Hyperbolic tangent.
    fn tangent(self) -> Self;

    /// The larger of the two.
    #[must_use]
    fn larger(self, other: Self) -> Self;

    /// A product of matrices.
    fn product(of: Product<'_, Self>, out: &mut [Self]);

    /// Dot products of rows.
    fn dots(of: Dots<'_, Self>, out: &mut [Self]);

    /// Does work that goes through arrays number by number, compiled for the widest vectors of this processor.
    fn wide<W: Loops>(work: W) -> W::Out;
}

/// Loops over arrays. `run` must be `#[inline(always)]`, and so must all that it calls.
pub trait Loops {
    /// What comes out.
    type Out;

    /// Does them.
    fn run(self) -> Self::Out;
}

struct InLanes<W>(W);

impl<W: Loops> Work for InLanes<W> {
    type Out = W::Out;

    #[inline(always)]
    fn run<L: Lanes<Number = f32>>(self) -> W::Out {
        self.0.run()
    }
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn double(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        exponential(self)
    }

    #[inline(always)]
    fn tangent(self) -> Self {
        tangent(self)
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    fn product(of: Product<'_, Self>, out: &mut [Self]) {
        product::single(of, out);
    }

    fn dots(of: Dots<'_, Self>, out: &mut [Self]) {
        product::dots_single(of, out);
    }

    fn wide<W: Loops>(work: W) -> W::Out {
        widest(InLanes(work))
    }
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn double(self) -> f64 {
        self
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        self.exp()
    }

    #[inline(always)]
    fn tangent(self) -> Self {
        self.tanh()
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    fn product(of: Product<'_, Self>, out: &mut [Self]) {
        product::double(of, out);
    }

    fn dots(of: Dots<'_, Self>, out: &mut [Self]) {
        product::dots_double(of, out);
    }

    fn wide<W: Loops>(work: W) -> W::Out {
        work.run()
    }
}

/// exp(x), to 2 units in the last place, within the normal range of numbers: 2ⁿ eʳ with |r| ≤ ln 2 / 2 and a polynomial for eʳ.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    // Adding 1.5 · 2²³ rounds to a whole number, which then stands in the last bits.
    let shifted = x.mul_add(std::f32::consts::LOG2_E, 12_582_912.0);
    let n = shifted - 12_582_912.0;
    let r = n.mul_add(-1.428_606_8e-6, n.mul_add(-0.693_145_75, x));
    let mut sum = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = r.mul_add(sum, c);
    }
    sum * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3F80_0000))
}

/// tanh(x) to 4 units in the last place: an odd rational function of degree 13 over 6, as in Eigen.
#[inline(always)]
fn tangent(x: f32) -> f32 {
    let x = if x < -7.905_311 { -7.905_311 } else { x };
    let x = if x > 7.905_311 { 7.905_311 } else { x };
    let s = x * x;
    let mut top = -2.760_768_5e-16;
    for c in [2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_4e-5, 6.372_619_3e-4, 4.893_524_6e-3] {
        top = s.mul_add(top, c);
    }
    let mut below = 1.198_258_4e-6;
    for c in [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3] {
        below = s.mul_add(below, c);
    }
    x * top / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_and_tangent_are_those_of_double_precision() {
        for i in -80_000..=80_000 {
            let x = i as f32 * 1e-3;
            let (e, t) = (f64::from(x).exp(), f64::from(x).tanh());
            assert!((f64::from(exponential(x)) - e).abs() <= 2.5e-7 * e, "exp({x})");
            assert!((f64::from(tangent(x)) - t).abs() <= 5e-7 * t.abs(), "tanh({x}) {} {t}", tangent(x));
        }
        assert_eq!((exponential(0.0), tangent(0.0)), (1.0, 0.0));
        assert!(exponential(f32::MAX).is_finite() && exponential(-f32::MAX) < 1e-37);
    }
}
