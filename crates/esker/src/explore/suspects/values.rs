//! Columns whose values say nothing, number rows, stand for missing, pile up at an end or cannot be.

use esker_core::exploration::Suspect;
use esker_core::{Column, DAYS, Values, Weight};
use esker_math::quantile_of_sorted;
use rayon::prelude::*;

use super::super::columns::{distinct, sorted, wants_log};
use super::super::frame::{Frame, MOST_COLUMNS, is_class_like, is_constant};
use super::{in_all, in_file, many, named, num, of_those, suspect};
use crate::inspect::words;

/// Numbers that people write where they have none, beyond those that reading takes for missing by itself.
const MARKS: [f64; 14] =
    [-9999.0, -999.0, -99.0, -99.9, -99.99, -999.9, -999.99, 999.0, 9999.0, 999.9, 99999.0, -99999.0, -32768.0, 32767.0];

pub fn of(frame: &Frame) -> Vec<Suspect> {
    let mut found = said_of_many(frame);
    let columns: Vec<usize> = (0..frame.look.columns().len()).take(MOST_COLUMNS).collect();
    let each: Vec<Vec<Suspect>> = columns.par_iter().map(|&c| one(frame, c)).collect();
    found.extend(each.into_iter().flatten());
    found
}

/// Findings that name several columns at once.
fn said_of_many(frame: &Frame) -> Vec<Suspect> {
    let mut found = Vec::new();
    let all = frame.table.columns();
    let names = |keep: &dyn Fn(usize, &Column) -> bool| -> Vec<&str> {
        all.iter().enumerate().filter(|(i, c)| keep(*i, c)).map(|(_, c)| c.name.as_str()).collect()
    };
    let rows = frame.table.rows();
    let empty = names(&|_, c| rows > 0 && c.values.missing() == rows);
    if !empty.is_empty() {
        let text = format!(
            "{} of {} holds no value in any of {}: {}.",
            many(empty.len(), "column", "columns"),
            all.len(),
            many(rows, "row", "rows"),
            named(&empty)
        );
        found.push(suspect(
            Weight::Warning,
            "empty",
            &empty,
            (text, "Leave them out, or look whether a mark for missing was declared that is none."),
        ));
    }
    let constant = names(&|i, c| rows > 1 && c.values.missing() < rows && is_constant(&frame.look.columns()[i]) && is_constant(c));
    if !constant.is_empty() {
        let text = format!(
            "{} the same value in every row: {}.",
            if constant.len() == 1 { "One column has".to_owned() } else { format!("{} columns have", constant.len()) },
            named(&constant)
        );
        found.push(suspect(Weight::Info, "constant", &constant, (text, "They cannot tell rows apart: leave them out of the features.")));
    }
    let ids = names(&|i, c| frame.roles[i] == "identifier" && matches!(c.values, Values::Real(_)));
    if !ids.is_empty() {
        let text = format!(
            "{} rows and measures nothing: {}. Each row has a whole number of its own.",
            if ids.len() == 1 { "One column of numbers only names" } else { "Some columns of numbers only name" },
            named(&ids)
        );
        let text = if ids.len() == 1 { text } else { text.replace("measures nothing", "measure nothing") };
        found.push(suspect(
            Weight::Warning,
            "id-as-number",
            &ids,
            (text, "Keep it as a label, never as a feature: a model would learn the order of the file."),
        ));
    }
    let codes = names(&|i, c| {
        matches!(frame.roles[i].as_str(), "" | "feature") && matches!(c.values, Values::Real(_)) && is_code(&frame.look.columns()[i])
    });
    if !codes.is_empty() {
        let text = format!(
            "{} by {} name and values: {}.",
            if codes.len() == 1 { "One column holds codes, not amounts," } else { "Some columns hold codes, not amounts," },
            if codes.len() == 1 { "its" } else { "their" },
            named(&codes)
        );
        found.push(suspect(Weight::Info, "code-as-number", &codes, (text, "Read them as classes: [data] classes = [\"…\"].")));
    }
    let gone = names(&|_, c| rows > 0 && c.values.missing() < rows && 2 * c.values.missing() > rows);
    if !gone.is_empty() {
        let worst = all.iter().filter(|c| c.values.missing() < rows).map(|c| c.values.missing()).max().unwrap_or(0);
        let text = format!(
            "{} more than half of {} values, the emptiest {:.0} %: {}.",
            if gone.len() == 1 { "One column lacks".to_owned() } else { format!("{} columns lack", gone.len()) },
            if gone.len() == 1 { "its" } else { "their" },
            100.0 * worst as f64 / rows as f64,
            named(&gone)
        );
        found.push(suspect(
            Weight::Info,
            "mostly-missing",
            &gone,
            (text, "See where they are missing: whole places or years tell of instruments, not of nature."),
        ));
    }
    found
}

