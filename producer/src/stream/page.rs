//! A page of a stream: what is there from a place on, up to a bound, as an answer with an end.
//!
//! The lines of JSON records become an array by putting commas where newlines are: a newline stands
//! between records only, so nothing needs to be parsed.

use bytes::Bytes;
use common::{
    ndjson::NEWLINE,
    offset::Offset,
    service::reply::{self, Aborted, Body},
    wire,
};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
        VARY,
    },
};

use super::paced::paced;
use crate::{
    error::{Refusal, header, place},
    log::{Cursor, Framing, Lost, Misplaced, Refused, Stream, Tail},
};

/// A page that is not the last one never changes, and is only a while longer there than retention
/// wants it.
const CACHED: &str = "public, max-age=60, stale-while-revalidate=300";

/// The last page grows: whoever has it asks whether it has.
const ASKED_AGAIN: &str = "no-cache";

/// Where the stream ends is never true for long.
const NOT_CACHED: &str = "no-store";

/// How much is read at a time: what the processor has at hand until it is sent.
const PART_BYTES: usize = 256 * 1024;

/// A page: its beginning was read, and it is known where it ends.
#[derive(Debug)]
pub(super) struct Page {
    first: Offset,
    next: Offset,
    shape: Shape,
    whence: Whence,
    begun: Option<Bytes>,
    /// What reads the rest.
    rest: Cursor,
}

/// Where a page ends.
struct End {
    next: Offset,
    /// Whether this is all there is.
    is_up_to_date: bool,
    /// Whether nothing will follow.
    is_closed: bool,
}

/// How long a page gets, and where it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// So many bytes, but a record at the least.
    pub(super) bytes_max: usize,
    /// So many records.
    pub(super) records_max: Option<u64>,
    pub(super) whence: Whence,
}

/// How the beginning of a page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whence {
    /// As a place.
    Fixed,
    /// So that the same request finds another place later.
    Moving,
    /// As the end, and nothing else was.
    Now,
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// As it is kept.
    Plain,
    /// A JSON array of the lines.
    Array,
    /// The lines of JSON records.
    Lines,
}

/// Begins to read a page: within its bounds, but a record at the least if there is one. Of the end,
/// where only that was asked for, the page is empty.
pub(super) fn read(mut cursor: Cursor, shape: Shape, bounds: Bounds) -> Result<Page, Refusal> {
    let first = cursor.at();
    let until = bounds
        .records_max
        .map(|records| cursor.behind(records, bounds.bytes_max))
        .transpose()
        .map_err(refusal)?;
    let bytes_max = match until {
        Some(until) => usize::try_from(until.byte - first.byte).unwrap_or(usize::MAX),
        None => bounds.bytes_max,
    };
    let part = if bounds.whence == Whence::Now {
        None
    } else {
        cursor
            .read_separated(bytes_max.min(PART_BYTES), shape.between())
            .map_err(refusal)?
    };
    let begun = part.map(|part| part.lines);
    let left = bytes_max.saturating_sub(begun.as_ref().map_or(0, Bytes::len));
    let next = match until {
        // What has come since it was counted is not in it, but for a first record.
        _ if begun.is_none() => None,
        Some(until) => Some(until.max(cursor.at())),
        None => cursor.border(left),
    };
    Ok(Page {
        first,
        next: next.unwrap_or(cursor.at()),
        shape,
        whence: bounds.whence,
        begun,
        rest: cursor,
    })
}

pub(super) fn refusal(lost: Lost) -> Refusal {
    match lost {
        Lost::Overrun { at, earliest } => Misplaced::Gone { at, earliest }.into(),
        Lost::Damaged { at, why } => Misplaced::Damaged { at, why }.into(),
        Lost::Unread { at, why } => Misplaced::Unread { at, why }.into(),
        Lost::Deleted => Refused::Missing("stream".to_owned()).into(),
    }
}

