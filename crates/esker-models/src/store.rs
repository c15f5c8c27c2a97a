//! Fitted parts to bytes and back.

use esker_core::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of a fitted part.
pub(crate) fn save<T: Serialize>(part: &T) -> Vec<u8> {
    // Writing plain data to memory has no way to fail.
    postcard::to_stdvec(part).expect("plain data always serialise")
}

/// A fitted part from bytes; `what` names it in the error. The caller still checks indices and lengths, and answers
/// with [`damaged`] where they do not fit.
pub(crate) fn load<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    let (part, rest) = postcard::take_from_bytes(bytes).map_err(|_| damaged(what))?;
    if rest.is_empty() { Ok(part) } else { Err(damaged(what)) }
}

/// The error of bytes that are not what this version writes.
pub(crate) fn damaged(what: &str) -> Error {
    Error::model(format!("{what} in the model file"))
        .rule("its bytes are not what this version writes")
        .hint("the file is damaged or from another version: fit the model again")
}
