//! `[intervals]` of a recipe: the level, the method, and the method's settings.

use esker_core::Error;
use esker_evaluate::interval::Near;

use super::read::unknown;
use super::section::Section;

/// How prediction intervals are made. All use the folds of the primary design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IntervalMethod {
    /// CV+ (Barber et al. 2021); jackknife+ where every fold tests one row.
    CvPlus,
    /// CV+ that is refused where a fold tests more than one row.
    JackknifePlus,
    /// CV-minmax of the same paper.
    MinMax,
    /// Conformalised quantile regression (Romano et al. 2019).
    Quantiles,
    /// Residuals of rows nearby.
    Spatial(Near),
    /// Residuals of the times before, adapted by what was missed.
    Sequence {
        /// Times before whose residuals count.
        window: usize,
        /// How far the share to be missed moves after each round.
        rate: f64,
        /// When what was observed becomes known.
        update: Update,
    },
}

/// When the observations of a series become known to the intervals of what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// When the fold that tests them is over.
    Fold,
    /// Time by time.
    Time,
}

/// Nearest rows of the spatial method.
const NEIGHBOURS: i64 = 100;
/// Times of the sequence method.
const WINDOW: i64 = 500;
const RATE: f64 = 0.05;

impl IntervalMethod {
    /// The words of `method`.
    const NAMES: [&'static str; 6] = ["cv+", "jackknife+", "minmax", "cqr", "spatial", "sequence"];
}

/// The keys of `[intervals]`, for the reference.
pub(crate) const INTERVAL_KEYS: [(&str, &str); 8] = [
    ("on", "Whether intervals are made; true."),
    ("level", "The share of new rows that an interval is to hold, 0.5 to 0.999; 0.9."),
    (
        "method",
        "`cv+` (Barber et al. 2021), the default: fold models and their held-out residuals; with folds of one row it is jackknife+. `jackknife+`: the same, refused where a \
         fold tests more than one row. `minmax` (same paper): from the lowest to the highest fold model, wider, with a guarantee at the full level. `cqr` (Romano et al. 2019): \
         the model's own quantiles (`spread = \"quantiles\"`), widened until they hold. `spatial` (Mao et al. 2024): residuals of rows nearby. `sequence` (EnbPI, Xu and Xie 2021, \
         and ACI, Gibbs and Candès 2021): residuals of the times before, adapted by what was missed, for designs that learn from the past alone.",
    ),
    ("neighbours", "Of `spatial`: how many nearest rows speak for a place; 100."),
    ("bandwidth", "Of `spatial`, instead of neighbours: kilometres over which weights of all rows fall as exp(−½ (d/bandwidth)²)."),
    ("window", "Of `sequence`: times before whose residuals count; 500."),
    ("rate", "Of `sequence`: how far the share to be missed moves after each round, 0 to 1; 0.05. 0 is EnbPI alone."),
    (
        "update",
        "Of `sequence`: `fold`, the default: what a fold tests becomes known when the fold is over, as when a whole stretch of the future is predicted at once; `time`: each time is known \
         before the next is predicted.",
    ),
];

/// Reads the level, `None` where intervals are off, and the method.
pub(super) fn read(root: &Section<'_>) -> (Option<f64>, IntervalMethod) {
    let Some(s) = root.table("intervals") else { return (Some(0.9), IntervalMethod::CvPlus) };
    let on = s.flag("on", true);
    let level = s.real("level", 0.9, 0.5, 0.999);
    let name = s.text("method").unwrap_or_else(|| "cv+".to_owned());
    let neighbours = s.integer("neighbours", NEIGHBOURS, 1, 1_000_000) as usize;
    let bandwidth = s.real("bandwidth", 0.0, 1e-6, 20_000.0);
    let window = s.integer("window", WINDOW, 1, 10_000_000) as usize;
    let rate = s.real("rate", RATE, 0.0, 1.0);
    let update = s.text("update").unwrap_or_else(|| "fold".to_owned());
    let method = match name.as_str() {
        "cv+" => IntervalMethod::CvPlus,
        "jackknife+" => IntervalMethod::JackknifePlus,
        "minmax" => IntervalMethod::MinMax,
        "cqr" => IntervalMethod::Quantiles,
        "spatial" => IntervalMethod::Spatial(if s.has("bandwidth") { Near::Bandwidth(1000.0 * bandwidth) } else { Near::Rows(neighbours) }),
        "sequence" => {
            if !["fold", "time"].contains(&update.as_str()) {
                s.fault("update", unknown("update of intervals", &update, &["fold", "time"]));
            }
            IntervalMethod::Sequence { window, rate, update: if update == "time" { Update::Time } else { Update::Fold } }
        }
        _ => {
            s.fault("method", unknown("method of intervals", &name, &IntervalMethod::NAMES));
            IntervalMethod::CvPlus
        }
    };
    if s.has("bandwidth") && s.has("neighbours") {
        s.fault("neighbours", Error::recipe("'intervals.neighbours'").rule("either neighbours or a bandwidth is given, not both"));
    }
    for (key, of) in
        [("neighbours", "spatial"), ("bandwidth", "spatial"), ("window", "sequence"), ("rate", "sequence"), ("update", "sequence")]
    {
        if s.has(key) && name != of && IntervalMethod::NAMES.contains(&name.as_str()) {
            let error = Error::recipe(format!("'intervals.{key}'")).got(format!("method = \"{name}\""));
            s.fault(key, error.rule(format!("it is a setting of method = \"{of}\"")));
        }
    }
    s.finish();
    (on.then_some(level), method)
}
