//! Data cut to polygons, on grids and points whose answers are known.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::sync::Arc;

use esker_core::cube::{Attributes, Axis, AxisKind, Blocks, Cube, Holds, Variable, Window};
use esker_core::{Column, Crs, Features, Geometry, Result, Shape, Table};
use esker_io::{Placed, Within};
use insta::assert_snapshot;
use proptest::prelude::*;

/// Variables in memory: values by shape.
struct Memory(Vec<(Vec<f64>, Vec<usize>)>);

impl Blocks for Memory {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let (values, shape) = &self.0[variable];
        let (length, starts) = window.stretches(shape);
        Ok(starts.iter().flat_map(|&s| values[s..s + length].to_vec()).collect())
    }
}

/// A name, axes, values, and whether it only places others.
type Held<'a> = (&'a str, Vec<usize>, Vec<f64>, bool);

fn cube(axes: Vec<Axis>, variables: Vec<Held<'_>>, crs: Crs) -> Cube {
    let shape = |on: &[usize]| on.iter().map(|&a| axes[a].len).collect::<Vec<_>>();
    let held = variables.iter().map(|(_, on, values, _)| (values.clone(), shape(on))).collect();
    let named = variables.iter().map(|(name, on, _, auxiliary)| Variable {
        name: (*name).into(),
        unit: esker_core::Unit::default(),
        axes: on.clone(),
        chunk: shape(on).iter().map(|&n| n.min(3)).collect(),
        holds: Holds::Numbers,
        stored: "float64".into(),
        attributes: Attributes::default(),
        auxiliary: *auxiliary,
    });
    let mut cube = Cube::new(axes.clone(), named.collect(), Arc::new(Memory(held))).unwrap();
    cube.crs = Some(crs);
    cube
}

fn polygons(rings: &[Vec<[f64; 2]>], crs: Crs) -> Features {
    let geometries = rings.iter().map(|r| Some(Geometry { shape: Shape::Polygons, parts: vec![r.clone()] })).collect();
    Features::new(Table::default(), geometries, Some(crs)).unwrap()
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Vec<[f64; 2]> {
    vec![[west, south], [east, south], [east, north], [west, north], [west, south]]
}

fn globe(step: usize) -> Cube {
    let lon: Vec<f64> = (0..360 / step).map(|i| (i * step) as f64).collect();
    let lat: Vec<f64> = (0..180 / step).map(|i| 90.0 - (i as f64 + 0.5) * step as f64).collect();
    let (nx, ny) = (lon.len(), lat.len());
    let axes = vec![
        Axis::bare("member", 2),
        Axis::real("lat", AxisKind::Y, "degrees_north", lat),
        Axis::real("lon", AxisKind::X, "degrees_east", lon),
    ];
    let t = (0..2 * nx * ny).map(|i| i as f64).collect();
    cube(axes, vec![("t", vec![0, 1, 2], t, false), ("m", vec![0], vec![7.0, 8.0], false)], Crs::Geographic)
}

#[test]
fn polygons_over_the_edge_of_a_round_axis_keep_their_cells_together() {
    let grid = globe(10);
    let cut = Within::of(&polygons(&[rectangle(-25.0, 40.0, 15.0, 60.0)], Crs::Geographic), "p").unwrap().cube(&grid).unwrap();
    assert_eq!(cut.axes()[2].numbers().unwrap(), [-20.0, -10.0, 0.0, 10.0]);
    assert_eq!(cut.axes()[1].numbers().unwrap(), [55.0, 45.0]);
    // Row 3 of the globe, columns 34, 35, 0, 1, of both members.
    let values = cut.read_all(0).unwrap();
    assert_eq!(values[..4], [142.0, 143.0, 108.0, 109.0]);
    assert_eq!(values[8..12], [790.0, 791.0, 756.0, 757.0]);
    assert_eq!(cut.read_all(1).unwrap(), [7.0, 8.0]);
    assert_snapshot!(cut.notes[0].text, @"cells of the map were kept where their centre lies within the polygons of 'p': 8 of 648");
}

#[test]
fn a_pole_lies_within_a_polygon_around_it() {
    // All of Antarctica south of about 71 degrees, in metres around the pole.
    let south = polygons(&[rectangle(-2e6, -2e6, 2e6, 2e6)], Crs::Projected("EPSG:3031".into()));
    let cut = Within::of(&south, "p").unwrap().cube(&globe(10)).unwrap();
    assert_eq!(cut.axes()[1].numbers().unwrap(), [-75.0, -85.0]);
    let values = cut.read_all(0).unwrap();
    assert!(values[36..72].iter().all(|v| !v.is_nan()), "the row around the pole is whole");
    assert_eq!(cut.axes()[2].len, 36);
}

#[test]
fn cells_of_a_plane_are_asked_in_longitude_and_latitude() {
    let centre = |v: f64| (0..40).map(|i| v + 2500.0 * f64::from(i)).collect::<Vec<_>>();
    let axes = vec![Axis::real("y", AxisKind::Y, "m", centre(5_100_000.0)), Axis::real("x", AxisKind::X, "m", centre(450_000.0))];
    let grid = cube(axes, vec![("z", vec![0, 1], vec![1.0; 1600], false)], Crs::Projected("EPSG:32632".into()));
    let within = Within::of(&polygons(&[rectangle(8.6, 46.2, 9.4, 46.7)], Crs::Geographic), "p").unwrap();
    let cut = within.cube(&grid).unwrap();
    // 550 centres in 22 rows and 25 columns are inside by pyproj 3.7.2 and shapely 2.2.0.
    let values = cut.read_all(0).unwrap();
    assert_eq!(values.iter().filter(|v| !v.is_nan()).count(), 550);
    assert_eq!((cut.axes()[0].len, cut.axes()[1].len), (22, 25));
    assert!(cut.notes.iter().any(|n| n.code == "crs-transformed"));
}

#[test]
fn curvilinear_cells_and_stations_go_by_their_own_places() {
    let lon = vec![0.0, 1.0, 2.0, 0.5, 1.5, 2.5];
    let lat = vec![0.0, 0.1, 0.2, 1.0, 1.1, 1.2];
    let axes = vec![Axis::bare("j", 2), Axis::bare("i", 3)];
    let data = vec![
        ("t", vec![0, 1], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], false),
        ("lon", vec![0, 1], lon.clone(), true),
        ("lat", vec![0, 1], lat.clone(), true),
    ];
    let mut grid = cube(axes, data, Crs::Geographic);
    grid.places = Some(("lon".into(), "lat".into()));
    let within = Within::of(&polygons(&[rectangle(0.8, 0.0, 2.2, 1.15)], Crs::Geographic), "p").unwrap();
    let cut = within.cube(&grid).unwrap();
    let values = cut.read_all(0).unwrap();
    assert_eq!(values[..3], [1.0, 2.0, 4.0]);
    assert!(values[3].is_nan());
    assert_eq!(cut.read_all(1).unwrap(), [1.0, 2.0, 1.5, 2.5], "places stay");

    let stations = vec![("t", vec![0], (0..6).map(f64::from).collect(), false), ("lon", vec![0], lon, true), ("lat", vec![0], lat, true)];
    let mut points = cube(vec![Axis::bare("obs", 6)], stations, Crs::Geographic);
    points.places = Some(("lon".into(), "lat".into()));
    assert_eq!(within.cube(&points).unwrap().read_all(0).unwrap(), [1.0, 2.0, 4.0]);
}

