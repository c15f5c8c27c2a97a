//! What a piece of work may know of the outside: seed, threads, progress, cancel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, Result, Rng};

/// Hears how far the work is. Implementations are called from several threads.
pub trait Progress: Send + Sync {
    /// A stage of `total` steps begins.
    fn begin(&self, stage: &str, total: usize);
    /// One step of the current stage is done.
    fn step(&self);
    /// The current stage is over.
    fn end(&self);
}

/// Progress that nobody hears.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &str, _total: usize) {}
    fn step(&self) {}
    fn end(&self) {}
}

/// Carried through all work. There is no global state beside it.
#[derive(Clone)]
pub struct Context {
    /// Random streams start here; fork it by label, never draw from it directly.
    pub rng: Rng,
    /// Threads to use, at least 1. Results never depend on it.
    pub threads: usize,
    progress: Arc<dyn Progress>,
    cancel: Arc<AtomicBool>,
}

impl Context {
    /// A context without progress, for `threads` threads.
    pub fn new(seed: u64, threads: usize) -> Self {
        Self { rng: Rng::new(seed), threads: threads.max(1), progress: Arc::new(Silent), cancel: Arc::new(AtomicBool::new(false)) }
    }

    /// The same context with progress heard and a flag that stops the work.
    #[must_use]
    pub fn watched(mut self, progress: Arc<dyn Progress>, cancel: Arc<AtomicBool>) -> Self {
        self.progress = progress;
        self.cancel = cancel;
        self
    }

    /// The same context with the random streams of `label` and `index`, for one part of the work.
    #[must_use]
    pub fn fork(&self, label: &str, index: u64) -> Self {
        Self { rng: self.rng.fork(label, index), ..self.clone() }
    }

    /// Who hears the progress.
    pub fn progress(&self) -> &dyn Progress {
        &*self.progress
    }

    /// Stops here if the user asked for it; long loops call this often.
    ///
    /// # Errors
    /// The user stopped the work.
    pub fn check(&self) -> Result<()> {
        if self.cancel.load(Ordering::Relaxed) { Err(Error::cancelled()) } else { Ok(()) }
    }
}
