//! Colour maps that are perceptually uniform and safe for colour-blind readers, and colours for categories.
//!
//! Sources: viridis (S. van der Walt and N. Smith, CC0) and cividis (Nuñez, Anderton and Renslow 2018, CC0), as in
//! matplotlib; vik (F. Crameri, Scientific colour maps 8.0, MIT). Each is kept at 17 equally spaced colours.
//! Categories: Okabe and Ito (2008); more than eight: P. Tol's "muted" scheme (2021).

/// A colour, sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    const fn hex(code: u32) -> Self {
        Self((code >> 16) as u8, (code >> 8) as u8, code as u8)
    }

    /// `#rrggbb`.
    pub fn code(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// Blue of Okabe and Ito: the one colour of plain bars and lines.
pub const BLUE: Rgb = Rgb::hex(0x0072B2);
/// Vermilion of Okabe and Ito: what contrasts with [`BLUE`].
pub const VERMILION: Rgb = Rgb::hex(0xD55E00);
/// Tint of [`BLUE`] for bars.
pub const BAR: Rgb = Rgb::hex(0x4596C6);
/// Lighter tint of [`BLUE`] for bars behind other marks.
pub const PALE: Rgb = Rgb::hex(0x9CC9E2);
/// Rim of dots on a map: parts neighbours, and shows the darkest and the palest dots on a dark and on a light page.
pub const RIM: Rgb = Rgb::hex(0x6B6B6B);
/// Neutral grey, readable on white and on black.
pub const GREY: Rgb = Rgb::hex(0x808080);

const VIRIDIS: [u32; 17] = [
    0x440154, 0x48186A, 0x472D7B, 0x424086, 0x3B528B, 0x33638D, 0x2C728E, 0x26828E, 0x21918C, 0x1FA088, 0x28AE80, 0x3FBC73, 0x5EC962,
    0x84D44B, 0xADDC30, 0xD8E219, 0xFDE725,
];
const CIVIDIS: [u32; 17] = [
    0x00224E, 0x002E6A, 0x1A386F, 0x32436D, 0x434E6C, 0x535A6D, 0x61656F, 0x6F7073, 0x7D7C78, 0x8C8878, 0x9B9476, 0xABA072, 0xBCAE6C,
    0xCDBB63, 0xDEC958, 0xF0D846, 0xFEE838,
];
const VIK: [u32; 17] = [
    0x001261, 0x022B71, 0x034481, 0x0C5E92, 0x307DA6, 0x619EBD, 0x94BED2, 0xC6DBE6, 0xECE5E0, 0xE9CAB8, 0xDBAA8D, 0xCF8C66, 0xC27041,
    0xB2511D, 0x912D06, 0x731406, 0x590008,
];
const OKABE_ITO: [u32; 8] = [0x0072B2, 0xE69F00, 0x009E73, 0xCC79A7, 0x56B4E9, 0xD55E00, 0x808080, 0xF0E442];
const TOL_MUTED: [u32; 10] = [0x332288, 0xDDCC77, 0x117733, 0xCC6677, 0x88CCEE, 0x882255, 0x44AA99, 0x999933, 0xAA4499, 0x999999];

/// A continuous colour map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// Dark violet to yellow.
    Viridis,
    /// Dark blue to yellow; looks alike with and without colour-blindness.
    Cividis,
    /// Blue through near-white to red: for values about zero. The darkest tenth at either end is left out: in small
    /// dots the two hues could not be told apart there.
    Vik,
}

impl Map {
    /// The colour at `t` in 0..=1 (clamped; what is not a number counts as 0).
    pub fn at(self, t: f64) -> Rgb {
        let table = match self {
            Self::Viridis => &VIRIDIS,
            Self::Cividis => &CIVIDIS,
            Self::Vik => &VIK,
        };
        let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
        let t = if self == Self::Vik { 0.1 + 0.8 * t } else { t } * (table.len() - 1) as f64;
        let i = (t.floor() as usize).min(table.len() - 2);
        let (a, b, f) = (Rgb::hex(table[i]), Rgb::hex(table[i + 1]), t - i as f64);
        let mix = |p: u8, q: u8| (f64::from(p) + (f64::from(q) - f64::from(p)) * f).round() as u8;
        Rgb(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }
}

/// Colour of category `i` of `n`: Okabe and Ito up to 8, Tol's muted up to 10, beyond that steps of viridis.
pub fn category(i: usize, n: usize) -> Rgb {
    match n {
        0..=8 => Rgb::hex(OKABE_ITO[i % 8]),
        9..=10 => Rgb::hex(TOL_MUTED[i % 10]),
        _ => Map::Viridis.at((i % n) as f64 / (n - 1) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(c: Rgb) -> f64 {
        let linear = |v: u8| {
            let s = f64::from(v) / 255.0;
            if s <= 0.04045 { s / 12.92 } else { ((s + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2)
    }

    #[test]
    fn ends_and_middle_are_the_published_colours() {
        assert_eq!(Map::Viridis.at(0.0), Rgb(0x44, 0x01, 0x54));
        assert_eq!(Map::Viridis.at(1.0), Rgb(0xFD, 0xE7, 0x25));
        assert_eq!(Map::Vik.at(0.5), Rgb(0xEC, 0xE5, 0xE0));
        assert_eq!(Map::Cividis.at(f64::NAN), Map::Cividis.at(-3.0));
    }

    #[test]
    fn sequential_maps_grow_lighter_and_the_diverging_one_is_lightest_in_the_middle() {
        for map in [Map::Viridis, Map::Cividis] {
            let l: Vec<f64> = (0..=100).map(|i| luminance(map.at(f64::from(i) / 100.0))).collect();
            assert!(l.windows(2).all(|w| w[1] >= w[0] - 2e-3), "{map:?}");
        }
        let l: Vec<f64> = (0..=100).map(|i| luminance(Map::Vik.at(f64::from(i) / 100.0))).collect();
        assert!(l[..=50].windows(2).all(|w| w[1] >= w[0]) && l[50..].windows(2).all(|w| w[1] <= w[0]));
    }

    #[test]
    fn categories_differ() {
        for n in [1, 8, 10, 25] {
            let mut all: Vec<Rgb> = (0..n).map(|i| category(i, n)).collect();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), n);
        }
    }
}
