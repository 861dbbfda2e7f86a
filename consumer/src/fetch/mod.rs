//! Bytes in: from a URL, over connections that break and come back, to blocks of whole lines.
//!
//! In: a [`Source`]. Out: [`Fetched`], in the order of the stream; a record comes whole, and where
//! the server can resume, exactly once.

mod answer;
mod block;
mod body;
mod connection;
mod events;
mod excerpt;
mod frame;
mod lines;
mod opening;
mod passed_over;
mod reader;
mod request;
mod structure;
mod values;

pub use block::{Block, Content, Place};
pub use connection::{Ended, Patience};
pub use reader::{Source, stream};

/// What comes from a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    /// A server answered with the stream.
    Connected {
        /// It did so before.
        again: bool,
    },
    /// There is no connection any more, or no answer yet.
    Lost,
    /// Records are missing or begin again here: what follows does not continue what came before.
    Anew,
    /// Records.
    Block(Block),
    /// Nothing follows.
    Ended(Ended),
}
