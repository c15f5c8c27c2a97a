//! Grids of GRIB: from grid sections of both editions to axes, systems and places of cells.

use std::cell::Cell;
use std::collections::HashMap;

use esker_core::Crs;

use super::message::{signed, uint};
use super::places::{Layout, Plane, Rows, Run, View, gaussian_rows, line, reduced, space_view, straight};

/// Cells along one side, and in all, that are read at most.
const LONGEST: usize = 1 << 20;
pub(super) const MOST_POINTS: usize = 1 << 27;
/// Labels of all grids together, and the work that Gaussian latitudes take, in labels: a grid needs some 70 bytes of file, and a
/// stranger's file may hold any number of them.
const MOST_LABELS: usize = 1 << 23;

/// A grid that messages share.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    /// ecCodes' name: `regular_ll`.
    pub kind: &'static str,
    /// Rows and columns; of a reduced or unknown grid 1 and all cells.
    pub shape: [usize; 2],
    /// How the cells follow one another (flag table 3.4).
    pub scan: u8,
    pub layout: Layout,
    pub crs: Option<Crs>,
    /// Why the cells are not placed.
    pub trouble: Option<String>,
}

/// All grids of a file; sections of the same bytes are one grid.
#[derive(Default)]
pub(super) struct Grids {
    pub all: Vec<Grid>,
    seen: HashMap<Vec<u8>, usize>,
    spent: Spent,
}

/// Labels computed so far.
#[derive(Default)]
struct Spent(Cell<usize>);

impl Spent {
    /// Spends some more, if there is anything left.
    fn more(&self, labels: usize) -> Found<()> {
        if self.0.get() > MOST_LABELS {
            return Err(format!("more grids than are placed: {MOST_LABELS} rows and columns together"));
        }
        self.0.set(self.0.get().saturating_add(labels));
        Ok(())
    }

    /// The latitudes of a Gaussian grid.
    fn gaussian(&self, half: usize, count: usize, first: f64) -> Found<Vec<f64>> {
        self.more(half.saturating_mul(half) / 4)?;
        gaussian_rows(half, count, first, 1e-3)
    }
}

impl Grids {
    /// The grid of a section 2 of edition 1.
    pub fn one(&mut self, section: &[u8]) -> usize {
        self.keep(section, |s, spent| {
            let header = One(s, spent);
            let points = header.u(6, 2).unwrap_or(0) * header.u(8, 2).unwrap_or(0);
            header.grid().map_err(|e| (e, points))
        })
    }

    /// The grid of a section 3 of edition 2, at least 14 bytes long.
    pub fn two(&mut self, section: &[u8]) -> usize {
        self.keep(section, |s, spent| Two(s, spent).grid().map_err(|e| (e, uint(&s[6..10]) as usize)))
    }

    fn keep(&mut self, section: &[u8], parse: impl FnOnce(&[u8], &Spent) -> Result<Grid, (String, usize)>) -> usize {
        if let Some(&known) = self.seen.get(section) {
            return known;
        }
        let grid = parse(section, &self.spent).unwrap_or_else(|(trouble, points)| Grid {
            kind: "unknown",
            shape: [1, points.min(MOST_POINTS)],
            scan: 0,
            layout: Layout::Unknown,
            crs: None,
            trouble: Some(trouble),
        });
        self.all.push(grid);
        self.seen.insert(section.to_vec(), self.all.len() - 1);
        self.all.len() - 1
    }

    /// Cells of a grid.
    pub fn points(&self, grid: usize) -> usize {
        self.all[grid].shape.iter().product()
    }
}

type Found<T> = Result<T, String>;

/// The shape of a grid, rows first.
fn size(ni: usize, nj: usize) -> Found<[usize; 2]> {
    let fits = (1..=LONGEST).contains(&ni) && (1..=LONGEST).contains(&nj) && ni * nj <= MOST_POINTS;
    if fits { Ok([nj, ni]) } else { Err(format!("a grid of {ni} x {nj} cells; at most 2^27 cells are read")) }
}

/// A figure of the Earth in PROJ's words as a system of degrees.
fn degrees(figure: &str) -> Crs {
    if figure == "+datum=WGS84" { Crs::Geographic } else { Crs::Geodetic(format!("+proj=longlat {figure} +no_defs")) }
}

/// Section 2 of edition 1; angles are thousandths of degrees.
struct One<'a>(&'a [u8], &'a Spent);

