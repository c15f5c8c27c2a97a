//! Principal components, which the Earth sciences call EOFs: the few directions along which columns vary together.

use esker_core::graph::Operation;
use esker_core::{Column, Error, FittedTransform, Graph, Parameter, Result, Samples, Settings, Transform};
use esker_math::{Columns, gram, symmetric_eigen};
use serde::{Deserialize, Serialize};

use super::wanted::{Wanted, free, short};
use crate::store;

/// What it does.
pub const DOC: &str = "Columns are replaced by their scores on the principal components (EOFs) of the training rows that lack none of them: as many as `number` says, or as \
     `share` of their variance takes. The largest loading of each component is positive. Rows that lack a column have no scores.";

/// Columns at most: eigenvectors are found by rotations.
const MOST: usize = 500;

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("number", 0, 0, 500, "Components kept; 0 keeps as many as `share` takes."),
        Parameter::real("share", 0.9, 0.01, 1.0, "The share of the variance that the components kept have, at least."),
        Parameter::flag("scaled", true, "Whether columns come to standard deviation 1 first, so that their units do not matter."),
        Parameter {
            default: esker_core::Setting::Text("pc".to_owned()),
            ..Parameter::text("name", "The scores are named `pc 1`, `pc 2` and so on.")
        },
        Parameter::flag("keep", false, "Whether the columns stay beside their scores."),
    ]
}

/// Finds components.
pub struct Pca {
    columns: Wanted,
    settings: Settings,
}

impl Pca {
    /// Of these columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, settings: settings.clone() }
    }
}

impl Transform for Pca {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut columns = self.columns.numbers(train, target)?;
        // The order of the columns in a table changes nothing.
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        let p = columns.len();
        if p > MOST {
            return Err(Error::data("step 'pca'")
                .got(format!("{p} columns"))
                .rule(format!("at most {MOST} are taken"))
                .hint("name fewer: columns = [\"…\"]"));
        }
        let keep = self.settings.flag("keep");
        let name = self.settings.text("name").to_owned();
        let mut fitted = Components {
            names: Vec::new(),
            keep,
            name,
            mean: Vec::new(),
            sd: Vec::new(),
            vectors: Vec::new(),
            variance: Vec::new(),
            total: 0.0,
        };
        if p == 0 {
            return Ok(Box::new(fitted));
        }
        let values = columns.iter().map(|c| c.reals()).collect::<Result<Vec<_>>>()?;
        let rows: Vec<usize> = (0..train.rows()).filter(|&r| values.iter().all(|v| !v[r].is_nan())).collect();
        let n = rows.len();
        if n < 2 {
            return Err(Error::data("step 'pca'")
                .got(format!("{n} training rows that lack none of its {p} columns"))
                .rule("at least 2 are needed")
                .hint("put [[prepare]] step = \"impute\" before it"));
        }
        let mut x = Vec::with_capacity(n * p);
        for (column, v) in columns.iter().zip(&values) {
            let there: Vec<f64> = rows.iter().map(|&r| v[r]).collect();
            let mean = esker_math::mean(&there);
            let sd =
                if self.settings.flag("scaled") { (there.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64).sqrt() } else { 1.0 };
            let sd = if sd > 1e-14 * mean.abs() { sd } else { 1.0 };
            x.extend(there.iter().map(|v| (v - mean) / sd));
            fitted.names.push(column.name.clone());
            fitted.mean.push(mean);
            fitted.sd.push(sd);
        }
        let products: Vec<f64> = gram(Columns::new(&x, n, p)).iter().map(|v| v / (n - 1) as f64).collect();
        let (variance, vectors) = symmetric_eigen(&products, p)?;
        fitted.total = variance.iter().map(|v| v.max(0.0)).sum();
        let kept = self.kept(&variance, fitted.total, n);
        fitted.variance = variance[..kept].to_vec();
        fitted.vectors = vectors[..kept * p].to_vec();
        for k in 0..kept {
            free(train, &fitted.made(k), "the components", "a score")?;
        }
        Ok(Box::new(fitted))
    }
}

impl Pca {
    /// Components kept: no more than have any variance.
    fn kept(&self, variance: &[f64], total: f64, rows: usize) -> usize {
        let most = variance.iter().take(rows - 1).filter(|v| **v > 1e-12 * total).count();
        let number = self.settings.integer("number") as usize;
        if number > 0 {
            return number.min(most);
        }
        let mut sum = 0.0;
        let share = self.settings.real("share") * (1.0 - 1e-12);
        (1..=most)
            .find(|&k| {
                sum += variance[k - 1];
                sum >= share * total
            })
            .unwrap_or(most)
    }
}

#[derive(Serialize, Deserialize)]
struct Components {
    names: Vec<String>,
    keep: bool,
    name: String,
    mean: Vec<f64>,
    sd: Vec<f64>,
    /// Component by component, a loading a column.
    vectors: Vec<f64>,
    variance: Vec<f64>,
    total: f64,
}

impl Components {
    fn made(&self, k: usize) -> String {
        format!("{} {}", self.name, k + 1)
    }
}

