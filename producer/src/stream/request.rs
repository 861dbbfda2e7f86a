//! What a reader asks for.

use common::{
    offset::{NotAnOffset, Start},
    wire,
};
use hyper::{HeaderMap, header::ACCEPT};

use super::live::Format;
use crate::error::Refusal;

/// A request to read the stream `default` in its shortest form, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) start: Start,
    pub(super) format: Format,
    /// Whether this is an event source that has read before.
    pub(super) is_returning: bool,
}

/// What a reader of a named stream gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// What is there, as the stream's type wants it; or, of JSON records, a record a line.
    Page { as_lines: bool },
    /// What is there, then what comes.
    Live(Format),
}

impl Asked {
    /// From the query and the headers; `Last-Event-ID` wins over `offset`.
    pub(super) fn of_short(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Refusal> {
        // Who takes both is a program, and is served faster by lines.
        let is_sse = accepts(headers, wire::EVENT_STREAM) && !accepts(headers, wire::NDJSON);
        let format = if is_sse { Format::Sse } else { lines(query)? };
        let last_event = headers
            .get(wire::LAST_EVENT_ID)
            .filter(|id| is_sse && !id.is_empty());
        let start = match (last_event, parameter(query, wire::OFFSET)?) {
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

/// Where the reader of a named stream wants to begin, and what it wants to get.
pub(super) fn of_named(query: Option<&str>, headers: &HeaderMap) -> Result<(Start, Form), Refusal> {
    let form = match parameter(query, wire::LIVE)? {
        None => Form::Page {
            as_lines: accepts(headers, wire::NDJSON),
        },
        Some("ndjson") => Form::Live(lines(query)?),
        Some("long-poll") => return Err(unsupported("live=long-poll")),
        Some("sse") => return Err(unsupported("live=sse")),
        Some(other) => {
            let why = format!("live is ndjson, not {other:?}");
            return Err(Refusal::Query(why));
        }
    };
    let offset = parameter(query, wire::OFFSET)?;
    Ok((offset.map_or(Ok(Start::Earliest), start)?, form))
}

const fn unsupported(what: &'static str) -> Refusal {
    Refusal::Unsupported(what, "live=ndjson, and GET /stream as server-sent events")
}

/// Lines, with marks between them or without.
fn lines(query: Option<&str>) -> Result<Format, Refusal> {
    match parameter(query, wire::MARKS)? {
        Some("1") => Ok(Format::Marked),
        None | Some("0") => Ok(Format::Ndjson),
        Some(other) => Err(Refusal::Query(format!("marks is 0 or 1, not {other:?}"))),
    }
}

fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let all = headers.get_all(ACCEPT).iter();
    let mut all = all.filter_map(|accept| accept.to_str().ok());
    all.any(|accept| accept.contains(media_type))
}

fn start(text: &str) -> Result<Start, Refusal> {
    text.parse()
        .map_err(|error: NotAnOffset| Refusal::Offset(error, text.to_owned()))
}

/// A parameter of the query, which may be there once. Those that are not asked for mean nothing.
fn parameter<'a>(query: Option<&'a str>, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    let mut given = query
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter_map(|(given, value)| (given == name).then_some(value));
    match (given.next(), given.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Refusal::Twice(name)),
    }
}

#[cfg(test)]
mod tests {
    use common::offset::Offset;
    use hyper::header::HeaderValue;

    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    fn asked(query: &str, all: &[(&'static str, &'static str)]) -> Result<Asked, String> {
        Asked::of_short(Some(query), &headers(all)).map_err(|refusal| refusal.to_string())
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
        let marked = Asked {
            format: Format::Marked,
            ..news
        };
        assert_eq!(asked("marks=1&offset=now", &[]), Ok(marked));
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
            let named = of_named(Some(query), &HeaderMap::new());
            assert!(named.is_err(), "{query}");
        }
    }

    #[test]
    fn a_named_stream_is_read_by_page_or_live() {
        let check = |query: &str, accept: &'static str, expected: Option<Form>| {
            let found = of_named(Some(query), &headers(&[("accept", accept)]));
            assert_eq!(found.ok().map(|(_, form)| form), expected, "{query}");
        };
        let page = |as_lines| Some(Form::Page { as_lines });
        check("", "*/*", page(false));
        check("offset=now&foo=bar", "application/json", page(false));
        check("", "application/x-ndjson", page(true));
        check("live=ndjson", "*/*", Some(Form::Live(Format::Ndjson)));
        check(
            "live=ndjson&marks=1",
            "*/*",
            Some(Form::Live(Format::Marked)),
        );
        for query in [
            "live=sse",
            "live=long-poll",
            "live=",
            "live=1",
            "live=ndjson&marks=2",
        ] {
            check(query, "*/*", None);
        }
    }
}
