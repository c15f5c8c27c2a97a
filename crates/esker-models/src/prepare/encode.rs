//! To be written.
use esker_core::*;
/// doc
pub const DOC: &str = "";
/// t
pub struct Encode;
impl Transform for Encode {
    fn fit(&self, _: &Samples, _: &str) -> Result<Box<dyn FittedTransform>> {
        unreachable!()
    }
}
/// l
/// # Errors
/// e
pub fn load(_: &[u8]) -> Result<Box<dyn FittedTransform>> {
    unreachable!()
}
