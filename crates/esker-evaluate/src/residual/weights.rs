//! Which places count as neighbours, and how much.

use esker_core::{Error, Result};
use esker_math::{Ground, Neighbour};

/// The most links that are kept; each takes 12 bytes.
const MOST_LINKS: usize = 40_000_000;

/// Weights from each place to its neighbours; no place is its own neighbour.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Where the links of each place begin; one more than places.
    start: Vec<usize>,
    to: Vec<u32>,
    weight: Vec<f64>,
}

impl Weights {
    /// Weight 1 for the `k` nearest others; of equally near ones, the lower row.
    ///
    /// # Errors
    /// `k` is 0, or there are not more than `k` places.
    pub fn nearest(ground: &Ground, k: usize) -> Result<Self> {
        let n = ground.len();
        if k == 0 || k >= n {
            return Err(Error::data("nearest neighbours").got(format!("{k} of {n} places")).rule("at least 1, and fewer than the places"));
        }
        Self::build(ground, |near, i, found| {
            near.nearest(ground.point(i), k + 1, found);
            found.retain(|f| f.index != i);
            found.truncate(k);
            found.sort_unstable_by_key(|f| f.index);
            Ok(found.iter().map(|_| 1.0).collect())
        })
    }

    /// Weight 1 for all others within `metres` on the ground. A place may have none.
    ///
    /// # Errors
    /// A distance that is not above 0, or more links than memory is meant for.
    pub fn band(ground: &Ground, metres: f64) -> Result<Self> {
        check(metres)?;
        Self::build(ground, |near, i, found| {
            near.within(ground.point(i), ground.squared(metres), found);
            found.retain(|f| f.index != i);
            Ok(found.iter().map(|_| 1.0).collect())
        })
    }

    /// Weight 1 / distance^`power`, in metres on the ground, for all others within `metres`.
    ///
    /// # Errors
    /// As [`Weights::band`]; two samples at one place, between which the weight would be infinite.
    pub fn inverse_distance(ground: &Ground, metres: f64, power: f64) -> Result<Self> {
        check(metres)?;
        Self::build(ground, |near, i, found| {
            near.within(ground.point(i), ground.squared(metres), found);
            found.retain(|f| f.index != i);
            if let Some(same) = found.iter().find(|f| f.distance2 == 0.0) {
                return Err(Error::data("weights by inverse distance")
                    .got(format!("rows {} and {} at one place", i + 1, same.index + 1))
                    .rule("every row has its own place")
                    .hint("take the mean of each place first, or weights by nearest neighbours"));
            }
            Ok(found.iter().map(|f| ground.metres(f.distance2).powf(-power)).collect())
        })
    }

    fn build(ground: &Ground, mut links: impl FnMut(&esker_math::KdTree, usize, &mut Vec<Neighbour>) -> Result<Vec<f64>>) -> Result<Self> {
        let tree = ground.tree()?;
        let mut all = Self { start: vec![0], to: Vec::new(), weight: Vec::new() };
        let mut found = Vec::new();
        for i in 0..ground.len() {
            let weights = links(&tree, i, &mut found)?;
            if all.to.len() + found.len() > MOST_LINKS {
                return Err(Error::data("neighbours")
                    .got(format!("more than {MOST_LINKS} pairs after {i} of {} places", ground.len()))
                    .rule("as many fit into memory")
                    .hint("use a shorter distance, or the nearest neighbours"));
            }
            all.to.extend(found.iter().map(|f| f.index as u32));
            all.weight.extend(weights);
            all.start.push(all.to.len());
        }
        Ok(all)
    }

    /// Each place's weights divided by their sum; places without neighbours stay so.
    #[must_use]
    pub fn standardised(mut self) -> Self {
        for i in 0..self.len() {
            let row = &mut self.weight[self.start[i]..self.start[i + 1]];
            let sum: f64 = row.iter().sum();
            if sum > 0.0 {
                row.iter_mut().for_each(|w| *w /= sum);
            }
        }
        self
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.start.len() - 1
    }

    /// Whether there are no places.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The neighbours of a place with their weights, by row.
    pub fn of(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let span = self.start[i]..self.start[i + 1];
        self.to[span.clone()].iter().map(|&j| j as usize).zip(self.weight[span].iter().copied())
    }

    /// Number of neighbours of a place.
    pub fn neighbours(&self, i: usize) -> usize {
        self.start[i + 1] - self.start[i]
    }

    /// The weight from `i` to `j`; 0 where they are no neighbours.
    pub fn between(&self, i: usize, j: usize) -> f64 {
        let span = self.start[i]..self.start[i + 1];
        self.to[span.clone()].binary_search(&(j as u32)).map_or(0.0, |at| self.weight[span.start + at])
    }

    /// The three sums that moments of Moran's and Geary's statistics need (Cliff and Ord 1981): Σ wᵢⱼ, ½ Σ (wᵢⱼ + wⱼᵢ)²,
    /// Σ (Σⱼ wᵢⱼ + Σⱼ wⱼᵢ)².
    pub(super) fn sums(&self) -> [f64; 3] {
        let n = self.len();
        let (mut out, mut into) = (vec![0.0; n], vec![0.0; n]);
        let mut squares = 0.0;
        for i in 0..n {
            for (j, w) in self.of(i) {
                out[i] += w;
                into[j] += w;
                let back = self.between(j, i);
                // A link without its return is met once, one with it twice.
                squares += if back == 0.0 { w * w } else { 0.5 * (w + back) * (w + back) };
            }
        }
        let both = out.iter().zip(&into).map(|(a, b)| (a + b) * (a + b)).sum();
        [out.iter().sum(), squares, both]
    }
}

fn check(metres: f64) -> Result<()> {
    if metres > 0.0 && metres.is_finite() {
        return Ok(());
    }
    Err(Error::data("distance of neighbours").got(format!("{metres} m")).rule("it is above 0 and finite"))
}
