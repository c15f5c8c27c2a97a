//! From one unit to another where it is beyond doubt: temperature, length, mass of water on an area, pressure, shares.

use crate::Unit;
use crate::unit::normal;

/// `to = factor · from + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    /// What values are multiplied by.
    pub factor: f64,
    /// What is added then.
    pub offset: f64,
}

/// Units of one kind with their factor and offset to the first.
type Kind = &'static [(&'static [&'static str], f64, f64)];

const KINDS: [Kind; 5] = [
    &[
        (&["degC", "degrees_C", "deg C", "degree_Celsius", "degrees_Celsius", "Celsius", "celsius", "C"], 1.0, 0.0),
        (&["K", "kelvin", "Kelvin", "degK"], 1.0, -273.15),
        (&["degF", "Fahrenheit", "degrees_F"], 5.0 / 9.0, -160.0 / 9.0),
    ],
    &[
        (&["m", "metre", "meter", "metres", "meters", "m a.s.l."], 1.0, 0.0),
        (&["km"], 1000.0, 0.0),
        (&["cm"], 0.01, 0.0),
        (&["mm"], 0.001, 0.0),
        (&["ft", "feet"], 0.3048, 0.0),
    ],
    // A kilogram of water on a square metre stands a millimetre high, at 1000 kg m-3.
    &[(&["mm", "kg m-2", "mm w.e.", "kg m**-2"], 1.0, 0.0), (&["m", "m w.e."], 1000.0, 0.0), (&["cm", "cm w.e."], 10.0, 0.0)],
    &[(&["Pa"], 1.0, 0.0), (&["hPa", "mbar", "millibar"], 100.0, 0.0), (&["kPa"], 1000.0, 0.0)],
    &[(&["1"], 1.0, 0.0), (&["%", "percent"], 0.01, 0.0)],
];

impl Unit {
    /// How values of this unit become those of another; none where they are of different kinds or not known.
    ///
    /// ```
    /// use esker_core::Unit;
    /// let way = Unit::new("K").to(&Unit::new("degC")).unwrap();
    /// assert!((273.15 * way.factor + way.offset).abs() < 1e-12);
    /// assert!(Unit::new("K").to(&Unit::new("m")).is_none());
    /// ```
    pub fn to(&self, other: &Self) -> Option<Conversion> {
        if self.same(other) {
            return Some(Conversion { factor: 1.0, offset: 0.0 });
        }
        let find =
            |kind: Kind, unit: &Self| kind.iter().find(|(names, ..)| names.iter().any(|n| unit.same(&Self::new(n)))).map(|u| (u.1, u.2));
        KINDS.iter().find_map(|kind| {
            let ((f, o), (g, p)) = (find(kind, self)?, find(kind, other)?);
            Some(Conversion { factor: f / g, offset: (o - p) / g })
        })
    }
}

impl Unit {
    /// What is left of a rate without its time, and how many of that time a day has; none of these where the time is a month. `None` for what is
    /// no rate.
    ///
    /// ```
    /// use esker_core::Unit;
    /// assert_eq!(Unit::new("kg m-2 s-1").rate(), Some((Unit::new("kg m-2"), Some(86_400.0))));
    /// assert_eq!(Unit::new("mm/month").rate(), Some((Unit::new("mm"), None)));
    /// assert_eq!(Unit::new("mm").rate(), None);
    /// ```
    pub fn rate(&self) -> Option<(Self, Option<f64>)> {
        let text = normal(self.as_str());
        let (amount, time) = text.rsplit_once(' ')?;
        let a_day = match time.trim_end_matches("**-1").trim_end_matches("-1") {
            _ if !time.ends_with("-1") => return None,
            "s" | "sec" | "second" => Some(86_400.0),
            "h" | "hr" | "hour" => Some(24.0),
            "d" | "day" => Some(1.0),
            "month" | "mon" => None,
            "yr" | "year" | "a" => Some(1.0 / 365.2425),
            _ => return None,
        };
        Some((Self::new(amount), a_day))
    }
}

impl Conversion {
    /// A value in the other unit.
    pub fn apply(self, value: f64) -> f64 {
        value.mul_add(self.factor, self.offset)
    }

    /// Whether values stay as they are.
    pub fn is_none(self) -> bool {
        self.factor == 1.0 && self.offset == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_one_kind_become_each_other_and_others_do_not() {
        let go = |from: &str, to: &str, v: f64| Unit::new(from).to(&Unit::new(to)).map(|w| w.apply(v));
        for (from, to, v, expected) in [
            ("degF", "degC", 212.0, 100.0),
            ("degC", "degF", -40.0, -40.0),
            ("°C", "K", 0.0, 273.15),
            ("km", "m", 2.5, 2500.0),
            ("kg m-2", "mm", 7.0, 7.0),
            ("mm w.e.", "m w.e.", 1500.0, 1.5),
            ("hPa", "Pa", 1.0, 100.0),
            ("%", "1", 50.0, 0.5),
        ] {
            let got = go(from, to, v).unwrap();
            assert!((got - expected).abs() < 1e-9, "{from} {to}: {got}");
        }
        assert_eq!(go("kg m-2", "K", 1.0), None);
        assert_eq!(go("", "m", 1.0), None);
    }
}
