//! Arithmetic of networks: products of matrices of a layer's size and elementary functions, in single precision with the widest vectors of
//! the processor. Results do not depend on which those are.

mod lanes;
mod number;
mod product;

pub use lanes::WIDTH;
pub use number::{Loops, Number};
pub use product::{Dots, Left, Onto, Product};
