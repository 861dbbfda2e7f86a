//! Records as they are kept and sent: lines of JSON, none longer than [`RECORD_BYTES_MAX`].

use bytes::Bytes;

use crate::{
    json,
    limits::{EXCERPT_BYTES_MAX, RECORD_BYTES_MAX},
    ndjson,
};

/// Records that are appended together, all or none.
///
/// Every line ends with a newline, is not blank, and is at most [`RECORD_BYTES_MAX`] long without
/// it; [`Batch::from_ndjson`] and [`Batch::from_json`] take nothing but valid JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    lines: Vec<u8>,
    records: u64,
}

/// Why a body holds no records, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No record in it.
    #[error("the body holds no record")]
    Empty,
    /// Text that is not UTF-8.
    #[error("line {line}: not UTF-8")]
    NotUtf8 {
        /// Line in the body, from 1.
        line: usize,
    },
    /// Text that is not JSON.
    #[error("line {line}, column {column}: {fault}: {excerpt:?}")]
    NotJson {
        /// Line in the body, from 1.
        line: usize,
        /// Byte in the line, from 1.
        column: usize,
        /// What is wrong.
        fault: json::What,
        /// The line, from near the fault.
        excerpt: String,
    },
    /// A record over the limit.
    #[error("line {line}: a record of {bytes} bytes is longer than {RECORD_BYTES_MAX}")]
    TooLong {
        /// Line in the body, from 1.
        line: usize,
        /// How long the record is.
        bytes: usize,
    },
}

impl Batch {
    /// A record a line, never flattened; blank lines are passed over.
    ///
    /// # Errors
    /// The first line that is no record. Then none of them is.
    pub fn from_ndjson(body: &[u8]) -> Result<Self, Refused> {
        let mut batch = Self {
            lines: Vec::with_capacity(body.len() + 1),
            records: 0,
        };
        for (line, text) in (1..).zip(ndjson::lines(body)) {
            let text = std::str::from_utf8(text)
                .map_err(|_| Refused::NotUtf8 { line })?
                .trim_ascii();
            if text.is_empty() {
                continue;
            }
            json::value(text).map_err(|fault| not_json(line, text, fault))?;
            batch
                .push(text.as_bytes())
                .map_err(|bytes| Refused::TooLong { line, bytes })?;
        }
        batch.or_empty()
    }

    /// One JSON value over as many lines as it likes; an array is flattened once.
    ///
    /// # Errors
    /// The first fault, or record over the limit. Then nothing of it is a record.
    pub fn from_json(body: &[u8]) -> Result<Self, Refused> {
        let line_at = |at: usize| body.get(..at).map_or(0, ndjson::count) + 1;
        let text = std::str::from_utf8(body).map_err(|error| Refused::NotUtf8 {
            line: line_at(error.valid_up_to()),
        })?;
        if text.trim_ascii().is_empty() {
            return Err(Refused::Empty);
        }
        let mut batch = Self {
            lines: Vec::with_capacity(body.len() + 1),
            records: 0,
        };
        let mut too_long = None;
        json::flattened(text, |element| {
            if let Err(bytes) = batch.push(&one_line(element)) {
                let line = line_at(element.as_ptr() as usize - text.as_ptr() as usize);
                too_long.get_or_insert(Refused::TooLong { line, bytes });
            }
        })
        .map_err(|fault| {
            let start = text
                .get(..fault.at)
                .and_then(|head| head.rfind('\n'))
                .map_or(0, |at| at + 1);
            let fault_in_line = json::Fault {
                at: fault.at - start,
                what: fault.what,
            };
            let line = text
                .get(start..)
                .and_then(|rest| rest.lines().next())
                .unwrap_or_default();
            not_json(line_at(fault.at), line, fault_in_line)
        })?;
        match too_long {
            Some(refused) => Err(refused),
            None => batch.or_empty(),
        }
    }

    /// Adds one line, which has no newline, as it is; but for carriage returns, which end a line for
    /// some readers, and become spaces. In valid JSON both are white space.
    ///
    /// # Errors
    /// The length of a line that is over the limit; it is not added.
    pub fn push(&mut self, line: &[u8]) -> Result<(), usize> {
        if line.len() > RECORD_BYTES_MAX {
            return Err(line.len());
        }
        let from = self.lines.len();
        self.lines.extend_from_slice(line);
        if memchr::memchr(b'\r', line).is_some() {
            let added = self.lines.iter_mut().skip(from);
            added
                .filter(|byte| **byte == b'\r')
                .for_each(|byte| *byte = b' ');
        }
        self.lines.push(ndjson::NEWLINE);
        self.records += 1;
        Ok(())
    }

