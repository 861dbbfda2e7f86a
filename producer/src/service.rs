//! The service: puts the log between its two doors, and runs them until it is told to stop.

use std::{io, sync::Arc};

use common::{
    service::{
        edge::{self, Edge},
        health::{self, Health},
        listen::Listener,
        reply::{self, Body},
    },
    time::Clock,
    wire,
};
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::{Access, Rights, Scope},
    config::Config,
    cross_origin,
    error::Refusal,
    ingest::{self, Call, Feeds},
    log::{self, CannotOpen, Log},
    openapi,
    requests::{self, Requests},
    stream,
    subscription::{self, Engine, Keys},
};

/// Takes records in and streams them out on `listener` until `stop`; then drains.
///
/// # Errors
/// The log cannot be opened, or the listener has no address.
pub async fn serve(
    listener: TcpListener,
    mut config: Config,
    stop: CancellationToken,
) -> Result<(), CannotServe> {
    let mut registry = Registry::with_prefix("brooklet");
    let (log, running) = Log::open(&config.log, &Clock::System, &mut registry)?;
    let keys = Keys::open(config.log.directory.as_deref()).map_err(CannotServe::Keys)?;
    // Who is told that it listens finds the streams that sources feed.
    let feeds = Feeds::open(std::mem::take(&mut config.sources), &log).await;
    let address = listener.local_addr()?;
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    tracing::info!("listening on {scheme}://{address}");
    if !address.ip().is_loopback() && !config.access.asks_for_tokens() {
        tracing::warn!(
            "who can reach {address} can read, append and delete: nobody is asked for a token \
             (--tokens)"
        );
    }
    let limit = config.limits.drain_limit;
    run(listener, (log, keys, feeds), registry, config, stop).await;
    running.stop(limit).await;
    tracing::info!("stopped");
    Ok(())
}

/// Runs both doors of `log` on `listener` until `stop`; then drains.
pub(crate) async fn run<L: Listener>(
    listener: L,
    (log, keys, feeds): (Log, Keys, Feeds),
    mut registry: Registry,
    config: Config,
    stop: CancellationToken,
) {
    let edge = Edge {
        limits: config.limits.clone(),
        metrics: edge::Metrics::default(),
        tls: config.tls.clone(),
    };
    edge.metrics.register(&mut registry);
    let health = log.health();
    let (service, engine) = Service::open((&log, keys), &config, registry, &stop);
    let (service, access) = (Arc::new(service), config.access);

    let tasks = TaskTracker::new();
    {
        let (log, stop) = (log.clone(), stop.clone());
        tasks.spawn(async move { stop.run_until_cancelled(log.tell()).await });
    }
    tasks.spawn(feeds.run(log, stop.clone()));
    let follow_tokens = stop.clone();
    tasks.spawn(async move { access.follow(follow_tokens).await });
    tasks.close();
    let answer = {
        let service = service.clone();
        // In a box of its own it goes when it is done, and not with the connection.
        move |request| Box::pin(service.clone().answer(request))
    };
    let ready = async {
        stop.run_until_cancelled(follow(&service.health, health))
            .await;
        service.health.set_ready(false);
    };
    let (drain_limit, over) = (edge.limits.drain_limit, CancellationToken::new());
    let doors = async {
        edge.serve(listener, answer, stop.clone()).await;
        over.cancel();
    };
    let subscriptions = engine.run(drain_limit, stop.clone(), over.clone());
    tokio::join!(doors, ready, subscriptions);
    tasks.wait().await;
}

