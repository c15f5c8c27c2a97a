//! Rooms stand on floors and arrows go down only: a crate may know those of lower floors, not its own or higher ones.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::{Outcome, root};

/// Where a room stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Floor {
    Nouns,
    Tools,
    Crafts,
    Corridor,
    Faces,
    /// Suites for tests: it knows the nouns, and everyone may test with it.
    Contract,
}

/// The plan of the house; a new room is entered here.
const ROOMS: [(&str, Floor); 10] = [
    ("esker-core", Floor::Nouns),
    ("esker-math", Floor::Tools),
    ("esker-io", Floor::Tools),
    ("esker-report", Floor::Tools),
    ("esker-models", Floor::Crafts),
    ("esker-evaluate", Floor::Crafts),
    ("esker", Floor::Corridor),
    ("esker-teach", Floor::Corridor),
    ("esker-cli", Floor::Faces),
    ("esker-contract", Floor::Contract),
];

/// Checks the manifest of every crate under `crates/`.
///
/// # Errors
/// The arrows that go up or sideways, and the rooms that are on no floor.
pub fn check() -> Outcome {
    let folder = root().join("crates");
    let mut manifests = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).map_err(|e| format!("folder 'crates': {e}"))? {
        let path = entry.map_err(|e| format!("folder 'crates': {e}"))?.path().join("Cargo.toml");
        let text = std::fs::read_to_string(&path).map_err(|e| format!("file '{}': {e}", path.display()))?;
        let manifest: Table = text.parse().map_err(|e| format!("file '{}': {e}", path.display()))?;
        manifests.insert(path.display().to_string(), manifest);
    }
    let faults = faults(manifests.values());
    if faults.is_empty() {
        println!("{} rooms, every arrow goes down", manifests.len());
        return Ok(());
    }
    Err(faults.join("\n"))
}

fn faults<'a>(manifests: impl Iterator<Item = &'a Table>) -> Vec<String> {
    let mut faults = Vec::new();
    for manifest in manifests {
        let name = manifest.get("package").and_then(|p| p.get("name")).and_then(Value::as_str).unwrap_or("a crate without a name");
        let Some(floor) = floor(name) else {
            faults.push(format!("{name}: it stands on no floor; enter it in xtask/src/floors.rs and docs/architecture.md"));
            continue;
        };
        for (to, testing) in arrows(manifest) {
            let Some(other) = self::floor(&to) else {
                if to.starts_with("esker") {
                    faults.push(format!("{name} → {to}: no such room"));
                }
                continue;
            };
            if let Some(rule) = broken(floor, other, testing) {
                faults.push(format!("{name} ({floor:?}) → {to} ({other:?}): {rule}"));
            }
        }
    }
    faults
}

/// The rule an arrow breaks, if any.
fn broken(from: Floor, to: Floor, testing: bool) -> Option<&'static str> {
    match (from, to) {
        (_, Floor::Contract) if testing => None,
        (_, Floor::Contract) => Some("the contract suites are for tests only: a dev-dependency"),
        (Floor::Contract, Floor::Nouns) => None,
        (Floor::Contract, _) => Some("the contract suites know the nouns only"),
        (Floor::Faces, Floor::Corridor) => None,
        (Floor::Faces, _) if to < from => Some("a face calls the corridor and does not reach past it"),
        _ if to < from => None,
        _ if to == from => Some("rooms of one floor do not know each other"),
        _ => Some("arrows go down only"),
    }
}

fn floor(name: &str) -> Option<Floor> {
    ROOMS.iter().find(|(room, _)| *room == name).map(|(_, floor)| *floor)
}

/// Every dependency of a manifest, under its true name, and whether it is for tests only.
fn arrows(manifest: &Table) -> Vec<(String, bool)> {
    let mut arrows = Vec::new();
    let mut of = |table: &Table| {
        for (key, testing) in [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)] {
            for (name, value) in table.get(key).and_then(Value::as_table).into_iter().flatten() {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
                arrows.push((package.to_owned(), testing));
            }
        }
    };
    of(manifest);
    for (_, target) in manifest.get("target").and_then(Value::as_table).into_iter().flatten() {
        target.as_table().into_iter().for_each(&mut of);
    }
    arrows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        let manifest: Table = text.parse().expect("a manifest");
        faults([&manifest].into_iter()).join("\n")
    }

    #[test]
    fn arrows_down_are_free() {
        let text = "[package]\nname = 'esker-models'\n[dependencies]\nesker-core.workspace = true\nesker-math.workspace = true\nrayon = '1'\n\
                    [dev-dependencies]\nesker-contract.workspace = true";
        assert_eq!(found(text), "");
        assert_eq!(found("[package]\nname = 'esker-cli'\n[dependencies]\nesker.workspace = true\nclap = '4'"), "");
    }

    #[test]
    fn an_arrow_up_is_found_however_it_is_written() {
        for arrow in [
            "[dependencies]\nesker-models.workspace = true",
            "[build-dependencies]\nesker-models = { path = '../esker-models' }",
            "[dependencies]\nharmless = { package = 'esker-models', path = '../esker-models' }",
            "[target.'cfg(unix)'.dependencies]\nesker-models.workspace = true",
            "[dev-dependencies]\nesker-models.workspace = true",
        ] {
            let found = found(&format!("[package]\nname = 'esker-math'\n{arrow}"));
            assert_eq!(found, "esker-math (Tools) → esker-models (Crafts): arrows go down only", "{arrow}");
        }
    }

    #[test]
    fn sideways_past_the_corridor_and_from_nowhere_are_found() {
        let arrow = |from: &str, to: &str| found(&format!("[package]\nname = '{from}'\n[dependencies]\n{to}.workspace = true"));
        assert!(arrow("esker-evaluate", "esker-models").contains("do not know each other"));
        assert!(arrow("esker-cli", "esker-core").contains("does not reach past it"));
        assert!(arrow("esker-models", "esker-contract").contains("for tests only"));
        assert!(arrow("esker-contract", "esker-math").contains("the nouns only"));
        assert!(arrow("esker-core", "esker-core").contains("do not know each other"));
        assert!(arrow("esker-nowhere", "esker-core").contains("no floor"));
        assert!(arrow("esker", "esker-nowhere").contains("no such room"));
    }
}
