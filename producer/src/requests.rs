//! Requests, counted by what they are for and how they went: a few dozen counters, however many
//! streams there are.

use hyper::{Method, StatusCode};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// How many requests there were.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Family<Kind, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    route: &'static str,
    method: &'static str,
    status: &'static str,
}

impl Requests {
    /// Adds them to what `/metrics` shows.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Requests that were answered, by route, method and class of status";
        registry.register("requests", help, self.0.clone());
    }

    /// A request was answered.
    pub(crate) fn count(&self, route: &'static str, method: &'static str, status: StatusCode) {
        let kind = Kind {
            route,
            method,
            status: class(status),
        };
        self.0.get_or_create(&kind).inc();
    }
}

/// The name of a method, of those that a route knows.
pub(crate) fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        // Anybody can make up more.
        _ => "other",
    }
}

const fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
