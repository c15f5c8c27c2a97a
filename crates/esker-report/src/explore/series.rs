//! Figures in time: the series, their cycles, autocorrelations and spectra.

use esker_core::exploration::{Autocorrelation, Cycle, Series, SeriesView, Spectrum};

use super::draw::{ends, time_axis};
use crate::figure::axis::{Panel, SMALL};
use crate::figure::canvas::{Canvas, Paint, Path, Pen, Type};
use crate::figure::colour::{BAR, PALE, VERMILION};
use crate::figure::scale::{Scale, padded, range};
use crate::figure::stats::sorted;
use crate::figure::text::{fit, fixed, labelled, width};
use crate::figure::{Figure, WIDTH, Words};

/// The series, one above the other.
pub fn lines(v: &SeriesView) -> Option<Figure> {
    let (first, last) = range(v.list.iter().flat_map(|s| &s.at))?;
    let tall = if v.list.len() == 1 { 230.0 } else { 104.0 };
    let left = 70.0;
    let each = tall + 54.0;
    let mut c = Canvas::new(WIDTH, each * v.list.len() as f64 + 24.0);
    for (i, s) in v.list.iter().enumerate() {
        let area = (left, each * i as f64 + 26.0, WIDTH - left - 20.0, tall);
        let known = sorted(s.value.iter().chain(&s.low).chain(&s.high).copied());
        let Some(domain) = range(&known) else { continue };
        let panel = Panel::new(area, (first, last), padded(domain, 0.05));
        panel.y_axis(&mut c, &labelled(&s.name, &s.unit), true);
        let title = if v.dated { "" } else { &v.time };
        time_axis(&mut c, &panel, v.dated, if i + 1 == v.list.len() { title } else { "" });
        c.clipped(area, |c| {
            if !s.low.is_empty() {
                band(c, &panel, s);
            }
            line(c, &panel, s, 3.0 * v.step * (s.at.len().max(2) as f64 / s.at.len().max(1) as f64));
        });
    }
    let band = if v.list.iter().any(|s| !s.low.is_empty()) {
        if v.what.contains("rows") {
            " The band holds eight of ten rows at a time."
        } else {
            " The band reaches from the smallest to the largest of neighbouring values."
        }
    } else {
        ""
    };
    let caption = format!("{}.{band} Lines break at gaps.", crate::page::words::capital(&v.what));
    let told: Vec<String> = v
        .list
        .iter()
        .filter_map(|s| range(&sorted(s.value.iter().copied())).map(|(a, b)| format!("{} {}", s.name, ends(a, b, &s.unit))))
        .collect();
    Some(Figure::named(
        "explore-series",
        Words { name: "", title: "In time".into(), alt: format!("Series: {}.", told.join("; ")), caption },
        &c,
    ))
}

fn band(c: &mut Canvas, panel: &Panel, s: &Series) {
    let mut stretch: Vec<usize> = Vec::new();
    let mut path = Path::new();
    let mut close = |stretch: &mut Vec<usize>| {
        let there = stretch.iter().map(|&i| panel.at(s.at[i], s.high[i]));
        let back = stretch.iter().rev().map(|&i| panel.at(s.at[i], s.low[i]));
        path.line(&there.chain(back).collect::<Vec<_>>(), true);
        stretch.clear();
    };
    for i in 0..s.at.len() {
        if s.low[i].is_finite() && s.high[i].is_finite() {
            stretch.push(i);
        } else {
            close(&mut stretch);
        }
    }
    close(&mut stretch);
    c.area(&path, Paint::Rgb(PALE), 0.6);
}

/// A line that breaks where values are missing or times lie far apart; a value alone is a dot.
fn line(c: &mut Canvas, panel: &Panel, s: &Series, gap: f64) {
    let usual = {
        let steps = sorted(s.at.windows(2).map(|w| w[1] - w[0]));
        gap.max(3.0 * crate::figure::stats::quantile(&steps, 0.5))
    };
    let (mut path, mut dots) = (Path::new(), Path::new());
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut alone = 0;
    for i in 0..s.at.len() {
        if i > 0 && s.at[i] - s.at[i - 1] > usual {
            points.push((f64::NAN, f64::NAN));
        }
        points.push(panel.at(s.at[i], s.value[i]));
    }
    for i in 0..points.len() {
        let known = |k: Option<usize>| k.and_then(|k| points.get(k)).is_some_and(|p: &(f64, f64)| p.1.is_finite());
        if points[i].1.is_finite() && !known(i.checked_sub(1)) && !known(Some(i + 1)) {
            dots.dot(points[i].0, points[i].1);
            alone += 1;
        }
    }
    path.line(&points, false);
    c.stroke(&path, Pen::new(Paint::Rgb(BAR), if points.len() > 600 { 1.0 } else { 1.6 }));
    if alone > 0 {
        c.dots(&dots, Pen::new(Paint::Rgb(BAR), 3.0));
    }
}

