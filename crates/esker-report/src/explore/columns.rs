//! Figures of columns: what is missing, how values are spread, classes.

use esker_core::exploration::{ColumnCard, Exploration, Histogram, MissingMap};

use super::ends;
use crate::figure::axis::SMALL;
use crate::figure::canvas::{Canvas, Paint, Pen, Type};
use crate::figure::colour::{BAR, VERMILION};
use crate::figure::text::{count, fit, labelled, number, width};
use crate::figure::{Figure, WIDTH, Words};
use crate::plot::{Axis, Mark, Plot, Series, sheet};

/// Histograms drawn at most.
const HISTOGRAMS: usize = 24;
/// Columns of classes drawn, and classes of each.
const CLASSES: usize = 4;
const LEVELS: usize = 12;

/// Shares of missing values by column and part.
pub fn missing(m: &MissingMap) -> Option<Figure> {
    let parts = m.parts.len();
    if parts == 0 || m.columns.is_empty() {
        return None;
    }
    let names = m.columns.iter().map(|n| width(n, SMALL, false)).fold(60.0, f64::max).min(230.0);
    let left = names + 12.0;
    let (w, row) = ((WIDTH - left - 24.0) / parts as f64, 18.0);
    let height = row * m.columns.len() as f64;
    let mut c = Canvas::new(WIDTH, height + 84.0);
    for (i, name) in m.columns.iter().enumerate() {
        let y = 10.0 + row * i as f64;
        c.text((left - 8.0, y + 13.0), &fit(name, SMALL, false, names), Type::new(SMALL).end());
        c.rect((left, y, w * parts as f64, row - 2.0), Paint::Grid, 1.0);
        // Neighbours of one shade are one mark.
        let shade = |p: usize| (m.share[i * parts + p] * 10.0).ceil();
        let mut p = 0;
        while p < parts {
            let first = p;
            while p < parts && (shade(p) == shade(first) || (shade(p).is_nan() && shade(first).is_nan())) {
                p += 1;
            }
            if shade(first) > 0.0 {
                c.rect(
                    (left + w * first as f64, y, w * (p - first) as f64, row - 2.0),
                    Paint::Rgb(VERMILION),
                    (0.15 + 0.085 * shade(first)).min(1.0),
                );
            }
        }
    }
    let below = 10.0 + height;
    let mut free = f64::NEG_INFINITY;
    for (i, label) in m.parts.iter().enumerate() {
        let x = left + w * (i as f64 + if parts <= 20 { 0.5 } else { 0.0 });
        let label = fit(label, SMALL, false, 110.0);
        let half = width(&label, SMALL, false) / 2.0;
        let at = x.clamp(half, WIDTH - half);
        if at - half > free + 10.0 {
            c.line((x, below), (x, below + 4.0), Pen::new(Paint::Faint, 1.0));
            c.text((at, below + 17.0), &label, Type::new(SMALL).middle().muted());
            free = at + half;
        }
    }
    c.text((left + w * parts as f64 / 2.0, below + 36.0), &m.along, Type::new(SMALL).middle());
    for (i, word) in ["none", "half", "all missing"].into_iter().enumerate() {
        let x = left + 90.0 * i as f64;
        c.rect((x, below + 48.0, 14.0, 14.0), Paint::Grid, 1.0);
        if i > 0 {
            c.rect((x, below + 48.0, 14.0, 14.0), Paint::Rgb(VERMILION), [0.0, 0.57, 1.0][i]);
        }
        c.text((x + 20.0, below + 59.5), word, Type::new(SMALL).muted());
    }
    let worst = (0..m.columns.len())
        .max_by(|&a, &b| mean(&m.share[a * parts..(a + 1) * parts]).total_cmp(&mean(&m.share[b * parts..(b + 1) * parts])))?;
    let alt = format!(
        "Share of missing values of {} columns along {}. Most is missing of {}: {:.0} %.",
        m.columns.len(),
        m.along,
        m.columns[worst],
        100.0 * mean(&m.share[worst * parts..(worst + 1) * parts])
    );
    let caption = format!("Where values are missing, along {}: the darker, the more. Columns without gaps are not shown.", m.along);
    Some(Figure::named("explore-missing", Words { name: "", title: "What is missing where".into(), alt, caption }, &c))
}

