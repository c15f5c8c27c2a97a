//! `[[prepare]]`: steps fitted on training rows alone, in order, and `transform` of the target in `[roles]`.

use std::sync::Arc;

use esker_core::{Error, Estimator, Parameter, Rule, Setting, Settings};
use esker_models::back::OfTransformed;
use esker_models::prepare::power::Family;
use esker_models::prepare::quoted;
use esker_models::{Kind, Prepare, Wanted};

use super::ModelPart;
use super::read::unknown;
use super::section::Section;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparePart {
    /// Kind from the catalog.
    pub kind: Prepare,
    /// Names and globs of its columns; all that it fits if empty.
    pub columns: Vec<String>,
    /// Its settings.
    pub settings: Settings,
    /// Where it stands in the recipe.
    pub path: String,
}

impl PreparePart {
    /// The step, not yet fitted.
    pub(crate) fn transform(&self) -> Box<dyn esker_core::Transform> {
        self.kind.transform(Wanted(self.columns.clone()), &self.settings)
    }

    /// What it is, for the methods paragraph: `lag of prcp (by = rows, lags = 1, 2)`.
    pub(crate) fn says(&self) -> String {
        let of = if self.columns.is_empty() { String::new() } else { format!(" of {}", self.columns.join(", ")) };
        let settings: Vec<String> = self.shown().iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let with = if settings.is_empty() { String::new() } else { format!(" ({})", settings.join("; ")) };
        format!("{}{of}{with}", self.kind.name())
    }

    /// The settings that tell it: words that choose, and what is not as by default.
    pub(crate) fn shown(&self) -> Settings {
        let tells = |p: &Parameter| {
            matches!(p.rule, Rule::Choice(_))
                || p.rule == Rule::Text && p.default != Setting::Text(String::new())
                || self.settings.get(p.name) != Some(&p.default)
        };
        let some: Vec<Parameter> = self.kind.parameters().into_iter().filter(tells).collect();
        let set = |all: Settings, p: &Parameter| match self.settings.get(p.name) {
            Some(value) => all.clone().set(&some, p.name, value.clone()).unwrap_or(all),
            None => all,
        };
        some.iter().fold(Settings::defaults(&some), set)
    }
}

/// What every model of a recipe is prepared with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preparing {
    /// The steps, in order.
    pub steps: Vec<PreparePart>,
    /// How the target is learned.
    pub target: Option<Family>,
}

impl Preparing {
    /// Whether a step makes features where there are none: of the time, or of earlier values of the target.
    pub(crate) fn needs_no_feature(&self, target: &str) -> bool {
        self.looks_at_target(target) || self.steps.iter().any(|s| s.kind == Prepare::Harmonics)
    }

    /// Whether a step makes features of earlier values of the target.
    pub(crate) fn looks_at_target(&self, target: &str) -> bool {
        self.steps.iter().any(|s| s.kind.may_see_target() && s.columns.iter().any(|c| c == target))
    }
}

impl ModelPart {
    /// A model that is neither tuned nor prepared beyond its needs.
    pub(crate) fn bare(kind: Kind, settings: Settings) -> Self {
        let (tune, select, adjust) = (None, None, super::AdjustPart::default());
        Self { name: kind.name().to_owned(), kind, settings, tune, select, adjust, prepare: Arc::default() }
    }

    /// Its estimator with these settings, which learns the target as the recipe says.
    pub(crate) fn estimator(&self, settings: &Settings) -> Box<dyn Estimator> {
        let inner = self.kind.estimator(settings);
        match self.prepare.target {
            Some(family) => Box::new(OfTransformed::new(self.kind, inner, family)),
            None => inner,
        }
    }
}

/// Reads the steps.
pub(super) fn read(root: &Section<'_>) -> Vec<PreparePart> {
    let mut steps = Vec::new();
    for s in root.tables("prepare") {
        let Some(name) = s.required("step", "name the step, e.g. step = \"impute\"") else { continue };
        let Some(kind) = Prepare::parse(&name) else {
            s.fault("step", unknown("step", &name, &Prepare::ALL.map(Prepare::name)));
            continue;
        };
        let parameters = kind.parameters();
        let settings = settings(&s, &parameters);
        let columns = if kind.takes_columns() { s.words("columns", "names of columns are wanted") } else { Vec::new() };
        steps.push(PreparePart { kind, columns, settings, path: s.path().to_owned() });
        s.finish();
    }
    steps
}

/// As [`Section::settings`], where texts may be written as lists.
fn settings(s: &Section<'_>, parameters: &[Parameter]) -> Settings {
    let (lists, single): (Vec<Parameter>, Vec<Parameter>) = parameters.iter().cloned().partition(|p| p.rule == Rule::Text);
    let given = s.settings(&single);
    let mut all = Settings::defaults(parameters);
    let set = |all: Settings, name: &str, value: Setting| all.clone().set(parameters, name, value).unwrap_or(all);
    for (name, value) in given.iter() {
        all = set(all, name, value.clone());
    }
    for p in lists.iter().filter(|p| s.has(p.name)) {
        let words = s.words(p.name, "text, a number or a list of them is wanted");
        // What stands in a list by itself stays so, whatever commas it holds.
        let words: Vec<String> = if s.has_list(p.name) { words.iter().map(|w| quoted(w)).collect() } else { words };
        all = set(all, p.name, Setting::Text(words.join(", ")));
    }
    // Known, whether they are there or not.
    lists.iter().filter(|p| !s.has(p.name)).for_each(|p| s.skip(p.name));
    all
}

/// Reads `transform` of the target.
pub(super) fn target(t: &Section<'_>) -> Option<Family> {
    let name = t.text("transform")?;
    let found = Family::parse(&name);
    if found.is_none() {
        t.fault("transform", unknown("transform of the target", &name, &Family::NAMES));
    }
    found
}

/// Gives every model the preparation of the recipe.
pub(super) fn give(models: &mut [ModelPart], steps: Vec<PreparePart>, target: Option<Family>) {
    let all = Arc::new(Preparing { steps, target });
    models.iter_mut().for_each(|m| m.prepare = Arc::clone(&all));
}

/// The keys of `[[prepare]]` that every step has, for errors of data that name no key of their own.
pub(crate) fn place_of(part: &PreparePart, error: &Error) -> String {
    let named = |p: &Parameter| error.thing.starts_with(&format!("'{}'", p.name));
    match part.kind.parameters().iter().find(|p| named(p)) {
        Some(p) => format!("{}.{}", part.path, p.name),
        None if error.thing.starts_with("column") => format!("{}.columns", part.path),
        None => format!("{}.step", part.path),
    }
}
