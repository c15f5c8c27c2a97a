//! Figures of grids: a map, or cells on their own axes; a panel for each cell of a further axis where that is asked for.

use esker_core::cube::{Axis, AxisKind, Labels, Window};
use esker_core::{Crs, Cube, Error, Note, Result};
use esker_io::Data;
use esker_io::crs::Transform;
use esker_io::time::format_moment;
use esker_report::figure::Figure;
use esker_report::figure::text::number;
use esker_report::plot::{Choice, Grid, Mark, Placed, Plot, Space, sheet};

use super::{Page, PlotKind, Shapes};

/// Cells drawn along a side at most: more than a page shows at 300 dots an inch.
const MOST: usize = 2000;
/// Panels at most.
const PANELS: usize = 24;

/// The cells that are drawn: the two axes, the cells along them, their values for each panel.
struct Cells {
    axes: (usize, usize),
    x: Vec<f64>,
    y: Vec<f64>,
    panels: Vec<(String, Vec<f64>)>,
    /// Which cells of further axes are drawn.
    said: String,
}

impl Page<'_> {
    pub(super) fn cube(&self, cube: Cube, notes: &mut Vec<Note>) -> Result<Figure> {
        let p = self.plotting;
        let whole = matches!(p.kind, None | Some(PlotKind::Map | PlotKind::Heat)) && p.x.is_none() && p.y.is_empty() && p.filter.is_none();
        let Some((variable, axes)) = drawable(&cube, p.kind == Some(PlotKind::Heat)).filter(|_| whole) else {
            return self.rows(Data::Cube(cube), notes);
        };
        let name = &cube.variables()[variable].name;
        if cube.data().count() > 1 {
            notes.push(Note::info("variable", format!("'{name}' is drawn; another variable is chosen with --variable")));
        }
        let cells = self.cells(&cube, variable, axes, notes)?;
        self.grid(&cube, variable, &cells, notes)
    }

    fn cells(&self, cube: &Cube, variable: usize, axes: (usize, usize), notes: &mut Vec<Note>) -> Result<Cells> {
        let (x, y) = axes;
        let step = [x, y].map(|a| cube.axes()[a].len.div_ceil(MOST).max(1));
        let cells = |n: usize, step: usize| -> Vec<usize> { (0..n / step).map(|i| i * step + step / 2).collect() };
        let (columns, rows) = (cells(cube.axes()[x].len, step[0]), cells(cube.axes()[y].len, step[1]));
        if step != [1, 1] {
            notes.push(Note::info("thinned", format!("one cell of {} is drawn", step[0] * step[1])));
        }
        let facet = self.facet_axis(cube, variable, axes)?;
        let mut chosen = Vec::new();
        let of_variable = &cube.variables()[variable].axes;
        for &a in of_variable.iter().filter(|&&a| a != x && a != y && Some(a) != facet && cube.axes()[a].len > 1) {
            let axis = &cube.axes()[a];
            chosen.push(said(axis, 0));
            let text = format!("of the {} cells along '{}' the first is drawn: {}", axis.len, axis.name, said(axis, 0));
            notes.push(Note::info("first-cell", format!("{text}; panels for each with --facet {}", axis.name)));
        }
        let panels: Vec<usize> = facet.map_or(vec![0], |f| (0..cube.axes()[f].len).collect());
        let read = |cell: usize| -> Result<(String, Vec<f64>)> {
            let title = facet.map_or_else(String::new, |f| said(&cube.axes()[f], cell));
            Ok((title, read(cube, variable, axes, (&columns, &rows), facet.map(|f| (f, cell)))?))
        };
        let panels = panels.into_iter().map(read).collect::<Result<_>>()?;
        let at = |a: usize, cells: &[usize]| -> Vec<f64> {
            let all = cube.axes()[a].numbers().unwrap_or_else(|| (0..cube.axes()[a].len).map(|i| i as f64).collect());
            cells.iter().map(|&c| all[c]).collect()
        };
        let said = if chosen.is_empty() { String::new() } else { format!("Drawn: {}.", chosen.join(", ")) };
        Ok(Cells { axes, x: at(x, &columns), y: at(y, &rows), panels, said })
    }

    /// The axis whose cells become panels.
    fn facet_axis(&self, cube: &Cube, variable: usize, (x, y): (usize, usize)) -> Result<Option<usize>> {
        let Some(name) = &self.plotting.facet else { return Ok(None) };
        let others: Vec<usize> = cube.variables()[variable].axes.iter().copied().filter(|&a| a != x && a != y).collect();
        let found = others.iter().copied().find(|&a| cube.axes()[a].name == *name).ok_or_else(|| {
            let names: Vec<&str> = others.iter().map(|&a| cube.axes()[a].name.as_str()).collect();
            Error::usage(format!("facet '{name}'")).rule("a grid has panels along one of its further axes").hint(if names.is_empty() {
                "this grid has none".to_owned()
            } else {
                format!("known are {}", names.join(", "))
            })
        })?;
        let len = cube.axes()[found].len;
        if len > PANELS {
            return Err(Error::usage(format!("facet '{name}'"))
                .got(format!("{len} cells"))
                .rule(format!("at most {PANELS} panels are drawn"))
                .hint("choose some: --time 2001-01/2001-12"));
        }
        Ok(Some(found))
    }

    fn grid(&self, cube: &Cube, variable: usize, cells: &Cells, notes: &mut Vec<Note>) -> Result<Figure> {
        let (x, y) = (&cube.axes()[cells.axes.0], &cube.axes()[cells.axes.1]);
        let v = &cube.variables()[variable];
        let degrees = cube.crs.as_ref().map_or_else(|| x.unit.as_str().starts_with("degree"), Crs::is_degrees);
        let flat = self.plotting.kind == Some(PlotKind::Heat) || x.kind != AxisKind::X || y.kind != AxisKind::Y;
        let ways = match &cube.crs {
            Some(crs) if !degrees && !flat && self.choice != Choice::Plain => ways(crs, notes),
            _ => None,
        };
        let to = |x: f64, y: f64| ways.as_ref().map_or((f64::NAN, f64::NAN), |w| pair(w.0.point(x, y)));
        let from = |x: f64, y: f64| ways.as_ref().map_or((f64::NAN, f64::NAN), |w| pair(w.1.point(x, y)));
        let space = match (flat, degrees || ways.is_some()) {
            (true, _) => Space::Plane,
            (false, true) => Space::Map(self.choice),
            (false, false) => Space::Square,
        };
        let over: Shapes = match space {
            Space::Map(_) => self.over(None)?,
            Space::Square => self.over(cube.crs.as_ref())?,
            Space::Plane => Vec::new(),
        };
        let placed = if ways.is_some() { Placed::Projected { from_degrees: &from, to_degrees: &to } } else { Placed::Same };
        let name = v.attributes.text("long_name").filter(|n| n.len() <= 60).unwrap_or(&v.name);
        let title = self.title(name);
        let unit = self.plotting.options.units.get(&v.name).map_or(v.unit.as_str(), String::as_str);
        let panels = cells.panels.iter().map(|(panel, values)| {
            let grid = Grid {
                name,
                unit,
                x: &cells.x,
                x_name: (&x.name, x.unit.as_str()),
                y: &cells.y,
                y_name: (&y.name, y.unit.as_str()),
                values,
                levels: &[],
                placed,
            };
            let mut plot = Plot::new("figure", &title);
            plot.space = space;
            plot.colour.log = self.plotting.log.2;
            (plot.x.log, plot.y.log) = (self.plotting.log.0, self.plotting.log.1);
            plot.y.reversed = self.plotting.down || (flat && v_axis_down(y));
            plot.heading.clone_from(panel);
            if cells.panels.len() == 1 {
                plot.heading = self.plotting.title.clone().unwrap_or_default();
            }
            plot.with(Mark::cells(grid))
        });
        let mut plots: Vec<Plot<'_>> = panels.collect();
        if !over.is_empty() {
            plots.iter_mut().for_each(|p| p.marks.push(Mark::areas(&over)));
        }
        plots[0].caption.clone_from(&cells.said);
        let columns = (plots.len() as f64).sqrt().ceil() as usize;
        sheet("figure", &title, &plots, self.width, columns)
    }
}

