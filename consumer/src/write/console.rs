//! The console: a line a record, a line a second, or only the last line.

use std::io::{self, Write};

use super::text;
use crate::transform::{Answer, Update};

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

/// Writes results to `W`. What it was told of is written when the call returns.
#[derive(Debug)]
pub struct Console<W> {
    out: W,
    print: Print,
    output: Output,
    buffer: Vec<u8>,
}

impl<W: Write> Console<W> {
    /// Nothing is written yet.
    pub const fn new(out: W, print: Print, output: Output) -> Self {
        Self {
            out,
            print,
            output,
            buffer: Vec::new(),
        }
    }

    /// Prints each of the records.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn update(&mut self, update: &Update) -> io::Result<()> {
        if self.print != Print::Each {
            return Ok(());
        }
        let batch = &update.batch;
        let mut rejects = batch.rejects.iter().peekable();
        let mut records = update.before.records;
        for (span, average) in batch.spans.iter().zip(&update.averages) {
            while rejects
                .next_if(|reject| reject.span.start < span.start)
                .is_some()
            {
                records += 1;
            }
            records += 1;
            self.record(batch.line(span), records, *average);
            if self.buffer.len() > BUFFER_BYTES {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// Prints the answer so far.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn answer(&mut self, answer: &Answer) -> io::Result<()> {
        let Answer {
            records, rejected, ..
        } = answer;
        match self.output {
            Output::Text => {
                write!(
                    self.buffer,
                    "records {records} rejected {rejected} average "
                )?;
                text::number(&mut self.buffer, answer.average);
                self.buffer.push(b'\n');
            }
            Output::Json => {
                let counts =
                    format!("{{\"records\":{records},\"rejected\":{rejected},\"average\":");
                self.buffer.extend_from_slice(counts.as_bytes());
                text::number(&mut self.buffer, answer.average);
                self.buffer.extend_from_slice(b"}\n");
            }
        }
        self.flush()
    }

    fn record(&mut self, record: &[u8], records: u64, average: Option<f64>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Reason, Reject};

    /// An update over two accepted records with a reject between them.
    fn update() -> Update {
        let mut update = Update {
            batch: Default::default(),
            before: Answer::default(),
            averages: vec![Some(1.0), Some(1.5)],
            answer: Answer {
                records: 3,
                rejected: 1,
                average: Some(1.5),
            },
        };
        update.batch.text = b"{\"value\":1}\nxx\n{\"value\":2}\n".to_vec().into();
        update.batch.spans = vec![0..11, 15..26];
        update.batch.rejects.push(Reject {
            reason: Reason::NotJson,
            before: (1, 12),
            span: 12..14,
        });
        update
    }

    fn check(print: Print, output: Output, expected: &str) {
        let mut out = Vec::new();
        let mut console = Console::new(&mut out, print, output);
        console.update(&update()).unwrap();
        console.answer(&update().answer).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn lines_look_as_in_the_article_or_as_programs_like_them() {
        let text = "records 3 rejected 1 average 1.5\n";
        let json = "{\"records\":3,\"rejected\":1,\"average\":1.5}\n";
        check(Print::Final, Output::Text, text);
        check(Print::Second, Output::Json, json);
        let each = "received {\"value\":1} average 1.0\nreceived {\"value\":2} average 1.5\n";
        check(Print::Each, Output::Text, &format!("{each}{text}"));
        let each = "{\"record\":{\"value\":1},\"records\":1,\"average\":1.0}\n{\"record\":{\"value\":2},\"records\":3,\"average\":1.5}\n";
        check(Print::Each, Output::Json, &format!("{each}{json}"));
    }

    #[test]
    fn without_an_average_there_is_null() {
        let mut out = Vec::new();
        let mut console = Console::new(&mut out, Print::Final, Output::Json);
        console.answer(&Answer::default()).unwrap();
        assert_eq!(out, b"{\"records\":0,\"rejected\":0,\"average\":null}\n");
    }
}
