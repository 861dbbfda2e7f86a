//! Refusals, and the one table that makes problems of them.

use std::{fmt::Display, time::Duration};

use common::{
    json::NotAPointer,
    limits::REQUEST_BYTES_MAX,
    name,
    offset::{NotAnOffset, Offset},
    problem::{Problem, SideEffects},
    record,
    service::reply::{self, Body},
    wire,
};
use hyper::{
    HeaderMap, Response,
    header::{HeaderName, HeaderValue, WWW_AUTHENTICATE},
};

use crate::{
    access::Denied,
    log::{Closed, Misplaced, Refused},
};

/// Why a request is refused. None of these changes anything, unless the disk failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Records(#[from] record::Refused),
    #[error(transparent)]
    Log(#[from] Refused),
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    #[error(transparent)]
    Name(#[from] name::Invalid),
    #[error("{0}: {1:?}")]
    Offset(NotAnOffset, String),
    #[error("{0} is given more than once")]
    Twice(&'static str),
    #[error("{0}")]
    Query(String),
    #[error("{0}: {1}")]
    Header(&'static str, String),
    #[error("the body needs a Content-Type: that of the stream")]
    NoContentType,
    #[error("the stream holds {0}; only JSON records are read as lines")]
    NotLines(String),
    #[error("a topic is described by {{\"partitions\":8,\"key\":\"/user/id\"}}: {0}")]
    Topic(String),
    #[error("key: {0}")]
    Pointer(#[from] NotAPointer),
    #[error("line {line}: the record has no key: nothing but null at {pointer:?}")]
    NoKey { line: usize, pointer: String },
    #[error("such a request has at most {0} bytes")]
    TooLong(usize),
    #[error("a request has at most {REQUEST_BYTES_MAX} bytes; send the records in several")]
    TooLarge,
    #[error("the body did not come within {0:?}; nothing was appended")]
    Slow(Duration),
    #[error("line {0} has begun, and did not go on within {1:?}")]
    HalfLine(usize, Duration),
    #[error("the body broke off: {0}; nothing was appended")]
    Broken(#[source] hyper::Error),
    #[error("the body is encoded as {0:?}; send it as it is")]
    Encoded(String),
    #[error("too many bytes are on their way into the log; nothing was appended")]
    Busy,
    #[error(transparent)]
    Access(#[from] Denied),
}

/// Status, code and title of a problem.
type Kind = (u16, &'static str, &'static str);

impl Refusal {
    /// That its sender's token is known no more.
    pub(crate) const fn revoked() -> Self {
        Self::Access(Denied::UnknownToken)
    }

    /// The problem that a client is told.
    pub(crate) fn problem(&self) -> Problem {
        let (status, code, title) = self.kind();
        let mut problem = Problem::new(status, code, title, self.to_string());
        match self {
            // What the disk has of it shows at the next start.
            Self::Log(Refused::Failed(_)) => problem.side_effects = SideEffects::Unknown,
            // It can come faster.
            Self::Slow(_) | Self::HalfLine(..) => problem.retryable = true,
            _ => {}
        }
        problem
    }

    /// The answer that tells it.
    pub(crate) fn answer(&self) -> Response<Body> {
        let mut answer = reply::problem(&self.problem());
        self.tell(answer.headers_mut());
        answer
    }

    /// Its stable code.
    pub(crate) fn code(&self) -> &'static str {
        let (_, code, _) = self.kind();
        code
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Records(refused) => of_records(refused),
            Self::Log(refused) => of_log(refused),
            Self::Misplaced(misplaced) => of_place(misplaced),
            Self::Offset(..) | Self::Twice(wire::OFFSET) => NO_PLACE,
            Self::Twice(_) | Self::Query(_) => (400, "INVALID_QUERY", "not a valid query"),
            Self::Name(_) => (400, "INVALID_NAME", "not a valid name"),
            Self::Header(..) => (400, "INVALID_HEADER", "not a valid header"),
            Self::NoContentType => (400, "NO_CONTENT_TYPE", "the body has no type"),
            Self::NotLines(_) => (400, "NOT_JSON", "not a stream of JSON records"),
            Self::Topic(_) | Self::Pointer(_) => (400, "INVALID_TOPIC", "not a topic"),
            Self::NoKey { .. } => (400, "NO_KEY", "a record without its key"),
            Self::TooLarge | Self::TooLong(_) => (413, "REQUEST_TOO_LARGE", "request too large"),
            Self::Slow(_) | Self::HalfLine(..) => (408, "BODY_TIMEOUT", "the body came too slowly"),
            Self::Broken(_) => (400, "BODY_BROKEN", "the body broke off"),
            Self::Encoded(_) => (415, "ENCODED", "content encoding not supported"),
            Self::Busy => (503, "BUSY", "no room right now"),
            Self::Access(denied) => of_access(denied),
        }
    }

    /// What programs need to know to go on.
    fn tell(&self, headers: &mut HeaderMap) {
        if let Self::Access(denied) = self
            && let Some(challenge) = denied.challenge()
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        let mut put = |name, value: &dyn Display| {
            headers.insert(HeaderName::from_static(name), header(value));
        };
        match self {
            Self::Log(Refused::Closed(Closed { next })) => {
                put(wire::STREAM_CLOSED, &true);
                put(wire::STREAM_NEXT_OFFSET, next);
            }
            Self::Log(Refused::Elsewhere { next, .. }) => put(wire::STREAM_NEXT_OFFSET, next),
            Self::Log(Refused::Fenced { epoch }) => put(wire::PRODUCER_EPOCH, epoch),
            Self::Log(Refused::Gap { expected, received }) => {
                put(wire::PRODUCER_EXPECTED_SEQ, expected);
                put(wire::PRODUCER_RECEIVED_SEQ, received);
            }
            Self::Misplaced(Misplaced::Gone { earliest, .. })
            | Self::Log(Refused::Misplaced(Misplaced::Gone { earliest, .. })) => {
                put(wire::STREAM_EARLIEST_OFFSET, earliest);
            }
            _ => {}
        }
    }
}

const fn of_access(denied: &Denied) -> Kind {
    match denied {
        Denied::NotOneHost | Denied::NoHost(_) => (400, "INVALID_HOST", "not a valid host"),
        Denied::Host(_) => (421, "HOST", "host not allowed"),
        Denied::Origin(_) => (403, "ORIGIN", "origin not allowed"),
        Denied::NoToken => (401, "NO_TOKEN", "no token"),
        Denied::UnknownToken => (401, "UNKNOWN_TOKEN", "not a known token"),
        Denied::Scope { .. } => (403, "SCOPE", "not what the token is for"),
    }
}

const fn of_records(refused: &record::Refused) -> Kind {
    match refused {
        record::Refused::Empty => (400, "EMPTY", "nothing to append"),
        record::Refused::TooLong { .. } => (413, "RECORD_TOO_LONG", "record too long"),
        record::Refused::NotUtf8 { .. } | record::Refused::NotJson { .. } => {
            (400, "INVALID_RECORD", "not a JSON record")
        }
    }
}

const NO_PLACE: Kind = (400, "INVALID_OFFSET", "no such place in the stream");

const fn of_place(misplaced: &Misplaced) -> Kind {
    match misplaced {
        Misplaced::Gone { .. } => (410, "GONE", "no longer kept"),
        Misplaced::Damaged { .. } => (500, "DAMAGED", "a record is damaged"),
        Misplaced::Unread { .. } => (503, "UNREAD", "a record cannot be read now"),
        Misplaced::Nowhere { .. } | Misplaced::Beyond { .. } => NO_PLACE,
    }
}

const fn of_log(refused: &Refused) -> Kind {
    match refused {
        Refused::Closed(_) => (409, "CLOSED", "the stream is closed"),
        Refused::Missing(_) => (404, "NOT_FOUND", "no such resource"),
        Refused::Deleted(_) => (410, "DELETED", "deleted, but for its forks"),
        Refused::Forked(_) => (409, "FORKED", "deleted, but for its forks"),
        Refused::Misplaced(misplaced) => of_place(misplaced),
        Refused::Exists(_) => (409, "EXISTS", "there is another one of that name"),
        Refused::OfRecords(_) | Refused::WrongType { .. } => {
            (409, "WRONG_TYPE", "not the type of the stream")
        }
        Refused::Sequence { .. } => (409, "SEQUENCE", "the sequence does not rise"),
        Refused::Elsewhere { .. } => (412, "ELSEWHERE", "the stream ends elsewhere"),
        Refused::Fenced { .. } => (403, "FENCED", "a later epoch has begun"),
        Refused::EpochBegins => (400, "EPOCH_BEGINS", "an epoch begins with sequence 0"),
        Refused::Gap { .. } => (409, "SEQUENCE_GAP", "a request before this one is missing"),
        Refused::TooMany(..) => (429, "TOO_MANY", "as many as there may be"),
        Refused::Full(_) => (503, "DISK_FULL", "the disk is full"),
        Refused::Failed(_) => (503, "LOG_FAILED", "the log takes nothing"),
    }
}

/// A number, an offset or a checked name as a header's value.
pub(crate) fn header(value: &dyn Display) -> HeaderValue {
    HeaderValue::from_str(&value.to_string()).expect("it is of visible characters")
}

/// An offset as a header's value.
pub(crate) fn place(offset: Offset) -> HeaderValue {
    HeaderValue::from_bytes(&offset.token()).expect("digits and an underscore are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_only_too_slow_or_too_much_can_be_asked_again() {
        let check = |refusal: Refusal, is_retryable: bool| {
            let answer = refusal.answer();
            let says_when = answer.headers().contains_key("retry-after");
            let found = (refusal.problem().retryable, says_when);
            assert_eq!(found, (is_retryable, is_retryable), "{refusal}");
        };
        let limit = Duration::from_secs(10);
        check(Refusal::Slow(limit), true);
        check(Refusal::HalfLine(7, limit), true);
        check(Refusal::Busy, true);
        check(Refusal::TooLarge, false);
        check(Refused::TooMany("streams", 5).into(), false);
        check(Refusal::NoContentType, false);
    }
}
