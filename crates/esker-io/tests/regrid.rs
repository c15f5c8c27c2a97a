//! Laws of resampling, sampling and cutting: the seam of the globe is nowhere, and cells placed by 2-D coordinates are found where they lie.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use esker_core::cube::{Attributes, Axis, AxisKind, Blocks, Cube, Holds, Variable, Window};
use esker_core::{Context, Crs, Features, Geometry, Places, Result, Shape, Table, Unit};
use esker_io::crs::Transform;
use esker_io::{Sampling, Stat, resample, sample, zonal};
use insta::assert_snapshot;

/// Variables held in memory.
struct Memory(Vec<Vec<f64>>, Vec<usize>);

impl Blocks for Memory {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let (length, starts) = window.stretches(&self.1);
        Ok(starts.iter().flat_map(|s| self.0[variable][*s..s + length].iter().copied()).collect())
    }
}

fn cx() -> Context {
    Context::new(0, 1)
}

fn variable(name: &str, axes: &[usize], lengths: &[usize], auxiliary: bool) -> Variable {
    Variable {
        name: name.into(),
        unit: Unit::new("K"),
        axes: axes.to_vec(),
        chunk: lengths.iter().map(|&n| n.min(7)).collect(),
        holds: Holds::Numbers,
        stored: "float64".into(),
        attributes: Attributes::default(),
        auxiliary,
    }
}

fn field(lon: f64, lat: f64) -> f64 {
    let (l, p) = (lon.to_radians(), lat.to_radians());
    3.0 + 2.0 * l.sin() - 1.5 * l.cos() + p.sin()
}

/// A field on a grid of degrees.
fn globe(lat: &[f64], lon: &[f64]) -> Cube {
    let axes =
        vec![Axis::real("lat", AxisKind::Y, "degrees_north", lat.to_vec()), Axis::real("lon", AxisKind::X, "degrees_east", lon.to_vec())];
    let values = lat.iter().flat_map(|&la| lon.iter().map(move |&lo| field(lo, la))).collect();
    let shape = vec![lat.len(), lon.len()];
    let mut cube = Cube::new(axes, vec![variable("t", &[0, 1], &shape, false)], Arc::new(Memory(vec![values], shape.clone()))).unwrap();
    cube.crs = Some(Crs::Geographic);
    cube
}

/// The same with places of its own for every cell.
fn mesh(lon: Vec<f64>, lat: Vec<f64>, rows: usize, values: Vec<f64>) -> Cube {
    let shape = vec![rows, lon.len() / rows];
    let axes = vec![Axis::bare("j", shape[0]), Axis::bare("i", shape[1])];
    let names = [("t", false), ("nav_lon", true), ("nav_lat", true)];
    let variables = names.map(|(n, a)| variable(n, &[0, 1], &shape, a)).to_vec();
    let mut cube = Cube::new(axes, variables, Arc::new(Memory(vec![values, lon, lat], shape))).unwrap();
    cube.crs = Some(Crs::Geographic);
    cube.places = Some(("nav_lon".into(), "nav_lat".into()));
    cube
}

fn steps(first: f64, step: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| first + step * i as f64).collect()
}

fn values(cube: &Cube) -> Vec<f64> {
    cube.read_all(cube.variable("t").unwrap()).unwrap()
}

fn close(a: &[f64], b: &[f64], off: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= off || (a.is_nan() && b.is_nan()))
}

