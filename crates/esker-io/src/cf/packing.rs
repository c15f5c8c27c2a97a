//! From stored numbers to values: fills, valid ranges, signs, scale and offset (CF conventions 1.11, sections 2.5 and 8.1).
//!
//! Fill values are compared as they are stored, before scaling: a `double` attribute of a `float` variable is rounded to `float` first.
//! A value is `stored × scale_factor + add_offset` in 64 bits whatever the attributes' types. In NetCDF a variable without `_FillValue` whose
//! type is 32-bit or wider has the default fill values masked (9.969e36, −2147483647, −9223372036854775806): nothing was written there.

use esker_core::cube::{Attribute, Attributes};

use super::{RawVariable, Stored};

/// Attributes that decoding uses up.
pub(super) const USED: [&str; 8] =
    ["scale_factor", "add_offset", "_FillValue", "missing_value", "valid_min", "valid_max", "valid_range", "_Unsigned"];
/// NetCDF's default fill value of floats.
const FILL_FLOAT: f64 = 9.969_209_968_386_869e36;

/// How a variable's stored numbers become values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packing {
    /// What to add to numbers below zero (`_Unsigned`), or to take from those that are too large (`_Unsigned = "false"`).
    wrap: Option<Wrap>,
    /// Stored numbers that stand for missing.
    fills: Vec<f64>,
    /// Least and largest valid number, and whether they count after scaling.
    valid: Option<(f64, f64, bool)>,
    /// Scale and offset.
    scaling: Option<(f64, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Wrap {
    modulus: f64,
    to_unsigned: bool,
}

/// What looks wrong with a variable's packing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Oddity {
    /// Scaled integers without a fill value.
    NoFill,
    /// A scale of 0, or one that is no number.
    Scale(String),
    /// Bounds of valid values that no value can meet.
    Valid(f64, f64),
}

impl Packing {
    /// How a variable is packed, and what is odd about it. `default_fills` says whether NetCDF's default fill values mean missing.
    pub fn of(variable: &RawVariable, default_fills: bool) -> (Self, Vec<Oddity>) {
        let (attributes, stored) = (&variable.attributes, variable.stored);
        let mut odd = Vec::new();
        let wrap = wrap(attributes, stored);
        let as_stored = |v: f64| match stored {
            Stored::Float32 => f64::from(v as f32),
            _ => wrap.map_or(v, |w| w.apply(v)),
        };
        let mut fills: Vec<f64> = ["_FillValue", "missing_value"].iter().flat_map(|n| numbers(attributes.get(n))).map(as_stored).collect();
        if default_fills && attributes.get("_FillValue").is_none() {
            fills.extend(default_fill(stored));
        }
        fills.retain(|f| !f.is_nan());
        fills.sort_unstable_by(f64::total_cmp);
        fills.dedup();
        let number = |name: &str| numbers(attributes.get(name)).first().copied();
        let scaling = match (number("scale_factor"), number("add_offset")) {
            (None, None) => None,
            (scale, offset) => Some((scale.unwrap_or(1.0), offset.unwrap_or(0.0))),
        };
        if let Some((scale, offset)) = scaling {
            if scale == 0.0 || !scale.is_finite() || !offset.is_finite() {
                odd.push(Oddity::Scale(format!("scale_factor {scale}, add_offset {offset}")));
            }
            let has_fill = ["_FillValue", "missing_value", "valid_min", "valid_max", "valid_range"];
            if matches!(stored, Stored::Int { .. }) && has_fill.iter().all(|n| attributes.get(n).is_none()) {
                odd.push(Oddity::NoFill);
            }
        }
        let valid = valid(attributes, stored, scaling.is_some(), as_stored);
        if let Some((low, high, _)) = valid.filter(|v| v.0 > v.1) {
            odd.push(Oddity::Valid(low, high));
        }
        let valid = valid.filter(|v| v.0 <= v.1);
        (Self { wrap, fills, valid, scaling }, odd)
    }

