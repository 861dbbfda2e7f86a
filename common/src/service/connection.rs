//! One connection: what is spoken on it, and what its peer may cost.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Method, Request, Response,
    body::{Body as _, Incoming},
    header::{CONNECTION, CONTENT_LENGTH, HeaderValue},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Semaphore, watch},
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::{
    edge::{Limits, Metrics, Seat},
    opening::{Opening, opening},
    owner::Owner,
    reply::{self, Body},
    stall::Stallable,
    streams::{Pieces, Streams, idle},
    tls::{self, Secured, Tls},
};
use crate::{
    limits::{HEAD_BYTES_MAX, STREAMS_OPEN_MAX},
    problem::Problem,
};

/// How much of an answer waits in memory for a slow reader, beyond the piece being written.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;

/// How much of a request's body a peer may send before anything of it was taken, and how much of all
/// of a connection's: what is under way on a line of 100 MB/s whose other end is 10 ms away.
const WINDOW_BYTES: u32 = 1024 * 1024;
const WINDOWS_BYTES: u32 = 2 * WINDOW_BYTES;

/// So many connections at a time get that, and others as much as HTTP/2 begins with: what nobody has
/// taken yet is in memory.
pub(super) const WIDE_MAX: usize = 32;
const NARROW_BYTES: u32 = 65_535;

/// How often a peer of HTTP/2 is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// How many requests may be taken back before anybody has looked at them.
const TAKEN_BACK_MAX: usize = 20;

/// How long a connection of HTTP/2 on which nothing is open may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a connection is bound by.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) owner: Owner,
    /// A permit for each connection that may still get wide windows.
    pub(super) wide: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
    /// That it is here, as long as it is.
    pub(super) _seat: Seat,
}

/// A connection of which it is known what is spoken on it.
enum Begun<C> {
    Http1(Stallable<C>),
    Http2(Stallable<C>),
    /// As agreed on in the handshake. Few connections are that one; the others need not have room for
    /// it.
    Secured(Box<TlsStream<Stallable<C>>>),
    /// Somebody speaks plainly where all is secured, HTTP/1 or HTTP/2.
    Plain(Stallable<C>),
    PlainHttp2(Stallable<C>),
}

