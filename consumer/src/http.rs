//! A client for a URL, and what is said where a request has no answer.

use std::{error::Error, time::Duration};

use common::service::telemetry::chain;
use reqwest::{Client, ClientBuilder, Url, redirect::Policy};

use crate::excerpt;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// After how long a silence the other end is probed, how often, and how many times. A connection
/// whose other end has vanished without a word is found dead within half a minute.
const PROBE_AFTER: Duration = Duration::from_secs(15);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

/// The scheme of URLs that are read over TLS.
const HTTPS: &str = "https";

/// A client for `url` that keeps no connection for later and takes no settings from the
/// environment.
pub(crate) fn client(url: &Url) -> reqwest::Result<Client> {
    builder(url)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(PROBE_AFTER)
        .tcp_keepalive_interval(PROBE_INTERVAL)
        .tcp_keepalive_retries(PROBES)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .user_agent(concat!("brooklet/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The system's certificates are loaded where they are needed: that takes time and memory. So a
/// plain URL must not lead to one over TLS, which could not be trusted.
fn builder(url: &Url) -> ClientBuilder {
    // It is there already where another client of this process was made.
    drop(rustls::crypto::ring::default_provider().install_default());
    if url.scheme() == HTTPS {
        return Client::builder();
    }
    let redirect = Policy::custom(|attempt| match attempt.url().scheme() {
        HTTPS => {
            let host = attempt.url().host_str().unwrap_or_default().to_owned();
            let why = format!("the server leads to https://{host}: name that URL");
            attempt.error(why)
        }
        _ => Policy::default().redirect(attempt),
    });
    Client::builder().tls_certs_only([]).redirect(redirect)
}

/// What went wrong, in words that may stand in the log.
pub(crate) fn message(error: &dyn Error) -> String {
    excerpt::message(&chain(error))
}
