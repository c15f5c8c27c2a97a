//! `esker guide`: six questions, a path, and the catalogue behind it.

mod ask;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand, ValueEnum};
use esker::{Error, Fault, Findings};
use esker_teach::guide::{
    Answers, Approach, Catalogue, Cost, Filter, GOALS, Kind, Plan, Resource, Status, calendar, graph_svg, markdown, plan_text,
    resource_text, start_day, thin, web, weeks_svg,
};
use serde_json::json;

use crate::show::{pretty, print};

type Result<T> = std::result::Result<T, Findings>;

const EXAMPLES: &str = "\
Without answers it asks six questions at a terminal; with any answer as a flag, the others have their defaults.

Examples:
  esker guide
  esker guide --hours 6 --weeks 8 --goal predict-tables,train-networks --approach doing --practice 2
  esker guide --hours 4 --goal map-points --known python,statistics --save me.toml
  esker guide --answers me.toml --swap kaggle-learn --save me.toml
  esker guide --answers me.toml -o path.md -o path.ics --start 2026-12-07
  esker guide list --topic gaussian-processes --maths 3
  esker guide list --goals
  esker guide check our-catalogue.toml
  esker guide serve";

/// What the guide is asked.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Guide {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    wishes: Wishes,
    #[command(flatten)]
    wanted: Wanted,
}

/// The answers; each has a default.
#[derive(Debug, Args)]
struct Wishes {
    /// Answers saved before; flags change them.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Hours a week [default: 4].
    #[arg(long, value_name = "HOURS")]
    hours: Option<f64>,
    /// Weeks [default: 12].
    #[arg(long, value_name = "N")]
    weeks: Option<u32>,
    /// What to be able to do, one to three [default: predict-tables]; `esker guide list --goals` shows the twelve.
    #[arg(long = "goal", value_name = "GOALS", value_delimiter = ',')]
    goals: Vec<String>,
    /// Further topics, such as your field.
    #[arg(long = "topic", value_name = "TOPICS", value_delimiter = ',')]
    topics: Vec<String>,
    /// How you like to learn [default: both].
    #[arg(long, value_enum)]
    approach: Option<Way>,
    /// -2 pure theory to 2 pure practice [default: 0].
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    practice: Option<i64>,
    /// Topics you know ("I know this").
    #[arg(long, value_name = "TOPICS", value_delimiter = ',')]
    known: Vec<String>,
    /// Topics among the saved answers that are not known after all.
    #[arg(long, value_name = "TOPICS", value_delimiter = ',')]
    forget: Vec<String>,
    /// Answers of the two-minute test-out, such as code=2,tables=3.
    #[arg(long, value_name = "ANSWERS", value_delimiter = ',')]
    test: Vec<String>,
    /// Programming languages [default: python].
    #[arg(long = "language", value_name = "NAMES", value_delimiter = ',')]
    languages: Vec<String>,
    /// Paid resources too.
    #[arg(long, conflicts_with = "unpaid")]
    paid: bool,
    /// Only what costs nothing, whatever was saved.
    #[arg(long)]
    unpaid: bool,
    /// Leave these out.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    without: Vec<String>,
    /// Put these in.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    with: Vec<String>,
    /// Take back that these were left out or put in.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    undo: Vec<String>,
    /// Take the next best for the same topic instead of this.
    #[arg(long, value_name = "ID")]
    swap: Option<String>,
    /// Merge this catalogue, of an institute or a group, with the one that ships.
    #[arg(long = "catalogue", value_name = "FILE")]
    catalogues: Vec<PathBuf>,
}

/// What to do with the path.
#[derive(Debug, Args)]
struct Wanted {
    /// Save the answers, a readable TOML file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write the path: .md, .ics, .json, or .svg (topics; weeks if the name has "weeks" in it).
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// First day of the calendar [default: the one saved, else next Monday].
    #[arg(long, value_name = "DATE")]
    start: Option<String>,
}

