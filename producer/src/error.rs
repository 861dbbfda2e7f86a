//! Refusals, and the one table that makes problems of them.

use std::time::Duration;

use common::{
    limits::REQUEST_BYTES_MAX,
    offset::{NotAnOffset, Offset},
    problem::{Problem, SideEffects},
    record, wire,
};
use hyper::{Response, header::HeaderValue};

use crate::log::{Closed, Misplaced, Refused};
use common::service::reply::{self, Body};

/// Why a request is refused. None of these changes anything, unless the disk failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Records(#[from] record::Refused),
    #[error(transparent)]
    Log(#[from] Refused),
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    #[error("{0}: {1:?}")]
    Offset(NotAnOffset, String),
    #[error("offset is given more than once")]
    OffsetTwice,
    #[error("a request has at most {REQUEST_BYTES_MAX} bytes; send the records in several")]
    TooLarge,
    #[error("the body did not come within {0:?}; nothing was appended")]
    Slow(Duration),
    #[error("the body broke off: {0}; nothing was appended")]
    Broken(#[source] hyper::Error),
    #[error("the body is encoded as {0:?}; send it as it is")]
    Encoded(String),
    #[error("too many bytes are on their way into the log; nothing was appended")]
    Busy,
    #[error("a page of the origin {0:?} may not append; programs send no Origin header")]
    Origin(String),
}

impl Refusal {
    /// The problem that a client is told.
    pub(crate) fn answer(&self) -> Response<Body> {
        let (status, code, title) = match self {
            Self::Records(record::Refused::Empty) => (400, "EMPTY", "nothing to append"),
            Self::Records(record::Refused::TooLong { .. }) => {
                (413, "RECORD_TOO_LONG", "record too long")
            }
            Self::Records(_) => (400, "INVALID_RECORD", "not a JSON record"),
            Self::Log(Refused::Closed(_)) => (409, "CLOSED", "the stream is closed"),
            Self::Misplaced(Misplaced::Gone { .. }) => (410, "GONE", "no longer kept"),
            Self::Misplaced(Misplaced::Nowhere { .. }) | Self::Offset(..) | Self::OffsetTwice => {
                (400, "INVALID_OFFSET", "no such place in the stream")
            }
            Self::Log(Refused::Failed(_)) => (503, "LOG_FAILED", "the log takes nothing"),
            Self::Misplaced(Misplaced::Damaged { .. }) => (500, "DAMAGED", "a record is damaged"),
            Self::TooLarge => (413, "REQUEST_TOO_LARGE", "request too large"),
            Self::Slow(_) => (408, "BODY_TIMEOUT", "the body came too slowly"),
            Self::Broken(_) => (400, "BODY_BROKEN", "the body broke off"),
            Self::Encoded(_) => (415, "ENCODED", "content encoding not supported"),
            Self::Busy => (503, "BUSY", "no room right now"),
            Self::Origin(_) => (403, "ORIGIN", "origin not allowed"),
        };
        let mut problem = Problem::new(status, code, title, self.to_string());
        if let Self::Log(Refused::Failed(_)) = self {
            // What the disk has of it shows at the next start.
            problem.side_effects = SideEffects::Unknown;
        }
        let mut answer = reply::problem(&problem);
        if let Self::Log(Refused::Closed(Closed { next })) = self {
            let headers = answer.headers_mut();
            headers.insert(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
            headers.insert(wire::STREAM_NEXT_OFFSET, header(next));
        }
        answer
    }
}

/// An offset as a header's value.
pub(crate) fn header(offset: &Offset) -> HeaderValue {
    HeaderValue::from_str(&offset.to_string()).expect("digits and an underscore are a header value")
}
