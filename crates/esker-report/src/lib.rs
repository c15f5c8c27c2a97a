//! Pages, figures and maps from a record; knows no model.

pub mod explore;
pub mod figure;
pub mod map;
pub mod page;
pub mod pdf;
pub mod plot;
pub mod png;