/// The service is ready as long as the log takes appends.
async fn follow(ready: &Health, mut log: watch::Receiver<log::Health>) {
    loop {
        let is_well = *log.borrow_and_update() == log::Health::Well;
        ready.set_ready(is_well);
        if log.changed().await.is_err() {
            return;
        }
    }
}

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum CannotServe {
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] CannotOpen),
    /// The keys that sign deliveries cannot be read, or made.
    #[error("cannot use the keys in the data directory: {0}")]
    Keys(#[source] io::Error),
    /// The listener has no address.
    #[error(transparent)]
    Listener(#[from] io::Error),
}

struct Service {
    access: Access,
    denied: Counter,
    ingest: ingest::Door,
    stream: stream::Door,
    requests: Requests,
    subscriptions: subscription::Door,
    health: Health,
}

/// What a path names.
enum Resource<'a> {
    /// The stream `default`, in its shortest form.
    Short,
    /// The list of streams.
    Streams,
    /// What belongs to the protocol itself.
    Control,
    Stream,
    Topics,
    Topic,
    /// What describes all of these.
    Document,
    Other(&'a str),
}

impl<'a> Resource<'a> {
    fn at(path: &'a str) -> Self {
        let behind = |prefix| path.strip_prefix(prefix);
        let control = behind(wire::CONTROL_PATH);
        match behind(wire::TOPICS_PATH) {
            _ if path == wire::STREAM_PATH => Self::Short,
            _ if path == wire::STREAM_LIST_PATH => Self::Streams,
            _ if path == openapi::PATH => Self::Document,
            _ if control.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) => {
                Self::Control
            }
            _ if behind(wire::STREAMS_PATH).is_some() => Self::Stream,
            Some("") => Self::Topics,
            Some(rest) if rest.starts_with('/') => Self::Topic,
            _ => Self::Other(path),
        }
    }

    /// What its requests are counted as.
    const fn route(&self) -> &'static str {
        match self {
            Self::Short => "default",
            Self::Streams => "streams",
            Self::Stream => "stream",
            Self::Topics => "topics",
            Self::Topic => "topic",
            Self::Document => "document",
            Self::Control => "subscriptions",
            Self::Other(_) => "other",
        }
    }

    const fn methods(&self) -> &'static str {
        match self {
            Self::Short => "GET, HEAD, OPTIONS, POST",
            Self::Stream => "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
            Self::Streams | Self::Topics | Self::Document => "GET, HEAD, OPTIONS",
            Self::Topic | Self::Control => "DELETE, GET, HEAD, OPTIONS, POST, PUT",
            Self::Other(_) => "GET, HEAD",
        }
    }
}

impl Service {
    /// All doors of a log, and what works behind that of the subscriptions.
    fn open(
        (log, keys): (&Log, Keys),
        config: &Config,
        mut registry: Registry,
        stop: &CancellationToken,
    ) -> (Self, Engine) {
        let requests = Requests::default();
        requests.register(&mut registry);
        health::register_build(&mut registry, env!("CARGO_PKG_VERSION"));
        let denied = Counter::default();
        registry.register(
            "requests_denied",
            "Requests that were not let in: by their token, host or origin",
            denied.clone(),
        );
        let ingest = ingest::Door::new(log.clone(), config.body, &mut registry, stop.clone());
        let stream = stream::Door::new(
            log.clone(),
            config.stream,
            log.clock().clone(),
            &mut registry,
            stop.clone(),
        );
        let options = (config.subscription.clone(), config.body);
        let (subscriptions, engine) = subscription::open(log, keys, options, &mut registry);
        let service = Self {
            access: config.access.clone(),
            denied,
            ingest,
            stream,
            requests,
            subscriptions,
            health: Health::new(registry),
        };
        (service, engine)
    }

