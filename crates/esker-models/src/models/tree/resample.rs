//! Which training rows each tree of a forest grows on.

use esker_core::{Error, Result, Rng, Samples};

/// What is drawn with replacement for a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resample {
    /// Rows, as many as there are.
    Rows(usize),
    /// Whole groups, as many as there are: the group of each row, and their number.
    Groups(Vec<u32>, usize),
    /// Nothing: every tree grows on all rows.
    Whole(usize),
}

impl Resample {
    /// How rows are drawn, by the name of a setting; `rows` are those of the samples that count.
    ///
    /// # Errors
    /// Groups are asked for and a row has none.
    pub(super) fn new(name: &str, train: &Samples, rows: &[usize]) -> Result<Self> {
        if name != "groups" {
            return Ok(if name == "none" { Self::Whole(rows.len()) } else { Self::Rows(rows.len()) });
        }
        let fail = |got: &str| {
            Err(Error::recipe("'draw'")
                .got("'groups'")
                .rule(format!("it needs the group of every row, and {got}"))
                .hint("name the column of groups in the recipe, or draw rows"))
        };
        let Some(group) = &train.support().group else { return fail("the samples have none") };
        let mut places = vec![u32::MAX; group.levels().len()];
        let (mut of, mut count) = (Vec::with_capacity(rows.len()), 0);
        for &row in rows {
            let Some(place) = places.get_mut(group.codes()[row] as usize) else { return fail(&format!("row {} has none", row + 1)) };
            if *place == u32::MAX {
                *place = count;
                count += 1;
            }
            of.push(*place);
        }
        Ok(Self::Groups(of, count as usize))
    }

    /// What is drawn: rows or groups.
    pub(super) fn units(&self) -> usize {
        match self {
            Self::Rows(rows) | Self::Whole(rows) => *rows,
            Self::Groups(_, groups) => *groups,
        }
    }

    /// How often each unit is drawn.
    pub(super) fn draw(&self, count: &mut Vec<u32>, rng: &mut Rng) {
        let units = self.units();
        count.clear();
        if let Self::Whole(_) = self {
            count.resize(units, 1);
            return;
        }
        count.resize(units, 0);
        for _ in 0..units {
            count[rng.below(units)] += 1;
        }
    }

    /// How often a row is drawn where its unit is drawn as often as `count` says.
    #[inline]
    pub(super) fn times(&self, count: &[u32], row: usize) -> u32 {
        match self {
            Self::Rows(_) | Self::Whole(_) => count[row],
            Self::Groups(of, _) => count[of[row] as usize],
        }
    }
}
