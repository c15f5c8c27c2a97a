//! Values of a grid at places or in polygons, at the time of each row or over months of its year.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use esker_core::cube::{AxisKind, Holds, Labels, Variable};
use esker_core::{Calendar, Column, Cube, Error, Note, Result, Table, Unit, Values};
use esker_io::Stat;
use esker_io::time::format_date;
use esker_math::melt::{degrees_above, snow_share};
use esker_math::period::{Rhythm, days_in, first_day, month_of};

use super::lapse::{Lift, left};
use super::series::of_span;
use super::units::{Kind, in_unit};
use super::weather::celsius;
use super::{Scene, days_of, whole_years};
use crate::columns::unknown_column;
use crate::recipe::{GridPart, Over, Statistic, Take};
use crate::work::STEPS;

/// The months taken of a year.
type Span<'a> = Box<dyn Fn(i64) -> Range<i64> + 'a>;

/// Numbers held at a time.
const MOST: usize = 1 << 28;

/// Fetches a variable of a cube: a list for each of its times, with a value for each place or polygon.
pub(super) type Fetch<'a> = &'a dyn Fn(&Cube, &str, &mut Vec<Note>) -> Result<Vec<Vec<f64>>>;

/// The rows that want values: the place or polygon of each.
pub(super) struct Rows<'a> {
    pub table: &'a Table,
    pub site: &'a [Option<usize>],
    /// Number of places or polygons.
    pub sites: usize,
}

/// When a row is.
#[derive(Clone, Copy)]
struct When {
    /// The year that spans of months are of.
    year: Option<i64>,
    /// The day, where it is known.
    day: Option<f64>,
}

/// The times of a cube in ascending order.
struct Clock {
    calendar: Calendar,
    days: Vec<f64>,
    months: Vec<i64>,
    /// Its cells along the axis.
    cells: Vec<usize>,
    axis: usize,
    rhythm: Rhythm,
    /// The middle of the distances between times, in days.
    usual: f64,
    /// One time a year.
    yearly: bool,
    /// Of a grid with one time, the days (of the real calendar) that it stands for.
    one: Option<Range<f64>>,
}

/// A variable fetched.
struct Series {
    unit: Unit,
    /// What was made of the cells of each polygon; the mean stands for values at places.
    stat: Stat,
    /// Values of all sites, one list a time; one list where there is no time.
    at: Vec<Vec<f64>>,
    timed: bool,
}

/// A grid, what of it is wanted, and the rows that want it.
pub(super) struct Climate<'a> {
    pub part: &'a GridPart,
    pub scene: &'a Scene<'a>,
    pub cube: &'a Cube,
    pub rows: Rows<'a>,
    /// Ways to fetch a variable: what the names of their columns end with, and what is made of the cells.
    pub fetches: Vec<(String, Stat, Fetch<'a>)>,
    /// The way to fetch heights.
    pub heights: Fetch<'a>,
}

