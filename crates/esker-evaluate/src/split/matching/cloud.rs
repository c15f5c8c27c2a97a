//! Samples and wanted predictions as points ready for searches.

use esker_core::{Error, Places, Result, Support};
use esker_math::{Columns, EARTH_RADIUS, Ground, KdTree, Sides, gram, mean, symmetric_eigen, variance};
use rayon::prelude::*;

use super::super::{Aim, Features};
use super::{FeatureDistance, Space};

/// Wanted points that one task looks up.
const TASK: usize = 4096;

/// Points of samples, in an order that depends on where they are and not on their rows, and points of what is wanted.
pub(super) struct Cloud {
    /// The row of each sample.
    pub(super) order: Vec<usize>,
    /// Points of the samples.
    pub(super) samples: Vec<f64>,
    /// Points of what is wanted.
    pub(super) wanted: Vec<f64>,
    /// Coordinates of a point.
    pub(super) dimensions: usize,
    /// The coordinates of the samples whose first principal component orders clusters.
    pub(super) axes: Vec<f64>,
    reading: Reading,
}

/// How sums of sides become distances.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    /// The root of squares.
    Straight,
    /// Great circles in metres from chords of the unit sphere.
    Arc,
    /// The sum of absolute values itself.
    Absolute,
}

impl Cloud {
    /// The points of a support and of what is wanted; `by` names who asks.
    pub(super) fn new(by: &str, space: Space, at: &Support, aim: &Aim) -> Result<Self> {
        let cloud = match space {
            Space::Place => places(by, at, aim),
            Space::PlaceTime { metres_per_day } => places_in_time(by, metres_per_day, at, aim),
            Space::Features(distance) => features(by, distance, at, aim),
        }?;
        if cloud.distinct() < 2 {
            return Err(Error::data(format!("samples for {by}"))
                .got(format!("{} at one point {}", super::super::count(at.rows, "row"), space.words()))
                .rule("distances among the samples are matched, so they need two points at least")
                .hint("use design 'random', or check the coordinates"));
        }
        Ok(cloud)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn is_arc(&self) -> bool {
        self.reading == Reading::Arc
    }

    pub(super) fn is_straight(&self) -> bool {
        self.reading == Reading::Straight
    }

    pub(super) fn point(&self, i: usize) -> &[f64] {
        &self.samples[i * self.dimensions..(i + 1) * self.dimensions]
    }

    /// Points that differ; equal ones follow one another.
    pub(super) fn distinct(&self) -> usize {
        self.len().min(1) + (1..self.len()).filter(|&i| self.point(i) != self.point(i - 1)).count()
    }

    pub(super) fn tree(&self) -> Result<KdTree> {
        KdTree::new(&self.samples, self.dimensions)
    }

    pub(super) fn sides(&self) -> Sides {
        if self.reading == Reading::Absolute { Sides::Absolute } else { Sides::Squares }
    }

    /// The distance of a sum of sides.
    pub(super) fn read(&self, sum: f64) -> f64 {
        match self.reading {
            Reading::Straight => sum.sqrt(),
            Reading::Absolute => sum,
            Reading::Arc if sum.is_finite() => 2.0 * EARTH_RADIUS * (0.5 * sum.sqrt()).min(1.0).asin(),
            Reading::Arc => sum,
        }
    }

    /// The distance of two samples.
    pub(super) fn between(&self, i: usize, j: usize) -> f64 {
        let pairs = self.point(i).iter().zip(self.point(j));
        self.read(match self.sides() {
            Sides::Squares => pairs.map(|(a, b)| (a - b) * (a - b)).sum(),
            Sides::Absolute => pairs.map(|(a, b)| (a - b).abs()).sum(),
        })
    }

    /// From each sample to the nearest one of another label.
    pub(super) fn to_other(&self, tree: &KdTree, label: &[u32]) -> Vec<f64> {
        tree.to_other_labels(label, self.sides()).into_iter().map(|sum| self.read(sum)).collect()
    }

    /// From each sample to the nearest other one.
    pub(super) fn to_nearest_other(&self, tree: &KdTree) -> Vec<f64> {
        let own: Vec<u32> = (0..self.len() as u32).collect();
        self.to_other(tree, &own)
    }

    /// From each wanted prediction to the nearest sample.
    pub(super) fn to_wanted(&self, tree: &KdTree) -> Vec<f64> {
        let sides = self.sides();
        self.wanted
            .par_chunks(TASK * self.dimensions)
            .flat_map_iter(|part| part.chunks_exact(self.dimensions).map(move |at| self.read(tree.to_nearest(at, sides))))
            .collect()
    }
}

fn missing(by: &str, what: &str, rule: &str, hint: &str) -> Error {
    Error::recipe(by).got(what).rule(rule).hint(hint)
}

/// The places of samples and of what is wanted, in one system.
fn both_places<'a>(by: &str, at: &'a Support, aim: &'a Aim) -> Result<(&'a Places, &'a Support, &'a Places)> {
    let rule = "distances from wanted predictions to samples are matched";
    let samples = at
        .place
        .as_ref()
        .ok_or_else(|| missing(by, "samples without a place", rule, "name the columns of x and y, and their crs, as place in [roles]"))?;
    let hint = "say where predictions are wanted in [validate], e.g. wanted = \"grid.csv\"";
    let support = aim.wanted.as_ref().ok_or_else(|| missing(by, "nothing about where predictions are wanted", rule, hint))?;
    let wanted = support.place.as_ref().ok_or_else(|| missing(by, "wanted predictions without a place", rule, hint))?;
    if wanted.x().is_empty() {
        return Err(missing(by, "no wanted predictions", rule, hint));
    }
    if samples.crs() != wanted.crs() {
        return Err(Error::data("places of wanted predictions")
            .got(wanted.crs().name().to_owned())
            .rule(format!("the samples are in {}: distances are measured in one system", samples.crs().name()))
            .hint("bring both to one CRS"));
    }
    Ok((samples, support, wanted))
}

