//! Records as server-sent events, each with the place *after* it as its id: what a browser sends
//! back when it returns is where it goes on.

use std::fmt::Write as _;

use bytes::Bytes;
use common::{ndjson, offset::Offset};

use crate::log::Page;

/// Tells an event source when to come back, and nothing else.
const RETRY: &str = "retry: 1000\n\n";

/// What a body begins with; `asked` is where the reader wanted to begin and cannot.
pub(super) fn greeting(asked: Option<Offset>, given: Offset) -> Bytes {
    let mut text = RETRY.to_owned();
    if let Some(asked) = asked {
        let gap = write!(
            text,
            "event: gap\ndata: {{\"from\":\"{asked}\",\"to\":\"{given}\"}}\n\n"
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
    fn a_gap_is_told() {
        let (asked, given) = (Offset::default(), Offset { record: 1, byte: 2 });
        let expected = "retry: 1000\n\nevent: gap\ndata: \
            {\"from\":\"0000000000000000_0000000000000000\",\"to\":\"0000000000000001_0000000000000002\"}\n\n";
        assert_eq!(greeting(Some(asked), given), expected);
        assert_eq!(greeting(None, given), RETRY);
    }
}
