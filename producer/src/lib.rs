//! Takes records in, keeps them in a bounded ordered log, and streams them over HTTP.
//!
//! ```text
//! POST, sources → ingest ─▶ log ─▶ stream → NDJSON, SSE
//! ```

mod access;
pub mod config;
mod cross_origin;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod ingest;
mod log;
mod openapi;
mod query;
mod requests;
mod service;
#[cfg(test)]
mod simulation;
mod stream;
mod subscription;

pub use access::{CannotIssue, Issued, New, issue};
pub use log::{CannotOpen, Inspection, Repaired, inspect, repair};
pub use service::{CannotServe, serve};
pub use subscription::copy_keys;
