//! Sequential minimal optimisation with second-order choice of pairs (Fan, Chen and Lin 2005), for any kernel whose rows can be asked for.
//!
//! Classes and numbers are one problem in β, one signed coefficient a row: minimise ½ βᵀKβ − yᵀβ + ε Σ|β| with Σβ = 0 and bounds that hold 0. For
//! classes y is ±1, ε is 0 and one bound is 0; for numbers the kink at 0 is a bound of each step. The gradient is kept as y − Kβ.

use esker_core::{Context, Result};
use esker_math::wide;

use super::kernel::Cache;

/// Curvature of a pair of equal rows.
const FLAT: f64 = 1e-12;
/// Steps between looks at whether the user wants to stop.
const CHECK: usize = 1024;
/// Rows looked at side by side.
const LANES: usize = 8;

/// What is to be learned.
pub(super) struct Problem<'a> {
    /// ±1, or the number.
    pub(super) target: &'a [f64],
    /// Bounds of β; both 0 where a row is held out.
    pub(super) low: &'a [f64],
    /// See `low`.
    pub(super) high: &'a [f64],
    /// Half the width of the tube without loss.
    pub(super) tube: f64,
    /// Largest violation of the optimality conditions to stop at.
    pub(super) tolerance: f64,
    /// Most steps.
    pub(super) steps: usize,
}

/// What was found.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    /// One coefficient a row.
    pub(super) beta: Vec<f64>,
    /// The target less the weighted sum of kernels, without the constant term.
    pub(super) residual: Vec<f64>,
    /// The constant term.
    pub(super) bias: f64,
    /// Largest violation of the optimality conditions.
    pub(super) gap: f64,
    /// Steps made.
    pub(super) steps: usize,
}

impl Solution {
    /// The least value of the dual, as LIBSVM counts it.
    pub(super) fn dual(&self, problem: &Problem) -> f64 {
        let rows = self.beta.iter().zip(problem.target).zip(&self.residual);
        rows.map(|((b, y), r)| -0.5 * b * (y + r) + problem.tube * b.abs()).sum()
    }
}

/// The problem while it is solved. What β may gain by going up is `residual + up`, what it loses by going down `residual + down`.
struct State<'a> {
    problem: &'a Problem<'a>,
    beta: Vec<f64>,
    residual: Vec<f64>,
    up: Vec<f64>,
    down: Vec<f64>,
}

impl State<'_> {
    /// What the place of β says of its next step: −∞ and +∞ where a bound stops it.
    fn place(&mut self, t: usize) {
        let (b, p) = (self.beta[t], self.problem);
        self.up[t] = match b {
            b if b < 0.0 => p.tube,
            b if b < p.high[t] => -p.tube,
            _ => f64::NEG_INFINITY,
        };
        self.down[t] = match b {
            b if b > 0.0 => -p.tube,
            b if b > p.low[t] => p.tube,
            _ => f64::INFINITY,
        };
    }

    /// How far β may go up, to a bound or to the kink.
    fn room_up(&self, t: usize) -> f64 {
        if self.beta[t] < 0.0 { -self.beta[t] } else { self.problem.high[t] - self.beta[t] }
    }

    fn room_down(&self, t: usize) -> f64 {
        if self.beta[t] > 0.0 { self.beta[t] } else { self.beta[t] - self.problem.low[t] }
    }

    /// Moves β of a pair, `i` up and `j` down, exactly onto what stops it; how far.
    fn step(&mut self, i: usize, j: usize, wanted: f64) -> f64 {
        let (up, down) = (self.room_up(i), self.room_down(j));
        let by = wanted.min(up).min(down);
        let stop_up = if self.beta[i] < 0.0 { 0.0 } else { self.problem.high[i] };
        let stop_down = if self.beta[j] > 0.0 { 0.0 } else { self.problem.low[j] };
        self.beta[i] = if by == up { stop_up } else { self.beta[i] + by };
        self.beta[j] = if by == down { stop_down } else { self.beta[j] - by };
        self.place(i);
        self.place(j);
        by
    }

    /// The row that gains most by going up, and its gain.
    fn most_up(&self) -> (usize, f64) {
        wide(
            #[inline(always)]
            || most(self.residual.len(), |t| self.residual[t] + self.up[t]),
        )
    }

    /// The row to go down with `i`: the one with which a step takes most away. Also the least loss of all.
    fn partner(&self, i: usize, gain: f64, row: &[f32]) -> (usize, f64, f64) {
        let least = wide(
            #[inline(always)]
            || most(self.residual.len(), |t| -(self.residual[t] + self.down[t])).1,
        );
        let row = &row[..self.residual.len()];
        let (j, best) = wide(
            #[inline(always)]
            || {
                most(self.residual.len(), |t| {
                    let b = gain - (self.residual[t] + self.down[t]);
                    let a = 2.0 - 2.0 * f64::from(row[t]);
                    let a = if a > FLAT { a } else { FLAT };
                    if b > 0.0 { b * b / a } else { -1.0 }
                })
            },
        );
        debug_assert!(best < 0.0 || i != j);
        (j, best, -least)
    }

    fn bias(&self) -> f64 {
        let (mut sum, mut free, mut most, mut least) = (0.0, 0, f64::NEG_INFINITY, f64::INFINITY);
        for ((r, up), down) in self.residual.iter().zip(&self.up).zip(&self.down) {
            if up == down {
                sum += r + up;
                free += 1;
            }
            most = most.max(r + up);
            least = least.min(r + down);
        }
        match (free, most.is_finite(), least.is_finite()) {
            (1.., ..) => sum / f64::from(free),
            (_, true, true) => 0.5 * (most + least),
            (_, true, false) => most,
            (_, false, true) => least,
            _ => 0.0,
        }
    }
}

