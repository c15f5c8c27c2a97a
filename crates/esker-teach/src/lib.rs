//! Teaching: the guide to learning resources, and learning groups. Everything stays on the machine of who asks.

pub mod calendar;
pub mod group;
pub mod guide;
