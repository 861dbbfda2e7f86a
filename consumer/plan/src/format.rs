//! How records are written. The names and meanings of options are Flink's.

use arrow::datatypes::{DataType, TimeUnit};

/// How the records of a table are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Json(Json),
    /// Comma-separated values.
    Csv(Csv),
}

impl Format {
    /// Its name in a job.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::Csv(_) => "csv",
        }
    }

    /// The part of a type that no value of the format has; none where it has them all.
    #[must_use]
    pub fn lacks<'a>(&self, of: &'a DataType) -> Option<&'a DataType> {
        match of {
            of if of.is_nested() && matches!(self, Self::Csv(_)) => Some(of),
            DataType::Struct(fields) => {
                let mut types = fields.iter().map(|field| field.data_type());
                types.find_map(|of| self.lacks(of))
            }
            DataType::List(element) => self.lacks(element.data_type()),
            DataType::Map(entries, false) => match value_by_text(entries.data_type()) {
                Some(value) => self.lacks(value),
                None => Some(of),
            },
            DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Utf8
            | DataType::Binary
            | DataType::Date32
            | DataType::Time32(TimeUnit::Millisecond)
            | DataType::Timestamp(..) => None,
            other => Some(other),
        }
    }
}

/// The type of a map's values, where its keys are texts.
fn value_by_text(entries: &DataType) -> Option<&DataType> {
    let DataType::Struct(members) = entries else {
        return None;
    };
    match members.as_ref() {
        [key, value] if *key.data_type() == DataType::Utf8 => Some(value.data_type()),
        _ => None,
    }
}

/// Options of the format `json`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Json {
    /// Whether a record without a field of the table is rejected; else the column is null.
    pub fail_on_missing_field: bool,
    /// Whether what cannot be read as its column's type is null; else the record is rejected.
    pub ignore_parse_errors: bool,
    /// How timestamps are written.
    pub timestamps: Timestamps,
    /// Whether a number is only what is written as one, and no string of one.
    pub bare_numbers: bool,
    /// Whether a record that is rejected is a row of nulls too, so that rows are records.
    pub keeps_rejects: bool,
}

/// How timestamps are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Timestamps {
    /// `2026-01-01 00:00:00.000`, with a `Z` where it is of a zone.
    #[default]
    Sql,
    /// `2026-01-01T00:00:00.000`, with a `Z` where it is of a zone.
    Iso8601,
}

/// Options of the format `csv`. The first line is a record too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csv {
    /// The names of a line's fields, in their order; where none are said, all columns that are
    /// wanted, in theirs.
    pub fields: Vec<String>,
    /// What stands between fields.
    pub field_delimiter: char,
    /// What stands around fields; none where nothing does.
    pub quote_character: Option<char>,
    /// What stands before a quote that does not end a field.
    pub escape_character: Option<char>,
    /// What stands for null.
    pub null_literal: Option<String>,
    /// Whether lines that begin with `#` are no records.
    pub allow_comments: bool,
    /// Whether what cannot be read as its column's type is null; else the record is rejected.
    pub ignore_parse_errors: bool,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            fields: Vec::new(),
            field_delimiter: ',',
            quote_character: Some('"'),
            escape_character: None,
            null_literal: None,
            allow_comments: false,
            ignore_parse_errors: false,
        }
    }
}
