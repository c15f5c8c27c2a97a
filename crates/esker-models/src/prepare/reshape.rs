//! Transform: logarithms, roots and fitted powers of features.

use esker_core::graph::Function;
use esker_core::{Error, FittedTransform, Graph, Parameter, Result, Samples, Settings, Transform, Unit, Values};
use serde::{Deserialize, Serialize};

use super::power::{Family, Power};
use super::wanted::Wanted;
use crate::store;

/// What it does.
pub const DOC: &str = "Numbers become their logarithm, `log1p` (of 1 + x), square root, or the power of Box and Cox (1964) or of Yeo and Johnson (2000) that makes the training \
     rows most like a normal distribution, by maximum likelihood between −5 and 5 (Box–Cox of values over their geometric mean; row weights do not count). Values that a method does not take are refused with their number.";

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![Parameter::choice("method", &Family::NAMES, "The function.")]
}

/// Reshapes numbers.
pub struct Reshape {
    columns: Wanted,
    family: Family,
}

impl Reshape {
    /// Of these columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, family: Family::parse(settings.text("method")).unwrap_or(Family::Log) }
    }
}

impl Transform for Reshape {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let one = |c: &&esker_core::Column| {
            let power = self.family.fit(&format!("column '{}'", c.name), c.reals()?, &c.unit.suffix())?;
            Ok((c.name.clone(), power))
        };
        let fields = self.columns.numbers(train, target)?.iter().map(one).collect::<Result<Vec<_>>>()?;
        Ok(Box::new(Reshaped { fields }))
    }
}

#[derive(Serialize, Deserialize)]
struct Reshaped {
    fields: Vec<(String, Power)>,
}

impl FittedTransform for Reshaped {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        for (name, power) in &self.fields {
            let column = samples.column(name)?;
            power.family().admit(&format!("column '{name}'"), column.reals()?, &column.unit.suffix())?;
            let reshape = |v: &f64| if v.is_nan() { *v } else { power.of(*v).clamp(f64::MIN, f64::MAX) };
            let values = column.reals()?.iter().map(reshape).collect();
            samples.put(esker_core::Column { name: name.clone(), unit: Unit::default(), values: Values::Real(values) })?;
        }
        Ok(samples)
    }

    fn describe(&self, graph: &mut Graph) -> Result<bool> {
        for (name, power) in &self.fields {
            if *power != Power::Log {
                return Err(Error::model(format!("preparation step 'transform' by {}", power.family().name()))
                    .rule("it cannot be written as ONNX")
                    .hint("method = \"log\" can be, and so can derived columns: [data.derive]"));
            }
            let of = graph.number(name)?;
            let log = graph.map(of, Function::Log);
            graph.put_number(name, log);
        }
        Ok(true)
    }

    fn learned(&self) -> Vec<(String, String)> {
        self.fields.iter().map(|(n, p)| (n.clone(), p.says())).collect()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A fitted step from the bytes it saved.
///
/// # Errors
/// Bytes that are no such step.
pub fn load(bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
    let fitted: Reshaped = store::load("transform step", bytes)?;
    if fitted.fields.iter().all(|(_, p)| p.sound()) { Ok(Box::new(fitted)) } else { Err(store::damaged("transform step")) }
}
