//! Values of a grid at the place of each row.

use std::collections::HashMap;

use esker_core::{Cube, Error, Note, Places, Result, Table};
use esker_io::{Sampling, Stat};

use super::climate::{Climate, Fetch, Rows};
use super::file::open;
use super::{Done, Scene, add};
use crate::columns::unknown_column;
use crate::recipe::{PlacePart, Sample};
use crate::source::no_crs;

pub(super) fn run(step: &Sample, scene: &Scene<'_>, mut table: Table) -> Result<Done> {
    let (cube, source) = open(&step.file, scene, Vec::new())?.cube()?;
    let mut notes = cube.notes.clone();
    let sites = Sites::of(&table, scene.place(step.place.as_ref())?, scene)?;
    if sites.without > 0 {
        notes.push(Note::warning("no-place", format!("{} rows have no place and find no value.", sites.without)));
    }
    let fetch = |cube: &Cube, name: &str, notes: &mut Vec<Note>| {
        let sampled = esker_io::sample(cube, name, &sites.places, step.method, scene.cx)?;
        notes.extend(sampled.notes.into_iter().filter(|n| !notes.contains(n)).collect::<Vec<_>>());
        Ok(sampled.columns)
    };
    notes.push(Note::info(
        "sampled",
        match step.method {
            Sampling::Nearest => "Values are those of the cell that each place lies in.",
            Sampling::Bilinear => "Values are linear between the four cell centres around each place.",
        },
    ));
    let rows = Rows { table: &table, site: &sites.of_row, sites: sites.places.x().len() };
    let fetch: Fetch<'_> = &fetch;
    let climate = Climate { part: &step.grid, scene, cube: &cube, rows, fetches: vec![(String::new(), Stat::Mean, fetch)], heights: fetch };
    let (made, matched) = climate.columns(&mut notes)?;
    add(&mut table, made)?;
    Ok(Done { sources: vec![source], matched: Some(matched), ..Done::new(table, notes) })
}

/// The places of rows, each once.
pub(super) struct Sites {
    pub places: Places,
    pub of_row: Vec<Option<usize>>,
    pub without: usize,
}

impl Sites {
    pub fn of(table: &Table, place: &PlacePart, scene: &Scene<'_>) -> Result<Self> {
        let find = |name: &str| {
            let column = table.columns().iter().find(|c| c.name == name);
            column.ok_or_else(|| unknown_column(table, name, "no such column in the table"))?.reals()
        };
        let (xs, ys) = (find(&place.x)?, find(&place.y)?);
        let mut sites: HashMap<(u64, u64), usize> = HashMap::new();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let of_row: Vec<Option<usize>> = xs
            .iter()
            .zip(ys)
            .map(|(&a, &b)| {
                scene.cx.check()?;
                Ok((!a.is_nan() && !b.is_nan()).then(|| {
                    *sites.entry((a.to_bits(), b.to_bits())).or_insert_with(|| {
                        x.push(a);
                        y.push(b);
                        x.len() - 1
                    })
                }))
            })
            .collect::<Result<_>>()?;
        let without = of_row.iter().filter(|s| s.is_none()).count();
        if x.is_empty() {
            return Err(Error::data(format!("places '{}' and '{}'", place.x, place.y))
                .got("none in any row")
                .rule("at least one row has a place"));
        }
        Ok(Self { places: Places::new(x, y, place.crs.clone().ok_or_else(no_crs)?)?, of_row, without })
    }
}
