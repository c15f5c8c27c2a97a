//! Map projections between GeoKeys and PROJ definitions (OGC GeoTIFF 1.1, annex C; PROJ 9 manual).

use std::collections::BTreeMap;

use esker_core::Crs;

use super::geokeys::{
    ANGLE_UNIT, CITATION, DATUM, ELLIPSOID, GEODETIC_CITATION, GEODETIC_CRS, GeoKeys, INVERSE_FLATTENING, Key, LENGTH_UNIT,
    LENGTH_UNIT_SIZE, METHOD, MODEL_TYPE, PRIME_MERIDIAN, PROJECTED_CITATION, PROJECTED_CRS, PROJECTION, SEMI_MAJOR, SEMI_MINOR,
    USER_DEFINED,
};

/// A parameter: where GeoKeys may keep it, its name in PROJ, whether it is an angle or a length.
struct Parameter {
    keys: &'static [u16],
    proj: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Angle,
    Length,
    Ratio,
}

const fn angle(keys: &'static [u16], proj: &'static str) -> Parameter {
    Parameter { keys, proj, kind: Kind::Angle }
}

const LON: Parameter = angle(&[3080, 3084, 3088, 3095], "lon_0");
const LAT: Parameter = angle(&[3081, 3085, 3089], "lat_0");
const FIRST: Parameter = angle(&[3078], "lat_1");
const SECOND: Parameter = angle(&[3079], "lat_2");
const SCALE: Parameter = Parameter { keys: &[3092, 3093], proj: "k_0", kind: Kind::Ratio };
const EAST: Parameter = Parameter { keys: &[3082, 3086, 3090], proj: "x_0", kind: Kind::Length };
const NORTH: Parameter = Parameter { keys: &[3083, 3087, 3091], proj: "y_0", kind: Kind::Length };
// Lambert's conic with two parallels counts from a false origin of its own.
const FALSE_EAST: Parameter = Parameter { keys: &[3086, 3082, 3090], proj: "x_0", kind: Kind::Length };
const FALSE_NORTH: Parameter = Parameter { keys: &[3087, 3083, 3091], proj: "y_0", kind: Kind::Length };

/// Methods: GeoTIFF's code, PROJ's name, parameters in the order in which they are written.
const METHODS: [(u16, &str, &[Parameter]); 16] = [
    (1, "tmerc", &[LAT, LON, SCALE, EAST, NORTH]),
    (8, "lcc", &[angle(&[3085, 3081, 3089], "lat_0"), angle(&[3084, 3080, 3088], "lon_0"), FIRST, SECOND, FALSE_EAST, FALSE_NORTH]),
    (9, "lcc", &[angle(&[3081, 3085, 3089], "lat_1"), angle(&[3081, 3085, 3089], "lat_0"), LON, SCALE, EAST, NORTH]),
    (10, "laea", &[angle(&[3089, 3081, 3085], "lat_0"), angle(&[3088, 3080, 3084], "lon_0"), EAST, NORTH]),
    (11, "aea", &[LAT, LON, FIRST, SECOND, EAST, NORTH]),
    (12, "aeqd", &[angle(&[3089, 3081], "lat_0"), angle(&[3088, 3080], "lon_0"), EAST, NORTH]),
    (13, "eqdc", &[LAT, LON, FIRST, SECOND, EAST, NORTH]),
    (14, "stere", &[angle(&[3089, 3081], "lat_0"), angle(&[3088, 3080], "lon_0"), SCALE, EAST, NORTH]),
    (16, "sterea", &[LAT, LON, SCALE, EAST, NORTH]),
    (17, "eqc", &[angle(&[3078], "lat_ts"), angle(&[3089, 3081], "lat_0"), angle(&[3088, 3080], "lon_0"), EAST, NORTH]),
    (21, "ortho", &[angle(&[3089, 3081], "lat_0"), angle(&[3088, 3080], "lon_0"), EAST, NORTH]),
    (22, "poly", &[LAT, LON, EAST, NORTH]),
    (23, "robin", &[angle(&[3088, 3080], "lon_0"), EAST, NORTH]),
    (24, "sinu", &[angle(&[3088, 3080], "lon_0"), EAST, NORTH]),
    (20, "mill", &[angle(&[3088, 3080], "lon_0"), EAST, NORTH]),
    (28, "cea", &[angle(&[3078], "lat_ts"), LON, EAST, NORTH]),
];

