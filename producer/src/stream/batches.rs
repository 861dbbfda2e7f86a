//! Server-sent events as the protocol has them: what was appended as an event `data`, and behind it an
//! event `control` that says where the reader stands. What a reader puts together is the content of
//! the stream, but for line breaks, which all become the same.
//!
//! ```text
//! id: …                                    id: …
//! event: data                              event: control
//! data:[{"k":"v"},{"k":"w"}]               data:{"streamNextOffset":"…","streamCursor":"…"}
//! ```

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use common::{ndjson::NEWLINE, offset::Offset, time::Timestamp, wire};

use super::{interval, sse};
use crate::log::{Framing, Tail};

/// How long what stands around the data of a page is, but for its lines.
const FRAME_BYTES: usize = 256;

/// What is written of a stream in this form, for one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batches {
    encoding: Encoding,
    /// The cursor that the reader had when it came.
    had: Option<u64>,
    /// What was read and cannot be told without what follows it.
    held: Bytes,
    /// Whether the reader knows that this was all.
    has_ended: bool,
}

/// How content is written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// Records, as a JSON array.
    Array,
    /// Text, as it is.
    Text,
    /// Anything else.
    Base64,
}

/// Where a reader stands who was given all before a place, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) at: Offset,
    pub(super) tail: Tail,
    pub(super) now: Timestamp,
}

impl Batches {
    pub(super) fn new(content_type: &str, had: Option<u64>) -> Self {
        let media_type = wire::media_type(content_type);
        let encoding = match &*media_type {
            wire::JSON => Encoding::Array,
            text if text.starts_with("text/") => Encoding::Text,
            _ => Encoding::Base64,
        };
        Self {
            encoding,
            had,
            held: Bytes::new(),
            has_ended: false,
        }
    }

    pub(super) fn is_base64(&self) -> bool {
        self.encoding == Encoding::Base64
    }

    /// What is said before anything is read: where the reader stands, if there is nothing for it.
    pub(super) fn greeting(&mut self, standing: Standing) -> Bytes {
        let mut events = Vec::new();
        if standing.is_up_to_date() {
            self.control(&mut events, standing);
        }
        events.into()
    }

    /// The events for what was read up to where the reader stands now.
    pub(super) fn events(&mut self, content: Bytes, standing: Standing) -> Bytes {
        let mut content = if self.held.is_empty() {
            content
        } else {
            [&*self.held, &content].concat().into()
        };
        let whole = match self.encoding {
            Encoding::Text if !standing.is_at_end() => whole(&content),
            Encoding::Text | Encoding::Array | Encoding::Base64 => content.len(),
        };
        let told = content.split_to(whole);
        self.held = content;
        let encoded = self.encoding.encoded(&told);
        let mut events = Vec::with_capacity(encoded.len() + FRAME_BYTES);
        if !told.is_empty() {
            sse::event(&mut events, self.place(standing), "data", &encoded);
        }
        self.control(&mut events, standing);
        events.into()
    }

    /// What a reader is told at the end of a closed stream who does not know it yet.
    pub(super) fn end(&mut self, standing: Standing) -> Option<Bytes> {
        (!self.has_ended).then(|| self.events(Bytes::new(), standing))
    }

