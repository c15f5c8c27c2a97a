//! To be written.
use esker_core::*;
/// doc
pub const DOC_MEAN: &str = "";
/// doc
pub const DOC_GROUP_MEAN: &str = "";
/// est
pub struct Mean;
impl Estimator for Mean {
    fn needs(&self) -> Needs {
        unreachable!()
    }
    fn fit(&self, _: &Samples, _: &str, _: &Context) -> Result<Box<dyn Model>> {
        unreachable!()
    }
}
/// est
pub struct GroupMean;
impl Estimator for GroupMean {
    fn needs(&self) -> Needs {
        unreachable!()
    }
    fn fit(&self, _: &Samples, _: &str, _: &Context) -> Result<Box<dyn Model>> {
        unreachable!()
    }
}
/// l
/// # Errors
/// e
pub fn load(_: &[u8]) -> Result<Box<dyn Model>> {
    unreachable!()
}