impl Climate<'_> {
    /// The new columns, and how many rows have a value in one of them.
    ///
    /// # Errors
    /// Variables, units or times that do not fit, no row that finds a value.
    pub fn columns(&self, notes: &mut Vec<Note>) -> Result<(Vec<Column>, usize)> {
        let Some((_, stat, first)) = self.fetches.first() else { return Ok((Vec::new(), 0)) };
        let (part, table) = (self.part, self.rows.table);
        if let (Some(take), true) = (part.take.first(), self.fetches.len() > 1) {
            return Err(Error::recipe(format!("'take.{}'", take.name))
                .got(format!("{} statistics", self.fetches.len()))
                .rule("months are taken of one statistic of the cells")
                .hint("write a step for each: statistics = [\"mean\"]"));
        }
        let variables = if part.variables.is_empty() && part.take.is_empty() { self.on_map() } else { part.variables.clone() };
        if let Some(lapse) = part.lapse.as_ref().filter(|l| part.variables.is_empty() && l.of.is_empty()) {
            let mut warm: Vec<&str> = Vec::new();
            for name in &variables {
                let v = &self.cube.variables()[self.cube.variable(name)?];
                if v.unit.to(&Unit::new("degC")).is_some() && left(lapse, v)?.is_none() {
                    warm.push(name);
                }
            }
            if warm.len() > 1 {
                return Err(Error::recipe("'lapse'")
                    .got(format!("{} variables in units of temperature: {}", warm.len(), warm.join(", ")))
                    .rule("ranges, spreads and anomalies have such units too and are not brought to heights")
                    .hint(format!("name those that are: lapse = {{ …, of = [\"{}\"] }}", warm[0])));
            }
        }
        let mut names: Vec<&String> = variables.iter().collect();
        names.extend(part.take.iter().flat_map(|t| std::iter::once(&t.of).chain(&t.temperature)));
        let clock = Clock::of(self.cube, &names)?;
        let when = match &clock {
            Some(_) => when(part, self.scene, table, notes)?,
            None => vec![When { year: None, day: None }; table.rows()],
        };
        let clock = clock.map(|c| self.cut(c, &variables, &when)).transpose()?;
        if let Some(one) = clock.as_ref().filter(|c| c.one.is_some()) {
            let text = format!(
                "The grid has one time, {}: only rows of its span, or of its month where it states none, have its values.",
                one.first()
            );
            notes.push(Note::warning("one-time", text));
        }
        let lift = match &part.lapse {
            Some(lapse) => Some(Lift::of(lapse, (self.cube, self.heights), &self.rows, self.scene, notes)?),
            None => None,
        };
        let taken: BTreeSet<&String> = part.take.iter().flat_map(|t| std::iter::once(&t.of).chain(&t.temperature)).collect();
        let made = Made {
            part,
            scene: self.scene,
            cube: self.cube,
            rows: &self.rows,
            clock: clock.as_ref(),
            when: &when,
            lift,
            fetches: variables.len() * self.fetches.len() + taken.len(),
            fetched: Cell::new(0),
            read: RefCell::default(),
        };
        let mut columns = Vec::new();
        for name in &variables {
            for (suffix, stat, fetch) in &self.fetches {
                let mut column = made.plain(name, (*stat, *fetch), notes)?;
                column.name = format!("{}{}{suffix}", part.prefix, column.name);
                columns.push(column);
            }
        }
        for take in &part.take {
            for mut column in made.taken(take, (*stat, *first), notes)? {
                column.name = format!("{}{}", part.prefix, column.name);
                columns.push(column);
            }
        }
        if let Some(lift) = &made.lift {
            lift.tell(notes)?;
        }
        made.tell(notes);
        let matched = (0..table.rows()).filter(|&r| columns.iter().any(|c| !c.values.is_missing(r))).count();
        if matched == 0 {
            return Err(made.nothing(notes));
        }
        if matched < table.rows() {
            let text = format!("{} of {} rows find no value and are missing in the new columns.", table.rows() - matched, table.rows());
            notes.push(Note::warning("no-value", text));
        }
        Ok((columns, matched))
    }

    /// The variables of numbers that lie on the map, but for heights that only correct others.
    fn on_map(&self) -> Vec<String> {
        let cube = self.cube;
        let plane = cube.axis_of(AxisKind::X).zip(cube.axis_of(AxisKind::Y));
        let placed = |axes: &[usize]| match (plane, &cube.places) {
            (Some((x, y)), _) => axes.contains(&x) && axes.contains(&y),
            (None, Some((x, _))) => cube.variable(x).is_ok_and(|x| cube.variables()[x].axes.iter().all(|a| axes.contains(a))),
            (None, None) => false,
        };
        let heights = self.part.lapse.as_ref().map(|l| l.from.as_str());
        let wanted = |v: &&Variable| v.holds == Holds::Numbers && placed(&v.axes) && heights != Some(v.name.as_str());
        cube.data().filter(wanted).map(|v| v.name.clone()).collect()
    }

    /// The times that rows want, so that no others are read.
    fn cut(&self, mut clock: Clock, plain: &[String], when: &[When]) -> Result<Clock> {
        let mut wanted: Option<Range<i64>> = None;
        let mut add = |r: Range<i64>| {
            wanted = Some(wanted.as_ref().map_or(r.clone(), |w| w.start.min(r.start)..w.end.max(r.end)));
        };
        // The nearest time may lie a step away.
        let margin = (clock.usual / 28.0).ceil() as i64;
        for w in when {
            let Some(year) = w.year else { continue };
            self.part.take.iter().for_each(|t| add(t.months.of(year)));
            if !plain.is_empty() {
                add(w.day.map_or(year * 12..year * 12 + 12, |day| {
                    let month = month_of(&Calendar::Proleptic.date(day));
                    month - margin..month + margin + 1
                }));
            }
        }
        let wanted = wanted.unwrap_or(0..0);
        let name = &self.cube.axes()[clock.axis].name;
        let span = clock.span(&wanted);
        if span.is_empty() {
            let month = |m: i64| format_date(first_day(Calendar::Proleptic, m)).get(..7).map(str::to_owned).unwrap_or_default();
            return Err(Error::data(format!("times of the grid, axis '{name}'")).got(clock.ends()).rule(if wanted.is_empty() {
                "no row has a time".to_owned()
            } else {
                format!("the rows want {} to {}", month(wanted.start), month(wanted.end - 1))
            }));
        }
        if span.len().saturating_mul(self.rows.sites) > MOST {
            return Err(Error::data(format!("times of the grid, axis '{name}'"))
                .got(format!("{} times at {} places", span.len(), self.rows.sites))
                .rule("so many values are not held at a time")
                .hint("sum the grid over months or years first"));
        }
        clock.days = clock.days[span.clone()].to_vec();
        clock.months = clock.months[span.clone()].to_vec();
        clock.cells = clock.cells[span].to_vec();
        Ok(clock)
    }
}

