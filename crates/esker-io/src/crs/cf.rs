//! Grid mappings of the CF conventions (1.11, appendix F): to a system and back.

use esker_core::cube::{Attribute, Attributes};
use esker_core::{Crs, Error, Result};

use super::params::{self, Params};
use super::{from_proj, from_wkt, names, to_wkt};

/// The system of a grid mapping variable's attributes; none where they name no mapping.
///
/// `grid_mapping_name` and its parameters decide; WKT (`crs_wkt`, `spatial_ref`) gives the code where it draws the same map, and decides
/// alone where there is no mapping name. Longitude and latitude without a figure of the Earth are taken for WGS 84, as are planes.
/// Geostationary x and y are metres here: scan angles (radians) times `perspective_point_height`.
///
/// # Errors
/// A mapping not known here, a parameter that is missing or no number.
pub fn from_grid_mapping(attributes: &Attributes) -> Result<Option<Crs>> {
    let wkt = ["crs_wkt", "spatial_ref", "esri_pe_string"].iter().find_map(|n| attributes.text(n)).filter(|t| !t.trim().is_empty());
    let by_wkt = wkt.map(from_wkt);
    let Some(name) = attributes.text("grid_mapping_name") else {
        return match (by_wkt, attributes.text("proj4").or_else(|| attributes.text("proj4_params"))) {
            (Some(Ok(crs)), _) => Ok(Some(crs)),
            (_, Some(proj)) => from_proj(proj).map(Some),
            (Some(Err(error)), None) => Err(error),
            (None, None) => match attributes.text("epsg_code").or_else(|| attributes.text("EPSG_code")) {
                Some(code) => super::parse(code).map(Some),
                None => Ok(None),
            },
        };
    };
    let by_name = mapping(name.trim(), attributes);
    Ok(Some(match (by_name, by_wkt) {
        (Ok(params), Some(Ok(crs))) if agree(&params, &crs) => crs,
        (Ok(params), _) => from_proj(&params)?,
        (Err(_), Some(Ok(crs))) => crs,
        (Err(error), _) => return Err(error),
    }))
}

/// Whether WKT says the same as the parameters, so that its code may stand for them.
fn agree(definition: &str, crs: &Crs) -> bool {
    let (Ok(a), Ok(b)) = (Params::parse(definition), params::of(crs)) else { return false };
    match (a.text("proj"), crs) {
        (Some("ob_tran"), _) => false,
        (Some("longlat"), _) => crs.is_degrees() && b.text("proj") == Some("longlat"),
        (_, Crs::Projected(_)) => names::same_plane(&a, &b),
        _ => false,
    }
}

/// Reads numbers of a mapping.
struct Reader<'a> {
    name: &'a str,
    attributes: &'a Attributes,
    out: String,
}

