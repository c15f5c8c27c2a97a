//! What a training part decides before the fit: which features, then which settings, then what becomes of probabilities.

use esker_core::feature_selection::SelectionPath;
use esker_core::record::Tuning;
use esker_core::{Context, Result, Samples, Support};
use esker_evaluate::split::Aim;

use crate::adjust::{self, Decided};
use crate::feature_selection::{chosen_features, select, with_features};
use crate::plan::Plan;
use crate::recipe::ModelPart;
use crate::tune::{Clock, Inner, Keeper, Place, tune};

/// A training part under a design.
pub(crate) struct LearnFrom<'a> {
    pub train: Samples,
    pub support: &'a Support,
    pub aim: &'a Aim,
    /// Its name in the record.
    pub part: &'a str,
    /// Its name among all work of the run.
    pub name: &'a str,
}

/// What was decided.
pub(crate) struct Learned {
    /// The rows with the features to fit.
    pub train: Samples,
    pub selection: Option<SelectionPath>,
    pub tuning: Option<Tuning>,
    pub decided: Option<Decided>,
}

impl Plan {
    /// Selects features, tunes settings, calibrates and cuts as the model of the recipe says, without looking beyond the training part.
    pub(crate) fn learn(
        &self,
        part: &ModelPart,
        from: LearnFrom<'_>,
        inner: &Inner<'_>,
        (clock, keeper): (&Clock, &Keeper),
        cx: &Context,
    ) -> Result<Learned> {
        let LearnFrom { mut train, support, aim, part: told, name } = from;
        let target = self.data.target.as_str();
        let mut selection = None;
        if let Some(how) = &part.select {
            let path = select((part, how), (&train, target), (support, aim), inner, (name, keeper), cx)?;
            train = with_features(&train, target, &chosen_features(how, &path, &self.data.features))?;
            selection = Some(SelectionPath { part: told.to_owned(), ..path });
        }
        let mut tuning = None;
        if let Some(how) = &part.tune {
            let place = Place { name, deadline: clock.deadline() };
            let found = tune((part, how), (&train, target), (support, aim), inner, (&place, keeper), cx)?;
            tuning = Some(Tuning { part: told.to_owned(), ..found });
        }
        let settings = tuning.as_ref().map_or(&part.settings, |t| &t.chosen);
        let decided = adjust::learn(self, (part, settings), (&train, (support, aim)), inner, cx)?;
        Ok(Learned { train, selection, tuning, decided })
    }
}
