//! A page of a stream: what is there from a place on, up to a bound, as an answer with an end.
//!
//! The lines of JSON records become an array by putting commas where newlines are: a newline stands
//! between records only, so nothing needs to be parsed. That is done piece by piece, as the body is
//! sent.

use bytes::Bytes;
use common::{
    ndjson::NEWLINE,
    offset::Offset,
    service::reply::{self, Body},
    wire,
};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::Frame,
    header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
        VARY,
    },
};

use crate::{
    error::{Refusal, header, place},
    log::{Cursor, Framing, Lost, Misplaced, Refused, Stream},
};

/// A page that is not the last one never changes, and is only a while longer there than retention
/// wants it.
const CACHED: &str = "public, max-age=60, stale-while-revalidate=300";

/// The last page grows: whoever has it asks whether it has.
const ASKED_AGAIN: &str = "no-cache";

/// Where the stream ends is never true for long.
const NOT_CACHED: &str = "no-store";

/// How much of an array is made at a time: what the allocator keeps at hand, and the processor too.
/// Larger parts would each be memory anew from the system, and take ten times as long.
const PART_BYTES: usize = 64 * 1024;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pieces: Vec<Bytes>,
    first: Offset,
    next: Offset,
    /// Whether only the end was asked for.
    is_now: bool,
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As it is kept.
    Plain,
    /// A JSON array of the lines.
    Array,
    /// The lines of JSON records.
    Lines,
}

/// Reads a page: `bytes_max` bytes, but a record at the least if there is one. Of the end, where
/// only that was asked for, the page is empty.
pub(super) fn read(cursor: &mut Cursor, bytes_max: usize, is_now: bool) -> Result<Page, Refusal> {
    let first = cursor.at();
    let mut page = Page {
        pieces: Vec::new(),
        first,
        next: first,
        is_now,
    };
    // Each piece is a byte at the least, and a page begins with room for one.
    let mut left = if is_now { 0 } else { bytes_max.max(1) };
    while left > 0 {
        match cursor.read(left) {
            Ok(Some(piece)) if page.pieces.is_empty() || piece.lines.len() <= left => {
                page.next = piece.next;
                left = left.saturating_sub(piece.lines.len());
                page.pieces.push(piece.lines);
            }
            Ok(_) => break,
            // What was read before it can still be given.
            Err(_) if !page.pieces.is_empty() => break,
            Err(Lost::Overrun { at, earliest }) => {
                return Err(Misplaced::Gone { at, earliest }.into());
            }
            Err(Lost::Damaged { at, why }) => return Err(Misplaced::Damaged { at, why }.into()),
            Err(Lost::Deleted) => return Err(Refused::Missing("stream".to_owned()).into()),
        }
    }
    Ok(page)
}

