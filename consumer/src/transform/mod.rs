//! Batches of values → the running average of one stream, or of a topic's. Pure: no clock, no I/O, no waiting.
//!
//! In: [`Batch`](crate::parse::Batch). Out: [`Update`].

mod average;
mod averages;
mod changes;

pub use average::{Answer, Average, Update};
pub use averages::Averages;
pub use changes::{Changes, Op};