impl Reader<'_> {
    fn number(&self, name: &str) -> Result<f64> {
        self.optional(name)?
            .ok_or_else(|| Error::data(format!("grid mapping '{}'", self.name)).rule(format!("it needs the attribute '{name}', a number")))
    }

    fn optional(&self, name: &str) -> Result<Option<f64>> {
        match self.attributes.get(name) {
            None => Ok(None),
            Some(Attribute::Numbers(n)) if n.len() == 1 && n[0].is_finite() => Ok(Some(n[0])),
            Some(Attribute::Text(t)) if t.trim().parse::<f64>().is_ok_and(f64::is_finite) => Ok(t.trim().parse().ok()),
            Some(other) => {
                Err(Error::data(format!("grid mapping '{}'", self.name)).got(format!("{name} = {other:?}")).rule("it is one finite number"))
            }
        }
    }

    fn put(&mut self, name: &str, value: f64) {
        self.out.push_str(&format!(" +{name}={value}"));
    }

    /// Puts a number that must be there.
    fn need(&mut self, name: &str, cf: &str) -> Result<()> {
        let value = self.number(cf)?;
        self.put(name, value);
        Ok(())
    }

    /// Puts the first of these that is there.
    fn any(&mut self, name: &str, cf: &[&str]) -> Result<()> {
        for cf in cf {
            if let Some(value) = self.optional(cf)? {
                self.put(name, value);
                break;
            }
        }
        Ok(())
    }

    /// One or two standard parallels.
    fn parallels(&mut self) -> Result<()> {
        match self.attributes.get("standard_parallel") {
            Some(Attribute::Numbers(n)) if n.len() == 2 => {
                self.put("lat_1", n[0]);
                self.put("lat_2", n[1]);
                Ok(())
            }
            _ => self.need("lat_1", "standard_parallel"),
        }
    }

    fn offsets(&mut self) -> Result<()> {
        self.any("x_0", &["false_easting"])?;
        self.any("y_0", &["false_northing"])
    }

    /// The figure of the Earth.
    fn figure(&mut self) -> Result<()> {
        let (a, b) = (self.optional("semi_major_axis")?, self.optional("semi_minor_axis")?);
        let rf = self.optional("inverse_flattening")?;
        let datum = self.attributes.text("horizontal_datum_name").map(names::plain).unwrap_or_default();
        let earth = self.optional("earth_radius")?;
        match (earth, a, b, rf) {
            (Some(r), _, _, _) | (None, Some(r), None, None) => self.put("R", r),
            (None, Some(a), Some(b), _) if a == b => self.put("R", a),
            (None, Some(a), _, Some(0.0)) => self.put("R", a),
            (None, Some(a), _, Some(rf)) if a == 6_378_137.0 && (rf - 298.257_223_563).abs() < 1e-6 => self.out.push_str(" +datum=WGS84"),
            (None, Some(a), _, Some(rf)) if a == 6_378_137.0 && (rf - 298.257_222_101).abs() < 1e-6 => self.out.push_str(" +ellps=GRS80"),
            (None, Some(a), Some(b), None) if a == 6_378_137.0 && (b - 6_356_752.314_2).abs() < 2e-4 => {
                self.out.push_str(if (b - 6_356_752.314_14).abs() < 2e-5 { " +ellps=GRS80" } else { " +datum=WGS84" });
            }
            (None, Some(a), _, Some(rf)) => {
                self.put("a", a);
                self.put("rf", rf);
            }
            (None, Some(a), Some(b), None) => {
                self.put("a", a);
                self.put("b", b);
            }
            _ if datum.contains("1983") || datum == "nad83" => self.out.push_str(" +datum=NAD83"),
            _ => self.out.push_str(" +datum=WGS84"),
        }
        if let Some(Attribute::Numbers(shift)) = self.attributes.get("towgs84")
            && matches!(shift.len(), 3 | 7)
            && shift.iter().all(|x| x.is_finite())
            && !self.out.contains("+datum=")
        {
            let shift: Vec<String> = shift.iter().map(f64::to_string).collect();
            self.out.push_str(&format!(" +towgs84={}", shift.join(",")));
        }
        if let Some(pm) = self.optional("longitude_of_prime_meridian")?.filter(|&pm| pm != 0.0) {
            self.put("pm", pm);
        }
        Ok(())
    }
}

