//! Coverage by group, region, period, and range of the prediction and the observation.

use esker_core::record::CoverageBy;
use esker_core::{Calendar, Codes, Places, Result, Rng};
use esker_evaluate::interval::{Ends, Part, bands, parts};
use esker_evaluate::split::Design;
use esker_math::{Ground, k_means};

use super::Tested;
use crate::judge::short;

/// More groups than these are too many to read.
const MOST_GROUPS: usize = 200;
/// Rows that a region made by us should hold on average, and how many regions there are at most.
const REGION_ROWS: usize = 30;
const MOST_REGIONS: usize = 8;
/// More years than these are gathered into spans.
const MOST_YEARS: usize = 15;
/// Bands of time and target.
const BANDS: usize = 5;
const STARTS: usize = 10;

/// Every breakdown that these rows have.
pub(super) fn by(t: &Tested<'_>, ends: &Ends, level: f64) -> Result<Vec<CoverageBy>> {
    let mut list = Vec::new();
    let mut add = |by: &str, of: String, made: Vec<Part>| -> Result<()> {
        let mut found = if made.len() > 1 { parts(&t.observed, ends, made, level)? } else { Vec::new() };
        if by == "group" {
            found.sort_by(|a, b| a.p.total_cmp(&b.p).then(a.coverage.total_cmp(&b.coverage)).then_with(|| a.name.cmp(&b.name)));
        }
        if found.len() > 1 {
            list.push(CoverageBy { by: by.to_owned(), of, parts: found });
        }
        Ok(())
    };
    let (samples, design) = (t.plan.data.samples.support().select(&t.rows), &t.plan.designs[0]);
    if let Some(group) = &samples.group {
        add("group", t.plan.recipe.roles.group.clone().unwrap_or_default(), groups(group))?;
    }
    let regions = design.support.select(&t.rows).group.filter(|_| design.part.design == Design::Region);
    match (&regions, &samples.place) {
        (Some(regions), _) => add("region", "regions of the design".to_owned(), groups(regions))?,
        (None, Some(places)) => {
            let made = compact(places, &Rng::new(t.plan.recipe.seed).fork("coverage regions", 0))?;
            add("region", "compact regions (k-means of the places), named by their centre".to_owned(), made)?;
        }
        (None, None) => {}
    }
    if let Some(time) = &samples.time {
        add("period", "periods".to_owned(), periods(&time.days))?;
    }
    let range = |low: f64, high: f64| if low == high { short(low) } else { format!("{} to {}", short(low), short(high)) };
    add("predicted", "fifths of the predicted value".to_owned(), bands(&t.predicted, BANDS, range))?;
    add("observed", "fifths of the observed value".to_owned(), bands(&t.observed, BANDS, range))?;
    Ok(list)
}

fn groups(codes: &Codes) -> Vec<Part> {
    let mut parts: Vec<Part> = codes.levels().iter().map(|l| Part { name: l.clone(), rows: Vec::new() }).collect();
    for (i, &code) in codes.codes().iter().enumerate() {
        if let Some(part) = parts.get_mut(code as usize) {
            part.rows.push(i);
        }
    }
    parts.retain(|p| !p.rows.is_empty());
    if parts.len() > MOST_GROUPS { Vec::new() } else { parts }
}

/// Rows gathered by place, north before south.
fn compact(places: &Places, rng: &Rng) -> Result<Vec<Part>> {
    let ground = Ground::new(places);
    let (n, d) = (ground.len(), ground.dimensions());
    // The order of the rows must not show in the clusters.
    let mut order: Vec<usize> = (0..n).collect();
    let key = |i: usize| (places.x()[i], places.y()[i]);
    order.sort_by(|&a, &b| key(a).0.total_cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)));
    let mut distinct = order.clone();
    distinct.dedup_by(|a, b| key(*a) == key(*b));
    let wanted = (n / REGION_ROWS).min(distinct.len() / 2).min(MOST_REGIONS);
    if wanted < 2 {
        return Ok(Vec::new());
    }
    let found = k_means(ground.select(&order).points(), d, (wanted, STARTS), rng)?;
    let mut regions: Vec<Vec<usize>> = vec![Vec::new(); wanted];
    order.iter().zip(&found.of_point).for_each(|(&i, &c)| regions[c].push(i));
    regions.retain(|rows| !rows.is_empty());
    let mut centred: Vec<((f64, f64), Vec<usize>)> = regions.into_iter().map(|rows| (centre(places, &rows), rows)).collect();
    centred.sort_by(|a, b| b.0.1.total_cmp(&a.0.1).then(a.0.0.total_cmp(&b.0.0)));
    let degrees = places.crs().is_degrees();
    let named = |digits: usize| centred.iter().map(|(c, _)| name(*c, degrees, digits)).collect::<Vec<_>>();
    let unlike = |names: &Vec<String>| (1..names.len()).all(|i| !names[..i].contains(&names[i]));
    let names = (0..6).map(named).find(unlike).unwrap_or_else(|| named(6));
    Ok(names.into_iter().zip(centred).map(|(name, (_, rows))| Part { name, rows }).collect())
}

/// The middle of some places; longitudes go round the globe.
fn centre(places: &Places, rows: &[usize]) -> (f64, f64) {
    let mean = |of: &dyn Fn(usize) -> f64| rows.iter().map(|&i| of(i)).sum::<f64>() / rows.len() as f64;
    let y = mean(&|i| places.y()[i]);
    if !places.crs().is_degrees() {
        return (mean(&|i| places.x()[i]), y);
    }
    let (sin, cos) = (mean(&|i| places.x()[i].to_radians().sin()), mean(&|i| places.x()[i].to_radians().cos()));
    (sin.atan2(cos).to_degrees(), y)
}

/// `61° N, 8° E`, or `x 180 km, y 331 km`.
fn name((x, y): (f64, f64), degrees: bool, digits: usize) -> String {
    if degrees {
        let side = |v: f64, plus: &str, minus: &str| format!("{:.digits$}° {}", v.abs(), if v < 0.0 { minus } else { plus });
        return format!("{}, {}", side(y, "N", "S"), side(x, "E", "W"));
    }
    format!("x {:.digits$} km, y {:.digits$} km", x / 1000.0, y / 1000.0)
}

/// Calendar years where they are few, else spans of about equal rows.
fn periods(days: &[f64]) -> Vec<Part> {
    let date = |days: f64| Calendar::Proleptic.date(days);
    let year = |i: usize| days[i].is_finite().then(|| date(days[i]).year);
    let mut years: Vec<_> = (0..days.len()).filter_map(year).collect();
    years.sort_unstable();
    years.dedup();
    if (2..=MOST_YEARS).contains(&years.len()) {
        return years
            .into_iter()
            .map(|y| Part { name: y.to_string(), rows: (0..days.len()).filter(|&i| year(i) == Some(y)).collect() })
            .collect();
    }
    bands(days, BANDS, |from, to| format!("{} to {}", date(from.floor()), date(to.floor())))
}
