//! The request: the stream's URL, and the place to go on from.

use std::{borrow::Cow, error::Error, time::Duration};

use common::{service::telemetry::chain, wire};
use reqwest::{
    Client, ClientBuilder, RequestBuilder, Url,
    header::{ACCEPT, ACCEPT_ENCODING},
    redirect::Policy,
};

use super::{block::Place, body::Coding, connection::Happened, excerpt, frame::Form};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// After how long a silence the other end is probed, how often, and how many times. A connection
/// whose other end has vanished without a word is found dead within half a minute.
const PROBE_AFTER: Duration = Duration::from_secs(15);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

/// Lines are the cheapest to read, and events can at least be resumed.
const ACCEPTED: &str =
    "application/x-ndjson, text/event-stream;q=0.9, application/json;q=0.8, */*;q=0.1";

/// The query parameters that ask our own streams for the form that machines read: lines, live, with
/// marks between them.
const LIVE: (&str, &str) = (wire::LIVE, "ndjson");
const MARKS: (&str, &str) = (wire::MARKS, "1");

/// The scheme of URLs that are read over TLS.
const HTTPS: &str = "https";

/// A client for `url` that keeps no connection for later and takes no settings from the
/// environment.
pub(crate) fn client(url: &Url) -> reqwest::Result<Client> {
    builder(url)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(PROBE_AFTER)
        .tcp_keepalive_interval(PROBE_INTERVAL)
        .tcp_keepalive_retries(PROBES)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .user_agent(concat!("brooklet/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The system's certificates are loaded where they are needed: that takes time and memory. So a
/// plain URL must not lead to one over TLS, which could not be trusted.
fn builder(url: &Url) -> ClientBuilder {
    // It is there already where another client of this process was made.
    drop(rustls::crypto::ring::default_provider().install_default());
    if url.scheme() == HTTPS {
        return Client::builder();
    }
    let redirect = Policy::custom(|attempt| match attempt.url().scheme() {
        HTTPS => {
            let host = attempt.url().host_str().unwrap_or_default().to_owned();
            let why = format!("the server leads to https://{host}: name that URL");
            attempt.error(why)
        }
        _ => Policy::default().redirect(attempt),
    });
    Client::builder().tls_certs_only([]).redirect(redirect)
}

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
    let why = message(&error.without_url());
    if is_final {
        return Happened::Refused(why);
    }
    Happened::Lost {
        why,
        retry_after: None,
    }
}

/// What went wrong, in words that may stand in the log.
pub(crate) fn message(error: &dyn Error) -> String {
    excerpt::message(&chain(error))
}

fn value<'a>(url: &'a Url, name: &str) -> Option<Cow<'a, str>> {
    let mut pairs = url.query_pairs();
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Asks for the records from `place` on, the way a stream of `form` is resumed.
pub(super) fn request(client: &Client, url: &Url, place: &Place, form: Form) -> RequestBuilder {
    let get = |url: Url| {
        client
            .get(url)
            .header(ACCEPT, ACCEPTED)
            .header(ACCEPT_ENCODING, Coding::ACCEPTED)
    };
    match (place.token(), form) {
        (None, _) => get(url.clone()),
        (Some(token), Form::Events) => get(url.clone()).header(wire::LAST_EVENT_ID, token),
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
        let client = client(&url).unwrap();
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
            let request = request(&client, &url, &place, form).build().unwrap();
            let id = request.headers().get(wire::LAST_EVENT_ID);
            assert_eq!(request.url().as_str(), expected);
            assert_eq!(id.map(|id| id.to_str().unwrap()), header);
        }
    }
}