    /// Whether stored numbers are scaled.
    pub fn scales(&self) -> bool {
        self.scaling.is_some()
    }

    /// Whether values outside a valid range are masked.
    pub fn has_range(&self) -> bool {
        self.valid.is_some()
    }

    /// Turns stored numbers into values in place; NaN is missing.
    pub fn apply(&self, values: &mut [f64]) {
        if let Some(wrap) = self.wrap {
            values.iter_mut().for_each(|v| *v = wrap.apply(*v));
        }
        let (few, more) = self.fills.split_at(self.fills.len().min(2));
        for fill in more {
            values.iter_mut().for_each(|v| *v = if v == fill { f64::NAN } else { *v });
        }
        // NaN equals nothing: it stands for no fill value.
        let [a, b] = [few.first(), few.get(1)].map(|f| f.copied().unwrap_or(f64::NAN));
        let range = self.valid.map(|(low, high, _)| (low, high));
        let scaled = self.valid.is_some_and(|v| v.2);
        let (low, high) = range.filter(|_| !scaled).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let masked = |x: f64| if x == a || x == b || !(x >= low && x <= high) { f64::NAN } else { x };
        match self.scaling {
            Some((scale, offset)) => values.iter_mut().for_each(|v| *v = masked(*v) * scale + offset),
            None if few.is_empty() && self.valid.is_none() => {}
            None => values.iter_mut().for_each(|v| *v = masked(*v)),
        }
        if let Some((low, high)) = range.filter(|_| scaled) {
            values.iter_mut().for_each(|v| *v = if *v >= low && *v <= high { *v } else { f64::NAN });
        }
    }
}

impl Wrap {
    fn apply(self, v: f64) -> f64 {
        match self.to_unsigned {
            true if v < 0.0 => v + self.modulus,
            false if v >= self.modulus / 2.0 => v - self.modulus,
            _ => v,
        }
    }
}

fn wrap(attributes: &Attributes, stored: Stored) -> Option<Wrap> {
    let Stored::Int { bits, signed } = stored else { return None };
    let said = attributes.text("_Unsigned")?.trim().to_ascii_lowercase();
    let modulus = 2_f64.powi(i32::from(bits));
    match (said.as_str(), signed) {
        ("true", true) => Some(Wrap { modulus, to_unsigned: true }),
        ("false", false) => Some(Wrap { modulus, to_unsigned: false }),
        _ => None,
    }
}

fn default_fill(stored: Stored) -> Option<f64> {
    match stored {
        Stored::Float32 => Some(f64::from(FILL_FLOAT as f32)),
        Stored::Float64 => Some(FILL_FLOAT),
        Stored::Int { bits: 32, signed: true } => Some(-2_147_483_647.0),
        Stored::Int { bits: 64, signed: true } => Some(-9_223_372_036_854_775_806.0),
        _ => None,
    }
}

/// The bounds of valid values. They are meant as stored (CF 2.5.1), but files whose bounds cannot be numbers of the stored type mean
/// them after scaling.
fn valid(attributes: &Attributes, stored: Stored, scales: bool, as_stored: impl Fn(f64) -> f64) -> Option<(f64, f64, bool)> {
    let one = |name: &str| numbers(attributes.get(name)).first().copied();
    let range = numbers(attributes.get("valid_range"));
    let (low, high) = match range.as_slice() {
        [low, high] => (Some(*low), Some(*high)),
        _ => (one("valid_min"), one("valid_max")),
    };
    if low.is_none() && high.is_none() {
        return None;
    }
    let fits = |v: f64| match stored {
        Stored::Int { bits, .. } => v.fract() == 0.0 && v.abs() <= 2_f64.powi(i32::from(bits)),
        _ => true,
    };
    let scaled = scales && !(low.is_none_or(fits) && high.is_none_or(fits));
    let bound = |v: Option<f64>, none: f64| v.map_or(none, |v| if scaled { v } else { as_stored(v) });
    Some((bound(low, f64::NEG_INFINITY), bound(high, f64::INFINITY), scaled))
}

