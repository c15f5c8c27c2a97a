//! Blocks on the ground: squares and hexagons on the plane, cells of equal area on the sphere.

use std::f64::consts::{FRAC_PI_2, PI};

use esker_core::Places;
use esker_math::EARTH_RADIUS;

/// Column and row of the square of `size` metres that holds each place. The squares lie evenly about the middle of the samples.
pub(super) fn squares(places: &Places, size: f64) -> Vec<(i64, i64)> {
    let (x, y) = (line(places.x(), size), line(places.y(), size));
    x.into_iter().zip(y).collect()
}

/// The cell of each value on a line of cells about the middle of all values.
fn line(values: &[f64], size: f64) -> Vec<i64> {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &v| (lo.min(v), hi.max(v)));
    let cells = ((high - low) / size).ceil().max(1.0);
    let start = low - 0.5 * (cells * size - (high - low));
    // The last value may stand on the far edge of the last cell.
    values.iter().map(|v| ((v - start) / size).floor().clamp(0.0, cells - 1.0) as i64).collect()
}

/// Column and row, along two of its axes, of the hexagon that holds each place; opposite sides are `size` metres apart, and one hexagon
/// lies in the middle of the samples.
pub(super) fn hexagons(places: &Places, size: f64) -> Vec<(i64, i64)> {
    let middle = |v: &[f64]| {
        let (low, high) = v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &x| (lo.min(x), hi.max(x)));
        low + 0.5 * (high - low)
    };
    let (x0, y0) = (middle(places.x()), middle(places.y()));
    let step = size * 0.75f64.sqrt();
    places
        .x()
        .iter()
        .zip(places.y())
        .map(|(x, y)| {
            let (x, y) = ((x - x0) / size, (y - y0) / step);
            // The nearest of the centres of three rows: a hexagon is where its centre is the nearest one.
            let row = y.round();
            let (mut best, mut nearest) = ((0, 0), f64::INFINITY);
            for row in [row - 1.0, row, row + 1.0] {
                let column = (x - 0.5 * row).round();
                let off = (x - column - 0.5 * row).powi(2) + 0.75 * (y - row).powi(2);
                if off < nearest {
                    (best, nearest) = ((column as i64, row as i64), off);
                }
            }
            best
        })
        .collect()
}

