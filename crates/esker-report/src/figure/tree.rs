//! A decision tree as a picture: questions from left to right, what each branch says in its box.

use esker_core::{DecisionNode, DecisionRule, DecisionSplit, DecisionTree};

use super::axis::SMALL;
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, category};
use super::cx::Cx;
use super::legend::{Key, keys};
use super::text::{count, fit, fixed, number, unit, width, wrap};
use super::{Figure, WIDTH, Words};

/// Splits drawn one behind the other; deeper ones are counted.
const DEEPEST: usize = 5;
/// Height that a leaf takes, and room between columns for the lines and their answers.
const PITCH: f64 = 52.0;
const GAP: f64 = 30.0;
const SIZE: f64 = 11.5;
const LINE: f64 = 14.0;

/// A threshold with the digits that tell it from its neighbours, as short as it gets.
fn threshold(v: f64) -> String {
    let power = if v == 0.0 { 0.0 } else { v.abs().log10().floor() };
    if !(-4.0..15.0).contains(&power) {
        return number(v);
    }
    let text = fixed(v, (4.0 - power).max(0.0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// What goes left, behind the name of the feature.
fn answer(split: &DecisionSplit) -> String {
    match &split.rule {
        DecisionRule::UpTo(v) => {
            let unit = unit(split.unit.as_str());
            // The sign stays with its number; the unit may stand below.
            format!("≤\u{A0}{}{}{unit}", threshold(*v), if unit.is_empty() { "" } else { " " })
        }
        DecisionRule::Among(levels) => format!("is {}", levels.join(" or ")),
        DecisionRule::Known => "is known".to_owned(),
    }
}

/// The question of a split in words and units: `slope ≤ 12.4 deg`.
pub fn question(split: &DecisionSplit) -> String {
    format!("{} {}", split.feature, answer(split))
}

/// The question turned round: what goes right.
pub fn opposite(split: &DecisionSplit) -> String {
    let answer = answer(split);
    let turned = match &split.rule {
        DecisionRule::UpTo(_) => answer.replacen('≤', ">", 1),
        DecisionRule::Among(_) => answer.replacen("is ", "is not ", 1),
        DecisionRule::Known => "is missing".to_owned(),
    };
    format!("{} {turned}", split.feature)
}

/// What a node says: its mean with the spread, or its most frequent class with its share.
pub fn says(node: &DecisionNode, classes: &[String]) -> String {
    let (what, beside) = parts(node, classes);
    format!("{what} {beside}")
}

/// What a node says, and what stands behind it: the spread, or the share of the class.
fn parts(node: &DecisionNode, classes: &[String]) -> (String, String) {
    if classes.is_empty() {
        let mean = node.value.first().copied().unwrap_or(f64::NAN);
        // Two digits of the spread say how many of the mean there are.
        let power = node.spread.abs().log10().floor();
        if node.spread > 0.0 && (-3.0..6.0).contains(&power) && mean.abs() < 1e6 {
            let decimals = (1.0 - power).max(0.0) as usize;
            return (fixed(mean, decimals), format!("± {}", fixed(node.spread, decimals)));
        }
        return (number(mean), format!("± {}", number(node.spread)));
    }
    let top = most_frequent(node);
    let share = node.value.get(top).copied().unwrap_or(0.0);
    // Three nines are not certainty.
    let percent = if share < 1.0 { fixed((100.0 * share).min(99.9), usize::from(share > 0.99)) } else { "100".to_owned() };
    (classes.get(top).cloned().unwrap_or_default(), format!("{percent} %"))
}

fn most_frequent(node: &DecisionNode) -> usize {
    (0..node.value.len()).fold(0, |best, k| if node.value[k] > node.value[best] { k } else { best })
}

/// A tree laid out: where each node's box stands.
struct Layout {
    tree: DecisionTree,
    /// Left end and middle of each box.
    at: Vec<(f64, f64)>,
    wide: f64,
    height: f64,
}

impl Layout {
    fn new(tree: DecisionTree, top: f64) -> Self {
        let depths = tree.depths();
        let columns = depths.iter().max().map_or(1.0, |d| *d as f64 + 1.0);
        let wide = ((WIDTH - 2.0 - GAP * (columns - 1.0)) / columns).min(220.0);
        let mut at: Vec<(f64, f64)> = depths.iter().map(|&d| (1.0 + d as f64 * (wide + GAP), 0.0)).collect();
        let mut leaves = 0.0;
        for (node, at) in tree.nodes.iter().zip(&mut at).filter(|(n, _)| n.split.is_none()) {
            at.1 = top + PITCH * (leaves + 0.5);
            leaves += if node.hidden > 0 { 1.2 } else { 1.0 };
        }
        for i in (0..tree.nodes.len()).rev() {
            if let Some(s) = &tree.nodes[i].split {
                at[i].1 = 0.5 * (at[s.left].1 + at[s.right].1);
            }
        }
        Self { tree, at, wide, height: top + PITCH * leaves + 6.0 }
    }
}

/// What the boxes are drawn with.
struct Look<'a> {
    cx: &'a Cx<'a>,
    classes: Vec<String>,
    /// The means of all boxes, ascending.
    means: Vec<f64>,
}

impl Look<'_> {
    /// Whether rows without this feature exist, so that it matters where they go.
    fn gaps(&self, feature: &str) -> bool {
        self.cx.record.data.columns.iter().any(|c| c.name == feature && c.missing > 0)
    }

    /// The lines of a box: text and whether it is bold.
    fn lines(&self, node: &DecisionNode, room: f64) -> Vec<(String, bool)> {
        let rows = format!("{} {}", count(node.rows), if node.rows == 1 { "row" } else { "rows" });
        let Some(split) = &node.split else {
            let mut lines = self.value(node, room);
            lines.push((fit(&rows, SIZE, false, room), false));
            if node.hidden > 0 {
                lines.push((fit(&format!("… {} leaves below", count(node.hidden)), SIZE, false, room), false));
            }
            return lines;
        };
        let mut lines = vec![(fit(&split.feature, SIZE, true, room), true)];
        let mut answer = wrap(&answer(split), SIZE, room);
        if answer.len() > 2 {
            answer[1] = fit(&format!("{}…", answer[1]), SIZE, false, room);
            answer.truncate(2);
        }
        lines.extend(answer.into_iter().map(|line| (line, false)));
        if split.missing_left && self.gaps(&split.feature) && !matches!(split.rule, DecisionRule::Known) {
            lines.push((fit("or missing", SIZE, false, room), false));
        }
        let both = format!("{}, {rows}", says(node, &self.classes));
        lines.push((if width(&both, SIZE, false) <= room { both } else { fit(&rows, SIZE, false, room) }, false));
        lines
    }

    /// What a leaf says: on one line, if need be with a shortened class or with the spread below.
    fn value(&self, node: &DecisionNode, room: f64) -> Vec<(String, bool)> {
        let (what, beside) = parts(node, &self.classes);
        let whole = format!("{what} {beside}");
        if width(&whole, SIZE, true) <= room {
            return vec![(whole, true)];
        }
        if self.classes.is_empty() {
            return vec![(fit(&what, SIZE, true, room), true), (fit(&beside, SIZE, false, room), false)];
        }
        let name = fit(&what, SIZE, true, room - width(&format!(" {beside}"), SIZE, true));
        vec![(format!("{name} {beside}"), true)]
    }

    fn ground(&self, node: &DecisionNode) -> (Paint, f64) {
        if self.classes.is_empty() {
            // By rank: a single extreme leaf would leave all others alike.
            let mean = node.value.first().copied().unwrap_or(f64::NAN);
            let share = self.means.partition_point(|m| *m < mean) as f64 / self.means.len().max(2).saturating_sub(1) as f64;
            return (Paint::Rgb(BLUE), 0.04 + 0.42 * share);
        }
        (Paint::Rgb(category(most_frequent(node), self.classes.len())), 0.16)
    }

    fn draw(&self, c: &mut Canvas, layout: &Layout, i: usize) {
        let (node, (x, y), wide) = (&layout.tree.nodes[i], layout.at[i], layout.wide);
        let lines = self.lines(node, wide - 12.0);
        let bar = if self.classes.is_empty() { 0.0 } else { 6.0 };
        let tall = LINE * lines.len() as f64 + 8.0 + bar;
        let top = y - tall / 2.0;
        let (paint, shade) = self.ground(node);
        // Paper first: the lines between boxes end behind them.
        c.rect((x, top, wide, tall), Paint::Paper, 1.0);
        c.rect((x, top, wide, tall), paint, shade);
        let mut from = x;
        for (k, share) in node.value.iter().enumerate().filter(|_| bar > 0.0) {
            c.rect((from, top + tall - bar, wide * share, bar), Paint::Rgb(category(k, self.classes.len())), 1.0);
            from += wide * share;
        }
        let pen = if node.split.is_none() && node.hidden == 0 { Pen::new(Paint::Muted, 1.4) } else { Pen::new(Paint::Faint, 1.0) };
        c.frame((x, top, wide, tall), pen);
        for (k, (line, bold)) in lines.iter().enumerate() {
            let style = if *bold { Type::new(SIZE).bold() } else { Type::new(SIZE) };
            c.text((x + 6.0, top + LINE * (k as f64 + 1.0)), line, style);
        }
    }
}

/// The lines from a node to its children, with the answers.
fn branches(c: &mut Canvas, layout: &Layout, i: usize, split: &DecisionSplit) {
    let (x, y) = layout.at[i];
    let from = x + layout.wide;
    for (child, answer, beside) in [(split.left, "yes", -5.0), (split.right, "no", 13.0)] {
        let (to, level) = layout.at[child];
        let mut path = Path::new();
        path.line(&[(from, y), (from + 6.0, y), (from + 6.0, level), (to, level)], false);
        c.stroke(&path, Pen::new(Paint::Faint, 1.2));
        c.text((to - 3.0, level + beside), answer, Type::new(11.0).end().muted());
    }
}

/// The chosen model's tree, if it is one.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let whole = cx.record.tree.as_ref().filter(|t| t.sound() && t.nodes[0].split.is_some())?;
    let tree = whole.cut(DEEPEST);
    let mut means: Vec<f64> = tree.nodes.iter().filter_map(|n| n.value.first().copied()).filter(|v| v.is_finite()).collect();
    means.sort_unstable_by(f64::total_cmp);
    let look = Look { cx, classes: cx.class_names(), means };
    let items: Vec<(String, Key)> = (0..look.classes.len())
        .map(|k| (look.classes[k].clone(), Key::Dot(Paint::Rgb(category(k, look.classes.len())))))
        .filter(|_| look.classes.len() <= 12)
        .collect();
    let mut legend = Canvas::new(WIDTH, 0.0);
    let head = if items.is_empty() { 18.0 } else { keys(&mut legend, (2.0, 18.0, WIDTH), &items) };
    let layout = Layout::new(tree, head + 12.0);
    let mut c = Canvas::new(WIDTH, layout.height);
    if look.classes.is_empty() {
        let words = format!("{}: mean ± standard deviation of the training rows in each box", cx.in_unit(cx.target));
        c.text((2.0, 18.0), &fit(&words, SMALL, false, WIDTH - 4.0), Type::new(SMALL));
    } else {
        keys(&mut c, (2.0, 18.0, WIDTH), &items);
    }
    for (i, node) in layout.tree.nodes.iter().enumerate() {
        if let Some(split) = &node.split {
            branches(&mut c, &layout, i, split);
        }
    }
    (0..layout.tree.nodes.len()).for_each(|i| look.draw(&mut c, &layout, i));
    Some(Figure::new(words(&look, whole, &layout.tree), &c))
}

