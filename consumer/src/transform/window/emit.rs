//! Results of windows → rows. Small results of many windows go out together, large ones in parts.

use arrow::{
    array::{ArrayRef, Int64Array},
    compute::concat_batches,
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};

use super::zone::Local;
use crate::transform::{changes::Changes, error::Fault, group::narrow, operator::Out};

/// How many rows go out together.
pub(in crate::transform) const ROWS_MAX: usize = 8192;

/// Rows that wait for others to go out with.
#[derive(Debug)]
pub(super) struct Emitter<'a> {
    schema: &'a SchemaRef,
    local: &'a Local,
    waiting: Vec<RecordBatch>,
    rows: usize,
    out: &'a mut Out,
}

/// From when to when, in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) end: i64,
    pub(super) start: i64,
}

impl Span {
    /// Whether nothing lies between both, as Flink asks it of sessions.
    pub(super) const fn touches(self, other: Self) -> bool {
        self.start <= other.end && self.end >= other.start
    }

    /// Both, and what is between them.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

impl<'a> Emitter<'a> {
    pub(super) const fn new(schema: &'a SchemaRef, local: &'a Local, out: &'a mut Out) -> Self {
        Self {
            schema,
            local,
            waiting: Vec::new(),
            rows: 0,
            out,
        }
    }

    /// Gives rows, each with the span of its window.
    pub(super) fn give(&mut self, mut columns: Vec<ArrayRef>, spans: &[Span]) -> Result<(), Fault> {
        if spans.is_empty() {
            return Ok(());
        }
        columns.extend(window_columns(self.schema, self.local, spans)?);
        self.waiting
            .push(RecordBatch::try_new(self.schema.clone(), columns)?);
        self.rows += spans.len();
        if self.rows >= ROWS_MAX {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Lets all that waits go.
    pub(super) fn flush(&mut self) -> Result<(), Fault> {
        let rows = match self.waiting.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            many => concat_batches(self.schema, many)?,
        };
        self.out.changes.push(Changes::inserts(rows));
        self.waiting.clear();
        self.rows = 0;
        Ok(())
    }
}

/// `window_start`, `window_end` and `window_time`, of the types of the last columns of `schema`.
pub(super) fn window_columns(
    schema: &SchemaRef,
    local: &Local,
    spans: &[Span],
) -> Result<[ArrayRef; 3], Fault> {
    let fields = schema.fields();
    let Some([start, end, time]) = fields.last_chunk() else {
        return Err(Fault::Unsupported(
            "a window without its columns".to_owned(),
        ));
    };
    let column = |of: &dyn Fn(&Span) -> i64| Int64Array::from_iter_values(spans.iter().map(of));
    let mut known = None;
    let times = spans.iter().map(|span| match known {
        Some((end, instant)) if end == span.end => instant,
        _ => {
            let instant = local.instant(span.end - 1);
            known = Some((span.end, instant));
            instant
        }
    });
    let times = Int64Array::from_iter_values(times.collect::<Vec<_>>());
    Ok([
        narrow(&column(&|span| span.start), start.data_type())?,
        narrow(&column(&|span| span.end), end.data_type())?,
        narrow(&times, time.data_type())?,
    ])
}

/// Keys and values as the columns of rows.
pub(super) fn joined(keys: Vec<ArrayRef>, values: Vec<ArrayRef>) -> Vec<ArrayRef> {
    keys.into_iter().chain(values).collect()
}
