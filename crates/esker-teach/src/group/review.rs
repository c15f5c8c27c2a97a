//! Who reads whose work: proposal swap and peer review among projects, without conflicts of interest, by a flow of least cost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use esker_core::{Error, Result, Table, Values};
use esker_io::{ReadOptions, read_table};
use serde::{Deserialize, Serialize};

use super::call::is_name;
use super::flow::Network;
use super::rubric::Line;

/// What a review on another topic costs, and one by those who read the proposal already.
const STRANGE: i64 = 3;
const AGAIN: i64 = 5;
/// What the second, third and further review of one project costs more than the one before: work is shared evenly.
const LOAD: i64 = 8;
/// Most projects of a call.
const MOST: usize = 2000;

const COLUMNS: [(&str, bool); 8] = [
    ("id", true),
    ("title", true),
    ("authors", true),
    ("group", false),
    ("topic", false),
    ("institution", false),
    ("conflicts", false),
    ("record", false),
];

/// A project of some people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// A short name: small letters, digits, hyphens.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Ids of its authors.
    pub authors: Vec<String>,
    /// The learning group it comes from. May be empty.
    pub group: String,
    /// Its topic. May be empty.
    pub topic: String,
    /// Where its authors work. May be empty.
    pub institution: String,
    /// Ids of people and projects with whom there is a conflict of interest.
    pub conflicts: Vec<String>,
    /// The run folder or record.json of its model, as given. May be empty.
    pub record: String,
    /// SHA-256 of that record, hexadecimal. Empty where none was read.
    #[serde(default)]
    pub record_sha256: String,
    /// The rubric, as far as its record answers it.
    #[serde(default)]
    pub rubric: Vec<Line>,
}

/// A table to start from.
pub const TEMPLATE: &str = "\
id,title,authors,group,topic,institution,conflicts,record
melt,Melt of small glaciers,ana;bo,group-01,glaciers,,,runs/melt
firn,Firn density from radar,chen,group-02,snow,University of the North,ana,
";

/// Who reads whose work, by ids of projects.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Pairing {
    /// Readings of proposals.
    pub swap: Vec<Reading>,
    /// Peer reviews.
    pub review: Vec<Reading>,
    /// Projects with fewer readers than asked for, and why.
    pub short: Vec<Short>,
}

/// One project read by the people of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reading {
    /// The project whose authors read.
    pub reader: String,
    /// The project that is read.
    pub project: String,
}

/// A project that not enough others can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// `swap` or `review`.
    pub round: String,
    /// The project.
    pub project: String,
    /// Readers found.
    pub found: usize,
    /// Readers asked for.
    pub asked: usize,
    /// For each other project that cannot read it, why.
    pub conflicts: Vec<(String, String)>,
}

/// Reads a table of projects.
///
/// # Errors
/// Every fault at once: missing columns, ids that are no names or there twice, projects without authors.
pub fn read(path: &Path) -> Result<Vec<Project>, Vec<Error>> {
    let labels = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let table = read_table(path, &ReadOptions { labels, ..ReadOptions::default() }).map_err(|e| vec![e])?;
    from_table(&table)
}

