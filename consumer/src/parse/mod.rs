//! Blocks of lines → columns; what cannot be read goes aside, with its reason.
//!
//! In: [`Block`](crate::fetch::Block). Out: [`Rows`] of a [`Reader`], which has just the columns that
//! a job needs; or [`Batch`] of a [`Parser`], which has one field's values. Both stand in the order of
//! the lines.

#[cfg(test)]
mod agreement;
mod batch;
mod column;
mod csv;
mod digits;
mod format;
mod json;
mod keys;
mod moment;
mod object;
mod parser;
mod pieces;
#[cfg(test)]
mod proof;
mod reader;
mod rows;
mod scan;
mod string;
mod text;
mod workers;

pub use batch::{Batch, Reason, Reject, Rejected};
pub use column::Unreadable;
pub use format::{Csv, Format, Json, Timestamps};
pub use parser::Parser;
pub use reader::{Reader, Wanted};
pub use rows::Rows;
pub use workers::{Parse, Workers};
