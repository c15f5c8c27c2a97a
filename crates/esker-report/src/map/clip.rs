//! Cutting polygons and lines at a rectangle, and thinning them to what a picture can show.

/// A rectangle: smallest x and y, largest x and y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Smallest x.
    pub x0: f64,
    /// Smallest y.
    pub y0: f64,
    /// Largest x.
    pub x1: f64,
    /// Largest y.
    pub y1: f64,
}

type Point = (f64, f64);

impl Window {
    /// Whether two rectangles share a point.
    pub fn meets(&self, other: &Self) -> bool {
        self.x0 <= other.x1 && other.x0 <= self.x1 && self.y0 <= other.y1 && other.y0 <= self.y1
    }

    /// Whether a point lies in the rectangle or on its rim.
    pub fn holds(&self, p: Point) -> bool {
        p.0 >= self.x0 && p.0 <= self.x1 && p.1 >= self.y0 && p.1 <= self.y1
    }

    /// The rectangle grown by `by` on all sides.
    pub fn grown(&self, by: f64) -> Self {
        Self { x0: self.x0 - by, y0: self.y0 - by, x1: self.x1 + by, y1: self.y1 + by }
    }

    /// The rectangle moved along x.
    pub fn moved(&self, by: f64) -> Self {
        Self { x0: self.x0 + by, x1: self.x1 + by, ..*self }
    }

    /// The smallest rectangle around points.
    pub fn around(points: &[Point]) -> Self {
        let none = Self { x0: f64::INFINITY, y0: f64::INFINITY, x1: f64::NEG_INFINITY, y1: f64::NEG_INFINITY };
        points.iter().fold(none, |w, p| Self { x0: w.x0.min(p.0), y0: w.y0.min(p.1), x1: w.x1.max(p.0), y1: w.y1.max(p.1) })
    }
}

/// The part of a closed ring inside the window (Sutherland and Hodgman 1974). Parts that fall into several pieces
/// stay joined along the rim, which an even–odd fill does not show.
pub fn polygon(ring: &[Point], w: &Window) -> Vec<Point> {
    let mut out = ring.to_vec();
    // Each side: is a point inside, and where does an edge cross it?
    type Side = (fn(Point, &Window) -> f64, fn(Point, &Window, Point) -> Point);
    let sides: [Side; 4] = [
        (|p, w| p.0 - w.x0, |_, w, c| (w.x0, c.1)),
        (|p, w| w.x1 - p.0, |_, w, c| (w.x1, c.1)),
        (|p, w| p.1 - w.y0, |_, w, c| (c.0, w.y0)),
        (|p, w| w.y1 - p.1, |_, w, c| (c.0, w.y1)),
    ];
    for (depth, on_side) in sides {
        let points = std::mem::take(&mut out);
        for (i, &b) in points.iter().enumerate() {
            let a = points[(i + points.len() - 1) % points.len()];
            let (da, db) = (depth(a, w), depth(b, w));
            if (da >= 0.0) != (db >= 0.0) {
                let t = da / (da - db);
                // The coordinate on the side is set exactly, so that later sides see it inside.
                out.push(on_side(a, w, (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1))));
            }
            if db >= 0.0 {
                out.push(b);
            }
        }
    }
    if out.len() < 3 { Vec::new() } else { out }
}

/// The part of the segment from `a` to `b` inside the window (Liang and Barsky 1984).
pub fn segment(a: Point, b: Point, w: &Window) -> Option<(Point, Point)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut t0, mut t1) = (0.0f64, 1.0f64);
    for (p, q) in [(-dx, a.0 - w.x0), (dx, w.x1 - a.0), (-dy, a.1 - w.y0), (dy, w.y1 - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
            continue;
        }
        let r = q / p;
        if p < 0.0 { t0 = t0.max(r) } else { t1 = t1.min(r) }
    }
    // Ends inside stay exactly what they were, so that the pieces of a line join.
    let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    (t0 <= t1).then(|| (if t0 == 0.0 { a } else { at(t0) }, if t1 == 1.0 { b } else { at(t1) }))
}

/// The parts of a line inside the window. A point that is not a number breaks the line.
pub fn line(points: &[Point], w: &Window) -> Vec<Vec<Point>> {
    let mut out: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        if !(pair[0].0 + pair[0].1 + pair[1].0 + pair[1].1).is_finite() {
            continue;
        }
        if let Some((a, b)) = segment(pair[0], pair[1], w) {
            match out.last_mut().filter(|piece| piece.last() == Some(&a)) {
                Some(piece) => piece.push(b),
                None => out.push(vec![a, b]),
            }
        }
    }
    out
}

