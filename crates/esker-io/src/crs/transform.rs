//! From one system to another, many points at once.

use std::panic::catch_unwind;

use esker_core::{Crs, Error, Note, Result};
use proj4rs::Proj;
use rayon::prelude::*;

use super::mollweide::Mollweide;
use super::params::{self, Params, Tie};
use super::rotated::Rotated;

/// Points a thread takes at a time.
const CHUNK: usize = 4096;

/// A way from one system to another. It does not change: make it once, use it for all points.
#[derive(Debug, Clone)]
pub struct Transform {
    sides: Option<(Side, Side)>,
    accuracy: Option<f64>,
    /// What the user should know: units that are not metres, datums taken as one.
    pub notes: Vec<Note>,
}

/// One system, ready to compute.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub(super) proj: Proj,
    pub(super) own: Own,
    degrees: bool,
}

/// What is computed here on top of `proj4rs`, which then holds longitude and latitude only.
#[derive(Debug, Clone)]
pub(super) enum Own {
    Nothing,
    Rotated(Rotated),
    Mollweide(Mollweide),
}

impl Side {
    pub(super) fn of(crs: &Crs) -> Result<Self> {
        let params = params::of(crs)?;
        let own = match params.text("proj") {
            Some("ob_tran") => Own::Rotated(Rotated::of(&params)?),
            Some("moll") => Own::Mollweide(mollweide(&params)?),
            _ => Own::Nothing,
        };
        let degrees = crs.is_degrees();
        let proj = if matches!(own, Own::Nothing) { build(&params)? } else { build(&params.degrees())? };
        Ok(Self { proj, own, degrees })
    }

    /// To longitude and latitude in radians, or plane coordinates, as `proj4rs` wants them.
    fn enter(&self, x: f64, y: f64) -> (f64, f64) {
        match &self.own {
            Own::Rotated(r) => r.inverse(x.to_radians(), y.to_radians()),
            Own::Mollweide(m) => m.inverse(x, y),
            Own::Nothing if self.degrees => (x.to_radians(), y.to_radians()),
            Own::Nothing => (x, y),
        }
    }

    fn leave(&self, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = match &self.own {
            Own::Rotated(r) => r.forward(x, y),
            Own::Mollweide(m) => m.forward(x, y),
            Own::Nothing => (x, y),
        };
        if self.degrees { (x.to_degrees(), y.to_degrees()) } else { (x, y) }
    }
}

fn mollweide(params: &Params) -> Result<Mollweide> {
    let number = |name: &str| params.number(name).unwrap_or(0.0);
    let map = Mollweide {
        a: build(&params.degrees())?.ellipse_parameters().0,
        lon_0: number("lon_0").to_radians(),
        x_0: number("x_0"),
        y_0: number("y_0"),
    };
    let finite = [map.lon_0, map.x_0, map.y_0].iter().all(|v| v.is_finite());
    if !finite || params.has("to_meter") || !matches!(params.text("units"), None | Some("m")) {
        return Err(Error::data("system with +proj=moll")
            .got(super::short(&params.to_string()))
            .rule("its numbers are finite and its unit is the metre"));
    }
    Ok(map)
}

/// The projection of a definition. A definition from a file may be anything: should the projection's setup panic, it is refused.
pub(super) fn build(params: &Params) -> Result<Proj> {
    // Wagner's maps share a fault near the poles with the Mollweide map of proj4rs 0.3.
    let faulty = matches!(params.text("proj"), Some("wag4" | "wag5"));
    let text = params.without_grids().to_string();
    let refused = |got: String| {
        Error::data(format!("coordinate reference system '{}'", super::short(&text)))
            .got(got)
            .rule("its projection cannot be computed here")
            .hint("reproject the data to a common system such as EPSG:4326 first")
    };
    if faulty {
        return Err(refused("a map of Wagner".into()));
    }
    match catch_unwind(|| Proj::from_proj_string(&text)) {
        Ok(Ok(proj)) => Ok(proj),
        Ok(Err(error)) => Err(refused(error.to_string())),
        Err(_) => Err(refused("parameters that make no sense together".into())),
    }
}

impl Transform {
    /// The way from one system to the other. Datums are shifted by their three or seven parameters through WGS 84; a shift that needs
    /// a grid file is refused. A sphere, or an ellipsoid without a known datum, keeps its latitudes and longitudes, with a note.
    ///
    /// # Errors
    /// A code not known, a projection not computed here, a datum that only a grid file ties to the other.
    pub fn between(from: &Crs, to: &Crs) -> Result<Self> {
        if from == to {
            return Ok(Self { sides: None, accuracy: Some(0.0), notes: Vec::new() });
        }
        let (a, b) = (params::of(from)?, params::of(to)?);
        let mut notes = Vec::new();
        let accuracy = shift(from, to, (&a, &b), &mut notes)?;
        for crs in [from, to] {
            let unit = metres_per_unit(crs)?;
            if unit != 1.0 && !crs.is_degrees() {
                let text = format!("coordinates in {} are units of {unit} m, not metres", crs.name());
                notes.push(Note::warning("crs-unit", text));
            }
        }
        Ok(Self { sides: Some((Side::of(from)?, Side::of(to)?)), accuracy, notes })
    }

