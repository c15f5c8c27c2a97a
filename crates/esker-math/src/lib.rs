//! Linear algebra, optimisation, statistics, distributions, distances and neighbour search, as plain `f64` functions.
//!
//! The only room that sees the linear-algebra crate. Everything here runs on the caller's thread and gives the same
//! bits for the same input.

pub mod apart;
pub mod dense;
pub mod distribution;
pub mod eigen;
pub mod empirical;
pub mod exponential;
pub mod ground;
pub mod isotonic;
pub mod k_means;
pub mod melt;
pub mod mix;
pub mod neighbours;
pub mod net;
pub mod optimise;
pub mod period;
pub mod spectrum;
pub mod sphere;
pub mod statistics;
pub mod variogram;
pub mod ward;
pub mod wide;

pub use apart::Sides;
pub use dense::{Cholesky, Columns, LeastSquares, add_gram, cross, dot, gram, least_squares, product, transposed_product};
pub use distribution::{binomial_cdf, chi_squared_tail, normal_cdf, normal_quantile, student_cdf, student_quantile};
pub use eigen::symmetric_eigen;
pub use empirical::{Empirical, Smirnov};
pub use exponential::{exponential, exponentials};
pub use ground::Ground;
pub use isotonic::{along, isotonic};
pub use k_means::{Clusters, k_means};
pub use mix::convex_mix;
pub use neighbours::{KdTree, Neighbour};
pub use optimise::{Descent, Function, Inverse, Stop, minimise};
pub use spectrum::{autocorrelation, lomb_scargle, periodogram, red_noise, without_trend};
pub use sphere::{EARTH_RADIUS, great_circle};
pub use statistics::{correlation, mean, quantile, quantile_of_sorted, ranks, variance, weighted_mean, weighted_variance};
pub use variogram::{Fitted, LagClass, Lags, Semivariogram, Shape, Structure};
pub use ward::Hierarchy;
pub use wide::wide;
