//! Values of a grid at points.

use std::collections::BTreeMap;
use std::ops::Range;

use esker_core::{Cube, Note, Places, Result};

use super::grid::Grid;
use super::{MOST, between};

/// How a value is found between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// That of the cell the point lies in: classes and masks stay what they are.
    #[default]
    Nearest,
    /// Linear between the four cell centres around it; missing where one of them is. Beyond the outermost centres, but within their cells,
    /// that of the edge.
    Bilinear,
}

/// Values at points.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// A column for each cell of the variable's other axes, slowest first; one value a point, NaN outside the grid.
    pub columns: Vec<Vec<f64>>,
    /// What was decided.
    pub notes: Vec<Note>,
}

/// What a point takes: up to four cells with their weights.
struct Taken {
    cells: [(usize, usize, f64); 4],
}

/// Values of a variable at points, which are brought to the grid's system with a note where they are in another.
///
/// # Errors
/// No such variable, one without x and y axes, a system not known, a damaged file.
pub fn sample(cube: &Cube, variable: &str, points: &Places, how: Sampling) -> Result<Sampled> {
    let place = cube.variable(variable)?;
    let grid = Grid::of(cube, place)?;
    let mut notes = Vec::new();
    let way = between(Some(points.crs()), &grid, "points", &mut notes)?;
    let (mut x, mut y) = (points.x().to_vec(), points.y().to_vec());
    way.apply(&mut x, &mut y)?;
    let (chunk_y, chunk_x) = grid.chunk(cube, place);
    let mut blocks: BTreeMap<(usize, usize), Vec<(usize, Taken)>> = BTreeMap::new();
    let mut outside = 0;
    for (i, (&x, &y)) in x.iter().zip(&y).enumerate() {
        match taken(&grid, x, y, how) {
            Some(taken) => {
                let (row, col, _) = taken.cells[0];
                blocks.entry((row / chunk_y, col / chunk_x)).or_default().push((i, taken));
            }
            None => outside += 1,
        }
    }
    if outside > 0 {
        notes.push(Note::warning("outside-grid", format!("{outside} of {} points lie outside the grid.", x.len())));
    }
    let others = grid.others.iter().map(|o| o.1).product::<usize>();
    let mut columns = vec![vec![f64::NAN; x.len()]; others];
    for members in blocks.values() {
        fill(cube, place, &grid, members, &mut columns)?;
    }
    Ok(Sampled { columns, notes })
}

fn taken(grid: &Grid, x: f64, y: f64, how: Sampling) -> Option<Taken> {
    if !x.is_finite() || !y.is_finite() {
        return None;
    }
    let x = grid.turn(x);
    let (col, row) = (grid.x.cell(x)?, grid.y.cell(y)?);
    if how == Sampling::Nearest {
        return Some(Taken { cells: [(row, col, 1.0), (row, col, 0.0), (row, col, 0.0), (row, col, 0.0)] });
    }
    let (south, north, up) = neighbours(&grid.y.centres, row, y, false);
    let (west, east, right) = neighbours(&grid.x.centres, col, x, grid.cyclic());
    Some(Taken {
        cells: [
            (south, west, (1.0 - up) * (1.0 - right)),
            (south, east, (1.0 - up) * right),
            (north, west, up * (1.0 - right)),
            (north, east, up * right),
        ],
    })
}

/// The two centres around a coordinate and how far it is on the way from the first to the second.
fn neighbours(centres: &[f64], cell: usize, at: f64, cyclic: bool) -> (usize, usize, f64) {
    let n = centres.len();
    let first = if at >= centres[cell] { cell as isize } else { cell as isize - 1 };
    if first >= 0 && (first as usize) + 1 < n {
        let f = first as usize;
        return (f, f + 1, (at - centres[f]) / (centres[f + 1] - centres[f]));
    }
    if !cyclic {
        return (cell, cell, 0.0);
    }
    // Across the seam, from the last column to the first.
    let gap = centres[0] + 360.0 - centres[n - 1];
    let along = if first < 0 { at + 360.0 - centres[n - 1] } else { at - centres[n - 1] };
    (n - 1, 0, (along / gap).clamp(0.0, 1.0))
}

fn fill(cube: &Cube, variable: usize, grid: &Grid, members: &[(usize, Taken)], columns: &mut [Vec<f64>]) -> Result<()> {
    let cells = || members.iter().flat_map(|(_, t)| t.cells.iter());
    let span = |of: &dyn Fn(&(usize, usize, f64)) -> usize| -> Range<usize> {
        cells().map(of).min().unwrap_or(0)..cells().map(of).max().map_or(0, |m| m + 1)
    };
    let (rows, cols) = (span(&|c| c.0), span(&|c| c.1));
    let size = rows.len() * cols.len();
    let step = (MOST / size.max(1)).max(1);
    let mut first = 0;
    while first < columns.len() {
        let some = first..(first + step).min(columns.len());
        let values = grid.read(cube, variable, &some, (&rows, &cols))?;
        for (k, column) in columns[some.clone()].iter_mut().enumerate() {
            let plane = &values[k * size..(k + 1) * size];
            for (i, taken) in members {
                let at = |&(row, col, weight): &(usize, usize, f64)| {
                    // A cell without weight does not count, even where it is missing.
                    if weight == 0.0 { 0.0 } else { weight * plane[(row - rows.start) * cols.len() + col - cols.start] }
                };
                column[*i] = taken.cells.iter().map(at).sum();
            }
        }
        first = some.end;
    }
    Ok(())
}
