//! A part of a column that would fit the rest if it were converted: K among °C, m among mm, per cent among shares.

use esker_core::exploration::Suspect;
use esker_core::{DAYS, Weight};
use esker_math::quantile_of_sorted;
use rayon::prelude::*;

use super::super::columns::sorted;
use super::super::frame::{Frame, MOST_COLUMNS, is_class_like};
use super::{in_file, many, num, of_those, suspect};

/// The most of a column that can be an exception.
const MOST_SHARE: f64 = 0.25;

/// A factor, and the pairs of units that it converts: the larger numbers are in the first.
const FACTORS: [(f64, &str); 3] = [
    (1000.0, "mm among m, m among km, or g among kg"),
    (100.0, "per cent among shares, cm among m, or Pa among hPa"),
    (1_000_000.0, "m2 among km2"),
];

pub fn of(frame: &Frame) -> Vec<Suspect> {
    let columns: Vec<usize> = (0..frame.look.columns().len().min(MOST_COLUMNS)).collect();
    columns.into_par_iter().filter_map(|c| one(frame, c)).collect()
}

fn one(frame: &Frame, c: usize) -> Option<Suspect> {
    let column = &frame.look.columns()[c];
    if matches!(frame.roles[c].as_str(), "x" | "y" | "time" | "identifier" | "constant")
        || column.unit.as_str() == DAYS
        || is_class_like(column)
    {
        return None;
    }
    let v = frame.numbers(c)?;
    let known = sorted(v);
    if known.len() < 20 {
        return None;
    }
    // Two kinds of rivers or seas can lie a hundred times apart as well: only temperatures are sure.
    let (weight, (part, how)) =
        kelvin(&known).map(|f| (Weight::Alarm, f)).or_else(|| factor(&known).filter(|_| known[0] >= 0.0).map(|f| (Weight::Warning, f)))?;
    let of = |x: &f64| part.0 <= *x && *x <= part.1;
    let n = known.iter().filter(|x| of(x)).count();
    let rest: Vec<f64> = known.iter().copied().filter(|x| !of(x)).collect();
    let text = format!(
        "{} of '{}' ({:.1} %){} lie between {} and {}, all others between {} and {}, and none between: {how}.",
        many(n, "value", "values"),
        column.name,
        100.0 * n as f64 / known.len() as f64,
        of_those(frame),
        num(part.0),
        num(part.1),
        num(rest[0]),
        num(rest[rest.len() - 1])
    );
    let mut s = suspect(
        weight,
        "other-unit",
        &[&column.name],
        (
            text,
            "Ask where these rows came from, and convert them before anything is computed, if they are in another unit and not of another kind.",
        ),
    );
    s.rows = in_file(frame, (0..v.len()).filter(|&r| of(&v[r])));
    Some(s)
}

/// Whether the smaller part is about as wide as the others, as it is where it is of them; a few values cannot tell.
fn alike(few: &[f64], rest: &[f64]) -> bool {
    let wide = |v: &[f64]| (quantile_of_sorted(v, 0.9) / quantile_of_sorted(v, 0.1)).ln();
    few.len() < 20 || (0.4..=2.5).contains(&(wide(few) / wide(rest)))
}

type Found = ((f64, f64), String);

/// Temperatures in K among those in °C, or the other way round.
fn kelvin(known: &[f64]) -> Option<Found> {
    let cut = known.partition_point(|v| *v < 150.0);
    let (low, high) = known.split_at(cut);
    let (first, last) = (*low.first()?, *high.last()?);
    let apart = high.first()? - low.last()?;
    if first < -95.0 || *low.last()? > 65.0 || *high.first()? < 178.0 || last > 335.0 || apart < 100.0 {
        return None;
    }
    let (few, most, shift) = if high.len() < low.len() { (high, low, -273.15) } else { (low, high, 273.15) };
    let fits = |v: f64| {
        let (a, b) = (most[0], most[most.len() - 1]);
        let room = 0.25 * (b - a) + 3.0;
        v + shift >= a - room && v + shift <= b + room
    };
    let ends = (few[0], few[few.len() - 1]);
    let share = few.len() as f64 / known.len() as f64;
    let how = if shift < 0.0 {
        "less 273.15 they fit the others, as K among °C"
    } else {
        "with 273.15 more they fit the others, as °C among K"
    };
    (share <= MOST_SHARE && fits(ends.0) && fits(ends.1)).then(|| (ends, how.to_owned()))
}

/// A part larger or smaller than the rest by a factor between units, with a wide gap before it. Zeros have no unit.
fn factor(known: &[f64]) -> Option<Found> {
    let known = &known[known.partition_point(|v| *v <= 0.0)..];
    if known.len() < 20 {
        return None;
    }
    let most = (known.len() as f64 * MOST_SHARE) as usize;
    let gaps = (1..known.len()).filter(|&i| i <= most || known.len() - i <= most);
    let at = gaps.max_by(|&a, &b| (known[a] / known[a - 1]).total_cmp(&(known[b] / known[b - 1])))?;
    let (low, high) = known.split_at(at);
    let upper = high.len() < low.len();
    let (few, rest) = if upper { (high, low) } else { (low, high) };
    let gap = high[0] / low[low.len() - 1];
    // The bulk must be narrow against the factor, or a long tail would be taken for another unit.
    let [q05, q50, q95] = [0.05, 0.5, 0.95].map(|p| quantile_of_sorted(rest, p));
    let wide = quantile_of_sorted(rest, 0.98) / quantile_of_sorted(rest, 0.02);
    for (f, what) in FACTORS {
        let to = |v: f64| if upper { v / f } else { v * f };
        let ends = (few[0], few[few.len() - 1]);
        let middle = to(quantile_of_sorted(few, 0.5));
        let inside = to(ends.0) >= q05.min(q50 / 2.0) * 0.9 && to(ends.1) <= q95.max(q50 * 2.0) * 1.1 && middle >= q05 && middle <= q95;
        // One value alone is called far out rather than another unit.
        if few.len() >= 3 && inside && alike(few, rest) && wide < f / 2.0 && gap > f.powf(0.25) {
            let how = if upper {
                format!("divided by {} they fit the others, as would {what}", num(f))
            } else {
                format!("times {} they fit the others, as would the reverse of {what}", num(f))
            };
            return Some((ends, how));
        }
    }
    None
}
