//! Semivariograms: how unlike values are by the distance between them, and the distance beyond which nearness no longer tells anything.

use esker_core::{Error, Result};

use crate::Ground;

/// Points whose pairs are all looked at; of more, a fixed random sample of so many is.
pub const MOST_POINTS: usize = 6000;

/// Classes of distance up to the cutoff.
const CLASSES: usize = 15;

/// Distances of a class may exceed its edge by this share and still belong to it.
const EDGE: f64 = 1e-12;

/// Classes of distance: `width`, 2 `width`, … up to `cutoff`, in metres on the ground or days in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lags {
    /// The largest distance looked at.
    pub cutoff: f64,
    /// The width of a class.
    pub width: f64,
}

/// The pairs of one class of distance. Its edges are `(a, b]`; pairs at one place belong to the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LagClass {
    /// Number of pairs.
    pub pairs: usize,
    /// Their mean distance.
    pub distance: f64,
    /// Half their mean squared difference (Matheron 1963), in the squared unit of the values.
    pub semivariance: f64,
}

/// An empirical semivariogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Semivariogram {
    /// The classes that hold pairs, nearest first.
    pub classes: Vec<LagClass>,
    /// Their edges.
    pub lags: Lags,
    /// Points whose pairs were looked at.
    pub points: usize,
    /// Points that have a value; more than `points` where a sample was taken.
    pub of: usize,
    /// Variance of the values looked at, in their squared unit.
    pub variance: f64,
}

/// Points in the order of their coordinates and values, so that neither the sample nor a sum depends on the order of the rows.
struct Cloud {
    points: Vec<f64>,
    values: Vec<f64>,
    dimensions: usize,
    of: usize,
}

impl Cloud {
    fn new(points: &[f64], dimensions: usize, values: &[f64]) -> Result<Self> {
        let thing = || Error::data("variogram");
        if points.len() != values.len() * dimensions {
            return Err(thing().got(format!("{} places and {} values", points.len() / dimensions, values.len())).rule("one value a place"));
        }
        if let Some(i) = values.iter().position(|v| v.is_infinite()) {
            return Err(thing().got(format!("an infinite value in row {}", i + 1)).rule("values are finite or missing"));
        }
        let point = |i: usize| &points[i * dimensions..(i + 1) * dimensions];
        let known = |i: &usize| !values[*i].is_nan() && point(*i).iter().all(|c| c.is_finite());
        let mut rows: Vec<usize> = (0..values.len()).filter(known).collect();
        let of = rows.len();
        if of < 3 {
            return Err(thing().got(format!("{of} places with a value")).rule("at least 3 are needed"));
        }
        let by_content = |a: &usize, b: &usize| {
            let sides = point(*a).iter().zip(point(*b)).map(|(x, y)| x.total_cmp(y));
            sides.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(values[*a].total_cmp(&values[*b]))
        };
        if of > MOST_POINTS {
            // The lot of a point is drawn from what it is, not from its row.
            rows.sort_by_cached_key(|&i| lot(point(i), values[i]));
            rows.truncate(MOST_POINTS);
        }
        rows.sort_by(by_content);
        Ok(Self {
            points: rows.iter().flat_map(|&i| point(i).iter().copied()).collect(),
            values: rows.iter().map(|&i| values[i]).collect(),
            dimensions,
            of,
        })
    }

    fn point(&self, i: usize) -> &[f64] {
        &self.points[i * self.dimensions..(i + 1) * self.dimensions]
    }

    /// Calls `f(i, j, squared distance)` for every pair no further apart than `reach2`, squared. Points lie in the order of their first
    /// coordinate, so that most pairs beyond reach are never met.
    fn pairs(&self, reach2: f64, mut f: impl FnMut(usize, usize, f64)) {
        for i in 0..self.values.len() {
            let a = self.point(i);
            for j in i + 1..self.values.len() {
                let b = self.point(j);
                if (b[0] - a[0]) * (b[0] - a[0]) > reach2 {
                    break;
                }
                let distance2: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
                if distance2 <= reach2 {
                    f(i, j, distance2);
                }
            }
        }
    }

