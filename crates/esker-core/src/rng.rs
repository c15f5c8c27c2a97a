//! Our own small random generator, so that a seed means the same numbers in every version.

/// xoshiro256++ (Blackman and Vigna 2021), seeded by SplitMix64. Forks by label give independent streams,
/// so that results do not depend on the order in which threads draw.
#[derive(Debug, Clone)]
pub struct Rng {
    state: [u64; 4],
    key: u64,
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Self {
        let mut s = seed;
        Self { state: [splitmix(&mut s), splitmix(&mut s), splitmix(&mut s), splitmix(&mut s)], key: seed }
    }

    /// An independent stream for `label` and `index`; it does not depend on what was drawn before.
    #[must_use]
    pub fn fork(&self, label: &str, index: u64) -> Self {
        // FNV-1a over the label, then mixed with the key and the index.
        let mut hash = 0xCBF2_9CE4_8422_2325u64;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        let mut s = self.key ^ hash.rotate_left(17);
        let mixed = splitmix(&mut s) ^ index.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mut s = mixed;
        Self::new(splitmix(&mut s))
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform integer in 0..n, unbiased (Lemire 2019). `n` is at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "below(0) has no answer");
        let n = n as u64;
        let floor = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.bits()) * u128::from(n);
            if (wide as u64) >= floor {
                return (wide >> 64) as usize;
            }
        }
    }

    /// Standard normal (Marsaglia's polar method).
    pub fn normal(&mut self) -> f64 {
        loop {
            let u = 2.0 * self.uniform() - 1.0;
            let v = 2.0 * self.uniform() - 1.0;
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * (-2.0 * s.ln() / s).sqrt();
            }
        }
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let mut r = Rng::new(42);
        assert_eq!([r.bits(), r.bits()], [15_021_278_609_987_233_951, 5_881_210_131_331_364_753]);
    }

    #[test]
    fn forks_ignore_what_was_drawn_and_differ_by_label_and_index() {
        let a = Rng::new(7);
        let mut b = a.clone();
        b.bits();
        assert_eq!(a.fork("fold", 3).bits(), b.fork("fold", 3).bits());
        assert_ne!(a.fork("fold", 3).bits(), a.fork("fold", 4).bits());
        assert_ne!(a.fork("fold", 3).bits(), a.fork("tree", 3).bits());
    }

    #[test]
    fn moments_are_those_of_the_uniform_and_the_normal() {
        let mut r = Rng::new(1);
        let n = 100_000;
        let mean = (0..n).map(|_| r.uniform()).sum::<f64>() / f64::from(n);
        assert!((mean - 0.5).abs() < 0.005);
        let var = (0..n).map(|_| r.normal().powi(2)).sum::<f64>() / f64::from(n);
        assert!((var - 1.0).abs() < 0.02);
        assert!((0..1000).all(|_| r.below(3) < 3));
    }
}