/// How one likes to learn.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Way {
    /// Doing first, explanations after.
    Doing,
    /// In order, from the ground.
    Order,
    /// Both.
    Both,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List resources by what they teach, cost and ask for; or the goals or topics there are.
    #[command(
        after_help = "Example:\n  esker guide list --topic geostatistics\n  esker guide list --earth 3 --language r --cost free\n  esker guide list --goals"
    )]
    List {
        #[command(flatten)]
        filter: Box<Wide>,
        /// The twelve goals instead.
        #[arg(long)]
        goals: bool,
        /// The topics instead.
        #[arg(long, conflicts_with = "goals")]
        topics: bool,
        /// Merge this catalogue with the one that ships.
        #[arg(long = "catalogue", value_name = "FILE")]
        catalogues: Vec<PathBuf>,
    },
    /// Show one resource in full.
    #[command(after_help = "Example:\n  esker guide show gpml")]
    Show {
        /// Its id.
        id: String,
        /// Merge this catalogue with the one that ships.
        #[arg(long = "catalogue", value_name = "FILE")]
        catalogues: Vec<PathBuf>,
    },
    /// Search titles, topics, authors, libraries and notes.
    #[command(after_help = "Example:\n  esker guide search kriging")]
    Search {
        /// Words; all must be found.
        #[arg(required = true)]
        words: Vec<String>,
        /// Merge this catalogue with the one that ships.
        #[arg(long = "catalogue", value_name = "FILE")]
        catalogues: Vec<PathBuf>,
    },
    /// Check a catalogue merged with the one that ships, and report thin topics.
    #[command(after_help = "Example:\n  esker guide check our-catalogue.toml\n  esker guide check --schema > catalogue.schema.json")]
    Check {
        /// Catalogues to merge.
        files: Vec<PathBuf>,
        /// Print the JSON schema of a catalogue instead.
        #[arg(long)]
        schema: bool,
    },
    /// Serve the guide as a page on this machine alone; Ctrl-C ends it.
    #[command(after_help = "Example:\n  esker guide serve --port 8765")]
    Serve {
        /// Port [default: any free one].
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        port: u16,
        /// Begin with answers saved before.
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
        /// Merge this catalogue with the one that ships.
        #[arg(long = "catalogue", value_name = "FILE")]
        catalogues: Vec<PathBuf>,
    },
}

/// What to list; everything given must hold.
#[derive(Debug, Args)]
struct Wide {
    /// Teaches this topic.
    #[arg(long)]
    topic: Option<String>,
    /// course, book, video-series, summer-school, tutorial, notebook-set, workshop, talks, learning-group or contest.
    #[arg(long)]
    kind: Option<String>,
    /// free, open-access, mixed or paid.
    #[arg(long)]
    cost: Option<String>,
    /// In this programming language.
    #[arg(long)]
    language: Option<String>,
    /// Asks for at most this much mathematics, 1 to 5.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(i64).range(1..=5))]
    maths: Option<i64>,
    /// Asks for at most this much programming, 1 to 5.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(i64).range(1..=5))]
    code: Option<i64>,
    /// At least this broad, 1 to 5.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(i64).range(1..=5))]
    breadth: Option<i64>,
    /// At least this deep, 1 to 5.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(i64).range(1..=5))]
    depth: Option<i64>,
    /// At least a third of science, ml or software.
    #[arg(long, value_parser = ["science", "ml", "software"])]
    pillar: Option<String>,
    /// At least this near to the Earth, 0 to 3.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(i64).range(0..=3))]
    earth: Option<i64>,
    /// Named by this list.
    #[arg(long)]
    list: Option<String>,
    /// Its core takes at most these hours.
    #[arg(long, value_name = "HOURS", value_parser = hours)]
    hours: Option<f64>,
}

/// Hours that can be compared.
fn hours(text: &str) -> std::result::Result<f64, String> {
    text.parse().ok().filter(|h: &f64| h.is_finite() && *h > 0.0).ok_or_else(|| "a number of hours above 0 is asked for".to_owned())
}

/// Does what the guide is asked.
///
/// # Errors
/// Faults of a catalogue, answers that cannot be or leave no path, a file that cannot be written.
pub fn run(guide: &Guide, json: bool, quiet: bool, cancel: &AtomicBool) -> Result<()> {
    match &guide.action {
        None => path(&guide.wishes, &guide.wanted, json, quiet, cancel),
        Some(Action::List { goals: true, .. }) => {
            list_goals(json);
            Ok(())
        }
        Some(Action::List { filter, topics, catalogues, .. }) => list(filter, *topics, catalogues, json),
        Some(Action::Show { id, catalogues }) => {
            let catalogue = load(catalogues)?;
            let r = catalogue.resource(id)?;
            print(&if json { pretty(&json!(r)) } else { resource_text(r, &catalogue) });
            Ok(())
        }
        Some(Action::Search { words, catalogues }) => {
            let catalogue = load(catalogues)?;
            let words = words.join(" ");
            rows(&catalogue, &catalogue.search(&words), json, &format!("'{words}'"))
        }
        Some(Action::Check { schema: true, .. }) => {
            print(Catalogue::json_schema());
            Ok(())
        }
        Some(Action::Check { files, .. }) => check(files, json),
        Some(Action::Serve { port, answers, catalogues }) => serve(*port, answers.as_deref(), catalogues, cancel),
    }
}

