//! Reading WKT: version 1 (also as ESRI writes it in `.prj` files) and version 2.
//!
//! A code at the root decides; then a name that the EPSG data set or ESRI uses, where its projection is the same; else the system becomes
//! a PROJ definition, with the datum shift of its geographic system where that has a code or a known name.

use esker_core::{Crs, Error, Result};

use super::params::{self, Params};
use super::{from_epsg, names, place, short};

/// Longest text and deepest nesting taken.
const LONGEST: usize = 1 << 17;
const DEEPEST: usize = 24;

/// A part of WKT.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    Word(String),
    Node(Node),
}

/// `KEY[…]`, the key in capitals.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) key: String,
    pub(super) parts: Vec<Part>,
}

impl Node {
    /// The first node below of one of these keys.
    pub(super) fn child(&self, keys: &[&str]) -> Option<&Node> {
        self.parts.iter().find_map(|p| match p {
            Part::Node(node) if keys.contains(&node.key.as_str()) => Some(node),
            _ => None,
        })
    }

    /// The first text: the name.
    pub(super) fn name(&self) -> &str {
        self.text(0)
    }

    fn text(&self, place: usize) -> &str {
        match self.parts.get(place) {
            Some(Part::Text(text) | Part::Word(text)) => text,
            _ => "",
        }
    }

    /// `EPSG:n` or `ESRI:n` from AUTHORITY or ID.
    fn authority(&self) -> Option<(String, u32)> {
        let node = self.child(&["AUTHORITY", "ID"])?;
        Some((node.text(0).to_ascii_uppercase(), node.text(1).trim().parse().ok()?))
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.key);
        out.push('[');
        for (i, part) in self.parts.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            match part {
                Part::Text(text) => {
                    out.push('"');
                    out.push_str(text);
                    out.push('"');
                }
                Part::Word(word) => out.push_str(word),
                Part::Node(node) => node.write(out),
            }
        }
        out.push(']');
    }
}

/// The system that WKT describes.
///
/// # Errors
/// Text that is no WKT, a local or geocentric system, a projection that has no PROJ definition.
pub fn from_wkt(text: &str) -> Result<Crs> {
    let root = tree(text)?;
    horizontal(&root)
}

fn horizontal(root: &Node) -> Result<Crs> {
    match root.key.as_str() {
        "COMPD_CS" | "COMPOUNDCRS" | "BOUNDCRS" | "SOURCECRS" => {
            let keys = [PLANE, GLOBE, &["COMPD_CS", "COMPOUNDCRS", "BOUNDCRS", "SOURCECRS"]].concat();
            match root.child(&keys) {
                // The tree is at most 24 deep, and so is this.
                Some(node) => horizontal(node),
                None => Err(refused(root).rule("it has no horizontal part")),
            }
        }
        key if PLANE.contains(&key) => plane(root),
        key if GLOBE.contains(&key) => globe(root),
        "LOCAL_CS" | "ENGCRS" | "ENGINEERINGCRS" => Err(refused(root).got("a local system").rule("it is tied to no place on Earth")),
        _ => Err(refused(root).rule("it is neither a plane nor longitude and latitude")),
    }
}

const PLANE: &[&str] = &["PROJCS", "PROJCRS", "PROJECTEDCRS"];
const GLOBE: &[&str] = &["GEOGCS", "GEOGCRS", "GEOGRAPHICCRS", "GEODCRS", "GEODETICCRS", "BASEGEOGCRS", "BASEGEODCRS"];

fn plane(root: &Node) -> Result<Crs> {
    if let Some(crs) = coded(root) {
        return Ok(crs);
    }
    let definition = definition(root);
    if let Some(found) = names::plane(root.name(), definition.as_ref().ok()) {
        return Ok(found);
    }
    let mut definition = definition?;
    if !definition.has_datum()
        && let Some(base) = root.child(GLOBE)
        && let Ok(crs) = globe(base)
        && let Ok(base) = params::of(&crs)
    {
        definition.take_datum(&base);
    }
    super::from_proj(&definition.to_string())
}

fn globe(root: &Node) -> Result<Crs> {
    if root.child(&["DERIVINGCONVERSION"]).is_some() {
        return rotated(root);
    }
    if let Some(crs) = coded(root).or_else(|| names::globe(root.name())) {
        return Ok(crs);
    }
    let definition = definition(root)?;
    let datum = root.child(&["DATUM", "ENSEMBLE", "GEODETICDATUM"]).map(|d| names::plain(d.name())).unwrap_or_default();
    if definition.text("pm").is_none()
        && matches!(datum.as_str(), "wgs84" | "dwgs84" | "worldgeodeticsystem84" | "worldgeodeticsystem84ensemble")
    {
        return Ok(Crs::Geographic);
    }
    let name = definition.to_string();
    place(&definition, name)
}