/// Whether whole numbers are codes: few different ones under a name of codes, or many far apart that each occur often.
fn is_code(column: &Column) -> bool {
    let Values::Real(v) = &column.values else { return false };
    let words = words(&column.name);
    let says = ["code", "class", "lithology", "facies", "type", "category", "id", "zone", "flag", "landcover", "basin", "region"];
    let known = sorted(v);
    let different = distinct(&known);
    says.iter().any(|s| words.iter().any(|w| w == s))
        && known.iter().all(|x| x.fract() == 0.0)
        && (2..=60).contains(&different)
        && known.len() > 5 * different
}

fn one(frame: &Frame, c: usize) -> Vec<Suspect> {
    let column = &frame.look.columns()[c];
    let Values::Real(v) = &column.values else { return imbalance(frame, c).into_iter().collect() };
    if matches!(frame.roles[c].as_str(), "constant" | "identifier" | "time") || column.unit.as_str() == DAYS {
        return Vec::new();
    }
    let known = sorted(v);
    if known.len() < 8 {
        return Vec::new();
    }
    let mark = mark(frame, c, &known);
    let marked = mark.is_some();
    let mut found: Vec<Suspect> = mark.into_iter().collect();
    found.extend(impossible(frame.column(c)));
    if !matches!(frame.roles[c].as_str(), "x" | "y") {
        found.extend(piled(frame, c, &known));
        if !marked {
            found.extend(outlier(frame, c, &known));
        }
    }
    found
}

/// An end of the range that looks like a mark for missing: far from all others, or met again and again.
fn mark(frame: &Frame, c: usize, known: &[f64]) -> Option<Suspect> {
    let name = frame.column(c).name.as_str();
    let all = frame.column(c).reals().ok()?;
    // Ends and counts are those of all rows, also of such as were not drawn; the usual width is that of those drawn.
    let reach = |but: Option<f64>| {
        let others = all.iter().filter(|x| !x.is_nan() && Some(**x) != but);
        others.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
    };
    let ends = reach(None);
    let (value, times, rest) = [ends.0, ends.1].into_iter().enumerate().find_map(|(i, v)| {
        if !MARKS.contains(&v) {
            return None;
        }
        let (low, high) = reach(Some(v));
        if low > high {
            return None;
        }
        let n = all.iter().filter(|x| **x == v).count();
        let drawn = if i == 0 { known.partition_point(|x| *x <= v) } else { known.len() - known.partition_point(|x| *x < v) };
        let rest = if i == 0 { &known[drawn..] } else { &known[..known.len() - drawn] };
        if rest.is_empty() {
            return None;
        }
        let gap = if i == 0 { low - v } else { v - high };
        let wide = quantile_of_sorted(rest, 0.99) - quantile_of_sorted(rest, 0.01);
        // Whole numbers beside it make it one of them.
        (gap > 0.5 * wide && gap > 0.2 * v.abs()).then_some((v, n, (low, high)))
    })?;
    let text = format!(
        "'{name}' is {} in {}, often a mark for missing; all others lie between {} and {}.",
        num(value),
        many(times, "row", "rows"),
        num(rest.0),
        num(rest.1)
    );
    let mut s = suspect(
        Weight::Alarm,
        "missing-mark",
        &[name],
        (text, "If it means missing, say so: [data] missing = [\"…\"]. Means and models take it for a value."),
    );
    s.rows = in_all((0..all.len()).filter(|&r| all[r] == value));
    Some(s)
}

