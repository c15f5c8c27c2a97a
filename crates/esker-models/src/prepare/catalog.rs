//! The steps that a recipe may ask for, by their names.

use esker_core::{Error, FittedTransform, Parameter, Result, Samples, Settings, Transform};

use super::encode::Encode;
use super::impute::Impute;
use super::wanted::items;
use super::{
    Wanted, chained, encode, gradient, harmonics, impute, lag, nearest, ordinal, pca, reshape, scale, season, target_means, trend,
};

/// A step of `[[prepare]]` by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepare {
    /// Fill missing values.
    Impute,
    /// Bring numbers to one scale.
    Scale,
    /// Logarithms, roots and fitted powers.
    Transform,
    /// Turn classes into numbers.
    Encode,
    /// Take off the climatology.
    Anomaly,
    /// Take off a line through time.
    Detrend,
    /// Waves of the year and the day.
    Harmonics,
    /// Values of earlier times.
    Lag,
    /// Statistics of windows before a row.
    Rolling,
    /// Change along a depth.
    Gradient,
    /// Scores on principal components.
    Pca,
}

const DOC_IMPUTE: &str = "Missing values are filled: by the median of the training rows, with a further column that marks them where more than 1 % of the training rows are missing, \
     and missing classes as a class of their own (`median`); numbers by the mean of the `neighbours` training rows nearest to the row over the columns that both have \
     (`nearest`; Troyanskaya et al. 2001, doi 10.1093/bioinformatics/17.6.520), of at most 10,000; or by ridge regressions of each column on the others, round after \
     round (`model`; van Buuren and Groothuis-Oudshoorn 2011, doi 10.18637/jss.v045.i03, without random draws).";
const DOC_ENCODE: &str = "Classes become numbers: a column of 0 and 1 for each class (`one-hot`; of two classes only the second gets one), their place in an order (`ordinal`), or the \
     mean of the target in their training rows (`target`; Micci-Barreca 2001, doi 10.1145/507533.507538). For the last, training rows get the means of other folds, whole \
     groups apart, and never see their own target; new rows get the means of all training rows; of a target of classes it is the share of each.";

fn parameters_impute() -> Vec<Parameter> {
    vec![
        Parameter::choice("method", &["median", "nearest", "model"], "How gaps are filled."),
        Parameter::integer("neighbours", 5, 1, 1000, "Of `nearest`: training rows that fill a gap."),
        Parameter::flag("scaled", true, "Of `nearest`: whether columns count by their standard deviations, whatever their units."),
        Parameter::integer(
            "rounds",
            10,
            1,
            1000,
            "Of `model`: most rounds; they end when nothing changes by more than a millionth of a standard deviation.",
        ),
        Parameter::real("penalty", 1.0, 1e-6, 1e9, "Of `model`: the penalty of the ridge regressions on standardised columns."),
    ]
}

fn parameters_encode() -> Vec<Parameter> {
    vec![
        Parameter::choice("method", &["one-hot", "ordinal", "target"], "How classes become numbers."),
        Parameter::text("order", "Of `ordinal`: the classes from low to high, `[\"poor\", \"fair\", \"good\"]`; sorted if not given."),
        Parameter::real("smoothing", 10.0, 0.0, 1e9, "Of `target`: so many rows with the mean of all are added to each class."),
    ]
}

