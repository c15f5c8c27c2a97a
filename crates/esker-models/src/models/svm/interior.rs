//! Linear support vector machines by a primal–dual interior-point method with Mehrotra's predictor and corrector (Ferris and Munson 2002): each
//! step solves a system of the size of the features, and a few dozen steps are enough whatever the cost is. The constant term is not penalised.
//!
//! Every loss is a sum of halves: `sign · f ≥ offset − ξ` with ξ ≥ 0 at a cost. A row of a class is one half, a row of numbers two.

use esker_core::{Context, Result};
use esker_math::{Cholesky, Columns, add_gram};

/// Most steps.
const STEPS: usize = 200;
/// Relative duality gap that is enough, and that is aimed at: the last steps are cheap, and an error of the plane is the root of the gap.
const TOLERANCE: f64 = 1e-9;
const AIM: f64 = 1e-15;
/// Rows of a product at a time.
const BLOCK: usize = 1024;
/// How far a step goes towards the nearest bound.
const NEARLY: f64 = 0.995;

/// Halves over rows of features; half `k` is about row `k % rows`.
pub(super) struct Halves<'a> {
    /// Features, column after column.
    pub(super) columns: &'a [f64],
    /// Number of rows.
    pub(super) rows: usize,
    /// ±1 a half.
    pub(super) sign: Vec<f64>,
    /// What `sign · f` should reach.
    pub(super) offset: Vec<f64>,
    /// What a shortfall of one costs.
    pub(super) cost: Vec<f64>,
}

/// What was found.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    /// One coefficient a feature.
    pub(super) weights: Vec<f64>,
    /// The constant term.
    pub(super) bias: f64,
    /// The least value of the dual, as LIBSVM counts it.
    pub(super) dual: f64,
    /// Duality gap as a share of the primal value.
    pub(super) gap: f64,
    /// Steps made.
    pub(super) steps: usize,
    /// Whether the gap is small enough.
    pub(super) converged: bool,
}

/// The unknowns: w and b (last), multipliers α, what is left of them to their bound, slacks of the halves and shortfalls.
struct Point {
    plane: Vec<f64>,
    alpha: Vec<f64>,
    rest: Vec<f64>,
    slack: Vec<f64>,
    short: Vec<f64>,
}

/// What the conditions lack at a point.
struct Lack {
    /// Of the halves.
    half: Vec<f64>,
    /// Of w and b.
    plane: Vec<f64>,
}

/// A direction of all unknowns but `rest`, which goes against α.
struct Way {
    plane: Vec<f64>,
    alpha: Vec<f64>,
    slack: Vec<f64>,
    short: Vec<f64>,
}

