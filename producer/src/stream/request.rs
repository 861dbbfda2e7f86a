//! What a reader asks for.

use std::time::Duration;

use common::{
    offset::{NotAnOffset, Offset, Start},
    service::settings,
    time::Timestamp,
    wire,
};
use hyper::{HeaderMap, header::ACCEPT};

use super::{interval, live::Format};
use crate::{
    error::Refusal,
    query::{self, number, parameter},
};

/// Longest time that a request may ask to wait for news: what proxies bear with.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Where a reader asks to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seek {
    /// The earliest record that is kept.
    Earliest,
    /// Only what comes from now on.
    Now,
    /// A place.
    At(Offset),
    /// Where records may be as new as that.
    Since(Timestamp),
    /// So many records before the end.
    Last(u64),
}

/// A request to read the stream `default` in its shortest form, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) start: Seek,
    pub(super) format: Format,
    /// How many records are wanted; none is all.
    pub(super) limit: Option<u64>,
    /// Whether this is an event source that has read before.
    pub(super) is_returning: bool,
}

/// A request to read a named stream, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) start: Seek,
    pub(super) form: Form,
    /// How many records are wanted; none is all.
    pub(super) limit: Option<u64>,
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
        let is_sse = wish(headers, wire::EVENT_STREAM) > wish(headers, wire::NDJSON);
        let format = if is_sse {
            Format::Events
        } else {
            lines(query)?
        };
        let last_event = last_event(headers).filter(|_| is_sse);
        let asked = seek(query)?;
        let start = match last_event {
            Some(id) => start(id)?,
            None => asked.unwrap_or(Seek::Earliest),
        };
        Ok(Self {
            start,
            format,
            limit: limit(query)?,
            is_returning: last_event.is_some(),
        })
    }
}

