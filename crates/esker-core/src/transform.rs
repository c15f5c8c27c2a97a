//! Transforms learn from training rows and are applied to any.

use crate::{Graph, Note, Result, Samples};

/// A preparation that has been learned, and the rows it was learned from, prepared.
pub type Prepared = (Box<dyn FittedTransform>, Samples);

/// Learns a preparation from training rows alone. The target column is never touched.
pub trait Transform: Send + Sync {
    /// Fits on the training rows; `target` names the column to leave alone.
    ///
    /// # Errors
    /// Columns it cannot learn from.
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>>;

    /// Fits on the training rows and prepares them. Steps that look at other rows or at the target prepare the rows they learned from in another
    /// way than new ones, so that no row sees its own target.
    ///
    /// # Errors
    /// As [`Transform::fit`].
    fn fit_apply(&self, train: Samples, target: &str) -> Result<Prepared> {
        let fitted = self.fit(&train, target)?;
        let made = fitted.apply(train)?;
        Ok((fitted, made))
    }
}

/// A preparation that has been learned.
pub trait FittedTransform: Send + Sync {
    /// Applies it to new rows. Columns it was not fitted on pass through.
    ///
    /// # Errors
    /// A column it was fitted on is missing.
    fn apply(&self, samples: Samples) -> Result<Samples>;

    /// Describes the preparation as operations on the columns of `graph`; `false` where other programs could not compute it.
    ///
    /// # Errors
    /// A column that the graph lacks or holds otherwise.
    fn describe(&self, _graph: &mut Graph) -> Result<bool> {
        Ok(false)
    }

    /// What fitting decided.
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }

    /// Columns with what was learned of each, in words.
    fn learned(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Whether it needs to know when rows were.
    fn wants_time(&self) -> bool {
        false
    }

    /// Whether what it makes of a new row depends on the rows beside it.
    fn looks_around(&self) -> bool {
        false
    }

    /// The transform as bytes, which its catalog loads again.
    fn save(&self) -> Vec<u8>;
}