/// The PROJ definition of a mapping.
fn mapping(name: &str, attributes: &Attributes) -> Result<String> {
    let mut r = Reader { name, attributes, out: String::new() };
    let origin: [&[&str]; 2] = [
        &["latitude_of_projection_origin"],
        &["longitude_of_central_meridian", "longitude_of_projection_origin", "straight_vertical_longitude_from_pole"],
    ];
    let proj = match name {
        "latitude_longitude" => "longlat",
        "rotated_latitude_longitude" => {
            r.out.push_str(" +o_proj=longlat");
            r.need("o_lat_p", "grid_north_pole_latitude")?;
            let turn = r.optional("north_pole_grid_longitude")?.unwrap_or(0.0);
            r.put("o_lon_p", turn);
            let lon = r.number("grid_north_pole_longitude")?;
            r.put("lon_0", lon + 180.0);
            "ob_tran"
        }
        "albers_conical_equal_area" => {
            r.parallels()?;
            "aea"
        }
        "lambert_conformal_conic" => {
            r.parallels()?;
            r.any("k_0", &["scale_factor_at_projection_origin"])?;
            "lcc"
        }
        "azimuthal_equidistant" => "aeqd",
        "lambert_azimuthal_equal_area" => "laea",
        "lambert_cylindrical_equal_area" => {
            let scale = r.optional("scale_factor_at_projection_origin")?;
            match scale {
                Some(k) => r.put("k_0", k),
                None => r.need("lat_ts", "standard_parallel")?,
            }
            "cea"
        }
        "mercator" => {
            r.any("k_0", &["scale_factor_at_projection_origin"])?;
            r.any("lat_ts", &["standard_parallel"])?;
            "merc"
        }
        "orthographic" => "ortho",
        "polar_stereographic" => {
            r.any("lat_ts", &["standard_parallel"])?;
            r.any("k_0", &["scale_factor_at_projection_origin"])?;
            "stere"
        }
        "stereographic" => {
            r.any("k_0", &["scale_factor_at_projection_origin"])?;
            "stere"
        }
        "sinusoidal" => "sinu",
        "transverse_mercator" => {
            r.any("k_0", &["scale_factor_at_central_meridian"])?;
            "tmerc"
        }
        "geostationary" => {
            r.need("h", "perspective_point_height")?;
            let sweep = sweep(attributes);
            r.out.push_str(&format!(" +sweep={sweep}"));
            "geos"
        }
        "vertical_perspective" => {
            r.need("h", "perspective_point_height")?;
            "nsper"
        }
        _ => {
            return Err(Error::data(format!("grid mapping '{name}'"))
                .rule("no such mapping in CF 1.11, or not one computed here")
                .hint("give its PROJ definition or EPSG code instead"));
        }
    };
    if !matches!(proj, "longlat" | "ob_tran") {
        if !matches!(proj, "merc" | "cea" | "sinu" | "geos") {
            r.any("lat_0", origin[0])?;
        }
        r.any("lon_0", origin[1])?;
        r.offsets()?;
    }
    r.figure()?;
    let units = if matches!(proj, "longlat" | "ob_tran") { "" } else { " +units=m" };
    Ok(format!("+proj={proj}{}{units}", r.out))
}

/// The axis that a geostationary imager sweeps: `sweep_angle_axis`, or the other one of `fixed_angle_axis`; y by default, as PROJ has it.
fn sweep(attributes: &Attributes) -> &'static str {
    let is = |name: &str, axis: &str| attributes.text(name).is_some_and(|t| t.trim().eq_ignore_ascii_case(axis));
    if is("sweep_angle_axis", "x") || is("fixed_angle_axis", "y") { "x" } else { "y" }
}

/// The attributes of a grid mapping variable for a system: name, parameters, figure of the Earth, and `crs_wkt` where WKT 1 has it.
/// A projection that CF has no mapping for has WKT alone.
///
/// # Errors
/// A code that is not known.
pub fn to_grid_mapping(crs: &Crs) -> Result<Attributes> {
    let params = params::of(crs)?;
    let mut out = Attributes::default();
    let unit = super::metres_per_unit(crs)?;
    if unit == 1.0
        && let Some(name) = describe(&params, &mut out)
    {
        out.0.insert(0, ("grid_mapping_name".into(), Attribute::Text(name.into())));
        let (a, b) = super::transform::build(&params.degrees())?.ellipse_parameters();
        let mut put = |name: &str, value: f64| out.set(name, Attribute::Numbers(vec![value]));
        if a == b {
            put("earth_radius", a);
        } else {
            put("semi_major_axis", a);
            put("semi_minor_axis", b);
            put("inverse_flattening", (a / (a - b) * 1e9).round() / 1e9);
        }
    }
    if let Ok(wkt) = to_wkt(crs) {
        out.set("crs_wkt", Attribute::Text(wkt.clone()));
        // What GDAL reads.
        out.set("spatial_ref", Attribute::Text(wkt));
    }
    Ok(out)
}