/// Column and row of the cell of the sphere that holds each place. All cells of a size have the same area, about `size`² square metres:
/// belts of latitude about `size` high are cut into as many cells as their share of the sphere holds (as in Leopardi 2006, ETNA 25).
pub(crate) fn globe(places: &Places, size: f64) -> Vec<(i64, i64)> {
    let belts = (PI * EARTH_RADIUS / size).round().max(1.0);
    let all = (4.0 * PI * EARTH_RADIUS * EARTH_RADIUS / (size * size)).round().max(1.0);
    // Cells south of belt `b`.
    let south_of = |b: f64| (0.5 * all * (1.0 + (PI * b / belts - FRAC_PI_2).sin())).round();
    places
        .x()
        .iter()
        .zip(places.y())
        .map(|(x, y)| {
            // The number of cells south of the parallel says which belt it is in.
            let share = 0.5 * all * (1.0 + y.to_radians().sin());
            let mut belt = ((y.to_radians() + FRAC_PI_2) / PI * belts).floor().clamp(0.0, belts - 1.0);
            while belt > 0.0 && share < south_of(belt) {
                belt -= 1.0;
            }
            while belt < belts - 1.0 && share >= south_of(belt + 1.0) {
                belt += 1.0;
            }
            let cells = (south_of(belt + 1.0) - south_of(belt)).max(1.0);
            // A pole is one point, whatever longitude it is given.
            let x = if y.abs() == 90.0 { 0.0 } else { *x };
            let column = (x.rem_euclid(360.0) / 360.0 * cells).floor().min(cells - 1.0);
            (column as i64, belt as i64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Crs, Rng};
    use std::collections::BTreeMap;

    fn plane(x: Vec<f64>, y: Vec<f64>) -> Places {
        Places::new(x, y, Crs::Projected("EPSG:32632".into())).unwrap()
    }

    #[test]
    fn squares_lie_evenly_about_the_samples() {
        let at = plane(vec![0.0, 9.9, 10.1, 20.0], vec![5.0; 4]);
        assert_eq!(squares(&at, 10.0), [(0, 0), (0, 0), (1, 0), (1, 0)]);
        // Three cells of 8 over 20 overlap by 2 at both ends.
        assert_eq!(squares(&at, 8.0), [(0, 0), (1, 0), (1, 0), (2, 0)]);
    }

    #[test]
    fn hexagons_have_the_area_of_hexagons_and_reach_no_further_than_their_corners() {
        let mut rng = Rng::new(4);
        let n = 200_000;
        let (x, y): (Vec<f64>, Vec<f64>) = (0..n).map(|_| (100.0 * rng.uniform(), 100.0 * rng.uniform())).unzip();
        let cells = hexagons(&plane(x.clone(), y.clone()), 10.0);
        let mut of: BTreeMap<(i64, i64), (usize, f64)> = BTreeMap::new();
        let span = |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
        let ((west, east), (south, north)) = (span(&x), span(&y));
        let (x0, y0) = (west + 0.5 * (east - west), south + 0.5 * (north - south));
        for (i, &(q, r)) in cells.iter().enumerate() {
            let centre = (x0 + 10.0 * (q as f64 + 0.5 * r as f64), y0 + 10.0 * 0.75f64.sqrt() * r as f64);
            let cell = of.entry((q, r)).or_default();
            cell.0 += 1;
            cell.1 = cell.1.max((x[i] - centre.0).hypot(y[i] - centre.1));
        }
        let area = 0.75f64.sqrt() * 100.0;
        let (rows, reach) = of[&(0, 0)];
        assert!((rows as f64 / (n as f64 / 1e4) / area - 1.0).abs() < 0.06, "{rows}");
        assert!(of.values().all(|c| c.1 <= 10.0 / 3f64.sqrt() + 1e-9) && reach > 5.6, "{reach}");
    }

    #[test]
    fn cells_of_the_sphere_have_equal_area() {
        let mut rng = Rng::new(5);
        let n = 400_000;
        // Both ranges of longitude in use, -180..180 and 0..360.
        let (x, y) =
            (0..n).map(|i| (360.0 * rng.uniform() - 180.0 * f64::from(i % 2), (2.0 * rng.uniform() - 1.0).asin().to_degrees())).unzip();
        let at = Places::new(x, y, Crs::Geographic).unwrap();
        let mut of: BTreeMap<(i64, i64), f64> = BTreeMap::new();
        for cell in globe(&at, 2_000_000.0) {
            *of.entry(cell).or_default() += 1.0;
        }
        let cells = (4.0 * PI * EARTH_RADIUS.powi(2) / 4e12).round();
        assert_eq!(of.len() as f64, cells);
        let due = f64::from(n) / cells;
        assert!(of.values().all(|rows| (rows / due - 1.0).abs() < 0.08), "{of:?}");
    }

    #[test]
    fn poles_and_both_ranges_of_longitude_have_one_cell() {
        let (x, y) = (vec![-10.0, 350.0, 180.0, -180.0, 7.0, 130.0], vec![-90.0, -90.0, 45.0, 45.0, 90.0, 90.0]);
        let at = Places::new(x, y, Crs::Geographic).unwrap();
        let cells = globe(&at, 500_000.0);
        assert_eq!((cells[0], cells[2], cells[4]), (cells[1], cells[3], cells[5]));
        assert_eq!(cells[4].1, 39, "the last of 40 belts");
        assert_eq!(globe(&at, 4e7), [(0, 0); 6]);
    }
}
