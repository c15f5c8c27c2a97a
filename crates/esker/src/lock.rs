//! The final hold-out: rows that are taken out of the table before anything sees them, and who has opened them before.

use std::collections::{HashMap, HashSet};

use esker_core::hold_out::{Earlier, Locked};
use esker_core::record::Provenance;
use esker_core::{Codes, Column, Error, Fault, Fold, Note, Result, Rng, Samples, Support, Table, Values};
use esker_evaluate::split::{Aim, Design, Held, Holdout};

use crate::dataset::Dataset;
use crate::findings::Findings;
use crate::ledger::Entry;
use crate::plan::{one, strata};
use crate::recipe::{LastPart, Recipe};

/// A test or a training part of fewer rows tells nothing.
const FEWEST: usize = 10;
/// One group is locked, and folds are cut from the others.
const FEWEST_GROUPS: usize = 3;

/// The locked rows. Only their opening looks inside.
pub(crate) struct Lock {
    /// How many, and how they were chosen.
    pub locked: Locked,
    /// All columns of the table, in the rows that are judged on.
    pub table: Table,
    /// The same rows as samples, whose class columns have levels of their own.
    pub samples: Samples,
    /// What each of them is known by in the ledger.
    pub names: Vec<String>,
}

/// The data of a recipe without the rows it locks: as if the file did not have them. Their number alone is told.
pub(crate) fn build(recipe: &Recipe, table: Table) -> Result<(Dataset, Option<Lock>), Findings> {
    let Some(part) = &recipe.validate.last else { return Ok((Dataset::build(recipe, table)?, None)) };
    let all = Dataset::build(recipe, table.clone())?;
    let fold = draw(part, &all).map_err(|error| one(recipe, "validate.final", error))?;
    let in_file = |rows: &[usize]| rows.iter().map(|&r| all.rows[r]).collect::<Vec<usize>>();
    let open = in_file(&fold.train);
    // What rows must meet has been asked, with classes that may occur in locked rows alone.
    let mut rest = recipe.clone();
    rest.data.keep.clear();
    rest.data.filter.clear();
    let mut data = Dataset::build(&rest, without_traces(&table.select(&open))?).map_err(|mut findings| {
        findings.list.iter_mut().for_each(|f| f.error.thing.push_str(" (without the rows of the final hold-out)"));
        findings
    })?;
    data.rows = data.rows.iter().map(|&r| open[r]).collect();
    data.rows_read = all.rows_read;
    data.dropped = all.dropped.clone();
    let names = names(&all, &fold.test);
    let description = describe(part, recipe);
    let locked = Locked { rows: fold.test.len(), left_out: fold.left_out.len(), description };
    let lock = Lock { locked, table: all.table.select(&fold.test), samples: all.samples.select(&fold.test), names };
    Ok((data, Some(lock)))
}

/// A table whose class columns know no class but those of its rows.
fn without_traces(table: &Table) -> Result<Table> {
    let mut clean = table.clone();
    for column in table.columns() {
        if let Values::Class(codes) = &column.values {
            let labels: Vec<Option<&str>> = (0..codes.len()).map(|r| codes.label(r)).collect();
            clean.put(Column { values: Values::Class(Codes::from_labels(&labels)), ..column.clone() })?;
        }
    }
    Ok(clean)
}

/// Draws the rows. They follow from the data and the rule alone: another seed of the recipe is another run on the same test.
fn draw(part: &LastPart, data: &Dataset) -> Result<Fold> {
    let mut support = data.samples.support().clone();
    if let Some(codes) = part.group.as_ref().and_then(|g| data.other_groups.get(g)) {
        support.group = Some(codes.clone());
    }
    if Design::Holdout.wants_strata(&part.settings) {
        support.strata = Some(strata(&data.samples.column(&data.target)?.values));
    }
    enough_groups(part, &support)?;
    let splitter = Design::Holdout.splitter(&part.settings, &Aim::default());
    let fold = splitter.folds(&support, &mut Rng::new(0).fork("final hold-out", 0)).map_err(renamed)?.swap_remove(0);
    if fold.test.len() < FEWEST || fold.train.len() < FEWEST {
        return Err(Error::recipe("final hold-out")
            .got(format!("{} rows locked and {} left to learn from, of {}", fold.test.len(), fold.train.len(), support.rows))
            .rule(format!("both need at least {FEWEST} rows"))
            .hint(if fold.test.len() < FEWEST { "enlarge share" } else { "lessen share, buffer or gap" }));
    }
    Ok(fold)
}

fn enough_groups(part: &LastPart, support: &Support) -> Result<()> {
    let Some(groups) = support.group.as_ref().filter(|_| Holdout::of(&part.settings).by == Held::Group) else { return Ok(()) };
    let used = groups.counts().iter().filter(|n| **n > 0).count();
    if used >= FEWEST_GROUPS {
        return Ok(());
    }
    Err(Error::recipe("final hold-out")
        .got(format!("{used} groups"))
        .rule(format!("by = \"group\" needs at least {FEWEST_GROUPS}: one to lock, the others for folds"))
        .hint("lock blocks of ground, the last times or rows: final = { by = \"random\" }"))
}

