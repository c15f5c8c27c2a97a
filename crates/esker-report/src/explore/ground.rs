//! Figures below ground and across it: tracks of wells, semivariograms.

use esker_core::exploration::{Axis, Tracks, VariogramView, Well};

use crate::figure::axis::{BODY, SMALL};
use crate::figure::canvas::{Canvas, Paint, Path, Pen, Type};
use crate::figure::colour::{BAR, Rgb, VERMILION, category};
use crate::figure::legend::swatches;
use crate::figure::scale::{Scale, range};
use crate::figure::stats::{quantile, sorted};
use crate::figure::text::{count, fit, labelled, number, wrapped};
use crate::figure::{Figure, WIDTH, Words};
use crate::plot::{Mark, Plot, Series, sheet};

/// Semivariance by distance, with its model.
pub fn variograms(all: &[VariogramView]) -> Option<Figure> {
    let curves: Vec<[Vec<f64>; 4]> = all
        .iter()
        .map(|v| {
            let (x, y) = v.fit.iter().flat_map(|f| f.curve.iter().copied()).unzip();
            [x, y, v.fit.iter().filter_map(|f| f.range).collect(), vec![v.variance]]
        })
        .collect();
    let plots = all.iter().zip(&curves).map(|(v, [x, y, range, variance])| {
        let distance = |at| Series::numbers("distance", &v.distance_unit, at);
        let half = |at| Series::numbers(&v.variable, "", at);
        let mut plot = Plot::new("", "").with(Mark::rule_y(half(variance)));
        if v.fit.is_some() {
            plot = plot.with(Mark::rule_x(distance(range)).keyed("", VERMILION));
            plot = plot.with(Mark::line(distance(x), half(y)).keyed("", VERMILION));
        }
        plot = plot.with(Mark::points(distance(&v.distance), half(&v.semivariance)).keyed("", BAR));
        let far = v.distance.last().copied().unwrap_or(1.0);
        let high = v.semivariance.iter().copied().chain([v.variance]).fold(0.0, f64::max);
        let square = if v.unit.is_empty() { String::new() } else { format!(" (({})²)", crate::figure::text::unit(v.unit.as_str())) };
        (plot.x.domain, plot.y.domain) = (Some((0.0, far * 1.04)), Some((0.0, high * 1.12)));
        plot.y.title = Some(format!("{}{square}", v.variable));
        (plot.tall, plot.lettered) = (Some(190.0), false);
        plot
    });
    let mut plots: Vec<Plot<'_>> = plots.collect();
    let told: Vec<String> =
        all.iter().filter_map(|v| v.fit.as_ref().map(|f| format!("{}: {} ({} model)", v.variable, f.words, f.shape))).collect();
    let places = all.first().map_or_else(String::new, |v| {
        if v.places.0 < v.places.1 {
            format!(" {} of {} places were looked at.", count(v.places.0), count(v.places.1))
        } else {
            format!(" {} places.", count(v.places.0))
        }
    });
    let first = plots.first_mut()?;
    first.caption = format!(
        "Half the mean squared difference of pairs by their distance; the red line is the model, the grey one the variance of all.{places} {}.",
        told.join("; ")
    );
    first.alt = format!("Semivariograms. {}.", told.join("; "));
    sheet("explore-variograms", "How far values are alike", &plots, WIDTH, all.len().min(2)).ok()
}

fn facies_colours(t: &Tracks) -> Vec<Rgb> {
    (0..t.levels.len()).map(|i| category(i, t.levels.len())).collect()
}

/// Swatches under a name that may be long.
fn legend(c: &mut Canvas, (x, y, w): (f64, f64, f64), name: &str, items: &[(String, Rgb)]) {
    let lines = wrapped(name, BODY, w);
    for (i, line) in lines.iter().enumerate() {
        c.text((x, y + 17.0 * (i + 1) as f64), line, Type::new(SMALL));
    }
    swatches(c, (x, y + 17.0 * lines.len() as f64, w), "", items, 24);
}

