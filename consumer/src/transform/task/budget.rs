//! How much memory the state of all steps may take, whatever number of tasks they are spread over.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

/// How much memory the state of all steps may take. It is looked at behind each batch, so a batch can
/// take more for a moment: a table that is full grows to twice its size.
#[derive(Debug)]
pub struct Budget {
    pub(super) bytes_max: usize,
    /// The name of the setting that says so, for the error.
    pub(super) setting: &'static str,
    /// How much all tasks take.
    bytes: AtomicUsize,
    /// How much of that each step takes. The tasks are of one dataflow.
    of_steps: OnceLock<Box<[AtomicUsize]>>,
}

impl Budget {
    /// So many bytes, as `setting` says.
    #[must_use]
    pub const fn new(bytes_max: usize, setting: &'static str) -> Self {
        Self {
            bytes_max,
            setting,
            bytes: AtomicUsize::new(0),
            of_steps: OnceLock::new(),
        }
    }

    /// The steps of a task take so much each now, and took `before`. Returns how much all take.
    pub(super) fn takes(&self, now: impl Iterator<Item = usize>, before: &mut [usize]) -> usize {
        let none = || before.iter().map(|_| AtomicUsize::new(0)).collect();
        let of_steps = self.of_steps.get_or_init(none);
        let mut change = 0_usize;
        for ((now, before), all) in now.zip(before).zip(of_steps) {
            let of_step = now.wrapping_sub(std::mem::replace(before, now));
            if of_step != 0 {
                all.fetch_add(of_step, Ordering::Relaxed);
            }
            change = change.wrapping_add(of_step);
        }
        let all = self.bytes.fetch_add(change, Ordering::Relaxed);
        all.wrapping_add(change)
    }

    /// The number of the step that takes most in all tasks, and how much that is.
    pub(super) fn largest(&self) -> (usize, usize) {
        let of_steps = self.of_steps.get().into_iter().flatten();
        let of_steps = of_steps.map(|bytes| bytes.load(Ordering::Relaxed));
        let largest = of_steps.enumerate().max_by_key(|(_, bytes)| *bytes);
        largest.unwrap_or_default()
    }
}