fn mean(v: &[f64]) -> f64 {
    let known: Vec<f64> = v.iter().copied().filter(|v| !v.is_nan()).collect();
    known.iter().sum::<f64>() / known.len().max(1) as f64
}

/// Histograms of the columns of numbers.
pub fn histograms(e: &Exploration) -> Option<Figure> {
    let worth = |c: &&ColumnCard| {
        c.histogram.is_some() && !matches!(c.role.as_str(), "x" | "y" | "place" | "time" | "identifier" | "constant" | "axis")
    };
    let all: Vec<(&ColumnCard, &Histogram)> =
        e.columns.iter().filter(worth).filter_map(|c| Some((c, c.histogram.as_ref().filter(|h| !h.counts.is_empty())?))).collect();
    let shown = &all[..all.len().min(HISTOGRAMS)];
    let bins: Vec<Bins> = shown.iter().map(|(card, h)| Bins::of(card, h)).collect();
    let mut plots: Vec<Plot<'_>> = shown.iter().zip(&bins).map(|((card, h), bins)| bins.plot(card, h)).collect();
    let logs = shown.iter().any(|(_, h)| h.log);
    let beyond = shown.iter().any(|(_, h)| h.beyond > 0);
    let first = plots.first_mut()?;
    first.caption = format!(
        "How values are spread; the line is the median.{}{}{}",
        if logs { " Logarithmic scales where they spread values better." } else { "" },
        if beyond {
            " A number in an upper corner counts values left out: zeros under a logarithm, or so far out that the others could not be told apart."
        } else {
            ""
        },
        if all.len() > shown.len() { format!(" The first {} of {} columns are drawn.", shown.len(), all.len()) } else { String::new() }
    );
    let alt = shown
        .iter()
        .take(8)
        .filter_map(|(c, _)| {
            c.summary.as_ref().map(|s| format!("{} from {}, half below {}", c.name, ends(s.min, s.max, &c.unit), number(s.median)))
        })
        .collect::<Vec<_>>();
    first.alt = format!("Histograms of {} columns: {}.", shown.len(), alt.join("; "));
    let wide = if shown.len() < 3 { 300.0 * shown.len() as f64 } else { WIDTH };
    sheet("explore-histograms", "How values are spread", &plots, wide, shown.len().min(4)).ok()
}

/// Edges and counts of the bins of a histogram, its median, and what it leaves out.
struct Bins {
    from: Vec<f64>,
    to: Vec<f64>,
    counts: Vec<f64>,
    median: Vec<f64>,
    /// Where the words about what lies beyond stand.
    corner: [Vec<f64>; 2],
    beyond: Vec<String>,
}

impl Bins {
    fn of(card: &ColumnCard, h: &Histogram) -> Self {
        let n = h.counts.len().max(1) as f64;
        let edge = |i: usize| h.low + (h.high - h.low) * i as f64 / n;
        let edge = |i: usize| if h.log { 10f64.powf(edge(i)) } else { edge(i) };
        let most = h.counts.iter().copied().max().unwrap_or(1).max(1) as f64;
        let zeros = h.log && card.summary.as_ref().is_some_and(|s| s.min >= 0.0);
        let words = if zeros { format!("{} at 0", count(h.beyond)) } else { format!("{} beyond", count(h.beyond)) };
        Self {
            from: (0..h.counts.len()).map(edge).collect(),
            to: (1..=h.counts.len()).map(edge).collect(),
            counts: h.counts.iter().map(|n| *n as f64).collect(),
            median: card.summary.iter().map(|s| s.median).collect(),
            corner: [vec![edge(h.counts.len())], vec![0.94 * most]],
            beyond: (h.beyond > 0).then_some(words).into_iter().collect(),
        }
    }