/// Puts the parameters of a mapping and returns its name.
fn describe(params: &Params, out: &mut Attributes) -> Option<&'static str> {
    let number = |name: &str| params.number(name);
    let mut put = |name: &str, value: f64| out.set(name, Attribute::Numbers(vec![value]));
    let scale = number("k_0").or_else(|| number("k")).unwrap_or(1.0);
    let (lat_0, lon_0) = (number("lat_0").unwrap_or(0.0), number("lon_0").unwrap_or(0.0));
    let proj = params.text("proj")?;
    if params.has("axis") || params.has("pm") {
        return None;
    }
    let name = match proj {
        "longlat" => return Some("latitude_longitude"),
        "ob_tran" => {
            put("grid_north_pole_latitude", number("o_lat_p")?);
            put("grid_north_pole_longitude", lon_0 - 180.0);
            put("north_pole_grid_longitude", number("o_lon_p").unwrap_or(0.0));
            return Some("rotated_latitude_longitude");
        }
        "utm" => {
            put("longitude_of_central_meridian", number("zone")? * 6.0 - 183.0);
            put("latitude_of_projection_origin", 0.0);
            put("scale_factor_at_central_meridian", 0.9996);
            put("false_easting", 500_000.0);
            put("false_northing", if params.has("south") { 1e7 } else { 0.0 });
            return Some("transverse_mercator");
        }
        "tmerc" => {
            put("longitude_of_central_meridian", lon_0);
            put("scale_factor_at_central_meridian", scale);
            "transverse_mercator"
        }
        "lcc" | "aea" => {
            let first = number("lat_1")?;
            let second = number("lat_2").filter(|&s| s != first);
            let parallels = [Some(first), second].into_iter().flatten().collect();
            if proj == "lcc" && scale != 1.0 {
                return None;
            }
            put("longitude_of_central_meridian", lon_0);
            out.set("standard_parallel", Attribute::Numbers(parallels));
            if proj == "lcc" { "lambert_conformal_conic" } else { "albers_conical_equal_area" }
        }
        "laea" | "aeqd" | "ortho" => {
            put("longitude_of_projection_origin", lon_0);
            match proj {
                "laea" => "lambert_azimuthal_equal_area",
                "aeqd" => "azimuthal_equidistant",
                _ => "orthographic",
            }
        }
        "stere" if lat_0.abs() == 90.0 => {
            put("straight_vertical_longitude_from_pole", lon_0);
            match number("lat_ts") {
                Some(ts) if ts.abs() < 90.0 => put("standard_parallel", ts),
                _ => put("scale_factor_at_projection_origin", scale),
            }
            "polar_stereographic"
        }
        "stere" => {
            put("longitude_of_projection_origin", lon_0);
            put("scale_factor_at_projection_origin", scale);
            "stereographic"
        }
        "merc" => {
            put("longitude_of_projection_origin", lon_0);
            match number("lat_ts") {
                Some(ts) => put("standard_parallel", ts),
                None => put("scale_factor_at_projection_origin", scale),
            }
            "mercator"
        }
        "cea" => {
            put("longitude_of_central_meridian", lon_0);
            put("standard_parallel", number("lat_ts").unwrap_or(0.0));
            "lambert_cylindrical_equal_area"
        }
        "sinu" => {
            put("longitude_of_projection_origin", lon_0);
            "sinusoidal"
        }
        "geos" => {
            put("longitude_of_projection_origin", lon_0);
            put("perspective_point_height", number("h")?);
            out.set("sweep_angle_axis", Attribute::Text(params.text("sweep").unwrap_or("y").into()));
            "geostationary"
        }
        "nsper" | "tpers" => {
            put("longitude_of_projection_origin", lon_0);
            put("perspective_point_height", number("h")?);
            "vertical_perspective"
        }
        _ => return None,
    };
    let mut put = |name: &str, value: f64| out.set(name, Attribute::Numbers(vec![value]));
    if !matches!(proj, "merc" | "cea" | "sinu") {
        put("latitude_of_projection_origin", lat_0);
    }
    put("false_easting", number("x_0").unwrap_or(0.0));
    put("false_northing", number("y_0").unwrap_or(0.0));
    Some(name)
}
