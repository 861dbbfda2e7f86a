//! Records as they are kept and sent: lines of JSON, none longer than [`RECORD_BYTES_MAX`].

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    json::{self, Pointer, Value},
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

/// What JSON takes for white space. A form feed is none.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

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
        let mut batch = Self::with_room(body.len());
        batch.extend(body, 0)?;
        batch.or_empty()
    }

    /// Adds a record a line, of a part of a body that has so many lines before it. Returns how many
    /// lines the part has.
    ///
    /// # Errors
    /// The first line that is no record. Those before it are added.
    pub fn extend(&mut self, part: &[u8], before: usize) -> Result<usize, Refused> {
        match simdutf8::basic::from_utf8(part) {
            Ok(text) if memchr::memchr(b'\r', part).is_none() => self.extend_plain(text, before),
            _ => self.extend_each(part, before),
        }
    }

    /// As [`Batch::extend`], line by line: the one that is not UTF-8 is found, and carriage returns
    /// become spaces.
    fn extend_each(&mut self, part: &[u8], before: usize) -> Result<usize, Refused> {
        each_line_behind(before, part, |line, text| {
            json::check(text).map_err(|fault| line.not_json(text, fault))?;
            self.add(line, text.as_bytes())
        })?;
        let is_ended = part.last().is_none_or(|last| *last == ndjson::NEWLINE);
        Ok(ndjson::count(part) + usize::from(!is_ended))
    }

    /// As [`Batch::extend`], of a text without carriage returns. Lines that can be kept as they stand
    /// are copied together.
    fn extend_plain(&mut self, text: &str, before: usize) -> Result<usize, Refused> {
        let (mut copied, mut at, mut lines) = (0, 0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(ndjson::NEWLINE, rest.as_bytes()).unwrap_or(rest.len());
            let whole = rest.get(..end).unwrap_or_default();
            let record = trimmed(whole);
            let line = Line {
                counted: before + lines,
                uncounted: &[],
            };
            let checked = if record.is_empty() {
                Ok(())
            } else {
                json::check(record)
            };
            let is_plain = !record.is_empty() && record.len() == whole.len();
            if is_plain && checked.is_ok() && record.len() <= RECORD_BYTES_MAX {
                self.records += 1;
            } else {
                self.copy(text.get(copied..at).unwrap_or_default());
                checked.map_err(|fault| line.not_json(record, fault))?;
                if !record.is_empty() {
                    self.add(line, record.as_bytes())?;
                }
                copied = at + end + 1;
            }
            (at, lines) = (at + end + 1, lines + 1);
        }
        self.copy(text.get(copied..).unwrap_or_default());
        Ok(lines)
    }

    /// Copies lines that were counted. The last one may have no newline.
    fn copy(&mut self, lines: &str) {
        self.lines.extend_from_slice(lines.as_bytes());
        if !lines.is_empty() && !lines.ends_with('\n') {
            self.lines.push(ndjson::NEWLINE);
        }
    }

    /// One JSON value over as many lines as it likes; an array is flattened once.
    ///
    /// # Errors
    /// The first fault, or record over the limit. Then nothing of it is a record.
    pub fn from_json(body: &[u8]) -> Result<Self, Refused> {
        let mut batch = Self::with_room(body.len());
        let whole = Pointer::default();
        each_element(body, &whole, |line, record, _| {
            batch.add_plain(line, record)
        })?;
        batch.or_empty()
    }

    /// An empty batch with room for the lines of `bytes` of a body.
    #[must_use]
    pub fn with_room(bytes: usize) -> Self {
        Self::within(Vec::with_capacity(bytes + 1))
    }

    /// An empty batch in this memory. What was in it is gone.
    #[must_use]
    pub fn within(mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self {
            lines: memory,
            records: 0,
        }
    }

    /// Adds a record that stands at `line` of a body: valid JSON without a newline.
    ///
    /// # Errors
    /// It is over the limit; it is not added.
    pub fn add(&mut self, line: Line<'_>, record: &[u8]) -> Result<(), Refused> {
        self.push(record).map_err(|bytes| line.too_long(bytes))
    }

    /// As [`Batch::add`], of a record without carriage returns.
    ///
    /// # Errors
    /// It is over the limit; it is not added.
    pub fn add_plain(&mut self, line: Line<'_>, record: &[u8]) -> Result<(), Refused> {
        self.push_plain(record)
            .map_err(|bytes| line.too_long(bytes))
    }

    /// Adds one line, which has no newline, as it is; but for carriage returns, which end a line for
    /// some readers, and become spaces. In valid JSON both are white space.
    ///
    /// # Errors
    /// The length of a line that is over the limit; it is not added.
    pub fn push(&mut self, line: &[u8]) -> Result<(), usize> {
        let from = self.lines.len();
        self.push_plain(line)?;
        if memchr::memchr(b'\r', line).is_some() {
            let added = self.lines.iter_mut().skip(from);
            added
                .filter(|byte| **byte == b'\r')
                .for_each(|byte| *byte = b' ');
        }
        Ok(())
    }

    /// As [`Batch::push`], of a line without carriage returns.
    fn push_plain(&mut self, line: &[u8]) -> Result<(), usize> {
        if line.len() > RECORD_BYTES_MAX {
            return Err(line.len());
        }
        self.lines.extend_from_slice(line);
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

    /// How many bytes can be added before it needs other memory.
    #[must_use]
    pub fn room(&self) -> usize {
        self.lines.capacity() - self.lines.len()
    }

    /// The lines, to be shared.
    #[must_use]
    pub fn into_lines(self) -> Bytes {
        self.lines.into()
    }

    /// The lines, and the memory that they are in.
    #[must_use]
    pub fn into_memory(self) -> Vec<u8> {
        self.lines
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

/// Which line of a body something stands at; counted only when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    counted: usize,
    uncounted: &'a [u8],
}

impl Line<'_> {
    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        self.counted + ndjson::count(self.uncounted) + 1
    }

    /// Why `text`, which begins here, is no record.
    #[must_use]
    pub fn not_json(self, text: &str, fault: json::Fault) -> Refused {
        let from = fault.at.saturating_sub(EXCERPT_BYTES_MAX / 2);
        let excerpt = text.as_bytes().get(from..).unwrap_or_default();
        let excerpt = excerpt.get(..EXCERPT_BYTES_MAX).unwrap_or(excerpt);
        Refused::NotJson {
            line: self.number(),
            column: fault.at + 1,
            fault: fault.what,
            excerpt: String::from_utf8_lossy(excerpt).into_owned(),
        }
    }

    fn too_long(self, bytes: usize) -> Refused {
        let line = self.number();
        Refused::TooLong { line, bytes }
    }
}

