//! CF conventions the other way: the attributes of axes, variables, systems and files as they are written, to NetCDF and Zarr alike.

use esker_core::cube::{Attribute, Attributes, Axis, AxisKind, Labels, Variable};
use esker_core::{Cube, Result};

/// Units of temperature. Whether values are differences or on the scale, which CF wants to know, no unit tells.
const TEMPERATURES: [&str; 7] = ["K", "kelvin", "degC", "celsius", "Celsius", "degree_Celsius", "degF"];

/// What is written of a cube, and under which names.
pub(crate) struct Encoder<'a> {
    cube: &'a Cube,
    /// The variables chosen, and those that place them.
    pub variables: Vec<usize>,
    chosen: &'a [usize],
    /// Variables of 2-D coordinates.
    placing: Vec<String>,
    /// Variables that place points.
    points: Vec<String>,
    /// The variable that describes the CRS.
    mapping: Option<&'a str>,
    /// The name that attributes of the format know a variable by.
    name: fn(&str) -> String,
}

impl<'a> Encoder<'a> {
    /// `mapping` is the name of the variable that is to describe the CRS.
    ///
    /// # Errors
    /// The cube names places that are not there.
    pub fn of(cube: &'a Cube, chosen: &'a [usize], mapping: &'a str, name: fn(&str) -> String) -> Result<Self> {
        let mut variables = chosen.to_vec();
        let placing: Vec<String> = cube.places.iter().flat_map(|(x, y)| [x.clone(), y.clone()]).collect();
        for place in &placing {
            let v = cube.variable(place)?;
            if !variables.contains(&v) {
                variables.push(v);
            }
        }
        let mapping = cube.crs.as_ref().map(|_| mapping);
        Ok(Self { cube, variables, chosen, placing, points: point_coordinates(cube), mapping, name })
    }

    /// The attributes of the file, with what was done to it put before its history.
    pub fn global(&self, history: Option<&str>) -> Attributes {
        let of_file = &self.cube.attributes;
        let mut attributes = named(of_file.0.iter().filter(|(n, _)| !n.starts_with('_')));
        if attributes.text("title").is_none_or(|t| t.trim().is_empty()) {
            let all = self.chosen.iter().map(|&v| &self.cube.variables()[v]);
            let list: Vec<&str> = all.map(|v| v.attributes.text("long_name").unwrap_or(&v.name)).take(4).collect();
            let more = if list.len() < self.chosen.len() { ", …" } else { "" };
            attributes.set("title", Attribute::Text(list.join(", ") + more));
        }
        attributes.set("Conventions", text("CF-1.11"));
        if let Some(history) = history {
            let before = of_file.text("history").map(|h| format!("\n{h}")).unwrap_or_default();
            attributes.set("history", Attribute::Text(format!("{history}{before}")));
        }
        attributes
    }

    /// The attributes of an axis's labels; those of times count in `step` (`days`) since 1970-01-01 of the proleptic Gregorian calendar.
    pub fn axis(&self, axis: &Axis, step: &str) -> Attributes {
        let mut attributes = written(&axis.attributes);
        let letter = match axis.kind {
            AxisKind::X => Some("X"),
            AxisKind::Y => Some("Y"),
            AxisKind::Z => Some("Z"),
            AxisKind::T => Some("T"),
            AxisKind::Other => None,
        };
        let is_text = matches!(axis.labels, Some(Labels::Text(_)));
        if let Some(letter) = letter.filter(|_| !is_text) {
            attributes.set("axis", text(letter));
        }
        if attributes.get("standard_name").is_none()
            && let Some(standard) = standard_name(self.cube, axis.kind)
        {
            attributes.set("standard_name", text(standard));
        }
        self.long_name(&axis.name, &mut attributes);
        if !axis.unit.is_empty() {
            attributes.set("units", text(axis.unit.as_str()));
        }
        if let Some(Labels::Time { calendar, .. }) = &axis.labels {
            attributes.set("units", Attribute::Text(format!("{step} since {}", calendar.date(0.0))));
            attributes.set("calendar", text(calendar.name()));
            if calendar.is_real() && attributes.get("units_metadata").is_none() {
                attributes.set("units_metadata", text("leap_seconds: unknown"));
            }
        }
        if is_text {
            attributes.0.retain(|(n, _)| n != "axis");
        }
        if axis.bounds.is_some() {
            attributes.set("bounds", Attribute::Text(self.bounds(axis)));
        }
        attributes
    }

