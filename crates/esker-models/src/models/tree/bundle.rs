//! Coded features laid out in columns; features that are seldom unusual, and never in the same row, share one.
//!
//! One-hot columns are the common case: forty of them become one column of forty codes, which is counted in one go. A member's usual code
//! needs no counting: its sums are what the other codes leave of the node's (exclusive feature bundling of Ke et al. 2017, without
//! conflicts, so that nothing is approximated).

use super::bins::{Binned, PART};
use super::node::{CodeSet, Side, insert};

/// Share of the rows with the usual code from which a feature may be bundled.
const USUAL: f64 = 0.7;

/// A feature's place in a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// The feature.
    pub(super) feature: usize,
    /// Its code in all rows without one of its codes.
    pub(super) usual: u8,
    /// The column's code of its first unusual code.
    pub(super) first: u8,
    /// Its unusual codes, ascending.
    pub(super) codes: Vec<u8>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Holds {
    /// The codes of one feature.
    Feature(usize),
    /// The unusual codes of several, from 1; 0 is the row without any.
    Bundle(Vec<Member>),
}

/// A column of codes.
#[derive(Debug)]
pub(super) struct Column {
    /// Its features.
    pub(super) holds: Holds,
    /// The highest code.
    pub(super) last: u8,
    start: usize,
}

/// Training rows as columns of codes.
#[derive(Debug)]
pub(super) struct Table {
    codes: Vec<u8>,
    /// Number of rows.
    pub(super) rows: usize,
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// The column of each feature.
    pub(super) place: Vec<usize>,
    /// Bins of each feature, which is also the code of its missing values.
    pub(super) bins: Vec<u8>,
    /// Whether each feature holds classes.
    pub(super) class: Vec<bool>,
}

/// A feature that may be bundled.
struct Sparse {
    feature: usize,
    usual: u8,
    codes: Vec<u8>,
    unusual: usize,
}

/// Features whose unusual rows do not meet.
struct Bundle {
    members: Vec<Sparse>,
    taken: Vec<u64>,
    rows: usize,
    codes: usize,
}

impl Table {
    /// The columns of coded rows.
    pub(super) fn new(binned: Binned) -> Self {
        let bundles = bundles(&binned);
        Self::lay(binned, bundles)
    }

    fn lay(binned: Binned, bundles: Vec<Bundle>) -> Self {
        let features = binned.features();
        let mut bundled = vec![false; features];
        bundles.iter().flat_map(|b| &b.members).for_each(|m| bundled[m.feature] = true);
        let (rows, bins, class) = (binned.rows, binned.bins.clone(), binned.class.clone());
        let width = rows.next_multiple_of(PART);
        let own = |feature: usize| Column { holds: Holds::Feature(feature), last: bins[feature], start: feature * width };
        let mut columns: Vec<Column> = (0..features).filter(|&f| !bundled[f]).map(own).collect();
        let mut codes = Vec::new();
        if !bundles.is_empty() {
            columns.iter_mut().enumerate().for_each(|(at, column)| column.start = at * width);
            codes.reserve_exact((columns.len() + bundles.len()) * width);
            for feature in (0..features).filter(|&f| !bundled[f]) {
                codes.extend_from_slice(binned.column(feature));
                codes.resize(codes.len().next_multiple_of(PART), 0);
            }
        }
        for bundle in bundles {
            let start = codes.len();
            codes.resize(start + width, 0);
            let members = bundle.lay(&binned, &mut codes[start..start + rows]);
            let last = members.last().map_or(0, |m| m.first + (m.codes.len() - 1) as u8);
            columns.push(Column { holds: Holds::Bundle(members), last, start });
        }
        if codes.is_empty() {
            codes = binned.into_codes();
        }
        let mut place = vec![0; features];
        for (at, column) in columns.iter().enumerate() {
            match &column.holds {
                Holds::Feature(feature) => place[*feature] = at,
                Holds::Bundle(members) => members.iter().for_each(|m| place[m.feature] = at),
            }
        }
        Self { codes, rows, columns, place, bins, class }
    }

