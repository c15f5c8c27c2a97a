//! Statistics of a grid within the polygon of each row.

use esker_core::{Context, Cube, Error, Features, Note, Result, Table};
use esker_io::{Stat, Within, zonal};

use super::climate::{Climate, Fetch, Rows};
use super::file::open;
use super::keys::find;
use super::sample::Sites;
use super::{Done, Scene, add};
use crate::recipe::Zonal;

pub(super) fn run(step: &Zonal, scene: &Scene<'_>, mut table: Table) -> Result<Done> {
    let (cube, source) = open(&step.file, scene, Vec::new())?.cube()?;
    let labels = step.by.iter().map(|(_, there)| there.clone()).collect();
    let (features, polygons) = open(&step.polygons, scene, labels)?.features()?;
    let mut notes: Vec<Note> = features.table.notes.iter().chain(&cube.notes).cloned().collect();
    let of_row = polygons_of(step, scene, (&features, &polygons.name), &table, &mut notes)?;
    // Only polygons that rows have are looked at.
    let mut used: Vec<usize> = of_row.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    let site: Vec<Option<usize>> = of_row.iter().map(|f| f.and_then(|f| used.binary_search(&f).ok())).collect();
    let geometries = used.iter().map(|&i| features.geometries[i].clone()).collect();
    let features = Features::new(Table::default(), geometries, features.crs.clone())?;
    let with = |stat: Stat| {
        let features = &features;
        move |cube: &Cube, name: &str, notes: &mut Vec<Note>| statistic(cube, name, (features, stat), notes, scene.cx)
    };
    let fetches: Vec<_> = step.statistics.iter().map(|&stat| (stat, with(stat))).collect();
    let suffix = |stat: Stat| if step.statistics.len() > 1 { format!("_{}", stat.name()) } else { String::new() };
    let fetches: Vec<(String, Stat, Fetch<'_>)> = fetches.iter().map(|(stat, f)| (suffix(*stat), *stat, f as Fetch<'_>)).collect();
    let heights = with(Stat::Mean);
    let found = site.iter().filter(|s| s.is_some()).count();
    notes.push(Note::info(
        "polygons",
        format!("{found} of {} rows have one of {} polygons of '{}'.", site.len(), used.len(), polygons.name),
    ));
    let rows = Rows { table: &table, site: &site, sites: used.len() };
    let (made, matched) = Climate { part: &step.grid, scene, cube: &cube, rows, fetches, heights: &heights }.columns(&mut notes)?;
    add(&mut table, made)?;
    Ok(Done { sources: vec![source, polygons], matched: Some(matched), ..Done::new(table, notes) })
}

/// The polygon of each row: by keys, or by the place of the row.
fn polygons_of(
    step: &Zonal,
    scene: &Scene<'_>,
    (features, name): (&Features, &str),
    table: &Table,
    notes: &mut Vec<Note>,
) -> Result<Vec<Option<usize>>> {
    if step.by.is_empty() {
        let sites = Sites::of(table, scene.place(step.place.as_ref())?, scene)?;
        let places = (sites.places.x().to_vec(), sites.places.y().to_vec());
        let (which, said) = Within::of(features, name)?.which(places, Some(sites.places.crs()), "the rows", scene.cx)?;
        notes.extend(said);
        return Ok(sites.of_row.iter().map(|s| s.and_then(|s| which[s])).collect());
    }
    let found = find(table, &features.table, &step.by, name, scene.cx)?;
    let many = found.rows().iter().filter(|r| r.len() > 1).count();
    if many > 0 {
        return Err(Error::data(format!("polygons '{name}'"))
            .got(format!("{many} of {} rows with several polygons of one key", table.rows()))
            .rule("each row has one polygon")
            .hint("leave by out where the place of the row says which"));
    }
    Ok(found.rows().iter().map(|r| r.first().copied()).collect())
}

/// One statistic of each polygon, a list for each time.
fn statistic(cube: &Cube, name: &str, (features, stat): (&Features, Stat), notes: &mut Vec<Note>, cx: &Context) -> Result<Vec<Vec<f64>>> {
    let mut table = zonal(cube, name, features, &[stat], cx)?;
    let said = std::mem::take(&mut table.notes);
    notes.extend(said.into_iter().filter(|n| !notes.contains(n)).collect::<Vec<_>>());
    let values = table.columns().last().map_or(Ok(&[][..]), |c| c.reals())?;
    let (sites, times) = (features.geometries.len(), values.len() / features.geometries.len().max(1));
    Ok((0..times).map(|t| (0..sites).map(|s| values[s * times + t]).collect()).collect())
}
