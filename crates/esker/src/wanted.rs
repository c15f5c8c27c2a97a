//! Where and when predictions are wanted: a file of places, a grid or polygons, ready for designs that imitate that use.

use std::path::Path;

use esker_core::{Column, Context, Crs, Error, Note, Places, Result, Shape, Support, Table, Times, Values};
use esker_evaluate::split::{Aim, Design, Features};
use esker_io::crs::Transform;
use esker_io::{Data, Origin, Placed, ReadOptions, Within, beside};

use crate::columns::unknown_column;
use crate::dataset::{Dataset, to_days};
use crate::recipe::{DesignPart, Recipe, Validate, Wanted, WantedAt};

/// Points laid over polygons, about this many.
const LATTICE: usize = 10_000;
/// Moments that stand for a span of time.
const MOMENTS: usize = 200;

/// What is wanted, read but not yet met with the samples.
#[derive(Clone)]
pub(crate) struct WantedRows {
    pub table: Table,
    pub placed: Option<Placed>,
    pub name: String,
}

/// Reads the file that `[validate] wanted` names, if it names one.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn read(wanted: &Wanted, recipe: &Recipe, folder: &Path) -> Result<Option<WantedRows>> {
    let WantedAt::File(source) = &wanted.at else { return Ok(None) };
    let path = beside(folder, source);
    let options = ReadOptions { missing: recipe.data.missing.clone(), ..ReadOptions::default() };
    let origin = Origin::reach(&path, &Context::new(0, 1))?;
    let data = origin.open(&options)?.1;
    let name = origin.name().to_owned();
    if let Data::Features(features) = &data
        && features.geometries.iter().flatten().any(|g| g.shape == Shape::Polygons)
    {
        return lattice(features, name).map(Some);
    }
    let placed = data.placed();
    Ok(Some(WantedRows { table: esker_io::into_table(data, &options)?, placed, name }))
}

/// Points on a lattice inside polygons.
fn lattice(features: &esker_core::Features, name: String) -> Result<WantedRows> {
    let within = Within::of(features, &name)?;
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for point in features.geometries.iter().flatten().flat_map(|g| g.parts.iter().flatten()) {
        for i in 0..2 {
            low[i] = low[i].min(point[i]);
            high[i] = high[i].max(point[i]);
        }
    }
    let step = (((high[0] - low[0]) * (high[1] - low[1])) / LATTICE as f64).sqrt();
    let count = |i: usize| if step > 0.0 { ((high[i] - low[i]) / step).ceil().clamp(1.0, 1e5) as usize } else { 1 };
    let [nx, ny] = [count(0), count(1)];
    let at = |i: usize, k: usize, n: usize| low[i] + (high[i] - low[i]) * (k as f64 + 0.5) / n as f64;
    let x = (0..nx * ny).map(|k| at(0, k % nx, nx)).collect();
    let y = (0..nx * ny).map(|k| at(1, k / nx, ny)).collect();
    let placed = Placed { x: "x".into(), y: "y".into(), crs: features.crs.clone() };
    let table = within.rows(&Table::new(vec![Column::real("x", "", x), Column::real("y", "", y)])?, &placed)?;
    Ok(WantedRows { table, placed: Some(placed), name })
}

/// The use of the samples of a recipe: where and when predictions are wanted, and the features of both where all are complete numbers.
///
/// # Errors
/// Wanted rows that share neither places, times nor features with the samples, times wanted of samples without times, columns that are not there,
/// systems that cannot be brought together.
pub(crate) fn aim(rows: Option<&WantedRows>, recipe: &Recipe, data: &Dataset, notes: &mut Vec<Note>) -> Result<Aim> {
    let span = recipe.validate.wanted.as_ref().and_then(|w| w.time);
    if span.is_some() && data.samples.support().time.is_none() {
        return Err(Error::recipe("'validate.wanted.time'")
            .got("samples without times")
            .rule("times wanted are compared with those of the samples")
            .hint("name their column: [roles] time = \"year\""));
    }
    let mut aim = match rows {
        Some(rows) => of_rows(rows, span.is_some(), recipe, data, notes)?,
        None if span.is_none() => return Ok(Aim::default()),
        None => Aim { wanted: Some(Support::bare(MOMENTS)), features: None },
    };
    if let (Some((from, to)), Some(wanted)) = (span, &mut aim.wanted) {
        // Steps of the golden section spread evenly over the span, whatever the order of the places.
        let days = (0..wanted.rows).map(|i| from + (to - from) * (0.5 + 0.618_033_988_749_894_9 * i as f64).fract()).collect();
        wanted.time = Some(Times { days });
    }
    Ok(aim)
}

