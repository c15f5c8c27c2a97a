//! Logs along wells: the depth, the curves and the facies, as a geologist lays them side by side.

use esker_core::exploration::{Axis, Tracks, Well};
use esker_core::{Codes, Values};

use super::columns::{sorted, wants_log};
use super::frame::Frame;
use super::together::{code, used};
use crate::inspect::words;

/// Samples of a well that are drawn.
const SAMPLES: usize = 700;
/// Wells that get a strip.
const WELLS: usize = 12;
/// Curves drawn beside each other.
const CURVES: usize = 6;
const DEPTHS: [&str; 8] = ["dept", "depth", "md", "depth_md", "depth_m", "tvd", "tvdss", "measured_depth"];
const FACIES: [&str; 5] = ["lithofacies", "lithology", "facies", "litho", "stratigraphy"];
/// What geologists lay out first, from left to right.
const ORDER: [&[&str]; 7] = [
    &["gr", "sgr", "cgr", "gamma"],
    &["cali", "cal", "hcal", "bs"],
    &["sp"],
    &["rdep", "rt", "ild", "lld", "at90", "rd", "rmed", "rsha"],
    &["rhob", "den", "rhoz"],
    &["nphi", "tnph", "cnl", "npor"],
    &["dtc", "dt", "dtco", "ac", "dts"],
];

/// The tracks, where there is a depth along wells: a LAS file, or a depth column that runs down in each group and curves that go with it.
pub fn of(frame: &Frame, las: bool) -> Option<Tracks> {
    let depth = depth(frame, las)?;
    let along = frame.numbers(depth)?;
    let wells = wells(frame, along, las)?;
    let facies = facies(frame);
    let codes = facies.map(|c| used(&frame.classes(c)));
    let full = wells.iter().enumerate().max_by_key(|(i, w)| (richness(frame, depth, &w.1), std::cmp::Reverse(*i))).map(|(i, _)| i)?;
    let mut order: Vec<usize> = (0..wells.len()).collect();
    order.retain(|&i| i != full);
    order.insert(0, full);
    let curves = curves(frame, depth, facies, &wells[full].1);
    if curves.is_empty() {
        return None;
    }
    let of = order
        .iter()
        .take(WELLS)
        .enumerate()
        .map(|(k, &i)| one(frame, &wells[i], along, codes.as_ref(), if k == 0 { &curves } else { &[] }));
    Some(Tracks {
        depth: frame.look.columns()[depth].name.clone(),
        unit: frame.look.columns()[depth].unit.clone(),
        group: frame.group.map_or_else(String::new, |g| frame.look.columns()[g].name.clone()),
        wells: of.collect(),
        facies: facies.map_or_else(String::new, |c| frame.look.columns()[c].name.clone()),
        levels: codes.map_or_else(Vec::new, |c| c.levels().to_vec()),
    })
}

fn depth(frame: &Frame, las: bool) -> Option<usize> {
    let names = |c: usize| frame.look.columns()[c].name.to_lowercase();
    let named = (0..frame.look.columns().len())
        .find(|&c| DEPTHS.contains(&names(c).as_str()) && matches!(frame.look.columns()[c].values, Values::Real(_)));
    let logs = |c: usize| ORDER.iter().flat_map(|o| o.iter()).any(|n| names(c) == *n);
    // A depth alone is one of an earthquake, a sounding or the snow; logs beside it make it that of a well.
    let with_logs = (0..frame.look.columns().len()).filter(|&c| logs(c)).count() >= 2;
    named.or_else(|| las.then_some(0)).filter(|_| las || with_logs)
}

/// Name and rows of each well, deep in the order of depth.
fn wells(frame: &Frame, along: &[f64], las: bool) -> Option<Vec<(String, Vec<usize>)>> {
    let known: Vec<usize> = (0..along.len()).filter(|&r| !along[r].is_nan()).collect();
    let mut all: Vec<(String, Vec<usize>)> = match frame.group.filter(|_| !las) {
        None => vec![(String::new(), known)],
        Some(group) => {
            let codes = used(&frame.classes(group));
            let mut of: Vec<(String, Vec<usize>)> = codes.levels().iter().map(|l| (l.clone(), Vec::new())).collect();
            known.into_iter().for_each(|r| {
                if let Some((_, rows)) = of.get_mut(codes.codes()[r] as usize) {
                    rows.push(r);
                }
            });
            of
        }
    };
    all.iter_mut().for_each(|(_, rows)| rows.sort_by(|&a, &b| along[a].total_cmp(&along[b])));
    all.retain(|(_, rows)| rows.len() >= 20);
    (!all.is_empty()).then_some(all)
}

