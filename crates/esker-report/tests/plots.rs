//! The grammar of figures: whatever is drawn is complete, small, readable, the same each time; and the PDF holds it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod common;

use common::readable;
use esker_core::{DAYS, Rng};
use esker_report::figure::Figure;
use esker_report::figure::colour::{Rgb, VERMILION};
use esker_report::plot::{Axis, Choice, Facets, Grid, Mark, Placed, Plot, Series, Space, sheet};
use esker_report::{pdf, png};

fn check(f: &Figure) {
    for svg in [&f.svg, &f.inline] {
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}: a position is not a number", f.name);
        assert!(svg.contains("role=\"img\"") && svg.len() < 1_000_000, "{}: {} bytes", f.name, svg.len());
    }
    assert!(!f.svg.contains("var(") && !f.svg.contains("currentColor"));
    assert!(f.alt.ends_with('.') && !f.alt.contains("  "), "{}", f.alt);
    readable(f);
}

struct Data {
    x: Vec<f64>,
    y: Vec<f64>,
    days: Vec<f64>,
    lon: Vec<f64>,
    lat: Vec<f64>,
    class: Vec<u32>,
    levels: Vec<String>,
}

fn data(n: usize) -> Data {
    let mut rng = Rng::new(5);
    let x: Vec<f64> = (0..n).map(|_| 800.0 + 900.0 * rng.uniform()).collect();
    let y = x.iter().map(|v| 0.004 * v + rng.normal()).collect();
    let levels = ["beech forest", "spruce", "bare rock", "glacier"].map(str::to_owned).to_vec();
    Data {
        days: (0..n).map(|i| 11_000.0 + 3.7 * i as f64).collect(),
        lon: (0..n).map(|_| 165.0 + 40.0 * rng.uniform()).map(|l| if l > 180.0 { l - 360.0 } else { l }).collect(),
        lat: (0..n).map(|_| -40.0 + 30.0 * rng.uniform()).collect(),
        class: (0..n).map(|i| (i % 4) as u32).collect(),
        x,
        y,
        levels,
    }
}

impl Data {
    fn x(&self) -> Series<'_> {
        Series::numbers("elevation", "m", &self.x)
    }
    fn y(&self) -> Series<'_> {
        Series::numbers("melt", "m w.e. yr-1", &self.y)
    }
    fn class(&self) -> Series<'_> {
        Series::classes("cover", &self.class, &self.levels)
    }
}

#[test]
fn every_mark_on_a_plane_is_readable_in_both_widths_and_the_same_each_time() {
    let d = data(300);
    let time = Series::times("date", &d.days);
    let upper: Vec<f64> = d.y.iter().map(|v| v + 1.0).collect();
    let upper = Series::numbers("melt", "m w.e. yr-1", &upper);
    let at = [1000.0, 1500.0];
    let marks = [
        Mark::points(d.x(), d.y()),
        Mark::points(d.x(), d.y()).coloured(d.class()),
        Mark::points(d.x(), d.y()).coloured(d.y()).sized(d.x()).labelled(d.class()),
        Mark::line(time, d.y()),
        Mark::line(d.x(), d.y()).coloured(d.class()),
        Mark::step(time, d.y()).keyed("a rather long name of a station in the mountains", esker_report::figure::colour::VERMILION),
        Mark::band(time, d.y(), upper),
        Mark::bars(d.class(), d.x()),
        Mark::bars(time, d.y()),
        Mark::histogram(d.x()).coloured(d.class()),
        Mark::histogram(d.class()),
        Mark::hexagons(d.x(), d.y()),
        Mark::hexagons(d.x(), d.y()).coloured(d.y()),
        Mark::boxes(d.class(), d.y()),
        Mark::text(d.x(), d.y(), d.class()),
    ];
    for mark in marks {
        for width in [400.0, 800.0] {
            let plot = Plot::new("one", "One mark").with(mark.clone()).with(Mark::rule_y(Series::numbers("", "", &at)));
            let plot = if mark.y.is_none() { Plot { marks: plot.marks[..1].to_vec(), ..plot } } else { plot };
            let f = plot.draw(width).unwrap();
            check(&f);
            assert_eq!(f, plot.draw(width).unwrap());
            let said = mark.y.map_or("count".to_owned(), |y| y.title());
            assert!(f.svg.contains(&said), "{:?}: no '{said}'", mark.kind);
        }
    }
}

