//! Tree-structured Parzen estimators: where good candidates are dense and the others are not, the next one is looked for.
//!
//! Bergstra, Bardenet, Bengio and Kégl (2011), doi 10.5555/2986459.2986743. Each parameter is looked at by itself, on its axis as shares from 0 to 1:
//! a density of the best candidates, another of the rest, each a mixture of normal distributions cut off at the ends, one a candidate and a broad
//! one for the whole range. Of some draws from the first that one is proposed where it exceeds the second most.

use esker_core::{Range, Rng, Setting, Space};
use esker_math::{normal_cdf, normal_quantile};

/// Draws among which the best one is proposed.
const DRAWS: usize = 24;
/// The share of candidates that counts as good, and the most of them.
const GOOD: (f64, usize) = (0.15, 25);
/// Candidates of one class that weigh fully; older ones weigh less.
const RECENT: usize = 25;

/// A candidate by its values in the order of the spaces, and its worth: larger is better.
pub(super) struct Seen<'a> {
    pub values: &'a [Setting],
    pub worth: f64,
}

/// The next candidate's values, after those `seen` in the order of trial. `pending` ones have been proposed and not yet judged: they are
/// taken for bad, so that a batch does not crowd in one place.
pub(super) fn propose(spaces: &[Space], seen: &[Seen<'_>], pending: &[Vec<Setting>], rng: &mut Rng) -> Vec<Setting> {
    let mut order: Vec<usize> = (0..seen.len()).collect();
    order.sort_by(|&a, &b| seen[b].worth.total_cmp(&seen[a].worth).then(a.cmp(&b)));
    let good = ((GOOD.0 * seen.len() as f64).ceil() as usize).clamp(1, GOOD.1);
    let (mut best, mut rest) = (order[..good.min(order.len())].to_vec(), order[good.min(order.len())..].to_vec());
    // In the order of trial again, as ages count.
    best.sort_unstable();
    rest.sort_unstable();
    let mut proposed = Vec::with_capacity(spaces.len());
    for (i, space) in spaces.iter().enumerate() {
        let of = |list: &[usize]| -> Vec<(f64, f64)> { list.iter().filter_map(|&k| space.range.stretch(&seen[k].values[i])).collect() };
        let mut others = of(&rest);
        others.extend(pending.iter().filter_map(|p| space.range.stretch(&p[i])));
        let (near, far) = (Density::new(&space.range, of(&best)), Density::new(&space.range, others));
        let mut chosen = (f64::NEG_INFINITY, space.range.at(0.5));
        for _ in 0..DRAWS {
            let value = space.range.at(near.draw(rng));
            let Some(stretch) = space.range.stretch(&value) else { continue };
            let gain = near.log(stretch) - far.log(stretch);
            if gain > chosen.0 {
                chosen = (gain, value);
            }
        }
        proposed.push(chosen.1);
    }
    proposed
}

/// A density over shares of a range.
enum Density {
    /// Normal distributions cut off at 0 and 1: weight, centre, width.
    Numbers(Vec<(f64, f64, f64)>),
    /// One probability a choice.
    Choices(Vec<f64>),
}

/// Weights of candidates by age, the oldest first: the last [`RECENT`] are whole, those before rise to it evenly.
fn by_age(n: usize) -> impl Iterator<Item = f64> {
    let old = n.saturating_sub(RECENT);
    (0..n).map(move |i| if i < old { (1.0 + i as f64 * (n as f64 - 1.0) / old as f64) / n as f64 } else { 1.0 })
}

impl Density {
    fn new(range: &Range, stretches: Vec<(f64, f64)>) -> Self {
        let weights: Vec<f64> = by_age(stretches.len()).collect();
        // What is assumed before anything was seen weighs as much as one candidate.
        let total = weights.iter().sum::<f64>() + 1.0;
        if let Range::Choice { values } = range {
            let n = values.len();
            let mut shares = vec![1.0 / n as f64 / total; n];
            for (w, (from, _)) in weights.iter().zip(&stretches) {
                shares[((from * n as f64).round() as usize).min(n - 1)] += w / total;
            }
            return Self::Choices(shares);
        }
        let mut kernels: Vec<(f64, f64)> = stretches.iter().map(|(a, b)| (a + b) / 2.0).zip(weights).collect();
        kernels.push((0.5, 1.0));
        let prior = kernels.len() - 1;
        let mut order: Vec<usize> = (0..kernels.len()).collect();
        order.sort_by(|&a, &b| kernels[a].0.total_cmp(&kernels[b].0).then(a.cmp(&b)));
        let least = 1.0 / (1.0 + kernels.len() as f64).min(100.0);
        let mut mixed = vec![(0.0, 0.0, 0.0); kernels.len()];
        for (rank, &k) in order.iter().enumerate() {
            // As wide as the larger gap to a neighbour; an outermost one has one neighbour.
            let gap = |other: Option<&usize>| other.map(|&o| (kernels[o].0 - kernels[k].0).abs());
            let (below, above) = (gap(rank.checked_sub(1).and_then(|r| order.get(r))), gap(order.get(rank + 1)));
            let width = below.unwrap_or(0.0).max(above.unwrap_or(0.0)).clamp(least, 1.0);
            mixed[k] = (kernels[k].1 / total, kernels[k].0, if k == prior { 1.0 } else { width });
        }
        Self::Numbers(mixed)
    }

    fn draw(&self, rng: &mut Rng) -> f64 {
        let mut left = rng.uniform();
        let u = rng.uniform();
        match self {
            Self::Numbers(kernels) => {
                let mut pick = kernels.len() - 1;
                for (i, (weight, _, _)) in kernels.iter().enumerate() {
                    left -= weight;
                    if left < 0.0 {
                        pick = i;
                        break;
                    }
                }
                let (_, centre, width) = kernels[pick];
                let (a, b) = (normal_cdf(-centre / width), normal_cdf((1.0 - centre) / width));
                (centre + width * normal_quantile((a + u * (b - a)).clamp(1e-300, 1.0 - 1e-16))).clamp(0.0, 1.0)
            }
            Self::Choices(shares) => {
                let n = shares.len();
                let mut pick = n - 1;
                for (i, share) in shares.iter().enumerate() {
                    left -= share;
                    if left < 0.0 {
                        pick = i;
                        break;
                    }
                }
                (pick as f64 + 0.5) / n as f64
            }
        }
    }

    /// The logarithm of the density at a point, or of the probability of a stretch.
    fn log(&self, (from, to): (f64, f64)) -> f64 {
        match self {
            Self::Choices(shares) => shares[((from * shares.len() as f64).round() as usize).min(shares.len() - 1)].ln(),
            Self::Numbers(kernels) => {
                let one = |(weight, centre, width): &(f64, f64, f64)| {
                    let within = normal_cdf((1.0 - centre) / width) - normal_cdf(-centre / width);
                    let mass = if to > from {
                        normal_cdf((to - centre) / width) - normal_cdf((from - centre) / width)
                    } else {
                        (-0.5 * ((from - centre) / width).powi(2)).exp() / (width * (2.0 * std::f64::consts::PI).sqrt())
                    };
                    weight * mass / within
                };
                kernels.iter().map(one).sum::<f64>().max(1e-300).ln()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaces() -> Vec<Space> {
        let space = |parameter: &str, range| Space { parameter: parameter.into(), range };
        let words = ["a", "b", "c"].map(|w| Setting::Text(w.into())).to_vec();
        vec![
            space("rate", Range::Real { low: 1e-3, high: 1.0, log: true }),
            space("leaves", Range::Whole { low: 2, high: 64, log: true }),
            space("share", Range::Real { low: 0.0, high: 1.0, log: false }),
            space("word", Range::Choice { values: words }),
        ]
    }

    /// Best at rate 0.05, leaves 20, share 0.8 and word b.
    fn worth(v: &[Setting]) -> f64 {
        let [Setting::Real(rate), Setting::Integer(leaves), Setting::Real(share), Setting::Text(word)] = v else { panic!("{v:?}") };
        let apart = [(rate / 0.05).ln() / 3.0, (*leaves as f64 / 20.0).ln(), 2.0 * (share - 0.8)];
        -apart.iter().map(|d| d * d).sum::<f64>() - if word == "b" { 0.0 } else { 0.3 }
    }

    /// Worths in the order of trial.
    fn search(trials: usize, random: usize, seed: u64) -> Vec<(Vec<Setting>, f64)> {
        let (spaces, mut rng) = (spaces(), Rng::new(seed));
        let mut seen: Vec<(Vec<Setting>, f64)> = Vec::new();
        for i in 0..trials {
            let values = if i < random {
                spaces.iter().map(|s| s.range.draw(&mut rng)).collect()
            } else {
                let known: Vec<Seen<'_>> = seen.iter().map(|(values, worth)| Seen { values, worth: *worth }).collect();
                propose(&spaces, &known, &[], &mut rng)
            };
            let worth = worth(&values);
            seen.push((values, worth));
        }
        seen
    }

    #[test]
    fn proposals_stay_in_their_space_and_gather_round_the_best() {
        let mut found = [0.0; 2];
        for seed in 0..20 {
            let tried = search(60, 10, seed);
            for (values, _) in &tried {
                for (space, value) in spaces().iter().zip(values) {
                    let (from, to) = space.range.stretch(value).unwrap();
                    assert!(from >= 0.0 && to <= 1.0);
                    // What lies outside is moved to an end, so a value inside is the one that its share gives.
                    let back = space.range.at((from + to) / 2.0);
                    match (&back, value) {
                        (Setting::Real(a), Setting::Real(b)) => assert!((a - b).abs() <= 1e-9 * b.abs()),
                        _ => assert_eq!(back, *value),
                    }
                }
            }
            let mean = |list: &[(Vec<Setting>, f64)]| list.iter().map(|t| t.1).sum::<f64>() / list.len() as f64;
            assert!(mean(&tried[40..]) > 0.4 * mean(&search(60, 60, seed)), "seed {seed}: the last ones are far better than random ones");
            let best = |list: &[(Vec<Setting>, f64)]| list.iter().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max);
            found[0] += best(&tried) / 20.0;
            found[1] += best(&search(60, 60, seed + 1000)) / 20.0;
        }
        assert!(found[0] > 0.5 * found[1], "the best of 60 on average: {found:?}");
    }

    #[test]
    fn a_density_sums_to_one() {
        let whole = Range::Whole { low: 1, high: 40, log: true };
        let seen = [1, 2, 2, 30, 40].map(|v| whole.stretch(&Setting::Integer(v)).unwrap()).to_vec();
        let density = Density::new(&whole, seen);
        let total: f64 = (1..=40).map(|v| density.log(whole.stretch(&Setting::Integer(v)).unwrap()).exp()).sum();
        assert!((total - 1.0).abs() < 1e-9, "{total}");
        let real = Range::Real { low: 0.0, high: 1.0, log: false };
        let density = Density::new(&real, vec![(0.1, 0.1), (0.95, 0.95)]);
        let total: f64 = (0..10_000).map(|i| density.log((f64::from(i) / 1e4 + 5e-5, f64::from(i) / 1e4 + 5e-5)).exp() / 1e4).sum();
        assert!((total - 1.0).abs() < 1e-3, "{total}");
        assert!(by_age(60).all(|w| w > 0.0 && w <= 1.0) && by_age(60).skip(35).all(|w| w == 1.0));
    }

    #[test]
    fn draws_follow_the_density() {
        let real = Range::Real { low: 0.0, high: 1.0, log: false };
        let density = Density::new(&real, vec![(0.2, 0.2), (0.25, 0.25), (0.3, 0.3)]);
        let mut rng = Rng::new(4);
        let below = (0..20_000).filter(|_| density.draw(&mut rng) < 0.4).count() as f64 / 20_000.0;
        let expected: f64 = (0..4000).map(|i| density.log((f64::from(i) / 1e4, f64::from(i) / 1e4)).exp() / 1e4).sum();
        assert!((below - expected).abs() < 0.015, "{below} {expected}");
    }
}