/// The system of the code at the root.
fn coded(root: &Node) -> Option<Crs> {
    let (authority, code) = root.authority()?;
    match authority.as_str() {
        "EPSG" => from_epsg(code).ok(),
        "ESRI" => super::from_esri(code).ok(),
        "OGC" if root.child(&["AUTHORITY", "ID"])?.text(1).starts_with("CRS84") => Some(Crs::Geographic),
        _ => None,
    }
}

/// The PROJ definition. `proj4wkt` gets the text anew from the tree, whose depth is known; a panic on odd parameters is refused.
fn definition(root: &Node) -> Result<Params> {
    if let Some(extension) = root.child(&["EXTENSION"]).filter(|e| e.name() == "PROJ4") {
        return Params::parse(extension.text(1));
    }
    let mut text = String::new();
    root.write(&mut text);
    match std::panic::catch_unwind(|| proj4wkt::wkt_to_projstring(&text)) {
        Ok(Ok(definition)) => Params::parse(&definition),
        Ok(Err(error)) => Err(refused(root).got(error.to_string()).rule("its projection is not known here")),
        Err(_) => Err(refused(root).rule("its parameters make no sense together")),
    }
}

/// A rotated pole in WKT 2 (`DERIVINGCONVERSION`), by PROJ's own method name or that of CF.
fn rotated(root: &Node) -> Result<Crs> {
    let refuse = || refused(root).rule("of derived systems only rotated poles are read");
    let conversion = root.child(&["DERIVINGCONVERSION"]).ok_or_else(refuse)?;
    let method = conversion.child(&["METHOD"]).map(|m| m.name().to_ascii_lowercase()).unwrap_or_default();
    let number = |wanted: &str| {
        conversion.parts.iter().find_map(|p| match p {
            Part::Node(n) if n.key == "PARAMETER" && names::plain(n.name()).starts_with(wanted) => n.text(1).parse::<f64>().ok(),
            _ => None,
        })
    };
    let (pole, turn, lon_0) = if method.contains("ob_tran") {
        (number("olatp"), number("olonp").unwrap_or(0.0), number("lon0").unwrap_or(0.0))
    } else if method.contains("pole rotation (netcdf cf convention)") {
        let lon = number("gridnorthpolelongitude").ok_or_else(refuse)?;
        (number("gridnorthpolelatitude"), number("northpolegridlongitude").unwrap_or(0.0), lon + 180.0)
    } else {
        return Err(refuse());
    };
    let mut base = root.child(GLOBE).and_then(|b| globe(b).ok()).map(|c| params::of(&c)).unwrap_or_else(|| params::of(&Crs::Geographic))?;
    base = base.degrees();
    base.set("proj", "ob_tran");
    for (name, value) in [("o_lat_p", pole.ok_or_else(refuse)?), ("o_lon_p", turn), ("lon_0", lon_0)] {
        base.set(name, &value.to_string());
    }
    base.set("o_proj", "longlat");
    let name = base.to_string();
    place(&base, name)
}

fn refused(root: &Node) -> Error {
    Error::data(format!("coordinate reference system '{}'", short(root.name())))
}

/// The tree of a text.
pub(super) fn tree(text: &str) -> Result<Node> {
    let refused = |got: String| Error::data("coordinate reference system in WKT").got(got).rule("it is written KEY[\"name\", …]");
    if text.len() > LONGEST {
        return Err(refused(format!("{} bytes", text.len())));
    }
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    reader.node(0).ok_or_else(|| refused(format!("'{}'", short(text.trim()))))
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(|b| b.is_ascii_whitespace() || *b == 0) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        self.peek()?;
        let key = self.word()?;
        self.tail(key, depth)
    }

    /// The parts after a key.
    fn tail(&mut self, key: String, depth: usize) -> Option<Node> {
        if depth > DEEPEST || !matches!(self.peek()?, b'[' | b'(') {
            return None;
        }
        self.at += 1;
        let mut parts = Vec::new();
        loop {
            match self.peek()? {
                b']' | b')' => {
                    self.at += 1;
                    return Some(Node { key: key.to_ascii_uppercase(), parts });
                }
                b',' => self.at += 1,
                b'"' => parts.push(Part::Text(self.quoted()?)),
                _ => {
                    let word = self.word()?;
                    parts.push(match self.peek()? {
                        b'[' | b'(' => Part::Node(self.tail(word, depth + 1)?),
                        _ => Part::Word(word),
                    });
                }
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let from = self.at;
        while self.text.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'+' | b'-' | b':')) {
            self.at += 1;
        }
        (self.at > from).then(|| String::from_utf8_lossy(&self.text[from..self.at]).into_owned())
    }

    fn quoted(&mut self) -> Option<String> {
        let from = self.at + 1;
        let length = self.text.get(from..)?.iter().position(|&b| b == b'"')?;
        self.at = from + length + 1;
        Some(String::from_utf8_lossy(&self.text[from..from + length]).into_owned())
    }
}
