//! Grids within polygons and at points, on grids whose answers are known.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use esker_core::cube::{Attributes, Axis, AxisKind, Blocks, Cube, Holds, Labels, Variable, Window};
use esker_core::{Calendar, Column, Context, Crs, Fault, Features, Geometry, Places, Result, Shape, Silent, Table, Unit};
use esker_io::{Sampling, Stat, sample, zonal};
use insta::assert_snapshot;
use proptest::prelude::*;

struct Memory(Vec<f64>, Vec<usize>);

impl Blocks for Memory {
    fn read(&self, _: usize, window: &Window) -> Result<Vec<f64>> {
        let mut out = Vec::new();
        for i in 0..window.len() {
            let (mut left, mut at, mut stride) = (i, 0, 1);
            for d in (0..self.1.len()).rev() {
                let n = window.0[d].len();
                at += (left % n + window.0[d].start) * stride;
                left /= n;
                stride *= self.1[d];
            }
            out.push(self.0[at]);
        }
        Ok(out)
    }
}

fn cx() -> Context {
    Context::new(0, 1)
}

fn cube(axes: Vec<Axis>, values: Vec<f64>, crs: Option<Crs>) -> Cube {
    let shape: Vec<usize> = axes.iter().map(|a| a.len).collect();
    let variable = Variable {
        name: "t".into(),
        unit: Unit::new("K"),
        axes: (0..axes.len()).collect(),
        chunk: shape.iter().map(|&n| n.min(3)).collect(),
        holds: Holds::Numbers,
        stored: "f64".into(),
        attributes: Attributes::default(),
        auxiliary: false,
    };
    let mut cube = Cube::new(axes, vec![variable], Arc::new(Memory(values, shape))).expect("it is there");
    cube.crs = crs;
    cube
}

fn plane() -> Crs {
    Crs::Projected("EPSG:32632".into())
}

fn axis(name: &str, kind: AxisKind, values: &[f64]) -> Axis {
    Axis::real(name, kind, "", values.to_vec())
}

fn polygons(rings: &[&[[f64; 2]]], crs: Option<Crs>) -> Features {
    let parts = rings.iter().map(|r| r.to_vec()).collect();
    Features::new(Table::default(), vec![Some(Geometry { shape: Shape::Polygons, parts })], crs).expect("it is there")
}

fn square(x: f64, y: f64, s: f64) -> Vec<[f64; 2]> {
    vec![[x, y], [x + s, y], [x + s, y + s], [x, y + s], [x, y]]
}

fn column<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    table.column(name).expect("it is there").reals().expect("it is there")
}

/// Four cells of 1 m: y descending, as rasters have it.
fn four() -> Cube {
    let (y, x) = (axis("y", AxisKind::Y, &[1.5, 0.5]), axis("x", AxisKind::X, &[0.5, 1.5]));
    cube(vec![y, x], vec![1.0, 2.0, 3.0, f64::NAN], Some(plane()))
}

#[test]
fn cells_count_by_the_share_inside() {
    // All but the lower and left halves of the outer cells.
    let f = polygons(&[&[[0.5, 0.5], [2.0, 0.5], [2.0, 2.0], [0.5, 2.0], [0.5, 0.5]]], Some(plane()));
    let t = zonal(&four(), "t", &f, &Stat::ALL, &cx()).unwrap();
    // Shares: 0.5 of 1, 1 of 2, 0.25 of 3, 0.5 of the missing one.
    let weight = 1.75;
    let mean = (0.5 + 2.0 + 0.75) / weight;
    let sd = ((0.5 * (1.0_f64 - mean).powi(2) + (2.0 - mean).powi(2) + 0.25 * (3.0 - mean).powi(2)) / weight).sqrt();
    for (name, want) in
        [("t_mean", mean), ("t_min", 1.0), ("t_max", 3.0), ("t_sd", sd), ("t_count", 3.0), ("t_sum", 3.25), ("t_share", 1.75 / 2.25)]
    {
        assert!((column(&t, name)[0] - want).abs() < 1e-12, "{name}: {} {want}", column(&t, name)[0]);
    }
    assert_eq!(t.column("t_mean").unwrap().unit.as_str(), "K");
}

