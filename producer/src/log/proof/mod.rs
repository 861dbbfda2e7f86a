//! Proofs: the log against a few lines that say what it means, on a disk that loses what was not
//! synced. Each has a control: a fault under which it must fail.

mod damage;
mod errors;
pub(crate) mod foreign;
mod histories;
mod life;
mod model;
mod power;
mod samples;
pub(crate) mod simulated;

use std::cell::Cell;

use super::entry::Entry;

thread_local! {
    static FORGETS_PRODUCERS: Cell<bool> = const { Cell::new(false) };
}

/// A planted fault: frames say nothing of producers.
pub(super) fn is_forgotten(entry: &Entry) -> bool {
    FORGETS_PRODUCERS.get() && matches!(entry, Entry::Producer { .. })
}

/// Runs `check` on this thread with that fault.
pub(crate) fn forgetting_producers<T>(check: impl FnOnce() -> T) -> T {
    FORGETS_PRODUCERS.set(true);
    let checked = check();
    FORGETS_PRODUCERS.set(false);
    checked
}
