//! GeoTIFF, BigTIFF and cloud-optimised GeoTIFF as cubes, read by strip or tile.
//!
//! TIFF 6.0, OGC GeoTIFF 1.1 and GDAL's tags. The first full-resolution image is opened; overviews, masks and further images are
//! noted. Axes are `y` (rows, in file order) and `x` (columns), their labels the cells' centres.

mod blocks;
mod codec;
mod geokeys;
mod ifd;
mod image;
mod layout;
mod metadata;
mod place;
mod projections;
mod pyramid;
mod write;

use std::path::Path;
use std::sync::Arc;

use esker_core::cube::{Attribute, Attributes, Axis, AxisKind, Holds, Variable};
use esker_core::{Crs, Cube, Note, Result, Unit};

use blocks::{Meaning, Raster, missing_as};
use geokeys::{GeoKeys, from_geokeys};
use ifd::{Directory, directories};
use image::{Image, Sample};
use metadata::Metadata;
use place::Transform;

use crate::source::Source;

pub use write::{Precision, write_geotiff};

/// Opens a raster as a cube with a variable a band.
///
/// # Errors
/// The disk refuses, the file is damaged, or its compression or sample type is not read.
pub(crate) fn read_geotiff(path: &Path, name: &str) -> Result<Cube> {
    let source = Source::open(path, name)?;
    let (order, all) = directories(&source)?;
    let mut notes = Vec::new();
    let main = main_image(&source, &all, &mut notes)?;
    let ifd = &all[main];
    let image = Image::parse(&source, order, ifd)?;
    let keys = GeoKeys::read(&source, ifd)?;
    let (crs, of_crs) = from_geokeys(&keys);
    notes.extend(of_crs);
    let transform = Transform::read(&source, ifd, &keys)?;
    let straight = transform.filter(Transform::is_straight);
    place_notes(&source, ifd, transform, &mut notes)?;

    if image.compression == codec::Compression::Jpeg {
        notes.push(Note::info(
            "lossy",
            "the values were compressed with loss (JPEG): other programs decode some of them a few counts apart",
        ));
    }
    let text = ifd.text(&source, 42_112)?.unwrap_or_default();
    let metadata = metadata::parse(&text, image.bands);
    let missing = missing_value(&source, ifd, &image, &mut notes)?;
    let axes = axes(&image, straight, crs.as_ref(), &keys, &mut notes);
    let stem = path.file_stem().map_or_else(|| "band_1".to_owned(), |s| s.to_string_lossy().into_owned());
    let mut variables = variables(&image, &metadata, &stem, &mut notes);
    let meanings =
        metadata.bands.iter().map(|b| Meaning { missing, scale: b.scale.unwrap_or(1.0), offset: b.offset.unwrap_or(0.0) }).collect();
    let askew = transform.is_some() && straight.is_none();
    if askew {
        variables.extend(["x_of_cell", "y_of_cell"].map(|n| place_variable(n, &image, crs.as_ref(), &keys)));
    }
    let attributes = attributes(&source, ifd, metadata.attributes, &keys)?;
    let raster = Raster::new(source, image, meanings, transform.filter(|_| askew));
    let mut cube = Cube::new(axes, variables, Arc::new(raster))?;
    cube.attributes = attributes;
    cube.places = askew.then(|| ("x_of_cell".to_owned(), "y_of_cell".to_owned()));
    cube.crs = crs.filter(|_| transform.is_some());
    cube.notes = notes;
    Ok(cube)
}

/// The first image that is neither an overview nor a mask; the others are noted.
fn main_image(source: &Source, all: &[Directory], notes: &mut Vec<Note>) -> Result<usize> {
    let mut kinds = Vec::new();
    for ifd in all {
        let kind = ifd.uint(source, 254, 0)?;
        // The old tag 255 says 2 for an overview.
        kinds.push(if kind == 0 && ifd.uint(source, 255, 1)? == 2 { 1 } else { kind });
    }
    let main = kinds.iter().position(|k| k & 5 == 0).unwrap_or(0);
    let count = |wanted: &dyn Fn(u64) -> bool| kinds.iter().enumerate().filter(|(i, k)| *i != main && wanted(**k)).count();
    let overviews = count(&|k| k & 5 == 1);
    if overviews > 0 {
        notes.push(Note::info("overviews", format!("{overviews} smaller copies (overviews) in the file are not read; the full image is")));
    }
    if count(&|k| k & 4 == 4) > 0 {
        notes.push(Note::warning(
            "mask-not-applied",
            "the file holds a mask of which cells count; it is not applied, values below it are kept",
        ));
    }
    let pages = count(&|k| k & 5 == 0);
    if pages > 0 {
        notes.push(Note::warning("further-images", format!("{pages} further images in the file are not read")));
    }
    Ok(main)
}

fn place_notes(source: &Source, ifd: &Directory, transform: Option<Transform>, notes: &mut Vec<Note>) -> Result<()> {
    match transform {
        None => {
            let ties = ifd.reals(source, 33_922)?.map_or(0, |t| t.len() / 6);
            let why = if ties > 1 { format!("only {ties} ground control points place it") } else { "nothing places it".to_owned() };
            notes.push(Note::warning("no-places", format!("the raster's cells are counted, not placed: {why}")));
        }
        Some(t) if !t.is_straight() => {
            notes.push(Note::info(
                "rotated-raster",
                "the raster lies askew: its rows and columns are counted, and 'x_of_cell' and 'y_of_cell' place each cell",
            ));
        }
        Some(_) => {}
    }
    Ok(())
}

