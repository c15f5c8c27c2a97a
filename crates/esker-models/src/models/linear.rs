//! To be written.
use esker_core::*;
/// doc
pub const DOC_LINEAR: &str = "";
/// doc
pub const DOC_RIDGE: &str = "";
/// est
pub struct Linear;
impl Estimator for Linear {
    fn needs(&self) -> Needs {
        unreachable!()
    }
    fn fit(&self, _: &Samples, _: &str, _: &Context) -> Result<Box<dyn Model>> {
        unreachable!()
    }
}
impl Linear {
    /// n
    pub fn least_squares() -> Self {
        Self
    }
    /// n
    pub fn ridge(_: &Settings) -> Self {
        Self
    }
}
/// p
pub fn parameters_ridge() -> Vec<Parameter> {
    vec![]
}
/// l
/// # Errors
/// e
pub fn load(_: &[u8]) -> Result<Box<dyn Model>> {
    unreachable!()
}
