//! A predicted map: the prediction in colour, cells outside the area of applicability grey, the error to expect beside it.

use esker_core::Unit;

use super::axis::{BODY, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{GREY, Map as Colours, Rgb, category};
use super::legend::{colour_bar, swatches};
use super::stats::{quantile, sorted};
use super::text::{count, fit, labelled, number};
use super::{Figure, Words};
use crate::map::{Ground, Map, Sites};

/// Steps of a colour scale.
const STEPS: usize = 25;
/// Room of a map, and of what stands left of, above and right of it.
const ROOM: (f64, f64) = (430.0, 460.0);
const LEFT: f64 = 66.0;
const TOP: f64 = 64.0;
const ASIDE: f64 = 130.0;

/// Cells of a regular grid, row after row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grid {
    /// Longitudes or eastings of the cells of a row.
    pub x: Vec<f64>,
    /// Latitudes or northings of the rows.
    pub y: Vec<f64>,
    /// Their system: `EPSG:4326` for degrees, else metres.
    pub crs: Option<String>,
    /// What is predicted.
    pub target: String,
    /// Its unit.
    pub unit: Unit,
    /// The classes, empty for numbers; values are then their codes.
    pub levels: Vec<String>,
    /// Predictions, rows × columns; NaN where there is none.
    pub predicted: Vec<f64>,
    /// Probability of the second of two classes, drawn in place of the classes; empty where there are more, or numbers.
    pub probability: Vec<f64>,
    /// 1 inside the area of applicability, 0 outside, NaN where unknown; empty where the model keeps none.
    pub inside: Vec<f64>,
    /// Expected error, NaN outside; empty where none is expected.
    pub expected: Vec<f64>,
    /// What the caption says of the cells, e.g. that every fourth is drawn.
    pub note: String,
}

impl Grid {
    fn outside(&self, cell: usize) -> bool {
        self.inside.get(cell) == Some(&0.0)
    }

    /// Edges of cells from their centres, half a cell beyond the ends.
    fn edges(at: &[f64], other: &[f64]) -> Vec<f64> {
        let step = |v: &[f64]| if v.len() > 1 { v[1] - v[0] } else { f64::NAN };
        let first = Some(step(at)).filter(|s| s.is_finite()).or(Some(step(other).abs()).filter(|s| s.is_finite())).unwrap_or(1.0);
        let last = if at.len() > 1 { at[at.len() - 1] - at[at.len() - 2] } else { first };
        let mut edges = Vec::with_capacity(at.len() + 1);
        edges.push(at[0] - first / 2.0);
        edges.extend(at.windows(2).map(|w| (w[0] + w[1]) / 2.0));
        edges.push(at[at.len() - 1] + last / 2.0);
        edges
    }
}

/// Corners and centres of cells as a map reads them.
struct Cells {
    columns: usize,
    rows: usize,
    corners: Sites,
    centres: Vec<(f64, f64)>,
}

impl Cells {
    fn of(g: &Grid) -> Option<Self> {
        if g.x.is_empty() || g.y.is_empty() || g.predicted.len() != g.x.len() * g.y.len() {
            return None;
        }
        let (ex, mut ey) = (Grid::edges(&g.x, &g.y), Grid::edges(&g.y, &g.x));
        if g.crs.as_deref() == Some("EPSG:4326") {
            ey.iter_mut().for_each(|v| *v = v.clamp(-90.0, 90.0));
        }
        // Corners and centres in one, so that both are read alike: a survey too small for coastlines stays on its plane.
        let lattice = |x: &[f64], y: &[f64]| -> Vec<(f64, f64)> { y.iter().flat_map(|b| x.iter().map(move |a| (*a, *b))).collect() };
        let (x, y): (Vec<f64>, Vec<f64>) = [lattice(&ex, &ey), lattice(&g.x, &g.y)].concat().into_iter().unzip();
        let mut corners = Sites::new(&x, &y, g.crs.as_deref());
        let centres = corners.points.split_off(ex.len() * ey.len());
        Some(Self { columns: g.x.len(), rows: g.y.len(), corners, centres })
    }

