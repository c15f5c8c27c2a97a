//! What windows that end before a point say: sums, means, extremes, spread. Nothing is ever subtracted from a sum, so that a large value leaves no
//! trace once the window has passed it.

use serde::{Deserialize, Serialize};

/// Times closer than this, in days, are one where a window ends: an hour is no exact share of a day. A tenth of a second.
const SAME: f64 = 1e-6;

/// What is said of the values in a window; missing ones do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Statistic {
    Mean,
    Sum,
    Min,
    Max,
    /// Standard deviation (n − 1).
    Sd,
    /// Number of values.
    Count,
}

impl Statistic {
    pub const ALL: [Self; 6] = [Self::Mean, Self::Sum, Self::Min, Self::Max, Self::Sd, Self::Count];

    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sd => "sd",
            Self::Count => "count",
        }
    }
}

/// How far a lag or window reaches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Reach {
    /// So many points.
    Points(u32),
    /// So many days.
    Days(f64),
}

impl Reach {
    /// Values that a window of it holds at least where there is one every `step` days; never none.
    pub fn whole(self, step: Option<f64>) -> u32 {
        match (self, step) {
            (Self::Points(n), _) => n,
            (Self::Days(_), None) => 1,
            (Self::Days(d), Some(step)) => ((d + SAME) / step).floor().max(1.0) as u32,
        }
    }
}

/// One look back from a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Look {
    /// The value so many points before, or the newest that is at least so many days old.
    Lag(Reach),
    /// The statistic of the values before, the point's own only where `now` says so; missing where fewer than `least` are there.
    Window { reach: Reach, statistic: Statistic, now: bool, least: u32 },
}

/// For each of `asked`, which rise, what is seen among the points `keys` with their `values`.
pub(super) fn look(how: Look, keys: &[f64], values: &[f64], asked: &[f64], out: &mut [f64]) {
    match how {
        Look::Lag(reach) => {
            let mut end = 0;
            for (q, out) in asked.iter().zip(out) {
                let before = |k: f64| match reach {
                    Reach::Points(_) => k < *q,
                    Reach::Days(d) => k <= q - d + SAME,
                };
                while end < keys.len() && before(keys[end]) {
                    end += 1;
                }
                let back = if let Reach::Points(n) = reach { n as usize } else { 1 };
                *out = if end >= back { values[end - back] } else { f64::NAN };
            }
        }
        Look::Window { reach, statistic, now, least } => {
            let window = (keys, asked, reach, now);
            let finish = |least: f64, n: f64, v: f64| if n >= least { v } else { f64::NAN };
            let least = f64::from(least);
            match statistic {
                Statistic::Mean => along::<Total>(window, values, out, |t| finish(least, t.n, t.sum / t.n)),
                Statistic::Sum => along::<Total>(window, values, out, |t| finish(least, t.n, t.sum)),
                Statistic::Count => along::<Total>(window, values, out, |t| t.n),
                Statistic::Min => along::<Lowest>(window, values, out, |t| finish(least, t.n, t.min)),
                Statistic::Max => along::<Highest>(window, values, out, |t| finish(least, t.n, t.max)),
                Statistic::Sd => along::<Moments>(window, values, out, |t| finish(least, t.n, (t.m2 / (t.n - 1.0)).max(0.0).sqrt())),
            }
        }
    }
}

/// What can be joined from parts of a window.
trait Part: Copy + Default {
    fn of(value: f64) -> Self;
    fn join(self, later: Self) -> Self;
}

/// A queue of two parts: what is left of the older part is known from each of its points on, the newer one as a whole.
fn along<P: Part>((keys, asked, reach, now): (&[f64], &[f64], Reach, bool), values: &[f64], out: &mut [f64], say: impl Fn(P) -> f64) {
    let part = |i: usize| if values[i].is_nan() { P::default() } else { P::of(values[i]) };
    let (mut first, mut middle, mut end) = (0, 0, 0);
    // From each point of the older part to its end; the older part ends at `middle`.
    let mut older: Vec<P> = Vec::new();
    let mut newer = P::default();
    for (q, out) in asked.iter().zip(out) {
        while end < keys.len() && (keys[end] < *q || now && keys[end] == *q) {
            newer = newer.join(part(end));
            end += 1;
        }
        let out_of_it = |i: usize| match reach {
            Reach::Points(n) => i + (n as usize) < end,
            Reach::Days(d) if now => keys[i] <= q - d + SAME,
            Reach::Days(d) => keys[i] < q - d - SAME,
        };
        while first < end && out_of_it(first) {
            first += 1;
        }
        if first >= middle {
            older.clear();
            let mut sum = P::default();
            for i in (first..end).rev() {
                sum = part(i).join(sum);
                older.push(sum);
            }
            (middle, newer) = (end, P::default());
        }
        // `older` runs backwards from `middle`.
        let rest = if first < middle { older[middle - 1 - first] } else { P::default() };
        *out = say(rest.join(newer));
    }
}

