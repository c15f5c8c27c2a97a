//! `esker group`: learning groups, from applications to certificates, in a folder of the organiser.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand, ValueEnum};
use esker::{Error, Findings};
use esker_teach::group::call::{self, Call, Day};
use esker_teach::group::certificate::{self, Hours, KINDS, Keys};
use esker_teach::group::desk::{self, Done};
use esker_teach::group::folder::Folder;
use esker_teach::group::{people, review};
use serde_json::{Value, json};

use crate::show;

type Result<T> = std::result::Result<T, Findings>;

/// The words after `esker group`.
#[derive(Debug, Args)]
#[command(
    after_help = "Everything stays in one folder on your machine; e-mail addresses stand in its private/ only.\n\nExamples:\n  esker group template call > call.toml\n  esker group template applications > applications.csv\n  esker group plan call.toml -o autumn\n  esker group match applications.csv -o autumn\n  esker group review projects.csv -o autumn\n  esker group certificate ana --folder autumn --hours lessons=20,sessions=24 --new-keys"
)]
pub struct Words {
    #[command(subcommand)]
    command: Word,
}

/// What a template is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Template {
    /// A call, TOML.
    Call,
    /// A table of applications, CSV.
    Applications,
    /// A table of projects, CSV.
    Projects,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Print a file to start from.
    #[command(after_help = "Example:\n  esker group template call > call.toml")]
    Template {
        /// What for.
        of: Template,
    },
    /// Write the plan of a call: calendar, lectures and workshops minute by minute, agreement, and with projects the mini-conference.
    #[command(
        after_help = "Example:\n  esker group plan call.toml -o autumn\n  esker group plan call.toml -o autumn --projects projects.csv"
    )]
    Plan {
        /// The call, TOML.
        call: PathBuf,
        /// Folder to write.
        #[arg(short, long, value_name = "FOLDER")]
        output: PathBuf,
        /// Projects whose talks get hours at the mini-conference.
        #[arg(long, value_name = "TABLE")]
        projects: Option<PathBuf>,
    },
    /// Make groups of people who share a topic, a language and hours in every week, each with somebody experienced; say why of everything.
    #[command(
        after_help = "No rule is ever relaxed; what relaxing one would do is told to each person who waits (proof.md, waiting/).\n\nExample:\n  esker group match applications.csv -o autumn\n  esker group match applications.csv --call call.toml -o autumn --json"
    )]
    Match {
        /// The applications, a table in any format Esker reads.
        applications: PathBuf,
        /// The call [default: that of the folder, else call.toml beside the applications].
        #[arg(long, value_name = "FILE")]
        call: Option<PathBuf>,
        /// Folder to write.
        #[arg(short, long, value_name = "FOLDER")]
        output: PathBuf,
    },
    /// Pair projects for the proposal swap and peer review without conflicts of interest, and fill the rubrics from the records of their runs.
    #[command(
        after_help = "Example:\n  esker group review projects.csv -o autumn\n  esker group review projects.csv -o autumn --reviews 3"
    )]
    Review {
        /// The projects, a table in any format Esker reads.
        projects: PathBuf,
        /// The folder of the call.
        #[arg(short, long, value_name = "FOLDER")]
        output: PathBuf,
        /// Readers of each proposal.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=5))]
        swap: u8,
        /// Peer reviews of each project.
        #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=5))]
        reviews: u8,
    },
    /// Sign a person's hours, or verify a certificate without a network.
    #[command(
        after_help = "A certificate states hours and the workload they would be; credit is decided by an institution.\n\nExample:\n  esker group certificate ana --folder autumn --hours lessons=20,sessions=24 --project melt --new-keys\n  esker group certificate --verify ana.json --key public.key"
    )]
    Certificate(CertificateWords),
    /// Remove a person from every file that was written.
    #[command(after_help = "Example:\n  esker group forget ana --folder autumn")]
    Forget {
        /// The person's id.
        person: String,
        /// The folder of the call.
        #[arg(long, value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Write everything that is held about a person into a folder for them.
    #[command(after_help = "Example:\n  esker group export ana --folder autumn -o for-ana")]
    Export {
        /// The person's id.
        person: String,
        /// The folder of the call.
        #[arg(long, value_name = "FOLDER")]
        folder: PathBuf,
        /// Folder to write; it must not be there yet.
        #[arg(short, long, value_name = "FOLDER")]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
struct CertificateWords {
    /// The person's id.
    #[arg(required_unless_present = "verify")]
    person: Option<String>,
    /// The folder of the call.
    #[arg(long, value_name = "FOLDER", required_unless_present = "verify")]
    folder: Option<PathBuf>,
    /// Hours by kind, e.g. lessons=20,sessions=24; kinds are lessons, sessions, project, review, talk.
    #[arg(long, value_name = "KIND=HOURS", value_delimiter = ',', value_parser = kind_and_hours)]
    hours: Vec<Hours>,
    /// The person's project, by its id in the folder.
    #[arg(long, value_name = "ID", default_value = "")]
    project: String,
    /// The run folder or record.json whose hash is certified, where the project's table names none.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Day of issue [default: today, in UTC].
    #[arg(long, value_name = "DATE")]
    issued: Option<String>,
    /// Folder of the keys [default: keys/ beside the folder of the call].
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
    /// Make the keys first; keys that are there are never replaced.
    #[arg(long)]
    new_keys: bool,
    /// Verify this certificate instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["person", "folder", "hours", "new_keys"])]
    verify: Option<PathBuf>,
    /// The organiser's public key to verify against.
    #[arg(long, value_name = "FILE", requires = "verify")]
    key: Option<PathBuf>,
}

fn kind_and_hours(text: &str) -> std::result::Result<Hours, String> {
    let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let wrong = || format!("'{text}' is not KIND=HOURS with a kind of {}", kinds.join(", "));
    let (kind, hours) = text.split_once('=').ok_or_else(wrong)?;
    Ok(Hours { kind: kind.trim().to_owned(), hours: hours.trim().parse().map_err(|_| wrong())? })
}

/// Does what the words ask.
///
/// # Errors
/// Every fault at once.
pub fn run(words: &Words, json: bool, say: &dyn Fn(&str), cancel: &AtomicBool) -> Result<()> {
    let told = match &words.command {
        Word::Template { of } => {
            show::print(match of {
                Template::Call => call::TEMPLATE,
                Template::Applications => people::TEMPLATE,
                Template::Projects => review::TEMPLATE,
            });
            return Ok(());
        }
        Word::Plan { call, output, projects } => {
            let done = desk::plan(&Folder::at(output), Call::read(call)?, projects.as_deref()).map_err(|e| findings(call, e))?;
            planned(&done, output)
        }
        Word::Match { applications, call, output } => {
            let call = call.as_deref().map(Call::read).transpose()?;
            let done = desk::matching(&Folder::at(output), applications, call, cancel).map_err(|e| findings(applications, e))?;
            matched(&done, output)
        }
        Word::Review { projects, output, swap, reviews } => {
            let done = desk::review(&Folder::at(output), projects, usize::from(*swap), usize::from(*reviews))
                .map_err(|e| findings(projects, e))?;
            reviewed(&done, output)
        }
        Word::Certificate(words) => words.run()?,
        Word::Forget { person, folder } => {
            let done = desk::forget(&Folder::at(folder), person)?;
            let text = format!("'{person}' is in no file of {} any more ({} files written)", folder.display(), done.files.len());
            Told { text, value: json!({ "forgotten": person, "files": done.files }), notes: done.notes }
        }
        Word::Export { person, folder, output } => {
            let held = desk::export(&Folder::at(folder), person, output)?;
            let text = format!("everything held about '{person}' → {}", output.display());
            Told { text, value: json!({ "folder": output, "held": held }), notes: Vec::new() }
        }
    };
    if json {
        let mut value = told.value;
        value["ok"] = json!(true);
        value["notes"] = json!(told.notes);
        show::print(&serde_json::to_string_pretty(&value).unwrap_or_default());
    } else {
        told.notes.iter().for_each(|n| say(&format!("note: {n}")));
        show::print(&told.text);
    }
    Ok(())
}

/// What is said in the end, to people and to programs.
struct Told {
    text: String,
    value: Value,
    notes: Vec<String>,
}

fn findings(file: &Path, errors: Vec<Error>) -> Findings {
    let mut findings = Findings { file: file.display().to_string(), list: Vec::new() };
    errors.into_iter().for_each(|e| findings.push(None, e));
    findings
}

fn planned(done: &Done, output: &Path) -> Told {
    let call = &done.state.call;
    let talks = done.state.agenda.as_ref().map_or(0, |a| a.talks.len());
    let more = if talks > 0 { format!("; {talks} talks at the mini-conference") } else { String::new() };
    let next = if done.state.matching.is_none() { "match applications.csv" } else { "review projects.csv" };
    let text = format!(
        "{}: {} files → {}{more}\nread plan/plan.md first; next: esker group {next} -o {}",
        call.title,
        done.files.len(),
        output.display(),
        output.display()
    );
    Told { text, value: json!({ "folder": output, "files": done.files, "talks": talks }), notes: done.notes.clone() }
}

/// Groups that are told at the end.
const LISTED: usize = 30;

fn matched(done: &Done, output: &Path) -> Told {
    let Some(matching) = &done.state.matching else {
        return Told { text: String::new(), value: json!({}), notes: done.notes.clone() };
    };
    let (all, waiting) = (done.state.people.len(), matching.waiting.len());
    let mut text = format!("{} of {all} people in {} groups → {}\n", all - waiting, matching.groups.len(), output.display());
    for group in matching.groups.iter().take(LISTED) {
        text += &format!("  {}  {} people  {}  in {}\n", group.id, group.members.len(), group.topic, group.languages.join(", "));
    }
    if matching.groups.len() > LISTED {
        text += &format!("  … and {} more: groups.csv has all\n", matching.groups.len() - LISTED);
    }
    if waiting > 0 {
        let ids: Vec<&str> = matching.waiting.iter().take(12).map(|w| w.person.as_str()).collect();
        let more = if waiting > ids.len() { format!(" and {} more", waiting - ids.len()) } else { String::new() };
        text += &format!("waiting: {}{more}; proof.md and waiting/ say why, and what relaxing which rule would do\n", ids.join(", "));
    }
    let value = json!({ "folder": output, "files": done.files, "people": all, "placed": all - waiting, "matching": matching });
    Told { text, value, notes: done.notes.clone() }
}

fn reviewed(done: &Done, output: &Path) -> Told {
    let pairing = done.state.pairing.clone().unwrap_or_default();
    let text = format!(
        "{} projects: {} readings of proposals, {} peer reviews → {}\nread review/pairing.md first",
        done.state.projects.len(),
        pairing.swap.len(),
        pairing.review.len(),
        output.join("review").display()
    );
    Told { text, value: json!({ "folder": output, "files": done.files, "pairing": pairing }), notes: done.notes.clone() }
}

/// The folder that a folder lies in. Where the path does not name it (`.`, `..`), it is looked up.
fn beside(folder: &Path) -> PathBuf {
    match (folder.file_name(), folder.parent()) {
        (Some(_), Some(parent)) => parent.to_path_buf(),
        _ => folder.canonicalize().ok().and_then(|f| f.parent().map(Path::to_path_buf)).unwrap_or_else(|| folder.join("..")),
    }
}

impl CertificateWords {
    fn run(&self) -> Result<Told> {
        if let Some(file) = &self.verify {
            return self.verify(file);
        }
        let (Some(person), Some(folder)) = (&self.person, &self.folder) else {
            return Err(Error::usage("esker group certificate").rule("a person and --folder are needed").into());
        };
        let issued = self.issued.as_deref().map(|text| text.parse().map(Day).map_err(|_| text)).transpose();
        let issued = issued.map_err(|text| Error::usage("--issued").got(format!("'{text}'")).rule("dates are written 2026-12-01"))?;
        let asked = desk::Asked { hours: self.hours.clone(), project: self.project.clone(), record: self.record.clone(), issued };
        let keys = Keys::at(&self.keys.clone().unwrap_or_else(|| beside(folder).join("keys")));
        let mut notes = Vec::new();
        if !self.new_keys && !keys.exist() {
            let error = Error::new(esker::Fault::Io, format!("public key '{}'", keys.public_path().display())).got("no keys");
            return Err(error
                .rule("a certificate is signed with the organiser's keys")
                .hint("make them once: add --new-keys; or name their folder with --keys")
                .into());
        }
        let done = desk::certificate(&Folder::at(folder), person, asked, &keys, self.new_keys)?;
        if self.new_keys {
            notes.push(format!(
                "New keys. Publish {}; keep the private key beside it secret, and a copy of it.",
                keys.public_path().display()
            ));
        }
        notes.extend(done.notes);
        let path = folder.join("certificates").join(format!("{person}.json"));
        let signed = done.state.certificates.iter().find(|c| c.statement.person == *person);
        let words = signed.map_or_else(String::new, |c| c.statement.workload.clone());
        Ok(Told { text: format!("{words}\n→ {} and .md", path.display()), value: json!({ "file": path, "certificate": signed }), notes })
    }

    fn verify(&self, file: &Path) -> Result<Told> {
        let found = desk::verify(file, self.key.as_deref())?;
        let (s, print) = (&found.statement, certificate::fingerprint(&found.public_key));
        let mut notes = Vec::new();
        if self.key.is_none() {
            notes.push(format!(
                "Anybody can sign with a key of their own: compare {print} with the organiser's key, or give it with --key."
            ));
        }
        let text =
            format!("valid: {} ({}), \"{}\"\n{}\nissued {}, signed with the key {print}", s.name, s.person, s.title, s.workload, s.issued);
        Ok(Told { text, value: json!({ "valid": true, "certificate": found, "fingerprint": print }), notes })
    }
}
