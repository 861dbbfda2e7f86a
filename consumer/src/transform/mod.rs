//! Changes of rows → changes of results, step by step as a job's dataflow says. Pure: no clock, no I/O,
//! no waiting.
//!
//! In: record batches, each of one [`Origin`], watermarks and ticks. Out: [`Changes`] by sink.

mod aggregate;
mod average;
mod averages;
mod build;
mod chain;
mod changes;
mod compact;
mod error;
mod expiry;
mod expression;
mod group;
mod join;
mod known;
mod numbers;
mod operator;
mod over;
mod rank;
mod repeat;
mod running;
mod slots;
mod state;
mod stateless;
mod store;
mod task;
mod until;
mod watermarks;
mod window;

/// Rejects go past all steps to where they are written.
pub use crate::parse::Rejected;
pub use average::Answer;
pub use averages::answers;
pub use chain::{Chain, Chained};
pub use changes::{Changes, Op};
pub use error::{Error, Fault, Uncomputed};
pub use operator::{BEGINNING, Counts, END, Event, Operator, Origin, Out, Progress, Void};
pub use state::State;
pub use task::{Budget, Outputs, Report, Settings, Task};
pub(crate) use watermarks::least;

#[cfg(test)]
pub(crate) mod proof;