/// Depths and pressures grow downwards.
fn v_axis_down(axis: &Axis) -> bool {
    axis.kind == AxisKind::Z
        && (axis.attributes.text("positive") == Some("down") || axis.unit.as_str().ends_with("Pa") || axis.unit.as_str() == "mbar")
}

fn pair(p: [f64; 2]) -> (f64, f64) {
    (p[0], p[1])
}

/// The ways to degrees and back, where they are known.
fn ways(crs: &Crs, notes: &mut Vec<Note>) -> Option<(Transform, Transform)> {
    match (Transform::between(crs, &Crs::Geographic), Transform::between(&Crs::Geographic, crs)) {
        (Ok(to), Ok(from)) => Some((to, from)),
        (Err(e), _) | (_, Err(e)) => {
            notes.push(Note::warning("no-map", format!("coordinates are drawn as they are, without a map: {e}")));
            None
        }
    }
}

/// A cell of an axis in words.
fn said(axis: &Axis, cell: usize) -> String {
    match &axis.labels {
        Some(Labels::Time { days, .. }) => format_moment(days[cell]),
        Some(Labels::Real(v)) => format!("{} {}{}", axis.name, number(v[cell]), axis.unit.suffix()),
        Some(Labels::Text(t)) => t[cell].clone(),
        None => format!("{} {}", axis.name, cell + 1),
    }
}