#[test]
fn facets_share_their_scales_and_have_letters() {
    let d = data(400);
    let mut plot = Plot::new("facets", "Panels").with(Mark::points(d.x(), d.y()).coloured(d.x()));
    plot.heading = "Melt by cover".into();
    plot.facets = Some(Facets { columns: Some(d.class()), ..Facets::default() });
    let f = plot.draw(800.0).unwrap();
    check(&f);
    for said in [">a<", ">d<", "bare rock", "Melt by cover", "elevation (m)"] {
        assert!(f.svg.contains(said), "{said}");
    }
    // One y title a row of panels, not one a panel; one colour bar for all.
    assert_eq!(f.svg.matches(">melt (m\u{a0}w.e.\u{a0}yr⁻¹)<").count(), 2);
    let halves: Vec<u32> = (0..400).map(|i| u32::from(i > 200)).collect();
    let names = ["before".to_owned(), "after".to_owned()];
    plot.facets =
        Some(Facets { rows: Some(Series::classes("half", &halves, &names)), columns: Some(d.class()), free: true, ..Facets::default() });
    let f = plot.draw(800.0).unwrap();
    check(&f);
    assert!(f.svg.contains("before, spruce") && f.svg.contains(">h<"));
}

#[test]
fn maps_of_points_shapes_and_grids_are_whole_across_the_date_line() {
    let d = data(500);
    let (lon, lat) = (Series::numbers("lon", "degrees", &d.lon), Series::numbers("lat", "degrees", &d.lat));
    let mark = Mark::points(lon, lat).coloured(d.y());
    for name in ["auto", "robinson", "robinson:180", "orthographic", "equal-area", "plate-carree:180"] {
        let plot = Plot::new("map", "Map").with(mark.clone()).on_map(Choice::parse(name).unwrap());
        for width in [400.0, 800.0] {
            let f = plot.draw(width).unwrap();
            check(&f);
            assert!(f.svg.contains(" km") && f.caption.contains("projection"), "{name}");
        }
    }
    let ring: Vec<[f64; 2]> = vec![[178.0, -20.0], [-176.0, -20.0], [-176.0, -15.0], [178.0, -15.0]];
    let parts = vec![vec![ring]];
    check(&Plot::new("areas", "Areas").with(Mark::areas(&parts)).on_map(Choice::Auto).draw(600.0).unwrap());
}

fn grid<'a>(x: &'a [f64], y: &'a [f64], values: &'a [f64]) -> Grid<'a> {
    Grid {
        name: "temperature",
        unit: "degC",
        x,
        x_name: ("lon", "degrees_east"),
        y,
        y_name: ("lat", "degrees_north"),
        values,
        levels: &[],
        placed: Placed::Same,
    }
}

/// Colour of a PNG's pixel at a share of width and height.
fn pixel(svg: &str, at: (f64, f64)) -> (u8, u8, u8) {
    let picture = resvg::tiny_skia::Pixmap::decode_png(&png::render(svg, 800).unwrap()).unwrap();
    let (x, y) = ((at.0 * f64::from(picture.width())) as u32, (at.1 * f64::from(picture.height())) as u32);
    let p = picture.pixel(x, y).unwrap().demultiply();
    (p.red(), p.green(), p.blue())
}