/// Depth scale, downwards.
fn downwards(depth: &[f64], top: f64, tall: f64) -> Scale {
    Scale::linear(range(depth).unwrap_or((0.0, 1.0)), top, top + tall)
}

/// The curves of one well beside each other, with the strip of its facies.
pub fn tracks(t: &Tracks) -> Option<Figure> {
    let well = t.wells.first()?;
    let n = well.curves.len();
    if n == 0 || well.depth.len() < 2 {
        return None;
    }
    let strip = !t.levels.is_empty() && well.facies.iter().any(|f| !f.is_nan());
    let (left, top, tall) = (66.0, 66.0, 620.0);
    let aside = if strip { 168.0 } else { 10.0 };
    let strip_wide = if strip { 34.0 } else { 0.0 };
    let each = (WIDTH - left - aside - strip_wide) / n as f64;
    let mut c = Canvas::new(WIDTH, top + tall + 24.0);
    let down = downwards(&well.depth, top, tall);
    depth_axis(&mut c, t, &down, (left, top, tall));
    for (i, curve) in well.curves.iter().enumerate() {
        one(&mut c, curve, well, &down, (left + each * i as f64, top, each - 10.0, tall));
    }
    if strip {
        let x = left + each * n as f64;
        facies(&mut c, t, well, &down, (x, top, 26.0, tall));
        let items: Vec<(String, Rgb)> = t.levels.iter().cloned().zip(facies_colours(t)).collect();
        legend(&mut c, (x + 40.0, top - 16.0, aside - 46.0), &t.facies, &items);
    }
    let whose = if well.name.is_empty() { String::new() } else { format!(" of {}", well.name) };
    let names: Vec<&str> = well.curves.iter().map(|a| a.name.as_str()).collect();
    let caption = format!(
        "Logs{whose} against {}, {} of {} samples drawn; curves run from their 1st to their 99th hundredth, logarithmic where marked.",
        t.depth,
        count(well.depth.len()),
        count(well.of)
    );
    let alt = format!(
        "Tracks{whose}: {} against {} from {} to {}.",
        names.join(", "),
        t.depth,
        number(well.depth[0]),
        number(well.depth[well.depth.len() - 1])
    );
    Some(Figure::named("explore-tracks", Words { name: "", title: format!("Logs{whose}"), alt, caption }, &c))
}

fn depth_axis(c: &mut Canvas, t: &Tracks, down: &Scale, (left, top, tall): (f64, f64, f64)) {
    c.text((4.0, top - 25.0), &fit(&labelled(&t.depth, &t.unit), SMALL, false, left + 20.0), Type::new(SMALL));
    let ticks = down.ticks(10);
    for v in ticks.at.iter().filter(|v| down.holds(**v)) {
        c.text((left - 7.0, down.at(*v) + 4.0), &ticks.label(*v), Type::new(SMALL).end().muted());
    }
    c.line((left, top), (left, top + tall), Pen::new(Paint::Faint, 1.0));
}

fn one(c: &mut Canvas, curve: &Axis, well: &Well, down: &Scale, (x, y, w, h): (f64, f64, f64, f64)) {
    let known = sorted(curve.values.iter().copied().filter(|v| !curve.log || *v > 0.0));
    let (low, high) = (quantile(&known, 0.01), quantile(&known, 0.99));
    if known.is_empty() {
        return;
    }
    let across = if curve.log { Scale::log((low, high), x + 3.0, x + w - 3.0) } else { Scale::linear((low, high), x + 3.0, x + w - 3.0) };
    c.frame((x, y, w, h), Pen::new(Paint::Grid, 1.0));
    let ticks = down.ticks(10);
    ticks.at.iter().filter(|v| down.holds(**v)).for_each(|v| c.line((x, down.at(*v)), (x + w, down.at(*v)), Pen::new(Paint::Grid, 1.0)));
    let name = if curve.log { format!("{}, log", curve.name) } else { curve.name.clone() };
    c.text((x + w / 2.0, y - 40.0), &fit(&name, SMALL, true, w), Type::new(SMALL).bold().middle());
    c.text(
        (x + w / 2.0, y - 25.0),
        &fit(&crate::figure::text::unit(curve.unit.as_str()), 11.5, false, w),
        Type::new(11.5).middle().muted(),
    );
    c.text((x + 1.0, y - 6.0), &fit(&number(low), 10.5, false, w * 0.5), Type::new(10.5).muted());
    c.text((x + w - 1.0, y - 6.0), &fit(&number(high), 10.5, false, w * 0.5), Type::new(10.5).end().muted());
    let points: Vec<(f64, f64)> = well
        .depth
        .iter()
        .zip(&curve.values)
        .map(|(d, v)| (if curve.log && *v <= 0.0 { f64::NAN } else { across.at(*v) }, down.at(*d)))
        .collect();
    let mut path = Path::new();
    path.line(&points, false);
    c.clipped((x, y, w, h), |c| c.stroke(&path, Pen::new(Paint::Rgb(BAR), 1.0)));
}

