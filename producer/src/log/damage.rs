//! What is wrong with a directory, or with what of it is read.

use std::io;

/// A damaged directory, which is left as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Damage {
    #[error("cannot use it: {0}")]
    Io(#[from] io::Error),
    #[error("{file}, byte {at}: {what}, and there are valid frames after it")]
    Frame {
        file: String,
        at: usize,
        what: &'static str,
    },
    #[error("{file}: {what}")]
    File { file: String, what: &'static str },
}

impl Damage {
    /// Whether what is there could not be read this time, which does not say that it is damaged.
    pub(super) fn is_unread(&self) -> bool {
        use io::ErrorKind::{InvalidData, IsADirectory, NotADirectory, NotFound, UnexpectedEof};
        let is_of_content = |error: &io::Error| {
            matches!(
                error.kind(),
                InvalidData | IsADirectory | NotADirectory | NotFound | UnexpectedEof
            )
        };
        matches!(self, Self::Io(error) if !is_of_content(error))
    }
}