    /// Number of features.
    pub(super) fn features(&self) -> usize {
        self.bins.len()
    }

    /// A part of a column, filled up.
    pub(super) fn part(&self, column: usize, part: usize) -> &[u8; PART] {
        let start = self.columns[column].start + part * PART;
        let part: Result<&[u8; PART], _> = self.codes[start..start + PART].try_into();
        part.expect("a slice of so many")
    }

    /// Which codes of its column go left where a feature's codes do.
    pub(super) fn side(&self, feature: usize, side: &Side) -> Side {
        let Holds::Bundle(members) = &self.columns[self.place[feature]].holds else { return *side };
        let Some(member) = members.iter().find(|m| m.feature == feature) else { return *side };
        let mut set: CodeSet = [0; 4];
        for code in 0..=255_u8 {
            let own = code.checked_sub(member.first).and_then(|i| member.codes.get(usize::from(i)));
            if side.left(own.copied().unwrap_or(member.usual)) {
                insert(&mut set, code);
            }
        }
        Side::Among(set)
    }
}

impl Bundle {
    /// Writes the column of a bundle.
    fn lay(self, binned: &Binned, column: &mut [u8]) -> Vec<Member> {
        let mut first = 1;
        let mut members = Vec::with_capacity(self.members.len());
        for sparse in self.members {
            let mut to = [0_u8; 256];
            sparse.codes.iter().enumerate().for_each(|(i, &code)| to[usize::from(code)] = first + i as u8);
            for (code, &own) in column.iter_mut().zip(binned.column(sparse.feature)) {
                *code |= to[usize::from(own)];
            }
            let count = sparse.codes.len() as u8;
            members.push(Member { feature: sparse.feature, usual: sparse.usual, first, codes: sparse.codes });
            first = first.saturating_add(count);
        }
        members
    }
}

/// The features that share columns: each joins the first bundle whose rows it does not meet. Only bundles of two and more.
fn bundles(binned: &Binned) -> Vec<Bundle> {
    let mut sparse: Vec<Sparse> = (0..binned.features()).filter_map(|f| Sparse::new(binned, f)).collect();
    sparse.sort_by(|a, b| b.unusual.cmp(&a.unusual).then(a.feature.cmp(&b.feature)));
    let mut bundles: Vec<Bundle> = Vec::new();
    for one in sparse {
        let rows = one.mark(binned);
        let fits = |b: &&mut Bundle| {
            b.rows + one.unusual <= binned.rows && b.codes + one.codes.len() <= 255 && b.taken.iter().zip(&rows).all(|(a, b)| a & b == 0)
        };
        if let Some(bundle) = bundles.iter_mut().find(fits) {
            bundle.taken.iter_mut().zip(&rows).for_each(|(a, b)| *a |= b);
            bundle.rows += one.unusual;
            bundle.codes += one.codes.len();
            bundle.members.push(one);
        } else {
            bundles.push(Bundle { taken: rows, rows: one.unusual, codes: one.codes.len(), members: vec![one] });
        }
    }
    bundles.retain(|b| b.members.len() > 1);
    bundles
}

impl Sparse {
    /// A feature that nearly always has one code.
    fn new(binned: &Binned, feature: usize) -> Option<Self> {
        // Most features are told apart by a few rows.
        let column = binned.column(feature);
        let head = &column[..column.len().min(256)];
        let often = |rows: &[u8]| {
            let mut counts = [0_usize; 256];
            rows.iter().for_each(|&c| counts[usize::from(c)] += 1);
            let usual = (0..256).fold(0, |a, b| if counts[b] > counts[a] { b } else { a });
            (usual, counts)
        };
        let (usual, counts) = often(head);
        if (counts[usual] as f64) < 0.5 * USUAL * head.len() as f64 {
            return None;
        }
        let (usual, counts) = often(column);
        let unusual = column.len() - counts[usual];
        let codes: Vec<u8> = (0..=255_u8).filter(|&c| usize::from(c) != usual && counts[usize::from(c)] > 0).collect();
        let enough = counts[usual] as f64 >= USUAL * column.len() as f64 && !codes.is_empty();
        enough.then_some(Self { feature, usual: usual as u8, codes, unusual })
    }

