//! Isotonic regression: the rising curve nearest to points, by pooling adjacent violators.

/// The knots (x, y) of the function that never falls and is nearest to points (x, y, weight) in weighted squares, both rising (pool adjacent
/// violators; Ayer et al. 1955, doi 10.1214/aoms/1177728423). Points at one x count as their weighted mean. Weights are not negative; points of
/// weight 0 count as none, and without any other there are no knots.
///
/// Between knots the function is straight, beyond the ends it is level: [`along`] reads it. That is `IsotonicRegression` of scikit-learn with
/// `out_of_bounds="clip"`.
pub fn isotonic(points: &[(f64, f64, f64)]) -> Vec<(f64, f64)> {
    let mut order: Vec<(f64, f64, f64)> = points.iter().copied().filter(|p| p.2 > 0.0).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)));
    // Blocks of a first and last x, a sum of weight × y, and a weight.
    let mut blocks: Vec<Block> = Vec::new();
    for run in order.chunk_by(|a, b| a.0 == b.0) {
        let (sum, weight) = run.iter().fold((0.0, 0.0), |(s, w), p| (s + p.2 * p.1, w + p.2));
        let mut block = Block { from: run[0].0, to: run[0].0, sum, weight };
        while let Some(last) = blocks.pop_if(|last| last.mean() >= block.mean()) {
            block = Block { from: last.from, to: block.to, sum: last.sum + block.sum, weight: last.weight + block.weight };
        }
        blocks.push(block);
    }
    let ends = |b: &Block| [(b.from, b.mean()), (b.to, b.mean())];
    let mut knots: Vec<(f64, f64)> = blocks.iter().flat_map(ends).collect();
    knots.dedup();
    knots
}

#[derive(Clone, Copy)]
struct Block {
    from: f64,
    to: f64,
    sum: f64,
    weight: f64,
}

impl Block {
    fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

/// The value at `x` of straight lines between knots of rising x, level beyond the ends; NaN at NaN or without knots.
pub fn along(knots: &[(f64, f64)], x: f64) -> f64 {
    let after = knots.partition_point(|k| k.0 <= x);
    match (after.checked_sub(1).map(|b| knots[b]), knots.get(after)) {
        _ if x.is_nan() => f64::NAN,
        (None, None) => f64::NAN,
        (None, Some(next)) => next.1,
        (Some(last), None) => last.1,
        // The shares keep the value between its neighbours, whatever is rounded.
        (Some(last), Some(next)) => {
            let share = (x - last.0) / (next.0 - last.0);
            (last.1 * (1.0 - share) + next.1 * share).clamp(last.1.min(next.1), last.1.max(next.1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violators_are_pooled_by_weight_and_ties_by_mean() {
        let knots = isotonic(&[(3.0, 1.0, 1.0), (1.0, 0.0, 1.0), (2.0, 3.0, 1.0), (2.0, 0.0, 2.0), (4.0, 0.0, 1.0), (9.0, 7.0, 0.0)]);
        // At 2 the mean is 1; it pools with 1 and 0 behind it: (3 + 1 + 0) / 5.
        assert_eq!(knots, [(1.0, 0.0), (2.0, 0.8), (4.0, 0.8)]);
        assert_eq!([0.0, 1.5, 3.0, 9.0].map(|x| along(&knots, x)), [0.0, 0.4, 0.8, 0.8]);
        assert!(isotonic(&[(1.0, 1.0, 0.0)]).is_empty() && along(&[], 1.0).is_nan() && along(&knots, f64::NAN).is_nan());
    }

    #[test]
    fn a_rising_line_is_its_own_curve() {
        let line: Vec<(f64, f64, f64)> = (0..9).map(|i| (f64::from(i), f64::from(i * i), 1.0)).collect();
        assert_eq!(isotonic(&line).len(), 9);
        let falling: Vec<(f64, f64, f64)> = line.iter().map(|p| (p.0, -p.1, 1.0)).collect();
        assert_eq!(isotonic(&falling).len(), 2, "one level");
    }
}
