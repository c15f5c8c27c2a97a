//! Lags and windows: which of them reach into the future, and which share values across folds.

use std::collections::{BTreeMap, HashSet};

use esker_core::{Result, Values};
use esker_math::{Cholesky, Columns, cross, gram, least_squares};
use rayon::prelude::*;

use super::orders::{Rolling, rolling};
use super::{Cure, Suspect, key, moments, numbers, percent};
use crate::plan::Plan;

/// Steps that leads of other columns are looked for in.
const SHIFT: usize = 12;
/// Steps that lags, and leads of the target, are looked for in: a week of hours, a year of days.
const LONG: usize = 400;
/// Rows that are looked at before all are, and the share of them that must agree.
const LOOK: usize = 48;
const PROMISING: f64 = 0.75;
/// Share of rows in which a shifted column must agree.
const AGREE: f64 = 0.95;
/// Pairs of rows below which nothing is said.
const FEW: usize = 20;
/// Longest lead and lag of a window.
const REACH: usize = 30;
/// Rows that a window is looked for in.
const ROWS: usize = 1500;
/// Share of the variance that an exact window leaves.
const EXACT: f64 = 1e-8;
/// Share that the past alone must leave for a window to need the future.
const NEEDED: f64 = 1e-3;
/// Share of the steps at which a column must change to be looked at.
const SELDOM: f64 = 0.05;
/// A gap is longer than so many usual steps.
const GAP: f64 = 1.6;
/// Share of the tested rows that must share values with training rows for overlap to be told.
const OVERLAP: f64 = 0.05;

/// Rows in the order of time, one list for each stretch without a gap of a group or place.
pub(super) struct Series {
    pieces: Vec<Vec<usize>>,
}

impl Series {
    /// `None` where rows have no times, or no stretch holds two rows.
    fn new(plan: &Plan) -> Option<Self> {
        let support = plan.data.samples.support();
        let days = &support.time.as_ref()?.days;
        let known = (0..days.len()).filter(|&r| days[r].is_finite());
        let by_place = |rows: Vec<usize>| {
            let at = |r: usize| support.place.as_ref().map_or((0, 0), |p| (p.x()[r].to_bits(), p.y()[r].to_bits()));
            lists(rows.into_iter().map(|r| (at(r), r)))
        };
        let twice = |rows: &[usize]| rows.windows(2).any(|w| days[w[0]] >= days[w[1]]);
        let in_time = |mut rows: Vec<usize>| {
            rows.sort_by(|&a, &b| days[a].total_cmp(&days[b]));
            rows
        };
        let groups = lists(known.map(|r| (support.group.as_ref().map(|g| g.codes()[r]), r))).into_iter().map(in_time);
        // A region of several stations has rows of one time at several places.
        let all = groups.flat_map(|rows| {
            let split = support.group.is_none() || twice(&rows);
            if split { by_place(rows).into_iter().map(in_time).collect() } else { vec![rows] }
        });
        let mut pieces = Vec::new();
        // Two rows at one time are no series.
        for rows in all.filter(|rows| !twice(rows)) {
            let steps: Vec<f64> = rows.windows(2).map(|w| days[w[1]] - days[w[0]]).collect();
            let Ok(usual) = esker_math::quantile(&steps, 0.5) else { continue };
            let mut piece = vec![rows[0]];
            for (w, step) in rows.windows(2).zip(&steps) {
                if *step > GAP * usual {
                    pieces.push(std::mem::take(&mut piece));
                }
                piece.push(w[1]);
            }
            pieces.push(piece);
        }
        pieces.retain(|p| p.len() > 1);
        (!pieces.is_empty()).then_some(Self { pieces })
    }

    /// Some of the pairs (row, row `k` steps later; earlier where negative), spread evenly over the pieces.
    fn some_pairs(&self, k: i64) -> impl Iterator<Item = (usize, usize)> {
        let far = k.unsigned_abs() as usize;
        let many: usize = self.pieces.iter().map(|p| p.len().saturating_sub(far)).sum();
        let mut skip = 0;
        let step = many.div_ceil(LOOK).max(1);
        self.pieces.iter().flat_map(move |p| {
            let here = p.len().saturating_sub(far);
            let first = skip;
            skip = if first < here { (step - (here - first) % step) % step } else { first - here };
            let pair = move |i: usize| if k < 0 { (p[i + far], p[i]) } else { (p[i], p[i + far]) };
            (first..here).step_by(step).map(pair)
        })
    }