fn missing_value(source: &Source, ifd: &Directory, image: &Image, notes: &mut Vec<Note>) -> Result<Option<f64>> {
    let Some(text) = ifd.text(source, 42_113)? else { return Ok(None) };
    let missing = missing_as(&text, image.sample, image.bits);
    if missing.is_none() && !text.trim().is_empty() {
        let kind = image.storage();
        notes.push(Note::info("missing-never", format!("the missing value '{text}' cannot occur among numbers stored as {kind}")));
    }
    Ok(missing)
}

/// The unit of the axes.
fn unit_of(crs: Option<&Crs>, keys: &GeoKeys, kind: AxisKind) -> String {
    match crs {
        None => String::new(),
        Some(crs) if crs.is_degrees() => if kind == AxisKind::X { "degrees_east" } else { "degrees_north" }.to_owned(),
        Some(_) => match keys.metres() {
            1.0 => "m".to_owned(),
            1000.0 => "km".to_owned(),
            0.3048 => "ft".to_owned(),
            m if (m - 1200.0 / 3937.0).abs() < 1e-12 => "US_survey_foot".to_owned(),
            m => format!("{m} m"),
        },
    }
}

fn axes(image: &Image, transform: Option<Transform>, crs: Option<&Crs>, keys: &GeoKeys, notes: &mut Vec<Note>) -> Vec<Axis> {
    let Some(t) = transform else { return vec![Axis::bare("y", image.height), Axis::bare("x", image.width)] };
    let y = Axis::real("y", AxisKind::Y, &unit_of(crs, keys, AxisKind::Y), t.y(image.height));
    let x = Axis::real("x", AxisKind::X, &unit_of(crs, keys, AxisKind::X), t.x(image.width));
    let east = (t.0[0] + t.0[1] * image.width as f64).max(t.0[0]);
    if crs.is_some_and(Crs::is_degrees) && east > 180.0 + t.0[1].abs() {
        notes.push(Note::info("longitude-range", format!("longitudes reach {east} degrees and are kept as they are")));
    }
    vec![y, x]
}

fn variables(image: &Image, metadata: &Metadata, stem: &str, notes: &mut Vec<Note>) -> Vec<Variable> {
    let mut names: Vec<String> = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for (b, band) in metadata.bands.iter().enumerate() {
        let base = match &band.description {
            _ if image.bands == 1 => stem.to_owned(),
            Some(description) => description.trim().to_owned(),
            None => format!("band_{}", b + 1),
        };
        let mut name = base.clone();
        let mut n = b + 1;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{n}");
            n += 1;
        }
        if name != base {
            notes.push(Note::info("band-renamed", format!("band {} is called '{name}': '{base}' is taken", b + 1)));
        }
        names.push(name);
    }
    if matches!((image.sample, image.bits), (Sample::UInt | Sample::Int, 64)) {
        notes.push(Note::info("large-integers", "integers of 64 bits beyond 2^53 are rounded to the nearest double"));
    }
    let storage = image.storage();
    let make = |(name, band): (String, &metadata::Band)| {
        let scaled = if band.scale.is_some() || band.offset.is_some() { ", scaled" } else { "" };
        let mut attributes = band.attributes.clone();
        if let Some(description) = &band.description {
            attributes.set("description", Attribute::Text(description.clone()));
        }
        Variable {
            name,
            unit: Unit::new(band.unit.as_deref().unwrap_or("")),
            axes: vec![0, 1],
            chunk: vec![image.block[0].min(image.height), image.block[1].min(image.width)],
            holds: Holds::Numbers,
            stored: format!("{storage}{scaled}"),
            attributes,
            auxiliary: false,
        }
    };
    names.into_iter().zip(&metadata.bands).map(make).collect()
}

fn place_variable(name: &str, image: &Image, crs: Option<&Crs>, keys: &GeoKeys) -> Variable {
    let kind = if name.starts_with('x') { AxisKind::X } else { AxisKind::Y };
    Variable {
        name: name.to_owned(),
        unit: Unit::new(unit_of(crs, keys, kind)),
        axes: vec![0, 1],
        chunk: vec![image.height, image.width],
        holds: Holds::Numbers,
        stored: "computed from the file's transform".to_owned(),
        attributes: Attributes::default(),
        auxiliary: true,
    }
}

fn attributes(source: &Source, ifd: &Directory, mut attributes: Attributes, keys: &GeoKeys) -> Result<Attributes> {
    for (tag, name) in [(270, "description"), (305, "software"), (306, "written"), (315, "artist"), (33_432, "copyright")] {
        if let Some(text) = ifd.text(source, tag)?.filter(|t| !t.is_empty()) {
            attributes.set(name, Attribute::Text(text));
        }
    }
    attributes.set("AREA_OR_POINT", Attribute::Text(if keys.is_point() { "Point" } else { "Area" }.into()));
    Ok(attributes)
}