    fn plot<'a>(&'a self, card: &'a ColumnCard, h: &Histogram) -> Plot<'a> {
        let named = |v: &'a [f64]| Series::numbers(&card.name, card.unit.as_str(), v);
        let counts = |v: &'a [f64]| Series::numbers("count", "", v);
        let mut plot = Plot::new("", "").with(Mark::bins(named(&self.from), named(&self.to), counts(&self.counts)).keyed("", BAR));
        plot = plot.with(Mark::rule_x(named(&self.median)));
        if !self.beyond.is_empty() {
            let [x, y] = self.corner.each_ref();
            plot = plot.with(Mark::text(named(x), counts(y), Series::classes("", &[0], &self.beyond)));
        }
        plot.x.log = h.log;
        plot.x.domain = self.from.first().copied().zip(self.to.last().copied());
        plot.y = Axis::bare();
        (plot.tall, plot.lettered) = (Some(78.0), false);
        plot
    }
}

/// Rows of each class.
pub fn classes(e: &Exploration) -> Option<Figure> {
    let worth = |c: &&ColumnCard| c.holds == "classes" && c.distinct >= 2 && c.role != "identifier" && 2 * c.distinct <= c.count;
    let mut all: Vec<&ColumnCard> = e.columns.iter().filter(worth).collect();
    all.sort_by_key(|c| (c.role != "target", c.role != "group", c.distinct > 40));
    let shown = &all[..all.len().min(CLASSES)];
    let told: Vec<String> = shown
        .iter()
        .filter_map(|c| {
            c.levels.first().map(|(l, n)| format!("{} has {} classes, most often {l} ({} rows)", c.name, c.distinct, count(*n)))
        })
        .collect();
    let bars: Vec<Bars> = shown.iter().map(|c| Bars::of(c)).collect();
    let mut plots: Vec<Plot<'_>> = shown.iter().zip(&bars).map(|(card, bars)| bars.plot(card)).collect();
    let first = plots.first_mut()?;
    first.caption = "Rows of each class, most frequent first.".to_owned();
    first.alt = format!("{}.", told.join("; "));
    sheet("explore-classes", "Classes", &plots, WIDTH, shown.len().min(2)).ok()
}

/// The most frequent classes of a column, and what is written behind their bars.
struct Bars {
    codes: Vec<u32>,
    levels: Vec<String>,
    rows: Vec<f64>,
    words: Vec<String>,
}

impl Bars {
    fn of(card: &ColumnCard) -> Self {
        let shown = &card.levels[..card.levels.len().min(LEVELS)];
        let total = (card.count - card.missing).max(1) as f64;
        let written = |n: usize| {
            let share = 100.0 * n as f64 / total;
            let share = if share < 0.95 { format!("{share:.1}") } else { format!("{share:.0}") };
            format!("{} ({share} %)", count(n))
        };
        let mut levels: Vec<String> = shown.iter().map(|l| l.0.clone()).collect();
        if card.distinct > shown.len() {
            levels.push(format!("and {} more", count(card.distinct - shown.len())));
        }
        Self {
            codes: (0..).take(shown.len()).collect(),
            levels,
            rows: shown.iter().map(|l| l.1 as f64).collect(),
            words: shown.iter().map(|l| written(l.1)).collect(),
        }
    }

    fn plot<'a>(&'a self, card: &'a ColumnCard) -> Plot<'a> {
        let (rows, class) = (Series::numbers("rows", "", &self.rows), Series::classes(&card.name, &self.codes, &self.levels));
        let mut plot = Plot::new("", "").with(Mark::bars(rows, class).keyed("", BAR));
        plot = plot.with(Mark::text(rows, class, Series::classes("", &self.codes, &self.words)));
        let most = self.rows.iter().copied().fold(1.0, f64::max);
        // Room for the words behind the longest bar.
        plot.x = Axis { domain: Some((0.0, 1.7 * most)), ..Axis::bare() };
        plot.y.title = Some(labelled(&card.name, &card.unit));
        (plot.tall, plot.lettered) = (Some(20.0 * self.levels.len() as f64), false);
        plot
    }
}
