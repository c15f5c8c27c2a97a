//! Where cells are: the CRS of the axes by grid mapping or by degrees, and 2-D longitudes and latitudes.

use esker_core::cube::{Attributes, Axis, AxisKind};
use esker_core::{Crs, Note};

use super::RawFile;
use super::axes::{is_degrees, places};
use super::roles::{Role, mappings, resolve};
use crate::crs::from_grid_mapping;

/// The CRS that the file's grid mappings or axes say.
pub(super) fn crs(raw: &RawFile, roles: &[Role], axes: &[Axis], placed: bool, notes: &mut Vec<Note>) -> Option<Crs> {
    let mut named: Vec<usize> = Vec::new();
    for (v, _) in raw.variables.iter().zip(roles).filter(|(_, r)| **r == Role::Data) {
        // In `crs: x y other: lat lon` the first mapping is that of the axes.
        let text = v.attributes.text("grid_mapping").unwrap_or("");
        let Some(name) = mappings(text).into_iter().next() else { continue };
        match resolve(raw, &v.name, name) {
            Some(m) if !named.contains(&m) => named.push(m),
            Some(_) => {}
            None => {
                let text = format!("'{}' names a grid mapping '{name}' that is not in the file", v.name);
                notes.push(Note::warning("crs-missing", text));
            }
        }
    }
    if named.is_empty() {
        named.extend(roles.iter().position(|r| *r == Role::Mapping));
    }
    if let [_, _, ..] = named.as_slice() {
        let names: Vec<&str> = named.iter().map(|&m| raw.variables[m].name.as_str()).collect();
        notes.push(Note::warning(
            "crs-several",
            format!("variables have different grid mappings ({}): the first is taken", names.join(", ")),
        ));
    }
    match named.first() {
        Some(&m) => mapped(&raw.variables[m].name, &raw.variables[m].attributes, notes),
        None => unmapped(raw, axes, placed, notes),
    }
}

fn mapped(name: &str, attributes: &Attributes, notes: &mut Vec<Note>) -> Option<Crs> {
    let kind = attributes.text("grid_mapping_name").unwrap_or("unnamed");
    match from_grid_mapping(attributes) {
        Ok(Some(crs)) => {
            notes.push(Note::info("crs", format!("the CRS is {} by grid mapping '{name}' ({kind})", crs.name())));
            Some(crs)
        }
        Ok(None) => {
            notes.push(Note::warning(
                "crs-unknown",
                format!("grid mapping '{name}' ({kind}) is not one that Esker knows: places have no CRS"),
            ));
            None
        }
        Err(e) => {
            notes.push(Note::warning("crs-unknown", format!("grid mapping '{name}' ({kind}) cannot be used: {e}")));
            None
        }
    }
}

fn unmapped(raw: &RawFile, axes: &[Axis], placed: bool, notes: &mut Vec<Note>) -> Option<Crs> {
    let degrees = |kind: AxisKind| {
        raw.variables.iter().zip(raw.variables.iter().map(|v| v.dimensions.as_slice())).any(|(v, d)| match d {
            [d] => axes[*d].kind == kind && axes[*d].name == v.name && is_degrees(kind, &v.name, &v.attributes),
            _ => false,
        })
    };
    let of_axes = degrees(AxisKind::X) && degrees(AxisKind::Y);
    let labelled = |kind: AxisKind| axes.iter().any(|a| a.kind == kind && a.labels.is_some());
    let planar = labelled(AxisKind::X) && labelled(AxisKind::Y);
    if of_axes || (placed && !planar) {
        let text = "longitudes and latitudes in degrees without a grid mapping: taken for EPSG:4326 (WGS 84)";
        notes.push(Note::info("crs-degrees", text));
        return Some(Crs::Geographic);
    }
    if let Some(text) = raw.attributes.text("pyproj_srs").map(str::trim).filter(|t| planar && t.starts_with("+proj=")) {
        notes.push(Note::info("crs", format!("the CRS is '{text}' by the global attribute pyproj_srs")));
        let degrees = text.contains("+proj=longlat") || text.contains("+proj=latlong");
        return Some(if degrees { Crs::Geodetic(text.to_owned()) } else { Crs::Projected(text.to_owned()) });
    }
    if planar {
        notes.push(Note::warning("crs-missing", "x and y have no CRS: the file has no grid mapping and they are not in degrees"));
    }
    None
}

/// The variables that place cells as longitude and latitude without being axes, those with most axes first.
pub(super) fn placing(raw: &RawFile, roles: &[Role]) -> Option<(usize, usize)> {
    let of = |kind: AxisKind| {
        let found = (0..raw.variables.len()).filter(move |&v| {
            let raw = &raw.variables[v];
            matches!(roles[v], Role::Auxiliary | Role::Data)
                && raw.stored != super::Stored::Text
                && !raw.dimensions.is_empty()
                && places(&raw.name, &raw.attributes) == Some(kind)
        });
        found.collect::<Vec<_>>()
    };
    let (east, north) = (of(AxisKind::X), of(AxisKind::Y));
    let pairs = east.iter().flat_map(|&x| north.iter().map(move |&y| (x, y)));
    let fitting = pairs.filter(|&(x, y)| raw.variables[x].dimensions == raw.variables[y].dimensions);
    fitting.min_by_key(|&(x, _)| (usize::MAX - raw.variables[x].dimensions.len(), roles[x] == Role::Data))
}