    /// Pairs (row, row `k` steps later; earlier where negative).
    fn pairs(&self, k: i64) -> impl Iterator<Item = (usize, usize)> {
        self.pieces
            .iter()
            .flat_map(move |p| (0..p.len() as i64).filter_map(move |i| Some((p[i as usize], *p.get(usize::try_from(i + k).ok()?)?))))
    }

    /// Rows with `reach` rows on both sides, each with all of them in order; thinned to [`ROWS`].
    pub(super) fn windows(&self, reach: usize) -> Vec<&[usize]> {
        let many: usize = self.pieces.iter().map(|p| p.len().saturating_sub(2 * reach)).sum();
        let step = many.div_ceil(ROWS).max(1);
        self.pieces.iter().flat_map(|p| p.windows(2 * reach + 1)).step_by(step).collect()
    }

    /// Steps from the first to the last row of the longest piece.
    fn longest(&self) -> usize {
        self.pieces.iter().map(|p| p.len() - 1).max().unwrap_or(0)
    }

    /// The longest reach that the rows can carry.
    pub(super) fn reach(&self) -> Option<usize> {
        (1..=REACH).rev().find(|&r| self.pieces.iter().map(|p| p.len().saturating_sub(2 * r)).sum::<usize>() >= (5 * (2 * r + 1)).max(FEW))
    }
}

/// Rows of each kind, in the order of the kinds.
fn lists<K: Ord>(rows: impl Iterator<Item = (K, usize)>) -> Vec<Vec<usize>> {
    let mut of: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    rows.for_each(|(kind, r)| of.entry(kind).or_default().push(r));
    of.into_values().collect()
}

/// Whether `f` is `s` so many steps later, exactly, in nearly all rows. Some rows are looked at first, and all only while that can be.
fn shifted(series: &Series, f: &[f64], s: &[f64], k: i64) -> bool {
    let known = |p: &(usize, usize)| f[p.0].is_finite() && s[p.1].is_finite();
    let same = |(a, b): (usize, usize)| (f[a] - s[b]).abs() <= 1e-9 * f[a].abs().max(s[b].abs());
    let (mut looked, mut missed) = (0, 0);
    for pair in series.some_pairs(k).filter(known) {
        looked += 1;
        missed += usize::from(!same(pair));
        if missed as f64 > (1.0 - PROMISING) * LOOK as f64 {
            return false;
        }
    }
    if looked >= FEW && missed as f64 > (1.0 - PROMISING) * looked as f64 {
        return false;
    }
    let (mut all, mut agree) = (0, 0);
    for pair in series.pairs(k).filter(known) {
        all += 1;
        agree += usize::from(same(pair));
    }
    all >= FEW && agree as f64 >= AGREE * all as f64
}

/// Whether `f` is nothing but `s` some steps before.
fn lags(series: &Series, f: &[f64], s: &[f64]) -> bool {
    (1..=LONG.min(series.longest()) as i64).any(|k| shifted(series, f, s, -k))
}

/// Features that are nothing but earlier values of the target: to be known when the target is not.
pub(super) fn past_lags(plan: &Plan) -> Result<HashSet<String>> {
    let (Some(series), Some(y)) = (Series::new(plan), numbers(plan.audited_target()?)) else { return Ok(HashSet::new()) };
    let reach = series.reach();
    let past = |f: &[f64]| {
        lags(&series, f, y)
            || reach.is_some_and(|r| fit(&series, f, y, r, -1).is_some_and(|left| left < EXACT))
            || rolling(&series, f, y, -1).is_some_and(|r| r.last < 0)
    };
    Ok(plan.audited_features().filter(|c| numbers(c).is_some_and(past)).map(|c| c.name.clone()).collect())
}

