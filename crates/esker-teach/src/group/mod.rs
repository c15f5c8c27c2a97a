//! Learning groups: who learns with whom, when, and what they leave behind.
//!
//! Everything is kept in one folder of the organiser ([`folder::State`]); every file in it is made from that state ([`write::files`]). A call
//! ([`call::Call`]) and its applications ([`people::Applications`]) give groups with reasons ([`matching::Matching`]); projects are paired for
//! reading ([`review::pair`]), talks get hours ([`conference::agenda`]), hours are certified ([`certificate::Keys::sign`]), and a person is told
//! or forgotten ([`privacy`]).

pub mod call;
pub mod certificate;
pub mod conference;
pub mod desk;
mod flow;
pub mod folder;
pub mod form;
pub mod hours;
pub mod matching;
pub mod people;
pub mod plan;
pub mod pool;
pub mod privacy;
pub mod review;
pub mod rubric;
mod sessions;
pub mod texts;
pub mod write;
