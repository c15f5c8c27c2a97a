//! Models that other programs have saved: boosted trees of LightGBM and XGBoost.
//!
//! Every number of the file is checked before it is used: the file may come from a stranger.

mod lightgbm;
mod xgboost;

use std::path::Path;

use esker_core::{Error, Imported, Note, Result};

use crate::file::read_file;

/// A larger file is refused unread.
const MOST_BYTES: u64 = 2 << 30;

/// Reads a model that LightGBM (text) or XGBoost (JSON) has saved, of which the first `rounds` count, where that is said.
///
/// # Errors
/// A file of another kind, a damaged one, or a model that is no sum of trees.
pub fn read_trees(path: &Path, rounds: Option<usize>) -> Result<(Imported, Vec<Note>)> {
    parse_trees(&path.display().to_string(), &read_file(path, MOST_BYTES)?, rounds)
}

/// As [`read_trees`], from the bytes of the file; `name` names it in messages.
///
/// # Errors
/// As [`read_trees`].
pub fn parse_trees(name: &str, bytes: &[u8], rounds: Option<usize>) -> Result<(Imported, Vec<Note>)> {
    let file = || Error::model(format!("'{name}'"));
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).map_or(bytes, |at| &bytes[at..]);
    let read = if start.starts_with(b"tree") {
        lightgbm::parse(bytes, rounds)
    } else if start.starts_with(b"{") && start.get(1).is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'}')) {
        xgboost::parse(bytes, rounds)
    } else if start.starts_with(b"{") || start.starts_with(b"binf") || start.starts_with(b"bs64") {
        return Err(file()
            .got("a binary model of XGBoost")
            .rule("its JSON form is read")
            .hint("save it as .json: booster.save_model(\"model.json\")"));
    } else {
        return Err(file()
            .got("other content")
            .rule("models are read as LightGBM's text or XGBoost's JSON")
            .hint("save the model with save_model(\"model.txt\") in LightGBM, save_model(\"model.json\") in XGBoost"));
    };
    let (model, notes) = read.map_err(|e| Error { thing: format!("'{name}': {}", e.thing), ..e })?;
    model.check().map_err(|e| Error { thing: format!("'{name}': {}", e.thing), ..e })?;
    Ok((model, notes))
}

/// The error of a file whose text is not what it should be.
fn damaged(what: impl Into<String>, got: impl Into<String>, rule: impl Into<String>) -> Error {
    Error::model(what).got(got).rule(rule).hint("is the file whole? save the model again")
}

/// How many trees count, of `trees` in rounds of `each`.
fn counted(trees: usize, each: usize, rounds: Option<usize>) -> Result<usize> {
    if each == 0 || !trees.is_multiple_of(each) {
        return Err(damaged("the trees", format!("{trees}"), format!("each round has {each}")));
    }
    match rounds {
        Some(rounds) if rounds == 0 || rounds > trees / each => {
            Err(Error::usage("--rounds").got(rounds.to_string()).rule(format!("the model has 1 to {} rounds", trees / each)))
        }
        Some(rounds) => Ok(rounds * each),
        None => Ok(trees),
    }
}
