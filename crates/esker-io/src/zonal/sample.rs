//! Values of a grid at points.

use std::collections::BTreeMap;

use esker_core::{Context, Cube, Note, Places, Result};

use super::{MOST, between};
use crate::grid::{Grid, Planes, Sampling, Taken};

/// Values at points.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// A column for each cell of the variable's other axes, slowest first; one value a point, NaN outside the grid.
    pub columns: Vec<Vec<f64>>,
    /// What was decided.
    pub notes: Vec<Note>,
}

/// Values of a variable at points, which are brought to the grid's system with a note where they are in another. On grids with 2-D longitudes
/// and latitudes it is the value of the cell whose centre is nearest on the sphere, as far as that cell reaches.
///
/// # Errors
/// No such variable, one without x and y axes or 2-D places, a system not known, bilinear values of 2-D places, a damaged file,
/// or the user stopped the work.
pub fn sample(cube: &Cube, variable: &str, points: &Places, how: Sampling, cx: &Context) -> Result<Sampled> {
    let place = cube.variable(variable)?;
    let (grid, planes) = Grid::of(cube, place)?;
    grid.allows(how)?;
    let mut notes = Vec::new();
    let way = between(Some(points.crs()), &grid, "points", &mut notes)?;
    let (mut x, mut y) = (points.x().to_vec(), points.y().to_vec());
    way.apply(&mut x, &mut y)?;
    let chunk = &cube.variables()[place].chunk;
    let (chunk_y, chunk_x) = (chunk[planes.at.0].clamp(1, 512), chunk[planes.at.1].clamp(1, 512));
    let mut blocks: BTreeMap<(usize, usize), Vec<(usize, Taken)>> = BTreeMap::new();
    let mut outside = 0;
    for (i, (&x, &y)) in x.iter().zip(&y).enumerate() {
        cx.check()?;
        match grid.find(x, y, how) {
            Some(taken) => {
                let (row, col, _) = taken[0];
                blocks.entry((row / chunk_y, col / chunk_x)).or_default().push((i, taken));
            }
            None => outside += 1,
        }
    }
    if outside > 0 {
        notes.push(Note::warning("outside-grid", format!("{outside} of {} points lie outside the grid.", x.len())));
    }
    let mut columns = vec![vec![f64::NAN; x.len()]; planes.count()];
    for members in blocks.values() {
        fill((cube, place), (&grid, &planes), members, &mut columns, cx)?;
    }
    Ok(Sampled { columns, notes })
}

fn fill(
    source: (&Cube, usize),
    (grid, planes): (&Grid, &Planes),
    members: &[(usize, Taken)],
    columns: &mut [Vec<f64>],
    cx: &Context,
) -> Result<()> {
    let Some((rows, cols)) = grid.hull(members.iter().map(|m| &m.1)) else { return Ok(()) };
    let size = rows.len() * cols.len();
    let step = (MOST / size.max(1)).max(1);
    let mut first = 0;
    while first < columns.len() {
        cx.check()?;
        let some = first..(first + step).min(columns.len());
        let values = grid.read_planes(source, planes, &some, (&rows, &cols))?;
        for (k, column) in columns[some.clone()].iter_mut().enumerate() {
            let plane = &values[k * size..(k + 1) * size];
            for (i, taken) in members {
                column[*i] = grid.weighted(taken, plane, (&rows, &cols));
            }
        }
        first = some.end;
    }
    Ok(())
}
