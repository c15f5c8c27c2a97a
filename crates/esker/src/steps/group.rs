//! Rows of one group and one span of time as one.

use std::collections::BTreeMap;

use esker_core::{Calendar, Codes, Column, Context, DAYS, Error, Note, Result, Table, Unit, Values};
use esker_io::time::format_moment;
use esker_math::period::{Period, Rhythm, Span, days_in, first_day, month_of};

use super::join::picked;
use super::series::of_span;
use super::{Done, Scene, add, days_of};
use crate::columns::unknown_column;
use crate::recipe::{Aggregate, Every, Resample, Statistic};

/// Rows that a resampled table has at most.
const MOST: usize = 1 << 26;

/// Rows of a group that tell how often it has one.
const LONG: usize = 10;

/// A new row: the rows it is made of, in order of time, and how many there should be.
struct Bin {
    group: usize,
    rows: Vec<usize>,
    expected: f64,
    start: f64,
    span: Option<Span>,
}

pub(super) fn aggregate(step: &Aggregate, scene: &Scene<'_>, table: &Table) -> Result<Done> {
    let mut notes = Vec::new();
    let groups = groups(table, &step.by, &mut notes, scene.cx)?;
    let mut bins = Vec::new();
    let mut time = None;
    let mut read = None;
    if let Some((period, own)) = &step.period {
        let name = scene.time(own.as_ref())?;
        let times = Times::read(table, name, &groups, &mut notes, scene.cx)?;
        for (g, rows) in times.groups.iter().enumerate() {
            let mut spans: BTreeMap<Span, Vec<usize>> = BTreeMap::new();
            for &r in rows {
                scene.cx.check()?;
                spans.entry(period.of(&Calendar::Proleptic.date(times.days[r]))).or_default().push(r);
            }
            bins.extend(spans.into_iter().map(|(span, rows)| Bin {
                group: g,
                expected: times.rhythms[g].expected(Calendar::Proleptic, &span.range()).unwrap_or(rows.len() as f64),
                start: first_day(Calendar::Proleptic, span.first),
                rows,
                span: Some(span),
            }));
        }
        time = Some((name, *period));
        read = Some(times);
    } else {
        bins.extend(groups.iter().enumerate().map(|(g, rows)| Bin {
            group: g,
            rows: rows.clone(),
            expected: rows.len() as f64,
            start: f64::NAN,
            span: None,
        }));
    }
    let mut out = Table::new(keys(table, &step.by, &groups, &bins)?)?;
    if let Some((name, period)) = time {
        add(&mut out, calendar_columns(name, period, &bins))?;
    }
    let short = put(&mut out, table, &step.take, (&bins, read.as_ref(), step.share), &mut notes, scene.cx)?;
    tell(&mut notes, (table.rows(), out.rows()), short, step.share);
    if let Some((_, Period::Season)) = time {
        notes.push(Note::info("season-year", "December belongs to the winter of the year that follows."));
    }
    if let Some((_, Period::Year(start @ 2..))) = time {
        notes.push(Note::info("hydrological-year", format!("Years begin with month {start} and are named by the year in which they end.")));
    }
    Ok(Done::new(out, notes))
}

