//! From stored bytes to numbers: one pass, whatever the byte order, also straight from bytes that a shuffle filter has sorted.

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

/// Turns stored elements into values of another type. `Out` has `per` places an element.
pub(super) trait Convert: Sync {
    /// What comes out.
    type Out: Copy + Default + Send + Sync;
    /// Places in the output an element.
    fn per(&self) -> usize;
    /// Elements one after the other.
    fn plain(&self, bytes: &[u8], out: &mut [Self::Out]);
    /// `count` elements whose first bytes come first, then their second bytes, and so on; those from `first` are wanted.
    fn planes(&self, bytes: &[u8], count: usize, first: usize, out: &mut [Self::Out]);
    /// One element everywhere.
    fn fill(&self, element: &[u8], out: &mut [Self::Out]) {
        let per = self.per();
        if let Some(first) = out.get_mut(..per) {
            self.plain(element, first);
            for at in (per..out.len()).step_by(per) {
                out.copy_within(..per, at);
            }
        }
    }
}

/// A number of a kind and a byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// How it is stored.
    pub kind: Kind,
    /// Most significant byte first.
    pub big: bool,
}

impl Number {
    /// Bytes of one.
    pub fn size(self) -> usize {
        match self.kind {
            Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }
}

/// Calls `$go` with the function that turns bytes into a number.
macro_rules! by_kind {
    ($number:expr, $go:ident, $($arg:expr),*) => {
        match ($number.kind, $number.big) {
            (Kind::I8, _) => $go($($arg,)* |b: [u8; 1]| f64::from(i8::from_le_bytes(b))),
            (Kind::U8, _) => $go($($arg,)* |b: [u8; 1]| f64::from(b[0])),
            (Kind::I16, false) => $go($($arg,)* |b| f64::from(i16::from_le_bytes(b))),
            (Kind::I16, true) => $go($($arg,)* |b| f64::from(i16::from_be_bytes(b))),
            (Kind::U16, false) => $go($($arg,)* |b| f64::from(u16::from_le_bytes(b))),
            (Kind::U16, true) => $go($($arg,)* |b| f64::from(u16::from_be_bytes(b))),
            (Kind::I32, false) => $go($($arg,)* |b| f64::from(i32::from_le_bytes(b))),
            (Kind::I32, true) => $go($($arg,)* |b| f64::from(i32::from_be_bytes(b))),
            (Kind::U32, false) => $go($($arg,)* |b| f64::from(u32::from_le_bytes(b))),
            (Kind::U32, true) => $go($($arg,)* |b| f64::from(u32::from_be_bytes(b))),
            (Kind::F32, false) => $go($($arg,)* |b| f64::from(f32::from_le_bytes(b))),
            (Kind::F32, true) => $go($($arg,)* |b| f64::from(f32::from_be_bytes(b))),
            (Kind::I64, false) => $go($($arg,)* |b| i64::from_le_bytes(b) as f64),
            (Kind::I64, true) => $go($($arg,)* |b| i64::from_be_bytes(b) as f64),
            (Kind::U64, false) => $go($($arg,)* |b| u64::from_le_bytes(b) as f64),
            (Kind::U64, true) => $go($($arg,)* |b| u64::from_be_bytes(b) as f64),
            (Kind::F64, false) => $go($($arg,)* f64::from_le_bytes),
            (Kind::F64, true) => $go($($arg,)* f64::from_be_bytes),
        }
    };
}

impl Convert for Number {
    type Out = f64;

    fn per(&self) -> usize {
        1
    }

    fn plain(&self, bytes: &[u8], out: &mut [f64]) {
        by_kind!(self, each, bytes, out);
    }

    fn planes(&self, bytes: &[u8], count: usize, first: usize, out: &mut [f64]) {
        by_kind!(self, gather, bytes, count, first, out);
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f64], number: impl Fn([u8; N]) -> f64) {
    let (elements, _) = bytes.as_chunks::<N>();
    for (o, &b) in out.iter_mut().zip(elements) {
        *o = number(b);
    }
}

fn gather<const N: usize>(bytes: &[u8], count: usize, first: usize, out: &mut [f64], number: impl Fn([u8; N]) -> f64) {
    let n = out.len();
    let planes: [&[u8]; N] = std::array::from_fn(|k| &bytes[k * count + first..][..n]);
    for (i, o) in out.iter_mut().enumerate() {
        *o = number(std::array::from_fn(|k| planes[k][i]));
    }
}

/// Elements as they are: texts and references.
pub(super) struct Bytes {
    /// Bytes of one.
    pub size: usize,
}

impl Convert for Bytes {
    type Out = u8;

    fn per(&self) -> usize {
        self.size
    }

    fn plain(&self, bytes: &[u8], out: &mut [u8]) {
        let n = out.len().min(bytes.len());
        out[..n].copy_from_slice(&bytes[..n]);
    }

    fn planes(&self, bytes: &[u8], count: usize, first: usize, out: &mut [u8]) {
        for (i, element) in out.chunks_exact_mut(self.size).enumerate() {
            for (k, o) in element.iter_mut().enumerate() {
                *o = bytes[k * count + first + i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_and_plain_bytes_are_the_same_numbers() {
        let values = [1.5_f32, -2.25, 0.0, 1e30, f32::MIN];
        for big in [false, true] {
            let number = Number { kind: Kind::F32, big };
            let plain: Vec<u8> = values.iter().flat_map(|v| if big { v.to_be_bytes() } else { v.to_le_bytes() }).collect();
            let shuffled: Vec<u8> = (0..4).flat_map(|k| plain.iter().copied().skip(k).step_by(4)).collect();
            let (mut a, mut b) = ([0.0; 5], [0.0; 3]);
            number.plain(&plain, &mut a);
            number.planes(&shuffled, 5, 2, &mut b);
            assert_eq!(a, values.map(f64::from));
            assert_eq!(b, a[2..]);
        }
        let mut texts = [0; 4];
        Bytes { size: 2 }.planes(b"acebdf", 3, 1, &mut texts);
        assert_eq!(&texts, b"cdef");
        Bytes { size: 2 }.fill(b"xy", &mut texts);
        assert_eq!(&texts, b"xyxy");
    }
}
