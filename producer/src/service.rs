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
use prometheus_client::registry::Registry;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    cross_origin,
    error::Refusal,
    ingest::{self, Call},
    log::{self, CannotOpen, Log},
    stream,
};

/// Takes records in and streams them out on `listener` until `stop`; then drains.
///
/// # Errors
/// The log cannot be opened, or the listener has no address.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    stop: CancellationToken,
) -> Result<(), CannotServe> {
    let mut registry = Registry::with_prefix("brooklet");
    let (log, running) = Log::open(&config.log, &Clock::System, &mut registry)?;
    let address = listener.local_addr()?;
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    tracing::info!("listening on {scheme}://{address}");
    if !address.ip().is_loopback() {
        tracing::warn!("who can reach {address} can read and append: nobody is asked for a token");
    }
    run(listener, log, registry, config, stop).await;
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Runs both doors of `log` on `listener` until `stop`; then drains.
pub(crate) async fn run<L: Listener>(
    listener: L,
    log: Log,
    mut registry: Registry,
    config: Config,
    stop: CancellationToken,
) {
    let edge = Edge {
        limits: config.limits,
        metrics: edge::Metrics::default(),
        tls: config.tls,
    };
    edge.metrics.register(&mut registry);
    let (health, clock) = (log.health(), log.clock().clone());
    let ingest = ingest::Door::new(log.clone(), config.body, &mut registry, stop.clone());
    let stream = stream::Door::new(
        log.clone(),
        config.stream,
        clock.clone(),
        &mut registry,
        stop.clone(),
    );
    let service = Arc::new(Service {
        ingest,
        stream,
        health: Health::new(registry),
    });

    let tasks = TaskTracker::new();
    tasks.spawn(ingest::feed(config.sources, log, clock, stop.clone()));
    tasks.close();
    let answer = {
        let service = service.clone();
        move |request| service.clone().answer(request)
    };
    let ready = async {
        stop.run_until_cancelled(follow(&service.health, health))
            .await;
        service.health.set_ready(false);
    };
    tokio::join!(edge.serve(listener, answer, stop.clone()), ready);
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
    /// The listener has no address.
    #[error(transparent)]
    Listener(#[from] io::Error),
}

struct Service {
    ingest: ingest::Door,
    stream: stream::Door,
    health: Health,
}

/// What a path names.
enum Resource<'a> {
    /// The stream `default`, in its shortest form.
    Short,
    /// The list of streams.
    Streams,
    Stream,
    Topics,
    Topic,
    Other(&'a str),
}

impl<'a> Resource<'a> {
    fn at(path: &'a str) -> Self {
        let behind = |prefix| path.strip_prefix(prefix);
        match behind(wire::TOPICS_PATH) {
            _ if path == wire::STREAM_PATH => Self::Short,
            _ if path == wire::STREAM_LIST_PATH => Self::Streams,
            _ if behind(wire::STREAMS_PATH).is_some() => Self::Stream,
            Some("") => Self::Topics,
            Some(rest) if rest.starts_with('/') => Self::Topic,
            _ => Self::Other(path),
        }
    }

    const fn methods(&self) -> &'static str {
        match self {
            Self::Short => "GET, HEAD, OPTIONS, POST",
            Self::Stream => "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
            Self::Streams | Self::Topics => "GET, HEAD, OPTIONS",
            Self::Topic => "DELETE, GET, HEAD, OPTIONS, POST, PUT",
            Self::Other(_) => "GET, HEAD",
        }
    }
}

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let resource = Resource::at(request.uri().path());
        let call = match (&resource, request.method()) {
            (Resource::Other(path), method) => return self.answer_of_health(path, method),
            (_, &(Method::GET | Method::HEAD | Method::OPTIONS)) => {
                let answer = self.read(&resource, &request).await;
                let answer = answer.unwrap_or_else(|refusal| refusal.answer());
                return cross_origin::readable(answer);
            }
            (Resource::Short, &Method::POST) => Call::Post,
            (Resource::Stream, &Method::POST) => Call::Append,
            (Resource::Stream, &Method::PUT) => Call::Create,
            (Resource::Stream, &Method::PATCH) => Call::Retain,
            (Resource::Stream, &Method::DELETE) => Call::Delete,
            (Resource::Topic, &Method::POST) => Call::AppendToTopic,
            (Resource::Topic, &Method::PUT) => Call::CreateTopic,
            (Resource::Topic, &Method::DELETE) => Call::DeleteTopic,
            (resource, _) => return reply::method_not_allowed(resource.methods()),
        };
        self.ingest.answer(call, request).await
    }

    async fn read(
        &self,
        resource: &Resource<'_>,
        request: &Request<Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        match resource {
            _ if request.method() == Method::OPTIONS => Ok(reply::empty(StatusCode::NO_CONTENT)),
            Resource::Short => self.stream.short(request),
            Resource::Streams => self.stream.list(request),
            Resource::Stream => self.stream.named(request).await,
            Resource::Topics => Ok(self.ingest.topics()),
            Resource::Topic | Resource::Other(_) => self.ingest.topic(request.uri().path()),
        }
    }

    fn answer_of_health(&self, path: &str, method: &Method) -> Response<Body> {
        match (self.health.answer(path), method) {
            (Some(answer), &(Method::GET | Method::HEAD)) => answer,
            (Some(_), _) => reply::method_not_allowed("GET, HEAD"),
            (None, _) => {
                let known = [wire::STREAM_PATH, wire::STREAMS_PATH, wire::TOPICS_PATH];
                reply::not_found(path, &format!("{}, {}", known.join(", "), health::PATHS))
            }
        }
    }
}
