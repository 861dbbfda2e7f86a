//! Where requests about subscriptions come in.

use std::sync::Arc;

use bytes::Bytes;
use common::{
    limits::SUBSCRIPTION_BYTES_MAX,
    service::reply::{self, Body},
    time::Clock,
    wire as paths,
};
use fastrand::Rng;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue},
    http::request::Parts,
};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};

use super::{
    ask::{Ask, Said},
    book::Book,
    desk::Desk,
    engine::{Command, Engine},
    key::Keys,
    metrics::Metrics,
    refused::Refused,
    route::Route,
    settings::Options,
    wire,
};
use crate::{
    error::Refusal,
    ingest::{self, Upload},
    log::Log,
};

/// How many requests wait for the one who keeps the book.
const COMMANDS_MAX: usize = 256;

/// Receivers may keep the keys for five minutes.
const KEYS_CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");
const KEYS_TYPE: &str = "application/jwk-set+json";

/// Where requests about subscriptions come in.
#[derive(Debug)]
pub(crate) struct Door {
    log: Log,
    clock: Clock,
    queue: mpsc::Sender<Command>,
    keys: Arc<Keys>,
    options: Options,
    patience: ingest::Patience,
}

/// Opens the subscriptions that are kept in a log: the door to them, and who works behind it.
pub(crate) fn open(
    log: &Log,
    keys: Keys,
    (options, patience): (Options, ingest::Patience),
    registry: &mut Registry,
) -> (Door, Engine) {
    let metrics = Metrics::default();
    metrics.register(registry);
    let (queue, commands) = mpsc::channel(COMMANDS_MAX);
    let keys = Arc::new(keys);
    let desk = Desk::new(log.clone(), keys.clone(), options.clone(), metrics.clone());
    let book = Book::new(Rng::new(), metrics);
    let engine = Engine::new(log.clone(), book, commands, desk);
    let door = Door {
        clock: log.clock().clone(),
        log: log.clone(),
        queue,
        keys,
        options,
        patience,
    };
    (door, engine)
}

/// Why a request is refused: as everywhere, or as the protocol has it for subscriptions.
enum No {
    Anywhere(Refusal),
    Here(Refused),
    Method(&'static str),
}

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        Self::Here(refused)
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Anywhere(refusal)
    }
}

