//! Stratified folds: rows are shuffled, and every fold holds each stratum in the same share.

use esker_core::{Error, Fold, Note, Result, Rng, Splitter, Support};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Shuffles rows into folds that hold each class, or each band of the target, in the same share (Kohavi 1995).";

/// Stratified k-fold cross-validation (Kohavi 1995, IJCAI 14, 1137-1145).
///
/// Each row is tested once. The rows of a stratum are spread over the folds as evenly as possible (their numbers
/// differ by at most 1), and so are all rows. As with [`Random`](super::Random), neighbours end up on both sides,
/// and the order of the rows counts only for those alike in place, time, group and stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stratified {
    /// Number of folds, at least 2.
    pub folds: usize,
}

impl Splitter for Stratified {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let strata = at.strata.as_ref().ok_or_else(|| {
            Error::recipe("design 'stratified'")
                .got("samples without strata")
                .rule("the design balances strata over folds, so every sample needs one")
                .hint("strata are the classes of the target or bands of its values; design 'random' needs none")
        })?;
        let strata = super::complete("stratified", "stratum", strata, at.rows)?;
        if self.folds > at.rows {
            return Err(super::too_many_folds("stratified", self.folds, at.rows, "row"));
        }
        let mut members = vec![Vec::new(); strata.levels().len()];
        for row in super::in_order(at) {
            members[strata.codes()[row] as usize].push(row);
        }
        // Dealing goes on where the stratum before stopped: that keeps the folds equal in all rows as well, and
        // rare strata that follow each other do not all fall to the first fold.
        let mut dealt = 0;
        let mut fold_of_row = vec![0; at.rows];
        for rows in &mut members {
            rng.shuffle(rows);
            for &row in rows.iter() {
                fold_of_row[row] = dealt % self.folds;
                dealt += 1;
            }
        }
        Ok(super::folds_of(&fold_of_row, super::numbered(self.folds)))
    }

    fn describe(&self) -> String {
        format!(
            "Rows were shuffled into {} folds that hold each stratum of the target in the same share; each fold was predicted by models \
             that had learned from the others.",
            self.folds
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let Some(strata) = &at.strata else { return Vec::new() };
        let counts = strata.counts();
        let named = |keep: &dyn Fn(usize) -> bool| -> Vec<String> {
            let of = strata.levels().iter().zip(&counts).filter(|(_, n)| keep(**n));
            of.map(|(level, n)| if *n == 1 { format!("'{level}'") } else { format!("'{level}' ({n} rows)") }).collect()
        };
        let mut notes = Vec::new();
        let single = named(&|n| n == 1);
        if !single.is_empty() {
            notes.push(Note::warning(
                "stratum-seen-once",
                format!("Seen in one row only: {}. The fold that tests it has never learned it.", single.join(", ")),
            ));
        }
        let few = named(&|n| n > 1 && n < folds.len());
        if !few.is_empty() {
            notes.push(Note::warning(
                "stratum-smaller-than-folds",
                format!("Fewer rows than the {} folds: {}. Some folds do not test it.", folds.len(), few.join(", ")),
            ));
        }
        notes
    }
}
