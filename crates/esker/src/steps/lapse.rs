//! Temperatures brought to the height of each row: which variables are temperatures on their scale, and what is added to them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use esker_core::cube::Variable;
use esker_core::{Error, Note, Result, Unit};
use esker_io::Stat;

use super::Scene;
use super::climate::{Fetch, Rows};
use super::file::open;
use crate::columns::unknown_column;
use crate::recipe::{FilePart, Lapse, matches};

/// Standard gravity (m s-2), which turns geopotential into height (WMO).
const GRAVITY: f64 = 9.806_65;

/// Words of standard names that are of differences, errors and spreads.
const DIFFERENCES: [&str; 16] = [
    "anomaly",
    "difference",
    "range",
    "depression",
    "deficit",
    "excess",
    "tendency",
    "change",
    "trend",
    "bias",
    "error",
    "uncertainty",
    "spread",
    "deviation",
    "departure",
    "increment",
];

/// Words of other names that are; a trend or change may be what a file is for rather than what a variable is.
const WORDS: [&str; 20] = [
    "anomaly",
    "anomalies",
    "anom",
    "anoms",
    "range",
    "dtr",
    "amplitude",
    "difference",
    "diff",
    "delta",
    "bias",
    "error",
    "uncertainty",
    "spread",
    "std",
    "stddev",
    "sd",
    "deviation",
    "departure",
    "increment",
];

/// Methods over cells whose result does not lie on the scale of what it is made of (CF 1.11, appendix E).
const METHODS: [&str; 5] = ["range", "standard_deviation", "variance", "sum", "sum_of_squares"];

/// What is added to temperatures for height.
pub(super) struct Lift {
    /// K, one a row.
    add: Vec<f64>,
    /// What is said of it.
    text: String,
    /// The variables that it was added to.
    lifted: RefCell<BTreeSet<String>>,
    /// Those in units of temperature that it was not, and why.
    left: RefCell<BTreeMap<String, String>>,
}