/// Features from the future, and targets whose windows overlap across folds.
pub(super) fn of_time(plan: &Plan) -> Result<Vec<Suspect>> {
    let Some(series) = Series::new(plan) else { return Ok(Vec::new()) };
    let mut sources = sources(plan, &series)?;
    let features: Vec<(&str, &[f64])> =
        plan.audited_features().filter_map(|c| Some((c.name.as_str(), numbers(c)?))).filter(|c| moved(&series, c.1) > SELDOM).collect();
    // What comes from the future explains nothing: each time some is found, the others are looked at without it.
    let (mut found, overlap): (Vec<Suspect>, _) = (Vec::new(), overlap(plan, &series, &sources)?);
    loop {
        let named = |name: &str| found.iter().any(|s| s.columns.iter().any(|c| c == name));
        let left: Vec<&(&str, &[f64])> = features.iter().filter(|c| !named(c.0)).collect();
        let more: Vec<Suspect> = left.par_iter().filter_map(|(name, f)| of_feature(plan, &series, &sources, name, f)).collect();
        let known = sources.len();
        sources.retain(|s| s.target || !more.iter().any(|m| m.code == "future" && m.columns.iter().any(|c| c == s.name)));
        found.extend(more);
        if sources.len() == known {
            break;
        }
    }
    found.extend(overlap);
    Ok(found)
}

/// A column that a lag or window may be taken of.
struct Source<'a> {
    name: &'a str,
    values: &'a [f64],
    target: bool,
}

/// The target first, then every other column of numbers that changes within the series.
fn sources<'a>(plan: &'a Plan, series: &Series) -> Result<Vec<Source<'a>>> {
    let target = plan.audited_target()?;
    let mut all: Vec<Source<'a>> = numbers(target).map(|values| Source { name: &target.name, values, target: true }).into_iter().collect();
    for column in plan.data.table.columns().iter().filter(|c| c.name != target.name && Some(&c.name) != plan.recipe.roles.time.as_ref()) {
        if let Some(values) = numbers(column).filter(|v| moves(series, v)) {
            all.push(Source { name: &column.name, values, target: false });
        }
    }
    Ok(all)
}

/// Share of the steps at which values change.
fn moved(series: &Series, v: &[f64]) -> f64 {
    let (mut all, mut moved) = (0_u32, 0_u32);
    for (a, b) in series.pairs(1).filter(|&(a, b)| v[a].is_finite() && v[b].is_finite()) {
        all += 1;
        moved += u32::from(v[a] != v[b]);
    }
    f64::from(moved) / f64::from(all.max(1))
}

/// Whether values change at more than half of the steps.
fn moves(series: &Series, v: &[f64]) -> bool {
    moved(series, v) > 0.5
}

