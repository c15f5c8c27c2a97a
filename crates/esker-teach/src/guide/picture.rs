//! The pictures: topics as a graph with what is known, covered and missing, and the weeks as a bar. Colours are attributes, so that the
//! pictures stand alone; classes let a page choose others. Nothing is told by colour alone.

use std::fmt::Write as _;

use super::hours as h;
use super::plan::{Coverage, Plan};

const WIDE: f64 = 206.0;
const HIGH: f64 = 52.0;
const ACROSS: f64 = 44.0;
const DOWN: f64 = 14.0;
const MARGIN: f64 = 12.0;
/// Letters of a line in a box.
const LETTERS: usize = 30;

/// Topics as a graph, what comes before to the left.
pub fn graph_svg(plan: &Plan) -> String {
    let columns = columns(&plan.topics);
    let mut at = vec![(0.0, 0.0); plan.topics.len()];
    let mut rows = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        if rows.len() <= *column {
            rows.resize(column + 1, 0);
        }
        at[i] = (MARGIN + *column as f64 * (WIDE + ACROSS), MARGIN + f64::from(rows[*column]) * (HIGH + DOWN));
        rows[*column] += 1;
    }
    let width = 2.0 * MARGIN + rows.len() as f64 * (WIDE + ACROSS) - ACROSS;
    let height = 2.0 * MARGIN + f64::from(rows.iter().copied().max().unwrap_or(1)) * (HIGH + DOWN) - DOWN;
    let known = plan.topics.iter().filter(|t| t.known).count();
    let missing = plan.missing().len();
    let told = format!("{} topics: {known} known, {missing} missing or little covered.", plan.topics.len());
    let mut svg = head(width, height, "Topics of the path", &told);
    for (i, topic) in plan.topics.iter().enumerate() {
        for before in topic.requires.iter().filter_map(|r| plan.topics.iter().position(|t| t.topic == *r)) {
            let (x1, y1) = (at[before].0 + WIDE, at[before].1 + HIGH / 2.0);
            let (x2, y2) = (at[i].0, at[i].1 + HIGH / 2.0);
            let _ = writeln!(
                svg,
                r##"<path class="edge" d="M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}" fill="none" stroke="#7b8794" stroke-width="1.5"/>"##,
                x1 + 24.0,
                x2 - 24.0
            );
        }
    }
    for (topic, place) in plan.topics.iter().zip(&at) {
        node(&mut svg, topic, *place);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The longest way of topics that come before each.
fn columns(topics: &[Coverage]) -> Vec<usize> {
    let mut columns = vec![0; topics.len()];
    // Requirements have no ring, so as many rounds as topics settle every column.
    for _ in 0..topics.len() {
        for (i, topic) in topics.iter().enumerate() {
            let before = topic.requires.iter().filter_map(|r| topics.iter().position(|t| t.topic == *r));
            columns[i] = before.map(|b| columns[b] + 1).max().unwrap_or(0);
        }
    }
    columns
}

fn node(svg: &mut String, topic: &Coverage, (x, y): (f64, f64)) {
    let (class, stroke, dash, state) = match topic {
        t if t.known => ("known", "#2b6a3f", "", "known".to_owned()),
        t if t.learned < 0.01 => ("missing", "#a1260d", r#" stroke-dasharray="5 4""#, "missing".to_owned()),
        t => ("covered", "#14597f", "", format!("{:.0} % covered", 100.0 * t.learned)),
    };
    let _ = writeln!(
        svg,
        r##"<g class="{class}"><rect class="box" x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="6" fill="#ffffff" stroke="{stroke}" stroke-width="1.5"{dash}/>"##
    );
    let filled = (WIDE - 3.0) * topic.learned.clamp(0.0, 1.0);
    let _ = writeln!(
        svg,
        r##"<rect class="fill" x="{}" y="{}" width="{filled:.1}" height="5" rx="2" fill="{stroke}"/>"##,
        x + 1.5,
        y + HIGH - 6.5
    );
    let _ = writeln!(
        svg,
        r##"<text class="label" x="{}" y="{}" font-size="12" fill="#1b2127">{}</text>"##,
        x + 9.0,
        y + 19.0,
        short(&topic.label)
    );
    let _ = writeln!(svg, r##"<text class="state" x="{}" y="{}" font-size="11" fill="#4d5863">{state}</text></g>"##, x + 9.0, y + 36.0);
}

/// The hours as a bar, one piece a step, with the weeks below.
pub fn weeks_svg(plan: &Plan) -> String {
    let (width, height) = (760.0, 92.0);
    let inner = width - 2.0 * MARGIN;
    let free = plan.budget - plan.hours;
    let told = format!("{} of {} used in {} weeks, {} left.", h(plan.hours), h(plan.budget), plan.weeks.len(), h(free));
    let mut svg = head(width, height, "Weeks of the path", &told);
    let _ = writeln!(
        svg,
        r##"<rect class="free" x="{MARGIN}" y="12" width="{inner}" height="36" fill="none" stroke="#7b8794" stroke-dasharray="4 3"/>"##
    );
    let mut from = 0.0;
    for (i, step) in plan.steps.iter().enumerate() {
        let x = MARGIN + inner * from / plan.budget;
        let wide = inner * step.hours / plan.budget;
        let _ = writeln!(
            svg,
            r##"<rect class="{}" x="{x:.1}" y="12" width="{:.1}" height="36" fill="{}"><title>{}. {}, {}</title></rect>"##,
            if i % 2 == 0 { "step" } else { "step other" },
            (wide - 1.5).max(0.5),
            if i % 2 == 0 { "#14597f" } else { "#3f6212" },
            i + 1,
            escape(&step.title),
            h(step.hours)
        );
        if wide >= 14.0 {
            let _ = writeln!(
                svg,
                r##"<text class="number" x="{:.1}" y="35" font-size="13" font-weight="600" text-anchor="middle" fill="#ffffff">{}</text>"##,
                x + wide / 2.0,
                i + 1
            );
        }
        from += step.hours;
    }
    let weeks = plan.weeks.len();
    let every = [1, 2, 4, 8, 13, 26].into_iter().find(|e| weeks / e <= 16).unwrap_or(26);
    for week in (0..=weeks).step_by(every) {
        let x = MARGIN + inner * week as f64 / weeks.max(1) as f64;
        let _ = writeln!(svg, r##"<path class="edge" d="M{x:.1} 50V56" stroke="#7b8794"/>"##);
        let _ =
            writeln!(svg, r##"<text class="state" x="{x:.1}" y="70" font-size="11" text-anchor="middle" fill="#4d5863">{week}</text>"##);
    }
    let _ =
        writeln!(svg, r##"<text class="state" x="{MARGIN}" y="87" font-size="11" fill="#4d5863">weeks done; {}</text>"##, escape(&told));
    svg.push_str("</svg>\n");
    svg
}

fn head(width: f64, height: f64, title: &str, told: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" aria-label=\"{title}. {}\">\n",
        escape(told)
    )
}

/// A label that fits its box.
fn short(label: &str) -> String {
    if label.chars().count() <= LETTERS {
        return escape(label);
    }
    let cut: String = label.chars().take(LETTERS - 1).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(a, _)| a);
    format!("{}…", escape(cut.trim_end_matches([',', ':'])))
}

/// Text that is safe in HTML and XML, in content and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
