//! Values of an open raster: the blocks that a window touches are read and decoded in parallel.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use esker_core::Result;
use esker_core::cube::{Blocks, Window};
use rayon::prelude::*;

use super::image::{Image, Sample};
use super::place::Transform;
use crate::source::Source;

/// Bytes of decoded blocks that are kept for the next band.
const KEPT: usize = 64 << 20;

/// What turns a stored number into a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Meaning {
    /// The number that stands for missing, as the sample type holds it.
    pub missing: Option<f64>,
    pub scale: f64,
    pub offset: f64,
}

/// A decoded block of all bands and its place.
type Kept = VecDeque<([usize; 2], Arc<Vec<u8>>)>;

/// An open raster.
pub(super) struct Raster {
    source: Source,
    image: Image,
    meanings: Vec<Meaning>,
    /// For rasters that lie askew: the variables after the bands are the places of the cells.
    transform: Option<Transform>,
    kept: Mutex<Kept>,
}

impl Raster {
    pub fn new(source: Source, image: Image, meanings: Vec<Meaning>, transform: Option<Transform>) -> Self {
        Self { source, image, meanings, transform, kept: Mutex::new(VecDeque::new()) }
    }

    /// A decoded block; those of several bands are kept for a while, as the next band is likely to be asked for.
    fn block(&self, band: usize, down: usize, across: usize) -> Result<Option<Arc<Vec<u8>>>> {
        if self.image.samples() == 1 {
            return Ok(self.image.block(&self.source, band, down, across)?.map(Arc::new));
        }
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, block)) = kept().iter().find(|(place, _)| *place == [down, across]) {
            return Ok(Some(block.clone()));
        }
        let Some(block) = self.image.block(&self.source, band, down, across)?.map(Arc::new) else { return Ok(None) };
        let mut all = kept();
        if all.iter().all(|(place, _)| *place != [down, across]) {
            all.push_back(([down, across], block.clone()));
        }
        while all.iter().map(|(_, b)| b.len()).sum::<usize>() > KEPT {
            all.pop_front();
        }
        Ok(Some(block))
    }

    /// The values of a part of a band that lies within one block.
    fn part(&self, band: usize, part: &Window) -> Result<Vec<f64>> {
        let (rows, columns, shape) = (&part.0[0], &part.0[1], self.image.block);
        let (down, across) = (rows.start / shape[0], columns.start / shape[1]);
        let meaning = self.meanings[band];
        let mut out = vec![0.0; part.len()];
        match self.block(band, down, across)? {
            None => out.fill(meaning.missing.unwrap_or(0.0)),
            Some(block) => {
                let sample = if self.image.planar { 0 } else { band };
                for (row, line) in rows.clone().zip(out.chunks_exact_mut(columns.len())) {
                    self.image.numbers(&block, row - down * shape[0], sample, columns.start - across * shape[1], line);
                }
            }
        }
        for v in &mut out {
            if Some(*v) == meaning.missing {
                *v = f64::NAN;
            }
        }
        if (meaning.scale, meaning.offset) != (1.0, 0.0) {
            out.iter_mut().for_each(|v| *v = *v * meaning.scale + meaning.offset);
        }
        Ok(out)
    }
}

impl Blocks for Raster {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        if variable >= self.meanings.len() {
            let mut out = Vec::with_capacity(window.len());
            for row in window.0[0].clone() {
                for column in window.0[1].clone() {
                    let (x, y) = self.transform.map_or((f64::NAN, f64::NAN), |t| t.centre(row, column));
                    out.push(if variable == self.meanings.len() { x } else { y });
                }
            }
            return Ok(out);
        }
        let mut out = vec![0.0; window.len()];
        let parts = window.blocks(&self.image.block);
        // Only as many decoded parts as there are threads are held beside the answer.
        for some in parts.chunks(4 * rayon::current_num_threads().max(1)) {
            let values: Vec<Vec<f64>> = some.par_iter().map(|p| self.part(variable, p)).collect::<Result<_>>()?;
            some.iter().zip(values).for_each(|(p, v)| window.place(p, &v, &mut out));
        }
        Ok(out)
    }
}

/// The missing value as the samples hold it; none where they cannot.
pub(super) fn missing_as(text: &str, sample: Sample, bits: u16) -> Option<f64> {
    let value: f64 = match text.trim().trim_end_matches(['\0', ' ']).to_ascii_lowercase().as_str() {
        "nan" | "-nan" => f64::NAN,
        "inf" => f64::INFINITY,
        "-inf" => f64::NEG_INFINITY,
        text => text.parse().ok()?,
    };
    match sample {
        // Written with more or fewer digits than the type holds, e.g. -3.4e+38; beyond it, its largest is meant.
        Sample::Float if bits == 32 => {
            let single = value as f32;
            Some(if single.is_infinite() && value.is_finite() { f64::from(f32::MAX.copysign(single)) } else { f64::from(single) })
        }
        Sample::Float => Some(value),
        Sample::UInt | Sample::Int => {
            let (low, high) = match sample {
                Sample::UInt => (0.0, 2_f64.powi(i32::from(bits))),
                _ => (-2_f64.powi(i32::from(bits) - 1), 2_f64.powi(i32::from(bits) - 1)),
            };
            (value >= low && value < high && value.fract() == 0.0).then_some(value)
        }
    }
}