fn of_rows(rows: &WantedRows, timed: bool, recipe: &Recipe, data: &Dataset, notes: &mut Vec<Note>) -> Result<Aim> {
    let support = data.samples.support();
    let time = match (&recipe.roles.time, &support.time) {
        (Some(name), Some(_)) if rows.table.columns().iter().any(|c| c.name == *name) => Some(to_days(rows.table.column(name)?)?.0),
        _ => None,
    };
    let mut wanted = Support::bare(rows.table.rows());
    if let Some(places) = &support.place {
        wanted.place = Some(places_of(rows, recipe, places.crs(), notes)?);
    }
    wanted.rows = wanted.place.as_ref().map_or(wanted.rows, |p| p.x().len());
    wanted.time = time.filter(|days| days.len() == wanted.rows).map(|days| Times { days });
    let features = if wanted.rows == rows.table.rows() { features(rows, data) } else { None };
    if wanted.place.is_none() && wanted.time.is_none() && features.is_none() && !timed {
        return Err(Error::recipe("'validate.wanted'")
            .got("samples without a place")
            .rule("what is wanted is compared with the samples by place, time or features")
            .hint("name the columns: [roles] place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }"));
    }
    if features.is_none() {
        let text = format!("'{}' lacks features of the samples as complete numbers: only places and times are compared", rows.name);
        notes.push(Note::info("wanted-without-features", text));
    }
    Ok(Aim { wanted: Some(wanted), features })
}

/// The places of wanted rows in the samples' system.
pub(crate) fn places_of(rows: &WantedRows, recipe: &Recipe, crs: &Crs, notes: &mut Vec<Note>) -> Result<Places> {
    let role = recipe.roles.place.as_ref();
    let has = |name: &str| rows.table.columns().iter().any(|c| c.name == name);
    let named = role.filter(|p| has(&p.x) && has(&p.y)).map(|p| (p.x.as_str(), p.y.as_str()));
    let own = rows.placed.as_ref().map(|p| (p.x.as_str(), p.y.as_str()));
    let Some((x, y)) = own.or(named) else {
        let name = role.map_or("x", |p| p.x.as_str());
        return Err(unknown_column(&rows.table, name, "the file of [validate] wanted needs the columns of places that [roles] names"));
    };
    let stated = rows.placed.as_ref().and_then(|p| p.crs.clone());
    if stated.is_none() {
        notes.push(Note::info("wanted-crs", format!("'{}' states no CRS: its places are taken to be in {}", rows.name, crs.name())));
    }
    let (mut xs, mut ys) = (rows.table.column(x)?.reals()?.to_vec(), rows.table.column(y)?.reals()?.to_vec());
    if let Some(from) = stated.filter(|s| !esker_io::crs::same(s, crs)) {
        Transform::between(&from, crs)?.apply(&mut xs, &mut ys)?;
        notes.push(Note::info("wanted-crs", format!("places of '{}' were brought from {} to {}", rows.name, from.name(), crs.name())));
    }
    let known: Vec<usize> = (0..xs.len()).filter(|&i| xs[i].is_finite() && ys[i].is_finite()).collect();
    let lost = xs.len() - known.len();
    if known.is_empty() {
        return Err(Error::data(format!("'{}'", rows.name))
            .got("no row with a place")
            .rule("at least one place where predictions are wanted"));
    }
    if lost > 0 {
        notes.push(Note::warning(
            "wanted-without-place",
            format!("{lost} of {} rows of '{}' have no place and are left out", xs.len(), rows.name),
        ));
    }
    let pick = |v: &[f64]| known.iter().map(|&i| v[i]).collect();
    Places::new(pick(&xs), pick(&ys), crs.clone()).map_err(|e| e.hint(format!("these are the places of '{}'", rows.name)))
}

/// The use with the features of the samples, where a design clusters by them and they are not yet known: those that are complete numbers.
pub(crate) fn with_features(aim: Aim, validate: &Validate, data: &Dataset) -> Aim {
    let by_features = |part: &DesignPart| part.design == Design::Cluster && part.settings.text("by") != "place";
    if aim.features.is_some() || !std::iter::once(&validate.primary).chain(&validate.compare).any(by_features) {
        return aim;
    }
    let (names, columns): (Vec<String>, Vec<&[f64]>) = data
        .features
        .iter()
        .filter_map(|name| Some((name.clone(), data.samples.column(name).ok()?.reals().ok()?)))
        .filter(|(_, v)| v.iter().all(|x| x.is_finite()))
        .unzip();
    let samples = (0..data.samples.rows()).flat_map(|i| columns.iter().map(move |c| c[i])).collect();
    Aim { features: Some(Features { names, samples, wanted: Vec::new() }), ..aim }
}

/// Features of samples and of what is wanted, where all are numbers and none is missing.
fn features(rows: &WantedRows, data: &Dataset) -> Option<Features> {
    let numbers = |table: &[&Column]| -> Option<Vec<f64>> {
        let columns: Vec<&[f64]> = table
            .iter()
            .map(|c| match &c.values {
                Values::Real(v) if v.iter().all(|x| x.is_finite()) => Some(v.as_slice()),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let rows = columns.first()?.len();
        Some((0..rows).flat_map(|i| columns.iter().map(move |c| c[i])).collect())
    };
    let mine: Vec<&Column> = data.features.iter().map(|f| data.samples.column(f).ok()).collect::<Option<_>>()?;
    let theirs: Vec<&Column> = data.features.iter().map(|f| rows.table.column(f).ok()).collect::<Option<_>>()?;
    Some(Features { names: data.features.clone(), samples: numbers(&mine)?, wanted: numbers(&theirs)? })
}
