//! The guide as a page on this machine: drawn by a server that keeps nothing, since the answers are in the address.

mod page;
mod query;
mod server;

pub use server::Server;
