//! Scores of single classes: precision and recall, ROC and precision–recall curves.

use esker_core::record::ClassScore;

use super::axis::{BODY, Panel, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BLUE, VERMILION, category};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::text::{fit, fixed, number, weight, width};
use super::{Figure, WIDTH, Words};

const ROW: f64 = 30.0;

/// Precision and recall of each class.
pub fn scores(cx: &Cx<'_>) -> Option<Figure> {
    let run = cx.chosen_run()?;
    let mut classes: Vec<&ClassScore> = run.classes.iter().collect();
    if classes.is_empty() {
        return None;
    }
    classes.sort_by(|a, b| b.support.total_cmp(&a.support));
    classes.truncate(40);
    let names: Vec<String> = classes.iter().map(|k| cx.class_name(&k.level)).collect();
    let left = names.iter().map(|n| width(n, BODY, false)).fold(0.0, f64::max).min(240.0) + 18.0;
    let (top, h) = (64.0, ROW * classes.len() as f64);
    let panel = Panel::new((left, top, WIDTH - left - 150.0, h), (0.0, 1.0), (0.0, 1.0));
    let mut c = Canvas::new(WIDTH, top + h + 34.0);
    let (recall, precision) = (Paint::Rgb(BLUE), Paint::Rgb(VERMILION));
    keys(
        &mut c,
        (left, 18.0, WIDTH - 8.0),
        &[
            ("recall: found, of those that are of the class".to_owned(), Key::Dot(recall)),
            ("precision: right, of those said to be".to_owned(), Key::Ring(precision)),
        ],
    );
    panel.x_axis(&mut c, "", true);
    c.text((WIDTH - 76.0, top - 8.0), "F1", Type::new(SMALL).end().muted());
    c.text((WIDTH - 6.0, top - 8.0), "Rows", Type::new(SMALL).end().muted());
    for (i, (k, name)) in classes.iter().zip(&names).enumerate() {
        let y = top + ROW * (i as f64 + 0.5);
        c.text((left - 12.0, y + 5.0), &fit(name, BODY, false, left - 16.0), Type::new(BODY).end());
        if let (Some(r), Some(p)) = (k.recall, k.precision) {
            c.line((panel.x.at(r), y), (panel.x.at(p), y), Pen::new(Paint::Faint, 2.0));
        }
        if let Some(p) = k.precision {
            c.circle((panel.x.at(p), y), 5.2, Paint::Paper, Some(Pen::new(precision, 2.2)));
        }
        if let Some(r) = k.recall {
            c.circle((panel.x.at(r), y), 5.2, recall, None);
        }
        c.text((WIDTH - 76.0, y + 5.0), &k.f1.map_or("–".to_owned(), |f| fixed(f, 2)), Type::new(BODY).end());
        c.text((WIDTH - 6.0, y + 5.0), &weight(k.support), Type::new(BODY).end());
    }
    let caption = format!(
        "Precision and recall of each class in held-out rows of {}, most frequent class first; F1 is their harmonic mean.",
        cx.record.chosen.model
    );
    let said: Vec<String> = classes
        .iter()
        .zip(&names)
        .take(12)
        .map(|(k, n)| {
            format!(
                "{n}: recall {}, precision {}",
                k.recall.map_or("–".to_owned(), |v| fixed(v, 2)),
                k.precision.map_or("–".to_owned(), |v| fixed(v, 2))
            )
        })
        .collect();
    let alt = format!("Recall and precision of {} classes. {}.", classes.len(), said.join("; "));
    Some(Figure::new(Words { name: "class-scores", title: "Precision and recall of each class".to_owned(), alt, caption }, &c))
}

/// ROC and precision–recall curves.
pub fn curves(cx: &Cx<'_>) -> Option<Figure> {
    let run = cx.chosen_run()?;
    let drawn: Vec<_> = run.curves.iter().filter(|k| k.roc.len() > 1 || k.pr.len() > 1).take(10).collect();
    if drawn.is_empty() {
        return None;
    }
    let n = drawn.len();
    let side = 262.0;
    let mut c = Canvas::new(WIDTH, 56.0 + side + 52.0);
    let roc = Panel::new((42.0, 56.0, side, side), (0.0, 1.0), (0.0, 1.0));
    let pr = Panel::new((42.0 + side + 56.0, 56.0, side, side), (0.0, 1.0), (0.0, 1.0));
    roc.head(&mut c, 6.0, "ROC");
    roc.y_axis(&mut c, "True positive rate", true);
    roc.x_axis(&mut c, "False positive rate", true);
    c.line(roc.at(0.0, 0.0), roc.at(1.0, 1.0), Pen::new(Paint::Muted, 1.2).dashed("6 4"));
    pr.head(&mut c, 42.0 + side + 22.0, "Precision–recall");
    pr.y_axis(&mut c, "Precision", true);
    pr.x_axis(&mut c, "Recall", true);
    for (i, k) in drawn.iter().enumerate() {
        let pen = Pen::new(Paint::Rgb(category(i, n)), 2.0);
        c.stroke(&roc.curve(k.roc.iter().copied()), pen);
        c.stroke(&pr.curve(k.pr.iter().copied()), pen);
    }
    let x = 42.0 + 2.0 * side + 82.0;
    let step = (side / n as f64).min(40.0);
    for (i, k) in drawn.iter().enumerate() {
        let y = 62.0 + step * i as f64;
        c.line((x, y), (x + 14.0, y), Pen::new(Paint::Rgb(category(i, n)), 3.0));
        c.text((x + 20.0, y + 4.5), &fit(&cx.class_name(&k.level), SMALL, false, WIDTH - x - 22.0), Type::new(SMALL));
        let said = format!("{}   {}", k.auc.map_or("–".to_owned(), |v| fixed(v, 2)), k.ap.map_or("–".to_owned(), |v| fixed(v, 2)));
        if step >= 27.0 {
            c.text((x + 20.0, y + 18.0), &said.replacen("   ", " · ", 1), Type::new(11.5).muted());
        }
    }
    let order = if step >= 27.0 { " Beside each class: area under the ROC curve · average precision." } else { "" };
    let caption = format!("Each class against the rest, held-out rows of {}. The dashed line is guessing.{order}", cx.record.chosen.model);
    let said: Vec<String> = drawn
        .iter()
        .map(|k| {
            format!(
                "{}: area {}, average precision {}",
                cx.class_name(&k.level),
                k.auc.map_or("–".to_owned(), number),
                k.ap.map_or("–".to_owned(), number)
            )
        })
        .collect();
    let alt = format!("ROC and precision–recall curves of {n} classes against the rest. {}.", said.join("; "));
    Some(Figure::new(Words { name: "roc-pr", title: "ROC and precision–recall curves".to_owned(), alt, caption }, &c))
}
