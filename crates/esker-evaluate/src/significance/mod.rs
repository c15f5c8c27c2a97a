//! How sure a score or a difference of scores is where rows depend on each other: block bootstraps, tests of paired losses, and corrections for
//! many tests at once.

mod blocks;
mod bootstrap;
mod multiple;
mod paired;

pub use blocks::{Blocks, Runs};
pub use bootstrap::{Bootstrap, Drawn, Estimate, Held};
pub use multiple::{benjamini_hochberg, holm};
pub use paired::{DieboldMariano, Kernel, Signs, Wilcoxon, diebold_mariano, sign_test, wilcoxon};
