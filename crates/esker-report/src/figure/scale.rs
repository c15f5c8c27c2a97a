//! Scales from data to drawing, and ticks at round numbers.

/// A linear or logarithmic scale from a domain to a range of user units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Lower end of the domain.
    pub low: f64,
    /// Upper end of the domain; greater than `low`.
    pub high: f64,
    from: f64,
    to: f64,
    log: bool,
    whole: bool,
}

impl Scale {
    /// A linear scale; a domain without width is widened so that the value lies in the middle.
    pub fn linear(domain: (f64, f64), from: f64, to: f64) -> Self {
        let (low, high) = widened(domain);
        Self { low, high, from, to, log: false, whole: false }
    }

    /// A logarithmic scale; the domain must be positive, else 1..10 is taken.
    pub fn log(domain: (f64, f64), from: f64, to: f64) -> Self {
        let (low, high) = if domain.0 > 0.0 && domain.1.is_finite() && domain.1 >= domain.0 { domain } else { (1.0, 10.0) };
        let high = if high > low { high } else { low * 10.0 };
        Self { low, high, from, to, log: true, whole: false }
    }

    /// The same scale with ticks at whole numbers only.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Position of `v`; NaN where `v` has none.
    pub fn at(&self, v: f64) -> f64 {
        self.from + self.share(v) * (self.to - self.from)
    }

    /// Position of `v` as a share of the range, 0 at `low` and 1 at `high`.
    pub fn share(&self, v: f64) -> f64 {
        if self.log { (v / self.low).ln() / (self.high / self.low).ln() } else { (v - self.low) / (self.high - self.low) }
    }

    /// The value at a position: undoes [`Scale::at`].
    pub fn value(&self, position: f64) -> f64 {
        let share = (position - self.from) / (self.to - self.from);
        if self.log { self.low * (self.high / self.low).powf(share) } else { self.low + share * (self.high - self.low) }
    }

    /// Whether `v` lies within the domain.
    pub fn holds(&self, v: f64) -> bool {
        v >= self.low && v <= self.high
    }

    /// Ticks, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Ticks {
        let ticks = if self.log { log_ticks(self.low, self.high) } else { ticks(self.low, self.high, wanted) };
        if self.whole { Ticks { at: ticks.at.into_iter().filter(|v| v.fract() == 0.0).collect(), decimals: 0 } } else { ticks }
    }
}

/// Tick values and the decimal places that tell them apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    /// The values, ascending.
    pub at: Vec<f64>,
    /// Decimal places of the labels.
    pub decimals: usize,
}

impl Ticks {
    /// The label of a tick.
    pub fn label(&self, v: f64) -> String {
        // Very large or small numbers would need labels as wide as the axis.
        let size = self.at.iter().fold(0f64, |m, t| m.max(t.abs()));
        if !(1e-4..1e7).contains(&size) { super::text::number(v) } else { super::text::fixed(v, self.decimals) }
    }
}

fn widened((low, high): (f64, f64)) -> (f64, f64) {
    if !low.is_finite() || !high.is_finite() || low > high {
        return (0.0, 1.0);
    }
    // Closer than this, neighbouring positions could not be told apart in f64.
    let least = low.abs().max(high.abs()) * 1e-9;
    if high - low > least {
        return (low, high);
    }
    let by = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
    (low - by, high + by)
}

/// Ticks at multiples of 1, 2, 2.5 or 5 times a power of ten within `low..=high`, about `wanted` of them
/// (after Heckbert 1990, "Nice numbers for graph labels").
pub fn ticks(low: f64, high: f64, wanted: usize) -> Ticks {
    let (low, high) = widened((low, high));
    let raw = (high - low) / wanted.max(1) as f64;
    let power = raw.log10().floor();
    let base = 10f64.powf(power);
    let (factor, extra) = match raw / base {
        f if f < 1.42 => (1.0, 0),
        f if f < 2.24 => (2.0, 0),
        f if f < 3.54 => (2.5, 1),
        f if f < 7.07 => (5.0, 0),
        _ => (10.0, -1),
    };
    let step = factor * base;
    let decimals = (-(power as i64) + extra).max(0) as usize;
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let at = (0..=(last - first).max(-1.0) as i64).map(|i| clean((first + i as f64) * step)).collect();
    Ticks { at, decimals }
}