/// Cycles, memory and periods of each series, side by side.
pub fn rhythms(v: &SeriesView) -> Option<Figure> {
    type Drawer = fn(&mut Canvas, &Series, &SeriesView, (f64, f64, f64, f64));
    let season: Drawer = |c, s, _, a| cycle(c, s, s.season.as_ref(), a, true);
    let day: Drawer = |c, s, _, a| cycle(c, s, s.day.as_ref(), a, false);
    let memory: Drawer = |c, s, v, a| memory(c, s.autocorrelation.as_ref(), v, a);
    let periods: Drawer = |c, s, v, a| spectrum(c, s.spectrum.as_ref(), v, a);
    let mut columns: Vec<(&str, Drawer)> = Vec::new();
    if v.list.iter().any(|s| s.season.is_some()) {
        columns.push(("By month, from the year's mean", season));
    }
    if v.list.iter().any(|s| s.day.is_some()) {
        columns.push(("By hour, from the day's mean", day));
    }
    if v.list.iter().any(|s| s.autocorrelation.is_some()) {
        columns.push(("Autocorrelation by lag", memory));
    }
    if v.list.iter().any(|s| s.spectrum.is_some()) {
        columns.push(("Spectrum by period", periods));
    }
    let shown: Vec<&Series> =
        v.list.iter().filter(|s| s.season.is_some() || s.day.is_some() || s.autocorrelation.is_some() || s.spectrum.is_some()).collect();
    if columns.is_empty() || shown.is_empty() {
        return None;
    }
    let (left, tall, head) = (62.0, 120.0, 44.0);
    let each = WIDTH / columns.len() as f64;
    let row = tall + 86.0;
    let mut c = Canvas::new(WIDTH, row * shown.len() as f64 + 6.0);
    for (i, s) in shown.iter().enumerate() {
        let y = row * i as f64;
        c.text((0.0, y + 15.0), &fit(&labelled(&s.name, &s.unit), SMALL, true, WIDTH), Type::new(SMALL).bold());
        for (k, (title, draw)) in columns.iter().enumerate() {
            let x = each * k as f64 + left;
            c.text((x - 30.0, y + 33.0), &fit(title, SMALL, false, each - 34.0), Type::new(SMALL).muted());
            draw(&mut c, s, v, (x, y + head, each - left - 14.0, tall));
        }
    }
    let peaks: Vec<String> = shown
        .iter()
        .filter_map(|s| {
            s.spectrum
                .as_ref()
                .filter(|p| !p.peaks.is_empty())
                .map(|p| format!("{}: {}", s.name, p.peaks.iter().map(|k| k.words.as_str()).collect::<Vec<_>>().join(", ")))
        })
        .collect();
    let tested = shown.iter().any(|s| s.spectrum.as_ref().is_some_and(|p| !p.background.is_empty()));
    let found = if !tested {
        "No period was looked for.".to_owned()
    } else if peaks.is_empty() {
        "No period stands out of red noise.".to_owned()
    } else {
        format!("Periods that stand out: {}.", peaks.join("; "))
    };
    let mut methods: Vec<String> = Vec::new();
    for s in shown.iter().filter_map(|s| s.spectrum.as_ref()) {
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
    let caption = format!(
        "Boxes hold half of the values' differences from the running mean, whiskers eight of ten. Dashed lines of the autocorrelation hold 95 % of white noise.{method}"
    );
    Some(Figure::named("explore-rhythms", Words { name: "", title: "Cycles, memory and periods".into(), alt: found, caption }, &c))
}

fn nothing(c: &mut Canvas, (x, y, w, h): (f64, f64, f64, f64)) {
    c.text((x + w / 2.0, y + h / 2.0), "–", Type::new(SMALL).middle().muted());
}

fn cycle(c: &mut Canvas, _: &Series, of: Option<&Cycle>, area: (f64, f64, f64, f64), months: bool) {
    let Some(of) = of else { return nothing(c, area) };
    let Some(domain) = range(of.quantiles.iter().filter(|v| v.is_finite())) else { return };
    let (x, y, w, h) = area;
    let n = of.at.len();
    let panel = Panel::new(area, (-0.5, n as f64 - 0.5), padded(domain, 0.05));
    panel.y_axis(c, "", true);
    for i in 0..n {
        let q = &of.quantiles[5 * i..5 * i + 5];
        let at = panel.x.at(i as f64);
        let half = w / n as f64 * 0.34;
        c.line((at, panel.y.at(q[0])), (at, panel.y.at(q[4])), Pen::new(Paint::Muted, 1.0));
        c.rect((at - half, panel.y.at(q[3]), 2.0 * half, panel.y.at(q[1]) - panel.y.at(q[3])), Paint::Rgb(PALE), 1.0);
        c.line((at - half, panel.y.at(q[2])), (at + half, panel.y.at(q[2])), Pen::new(Paint::Rgb(BAR), 1.8));
        let label = if months {
            "JFMAMJJASOND".get(i..=i).unwrap_or("").to_owned()
        } else if i.is_multiple_of(6) {
            i.to_string()
        } else {
            String::new()
        };
        c.text((at, y + h + 15.0), &label, Type::new(11.5).middle().muted());
    }
    c.line((x, y + h), (x + w, y + h), Pen::new(Paint::Faint, 1.0));
    let share = if of.explained < 0.005 { "under 1".to_owned() } else { fixed(100.0 * of.explained, 0) };
    c.text((x + w, y + h + 31.0), &fit(&format!("{share} % of the variance"), 11.5, false, w + 30.0), Type::new(11.5).end().muted());
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

fn memory(c: &mut Canvas, of: Option<&Autocorrelation>, v: &SeriesView, area: (f64, f64, f64, f64)) {
    let Some(of) = of else { return nothing(c, area) };
    let last = of.lag.last().copied().unwrap_or(1.0);
    let (one, name) = unit(v, last);
    let low = of.value.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::min);
    let panel = Panel::new(area, (0.0, last / one), ((low - 0.05).max(-1.0), 1.0));
    panel.y_axis(c, "", true);
    panel.x_axis(c, &format!("lag ({name})"), false);
    for limit in [-of.limit, of.limit] {
        if panel.y.holds(limit) {
            let y = panel.y.at(limit);
            c.line((area.0, y), (area.0 + area.2, y), Pen::new(Paint::Muted, 1.0).dashed("4 3"));
        }
    }
    c.line((area.0, panel.y.at(0.0)), (area.0 + area.2, panel.y.at(0.0)), Pen::new(Paint::Faint, 1.0));
    let curve = panel.curve(of.lag.iter().zip(&of.value).map(|(l, r)| (l / one, *r)));
    c.stroke(&curve, Pen::new(Paint::Rgb(BAR), 1.6));
}

fn spectrum(c: &mut Canvas, of: Option<&Spectrum>, v: &SeriesView, area: (f64, f64, f64, f64)) {
    let Some(of) = of.filter(|s| s.period.len() > 3) else { return nothing(c, area) };
    let (x, y, w, h) = area;
    let (longest, shortest) = (of.period[0], of.period[of.period.len() - 1]);
    let (one, name) = unit(v, longest);
    let most = of.power.iter().copied().filter(|p| p.is_finite()).fold(0.0, f64::max).max(1e-12);
    let low = of.power.iter().zip(&of.background).flat_map(|(a, b)| [*a, *b]).filter(|p| *p > 0.0).fold(most, f64::min).max(most * 1e-5);
    let panel = Panel { area, x: Scale::log((shortest / one, longest / one), x, x + w), y: Scale::log((low, most * 2.0), y + h, y) };
    panel.x_axis(c, &format!("period ({name})"), true);
    c.line((x, y), (x, y + h), Pen::new(Paint::Faint, 1.0));
    c.clipped(area, |c| {
        let curve = panel.curve(of.period.iter().zip(&of.power).map(|(p, v)| (p / one, v.max(low * 0.5))));
        c.stroke(&curve, Pen::new(Paint::Rgb(BAR), 1.2));
        let noise = panel.curve(of.period.iter().zip(&of.background).map(|(p, v)| (p / one, *v)));
        c.stroke(&noise, Pen::new(Paint::Muted, 1.2).dashed("4 3"));
    });
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for p in of.peaks.iter().take(3) {
        let at = panel.at(p.period / one, p.power);
        c.circle(at, 2.8, Paint::Rgb(VERMILION), None);
        let half = width(&p.words, 11.0, false) / 2.0;
        let middle = at.0.clamp(x + half, x + w - half);
        if taken.iter().all(|t| middle - half > t.1 + 4.0 || middle + half < t.0 - 4.0) {
            c.text((middle, (at.1 - 6.0).max(y + 9.0)), &p.words, Type::new(11.0).middle().halo());
            taken.push((middle - half, middle + half));
        }
    }
}
