//! How a service starts, listens, says how it is, and stops. The one part of this crate that waits.

pub mod edge;
pub mod files;
pub mod health;
pub mod heap;
pub mod listen;
pub mod reply;
pub mod seconds;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod tls;

mod connection;
mod opening;
mod owner;
mod pinned;
mod stall;
mod streams;
