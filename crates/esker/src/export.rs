//! A fitted model in a form that other programs run: preparation and model as one ONNX graph over the columns of the table.

use esker_core::graph::{Graph, Value};
use esker_core::record::Task;
use esker_core::{Error, FieldKind, Note, Result};
use esker_io::ModelCard;

use crate::model_file::LoadedModel;

/// A model as the bytes of an ONNX file.
pub struct Exported {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The columns it takes, in order.
    pub inputs: Vec<String>,
    /// What it answers with.
    pub outputs: Vec<String>,
    /// What stays behind.
    pub notes: Vec<Note>,
}

impl LoadedModel {
    /// The model as ONNX.
    ///
    /// # Errors
    /// A model or a preparation that no graph of operations describes.
    pub fn to_onnx(&self) -> Result<Exported> {
        let mut graph = Graph::of(&self.header.schema);
        let answer = self.pipeline.describe_all(&mut graph)?;
        let card = self.card();
        let columns = match &self.header.task {
            Task::Regression { .. } => 1,
            Task::Classification { levels, .. } => levels.len(),
        };
        if graph.width(answer) != columns {
            return Err(Error::model("the model").rule("its task and its answers are of one kind"));
        }
        let bytes = esker_io::onnx_bytes(&graph, answer, &card)?;
        let target = self.header.task.target();
        let outputs = ["predicted", "probability"].iter().take(1 + usize::from(!card.classes.is_empty()));
        Ok(Exported {
            bytes,
            inputs: self.header.schema.fields.iter().map(|f| f.name.clone()).collect(),
            outputs: outputs.map(|o| format!("{target}_{o}")).collect(),
            notes: self.left_behind(),
        })
    }

    fn left_behind(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        if self.kept.is_some() {
            notes.push(Note::warning("no-intervals", "the intervals stay behind: the ONNX model says the centre alone".to_owned()));
        }
        let derived: Vec<&str> =
            self.header.derive.iter().map(|d| d.name.as_str()).filter(|n| self.header.schema.fields.iter().any(|f| f.name == *n)).collect();
        if !derived.is_empty() {
            notes.push(Note::warning(
                "derived-columns",
                format!("derived columns are inputs of the ONNX model, to be computed before: {}", derived.join(", ")),
            ));
        }
        notes
    }

    fn card(&self) -> ModelCard {
        let header = &self.header;
        let json = |v: serde_json::Value| v.to_string();
        let features = header.schema.fields.iter().map(|f| match &f.kind {
            FieldKind::Real { min, max } => serde_json::json!({ "name": f.name, "unit": f.unit.as_str(), "min": min, "max": max }),
            FieldKind::Class { levels } => serde_json::json!({ "name": f.name, "levels": levels }),
        });
        let (unit, classes, names) = match &header.task {
            Task::Regression { unit, .. } => (unit.as_str().to_owned(), Vec::new(), Vec::new()),
            Task::Classification { levels, names, .. } => (String::new(), levels.clone(), names.clone()),
        };
        let mut properties = vec![
            ("esker.version".to_owned(), header.esker.clone()),
            ("esker.model".to_owned(), header.model.clone()),
            ("esker.target".to_owned(), header.task.target().to_owned()),
            ("esker.unit".to_owned(), unit.clone()),
            ("esker.features".to_owned(), json(features.collect())),
            ("esker.design".to_owned(), header.design.clone()),
            ("esker.data_sha256".to_owned(), header.data_sha256.clone()),
        ];
        if !classes.is_empty() {
            properties.push(("esker.classes".to_owned(), json(classes.clone().into())));
            properties.push(("esker.class_names".to_owned(), json(names.into())));
        }
        for derived in &header.derive {
            properties.push((format!("esker.derive.{}", derived.name), json(serde_json::json!(derived))));
        }
        properties.retain(|p| !p.1.is_empty());
        ModelCard {
            name: header.model.clone(),
            words: header.title.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            target: header.task.target().to_owned(),
            unit,
            classes,
            units: header.schema.fields.iter().map(|f| (f.name.clone(), f.unit.as_str().to_owned())).collect(),
            properties,
        }
    }
}

impl crate::pipeline::Pipeline {
    /// Preparation and model as operations.
    ///
    /// # Errors
    /// One of them cannot be described so.
    pub(crate) fn describe_all(&self, graph: &mut Graph) -> Result<Value> {
        let refused = |what: String| {
            Err(Error::model(what)
                .rule("it cannot be written as ONNX")
                .hint("export another model of the run: mean, linear, ridge, elastic-net, logistic, forest, boosting and mlp can be"))
        };
        for (name, step) in self.steps() {
            if !step.describe(graph)? {
                return refused(format!("preparation step '{}'", name.trim_end_matches(" asked")));
            }
        }
        match self.model().describe(graph)? {
            Some(answer) => Ok(answer),
            None => refused(format!("a model of kind '{}'", self.kind())),
        }
    }
}
