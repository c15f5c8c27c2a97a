//! The nearest of many places on the sphere: a k-d tree of unit vectors (Friedman, Bentley and Finkel 1977), kept in one array.

/// Places looked at one by one at the end of a search.
const LEAF: usize = 8;
/// Places that are sorted side by side with others.
const SIDE_BY_SIDE: usize = 1 << 14;

/// A place: its unit vector and its number.
type Point = ([f64; 3], u32);

/// Places on the sphere. The middle of each stretch parts it by one coordinate, the three in turn.
pub(crate) struct Sphere {
    points: Vec<Point>,
}

/// The unit vector of a longitude and latitude in degrees.
pub(crate) fn unit(lon: f64, lat: f64) -> [f64; 3] {
    let ((sin, cos), (up, out)) = (lon.to_radians().sin_cos(), lat.to_radians().sin_cos());
    [out * cos, out * sin, up]
}

/// The squared distance of two vectors.
pub(crate) fn distance2(a: [f64; 3], b: [f64; 3]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

impl Sphere {
    /// Vectors that are not finite are left out; numbers are those of the whole list.
    pub(crate) fn new(vectors: &[[f64; 3]]) -> Self {
        let numbered = vectors.iter().zip(0_u32..).filter(|(v, _)| v.iter().all(|c| c.is_finite()));
        let mut points: Vec<Point> = numbered.map(|(v, i)| (*v, i)).collect();
        sort(&mut points, 0);
        Self { points }
    }

    /// The number of the nearest place and its squared distance; of equally near ones the lowest number.
    pub(crate) fn nearest(&self, at: [f64; 3]) -> Option<(usize, f64)> {
        let mut best = (f64::INFINITY, u32::MAX);
        search(&self.points, 0, at, &mut best);
        best.0.is_finite().then_some((best.1 as usize, best.0))
    }
}

fn sort(points: &mut [Point], axis: usize) {
    if points.len() <= LEAF {
        return;
    }
    let middle = points.len() / 2;
    points.select_nth_unstable_by(middle, |a, b| a.0[axis].total_cmp(&b.0[axis]).then(a.1.cmp(&b.1)));
    let many = points.len() > SIDE_BY_SIDE;
    let (low, high) = points.split_at_mut(middle);
    let next = (axis + 1) % 3;
    if many {
        rayon::join(|| sort(low, next), || sort(&mut high[1..], next));
    } else {
        sort(low, next);
        sort(&mut high[1..], next);
    }
}

fn search(points: &[Point], axis: usize, at: [f64; 3], best: &mut (f64, u32)) {
    let look = |p: &Point, best: &mut (f64, u32)| {
        let d = distance2(p.0, at);
        if d < best.0 || (d == best.0 && p.1 < best.1) {
            *best = (d, p.1);
        }
    };
    if points.len() <= LEAF {
        points.iter().for_each(|p| look(p, best));
        return;
    }
    let middle = points.len() / 2;
    look(&points[middle], best);
    let beyond = at[axis] - points[middle].0[axis];
    let (low, high) = (&points[..middle], &points[middle + 1..]);
    let (near, far) = if beyond < 0.0 { (low, high) } else { (high, low) };
    let next = (axis + 1) % 3;
    search(near, next, at, best);
    if beyond * beyond <= best.0 {
        search(far, next, at, best);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_nearest_is_that_of_looking_at_all(
            places in prop::collection::vec((-180_i32..360, -90_i32..=90), 1..400),
            at in (-540.0_f64..540.0, -90.0_f64..90.0),
        ) {
            let vectors: Vec<[f64; 3]> = places.iter().map(|p| unit(f64::from(p.0), f64::from(p.1))).collect();
            let at = unit(at.0, at.1);
            let plain = (0..vectors.len()).min_by(|&i, &j| distance2(vectors[i], at).total_cmp(&distance2(vectors[j], at))).unwrap();
            prop_assert_eq!(Sphere::new(&vectors).nearest(at), Some((plain, distance2(vectors[plain], at))));
        }
    }
}
