//! Subscriptions: durable cursors over many streams, whose owners are woken when there is work, by a webhook or by a
//! record in a stream; by the Durable Streams protocol, below `/v1/stream/__ds`.
//!
//! In: requests, and which streams of the log have changed. Out: notes in the log, calls of webhooks, records that
//! wake.
//!
//! ```text
//!  requests ─▶ door ─▶ engine ─▶ notes (log)
//!  changes (log) ─────▶ book  ─▶ desk ─▶ courier ─▶ webhooks
//!                       state          ─▶ wake streams (log)
//! ```

mod ask;
mod book;
#[cfg(test)]
mod bounds;
mod courier;
mod desk;
mod door;
mod engine;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod histories;
mod kept;
mod key;
mod links;
mod made;
mod metrics;
mod pattern;
mod refused;
mod retry;
mod route;
mod settings;
mod state;
mod target;
mod wire;
#[cfg(test)]
mod world;

pub use self::key::copy_keys;
pub(crate) use self::{
    door::{Door, open},
    engine::Engine,
    key::Keys,
    settings::{Args, Options},
};
