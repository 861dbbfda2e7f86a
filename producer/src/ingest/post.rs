//! `POST /stream`: a body becomes a batch, and the batch is appended: all of it or nothing.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use common::{
    limits::REQUEST_BYTES_MAX,
    record::Batch,
    service::reply::{self, Body},
    wire,
};
use http_body_util::BodyExt;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body as _, Incoming},
    header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HeaderName, ORIGIN},
};
use prometheus_client::{metrics::counter::Counter, registry::Registry};

use crate::{
    error::Refusal,
    log::{Appended, Log, Room},
};

/// How long a body may send nothing.
const PIECE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a whole body may take: the largest one then comes at 280 kB a second.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// What room is reserved in while a body comes.
const ROOM_STEP_BYTES: usize = 64 * 1024;

/// How long a request waits for room in the log.
const ROOM_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of a refused body is read and thrown away, so that its sender can read the answer.
const DISCARDED_BYTES_MAX: usize = 4 * REQUEST_BYTES_MAX;

/// Bodies from this size on are checked where it holds up no other connection.
const LARGE_BYTES: usize = 64 * 1024;

/// Where requests with records come in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    log: Log,
    requests: Counter,
    refused: Counter,
}

impl Door {
    pub(crate) fn new(log: Log, registry: &mut Registry) -> Self {
        let (requests, refused) = (Counter::default(), Counter::default());
        registry.register("append_requests", "Requests to append", requests.clone());
        registry.register(
            "append_refused",
            "Requests to append that were refused",
            refused.clone(),
        );
        Self {
            log,
            requests,
            refused,
        }
    }

    /// The answer to a request to append.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        self.requests.inc();
        match self.append(request).await {
            Ok((records, Appended { first, next })) => reply::text(
                StatusCode::OK,
                wire::JSON,
                format!(r#"{{"records":{records},"first":"{first}","next":"{next}"}}"#) + "\n",
            ),
            Err(refusal) => {
                self.refused.inc();
                tracing::debug!(%refusal, "refused an append");
                refusal.answer()
            }
        }
    }

    async fn append(&self, request: Request<Incoming>) -> Result<(u64, Appended), Refusal> {
        let (head, mut body) = request.into_parts();
        check(&head.headers)?;
        let is_json = text(&head.headers, &CONTENT_TYPE)
            .is_some_and(|content_type| wire::media_type(content_type) == wire::JSON);
        if body.size_hint().lower() > REQUEST_BYTES_MAX as u64 {
            // A client that asked before it sends learns it from the answer, and sends nothing.
            if !head.headers.contains_key(EXPECT) {
                discard(body).await;
            }
            return Err(Refusal::TooLarge);
        }
        let collected = tokio::time::timeout(BODY_TIMEOUT, self.collect(&mut body)).await;
        let (body, room) = match collected {
            Ok(Err(Refusal::TooLarge)) => {
                discard(body).await;
                return Err(Refusal::TooLarge);
            }
            collected => collected.map_err(|_| Refusal::Slow(BODY_TIMEOUT))??,
        };
        let batch = if body.len() < LARGE_BYTES {
            batch(&body, is_json)?
        } else {
            tokio::task::block_in_place(|| batch(&body, is_json))?
        };
        drop(body);
        let records = batch.records();
        Ok((records, self.log.append(batch, room).await?))
    }

    /// The whole body, and the room that it takes, reserved as it comes: who sends little holds
    /// little. Bodies that wait for one another's room give up after a while.
    async fn collect(&self, body: &mut Incoming) -> Result<(Bytes, Room), Refusal> {
        let (mut whole, mut room) = (BytesMut::new(), self.room(1).await?);
        let mut reserved = 0;
        while let Some(piece) = piece(body).await? {
            let bytes = whole.len() + piece.len();
            if bytes > REQUEST_BYTES_MAX {
                return Err(Refusal::TooLarge);
            }
            if bytes > reserved {
                let step = (bytes - reserved).next_multiple_of(ROOM_STEP_BYTES);
                room.merge(self.room(step).await?);
                reserved += step;
            }
            whole.extend_from_slice(&piece);
        }
        Ok((whole.freeze(), room))
    }

    async fn room(&self, bytes: usize) -> Result<Room, Refusal> {
        let room = tokio::time::timeout(ROOM_TIMEOUT, self.log.reserve(bytes)).await;
        room.map_err(|_| Refusal::Busy)
    }
}

/// What can be refused before the body is read.
fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    if let Some(origin) = text(headers, &ORIGIN) {
        return Err(Refusal::Origin(origin.to_owned()));
    }
    match text(headers, &CONTENT_ENCODING) {
        None | Some("identity") => Ok(()),
        Some(encoding) => Err(Refusal::Encoded(encoding.to_owned())),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn batch(body: &[u8], is_json: bool) -> Result<Batch, Refusal> {
    let batch = if is_json {
        Batch::from_json(body)
    } else {
        Batch::from_ndjson(body)
    };
    Ok(batch?)
}

/// The next piece of the body; none at its end.
async fn piece(body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    loop {
        let frame = tokio::time::timeout(PIECE_TIMEOUT, body.frame())
            .await
            .map_err(|_| Refusal::Slow(PIECE_TIMEOUT))?;
        match frame {
            None => return Ok(None),
            // Trailers carry no records.
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
            Some(Err(error)) => return Err(Refusal::Broken(error)),
        }
    }
}

/// Reads what is left of a body, within reason.
async fn discard(mut body: Incoming) {
    let mut discarded = 0;
    while let Ok(Some(piece)) = piece(&mut body).await {
        discarded += piece.len();
        if discarded > DISCARDED_BYTES_MAX {
            return;
        }
    }
}