/// The parts of a page that are not read yet. What cannot be read any more breaks the body off.
fn rest(
    mut cursor: Cursor,
    until: Offset,
    shape: Shape,
) -> impl Iterator<Item = Result<Bytes, Aborted>> {
    std::iter::from_fn(move || {
        let left = until.byte.saturating_sub(cursor.at().byte);
        let left = usize::try_from(left).ok().filter(|left| *left > 0)?;
        let read = cursor.read_separated(left.min(PART_BYTES), shape.between());
        Some(match read {
            Ok(Some(part)) => Ok(part.lines),
            Ok(None) => Err(Aborted("the page is not there any more".to_owned())),
            Err(lost) => Err(Aborted(lost.to_string())),
        })
    })
}

impl Page {
    /// How long its body is.
    pub(super) fn body_bytes(&self) -> usize {
        match self.shape {
            Shape::Array => array_bytes(self.bytes()),
            Shape::Plain | Shape::Lines => self.bytes(),
        }
    }

    fn bytes(&self) -> usize {
        usize::try_from(self.next.byte - self.first.byte).unwrap_or(usize::MAX)
    }

    pub(super) const fn records(&self) -> u64 {
        self.next.record - self.first.record
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first == self.next
    }

    /// The answer to who asked for it with these headers.
    pub(super) fn answer(self, stream: &Stream, asked: &HeaderMap) -> Response<Body> {
        let is_now = self.whence == Whence::Now;
        let end = End::of(self.next, is_now, stream.tail());
        let cache = match (self.whence, end.is_up_to_date) {
            (Whence::Now, _) => NOT_CACHED,
            (Whence::Moving, _) | (Whence::Fixed, true) => ASKED_AGAIN,
            (Whence::Fixed, false) => CACHED,
        };
        let first = (self.whence == Whence::Moving).then_some(self.first);
        let tag = header(&self.tag(stream.number(), end.is_closed));
        let is_known = !is_now && is_one_of(asked, &tag);
        let mut answer = if is_known {
            reply::empty(StatusCode::NOT_MODIFIED)
        } else {
            self.body(&stream.settings().content_type)
        };
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        if !is_now {
            headers.insert(ETAG, tag);
        }
        if stream.framing() == Framing::Lines {
            headers.insert(VARY, HeaderValue::from_static("accept"));
        }
        if let Some(first) = first {
            // Where nothing else tells it. By this header readers know a body that goes on, too.
            headers.insert(wire::STREAM_OFFSET, place(first));
        }
        end.tell(headers);
        answer
    }

