//! Coordinate reference systems: from the ways files name them to one, and from one to another.
//!
//! A system is held by its EPSG or ESRI code where it has one, else by its PROJ definition. Axis order is always east, north.
//! Longitudes and latitudes are degrees. Planes are metres; where a code means feet, coordinates stay in feet, [`metres_per_unit`] says
//! so and a [`Transform`] notes it. A rotated pole has degrees and is [`Crs::Geodetic`] with `+proj=ob_tran`.
//!
//! How well it agrees with PROJ 9.5 (`validation/crs.py --all`, 30 points of the area of each of EPSG's codes that both compute): within a
//! datum, 4564 projections agree within a millimetre. With the shift from WGS 84, the medians of 4843 codes agree within a millimetre for 3661,
//! a centimetre for 18, a metre for 428, 10 m for 510, and differ by more for 226, mostly old datums of Africa, Asia and South America: EPSG
//! lists several shifts for a datum and PROJ picks one by area, while the definitions here hold one of three or seven parameters, or none.
//! [`Transform::accuracy_m`] and notes say so. Where PROJ uses a grid file (NAD 27, NZGD49; 223 codes) the shift is refused. 755 newer codes are
//! not held; their WKT or PROJ definition is read.
//!
//! Codes come from the EPSG data set as the crate `crs-definitions` has it; the arithmetic is that of PROJ as the crate `proj4rs` ports
//! it, with the rotated pole added here.

mod cf;
mod esri;
mod mollweide;
mod names;
mod params;
mod rotated;
mod ruler;
mod transform;
mod wkt;
mod wkt_write;

use esker_core::{Crs, Error, Result};

pub use cf::{from_grid_mapping, to_grid_mapping};
pub use ruler::Ruler;
pub(crate) use ruler::plane_area;
pub use transform::{Transform, metres_per_unit};
pub use wkt::from_wkt;
pub use wkt_write::to_wkt;

use params::Params;

/// The system of an EPSG code: 4326 and 4979 are [`Crs::Geographic`], other longitudes and latitudes [`Crs::Geodetic`], planes
/// [`Crs::Projected`].
///
/// # Errors
/// A code that is not known, or means geocentric X, Y, Z or heights.
pub fn from_epsg(code: u32) -> Result<Crs> {
    if matches!(code, 4326 | 4979) {
        return Ok(Crs::Geographic);
    }
    let params = params::of_epsg(code)?;
    place(&params, format!("EPSG:{code}"))
}

/// The system of a PROJ definition: `+proj=utm +zone=32 +datum=WGS84`. WGS 84 longitude and latitude are [`Crs::Geographic`], also
/// where only its ellipsoid is named. UTM on WGS 84 and `+init=epsg:n` become codes.
///
/// # Errors
/// No `+proj`, geocentric X, Y, Z, or text that is no PROJ definition.
pub fn from_proj(text: &str) -> Result<Crs> {
    let params = Params::parse(text)?;
    if let Some(init) = params.text("init") {
        return parse(init);
    }
    if params.is_wgs84_degrees() {
        return Ok(Crs::Geographic);
    }
    if let Some(code) = params.utm_code() {
        return from_epsg(code);
    }
    place(&params, params.to_string())
}