#[test]
fn the_seam_is_as_accurate_as_the_inside() {
    let h = 2.0_f64;
    let lat = steps(-89.0, h, 90);
    // About Greenwich, about the antimeridian, and a turn further.
    let near = globe(&steps(-80.0, 1.7, 94), &steps(-9.9, 0.37, 54));
    let anti = globe(&steps(-80.0, 1.7, 94), &steps(170.3, 0.37, 54));
    // Error of linear interpolation: the square of the step by an eighth of the curvature, along each axis.
    let bound = (h.to_radians().powi(2) / 8.0) * (2.5 + 1.0) * 1.001;
    for lon in
        [steps(0.0, h, 180), steps(1.0, h, 180), steps(-180.0, h, 180), steps(-179.0, h, 180), steps(359.0, -h, 180), steps(0.0, h, 181)]
    {
        let cube = globe(&lat, &lon);
        for like in [&near, &anti] {
            let got = values(&resample(&cube, like, Sampling::Bilinear).unwrap());
            let worst = got.iter().zip(values(like)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(got.iter().all(|v| v.is_finite()) && worst <= bound, "from {}: {worst} {bound}", lon[0]);
        }
    }
}

#[test]
fn rolling_the_longitudes_changes_nothing() {
    let lat = steps(80.0, -5.0, 33);
    let plain = steps(2.5, 5.0, 72);
    let ways = [
        plain.iter().map(|l| if *l > 180.0 { l - 360.0 } else { *l }).collect::<Vec<_>>(),
        steps(-177.5, 5.0, 72),
        steps(182.5, 5.0, 36).into_iter().chain(steps(2.5, 5.0, 36)).collect(),
        steps(357.5, -5.0, 72),
        steps(-177.5 + 360.0, 5.0, 72),
    ];
    let like = globe(&steps(-78.0, 3.1, 50), &steps(-190.0, 4.3, 90));
    for method in [Sampling::Nearest, Sampling::Bilinear] {
        let first = values(&resample(&globe(&lat, &plain), &like, method).unwrap());
        assert!(first.iter().all(|v| v.is_finite()));
        for way in &ways {
            let got = values(&resample(&globe(&lat, way), &like, method).unwrap());
            assert!(close(&got, &first, 1e-12), "{method:?} from {}", way[0]);
        }
    }
}

#[test]
fn a_place_just_west_of_the_first_column_is_within() {
    let cube = globe(&steps(-85.0, 10.0, 18), &steps(0.0, 10.0, 36));
    let at =
        |lon: f64, how| sample(&cube, "t", &Places::new(vec![lon], vec![5.0], Crs::Geographic).unwrap(), how, &cx()).unwrap().columns[0][0];
    assert_eq!(at(359.9, Sampling::Nearest), field(0.0, 5.0));
    assert_eq!(at(-0.1, Sampling::Nearest), field(0.0, 5.0));
    let between = 0.99 * field(0.0, 5.0) + 0.01 * field(350.0, 5.0);
    assert!((at(359.9, Sampling::Bilinear) - between).abs() < 1e-12 && (at(-0.1, Sampling::Bilinear) - between).abs() < 1e-12);
}

/// A rotated grid that crosses the antimeridian and comes near the pole, its places in true degrees.
fn turned() -> (Cube, Transform, Vec<f64>, Vec<f64>) {
    let rotated =
        esker_io::crs::parse("+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=25 +lon_0=180 +to_meter=0.0174532925199433").unwrap();
    let way = Transform::between(&rotated, &Crs::Geographic).unwrap();
    let (rlat, rlon) = (steps(-20.0, 0.5, 80), steps(-22.0, 0.5, 90));
    let (mut lon, mut lat) = (Vec::new(), Vec::new());
    for y in &rlat {
        for x in &rlon {
            let [a, b] = way.point(*x, *y);
            lon.push(a);
            lat.push(b);
        }
    }
    let numbers = (0..lon.len()).map(|i| i as f64).collect();
    (mesh(lon, lat, rlat.len(), numbers), way, rlat, rlon)
}

#[test]
fn places_of_a_mesh_are_those_of_the_system_behind_it() {
    let (cube, way, rlat, rlon) = turned();
    let (mut x, mut y, mut want) = (Vec::new(), Vec::new(), Vec::new());
    for (i, la) in rlat.iter().enumerate() {
        for (j, lo) in rlon.iter().enumerate() {
            // Well within the cell; cells are squares of the sphere here only up to the cosine of 20 degrees.
            let off = |k: usize| 0.5 * (((k * 37 % 19) as f64) / 18.0 * 0.8 - 0.4);
            let [a, b] = way.point(lo + off(i + 3 * j), la + off(7 * i + j));
            x.push(a);
            y.push(b);
            want.push((i * rlon.len() + j) as f64);
        }
    }
    let got = sample(&cube, "t", &Places::new(x, y, Crs::Geographic).unwrap(), Sampling::Nearest, &cx()).unwrap();
    assert_eq!(got.columns[0], want);
    assert!(got.notes.is_empty());
    // Beyond the edge: half a cell is still inside, a whole one is not.
    let edge = [way.point(rlon[0] - 0.2, rlat[9]), way.point(rlon[0] - 0.6, rlat[9]), way.point(0.0, 60.0)];
    let places = Places::new(edge.iter().map(|p| p[0]).collect(), edge.iter().map(|p| p[1]).collect(), Crs::Geographic).unwrap();
    let got = sample(&cube, "t", &places, Sampling::Nearest, &cx()).unwrap();
    assert_eq!(got.columns[0][0], (9 * rlon.len()) as f64);
    assert!(got.columns[0][1].is_nan() && got.columns[0][2].is_nan());
    assert_snapshot!(sample(&cube, "t", &places, Sampling::Bilinear, &cx()).unwrap_err(), @"
    method: got bilinear; on grids with 2-D longitudes and latitudes values are those of the nearest cell
      hint: take the method nearest
    ");
}

#[test]
fn a_mesh_of_a_regular_grid_resamples_as_that_grid() {
    let (lat, lon) = (steps(-59.0, 2.0, 60), steps(1.0, 2.0, 180));
    let regular = globe(&lat, &lon);
    let x = lat.iter().flat_map(|_| lon.iter().copied()).collect();
    let y = lat.iter().flat_map(|la| lon.iter().map(move |_| *la)).collect();
    let cube = mesh(x, y, lat.len(), values(&regular));
    let like = globe(&steps(-56.3, 1.9, 50), &steps(-179.6, 3.0, 120));
    let (a, b) = (resample(&cube, &like, Sampling::Nearest).unwrap(), resample(&regular, &like, Sampling::Nearest).unwrap());
    assert_eq!(a.axes().iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["lat", "lon"]);
    // Between two meridians or parallels both cells are as near.
    let same = values(&a).iter().zip(values(&b)).filter(|(a, b)| *a == b).count();
    assert!(same as f64 > 0.97 * values(&b).len() as f64, "{same} of {}", values(&b).len());
    assert!(close(&values(&a), &values(&b), 0.1));
    assert!(a.variable("nav_lon").is_err() && a.places.is_none());
    assert!(resample(&cube, &like, Sampling::Bilinear).is_err() && resample(&regular, &cube, Sampling::Nearest).is_err());
}

#[test]
fn cells_of_a_mesh_count_where_their_centres_lie() {
    let (cube, ..) = turned();
    let lat = cube.read_all(2).unwrap();
    let lon = cube.read_all(1).unwrap();
    let cube = mesh(lon.clone(), lat.clone(), 80, lat.iter().enumerate().map(|(i, l)| if i % 11 == 0 { f64::NAN } else { *l }).collect());
    // A band over the antimeridian, in two ways of counting longitudes.
    let ring = |west: f64, east: f64| vec![[west, 55.0], [east, 55.0], [east, 65.0], [west, 65.0], [west, 55.0]];
    let shapes = [ring(170.0, 200.0), ring(-190.0, -160.0), ring(10.0, 11.0)];
    let geometries = shapes.iter().map(|r| Some(Geometry { shape: Shape::Polygons, parts: vec![r.clone()] })).collect();
    let features = Features::new(Table::new(vec![]).unwrap(), geometries, Some(Crs::Geographic)).unwrap();
    let table = zonal(&cube, "t", &features, &Stat::ALL, &cx()).unwrap();
    let column = |name: &str| table.column(name).unwrap().reals().unwrap().to_vec();
    let inside = |i: &usize| (55.0..65.0).contains(&lat[*i]) && (170.0..200.0).contains(&lon[*i].rem_euclid(360.0));
    let cells: Vec<usize> = (0..lat.len()).filter(inside).collect();
    let filled: Vec<usize> = cells.iter().copied().filter(|i| i % 11 != 0).collect();
    assert!(filled.len() > 300);
    assert_eq!(column("t_count")[..2], [filled.len() as f64; 2]);
    // Cells of a rotated grid shrink with the cosine of the rotated latitude, here at most by .94.
    let plain = filled.iter().map(|&i| lat[i]).sum::<f64>() / filled.len() as f64;
    assert!((column("t_mean")[0] - plain).abs() < 0.05 && column("t_mean")[0] == column("t_mean")[1]);
    assert!((column("t_share")[0] - filled.len() as f64 / cells.len() as f64).abs() < 0.005);
    assert_eq!(column("t_count")[2], 0.0);
    assert!(column("t_mean")[2].is_nan());
    assert!(table.notes.iter().any(|n| n.code == "zonal-centres") && table.notes.iter().any(|n| n.code == "outside-grid"));
}

#[test]
fn a_box_on_a_mesh_keeps_the_cells_inside_and_no_row_or_column_without() {
    let (cube, ..) = turned();
    let (lon, lat) = (cube.read_all(1).unwrap(), cube.read_all(2).unwrap());
    let cut = cube.within(170.0, 55.0, -160.0, 65.0).unwrap();
    let inside: Vec<f64> = (0..lat.len())
        .filter(|&i| (55.0..=65.0).contains(&lat[i]) && (170.0..=200.0).contains(&lon[i].rem_euclid(360.0)))
        .map(|i| i as f64)
        .collect();
    let got = values(&cut);
    assert_eq!(got.iter().copied().filter(|v| !v.is_nan()).collect::<Vec<_>>(), inside);
    assert!(got.len() > inside.len() && got.len() < lat.len());
    let width = cut.axes()[1].len;
    assert!(got.chunks(width).all(|row| row.iter().any(|v| !v.is_nan())));
    assert!((0..width).all(|c| got.iter().skip(c).step_by(width).any(|v| !v.is_nan())));
    // Windows are parts of the whole, and places stay.
    let part = cut.read(0, &Window(vec![3..9, 2..7])).unwrap();
    let whole: Vec<f64> = (3..9).flat_map(|r| (2..7).map(move |c| r * width + c)).map(|i| got[i]).collect();
    assert!(close(&part, &whole, 0.0));
    assert!(cut.read_all(1).unwrap().iter().all(|v| v.is_finite()));
    assert!(cut.notes.iter().any(|n| n.code == "box-masked"));
    assert_snapshot!(cube.within(10.0, -60.0, 20.0, -50.0).unwrap_err(), @"box: got west 10, south -60, east 20, north -50; no cell has its longitude and latitude inside");
}
