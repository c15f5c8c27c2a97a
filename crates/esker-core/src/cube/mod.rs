//! A cube: labelled variables on named axes, read lazily by window.
//!
//! A reader opens a file as axes, variables and a [`Blocks`] that fetches values when they are asked for; nothing else of the
//! file is held in memory. Values arrive decoded: in the variable's unit, missing ones as NaN.

mod axis;
mod mask;
mod select;
mod stack;
mod window;

pub use axis::{Axis, AxisKind, Labels};
pub use mask::Mask;
pub use stack::Stacked;
pub use window::Window;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::{Crs, Error, Note, Result, Unit};

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// Text.
    Text(String),
    /// One number or several.
    Numbers(Vec<f64>),
}

impl Attribute {
    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Numbers(_) => None,
        }
    }

    /// The number, where it is exactly one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Numbers(numbers) if numbers.len() == 1 => Some(numbers[0]),
            _ => None,
        }
    }
}

/// Attributes in file order, names unique.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(pub Vec<(String, Attribute)>);

impl Attributes {
    /// The attribute of that name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, a)| a)
    }

    /// The text of that name; none where it is missing or numbers.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Attribute::text)
    }

    /// The single number of that name; none where it is missing, text or several.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Attribute::number)
    }

    /// Adds an attribute, or replaces the one of that name.
    pub fn set(&mut self, name: impl Into<String>, value: Attribute) {
        let name = name.into();
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Numbers, decoded to `f64`, NaN where missing.
    Numbers,
    /// Texts.
    Texts,
}

/// A variable: values on some of the cube's axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The name, `/group/name` inside groups.
    pub name: String,
    /// The unit after decoding; empty where not stated.
    pub unit: Unit,
    /// The axes, slowest first, by their place in [`Cube::axes`].
    pub axes: Vec<usize>,
    /// The lengths of the blocks it is stored in, one an axis: reading whole blocks is fastest.
    pub chunk: Vec<usize>,
    /// Numbers or texts.
    pub holds: Holds,
    /// How it is stored, the type first: `float32`, `int16, scaled, deflate`.
    pub stored: String,
    /// What the file says of it, without what decoding has used up.
    pub attributes: Attributes,
    /// Whether it only places or bounds others (a 2-D longitude, cell bounds, a grid mapping).
    pub auxiliary: bool,
}

impl Variable {
    /// Whether single precision holds its values exactly.
    pub fn is_single(&self) -> bool {
        self.stored.starts_with("float32")
    }
}

/// Fetches values of an open file. Windows lie within the variable; see [`Cube::read`].
pub trait Blocks: Send + Sync {
    /// The values of a window, slowest axis first.
    ///
    /// # Errors
    /// The file is damaged or the disk refuses.
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>>;

    /// The texts of a window, empty where missing.
    ///
    /// # Errors
    /// As [`Blocks::read`]; the format holds no texts.
    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        let _ = window;
        Err(Error::data(format!("variable number {variable}")).rule("this format holds numbers only"))
    }
}

/// Labelled variables on named axes, with their values still in the file.
#[derive(Clone)]
pub struct Cube {
    axes: Vec<Axis>,
    variables: Vec<Variable>,
    blocks: Arc<dyn Blocks>,
    /// What the file says of itself.
    pub attributes: Attributes,
    /// The system of the x and y axes (or of 2-D places), where it is known.
    pub crs: Option<Crs>,
    /// Names of 2-D longitude and latitude variables that place the cells, where the axes do not.
    pub places: Option<(String, String)>,
    /// What the reader decided, and what looks wrong.
    pub notes: Vec<Note>,
}

impl fmt::Debug for Cube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cube").field("axes", &self.axes).field("variables", &self.variables).field("crs", &self.crs).finish_non_exhaustive()
    }
}