/// Rows by these keys, one after the other; rows that agree in all stay in their order.
fn sorted(rows: usize, keys: &[&[f64]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    // 0 and −0 are one number.
    let compare = |a: usize, b: usize| keys.iter().map(|k| (k[a] + 0.0).total_cmp(&(k[b] + 0.0))).find(|o| o.is_ne());
    order.sort_by(|&a, &b| compare(a, b).unwrap_or(std::cmp::Ordering::Equal));
    order
}

/// The order of samples on the ground: from south to north, west to east, then by time.
fn order_of(at: &Support, places: &Places) -> Vec<usize> {
    let days: &[f64] = at.time.as_ref().map_or(&[], |t| &t.days);
    if days.len() == at.rows { sorted(at.rows, &[places.y(), places.x(), days]) } else { sorted(at.rows, &[places.y(), places.x()]) }
}

fn places(by: &str, at: &Support, aim: &Aim) -> Result<Cloud> {
    let (samples, _, wanted) = both_places(by, at, aim)?;
    let order = order_of(at, samples);
    let ground = Ground::new(samples);
    let points: Vec<f64> = order.iter().flat_map(|&r| ground.point(r)).copied().collect();
    let axes = order.iter().flat_map(|&r| [samples.x()[r], samples.y()[r]]).collect();
    let reading = if ground.is_sphere() { Reading::Arc } else { Reading::Straight };
    Ok(Cloud { samples: points, wanted: Ground::new(wanted).points().to_vec(), dimensions: ground.dimensions(), axes, reading, order })
}

/// The days of every row, or who has none.
fn days_of<'a>(by: &str, whose: &str, at: &'a Support) -> Result<&'a [f64]> {
    let days = at.time.as_ref().map_or(&[][..], |t| &t.days);
    let without = at.rows - days.iter().filter(|d| d.is_finite()).count();
    if without > 0 {
        return Err(Error::data(format!("times of {whose}"))
            .got(format!("{without} of {} without one", super::super::count(at.rows, "row")))
            .rule(format!("{by} measures distances in time too"))
            .hint("name the column of dates as time in [roles], or set space = \"place\""));
    }
    Ok(days)
}

fn places_in_time(by: &str, metres_per_day: Option<f64>, at: &Support, aim: &Aim) -> Result<Cloud> {
    let (samples, support, wanted) = both_places(by, at, aim)?;
    let (days, wanted_days) = (days_of(by, "samples", at)?, days_of(by, "wanted predictions", support)?);
    let (ground, wanted) = (Ground::new(samples), Ground::new(wanted));
    let radius = if ground.is_sphere() { EARTH_RADIUS } else { 1.0 };
    let d = ground.dimensions();
    let order = order_of(at, samples);
    let spread = (0..d).map(|j| variance(&order.iter().map(|&r| ground.point(r)[j] * radius).collect::<Vec<_>>())).sum::<f64>().sqrt();
    let pace = match metres_per_day {
        Some(metres) => metres,
        None => spread / variance(&order.iter().map(|&r| days[r]).collect::<Vec<_>>()).sqrt(),
    };
    if !pace.is_finite() {
        return Err(Error::data("times of samples")
            .got(format!("{} at one time", super::super::count(at.rows, "row")))
            .rule("the spread of times says how many metres count as much as a day")
            .hint("set metres_per_day, or space = \"place\""));
    }
    let whole = |ground: &Ground, row: usize, days: &[f64]| {
        ground.point(row).iter().map(|v| v * radius).chain([pace * days[row]]).collect::<Vec<_>>()
    };
    let points: Vec<f64> = order.iter().flat_map(|&r| whole(&ground, r, days)).collect();
    let wanted = (0..wanted.len()).flat_map(|r| whole(&wanted, r, wanted_days)).collect();
    Ok(Cloud { axes: points.clone(), samples: points, wanted, dimensions: d + 1, reading: Reading::Straight, order })
}