impl One<'_> {
    fn u(&self, at: usize, len: usize) -> Option<usize> {
        self.0.get(at..at + len).map(|b| uint(b) as usize)
    }

    fn get(&self, at: usize, len: usize) -> Found<usize> {
        self.u(at, len).ok_or_else(|| "a grid section that is too short".to_owned())
    }

    fn angle(&self, at: usize) -> Found<i64> {
        self.0.get(at..at + 3).map(signed).ok_or_else(|| "a grid section that is too short".to_owned())
    }

    fn figure(&self) -> Found<&'static str> {
        Ok(if self.get(16, 1)? & 0x40 == 0 { "+R=6367470" } else { "+a=6378160 +b=6356775" })
    }

    fn grid(&self) -> Found<Grid> {
        let figure = self.figure()?;
        let (ni, nj, scan) = (self.get(6, 2)?, self.get(8, 2)?, self.get(27, 1)? as u8);
        let thousandth = |at| Ok::<f64, String>(self.angle(at)? as f64 / 1000.0);
        let first = [thousandth(13)?, thousandth(10)?];
        let flat = |kind, definition: String, steps: [f64; 2]| -> Found<Grid> {
            let shape = size(ni, nj)?;
            self.1.more(ni + nj)?;
            let layout = straight(&Plane { definition: &definition, figure, first, steps, shape, scan })?;
            Ok(Grid { kind, shape, scan, layout, crs: Some(Crs::Projected(definition)), trouble: None })
        };
        match self.get(5, 1)? {
            kind @ (0 | 4 | 10 | 14) => self.angular(kind, ni, nj, scan, figure),
            1 => {
                let definition = format!("+proj=merc +lat_ts={} +lon_0=0 {figure} +units=m +no_defs", thousandth(23)?);
                flat("mercator", definition, [self.get(28, 3)? as f64, self.get(31, 3)? as f64])
            }
            kind @ (3 | 5) => {
                let (lon, south) = (thousandth(17)?, self.get(26, 1)? & 0x80 != 0);
                let steps = [self.get(20, 3)? as f64, self.get(23, 3)? as f64];
                if kind == 5 {
                    let pole = if south { -1 } else { 1 };
                    let definition =
                        format!("+proj=stere +lat_0={} +lat_ts={} +lon_0={lon} {figure} +units=m +no_defs", 90 * pole, 60 * pole);
                    return flat("polar_stereographic", definition, steps);
                }
                let (a, b) = (thousandth(28)?, thousandth(31)?);
                flat("lambert", format!("+proj=lcc +lat_1={a} +lat_2={b} +lat_0={a} +lon_0={lon} {figure} +units=m +no_defs"), steps)
            }
            other => Err(format!("grid type {other} of edition 1")),
        }
    }

    /// Latitude and longitude, rows equally spaced or Gaussian, perhaps rotated.
    fn angular(&self, kind: usize, ni: usize, nj: usize, scan: u8, figure: &str) -> Found<Grid> {
        let gaussian = matches!(kind, 4 | 14);
        let (lat, lon) = ((self.angle(10)?, self.angle(17)?), (self.angle(13)?, self.angle(20)?));
        let given = self.get(16, 1)? & 0x80 != 0;
        let (di, dj) = (self.get(23, 2)?, self.get(25, 2)?);
        let step = |d: usize| (given && d != 0xFFFF && d != 0).then_some(d as i64);
        let rows = |n: usize| {
            if gaussian {
                self.1.gaussian(dj, n, lat.0 as f64 / 1000.0)
            } else {
                line(&Run { ends: lat, step: step(dj), n, ascending: scan & 0x40 != 0, circle: None, unit: 1000.0 })
            }
        };
        if ni == 0xFFFF {
            let (pv, at) = (self.get(3, 1)?, self.get(4, 1)?);
            let from = (at + 4 * pv).saturating_sub(1);
            let counts: Vec<u32> = (0..nj).map(|k| Ok(self.get(from + 2 * k, 2)? as u32)).collect::<Found<_>>()?;
            size(1, nj)?;
            self.1.more(nj)?;
            let rows = Rows { latitudes: rows(nj)?, counts, west: lon.0 as f64 / 1000.0, scan, points: None };
            return reduced(if gaussian { "reduced_gg" } else { "reduced_ll" }, rows, degrees(figure));
        }
        let shape = size(ni, nj)?;
        self.1.more(ni + nj)?;
        let (y, x) =
            (rows(nj)?, line(&Run { ends: lon, step: step(di), n: ni, ascending: scan & 0x80 == 0, circle: Some(360_000), unit: 1000.0 })?);
        if matches!(kind, 10 | 14) {
            let pole = [self.angle(32)? as f64 / 1000.0, self.angle(35)? as f64 / 1000.0];
            let turn = super::decode::ibm(self.get(38, 4)? as u32);
            let layout = Layout::Rotated { y, x, pole, turn };
            return Ok(Grid { kind: "rotated_ll", shape, scan, layout, crs: Some(degrees(figure)), trouble: None });
        }
        let kind = if gaussian { "regular_gg" } else { "regular_ll" };
        Ok(Grid { kind, shape, scan, layout: Layout::Degrees { y, x }, crs: Some(degrees(figure)), trouble: None })
    }
}

