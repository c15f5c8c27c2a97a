//! Coverage of the intervals by group, region, period, and range of the target: the worst in words, all of it in tables.

use esker_core::record::{CoverageBy, CoveragePart};

use super::html::Html;
use super::number::{THIN, attach, count, decimals, fixed, percent, unit_bracketed};
use super::reading::Reading;
use super::table::{Sheet, number, text};
use super::words::{plural, sentence};

/// Parts listed in a table.
const MOST: usize = 30;
/// Below this probability, corrected for the number of parts, a part is said to hold too few.
const CHANCE: f64 = 0.05;

/// What each breakdown says, and its table.
pub fn parts(r: Reading<'_>, h: &mut Html) {
    let Some(i) = r.record.intervals.as_ref().filter(|i| !i.by.is_empty()) else { return };
    h.with("ul", &[("class", "points")], |h| {
        i.by.iter().filter_map(|by| worst(r, by, i.level)).for_each(|said| h.element("li", &[], &sentence(&said)));
    });
    h.element(
        "p",
        &[],
        "Whether a part holds too few is asked of the binomial distribution, corrected for the number of parts (Holm), with rows taken as independent: where \
         rows belong together, chance has more room than that. Parts by the observed value are cut by what is not known beforehand; the lowest and highest \
         values are missed most by any model that says means.",
    );
    h.with("div", &[("class", "folded")], |h| i.by.iter().for_each(|by| table(r, by, h)));
}

/// `region`, `group`: one of the parts of a breakdown.
fn one(by: &CoverageBy) -> &'static str {
    match by.by.as_str() {
        "group" => "group",
        "region" => "region",
        "period" => "period",
        "predicted" => "range of the predicted value",
        _ => "range of the observed value",
    }
}

/// The part that holds least beyond chance, or that none does.
fn worst(r: Reading<'_>, by: &CoverageBy, level: f64) -> Option<String> {
    let least = by.parts.iter().min_by(|a, b| a.p.total_cmp(&b.p).then(a.coverage.total_cmp(&b.coverage)))?;
    let few = by.parts.iter().filter(|p| p.p < CHANCE).count();
    let holds = |p: &CoveragePart| format!("{} of {}", percent(p.coverage), plural(p.rows, "row", "rows"));
    let what = one(by);
    let name = if ranges(by) { attach(&called(by, least), &r.target_unit()) } else { least.name.clone() };
    if few == 0 {
        return Some(format!("By {what}: none holds fewer than chance explains; the least certain is {name} with {}", holds(least)));
    }
    let others = if few > 1 {
        format!("; so {} {}", if few == 2 { "does" } else { "do" }, plural(few - 1, "other", "others"))
    } else {
        String::new()
    };
    Some(format!(
        "By {what}: {name} holds too few, {} instead of {} (95{THIN}% interval {} to {}){others}",
        holds(least),
        percent(level),
        percent(least.interval[0]),
        percent(least.interval[1])
    ))
}

/// Whether the parts are ranges of the target, in its unit.
fn ranges(by: &CoverageBy) -> bool {
    by.by == "predicted" || by.by == "observed"
}

/// The name of a part, ranges with the sign for minus.
fn called(by: &CoverageBy, part: &CoveragePart) -> String {
    if ranges(by) { part.name.replace('-', "\u{2212}") } else { part.name.clone() }
}

fn table(r: Reading<'_>, by: &CoverageBy, h: &mut Html) {
    let shown = &by.parts[..by.parts.len().min(MOST)];
    let n = decimals(shown.iter().map(|p| p.width));
    let unit = r.target_unit();
    let named = if ranges(by) { format!("{}{}", by.of, unit_bracketed(&unit)) } else { by.of.clone() };
    let mut sheet = Sheet::new(format!("Coverage by {named}"))
        .words(super::words::capital(one(by)))
        .numbers("rows")
        .numbers("inside")
        .numbers("95 % interval")
        .numbers(format!("mean width{}", unit_bracketed(&unit)))
        .words("Too few?");
    for p in shown {
        let ends = format!("{} to {}", percent(p.interval[0]), percent(p.interval[1]));
        let cells = vec![text(called(by, p)), number(count(p.rows)), number(percent(p.coverage)), number(ends), number(fixed(p.width, n))];
        sheet.row(cells.into_iter().chain([text(if p.p < CHANCE { "yes" } else { "no" })]).collect());
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], &format!("Coverage by {}", one(by)));
        sheet.write(h);
        if by.parts.len() > MOST {
            h.element("p", &[], &format!("And {} that hold more.", plural(by.parts.len() - MOST, "group", "groups")));
        }
    });
}

/// A sentence for the limits: where intervals hold too few.
pub fn limit(r: Reading<'_>) -> Option<String> {
    let i = r.record.intervals.as_ref()?;
    let known = i.by.iter().filter(|by| by.by != "observed" && by.parts.iter().any(|p| p.p < CHANCE));
    let said: Vec<String> = known.filter_map(|by| worst(r, by, i.level)).collect();
    (!said.is_empty()).then(|| format!("Too few held-out observations lie inside their intervals in places. {}.", said.join(". ")))
}
