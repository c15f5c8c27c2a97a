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
    // A picture's text may hold any letters.
    let drawn = svg.split("base64,").enumerate().map(|(i, part)| if i == 0 { part } else { part.split_once('"').map_or("", |p| p.1) });
    assert!(svg.len() < 1_000_000 && !drawn.into_iter().any(|part| part.contains("NaN")), "{words:?}: {} bytes", svg.len());
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
    drawn(&desk, &["lakes.geojson", "--projection", "robinson"], &["5000 km at the equator"]);
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
    drawn(&desk, &["terrain.tif", "--variable", "slope", "--kind", "heat"], &["data:image/png"]);
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
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.jpg"]), @r"
    exit 2
    error: figure 'f.jpg'; a figure is written as .svg, .png or .pdf
      hint: -o figure.pdf
    ");
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--colour", "dmdtd"]), @r"
    exit 2
    error: column 'dmdtd'; no such column in the file
      hint: did you mean 'dmdtda'?
    ");
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--width", "9mm"]), @r"
    exit 2
    error: width '9mm'; a width is single (85 mm), double (170 mm) or within 50 and 400 mm
      hint: --width 120mm
    ");
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--projection", "mercator"]), @r"
    exit 2
    error: projection 'mercator'; no such projection
      hint: known are auto, robinson, equal-earth, plate-carree, orthographic, lambert-conformal, equal-area, polar-north, polar-south, utm, plain
    ");
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--facet", "rgi_id"]), @r#"
    exit 2
    error: facet 'rgi_id': got 122 values; at most 24 panels are drawn
      hint: choose rows: --where "year >= 2000"
    "#);
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--where", "lat > 100"]), @r"
    exit 4
    error: figure: got no row; the selection leaves nothing to draw
    ");
    insta::assert_snapshot!(refused(&["co2.csv", "-o", "f.svg", "--kind", "map"]), @r"
    exit 2
    error: map; no columns of the table are known as places
      hint: name them: --x lon --y lat
    ");
    insta::assert_snapshot!(refused(&["glaciers.csv", "-o", "f.svg", "--kind", "box", "--x", "period", "--y", "rgi_id"]), @r"
    exit 2
    error: column 'rgi_id': got classes; numbers are needed here
    ");
    insta::assert_snapshot!(refused(&["terrain.tif", "-o", "f.svg", "--variable", "band_9"]), @r"
    exit 4
    error: variable 'band_9'; no such variable in the file
      hint: the variables are slope, cplan, cprof, elev, log10_carea
    ");
    insta::assert_snapshot!(refused(&["terrain.tif", "-o", "f.svg", "--over", "co2.csv"]), @r"
    exit 2
    error: file 'co2.csv': got no outlines; --over takes a file of lines or polygons
    ");
    assert_eq!(desk.files(), before);
}