fn of_feature(plan: &Plan, series: &Series, sources: &[Source<'_>], name: &str, f: &[f64]) -> Option<Suspect> {
    // Minima and maxima rest for many steps; lags and means do not.
    if !moves(series, f) {
        return of_rolling(plan, series, sources, name, f).flatten();
    }
    // A copy under another name explains nothing.
    let others: Vec<&Source<'_>> = sources.iter().filter(|s| s.name != name && (s.target || !shifted(series, f, s.values, 0))).collect();
    let others = || others.iter().copied();
    // The target first: an earlier value of it is known in time, whatever else it also equals, and a later one is not.
    for target in [true, false] {
        let these = || others().filter(|s| s.target == target);
        if these().any(|s| lags(series, f, s.values)) {
            return None;
        }
        let ahead = if target { LONG.min(series.longest()) } else { SHIFT };
        for s in these() {
            if let Some(k) = (1..=ahead as i64).find(|&k| shifted(series, f, s.values, k)) {
                return (target || is_lead(series, name, f, s, k as usize)).then(|| of_lead(plan, name, s, k));
            }
        }
    }
    let reach = series.reach()?;
    let now = |s: &Source<'_>| if s.target { -1 } else { 0 };
    let past = |s: &Source<'_>| fit(series, f, s.values, reach, now(s));
    if others().any(|s| past(s).is_some_and(|left| left < EXACT)) {
        return None;
    }
    for s in others() {
        if let Some(found) = window(series, f, s, reach)
            && past(s).is_some_and(|left| left > NEEDED)
        {
            return Some(of_window(plan, name, s, found));
        }
    }
    if let Some(found) = of_rolling(plan, series, sources, name, f) {
        return found;
    }
    let y = others().find(|s| s.target)?;
    runs_on(series, f, y.values).then(|| {
        let what = format!("Feature '{name}' adds up the target over time, the row's own value included.");
        let evidence = format!("Each value follows from the one before and the target '{}' of the same row.", y.name);
        Suspect::column(plan, "own-row-in-window", name, what, evidence, mend(name))
    })
}

fn mend(name: &str) -> String {
    format!("Compute '{name}' from rows before its own, by at least as many steps as the forecast looks ahead, or leave it out.")
}

/// Whether `f` is the shifted copy and `s` the original: a lead lacks (or repeats) its last values, a lag its first.
fn is_lead(series: &Series, name: &str, f: &[f64], s: &Source<'_>, k: usize) -> bool {
    let says = |words: &[&str], name: &str| words.iter().any(|w| name.to_lowercase().contains(w));
    if says(&["lag", "prev", "past"], s.name) {
        return false;
    }
    if says(&["lead", "next", "future", "ahead"], name) {
        return true;
    }
    let filled = |v: &[f64], rows: &[usize], from: usize| rows.iter().all(|&r| v[r].is_nan() || v[r] == v[from]);
    let long: Vec<&Vec<usize>> = series.pieces.iter().filter(|p| p.len() > 2 * k).collect();
    let lead = long.iter().filter(|p| filled(f, &p[p.len() - k..], p[p.len() - k - 1])).count();
    let lag = long.iter().filter(|p| filled(s.values, &p[..k], p[k])).count();
    2 * lead > long.len() && lead > lag
}

fn of_lead(plan: &Plan, name: &str, s: &Source<'_>, k: i64) -> Suspect {
    let steps = if k == 1 { "one step".to_owned() } else { format!("{k} steps") };
    let evidence = format!("It equals '{}' {steps} later in the same series, in at least 95 % of the rows.", s.name);
    Suspect::column(plan, "future", name, format!("Feature '{name}' comes from a later time."), evidence, mend(name))
}

/// The first and last step of a window, and the share of the variance it leaves.
#[derive(Clone, Copy)]
struct Window {
    first: i64,
    last: i64,
    left: f64,
}

/// A step of the series in words.
fn at(k: i64) -> String {
    match k {
        0 => "the row itself".to_owned(),
        k if k < 0 => format!("{} before", -k),
        k => format!("{k} after"),
    }
}

/// Where a feature is a rolling statistic: the suspect where it reaches beyond what is known in time, else nothing to accuse.
fn of_rolling(plan: &Plan, series: &Series, sources: &[Source<'_>], name: &str, f: &[f64]) -> Option<Option<Suspect>> {
    let now = |s: &Source<'_>| if s.target { -1 } else { 0 };
    let rolled: Vec<(&Source<'_>, Rolling)> =
        sources.iter().filter(|s| s.name != name).filter_map(|s| Some((s, rolling(series, f, s.values, now(s))?))).collect();
    let (s, r) = rolled.first()?;
    if rolled.iter().any(|(s, r)| r.last <= now(s)) {
        return Some(None);
    }
    let evidence = format!("It is the {} of '{}' from {} to {} (steps of the series).", r.kind, s.name, at(r.first), at(r.last));
    Some(Some(of_steps(plan, name, r.last, evidence)))
}

fn of_window(plan: &Plan, name: &str, s: &Source<'_>, w: Window) -> Suspect {
    let evidence = format!(
        "It is a weighted sum of '{}' from {} to {} (steps of the series; {:.0e} of its variance is left).",
        s.name,
        at(w.first),
        at(w.last),
        w.left.max(1e-16)
    );
    of_steps(plan, name, w.last, evidence)
}

/// A window that ends `last` steps after the row.
fn of_steps(plan: &Plan, name: &str, last: i64, evidence: String) -> Suspect {
    let (code, what) = if last > 0 {
        ("future", format!("Feature '{name}' is a window that reaches into the future."))
    } else {
        ("own-row-in-window", format!("Feature '{name}' is a window over the target that includes the row itself."))
    };
    Suspect::column(plan, code, name, what, evidence, mend(name))
}

/// A fit of `f` on lags and leads of `s`: design, answers, columns.
struct Lagged {
    x: Vec<f64>,
    y: Vec<f64>,
    columns: usize,
}

/// `f` against `s` from `first` to `last` steps, both scaled; `None` where too few rows are complete.
fn lagged(series: &Series, f: &[f64], s: &[f64], reach: usize, last: i64) -> Option<Lagged> {
    let width = (reach as i64 + last + 1).max(0) as usize;
    let rows: Vec<&[usize]> =
        series.windows(reach).into_iter().filter(|w| f[w[reach]].is_finite() && w.iter().all(|&r| s[r].is_finite())).collect();
    if width == 0 || rows.len() < (3 * (2 * reach + 1)).max(FEW) {
        return None;
    }
    let y: Vec<f64> = rows.iter().map(|w| f[w[reach]]).collect();
    let (mf, sf) = moments(&y);
    let (ms, ss) = moments(s);
    if !(sf > 0.0 && ss > 0.0) {
        return None;
    }
    let mut x = vec![1.0; rows.len()];
    for k in 0..width {
        x.extend(rows.iter().map(|w| (s[w[k]] - ms) / ss));
    }
    Some(Lagged { x, y: y.iter().map(|v| (v - mf) / sf).collect(), columns: width + 1 })
}

impl Lagged {
    fn columns(&self) -> Columns<'_> {
        Columns::new(&self.x, self.y.len(), self.columns)
    }

    /// Share of the variance that coefficients leave.
    fn left(&self, coefficients: &[f64]) -> f64 {
        let n = self.y.len();
        let rest = |i: usize| self.y[i] - (0..self.columns).map(|c| coefficients[c] * self.x[c * n + i]).sum::<f64>();
        (0..n).map(|i| rest(i).powi(2)).sum::<f64>() / (n - 1) as f64
    }

    /// A quick look through normal equations with a trace of a penalty: never less than the exact share.
    fn roughly(&self) -> Option<f64> {
        let p = self.columns;
        let mut g = gram(self.columns());
        let trace: f64 = (0..p).map(|i| g[i * p + i]).sum();
        (0..p).for_each(|i| g[i * p + i] += 1e-9 * trace / p as f64);
        let solved = Cholesky::new(&g, p).ok()?.solve(&cross(self.columns(), &self.y));
        Some(self.left(&solved))
    }

    fn exactly(&self) -> Option<(f64, Vec<f64>)> {
        let fit = least_squares(self.columns(), &self.y, 0.0).ok()?;
        Some((self.left(&fit.coefficients), fit.coefficients))
    }
}

/// Share of the variance of `f` that `s` up to step `last` leaves; `None` where it cannot be told.
fn fit(series: &Series, f: &[f64], s: &[f64], reach: usize, last: i64) -> Option<f64> {
    let lagged = lagged(series, f, s, reach, last)?;
    let rough = lagged.roughly()?;
    if rough > 1e-4 {
        return Some(rough);
    }
    lagged.exactly().map(|e| e.0)
}

/// The window of `s` that `f` is, if it is one.
fn window(series: &Series, f: &[f64], s: &Source<'_>, reach: usize) -> Option<Window> {
    let lagged = lagged(series, f, s.values, reach, reach as i64)?;
    lagged.roughly().filter(|left| *left < 1e-4)?;
    let (left, coefficients) = lagged.exactly().filter(|e| e.0 < EXACT)?;
    let largest = coefficients[1..].iter().fold(0.0f64, |m, c| m.max(c.abs()));
    let counts = |c: &f64| c.abs() > 1e-3 * largest;
    let first = coefficients[1..].iter().position(counts)? as i64 - reach as i64;
    let last = coefficients[1..].iter().rposition(counts)? as i64 - reach as i64;
    Some(Window { first, last, left })
}

/// Whether `f` follows from its value before and the `y` of its own row: a sum, a mean or a fading mean since the start.
fn runs_on(series: &Series, f: &[f64], y: &[f64]) -> bool {
    let known: Vec<(usize, usize)> = series.pairs(1).filter(|&(a, b)| f[a].is_finite() && f[b].is_finite() && y[b].is_finite()).collect();
    if known.len() < FEW {
        return false;
    }
    let answers: Vec<f64> = known.iter().map(|p| f[p.1]).collect();
    let (_, sd) = moments(&answers);
    if sd.is_nan() || sd <= 0.0 {
        return false;
    }
    let answers: Vec<f64> = answers.iter().map(|v| v / sd).collect();
    let mut x = vec![1.0; known.len()];
    x.extend(known.iter().map(|p| f[p.0] / sd));
    let left = |x: &[f64], p: usize| {
        let lagged = Lagged { x: x.to_vec(), y: answers.clone(), columns: p };
        lagged.exactly().map_or(f64::INFINITY, |e| e.0)
    };
    let before = left(&x, 2);
    let (_, sy) = moments(y);
    x.extend(known.iter().map(|p| y[p.1] / sy));
    let with = left(&x, 3);
    if with < 1e-10 && with < 1e-5 * before {
        return true;
    }
    let expands = |p: &Vec<usize>| {
        (1..p.len())
            .filter(|&i| {
                let (n, now, before) = (i as f64, f[p[i]], f[p[i - 1]]);
                ((n + 1.0) * now - n * before - y[p[i]]).abs() <= 1e-6 * sy * (n + 1.0)
            })
            .count()
    };
    let follow: usize = series.pieces.iter().map(expands).sum();
    // A constant expands as well; only one that changes tells.
    before > 1e-9 && follow as f64 >= AGREE * known.len() as f64
}

/// A target that is a window, with windows shared between test and training rows.
fn overlap(plan: &Plan, series: &Series, sources: &[Source<'_>]) -> Result<Option<Suspect>> {
    let target = plan.audited_target()?;
    let (Some(y), Some(reach)) = (numbers(target), series.reach()) else { return Ok(None) };
    let found = sources.iter().filter(|s| !s.target).find_map(|s| Some((s.name, window(series, y, s, reach)?)));
    let Some((source, Window { first, last, .. })) = found.filter(|f| f.1.last > f.1.first) else { return Ok(None) };
    let width = (last - first + 1) as usize;
    let mut at: Vec<Option<(usize, usize)>> = vec![None; plan.data.samples.rows()];
    for (p, piece) in series.pieces.iter().enumerate() {
        piece.iter().enumerate().for_each(|(i, &row)| at[row] = Some((p, i)));
    }
    let (mut rows, mut apart, mut tested) = (Vec::new(), Vec::new(), 0);
    for fold in plan.primary_folds() {
        let learned: HashSet<usize> = fold.train.iter().copied().collect();
        let mut drop = HashSet::new();
        for &row in &fold.test {
            tested += 1;
            let Some((p, i)) = at[row] else { continue };
            let piece = &series.pieces[p];
            let near = &piece[i.saturating_sub(width - 1)..(i + width).min(piece.len())];
            let shared: Vec<usize> = near.iter().copied().filter(|r| learned.contains(r)).collect();
            if !shared.is_empty() {
                rows.push(row);
                drop.extend(shared);
            }
        }
        apart.push(drop.into_iter().collect());
    }
    if (rows.len() as f64) < OVERLAP * tested as f64 {
        return Ok(None);
    }
    rows.sort_unstable();
    rows.dedup();
    let part = plan.designs.first().map_or("validate", |d| &d.part.path);
    Ok(Some(Suspect {
        code: "overlapping-windows",
        what: format!("Windows of the target '{}' overlap across folds.", target.name),
        columns: vec![target.name.clone(), source.to_owned()],
        key: format!("{part}.design"),
        evidence: format!(
            "The target sums '{source}' over {width} steps; {} of {tested} tested rows ({}) share some of them with a training row.",
            rows.len(),
            percent(rows.len(), tested)
        ),
        rows,
        mend: format!(
            "Keep {width} steps between what is learned and what is tested (gap of a forward or rolling design), or take every {width}th row."
        ),
        cure: Cure::Apart(apart),
        proven: false,
    }))
}

/// Whether a column goes up or down with time throughout.
pub(super) fn tells_time(plan: &Plan, values: &Values) -> bool {
    let Some(time) = &plan.data.samples.support().time else { return false };
    let mut order: Vec<usize> = (0..time.days.len()).filter(|&r| time.days[r].is_finite()).collect();
    order.sort_by(|&a, &b| time.days[a].total_cmp(&time.days[b]));
    let Values::Real(v) = values else {
        let labels: HashSet<_> = order.iter().map(|&r| (key(values, r), time.days[r].to_bits())).collect();
        return labels.len() == order.iter().map(|&r| time.days[r].to_bits()).collect::<HashSet<_>>().len();
    };
    order.windows(2).all(|w| v[w[0]] <= v[w[1]]) || order.windows(2).all(|w| v[w[0]] >= v[w[1]])
}
