//! How long work is carried: on the threads it was given, stopped when the user says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use esker_core::cube::{Blocks, Window};
use esker_core::{Context, Cube, Error, Fault, Result};

/// Does work on `cx.threads` threads. This is the only place that makes a pool, and work done there makes no other.
pub(crate) fn on_threads<T: Send>(cx: &Context, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(cx.threads)
        .build()
        .map_err(|e| Error::new(Fault::Usage, format!("{} threads", cx.threads)).got(e.to_string()).rule("they cannot be started"))?;
    pool.install(work)
}

/// The same cube, whose reading ends when the user stops the work: whoever writes it out then stops as on any other error, and leaves
/// nothing half-written.
pub(crate) fn stoppable(cube: &Cube, cx: &Context) -> Result<Cube> {
    watched(cube, cx, None)
}

/// As [`stoppable`], through a stage of [`STEPS`] steps that go with the cells read. The caller begins and ends the stage.
pub(crate) fn counted(cube: &Cube, cx: &Context) -> Result<Cube> {
    let total =
        cube.variables().iter().enumerate().filter(|(_, v)| !v.auxiliary).map(|(i, _)| cube.shape(i).iter().product::<usize>()).sum();
    watched(cube, cx, Some(Count { total, read: AtomicUsize::new(0) }))
}

/// Steps of the stage in which a cube is read through.
pub(crate) const STEPS: usize = 100;

fn watched(cube: &Cube, cx: &Context, count: Option<Count>) -> Result<Cube> {
    let cx = cx.clone();
    cube.rewrap(cube.axes().to_vec(), cube.variables().to_vec(), |inner| Arc::new(Watched { inner, cx, count }))
}

/// How many cells there are, and how many have been read.
struct Count {
    total: usize,
    read: AtomicUsize,
}

impl Count {
    /// The steps that reading some more cells makes; a cell that is read again makes none beyond the last.
    fn add(&self, cells: usize) -> usize {
        let before = self.read.fetch_add(cells, Ordering::Relaxed);
        let step = |read: usize| ((read as f64 / self.total.max(1) as f64).min(1.0) * STEPS as f64) as usize;
        step(before + cells) - step(before)
    }
}

struct Watched {
    inner: Arc<dyn Blocks>,
    cx: Context,
    count: Option<Count>,
}

impl Watched {
    fn step(&self, window: &Window) {
        let steps = self.count.as_ref().map_or(0, |c| c.add(window.len()));
        (0..steps).for_each(|_| self.cx.progress().step());
    }
}

impl Blocks for Watched {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        self.cx.check()?;
        let values = self.inner.read(variable, window)?;
        self.step(window);
        Ok(values)
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        self.cx.check()?;
        let texts = self.inner.read_texts(variable, window)?;
        self.step(window);
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use esker_core::cube::{Attributes, Axis, AxisKind, Holds, Variable};
    use esker_core::{Silent, Unit};

    use super::*;

    struct Ones;

    impl Blocks for Ones {
        fn read(&self, _: usize, window: &Window) -> Result<Vec<f64>> {
            Ok(vec![1.0; window.len()])
        }
    }

    #[test]
    fn a_stopped_writer_leaves_the_file_that_was_there() {
        let v = Variable {
            name: "v".into(),
            unit: Unit::default(),
            axes: vec![0],
            chunk: vec![2],
            holds: Holds::Numbers,
            stored: String::new(),
            attributes: Attributes::default(),
            auxiliary: false,
        };
        let cube = Cube::new(vec![Axis::real("x", AxisKind::X, "m", vec![0.0, 1.0])], vec![v], Arc::new(Ones)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nc");
        std::fs::write(&path, "before").unwrap();
        let cx = Context::new(0, 1).watched(Arc::new(Silent), Arc::new(AtomicBool::new(true)));
        let stopped = esker_io::write_data(&path, &esker_io::Data::Cube(stoppable(&cube, &cx).unwrap()), "");
        assert_eq!(stopped.unwrap_err().fault, Fault::Cancelled);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
