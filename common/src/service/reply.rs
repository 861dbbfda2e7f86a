//! Answers: every one with the headers that keep a browser from guessing.

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Response, StatusCode,
    body::Frame,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};

use crate::{problem::Problem, wire};

/// The body of an answer. Its error ends it without a proper end, so that a reader can tell "that
/// was all" from "ask me again".
pub type Body = UnsyncBoxBody<Bytes, Aborted>;

/// Why the server broke off a body of its own accord.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("body aborted: {0}")]
pub struct Aborted(pub String);

/// After how many seconds a client should come back that is told to.
const RETRY_AFTER_SECONDS: &str = "1";

/// An answer without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Response<Body> {
    with_headers(
        status,
        Empty::new().map_err(|never| match never {}).boxed_unsync(),
    )
}

/// An answer with a short text of type `content_type`.
#[must_use]
pub fn text(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {});
    typed(with_headers(status, body.boxed_unsync()), content_type)
}

/// A 200 whose body comes piece by piece.
#[must_use]
pub fn stream<S>(content_type: &'static str, pieces: S) -> Response<Body>
where
    S: Stream<Item = Result<Frame<Bytes>, Aborted>> + Send + 'static,
{
    typed(
        with_headers(StatusCode::OK, StreamBody::new(pieces).boxed_unsync()),
        content_type,
    )
}

/// An error answer.
#[must_use]
pub fn problem(problem: &Problem) -> Response<Body> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = text(status, wire::PROBLEM_JSON, problem.to_json());
    if problem.retryable {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    answer
}

/// The answer to a path that does not exist.
#[must_use]
pub fn not_found(path: &str, known: &str) -> Response<Body> {
    let detail = format!("there is nothing at {path:?}; there is {known}");
    problem(&Problem::new(404, "NOT_FOUND", "no such resource", detail))
}

/// The answer to a method that the path does not have.
#[must_use]
pub fn method_not_allowed(allowed: &'static str) -> Response<Body> {
    let detail = format!("this resource allows {allowed}");
    let problem_ = Problem::new(405, "METHOD_NOT_ALLOWED", "method not allowed", detail);
    let mut answer = problem(&problem_);
    answer
        .headers_mut()
        .insert(hyper::header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn with_headers(status: StatusCode, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("cross-origin"),
    );
    answer
}

fn typed(mut answer: Response<Body>, content_type: &'static str) -> Response<Body> {
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