#[test]
fn rows_and_features_without_a_place_are_outside() {
    let within = Within::of(&polygons(&[rectangle(0.0, 0.0, 2.0, 2.0)], Crs::Geographic), "p").unwrap();
    let table =
        Table::new(vec![Column::real("e", "", vec![1.0, f64::NAN, 3.0, 361.0]), Column::real("n", "", vec![1.0, 1.0, 1.0, 1.0])]).unwrap();
    let place = |crs: Option<Crs>| Placed { x: "e".into(), y: "n".into(), crs };
    let rows = within.rows(&table, &place(Some(Crs::Geographic))).unwrap();
    assert_eq!(rows.column("e").unwrap().reals().unwrap(), [1.0, 361.0]);
    assert_snapshot!(within.rows(&table, &place(None)).unwrap_err(), @"places of the rows: got coordinates in a system that is not known; data are cut to polygons only where both systems are known");
    let point = |x: f64| Some(Geometry { shape: Shape::Points, parts: vec![vec![[x, 1.0]]] });
    let some = Features::new(Table::default(), vec![point(1.0), None, point(5.0)], Some(Crs::Geographic)).unwrap();
    assert_eq!(within.features(&some).unwrap().geometries, [point(1.0)]);
}

#[test]
fn what_is_no_area_is_refused() {
    let line = Geometry { shape: Shape::Lines, parts: vec![vec![[0.0, 0.0], [1.0, 1.0]]] };
    let of =
        |g: Vec<Option<Geometry>>, crs: Option<Crs>| Within::of(&Features::new(Table::default(), g, crs).unwrap(), "p.shp").unwrap_err();
    assert_snapshot!(of(vec![Some(line)], Some(Crs::Geographic)), @"polygons 'p.shp': got 1 points or lines; only polygons have an inside");
    assert_snapshot!(of(vec![None], Some(Crs::Geographic)), @"polygons 'p.shp': got no polygon; at least one is needed");
    assert_snapshot!(of(vec![None], None), @r"
    polygons 'p.shp': got coordinates in a system that is not known; data are cut to polygons only where both systems are known
      hint: a shapefile has its CRS in the .prj beside it
    ");
}

proptest! {
    /// Whatever windows a cut cube is read by, each cell is that of the whole grid or missing, and is there when its centre is inside.
    #[test]
    fn a_cut_grid_is_the_grid_inside_and_missing_outside(
        corners in proptest::collection::vec((-180.0..180.0_f64, -80.0..80.0_f64), 3..7),
        rows in 0..6_usize,
    ) {
        let mut ring: Vec<[f64; 2]> = corners.iter().map(|&(x, y)| [x, y]).collect();
        ring.push(ring[0]);
        let grid = globe(10);
        let Ok(cut) = Within::of(&polygons(&[ring.clone()], Crs::Geographic), "p").unwrap().cube(&grid) else { return Ok(()) };
        let (ny, nx) = (cut.axes()[1].len, cut.axes()[2].len);
        let window = Window(vec![1..2, rows.min(ny - 1)..ny, 0..nx]);
        let read = cut.read(0, &window).unwrap();
        let (lat, lon) = (cut.axes()[1].numbers().unwrap(), cut.axes()[2].numbers().unwrap());
        for (k, value) in read.iter().enumerate() {
            let (y, x) = (lat[rows.min(ny - 1) + k / nx], lon[k % nx]);
            let odd = |x: f64| ring.windows(2).filter(|e| {
                let (a, b) = if e[0][1] < e[1][1] { (e[0], e[1]) } else { (e[1], e[0]) };
                a[1] <= y && y < b[1] && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            }).count() % 2 == 1;
            let inside = [x - 360.0, x, x + 360.0].into_iter().any(odd);
            let cell = 648.0 + ((90.0 - y) / 10.0 - 0.5) * 36.0 + x.rem_euclid(360.0) / 10.0;
            prop_assert_eq!(value.is_nan(), !inside);
            prop_assert!(value.is_nan() || (*value - cell).abs() < 1e-6, "{} {}", value, cell);
        }
    }
}
