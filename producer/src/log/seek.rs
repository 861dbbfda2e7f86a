//! Finds places in a stream by time, and by count of records.
//!
//! The log knows the time of the newest append in each piece (of 256 KiB, or of what was settled at
//! once), not of each record: a place by time is the beginning of a piece, and what is before it is
//! older. Where the clock was set back, pieces of the later time may be passed over.

use common::{offset::Offset, time::Timestamp};

use super::{
    cursor::Lost,
    disk,
    journal::Damage,
    kept::Misplaced,
    settings::Framing,
    shelf::{Opened, Shelf},
    stream::Stream,
};

impl Stream {
    /// The beginning of the first piece that has records as new as `time`; the tail, if none has.
    ///
    /// # Errors
    /// What would have to be looked at cannot be read.
    pub(crate) fn since(&self, time: Timestamp) -> Result<Offset, Lost> {
        let mut place = self.own_since(time)?;
        let mut origin = self.origin();
        // As long as all of its own is as new as that, so may be what it shares.
        while let Some(past) = origin.filter(|past| place <= past.at && past.since >= time) {
            place = past.source.own_since(time)?.min(place);
            origin = past.source.origin();
        }
        Ok(place.max(self.earliest()))
    }

    /// As [`Stream::since`], of what it does not share.
    fn own_since(&self, time: Timestamp) -> Result<Offset, Lost> {
        let kept = self.kept();
        let (recent, earliest) = (kept.first_since(time), kept.earliest());
        drop(kept);
        if recent > earliest {
            return Ok(recent);
        }
        // All that is in memory is as new as that, and so may be what is before it.
        let settled = disk::aside(|| self.settled_since(time));
        let settled = settled.map_err(|damage| Lost::of(recent, &damage))?;
        Ok(settled.map_or(recent, |settled| settled.min(recent)))
    }

    /// The place before the last so many records, or before all.
    ///
    /// # Errors
    /// What would have to be looked at cannot be read.
    pub(crate) fn last(&self, records: u64) -> Result<Offset, Lost> {
        let (tail, earliest) = (self.tail().next, self.earliest());
        let there = tail.record.saturating_sub(earliest.record);
        if records >= there {
            return Ok(earliest);
        }
        let record = tail.record - records;
        if self.framing() == Framing::Bytes {
            let byte = tail.byte - records;
            return Ok(Offset { record, byte });
        }
        let byte = u64::MAX;
        let (owner, _) = self.owner(Offset { record, byte });
        let recent = owner.kept().segment_of(record);
        let before = match recent {
            Some(before) => before,
            None => disk::aside(|| owner.piece_of(record))
                .map_err(|damage| Lost::of(earliest, &damage))?
                .unwrap_or(earliest),
        };
        // Of what it shares less may be there for it than is there.
        let before = before.max(earliest);
        let cursor = self.cursor(before).map_err(lost)?;
        let between = record.saturating_sub(before.record);
        cursor.behind(between, usize::MAX)
    }

    /// As [`Stream::since`], of what is on disk; none where all of it is older.
    fn settled_since(&self, time: Timestamp) -> Result<Option<Offset>, Damage> {
        let Some(Shelf { firsts, .. }) = self.shelf()? else {
            return Ok(None);
        };
        let (mut low, mut high) = (0, firsts.len());
        let mut found = None;
        while low < high {
            let middle = usize::midpoint(low, high);
            let first = firsts.get(middle).copied().unwrap_or_default();
            match self.segment(first)? {
                Some(opened) if opened.newest() >= time => {
                    found = Some(opened.since(time));
                    high = middle;
                }
                Some(_) | None => low = middle + 1,
            }
        }
        Ok(found)
    }

    /// The beginning of the piece on disk in which a record lies.
    fn piece_of(&self, record: u64) -> Result<Option<Offset>, Damage> {
        let Some(Shelf { firsts, .. }) = self.shelf()? else {
            return Ok(None);
        };
        let after = firsts.partition_point(|first| first.record <= record);
        let first = after.checked_sub(1).and_then(|last| firsts.get(last));
        let Some(first) = first else { return Ok(None) };
        Ok(self.segment(*first)?.map(|opened| opened.piece_of(record)))
    }

    fn has_segment(&self, first: Offset) -> std::io::Result<bool> {
        let shelf = self.shelf()?;
        Ok(shelf.is_some_and(|shelf| shelf.firsts.contains(&first)))
    }

