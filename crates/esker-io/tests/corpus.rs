//! The inputs that fuzzing found worth keeping, each through its target: whatever they hold, no reader may panic.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../fuzz/src/targets.rs"]
mod targets;

/// No honest answer to a few kB takes longer, on a slow machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn every_kept_input_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in targets::ALL {
        let mut kept: Vec<_> = fs::read_dir(corpus.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        kept.sort();
        assert!(kept.len() >= 5, "{name}: a corpus of {} inputs", kept.len());
        for path in kept {
            let bytes = fs::read(&path).unwrap();
            let start = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
            assert!(outcome.is_ok(), "{}: it panicked", path.display());
            assert!(start.elapsed() < PATIENCE, "{}: it took {:?}", path.display(), start.elapsed());
        }
    }
}
