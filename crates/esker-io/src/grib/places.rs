//! Where the cells of a grid lie: lines of latitude, Gaussian latitudes, reduced rows, rotated poles, planes.

use esker_core::Crs;
use proj4rs::Proj;

use super::grid::{Grid, MOST_POINTS};

/// The finest Gaussian grid that is read: rows between pole and equator.
const FINEST: usize = 4000;

/// How cells are placed.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    /// Latitudes of rows, longitudes of columns.
    Degrees { y: Vec<f64>, x: Vec<f64> },
    /// Metres on a plane.
    Metres { y: Vec<f64>, x: Vec<f64> },
    /// Degrees about a pole that was moved: latitude and longitude of the southern one, and a turn about it.
    Rotated { y: Vec<f64>, x: Vec<f64>, pole: [f64; 2], turn: f64 },
    /// Rows of different lengths, each around the Earth; `starts` are the first cells of rows.
    Reduced { rows: Vec<f64>, starts: Vec<usize>, west: f64 },
    /// Not placed.
    Unknown,
}

impl Layout {
    /// Longitude and latitude of a cell, for layouts that have no axes of them.
    pub fn place(&self, cell: usize) -> (f64, f64) {
        match self {
            Self::Rotated { y, x, pole, turn } => unrotate(y[cell / x.len()], x[cell % x.len()], *pole, *turn),
            Self::Reduced { rows, starts, west } => {
                let row = starts.partition_point(|&s| s <= cell) - 1;
                let count = starts[row + 1] - starts[row];
                (west + 360.0 * (cell - starts[row]) as f64 / count as f64, rows[row])
            }
            _ => (f64::NAN, f64::NAN),
        }
    }

    /// Whether cells are placed by longitude and latitude of their own.
    pub fn has_places(&self) -> bool {
        matches!(self, Self::Rotated { .. } | Self::Reduced { .. })
    }
}

/// An axis of angles as the file gives it, in parts of a degree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// The first and the last cell.
    pub ends: (i64, i64),
    pub step: Option<i64>,
    /// Cells.
    pub n: usize,
    pub ascending: bool,
    /// A full turn, for longitudes.
    pub circle: Option<i64>,
    /// Parts of a degree.
    pub unit: f64,
}

/// Equally spaced coordinates from the first to the last, in whole parts of a degree so that decimals stay exact.
pub(super) fn line(run: &Run) -> Result<Vec<f64>, String> {
    let Run { ends, step, n, ascending, circle, unit } = *run;
    let (first, mut last) = ends;
    if let Some(turn) = circle {
        if ascending && last < first {
            last += turn;
        } else if !ascending && last > first {
            last -= turn;
        }
    }
    if first.abs().max(last.abs()) as f64 / unit > 1000.0 {
        return Err(format!("coordinates from {} to {} degrees", first as f64 / unit, last as f64 / unit));
    }
    let steps = n as i64 - 1;
    let span = last - first;
    let signed = step.map(|s| if ascending { s } else { -s });
    // The step is believed where it leads to the last cell; else it was rounded, and the ends are believed.
    if let Some(s) = signed.filter(|s| s * steps == span || steps == 0) {
        return Ok((0..n as i64).map(|i| (first + i * s) as f64 / unit).collect());
    }
    if steps == 0 {
        return Ok(vec![first as f64 / unit]);
    }
    if signed.is_some_and(|s| (s * steps - span).abs() > steps.max(2) && (span > 0) != ascending) {
        return Err("ends and direction of an axis that contradict each other".into());
    }
    Ok((0..n).map(|i| (first as f64 + span as f64 * i as f64 / steps as f64) / unit).collect())
}