/// Shows to `take` each line of `body` that is not blank, without the white space around it. That
/// it is JSON is left to `take`, which reads it for more than that.
///
/// # Errors
/// The first that `take` has, or a line that is not UTF-8.
pub fn each_line<'a, E: From<Refused>>(
    body: &'a [u8],
    take: impl FnMut(Line<'a>, &'a str) -> Result<(), E>,
) -> Result<(), E> {
    each_line_behind(0, body, take)
}

fn each_line_behind<'a, E: From<Refused>>(
    before: usize,
    part: &'a [u8],
    mut take: impl FnMut(Line<'a>, &'a str) -> Result<(), E>,
) -> Result<(), E> {
    for (counted, text) in ndjson::lines(part).enumerate() {
        let line = Line {
            counted: before + counted,
            uncounted: &[],
        };
        let text = std::str::from_utf8(text)
            .map_err(|_| Refused::NotUtf8 {
                line: line.number(),
            })?
            .trim_matches(WHITE_SPACE);
        if !text.is_empty() {
            take(line, text)?;
        }
    }
    Ok(())
}

/// A line without the white space around it, of which most lines have none.
fn trimmed(line: &str) -> &str {
    match line.as_bytes() {
        [first, .., last] if *first > b' ' && *last > b' ' => line,
        _ => line.trim_matches(WHITE_SPACE),
    }
}

