//! The Gaussian kernel, its rows kept in bounded memory.

use esker_math::wide;

/// Rows worked on at a time: their distances stay in the nearest cache.
const BLOCK: usize = 512;

/// e^x for x ≤ 0, without a branch, so that many are taken at a time; within two units of the last place, and 3e-308 from −708 down.
#[inline(always)]
fn exp(x: f64) -> f64 {
    /// Adding this leaves the nearest whole number in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < -708.0 { -708.0 } else { x };
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    // Taylor's series to r^13: |r| ≤ ln(2) / 2, the rest is below 1e-17.
    let mut p = 1.0 / 6_227_020_800.0;
    for f in [479_001_600.0, 39_916_800.0, 3_628_800.0, 362_880.0, 40_320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0] {
        p = p * r + 1.0 / f;
    }
    // 2^n: the whole number moved into the exponent.
    p * f64::from_bits((rounded.to_bits() << 52).wrapping_add(1023 << 52))
}

/// exp(−γ |x − z|²) of one point and `out.len()` rows, column after column in `columns`.
#[inline(always)]
fn rbf(columns: &[f64], gamma: f64, point: &[f64], out: &mut [f64]) {
    let rows = out.len();
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        out.fill(0.0);
        for (j, &at) in point.iter().enumerate() {
            let column = &columns[j * rows + block * BLOCK..][..out.len()];
            for (sum, x) in out.iter_mut().zip(column) {
                let d = x - at;
                *sum += d * d;
            }
        }
        out.iter_mut().for_each(|sum| *sum = exp(-gamma * *sum));
    }
}

/// The Gaussian kernel between one point and rows, column after column in `columns`.
pub(super) fn rbf_row(columns: &[f64], gamma: f64, point: &[f64], out: &mut [f64]) {
    wide(
        #[inline(always)]
        || rbf(columns, gamma, point, out),
    );
}

/// Rows of the kernel matrix of `rows` rows, computed where asked for, and kept as far as the memory given allows: the one not asked for longest
/// gives way. Kept as `f32`, as in LIBSVM; the matrix stays symmetric to the bit.
pub(super) struct Cache<'a> {
    columns: &'a [f64],
    rows: usize,
    gamma: f64,
    kept: Vec<Vec<f32>>,
    /// Where each row is kept, and whose row each place has.
    place: Vec<u32>,
    owner: Vec<u32>,
    /// When each place was last asked for.
    asked: Vec<u64>,
    clock: u64,
    most: usize,
    work: Vec<f64>,
    point: Vec<f64>,
}

const NOWHERE: u32 = u32::MAX;

impl<'a> Cache<'a> {
    /// An empty cache of at most `bytes`, but at least two rows.
    pub(super) fn new(columns: &'a [f64], rows: usize, gamma: f64, bytes: usize) -> Self {
        let most = (bytes / (4 * rows.max(1))).clamp(2, rows.max(2));
        Self {
            columns,
            rows,
            gamma,
            kept: Vec::new(),
            place: vec![NOWHERE; rows],
            owner: Vec::new(),
            asked: Vec::new(),
            clock: 0,
            most,
            work: vec![0.0; rows],
            point: Vec::new(),
        }
    }

    fn keep(&mut self, row: usize) -> usize {
        self.clock += 1;
        let mut place = self.place[row] as usize;
        if self.place[row] == NOWHERE {
            place = self.free();
            self.owner[place] = row as u32;
            self.place[row] = place as u32;
            self.point.clear();
            self.point.extend(self.columns.chunks_exact(self.rows).map(|column| column[row]));
            rbf_row(self.columns, self.gamma, &self.point, &mut self.work);
            self.kept[place].iter_mut().zip(&self.work).for_each(|(kept, k)| *kept = *k as f32);
        }
        self.asked[place] = self.clock;
        place
    }

    /// A place for one more row.
    fn free(&mut self) -> usize {
        if self.kept.len() < self.most {
            self.kept.push(vec![0.0; self.rows]);
            self.owner.push(NOWHERE);
            self.asked.push(0);
            return self.kept.len() - 1;
        }
        let oldest = (0..self.most).fold(0, |a, b| if self.asked[b] < self.asked[a] { b } else { a });
        self.place[self.owner[oldest] as usize] = NOWHERE;
        oldest
    }

    /// One row.
    pub(super) fn row(&mut self, row: usize) -> &[f32] {
        let place = self.keep(row);
        &self.kept[place]
    }

    /// Two rows.
    pub(super) fn two(&mut self, a: usize, b: usize) -> (&[f32], &[f32]) {
        let (a, b) = (self.keep(a), self.keep(b));
        (&self.kept[a], &self.kept[b])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_the_last_places() {
        for i in 0..200_000 {
            let x = -708.0 * f64::from(i) / 200_000.0;
            let (fast, known) = (exp(x), x.exp());
            assert!((fast - known).abs() <= 6e-16 * known, "{x}: {fast:e}, {known:e}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e300) < 1e-300 && exp(f64::NEG_INFINITY) < 1e-300);
    }

    #[test]
    fn a_small_cache_gives_the_rows_of_a_large_one() {
        let columns: Vec<f64> = (0..60).map(|i| f64::from(i * i % 17)).collect();
        let (mut small, mut large) = (Cache::new(&columns, 20, 0.1, 0), Cache::new(&columns, 20, 0.1, 1 << 20));
        for i in 0..200 {
            let (a, b) = (i * 7 % 20, i * 3 % 20);
            let (x, y) = small.two(a, b);
            assert_eq!((x.to_vec(), y.to_vec()), (large.row(a).to_vec(), large.row(b).to_vec()));
            assert_eq!(x[b], y[a]);
            assert_eq!(x[a], 1.0);
        }
        assert_eq!((small.kept.len(), large.kept.len()), (2, 20));
    }
}
