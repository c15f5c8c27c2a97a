//! Places that cannot be, places changed about, and places nearly but not quite the same.

use std::collections::BTreeMap;

use esker_core::exploration::Suspect;
use esker_core::{Crs, Places, Weight};
use esker_math::{Ground, quantile_of_sorted};

use super::super::columns::sorted;
use super::super::frame::{Frame, Placing};
use super::{in_all, in_file, num, of_those, suspect};

/// Places that are searched for near neighbours.
const MOST: usize = 20_000;

pub fn of(frame: &Frame) -> Vec<Suspect> {
    let Some(place) = &frame.place else { return Vec::new() };
    let (Some(x), Some(y)) = (frame.numbers(place.x), frame.numbers(place.y)) else { return Vec::new() };
    let names = [place.x, place.y].map(|c| frame.look.columns()[c].name.as_str());
    // What can be counted is counted in all rows.
    let all = [place.x, place.y].map(|c| frame.column(c).reals());
    let [Ok(all_x), Ok(all_y)] = all else { return Vec::new() };
    let all = (all_x, all_y);
    let mut found = Vec::new();
    if place.crs.as_ref().is_some_and(Crs::is_degrees) {
        found.extend(impossible(all, names));
        found.extend(changed_about(all, names));
    }
    found.extend(nowhere(all, names));
    found.extend(half(all, names));
    found.extend(near(frame, place, (x, y), names));
    found
}

fn impossible((x, y): (&[f64], &[f64]), names: [&str; 2]) -> Option<Suspect> {
    let bad: Vec<usize> = (0..x.len()).filter(|&r| y[r].abs() > 90.0 || x[r] < -180.0 || x[r] > 360.0).collect();
    let first = *bad.first()?;
    let text = format!(
        "{} beyond the globe, such as {} {} and {} {}: latitudes lie within ±90°, longitudes from −180° to 360°.",
        if bad.len() == 1 { "One place lies".to_owned() } else { format!("{} places lie", bad.len()) },
        names[0],
        num(x[first]),
        names[1],
        num(y[first])
    );
    let mut s = suspect(
        Weight::Alarm,
        "impossible-place",
        &names,
        (text, "Degrees and minutes without a point, metres among degrees, or a sign lost: mend them; they are left off the maps."),
    );
    s.rows = in_all(bad);
    Some(s)
}

/// Latitudes in the column of longitudes: the 'latitudes' reach where only longitudes can.
fn changed_about((x, y): (&[f64], &[f64]), names: [&str; 2]) -> Option<Suspect> {
    let beyond = y.iter().filter(|v| v.abs() > 90.0 && v.abs() <= 360.0).count();
    let inside = x.iter().all(|v| v.is_nan() || v.abs() <= 90.0);
    (inside && 2 * beyond > y.len()).then(|| {
        let text = format!(
            "'{}' and '{}' look changed about: {} of the latitudes lie beyond ±90°, and no longitude does.",
            names[0], names[1], beyond
        );
        suspect(Weight::Alarm, "changed-about", &names, (text, "Say which is which: [roles] place = { x = \"…\", y = \"…\" }."))
    })
}

/// Rows at (0, 0), where a default was written for a place not known.
fn nowhere((x, y): (&[f64], &[f64]), names: [&str; 2]) -> Option<Suspect> {
    let at: Vec<usize> = (0..x.len()).filter(|&r| x[r] == 0.0 && y[r] == 0.0).collect();
    let (kx, ky) = (sorted(x), sorted(y));
    let outside = |v: &[f64]| {
        let others: Vec<f64> = v.iter().copied().filter(|a| *a != 0.0).collect();
        others.is_empty() || (others[0] > 0.0 || others[others.len() - 1] < 0.0)
    };
    if at.is_empty() || !(outside(&kx) || outside(&ky)) || 2 * at.len() > x.len() {
        return None;
    }
    let text = format!(
        "{} at {} 0 and {} 0, away from all others.",
        if at.len() == 1 { "One row lies".to_owned() } else { format!("{} rows lie", at.len()) },
        names[0],
        names[1]
    );
    let mut s = suspect(Weight::Alarm, "nowhere", &names, (text, "A place that was not known was written as 0: mark it missing."));
    s.rows = in_all(at);
    Some(s)
}

fn half((x, y): (&[f64], &[f64]), names: [&str; 2]) -> Option<Suspect> {
    let bad: Vec<usize> = (0..x.len()).filter(|&r| x[r].is_nan() != y[r].is_nan()).collect();
    if bad.is_empty() {
        return None;
    }
    let text = format!(
        "{} only one of '{}' and '{}'.",
        if bad.len() == 1 { "One row has".to_owned() } else { format!("{} rows have", bad.len()) },
        names[0],
        names[1]
    );
    let mut s = suspect(
        Weight::Warning,
        "half-a-place",
        &names,
        (text, "A sample with a place has both coordinates: find the other, or blank both."),
    );
    s.rows = in_all(bad);
    Some(s)
}

/// Places met again and again, some of them a hundredth of the usual distance apart: one station under two spellings of its place.
fn near(frame: &Frame, place: &Placing, (x, y): (&[f64], &[f64]), names: [&str; 2]) -> Option<Suspect> {
    let degrees = place.crs.as_ref().is_some_and(Crs::is_degrees);
    let mut of: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for r in (0..x.len())
        .filter(|&r| x[r].is_finite() && y[r].is_finite() && (!degrees || (y[r].abs() <= 90.0 && (-180.0..=360.0).contains(&x[r]))))
    {
        of.entry((x[r].to_bits(), y[r].to_bits())).or_default().push(r);
    }
    let sites: Vec<&Vec<usize>> = of.values().collect();
    let rows: usize = sites.iter().map(|s| s.len()).sum();
    let system = place.crs.clone().unwrap_or_else(|| Crs::Projected("plane".into()));
    if !(8..=MOST).contains(&sites.len()) || rows < 3 * sites.len() {
        return None;
    }
    let first = |f: &[f64]| sites.iter().map(|s| f[s[0]]).collect::<Vec<f64>>();
    let ground = Ground::new(&Places::new(first(x), first(y), system).ok()?);
    let apart = ground.to_nearest_other().ok()?;
    let usual = quantile_of_sorted(&sorted(&apart), 0.5);
    let close: Vec<usize> = (0..apart.len()).filter(|&i| apart[i] < 0.01 * usual && apart[i] < 2000.0).collect();
    if close.is_empty() || 5 * close.len() > apart.len() {
        return None;
    }
    let least = close.iter().map(|&i| apart[i]).fold(f64::INFINITY, f64::min);
    let metres = place.crs.is_some();
    let unit = if metres { " m" } else { "" };
    let text = format!(
        "{}{} within {}{unit} of another that is not quite the same; places usually lie {}{unit} apart.",
        if close.len() == 1 { "One place lies".to_owned() } else { format!("{} of {} places lie", close.len(), apart.len()) },
        of_those(frame),
        num(close.iter().map(|&i| apart[i]).fold(least, f64::max)),
        num(usual.round())
    );
    let mut s = suspect(
        Weight::Warning,
        "near-places",
        &names,
        (text, "One station under two spellings? Give it one place, or folds by place will cut it in two."),
    );
    s.rows = in_file(frame, close.iter().map(|&i| sites[i][0]));
    Some(s)
}