#[test]
fn holes_islands_and_turned_rings() {
    let n = 10;
    let centres: Vec<f64> = (0..n).map(|i| i as f64 + 0.5).collect();
    let c = cube(vec![axis("y", AxisKind::Y, &centres), axis("x", AxisKind::X, &centres)], vec![1.0; n * n], Some(plane()));
    let mut hole = square(2.0, 2.0, 6.0);
    let t = zonal(&c, "t", &polygons(&[&square(1.0, 1.0, 8.0), &hole, &square(4.0, 4.0, 1.5)], Some(plane())), &Stat::ALL, &cx()).unwrap();
    assert!((column(&t, "t_sum")[0] - (64.0 - 36.0 + 2.25)).abs() < 1e-9);
    hole.reverse();
    let turned =
        zonal(&c, "t", &polygons(&[&square(1.0, 1.0, 8.0), &hole, &square(4.0, 4.0, 1.5)], Some(plane())), &Stat::ALL, &cx()).unwrap();
    assert_eq!(column(&t, "t_sum"), column(&turned, "t_sum"));
    assert!((column(&t, "t_share")[0] - 1.0).abs() < 1e-12);
}

#[test]
fn cells_of_the_globe_weigh_by_their_area_and_longitudes_turn() {
    let lat: Vec<f64> = (0..18).map(|i| 85.0 - 10.0 * i as f64).collect();
    let lon: Vec<f64> = (0..36).map(|i| 5.0 + 10.0 * i as f64).collect();
    let values: Vec<f64> = lat.iter().flat_map(|&la| lon.iter().map(move |_| la)).collect();
    let c = cube(vec![axis("lat", AxisKind::Y, &lat), axis("lon", AxisKind::X, &lon)], values, Some(Crs::Geographic));
    // 0 to 30 north: latitudes 5, 15, 25 with weights sin(10) - sin(0) and so on.
    let s = |d: f64| d.to_radians().sin();
    let want = (5.0 * s(10.0) + 15.0 * (s(20.0) - s(10.0)) + 25.0 * (s(30.0) - s(20.0))) / s(30.0);
    // Over Greenwich, on a grid from 0 to 360.
    let f = polygons(&[&[[-30.0, 0.0], [20.0, 0.0], [20.0, 30.0], [-30.0, 30.0], [-30.0, 0.0]]], Some(Crs::Geographic));
    let t = zonal(&c, "t", &f, &Stat::ALL, &cx()).unwrap();
    assert!((column(&t, "t_mean")[0] - want).abs() < 1e-12);
    assert_eq!(column(&t, "t_count")[0], 15.0);
    assert!((column(&t, "t_share")[0] - 1.0).abs() < 1e-12);
}

#[test]
fn a_row_for_each_feature_and_time() {
    let time = Axis {
        kind: AxisKind::T,
        labels: Some(Labels::Time { calendar: Calendar::Standard, days: vec![10.0, 11.0, 12.0] }),
        ..Axis::bare("time", 3)
    };
    let axes = vec![time, axis("y", AxisKind::Y, &[0.5, 1.5]), axis("x", AxisKind::X, &[0.5, 1.5])];
    let c = cube(axes, (0..12).map(f64::from).collect(), Some(plane()));
    let one = |x: f64| Some(Geometry { shape: Shape::Polygons, parts: vec![square(x, 0.0, 1.0)] });
    let table = Table::new(vec![Column::real("time", "", vec![7.0, 8.0, 9.0])]).unwrap();
    let f = Features::new(table, vec![one(0.0), one(1.0), one(50.0)], Some(plane())).unwrap();
    let t = zonal(&c, "t", &f, &[Stat::Mean, Stat::Count], &cx()).unwrap();
    let names: Vec<&str> = t.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["feature", "time", "time_2", "t_mean", "t_count"]);
    assert_eq!(column(&t, "feature"), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
    assert_eq!(column(&t, "time_2"), [10.0, 11.0, 12.0, 10.0, 11.0, 12.0, 10.0, 11.0, 12.0]);
    assert_eq!(column(&t, "t_mean")[..6], [0.0, 4.0, 8.0, 1.0, 5.0, 9.0]);
    assert!(column(&t, "t_mean")[6].is_nan());
    assert_eq!(column(&t, "t_count")[6..], [0.0, 0.0, 0.0]);
    assert!(t.notes.iter().any(|n| n.code == "outside-grid"));
}

