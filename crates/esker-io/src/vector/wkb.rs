//! Well-known binary: geometries in GeoPackage, in both spellings of heights (ISO and PostGIS).

use esker_core::Geometry;
use esker_core::Shape;

use super::rings::polygons;
use super::rows::{Shaper, Skipped};

/// Deepest nesting of collections.
const DEEPEST: usize = 8;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    heights: bool,
    curves: bool,
}

/// Reads a geometry; `Err` where the bytes are no WKB.
pub(super) fn read(bytes: &[u8], skipped: &mut Skipped) -> Result<Option<Geometry>, ()> {
    let mut reader = Reader { bytes, at: 0, heights: false, curves: false };
    let mut shaper = Shaper::default();
    reader.geometry(&mut shaper, 0).ok_or(())?;
    if reader.curves {
        skipped.curves += 1;
        return Ok(None);
    }
    skipped.heights += u64::from(reader.heights);
    Ok(shaper.finish(skipped))
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.bytes.get(self.at..self.at + N)?.try_into().ok()?;
        self.at += N;
        Some(bytes)
    }

    fn int(&mut self, little: bool) -> Option<u32> {
        let bytes = self.take()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn number(&mut self, little: bool) -> Option<f64> {
        let bytes = self.take()?;
        Some(if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    /// A count of things that take at least `size` bytes each.
    fn count(&mut self, little: bool, size: usize) -> Option<usize> {
        let count = self.int(little)? as usize;
        (count <= (self.bytes.len() - self.at) / size).then_some(count)
    }

    fn points(&mut self, count: usize, little: bool, extra: usize) -> Option<Vec<[f64; 2]>> {
        let mut points = Vec::with_capacity(count);
        for _ in 0..count {
            points.push([self.number(little)?, self.number(little)?]);
            for _ in 0..extra {
                self.number(little)?;
            }
        }
        Some(points)
    }

    fn geometry(&mut self, shaper: &mut Shaper, depth: usize) -> Option<()> {
        let little = match self.take::<1>()?[0] {
            0 => false,
            1 => true,
            _ => return None,
        };
        let code = self.int(little)?;
        let (z, m) = (code & 0x8000_0000 != 0, code & 0x4000_0000 != 0);
        if code & 0x2000_0000 != 0 {
            self.int(little)?;
        }
        let plain = code & 0x0fff_ffff;
        let (kind, z, m) = (plain % 1000, z || matches!(plain / 1000, 1 | 3), m || matches!(plain / 1000, 2 | 3));
        if depth > DEEPEST || plain >= 4000 {
            return None;
        }
        let extra = usize::from(z) + usize::from(m);
        self.heights |= extra > 0;
        let size = 16 + 8 * extra;
        match kind {
            1 => {
                let point = self.points(1, little, extra)?;
                // An empty point is written as NaN.
                if !(point[0][0].is_nan() && point[0][1].is_nan()) {
                    shaper.add(Shape::Points, point);
                }
            }
            2 => {
                let count = self.count(little, size)?;
                let line = self.points(count, little, extra)?;
                shaper.add(Shape::Lines, line);
            }
            3 | 17 => {
                for _ in 0..self.count(little, 4)? {
                    let count = self.count(little, size)?;
                    let ring = self.points(count, little, extra)?;
                    shaper.add(Shape::Polygons, ring);
                }
            }
            4..=7 | 15 | 16 => {
                for _ in 0..self.count(little, 5)? {
                    self.geometry(shaper, depth + 1)?;
                }
            }
            8..=14 => self.curves = true,
            _ => return None,
        }
        Some(())
    }
}

/// Writes a geometry, little-endian, as a multi-geometry.
pub(super) fn write(geometry: &Geometry) -> Vec<u8> {
    let mut out = Vec::new();
    let head = |out: &mut Vec<u8>, kind: u32, count: Option<usize>| {
        out.push(1);
        out.extend(kind.to_le_bytes());
        if let Some(count) = count {
            out.extend((count as u32).to_le_bytes());
        }
    };
    let put = |out: &mut Vec<u8>, points: &[[f64; 2]]| points.iter().flatten().for_each(|v| out.extend(v.to_le_bytes()));
    match geometry.shape {
        Shape::Points => {
            head(&mut out, 4, Some(geometry.parts.len()));
            for part in &geometry.parts {
                head(&mut out, 1, None);
                put(&mut out, &part[..1]);
            }
        }
        Shape::Lines => {
            head(&mut out, 5, Some(geometry.parts.len()));
            for part in &geometry.parts {
                head(&mut out, 2, Some(part.len()));
                put(&mut out, part);
            }
        }
        Shape::Polygons => {
            let polygons = polygons(geometry);
            head(&mut out, 6, Some(polygons.len()));
            for polygon in polygons {
                head(&mut out, 3, Some(polygon.len()));
                for ring in polygon {
                    out.extend((ring.len() as u32).to_le_bytes());
                    put(&mut out, &ring);
                }
            }
        }
    }
    out
}
