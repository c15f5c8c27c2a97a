//! Runs the main example as the README does, and holds its record against the schema.

use std::process::Command;

use serde_json::Value;

use crate::check::cargo;
use crate::{Outcome, root, schema};

/// Builds what the tests run, the command among it. A release build would take as long again and say nothing more of the example.
const BUILD: &str = "test --workspace --locked --no-run";
/// The example of the README's first command.
const RECIPE: &str = "examples/glacier-mass-balance/recipe.toml";

/// What a run leaves behind.
const FILES: [&str; 4] = ["report.html", "record.json", "model.esker", "predictions.csv"];

/// The most bytes a report may have, so that it can be mailed.
const MOST: u64 = 2_000_000;

/// Runs the example with the command as the tests run it, and looks at what it wrote.
///
/// # Errors
/// The run fails, a file is missing or too large, or the record does not follow its schema.
pub fn check() -> Outcome {
    let folder = target().join("example-check");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|e| format!("folder '{}': {e}", folder.display()))?;
    }
    cargo("", BUILD)?;
    let program = target().join("debug").join(format!("esker{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new(&program).args(["run", RECIPE, "--quiet", "--output"]).arg(&folder).current_dir(root()).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("esker run {RECIPE}: {status}")),
        Err(e) => return Err(format!("program '{}': {e}", program.display())),
    }
    for name in FILES {
        let size = std::fs::metadata(folder.join(name)).map_err(|e| format!("file '{name}' of the example: {e}"))?.len();
        println!("{size:>9} bytes  {name}");
        if size == 0 || (name == "report.html" && size > MOST) {
            return Err(format!("file '{name}' of the example: {size} bytes; a report has 1 to {MOST}"));
        }
    }
    let record = json(&folder.join("record.json"))?;
    let faults = schema::faults(&json(&root().join("docs/record.schema.json"))?, &record);
    if faults.is_empty() {
        println!("record.json follows docs/record.schema.json");
        return Ok(());
    }
    let shown: Vec<&str> = faults.iter().take(20).map(String::as_str).collect();
    Err(format!("record.json of the example breaks docs/record.schema.json in {} places:\n{}", faults.len(), shown.join("\n")))
}

/// Where cargo builds.
fn target() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |t| root().join(t))
}

fn json(path: &std::path::Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("file '{}': {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("file '{}': {e}", path.display()))
}
