//! Data cut to polygons: cells by their centre, points by themselves, lines and areas by their centroid.
//!
//! Places are brought to the polygons' system one by one, so that an edge is straight where its polygon was drawn. Of a grid only the mask is
//! made at once, as runs of cells; values are read when they are asked for.

use std::path::Path;

use esker_core::cube::{AxisKind, Mask, Window};
use esker_core::{Context, Crs, Cube, Error, Features, Note, Result, Shape, Table};
use rayon::prelude::*;

use super::area::Area;
use crate::crs::Transform;
use crate::grid::scale;
use crate::vector::centroid;
use crate::{Data, Placed, ReadOptions};

/// Places held at a time where a grid has 2-D coordinates.
const MOST: usize = 1 << 20;

/// Polygons that data are cut to.
#[derive(Debug)]
pub struct Within {
    /// The file they are from.
    name: String,
    area: Area,
    crs: Crs,
    /// What was noticed of the polygons.
    notes: Vec<Note>,
}

impl Within {
    /// Reads polygons: any format of features.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no polygons, or does not state their CRS.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        match crate::open(path, &ReadOptions::default())?.1 {
            Data::Features(features) => Self::of(&features, &name),
            _ => Err(Error::data(format!("polygons '{name}'"))
                .got("a file without geometries")
                .rule("polygons are read from GeoPackage, shapefile, GeoJSON, FlatGeobuf or GeoParquet")),
        }
    }

    /// The polygons among features; `name` is what messages call them.
    ///
    /// # Errors
    /// As [`Within::read`].
    pub fn of(features: &Features, name: &str) -> Result<Self> {
        let refused = || Error::data(format!("polygons '{name}'"));
        let other = features.geometries.iter().flatten().filter(|g| g.shape != Shape::Polygons).count();
        if other > 0 {
            return Err(refused().got(format!("{other} points or lines")).rule("only polygons have an inside"));
        }
        let crs = features.crs.clone().ok_or_else(|| {
            refused()
                .got("coordinates in a system that is not known")
                .rule("data are cut to polygons only where both systems are known")
                .hint("a shapefile has its CRS in the .prj beside it")
        })?;
        let area = Area::of(features, crs.is_degrees());
        if area.is_empty() {
            return Err(refused().got("no polygon").rule("at least one is needed"));
        }
        let none = features.geometries.iter().filter(|g| g.is_none()).count();
        let notes = (none > 0).then(|| Note::warning("no-geometry", format!("{none} of the polygons of '{name}' have no geometry")));
        let notes = notes.into_iter().chain(crate::vector::flaws(features, &format!("'{name}'"))).collect();
        Ok(Self { name: name.to_owned(), area, crs, notes })
    }

    /// The rows of a table whose place is inside.
    ///
    /// # Errors
    /// Columns that are not there or hold no numbers, a CRS not known, nothing inside.
    pub fn rows(&self, table: &Table, place: &Placed) -> Result<Table> {
        let (x, y) = (table.column(&place.x)?.reals()?, table.column(&place.y)?.reals()?);
        let (inside, mut notes) = self.points(x.to_vec(), y.to_vec(), place.crs.as_ref(), "the rows")?;
        let mut out = table.select(&inside);
        notes.push(self.kept("rows", inside.len(), table.rows(), "their place"));
        out.notes.extend(notes);
        Ok(out)
    }

    /// The number of the polygon that holds each point, from 0; of polygons that overlap the first.
    ///
    /// # Errors
    /// A CRS not known, none inside, or the user stopped the work.
    pub fn which(
        &self,
        (mut x, mut y): (Vec<f64>, Vec<f64>),
        crs: Option<&Crs>,
        what: &str,
        cx: &Context,
    ) -> Result<(Vec<Option<usize>>, Vec<Note>)> {
        let (way, notes) = self.way(crs, what)?;
        way.apply(&mut x, &mut y)?;
        let held: Vec<Option<usize>> =
            x.par_iter().zip(&y).map(|(&x, &y)| cx.check().map(|()| self.area.which(x, y))).collect::<Result<_>>()?;
        if held.iter().all(Option::is_none) {
            return Err(self.nothing(what));
        }
        Ok((held, notes))
    }

    /// The numbers of all polygons that hold each point, from 0.
    ///
    /// # Errors
    /// A CRS not known, none inside, or the user stopped the work.
    pub fn every(
        &self,
        (mut x, mut y): (Vec<f64>, Vec<f64>),
        crs: Option<&Crs>,
        what: &str,
        cx: &Context,
    ) -> Result<(Vec<Vec<usize>>, Vec<Note>)> {
        let (way, notes) = self.way(crs, what)?;
        way.apply(&mut x, &mut y)?;
        let held: Vec<Vec<usize>> =
            x.par_iter().zip(&y).map(|(&x, &y)| cx.check().map(|()| self.area.every(x, y))).collect::<Result<_>>()?;
        if held.iter().all(Vec::is_empty) {
            return Err(self.nothing(what));
        }
        Ok((held, notes))
    }

    /// The features whose point or centroid is inside.
    ///
    /// # Errors
    /// A CRS not known, nothing inside.
    pub fn features(&self, features: &Features) -> Result<Features> {
        let centre = |g: &Option<esker_core::Geometry>| g.as_ref().and_then(centroid).unwrap_or([f64::NAN; 2]);
        let (x, y) = features.geometries.iter().map(centre).map(|[x, y]| (x, y)).unzip();
        let (inside, mut notes) = self.points(x, y, features.crs.as_ref(), "the features")?;
        notes.push(self.kept("features", inside.len(), features.geometries.len(), "their point or centroid"));
        let geometries = inside.iter().map(|&i| features.geometries[i].clone()).collect();
        let mut out = Features::new(features.table.select(&inside), geometries, features.crs.clone())?;
        out.table.notes.extend(notes);
        Ok(out)
    }

    /// Which points are inside, by their number.
    fn points(&self, mut x: Vec<f64>, mut y: Vec<f64>, crs: Option<&Crs>, what: &str) -> Result<(Vec<usize>, Vec<Note>)> {
        let (way, notes) = self.way(crs, what)?;
        way.apply(&mut x, &mut y)?;
        let inside: Vec<usize> = (0..x.len()).into_par_iter().filter(|&i| self.area.holds(x[i], y[i])).collect();
        if inside.is_empty() {
            return Err(self.nothing(what));
        }
        Ok((inside, notes))
    }

    /// The cube with cells outside missing, cut to the rows and columns that have cells inside.
    ///
    /// # Errors
    /// Places of the cells or their CRS not known, nothing inside, places that cannot be read.
    pub fn cube(&self, cube: &Cube) -> Result<Cube> {
        let plane = cube.axis_of(AxisKind::Y).zip(cube.axis_of(AxisKind::X)).filter(|&(y, x)| labelled(cube, y) && labelled(cube, x));
        let (way, notes) = self.way(cube.crs.as_ref(), "the cells")?;
        let mut out = match (plane, &cube.places) {
            (Some((y, x)), _) => self.grid(cube, (y, x), &way)?,
            (None, Some((x, y))) => self.placed(cube, (cube.variable(x)?, cube.variable(y)?), &way)?,
            (None, None) => {
                return Err(Error::data("cube")
                    .got("cells whose place is not known")
                    .rule("polygons cut cubes with one x and one y axis, or with longitudes and latitudes"));
            }
        };
        out.notes.extend(notes);
        Ok(out)
    }

    /// A grid with an x and a y axis.
    fn grid(&self, cube: &Cube, (y, x): (usize, usize), way: &Transform) -> Result<Cube> {
        let crs = cube.crs.as_ref().unwrap_or(&self.crs);
        let labels = |a: usize| -> Result<Vec<f64>> {
            let factor = scale(&cube.axes()[a], crs)?;
            Ok(cube.axes()[a].numbers().unwrap_or_default().iter().map(|v| v * factor).collect())
        };
        let (ys, xs) = (labels(y)?, labels(x)?);
        let same = *crs == self.crs;
        let reach = if same { None } else { self.reach(crs)? };
        let row = |&at: &f64| if same { Ok(self.area.row(&xs, at)) } else { self.far_row(&xs, at, reach, way) };
        let rows = ys.par_iter().map(|at| row(at).map(|inside| Mask::runs(&inside))).collect::<Result<Vec<_>>>()?;
        let mask = Mask { axes: [y, x], rows };
        let (count, used, columns) = (mask.count(), mask.used_rows(), mask.used_columns(xs.len()));
        if count == 0 {
            return Err(self.nothing("the cells"));
        }
        let masked = mask.over(cube)?;
        let mut out = masked.select(y, &used.collect::<Vec<_>>())?;
        out = match over_the_edge(&xs, &columns).filter(|_| crs.is_degrees()) {
            // The polygons lie over the edge of the axis: the labels then run on from its end.
            Some((west, east)) => out.within(west, f64::NEG_INFINITY, east, f64::INFINITY)?,
            None => {
                let (from, to) = (columns.iter().position(|u| *u).unwrap_or(0), columns.iter().rposition(|u| *u).map_or(0, |i| i + 1));
                out.select(x, &(from..to).collect::<Vec<_>>())?
            }
        };
        out.notes.push(self.kept("cells of the map", count, xs.len() * ys.len(), "their centre"));
        Ok(out)
    }

    /// Which cells of a row are inside, where the grid has another system; cells beyond the reach of the polygons are not looked at.
    fn far_row(&self, xs: &[f64], at: f64, reach: Option<[f64; 4]>, way: &Transform) -> Result<Vec<bool>> {
        let mut out = vec![false; xs.len()];
        let [west, east, south, north] = reach.unwrap_or([f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY]);
        if at < south || at > north {
            return Ok(out);
        }
        let cells: Vec<usize> = (0..xs.len()).filter(|&i| xs[i] >= west && xs[i] <= east).collect();
        let (mut px, mut py): (Vec<f64>, Vec<f64>) = cells.iter().map(|&i| (xs[i], at)).unzip();
        way.apply(&mut px, &mut py)?;
        for (k, &i) in cells.iter().enumerate() {
            out[i] = self.area.holds(px[k], py[k]);
        }
        Ok(out)
    }

    /// Cells placed by longitudes and latitudes that are variables: of one axis (stations) or of two (curvilinear grids).
    fn placed(&self, cube: &Cube, (x, y): (usize, usize), way: &Transform) -> Result<Cube> {
        let axes = cube.variables()[x].axes.clone();
        let (slow, fast) = match axes.as_slice() {
            [only] => (None, *only),
            [slow, fast] => (Some(*slow), *fast),
            _ => {
                return Err(Error::data(format!("variable '{}'", cube.variables()[x].name))
                    .got(format!("{} axes", axes.len()))
                    .rule("places that change with time are not cut; write the cube as a table first"));
            }
        };
        let width = cube.axes()[fast].len;
        let mut rows: Vec<Vec<bool>> = Vec::new();
        for slab in Window::whole(&cube.shape(x)).slabs(&[], MOST.max(width)) {
            let (mut px, mut py) = (cube.read(x, &slab)?, cube.read(y, &slab)?);
            way.apply(&mut px, &mut py)?;
            let inside: Vec<bool> = px.par_iter().zip(&py).map(|(&x, &y)| self.area.holds(x, y)).collect();
            rows.extend(inside.chunks(width.max(1)).map(<[bool]>::to_vec));
        }
        let cells = rows.concat();
        let count = cells.iter().filter(|i| **i).count();
        if count == 0 {
            return Err(self.nothing("the cells"));
        }
        let mut out = match slow {
            None => cube.select(fast, &(0..width).filter(|&i| cells[i]).collect::<Vec<_>>())?,
            Some(slow) => {
                let mask = Mask { axes: [slow, fast], rows: rows.iter().map(|r| Mask::runs(r)).collect() };
                let (used, columns) = (mask.used_rows(), mask.used_columns(width));
                let last = columns.iter().rposition(|u| *u).map_or(0, |i| i + 1);
                let across = columns.iter().position(|u| *u).unwrap_or(0)..last;
                mask.over(cube)?.select(slow, &used.collect::<Vec<_>>())?.select(fast, &across.collect::<Vec<_>>())?
            }
        };
        out.notes.push(self.kept("cells", count, cells.len(), "their place"));
        Ok(out)
    }

    /// The way from the data's system to that of the polygons, and what to say of it.
    fn way(&self, crs: Option<&Crs>, what: &str) -> Result<(Transform, Vec<Note>)> {
        let crs = crs.ok_or_else(|| {
            Error::data(format!("places of {what}"))
                .got("coordinates in a system that is not known")
                .rule("data are cut to polygons only where both systems are known")
        })?;
        let way = Transform::between(crs, &self.crs)?;
        let mut notes = self.notes.clone();
        if *crs != self.crs {
            let off = way.accuracy_m().map_or_else(|| "to an accuracy that is not known".to_owned(), |m| format!("to within about {m} m"));
            let text = format!("places of {what} ({}) were brought to the CRS of '{}' ({}), {off}", crs.name(), self.name, self.crs.name());
            notes.push(Note::info("crs-transformed", text));
            notes.extend(way.notes.iter().cloned());
        }
        Ok((way, notes))
    }

    fn kept(&self, what: &str, kept: usize, of: usize, by: &str) -> Note {
        Note::info("within", format!("{what} were kept where {by} lies within the polygons of '{}': {kept} of {of}", self.name))
    }

    fn nothing(&self, what: &str) -> Error {
        let [x0, x1, y0, y1] = self.area.bounds;
        Error::data(format!("polygons '{}'", self.name))
            .got(format!("none of {what} inside"))
            .rule(format!("they reach from {x0} to {x1} east and {y0} to {y1} north in {}", self.crs.name()))
            .hint("esker info FILE says where the data lie; cells and areas count by their centre")
    }

    /// A box in another system that all polygons lie in, with a margin; none where some of them cannot be placed in it.
    fn reach(&self, crs: &Crs) -> Result<Option<[f64; 4]>> {
        const ALONG: usize = 8;
        const ACROSS: usize = 33;
        let way = Transform::between(&self.crs, crs)?;
        let [x0, x1, y0, y1] = self.area.bounds;
        let share = |i: usize, n: usize| i as f64 / n as f64;
        // Points along the edges, and inside: a pole may lie there.
        let edges = self
            .area
            .edges()
            .flat_map(|(a, b)| (0..=ALONG).map(move |i| [a[0] + (b[0] - a[0]) * share(i, ALONG), a[1] + (b[1] - a[1]) * share(i, ALONG)]));
        let inner = (0..ACROSS * ACROSS)
            .map(|i| [x0 + (x1 - x0) * share(i % ACROSS, ACROSS - 1), y0 + (y1 - y0) * share(i / ACROSS, ACROSS - 1)])
            .filter(|p| self.area.holds(p[0], p[1]));
        let moved: Vec<[f64; 2]> = edges.chain(inner).map(|p| way.point(p[0], p[1])).collect();
        if moved.iter().flatten().any(|v| !v.is_finite()) {
            return Ok(None);
        }
        let [x0, x1, y0, y1] = crate::vector::bounds(&moved);
        // Longitudes may turn between the points; only their rows are bounded.
        let dx = if crs.is_degrees() { f64::INFINITY } else { (x1 - x0) * 0.05 };
        let dy = (y1 - y0) * 0.05;
        Ok(Some([x0 - dx, x1 + dx, y0 - dy, y1 + dy]))
    }
}