/// `count` Gaussian latitudes from the one at `first` on, southwards or northwards by where there is room.
pub(super) fn gaussian_rows(half: usize, count: usize, first: f64, tolerance: f64) -> Result<Vec<f64>, String> {
    if half == 0 || half > FINEST || count == 0 || count > 2 * half {
        return Err(format!("{count} rows of a Gaussian grid of number {half}; numbers to {FINEST} are read"));
    }
    let mut all = gaussian(half);
    if first < 0.0 && count > 1 && (all[2 * half - 1] - first).abs() < (all[0] - first).abs() && count == 2 * half {
        all.reverse();
    }
    let start = (0..=2 * half - count)
        .min_by(|&a, &b| (all[a] - first).abs().total_cmp(&(all[b] - first).abs()))
        .filter(|&s| (all[s] - first).abs() <= tolerance * 10.0)
        .ok_or_else(|| format!("a first row at {first} degrees that is none of a Gaussian grid of number {half}"))?;
    Ok(all[start..start + count].to_vec())
}

/// Latitudes of the roots of the Legendre polynomial of degree 2·half, north to south (Newton's method from Tricomi's guess).
fn gaussian(half: usize) -> Vec<f64> {
    let n = 2 * half;
    let mut north = Vec::with_capacity(half);
    for k in 1..=half {
        let mut x = (std::f64::consts::PI * (k as f64 - 0.25) / (n as f64 + 0.5)).cos();
        for _ in 0..20 {
            let (mut p0, mut p1) = (1.0, x);
            for j in 2..=n {
                let j = j as f64;
                (p0, p1) = (p1, ((2.0 * j - 1.0) * x * p1 - (j - 1.0) * p0) / j);
            }
            let step = p1 * (1.0 - x * x) / (n as f64 * (p0 - x * p1));
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        north.push(x.asin().to_degrees());
    }
    north.iter().copied().chain(north.iter().rev().map(|l| -l)).collect()
}

/// Rows of different lengths.
pub(super) struct Rows {
    pub latitudes: Vec<f64>,
    pub counts: Vec<u32>,
    /// Longitude of the first cell of each row.
    pub west: f64,
    pub scan: u8,
    /// The number of cells that the file states.
    pub points: Option<usize>,
}

/// A grid whose rows have different lengths.
pub(super) fn reduced(kind: &'static str, rows: Rows, crs: Crs) -> Result<Grid, String> {
    let Rows { latitudes: rows, counts, west, scan, points } = rows;
    let mut starts = vec![0_usize];
    for &c in &counts {
        starts.push(starts[starts.len() - 1] + c as usize);
    }
    let total = starts[starts.len() - 1];
    if total == 0 || total > MOST_POINTS || counts.len() != rows.len() || points.is_some_and(|p| p != total) {
        return Err(format!("rows of {total} cells together; whole rows around the Earth are read"));
    }
    if scan & 0xF0 & !0x40 != 0 {
        return Err(format!("a reduced grid scanned in the way {scan}"));
    }
    Ok(Grid { kind, shape: [1, total], scan: 0, layout: Layout::Reduced { rows, starts, west }, crs: Some(crs), trouble: None })
}

/// Cells on a plane.
pub(super) struct Plane<'a> {
    pub definition: &'a str,
    pub figure: &'a str,
    /// Longitude and latitude of the first cell, in degrees.
    pub first: [f64; 2],
    /// Steps along x and y, in metres.
    pub steps: [f64; 2],
    /// Rows and columns.
    pub shape: [usize; 2],
    pub scan: u8,
}

/// Axes in metres of a plane: the first cell is projected, the others follow by the steps.
pub(super) fn straight(plane: &Plane) -> Result<Layout, String> {
    let Plane { definition, figure, first, steps, shape, scan } = *plane;
    let project = || -> Option<(f64, f64)> {
        let from = Proj::from_proj_string(&format!("+proj=longlat {figure} +no_defs")).ok()?;
        let to = Proj::from_proj_string(definition).ok()?;
        let lon = (first[0] + 180.0).rem_euclid(360.0) - 180.0;
        let mut point = (lon.to_radians(), first[1].to_radians(), 0.0);
        proj4rs::transform::transform(&from, &to, &mut point).ok()?;
        (point.0.is_finite() && point.1.is_finite()).then_some((point.0, point.1))
    };
    // The projections are not ours: should odd parameters make them panic, the cells are not placed.
    let (x0, y0) =
        std::panic::catch_unwind(project).ok().flatten().ok_or_else(|| format!("a first cell that {definition} cannot place"))?;
    let [dx, dy] = [if scan & 0x80 == 0 { steps[0] } else { -steps[0] }, if scan & 0x40 != 0 { steps[1] } else { -steps[1] }];
    if dx == 0.0 || dy == 0.0 {
        return Err("cells of no size".into());
    }
    Ok(Layout::Metres { y: (0..shape[0]).map(|j| y0 + j as f64 * dy).collect(), x: (0..shape[1]).map(|i| x0 + i as f64 * dx).collect() })
}

