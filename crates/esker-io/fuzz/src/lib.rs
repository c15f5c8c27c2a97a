//! The fuzz targets, and what is a finding: a panic that leaves a reader, not one that a reader catches, and memory out of all proportion.

pub mod targets;

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// Most bytes asked for at once. Zeroed memory that is never touched does not show in what the process holds.
const MOST_BYTES: usize = 600 << 20;

struct Bounded;

#[global_allocator]
static BOUNDED: Bounded = Bounded;

impl Bounded {
    fn check(size: usize) {
        if size > MOST_BYTES {
            eprintln!("{size} bytes of memory asked for at once");
            std::process::abort();
        }
    }
}

// SAFETY: all of it is the system's allocator; sizes are looked at, no more.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::check(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::check(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::check(size);
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

static LAST: Mutex<String> = Mutex::new(String::new());

/// Keeps what a panic says instead of ending the process: readers make errors of the panics of libraries.
pub fn keep_panics() {
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut last) = LAST.lock() {
            *last = info.to_string();
            if std::env::var_os("ESKER_FUZZ_TRACE").is_some() {
                *last = format!("{last}\n{}", std::backtrace::Backtrace::force_capture());
            }
        }
    }));
}

/// Runs a target and ends the process where it panics.
pub fn run(target: fn(&[u8]), bytes: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| target(bytes))).is_err() {
        eprintln!("{}", LAST.lock().map(|l| l.clone()).unwrap_or_default());
        std::process::abort();
    }
}
