//! What held-out residuals still know of each other: dependence in space and time, uneven spread, and errors of means over larger and larger areas.
//!
//! Residuals that are alike where they are near say that the rows are not independent: scores then rest on fewer rows than the table has.

mod examine;
mod local;
mod moran;
mod scale;
mod series;
mod spread;
mod weights;

pub use examine::{Sites, examine};
pub use local::{Local, Quadrant, local_geary, local_moran};
pub use moran::{Global, Statistic, global, permutation_p};
pub(crate) use scale::cells;
pub use scale::{ScaleError, at_scales};
pub use series::{LjungBox, autocorrelation, ljung_box};
pub use spread::{BreuschPagan, Spearman, breusch_pagan, spearman};
pub use weights::Weights;