/// Drops points closer than `step` to the last one kept, and those within `step / 2` of the line between their
/// neighbours; the ends stay.
pub fn thinned(points: &[Point], step: f64) -> Vec<Point> {
    let mut out: Vec<Point> = Vec::with_capacity(points.len());
    for (i, &p) in points.iter().enumerate() {
        let far = out.last().is_none_or(|l| (l.0 - p.0).hypot(l.1 - p.1) >= step);
        if !far && i + 1 < points.len() {
            continue;
        }
        if let [.., a, b] = out[..] {
            let (dx, dy) = (p.0 - a.0, p.1 - a.1);
            let long = dx.hypot(dy);
            let off = if long > 0.0 { ((b.0 - a.0) * dy - (b.1 - a.1) * dx).abs() / long } else { f64::INFINITY };
            let between = (b.0 - a.0) * dx + (b.1 - a.1) * dy >= 0.0 && (p.0 - b.0) * dx + (p.1 - b.1) * dy >= 0.0;
            // Short lines only: judged against the neighbours alone, a long gentle bend would be lost.
            if off < step / 2.0 && between && long < 12.0 * step {
                out.pop();
            }
        }
        out.push(p);
    }
    out
}

/// Adds points to a closed ring so that no edge is longer than `step`.
pub fn densified(ring: &[Point], step: f64) -> Vec<Point> {
    let mut out = Vec::with_capacity(ring.len());
    for (i, &a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        let parts = ((b.0 - a.0).hypot(b.1 - a.1) / step).ceil().clamp(1.0, 1000.0) as usize;
        out.extend((0..parts).map(|k| {
            let t = k as f64 / parts as f64;
            (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1))
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNIT: Window = Window { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 };

    fn area(ring: &[Point]) -> f64 {
        (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()])).map(|(a, b)| (a.0 * b.1 - b.0 * a.1) / 2.0).sum::<f64>().abs()
    }

    #[test]
    fn polygons_inside_around_and_outside() {
        let inside = [(0.2, 0.2), (0.8, 0.2), (0.5, 0.9)];
        assert_eq!(polygon(&inside, &UNIT), inside);
        let around = [(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)];
        assert!((area(&polygon(&around, &UNIT)) - 1.0).abs() < 1e-12);
        assert!(polygon(&[(2.0, 2.0), (3.0, 2.0), (2.0, 3.0)], &UNIT).is_empty());
        assert!(polygon(&[], &UNIT).is_empty());
    }

    #[test]
    fn lines_are_cut_at_the_rim_and_broken_outside() {
        let pieces = line(&[(-1.0, 0.5), (0.5, 0.5), (0.5, 2.0), (0.8, 2.0), (0.8, 0.2)], &UNIT);
        assert_eq!(pieces, vec![vec![(0.0, 0.5), (0.5, 0.5), (0.5, 1.0)], vec![(0.8, 1.0), (0.8, 0.2)]]);
        assert!(line(&[(f64::NAN, 0.0), (0.5, 0.5)], &UNIT).is_empty());
        assert_eq!(segment((-1.0, 3.0), (3.0, 3.0), &UNIT), None);
    }

    proptest! {
        #[test]
        fn what_is_left_lies_inside_and_a_triangle_loses_area_only(p in prop::collection::vec((-2.0f64..3.0, -2.0f64..3.0), 3)) {
            let cut = polygon(&p, &UNIT);
            prop_assert!(cut.iter().all(|q| UNIT.grown(1e-9).holds(*q)));
            prop_assert!(area(&cut) <= area(&p).min(1.0) + 1e-9);
            for piece in line(&p, &UNIT) {
                prop_assert!(piece.iter().all(|q| UNIT.grown(1e-9).holds(*q)));
            }
        }

        #[test]
        fn thinning_keeps_the_ends_and_stays_near(y in prop::collection::vec(-1.0f64..1.0, 2..80)) {
            let p: Vec<Point> = y.iter().enumerate().map(|(i, v)| (i as f64 * 0.3, *v)).collect();
            let t = thinned(&p, 0.5);
            prop_assert_eq!(t[0], p[0]);
            prop_assert_eq!(t[t.len() - 1], p[p.len() - 1]);
            prop_assert!(t.len() <= p.len());
        }
    }
}
