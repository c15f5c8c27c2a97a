//! Figures in time: the series, their cycles, autocorrelations and spectra.

use esker_core::exploration::{Autocorrelation, Cycle, Series as Values, SeriesView, Spectrum};

use super::ends;
use crate::figure::colour::{BAR, GREY, PALE, VERMILION};
use crate::figure::scale::range;
use crate::figure::stats::{quantile, sorted};
use crate::figure::text::{fixed, labelled};
use crate::figure::{Figure, WIDTH};
use crate::page::words::capital;
use crate::plot::{Axis, Mark, Plot, Series, sheet};

/// A series with a row without values wherever times lie far apart, so that lines break there.
struct Broken {
    at: Vec<f64>,
    /// Values, low and high.
    rows: [Vec<f64>; 3],
}

impl Broken {
    fn of(s: &Values, step: f64) -> Self {
        let usual = quantile(&sorted(s.at.windows(2).map(|w| w[1] - w[0])), 0.5);
        let gap = (3.0 * step).max(3.0 * usual);
        let mut out = Self { at: Vec::new(), rows: Default::default() };
        for (i, &at) in s.at.iter().enumerate() {
            if i > 0 && at - s.at[i - 1] > gap {
                out.at.push((at + s.at[i - 1]) / 2.0);
                out.rows.iter_mut().for_each(|r| r.push(f64::NAN));
            }
            out.at.push(at);
            for (to, from) in out.rows.iter_mut().zip([&s.value, &s.low, &s.high]) {
                to.push(from.get(i).copied().unwrap_or(f64::NAN));
            }
        }
        out
    }
}

/// The series, one above the other.
pub fn lines(v: &SeriesView) -> Option<Figure> {
    let ends_of_all = range(v.list.iter().flat_map(|s| &s.at))?;
    let shown: Vec<&Values> = v.list.iter().filter(|s| s.value.iter().any(|v| v.is_finite())).collect();
    let all: Vec<Broken> = shown.iter().map(|s| Broken::of(s, v.step)).collect();
    let plots = shown.iter().zip(&all).enumerate().map(|(i, (s, b))| {
        let time = if v.dated { Series::times("", &b.at) } else { Series::numbers(&v.time, "", &b.at) };
        let [value, low, high] = b.rows.each_ref().map(|r| Series::numbers(&s.name, s.unit.as_str(), r));
        let mut plot = Plot::new("", "");
        if !s.low.is_empty() {
            plot = plot.with(Mark::band(time, low, high).keyed("", PALE));
        }
        plot = plot.with(Mark::line(time, value).keyed("", BAR));
        plot.x.domain = Some(ends_of_all);
        if i + 1 < shown.len() {
            plot.x.title = Some(String::new());
        }
        (plot.tall, plot.lettered) = (Some(if shown.len() == 1 { 230.0 } else { 104.0 }), false);
        plot
    });
    let mut plots: Vec<Plot<'_>> = plots.collect();
    let band = if v.list.iter().any(|s| !s.low.is_empty()) {
        if v.what.contains("rows") {
            " The band holds eight of ten rows at a time."
        } else {
            " The band reaches from the smallest to the largest of neighbouring values."
        }
    } else {
        ""
    };
    let told: Vec<String> =
        shown.iter().filter_map(|s| range(&s.value).map(|(a, b)| format!("{} {}", s.name, ends(a, b, &s.unit)))).collect();
    let first = plots.first_mut()?;
    first.caption = format!("{}.{band} Lines break at gaps.", capital(&v.what));
    first.alt = format!("Series: {}.", told.join("; "));
    sheet("explore-series", "In time", &plots, WIDTH, 1).ok()
}

/// What is drawn of one series, in the units of its axes.
struct Rhythm<'a> {
    of: &'a Values,
    lag: Vec<f64>,
    period: Vec<f64>,
    /// Periods and powers of the peaks, the places of their words, and the words.
    peaks: (Vec<f64>, Vec<f64>, Vec<u32>, Vec<String>),
    /// Names of the units of lags and periods.
    units: [&'a str; 2],
}