fn from_table(table: &Table) -> Result<Vec<Project>, Vec<Error>> {
    let missing = COLUMNS.iter().filter(|(name, needed)| *needed && table.column(name).is_err());
    let missing: Vec<Error> = missing
        .map(|(name, _)| {
            Error::data(format!("column '{name}'"))
                .got("none")
                .rule("every project has it")
                .hint("`esker group template projects` shows all columns")
        })
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    if table.rows() > MOST {
        return Err(vec![Error::data("projects").got(format!("{} rows", table.rows())).rule(format!("at most {MOST} are paired at once"))]);
    }
    let mut faults = Vec::new();
    let mut projects: Vec<Project> = Vec::new();
    let mut seen = BTreeSet::new();
    for row in 0..table.rows() {
        let project = project(table, row);
        let mut fault = |column: &str, got: String, rule: &str| {
            faults.push(Error::data(format!("row {}, column '{column}'", row + 1)).got(got).rule(rule));
        };
        if !is_name(&project.id) {
            fault("id", format!("'{}'", project.id), "an id is made of small letters, digits and hyphens, at most 40");
        } else if !seen.insert(project.id.clone()) {
            fault("id", format!("'{}' again", project.id), "every project is there once");
        }
        if project.title.is_empty() {
            fault("title", "nothing".into(), "a project has a title");
        }
        if project.authors.is_empty() {
            fault("authors", "nothing".into(), "a project has authors, named by their ids");
        }
        projects.push(project);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    projects.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(projects)
}

fn project(table: &Table, row: usize) -> Project {
    let cell = |name: &str| -> String {
        let Ok(column) = table.column(name) else { return String::new() };
        match &column.values {
            Values::Class(codes) => codes.label(row).unwrap_or_default().trim().to_owned(),
            Values::Real(v) if v[row].is_nan() => String::new(),
            Values::Real(v) => v[row].to_string(),
        }
    };
    let list = |name: &str| cell(name).split([';', ',', '|']).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect();
    Project {
        id: cell("id"),
        title: cell("title"),
        authors: list("authors"),
        group: cell("group"),
        topic: cell("topic"),
        institution: cell("institution"),
        conflicts: list("conflicts"),
        record: cell("record"),
        record_sha256: String::new(),
        rubric: Vec::new(),
    }
}

/// Why the people of one project do not read another; nothing where they may. It holds both ways.
pub fn conflict(a: &Project, b: &Project) -> Option<String> {
    if a.id == b.id {
        return Some("it is their own".into());
    }
    if let Some(author) = a.authors.iter().find(|x| b.authors.contains(x)) {
        return Some(format!("'{author}' is an author of both"));
    }
    if !a.group.is_empty() && a.group == b.group {
        return Some("they are of one learning group".into());
    }
    if !a.institution.is_empty() && a.institution.to_lowercase() == b.institution.to_lowercase() {
        return Some("they are of one institution".into());
    }
    let names = |of: &Project, other: &Project| of.conflicts.iter().any(|c| *c == other.id || other.authors.contains(c));
    (names(a, b) || names(b, a)).then(|| "a conflict of interest was declared".into())
}

/// Pairs projects: `swap` readers a proposal, then `review` reviewers a project. As many readings as can be, then shared as evenly as can be,
/// then on the readers' own topic and by others than those who read the proposal. Results follow the ids of projects.
pub fn pair(projects: &[Project], swap: usize, review: usize) -> Pairing {
    let mut pairing = Pairing::default();
    pairing.swap = round(projects, swap, "swap", &BTreeSet::new(), &mut pairing.short);
    let read = pairing.swap.iter().cloned().collect();
    pairing.review = round(projects, review, "review", &read, &mut pairing.short);
    pairing
}

/// What a reading costs besides its share of work.
fn cost(reader: &Project, project: &Project, read: &BTreeSet<Reading>) -> i64 {
    let strange = !reader.topic.is_empty() && !project.topic.is_empty() && reader.topic != project.topic;
    let again = read.contains(&Reading { reader: reader.id.clone(), project: project.id.clone() });
    i64::from(strange) * STRANGE + i64::from(again) * AGAIN
}

fn round(projects: &[Project], asked: usize, name: &str, read: &BTreeSet<Reading>, short: &mut Vec<Short>) -> Vec<Reading> {
    let n = projects.len();
    let (source, sink) = (2 * n, 2 * n + 1);
    let mut network = Network::new(2 * n + 2);
    let mut edges = BTreeMap::new();
    for (i, reader) in projects.iter().enumerate() {
        // One edge a reading; each costs more than the one before, by more than a topic is worth.
        for k in 0..asked as i64 * 3 {
            network.edge(source, i, 1, k * LOAD);
        }
        network.edge(n + i, sink, asked as i64, 0);
        for (j, project) in projects.iter().enumerate().filter(|(_, p)| conflict(reader, p).is_none()) {
            edges.insert((i, j), network.edge(i, n + j, 1, cost(reader, project, read)));
        }
    }
    network.send(source, sink);
    let mut found = vec![0; n];
    let mut readings = Vec::new();
    for ((i, j), edge) in edges {
        if network.flow(edge) > 0 {
            found[j] += 1;
            readings.push(Reading { reader: projects[i].id.clone(), project: projects[j].id.clone() });
        }
    }
    for (j, project) in projects.iter().enumerate().filter(|(j, _)| found[*j] < asked) {
        let others = projects.iter().filter(|o| o.id != project.id);
        let conflicts = others.filter_map(|o| conflict(o, project).map(|why| (o.id.clone(), why))).collect();
        short.push(Short { round: name.into(), project: project.id.clone(), found: found[j], asked, conflicts });
    }
    readings.sort();
    readings
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;
    use proptest::prelude::*;

    fn random(n: usize, seed: u64) -> Vec<Project> {
        let mut draw = Rng::new(seed);
        let empty = || String::new();
        let project = |i: usize, draw: &mut Rng| Project {
            id: format!("q{i}"),
            title: "T".into(),
            authors: vec![format!("a{}", draw.below(n * 2))],
            group: if draw.below(2) == 0 { empty() } else { format!("g{}", draw.below(3)) },
            topic: ["ice", "snow", ""][draw.below(3)].into(),
            institution: if draw.below(4) == 0 { "X".into() } else { empty() },
            conflicts: if draw.below(4) == 0 { vec![format!("q{}", draw.below(n))] } else { Vec::new() },
            record: empty(),
            record_sha256: empty(),
            rubric: Vec::new(),
        };
        (0..n).map(|i| project(i, &mut draw)).collect()
    }

    /// Readings and cost of the best choice, by trying all: (most readings, least cost).
    fn brute(projects: &[Project], asked: usize) -> (i64, i64) {
        fn go(pairs: &[(usize, usize)], projects: &[Project], asked: usize, load: &mut Vec<i64>, found: &mut Vec<usize>) -> (i64, i64) {
            let Some((&(i, j), rest)) = pairs.split_first() else { return (0, 0) };
            let without = go(rest, projects, asked, load, found);
            if found[j] == asked || load[i] == asked as i64 * 3 {
                return without;
            }
            let price = load[i] * LOAD + cost(&projects[i], &projects[j], &BTreeSet::new());
            load[i] += 1;
            found[j] += 1;
            let (more, paid) = go(rest, projects, asked, load, found);
            load[i] -= 1;
            found[j] -= 1;
            let with = (more + 1, paid + price);
            if with.0 > without.0 || (with.0 == without.0 && with.1 < without.1) { with } else { without }
        }
        let n = projects.len();
        let pairs: Vec<(usize, usize)> =
            (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|&(i, j)| conflict(&projects[i], &projects[j]).is_none()).collect();
        go(&pairs, projects, asked, &mut vec![0; n], &mut vec![0; n])
    }

    fn paid(projects: &[Project], readings: &[Reading]) -> i64 {
        let at = |id: &str| projects.iter().find(|p| p.id == id).unwrap();
        let mut load: BTreeMap<&str, i64> = BTreeMap::new();
        let mut sum = 0;
        for r in readings {
            let done = load.entry(&r.reader).or_default();
            sum += *done * LOAD + cost(at(&r.reader), at(&r.project), &BTreeSet::new());
            *done += 1;
        }
        sum
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pairings_are_the_best_there_are(n in 2_usize..=4, asked in 1_usize..=2, seed in 0_u64..1 << 40) {
            let projects = random(n, seed);
            let pairing = pair(&projects, asked, 0);
            let best = brute(&projects, asked);
            prop_assert_eq!((pairing.swap.len() as i64, paid(&projects, &pairing.swap)), best);
        }

        #[test]
        fn nobody_reads_in_a_conflict_and_what_is_short_is_told(n in 2_usize..=30, seed in 0_u64..1 << 40) {
            let projects = random(n, seed);
            let pairing = pair(&projects, 1, 2);
            let at = |id: &str| projects.iter().find(|p| p.id == id).unwrap();
            for reading in pairing.swap.iter().chain(&pairing.review) {
                prop_assert!(conflict(at(&reading.reader), at(&reading.project)).is_none());
            }
            for project in &projects {
                for (name, asked, readings) in [("swap", 1, &pairing.swap), ("review", 2, &pairing.review)] {
                    let found = readings.iter().filter(|r| r.project == project.id).count();
                    let told = pairing.short.iter().find(|s| s.project == project.id && s.round == name);
                    prop_assert!(found <= asked && (found < asked) == told.is_some());
                    prop_assert!(told.is_none_or(|t| t.found == found));
                }
            }
        }
    }
}
