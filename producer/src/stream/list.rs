//! The list of streams, by name, a page at a time.

use common::{
    json,
    limits::STREAMS_LISTED_MAX,
    service::reply::{self, Body},
    wire,
};
use hyper::{
    Response, StatusCode,
    header::{CACHE_CONTROL, HeaderValue},
};

use crate::{
    error::Refusal,
    log::{Lifetime, Log, Shown, Stream},
    query::{number, parameter, text},
};

/// How many streams a page has, where the request does not say.
const USUAL: usize = 100;

/// A request for a page, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    prefix: String,
    after: String,
    limit: usize,
}

/// The answer to a request for a page of the list of those that are `shown`.
pub(super) fn answer(
    log: &Log,
    query: Option<&str>,
    shown: impl Fn(&str) -> Shown,
) -> Result<Response<Body>, Refusal> {
    let asked = Asked::of(query)?;
    // One more tells whether there is another page.
    let mut streams = log.streams(&asked.prefix, &asked.after, asked.limit + 1, shown);
    let is_last = streams.len() <= asked.limit;
    streams.truncate(asked.limit);
    let last = streams.last().filter(|_| !is_last);
    let next = last.map_or("null".to_owned(), |last| json::quoted(&asked.next(last)));
    let described: Vec<_> = streams.iter().map(described).collect();
    let text = format!(
        "{{\"streams\":[{}],\"next\":{next}}}\n",
        described.join(",")
    );
    let mut answer = reply::text(StatusCode::OK, wire::JSON, text);
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

impl Asked {
    fn of(query: Option<&str>) -> Result<Self, Refusal> {
        let decoded = |name| Ok::<_, Refusal>(parameter(query, name)?.map(text));
        let limit = match parameter(query, wire::LIMIT)? {
            None => USUAL,
            Some(limit) => number(limit)
                .and_then(|limit| usize::try_from(limit).ok())
                .filter(|limit| (1..=STREAMS_LISTED_MAX).contains(limit))
                .ok_or_else(|| {
                    let why =
                        format!("limit is a number of streams, from 1 to {STREAMS_LISTED_MAX}");
                    Refusal::Query(why)
                })?,
        };
        Ok(Self {
            prefix: decoded(wire::PREFIX)?.unwrap_or_default().into_owned(),
            after: decoded(wire::AFTER)?.unwrap_or_default().into_owned(),
            limit,
        })
    }

    /// Where the page behind the one that ends with `last` is. Names, and so what they begin with,
    /// can stand in a query as they are.
    fn next(&self, last: &Stream) -> String {
        let (path, name, limit) = (wire::STREAM_LIST_PATH, last.name(), self.limit);
        let prefix = if self.prefix.is_empty() {
            String::new()
        } else {
            format!("&prefix={}", self.prefix)
        };
        format!("{path}?after={name}&limit={limit}{prefix}")
    }
}

fn described(stream: &Stream) -> String {
    let (settings, tail, retention) = (stream.settings(), stream.tail(), stream.retention());
    let or_null =
        |number: Option<u64>| number.map_or("null".to_owned(), |number| number.to_string());
    let age = retention.age.map(|age| age.as_millis());
    let age = age.and_then(|age| u64::try_from(age).ok());
    let (mut ttl, mut expires) = (None, "null".to_owned());
    match settings.lifetime {
        Lifetime::Unlimited => {}
        Lifetime::Idle(seconds) => ttl = Some(seconds),
        Lifetime::Until(time) => expires = json::quoted(&time.to_rfc3339()),
    }
    format!(
        "{{\"name\":\"{}\",\"content_type\":{},\"earliest_offset\":\"{}\",\"next_offset\":\"{}\",\
         \"closed\":{},\"retention_bytes\":{},\"retention_milliseconds\":{},\"ttl\":{},\
         \"expires_at\":{expires}}}",
        stream.name(),
        json::quoted(&settings.content_type),
        stream.earliest(),
        tail.next,
        tail.closed,
        or_null(retention.bytes),
        or_null(age),
        or_null(ttl),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_by_names_and_a_number() {
        let check = |query: Option<&str>, expected: Option<(&str, &str, usize)>| {
            let asked = Asked::of(query).ok();
            let found = asked.as_ref().map(|it| (&*it.prefix, &*it.after, it.limit));
            assert_eq!(found, expected, "{query:?}");
        };
        check(None, Some(("", "", USUAL)));
        check(
            Some("prefix=a%2Fb/&after=a/b/c"),
            Some(("a/b/", "a/b/c", USUAL)),
        );
        check(Some("limit=1000"), Some(("", "", 1000)));
        for query in [
            "limit=0",
            "limit=1001",
            "limit=",
            "after=a&after=b",
            "limit=x",
        ] {
            check(Some(query), None);
        }
    }
}