pub(super) fn resample(step: &Resample, scene: &Scene<'_>, table: &Table) -> Result<Done> {
    let mut notes = Vec::new();
    let groups = groups(table, &step.by, &mut notes, scene.cx)?;
    let name = scene.time(step.time.as_ref())?;
    let times = Times::read(table, name, &groups, &mut notes, scene.cx)?;
    let mut bins: Vec<Bin> = Vec::new();
    for (g, rows) in times.groups.iter().enumerate() {
        scene.cx.check()?;
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { continue };
        let grid = Grid::new(step.every, times.days[first], times.rhythms[g]);
        let count = grid.bin(times.days[last]) + 1;
        if bins.len().saturating_add(count) > MOST {
            return Err(Error::data("resampled rows")
                .got(format!("more than {MOST}"))
                .rule("a table of that many rows is not built")
                .hint("take a longer step"));
        }
        let from = bins.len();
        bins.extend((0..count).map(|k| Bin { group: g, rows: Vec::new(), expected: grid.expected(k), start: grid.start(k), span: None }));
        rows.iter().for_each(|&r| bins[from + grid.bin(times.days[r])].rows.push(r));
        for bin in bins[from..].iter_mut().filter(|b| b.expected.is_nan()) {
            bin.expected = bin.rows.len() as f64;
        }
    }
    let mut out = Table::new(keys(table, &step.by, &groups, &bins)?)?;
    add(&mut out, vec![Column::real(name, DAYS, bins.iter().map(|b| b.start).collect())])?;
    let empty = bins.iter().filter(|b| b.rows.is_empty()).count();
    let short = put(&mut out, table, &step.take, (&bins, Some(&times), step.share), &mut notes, scene.cx)?;
    tell(&mut notes, (table.rows(), out.rows()), short, step.share);
    if empty > 0 {
        notes.push(Note::warning(
            "resample-gaps",
            format!("{empty} of {} steps of time hold no row; they are missing, not filled.", bins.len()),
        ));
    }
    Ok(Done::new(out, notes))
}

/// Regular steps from midnight of a first row on, or months.
struct Grid {
    every: Every,
    first: f64,
    rhythm: Rhythm,
}

impl Grid {
    fn new(every: Every, first: f64, rhythm: Rhythm) -> Self {
        let first = match every {
            Every::Days(_) => first.floor(),
            Every::Months(n) => {
                let month = month_of(&Calendar::Proleptic.date(first));
                month.div_euclid(i64::from(n)) as f64
            }
        };
        Self { every, first, rhythm }
    }

    fn bin(&self, day: f64) -> usize {
        match self.every {
            // A hair before a step is rounding of the clock.
            Every::Days(step) => ((day - self.first) / step + 1e-9).floor() as usize,
            Every::Months(n) => (month_of(&Calendar::Proleptic.date(day)).div_euclid(i64::from(n)) - self.first as i64) as usize,
        }
    }

    /// The first month of a step of months, from January of year 0.
    fn month(&self, k: usize, n: u8) -> i64 {
        (self.first as i64 + k as i64) * i64::from(n)
    }

    fn start(&self, k: usize) -> f64 {
        match self.every {
            Every::Days(step) => self.first + k as f64 * step,
            Every::Months(n) => first_day(Calendar::Proleptic, self.month(k, n)),
        }
    }

    /// Values that a step should have, at least one; NaN where that is not known.
    fn expected(&self, k: usize) -> f64 {
        let expected = match (self.every, self.rhythm) {
            (_, Rhythm::Other) | (Every::Days(_), Rhythm::Monthly) => f64::NAN,
            (Every::Days(step), Rhythm::Daily(n)) => (step * n).max(1.0),
            (Every::Months(n), Rhythm::Daily(per)) => per * days_in(Calendar::Proleptic, &(self.month(k, n)..self.month(k + 1, n))),
            (Every::Months(n), Rhythm::Monthly) => f64::from(n),
        };
        expected.round()
    }
}

/// Times of the rows, and the rows of each group in their order.
struct Times {
    days: Vec<f64>,
    groups: Vec<Vec<usize>>,
    /// How often each group has a row.
    rhythms: Vec<Rhythm>,
}

