//! Blocks of lines → batches of one field's values; what has none goes aside, with its reason.
//!
//! In: [`Block`](crate::fetch::Block). Out: [`Batch`], whose values stand in the order of the lines.

mod batch;
mod format;
mod parser;
mod workers;

pub use batch::{Batch, Reason, Reject};
pub use format::{Csv, Format, Json, Timestamps};
pub use parser::Parser;
pub use workers::Workers;
