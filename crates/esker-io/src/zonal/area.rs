//! Whether points lie within any of many polygons.
//!
//! A point is inside a feature when an odd number of its rings' edges lies east of it. An edge belongs to the polygon east and north of it, so
//! that of polygons that share an edge exactly one holds a point on it.

use esker_core::{Features, Shape};

/// Bands of edges at most.
const MOST_BANDS: usize = 1 << 16;

/// An edge that is not level, from its lower end to its upper.
#[derive(Debug, Clone, Copy)]
struct Edge {
    feature: u32,
    low: [f64; 2],
    high: [f64; 2],
}

impl Edge {
    /// Where it crosses a level, if it does.
    fn cross(&self, y: f64) -> Option<f64> {
        let ([x0, y0], [x1, y1]) = (self.low, self.high);
        (y0 <= y && y < y1).then(|| x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    }
}

/// Polygons, their edges sorted into level bands.
#[derive(Debug)]
pub(super) struct Area {
    edges: Vec<Edge>,
    /// The edges that reach into each band, feature by feature; band `b` has those from `starts[b]` to `starts[b + 1]`.
    entries: Vec<u32>,
    starts: Vec<usize>,
    /// Least and greatest x and y.
    pub(super) bounds: [f64; 4],
    /// Longitudes: a turn of 360 degrees changes nothing.
    round: bool,
}

impl Area {
    /// The polygons among features. `round`: x is longitude in degrees.
    pub(super) fn of(features: &Features, round: bool) -> Self {
        let polygons = features.geometries.iter().enumerate().filter_map(|(i, g)| Some((i, g.as_ref()?)));
        let rings = polygons.filter(|(_, g)| g.shape == Shape::Polygons).flat_map(|(i, g)| g.parts.iter().map(move |r| (i, r)));
        let mut edges: Vec<Edge> = Vec::new();
        for (feature, ring) in rings {
            for ends in ring.windows(2).filter(|e| e.iter().flatten().all(|v| v.is_finite()) && e[0][1] != e[1][1]) {
                let (low, high) = if ends[0][1] < ends[1][1] { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
                edges.push(Edge { feature: feature as u32, low, high });
            }
        }
        let bounds = crate::vector::bounds(edges.iter().flat_map(|e| [&e.low, &e.high]));
        let mut area = Self { edges, entries: Vec::new(), starts: vec![0], bounds, round };
        area.sort();
        area
    }

    /// Whether there is nothing that could hold a point.
    pub(super) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// The edges, level ones aside.
    pub(super) fn edges(&self) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        self.edges.iter().map(|e| (e.low, e.high))
    }

