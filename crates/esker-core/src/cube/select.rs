//! Selections of a cube by label: variables, ranges, the nearest cell, a box on the map. Nothing is read but 2-D places.

use std::ops::Range;
use std::sync::Arc;

use super::{Axis, AxisKind, Blocks, Cube, Labels, Mask, Variable, Window};
use crate::{Error, Note, Result};

/// Where a number must lie relative to labels to count as one of them, in shares of the spacing: rounding never decides.
const SLACK: f64 = 1e-9;

/// The cells of each axis that remain, over the cube selected from.
struct Selected {
    inner: Arc<dyn Blocks>,
    /// For each variable that remains: its number before, and the cells of each of its axes.
    variables: Vec<(usize, Vec<Arc<[usize]>>)>,
}

impl Selected {
    /// Windows of the cube before that together hold the cells of a window, with their places in it.
    fn parts(&self, variable: usize, window: &Window) -> Vec<(Window, Window)> {
        let (_, cells) = &self.variables[variable];
        let runs: Vec<Vec<(Range<usize>, Range<usize>)>> = cells.iter().zip(&window.0).map(|(c, r)| runs(&c[r.clone()], r.start)).collect();
        let mut parts = vec![(Vec::new(), Vec::new())];
        for axis in &runs {
            parts = parts
                .iter()
                .flat_map(|(from, to): &(Vec<Range<usize>>, Vec<Range<usize>>)| {
                    axis.iter().map(move |(f, t)| {
                        ([from.as_slice(), std::slice::from_ref(f)].concat(), [to.as_slice(), std::slice::from_ref(t)].concat())
                    })
                })
                .collect();
        }
        parts.into_iter().map(|(f, t)| (Window(f), Window(t))).collect()
    }

    fn gather<T: Clone + Default>(
        &self,
        variable: usize,
        window: &Window,
        read: impl Fn(usize, &Window) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let before = self.variables[variable].0;
        let parts = self.parts(variable, window);
        if let [(from, _)] = parts.as_slice() {
            return read(before, from);
        }
        let mut out = vec![T::default(); window.len()];
        for (from, to) in parts {
            window.place(&to, &read(before, &from)?, &mut out);
        }
        Ok(out)
    }
}

/// Stretches of neighbouring cells: where they were, and where they are now (counted from `start`).
fn runs(cells: &[usize], start: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let mut out: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (i, &c) in cells.iter().enumerate() {
        match out.last_mut() {
            Some((from, to)) if from.end == c => {
                from.end += 1;
                to.end += 1;
            }
            _ => out.push((c..c + 1, start + i..start + i + 1)),
        }
    }
    out
}

impl Blocks for Selected {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        self.gather(variable, window, |v, w| self.inner.read(v, w))
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        self.gather(variable, window, |v, w| self.inner.read_texts(v, w))
    }
}

/// Degrees from west to east, a whole turn at most.
fn turn(west: f64, east: f64) -> f64 {
    if east > west { (east - west).min(360.0) } else { (east - west).rem_euclid(360.0) }
}

impl Cube {
    /// The cube with some cells of one axis, in the order given; repeats are allowed.
    ///
    /// # Errors
    /// No cells, or one beyond the axis.
    pub fn select(&self, axis: usize, cells: &[usize]) -> Result<Self> {
        let a = &self.axes()[axis];
        if cells.is_empty() || cells.iter().any(|&c| c >= a.len) {
            return Err(Error::data(format!("selection on axis '{}'", a.name))
                .got(format!("{} cells", cells.len()))
                .rule(format!("at least one of its {} cells is needed", a.len)));
        }
        let mut axes = self.axes().to_vec();
        axes[axis] = a.select(cells);
        let chosen: Arc<[usize]> = cells.into();
        let whole: Vec<Arc<[usize]>> = self.axes().iter().map(|a| (0..a.len).collect()).collect();
        let cells_of = |v: &Variable| v.axes.iter().map(|&b| if b == axis { chosen.clone() } else { whole[b].clone() }).collect();
        let map = self.variables().iter().enumerate().map(|(i, v)| (i, cells_of(v))).collect();
        self.rewrap(axes, self.variables().to_vec(), |inner| Arc::new(Selected { inner, variables: map }))
    }

