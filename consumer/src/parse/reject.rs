//! Records that cannot be read, each with its reason and its place.

use std::ops::Range;

use arrow::datatypes::Fields;

use crate::fetch::{Origin, Place};

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Why not.
    pub reason: Reason,
    /// Which of the wanted columns is missing, or not of its type.
    pub column: Option<u32>,
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
    /// Why it cannot be read.
    pub reason: Reason,
    /// The column that is missing, or not of its type.
    pub column: Option<&'a str>,
    /// The record, or how it begins.
    pub line: &'a [u8],
}

/// Why a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is not JSON.
    NotJson,
    /// It is an object without a field that it must have.
    MissingField,
    /// A field is not of its type, or the record is not an object.
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

    /// Whether one column of the record is to blame.
    pub(super) const fn is_of_a_column(self) -> bool {
        matches!(self, Self::MissingField | Self::WrongType)
    }
}

impl Reject {
    /// All that can be told of it, where the block's lines are `text`, are read into `columns`, and
    /// begin at `place`.
    pub(super) fn told<'a>(
        &self,
        (origin, place): (&'a Origin, &Place),
        columns: &'a Fields,
        text: &'a [u8],
    ) -> Rejected<'a> {
        let column = self.column.and_then(|at| columns.get(at as usize));
        Rejected {
            origin,
            offset: self.offset(place),
            reason: self.reason,
            column: column.map(|column| column.name().as_str()),
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
