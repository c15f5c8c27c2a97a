//! Learning groups: who learns with whom, when, and what they leave behind.

pub mod call;
pub mod form;
pub mod hours;
pub mod matching;
pub mod people;
pub mod pool;
mod sessions;