/// How many values of curves a well has.
fn richness(frame: &Frame, depth: usize, rows: &[usize]) -> usize {
    let curve = |c: &&usize| **c != depth;
    frame.chosen.iter().filter(curve).filter_map(|&c| frame.numbers(c)).map(|v| rows.iter().filter(|&&r| !v[r].is_nan()).count()).sum()
}

fn facies(frame: &Frame) -> Option<usize> {
    let named = |c: &usize| {
        let words = words(&frame.look.columns()[*c].name);
        FACIES.iter().any(|f| words.iter().any(|w| w == f)) && !words.iter().any(|w| w == "confidence")
    };
    let few = |c: &usize| frame.classes(*c).levels().len() <= 40;
    (0..frame.look.columns().len())
        .filter(named)
        .find(few)
        .or(frame.colour.filter(|c| Some(*c) != frame.group && matches!(frame.look.columns()[*c].values, Values::Class(_))))
}

/// The curves of a well from left to right: known ones in the order of the trade, then others; those with few values left out.
fn curves(frame: &Frame, depth: usize, facies: Option<usize>, rows: &[usize]) -> Vec<usize> {
    let place = |c: usize| {
        let name = frame.look.columns()[c].name.to_lowercase();
        ORDER.iter().position(|names| names.contains(&name.as_str())).unwrap_or(ORDER.len())
    };
    let enough = |c: usize| frame.numbers(c).is_some_and(|v| 3 * rows.iter().filter(|&&r| !v[r].is_nan()).count() > rows.len());
    let varies = |c: usize| frame.numbers(c).is_some_and(|v| rows.iter().filter(|&&r| !v[r].is_nan()).any(|&r| v[r] != v[rows[0]]));
    let mut all: Vec<usize> = frame.chosen.iter().copied().filter(|&c| c != depth && Some(c) != facies && enough(c) && varies(c)).collect();
    all.retain(|&c| !words(&frame.look.columns()[c].name).iter().any(|w| w == "confidence" || w == "z" || w == "tvd"));
    all.sort_by_key(|&c| (place(c), c));
    // One of each kind of curve before a second of any.
    let mut kinds = vec![0; ORDER.len() + 1];
    let mut ranked: Vec<(usize, usize, usize)> = all
        .iter()
        .map(|&c| {
            let kind = place(c);
            kinds[kind] += usize::from(kind < ORDER.len());
            (kinds[kind].max(1), kind, c)
        })
        .collect();
    ranked.sort_unstable();
    ranked.truncate(CURVES);
    ranked.sort_by_key(|r| (r.1, r.2));
    ranked.into_iter().map(|r| r.2).collect()
}

fn one(frame: &Frame, (name, rows): &(String, Vec<usize>), along: &[f64], codes: Option<&Codes>, curves: &[usize]) -> Well {
    let step = rows.len().div_ceil(SAMPLES).max(1);
    let kept: Vec<usize> = rows.iter().copied().step_by(step).collect();
    let curve = |&c: &usize| {
        let column = &frame.look.columns()[c];
        let v = frame.numbers(c).unwrap_or_default();
        let resistivity = ORDER[3].contains(&column.name.to_lowercase().as_str());
        let log = resistivity || wants_log(&sorted(v));
        Axis { name: column.name.clone(), unit: column.unit.clone(), log, values: kept.iter().map(|&r| v[r]).collect() }
    };
    Well {
        name: name.clone(),
        depth: kept.iter().map(|&r| along[r]).collect(),
        facies: codes.map_or_else(Vec::new, |c| kept.iter().map(|&r| code(c, r)).collect()),
        curves: curves.iter().map(curve).collect(),
        of: rows.len(),
    }
}
