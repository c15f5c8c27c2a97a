//! Transforms learn from training rows and are applied to any.

use crate::{Graph, Note, Result, Samples};

/// Learns a preparation from training rows alone. The target column is never touched.
pub trait Transform: Send + Sync {
    /// Fits on the training rows; `target` names the column to leave alone.
    ///
    /// # Errors
    /// Columns it cannot learn from.
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>>;
}

/// A preparation that has been learned.
pub trait FittedTransform: Send + Sync {
    /// Applies it. Columns it was not fitted on pass through.
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

    /// The transform as bytes, which its catalog loads again.
    fn save(&self) -> Vec<u8>;
}