impl<'a> Rhythm<'a> {
    fn new(of: &'a Values, v: &'a SeriesView) -> Self {
        let lags = of.autocorrelation.as_ref().map_or(&[][..], |a| &a.lag);
        let periods = of.spectrum.as_ref().map_or(&[][..], |s| &s.period);
        let (by_lag, by_period) = (unit(v, lags.last().copied().unwrap_or(1.0)), unit(v, periods.first().copied().unwrap_or(1.0)));
        let peaks: Vec<_> = of.spectrum.iter().flat_map(|s| s.peaks.iter().take(3)).collect();
        Self {
            of,
            lag: lags.iter().map(|l| l / by_lag.0).collect(),
            period: periods.iter().map(|p| p / by_period.0).collect(),
            peaks: (
                peaks.iter().map(|p| p.period / by_period.0).collect(),
                peaks.iter().map(|p| p.power).collect(),
                (0..).take(peaks.len()).collect(),
                peaks.iter().map(|p| p.words.clone()).collect(),
            ),
            units: [by_lag.1, by_period.1],
        }
    }

    /// Boxes by month or hour.
    fn cycle(&'a self, of: Option<&'a Cycle>, months: bool) -> Plot<'a> {
        let mut plot = Plot::new("", "");
        let Some(of) = of.filter(|c| c.quantiles.iter().any(|v| v.is_finite())) else { return plot };
        let five = of.quantiles.as_chunks::<5>().0;
        plot = plot.with(Mark::quantiles(Series::numbers("", "", &of.at), five));
        let share = if of.explained < 0.005 { "under 1".to_owned() } else { fixed(100.0 * of.explained, 0) };
        plot.x.title = Some(format!("{} ({share} % of the variance)", if months { "month" } else { "hour" }));
        plot.y.title = Some(labelled(if months { "from the year's mean" } else { "from the day's mean" }, &self.of.unit));
        let label = |i: usize| if months { ["Jan", "Apr", "Jul", "Oct"][i / 3 % 4].to_owned() } else { i.to_string() };
        let ticks = of.at.iter().enumerate().step_by(if months { 3 } else { 6 });
        plot.x.ticks = Some(ticks.map(|(i, at)| (*at, label(i))).collect());
        plot.x.domain = of.at.first().zip(of.at.last()).map(|(a, b)| (a - 0.5, b + 0.5));
        plot
    }

    fn memory(&'a self, of: Option<&'a Autocorrelation>, limits: &'a [f64]) -> Plot<'a> {
        let mut plot = Plot::new("", "");
        let Some(of) = of else { return plot };
        let line = Mark::line(Series::numbers("lag", self.units[0], &self.lag), Series::numbers("autocorrelation", "", &of.value));
        plot = plot.with(Mark::rule_y(Series::numbers("", "", limits))).with(line.keyed("", BAR));
        let low = of.value.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::min);
        plot.y.domain = Some(((low - 0.05).max(-1.0), 1.0));
        plot.x.domain = Some((0.0, self.lag.last().copied().unwrap_or(1.0)));
        plot.y.title = Some("autocorrelation".to_owned());
        plot
    }

    fn spectrum(&'a self, of: Option<&'a Spectrum>) -> Plot<'a> {
        let mut plot = Plot::new("", "");
        let Some(of) = of.filter(|s| s.period.len() > 3) else { return plot };
        let most = of.power.iter().copied().filter(|p| p.is_finite()).fold(0.0, f64::max).max(1e-12);
        let low =
            of.power.iter().zip(&of.background).flat_map(|(a, b)| [*a, *b]).filter(|p| *p > 0.0).fold(most, f64::min).max(most * 1e-5);
        let period = |v: &'a [f64]| Series::numbers("period", self.units[1], v);
        let power = |v: &'a [f64]| Series::numbers("power", "", v);
        plot = plot.with(Mark::line(period(&self.period), power(&of.power)).keyed("", BAR));
        if !of.background.is_empty() {
            plot = plot.with(Mark::line(period(&self.period), power(&of.background)).keyed("", GREY).dashed());
        }
        let (at, high, codes, words) = &self.peaks;
        if !at.is_empty() {
            plot = plot.with(Mark::points(period(at), power(high)).keyed("", VERMILION));
            plot = plot.with(Mark::text(period(at), power(high), Series::classes("", codes, words)));
        }
        plot.heading = "spectrum".to_owned();
        plot.x.log = true;
        plot.x.domain = range(&self.period);
        plot.y = Axis { log: true, domain: Some((low, most * 2.0)), ..Axis::bare() };
        plot
    }
}

