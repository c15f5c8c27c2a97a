//! What tuning gained and what it chose.

use esker_core::record::{ModelRecord, Tuning};

use super::html::Html;
use super::methods::settings_text;
use super::number::{count, decimals, fixed, unit_bracketed};
use super::pictures;
use super::reading::Reading;
use super::table::{Sheet, number, text};
use super::words::plural;
use crate::figure::Figure;
use crate::figure::tuning::{Difference, difference, name};

fn better(r: Reading<'_>) -> &str {
    r.card(&r.record.metric).map_or("higher", |c| c.better.as_str())
}

/// By how much the chosen candidate of a part is better than the recipe's own settings, positive where it is, and the spread over inner folds.
fn gain(r: Reading<'_>, t: &Tuning) -> Option<Difference> {
    let found = difference(t, t.candidates.iter().find(|c| c.chosen)?, better(r))?;
    Some(Difference { mean: if better(r) == "higher" { found.mean } else { -found.mean }, ..found })
}

fn tuned(r: Reading<'_>) -> Vec<&ModelRecord> {
    r.ranked().into_iter().filter(|m| m.tuning.iter().any(|t| !t.spaces.is_empty())).collect()
}

/// Whose tuning is drawn openly: the chosen model's, else the best one's that was tuned.
fn leader(r: Reading<'_>) -> Option<&ModelRecord> {
    let all = tuned(r);
    all.iter().find(|m| m.name == r.record.chosen.model).or(all.first()).copied()
}

/// How much tuning gained, beside the spread over inner folds, and the tuning of the leader drawn.
pub fn gained(r: Reading<'_>, figures: &[Figure], h: &mut Html) {
    let all = tuned(r);
    if all.is_empty() {
        return;
    }
    h.element("h3", &[], "What tuning gained");
    h.with("ul", &[("class", "points")], |h| {
        for m in &all {
            h.element("li", &[], &sentence(r, m));
        }
    });
    h.element(
        "p",
        &[],
        "These gains flatter, as the chosen settings are the best of many on the same inner folds; the scores above do not, as their rows took no part in tuning.",
    );
    if let Some(m) = leader(r) {
        pictures::write_one(h, figures, &name(r.record, m));
    }
}

fn sentence(r: Reading<'_>, m: &ModelRecord) -> String {
    let parts: Vec<(f64, Option<f64>)> = m.tuning.iter().filter_map(|t| gain(r, t)).map(|d| (d.mean, d.sd)).collect();
    let n = parts.len().max(1) as f64;
    let mean = parts.iter().map(|p| p.0).sum::<f64>() / n;
    let spreads: Vec<f64> = parts.iter().filter_map(|p| p.1).collect();
    let spread = spreads.iter().sum::<f64>() / spreads.len().max(1) as f64;
    let kept = m.tuning.iter().filter(|t| t.candidates.first().is_some_and(|c| c.chosen)).count();
    let unit =
        |v: f64| super::number::attach(&fixed(v, decimals([mean.abs().max(spread / 2.0)]).max(r.decimals())), &r.unit(&r.record.metric));
    let tried = m.tuning.iter().map(|t| t.trials).max().unwrap_or(0);
    let mut said = format!(
        "{}: the best of {} was better than the recipe’s own settings by {} of {} on average over {}",
        m.name,
        plural(tried, "candidate", "candidates"),
        unit(mean),
        r.metric_inside(),
        plural(parts.len(), "part", "parts")
    );
    if kept > 0 {
        said.push_str(&format!(" (in {kept} of them the recipe’s own settings stayed)"));
    }
    said.push_str(&if spreads.is_empty() {
        ".".to_owned()
    } else if mean > spread {
        format!(", more than the {} by which that gain differs between inner folds.", unit(spread))
    } else {
        format!(
            ", less than the {} by which that gain differs between inner folds: the optimum is flat, and the recipe’s own settings would do about as well.",
            unit(spread)
        )
    });
    said
}

/// What tuning chose in each part, folded away.
pub fn chosen(r: Reading<'_>, figures: &[Figure], h: &mut Html) {
    let tuned: Vec<&ModelRecord> = r.record.models.iter().filter(|m| !m.tuning.is_empty()).collect();
    if tuned.is_empty() {
        return;
    }
    h.element("h3", &[], "What tuning chose");
    let n = r.decimals();
    let open = leader(r).map(|m| m.name.as_str());
    for m in tuned {
        h.with("details", &[], |h| {
            let trials: usize = m.tuning.iter().map(|t| t.trials).sum();
            let parts = plural(m.tuning.len(), "part", "parts");
            h.element("summary", &[], &format!("{}: {} in {parts}", m.name, plural(trials, "trial", "trials")));
            if open != Some(m.name.as_str()) {
                pictures::write_one(h, figures, &name(r.record, m));
            }
            let mut sheet = Sheet::new(format!(
                "Settings chosen for {}, with {} on the inner folds of each training part{}, and the gain over the untuned settings with its standard deviation over inner folds",
                m.name,
                r.metric(),
                unit_bracketed(&r.unit(&r.record.metric))
            ))
            .words("Part")
            .numbers("tuned")
            .numbers("untuned")
            .numbers("gain ± sd")
            .numbers("trials")
            .numbers("fits")
            .words("Settings");
            for t in &m.tuning {
                let gain = match gain(r, t) {
                    Some(Difference { mean, sd: Some(sd) }) => format!("{} ± {}", fixed(mean, n), fixed(sd, n)),
                    Some(Difference { mean, sd: None }) => fixed(mean, n),
                    None => super::scores::dash(),
                };
                sheet.row(vec![
                    text(t.part.as_str()),
                    number(fixed(t.score, n)),
                    number(fixed(t.default_score, n)),
                    number(gain),
                    number(count(t.trials)),
                    number(count(t.fits)),
                    text(settings_text(&t.chosen)),
                ]);
            }
            sheet.write(h);
        });
    }
}
