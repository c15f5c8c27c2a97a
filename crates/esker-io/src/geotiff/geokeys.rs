//! GeoKeys (OGC GeoTIFF 1.1, annex A) and the coordinate reference system they mean.

use std::collections::BTreeMap;

use esker_core::{Crs, Note, Result};

use super::ifd::Directory;
use super::projections;
use crate::source::Source;

/// A key's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Code(u16),
    Reals(Vec<f64>),
    Text(String),
}

/// The keys of a raster.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct GeoKeys(pub BTreeMap<u16, Key>);

pub(super) const MODEL_TYPE: u16 = 1024;
pub(super) const RASTER_TYPE: u16 = 1025;
pub(super) const CITATION: u16 = 1026;
pub(super) const GEODETIC_CRS: u16 = 2048;
pub(super) const GEODETIC_CITATION: u16 = 2049;
pub(super) const DATUM: u16 = 2050;
pub(super) const ANGLE_UNIT: u16 = 2054;
pub(super) const ELLIPSOID: u16 = 2056;
pub(super) const SEMI_MAJOR: u16 = 2057;
pub(super) const SEMI_MINOR: u16 = 2058;
pub(super) const INVERSE_FLATTENING: u16 = 2059;
pub(super) const PRIME_MERIDIAN: u16 = 2061;
pub(super) const PROJECTED_CRS: u16 = 3072;
pub(super) const PROJECTED_CITATION: u16 = 3073;
pub(super) const PROJECTION: u16 = 3074;
pub(super) const METHOD: u16 = 3075;
pub(super) const LENGTH_UNIT: u16 = 3076;
pub(super) const LENGTH_UNIT_SIZE: u16 = 3077;
/// What the standard calls user-defined.
pub(super) const USER_DEFINED: u16 = 32_767;

impl GeoKeys {
    /// The keys of an image; none where it has no directory of keys. Keys that point nowhere are left out.
    pub fn read(source: &Source, ifd: &Directory) -> Result<Self> {
        let Some(shorts) = ifd.uints(source, 34_735)? else { return Ok(Self::default()) };
        let shorts: Vec<u16> = shorts.iter().map(|&s| s.min(65_535) as u16).collect();
        let reals = ifd.reals(source, 34_736)?.unwrap_or_default();
        let texts = match ifd.raw(source, 34_737)? {
            Some((_, bytes)) => bytes,
            None => Vec::new(),
        };
        let count = usize::from(shorts.get(3).copied().unwrap_or(0));
        let mut keys = BTreeMap::new();
        for entry in shorts.get(4..).unwrap_or_default().chunks_exact(4).take(count) {
            let (from, len) = (usize::from(entry[3]), usize::from(entry[2]));
            let value = match entry[1] {
                0 => Some(Key::Code(entry[3])),
                34_735 => shorts.get(from).map(|&s| Key::Code(s)),
                34_736 => reals.get(from..from + len).filter(|r| !r.is_empty()).map(|r| Key::Reals(r.to_vec())),
                34_737 => texts
                    .get(from..(from + len).min(texts.len()))
                    .map(|t| Key::Text(String::from_utf8_lossy(t).trim_end_matches(['|', '\0']).trim().to_owned())),
                _ => None,
            };
            if let Some(value) = value {
                keys.insert(entry[0], value);
            }
        }
        Ok(Self(keys))
    }

    /// The tags 34735, 34736 and 34737 of the keys.
    pub fn tags(&self) -> (Vec<u16>, Vec<f64>, String) {
        let (mut shorts, mut reals, mut texts) = (vec![1, 1, 1, self.0.len() as u16], Vec::new(), String::new());
        for (&key, value) in &self.0 {
            match value {
                Key::Code(code) => shorts.extend([key, 0, 1, *code]),
                Key::Reals(values) => {
                    shorts.extend([key, 34_736, values.len() as u16, reals.len() as u16]);
                    reals.extend(values);
                }
                Key::Text(text) => {
                    shorts.extend([key, 34_737, text.len() as u16 + 1, texts.len() as u16]);
                    texts.push_str(text);
                    texts.push('|');
                }
            }
        }
        (shorts, reals, texts)
    }

    /// A code that says something; 0 is undefined.
    pub fn code(&self, key: u16) -> Option<u16> {
        match self.0.get(&key) {
            Some(Key::Code(code)) if *code != 0 => Some(*code),
            _ => None,
        }
    }

