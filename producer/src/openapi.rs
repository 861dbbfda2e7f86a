//! `/v1/openapi.json`: the names and forms of the wire, for programs. It is written by hand, and held
//! against the routes here and against a running producer in `tests/scenarios/openapi.rs`.

use common::{
    service::reply::{self, Body},
    wire,
};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CACHE_CONTROL, ETAG, HeaderValue},
};

use crate::{error::header, stream};

/// Where it is.
pub(crate) const PATH: &str = "/v1/openapi.json";

/// What is there.
pub(crate) const DOCUMENT: &str = include_str!("openapi.json");

/// The answer to who asks for it with these headers.
pub(crate) fn answer(asked: &HeaderMap) -> Response<Body> {
    let tag = header(&format!("\"{:08x}\"", crc32c::crc32c(DOCUMENT.as_bytes())));
    let mut answer = if stream::is_one_of(asked, &tag) {
        reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        reply::text(StatusCode::OK, wire::JSON, DOCUMENT.to_owned())
    };
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ETAG, tag);
    answer
}

/// The paths that are described, as they are written there, and the methods of each, as `Allow` has
/// them.
#[cfg(test)]
pub(crate) fn described() -> std::collections::BTreeMap<String, String> {
    let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = |item: &serde_json::Value| {
        let keys = item.as_object().unwrap().keys();
        let methods = keys.filter(|key| *key != "parameters");
        let mut methods: Vec<_> = methods.map(|key| key.to_uppercase()).collect();
        methods.sort();
        methods.join(", ")
    };
    paths
        .map(|(path, item)| (path.clone(), methods(item)))
        .collect()
}
