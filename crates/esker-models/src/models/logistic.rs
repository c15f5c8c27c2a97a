//! To be written.
use esker_core::*;
/// doc
pub const DOC: &str = "";
/// est
pub struct Logistic;
impl Estimator for Logistic {
    fn needs(&self) -> Needs {
        unreachable!()
    }
    fn fit(&self, _: &Samples, _: &str, _: &Context) -> Result<Box<dyn Model>> {
        unreachable!()
    }
}
impl Logistic {
    /// n
    pub fn new(_: &Settings) -> Self {
        Self
    }
}
/// p
pub fn parameters() -> Vec<Parameter> {
    vec![]
}
/// l
/// # Errors
/// e
pub fn load(_: &[u8]) -> Result<Box<dyn Model>> {
    unreachable!()
}