/// When each row is: by a column of years, or of dates.
fn when(part: &GridPart, scene: &Scene<'_>, table: &Table, notes: &mut Vec<Note>) -> Result<Vec<When>> {
    let name = scene.time(part.time.as_ref())?;
    let column = table.columns().iter().find(|c| c.name == name);
    let column = column.ok_or_else(|| unknown_column(table, name, "no such column in the table"))?;
    if let Some(years) = whole_years(column) {
        return Ok(years.into_iter().map(|year| When { year, day: None }).collect());
    }
    let days = days_of(column, notes)?;
    let year = |day: f64| {
        let date = Calendar::Proleptic.date(day);
        date.year + i64::from(part.start > 1 && date.month >= part.start)
    };
    Ok(days
        .into_iter()
        .map(|d| if d.is_nan() { When { year: None, day: None } } else { When { year: Some(year(d)), day: Some(d) } })
        .collect())
}

impl Clock {
    /// The times of the axis that some variables have; none where none has one.
    fn of(cube: &Cube, names: &[&String]) -> Result<Option<Self>> {
        let mut axis: Option<(usize, &String)> = None;
        for name in names {
            let v = &cube.variables()[cube.variable(name)?];
            for &a in &v.axes {
                let x = &cube.axes()[a];
                if x.kind == AxisKind::T && (x.len > 1 || matches!(x.labels, Some(Labels::Time { .. }))) {
                    if let Some((b, other)) = axis.filter(|(b, _)| *b != a) {
                        return Err(Error::recipe(format!("variables '{other}' and '{name}'"))
                            .got(format!("the time axes '{}' and '{}'", cube.axes()[b].name, x.name))
                            .rule("variables of a step have one time axis")
                            .hint("write a step for each, and name its variables"));
                    }
                    axis = Some((a, *name));
                } else if !matches!(x.kind, AxisKind::X | AxisKind::Y) && x.len > 1 && !placing(cube, a) {
                    return Err(Error::data(format!("variable '{name}'"))
                        .got(format!("the axis '{}' of {} cells", x.name, x.len))
                        .rule("a grid has places and times")
                        .hint("cut one level out with esker convert first"));
                }
            }
        }
        let Some((axis, _)) = axis else { return Ok(None) };
        let a = &cube.axes()[axis];
        let Some(Labels::Time { calendar, days }) = &a.labels else {
            return Err(Error::data(format!("axis '{}'", a.name)).got("times that are no dates").rule("times of a grid are dates"));
        };
        // A mean over a span is of its middle; a label may stand at either end.
        let days: Vec<f64> = match &a.bounds {
            Some(bounds) => bounds.iter().map(|b| b[0] + (b[1] - b[0]) / 2.0).collect(),
            None => days.clone(),
        };
        let mut cells: Vec<usize> = (0..days.len()).filter(|&i| !days[i].is_nan()).collect();
        cells.sort_by(|&i, &j| days[i].total_cmp(&days[j]));
        let days: Vec<f64> = cells.iter().map(|&i| days[i]).collect();
        let dates: Vec<_> = days.iter().map(|&d| calendar.date(d)).collect();
        let yearly = dates.windows(2).all(|w| w[0].year < w[1].year);
        let months = dates.iter().map(month_of).collect();
        let gaps: Vec<f64> = days.windows(2).map(|w| w[1] - w[0]).collect();
        let one = (a.len == 1 && days.len() == 1).then(|| {
            let own = calendar.to_proleptic(days[0]);
            let month = month_of(&Calendar::Proleptic.date(own));
            let bounds = a.bounds.as_ref().map(|b| calendar.to_proleptic(b[0][0])..calendar.to_proleptic(b[0][1]));
            let stated = bounds.filter(|b| b.start < b.end);
            let long = stated.as_ref().is_none_or(|b| b.end - b.start > 300.0);
            (stated.unwrap_or(first_day(Calendar::Proleptic, month)..first_day(Calendar::Proleptic, month + 1)), long)
        });
        let yearly = one.as_ref().map_or(yearly, |(_, long)| *long);
        let one = one.map(|(span, _)| span);
        let usual = one.as_ref().map_or_else(|| esker_math::quantile(&gaps, 0.5).unwrap_or(1.0), |o| o.end - o.start);
        Ok(Some(Self { calendar: *calendar, rhythm: Rhythm::of(*calendar, &days), days, months, cells, axis, usual, yearly, one }))
    }