    /// The rows with an unusual code, as bits.
    fn mark(&self, binned: &Binned) -> Vec<u64> {
        let word = |rows: &[u8]| rows.iter().enumerate().fold(0, |bits, (i, &c)| bits | u64::from(c != self.usual) << i);
        binned.column(self.feature).chunks(64).map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    use esker_core::{Codes, Column as Named, Rng, Samples, Support};

    use super::super::bins::Bins;
    use super::super::grow::{Bounds, Grower, Rows};
    use super::super::rules::Rules;
    use super::super::split::Limits;
    use super::super::sums::Scale;
    use super::*;

    /// Soils and zones as one-hot columns, some rows with neither, a sparse class with gaps, and numbers.
    fn binned(rows: usize) -> Binned {
        let mut rng = Rng::new(3);
        let mut columns = vec![vec![0.0; rows]; 14];
        let mut labels = Vec::with_capacity(rows);
        for row in 0..rows {
            let soil = rng.below(9);
            if soil < 8 {
                columns[soil][row] = if rng.below(30) == 0 { f64::NAN } else { 1.0 };
            }
            columns[8 + rng.below(4)][row] = 1.0;
            columns[12][row] = rng.normal();
            columns[13][row] = rng.uniform();
            labels.push(match rng.below(20) {
                0 => Some("lake"),
                1 => None,
                _ => Some("land"),
            });
        }
        let mut named: Vec<Named> = columns.into_iter().enumerate().map(|(i, c)| Named::real(format!("x{i:02}"), "", c)).collect();
        named.push(Named::class("cover", Codes::from_labels(&labels)));
        let samples = Samples::new(named, Support::bare(rows), None).unwrap();
        let all: Vec<usize> = (0..rows).collect();
        let bins = Bins::fit(&samples, "", &all, 64).unwrap();
        bins.encode(&samples, &all).unwrap()
    }

    #[test]
    fn bundled_codes_go_where_those_of_their_feature_go() {
        let plain = binned(700);
        let table = Table::new(binned(700));
        assert!(table.columns.len() < 8, "{:?}", table.columns);
        for feature in 0..plain.features() {
            for code in 0..=plain.bins[feature] {
                for side in [Side::UpTo { code, also: code }, Side::UpTo { code, also: plain.bins[feature] }] {
                    let laid = table.side(feature, &side);
                    for row in 0..700 {
                        let own = table.part(table.place[feature], 0)[row];
                        assert_eq!(laid.left(own), side.left(plain.column(feature)[row]), "feature {feature}, row {row}");
                    }
                }
            }
        }
    }

    #[test]
    fn trees_on_bundles_are_those_on_features() {
        let rows = 4000;
        let (bundled, apart) = (Table::new(binned(rows)), Table::lay(binned(rows), Vec::new()));
        let mut rng = Rng::new(8);
        let gradients: Vec<f64> = (0..rows)
            .map(|row| {
                let code = |f: usize| f64::from(apart.part(f, 0)[row]);
                code(2) + 2.0 * code(4) - code(9) + 0.02 * code(13) + rng.normal()
            })
            .collect();
        let scale = Scale::new::<1>(rows, gradients.iter().map(|g| g.abs()).sum(), 0.0);
        let sums: Vec<[u64; 1]> = gradients.iter().map(|g| scale.pack([g.to_bits()])).collect();
        let limits = Limits { min_leaf: 10.0, min_hessian: 0.0, lambda: 1.0, smoothing: 10.0 };
        let bounds = Bounds { leaves: 40, depth: 64, by_level: false, limits, alpha: 0.0 };
        let rules = Rules::default();
        let features: Vec<usize> = (0..apart.features()).collect();
        let grow = |table: &Table| Grower::new(table, bounds, &rules).grow(&sums, scale, &Rows::Range(0..rows), &features, 0.1);
        let (one, other) = (grow(&bundled), grow(&apart));
        assert!(one.len() > 60);
        assert!(one == other, "a tree on bundles differs");
    }
}