    /// The name of the variable that bounds an axis's cells.
    pub fn bounds(&self, axis: &Axis) -> String {
        format!("{}_bnds", (self.name)(&axis.name))
    }

    /// The attributes of a variable, with its unit, its long name and what places it.
    pub fn variable(&self, v: usize) -> Attributes {
        let variable = &self.cube.variables()[v];
        let mut attributes = written(&variable.attributes);
        if !variable.unit.is_empty() {
            attributes.set("units", text(variable.unit.as_str()));
            if TEMPERATURES.contains(&variable.unit.as_str()) && attributes.get("units_metadata").is_none() {
                attributes.set("units_metadata", text("temperature: unknown"));
            }
        }
        self.long_name(&variable.name, &mut attributes);
        let list = |names: &[String]| Attribute::Text(names.iter().map(|n| (self.name)(n)).collect::<Vec<_>>().join(" "));
        let places_itself = self.placing.contains(&variable.name);
        let first = self.placing.first().and_then(|p| self.cube.variable(p).ok());
        if !places_itself && first.is_some_and(|p| self.cube.variables()[p].axes.iter().all(|a| variable.axes.contains(a))) {
            attributes.set("coordinates", list(&self.placing));
        }
        if !self.points.is_empty() && !self.points.contains(&variable.name) {
            attributes.set("coordinates", list(&self.points));
        }
        let on_map = |kind| self.cube.axis_of(kind).is_some_and(|a| variable.axes.contains(&a));
        if let Some(mapping) = self.mapping.filter(|_| on_map(AxisKind::X) && on_map(AxisKind::Y) && !places_itself) {
            attributes.set("grid_mapping", text(mapping));
        }
        attributes
    }

    fn long_name(&self, name: &str, attributes: &mut Attributes) {
        if ["long_name", "standard_name"].iter().all(|n| attributes.get(n).is_none()) {
            attributes.set("long_name", text(name));
        }
    }

    /// The variable that describes the CRS.
    ///
    /// # Errors
    /// A system that CF cannot describe.
    pub fn mapping(&self) -> Result<Option<(String, Attributes)>> {
        let both = self.cube.crs.as_ref().zip(self.mapping);
        both.map(|(crs, name)| Ok((name.to_owned(), crate::crs::to_grid_mapping(crs)?))).transpose()
    }
}

fn text(text: &str) -> Attribute {
    Attribute::Text(text.to_owned())
}

/// Attributes without those that describe how the file they come from stores values, or that name other variables.
fn written(attributes: &Attributes) -> Attributes {
    const OF_THE_FILE: [&str; 16] = [
        "_FillValue",
        "missing_value",
        "scale_factor",
        "add_offset",
        "valid_min",
        "valid_max",
        "valid_range",
        "actual_range",
        "_Unsigned",
        "grid_mapping",
        "coordinates",
        "bounds",
        "calendar",
        "formula_terms",
        "cell_measures",
        "ancillary_variables",
    ];
    named(attributes.0.iter().filter(|(n, _)| !n.starts_with('_') && !OF_THE_FILE.contains(&n.as_str())))
}

/// Attributes under names that CF allows: letters, digits and underscores. What GDAL took from the head of a NetCDF file gets its name back.
fn named<'a>(attributes: impl Iterator<Item = &'a (String, Attribute)>) -> Attributes {
    let mut out = Attributes::default();
    for (name, value) in attributes {
        let name = name.strip_prefix("NC_GLOBAL#").unwrap_or(name);
        let mut plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
            plain.insert_str(0, "a_");
        }
        if out.get(&plain).is_none() {
            out.set(plain, value.clone());
        }
    }
    out
}

/// The variables that place points in space and time.
fn point_coordinates(cube: &Cube) -> Vec<String> {
    if cube.attributes.text("featureType") != Some("point") {
        return Vec::new();
    }
    let places = |v: &&Variable| matches!(v.attributes.text("standard_name"), Some("time" | "latitude" | "longitude"));
    cube.variables().iter().filter(places).map(|v| v.name.clone()).collect()
}

fn standard_name(cube: &Cube, kind: AxisKind) -> Option<&'static str> {
    if kind == AxisKind::T {
        return Some("time");
    }
    let degrees = cube.crs.as_ref()?.is_degrees();
    match (kind, degrees) {
        (AxisKind::X, true) => Some("longitude"),
        (AxisKind::Y, true) => Some("latitude"),
        (AxisKind::X, false) => Some("projection_x_coordinate"),
        (AxisKind::Y, false) => Some("projection_y_coordinate"),
        _ => None,
    }
}
