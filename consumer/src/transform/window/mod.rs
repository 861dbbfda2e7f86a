//! Windows of time: rows → what they come to by window and key.
//!
//! A row is late when the windows it would be in are closed, not when its time is behind the
//! watermark. A closed window never opens again. Lengths and times are in milliseconds.

mod aligned;
mod assign;
mod attached;
mod emit;
mod leaving;
mod panes;
mod session;
mod sessions;
mod timed;
mod windowed;
mod zone;

pub(super) use assign::{Assign, Assigned};
pub(super) use attached::Attached;
pub(super) use session::SessionWindowed;
pub(super) use timed::{Moment, Timed};
pub(super) use windowed::Windowed;
pub(super) use zone::Local;
