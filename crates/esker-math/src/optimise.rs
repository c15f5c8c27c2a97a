//! Minimisation of smooth convex functions: limited-memory BFGS.

use std::collections::VecDeque;

use esker_core::Result;

/// Pairs of steps remembered.
const MEMORY: usize = 20;

/// Writes the gradient at its first argument into its second and returns the value, or an error that ends the search.
pub type Function<'a> = dyn FnMut(&[f64], &mut [f64]) -> Result<f64> + 'a;

/// Multiplies a vector by an approximate inverse of the Hessian.
pub type Inverse<'a> = dyn Fn(&[f64]) -> Vec<f64> + 'a;

/// Where a minimisation ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// The point.
    pub at: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Largest entry of the gradient there, in magnitude.
    pub gradient: f64,
    /// Iterations made.
    pub iterations: usize,
    /// Whether the gradient fell below the tolerance.
    pub converged: bool,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// The largest entry of the gradient, in magnitude, that counts as zero.
    pub gradient: f64,
    /// Iterations to make at most.
    pub iterations: usize,
}

/// Minimises a smooth convex function by L-BFGS (Nocedal and Wright 2006, algorithm 7.4).
///
/// `inverse` multiplies a vector by an approximate inverse of the Hessian; the better it is, the fewer steps are made.
/// Without one, the curvature along the last step is taken for all directions.
///
/// Near the minimum, where
/// values differ by rounding alone, steps are judged by their slopes (the approximate Wolfe conditions of Hager and
/// Zhang 2005), so that gradients far below √ε can be reached.
///
/// # Errors
/// Whatever `function` returns, such as a request to stop.
pub fn minimise(start: Vec<f64>, stop: Stop, inverse: Option<&Inverse<'_>>, function: &mut Function<'_>) -> Result<Descent> {
    let n = start.len();
    let mut at = start;
    let mut gradient = vec![0.0; n];
    let mut value = function(&at, &mut gradient)?;
    let mut memory: VecDeque<Pair> = VecDeque::new();
    let mut iterations = 0;
    while largest(&gradient) > stop.gradient && iterations < stop.iterations {
        let mut direction = two_loops(&memory, &gradient, inverse);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            memory.clear();
            direction = two_loops(&memory, &gradient, inverse);
            slope = dot(&direction, &gradient);
        }
        let first = if memory.is_empty() && inverse.is_none() { 1.0 / largest(&gradient).max(f64::MIN_POSITIVE) } else { 1.0 };
        let here = Point { at: &at, value, slope };
        let Some((step, next, next_gradient, next_value)) = search(&here, &direction, first.min(1.0), function)? else {
            if memory.is_empty() {
                break;
            }
            // A poor model of the curvature: forget it and go straight downhill.
            memory.clear();
            iterations += 1;
            continue;
        };
        let s: Vec<f64> = direction.iter().map(|d| d * step).collect();
        let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let sy = dot(&s, &y);
        if sy > 0.0 {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Pair { rho: 1.0 / sy, s, y });
        }
        (at, gradient, value) = (next, next_gradient, next_value);
        iterations += 1;
    }
    let gradient = largest(&gradient);
    Ok(Descent { at, value, gradient, iterations, converged: gradient <= stop.gradient })
}

struct Pair {
    rho: f64,
    s: Vec<f64>,
    y: Vec<f64>,
}

struct Point<'a> {
    at: &'a [f64],
    value: f64,
    slope: f64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m, x| if x.abs() > m || x.is_nan() { x.abs() } else { m })
}

/// Minus the approximate inverse Hessian times the gradient.
fn two_loops(memory: &VecDeque<Pair>, gradient: &[f64], inverse: Option<&Inverse<'_>>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alpha = vec![0.0; memory.len()];
    for (i, p) in memory.iter().enumerate().rev() {
        alpha[i] = p.rho * dot(&p.s, &q);
        q.iter_mut().zip(&p.y).for_each(|(v, y)| *v -= alpha[i] * y);
    }
    if let Some(inverse) = inverse {
        q = inverse(&q);
    } else if let Some(last) = memory.back() {
        let scale = 1.0 / (last.rho * dot(&last.y, &last.y));
        q.iter_mut().for_each(|v| *v *= scale);
    }
    for (i, p) in memory.iter().enumerate() {
        let beta = p.rho * dot(&p.y, &q);
        q.iter_mut().zip(&p.s).for_each(|(v, s)| *v += (alpha[i] - beta) * s);
    }
    q
}

