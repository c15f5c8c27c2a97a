//! Well-known binary: the geometries of databases and Parquet files (OGC 06-103r4, 8.2, and the flags of PostGIS).

use esker_core::{Geometry, Shape};

/// Collections within collections.
const DEEPEST: usize = 8;

/// A geometry, and whether it had more coordinates than x and y.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub geometry: Geometry,
    pub deep: bool,
}

/// Reads a geometry; none where it is empty.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Found>, String> {
    let mut reader = Reader { rest: bytes, found: None, deep: false };
    reader.geometry(0)?;
    let deep = reader.deep;
    Ok(reader.found.filter(|g| !g.parts.is_empty()).map(|geometry| Found { geometry, deep }))
}

struct Reader<'a> {
    rest: &'a [u8],
    found: Option<Geometry>,
    deep: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or("a geometry cut short")?;
        self.rest = rest;
        Ok(*head)
    }

    fn count(&mut self, little: bool) -> Result<usize, String> {
        let bytes = self.take::<4>()?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) } as usize)
    }

    fn geometry(&mut self, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err("collections nested too deep".into());
        }
        let [order] = self.take::<1>()?;
        let little = match order {
            0 => false,
            1 => true,
            other => return Err(format!("byte order {other}")),
        };
        let code = self.count(little)? as u32;
        if code & 0x2000_0000 != 0 {
            self.take::<4>()?;
        }
        let plain = code & 0x1FFF_FFFF;
        let extra = usize::from(code & 0x8000_0000 != 0) + usize::from(code & 0x4000_0000 != 0);
        let extra = extra + [0, 1, 1, 2].get(plain as usize / 1000).copied().ok_or_else(|| format!("geometry type {code}"))?;
        self.deep |= extra > 0;
        match plain % 1000 {
            1 => {
                let point = self.points(1, 2 + extra, little)?;
                // An empty point has coordinates that are no numbers.
                if point[0].iter().all(|c| !c.is_nan()) {
                    self.add(Shape::Points, point)?;
                }
                Ok(())
            }
            2 => {
                let n = self.count(little)?;
                let line = self.points(n, 2 + extra, little)?;
                self.add(Shape::Lines, line)
            }
            3 => {
                for _ in 0..self.count(little)? {
                    let n = self.count(little)?;
                    let ring = self.points(n, 2 + extra, little)?;
                    self.add(Shape::Polygons, ring)?;
                }
                Ok(())
            }
            4..=7 => {
                for _ in 0..self.count(little)? {
                    self.geometry(depth + 1)?;
                }
                Ok(())
            }
            _ => Err(format!("geometry type {code}")),
        }
    }

    fn points(&mut self, n: usize, width: usize, little: bool) -> Result<Vec<[f64; 2]>, String> {
        // So many bytes must be there before memory is asked for.
        if n.saturating_mul(width * 8) > self.rest.len() {
            return Err("a geometry cut short".into());
        }
        let mut points = Vec::with_capacity(n);
        for _ in 0..n {
            let mut point = [0.0; 2];
            for axis in 0..width {
                let bytes = self.take::<8>()?;
                let value = if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) };
                if let Some(place) = point.get_mut(axis) {
                    *place = value;
                }
            }
            points.push(point);
        }
        Ok(points)
    }

    fn add(&mut self, shape: Shape, part: Vec<[f64; 2]>) -> Result<(), String> {
        if part.is_empty() {
            return Ok(());
        }
        match &mut self.found {
            None => self.found = Some(Geometry { shape, parts: vec![part] }),
            Some(g) if g.shape == shape => g.parts.push(part),
            Some(_) => return Err("a collection of points, lines and areas".into()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[i * 2..i * 2 + 2], 16).unwrap()).collect()
    }

    // shapely 2.1: to_wkb of POINT (1 2), POINT Z (1 2 3) as EWKB, POLYGON ((0 0, 4 0, 0 4, 0 0)), POINT EMPTY
    #[test]
    fn geometries_of_shapely() {
        let point = read(&hex("0101000000000000000000F03F0000000000000040")).unwrap().unwrap();
        assert_eq!(point.geometry, Geometry { shape: Shape::Points, parts: vec![vec![[1.0, 2.0]]] });
        let high = read(&hex("0101000080000000000000F03F00000000000000400000000000000840")).unwrap().unwrap();
        assert!(high.deep && high.geometry == point.geometry);
        assert_eq!(read(&hex("0101000000000000000000F87F000000000000F87F")).unwrap(), None);
    }

    #[test]
    fn lies_about_counts_are_refused() {
        assert!(read(&hex("0102000000FFFFFFFF")).is_err());
        assert!(read(&hex("01")).is_err());
        assert!(read(&hex(&"010700000001000000".repeat(50))).is_err(), "nested too deep");
    }
}