    /// The segment that begins at `first`; none where it was let go of meanwhile.
    fn segment(&self, first: Offset) -> Result<Option<Opened>, Damage> {
        match self.open_segment(first) {
            Err(_) if !self.has_segment(first)? => Ok(None),
            opened => opened?.map(Opened::whole).transpose(),
        }
    }
}

/// What does not begin where a record should: it was let go of, or is damaged.
pub(super) fn lost(misplaced: Misplaced) -> Lost {
    match misplaced {
        Misplaced::Gone { at, earliest } => Lost::Overrun { at, earliest },
        Misplaced::Damaged { at, why } => Lost::Damaged { at, why },
        Misplaced::Unread { at, why } => Lost::Unread { at, why },
        Misplaced::Nowhere { at, .. } | Misplaced::Beyond { at, .. } => Lost::Damaged {
            at,
            why: misplaced.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc, time::Duration};

    use common::{record::Batch, time::Clock};
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::log::{Content, DEFAULT, FileBytesMax, Log, Options, Retention, open::Running};

    /// A log whose files are so small that it has many, on disk or in memory.
    fn log(directory: Option<&Path>, clock: &Clock) -> (Log, Running) {
        let bytes = 64 * 1024;
        let options = Options {
            directory: directory.map(Path::to_owned),
            retention: Retention::default(),
            memory_bytes: if directory.is_some() { 0 } else { 1 << 30 },
            inflight_bytes: 1 << 20,
            file_bytes_max: FileBytesMax {
                journal: 1 << 20,
                segment: bytes,
            },
            floor_bytes: 0,
        };
        Log::open(&options, clock, &mut Registry::default()).unwrap()
    }

    /// A batch of a hundred records of a thousand bytes at each of forty seconds.
    async fn fill(log: &Log, clock: &Clock) -> (Stream, Vec<Offset>) {
        let stream = log.stream(DEFAULT).unwrap();
        let lines = format!("\"{}\"\n", "x".repeat(997)).repeat(100);
        let content: Content = Batch::from_ndjson(lines.as_bytes()).unwrap().into();
        let mut firsts = Vec::new();
        for second in 0..40 {
            clock.set(Timestamp(1_000_000_000 + second * 1000));
            let room = log.reserve(lines.len()).await;
            let appended = log.append(&stream, content.clone(), room).await.unwrap();
            firsts.push(appended.first);
        }
        (stream, firsts)
    }

    async fn check(directory: Option<&Path>) {
        let clock = Clock::manual(Timestamp(1_000_000_000));
        let (log, running) = log(directory, &clock);
        let (stream, firsts) = fill(&log, &clock).await;
        let (earliest, tail) = (stream.earliest(), stream.tail().next);
        assert!(directory.is_none() || stream.settled().until > earliest);
        for (second, first) in firsts.iter().enumerate() {
            let time = |after| Timestamp(1_000_000_000 + 1000 * second as i64 + after);
            let since = stream.since(time(-500)).unwrap();
            let records = first.record.saturating_sub(since.record);
            // A piece of 256 KiB has less than 300 of these.
            assert!(since <= *first && records < 300, "{second}: {since}");
            let from_there = stream.cursor(since).unwrap().behind(records, usize::MAX);
            assert_eq!(from_there, Ok(*first), "{second}");
            let last = tail.record - first.record;
            assert_eq!(stream.last(last), Ok(*first), "{second}");
            assert_eq!(
                stream.last(last - 1),
                Ok(first.advance(1, 1000)),
                "{second}"
            );
        }
        assert_eq!(stream.since(Timestamp(0)), Ok(earliest));
        assert_eq!(stream.since(Timestamp(2_000_000_000)), Ok(tail));
        assert_eq!(
            (stream.last(0), stream.last(4001)),
            (Ok(tail), Ok(earliest))
        );
        let bounded = stream.cursor(earliest).unwrap().behind(100, 2500);
        assert_eq!(bounded, Ok(earliest.advance(2, 2000)));
        let whole = stream.cursor(earliest).unwrap().behind(100, 1);
        assert_eq!(whole, Ok(earliest.advance(1, 1000)), "one at the least");
        running.stop(Duration::MAX).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_place_is_found_by_time_and_by_count() {
        check(None).await;
        let directory = Arc::new(tempfile::tempdir().unwrap());
        check(Some(directory.path())).await;
    }
}