#[test]
fn another_system_is_brought_over_and_an_unknown_one_refused() {
    let here = zonal(&four(), "t", &polygons(&[&square(0.0, 0.0, 2.0)], Some(plane())), &Stat::ALL, &cx()).unwrap();
    let way = esker_io::crs::Transform::between(&plane(), &Crs::Geographic).unwrap();
    let moved: Vec<[f64; 2]> = square(0.0, 0.0, 2.0).iter().map(|p| way.point(p[0], p[1])).collect();
    let there = zonal(&four(), "t", &polygons(&[&moved], Some(Crs::Geographic)), &Stat::ALL, &cx()).unwrap();
    assert!((column(&here, "t_mean")[0] - column(&there, "t_mean")[0]).abs() < 1e-6);
    assert!(there.notes.iter().any(|n| n.code == "crs-transformed"));
    assert_snapshot!(zonal(&four(), "t", &polygons(&[&square(0.0, 0.0, 2.0)], None), &Stat::ALL, &cx()).unwrap_err(), @"features: got coordinates in a system that is not known; they are laid over a grid only where both systems are known");
    let mut bare = four();
    bare.crs = None;
    assert_snapshot!(zonal(&bare, "t", &polygons(&[&square(0.0, 0.0, 2.0)], Some(plane())), &Stat::ALL, &cx()).unwrap_err(), @"variable 't': got coordinates in a system that is not known; a grid is laid under features only where both systems are known");
    let points =
        Features::new(Table::default(), vec![Some(Geometry { shape: Shape::Points, parts: vec![vec![[0.0, 0.0]]] })], Some(plane()))
            .unwrap();
    assert_snapshot!(zonal(&four(), "t", &points, &Stat::ALL, &cx()).unwrap_err(), @"
    features: got 1 points or lines; statistics are of polygons
      hint: sample points instead
    ");
}

#[test]
fn samples_are_of_the_cell_or_between_centres() {
    let lat: Vec<f64> = (0..9).map(|i| 80.0 - 20.0 * i as f64).collect();
    let lon: Vec<f64> = (0..18).map(|i| 10.0 + 20.0 * i as f64).collect();
    let values: Vec<f64> = lat.iter().flat_map(|&la| lon.iter().map(move |&lo: &f64| la + lo.to_radians().cos())).collect();
    let c = cube(vec![axis("lat", AxisKind::Y, &lat), axis("lon", AxisKind::X, &lon)], values, Some(Crs::Geographic));
    let at =
        |x: f64, y: f64, how| sample(&c, "t", &Places::new(vec![x], vec![y], Crs::Geographic).unwrap(), how, &cx()).unwrap().columns[0][0];
    let cos = |d: f64| d.to_radians().cos();
    assert_eq!(at(12.0, 45.0, Sampling::Nearest), 40.0 + cos(10.0));
    assert!((at(15.0, 45.0, Sampling::Bilinear) - (45.0 + 0.75 * cos(10.0) + 0.25 * cos(30.0))).abs() < 1e-12);
    // Across Greenwich: between the centres at 350 and 10.
    assert!((at(-5.0, 40.0, Sampling::Bilinear) - (40.0 + cos(10.0))).abs() < 1e-12);
    assert!((at(5.0, 40.0, Sampling::Bilinear) - at(365.0 - 5.0, 40.0, Sampling::Bilinear)).abs() < 1e-12);
    // In the outer half of the edge cell, and beyond it.
    assert_eq!(at(10.0, 89.0, Sampling::Bilinear), at(10.0, 80.0, Sampling::Bilinear));
    let f = four();
    let beyond =
        sample(&f, "t", &Places::new(vec![5.0, 0.5, 1.2], vec![5.0, 1.5, 0.7], plane()).unwrap(), Sampling::Bilinear, &cx()).unwrap();
    assert!(
        beyond.columns[0][0].is_nan() && beyond.columns[0][1] == 1.0 && beyond.columns[0][2].is_nan(),
        "outside; a centre; a missing corner"
    );
    assert_eq!(beyond.notes[0].code, "outside-grid");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against the plainest way there is: many small squares per cell.
    #[test]
    fn shares_agree_with_counting(corners in prop::collection::vec((0.5_f64..7.5, 0.5_f64..5.5), 3..9), flip in any::<bool>()) {
        // Sorted around their middle, so that the ring does not cross itself.
        let n = corners.len() as f64;
        let (mx, my) = (corners.iter().map(|c| c.0).sum::<f64>() / n, corners.iter().map(|c| c.1).sum::<f64>() / n);
        let mut ring: Vec<[f64; 2]> = corners.iter().map(|c| [c.0, c.1]).collect();
        ring.sort_by(|a, b| (a[1] - my).atan2(a[0] - mx).total_cmp(&(b[1] - my).atan2(b[0] - mx)));
        ring.push(ring[0]);
        let (mut ys, xs): (Vec<f64>, Vec<f64>) = ((0..6).map(|i| i as f64 + 0.5).collect(), (0..8).map(|i| i as f64 + 0.5).collect());
        if flip {
            ys.reverse();
        }
        let values: Vec<f64> = ys.iter().flat_map(|y| xs.iter().map(move |x| x * x + 10.0 * y)).collect();
        let c = cube(vec![axis("y", AxisKind::Y, &ys), axis("x", AxisKind::X, &xs)], values, Some(plane()));
        let t = zonal(&c, "t", &polygons(&[&ring], Some(plane())), &Stat::ALL, &cx()).unwrap();
        let inside = |x: f64, y: f64| ring.windows(2).fold(false, |odd, s| {
            odd ^ ((s[0][1] > y) != (s[1][1] > y) && x < s[0][0] + (y - s[0][1]) / (s[1][1] - s[0][1]) * (s[1][0] - s[0][0]))
        });
        let k = 40;
        let (mut area, mut sum) = (0.0, 0.0);
        for i in 0..6 * k {
            for j in 0..8 * k {
                let (y, x) = ((i as f64 + 0.5) / k as f64, (j as f64 + 0.5) / k as f64);
                if inside(x, y) {
                    area += 1.0;
                    let (cy, cx) = (y.floor() + 0.5, x.floor() + 0.5);
                    sum += cx * cx + 10.0 * cy;
                }
            }
        }
        let size = area / (k * k) as f64;
        prop_assume!(size > 0.5);
        prop_assert!((column(&t, "t_mean")[0] - sum / area).abs() < 1.0, "{} {}", column(&t, "t_mean")[0], sum / area);
        prop_assert!((column(&t, "t_share")[0] - 1.0).abs() < 1e-9);
    }
}

/// Height of the ice of three glaciers, as exactextract 0.3.0 finds it (tests/data/make_zonal.py).
#[test]
fn a_height_model_within_outlines_is_that_of_exactextract() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let open = |name: &str| esker_io::open(&folder.join("../../examples/hintereisferner").join(name), &esker_io::ReadOptions::default());
    let (esker_io::Data::Cube(dem), esker_io::Data::Features(outlines)) =
        (open("dem.tif").expect("it is there").1, open("outlines.shp").expect("it is there").1)
    else {
        panic!("a grid and polygons")
    };
    let table = zonal(&dem, "dem", &outlines, &[Stat::Mean, Stat::Sd, Stat::Min, Stat::Max, Stat::Sum], &cx()).expect("it is there");
    let text = std::fs::read_to_string(folder.join("tests/data/zonal_peers.json")).expect("it is there");
    let peers: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for (i, peer) in peers["exactextract"].as_array().expect("a list").iter().enumerate() {
        for (ours, theirs) in [("mean", "mean"), ("sd", "stdev"), ("min", "min"), ("max", "max"), ("sum", "sum")] {
            let (got, want) = (column(&table, &format!("dem_{ours}"))[i], peer[theirs].as_f64().expect("a number"));
            assert!((got - want).abs() < 1e-7 * want, "{ours} of outline {}: {got} and {want}", i + 1);
        }
        // Cells by their centres, as rasterstats takes them, differ by the cells along the edge: a few metres of height.
        let centres = peers["rasterstats"][i]["mean"].as_f64().expect("a number");
        assert!((column(&table, "dem_mean")[i] - centres).abs() < 3.0);
    }
}

