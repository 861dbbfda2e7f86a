//! What is sound of a stream, wherever it lies: parts, and what they come to when they are put together.

use bytes::Bytes;
use common::{offset::Offset, time::Timestamp};

use super::entry::{Entry, StreamId};

/// Records one behind another that are all as they were written.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) parts: Vec<Part>,
    pub(super) first: Offset,
    pub(super) end: Offset,
}

/// Some of them.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) first: Offset,
    pub(super) end: Offset,
    pub(super) time: Timestamp,
    pub(super) place: Place,
}

/// Where they are.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In the segment of a stream that begins there.
    Segment(StreamId, Offset),
    /// In the journal, and in memory now.
    Journal(Bytes),
}

impl Part {
    /// What an entry appends, if it does.
    pub(super) fn of(entry: &Entry) -> Option<(StreamId, Self)> {
        let Entry::Append {
            stream,
            first,
            records,
            time,
            content,
        } = entry
        else {
            return None;
        };
        let part = Self {
            first: *first,
            end: first.advance(*records, content.len() as u64),
            time: *time,
            place: Place::Journal(content.clone()),
        };
        Some((*stream, part))
    }

    /// What of it lies before `until`, which is a border between two records.
    pub(super) fn clipped(&self, until: Offset) -> Self {
        let end = self.end.min(until);
        let length = usize::try_from(end.byte - self.first.byte).unwrap_or(usize::MAX);
        let place = match &self.place {
            Place::Journal(bytes) => Place::Journal(bytes.slice(..length.min(bytes.len()))),
            segment @ Place::Segment(..) => segment.clone(),
        };
        Self {
            end,
            place,
            ..self.clone()
        }
    }
}

/// Parts in order, joined where one follows another; what is there twice is taken once.
pub(super) fn runs(mut parts: Vec<Part>) -> Vec<Run> {
    parts.sort_by_key(|part| part.first);
    let mut runs: Vec<Run> = Vec::new();
    for part in parts {
        match runs.last_mut() {
            Some(run) if part.first < run.end => {}
            Some(run) if part.first == run.end => {
                run.end = part.end;
                run.parts.push(part);
            }
            _ => runs.push(Run {
                first: part.first,
                end: part.end,
                parts: vec![part],
            }),
        }
    }
    runs
}