fn words(look: &Look<'_>, whole: &DecisionTree, shown: &DecisionTree) -> Words {
    let (leaves, hidden) = (whole.leaves(), shown.nodes.iter().filter(|n| n.hidden > 0).count());
    let rest = match hidden {
        0 => String::new(),
        1 => format!(" One box at depth {DEEPEST} is split further, which is not drawn."),
        n => format!(" {n} boxes at depth {DEEPEST} are split further, which is not drawn."),
    };
    let gaps = if shown.nodes.iter().filter_map(|n| n.split.as_ref()).any(|s| look.gaps(&s.feature)) {
        " Rows without the value asked for follow “no” unless the box says “or missing”."
    } else {
        ""
    };
    let inside = if look.classes.is_empty() {
        "darker boxes have a larger mean"
    } else {
        "each box names the most frequent class with its share, the bar below has the shares of all classes"
    };
    let caption = format!(
        "The tree of {}, fitted on all rows: a row begins on the left and follows “yes” where the box is true of it. Framed boxes are the {leaves} leaves; {inside}. What the boxes say is told by training rows, not by held-out ones.{gaps}{rest}",
        look.cx.record.chosen.model
    );
    let root = &whole.nodes[0];
    let mut alt = format!("Decision tree with {leaves} leaves.");
    if let Some(split) = &root.split {
        let (yes, no) = (&whole.nodes[split.left], &whole.nodes[split.right]);
        alt += &format!(
            " It first asks whether {}: if yes, {} ({} rows), if no, {} ({} rows).",
            question(split),
            says(yes, &look.classes),
            count(yes.rows),
            says(no, &look.classes),
            count(no.rows)
        );
    }
    alt += " The table of leaves gives all of it in words.";
    Words { name: "tree", title: "The decision tree".to_owned(), alt, caption }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Unit;

    fn split(rule: DecisionRule, unit: &str) -> DecisionSplit {
        DecisionSplit { feature: "slope".into(), unit: Unit::new(unit), rule, missing_left: false, left: 1, right: 2 }
    }

    #[test]
    fn questions_have_units_and_digits_enough() {
        let up = |v, unit| question(&split(DecisionRule::UpTo(v), unit));
        assert_eq!(up(12.4, "deg"), "slope ≤\u{A0}12.4 deg");
        assert_eq!(up(1987.5, ""), "slope ≤\u{A0}1987.5");
        assert_eq!(up(-0.123_456_78, "m"), "slope ≤\u{A0}−0.12346 m");
        assert_eq!(up(1_234_567.8, "m2"), "slope ≤\u{A0}1,234,568 m²");
        assert_eq!(up(0.0, ""), "slope ≤\u{A0}0");
        assert_eq!(up(3.25e-7, ""), "slope ≤\u{A0}3.25 × 10⁻⁷");
        assert_eq!(opposite(&split(DecisionRule::UpTo(12.4), "deg")), "slope >\u{A0}12.4 deg");
        assert_eq!(opposite(&split(DecisionRule::Among(vec!["tuff".into(), "chalk".into()]), "")), "slope is not tuff or chalk");
        assert_eq!(opposite(&split(DecisionRule::Known, "")), "slope is missing");
    }
}