    /// How far off a point may be, metres, as a rough bound of what the datum shift is good for within the area it is made for: 0.001 within
    /// a datum, 1 for each that is within metres of WGS 84, 20 for seven parameters, 100 for three. `None`: not known.
    pub fn accuracy_m(&self) -> Option<f64> {
        self.accuracy
    }

    /// Moves points in place: x east, y north, degrees or the units of the plane. A point that the other system cannot hold becomes
    /// NaN. Longitudes come out within ±180.
    ///
    /// # Errors
    /// Another number of y than of x.
    pub fn apply(&self, x: &mut [f64], y: &mut [f64]) -> Result<()> {
        if x.len() != y.len() {
            return Err(Error::data("points").got(format!("{} x and {} y", x.len(), y.len())).rule("one of each a point"));
        }
        if let Some((from, to)) = &self.sides {
            x.par_chunks_mut(CHUNK).zip(y.par_chunks_mut(CHUNK)).for_each(|(x, y)| {
                for (x, y) in x.iter_mut().zip(y) {
                    (*x, *y) = step(from, to, *x, *y);
                }
            });
        }
        Ok(())
    }

    /// One point; see [`Transform::apply`].
    pub fn point(&self, x: f64, y: f64) -> [f64; 2] {
        let (x, y) = self.sides.as_ref().map_or((x, y), |(from, to)| step(from, to, x, y));
        [x, y]
    }
}

fn step(from: &Side, to: &Side, x: f64, y: f64) -> (f64, f64) {
    const NOWHERE: (f64, f64) = (f64::NAN, f64::NAN);
    if !x.is_finite() || !y.is_finite() || (from.degrees && (y.abs() > 90.000_001 || x.abs() > 540.0)) {
        return NOWHERE;
    }
    let (lon, lat) = from.enter(x, y);
    if !lon.is_finite() || !lat.is_finite() {
        return NOWHERE;
    }
    let mut point = (lon, lat, 0.0);
    if proj4rs::transform::transform(&from.proj, &to.proj, &mut point).is_err() {
        return NOWHERE;
    }
    let (x, y) = to.leave(point.0, point.1);
    if x.is_finite() && y.is_finite() { (x, y) } else { NOWHERE }
}

/// Whether the datums can be brought together, and how well, metres.
fn shift(from: &Crs, to: &Crs, params: (&Params, &Params), notes: &mut Vec<Note>) -> Result<Option<f64>> {
    let (a, b) = params;
    if a.datum_words() == b.datum_words() {
        return Ok(Some(0.001));
    }
    let ties = [(from, a.tie()), (to, b.tie())];
    for (crs, tie) in &ties {
        match tie {
            Tie::Grid => {
                return Err(Error::data(format!("datum of {}", super::short(crs.name())))
                    .rule("only a grid file ties it to other datums; none is held here")
                    .hint("reproject the data to WGS 84 with a program that has the grid (PROJ, GDAL), or stay in one datum"));
            }
            Tie::Sphere => notes.push(Note::info(
                "crs-sphere",
                format!("{} is on a sphere: its latitudes and longitudes are taken as they are", super::short(crs.name())),
            )),
            Tie::Unknown => notes.push(Note::warning(
                "crs-datum",
                format!(
                    "how the datum of {} lies is not known: latitudes and longitudes are taken as they are, which may be some hundred metres off",
                    super::short(crs.name())
                ),
            )),
            _ => {}
        }
    }
    let metres = |tie: Tie| match tie {
        Tie::Same => Some(1.0),
        Tie::Shift => Some(100.0),
        Tie::Helmert => Some(20.0),
        Tie::Sphere | Tie::Unknown | Tie::Grid => None,
    };
    Ok(ties.iter().try_fold(0.0, |sum, (_, tie)| Some(sum + metres(*tie)?)))
}

/// Metres in one unit of a plane's coordinates, 1 for metres; for longitude and latitude metres do not apply and it is 1.
///
/// # Errors
/// A code not known, a unit not known.
pub fn metres_per_unit(crs: &Crs) -> Result<f64> {
    let params = params::of(crs)?;
    let factor = match (params.text("units"), params.number("to_meter")) {
        _ if crs.is_degrees() => Some(1.0),
        (None | Some("m"), None) => Some(1.0),
        (Some("km"), _) => Some(1000.0),
        (Some("ft"), _) => Some(0.3048),
        (Some("us-ft"), _) => Some(1200.0 / 3937.0),
        (Some("link"), _) => Some(0.201_168),
        (_, Some(factor)) if factor > 0.0 => Some(factor),
        _ => None,
    };
    factor.ok_or_else(|| Error::data(format!("unit of {}", super::short(crs.name()))).rule("it is not known here"))
}
