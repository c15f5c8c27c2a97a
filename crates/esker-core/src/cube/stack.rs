//! From a cube to a table with one row a cell, and back onto the grid.

use super::{AxisKind, Cube, Holds, Labels, Window};
use crate::{Codes, Column, DAYS, Error, Note, Result, Table, Unit, Values};

/// A window of a cube as a table: a column for each axis and each variable, a row for each cell that has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Stacked {
    /// Labelled axes first, then variables. Times are days since 1970-01-01 in the proleptic Gregorian calendar.
    pub table: Table,
    /// The place of each row in the window, slowest axis first.
    pub cells: Vec<usize>,
    /// The axes of the window, by their place in the cube.
    pub axes: Vec<usize>,
    /// Cells along each axis.
    pub shape: Vec<usize>,
}

impl Cube {
    /// Stacks variables into a table. `window` has one range an axis, over the axes that the variables have together, in the
    /// cube's order; a variable that lacks an axis has the same value along it. Cells where no variable of the most
    /// axes has a value are left out if `drop` is set.
    ///
    /// # Errors
    /// No variable, a window beyond the axes, two columns of one name, a damaged file.
    pub fn stack(&self, variables: &[usize], window: &Window, drop: bool) -> Result<Stacked> {
        let axes = self.axes_of(variables);
        let shape: Vec<usize> = axes.iter().map(|&a| self.axes()[a].len).collect();
        if variables.is_empty() || !window.within(&shape) {
            return Err(Error::data("cube")
                .got(format!("{} variables, window {window}", variables.len()))
                .rule(format!("at least one variable, and a window within {shape:?} cells")));
        }
        let mut columns = Vec::new();
        // An axis without labels only counts; its cells are the rows.
        for (d, &a) in axes.iter().enumerate().filter(|(_, a)| self.axes()[**a].labels.is_some()) {
            columns.push(self.axis_column(a, d, window));
        }
        for name in self.places.iter().flat_map(|(x, y)| [x, y]) {
            let place = self.variable(name)?;
            if !variables.contains(&place) && self.variables()[place].axes.iter().all(|a| axes.contains(a)) {
                columns.push(self.variable_column(place, &axes, window)?);
            }
        }
        let first = columns.len();
        for &v in variables {
            columns.push(self.variable_column(v, &axes, window)?);
        }
        let full = |v: usize| self.variables()[v].axes.len() == axes.len();
        let deciding: Vec<usize> = if variables.iter().any(|&v| full(v)) {
            (0..variables.len()).filter(|&i| full(variables[i])).collect()
        } else {
            (0..variables.len()).collect()
        };
        let cells: Vec<usize> =
            (0..window.len()).filter(|&c| !drop || deciding.iter().any(|&i| !columns[first + i].values.is_missing(c))).collect();
        let notes = self.stack_notes(&axes, window.len() - cells.len());
        let mut table = Table::new(columns)?;
        if cells.len() < window.len() {
            table = table.select(&cells);
        }
        table.notes = notes;
        Ok(Stacked { table, cells, axes, shape: window.shape() })
    }

    /// The axes that variables have together, in the cube's order.
    pub fn axes_of(&self, variables: &[usize]) -> Vec<usize> {
        (0..self.axes().len()).filter(|a| variables.iter().any(|&v| self.variables()[v].axes.contains(a))).collect()
    }

    fn axis_column(&self, axis: usize, place: usize, window: &Window) -> Column {
        let a = &self.axes()[axis];
        let at = |cell: usize| index_of(cell, place, window);
        let cells = 0..window.len();
        let (unit, values) = match &a.labels {
            None => (a.unit.clone(), Values::Real(cells.map(|c| at(c) as f64).collect())),
            Some(Labels::Real(v)) => (a.unit.clone(), Values::Real(cells.map(|c| v[at(c)]).collect())),
            Some(Labels::Time { calendar, days }) => {
                (Unit::new(DAYS), Values::Real(cells.map(|c| calendar.to_proleptic(days[at(c)])).collect()))
            }
            Some(Labels::Text(v)) => {
                let labels: Vec<Option<&str>> = cells.map(|c| Some(v[at(c)].as_str()).filter(|t| !t.is_empty())).collect();
                (Unit::default(), Values::Class(Codes::from_labels(&labels)))
            }
        };
        Column { name: a.name.clone(), unit, values }
    }

    fn variable_column(&self, variable: usize, axes: &[usize], window: &Window) -> Result<Column> {
        let v = &self.variables()[variable];
        // Where the variable's own axes lie among those of the window.
        let places: Vec<usize> = v
            .axes
            .iter()
            .map(|a| axes.iter().position(|b| b == a))
            .collect::<Option<_>>()
            .ok_or_else(|| Error::data(format!("variable '{}'", v.name)).rule("its axes are not those of the other variables"))?;
        let own = Window(places.iter().map(|&p| window.0[p].clone()).collect());
        let counts = own.shape();
        let source =
            |cell: usize| places.iter().zip(&counts).zip(&own.0).fold(0, |at, ((&p, &n), r)| at * n + index_of(cell, p, window) - r.start);
        let values = match v.holds {
            Holds::Numbers => {
                let read = self.read(variable, &own)?;
                if places.len() == axes.len() && places.is_sorted() {
                    Values::Real(read)
                } else {
                    Values::Real((0..window.len()).map(|c| read[source(c)]).collect())
                }
            }
            Holds::Texts => {
                let read = self.read_texts(variable, &own)?;
                let labels: Vec<Option<&str>> =
                    (0..window.len()).map(|c| Some(read[source(c)].as_str()).filter(|t| !t.is_empty())).collect();
                Values::Class(Codes::from_labels(&labels))
            }
        };
        Ok(Column { name: v.name.clone(), unit: v.unit.clone(), values })
    }

    fn stack_notes(&self, axes: &[usize], dropped: usize) -> Vec<Note> {
        let mut notes = self.notes.clone();
        for &a in axes {
            if let Some(Labels::Time { calendar, .. }) = &self.axes()[a].labels
                && !calendar.is_real()
            {
                notes.push(Note::warning(
                    "calendar-stretched",
                    format!(
                        "times of axis '{}' are of the {} calendar: each year was stretched onto the real one, so that days are up to 5 days off",
                        self.axes()[a].name,
                        calendar.name()
                    ),
                ));
            }
        }
        if dropped > 0 {
            notes.push(Note::info("empty-cells", format!("{dropped} cells without any value were left out")));
        }
        notes
    }
}

impl Stacked {
    /// One value a row back onto the grid, NaN where a cell had no row; slowest axis first.
    pub fn unstack(&self, values: &[f64]) -> Vec<f64> {
        let mut grid = vec![f64::NAN; self.shape.iter().product()];
        for (&cell, &value) in self.cells.iter().zip(values) {
            grid[cell] = value;
        }
        grid
    }

    /// The columns that hold x, y and time, where the axes do.
    pub fn role(&self, cube: &Cube, kind: AxisKind) -> Option<String> {
        self.axes.iter().map(|&a| &cube.axes()[a]).find(|a| a.kind == kind).map(|a| a.name.clone())
    }
}

/// The index along axis `place` of a cell of the window, counted in the whole axis.
fn index_of(cell: usize, place: usize, window: &Window) -> usize {
    let stride: usize = window.0[place + 1..].iter().map(|r| r.len()).product();
    window.0[place].start + cell / stride % window.0[place].len()
}