/// Multiples of a step carry rounding dust: 0.30000000000000004 is 0.3.
fn clean(v: f64) -> f64 {
    if v == 0.0 { 0.0 } else { format!("{v:.12e}").parse().unwrap_or(v) }
}

fn log_ticks(low: f64, high: f64) -> Ticks {
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let within = |v: &f64| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9);
    let of = |steps: &[f64]| -> Vec<f64> {
        decades.clone().flat_map(|p| steps.iter().map(move |s| clean(s * 10f64.powi(p)))).filter(within).collect()
    };
    let mut at = of(&[1.0]);
    for finer in [[1.0, 3.0].as_slice(), &[1.0, 2.0, 5.0]] {
        if at.len() < 3 {
            at = of(finer);
        }
    }
    let decimals = at.first().map_or(0, |v| (-v.log10().floor()).max(0.0) as usize);
    Ticks { at, decimals }
}

/// Smallest and largest finite value; `None` where there is none.
pub fn range<'a>(values: impl IntoIterator<Item = &'a f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |r, &v| match r {
        None => Some((v, v)),
        Some((a, b)) => Some((a.min(v), b.max(v))),
    })
}

/// A range with a margin of `share` of its width on both sides.
pub fn padded((low, high): (f64, f64), share: f64) -> (f64, f64) {
    let (low, high) = widened((low, high));
    let by = (high - low) * share;
    (low - by, high + by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_ticks() {
        assert_eq!(ticks(0.0, 1.0, 5), Ticks { at: vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0], decimals: 1 });
        assert_eq!(ticks(-1.3, 0.9, 5).at, vec![-1.0, -0.5, 0.0, 0.5]);
        assert_eq!(ticks(0.0, 10.0, 4), Ticks { at: vec![0.0, 2.5, 5.0, 7.5, 10.0], decimals: 1 });
        assert_eq!(ticks(5.0, 5.0, 4).at.len(), ticks(4.75, 5.25, 4).at.len());
        assert_eq!(Scale::log((1.0, 1000.0), 0.0, 1.0).ticks(4).at, vec![1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn a_scale_meets_its_ends_whatever_the_domain() {
        for domain in [(0.0, 1.0), (3.0, 3.0), (0.0, 0.0), (f64::NAN, 1.0), (2.0, -2.0), (1e300, 1e300)] {
            let s = Scale::linear(domain, 10.0, 110.0);
            assert!((s.at(s.low) - 10.0).abs() < 1e-6 && (s.at(s.high) - 110.0).abs() < 1e-6, "{domain:?}");
        }
        let s = Scale::log((1.0, 100.0), 0.0, 2.0);
        assert!((s.at(10.0) - 1.0).abs() < 1e-12);
        assert!(Scale::log((0.0, -1.0), 0.0, 2.0).at(5.0).is_finite());
    }

    proptest! {
        #[test]
        fn ticks_lie_inside_evenly_and_are_about_as_many_as_wanted(low in -1e6f64..1e6, span in 1e-3f64..1e6, wanted in 2usize..9) {
            let t = ticks(low, low + span, wanted);
            prop_assert!(t.at.len() <= 2 * wanted + 1 && 2 * t.at.len() + 1 >= wanted, "{:?}", t);
            prop_assert!(t.at.iter().all(|v| *v >= low - 1e-6 * span && *v <= low + span * (1.0 + 1e-6)));
            let steps: Vec<f64> = t.at.windows(2).map(|w| w[1] - w[0]).collect();
            prop_assert!(steps.iter().all(|s| (s - steps[0]).abs() <= 1e-6 * span));
            // Labels tell ticks apart.
            let mut labels: Vec<String> = t.at.iter().map(|v| t.label(*v)).collect();
            labels.dedup();
            prop_assert_eq!(labels.len(), t.at.len());
        }
    }
}
