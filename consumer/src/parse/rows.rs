//! What a block of lines holds, as columns: rows, and rejects. Every record is in exactly one of the
//! two, but for comments.

use std::{ops::Range, sync::Arc};

use arrow::array::RecordBatch;
use bytes::Bytes;
use common::ndjson;

use super::{
    Reject,
    batch::{Rejected, spanned},
};
use crate::fetch::{Origin, Place};

/// The rows of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The stream that they are from.
    pub origin: Arc<Origin>,
    /// All records of that stream up to these are known to have come.
    pub proved: bool,
    /// The block's lines.
    pub text: Bytes,
    /// Where the first of them stands in the stream.
    pub place: Place,
    /// The wanted columns of the records that could be read, in their order.
    pub rows: RecordBatch,
    /// The records that could not, in their order.
    pub rejects: Vec<Reject>,
    /// Which records are neither, being comments.
    pub comments: Vec<u32>,
}

impl Rows {
    /// How many records there are, rejects and comments included.
    #[must_use]
    pub fn records(&self) -> usize {
        self.rows.num_rows() + self.rejects.len() + self.comments.len()
    }

    /// The bytes at `span`.
    #[must_use]
    pub fn line(&self, span: &Range<u32>) -> &[u8] {
        spanned(&self.text, span)
    }

    /// All that can be told of the rejects.
    pub fn rejected(&self) -> impl ExactSizeIterator<Item = Rejected<'_>> {
        let rejects = self.rejects.iter();
        rejects.map(|reject| reject.told(&self.origin, &self.place, &self.text))
    }

    /// The server's name for the place of `reject`.
    #[must_use]
    pub fn offset(&self, reject: &Reject) -> Option<String> {
        reject.offset(&self.place)
    }

    /// The place of each row. It is found out by another look at the lines, so that nobody pays for
    /// it who does not ask.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let rejects = self.rejects.iter().map(|reject| reject.before.0);
        let mut others: Vec<_> = rejects.chain(self.comments.iter().copied()).collect();
        others.sort_unstable();
        let mut others = others.into_iter().map(u64::from).peekable();
        let (mut records, mut bytes) = (0, 0);
        let lines = ndjson::lines(&self.text).filter(|line| !ndjson::is_blank(line));
        lines
            .filter_map(move |line| {
                let place = self.place.advance(records, bytes);
                let is_row = others.next_if_eq(&records).is_none();
                records += 1;
                bytes += line.len() as u64 + 1;
                is_row.then_some(place)
            })
            .take(self.rows.num_rows())
    }
}
