//! Reads the wanted columns of each record of a block.

use std::{ops::Range, sync::Arc};

use arrow::{
    array::{RecordBatch, RecordBatchOptions, UInt32Array},
    compute::take,
    datatypes::{DataType, Field, Fields, Schema, SchemaRef},
};
use common::ndjson;

use super::{
    Format, Json, Reason, Reject, Rows,
    column::Unreadable,
    csv::Separated,
    object::{Begun, Members, Object},
    scan::Scanner,
};
use crate::fetch::{Block, Content};

/// A column that a job needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, which is that of the record's field.
    pub name: String,
    /// Its type, as Arrow has it.
    pub data_type: DataType,
    /// Whether it may be null; else a record without a value is rejected.
    pub nullable: bool,
}

/// Reads blocks. What it has seen of one makes it quicker with the next.
#[derive(Debug, Clone)]
pub struct Reader {
    schema: SchemaRef,
    lines: Lines,
    columns: Object,
    keeps_rejects: bool,
}

/// How a line is read.
#[derive(Debug, Clone)]
enum Lines {
    Json(Json),
    Csv(Box<Separated>),
}

/// What has been found in a block's lines so far.
#[derive(Debug, Default)]
struct Found {
    rejects: Vec<Reject>,
    comments: Vec<u32>,
    /// How many bytes were blank lines.
    blank: usize,
}

impl Reader {
    /// A reader of `columns`, in this order.
    ///
    /// # Errors
    /// A column has a type that the format cannot have.
    pub fn new(format: &Format, columns: Vec<Wanted>) -> Result<Self, Unreadable> {
        let fields: Fields = columns
            .into_iter()
            .map(|column| Field::new(column.name, column.data_type, column.nullable))
            .collect();
        let keeps_rejects = matches!(format, Format::Json(json) if json.keeps_rejects);
        let lines = match format {
            Format::Json(options) => Lines::Json(*options),
            Format::Csv(options) => Lines::Csv(Box::new(Separated::new(options, &fields)?)),
        };
        let columns = Object::new(&fields)?;
        let may_be_null = |field: &Arc<Field>| field.as_ref().clone().with_nullable(true);
        let schema = if keeps_rejects {
            Schema::new(fields.iter().map(may_be_null).collect::<Vec<_>>())
        } else {
            Schema::new(fields)
        };
        Ok(Self {
            columns,
            schema: Arc::new(schema),
            lines,
            keeps_rejects,
        })
    }

    /// The columns that it reads.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Reads the records of `block`.
    #[must_use]
    pub fn parse(&mut self, block: Block) -> Rows {
        let (text, found) = match block.content {
            Content::Lines(text) => {
                let found = self.lines(&text);
                (text, found)
            }
            Content::TooLong(head) => {
                let mut found = Found::default();
                found.add(Some((Reason::TooLong, None)), 0..head.len(), 0);
                (head, found)
            }
        };
        Rows {
            origin: block.origin,
            proved: block.proved,
            text,
            place: block.place,
            rows: self.finish(&found),
            rejects: found.rejects,
            rejects_are_rows: self.keeps_rejects,
            comments: found.comments,
        }
    }
}

impl Reader {
    fn lines(&mut self, text: &[u8]) -> Found {
        let Self { columns, lines, .. } = self;
        let mut found = Found::default();
        let mut scanner = Scanner { text, at: 0 };
        loop {
            let begun = match lines {
                Lines::Json(options) => columns.read_lines(&mut scanner, *options),
                Lines::Csv(_) => Begun::at(scanner.at),
            };
            let (start, rows) = (begun.start, columns.rows);
            if start >= text.len() {
                return found;
            }
            let read = match lines {
                Lines::Json(options) => {
                    record(&mut scanner, columns, begun.members, *options).map_err(Some)
                }
                Lines::Csv(separated) => line(separated, scanner.line(), columns),
            };
            if let Err(reason) = read {
                columns.truncate(rows);
                let column = columns.at_fault.take();
                scanner.at = start;
                let line = scanner.line();
                if ndjson::is_blank(line) {
                    found.blank += line.len() + 1;
                } else {
                    found.add(
                        reason.map(|reason| (reason, column)),
                        start..start + line.len(),
                        rows,
                    );
                }
            }
        }
    }

    /// The columns as a batch; they begin anew.
    fn finish(&mut self, found: &Found) -> RecordBatch {
        let (mut rows, mut columns) = (self.columns.rows, self.columns.finish());
        if self.keeps_rejects && !found.rejects.is_empty() {
            let kept = found.records(rows);
            rows = kept.len();
            for column in &mut columns {
                *column = take(column, &kept, None).expect("each is the number of a row, or none");
            }
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &rows)
            .expect("columns of one length and of the schema's types, with nulls where they may be")
    }
}

/// Reads a line of CSV. Without a reason, it is no record.
fn line(
    separated: &mut Separated,
    line: &[u8],
    columns: &mut Object,
) -> Result<(), Option<Reason>> {
    if ndjson::is_blank(line) || separated.is_comment(line) {
        return Err(None);
    }
    if std::str::from_utf8(line).is_err() {
        return Err(Some(Reason::NotCsv));
    }
    separated.read(line, columns).map_err(Some)
}

/// Reads what is left of a record of JSON and passes its newline. After an error, the columns are to be
/// cut back.
#[inline]
fn record(
    scanner: &mut Scanner<'_>,
    columns: &mut Object,
    begun: Members,
    options: Json,
) -> Result<(), Reason> {
    let read = if begun.any() {
        columns.read(scanner, begun, 0, options)
    } else {
        scanner.space();
        match scanner.peek() {
            Some(b'{') => columns.read(scanner, begun, 0, options),
            _ => scanner.skip(0).and(Err(Reason::WrongType)),
        }
    };
    match read {
        Err(Reason::NotJson) => read,
        read => scanner.end().and(read),
    }
}

impl Found {
    /// Of each record the number of its row, of which there are `rows`; none of a reject.
    fn records(&self, rows: usize) -> UInt32Array {
        let mut rejects = self.rejects.iter().map(|reject| reject.before.0).peekable();
        let mut next = 0..position(rows);
        (0..position(rows + self.rejects.len()))
            .map(|record| match rejects.next_if_eq(&record) {
                Some(_) => None,
                None => next.next(),
            })
            .collect()
    }

    /// Adds a line that is no row, behind so many that are; why, and for which column.
    fn add(&mut self, why: Option<(Reason, Option<usize>)>, line: Range<usize>, rows: usize) {
        let records = position(rows + self.rejects.len() + self.comments.len());
        match why {
            None => self.comments.push(records),
            Some((reason, column)) => self.rejects.push(Reject {
                reason,
                column: column.filter(|_| reason.is_of_a_column()).map(position),
                before: (records, position(line.start - self.blank)),
                span: position(line.start)..position(line.end),
            }),
        }
    }
}

/// A position in a block, which is far shorter than 4 GiB.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
