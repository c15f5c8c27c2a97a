//! What is computed from the heights around a cell.
//!
//! Windows are square, rows from north to south, columns from west to east; cells are `dx` by `dy` metres.

use esker_core::{Error, Result};

use super::texture::{GreyLevels, Texture};

/// How a surface is laid through the eight neighbours of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surface {
    /// Differences weighted 1, 2, 1 (Horn 1981, doi 10.1109/PROC.1981.11918): smooths rough heights.
    #[default]
    Horn,
    /// Differences of the four nearest cells (Zevenbergen and Thorne 1987, doi 10.1002/esp.3290120107): follows smooth heights closely.
    ZevenbergenThorne,
}

/// A terrain attribute of a cell. Slopes and aspects follow the surface chosen; curvatures are those of Zevenbergen and Thorne.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// Steepness, degrees.
    Slope,
    /// Where the slope faces, degrees clockwise from north; missing where it is level.
    Aspect,
    /// Cosine of the aspect, 1 facing north; 0 where it is level.
    Northness,
    /// Sine of the aspect, 1 facing east; 0 where it is level.
    Eastness,
    /// Light from the sun, 1 (none) to 255.
    Hillshade,
    /// Bend across the slope, m⁻¹, positive on ridges, where water parts; 0 where it is level.
    PlanCurvature,
    /// Bend along the slope, m⁻¹, positive where it steepens downwards; 0 where it is level.
    ProfileCurvature,
    /// Topographic position: height above the mean of the eight neighbours, m (Weiss 2001).
    Tpi,
    /// Terrain ruggedness: root of the summed squared differences to the eight neighbours, m (Riley et al. 1999).
    Tri,
    /// Largest less smallest height of the nine cells, m.
    Roughness,
    /// Mean in a window.
    Mean,
    /// Standard deviation in a window, n − 1.
    Sd,
    /// Shannon entropy of levels in a window, bits.
    Entropy,
    /// What grey levels of neighbours in a window say together.
    Glcm(Texture),
}

/// Every attribute with its name, its unit and a sentence for the file.
pub const ATTRIBUTES: [(Attribute, &str, &str, &str); 20] = [
    (Attribute::Slope, "slope", "degrees", "steepness"),
    (Attribute::Aspect, "aspect", "degrees", "where the slope faces, clockwise from north"),
    (Attribute::Northness, "northness", "1", "cosine of the aspect"),
    (Attribute::Eastness, "eastness", "1", "sine of the aspect"),
    (Attribute::Hillshade, "hillshade", "1", "light from the sun, 1 to 255"),
    (Attribute::PlanCurvature, "plan-curvature", "m-1", "bend across the slope, positive on ridges"),
    (Attribute::ProfileCurvature, "profile-curvature", "m-1", "bend along the slope, positive where it steepens downwards"),
    (Attribute::Tpi, "tpi", "m", "height above the mean of the eight neighbours"),
    (Attribute::Tri, "tri", "m", "root of the summed squared differences to the eight neighbours"),
    (Attribute::Roughness, "roughness", "m", "largest less smallest height of nine cells"),
    (Attribute::Mean, "mean", "m", "mean in a window"),
    (Attribute::Sd, "sd", "m", "standard deviation in a window"),
    (Attribute::Entropy, "entropy", "bit", "Shannon entropy of levels in a window"),
    (Attribute::Glcm(Texture::Contrast), "glcm-contrast", "1", "mean squared difference of the grey levels of neighbours in a window"),
    (Attribute::Glcm(Texture::Dissimilarity), "glcm-dissimilarity", "1", "mean difference of the grey levels of neighbours in a window"),
    (Attribute::Glcm(Texture::Homogeneity), "glcm-homogeneity", "1", "mean of 1 / (1 + d²), d a difference of grey levels of neighbours"),
    (Attribute::Glcm(Texture::SecondMoment), "glcm-asm", "1", "angular second moment: sum of the squared shares of pairs of grey levels"),
    (Attribute::Glcm(Texture::Energy), "glcm-energy", "1", "root of the angular second moment of pairs of grey levels"),
    (Attribute::Glcm(Texture::Correlation), "glcm-correlation", "1", "correlation of the grey levels of neighbours in a window"),
    (Attribute::Glcm(Texture::Entropy), "glcm-entropy", "bit", "Shannon entropy of pairs of grey levels of neighbours in a window"),
];

impl Attribute {
    /// The attribute of a name.
    ///
    /// # Errors
    /// No such name; the hint lists them.
    pub fn parse(name: &str) -> Result<Self> {
        ATTRIBUTES.iter().find(|a| a.1 == name).map(|a| a.0).ok_or_else(|| {
            let names: Vec<&str> = ATTRIBUTES.iter().map(|a| a.1).collect();
            Error::usage(format!("attribute '{name}'")).rule("no such terrain attribute").hint(format!("there are {}", names.join(", ")))
        })
    }

    /// Name, unit and meaning.
    pub fn told(self) -> (&'static str, &'static str, &'static str) {
        ATTRIBUTES.iter().find(|a| a.0 == self).map_or(("", "", ""), |a| (a.1, a.2, a.3))
    }

    /// Whether it looks at a window of a chosen size; the others look at nine cells.
    pub fn is_windowed(self) -> bool {
        matches!(self, Self::Mean | Self::Sd | Self::Entropy | Self::Glcm(_))
    }

    /// Whether it tells of grey levels, whatever their unit.
    pub fn is_texture(self) -> bool {
        matches!(self, Self::Glcm(_))
    }
}