/// The numbers of an attribute; some files write them as text.
fn numbers(attribute: Option<&Attribute>) -> Vec<f64> {
    match attribute {
        Some(Attribute::Numbers(n)) => n.clone(),
        Some(Attribute::Text(t)) => t.trim().parse().into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(stored: Stored, attributes: &[(&str, &[f64])]) -> Packing {
        let list = attributes.iter().map(|(n, v)| ((*n).to_owned(), Attribute::Numbers(v.to_vec()))).collect();
        let name = "v".to_owned();
        let raw = RawVariable { name, dimensions: vec![], stored, storage: String::new(), attributes: Attributes(list), chunk: vec![] };
        Packing::of(&raw, true).0
    }

    fn decode(packing: &Packing, values: &[f64]) -> Vec<f64> {
        let mut out = values.to_vec();
        packing.apply(&mut out);
        out
    }

    const INT16: Stored = Stored::Int { bits: 16, signed: true };

    #[test]
    fn fills_are_masked_before_scaling_negative_scales_too() {
        let p =
            packed(INT16, &[("scale_factor", &[-0.5]), ("add_offset", &[10.0]), ("_FillValue", &[-32767.0]), ("missing_value", &[20.0])]);
        let out = decode(&p, &[-32767.0, 20.0, 4.0, 0.0]);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(&out[2..], &[8.0, 10.0]);
    }

    #[test]
    fn a_double_fill_of_a_float_variable_is_rounded_first() {
        let p = packed(Stored::Float32, &[("missing_value", &[1e20])]);
        let out = decode(&p, &[f64::from(1e20_f32), 1.0, f64::from(FILL_FLOAT as f32)]);
        assert!(out[0].is_nan() && out[2].is_nan());
        assert_eq!(out[1], 1.0);
    }

    #[test]
    fn default_fills_hold_in_netcdf_alone() {
        for (stored, fill) in [(Stored::Float64, FILL_FLOAT), (Stored::Int { bits: 32, signed: true }, -2_147_483_647.0)] {
            let raw = RawVariable {
                name: "v".into(),
                dimensions: vec![],
                stored,
                storage: String::new(),
                attributes: Attributes::default(),
                chunk: vec![],
            };
            assert!(decode(&Packing::of(&raw, true).0, &[fill])[0].is_nan());
            assert_eq!(decode(&Packing::of(&raw, false).0, &[fill]), [fill]);
        }
    }

    #[test]
    fn unsigned_bytes_in_signed_storage_wrap_with_their_fill() {
        let list =
            vec![("_Unsigned".to_owned(), Attribute::Text("true".into())), ("_FillValue".to_owned(), Attribute::Numbers(vec![-1.0]))];
        let stored = Stored::Int { bits: 8, signed: true };
        let raw = RawVariable {
            name: "v".into(),
            dimensions: vec![],
            stored,
            storage: String::new(),
            attributes: Attributes(list),
            chunk: vec![],
        };
        let out = decode(&Packing::of(&raw, true).0, &[-1.0, -2.0, 5.0]);
        assert!(out[0].is_nan());
        assert_eq!(&out[1..], &[254.0, 5.0]);
    }

    #[test]
    fn valid_ranges_count_as_stored_unless_they_cannot_be() {
        let stored = packed(INT16, &[("scale_factor", &[0.1]), ("valid_range", &[0.0, 100.0])]);
        let out = decode(&stored, &[-1.0, 0.0, 100.0, 101.0]);
        assert!(out[0].is_nan() && out[3].is_nan());
        assert_eq!(&out[1..3], &[0.0, 10.0]);
        let scaled = packed(INT16, &[("scale_factor", &[0.1]), ("valid_max", &[0.55])]);
        let out = decode(&scaled, &[5.0, 6.0]);
        assert_eq!(out[0], 0.5);
        assert!(out[1].is_nan());
    }
}
