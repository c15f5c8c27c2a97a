//! A folder with a small real table and a recipe, and the command run in it.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// 244 rows of 122 Scandinavian glaciers (see NOTICE).
pub const GLACIERS: &str = include_str!("../data/glaciers.csv");

/// A recipe that runs in a second.
pub const RECIPE: &str = r#"title = "Small glaciers"
seed = 7

[data]
source = "glaciers.csv"

[data.units]
area = "km2"

[data.derive]
band = { value = "2 * floor(lat / 2)", class = true }
log_area = { value = "ln(area)" }

[roles]
target = { column = "dmdtda", unit = "m w.e. yr-1" }
place = { x = "lon", y = "lat", crs = "EPSG:4326" }
group = "rgi_id"
error = "err_dmdtda"
features = ["log_area", "slope", "zmed", "PDD", "snow", "temp_*", "period"]

[validate]
design = "group"
folds = 4
compare = ["random"]

[[model]]
kind = "mean"

[[model]]
kind = "ridge"
tune = { trials = 4 }

[[model]]
kind = "boosting"
trees = 20
leaves = 6

[explain]
repeats = 2
effects = 2
"#;

/// A folder of its own for one test.
pub struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write("glaciers.csv", GLACIERS);
        desk.write("recipe.toml", RECIPE);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_esker"));
        command.current_dir(self.folder.path()).env("NO_COLOR", "1");
        command
    }

    pub fn esker(&self, words: &[&str]) -> Output {
        self.command().args(words).output().unwrap()
    }

    /// Runs, expects success, and returns stdout.
    pub fn ok(&self, words: &[&str]) -> String {
        let out = self.esker(words);
        assert!(out.status.success(), "esker {words:?} failed:\n{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// Runs, expects failure, and returns the exit code and stderr with the folder's path hidden.
    pub fn fails(&self, words: &[&str]) -> String {
        let out = self.esker(words);
        assert!(!out.status.success(), "esker {words:?} was expected to fail");
        let text = String::from_utf8(out.stderr).unwrap();
        assert!(!text.contains("panicked"), "esker {words:?} panicked:\n{text}");
        format!("exit {}\n{}", out.status.code().unwrap_or(-1), self.hide(&text))
    }

    /// The text without what differs from run to run: the folder and the process number.
    pub fn hide(&self, text: &str) -> String {
        let text = text.replace(&format!("{}/", self.folder.path().display()), "");
        let Some((before, after)) = text.split_once(".partial-") else { return text.trim_end().to_owned() };
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{before}.partial-[N]{after}").trim_end().to_owned()
    }

    /// Files left beside the tables, sorted.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
