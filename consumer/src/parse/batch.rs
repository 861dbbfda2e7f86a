//! What a block of lines holds: values, and rejects. Every line that is not blank is in exactly one
//! of the two.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use crate::fetch::{Origin, Place};

/// The records of a block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The stream that they are from.
    pub origin: Arc<Origin>,
    /// All records of that stream up to these are known to have come.
    pub proved: bool,
    /// The block's lines.
    pub text: Bytes,
    /// Where the first of them stands in the stream.
    pub place: Place,
    /// The values of the records that have one, in their order.
    pub values: Vec<f64>,
    /// Where in `text` those records are, if that was asked for.
    pub spans: Vec<Range<u32>>,
    /// The records that have none, in their order.
    pub rejects: Vec<Reject>,
}

/// A record without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Why it has none.
    pub reason: Reason,
    /// How many records of the block come before it, and how many bytes of the stream.
    pub before: (u32, u32),
    /// Where in the block's text it is.
    pub span: Range<u32>,
}

/// A reject, with all that can be told of it.
#[derive(Debug, Clone)]
pub struct Rejected<'a> {
    /// The stream that it is from.
    pub origin: &'a Origin,
    /// The server's name for its place.
    pub offset: Option<String>,
    /// Why it has no value.
    pub reason: Reason,
    /// The record, or how it begins.
    pub line: &'a [u8],
}

/// Why a record has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is not JSON.
    NotJson,
    /// It is an object without the field.
    MissingField,
    /// The field is not a number, or the record is not an object.
    WrongType,
    /// It is longer than a record may be.
    TooLong,
    /// It is not a line of separated values.
    NotCsv,
}

impl Reason {
    /// All reasons there are.
    pub const ALL: [Self; 5] = [
        Self::NotJson,
        Self::MissingField,
        Self::WrongType,
        Self::TooLong,
        Self::NotCsv,
    ];

    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::TooLong => "too_long",
            Self::NotCsv => "not_csv",
        }
    }
}

impl Reject {
    /// All that can be told of it, where the block's lines are `text` and begin at `place`.
    pub(super) fn told<'a>(
        &self,
        origin: &'a Origin,
        place: &Place,
        text: &'a [u8],
    ) -> Rejected<'a> {
        Rejected {
            origin,
            offset: self.offset(place),
            reason: self.reason,
            line: spanned(text, &self.span),
        }
    }

    /// The server's name for its place in a block that begins at `place`.
    pub(super) fn offset(&self, place: &Place) -> Option<String> {
        let (records, bytes) = self.before;
        place.advance(records.into(), bytes.into()).token()
    }
}

/// The bytes of `text` at `span`.
pub(super) fn spanned<'a>(text: &'a [u8], span: &Range<u32>) -> &'a [u8] {
    let span = span.start as usize..span.end as usize;
    text.get(span).unwrap_or_default()
}

impl Batch {
    /// How many records there are, rejects included.
    #[must_use]
    pub const fn records(&self) -> usize {
        self.values.len() + self.rejects.len()
    }

    /// Keeps the first `records` records.
    pub fn truncate(&mut self, records: usize) {
        if records < self.records() {
            let rejected = self
                .rejects
                .partition_point(|reject| (reject.before.0 as usize) < records);
            self.rejects.truncate(rejected);
            self.values.truncate(records - rejected);
            self.spans.truncate(records - rejected);
        }
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
}