impl FittedTransform for Components {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        let values = self.names.iter().map(|n| samples.column(n)?.reals()).collect::<Result<Vec<_>>>()?;
        let p = self.names.len();
        let score = |k: usize, r: usize| {
            let sum: f64 = (0..p).map(|j| self.vectors[k * p + j] * ((values[j][r] - self.mean[j]) / self.sd[j])).sum();
            sum.clamp(f64::MIN, f64::MAX)
        };
        let made = |k: usize| Column::real(self.made(k), "1", (0..samples.rows()).map(|r| score(k, r)).collect());
        let made: Vec<Column> = (0..self.variance.len()).map(made).collect();
        let stays = |c: &&Column| self.keep || !self.names.contains(&c.name);
        let columns = samples.columns().iter().filter(stays).cloned().chain(made).collect();
        samples.with_columns(columns)
    }

    fn describe(&self, graph: &mut Graph) -> Result<bool> {
        let p = self.names.len();
        let of = graph.numbers(&self.names)?;
        for k in 0..self.variance.len() {
            let weights: Vec<f64> = (0..p).map(|j| self.vectors[k * p + j] / self.sd[j]).collect();
            let constant = -weights.iter().zip(&self.mean).map(|(w, m)| w * m).sum::<f64>();
            let made = graph.add(Operation::Dense { of, weights, constants: vec![constant] });
            graph.put_number(&self.made(k), made);
        }
        if !self.keep {
            self.names.iter().for_each(|n| graph.remove(n));
        }
        Ok(true)
    }

    fn learned(&self) -> Vec<(String, String)> {
        let p = self.names.len();
        let one = |k: usize| {
            let most = (0..p).fold(0, |m, j| if self.vectors[k * p + j].abs() > self.vectors[k * p + m].abs() { j } else { m });
            let share = 100.0 * self.variance[k] / self.total;
            (self.made(k), format!("{} % of the variance of {p} columns, most of it of {}", short(share), self.names[most]))
        };
        if self.variance.is_empty() && p > 0 {
            let stay = if self.keep { "" } else { ", and were left out" };
            return vec![(self.name.clone(), format!("none: {p} columns do not vary among the training rows{stay}"))];
        }
        (0..self.variance.len()).map(one).collect()
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
    let f: Components = store::load("pca step", bytes)?;
    let p = f.names.len();
    let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
    let sound = f.mean.len() == p
        && f.sd.len() == p
        && f.vectors.len() == p * f.variance.len()
        && [&f.mean, &f.sd, &f.vectors, &f.variance].iter().all(|v| finite(v))
        && f.sd.iter().all(|s| *s > 0.0)
        // Components are of some columns, and each has variance.
        && f.variance.len() <= p
        && f.variance.iter().all(|v| *v > 0.0)
        && f.total.is_finite();
    if sound { Ok(Box::new(f)) } else { Err(store::damaged("pca step")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Support;

    fn bytes(names: &[&str], vectors: &[f64], variance: &[f64], total: f64) -> Vec<u8> {
        let n = names.len();
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        let (vectors, variance) = (vectors.to_vec(), variance.to_vec());
        store::save(&Components { names, keep: false, name: "pc".into(), mean: vec![0.0; n], sd: vec![1.0; n], vectors, variance, total })
    }

    #[test]
    fn a_file_with_components_of_nothing_is_refused() {
        for (bytes, why) in [
            (bytes(&[], &[], &[1.0], 1.0), "components of no columns"),
            (bytes(&["a"], &[1.0], &[1.0], f64::NAN), "a total that is no number"),
            (bytes(&["a"], &[1.0], &[-1.0], 1.0), "a variance below zero"),
            (bytes(&["a"], &[1.0, 1.0], &[1.0, 1.0], 2.0), "more components than columns"),
        ] {
            let error = load(&bytes).err().unwrap_or_else(|| panic!("{why}"));
            assert!(error.to_string().contains("pca step"), "{why}: {error}");
        }
        assert_eq!(load(&bytes(&["a"], &[1.0], &[1.0], 1.0)).unwrap().learned().len(), 1);
    }

    /// What fitting writes is read, columns without variance too.
    #[test]
    fn columns_that_do_not_vary_have_no_scores_and_that_is_told() {
        let columns = vec![Column::real("a", "", vec![3.0; 4]), Column::real("b", "", vec![2.0; 4]), Column::real("y", "", vec![0.0; 4])];
        let train = Samples::new(columns, Support::bare(4), None).unwrap();
        let fitted = Pca::new(Wanted::default(), &Settings::defaults(&parameters())).fit(&train, "y").unwrap();
        let again = load(&fitted.save()).unwrap();
        let names: Vec<String> = again.apply(train).unwrap().columns().iter().map(|c| c.name.clone()).collect();
        assert_eq!(names, ["y"]);
        assert_eq!(
            again.learned(),
            [("pc".to_owned(), "none: 2 columns do not vary among the training rows, and were left out".to_owned())]
        );
    }
}