/// The first variable that can be drawn, with its horizontal and vertical axis: x and y, or any two for cells on their own axes.
fn drawable(cube: &Cube, any: bool) -> Option<(usize, (usize, usize))> {
    let known = |v: usize| !cube.variables()[v].auxiliary && cube.variables()[v].holds == esker_core::cube::Holds::Numbers;
    let of = |v: usize, kind: AxisKind| {
        cube.variables()[v].axes.iter().copied().find(|&a| cube.axes()[a].kind == kind && cube.axes()[a].len > 1)
    };
    (0..cube.variables().len()).filter(|&v| known(v)).find_map(|v| {
        let placed = |a: &usize| cube.axes()[*a].labels.is_some();
        let on_map = of(v, AxisKind::X).filter(placed).zip(of(v, AxisKind::Y).filter(placed));
        let long: Vec<usize> = cube.variables()[v].axes.iter().copied().filter(|&a| cube.axes()[a].len > 1).collect();
        let own = match long[..] {
            [y, x] if any => Some(if cube.axes()[y].kind == AxisKind::T { (y, x) } else { (x, y) }),
            _ => None,
        };
        own.or(on_map).or_else(|| Some((*long.get(1)?, long[0])).filter(|_| any)).map(|axes| (v, axes))
    })
}

/// One variable on the cells named, row by row; of further axes the first cell, or the one named.
fn read(
    cube: &Cube,
    variable: usize,
    (x, y): (usize, usize),
    (columns, rows): (&[usize], &[usize]),
    fixed: Option<(usize, usize)>,
) -> Result<Vec<f64>> {
    let axes = &cube.variables()[variable].axes;
    let place = |axis: usize| axes.iter().position(|&a| a == axis).unwrap_or(0);
    let turned = place(x) < place(y);
    let strided = rows.len() < cube.axes()[y].len || columns.len() < cube.axes()[x].len;
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    let slabs: Vec<std::ops::Range<usize>> =
        if strided { rows.iter().map(|&r| r..r + 1).collect() } else { std::iter::once(0..cube.axes()[y].len).collect() };
    for slab in slabs {
        let along = |&a: &usize| match fixed {
            _ if a == x => 0..cube.axes()[a].len,
            _ if a == y => slab.clone(),
            Some((axis, cell)) if a == axis => cell..cell + 1,
            _ => 0..1,
        };
        let block = cube.read(variable, &Window(axes.iter().map(along).collect()))?;
        let (w, h) = (cube.axes()[x].len, slab.len());
        for row in 0..h {
            values.extend(columns.iter().map(|&c| if turned { block[c * h + row] } else { block[row * w + c] }));
        }
    }
    Ok(values)
}
