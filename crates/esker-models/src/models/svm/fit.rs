//! Fitting: one machine for numbers, one for each pair of classes, and the folds that decision values of held-out rows come from.

use esker_core::{Context, Error, Note, Result, Rng, Samples};
use rayon::prelude::*;

use super::interior::{Halves, Plane};
use super::kernel::Cache;
use super::rows::{Rows, Wanted};
use super::smo::{Problem, Solution, solve};
use super::{Answer, Fitted, Machine, Shape, Svm, pairs};
use crate::models::training::Classes;
use crate::sigmoid::Sigmoid;

/// Rows that differ beyond which a Gaussian kernel is refused: the time grows with their square.
const MOST_ROWS: usize = 50_000;
/// Classes beyond which pairs are refused.
const MOST_CLASSES: usize = 100;
/// Memory for rows of kernels, of all machines fitted at a time.
const CACHE: usize = 200 << 20;
/// Folds of the training rows for probabilities.
const FOLDS: usize = 5;
/// Steps of SMO a row, and at least.
const STEPS: (usize, usize) = (100, 2_000_000);

/// One machine with what is told of its fit.
struct Part {
    /// One coefficient a feature, or places of rows with theirs.
    weights: Vec<f64>,
    vectors: Vec<(usize, f64)>,
    machine: Machine,
    told: Told,
}

/// How a fit ended.
#[derive(Debug, Clone, Copy)]
struct Told {
    gap: f64,
    steps: usize,
    dual: f64,
    converged: bool,
}

/// A found function before it becomes a machine: the decision values of all its rows with the constant term, and how it was found.
struct Found {
    weights: Vec<f64>,
    beta: Vec<f64>,
    bias: f64,
    values: Vec<f64>,
    told: Told,
}

/// The fitted model.
///
/// # Errors
/// Rows that cannot be learned from, too many of them, or the user stopped the work.
pub(super) fn fit(svm: &Svm, train: &Samples, target: &str, cx: &Context) -> Result<Fitted> {
    let rows = Rows::new(train, target)?;
    let gamma = if svm.gamma > 0.0 { svm.gamma } else { rows.scale() };
    let names = rows.x.names.clone();
    let (answer, parts, constant) = match &rows.wanted {
        Wanted::Real(unit) => {
            let (mean, sd) = moments(&rows);
            let answer = Answer::Real { unit: unit.clone(), mean, sd };
            (answer, vec![number(svm, gamma, &rows, (mean, sd), cx)?], (sd == 0.0).then(|| format!("all training rows have {mean}")))
        }
        Wanted::Class(classes) => {
            let parts = machines(svm, gamma, &rows, classes, cx)?;
            let one = (classes.count() == 1).then(|| format!("all training rows are of class '{}'", classes.name(0)));
            (Answer::Class(classes.clone()), parts, one)
        }
    };
    let mut notes = Vec::new();
    if let Some(text) = constant {
        let code = if matches!(answer, Answer::Real { .. }) { "constant-target" } else { "one-class" };
        notes.push(Note::warning(code, text));
    }
    let shape = if svm.linear {
        Shape::Linear(parts.iter().flat_map(|p| p.weights.iter().copied()).collect())
    } else {
        shape(&rows, gamma, &parts)
    };
    notes.extend(told(svm, &rows, &shape, &parts));
    let machines = parts.into_iter().map(|p| p.machine).collect();
    let fitted = Fitted { names, answer, shape, machines, notes };
    if fitted.sound() {
        return Ok(fitted);
    }
    Err(Error::numeric("support vector machine")
        .got("a coefficient that is not finite")
        .rule("products of features and coefficients must stay within the range of numbers")
        .hint("are some values extremely large?"))
}

