//! Features as coordinates: classes spread over their levels, standardised by the training rows, multiplied by their weights.

use std::ops::Range;

use esker_core::{Column, Error, Result, Values};
use esker_math::{mean, variance};
use serde::{Deserialize, Serialize};

/// How columns become coordinates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scale {
    features: Vec<Feature>,
    /// The coordinates, heaviest first, so that far rows are seen to be far early. Those of weight 0 are none.
    coordinates: Vec<Coordinate>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Feature {
    name: String,
    weight: f64,
    /// Levels that training rows have, for classes.
    levels: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Coordinate {
    feature: usize,
    /// The level that is 1, of classes.
    level: usize,
    mean: f64,
    sd: f64,
    weight: f64,
}

impl Scale {
    /// The scale of the training rows, and those of them without a missing feature.
    pub fn fit(columns: &[&Column], weights: &[f64]) -> Result<(Self, Vec<usize>)> {
        let weights = check_weights(columns, weights)?;
        let complete: Vec<usize> = (0..columns[0].len()).filter(|&row| columns.iter().all(|c| !c.values.is_missing(row))).collect();
        if complete.len() < 2 {
            return Err(Error::data("training rows without a missing feature")
                .got(complete.len().to_string())
                .rule("at least 2 are needed to say how far apart they are"));
        }
        let mut scale = Self { features: Vec::new(), coordinates: Vec::new() };
        for (feature, (column, weight)) in columns.iter().zip(weights).enumerate() {
            scale.add(feature, column, weight, &complete)?;
        }
        scale.coordinates.retain(|c| c.weight > 0.0);
        // Stable: of equal weights the first feature stays first.
        scale.coordinates.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        Ok((scale, complete))
    }

    fn add(&mut self, feature: usize, column: &Column, weight: f64, complete: &[usize]) -> Result<()> {
        let mut put = |level: usize, mut values: Vec<f64>| {
            // Summed in the order of size, so that the order of rows changes no bit.
            values.sort_unstable_by(f64::total_cmp);
            let (mean, sd) = (mean(&values), variance(&values).sqrt());
            if !(sd > 0.0 && sd.is_finite() && mean.is_finite()) || values.first() == values.last() {
                return Err(Error::data(format!("feature '{}'", column.name))
                    .got("one value in all complete training rows")
                    .rule("a constant feature has no scale, so nothing can be said of how far others are from it")
                    .hint("leave it out of the features"));
            }
            self.coordinates.push(Coordinate { feature, level, mean, sd, weight });
            Ok(())
        };
        let mut levels = None;
        match &column.values {
            Values::Real(v) => put(0, complete.iter().map(|&r| v[r]).collect())?,
            Values::Class(codes) => {
                let counts = codes.select(complete).counts();
                let seen: Vec<usize> = (0..counts.len()).filter(|&k| counts[k] > 0).collect();
                for (level, &k) in seen.iter().enumerate() {
                    put(level, complete.iter().map(|&r| f64::from(u8::from(codes.codes()[r] as usize == k))).collect())?;
                }
                levels = Some(seen.iter().map(|&k| codes.levels()[k].clone()).collect());
            }
        }
        self.features.push(Feature { name: column.name.clone(), weight, levels });
        Ok(())
    }

    /// Coordinates of a row.
    pub fn dimensions(&self) -> usize {
        self.coordinates.len()
    }

    pub fn weights(&self) -> impl Iterator<Item = (&str, f64)> {
        self.features.iter().map(|f| (f.name.as_str(), f.weight))
    }

    /// The features among columns.
    pub fn find<'a>(&self, columns: &'a [Column]) -> Result<Vec<&'a Column>> {
        let mut found: Vec<&Column> = Vec::with_capacity(self.features.len());
        for feature in &self.features {
            let column = columns.iter().find(|c| c.name == feature.name).ok_or_else(|| {
                Error::data(format!("column '{}'", feature.name)).rule("the area of applicability needs every feature of the model")
            })?;
            if feature.levels.is_some() {
                column.classes().map(|_| ())?
            } else {
                column.reals().map(|_| ())?
            }
            if let Some(first) = found.first().filter(|first| first.len() != column.len()) {
                return Err(Error::data(format!("column '{}'", column.name)).got(format!("{} rows", column.len())).rule(format!(
                    "column '{}' has {}",
                    first.name,
                    first.len()
                )));
            }
            found.push(column);
        }
        Ok(found)
    }

    /// The complete rows as points.
    pub fn apply_complete(&self, columns: &[&Column], complete: &[usize]) -> Result<Vec<f64>> {
        let mut points = vec![0.0; complete.len() * self.dimensions()];
        self.fill(columns, complete.iter().copied(), &mut points);
        if let Some(at) = points.iter().position(|v| !v.is_finite()) {
            let (row, c) = (complete[at / self.dimensions()] + 1, &self.coordinates[at % self.dimensions()]);
            return Err(Error::data(format!("feature '{}' row {row}", self.features[c.feature].name)).got("a value that is not finite"));
        }
        Ok(points)
    }

    /// Those of the rows that lack nothing as points, and which rows they are.
    pub fn apply(&self, columns: &[&Column], rows: Range<usize>) -> (Vec<f64>, Vec<bool>) {
        let lacks = |row: usize, c: &Column| match &c.values {
            Values::Real(v) => !v[row].is_finite(),
            Values::Class(_) => c.values.is_missing(row),
        };
        let complete: Vec<bool> = rows.clone().map(|row| !columns.iter().any(|c| lacks(row, c))).collect();
        let which = rows.zip(&complete).filter(|(_, c)| **c).map(|(row, _)| row);
        let mut points = vec![0.0; complete.iter().filter(|c| **c).count() * self.dimensions()];
        self.fill(columns, which, &mut points);
        (points, complete)
    }

    fn fill(&self, columns: &[&Column], rows: impl Iterator<Item = usize> + Clone, points: &mut [f64]) {
        let d = self.dimensions();
        for (j, c) in self.coordinates.iter().enumerate() {
            let put = |(point, value): (&mut f64, f64)| *point = (value - c.mean) / c.sd * c.weight;
            let points = points.iter_mut().skip(j).step_by(d);
            match &columns[c.feature].values {
                Values::Real(v) => points.zip(rows.clone().map(|row| v[row])).for_each(put),
                Values::Class(codes) => {
                    // Levels may stand in another order than in training.
                    let name = self.features[c.feature].levels.as_ref().map(|l| &l[c.level]);
                    let code = codes.levels().iter().position(|l| Some(l) == name);
                    let one = |row: usize| f64::from(u8::from(Some(codes.codes()[row] as usize) == code));
                    points.zip(rows.clone().map(one)).for_each(put);
                }
            }
        }
    }

    /// Whether what was read from a file can be.
    pub fn check(&self) -> Result<()> {
        let sound = |c: &Coordinate| {
            let levels = self.features.get(c.feature).map(|f| f.levels.as_ref().map_or(1, Vec::len));
            levels.is_some_and(|n| c.level < n) && c.mean.is_finite() && c.sd > 0.0 && c.weight > 0.0 && c.weight.is_finite()
        };
        if self.coordinates.is_empty() || !self.coordinates.iter().all(sound) {
            return Err(Error::model("area of applicability").rule("every coordinate is of a feature, with a scale and a weight above 0"));
        }
        Ok(())
    }
}

