//! Which projection a map gets: the one that is named, or the one that fits the places.

use esker_core::{Error, Result};

use super::clip::Window;
use super::projection::{Projection, wrapped};
use super::{Ground, Map, Sites, WORLDWIDE, centre, regional, tenth};

/// A projection by name. Centres that are not said follow the places.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Choice {
    /// Robinson for the world; polar stereographic near a pole; UTM for what one zone holds; Lambert's conformal cone for
    /// what is wide in middle latitudes; Lambert's azimuthal equal-area map for the rest.
    #[default]
    Auto,
    /// Plate carrée.
    PlateCarree(Option<f64>),
    /// Robinson.
    Robinson(Option<f64>),
    /// Equal Earth.
    EqualEarth(Option<f64>),
    /// Orthographic: longitude and latitude of the centre.
    Orthographic(Option<(f64, f64)>),
    /// Lambert conformal conic.
    LambertConformal,
    /// Lambert azimuthal equal-area.
    EqualArea,
    /// Polar stereographic north, with its meridian.
    PolarNorth(Option<f64>),
    /// Polar stereographic south, with its meridian.
    PolarSouth(Option<f64>),
    /// The UTM zone of the places' middle.
    Utm,
    /// The coordinates as they are, in km, without a globe.
    Plain,
}

const NAMES: &str = "auto, robinson, equal-earth, plate-carree, orthographic, lambert-conformal, equal-area, polar-north, polar-south, \
                     utm, plain";

impl Choice {
    /// Reads `robinson`, `robinson:180` (central meridian), `orthographic:-40,72` (centre).
    ///
    /// # Errors
    /// A name that is not known, a centre that is no place.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, rest) = text.trim().split_once(':').map_or((text.trim(), None), |(n, r)| (n, Some(r)));
        let refuse =
            |rule: &str| Err(Error::usage(format!("projection '{text}'")).rule(rule.to_owned()).hint(format!("known are {NAMES}")));
        let numbers: Option<Vec<f64>> = rest.map(|r| r.split(',').map(|w| w.trim().parse().unwrap_or(f64::NAN)).collect());
        let fits = |n: &[f64]| n[0].abs() <= 360.0 && n.get(1).is_none_or(|lat| lat.abs() <= 90.0);
        if numbers.as_deref().is_some_and(|n| n.len() > 2 || !fits(n)) {
            return refuse("its centre is a longitude, or a longitude and a latitude in degrees");
        }
        let lon = numbers.as_deref().map(|n| wrapped(n[0]));
        let place = numbers.as_deref().map(|n| (wrapped(n[0]), n.get(1).copied().unwrap_or(0.0)));
        Ok(match name.to_lowercase().replace(['_', ' '], "-").as_str() {
            "auto" => Self::Auto,
            "plate-carree" | "plate-carrée" | "equirectangular" => Self::PlateCarree(lon),
            "robinson" => Self::Robinson(lon),
            "equal-earth" => Self::EqualEarth(lon),
            "orthographic" | "globe" => Self::Orthographic(place),
            "lambert-conformal" => Self::LambertConformal,
            "equal-area" | "lambert-azimuthal" | "laea" => Self::EqualArea,
            "polar-north" => Self::PolarNorth(lon),
            "polar-south" => Self::PolarSouth(lon),
            "utm" => Self::Utm,
            "plain" => Self::Plain,
            _ => return refuse("no such projection"),
        })
    }
}

/// Places as a map sees them: their middle, how far they reach, the rectangle around them.
struct Extent {
    lon: f64,
    lat: f64,
    far: f64,
    /// Degrees of longitude and latitude, longitudes counted on from the middle's.
    box_: Window,
}

impl Extent {
    fn of(points: &[(f64, f64)]) -> Self {
        let (lon, lat, far) = centre(points);
        let box_ = Window::around(&points.iter().map(|p| (lon + wrapped(p.0 - lon), p.1)).collect::<Vec<_>>());
        Self { lon, lat, far, box_ }
    }

