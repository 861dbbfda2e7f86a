//! `consumer tap`: the records of a stream as they come, one a line. Nothing is parsed: what is
//! printed is what was received, byte for byte.

use std::io::{self, Write};

use common::ndjson;
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    fetch::{self, Block, Content, Ended, Fetched, Source},
};

/// What is printed.
#[derive(Debug, Clone)]
pub struct Tap {
    /// The stream, or topic.
    pub source: Source,
    /// How many records; none is all of them.
    pub records: Option<u64>,
}

/// A tap that is open.
struct Open<W> {
    out: W,
    buffer: Vec<u8>,
    records: u64,
    records_max: Option<u64>,
    /// How many streams have not ended.
    streams: usize,
}

/// Prints to `out` until the stream was read as asked or `stop`.
///
/// # Errors
/// The stream could not be read as asked.
pub async fn run(tap: Tap, out: impl Write, stop: CancellationToken) -> Result<(), Error> {
    tracing::info!("tapping {}; stop with Ctrl-C", tap.source.name());
    let mut open = Open {
        out,
        buffer: Vec::new(),
        records: 0,
        records_max: tap.records,
        streams: 1,
    };
    match open.read(tap.source, stop).await {
        // Whoever read the records has seen enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        read => read,
    }
}

impl<W: Write> Open<W> {
    async fn read(&mut self, source: Source, stop: CancellationToken) -> Result<(), Error> {
        let mut streams = std::pin::pin!(fetch::open(source)?);
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return self.stopped(),
                next = streams.next() => next,
            };
            let Some((_, fetched)) = next else {
                return self.ended();
            };
            match fetched {
                Fetched::Block(block) => self.block(&block).map_err(Error::Output)?,
                Fetched::Partitions(number) => self.streams = number,
                Fetched::Again => tracing::warn!("some records were lost, and may come twice now"),
                Fetched::Ended(Ended::Finished) if self.streams > 1 => self.streams -= 1,
                Fetched::Ended(Ended::Finished) => return self.ended(),
                Fetched::Ended(why) => return Err(Error::Stream(why)),
                Fetched::Connected { .. } | Fetched::Lost | Fetched::Anew | Fetched::Lag(_) => {}
            }
            if self.records_max == Some(self.records) {
                return Ok(());
            }
        }
    }

    fn block(&mut self, block: &Block) -> io::Result<()> {
        match &block.content {
            Content::Lines(text) => {
                let left = self.records_max.map(|max| max - self.records);
                let left = left.map_or(usize::MAX, |left| {
                    usize::try_from(left).unwrap_or(usize::MAX)
                });
                let lines = ndjson::lines(text).filter(|line| !ndjson::is_blank(line));
                for line in lines.take(left) {
                    self.buffer.extend_from_slice(line);
                    self.buffer.push(ndjson::NEWLINE);
                    self.records += 1;
                }
            }
            Content::TooLong(_) => {
                self.records += 1;
                let label = &block.origin.label;
                tracing::warn!("{label}a record is too long, and is left out");
            }
        }
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.out.flush()
    }

    fn stopped(&self) -> Result<(), Error> {
        let records = self.records;
        let stopped = |wanted| Err(Error::Stopped { records, wanted });
        self.records_max.map_or(Ok(()), stopped)
    }

    fn ended(&self) -> Result<(), Error> {
        let records = self.records;
        let short = |wanted| Err(Error::Short { records, wanted });
        self.records_max.map_or(Ok(()), short)
    }
}
