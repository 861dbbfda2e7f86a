//! Calls webhooks: one request on a connection of its own, to an address that may be called, with a bound
//! on all of it. Nothing leads further: a redirection is an answer like any that is not 2xx, and
//! no proxy is looked for.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use common::limits::WEBHOOK_ANSWER_BYTES_MAX;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;

use super::{
    settings::Targets,
    target::{Target, Unsafe},
};

/// How long one address may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many addresses of a name are tried.
const ADDRESSES_MAX: usize = 4;

/// The header that proves who sends.
const SIGNATURE: &str = "webhook-signature";

const AGENT: &str = concat!("brooklet/", env!("CARGO_PKG_VERSION"));

/// Calls webhooks, as far as it is let.
#[derive(Debug)]
pub(super) struct Courier {
    targets: Targets,
    /// Loaded when it is needed.
    certificates: OnceLock<Arc<ClientConfig>>,
}

/// Why a webhook was not heard. Nothing of its URL but the host is told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unheard {
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
    #[error("{0} has no address: {1}")]
    Name(String, #[source] io::Error),
    #[error("cannot connect to {0}: {1}")]
    Connect(String, #[source] io::Error),
    #[error("{0} does not speak HTTP as it should: {1}")]
    Http(String, #[source] hyper::Error),
    #[error("{0} answers {1}")]
    Status(String, StatusCode),
    #[error("{0} does not answer within {1:?}")]
    Silent(String, Duration),
}

impl Courier {
    pub(super) const fn new(targets: Targets) -> Self {
        Self {
            targets,
            certificates: OnceLock::new(),
        }
    }

    /// Sends `body` to `url`; returns the body of an answer of 2xx, or nothing where that is too long
    /// or breaks off: it was heard anyway.
    pub(super) async fn call(
        &self,
        url: &str,
        (body, signature): (String, String),
        timeout: Duration,
    ) -> Result<Bytes, Unheard> {
        let target = Target::read(url, self.targets)?;
        let silent = || Unheard::Silent(target.host.clone(), timeout);
        let called = self.exchange(&target, (body, signature));
        tokio::time::timeout(timeout, called)
            .await
            .map_err(|_| silent())?
    }

    async fn exchange(&self, target: &Target, said: (String, String)) -> Result<Bytes, Unheard> {
        let request = request(target, said);
        let tcp = self.connect(target).await?;
        if !target.is_tls {
            return ask(tcp, request, target).await;
        }
        let connect = |error| Unheard::Connect(target.host.clone(), error);
        let tls = TlsConnector::from(self.certificates().await.map_err(connect)?);
        let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other);
        let tls = tls
            .connect(name.map_err(connect)?, tcp)
            .await
            .map_err(connect)?;
        ask(tls, request, target).await
    }

    async fn connect(&self, target: &Target) -> Result<TcpStream, Unheard> {
        let mut last = None;
        for address in self.addresses(target).await? {
            let connected =
                tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
            match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(tcp) => return Ok(tcp),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| io::ErrorKind::NotFound.into());
        Err(Unheard::Connect(target.host.clone(), error))
    }

    /// Where the target is, as far as it may be called there.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Unheard> {
        if let Some(address) = target.address() {
            target.may_reach(address, self.targets)?;
            return Ok(vec![SocketAddr::new(address, target.port)]);
        }
        let found = lookup_host((&*target.host, target.port)).await;
        let found = found.map_err(|error| Unheard::Name(target.host.clone(), error))?;
        let (mut allowed, mut refused) = (Vec::new(), Unsafe::Address);
        for address in found {
            match target.may_reach(address.ip(), self.targets) {
                Ok(()) => allowed.push(address),
                Err(why) => refused = why,
            }
        }
        allowed.truncate(ADDRESSES_MAX);
        if allowed.is_empty() {
            Err(refused.into())
        } else {
            Ok(allowed)
        }
    }

    /// What is known of whom to trust: the certificates of the system.
    async fn certificates(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(loaded) = self.certificates.get() {
            return Ok(loaded.clone());
        }
        // It reads files.
        let loaded = tokio::task::spawn_blocking(load)
            .await
            .map_err(io::Error::other)??;
        Ok(self.certificates.get_or_init(|| loaded).clone())
    }
}

fn load() -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(io::Error::other("the system has no certificates to trust"));
    }
    let provider = Arc::new(ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?;
    Ok(Arc::new(
        config.with_root_certificates(roots).with_no_client_auth(),
    ))
}

fn request(target: &Target, (body, signature): (String, String)) -> Request<Full<Bytes>> {
    Request::post(&*target.path)
        .header(HOST, &*target.authority)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, common::wire::JSON)
        .header(CONNECTION, "close")
        .header(SIGNATURE, signature)
        .body(Full::new(body.into()))
        .expect("parts of a URL and a signature make a valid request")
}

/// Sends a request on a connection, and reads the answer.
async fn ask<C>(
    connection: C,
    request: Request<Full<Bytes>>,
    target: &Target,
) -> Result<Bytes, Unheard>
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let http = |error| Unheard::Http(target.host.clone(), error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection))
        .await
        .map_err(http)?;
    let mut connection = std::pin::pin!(connection);
    let answer = async {
        let answer = sender.send_request(request).await.map_err(http)?;
        heard(answer, target).await
    };
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended.map_err(http)?;
            answer.await
        }
    }
}

async fn heard(answer: Response<Incoming>, target: &Target) -> Result<Bytes, Unheard> {
    let status = answer.status();
    if !status.is_success() {
        return Err(Unheard::Status(target.host.clone(), status));
    }
    let body = Limited::new(answer.into_body(), WEBHOOK_ANSWER_BYTES_MAX);
    let whole = body.collect().await;
    Ok(whole.map(|whole| whole.to_bytes()).unwrap_or_default())
}
