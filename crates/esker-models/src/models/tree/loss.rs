//! Losses of boosting: what a row's gradient and hessian are at its score, where scores begin, and what an answer is.
//!
//! Numbers: squared, absolute, Huber and quantile loss answer with the score itself; Poisson, gamma and Tweedie deviance with its exponential
//! (Friedman 2001; for the deviances Yang, Qian and Zou 2018, doi 10.1080/07350015.2016.1200981). Classes: logistic and multinomial.

use std::ops::Range;
use std::sync::Arc;

use esker_core::{Error, Result};
use esker_math::{exponential, wide};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::MANY_ROWS;
use super::sums::Words;
use super::target::mean;

/// How far a Poisson score may run ahead of its curvature in a step, as in LightGBM and XGBoost.
const POISSON_AHEAD: f64 = 0.7;

/// A loss that a user brings, of targets and scores; the answer of a model is its score.
pub trait CustomLoss: Send + Sync {
    /// The score of all rows before the first tree.
    fn start(&self, target: &[f64], weight: Option<&[f64]>) -> f64;

    /// Gradient and hessian of each row's loss at its score, weights not included. A hessian below 0 counts as 0.
    fn derivatives(&self, target: &[f64], score: &[f64], gradient: &mut [f64], hessian: &mut [f64]);
}

/// The loss of a target of numbers.
#[derive(Clone)]
pub(super) enum Shape {
    Squared,
    Absolute,
    /// Squared up to a residual that this share of the rows stays below, absolute beyond.
    Huber(f64),
    /// The quantile of this share.
    Quantile(f64),
    Poisson,
    Gamma,
    /// Variance in proportion to this power of the mean, between 1 and 2.
    Tweedie(f64),
    Custom(Arc<dyn CustomLoss>),
}

/// What an answer is of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Link {
    /// The score itself.
    Identity,
    /// Its exponential.
    Log,
}

impl Shape {
    /// What an answer is of a score.
    pub(super) fn link(&self) -> Link {
        if matches!(self, Self::Poisson | Self::Gamma | Self::Tweedie(_)) { Link::Log } else { Link::Identity }
    }

    /// Whether every hessian is 1.
    pub(super) fn flat(&self) -> bool {
        matches!(self, Self::Squared | Self::Absolute | Self::Huber(_) | Self::Quantile(_))
    }

    /// The quantile of the residuals that a leaf answers with, where it is no ratio of sums.
    fn quantile(&self) -> Option<f64> {
        match self {
            Self::Absolute => Some(0.5),
            Self::Quantile(share) => Some(*share),
            _ => None,
        }
    }

    /// The score of all rows before the first tree.
    ///
    /// # Errors
    /// Targets that the loss is not made for.
    pub(super) fn start(&self, y: &[f64], weight: Option<&[f64]>) -> Result<f64> {
        let of = |i: usize| weight.map_or(1.0, |w| w[i]);
        let (name, least) = match self {
            Self::Squared => return Ok(mean(y, of)),
            Self::Absolute | Self::Huber(_) => return Ok(quantile(&mut pairs(y, of), 0.5)),
            Self::Quantile(share) => return Ok(quantile(&mut pairs(y, of), *share)),
            Self::Custom(loss) => return finite_start(loss.start(y, weight)),
            Self::Poisson => ("poisson", 0.0),
            Self::Gamma => ("gamma", f64::MIN_POSITIVE),
            Self::Tweedie(_) => ("tweedie", 0.0),
        };
        if let Some(bad) = y.iter().find(|v| **v < least) {
            let rule = if least == 0.0 { "targets must not be negative" } else { "targets must be above 0" };
            return Err(Error::data(format!("loss '{name}'"))
                .got(bad.to_string())
                .rule(rule)
                .hint("use loss = \"squared\", or filter those rows"));
        }
        let centre = mean(y, of);
        if centre <= 0.0 {
            return Err(Error::data(format!("loss '{name}'"))
                .got("targets that are all 0")
                .rule("a mean above 0 is needed: scores are its logarithm"));
        }
        Ok(centre.ln())
    }
}