    /// The answer to a request, which is counted.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let route = Resource::at(request.uri().path()).route();
        let method = requests::method(request.method());
        let answer = self.answer_of(request).await;
        self.requests.count(route, method, answer.status());
        answer
    }

    /// The answer to a request, if it is let in.
    async fn answer_of(&self, mut request: Request<Incoming>) -> Response<Body> {
        let rights = match self.access.admit(&request) {
            Ok(rights) => rights,
            Err(denied) => {
                self.denied.inc();
                tracing::debug!(%denied, "did not let a request in");
                let answer = self.ingest.refuse(request, denied.into()).await;
                return cross_origin::readable(answer);
            }
        };
        let is_of_allowed_page = self.access.allows_page(request.headers());
        if let Some(revoked) = rights.revoked() {
            request.extensions_mut().insert(revoked);
        }
        let answer = self.admitted(request, &rights).await;
        let answer = if is_of_allowed_page {
            cross_origin::changeable(answer)
        } else {
            answer
        };
        rights.bound(answer)
    }

    async fn admitted(&self, request: Request<Incoming>, rights: &Rights) -> Response<Body> {
        let resource = Resource::at(request.uri().path());
        let call = match (&resource, request.method()) {
            (Resource::Other(path), method) => {
                let answer = self.answer_of_health(path, method);
                return self.ingest.leave(request, answer).await;
            }
            (Resource::Control, method) if method != Method::OPTIONS => {
                let is_read = [Method::GET, Method::HEAD].contains(method);
                let answer = self.subscriptions.answer(request).await;
                return if is_read {
                    cross_origin::readable(answer)
                } else {
                    answer
                };
            }
            (_, &(Method::GET | Method::HEAD | Method::OPTIONS)) => {
                let answer = self.read(&resource, &request, rights).await;
                // To read may be to wait.
                let answer = answer.and_then(|answer| Ok(rights.check_again().map(|()| answer)?));
                let answer = answer.unwrap_or_else(|refusal| refusal.answer());
                let answer = cross_origin::readable(answer);
                return self.ingest.leave(request, answer).await;
            }
            (Resource::Short, &Method::POST) => Call::Post,
            (Resource::Stream, &Method::POST) => Call::Append,
            (Resource::Stream, &Method::PUT) => Call::Create,
            (Resource::Stream, &Method::PATCH) => Call::Retain,
            (Resource::Stream, &Method::DELETE) => Call::Delete,
            (Resource::Topic, &Method::POST) => Call::AppendToTopic,
            (Resource::Topic, &Method::PUT) => Call::CreateTopic,
            (Resource::Topic, &Method::DELETE) => Call::DeleteTopic,
            (resource, _) => {
                let answer = reply::method_not_allowed(resource.methods());
                return self.ingest.leave(request, answer).await;
            }
        };
        self.ingest.answer(call, request).await
    }

    async fn read(
        &self,
        resource: &Resource<'_>,
        request: &Request<Incoming>,
        rights: &Rights,
    ) -> Result<Response<Body>, Refusal> {
        let shown = |name: &str| rights.may(Scope::Read, name);
        match resource {
            _ if request.method() == Method::OPTIONS => Ok(reply::empty(StatusCode::NO_CONTENT)),
            Resource::Short => self.stream.short(request),
            Resource::Streams => self.stream.list(request, |name| rights.shows(name)),
            Resource::Stream => self.stream.named(request).await,
            Resource::Topics => Ok(self.ingest.topics(shown)),
            Resource::Document => Ok(openapi::answer(request.headers())),
            Resource::Topic | Resource::Control | Resource::Other(_) => {
                self.ingest.topic(request.uri().path())
            }
        }
    }

    fn answer_of_health(&self, path: &str, method: &Method) -> Response<Body> {
        match (self.health.answer(path), method) {
            (Some(answer), &(Method::GET | Method::HEAD)) => answer,
            (Some(_), _) => reply::method_not_allowed("GET, HEAD"),
            (None, _) => {
                let streams = [wire::STREAM_PATH, wire::STREAMS_PATH];
                let known = [&streams[..], &[wire::TOPICS_PATH, openapi::PATH]].concat();
                let known = format!("{}, {}", known.join(", "), health::PATHS);
                cross_origin::readable(reply::not_found(path, &known))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    const ALL: [Resource<'_>; 9] = [
        Resource::Short,
        Resource::Streams,
        Resource::Stream,
        Resource::Topics,
        Resource::Topic,
        Resource::Document,
        Resource::Other("/healthz"),
        Resource::Other("/readyz"),
        Resource::Other("/metrics"),
    ];

    /// How the document writes a path; none where several are behind it, of which `subscription::route`
    /// knows. What is new here belongs into `ALL` too.
    fn template<'a>(resource: &Resource<'a>) -> Option<&'a str> {
        Some(match resource {
            Resource::Short => "/stream",
            Resource::Streams => "/v1/stream",
            Resource::Stream => "/v1/stream/{name}",
            Resource::Topics => "/v1/topics",
            Resource::Topic => "/v1/topics/{topic}",
            Resource::Document => "/v1/openapi.json",
            Resource::Control => return None,
            Resource::Other(path) => path,
        })
    }

    #[test]
    fn the_document_has_every_path_and_method_and_no_other() {
        let described = openapi::described();
        for path in described.keys() {
            let one = path.replace("{name}", "a/b").replace("{topic}", "a");
            let one = one.replace("{id}", "a");
            let resource = Resource::at(&one);
            let is_control = matches!(resource, Resource::Control);
            let is_behind = path.starts_with(&format!("{}/", wire::CONTROL_PATH));
            assert_eq!(is_control, is_behind, "{path}");
            if let Some(written) = template(&resource) {
                assert_eq!(written.replace(&one, path), *path);
            }
        }
        let described = described.into_iter();
        let described: BTreeMap<_, _> = described
            .filter(|(path, _)| !path.starts_with(wire::CONTROL_PATH))
            .collect();
        let there = ALL.iter().filter_map(|resource| {
            let methods = resource.methods().to_owned();
            Some((template(resource)?.to_owned(), methods))
        });
        assert_eq!(described, there.collect());
        let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
