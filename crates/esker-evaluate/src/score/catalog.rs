//! The catalog of scores: each by its name in the recipe, with its title, unit and direction.

use esker_core::{Better, Metric, Prediction, Result, Targets, Unit, Values};

use super::{classes, cost, hydrology, input, probability, regression};

/// A score by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Score {
    /// Root mean square error.
    Rmse,
    /// Mean absolute error.
    Mae,
    /// Mean error.
    Bias,
    /// Coefficient of determination.
    R2,
    /// Pearson correlation.
    Correlation,
    /// Nash-Sutcliffe efficiency.
    Nse,
    /// Kling-Gupta efficiency of 2009.
    Kge,
    /// Kling-Gupta efficiency of 2012.
    Kge2012,
    /// Share of rows that are right.
    Accuracy,
    /// Mean recall of the classes.
    BalancedAccuracy,
    /// Mean F1 of the classes.
    F1Macro,
    /// Matthews correlation.
    Mcc,
    /// Mean negative log probability of the true class.
    LogLoss,
    /// Mean squared error of the probabilities.
    Brier,
    /// Mean penalty by a matrix.
    Cost,
}

impl Score {
    /// Every score, in the order of the reference page.
    pub const ALL: [Self; 15] = [
        Self::Rmse,
        Self::Mae,
        Self::Bias,
        Self::R2,
        Self::Correlation,
        Self::Nse,
        Self::Kge,
        Self::Kge2012,
        Self::Accuracy,
        Self::BalancedAccuracy,
        Self::F1Macro,
        Self::Mcc,
        Self::LogLoss,
        Self::Brier,
        Self::Cost,
    ];

