//! Windows that are the same for all keys. Each is made of panes, which do not overlap: rows are
//! aggregated once by pane, and panes are merged into windows.
//!
//! ```text
//! HOP, size 3 slides      │ p0 │ p1 │ p2 │ p3 │      windows end behind each pane
//!                         └─────[p0 p1 p2)              and hold the panes before it
//!                              └─────[p1 p2 p3)
//! CUMULATE, size 3 steps  [p0) [p0 p1) [p0 p1 p2) │ p3 …
//! ```

use std::time::Duration;

use crate::{
    plan::{WINDOW_MAX_MS, Window},
    transform::error::Fault,
};

/// How windows lie.
#[derive(Debug, Clone, Copy)]
pub(in crate::transform) struct Aligned {
    /// How long a pane is.
    pub(super) pane: i64,
    /// How long the longest window is.
    pub(super) size: i64,
    offset: i64,
    pub(super) is_cumulative: bool,
}

impl Aligned {
    /// Sessions are not aligned.
    pub(super) fn new(window: Window) -> Result<Self, Fault> {
        let (pane, size, offset, is_cumulative) = match window {
            Window::Tumble { size, offset } => (size, size, offset, false),
            Window::Hop {
                slide,
                size,
                offset,
            } => (slide, size, offset, false),
            Window::Cumulate { step, size, offset } => (step, size, offset, true),
            Window::Session { .. } => return Err(Fault::Unsupported("a session here".to_owned())),
        };
        let (pane, size) = (length(pane)?, length(size)?);
        if size % pane != 0 {
            let text = format!("a window of {size} ms in parts of {pane} ms");
            return Err(Fault::Unsupported(text));
        }
        let offset = offset.rem_euclid(size);
        Ok(Self {
            pane,
            size,
            offset,
            is_cumulative,
        })
    }

    /// Where the pane begins that a time is in.
    #[inline]
    pub(super) const fn pane_of(&self, time: i64) -> i64 {
        align(time, self.offset, self.pane)
    }

    /// Where the first window begins that a pane is in.
    pub(super) const fn base_of(&self, pane: i64) -> i64 {
        match self.is_cumulative {
            true => align(pane, self.offset, self.size),
            false => pane + self.pane - self.size,
        }
    }

    /// Where the last window ends that a pane is in.
    pub(super) const fn last_end(&self, pane: i64) -> i64 {
        match self.is_cumulative {
            true => self.base_of(pane) + self.size,
            false => pane + self.size,
        }
    }

    /// Where the window that ends there begins.
    pub(super) const fn start_of(&self, end: i64) -> i64 {
        match self.is_cumulative {
            true => self.base_of(end - self.pane),
            false => end - self.size,
        }
    }

    /// The ends of all windows that a pane is in.
    pub(super) fn ends(&self, pane: i64) -> impl Iterator<Item = i64> + use<> {
        let (step, last) = (self.pane, self.last_end(pane));
        (1..=(last - pane) / step).map(move |number| pane + number * step)
    }
}

/// The greatest border up to `time`.
const fn align(time: i64, offset: i64, length: i64) -> i64 {
    time - (time - offset).rem_euclid(length)
}

/// A length in milliseconds.
pub(super) fn length(of: Duration) -> Result<i64, Fault> {
    let is_any = (1..=u128::from(WINDOW_MAX_MS)).contains(&of.as_millis());
    let length = is_any.then(|| i64::try_from(of.as_millis()).ok()).flatten();
    length.ok_or_else(|| Fault::Unsupported(format!("a length of {of:?}")))
}