/// Values that the unit or the name of a column forbids.
fn impossible(column: &Column) -> Option<Suspect> {
    let v = column.reals().ok()?;
    let words = words(&column.name);
    let is = |w: &str| words.iter().any(|x| x == w);
    let unit = column.unit.as_str();
    let (low, high, rule) = match unit {
        "K" | "kelvin" if !is("anomaly") && v.iter().filter(|x| **x > 100.0).count() * 2 > v.len() => {
            (0.0, f64::INFINITY, "nothing is colder than 0 K")
        }
        "%" | "percent" if ["humidity", "hurs", "rh", "cover", "porosity", "cloud", "sand", "silt", "clay"].iter().any(|w| is(w)) => {
            (0.0, 105.0, "a share lies between 0 and 100 %")
        }
        _ if ["precip", "precipitation", "prcp", "rain", "rainfall", "snowfall"].iter().any(|w| is(w))
            && !is("anomaly")
            && !is("log10")
            && !is("log") =>
        {
            (0.0, f64::INFINITY, "no less than nothing can fall")
        }
        _ if (is("slope") && (unit.starts_with("deg") || unit == "°")) => (0.0, 90.0, "a slope lies between 0° and 90°"),
        _ if is("ph") => (0.0, 14.0, "pH lies between 0 and 14"),
        _ => return None,
    };
    // Anomalies of all kinds pass.
    let bad: Vec<usize> = (0..v.len()).filter(|&r| v[r] < low || v[r] > high).collect();
    if bad.is_empty() || 3 * bad.len() > v.len() {
        return None;
    }
    let text =
        format!("'{}' holds {} that cannot be, such as {}: {rule}.", column.name, many(bad.len(), "value", "values"), num(v[bad[0]]));
    let mut s = suspect(
        Weight::Warning,
        "impossible-value",
        &[&column.name],
        (text, "Ask how these rows came about; clip or leave them out before a mean is taken."),
    );
    s.rows = in_all(bad);
    Some(s)
}

/// Many rows at exactly one end of the range: a ceiling, a detection limit.
fn piled(frame: &Frame, c: usize, known: &[f64]) -> Option<Suspect> {
    let column = &frame.look.columns()[c];
    let different = distinct(known);
    if different < 50 || is_class_like(column) {
        return None;
    }
    let ends = [
        (known[0], known.partition_point(|v| *v <= known[0]), "lowest"),
        (known[known.len() - 1], known.len() - known.partition_point(|v| *v < known[known.len() - 1]), "highest"),
    ];
    let (value, n, which) = ends.into_iter().max_by_key(|e| e.1)?;
    let rest: Vec<usize> = known.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
    let near = if which == "lowest" { rest.iter().skip(1).take(10).max() } else { rest.iter().rev().skip(1).take(10).max() };
    let often = n >= 20 && 200 * n >= known.len() && near.is_some_and(|m| n >= 8 * m);
    // Nothing at all is a common amount, and round ends such as 0 and 100 % are those of a scale.
    if !often || value == 0.0 || ([1.0, 100.0].contains(&value) && which == "highest") {
        return None;
    }
    let text = format!(
        "{}{} ({:.1} %) have exactly {}, the {which} value of '{}': it looks cut off there.",
        many(n, "row", "rows"),
        of_those(frame),
        100.0 * n as f64 / known.len() as f64,
        num(value),
        column.name
    );
    Some(suspect(
        Weight::Info,
        "cut-off",
        &[&column.name],
        (text, "A ceiling or a detection limit: what lies beyond is not known. Say so, or leave these rows out."),
    ))
}

