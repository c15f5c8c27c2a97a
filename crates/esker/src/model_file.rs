//! A model as a file: what it needs of new data, the final pipeline, and the folds its intervals come from.
//!
//! Layout: `ESKERMDL`, format version (u32), header length (u64), header (JSON), body length (u64), body
//! (postcard), SHA-256 of all before in hexadecimal. Integers are little-endian.

use std::path::Path;

use esker_core::record::{Record, Task};
use esker_core::{Error, Result, Schema, Settings};
use esker_evaluate::interval::Residuals;
use serde::{Deserialize, Serialize};

use crate::applicability::Area;
use crate::folds::FoldRun;
use crate::intervals;
use crate::pipeline::{Pipeline, SavedPipeline};
use crate::plan::Plan;
use crate::recipe::{Derived, PlacePart};

const MAGIC: &[u8; 8] = b"ESKERMDL";
/// Version of the layout and of every part's bytes.
pub const FORMAT: u32 = 2;
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
    /// The columns that placed its rows, with their CRS.
    #[serde(default)]
    pub place: Option<PlacePart>,
    /// Nominal level of its intervals.
    pub level: Option<f64>,
    /// Coverage measured on held-out rows.
    pub coverage: Option<f64>,
    /// The design it was judged by, in words.
    pub design: String,
    /// SHA-256 of the training data file.
    pub data_sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
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
        let with_intervals = record.intervals.is_some();
        let body = Body {
            pipeline: final_fit.to_saved(),
            folds: if with_intervals {
                folds.iter().filter_map(|f| f.pipeline.as_ref().map(Pipeline::to_saved)).collect()
            } else {
                Vec::new()
            },
            residuals: if with_intervals { Some(intervals::residuals(plan, folds)?) } else { None },
            area,
        };
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
            place: plan.recipe.roles.place.clone(),
            level: record.intervals.as_ref().map(|i| i.level),
            coverage: record.intervals.as_ref().map(|i| i.coverage),
            design: plan.designs[0].describe(),
            data_sha256: plan.data_sha256.clone(),
        };
        Self::of(header, &body)
    }

    /// A model that no folds of ours have judged.
    pub(crate) fn unjudged(header: Header, pipeline: &Pipeline) -> Result<Self> {
        Self::of(header, &Body { pipeline: pipeline.to_saved(), folds: Vec::new(), residuals: None, area: None })
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
    pub(crate) residuals: Option<Residuals>,
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
        let body: Body = if version == 1 {
            let FirstBody { pipeline, folds, residuals } = postcard::from_bytes(body).map_err(|e| strange(e.to_string()))?;
            Body { pipeline, folds, residuals, area: None }
        } else {
            postcard::from_bytes(body).map_err(|e| strange(e.to_string()))?
        };
        let pipeline = Pipeline::from_saved(&body.pipeline)?;
        let folds = body.folds.iter().map(Pipeline::from_saved).collect::<Result<Vec<_>>>()?;
        if let Some(residuals) = &body.residuals
            && residuals.folds().len() != folds.len()
        {
            return Err(strange(format!("{} folds of residuals for {} fold models", residuals.folds().len(), folds.len())));
        }
        Ok(Self { header, pipeline, folds, residuals: body.residuals, area: body.area })
    }
}

fn chunk(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    (length <= rest.len()).then(|| rest.split_at(length))
}