    /// Sorts edges into bands; fewer of them where many edges are long, so that the entries stay within a few times the edges.
    fn sort(&mut self) {
        let mut bands = (self.edges.len() / 4).clamp(1, MOST_BANDS);
        let reach = |area: &Self, edge: &Edge, bands: usize| area.band(edge.low[1], bands)..area.band(edge.high[1], bands) + 1;
        while bands > 1 && self.edges.iter().map(|e| reach(self, e, bands).len()).sum::<usize>() > 16 * self.edges.len() {
            bands /= 4;
        }
        let mut starts = vec![0; bands.max(1) + 1];
        for edge in &self.edges {
            reach(self, edge, bands).for_each(|b| starts[b + 1] += 1);
        }
        for b in 1..starts.len() {
            starts[b] += starts[b - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![0; starts[starts.len() - 1]];
        for (i, edge) in self.edges.iter().enumerate() {
            for b in reach(self, edge, bands) {
                entries[next[b]] = i as u32;
                next[b] += 1;
            }
        }
        (self.entries, self.starts) = (entries, starts);
    }

    /// The band of a level within the bounds.
    fn band(&self, y: f64, bands: usize) -> usize {
        let [_, _, low, high] = self.bounds;
        // A share beyond 0 to 1 by rounding saturates.
        (((y - low) / (high - low) * bands as f64) as usize).min(bands.max(1) - 1)
    }

    /// Edges that may cross a level.
    fn around(&self, y: f64) -> impl Iterator<Item = &Edge> {
        let within = y >= self.bounds[2] && y < self.bounds[3];
        let band = if within { self.band(y, self.starts.len() - 1) } else { 0 };
        let entries = if within { self.starts[band]..self.starts[band + 1] } else { 0..0 };
        self.entries[entries].iter().map(|&i| &self.edges[i as usize])
    }

    /// x, and as longitude also one turn west and east.
    fn turns(&self, x: f64) -> impl Iterator<Item = f64> {
        let more: &[f64] = if self.round { &[-360.0, 360.0] } else { &[] };
        std::iter::once(x).chain(more.iter().map(move |t| x + t))
    }

    /// Whether a point is inside; one that is not a number is not.
    pub(super) fn holds(&self, x: f64, y: f64) -> bool {
        self.which(x, y).is_some()
    }

    /// The first feature that a point is inside of.
    pub(super) fn which(&self, x: f64, y: f64) -> Option<usize> {
        self.turns(x).filter(|x| *x >= self.bounds[0] && *x < self.bounds[1]).find_map(|x| self.which_here(x, y))
    }

    /// All features that a point is inside of, in their order.
    pub(super) fn every(&self, x: f64, y: f64) -> Vec<usize> {
        let mut found = Vec::new();
        for x in self.turns(x).filter(|x| *x >= self.bounds[0] && *x < self.bounds[1]) {
            let (mut feature, mut odd) = (u32::MAX, false);
            for edge in self.around(y) {
                if edge.feature != feature {
                    if odd {
                        found.push(feature as usize);
                    }
                    (feature, odd) = (edge.feature, false);
                }
                odd ^= edge.cross(y).is_some_and(|at| x < at);
            }
            if odd {
                found.push(feature as usize);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn which_here(&self, x: f64, y: f64) -> Option<usize> {
        let (mut feature, mut odd) = (u32::MAX, false);
        for edge in self.around(y) {
            if edge.feature != feature {
                if odd {
                    return Some(feature as usize);
                }
                feature = edge.feature;
            }
            odd ^= edge.cross(y).is_some_and(|at| x < at);
        }
        odd.then_some(feature as usize)
    }

    /// Which of some x are inside on a level: as [`Area::holds`], for many at once.
    pub(super) fn row(&self, xs: &[f64], y: f64) -> Vec<bool> {
        let mut crossings: Vec<(u32, f64)> = self.around(y).filter_map(|e| Some((e.feature, e.cross(y)?))).collect();
        crossings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        // Rings are closed, so that each feature is crossed an even number of times.
        let mut spans: Vec<(f64, f64)> = crossings
            .chunk_by(|a, b| a.0 == b.0)
            .flat_map(|own| own.chunks_exact(2).map(|p| (p[0].1, p[1].1)).collect::<Vec<_>>())
            .collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut joined: Vec<(f64, f64)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        let inside = |x: f64| joined.get(joined.partition_point(|s| s.0 <= x).wrapping_sub(1)).is_some_and(|s| x < s.1);
        xs.iter().map(|&x| !joined.is_empty() && self.turns(x).any(inside)).collect()
    }
}

#[cfg(test)]
mod tests {
    use esker_core::{Geometry, Table};
    use proptest::prelude::*;

    use super::*;

    fn area(features: &[Vec<Vec<[f64; 2]>>], round: bool) -> Area {
        let geometries = features.iter().map(|parts| Some(Geometry { shape: Shape::Polygons, parts: parts.clone() })).collect();
        Area::of(&Features::new(Table::default(), geometries, None).unwrap(), round)
    }

    fn square(x: f64, y: f64, s: f64) -> Vec<[f64; 2]> {
        vec![[x, y], [x + s, y], [x + s, y + s], [x, y + s], [x, y]]
    }

    #[test]
    fn neighbours_share_no_point_and_leave_none_out() {
        let (west, east) = (area(&[vec![square(0.0, 0.0, 1.0)]], false), area(&[vec![square(1.0, 0.0, 1.0)]], false));
        for y in [0.0, 0.5] {
            assert_eq!(
                [0.0, 0.5, 1.0, 2.0].map(|x| (west.holds(x, y), east.holds(x, y))),
                [(true, false), (true, false), (false, true), (false, false)]
            );
        }
        assert!(!west.holds(0.5, 1.0) && !west.holds(f64::NAN, 0.5) && !west.holds(0.5, f64::NAN));
    }

    #[test]
    fn a_hole_is_outside_and_features_that_overlap_do_not_cancel() {
        let hole = area(&[vec![square(0.0, 0.0, 4.0), square(1.0, 1.0, 2.0)]], false);
        assert!(hole.holds(0.5, 2.0) && !hole.holds(2.0, 2.0));
        let both = area(&[vec![square(0.0, 0.0, 4.0)], vec![square(1.0, 1.0, 2.0)]], false);
        assert!(both.holds(2.0, 2.0));
    }

    #[test]
    fn longitudes_are_taken_round_the_globe() {
        let greenwich = area(&[vec![square(-10.0, 40.0, 20.0)]], true);
        assert_eq!(greenwich.row(&[0.0, 5.0, 15.0, 180.0, 349.0, 350.0, 359.0], 50.0), [true, true, false, false, false, true, true]);
        assert!(greenwich.holds(355.0, 50.0) && !greenwich.holds(20.0, 50.0));
        assert!(area(&[], true).row(&[0.0], 0.0) == [false]);
    }

    proptest! {
        /// Bands change nothing: each point counted against all edges of each feature says the same.
        #[test]
        fn bands_and_rows_agree_with_counting_all_edges(
            rings in proptest::collection::vec(proptest::collection::vec((0..12_i32, 0..12_i32), 3..9), 1..40),
            points in proptest::collection::vec((0..25_i32, 0..25_i32), 1..30),
        ) {
            let features: Vec<Vec<Vec<[f64; 2]>>> = rings.iter().map(|ring| {
                let mut ring: Vec<[f64; 2]> = ring.iter().map(|&(x, y)| [f64::from(x), f64::from(y)]).collect();
                ring.push(ring[0]);
                vec![ring]
            }).collect();
            let area = area(&features, false);
            for (x, y) in points {
                let (x, y) = (f64::from(x) / 2.0, f64::from(y) / 2.0);
                let odd = |ring: &Vec<[f64; 2]>| ring.windows(2).filter(|e| {
                    let (a, b) = if e[0][1] < e[1][1] { (e[0], e[1]) } else { (e[1], e[0]) };
                    a[1] <= y && y < b[1] && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
                }).count() % 2 == 1;
                let expected = features.iter().any(|f| odd(&f[0]));
                prop_assert_eq!(area.holds(x, y), expected);
                prop_assert_eq!(area.row(&[x], y), vec![expected]);
            }
        }
    }
}
