//! The catalog: every estimator and every preparation step by its name in the recipe.

use esker_core::{Error, Estimator, FittedTransform, Model, Parameter, Result, Settings, Transform};

use crate::models::{baseline, elastic_net, imported, linear, logistic, mlp, neighbours, svm, tree};
use crate::prepare::{encode, impute, standardise};
use crate::{back, calibrate};

/// An estimator by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Mean of the target, or class shares.
    Mean,
    /// Mean of the target, or class shares, of each group.
    GroupMean,
    /// Least squares.
    Linear,
    /// Least squares with an L2 penalty.
    Ridge,
    /// Least squares with L1 and L2 penalties.
    ElasticNet,
    /// Multinomial logistic regression.
    Logistic,
    /// Nearest neighbours.
    Neighbours,
    /// Random forest on histograms.
    Forest,
    /// Gradient boosting on histograms.
    Boosting,
    /// Multilayer perceptron.
    Mlp,
    /// One decision tree.
    DecisionTree,
    /// Support vector machine.
    Svm,
}

impl Kind {
    /// Every estimator, in the order of the reference page.
    pub const ALL: [Self; 12] = [
        Self::Mean,
        Self::GroupMean,
        Self::Linear,
        Self::Ridge,
        Self::ElasticNet,
        Self::Logistic,
        Self::Neighbours,
        Self::Forest,
        Self::Boosting,
        Self::Mlp,
        Self::DecisionTree,
        Self::Svm,
    ];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::GroupMean => "group-mean",
            Self::Linear => "linear",
            Self::Ridge => "ridge",
            Self::ElasticNet => "elastic-net",
            Self::Logistic => "logistic",
            Self::Neighbours => "neighbours",
            Self::Forest => "forest",
            Self::Boosting => "boosting",
            Self::Mlp => "mlp",
            Self::DecisionTree => "decision-tree",
            Self::Svm => "svm",
        }
    }

    /// The estimator of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// One sentence for the reference page and the methods paragraph, with its source.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Mean => baseline::DOC_MEAN,
            Self::GroupMean => baseline::DOC_GROUP_MEAN,
            Self::Linear => linear::DOC_LINEAR,
            Self::Ridge => linear::DOC_RIDGE,
            Self::ElasticNet => elastic_net::DOC,
            Self::Logistic => logistic::DOC,
            Self::Neighbours => neighbours::DOC,
            Self::Forest => tree::forest::DOC,
            Self::Boosting => tree::boosting::DOC,
            Self::Mlp => mlp::DOC,
            Self::DecisionTree => tree::single::DOC,
            Self::Svm => svm::DOC,
        }
    }

    /// Its parameters: names, defaults, rules and search spaces.
    pub fn parameters(self) -> Vec<Parameter> {
        match self {
            Self::Mean | Self::GroupMean | Self::Linear => Vec::new(),
            Self::Ridge => linear::parameters_ridge(),
            Self::ElasticNet => elastic_net::parameters(),
            Self::Logistic => logistic::parameters(),
            Self::Neighbours => neighbours::parameters(),
            Self::Forest => tree::forest::parameters(),
            Self::Boosting => tree::boosting::parameters(),
            Self::Mlp => mlp::parameters(),
            Self::DecisionTree => tree::single::parameters(),
            Self::Svm => svm::parameters(),
        }
    }

    /// The estimator with these settings, which follow [`Kind::parameters`].
    pub fn estimator(self, settings: &Settings) -> Box<dyn Estimator> {
        match self {
            Self::Mean => Box::new(baseline::Mean),
            Self::GroupMean => Box::new(baseline::GroupMean),
            Self::Linear => Box::new(linear::Linear::least_squares()),
            Self::Ridge => Box::new(linear::Linear::ridge(settings)),
            Self::ElasticNet => Box::new(elastic_net::ElasticNet::new(settings)),
            Self::Logistic => Box::new(logistic::Logistic::new(settings)),
            Self::Neighbours => Box::new(neighbours::Neighbours::new(settings)),
            Self::Forest => Box::new(tree::forest::Forest::new(settings)),
            Self::Boosting => Box::new(tree::boosting::Boosting::new(settings)),
            Self::Mlp => Box::new(mlp::Mlp::new(settings)),
            Self::DecisionTree => Box::new(tree::single::Single::new(settings)),
            Self::Svm => Box::new(svm::Svm::new(settings)),
        }
    }

    /// A model of this kind from the bytes of [`Model::save`].
    ///
    /// # Errors
    /// Bytes that are not such a model; they may come from a stranger.
    pub fn load(self, bytes: &[u8]) -> Result<Box<dyn Model>> {
        match self {
            Self::Mean | Self::GroupMean => baseline::load(bytes),
            Self::Linear | Self::Ridge => linear::load(bytes),
            Self::ElasticNet => elastic_net::load(bytes),
            Self::Logistic => logistic::load(bytes),
            Self::Neighbours => neighbours::load(bytes),
            Self::Forest => tree::load_forest(bytes),
            Self::Boosting => tree::load_boosting(bytes),
            Self::Mlp => mlp::load(bytes),
            Self::DecisionTree => tree::single::load(bytes),
            Self::Svm => svm::load(bytes),
        }
    }
}

/// A fitted model from the name of its kind and the bytes of [`Model::save`]: of any estimator, one that was imported, one whose
/// probabilities are adjusted, or one of a transformed target.
///
/// # Errors
/// No such kind, or bytes that are not such a model; they may come from a stranger.
pub fn load_model(kind: &str, bytes: &[u8]) -> Result<Box<dyn Model>> {
    match Kind::parse(kind) {
        Some(known) => known.load(bytes),
        None if kind == imported::NAME => imported::load(bytes),
        None if kind == calibrate::NAME => calibrate::load_adjusted(bytes),
        None if kind == back::NAME => back::load(bytes),
        None => Err(Error::model(format!("model kind '{kind}'")).rule("no such kind is known")),
    }
}

/// A preparation step by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Fill missing values.
    Impute,
    /// Turn classes into numbers.
    Encode,
    /// Bring numbers to mean 0 and standard deviation 1.
    Standardise,
}

impl Step {
    /// Every step, in the order in which they are applied.
    pub const ALL: [Self; 3] = [Self::Impute, Self::Encode, Self::Standardise];

    /// The name in a model file and the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Impute => "impute",
            Self::Encode => "encode",
            Self::Standardise => "standardise",
        }
    }

    /// The step of that name.
    ///
    /// # Errors
    /// No such step.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|s| s.name() == name)
            .ok_or_else(|| Error::model(format!("preparation step '{name}'")).rule("no such step is known"))
    }

    /// What it does, for the methods paragraph.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Impute => impute::DOC,
            Self::Encode => encode::DOC,
            Self::Standardise => standardise::DOC,
        }
    }

    /// The unfitted transform.
    pub fn transform(self) -> Box<dyn Transform> {
        match self {
            Self::Impute => Box::new(impute::Impute),
            Self::Encode => Box::new(encode::Encode),
            Self::Standardise => Box::new(standardise::Standardise),
        }
    }

    /// A fitted transform from the bytes of [`FittedTransform::save`].
    ///
    /// # Errors
    /// Bytes that are not such a transform; they may come from a stranger.
    pub fn load(self, bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
        match self {
            Self::Impute => impute::load(bytes),
            Self::Encode => encode::load(bytes),
            Self::Standardise => standardise::load(bytes),
        }
    }
}