impl Halves<'_> {
    fn features(&self) -> usize {
        self.columns.len().checked_div(self.rows).unwrap_or(0)
    }

    /// w · x + b of each row.
    fn values(&self, plane: &[f64]) -> Vec<f64> {
        let mut f = vec![plane[plane.len() - 1]; self.rows];
        for (column, w) in self.columns.chunks_exact(self.rows).zip(plane) {
            f.iter_mut().zip(column).for_each(|(f, x)| *f += w * x);
        }
        f
    }

    /// Sums `each` over the halves of a row.
    fn by_row(&self, each: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..self.rows).map(|r| (r..self.sign.len()).step_by(self.rows).map(&each).sum()).collect()
    }

    /// Features times what rows have, and its plain sum last.
    fn gather(&self, of: &[f64]) -> Vec<f64> {
        let columns = self.columns.chunks_exact(self.rows).map(|c| esker_math::dot(c, of));
        columns.chain([of.iter().sum()]).collect()
    }

    fn lack(&self, at: &Point) -> Lack {
        let f = self.values(&at.plane);
        let half = (0..self.sign.len()).map(|k| self.sign[k] * f[k % self.rows] - self.offset[k] + at.short[k] - at.slack[k]).collect();
        let mut plane = self.gather(&self.by_row(|k| self.sign[k] * at.alpha[k]));
        plane.iter_mut().zip(&at.plane).take(self.features()).for_each(|(p, w)| *p -= w);
        Lack { half, plane }
    }

    /// The factor of I + Σ θ x xᵀ (no penalty on b), with what θ is.
    fn factor(&self, at: &Point) -> Result<(Cholesky, Vec<f64>)> {
        let (d, n) = (self.features(), self.rows);
        let theta: Vec<f64> = (0..self.sign.len()).map(|k| 1.0 / (at.short[k] / at.rest[k] + at.slack[k] / at.alpha[k])).collect();
        let root: Vec<f64> = self.by_row(|k| theta[k]).into_iter().map(f64::sqrt).collect();
        let mut sums = vec![0.0; (d + 1) * (d + 1)];
        for start in (0..n).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(n);
            let mut block = Vec::with_capacity(rows.len() * (d + 1));
            for column in self.columns.chunks_exact(n) {
                block.extend(column[rows.clone()].iter().zip(&root[rows.clone()]).map(|(x, r)| x * r));
            }
            block.extend_from_slice(&root[rows.clone()]);
            add_gram(Columns::new(&block, rows.len(), d + 1), &mut sums);
        }
        (0..d).for_each(|j| sums[j * (d + 2)] += 1.0);
        let most = (0..=d).fold(0.0, |m: f64, j| m.max(sums[j * (d + 2)]));
        // Where no row is free b is held by nothing; a breath of weight keeps it where it is.
        sums[(d + 1) * (d + 1) - 1] += 1e-14 * most;
        let mut more = 1e-14 * most;
        loop {
            match Cholesky::new(&sums, d + 1) {
                Ok(factor) => return Ok((factor, theta)),
                Err(error) if more > most || !most.is_finite() => return Err(error),
                Err(_) => (0..=d).for_each(|j| sums[j * (d + 2)] += more),
            }
            more *= 100.0;
        }
    }

    /// The way to where products of α and slack, and of rest and shortfall, change by `low` and `high`.
    fn way(&self, at: &Point, lack: &Lack, (factor, theta): &(Cholesky, Vec<f64>), low: &[f64], high: &[f64]) -> Way {
        let m = self.sign.len();
        let aim: Vec<f64> = (0..m).map(|k| -lack.half[k] - high[k] / at.rest[k] + low[k] / at.alpha[k]).collect();
        let mut right = self.gather(&self.by_row(|k| self.sign[k] * theta[k] * aim[k]));
        right.iter_mut().zip(&lack.plane).for_each(|(r, l)| *r += l);
        let plane = factor.solve(&right);
        let f = self.values(&plane);
        let alpha: Vec<f64> = (0..m).map(|k| theta[k] * (aim[k] - self.sign[k] * f[k % self.rows])).collect();
        let slack = (0..m).map(|k| (low[k] - at.slack[k] * alpha[k]) / at.alpha[k]).collect();
        let short = (0..m).map(|k| (high[k] + at.short[k] * alpha[k]) / at.rest[k]).collect();
        Way { plane, alpha, slack, short }
    }

    /// The mean product.
    fn mu(&self, at: &Point) -> f64 {
        let products = (0..self.sign.len()).map(|k| at.alpha[k] * at.slack[k] + at.rest[k] * at.short[k]);
        products.sum::<f64>() / (2.0 * self.sign.len() as f64)
    }

    fn start(&self) -> Point {
        let alpha: Vec<f64> = self.cost.iter().map(|c| 0.5 * c).collect();
        let one: Vec<f64> = self.offset.iter().map(|o| 1.0 + o.abs()).collect();
        Point { plane: vec![0.0; self.features() + 1], rest: alpha.clone(), alpha, slack: one.clone(), short: one }
    }

    /// The plane with the least |w|² / 2 + Σ cost · shortfall.
    ///
    /// # Errors
    /// The user stopped the work, or a system that cannot be solved.
    pub(super) fn solve(&self, cx: &Context) -> Result<Plane> {
        let (m, d) = (self.sign.len(), self.features());
        let mut at = self.start();
        let (mut steps, mut gap, mut last, mut converged) = (0, f64::INFINITY, f64::INFINITY, false);
        let scale = 1.0 + self.offset.iter().fold(0.0, |a: f64, o| a.max(o.abs()));
        while steps < STEPS {
            cx.check()?;
            let (lack, mu) = (self.lack(&at), self.mu(&at));
            let primal = self.primal(&at.plane);
            gap = 2.0 * m as f64 * mu / (1e-300 + primal.abs()).max(1e-9 * self.cost.iter().sum::<f64>());
            let off = lack.half.iter().fold(0.0, |a: f64, v| a.max(v.abs())) / scale;
            let turned = lack.plane.iter().fold(0.0, |a: f64, v| a.max(v.abs()))
                / (1.0 + at.plane[..d].iter().fold(0.0, |a: f64, v| a.max(v.abs())));
            let sound = off < 1e-8 && turned < 1e-7;
            // Rounding ends the fall of the gap before long.
            let done = gap < AIM || (gap < TOLERANCE && gap > 0.5 * last);
            converged = sound && gap < TOLERANCE;
            if (sound && done) || !gap.is_finite() {
                break;
            }
            last = gap;
            let factor = self.factor(&at)?;
            let (low, high): (Vec<f64>, Vec<f64>) = (0..m).map(|k| (-at.alpha[k] * at.slack[k], -at.rest[k] * at.short[k])).unzip();
            let first = self.way(&at, &lack, &factor, &low, &high);
            let share = (self.mu(&at.gone(&first, at.reach(&first).min(1.0))) / mu).powi(3);
            // The corrector: aims at a share of the mean product and takes back what the predictor's step would add to the second order.
            let (low, high): (Vec<f64>, Vec<f64>) = (0..m)
                .map(|k| (low[k] + share * mu - first.alpha[k] * first.slack[k], high[k] + share * mu + first.alpha[k] * first.short[k]))
                .unzip();
            let way = self.way(&at, &lack, &factor, &low, &high);
            let length = (NEARLY * at.reach(&way)).min(1.0);
            at = at.gone(&way, length);
            steps += 1;
        }
        let pull: f64 = at.alpha.iter().zip(&self.offset).map(|(a, o)| a * o).sum();
        let square: f64 = at.plane[..d].iter().map(|w| w * w).sum();
        Ok(Plane { bias: at.plane[d], weights: at.plane[..d].to_vec(), dual: 0.5 * square - pull, gap, steps, converged })
    }

    fn primal(&self, plane: &[f64]) -> f64 {
        let f = self.values(plane);
        let loss: f64 = (0..self.sign.len()).map(|k| self.cost[k] * (self.offset[k] - self.sign[k] * f[k % self.rows]).max(0.0)).sum();
        0.5 * plane[..plane.len() - 1].iter().map(|w| w * w).sum::<f64>() + loss
    }
}

impl Point {
    /// How far a way goes before something falls to 0, at most 1 / [`NEARLY`].
    fn reach(&self, way: &Way) -> f64 {
        let mut length = 1.0 / NEARLY;
        let mut stop = |value: f64, step: f64| {
            if step < 0.0 && -value / step < length {
                length = -value / step;
            }
        };
        for k in 0..self.alpha.len() {
            stop(self.alpha[k], way.alpha[k]);
            stop(self.rest[k], -way.alpha[k]);
            stop(self.slack[k], way.slack[k]);
            stop(self.short[k], way.short[k]);
        }
        length
    }

    fn gone(&self, way: &Way, length: f64) -> Self {
        let on = |from: &[f64], step: &[f64], by: f64| from.iter().zip(step).map(|(a, s)| (a + by * s).max(f64::MIN_POSITIVE)).collect();
        Self {
            plane: self.plane.iter().zip(&way.plane).map(|(a, s)| a + length * s).collect(),
            alpha: on(&self.alpha, &way.alpha, length),
            rest: on(&self.rest, &way.alpha, -length),
            slack: on(&self.slack, &way.slack, length),
            short: on(&self.short, &way.short, length),
        }
    }
}
