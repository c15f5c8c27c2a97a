//! The catalog of designs: every way to cut samples into folds, by its name in the recipe.

use esker_core::{Parameter, Settings, Splitter};

use super::matching::{knndm, nndm};
use super::{
    Aim, block, block_time, buffer, cluster, forward, group, group_forward, holdout, leave_one_group_out, location_time, random, region,
    rolling, season, stratified, stratified_group, year,
};

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
    /// Whole blocks of ground into folds.
    Block,
    /// One row at a time, without those round it.
    Buffer,
    /// Whole regions into folds.
    Region,
    /// Whole clusters into folds.
    Cluster,
    /// A window of time that moves on.
    Rolling,
    /// One stretch of time after the other.
    BlockTime,
    /// Whole seasons or months into folds.
    Season,
    /// Whole years into folds.
    Year,
    /// Locations and times held out together.
    LocationTime,
    /// Groups never seen, predicted forward.
    GroupForward,
    /// Whole groups into folds that hold each class in about equal shares.
    StratifiedGroup,
    /// One part, judged on once.
    Holdout,
    /// Leave-one-out at the distances that predictions are wanted at.
    Nndm,
    /// Folds at the distances that predictions are wanted at.
    Knndm,
}

impl Design {
    /// Every design, in the order of the reference page.
    pub const ALL: [Self; 19] = [
        Self::Random,
        Self::Stratified,
        Self::Group,
        Self::StratifiedGroup,
        Self::LeaveOneGroupOut,
        Self::Region,
        Self::Block,
        Self::Buffer,
        Self::Cluster,
        Self::Nndm,
        Self::Knndm,
        Self::Forward,
        Self::Rolling,
        Self::BlockTime,
        Self::Season,
        Self::Year,
        Self::LocationTime,
        Self::GroupForward,
        Self::Holdout,
    ];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Stratified => "stratified",
            Self::Group => "group",
            Self::LeaveOneGroupOut => "leave-one-group-out",
            Self::Forward => "forward",
            Self::Block => "block",
            Self::Buffer => "buffer",
            Self::Region => "region",
            Self::Cluster => "cluster",
            Self::Rolling => "rolling",
            Self::BlockTime => "block-time",
            Self::Season => "season",
            Self::Year => "year",
            Self::LocationTime => location_time::NAME,
            Self::GroupForward => group_forward::NAME,
            Self::StratifiedGroup => "stratified-group",
            Self::Holdout => "holdout",
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
            Self::Block => block::DOC,
            Self::Buffer => buffer::DOC,
            Self::Region => region::DOC,
            Self::Cluster => cluster::DOC,
            Self::Rolling => rolling::DOC,
            Self::BlockTime => block_time::DOC,
            Self::Season => season::DOC,
            Self::Year => year::DOC,
            Self::LocationTime => location_time::DOC,
            Self::GroupForward => group_forward::DOC,
            Self::StratifiedGroup => stratified_group::DOC,
            Self::Holdout => holdout::DOC,
            Self::Nndm => nndm::DOC,
            Self::Knndm => knndm::DOC,
        }
    }

    /// Its parameters: names, defaults and rules.
    pub fn parameters(self) -> Vec<Parameter> {
        let folds = Parameter::integer("folds", 10, 2, 1000, "Number of folds.");
        match self {
            Self::Random | Self::Stratified | Self::Group | Self::StratifiedGroup => vec![folds],
            Self::LeaveOneGroupOut => Vec::new(),
            Self::Forward => vec![folds, Parameter::real("gap", 0.0, 0.0, 1e7, forward::DOC_GAP)],
            Self::Block => block::parameters(folds),
            Self::Buffer => buffer::parameters(),
            Self::Region => region::parameters(),
            Self::Cluster => cluster::parameters(folds),
            Self::Rolling => rolling::parameters(folds),
            Self::BlockTime => block_time::parameters(folds),
            Self::Season => season::parameters(),
            Self::Year => year::parameters(folds),
            Self::LocationTime => location_time::parameters(),
            Self::GroupForward => group_forward::parameters(),
            Self::Holdout => holdout::parameters(),
            Self::Nndm => nndm::parameters(),
            Self::Knndm => knndm::parameters(folds),
        }
    }

    /// Whether folds of these settings are balanced over strata, so that the support needs them.
    pub fn wants_strata(self, settings: &Settings) -> bool {
        matches!(self, Self::Stratified | Self::StratifiedGroup) || settings.get("stratified") == Some(&esker_core::Setting::Flag(true))
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
            Self::Block => Box::new(super::Block::of(settings)),
            Self::Buffer => Box::new(super::Buffer::of(settings)),
            Self::Region => Box::new(super::Region::of(settings)),
            Self::Cluster => Box::new(super::Cluster::of(settings, aim)),
            Self::Rolling => Box::new(super::Rolling::of(settings)),
            Self::BlockTime => Box::new(super::BlockTime::of(settings)),
            Self::Season => Box::new(super::Season::of(settings)),
            Self::Year => Box::new(super::Year::of(settings)),
            Self::LocationTime => Box::new(super::LocationTime::of(settings)),
            Self::GroupForward => Box::new(super::GroupForward::of(settings)),
            Self::StratifiedGroup => Box::new(super::StratifiedGroup { folds: folds() }),
            Self::Holdout => Box::new(super::Holdout::of(settings)),
            Self::Nndm => Box::new(super::Nndm::of(settings, aim)),
            Self::Knndm => Box::new(super::Knndm::of(settings, aim)),
        }
    }
}
