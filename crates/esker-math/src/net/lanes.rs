//! Sixteen numbers side by side, in the registers of the processor at hand.

/// How many numbers stand side by side. It is the same on every processor, so that sums are put together in one order everywhere.
pub const WIDTH: usize = 16;

/// `WIDTH` numbers that are worked on together. Every operation rounds as it does on single numbers.
pub trait Lanes: Copy {
    /// What stands in a lane.
    type Number: Copy;
    /// Rows of a tile of a product, and its panels of `WIDTH` columns: as many as the registers hold.
    const TILE: (usize, usize);

    /// The same number in every lane.
    fn splat(value: Self::Number) -> Self;

    /// From memory.
    fn load(from: &[Self::Number; WIDTH]) -> Self;

    /// To memory.
    fn store(self, to: &mut [Self::Number; WIDTH]);

    /// `self` + `a` · `b`, rounded once.
    #[must_use]
    fn plus(self, a: Self, b: Self) -> Self;
}

/// Lanes as the compiler makes them of an array.
#[derive(Debug, Clone, Copy)]
pub struct Plain<T>([T; WIDTH]);

macro_rules! plain {
    ($number:ty) => {
        impl Lanes for Plain<$number> {
            type Number = $number;
            const TILE: (usize, usize) = (4, 1);

            #[inline(always)]
            fn splat(value: $number) -> Self {
                Self([value; WIDTH])
            }

            #[inline(always)]
            fn load(from: &[$number; WIDTH]) -> Self {
                Self(*from)
            }

            #[inline(always)]
            fn store(self, to: &mut [$number; WIDTH]) {
                *to = self.0;
            }

            #[inline(always)]
            fn plus(self, a: Self, b: Self) -> Self {
                Self(std::array::from_fn(|i| a.0[i].mul_add(b.0[i], self.0[i])))
            }
        }
    };
}

plain!(f32);
plain!(f64);

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "these lanes are made only inside functions compiled for the instructions, which run only where the processor has them"
)]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
        _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::{Lanes, WIDTH};

    /// Two registers of AVX2.
    #[derive(Debug, Clone, Copy)]
    pub struct Avx2(__m256, __m256);

    impl Lanes for Avx2 {
        type Number = f32;
        const TILE: (usize, usize) = (6, 1);

        #[inline(always)]
        fn splat(value: f32) -> Self {
            // SAFETY: AVX2 was detected.
            let one = unsafe { _mm256_set1_ps(value) };
            Self(one, one)
        }

        #[inline(always)]
        fn load(from: &[f32; WIDTH]) -> Self {
            // SAFETY: AVX2 was detected, and the array holds sixteen numbers.
            unsafe { Self(_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))) }
        }

        #[inline(always)]
        fn store(self, to: &mut [f32; WIDTH]) {
            // SAFETY: AVX2 was detected, and the array holds sixteen numbers.
            unsafe {
                _mm256_storeu_ps(to.as_mut_ptr(), self.0);
                _mm256_storeu_ps(to.as_mut_ptr().add(8), self.1);
            }
        }

        #[inline(always)]
        fn plus(self, a: Self, b: Self) -> Self {
            // SAFETY: FMA was detected.
            unsafe { Self(_mm256_fmadd_ps(a.0, b.0, self.0), _mm256_fmadd_ps(a.1, b.1, self.1)) }
        }
    }

    /// One register of AVX-512.
    #[derive(Debug, Clone, Copy)]
    pub struct Avx512(__m512);

    impl Lanes for Avx512 {
        type Number = f32;
        const TILE: (usize, usize) = (8, 2);

        #[inline(always)]
        fn splat(value: f32) -> Self {
            // SAFETY: AVX-512 was detected.
            unsafe { Self(_mm512_set1_ps(value)) }
        }

        #[inline(always)]
        fn load(from: &[f32; WIDTH]) -> Self {
            // SAFETY: AVX-512 was detected, and the array holds sixteen numbers.
            unsafe { Self(_mm512_loadu_ps(from.as_ptr())) }
        }

        #[inline(always)]
        fn store(self, to: &mut [f32; WIDTH]) {
            // SAFETY: AVX-512 was detected, and the array holds sixteen numbers.
            unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn plus(self, a: Self, b: Self) -> Self {
            // SAFETY: AVX-512 was detected.
            unsafe { Self(_mm512_fmadd_ps(a.0, b.0, self.0)) }
        }
    }
}

/// Work that is compiled once for each set of vector instructions. `run` must be `#[inline(always)]`, and so must all that it calls and that
/// is to be fast.
pub trait Work {
    /// What comes out.
    type Out;

    /// Does the work in these lanes of single precision.
    fn run<L: Lanes<Number = f32>>(self) -> Self::Out;
}

/// Does `work` with the widest vectors of this processor: AVX-512, AVX2, or what the compiler may count on everywhere.
pub fn widest<W: Work>(work: W) -> W::Out {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        fn avx512<W: Work>(work: W) -> W::Out {
            work.run::<Avx512>()
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<W: Work>(work: W) -> W::Out {
            work.run::<Avx2>()
        }
        let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        if fma && has && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl") {
            #[allow(unsafe_code, reason = "called only where the processor has the instructions")]
            // SAFETY: all of them were detected.
            return unsafe { avx512(work) };
        }
        if fma {
            #[allow(unsafe_code, reason = "called only where the processor has the instructions")]
            // SAFETY: both were detected.
            return unsafe { avx2(work) };
        }
    }
    work.run::<Plain<f32>>()
}
