//! Where a source's records go: a stream, or the partitions of a topic.

use std::{io, ops::ControlFlow, time::Duration};

use bytes::Bytes;
use common::{json::Pointer, ndjson, record::Batch};

use super::super::{append, partition};
use crate::log::{Append, Content, Create, Log, Refused, Retention, Room, Settings, Stream, Topic};

/// How long to wait before what was refused for want of space is tried again.
pub(super) const FULL_WAIT: Duration = Duration::from_secs(1);

/// Streams that are there.
#[derive(Debug, Clone)]
pub(super) struct Target {
    log: Log,
    streams: Vec<Stream>,
    /// What says where in a topic a record belongs.
    key: Option<Pointer>,
}

impl Target {
    /// Finds the topic of that name, or the stream, or makes the stream.
    pub(super) async fn open(log: &Log, name: &str) -> Result<Self, Refused> {
        if let Some(topic) = log.topic(name) {
            return Self::of_topic(log, &topic);
        }
        let stream = match log.stream(name) {
            Some(stream) => stream,
            None => {
                let create = Create {
                    name: name.to_owned(),
                    settings: Settings::json(Retention::default()),
                    content: Content::default(),
                    closed: false,
                    fork: None,
                };
                log.create(create, Room::of_source()).await?.stream
            }
        };
        Ok(Self {
            log: log.clone(),
            streams: vec![stream],
            key: None,
        })
    }

    fn of_topic(log: &Log, topic: &Topic) -> Result<Self, Refused> {
        let missing = || Refused::Missing(format!("partition of topic {:?}", topic.name));
        Ok(Self {
            log: log.clone(),
            streams: log.partitions(topic).ok_or_else(missing)?,
            key: topic.key.parse().ok(),
        })
    }

    /// The newest lines there are in each stream.
    pub(super) fn last_lines(&self) -> Vec<Bytes> {
        tokio::task::block_in_place(|| self.streams.iter().map(Stream::last_lines).collect())
    }

    /// Appends a batch; waits while there is no space for it. Without a pace it waits until nothing
    /// is thrown away for it that nobody has read.
    pub(super) async fn append(&self, batch: Batch, paceless: bool) -> io::Result<ControlFlow<()>> {
        let parts: Vec<_> = self.parts(batch);
        if parts.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        loop {
            let mut room = Room::of_source();
            for (stream, append) in parts.iter().filter(|_| paceless) {
                // A turn at a time: one that is held would keep out the next.
                drop(room);
                room = stream.unread_room(append.content.bytes_len()).await;
            }
            match self.log.append_all(parts.clone(), room).await {
                Ok(_) => return Ok(ControlFlow::Continue(())),
                Err(Refused::Closed(_)) => return Ok(ControlFlow::Break(())),
                Err(Refused::Full(_)) => tokio::time::sleep(FULL_WAIT).await,
                Err(refused) => return Err(io::Error::other(refused)),
            }
        }
    }

    /// What of a batch goes where. A source replays what happened, and that may be a line without
    /// a key, or no JSON at all: such lines go to the first partition.
    fn parts(&self, batch: Batch) -> Vec<(Stream, Append)> {
        let batches = match &self.key {
            None => vec![batch],
            Some(key) => by_key(&batch, key, self.streams.len()),
        };
        let parts = self.streams.iter().zip(batches);
        parts
            .filter(|(_, batch)| batch.records() > 0)
            .map(|(stream, batch)| {
                (
                    stream.clone(),
                    append::of_records(&stream.settings(), batch),
                )
            })
            .collect()
    }

    /// Closes the streams: nothing more comes.
    pub(super) async fn close(&self) {
        for stream in &self.streams {
            let (name, closed) = (stream.name(), self.log.close(stream).await);
            match closed {
                Ok(()) => {
                    let next = stream.tail().next;
                    tracing::info!(stream = name, %next, "all its sources have ended: the stream is closed");
                }
                Err(refused) => {
                    tracing::error!(stream = name, %refused, "cannot close the stream");
                }
            }
        }
    }
}

/// The records of a batch, by partition.
fn by_key(batch: &Batch, key: &Pointer, partitions: usize) -> Vec<Batch> {
    let mut batches = vec![Batch::default(); partitions];
    let partitions = u16::try_from(partitions).unwrap_or(u16::MAX);
    for line in ndjson::lines(batch.lines()) {
        let value = std::str::from_utf8(line)
            .ok()
            .and_then(|text| key.find(text).ok()?);
        let partition = partition::of_value(value, partitions).unwrap_or(0);
        if let Some(batch) = batches.get_mut(usize::from(partition)) {
            batch.push(line).expect("it was a line of a batch");
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_key_goes_to_the_first_partition() {
        let mut batch = Batch::default();
        for line in [
            "{\"k\":\"21\"}",
            "{\"k\":\"foobar\"}",
            "{}",
            "broken",
            "{\"k\":21}",
        ] {
            batch.push(line.as_bytes()).unwrap();
        }
        let found = by_key(&batch, &"/k".parse().unwrap(), 8);
        let found: Vec<_> = found.iter().map(Batch::lines).collect();
        let expected = [
            "{}\nbroken\n",
            "",
            "",
            "",
            "{\"k\":\"21\"}\n{\"k\":21}\n",
            "",
            "{\"k\":\"foobar\"}\n",
            "",
        ];
        assert_eq!(found, expected.map(str::as_bytes));
    }
}
