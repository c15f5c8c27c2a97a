//! Kinds of levels: WMO table 3 (edition 1) and 4.5 (edition 2), named as ecCodes names them.

use super::message::{Level, uint};

/// A level of edition 1 from its three bytes.
pub(super) fn one(code: u8, first: u8, second: u8) -> Level {
    let both = f64::from(first) * 256.0 + f64::from(second);
    let (top, bottom) = (f64::from(first), f64::from(second));
    let single = |kind, unit| (kind, unit, both, None);
    let layer = |kind, unit, scale: f64| (kind, unit, top * scale, Some(bottom * scale));
    let (kind, unit, value, other) = match code {
        1 => ("surface", "", 0.0, None),
        2 => ("cloudBase", "", 0.0, None),
        3 => ("cloudTop", "", 0.0, None),
        4 => ("isothermZero", "", 0.0, None),
        5 => ("adiabaticCondensation", "", 0.0, None),
        6 => ("maxWind", "", 0.0, None),
        7 => ("tropopause", "", 0.0, None),
        8 => ("nominalTop", "", 0.0, None),
        9 => ("seaBottom", "", 0.0, None),
        20 => ("isothermal", "K", both / 100.0, None),
        100 => single("isobaricInhPa", "hPa"),
        101 => layer("isobaricLayer", "hPa", 10.0),
        102 => ("meanSea", "", 0.0, None),
        103 => single("heightAboveSea", "m"),
        104 => layer("heightAboveSeaLayer", "m", 100.0),
        105 => single("heightAboveGround", "m"),
        106 => layer("heightAboveGroundLayer", "m", 100.0),
        107 => ("sigma", "1", both / 10_000.0, None),
        108 => layer("sigmaLayer", "1", 0.01),
        109 => single("hybrid", "1"),
        110 => layer("hybridLayer", "1", 1.0),
        111 => single("depthBelowLand", "cm"),
        112 => layer("depthBelowLandLayer", "cm", 1.0),
        113 => single("theta", "K"),
        115 => single("pressureFromGround", "hPa"),
        116 => layer("pressureFromGroundLayer", "hPa", 1.0),
        117 => single("potentialVorticity", "1e-9 K m2 kg-1 s-1"),
        119 => ("eta", "1", both / 10_000.0, None),
        125 => single("heightAboveGround", "cm"),
        160 => single("depthBelowSea", "m"),
        200 => ("entireAtmosphere", "", 0.0, None),
        201 => ("entireOcean", "", 0.0, None),
        210 => single("isobaricInPa", "Pa"),
        _ => single("unknown", ""),
    };
    Level { code, kind, unit, value, other }
}

/// A level of edition 2 from the twelve bytes of its two surfaces.
pub(super) fn two(bytes: &[u8]) -> Level {
    let value = |b: &[u8]| {
        if b[1..5] == [255; 4] {
            return 0.0;
        }
        let scale = if b[0] == 255 { 0 } else { super::message::signed(&b[..1]) };
        uint(&b[1..5]) as f64 / 10_f64.powi(scale as i32)
    };
    let (code, other) = (bytes[0], bytes[6]);
    let (first, second) = (value(&bytes[1..6]), value(&bytes[7..12]));
    let layer = other == code && second != first;
    let (kind, unit, scale) = match code {
        1 => ("surface", "", 0.0),
        2 => ("cloudBase", "", 0.0),
        3 => ("cloudTop", "", 0.0),
        4 => ("isothermZero", "", 0.0),
        5 => ("adiabaticCondensation", "", 0.0),
        6 => ("maxWind", "", 0.0),
        7 => ("tropopause", "", 0.0),
        8 => ("nominalTop", "", 0.0),
        9 => ("seaBottom", "", 0.0),
        10 => ("entireAtmosphere", "", 0.0),
        20 => ("isothermal", "K", 1.0),
        100 if layer => ("isobaricLayer", "hPa", 0.01),
        100 => ("isobaricInhPa", "hPa", 0.01),
        101 => ("meanSea", "", 0.0),
        102 if layer => ("heightAboveSeaLayer", "m", 1.0),
        102 => ("heightAboveSea", "m", 1.0),
        103 if layer => ("heightAboveGroundLayer", "m", 1.0),
        103 => ("heightAboveGround", "m", 1.0),
        104 if layer => ("sigmaLayer", "1", 1.0),
        104 => ("sigma", "1", 1.0),
        105 if layer => ("hybridLayer", "1", 1.0),
        105 => ("hybrid", "1", 1.0),
        106 if layer => ("depthBelowLandLayer", "m", 1.0),
        106 => ("depthBelowLand", "m", 1.0),
        107 => ("theta", "K", 1.0),
        108 if layer => ("pressureFromGroundLayer", "hPa", 0.01),
        108 => ("pressureFromGround", "hPa", 0.01),
        109 => ("potentialVorticity", "K m2 kg-1 s-1", 1.0),
        111 => ("eta", "1", 1.0),
        117 => ("mixedLayerDepth", "m", 1.0),
        118 => ("hybridHeight", "1", 1.0),
        151 if layer => ("soilLayer", "1", 1.0),
        151 => ("soil", "1", 1.0),
        160 if layer => ("depthBelowSeaLayer", "m", 1.0),
        160 => ("depthBelowSea", "m", 1.0),
        168 => ("oceanModel", "1", 1.0),
        _ => ("unknown", "", 1.0),
    };
    // Hundredths keep whole hectopascals whole.
    let scaled = |v: f64| if scale == 0.01 { v / 100.0 } else { v * scale };
    Level { code, kind, unit, value: scaled(first), other: layer.then(|| scaled(second)) }
}

/// Whether the levels of a kind are told apart by a value.
pub(super) fn has_value(level: &Level) -> bool {
    !level.unit.is_empty() || level.kind == "unknown"
}

/// Whether a single level of the kind is still an axis: coordinates of the atmosphere rather than part of the parameter's name.
pub(super) fn always_axis(level: &Level) -> bool {
    matches!(level.kind, "isobaricInhPa" | "hybrid" | "sigma" | "theta" | "depthBelowSea" | "isobaricInPa" | "eta")
}
