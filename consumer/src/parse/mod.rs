//! Blocks of lines → columns; what cannot be read goes aside, with its reason.
//!
//! In: [`Block`](crate::fetch::Block). Out: [`Rows`], of just the columns that a job needs, in the
//! order of the lines.

#[cfg(test)]
pub(crate) mod agreement;
mod column;
mod csv;
mod digits;
mod json;
mod keys;
mod moment;
mod object;
mod pieces;
#[cfg(test)]
mod proof;
mod reader;
mod reject;
mod rows;
mod scan;
mod string;
mod text;
mod workers;

pub use crate::plan::{Csv, Format, Json, Timestamps};
pub use column::Unreadable;
pub use reader::{Reader, Wanted};
pub use reject::{Reason, Reject, Rejected};
pub use rows::Rows;
pub use workers::{Parse, Workers};