    /// The cube with the variables named, in that order, those that place them, and the axes they use.
    ///
    /// # Errors
    /// A variable that is not there, or none.
    pub fn only(&self, names: &[String]) -> Result<Self> {
        let mut keep = names.iter().map(|n| self.variable(n)).collect::<Result<Vec<usize>>>()?;
        if keep.is_empty() {
            return Err(Error::usage("variables").got("none").rule("at least one is needed"));
        }
        let auxiliary = |i: usize, v: &Variable| {
            v.auxiliary && v.axes.iter().all(|a| keep.iter().any(|&k| self.variables()[k].axes.contains(a))) && !keep.contains(&i)
        };
        let further: Vec<usize> = self.variables().iter().enumerate().filter(|(i, v)| auxiliary(*i, v)).map(|(i, _)| i).collect();
        keep.extend(further);
        let used: Vec<usize> = (0..self.axes().len()).filter(|a| keep.iter().any(|&k| self.variables()[k].axes.contains(a))).collect();
        let axes: Vec<Axis> = used.iter().map(|&a| self.axes()[a].clone()).collect();
        let whole: Vec<Arc<[usize]>> = self.axes().iter().map(|a| (0..a.len).collect()).collect();
        let mut variables = Vec::with_capacity(keep.len());
        let mut map = Vec::with_capacity(keep.len());
        for &k in &keep {
            let v = &self.variables()[k];
            map.push((k, v.axes.iter().map(|&a| whole[a].clone()).collect()));
            let axes = v.axes.iter().filter_map(|a| used.iter().position(|u| u == a)).collect();
            variables.push(Variable { axes, ..v.clone() });
        }
        self.rewrap(axes, variables, |inner| Arc::new(Selected { inner, variables: map }))
    }

