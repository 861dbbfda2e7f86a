//! What a request needs to be let in, by its method and path alone.
//!
//! What is not named here needs everything: a route that is forgotten is closed, and not open.

use std::borrow::Cow;

use common::{name, service::health, wire};
use hyper::{HeaderMap, Method};

use super::grants::Scope;
use crate::{log::DEFAULT, openapi};

/// What follows the streams' path where no stream is meant, but what belongs to the protocol itself.
const CONTROL: &str = "__ds";

/// What a token has to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need<'a> {
    /// No token.
    Nothing,
    /// A token, whatever it is for.
    Token,
    /// To do this to some stream, whichever that is: of the others nothing is told.
    Some(Scope),
    /// To do this to the stream or topic of this name.
    One(Scope, Cow<'a, str>),
    /// To do this to all there are.
    All(Scope),
}

impl<'a> Need<'a> {
    /// What a request needs.
    pub(crate) fn of(method: &Method, path: &'a str) -> Self {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        match path {
            health::ALIVE | health::READY => Self::Nothing,
            // A browser asks so before it sends a request, and without its token.
            _ if *method == Method::OPTIONS => Self::Nothing,
            // These are numbers, in which neither records nor names stand.
            health::METRICS if is_read => Self::Some(Scope::Read),
            // What may not be read is not listed.
            wire::STREAM_LIST_PATH | wire::TOPICS_PATH if is_read => Self::Some(Scope::Read),
            openapi::PATH if is_read => Self::Token,
            wire::STREAM_PATH => Self::to(method, Ok(Cow::Borrowed(DEFAULT))),
            _ => Self::of_named(method, path),
        }
    }

    fn of_named(method: &Method, path: &'a str) -> Self {
        if let Some(name) = path.strip_prefix(wire::STREAMS_PATH) {
            return match name.split_once('/') {
                Some((CONTROL, rest)) => Self::of_control(method, rest),
                _ => Self::to(method, name::stream(name)),
            };
        }
        let topic = path.strip_prefix(wire::TOPICS_PATH);
        match topic.and_then(|rest| rest.strip_prefix('/')) {
            Some(name) => Self::to(method, name::topic(name)),
            None => Self::All(Scope::Admin),
        }
    }

    /// What a request about subscriptions needs. They follow streams by a pattern, which no path tells.
    fn of_control(method: &Method, rest: &str) -> Self {
        let parts: Vec<_> = rest.split('/').collect();
        match (method, &parts[..]) {
            // Who gets a delivery needs the public keys to know whom it is from.
            (&Method::GET | &Method::HEAD, ["jwks.json"]) => Self::Nothing,
            // Who was woken shows the token that came with that, which is asked for there.
            (&Method::POST, ["subscriptions", _, "callback" | "ack" | "release"]) => Self::Nothing,
            _ => Self::All(Scope::Admin),
        }
    }

    /// What `method` needs where it is for the stream or topic `name`. Who may fill a stream may also
    /// begin it: what is there already is not changed by that.
    fn to(method: &Method, name: Result<Cow<'a, str>, name::Invalid>) -> Self {
        let scope = match *method {
            Method::GET | Method::HEAD => Scope::Read,
            Method::POST | Method::PUT => Scope::Append,
            _ => Scope::Admin,
        };
        match name {
            Ok(name) => Self::One(scope, name),
            // It will be refused, but not for who asks.
            Err(_) => Self::All(scope),
        }
    }

    /// What else a request needs that makes a fork: a fork shows what its source has.
    pub(crate) fn of_fork(method: &Method, headers: &'a HeaderMap) -> Option<Self> {
        let source = headers.get(wire::STREAM_FORKED_FROM)?;
        let path = source.to_str().unwrap_or_default();
        let name = path.strip_prefix(wire::STREAMS_PATH).unwrap_or_default();
        let name = name::stream(name);
        (*method == Method::PUT).then(|| Self::to(&Method::GET, name))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn one(scope: Scope, name: &str) -> Need<'_> {
        Need::One(scope, name.into())
    }

    /// Every route there is, with every method.
    #[test]
    fn each_route_needs_what_it_does() {
        use Need::{All, Nothing, Some, Token};
        use Scope::{Admin, Append, Read};
        let check = |path: &str, expected: [Need<'_>; 5]| {
            let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
            for (method, expected) in methods.into_iter().zip(expected) {
                let method: Method = method.parse().unwrap();
                assert_eq!(Need::of(&method, path), expected, "{method} {path}");
                if method == Method::GET {
                    assert_eq!(Need::of(&Method::HEAD, path), expected, "HEAD {path}");
                }
            }
            assert_eq!(Need::of(&Method::OPTIONS, path), Nothing, "OPTIONS {path}");
        };
        let named = |name| {
            [
                one(Read, name),
                one(Append, name),
                one(Append, name),
                one(Admin, name),
                one(Admin, name),
            ]
        };
        let read_only = |read| [read, All(Admin), All(Admin), All(Admin), All(Admin)];
        for path in ["/healthz", "/readyz"] {
            check(path, [Nothing, Nothing, Nothing, Nothing, Nothing]);
        }
        check("/metrics", read_only(Some(Read)));
        check("/v1/openapi.json", read_only(Token));
        check("/v1/stream", read_only(Some(Read)));
        check("/v1/topics", read_only(Some(Read)));
        check("/stream", named("default"));
        check("/v1/stream/a", named("a"));
        check("/v1/stream/a/0", named("a/0"));
        check("/v1/stream/%61", named("a"));
        check("/v1/topics/a", named("a"));

        // What is called by no name is nobody's, and what is not known is for who may do everything.
        let all = [All(Read), All(Append), All(Append), All(Admin), All(Admin)];
        for path in [
            "/v1/stream/",
            "/v1/stream/a%2F",
            "/v1/stream/..",
            "/v1/topics/a/0",
        ] {
            check(path, all.clone());
        }
        for path in [
            "/v1/stream/__ds/subscriptions/a",
            "/v1/stream/__ds/subscriptions/a/claim",
            "/v1/stream/__ds/subscriptions/a/b/ack",
            "/v1/stream/__ds/",
            "/",
            "/v1",
            "/v1/groups/a",
            "/v1/topicsa",
            "//healthz",
        ] {
            check(path, read_only(All(Admin)));
        }
    }

    #[test]
    fn who_was_woken_and_who_is_delivered_to_has_no_token_of_ours() {
        let check = |method: Method, rest: &str, expected: Need<'_>| {
            let path = format!("/v1/stream/__ds/{rest}");
            assert_eq!(Need::of(&method, &path), expected, "{method} {path}");
        };
        check(Method::GET, "jwks.json", Need::Nothing);
        check(Method::PUT, "jwks.json", Need::All(Scope::Admin));
        for what in ["callback", "ack", "release"] {
            let rest = format!("subscriptions/a/{what}");
            check(Method::POST, &rest, Need::Nothing);
            check(Method::DELETE, &rest, Need::All(Scope::Admin));
        }
    }

    #[test]
    fn a_method_that_is_not_known_needs_the_most() {
        let method = Method::from_bytes(b"STEAL").unwrap();
        let need = Need::of(&method, "/v1/stream/a");
        assert_eq!(need, one(Scope::Admin, "a"));
    }

    #[test]
    fn a_fork_needs_to_read_its_source() {
        let check = |method: Method, source: Option<&'static str>, expected: Option<Need<'_>>| {
            let mut headers = HeaderMap::new();
            if let Some(source) = source {
                headers.insert(wire::STREAM_FORKED_FROM, HeaderValue::from_static(source));
            }
            assert_eq!(Need::of_fork(&method, &headers), expected, "{source:?}");
        };
        check(Method::PUT, None, None);
        check(Method::GET, Some("/v1/stream/a"), None);
        let put = |source, expected| check(Method::PUT, Some(source), Some(expected));
        put("/v1/stream/a/b", one(Scope::Read, "a/b"));
        put("/v1/stream/%61", one(Scope::Read, "a"));
        put("a", Need::All(Scope::Read));
        put("/v1/stream/", Need::All(Scope::Read));
    }
}
