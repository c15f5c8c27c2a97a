//! One error for the whole house: the thing, the value it got, the rule, one hint.

use std::fmt;

/// The result of anything that can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong; a face turns it into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The command was called wrongly.
    Usage,
    /// The recipe is wrong.
    Recipe,
    /// The data are wrong, or do not fit the recipe.
    Data,
    /// A model file is unusable.
    Model,
    /// The disk or the network refused.
    Io,
    /// A computation has no usable answer (singular, did not converge).
    Numeric,
    /// The user stopped the work.
    Cancelled,
}

/// An error that names the thing, the value it got with its unit, the rule, and one hint.
///
/// ```
/// use esker_core::Error;
/// let e = Error::data("latitude in row 7").got("187.2 degrees").rule("latitudes lie within -90..90 degrees")
///     .hint("are x and y swapped in [roles] place?");
/// assert_eq!(e.to_string(), "latitude in row 7: got 187.2 degrees; latitudes lie within -90..90 degrees\n  hint: are x and y swapped in [roles] place?");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// What sort of fault it is.
    pub fault: Fault,
    /// The thing that is wrong: a file, a column, a key.
    pub thing: String,
    /// The value it got, with its unit.
    pub got: Option<String>,
    /// The rule it breaks.
    pub rule: Option<String>,
    /// One thing to try.
    pub hint: Option<String>,
}

impl Error {
    /// An error of the given sort about `thing`.
    pub fn new(fault: Fault, thing: impl Into<String>) -> Self {
        Self { fault, thing: thing.into(), got: None, rule: None, hint: None }
    }

    /// The command was called wrongly.
    pub fn usage(thing: impl Into<String>) -> Self {
        Self::new(Fault::Usage, thing)
    }

    /// The recipe is wrong.
    pub fn recipe(thing: impl Into<String>) -> Self {
        Self::new(Fault::Recipe, thing)
    }

    /// The data are wrong.
    pub fn data(thing: impl Into<String>) -> Self {
        Self::new(Fault::Data, thing)
    }

    /// A model file is unusable.
    pub fn model(thing: impl Into<String>) -> Self {
        Self::new(Fault::Model, thing)
    }

    /// The disk refused; `source` is what it said.
    pub fn io(thing: impl Into<String>, source: &std::io::Error) -> Self {
        Self::new(Fault::Io, thing).got(source.to_string())
    }

    /// A computation has no usable answer.
    pub fn numeric(thing: impl Into<String>) -> Self {
        Self::new(Fault::Numeric, thing)
    }

    /// The user stopped the work.
    pub fn cancelled() -> Self {
        Self::new(Fault::Cancelled, "stopped on request").rule("nothing was written")
    }

    /// Adds the offending value, with its unit.
    #[must_use]
    pub fn got(mut self, value: impl Into<String>) -> Self {
        self.got = Some(value.into());
        self
    }

    /// Adds the rule that was broken.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// Adds one thing to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.thing)?;
        if let Some(got) = &self.got {
            write!(f, ": got {got}")?;
        }
        if let Some(rule) = &self.rule {
            write!(f, "; {rule}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
