//! A connection that is cut when its peer takes nothing for too long.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// A connection with a bound on the time for which a write may wait.
///
/// Flowing → Stuck (a write has to wait) → Flowing (a byte was taken) or cut (the limit passed).
#[derive(Debug)]
pub(super) struct Stallable<C> {
    tcp: C,
    peer: SocketAddr,
    limit: Duration,
    cut: Counter,
    stuck: Option<Pin<Box<Sleep>>>,
    /// What was looked at and is still to be read.
    unread: Vec<u8>,
}

impl<C> Stallable<C> {
    pub(super) const fn new(tcp: C, peer: SocketAddr, limit: Duration, cut: Counter) -> Self {
        Self {
            tcp,
            peer,
            limit,
            cut,
            stuck: None,
            unread: Vec::new(),
        }
    }

    /// Puts back all that was read.
    pub(super) fn put_back(&mut self, read: Vec<u8>) {
        self.unread = read;
    }

    /// Passes on what a write came to, or cuts when it has waited for too long.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let until = Instant::now() + self.limit;
        let stuck = self
            .stuck
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(stuck.as_mut().poll(context));
        self.cut.inc();
        tracing::warn!(peer = %self.peer, limit = ?self.limit, "cut a reader that takes nothing");
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the reader takes nothing",
        )))
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Stallable<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.unread.len().min(buffer.remaining());
        buffer.put_slice(self.unread.drain(..length).as_slice());
        // With what is there behind it: hyper would make room for more behind a few bytes.
        let read = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if length == 0 {
            read
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Stallable<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