    fn control(&mut self, events: &mut Vec<u8>, standing: Standing) {
        self.has_ended = standing.is_at_end();
        let place = self.place(standing);
        let number = interval::number(standing.now, self.had);
        let rest = match (self.has_ended, standing.is_up_to_date()) {
            (true, _) => r#","upToDate":true,"streamClosed":true"#.to_owned(),
            (false, true) => format!(r#","streamCursor":"{number}","upToDate":true"#),
            (false, false) => format!(r#","streamCursor":"{number}""#),
        };
        let control = format!(r#"{{"streamNextOffset":"{place}"{rest}}}"#);
        sse::event(events, place, "control", control.as_bytes());
    }

    /// The place behind what was told. Only of bytes something can be held, and each is a record.
    fn place(&self, standing: Standing) -> Offset {
        let held = self.held.len() as u64;
        Offset {
            record: standing.at.record.saturating_sub(held),
            byte: standing.at.byte.saturating_sub(held),
        }
    }
}

impl Standing {
    /// The writer may show a moment later where the stream ends than what is new in it.
    fn is_up_to_date(&self) -> bool {
        self.at >= self.tail.next
    }

    /// Whether nothing will come.
    pub(super) fn is_at_end(&self) -> bool {
        self.tail.closed && self.is_up_to_date()
    }
}

impl Encoding {
    fn encoded(self, content: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Text => content.into(),
            Self::Base64 => BASE64_STANDARD.encode(content).into_bytes().into(),
            Self::Array => array(content).into(),
        }
    }
}

/// The array of records that are lines: a newline stands behind records only.
fn array(lines: &[u8]) -> Vec<u8> {
    let records = lines.strip_suffix(&[NEWLINE]).unwrap_or(lines);
    let mut array = Vec::with_capacity(records.len() + 2);
    array.push(b'[');
    array.extend_from_slice(records);
    Framing::Lines.separate(&mut array, b',');
    array.push(b']');
    array
}

/// How much of a text can be told while more may follow: not a character that has begun and whose end
/// has not come, nor a CR, which may be half of a line break. Told by itself it would be a whole one, and
/// the LF that comes later another.
fn whole(text: &[u8]) -> usize {
    let begins = |byte: &u8| byte & 0xc0 != 0x80;
    let last = text.iter().rposition(begins).unwrap_or_default();
    let is_half = |last| str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
    match text.get(last..) {
        Some(character) if is_half(character) => last,
        Some(b"\r") => last,
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::stream::reading::{Event, parse, with_line_feeds};

    const NOW: Timestamp = Timestamp(1_728_432_000_000 + 20_000 * 7);

    fn at(byte: usize) -> Offset {
        Offset::default().advance(byte as u64, byte as u64)
    }

    fn standing(byte: usize, tail: usize, closed: bool) -> Standing {
        let tail = Tail {
            next: at(tail),
            closed,
            deleted: false,
        };
        Standing {
            at: at(byte),
            tail,
            now: NOW,
        }
    }

    fn event(name: &str, byte: usize, data: &str) -> Event {
        Event {
            id: at(byte).to_string(),
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    fn control(byte: usize, rest: &str) -> Event {
        let place = at(byte);
        event(
            "control",
            byte,
            &format!("{{\"streamNextOffset\":\"{place}\"{rest}}}"),
        )
    }

    #[test]
    fn content_is_written_as_its_type_wants_it() {
        let check = |content_type: &str, content: &'static [u8], expected: &str| {
            let mut batches = Batches::new(content_type, None);
            let length = content.len();
            let events = batches.events(Bytes::from_static(content), standing(length, 99, false));
            let expected = event("data", length, expected);
            let control = control(length, ",\"streamCursor\":\"7\"");
            assert_eq!(parse(&events), [expected, control], "{content_type}");
        };
        check(
            "Application/JSON; a=b",
            b"1\n{\"a\":[2, 3]}\n",
            "[1,{\"a\":[2, 3]}]",
        );
        check("application/json", b"1\n", "[1]");
        check("TEXT/plain; charset=utf-8", b" a\r\n", " a\n");
        check("text/html", "<ü>".as_bytes(), "<ü>");
        check("application/octet-stream", b"Hello", "SGVsbG8=");
        check("application/x-ndjson", b"1\n", "MQo=");
        check("", b"\x00\xff", "AP8=");
    }

    #[test]
    fn a_control_says_where_the_reader_stands() {
        let check = |byte, closed, had, rest: &str| {
            let standing = standing(byte, 5, closed);
            let told = control(byte, rest);
            let is_up_to_date = byte >= 5;
            let greeting = Batches::new("text/plain", had).greeting(standing);
            let expected = is_up_to_date.then(|| told.clone());
            assert_eq!(parse(&greeting), Vec::from_iter(expected), "{byte}");

            let mut batches = Batches::new("text/plain", had);
            let events = batches.events(Bytes::from_static(b"x"), standing);
            assert_eq!(parse(&events), [event("data", byte, "x"), told]);
            let knows_the_end = batches.end(standing).is_none();
            assert_eq!(knows_the_end, closed && is_up_to_date, "{byte}");
        };
        check(4, false, None, ",\"streamCursor\":\"7\"");
        check(4, true, Some(6), ",\"streamCursor\":\"7\"");
        check(
            5,
            false,
            Some(7),
            ",\"streamCursor\":\"8\",\"upToDate\":true",
        );
        check(5, true, Some(7), ",\"upToDate\":true,\"streamClosed\":true");
        check(6, false, None, ",\"streamCursor\":\"7\",\"upToDate\":true");
    }

    #[test]
    fn half_a_character_is_told_when_nothing_else_can_come() {
        let mut batches = Batches::new("text/plain", None);
        let events = batches.events(Bytes::from_static(b"a\xe2\x82"), standing(3, 3, false));
        let expected = [
            event("data", 1, "a"),
            control(1, ",\"streamCursor\":\"7\",\"upToDate\":true"),
        ];
        assert_eq!(parse(&events), expected);
        let end = batches.end(standing(3, 3, true)).unwrap();
        let expected = [
            event("data", 3, "\u{fffd}"),
            control(3, ",\"upToDate\":true,\"streamClosed\":true"),
        ];
        assert_eq!(parse(&end), expected);
    }

    proptest! {
        #[test]
        fn a_text_is_whole_however_it_is_cut(
            text in "[a\r\n ü€😀]{0,40}",
            cuts in prop::collection::vec((1..6_usize, any::<bool>()), 1..9),
        ) {
            let (bytes, mut cuts) = (Bytes::from(text.clone()), cuts.into_iter().cycle());
            let (mut batches, mut from, mut told) = (Batches::new("text/plain", None), 0, String::new());
            loop {
                let (length, has_all) = cuts.next().unwrap();
                let until = bytes.len().min(from + length);
                let is_end = until == bytes.len();
                let tail = if has_all { until } else { bytes.len() };
                let events = batches.events(bytes.slice(from..until), standing(until, tail, is_end));
                let events = parse(&events);
                let data = events.iter().filter(|event| event.name == "data");
                told.extend(data.map(|event| &*event.data));
                let place: Offset = events.last().unwrap().id.parse().unwrap();
                let place = usize::try_from(place.byte).unwrap();
                prop_assert_eq!(&told, &with_line_feeds(&text[..place]));
                if is_end {
                    prop_assert_eq!(place, bytes.len());
                    break;
                }
                from = until;
            }
        }
    }
}
