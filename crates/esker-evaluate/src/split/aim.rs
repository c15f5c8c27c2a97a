//! What a design may know beside the support: where and when predictions are wanted, and what the ground is like.

use esker_core::Support;

/// The use that a model is meant for. Designs that imitate it (nearest-neighbour distance matching) and designs that cut feature space
/// need it; the others do not look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aim {
    /// Where and when predictions are wanted.
    pub wanted: Option<Support>,
    /// The features of the samples and of what is wanted.
    pub features: Option<Features>,
}

/// Complete numbers, row after row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// Their names, in the order of a row.
    pub names: Vec<String>,
    /// Rows of the samples × features.
    pub samples: Vec<f64>,
    /// Rows of what is wanted × features; empty where they are not known.
    pub wanted: Vec<f64>,
}

impl Aim {
    /// The same use for some of the samples.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let features = self.features.as_ref().map(|f| Features {
            names: f.names.clone(),
            samples: rows.iter().flat_map(|&r| &f.samples[r * f.names.len()..(r + 1) * f.names.len()]).copied().collect(),
            wanted: f.wanted.clone(),
        });
        Self { wanted: self.wanted.clone(), features }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selecting_samples_keeps_what_is_wanted() {
        let features =
            Features { names: vec!["a".into(), "b".into()], samples: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], wanted: vec![7.0, 8.0] };
        let aim = Aim { wanted: Some(Support::bare(1)), features: Some(features) };
        let some = aim.select(&[2, 0]);
        assert_eq!(some.features.as_ref().unwrap().samples, [5.0, 6.0, 1.0, 2.0]);
        assert_eq!((some.wanted.clone(), some.features.unwrap().wanted), (aim.wanted, vec![7.0, 8.0]));
    }
}