impl Lift {
    /// For the height of each row above that of the grid, whose heights `fetch` brings from `cube` or the file that `lapse` names.
    ///
    /// # Errors
    /// Heights that change with time, units that are none of heights, no row with both heights.
    pub fn of(
        lapse: &Lapse,
        (cube, fetch): (&esker_core::Cube, Fetch<'_>),
        rows: &Rows<'_>,
        scene: &Scene<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Self> {
        let other = match &lapse.source {
            Some(source) => Some(open(&FilePart { source: source.clone(), ..FilePart::default() }, scene, Vec::new())?.cube()?.0),
            None => None,
        };
        let from = other.as_ref().unwrap_or(cube);
        let heights = fetch(from, &lapse.from, notes)?;
        let [heights] = &heights[..] else {
            return Err(Error::data(format!("heights '{}'", lapse.from))
                .got(format!("{} times", heights.len()))
                .rule("heights do not change"));
        };
        let unit = &from.variables()[from.variable(&lapse.from)?].unit;
        let potential = ["m2 s-2", "m**2 s**-2"].iter().any(|u| unit.same(&Unit::new(u)));
        let grid_way = if potential { 1.0 / GRAVITY } else { metres(unit, &lapse.from, notes)? };
        if potential {
            notes.push(Note::info("geopotential", format!("'{}' is geopotential; divided by {GRAVITY} m s-2 it is height.", lapse.from)));
        }
        let column = rows.table.columns().iter().find(|c| c.name == lapse.height);
        let column = column.ok_or_else(|| unknown_column(rows.table, &lapse.height, "no such column in the table"))?;
        let own_way = metres(&column.unit, &lapse.height, notes)?;
        let add: Vec<f64> = column
            .reals()?
            .iter()
            .zip(rows.site)
            .map(|(z, site)| site.map_or(f64::NAN, |s| lapse.rate * (z * own_way - heights[s] * grid_way)))
            .collect();
        let known: Vec<f64> = add.iter().copied().filter(|v| !v.is_nan()).collect();
        let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        if known.is_empty() {
            return Err(Error::data(format!("heights '{}' and '{}'", lapse.height, lapse.from))
                .got("no row with both")
                .rule("temperatures are brought to the height of each row"));
        }
        let text = format!(
            "brought from '{}' to the height '{}' at {} K m-1: {low:.2} to {high:.2} K were added.",
            lapse.from, lapse.height, lapse.rate
        );
        Ok(Self { add, text, lifted: RefCell::default(), left: RefCell::default() })
    }

    /// What to add to a variable in each row, in its unit: nothing to what is no temperature, or is a difference of temperatures.
    ///
    /// # Errors
    /// Sums over cells, which heights do not correct; a difference that the recipe calls a temperature.
    pub fn to(&self, lapse: &Lapse, v: &Variable, unit: &Unit, stat: Stat) -> Result<Box<dyn Fn(usize) -> f64 + '_>> {
        let nothing = || -> Box<dyn Fn(usize) -> f64> { Box::new(|_| 0.0) };
        let Some(way) = unit.to(&Unit::new("degC")) else { return Ok(nothing()) };
        if let Some(why) = left(lapse, v)? {
            self.left.borrow_mut().insert(v.name.clone(), why);
            return Ok(nothing());
        }
        match stat {
            Stat::Mean | Stat::Min | Stat::Max => {}
            Stat::Sum => {
                return Err(Error::recipe("'lapse'")
                    .got(format!("sums of '{}' over cells", v.name))
                    .rule("means, least and greatest values are brought to the height of a row")
                    .hint("leave sum out of statistics, or lapse out of the step"));
            }
            Stat::Sd | Stat::Count | Stat::Share => return Ok(nothing()),
        }
        self.lifted.borrow_mut().insert(v.name.clone());
        Ok(Box::new(move |row| self.add[row] / way.factor))
    }

    /// Says which variables were brought to the heights of the rows, and which were not.
    ///
    /// # Errors
    /// None was.
    pub fn tell(&self, notes: &mut Vec<Note>) -> Result<()> {
        let (lifted, left) = (self.lifted.borrow(), self.left.borrow());
        let why = left.iter().map(|(name, why)| format!("'{name}' ({why})")).collect::<Vec<_>>().join(", ");
        if lifted.is_empty() {
            let refused = Error::recipe("'lapse'");
            return Err(if left.is_empty() {
                refused
                    .got("no variable in degC, K or degF")
                    .rule("temperatures are brought to the height of a row, and a unit tells them")
                    .hint("leave lapse out, or write the unit into the file")
            } else {
                refused
                    .got(why)
                    .rule("temperatures are brought to the height of a row; their differences are the same at every height")
                    .hint("leave lapse out; where only its name misleads, name it: lapse = { …, of = [\"…\"] }")
            });
        }
        let names: Vec<String> = lifted.iter().map(|n| format!("'{n}'")).collect();
        notes.push(Note::info("lapse", format!("{} {} {}", names.join(", "), if names.len() > 1 { "were" } else { "was" }, self.text)));
        if !left.is_empty() {
            notes.push(Note::info("lapse-left", format!("Not brought to the height of the rows: {why}.")));
        }
        Ok(())
    }
}

/// What turns heights into metres.
fn metres(unit: &Unit, name: &str, notes: &mut Vec<Note>) -> Result<f64> {
    if unit.is_empty() {
        notes.push(Note::warning("unit-assumed", format!("'{name}' has no unit and was taken for m.")));
        return Ok(1.0);
    }
    let way = unit.to(&Unit::new("m"));
    way.map(|w| w.factor)
        .ok_or_else(|| Error::data(format!("height '{name}'")).got(format!("the unit '{unit}'")).rule("m, km or ft are wanted"))
}

/// Why a variable in units of temperature is not brought to the height of a row; `None` where it is. What the recipe names counts, unless the file
/// says by the conventions that it is a difference.
///
/// # Errors
/// A difference that the recipe calls a temperature.
pub(super) fn left(lapse: &Lapse, v: &Variable) -> Result<Option<String>> {
    let said = stated(v);
    if lapse.of.is_empty() {
        return Ok(match said {
            Some(Stated::Scale) => None,
            Some(Stated::Difference(how)) => Some(how),
            None => named(v),
        });
    }
    if !lapse.of.iter().any(|glob| matches(glob, &v.name)) {
        return Ok(Some("not among 'lapse.of'".to_owned()));
    }
    match said {
        Some(Stated::Difference(how)) if lapse.of.contains(&v.name) => Err(Error::recipe("'lapse.of'")
            .got(format!("'{}', {how}", v.name))
            .rule("differences of temperatures are the same at every height")
            .hint("leave it out of lapse.of; a wrong attribute is mended in the file")),
        Some(Stated::Difference(how)) => Ok(Some(how)),
        _ => Ok(None),
    }
}

/// What attributes of the conventions say of a temperature.
enum Stated {
    /// It lies on the scale of its unit.
    Scale,
    /// It is a difference or spread, by this attribute.
    Difference(String),
}

/// What a file says of a temperature: by `units_metadata` (CF 1.11, 3.1.2), `cell_methods` and `standard_name`.
fn stated(v: &Variable) -> Option<Stated> {
    let text = |key: &str| v.attributes.text(key).map(str::to_lowercase).unwrap_or_default();
    let by = |key: &str, said: &str| Some(Stated::Difference(format!("a difference by {key} '{}'", said.trim())));
    let metadata = text("units_metadata");
    if metadata.contains("difference") {
        return by("units_metadata", &metadata);
    }
    let methods = text("cell_methods");
    // What is in brackets is commentary, and words with a colon are axes.
    let mut depth = 0_usize;
    for word in methods.split_whitespace() {
        depth += word.matches('(').count();
        if depth == 0 && METHODS.contains(&word) {
            return by("cell_methods", &methods);
        }
        depth = depth.saturating_sub(word.matches(')').count());
    }
    let standard = text("standard_name");
    if words(&standard).any(|w| DIFFERENCES.contains(&w)) {
        return by("standard_name", &standard);
    }
    metadata.contains("on_scale").then_some(Stated::Scale)
}

/// Why a variable looks like a difference by what it is called.
fn named(v: &Variable) -> Option<String> {
    let called = [v.attributes.text("long_name").unwrap_or_default(), v.name.as_str()];
    called.into_iter().find_map(|name| {
        let lower = name.to_lowercase();
        words(&lower).find(|w| WORDS.contains(w)).map(|w| format!("a difference by '{w}' in its name '{name}'"))
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty())
}

#[cfg(test)]
mod tests {
    use esker_core::cube::{Attribute, Attributes, Holds};

    use super::*;

    fn variable(name: &str, attributes: &[(&str, &str)]) -> Variable {
        let mut own = Attributes::default();
        attributes.iter().for_each(|(k, v)| own.set(*k, Attribute::Text((*v).into())));
        Variable {
            name: name.into(),
            unit: Unit::new("K"),
            axes: Vec::new(),
            chunk: Vec::new(),
            holds: Holds::Numbers,
            stored: String::new(),
            attributes: own,
            auxiliary: false,
        }
    }

    fn lapse(of: &[&str]) -> Lapse {
        Lapse { rate: -0.0065, height: "z".into(), from: "h".into(), source: None, of: of.iter().map(|n| (*n).to_owned()).collect() }
    }

    #[test]
    fn differences_are_told_by_attributes_before_names() {
        let why = |name: &str, attributes: &[(&str, &str)]| left(&lapse(&[]), &variable(name, attributes)).unwrap();
        let air = ("standard_name", "air_temperature");
        for (name, attributes) in [
            ("t", &[] as &[_]),
            ("t2m", &[air, ("cell_methods", "time: mean")]),
            ("tasmax", &[air, ("cell_methods", "area: mean time: maximum within days time: mean over days")]),
            ("tas", &[air, ("cell_methods", "time: mid_range (comment: half the range of a day)")]),
            ("tas", &[air, ("cell_methods", "range: mean")]),
            ("anomaly", &[air, ("units_metadata", "temperature: on_scale")]),
            ("trange", &[("long_name", "Temperature in the Front Ranges")]),
        ] {
            assert_eq!(why(name, attributes), None, "{name} {attributes:?}");
        }
        for (name, attributes) in [
            ("t", &[air, ("cell_methods", "time: range")] as &[_]),
            ("t", &[air, ("cell_methods", "time: range within days time: mean over days")]),
            ("t", &[air, ("cell_methods", "area: mean (interval: 0.1 degree) time: standard_deviation")]),
            ("t", &[("standard_name", "air_temperature_anomaly")]),
            ("t", &[("standard_name", "air_temperature standard_error")]),
            ("t", &[("standard_name", "dew_point_depression")]),
            ("t", &[air, ("units_metadata", "temperature: difference")]),
            ("t", &[air, ("long_name", "Surface temperature anomaly")]),
            ("tas_anomaly", &[]),
            ("dtr", &[air]),
            ("t2m-diff", &[]),
        ] {
            assert!(why(name, attributes).is_some(), "{name} {attributes:?}");
        }
    }

    #[test]
    fn the_recipe_outweighs_names_and_not_attributes() {
        let anomaly = variable("tas_anomaly", &[]);
        assert_eq!(left(&lapse(&["tas_anomaly"]), &anomaly).unwrap(), None);
        assert_eq!(left(&lapse(&["tas_*"]), &anomaly).unwrap(), None);
        assert_eq!(left(&lapse(&["t"]), &anomaly).unwrap().as_deref(), Some("not among 'lapse.of'"));
        let range = variable("dtr", &[("cell_methods", "time: range")]);
        assert_eq!(left(&lapse(&["d*"]), &range).unwrap().as_deref(), Some("a difference by cell_methods 'time: range'"));
        assert_eq!(
            left(&lapse(&["dtr"]), &range).unwrap_err().to_string(),
            "'lapse.of': got 'dtr', a difference by cell_methods 'time: range'; differences of temperatures are the same at every height\n  \
             hint: leave it out of lapse.of; a wrong attribute is mended in the file"
        );
    }
}
