//! What both services agree on: records, offsets, the wire; and how a service starts and stops.
//!
//! Everything outside [`service`] is pure: no clock, no I/O, no async runtime.

pub mod json;
pub mod limits;
pub mod name;
pub mod ndjson;
pub mod offset;
pub mod problem;
pub mod record;
pub mod service;
pub mod time;
pub mod token;
pub mod wire;