/// The view of a geostationary satellite.
pub(super) struct View<'a> {
    /// Degrees east of the point below it.
    pub lon: f64,
    /// Earth radii from the centre.
    pub height: f64,
    /// The Earth's sides, in cells.
    pub sizes: [f64; 2],
    /// The point below it, in cells.
    pub middle: [f64; 2],
    pub figure: &'a str,
    /// Rows and columns.
    pub shape: [usize; 2],
    pub scan: u8,
}

/// Axes in metres of PROJ's geostationary projection, and its definition.
pub(super) fn space_view(view: &View) -> Result<(Layout, String), String> {
    let View { lon, height, sizes, middle, figure, shape, scan } = *view;
    let a = figure
        .split_whitespace()
        .find_map(|w| w.strip_prefix("+a=").or_else(|| w.strip_prefix("+R=")))
        .and_then(|v| v.parse::<f64>().ok())
        .unwrap_or(6_378_137.0);
    if !(1.1..1000.0).contains(&height) || sizes.iter().any(|s| *s < 1.0) {
        return Err(format!("a satellite {height} Earth radii away"));
    }
    let above = (height - 1.0) * a;
    let [rx, ry] = sizes.map(|s| 2.0 * (1.0 / height).asin() / s * above);
    let (sx, sy) = (if scan & 0x80 == 0 { 1.0 } else { -1.0 }, if scan & 0x40 != 0 { 1.0 } else { -1.0 });
    let x = (0..shape[1]).map(|i| (i as f64 - middle[0]) * rx * sx).collect();
    let y = (0..shape[0]).map(|j| (j as f64 - middle[1]) * ry * sy).collect();
    Ok((Layout::Metres { y, x }, format!("+proj=geos +h={above} +lon_0={lon} {figure} +units=m +no_defs")))
}

/// Longitude and latitude of a point given about a pole that was moved; `pole` is latitude and longitude of the southern pole.
fn unrotate(lat: f64, lon: f64, pole: [f64; 2], turn: f64) -> (f64, f64) {
    let (lat, lon) = (lat.to_radians(), (lon + turn).to_radians());
    let (x, y, z) = (lon.cos() * lat.cos(), lon.sin() * lat.cos(), lat.sin());
    let (st, ct) = (-(90.0 + pole[0])).to_radians().sin_cos();
    let (so, co) = (-pole[1]).to_radians().sin_cos();
    let east = ct * co * x + so * y + st * co * z;
    let north = -ct * so * x + co * y - st * so * z;
    let up = -st * x + ct * z;
    (north.atan2(east).to_degrees(), up.clamp(-1.0, 1.0).asin().to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaussian_latitudes_are_those_of_ecmwf() {
        // N48 and N80, from ecCodes 2.50.0 (codes_get_gaussian_latitudes).
        assert!((gaussian(48)[0] - 88.572_168_514_008_4).abs() < 1e-9);
        assert!((gaussian(80)[1] - 88.028_429_741_966_8).abs() < 1e-9);
    }

    #[test]
    fn a_pole_that_was_not_moved_moves_nothing() {
        let (lon, lat) = unrotate(47.0, 11.0, [-90.0, 0.0], 0.0);
        assert!((lon - 11.0).abs() < 1e-12 && (lat - 47.0).abs() < 1e-12);
    }
}
