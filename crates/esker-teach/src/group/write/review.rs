//! Pairings and rubrics as texts, and certificates.

use std::fmt::Write as _;

use super::Files;
use crate::group::certificate::{Certificate, KINDS, fingerprint, trimmed};
use crate::group::folder::State;
use crate::group::review::{Pairing, Project, Reading};
use crate::group::rubric::{Answered, blank};
use crate::group::texts::{and, count, line, plain};

pub(super) fn add(files: &mut Files, state: &State) {
    if let Some(pairing) = &state.pairing {
        files.insert("review/pairing.csv".into(), table(state, pairing));
        files.insert("review/pairing.json".into(), serde_json::to_string_pretty(pairing).map(|t| t + "\n").unwrap_or_default());
        files.insert("review/pairing.md".into(), pairing_text(state, pairing));
        for project in &state.projects {
            files.insert(format!("review/rubric-{}.md", project.id), rubric(state, project));
        }
    }
    for certificate in &state.certificates {
        let name = &certificate.statement.person;
        files.insert(format!("certificates/{name}.json"), certificate.text());
        files.insert(format!("certificates/{name}.md"), sheet(certificate));
    }
}

fn title(state: &State, id: &str) -> String {
    state.projects.iter().find(|p| p.id == id).map_or_else(|| "a project that was withdrawn".into(), |p| p.title.clone())
}

fn table(state: &State, pairing: &Pairing) -> String {
    let mut text = line(&["round", "reader", "project", "title"]);
    for (round, readings) in [("swap", &pairing.swap), ("review", &pairing.review)] {
        for r in readings {
            text += &line(&[round, &r.reader, &r.project, &title(state, &r.project)]);
        }
    }
    text
}

fn pairing_text(state: &State, pairing: &Pairing) -> String {
    let mut text = "# Who reads whose work\n\nNobody reads their own work, that of somebody they share a project, a learning group or an institution with, or one where a \
conflict of interest was declared.\n"
        .to_owned();
    for (name, readings) in [("Proposal swap (answer within five days)", &pairing.swap), ("Peer review", &pairing.review)] {
        let _ = writeln!(text, "\n## {name}\n");
        for Reading { reader, project } in readings {
            let _ = writeln!(text, "* {reader} reads {project}: {}", plain(&title(state, project)));
        }
    }
    if !pairing.short.is_empty() {
        text += "\n## Too few readers\n\n";
    }
    for short in &pairing.short {
        let why: Vec<String> = short.conflicts.iter().map(|(who, why)| format!("{who} ({})", plain(why))).collect();
        let rest = if short.able > 0 {
            format!("somebody has left since, and {} could: `esker group review` pairs anew", count(short.able, "other", "others"))
        } else if why.is_empty() {
            "there are too few projects".to_owned()
        } else {
            format!("these cannot: {}", why.join(", "))
        };
        let outside = if short.able > 0 { "" } else { " Ask somebody outside the call." };
        let _ = writeln!(text, "* {}, {}: {} of {} found; {rest}.{outside}", short.project, short.round, short.found, short.asked);
    }
    text
}

fn rubric(state: &State, project: &Project) -> String {
    let authors: Vec<String> = project.authors.iter().map(|a| plain(&state.shown(a))).collect();
    let mut text = format!("# Review: {}\n\n{}\n\n", plain(&project.title), and(&authors));
    text += if project.rubric.is_empty() {
        "No record of a run was given: everything is for you to find.\n"
    } else {
        "What stands under \"the record says\" Esker filled from the record of the run; whether it is right for the question is for you.\n"
    };
    let lines = if project.rubric.is_empty() { blank() } else { project.rubric.clone() };
    for one in lines {
        let state = match one.answered {
            Answered::Yes => "answered",
            Answered::Partly => "answered in part",
            Answered::No => "not answered",
        };
        let _ = writeln!(text, "\n## {}\n\n{}\n", one.criterion, one.asks);
        if !one.found.is_empty() {
            let _ = writeln!(text, "The record says ({state}):\n");
        }
        for found in &one.found {
            let _ = writeln!(text, "* {}", plain(found));
        }
        let _ = writeln!(text, "\nYour score (0 not done, 1 begun, 2 sound, 3 exemplary): __\n\nWhy: ______");
    }
    text + "\n## In all\n\nTwo strengths: ______\n\nTwo questions: ______\n\nOne thing to change: ______\n"
}

/// A certificate to be printed; the JSON file beside it is what verifies.
fn sheet(certificate: &Certificate) -> String {
    let s = &certificate.statement;
    let mut text = format!(
        "# Certificate {}\n\n**{}** took part in \"{}\".\n\n| hours | for |\n| --- | --- |\n",
        s.number,
        plain(&s.name),
        plain(&s.title)
    );
    for one in &s.hours {
        let what = KINDS.iter().find(|(kind, _)| *kind == one.kind).map_or("", |(_, what)| what);
        let _ = writeln!(text, "| {} | {what} |", trimmed(one.hours));
    }
    let _ = writeln!(text, "| **{}** | in all |\n\n{}.", trimmed(s.total), capital(&s.workload));
    if !s.project.is_empty() {
        let _ = writeln!(text, "\nProject: {}", plain(&s.project));
    }
    if !s.record_sha256.is_empty() {
        let _ = writeln!(text, "\nRecord of its run, SHA-256: {}", s.record_sha256);
    }
    let _ = writeln!(text, "\nIssued {}. Signed with the key {}.", s.issued, fingerprint(&certificate.public_key));
    text += "\nTo verify, without a network: `esker group certificate --verify FILE.json --key public.key`.\n\nInstitution: ______________________ Stamp and signature: ______________________\n";
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
