//! NNDM: leave-one-out with neighbours excluded until distances match those of the wanted predictions.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use esker_core::{Error, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};
use esker_math::Empirical;
use rayon::prelude::*;

use super::super::{Aim, count};
use super::{Space, cloud::Cloud};

/// One sentence for the reference page.
pub(in super::super) const DOC: &str = "Judges each row alone, leaving out neighbours until it is as far from what is learned from as the wanted predictions are from the samples \
     (NNDM, Milà et al. 2022).";

/// Its parameters.
pub(in super::super) fn parameters() -> Vec<Parameter> {
    let own = [
        Parameter::real(
            "phi",
            0.0,
            0.0,
            1e9,
            "Distance up to which distances are matched, as the range of autocorrelation (km; among features in their own unit); 0 matches all.",
        ),
        Parameter::real("min_train", 0.5, 0.0, 1.0, "Share of the rows from which on nothing more is left out of a fold."),
    ];
    own.into_iter().chain(super::parameters()).collect()
}

/// Rows up to which each has a fold with lists of all others.
const MOST: usize = 5000;

/// Nearest-neighbour distance matching in leave-one-out (Milà et al. 2022, doi 10.1111/2041-210X.13851; as in CAST 1.1.0).
///
/// From the shortest distance on, a row's nearest neighbours are left out as long as more rows are that near to what they learn from than wanted
/// predictions are to samples. Each row is tested once; what is excluded is in `left_out`. Of rows that are equally far from their nearest
/// neighbours, as any two that are nearest to one another, the one that stands first in the table gives way first.
#[derive(Debug, Clone, PartialEq)]
pub struct Nndm {
    /// Distances are matched up to this one, in the unit of the space; infinite for all.
    pub phi: f64,
    /// Nothing more is left out of a fold that learns from this share of the rows or less, 0..1; rows equally far away go together, as in CAST.
    pub min_train: f64,
    /// What distances are measured in.
    pub space: Space,
    /// The use that is imitated.
    pub aim: Aim,
}

/// A distance in a heap, with the row it is measured from.
#[derive(PartialEq)]
struct At(f64, usize);

impl Eq for At {}

impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for At {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

/// The other samples of one, the nearest first, and how many of them are left out.
struct Row {
    near: Vec<u32>,
    out: usize,
}

impl Splitter for Nndm {
    fn folds(&self, at: &Support, _rng: &mut Rng) -> Result<Vec<Fold>> {
        if at.rows > MOST || at.rows < 2 {
            let error = Error::recipe("design 'nndm'").got(count(at.rows, "row")).rule(format!("each row is a fold: 2 to {MOST} rows"));
            return Err(if at.rows > MOST { error.hint("use design 'knndm'") } else { error });
        }
        let cloud = Cloud::new("design 'nndm'", self.space, at, &self.aim)?;
        let wanted = Empirical::new(cloud.to_wanted(&cloud.tree()?))?;
        let rows = self.excluded(&cloud, &wanted);
        let mut folds: Vec<Fold> = rows
            .into_par_iter()
            .enumerate()
            .map(|(i, row)| {
                let rows = |near: &[u32]| {
                    let mut rows: Vec<usize> = near.iter().map(|&j| cloud.order[j as usize]).collect();
                    rows.sort_unstable();
                    rows
                };
                let own = cloud.order[i];
                let (out, left) = row.near.split_at(row.out);
                Fold { label: format!("row {}", own + 1), train: rows(left), test: vec![own], left_out: rows(out) }
            })
            .collect();
        folds.sort_unstable_by_key(|f| f.test[0]);
        Ok(folds)
    }

    fn describe(&self) -> String {
        let reach = if self.phi.is_finite() { format!(" up to {}", self.space.told(self.phi)) } else { String::new() };
        format!(
            "Nearest-neighbour distance matching (NNDM): each row was judged alone by models that learned from the others but for near ones, \
             left out so that distances {} follow{reach} those from wanted predictions to samples.",
            self.space.words()
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let mut notes = super::told(self.space, at, &self.aim, folds, 10).unwrap_or_default();
        let out: Vec<usize> = folds.iter().map(|f| f.left_out.len()).collect();
        notes.push(Note::info(
            "left-out",
            format!(
                "Folds leave out {:.1} of {} rows on average, {} at most.",
                out.iter().sum::<usize>() as f64 / out.len().max(1) as f64,
                at.rows,
                out.iter().max().unwrap_or(&0)
            ),
        ));
        notes
    }
}

impl Nndm {
    /// The design of checked settings, for this use.
    pub(in super::super) fn of(settings: &Settings, aim: &Aim) -> Self {
        let (phi, space) = (settings.real("phi"), Space::of(settings));
        let unit = if matches!(space, Space::Features(_)) { 1.0 } else { 1000.0 };
        Self { phi: if phi > 0.0 { unit * phi } else { f64::INFINITY }, min_train: settings.real("min_train"), space, aim: aim.clone() }
    }

    /// Each sample's neighbours, those that are left out counted.
    fn excluded(&self, cloud: &Cloud, wanted: &Empirical) -> Vec<Row> {
        let n = cloud.len();
        let mut rows: Vec<Row> = (0..n)
            .into_par_iter()
            .map(|i| {
                let far: Vec<f64> = (0..n).map(|j| cloud.between(i, j)).collect();
                let mut near: Vec<u32> = (0..n as u32).filter(|&j| j as usize != i).collect();
                near.sort_by(|&a, &b| far[a as usize].total_cmp(&far[b as usize]));
                Row { near, out: 0 }
            })
            .collect();
        let first = |rows: &[Row], i: usize| At(cloud.between(i, rows[i].near[rows[i].out] as usize), cloud.order[i]);
        let mut place = vec![0; n];
        cloud.order.iter().enumerate().for_each(|(i, &row)| place[row] = i);
        let mut heap: BinaryHeap<Reverse<At>> = (0..n).map(|i| Reverse(first(&rows, i))).collect();
        // Samples whose nearest neighbour is settled at a shorter distance than the one looked at.
        let mut settled = 0;
        while let Some(Reverse(At(shortest, _))) = heap.peek().filter(|top| top.0.0 <= self.phi) {
            let shortest = *shortest;
            let mut here = Vec::new();
            while heap.peek().is_some_and(|top| top.0.0 == shortest) {
                here.extend(heap.pop().map(|top| top.0.1));
            }
            let share = wanted.share(shortest);
            // The first sample at this distance loses its neighbours there while too many samples are so near.
            let mut gone = 0;
            while let Some(&own) = here.get(gone) {
                let i = place[own];
                let near = (settled + here.len() - gone - 1) as f64 / n as f64;
                let row = &rows[i];
                let ties = row.near[row.out..].iter().take_while(|&&j| cloud.between(i, j as usize) == shortest).count();
                let left = n - 1 - row.out;
                if near < share || left as f64 / n as f64 <= self.min_train || left == ties {
                    break;
                }
                rows[i].out += ties;
                heap.push(Reverse(first(&rows, i)));
                gone += 1;
            }
            settled += here.len() - gone;
        }
        rows
    }
}
