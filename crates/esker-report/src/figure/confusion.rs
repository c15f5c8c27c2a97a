//! The confusion matrix of the chosen model: true classes in rows, predicted in columns, shares of the true class.

use super::axis::{BODY, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BLUE, Rgb};
use super::cx::Cx;
use super::text::{fit, number, weight, width};
use super::{Figure, WIDTH, Words};

const WHITE: Paint = Paint::Rgb(Rgb(255, 255, 255));

/// Lean of names that do not fit over their column, degrees, and the longest they get.
const LEAN: f64 = 40.0;
const LONGEST: f64 = 150.0;

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
    let c = table(matrix, &names);
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

/// Where the cells stand: left and top of the first, width and height of one.
#[derive(Clone, Copy)]
struct Grid {
    left: f64,
    top: f64,
    cell: f64,
    tall: f64,
}

fn table(matrix: &[Vec<f64>], names: &[String]) -> Canvas {
    let n = names.len();
    let longest = names.iter().map(|s| width(s, SMALL, false)).fold(0.0, f64::max);
    let left = longest.min(170.0) + 16.0;
    let cell = ((WIDTH - left - 60.0) / n as f64).clamp(4.0, 90.0);
    // Names over the columns lie flat where they fit, else they lean.
    let flat = longest <= cell - 6.0;
    let top = if flat { 52.0 } else { 44.0 + longest.min(LONGEST) * LEAN.to_radians().sin() };
    let g = Grid { left, top, cell, tall: cell.min(46.0) };
    let mut c = Canvas::new(WIDTH, top + g.tall * n as f64 + 14.0);
    c.text((6.0, 18.0), "True class (rows), predicted class (columns)", Type::new(BODY));
    for (i, row) in matrix.iter().enumerate() {
        if cell >= 14.0 {
            label(&mut c, g, (i, &names[i]), flat);
        }
        let total: f64 = row.iter().filter(|v| v.is_finite()).sum();
        for (j, v) in row.iter().enumerate() {
            let share = if total > 0.0 && v.is_finite() { (v / total).max(0.0) } else { 0.0 };
            fill(&mut c, g, (i, j), (*v, share));
        }
    }
    for k in 0..=n {
        let (x, y) = (left + cell * k as f64, top + g.tall * k as f64);
        c.line((x, top), (x, top + g.tall * n as f64), Pen::new(Paint::Grid, 1.0));
        c.line((left, y), (left + cell * n as f64, y), Pen::new(Paint::Grid, 1.0));
    }
    c
}

/// The name of class `i` beside its row and over its column.
fn label(c: &mut Canvas, g: Grid, (i, name): (usize, &str), flat: bool) {
    let y = g.top + g.tall * (i as f64 + 0.5) + 4.5;
    c.text((g.left - 9.0, y), &fit(name, SMALL, false, g.left - 14.0), Type::new(SMALL).end());
    let x = g.left + g.cell * (i as f64 + 0.5);
    if flat {
        return c.text((x, g.top - 8.0), name, Type::new(SMALL).middle());
    }
    let room = LONGEST.min((WIDTH - x) / LEAN.to_radians().cos() - 6.0);
    c.turned_text((x - 2.0, g.top - 7.0), &fit(name, SMALL, false, room), Type::new(SMALL), -LEAN);
}

/// One cell: its shade, its count and its share.
fn fill(c: &mut Canvas, g: Grid, (i, j): (usize, usize), (v, share): (f64, f64)) {
    let (x, y) = (g.left + g.cell * j as f64, g.top + g.tall * i as f64);
    c.rect((x, y, g.cell, g.tall), Paint::Rgb(BLUE), share);
    if g.cell < 36.0 || v.is_nan() || v <= 0.0 {
        return;
    }
    // White on dark blue, ink on light: the ink follows the page.
    let (ink, muted) = if share > 0.6 { (WHITE, WHITE) } else { (Paint::Ink, Paint::Muted) };
    let (middle, two) = ((x + g.cell / 2.0, y + g.tall / 2.0), g.tall >= 34.0);
    let count = short(v, g.cell - 4.0);
    c.text((middle.0, middle.1 + if two { -2.0 } else { 4.5 }), &count, Type::new(SMALL).middle().paint(ink));
    if two {
        let text = format!("{} %", super::text::fixed(100.0 * share, usize::from(share < 0.095)));
        c.text((middle.0, middle.1 + 13.0), &text, Type::new(11.0).middle().paint(muted));
    }
}