/// The PROJ definition of a projection that is given by parameters; none where the method is not known or the figure is missing.
pub(super) fn to_proj(keys: &GeoKeys) -> Option<String> {
    let figure = figure(keys)?;
    let metres = keys.metres();
    let unit = if metres == 1.0 { "+units=m".to_owned() } else { format!("+to_meter={metres}") };
    if let Some(zone) = keys.code(PROJECTION) {
        let (number, south) = match zone {
            16_001..=16_060 => (zone - 16_000, ""),
            16_101..=16_160 => (zone - 16_100, " +south"),
            _ => (0, ""),
        };
        if number > 0 {
            return Some(format!("+proj=utm +zone={number}{south} {figure} {unit} +no_defs"));
        }
    }
    let value = |p: &Parameter| {
        let found = p.keys.iter().find_map(|&k| keys.real(k))?;
        Some(match p.kind {
            Kind::Angle => found * keys.degrees(),
            Kind::Length => found * metres,
            Kind::Ratio => found,
        })
    };
    let put = |parameters: &[Parameter]| {
        let mut text = String::new();
        for p in parameters {
            let missing = if p.kind == Kind::Ratio { 1.0 } else { 0.0 };
            text += &format!(" +{}={}", p.proj, value(p).unwrap_or(missing));
        }
        text
    };
    let body = match keys.code(METHOD)? {
        7 => match value(&FIRST) {
            Some(parallel) => format!("+proj=merc +lat_ts={parallel}{}", put(&[LON, EAST, NORTH])),
            None => format!("+proj=merc{}", put(&[LON, SCALE, EAST, NORTH])),
        },
        15 => polar(value(&LAT).unwrap_or(90.0), value(&SCALE), &put(&[angle(&[3095, 3080, 3084, 3088], "lon_0"), EAST, NORTH])),
        code => {
            let (_, name, parameters) = METHODS.iter().find(|m| m.0 == code)?;
            format!("+proj={name}{}", put(parameters))
        }
    };
    Some(format!("{body} {figure} {unit} +no_defs"))
}

/// Polar stereographic: the latitude is that of true scale, unless a scale at the pole is given.
fn polar(latitude: f64, scale: Option<f64>, rest: &str) -> String {
    let pole = 90_f64.copysign(latitude);
    match scale {
        Some(k) if latitude.abs() == 90.0 => format!("+proj=stere +lat_0={pole} +k_0={k}{rest}"),
        _ => format!("+proj=stere +lat_0={pole} +lat_ts={latitude}{rest}"),
    }
}