/// The system of any text that names one: `EPSG:32632`, `ESRI:102001`, `OGC:CRS84`, `urn:ogc:def:crs:EPSG::3035`, the URL of OGC, a PROJ
/// definition, WKT, or PROJJSON with an id. Of a compound system it is the horizontal part.
///
/// # Errors
/// Text that names no system known here.
pub fn parse(text: &str) -> Result<Crs> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.contains("+proj") || text.contains("+init") || text.starts_with("proj=") {
        return from_proj(text);
    }
    if text.starts_with('{') {
        return from_projjson(text);
    }
    if text.contains(['[', '(']) && text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return from_wkt(text);
    }
    let upper = text.to_ascii_uppercase();
    if matches!(upper.as_str(), "WGS84" | "WGS 84" | "CRS84" | "OGC:CRS84" | "OGC:CRS84H")
        || upper.ends_with("/CRS84")
        || upper.ends_with(":CRS84")
    {
        return Ok(Crs::Geographic);
    }
    let mut parts = upper.split([':', '/', ' ']).filter(|p| !p.is_empty()).rev();
    // A compound system names its horizontal part first: EPSG:25832+5783.
    let code = parts.next().and_then(|last| last.split(['+', ',']).next()).and_then(|n| n.parse::<u32>().ok());
    let authority = parts.find(|p| !p.starts_with(|c: char| c.is_ascii_digit()));
    match (authority, code) {
        (Some("EPSG"), Some(code)) => from_epsg(code),
        (Some("ESRI"), Some(code)) => from_esri(code),
        _ => Err(Error::data("coordinate reference system")
            .got(format!("'{}'", short(text)))
            .rule("a system is named by a code, a PROJ definition or WKT")
            .hint("longitude and latitude on WGS 84 are EPSG:4326")),
    }
}

/// The PROJ definition of a system, axes east and north.
///
/// # Errors
/// A code that is not known.
pub fn to_proj(crs: &Crs) -> Result<String> {
    Ok(params::of(crs)?.to_string())
}

/// Whether two systems are one, under whatever names: the same datum, and the same longitudes or the same plane to a millimetre.
pub fn same(a: &Crs, b: &Crs) -> bool {
    if a == b {
        return true;
    }
    let (Ok(p), Ok(q)) = (params::of(a), params::of(b)) else { return false };
    let kind = |p: &Params| p.text("proj").map(str::to_owned);
    let degrees = a.is_degrees();
    degrees == b.is_degrees()
        && p.datum_words() == q.datum_words()
        && if degrees {
            kind(&p).as_deref() == Some("longlat") && kind(&q) == kind(&p) && p.text("pm") == q.text("pm")
        } else {
            names::same_plane(&p, &q)
        }
}

/// The system of an ESRI code; codes that ESRI shares with EPSG are the same system.
fn from_esri(code: u32) -> Result<Crs> {
    if matches!(code, 102_100 | 102_113) {
        return from_epsg(3857);
    }
    match esri::definition(code) {
        Some(definition) => place(&Params::parse(definition)?, format!("ESRI:{code}")),
        None => from_epsg(code).map_err(|_| unknown(&format!("ESRI:{code}"))),
    }
}

fn from_projjson(text: &str) -> Result<Crs> {
    let refused = || Error::data("coordinate reference system in PROJJSON").rule("it is read where it has the id of a code");
    let json: serde_json::Value = serde_json::from_str(text).map_err(|e| refused().got(e.to_string()))?;
    let id = |json: &serde_json::Value| {
        let id = json.get("id")?;
        let code = id.get("code")?;
        let code = code.as_str().map_or_else(|| code.to_string(), str::to_string);
        Some(format!("{}:{code}", id.get("authority")?.as_str()?))
    };
    let horizontal = json.get("components").and_then(|c| c.get(0));
    match id(&json).or_else(|| horizontal.and_then(id)) {
        Some(name) => parse(&name),
        None => Err(refused()),
    }
}

/// The sort of system a definition is, under a name.
fn place(params: &Params, name: String) -> Result<Crs> {
    match params.text("proj").unwrap_or_default() {
        "geocent" | "cart" => Err(Error::data(name).got("geocentric X, Y, Z").rule("a system is longitude and latitude, or a plane")),
        "longlat" => Ok(Crs::Geodetic(name)),
        "ob_tran" if params.text("o_proj") == Some("longlat") => Ok(Crs::Geodetic(name)),
        "" => Err(Error::data("PROJ definition").got(format!("'{}'", short(&name))).rule("it needs +proj=")),
        _ => Ok(Crs::Projected(name)),
    }
}

fn unknown(name: &str) -> Error {
    Error::data(format!("coordinate reference system '{name}'"))
        .rule("no such code in the EPSG data set held here")
        .hint("look it up at epsg.org; its PROJ definition (+proj=…) is read too")
}

/// A text cut for a message.
fn short(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
