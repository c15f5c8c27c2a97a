//! From a gradient to the next numbers of a network, and how long the step is.

use std::ops::Range;

use esker_math::net::{Loops, Number};

/// How numbers follow their gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Adam with decay apart from the gradient (Loshchilov and Hutter 2019).
    AdamW,
    /// Adam, decay as part of the gradient (Kingma and Ba 2015).
    Adam,
    /// Gradient descent with momentum.
    Sgd,
}

impl Method {
    /// Names in the order of the reference page, the default first.
    pub(crate) const NAMES: &'static [&'static str] = &["adamw", "adam", "sgd"];

    /// By its name; the rule of the parameter lets no other through.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "adam" => Self::Adam,
            "sgd" => Self::Sgd,
            _ => Self::AdamW,
        }
    }
}

/// Shares of the past in the mean gradient and in its mean square, and what keeps their quotient finite.
const ADAM: (f64, f64, f64) = (0.9, 0.999, 1e-8);

/// A method with what it remembers.
#[derive(Debug, Clone)]
pub(crate) struct Optimiser<T> {
    method: Method,
    momentum: f64,
    decay: f64,
    first: Vec<T>,
    second: Vec<T>,
    steps: i32,
}

impl<T: Number> Optimiser<T> {
    /// For so many numbers. `decay` pulls weights to 0.
    pub(crate) fn new(method: Method, momentum: f64, decay: f64, numbers: usize) -> Self {
        let second = if method == Method::Sgd { 0 } else { numbers };
        Self { method, momentum, decay, first: vec![T::ZERO; numbers], second: vec![T::ZERO; second], steps: 0 }
    }

    /// Begins a step; [`Optimiser::step`] then takes it for each stretch of numbers.
    pub(crate) fn begin(&mut self) {
        self.steps = self.steps.saturating_add(1);
    }

    /// The next numbers of a stretch, which decay or do not.
    pub(crate) fn step(&mut self, stretch: Range<usize>, numbers: &mut [T], gradient: &[T], rate: f64, decays: bool) {
        let decay = if decays { self.decay } else { 0.0 };
        let (numbers, gradient, first) = (&mut numbers[stretch.clone()], &gradient[stretch.clone()], &mut self.first[stretch.clone()]);
        let (inside, apart) = if self.method == Method::AdamW { (0.0, 1.0 - rate * decay) } else { (decay, 1.0) };
        let (inside, apart) = (T::of(inside), T::of(apart));
        if self.method == Method::Sgd {
            T::wide(Descent { numbers, gradient, first, keep: T::of(self.momentum), rate: T::of(rate), inside });
            return;
        }
        let length = rate / (1.0 - ADAM.0.powi(self.steps));
        let root = 1.0 / (1.0 - ADAM.1.powi(self.steps)).sqrt();
        let second = &mut self.second[stretch];
        T::wide(Moments { numbers, gradient, first, second, length: T::of(length), root: T::of(root), inside, apart });
    }
}

struct Descent<'a, T> {
    numbers: &'a mut [T],
    gradient: &'a [T],
    first: &'a mut [T],
    keep: T,
    rate: T,
    inside: T,
}

impl<T: Number> Loops for Descent<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for ((p, g), m) in self.numbers.iter_mut().zip(self.gradient).zip(self.first) {
            *m = self.keep * *m + (*g + self.inside * *p);
            *p -= self.rate * *m;
        }
    }
}

struct Moments<'a, T> {
    numbers: &'a mut [T],
    gradient: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
    length: T,
    root: T,
    inside: T,
    apart: T,
}

impl<T: Number> Loops for Moments<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let (new, newer, tiny) = (T::of(1.0 - ADAM.0), T::of(1.0 - ADAM.1), T::of(ADAM.2));
        for (((p, g), m), v) in self.numbers.iter_mut().zip(self.gradient).zip(self.first).zip(self.second) {
            let g = *g + self.inside * *p;
            *m += new * (g - *m);
            *v += newer * (g * g - *v);
            *p = self.apart * *p - self.length * *m / (v.root() * self.root + tiny);
        }
    }
}

/// How the rate changes while a network learns. It depends on the length planned, never on the epochs that are made in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// Half a wave from the rate down to a hundredth of it.
    Cosine,
    /// The rate all the way.
    Constant,
    /// Up from a 25th over three tenths of the way, then down to a 10,000th (Smith 2018).
    OneCycle,
}

impl Schedule {
    /// Names in the order of the reference page, the default first.
    pub(crate) const NAMES: &'static [&'static str] = &["cosine", "constant", "one-cycle"];

    /// By its name; the rule of the parameter lets no other through.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "constant" => Self::Constant,
            "one-cycle" => Self::OneCycle,
            _ => Self::Cosine,
        }
    }

    /// The part of the rate after a share of the planned length, which stays at its end from 1 on.
    pub(crate) fn factor(self, done: f64) -> f64 {
        let done = done.min(1.0);
        // From a to b along half a wave.
        let wave = |a: f64, b: f64, t: f64| b + (a - b) * 0.5 * (1.0 + (std::f64::consts::PI * t).cos());
        match self {
            Self::Constant => 1.0,
            Self::Cosine => wave(1.0, 0.01, done),
            Self::OneCycle if done < 0.3 => wave(0.04, 1.0, done / 0.3),
            Self::OneCycle => wave(1.0, 1e-4, (done - 0.3) / 0.7),
        }
    }
}
