//! Which features were selected, how surely, and how much selecting before judging would have flattered.

use esker_core::feature_selection::FeatureSelection;
use esker_core::record::{ALL_ROWS, ModelRecord};

use super::html::Html;
use super::number::{attach, decimals, fixed, percent};
use super::pictures;
use super::reading::Reading;
use super::table::{Sheet, number, text};
use super::words::{list, plural};
use crate::figure::Figure;
use crate::figure::selection::{name, shown};

fn selected(r: Reading<'_>) -> Vec<(&ModelRecord, &FeatureSelection)> {
    r.ranked().into_iter().filter_map(|m| Some((m, m.selection.as_ref()?))).collect()
}

/// What was chosen, the optimism, and the path of the leader drawn.
pub fn chosen(r: Reading<'_>, figures: &[Figure], h: &mut Html) {
    let all = selected(r);
    let Some((leader, _)) = all.iter().find(|(m, _)| m.name == r.record.chosen.model).or(all.first()) else { return };
    h.element("h3", &[], "Which features were selected");
    h.with("ul", &[("class", "points")], |h| {
        for (m, s) in &all {
            h.element("li", &[], &sentence(m, s));
            if let Some(words) = flattery(r, m, s) {
                h.element("li", &[], &words);
            }
        }
    });
    pictures::write_one(h, figures, &name(r.record, leader));
}

fn sentence(m: &ModelRecord, s: &FeatureSelection) -> String {
    let sizes: Vec<usize> = s.paths.iter().filter(|p| p.part != ALL_ROWS).map(|p| p.chosen.len()).collect();
    let (least, most) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
    let span = if least == most { format!("{most}") } else { format!("{least} to {most}") };
    let always: Vec<String> = s.units.iter().map(|(u, _)| u).filter(|u| s.paths.iter().all(|p| p.chosen.contains(u))).cloned().collect();
    let sure = match always.as_slice() {
        [] => "; none was chosen in every part of the work, so the choice says little about which matter".to_owned(),
        few => format!("; chosen in every part of the work: {}", list(few)),
    };
    let last = match s.paths.last().filter(|p| p.part == ALL_ROWS) {
        Some(p) => format!("{} of {} on all rows ({}), ", p.chosen.len(), s.units.len(), list(&p.chosen)),
        None => String::new(),
    };
    let of = if last.is_empty() { format!(" of {}", s.units.len()) } else { String::new() };
    format!("{}: {last}{span}{of} in the training parts of the folds{sure}.", m.name)
}

/// How much selecting on all rows before judging would have flattered.
fn flattery(r: Reading<'_>, m: &ModelRecord, s: &FeatureSelection) -> Option<String> {
    let n = s.naive.as_ref()?;
    let better = r.card(&r.record.metric).map_or("lower", |c| c.better.as_str());
    let gain = match better {
        "higher" => n.score - n.nested,
        "zero" => n.nested.abs() - n.score.abs(),
        _ => n.nested - n.score,
    };
    let d = decimals([n.score, n.nested]).max(r.decimals());
    let unit = |v: f64| attach(&fixed(v, d), &r.unit(&r.record.metric));
    let share = if better != "lower" || n.nested == 0.0 { String::new() } else { format!(" ({} less)", percent(gain / n.nested)) };
    let head = format!(
        "{}: {} chosen on all rows and then judged on the same folds would have shown {} {}, chosen anew in each training part they show {}",
        m.name,
        if m.tuning.is_empty() { "features" } else { "features and settings" },
        r.metric_inside(),
        unit(n.score),
        unit(n.nested)
    );
    Some(if gain > 0.0 {
        format!(
            "{head}. The first is what selecting before judging reports; it flatters{share}, as the rows it is judged on took part in the choice."
        )
    } else {
        format!("{head}: selecting first would not have flattered here.")
    })
}

/// How often each feature was chosen, folded away.
pub fn table(r: Reading<'_>, h: &mut Html) {
    let all = selected(r);
    if all.is_empty() {
        return;
    }
    h.element("h3", &[], "How often each feature was selected");
    for (m, s) in all {
        let last = shown(s).filter(|p| p.part == ALL_ROWS);
        h.with("details", &[], |h| {
            h.element("summary", &[], &format!("{}: features by the parts that chose them", m.name));
            let mut rows: Vec<(usize, &String)> =
                s.units.iter().map(|(u, _)| (s.paths.iter().filter(|p| p.chosen.contains(u)).count(), u)).collect();
            rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
            let mut sheet = Sheet::new(format!(
                "Features of {} by the number of parts ({}) in which they were selected",
                m.name,
                plural(s.paths.len(), "part", "parts")
            ))
            .words("Feature")
            .numbers("parts")
            .words("on all rows");
            for (parts, unit) in rows {
                let place = last.and_then(|p| p.chosen.iter().position(|c| c == unit));
                let said = match place {
                    Some(k) if s.method == "forward" => format!("chosen ({} of {})", k + 1, last.map_or(0, |p| p.chosen.len())),
                    Some(_) => "chosen".to_owned(),
                    None => String::new(),
                };
                sheet.row(vec![text(unit.as_str()), number(parts.to_string()), text(said)]);
            }
            sheet.write(h);
        });
    }
}
