//! What each variable is for: a coordinate of an axis, bounds, a grid mapping, something that places others, or data.

use esker_core::cube::Attributes;

use super::{RawFile, RawVariable, Stored};

/// What a variable is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Labels of the dimension at that place.
    Coordinate(usize),
    /// Edges of the cells of another variable.
    Bounds,
    /// A grid mapping.
    Mapping,
    /// Named by others as a coordinate or as a term of a formula.
    Auxiliary,
    /// Data.
    Data,
}

/// The place of the variable that `name` means where `from` says it: in its own group, or in one above.
pub(super) fn resolve(raw: &RawFile, from: &str, name: &str) -> Option<usize> {
    let find = |full: &str| raw.variables.iter().position(|v| v.name == full);
    if let Some(rest) = name.strip_prefix('/') {
        return if rest.contains('/') { find(name) } else { find(rest) };
    }
    let mut group = from.rsplit_once('/').map_or("", |(g, _)| g);
    while !group.is_empty() {
        if let Some(found) = find(&format!("{group}/{name}")) {
            return Some(found);
        }
        group = group.rsplit_once('/').map_or("", |(g, _)| g);
    }
    find(name)
}

/// The names in an attribute such as `coordinates = "lon lat"`.
pub(super) fn names<'a>(attributes: &'a Attributes, key: &str) -> Vec<&'a str> {
    attributes.text(key).unwrap_or("").split(|c: char| c.is_whitespace() || c == ',').filter(|n| !n.is_empty()).collect()
}

/// The names of variables in `a: b c: d`; without colons, all of them.
fn terms(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|w| !w.ends_with(':')).collect()
}

/// The names of grid mappings in `crs` or `crs: x y other: lat lon`.
pub(super) fn mappings(text: &str) -> Vec<&str> {
    let keys: Vec<&str> = text.split_whitespace().filter_map(|w| w.strip_suffix(':')).collect();
    if keys.is_empty() { text.split_whitespace().collect() } else { keys }
}

/// The role of every variable.
pub(super) fn roles(raw: &RawFile) -> Vec<Role> {
    let mut roles: Vec<Role> = raw.variables.iter().map(|v| coordinate(raw, v).map_or(Role::Data, Role::Coordinate)).collect();
    let mut give = |name: &str, from: &str, role: Role| {
        if let Some(v) = resolve(raw, from, name)
            && roles[v] == Role::Data
        {
            roles[v] = role;
        }
    };
    for v in &raw.variables {
        for key in ["bounds", "climatology"] {
            names(&v.attributes, key).into_iter().for_each(|n| give(n, &v.name, Role::Bounds));
        }
        if let Some(text) = v.attributes.text("grid_mapping") {
            mappings(text).into_iter().for_each(|n| give(n, &v.name, Role::Mapping));
        }
    }
    for v in &raw.variables {
        names(&v.attributes, "coordinates").into_iter().for_each(|n| give(n, &v.name, Role::Auxiliary));
        if let Some(text) = v.attributes.text("formula_terms") {
            terms(text).into_iter().for_each(|n| give(n, &v.name, Role::Auxiliary));
        }
    }
    for name in names(&raw.attributes, "coordinates") {
        give(name, "", Role::Auxiliary);
    }
    for (role, v) in roles.iter_mut().zip(&raw.variables) {
        let is_mapping = v.dimensions.is_empty() && v.attributes.text("grid_mapping_name").is_some();
        let is_id = v.attributes.text("cf_role").is_some() && v.stored == Stored::Text;
        match role {
            Role::Data if is_mapping => *role = Role::Mapping,
            Role::Data if is_id => *role = Role::Auxiliary,
            _ => {}
        }
    }
    roles
}

/// The dimension that a variable labels: the one it is named after, and its only one.
fn coordinate(raw: &RawFile, v: &RawVariable) -> Option<usize> {
    match v.dimensions.as_slice() {
        [d] if raw.dimensions[*d].0 == v.name => Some(*d),
        _ => None,
    }
}