/// Complete features of samples and of what is wanted.
fn both_features<'a>(by: &str, at: &Support, aim: &'a Aim) -> Result<&'a Features> {
    let rule = "distances from wanted predictions to samples among the features are matched";
    let hint = "give a table or grid with the model's numeric features in [validate], e.g. wanted = \"grid.csv\"";
    let features = aim.features.as_ref().filter(|f| !f.names.is_empty()).ok_or_else(|| missing(by, "no numeric features", rule, hint))?;
    if features.wanted.is_empty() {
        return Err(missing(by, "no features of what is wanted", rule, hint));
    }
    let p = features.names.len();
    if features.samples.len() != at.rows * p || !features.wanted.len().is_multiple_of(p) {
        return Err(Error::data("features for distances")
            .got(format!("{} numbers of samples and {} of what is wanted", features.samples.len(), features.wanted.len()))
            .rule(format!("{} of {p} features each", super::super::count(at.rows, "row"))));
    }
    if let Some(i) = features.samples.iter().chain(&features.wanted).position(|v| !v.is_finite()) {
        return Err(Error::data(format!("feature '{}'", features.names[i % p]))
            .got("a missing value")
            .rule(format!("{by} measures distances among complete features"))
            .hint("leave the feature out, or filter its gaps in [data] filter"));
    }
    Ok(features)
}

fn features(by: &str, distance: FeatureDistance, at: &Support, aim: &Aim) -> Result<Cloud> {
    let features = both_features(by, at, aim)?;
    let p = features.names.len();
    let column = |values: &[f64], j: usize| values.iter().skip(j).step_by(p).copied().collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = (0..p).map(|j| column(&features.samples, j)).collect();
    let mut keys: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    if let Some(place) = &at.place {
        keys.extend([place.y(), place.x()]);
    }
    let order = sorted(at.rows, &keys);
    // A feature that is the same in all samples has no scale, and no model can learn from it.
    let mut samples: Vec<Vec<f64>> = Vec::new();
    let mut wanted: Vec<Vec<f64>> = Vec::new();
    let mut ranges = Vec::new();
    for (j, values) in columns.iter().enumerate() {
        let values: Vec<f64> = order.iter().map(|&r| values[r]).collect();
        let (centre, spread) = (mean(&values), variance(&values).sqrt());
        if spread > 0.0 {
            let scale = |v: &f64| (v - centre) / spread;
            let asked: Vec<f64> = column(&features.wanted, j).iter().map(scale).collect();
            let values: Vec<f64> = values.iter().map(scale).collect();
            let (low, high) =
                values.iter().chain(&asked).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
            ranges.push(high - low);
            samples.push(values);
            wanted.push(asked);
        }
    }
    let axes = by_row(&samples);
    let mut reading = Reading::Straight;
    match distance {
        FeatureDistance::Euclidean => {}
        FeatureDistance::Mahalanobis => {
            let directions = whitening(&samples)?;
            (samples, wanted) = (turned(&samples, &directions), turned(&wanted, &directions));
        }
        FeatureDistance::Gower => {
            reading = Reading::Absolute;
            let shares = 1.0 / ranges.len() as f64;
            for (columns, range) in [&mut samples, &mut wanted].into_iter().flat_map(|c| c.iter_mut().zip(&ranges)) {
                columns.iter_mut().for_each(|v| *v *= shares / range);
            }
        }
    }
    Ok(Cloud { dimensions: samples.len(), samples: by_row(&samples), wanted: by_row(&wanted), axes, reading, order })
}

/// Row after row from column after column.
fn by_row(columns: &[Vec<f64>]) -> Vec<f64> {
    let rows = columns.first().map_or(0, Vec::len);
    (0..rows).flat_map(|r| columns.iter().map(move |c| c[r])).collect()
}

/// Directions along which the columns have variance one and no correlation; those without variance are left out.
fn whitening(columns: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
    let (p, n) = (columns.len(), columns.first().map_or(0, Vec::len));
    let flat: Vec<f64> = columns.iter().flatten().copied().collect();
    let covariance: Vec<f64> = gram(Columns::new(&flat, n, p)).iter().map(|v| v / (n as f64 - 1.0)).collect();
    let (values, vectors) = symmetric_eigen(&covariance, p)?;
    let least = f64::EPSILON.sqrt() * values.first().copied().unwrap_or(0.0);
    let directions = values.iter().zip(vectors.chunks_exact(p.max(1))).filter(|(value, _)| **value > least);
    Ok(directions.map(|(value, vector)| vector.iter().map(|v| v / value.sqrt()).collect()).collect())
}

/// Columns along some directions.
fn turned(columns: &[Vec<f64>], directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows = columns.first().map_or(0, Vec::len);
    let along = |direction: &[f64], r: usize| direction.iter().zip(columns).map(|(d, c)| d * c[r]).sum();
    directions.iter().map(|direction| (0..rows).map(|r| along(direction, r)).collect()).collect()
}
