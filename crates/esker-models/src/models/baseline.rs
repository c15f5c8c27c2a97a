//! Baselines: the mean of the target, of all rows or of each group. A model that does not beat them has learned nothing.

use std::collections::BTreeMap;

use esker_core::graph::{Graph, Operation, Value};
use esker_core::{Context, Error, Estimator, Inside, Model, Needs, Note, Prediction, Result, Samples, Targets, Unit};
use serde::{Deserialize, Serialize};

use super::training::{Classes, Target, carrying_weight};
use crate::store;

/// What `mean` does.
pub const DOC_MEAN: &str = "The weighted mean of the target, or the weighted share of each class, for every row.";
/// What `group-mean` does.
pub const DOC_GROUP_MEAN: &str = "The weighted mean of the target, or the weighted share of each class, of the row's group; \
     the overall mean where the group was not in the training rows.";

/// Predicts the overall mean.
pub struct Mean;

impl Estimator for Mean {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: false, numeric: false, scaled: false, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, _cx: &Context) -> Result<Box<dyn Model>> {
        let (train, weight) = carrying_weight(train)?;
        let (values, answer) = indicators(&train, target)?;
        let rows: Vec<usize> = (0..train.rows()).collect();
        let overall = values.iter().map(|v| average(v, &weight, &rows)).collect();
        Ok(Box::new(Baseline { answer, overall, groups: None, notes: Vec::new() }))
    }
}

/// Predicts the mean of the group.
pub struct GroupMean;

impl Estimator for GroupMean {
    fn needs(&self) -> Needs {
        Needs { group: true, ..Mean.needs() }
    }

    fn fit(&self, train: &Samples, target: &str, _cx: &Context) -> Result<Box<dyn Model>> {
        let (train, weight) = carrying_weight(train)?;
        let Some(codes) = &train.support().group else {
            return Err(Error::data("samples")
                .got("no group")
                .rule("'group-mean' needs to know which samples belong together")
                .hint("name a group in [roles]"));
        };
        let (values, answer) = indicators(&train, target)?;
        let rows: Vec<usize> = (0..train.rows()).collect();
        let overall = values.iter().map(|v| average(v, &weight, &rows)).collect();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); codes.levels().len()];
        for row in rows {
            if let Some(group) = members.get_mut(codes.codes()[row] as usize) {
                group.push(row);
            }
        }
        let groups: BTreeMap<String, Vec<f64>> = codes
            .levels()
            .iter()
            .zip(&members)
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(name, rows)| (name.clone(), values.iter().map(|v| average(v, &weight, rows)).collect()))
            .collect();
        Ok(Box::new(Baseline { answer, overall, groups: Some(groups), notes: Vec::new() }))
    }
}

/// The numbers to average: the target itself, or for each class present 1 where the row is of it.
fn indicators(train: &Samples, target: &str) -> Result<(Vec<Vec<f64>>, Answer)> {
    Ok(match Target::of(train, target)? {
        Target::Real(y, unit) => (vec![y], Answer::Real(unit)),
        Target::Class(places, classes) => {
            let of = |k: usize| places.iter().map(|&p| f64::from(p as usize == k)).collect();
            ((0..classes.count()).map(of).collect(), Answer::Class(classes))
        }
    })
}

fn average(values: &[f64], weight: &[f64], rows: &[usize]) -> f64 {
    let pick = |v: &[f64]| rows.iter().map(|&r| v[r]).collect::<Vec<_>>();
    esker_math::weighted_mean(&pick(values), &pick(weight))
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Real(Unit),
    Class(Classes),
}

#[derive(Serialize, Deserialize)]
struct Baseline {
    answer: Answer,
    /// One number, or one share a class present.
    overall: Vec<f64>,
    groups: Option<BTreeMap<String, Vec<f64>>>,
    notes: Vec<Note>,
}

