//! A model as a file: what it needs of new data, the final pipeline, and the folds its intervals come from.
//!
//! Layout: `ESKERMDL`, format version (u32), header length (u64), header (JSON), body length (u64), body
//! (postcard), SHA-256 of all before in hexadecimal. Integers are little-endian.

use std::path::Path;

use esker_core::calibration::Adjustment;
use esker_core::record::{Record, Task};
use esker_core::{Error, Result, Schema, Settings};
use esker_evaluate::interval::Residuals;
use serde::{Deserialize, Serialize};

use crate::adjust;
use crate::applicability::Area;
use crate::folds::FoldRun;
use crate::intervals::{self, Kept};
use crate::pipeline::{Pipeline, SavedPipeline};
use crate::plan::Plan;
use crate::recipe::{Derived, PlacePart};

const MAGIC: &[u8; 8] = b"ESKERMDL";
/// Version of the layout and of every part's bytes.
pub const FORMAT: u32 = 3;
/// Length of the checksum, in hexadecimal digits.
const DIGEST: usize = 64;
/// A larger model file is refused unread.
const MOST_BYTES: u64 = 4 << 30;

/// What a person or a program may want to know of a model without loading it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of Esker that wrote it.
    pub esker: String,
    /// Title of its recipe.
    pub title: String,
    /// Name of the model in the recipe.
    pub model: String,
    /// Settings of the final fit.
    pub settings: Settings,
    /// What it predicts.
    pub task: Task,
    /// What it needs of new data.
    pub schema: Schema,
    /// Columns it computes where new data lack them.
    pub derive: Vec<Derived>,
    /// Cells that mean "missing".
    pub missing: Vec<String>,
    /// The group column, which some models use.
    pub group: Option<String>,
    /// The column of times, which some steps of preparation use.
    #[serde(default)]
    pub time: Option<String>,
    /// The columns that placed its rows, with their CRS.
    #[serde(default)]
    pub place: Option<PlacePart>,
    /// Nominal level of its intervals.
    pub level: Option<f64>,
    /// Coverage measured on held-out rows.
    pub coverage: Option<f64>,
    /// How its class probabilities are calibrated, and from which one on a class is said.
    #[serde(default)]
    pub adjustment: Option<Adjustment>,
    /// The design it was judged by, in words.
    pub design: String,
    /// SHA-256 of the training data file.
    pub data_sha256: String,
    /// Columns that steps of the recipe made.
    #[serde(default)]
    pub from_steps: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    pipeline: SavedPipeline,
    folds: Vec<SavedPipeline>,
    kept: Option<Kept>,
    area: Option<Area>,
}

/// The body in files of format 2, which knew intervals by CV+ alone.
#[derive(Serialize, Deserialize)]
struct SecondBody {
    pipeline: SavedPipeline,
    folds: Vec<SavedPipeline>,
    residuals: Option<Residuals>,
    area: Option<Area>,
}

/// The body in files of format 1, which knew no area of applicability.
#[derive(Serialize, Deserialize)]
struct FirstBody {
    pipeline: SavedPipeline,
    folds: Vec<SavedPipeline>,
    residuals: Option<Residuals>,
}

/// A model ready to be written.
pub struct SavedModel {
    /// What it is.
    pub header: Header,
    body: Vec<u8>,
}