/// Mean and standard deviation of the target, the latter 0 where all are equal.
fn moments(rows: &Rows) -> (f64, f64) {
    let total: f64 = rows.weight.iter().sum();
    let first = rows.target[0];
    let weighted = |of: &dyn Fn(f64) -> f64| rows.target.iter().zip(&rows.weight).map(|(y, w)| w * of(*y)).sum::<f64>() / total;
    let mean = first + weighted(&|y| y - first);
    (mean, weighted(&|y| (y - mean) * (y - mean)).sqrt())
}

fn refuse_many(svm: &Svm, rows: usize) -> Result<()> {
    if svm.linear || rows <= MOST_ROWS {
        return Ok(());
    }
    Err(Error::data("training rows")
        .got(format!("{rows} that differ"))
        .rule(format!("a support vector machine with a Gaussian kernel takes at most {MOST_ROWS}: its time grows with their square"))
        .hint("use kernel = \"linear\", or 'boosting', or fewer rows"))
}

/// ε-SVR on the target in standard deviations.
fn number(svm: &Svm, gamma: f64, rows: &Rows, (mean, sd): (f64, f64), cx: &Context) -> Result<Part> {
    refuse_many(svm, rows.len())?;
    let scale = if sd > 0.0 { sd } else { 1.0 };
    let target: Vec<f64> = rows.target.iter().map(|y| (y - mean) / scale).collect();
    let cost: Vec<f64> = rows.weight.iter().map(|w| svm.cost * w).collect();
    let found = if sd == 0.0 {
        let told = Told { gap: 0.0, steps: 0, dual: 0.0, converged: true };
        Found { weights: vec![0.0; rows.x.columns()], beta: vec![0.0; rows.len()], bias: 0.0, values: Vec::new(), told }
    } else if svm.linear {
        let both = |of: &dyn Fn(f64) -> f64, other: &dyn Fn(f64) -> f64| {
            target.iter().map(|y| of(*y)).chain(target.iter().map(|y| other(*y))).collect()
        };
        let halves = Halves {
            columns: &rows.x.values,
            rows: rows.len(),
            sign: both(&|_| 1.0, &|_| -1.0),
            offset: both(&|y| y - svm.epsilon, &|y| -y - svm.epsilon),
            cost: [&cost[..], &cost[..]].concat(),
        };
        plane(rows, halves.solve(cx)?)
    } else {
        let mut cache = Cache::new(&rows.x.values, rows.len(), gamma, CACHE);
        let low: Vec<f64> = cost.iter().map(|c| -c).collect();
        let problem = problem(svm, &target, (&low, &cost), svm.epsilon);
        let solution = solve(&problem, &mut cache, vec![0.0; rows.len()], cx)?;
        kernels(&problem, solution)
    };
    let all: Vec<usize> = (0..rows.len()).collect();
    Ok(part(found, &all, Sigmoid { a: 0.0, b: 0.0 }))
}

fn problem<'a>(svm: &Svm, target: &'a [f64], (low, high): (&'a [f64], &'a [f64]), tube: f64) -> Problem<'a> {
    Problem { target, low, high, tube, tolerance: svm.tolerance, steps: STEPS.1.max(STEPS.0 * target.len()) }
}

fn kernels(problem: &Problem, solution: Solution) -> Found {
    let told =
        Told { gap: solution.gap, steps: solution.steps, dual: solution.dual(problem), converged: solution.gap <= problem.tolerance };
    let values = problem.target.iter().zip(&solution.residual).map(|(y, r)| y - r + solution.bias).collect();
    Found { weights: Vec::new(), beta: solution.beta, bias: solution.bias, values, told }
}

fn plane(rows: &Rows, found: Plane) -> Found {
    let told = Told { gap: found.gap, steps: found.steps, dual: found.dual, converged: found.converged };
    let mut values = vec![found.bias; rows.len()];
    for (j, w) in found.weights.iter().enumerate() {
        values.iter_mut().zip(rows.x.column(j)).for_each(|(v, x)| *v += w * x);
    }
    Found { weights: found.weights, beta: Vec::new(), bias: found.bias, values, told }
}

