//! Columns of another table, by key and by the nearest time.

use esker_core::{Codes, Column, Context, Error, Note, Result, Table, Unit, Values};

use super::file::open;
use super::keys::{Found, find};
use super::series::of_values;
use super::units::{Kind, in_unit};
use super::{Done, Scene, add, days_of};
use crate::columns::unknown_column;
use crate::recipe::{Added, Join, Statistic, matches};

pub(super) fn run(step: &Join, scene: &Scene<'_>, mut table: Table) -> Result<Done> {
    // A key that is text here is read as the text it is there.
    let texts = |here: &String| table.column(here).is_ok_and(|c| matches!(c.values, Values::Class(_)));
    let labels = step.by.iter().filter(|(here, _)| texts(here)).map(|(_, there)| there.clone()).collect();
    let (other, source) = open(&step.file, scene, labels)?.table()?;
    let name = &source.name.clone();
    let mut notes = other.notes.clone();
    let mut found =
        if step.by.is_empty() { Found::all(table.rows(), other.rows()) } else { find(&table, &other, &step.by, name, scene.cx)? };
    if found.without > 0 {
        notes.push(Note::info("join-no-key", format!("{} rows have no key and stay unmatched.", found.without)));
    }
    let mut later = 0;
    let rows = match &step.nearest {
        None => found.rows(),
        Some(columns) => {
            let times = Times::of((&table, &columns.0), (&other, &columns.1), name, &mut notes)?;
            times.sort(&mut found, scene.cx)?;
            let rows = times.nearest(&found, step, columns, (name, &mut notes), scene.cx)?;
            later = times.later(&rows, name, &mut notes);
            rows
        }
    };
    let columns = chosen(&other, step, name)?;
    let columns: Vec<Column> = if let Some(statistic) = step.aggregate {
        columns.iter().map(|c| together(c, &rows, statistic, scene.cx)).collect::<Result<_>>()?
    } else {
        one_each(&rows, step, name)?;
        let rows: Vec<Option<usize>> = rows.iter().map(|r| r.first().copied()).collect();
        columns.iter().map(|c| scene.cx.check().map(|()| picked(c, &rows))).collect::<Result<_>>()?
    };
    let columns = named(columns, &step.added, step.aggregate.map_or(Kind::Value, Kind::of), &mut notes)?;
    if step.aggregate == Some(Statistic::Sum) {
        for c in columns.iter().filter(|c| c.unit.rate().is_some()) {
            let text =
                format!("'{}' is a rate ({}); rows of one key were added as they are, which over time makes no amount.", c.name, c.unit);
            notes.push(Note::warning("rate-added", text));
        }
    }
    let matched = rows.iter().filter(|r| !r.is_empty()).count();
    notes.push(told(matched, &rows, other.rows(), name));
    add(&mut table, columns)?;
    Ok(Done { sources: vec![source], matched: Some(matched), later, ..Done::new(table, notes) })
}

fn told(matched: usize, rows: &[&[usize]], there: usize, name: &str) -> Note {
    let mut used = vec![false; there];
    rows.iter().copied().flatten().for_each(|&r| used[r] = true);
    let used = used.iter().filter(|u| **u).count();
    let text = format!("{matched} of {} rows found theirs in '{name}', of whose {there} rows {used} were used.", rows.len());
    if matched < rows.len() {
        Note::warning("join-unmatched", format!("{text} The other {} are missing in the new columns.", rows.len() - matched))
    } else {
        Note::info("join-matched", text)
    }
}

/// Refuses rows that find several.
fn one_each(rows: &[&[usize]], step: &Join, name: &str) -> Result<()> {
    let many = rows.iter().filter(|r| r.len() > 1).count();
    if many == 0 {
        return Ok(());
    }
    let most = rows.iter().map(|r| r.len()).max().unwrap_or(0);
    let row = rows.iter().position(|r| r.len() == most).map_or(0, |r| r + 1);
    let hint = "add a column to by that tells them apart, or say what becomes of them: aggregate = \"mean\"";
    Err(Error::data(if step.nearest.is_some() { format!("times of '{name}'") } else { format!("keys of '{name}'") })
        .got(format!("{many} of {} rows that find several (row {row} finds {most})", rows.len()))
        .rule("each row finds one")
        .hint(hint))
}

