//! Bytes in: from a URL, over connections that break and come back, to blocks of whole lines.
//!
//! In: a [`Source`], which is one stream, or a topic: then all of its partitions are read side by
//! side. Out: [`Fetched`], in the order of each stream; a record comes whole, and where the server
//! can resume, exactly once.

mod answer;
mod block;
mod body;
mod connection;
mod count;
mod events;
mod files;
mod found;
mod frame;
#[cfg(any(test, fuzzing))]
mod fuzzing;
mod lag;
mod lines;
mod mark;
mod opening;
mod packed;
mod partitions;
mod passed_over;
mod progress;
mod reader;
mod request;
mod structure;
mod told;
mod topic;
mod trace;
mod values;

pub use block::{Block, Content, Origin, Place};
pub use connection::{Ended, Patience};
pub use files::{FileSource, Files};
pub use lag::Lag;
pub use partitions::{Source, open};

/// What comes from a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    /// So many streams are read from now on. Told once, before all else, and of a topic only.
    Partitions(usize),
    /// A server answered with the stream.
    Connected {
        /// It did so before.
        again: bool,
    },
    /// There is no connection any more, or no answer yet.
    Lost,
    /// Records are missing or begin again here: what follows does not continue what came before.
    Anew,
    /// What came since the last block that was proved may not be all there was, and comes again.
    Again,
    /// Records.
    Block(Block),
    /// How far the stream is ahead of its reader.
    Lag(Lag),
    /// Nothing follows.
    Ended(Ended),
}
