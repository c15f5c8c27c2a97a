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