fn load(files: &[PathBuf]) -> Result<Catalogue> {
    Catalogue::load(files).map_err(|errors| {
        let mut findings = Findings::default();
        for error in errors {
            findings.push(None, error);
        }
        findings
    })
}

fn path(wishes: &Wishes, wanted: &Wanted, json: bool, quiet: bool, cancel: &AtomicBool) -> Result<()> {
    let catalogue = load(&wishes.catalogues)?;
    let mut answers = wishes.answers(&catalogue)?;
    if !json && !wishes.told() && std::io::stdin().is_terminal() {
        ask::ask(&mut answers, &catalogue, &mut ask::terminal(cancel))?;
    }
    if let Some(id) = &wishes.swap {
        swap(&mut answers, &catalogue, id)?;
    }
    if let Some(start) = &wanted.start {
        answers.start.clone_from(start);
    }
    let plan = Plan::make(&answers, &catalogue)?;
    // A calendar that is made again from the saved answers begins on the same day.
    let dated = wanted.output.iter().any(|file| ending(file) == "ics");
    if dated {
        answers.start = start_day(Some(&answers.start))?.to_string();
    }
    // Everything is made before anything is written.
    let mut files = Vec::new();
    for file in &wanted.output {
        files.push((file, written(&plan, file, &answers.start)?));
    }
    files.extend(wanted.save.iter().map(|file| (file, answers.to_toml())));
    for (file, text) in &files {
        esker::write_file(file, text.as_bytes())?;
    }
    print(&if json { pretty(&json!({ "answers": answers, "plan": plan })) } else { plan_text(&plan) });
    if !quiet && !json {
        for (file, _) in &files {
            let _ = writeln!(std::io::stderr(), "wrote {}", file.display());
        }
    }
    Ok(())
}

impl Wishes {
    /// Whether anything was answered.
    fn told(&self) -> bool {
        let lists =
            [&self.goals, &self.topics, &self.known, &self.forget, &self.test, &self.languages, &self.without, &self.with, &self.undo];
        let one = self.answers.is_some() || self.hours.is_some() || self.weeks.is_some() || self.approach.is_some();
        one || self.practice.is_some() || self.paid || self.unpaid || self.swap.is_some() || lists.iter().any(|l| !l.is_empty())
    }

    /// The answers saved before, or the defaults, with what the flags change.
    fn answers(&self, catalogue: &Catalogue) -> Result<Answers> {
        let mut answers = self.answers.as_deref().map_or_else(|| Ok(Answers::default()), Answers::read)?;
        answers.hours_a_week = self.hours.unwrap_or(answers.hours_a_week);
        answers.weeks = self.weeks.unwrap_or(answers.weeks);
        answers.practice = self.practice.unwrap_or(answers.practice);
        answers.paid = (answers.paid || self.paid) && !self.unpaid;
        if let Some(way) = self.approach {
            answers.approach = match way {
                Way::Doing => Approach::Doing,
                Way::Order => Approach::Order,
                Way::Both => Approach::Both,
            };
        }
        let replaced = [(&self.goals, &mut answers.goals), (&self.topics, &mut answers.topics), (&self.languages, &mut answers.languages)];
        for (said, answer) in replaced {
            if !said.is_empty() {
                answer.clone_from(said);
            }
        }
        if self.goals.is_empty() && self.answers.is_none() && !self.topics.is_empty() {
            answers.goals.clear();
        }
        let added = [(&self.known, &mut answers.known), (&self.without, &mut answers.without), (&self.with, &mut answers.with)];
        for (said, answer) in added {
            answer.extend(said.iter().cloned());
        }
        answers.test.extend(tested(&self.test)?);
        take_back("forget", &self.forget, &mut [&mut answers.known])?;
        take_back("undo", &self.undo, &mut [&mut answers.without, &mut answers.with])?;
        // What stands behind a topic is known with it: so what builds on a forgotten one is named.
        let known = answers.knows(catalogue);
        match self.forget.iter().find(|topic| known.contains(*topic)) {
            None => Ok(answers),
            Some(topic) => {
                let error = Error::new(Fault::Usage, format!("forget '{topic}'"))
                    .rule("another topic that you know requires it, or the test-out shows it");
                Err(error.hint(format!("known are {}", known.into_iter().collect::<Vec<_>>().join(", "))).into())
            }
        }
    }
}

