//! PROJ definitions as lists of parameters: parsing, codes, datums.

use std::fmt;

use esker_core::{Crs, Error, Result};

use super::{esri, short, unknown};

/// Longest definition taken, bytes.
const LONGEST: usize = 8192;

/// Parameters of a PROJ definition, in order, names unique; the first of a name counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Params(Vec<(String, Option<String>)>);

/// How a datum is tied to WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tie {
    /// It is WGS 84, or within metres of it (NAD 83, ETRS 89).
    Same,
    /// By three parameters.
    Shift,
    /// By seven parameters.
    Helmert,
    /// By a grid file.
    Grid,
    /// A sphere: latitudes are carried over.
    Sphere,
    /// Not stated.
    Unknown,
}

impl Params {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let refused = |got: String| Error::data("PROJ definition").got(got).rule("it is written +name=value +name=value …");
        if text.len() > LONGEST {
            return Err(refused(format!("{} bytes", text.len())));
        }
        let mut params = Self(Vec::new());
        for token in text.split_whitespace() {
            let token = token.trim_start_matches('+');
            let (name, value) = token.split_once('=').map_or((token, None), |(n, v)| (n, Some(v)));
            let clean = |s: &str| s.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'));
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || !value.is_none_or(clean) {
                return Err(refused(format!("'{}'", short(text))));
            }
            // What says nothing of the system itself.
            if !matches!(name, "no_defs" | "type" | "wktext" | "vunits" | "geoidgrids" | "vto_meter") && params.value(name).is_none() {
                params.0.push((name.to_string(), value.map(str::to_string)));
            }
        }
        params.tidy();
        if params.text("proj").is_none() && params.text("init").is_none() {
            return Err(refused(format!("'{}'", short(text))).hint("it needs +proj="));
        }
        Ok(params)
    }

    /// Spellings that mean the same become one.
    fn tidy(&mut self) {
        if let Some("latlong" | "lonlat" | "latlon") = self.text("proj") {
            self.set("proj", "longlat");
        }
        if let Some("latlong" | "lonlat" | "latlon") = self.text("o_proj") {
            self.set("o_proj", "longlat");
        }
        // Order of axes is not ours to keep; their direction is.
        match self.text("axis") {
            Some("neu" | "enu") => self.remove("axis"),
            Some("swu") => self.set("axis", "wsu"),
            _ => {}
        }
        if self.text("nadgrids") == Some("@null") {
            self.remove("nadgrids");
            if self.text("proj") == Some("merc") {
                // Web Mercator: a sphere drawn with latitudes of WGS 84.
                *self = Self::of_text(crs_definitions::EPSG_3857_WEBMERC.proj4);
            }
        }
    }

    fn of_text(text: &str) -> Self {
        let pairs = text.split_whitespace().map(|t| {
            let t = t.trim_start_matches('+');
            t.split_once('=').map_or((t.to_string(), None), |(n, v)| (n.to_string(), Some(v.to_string())))
        });
        Self(pairs.collect())
    }

    fn value(&self, name: &str) -> Option<&Option<String>> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Option::as_deref)
    }

    /// The number of that name; NaN where it is no number.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.text(name).map(|v| v.parse().ok().filter(|x: &f64| x.is_finite()).unwrap_or(f64::NAN))
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = Some(value.to_string()),
            None => self.0.push((name.to_string(), Some(value.to_string()))),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| n != name);
    }

    /// Only what the figure of the Earth and its datum need, as longitude and latitude.
    pub(super) fn degrees(&self) -> Self {
        let mut base = Self(vec![("proj".into(), Some("longlat".into()))]);
        let kept = ["datum", "ellps", "R", "a", "b", "rf", "f", "es", "towgs84", "nadgrids", "pm"];
        base.0.extend(self.0.iter().filter(|(n, _)| kept.contains(&n.as_str())).cloned());
        base
    }

    /// The same figure without the grid files that tie it to other datums, which are not held here.
    pub(super) fn without_grids(&self) -> Self {
        let mut bare = self.clone();
        bare.remove("nadgrids");
        if self.text("datum").is_some_and(|d| d.eq_ignore_ascii_case("NAD27")) {
            bare.remove("datum");
            if !bare.has("ellps") {
                bare.set("ellps", "clrk66");
            }
        }
        bare
    }

    /// Takes the datum of another definition.
    pub(super) fn take_datum(&mut self, other: &Self) {
        for name in ["datum", "towgs84", "nadgrids"] {
            if let Some(value) = other.text(name) {
                self.set(name, value);
            }
        }
    }

    /// Whether it says how its datum lies.
    pub(super) fn has_datum(&self) -> bool {
        ["datum", "towgs84", "nadgrids"].iter().any(|n| self.has(n))
    }

    fn no_shift(&self) -> bool {
        self.text("towgs84").is_none_or(|t| t.split(',').all(|n| n.trim().parse() == Ok(0.0)))
    }

    pub(super) fn is_wgs84_degrees(&self) -> bool {
        let known = ["proj", "datum", "ellps", "towgs84", "units"];
        self.text("proj") == Some("longlat")
            && self.0.iter().all(|(n, _)| known.contains(&n.as_str()))
            && self.is_wgs84_figure()
            && self.no_shift()
    }

    fn is_wgs84_figure(&self) -> bool {
        (self.text("datum") == Some("WGS84") && matches!(self.text("ellps"), None | Some("WGS84")))
            || (!self.has("datum") && self.text("ellps") == Some("WGS84"))
    }

    /// The EPSG code of UTM on WGS 84.
    pub(super) fn utm_code(&self) -> Option<u32> {
        let known = ["proj", "zone", "south", "datum", "ellps", "towgs84", "units"];
        let plain = self.0.iter().all(|(n, _)| known.contains(&n.as_str()));
        let zone: u32 = self.text("zone")?.parse().ok().filter(|z| (1..=60).contains(z))?;
        let metres = matches!(self.text("units"), None | Some("m"));
        (self.text("proj") == Some("utm") && plain && metres && self.is_wgs84_figure() && self.no_shift())
            .then_some(zone + if self.has("south") { 32700 } else { 32600 })
    }

    /// How the datum is tied to WGS 84.
    pub(super) fn tie(&self) -> Tie {
        if self.has("nadgrids") {
            return Tie::Grid;
        }
        if let Some(shift) = self.text("towgs84") {
            let numbers: Vec<f64> = shift.split(',').map(|n| n.trim().parse().unwrap_or(f64::NAN)).collect();
            return match numbers.as_slice() {
                n if n.iter().all(|&x| x == 0.0) => Tie::Same,
                [_, _, _] | [_, _, _, 0.0, 0.0, 0.0, 0.0] => Tie::Shift,
                _ => Tie::Helmert,
            };
        }
        match self.text("datum").map(str::to_ascii_lowercase).as_deref() {
            Some("wgs84" | "nad83") => return Tie::Same,
            Some("nad27") => return Tie::Grid,
            Some("ggrs87" | "carthage" | "ch1903" | "rassadiran" | "s_jtsk" | "beduaram" | "gunung_segara") => return Tie::Shift,
            Some(_) => return Tie::Helmert,
            None => {}
        }
        if self.is_sphere() {
            return Tie::Sphere;
        }
        let earth = matches!(self.text("ellps"), Some("WGS84" | "GRS80")) || (!self.has("ellps") && !self.has("a"));
        let (a, b) = (self.number("a").unwrap_or(0.0), self.number("b"));
        let b = b.or_else(|| self.number("rf").map(|rf| a - a / rf)).unwrap_or(0.0);
        let close = (a - 6_378_137.0).abs() < 1e-3 && (b - 6_356_752.314_2).abs() < 2e-4;
        if earth || close { Tie::Same } else { Tie::Unknown }
    }

    fn is_sphere(&self) -> bool {
        self.has("R")
            || self.text("ellps") == Some("sphere")
            || (self.has("a") && (self.number("b") == self.number("a") || self.number("f") == Some(0.0) || self.number("es") == Some(0.0)))
            || (self.has("a") && !["b", "rf", "f", "es", "e"].iter().any(|n| self.has(n)))
    }

    /// The datum's own words: two systems with the same need no shift between them.
    pub(super) fn datum_words(&self) -> Vec<(&str, Option<&str>)> {
        let mut words: Vec<_> = ["datum", "ellps", "R", "a", "b", "rf", "towgs84", "nadgrids"]
            .iter()
            .filter_map(|n| self.value(n).map(|v| (*n, v.as_deref())))
            .collect();
        words.sort_unstable();
        words
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            match value {
                Some(value) => write!(f, "{gap}+{name}={value}")?,
                None => write!(f, "{gap}+{name}")?,
            }
        }
        Ok(())
    }
}

