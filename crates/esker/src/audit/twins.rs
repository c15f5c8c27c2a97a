//! Groups that are one thing under two names: a station renamed, a well logged twice.

use std::collections::{BTreeMap, BTreeSet};

use esker_core::{Result, Values};

use super::{Cure, Scaled, Suspect, distinct, key, numbers};
use crate::plan::Plan;

/// Columns that must be constant in each group, and the same in two, for the two to be one.
const CONSTANT: usize = 3;
/// Share of the rows of either group whose nearest row of another group is in the other one.
const MUTUAL: f64 = 0.8;
/// Such rows are nearer than this share of their distance to any third group.
const NEARER: f64 = 0.5;
/// Rows of a group from which on neighbours tell.
const FEW: usize = 10;
/// About so many rows of a group are asked for their neighbours.
const ASKED: usize = 40;

/// Twins that stand on both sides of a fold.
pub(super) fn of_groups(plan: &Plan) -> Result<Vec<Suspect>> {
    let Some(group) = plan.designs.first().and_then(|d| d.support.group.as_ref()) else { return Ok(Vec::new()) };
    let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    (0..group.len()).filter(|&r| group.codes()[r] != esker_core::MISSING).for_each(|r| rows.entry(group.codes()[r]).or_default().push(r));
    // Groups of single rows are no groups.
    if rows.len() < 4 || 5 * group.len() < 6 * rows.len() {
        return Ok(Vec::new());
    }
    let (by_constants, names) = same_constants(plan, &rows);
    let (pairs, evidence) = if by_constants.is_empty() {
        (
            neighbours(plan, &rows)?,
            "nearly every row of one has its nearest neighbour of another group in the other, and any third is far away".to_owned(),
        )
    } else {
        (by_constants, format!("the same {}, which differ between other groups", names.join(", ")))
    };
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let apart: Vec<Vec<usize>> = plan
        .primary_folds()
        .iter()
        .map(|fold| {
            let of = |list: &[usize]| list.iter().map(|&r| group.codes()[r]).collect::<BTreeSet<u32>>();
            let (tested, learned) = (of(&fold.test), of(&fold.train));
            let both = |&&(a, b): &&(u32, u32)| tested.contains(&a) && learned.contains(&b) && !tested.contains(&b);
            let turned: Vec<(u32, u32)> = pairs.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
            let split: Vec<&(u32, u32)> = turned.iter().filter(both).collect();
            split.iter().for_each(|&&(a, b)| found.push((a.min(b), a.max(b))));
            let drop: BTreeSet<u32> = split.iter().map(|p| p.1).collect();
            fold.train.iter().copied().filter(|&r| drop.contains(&group.codes()[r])).collect()
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let name = |code: u32| group.levels().get(code as usize).map_or("", String::as_str);
    let listed: Vec<String> = found.iter().take(5).map(|&(a, b)| format!("'{}' and '{}'", name(a), name(b))).collect();
    let part = plan.designs.first().map_or("validate", |d| &d.part.path);
    Ok(vec![Suspect {
        code: "twin-groups",
        what: "Groups that are one under two names stand on both sides of a fold.".to_owned(),
        columns: Vec::new(),
        key: format!("{part}.design"),
        rows: found
            .iter()
            .flat_map(|p| [p.0, p.1])
            .flat_map(|code| rows[&code].iter().copied())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        evidence: format!("{} of {} groups pair up, {}: {evidence}.", 2 * found.len(), rows.len(), listed.join("; ")),
        mend: "Give both the same name in the group column, so that they stay in one fold.".to_owned(),
        cure: Cure::Apart(apart),
        proven: true,
    }])
}

type Pairs = Vec<(u32, u32)>;

/// Groups that agree in every column of numbers that is constant in each group and tells groups apart, and the names of those columns.
fn same_constants(plan: &Plan, rows: &BTreeMap<u32, Vec<usize>>) -> (Pairs, Vec<String>) {
    let constant = |v: &Values| rows.values().all(|of| of.iter().all(|&r| key(v, r) == key(v, of[0]) && key(v, r).is_some()));
    let columns: Vec<(&str, &Values)> = plan
        .data
        .table
        .columns()
        .iter()
        .filter(|c| numbers(c).is_some() && c.name != plan.data.target)
        .filter(|c| 2 * distinct(&c.values) > rows.len() && constant(&c.values))
        .map(|c| (c.name.as_str(), &c.values))
        .collect();
    let mut of: BTreeMap<Vec<Option<u64>>, Vec<u32>> = BTreeMap::new();
    for (&code, rows) in rows {
        of.entry(columns.iter().map(|c| key(c.1, rows[0])).collect()).or_default().push(code);
    }
    let pairs: Pairs = of.values().flat_map(|same| same.windows(2).map(|w| (w[0], w[1]))).collect();
    // Where half of the groups share a place, the place is not what a group is.
    if columns.len() < CONSTANT || 2 * pairs.len() > rows.len() {
        return (Vec::new(), Vec::new());
    }
    (pairs, columns.iter().map(|c| format!("'{}'", c.0)).collect())
}

/// Groups whose rows are each other's neighbours, in all columns of numbers that hardly repeat.
fn neighbours(plan: &Plan, rows: &BTreeMap<u32, Vec<usize>>) -> Result<Pairs> {
    let scaled = Scaled::new(plan);
    if scaled.columns.len() < 2 {
        return Ok(Vec::new());
    }
    let all: Vec<(u32, usize)> = rows.iter().flat_map(|(&code, of)| of.iter().map(move |&r| (code, r))).collect();
    let tree = scaled.tree(&all.iter().map(|a| a.1).collect::<Vec<usize>>())?;
    // Of some rows, the nearest that is of none of some groups: with how many rows of each group, and how far (median).
    let median_to = |own: &[usize], not: &[u32]| -> Result<(BTreeMap<u32, usize>, f64)> {
        let (mut counts, mut far, mut found) = (BTreeMap::new(), Vec::new(), Vec::new());
        for &r in own.iter().step_by(own.len().div_ceil(ASKED).max(1)) {
            let mut many = 8;
            loop {
                tree.nearest(&scaled.point(r), many, &mut found);
                if let Some(f) = found.iter().find(|f| !not.contains(&all[f.index].0)) {
                    *counts.entry(all[f.index].0).or_default() += 1;
                    far.push(f.distance2.sqrt());
                    break;
                }
                if many >= all.len() {
                    break;
                }
                many *= 4;
            }
        }
        Ok((counts, esker_math::quantile(&far, 0.5)?))
    };
    // Of each group, the one that most of its rows are nearest to, if that is nearer than any third.
    let mut towards: BTreeMap<u32, u32> = BTreeMap::new();
    for (&code, own) in rows.iter().filter(|r| r.1.len() >= FEW) {
        let (counts, near) = median_to(own, &[code])?;
        let Some((&other, _)) =
            counts.iter().max_by_key(|c| *c.1).filter(|c| *c.1 as f64 >= MUTUAL * counts.values().sum::<usize>() as f64)
        else {
            continue;
        };
        if near < NEARER * median_to(own, &[code, other])?.1 {
            towards.insert(code, other);
        }
    }
    Ok(towards.iter().filter(|(a, b)| a < b && towards.get(b) == Some(a)).map(|(a, b)| (*a, *b)).collect())
}