/// Ones in one chunk a time, and the first reading asks to stop.
struct Stopping(Arc<AtomicUsize>, Arc<AtomicBool>);

impl Blocks for Stopping {
    fn read(&self, _: usize, window: &Window) -> Result<Vec<f64>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.store(true, Ordering::Relaxed);
        Ok(vec![1.0; window.len()])
    }
}

#[test]
fn work_stops_between_two_readings() {
    let line = |n: usize| (0..n).map(|i| i as f64 + 0.5).collect::<Vec<f64>>();
    let v = Variable {
        name: "t".into(),
        unit: Unit::default(),
        axes: vec![0, 1, 2],
        chunk: vec![1, 500, 500],
        holds: Holds::Numbers,
        stored: "float64".into(),
        attributes: Attributes::default(),
        auxiliary: false,
    };
    let axes = vec![Axis::bare("time", 3), Axis::real("y", AxisKind::Y, "m", line(2000)), Axis::real("x", AxisKind::X, "m", line(2000))];
    let (reads, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut c = Cube::new(axes, vec![v], Arc::new(Stopping(Arc::clone(&reads), Arc::clone(&stop)))).unwrap();
    c.crs = Some(plane());
    let watched = cx().watched(Arc::new(Silent), Arc::clone(&stop));
    let stopped = zonal(&c, "t", &polygons(&[&square(1.0, 1.0, 1998.0)], Some(plane())), &Stat::ALL, &watched).unwrap_err();
    assert_eq!((stopped.fault, reads.swap(0, Ordering::Relaxed)), (Fault::Cancelled, 1));
    stop.store(false, Ordering::Relaxed);
    let points = Places::new(vec![5.0, 1505.0], vec![5.0, 1505.0], plane()).unwrap();
    let stopped = sample(&c, "t", &points, Sampling::Nearest, &watched).unwrap_err();
    assert_eq!((stopped.fault, reads.load(Ordering::Relaxed)), (Fault::Cancelled, 1));
}