fn part(found: Found, rows: &[usize], sigmoid: Sigmoid) -> Part {
    let vectors = rows.iter().zip(&found.beta).filter(|(_, b)| **b != 0.0).map(|(&r, &b)| (r, b)).collect();
    Part { weights: found.weights, vectors, machine: Machine { bias: found.bias, sigmoid }, told: found.told }
}

/// One machine a pair of classes.
fn machines(svm: &Svm, gamma: f64, rows: &Rows, classes: &Classes, cx: &Context) -> Result<Vec<Part>> {
    let k = classes.count();
    if k > MOST_CLASSES {
        return Err(Error::data("target")
            .got(format!("{k} classes"))
            .rule(format!("a support vector machine fits one machine a pair and takes at most {MOST_CLASSES} classes"))
            .hint("use 'forest' or 'boosting', or join rare classes"));
    }
    let of: Vec<Vec<usize>> = (0..k).map(|c| (0..rows.len()).filter(|&r| rows.target[r] == c as f64).collect()).collect();
    let pairs = pairs(k);
    for (a, b) in &pairs {
        refuse_many(svm, of[*a].len() + of[*b].len())?;
    }
    let cache = CACHE / cx.threads.min(pairs.len()).max(1);
    let one = |(p, &(a, b)): (usize, &(usize, usize))| {
        let mut own: Vec<usize> = of[a].iter().chain(&of[b]).copied().collect();
        own.sort_unstable();
        let pair = rows.select(&own);
        let label: Vec<f64> = pair.target.iter().map(|t| if *t == a as f64 { 1.0 } else { -1.0 }).collect();
        let mut machine = Pair::new(svm, gamma, &pair, &label, cache);
        let whole = machine.solve(&vec![true; own.len()], None, cx)?;
        let sigmoid = machine.sigmoid(&whole, &mut cx.rng.fork("probabilities", p as u64), cx)?;
        Ok(part(whole, &own, sigmoid))
    };
    pairs.par_iter().enumerate().map(one).collect()
}

/// A machine of two classes, fitted on some of its rows at a time. Kernels are kept between fits.
struct Pair<'a> {
    svm: &'a Svm,
    rows: &'a Rows,
    label: &'a [f64],
    cache: Cache<'a>,
}

impl<'a> Pair<'a> {
    fn new(svm: &'a Svm, gamma: f64, rows: &'a Rows, label: &'a [f64], bytes: usize) -> Self {
        Self { svm, rows, label, cache: Cache::new(&rows.x.values, rows.len(), gamma, bytes) }
    }

    /// The machine of the rows that take part; with a Gaussian kernel it starts from `near`.
    fn solve(&mut self, takes_part: &[bool], near: Option<&[f64]>, cx: &Context) -> Result<Found> {
        let bound = |r: usize, of: f64| if takes_part[r] && self.label[r] == of { self.svm.cost * self.rows.weight[r] } else { 0.0 };
        if self.svm.linear {
            let some: Vec<usize> = (0..self.label.len()).filter(|&r| takes_part[r]).collect();
            let x = self.rows.select(&some);
            let sign: Vec<f64> = some.iter().map(|&r| self.label[r]).collect();
            let cost = some.iter().map(|&r| self.svm.cost * self.rows.weight[r]).collect();
            let halves = Halves { columns: &x.x.values, rows: some.len(), offset: vec![1.0; some.len()], sign, cost };
            return Ok(plane(self.rows, halves.solve(cx)?));
        }
        let high: Vec<f64> = (0..self.label.len()).map(|r| bound(r, 1.0)).collect();
        let low: Vec<f64> = (0..self.label.len()).map(|r| -bound(r, -1.0)).collect();
        let start = near.map_or_else(|| vec![0.0; self.label.len()], |near| balanced(near, takes_part));
        let problem = problem(self.svm, self.label, (&low, &high), 0.0);
        let solution = solve(&problem, &mut self.cache, start, cx)?;
        Ok(kernels(&problem, solution))
    }