/// Cycles, memory and periods of each series, side by side.
pub fn rhythms(v: &SeriesView) -> Option<Figure> {
    let has = |f: fn(&Values) -> bool| v.list.iter().any(f);
    let columns: Vec<usize> =
        [has(|s| s.season.is_some()), has(|s| s.day.is_some()), has(|s| s.autocorrelation.is_some()), has(|s| s.spectrum.is_some())]
            .iter()
            .enumerate()
            .filter_map(|(i, there)| there.then_some(i))
            .collect();
    let shown: Vec<Rhythm<'_>> = v
        .list
        .iter()
        .filter(|s| s.season.is_some() || s.day.is_some() || s.autocorrelation.is_some() || s.spectrum.is_some())
        .map(|s| Rhythm::new(s, v))
        .collect();
    let limits: Vec<[f64; 2]> =
        shown.iter().map(|r| r.of.autocorrelation.as_ref().map_or([f64::NAN; 2], |a| [-a.limit, a.limit])).collect();
    let mut plots: Vec<Plot<'_>> = Vec::new();
    for (r, limits) in shown.iter().zip(&limits) {
        for column in &columns {
            let mut plot = match column {
                0 => r.cycle(r.of.season.as_ref(), true),
                1 => r.cycle(r.of.day.as_ref(), false),
                2 => r.memory(r.of.autocorrelation.as_ref(), limits),
                _ => r.spectrum(r.of.spectrum.as_ref()),
            };
            (plot.tall, plot.lettered) = (Some(120.0), false);
            plots.push(plot);
        }
        let row = plots.len() - columns.len();
        if let Some(plot) = plots[row..].iter_mut().find(|p| !p.marks.is_empty()) {
            plot.heading = if plot.heading.is_empty() { r.of.name.clone() } else { format!("{}, {}", r.of.name, plot.heading) };
        }
    }
    let peaks: Vec<String> = shown
        .iter()
        .filter_map(|s| {
            s.of.spectrum
                .as_ref()
                .filter(|p| !p.peaks.is_empty())
                .map(|p| format!("{}: {}", s.of.name, p.peaks.iter().map(|k| k.words.as_str()).collect::<Vec<_>>().join(", ")))
        })
        .collect();
    let tested = shown.iter().any(|s| s.of.spectrum.as_ref().is_some_and(|p| !p.background.is_empty()));
    let found = if !tested {
        "No period was looked for.".to_owned()
    } else if peaks.is_empty() {
        "No period stands out of red noise.".to_owned()
    } else {
        format!("Periods that stand out: {}.", peaks.join("; "))
    };
    let mut methods: Vec<String> = Vec::new();
    for s in shown.iter().filter_map(|s| s.of.spectrum.as_ref()) {
        let told = if s.background.is_empty() {
            format!(
                " Spectrum without a dashed line: {}; times are uneven, so that no period can be told from noise and none is named.",
                s.method
            )
        } else {
            format!(
                " Spectrum: {}; the dashed line is red noise of the same memory, and named periods rise above what it reaches once in a hundred series.",
                s.method
            )
        };
        if !methods.contains(&told) {
            methods.push(told);
        }
    }
    let method = methods.concat();
    let first = plots.first_mut()?;
    first.caption = format!(
        "Boxes hold half of the values' differences from the running mean, whiskers eight of ten. Dashed lines of the autocorrelation hold 95 % of white noise.{method}"
    );
    first.alt = found;
    sheet("explore-rhythms", "Cycles, memory and periods", &plots, WIDTH, columns.len()).ok()
}

/// The unit in which lags and periods are told, and its length.
fn unit(v: &SeriesView, longest: f64) -> (f64, &str) {
    match longest {
        _ if !v.dated => (1.0, if v.unit.is_empty() { &v.time } else { &v.unit }),
        d if d > 3.0 * 365.0 => (365.2425, "years"),
        d if d > 3.0 => (1.0, "days"),
        _ => (1.0 / 24.0, "hours"),
    }
}
