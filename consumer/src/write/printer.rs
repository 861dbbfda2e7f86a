//! Rows on a console: as Flink prints them, or as JSON for programs.

use std::io::{self, Write};

use super::{Moments, Output, json, json::Shape, row};
use crate::transform::Changes;

/// What is held back until it is written, at the most.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes rows to `W`. What it was given is written when the call returns.
#[derive(Debug)]
pub struct Printer<W> {
    out: W,
    output: Output,
    prefix: String,
    text: String,
    buffer: Vec<u8>,
}

impl<W: Write> Printer<W> {
    /// Prints each row behind `prefix`, if there is one; JSON has none.
    pub fn new(out: W, output: Output, prefix: Option<&str>) -> Self {
        Self {
            out,
            output,
            prefix: prefix
                .map(|prefix| format!("{prefix}> "))
                .unwrap_or_default(),
            text: String::new(),
            buffer: Vec::new(),
        }
    }

    /// Prints rows.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&mut self, changes: &Changes) -> io::Result<()> {
        match self.output {
            Output::Text => self.text(changes)?,
            Output::Json => self.json(changes)?,
        }
        self.flush()?;
        self.out.flush()
    }

    fn text(&mut self, changes: &Changes) -> io::Result<()> {
        for number in 0..changes.rows.num_rows() {
            self.text.clear();
            self.text.push_str(&self.prefix);
            row::row(
                &mut self.text,
                changes.op(number),
                changes.rows.columns(),
                number,
            )
            .map_err(io::Error::other)?;
            self.text.push('\n');
            self.buffer.extend_from_slice(self.text.as_bytes());
            self.flush_if_full()?;
        }
        Ok(())
    }

    fn json(&mut self, changes: &Changes) -> io::Result<()> {
        let moments = Moments::Sql;
        json::changes(changes, Shape::Change, moments, &mut self.buffer).map_err(io::Error::other)
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() > BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Int64Array},
        record_batch::RecordBatch,
    };

    use super::*;
    use crate::transform::Op;

    #[test]
    fn rows_are_printed_as_flink_does_or_as_programs_like_them() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let changes = Changes {
            rows: RecordBatch::try_from_iter([("n", column)]).unwrap(),
            ops: Some(vec![Op::UpdateBefore, Op::UpdateAfter]),
        };
        let check = |output, prefix, expected: &str| {
            let mut out = Vec::new();
            Printer::new(&mut out, output, prefix)
                .write(&changes)
                .unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(Output::Text, None, "-U[1]\n+U[null]\n");
        check(Output::Text, Some("a"), "a> -U[1]\na> +U[null]\n");
        let json = "{\"op\":\"-U\",\"row\":{\"n\":1}}\n{\"op\":\"+U\",\"row\":{\"n\":null}}\n";
        check(Output::Json, None, json);
    }
}