    /// The sigmoid of decision values on rows that did not take part: whole groups are held out where the samples have groups.
    fn sigmoid(&mut self, whole: &Found, rng: &mut Rng, cx: &Context) -> Result<Sigmoid> {
        let mut cuts = vec![self.by_row(rng)];
        if self.rows.group.iter().any(|g| *g != self.rows.group[0]) {
            cuts.insert(0, self.by_group(rng));
        }
        for fold in cuts {
            let mut values = Vec::with_capacity(self.label.len());
            for f in 0..FOLDS {
                let takes_part: Vec<bool> = fold.iter().map(|other| *other != f).collect();
                let has = |of: f64| takes_part.iter().zip(self.label).any(|(t, l)| *t && *l == of);
                if takes_part.iter().all(|t| *t) || !has(1.0) || !has(-1.0) {
                    continue;
                }
                let found = self.solve(&takes_part, Some(&whole.beta), cx)?;
                let held = (0..fold.len()).filter(|&r| fold[r] == f);
                values.extend(held.map(|r| (found.values[r], self.label[r] > 0.0, self.rows.weight[r])));
            }
            // Groups may hold one class each: then no fold tells of both.
            if values.iter().any(|v| v.1) && values.iter().any(|v| !v.1) {
                return Ok(Sigmoid::fit(&values));
            }
        }
        let of = |label: f64| self.label.iter().zip(&self.rows.weight).filter(|(l, _)| **l == label).map(|(_, w)| w).sum();
        Ok(Sigmoid::share(of(1.0), of(-1.0)))
    }

    /// Folds with nearly equal shares of both classes.
    fn by_row(&self, rng: &mut Rng) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.label.len()).collect();
        rng.shuffle(&mut order);
        order.sort_by(|&a, &b| self.label[a].total_cmp(&self.label[b]));
        let mut fold = vec![0; order.len()];
        order.into_iter().enumerate().for_each(|(i, r)| fold[r] = i % FOLDS);
        fold
    }

    /// Folds of whole groups, the larger ones first, each to the fold with the fewest rows.
    fn by_group(&self, rng: &mut Rng) -> Vec<usize> {
        let mut groups: Vec<(u32, usize)> = Vec::new();
        let mut sorted = self.rows.group.clone();
        sorted.sort_unstable();
        for g in sorted {
            match groups.last_mut() {
                Some((last, count)) if *last == g => *count += 1,
                _ => groups.push((g, 1)),
            }
        }
        rng.shuffle(&mut groups);
        groups.sort_by_key(|g| std::cmp::Reverse(g.1));
        let mut filled = [0; FOLDS];
        let mut of: Vec<(u32, usize)> = Vec::with_capacity(groups.len());
        for (group, count) in groups {
            let least = (0..FOLDS).fold(0, |a, b| if filled[b] < filled[a] { b } else { a });
            filled[least] += count;
            of.push((group, least));
        }
        of.sort_unstable();
        self.rows.group.iter().map(|g| of.binary_search_by_key(g, |o| o.0).map_or(0, |i| of[i].1)).collect()
    }
}

/// Coefficients of rows that take part, those of the heavier class made smaller so that their sum is 0.
fn balanced(near: &[f64], takes_part: &[bool]) -> Vec<f64> {
    let mut beta: Vec<f64> = near.iter().zip(takes_part).map(|(b, t)| if *t { *b } else { 0.0 }).collect();
    let sum = |sign: f64| beta.iter().map(|b| (sign * b).max(0.0)).sum::<f64>();
    let (up, down) = (sum(1.0), sum(-1.0));
    let (above, below) = if up == 0.0 || down == 0.0 { (0.0, 0.0) } else { ((down / up).min(1.0), (up / down).min(1.0)) };
    beta.iter_mut().for_each(|b| *b *= if *b > 0.0 { above } else { below });
    beta
}