fn finite_start(start: f64) -> Result<f64> {
    if start.is_finite() {
        Ok(start)
    } else {
        Err(Error::numeric("the custom loss's start").got(start.to_string()).rule("a finite number is wanted"))
    }
}

fn pairs(y: &[f64], weight: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    y.iter().enumerate().map(|(i, &v)| (v, weight(i))).collect()
}

/// The value that a share of the weight lies below; halfway where two values serve. A weight of 2 is as good as two rows.
pub(super) fn quantile(pairs: &mut [(f64, f64)], share: f64) -> f64 {
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = share * pairs.iter().map(|p| p.1).sum::<f64>();
    let mut below = 0.0;
    for (i, (value, weight)) in pairs.iter().enumerate() {
        below += weight;
        let gap = below - wanted;
        if gap.abs() <= 1e-9 * wanted
            && let Some(next) = pairs.get(i + 1)
        {
            return 0.5 * value + 0.5 * next.0;
        }
        if gap >= 0.0 {
            return *value;
        }
    }
    pairs.last().map_or(0.0, |p| p.0)
}

/// What a loss says of rows, for a lane and their scores there.
pub(super) trait Loss<const W: usize>: Sync {
    /// Looks at the scores of all lanes before a round in which only some rows count, from the first of a part on.
    fn refresh(&mut self, _scores: &[&[f64]], _rows: Range<usize>) {}

    /// The bits of gradient and, with two words, hessian of consecutive rows from `first`, which begins a part.
    fn fill(&self, lane: usize, first: usize, score: &[f64], raw: &mut [Words<W>]);

    /// Whether what a leaf of a lane answers with is no ratio of sums.
    fn renews(&self, _lane: usize) -> bool {
        false
    }

    /// What a leaf of these rows then answers with.
    fn leaf(&self, _lane: usize, _rows: &[u32], _score: &[f64]) -> f64 {
        0.0
    }
}

/// The losses of numbers.
pub(super) struct Numbers<'a> {
    pub(super) y: &'a [f64],
    pub(super) weight: Option<&'a [f64]>,
    pub(super) shape: Shape,
    /// Where Huber's loss turns, this round.
    turn: f64,
    /// Gradients and hessians of a loss that a user brings.
    brought: Option<(Vec<f64>, Vec<f64>)>,
}

impl<'a> Numbers<'a> {
    pub(super) fn new(y: &'a [f64], weight: Option<&'a [f64]>, shape: Shape) -> Self {
        let brought = matches!(shape, Shape::Custom(_)).then(|| (vec![0.0; y.len()], vec![0.0; y.len()]));
        Self { y, weight, shape, turn: 0.0, brought }
    }

    /// Writes gradients and hessians that `of` gives of target and score.
    #[inline(always)]
    fn put<const W: usize>(&self, first: usize, score: &[f64], raw: &mut [Words<W>], of: impl Fn(f64, f64) -> (f64, f64)) {
        let y = &self.y[first..first + score.len()];
        match self.weight {
            None => wide(
                #[inline(always)]
                || {
                    for ((raw, &y), &s) in raw.iter_mut().zip(y).zip(score) {
                        let (g, h) = of(y, s);
                        raw[W - 1] = h.to_bits();
                        raw[0] = g.to_bits();
                    }
                },
            ),
            Some(weight) => {
                for (((raw, &y), &s), &w) in raw.iter_mut().zip(y).zip(score).zip(&weight[first..]) {
                    let (g, h) = of(y, s);
                    raw[W - 1] = (w * h).to_bits();
                    raw[0] = (w * g).to_bits();
                }
            }
        }
    }
}