/// Where `value` is largest and how large; the first of equals in a lane, lanes in order.
#[inline(always)]
fn most(rows: usize, value: impl Fn(usize) -> f64) -> (usize, f64) {
    let (mut best, mut at) = ([f64::NEG_INFINITY; LANES], [0_usize; LANES]);
    let whole = rows / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            let v = value(start + lane);
            let better = v > best[lane];
            best[lane] = if better { v } else { best[lane] };
            at[lane] = if better { start } else { at[lane] };
        }
    }
    let mut found = (0, f64::NEG_INFINITY);
    for lane in 0..LANES {
        if best[lane] > found.1 {
            found = (at[lane] + lane, best[lane]);
        }
    }
    for t in whole..rows {
        if value(t) > found.1 {
            found = (t, value(t));
        }
    }
    found
}

/// Solves from `beta`, which keeps the bounds and sums to 0.
///
/// # Errors
/// The user stopped the work.
pub(super) fn solve(problem: &Problem, cache: &mut Cache, beta: Vec<f64>, cx: &Context) -> Result<Solution> {
    let rows = problem.target.len();
    let mut residual = problem.target.to_vec();
    for (t, b) in beta.iter().enumerate().filter(|b| *b.1 != 0.0) {
        residual.iter_mut().zip(cache.row(t)).for_each(|(r, k)| *r -= b * f64::from(*k));
    }
    let mut state = State { problem, beta, residual, up: vec![0.0; rows], down: vec![0.0; rows] };
    (0..rows).for_each(|t| state.place(t));
    let mut steps = 0;
    let gap = loop {
        if steps % CHECK == 0 {
            cx.check()?;
        }
        let (i, gain) = state.most_up();
        // No variable can rise, or there is none.
        if gain == f64::NEG_INFINITY {
            break 0.0;
        }
        let row = cache.row(i);
        let (j, best, least) = state.partner(i, gain, row);
        let gap = (gain - least).max(0.0);
        if gap <= problem.tolerance || best < 0.0 || steps == problem.steps {
            break gap;
        }
        let (k_i, k_j) = cache.two(i, j);
        let curvature = (2.0 - 2.0 * f64::from(k_i[j])).max(FLAT);
        let by = state.step(i, j, (gain - (state.residual[j] + state.down[j])) / curvature);
        let residual = &mut state.residual;
        wide(
            #[inline(always)]
            || {
                for ((r, a), b) in residual.iter_mut().zip(k_i).zip(k_j) {
                    *r -= by * (f64::from(*a) - f64::from(*b));
                }
            },
        );
        steps += 1;
    };
    let bias = state.bias();
    Ok(Solution { beta: state.beta, residual: state.residual, bias, gap, steps })
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    /// The optimality conditions, looked at row by row: what the kernel matrix says, not what was kept along the way.
    #[test]
    fn the_conditions_hold_where_it_says_so_and_the_gap_is_told_where_not() {
        let (mut rng, rows) = (Rng::new(3), 90);
        let columns: Vec<f64> = (0..2 * rows).map(|_| rng.normal()).collect();
        let target: Vec<f64> = (0..rows).map(|r| columns[r] * columns[rows + r] + 0.1 * rng.normal()).collect();
        let high: Vec<f64> = (0..rows).map(|r| if r % 10 == 0 { 0.0 } else { 2.0 }).collect();
        let low: Vec<f64> = high.iter().map(|h| -h).collect();
        let mut problem = Problem { target: &target, low: &low, high: &high, tube: 0.05, tolerance: 1e-7, steps: 100_000 };
        let mut cache = Cache::new(&columns, rows, 0.5, 1 << 20);
        let cx = Context::new(1, 1);
        let found = solve(&problem, &mut cache, vec![0.0; rows], &cx).unwrap();
        assert!(found.gap <= 1e-7 && found.beta.iter().sum::<f64>().abs() < 1e-12);
        for t in 0..rows {
            let said: f64 = found.bias + found.beta.iter().zip(cache.row(t)).map(|(b, k)| b * f64::from(*k)).sum::<f64>();
            let (over, b) = (target[t] - said, found.beta[t]);
            assert!((low[t]..=high[t]).contains(&b));
            let fits = match b {
                _ if high[t] == 0.0 => true,
                b if b == high[t] => over > 0.05 - 1e-6,
                b if b == low[t] => over < -0.05 + 1e-6,
                b if b > 0.0 => (over - 0.05).abs() < 1e-6,
                b if b < 0.0 => (over + 0.05).abs() < 1e-6,
                _ => over.abs() < 0.05 + 1e-6,
            };
            assert!(fits, "row {t}: coefficient {b}, residual {over}");
        }
        // From another start the same optimum is reached, and one with few steps says what it lacks.
        let again = solve(&problem, &mut cache, found.beta.iter().map(|b| 0.5 * b).collect(), &cx).unwrap();
        assert!((again.dual(&problem) - found.dual(&problem)).abs() < 1e-8);
        problem.steps = 5;
        let short = solve(&problem, &mut cache, vec![0.0; rows], &cx).unwrap();
        assert!(short.steps == 5 && short.gap > 1e-3 && short.dual(&problem) > found.dual(&problem));
    }
}