/// The faults of a hold-out under the name that the recipe has for it.
fn renamed(error: Error) -> Error {
    let name = |text: String| text.replace("design 'holdout'", "final hold-out").replace("the design ", "it ");
    Error { fault: Fault::Recipe, thing: name(error.thing), rule: error.rule.map(name), ..error }
}

fn describe(part: &LastPart, recipe: &Recipe) -> String {
    let holdout = Holdout::of(&part.settings);
    let mut text = holdout.what();
    let group = part.group.as_ref().or(recipe.roles.group.as_ref()).filter(|_| holdout.by == Held::Group);
    if let Some(group) = group {
        text.push_str(&format!(" of {group}"));
    }
    if holdout.stratified && holdout.by == Held::Random {
        text.push_str(" in each stratum of the target");
    }
    if holdout.buffer > 0.0 {
        text.push_str(&format!(", with a buffer of {}", crate::judge::distance(holdout.buffer)));
    }
    format!("{text}, about {} % of the rows", 100.0 * holdout.share)
}

/// What rows are known by, whatever columns and rows a file gains later: target, place, time and group, and the how-manieth of that kind it is.
pub(crate) fn names(data: &Dataset, rows: &[usize]) -> Vec<String> {
    let support = data.samples.support();
    let target = data.samples.column(&data.target).map(|c| &c.values);
    let kind = |row: usize| {
        let value = match target {
            Ok(Values::Real(v)) => v[row].to_string(),
            Ok(Values::Class(c)) => c.label(row).unwrap_or_default().to_owned(),
            Err(_) => String::new(),
        };
        let place = support.place.as_ref().map(|p| (p.x()[row], p.y()[row]));
        let group = support.group.as_ref().and_then(|g| g.label(row));
        format!("{} {value:?} {place:?} {:?} {group:?}", data.target, support.time.as_ref().map(|t| t.days[row]))
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let numbered: Vec<String> = (0..support.rows)
        .map(|row| {
            let kind = kind(row);
            let number = seen.entry(kind.clone()).or_default();
            *number += 1;
            format!("{kind} {number}")
        })
        .collect();
    // Sixteen digits do: names are compared within one ledger, and tell nothing of the values.
    rows.iter().map(|&r| esker_io::sha256_hex(numbered[r].as_bytes())[..16].to_owned()).collect()
}

/// Openings that had some of these rows, with how many, the first one first.
pub(crate) fn openings<'a>(ledger: &'a [Entry], names: &[String]) -> Vec<(&'a Entry, usize)> {
    let mine: HashSet<&str> = names.iter().map(String::as_str).collect();
    let shared = |entry: &'a Entry| (entry, entry.rows.iter().filter(|n| mine.contains(n.as_str())).count());
    ledger.iter().map(shared).filter(|(_, n)| *n > 0).collect()
}

/// Who first opened these rows, and how many of them, in words: `49 rows of the final hold-out were opened by another recipe`. `None` where
/// nobody has, or the very run that is asked for: it is as it was then. No times stand in it, so that a record of it stays the same.
pub(crate) fn opened_by_other(openings: &[(&Entry, usize)], names: &[String], told: &Provenance) -> Option<String> {
    let first = &openings.first()?.0.opening.of;
    let (recipe, seed) = (first.recipe_sha256 != told.recipe_sha256, first.seed != told.seed);
    if !recipe && !seed && first.data_sha256 == told.data_sha256 {
        return None;
    }
    let rows = openings.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let rows = if rows == names.len() { format!("all {rows} rows") } else { format!("{rows} of the {} rows", names.len()) };
    let by = if recipe {
        "another recipe"
    } else if seed {
        "a run with another seed"
    } else {
        "a run on other data"
    };
    Some(format!("{rows} of the final hold-out were opened by {by}"))
}

/// The alarm of a run made after some other one opened the lock.
pub(crate) fn alarm(openings: &[(&Entry, usize)], names: &[String], told: &Provenance) -> Option<Note> {
    let opened = opened_by_other(openings, names, told)?;
    let why = "what that score taught may be in this recipe, so a score on them is no longer that of an unseen test";
    Some(Note::alarm("final-opened", format!("{opened} before this run: {why}")))
}

/// Openings as an opening tells of those before it.
pub(crate) fn earlier(openings: &[(&Entry, usize)]) -> Vec<Earlier> {
    let told = |&(e, rows): &(&Entry, usize)| Earlier { at: e.opening.at.clone(), model: e.opening.of.model.clone(), rows };
    openings.iter().map(told).collect()
}
