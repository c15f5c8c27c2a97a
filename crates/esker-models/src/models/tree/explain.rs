//! What features give to the answers of trees: contributions, against a background or not, and interactions.

use esker_core::{Column, Contributions, Error, Interactions, Result, Samples, Told};
use rayon::prelude::*;

use super::bins::Bound;
use super::ensemble::Ensemble;
use super::shap::{Background, Explained, Grid, ROWS, explain};
use super::target::Answer;

/// What trees are asked to explain, with the numbers that sums are multiplied by and added to.
pub(super) struct Explain<'a> {
    ensemble: &'a Ensemble,
    trees: Vec<Explained>,
    start: &'a [f64],
    scale: f64,
    told: Told,
    outputs: Vec<String>,
}

impl<'a> Explain<'a> {
    /// Trees whose sums are multiplied by `scale` and added to `start`, and then are what `told` says.
    pub(super) fn new(ensemble: &'a Ensemble, start: &'a [f64], scale: f64, (told, answer): (Told, &Answer)) -> Self {
        let outputs = match (told, answer) {
            (Told::LogOdds, Answer::Class { levels, present }) => present.last().map(|&k| levels[k as usize].clone()).into_iter().collect(),
            (_, Answer::Class { levels, present }) => present.iter().map(|&k| levels[k as usize].clone()).collect(),
            (_, Answer::Real { .. }) => ["", "low", "high"].into_iter().take(start.len()).map(str::to_owned).collect(),
        };
        Self { ensemble, trees: explain(ensemble.list(), ensemble.bins()), start, scale, told, outputs }
    }

    /// What each feature gives in the path-dependent game.
    ///
    /// # Errors
    /// A feature is missing or of another type, a class was never seen.
    pub(super) fn contributions(&self, at: &Samples) -> Result<Contributions> {
        let width = self.ensemble.width();
        let base = self.base(|explained, values| explained.expected(values, width));
        let values = self.each(at, self.ensemble.bins().len(), |t, codes, rows, into| {
            let values = self.ensemble.list()[t].values();
            self.trees[t].add(values, width, |f| &codes[f * rows..(f + 1) * rows], rows, into);
        })?;
        Ok(self.given(base, values))
    }

    /// What each feature gives against background rows.
    ///
    /// # Errors
    /// As [`Explain::contributions`], no background row, or trees too deep.
    pub(super) fn against(&self, at: &Samples, background: &Samples) -> Result<Contributions> {
        self.shallow()?;
        if background.rows() == 0 {
            return Err(Error::data("the background").got("no rows").rule("contributions are differences from what is said of its rows"));
        }
        let (width, features, rows) = (self.ensemble.width(), self.ensemble.bins().len(), background.rows());
        let mut codes = vec![0; rows * features];
        let bound = self.ensemble.bins().bind(background)?;
        codes.chunks_exact_mut(rows).zip(&bound).for_each(|(codes, column)| column.codes(0, codes));
        let others: Vec<Background> = self.trees.par_iter().map(|tree| tree.background(&codes, rows)).collect();
        let mut place = others.iter();
        let base = self.base(|explained, values| match place.next() {
            Some(other) => explained.expected_of(other, values, width),
            None => Vec::new(),
        });
        let values = self.each(at, features, |t, codes, rows, into| {
            let values = (self.ensemble.list()[t].values(), width);
            self.trees[t].add_against(&others[t], values, |f| &codes[f * rows..(f + 1) * rows], rows, into);
        })?;
        Ok(self.given(base, values))
    }

    /// The mean answer over rows at each value of the grids.
    ///
    /// # Errors
    /// As [`Explain::contributions`], no row, or trees too deep.
    pub(super) fn dependence(&self, at: &Samples, grids: &[Column]) -> Result<Vec<Vec<f64>>> {
        self.shallow()?;
        if at.rows() == 0 {
            return Err(Error::data("partial dependence").got("no rows").rule("it is a mean over rows"));
        }
        let (bins, width, lanes) = (self.ensemble.bins(), self.ensemble.width(), self.ensemble.lanes());
        let (rows, outputs) = (at.rows(), width * lanes);
        let mut codes = vec![0; rows * bins.len()];
        codes.par_chunks_mut(rows).zip(&bins.bind(at)?).for_each(|(codes, column)| column.codes(0, codes));
        let known: Vec<Grid> = grids.iter().map(|g| bins.grid(g)).collect::<Result<_>>()?;
        let blank = || grids.iter().map(|g| vec![0.0; g.len() * outputs]).collect::<Vec<Vec<f64>>>();
        let each: Vec<Vec<Vec<f64>>> = (self.trees.par_iter().enumerate())
            .map(|(t, tree)| {
                let mut into = blank();
                let values = (self.ensemble.list()[t].values(), width);
                tree.add_dependence(values, (&codes, rows), &known, (outputs, t % lanes * width, self.scale), &mut into);
                into
            })
            .collect();
        let mut means = grids.iter().map(|g| self.start.repeat(g.len())).collect::<Vec<_>>();
        for one in each {
            for (mean, one) in means.iter_mut().flatten().zip(one.into_iter().flatten()) {
                *mean += one;
            }
        }
        Ok(means)
    }