/// Shows to `take` each element of the JSON array that `body` is, or the one value that it is, as a
/// line without line breaks of any kind, with what `pointer` leads to in it.
///
/// # Errors
/// The first that `take` has, or why the body is not JSON.
pub fn each_element<'a, E: From<Refused>>(
    body: &'a [u8],
    pointer: &Pointer,
    mut take: impl FnMut(Line<'a>, &[u8], Option<Value<'a>>) -> Result<(), E>,
) -> Result<(), E> {
    let line_at = |at: usize| Line {
        counted: 0,
        uncounted: body.get(..at).unwrap_or_default(),
    };
    let text = std::str::from_utf8(body).map_err(|error| Refused::NotUtf8 {
        line: line_at(error.valid_up_to()).number(),
    })?;
    if text.trim_matches(WHITE_SPACE).is_empty() {
        return Err(Refused::Empty.into());
    }
    let has_breaks = memchr::memchr2(b'\n', b'\r', body).is_some();
    let mut taken = Ok(());
    let element = |element: &'a str, found| {
        if taken.is_ok() {
            let at = element.as_ptr() as usize - text.as_ptr() as usize;
            taken = if has_breaks {
                take(line_at(at), &one_line(element), found)
            } else {
                take(line_at(at), element.as_bytes(), found)
            };
        }
    };
    let read = pointer.flattened(text, element);
    read.map_err(|fault| in_its_line(text, fault, line_at(fault.at)))?;
    taken
}

/// A fault of a text over several lines, told as one of the line that it is in.
fn in_its_line(text: &str, fault: json::Fault, line: Line<'_>) -> Refused {
    let start = text
        .get(..fault.at)
        .and_then(|head| head.rfind('\n'))
        .map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    let fault = json::Fault {
        at: fault.at - start,
        what: fault.what,
    };
    line.not_json(rest.lines().next().unwrap_or_default(), fault)
}

/// A valid value without its line breaks: outside of strings they are white space, and inside of
/// strings there are none.
fn one_line(value: &str) -> Cow<'_, [u8]> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if memchr::memchr2(b'\n', b'\r', value.as_bytes()).is_none() {
        return Cow::Borrowed(value.as_bytes());
    }
    value.bytes().filter(|byte| !is_break(byte)).collect()
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

    proptest::proptest! {
        #[test]
        fn lines_are_taken_the_same_together_and_one_by_one(
            text in "(1|2 | 3|\t|\"ü\"|\\{\\}|x|\n){0,24}", ends in "\n?", before in 0..3_usize,
        ) {
            let text = text + &ends;
            let (mut together, mut each) = (Batch::default(), Batch::default());
            let taken = together.extend_plain(&text, before);
            proptest::prop_assert_eq!(taken, each.extend_each(text.as_bytes(), before), "{:?}", text);
            proptest::prop_assert_eq!(together, each, "{:?}", text);
        }
    }

    #[test]
    fn lines_before_a_broken_one_are_added() {
        let check = |part: &[u8], lines: &[u8], expected: Result<usize, &str>| {
            let mut batch = Batch::default();
            let taken = batch.extend(part, 4);
            let taken = taken.map_err(|refused| refused.to_string());
            assert_eq!(
                taken.as_ref().map_err(|refused| &**refused),
                expected.as_ref().map_err(|why| *why)
            );
            assert_eq!(batch.lines(), lines);
            assert_eq!(batch.records(), ndjson::count(lines) as u64);
        };
        check(b"", b"", Ok(0));
        check(b"1\n\n2", b"1\n2\n", Ok(3));
        check(b"1\r\n2\n", b"1\n2\n", Ok(2));
        check(b"1\n2\n\xff\n3\n", b"1\n2\n", Err("line 7: not UTF-8"));
        let fault = "line 6, column 1: unexpected character in JSON: \"x\"";
        check(b"1\nx\n3\n", b"1\n", Err(fault));
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
    fn what_is_no_white_space_to_json_is_none_around_a_record() {
        let check = |body: &[u8]| {
            let found = [Batch::from_ndjson(body), Batch::from_json(body)];
            let all_refused = found
                .iter()
                .all(|batch| matches!(batch, Err(Refused::NotJson { .. })));
            assert!(all_refused, "{found:?}");
        };
        for body in [
            "\u{c}",
            "\u{c}1",
            "1\u{c}",
            "\u{b}1",
            "\u{feff}1",
            "1\u{a0}",
        ] {
            check(body.as_bytes());
        }
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
