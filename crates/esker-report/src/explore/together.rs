//! Figures of columns together: scatter matrix, correlations, the target against each feature.

use esker_core::exploration::{Axis, Correlations, Relation, Scatter};

use super::{codes, coloured};
use crate::figure::axis::SMALL;
use crate::figure::canvas::{Canvas, Paint, Type};
use crate::figure::colour::{BAR, Map as Colours, Rgb};
use crate::figure::legend::colour_bar;
use crate::figure::scale::{padded, range};
use crate::figure::stats::{quantile, sorted};
use crate::figure::text::{count, fit, labelled, width};
use crate::figure::{Figure, WIDTH, Words};
use crate::plot::{self, Mark, Plot, Series, sheet};

/// Relations drawn at most.
const RELATIONS: usize = 30;

/// Each column against each other, a row and a column of panels each.
pub fn scatter(s: &Scatter) -> Option<Figure> {
    let n = s.columns.len();
    let marks = s.columns.first()?.values.len();
    if n < 2 || marks == 0 {
        return None;
    }
    let codes = s.colour.as_ref().map_or_else(Vec::new, |c| codes(&c.values));
    let colour = s.colour.as_ref().map(|c| coloured(&c.name, &c.unit, (&c.values, &codes, &c.levels)));
    let mut plots: Vec<Plot<'_>> = Vec::new();
    for i in 1..n {
        for j in 0..n - 1 {
            let mut plot = Plot::new("", "");
            if j < i {
                (plot.x, plot.y) = (position(&s.columns[j]), position(&s.columns[i]));
                (plot.x.quiet, plot.y.quiet) = (i + 1 < n, j > 0);
                let mark = Mark::points(series(&s.columns[j]), series(&s.columns[i]));
                plot = plot.with(match colour {
                    Some(by) => mark.coloured(by),
                    None => mark.keyed("", BAR),
                });
            }
            plot.lettered = false;
            if n == 2 {
                plot.tall = Some(360.0);
            } else {
                plot.shape = 1.0;
            }
            plots.push(plot);
        }
    }
    let first = plots.first_mut()?;
    let names: Vec<&str> = s.columns.iter().map(|a| a.name.as_str()).collect();
    let by = s.colour.as_ref().map_or_else(String::new, |c| format!(", coloured by {}", c.name));
    let drawn = if marks < s.of { format!(" {} of {} rows are drawn.", count(marks), count(s.of)) } else { String::new() };
    let logs = if s.columns.iter().any(|a| a.log) { " Axes marked log are logarithmic." } else { "" };
    first.caption = format!("Each column against each other{by}.{drawn}{logs}");
    first.alt = format!("Scatter matrix of {}{by}; {} marks in each panel.", names.join(", "), count(marks));
    sheet("explore-scatter", "Columns against each other", &plots, WIDTH, n - 1).ok()
}

fn series(a: &Axis) -> Series<'_> {
    Series::numbers(&a.name, a.unit.as_str(), &a.values)
}

/// The axis of a column: all but the outermost hundredth decide its ends.
fn position(a: &Axis) -> plot::Axis {
    let known = sorted(a.values.iter().copied().filter(|v| !a.log || *v > 0.0));
    let wide = (quantile(&known, 0.005), quantile(&known, 0.995));
    let (low, high) = if known.len() > 100 { wide } else { range(&known).unwrap_or((0.0, 1.0)) };
    let by = (high / low).powf(0.05);
    let domain = Some(if a.log { (low / by, high * by) } else { padded((low, high), 0.05) });
    let title = labelled(&a.name, &a.unit);
    plot::Axis { log: a.log, domain, title: Some(if a.log { format!("{title}, log") } else { title }), ..plot::Axis::default() }
}

