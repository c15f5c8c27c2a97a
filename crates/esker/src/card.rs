//! The data card: what the rows used are.

use esker_core::record::{ColumnCard, DataCard, Summary};
use esker_core::{Column, Values};

use crate::plan::Plan;
use crate::recipe::{PlacePart, WeightPart};

pub(crate) fn data_card(plan: &Plan) -> DataCard {
    let roles = &plan.recipe.roles;
    let support = plan.data.samples.support();
    let mut columns: Vec<ColumnCard> = Vec::new();
    if let Ok(target) = plan.data.samples.column(&plan.data.target) {
        columns.push(card(target, "target"));
    }
    let mut named: Vec<(&str, &str)> = Vec::new();
    if let Some(PlacePart { x, y, .. }) = &roles.place {
        named.extend([(x.as_str(), "x"), (y.as_str(), "y")]);
    }
    named.extend(roles.time.as_deref().map(|n| (n, "time")));
    named.extend(roles.group.as_deref().map(|n| (n, "group")));
    match &roles.weight {
        Some(WeightPart::InverseVariance(n)) => named.push((n, "error")),
        Some(WeightPart::Column(n)) => named.push((n, "weight")),
        Some(WeightPart::Spread(_)) | None => {}
    }
    if let Some(n) = roles.error.as_deref().filter(|n| !named.contains(&(*n, "error"))) {
        named.push((n, "error"));
    }
    for (name, role) in named {
        if let Ok(column) = plan.data.table.column(name) {
            columns.push(card(column, role));
        }
    }
    for name in &plan.data.features {
        if let Ok(column) = plan.data.samples.column(name) {
            columns.push(card(column, "feature"));
        }
    }
    let group =
        roles.group.as_ref().zip(support.group.as_ref()).map(|(name, g)| (name.clone(), g.counts().iter().filter(|c| **c > 0).count()));
    DataCard {
        rows_read: plan.data.rows_read,
        rows_used: plan.data.samples.rows(),
        dropped: plan.data.dropped.clone(),
        columns,
        crs: support.place.as_ref().map(|p| p.crs().name().to_owned()),
        extent: support.place.as_ref().map(|p| {
            let range = |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
            let ((w, e), (s, n)) = (range(p.x()), range(p.y()));
            [w, s, e, n]
        }),
        period: support.time.as_ref().and_then(|t| {
            let known: Vec<f64> = t.days.iter().copied().filter(|d| !d.is_nan()).collect();
            let first = known.iter().copied().reduce(f64::min)?;
            let last = known.iter().copied().reduce(f64::max)?;
            Some([esker_io::time::format_date(first), esker_io::time::format_date(last)])
        }),
        groups: group,
        weights: plan.data.weights_in_words.clone(),
        credit: plan.recipe.data.credit.clone(),
        locked: plan.lock.as_ref().map(|l| l.locked.clone()),
        steps: plan.steps.clone(),
    }
}

fn card(column: &Column, role: &str) -> ColumnCard {
    let mut summary = None;
    let mut levels = Vec::new();
    match &column.values {
        Values::Real(v) => summary = summarise(v),
        Values::Class(codes) => {
            let mut counts: Vec<(String, usize)> = codes.levels().iter().cloned().zip(codes.counts()).collect();
            counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            counts.truncate(20);
            levels = counts;
        }
    }
    ColumnCard {
        name: column.name.clone(),
        unit: column.unit.clone(),
        role: role.to_owned(),
        missing: column.values.missing(),
        summary,
        levels,
    }
}

pub(crate) fn summarise(values: &[f64]) -> Option<Summary> {
    let mut known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    let n = known.len();
    let (min, max) = (*known.first()?, *known.last()?);
    let mean = known.iter().sum::<f64>() / n as f64;
    let sd = if n > 1 { (known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64).sqrt() } else { 0.0 };
    let median = (known[(n - 1) / 2] + known[n / 2]) / 2.0;
    Some(Summary { min, median, mean, max, sd })
}
