//! Ordinal: classes become their place in an order.

use esker_core::{Column, Error, FittedTransform, Graph, MISSING, Result, Samples, Transform, Values};
use serde::{Deserialize, Serialize};

use super::impute::known_classes;
use super::wanted::Wanted;
use crate::store;

/// Numbers classes.
pub struct Ordinal {
    /// The columns.
    pub columns: Wanted,
    /// The order; that of the levels if empty.
    pub order: Vec<String>,
}

impl Transform for Ordinal {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut fields = Vec::new();
        for column in self.columns.classes(train, target)? {
            let levels = column.classes()?.levels();
            if !self.order.is_empty()
                && let Some(out) = levels.iter().find(|l| !self.order.contains(l))
            {
                return Err(Error::recipe("'order' of step 'encode'")
                    .got(format!("no place for class '{out}' of column '{}'", column.name))
                    .rule("every class has its place")
                    .hint("name the columns that have these classes: columns = [\"…\"]"));
            }
            let order = if self.order.is_empty() { levels.to_vec() } else { self.order.clone() };
            fields.push((column.name.clone(), order));
        }
        Ok(Box::new(Ordered { fields }))
    }
}

#[derive(Serialize, Deserialize)]
struct Ordered {
    fields: Vec<(String, Vec<String>)>,
}

impl FittedTransform for Ordered {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        for (name, order) in &self.fields {
            let codes = known_classes(samples.column(name)?, order)?;
            let number = |c: &u32| if *c == MISSING { f64::NAN } else { f64::from(*c) };
            let values = codes.codes().iter().map(number).collect();
            samples.put(Column { values: Values::Real(values), ..Column::real(name.clone(), "1", Vec::new()) })?;
        }
        Ok(samples)
    }

    fn describe(&self, graph: &mut Graph) -> Result<bool> {
        for (name, order) in &self.fields {
            let column = graph.classes(name)?;
            let place =
                |k: u32| column.levels.get(k as usize).and_then(|l| order.iter().position(|o| o == l)).map_or(f64::NAN, |p| p as f64);
            let made = graph.lookup(&column, place, f64::NAN);
            graph.remove(name);
            graph.put_number(name, made);
        }
        Ok(true)
    }

    fn learned(&self) -> Vec<(String, String)> {
        let one = |(name, order): &(String, Vec<String>)| {
            let some: Vec<String> = order.iter().take(8).enumerate().map(|(k, l)| format!("{l} = {k}")).collect();
            (name.clone(), some.join(", ") + if order.len() > 8 { ", …" } else { "" })
        };
        self.fields.iter().map(one).collect()
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
    Ok(Box::new(store::load::<Ordered>("ordinal step", bytes)?))
}

#[cfg(test)]
mod tests {
    use super::super::{Prepare, Wanted};
    use esker_core::{Codes, Column, Samples, Setting, Settings, Support};

    #[test]
    fn classes_may_have_commas_in_their_names() {
        let soil = [Some("silt"), Some("clay, sandy"), Some("so-called \"till\", loose")];
        let y = Column::real("y", "", vec![0.0; 3]);
        let train = Samples::new(vec![Column::class("soil", Codes::from_labels(&soil)), y], Support::bare(3), None).unwrap();
        let p = Prepare::Encode.parameters();
        let order = "\"clay, sandy\", silt, \"so-called \"\"till\"\", loose\"";
        let s = Settings::defaults(&p).set(&p, "method", Setting::Text("ordinal".into())).unwrap();
        let s = s.set(&p, "order", Setting::Text(order.into())).unwrap();
        let made = Prepare::Encode.transform(Wanted::default(), &s).fit_apply(train, "y").unwrap().1;
        assert_eq!(made.column("soil").unwrap().reals().unwrap(), [1.0, 0.0, 2.0]);
    }
}
