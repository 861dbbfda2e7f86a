//! What a block of lines holds, as columns: rows, and rejects. Every record is in exactly one of the
//! two, but for comments; or rejects are rows too, of nulls.

use std::{ops::Range, sync::Arc};

use arrow::array::RecordBatch;
use bytes::Bytes;
use common::ndjson;

use super::{
    Reject,
    reject::{Rejected, spanned},
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
    /// Whether each of those is a row of nulls too.
    pub rejects_are_rows: bool,
    /// Which records are neither, being comments.
    pub comments: Vec<u32>,
}

impl Rows {
    /// How many records there are, rejects and comments included.
    #[must_use]
    pub fn records(&self) -> usize {
        self.rows.num_rows() + self.others().count()
    }

    /// The bytes at `span`.
    #[must_use]
    pub fn line(&self, span: &Range<u32>) -> &[u8] {
        spanned(&self.text, span)
    }

    /// All that can be told of the rejects.
    pub fn rejected(&self) -> impl ExactSizeIterator<Item = Rejected<'_>> {
        let columns = self.rows.schema_ref().fields();
        let from = (self.origin.as_ref(), &self.place);
        let rejects = self.rejects.iter();
        rejects.map(move |reject| reject.told(from, columns, &self.text))
    }

    /// The server's name for the place of `reject`.
    #[must_use]
    pub fn offset(&self, reject: &Reject) -> Option<String> {
        reject.offset(&self.place)
    }

    /// Which records are no rows.
    fn others(&self) -> impl Iterator<Item = u32> {
        let rejects = self.rejects.iter().filter(|_| !self.rejects_are_rows);
        let rejects = rejects.map(|reject| reject.before.0);
        rejects.chain(self.comments.iter().copied())
    }

    /// The place of each row.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.written()
            .map(|(_, (records, bytes))| self.place.advance(records, bytes))
    }

    /// Where in the lines the record of each row is, and how many records and bytes of the stream come
    /// before it. It is found out by another look at the lines, so that nobody pays for it who does not
    /// ask.
    pub fn written(&self) -> impl Iterator<Item = (Range<usize>, (u64, u64))> {
        let mut others: Vec<_> = self.others().collect();
        others.sort_unstable();
        let mut others = others.into_iter().map(u64::from).peekable();
        let (mut start, mut records, mut bytes) = (0, 0, 0);
        ndjson::lines(&self.text)
            .filter_map(move |line| {
                let span = start..start + line.len();
                start = span.end + 1;
                if ndjson::is_blank(line) {
                    return None;
                }
                let before = (records, bytes);
                records += 1;
                bytes += line.len() as u64 + 1;
                let is_row = others.next_if_eq(&before.0).is_none();
                is_row.then_some((span, before))
            })
            .take(self.rows.num_rows())
    }
}
