//! Tasks of the workspace. `cargo xtask check` is the one check: the README names it and CI runs it.

mod check;
mod example;
mod files;
mod floors;
mod licences;
mod schema;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
Tasks of the workspace.

  cargo xtask check       everything that must hold, in order, stopping at the first fault
  cargo xtask floors      no arrow between rooms goes up or sideways
  cargo xtask files       every source file says what it is for and is not too long
  cargo xtask licences    every dependency's licence is on the list of deny.toml
  cargo xtask example     run the main example and hold its record against the schema
  cargo xtask schema      write docs/record.schema.json
  cargo xtask reference   write docs/reference.md
";

/// What a task says: nothing more, or what is wrong.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["check"] => check::all(),
        ["floors"] => floors::check(),
        ["files"] => files::check(),
        ["licences"] => licences::check(),
        ["example"] => example::check(),
        ["schema"] | ["reference"] => check::write_generated(),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("\n{fault}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    // The folder of xtask, as cargo gives it to whoever it runs; its parent is the root.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}
