//! Systems by name: those of EPSG as they are, and as ESRI spells them.

use esker_core::Crs;

use super::params::{self, Params};
use super::transform::build;
use super::{esri, from_epsg};

/// Names of ESRI that do not follow from those of EPSG.
const ESRI_NAMES: &[(&str, u32)] = &[
    ("britishnationalgrid", 27700),
    ("ch03lv03", 21781),
    ("ch03lv95", 2056),
    ("ch1903lv03", 21781),
    ("ch1903lv95", 2056),
    ("rdnew", 28992),
    ("rgf93lambert93", 2154),
    ("ntfparislambertzoneii", 27572),
    ("etrs89laea", 3035),
    ("etrs89laeaeurope", 3035),
    ("etrs89lcc", 3034),
    ("wgs84antarcticpolarstereographic", 3031),
    ("wgs84arcticpolarstereographic", 3995),
    ("wgs84nsidcseaicepolarstereographicnorth", 3413),
    ("wgs84nsidcseaicepolarstereographicsouth", 3976),
    ("nsidcseaicepolarstereographicnorth", 3411),
    ("nsidcseaicepolarstereographicsouth", 3412),
    ("wgs84webmercatorauxiliarysphere", 3857),
    ("wgs84webmercator", 3857),
    ("wgs84nsidceasegrid20global", 6933),
    ("wgs84nsidceasegrid20north", 6931),
    ("wgs84nsidceasegrid20south", 6932),
    ("swissgrid", 21781),
    ("dhdn3degreegausszone2", 31466),
    ("dhdn3degreegausszone3", 31467),
    ("dhdn3degreegausszone4", 31468),
    ("dhdn3degreegausszone5", 31469),
    ("europeanlambertconformalconic", 3034),
    ("nad83albers", 5070),
    ("nad83bcenvironmentalbers", 3005),
    ("nad83contiguoususaalbers", 5070),
    ("nzgd2000newzealandtransversemercator", 2193),
    ("gdageoscienceaustralialambert", 3112),
    ("osgb36britishnationalgrid", 27700),
    ("sweref99tm", 3006),
    ("irenet95irishtransversemercator", 2157),
    ("tm65irishgrid", 29902),
    ("stereo70", 31700),
];

/// Names of ESRI's geographic systems that do not follow from those of EPSG.
const ESRI_DATUMS: &[(&str, u32)] = &[
    ("northamerican1983", 4269),
    ("nad83", 4269),
    ("northamerican1927", 4267),
    ("european1950", 4230),
    ("osgb1936", 4277),
    ("tokyo", 4301),
    ("pulkovo1942", 4284),
    ("southamerican1969", 4618),
    ("rgf1993", 4171),
    ("ch1903", 4149),
    ("amersfoort", 4289),
    ("deutscheshauptdreiecksnetz", 4314),
    ("wgs72", 4322),
    ("wgs1972", 4322),
    ("etrf1989", 4258),
];

/// A name without case, marks and ESRI's spellings of datums.
pub(super) fn plain(name: &str) -> String {
    let mut name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(80).collect();
    for (long, short) in
        [("wgs1984", "wgs84"), ("nad1983", "nad83"), ("nad1927", "nad27"), ("etrs1989", "etrs89"), ("rgf1993", "rgf93"), ("ed1950", "ed50")]
    {
        name = name.replace(long, short);
    }
    name.replace("worldgeodeticsystem1984", "worldgeodeticsystem84")
}

/// The plane of that name, if it is the one defined. Without a definition the name alone decides.
pub(super) fn plane(name: &str, definition: Option<&Params>) -> Option<Crs> {
    let name = plain(name);
    let fits = |crs: &Crs| definition.is_none_or(|d| params::of(crs).is_ok_and(|own| same_plane(d, &own)));
    let named = ESRI_NAMES.iter().filter(|(n, _)| *n == name).filter_map(|&(_, code)| from_epsg(code).ok());
    let esri = esri::all().filter(|(_, n)| plain(n) == name).map(|(code, _)| Crs::Projected(format!("ESRI:{code}")));
    named.chain(esri).chain(of_epsg(&name, "PROJCS[\"")).find(fits)
}

/// The geographic system of that name.
pub(super) fn globe(name: &str) -> Option<Crs> {
    let name = plain(name);
    let name = name.strip_prefix("gcs").unwrap_or(&name);
    if name == "wgs84" {
        return Some(Crs::Geographic);
    }
    let code = ESRI_DATUMS.iter().find(|(n, _)| *n == name).map(|n| n.1);
    code.and_then(|c| from_epsg(c).ok()).or_else(|| of_epsg(name, "GEOGCS[\"").next())
}

/// Systems of the EPSG data set of a plain name.
fn of_epsg<'a>(name: &'a str, key: &'a str) -> impl Iterator<Item = Crs> + 'a {
    (2000..=32_767_u16).filter_map(move |code| {
        let wkt = crs_definitions::from_code(code)?.wkt.strip_prefix(key)?;
        let own = wkt.split('"').next()?;
        // Cheap to see for most: the last letters differ.
        let last = |t: &str| t.bytes().rev().find(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
        (own.len() >= name.len() && last(own) == last(name) && plain(own) == name).then(|| from_epsg(code.into()).ok())?
    })
}

/// Whether two definitions draw the same map: places near the centre fall within a millimetre. Datums are not looked at.
pub(super) fn same_plane(a: &Params, b: &Params) -> bool {
    let (Ok(p), Ok(q), Ok(globe)) = (build(a), build(b), Params::parse("+proj=longlat").and_then(|g| build(&g))) else { return false };
    let (lon, lat) = (p.longitude_of_origin(), p.latitude_of_origin().clamp(-1.4, 1.4));
    let bare = |p: &proj4rs::Proj, x: f64, y: f64| {
        let mut point = (x, y, 0.0);
        proj4rs::transform::transform(&globe, p, &mut point).ok().map(|()| point)
    };
    // Without a datum on one side `proj4rs` shifts nothing; both figures must be equal too.
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-3;
    let (fa, fb) = (p.ellipse_parameters(), q.ellipse_parameters());
    near(fa.0, fb.0)
        && near(fa.1, fb.1)
        && [(0.0, 0.05), (0.03, -0.04), (-0.02, 0.1)].iter().all(|(dx, dy)| {
            match (bare(&p, lon + dx, lat + dy), bare(&q, lon + dx, lat + dy)) {
                (Some(s), Some(t)) => near(s.0, t.0) && near(s.1, t.1),
                _ => false,
            }
        })
}
