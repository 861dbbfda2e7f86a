//! Why a stream was not read as asked, and the exit code that says so.

use std::{io, net::SocketAddr};

use common::service::settings::Exit;

use crate::{fetch::Ended, run::Failure};

/// Why the consumer stops before it has done what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stream was too short.
    #[error("the stream ended after {records} of the {wanted} records that were asked for")]
    Short {
        /// How many records were read.
        records: u64,
        /// How many were asked for.
        wanted: u64,
    },
    /// It was told to stop before that.
    #[error("stopped after {records} of the {wanted} records that were asked for")]
    Stopped {
        /// How many records were read.
        records: u64,
        /// How many were asked for.
        wanted: u64,
    },
    /// The stream cannot be read.
    #[error("cannot read the stream")]
    Stream(#[source] Ended),
    /// Nothing can be read.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The file of rejects cannot be appended to.
    #[error("cannot append dead letters to {path}")]
    DeadLetters {
        /// Which file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a parsing thread")]
    Workers(#[source] io::Error),
    /// Results cannot be written.
    #[error("cannot write results")]
    Output(#[source] io::Error),
    /// Anything else.
    #[error("the job cannot go on")]
    Job(#[source] Failure),
}

impl Error {
    /// How the process exits.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::DeadLetters { .. } => Exit::Config,
            Self::Short { .. }
            | Self::Stopped { .. }
            | Self::Stream(_)
            | Self::Client(_)
            | Self::Listen { .. }
            | Self::Workers(_)
            | Self::Output(_)
            | Self::Job(_) => Exit::Unavailable,
        }
    }
}
