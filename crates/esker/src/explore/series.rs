//! Values in time: series, cycles of the year and the day, autocorrelation and spectrum.

use std::collections::BTreeMap;

use esker_core::exploration::{Autocorrelation, Cycle, Peak, Series, SeriesView, Spectrum};
use esker_core::{Calendar, Unit};
use esker_math::{autocorrelation, lomb_scargle, periodogram, quantile_of_sorted, red_noise, without_trend};
use rayon::prelude::*;

use super::columns::sorted;
use super::frame::Frame;

/// Series shown at most.
const MOST: usize = 6;
/// Rows up to which all make the series; of more, those drawn.
const MOST_ROWS: usize = 1_000_000;
/// Points of a series that are kept for drawing.
const POINTS: usize = 1500;
/// Mean length of a month and a year, days.
const MONTH: f64 = 365.2425 / 12.0;
const YEAR: f64 = 365.2425;
/// Periods of a spectrum that are kept.
const PERIODS: usize = 500;

/// A moment in short.
pub fn moment(t: f64, dated: bool) -> String {
    if !dated {
        return esker_short(t);
    }
    let text = esker_io::time::format_moment(t);
    text.split('T').next().unwrap_or_default().to_owned()
}

fn esker_short(v: f64) -> String {
    format!("{v:.6}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Values of some columns in time, rows in any order. `names` gives name, unit and values.
pub fn view(name: &str, (dated, unit): (bool, &str), times: &[f64], columns: &[(String, Unit, &[f64])]) -> Option<SeriesView> {
    let known = sorted(times);
    let moments: Vec<f64> = {
        let mut m = known.clone();
        m.dedup();
        m
    };
    if moments.len() < 8 {
        return None;
    }
    let (step, regular) = spacing(&moments, dated);
    let several = known.len() > moments.len() + moments.len() / 50;
    let events = !regular && !several && moments.len() > 300 && dated && moments[moments.len() - 1] - moments[0] > 20.0 && uneven(&moments);
    let (at, parts, what) = if events {
        let (label, at, parts) = by_span(&moments, times);
        (at, parts, format!("mean of the rows of a {label}"))
    } else {
        let parts = times.iter().map(|t| moments.binary_search_by(|m| m.total_cmp(t)).ok()).collect();
        (moments.clone(), parts, if several { "mean of the rows at a time".to_owned() } else { "one row a time".to_owned() })
    };
    let clock = Clock {
        dated,
        step: if events { at.windows(2).map(|w| w[1] - w[0]).sum::<f64>() / (at.len() - 1) as f64 } else { step },
        regular: regular || events,
        several: several || events,
    };
    let mut list: Vec<Series> = Vec::new();
    if events {
        let mut counts = vec![0.0; at.len()];
        parts.iter().flatten().for_each(|&p: &usize| counts[p] += 1.0);
        list.push(clock.one(("number of rows".to_owned(), Unit::default()), &at, counts, None));
    }
    let of: Vec<Series> = columns
        .par_iter()
        .take(MOST - list.len())
        .filter_map(|(name, unit, values)| clock.series((name.clone(), unit.clone()), &at, (&parts, times, values)))
        .collect();
    list.extend(of);
    (!list.is_empty()).then(|| SeriesView {
        time: name.to_owned(),
        dated,
        unit: unit.to_owned(),
        step: clock.step,
        regular: clock.regular,
        what,
        list,
    })
}

/// The columns of a frame in time.
pub fn of(frame: &Frame) -> Option<SeriesView> {
    let timing = frame.time.as_ref()?;
    // A draw of rows would make gaps of its own.
    let whole = frame.table.rows() <= MOST_ROWS;
    let times = if whole { timing.at.clone() } else { frame.times()? };
    let columns: Vec<(String, Unit, &[f64])> = frame
        .chosen
        .iter()
        .filter(|&&c| !timing.columns.contains(&c) && !super::frame::is_class_like(&frame.look.columns()[c]))
        .filter_map(|&c| {
            let values = if whole { frame.column(c).reals().ok()? } else { frame.numbers(c)? };
            Some((frame.column(c).name.clone(), frame.column(c).unit.clone(), values))
        })
        .collect();
    view(&timing.name, (timing.dated, &timing.unit), &times, &columns)
}

/// The usual step between moments, and whether nearly all steps are this one or whole multiples of it (months and years are even as calendars go).
fn spacing(moments: &[f64], dated: bool) -> (f64, bool) {
    let steps: Vec<f64> = moments.windows(2).map(|w| w[1] - w[0]).collect();
    let median = quantile_of_sorted(&sorted(&steps), 0.5);
    let slack = if dated && (27.0..32.0).contains(&median) { 0.12 } else { 0.02 };
    let even = steps.iter().filter(|s| (*s / median - 1.0).abs() <= slack).count();
    let usual = if dated && (27.0..32.0).contains(&median) {
        MONTH
    } else if dated && (364.0..367.0).contains(&median) {
        YEAR
    } else {
        median
    };
    (usual, 10 * even >= 8 * steps.len())
}

/// Whether steps differ by more than a factor of ten: events, not measurements at some rhythm.
fn uneven(moments: &[f64]) -> bool {
    let steps = sorted(&moments.windows(2).map(|w| w[1] - w[0]).collect::<Vec<_>>());
    quantile_of_sorted(&steps, 0.9) > 10.0 * quantile_of_sorted(&steps, 0.1)
}

/// Years, months or days that cut a stretch of time into 20 to 200 parts: what they are, their middles, and the part of each row.
fn by_span(moments: &[f64], times: &[f64]) -> (&'static str, Vec<f64>, Vec<Option<usize>>) {
    let (first, last) = (moments[0], moments[moments.len() - 1]);
    let long = last - first;
    let (label, width) = if long > 20.0 * YEAR {
        ("year", YEAR)
    } else if long > 20.0 * MONTH {
        ("month", MONTH)
    } else {
        ("day", 1.0)
    };
    let start = if label == "year" {
        Calendar::Proleptic.days(Calendar::Proleptic.date(first).year, 1, 1).map_or(first, |d| d as f64)
    } else {
        first.floor()
    };
    // The last part may be short of days; what is counted in it would fall off.
    let n = (((last - start) / width).floor() as usize).max(1);
    let at = (0..n).map(|i| start + (i as f64 + 0.5) * width).collect();
    let part = |t: &f64| Some(((t - start) / width).floor()).filter(|p| *p >= 0.0 && *p < n as f64).map(|p| p as usize);
    (label, at, times.iter().map(part).collect())
}

/// What all series of a file share.
struct Clock {
    dated: bool,
    step: f64,
    regular: bool,
    several: bool,
}

impl Clock {
    fn series(&self, named: (String, Unit), at: &[f64], (parts, times, values): (&[Option<usize>], &[f64], &[f64])) -> Option<Series> {
        let known = || parts.iter().zip(values).filter(|(_, v)| !v.is_nan()).filter_map(|(p, v)| Some(((*p)?, *v)));
        let mut value = vec![f64::NAN; at.len()];
        let mut band = None;
        if self.several {
            let mut rows: Vec<Vec<f64>> = vec![Vec::new(); at.len()];
            known().for_each(|(p, v)| rows[p].push(v));
            rows.iter_mut().for_each(|r| r.sort_unstable_by(f64::total_cmp));
            value.iter_mut().zip(&rows).filter(|(_, r)| !r.is_empty()).for_each(|(v, r)| *v = esker_math::mean(r));
            let of = |p: f64| rows.iter().map(|r| quantile_of_sorted(r, p)).collect::<Vec<f64>>();
            band = Some((of(0.1), of(0.9)));
        } else {
            known().for_each(|(p, v)| value[p] = v);
        }
        if value.iter().filter(|v| !v.is_nan()).count() < 8 {
            return None;
        }
        let mut series = self.one(named, at, value, band);
        if self.dated {
            // Cycles are those of the rows themselves, not of their means.
            series.season = season(times, values, self.step);
            series.day = day(times, values, self.step);
        }
        Some(series)
    }

    fn one(&self, (name, unit): (String, Unit), at: &[f64], value: Vec<f64>, band: Option<(Vec<f64>, Vec<f64>)>) -> Series {
        let flat = sorted(&value).first() == sorted(&value).last();
        let even = self.even(at, &value);
        let spectrum = if flat { None } else { self.spectrum(at, &value, even.as_deref()) };
        let autocorrelation = even.filter(|_| !flat).and_then(|v| self.autocorrelation(&v));
        let step = at.len().div_ceil(POINTS).max(1);
        let thin = |v: &[f64]| -> Vec<f64> { if step == 1 { v.to_vec() } else { v.chunks(step).map(mean_known).collect() } };
        let (low, high) = match band {
            Some((low, high)) => (thin(&low), thin(&high)),
            None if step > 1 => {
                let fold = |f: fn(f64, f64) -> f64| value.chunks(step).map(|c| c.iter().copied().fold(f64::NAN, f)).collect::<Vec<f64>>();
                (fold(f64::min), fold(f64::max))
            }
            None => (Vec::new(), Vec::new()),
        };
        Series { name, unit, at: thin(at), value: thin(&value), low, high, season: None, day: None, autocorrelation, spectrum }
    }

    /// Values on an even grid of the usual step from the first known to the last, NaN in gaps; `None` where times are not even or most of the grid is gap.
    fn even(&self, at: &[f64], value: &[f64]) -> Option<Vec<f64>> {
        let long = ((at[at.len() - 1] - at[0]) / self.step).round() as usize + 1;
        if !self.regular || long > 4 * at.len() || long > 1 << 20 {
            return None;
        }
        let mut out = vec![f64::NAN; long];
        for (t, v) in at.iter().zip(value) {
            out[(((t - at[0]) / self.step).round() as usize).min(long - 1)] = *v;
        }
        let end = out.iter().rposition(|v| !v.is_nan())? + 1;
        let start = out.iter().position(|v| !v.is_nan())?;
        Some(out[start..end].to_vec())
    }

    fn autocorrelation(&self, even: &[f64]) -> Option<Autocorrelation> {
        let n = even.iter().filter(|v| !v.is_nan()).count();
        if n < 20 {
            return None;
        }
        let lags = (even.len() / 3).min(400);
        // Lags at which gaps leave no pairs say nothing.
        let known: Vec<(usize, f64)> = autocorrelation(even, lags).into_iter().enumerate().filter(|(_, r)| !r.is_nan()).collect();
        let memory = known.iter().find(|(_, r)| *r < (-1f64).exp()).map(|(k, _)| *k as f64 * self.step);
        // A memory that is not found is longer than the lags only where these were seen.
        if known.len() < 4 || (memory.is_none() && 10 * known.last()?.0 < 9 * lags) {
            return None;
        }
        let (lag, value) = known.into_iter().map(|(k, r)| (k as f64 * self.step, r)).unzip();
        Some(Autocorrelation { lag, value, limit: 1.96 / (n as f64).sqrt(), memory })
    }

    fn spectrum(&self, at: &[f64], value: &[f64], even: Option<&[f64]>) -> Option<Spectrum> {
        let n = value.iter().filter(|v| !v.is_nan()).count();
        let long = even.map_or(at[at.len() - 1] - at[0], |e| (e.len() - 1) as f64 * self.step);
        if n < 32 || long <= 0.0 {
            return None;
        }
        let (pairs, n, noise, method) = match even {
            // Gaps of more than a third make lines and noise of their own.
            Some(even) if 3 * n < 2 * even.len() => return None,
            Some(even) => {
                let grid: Vec<f64> = (0..even.len()).map(|i| i as f64).collect();
                let rest = without_trend(&grid, even);
                let memory = autocorrelation(&rest, 1)[1];
                if memory.is_nan() {
                    return None;
                }
                // What gaps tear apart is white.
                let whole = rest.windows(2).filter(|w| !w[0].is_nan() && !w[1].is_nan()).count() as f64 / (n - 1) as f64;
                let noise = Some((memory.clamp(0.0, 0.99), whole.min(1.0)));
                (periodogram(&rest, self.step), n, noise, "periodogram of the values without their linear trend; gaps count as the mean")
            }
            None => {
                let step = at.len().div_ceil(2000).max(1);
                let rows: Vec<usize> = (0..at.len()).step_by(step).filter(|&i| !value[i].is_nan()).collect();
                let times: Vec<f64> = rows.iter().map(|&i| at[i]).collect();
                let rest = without_trend(&times, &rows.iter().map(|&i| value[i]).collect::<Vec<_>>());
                let most = (2 * rows.len()).min(4000);
                let frequencies: Vec<f64> = (0..most).map(|k| (1.0 + 0.25 * k as f64) / long).collect();
                let power = lomb_scargle(&times, &rest, &frequencies);
                // The memory of uneven times is not known, so that no period can be told from noise.
                let pairs: Vec<(f64, f64)> = frequencies.into_iter().zip(power).collect();
                (pairs, rows.len(), None, "Lomb–Scargle periodogram of the values without their linear trend")
            }
        };
        let of_white = 2.0 / n as f64;
        // Frequencies are four times finer than the independent ones, of which there are half as many as values.
        let limit = of_white * -(1.0 - 0.99f64.powf(0.5 / n as f64)).ln();
        let background = noise.map(|(memory, whole)| move |f: f64| whole * red_noise(memory, (f * self.step).min(0.5)) + 1.0 - whole);
        let peaks = background.as_ref().map_or_else(Vec::new, |b| peaks(&pairs, long, |f| limit * b(f), self.dated));
        let (mut period, mut power, mut back) = (Vec::new(), Vec::new(), Vec::new());
        for (f, p) in strongest(&pairs) {
            period.push(1.0 / f);
            power.push(p);
            back.extend(background.as_ref().map(|b| of_white * b(f)));
        }
        Some(Spectrum { period, power, background: back, peaks, method: method.to_owned() })
    }
}

fn mean_known(v: &[f64]) -> f64 {
    let known: Vec<f64> = v.iter().copied().filter(|v| !v.is_nan()).collect();
    if known.is_empty() { f64::NAN } else { esker_math::mean(&known) }
}

/// The strongest of each of so many stretches of equal width in the logarithm.
fn strongest(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (pairs.first(), pairs.last()) else { return Vec::new() };
    let wide = (last.0 / first.0).ln().max(1e-9);
    let mut out: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for &(f, p) in pairs {
        let bin = ((f / first.0).ln() / wide * PERIODS as f64) as usize;
        let best = out.entry(bin).or_insert((f, p));
        if p > best.1 {
            *best = (f, p);
        }
    }
    out.into_values().collect()
}

/// Local maxima above what noise reaches once in a hundred series, at least a thousandth of the variance, that the length shows three times.
fn peaks(pairs: &[(f64, f64)], long: f64, limit: impl Fn(f64) -> f64, dated: bool) -> Vec<Peak> {
    let mut found: Vec<(f64, f64)> = pairs
        .windows(3)
        .filter(|w| w[1].1 >= w[0].1 && w[1].1 > w[2].1 && w[1].1 > limit(w[1].0) && w[1].1 > 0.005 && w[1].0 >= 3.0 / long)
        .map(|w| w[1])
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (f, p) in found {
        // Side lobes of a strong line lie within a few resolutions of it.
        if kept.iter().all(|k| (k.0 - f).abs() > 2.5 / long && (k.0 / f - 1.0).abs() > 0.03) {
            kept.push((f, p));
        }
        if kept.len() == 5 {
            break;
        }
    }
    let told = |(f, power): (f64, f64)| Peak {
        period: 1.0 / f,
        words: if dated { span(1.0 / f) } else { esker_short((1e3 / f).round() / 1e3) },
        power,
    };
    kept.into_iter().map(told).collect()
}

/// A length of time in the unit that suits it.
pub fn span(days: f64) -> String {
    let told = |v: f64, unit: &str| {
        let v = if v >= 99.5 {
            format!("{v:.0}")
        } else if v >= 9.95 {
            format!("{v:.1}")
        } else {
            format!("{v:.2}")
        };
        let v = if v.contains('.') { v.trim_end_matches('0').trim_end_matches('.').to_owned() } else { v };
        let many = if v == "1" { "" } else { "s" };
        format!("{v} {unit}{many}")
    };
    match days {
        d if d >= 0.97 * YEAR => told(d / YEAR, "year"),
        d if d >= 80.0 => told(d / MONTH, "month"),
        d if d >= 2.0 => told(d, "day"),
        d if d >= 2.0 / 24.0 => told(d * 24.0, "hour"),
        d => told(d * 1440.0, "minute"),
    }
}

/// Values by month, where steps are shorter than a season and at least two years are seen.
fn season(times: &[f64], values: &[f64], step: f64) -> Option<Cycle> {
    let known = sorted(times);
    let long = known.last()? - known.first()?;
    if step > 100.0 || long < 1.8 * YEAR {
        return None;
    }
    cycle(times, &from_running_mean(times, values, YEAR / 2.0), 1..=12, |t| f64::from(Calendar::Proleptic.date(t).month))
}

/// Values by hour, where steps are hours and at least four days are seen.
fn day(times: &[f64], values: &[f64], step: f64) -> Option<Cycle> {
    let known = sorted(times);
    let long = known.last()? - known.first()?;
    if step > 0.26 || long < 4.0 {
        return None;
    }
    cycle(times, &from_running_mean(times, values, 0.5), 0..=23, |t| ((t - t.floor()) * 24.0 + 1e-6).floor())
}

/// Values less the mean of those within `half` days, so that neither a trend nor a bad year hides a cycle; NaN where the window is cut off.
fn from_running_mean(times: &[f64], values: &[f64], half: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..times.len()).filter(|&i| !times[i].is_nan() && !values[i].is_nan()).collect();
    order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    let mut out = vec![f64::NAN; times.len()];
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else { return out };
    let (mut from, mut to, mut sum) = (0, 0, 0.0);
    // A window of whole cycles: as long after a moment as before it, one end left out.
    for &i in &order {
        while to < order.len() && times[order[to]] < times[i] + half - 1e-6 {
            sum += values[order[to]];
            to += 1;
        }
        while times[order[from]] < times[i] - half - 1e-6 {
            sum -= values[order[from]];
            from += 1;
        }
        if times[i] - half >= times[first] - 1.0 && times[i] + half <= times[last] + 32.0_f64.min(half) {
            out[i] = values[i] - sum / (to - from) as f64;
        }
    }
    out
}

fn cycle(times: &[f64], values: &[f64], places: std::ops::RangeInclusive<u8>, place: impl Fn(f64) -> f64) -> Option<Cycle> {
    let first = *places.start();
    let mut of: Vec<Vec<f64>> = places.clone().map(|_| Vec::new()).collect();
    for (t, v) in times.iter().zip(values).filter(|(t, v)| !t.is_nan() && !v.is_nan()) {
        of[(place(*t) as usize - usize::from(first)).min(usize::from(*places.end() - first))].push(*v);
    }
    if of.iter().filter(|v| !v.is_empty()).count() < 4 {
        return None;
    }
    let all: Vec<f64> = of.iter().flatten().copied().collect();
    let (mean, n) = (esker_math::mean(&all), all.len() as f64);
    let total = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let between = of.iter().filter(|v| !v.is_empty()).map(|v| v.len() as f64 * (esker_math::mean(v) - mean).powi(2)).sum::<f64>() / n;
    let quantiles = of.iter().flat_map(|v| {
        let s = sorted(v);
        [0.1, 0.25, 0.5, 0.75, 0.9].map(|p| quantile_of_sorted(&s, p))
    });
    Some(Cycle {
        at: places.map(f64::from).collect(),
        quantiles: quantiles.collect(),
        counts: of.iter().map(Vec::len).collect(),
        explained: if total > 0.0 { between / total } else { 0.0 },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn seen(times: &[f64], values: &[f64]) -> Series {
        view("t", (false, ""), times, &[("v".to_owned(), Unit::default(), values)]).unwrap().list.remove(0)
    }

    /// Red noise at uneven times, and with gaps in even ones: no period is made of it, and its memory is kept.
    #[test]
    fn red_noise_has_no_periods() {
        let (mut uneven, mut gappy) = (0, 0);
        for seed in 0..20 {
            let mut rng = Rng::new(seed);
            let mut last = 0.0;
            let values: Vec<f64> = (0..1200)
                .map(|_| {
                    last = 0.95 * last + rng.uniform() - 0.5;
                    last
                })
                .collect();
            let some: Vec<usize> = (0..1200).filter(|_| rng.uniform() < 0.3).collect();
            let times: Vec<f64> = some.iter().map(|&i| i as f64).collect();
            let s = seen(&times, &some.iter().map(|&i| values[i]).collect::<Vec<_>>());
            let spectrum = s.spectrum.unwrap();
            assert!(spectrum.background.is_empty() && spectrum.power.len() > 30);
            uneven += spectrum.peaks.len();
            let with_gaps: Vec<f64> = values.iter().map(|v| if rng.uniform() < 0.2 { f64::NAN } else { *v }).collect();
            let s = seen(&(0..1200).map(f64::from).collect::<Vec<_>>(), &with_gaps);
            gappy += s.spectrum.unwrap().peaks.len();
            assert!((5.0..60.0).contains(&s.autocorrelation.unwrap().memory.unwrap()));
        }
        assert!(uneven == 0 && gappy <= 3, "{uneven} and {gappy} periods of noise");
    }

    #[test]
    fn a_true_period_of_an_even_series_is_named() {
        let mut rng = Rng::new(3);
        let times: Vec<f64> = (0..600).map(f64::from).collect();
        let values: Vec<f64> = times.iter().map(|t| (std::f64::consts::TAU * t / 25.0).sin() + rng.uniform()).collect();
        let peaks = seen(&times, &values).spectrum.unwrap().peaks;
        assert!((peaks[0].period - 25.0).abs() < 0.5, "{peaks:?}");
    }
}