impl Times {
    fn read(table: &Table, name: &str, groups: &[Vec<usize>], notes: &mut Vec<Note>, cx: &Context) -> Result<Self> {
        let column = table.columns().iter().find(|c| c.name == name);
        let column = column.ok_or_else(|| unknown_column(table, name, "no such column in the table"))?;
        let days = days_of(column, notes)?;
        let without = groups.iter().flatten().filter(|&&r| days[r].is_nan()).count();
        if without > 0 {
            notes.push(Note::warning("no-time", format!("{without} rows have no time and were left out.")));
        }
        let mut groups = groups.to_vec();
        for rows in &mut groups {
            cx.check()?;
            rows.retain(|&r| !days[r].is_nan());
            rows.sort_by(|&a, &b| days[a].total_cmp(&days[b]));
            if let Some(twice) = rows.windows(2).find(|w| days[w[0]] == days[w[1]]) {
                return Err(Error::data(format!("rows {} and {}", twice[0] + 1, twice[1] + 1))
                    .got(format!("the same time {} in one group", format_moment(days[twice[0]])))
                    .rule("a group has one row at a time")
                    .hint("add the column that tells them apart to by"));
            }
        }
        // A group says how often it has a row; for short and uneven ones the longest does.
        let of = |rows: &[usize]| Rhythm::of(Calendar::Proleptic, &rows.iter().map(|&r| days[r]).collect::<Vec<_>>());
        let rhythm = of(groups.iter().max_by_key(|g| g.len()).map_or(&[][..], Vec::as_slice));
        let own = |rows: &Vec<usize>| Some(of(rows)).filter(|r| rows.len() >= LONG && *r != Rhythm::Other).unwrap_or(rhythm);
        let rhythms: Vec<Rhythm> = groups.iter().map(own).collect();
        notes.push(match rhythm {
            Rhythm::Daily(1.0) => Note::info("rhythm", "Rows are a day apart; days without a row count as missing."),
            Rhythm::Daily(n) => Note::info("rhythm", format!("There are {n} rows a day; times without a row count as missing.")),
            Rhythm::Monthly => Note::info("rhythm", "Rows are a month apart; months without a row count as missing."),
            Rhythm::Other => {
                Note::warning("rhythm", "Rows are neither days nor months apart: times without a row cannot be counted as missing.")
            }
        });
        let others = rhythms.iter().filter(|r| **r != rhythm).count();
        if others > 0 {
            let text =
                format!("{others} of {} groups have rows more or less often than the longest; each is held to its own.", groups.len());
            notes.push(Note::warning("rhythms-differ", text));
        }
        Ok(Self { days, groups, rhythms })
    }
}

/// Rows of each group, groups in the order of their keys; rows without a key are left out.
fn groups(table: &Table, by: &[String], notes: &mut Vec<Note>, cx: &Context) -> Result<Vec<Vec<usize>>> {
    let mut columns = Vec::with_capacity(by.len());
    for name in by {
        columns.push(
            table.columns().iter().find(|c| c.name == *name).ok_or_else(|| unknown_column(table, name, "no such column in the table"))?,
        );
    }
    // Numbers by size, classes by the order of their levels.
    let rank = |c: &Column, row: usize| match &c.values {
        Values::Real(v) => {
            let bits = (v[row] + 0.0).to_bits();
            if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
        }
        Values::Class(k) => u64::from(k.codes()[row]),
    };
    let mut groups: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
    let mut without = 0;
    for row in 0..table.rows() {
        cx.check()?;
        if columns.iter().any(|c| c.values.is_missing(row)) {
            without += 1;
        } else {
            groups.entry(columns.iter().map(|c| rank(c, row)).collect()).or_default().push(row);
        }
    }
    if without > 0 {
        notes.push(Note::warning("no-group", format!("{without} rows have no value of {} and were left out.", by.join(", "))));
    }
    Ok(groups.into_values().collect())
}

/// The key columns of the new rows.
fn keys(table: &Table, by: &[String], groups: &[Vec<usize>], bins: &[Bin]) -> Result<Vec<Column>> {
    let rows: Vec<usize> = bins.iter().map(|b| groups[b.group][0]).collect();
    by.iter().map(|name| Ok(table.column(name)?.select(&rows))).collect()
}

/// The time, year, and month or season of the new rows.
fn calendar_columns(name: &str, period: Period, bins: &[Bin]) -> Vec<Column> {
    let spans = || bins.iter().filter_map(|b| b.span.as_ref());
    let mut columns = Vec::new();
    if name != "year" {
        columns.push(Column::real(name, DAYS, bins.iter().map(|b| b.start).collect()));
    }
    columns.push(Column::real("year", "", spans().map(|s| s.year as f64).collect()));
    match period {
        Period::Month => columns.push(Column::real("month", "", spans().map(|s| f64::from(s.part)).collect())),
        Period::Season => {
            let labels: Vec<Option<&str>> = spans().map(|s| Some(Period::SEASONS[usize::from(s.part) - 1])).collect();
            columns.push(Column::class("season", Codes::from_labels(&labels)));
        }
        Period::Year(_) => {}
    }
    columns
}

