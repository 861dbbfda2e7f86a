//! The requests of an HTTP/2 connection, which share it: each runs as a task of its own, and an
//! answer of which the peer takes nothing is reset, while its neighbours go on.
//!
//! The connection itself may be alive then: its peer just opens no window for that answer. So it is
//! the body that is watched: it has given a piece, and is not asked for another.

use std::{
    cell::Cell,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    body::{Body as _, Frame, SizeHint},
    rt::Executor,
};
use prometheus_client::metrics::counter::Counter;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, Sleep},
};

use super::{
    owner::Owner,
    reply::{Aborted, Body},
};

/// How much of an answer is given at a time: what a frame holds where nobody has asked for more. A
/// reader that takes less than that within the stall limit counts as one that takes nothing.
const PIECE_BYTES: usize = 16 * 1024;

tokio::task_local! {
    /// What the task's body has given.
    static GIVEN: Cell<Given>;
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Given {
    pieces: u64,
    /// Whether the body was not asked for more since.
    is_waiting: bool,
}

/// Runs the requests of one connection, and knows how many there are.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    pub(super) owner: Owner,
    pub(super) peer: SocketAddr,
    pub(super) stall_limit: Duration,
    pub(super) stalled: Counter,
    /// How many are open.
    pub(super) open: watch::Sender<usize>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        self.open.send_modify(|open| *open += 1);
        let open = Open(self.open.clone());
        let watched = Watched {
            stream: Box::pin(stream),
            seen: Given::default(),
            limit: self.stall_limit,
            stuck: None,
        };
        let (peer, stalled) = (self.peer, self.stalled.clone());
        self.owner.spawn(GIVEN.scope(Cell::default(), async move {
            let _open = open;
            if watched.await == Ended::Stalled {
                stalled.inc();
                tracing::warn!(%peer, "cut an answer of which its reader takes nothing");
            }
        }));
    }
}

/// A request that is open; drop says that it is not any more.
struct Open(watch::Sender<usize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// Waits until no request has been open for so long.
pub(super) async fn idle(open: &mut watch::Receiver<usize>, limit: Duration) {
    loop {
        if open.wait_for(|open| *open == 0).await.is_err() {
            return;
        }
        if tokio::time::timeout(limit, open.changed()).await.is_err() {
            return;
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    ByItself,
    Stalled,
}

/// A request and its answer, for as long as the answer is taken.
struct Watched<F> {
    stream: Pin<Box<F>>,
    seen: Given,
    limit: Duration,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        if self.stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ended::ByItself);
        }
        let given = GIVEN.with(Cell::get);
        if self.seen != given {
            self.seen = given;
            let until = Instant::now() + self.limit;
            self.stuck = given
                .is_waiting
                .then(|| Box::pin(tokio::time::sleep_until(until)));
        }
        match &mut self.stuck {
            Some(stuck) => stuck.as_mut().poll(context).map(|()| Ended::Stalled),
            None => Poll::Pending,
        }
    }
}

/// The body of an answer, in pieces that can be watched.
///
/// What was not sent yet is thrown away when a body breaks off. So this one breaks off when all that it
/// has given was sent.
#[derive(Debug)]
pub(super) struct Pieces {
    body: Body,
    /// What of a frame was not given yet.
    rest: Bytes,
    broken: Option<Broken>,
}

impl Pieces {
    pub(super) const fn of(body: Body) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            broken: None,
        }
    }

    /// What is given next.
    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        if let Some(Broken { why, sent }) = &mut self.broken {
            // Nothing is ever said there: it is dropped when it was sent.
            ready!(Pin::new(sent).poll(context)).unwrap_or_default();
            return Poll::Ready(Some(Err(why.clone())));
        }
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Some(Err(why)) => {
                    let (dropped, sent) = oneshot::channel();
                    self.broken = Some(Broken { why, sent });
                    let marker = Bytes::from_owner(Marker { _dropped: dropped });
                    return Poll::Ready(Some(Ok(Frame::data(marker))));
                }
                None => return Poll::Ready(None),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let next = self.next(context);
        let Given { pieces, .. } = GIVEN.with(Cell::get);
        let given = match next {
            Poll::Ready(_) => Given {
                pieces: pieces + 1,
                is_waiting: true,
            },
            Poll::Pending => Given {
                pieces,
                is_waiting: self.broken.is_some(),
            },
        };
        GIVEN.with(|cell| cell.set(given));
        next
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.broken.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() {
            self.body.size_hint()
        } else {
            SizeHint::new()
        }
    }
}

/// A body that breaks off, and what is dropped when all before it was sent.
#[derive(Debug)]
struct Broken {
    why: Aborted,
    sent: oneshot::Receiver<()>,
}

/// A piece without a byte: it is sent, and dropped, behind all others.
struct Marker {
    _dropped: oneshot::Sender<()>,
}

impl AsRef<[u8]> for Marker {
    fn as_ref(&self) -> &[u8] {
        &[]
    }
}
