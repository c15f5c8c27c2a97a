//! Tiles and windows of one size whose extents the table tells: those on both sides of a fold that share cells.

use std::collections::HashSet;

use esker_core::{Column, Result};

use super::{Cure, Suspect, numbers, percent};
use crate::dataset::to_days;
use crate::plan::Plan;

/// Share of the tested rows that must share cells with training rows to be told.
const OVERLAP: f64 = 0.05;
/// Share of their width by which extents of one size differ, or touch.
const SAME: f64 = 0.01;
/// Names of the ends of an extent where the places of rows are not known, west or south first.
const NAMES: [[&[&str]; 2]; 2] = [
    [
        &["xmin", "x_min", "minx", "left", "west", "x0", "col_start", "col0"],
        &["xmax", "x_max", "maxx", "right", "east", "x1", "col_stop", "col1"],
    ],
    [
        &["ymin", "y_min", "miny", "bottom", "south", "y0", "row_start", "row0"],
        &["ymax", "y_max", "maxy", "top", "north", "y1", "row_stop", "row1"],
    ],
];

/// From where to where each row reaches along one axis, with the names of the columns.
struct Extent {
    low: Vec<f64>,
    high: Vec<f64>,
    names: [String; 2],
}

impl Extent {
    /// Two columns of equal distance, the second above the first, round `centre` where it is known.
    fn new(low: (&str, Vec<f64>), high: (&str, Vec<f64>), centre: Option<&[f64]>) -> Option<Self> {
        let width = high.1.first()? - low.1.first()?;
        let one_size = low.1.iter().zip(&high.1).all(|(l, h)| (h - l - width).abs() <= SAME * width);
        let around = centre.is_none_or(|c| c.iter().zip(low.1.iter().zip(&high.1)).all(|(c, (l, h))| l <= c && c <= h));
        // Without a width that is small beside the whole, the columns are something else.
        let span = low.1.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        let small = width > 0.0 && width <= 0.5 * (span.1 - span.0);
        let names = [low.0.to_owned(), high.0.to_owned()];
        (one_size && around && small).then_some(Self { low: low.1, high: high.1, names })
    }

    fn share(&self, a: usize, b: usize) -> bool {
        let edge = SAME * (self.high[a] - self.low[a]);
        self.low[a] + edge < self.high[b] && self.low[b] + edge < self.high[a]
    }
}

/// The widest extent round a coordinate of every row, among all columns of the table.
fn round_centre(columns: &[(&str, Vec<f64>)], centre: &[f64]) -> Option<Extent> {
    let below = |v: &[f64]| v.iter().zip(centre).all(|(v, c)| v <= c);
    let above = |v: &[f64]| v.iter().zip(centre).all(|(v, c)| v >= c);
    let lows = columns.iter().filter(|c| below(&c.1));
    lows.flat_map(|l| columns.iter().filter(|h| above(&h.1) && h.0 != l.0).map(move |h| (l, h)))
        .filter_map(|(l, h)| Extent::new((l.0, l.1.clone()), (h.0, h.1.clone()), Some(centre)))
        .max_by(|a, b| (a.high[0] - a.low[0]).total_cmp(&(b.high[0] - b.low[0])))
}

fn by_name(columns: &[(&str, Vec<f64>)], [lows, highs]: [&[&str]; 2]) -> Option<Extent> {
    let of = |name: &str| columns.iter().find(|c| c.0.eq_ignore_ascii_case(name));
    let (l, h) = lows.iter().zip(highs).find_map(|(l, h)| of(l).zip(of(h)))?;
    Extent::new((l.0, l.1.clone()), (h.0, h.1.clone()), None)
}

/// Tiles on the ground, else windows in time.
pub(super) fn across_folds(plan: &Plan) -> Result<Vec<Suspect>> {
    let support = plan.data.samples.support();
    let complete = |v: &Vec<f64>| v.iter().all(|x| x.is_finite());
    let table = || plan.data.table.columns().iter().filter(|c| c.name != plan.data.target);
    let plain: Vec<(&str, Vec<f64>)> =
        table().filter_map(|c| Some((c.name.as_str(), numbers(c)?.to_vec()))).filter(|c| complete(&c.1)).collect();
    let on_ground = match &support.place {
        Some(p) => round_centre(&plain, p.x()).zip(round_centre(&plain, p.y())),
        None => by_name(&plain, NAMES[0]).zip(by_name(&plain, NAMES[1])),
    };
    if let Some((x, y)) = on_ground {
        return Ok(told(plan, "Tiles", &[x, y], &|_, _| true).into_iter().collect());
    }
    let Some(time) = support.time.as_ref().filter(|t| complete(&t.days)) else { return Ok(Vec::new()) };
    let days = |c: &Column| to_days(c).ok().map(|d| d.0).filter(complete);
    let times: Vec<(&str, Vec<f64>)> = table().filter_map(|c| Some((c.name.as_str(), days(c)?))).collect();
    let Some(extent) = round_centre(&times, &time.days) else { return Ok(Vec::new()) };
    let one = |a: usize, b: usize| {
        let group = support.group.as_ref().is_none_or(|g| g.codes()[a] == g.codes()[b]);
        group && support.place.as_ref().is_none_or(|p| p.x()[a] == p.x()[b] && p.y()[a] == p.y()[b])
    };
    Ok(told(plan, "Windows in time", &[extent], &one).into_iter().collect())
}

/// What overlaps across folds, along all axes at once; `one` says whether two rows may share anything at all.
fn told(plan: &Plan, things: &str, extents: &[Extent], one: &dyn Fn(usize, usize) -> bool) -> Option<Suspect> {
    let first = extents.first()?;
    let mut order: Vec<usize> = (0..first.low.len()).collect();
    order.sort_by(|&a, &b| first.low[a].total_cmp(&first.low[b]));
    let lows: Vec<f64> = order.iter().map(|&r| first.low[r]).collect();
    let (mut rows, mut apart, mut tested) = (Vec::new(), Vec::new(), 0);
    for fold in plan.primary_folds() {
        let learned: HashSet<usize> = fold.train.iter().copied().collect();
        let mut drop = Vec::new();
        for &row in &fold.test {
            tested += 1;
            let width = first.high[row] - first.low[row];
            let (from, to) = (lows.partition_point(|l| *l < first.low[row] - 1.1 * width), lows.partition_point(|l| *l < first.high[row]));
            let before = drop.len();
            drop.extend(
                order[from..to].iter().filter(|r| learned.contains(r) && one(row, **r) && extents.iter().all(|e| e.share(row, **r))),
            );
            if drop.len() > before {
                rows.push(row);
            }
        }
        drop.sort_unstable();
        drop.dedup();
        apart.push(drop);
    }
    if (rows.len() as f64) < OVERLAP * tested as f64 {
        return None;
    }
    let met = rows.len();
    rows.sort_unstable();
    rows.dedup();
    let names: Vec<String> = extents.iter().flat_map(|e| &e.names).map(|n| format!("'{n}'")).collect();
    let part = plan.designs.first().map_or("validate", |d| &d.part.path);
    Some(Suspect {
        code: "overlapping-tiles",
        what: format!("{things} overlap across folds."),
        columns: Vec::new(),
        key: format!("{part}.design"),
        rows,
        evidence: format!(
            "By {}, {met} of {tested} tested rows ({}) share cells with a training row.",
            names.join(", "),
            percent(met, tested)
        ),
        mend: "Keep those that overlap in one fold: design = \"block\" with a buffer (km) as wide as a tile, a gap (days) as long as a window, or every tile once without overlap."
            .to_owned(),
        cure: Cure::Apart(apart),
        proven: false,
    })
}
