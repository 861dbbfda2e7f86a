//! A line of separated values into its columns, by the rules of Flink's CSV format.
//!
//! A line is a record: a field in quotes cannot hold a newline, as streams are cut at newlines. Values
//! are converted as those of JSON strings are, timestamps as in SQL; there are no ROW, ARRAY or MAP.
//! A line with too few or too many fields is a fault, and is read all the same where faults are
//! ignored.

use arrow::datatypes::Fields;
use csv_core::{ReadRecordResult, ReaderBuilder, Terminator};

use super::{
    Csv, Reason, Timestamps,
    column::{Column, Unreadable},
    object::Object,
};

/// What begins a comment, where there may be comments.
const COMMENT: u8 = b'#';

/// Reads lines of separated values.
#[derive(Debug)]
pub(super) struct Separated {
    core: csv_core::Reader,
    options: Csv,
    /// The column of each field of a line, if it is wanted.
    columns: Vec<Option<usize>>,
    /// The fields of a line, one after the other, and where each ends; room for one too many.
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl Clone for Separated {
    /// The core is made anew: a copy of it (version 0.1 of its crate) knows no delimiter.
    fn clone(&self) -> Self {
        Self {
            core: core(&self.options).expect("such a core was made before"),
            options: self.options.clone(),
            columns: self.columns.clone(),
            fields: self.fields.clone(),
            ends: self.ends.clone(),
        }
    }
}

impl Separated {
    pub(super) fn new(options: &Csv, wanted: &Fields) -> Result<Self, Unreadable> {
        let names: Vec<_> = if options.fields.is_empty() {
            wanted.iter().map(|field| field.name()).collect()
        } else {
            options.fields.iter().collect()
        };
        if let Some(field) = wanted.iter().find(|field| !names.contains(&field.name())) {
            return Err(Unreadable::Field(field.name().clone()));
        }
        if let Some(field) = wanted.iter().find(|field| field.data_type().is_nested()) {
            return Err(Unreadable::Type {
                name: field.name().clone(),
                data_type: field.data_type().clone(),
            });
        }
        let position = |name: &&String| wanted.iter().position(|field| field.name() == *name);
        Ok(Self {
            core: core(options)?,
            options: options.clone(),
            ends: vec![0; names.len() + 1],
            columns: names.iter().map(position).collect(),
            fields: Vec::new(),
        })
    }

    /// Whether the line is none that holds values.
    pub(super) fn is_comment(&self, line: &[u8]) -> bool {
        self.options.allow_comments && line.first() == Some(&COMMENT)
    }

    /// Reads a line without its newline. After an error the columns are to be cut back.
    pub(super) fn read(&mut self, line: &[u8], columns: &mut Object) -> Result<(), Reason> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let count = self.split(line)?;
        let ignored = self.options.ignore_parse_errors;
        if count > self.columns.len() && !ignored {
            return Err(Reason::WrongType);
        }
        let (mut from, mut fault) = (0, Ok(()));
        for (end, column) in self.ends.iter().take(count).zip(&self.columns) {
            let field = self.fields.get(from..*end).unwrap_or_default();
            from = *end;
            if let Some((at, column)) =
                column.and_then(|at| Some((at, columns.columns.get_mut(at)?)))
            {
                let taken = take(column, field, &self.options);
                if taken.is_err() {
                    columns.at_fault.get_or_insert(at);
                }
                fault = fault.and(taken);
            }
        }
        if count < self.columns.len() && !ignored {
            columns.at_fault = self.columns.get(count).copied().flatten();
            return Err(Reason::MissingField);
        }
        fault.and(columns.complete(false))
    }

    /// Finds the fields; returns how many there are, or one more than there should be.
    fn split(&mut self, line: &[u8]) -> Result<usize, Reason> {
        self.core.reset();
        self.fields.resize(self.fields.len().max(line.len() + 1), 0);
        let (_, _, bytes, ends) = self
            .core
            .read_record(line, &mut self.fields, &mut self.ends);
        let fields = self.fields.get_mut(bytes..).unwrap_or_default();
        let more = self.ends.get_mut(ends..).unwrap_or_default();
        match self.core.read_record(b"\n", fields, more) {
            (ReadRecordResult::Record, _, _, last) => Ok(ends + last),
            (ReadRecordResult::OutputEndsFull, ..) => Ok(self.ends.len()),
            // The newline stands in quotes, so they are not closed.
            _ => Err(Reason::NotCsv),
        }
    }
}

/// Adds a field to its column.
fn take(column: &mut Column, field: &[u8], options: &Csv) -> Result<(), Reason> {
    let is_null = options.null_literal.as_deref().map(str::as_bytes) == Some(field);
    let taken = if is_null {
        Some(false)
    } else {
        column.values.take_text(field, Timestamps::Sql)
    };
    match taken {
        Some(true) => {
            column.rows += 1;
            Ok(())
        }
        Some(false) => column.null(),
        None => column.fault(Reason::WrongType, options.ignore_parse_errors),
    }
}

fn core(options: &Csv) -> Result<csv_core::Reader, Unreadable> {
    let ascii = |character: char| {
        let byte = u8::try_from(character).ok().filter(u8::is_ascii);
        byte.ok_or(Unreadable::Character(character))
    };
    let mut core = ReaderBuilder::new();
    core.delimiter(ascii(options.field_delimiter)?)
        .terminator(Terminator::Any(b'\n'))
        .quoting(options.quote_character.is_some())
        .quote(options.quote_character.map_or(Ok(b'"'), ascii)?)
        .escape(options.escape_character.map(ascii).transpose()?);
    Ok(core.build())
}
