//! Who may ask: which tokens, hosts and origins let a request in. Nothing of a request is looked at
//! before that is decided.
//!
//! In: the head of a request. Out: what its sender may do, or why it is not let in.

mod file;
mod grants;
mod hosts;
mod issue;
mod keys;
mod need;
mod origins;
mod rights;
mod settings;
mod token;

use std::sync::Arc;

use hyper::{
    HeaderMap, Method, Request,
    header::{AUTHORIZATION, HeaderValue, ORIGIN},
};
use tokio_util::sync::CancellationToken;

pub use self::issue::{CannotIssue, Issued, New, issue};
pub(crate) use self::{grants::Scope, rights::Rights, settings::Args};
use self::{hosts::Hosts, keys::Keys, need::Need, origins::Origins};

/// How tokens are shown.
const BEARER: &str = "bearer";

/// Who may ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    hosts: Hosts,
    origins: Origins,
    /// None is that nobody is asked for a token.
    keys: Option<Arc<Keys>>,
}

/// Why a request is not let in. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    #[error("a request names its host, and once: by one Host header, or :authority in HTTP/2")]
    NotOneHost,
    #[error("{0:?} is no host")]
    NoHost(String),
    #[error(
        "this service does not go by the name {0:?}; if it should, --allow-host \
         (BROOKLET_ALLOW_HOST) says so to the producer"
    )]
    Host(String),
    #[error(
        "a page of the origin {0:?} may not change anything; if it should, --allow-origin \
         (BROOKLET_ALLOW_ORIGIN) says so to the producer; programs send no Origin header"
    )]
    Origin(String),
    #[error("show a token: one header Authorization: Bearer TOKEN")]
    NoToken,
    #[error("nobody knows this token; `producer token new` makes one")]
    UnknownToken,
    #[error("the token {token:?} does not have the scope {needed}")]
    Scope {
        token: String,
        scope: Scope,
        needed: String,
    },
}

/// A setting that cannot be, and why.
pub(crate) type Invalid = (&'static str, String);

impl Args {
    /// Who may ask.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub(crate) fn check(&self) -> Result<Access, Invalid> {
        let keys = self.tokens.as_deref().map(Keys::open).transpose();
        Ok(Access {
            hosts: Hosts::of(&self.allow_host).map_err(|why| ("--allow-host", why))?,
            origins: Origins::of(&self.allow_origin).map_err(|why| ("--allow-origin", why))?,
            keys: keys
                .map_err(|error| ("--tokens", error.to_string()))?
                .map(Arc::new),
        })
    }
}

impl Access {
    /// Whether nobody may do anything without a token.
    pub(crate) const fn asks_for_tokens(&self) -> bool {
        self.keys.is_some()
    }

    /// Knows which tokens there are, and are not any more, until `stop`.
    pub(crate) async fn follow(&self, stop: CancellationToken) {
        if let Some(keys) = &self.keys {
            keys.follow(stop).await;
        }
    }

    /// What the sender of a request may do, if that is enough for it.
    ///
    /// # Errors
    /// It is not let in.
    pub(crate) fn admit<B>(&self, request: &Request<B>) -> Result<Rights, Denied> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        self.hosts.check(request.version(), uri, headers)?;
        let rights = self.rights(&Need::of(method, uri.path()), headers)?;
        if let Some(need) = Need::of_fork(method, headers) {
            rights.check(&need)?;
        }
        if changes(method) {
            self.origins.check(headers)?;
        }
        Ok(rights)
    }

    fn rights(&self, need: &Need<'_>, headers: &HeaderMap) -> Result<Rights, Denied> {
        let Some(keys) = &self.keys else {
            return Ok(Rights::All);
        };
        if *need == Need::Nothing {
            return Ok(Rights::None);
        }
        let shown = shown(headers).ok_or(Denied::NoToken)?;
        let rights = Rights::Of(keys.find(shown).ok_or(Denied::UnknownToken)?);
        rights.check(need)?;
        Ok(rights)
    }

    /// Whether it is a page that asks, and one that may change something.
    pub(crate) fn allows_page(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(ORIGIN) && self.origins.check(headers).is_ok()
    }
}

/// Whether a request may change something.
fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The token that a request shows; it shows one, or none.
fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(shown), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = shown.as_bytes().split_at_checked(BEARER.len())?;
    let token = token.trim_ascii();
    let is_shown = scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && !token.is_empty();
    is_shown.then_some(token)
}

impl Denied {
    /// What is said of it in `WWW-Authenticate`; none where no token would help.
    pub(crate) fn challenge(&self) -> Option<HeaderValue> {
        let challenge = match self {
            Self::NoToken => "Bearer realm=\"brooklet\"".to_owned(),
            Self::UnknownToken => "Bearer realm=\"brooklet\", error=\"invalid_token\"".to_owned(),
            Self::Scope { scope, .. } => {
                let scope = scope.word();
                format!(
                    "Bearer realm=\"brooklet\", error=\"insufficient_scope\", scope=\"{scope}\""
                )
            }
            Self::NotOneHost | Self::NoHost(_) | Self::Host(_) | Self::Origin(_) => return None,
        };
        HeaderValue::from_str(&challenge).ok()
    }
}