impl Model for Baseline {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let labels = at.support().group.as_ref();
        let mut out = Vec::with_capacity(at.rows() * self.overall.len());
        for row in 0..at.rows() {
            let group = self.groups.as_ref().and_then(|g| g.get(labels?.label(row)?));
            out.extend_from_slice(group.unwrap_or(&self.overall));
        }
        Ok(match &self.answer {
            Answer::Real(unit) => Prediction::real(unit, out),
            Answer::Class(classes) => classes.prediction(&out),
        })
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        Ok(match &self.answer {
            _ if self.groups.is_some() => None,
            Answer::Real(_) => Some(graph.add(Operation::Constant(self.overall.clone()))),
            Answer::Class(classes) => Some(classes.describe_constant(graph, &self.overall)),
        })
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A baseline from the bytes it saved.
///
/// # Errors
/// Bytes that are no baseline.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let model: Baseline = store::load("baseline", bytes)?;
    let (outputs, sound) = match &model.answer {
        Answer::Real(_) => (1, true),
        Answer::Class(classes) => (classes.count(), classes.sound()),
    };
    let fits = |v: &Vec<f64>| v.len() == outputs && v.iter().all(|x| x.is_finite());
    if !sound || !fits(&model.overall) || !model.groups.iter().flat_map(BTreeMap::values).all(fits) {
        return Err(store::damaged("baseline"));
    }
    Ok(Box::new(model))
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Codes, Column, Support};

    fn samples(target: Column, group: &[Option<&str>], weight: Option<Vec<f64>>) -> Samples {
        let support = Support { group: Some(Codes::from_labels(group)), ..Support::bare(group.len()) };
        Samples::new(vec![target], support, weight).unwrap()
    }

    #[test]
    fn groups_have_their_own_mean_and_strangers_the_overall_one() {
        let group = [Some("a"), Some("a"), Some("b"), None];
        let train = samples(Column::real("y", "m", vec![1.0, 3.0, 10.0, 6.0]), &group, Some(vec![1.0, 3.0, 1.0, 1.0]));
        let model = GroupMean.fit(&train, "y", &Context::new(1, 1)).unwrap();
        let at = samples(Column::real("y", "m", vec![0.0; 4]), &[Some("b"), Some("a"), Some("new"), None], None);
        let overall = 26.0 / 6.0;
        assert_eq!(model.predict(&at).unwrap().centre().unwrap(), [10.0, 2.5, overall, overall]);
        let bare = Samples::new(vec![], Support::bare(2), None).unwrap();
        assert_eq!(model.predict(&bare).unwrap().centre().unwrap(), [overall; 2]);
        let mean = Mean.fit(&train, "y", &Context::new(1, 1)).unwrap();
        assert_eq!(mean.predict(&bare).unwrap().centre().unwrap(), [overall; 2]);
    }

    #[test]
    fn classes_come_back_as_shares_of_all_levels() {
        let codes = Codes::new(vec![2, 0, 2, 2], vec!["ice".into(), "lake".into(), "moss".into()]).unwrap();
        let train = samples(Column::class("y", codes), &[Some("a"), Some("a"), Some("b"), Some("b")], None);
        let model = GroupMean.fit(&train, "y", &Context::new(1, 1)).unwrap();
        let Prediction::Class { levels, probability, .. } = model.predict(&train.select(&[0, 3])).unwrap() else { panic!() };
        assert_eq!(levels, ["ice", "lake", "moss"]);
        assert_eq!(probability, [0.5, 0.0, 0.5, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn without_groups_it_says_what_is_needed() {
        let train = Samples::new(vec![Column::real("y", "m", vec![1.0])], Support::bare(1), None).unwrap();
        insta::assert_snapshot!(GroupMean.fit(&train, "y", &Context::new(1, 1)).err().unwrap(), @r"
        samples: got no group; 'group-mean' needs to know which samples belong together
          hint: name a group in [roles]
        ");
    }
}
