//! The confusion matrix of the chosen model: true classes in rows, predicted in columns, shares of the true class.

use super::axis::{BODY, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BLUE, Rgb};
use super::cx::Cx;
use super::text::{fit, number, weight, width};
use super::{Figure, WIDTH, Words};

const WHITE: Paint = Paint::Rgb(Rgb(255, 255, 255));

/// A count as short as a cell needs it: `18.2k` beyond four digits.
fn short(v: f64, room: f64) -> String {
    let whole = weight(v);
    if width(&whole, SMALL, false) <= room { whole } else { format!("{}k", number(v / 1000.0)) }
}

/// Confusion matrix of held-out rows.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let matrix = cx.chosen_run()?.confusion.as_ref()?;
    let names = cx.class_names();
    let n = names.len();
    if n < 2 || matrix.len() != n || matrix.iter().any(|row| row.len() != n) {
        return None;
    }
    let longest = names.iter().map(|s| width(s, SMALL, false)).fold(0.0, f64::max);
    let left = longest.min(170.0) + 16.0;
    let cell = ((WIDTH - left - 60.0) / n as f64).clamp(4.0, 90.0);
    let tall = cell.min(46.0);
    // Names over the columns lie flat where they fit, else they lean.
    let flat = longest <= cell - 6.0;
    let lean: f64 = 40f64.to_radians();
    let top = if flat { 52.0 } else { 44.0 + (longest.min(150.0)) * lean.sin() };
    let labels = cell >= 14.0;
    let mut c = Canvas::new(WIDTH, top + tall * n as f64 + 14.0);
    c.text((6.0, 18.0), "True class (rows), predicted class (columns)", Type::new(BODY));
    let most = 150f64;
    for (i, row) in matrix.iter().enumerate() {
        let total: f64 = row.iter().filter(|v| v.is_finite()).sum();
        let y = top + tall * i as f64;
        if labels {
            c.text((left - 9.0, y + tall / 2.0 + 4.5), &fit(&names[i], SMALL, false, left - 14.0), Type::new(SMALL).end());
            let x = left + cell * (i as f64 + 0.5);
            if flat {
                c.text((x, top - 8.0), &names[i], Type::new(SMALL).middle());
            } else {
                c.turned_text(
                    (x - 2.0, top - 7.0),
                    &fit(&names[i], SMALL, false, most.min((WIDTH - x) / lean.cos() - 6.0)),
                    Type::new(SMALL),
                    -40.0,
                );
            }
        }
        for (j, v) in row.iter().enumerate() {
            let share = if total > 0.0 && v.is_finite() { v / total } else { 0.0 };
            let x = left + cell * j as f64;
            c.rect((x, y, cell, tall), Paint::Rgb(BLUE), share.max(0.0));
            if cell >= 36.0 && *v > 0.0 {
                // White on dark blue, ink on light: the ink follows the page.
                let paint = if share > 0.6 { WHITE } else { Paint::Ink };
                let two = tall >= 34.0;
                c.text(
                    (x + cell / 2.0, y + tall / 2.0 + if two { -2.0 } else { 4.5 }),
                    &short(*v, cell - 4.0),
                    Type::new(SMALL).middle().paint(paint),
                );
                if two {
                    let text = format!("{} %", super::text::fixed(100.0 * share, usize::from(share < 0.095)));
                    let paint = if share > 0.6 { WHITE } else { Paint::Muted };
                    c.text((x + cell / 2.0, y + tall / 2.0 + 13.0), &text, Type::new(11.0).middle().paint(paint));
                }
            }
        }
    }
    for k in 0..=n {
        let (x, y) = (left + cell * k as f64, top + tall * k as f64);
        c.line((x, top), (x, top + tall * n as f64), Pen::new(Paint::Grid, 1.0));
        c.line((left, y), (left + cell * n as f64, y), Pen::new(Paint::Grid, 1.0));
    }
    let right: f64 = (0..n).map(|i| matrix[i][i]).sum();
    let all: f64 = matrix.iter().flatten().sum();
    let worst = (0..n)
        .flat_map(|i| (0..n).filter(move |j| *j != i).map(move |j| (i, j)))
        .max_by(|a, b| matrix[a.0][a.1].total_cmp(&matrix[b.0][b.1]))
        .filter(|p| matrix[p.0][p.1] > 0.0);
    let confused =
        worst.map(|(i, j)| format!(" Most often {} is taken for {} ({}).", names[i], names[j], weight(matrix[i][j]))).unwrap_or_default();
    let caption = format!(
        "Held-out rows of each true class by the class {} predicts: counts, and shares of the true class, which also give the shade. The diagonal is right.{confused}",
        cx.record.chosen.model
    );
    let alt = format!(
        "Confusion matrix of {n} classes: {} of {} held-out rows ({} %) are predicted rightly.{confused}",
        weight(right),
        weight(all),
        number(100.0 * right / all.max(1e-300))
    );
    Some(Figure::new(Words { name: "confusion", title: "Which classes are confused".to_owned(), alt, caption }, &c))
}