/// Facies as stretches of colour.
fn facies(c: &mut Canvas, t: &Tracks, well: &Well, down: &Scale, (x, y, w, h): (f64, f64, f64, f64)) {
    let colours = facies_colours(t);
    c.rect((x, y, w, h), Paint::Grid, 0.6);
    let edge = |i: usize| match i {
        0 => well.depth[0],
        i if i >= well.depth.len() => well.depth[well.depth.len() - 1],
        i => (well.depth[i - 1] + well.depth[i]) / 2.0,
    };
    let mut first = 0;
    for i in 1..=well.facies.len() {
        let ends =
            i == well.facies.len() || (well.facies[i] != well.facies[first] && !(well.facies[i].is_nan() && well.facies[first].is_nan()));
        if ends {
            let (a, b) = (down.at(edge(first)), down.at(edge(i)));
            if let Some(colour) = colours.get(well.facies[first] as usize).filter(|_| !well.facies[first].is_nan()) {
                c.rect((x, a, w, (b - a).max(0.4)), Paint::Rgb(*colour), 1.0);
            }
            first = i;
        }
    }
    c.frame((x, y, w, h), Pen::new(Paint::Faint, 1.0));
}

/// The strips of all wells against one depth.
pub fn strips(t: &Tracks) -> Option<Figure> {
    if t.wells.len() < 2 || t.levels.is_empty() {
        return None;
    }
    let (left, top, tall) = (66.0, 92.0, 420.0);
    let each = ((WIDTH - left - 168.0) / t.wells.len() as f64).min(70.0);
    let mut c = Canvas::new(WIDTH, top + tall + 20.0);
    let all: Vec<f64> = t.wells.iter().flat_map(|w| w.depth.iter().copied()).collect();
    let down = downwards(&all, top, tall);
    depth_axis(&mut c, t, &down, (left, top, tall));
    let mut wells: Vec<&Well> = t.wells.iter().filter(|w| w.depth.len() > 1).collect();
    wells.sort_by(|a, b| a.name.cmp(&b.name));
    for (i, well) in wells.iter().enumerate() {
        let x = left + 10.0 + each * i as f64;
        c.turned_text((x + each * 0.35, top - 8.0), &fit(&well.name, SMALL, false, 110.0), Type::new(SMALL), -45.0);
        let (a, b) = (down.at(well.depth[0]), down.at(well.depth[well.depth.len() - 1]));
        facies(&mut c, t, well, &down, (x, a, each * 0.7, b - a));
    }
    let items: Vec<(String, Rgb)> = t.levels.iter().cloned().zip(facies_colours(t)).collect();
    legend(&mut c, (left + each * t.wells.len() as f64 + 34.0, top - 16.0, 126.0), &t.facies, &items);
    let names: Vec<&str> = wells.iter().map(|w| w.name.as_str()).collect();
    let caption = format!("{} along {}, one strip a {}.", t.facies, t.depth, if t.group.is_empty() { "well" } else { &t.group });
    let alt = format!("Strips of {} in {}.", t.facies, names.join(", "));
    Some(Figure::named(
        "explore-strips",
        Words { name: "", title: format!("{} by {}", t.facies, if t.group.is_empty() { "well" } else { &t.group }), alt, caption },
        &c,
    ))
}