impl<const W: usize> Loss<W> for Numbers<'_> {
    fn refresh(&mut self, scores: &[&[f64]], _: Range<usize>) {
        match (&self.shape, &mut self.brought) {
            (Shape::Huber(share), _) => {
                let away = |(i, (y, s)): (usize, (&f64, &f64))| ((y - s).abs(), self.weight.map_or(1.0, |w| w[i]));
                // Where there are more, rows are in random order.
                let mut away: Vec<(f64, f64)> = self.y.iter().zip(scores[0]).take(super::bins::MOST_SORTED).enumerate().map(away).collect();
                self.turn = quantile(&mut away, *share);
            }
            (Shape::Custom(loss), Some((gradient, hessian))) => loss.derivatives(self.y, scores[0], gradient, hessian),
            _ => {}
        }
    }

    fn fill(&self, _: usize, first: usize, score: &[f64], raw: &mut [Words<W>]) {
        match &self.shape {
            Shape::Squared => self.put(first, score, raw, |y, s| (s - y, 1.0)),
            Shape::Absolute => self.put(first, score, raw, |y, s| (f64::from(i8::from(s > y) - i8::from(s < y)), 1.0)),
            Shape::Quantile(share) => {
                let share = *share;
                self.put(first, score, raw, |y, s| {
                    (
                        if s > y {
                            1.0 - share
                        } else if s < y {
                            -share
                        } else {
                            0.0
                        },
                        1.0,
                    )
                });
            }
            Shape::Huber(_) => {
                let turn = self.turn;
                self.put(first, score, raw, |y, s| ((s - y).clamp(-turn, turn), 1.0));
            }
            Shape::Poisson => {
                let ahead = POISSON_AHEAD.exp();
                self.put(first, score, raw, |y, s| {
                    let m = exponential(s);
                    (m - y, m * ahead)
                });
            }
            Shape::Gamma => self.put(first, score, raw, |y, s| {
                let m = y * exponential(-s);
                (1.0 - m, m)
            }),
            Shape::Tweedie(power) => {
                let p = *power;
                self.put(first, score, raw, |y, s| {
                    let (a, b) = (y * exponential((1.0 - p) * s), exponential((2.0 - p) * s));
                    (b - a, (2.0 - p) * b - (1.0 - p) * a)
                });
            }
            Shape::Custom(_) => {
                let Some((gradient, hessian)) = &self.brought else { return };
                for (i, raw) in raw.iter_mut().enumerate() {
                    let w = self.weight.map_or(1.0, |w| w[first + i]);
                    let h = hessian[first + i];
                    raw[W - 1] = (w * if h < 0.0 { 0.0 } else { h }).to_bits();
                    raw[0] = (w * gradient[first + i]).to_bits();
                }
            }
        }
    }

    fn renews(&self, _: usize) -> bool {
        self.shape.quantile().is_some()
    }

    fn leaf(&self, _: usize, rows: &[u32], score: &[f64]) -> f64 {
        let rest = |&r: &u32| (self.y[r as usize] - score[r as usize], self.weight.map_or(1.0, |w| w[r as usize]));
        let mut rest: Vec<(f64, f64)> = rows.iter().map(rest).collect();
        quantile(&mut rest, self.shape.quantile().unwrap_or(0.5))
    }
}

/// Several losses of the same numbers, one a lane.
pub(super) struct Several<'a>(pub(super) Vec<Numbers<'a>>);

impl<const W: usize> Loss<W> for Several<'_> {
    fn refresh(&mut self, scores: &[&[f64]], rows: Range<usize>) {
        for (one, score) in self.0.iter_mut().zip(scores) {
            Loss::<W>::refresh(one, &[score], rows.clone());
        }
    }

    fn fill(&self, lane: usize, first: usize, score: &[f64], raw: &mut [Words<W>]) {
        self.0[lane].fill(0, first, score, raw);
    }

    fn renews(&self, lane: usize) -> bool {
        Loss::<W>::renews(&self.0[lane], 0)
    }

    fn leaf(&self, lane: usize, rows: &[u32], score: &[f64]) -> f64 {
        Loss::<W>::leaf(&self.0[lane], 0, rows, score)
    }
}

