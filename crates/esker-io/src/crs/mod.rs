//! Coordinate reference systems: from the ways files name them to one, and from one to another.

use esker_core::{Crs, Error, Result};

/// The system of an EPSG code.
///
/// # Errors
/// A code that is not known.
pub fn from_epsg(code: u32) -> Result<Crs> {
    match code {
        4326 => Ok(Crs::Geographic),
        4001..=4999 => Ok(Crs::Geodetic(format!("EPSG:{code}"))),
        1024..=32767 => Ok(Crs::Projected(format!("EPSG:{code}"))),
        _ => Err(Error::data(format!("EPSG:{code}")).rule("no such system")),
    }
}

/// The CF grid mapping of a system.
///
/// # Errors
/// A system that CF has no words for.
pub fn to_grid_mapping(crs: &Crs) -> Result<esker_core::cube::Attributes> {
    let mut a = esker_core::cube::Attributes::default();
    match crs {
        Crs::Geographic => a.set("grid_mapping_name", esker_core::cube::Attribute::Text("latitude_longitude".into())),
        other => return Err(Error::data(other.name()).rule("no grid mapping")),
    }
    Ok(a)
}
