//! A request's body: read whole, with room in the log for it, or to its end so that its sender can
//! read why it was refused.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use common::{
    limits::REQUEST_BYTES_MAX,
    service::{reply::Body, settings::duration},
};
use http_body_util::BodyExt;
use hyper::{
    Response, Version,
    body::{Body as _, Incoming},
    header::{CONNECTION, EXPECT, HeaderValue},
    http::request::Parts,
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::Refusal,
    log::{Log, Room},
};

/// How long a request's body may take.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(skip)]
pub(crate) struct Patience {
    /// How long a request's body may take; the largest one comes at 280 kB a second then
    #[arg(
        long = "body-timeout",
        env = "BROOKLET_BODY_TIMEOUT",
        hide_env = true,
        default_value = "60s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    whole: Duration,
    /// For how long a request's body may pause
    #[arg(
        long = "body-pause",
        env = "BROOKLET_BODY_PAUSE",
        hide_env = true,
        default_value = "10s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    pub(crate) pause: Duration,
}

/// What room is reserved in while a body comes. One that needs more than one of these is long.
const ROOM_STEP_BYTES: usize = 64 * 1024;

/// How long a request waits for room in the log.
const ROOM_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of a refused body is read and thrown away, so that its sender can read the answer.
const DISCARDED_BYTES_MAX: usize = 4 * REQUEST_BYTES_MAX;

/// Bodies from this size on are checked where it holds up no other connection.
const LARGE_BYTES: usize = 64 * 1024;

/// A body that comes.
#[derive(Debug)]
pub(crate) struct Upload {
    body: Incoming,
    patience: Patience,
    /// Cancelled when its sender may append no more, if that can be.
    revoked: Option<CancellationToken>,
    /// The sender waits to be asked for it. The first look at the body asks.
    is_held_back: bool,
    version: Version,
}

/// Whether a connection ends with an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends(bool);

impl Ends {
    /// The answer, which says so.
    pub(crate) fn told(self, mut answer: Response<Body>) -> Response<Body> {
        if self.0 {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
        }
        answer
    }
}

impl Upload {
    pub(crate) fn new(head: &Parts, body: Incoming, patience: Patience) -> Self {
        Self {
            body,
            patience,
            revoked: head.extensions.get().cloned(),
            is_held_back: expects_to_be_asked(head),
            version: head.version,
        }
    }

    /// The whole body, and the room that it takes, reserved as it comes: who sends little holds
    /// little. Bodies that wait for one another's room give up after a while.
    pub(crate) async fn whole(&mut self, log: &Log) -> Result<(Bytes, Room), Refusal> {
        if self.bytes_min() > REQUEST_BYTES_MAX as u64 {
            return Err(Refusal::TooLarge);
        }
        let whole = self.patience.whole;
        tokio::time::timeout(whole, self.collect(log))
            .await
            .map_err(|_| Refusal::Slow(whole))?
    }

    async fn collect(&mut self, log: &Log) -> Result<(Bytes, Room), Refusal> {
        let mut room = in_time(log.reserve(1)).await?;
        let Some(first) = self.piece().await? else {
            return Ok((Bytes::new(), room));
        };
        let mut reserved = grow(&mut room, 0, first.len(), log).await?;
        let Some(second) = self.piece().await? else {
            // Most bodies come in one piece, and need not be copied.
            return Ok((first, room));
        };
        let (mut whole, mut next) = (BytesMut::from(first), Some(second));
        while let Some(piece) = next {
            reserved = grow(&mut room, reserved, whole.len() + piece.len(), log).await?;
            whole.extend_from_slice(&piece);
            next = self.piece().await?;
        }
        Ok((whole.freeze(), room))
    }

