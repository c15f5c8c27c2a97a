//! Features as a table: the attributes, with place and size of each geometry as numbers.

use esker_core::{Column, Features, Geometry, Note, Result, Shape, Table};

use super::rings::nesting;
use crate::crs::{Ruler, plane_area};

/// The attributes with columns `x` and `y` (the centroid, in the system of the file), and where there are areas `area`, where there are
/// lines `length`. Areas are m2 and lengths m: on the ellipsoid where coordinates are degrees, in the plane otherwise; where the system is not
/// known they are in the file's own units. A column that the attributes have already keeps its name, and the new one is called
/// `geometry_x` and so on.
///
/// # Errors
/// A system that is not known here.
pub fn geometry_table(features: &Features) -> Result<Table> {
    let mut table = features.table.clone();
    let ruler = features.crs.as_ref().map(Ruler::of).transpose()?;
    let of = |get: &dyn Fn(&Geometry) -> Option<f64>| -> Vec<f64> {
        features.geometries.iter().map(|g| g.as_ref().and_then(get).unwrap_or(f64::NAN)).collect()
    };
    let centres: Vec<Option<[f64; 2]>> = features.geometries.iter().map(|g| g.as_ref().and_then(centroid)).collect();
    let (place, area, length) = match &ruler {
        Some(ruler) if ruler.is_geodesic() => ("degrees", "m2", "m"),
        Some(_) => ("m", "m2", "m"),
        None => ("", "", ""),
    };
    let axis = |i: usize| centres.iter().map(|c| c.map_or(f64::NAN, |c| c[i])).collect::<Vec<f64>>();
    let mut columns = vec![("x", place, axis(0)), ("y", place, axis(1))];
    let has = |shape: Shape| features.geometries.iter().flatten().any(|g| g.shape == shape);
    if has(Shape::Polygons) {
        columns.push(("area", area, of(&|g| (g.shape == Shape::Polygons).then(|| size(g, ruler.as_ref())))));
    }
    if has(Shape::Lines) {
        columns.push(("length", length, of(&|g| (g.shape == Shape::Lines).then(|| reach(g, ruler.as_ref())))));
    }
    for (name, unit, values) in columns {
        let unique = free_name(&table, name);
        if unique != name {
            table.notes.push(Note::info(
                "renamed-column",
                format!("The attributes have a column '{name}' already; that of the geometry is '{unique}'."),
            ));
        }
        table.put(Column::real(unique, unit, values))?;
    }
    if ruler.as_ref().is_some_and(Ruler::is_geodesic) && (has(Shape::Polygons) || has(Shape::Lines)) {
        table.notes.push(Note::info("geodesic", "Areas and lengths were measured on the ellipsoid."));
    }
    Ok(table)
}

/// The columns of x and y that [`geometry_table`] adds.
pub(crate) fn geometry_columns(features: &Features) -> [String; 2] {
    ["x", "y"].map(|name| free_name(&features.table, name))
}

/// A name that no column has yet.
fn free_name(table: &Table, name: &str) -> String {
    let mut free = name.to_owned();
    while table.columns().iter().any(|c| c.name == free) {
        free = format!("geometry_{free}");
    }
    free
}

/// Area of polygons: rings count or are taken off by how many go around them.
fn size(geometry: &Geometry, ruler: Option<&Ruler>) -> f64 {
    let area = |ring: &Vec<[f64; 2]>| ruler.map_or_else(|| plane_area(ring), |r| r.area(ring)).abs();
    nesting(&geometry.parts)
        .iter()
        .zip(&geometry.parts)
        .map(|((depth, _), ring)| if depth % 2 == 0 { area(ring) } else { -area(ring) })
        .sum()
}

/// Length of lines.
fn reach(geometry: &Geometry, ruler: Option<&Ruler>) -> f64 {
    let flat = |line: &Vec<[f64; 2]>| line.windows(2).map(|p| (p[0][0] - p[1][0]).hypot(p[0][1] - p[1][1])).sum::<f64>();
    geometry.parts.iter().map(|line| ruler.map_or_else(|| flat(line), |r| r.length(line))).sum()
}

/// The centre of mass in the plane of the coordinates: of areas, else of lines by length, else of points; none where there is no point.
pub fn centroid(geometry: &Geometry) -> Option<[f64; 2]> {
    let &origin = geometry.parts.first()?.first()?;
    let mean = |weighted: &mut dyn Iterator<Item = (f64, [f64; 2])>| {
        let (w, x, y) = weighted.fold((0.0, 0.0, 0.0), |(w, x, y), (v, p)| (w + v, x + v * (p[0] - origin[0]), y + v * (p[1] - origin[1])));
        (w != 0.0).then(|| [origin[0] + x / w, origin[1] + y / w])
    };
    let points = || mean(&mut geometry.parts.iter().flatten().map(|&p| (1.0, p)));
    let lines = || {
        let middle = |s: &[[f64; 2]]| {
            let length = (s[0][0] - s[1][0]).hypot(s[0][1] - s[1][1]);
            (length, [(s[0][0] + s[1][0]) / 2.0, (s[0][1] + s[1][1]) / 2.0])
        };
        mean(&mut geometry.parts.iter().flat_map(|line| line.windows(2).map(middle)))
    };
    match geometry.shape {
        Shape::Points => points(),
        Shape::Lines => lines().or_else(points),
        Shape::Polygons => {
            let nested = nesting(&geometry.parts);
            let mut rings = geometry.parts.iter().zip(&nested).filter_map(|(ring, (depth, _))| {
                let sign = if depth % 2 == 0 { 1.0 } else { -1.0 };
                Some((plane_area(ring).abs() * sign, ring_centre(ring)?))
            });
            mean(&mut rings).or_else(lines).or_else(points)
        }
    }
}

fn ring_centre(ring: &[[f64; 2]]) -> Option<[f64; 2]> {
    let &[x0, y0] = ring.first()?;
    let (mut twice, mut x, mut y) = (0.0, 0.0, 0.0);
    for s in ring.windows(2) {
        let ([ax, ay], [bx, by]) = ([s[0][0] - x0, s[0][1] - y0], [s[1][0] - x0, s[1][1] - y0]);
        let cross = ax * by - bx * ay;
        twice += cross;
        x += (ax + bx) * cross;
        y += (ay + by) * cross;
    }
    (twice != 0.0).then(|| [x0 + x / (3.0 * twice), y0 + y / (3.0 * twice)])
}
