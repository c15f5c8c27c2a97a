//! Accumulated local effects of the most important features, one small panel each, on a shared vertical scale.

use esker_core::record::Effect;

use super::axis::{BODY, HEAD, Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, Rgb, category};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::scale::{Scale, padded, range};
use super::text::{fit, labelled, number};
use super::{Figure, WIDTH, Words};

const PANELS: usize = 6;
const HEIGHT: f64 = 170.0;

/// One feature with its curves: one for numbers, one a class for classes.
struct Group<'a> {
    feature: &'a str,
    curves: Vec<&'a Effect>,
}

fn groups(effects: &[Effect]) -> Vec<Group<'_>> {
    let mut out: Vec<Group<'_>> = Vec::new();
    for e in effects.iter().filter(|e| !e.at.is_empty() && e.at.len() == e.effect.len()) {
        match out.iter_mut().find(|g| g.feature == e.feature) {
            Some(g) => g.curves.push(e),
            None => out.push(Group { feature: &e.feature, curves: vec![e] }),
        }
    }
    out.truncate(PANELS);
    out
}

/// Classes of all panels in order of appearance; at most eight, which is as many colours as can be told apart.
fn classes<'a>(groups: &[Group<'a>]) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for e in groups.iter().flat_map(|g| &g.curves) {
        if !out.contains(&e.class.as_str()) {
            out.push(&e.class);
        }
    }
    out.truncate(8);
    out
}

fn curve(c: &mut Canvas, panel: &Panel, e: &Effect, colour: Rgb, with_folds: bool) {
    let paint = Paint::Rgb(colour);
    if !e.levels.is_empty() {
        // Categories have no order: dots, not a line.
        for (i, x) in e.at.iter().enumerate() {
            let mut dots = Path::new();
            e.folds.iter().filter_map(|f| f.get(i)).for_each(|v| dots.dot(panel.x.at(*x), panel.y.at(*v)));
            c.dots(&dots, Pen::new(paint, 4.0).faded(0.4));
            c.circle(panel.at(*x, e.effect[i]), 4.5, paint, None);
        }
        return;
    }
    if with_folds {
        for fold in e.folds.iter().filter(|f| f.len() == e.at.len()) {
            c.stroke(&panel.curve(e.at.iter().copied().zip(fold.iter().copied())), Pen::new(paint, 0.9).faded(0.4));
        }
    }
    c.stroke(&panel.curve(e.at.iter().copied().zip(e.effect.iter().copied())), Pen::new(paint, 2.4));
}

fn rug(c: &mut Canvas, panel: &Panel, e: &Effect) {
    let (_, top, _, h) = panel.area;
    let mut at: Vec<i64> = e.rug.iter().filter(|v| panel.x.holds(**v)).map(|v| (panel.x.at(*v) * 2.0).round() as i64).collect();
    at.sort_unstable();
    at.dedup();
    let mut path = Path::new();
    for x in at {
        path.line(&[(x as f64 / 2.0, top + h - 6.0), (x as f64 / 2.0, top + h)], false);
    }
    c.stroke(&path, Pen::new(Paint::Muted, 0.7).faded(0.6));
}

fn category_axis(c: &mut Canvas, panel: &Panel, e: &Effect) {
    let (left, top, w, h) = panel.area;
    c.line((left, top + h), (left + w, top + h), Pen::new(Paint::Faint, 1.0));
    let room = w / e.levels.len().max(1) as f64 - 4.0;
    for (x, name) in e.at.iter().zip(&e.levels) {
        if room > 14.0 {
            c.text((panel.x.at(*x), top + h + 17.0), &fit(name, SMALL, false, room), Type::new(SMALL).middle().muted());
        }
    }
}

/// Whether nearly all values would be squeezed against the left end of a linear axis.
fn skewed(e: &Effect, domain: (f64, f64)) -> bool {
    let mut values = e.rug.clone();
    values.sort_by(f64::total_cmp);
    let median = values.get(values.len() / 2).copied().unwrap_or(domain.1);
    e.levels.is_empty() && domain.0 > 0.0 && domain.1 > 20.0 * median && domain.1 > 50.0 * domain.0
}

