//! Block folds: the ground is cut into blocks, and whole blocks are left out.

use esker_core::{Error, Fold, Note, Parameter, Places, Result, Rng, Settings, Splitter, Support};
use esker_math::Ground;

use super::deal::{Deal, Units, never_learned, uneven};
use super::{cells, near};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Cuts the ground into blocks and leaves out whole blocks (Roberts et al. 2017; Valavi et al. 2019): squares or hexagons on \
                              the plane, cells of equal area between parallels and meridians on the sphere.";

/// One sentence for the reference page.
pub(super) const DOC_SIZE: &str =
    "Kilometres across a block, at least the range over which the residuals of a model are alike; it has to be given.";

/// One sentence for the reference page.
pub(super) const DOC_ASSIGN: &str =
    "How blocks become folds: the largest first to the fold with the fewest rows, shuffled, or in turn (with two folds, a checkerboard).";

/// One sentence for the reference page.
pub(super) const DOC_STRATIFIED: &str =
    "Whether each class, or each fifth of the target, has about its share of every fold; with assign = \"balanced\".";

/// Spatial block cross-validation (Roberts et al. 2017, doi 10.1111/ecog.02881; Valavi et al. 2019, doi 10.1111/2041-210X.13107).
///
/// Each row is tested once. On the plane, squares of `size` lie evenly about the middle of the samples, or hexagons whose opposite sides are
/// `size` apart; on the sphere, cells have equal areas of `size`². Rows nearer than `buffer` to a row judged on are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Number of folds, at least 2 and at most the number of blocks that hold samples.
    pub folds: usize,
    /// Metres across a block; 0 is not given, and refused.
    pub size: f64,
    /// Hexagons in place of squares, on the plane only.
    pub hexagons: bool,
    /// How blocks are dealt to folds.
    pub assign: Deal,
    /// Metres round every row judged on that are left out.
    pub buffer: f64,
    /// Whether strata are balanced over folds too, where the support has them.
    pub stratified: bool,
}

/// The parameters in a recipe.
pub(super) fn parameters(folds: Parameter) -> Vec<Parameter> {
    vec![
        folds,
        Parameter::real("size", 0.0, 0.0, near::FURTHEST, DOC_SIZE),
        Parameter::choice("shape", &["square", "hexagon"], "The shape of a block on the plane."),
        Parameter::choice("assign", Deal::WORDS, DOC_ASSIGN),
        Parameter::real("buffer", 0.0, 0.0, near::FURTHEST, near::DOC_BUFFER),
        Parameter::flag("stratified", false, DOC_STRATIFIED),
    ]
}

impl Block {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            folds: settings.integer("folds") as usize,
            size: 1000.0 * settings.real("size"),
            hexagons: settings.text("shape") == "hexagon",
            assign: Deal::parse(settings.text("assign")),
            buffer: 1000.0 * settings.real("buffer"),
            stratified: settings.flag("stratified"),
        }
    }

    /// The blocks that hold samples, by their rows and columns.
    pub(super) fn blocks(&self, places: &Places) -> Units {
        let cells = self.cells(places, self.size);
        let mut units = Units::of_keys(&cells, |(column, row)| format!("block {column} {row}"));
        units.pattern = cells.clone();
        units.pattern.sort_unstable();
        units.pattern.dedup();
        units
    }

    fn cells(&self, places: &Places, size: f64) -> Vec<(i64, i64)> {
        if places.crs().is_degrees() {
            cells::globe(places, size)
        } else if self.hexagons {
            cells::hexagons(places, size)
        } else {
            cells::squares(places, size)
        }
    }

    /// What is refused before any block is cut.
    pub(super) fn check(&self, design: &str, places: &Places) -> Result<()> {
        if self.hexagons && places.crs().is_degrees() {
            return Err(Error::recipe(format!("shape of design '{design}'"))
                .got("hexagons for places in degrees")
                .rule("hexagons are cut on a plane in metres")
                .hint("leave shape out (cells of equal area), or give places in a projected CRS"));
        }
        if self.stratified && self.assign != Deal::Balanced {
            return Err(Error::recipe(format!("stratified of design '{design}'"))
                .got("blocks that are not dealt in balance")
                .rule("only assign = \"balanced\" looks at strata")
                .hint("leave assign out, or stratified"));
        }
        if self.size > 0.0 {
            return Ok(());
        }
        let error = Error::recipe(format!("size of design '{design}'"))
            .got("none")
            .rule(format!("a block is at least as wide as the range over which residuals are alike; {}", near::reach(places)));
        Err(self.hinted(error, places))
    }

    /// Adds a size that makes blocks enough, if there is one.
    pub(super) fn hinted(&self, error: Error, places: &Places) -> Error {
        match self.sensible(places) {
            Some((size, blocks)) => error.hint(format!("size = {size} (km) cuts them into {blocks} blocks")),
            None => error.hint("the samples lie at too few places to be cut into blocks: another design is needed"),
        }
    }

    /// Kilometres that cut the samples into at least two blocks a fold, and how many those are.
    fn sensible(&self, places: &Places) -> Option<(f64, usize)> {
        let (wide, high) = near::extent(places);
        let wanted = 3.0 * self.folds as f64;
        let mut size = (wide * high / wanted).sqrt().max(wide.max(high) / wanted);
        for _ in 0..30 {
            let short = near::km_below(size);
            if short <= 0.0 {
                return None;
            }
            let mut held = self.cells(places, 1000.0 * short);
            held.sort_unstable();
            held.dedup();
            if held.len() >= 2 * self.folds {
                return Some((short, held.len()));
            }
            size *= 0.7;
        }
        None
    }

    /// The folds under the name of a design.
    pub(super) fn cut(&self, design: &str, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let places = near::places_of(design, at)?;
        self.check(design, places)?;
        let units = self.blocks(places);
        if self.folds > units.names.len() {
            let error = Error::recipe(format!("design '{design}'"))
                .got(format!("{} folds from {} of {}", self.folds, super::count(units.names.len(), "block"), near::km(self.size)))
                .rule(format!("every fold needs at least one block to judge on; {}", near::reach(places)));
            return Err(self.hinted(error, places));
        }
        let strata = if self.stratified { Some(super::strata_of(design, at)?) } else { None };
        let fold_of = units.deal((design, "block"), self.folds, self.assign, strata, rng)?;
        let of_row: Vec<usize> = units.of_row.iter().map(|&u| fold_of[u]).collect();
        let mut folds = super::folds_of(&of_row, super::numbered(self.folds));
        near::keep_away(design, &Ground::new(places), self.buffer, &mut folds)?;
        Ok(folds)
    }
}

impl Splitter for Block {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        self.cut("block", at, rng)
    }

    fn describe(&self) -> String {
        let shape = if self.hexagons { "hexagons" } else { "blocks" };
        let strata = if self.stratified { ", each stratum of the target in about its share" } else { "" };
        format!(
            "The ground was cut into {shape} of {}, {}{strata}; each fold was predicted by models that had learned from the other blocks{}.",
            near::km(self.size),
            self.assign.words(self.folds),
            super::buffered(self.buffer)
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let strata = if self.stratified { at.strata.as_ref() } else { None };
        let notes = [uneven(folds, "blocks are kept whole"), near::taken(folds), never_learned(strata, folds)];
        notes.into_iter().flatten().collect()
    }
}
