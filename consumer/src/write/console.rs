//! The console: a line a record, a line a second, or only the last line.

use std::io::{self, Write};

use arrow::array::{Array, AsArray, Float64Array, RecordBatch, UInt64Array};

use super::text;
use crate::transform::Answer;

/// What is held back until it is written, at the most.
const BUFFER_BYTES: usize = 64 * 1024;

/// When a line is printed. The answer is always the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Print {
    /// For each record with a value
    Each,
    /// Every second
    Second,
    /// At the end only
    Final,
}

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// Words for people
    Text,
    /// An object for programs
    Json,
}

/// Writes the answers of a running average to `W`. What it was told of is written when the call returns.
#[derive(Debug)]
pub struct Console<W> {
    out: W,
    output: Output,
    last: Answer,
    buffer: Vec<u8>,
}

impl<W: Write> Console<W> {
    /// Nothing is written yet, and there is no answer.
    pub fn new(out: W, output: Output) -> Self {
        Self {
            out,
            output,
            last: Answer::default(),
            buffer: Vec::new(),
        }
    }

    /// Takes note of answers, of the columns that [`answers`](crate::transform::answers) tells, and
    /// prints those that are about one record.
    ///
    /// # Errors
    /// They cannot be written, or are none.
    pub fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        let [records, counts, rejected, averages] = rows.columns() else {
            return Err(no_answers());
        };
        let records = records.as_binary_view_opt().ok_or_else(no_answers)?;
        let counts: &UInt64Array = counts.as_primitive_opt().ok_or_else(no_answers)?;
        let rejected: &UInt64Array = rejected.as_primitive_opt().ok_or_else(no_answers)?;
        let averages: &Float64Array = averages.as_primitive_opt().ok_or_else(no_answers)?;
        for (row, record) in records.iter().enumerate() {
            let answer = Answer {
                records: counts.value(row),
                rejected: rejected.value(row),
                average: averages.is_valid(row).then(|| averages.value(row)),
            };
            match record {
                Some(record) => self.record(record, &answer),
                None => self.last = answer,
            }
            if self.buffer.len() > BUFFER_BYTES {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// The answer so far.
    #[must_use]
    pub const fn last(&self) -> &Answer {
        &self.last
    }

    /// Prints the answer so far.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn answer(&mut self) -> io::Result<()> {
        let Answer {
            records,
            rejected,
            average,
        } = self.last;
        match self.output {
            Output::Text => {
                write!(
                    self.buffer,
                    "records {records} rejected {rejected} average "
                )?;
                text::number(&mut self.buffer, average);
                self.buffer.push(b'\n');
            }
            Output::Json => {
                let counts =
                    format!("{{\"records\":{records},\"rejected\":{rejected},\"average\":");
                self.buffer.extend_from_slice(counts.as_bytes());
                text::number(&mut self.buffer, average);
                self.buffer.extend_from_slice(b"}\n");
            }
        }
        self.flush()
    }

    fn record(&mut self, record: &[u8], answer: &Answer) {
        let Answer {
            records, average, ..
        } = *answer;
        let out = &mut self.buffer;
        match self.output {
            Output::Text => {
                out.extend_from_slice(b"received ");
                text::record(out, record);
                out.extend_from_slice(b" average ");
                text::number(out, average);
                out.push(b'\n');
            }
            Output::Json => {
                out.extend_from_slice(b"{\"record\":");
                text::record(out, record);
                out.extend_from_slice(format!(",\"records\":{records},\"average\":").as_bytes());
                text::number(out, average);
                out.extend_from_slice(b"}\n");
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
            self.out.flush()?;
        }
        Ok(())
    }
}

fn no_answers() -> io::Error {
    io::Error::other("these are no answers of a running average")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::BinaryViewArray;

    use super::*;
    use crate::transform::answers;

    /// Two records with a value, and a reject between them.
    fn rows() -> RecordBatch {
        let records = [Some("{\"value\":1}"), Some("{\"value\":2}"), None];
        let records = records.map(|record| record.map(str::as_bytes));
        let columns: Vec<Arc<dyn Array>> = vec![
            Arc::new(BinaryViewArray::from_iter(records)),
            Arc::new(UInt64Array::from(vec![1, 3, 3])),
            Arc::new(UInt64Array::from(vec![0, 1, 1])),
            Arc::new(Float64Array::from(vec![1.0, 1.5, 1.5])),
        ];
        RecordBatch::try_new(answers(), columns).unwrap()
    }

    fn check(rows: &RecordBatch, output: Output, expected: &str) {
        let mut out = Vec::new();
        let mut console = Console::new(&mut out, output);
        console.write(rows).unwrap();
        console.answer().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn lines_look_as_in_the_article_or_as_programs_like_them() {
        let text = "records 3 rejected 1 average 1.5\n";
        let json = "{\"records\":3,\"rejected\":1,\"average\":1.5}\n";
        let last = rows().slice(2, 1);
        check(&last, Output::Text, text);
        check(&last, Output::Json, json);
        let each = "received {\"value\":1} average 1.0\nreceived {\"value\":2} average 1.5\n";
        check(&rows(), Output::Text, &format!("{each}{text}"));
        let each = "{\"record\":{\"value\":1},\"records\":1,\"average\":1.0}\n{\"record\":{\"value\":2},\"records\":3,\"average\":1.5}\n";
        check(&rows(), Output::Json, &format!("{each}{json}"));
    }

    #[test]
    fn without_an_average_there_is_null() {
        let mut out = Vec::new();
        let mut console = Console::new(&mut out, Output::Json);
        console.answer().unwrap();
        assert_eq!(out, b"{\"records\":0,\"rejected\":0,\"average\":null}\n");
    }
}