impl Connection {
    /// Answers the requests that come on `tcp`, until it ends.
    pub(super) async fn serve<C, A, F>(self, tcp: C, answer: A)
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        A: Fn(Request<Incoming>) -> F,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let begun = tokio::select! {
            biased;
            begun = self.begin(tcp) => begun,
            () = self.silence() => return,
            () = self.stop.cancelled() => return,
        };
        let peer = self.peer;
        match begun {
            Ok(begun) => self.converse(begun, answer).await,
            Err(error) => tracing::debug!(%peer, %error, "a connection did not begin"),
        }
    }

    /// Waits for as long as a head may take. Who sees then that the connection is closed finds it counted.
    async fn silence(&self) {
        tokio::time::sleep(self.limits.header_timeout).await;
        self.metrics.silent.inc();
    }

    async fn begin<C>(&self, tcp: C) -> io::Result<Begun<C>>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let stalled = self.metrics.stalled.clone();
        let mut tcp = Stallable::new(tcp, self.peer, self.limits.stall_limit, stalled);
        Ok(match (opening(&mut tcp).await?, &self.tls) {
            (Opening::Tls, Some(tls)) => {
                let secured = Box::pin(tls.accept(tcp)).await?;
                Begun::Secured(Box::new(secured))
            }
            (Opening::Http1, Some(_)) => Begun::Plain(tcp),
            (Opening::Http2, Some(_)) => Begun::PlainHttp2(tcp),
            (Opening::Http2, None) => Begun::Http2(tcp),
            (Opening::Http1 | Opening::Tls, None) => Begun::Http1(tcp),
        })
    }

    async fn converse<C, A, F>(&self, begun: Begun<C>, answer: A)
    where
        C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        A: Fn(Request<Incoming>) -> F,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let ended = match begun {
            Begun::Http1(tcp) => self.http1(tcp, answer).await,
            Begun::Http2(tcp) => Box::pin(self.http2(tcp, answer)).await,
            Begun::Secured(secured) => {
                let is_http2 = tls::is_http2(&secured);
                let answer = move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(Secured);
                    answer(request)
                };
                if is_http2 {
                    Box::pin(self.http2(secured, answer)).await
                } else {
                    Box::pin(self.http1(secured, answer)).await
                }
            }
            Begun::Plain(tcp) => self.http1(tcp, told_of_tls).await,
            Begun::PlainHttp2(tcp) => Box::pin(self.http2(tcp, told_of_tls)).await,
        };
        if let Err(error) = ended {
            tracing::debug!(peer = %self.peer, %error, "a connection ended early");
        }
    }

    async fn http1<C, A, F>(&self, io: C, answer: A) -> hyper::Result<()>
    where
        C: AsyncRead + AsyncWrite + Unpin + 'static,
        A: Fn(Request<Incoming>) -> F,
        F: Future<Output = Response<Body>> + 'static,
    {
        let service = service_fn(move |request| {
            let answered = answer(request);
            async { Ok::<_, Infallible>(answered.await) }
        });
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.header_timeout)
                .max_header_size(HEAD_BYTES_MAX)
                .max_buf_size(WRITE_BUFFER_BYTES)
                .serve_connection(TokioIo::new(io), service)
        );
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    }

    async fn http2<C, A, F>(&self, io: C, answer: A) -> hyper::Result<()>
    where
        C: AsyncRead + AsyncWrite + Unpin + 'static,
        A: Fn(Request<Incoming>) -> F,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let service = service_fn(move |request: Request<Incoming>| {
            let is_head = request.method() == Method::HEAD;
            let answered = answer(request);
            async move {
                let answer = answered.await;
                let answer = if is_head {
                    without_body(answer)
                } else {
                    answer
                };
                Ok::<_, Infallible>(answer.map(Pieces::of))
            }
        });
        let wide = self.wide.try_acquire().ok();
        let (opened, mut open) = watch::channel(0);
        let streams = Streams {
            owner: self.owner.clone(),
            peer: self.peer,
            stall_limit: self.limits.stall_limit,
            stalled: self.metrics.stalled.clone(),
            open: opened,
        };
        let mut connection = std::pin::pin!(
            self.http2_builder(streams, wide.is_some())
                .serve_connection(TokioIo::new(io), service)
        );
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = idle(&mut open, self.limits.header_timeout) => {}
            () = self.stop.cancelled() => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = connection => ended,
            () = idle(&mut open, GOODBYE) => Ok(()),
        }
    }

    fn http2_builder(&self, streams: Streams, is_wide: bool) -> http2::Builder<Streams> {
        let (window, windows) = if is_wide {
            (WINDOW_BYTES, WINDOWS_BYTES)
        } else {
            (NARROW_BYTES, NARROW_BYTES)
        };
        let mut builder = http2::Builder::new(streams);
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(self.limits.stall_limit)
            .max_concurrent_streams(STREAMS_OPEN_MAX)
            .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(TAKEN_BACK_MAX)
            .max_send_buf_size(WRITE_BUFFER_BYTES)
            .initial_stream_window_size(window)
            .initial_connection_window_size(windows);
        builder
    }
}

/// What somebody is told who speaks plainly where all is secured.
fn told_of_tls(_: Request<Incoming>) -> Ready<Response<Body>> {
    let detail = "TLS is spoken on this port: ask for https://";
    let problem = Problem::new(400, "TLS_ONLY", "not without TLS", detail.to_owned());
    let mut answer = reply::problem(&problem);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, close);
    ready(answer)
}

/// What is answered to HEAD: hyper sees to that in HTTP/1 alone.
fn without_body(answer: Response<Body>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    if let Some(length) = body.size_hint().exact() {
        head.headers
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| length.into());
    }
    let nothing = Empty::new().map_err(|never| match never {});
    Response::from_parts(head, nothing.boxed_unsync())
}
