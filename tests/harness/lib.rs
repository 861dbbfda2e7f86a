//! Starts the real services for tests, benchmarks and the demo, and stands in for everybody they
//! meet: clients, foreign servers, a bad network, a browser.
//!
//! Nothing here links to a service: they are met as their users meet them, on the command line and
//! on the wire. Whatever is waited for is waited for by an event, and never beyond [`PATIENCE`].

use std::{
    thread,
    time::{Duration, Instant},
};

pub mod auctions;
pub mod bids;
pub mod binaries;
pub mod browser;
pub mod certificates;
pub mod curl;
pub mod foreign;
pub mod frames;
pub mod hook;
pub mod http;
pub mod lines;
pub mod memory;
pub mod npm;
pub mod proxy;
pub mod python;
pub mod service;
pub mod tokens;
pub mod tool;

pub use service::{Service, consumer, producer};

/// How long anything may take before it counts as never. Far more than it needs on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Looks again and again whether something is so, of which nobody tells; whether it came to be so.
#[must_use]
pub fn eventually(mut is_so: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > PATIENCE {
            return false;
        }
        thread::yield_now();
    }
    true
}
