//! Which subscription a path names, and what of it.

use common::{name, wire};
use percent_encoding::percent_decode_str;

use super::ask::Via;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// The keys by which deliveries are known.
    Keys,
    /// A subscription, by its id.
    Subscription(String),
    /// Its streams, and one of them.
    Streams(String),
    Stream(String, String),
    Claim(String),
    Report(String, Via),
}

impl Route {
    /// What `path` names, if anything.
    pub(super) fn at(path: &str) -> Option<Self> {
        if path == wire::JWKS_PATH {
            return Some(Self::Keys);
        }
        let rest = path.strip_prefix(wire::SUBSCRIPTIONS_PATH)?;
        let (id, rest) = match rest.split_once('/') {
            Some((id, rest)) => (id, Some(rest)),
            None => (rest, None),
        };
        let id = name::topic(id).ok()?.into_owned();
        Some(match rest {
            None => Self::Subscription(id),
            Some("streams") => Self::Streams(id),
            Some("claim") => Self::Claim(id),
            Some("callback") => Self::Report(id, Via::Callback),
            Some("ack") => Self::Report(id, Via::Ack),
            Some("release") => Self::Report(id, Via::Release),
            Some(rest) => {
                let stream = percent_decode_str(rest.strip_prefix("streams/")?);
                Self::Stream(id, stream.decode_utf8().ok()?.into_owned())
            }
        })
    }

    /// The methods that it has.
    pub(super) const fn methods(&self) -> &'static str {
        match self {
            Self::Keys => "GET, HEAD, OPTIONS",
            Self::Subscription(_) => "DELETE, GET, HEAD, OPTIONS, PUT",
            Self::Stream(..) => "DELETE, OPTIONS",
            Self::Streams(_) | Self::Claim(_) | Self::Report(..) => "OPTIONS, POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_thing_or_nothing() {
        let check = |rest: &str, expected: Option<Route>| {
            let path = format!("{}/{rest}", wire::CONTROL_PATH);
            assert_eq!(Route::at(&path), expected, "{path}");
        };
        let a = || "a".to_owned();
        check("jwks.json", Some(Route::Keys));
        check("subscriptions/a", Some(Route::Subscription(a())));
        check("subscriptions/%61", Some(Route::Subscription(a())));
        check("subscriptions/a/streams", Some(Route::Streams(a())));
        let stream = Some(Route::Stream(a(), "b/c".to_owned()));
        check("subscriptions/a/streams/b%2Fc", stream.clone());
        check("subscriptions/a/streams/b/c", stream);
        check("subscriptions/a/ack", Some(Route::Report(a(), Via::Ack)));
        for rest in [
            "",
            "jwks",
            "subscriptions",
            "subscriptions/",
            "subscriptions/a/",
            "subscriptions/a/x",
        ] {
            check(rest, None);
        }
        check("subscriptions/__ds", None);
    }
}
