//! Designs: how samples are cut into rows to learn from and rows to judge on.
//!
//! A design sees where, when and in which group the samples are, never the target. It draws from the generator
//! it is given and from nothing else, so the same seed gives the same folds. Every list of a fold is sorted.

mod aim;
mod block;
mod block_time;
mod buffer;
mod catalog;
mod cells;
mod cluster;
mod deal;
mod forward;
mod group;
mod group_forward;
mod holdout;
mod law;
mod leave_one_group_out;
mod location_time;
mod matching;
mod near;
mod random;
mod region;
mod rolling;
mod season;
mod stratified;
mod stratified_group;
mod time;
mod year;

pub use aim::{Aim, Features};
pub use block::Block;
pub use block_time::BlockTime;
pub use buffer::Buffer;
pub use catalog::Design;
pub use cluster::{Alike, Cluster};
pub use deal::Deal;
pub use forward::Forward;
pub use group::Group;
pub use group_forward::GroupForward;
pub use holdout::{Held, Holdout};
pub use law::check_folds;
pub use leave_one_group_out::LeaveOneGroupOut;
pub use location_time::LocationTime;
pub use matching::{Clusters, Distances, FeatureDistance, Knndm, Matched, Nndm, Space, distances};
pub use random::Random;
pub use region::Region;
pub use rolling::Rolling;
pub use season::Season;
pub use stratified::Stratified;
pub use stratified_group::StratifiedGroup;
pub use year::Year;

pub(crate) use cells::globe as globe_cells;

use esker_core::{Codes, Error, Fold, MISSING, Result, Support};

/// Folds from the number of the fold that tests each row: the other rows are learned from.
fn folds_of(fold_of_row: &[usize], labels: Vec<String>) -> Vec<Fold> {
    labels
        .into_iter()
        .enumerate()
        .map(|(fold, label)| {
            let (test, train) = (0..fold_of_row.len()).partition(|&row| fold_of_row[row] == fold);
            Fold { label, train, test, left_out: Vec::new() }
        })
        .collect()
}

/// The labels `fold 1`, `fold 2`, …
fn numbered(folds: usize) -> Vec<String> {
    (1..=folds).map(|i| format!("fold {i}")).collect()
}

/// `1 row`, `2 rows`.
fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// More folds than there are things to cut.
fn too_many_folds(design: &str, folds: usize, n: usize, thing: &str) -> Error {
    let error = Error::recipe(format!("design '{design}'"))
        .got(format!("{folds} folds from {}", count(n, thing)))
        .rule(format!("every fold needs at least one {thing} to judge on"));
    if n >= 2 { error.hint(format!("set folds to {n} or fewer")) } else { error.hint("more data, or another design, is needed") }
}

/// Rows in an order that follows from what they are, not from where they stand: by place, time, group and stratum; rows that are alike in
/// all of these by their number.
fn in_order(at: &Support) -> Vec<usize> {
    let coordinates: Vec<&[f64]> = at.place.iter().flat_map(|p| [p.x(), p.y()]).chain(at.time.iter().map(|t| t.days.as_slice())).collect();
    let labels: Vec<&Codes> = at.group.iter().chain(&at.strata).collect();
    let mut rows: Vec<usize> = (0..at.rows).collect();
    rows.sort_by(|&a, &b| {
        let numbers = coordinates.iter().map(|v| v[a].total_cmp(&v[b])).find(|o| o.is_ne());
        let words = || labels.iter().map(|c| c.codes()[a].cmp(&c.codes()[b])).find(|o| o.is_ne());
        numbers.or_else(words).unwrap_or_else(|| a.cmp(&b))
    });
    rows
}

/// What a buffer did, after "learned from the other blocks".
fn buffered(metres: f64) -> String {
    if metres > 0.0 { format!(", and from no row nearer than {} to a row judged on", near::km(metres)) } else { String::new() }
}

/// The strata of a support: all rows have one.
fn strata_of<'a>(design: &str, at: &'a Support) -> Result<&'a Codes> {
    let strata = at.strata.as_ref().ok_or_else(|| {
        Error::recipe(format!("design '{design}'"))
            .got("samples without strata")
            .rule("the design balances strata over folds, so every sample needs one")
            .hint("strata are the classes of the target or bands of its values")
    })?;
    complete(design, "stratum", strata, at.rows)
}

/// The groups of a support: all rows have one.
fn groups_of<'a>(design: &str, group: Option<&'a Codes>, rows: usize) -> Result<&'a Codes> {
    let groups = group.ok_or_else(|| {
        Error::recipe(format!("design '{design}'"))
            .got("samples without a group")
            .rule("the design keeps groups whole, so every sample needs one")
            .hint("name the column that says which samples belong together as group in [roles]")
    })?;
    complete(design, "group", groups, rows)
}

/// Codes of `rows` rows, none of them missing.
fn complete<'a>(design: &str, role: &str, codes: &'a Codes, rows: usize) -> Result<&'a Codes> {
    if codes.len() != rows {
        return Err(Error::data(format!("{role} codes")).got(count(codes.len(), "row")).rule(format!("the samples have {rows}")));
    }
    let missing = codes.codes().iter().filter(|&&c| c == MISSING).count();
    if let Some(first) = codes.codes().iter().position(|&c| c == MISSING) {
        return Err(Error::data(format!("{role} of row {}", first + 1))
            .got(format!("nothing ({} without one)", count(missing, "row")))
            .rule(format!("design '{design}' needs the {role} of every sample"))
            .hint(format!("filter rows without a {role} in [data] filter")));
    }
    Ok(codes)
}
