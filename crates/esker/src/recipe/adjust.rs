//! `calibrate` and `threshold` of a `[[model]]`: what becomes of its class probabilities.

use esker_core::{Error, Setting};
use esker_models::Calibration;

use super::read::unknown;
use super::section::Section;

/// What becomes of the class probabilities of a model, inside each training part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AdjustPart {
    /// How they are calibrated, if they are.
    pub calibrate: Option<Calibration>,
    /// From which probability on one of two classes is said, if not where it is the more probable one.
    pub threshold: Option<ThresholdPart>,
}

impl AdjustPart {
    /// Whether it is learned on inner folds.
    pub fn learns(&self) -> bool {
        self.calibrate.is_some() || self.threshold.as_ref().is_some_and(|t| !matches!(t.by, ThresholdBy::Number(_)))
    }
}

/// The probability from which on a class is said.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdPart {
    /// What it is chosen by.
    pub by: ThresholdBy,
    /// The class, where it is not the second one.
    pub of: Option<String>,
}

/// What a threshold is chosen by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ThresholdBy {
    /// The F1 of the class.
    F1,
    /// The mean penalty.
    Cost,
    /// The sum of the recalls of both classes.
    Youden,
    /// Their mean.
    BalancedAccuracy,
    /// It is given.
    Number(f64),
}

impl ThresholdBy {
    /// Those with a name.
    const NAMED: [Self; 4] = [Self::F1, Self::Cost, Self::Youden, Self::BalancedAccuracy];

    /// The name in the recipe and the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::F1 => "f1",
            Self::Cost => "cost",
            Self::Youden => "youden",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::Number(_) => "number",
        }
    }
}

pub(super) fn adjust(s: &Section<'_>) -> AdjustPart {
    let calibrate = s.text("calibrate").and_then(|name| {
        let found = Calibration::ALL.into_iter().find(|c| c.name() == name);
        if found.is_none() {
            s.fault("calibrate", unknown("calibration", &name, &Calibration::ALL.map(Calibration::name)));
        }
        found
    });
    let threshold = match s.setting_or_table("threshold") {
        None => None,
        Some(Ok(value)) => by(s, "threshold", Some(value)).map(|by| ThresholdPart { by, of: None }),
        Some(Err(t)) => {
            let given = t.setting_or_table("by").and_then(Result::ok);
            let of = t.text("of");
            let part = by(&t, "by", given).map(|by| ThresholdPart { by, of });
            t.finish();
            part
        }
    };
    AdjustPart { calibrate, threshold }
}

fn by(s: &Section<'_>, key: &'static str, value: Option<Setting>) -> Option<ThresholdBy> {
    let number = match value {
        Some(Setting::Text(name)) => {
            let found = ThresholdBy::NAMED.into_iter().find(|by| by.name() == name);
            if found.is_none() {
                s.fault(key, unknown("threshold", &name, &ThresholdBy::NAMED.map(ThresholdBy::name)));
            }
            return found;
        }
        Some(Setting::Real(v)) => v,
        Some(Setting::Integer(v)) => v as f64,
        _ => f64::NAN,
    };
    if number > 0.0 && number < 1.0 {
        return Some(ThresholdBy::Number(number));
    }
    let names = ThresholdBy::NAMED.map(ThresholdBy::name).join(", ");
    let error =
        Error::recipe(format!("'{}.{key}'", s.path())).rule(format!("a probability above 0 and below 1 is wanted, or one of {names}"));
    s.fault(key, if number.is_nan() { error } else { error.got(number.to_string()) });
    None
}