/// Effects of the most important features.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let e = cx.record.explanation.as_ref()?;
    let groups = groups(&e.effects);
    let all = || groups.iter().flat_map(|g| g.curves.iter());
    let values: Vec<f64> = all().flat_map(|e| e.effect.iter().chain(e.folds.iter().flatten()).copied()).collect();
    let y_domain = padded(range(&values)?, 0.05);
    let classes = classes(&groups);
    let coloured = classes.len() > 1;
    let columns = groups.len().clamp(1, 3);
    let rows = groups.len().div_ceil(columns);
    let room = Panel::y_room(y_domain, HEIGHT);
    let w = (WIDTH - room - 8.0) / columns as f64;
    let top = if coloured { 78.0 } else { 58.0 };
    let step = HEIGHT + 70.0;
    let mut c = Canvas::new(WIDTH, top + step * rows as f64 - 38.0);
    if coloured {
        let items: Vec<(String, Key)> =
            classes.iter().enumerate().map(|(i, k)| (cx.class_name(k), Key::Line(Pen::new(Paint::Rgb(category(i, 8)), 2.4)))).collect();
        let end = keys(&mut c, (room + 6.0, 16.0, WIDTH - 8.0), &items);
        c.height += end - 16.0;
    }
    let shift = if coloured { c.height - (top + step * rows as f64 - 38.0) } else { 0.0 };
    let what = if let [class] = classes[..]
        && cx.is_classes()
    {
        format!("Effect on the probability of {}", cx.class_name(class))
    } else if cx.is_classes() {
        "Effect on the probability".to_owned()
    } else {
        cx.in_unit(&format!("Effect on {}", cx.target))
    };
    for (i, g) in groups.iter().enumerate() {
        let (row, column) = (i / columns, i % columns);
        let first = g.curves[0];
        let domain = range(&first.at).unwrap_or((0.0, 1.0));
        let domain = if first.levels.is_empty() { domain } else { (domain.0 - 0.5, domain.1 + 0.5) };
        let area = (room + 6.0 + w * column as f64, top + shift + step * row as f64, w - 26.0, HEIGHT);
        let mut panel = Panel::new(area, domain, y_domain);
        if skewed(first, domain) {
            panel.x = Scale::log(domain, area.0, area.0 + area.2);
        }
        axes(&mut c, &panel, first, (column == 0, if row == 0 && column == 0 { &what } else { "" }));
        rug(&mut c, &panel, first);
        c.line((area.0, panel.y.at(0.0)), (area.0 + area.2, panel.y.at(0.0)), Pen::new(Paint::Muted, 1.0).faded(0.7));
        for e in &g.curves {
            let Some(k) = classes.iter().position(|k| *k == e.class) else { continue };
            curve(&mut c, &panel, e, if coloured { category(k, 8) } else { BLUE }, g.curves.len() <= 2);
        }
    }
    Some(Figure::new(words(cx, &groups), &c))
}

fn axes(c: &mut Canvas, panel: &Panel, e: &Effect, (with_labels, title): (bool, &str)) {
    let (left, top, w, _) = panel.area;
    if with_labels {
        // The shared title stands above the whole row, not within the first panel's width.
        panel.y_axis(c, "", true);
        c.text((6.0, top - 36.0), &fit(title, BODY, false, 700.0), Type::new(BODY));
    } else {
        for v in panel.y.ticks((panel.area.3 / 55.0).round() as usize).at {
            c.line((left, panel.y.at(v)), (left + w, panel.y.at(v)), Pen::new(Paint::Grid, 1.0));
        }
    }
    if e.levels.is_empty() {
        panel.x_axis(c, "", false)
    } else {
        category_axis(c, panel, e)
    }
    c.text((left, top - 9.0), &fit(&labelled(&e.feature, &e.unit), HEAD - 1.0, true, w + 18.0), Type::new(HEAD - 1.0).bold());
}

fn words(cx: &Cx<'_>, groups: &[Group<'_>]) -> Words {
    let thin = if groups.iter().any(|g| g.curves.len() <= 2) { " thin lines single folds," } else { "" };
    let log = |g: &Group<'_>| range(&g.curves[0].at).is_some_and(|domain| skewed(g.curves[0], domain));
    let axes = if groups.iter().any(log) { " Features spread over orders of magnitude have a logarithmic axis." } else { "" };
    let caption = format!(
        "Accumulated local effects (Apley and Zhu 2020) of the features that matter most to {}: thick lines are means over folds,{thin} ticks at the bottom the feature's values. Zero is the mean prediction; where ticks are sparse the curve is a guess.{axes}",
        cx.record.chosen.model
    );
    let say = |g: &Group<'_>| {
        let e = g.curves[0];
        let (low, high) = range(&e.effect)?;
        let (a, b) = (e.effect.first()?, e.effect.last()?);
        let way = if e.levels.is_empty() {
            let span = high - low;
            if b - a > 0.6 * span {
                "rising"
            } else if a - b > 0.6 * span {
                "falling"
            } else {
                "bent"
            }
        } else {
            "by category"
        };
        let of = if e.class.is_empty() { String::new() } else { format!(" on {}", cx.class_name(&e.class)) };
        Some(format!("{}{of}: {way}, from {} to {}", g.feature, number(low), number(high)))
    };
    let said: Vec<String> = groups.iter().filter_map(say).collect();
    let alt = format!(
        "Curves of the accumulated local effect of {} features{}. {}.",
        groups.len(),
        cx.unit_suffix().replacen(' ', ", in ", 1),
        said.join("; ")
    );
    Words { name: "effects", title: "How the predictions depend on each feature".to_owned(), alt, caption }
}