    /// The diagonal of the box round all points, in the unit of the coordinates.
    fn diagonal(&self) -> f64 {
        let side = |d: usize| {
            let along = || self.points[d..].iter().step_by(self.dimensions).copied();
            along().fold(f64::NEG_INFINITY, f64::max) - along().fold(f64::INFINITY, f64::min)
        };
        (0..self.dimensions).map(|d| side(d).powi(2)).sum::<f64>().sqrt()
    }
}

/// A number drawn from the bits of a point and its value (FNV-1a, then mixed).
fn lot(point: &[f64], value: f64) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for v in point.iter().chain([&value]) {
        hash = (hash ^ v.to_bits()).wrapping_mul(0x0100_0000_01B3);
        hash ^= hash >> 29;
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

impl Semivariogram {
    /// The semivariogram of values at places, by distance on the ground in metres. Rows whose value is NaN are left out. Without
    /// `lags`, distances go up to a third of the diagonal of the box round the places, in 15 classes (the habit of gstat). Of more than
    /// [`MOST_POINTS`] places a fixed random sample is taken; `points` and `of` tell. Neither depends on the order of the rows.
    ///
    /// # Errors
    /// Lengths that differ, an infinite value, fewer than 3 places with a value, all at one place, or lags that are no classes.
    pub fn on_ground(ground: &Ground, values: &[f64], lags: Option<Lags>) -> Result<Self> {
        let cloud = Cloud::new(ground.points(), ground.dimensions(), values)?;
        Self::of(&cloud, lags, |d2| ground.metres(d2), |metres| ground.squared(metres))
    }

    /// The semivariogram of values in time, by the days between them. As [`Semivariogram::on_ground`]; rows whose time is NaN are left out too.
    ///
    /// # Errors
    /// As [`Semivariogram::on_ground`].
    pub fn in_time(times: &[f64], values: &[f64], lags: Option<Lags>) -> Result<Self> {
        let cloud = Cloud::new(times, 1, values)?;
        Self::of(&cloud, lags, f64::sqrt, |days| days * days)
    }

    fn of(cloud: &Cloud, lags: Option<Lags>, distance: impl Fn(f64) -> f64, squared: impl Fn(f64) -> f64) -> Result<Self> {
        let lags = lags.unwrap_or_else(|| {
            let cutoff = distance(cloud.diagonal().powi(2)) / 3.0;
            Lags { cutoff, width: cutoff / CLASSES as f64 }
        });
        let Lags { cutoff, width } = lags;
        if cutoff <= 0.0 {
            return Err(Error::data("variogram")
                .got(format!("{} values at one place", cloud.values.len()))
                .rule("values at different distances are needed"));
        }
        if !(width > 0.0 && cutoff.is_finite() && cutoff / width <= 1e5) {
            return Err(Error::data("lags of a variogram")
                .got(format!("classes {width} wide up to {cutoff}"))
                .rule("width and cutoff are above 0, and at most 100,000 classes fit"));
        }
        let mut sums = vec![(0usize, 0.0, 0.0); (cutoff / width).ceil() as usize];
        let last = sums.len() - 1;
        cloud.pairs(squared(cutoff), |i, j, d2| {
            let d = distance(d2);
            let class = ((d / width * (1.0 - EDGE)).ceil() as usize).saturating_sub(1).min(last);
            let (pairs, far, unlike) = &mut sums[class];
            *pairs += 1;
            *far += d;
            *unlike += (cloud.values[i] - cloud.values[j]).powi(2);
        });
        let class = |(pairs, far, unlike): (usize, f64, f64)| LagClass {
            pairs,
            distance: far / pairs as f64,
            semivariance: unlike / (2.0 * pairs as f64),
        };
        Ok(Self {
            classes: sums.into_iter().filter(|s| s.0 > 0).map(class).collect(),
            lags,
            points: cloud.values.len(),
            of: cloud.of,
            variance: crate::variance(&cloud.values),
        })
    }

    /// The least-squares fit of a model, each class weighted by its pairs over its squared distance (gstat's method 7; Cressie 1985
    /// weighs alike). For a range, nugget and sill follow from non-negative least squares, so the range alone is searched: from the
    /// nearest class to ten times the furthest.
    ///
    /// # Errors
    /// Fewer than 3 classes with a distance above 0.
    pub fn fit(&self, shape: Shape) -> Result<Fitted> {
        let classes: Vec<LagClass> = self.classes.iter().copied().filter(|c| c.distance > 0.0).collect();
        let (Some(first), Some(last), true) = (classes.first(), classes.last(), classes.len() >= 3) else {
            return Err(Error::data("fit of a variogram")
                .got(format!("{} classes of distance", classes.len()))
                .rule("at least 3 are needed")
                .hint("use narrower classes or a larger cutoff"));
        };
        let (low, high) = (first.distance / shape.practical(), 10.0 * last.distance / shape.practical());
        let profile = Profile { shape, classes: &classes };
        let range = profile.search(low, high);
        let (nugget, sill, error) = profile.at(range);
        let flat = sill <= 1e-9 * (nugget + sill) || range <= low * (1.0 + 1e-6);
        let structure = match () {
            () if flat => Structure::Absent,
            () if range * shape.practical() > self.lags.cutoff => Structure::Beyond,
            () => Structure::Found,
        };
        Ok(Fitted { shape, nugget, sill, range, error, structure })
    }

    /// The fit of the shape that leaves the least error; of equal ones, the first of [`Shape::ALL`].
    ///
    /// # Errors
    /// As [`Semivariogram::fit`].
    pub fn best(&self) -> Result<Fitted> {
        let fits = Shape::ALL.into_iter().map(|s| self.fit(s)).collect::<Result<Vec<_>>>()?;
        let first = fits[0];
        Ok(fits.into_iter().fold(first, |best, f| if f.error < best.error { f } else { best }))
    }
}

/// The shape of a variogram model, rising from 0 at distance 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// 1.5 h/a − 0.5 (h/a)³, and 1 from the range `a` on.
    Spherical,
    /// 1 − exp(−h/a).
    Exponential,
    /// 1 − exp(−(h/a)²).
    Gaussian,
    /// 1 − (1 + √3 h/a) exp(−√3 h/a).
    Matern32,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 4] = [Self::Spherical, Self::Exponential, Self::Gaussian, Self::Matern32];

    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spherical => "spherical",
            Self::Exponential => "exponential",
            Self::Gaussian => "Gaussian",
            Self::Matern32 => "Matérn 3/2",
        }
    }

    /// The share of the sill reached at a distance of `u` ranges, from 0 to 1.
    pub fn at(self, u: f64) -> f64 {
        match self {
            Self::Spherical if u >= 1.0 => 1.0,
            Self::Spherical => u * (1.5 - 0.5 * u * u),
            Self::Exponential => -(-u).exp_m1(),
            Self::Gaussian => -(-u * u).exp_m1(),
            Self::Matern32 => {
                let v = 3f64.sqrt() * u;
                1.0 - (1.0 + v) * (-v).exp()
            }
        }
    }

    /// The slope of [`Shape::at`].
    fn slope(self, u: f64) -> f64 {
        match self {
            Self::Spherical if u >= 1.0 => 0.0,
            Self::Spherical => 1.5 * (1.0 - u * u),
            Self::Exponential => (-u).exp(),
            Self::Gaussian => 2.0 * u * (-u * u).exp(),
            Self::Matern32 => 3.0 * u * (-3f64.sqrt() * u).exp(),
        }
    }

    /// Ranges to go until 95 % of the sill is reached; for the spherical one, all of it.
    pub fn practical(self) -> f64 {
        match self {
            Self::Spherical => 1.0,
            Self::Exponential => 2.995_732_273_553_991,
            Self::Gaussian => 1.730_818_382_602_285_4,
            Self::Matern32 => 2.738_871_456_691_915,
        }
    }
}

