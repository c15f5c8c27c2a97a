//! One axis of a regular grid: centres and edges of its cells ascending, whatever the file's order, and round the globe for longitudes.

use std::ops::Range;

use esker_core::cube::Axis;
use esker_core::{Error, Result};

/// How far the columns may miss a whole turn, in cells: longitudes are often stored in single precision.
const SEAM: f64 = 0.02;

/// One axis: edges and centres ascending. Longitudes that jump where they cross a meridian run on here.
pub(crate) struct Side {
    /// One more than cells.
    pub(crate) edges: Vec<f64>,
    pub(crate) centres: Vec<f64>,
    /// Whether the file has them descending.
    reversed: bool,
    /// Longitudes in degrees: a turn of 360 changes nothing.
    round: bool,
}

impl Side {
    /// The cells of an axis, its numbers times `factor`; `round` for longitudes in degrees.
    pub(super) fn of(axis: &Axis, factor: f64, round: bool) -> Result<Self> {
        let refused = || Error::data(format!("axis '{}'", axis.name));
        let labels =
            axis.labels.as_ref().and_then(|l| l.numbers()).ok_or_else(|| refused().got("no coordinates").rule("its cells have a place"))?;
        let turns = if round { turns(labels) } else { vec![0.0; labels.len()] };
        let mut centres: Vec<f64> = labels.iter().zip(&turns).map(|(v, t)| v * factor + t).collect();
        let n = centres.len();
        let rising = centres.windows(2).all(|w| w[0] < w[1]);
        let falling = centres.windows(2).all(|w| w[0] > w[1]);
        if n == 0 || !(rising || falling) || labels.iter().any(|v| !v.is_finite()) {
            return Err(refused().got("coordinates that do not rise or fall steadily").rule("cells lie side by side"));
        }
        let ordered = |(b, t): (&[f64; 2], &f64)| [b[0].min(b[1]) * factor + t, b[0].max(b[1]) * factor + t];
        let mut bounds: Option<Vec<[f64; 2]>> = axis.bounds.as_ref().map(|b| b.iter().zip(&turns).map(ordered).collect());
        let reversed = falling && n > 1;
        if reversed {
            centres.reverse();
            if let Some(b) = &mut bounds {
                b.reverse();
            }
        }
        let edges = match bounds.filter(|b| meeting(b, &centres)) {
            Some(b) => b.iter().map(|b| b[0]).chain(b.last().map(|b| b[1])).collect(),
            None if n == 1 => return Err(refused().got("a single cell without bounds").rule("the width of a cell is needed")),
            None => half_way(&centres),
        };
        Ok(Self { edges, centres, reversed, round })
    }

    /// Cells at the poles end there.
    pub(super) fn cut_at_poles(mut self) -> Self {
        self.edges.iter_mut().for_each(|e| *e = e.clamp(-90.0, 90.0));
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.centres.len()
    }

    /// Cells that a range of coordinates may touch.
    pub(crate) fn span(&self, low: f64, high: f64) -> Option<Range<usize>> {
        let n = self.len();
        let (first, last) = (self.edges[0], self.edges[n]);
        // Infinities the wrong way round: there are no points.
        if low > high || high < first || low > last {
            return None;
        }
        let from = self.edges.partition_point(|&e| e <= low).saturating_sub(1).min(n - 1);
        let to = self.edges.partition_point(|&e| e < high).clamp(from + 1, n);
        Some(from..to)
    }

    /// The cell that holds a coordinate.
    pub(crate) fn cell(&self, at: f64) -> Option<usize> {
        let n = self.len();
        let at = self.turned(at);
        (at >= self.edges[0] && at <= self.edges[n]).then(|| self.edges.partition_point(|&e| e <= at).saturating_sub(1).min(n - 1))
    }

    /// The two cells whose centres lie around a coordinate and how far it is on the way from the first to the second. Beyond the outermost
    /// centres, but within their cells, that cell alone.
    pub(crate) fn around(&self, at: f64) -> Option<(usize, usize, f64)> {
        let (n, cell, at) = (self.len(), self.cell(at)?, self.turned(at));
        let c = &self.centres;
        let first = if at >= c[cell] { cell as isize } else { cell as isize - 1 };
        if first >= 0 && (first as usize) + 1 < n {
            let f = first as usize;
            return Some((f, f + 1, (at - c[f]) / (c[f + 1] - c[f])));
        }
        if !self.cyclic() {
            return Some((cell, cell, 0.0));
        }
        // Across the seam, from the last column to the first.
        let gap = c[0] + 360.0 - c[n - 1];
        let along = if first < 0 { at + 360.0 - c[n - 1] } else { at - c[n - 1] };
        Some((n - 1, 0, (along / gap).clamp(0.0, 1.0)))
    }

    /// The same cells in the file's order.
    pub(crate) fn file(&self, cells: &Range<usize>) -> Range<usize> {
        let n = self.len();
        if self.reversed { n - cells.end..n - cells.start } else { cells.clone() }
    }