/// Which of some columns can tell rows apart: those with two values or more among the rows that lack none of the columns (but for columns
/// that are missing everywhere, which are not asked).
pub fn usable(columns: &[&Column]) -> Vec<usize> {
    let asked: Vec<usize> = (0..columns.len()).filter(|&i| columns[i].values.missing() < columns[i].len()).collect();
    let rows = columns.first().map_or(0, |c| c.len());
    let complete: Vec<usize> = (0..rows).filter(|&row| asked.iter().all(|&i| !columns[i].values.is_missing(row))).collect();
    let varies = |i: &usize| match &columns[*i].values {
        Values::Real(v) => complete.iter().any(|&r| v[r] != v[complete[0]]),
        Values::Class(c) => complete.iter().any(|&r| c.codes()[r] != c.codes()[complete[0]]),
    };
    asked.into_iter().filter(varies).collect()
}

/// Weights with those below 0 set to 0.
fn check_weights(columns: &[&Column], weights: &[f64]) -> Result<Vec<f64>> {
    if columns.is_empty() || columns.len() != weights.len() {
        return Err(Error::data("weights of features")
            .got(format!("{} for {} features", weights.len(), columns.len()))
            .rule("one a feature, and at least one"));
    }
    if let Some(column) = columns.iter().find(|c| c.len() != columns[0].len()) {
        return Err(Error::data(format!("feature '{}'", column.name)).got(format!("{} rows", column.len())).rule(format!(
            "feature '{}' has {}",
            columns[0].name,
            columns[0].len()
        )));
    }
    if let Some(at) = weights.iter().position(|w| !w.is_finite()) {
        return Err(Error::data(format!("weight of feature '{}'", columns[at].name))
            .got(weights[at].to_string())
            .rule("weights are finite"));
    }
    let weights: Vec<f64> = weights.iter().map(|w| w.max(0.0)).collect();
    if weights.iter().all(|w| *w == 0.0) {
        return Err(Error::data("weights of features")
            .got("none above 0")
            .rule("at least one feature must matter to the model")
            .hint("give equal weights where the importance says nothing"));
    }
    Ok(weights)
}