#[test]
fn a_grid_is_warped_into_the_projection_and_missing_cells_stay_clear() {
    let x: Vec<f64> = (0..72).map(|i| 2.5 + 5.0 * f64::from(i)).collect();
    let y: Vec<f64> = (0..36).map(|i| 87.5 - 5.0 * f64::from(i)).collect();
    // Warm in the west, cold in the east of Greenwich; nothing south of 60° S.
    let value = |lon: f64, lat: f64| {
        if lat < -60.0 {
            f64::NAN
        } else if lon > 180.0 {
            1.0
        } else {
            -1.0
        }
    };
    let values: Vec<f64> = y.iter().flat_map(|b| x.iter().map(move |a| value(*a, *b))).collect();
    for name in ["robinson", "equal-earth", "orthographic:0,0", "plate-carree:0"] {
        let mut plot = Plot::new("grid", "Grid").with(Mark::cells(grid(&x, &y, &values))).on_map(Choice::parse(name).unwrap());
        plot.colour.colours = Some(esker_report::plot::Colours::Vik);
        let f = plot.draw(500.0).unwrap();
        check(&f);
        // The map's frame tells where to look: 52 units left, 14 above.
        let (w, h) = (500.0 - 52.0 - 10.0, svg_height(&f.svg));
        let look = |lon: f64, lat: f64| {
            use esker_report::map::{Map, Sites};
            let sites = Sites { points: x.iter().flat_map(|a| y.iter().map(move |b| (*a, *b))).collect(), geographic: true };
            let map = Map::chosen(&sites, Choice::parse(name).unwrap(), (52.0, 14.0), (w, w * 1.05)).unwrap();
            let p = map.at((lon, lat)).unwrap();
            pixel(&f.svg, (p.0 / 500.0, p.1 / h))
        };
        let (west, east, south) = (look(-45.0, 25.0), look(45.0, 24.0), look(33.0, -76.0));
        assert!(west.0 > west.2 && east.2 > east.0, "{name}: {west:?} {east:?}");
        let (high, low) = (south.0.max(south.1).max(south.2), south.0.min(south.1).min(south.2));
        assert!(high - low < 40, "{name}: a missing cell has the colour {south:?}");
    }
}

#[test]
fn a_grid_on_a_plane_lies_at_its_own_coordinates() {
    let (x, y): (Vec<f64>, Vec<f64>) = (0..10).map(|i| (712_000.0 + 400.0 * f64::from(i), 5_180_000.0 + 400.0 * f64::from(i))).unzip();
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let plot = Plot { space: Space::Square, ..Plot::new("plane", "Plane").with(Mark::cells(grid(&x, &y, &values))) };
    let f = plot.draw(500.0).unwrap();
    check(&f);
    assert!([">5180", ">5182", ">714"].iter().all(|label| f.svg.contains(label)), "eastings and northings in km");
    assert!(f.svg.contains("<image"));
}

fn svg_height(svg: &str) -> f64 {
    let view = svg.split("viewBox=\"").nth(1).unwrap().split('"').next().unwrap();
    view.split(' ').nth(3).unwrap().parse().unwrap()
}

#[test]
fn what_is_large_is_drawn_small() {
    let d = data(60_000);
    let (lon, lat) = (Series::numbers("lon", "degrees", &d.lon), Series::numbers("lat", "degrees", &d.lat));
    let many = [
        Plot::new("points", "Points").with(Mark::points(d.x(), d.y())),
        Plot::new("mean", "Means").with(Mark::points(lon, lat).coloured(d.y())).on_map(Choice::Auto),
        Plot::new("classes", "Classes").with(Mark::points(d.x(), d.y()).coloured(d.class())),
        Plot::new("line", "Line").with(Mark::line(Series::times("date", &d.days), d.y())),
    ];
    for plot in many {
        let f = plot.draw(800.0).unwrap();
        check(&f);
        assert!(f.svg.len() < 600_000, "{}: {}", f.name, f.svg.len());
    }
    let f = Plot::new("mean", "Means").with(Mark::points(lon, lat).coloured(d.y())).on_map(Choice::Auto).draw(800.0).unwrap();
    assert!(f.caption.contains("60,000 points are gathered in hexagons") && f.svg.contains("mean melt"));
}

#[test]
fn plots_side_by_side_share_a_legend_of_one_title() {
    let d = data(120);
    let one = Plot::new("", "").with(Mark::points(d.x(), d.y()).coloured(d.class()));
    let mut down = Plot::new("", "").with(Mark::line(d.y(), d.x()).coloured(d.class()));
    down.y = Axis { reversed: true, ..Axis::default() };
    let f = sheet("two", "Two", &[one, down], 800.0, 2).unwrap();
    check(&f);
    assert_eq!(f.svg.matches(">beech forest<").count(), 1);
    assert!(f.svg.contains(">b<"));
}

/// x, y, width and height of the rectangles of one colour.
fn rects(svg: &str, fill: Rgb) -> Vec<[f64; 4]> {
    let of = |tag: &str, name: &str| tag.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap();
    let tags = svg.split("<rect ").skip(1).map(|t| t.split("/>").next().unwrap()).filter(|t| t.contains(&fill.code()));
    tags.map(|t| ["x", "y", "width", "height"].map(|n| of(&format!(" {t}"), &format!(" {n}")))).collect()
}

