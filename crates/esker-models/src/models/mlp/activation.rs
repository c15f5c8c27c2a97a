//! What a unit makes of its sum, and the derivative.

use esker_core::graph::Function;
use esker_math::net::{Loops, Number};
use serde::{Deserialize, Serialize};

/// The function between layers. All of them are 0 at 0 and none is larger than its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Activation {
    /// max(0, x).
    Relu,
    /// x Φ(x), with tanh for the normal distribution's Φ.
    Gelu,
    /// x / (1 + exp(−x)).
    Silu,
    /// tanh(x).
    Tanh,
}

/// √(2 / π).
const ROOT: f64 = 0.797_884_560_802_865_4;
/// The cubic term of Hendrycks and Gimpel's Φ.
const CUBIC: f64 = 0.044_715;

impl Activation {
    /// Names in the order of the reference page, the default first.
    pub(crate) const NAMES: &'static [&'static str] = &["relu", "gelu", "silu", "tanh"];

    /// By its name; the rule of the parameter lets no other through.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "gelu" => Self::Gelu,
            "silu" => Self::Silu,
            "tanh" => Self::Tanh,
            _ => Self::Relu,
        }
    }

    /// The function as other programs know it.
    pub(crate) fn function(self) -> Function {
        match self {
            Self::Relu => Function::Relu,
            Self::Gelu => Function::Gelu,
            Self::Silu => Function::Silu,
            Self::Tanh => Function::Tanh,
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether the derivative is told from the argument, not from the result.
    pub(crate) fn needs_argument(self) -> bool {
        matches!(self, Self::Gelu | Self::Silu)
    }

    /// Of each number, in place.
    pub(crate) fn apply<T: Number>(self, values: &mut [T]) {
        T::wide(Apply { of: self, values });
    }

    /// Multiplies each slope by the derivative, which is told from the argument where [`Activation::needs_argument`], else from the result.
    pub(crate) fn slope<T: Number>(self, told: &[T], slopes: &mut [T]) {
        T::wide(Slope { of: self, told, slopes });
    }
}

struct Apply<'a, T> {
    of: Activation,
    values: &'a mut [T],
}

impl<T: Number> Loops for Apply<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        match self.of {
            Activation::Relu => self.values.iter_mut().for_each(|v| *v = (*v).larger(T::ZERO)),
            Activation::Tanh => self.values.iter_mut().for_each(|v| *v = v.tangent()),
            Activation::Silu => self.values.iter_mut().for_each(|v| *v *= share(*v)),
            Activation::Gelu => self.values.iter_mut().for_each(|v| *v *= below(*v)),
        }
    }
}

struct Slope<'a, T> {
    of: Activation,
    told: &'a [T],
    slopes: &'a mut [T],
}

impl<T: Number> Loops for Slope<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let both = self.slopes.iter_mut().zip(self.told);
        match self.of {
            Activation::Relu => both.for_each(|(s, &h)| *s = if h > T::ZERO { *s } else { T::ZERO }),
            Activation::Tanh => both.for_each(|(s, &h)| *s *= T::ONE - h * h),
            Activation::Silu => both.for_each(|(s, &x)| {
                let p = share(x);
                *s *= p * (T::ONE + x * (T::ONE - p));
            }),
            Activation::Gelu => both.for_each(|(s, &x)| {
                let p = below(x);
                // Φ + x Φ', where Φ' = 2 Φ (1 − Φ) times the derivative of what stands in the tanh.
                let inner = T::of(ROOT) * (T::ONE + T::of(3.0 * CUBIC) * x * x);
                *s *= p + x * T::of(2.0) * p * (T::ONE - p) * inner;
            }),
        }
    }
}

/// 1 / (1 + exp(−x)).
#[inline(always)]
fn share<T: Number>(x: T) -> T {
    let half = T::of(0.5);
    half * (half * x).tangent() + half
}

/// Φ(x).
#[inline(always)]
fn below<T: Number>(x: T) -> T {
    let half = T::of(0.5);
    half * (T::of(ROOT) * (x + T::of(CUBIC) * x * x * x)).tangent() + half
}
