//! What the cells of a Zarr array are, and how their bytes become numbers or texts.

use crate::cf::Stored;

/// The type of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Bool,
    Int {
        size: usize,
        signed: bool,
    },
    Float {
        size: usize,
    },
    /// A time stamp of NumPy: so many of its steps in a day; the least number is missing.
    Time {
        per_day: f64,
    },
    /// So many bytes, zeros behind a text.
    Bytes(usize),
    /// So many characters of four bytes.
    Wide(usize),
    /// A text of any length; its bytes are made by the codec `vlen-utf8`.
    Text,
}

/// A type and the order of its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dtype {
    pub kind: Kind,
    pub big: bool,
}

/// Most bytes of a text cell of fixed length.
const MOST_TEXT: usize = 1 << 20;

impl Dtype {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, big: false }
    }

    /// A NumPy type text as Zarr v2 writes it: `<f4`, `|S10`, `<M8[ns]`.
    pub(super) fn numpy(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let big = match chars.next()? {
            '<' | '|' => false,
            '>' => true,
            _ => return None,
        };
        let letter = chars.next()?;
        let rest = chars.as_str();
        let size = rest.split('[').next()?.parse::<usize>().ok();
        let kind = match (letter, size) {
            ('b', Some(1)) => Kind::Bool,
            ('i', Some(size @ (1 | 2 | 4 | 8))) => Kind::Int { size, signed: true },
            ('u', Some(size @ (1 | 2 | 4 | 8))) => Kind::Int { size, signed: false },
            ('f', Some(size @ (2 | 4 | 8))) => Kind::Float { size },
            ('M', Some(8)) => Kind::Time { per_day: per_day(rest.strip_prefix("8[")?.strip_suffix(']')?, 1.0)? },
            ('S', Some(size)) if (1..=MOST_TEXT).contains(&size) => Kind::Bytes(size),
            ('U', Some(size)) if (1..=MOST_TEXT / 4).contains(&size) => Kind::Wide(size),
            ('O', _) => Kind::Text,
            _ => return None,
        };
        Some(Self { kind, big })
    }

    /// A type name of Zarr v3, with its configuration where it has one.
    pub(super) fn named(name: &str, length: Option<usize>, time: Option<(&str, f64)>) -> Option<Self> {
        let int = |size, signed| Kind::Int { size, signed };
        let length = length.filter(|n| (1..=MOST_TEXT).contains(n));
        Some(Self::new(match name {
            "bool" => Kind::Bool,
            "int8" => int(1, true),
            "int16" => int(2, true),
            "int32" => int(4, true),
            "int64" => int(8, true),
            "uint8" => int(1, false),
            "uint16" => int(2, false),
            "uint32" => int(4, false),
            "uint64" => int(8, false),
            "float16" => Kind::Float { size: 2 },
            "float32" => Kind::Float { size: 4 },
            "float64" => Kind::Float { size: 8 },
            "string" | "variable_length_utf8" => Kind::Text,
            "null_terminated_bytes" => Kind::Bytes(length?),
            "fixed_length_utf32" => Kind::Wide(length.filter(|n| n % 4 == 0)? / 4),
            "numpy.datetime64" => {
                let (unit, steps) = time?;
                Kind::Time { per_day: per_day(unit, steps)? }
            }
            _ => return None,
        }))
    }

    /// Bytes of a cell; none for texts of any length.
    pub(super) fn size(self) -> Option<usize> {
        Some(match self.kind {
            Kind::Bool => 1,
            Kind::Int { size, .. } | Kind::Float { size } => size,
            Kind::Time { .. } => 8,
            Kind::Bytes(n) => n,
            Kind::Wide(n) => n * 4,
            Kind::Text => return None,
        })
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self.kind, Kind::Bytes(_) | Kind::Wide(_) | Kind::Text)
    }

    /// The type in which fill values are compared.
    pub(super) fn stored(self) -> Stored {
        match self.kind {
            Kind::Bool => Stored::Int { bits: 8, signed: false },
            Kind::Int { size, signed } => Stored::Int { bits: size as u8 * 8, signed },
            Kind::Float { size: 8 } | Kind::Time { .. } => Stored::Float64,
            Kind::Float { .. } => Stored::Float32,
            Kind::Bytes(_) | Kind::Wide(_) | Kind::Text => Stored::Text,
        }
    }

    /// The name a person knows it by.
    pub(super) fn name(self) -> String {
        match self.kind {
            Kind::Bool => "bool".into(),
            Kind::Int { size, signed } => format!("{}int{}", if signed { "" } else { "u" }, size * 8),
            Kind::Float { size } => format!("float{}", size * 8),
            Kind::Time { .. } => "datetime64".into(),
            Kind::Bytes(_) | Kind::Wide(_) | Kind::Text => "text".into(),
        }
    }

    /// Numbers from cells; as many as `out` has places for.
    pub(super) fn numbers(self, cells: &[u8], out: &mut [f64]) {
        macro_rules! each {
            ($type:ty, $to:expr) => {{
                const N: usize = size_of::<$type>();
                let cells = cells.as_chunks::<N>().0;
                if self.big {
                    out.iter_mut().zip(cells).for_each(|(o, c)| *o = $to(<$type>::from_be_bytes(*c)));
                } else {
                    out.iter_mut().zip(cells).for_each(|(o, c)| *o = $to(<$type>::from_le_bytes(*c)));
                }
            }};
        }
        match self.kind {
            Kind::Bool => out.iter_mut().zip(cells).for_each(|(o, &c)| *o = f64::from(u8::from(c != 0))),
            Kind::Int { size: 1, signed: true } => each!(i8, f64::from),
            Kind::Int { size: 2, signed: true } => each!(i16, f64::from),
            Kind::Int { size: 4, signed: true } => each!(i32, f64::from),
            Kind::Int { signed: true, .. } => each!(i64, |v| v as f64),
            Kind::Int { size: 1, .. } => each!(u8, f64::from),
            Kind::Int { size: 2, .. } => each!(u16, f64::from),
            Kind::Int { size: 4, .. } => each!(u32, f64::from),
            Kind::Int { .. } => each!(u64, |v| v as f64),
            Kind::Float { size: 2 } => each!(u16, half),
            Kind::Float { size: 4 } => each!(f32, f64::from),
            Kind::Float { .. } => each!(f64, |v| v),
            Kind::Time { per_day } => each!(i64, |v: i64| if v == i64::MIN { f64::NAN } else { v as f64 / per_day }),
            Kind::Bytes(_) | Kind::Wide(_) | Kind::Text => out.fill(f64::NAN),
        }
    }

    /// The text of a cell of fixed length, zeros and blanks behind it cut.
    pub(super) fn text(self, cell: &[u8]) -> String {
        let text: String = match self.kind {
            Kind::Wide(_) => {
                let point = |c: &[u8; 4]| if self.big { u32::from_be_bytes(*c) } else { u32::from_le_bytes(*c) };
                cell.as_chunks::<4>().0.iter().map(|c| char::from_u32(point(c)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            _ => String::from_utf8_lossy(cell).into_owned(),
        };
        text.trim_end_matches(['\0', ' ']).to_owned()
    }
}

/// Steps of a NumPy time unit in a day.
fn per_day(unit: &str, steps: f64) -> Option<f64> {
    let digits = unit.len() - unit.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let steps = if digits > 0 { unit[..digits].parse::<f64>().ok()? } else { steps };
    let day = match &unit[digits..] {
        "W" => 1.0 / 7.0,
        "D" => 1.0,
        "h" => 24.0,
        "m" => 1440.0,
        "s" => 86_400.0,
        "ms" => 86_400e3,
        "us" | "μs" => 86_400e6,
        "ns" => 86_400e9,
        _ => return None,
    };
    (steps >= 1.0).then_some(day / steps)
}

/// The number of an IEEE 754 half-precision float.
pub(super) fn half(bits: u16) -> f64 {
    let (sign, exponent, fraction) = (bits >> 15, (bits >> 10) & 31, f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1024.0 + fraction) * 2_f64.powi(i32::from(e) - 25),
    };
    if sign == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_numpy_names_them() {
        assert_eq!(Dtype::numpy(">i2"), Some(Dtype { kind: Kind::Int { size: 2, signed: true }, big: true }));
        assert_eq!(Dtype::numpy("<M8[s]").map(|d| d.kind), Some(Kind::Time { per_day: 86_400.0 }));
        assert_eq!(Dtype::numpy("<c8"), None);
        assert_eq!(Dtype::numpy("<i3"), None);
        assert_eq!(Dtype::numpy("|S999999999999"), None);
    }

    // numpy 2.3: np.float16 of 1.5, -0.1, 6e-8, 65504, inf
    #[test]
    fn halves_are_those_of_numpy() {
        let values = [0x3e00, 0xae66, 0x0001, 0x7bff, 0x7c00].map(half);
        assert_eq!(values, [1.5, -0.099_975_585_937_5, 5.960_464_477_539_063e-8, 65504.0, f64::INFINITY]);
        assert!(half(0x7e00).is_nan());
    }
}
