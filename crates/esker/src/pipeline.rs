//! A pipeline: preparation fitted on training rows, then a model. To everyone else it is one model.

use esker_core::{
    Context, Contributions, Estimator, FittedTransform, Inside, Interactions, Model, Needs, Note, Prediction, Result, Samples, Settings,
    Targets, Values, shuffled_one_by_one,
};
use esker_models::prepare::catalog;
use esker_models::{Adjust, Adjusted, Kind, Step, back, calibrate, load_model};
use serde::{Deserialize, Serialize};

use crate::recipe::ModelPart;
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

/// Fitted preparation: steps with the names that model files know them by.
pub(crate) struct Preparation {
    steps: Vec<(String, Box<dyn FittedTransform>)>,
}

impl Preparation {
    /// Fits on the training rows the steps that the recipe asks for, then those that the model with these settings still needs, and returns the
    /// rows prepared.
    pub fn fit(part: &ModelPart, settings: &Settings, train: Samples, target: &str) -> Result<(Self, Samples)> {
        let mut fitted = Vec::new();
        let mut samples = train;
        for asked in &part.prepare.steps {
            let (transform, made) = asked.transform().fit_apply(samples, target)?;
            samples = made;
            fitted.push((asked.kind.stored(&asked.settings), transform));
        }
        for step in steps(needs(part.kind, settings), &samples, target) {
            let (transform, made) = step.transform().fit_apply(samples, target)?;
            samples = made;
            fitted.push((step.name().to_owned(), transform));
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

    pub fn fit(part: &ModelPart, settings: &Settings, train: Samples, target: &str, cx: &Context) -> Result<Self> {
        let (preparation, prepared) = Preparation::fit(part, settings, train, target)?;
        let model = part.estimator(settings).fit(&prepared, target, cx)?;
        let kind = if part.prepare.target.is_some() { back::NAME } else { part.kind.name() };
        Ok(Self { preparation, kind: kind.to_owned(), model })
    }

    /// What it says of some rows of those given; steps that look around see them all.
    pub fn predict_some(&self, at: &Samples, rows: &[usize]) -> Result<Prediction> {
        if self.looks_around() {
            return self.model.predict(&self.preparation.apply(at.clone())?.select(rows));
        }
        self.predict(&at.select(rows))
    }

    /// The same, its probabilities adjusted.
    pub fn adjusted(self, adjust: Adjust) -> Self {
        let model = Adjusted::new(&self.kind, self.model, adjust);
        Self { kind: calibrate::NAME.to_owned(), model: Box::new(model), ..self }
    }

    /// The steps of the preparation, by name.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &dyn FittedTransform)> {
        self.preparation.steps.iter().map(|(step, fitted)| (step.as_str(), fitted.as_ref()))
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
            steps: self.preparation.steps.iter().map(|(s, t)| (s.clone(), t.save())).collect(),
            kind: self.kind.clone(),
            model: self.model.save(),
        }
    }

    pub fn from_saved(saved: &SavedPipeline) -> Result<Self> {
        let mut steps = Vec::with_capacity(saved.steps.len());
        for (name, bytes) in &saved.steps {
            let fitted = match catalog::load(name, bytes) {
                Some(asked) => asked?,
                None => Step::parse(name)?.load(bytes)?,
            };
            steps.push((name.clone(), fitted));
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

    fn wants_time(&self) -> bool {
        self.steps().any(|(_, step)| step.wants_time()) || self.model.wants_time()
    }

    fn looks_around(&self) -> bool {
        self.steps().any(|(_, step)| step.looks_around()) || self.model.looks_around()
    }

    fn prepared(&self) -> Vec<Vec<(String, String)>> {
        let own: Vec<_> = self.steps().map(|(_, step)| step.learned()).collect();
        if own.is_empty() { self.model.prepared() } else { own }
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
