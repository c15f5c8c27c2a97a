//! Who reads whose work: proposal swap and peer review among projects, without conflicts of interest, by a flow of least cost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use esker_core::{Error, Result, Table, Values};
use esker_io::{ReadOptions, read_table};
use serde::{Deserialize, Serialize};

use super::call::is_name;
use super::flow::Network;
use super::matching::Matching;
use super::people::Person;
use super::rubric::Line;

/// What a review on another topic costs, and one by those who read the proposal already.
const STRANGE: i32 = 3;
const AGAIN: i32 = 5;
/// What the second, third and further review of one project costs more than the one before: work is shared evenly.
const LOAD: i32 = 8;
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
    /// Where its authors work, several separated by `;`. May be empty.
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
    /// Readers asked for a proposal, and for a project.
    #[serde(default)]
    pub asked: [usize; 2],
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
    /// Others who could read it and do not: none, unless somebody has left since.
    #[serde(default)]
    pub able: usize,
}

/// Reads a table of projects.
///
/// # Errors
/// Every fault at once: missing columns, ids that are no names or there twice, projects without authors, addresses where names belong.
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
            fault("id", quoted(&project.id), "an id is made of small letters, digits and hyphens, at most 40");
        } else if !seen.insert(project.id.clone()) {
            fault("id", format!("'{}' again", project.id), "every project is there once");
        }
        if project.title.is_empty() {
            fault("title", "nothing".into(), "a project has a title");
        }
        if project.authors.is_empty() {
            fault("authors", "nothing".into(), "a project has authors, named by their ids");
        }
        for (column, ids) in [("authors", &project.authors), ("conflicts", &project.conflicts)] {
            for wrong in ids.iter().filter(|id| !is_name(id)) {
                fault(column, quoted(wrong), "people and projects are named by their ids: small letters, digits and hyphens");
            }
        }
        for (column, text) in [("title", &project.title), ("group", &project.group), ("topic", &project.topic)] {
            if holds_address(text) {
                fault(column, "an e-mail address".into(), "what others read holds no addresses");
            }
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

/// A cell as it is told of; an address is not repeated.
fn quoted(cell: &str) -> String {
    if cell.contains('@') { "an e-mail address".into() } else { format!("'{cell}'") }
}

/// Whether a text holds something like an e-mail address.
fn holds_address(text: &str) -> bool {
    let mail = |word: &str| word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | ',' | ';')).any(mail)
}

