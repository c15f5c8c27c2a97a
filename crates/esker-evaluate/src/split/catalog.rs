//! The catalog of designs: every way to cut samples into folds, by its name in the recipe.

use esker_core::{Parameter, Settings, Splitter};

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
}

impl Design {
    /// Every design, in the order of the reference page.
    pub const ALL: [Self; 5] = [Self::Random, Self::Stratified, Self::Group, Self::LeaveOneGroupOut, Self::Forward];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Stratified => "stratified",
            Self::Group => "group",
            Self::LeaveOneGroupOut => "leave-one-group-out",
            Self::Forward => "forward",
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
        }
    }

    /// Its parameters: names, defaults and rules.
    pub fn parameters(self) -> Vec<Parameter> {
        let folds = Parameter::integer("folds", 10, 2, 1000, "Number of folds.");
        match self {
            Self::Random | Self::Stratified | Self::Group => vec![folds],
            Self::LeaveOneGroupOut => Vec::new(),
            Self::Forward => vec![folds, Parameter::real("gap", 0.0, 0.0, 1e7, forward::DOC_GAP)],
        }
    }

    /// The splitter with these settings, which follow [`Design::parameters`], for this use of the model.
    pub fn splitter(self, settings: &Settings, _aim: &Aim) -> Box<dyn Splitter> {
        // The rule of the parameter keeps the number within 2..1000.
        let folds = || settings.integer("folds") as usize;
        match self {
            Self::Random => Box::new(super::Random { folds: folds() }),
            Self::Stratified => Box::new(super::Stratified { folds: folds() }),
            Self::Group => Box::new(super::Group { folds: folds() }),
            Self::LeaveOneGroupOut => Box::new(super::LeaveOneGroupOut),
            Self::Forward => Box::new(super::Forward { folds: folds(), gap: settings.real("gap") }),
        }
    }
}
