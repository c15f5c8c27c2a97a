//! What of a file is wanted, as a user writes it: variables, a span of time, a box, polygons.

use std::path::PathBuf;

use esker_core::cube::{AxisKind, Labels};
use esker_core::{Calendar, Cube, Error, Result};

/// A selection in words; what is not said is all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Names of variables.
    pub variables: Vec<String>,
    /// `2001-05`, or `2001-01/2010-12`: both ends belong to it, whole months and years where that is all that is said.
    pub time: Option<String>,
    /// `west,south,east,north` in the CRS of the file.
    pub bbox: Option<String>,
    /// A file of polygons that all lies in: cells by their centre, points by themselves.
    pub within: Option<PathBuf>,
}

impl Selection {
    /// The first word that only grids understand, as recipes write it.
    pub(crate) fn of_grids(&self) -> Option<&'static str> {
        let words = [("variables", !self.variables.is_empty()), ("time", self.time.is_some()), ("bbox", self.bbox.is_some())];
        words.into_iter().find(|(_, said)| *said).map(|(word, _)| word)
    }

    /// The variables, times and box of a cube that are wanted; polygons are not looked at. An error comes with the word it is about.
    pub(crate) fn choose(&self, cube: Cube) -> Result<Cube, (&'static str, Error)> {
        let mut cube = cube;
        if !self.variables.is_empty() {
            cube = cube.only(&self.variables).map_err(|e| ("variables", e))?;
        }
        if let Some(text) = &self.time {
            cube = in_time(cube, text).map_err(|e| ("time", e))?;
        }
        if let Some(text) = &self.bbox {
            let cut = corners(text).and_then(|[west, south, east, north]| cube.within(west, south, east, north));
            cube = cut.map_err(|e| ("bbox", e))?;
        }
        Ok(cube)
    }
}

fn in_time(cube: Cube, text: &str) -> Result<Cube> {
    let axis = cube
        .axis_of(AxisKind::T)
        .ok_or_else(|| Error::data("time").got(format!("'{text}'")).rule("a selection in time needs one time axis"))?;
    let Some(Labels::Time { calendar, .. }) = &cube.axes()[axis].labels else {
        return Err(Error::data(format!("axis '{}'", cube.axes()[axis].name)).rule("its labels are no dates"));
    };
    let (low, high) = span(text, *calendar)?;
    cube.select(axis, &cube.span(axis, low, high)?)
}

/// The first day number of a moment or span, and that of the moment after it.
pub(crate) fn span(text: &str, calendar: Calendar) -> Result<(f64, f64)> {
    let (from, to) = text.split_once('/').unwrap_or((text, text));
    Ok((moment(from, calendar)?.0, moment(to, calendar)?.1))
}

/// The first day number of a moment, and that of the moment after it: the next year, month, day or instant.
fn moment(text: &str, calendar: Calendar) -> Result<(f64, f64)> {
    let refuse = || {
        Error::usage(format!("time '{text}'"))
            .rule(format!("a time is written 2001, 2001-05, 2001-05-17 or 2001-05-17T06:00, a date of the {} calendar", calendar.name()))
            .hint("a span is written 2001-01/2010-12")
    };
    let text = text.trim();
    let (date, clock) = text.split_once('T').map_or((text, None), |(d, c)| (d, Some(c)));
    let (sign, digits) = date.strip_prefix('-').map_or((1, date), |rest| (-1, rest));
    let parts: Vec<i64> = digits.split('-').map(|p| p.parse().map_err(|_| refuse())).collect::<Result<_>>()?;
    let day = |y: i64, m: i64, d: i64| {
        let (m, d) = (u8::try_from(m).ok(), u8::try_from(d).ok());
        m.zip(d).and_then(|(m, d)| calendar.days(y, m, d)).map(|n| n as f64).ok_or_else(refuse)
    };
    match (parts.as_slice(), clock) {
        ([y], None) => Ok((day(sign * y, 1, 1)?, day(sign * y + 1, 1, 1)?)),
        ([y, m], None) => {
            let next = if *m == 12 { day(sign * y + 1, 1, 1)? } else { day(sign * y, m + 1, 1)? };
            Ok((day(sign * y, *m, 1)?, next))
        }
        ([y, m, d], None) => {
            let first = day(sign * y, *m, *d)?;
            Ok((first, first + 1.0))
        }
        ([y, m, d], Some(clock)) => {
            let fields: Vec<f64> =
                clock.trim_end_matches('Z').split(':').map(|p| p.parse().map_err(|_| refuse())).collect::<Result<_>>()?;
            let limits = [24.0, 60.0, 60.0];
            if fields.len() > 3 || fields.iter().zip(limits).any(|(f, l)| !(0.0..l).contains(f)) {
                return Err(refuse());
            }
            let seconds: f64 = fields.iter().zip([3600.0, 60.0, 1.0]).map(|(f, s)| f * s).sum();
            let at = day(sign * y, *m, *d)? + seconds / 86_400.0;
            Ok((at - 1e-9, at + 2e-9))
        }
        _ => Err(refuse()),
    }
}

pub(crate) fn corners(text: &str) -> Result<[f64; 4]> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|p| p.trim().parse().ok().filter(|v: &f64| v.is_finite())).collect();
    numbers.and_then(|n| n.try_into().ok()).ok_or_else(|| {
        Error::usage(format!("box '{text}'"))
            .rule("a box is west,south,east,north in the units of the file's CRS")
            .hint("for the Alps: 5,43,17,49")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_as_long_as_what_is_said() {
        let c = Calendar::Proleptic;
        assert_eq!(moment("1970", c).unwrap(), (0.0, 365.0));
        assert_eq!(moment("1970-12", c).unwrap(), (334.0, 365.0));
        assert_eq!(moment("1970-01-02", c).unwrap(), (1.0, 2.0));
        let (low, high) = moment("1970-01-02T12:00", c).unwrap();
        assert!(low < 1.5 && high > 1.5 && high - low < 1e-8);
        assert_eq!(moment("2000-02-30", Calendar::Day360).unwrap().0, 30.0 * 360.0 + 59.0);
        assert!(moment("2001-02-30", c).is_err() && moment("May 2001", c).is_err() && moment("2001-05-17T25:00", c).is_err());
    }

    #[test]
    fn a_box_has_four_numbers() {
        assert_eq!(corners("5, 43,17,49").unwrap(), [5.0, 43.0, 17.0, 49.0]);
        assert!(corners("5,43,17").is_err() && corners("a,b,c,d").is_err());
    }
}
