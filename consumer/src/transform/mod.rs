//! Batches of values → the running average. Pure: no clock, no I/O, no waiting.
//!
//! In: [`Batch`](crate::parse::Batch). Out: [`Update`].

mod average;

pub use average::{Answer, Average, Update};