    /// The name in the recipe and the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::Bias => "bias",
            Self::R2 => "r2",
            Self::Correlation => "correlation",
            Self::Nse => "nse",
            Self::Kge => "kge",
            Self::Kge2012 => "kge-2012",
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::F1Macro => "f1-macro",
            Self::Mcc => "mcc",
            Self::LogLoss => "log-loss",
            Self::Brier => "brier",
            Self::Cost => "cost",
        }
    }

    /// The score of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Whether it is a plain mean over rows, so that a row by itself has it, and the mean over rows is the score of all.
    pub fn is_mean_of_rows(self) -> bool {
        matches!(self, Self::Mae | Self::Bias | Self::Accuracy | Self::LogLoss | Self::Brier | Self::Cost)
    }

    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rmse => "RMSE",
            Self::Mae => "MAE",
            Self::Bias => "Bias",
            Self::R2 => "R²",
            Self::Correlation => "Correlation",
            Self::Nse => "NSE",
            Self::Kge => "KGE (2009)",
            Self::Kge2012 => "KGE (2012)",
            Self::Accuracy => "Accuracy",
            Self::BalancedAccuracy => "Balanced accuracy",
            Self::F1Macro => "F1 (macro)",
            Self::Mcc => "MCC",
            Self::LogLoss => "Log loss",
            Self::Brier => "Brier score",
            Self::Cost => "Mean cost",
        }
    }

    /// Its definition in one sentence, for the reference page.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Rmse => "Root of the mean squared difference between prediction and truth, in the unit of the target.",
            Self::Mae => "Mean absolute difference between prediction and truth, in the unit of the target.",
            Self::Bias => "Mean of prediction minus truth, in the unit of the target: positive where the model says too much.",
            Self::R2 => {
                "1 − Σ(truth − prediction)² / Σ(truth − mean truth)²: 1 is perfect, 0 no better than the mean of the rows judged on, \
                 negative worse than that."
            }
            Self::Correlation => "Pearson's linear correlation of prediction and truth; blind to bias and scale.",
            Self::Nse => "Nash and Sutcliffe's efficiency: R² by its name in hydrology. Scored where it is the metric asked for.",
            Self::Kge => {
                "Kling-Gupta efficiency, 1 − √((r − 1)² + (α − 1)² + (β − 1)²) of correlation and ratios of standard deviation and mean \
                 (Gupta et al. 2009); for quantities with a true zero. Scored where it is the metric asked for."
            }
            Self::Kge2012 => {
                "Kling-Gupta efficiency with the ratio of the coefficients of variation instead of the standard deviations (Kling et al. 2012). \
                 Scored where it is the metric asked for."
            }
            Self::Accuracy => "Share of rows whose most probable class is the true one.",
            Self::BalancedAccuracy => "Mean over the classes that occur of the share of their rows that are recognised.",
            Self::F1Macro => "Mean over the classes that occur or are predicted of the harmonic mean of precision and recall.",
            Self::Mcc => "Matthews' correlation of true and predicted class, for any number of classes (Gorodkin 2004); 0 is chance.",
            Self::LogLoss => "Mean of minus the natural logarithm of the probability given to the true class.",
            Self::Brier => {
                "Mean over rows of Σ(probability − 1 if true else 0)² over all classes (Brier 1950): from 0 to 2, also for two classes."
            }
            Self::Cost => {
                "Mean penalty by a matrix of true and predicted class; with the matrix of the FORCE 2020 contest, minus this number is \
                 the contest's score."
            }
        }
    }

    /// Which targets it judges: numbers or classes.
    pub fn for_target(self) -> Targets {
        match self {
            Self::Rmse | Self::Mae | Self::Bias | Self::R2 | Self::Correlation | Self::Nse | Self::Kge | Self::Kge2012 => Targets::Real,
            Self::Accuracy | Self::BalancedAccuracy | Self::F1Macro | Self::Mcc | Self::LogLoss | Self::Brier | Self::Cost => {
                Targets::Class
            }
        }
    }

    /// Whether every run scores it; the others are scored where the recipe asks for them: they say the same in the words of one field, or are
    /// made for one kind of quantity.
    pub fn everyday(self) -> bool {
        !matches!(self, Self::Nse | Self::Kge | Self::Kge2012 | Self::Cost)
    }

    /// Which way it improves.
    pub fn better(self) -> Better {
        match self {
            Self::Rmse | Self::Mae | Self::LogLoss | Self::Brier | Self::Cost => Better::Lower,
            Self::Bias => Better::Zero,
            Self::R2
            | Self::Correlation
            | Self::Nse
            | Self::Kge
            | Self::Kge2012
            | Self::Accuracy
            | Self::BalancedAccuracy
            | Self::F1Macro
            | Self::Mcc => Better::Higher,
        }
    }

    /// The unit of the score, given the target's.
    pub fn unit(self, target: &Unit) -> Unit {
        match self {
            Self::Rmse | Self::Mae | Self::Bias => target.clone(),
            _ => Unit::default(),
        }
    }

    /// The metric. [`Score::Cost`] has no penalties this way and refuses to score; [`cost`](super::cost()) makes
    /// it with its matrix.
    pub fn metric(self) -> Box<dyn Metric> {
        match self {
            Self::Cost => Box::new(cost::Cost::without_matrix()),
            other => Box::new(Plain(other)),
        }
    }
}

/// A score that needs nothing but truth and prediction.
struct Plain(Score);

impl Metric for Plain {
    fn score(&self, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<f64> {
        let name = self.0.name();
        let value = match self.0.for_target() {
            Targets::Real => {
                let rows = input::numbers(name, truth, said, weight)?;
                match self.0 {
                    Score::Rmse => regression::rmse(&rows),
                    Score::Mae => regression::mae(&rows),
                    Score::Bias => regression::bias(&rows),
                    Score::R2 => regression::r2("r2", &rows)?,
                    Score::Nse => regression::r2("nse", &rows)?,
                    Score::Kge => hydrology::parts(name, &rows)?.kge(),
                    Score::Kge2012 => hydrology::parts(name, &rows)?.kge_2012(),
                    _ => regression::correlation(&rows)?,
                }
            }
            Targets::Class | Targets::Either => {
                let rows = input::classes(name, truth, said, weight)?;
                match self.0 {
                    Score::Accuracy => classes::accuracy(&rows),
                    Score::BalancedAccuracy => classes::balanced_accuracy(&rows),
                    Score::F1Macro => classes::f1_macro(&rows),
                    Score::Mcc => classes::mcc(&rows)?,
                    Score::LogLoss => probability::log_loss(&rows),
                    _ => probability::brier(&rows),
                }
            }
        };
        input::finite(name, value)
    }

    fn better(&self) -> Better {
        self.0.better()
    }

    fn unit(&self, target: &Unit) -> Unit {
        self.0.unit(target)
    }
}
