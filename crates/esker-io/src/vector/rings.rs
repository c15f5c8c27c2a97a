//! Rings: which lies in which, and the box around them.

use esker_core::Geometry;

use crate::crs::plane_area;

/// Rings beyond which their direction is trusted instead of looking each into each.
const MANY: usize = 20_000;

/// The box around points: least and greatest x, least and greatest y.
pub(crate) type Bounds = [f64; 4];

/// The box around points; infinities the wrong way round where there are none.
pub(crate) fn bounds<'a>(points: impl IntoIterator<Item = &'a [f64; 2]>) -> Bounds {
    let start = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY];
    points.into_iter().fold(start, |b, p| [b[0].min(p[0]), b[1].max(p[0]), b[2].min(p[1]), b[3].max(p[1])])
}

/// Whether a closed ring goes around a place: a ray from it crosses the ring an odd number of times.
pub(crate) fn inside_ring(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    ring.windows(2).fold(false, |odd, s| {
        let ([x0, y0], [x1, y1]) = (s[0], s[1]);
        odd ^ ((y0 > y) != (y1 > y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    })
}

/// How many rings go around each ring, and the smallest that does.
pub(super) fn nesting(rings: &[Vec<[f64; 2]>]) -> Vec<(usize, Option<usize>)> {
    let areas: Vec<f64> = rings.iter().map(|r| plane_area(r)).collect();
    if rings.len() > MANY {
        let largest = areas.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        let outer = areas.iter().position(|a| *a == largest);
        return areas.iter().map(|a| if a.signum() == largest.signum() { (0, None) } else { (1, outer) }).collect();
    }
    let boxes: Vec<Bounds> = rings.iter().map(bounds).collect();
    let holds = |outer: usize, inner: usize| {
        let (o, i) = (boxes[outer], boxes[inner]);
        if outer == inner || areas[outer].abs() <= areas[inner].abs() || o[0] > i[0] || o[1] < i[1] || o[2] > i[2] || o[3] < i[3] {
            return false;
        }
        // Rings may touch in a corner: several corners vote.
        let step = (rings[inner].len() / 5).max(1);
        let (mut yes, mut all) = (0, 0);
        for &p in rings[inner].iter().step_by(step) {
            yes += usize::from(inside_ring(&rings[outer], p));
            all += 1;
        }
        yes * 2 > all
    };
    (0..rings.len())
        .map(|inner| {
            let around: Vec<usize> = (0..rings.len()).filter(|&outer| holds(outer, inner)).collect();
            let smallest = around.iter().copied().min_by(|&a, &b| areas[a].abs().total_cmp(&areas[b].abs()));
            (around.len(), smallest)
        })
        .collect()
}

/// +1 for rings that add to an area, −1 for those that take off: an odd number of rings goes around them.
pub(crate) fn signs(rings: &[Vec<[f64; 2]>]) -> Vec<f64> {
    nesting(rings).iter().map(|(depth, _)| if depth % 2 == 0 { 1.0 } else { -1.0 }).collect()
}

/// Rings as polygons: the outer ring first, counter-clockwise, then its holes, clockwise.
pub(super) fn polygons(geometry: &Geometry) -> Vec<Vec<Vec<[f64; 2]>>> {
    let rings = &geometry.parts;
    let nested = nesting(rings);
    let turned = |i: usize, left: bool| {
        let mut ring = rings[i].clone();
        if (plane_area(&ring) > 0.0) != left {
            ring.reverse();
        }
        ring
    };
    let mut holes: Vec<Vec<usize>> = vec![Vec::new(); rings.len()];
    for (i, (depth, around)) in nested.iter().enumerate() {
        if depth % 2 == 1
            && let Some(outer) = around
        {
            holes[*outer].push(i);
        }
    }
    (0..rings.len())
        .filter(|&i| nested[i].0.is_multiple_of(2))
        .map(|i| std::iter::once(turned(i, true)).chain(holes[i].iter().map(|&h| turned(h, false))).collect())
        .collect()
}