    fn date(&self, day: Option<&f64>) -> String {
        day.map_or_else(String::new, |d| format_date(self.calendar.to_proleptic(*d)))
    }

    /// Its first time, as a date.
    fn first(&self) -> String {
        self.date(self.days.first())
    }

    /// Its first and last time, as dates.
    fn ends(&self) -> String {
        format!("{} to {}", self.first(), self.date(self.days.last()))
    }

    /// The places of some months among the times.
    fn span(&self, months: &Range<i64>) -> Range<usize> {
        self.months.partition_point(|m| *m < months.start)..self.months.partition_point(|m| *m < months.end)
    }

    /// The time of a row: its year, month or day, or the nearest one within a usual step.
    fn at(&self, when: When) -> Option<usize> {
        let year = when.year?;
        let Some(day) = when.day else { return self.only(&(year * 12..year * 12 + 12)) };
        if let Some(one) = &self.one {
            return one.contains(&day).then_some(0);
        }
        let month = month_of(&Calendar::Proleptic.date(day));
        let whole = match self.rhythm {
            _ if self.yearly => return self.only(&(month.div_euclid(12) * 12..month.div_euclid(12) * 12 + 12)),
            Rhythm::Monthly => return self.only(&(month..month + 1)),
            rhythm => rhythm == Rhythm::Daily(1.0),
        };
        let own = |i: usize| self.calendar.to_proleptic(self.days[i]);
        let gap = |i: usize| if whole { (own(i).floor() - day.floor()).abs() } else { (own(i) - day).abs() };
        let (mut low, mut high) = (0, self.days.len());
        while low < high {
            let middle = (low + high) / 2;
            if own(middle) < day { low = middle + 1 } else { high = middle }
        }
        let best = (low.saturating_sub(1)..self.days.len().min(low + 1)).min_by(|&i, &j| gap(i).total_cmp(&gap(j)))?;
        (if whole { gap(best) == 0.0 } else { gap(best) <= self.usual }).then_some(best)
    }

    /// The one time in some months.
    fn only(&self, months: &Range<i64>) -> Option<usize> {
        let span = self.span(months);
        (span.len() == 1).then_some(span.start)
    }
}

/// Whether an axis is one of those that place cells by 2-D coordinates.
fn placing(cube: &Cube, axis: usize) -> bool {
    let places = cube.places.as_ref().and_then(|(x, _)| cube.variable(x).ok());
    places.is_some_and(|x| cube.variables()[x].axes.contains(&axis))
}

/// Whether a statistic has no unit.
fn counted(stat: Stat) -> bool {
    matches!(stat, Stat::Count | Stat::Share)
}

/// Everything that columns are made of.
struct Made<'a> {
    part: &'a GridPart,
    scene: &'a Scene<'a>,
    cube: &'a Cube,
    rows: &'a Rows<'a>,
    clock: Option<&'a Clock>,
    when: &'a [When],
    lift: Option<Lift>,
    /// Variables to be fetched, and those that are.
    fetches: usize,
    fetched: Cell<usize>,
    /// Variables that several columns are made of, by their names.
    read: RefCell<HashMap<String, Rc<Series>>>,
}

