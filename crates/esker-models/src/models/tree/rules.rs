//! What a scientist knows of a model before it is fitted: in which direction it follows a feature, and which features may act together.

use std::borrow::Cow;

use esker_core::{Error, Result};

/// Directions and groups of features, by their place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rules {
    /// 1 rising, -1 falling, 0 free; empty where all are free.
    directions: Vec<i8>,
    /// For each group, whether it has each feature; empty where all may act together.
    groups: Vec<Vec<bool>>,
}

impl Rules {
    /// Rules from their texts: `rising` and `falling` are names of features with commas between, `together` is groups of such lists with
    /// semicolons between. `names` are the features, `class` says which hold classes.
    ///
    /// # Errors
    /// An unknown feature, one that is to rise and to fall, or a direction for classes.
    pub(super) fn new(rising: &str, falling: &str, together: &str, names: &[&str], class: &[bool]) -> Result<Self> {
        let mut directions = vec![0; if rising.is_empty() && falling.is_empty() { 0 } else { names.len() }];
        for (key, text, direction) in [("rising", rising, 1), ("falling", falling, -1)] {
            for feature in places(key, text, names)? {
                let fail = |rule: &str| Err(Error::recipe(format!("'{key}'")).got(format!("'{}'", names[feature])).rule(rule.to_owned()));
                if directions[feature] == -direction {
                    return fail("a feature either rises or falls");
                }
                if class[feature] {
                    return fail("classes have no order: only features of numbers have a direction");
                }
                directions[feature] = direction;
            }
        }
        let mut groups = Vec::new();
        for text in together.split(';').filter(|t| !t.trim().is_empty()) {
            let mut group = vec![false; names.len()];
            places("together", text, names)?.into_iter().for_each(|f| group[f] = true);
            groups.push(group);
        }
        // A feature in no group acts alone.
        if !groups.is_empty() {
            for feature in 0..names.len() {
                if groups.iter().all(|g| !g[feature]) {
                    let mut alone = vec![false; names.len()];
                    alone[feature] = true;
                    groups.push(alone);
                }
            }
        }
        Ok(Self { directions, groups })
    }

    /// Whether features are kept from acting together.
    pub(super) fn interact(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Whether any feature has a direction.
    pub(super) fn any_direction(&self) -> bool {
        !self.directions.is_empty()
    }

    /// The direction of a feature.
    pub(super) fn direction(&self, feature: usize) -> i8 {
        self.directions.get(feature).copied().unwrap_or(0)
    }

    /// The features among `wanted` that may follow those of a path: those of the groups that have all of the path.
    pub(super) fn allowed<'w>(&self, path: &[usize], wanted: &'w [bool]) -> Cow<'w, [bool]> {
        if self.groups.is_empty() {
            return Cow::Borrowed(wanted);
        }
        let open: Vec<&Vec<bool>> = self.groups.iter().filter(|g| path.iter().all(|&f| g[f])).collect();
        Cow::Owned(wanted.iter().enumerate().map(|(f, &w)| w && open.iter().any(|g| g[f])).collect())
    }
}

/// The places of the features named in a list with commas.
fn places(key: &str, text: &str, names: &[&str]) -> Result<Vec<usize>> {
    let names_of = text.split(',').map(str::trim).filter(|n| !n.is_empty());
    names_of
        .map(|name| {
            names.iter().position(|n| *n == name).ok_or_else(|| {
                Error::recipe(format!("'{key}'"))
                    .got(format!("'{name}'"))
                    .rule("no such feature")
                    .hint(format!("the features are {}", names.join(", ")))
            })
        })
        .collect()
}