#[derive(Clone, Copy, Default)]
struct Total {
    n: f64,
    sum: f64,
}

impl Part for Total {
    fn of(value: f64) -> Self {
        Self { n: 1.0, sum: value }
    }

    fn join(self, later: Self) -> Self {
        Self { n: self.n + later.n, sum: self.sum + later.sum }
    }
}

#[derive(Clone, Copy)]
struct Lowest {
    n: f64,
    min: f64,
}

impl Default for Lowest {
    fn default() -> Self {
        Self { n: 0.0, min: f64::INFINITY }
    }
}

impl Part for Lowest {
    fn of(value: f64) -> Self {
        Self { n: 1.0, min: value }
    }

    fn join(self, later: Self) -> Self {
        Self { n: self.n + later.n, min: self.min.min(later.min) }
    }
}

#[derive(Clone, Copy)]
struct Highest {
    n: f64,
    max: f64,
}

impl Default for Highest {
    fn default() -> Self {
        Self { n: 0.0, max: f64::NEG_INFINITY }
    }
}

impl Part for Highest {
    fn of(value: f64) -> Self {
        Self { n: 1.0, max: value }
    }

    fn join(self, later: Self) -> Self {
        Self { n: self.n + later.n, max: self.max.max(later.max) }
    }
}

/// Mean and sum of squares about it, joined as Chan, Golub and LeVeque (1979) do.
#[derive(Clone, Copy, Default)]
struct Moments {
    n: f64,
    mean: f64,
    m2: f64,
}

impl Part for Moments {
    fn of(value: f64) -> Self {
        Self { n: 1.0, mean: value, m2: 0.0 }
    }

    fn join(self, later: Self) -> Self {
        let n = self.n + later.n;
        if n == 0.0 {
            return self;
        }
        let apart = later.mean - self.mean;
        Self { n, mean: self.mean + apart * (later.n / n), m2: self.m2 + later.m2 + apart * apart * (self.n * later.n / n) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    /// Every window by itself.
    fn plain(how: Look, keys: &[f64], values: &[f64], asked: &[f64]) -> Vec<f64> {
        let one = |q: &f64| {
            let Look::Window { reach, statistic, now, least } = how else { panic!() };
            let before: Vec<usize> = (0..keys.len()).filter(|&i| keys[i] < *q || now && keys[i] == *q).collect();
            let inside = before.iter().enumerate().filter(|(j, i)| match reach {
                Reach::Points(n) => j + n as usize >= before.len(),
                Reach::Days(d) => {
                    if now {
                        keys[**i] > q - d
                    } else {
                        keys[**i] >= q - d
                    }
                }
            });
            let v: Vec<f64> = inside.map(|(_, &i)| values[i]).filter(|v| !v.is_nan()).collect();
            let n = v.len() as f64;
            if statistic == Statistic::Count {
                return n;
            }
            if n < f64::from(least) {
                return f64::NAN;
            }
            match statistic {
                Statistic::Mean | Statistic::Count => v.iter().sum::<f64>() / n,
                Statistic::Sum => v.iter().sum(),
                Statistic::Min => v.iter().copied().fold(f64::INFINITY, f64::min),
                Statistic::Max => v.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                Statistic::Sd => esker_math::variance(&v).sqrt(),
            }
        };
        asked.iter().map(one).collect()
    }

    #[test]
    fn windows_are_those_counted_one_by_one() {
        let mut rng = Rng::new(3);
        for _ in 0..200 {
            let n = rng.below(40);
            let mut keys: Vec<f64> = (0..n).map(|_| rng.below(60) as f64).collect();
            keys.sort_by(f64::total_cmp);
            keys.dedup();
            let values: Vec<f64> = keys.iter().map(|_| if rng.below(5) == 0 { f64::NAN } else { rng.normal() }).collect();
            let mut asked: Vec<f64> = (0..rng.below(30)).map(|_| rng.below(70) as f64 - 5.0).collect();
            asked.sort_by(f64::total_cmp);
            for reach in [Reach::Points(1 + rng.below(6) as u32), Reach::Days(1.0 + rng.below(20) as f64)] {
                for statistic in Statistic::ALL {
                    for now in [false, true] {
                        let how = Look::Window { reach, statistic, now, least: 2 };
                        let mut found = vec![0.0; asked.len()];
                        look(how, &keys, &values, &asked, &mut found);
                        let same = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 || a.is_nan() && b.is_nan();
                        assert!(found.iter().zip(&plain(how, &keys, &values, &asked)).all(same), "{how:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_large_value_leaves_no_trace() {
        let values = [1e300, 0.25, 0.5, 0.125];
        let how = Look::Window { reach: Reach::Points(2), statistic: Statistic::Sum, now: true, least: 1 };
        let mut out = [0.0; 4];
        look(how, &[0.0, 1.0, 2.0, 3.0], &values, &[0.0, 1.0, 2.0, 3.0], &mut out);
        assert_eq!(out[3], 0.625);
    }
}
