//! `file:PATH`: replays a file of records, line by line, as they are.
//!
//! A broken line is given like any other: what a consumer makes of it is part of a replay. Blank
//! lines are passed over, and so are lines that are longer than a record may be (with a warning).

use std::{io, ops::ControlFlow, path::Path};

use common::{limits::RECORD_BYTES_MAX, ndjson, record::Batch};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::BATCH_BYTES;

#[derive(Debug)]
pub(super) struct File {
    lines: BufReader<tokio::fs::File>,
    line: Vec<u8>,
    number: u64,
}

impl File {
    pub(super) async fn open(path: &Path) -> io::Result<Self> {
        let file = tokio::fs::File::open(path).await?;
        Ok(Self {
            lines: BufReader::with_capacity(BATCH_BYTES, file),
            line: Vec::new(),
            number: 0,
        })
    }

    /// The next `records` lines at the most, and whether the file goes on after them.
    pub(super) async fn batch(&mut self, records: u64) -> io::Result<(Batch, ControlFlow<()>)> {
        let mut batch = Batch::default();
        while batch.records() < records && batch.bytes() < BATCH_BYTES {
            if !self.next_line().await? {
                return Ok((batch, ControlFlow::Break(())));
            }
            let line = self.line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            if let Err(bytes) = batch.push(line) {
                tracing::warn!(
                    line = self.number,
                    bytes,
                    "passed over a line: it is too long"
                );
            }
        }
        Ok((batch, ControlFlow::Continue(())))
    }

    /// Reads a line, of which no more is kept than tells that it is too long.
    async fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let bound = RECORD_BYTES_MAX as u64 + 2;
        let mut bounded = (&mut self.lines).take(bound);
        let read = bounded.read_until(ndjson::NEWLINE, &mut self.line).await?;
        self.number += 1;
        if read as u64 == bound && !self.line.ends_with(b"\n") {
            self.skip_line().await?;
        }
        Ok(read > 0)
    }

    async fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffered = self.lines.fill_buf().await?;
            let (length, end) = match memchr::memchr(ndjson::NEWLINE, buffered) {
                Some(end) => (end + 1, true),
                None => (buffered.len(), buffered.is_empty()),
            };
            self.lines.consume(length);
            if end {
                return Ok(());
            }
        }
    }
}