/// Spearman's correlations below the diagonal, Pearson's above.
pub fn correlations(r: &Correlations) -> Option<Figure> {
    let n = r.columns.len();
    if n < 2 {
        return None;
    }
    let names = r.columns.iter().map(|c| width(c, SMALL, false)).fold(50.0, f64::max).min(200.0);
    let cell = ((WIDTH - names - 130.0) / n as f64).min(46.0);
    let (left, top) = (names + 12.0, 12.0);
    let mut c = Canvas::new(WIDTH, top + cell * n as f64 + names.min(150.0) * 0.75 + 26.0);
    for i in 0..n {
        let y = top + cell * i as f64;
        c.text((left - 8.0, y + cell / 2.0 + 4.5), &fit(&r.columns[i], SMALL, false, names), Type::new(SMALL).end());
        let x = left + cell * (i as f64 + 0.5);
        c.turned_text((x + 4.0, top + cell * n as f64 + 10.0), &fit(&r.columns[i], SMALL, false, 150.0), Type::new(SMALL).end(), -45.0);
        for j in 0..n {
            let v = if j < i { r.spearman[i * n + j] } else { r.pearson[i * n + j] };
            let x = left + cell * j as f64;
            if i == j || v.is_nan() {
                c.rect((x, y, cell - 1.0, cell - 1.0), Paint::Grid, 1.0);
                continue;
            }
            let colour = Colours::Vik.at((v + 1.0) / 2.0);
            c.rect((x, y, cell - 1.0, cell - 1.0), Paint::Rgb(colour), 1.0);
            if cell >= 30.0 {
                let Rgb(red, green, blue) = colour;
                let light = 0.3 * f64::from(red) + 0.59 * f64::from(green) + 0.11 * f64::from(blue) > 140.0;
                let ink = if light { Rgb(26, 26, 26) } else { Rgb(255, 255, 255) };
                let text = crate::figure::text::fixed(v, 2).replacen("0.", ".", 1);
                c.text((x + cell / 2.0 - 0.5, y + cell / 2.0 + 4.0), &text, Type::new(11.5).middle().paint(Paint::Rgb(ink)));
            }
        }
    }
    let bar = (left + cell * n as f64 + 16.0, top - 8.0, 100.0, (cell * n as f64 - 20.0).clamp(60.0, 220.0));
    colour_bar(&mut c, bar, "", (-1.0, 1.0, false), Colours::Vik, (false, false));
    let mut pairs: Vec<(f64, usize, usize)> =
        (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| (r.spearman[i * n + j], i, j)).filter(|p| !p.0.is_nan()).collect();
    pairs.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let told: Vec<String> = pairs
        .iter()
        .take(3)
        .map(|(v, i, j)| format!("{} with {} {}", r.columns[*j], r.columns[*i], crate::figure::text::fixed(*v, 2)))
        .collect();
    let alt = format!("Correlations of {n} columns. Strongest by rank: {}.", told.join(", "));
    let caption = format!(
        "Correlations of {} rows: of ranks (Spearman) below the diagonal, of values (Pearson) above; alike columns lie side by side. Strongest by rank: {}.",
        count(r.rows),
        told.join(", ")
    );
    Some(Figure::named("explore-correlations", Words { name: "", title: "What goes together".into(), alt, caption }, &c))
}

/// The strength of the relation of the target to each feature.
pub fn relations(target: &str, all: &[Relation]) -> Option<Figure> {
    let shown = &all[..all.len().min(RELATIONS)];
    if shown.is_empty() {
        return None;
    }
    let codes: Vec<u32> = (0..).take(shown.len()).collect();
    let names: Vec<String> = shown.iter().map(|r| r.feature.clone()).collect();
    let values: Vec<f64> = shown.iter().map(|r| r.value).collect();
    let bars = Mark::bars(Series::numbers("strength", "", &values), Series::classes("", &codes, &names));
    let mut plot = Plot::new("explore-relations", &format!("{target} against its features")).with(bars.keyed("", BAR));
    plot.x.domain = Some(if shown.iter().any(|r| r.value < 0.0) { (-1.0, 1.0) } else { (0.0, 1.0) });
    plot.tall = Some(20.0 * shown.len() as f64);
    let mut measures: Vec<&str> = shown.iter().map(|r| r.measure.as_str()).collect();
    measures.sort_unstable();
    measures.dedup();
    let of = if shown.len() < all.len() { format!(" The strongest {} of {} features.", shown.len(), all.len()) } else { String::new() };
    plot.caption = format!(
        "How {target} goes with each feature alone ({}), all rows together; relations that hold only within places or groups, or jointly, do not show.{of}",
        measures.join(", ")
    );
    plot.alt = format!(
        "Strength of the relation of {target} to {} features, strongest {} with {}.",
        all.len(),
        shown[0].feature,
        crate::figure::text::fixed(shown[0].value, 2)
    );
    plot.draw(WIDTH).ok()
}
