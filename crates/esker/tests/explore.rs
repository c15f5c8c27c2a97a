//! Exploring is stopped without a trace.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use esker::{Context, Explored, Fault, ReadOptions, Silent};

#[test]
fn a_stopped_exploration_leaves_the_page_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (table, page) = (folder.path().join("t.csv"), folder.path().join("t.html"));
    std::fs::write(&table, "a,b\n1,2\n3,5\n4,4\n").unwrap();
    std::fs::write(&page, "before").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let cx = Context::new(0, 1).watched(Arc::new(Silent), Arc::clone(&stop));
    let explored = Explored::read(&table, &ReadOptions::default(), &cx).unwrap();
    stop.store(true, Ordering::Relaxed);
    assert_eq!(explored.write(&page, &cx).unwrap_err().fault, Fault::Cancelled);
    let stopped = Explored::read(&table, &ReadOptions::default(), &cx).map(|_| ()).unwrap_err();
    assert_eq!(stopped.fault(), Fault::Cancelled);
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
