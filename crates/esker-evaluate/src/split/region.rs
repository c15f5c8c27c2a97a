//! Leave regions out: the region of every sample is its group.

use esker_core::{Error, Fold, MISSING, Note, Parameter, Result, Rng, Settings, Splitter, Support};
use esker_math::Ground;

use super::deal::{Deal, Units, never_learned, uneven};
use super::{block, near};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Leaves out whole regions: the polygons of a file (regions = \"basins.gpkg\"), or a column that names them (group = \"…\"); a \
                              sample in no polygon is refused.";

/// The most regions of which each is a fold.
const MOST: usize = 200;

/// Leave-region-out cross-validation (Roberts et al. 2017, doi 10.1111/ecog.02881). The support's groups are the regions.
///
/// Each row is tested once. Rows nearer than `buffer` to a row judged on are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Number of folds, at least 2 and at most the number of regions; 0 makes each region a fold of its own name.
    pub folds: usize,
    /// Metres round every row judged on that are left out; places are needed where it is above 0.
    pub buffer: f64,
    /// Whether strata are balanced over folds too.
    pub stratified: bool,
}

/// The parameters in a recipe.
pub(super) fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("folds", 0, 0, 1000, "Number of folds; 0 makes each region a fold."),
        Parameter::text("regions", "The file of polygons, relative to the recipe; the column of `group` names the regions without it."),
        Parameter::text(
            "names",
            "The attribute that names the polygons; those of one name are one region. Their `name`, else their number.",
        ),
        Parameter::real("buffer", 0.0, 0.0, near::FURTHEST, near::DOC_BUFFER),
        Parameter::flag("stratified", false, block::DOC_STRATIFIED),
    ]
}

impl Region {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            folds: settings.integer("folds") as usize,
            buffer: 1000.0 * settings.real("buffer"),
            stratified: settings.flag("stratified"),
        }
    }
}

impl Splitter for Region {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let regions = at.group.as_ref().ok_or_else(|| {
            Error::recipe("design 'region'")
                .got("samples without a region")
                .rule("every sample lies in a region")
                .hint("name a file of polygons, regions = \"basins.gpkg\", or a column that names them, group = \"basin\"")
        })?;
        let outside = regions.codes().iter().filter(|&&c| c == MISSING).count();
        if outside > 0 {
            let first = regions.codes().iter().position(|&c| c == MISSING).unwrap_or_default() + 1;
            return Err(Error::data("regions of design 'region'")
                .got(format!("{outside} of {} samples in no region, the first in row {first}", at.rows))
                .rule("every sample lies in a region")
                .hint("take regions that cover all samples, or leave the others out: [data] within = \"polygons.gpkg\""));
        }
        let units = Units::of_codes(super::complete("region", "region", regions, at.rows)?);
        let folds = if self.folds == 0 { units.names.len() } else { self.folds };
        if self.folds < 2 && !(2..=MOST).contains(&units.names.len()) {
            let error = Error::recipe("design 'region'")
                .got(super::count(units.names.len(), "region"))
                .rule(format!("2 to {MOST} regions can each be a fold"));
            return Err(if units.names.len() < 2 {
                error.hint("one region leaves nothing to learn from: use smaller regions, or design = \"block\"")
            } else {
                error.hint("set folds = 10, which leaves out several whole regions at a time")
            });
        }
        let strata = if self.stratified { Some(super::strata_of("region", at)?) } else { None };
        let fold_of =
            if self.folds == 0 { (0..folds).collect() } else { units.deal(("region", "region"), folds, Deal::Balanced, strata, rng)? };
        let mut folds = units.folds(&fold_of, folds);
        if self.buffer > 0.0 {
            near::keep_away("region", &Ground::new(near::places_of("region", at)?), self.buffer, &mut folds)?;
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        let how = if self.folds == 0 { "left out one at a time".to_owned() } else { Deal::Balanced.words(self.folds) };
        format!(
            "Whole regions were {how}; each fold was predicted by models that had learned from the other regions{}.",
            super::buffered(self.buffer)
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let strata = if self.stratified { at.strata.as_ref() } else { None };
        [uneven(folds, "regions are kept whole"), near::taken(folds), never_learned(strata, folds)].into_iter().flatten().collect()
    }
}