    /// The answer to who has waited for it, and there is nothing in it.
    pub(super) fn nothing(&self, stream: &Stream) -> Response<Body> {
        let mut answer = reply::empty(StatusCode::NO_CONTENT);
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(NOT_CACHED));
        End::of(self.next, false, stream.tail()).tell(headers);
        answer
    }

    /// What is different whenever the body is, and when the stream has been closed. A stream that
    /// was deleted and made anew has another number.
    fn tag(&self, number: u64, is_closed: bool) -> String {
        tag(number, (self.first, self.next), self.shape, is_closed)
    }

    fn body(self, content_type: &str) -> Response<Body> {
        let (length, shape) = (self.body_bytes(), self.shape);
        let rest = rest(self.rest, self.next, shape);
        let parts = self.begun.into_iter().map(Ok).chain(rest);
        let mut answer = match shape {
            Shape::Array => of_parts(array(parts)),
            Shape::Plain | Shape::Lines => of_parts(parts),
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

impl End {
    /// That of a page up to `next`, in a stream that ends at `tail`; of the end alone if `is_now`.
    fn of(next: Offset, is_now: bool, tail: Tail) -> Self {
        // Where the end was asked for, it was there, whatever has come since. And what was read may
        // be new, and the tail be shown a moment later.
        let is_up_to_date = is_now || next >= tail.next;
        let is_closed = tail.closed && next == tail.next;
        Self {
            next,
            is_up_to_date,
            is_closed,
        }
    }

    fn tell(&self, headers: &mut HeaderMap) {
        let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
        put(wire::STREAM_NEXT_OFFSET, place(self.next));
        if self.is_up_to_date {
            put(wire::STREAM_UP_TO_DATE, HeaderValue::from_static("true"));
        }
        if self.is_closed {
            put(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
        }
    }
}

fn of_parts(
    parts: impl Iterator<Item = Result<Bytes, Aborted>> + Send + 'static,
) -> Response<Body> {
    reply::stream(wire::NDJSON, paced(futures_util::stream::iter(parts)))
}

/// What has a comma behind each record, as an array. The comma behind a part comes when the next one
/// is there, for the last is none; a part that was read ahead to know that would wait with it.
fn array<E>(
    parts: impl Iterator<Item = Result<Bytes, E>>,
) -> impl Iterator<Item = Result<Bytes, E>> {
    let sign = |sign: &'static str| Ok(Bytes::from_static(sign.as_bytes()));
    let before = std::iter::once(None).chain(std::iter::repeat(Some(",")));
    let parts = before.zip(parts).flat_map(move |(before, mut part)| {
        if let Ok(records) = &mut part {
            records.truncate(records.len().saturating_sub(1));
        }
        before.map(sign).into_iter().chain([part])
    });
    std::iter::once(sign("[")).chain(parts).chain([sign("]")])
}

/// How many bytes the array of records of so many bytes has.
const fn array_bytes(records: usize) -> usize {
    // The last comma becomes a bracket; without records there are two of them.
    if records == 0 { 2 } else { records + 1 }
}

impl Shape {
    /// What stands behind each line.
    const fn between(self) -> u8 {
        match self {
            Self::Array => b',',
            Self::Plain | Self::Lines => NEWLINE,
        }
    }

    /// How a page of `stream` is written for who wants lines, or does not say so.
    pub(super) fn of(stream: &Stream, wants_lines: bool) -> Self {
        let is_json = wire::is_same_type(&stream.settings().content_type, wire::JSON);
        match (stream.framing(), wants_lines) {
            (Framing::Lines, true) => Self::Lines,
            (Framing::Lines, false) if is_json => Self::Array,
            (Framing::Lines | Framing::Bytes, _) => Self::Plain,
        }
    }
}

fn tag(number: u64, (first, next): (Offset, Offset), shape: Shape, is_closed: bool) -> String {
    let shape = match shape {
        Shape::Plain => "",
        Shape::Array => ":array",
        Shape::Lines => ":lines",
    };
    let closed = if is_closed { ":closed" } else { "" };
    format!("\"{number:x}:{first}:{next}{shape}{closed}\"")
}

/// Whether the client has what `tag` stands for.
pub(crate) fn is_one_of(asked: &HeaderMap, tag: &HeaderValue) -> bool {
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
    fn records_become_an_array_however_they_are_cut() {
        let check = |pieces: &[&str], expected: &str| {
            let parts = pieces
                .iter()
                .map(|records| Ok::<_, ()>(Bytes::from((*records).to_owned())));
            let bytes = pieces.iter().map(|records| records.len()).sum();
            assert_eq!(array_bytes(bytes), expected.len());
            let all: Vec<_> = array(parts).map(Result::unwrap).collect();
            assert_eq!(all.concat(), expected.as_bytes());
        };
        check(&[], "[]");
        check(&["1,"], "[1]");
        check(&["1,2,", "3,", "4,"], "[1,2,3,4]");
    }

    #[test]
    fn a_page_is_the_last_one_when_nothing_was_shown_behind_it() {
        let check = |next, is_now, closed, expected| {
            let tail = Tail {
                next: Offset::default().advance(5, 5),
                closed,
                deleted: false,
            };
            let end = End::of(Offset::default().advance(next, next), is_now, tail);
            assert_eq!((end.is_up_to_date, end.is_closed), expected, "{next}");
        };
        check(4, false, false, (false, false));
        check(4, false, true, (false, false));
        check(4, true, false, (true, false));
        check(5, false, false, (true, false));
        check(5, false, true, (true, true));
        // What is there already and is shown in a moment.
        check(6, false, false, (true, false));
    }

    #[test]
    fn a_tag_tells_apart_what_is_different() {
        let tag = |end, shape, is_closed| {
            let next = Offset {
                record: end,
                byte: end,
            };
            tag(1, (Offset::default(), next), shape, is_closed)
        };
        let tags = [
            tag(1, Shape::Plain, false),
            tag(2, Shape::Plain, false),
            tag(2, Shape::Plain, true),
            tag(2, Shape::Array, false),
            tag(2, Shape::Lines, false),
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
