//! What the sender of a request may do; and that what it was given ends when it may no more.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use common::service::reply::{Aborted, Body};
use http_body_util::BodyExt;
use hyper::{
    Response,
    body::{Body as _, Frame, SizeHint},
    header::{CACHE_CONTROL, HeaderValue},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::{Denied, file::Token, grants::Scope, need::Need};
use crate::log::Shown;

/// What somebody may do.
#[derive(Debug, Clone)]
pub(crate) enum Rights {
    /// Everything: nobody is asked for a token.
    All,
    /// What this token is for.
    Of(Arc<Token>),
    /// Nothing that needs a token.
    None,
}

impl Rights {
    /// Whether this may be done to the stream or topic called `name`.
    pub(crate) fn may(&self, scope: Scope, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(token) => token.grants.allow(scope, name),
            Self::None => false,
        }
    }

    /// Whether a stream of that name may be read, and so be listed.
    pub(crate) fn shows(&self, name: &str) -> Shown {
        let token = match self {
            Self::All => return Shown::Yes,
            Self::Of(token) => token,
            Self::None => return Shown::NoMore,
        };
        if token.grants.allow(Scope::Read, name) {
            return Shown::Yes;
        }
        let next = token.grants.first(Scope::Read, name);
        next.map_or(Shown::NoMore, Shown::NotBefore)
    }

    /// Whether that is enough for what is needed.
    pub(super) fn check(&self, need: &Need<'_>) -> Result<(), Denied> {
        let token = match (self, need) {
            (Self::All, _) | (_, Need::Nothing) => return Ok(()),
            (Self::None, _) => return Err(Denied::NoToken),
            (Self::Of(token), _) => token,
        };
        let (is_enough, scope, names) = match need {
            Need::Nothing | Need::Token => return Ok(()),
            Need::Some(scope) => (token.grants.allow_some(*scope), *scope, ""),
            Need::One(scope, name) => (token.grants.allow(*scope, name), *scope, &**name),
            Need::All(scope) => (token.grants.allow_all(*scope), *scope, "*"),
        };
        if is_enough {
            return Ok(());
        }
        let colon = if names.is_empty() { "" } else { ":" };
        Err(Denied::Scope {
            token: token.name.clone(),
            scope,
            needed: format!("{}{colon}{names}", scope.word()),
        })
    }

    /// Whether the token is still known: to be asked where there was something to wait for.
    pub(crate) fn check_again(&self) -> Result<(), Denied> {
        match self {
            Self::Of(token) if token.revoked.is_cancelled() => Err(Denied::UnknownToken),
            _ => Ok(()),
        }
    }

    /// What is cancelled when they end, if they can.
    pub(crate) fn revoked(&self) -> Option<CancellationToken> {
        match self {
            Self::Of(token) => Some(token.revoked.clone()),
            Self::All | Self::None => None,
        }
    }

    /// The answer, of which caches that others share keep nothing, and which breaks off when the token is revoked that it was asked for with. One of a
    /// known length is under way already.
    pub(crate) fn bound(&self, mut answer: Response<Body>) -> Response<Body> {
        let Self::Of(token) = self else {
            return answer;
        };
        let cached = answer.headers_mut().get_mut(CACHE_CONTROL);
        if let Some(cached) = cached
            && let Some(rest) = cached.as_bytes().strip_prefix(b"public")
            && let Ok(private) = HeaderValue::from_bytes(&[b"private", rest].concat())
        {
            *cached = private;
        }
        if answer.body().size_hint().exact().is_some() {
            return answer;
        }
        let revoked = Box::pin(token.revoked.clone().cancelled_owned());
        answer.map(|body| BodyExt::boxed_unsync(Bound { body, revoked }))
    }
}

/// A body that breaks off when a token is revoked.
struct Bound {
    body: Body,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl hyper::body::Body for Bound {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        if self.revoked.as_mut().poll(context).is_ready() {
            let why = "the token was revoked".to_owned();
            return Poll::Ready(Some(Err(Aborted(why))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
