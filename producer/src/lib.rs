//! Takes records in, keeps them in a bounded ordered log, and streams them over HTTP.
//!
//! ```text
//! POST, sources → ingest ─▶ log ─▶ stream → NDJSON, SSE
//! ```

pub mod config;
mod cross_origin;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod ingest;
mod log;
mod service;
#[cfg(test)]
mod simulation;
mod stream;

pub use log::{CannotOpen, Inspection, Repaired, inspect, repair};
pub use service::{CannotServe, serve};
