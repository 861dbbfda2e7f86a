//! TLS: a certificate and its key from files, which are read anew when they have changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What is spoken inside, the better first.
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// How often a handshake looks whether the files have changed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Where the certificate is.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Serve TLS with this certificate: a file of PEM, with those that lead to its root behind it
    #[arg(
        long,
        env = "BROOKLET_TLS_CERT",
        hide_env = true,
        requires = "tls_key",
        value_name = "FILE"
    )]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key: a file of PEM
    #[arg(
        long,
        env = "BROOKLET_TLS_KEY",
        hide_env = true,
        requires = "tls_cert",
        value_name = "FILE"
    )]
    pub tls_key: Option<PathBuf>,
}

impl Args {
    /// What to serve with; none is without TLS.
    ///
    /// # Errors
    /// The files are of no use.
    pub fn load(self) -> Result<Option<Tls>, Unusable> {
        let files = self.tls_cert.zip(self.tls_key);
        files
            .map(|(certificate, key)| Tls::of(Files { certificate, key }))
            .transpose()
    }
}

/// Why files are of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// One cannot be read.
    #[error("cannot read {path}: {1}", path = .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// One holds something else.
    #[error("{path} holds no {1}: {2}", path = .0.display())]
    Other(PathBuf, &'static str, #[source] pem::Error),
    /// The certificate is none, or not that of the key.
    #[error("{certificate} and {key} do not go together: {2}", certificate = .0.display(), key = .1.display())]
    Unfit(PathBuf, PathBuf, #[source] rustls::Error),
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What is known of a file without reading it.
type Stamp = Option<(SystemTime, u64)>;

impl Files {
    fn stamps(&self) -> [Stamp; 2] {
        [&self.certificate, &self.key].map(|path| {
            let file = fs::metadata(path).ok()?;
            Some((file.modified().ok()?, file.len()))
        })
    }

    fn read(&self) -> Result<Arc<ServerConfig>, Unusable> {
        let certificates = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&bytes(&self.key)?)
            .map_err(|error| Unusable::Other(self.key.clone(), "private key", error))?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                let config = config.with_no_client_auth();
                config.with_single_cert(certificates, key)
            });
        let unfit = |error| Unusable::Unfit(self.certificate.clone(), self.key.clone(), error);
        let mut config = config.map_err(unfit)?;
        config.alpn_protocols = vec![HTTP2.to_owned(), HTTP1.to_owned()];
        Ok(Arc::new(config))
    }
}

/// The cryptography of everything.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates in the file at `path`, of which there is one at the least.
///
/// # Errors
/// The file is of no use.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let of = |error| Unusable::Other(path.to_owned(), "certificate", error);
    let bytes = bytes(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let all = all.map_err(of)?;
    if all.is_empty() {
        return Err(of(pem::Error::NoItemsFound));
    }
    Ok(all)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Unusable> {
    fs::read(path).map_err(|error| Unusable::Unreadable(path.to_owned(), error))
}

/// What a service is known by.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    stamps: [Stamp; 2],
    looked: Instant,
}

impl Tls {
    fn of(files: Files) -> Result<Self, Unusable> {
        let (stamps, config) = (files.stamps(), files.read()?);
        let current = Current {
            config,
            stamps,
            looked: Instant::now(),
        };
        Ok(Self {
            files,
            current: Mutex::new(current),
        })
    }

    /// Makes a connection of one on which the peer has begun a handshake.
    pub(super) async fn accept<C>(&self, connection: C) -> io::Result<TlsStream<C>>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.config()).accept(connection).await
    }

    /// The files as they are now; or as they were, where they have become of no use.
    fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() < LOOK_INTERVAL {
            return current.config.clone();
        }
        current.looked = Instant::now();
        let stamps = self.files.stamps();
        if current.stamps != stamps {
            current.stamps = stamps;
            // Two small files, now and then.
            match self.files.read() {
                Ok(config) => {
                    current.config = config;
                    tracing::info!("read a new certificate");
                }
                Err(unusable) => {
                    tracing::error!("goes on with the certificate there was: {unusable}");
                }
            }
        }
        current.config.clone()
    }
}

/// That a request came over TLS: an extension of it.
#[derive(Debug, Clone, Copy)]
pub struct Secured;

/// Whether HTTP/2 was agreed on.
pub(super) fn is_http2<C>(connection: &TlsStream<C>) -> bool {
    connection.get_ref().1.alpn_protocol() == Some(HTTP2)
}
