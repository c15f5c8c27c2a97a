//! Histograms of four columns side by side, and the best split of a node read off them.
//!
//! Counting adds a row to four histograms at once, whose additions do not wait for each other. Searching sums them code by code, four
//! columns to a vector.

use super::bins::PART;
use super::split::{Limits, Race};
use super::sums::{Cell, Scale, Words, minus, plus};

/// Columns of a group.
pub(super) const LANES: usize = 4;
/// Codes that are looked at together.
const LOOK: usize = 8;

/// The histograms of up to four columns: code, column, words.
pub(super) type Group<const W: usize> = [[Words<W>; LANES]; 256];

/// Adds the rows of a part from its first.
pub(super) fn add_all<const W: usize>(group: &mut Group<W>, columns: &[&[u8; PART]], sums: &[Words<W>]) {
    if let [a, b, c, d] = *columns {
        for ((((&a, &b), &c), &d), sum) in a.iter().zip(b).zip(c).zip(d).zip(sums) {
            bump(group, 0, a, sum);
            bump(group, 1, b, sum);
            bump(group, 2, c, sum);
            bump(group, 3, d, sum);
        }
        return;
    }
    for (lane, column) in columns.iter().enumerate() {
        for (&code, sum) in column.iter().zip(sums) {
            bump(group, lane, code, sum);
        }
    }
}

/// Adds the rows of a part that are named, whose sums lie side by side.
pub(super) fn add_some<const W: usize>(group: &mut Group<W>, columns: &[&[u8; PART]], rows: &[u16], sums: &[Words<W>]) {
    // Rows are below PART; the mask says so to the compiler.
    let place = |row: &u16| usize::from(*row) & (PART - 1);
    if let [a, b, c, d] = *columns {
        for (row, sum) in rows.iter().map(place).zip(sums) {
            bump(group, 0, a[row], sum);
            bump(group, 1, b[row], sum);
            bump(group, 2, c[row], sum);
            bump(group, 3, d[row], sum);
        }
        return;
    }
    for (lane, column) in columns.iter().enumerate() {
        for (row, sum) in rows.iter().map(place).zip(sums) {
            bump(group, lane, column[row], sum);
        }
    }
}

#[inline(always)]
fn bump<const W: usize>(group: &mut Group<W>, lane: usize, code: u8, sum: &Words<W>) {
    let cell = &mut group[usize::from(code)][lane];
    *cell = plus(*cell, sum);
}

/// Takes the histograms of `less`, up to code `last`, from those of `from`.
pub(super) fn subtract<const W: usize>(from: &mut Group<W>, less: &Group<W>, last: u8) {
    for (a, b) in from[..=usize::from(last)].iter_mut().zip(&less[..=usize::from(last)]) {
        for lane in 0..LANES {
            a[lane] = minus(a[lane], &b[lane]);
        }
    }
}

/// Adds the histograms of `more`, up to code `last`.
pub(super) fn merge<const W: usize>(into: &mut Group<W>, more: &Group<W>, last: u8) {
    for (a, b) in into[..=usize::from(last)].iter_mut().zip(&more[..=usize::from(last)]) {
        for lane in 0..LANES {
            a[lane] = plus(a[lane], &b[lane]);
        }
    }
}

/// What the sums of all codes of a column are.
pub(super) fn total<const W: usize>(group: &Group<W>, lane: usize, last: u8) -> Words<W> {
    group[..=usize::from(last)].iter().fold([0; W], |t, cells| plus(t, &cells[lane]))
}

/// One column as numbers.
pub(super) fn cells<const W: usize>(group: &Group<W>, lane: usize, last: u8, scale: &Scale) -> [Cell; 256] {
    let mut cells = [[0.0; 3]; 256];
    for (cell, words) in cells[..=usize::from(last)].iter_mut().zip(group) {
        *cell = scale.cell(&words[lane]);
    }
    cells
}

/// A split on a column of numbers: codes up to `code` go left, and the missing values if `missing`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    /// The column's place in its group.
    pub(super) lane: usize,
    /// The last code on the left.
    pub(super) code: u8,
    /// Whether missing values go left.
    pub(super) missing: bool,
}

