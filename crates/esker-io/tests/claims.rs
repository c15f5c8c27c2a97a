//! Small files that claim much: they are refused, or read within memory and time that fit their size.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{DictionaryArray, Int32Array, NullArray, RecordBatch, StringArray};
use esker_core::{Error, Result};
use esker_io::{Data, Format, ReadOptions, open};
use insta::assert_snapshot;

fn read(name: &str, bytes: &[u8]) -> Result<(Format, Data)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    open(&path, &ReadOptions::default())
}

fn refusal(name: &str, bytes: &[u8]) -> Error {
    read(name, bytes).map(|(format, _)| format).expect_err("a refusal")
}

fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

/// A GRIB message of edition 2 with its third section changed.
fn with_grid(message: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut bytes = message.to_vec();
    let mut at = 16;
    while bytes[at + 4] != 3 {
        at += u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    change(&mut bytes[at..]);
    bytes
}

#[test]
fn many_large_grids_are_not_all_placed() {
    let message = data("raster/simple.grib2");
    let mut file = Vec::new();
    for k in 0..60_u32 {
        file.extend(with_grid(&message, |grid| {
            grid[6..10].copy_from_slice(&(1_u32 << 27).to_be_bytes());
            grid[30..34].copy_from_slice(&(1_u32 << 20).to_be_bytes());
            grid[34..38].copy_from_slice(&128_u32.to_be_bytes());
            // All of them differ.
            grid[50..54].copy_from_slice(&(1_000_000 + k).to_be_bytes());
        }));
    }
    let Data::Cube(cube) = read("a.grib2", &file).unwrap().1 else { panic!("a cube") };
    let labels: usize = cube.axes().iter().filter(|a| a.labels.is_some()).map(|a| a.len).sum();
    assert!((1 << 22..1 << 25).contains(&labels), "{labels} labels");
    assert!(cube.notes.iter().any(|n| n.text.contains("more grids than are placed")), "{:?}", cube.notes);
}

#[test]
fn fine_gaussian_grids_are_not_computed_without_end() {
    let message = data("raster/simple.grib2");
    let mut file = Vec::new();
    for k in 0..200_u32 {
        file.extend(with_grid(&message, |grid| {
            grid[12..14].copy_from_slice(&40_u16.to_be_bytes());
            grid[67..71].copy_from_slice(&(4000 - k).to_be_bytes());
        }));
    }
    let Data::Cube(cube) = read("a.grib2", &file).unwrap().1 else { panic!("a cube") };
    assert!(cube.notes.iter().any(|n| n.text.contains("more grids than are placed")), "{:?}", cube.notes);
}

#[test]
fn directories_of_a_raster_do_not_overlap() {
    // Directory k starts at byte 8 + 4k, and so do its tags; the next is told behind them.
    let (tags, images) = (1000_u16, 1000_u32);
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.resize(10 + 12 * usize::from(tags), 0);
    for k in 0..images {
        let at = 8 + 4 * k as usize;
        file[at..at + 2].copy_from_slice(&tags.to_le_bytes());
        file.extend((12 + 4 * k).to_le_bytes());
    }
    assert_snapshot!(refusal("a.tif", &file), @"file 'a.tif': got images whose tags overlap; each image has its own tags");
}

#[test]
fn a_raster_of_many_bands_is_opened_soon() {
    let mut file = data("raster/plain_uint8.tif");
    let at = file.windows(4).position(|w| w == [0x15, 1, 3, 0]).unwrap();
    file[at + 8..at + 10].copy_from_slice(&65_281_u16.to_le_bytes());
    let start = Instant::now();
    let Data::Cube(cube) = read("a.tif", &file).unwrap().1 else { panic!("a cube") };
    assert_eq!(cube.variables().len(), 65_281);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_name_may_be_repeated_as_often_as_it_likes() {
    // Forty thousand dimensions of one name, in the classic format.
    let count = 40_000_u32;
    let mut file = b"CDF\x01\0\0\0\0\0\0\0\x0a".to_vec();
    file.extend(count.to_be_bytes());
    (0..count).for_each(|_| file.extend(*b"\0\0\0\x01x\0\0\0\0\0\0\x02"));
    file.extend([0; 16]);
    let _ = read("a.nc", &file);

    let mut log = String::from("~V\nVERS. 2.0 :\nWRAP. YES :\n~C\n");
    log += &"GR. :\n".repeat(60_000);
    log += "~A\n";
    log += &"1 ".repeat(60_000);
    let Data::Table(table) = read("a.las", log.as_bytes()).unwrap().1 else { panic!("a table") };
    assert_eq!(table.columns()[59_999].name, "GR:60000");
}

#[test]
fn a_wide_line_is_cut_in_one_pass() {
    // Three aligned columns in front, then a long line of words.
    let wide = "ab ".repeat(20_000);
    let text = format!("id  name    {wide}\n1   De Bilt 1.5\n2   Eelde   2.5\n");
    let _ = read("a.txt", text.as_bytes());
}

#[test]
fn rows_that_need_no_bytes_are_counted() {
    let nothing = RecordBatch::try_from_iter([("x", Arc::new(NullArray::new(1 << 30)) as _)]).unwrap();
    let mut file = Vec::new();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut file, &nothing.schema()).unwrap();
    writer.write(&nothing).unwrap();
    writer.finish().unwrap();
    drop(writer);
    assert_snapshot!(refusal("a.feather", &file), @"Arrow file 'a.feather': got more than 33554432 cells; a file of its size does not hold that many");
}

#[test]
fn a_long_text_in_many_rows_is_kept_once() {
    // Shorter than the 1 MiB at which writers give the dictionary up.
    let long = "x".repeat(1 << 19);
    let keys = Int32Array::from(vec![0; 20_000]);
    let column = DictionaryArray::new(keys, Arc::new(StringArray::from(vec![long.as_str()])));
    let batch = RecordBatch::try_from_iter([("x", Arc::new(column) as _)]).unwrap();
    let mut file = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let Data::Table(table) = read("a.parquet", &file).unwrap().1 else { panic!("a table") };
    let codes = table.column("x").unwrap().classes().unwrap();
    assert_eq!((codes.len(), codes.label(19_999).map(str::len)), (20_000, Some(1 << 19)));
}

/// An old Excel file of three sectors: the table of sectors, the directory, and a stream called Workbook.
fn old_excel(directory_next: u32, stream: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 512];
    file[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    for (at, value) in [(26, 3_u16), (28, 0xFFFE), (30, 9), (32, 6)] {
        file[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    for (at, value) in [(44, 1_u32), (48, 1), (60, 0xFFFF_FFFE), (68, 0xFFFF_FFFE), (76, 0)] {
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    file[80..].fill(0xFF);
    let length = 4096.max(stream.len());
    let sectors = length.div_ceil(512) as u32;
    let mut fat = vec![0xFFFF_FFFD, directory_next];
    fat.extend((0..sectors).map(|k| if k + 1 == sectors { 0xFFFF_FFFE } else { k + 3 }));
    fat.resize(128, 0xFFFF_FFFF);
    fat.iter().for_each(|n: &u32| file.extend(n.to_le_bytes()));
    for (name, kind, start, size) in [("Root Entry", 5_u8, 0xFFFF_FFFE, 0), ("Workbook", 2, 2_u32, length as u32)] {
        let mut entry = vec![0; 128];
        name.encode_utf16().enumerate().for_each(|(i, c)| entry[2 * i..2 * i + 2].copy_from_slice(&c.to_le_bytes()));
        entry[64] = 2 * name.len() as u8 + 2;
        entry[66] = kind;
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&size.to_le_bytes());
        file.extend(entry);
    }
    file.resize(512 * 3, 0);
    file.extend(stream);
    file.resize(512 * (3 + sectors as usize), 0);
    file
}

/// Records of a workbook of one sheet.
fn book(sheet: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let record = |kind: u16, data: &[u8]| [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat();
    let start = record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let end = record(0x000A, &[]);
    let at = (start.len() + 4 + 9 + end.len()) as u32;
    let bound = record(0x0085, &[&at.to_le_bytes()[..], &[0, 0, 1, 0, b'a']].concat());
    let records = sheet.iter().flat_map(|(kind, data)| record(*kind, data));
    [start.clone(), bound, end.clone(), start].concat().into_iter().chain(records).chain(end).collect()
}

fn number(row: u16, column: u16, value: f64) -> (u16, Vec<u8>) {
    (0x0203, [&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], &value.to_le_bytes()].concat())
}

#[test]
fn old_workbooks_that_claim_too_much() {
    assert_snapshot!(refusal("a.xls", &old_excel(1, &book(&[]))), @"
    workbook 'a.xls': got sectors that follow each other in a circle; it must be whole, undamaged and not locked by a password
      hint: open it and save it again, or save the sheet as CSV (UTF-8)
    ");
    let far = [number(0, 0, 1.0), number(65_535, 65_535, 2.0)];
    assert_snapshot!(refusal("a.xls", &old_excel(0xFFFF_FFFE, &book(&far))), @"
    workbook 'a.xls': got 2 cells spread over 65536 rows and 65536 columns; it must be whole, undamaged and not locked by a password
      hint: open it and save it again, or save the sheet as CSV (UTF-8)
    ");
    let rectangle = vec![(0x0200, vec![9, 0, 0, 0, 3, 0, 0, 0, 0, 0, 5, 0, 0, 0])];
    assert_snapshot!(refusal("a.xls", &old_excel(0xFFFF_FFFE, &book(&rectangle))), @"
    workbook 'a.xls': got a sheet from row 9 to 3, column 0 to 5; it must be whole, undamaged and not locked by a password
      hint: open it and save it again, or save the sheet as CSV (UTF-8)
    ");
    // A whole one is read as far as it goes.
    let plain = [number(0, 0, 1.0), number(1, 0, 2.0)];
    assert_snapshot!(refusal("a.xls", &old_excel(0xFFFF_FFFE, &book(&plain))), @"
    'a.xls, sheet a': got numbers only in the first row; the first row names the columns
      hint: add a header row
    ");
}

#[test]
fn cells_of_opendocument_are_not_repeated_without_end() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let packed = zip::write::SimpleFileOptions::default();
    zip.start_file("mimetype", packed).unwrap();
    zip.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
    zip.start_file("content.xml", packed).unwrap();
    let row = "<table:table-row><table:table-cell office:value-type=\"float\" office:value=\"1\" table:number-columns-repeated=\"16384\"/></table:table-row>";
    let head = "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"a\">";
    let tail = "</table:table></office:spreadsheet></office:body></office:document-content>";
    write!(zip, "{head}{}{tail}", row.repeat(5000)).unwrap();
    let file = zip.finish().unwrap().into_inner();
    assert!(file.len() < 20_000);
    assert_snapshot!(refusal("a.ods", &file), @"
    workbook 'a.ods': got cells repeated more often than a workbook of its size repeats them; it must be whole, undamaged and not locked by a password
      hint: open it and save it again, or save the sheet as CSV (UTF-8)
    ");
}
