//! Nearest-neighbour distance matching: folds as far from what they learn from as the wanted predictions are from the samples.

mod cloud;
mod distances;
pub(super) mod knndm;
pub(super) mod nndm;

pub use distances::{Distances, distances};
use knndm::told;
pub use knndm::{Clusters, Knndm, Matched};
pub use nndm::Nndm;

use esker_core::{Parameter, Settings};

/// What nearest neighbours are near in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Space {
    /// On the ground, in metres: straight on the plane, great circles on the sphere.
    #[default]
    Place,
    /// Among the features.
    Features(FeatureDistance),
    /// On the ground and in time, in metres: the root of the squared distance on the ground and the squared days apart, each day
    /// counted as so many metres (the space-time anisotropy of metric models). On the sphere, distances run straight through the Earth.
    PlaceTime {
        /// Metres that count as much as a day; `None` makes both spreads of the samples equal.
        metres_per_day: Option<f64>,
    },
}

/// How features make a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeatureDistance {
    /// Straight, in standard deviations of the samples.
    #[default]
    Euclidean,
    /// Straight, after correlations among the samples are taken out (Mahalanobis 1936).
    Mahalanobis,
    /// The mean of absolute differences, each as a share of the feature's range (Gower 1971, doi 10.2307/2528823).
    Gower,
}

/// What designs that match distances measure them in.
fn parameters() -> [Parameter; 3] {
    [
        Parameter::choice(
            "space",
            &["place", "features", "place-time"],
            "What distances are measured in: place (m), features, or place and time (m).",
        ),
        Parameter::choice("distance", &["euclidean", "mahalanobis", "gower"], "Distance among features, where space is features."),
        Parameter::real(
            "metres_per_day",
            0.0,
            0.0,
            1e9,
            "Metres that count as much as a day, where space is place-time; 0 makes the samples' spread in place and in time equal.",
        ),
    ]
}

impl Space {
    /// The space of checked settings.
    fn of(settings: &Settings) -> Self {
        match settings.text("space") {
            "features" => Self::Features(match settings.text("distance") {
                "mahalanobis" => FeatureDistance::Mahalanobis,
                "gower" => FeatureDistance::Gower,
                _ => FeatureDistance::Euclidean,
            }),
            "place-time" => {
                let metres = settings.real("metres_per_day");
                Self::PlaceTime { metres_per_day: (metres > 0.0).then_some(metres) }
            }
            _ => Self::Place,
        }
    }

    /// The unit of its distances; empty in feature space.
    pub fn unit(self) -> &'static str {
        if matches!(self, Self::Features(_)) { "" } else { "m" }
    }

    /// The words for a sentence: `on the ground`.
    fn words(self) -> &'static str {
        match self {
            Self::Place => "on the ground",
            Self::Features(FeatureDistance::Euclidean) => "among standardised features",
            Self::Features(FeatureDistance::Mahalanobis) => "among uncorrelated features (Mahalanobis)",
            Self::Features(FeatureDistance::Gower) => "among features as shares of their ranges (Gower)",
            Self::PlaceTime { .. } => "on the ground and in time",
        }
    }

    /// A distance with its unit.
    fn told(self, distance: f64) -> String {
        if self.unit().is_empty() {
            return format!("{distance:.3}");
        }
        if distance >= 1e4 { format!("{:.1} km", distance / 1e3) } else { format!("{distance:.1} m") }
    }
}