/// What a fit says about dependence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Structure {
    /// Near values are alike, and the likeness ends within the cutoff.
    Found,
    /// Nearness tells nothing that the classes could show: a pure nugget.
    Absent,
    /// Values are still getting more unlike at the cutoff: the range is beyond what was looked at, and its number is a guess.
    Beyond,
}

/// A fitted variogram model: nugget + sill · shape(h / range).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// Its shape.
    pub shape: Shape,
    /// The jump at distance 0, in the squared unit of the values.
    pub nugget: f64,
    /// The partial sill: what is added to the nugget far away, in the squared unit of the values.
    pub sill: f64,
    /// The range of the shape's formula, in metres or days.
    pub range: f64,
    /// Σ pairs / distance² · (semivariance − model)².
    pub error: f64,
    /// What it says about dependence.
    pub structure: Structure,
}

impl Fitted {
    /// The semivariance of the model at a distance; 0 at distance 0.
    pub fn at(&self, distance: f64) -> f64 {
        if distance == 0.0 { 0.0 } else { self.nugget + self.sill * self.shape.at(distance / self.range) }
    }

    /// The distance at which 95 % of the partial sill is reached (all of it for the spherical shape), in metres or days: the practical range. `None` where no structure was found.
    pub fn reach(&self) -> Option<f64> {
        (self.structure != Structure::Absent).then_some(self.range * self.shape.practical())
    }
}

