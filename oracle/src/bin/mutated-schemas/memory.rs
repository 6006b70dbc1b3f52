//! Counts the bytes in use, and refuses to go beyond a bound.
//!
//! **Out:** [`Counting`] as the global allocator; [`reset_peak`] and [`peak`].
//!
//! **Never here:** what is too much for a case (`laws`).
//!
//! **Holds:** beyond [`BOUND`] an allocation fails, which ends the process: the machine never swaps.

#![expect(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; each call goes to `System` as it came"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// More than this is never given out.
const BOUND: usize = 3 << 30;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count.
pub(crate) struct Counting;

// SAFETY: every block comes from `System` with the layout asked for, and goes back with the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        if live > BOUND {
            LIVE.fetch_sub(layout.size(), Relaxed);
            return std::ptr::null_mut();
        }
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the block came from `System` with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

/// From here on the peak is counted anew. Returns what is in use.
pub(crate) fn reset_peak() -> usize {
    let live = LIVE.load(Relaxed);
    PEAK.store(live, Relaxed);
    live
}

/// The most bytes in use since the last reset.
pub(crate) fn peak() -> usize {
    PEAK.load(Relaxed)
}