/// Section 3 of edition 2; angles are millionths of degrees unless a basic angle is given.
struct Two<'a>(&'a [u8], &'a Spent);

impl Two<'_> {
    fn get(&self, at: usize, len: usize) -> Found<usize> {
        self.0.get(at..at + len).map(|b| uint(b) as usize).ok_or_else(|| "a grid section that is too short".to_owned())
    }

    fn signed(&self, at: usize) -> Found<i64> {
        self.0.get(at..at + 4).map(signed).ok_or_else(|| "a grid section that is too short".to_owned())
    }

    fn millionth(&self, at: usize) -> Found<f64> {
        Ok(self.signed(at)? as f64 / 1e6)
    }

    /// Table 3.2.
    fn figure(&self) -> Found<String> {
        let scaled = |at: usize| -> Found<f64> {
            let scale = self.get(at, 1)?;
            let scale = if scale == 255 { 0 } else { signed(&[scale as u8]) };
            Ok(self.get(at + 1, 4)? as f64 / 10_f64.powi(scale as i32))
        };
        let positive = |text: String, sizes: &[f64]| {
            if sizes.iter().all(|s| (1e6..1e8).contains(s)) { Ok(text) } else { Err(format!("an Earth of {sizes:?} m")) }
        };
        Ok(match self.get(14, 1)? {
            0 => "+R=6367470".into(),
            1 => {
                let r = scaled(15)?;
                positive(format!("+R={r}"), &[r])?
            }
            2 => "+a=6378160 +b=6356775".into(),
            kind @ (3 | 7) => {
                let unit = if kind == 3 { 1000.0 } else { 1.0 };
                let (a, b) = (scaled(20)? * unit, scaled(25)? * unit);
                positive(format!("+a={a} +b={b}"), &[a, b])?
            }
            4 => "+ellps=GRS80".into(),
            5 => "+datum=WGS84".into(),
            6 => "+R=6371229".into(),
            8 => "+R=6371200".into(),
            9 => "+ellps=airy".into(),
            other => return Err(format!("figure of the Earth number {other}")),
        })
    }

    fn grid(&self) -> Found<Grid> {
        let (points, template) = (self.get(6, 4)?, self.get(12, 2)?);
        let figure = match template {
            101 | 50..=63 => String::new(),
            _ => self.figure()?,
        };
        let grid = match template {
            0 | 1 | 40 | 41 => self.angular(template, &figure),
            10 | 20 | 30 | 31 | 140 => self.flat(template, &figure),
            90 => self.space(&figure),
            101 => Err("an unstructured grid, whose cells are placed in another file".into()),
            other => Err(format!("grid template {other}")),
        }?;
        if grid.shape.iter().product::<usize>() != points {
            return Err(format!("{points} cells on a grid of {} x {}", grid.shape[1], grid.shape[0]));
        }
        Ok(grid)
    }

    fn flat(&self, template: usize, figure: &str) -> Found<Grid> {
        let shape = size(self.get(30, 4)?, self.get(34, 4)?)?;
        self.1.more(shape[0] + shape[1])?;
        let first = [self.millionth(42)?, self.millionth(38)?];
        let steps = |at: usize| Ok::<_, String>([self.get(at, 4)? as f64 / 1000.0, self.get(at + 4, 4)? as f64 / 1000.0]);
        let tail = format!("{figure} +units=m +no_defs");
        let (kind, definition, steps, scan) = match template {
            10 => ("mercator", format!("+proj=merc +lat_ts={} +lon_0=0 {tail}", self.millionth(47)?), steps(64)?, self.get(59, 1)?),
            20 => {
                let pole = if self.get(63, 1)? & 0x80 != 0 { -90 } else { 90 };
                let definition = format!("+proj=stere +lat_0={pole} +lat_ts={} +lon_0={} {tail}", self.millionth(47)?, self.millionth(51)?);
                ("polar_stereographic", definition, steps(55)?, self.get(64, 1)?)
            }
            140 => {
                let definition = format!("+proj=laea +lat_0={} +lon_0={} {tail}", self.millionth(46)?, self.millionth(50)?);
                ("lambert_azimuthal_equal_area", definition, steps(55)?, self.get(63, 1)?)
            }
            _ => {
                let (kind, name) = if template == 30 { ("lambert", "lcc") } else { ("albers", "aea") };
                let (a, b) = (self.millionth(65)?, self.millionth(69)?);
                let definition =
                    format!("+proj={name} +lat_1={a} +lat_2={b} +lat_0={} +lon_0={} {tail}", self.millionth(47)?, self.millionth(51)?);
                (kind, definition, steps(55)?, self.get(64, 1)?)
            }
        };
        let scan = scan as u8;
        let layout = straight(&Plane { definition: &definition, figure, first, steps, shape, scan })?;
        Ok(Grid { kind, shape, scan, layout, crs: Some(Crs::Projected(definition)), trouble: None })
    }

    fn space(&self, figure: &str) -> Found<Grid> {
        let shape = size(self.get(30, 4)?, self.get(34, 4)?)?;
        self.1.more(shape[0] + shape[1])?;
        let scan = self.get(63, 1)? as u8;
        let (lat, lon, height) = (self.millionth(38)?, self.millionth(42)?, self.get(68, 4)? as f64 / 1e6);
        let sizes = [self.get(47, 4)? as f64, self.get(51, 4)? as f64];
        let middle = [self.get(55, 4)? as f64 / 1000.0, self.get(59, 4)? as f64 / 1000.0];
        let offset = [self.get(72, 4)? as f64, self.get(76, 4)? as f64];
        if lat != 0.0 || self.get(64, 4)? != 0 {
            return Err("a view from space that is turned or not above the equator".into());
        }
        let (layout, definition) =
            space_view(&View { lon, height, sizes, middle: [middle[0] - offset[0], middle[1] - offset[1]], figure, shape, scan })?;
        Ok(Grid { kind: "space_view", shape, scan, layout, crs: Some(Crs::Projected(definition)), trouble: None })
    }

    fn angular(&self, template: usize, figure: &str) -> Found<Grid> {
        let gaussian = template >= 40;
        let (basic, parts) = (self.get(38, 4)?, self.get(42, 4)?);
        let unit = if basic == 0 || basic == 0xFFFF_FFFF || parts == 0 || parts == 0xFFFF_FFFF { 1e6 } else { parts as f64 / basic as f64 };
        let (ni, nj, scan) = (self.get(30, 4)?, self.get(34, 4)?, self.get(71, 1)? as u8);
        let (lat, lon) = ((self.signed(46)?, self.signed(55)?), (self.signed(50)?, self.signed(59)?));
        let (di, dj) = (self.get(63, 4)?, self.get(67, 4)?);
        let step = |d: usize| (d != 0xFFFF_FFFF && d != 0).then_some(d as i64);
        let rows = |n: usize| {
            if gaussian {
                self.1.gaussian(dj, n, lat.0 as f64 / unit)
            } else {
                line(&Run { ends: lat, step: step(dj), n, ascending: scan & 0x40 != 0, circle: None, unit })
            }
        };
        let turn = (360.0 * unit).round() as i64;
        if ni == 0xFFFF_FFFF {
            size(1, nj)?;
            self.1.more(nj)?;
            let width = self.get(10, 1)?;
            let from = self.0.len().checked_sub(width * nj).filter(|_| (1..=4).contains(&width)).ok_or("rows without their lengths")?;
            let counts: Vec<u32> = self.0[from..].chunks_exact(width).map(|b| uint(b) as u32).collect();
            let kind = if gaussian { "reduced_gg" } else { "reduced_ll" };
            let rows = Rows { latitudes: rows(nj)?, counts, west: lon.0 as f64 / unit, scan, points: Some(self.get(6, 4)?) };
            return reduced(kind, rows, degrees(figure));
        }
        let shape = size(ni, nj)?;
        self.1.more(ni + nj)?;
        let (y, x) = (rows(nj)?, line(&Run { ends: lon, step: step(di), n: ni, ascending: scan & 0x80 == 0, circle: Some(turn), unit })?);
        if matches!(template, 1 | 41) {
            let pole = [self.signed(72)? as f64 / unit, self.signed(76)? as f64 / unit];
            let turn = f64::from(f32::from_bits(self.get(80, 4)? as u32));
            let layout = Layout::Rotated { y, x, pole, turn: if turn.is_finite() { turn } else { 0.0 } };
            return Ok(Grid { kind: "rotated_ll", shape, scan, layout, crs: Some(degrees(figure)), trouble: None });
        }
        let kind = if gaussian { "regular_gg" } else { "regular_ll" };
        Ok(Grid { kind, shape, scan, layout: Layout::Degrees { y, x }, crs: Some(degrees(figure)), trouble: None })
    }
}
