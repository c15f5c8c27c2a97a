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
    /// What is left of a rate without its time, and how many of that time a day has; none of these where the time is a month. Power is a rate of
    /// energy. `None` for what is no rate.
    ///
    /// ```
    /// use esker_core::Unit;
    /// assert_eq!(Unit::new("kg m-2 s-1").rate(), Some((Unit::new("kg m-2"), Some(86_400.0))));
    /// assert_eq!(Unit::new("mm/month").rate(), Some((Unit::new("mm"), None)));
    /// assert_eq!(Unit::new("W m-2").rate(), Some((Unit::new("J m-2"), Some(86_400.0))));
    /// assert_eq!(Unit::new("mm").rate(), None);
    /// ```
    pub fn rate(&self) -> Option<(Self, Option<f64>)> {
        let text = normal(self.as_str());
        let words: Vec<&str> = text.split(' ').collect();
        let timed = |word: &&str| word.strip_suffix("-1").and_then(a_day);
        let Some(time) = words.iter().position(|w| timed(w).is_some()) else {
            let watts = words.iter().position(|w| ["W", "kW", "watt", "watts"].contains(w))?;
            let joules = words.iter().enumerate().map(|(i, w)| match (i == watts, *w) {
                (true, "kW") => "kJ",
                (true, _) => "J",
                (false, w) => w,
            });
            return Some((Self::new(joules.collect::<Vec<_>>().join(" ")), Some(86_400.0)));
        };
        let amount: Vec<&str> = words.iter().enumerate().filter(|(i, _)| *i != time).map(|(_, w)| *w).collect();
        // What happens so often, or is left of `s-1 d-1`, is no amount.
        let left = !amount.is_empty() && amount.iter().all(|w| timed(w).is_none());
        timed(&words[time]).filter(|_| left).map(|per| (Self::new(amount.join(" ")), per))
    }
}

/// How many of a time a day has; of months, none that is always the same.
fn a_day(time: &str) -> Option<Option<f64>> {
    match time {
        "s" | "sec" | "second" | "seconds" => Some(Some(86_400.0)),
        "min" | "minute" | "minutes" => Some(Some(1440.0)),
        "h" | "hr" | "hour" | "hours" => Some(Some(24.0)),
        "d" | "day" | "days" => Some(Some(1.0)),
        "month" | "months" | "mon" => Some(None),
        "yr" | "year" | "years" | "a" => Some(Some(1.0 / 365.2425)),
        _ => None,
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

    #[test]
    fn rates_are_known_in_every_spelling_and_order() {
        let rate = |unit: &str| Unit::new(unit).rate().map(|(amount, per)| (amount.as_str().to_owned(), per));
        for (unit, amount, per) in [
            ("kg m**-2 s**-1", "kg m-2", Some(86_400.0)),
            ("kg s-1 m-2", "kg m-2", Some(86_400.0)),
            ("mm/days", "mm", Some(1.0)),
            ("mm per day", "mm", Some(1.0)),
            ("mm hour-1", "mm", Some(24.0)),
            ("m s^-1", "m", Some(86_400.0)),
            ("m w.e. yr-1", "m w.e.", Some(1.0 / 365.2425)),
            ("mm month-1", "mm", None),
            ("kW m-2", "kJ m-2", Some(86_400.0)),
        ] {
            assert_eq!(rate(unit), Some((amount.to_owned(), per)), "{unit}");
        }
        for unit in ["mm", "m s-2", "d-1", "degC d", "m2 s-2", "degC", "", "1"] {
            assert_eq!(rate(unit), None, "{unit}");
        }
    }
}