/// Checks that authors and conflicts are people or projects that there are, where people are known.
///
/// # Errors
/// Every name of nobody at once, each with the nearest.
pub fn check_names(projects: &[Project], people: &[Person]) -> Result<(), Vec<Error>> {
    if people.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<&str> = people.iter().map(|p| p.id.as_str()).collect();
    let either: BTreeSet<&str> = projects.iter().map(|p| p.id.as_str()).chain(known.iter().copied()).collect();
    let mut faults = Vec::new();
    for project in projects {
        let lists = [
            ("authors", &project.authors, &known, "authors are people of the call"),
            ("conflicts", &project.conflicts, &either, "conflicts of interest are with people or projects of the call"),
        ];
        for (column, ids, among, rule) in lists {
            for id in ids.iter().filter(|id| !among.contains(id.as_str())) {
                let error = Error::data(format!("project '{}', column '{column}'", project.id)).got(quoted(id)).rule(rule);
                let near = among.iter().map(|k| (strsim::damerau_levenshtein(k, id), k)).min().filter(|(far, _)| *far <= 2);
                faults.push(match near {
                    Some((_, near)) => error.hint(format!("did you mean '{near}'?")),
                    None => error.hint("people are named by their id, the first column of groups.csv"),
                });
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Why the people of one project do not read another, as far as the two tell; nothing where they may. It holds both ways.
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
    let places =
        |of: &Project| of.institution.split([';', '|']).map(|i| i.trim().to_lowercase()).filter(|i| !i.is_empty()).collect::<Vec<_>>();
    if !a.institution.is_empty() && !b.institution.is_empty() {
        let theirs = places(b);
        if places(a).iter().any(|i| theirs.contains(i)) {
            return Some("they are of one institution".into());
        }
    }
    let names = |of: &Project, other: &Project| of.conflicts.iter().any(|c| *c == other.id || other.authors.contains(c));
    (names(a, b) || names(b, a)).then(|| "a conflict of interest was declared".into())
}

/// What ties projects beyond what two of them tell: the learning groups of their authors, and with whom these share other projects.
struct Ties<'a> {
    projects: &'a [Project],
    /// Groups of each project: the one it names and those its authors were placed in.
    groups: Vec<BTreeSet<&'a str>>,
    /// Everybody who shares some project with an author of each.
    partners: Vec<BTreeSet<&'a str>>,
}

impl<'a> Ties<'a> {
    fn of(projects: &'a [Project], matching: Option<&'a Matching>) -> Self {
        let mut home: BTreeMap<&str, &str> = BTreeMap::new();
        for group in matching.iter().flat_map(|m| &m.groups) {
            home.extend(group.members.iter().map(|m| (m.as_str(), group.id.as_str())));
        }
        let mut shared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for project in projects {
            for author in &project.authors {
                shared.entry(author).or_default().extend(project.authors.iter().map(String::as_str));
            }
        }
        let groups = |p: &'a Project| {
            let named = (!p.group.is_empty()).then_some(p.group.as_str());
            p.authors.iter().filter_map(|a| home.get(a.as_str()).copied()).chain(named).collect()
        };
        let partners = |p: &'a Project| p.authors.iter().filter_map(|a| shared.get(a.as_str())).flatten().copied().collect();
        Self { projects, groups: projects.iter().map(groups).collect(), partners: projects.iter().map(partners).collect() }
    }

    /// Why the people of one project do not read another.
    fn conflict(&self, a: usize, b: usize) -> Option<String> {
        let (one, other) = (&self.projects[a], &self.projects[b]);
        conflict(one, other).or_else(|| {
            if !self.groups[a].is_disjoint(&self.groups[b]) {
                return Some("their authors are of one learning group".into());
            }
            let shares = other.authors.iter().any(|author| self.partners[a].contains(author.as_str()));
            shares.then(|| "their authors share another project".into())
        })
    }

    /// Projects with fewer readers than asked for, and why.
    fn short(&self, readings: &[Reading], asked: usize, round: &str) -> Vec<Short> {
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        readings.iter().for_each(|r| *found.entry(&r.project).or_default() += 1);
        let mut short = Vec::new();
        for (j, project) in self.projects.iter().enumerate() {
            let found = found.get(project.id.as_str()).copied().unwrap_or(0);
            if found < asked {
                let why = |i: usize| self.conflict(i, j).map(|why| (self.projects[i].id.clone(), why));
                let conflicts: Vec<(String, String)> = (0..self.projects.len()).filter(|&i| i != j).filter_map(why).collect();
                let able = (self.projects.len() - 1 - conflicts.len()).saturating_sub(found);
                short.push(Short { round: round.into(), project: project.id.clone(), found, asked, conflicts, able });
            }
        }
        short
    }
}

/// Pairs projects: `swap` readers a proposal, then `review` reviewers a project; who is of one learning group stands in the matching. As many
/// readings as can be, then shared as evenly as can be, then on the readers' own topic and by others than those who read the proposal. Results
/// follow the ids of projects.
pub fn pair(projects: &[Project], matching: Option<&Matching>, swap: usize, review: usize) -> Pairing {
    let ties = Ties::of(projects, matching);
    let swapped = round(&ties, swap, &BTreeSet::new());
    let reviewed = round(&ties, review, &swapped.iter().cloned().collect());
    told(&ties, swapped, reviewed, [swap, review])
}

/// The same pairing after people have left: readings of and by projects that are no more are gone, and who is short is told anew.
pub fn of_those_who_remain(pairing: &Pairing, projects: &[Project], matching: Option<&Matching>) -> Pairing {
    let there = |r: &&Reading| [&r.reader, &r.project].iter().all(|id| projects.iter().any(|p| p.id == **id));
    let [swap, review] = [&pairing.swap, &pairing.review].map(|readings| readings.iter().filter(there).cloned().collect());
    told(&Ties::of(projects, matching), swap, review, pairing.asked)
}

fn told(ties: &Ties, swap: Vec<Reading>, review: Vec<Reading>, asked: [usize; 2]) -> Pairing {
    let mut short = ties.short(&swap, asked[0], "swap");
    short.extend(ties.short(&review, asked[1], "review"));
    Pairing { asked, swap, review, short }
}

/// What a reading costs besides its share of work.
fn cost(reader: &Project, project: &Project, read: &BTreeSet<Reading>) -> i32 {
    let strange = !reader.topic.is_empty() && !project.topic.is_empty() && reader.topic != project.topic;
    let again = read.contains(&Reading { reader: reader.id.clone(), project: project.id.clone() });
    i32::from(strange) * STRANGE + i32::from(again) * AGAIN
}

fn round(ties: &Ties, asked: usize, read: &BTreeSet<Reading>) -> Vec<Reading> {
    let n = ties.projects.len();
    let able: Vec<Vec<usize>> = (0..n).map(|i| (0..n).filter(|&j| ties.conflict(i, j).is_none()).collect()).collect();
    let mut can = vec![0; n];
    able.iter().flatten().for_each(|&j| can[j] += 1);
    // Whoever may read a project can: nobody's share has an end, though it grows dearer.
    let most: usize = can.iter().map(|&c: &usize| c.min(asked)).sum();
    let mut share = 3 * asked;
    loop {
        let readings = shared(ties.projects, &able, asked, share, read);
        if readings.len() == most || share >= n {
            return readings;
        }
        share *= 2;
    }
}

/// The best readings where nobody reads more than a share.
fn shared(projects: &[Project], able: &[Vec<usize>], asked: usize, share: usize, read: &BTreeSet<Reading>) -> Vec<Reading> {
    let n = projects.len();
    let (source, sink) = (2 * n, 2 * n + 1);
    let mut network = Network::new(2 * n + 2);
    let mut edges = Vec::new();
    for (i, able) in able.iter().enumerate() {
        // One edge a reading; each costs more than the one before, by more than a topic is worth.
        for k in 0..share.min(able.len()) {
            network.edge(source, i, 1, k as i32 * LOAD);
        }
        network.edge(n + i, sink, asked as i32, 0);
        for &j in able {
            edges.push((i, j, network.edge(i, n + j, 1, cost(&projects[i], &projects[j], read))));
        }
    }
    network.send(source, sink);
    let chosen = edges.into_iter().filter(|(_, _, edge)| network.flow(*edge) > 0);
    let mut readings: Vec<Reading> =
        chosen.map(|(i, j, _)| Reading { reader: projects[i].id.clone(), project: projects[j].id.clone() }).collect();
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
            if found[j] == asked {
                return without;
            }
            let price = load[i] * i64::from(LOAD) + i64::from(cost(&projects[i], &projects[j], &BTreeSet::new()));
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
            sum += *done * i64::from(LOAD) + i64::from(cost(at(&r.reader), at(&r.project), &BTreeSet::new()));
            *done += 1;
        }
        sum
    }

    #[test]
    fn one_who_may_read_everything_does() {
        // Six of one institution and one of another: all six are read by the one, and nobody is told to be in the way who is not.
        let mut projects = random(7, 0);
        for (i, project) in projects.iter_mut().enumerate() {
            let institution = if i == 0 { "Elsewhere" } else { ["ETH; WSL", "WSL", "slf|wsl"][i % 3] };
            *project = Project {
                authors: vec![format!("p{i}")],
                group: String::new(),
                institution: institution.into(),
                conflicts: Vec::new(),
                ..project.clone()
            };
        }
        let pairing = pair(&projects, None, 1, 2);
        assert_eq!(pairing.swap.iter().filter(|r| r.reader == "q0").count(), 6);
        assert_eq!(pairing.short.len(), 6);
        assert!(pairing.short.iter().all(|s| s.round == "review" && s.found == 1 && s.conflicts.len() == 5 && s.able == 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pairings_are_the_best_there_are(n in 2_usize..=4, asked in 1_usize..=2, seed in 0_u64..1 << 40) {
            let projects = random(n, seed);
            let pairing = pair(&projects, None, asked, 0);
            let best = brute(&projects, asked);
            prop_assert_eq!((pairing.swap.len() as i64, paid(&projects, &pairing.swap)), best);
        }

        #[test]
        fn nobody_reads_in_a_conflict_and_what_is_short_is_told(n in 2_usize..=30, seed in 0_u64..1 << 40) {
            let projects = random(n, seed);
            let pairing = pair(&projects, None, 1, 2);
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