impl Door {
    /// The answer to a request below the path of what belongs to the protocol itself.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let mut upload = Upload::new(&head, body, self.patience);
        match self.act(&head, &mut upload).await {
            Ok(answer) => answer,
            // What is left of a body is read, so that its sender can read why, as elsewhere.
            Err(No::Method(methods)) => {
                let ends = upload.left(self.patience.pause).await;
                ends.told(reply::method_not_allowed(methods))
            }
            Err(No::Here(refused)) => {
                let ends = upload.left(self.patience.pause).await;
                ends.told(refused.answer())
            }
            Err(No::Anywhere(refusal)) => upload.refuse(&refusal, self.patience.pause).await,
        }
    }

    async fn act(&self, head: &Parts, upload: &mut Upload) -> Result<Response<Body>, No> {
        let path = head.uri.path();
        let route = Route::at(path).ok_or_else(|| Refused::NoRoute(path.to_owned()))?;
        let is_read = [Method::GET, Method::HEAD].contains(&head.method);
        if !is_read {
            ingest::check(&head.headers)?;
        }
        let methods = route.methods();
        let (id, ask) = match (route, &head.method) {
            (Route::Keys, _) if is_read => return Ok(self.published()),
            (Route::Subscription(id), _) if is_read => (id, Ask::Show),
            (Route::Subscription(id), &Method::DELETE) => (id, Ask::Delete),
            (Route::Stream(id, stream), &Method::DELETE) => {
                let stream = wire::path(&stream)?;
                (id, Ask::Unlink { stream })
            }
            (Route::Subscription(id), &Method::PUT) => {
                let origin = self.origin(head).ok_or_else(|| {
                    Refused::Invalid("the header Host is missing: callbacks need it".to_owned())
                })?;
                let body = self.body(upload).await?;
                let made = (origin, self.clock.now());
                (id, wire::wanted(&body, self.options.targets, made)?)
            }
            (Route::Streams(id), &Method::POST) => {
                let body = self.body_for(&id, upload).await?;
                (id, wire::streams(&body)?)
            }
            (Route::Claim(id), &Method::POST) => {
                let body = self.body_for(&id, upload).await?;
                (id, wire::claim(&body)?)
            }
            (Route::Report(id, via), &Method::POST) => {
                let token = bearer(&head.headers);
                let token = token.and_then(|token| self.keys.generation(&id, token));
                let token = token.ok_or(Refused::Token)?;
                let body = self.body_for(&id, upload).await?;
                (id, wire::report(&body, via, token)?)
            }
            _ => return Err(No::Method(methods)),
        };
        let said = self.ask(id.clone(), ask).await?;
        Ok(self.answer_of(&id, said, head))
    }

    /// The body of a request about a subscription that has to be there. Who waits to be asked for it is
    /// told before if it is not.
    async fn body_for(&self, id: &str, upload: &mut Upload) -> Result<Bytes, No> {
        if upload.is_held_back() {
            self.ask(id.to_owned(), Ask::Show).await?;
        }
        Ok(self.body(upload).await?)
    }

    async fn body(&self, upload: &mut Upload) -> Result<Bytes, Refusal> {
        if upload.bytes_min() > SUBSCRIPTION_BYTES_MAX as u64 {
            return Err(Refusal::TooLong(SUBSCRIPTION_BYTES_MAX));
        }
        let (body, _room) = upload.whole(&self.log).await?;
        if body.len() > SUBSCRIPTION_BYTES_MAX {
            return Err(Refusal::TooLong(SUBSCRIPTION_BYTES_MAX));
        }
        Ok(body)
    }

    async fn ask(&self, id: String, ask: Ask) -> Result<Said, Refused> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.send(Command { id, ask, reply }).await;
        sent.map_err(|_| Refused::Stopping)?;
        answer.await.map_err(|_| Refused::Stopping)?
    }

    fn answer_of(&self, id: &str, said: Said, head: &Parts) -> Response<Body> {
        let (status, text) = match said {
            Said::Done => return reply::empty(StatusCode::NO_CONTENT),
            Said::Shown { is_new, view } => {
                let origin = self.origin(head).unwrap_or_default();
                let text = wire::shown(id, &view, (&self.keys, &origin));
                let status = if is_new {
                    StatusCode::CREATED
                } else {
                    StatusCode::OK
                };
                (status, text)
            }
            Said::Claimed {
                generation,
                wake,
                streams,
                lease_milliseconds,
            } => {
                let token = self.keys.token(id, generation);
                let text = wire::claimed((&wake, generation), token, &streams, lease_milliseconds);
                (StatusCode::OK, text)
            }
            Said::Acked { next_wake } => (
                StatusCode::OK,
                format!("{{\"ok\":true,\"next_wake\":{next_wake}}}"),
            ),
        };
        let mut answer = reply::text(status, paths::JSON, text + "\n");
        let never = HeaderValue::from_static("no-store");
        answer.headers_mut().insert(CACHE_CONTROL, never);
        answer
    }

    fn published(&self) -> Response<Body> {
        let mut answer = reply::text(StatusCode::OK, KEYS_TYPE, self.keys.published());
        answer.headers_mut().insert(CACHE_CONTROL, KEYS_CACHED);
        answer
    }

    /// Scheme and authority of this server: as it was set, or as the client has named it.
    fn origin(&self, head: &Parts) -> Option<String> {
        let set = self.options.origin.clone();
        set.or_else(|| ingest::origin(head))
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
