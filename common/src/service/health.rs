//! What a service says of itself: `/healthz`, `/readyz`, `/metrics`; and the client that asks.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use http_body_util::Empty;
use hyper::{Request, Response, StatusCode, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use prometheus_client::{encoding::text::encode, metrics::info::Info, registry::Registry};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{
    pinned,
    reply::{self, Body},
};

/// Whether the service is there.
pub const ALIVE: &str = "/healthz";
/// Whether it is ready.
pub const READY: &str = "/readyz";
/// What it counts.
pub const METRICS: &str = "/metrics";

/// The paths that [`Health::answer`] knows.
pub const PATHS: &str = "/healthz, /readyz and /metrics";

/// The content type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long a health check waits for its answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether the service is ready, and what it counts.
#[derive(Debug)]
pub struct Health {
    ready: AtomicBool,
    registry: Registry,
}

impl Health {
    /// Not ready yet.
    #[must_use]
    pub const fn new(registry: Registry) -> Self {
        Self {
            ready: AtomicBool::new(false),
            registry,
        }
    }

    /// Says whether `/readyz` is 200 from now on.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::SeqCst);
    }

    /// The answer to a GET of `path`, if it is one of [`PATHS`].
    #[must_use]
    pub fn answer(&self, path: &str) -> Option<Response<Body>> {
        let plain = |status, text: &str| reply::text(status, "text/plain", format!("{text}\n"));
        match path {
            ALIVE => Some(plain(StatusCode::OK, "alive")),
            READY if self.ready.load(Ordering::SeqCst) => Some(plain(StatusCode::OK, "ready")),
            READY => Some(plain(StatusCode::SERVICE_UNAVAILABLE, "not ready")),
            METRICS => Some(self.metrics()),
            _ => None,
        }
    }

    fn metrics(&self) -> Response<Body> {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing into a string cannot fail");
        reply::text(StatusCode::OK, OPEN_METRICS, text)
    }
}

/// Says in `registry` which version of a service this is.
pub fn register_build(registry: &mut Registry, version: &'static str) {
    let build = Info::new([("version", version)]);
    registry.register("build", "Which version this is", build);
}

/// Why a service is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// Nobody listens there.
    #[error("cannot connect to {0}: {1}")]
    Connect(SocketAddr, #[source] std::io::Error),
    /// Somebody listens who does not have the certificate.
    #[error("{0} is not known by its certificate: {1}")]
    Tls(SocketAddr, #[source] std::io::Error),
    /// Somebody listens who does not speak HTTP.
    #[error("{0} does not answer: {1}")]
    Http(SocketAddr, #[source] hyper::Error),
    /// It says that it is not.
    #[error("{0} is not ready: it answers {1}")]
    NotReady(SocketAddr, StatusCode),
    /// It says nothing.
    #[error("{0} does not answer within {CHECK_TIMEOUT:?}")]
    Silent(SocketAddr),
}

/// Asks the service that listens on `address` whether it is ready; over TLS where it has the
/// certificate in a file.
///
/// # Errors
/// Why it is not.
pub async fn check(address: SocketAddr, certificate: Option<&Path>) -> Result<(), Unhealthy> {
    let address = reachable(address);
    let asked = async {
        let tcp = TcpStream::connect(address).await;
        let tcp = tcp.map_err(|error| Unhealthy::Connect(address, error))?;
        match certificate {
            None => ask(tcp, address).await,
            Some(path) => match pinned::secure(tcp, path).await {
                Ok(secured) => ask(secured, address).await,
                Err(error) => Err(Unhealthy::Tls(address, error)),
            },
        }
    };
    tokio::time::timeout(CHECK_TIMEOUT, asked)
        .await
        .map_err(|_| Unhealthy::Silent(address))?
}

async fn ask<C>(connection: C, address: SocketAddr) -> Result<(), Unhealthy>
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let http = |error| Unhealthy::Http(address, error);
    let handshake = http1::handshake(TokioIo::new(connection));
    let (mut sender, connection) = handshake.await.map_err(http)?;
    let request = Request::get(READY)
        .header(HOST, address.to_string())
        .body(Empty::<bytes::Bytes>::new())
        .expect("a constant path and an address make a valid request");
    let answer = tokio::select! {
        answer = sender.send_request(request) => answer.map_err(http)?,
        ended = connection => return Err(ended.map_or_else(http, |()| Unhealthy::Silent(address))),
    };
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => Err(Unhealthy::NotReady(address, status)),
    }
}

/// An address to connect to for one that was listened on: "every address" is not a destination.
const fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_what_was_said_last() {
        let health = Health::new(Registry::default());
        let status = |path| health.answer(path).map(|answer| answer.status().as_u16());
        assert_eq!(
            (status("/healthz"), status("/readyz")),
            (Some(200), Some(503))
        );
        health.set_ready(true);
        assert_eq!(
            (status("/readyz"), status("/metrics"), status("/")),
            (Some(200), Some(200), None)
        );
    }

    #[test]
    fn every_address_is_asked_on_loopback() {
        let reach = |text: &str| reachable(text.parse().expect("an address")).to_string();
        assert_eq!(reach("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(reach("[::]:80"), "[::1]:80");
        assert_eq!(reach("127.0.0.2:80"), "127.0.0.2:80");
    }
}