/// The support vectors of all machines, each once.
fn shape(rows: &Rows, gamma: f64, parts: &[Part]) -> Shape {
    let mut used: Vec<usize> = parts.iter().flat_map(|p| p.vectors.iter().map(|v| v.0)).collect();
    used.sort_unstable();
    used.dedup();
    let place = |row: usize| used.partition_point(|u| *u < row) as u32;
    let coefficients = parts.iter().map(|p| p.vectors.iter().map(|(r, b)| (place(*r), *b)).collect()).collect();
    Shape::Rbf { gamma, vectors: used.len() as u32, support: rows.select(&used).x.values, coefficients }
}

/// How the fit ended, in words.
fn told(svm: &Svm, rows: &Rows, shape: &Shape, parts: &[Part]) -> Vec<Note> {
    if parts.is_empty() {
        return Vec::new();
    }
    let worst = parts.iter().fold(0.0, |a: f64, p| a.max(p.told.gap));
    let (steps, dual): (usize, f64) = (parts.iter().map(|p| p.told.steps).sum(), parts.iter().map(|p| p.told.dual).sum());
    let machines = if parts.len() == 1 { String::new() } else { format!(" of {} machines together", parts.len()) };
    let (text, wanted) = match shape {
        Shape::Linear(_) => (
            format!(
                "linear kernel: least dual objective{machines} {dual:.6e} after {steps} interior-point steps, relative duality gap {worst:.1e}"
            ),
            "the duality gap fell to 1e-9".to_owned(),
        ),
        Shape::Rbf { gamma, vectors, .. } => (
            format!(
                "Gaussian kernel, gamma {gamma:.4e}: {vectors} of {} different training rows are support vectors; least dual objective{machines} \
                 {dual:.6e} after {steps} steps, optimality conditions violated by at most {worst:.1e}",
                rows.len()
            ),
            format!("the optimality conditions held within {:.0e}", svm.tolerance),
        ),
    };
    let mut notes = vec![Note::info("svm-solution", text)];
    let left = parts.iter().filter(|p| !p.told.converged).count();
    if left > 0 {
        let text = format!(
            "{left} of {} machines stopped before {wanted}; {worst:.1e} is left: a smaller cost or gamma converges faster",
            parts.len()
        );
        notes.push(Note::warning("not-converged", text));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Column, Settings, Support, Weight};

    #[test]
    fn what_did_not_converge_is_said() {
        let columns = vec![Column::real("a", "", vec![0.0, 1.0]), Column::real("y", "", vec![0.0, 1.0])];
        let rows = Rows::new(&Samples::new(columns, Support::bare(2), None).unwrap(), "y").unwrap();
        let svm = Svm::new(&Settings::defaults(&super::super::parameters()));
        let told_of = |gap, converged| {
            let machine = Machine { bias: 0.0, sigmoid: Sigmoid { a: 0.0, b: 0.0 } };
            let part = Part { weights: Vec::new(), vectors: Vec::new(), machine, told: Told { gap, steps: 7, dual: -1.5, converged } };
            let shape = Shape::Rbf { gamma: 0.5, vectors: 2, support: vec![0.0, 1.0], coefficients: Vec::new() };
            told(&svm, &rows, &shape, &[part])
        };
        assert_eq!(told_of(1e-4, true).len(), 1);
        let notes = told_of(0.25, false);
        assert_eq!((notes[1].weight, notes[1].code.as_str()), (Weight::Warning, "not-converged"));
        assert_eq!(
            notes[1].text,
            "1 of 1 machines stopped before the optimality conditions held within 1e-3; 2.5e-1 is left: a smaller cost or gamma converges faster"
        );
    }

    #[test]
    fn coefficients_that_go_on_with_fewer_rows_still_sum_to_zero() {
        let near = [2.0, -1.0, 0.5, -1.5, 0.0];
        let beta = balanced(&near, &[true, true, false, true, true]);
        assert!(beta.iter().zip([2.0, -0.8, 0.0, -1.2, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{beta:?}");
        assert_eq!(balanced(&near, &[true, false, true, false, true]), [0.0; 5]);
    }
}