/// The weighted squared error as a function of the range alone.
struct Profile<'a> {
    shape: Shape,
    classes: &'a [LagClass],
}

impl Profile<'_> {
    fn weight(c: &LagClass) -> f64 {
        c.pairs as f64 / (c.distance * c.distance)
    }

    /// Nugget, partial sill and error of the best model of that range.
    fn at(&self, range: f64) -> (f64, f64, f64) {
        let (mut w, mut wf, mut wff, mut wy, mut wfy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for c in self.classes {
            let (weight, f, y) = (Self::weight(c), self.shape.at(c.distance / range), c.semivariance);
            w += weight;
            wf += weight * f;
            wff += weight * f * f;
            wy += weight * y;
            wfy += weight * f * y;
        }
        let error = |nugget: f64, sill: f64| {
            let off = |c: &LagClass| c.semivariance - nugget - sill * self.shape.at(c.distance / range);
            self.classes.iter().map(|c| Self::weight(c) * off(c).powi(2)).sum::<f64>()
        };
        let determinant = w * wff - wf * wf;
        if determinant > 1e-12 * w * wff {
            let (nugget, sill) = ((wy * wff - wf * wfy) / determinant, (w * wfy - wf * wy) / determinant);
            if nugget >= 0.0 && sill >= 0.0 {
                return (nugget, sill, error(nugget, sill));
            }
        }
        let (without, flat) = (if wff > 0.0 { wfy / wff } else { 0.0 }, wy / w);
        let (a, b) = (error(0.0, without), error(flat, 0.0));
        if a < b { (0.0, without, a) } else { (flat, 0.0, b) }
    }

    /// The sign of this is that of the error's slope along the range, nugget and sill following.
    fn slope(&self, range: f64) -> f64 {
        let (nugget, sill, _) = self.at(range);
        let one = |c: &LagClass| {
            let u = c.distance / range;
            let off = nugget + sill * self.shape.at(u) - c.semivariance;
            -Self::weight(c) * off * self.shape.slope(u) * u
        };
        self.classes.iter().map(one).sum::<f64>() * sill
    }

    /// The range of least error: a grid, the golden section inside the best cell, and the root of the slope for the last digits.
    fn search(&self, low: f64, high: f64) -> f64 {
        const GRID: usize = 240;
        let (a, b) = (low.ln(), high.ln());
        let node = |i: usize| (a + (b - a) * i as f64 / GRID as f64).exp();
        let error = |r: f64| self.at(r).2;
        let best = (0..=GRID).fold((0, f64::INFINITY), |best, i| if error(node(i)) < best.1 { (i, error(node(i))) } else { best }).0;
        let (mut left, mut right) = (node(best.saturating_sub(1)), node((best + 1).min(GRID)));
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        for _ in 0..30 {
            let (x, y) = (right - golden * (right - left), left + golden * (right - left));
            if error(x) <= error(y) { right = y } else { left = x }
        }
        let middle = f64::midpoint(left, right);
        let (mut left, mut right) = ((middle * (1.0 - 1e-4)).max(low), (middle * (1.0 + 1e-4)).min(high));
        if !(self.slope(left) < 0.0 && self.slope(right) > 0.0) {
            return middle;
        }
        for _ in 0..60 {
            let middle = f64::midpoint(left, right);
            if self.slope(middle) > 0.0 { right = middle } else { left = middle }
        }
        f64::midpoint(left, right)
    }
}