impl SavedModel {
    pub(crate) fn new(
        plan: &Plan,
        (record, features): (&Record, &[String]),
        (final_fit, folds): (&Pipeline, &[FoldRun]),
        area: Option<Area>,
    ) -> Result<Self> {
        let features: Vec<_> = features.iter().map(|f| plan.data.samples.column(f)).collect::<Result<_>>()?;
        let kept = record.intervals.as_ref().map(|i| intervals::kept(plan, folds, i.level)).transpose()?;
        let with_folds = kept.as_ref().is_some_and(|k| k.folds().is_some());
        let saved = folds.iter().filter(|_| with_folds).filter_map(|f| f.pipeline.as_ref().map(Pipeline::to_saved));
        let body = Body { pipeline: final_fit.to_saved(), folds: saved.collect(), kept, area };
        let header = Header {
            esker: env!("CARGO_PKG_VERSION").to_owned(),
            title: record.title.clone(),
            model: record.chosen.model.clone(),
            settings: record.chosen.settings.clone(),
            task: record.task.clone(),
            schema: Schema::of(features),
            derive: plan.recipe.data.derive.clone(),
            missing: plan.recipe.data.missing.clone(),
            group: plan.recipe.roles.group.clone(),
            time: plan.recipe.roles.time.clone(),
            place: plan.recipe.roles.place.clone(),
            level: record.intervals.as_ref().map(|i| i.level),
            coverage: record.intervals.as_ref().map(|i| i.coverage),
            adjustment: adjust::of_model(record),
            design: plan.designs[0].describe(),
            data_sha256: plan.data_sha256.clone(),
            from_steps: plan.steps.iter().flat_map(|s| s.columns.iter().cloned()).collect(),
        };
        Self::of(header, &body)
    }

    /// A model that no folds of ours have judged.
    pub(crate) fn unjudged(header: Header, pipeline: &Pipeline) -> Result<Self> {
        Self::of(header, &Body { pipeline: pipeline.to_saved(), folds: Vec::new(), kept: None, area: None })
    }

    fn of(header: Header, body: &Body) -> Result<Self> {
        let body = postcard::to_stdvec(body).map_err(|e| Error::model("the model").got(e.to_string()).rule("it cannot be written"))?;
        Ok(Self { header, body })
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&self.header).expect("a header of finite numbers and texts always serialises");
        let mut bytes = Vec::with_capacity(header.len() + self.body.len() + 64);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&(self.body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&self.body);
        let digest = esker_io::sha256_hex(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        bytes
    }
}

/// A model read back, ready to predict.
pub struct LoadedModel {
    /// What it is.
    pub header: Header,
    pub(crate) pipeline: Pipeline,
    pub(crate) folds: Vec<Pipeline>,
    pub(crate) kept: Option<Kept>,
    pub(crate) area: Option<Area>,
}

impl LoadedModel {
    /// Whether a file on disk begins as a model does.
    pub fn is_one(path: &Path) -> bool {
        let mut start = [0; MAGIC.len()];
        std::fs::File::open(path).and_then(|mut f| std::io::Read::read_exact(&mut f, &mut start)).is_ok() && start == *MAGIC
    }

    /// What the model's own splits or coefficients say of each feature, as shares, with what they are shares of.
    pub fn importance(&self) -> (Vec<(String, f64)>, String) {
        crate::explain::internal(&self.pipeline)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// A file that is not a model, is truncated, was changed, or is from a newer version.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = esker_io::read_file(path, MOST_BYTES)?;
        Self::from_bytes(&path.display().to_string(), &bytes)
    }