impl Page {
    pub(super) fn bytes(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    pub(super) const fn records(&self) -> u64 {
        self.next.record - self.first.record
    }

    /// The answer to who asked for it with these headers.
    pub(super) fn answer(
        self,
        stream: &Stream,
        wants_lines: bool,
        asked: &HeaderMap,
    ) -> Response<Body> {
        let settings = stream.settings();
        let tail = stream.tail();
        let is_closed = tail.closed && self.next == tail.next;
        // Where the end was asked for, it was there, whatever has come since.
        let is_up_to_date = self.is_now || self.next == tail.next;
        let is_json = wire::is_same_type(&settings.content_type, wire::JSON);
        let shape = match (stream.framing(), wants_lines) {
            (Framing::Lines, true) => Shape::Lines,
            (Framing::Lines, false) if is_json => Shape::Array,
            (Framing::Lines | Framing::Bytes, _) => Shape::Plain,
        };
        let cache = match (self.is_now, is_up_to_date) {
            (true, _) => NOT_CACHED,
            (false, true) => ASKED_AGAIN,
            (false, false) => CACHED,
        };
        let (next, is_now) = (self.next, self.is_now);
        let tag = header(&self.tag(shape, is_closed));
        let is_known = !is_now && is_one_of(asked, &tag);
        let mut answer = if is_known {
            reply::empty(StatusCode::NOT_MODIFIED)
        } else {
            self.body(shape, &settings.content_type)
        };
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        if !is_now {
            headers.insert(ETAG, tag);
        }
        if stream.framing() == Framing::Lines {
            headers.insert(VARY, HeaderValue::from_static("accept"));
        }
        let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
        put(wire::STREAM_NEXT_OFFSET, place(next));
        if is_up_to_date {
            put(wire::STREAM_UP_TO_DATE, HeaderValue::from_static("true"));
        }
        if is_closed {
            put(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
        }
        answer
    }

    /// What is different whenever the body is, and when the stream has been closed. A stream that
    /// was deleted and made anew can have other bytes at the same places, so they are in it.
    fn tag(&self, shape: Shape, is_closed: bool) -> String {
        let shape = match shape {
            Shape::Plain => "",
            Shape::Array => ":array",
            Shape::Lines => ":lines",
        };
        let closed = if is_closed { ":closed" } else { "" };
        let check = self
            .pieces
            .iter()
            .fold(0, |check, piece| crc32c::crc32c_append(check, piece));
        format!(
            "\"{}:{}:{check:08x}{shape}{closed}\"",
            self.first, self.next
        )
    }

    fn body(self, shape: Shape, content_type: &str) -> Response<Body> {
        let bytes = self.bytes();
        let (length, mut answer) = match shape {
            Shape::Array => (array_bytes(bytes), of_pieces(array(self.pieces))),
            Shape::Plain | Shape::Lines => (bytes, of_pieces(self.pieces.into_iter())),
        };
        let headers = answer.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        if shape != Shape::Lines
            && let Ok(content_type) = HeaderValue::from_str(content_type)
        {
            headers.insert(CONTENT_TYPE, content_type);
        }
        answer
    }
}

fn of_pieces(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Response<Body> {
    let frames = pieces.map(|piece| Ok(Frame::data(piece)));
    reply::stream(wire::NDJSON, futures_util::stream::iter(frames))
}

/// Lines as an array, made part by part as it is asked for.
fn array(pieces: Vec<Bytes>) -> impl Iterator<Item = Bytes> + Send {
    let parts: Vec<_> = pieces.into_iter().flat_map(parts).collect();
    let count = parts.len();
    let nothing = (count == 0).then(|| Bytes::from_static(b"[]"));
    let parts = parts.into_iter().enumerate();
    nothing
        .into_iter()
        .chain(parts.map(move |(at, lines)| part_of_array(&lines, at == 0, at + 1 == count)))
}

fn parts(mut lines: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        let length = lines.len().min(PART_BYTES);
        (length > 0).then(|| lines.split_to(length))
    })
}

/// How many bytes the array of lines of so many bytes has.
const fn array_bytes(lines: usize) -> usize {
    // The last newline becomes a bracket; without lines there are two of them.
    if lines == 0 { 2 } else { lines + 1 }
}

/// Lines as the part of an array that they are.
fn part_of_array(lines: &[u8], is_first: bool, is_last: bool) -> Bytes {
    let mut part = Vec::with_capacity(lines.len() + 1);
    if is_first {
        part.push(b'[');
    }
    let comma = |byte: &u8| if *byte == NEWLINE { b',' } else { *byte };
    part.extend(lines.iter().map(comma));
    if is_last && let Some(last) = part.last_mut() {
        *last = b']';
    }
    part.into()
}

/// Whether the client has what `tag` stands for.
fn is_one_of(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let all = asked.get_all(IF_NONE_MATCH).iter();
    let mut tags = all
        .flat_map(|tags| tags.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .map(|tag| tag.strip_prefix(b"W/").unwrap_or(tag));
    tags.any(|known| known == b"*" || known == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_an_array_however_they_are_cut() {
        let check = |pieces: &[&str], expected: &str| {
            let all: Vec<_> = pieces
                .iter()
                .map(|lines| Bytes::from((*lines).to_owned()))
                .collect();
            let bytes = all.iter().map(Bytes::len).sum();
            assert_eq!(array_bytes(bytes), expected.len());
            assert!(array(all).collect::<Vec<_>>().concat() == expected.as_bytes());
        };
        check(&[], "[]");
        check(&["1\n"], "[1]");
        check(&["1\n{\"a\":\"b\\n\"}\n"], "[1,{\"a\":\"b\\n\"}]");
        check(&["1\n2\n", "3\n", "4\n"], "[1,2,3,4]");
        let many = "1\n".repeat(PART_BYTES);
        let array = format!("[{}1]", "1,".repeat(2 * PART_BYTES - 1));
        check(&[&many, &many], &array);
    }

    #[test]
    fn a_tag_tells_apart_what_is_different() {
        let page = |next| Page {
            pieces: Vec::new(),
            first: Offset::default(),
            next: Offset {
                record: next,
                byte: next,
            },
            is_now: false,
        };
        let tags = [
            page(1).tag(Shape::Plain, false),
            page(2).tag(Shape::Plain, false),
            page(2).tag(Shape::Plain, true),
            page(2).tag(Shape::Array, false),
            page(2).tag(Shape::Lines, false),
        ];
        for (at, tag) in tags.iter().enumerate() {
            assert_eq!(tags.iter().position(|other| other == tag), Some(at));
            let tag = header(tag);
            let knows = |text: &str| {
                let text = HeaderValue::from_str(text).unwrap();
                is_one_of(&HeaderMap::from_iter([(IF_NONE_MATCH, text)]), &tag)
            };
            let known = tag.to_str().unwrap();
            assert!(knows(known) && knows("*"));
            assert!(knows(&format!("\"x\", W/{known}")));
            assert!(!knows("\"x\"") && !is_one_of(&HeaderMap::new(), &tag));
        }
    }
}