/// Takes each of `words` out of the lists; it has to be in one.
fn take_back(flag: &str, words: &[String], lists: &mut [&mut Vec<String>]) -> Result<()> {
    for word in words {
        if !lists.iter().any(|list| list.contains(word)) {
            let said: Vec<&str> = lists.iter().flat_map(|list| list.iter().map(String::as_str)).collect();
            let error = Error::new(Fault::Usage, format!("{flag} '{word}'")).rule("it is not among the answers");
            let hint = if said.is_empty() { "there is nothing to take back".to_owned() } else { format!("there are {}", said.join(", ")) };
            return Err(error.hint(hint).into());
        }
        lists.iter_mut().for_each(|list| list.retain(|w| w != word));
    }
    Ok(())
}

fn tested(words: &[String]) -> Result<BTreeMap<String, u8>> {
    let mut test = BTreeMap::new();
    for word in words {
        let answer = word.split_once('=').and_then(|(id, n)| Some((id.to_owned(), n.parse().ok()?)));
        let Some((id, n)) = answer else {
            let error = Error::new(Fault::Usage, "answer of the test-out").got(format!("'{word}'")).rule("the form is QUESTION=NUMBER");
            return Err(error.hint("for example --test code=2,tables=3").into());
        };
        test.insert(id, n);
    }
    Ok(test)
}

/// Takes `id` out and puts the next best for the same topic in.
fn swap(answers: &mut Answers, catalogue: &Catalogue, id: &str) -> Result<()> {
    let plan = Plan::make(answers, catalogue)?;
    let Some(step) = plan.steps.iter().find(|s| s.id == id) else {
        let ids: Vec<&str> = plan.steps.iter().map(|s| s.id.as_str()).collect();
        let error = Error::new(Fault::Usage, "swap").got(format!("'{id}'")).rule("it is not in the path");
        return Err(error.hint(format!("the path has {}", ids.join(", "))).into());
    };
    let Some(other) = step.instead.first() else {
        let error = Error::new(Fault::Usage, format!("swap of '{id}'")).rule("no other resource for its topic can be taken in these hours");
        return Err(error.hint(format!("--without {id} leaves it out")).into());
    };
    answers.with.retain(|w| w != id);
    answers.with.push(other.id.clone());
    answers.without.push(id.to_owned());
    Ok(())
}

fn ending(file: &Path) -> String {
    file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase()
}

/// The path as a file of the kind that its name says.
fn written(plan: &Plan, file: &Path, start: &str) -> Result<String> {
    let weeks = file.file_stem().is_some_and(|n| n.to_string_lossy().contains("weeks"));
    Ok(match ending(file).as_str() {
        "md" => markdown(plan),
        "json" => pretty(&json!(plan)) + "\n",
        "svg" if weeks => weeks_svg(plan),
        "svg" => graph_svg(plan),
        "ics" => calendar(plan, start_day(Some(start))?)?,
        other => {
            let error = Error::new(Fault::Usage, format!("file '{}'", file.display())).got(format!("the ending '{other}'"));
            return Err(error.rule("a path is written as .md, .ics, .json or .svg").into());
        }
    })
}

fn list_goals(json: bool) {
    if json {
        let goals: Vec<_> = GOALS.iter().map(|g| json!({ "id": g.id, "verb": g.verb, "topics": g.topics })).collect();
        print(&pretty(&json!(goals)));
        return;
    }
    let lines: Vec<String> = GOALS.iter().map(|g| format!("{:<18} {}", g.id, g.verb)).collect();
    print(&lines.join("\n"));
}

fn list(wide: &Wide, topics: bool, catalogues: &[PathBuf], json: bool) -> Result<()> {
    let catalogue = load(catalogues)?;
    if topics {
        let lines: Vec<String> = catalogue.topics.iter().map(|t| format!("{:<22} {}", t.id, t.label)).collect();
        print(&if json { pretty(&json!(catalogue.topics)) } else { lines.join("\n") });
        return Ok(());
    }
    let filter = wide.filter(&catalogue)?;
    rows(&catalogue, &catalogue.list(&filter), json, "this")
}