type Step = (f64, Vec<f64>, Vec<f64>, f64);

/// A step along `direction` that flattens the slope enough; `None` where none is found.
fn search(from: &Point<'_>, direction: &[f64], first: f64, function: &mut Function<'_>) -> Result<Option<Step>> {
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut step = first;
    let noise = 1e-12 * from.value.abs();
    for _ in 0..60 {
        let at: Vec<f64> = from.at.iter().zip(direction).map(|(x, d)| x + step * d).collect();
        let mut gradient = vec![0.0; at.len()];
        let value = function(&at, &mut gradient)?;
        let slope = dot(&gradient, direction);
        let falls = value <= from.value + 1e-4 * step * from.slope;
        let flat = value <= from.value + noise && slope <= -0.8 * from.slope;
        if !(value.is_finite() && slope.is_finite()) || !(falls || flat) {
            high = step;
        } else if slope < 0.9 * from.slope {
            low = step;
        } else {
            return Ok(Some((step, at, gradient, value)));
        }
        step = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * step };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badly_scaled_bowl_is_solved_to_rounding() {
        let centre = [3.0, -1.0, 0.5, 20.0];
        let stiff = [1.0, 100.0, 1e-2, 1e4];
        let mut f = |x: &[f64], g: &mut [f64]| {
            let mut sum = 5.0;
            for i in 0..4 {
                g[i] = stiff[i] * (x[i] - centre[i]);
                sum += 0.5 * g[i] * (x[i] - centre[i]);
            }
            Ok(sum)
        };
        let end = minimise(vec![0.0; 4], Stop { gradient: 1e-11, iterations: 500 }, None, &mut f).unwrap();
        assert!(end.converged, "{end:?}");
        assert!(end.at.iter().zip(&centre).all(|(a, c)| (a - c).abs() < 1e-8), "{end:?}");
        let exact = |v: &[f64]| v.iter().zip(&stiff).map(|(v, s)| v / s).collect();
        let end = minimise(vec![0.0; 4], Stop { gradient: 1e-11, iterations: 2 }, Some(&exact), &mut f).unwrap();
        assert!(end.converged, "one step by the exact inverse: {end:?}");
    }

    #[test]
    fn a_curved_valley_ends_at_its_gradient_zero() {
        // Log-sum-exp plus a small quadratic: smooth, convex, not quadratic.
        let mut f = |x: &[f64], g: &mut [f64]| {
            let e: Vec<f64> = x.iter().enumerate().map(|(i, v)| ((i as f64 + 1.0) * v).exp()).collect();
            let total: f64 = e.iter().sum();
            for i in 0..x.len() {
                g[i] = (i as f64 + 1.0) * e[i] / total + 1e-3 * (x[i] - 1.0);
            }
            Ok(total.ln() + x.iter().map(|v| 5e-4 * (v - 1.0).powi(2)).sum::<f64>())
        };
        let end = minimise(vec![0.0; 5], Stop { gradient: 1e-12, iterations: 2000 }, None, &mut f).unwrap();
        assert!(end.converged, "{end:?}");
        let short = minimise(vec![0.0; 5], Stop { gradient: 1e-12, iterations: 2 }, None, &mut f).unwrap();
        assert!(!short.converged);
    }

    #[test]
    fn a_request_to_stop_is_passed_on() {
        let mut f = |_: &[f64], _: &mut [f64]| Err(esker_core::Error::cancelled());
        assert!(minimise(vec![1.0], Stop { gradient: 1e-6, iterations: 10 }, None, &mut f).is_err());
    }
}
