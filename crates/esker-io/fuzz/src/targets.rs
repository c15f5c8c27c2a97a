//! What each fuzz target does with its bytes; the test of the corpus does the same with every input that is kept.

use std::io::Write;
use std::path::Path;

use esker_core::cube::{Holds, Window};
use esker_core::{Crs, Cube};
use esker_io::crs::{Transform, from_wkt, parse, to_grid_mapping, to_wkt};
use esker_io::{Data, ReadOptions, geometry_table, open as open_any, parse_csv};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: [Target; 9] = [
    ("open", open),
    ("netcdf", netcdf),
    ("zarr", zarr),
    ("geotiff", geotiff),
    ("grib", grib),
    ("vector", vector),
    ("parquet", parquet),
    ("crs", crs),
    ("csv", csv),
];

/// Most cells of one window that is read.
const CELLS: usize = 4096;

/// Opens a file of any format, and reads its first and its last values.
fn read(path: &Path) {
    match open_any(path, &ReadOptions::default()) {
        Ok((_, Data::Cube(cube))) => values(&cube),
        Ok((_, Data::Features(features))) => {
            assert!(!features.geometries.is_empty());
            let _ = geometry_table(&features);
        }
        Ok((_, Data::Table(table))) => assert!(table.columns().iter().all(|c| c.values.len() == table.rows())),
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}

fn values(cube: &Cube) {
    for v in 0..cube.variables().len().min(12) {
        let (mut first, mut last, mut left) = (Vec::new(), Vec::new(), CELLS);
        for n in cube.shape(v) {
            let take = n.min(32).min(left);
            left /= take.max(1);
            first.push(0..take);
            last.push(n - take..n);
        }
        for window in [Window(first), Window(last)] {
            let read = match cube.variables()[v].holds {
                Holds::Numbers => cube.read(v, &window).map(|values| values.len()),
                Holds::Texts => cube.read_texts(v, &window).map(|texts| texts.len()),
            };
            assert!(read.is_err() || read == Ok(window.len()));
        }
    }
}

fn file(parts: &[&[u8]]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    for part in parts {
        file.write_all(part).expect("a writable temporary file");
    }
    file
}

/// Any bytes as a file of any format: the first byte picks the extension, or that the rest is the sheet of a workbook.
pub fn open(bytes: &[u8]) {
    let Some((&pick, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(["a", "a.csv", "a.txt", "a.gpkg", "a.json", "a.xlsx", "a.ods"][usize::from(pick % 7)]);
    match pick % 7 {
        5 => std::fs::write(&path, xlsx(bytes)).expect("a writable folder"),
        6 => std::fs::write(&path, ods(bytes)).expect("a writable folder"),
        _ => std::fs::write(&path, bytes).expect("a writable folder"),
    }
    read(&path);
}

/// A workbook whose sheet is what stands before the first zero byte; its shared texts are the rest.
fn xlsx(bytes: &[u8]) -> Vec<u8> {
    const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let (sheet, texts) = split(bytes);
    let types = format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Override PartName=\"/xl/workbook.xml\" ContentType=\"{TYPES}.sheet.main+xml\"/>\
         <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{TYPES}.worksheet+xml\"/></Types>"
    );
    let links = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
         <Relationship Id=\"r2\" Type=\"{OFFICE}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    );
    let book = format!(
        "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"{OFFICE}\">\
         <sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    archive(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/sharedStrings.xml", texts),
    ])
}

/// An OpenDocument sheet with the bytes as its content.
fn ods(bytes: &[u8]) -> Vec<u8> {
    archive(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", bytes)])
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in entries {
        zip.start_file(*name, stored).expect("a short name");
        zip.write_all(bytes).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

/// What stands before the first zero byte, and what behind it.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let cut = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    (&bytes[..cut], bytes.get(cut + 1..).unwrap_or_default())
}

/// Any bytes behind the magic of NetCDF or HDF5, which the first byte picks.
pub fn netcdf(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let magics: [&[u8]; 4] = [b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n"];
    read(file(&[magics[usize::from(kind % 4)], bytes]).path());
}

/// Any bytes behind a magic of TIFF, which the first byte picks.
pub fn geotiff(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let magics: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
    read(file(&[magics[usize::from(kind % 4)], bytes]).path());
}

/// Any bytes as a GRIB message; the first byte picks the edition. The first edition's length is that of the bytes.
pub fn grib(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let long = ((bytes.len() + 8) as u32).to_be_bytes();
    let head = if kind % 2 == 0 { [0, 0, 0, 2] } else { [long[1], long[2], long[3], 1] };
    read(file(&[b"GRIB", &head, bytes]).path());
}

/// Any bytes behind the magic of Parquet.
pub fn parquet(bytes: &[u8]) {
    read(file(&[b"PAR1", bytes]).path());
}

/// Any bytes as each vector format, which the first byte picks. Of a shapefile, the next two say how many are its geometries; the rest is
/// its attributes.
pub fn vector(bytes: &[u8]) {
    let Some((&pick, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(["a.geojson", "a.gpkg", "a.fgb", "a.shp"][usize::from(pick % 4)]);
    match bytes {
        [low, high, rest @ ..] if pick % 4 == 3 => {
            let (shapes, attributes) = rest.split_at(rest.len().min(usize::from(u16::from_le_bytes([*low, *high]))));
            std::fs::write(path.with_extension("dbf"), attributes).expect("a writable folder");
            std::fs::write(&path, shapes).expect("a writable folder");
        }
        _ => std::fs::write(&path, bytes).expect("a writable folder"),
    }
    read(&path);
}

/// Any text before the first zero byte as the metadata of a Zarr array of either version, the rest as each of its chunks.
pub fn zarr(bytes: &[u8]) {
    let (metadata, chunk) = split(bytes);
    let text = String::from_utf8_lossy(metadata);
    let axes = text.split_once("\"shape\"").and_then(|(_, t)| Some(t.split_once('[')?.1.split_once(']')?.0));
    let axes = axes.map_or(1, |t| t.split(',').count()).clamp(1, 8);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("s.zarr");
    let put = |key: String, bytes: &[u8]| {
        let path = root.join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| std::fs::write(path, bytes)).expect("a writable folder");
    };
    if text.contains("\"zarr_format\":2") {
        put(".zarray".into(), metadata);
        put(vec!["0"; axes].join("."), chunk);
        if axes > 1 {
            put(vec!["0"; axes].join("/"), chunk);
        }
    } else {
        put("zarr.json".into(), metadata);
        put(format!("c/{}", vec!["0"; axes].join("/")), chunk);
        put(format!("c/{}1", "0/".repeat(axes - 1)), chunk);
    }
    read(&root);
}

/// Any text as a coordinate reference system.
pub fn crs(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = from_wkt(text);
    if let Ok(crs) = parse(text) {
        let _ = to_wkt(&crs);
        let _ = to_grid_mapping(&crs);
        if let Ok(way) = Transform::between(&Crs::Geographic, &crs) {
            let [x, y] = way.point(10.0, 50.0);
            assert_eq!(x.is_nan(), y.is_nan());
        }
    }
}

/// Any bytes as CSV.
pub fn csv(bytes: &[u8]) {
    if let Ok(table) = parse_csv("fuzz.csv", bytes, &ReadOptions::default()) {
        assert!(table.rows() > 0 && !table.columns().is_empty());
    }
}
