//! Values of an open GRIB file: the messages that a window touches are decoded in parallel.

use std::collections::HashMap;

use esker_core::Result;
use esker_core::cube::{Blocks, Window};
use rayon::prelude::*;

use super::decode::decode;
use super::grid::Grid;
use super::message::Message;
use crate::source::Source;

/// A variable of the cube.
pub(super) enum Field {
    /// Messages by their place among the leading axes, slowest first, whose lengths are given.
    Data { lengths: Vec<usize>, messages: HashMap<usize, usize>, grid: usize },
    /// Longitudes (or latitudes) of the cells of a grid.
    Place { grid: usize, longitude: bool },
}

/// An open file.
pub(super) struct Fields {
    pub source: Source,
    pub messages: Vec<Message>,
    pub grids: Vec<Grid>,
    pub variables: Vec<Field>,
}

impl Fields {
    /// The cells of one message that lie in a window of the grid.
    fn part(&self, message: Option<usize>, grid: &Grid, cells: &Window) -> Result<Vec<f64>> {
        let Some(message) = message else { return Ok(vec![f64::NAN; cells.len()]) };
        let all = decode(&self.source, &self.messages[message])?;
        if let [only] = cells.0.as_slice() {
            return Ok(all[only.clone()].to_vec());
        }
        let mut out = Vec::with_capacity(cells.len());
        for row in cells.0[0].clone() {
            out.extend(cells.0[1].clone().map(|column| all[in_message(grid, row, column)]));
        }
        Ok(out)
    }
}

/// Where a cell lies in its message: flag table 3.4, bits 3 (columns first) and 4 (every other line runs back).
fn in_message(grid: &Grid, row: usize, column: usize) -> usize {
    let [rows, columns] = grid.shape;
    let (by_column, alternate) = (grid.scan & 0x20 != 0, grid.scan & 0x10 != 0);
    if by_column {
        column * rows + if alternate && column % 2 == 1 { rows - 1 - row } else { row }
    } else {
        row * columns + if alternate && row % 2 == 1 { columns - 1 - column } else { column }
    }
}

impl Blocks for Fields {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        match &self.variables[variable] {
            Field::Place { grid, longitude } => {
                let grid = &self.grids[*grid];
                let place = |cell| {
                    let (lon, lat) = grid.layout.place(cell);
                    if *longitude { lon } else { lat }
                };
                Ok(match window.0.as_slice() {
                    [rows, columns] => rows.clone().flat_map(|r| columns.clone().map(move |c| r * grid.shape[1] + c)).map(place).collect(),
                    _ => window.0[0].clone().map(place).collect(),
                })
            }
            Field::Data { lengths, messages, grid } => {
                let (leading, cells) = window.0.split_at(lengths.len());
                let cells = Window(cells.to_vec());
                let mut places = vec![0];
                for (range, &length) in leading.iter().zip(lengths) {
                    places = places.iter().flat_map(|p| range.clone().map(move |i| p * length + i)).collect();
                }
                let mut out = Vec::with_capacity(window.len());
                // Only as many decoded messages as there are threads are held beside the answer.
                for some in places.chunks(2 * rayon::current_num_threads().max(1)) {
                    let parts: Vec<Vec<f64>> =
                        some.par_iter().map(|p| self.part(messages.get(p).copied(), &self.grids[*grid], &cells)).collect::<Result<_>>()?;
                    parts.into_iter().for_each(|p| out.extend(p));
                }
                Ok(out)
            }
        }
    }
}
