//! Why a job cannot go on.

use std::io;

use arrow::error::ArrowError;
use datafusion_common::DataFusionError;

use crate::{fetch::Ended, parse::Unreadable, transform};

/// Why a job cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A step cannot go on.
    #[error(transparent)]
    Task(#[from] transform::Error),
    /// A record makes a row that a step cannot go on with.
    #[error("record {record}")]
    Record {
        /// Where it stands, and in which stream.
        record: String,
        /// Why not.
        source: Box<transform::Error>,
    },
    /// Rows cannot be shared out by their keys.
    #[error("cannot share out rows by their keys")]
    Keys(#[from] DataFusionError),
    /// Columns do not fit together.
    #[error(transparent)]
    Columns(#[from] ArrowError),
    /// A table's columns cannot be read.
    #[error("cannot read table '{table}'")]
    Unreadable {
        /// Which.
        table: String,
        /// Why not.
        source: Unreadable,
    },
    /// A table has no place that can be read from.
    #[error("cannot read table '{table}': {why}")]
    Source {
        /// Which.
        table: String,
        /// Why not.
        why: String,
    },
    /// A table's rows do not come any more.
    #[error("cannot read table '{table}'")]
    Stream {
        /// Which.
        table: String,
        /// Why not.
        source: Ended,
    },
    /// A stream said that what it had given was not all there was.
    #[error(
        "'{0}' lost records on the way and gives them again, and what was computed from them cannot \
         be taken back: start the job again"
    )]
    Contradicted(String),
    /// Rows cannot be written to a table.
    #[error("cannot write to {table}")]
    Sink {
        /// Which.
        table: String,
        /// Why not.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// The file of rejects cannot be appended to.
    #[error("cannot append dead letters to {path}")]
    DeadLetters {
        /// Which file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// Another part of the job has gone, and says why.
    #[error("another part of the job has ended")]
    Gone,
    /// A part of the job has panicked.
    #[error("a part of the job has panicked")]
    Panicked,
}