    /// Adds one line that `write` writes, which must be short and have no newline.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.lines);
        self.lines.push(ndjson::NEWLINE);
        self.records += 1;
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// The lines, to be shared.
    #[must_use]
    pub fn into_lines(self) -> Bytes {
        self.lines.into()
    }

    /// How many bytes the lines have, newlines included.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.lines.len()
    }

    /// How many records there are.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    fn or_empty(self) -> Result<Self, Refused> {
        if self.records == 0 {
            Err(Refused::Empty)
        } else {
            Ok(self)
        }
    }
}

/// A valid value without its line breaks: outside of strings they are white space, and inside of
/// strings there are none.
fn one_line(value: &str) -> Vec<u8> {
    value
        .bytes()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect()
}

fn not_json(line: usize, text: &str, fault: json::Fault) -> Refused {
    let from = fault.at.saturating_sub(EXCERPT_BYTES_MAX / 2);
    let excerpt = text.as_bytes().get(from..).unwrap_or_default();
    let excerpt = excerpt.get(..EXCERPT_BYTES_MAX).unwrap_or(excerpt);
    Refused::NotJson {
        line,
        column: fault.at + 1,
        fault: fault.what,
        excerpt: String::from_utf8_lossy(excerpt).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(batch: Result<Batch, Refused>) -> Result<String, String> {
        batch
            .map(|batch| String::from_utf8_lossy(batch.lines()).into_owned())
            .map_err(|refused| refused.to_string())
    }

    #[test]
    fn ndjson_is_a_record_a_line() {
        let body = b"{\"a\":\r1}\r\n\n  [1,2]  \n3";
        assert_eq!(
            lines(Batch::from_ndjson(body)),
            Ok("{\"a\": 1}\n[1,2]\n3\n".to_owned())
        );
        assert_eq!(Batch::from_ndjson(body).map(|batch| batch.records()), Ok(3));
    }

    #[test]
    fn a_refusal_names_its_line() {
        let expected = "line 3, column 6: unexpected character in JSON: \"{\\\"a\\\":x}\"";
        assert_eq!(
            lines(Batch::from_ndjson(b"1\n\n{\"a\":x}\n4")),
            Err(expected.to_owned())
        );
        assert_eq!(
            lines(Batch::from_ndjson(b"1\n\xff")),
            Err("line 2: not UTF-8".to_owned())
        );
        assert_eq!(Batch::from_ndjson(b" \n\n"), Err(Refused::Empty));
        let long = [
            b"1\n\"".to_vec(),
            vec![b'a'; RECORD_BYTES_MAX],
            b"\"".to_vec(),
        ]
        .concat();
        let refused = Refused::TooLong {
            line: 2,
            bytes: RECORD_BYTES_MAX + 2,
        };
        assert_eq!(Batch::from_ndjson(&long), Err(refused.clone()));
        assert_eq!(
            Batch::from_json(&long[2..]),
            Err(Refused::TooLong {
                line: 1,
                bytes: RECORD_BYTES_MAX + 2
            })
        );
    }

    #[test]
    fn json_is_flattened_once_onto_lines() {
        let body = b"[ {\n \"a\":\r\n1}, [2,\n3] ]\n";
        assert_eq!(
            lines(Batch::from_json(body)),
            Ok("{ \"a\":1}\n[2,3]\n".to_owned())
        );
        assert_eq!(lines(Batch::from_json(b"7")), Ok("7\n".to_owned()));
        assert_eq!(Batch::from_json(b"[]"), Err(Refused::Empty));
        let expected = "line 2, column 2: unexpected character in JSON: \" x]\"";
        assert_eq!(
            lines(Batch::from_json(b"[1,\n x]")),
            Err(expected.to_owned())
        );
        assert_eq!(
            lines(Batch::from_json(b"1\n2")),
            Err("line 2, column 1: more than one JSON value: \"2\"".to_owned())
        );
    }
}
