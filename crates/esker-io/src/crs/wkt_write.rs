//! Writing WKT 1 as GDAL does: the EPSG data set's own text for codes, else built from the PROJ definition.

use esker_core::{Crs, Error, Result};

use super::params::{self, Params};
use super::short;
use super::transform::{build, metres_per_unit};

/// WKT 1 of a system. A projection that WKT 1 has no name for carries its PROJ definition in an `EXTENSION`, which GDAL reads.
///
/// # Errors
/// A code that is not known, a rotated pole (WKT 1 has none).
pub fn to_wkt(crs: &Crs) -> Result<String> {
    if let Some(("EPSG", code)) = crs.name().split_once(':')
        && let Some(definition) = code.parse().ok().and_then(crs_definitions::from_code)
    {
        return Ok(definition.wkt.to_string());
    }
    let params = params::of(crs)?;
    if params.text("proj") == Some("ob_tran") {
        return Err(Error::data(format!("coordinate reference system '{}'", short(crs.name())))
            .rule("WKT 1 has no rotated poles")
            .hint("write NetCDF, which has (rotated_latitude_longitude)"));
    }
    let globe = geogcs(&params)?;
    if crs.is_degrees() {
        return Ok(globe);
    }
    let name = if crs.name().starts_with('+') { "unnamed" } else { crs.name() };
    let unit = metres_per_unit(crs)?;
    let unit = if unit == 1.0 { "UNIT[\"metre\",1]".to_string() } else { format!("UNIT[\"unit\",{unit}]") };
    let projection = match projection(&params, metres_per_unit(crs)?) {
        Some(text) => format!("{text},{unit},AXIS[\"Easting\",EAST],AXIS[\"Northing\",NORTH]"),
        None => format!("PROJECTION[\"custom_proj4\"],{unit},EXTENSION[\"PROJ4\",\"{params} +wktext +no_defs\"]"),
    };
    Ok(format!("PROJCS[\"{name}\",{globe},{projection}]"))
}

fn geogcs(params: &Params) -> Result<String> {
    let (a, b) = build(&params.degrees())?.ellipse_parameters();
    let rf = if a == b { 0.0 } else { round(a / (a - b)) };
    let (name, datum) = match params.text("datum").map(str::to_ascii_uppercase).as_deref() {
        Some("WGS84") => ("WGS 84", "WGS_1984".to_string()),
        Some("NAD83") => ("NAD83", "North_American_Datum_1983".to_string()),
        Some("NAD27") => ("NAD27", "North_American_Datum_1927".to_string()),
        Some(other) => ("unknown", other.to_string()),
        None => ("unknown", "unknown".to_string()),
    };
    let shift = params.text("towgs84").map_or(String::new(), |t| format!(",TOWGS84[{}]", seven(t)));
    let pm = build(&params.degrees())?.from_greenwich().to_degrees();
    let pm = if pm == 0.0 { "PRIMEM[\"Greenwich\",0]".to_string() } else { format!("PRIMEM[\"unknown\",{}]", round(pm)) };
    Ok(format!(
        "GEOGCS[\"{name}\",DATUM[\"{datum}\",SPHEROID[\"{}\",{a},{rf}]{shift}],{pm},UNIT[\"degree\",0.0174532925199433]]",
        params.text("ellps").unwrap_or(if params.text("datum") == Some("WGS84") { "WGS 84" } else { "unknown" })
    ))
}

/// Shift parameters as the seven that WKT wants.
fn seven(shift: &str) -> String {
    let mut numbers: Vec<&str> = shift.split(',').collect();
    numbers.resize(7, "0");
    numbers.join(",")
}

/// Numbers of a quotient without the noise of the division.
fn round(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// PROJECTION and its parameters, lengths in the plane's unit.
fn projection(params: &Params, unit: f64) -> Option<String> {
    let number = |name: &str| params.number(name).unwrap_or(0.0);
    let (lat_0, lon_0) = (number("lat_0"), number("lon_0"));
    let scale = params.number("k_0").or_else(|| params.number("k")).unwrap_or(1.0);
    let (x_0, y_0) = (number("x_0") / unit, number("y_0") / unit);
    let origin = [("latitude_of_origin", lat_0), ("central_meridian", lon_0)];
    let scaled = [origin[0], origin[1], ("scale_factor", scale)];
    let centre = [("latitude_of_center", lat_0), ("longitude_of_center", lon_0)];
    let parallels = [("standard_parallel_1", number("lat_1")), ("standard_parallel_2", number("lat_2"))];
    let (name, own) = match params.text("proj")? {
        "utm" => {
            let zone = params.number("zone").filter(|z| (1.0..=60.0).contains(z))?;
            let south = if params.has("south") { 1e7 } else { 0.0 };
            let own = vec![("latitude_of_origin", 0.0), ("central_meridian", zone * 6.0 - 183.0), ("scale_factor", 0.9996)];
            return Some(text("Transverse_Mercator", own, (500_000.0 / unit, south / unit)));
        }
        "tmerc" if !params.has("axis") => ("Transverse_Mercator", scaled.to_vec()),
        "lcc" if params.has("lat_2") && params.number("lat_2") != params.number("lat_1") => {
            ("Lambert_Conformal_Conic_2SP", [parallels, origin].concat())
        }
        "lcc" if !params.has("lat_0") || number("lat_0") == number("lat_1") => {
            ("Lambert_Conformal_Conic_1SP", vec![("latitude_of_origin", number("lat_1")), origin[1], scaled[2]])
        }
        "lcc" if scale == 1.0 => {
            ("Lambert_Conformal_Conic_2SP", [[parallels[0], ("standard_parallel_2", number("lat_1"))], origin].concat())
        }
        "aea" => ("Albers_Conic_Equal_Area", [parallels, centre].concat()),
        "eqdc" => ("Equidistant_Conic", [centre, parallels].concat()),
        "laea" => ("Lambert_Azimuthal_Equal_Area", centre.to_vec()),
        "aeqd" => ("Azimuthal_Equidistant", centre.to_vec()),
        "stere" if lat_0.abs() == 90.0 => {
            let true_scale = params.number("lat_ts").unwrap_or(lat_0);
            ("Polar_Stereographic", vec![("latitude_of_origin", true_scale), origin[1], scaled[2]])
        }
        "stere" => ("Stereographic", scaled.to_vec()),
        "sterea" => ("Oblique_Stereographic", scaled.to_vec()),
        "merc" if number("lat_ts") != 0.0 => ("Mercator_2SP", vec![("standard_parallel_1", number("lat_ts")), origin[1]]),
        "merc" => ("Mercator_1SP", vec![origin[1], scaled[2]]),
        "cea" => ("Cylindrical_Equal_Area", vec![("standard_parallel_1", number("lat_ts")), origin[1]]),
        "sinu" => ("Sinusoidal", vec![("longitude_of_center", lon_0)]),
        "moll" => ("Mollweide", vec![origin[1]]),
        "robin" => ("Robinson", vec![("longitude_of_center", lon_0)]),
        _ => return None,
    };
    Some(text(name, own, (x_0, y_0)))
}

fn text(name: &str, own: Vec<(&str, f64)>, (x_0, y_0): (f64, f64)) -> String {
    let mut out = format!("PROJECTION[\"{name}\"]");
    for (name, value) in own.into_iter().chain([("false_easting", x_0), ("false_northing", y_0)]) {
        out.push_str(&format!(",PARAMETER[\"{name}\",{value}]"));
    }
    out
}