/// Logistic loss; `class` is 0 or 1, the score is the log odds of class 1.
pub(super) struct Logistic<'a> {
    pub(super) class: &'a [u32],
    pub(super) weight: Option<&'a [f64]>,
}

impl Loss<2> for Logistic<'_> {
    fn fill(&self, _: usize, first: usize, score: &[f64], raw: &mut [Words<2>]) {
        wide(
            #[inline(always)]
            || {
                for ((raw, &class), &s) in raw.iter_mut().zip(&self.class[first..]).zip(score) {
                    let p = 1.0 / (1.0 + exponential(-s));
                    *raw = [(p - f64::from(class)).to_bits(), (p * (1.0 - p)).to_bits()];
                }
            },
        );
        weigh(self.weight, first, raw);
    }
}

/// Gradients and hessians times the weights of their rows.
fn weigh(weight: Option<&[f64]>, first: usize, raw: &mut [Words<2>]) {
    let Some(weight) = weight else { return };
    for (raw, &w) in raw.iter_mut().zip(&weight[first..]) {
        *raw = raw.map(|bits| (w * f64::from_bits(bits)).to_bits());
    }
}

/// Rows whose probabilities lie together.
const BLOCK: usize = 1 << 10;

/// Multinomial loss, one lane a class. The hessian is that of LightGBM, p (1 - p) K / (K - 1): the diagonal scaled for the one direction in
/// which all scores may move together.
pub(super) struct Multinomial<'a> {
    class: &'a [u32],
    weight: Option<&'a [f64]>,
    classes: usize,
    /// Probabilities: blocks of rows, classes, rows of the block.
    shares: Vec<f64>,
}

impl<'a> Multinomial<'a> {
    pub(super) fn new(class: &'a [u32], weight: Option<&'a [f64]>, classes: usize) -> Self {
        Self { class, weight, classes, shares: vec![0.0; class.len() * classes] }
    }
}

impl Loss<2> for Multinomial<'_> {
    fn refresh(&mut self, scores: &[&[f64]], rows: Range<usize>) {
        let (classes, first) = (self.classes, rows.start);
        let share = |(block, shares): (usize, &mut [f64])| {
            let (from, rows) = (first + block * BLOCK, shares.len() / classes);
            for (score, shares) in scores.iter().zip(shares.chunks_exact_mut(rows)) {
                shares.copy_from_slice(&score[from..from + rows]);
            }
            wide(
                #[inline(always)]
                || soften_apart(shares, rows),
            );
        };
        let shares = &mut self.shares[rows.start * classes..rows.end * classes];
        if shares.len() >= MANY_ROWS {
            shares.par_chunks_mut(BLOCK * classes).enumerate().for_each(share);
        } else {
            shares.chunks_mut(BLOCK * classes).enumerate().for_each(share);
        }
    }

    fn fill(&self, lane: usize, first: usize, score: &[f64], raw: &mut [Words<2>]) {
        let scale = self.classes as f64 / (self.classes - 1) as f64;
        let end = first + score.len();
        for (block, raw) in (first / BLOCK..).zip(raw.chunks_mut(BLOCK)) {
            let start = block * BLOCK;
            let rows = BLOCK.min(self.class.len() - start);
            debug_assert!(start + raw.len() <= end);
            let shares = &self.shares[start * self.classes + lane * rows..][..raw.len()];
            for ((raw, &p), &class) in raw.iter_mut().zip(shares).zip(&self.class[start..]) {
                *raw = [(p - f64::from(u8::from(class as usize == lane))).to_bits(), (scale * p * (1.0 - p)).to_bits()];
            }
        }
        weigh(self.weight, first, raw);
    }
}

