//! What a reader asks for.

use common::{
    offset::{NotAnOffset, Start},
    wire,
};
use hyper::{HeaderMap, header::ACCEPT};

use crate::error::Refusal;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A record a line.
    Ndjson,
    /// A record an event.
    Sse,
}

/// A request to read, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) start: Start,
    pub(super) format: Format,
    /// Whether this is an event source that has read before.
    pub(super) is_returning: bool,
}

impl Asked {
    /// From the query and the headers; `Last-Event-ID` wins over `offset`.
    pub(super) fn from(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Refusal> {
        let accepts = |media_type: &str| {
            let mut accepted = headers
                .get_all(ACCEPT)
                .iter()
                .filter_map(|accept| accept.to_str().ok());
            accepted.any(|accept| accept.contains(media_type))
        };
        // Who takes both is a program, and is served faster by lines.
        let is_sse = accepts(wire::EVENT_STREAM) && !accepts(wire::NDJSON);

        let format = if is_sse { Format::Sse } else { Format::Ndjson };
        let last_event = headers
            .get(wire::LAST_EVENT_ID)
            .filter(|id| is_sse && !id.is_empty());
        let start = match (last_event, offset(query)?) {
            (Some(id), _) => start(id.to_str().unwrap_or("?"))?,
            (None, Some(offset)) => start(offset)?,
            (None, None) => Start::Earliest,
        };
        Ok(Self {
            start,
            format,
            is_returning: last_event.is_some(),
        })
    }
}

fn start(text: &str) -> Result<Start, Refusal> {
    text.parse()
        .map_err(|error: NotAnOffset| Refusal::Offset(error, text.to_owned()))
}

/// The `offset` of the query, which may be there once. Other parameters mean nothing.
fn offset(query: Option<&str>) -> Result<Option<&str>, Refusal> {
    let mut given = query
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter_map(|(name, value)| (name == "offset").then_some(value));
    match (given.next(), given.next()) {
        (offset, None) => Ok(offset),
        (_, Some(_)) => Err(Refusal::OffsetTwice),
    }
}

#[cfg(test)]
mod tests {
    use common::offset::Offset;
    use hyper::header::HeaderValue;

    use super::*;

    fn asked(query: &str, headers: &[(&'static str, &'static str)]) -> Result<Asked, String> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        Asked::from(Some(query), &headers).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn history_as_ndjson_is_what_one_gets_unasked() {
        let plain = Asked {
            start: Start::Earliest,
            format: Format::Ndjson,
            is_returning: false,
        };
        assert_eq!(asked("", &[]), Ok(plain));
        assert_eq!(asked("a=b&&c", &[("accept", "*/*")]), Ok(plain));
        let both = "application/x-ndjson, text/event-stream;q=0.9";
        assert_eq!(asked("", &[("accept", both)]), Ok(plain));
        let news = Asked {
            start: Start::Now,
            ..plain
        };
        assert_eq!(asked("x=1&offset=now", &[("last-event-id", "5")]), Ok(news));
    }

    #[test]
    fn the_last_event_wins() {
        let id = ("last-event-id", "0000000000000001_0000000000000010");
        let at = Offset {
            record: 1,
            byte: 10,
        };
        let expected = Asked {
            start: Start::At(at),
            format: Format::Sse,
            is_returning: true,
        };
        assert_eq!(
            asked("offset=now", &[("accept", "text/event-stream"), id]),
            Ok(expected)
        );
    }

    #[test]
    fn an_offset_that_is_none_is_refused() {
        for query in [
            "offset",
            "offset=",
            "offset=1",
            "offset=now&offset=now",
            "offset=%2D1",
        ] {
            assert!(asked(query, &[]).is_err(), "{query}");
        }
    }
}
