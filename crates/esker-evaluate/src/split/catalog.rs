//! The catalog of designs: every way to cut samples into folds, by its name in the recipe.

use esker_core::{Parameter, Settings, Splitter};

use super::matching::{self, knndm, nndm};
use super::{Aim, forward, group, leave_one_group_out, random, stratified};

/// A design by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Design {
    /// Rows shuffled into folds.
    Random,
    /// Rows shuffled into folds that hold each class in equal shares.
    Stratified,
    /// Whole groups into folds.
    Group,
    /// One fold a group.
    LeaveOneGroupOut,
    /// From the past to the future.
    Forward,
    /// Leave-one-out at the distances that predictions are wanted at.
    Nndm,
    /// Folds at the distances that predictions are wanted at.
    Knndm,
}

impl Design {
    /// Every design, in the order of the reference page.
    pub const ALL: [Self; 7] =
        [Self::Random, Self::Stratified, Self::Group, Self::LeaveOneGroupOut, Self::Forward, Self::Nndm, Self::Knndm];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Stratified => "stratified",
            Self::Group => "group",
            Self::LeaveOneGroupOut => "leave-one-group-out",
            Self::Forward => "forward",
            Self::Nndm => "nndm",
            Self::Knndm => "knndm",
        }
    }

    /// The design of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// One sentence for the reference page.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Random => random::DOC,
            Self::Stratified => stratified::DOC,
            Self::Group => group::DOC,
            Self::LeaveOneGroupOut => leave_one_group_out::DOC,
            Self::Forward => forward::DOC,
            Self::Nndm => nndm::DOC,
            Self::Knndm => knndm::DOC,
        }
    }

    /// Its parameters: names, defaults and rules.
    pub fn parameters(self) -> Vec<Parameter> {
        let folds = Parameter::integer("folds", 10, 2, 1000, "Number of folds.");
        match self {
            Self::Random | Self::Stratified | Self::Group => vec![folds],
            Self::LeaveOneGroupOut => Vec::new(),
            Self::Forward => vec![folds, Parameter::real("gap", 0.0, 0.0, 1e7, forward::DOC_GAP)],
            Self::Nndm => [
                Parameter::real("phi", 0.0, 0.0, 1e9, nndm::DOC_PHI),
                Parameter::real("min_train", 0.5, 0.0, 1.0, nndm::DOC_MIN_TRAIN),
            ]
            .into_iter()
            .chain(spaces())
            .collect(),
            Self::Knndm => [
                folds,
                Parameter::real("maxp", 0.5, 0.0, 1.0, knndm::DOC_MAXP),
                Parameter::choice("clusters", knndm::CLUSTERS, knndm::DOC_CLUSTERS),
            ]
            .into_iter()
            .chain(spaces())
            .collect(),
        }
    }

    /// The splitter with these settings, which follow [`Design::parameters`], for this use of the model.
    pub fn splitter(self, settings: &Settings, aim: &Aim) -> Box<dyn Splitter> {
        // The rule of the parameter keeps the number within 2..1000.
        let folds = || settings.integer("folds") as usize;
        match self {
            Self::Random => Box::new(super::Random { folds: folds() }),
            Self::Stratified => Box::new(super::Stratified { folds: folds() }),
            Self::Group => Box::new(super::Group { folds: folds() }),
            Self::LeaveOneGroupOut => Box::new(super::LeaveOneGroupOut),
            Self::Forward => Box::new(super::Forward { folds: folds(), gap: settings.real("gap") }),
            Self::Nndm => {
                let phi = settings.real("phi");
                let phi = if phi > 0.0 { phi } else { f64::INFINITY };
                Box::new(super::Nndm { phi, min_train: settings.real("min_train"), space: super::Space::of(settings), aim: aim.clone() })
            }
            Self::Knndm => Box::new(super::Knndm {
                folds: folds(),
                maxp: settings.real("maxp"),
                space: super::Space::of(settings),
                clusters: if settings.text("clusters") == "k-means" { super::Clusters::KMeans } else { super::Clusters::Hierarchical },
                aim: aim.clone(),
            }),
        }
    }
}

/// What designs that match distances measure them in.
fn spaces() -> [Parameter; 3] {
    [
        Parameter::choice("space", matching::SPACES, knndm::DOC_SPACE),
        Parameter::choice("distance", matching::FEATURE_DISTANCES, knndm::DOC_DISTANCE),
        Parameter::real("metres_per_day", 0.0, 0.0, 1e9, knndm::DOC_PACE),
    ]
}
