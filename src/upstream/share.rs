//! Says to which share of a pool a thread belongs.
//!
//! **In:** a worker thread that tells its number. **Out:** the share of whoever asks.
//!
//! **Never here:** threads (`server::workers` starts them), what a share holds (`pool`).
//!
//! **Holds:** a worker keeps its number for life, so what it keeps in a share is driven by its own
//! runtime. All threads that are no workers have one share together, the first.

use std::cell::Cell;

thread_local! {
    static SHARE: Cell<usize> = const { Cell::new(0) };
}

/// From here on this thread has a share of its own; workers count from 0.
pub fn this_thread_is_worker(number: usize) {
    SHARE.set(number + 1);
}

/// The share of this thread, among those of so many workers.
pub(super) fn of_this_thread(n_workers: usize) -> usize {
    match SHARE.get() {
        share if share <= n_workers => share,
        // A worker of another gateway in this process.
        _ => 0,
    }
}

/// How many shares there are for so many workers.
pub(super) fn count(n_workers: usize) -> usize {
    n_workers + 1
}
