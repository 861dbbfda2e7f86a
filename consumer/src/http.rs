//! A client for a URL, and what is said where a request has no answer.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use common::service::{telemetry::chain, tls};
use reqwest::{
    Certificate, ClientBuilder, Method, RequestBuilder, StatusCode, Url, redirect::Policy,
};

use crate::{
    excerpt,
    token::{Token, Unreadable},
};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// After how long a silence the other end is probed, how often, and how many times. A connection
/// whose other end has vanished without a word is found dead within half a minute.
const PROBE_AFTER: Duration = Duration::from_secs(15);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

/// The scheme of URLs that are read over TLS.
const HTTPS: &str = "https";

/// A client, and the token that it shows to the server it is for. One that is sent elsewhere shows it
/// to nobody there.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    client: reqwest::Client,
    token: Option<Token>,
}

impl Client {
    /// A client for `url` that keeps no connection for later and takes no settings from the
    /// environment. `roots` are trusted beside the system's.
    pub(crate) fn new(url: &Url, token: Option<Token>, roots: &Roots) -> reqwest::Result<Self> {
        let client = builder(url, roots)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(PROBE_AFTER)
            .tcp_keepalive_interval(PROBE_INTERVAL)
            .tcp_keepalive_retries(PROBES)
            .pool_max_idle_per_host(0)
            .no_proxy()
            .user_agent(concat!("brooklet/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, token })
    }

    /// A request, with the token if it is for the server that is asked.
    pub(crate) fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Unreadable> {
        let shown = self.token.as_ref().map(|token| token.shown_to(&url));
        let request = self.client.request(method, url);
        Ok(match shown.transpose()?.flatten() {
            Some(secret) => request.bearer_auth(secret.expose()),
            None => request,
        })
    }

    /// Whether the server that `url` leads to is shown a token.
    pub(crate) fn shows_token(&self, url: &Url) -> bool {
        self.token.as_ref().is_some_and(|token| token.is_for(url))
    }

    /// What is said where the server that `url` leads to lets nobody in so, and what can be done.
    pub(crate) fn not_let_in(&self, status: StatusCode, url: &Url) -> String {
        let token = self.token.as_ref();
        let why = match (status, token) {
            (StatusCode::UNAUTHORIZED, None) => {
                ": it wants a token; --token-file (BROOKLET_TOKEN_FILE) names the file that holds it"
                    .to_owned()
            }
            (StatusCode::UNAUTHORIZED, Some(token)) if token.is_for(url) => {
                let file = token.file();
                format!(": it does not know the token in {file}; `producer token new` makes one")
            }
            (StatusCode::UNAUTHORIZED, Some(token)) => {
                let (file, server) = (token.file(), token.server());
                format!(": it wants a token, and the one in {file} is for {server} alone (--url)")
            }
            (StatusCode::FORBIDDEN, Some(token)) if token.is_for(url) => {
                format!(": the token in {} is not for this", token.file())
            }
            (StatusCode::MISDIRECTED_REQUEST, _) => {
                let host = url.host_str().unwrap_or_default();
                format!(": it does not go by the name {host}; --allow-host tells the producer to")
            }
            _ => String::new(),
        };
        format!("the server answers {status}{why}")
    }
}

/// Whether a server lets nobody in so.
pub(crate) const fn is_not_let_in(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::MISDIRECTED_REQUEST
    )
}

/// Whom to trust.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Trust the roots in this file of PEM too, beside the system's
    #[arg(
        long,
        env = "BROOKLET_CA_FILE",
        hide_env = true,
        value_name = "FILE",
        global = true
    )]
    ca_file: Option<PathBuf>,
}

impl Args {
    /// The roots that are named.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub(crate) fn roots(&self) -> Result<Roots, String> {
        let roots = self.ca_file.as_deref().map(Roots::of).transpose();
        Ok(roots?.unwrap_or_default())
    }
}

/// Roots of certificates that are trusted beside the system's.
#[derive(Debug, Clone, Default)]
pub struct Roots(Arc<[Certificate]>);

impl Roots {
    /// Those in the file at `path`.
    fn of(path: &Path) -> Result<Self, String> {
        let certificates = tls::certificates(path).map_err(|unusable| unusable.to_string())?;
        let certificates = certificates.iter();
        let roots = certificates.map(|certificate| Certificate::from_der(certificate));
        let roots: reqwest::Result<_> = roots.collect();
        roots.map(Self).map_err(|error| message(&error))
    }
}

/// The system's certificates are loaded where they are needed: that takes time and memory. So a
/// plain URL must not lead to one over TLS, which could not be trusted.
fn builder(url: &Url, roots: &Roots) -> ClientBuilder {
    // It is there already where another client of this process was made.
    drop(rustls::crypto::ring::default_provider().install_default());
    if url.scheme() == HTTPS {
        return reqwest::Client::builder().tls_certs_merge(roots.0.iter().cloned());
    }
    let redirect = Policy::custom(|attempt| match attempt.url().scheme() {
        HTTPS => {
            let host = attempt.url().host_str().unwrap_or_default().to_owned();
            let why = format!("the server leads to https://{host}: name that URL");
            attempt.error(why)
        }
        _ => Policy::default().redirect(attempt),
    });
    reqwest::Client::builder()
        .tls_certs_only([])
        .redirect(redirect)
}

/// What went wrong, in words that may stand in the log.
pub(crate) fn message(error: &dyn Error) -> String {
    excerpt::message(&chain(error))
}