impl Named {
    /// From the query and the headers; `Last-Event-ID` wins over `offset`.
    pub(super) fn of(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Refusal> {
        let form = form(query, headers)?;
        let last_event = last_event(headers).filter(|_| form == Form::Batches);
        let start = match (last_event, seek(query)?) {
            (Some(id), _) => start(id)?,
            (None, Some(seek)) => seek,
            (None, None) if matches!(form, Form::Poll { .. } | Form::Batches) => {
                let why = "live=long-poll and live=sse need an offset: -1 is the beginning";
                return Err(Refusal::Query(why.to_owned()));
            }
            (None, None) => Seek::Earliest,
        };
        let cursor = parameter(query, wire::CURSOR).unwrap_or_default();
        Ok(Self {
            start,
            form,
            limit: limit(query)?,
            had: cursor.and_then(interval::had),
            is_returning: last_event.is_some(),
        })
    }
}

fn form(query: Option<&str>, headers: &HeaderMap) -> Result<Form, Refusal> {
    let wish_for_lines = wish(headers, wire::NDJSON);
    let as_lines = wish_for_lines > 0.0 && wish_for_lines >= wish(headers, wire::JSON);
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
    let is_marked = query::flag(query, wire::MARKS)?;
    Ok(if is_marked {
        Format::Marked
    } else {
        Format::Ndjson
    })
}

/// How much a type is wanted that is named: up to 1, and 0 where it is not. (RFC 9110, 12.4.2)
fn wish(headers: &HeaderMap, media_type: &str) -> f32 {
    let all = headers.get_all(ACCEPT).iter();
    let all = all.filter_map(|accept| accept.to_str().ok());
    let named = all
        .flat_map(|accept| accept.split(','))
        .filter_map(|named| {
            let mut parts = named.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(media_type);
            let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            let weight = weight.map_or(Some(1.0), |weight| weight.parse().ok());
            weight.filter(|_| is_it)
        });
    named.fold(0.0, f32::max)
}

fn start(text: &str) -> Result<Seek, Refusal> {
    let start = text.parse().map(|start| match start {
        Start::Earliest => Seek::Earliest,
        Start::Now => Seek::Now,
        Start::At(at) => Seek::At(at),
    });
    start.map_err(|error: NotAnOffset| Refusal::Offset(error, text.to_owned()))
}

/// Where the query says to begin: by one parameter, or by none.
fn seek(query: Option<&str>) -> Result<Option<Seek>, Refusal> {
    let offset = parameter(query, wire::OFFSET)?;
    let since = parameter(query, wire::SINCE)?;
    let tail = parameter(query, wire::TAIL)?;
    match (offset, since, tail) {
        (None, None, None) => Ok(None),
        (Some(offset), None, None) => start(offset).map(Some),
        (None, Some(since), None) => time(since).map(|time| Some(Seek::Since(time))),
        (None, None, Some(tail)) => match number(tail) {
            Some(records) => Ok(Some(Seek::Last(records))),
            None => Err(Refusal::Query("tail is a number of records".to_owned())),
        },
        _ => {
            let why = "offset, since and tail each say where to begin: give one of them";
            Err(Refusal::Query(why.to_owned()))
        }
    }
}

/// A time by RFC 3339, or in milliseconds since 1970.
fn time(text: &str) -> Result<Timestamp, Refusal> {
    let text = query::text(text);
    match number(&text).and_then(|number| number.try_into().ok()) {
        Some(milliseconds) => Ok(Timestamp(milliseconds)),
        None => Timestamp::from_rfc3339(&text)
            .map_err(|error| Refusal::Query(format!("since: {error}, or in milliseconds"))),
    }
}

/// After how many records the answer shall end.
fn limit(query: Option<&str>) -> Result<Option<u64>, Refusal> {
    let Some(text) = parameter(query, wire::LIMIT)? else {
        return Ok(None);
    };
    match number(text) {
        Some(limit) if limit > 0 => Ok(Some(limit)),
        _ => Err(Refusal::Query(
            "limit is a number of records, from 1".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
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
            start: Seek::Earliest,
            format: Format::Ndjson,
            limit: None,
            is_returning: false,
        };
        assert_eq!(asked("", &[]), Ok(plain.clone()));
        assert_eq!(asked("a=b&&c", &[("accept", "*/*")]), Ok(plain.clone()));
        let both = "application/x-ndjson, text/event-stream;q=0.9";
        assert_eq!(asked("", &[("accept", both)]), Ok(plain.clone()));
        let news = Asked {
            start: Seek::Now,
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
    fn one_parameter_says_where_to_begin() {
        let check = |query: &str, expected: Option<(Seek, Option<u64>)>| {
            let named = Named::of(Some(query), &HeaderMap::new()).ok();
            let found = named.map(|named| (named.start, named.limit));
            assert_eq!(found, expected, "{query}");
            let short = asked(query, &[]).ok();
            assert_eq!(short.map(|short| (short.start, short.limit)), expected);
        };
        let since = Seek::Since(Timestamp(1_767_225_600_000));
        check("since=1767225600000", Some((since, None)));
        check("since=2026-01-01T00:00:00Z", Some((since, None)));
        check("since=2026-01-01T02%3a00%3A00%2B02:00", Some((since, None)));
        check("since=2026-01-01T02:00:00+02:00", Some((since, None)));
        check("tail=0", Some((Seek::Last(0), None)));
        check("tail=7&limit=3", Some((Seek::Last(7), Some(3))));
        check("limit=1&offset=now", Some((Seek::Now, Some(1))));
        let much = format!("limit={}0", u64::MAX);
        for query in [
            "since=",
            "since=yesterday",
            "since=-1",
            "tail=",
            "tail=-1",
            "tail=x",
            "limit=0",
            "limit=",
            "limit=1&limit=1",
            &much,
            "offset=-1&tail=1",
            "since=1&tail=1",
            "offset=now&since=1",
        ] {
            check(query, None);
        }
    }

    #[test]
    fn the_last_event_wins() {
        let id = ("last-event-id", "0000000000000001_0000000000000010");
        let at = Offset {
            record: 1,
            byte: 10,
        };
        let expected = Asked {
            start: Seek::At(at),
            format: Format::Events,
            limit: None,
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
        check("", "application/json, Application/X-NDJSON;a=b", page(true));
        check("", "application/x-ndjson;q=0, */*", page(false));
        check(
            "",
            "application/x-ndjson; q=0.1, application/json",
            page(false),
        );
        check(
            "",
            "application/x-ndjson;q=0.5, application/json;q=0.4",
            page(true),
        );
        check("", "application/x-ndjson2", page(false));
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
        let check = |query: &str, id: &'static str, expected: (Seek, Option<u64>, bool)| {
            let named = Named::of(Some(query), &headers(&[("last-event-id", id)])).unwrap();
            let found = (named.start, named.had, named.is_returning);
            assert_eq!(found, expected, "{query}");
        };
        let at = Seek::At(id.parse().unwrap());
        check("live=sse&offset=now", id, (at, None, true));
        check("live=sse", id, (at, None, true));
        check(
            "live=sse&offset=now&cursor=7",
            "",
            (Seek::Now, Some(7), false),
        );
        check(
            "live=long-poll&offset=-1&cursor=x",
            id,
            (Seek::Earliest, None, false),
        );
        check("offset=now", id, (Seek::Now, None, false));
        check("offset=now&cursor=1&cursor=2", "", (Seek::Now, None, false));
    }
}