    pub(crate) fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// Whether the cells go once around the globe, the last beside the first.
    pub(crate) fn cyclic(&self) -> bool {
        let n = self.len();
        self.round && n > 2 && ((self.edges[n] - self.edges[0]) - 360.0).abs() < SEAM * (self.edges[1] - self.edges[0])
    }

    /// A longitude in the turn in which the axis has it, between centres before beyond them; another coordinate as it is.
    fn turned(&self, at: f64) -> f64 {
        let n = self.len();
        let (low, high, last) = (self.centres[0], self.centres[n - 1], self.edges[n]);
        if !self.round || (at >= low && at <= high) {
            return at;
        }
        let east = low + (at - low).rem_euclid(360.0);
        if east <= high {
            east
        } else if east - 360.0 >= self.edges[0] {
            east - 360.0
        } else if east > last && self.cyclic() {
            // The turn is not quite whole.
            last
        } else {
            east
        }
    }
}

/// What to add to longitudes so that they run on where they jump by about a turn; nothing where they are in order.
fn turns(labels: &[f64]) -> Vec<f64> {
    if labels.is_sorted() || labels.is_sorted_by(|a, b| a >= b) {
        return vec![0.0; labels.len()];
    }
    let mut shift = 0.0;
    let mut out = vec![0.0];
    for w in labels.windows(2) {
        let step = w[1] - w[0];
        shift += if step < -180.0 {
            360.0
        } else if step > 180.0 {
            -360.0
        } else {
            0.0
        };
        out.push(shift);
    }
    out
}

/// Whether bounds hold their centres and leave neither gaps nor overlaps.
fn meeting(bounds: &[[f64; 2]], centres: &[f64]) -> bool {
    bounds.iter().flatten().all(|v| v.is_finite())
        && bounds.windows(2).all(|w| (w[0][1] - w[1][0]).abs() <= 1e-6 * (w[0][1] - w[0][0]).abs())
        && bounds.iter().zip(centres).all(|(b, c)| b[0] < b[1] && b[0] <= *c && *c <= b[1])
}

fn half_way(centres: &[f64]) -> Vec<f64> {
    let n = centres.len();
    let mut edges = vec![centres[0] - (centres[1] - centres[0]) / 2.0];
    edges.extend(centres.windows(2).map(|w| w[0] + (w[1] - w[0]) / 2.0));
    edges.push(centres[n - 1] + (centres[n - 1] - centres[n - 2]) / 2.0);
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::cube::AxisKind;

    fn side(labels: &[f64]) -> Side {
        Side::of(&Axis::real("lon", AxisKind::X, "degrees_east", labels.to_vec()), 1.0, true).unwrap()
    }

    #[test]
    fn places_are_found_in_any_turn() {
        let whole = side(&(0..36).map(|i| 10.0 * f64::from(i)).collect::<Vec<_>>());
        assert!(whole.cyclic());
        for turn in [-360.0, 0.0, 360.0] {
            assert_eq!(whole.cell(turn + 359.9), Some(0));
            assert_eq!(whole.cell(turn + 352.0), Some(35));
            let (a, b, t) = whole.around(turn + 357.5).unwrap();
            assert_eq!((a, b), (35, 0));
            assert!((t - 0.75).abs() < 1e-12);
        }
        // The first meridian twice: between its neighbours, not at the edge.
        let twice = side(&(0..37).map(|i| 10.0 * f64::from(i)).collect::<Vec<_>>());
        let (a, b, t) = twice.around(-2.5).unwrap();
        assert_eq!((a, b), (35, 36));
        assert!(!twice.cyclic() && (t - 0.75).abs() < 1e-12);
    }

    #[test]
    fn regions_across_the_antimeridian_run_on() {
        let split = side(&[170.0, 175.0, -180.0, -175.0]);
        assert_eq!(split.centres, [170.0, 175.0, 180.0, 185.0]);
        assert_eq!((split.cell(-179.0), split.cell(181.0), split.cell(-179.0 - 360.0)), (Some(2), Some(2), Some(2)));
        assert_eq!((split.cell(160.0), split.cell(-160.0), split.cell(0.0)), (None, None, None));
        assert_eq!(split.around(177.5), Some((1, 2, 0.5)));
        assert!(Side::of(&Axis::real("lon", AxisKind::X, "", vec![0.0, 10.0, 5.0]), 1.0, true).is_err());
    }

    #[test]
    fn single_precision_does_not_open_the_seam() {
        let fine: Vec<f64> = (0..36_000).map(|i| f64::from(-180.0 + 0.005 + 0.01 * i as f32)).collect();
        let fine = side(&fine);
        assert!(fine.cyclic());
        assert!(fine.around(180.0).is_some() && fine.around(-180.0).is_some() && fine.around(179.999_999).is_some());
    }
}
