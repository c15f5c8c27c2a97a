//! Which laws hold for an estimator, how closely, and why the others cannot.

/// How a law is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// It holds up to this difference: a share of the target's standard deviation, or of a probability.
    Within(f64),
    /// It cannot hold, for this reason. The suite fails once it does hold, so that a reason never outlives its cause.
    Broken(&'static str),
}

/// The laws of an estimator that depend on how it works. All others hold for every estimator, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Laws {
    /// The order of training rows does not matter.
    pub row_order: Law,
    /// A row of weight 2 counts as much as the row twice.
    pub doubled_weight: Law,
}

impl Laws {
    /// Both laws hold up to rounding (1e-9).
    pub const EXACT: Self = Self::within(1e-9);

    /// Both laws hold up to `tolerance`.
    pub const fn within(tolerance: f64) -> Self {
        Self { row_order: Law::Within(tolerance), doubled_weight: Law::Within(tolerance) }
    }

    /// For estimators that draw rows at random: another order of rows is another draw.
    pub const fn sampling() -> Self {
        let reason = "rows are drawn by their position, so another order or number of rows is another draw";
        Self { row_order: Law::Broken(reason), doubled_weight: Law::Broken(reason) }
    }
}

/// Judges one law from the difference found on each data set, and complains about a reason that no longer holds.
pub(crate) fn judge(name: &str, law: Law, what: &str, differences: &[(String, f64)]) {
    match law {
        Law::Within(tolerance) => {
            for (on, difference) in differences {
                assert!(
                    *difference <= tolerance,
                    "{name} on {on}: {what}; the predictions differ by {difference:e}, allowed is {tolerance:e}"
                );
            }
        }
        Law::Broken(reason) => {
            let holds = !differences.is_empty() && differences.iter().all(|(_, d)| *d <= 1e-9);
            assert!(!holds, "{name}: {what} is said to be impossible ({reason}), yet it holds: ask for it with Law::Within");
        }
    }
}