impl Cube {
    /// A cube from its parts.
    ///
    /// # Errors
    /// Names that repeat, an axis that is not there, labels or chunks of another length than their axes.
    pub fn new(axes: Vec<Axis>, variables: Vec<Variable>, blocks: Arc<dyn Blocks>) -> Result<Self> {
        let mut names = HashSet::new();
        for axis in &axes {
            if !names.insert(&axis.name) {
                return Err(Error::data(format!("axis '{}'", axis.name)).got("the name twice").rule("names of axes are unique"));
            }
            axis.check()?;
        }
        let mut names = HashSet::new();
        for v in &variables {
            if !names.insert(&v.name) {
                return Err(Error::data(format!("variable '{}'", v.name)).got("the name twice").rule("names of variables are unique"));
            }
            if v.axes.iter().any(|&a| a >= axes.len()) || v.chunk.len() != v.axes.len() {
                return Err(Error::data(format!("variable '{}'", v.name)).rule("its axes and chunks are those of the cube"));
            }
        }
        Ok(Self { axes, variables, blocks, attributes: Attributes::default(), crs: None, places: None, notes: Vec::new() })
    }

    /// The axes.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The variables, those that only place others among them.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The variables that hold data.
    pub fn data(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().filter(|v| !v.auxiliary)
    }

    /// The axis of a kind, where there is exactly one.
    pub fn axis_of(&self, kind: AxisKind) -> Option<usize> {
        let mut found = self.axes.iter().enumerate().filter(|(_, a)| a.kind == kind).map(|(i, _)| i);
        let first = found.next();
        if found.next().is_none() { first } else { None }
    }

    /// The place of the variable of that name.
    ///
    /// # Errors
    /// No such variable; the hint names those there are.
    pub fn variable(&self, name: &str) -> Result<usize> {
        self.variables.iter().position(|v| v.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.data().map(|v| v.name.as_str()).take(12).collect();
            Error::data(format!("variable '{name}'"))
                .rule("no such variable in the file")
                .hint(format!("the variables are {}", names.join(", ")))
        })
    }

    /// The lengths of a variable's axes.
    pub fn shape(&self, variable: usize) -> Vec<usize> {
        self.variables[variable].axes.iter().map(|&a| self.axes[a].len).collect()
    }

    /// Values of a window of a variable of numbers, slowest axis first; NaN is missing.
    ///
    /// # Errors
    /// A window beyond the variable, a variable of texts, a damaged file, or the disk refuses.
    pub fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        self.check(variable, window, Holds::Numbers)?;
        let values = self.blocks.read(variable, window)?;
        debug_assert_eq!(values.len(), window.len());
        Ok(values)
    }

    /// Texts of a window of a variable of texts, empty where missing.
    ///
    /// # Errors
    /// As [`Cube::read`].
    pub fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        self.check(variable, window, Holds::Texts)?;
        self.blocks.read_texts(variable, window)
    }

    /// All values of a variable of numbers.
    ///
    /// # Errors
    /// As [`Cube::read`].
    pub fn read_all(&self, variable: usize) -> Result<Vec<f64>> {
        self.read(variable, &Window::whole(&self.shape(variable)))
    }

    fn check(&self, variable: usize, window: &Window, holds: Holds) -> Result<()> {
        let (v, shape) = (&self.variables[variable], self.shape(variable));
        if v.holds != holds {
            let (got, rule) = match holds {
                Holds::Numbers => ("texts", "numbers are needed here"),
                Holds::Texts => ("numbers", "texts are needed here"),
            };
            return Err(Error::data(format!("variable '{}'", v.name)).got(got).rule(rule));
        }
        if !window.within(&shape) {
            return Err(Error::data(format!("variable '{}'", v.name))
                .got(format!("{window}"))
                .rule(format!("its axes have {shape:?} cells")));
        }
        Ok(())
    }

    /// The same cube with its values fetched through `wrap`, which gets the present way to fetch them: how selections are
    /// made. Axes and variables are replaced by those given.
    ///
    /// # Errors
    /// As [`Cube::new`].
    pub fn rewrap(&self, axes: Vec<Axis>, variables: Vec<Variable>, wrap: impl FnOnce(Arc<dyn Blocks>) -> Arc<dyn Blocks>) -> Result<Self> {
        let cube = Self::new(axes, variables, wrap(self.blocks.clone()))?;
        Ok(Self {
            attributes: self.attributes.clone(),
            crs: self.crs.clone(),
            places: self.places.clone(),
            notes: self.notes.clone(),
            ..cube
        })
    }
}