/// How attributes are computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Terrain {
    /// The surface of slope, aspect and hillshade.
    pub surface: Surface,
    /// Cells along a side of the window of mean, standard deviation, entropy and textures; odd.
    pub window: usize,
    /// Height of a level of the entropy, m.
    pub level: f64,
    /// Where the sun stands for the hillshade, degrees clockwise from north.
    pub azimuth: f64,
    /// How high it stands, degrees above the horizon.
    pub altitude: f64,
    /// The pairs of grey levels of textures.
    pub grey: GreyLevels,
}

impl Default for Terrain {
    fn default() -> Self {
        Self { surface: Surface::Horn, window: 3, level: 1.0, azimuth: 315.0, altitude: 45.0, grey: GreyLevels::default() }
    }
}

impl Terrain {
    /// An attribute of the cell in the middle of a window (of nine cells, or `window` × `window` where it is windowed) without missing heights.
    pub(super) fn of(&self, what: Attribute, w: &[f64], (dx, dy): (f64, f64)) -> f64 {
        let middle = w[w.len() / 2];
        let others = || w.iter().enumerate().filter(|(i, _)| *i != 4).map(|(_, v)| v);
        match what {
            Attribute::Slope => {
                let (east, north) = self.gradient(w, dx, dy);
                east.hypot(north).atan().to_degrees()
            }
            Attribute::Aspect | Attribute::Northness | Attribute::Eastness => {
                // Downhill is against the gradient.
                let (east, north) = self.gradient(w, dx, dy);
                let steep = east.hypot(north);
                match what {
                    Attribute::Aspect if steep == 0.0 => f64::NAN,
                    Attribute::Aspect => turned((-east).atan2(-north).to_degrees()),
                    _ if steep == 0.0 => 0.0,
                    Attribute::Northness => -north / steep,
                    _ => -east / steep,
                }
            }
            Attribute::Hillshade => {
                let (east, north) = self.gradient(w, dx, dy);
                let (azimuth, altitude) = (self.azimuth.to_radians(), self.altitude.to_radians());
                let towards = east * azimuth.sin() + north * azimuth.cos();
                let light = (altitude.sin() - altitude.cos() * towards) / (1.0 + east * east + north * north).sqrt();
                1.0 + 254.0 * light.max(0.0)
            }
            Attribute::PlanCurvature | Attribute::ProfileCurvature => curvature(w, (dx, dy), what == Attribute::ProfileCurvature),
            Attribute::Tpi => middle - others().sum::<f64>() / 8.0,
            Attribute::Tri => others().map(|v| (v - middle) * (v - middle)).sum::<f64>().sqrt(),
            Attribute::Roughness => {
                let (low, high) = w.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
                high - low
            }
            Attribute::Mean => middle + w.iter().map(|v| v - middle).sum::<f64>() / w.len() as f64,
            Attribute::Sd => {
                let n = w.len() as f64;
                let mean = w.iter().map(|v| v - middle).sum::<f64>() / n;
                (w.iter().map(|v| (v - middle - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
            }
            Attribute::Entropy => self.entropy(w),
            // Counted window by window as they slide.
            Attribute::Glcm(_) => f64::NAN,
        }
    }

    /// How much the surface rises over a metre to the east and to the north.
    fn gradient(&self, w: &[f64], dx: f64, dy: f64) -> (f64, f64) {
        match self.surface {
            Surface::Horn => (
                ((w[2] + 2.0 * w[5] + w[8]) - (w[0] + 2.0 * w[3] + w[6])) / (8.0 * dx),
                ((w[0] + 2.0 * w[1] + w[2]) - (w[6] + 2.0 * w[7] + w[8])) / (8.0 * dy),
            ),
            Surface::ZevenbergenThorne => ((w[5] - w[3]) / (2.0 * dx), (w[1] - w[7]) / (2.0 * dy)),
        }
    }

    /// How evenly the heights of a window spread over levels of so many metres.
    fn entropy(&self, w: &[f64]) -> f64 {
        let mut levels: Vec<f64> = w.iter().map(|v| (v / self.level).floor()).collect();
        levels.sort_unstable_by(f64::total_cmp);
        let shares = levels.chunk_by(|a, b| a == b).map(|c| c.len() as f64 / w.len() as f64);
        0.0 - shares.map(|p| p * p.log2()).sum::<f64>()
    }
}

/// An angle within 0 and 360.
fn turned(degrees: f64) -> f64 {
    let turned = degrees.rem_euclid(360.0);
    if turned >= 360.0 { 0.0 } else { turned + 0.0 }
}

/// Zevenbergen and Thorne 1987, equations 6 to 18, with the signs turned so that convex is positive.
fn curvature(w: &[f64], (dx, dy): (f64, f64), profile: bool) -> f64 {
    let d = ((w[3] + w[5]) / 2.0 - w[4]) / (dx * dx);
    let e = ((w[1] + w[7]) / 2.0 - w[4]) / (dy * dy);
    let f = (w[2] + w[6] - w[0] - w[8]) / (4.0 * dx * dy);
    let (g, h) = ((w[5] - w[3]) / (2.0 * dx), (w[1] - w[7]) / (2.0 * dy));
    let steep2 = g * g + h * h;
    if steep2 == 0.0 {
        return 0.0;
    }
    let bend = if profile { d * g * g + e * h * h + f * g * h } else { d * h * h + e * g * g - f * g * h };
    -2.0 * bend / steep2
}
