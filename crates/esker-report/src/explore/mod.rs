//! The page of an exploration.
use esker_core::Exploration;
/// x
pub fn page(e: &Exploration) -> String { e.title.clone() }
