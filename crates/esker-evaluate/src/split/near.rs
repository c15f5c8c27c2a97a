//! What designs on the ground share: the places of all samples, how far they reach, and the buffers round the rows judged on.

use esker_core::{Error, Fold, Note, Places, Result, Support};
use esker_math::{EARTH_RADIUS, Ground, KdTree, Sides};

/// One sentence for the reference page.
pub(super) const DOC_BUFFER: &str =
    "Kilometres round every row judged on; rows nearer than that are learned from by no model of the fold, and are counted as left out.";

/// The furthest a distance may be asked for, in kilometres: more than half the way round the globe.
pub(super) const FURTHEST: f64 = 40_000.0;

/// The places of a support: every row has one.
pub(super) fn places_of<'a>(design: &str, at: &'a Support) -> Result<&'a Places> {
    let places = at.place.as_ref().ok_or_else(|| {
        Error::recipe(format!("design '{design}'"))
            .got("samples without a place")
            .rule("the design cuts the ground, so every sample needs a place and its CRS")
            .hint("name the columns: [roles] place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }")
    })?;
    if places.x().len() != at.rows {
        return Err(Error::data("places").got(super::count(places.x().len(), "row")).rule(format!("the samples have {}", at.rows)));
    }
    Ok(places)
}

/// A length in metres as a reader wants it: three digits, in kilometres.
pub(super) fn km(metres: f64) -> String {
    format!("{} km", digits(metres / 1000.0, f64::round))
}

/// A number of kilometres that is not above `metres`.
pub(super) fn km_below(metres: f64) -> f64 {
    digits(metres / 1000.0, f64::floor)
}

/// Three digits of a number.
fn digits(value: f64, round: fn(f64) -> f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return value.max(0.0);
    }
    let places = 2 - value.log10().floor() as i32;
    // A power with a whole exponent divides to the nearest decimal number, which prints short.
    if places >= 0 {
        round(value * 10f64.powi(places)) / 10f64.powi(places)
    } else {
        round(value / 10f64.powi(-places)) * 10f64.powi(-places)
    }
}

/// How far places reach from west to east and from south to north, in metres.
pub(super) fn extent(places: &Places) -> (f64, f64) {
    let span = |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &x| (lo.min(x), hi.max(x)));
    if places.x().is_empty() {
        return (0.0, 0.0);
    }
    let (south, north) = span(places.y());
    if !places.crs().is_degrees() {
        let (west, east) = span(places.x());
        return (east - west, north - south);
    }
    // The shortest arc that holds all longitudes is the circle without its widest gap.
    let mut lon: Vec<f64> = places.x().iter().map(|x| x.rem_euclid(360.0)).collect();
    lon.sort_by(f64::total_cmp);
    let widest = lon.windows(2).map(|w| w[1] - w[0]).fold(lon[0] + 360.0 - lon[lon.len() - 1], f64::max);
    let parallel = if south <= 0.0 && north >= 0.0 { 1.0 } else { south.abs().min(north.abs()).to_radians().cos() };
    (EARTH_RADIUS * parallel * (360.0 - widest).to_radians(), EARTH_RADIUS * (north - south).to_radians())
}

/// How far the samples reach, in words.
pub(super) fn reach(places: &Places) -> String {
    let (wide, high) = extent(places);
    format!("the samples reach over {} from west to east and {} from south to north", km(wide), km(high))
}

/// Takes rows nearer than `metres` to a row judged on out of what is learned from.
///
/// # Errors
/// A fold with nothing left, with the rows that the buffer took and the widest one that leaves rows in every fold.
pub(super) fn keep_away(design: &str, ground: &Ground, metres: f64, folds: &mut [Fold]) -> Result<()> {
    if metres <= 0.0 {
        return Ok(());
    }
    let mut emptied: Option<(String, usize)> = None;
    let mut widest = f64::INFINITY;
    for fold in folds {
        let points: Vec<f64> = fold.test.iter().flat_map(|&row| ground.point(row)).copied().collect();
        let judged = KdTree::new(&points, ground.dimensions())?;
        let mut furthest: f64 = 0.0;
        let (mut train, mut taken) = (Vec::with_capacity(fold.train.len()), Vec::new());
        for &row in &fold.train {
            // Which of equally near rows it is does not matter, so ties are not visited.
            let metres_away = ground.metres(judged.to_nearest(ground.point(row), Sides::Squares));
            furthest = furthest.max(metres_away);
            if metres_away < metres { taken.push(row) } else { train.push(row) }
        }
        widest = widest.min(furthest);
        if train.is_empty() && emptied.is_none() {
            emptied = Some((fold.label.clone(), taken.len()));
        }
        fold.train = train;
        fold.left_out.extend(taken);
        fold.left_out.sort_unstable();
    }
    match emptied {
        Some((label, taken)) => Err(nothing_left("buffer", design, metres, (&label, taken), widest)),
        None => Ok(()),
    }
}

/// A fold that a buffer of so many metres has emptied; up to `widest` metres would leave rows in every fold.
pub(super) fn nothing_left(key: &str, design: &str, metres: f64, (fold, taken): (&str, usize), widest: f64) -> Error {
    let error = Error::recipe(format!("{key} of design '{design}'"))
        .got(km(metres))
        .rule(format!("{fold} has nothing left to learn from: the {key} takes all {}", super::count(taken, "row")));
    let km = km_below(widest);
    if km > 0.0 {
        error.hint(format!("a {key} of up to {km} (km) leaves rows in every fold"))
    } else {
        error.hint("no distance leaves rows in every fold: use fewer folds or another design")
    }
}

/// What a buffer takes, told when it takes anything.
pub(super) fn taken(folds: &[Fold]) -> Option<Note> {
    let share = |f: &Fold| f.left_out.len() as f64 / (f.left_out.len() + f.train.len()).max(1) as f64;
    let most = folds.iter().max_by(|a, b| share(a).total_cmp(&share(b))).filter(|f| !f.left_out.is_empty())?;
    let text = format!(
        "Up to {:.0} % of the rows that are not judged on are left out of a fold ({} of {} in {}): models learn from fewer rows than there are.",
        100.0 * share(most),
        most.left_out.len(),
        most.left_out.len() + most.train.len(),
        most.label
    );
    Some(if share(most) > 0.5 { Note::warning("buffer-takes-much", text) } else { Note::info("left-out", text) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Crs;

    #[test]
    fn kilometres_are_short_and_never_rounded_up_where_they_must_not() {
        assert_eq!((km(123_456.0), km(999.6), km(0.0)), ("123 km".into(), "1 km".into(), "0 km".into()));
        assert_eq!((km(1_234_567.0), km_below(12_399.0), km_below(0.6)), ("1230 km".into(), 12.3, 0.0006));
    }

    #[test]
    fn samples_across_the_date_line_reach_over_little() {
        let at = Places::new(vec![179.0, -179.0, 180.0], vec![-1.0, 1.0, 0.0], Crs::Geographic).unwrap();
        let (wide, high) = extent(&at);
        assert!((wide - high).abs() < 1.0 && (high - 222_390.0).abs() < 10.0, "{wide} {high}");
        let plane = Places::new(vec![5.0, 7.0], vec![1.0, 4.0], Crs::Projected("EPSG:32632".into())).unwrap();
        assert_eq!(extent(&plane), (2.0, 3.0));
        let none = Places::new(vec![], vec![], Crs::Geographic).unwrap();
        assert_eq!(extent(&none), (0.0, 0.0));
    }
}