/// Times of both tables, in days since 1970-01-01.
struct Times {
    own: Vec<f64>,
    other: Vec<f64>,
}

impl Times {
    fn of(own: (&Table, &String), other: (&Table, &String), name: &str, notes: &mut Vec<Note>) -> Result<Self> {
        let mut days = |(t, n): (&Table, &String), rule: &str| {
            let column = t.columns().iter().find(|c| c.name == *n).ok_or_else(|| unknown_column(t, n, rule))?;
            days_of(column, notes)
        };
        Ok(Self { own: days(own, "no such column in the table")?, other: days(other, &format!("no such column in '{name}'"))? })
    }

    /// Puts the rows of each key in the order of their times; those without one find nobody.
    fn sort(&self, found: &mut Found, cx: &Context) -> Result<()> {
        for group in &mut found.groups {
            cx.check()?;
            group.retain(|&r| !self.other[r].is_nan());
            group.sort_by(|&a, &b| self.other[a].total_cmp(&self.other[b]));
        }
        Ok(())
    }

    /// Of the rows of a key those nearest in time: several only at one and the same time.
    fn nearest<'f>(
        &self,
        found: &'f Found,
        step: &Join,
        columns: &(String, String),
        (name, notes): (&str, &mut Vec<Note>),
        cx: &Context,
    ) -> Result<Vec<&'f [usize]>> {
        let mut far = 0;
        let most = step.within.unwrap_or(f64::INFINITY);
        let mut one = |(group, &at): (&'f [usize], &f64)| {
            let time = |i: usize| self.other[group[i]];
            let after = group.partition_point(|&r| self.other[r] <= at);
            // Of two equally near ones the earlier: it is known at the time of the row.
            let before = (after > 0).then(|| after - 1);
            let next = (after < group.len() && !step.earlier).then_some(after);
            let best = match (before, next) {
                (Some(b), Some(n)) => Some(if time(n) - at < at - time(b) { n } else { b }),
                (b, n) => b.or(n),
            };
            let Some(best) = best.filter(|_| !at.is_nan()) else { return &[][..] };
            if (time(best) - at).abs() > most {
                far += 1;
                return &[][..];
            }
            let same = time(best);
            &group[group.partition_point(|&r| self.other[r] < same)..group.partition_point(|&r| self.other[r] <= same)]
        };
        let pairs = found.rows().into_iter().zip(&self.own);
        let rows = pairs.map(|pair| cx.check().map(|()| one(pair))).collect::<Result<Vec<_>>>()?;
        if rows.iter().all(|r| r.is_empty()) {
            return Err(apart((&self.own, &columns.0), (&self.other, &columns.1), step, name));
        }
        if far > 0 {
            notes.push(Note::info("join-far", format!("{far} rows have none within {most} d and stay unmatched.")));
        }
        Ok(rows)
    }

    /// How many rows took one that is later than themselves.
    fn later(&self, rows: &[&[usize]], name: &str, notes: &mut Vec<Note>) -> usize {
        let later = rows.iter().zip(&self.own).filter(|(r, at)| r.first().is_some_and(|&r| self.other[r] > **at)).count();
        if later > 0 {
            let text = format!(
                "{later} of {} rows took a row of '{name}' that is later than themselves: what is not known yet at the time of a row. Where the \
                 model is to forecast, write earlier = true.",
                rows.len()
            );
            notes.push(Note::warning("join-later", text));
        }
        later
    }
}

fn apart((own, here): (&[f64], &str), (times, there): (&[f64], &str), step: &Join, name: &str) -> Error {
    let range = |days: &[f64]| {
        let known = days.iter().copied().filter(|d| !d.is_nan());
        let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), d| (l.min(d), h.max(d)));
        if low > high {
            "no times".to_owned()
        } else {
            format!("{} to {}", esker_io::time::format_date(low), esker_io::time::format_date(high))
        }
    };
    let rule = match (step.earlier, step.within) {
        (true, Some(d)) => format!("a row within {d} d before is wanted"),
        (true, None) => "a row that is not later is wanted".to_owned(),
        (false, Some(d)) => format!("a row within {d} d is wanted"),
        (false, None) => "a row with a time is wanted".to_owned(),
    };
    Error::data(format!("times of '{name}'"))
        .got(format!("0 of {} rows with one that is near: '{here}' goes from {}, '{there}' from {}", own.len(), range(own), range(times)))
        .rule(rule)
}

