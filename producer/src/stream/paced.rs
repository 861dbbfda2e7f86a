//! The pieces of a body, each of which is made when the one before has left: what a reader that takes
//! nothing holds of the server is one piece, whatever the connection would have queued for it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use common::service::reply::Aborted;
use futures_util::{Stream, task::AtomicWaker};
use hyper::body::Frame;

/// Shorter pieces are not waited for: of those a connection queues few, and a reader that keeps up
/// gets nothing else.
const SHORT_BYTES: usize = 2 * 1024;

/// Makes a body of `pieces`.
pub(super) const fn paced<S>(pieces: S) -> Paced<S> {
    Paced { pieces, last: None }
}

/// A body of pieces.
#[derive(Debug)]
pub(super) struct Paced<S> {
    pieces: S,
    /// What became of the last piece that was not short.
    last: Option<Arc<Departure>>,
}

impl<S> Stream for Paced<S>
where
    S: Stream<Item = Result<Bytes, Aborted>> + Unpin,
{
    type Item = Result<Frame<Bytes>, Aborted>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(last) = &self.last {
            ready!(last.poll(context));
        }
        let piece = ready!(Pin::new(&mut self.pieces).poll_next(context));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(self.noted(piece?)))))
    }
}

impl<S> Paced<S> {
    /// `piece`, of which it is noted when it has left.
    fn noted(&mut self, piece: Bytes) -> Bytes {
        if piece.len() < SHORT_BYTES {
            return piece;
        }
        let departure = self.last.get_or_insert_default();
        departure.is_over.store(false, Ordering::Release);
        Bytes::from_owner(Leaving {
            piece,
            departure: departure.clone(),
        })
    }
}

/// Whether a piece has left, and who waits for that.
#[derive(Debug, Default)]
struct Departure {
    is_over: AtomicBool,
    waiting: AtomicWaker,
}

impl Departure {
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_over.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.waiting.register(context.waker());
        // It may have left before anybody could be told.
        if self.is_over.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// A piece on its way; its drop says that it has left.
struct Leaving {
    piece: Bytes,
    departure: Arc<Departure>,
}

impl AsRef<[u8]> for Leaving {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.departure.is_over.store(true, Ordering::Release);
        self.departure.waiting.wake();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;

    #[test]
    fn a_piece_is_made_when_the_one_before_has_left_unless_that_is_short() {
        let check = |length: usize, waits: bool| {
            let pieces = stream::iter([length, 1]).map(|length| Ok(vec![b'x'; length].into()));
            let mut body = paced(pieces);
            let mut next = || body.next().now_or_never();
            let first = next();
            assert!(matches!(first, Some(Some(Ok(_)))), "{length}");
            assert_eq!(next().is_none(), waits, "{length}");
            drop(first);
            if waits {
                assert!(matches!(next(), Some(Some(Ok(_)))), "{length}");
            }
            assert!(matches!(next(), Some(None)), "{length}");
        };
        check(SHORT_BYTES - 1, false);
        check(SHORT_BYTES, true);
    }
}
