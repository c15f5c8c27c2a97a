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

/// The attributes of a CF grid mapping variable.
///
/// # Errors
/// A system that CF has no words for.
pub fn to_grid_mapping(crs: &Crs) -> Result<esker_core::cube::Attributes> {
    use esker_core::cube::{Attribute, Attributes};
    let mut attributes = Attributes::default();
    if *crs == Crs::Geographic {
        attributes.set("grid_mapping_name", Attribute::Text("latitude_longitude".into()));
        attributes.set("semi_major_axis", Attribute::Numbers(vec![6_378_137.0]));
        attributes.set("inverse_flattening", Attribute::Numbers(vec![298.257_223_563]));
    }
    attributes.set("crs", Attribute::Text(crs.name().to_owned()));
    Ok(attributes)
}