    /// The next piece of the body, which must not take too long; none at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        let pause = self.patience.pause;
        tokio::time::timeout(pause, self.next())
            .await
            .map_err(|_| Refusal::Slow(pause))?
    }

    /// The next piece of the body, however long it takes; none at its end. Nothing is lost when it
    /// is not waited for to its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        self.is_held_back = false;
        loop {
            let frame = match &self.revoked {
                None => self.body.frame().await,
                Some(revoked) => tokio::select! {
                    biased;
                    () = revoked.cancelled() => return Err(Refusal::revoked()),
                    frame = self.body.frame() => frame,
                },
            };
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

    /// How long it is at the least, as far as that is known before it comes.
    pub(crate) fn bytes_min(&self) -> u64 {
        self.body.size_hint().lower()
    }

    /// Whether there is something in it, where that is known before it comes.
    pub(super) fn has_content(&self) -> Option<bool> {
        let size = self.body.size_hint();
        match (size.lower(), size.exact()) {
            (1.., _) => Some(true),
            (_, Some(_)) => Some(false),
            _ if self.body.is_end_stream() => Some(false),
            _ => None,
        }
    }

    /// Whether the sender waits to be asked for the body.
    pub(crate) const fn is_held_back(&self) -> bool {
        self.is_held_back
    }

    /// The answer to a request that is refused, when what is left of its body was read, within reason,
    /// until it pauses for so long.
    pub(crate) async fn refuse(mut self, refusal: &Refusal, pause: Duration) -> Response<Body> {
        let ends = match refusal {
            // Who does not send is not waited for twice.
            Refusal::Slow(_) | Refusal::Broken(_) => self.ends(false),
            _ => self.left(pause).await,
        };
        ends.told(refusal.answer())
    }

    /// Whether the connection ends with an answer that is given now, when what is left of the body was read,
    /// within reason, until it pauses for so long: its sender would not see the answer else.
    pub(crate) async fn left(&mut self, pause: Duration) -> Ends {
        // Who asked before sending learns it from the answer.
        let is_whole = !self.is_held_back && self.rest(pause).await;
        self.ends(is_whole)
    }

    /// Nothing tells what would still come of a body, or was never asked for, from the next request.
    /// (RFC 9110, 10.1.1) In HTTP/2 frames do.
    fn ends(&self, is_whole: bool) -> Ends {
        Ends(!is_whole && self.version < Version::HTTP_2)
    }

    /// Reads what is left of it, within reason, until it pauses for so long; whether that was all.
    pub(crate) async fn rest(&mut self, pause: Duration) -> bool {
        let whole = self.patience.whole;
        let rest = async {
            let mut discarded = 0;
            while discarded <= DISCARDED_BYTES_MAX {
                match tokio::time::timeout(pause, self.next()).await {
                    Ok(Ok(Some(piece))) => discarded += piece.len(),
                    Ok(Ok(None)) => return true,
                    Ok(Err(_)) | Err(_) => break,
                }
            }
            false
        };
        // What has not come by then is not waited for.
        let rest = tokio::time::timeout(whole, rest);
        rest.await.unwrap_or_default()
    }
}

/// Whether the body is sent when the sender is told to go on. Other expectations mean nothing, and
/// neither does this one in HTTP/1.0. (RFC 9110, 10.1.1)
fn expects_to_be_asked(head: &Parts) -> bool {
    let expected = head.headers.get(EXPECT).map(HeaderValue::as_bytes);
    head.version >= Version::HTTP_11
        && expected.is_some_and(|expected| expected.eq_ignore_ascii_case(b"100-continue"))
}

/// Reads `body` by `read`; a large one where it holds up no other connection.
pub(super) fn read<T>(body: &[u8], read: impl FnOnce(&[u8]) -> T) -> T {
    if body.len() < LARGE_BYTES {
        read(body)
    } else {
        tokio::task::block_in_place(|| read(body))
    }
}

/// Adds to `held`, which is room for `reserved` bytes, what `bytes` need; returns for how many it
/// is room then.
async fn grow(held: &mut Room, reserved: usize, bytes: usize, log: &Log) -> Result<usize, Refusal> {
    if bytes > REQUEST_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    if bytes <= reserved {
        return Ok(reserved);
    }
    let step = (bytes - reserved).next_multiple_of(ROOM_STEP_BYTES);
    // Also what has come of a long one before it was seen to be long is not taken from short ones.
    if reserved + step <= ROOM_STEP_BYTES {
        held.merge(in_time(log.reserve(step)).await?);
    } else {
        in_time(log.grow_long(held, reserved + step)).await?;
    }
    Ok(reserved + step)
}

async fn in_time<T>(room: impl Future<Output = T>) -> Result<T, Refusal> {
    let room = tokio::time::timeout(ROOM_TIMEOUT, room).await;
    room.map_err(|_| Refusal::Busy)
}
