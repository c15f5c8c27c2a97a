//! Every dependency's licence is on the list of `deny.toml`, checked without any further tool.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::command;
use crate::{Outcome, root};

/// Reads the lock file's packages through `cargo metadata` and holds their licences against the list.
///
/// # Errors
/// The packages whose licence is not allowed or not stated.
pub fn check() -> Outcome {
    let policy = std::fs::read_to_string(root().join("deny.toml")).map_err(|e| format!("file 'deny.toml': {e}"))?;
    let policy: toml::Table = policy.parse().map_err(|e| format!("file 'deny.toml': {e}"))?;
    let allowed: Vec<String> = policy
        .get("licenses")
        .and_then(|l| l.get("allow"))
        .and_then(toml::Value::as_array)
        .map(|a| a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
        .ok_or("file 'deny.toml': [licenses] allow is missing")?;

    let output = command("metadata --format-version 1 --locked").output().map_err(|e| format!("cargo metadata: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata: it lists no packages")?;
    let (mut faults, mut used) = (Vec::new(), BTreeMap::new());
    for package in packages {
        let name = format!("{} {}", package["name"].as_str().unwrap_or("?"), package["version"].as_str().unwrap_or("?"));
        match package["license"].as_str() {
            None => faults.push(format!("{name}: no licence is stated")),
            Some(text) => match allows(text, &allowed) {
                Ok(true) => *used.entry(text.to_owned()).or_insert(0) += 1,
                Ok(false) => faults.push(format!("{name}: licence '{text}' is not on the list of deny.toml")),
                Err(why) => faults.push(format!("{name}: licence '{text}': {why}")),
            },
        }
    }
    if faults.is_empty() {
        println!("{} packages under {} licence expressions, all allowed", packages.len(), used.len());
        return Ok(());
    }
    Err(faults.join("\n"))
}

/// Whether an SPDX expression can be satisfied by licences of the list; `/` is the old way to write OR.
fn allows(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    let answer = any(&mut rest, allowed)?;
    if rest.is_empty() { Ok(answer) } else { Err(format!("'{}' was not expected", rest.join(" "))) }
}

fn any(rest: &mut &[&str], allowed: &[String]) -> Result<bool, String> {
    let mut answer = all(rest, allowed)?;
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        // Not `||`: the right side is to be read in any case.
        answer |= all(rest, allowed)?;
    }
    Ok(answer)
}

fn all(rest: &mut &[&str], allowed: &[String]) -> Result<bool, String> {
    let mut answer = one(rest, allowed)?;
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        answer &= one(rest, allowed)?;
    }
    Ok(answer)
}

fn one(rest: &mut &[&str], allowed: &[String]) -> Result<bool, String> {
    match **rest {
        ["(", ..] => {
            *rest = &rest[1..];
            let answer = any(rest, allowed)?;
            if rest.first() != Some(&")") {
                return Err("a bracket is not closed".into());
            }
            *rest = &rest[1..];
            Ok(answer)
        }
        [licence, "WITH", exception, ..] => {
            *rest = &rest[3..];
            Ok(allowed.iter().any(|a| *a == format!("{licence} WITH {exception}")))
        }
        [licence, ..] if !["AND", "OR", "WITH", ")"].contains(&licence) => {
            *rest = &rest[1..];
            Ok(allowed.iter().any(|a| a == licence))
        }
        _ => Err("a licence was expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_does() {
        let allowed: Vec<String> = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(str::to_owned).to_vec();
        let ok = |text: &str| allows(text, &allowed);
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "MIT OR GPL-3.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "GPL-2.0 AND BSD-2-Clause OR MIT",
        ] {
            assert_eq!(ok(good), Ok(true), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", "GPL-2.0 WITH Classpath-exception-2.0", "MIT-0"] {
            assert_eq!(ok(bad), Ok(false), "{bad}");
        }
        for broken in ["", "MIT OR", "(MIT", "MIT)", "AND MIT", "MIT Apache-2.0"] {
            assert!(ok(broken).is_err(), "{broken}");
        }
    }
}