    /// Paths of the cells of each colour; neighbours in a row of one colour are one shape.
    fn paths(&self, map: &Map, colour: impl Fn(usize) -> Option<Rgb>) -> Vec<(Rgb, Path)> {
        let mut paths: std::collections::BTreeMap<Rgb, Path> = std::collections::BTreeMap::new();
        for row in 0..self.rows {
            let mut column = 0;
            while column < self.columns {
                let first = column;
                let here = colour(row * self.columns + first);
                // Long shapes are cut so that the world's edge is never inside one.
                while column < self.columns && column - first < 40 && colour(row * self.columns + column) == here {
                    column += 1;
                }
                if let (Some(here), Some(ring)) = (here, self.ring(map, row, first..column)) {
                    paths.entry(here).or_default().line(&ring, true);
                }
            }
        }
        paths.into_iter().collect()
    }

    /// The outline of some cells of a row.
    fn ring(&self, map: &Map, row: usize, columns: std::ops::Range<usize>) -> Option<Vec<(f64, f64)>> {
        let centre = self.centres[row * self.columns + (columns.start + columns.end) / 2];
        let corner = |r: usize, c: usize| map.beside(centre, self.corners.points[r * (self.columns + 1) + c]);
        let every = if map.ground == Ground::Plane { columns.len() } else { 1 };
        let along = || (columns.start..columns.end).step_by(every).chain([columns.end]);
        along().map(|c| corner(row, c)).chain(along().collect::<Vec<_>>().into_iter().rev().map(|c| corner(row + 1, c))).collect()
    }
}

/// The map as a figure; `None` where the grid has no cell with a prediction and a place.
pub fn draw(g: &Grid) -> Option<Figure> {
    let cells = Cells::of(g)?;
    let first = Map::fit(&cells.corners, (LEFT, TOP), ROOM)?;
    let known = sorted(g.predicted.iter().copied().filter(|v| v.is_finite()));
    if known.is_empty() {
        return None;
    }
    let panel = LEFT + first.area.2 + 20.0 + ASIDE;
    let beside = sorted(g.expected.iter().copied().filter(|v| v.is_finite()));
    let panels = if beside.is_empty() { 1.0 } else { 2.0 };
    let below = if first.ground == Ground::Plane { 50.0 } else { 34.0 };
    let height = (TOP + first.area.3 + below).max(300.0) + if g.note.is_empty() { 0.0 } else { 24.0 };
    let mut c = Canvas::new(panels * panel, height);
    c.text((LEFT, height - 8.0), &fit(g.note.trim(), SMALL, false, panels * panel - LEFT - 8.0), Type::new(SMALL).muted());
    let likely = g.levels.get(1).filter(|_| g.probability.len() == g.predicted.len());
    let prediction = match (likely, g.levels.is_empty()) {
        (Some(_), _) => Scale::Numbers(0.0, 1.0, (false, false), Colours::Viridis),
        (None, true) => Scale::of(&known, Colours::Viridis),
        (None, false) => Scale::Classes(g.levels.clone()),
    };
    let values = if likely.is_some() { &g.probability } else { &g.predicted };
    let shown = |i: usize| Some(values[i]).filter(|v| v.is_finite());
    let colour = |i: usize| shown(i).map(|v| if g.outside(i) { GREY } else { prediction.colour(v) });
    let what = likely.map_or_else(|| format!("Predicted {}", g.target), |class| format!("{}: probability of {class}", g.target));
    let title = labelled(&what, &g.unit);
    let outside = (0..g.predicted.len()).filter(|&i| shown(i).is_some() && g.outside(i)).count();
    one(&mut c, &cells, &first, (&title, &prediction, outside), &colour);
    if !beside.is_empty() {
        let map = Map { area: (panel + LEFT, TOP, first.area.2, first.area.3), ..first.clone() };
        let error = Scale::of(&beside, Colours::Viridis);
        let at = |i: usize| if g.expected[i].is_finite() { Some(error.colour(g.expected[i])) } else { shown(i).map(|_| GREY) };
        let unit = if g.levels.is_empty() { g.unit.clone() } else { Unit::default() };
        let name = if g.levels.is_empty() { "Expected error (RMSE)" } else { "Expected share of wrong classes" };
        one(&mut c, &cells, &map, (&labelled(name, &unit), &error, outside), &at);
    }
    let grey = if g.inside.is_empty() { "" } else { " Grey cells lie outside the area of applicability." };
    let caption = format!("{what}.{grey} {}{}", first.describe(), g.note);
    let of_them =
        if g.inside.is_empty() { String::new() } else { format!(", {} of them outside the area of applicability", count(outside)) };
    let alt = format!(
        "Map of {} predicted cells{of_them}. {}{}",
        count(known.len()),
        match &prediction {
            Scale::Classes(levels) => format!("Classes: {}.", levels.join(", ")),
            _ if likely.is_some() => {
                format!("In colour {what}; predicted as such: {}.", count(known.iter().filter(|v| **v == 1.0).count()))
            }
            _ => format!(
                "Half of the predictions lie below {}, from {} to {}.",
                number(quantile(&known, 0.5)),
                number(known[0]),
                number(known[known.len() - 1])
            ),
        },
        g.note
    );
    Some(Figure::new(Words { name: "predicted-map", title: what, alt, caption }, &c))
}

