//! The suites that every estimator, transform, splitter, metric and format must pass.
//!
//! Each suite is a function that takes the thing to test and panics with the law that was broken. A room
//! calls it over its catalog from one test, so that a new entry of the catalog is tested from its first day.
//! A law that cannot hold for an entry is named with its reason ([`Law::Broken`]), and the suite complains
//! once the law does hold.

pub mod data;
mod edges;
mod estimator;
mod format;
mod hostile;
mod laws;
mod metric;
mod preparation;
mod same;
pub mod server;
mod splitter;
mod transform;

pub use estimator::{MakeEstimator, estimator};
pub use format::{Keeps, format};
pub use laws::{Law, Laws};
pub use metric::metric;
pub use preparation::preparation;
pub use splitter::{Claims, refuses, splitter};
pub use transform::{MakeTransform, transform};
