//! Land, lakes, rivers and glaciers of the world: Natural Earth (public domain), packed by `assets/make_natural_earth.py`.

use std::sync::OnceLock;

use super::clip::Window;

const PACKED: &[u8] = include_bytes!("../../assets/natural-earth.bin");
const STEPS_PER_DEGREE: f64 = 200.0;

/// A closed ring of longitudes and latitudes in degrees, the closing point left out.
#[derive(Debug, Clone)]
pub struct Ring {
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// The rectangle around it.
    pub window: Window,
}

/// The layers.
#[derive(Debug, Default)]
pub struct World {
    /// Land, 1:50 million.
    pub land: Vec<Ring>,
    /// Lakes, 1:50 million.
    pub lakes: Vec<Ring>,
    /// Land, 1:110 million.
    pub coarse: Vec<Ring>,
    /// Glaciers and ice sheets, 1:50 million.
    pub ice: Vec<Ring>,
    /// Rivers, 1:110 million: lines, not rings.
    pub rivers: Vec<Ring>,
    /// Lakes, 1:110 million.
    pub coarse_lakes: Vec<Ring>,
    /// Glaciers and ice sheets, 1:110 million.
    pub coarse_ice: Vec<Ring>,
}

struct Reader<'a>(std::slice::Iter<'a, u8>);

impl Reader<'_> {
    fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = *self.0.next()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        self.number().map(|n| (n >> 1) as i64 ^ -((n & 1) as i64))
    }

    fn ring(&mut self) -> Option<Ring> {
        let n = self.number()?;
        let (mut x, mut y, mut points) = (0, 0, Vec::new());
        for _ in 0..n {
            x += self.signed()?;
            y += self.signed()?;
            points.push((x as f64 / STEPS_PER_DEGREE, y as f64 / STEPS_PER_DEGREE));
        }
        Some(Ring { window: Window::around(&points), points })
    }

    fn layer(&mut self) -> Option<Vec<Ring>> {
        let n = self.number()?;
        (0..n).map(|_| self.ring()).collect()
    }
}

/// The world, unpacked once.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut reader = Reader(PACKED.iter());
        let read = |r: &mut Reader<'_>| {
            r.number()?;
            let (land, lakes, coarse) = (r.layer()?, r.layer()?, r.layer()?);
            Some(World { land, lakes, coarse, ice: r.layer()?, rivers: r.layer()?, coarse_lakes: r.layer()?, coarse_ice: r.layer()? })
        };
        // The bytes are part of the program and a test below reads them all; an empty world draws no land.
        read(&mut reader).unwrap_or_default()
    })
}

/// Whether an edge is an artefact of cutting the world at the date line or at the South Pole, not a coast.
pub fn artificial(a: (f64, f64), b: (f64, f64)) -> bool {
    (a.0.abs() > 179.98 && b.0.abs() > 179.98) || (a.1 < -89.9 && b.1 < -89.9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_whole() {
        let w = world();
        assert_eq!((w.land.len(), w.lakes.len(), w.coarse.len()), (1422, 457, 128));
        assert_eq!((w.ice.len(), w.rivers.len(), w.coarse_lakes.len(), w.coarse_ice.len()), (394, 12, 25, 12));
        let points: usize = w.land.iter().map(|r| r.points.len()).sum();
        assert_eq!(points, 59_245);
        assert!(w.land.iter().flat_map(|r| &r.points).all(|p| p.0.abs() <= 180.0 && p.1.abs() <= 90.0));
    }

    #[test]
    fn land_is_where_it_is() {
        let on_land = |lon: f64, lat: f64| {
            let crossings = |r: &Ring| {
                let n = r.points.len();
                (0..n)
                    .map(|i| (r.points[i], r.points[(i + 1) % n]))
                    .filter(|(a, b)| (a.1 > lat) != (b.1 > lat) && lon < a.0 + (lat - a.1) / (b.1 - a.1) * (b.0 - a.0))
                    .count()
            };
            world().land.iter().map(crossings).sum::<usize>() % 2 == 1
        };
        // Moscow, Alice Springs, Jostedalsbreen; mid-Atlantic, the North Sea, the Caspian Sea.
        assert!(on_land(37.6, 55.75) && on_land(133.9, -23.7) && on_land(7.0, 61.7));
        assert!(!on_land(-35.0, 30.0) && !on_land(3.0, 57.0) && !on_land(51.0, 41.0));
    }
}
