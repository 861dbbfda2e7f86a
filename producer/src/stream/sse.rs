//! Server-sent events, each with the place *after* it as its id: what a browser sends back when it
//! returns is where it goes on. Here is how they are written, and the form in which each record is
//! one; the protocol's own form is in `batches`.

use std::fmt::Write as _;

use bytes::Bytes;
use common::{ndjson, offset::Offset};

use crate::log::Page;

/// When an event source shall come back, in milliseconds.
const RETRY_MILLISECONDS: u32 = 1000;

/// What stands around a record, in bytes.
const FRAME_BYTES: usize = 48;

/// What a body begins with: when to come back, and the place to come back to if nothing follows;
/// `asked` is where the reader wanted to begin and cannot.
pub(super) fn greeting(asked: Option<Offset>, given: Offset) -> Bytes {
    let mut text = format!("retry: {RETRY_MILLISECONDS}\nid: {given}\n\n");
    if let Some(asked) = asked {
        let gap = write!(
            text,
            "event: gap\nid: {given}\ndata: {{\"from\":\"{asked}\",\"to\":\"{given}\"}}\n\n"
        );
        gap.expect("writing into a string cannot fail");
    }
    text.into()
}

/// An event for each record of the page.
pub(super) fn events(page: &Page) -> Bytes {
    let records = ndjson::count(&page.lines);
    let mut events = Vec::with_capacity(page.lines.len() + records * FRAME_BYTES);
    let mut place = page.first;
    for line in ndjson::lines(&page.lines) {
        place = place.advance(1, line.len() as u64 + 1);
        id(&mut events, place);
        events.extend_from_slice(b"data: ");
        events.extend_from_slice(line);
        events.extend_from_slice(b"\n\n");
    }
    events.into()
}

/// Adds an event called `name` to `events`. Of what its payload says the line breaks are told as
/// such, whichever they are: none of them can end the event.
pub(super) fn event(events: &mut Vec<u8>, place: Offset, name: &str, payload: &[u8]) {
    id(events, place);
    events.extend_from_slice(b"event: ");
    events.extend_from_slice(name.as_bytes());
    events.push(b'\n');
    let mut rest = Some(payload);
    while let Some(lines) = rest {
        let (line, behind) = first_line(lines);
        events.extend_from_slice(b"data:");
        if line.first() == Some(&b' ') {
            // A reader takes one space away.
            events.push(b' ');
        }
        events.extend_from_slice(line);
        events.push(b'\n');
        rest = behind;
    }
    events.push(b'\n');
}

fn id(events: &mut Vec<u8>, place: Offset) {
    events.extend_from_slice(b"id: ");
    events.extend_from_slice(&place.token());
    events.push(b'\n');
}

/// The first line of a text, and what is behind its end if it has one: CRLF, CR or LF.
fn first_line(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some((line, end)) =
        memchr::memchr2(b'\n', b'\r', text).and_then(|at| text.split_at_checked(at))
    else {
        return (text, None);
    };
    let behind = end.strip_prefix(b"\r\n").or(end.get(1..));
    (line, behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::reading::{Event, parse, with_line_feeds};

    proptest::proptest! {
        #[test]
        fn what_is_written_is_what_is_read(payload in "[a:\r\n ü\u{feff}]*", record in 0..9u64) {
            let place = Offset { record, byte: record };
            let (mut body, next) = (Vec::new(), "\r\n\revent: control\rdata: x\n\n");
            event(&mut body, place, "data", payload.as_bytes());
            event(&mut body, place, "other", next.as_bytes());
            let expected = [("data", &*payload), ("other", next)].map(|(name, text)| Event {
                id: place.to_string(),
                name: name.to_owned(),
                data: with_line_feeds(text),
            });
            proptest::prop_assert_eq!(parse(&body), expected);
        }
    }

    #[test]
    fn an_id_is_the_place_after_its_record() {
        let first = Offset {
            record: 5,
            byte: 50,
        };
        let page = Page {
            first,
            next: first.advance(2, 5),
            lines: Bytes::from_static(b"1\n22\n"),
        };
        let expected = "id: 0000000000000006_0000000000000052\ndata: 1\n\n\
                        id: 0000000000000007_0000000000000055\ndata: 22\n\n";
        assert_eq!(events(&page), expected);
    }

    #[test]
    fn a_gap_is_told_and_a_place_to_come_back_to() {
        let (asked, given) = (Offset::default(), Offset { record: 1, byte: 2 });
        let (from, to) = (asked.to_string(), given.to_string());
        let hello = format!("retry: 1000\nid: {to}\n\n");
        assert_eq!(greeting(None, given), hello);
        let gap =
            format!("event: gap\nid: {to}\ndata: {{\"from\":\"{from}\",\"to\":\"{to}\"}}\n\n");
        assert_eq!(greeting(Some(asked), given), hello + &gap);
    }
}
