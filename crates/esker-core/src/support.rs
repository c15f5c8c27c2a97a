//! Support: where and when each sample is, and which samples belong together.

use serde::{Deserialize, Serialize};

use crate::{Codes, Error, Result};

/// A coordinate reference system: longitude and latitude in degrees, or a plane in metres.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Crs {
    /// Longitude (x) and latitude (y) in degrees, east and north positive: `EPSG:4326`.
    Geographic,
    /// Longitude and latitude in degrees on another datum or figure of the Earth, by its name (`EPSG:4267`) or its PROJ
    /// definition (`+proj=longlat +R=6371229`). Read from files; never taken for WGS 84.
    Geodetic(String),
    /// A projected system in metres, by its name, e.g. `EPSG:32632`, or its PROJ definition (`+proj=stere …`).
    Projected(String),
}

impl Crs {
    /// Reads `EPSG:4326`, `OGC:CRS84` (geographic) or any other `EPSG:n` (projected).
    ///
    /// # Errors
    /// Anything else: a CRS is stated, never guessed.
    pub fn parse(text: &str) -> Result<Self> {
        let name = text.trim().to_uppercase();
        match name.as_str() {
            "EPSG:4326" | "OGC:CRS84" => Ok(Self::Geographic),
            _ => match name.strip_prefix("EPSG:").and_then(|n| n.parse::<u32>().ok()) {
                // The 4000s hold the geographic systems; another datum is not silently taken for WGS 84.
                Some(code @ 4001..=4999) => Err(Error::recipe(format!("crs 'EPSG:{code}'"))
                    .rule("geographic systems other than EPSG:4326 are not supported")
                    .hint("convert the coordinates to EPSG:4326 (WGS 84 longitude and latitude) first")),
                Some(code) => Ok(Self::Projected(format!("EPSG:{code}"))),
                None => Err(Error::recipe(format!("crs '{text}'"))
                    .rule("a CRS is written EPSG:code")
                    .hint("longitude and latitude are EPSG:4326")),
            },
        }
    }

    /// The name, e.g. `EPSG:4326`.
    pub fn name(&self) -> &str {
        match self {
            Self::Geographic => "EPSG:4326",
            Self::Geodetic(name) | Self::Projected(name) => name,
        }
    }

    /// Whether x and y are longitude and latitude in degrees; else they are metres on a plane.
    pub fn is_degrees(&self) -> bool {
        !matches!(self, Self::Projected(_))
    }
}

/// One place a row. Degrees (geographic) or metres (projected); never NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Places {
    x: Vec<f64>,
    y: Vec<f64>,
    crs: Crs,
}

impl Places {
    /// Places from coordinates, x east (longitude), y north (latitude).
    ///
    /// # Errors
    /// Lengths that differ, a missing coordinate, a latitude beyond ±90° or a longitude beyond -180..360°,
    /// each with its row (counted from 1).
    pub fn new(x: Vec<f64>, y: Vec<f64>, crs: Crs) -> Result<Self> {
        if x.len() != y.len() {
            return Err(Error::data("places").got(format!("{} x and {} y", x.len(), y.len())).rule("one of each a row"));
        }
        for (row, (&a, &b)) in x.iter().zip(&y).enumerate() {
            let row = row + 1;
            if !a.is_finite() || !b.is_finite() {
                return Err(Error::data(format!("place of row {row}"))
                    .got(format!("x = {a}, y = {b}"))
                    .rule("every sample needs its place")
                    .hint("filter rows without a place in [data] filter, or leave place out of [roles]"));
            }
            if crs.is_degrees() && b.abs() > 90.0 {
                return Err(Error::data(format!("latitude of row {row}"))
                    .got(format!("{b} degrees"))
                    .rule("latitudes lie within -90..90 degrees")
                    .hint("are x (longitude) and y (latitude) swapped, or is the CRS a projected one in metres?"));
            }
            if crs.is_degrees() && !(-180.0..=360.0).contains(&a) {
                return Err(Error::data(format!("longitude of row {row}"))
                    .got(format!("{a} degrees"))
                    .rule("longitudes lie within -180..360 degrees")
                    .hint("is the CRS a projected one in metres?"));
            }
        }
        Ok(Self { x, y, crs })
    }

    /// Longitudes in degrees, or eastings in metres.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// Latitudes in degrees, or northings in metres.
    pub fn y(&self) -> &[f64] {
        &self.y
    }

    /// The coordinate reference system.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }
}

/// One time a row: days since 1970-01-01T00:00Z in the proleptic Gregorian calendar; NaN is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    /// Days since 1970-01-01T00:00Z.
    pub days: Vec<f64>,
}

/// Where, when and with whom each sample belongs. A splitter sees this, and nothing else.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Support {
    /// Number of rows.
    pub rows: usize,
    /// Where.
    pub place: Option<Places>,
    /// When.
    pub time: Option<Times>,
    /// Which samples belong together (a glacier, a well, a basin).
    pub group: Option<Codes>,
    /// Labels a design may balance its folds over (target classes or bands of the target); never used to predict.
    pub strata: Option<Codes>,
}

impl Support {
    /// Support of `rows` samples that know neither place nor time.
    pub fn bare(rows: usize) -> Self {
        Self { rows, ..Self::default() }
    }

    /// The rows named, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |v: &[f64]| rows.iter().map(|&r| v[r]).collect::<Vec<_>>();
        Self {
            rows: rows.len(),
            place: self.place.as_ref().map(|p| Places { x: pick(&p.x), y: pick(&p.y), crs: p.crs.clone() }),
            time: self.time.as_ref().map(|t| Times { days: pick(&t.days) }),
            group: self.group.as_ref().map(|g| g.select(rows)),
            strata: self.strata.as_ref().map(|s| s.select(rows)),
        }
    }

    /// Whether every part has `rows` rows.
    pub(crate) fn consistent(&self) -> bool {
        let n = self.rows;
        self.place.as_ref().is_none_or(|p| p.x.len() == n)
            && self.time.as_ref().is_none_or(|t| t.days.len() == n)
            && self.group.as_ref().is_none_or(|g| g.len() == n)
            && self.strata.as_ref().is_none_or(|s| s.len() == n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_coordinates_are_refused_with_their_row() {
        let e = Places::new(vec![67.9, 60.0], vec![33.8, 132.0], Crs::Geographic).unwrap_err();
        assert_eq!(e.thing, "latitude of row 2");
    }

    #[test]
    fn another_datum_is_not_taken_for_wgs84() {
        assert!(Crs::parse("EPSG:4267").is_err());
        assert_eq!(Crs::parse("epsg:32632").unwrap().name(), "EPSG:32632");
    }
}
