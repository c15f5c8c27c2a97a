//! Where the cells of a raster lie: from tie points, scales and transforms to axes.

use esker_core::Result;

use super::geokeys::GeoKeys;
use super::ifd::Directory;
use crate::source::Source;

/// An affine transform in GDAL's order, of cell corners: x = t\[0\] + column · t\[1\] + row · t\[2\], y = t\[3\] + column · t\[4\] + row · t\[5\].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transform(pub [f64; 6]);

impl Transform {
    /// The transform of an image; none where it has none, or one that is no number.
    pub fn read(source: &Source, ifd: &Directory, keys: &GeoKeys) -> Result<Option<Self>> {
        let ties = ifd.reals(source, 33_922)?.unwrap_or_default();
        let mut t = if let Some(m) = ifd.reals(source, 34_264)?.filter(|m| m.len() >= 16) {
            [m[3], m[0], m[1], m[7], m[4], m[5]]
        } else if let (Some(scale), true) = (ifd.reals(source, 33_550)?.filter(|s| s.len() >= 2), ties.len() >= 6) {
            // GDAL writes a negative scale for rasters whose rows go north.
            let down = -scale[1];
            [ties[3] - ties[0] * scale[0], scale[0], 0.0, ties[4] - ties[1] * down, 0.0, down]
        } else {
            return Ok(None);
        };
        if keys.is_point() {
            t[0] -= 0.5 * (t[1] + t[2]);
            t[3] -= 0.5 * (t[4] + t[5]);
        }
        let usable = t.iter().all(|v| v.is_finite()) && t[1] * t[5] - t[2] * t[4] != 0.0;
        Ok(usable.then_some(Self(t)))
    }

    /// Whether rows run along x and columns along y.
    pub fn is_straight(&self) -> bool {
        self.0[2] == 0.0 && self.0[4] == 0.0
    }

    /// Centres of the columns.
    pub fn x(&self, width: usize) -> Vec<f64> {
        (0..width).map(|i| self.0[0] + (i as f64 + 0.5) * self.0[1]).collect()
    }

    /// Centres of the rows.
    pub fn y(&self, height: usize) -> Vec<f64> {
        (0..height).map(|j| self.0[3] + (j as f64 + 0.5) * self.0[5]).collect()
    }

    /// The centre of a cell.
    pub fn centre(&self, row: usize, column: usize) -> (f64, f64) {
        let (t, i, j) = (&self.0, column as f64 + 0.5, row as f64 + 0.5);
        (t[0] + i * t[1] + j * t[2], t[3] + i * t[4] + j * t[5])
    }
}