    fn auto(&self) -> Choice {
        let (w, h) = (self.box_.x1 - self.box_.x0, self.box_.y1 - self.box_.y0);
        let (south, north) = (self.box_.y0, self.box_.y1);
        if self.far > WORLDWIDE {
            Choice::Robinson(None)
        } else if north > 55.0 && self.lat > 65.0 && self.far > 2.0 {
            Choice::PolarNorth(None)
        } else if south < -55.0 && self.lat < -65.0 && self.far > 2.0 {
            Choice::PolarSouth(None)
        } else if w < 6.0 && h < 10.0 && self.lat.abs() < 80.0 {
            Choice::Utm
        } else if (south > 20.0 || north < -20.0) && w * self.lat.to_radians().cos() > 1.2 * h && h < 45.0 {
            Choice::LambertConformal
        } else {
            Choice::EqualArea
        }
    }

    /// A map about the Pacific where most places lie there.
    fn meridian(points: &[(f64, f64)], said: Option<f64>) -> f64 {
        let beyond = points.iter().filter(|p| p.0.abs() > 90.0).count();
        said.unwrap_or(if 5 * beyond > 3 * points.len() { 180.0 } else { 0.0 })
    }
}

impl Map {
    /// A map in the projection chosen that shows all sites, at `corner` and no larger than `room`. `None` where no site has a
    /// place on it.
    pub fn chosen(sites: &Sites, choice: Choice, corner: (f64, f64), room: (f64, f64)) -> Option<Self> {
        let points = sites.known();
        if points.is_empty() || !sites.geographic || choice == Choice::Plain {
            return Self::fit(&Sites { geographic: false, points }, corner, room);
        }
        let extent = Extent::of(&points);
        let (lon, lat) = (tenth(extent.lon), tenth(extent.lat));
        let middle = Extent::meridian(&points, None);
        let projection = match if choice == Choice::Auto { extent.auto() } else { choice } {
            Choice::Robinson(m) => Projection::Robinson { lon: m.unwrap_or(middle) },
            Choice::EqualEarth(m) => Projection::EqualEarth { lon: m.unwrap_or(middle) },
            Choice::PlateCarree(m) if extent.far > WORLDWIDE || m.is_some() => Projection::PlateCarree { lon: m.unwrap_or(middle) },
            Choice::PlateCarree(_) => Projection::PlateCarree { lon },
            Choice::Orthographic(at) => {
                let (lon, lat) = at.unwrap_or(if extent.far > WORLDWIDE { (middle, 20.0) } else { (lon, lat) });
                Projection::Orthographic { lon, lat }
            }
            Choice::LambertConformal => {
                let (south, span) = (extent.box_.y0, extent.box_.y1 - extent.box_.y0);
                let mut parallels = (tenth(south + span / 6.0), tenth(south + span * 5.0 / 6.0));
                // A cone about the equator would be a cylinder.
                if (parallels.0 + parallels.1).abs() < 2.0 {
                    parallels = (parallels.0.abs() + 1.0, parallels.1.abs() + 1.0);
                }
                Projection::LambertConformal { lon, lat, parallels }
            }
            Choice::PolarNorth(m) => Projection::PolarStereographic { lon: m.unwrap_or(lon.round()), north: true },
            Choice::PolarSouth(m) => Projection::PolarStereographic { lon: m.unwrap_or(lon.round()), north: false },
            Choice::Utm => {
                let zone = (((wrapped(extent.lon) + 180.0) / 6.0).floor() as u8 + 1).clamp(1, 60);
                Projection::Utm { zone, south: extent.lat < 0.0 }
            }
            Choice::EqualArea | Choice::Auto | Choice::Plain => regional(&points, extent.lon, extent.lat),
        };
        let whole = match projection {
            Projection::PlateCarree { .. } => extent.far > WORLDWIDE,
            p => p.half().is_some(),
        };
        if whole {
            return Some(Self::whole(projection, corner, room));
        }
        let on = |p: &(f64, f64)| projection.forward(projection.centre_lon() + wrapped(p.0 - projection.centre_lon()), p.1);
        // The other hemisphere lies ever farther out: where places are on both, the map ends at the equator.
        let near = |p: &&(f64, f64)| !matches!(projection, Projection::PolarStereographic { north, .. } if (p.1 >= 0.0) != north);
        let mut projected: Vec<(f64, f64)> = points.iter().filter(near).filter_map(on).collect();
        if projected.is_empty() {
            projected = points.iter().filter_map(on).collect();
        }
        if projected.is_empty() {
            return None;
        }
        Some(Self::framed(Ground::Globe(projection), Window::around(&projected), corner, room))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(points: &[(f64, f64)], choice: Choice) -> Map {
        Map::chosen(&Sites { points: points.to_vec(), geographic: true }, choice, (0.0, 0.0), (500.0, 400.0)).unwrap()
    }

    fn projection(points: &[(f64, f64)]) -> Projection {
        match map(points, Choice::Auto).ground {
            Ground::Globe(p) => p,
            Ground::Plane => panic!("a globe"),
        }
    }

    #[test]
    fn the_projection_follows_the_places() {
        assert!(matches!(projection(&[(-120.0, 40.0), (10.0, 50.0), (80.0, -30.0)]), Projection::Robinson { lon: 0.0 }));
        assert!(matches!(projection(&[(-60.0, 80.0), (100.0, 72.0), (-150.0, 70.0)]), Projection::PolarStereographic { north: true, .. }));
        assert!(matches!(projection(&[(0.0, -80.0), (100.0, -70.0)]), Projection::PolarStereographic { north: false, .. }));
        assert_eq!(projection(&[(10.5, 46.7), (11.1, 47.0)]), Projection::Utm { zone: 32, south: false });
        assert!(matches!(projection(&[(-10.0, 36.0), (30.0, 58.0)]), Projection::LambertConformal { .. }));
        assert!(matches!(projection(&[(-70.0, -40.0), (-60.0, 10.0)]), Projection::Azimuthal { .. }));
        // Astride the date line the map is small.
        let fiji = map(&[(178.0, -17.0), (-178.0, -16.0)], Choice::Auto);
        assert!(fiji.window.x1 - fiji.window.x0 < 800.0);
    }

    /// The equator lies 12,400 km from the pole of the map, 60° S 46,000 km.
    #[test]
    fn a_polar_map_of_the_world_ends_at_the_equator() {
        let world: Vec<(f64, f64)> =
            (0..36).flat_map(|i| (-8..=8).map(move |j| (10.0 * f64::from(i) - 180.0, 10.0 * f64::from(j)))).collect();
        let wide = |points: &[(f64, f64)], name: &str| {
            let m = map(points, Choice::parse(name).unwrap());
            m.window.x1 - m.window.x0
        };
        for name in ["polar-north", "polar-south"] {
            assert!((24_000.0..31_000.0).contains(&wide(&world, name)), "{name}: {}", wide(&world, name));
        }
        assert!(wide(&[(0.0, -10.0), (90.0, -20.0)], "polar-north") > 10_000.0, "who asks for it is shown it");
    }

    #[test]
    fn every_choice_shows_its_places_within_the_frame() {
        let places = [(8.0, 46.0), (12.0, 47.5), (10.0, 44.0)];
        let names = "auto robinson robinson:180 equal-earth plate-carree orthographic orthographic:20,30 lambert-conformal equal-area polar-north utm";
        for name in names.split(' ') {
            let m = map(&places, Choice::parse(name).unwrap());
            for p in places {
                let (x, y) = m.at(p).unwrap();
                assert!((0.0..=500.0).contains(&x) && (0.0..=400.0).contains(&y), "{name}: {x} {y}");
                let (l, f) = m.back((x, y)).unwrap();
                assert!(wrapped(l - p.0).abs() < 1e-6 && (f - p.1).abs() < 1e-6, "{name}");
            }
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        assert!(Choice::parse("mercator").unwrap_err().to_string().contains("known are auto, robinson"));
        assert!(Choice::parse("orthographic:10,95").is_err() && Choice::parse("robinson:x").is_err());
    }
}
