//! Which pieces of a grid are read, and which of their cells are drawn as rows.

use std::collections::BTreeSet;

use esker_core::Rng;
use esker_core::cube::Window;

/// Cells that are read together.
const SLAB: usize = 1 << 19;
/// Cells drawn as rows.
const SAMPLE: usize = 40_000;

/// The pieces that are read: all, or about one in `every`. Blocks of times are drawn first and hold for all places, so that a map is of the same
/// times everywhere, and at no beat with a day or year; where blocks of times are too few for that, blocks of places are drawn too, and hold for
/// all times, so that a series is of the same places throughout.
pub fn chosen(shape: &[usize], chunk: &[usize], time: Option<usize>, every: usize) -> Vec<Window> {
    let all = Window::whole(shape);
    if every <= 1 {
        return all.pieces(chunk, SLAB);
    }
    let mut rng = Rng::new(42).fork("pieces", 0);
    let (mut windows, mut left) = (vec![all.clone()], every);
    if let Some(d) = time {
        let long = chunk[d].max(1);
        let blocks = shape[d].div_ceil(long);
        let keep = (blocks / every).max(1);
        let edge = |k: usize| k * blocks / keep;
        windows = (0..keep)
            .map(|k| edge(k) + rng.below(edge(k + 1) - edge(k)))
            .map(|b| {
                let mut window = all.clone();
                window.0[d] = b * long..((b + 1) * long).min(shape[d]);
                window
            })
            .collect();
        left = every * keep / blocks;
    }
    let mut pieces: Vec<Window> = windows.iter().flat_map(|w| w.pieces(chunk, SLAB)).collect();
    if left > 1 {
        // The block of places of a piece.
        let place = |piece: &Window| -> Vec<usize> {
            (0..shape.len()).filter(|d| Some(*d) != time).map(|d| piece.0[d].start / chunk[d].max(1)).collect()
        };
        let mut places: Vec<Vec<usize>> = pieces.iter().map(place).collect::<BTreeSet<_>>().into_iter().collect();
        rng.shuffle(&mut places);
        places.truncate(places.len().div_ceil(left));
        let kept: BTreeSet<Vec<usize>> = places.into_iter().collect();
        pieces.retain(|p| kept.contains(&place(p)));
    }
    pieces
}

/// Cells of a piece drawn as rows, as many as its share of all cells: their places along each axis, then the values of each variable.
pub fn picked(piece: &Window, read: &[Vec<f64>], (index, cells): (usize, usize)) -> Vec<Vec<f64>> {
    let n = piece.len();
    let wanted = ((n as f64 * SAMPLE as f64 / cells as f64).ceil() as usize).clamp(1, n);
    let mut rng = Rng::new(42).fork("cells", index as u64);
    let edge = |i: usize| (i as u128 * n as u128 / wanted as u128) as usize;
    let mut out = vec![Vec::with_capacity(wanted); piece.0.len() + read.len()];
    for i in 0..wanted {
        let at = edge(i) + rng.below((edge(i + 1) - edge(i)).max(1));
        let mut left = at;
        for d in (0..piece.0.len()).rev() {
            out[d].push((piece.0[d].start + left % piece.0[d].len()) as f64);
            left /= piece.0[d].len();
        }
        for (k, values) in read.iter().enumerate() {
            out[piece.0.len() + k].push(values[at]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A field of two pieces a time: every time that is read is read whole, and times follow no beat.
    #[test]
    fn a_large_grid_is_thinned_by_whole_times() {
        let (shape, chunk) = ([60, 721, 1440], [1, 91, 180]);
        for every in [2, 3, 5] {
            let mut cells = [0; 60];
            for piece in chosen(&shape, &chunk, Some(0), every) {
                assert!(piece.len() <= SLAB && piece.0[0].len() == 1, "{piece}");
                cells[piece.0[0].start] += piece.len();
            }
            assert!(cells.iter().all(|&n| n == 0 || n == 721 * 1440), "{cells:?}");
            let read: Vec<usize> = (0..60).filter(|&t| cells[t] > 0).collect();
            assert_eq!(read.len(), 60 / every);
            let steps: Vec<usize> = read.windows(2).map(|w| w[1] - w[0]).collect();
            assert!(steps.iter().any(|s| *s != steps[0]), "{steps:?}");
        }
        let total: usize = chosen(&shape, &chunk, Some(0), 1).iter().map(Window::len).sum();
        assert_eq!(total, 60 * 721 * 1440);
    }

    /// Without times pieces are drawn, not every other half of each layer.
    #[test]
    fn layers_without_times_are_drawn() {
        let pieces = chosen(&[60, 721, 1440], &[1, 91, 180], None, 2);
        let north = pieces.iter().filter(|p| p.0[1].start == 0).count();
        assert_eq!(pieces.len(), 60);
        assert!((15..=45).contains(&north), "{north} of 60");
    }

    /// Long blocks: a map is of the same times wherever it is not blank, and a series of the same places at all times that were read.
    #[test]
    fn long_blocks_of_times_are_the_same_for_all_places() {
        let shape = [1000, 360, 720];
        for (chunk, every, times, cells) in [
            ([250, 90, 180], 6, 250, 360 * 720),
            ([500, 90, 180], 6, 500, 6 * 90 * 180),
            ([1000, 90, 180], 6, 1000, 3 * 90 * 180),
            ([2, 360, 720], 6, 166, 360 * 720),
        ] {
            let mut seen = vec![0_usize; 1000];
            let mut places = BTreeMap::new();
            for piece in chosen(&shape, &chunk, Some(0), every) {
                piece.0[0].clone().for_each(|t| seen[t] += piece.0[1].len() * piece.0[2].len());
                let place = (piece.0[1].start, piece.0[2].start, piece.0[1].end, piece.0[2].end);
                *places.entry(place).or_insert(0) += piece.0[0].len();
            }
            assert_eq!(seen.iter().filter(|n| **n > 0).count(), times, "{chunk:?}");
            assert!(seen.iter().all(|n| *n == 0 || *n == cells), "{chunk:?}");
            assert!(places.values().all(|n| *n == times), "{chunk:?}");
        }
    }
}