/// The best cut of the columns of a group whose `bins` are given (which is also the code of a column's missing values; `None` is a lane
/// that is not searched), if it wins `race`.
#[inline(always)]
pub(super) fn best_cut<const W: usize>(group: &Group<W>, bins: [Option<u8>; LANES], scale: &Scale, race: &mut Race) -> Option<Cut> {
    let most = usize::from(bins.into_iter().flatten().max()?);
    let gone: [Words<W>; LANES] = std::array::from_fn(|l| bins[l].map_or([0; W], |b| group[usize::from(b)][l]));
    let gaps = gone.iter().any(|words| scale.rows(words) > 0.0);
    let mut sum = [[0; W]; LANES];
    let mut best = None;
    for (look, some) in group[..most].chunks(LOOK).enumerate() {
        let before = sum;
        let could = if gaps {
            look_at::<W, true>(some, &mut sum, &gone, scale, race)
        } else {
            look_at::<W, false>(some, &mut sum, &gone, scale, race)
        };
        if could.iter().all(|&mask| mask == 0) {
            continue;
        }
        for lane in (0..LANES).filter(|&l| could[l] != 0) {
            let Some(bins) = bins[lane] else { continue };
            let (mut left, missing) = (before[lane], gone[lane]);
            let open = scale.rows(&missing) > 0.0;
            for (i, cells) in some.iter().enumerate().take(usize::from(bins).saturating_sub(look * LOOK)) {
                if scale.rows(&cells[lane]) == 0.0 {
                    continue;
                }
                left = plus(left, &cells[lane]);
                let code = (look * LOOK + i) as u8;
                if race.beats(&scale.cell(&left)) {
                    best = Some(Cut { lane, code, missing: false });
                }
                if open && race.beats(&scale.cell(&plus(left, &missing))) {
                    best = Some(Cut { lane, code, missing: true });
                }
            }
        }
    }
    best
}

/// Adds some codes to the sums on the left, and marks the lanes where any of these sides, with or without the missing values, scores above
/// the bar and holds rows enough on either side.
#[inline(always)]
fn look_at<const W: usize, const GAPS: bool>(
    some: &[[Words<W>; LANES]],
    sum: &mut [Words<W>; LANES],
    gone: &[Words<W>; LANES],
    scale: &Scale,
    race: &Race,
) -> [u64; LANES] {
    let Limits { min_leaf, lambda, .. } = race.limits;
    let (scale, most, bar, slope, both) = (*scale, race.total[2] - min_leaf, race.bar, race.slope, race.both);
    let could = |left: &[Words<W>; LANES], marks: &mut [u64; LANES]| {
        for l in 0..LANES {
            let (g, h, n) = (scale.slope(&left[l]), scale.curvature(&left[l]), scale.rows(&left[l]));
            let dl = h + lambda;
            let t = g - slope * dl;
            let wins = (t * t > bar * (dl * (both - dl))) & (n >= min_leaf) & (n <= most);
            marks[l] |= if wins { u64::MAX } else { 0 };
        }
    };
    let (mut left, mut marks) = (*sum, [0; LANES]);
    for cells in some {
        for l in 0..LANES {
            left[l] = plus(left[l], &cells[l]);
        }
        could(&left, &mut marks);
        if GAPS {
            could(&std::array::from_fn(|l| plus(left[l], &gone[l])), &mut marks);
        }
    }
    *sum = left;
    marks
}

/// The last code on the left when a cut lies halfway through the codes that are empty here: nothing speaks for one end of the gap. Without a
/// further value the split is of missing values from all others, whatever they may be.
pub(super) fn halfway<const W: usize>(group: &Group<W>, cut: Cut, bins: u8, scale: &Scale) -> u8 {
    let next = (cut.code + 1..bins).find(|&c| scale.rows(&group[usize::from(c)][cut.lane]) > 0.0);
    next.map_or(bins - 1, |next| cut.code + (next - cut.code - 1) / 2)
}
