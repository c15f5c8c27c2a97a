//! Linear algebra, optimisation, statistics, distributions, distances and neighbour search, as plain `f64` functions.
//!
//! The only room that sees the linear-algebra crate. Everything here runs on the caller's thread and gives the same
//! bits for the same input.

pub mod dense;
pub mod distribution;
pub mod exponential;
pub mod ground;
pub mod neighbours;
pub mod net;
pub mod optimise;
pub mod sphere;
pub mod statistics;
pub mod variogram;
pub mod wide;

pub use dense::{Cholesky, Columns, LeastSquares, add_gram, cross, dot, gram, least_squares, product, transposed_product};
pub use distribution::{binomial_cdf, chi_squared_tail, normal_cdf, normal_quantile, student_cdf, student_quantile};
pub use exponential::{exponential, exponentials};
pub use ground::Ground;
pub use neighbours::{KdTree, Neighbour};
pub use optimise::{Descent, Function, Inverse, Stop, minimise};
pub use sphere::{EARTH_RADIUS, great_circle};
pub use statistics::{correlation, mean, quantile, quantile_of_sorted, ranks, variance, weighted_mean, weighted_variance};
pub use variogram::{Empirical, Fitted, LagClass, Lags, Shape, Structure};
pub use wide::wide;