impl Made<'_> {
    fn series(&self, name: &str, (stat, fetch): (Stat, Fetch<'_>), notes: &mut Vec<Note>) -> Result<Series> {
        let v = &self.cube.variables()[self.cube.variable(name)?];
        let clock = self.clock.filter(|c| v.axes.contains(&c.axis));
        let at = match clock {
            Some(c) => fetch(&self.cube.select(c.axis, &c.cells)?, name, notes)?,
            None => fetch(self.cube, name, notes)?,
        };
        self.fetched();
        let unit = if counted(stat) { Unit::default() } else { v.unit.clone() };
        Ok(Series { unit, stat, at, timed: clock.is_some() })
    }

    /// As [`Made::series`], read once for all columns.
    fn kept(&self, name: &str, fetch: (Stat, Fetch<'_>), notes: &mut Vec<Note>) -> Result<Rc<Series>> {
        if let Some(series) = self.read.borrow().get(name) {
            return Ok(Rc::clone(series));
        }
        let series = Rc::new(self.series(name, fetch, notes)?);
        self.read.borrow_mut().insert(name.to_owned(), Rc::clone(&series));
        Ok(series)
    }

    /// What to add to a variable in each row, in its unit.
    fn lift(&self, name: &str, unit: &Unit, stat: Stat) -> Result<Box<dyn Fn(usize) -> f64 + '_>> {
        let Some((lapse, lift)) = self.part.lapse.as_ref().zip(self.lift.as_ref()) else { return Ok(Box::new(|_| 0.0)) };
        lift.to(lapse, &self.cube.variables()[self.cube.variable(name)?], unit, stat)
    }

    /// One more variable is fetched.
    fn fetched(&self) {
        let done = self.fetched.get();
        let step = |fetched: usize| (fetched * STEPS / self.fetches.max(1)).min(STEPS);
        (step(done)..step(done + 1)).for_each(|_| self.scene.cx.progress().step());
        self.fetched.set(done + 1);
    }

    /// A variable at the time of each row.
    fn plain(&self, name: &str, fetch: (Stat, Fetch<'_>), notes: &mut Vec<Note>) -> Result<Column> {
        let series = self.series(name, fetch, notes)?;
        let clock = self.clock.filter(|_| series.timed);
        let years = self.when.iter().any(|w| w.year.is_some() && w.day.is_none());
        if let Some(c) = clock.filter(|c| !c.yearly && years) {
            return Err(Error::recipe(format!("variable '{name}'"))
                .got(format!("{} times for rows of {} years", c.days.len(), c.months.last().map_or(0, |m| m / 12) - c.months[0] / 12 + 1))
                .rule("rows are years, and the grid has several times in each")
                .hint(format!("say what is made of them: take.{name} = {{ of = \"{name}\", months = \"1/12\", statistic = \"mean\" }}")));
        }
        let lift = self.lift(name, &series.unit, series.stat)?;
        let value = |row: usize| {
            let (site, time) = (self.rows.site[row]?, clock.map_or(Some(0), |c| c.at(self.when[row]))?);
            Some(series.at[time][site] + lift(row))
        };
        let values = self.scene.each(self.rows.table.rows(), |r| value(r).unwrap_or(f64::NAN))?;
        Ok(Column { name: name.trim_start_matches('/').replace('/', "_"), unit: series.unit, values: Values::Real(values) })
    }

    /// The columns of a variable over a span of months.
    fn taken(&self, take: &Take, fetch: (Stat, Fetch<'_>), notes: &mut Vec<Note>) -> Result<Vec<Column>> {
        let series = self.kept(&take.of, fetch, notes)?;
        let Some(clock) = self.clock.filter(|_| series.timed) else {
            return Err(Error::recipe(format!("'take.{}'", take.name))
                .got(format!("'{}' without times", take.of))
                .rule("months are taken of a grid with times"));
        };
        if clock.one.is_some() {
            return Err(Error::recipe(format!("'take.{}'", take.name))
                .got(format!("'{}' at one time, {}", take.of, clock.first()))
                .rule("months are taken of a grid with several times")
                .hint("name it in variables to have it as it is"));
        }
        let level = matches!(fetch.0, Stat::Mean | Stat::Min | Stat::Max);
        if !level && matches!(take.over, Over::DegreeDays { .. } | Over::Snow { .. } | Over::Rain { .. }) {
            return Err(Error::recipe(format!("'take.{}'", take.name))
                .got(format!("statistics = [\"{}\"]", fetch.0.name()))
                .rule("degree-days, snow and rain are made of the mean, least or greatest value of the cells")
                .hint("statistics = [\"mean\"]"));
        }
        let temperature = match &take.temperature {
            Some(name) => Some(self.kept(name, fetch, notes)?),
            None => None,
        };
        if let (Some(name), Some(false)) = (&take.temperature, temperature.as_ref().map(|t| t.timed)) {
            return Err(Error::recipe(format!("'take.{}'", take.name))
                .got(format!("the temperature '{name}' without times"))
                .rule("snow and rain are parted by the temperature of each time"));
        }
        let work = Work::new(take, clock, &series, temperature.as_deref(), notes)?;
        let spans: Vec<(String, Span<'_>)> = match take.over {
            Over::Monthly => {
                let months = take.months.of(0);
                let count = months.end - months.start;
                let column = |k: i64| -> (String, Span<'_>) {
                    let months = take.months;
                    let number = (take.months.of(0).start + k).rem_euclid(12) + 1;
                    (format!("{}_{number:02}", take.name), Box::new(move |y| months.of(y).start + k..months.of(y).start + k + 1))
                };
                (0..count).map(column).collect()
            }
            _ => vec![(take.name.clone(), Box::new(|y| take.months.of(y)))],
        };
        let mut columns = Vec::with_capacity(spans.len());
        let lift = self.lift(take.temperature.as_ref().unwrap_or(&take.of), &work.heat, fetch.0)?;
        for (name, span) in spans {
            let value = |row: usize| {
                let (site, year) = (self.rows.site[row]?, self.when[row].year?);
                Some(work.value(&span(year), site, lift(row), self.part.share))
            };
            let values = self.scene.each(self.rows.table.rows(), |r| value(r).unwrap_or(f64::NAN))?;
            let column = Column { name, unit: work.unit.clone(), values: Values::Real(values) };
            columns.push(match &take.unit {
                Some(unit) => in_unit(column, unit, work.kind(), notes)?,
                None => column,
            });
        }
        Ok(columns)
    }

    fn tell(&self, notes: &mut Vec<Note>) {
        if self.part.take.is_empty() {
            return;
        }
        notes.push(Note::info(
            "months",
            "Months are those of the year of each row; a span that crosses the turn of the year starts in the year before. Means count each time step once.",
        ));
        if self.part.start > 1 {
            notes.push(Note::info("year-start", format!("Dates from month {} on are of the year that follows.", self.part.start)));
        }
        if self.part.share < 1.0 {
            let text = format!(
                "Spans with {:.0} % of their values or more were taken; sums were scaled up to all of them.",
                100.0 * self.part.share
            );
            notes.push(Note::info("share", text));
        }
        if let Some(Rhythm::Other) = self.clock.map(|c| c.rhythm) {
            notes.push(Note::warning("rhythm", "Times of the grid are neither days nor months apart: missing times cannot be counted."));
        }
        let ends = |w: &When| {
            let (year, day) = (w.year?, w.day?);
            let last = self.part.take.iter().map(|t| t.months.of(year).end).max()?;
            Some(first_day(Calendar::Proleptic, last) > day + 1.0)
        };
        let after = self.when.iter().filter(|w| ends(w) == Some(true)).count();
        if after > 0 {
            let text = format!(
                "In {after} of {} rows the months end after the date of the row: a forecast made on that date does not know them yet.",
                self.when.len()
            );
            notes.push(Note::warning("months-later", text));
        }
    }

    /// No row found a value.
    fn nothing(&self, notes: &[Note]) -> Error {
        let rows = self.rows.table.rows();
        let placed = self.rows.site.iter().filter(|s| s.is_some()).count();
        let timed = self.when.iter().filter(|w| w.year.is_some()).count();
        let times =
            self.clock.map_or_else(String::new, |c| format!("; {timed} have a time, and the grid's times used go from {}", c.ends()));
        let outside =
            notes.iter().find(|n| n.code == "outside-grid").map_or_else(String::new, |n| format!("; {}", n.text.trim_end_matches('.')));
        Error::data("the grid")
            .got(format!("a value for 0 of {rows} rows, {placed} of which have a place{times}{outside}"))
            .rule("at least one row finds a value")
            .hint("esker info FILE --values says where and when the grid has values")
    }
}

/// What is made of the values of a span.
struct Work<'a> {
    take: &'a Take,
    clock: &'a Clock,
    series: &'a Series,
    temperature: Option<&'a Series>,
    /// Unit of the result.
    unit: Unit,
    /// Unit of what heights correct: degC where none is stated and temperatures are wanted.
    heat: Unit,
    /// What values of each time are multiplied by, where they are rates.
    weights: Option<Vec<f64>>,
}

impl<'a> Work<'a> {
    fn new(take: &'a Take, clock: &'a Clock, series: &'a Series, temperature: Option<&'a Series>, notes: &mut Vec<Note>) -> Result<Self> {
        let mut unit = series.unit.clone();
        let mut weights = None;
        let lengths = |what: &str| {
            let days = clock.months.iter().map(|&m| clock.rhythm.days(clock.calendar, m)).collect::<Option<Vec<f64>>>();
            days.ok_or_else(|| {
                Error::data(format!("'take.{}'", take.name))
                    .got("times that are neither days nor months apart")
                    .rule(format!("{what} need the length of each"))
            })
        };
        match take.over {
            Over::Statistic(Statistic::Sum) | Over::Snow { .. } | Over::Rain { .. } => {
                if let Some((amount, rate)) = unit.rate() {
                    // A rate a month is an amount of each month.
                    let days = lengths("sums of rates")?;
                    let per = |(m, d): (&i64, &f64)| rate.map_or_else(|| d / days_in(clock.calendar, &(*m..*m + 1)), |r| r * d);
                    weights = Some(clock.months.iter().zip(&days).map(per).collect());
                    notes.push(Note::info(
                        "rate-summed",
                        format!("'{}' is a rate ({unit}); times the length of each step it is {amount}.", take.of),
                    ));
                    unit = amount;
                }
            }
            Over::DegreeDays { .. } => {
                celsius(&[], &unit, &take.of, notes)?;
                weights = Some(lengths("degree-days")?);
                unit = Unit::new("degC d");
            }
            Over::Statistic(Statistic::Count) => unit = Unit::default(),
            Over::Statistic(_) | Over::Monthly => {}
        }
        if let Some(t) = temperature {
            celsius(&[], &t.unit, take.temperature.as_deref().unwrap_or_default(), notes)?;
        }
        let heat = temperature.map_or(&series.unit, |t| &t.unit).clone();
        let assumed = heat.is_empty() && (temperature.is_some() || matches!(take.over, Over::DegreeDays { .. }));
        let heat = if assumed { Unit::new("degC") } else { heat };
        Ok(Self { take, clock, series, temperature, unit, heat, weights })
    }

    /// How the result is converted.
    fn kind(&self) -> Kind {
        match (self.series.stat, self.take.over) {
            (Stat::Count | Stat::Share, _) | (_, Over::Statistic(Statistic::Count)) => Kind::Count,
            (Stat::Sd, _) | (_, Over::Statistic(Statistic::Sd)) => Kind::Spread,
            (Stat::Sum, _) | (_, Over::Statistic(Statistic::Sum)) => Kind::Sum,
            _ => Kind::Value,
        }
    }

    /// The value of a site over some months; `lift` is added to temperatures, in their unit.
    fn value(&self, months: &Range<i64>, site: usize, lift: f64, share: f64) -> f64 {
        let span = self.clock.span(months);
        let expected = self.clock.rhythm.expected(self.clock.calendar, months).unwrap_or(span.len() as f64);
        let weight = |i: usize| self.weights.as_ref().map_or(1.0, |w| w[i]);
        let raw = |i: usize| self.series.at[i][site];
        let way = self.heat.to(&Unit::new("degC"));
        let warm = |v: f64| way.map_or(v + lift, |w| w.apply(v + lift));
        let (statistic, values): (Statistic, Vec<f64>) = match self.take.over {
            Over::Statistic(s) => (s, span.map(|i| raw(i) * weight(i) + lift).collect()),
            Over::Monthly => (Statistic::Mean, span.map(|i| raw(i) + lift).collect()),
            Over::DegreeDays { above, sd } => (Statistic::Sum, span.map(|i| degrees_above(warm(raw(i)), above, sd) * weight(i)).collect()),
            Over::Snow { snow, rain } | Over::Rain { snow, rain } => {
                let part = |i: usize| {
                    let share = self.temperature.map_or(f64::NAN, |t| snow_share(warm(t.at[i][site]), snow, rain));
                    if matches!(self.take.over, Over::Snow { .. }) { share } else { 1.0 - share }
                };
                (Statistic::Sum, span.map(|i| raw(i) * weight(i) * part(i)).collect())
            }
        };
        of_span(statistic, &values, expected, share)
    }
}
