//! Rejects are kept in a file, as NDJSON, so that they can be looked at, mended and sent again.
//! The file is appended to, and never grows beyond its bound.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::text;
use crate::transform::Rejected;

/// What is held back until it is written, at the most.
const BUFFER_BYTES: usize = 64 * 1024;

/// The file of rejects.
#[derive(Debug)]
pub struct DeadLetters {
    file: File,
    path: PathBuf,
    bytes: u64,
    bytes_max: u64,
    /// How many found no room, or could not be written.
    dropped: u64,
    buffer: Vec<u8>,
}

impl DeadLetters {
    /// Opens or creates the file at `path`.
    ///
    /// # Errors
    /// It cannot be appended to.
    pub fn open(path: &Path, bytes_max: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            bytes: file.metadata()?.len(),
            file,
            path: path.to_owned(),
            bytes_max,
            dropped: 0,
            buffer: Vec::new(),
        })
    }

    /// Keeps rejects, and says how many it could not keep: they are lost, for the stream is worth
    /// more than its rejects.
    pub fn keep<'a>(&mut self, rejects: impl Iterator<Item = Rejected<'a>>) -> u64 {
        let dropped = self.dropped;
        for reject in rejects {
            self.letter(&reject);
            if self.buffer.len() > BUFFER_BYTES {
                self.flush();
            }
        }
        self.flush();
        self.dropped - dropped
    }

    /// Says how many could not be kept at all.
    pub fn finish(&self) {
        if self.dropped > 0 {
            tracing::warn!(
                "{} rejects are not in {}",
                self.dropped,
                self.path.display()
            );
        }
    }

    fn flush(&mut self) {
        if let Err(error) = self.file.write_all(&self.buffer) {
            let letters = common::ndjson::count(&self.buffer);
            self.drop(letters as u64, &error.to_string());
        }
        self.buffer.clear();
    }

    fn letter(&mut self, reject: &Rejected<'_>) {
        let out = &mut self.buffer;
        let from = out.len();
        out.extend_from_slice(b"{\"source\":");
        text::quoted(out, reject.origin.url.as_bytes());
        out.extend_from_slice(b",\"offset\":");
        match &reject.offset {
            Some(offset) => text::quoted(out, offset.as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"reason\":");
        text::quoted(out, reject.reason.name().as_bytes());
        out.extend_from_slice(b",\"text\":");
        text::quoted(out, reject.line);
        out.extend_from_slice(b"}\n");
        let bytes = (out.len() - from) as u64;
        if self.bytes + bytes > self.bytes_max {
            out.truncate(from);
            self.drop(1, "it is full");
        } else {
            self.bytes += bytes;
        }
    }

    fn drop(&mut self, letters: u64, why: &str) {
        if self.dropped == 0 {
            tracing::warn!(
                "rejects are no longer kept in {}: {why}",
                self.path.display()
            );
        }
        self.dropped += letters;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::parse::{
        Rows,
        agreement::{block, reader},
    };

    fn batch() -> Rows {
        let mut batch = reader(&[]).parse(block(b"x\"\xff\n"));
        Arc::make_mut(&mut batch.origin).url = "http://h/".to_owned();
        batch
    }

    const LETTER: &str = "{\"source\":\"http://h/\",\"offset\":null,\"reason\":\"not_json\",\"text\":\"x\\\"\u{fffd}\"}\n";

    #[test]
    fn the_file_is_appended_to_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        for (run, kept, dropped) in [(0, 1, 1), (1, 2, 0), (2, 2, 2)] {
            let room = if run == 0 { 1 } else { 2 };
            let bytes_max = (LETTER.len() * room + 1) as u64;
            let mut letters = DeadLetters::open(&path, bytes_max).unwrap();
            let mut lost = letters.keep(batch().rejected());
            if run != 1 {
                lost += letters.keep(batch().rejected());
            }
            assert_eq!(lost, dropped, "run {run}");
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                LETTER.repeat(kept),
                "run {run}"
            );
        }
    }
}
