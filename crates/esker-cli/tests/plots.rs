//! Figures of files as a user asks for them.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use support::Desk;

const CO2: &str = include_str!("data/co2.csv");
const POINTS: &str = include_str!("../../../examples/landslides/landslides.csv");
const TERRAIN: &[u8] = include_bytes!("../../../examples/landslides/terrain.tif");
const LAKES: &[u8] = include_bytes!("../../esker-io/tests/data/ne_110m_lakes.geojson");

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("co2.csv", CO2);
    desk.write("landslides.csv", POINTS);
    desk.write("terrain.tif", TERRAIN);
    desk.write("lakes.geojson", LAKES);
    desk
}

fn drawn(desk: &Desk, words: &[&str], said: &[&str]) {
    desk.ok(&[&["plot"], words, &["-o", "f.svg"]].concat());
    let svg = desk.read("f.svg");
    assert!(svg.len() < 1_000_000 && !svg.contains("NaN"), "{words:?}: {} bytes", svg.len());
    for s in said {
        assert!(svg.contains(s), "{words:?}: no '{s}'");
    }
}

#[test]
fn a_file_decides_what_is_drawn_of_it() {
    let desk = desk();
    // A column of times: a line; a unit is told on the axis.
    drawn(&desk, &["co2.csv", "--unit", "CO2=ppm"], &[">1960<", ">2010<", ">Date<", ">CO2 (ppm)<", "width=\"170mm\""]);
    // Places: a map with a graticule.
    drawn(&desk, &["glaciers.csv", "--colour", "dmdtda", "--size", "area"], &["°E<", " km<", ">dmdtda<", ">area<"]);
    // A grid: a picture; a projected one comes with coordinates of the globe.
    drawn(&desk, &["terrain.tif"], &["data:image/png;base64,", "°S<", " km<"]);
    drawn(&desk, &["terrain.tif", "--projection", "plain"], &["Easting (km)"]);
    // Polygons: a map of areas.
    drawn(&desk, &["lakes.geojson", "--projection", "robinson"], &["2000 km at the equator"]);
    // Rows without place or time, of several numbers: every pair.
    desk.write("plain.csv", "a,b,c\n1,2,x\n2,4,y\n3,5,x\n4,9,y\n");
    drawn(&desk, &["plain.csv"], &[">a<", ">b<", "count"]);
}

#[test]
fn kinds_facets_and_choices_of_rows() {
    let desk = desk();
    let g = "glaciers.csv";
    drawn(&desk, &[g, "--kind", "histogram", "--x", "area", "--log-x", "--unit", "area=km2"], &["area (km²)", "count"]);
    drawn(
        &desk,
        &[g, "--x", "zmed", "--y", "dmdtda", "--facet", "period", "--width", "single"],
        &[">a<", ">b<", "2010-2020", "width=\"85mm\""],
    );
    drawn(&desk, &[g, "--x", "period", "--y", "dmdtda"], &["median", "2000-2010"]);
    drawn(&desk, &[g, "--kind", "hexbin", "--x", "temp_06", "--y", "temp_07", "--title", "June and July"], &["June and July", ">count<"]);
    drawn(&desk, &["co2.csv", "--y", "CO2,adjusted CO2", "--time", "1990/1999"], &[">1990<", ">adjusted CO2<"]);
    drawn(&desk, &["terrain.tif", "--variable", "band_1", "--kind", "heat"], &["data:image/png"]);
    let told = desk.ok(&["plot", g, "-o", "f.svg", "--kind", "point", "--x", "lat", "--y", "PDD", "--where", "lat > 68"]);
    let all = desk.ok(&["plot", g, "-o", "f.svg", "--kind", "point", "--x", "lat", "--y", "PDD", "--bbox", "0,68,40,90"]);
    assert!(told.contains(" points of PDD against lat.") && !told.contains("244 points"), "{told}");
    assert!(all.contains(" points of PDD"), "{all}");
}

#[test]
fn papers_get_pdf_and_png_of_their_width() {
    let desk = desk();
    desk.ok(&["plot", "co2.csv", "-o", "f.pdf", "--width", "single"]);
    let pdf = String::from_utf8_lossy(&desk.bytes("f.pdf")).into_owned();
    assert!(pdf.starts_with("%PDF") && pdf.contains("/FontFile2") && pdf.contains("/MediaBox [0 0 240.9"));
    desk.ok(&["plot", "co2.csv", "-o", "f.png", "--width", "120mm"]);
    let png = desk.bytes("f.png");
    // 120 mm at 300 dots an inch.
    assert_eq!(u32::from_be_bytes([png[16], png[17], png[18], png[19]]), 1417);
    let first = desk.bytes("f.pdf");
    desk.ok(&["plot", "co2.csv", "-o", "f.pdf", "--width", "single"]);
    assert_eq!(first, desk.bytes("f.pdf"), "the same file gives the same bytes");
    let json: serde_json::Value = serde_json::from_str(&desk.ok(&["plot", "co2.csv", "-o", "f.svg", "--json"])).unwrap();
    assert_eq!(json["width_mm"], 170.0);
    assert!(json["alt"].as_str().unwrap().starts_with("741 points of a line of CO2 against Date."));
}

#[test]
fn what_cannot_be_drawn_is_refused_with_a_way_out() {
    let desk = desk();
    let before = desk.files();
    let refused = |words: &[&str]| desk.fails(&[&["plot"], words].concat());
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.jpg"]));
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--colour", "dmdtd"]));
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--width", "9mm"]));
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--projection", "mercator"]));
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--facet", "rgi_id"]));
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--where", "lat > 100"]));
    insta::assert_snapshot!(refused(&["co2.csv", "-o", "f.svg", "--kind", "map"]));
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--kind", "box", "--x", "period", "--y", "rgi_id"]));
    insta::assert_snapshot!(refused(&["terrain.tif", "-o", "f.svg", "--variable", "band_9"]));
    insta::assert_snapshot!(refused(&["terrain.tif", "-o", "f.svg", "--over", "co2.csv"]));
    assert_eq!(desk.files(), before);
}