/// A few values very far from all others, in plain numbers and in logarithms.
fn outlier(frame: &Frame, c: usize, known: &[f64]) -> Option<Suspect> {
    let column = &frame.look.columns()[c];
    if known.len() < 30 || distinct(known) < 20 {
        return None;
    }
    let log = known[0] > 0.0 && wants_log(known);
    let at = |v: f64| if log { v.ln() } else { v };
    let [low, middle, high] = [0.05, 0.5, 0.95].map(|p| at(quantile_of_sorted(known, p)));
    let half = (high - low) / 2.0;
    if half <= 0.0 {
        return None;
    }
    let far = |v: f64| (at(v) - middle).abs() > 12.0 * half;
    let median = quantile_of_sorted(known, 0.5);
    let first = known.partition_point(|v| *v < median && far(*v));
    let last = known.len() - known.partition_point(|v| *v < median || !far(*v));
    let n = first + last;
    if n == 0 || n > 10 || 200 * n > known.len() {
        return None;
    }
    let inner = (known[first], known[known.len() - 1 - last]);
    // Alone: the nearest of them lies twice as far out as the furthest of the others, or it would be the end of a long tail.
    let apart = |out: f64, end: f64| (at(out) - middle).abs() >= 2.0 * (at(end) - middle).abs();
    let below = first == 0 || apart(known[first - 1], inner.0);
    let above = last == 0 || apart(known[known.len() - last], inner.1);
    if !(below && above) {
        return None;
    }
    let extreme = if last > 0 { known[known.len() - 1] } else { known[0] };
    let v = frame.numbers(c)?;
    let text = far_words((n, of_those(frame)), &column.name, (extreme, inner));
    let mut s = suspect(
        Weight::Warning,
        "far-out",
        &[&column.name],
        (text, "Look at these rows: a slip of the pen, another unit, or the event of the century."),
    );
    s.rows = in_file(frame, (0..v.len()).filter(|&r| !v[r].is_nan() && far(v[r])));
    Some(s)
}

fn far_words((n, those): (usize, &str), name: &str, (extreme, inner): (f64, (f64, f64))) -> String {
    let (values, reach) = if n == 1 {
        ("One value".to_owned(), format!("at {}", num(extreme)))
    } else {
        (format!("{n} values"), format!("as far as {}", num(extreme)))
    };
    format!(
        "{values} of '{name}' {} far from all others{those}, {reach}; these lie between {} and {}.",
        if n == 1 { "lies" } else { "lie" },
        num(inner.0),
        num(inner.1)
    )
}

/// Classes so rare that no fold could hold them.
fn imbalance(frame: &Frame, c: usize) -> Option<Suspect> {
    let column = frame.column(c);
    let Values::Class(codes) = &column.values else { return None };
    if frame.colour != Some(c) && frame.target != Some(c) {
        return None;
    }
    let counts: Vec<(usize, &String)> = codes.counts().into_iter().zip(codes.levels()).filter(|(n, _)| *n > 0).collect();
    let total: usize = counts.iter().map(|c| c.0).sum();
    let mut rare: Vec<&(usize, &String)> = counts.iter().filter(|(n, _)| 100 * n < total || *n < 10).collect();
    rare.sort();
    if counts.len() < 2 || rare.is_empty() || total < 50 {
        return None;
    }
    let shown: Vec<String> = rare.iter().take(5).map(|(n, l)| format!("{l} ({n})")).collect();
    let text = format!(
        "{} of '{}' with fewer than 1 % of the rows or fewer than ten: {}{}.",
        many(rare.len(), "class", "classes"),
        column.name,
        shown.join(", "),
        if rare.len() > 5 { ", …" } else { "" }
    );
    Some(suspect(
        Weight::Info,
        "rare-class",
        &[&column.name],
        (text, "Join them with others, or judge by scores that weigh classes alike."),
    ))
}
