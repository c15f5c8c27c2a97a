//! What one may want to be able to do: twelve verbs, each with the topics it needs.

use super::catalogue::Pillars;

/// Something one wants to be able to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Its name in files and on the command line.
    pub id: &'static str,
    /// The verb, in the words of a person.
    pub verb: &'static str,
    /// Topics it needs, the most needed first.
    pub topics: &'static [&'static str],
    /// How it is shared between science, machine learning and software.
    pub pillars: Pillars,
}

const fn goal_of(id: &'static str, verb: &'static str, topics: &'static [&'static str], shares: [f64; 3]) -> Goal {
    Goal { id, verb, topics, pillars: Pillars { science: shares[0], ml: shares[1], software: shares[2] } }
}

/// The twelve verbs.
pub const GOALS: [Goal; 12] = [
    goal_of(
        "handle-data",
        "read, clean and map Earth data",
        &["data-wrangling", "visualisation", "arrays-netcdf", "spatial-data", "python"],
        [0.3, 0.05, 0.65],
    ),
    goal_of(
        "predict-tables",
        "predict a number or a class from a table",
        &["ml-workflow", "validation", "trees-ensembles", "classification", "regression"],
        [0.1, 0.6, 0.3],
    ),
    goal_of("test-honestly", "test a model honestly", &["validation", "ml-workflow", "statistics", "uncertainty"], [0.2, 0.7, 0.1]),
    goal_of(
        "map-points",
        "make a map from points",
        &["geostatistics", "spatial-data", "gaussian-processes", "validation"],
        [0.4, 0.4, 0.2],
    ),
    goal_of(
        "read-images",
        "classify satellite images",
        &["cnn", "remote-sensing", "neural-networks", "transfer-learning"],
        [0.2, 0.5, 0.3],
    ),
    goal_of(
        "forecast-series",
        "forecast a series in time",
        &["time-series", "forecasting", "sequence-models", "validation"],
        [0.3, 0.6, 0.1],
    ),
    goal_of(
        "train-networks",
        "build and train neural networks",
        &["neural-networks", "optimisation", "autodiff", "transfer-learning"],
        [0.0, 0.7, 0.3],
    ),
    goal_of(
        "say-how-sure",
        "say how sure a prediction is",
        &["gaussian-processes", "uncertainty", "probabilistic-ml", "bayesian-inference"],
        [0.05, 0.9, 0.05],
    ),
    goal_of("find-causes", "explain a model and look for causes", &["interpretability", "causality", "statistics"], [0.3, 0.6, 0.1]),
    goal_of("join-physics", "join physics and learning", &["physics-ml", "dynamics", "simulation", "data-assimilation"], [0.45, 0.45, 0.1]),
    goal_of(
        "run-software",
        "put a model to work and keep it working",
        &["mlops", "software-engineering", "reproducibility", "shell-git"],
        [0.0, 0.2, 0.8],
    ),
    goal_of(
        "understand-theory",
        "understand why machine learning works",
        &["probabilistic-ml", "regression", "classification", "optimisation", "probability"],
        [0.0, 0.95, 0.05],
    ),
];

/// A verb by its name.
pub fn goal(id: &str) -> Option<&'static Goal> {
    GOALS.iter().find(|g| g.id == id)
}