impl Wide {
    fn filter(&self, catalogue: &Catalogue) -> Result<Filter> {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.word()).collect();
        let costs: Vec<&str> = Cost::ALL.iter().map(|c| c.word()).collect();
        let kind = one_of("kind", self.kind.as_deref(), &kinds)?;
        let cost = one_of("cost", self.cost.as_deref(), &costs)?;
        let topics: Vec<&str> = catalogue.topics.iter().map(|t| t.id.as_str()).collect();
        let lists: Vec<&str> = catalogue.lists.iter().map(|l| l.id.as_str()).collect();
        one_of("topic", self.topic.as_deref(), &topics)?;
        one_of("list", self.list.as_deref(), &lists)?;
        one_of("language", self.language.as_deref(), &catalogue.languages())?;
        Ok(Filter {
            topic: self.topic.clone(),
            kind: kind.map(|i| Kind::ALL[i]),
            cost: cost.map(|i| Cost::ALL[i]),
            language: self.language.clone(),
            maths: self.maths,
            code: self.code,
            breadth: self.breadth,
            depth: self.depth,
            pillar: self.pillar.clone(),
            earth: self.earth,
            list: self.list.clone(),
            hours: self.hours,
        })
    }
}

/// The place of `word` among `words`.
fn one_of(what: &str, word: Option<&str>, words: &[&str]) -> Result<Option<usize>> {
    let Some(word) = word else { return Ok(None) };
    match words.iter().position(|w| *w == word) {
        Some(i) => Ok(Some(i)),
        None => {
            let error = Error::new(Fault::Usage, format!("{what} '{word}'")).rule("it is not in the catalogue");
            Err(error.hint(format!("there are {}", words.join(", "))).into())
        }
    }
}

fn rows(catalogue: &Catalogue, found: &[&Resource], json: bool, asked: &str) -> Result<()> {
    if json {
        print(&pretty(&json!(found)));
    } else if found.is_empty() {
        print(&format!("no resource for {asked}"));
    } else {
        let line = |r: &&Resource| {
            let (cost, dates) = (r.cost.word(), if r.status == Status::Scheduled { ", scheduled" } else { "" });
            format!("{:<28} {:>4.0} h  {cost:<12} level {}  {}  [{}{dates}]", r.id, r.hours, r.level, r.title, r.listed_by)
        };
        let lines: Vec<String> = found.iter().map(line).collect();
        let lists = catalogue.lists.iter().map(|l| (l, found.iter().filter(|r| r.listed_by == l.id).count())).filter(|(_, n)| *n > 0);
        let lists: Vec<String> = lists.map(|(l, n)| format!("{n} from {}: {} ({})", l.id, l.label, l.licence)).collect();
        print(&format!("{}\n{} resources\n{}", lines.join("\n"), found.len(), lists.join("\n")));
    }
    Ok(())
}

fn check(files: &[PathBuf], json: bool) -> Result<()> {
    let catalogue = load(files)?;
    let thin = thin(&catalogue);
    if json {
        print(&pretty(&json!({ "ok": true, "resources": catalogue.resources.len(), "topics": catalogue.topics.len(), "thin": thin })));
        return Ok(());
    }
    let mut text = format!("{} resources, {} topics: no faults\n", catalogue.resources.len(), catalogue.topics.len());
    if !thin.is_empty() {
        text.push_str("\nThin topics: fewer than three resources to take, or none without cost\n");
    }
    for t in thin {
        let names = if t.resources.is_empty() { "none".to_owned() } else { t.resources.join(", ") };
        text.push_str(&format!("  {:<20} {names}\n", t.topic));
    }
    print(&text);
    Ok(())
}

fn serve(port: u16, answers: Option<&Path>, catalogues: &[PathBuf], cancel: &AtomicBool) -> Result<()> {
    let catalogue = load(catalogues)?;
    let answers = answers.map_or_else(|| Ok(Answers::default()), Answers::read)?;
    answers.check(&catalogue)?;
    let server = web::Server::bind(port)?;
    print(&format!("The guide is at {}  (this machine alone; Ctrl-C ends it)", server.address()));
    server.run(&catalogue, &answers, cancel);
    Ok(())
}