#[test]
fn bars_lie_where_the_vertical_axis_has_classes_and_bins_reach_from_edge_to_edge() {
    let (codes, levels) = ([0, 1, 2], ["a long name of a class", "b", "c"].map(str::to_owned));
    let rows = [10.0, 40.0, 20.0];
    let (count, class) = (Series::numbers("rows", "", &rows), Series::classes("class", &codes, &levels));
    let f = Plot::new("lying", "Bars").with(Mark::bars(count, class).keyed("", VERMILION)).draw(800.0).unwrap();
    check(&f);
    let lying = rects(&f.svg, VERMILION);
    assert!(lying.len() == 3 && lying.iter().all(|r| (r[0] - lying[0][0]).abs() < 0.11 && (r[3] - lying[0][3]).abs() < 0.11));
    assert!((lying[1][2] / lying[0][2] - 4.0).abs() < 0.02 && (lying[2][2] / lying[0][2] - 2.0).abs() < 0.02, "{lying:?}");
    assert!(lying[0][1] < lying[1][1] && lying[1][1] < lying[2][1], "classes read from the top down");
    // Bins of 1, 10 and 100 m on a logarithmic axis: each as wide as the other.
    let (from, to, log) = ([1.0, 10.0, 100.0], [10.0, 100.0, 1000.0], Axis { log: true, ..Axis::default() });
    let elevation = |v| Series::numbers("elevation", "m", v);
    let bins = Mark::bins(elevation(&from), elevation(&to), count).keyed("", VERMILION);
    let plot = Plot { x: log, y: Axis::bare(), ..Plot::new("bins", "Bins").with(bins) };
    let f = plot.draw(800.0).unwrap();
    check(&f);
    let bins = rects(&f.svg, VERMILION);
    assert!(bins.windows(2).all(|w| (w[0][0] + w[0][2] + 0.7 - w[1][0]).abs() < 0.21 && (w[0][2] - w[1][2]).abs() < 0.21), "{bins:?}");
    assert!((bins[1][3] / bins[0][3] - 4.0).abs() < 0.02 && !f.svg.contains(">rows<"), "a bare axis says nothing");
}

#[test]
fn boxes_of_known_quantiles_stand_where_those_of_the_values_do() {
    // 0 to 100 in equal steps: quartiles at 25, 50 and 75, whiskers at the ends.
    let values: Vec<f64> = (0..=100).map(f64::from).collect();
    let (codes, levels) = (vec![0; 101], ["all".to_owned()]);
    let of_values = Mark::boxes(Series::classes("class", &codes, &levels), Series::numbers("value", "m", &values));
    let known = Mark::quantiles(Series::classes("class", &codes[..1], &levels), &[[0.0, 25.0, 50.0, 75.0, 100.0]]);
    let box_of = |mark: Mark<'_>| {
        let plot = Plot {
            y: Axis { title: Some("value".into()), domain: Some((0.0, 100.0)), ..Axis::default() },
            ..Plot::new("b", "b").with(mark.keyed("", VERMILION))
        };
        let f = plot.draw(400.0).unwrap();
        check(&f);
        let all = rects(&f.svg, VERMILION);
        assert_eq!(all.len(), 1);
        (all[0][1], all[0][3])
    };
    assert_eq!(box_of(of_values), box_of(known));
    let none = Plot::new("b", "b").with(Mark::quantiles(Series::classes("class", &codes, &levels), &[[0.0; 5]]));
    insta::assert_snapshot!(none.draw(400.0).unwrap_err(), @"quantiles of a figure: got 1 rows; their places have 101");
}