impl Prepare {
    /// Every step, in the order of the reference page.
    pub const ALL: [Self; 11] = [
        Self::Impute,
        Self::Scale,
        Self::Transform,
        Self::Encode,
        Self::Anomaly,
        Self::Detrend,
        Self::Harmonics,
        Self::Lag,
        Self::Rolling,
        Self::Gradient,
        Self::Pca,
    ];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Impute => "impute",
            Self::Scale => "scale",
            Self::Transform => "transform",
            Self::Encode => "encode",
            Self::Anomaly => "anomaly",
            Self::Detrend => "detrend",
            Self::Harmonics => "harmonics",
            Self::Lag => "lag",
            Self::Rolling => "rolling",
            Self::Gradient => "gradient",
            Self::Pca => "pca",
        }
    }

    /// The step of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// What it does, for the reference page and the methods paragraph.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Impute => DOC_IMPUTE,
            Self::Scale => scale::DOC,
            Self::Transform => reshape::DOC,
            Self::Encode => DOC_ENCODE,
            Self::Anomaly => season::DOC,
            Self::Detrend => trend::DOC,
            Self::Harmonics => harmonics::DOC,
            Self::Lag => lag::DOC_LAG,
            Self::Rolling => lag::DOC_ROLLING,
            Self::Gradient => gradient::DOC,
            Self::Pca => pca::DOC,
        }
    }

    /// Its parameters: names, defaults and rules.
    pub fn parameters(self) -> Vec<Parameter> {
        match self {
            Self::Impute => parameters_impute(),
            Self::Scale => scale::parameters(),
            Self::Transform => reshape::parameters(),
            Self::Encode => parameters_encode(),
            Self::Anomaly => season::parameters(),
            Self::Detrend => trend::parameters(),
            Self::Harmonics => harmonics::parameters(),
            Self::Lag => lag::parameters_lag(),
            Self::Rolling => lag::parameters_rolling(),
            Self::Gradient => gradient::parameters(),
            Self::Pca => pca::parameters(),
        }
    }

    /// Whether it takes columns.
    pub fn takes_columns(self) -> bool {
        self != Self::Harmonics
    }

    /// Whether its columns may name the target.
    pub fn may_see_target(self) -> bool {
        matches!(self, Self::Lag | Self::Rolling)
    }

    /// The unfitted step, with settings that follow [`Prepare::parameters`].
    pub fn transform(self, columns: Wanted, settings: &Settings) -> Box<dyn Transform> {
        let method = || settings.text("method");
        match self {
            Self::Impute => match method() {
                "nearest" => Box::new(nearest::Nearest::new(columns, settings)),
                "model" => Box::new(chained::Chained::new(columns, settings)),
                _ => Box::new(Restricted { columns, inner: Box::new(Impute) }),
            },
            Self::Scale => Box::new(scale::Scale::new(columns, settings)),
            Self::Transform => Box::new(reshape::Reshape::new(columns, settings)),
            Self::Encode => match method() {
                "ordinal" => Box::new(ordinal::Ordinal { columns, order: items(settings.text("order")) }),
                "target" => Box::new(target_means::TargetMeans { columns, smoothing: settings.real("smoothing") }),
                _ => Box::new(Restricted { columns, inner: Box::new(Encode) }),
            },
            Self::Anomaly => Box::new(season::Anomaly::new(columns, settings)),
            Self::Detrend => Box::new(trend::Detrend::new(columns, settings)),
            Self::Harmonics => Box::new(harmonics::Harmonics::new(settings)),
            Self::Lag => Box::new(lag::Back::lags(columns, settings)),
            Self::Rolling => Box::new(lag::Back::windows(columns, settings)),
            Self::Gradient => Box::new(gradient::Gradient::new(columns, settings)),
            Self::Pca => Box::new(pca::Pca::new(columns, settings)),
        }
    }

    /// The name of the fitted step in a model file, which tells what its bytes are.
    pub fn stored(self, settings: &Settings) -> String {
        match self {
            Self::Impute | Self::Encode => format!("{} {}", self.name(), settings.text("method")),
            _ => format!("{} asked", self.name()),
        }
    }
}

/// A fitted step from its name in a model file and the bytes of [`FittedTransform::save`]. `None` for names that are not of this catalog.
///
/// # Errors
/// Bytes that are no such step; they may come from a stranger.
pub fn load(stored: &str, bytes: &[u8]) -> Option<Result<Box<dyn FittedTransform>>> {
    Some(match stored {
        "impute median" => impute::load(bytes),
        "impute nearest" => nearest::load(bytes),
        "impute model" => chained::load(bytes),
        "scale asked" => scale::load(bytes),
        "transform asked" => reshape::load(bytes),
        "encode one-hot" => encode::load(bytes),
        "encode ordinal" => ordinal::load(bytes),
        "encode target" => target_means::load(bytes),
        "anomaly asked" => season::load(bytes),
        "detrend asked" => trend::load(bytes),
        "harmonics asked" => harmonics::load(bytes),
        "lag asked" | "rolling asked" => lag::load(bytes),
        "gradient asked" => gradient::load(bytes),
        "pca asked" => pca::load(bytes),
        _ => return None,
    })
}

/// A step that is fitted on every feature, given some of them alone.
struct Restricted {
    columns: Wanted,
    inner: Box<dyn Transform>,
}

impl Transform for Restricted {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let fitted = self.inner.fit(&self.columns.restrict(train, target)?, target)?;
        // A new name may be taken by a column that the step was not given.
        if let Err(e) = fitted.apply(train.select(&[])) {
            return Err(Error { fault: esker_core::Fault::Data, ..e });
        }
        Ok(fitted)
    }
}
