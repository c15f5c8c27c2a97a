//! The recipe's preparation: checked against the data before any work, and told in the record.

use esker_core::preparation::{PreparedColumn, PreparedStep};
use esker_core::{Error, Fault, Model as _, Samples, Settings};
use esker_models::back;

use crate::dataset::Dataset;
use crate::findings::Findings;
use crate::pipeline::{Pipeline, needs, steps};
use crate::recipe::{ModelPart, PreparePart, Preparing, Recipe, matches, place_of};

/// Prepares all rows, so that what a step cannot do is known before any fold is cut, and gives back the columns made, without rows.
pub(crate) fn check(recipe: &Recipe, data: &Dataset, findings: &mut Findings) -> Samples {
    let nothing = Preparing::default();
    let preparing = recipe.models.first().map_or(&nothing, |m| &*m.prepare);
    let target = data.target.as_str();
    if let Some(family) = preparing.target
        && let Err(e) = data.samples.column(target).and_then(|c| back::admit(family, c))
    {
        findings.push(recipe.place("roles.target.transform"), e);
    }
    let mut samples = data.samples.clone();
    for part in &preparing.steps {
        let made =
            named(part, &samples, target).and_then(|()| part.transform().fit_apply(samples.clone(), target)).and_then(|(_, made)| {
                empty(part, &samples, &made)?;
                let left = made.features(target).next().is_some();
                if left { Ok(made) } else { Err(Error::recipe(format!("step '{}'", part.kind.name())).rule("it leaves no features")) }
            });
        match made {
            Ok(made) => samples = made,
            Err(e) => {
                findings.push(recipe.place(&place_of(part, &e)), Error { fault: Fault::Recipe, ..e });
                // What later steps would be given is not known.
                break;
            }
        }
    }
    samples.select(&[])
}

/// Refuses names and globs that are of no column.
fn named(part: &PreparePart, samples: &Samples, target: &str) -> Result<(), Error> {
    for name in &part.columns {
        if name == target {
            if part.kind.may_see_target() {
                continue;
            }
            return Err(Error::recipe(format!("column '{name}' of step '{}'", part.kind.name()))
                .got("the target")
                .rule("features are prepared here")
                .hint("the target is transformed by [roles] target = { column = \"…\", transform = \"log\" }"));
        }
        if !samples.features(target).any(|c| matches(name, &c.name)) {
            let mut names: Vec<&str> = samples.features(target).map(|c| c.name.as_str()).collect();
            let near = crate::recipe::nearest(name, &names).map(str::to_owned);
            let more = if names.len() > 12 { ", …" } else { "" };
            names.truncate(12);
            let error = Error::recipe(format!("column '{name}' of step '{}'", part.kind.name())).rule("no feature has that name here");
            return Err(match near {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("the features here are {}{more}", names.join(", "))),
            });
        }
    }
    Ok(())
}

/// Refuses a step that makes a column without any value.
fn empty(part: &PreparePart, before: &Samples, made: &Samples) -> Result<(), Error> {
    let new = |name: &str| before.columns().iter().all(|c| c.name != name);
    let Some(column) = made.columns().iter().find(|c| new(&c.name) && c.values.missing() == c.len()) else { return Ok(()) };
    let longest = before.support().group.as_ref().map_or(before.rows(), |g| g.counts().into_iter().max().unwrap_or(0));
    Err(Error::recipe(format!("step '{}'", part.kind.name()))
        .got(format!("column '{}' without a value in any row", column.name))
        .rule(format!("a lag or window is shorter than the longest series, of {longest} rows"))
        .hint("shorten it, or remove it"))
}

/// How features are prepared for a model, step by step, in words.
pub(crate) fn words(part: &ModelPart, prepared: &Samples, target: &str) -> Vec<String> {
    let asked = part.prepare.steps.iter().map(PreparePart::says);
    let needed = steps(needs(part.kind, &part.settings), prepared, target);
    asked.chain(needed.iter().map(|s| s.doc().to_owned())).collect()
}

/// What the recipe's steps learned for the final model.
pub(crate) fn told(recipe: &Recipe, fitted: &Pipeline) -> Vec<PreparedStep> {
    let Some(preparing) = recipe.models.first().map(|m| &m.prepare) else { return Vec::new() };
    let columns = |learned: Vec<(String, String)>| learned.into_iter().map(|(column, says)| PreparedColumn { column, says }).collect();
    let one = |(asked, learned): (&PreparePart, Vec<(String, String)>)| PreparedStep {
        step: asked.kind.name().to_owned(),
        settings: asked.shown(),
        columns: asked.columns.clone(),
        learned: columns(learned),
    };
    let mut all: Vec<PreparedStep> = preparing.steps.iter().zip(fitted.prepared()).map(one).collect();
    if preparing.target.is_some() {
        let target = || recipe.roles.target.clone();
        let learned = fitted.notes().into_iter().filter(|n| n.code == back::NOTE).map(|n| (target(), n.text)).collect();
        all.push(PreparedStep {
            step: "target".to_owned(),
            settings: Settings::defaults(&[]),
            columns: Vec::new(),
            learned: columns(learned),
        });
    }
    all
}
