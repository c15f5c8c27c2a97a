//! What is wrong with polygons: those that cross themselves, and those that cover nothing.

use esker_core::{Features, Geometry, Note, Shape};

use super::rings::signs;
use crate::crs::plane_area;

/// Rows that a note names at most.
const NAMED: usize = 5;

/// The area of polygons in the units of their coordinates, holes taken off.
pub fn area(geometry: &Geometry) -> f64 {
    signs(&geometry.parts).iter().zip(&geometry.parts).map(|(sign, ring)| sign * plane_area(ring).abs()).sum()
}

/// Notes of polygons that cross themselves or cover nothing, by their rows.
pub(crate) fn flaws(features: &Features, name: &str) -> Vec<Note> {
    let polygons =
        || features.geometries.iter().enumerate().filter_map(|(i, g)| Some((i, g.as_ref().filter(|g| g.shape == Shape::Polygons)?)));
    let count = polygons().count();
    let named = |rows: &[usize]| {
        let shown: Vec<String> = rows.iter().take(NAMED).map(|r| (r + 1).to_string()).collect();
        format!("{}{}", shown.join(", "), if rows.len() > NAMED { ", …" } else { "" })
    };
    let mut notes = Vec::new();
    let crossed: Vec<usize> = polygons().filter(|(_, g)| crosses_itself(&g.parts)).map(|(i, _)| i).collect();
    if !crossed.is_empty() {
        let text = format!(
            "{} of {count} polygons of {name} cross themselves (rows {}): what an odd number of their edges goes around counts as inside.",
            crossed.len(),
            named(&crossed)
        );
        notes.push(Note::warning("polygons-crossed", text));
    }
    // Loops that cross go around both ways: their areas cancel, yet they cover something.
    let empty: Vec<usize> = polygons().filter(|(i, g)| area(g) <= 0.0 && crossed.binary_search(i).is_err()).map(|(i, _)| i).collect();
    if !empty.is_empty() {
        let text = format!("{} of {count} polygons of {name} cover nothing (rows {}).", empty.len(), named(&empty));
        notes.push(Note::warning("polygons-empty", text));
    }
    notes
}

/// Whether two edges of rings cross in their insides.
fn crosses_itself(rings: &[Vec<[f64; 2]>]) -> bool {
    let mut edges: Vec<[[f64; 2]; 2]> = rings
        .iter()
        .flat_map(|r| r.windows(2))
        .map(|w| if w[0][0] <= w[1][0] { [w[0], w[1]] } else { [w[1], w[0]] })
        .filter(|e| e.iter().flatten().all(|v| v.is_finite()))
        .collect();
    edges.sort_by(|a, b| a[0][0].total_cmp(&b[0][0]));
    let apart =
        |a: &[[f64; 2]; 2], b: &[[f64; 2]; 2]| a[0][1].max(a[1][1]) <= b[0][1].min(b[1][1]) || b[0][1].max(b[1][1]) <= a[0][1].min(a[1][1]);
    edges.iter().enumerate().any(|(i, a)| {
        let near = edges[i + 1..].iter().take_while(|b| b[0][0] < a[1][0]);
        near.filter(|b| !apart(a, b)).any(|b| cross(a, b))
    })
}

/// Whether the ends of each edge lie strictly on both sides of the other.
fn cross(a: &[[f64; 2]; 2], b: &[[f64; 2]; 2]) -> bool {
    let side = |[p, q]: &[[f64; 2]; 2], r: [f64; 2]| (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
    side(a, b[0]) * side(a, b[1]) < 0.0 && side(b, a[0]) * side(b, a[1]) < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Table;

    fn features(rings: &[&[[f64; 2]]]) -> Features {
        let geometries = rings.iter().map(|r| Some(Geometry { shape: Shape::Polygons, parts: vec![r.to_vec()] })).collect();
        Features::new(Table::default(), geometries, None).unwrap()
    }

    #[test]
    fn polygons_that_cross_themselves_or_cover_nothing_are_named() {
        let square: &[[f64; 2]] = &[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
        let tie: &[[f64; 2]] = &[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 2.0], [0.0, 0.0]];
        let line: &[[f64; 2]] = &[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 0.0]];
        // A point touched twice is no crossing.
        let eight: &[[f64; 2]] = &[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [2.0, 2.0], [1.0, 1.0], [0.0, 2.0], [0.0, 0.0]];
        assert_eq!(flaws(&features(&[square, eight]), "'a.shp'"), []);
        let notes = flaws(&features(&[square, tie, line]), "'a.shp'");
        let codes: Vec<&str> = notes.iter().map(|n| n.code.as_str()).collect();
        assert_eq!(codes, ["polygons-crossed", "polygons-empty"]);
        assert!(notes[0].text.starts_with("1 of 3 polygons of 'a.shp' cross themselves (rows 2)"), "{}", notes[0].text);
        let bow: &[[f64; 2]] = &[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]];
        let notes = flaws(&features(&[bow]), "'a.shp'");
        assert!(
            area(features(&[bow]).geometries[0].as_ref().unwrap()).abs() < 1e-12 && notes.len() == 1 && notes[0].code == "polygons-crossed"
        );
    }
}
