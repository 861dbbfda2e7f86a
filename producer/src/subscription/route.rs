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
    use std::collections::BTreeMap;

    use super::*;
    use crate::openapi;

    /// How the document writes the path of each. What is new in `Route` belongs into `ALL` too.
    fn template(route: &Route) -> String {
        let subscription = format!("{}{{id}}", wire::SUBSCRIPTIONS_PATH);
        match route {
            Route::Keys => wire::JWKS_PATH.to_owned(),
            Route::Subscription(_) => subscription,
            Route::Streams(_) => format!("{subscription}/streams"),
            Route::Stream(..) => format!("{subscription}/streams/{{name}}"),
            Route::Claim(_) => format!("{subscription}/claim"),
            Route::Report(_, Via::Callback) => format!("{subscription}/callback"),
            Route::Report(_, Via::Ack) => format!("{subscription}/ack"),
            Route::Report(_, Via::Release) => format!("{subscription}/release"),
        }
    }

    const ALL: [Route; 8] = [
        Route::Keys,
        Route::Subscription(String::new()),
        Route::Streams(String::new()),
        Route::Stream(String::new(), String::new()),
        Route::Claim(String::new()),
        Route::Report(String::new(), Via::Callback),
        Route::Report(String::new(), Via::Ack),
        Route::Report(String::new(), Via::Release),
    ];

    #[test]
    fn the_document_has_every_path_and_method_and_no_other() {
        let described = openapi::described().into_iter();
        let described: BTreeMap<_, _> = described
            .filter(|(path, _)| path.starts_with(wire::CONTROL_PATH))
            .collect();
        let there = ALL.map(|route| (template(&route), route.methods().to_owned()));
        assert_eq!(described, BTreeMap::from(there));
        for path in described.keys() {
            let one = path.replace("{id}", "a").replace("{name}", "b/c");
            assert_eq!(template(&Route::at(&one).unwrap()), *path);
        }
    }

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