    /// A model from the bytes of its file; `name` names it in messages.
    ///
    /// # Errors
    /// As [`LoadedModel::read`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        let bad = |got: &str, rule: &str| Error::model(format!("model file '{name}'")).got(got).rule(rule.to_owned());
        let again = "copy the file again, or run the recipe again";
        let truncated = || bad(&format!("{} bytes", bytes.len()), "it ends too early").hint(again);
        let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or_else(|| {
            bad("other content", "it is not a model written by esker").hint("models are written by esker run as model.esker")
        })?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
        let version = u32::from_le_bytes(*version);
        if version > FORMAT {
            return Err(bad(&format!("format {version}"), &format!("this esker reads up to format {FORMAT}"))
                .hint("it is from a newer version: update esker"));
        }
        let (header, rest) = chunk(rest).ok_or_else(truncated)?;
        let (body, rest) = chunk(rest).ok_or_else(truncated)?;
        if rest.len() < DIGEST {
            return Err(truncated());
        }
        if rest.len() > DIGEST || esker_io::sha256_hex(&bytes[..bytes.len() - DIGEST]).as_bytes() != rest {
            return Err(bad("content that does not match its checksum", "it was changed or damaged after it was written").hint(again));
        }
        // From here on the checksum holds; a stranger can still have written it.
        let strange = |e: String| bad(&e, "its content is not what this version writes").hint(again);
        let header: Header = serde_json::from_slice(header).map_err(|e| strange(e.to_string()))?;
        let body = body_of(version, body).map_err(|e| strange(e.to_string()))?;
        let pipeline = Pipeline::from_saved(&body.pipeline)?;
        let folds = body.folds.iter().map(Pipeline::from_saved).collect::<Result<Vec<_>>>()?;
        if let Some(of) = body.kept.as_ref().and_then(Kept::folds).filter(|of| *of != folds.len()) {
            return Err(strange(format!("{of} folds of residuals for {} fold models", folds.len())));
        }
        Ok(Self { header, pipeline, folds, kept: body.kept, area: body.area })
    }
}

/// The body of any version.
fn body_of(version: u32, bytes: &[u8]) -> postcard::Result<Body> {
    Ok(match version {
        1 => {
            let FirstBody { pipeline, folds, residuals } = postcard::from_bytes(bytes)?;
            Body { pipeline, folds, kept: residuals.map(Kept::Plus), area: None }
        }
        2 => {
            let SecondBody { pipeline, folds, residuals, area } = postcard::from_bytes(bytes)?;
            Body { pipeline, folds, kept: residuals.map(Kept::Plus), area }
        }
        _ => postcard::from_bytes(bytes)?,
    })
}

fn chunk(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    (length <= rest.len()).then(|| rest.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recipe;
    use esker_core::{Column, Context, Table};

    #[test]
    fn models_of_the_formats_before_say_what_they_said() {
        let text = "[data]\nsource = \"none\"\n[roles]\ntarget = \"y\"\n[validate]\ndesign = \"random\"\nfolds = 4\n[[model]]\nkind = \"linear\"\n[explain]\nimportance = false\n";
        let column = |name: &str, k: f64| Column::real(name, "m", (0..60).map(|i| (f64::from(i) * k).sin()).collect());
        let table = Table::new(vec![column("a", 0.7), column("y", 0.71)]).unwrap();
        let plan = Plan::new(Recipe::parse("r.toml", text).unwrap(), table.clone(), None).unwrap();
        let now = plan.run(&plan.context(1)).unwrap().model;
        let predicted = |bytes: &[u8]| {
            let model = LoadedModel::from_bytes("m", bytes).unwrap();
            let said = model.predict(table.clone(), &Context::new(1, 1)).unwrap().table;
            ["y_predicted", "y_low", "y_high"].map(|c| said.column(c).unwrap().reals().unwrap().to_vec())
        };
        let Body { pipeline, folds, kept: Some(Kept::Plus(residuals)), area } = postcard::from_bytes(&now.body).unwrap() else { panic!() };
        let first = FirstBody { pipeline: pipeline.clone(), folds: folds.clone(), residuals: Some(residuals.clone()) };
        let first = postcard::to_stdvec(&first).unwrap();
        let second = postcard::to_stdvec(&SecondBody { pipeline, folds, residuals: Some(residuals), area }).unwrap();
        for (format, body) in [(1u32, first), (2, second)] {
            let mut bytes = SavedModel { header: now.header.clone(), body }.to_bytes();
            bytes[8..12].copy_from_slice(&format.to_le_bytes());
            let end = bytes.len() - DIGEST;
            let digest = esker_io::sha256_hex(&bytes[..end]);
            bytes[end..].copy_from_slice(digest.as_bytes());
            assert_eq!(predicted(&bytes), predicted(&now.to_bytes()), "format {format}");
        }
    }
}
