//! A pipeline: preparation fitted on training rows, then a model. To everyone else it is one model.

use esker_core::{
    Context, Contributions, Estimator, FittedTransform, Inside, Interactions, Model, Needs, Note, Prediction, Result, Samples, Settings,
    Targets, Values, shuffled_one_by_one,
};
use esker_models::{Adjust, Adjusted, Kind, Step, calibrate, load_model};
use serde::{Deserialize, Serialize};

use crate::stack;

/// The steps an estimator needs, in their order.
pub(crate) fn steps(needs: Needs, train: &Samples, target: &str) -> Vec<Step> {
    let classes = train.features(target).any(|c| matches!(c.values, Values::Class(_)));
    let mut steps = Vec::new();
    if needs.complete {
        steps.push(Step::Impute);
    }
    if needs.numeric && classes {
        steps.push(Step::Encode);
    }
    if needs.scaled {
        steps.push(Step::Standardise);
    }
    steps
}

/// Whether an estimator takes this kind of target.
pub(crate) fn takes(needs: Needs, class: bool) -> bool {
    match needs.target {
        Targets::Either => true,
        Targets::Real => !class,
        Targets::Class => class,
    }
}

/// Fitted preparation.
pub(crate) struct Preparation {
    steps: Vec<(Step, Box<dyn FittedTransform>)>,
}

impl Preparation {
    /// Fits the steps on the training rows, one after the other, and returns the rows prepared.
    pub fn fit(steps: &[Step], train: Samples, target: &str) -> Result<(Self, Samples)> {
        let mut fitted = Vec::with_capacity(steps.len());
        let mut samples = train;
        for step in steps {
            let transform = step.transform().fit(&samples, target)?;
            samples = transform.apply(samples)?;
            fitted.push((*step, transform));
        }
        Ok((Self { steps: fitted }, samples))
    }

    pub fn apply(&self, samples: Samples) -> Result<Samples> {
        self.steps.iter().try_fold(samples, |s, (_, t)| t.apply(s))
    }

    fn notes(&self) -> Vec<Note> {
        self.steps.iter().flat_map(|(_, t)| t.notes()).collect()
    }
}

/// Preparation and model, fitted on the same rows.
pub(crate) struct Pipeline {
    preparation: Preparation,
    kind: String,
    model: Box<dyn Model>,
}

/// A pipeline as bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedPipeline {
    steps: Vec<(String, Vec<u8>)>,
    kind: String,
    model: Vec<u8>,
}

impl SavedPipeline {
    /// Whether its model is of that kind.
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }
}

impl Pipeline {
    /// A model without preparation, of the kind named.
    pub fn bare(kind: &str, model: Box<dyn Model>) -> Self {
        Self { preparation: Preparation { steps: Vec::new() }, kind: kind.to_owned(), model }
    }

    pub fn fit(kind: Kind, settings: &Settings, train: Samples, target: &str, cx: &Context) -> Result<Self> {
        let estimator = kind.estimator(settings);
        let steps = steps(estimator.needs(), &train, target);
        let (preparation, prepared) = Preparation::fit(&steps, train, target)?;
        let model = estimator.fit(&prepared, target, cx)?;
        Ok(Self { preparation, kind: kind.name().to_owned(), model })
    }

    /// The same, its probabilities adjusted.
    pub fn adjusted(self, adjust: Adjust) -> Self {
        let model = Adjusted::new(&self.kind, self.model, adjust);
        Self { kind: calibrate::NAME.to_owned(), model: Box::new(model), ..self }
    }

    /// The steps of the preparation, by name.
    pub fn steps(&self) -> impl Iterator<Item = (&'static str, &dyn FittedTransform)> {
        self.preparation.steps.iter().map(|(step, fitted)| (step.name(), fitted.as_ref()))
    }

    /// The model behind the preparation.
    pub fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// What the model is.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub fn to_saved(&self) -> SavedPipeline {
        SavedPipeline {
            steps: self.preparation.steps.iter().map(|(s, t)| (s.name().to_owned(), t.save())).collect(),
            kind: self.kind.clone(),
            model: self.model.save(),
        }
    }

    pub fn from_saved(saved: &SavedPipeline) -> Result<Self> {
        let mut steps = Vec::with_capacity(saved.steps.len());
        for (name, bytes) in &saved.steps {
            let step = Step::parse(name)?;
            steps.push((step, step.load(bytes)?));
        }
        let model = if saved.is(stack::NAME) { stack::load(&saved.model)? } else { load_model(&saved.kind, &saved.model)? };
        Ok(Self { preparation: Preparation { steps }, kind: saved.kind.clone(), model })
    }
}

impl Model for Pipeline {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        if self.preparation.steps.is_empty() {
            return self.model.predict(at);
        }
        self.model.predict(&self.preparation.apply(at.clone())?)
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        if self.preparation.steps.is_empty() {
            return self.model.predict_shuffled(at, order, sets);
        }
        shuffled_one_by_one(self, at, order, sets)
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        self.model.contributions(&self.preparation.apply(at.clone())?)
    }

    fn contributions_against(&self, at: &Samples, background: &Samples) -> Result<Option<Contributions>> {
        self.model.contributions_against(&self.preparation.apply(at.clone())?, &self.preparation.apply(background.clone())?)
    }

    fn interactions(&self, at: &Samples) -> Result<Option<Interactions>> {
        self.model.interactions(&self.preparation.apply(at.clone())?)
    }

    fn proximities(&self, at: &Samples, others: &Samples) -> Result<Option<Vec<f64>>> {
        self.model.proximities(&self.preparation.apply(at.clone())?, &self.preparation.apply(others.clone())?)
    }

    fn inside(&self) -> Inside {
        self.model.inside()
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.preparation.notes();
        notes.extend(self.model.notes());
        notes
    }

    fn save(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.to_saved()).expect("plain data always serialise")
    }
}

/// The estimator of a kind, asked what it needs.
pub(crate) fn needs(kind: Kind, settings: &Settings) -> Needs {
    let estimator: Box<dyn Estimator> = kind.estimator(settings);
    estimator.needs()
}
