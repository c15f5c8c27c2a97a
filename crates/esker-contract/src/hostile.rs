//! Damaged bytes: whatever a stranger's file holds, a reader refuses it or copes; it never panics and never hangs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use esker_core::Rng;

/// No honest answer to a small file takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Calls `attempt` with truncated, flipped, lengthened and random bytes, and panics with the damage that it could not bear.
pub(crate) fn hostile(name: &str, bytes: &[u8], attempt: &dyn Fn(&[u8])) {
    assert!(!bytes.is_empty(), "{name}: there are no bytes to damage");
    for (what, damaged) in damages(bytes) {
        let what = format!("{name}: {what} of {} bytes", bytes.len());
        let outcome = watched(&what, || catch_unwind(AssertUnwindSafe(|| attempt(&damaged))));
        assert!(outcome.is_ok(), "{what}: it panicked; damaged bytes are refused with an error");
    }
}

/// The damages tried: every short length and some longer ones, one bit in many places, and noise.
fn damages(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let n = bytes.len();
    let mut all = Vec::new();
    for length in places(n, 40, 40) {
        all.push((format!("cut after byte {length}"), bytes[..length].to_vec()));
    }
    for (i, at) in places(n, 100, 150).into_iter().enumerate() {
        for bit in [i % 8, 7] {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << bit;
            all.push((format!("bit {bit} of byte {at} flipped"), flipped));
        }
    }
    let mut rng = Rng::new(1).fork("noise", 0);
    for length in [1, 7, 64, 1000] {
        all.push((format!("{length} bytes of noise instead"), (0..length).map(|_| rng.bits() as u8).collect()));
        all.push((format!("{length} bytes 255 instead"), vec![255; length]));
        all.push((format!("{length} bytes more"), bytes.iter().copied().chain((0..length).map(|_| rng.bits() as u8)).collect()));
    }
    all
}

/// The first `dense` positions, then `sparse` more spread over the rest.
fn places(n: usize, dense: usize, sparse: usize) -> Vec<usize> {
    let mut at: Vec<usize> = (0..n.min(dense)).chain((0..sparse).map(|i| i * n / sparse)).collect();
    at.sort_unstable();
    at.dedup();
    at
}

/// Ends the process with a message if `work` hangs: a thread cannot be stopped from outside.
pub(crate) fn watched<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (done, wait) = channel::<()>();
    let name = what.to_owned();
    let dog = std::thread::spawn(move || {
        if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{name}: no answer after {} s", PATIENCE.as_secs());
            std::process::abort();
        }
    });
    let out = work();
    drop(done);
    dog.join().expect("the watching thread only waits");
    out
}