fn labelled(cube: &Cube, axis: usize) -> bool {
    cube.axes()[axis].labels.as_ref().is_some_and(|l| l.numbers().is_some())
}

/// West and east of the columns used where they lie over the edge of an axis that goes round the globe: the widest gap is then within it.
fn over_the_edge(xs: &[f64], used: &[bool]) -> Option<(f64, f64)> {
    let mut order: Vec<usize> = (0..xs.len()).filter(|&i| used[i]).collect();
    order.sort_by(|&a, &b| xs[a].total_cmp(&xs[b]));
    let (&first, &last) = order.first().zip(order.last())?;
    let (low, high) = xs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let step = (high - low) / (xs.len().max(2) - 1) as f64;
    let round = (high - low + step - 360.0).abs() < 0.5 * step;
    let gap = order.windows(2).max_by(|a, b| (xs[a[1]] - xs[a[0]]).total_cmp(&(xs[b[1]] - xs[b[0]])))?;
    let outer = 360.0 - (xs[last] - xs[first]);
    // Labels run on from here: those of an axis from 0 to 360 then begin west of Greenwich.
    let west = if xs[gap[1]] >= 180.0 { xs[gap[1]] - 360.0 } else { xs[gap[1]] };
    (round && xs[gap[1]] - xs[gap[0]] > outer + 1e-9).then_some((west, xs[gap[0]]))
}