/// Scores of a block, class after class, to shares that sum to 1 over the classes.
#[inline(always)]
fn soften_apart(scores: &mut [f64], rows: usize) {
    let mut top = [f64::NEG_INFINITY; BLOCK];
    let mut sum = [0.0; BLOCK];
    for class in scores.chunks_exact(rows) {
        top.iter_mut().zip(class).for_each(|(top, &s)| *top = if s > *top { s } else { *top });
    }
    for class in scores.chunks_exact_mut(rows) {
        for ((s, top), sum) in class.iter_mut().zip(&top).zip(&mut sum) {
            *s = exponential(*s - top);
            *sum += *s;
        }
    }
    for class in scores.chunks_exact_mut(rows) {
        class.iter_mut().zip(&sum).for_each(|(s, sum)| *s /= sum);
    }
}

/// The probability of class 1 at its log odds.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exponential(-x))
}

/// Scores of a row to shares that sum to 1.
pub(super) fn soften(row: &mut [f64]) {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for s in row.iter_mut() {
        *s = exponential(*s - top);
        sum += *s;
    }
    row.iter_mut().for_each(|s| *s /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gradients are the slopes of the losses, hessians those of the gradients, by differences.
    #[test]
    fn derivatives_agree_with_differences() {
        let deviance = |shape: &Shape, y: f64, s: f64| match shape {
            Shape::Poisson => s.exp() - y * s,
            Shape::Gamma => y * (-s).exp() + s,
            Shape::Tweedie(p) => -y * ((1.0 - p) * s).exp() / (1.0 - p) + ((2.0 - p) * s).exp() / (2.0 - p),
            Shape::Quantile(share) => {
                if y > s {
                    share * (y - s)
                } else {
                    (1.0 - share) * (s - y)
                }
            }
            Shape::Absolute => (y - s).abs(),
            _ => 0.5 * (s - y) * (s - y),
        };
        let at = |shape: &Shape, y: f64, s: f64| {
            let ys = [y];
            let mut raw = [[0; 2]];
            Loss::<2>::fill(&Numbers::new(&ys, None, shape.clone()), 0, 0, &[s], &mut raw);
            raw[0].map(f64::from_bits)
        };
        for shape in [Shape::Squared, Shape::Absolute, Shape::Quantile(0.2), Shape::Poisson, Shape::Gamma, Shape::Tweedie(1.3)] {
            for (y, s) in [(0.7, 0.2), (2.0, -0.4), (1.1, 1.6)] {
                let d = 1e-6;
                let [g, h] = at(&shape, y, s);
                let slope = (deviance(&shape, y, s + d) - deviance(&shape, y, s - d)) / (2.0 * d);
                assert!((g - slope).abs() < 1e-7 * (1.0 + slope.abs()), "{g} {slope}");
                if !shape.flat() {
                    let curve = (at(&shape, y, s + d)[0] - at(&shape, y, s - d)[0]) / (2.0 * d);
                    let ahead = if matches!(shape, Shape::Poisson) { POISSON_AHEAD.exp() } else { 1.0 };
                    assert!((h - ahead * curve).abs() < 1e-6 * (1.0 + curve.abs()), "{h} {curve}");
                }
            }
        }
    }

    #[test]
    fn a_weight_of_2_counts_as_two_rows_in_a_quantile() {
        let mut twice = [(3.0, 1.0), (1.0, 2.0), (2.0, 1.0)];
        let mut rows = [(1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 1.0)];
        for share in [0.1, 0.25, 0.5, 0.6, 0.75, 0.9] {
            assert_eq!(quantile(&mut twice, share), quantile(&mut rows, share), "{share}");
        }
        assert_eq!(quantile(&mut rows, 0.5), 1.5);
    }

    #[test]
    fn shares_sum_to_1_whatever_their_layout() {
        let mut apart = vec![0.3, -2.0, 900.0, 1.0, 0.0, 899.0];
        soften_apart(&mut apart, 3);
        for row in 0..3 {
            let mut together = [[0.3, 1.0], [-2.0, 0.0], [900.0, 899.0]][row];
            soften(&mut together);
            assert_eq!([apart[row], apart[row + 3]], together);
            assert!((together[0] + together[1] - 1.0).abs() < 1e-15);
        }
    }
}
