//! The request: the stream's URL, and the place to go on from.

use std::borrow::Cow;

use common::wire;
use reqwest::{
    Method, RequestBuilder, Url,
    header::{ACCEPT, ACCEPT_ENCODING},
};

use super::{block::Place, body::Coding, connection::Happened, frame::Form};
use crate::{
    http::{self, Client},
    token::Unreadable,
};

/// Lines are the cheapest to read, and events can at least be resumed.
const ACCEPTED: &str =
    "application/x-ndjson, text/event-stream;q=0.9, application/json;q=0.8, */*;q=0.1";

/// The query parameters that ask our own streams for the form that machines read: lines, live, with
/// marks between them.
const LIVE: (&str, &str) = (wire::LIVE, "ndjson");
const MARKS: (&str, &str) = (wire::MARKS, "1");

/// `url` as it is asked for: one of our own streams in the form for machines, unless it names
/// another itself.
pub(super) fn for_machines(url: &Url) -> Url {
    let mut asked = url.clone();
    if url.path().starts_with(wire::STREAMS_PATH) && value(url, LIVE.0).is_none() {
        asked.query_pairs_mut().append_pair(LIVE.0, LIVE.1);
        if value(url, MARKS.0).is_none() {
            asked.query_pairs_mut().append_pair(MARKS.0, MARKS.1);
        }
    }
    asked
}

/// Whether `url` asks for marks.
pub(super) fn asks_for_marks(url: &Url) -> bool {
    value(url, MARKS.0).is_some_and(|value| value == MARKS.1)
}

/// What it means that a request had no answer.
pub(super) fn failed(error: reqwest::Error) -> Happened {
    let is_final = error.is_builder() || error.is_redirect();
    // Secrets may stand in the URL.
    let why = http::message(&error.without_url());
    if is_final {
        return Happened::Refused(why);
    }
    Happened::Lost {
        why,
        retry_after: None,
    }
}

fn value<'a>(url: &'a Url, name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = url.query_pairs();
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Asks for the records from `place` on, the way a stream of `form` is resumed.
pub(super) fn request(
    client: &Client,
    url: &Url,
    place: &Place,
    form: Form,
) -> Result<RequestBuilder, Unreadable> {
    let get = |url: Url| {
        let request = client.request(Method::GET, url)?;
        let request = request.header(ACCEPT, ACCEPTED);
        Ok(request.header(ACCEPT_ENCODING, Coding::ACCEPTED))
    };
    match (place.token(), form) {
        (None, _) => get(url.clone()),
        (Some(token), Form::Events) => {
            let request = get(url.clone())?;
            Ok(request.header(wire::LAST_EVENT_ID, token))
        }
        (Some(token), _) => get(with_offset(url, &token)),
    }
}

/// `url` with its `offset` replaced; all else in it stays.
fn with_offset(url: &Url, token: &str) -> Url {
    let mut resumed = url.clone();
    let others = url.query_pairs().filter(|(name, _)| name != wire::OFFSET);
    resumed
        .query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(wire::OFFSET, token);
    resumed
}

#[cfg(test)]
mod tests {
    use common::offset::Offset;

    use super::*;

    #[test]
    fn our_own_streams_are_asked_for_in_the_form_for_machines() {
        for (typed, asked, marks) in [
            ("/v1/stream/a/b", "/v1/stream/a/b?live=ndjson&marks=1", true),
            (
                "/v1/stream/a?offset=now",
                "/v1/stream/a?offset=now&live=ndjson&marks=1",
                true,
            ),
            ("/v1/stream/a?live=sse", "/v1/stream/a?live=sse", false),
            (
                "/v1/stream/a?marks=0",
                "/v1/stream/a?marks=0&live=ndjson",
                false,
            ),
            ("/stream", "/stream", false),
            ("/stream?marks=1", "/stream?marks=1", true),
            ("/a/v1/stream/b", "/a/v1/stream/b", false),
        ] {
            let url = for_machines(&format!("http://h{typed}").parse().unwrap());
            assert_eq!(url.as_str(), format!("http://h{asked}"));
            assert_eq!(asks_for_marks(&url), marks, "{typed}");
        }
    }

    #[test]
    fn a_stream_is_resumed_the_way_its_form_is() {
        let place = Place::Counted(Offset { record: 1, byte: 9 });
        let token = "0000000000000001_0000000000000009";
        let url: Url = "http://h/stream?a=b%20c&offset=now&d".parse().unwrap();
        let client = Client::new(&url, None, &http::Roots::default()).unwrap();
        for (place, form, expected, header) in [
            (Place::Unknown, Form::Lines, url.to_string(), None),
            (
                place.clone(),
                Form::Lines,
                format!("http://h/stream?a=b+c&d=&offset={token}"),
                None,
            ),
            (place, Form::Events, url.to_string(), Some(token)),
            (
                Place::Event("x".into()),
                Form::Events,
                url.to_string(),
                Some("x"),
            ),
        ] {
            let request = request(&client, &url, &place, form).unwrap();
            let request = request.build().unwrap();
            let id = request.headers().get(wire::LAST_EVENT_ID);
            assert_eq!(request.url().as_str(), expected);
            assert_eq!(id.map(|id| id.to_str().unwrap()), header);
        }
    }
}
