//! The one check: its steps in order, each with its command and its time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, example, files, floors, licences, root};

/// A step that runs in this process.
type Own = fn() -> Outcome;

/// Steps that need no build come first: their answer is wanted in seconds.
const OWN: [(&str, Own); 3] = [("files", files::check), ("floors", floors::check), ("licences", licences::check)];

/// Lints and tests build the whole workspace with one set of features, so that nothing is built twice. The tests hold
/// the generated pages against their catalogs.
const BUILT: [(&str, &str); 3] = [
    ("", "clippy --workspace --all-targets --locked -- -D warnings"),
    ("-D warnings", "doc --workspace --no-deps --locked"),
    ("", "test --workspace --locked"),
];

/// Runs every step, and stops at the first fault.
///
/// # Errors
/// The fault, with the command that found it.
pub fn all() -> Outcome {
    let mut times = Vec::new();
    step(&mut times, "cargo fmt --all --check", || {
        cargo("", "fmt --all --check")
            .map_err(|e| format!("{e}\n  hint: `cargo fmt --all`; where it is missing, `rustup component add rustfmt clippy`"))
    })?;
    for (name, own) in OWN {
        step(&mut times, &format!("cargo xtask {name}"), own)?;
    }
    for (flags, words) in BUILT {
        step(&mut times, &format!("cargo {words}"), || cargo(flags, words))?;
    }
    step(&mut times, "cargo xtask example", example::check)?;
    println!();
    for (name, time) in &times {
        println!("{:>7.1} s  {name}", time.as_secs_f64());
    }
    println!("{:>7.1} s  all is well", times.iter().map(|(_, t)| t.as_secs_f64()).sum::<f64>());
    Ok(())
}

/// Writes the pages that are generated from catalogs and types: the record's schema and the reference.
///
/// # Errors
/// The test that writes them does not build or run.
pub fn write_generated() -> Outcome {
    let status = command("test --package esker --test generated --locked").env("ESKER_WRITE_GENERATED", "1").status();
    told("cargo test --package esker --test generated", status)
}

/// Runs cargo with words that hold no blanks of their own, output shown as it comes.
///
/// # Errors
/// Cargo cannot be started or fails.
pub fn cargo(rustdoc_flags: &str, words: &str) -> Outcome {
    let mut command = command(words);
    if !rustdoc_flags.is_empty() {
        command.env("RUSTDOCFLAGS", rustdoc_flags);
    }
    told(&format!("cargo {words}"), command.status())
}

/// Cargo with these words, in the root, reading no input.
pub fn command(words: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(words.split(' ')).current_dir(root()).stdin(Stdio::null());
    command
}

fn told(line: &str, status: std::io::Result<std::process::ExitStatus>) -> Outcome {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{line}: {status}")),
        Err(error) => Err(format!("{line}: cannot be started: {error}")),
    }
}

fn step(times: &mut Vec<(String, Duration)>, name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    println!("\n== {name}");
    let start = Instant::now();
    work()?;
    println!("== {:.1} s", start.elapsed().as_secs_f64());
    times.push((name.to_owned(), start.elapsed()));
    Ok(())
}
