//! What must hold of what is read whatever is asked or stored: see `producer/src/fuzzing.rs`.

use bytes::Bytes;
use common::{
    offset::{Offset, Start},
    time::Timestamp,
    wire,
};
use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};

use super::{
    batches::{Batches, Standing},
    reading::{Event, parse, with_line_feeds},
    request::{Asked, Named, Seek},
};
use crate::log::Tail;

/// What stands between the digits of a token.
const SEPARATOR: usize = 16;

/// A token of an offset, as it may stand in a query and in `Last-Event-ID`; and all of a query.
pub(crate) fn offsets(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let is_token = data.len() == 33
        && data.iter().enumerate().all(|(at, byte)| match at {
            SEPARATOR => *byte == b'_',
            _ => byte.is_ascii_digit(),
        });
    let start = text.parse::<Start>();
    let expected = match text {
        "-1" => Some("-1".to_owned()),
        "now" => Some("now".to_owned()),
        token => is_token.then(|| token.to_owned()),
    };
    let told = |start| match start {
        Start::Earliest => "-1".to_owned(),
        Start::Now => "now".to_owned(),
        Start::At(offset) => offset.to_string(),
    };
    assert_eq!(start.map(told).ok(), expected, "{text:?}");

    let seek = start.ok().map(|start| match start {
        Start::Earliest => Seek::Earliest,
        Start::Now => Seek::Now,
        Start::At(offset) => Seek::At(offset),
    });
    let mut headers = HeaderMap::new();
    if !text.contains('&') {
        let query = format!("live=sse&offset={text}&limit=1");
        let named = Named::of(Some(&query), &headers);
        assert_eq!(named.ok().map(|named| named.start), seek, "{query}");
    }
    if let Ok(id) = HeaderValue::from_bytes(data)
        && !data.is_empty()
    {
        headers.insert(HeaderName::from_static(wire::LAST_EVENT_ID), id);
        let named = Named::of(Some("live=sse&offset=now"), &headers);
        assert_eq!(named.ok().map(|named| named.start), seek, "{text:?}");
    }
    // Whatever they say, they are understood or refused.
    let _short = Asked::of_short(Some(text), &headers);
    let _named = Named::of(Some(text), &headers);
}

/// Content of any type that is read in pieces as events: what is put together is the content.
pub(crate) fn batches(data: &[u8]) {
    let Some(([cuts @ .., kind], content)) = data.split_first_chunk::<4>() else {
        return;
    };
    let content_type = match kind % 2 {
        0 => "text/plain",
        _ => wire::OCTET_STREAM,
    };
    let mut batches = Batches::new(content_type, None);
    let (mut from, mut told) = (0, String::new());
    let mut cuts = cuts.iter().cycle();
    loop {
        let cut = cuts.next().copied().unwrap_or(u8::MAX);
        let until = content.len().min(from + 1 + usize::from(cut / 2));
        let is_end = until == content.len();
        let piece = content.get(from..until).unwrap_or_default();
        let has_all = cut % 2 == 0;
        let tail = if has_all { until } else { content.len() };
        let events = batches.events(Bytes::copy_from_slice(piece), standing(until, tail, is_end));
        let place = understood(&parse(&events), &mut told);
        let before = content.get(..place).unwrap_or_default();
        if batches.is_base64() {
            assert_eq!(place, until);
        } else {
            let text = String::from_utf8_lossy(before);
            assert_eq!(told, with_line_feeds(&text), "{content:?}");
        }
        if is_end {
            assert_eq!(place, content.len());
            return;
        }
        from = until;
    }
}

fn standing(byte: usize, tail: usize, closed: bool) -> Standing {
    let at = |byte: usize| Offset::default().advance(byte as u64, byte as u64);
    Standing {
        at: at(byte),
        tail: Tail {
            next: at(tail),
            closed,
            deleted: false,
        },
        now: Timestamp(1_800_000_000_000),
    }
}

/// Adds what events tell to what was told, and returns the place behind it.
fn understood(events: &[Event], told: &mut String) -> usize {
    let (last, data) = match events {
        [control] => (control, None),
        [data, control] => (control, Some(data)),
        others => unreachable!("a data and a control at the most: {others:?}"),
    };
    assert_eq!(last.name, "control");
    if let Some(data) = data {
        assert_eq!((&*data.name, &data.id), ("data", &last.id));
        told.push_str(&data.data);
    }
    let place: Offset = last.id.parse().expect("an id is a place");
    assert!(last.data.contains(&last.id), "{}", last.data);
    usize::try_from(place.byte).expect("it is in the content")
}
