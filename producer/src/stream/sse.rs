//! Records as server-sent events, each with the place *after* it as its id: what a browser sends
//! back when it returns is where it goes on.

use std::fmt::Write as _;

use bytes::Bytes;
use common::{ndjson, offset::Offset};

use crate::log::Page;

/// When an event source shall come back, in milliseconds.
const RETRY_MILLISECONDS: u32 = 1000;

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
    let mut events = Vec::with_capacity(page.lines.len() + records * 48);
    let mut place = page.first;
    for line in ndjson::lines(&page.lines) {
        place = place.advance(1, line.len() as u64 + 1);
        events.extend_from_slice(b"id: ");
        events.extend_from_slice(&place.token());
        events.extend_from_slice(b"\ndata: ");
        events.extend_from_slice(line);
        events.extend_from_slice(b"\n\n");
    }
    events.into()
}

#[cfg(test)]
mod tests {
    use super::*;

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
