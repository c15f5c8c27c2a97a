//! What an axis measures: by `axis`, `standard_name` and `units`, and only then by its name (CF 1.11, section 4).

use esker_core::cube::{Attributes, AxisKind};

/// Spellings of degrees east and north that CF allows.
const EAST: [&str; 6] = ["degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"];
const NORTH: [&str; 6] = ["degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"];
/// Units of pressure, which make an axis vertical.
const PRESSURE: [&str; 11] = ["pa", "hpa", "kpa", "bar", "mbar", "millibar", "millibars", "mb", "decibar", "dbar", "atm"];

/// How a kind was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// By attributes.
    Attributes,
    /// By the name alone.
    Name,
    /// Not at all.
    Not,
}

/// The kind of an axis, and how it was told.
pub(super) fn kind(name: &str, attributes: &Attributes) -> (AxisKind, Told) {
    match by_attributes(attributes) {
        Some(kind) => (kind, Told::Attributes),
        None => by_name(name, attributes).map_or((AxisKind::Other, Told::Not), |k| (k, Told::Name)),
    }
}

fn by_attributes(attributes: &Attributes) -> Option<AxisKind> {
    let text = |key: &str| attributes.text(key).map(|t| t.trim().to_ascii_lowercase()).unwrap_or_default();
    let by_axis = match text("axis").as_str() {
        "x" => Some(AxisKind::X),
        "y" => Some(AxisKind::Y),
        "z" => Some(AxisKind::Z),
        "t" => Some(AxisKind::T),
        _ => None,
    };
    let units = text("units");
    let by_standard = match text("standard_name").as_str() {
        "longitude" | "grid_longitude" | "projection_x_coordinate" | "projection_x_angular_coordinate" => Some(AxisKind::X),
        "latitude" | "grid_latitude" | "projection_y_coordinate" | "projection_y_angular_coordinate" => Some(AxisKind::Y),
        "time" => Some(AxisKind::T),
        "height" | "depth" | "altitude" | "air_pressure" | "model_level_number" | "height_above_reference_ellipsoid" => Some(AxisKind::Z),
        s if ["atmosphere_", "ocean_"].iter().any(|p| s.starts_with(p)) && s.ends_with("_coordinate") => Some(AxisKind::Z),
        _ => None,
    };
    let by_units = || match units.as_str() {
        u if EAST.contains(&u) => Some(AxisKind::X),
        u if NORTH.contains(&u) => Some(AxisKind::Y),
        u if u.contains(" since ") || u.starts_with("day as %y") => Some(AxisKind::T),
        u if PRESSURE.contains(&u) => Some(AxisKind::Z),
        _ if !text("positive").is_empty() => Some(AxisKind::Z),
        _ => None,
    };
    by_axis.or(by_standard).or_else(by_units)
}

fn by_name(name: &str, attributes: &Attributes) -> Option<AxisKind> {
    let leaf = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    // A bare x may be any distance: it is an easting only where it has a unit.
    if ["x", "y", "z", "t"].contains(&leaf.as_str()) && attributes.get("units").is_none() {
        return None;
    }
    Some(match leaf.as_str() {
        "lon" | "longitude" | "long" | "x" | "easting" | "eastings" | "rlon" | "nav_lon" => AxisKind::X,
        "lat" | "latitude" | "y" | "northing" | "northings" | "rlat" | "nav_lat" => AxisKind::Y,
        "time" | "t" | "date" | "datetime" => AxisKind::T,
        "z" | "lev" | "level" | "levels" | "plev" | "depth" | "height" | "altitude" | "isobaric" | "pressure" => AxisKind::Z,
        _ => return None,
    })
}

/// Whether coordinates are true longitudes (x) or latitudes (y) in degrees, not those of a rotated grid.
pub(super) fn is_degrees(kind: AxisKind, name: &str, attributes: &Attributes) -> bool {
    let text = |key: &str| attributes.text(key).map(|t| t.trim().to_ascii_lowercase()).unwrap_or_default();
    let (units, standard) = (text("units"), text("standard_name"));
    let leaf = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let (spellings, full, names) = match kind {
        AxisKind::X => (&EAST, "longitude", ["lon", "longitude", "long"]),
        AxisKind::Y => (&NORTH, "latitude", ["lat", "latitude", "lat"]),
        _ => return false,
    };
    if !standard.is_empty() && standard != full {
        return false;
    }
    spellings.contains(&units.as_str())
        || (standard == full || names.contains(&leaf.as_str())) && ["", "degree", "degrees", "deg"].contains(&units.as_str())
}

/// Whether a variable that is no axis places cells: longitudes (`X`) or latitudes (`Y`) in degrees.
pub(super) fn places(name: &str, attributes: &Attributes) -> Option<AxisKind> {
    let leaf = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let known = attributes.text("standard_name").is_some() || attributes.text("units").is_some() || leaf.starts_with("l");
    [AxisKind::X, AxisKind::Y].into_iter().find(|&k| known && is_degrees(k, name, attributes))
}