#[test]
fn rows_without_a_value_are_grey_and_a_plot_without_marks_leaves_its_place_free() {
    let mut d = data(50);
    let whole = Plot::new("m", "m").with(Mark::points(d.x(), d.x()).coloured(d.y())).draw(800.0).unwrap();
    d.y[3] = f64::NAN;
    let holed = Plot::new("m", "m").with(Mark::points(d.x(), d.x()).coloured(d.y())).draw(800.0).unwrap();
    assert!(!whole.svg.contains(">missing<") && holed.svg.contains(">missing<"));
    assert_eq!(whole.svg.matches("melt: missing").count() + 1, holed.svg.matches("melt: missing").count());
    let one = || Plot { lettered: false, alt: "Three panels.".into(), ..Plot::new("", "").with(Mark::points(d.x(), d.x())) };
    let blank = Plot::new("", "");
    let f = sheet("corner", "Corner", &[one(), blank, one(), one()], 800.0, 2).unwrap();
    check(&f);
    assert!(f.alt == "Three panels." && f.svg.matches(">elevation (m)<").count() == 6 && !f.svg.contains(">a<"));
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let d = data(10);
    let refused = |p: Plot<'_>| p.draw(800.0).unwrap_err().to_string();
    let short = [1.0];
    insta::assert_snapshot!(refused(Plot::new("a", "a").with(Mark::points(d.x(), Series::numbers("b", "", &short)))), @"series 'b' of a figure: got 1 rows; the other series of the mark have 10");
    insta::assert_snapshot!(refused(Plot::new("a", "a").with(Mark::points(d.x(), d.y())).with(Mark::points(d.class(), d.y()))), @"axis 'elevation (m)' of a figure; marks on one axis are all classes or all numbers");
    insta::assert_snapshot!(refused(Plot::new("a", "a")), @"figure 'a'; there is nothing to draw");
    let none = [f64::NAN; 10];
    insta::assert_snapshot!(refused(Plot::new("a", "a").with(Mark::points(d.x(), Series::numbers("b", "", &none)))), @"figure 'a'; no value is left to draw on its axes");
    insta::assert_snapshot!(refused(Plot::new("a", "a").with(Mark::cells(grid(&d.x, &d.y, &short)))), @"grid 'temperature' of a figure: got 1 values; 10 rows of 10 cells");
}

#[test]
fn a_pdf_embeds_its_fonts_and_pictures_and_has_the_width_asked_for() {
    let d = data(200);
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let ten: Vec<f64> = (0..10).map(f64::from).collect();
    let f = Plot::new("p", "Points & \"cells\"")
        .with(Mark::cells(grid(&ten, &ten, &values)))
        .with(Mark::points(d.y(), d.y()))
        .draw(400.0)
        .unwrap();
    let file = pdf::render(&f.svg, &f.title, 85.0).unwrap();
    assert_eq!(file, pdf::render(&f.svg, &f.title, 85.0).unwrap());
    let text = String::from_utf8_lossy(&file);
    for part in ["%PDF-", "/FontFile2", "ESKERF+DejaVuSans", "/ToUnicode", "/SMask", "/MediaBox [0 0 240.94", "%%EOF"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(file.len() < 120_000, "{}", file.len());
    insta::assert_snapshot!(pdf::render("hello", "", 85.0).unwrap_err(), @"figure as PDF: got SVG data parsing failed cause unknown token at 1:1; the figure must be valid SVG");
    insta::assert_snapshot!(pdf::render(&f.svg, "", 5.0).unwrap_err(), @"figure as PDF: got a width of 5 mm; a page is 10 to 2000 mm wide");
    // 300 dots an inch are told in the file.
    let png = png::with_resolution(&png::render(&f.svg, 1004).unwrap(), 300.0);
    assert_eq!((&png[37..41], &png[41..45]), (&b"pHYs"[..], &11_811u32.to_be_bytes()[..]));
    assert!(resvg::tiny_skia::Pixmap::decode_png(&png).is_ok());
    assert!(f.svg.contains("width=\"85mm\""));
}

#[test]
fn a_column_of_days_is_a_time_and_a_depth_counts_downwards() {
    let column = esker_core::Column::real("date", DAYS, vec![0.0, 400.0, 800.0]);
    let y = [1.0, 2.0, 3.0];
    let mut plot = Plot::new("t", "Time").with(Mark::line(Series::of(&column), Series::numbers("depth", "m", &y)));
    plot.y.reversed = true;
    let f = plot.draw(400.0).unwrap();
    check(&f);
    let place = |label: &str| f.svg.find(&format!(">{label}<")).unwrap_or_else(|| panic!("no {label}"));
    assert!(place("1971") < place("1972"));
    let y_of = |label: &str| {
        let upto = &f.svg[..place(label)];
        let tag = &upto[upto.rfind("<text").unwrap()..];
        tag.split(" y=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(y_of("1.0") < y_of("3.0"));
    let square = Plot {
        space: Space::Square,
        ..Plot::new("s", "Plane").with(Mark::points(Series::numbers("x", "m", &y), Series::numbers("y", "m", &y)))
    };
    check(&square.draw(400.0).unwrap());
}
