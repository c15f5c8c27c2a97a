//! How a network learned: its loss, epoch after epoch, and the length of the gradient in each layer.

use esker_core::record::Learning;

use super::axis::Panel;
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BLUE, category};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::scale::{Scale, range};
use super::text::{count, number};
use super::{Figure, WIDTH, Words};

const TOP: f64 = 70.0;
const HEIGHT: f64 = 230.0;
const SMALL: f64 = 12.5;

/// Loss and gradients of the chosen model, if it is a network.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let learning = cx.record.chosen.learning.as_ref()?;
    let whole = |v: &[f64]| v.len() == learning.epoch.len() && v.iter().all(|v| v.is_finite());
    if learning.epoch.is_empty() || !whole(&learning.loss) || !learning.gradient.iter().all(|g| whole(g)) {
        return None;
    }
    let epochs: Vec<f64> = learning.epoch.iter().map(|e| *e as f64).collect();
    let layers: Vec<String> = (1..=learning.gradient.len()).map(|i| layer(i, learning.gradient.len())).collect();
    let mut c = Canvas::new(WIDTH, TOP + HEIGHT + 48.0);
    let half = WIDTH / 2.0;
    loss(&mut c, learning, &epochs, (6.0, half - 18.0));
    let pens: Vec<Pen> = (0..layers.len()).map(|i| Pen::new(Paint::Rgb(category(i, layers.len().max(8))), 2.0)).collect();
    let items: Vec<(String, Key)> = layers.iter().cloned().zip(pens.iter().map(|p| Key::Line(*p))).collect();
    let values: Vec<f64> = learning.gradient.iter().flatten().copied().filter(|v| *v > 0.0).collect();
    let domain = rounded(range(&values).unwrap_or((0.1, 1.0)));
    let panel = panel(&mut c, (half + 10.0, WIDTH - 16.0), &epochs, domain);
    panel.head(&mut c, half + 10.0, "Backpropagation");
    panel.y_axis(&mut c, "Mean length of the gradient", true);
    for (row, pen) in learning.gradient.iter().zip(&pens) {
        let drawn = epochs.iter().copied().zip(row.iter().copied()).filter(|(_, g)| *g > 0.0);
        c.stroke(&panel.curve(drawn), *pen);
    }
    c.height += 14.0;
    let end = keys(&mut c, (half + 10.0, TOP + HEIGHT + 54.0, WIDTH - 8.0), &items);
    c.height = c.height.max(end + 10.0);
    Some(Figure::new(words(cx, learning), &c))
}

/// `hidden 1`, `hidden 2`, …, `outputs`.
fn layer(i: usize, of: usize) -> String {
    if i == of { "outputs".to_owned() } else { format!("hidden {i}") }
}

/// The decade or less around values, for a logarithmic axis.
fn rounded((low, high): (f64, f64)) -> (f64, f64) {
    let (low, high) = (low.max(f64::MIN_POSITIVE) / 1.15, high.max(f64::MIN_POSITIVE) * 1.15);
    if high / low >= 10.0 { (low, high) } else { (low.min(high / 10.0), high) }
}

/// A panel between two edges, with a logarithmic vertical axis and the epochs below.
fn panel(c: &mut Canvas, (left, right): (f64, f64), epochs: &[f64], domain: (f64, f64)) -> Panel {
    let room = 52.0;
    let first = if epochs.len() > 1 { epochs[0] } else { 0.0 };
    let mut panel = Panel::new((left + room, TOP, right - left - room, HEIGHT), (first, epochs[epochs.len() - 1]), (0.0, 1.0));
    panel.x = panel.x.whole();
    panel.y = Scale::log(domain, TOP + HEIGHT, TOP);
    panel.x_axis(c, "Epoch (pass over the training rows)", false);
    panel
}

fn loss(c: &mut Canvas, learning: &Learning, epochs: &[f64], edges: (f64, f64)) {
    let seen = learning.loss.iter().copied().chain([learning.none]).filter(|v| *v > 0.0);
    let domain = rounded(range(&seen.collect::<Vec<_>>()).unwrap_or((0.1, 1.0)));
    let panel = panel(c, edges, epochs, domain);
    panel.head(c, edges.0, "Loss on the training rows");
    panel.y_axis(c, &capital(measure(learning)), true);
    let (left, _, w, _) = panel.area;
    let points: Vec<(f64, f64)> = epochs.iter().copied().zip(learning.loss.iter().copied()).filter(|(_, l)| *l > 0.0).collect();
    c.stroke(&panel.curve(points.iter().copied()), Pen::new(Paint::Rgb(BLUE), 2.4));
    if let [(x, y)] = points[..] {
        let (x, y) = panel.at(x, y);
        c.circle((x, y), 4.0, Paint::Rgb(BLUE), None);
    }
    if learning.none > 0.0 {
        let y = panel.y.at(learning.none);
        c.line((left, y), (left + w, y), Pen::new(Paint::Muted, 1.4).dashed("5 4"));
        // The curve falls away below the line: above its right end is room, unless the panel ends there.
        let beside = if y - TOP > 20.0 { y - 6.0 } else { y + 15.0 };
        c.text((left + w - 4.0, beside), "the same answer everywhere", Type::new(SMALL).end().muted().halo());
    }
}

fn words(cx: &Cx<'_>, of: &Learning) -> Words {
    let sizes = of.sizes.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(" – ");
    let (first, last) = (of.loss[0], of.loss[of.loss.len() - 1]);
    let epochs = of.epoch[of.epoch.len() - 1];
    let networks = if of.networks > 1 { format!(" The curves are means over {} networks.", of.networks) } else { String::new() };
    let caption = format!(
        "How {} learned on all rows: units of its layers {sizes} ({}), {} numbers in all. Left, the loss it walks down, measured on the very rows it learns from, so it \
         says nothing of new rows. Right, how long the gradient of that loss is in the numbers of each layer, which backpropagation passes from \
         the outputs back to the first layer: a layer whose gradient fades learns no more.{networks}",
        cx.record.chosen.model,
        of.activation,
        count(of.numbers),
    );
    let alt = format!(
        "The {} falls from {} in epoch {} to {} in epoch {epochs}; the same answer everywhere has {}. The gradient is longest in {} and is drawn for {} layers.",
        measure(of),
        number(first),
        of.epoch[0],
        number(last),
        number(of.none),
        longest(of),
        of.gradient.len()
    );
    Words { name: "learning", title: "How the network learned".to_owned(), alt, caption }
}

/// What the loss is.
fn measure(of: &Learning) -> &str {
    if of.measure.is_empty() { "loss" } else { &of.measure }
}

/// The words with a capital to begin with.
fn capital(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// The layer whose gradient is longest in the last epoch.
fn longest(of: &Learning) -> String {
    let last = |i: usize| of.gradient[i].last().copied().unwrap_or(0.0);
    let most = (0..of.gradient.len()).fold(0, |best, i| if last(i) > last(best) { i } else { best });
    layer(most + 1, of.gradient.len())
}