/// The datum or figure of the Earth in PROJ's words.
pub(super) fn figure(keys: &GeoKeys) -> Option<String> {
    let datum = match (keys.code(GEODETIC_CRS), keys.code(DATUM)) {
        (Some(4326), _) | (_, Some(6326)) => Some("+datum=WGS84"),
        (Some(4269), _) | (_, Some(6269)) => Some("+datum=NAD83"),
        (Some(4267), _) | (_, Some(6267)) => Some("+datum=NAD27"),
        (Some(4258), _) | (_, Some(6258)) => Some("+ellps=GRS80 +towgs84=0,0,0"),
        _ => None,
    };
    if let Some(datum) = datum {
        return Some(datum.to_owned());
    }
    let name = match keys.code(ELLIPSOID) {
        Some(7030) => Some("WGS84"),
        Some(7019) => Some("GRS80"),
        Some(7022) => Some("intl"),
        Some(7004) => Some("bessel"),
        Some(7001) => Some("airy"),
        Some(7008) => Some("clrk66"),
        Some(7012) => Some("clrk80"),
        Some(7024) => Some("krass"),
        Some(7043) => Some("WGS72"),
        _ => None,
    };
    if let Some(name) = name {
        return Some(format!("+ellps={name}"));
    }
    let meridian = match keys.real(PRIME_MERIDIAN) {
        Some(pm) if pm != 0.0 => format!(" +pm={}", pm * keys.degrees()),
        _ => String::new(),
    };
    if let Some(a) = keys.real(SEMI_MAJOR).filter(|a| *a > 0.0) {
        return Some(match (keys.real(INVERSE_FLATTENING), keys.real(SEMI_MINOR)) {
            (Some(rf), _) if rf > 0.0 => format!("+a={a} +rf={rf}{meridian}"),
            (_, Some(b)) if b > 0.0 && b != a => format!("+a={a} +b={b}{meridian}"),
            _ => format!("+R={a}{meridian}"),
        });
    }
    // Only a code of another geographic system: its own definition holds the figure.
    let code = keys.code(GEODETIC_CRS).filter(|&c| c != USER_DEFINED)?;
    let definition = crs_definitions::from_code(code)?.proj4;
    let parts: Vec<&str> = definition
        .split_whitespace()
        .filter(|p| ["+ellps=", "+datum=", "+towgs84=", "+a=", "+b=", "+rf=", "+R=", "+pm="].iter().any(|k| p.starts_with(k)))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The PROJ definition in a citation: ESRI's well-known text, or PROJ itself.
pub(super) fn from_citation(citation: &str) -> Option<String> {
    const ESRI: &str = "ESRI PE String = ";
    let text = citation.find(ESRI).map_or(citation, |at| &citation[at + ESRI.len()..]).trim();
    // GDAL adds PROJ's definition where the text alone does not say all.
    let proj = text.split_once("EXTENSION[\"PROJ4\",\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or(text);
    if proj.starts_with("+proj=") && proj.len() < 1000 {
        return Some(proj.to_owned());
    }
    if !text.starts_with("PROJCS[") || text.len() > 10_000 {
        return None;
    }
    if let Some(definition) = geostationary(text) {
        return Some(definition);
    }
    // The parser is not ours: should damaged text make it panic, the system is unknown.
    let definition = std::panic::catch_unwind(|| proj4wkt::wkt_to_projstring(text).ok()).ok().flatten()?;
    proj4rs::Proj::from_proj_string(&definition).is_ok().then_some(definition)
}

/// GDAL's way to write the geostationary view, which has no code in GeoTIFF.
fn geostationary(wkt: &str) -> Option<String> {
    if !wkt.contains("PROJECTION[\"Geostationary_Satellite\"]") {
        return None;
    }
    let parameter = |name: &str| {
        let at = wkt.to_ascii_lowercase().find(&format!("parameter[\"{name}\","))?;
        wkt[at..].split(',').nth(1)?.split(']').next()?.trim().parse::<f64>().ok().filter(|v| v.is_finite())
    };
    let spheroid = &wkt[wkt.find("SPHEROID[")?..];
    let mut sizes = spheroid.split(['[', ',', ']']).skip(2).map(|t| t.trim().parse::<f64>().ok().filter(|v| v.is_finite()));
    let (a, rf) = (sizes.next()??, sizes.next()??);
    let figure = if rf > 0.0 { format!("+a={a} +rf={rf}") } else { format!("+R={a}") };
    Some(format!(
        "+proj=geos +h={} +lon_0={} +x_0={} +y_0={} {figure} +units=m +no_defs",
        parameter("satellite_height")?,
        parameter("central_meridian").unwrap_or(0.0),
        parameter("false_easting").unwrap_or(0.0),
        parameter("false_northing").unwrap_or(0.0),
    ))
}

/// The keys of a system; the text says what could not be written as keys.
pub(super) fn to_geokeys(crs: &Crs) -> (GeoKeys, Option<String>) {
    let mut keys = BTreeMap::new();
    let projected = matches!(crs, Crs::Projected(_));
    keys.insert(MODEL_TYPE, Key::Code(if projected { 1 } else { 2 }));
    let code = crs.name().strip_prefix("EPSG:").and_then(|c| c.parse::<u16>().ok());
    if let Some(code) = code.filter(|&c| c < USER_DEFINED) {
        keys.insert(if projected { PROJECTED_CRS } else { GEODETIC_CRS }, Key::Code(code));
        if !projected {
            keys.insert(ANGLE_UNIT, Key::Code(9102));
        }
        return (GeoKeys(keys), None);
    }
    let mut parameters: BTreeMap<&str, &str> = BTreeMap::new();
    for word in crs.name().split_whitespace().filter_map(|w| w.strip_prefix('+')) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        parameters.insert(name, value);
    }
    let figured = put_figure(&parameters, &mut keys);
    if projected {
        keys.insert(PROJECTED_CRS, Key::Code(USER_DEFINED));
        put_unit(&parameters, &mut keys);
    }
    let written = figured && (!projected || put_projection(&parameters, &mut keys));
    let mut name: String = crs.name().chars().filter(|c| c.is_ascii() && *c != '|').take(2000).collect();
    if name.is_empty() {
        name = "unknown".into();
    }
    let lost =
        (!written).then(|| format!("the system '{name}' has no GeoTIFF keys: it is written as text that other programs may not read"));
    keys.insert(if projected { PROJECTED_CITATION } else { GEODETIC_CITATION }, Key::Text(name.clone()));
    if !written {
        keys.insert(CITATION, Key::Text(name));
    }
    (GeoKeys(keys), lost)
}

fn put_figure(parameters: &BTreeMap<&str, &str>, keys: &mut BTreeMap<u16, Key>) -> bool {
    keys.insert(ANGLE_UNIT, Key::Code(9102));
    let crs = match (parameters.get("datum").copied(), parameters.get("ellps").copied(), parameters.contains_key("proj")) {
        (Some("WGS84"), ..) | (None, Some("WGS84"), _) => Some(4326),
        (Some("NAD83"), ..) => Some(4269),
        (Some("NAD27"), ..) => Some(4267),
        _ => None,
    };
    if let Some(code) = crs {
        keys.insert(GEODETIC_CRS, Key::Code(code));
        return true;
    }
    keys.insert(GEODETIC_CRS, Key::Code(USER_DEFINED));
    keys.insert(DATUM, Key::Code(USER_DEFINED));
    let ellipsoid = match parameters.get("ellps").copied() {
        Some("GRS80") => Some(7019),
        Some("intl") => Some(7022),
        Some("bessel") => Some(7004),
        Some("airy") => Some(7001),
        Some("clrk66") => Some(7008),
        Some("krass") => Some(7024),
        Some("WGS72") => Some(7043),
        _ => None,
    };
    if let Some(code) = ellipsoid {
        keys.insert(ELLIPSOID, Key::Code(code));
        return true;
    }
    let number = |name: &str| parameters.get(name).and_then(|v| v.parse::<f64>().ok()).filter(|v| *v > 0.0);
    let Some(a) = number("R").or_else(|| number("a")) else { return false };
    keys.insert(ELLIPSOID, Key::Code(USER_DEFINED));
    keys.insert(SEMI_MAJOR, Key::Reals(vec![a]));
    match (number("rf"), number("b")) {
        (Some(rf), _) => keys.insert(INVERSE_FLATTENING, Key::Reals(vec![rf])),
        (_, b) => keys.insert(SEMI_MINOR, Key::Reals(vec![b.unwrap_or(a)])),
    };
    true
}

fn put_unit(parameters: &BTreeMap<&str, &str>, keys: &mut BTreeMap<u16, Key>) {
    let size = parameters.get("to_meter").and_then(|v| v.parse::<f64>().ok());
    let code = match (parameters.get("units").copied(), size) {
        (Some("us-ft"), _) => 9003,
        (Some("ft"), _) => 9002,
        (Some("km"), _) => 9036,
        (_, Some(size)) if size != 1.0 => {
            keys.insert(LENGTH_UNIT_SIZE, Key::Reals(vec![size]));
            USER_DEFINED
        }
        _ => 9001,
    };
    keys.insert(LENGTH_UNIT, Key::Code(code));
}

fn put_projection(parameters: &BTreeMap<&str, &str>, keys: &mut BTreeMap<u16, Key>) -> bool {
    let number = |name: &str| parameters.get(name).and_then(|v| v.parse::<f64>().ok()).filter(|v| v.is_finite());
    let metres = GeoKeys(keys.clone()).metres();
    let mut put = |key: u16, value: f64| {
        keys.insert(key, Key::Reals(vec![value]));
    };
    let scale = number("k_0").or_else(|| number("k"));
    let method = match parameters.get("proj").copied() {
        Some("utm") => {
            let Some(zone @ 1..=60) = number("zone").map(|z| z as u16) else { return false };
            let base = if parameters.contains_key("south") { 16_100 } else { 16_000 };
            keys.insert(PROJECTION, Key::Code(base + zone));
            return true;
        }
        Some("merc") => {
            put(3080, number("lon_0").unwrap_or(0.0));
            match number("lat_ts") {
                Some(parallel) => put(3078, parallel),
                None => {
                    put(3081, 0.0);
                    put(3092, scale.unwrap_or(1.0));
                }
            }
            7
        }
        Some("stere") if number("lat_0").is_some_and(|l| l.abs() == 90.0) => {
            put(3095, number("lon_0").unwrap_or(0.0));
            put(3081, number("lat_ts").filter(|_| scale.is_none()).or_else(|| number("lat_0")).unwrap_or(90.0));
            put(3092, scale.unwrap_or(1.0));
            15
        }
        // With one parallel and a scale it is the other kind of Lambert.
        Some("lcc") if number("lat_2").is_none() || scale.is_some_and(|k| k != 1.0) => {
            let latitude = number("lat_1").unwrap_or(0.0);
            if number("lat_0").unwrap_or(0.0) != latitude || number("lat_2").is_some_and(|l| l != latitude) {
                return false;
            }
            put(3081, latitude);
            put(3080, number("lon_0").unwrap_or(0.0));
            put(3092, scale.unwrap_or(1.0));
            9
        }
        Some(name) => {
            let Some((code, _, list)) = METHODS.iter().find(|m| m.1 == name) else { return false };
            for p in *list {
                let value = match p.kind {
                    Kind::Angle => number(p.proj).unwrap_or(0.0),
                    Kind::Length => number(p.proj).unwrap_or(0.0) / metres,
                    Kind::Ratio => scale.unwrap_or(1.0),
                };
                put(p.keys[0], value);
            }
            *code
        }
        None => return false,
    };
    if matches!(method, 7 | 9 | 15) {
        put(3082, number("x_0").unwrap_or(0.0) / metres);
        put(3083, number("y_0").unwrap_or(0.0) / metres);
    }
    keys.insert(PROJECTION, Key::Code(USER_DEFINED));
    keys.insert(METHOD, Key::Code(method));
    true
}