    /// A number.
    pub fn real(&self, key: u16) -> Option<f64> {
        match self.0.get(&key) {
            Some(Key::Reals(values)) => values.first().copied().filter(|v| v.is_finite()),
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self, key: u16) -> Option<&str> {
        match self.0.get(&key) {
            Some(Key::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether coordinates are of the cells' centres.
    pub fn is_point(&self) -> bool {
        self.code(RASTER_TYPE) == Some(2)
    }

    /// Metres a unit of the projected axes.
    pub fn metres(&self) -> f64 {
        match self.code(LENGTH_UNIT) {
            Some(9002) => 0.3048,
            Some(9003) => 1200.0 / 3937.0,
            Some(9036) => 1000.0,
            Some(9005) => 0.304_797_265_4,
            Some(USER_DEFINED) => self.real(LENGTH_UNIT_SIZE).filter(|s| *s > 0.0).unwrap_or(1.0),
            _ => 1.0,
        }
    }

    /// Degrees a unit of the angular parameters.
    pub fn degrees(&self) -> f64 {
        match self.code(ANGLE_UNIT) {
            Some(9101) => 180.0 / std::f64::consts::PI,
            Some(9105 | 9106) => 0.9,
            _ => 1.0,
        }
    }
}

/// The system that the keys mean, with what had to be decided.
pub(super) fn from_geokeys(keys: &GeoKeys) -> (Option<Crs>, Vec<Note>) {
    let mut notes = Vec::new();
    if let Some(code) = keys.code(4096) {
        let name = keys.text(4097).map_or_else(|| format!("EPSG:{code}"), str::to_owned);
        notes.push(Note::info("vertical-system", format!("heights are in the vertical system {name}; they are not converted")));
    }
    let model = keys.code(MODEL_TYPE).or_else(|| {
        // Some writers leave the model out.
        if keys.code(PROJECTED_CRS).is_some() { Some(1) } else { keys.code(GEODETIC_CRS).map(|_| 2) }
    });
    let crs = match model {
        None => None,
        Some(1) => projected(keys, &mut notes),
        Some(2) => geodetic(keys, &mut notes),
        Some(USER_DEFINED) => written_out(keys, &mut notes),
        Some(other) => {
            let what = if other == 3 { "geocentric".to_owned() } else { format!("of model {other}") };
            notes.push(Note::warning("unknown-crs", format!("the raster's coordinates are {what}: x and y have no known system")));
            None
        }
    };
    (crs, notes)
}

fn by_code(code: u16, notes: &mut Vec<Note>) -> Option<Crs> {
    match crate::crs::from_epsg(u32::from(code)) {
        Ok(crs) => Some(crs),
        Err(error) => {
            notes.push(Note::warning("unknown-crs", format!("the raster names the system EPSG:{code}, which is not known: {error}")));
            None
        }
    }
}

fn projected(keys: &GeoKeys, notes: &mut Vec<Note>) -> Option<Crs> {
    if let Some(code) = keys.code(PROJECTED_CRS).filter(|&c| c != USER_DEFINED) {
        return by_code(code, notes);
    }
    if let Some(definition) = projections::to_proj(keys) {
        notes.push(Note::info(
            "crs-from-parameters",
            format!("the raster names no code for its system; read from its parameters as {definition}"),
        ));
        return Some(Crs::Projected(definition));
    }
    written_out(keys, notes)
}

/// A system that only a citation gives, as text.
fn written_out(keys: &GeoKeys, notes: &mut Vec<Note>) -> Option<Crs> {
    let citations = || [PROJECTED_CITATION, CITATION].iter().filter_map(|&k| keys.text(k));
    for citation in citations() {
        if let Some(definition) = projections::from_citation(citation) {
            notes.push(Note::info("crs-from-citation", format!("the raster's system is written out as text; read as {definition}")));
            return Some(Crs::Projected(definition));
        }
    }
    let name = citations().next().unwrap_or("no name").chars().take(200).collect::<String>();
    notes.push(Note::warning("unknown-crs", format!("the raster's projection is not known ({name}): x and y have no known system")));
    None
}

fn geodetic(keys: &GeoKeys, notes: &mut Vec<Note>) -> Option<Crs> {
    if let Some(code) = keys.code(GEODETIC_CRS).filter(|&c| c != USER_DEFINED) {
        return by_code(code, notes);
    }
    let definition = format!("+proj=longlat {} +no_defs", projections::figure(keys)?);
    notes.push(Note::info(
        "crs-from-parameters",
        format!("the raster names no code for its system; read from its parameters as {definition}"),
    ));
    Some(Crs::Geodetic(definition))
}