    /// The cell whose label is nearest to a number, in the labels' unit (days since 1970-01-01 of its calendar for times); of two
    /// equally near ones that with the larger label, whichever way the axis runs, as pandas has it.
    ///
    /// # Errors
    /// An axis without numbers, or a number farther from all labels than their widest spacing.
    pub fn nearest(&self, axis: usize, value: f64) -> Result<usize> {
        let a = &self.axes()[axis];
        let labels = self.numbers(axis)?;
        let off = |i: usize| (labels[i] - value).abs();
        let near =
            (0..a.len).filter(|&i| !labels[i].is_nan()).min_by(|&i, &j| off(i).total_cmp(&off(j)).then(labels[j].total_cmp(&labels[i])));
        let widest = labels.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max);
        match near {
            Some(i) if a.len < 2 || (labels[i] - value).abs() <= widest * (1.0 + SLACK) => Ok(i),
            _ => Err(self.outside(axis, &format!("{value}{}", a.unit.suffix()))),
        }
    }

    /// The cells whose labels lie within `low..=high`, in file order.
    ///
    /// # Errors
    /// An axis without numbers, or no label in the range.
    pub fn range(&self, axis: usize, low: f64, high: f64) -> Result<Vec<usize>> {
        let labels = self.numbers(axis)?;
        let spacing = labels.windows(2).map(|w| (w[1] - w[0]).abs()).fold(f64::INFINITY, f64::min);
        let slack = if spacing.is_finite() { spacing * SLACK } else { 0.0 };
        let cells: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] >= low - slack && labels[i] <= high + slack).collect();
        if cells.is_empty() {
            return Err(self.outside(axis, &format!("{low} to {high}{}", self.axes()[axis].unit.suffix())));
        }
        Ok(cells)
    }

    /// The cells of a time axis from one moment to before another, in days since 1970-01-01 of its calendar, in file order. What lies
    /// within a tenth of a millisecond of an end counts as lying on it.
    ///
    /// # Errors
    /// An axis without numbers, or no moment in the span.
    pub fn span(&self, axis: usize, from: f64, before: f64) -> Result<Vec<usize>> {
        let near = 1e-9;
        let days = self.numbers(axis)?;
        let cells: Vec<usize> = (0..days.len()).filter(|&i| days[i] >= from - near && days[i] < before - near).collect();
        if cells.is_empty() {
            let got = match &self.axes()[axis].labels {
                Some(Labels::Time { calendar, .. }) => format!("{} to before {}", calendar.date(from), calendar.date(before)),
                _ => format!("{from} to before {before} days"),
            };
            return Err(self.outside(axis, &got));
        }
        Ok(cells)
    }

    /// The cube within a box: west, south, east, north, in its own CRS. Longitudes are taken round the globe: a box from −10 to 10
    /// finds its cells on an axis from 0 to 360, in the order west to east, and the labels run on without a jump.
    ///
    /// Where 2-D longitudes and latitudes place the cells, the box is in degrees: rows and columns without a cell inside are left out, and
    /// in those that remain cells outside are missing, as `where(…, drop=True)` of xarray has it.
    ///
    /// # Errors
    /// No x and y axes nor 2-D places, an empty box, no cell inside; 2-D places that cannot be read.
    pub fn within(&self, west: f64, south: f64, east: f64, north: f64) -> Result<Self> {
        if south > north || south.is_nan() || north.is_nan() {
            return Err(Error::usage("box").got(format!("south {south}, north {north}")).rule("a box is west, south, east, north"));
        }
        let axes = self.axis_of(AxisKind::X).zip(self.axis_of(AxisKind::Y)).filter(|(x, y)| {
            // Axes that only count do not place cells where something else does.
            self.places.is_none() || (self.axes()[*x].labels.is_some() && self.axes()[*y].labels.is_some())
        });
        let Some((x, y)) = axes else { return self.within_places([west, south, east, north]) };
        let cut = self.select(y, &self.range(y, south, north)?)?;
        if !self.crs.as_ref().is_some_and(crate::Crs::is_degrees) {
            return cut.select(x, &cut.range(x, west, east)?);
        }
        let labels = cut.numbers(x)?;
        let span = turn(west, east);
        let mut found: Vec<(f64, usize)> = labels
            .iter()
            .enumerate()
            .map(|(i, l)| ((l - west).rem_euclid(360.0), i))
            // A label a rounding error west of the box lies 360 degrees east of it.
            .map(|(d, i)| (if d > 360.0 - 1e-9 { 0.0 } else { d }, i))
            .filter(|(d, _)| *d <= span + 1e-9)
            .collect();
        if found.is_empty() {
            return Err(cut.outside(x, &format!("{west} to {east} degrees")));
        }
        if cut.axes()[x].direction() < 0 {
            found.sort_by(|a, b| b.0.total_cmp(&a.0));
        } else {
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        // All round the globe, the first and the last may be the same meridian.
        let cells: Vec<usize> = found.iter().map(|f| f.1).collect();
        let mut out = cut.select(x, &cells)?;
        let turns: Vec<f64> = found.iter().map(|&(d, i)| west + d - labels[i]).collect();
        let axis = &mut out.axes[x];
        if let Some(Labels::Real(v)) = &mut axis.labels {
            for (label, turn) in v.iter_mut().zip(&turns) {
                *label += (turn / 360.0).round() * 360.0;
            }
        }
        if let Some(bounds) = &mut axis.bounds {
            for (edges, turn) in bounds.iter_mut().zip(&turns) {
                edges.iter_mut().for_each(|e| *e += (turn / 360.0).round() * 360.0);
            }
        }
        Ok(out)
    }

    /// The cells inside a box by their 2-D longitudes and latitudes.
    fn within_places(&self, [west, south, east, north]: [f64; 4]) -> Result<Self> {
        let missing = || Error::data("box").rule("the cube needs one x and one y axis, or 2-D longitudes and latitudes");
        let (lon, lat) = self.places.as_ref().ok_or_else(missing)?;
        let (lon, lat) = (self.variable(lon)?, self.variable(lat)?);
        let [y, x] = self.variables()[lon].axes[..] else { return Err(missing()) };
        if self.variables()[lat].axes != self.variables()[lon].axes {
            return Err(missing());
        }
        let (lon, lat) = (self.read_all(lon)?, self.read_all(lat)?);
        let span = turn(west, east);
        let inside: Vec<bool> =
            lon.iter().zip(&lat).map(|(lon, lat)| (lon - west).rem_euclid(360.0) <= span && *lat >= south && *lat <= north).collect();
        let width = self.axes()[x].len;
        let rows: Vec<usize> = (0..self.axes()[y].len).filter(|r| inside[r * width..(r + 1) * width].contains(&true)).collect();
        let cols: Vec<usize> = (0..width).filter(|c| rows.iter().any(|r| inside[r * width + c])).collect();
        if rows.is_empty() {
            return Err(Error::data("box")
                .got(format!("west {west}, south {south}, east {east}, north {north}"))
                .rule("no cell has its longitude and latitude inside"));
        }
        let cut = self.select(y, &rows)?.select(x, &cols)?;
        let row = |r: &usize| Mask::runs(&cols.iter().map(|c| inside[r * width + c]).collect::<Vec<_>>());
        let mask = Mask { axes: [y, x], rows: rows.iter().map(row).collect() };
        let (columns, outside) = (cols.len(), rows.len() * cols.len() - mask.count());
        let mut out = mask.over(&cut)?;
        if outside > 0 {
            let text =
                format!("the grid is cut to {} by {columns} cells; {outside} of them lie outside the box and are missing", rows.len());
            out.notes.push(Note::info("box-masked", text));
        }
        Ok(out)
    }

    fn numbers(&self, axis: usize) -> Result<Vec<f64>> {
        self.axes()[axis].numbers().ok_or_else(|| {
            Error::data(format!("axis '{}'", self.axes()[axis].name)).got("texts").rule("a selection by number needs numbers")
        })
    }

    fn outside(&self, axis: usize, got: &str) -> Error {
        let a = &self.axes()[axis];
        let labels = a.numbers().unwrap_or_default();
        let low = labels.iter().copied().fold(f64::INFINITY, f64::min);
        let high = labels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = match &a.labels {
            Some(Labels::Time { calendar, .. }) => format!("{} to {}", calendar.date(low), calendar.date(high)),
            _ => format!("{low} to {high}{}", a.unit.suffix()),
        };
        Error::data(format!("selection on axis '{}'", a.name)).got(got).rule(format!("its labels run from {range}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Crs;
    use crate::cube::{Attributes, Holds};

    /// A grid of 4 longitudes and 3 latitudes whose value is 10 × row + column.
    struct Grid;

    impl Blocks for Grid {
        fn read(&self, _: usize, window: &Window) -> Result<Vec<f64>> {
            let (y, x) = (window.0[0].clone(), window.0[1].clone());
            Ok(y.flat_map(|i| x.clone().map(move |j| (10 * i + j) as f64)).collect())
        }
    }

    fn grid() -> Cube {
        let axes = vec![
            Axis::real("lat", AxisKind::Y, "degrees_north", vec![60.0, 50.0, 40.0]),
            Axis::real("lon", AxisKind::X, "degrees_east", vec![0.0, 90.0, 180.0, 270.0]),
        ];
        let t = Variable {
            name: "t".into(),
            unit: Default::default(),
            axes: vec![0, 1],
            chunk: vec![3, 4],
            holds: Holds::Numbers,
            stored: String::new(),
            attributes: Attributes::default(),
            auxiliary: false,
        };
        let mut cube = Cube::new(axes, vec![t], Arc::new(Grid)).unwrap();
        cube.crs = Some(Crs::Geographic);
        cube
    }

    #[test]
    fn a_box_over_the_edge_of_the_axis_runs_west_to_east() {
        let cut = grid().within(-100.0, 45.0, 10.0, 70.0).unwrap();
        assert_eq!(cut.axes()[1].numbers().unwrap(), [-90.0, 0.0]);
        assert_eq!(cut.axes()[0].numbers().unwrap(), [60.0, 50.0]);
        assert_eq!(cut.read_all(0).unwrap(), [3.0, 0.0, 13.0, 10.0]);
        let all = grid().within(-180.0, -90.0, 180.0, 90.0).unwrap();
        assert_eq!(all.axes()[1].numbers().unwrap(), [-180.0, -90.0, 0.0, 90.0]);
    }

    #[test]
    fn a_selection_of_a_selection_is_the_cells_meant() {
        let cube = grid().select(1, &[3, 1, 1]).unwrap().select(1, &[2, 0]).unwrap().select(0, &[2, 0]).unwrap();
        assert_eq!(cube.read_all(0).unwrap(), [21.0, 23.0, 1.0, 3.0]);
        assert_eq!(cube.read(0, &Window(vec![1..2, 1..2])).unwrap(), [3.0]);
    }

    #[test]
    fn labels_find_their_cells_or_say_what_there_is() {
        let cube = grid();
        assert_eq!(cube.nearest(0, 47.0).unwrap(), 1);
        // Midway, the larger label on a descending axis as on an ascending one.
        assert_eq!((cube.nearest(0, 45.0).unwrap(), cube.nearest(1, 45.0).unwrap()), (1, 1));
        assert_eq!(cube.range(0, 40.0, 50.0).unwrap(), [1, 2]);
        assert_eq!(
            cube.range(0, -10.0, 10.0).unwrap_err().to_string(),
            "selection on axis 'lat': got -10 to 10 degrees_north; its labels run from 40 to 60 degrees_north"
        );
        assert!(cube.nearest(0, 0.0).is_err());
    }

    #[test]
    fn a_span_of_time_ends_before_its_end() {
        let days: Vec<f64> = (0..800).map(f64::from).collect();
        let labels = Some(Labels::Time { calendar: crate::Calendar::NoLeap, days });
        let mut cube = grid();
        cube.axes[0] = Axis { labels, ..Axis::bare("time", 800) };
        assert_eq!(cube.span(0, 365.0, 730.0).unwrap(), (365..730).collect::<Vec<_>>());
        assert_eq!(cube.span(0, 31.0, 59.0).unwrap().len(), 28);
        // A day that rounding has put a little early belongs to its month.
        assert_eq!(cube.span(0, 31.0 + 1e-11, 59.0 + 1e-11).unwrap(), (31..59).collect::<Vec<_>>());
        assert_eq!(
            cube.span(0, 900.0, 901.0).unwrap_err().to_string(),
            "selection on axis 'time': got 1972-06-20 to before 1972-06-21; its labels run from 1970-01-01 to 1972-03-11"
        );
    }

    #[test]
    fn stacking_names_places_and_drops_empty_cells() {
        let stacked = grid().stack(&[0], &Window(vec![0..2, 1..3]), true).unwrap();
        assert_eq!(stacked.table.column("lon").unwrap().reals().unwrap(), [90.0, 180.0, 90.0, 180.0]);
        assert_eq!(stacked.table.column("lat").unwrap().reals().unwrap(), [60.0, 60.0, 50.0, 50.0]);
        assert_eq!(stacked.table.column("t").unwrap().reals().unwrap(), [1.0, 2.0, 11.0, 12.0]);
        assert_eq!(stacked.unstack(&[1.0, 2.0, 11.0, 12.0]), [1.0, 2.0, 11.0, 12.0]);
    }
}
