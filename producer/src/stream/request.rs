//! What a reader asks for.

use std::time::Duration;

use common::{
    offset::{NotAnOffset, Start},
    service::settings,
    wire,
};
use hyper::{HeaderMap, header::ACCEPT};

use super::{interval, live::Format};
use crate::error::Refusal;

/// Longest time that a request may ask to wait for news: what proxies bear with.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A request to read the stream `default` in its shortest form, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) start: Start,
    pub(super) format: Format,
    /// Whether this is an event source that has read before.
    pub(super) is_returning: bool,
}

/// A request to read a named stream, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) start: Start,
    pub(super) form: Form,
    /// The cursor of the last live answer.
    pub(super) had: Option<u64>,
    /// Whether this is an event source that has read before.
    pub(super) is_returning: bool,
}

/// What a reader of a named stream gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// What is there, as the stream's type wants it; or, of JSON records, a record a line.
    Page { as_lines: bool },
    /// As a page; while there is nothing it is waited for, so long or as long as is usual.
    Poll {
        as_lines: bool,
        wait: Option<Duration>,
    },
    /// What is there, then what comes, as lines.
    Live(Format),
    /// The same, as events.
    Batches,
}

impl Asked {
    /// From the query and the headers; `Last-Event-ID` wins over `offset`.
    pub(super) fn of_short(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Refusal> {
        // Who takes both is a program, and is served faster by lines.
        let is_sse = accepts(headers, wire::EVENT_STREAM) && !accepts(headers, wire::NDJSON);
        let format = if is_sse {
            Format::Events
        } else {
            lines(query)?
        };
        let last_event = last_event(headers).filter(|_| is_sse);
        let start = match (last_event, parameter(query, wire::OFFSET)?) {
            (Some(id), _) => start(id)?,
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

impl Named {
    /// From the query and the headers; `Last-Event-ID` wins over `offset`.
    pub(super) fn of(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Refusal> {
        let form = form(query, headers)?;
        let last_event = last_event(headers).filter(|_| form == Form::Batches);
        let start = match (last_event, parameter(query, wire::OFFSET)?) {
            (Some(id), _) => start(id)?,
            (None, Some(offset)) => start(offset)?,
            (None, None) if matches!(form, Form::Poll { .. } | Form::Batches) => {
                let why = "live=long-poll and live=sse need an offset: -1 is the beginning";
                return Err(Refusal::Query(why.to_owned()));
            }
            (None, None) => Start::Earliest,
        };
        let cursor = parameter(query, wire::CURSOR).unwrap_or_default();
        Ok(Self {
            start,
            form,
            had: cursor.and_then(interval::had),
            is_returning: last_event.is_some(),
        })
    }
}

fn form(query: Option<&str>, headers: &HeaderMap) -> Result<Form, Refusal> {
    let as_lines = accepts(headers, wire::NDJSON);
    Ok(match parameter(query, wire::LIVE)? {
        None => Form::Page { as_lines },
        Some("long-poll") => Form::Poll {
            as_lines,
            wait: wait(query)?,
        },
        Some("sse") => Form::Batches,
        Some("ndjson") => Form::Live(lines(query)?),
        Some(other) => {
            let why = format!("live is long-poll, sse or ndjson, not {other:?}");
            return Err(Refusal::Query(why));
        }
    })
}

/// For how long news are waited for, where the request says so.
fn wait(query: Option<&str>) -> Result<Option<Duration>, Refusal> {
    let Some(text) = parameter(query, wire::WAIT)? else {
        return Ok(None);
    };
    match settings::duration(text) {
        Ok(wait) if wait <= WAIT_MAX => Ok(Some(wait)),
        Ok(_) => Err(Refusal::Query(format!("wait is at most {WAIT_MAX:?}"))),
        Err(error) => Err(Refusal::Query(format!("wait: {error}"))),
    }
}

/// The last id that an event source has seen.
fn last_event(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(wire::LAST_EVENT_ID)?;
    Some(id.to_str().unwrap_or("?")).filter(|id| !id.is_empty())
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
        assert_eq!(asked("", &[]), Ok(plain.clone()));
        assert_eq!(asked("a=b&&c", &[("accept", "*/*")]), Ok(plain.clone()));
        let both = "application/x-ndjson, text/event-stream;q=0.9";
        assert_eq!(asked("", &[("accept", both)]), Ok(plain.clone()));
        let news = Asked {
            start: Start::Now,
            ..plain
        };
        assert_eq!(
            asked("x=1&offset=now", &[("last-event-id", "5")]),
            Ok(news.clone())
        );
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
            format: Format::Events,
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
            let named = Named::of(Some(query), &HeaderMap::new());
            assert!(named.is_err(), "{query}");
        }
    }

    #[test]
    fn a_named_stream_is_read_by_page_or_live() {
        let check = |query: &str, accept: &'static str, expected: Option<Form>| {
            let found = Named::of(Some(query), &headers(&[("accept", accept)]));
            assert_eq!(found.ok().map(|named| named.form), expected, "{query}");
        };
        let page = |as_lines| Some(Form::Page { as_lines });
        let poll = |as_lines, wait| Some(Form::Poll { as_lines, wait });
        let lines = "application/x-ndjson";
        check("", "*/*", page(false));
        check("offset=now&foo=bar", "application/json", page(false));
        check("", lines, page(true));
        check("live=ndjson", "*/*", Some(Form::Live(Format::Ndjson)));
        check(
            "live=ndjson&marks=1",
            "*/*",
            Some(Form::Live(Format::Marked)),
        );
        check("live=sse&offset=-1", "*/*", Some(Form::Batches));
        check("live=long-poll&offset=now", "*/*", poll(false, None));
        check("live=long-poll&offset=now", lines, poll(true, None));
        let wait = Some(Duration::from_secs(60));
        check(
            "live=long-poll&offset=-1&wait=60s",
            "*/*",
            poll(false, wait),
        );
        for query in [
            "live=sse",
            "live=long-poll",
            "live=long-poll&offset=-1&wait=61s",
            "live=long-poll&offset=-1&wait=5",
            "live=long-poll&offset=-1&wait=1s&wait=1s",
            "live=",
            "live=1",
            "live=ndjson&marks=2",
        ] {
            check(query, "*/*", None);
        }
    }

    #[test]
    fn an_event_source_that_comes_back_goes_on_where_it_was() {
        let id = "0000000000000001_0000000000000010";
        let check = |query: &str, id: &'static str, expected: (Start, Option<u64>, bool)| {
            let named = Named::of(Some(query), &headers(&[("last-event-id", id)])).unwrap();
            let found = (named.start, named.had, named.is_returning);
            assert_eq!(found, expected, "{query}");
        };
        let at = Start::At(id.parse().unwrap());
        check("live=sse&offset=now", id, (at, None, true));
        check("live=sse", id, (at, None, true));
        check(
            "live=sse&offset=now&cursor=7",
            "",
            (Start::Now, Some(7), false),
        );
        check(
            "live=long-poll&offset=-1&cursor=x",
            id,
            (Start::Earliest, None, false),
        );
        check("offset=now", id, (Start::Now, None, false));
        check(
            "offset=now&cursor=1&cursor=2",
            "",
            (Start::Now, None, false),
        );
    }
}
