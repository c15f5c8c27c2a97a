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

/// Work as a stage of its own in the progress; a stage of one step is a step when it is done.
pub(crate) fn stage<T, E>(cx: &Context, name: &str, steps: usize, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    cx.progress().begin(name, steps);
    let done = work();
    if steps == 1 {
        cx.progress().step();
    }
    cx.progress().end();
    done
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

/// Cells of whole chunks that are read between two looks at whether the user says stop: a part of a second's decoding.
const AT_ONCE: usize = 1 << 25;

fn watched(cube: &Cube, cx: &Context, count: Option<Count>) -> Result<Cube> {
    let cx = cx.clone();
    let chunks = cube.variables().iter().map(|v| v.chunk.clone()).collect();
    cube.rewrap(cube.axes().to_vec(), cube.variables().to_vec(), |inner| Arc::new(Watched { inner, cx, chunks, count }))
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
    /// The chunk of each variable.
    chunks: Vec<Vec<usize>>,
    count: Option<Count>,
}

impl Watched {
    fn step(&self, window: &Window) {
        let steps = self.count.as_ref().map_or(0, |c| c.add(window.len()));
        (0..steps).for_each(|_| self.cx.progress().step());
    }

    /// Reads a window in parts of whole chunks, with a look at whether to stop before each.
    fn in_parts<T: Clone + Default>(&self, variable: usize, window: &Window, read: impl Fn(&Window) -> Result<Vec<T>>) -> Result<Vec<T>> {
        let parts = parts(window, &self.chunks[variable]);
        let one = |part: &Window| {
            self.cx.check()?;
            let values = read(part)?;
            self.step(part);
            Ok(values)
        };
        if parts.len() < 2 {
            return one(window);
        }
        let mut all = vec![T::default(); window.len()];
        for part in &parts {
            window.place(part, &one(part)?, &mut all);
        }
        Ok(all)
    }
}

/// A window in parts of whole chunks, of which at most about [`AT_ONCE`] cells are decoded for each: chunks are joined along the fastest axes while
/// they are small.
fn parts(window: &Window, chunk: &[usize]) -> Vec<Window> {
    let mut step: Vec<usize> = chunk.iter().map(|&c| c.max(1)).collect();
    for d in (0..step.len()).rev() {
        let fit = AT_ONCE / step.iter().product::<usize>();
        if fit < 2 {
            break;
        }
        step[d] = (step[d] * fit).min(window.0[d].end.max(1).next_multiple_of(step[d]));
    }
    window.blocks(&step)
}

impl Blocks for Watched {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        self.in_parts(variable, window, |part| self.inner.read(variable, part))
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        self.in_parts(variable, window, |part| self.inner.read_texts(variable, part))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use esker_core::cube::{Attributes, Axis, AxisKind, Holds, Variable};
    use esker_core::{Silent, Unit};

    use super::*;

    /// Every cell holds its number, and some reading asks to stop.
    struct Numbers {
        shape: Vec<usize>,
        reads: Arc<AtomicUsize>,
        stop: Option<(usize, Arc<AtomicBool>)>,
    }

    impl Blocks for Numbers {
        fn read(&self, _: usize, window: &Window) -> Result<Vec<f64>> {
            let read = self.reads.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some((_, stop)) = self.stop.as_ref().filter(|(at, _)| *at == read) {
                stop.store(true, Ordering::Relaxed);
            }
            let (length, starts) = window.stretches(&self.shape);
            Ok(starts.iter().flat_map(|s| *s..s + length).map(|n| n as f64).collect())
        }
    }

    /// A cube of big chunks, how often it was read, and a context.
    fn big(stop_at: Option<usize>) -> (Cube, Arc<AtomicUsize>, Context) {
        let shape = vec![300, 600, 600];
        let v = Variable {
            name: "v".into(),
            unit: Unit::default(),
            axes: vec![0, 1, 2],
            chunk: vec![300, 400, 250],
            holds: Holds::Numbers,
            stored: String::new(),
            attributes: Attributes::default(),
            auxiliary: false,
        };
        let axes = ["t", "y", "x"].iter().zip(&shape).map(|(n, &len)| Axis::bare(*n, len)).collect();
        let (reads, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let blocks = Numbers { shape, reads: Arc::clone(&reads), stop: stop_at.map(|at| (at, Arc::clone(&stop))) };
        (Cube::new(axes, vec![v], Arc::new(blocks)).unwrap(), reads, Context::new(0, 1).watched(Arc::new(Silent), stop))
    }

    #[test]
    fn a_window_of_many_chunks_is_read_in_parts_and_stopped_between_them() {
        let window = Window(vec![7..8, 100..600, 0..600]);
        let (cube, reads, cx) = big(None);
        let whole = cube.read(0, &window).unwrap();
        assert_eq!(stoppable(&cube, &cx).unwrap().read(0, &window).unwrap(), whole);
        // 30 million cells a chunk: two rows of three.
        assert_eq!(reads.load(Ordering::Relaxed), 1 + 6);
        let within = Window(vec![0..300, 10..11, 10..11]);
        assert_eq!(stoppable(&cube, &cx).unwrap().read(0, &within).unwrap(), cube.read(0, &within).unwrap());
        assert_eq!(reads.load(Ordering::Relaxed), 1 + 6 + 2, "one chunk is read at once");
        let (cube, reads, cx) = big(Some(2));
        let stopped = stoppable(&cube, &cx).unwrap().read(0, &window).unwrap_err();
        assert_eq!((stopped.fault, reads.load(Ordering::Relaxed)), (Fault::Cancelled, 2));
    }

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