/// Adds the new columns; returns how many values are missing for want of data.
fn put(
    out: &mut Table,
    table: &Table,
    take: &[(String, String, Statistic)],
    (bins, times, share): (&[Bin], Option<&Times>, f64),
    notes: &mut Vec<Note>,
    cx: &Context,
) -> Result<usize> {
    let mut short = 0;
    for (name, of, statistic) in take {
        let column =
            table.columns().iter().find(|c| c.name == *of).ok_or_else(|| unknown_column(table, of, "no such column in the table"))?;
        let column = match (&column.values, statistic) {
            (Values::Class(_), Statistic::First | Statistic::Last) => {
                let there = |rows: &[usize]| {
                    let mut known = rows.iter().copied().filter(|&r| !column.values.is_missing(r));
                    if *statistic == Statistic::First { known.next() } else { known.next_back() }
                };
                Column { name: name.clone(), ..picked(column, &bins.iter().map(|b| there(&b.rows)).collect::<Vec<_>>()) }
            }
            _ => {
                let v = column.reals()?;
                let rate = if *statistic == Statistic::Sum { column.unit.rate() } else { None };
                let value = |b: &Bin| {
                    cx.check()?;
                    let weight = |r: usize| match &rate {
                        Some((_, per)) => length(times, b.group, r, *per).ok_or_else(|| no_length(name, &column.unit)),
                        None => Ok(1.0),
                    };
                    let values = b.rows.iter().map(|&r| Ok(v[r] * weight(r)?)).collect::<Result<Vec<_>>>()?;
                    Ok(of_span(*statistic, &values, b.expected, share))
                };
                let values = bins.iter().map(value).collect::<Result<Vec<f64>>>()?;
                short += bins.iter().zip(&values).filter(|(b, v)| v.is_nan() && !b.rows.is_empty()).count();
                let unit = match rate {
                    _ if *statistic == Statistic::Count => Unit::default(),
                    Some((amount, _)) => {
                        let text = format!("'{of}' is a rate ({}); times the length of each step it is {amount}.", column.unit);
                        notes.push(Note::info("rate-summed", text));
                        amount
                    }
                    None => column.unit.clone(),
                };
                Column { name: name.clone(), unit, values: Values::Real(values) }
            }
        };
        add(out, vec![column])?;
    }
    Ok(short)
}

/// How long the step of a row is, in the time of a rate with `per` of it a day, or in months; none where that is not known.
fn length(times: Option<&Times>, group: usize, row: usize, per: Option<f64>) -> Option<f64> {
    let times = times?;
    let month = month_of(&Calendar::Proleptic.date(times.days[row]));
    let days = times.rhythms[group].days(Calendar::Proleptic, month)?;
    Some(per.map_or_else(|| days / days_in(Calendar::Proleptic, &(month..month + 1)), |per| per * days))
}

fn no_length(name: &str, unit: &Unit) -> Error {
    Error::data(format!("'take.{name}'"))
        .got(format!("a sum of rates ({unit}) whose times are neither days nor months apart, or not looked at"))
        .rule("sums of rates need the length of each step")
        .hint("take the mean, or state the unit of amounts")
}

fn tell(notes: &mut Vec<Note>, (from, to): (usize, usize), short: usize, share: f64) {
    notes.push(Note::info("aggregated", format!("{from} rows became {to}.")));
    if share < 1.0 {
        notes.push(Note::info(
            "share",
            format!("Spans with {:.0} % of their values or more were taken; their sums were scaled up to all of them.", 100.0 * share),
        ));
    }
    if short > 0 {
        let text = format!("{short} values are missing because less than {:.0} % of theirs were there.", 100.0 * share);
        notes.push(Note::warning("too-few", text));
    }
}