/// The columns taken: those of the globs, or all but the keys.
fn chosen<'t>(other: &'t Table, step: &Join, name: &str) -> Result<Vec<&'t Column>> {
    let keys: Vec<&String> = step.by.iter().map(|k| &k.1).chain(step.nearest.iter().map(|k| &k.1)).collect();
    if step.added.columns.is_empty() {
        return Ok(other.columns().iter().filter(|c| !keys.contains(&&c.name)).collect());
    }
    for glob in &step.added.columns {
        if !other.columns().iter().any(|c| matches(glob, &c.name)) {
            return Err(unknown_column(other, glob, &format!("no such column in '{name}'")));
        }
    }
    let wanted = |c: &&Column| step.added.columns.iter().any(|g| matches(g, &c.name) && !(g.contains('*') && keys.contains(&&c.name)));
    Ok(other.columns().iter().filter(wanted).collect())
}

/// A column at some rows; missing where there is none.
pub(super) fn picked(column: &Column, rows: &[Option<usize>]) -> Column {
    let values = match &column.values {
        Values::Real(v) => Values::Real(rows.iter().map(|r| r.map_or(f64::NAN, |r| v[r])).collect()),
        Values::Class(c) => Values::Class(Codes::from_labels(&rows.iter().map(|r| r.and_then(|r| c.label(r))).collect::<Vec<_>>())),
    };
    Column { values, ..column.clone() }
}

/// A statistic of the values of several rows; classes must agree.
fn together(column: &Column, rows: &[&[usize]], statistic: Statistic, cx: &Context) -> Result<Column> {
    let values = match &column.values {
        Values::Real(v) => {
            // A sum that lacks a value is not known; what is missing is not zero.
            let known = |v: &f64| !v.is_nan() || statistic == Statistic::Sum;
            let one = |r: &&[usize]| of_values(statistic, &r.iter().map(|&r| v[r]).filter(known).collect::<Vec<_>>());
            Values::Real(rows.iter().map(|r| cx.check().map(|()| one(r))).collect::<Result<_>>()?)
        }
        Values::Class(c) => {
            let label = |rows: &&[usize]| {
                let mut labels = rows.iter().filter_map(|&r| c.label(r));
                let first = labels.next();
                match labels.find(|l| Some(*l) != first) {
                    Some(other) => Err(Error::data(format!("column '{}'", column.name))
                        .got(format!("'{}' and '{other}' under one key", first.unwrap_or_default()))
                        .rule("classes of one key agree")
                        .hint("leave the column out: columns = […]")),
                    None => Ok(first),
                }
            };
            Values::Class(Codes::from_labels(&rows.iter().map(label).collect::<Result<Vec<_>>>()?))
        }
    };
    let unit = if statistic == Statistic::Count { Unit::default() } else { column.unit.clone() };
    Ok(Column { values, unit, ..column.clone() })
}

/// Columns in the units wanted, under their new names.
pub(super) fn named(columns: Vec<Column>, added: &Added, kind: Kind, notes: &mut Vec<Note>) -> Result<Vec<Column>> {
    if let Some(name) = added.units.keys().find(|glob| !columns.iter().any(|c| matches(glob, &c.name))) {
        return Err(Error::recipe(format!("'units.{name}'")).rule("no column taken is called so"));
    }
    columns
        .into_iter()
        .map(|mut c| {
            let unit = added.units.get(&c.name).or_else(|| added.units.iter().find(|(g, _)| matches(g, &c.name)).map(|(_, u)| u));
            if let Some(unit) = unit {
                c = in_unit(c, &Unit::new(unit), kind, notes)?;
            }
            c.name = format!("{}{}", added.prefix, c.name);
            Ok(c)
        })
        .collect()
}
