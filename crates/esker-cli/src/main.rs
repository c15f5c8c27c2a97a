//! The esker command: parses words, calls the corridor, prints.

mod arguments;
mod commands;
mod group;
mod guide;
mod plotting;
mod progress;
mod show;
mod show_data;
mod show_final;
mod show_model;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use esker::{Fault, Findings};

use arguments::Arguments;

/// Exit codes, as `esker --help` documents them.
fn exit_code(fault: Fault) -> u8 {
    match fault {
        Fault::Usage => 2,
        Fault::Recipe => 3,
        Fault::Data => 4,
        Fault::Model => 5,
        Fault::Io => 6,
        Fault::Numeric => 7,
        Fault::Cancelled => 130,
    }
}

/// Ctrl-C asks the work to stop; a second one stops it at once. Nothing is half written either way, because
/// a run is renamed into place only when it is whole.
fn listen_for_ctrl_c() -> Arc<AtomicBool> {
    let cancel = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancel);
    let heard = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    if let Err(e) = heard {
        eprintln!("warning: Ctrl-C cannot be listened for ({e}); it will stop the program at once");
    }
    cancel
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let cancel = listen_for_ctrl_c();
    match commands::dispatch(&arguments, cancel) {
        Ok(code) => code,
        Err(findings) => fail(&findings, arguments.json),
    }
}

fn fail(findings: &Findings, json: bool) -> ExitCode {
    if json {
        show::print(&show::findings_json(findings));
    } else {
        eprintln!("{}", show::findings(findings));
    }
    ExitCode::from(exit_code(findings.fault()))
}