/// Codes whose definition in `crs-definitions` 0.6 is not EPSG's: Krovak's axes to the south and west, chains taken for other lengths, lost
/// meridians, a datum kilometres off. Found by comparing all codes with PROJ 9.5.
const WRONG: [u32; 9] = [2065, 3167, 3303, 4688, 4718, 5513, 8044, 8045, 8352];

/// The definition of an EPSG code.
pub(super) fn of_epsg(code: u32) -> Result<Params> {
    if WRONG.contains(&code) {
        return Err(Error::data(format!("EPSG:{code}"))
            .rule("its definition is not held here in a form that computes")
            .hint("reproject the data to a common system such as EPSG:4326 first"));
    }
    let definition = u16::try_from(code).ok().and_then(crs_definitions::from_code).filter(|d| d.proj4.contains("+proj="));
    let Some(definition) = definition else {
        let error = unknown(&format!("EPSG:{code}"));
        return Err(if esri::definition(code).is_some() { error.hint(format!("did you mean ESRI:{code}?")) } else { error });
    };
    if definition.proj4.contains("+proj=longlat") && definition.wkt.contains("UNIT[\"grad\"") {
        return Err(Error::data(format!("EPSG:{code}"))
            .got("longitude and latitude in grads")
            .rule("they are degrees here")
            .hint("multiply them by 0.9 and use the code of the same datum in degrees"));
    }
    Params::parse(definition.proj4)
}

/// The definition of a system.
pub(super) fn of(crs: &Crs) -> Result<Params> {
    let name = match crs {
        Crs::Geographic => return Params::parse("+proj=longlat +datum=WGS84"),
        Crs::Geodetic(name) | Crs::Projected(name) => name,
    };
    match name.split_once(':') {
        Some(("EPSG", code)) => of_epsg(code.parse().map_err(|_| unknown(name))?),
        Some(("ESRI", code)) => {
            let definition = code.parse().ok().and_then(esri::definition).ok_or_else(|| unknown(name))?;
            Params::parse(definition)
        }
        _ => Params::parse(name),
    }
}