    /// What each pair of features gives.
    ///
    /// # Errors
    /// As [`Explain::contributions`], or trees too deep.
    pub(super) fn interactions(&self, at: &Samples) -> Result<Interactions> {
        self.shallow()?;
        let (width, features) = (self.ensemble.width(), self.ensemble.bins().len());
        let alone = self.contributions(at)?;
        let mut values = self.each(at, features * features, |t, codes, rows, into| {
            let values = (self.ensemble.list()[t].values(), width);
            self.trees[t].add_pairs(values, features, |f| &codes[f * rows..(f + 1) * rows], rows, into);
        })?;
        // What was found for i < j holds both ways; a feature keeps what it does not share.
        for (square, given) in values.chunks_exact_mut(features * features).zip(alone.values.chunks_exact(features)) {
            for i in 0..features {
                for j in i + 1..features {
                    square[j * features + i] = square[i * features + j];
                }
            }
            for i in 0..features {
                let shared: f64 = (0..features).filter(|&j| j != i).map(|j| square[i * features + j]).sum();
                square[i * features + i] = given[i] - shared;
            }
        }
        let Contributions { told, outputs, features, base, .. } = alone;
        Ok(Interactions { told, outputs, features, base, values })
    }

    fn shallow(&self) -> Result<()> {
        if self.trees.iter().all(Explained::countable) {
            return Ok(());
        }
        Err(Error::model("its trees").got("a path below more than 64 features").rule("such paths are explained by contributions alone"))
    }

    fn given(&self, base: Vec<f64>, values: Vec<f64>) -> Contributions {
        let bins = self.ensemble.bins();
        let features = (0..bins.len()).map(|f| bins.name(f).to_owned()).collect();
        Contributions { told: self.told, outputs: self.outputs.clone(), features, base, values }
    }

    /// What is answered when nothing is known: `expected` of each tree and its values.
    fn base(&self, mut expected: impl FnMut(&Explained, &[f64]) -> Vec<f64>) -> Vec<f64> {
        let (width, lanes) = (self.ensemble.width(), self.ensemble.lanes());
        let mut base = self.start.to_vec();
        for (t, (tree, explained)) in self.ensemble.list().iter().zip(&self.trees).enumerate() {
            let lane = t % lanes * width;
            base[lane..lane + width].iter_mut().zip(expected(explained, tree.values())).for_each(|(base, e)| *base += self.scale * e);
        }
        base
    }

    /// Rows × outputs × `parts` of what `add` adds for each tree: it is given a block's codes, feature after feature, and adds to a number a
    /// row for each value of each part.
    fn each(&self, at: &Samples, parts: usize, add: impl Fn(usize, &[u8], usize, &mut [f64]) + Sync) -> Result<Vec<f64>> {
        let bound: Vec<Bound<'_>> = self.ensemble.bins().bind(at)?;
        let (lanes, width) = (self.ensemble.lanes(), self.ensemble.width());
        let outputs = lanes * width;
        let mut values = vec![0.0; at.rows() * outputs * parts];
        // Small tables are cut finer, so that threads share them.
        let block = ROWS.min(at.rows().div_ceil(2 * rayon::current_num_threads())).max(64);
        values.par_chunks_mut(block * outputs * parts).enumerate().for_each(|(i, values)| {
            let rows = values.len() / (outputs * parts);
            let mut codes = vec![0; rows * bound.len()];
            for (column, codes) in bound.iter().zip(codes.chunks_exact_mut(rows)) {
                column.codes(i * block, codes);
            }
            // Lane by lane, part by part, value by value, row by row.
            let mut given = vec![0.0; values.len()];
            for t in 0..self.trees.len() {
                add(t, &codes, rows, &mut given[t % lanes * parts * width * rows..][..parts * width * rows]);
            }
            for (row, values) in values.chunks_exact_mut(outputs * parts).enumerate() {
                for (i, value) in values.iter_mut().enumerate() {
                    let (output, part) = (i / parts, i % parts);
                    let (lane, k) = (output / width, output % width);
                    *value = self.scale * given[((lane * parts + part) * width + k) * rows + row];
                }
            }
        });
        Ok(values)
    }
}