/// What colours stand for.
enum Scale {
    /// Low, high, whether values lie below and above, and the colours.
    Numbers(f64, f64, (bool, bool), Colours),
    /// One colour a class.
    Classes(Vec<String>),
}

impl Scale {
    /// From the first to the last hundredth of the values.
    fn of(known: &[f64], map: Colours) -> Self {
        let (mut low, mut high) = (quantile(known, 0.01), quantile(known, 0.99));
        // Layers of a map hold seven digits.
        if high - low <= 1e-6 * high.abs() {
            let room = 0.5 * low.abs().max(1e-3);
            (low, high) = (low - room, high + room);
        }
        Self::Numbers(low, high, (known[0] < low, known[known.len() - 1] > high), map)
    }

    fn colour(&self, v: f64) -> Rgb {
        match self {
            Self::Numbers(low, high, _, map) => {
                let step = ((v - low) / (high - low) * (STEPS - 1) as f64).round().clamp(0.0, (STEPS - 1) as f64);
                map.at(step / (STEPS - 1) as f64)
            }
            Self::Classes(levels) => category(v as usize, levels.len()),
        }
    }
}

/// One map with its legend.
fn one(c: &mut Canvas, cells: &Cells, map: &Map, (title, scale, outside): (&str, &Scale, usize), colour: &impl Fn(usize) -> Option<Rgb>) {
    let (left, top, w, h) = map.area;
    c.text((left, top - 42.0), &fit(title, BODY, true, w + ASIDE), Type::new(BODY).bold());
    map.draw_ground(c);
    let paths = cells.paths(map, colour);
    c.clipped(map.area, |c| {
        for (colour, path) in &paths {
            // A thin rim of the same colour closes the seams between shapes.
            c.fill(path, Paint::Rgb(*colour), Some(Pen::new(Paint::Rgb(*colour), 0.4)));
        }
    });
    map.draw_coast(c);
    map.draw_frame(c, &[]);
    let (x, wide) = (left + w + 20.0, ASIDE - 8.0);
    let end = match scale {
        Scale::Numbers(low, high, beyond, colours) => {
            colour_bar(c, (x, top - 8.0, wide, (h * 0.62).clamp(120.0, 260.0)), "", (*low, *high, false), *colours, *beyond)
        }
        Scale::Classes(levels) => {
            let items: Vec<(String, Rgb)> = levels.iter().enumerate().map(|(i, l)| (l.clone(), category(i, levels.len()))).collect();
            swatches(c, (x, top - 14.0, wide), "", &items, 14)
        }
    };
    if outside > 0 {
        swatches(c, (x, end + 14.0, wide), "", &[(format!("outside ({})", count(outside)), GREY)], 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            x: vec![170.0, 180.0, 190.0],
            y: vec![10.0, 0.0],
            crs: Some("EPSG:4326".into()),
            target: "t".into(),
            unit: Unit::new("K"),
            predicted: vec![1.0, 2.0, f64::NAN, 4.0, 5.0, 6.0],
            inside: vec![1.0, 0.0, f64::NAN, 1.0, 1.0, 1.0],
            expected: vec![0.1, f64::NAN, f64::NAN, 0.2, 0.3, 0.3],
            ..Grid::default()
        }
    }

    #[test]
    fn cells_are_coloured_grey_outside_and_absent_without_a_prediction() {
        let g = grid();
        let cells = Cells::of(&g).unwrap();
        let map = Map::fit(&cells.corners, (LEFT, TOP), ROOM).unwrap();
        let scale = Scale::of(&[1.0, 6.0], Colours::Viridis);
        let colour = |i: usize| Some(g.predicted[i]).filter(|v| v.is_finite()).map(|v| if g.outside(i) { GREY } else { scale.colour(v) });
        let paths = cells.paths(&map, colour);
        // Five cells with a prediction, each of its own colour, one of them grey.
        assert_eq!(paths.len(), 5);
        assert_eq!(paths.iter().filter(|p| p.0 == GREY).count(), 1);
        // Neighbours of one colour are one shape.
        assert_eq!(cells.paths(&map, |_| Some(GREY)).len(), 1);
    }

    #[test]
    fn a_grid_over_the_date_line_has_no_cell_across_the_map() {
        let g = grid();
        let cells = Cells::of(&g).unwrap();
        let map = Map::fit(&cells.corners, (LEFT, TOP), ROOM).unwrap();
        for row in 0..2 {
            for column in 0..3 {
                let ring = cells.ring(&map, row, column..column + 1).unwrap();
                let (low, high) = ring.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p.0), b.max(p.0)));
                assert!(high - low < 0.5 * map.area.2, "{ring:?}");
            }
        }
    }

    #[test]
    fn the_figure_has_two_maps_where_an_error_is_expected() {
        let two = draw(&grid()).unwrap();
        assert!(two.svg.contains("Predicted t (K)") && two.svg.contains("Expected error (RMSE) (K)") && two.svg.contains("outside (1)"));
        let one = draw(&Grid { expected: vec![], inside: vec![], ..grid() }).unwrap();
        assert!(!one.svg.contains("Expected error") && !one.svg.contains("outside"));
        assert!(draw(&Grid { predicted: vec![f64::NAN; 6], ..grid() }).is_none());
        let classes =
            draw(&Grid { levels: vec!["rock".into(), "ice".into()], predicted: vec![0.0, 1.0, 0.0, 1.0, 1.0, 0.0], ..grid() }).unwrap();
        assert!(classes.svg.contains("rock") && classes.svg.contains("Expected share of wrong classes"));
        let probability = vec![0.1, 0.9, 0.2, 0.8, 0.7, 0.3];
        let chance =
            Grid { levels: vec!["rock".into(), "ice".into()], predicted: vec![0.0, 1.0, 0.0, 1.0, 1.0, 0.0], probability, ..grid() };
        let chance = draw(&chance).unwrap();
        assert!(chance.svg.contains("t: probability of ice") && chance.alt.contains("predicted as such: 3"));
        assert!(!chance.svg.contains("rock"));
    }
}
