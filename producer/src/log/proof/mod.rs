//! Proofs: the log against a few lines that say what it means, on a disk that loses what was not
//! synced. Each has a control: a fault under which it must fail.

mod audience;
mod compared;
mod damage;
mod errors;
pub(crate) mod foreign;
mod forks;
mod histories;
mod life;
mod model;
mod operation;
mod past;
mod power;
mod samples;
pub(crate) mod simulated;

use std::cell::Cell;

use super::entry::Entry;

thread_local! {
    static FORGETS_PRODUCERS: Cell<bool> = const { Cell::new(false) };
    static TRUSTS_ITS_DISK: Cell<bool> = const { Cell::new(false) };
    static FORGETS_PINS: Cell<bool> = const { Cell::new(false) };
}

/// A planted fault: frames say nothing of producers.
pub(super) fn is_forgotten(entry: &Entry) -> bool {
    FORGETS_PRODUCERS.get() && matches!(entry, Entry::Producer { .. })
}

/// Another one: pieces are taken to be as they were written.
pub(super) fn is_trusted() -> bool {
    TRUSTS_ITS_DISK.get()
}

/// And one more: nobody notes what forks need.
pub(super) fn is_unpinned() -> bool {
    FORGETS_PINS.get()
}

/// Runs `check` on this thread with the first fault.
pub(crate) fn forgetting_producers<T>(check: impl FnOnce() -> T) -> T {
    FORGETS_PRODUCERS.set(true);
    let checked = check();
    FORGETS_PRODUCERS.set(false);
    checked
}

/// Runs `check` on this thread with the last fault.
fn forgetting_pins<T>(check: impl FnOnce() -> T) -> T {
    FORGETS_PINS.set(true);
    let checked = check();
    FORGETS_PINS.set(false);
    checked
}

/// Runs `check` on this thread with the other one.
fn trusting_the_disk<T>(check: impl FnOnce() -> T) -> T {
    TRUSTS_ITS_DISK.set(true);
    let checked = check();
    TRUSTS_ITS_DISK.set(false);
    checked
}
