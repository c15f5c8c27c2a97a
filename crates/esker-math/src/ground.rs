//! Places ready for distances in metres: straight lines on a projected plane, great circles on the sphere; never degrees.

use esker_core::{Places, Result};

use crate::{EARTH_RADIUS, KdTree, Neighbour};

/// Places as points whose straight distances grow with the distance on the ground: eastings and northings in metres, or unit vectors from
/// the middle of the Earth.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    points: Vec<f64>,
    sphere: bool,
}

impl Ground {
    /// The points of some places.
    pub fn new(places: &Places) -> Self {
        let sphere = places.crs().is_degrees();
        let mut points = Vec::with_capacity(places.x().len() * if sphere { 3 } else { 2 });
        for (&x, &y) in places.x().iter().zip(places.y()) {
            if sphere {
                let ((sin_x, cos_x), (sin_y, cos_y)) = (x.to_radians().sin_cos(), y.to_radians().sin_cos());
                points.extend([cos_y * cos_x, cos_y * sin_x, sin_y]);
            } else {
                points.extend([x, y]);
            }
        }
        Self { points, sphere }
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.points.len() / self.dimensions()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Whether distances are great circles.
    pub fn is_sphere(&self) -> bool {
        self.sphere
    }

    /// The places named, in that order.
    #[must_use]
    pub fn select(&self, places: &[usize]) -> Self {
        Self { points: places.iter().flat_map(|&i| self.point(i)).copied().collect(), sphere: self.sphere }
    }

    /// Coordinates of a point: 2 on the plane, 3 on the sphere.
    pub fn dimensions(&self) -> usize {
        if self.sphere { 3 } else { 2 }
    }

    /// The points, one after the other.
    pub fn points(&self) -> &[f64] {
        &self.points
    }

    /// One point.
    pub fn point(&self, i: usize) -> &[f64] {
        &self.points[i * self.dimensions()..(i + 1) * self.dimensions()]
    }

    /// A tree for searches among the places.
    ///
    /// # Errors
    /// A coordinate that is not finite.
    pub fn tree(&self) -> Result<KdTree> {
        KdTree::new(&self.points, self.dimensions())
    }

    /// Metres on the ground from the squared distance of two points.
    pub fn metres(&self, distance2: f64) -> f64 {
        if self.sphere { 2.0 * EARTH_RADIUS * (0.5 * distance2.sqrt()).min(1.0).asin() } else { distance2.sqrt() }
    }

    /// The squared distance of two points that are so many metres apart on the ground.
    pub fn squared(&self, metres: f64) -> f64 {
        let straight = if self.sphere { 2.0 * (0.5 * metres / EARTH_RADIUS).min(std::f64::consts::FRAC_PI_2).sin() } else { metres };
        straight * straight
    }

    /// Metres between place `i` and place `j` of another ground of the same kind.
    ///
    /// # Panics
    /// One lies on the plane and the other on the sphere.
    pub fn distance(&self, i: usize, other: &Self, j: usize) -> f64 {
        assert_eq!(self.sphere, other.sphere, "both on the plane or both on the sphere");
        self.metres(self.point(i).iter().zip(other.point(j)).map(|(a, b)| (a - b) * (a - b)).sum())
    }

    /// Metres from each of these places to the nearest other of them: 0 where two share a place; infinite for one alone.
    ///
    /// # Errors
    /// A coordinate that is not finite.
    pub fn to_nearest_other(&self) -> Result<Vec<f64>> {
        let tree = self.tree()?;
        let mut found: Vec<Neighbour> = Vec::new();
        Ok((0..self.len())
            .map(|i| {
                tree.nearest(self.point(i), 2, &mut found);
                let other = found.iter().find(|n| n.index != i);
                other.map_or(f64::INFINITY, |n| self.metres(n.distance2))
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::great_circle;
    use esker_core::{Crs, Rng};

    fn places(n: usize, crs: Crs, seed: u64) -> Places {
        let mut rng = Rng::new(seed);
        let x = (0..n).map(|_| rng.uniform() * 360.0 - 180.0).collect();
        let y = (0..n).map(|_| rng.uniform() * 180.0 - 90.0).collect();
        Places::new(x, y, crs).unwrap()
    }

    #[test]
    fn distances_on_the_sphere_are_great_circles() {
        let p = places(60, Crs::Geographic, 1);
        let ground = Ground::new(&p);
        for i in 0..60 {
            for j in 0..60 {
                let circle = great_circle((p.x()[i], p.y()[i]), (p.x()[j], p.y()[j]));
                assert!((ground.distance(i, &ground, j) - circle).abs() <= 1e-6 + 1e-7 * circle, "{i} {j}");
            }
        }
    }

    #[test]
    fn metres_and_squares_are_inverse() {
        for crs in [Crs::Geographic, Crs::Projected("EPSG:32632".into())] {
            let ground = Ground::new(&places(2, crs, 2));
            for metres in [0.0, 1.0, 1234.5, 9e6] {
                assert!((ground.metres(ground.squared(metres)) - metres).abs() <= 1e-6 * metres);
            }
        }
    }

    #[test]
    fn nearest_others_are_those_of_a_full_scan_across_the_date_line() {
        let ground = Ground::new(&Places::new(vec![179.9, -179.9, 0.0, 0.0], vec![0.0, 0.0, 5.0, 5.0], Crs::Geographic).unwrap());
        let near = ground.to_nearest_other().unwrap();
        assert!((near[0] - great_circle((179.9, 0.0), (-179.9, 0.0))).abs() < 1e-6);
        assert_eq!((near[2], near[3]), (0.0, 0.0));
        let alone = Ground::new(&Places::new(vec![1.0], vec![1.0], Crs::Geographic).unwrap());
        assert_eq!(alone.to_nearest_other().unwrap(), [f64::INFINITY]);
        assert_eq!((alone.len(), alone.is_empty(), alone.is_sphere()), (1, false, true));
    }
}
