//! The service: puts the log between its two doors, and runs them until it is told to stop.

use std::{io, sync::Arc};

use common::{
    service::{
        edge,
        health::{self, Health},
        reply::{self, Body},
    },
    time::Clock,
    wire,
};
use hyper::{Method, Request, Response, body::Incoming};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    ingest,
    log::{CannotOpen, Log},
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
    let clock = Clock::System;
    let mut registry = Registry::with_prefix("brooklet");
    let edge = edge::Metrics::default();
    edge.register(&mut registry);
    let (log, running) = Log::open(&config.log, &clock, &mut registry)?;
    let ingest = ingest::Door::new(log.clone(), &mut registry);
    let stream = stream::Door::new(log.clone(), config.keep_alive, &mut registry, stop.clone());
    let service = Arc::new(Service {
        ingest,
        stream,
        health: Health::new(registry),
    });

    let tasks = TaskTracker::new();
    tasks.spawn(ingest::feed(config.sources, log, clock, stop.clone()));
    tasks.close();
    let address = listener.local_addr()?;
    tracing::info!("listening on http://{address}");
    if !address.ip().is_loopback() {
        tracing::warn!("who can reach {address} can read and append: nobody is asked for a token");
    }
    service.health.set_ready(true);
    let answer = {
        let service = service.clone();
        move |request| service.clone().answer(request)
    };
    let unready = async {
        stop.cancelled().await;
        service.health.set_ready(false);
    };
    tokio::join!(
        edge::serve(listener, config.limits, edge, answer, stop.clone()),
        unready
    );
    tasks.wait().await;
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
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

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (method, path) = (request.method(), request.uri().path());
        match (path, method) {
            (wire::STREAM_PATH, &Method::POST) => self.ingest.answer(request).await,
            (wire::STREAM_PATH, method @ &(Method::GET | Method::HEAD | Method::OPTIONS)) => self
                .stream
                .answer(method, request.uri().query(), request.headers()),
            (wire::STREAM_PATH, _) => reply::method_not_allowed("GET, HEAD, OPTIONS, POST"),
            (path, method) => match (self.health.answer(path), method) {
                (Some(answer), &(Method::GET | Method::HEAD)) => answer,
                (Some(_), _) => reply::method_not_allowed("GET, HEAD"),
                (None, _) => {
                    reply::not_found(path, &format!("{}, {}", wire::STREAM_PATH, health::PATHS))
                }
            },
        }
    }
}
