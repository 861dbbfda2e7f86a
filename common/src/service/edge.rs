//! The edge: accepts connections and bounds what each of them may cost.
//!
//! A connection that says nothing is closed before it gets a buffer; one that is slow with its
//! request head, or takes none of its answer, is cut; and there are never more than so many.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::{Request, Response, body::Incoming};
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Connection, WIDE_MAX},
    files,
    listen::Listener,
    owner::Owner,
    reply::Body,
    tls::Tls,
};

/// How long to wait after an accept that failed, for example because there are no more files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a connection may cost, and how many there may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time, all together.
    pub connections_max: usize,
    /// Connections at a time from one address; none is no limit (containers may share one).
    pub connections_per_address_max: Option<usize>,
    /// From the start of a connection, or the end of an answer, to a complete request head. A
    /// connection of HTTP/2 may be without a request for so long.
    pub header_timeout: Duration,
    /// How long a reader may take nothing of its answer.
    pub stall_limit: Duration,
    /// How long a drain waits for answers that are under way.
    pub drain_limit: Duration,
}

/// What happens at the edge, counted.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    open: Gauge,
    accepted: Counter,
    refused: Counter,
    pub(super) silent: Counter,
    pub(super) stalled: Counter,
}

impl Metrics {
    /// Adds these to what `/metrics` shows.
    pub fn register(&self, registry: &mut Registry) {
        let Self {
            open,
            accepted,
            refused,
            silent,
            stalled,
        } = self.clone();
        registry.register("connections_open", "Connections that are open", open);
        registry.register("connections", "Connections that were accepted", accepted);
        registry.register("connections_refused", "Connections over a cap", refused);
        registry.register(
            "connections_silent",
            "Connections that never said anything",
            silent,
        );
        registry.register(
            "connections_stalled",
            "Readers cut for taking nothing",
            stalled,
        );
    }
}

/// What connections are accepted by.
#[derive(Debug)]
pub struct Edge {
    /// What they may cost.
    pub limits: Limits,
    /// What is counted of them.
    pub metrics: Metrics,
    /// What they are secured by, if they are.
    pub tls: Option<Arc<Tls>>,
}

impl Edge {
    /// Accepts connections on `listener` and answers their requests by `answer`, until `stop`. Then
    /// no new one is accepted, idle ones close, and answers under way get the drain limit to end.
    pub async fn serve<L, A, F>(self, listener: L, answer: A, stop: CancellationToken)
    where
        L: Listener,
        A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let Self {
            mut limits,
            metrics,
            tls,
        } = self;
        limits.connections_max = within_files(limits.connections_max);
        let owner = Owner::default();
        let door = Door {
            limits,
            metrics,
            taken: Arc::default(),
            stop,
        };
        let wide = Arc::new(Semaphore::new(WIDE_MAX));
        while let Some((tcp, peer)) = door.next(&listener).await {
            if let Some(seat) = door.seat(peer) {
                let connection = Connection {
                    peer,
                    limits: door.limits.clone(),
                    metrics: door.metrics.clone(),
                    tls: tls.clone(),
                    owner: owner.clone(),
                    wide: wide.clone(),
                    stop: door.stop.clone(),
                    _seat: seat,
                };
                owner.spawn(connection.serve(tcp, answer.clone()));
            }
        }
        drop(listener);
        owner.drain(door.limits.drain_limit).await;
    }
}

/// As many connections as there are files for, `wanted` at the most.
fn within_files(wanted: usize) -> usize {
    let possible = files::for_connections();
    if possible < wanted {
        tracing::warn!(
            wanted,
            possible,
            "fewer connections than set: the file limit is lower"
        );
    }
    wanted.min(possible)
}

struct Door {
    limits: Limits,
    metrics: Metrics,
    taken: Arc<Mutex<Taken>>,
    stop: CancellationToken,
}

/// The connections that are open.
#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Door {
    /// The next connection; none when it is time to stop.
    async fn next<L: Listener>(&self, listener: &L) -> Option<(L::Connection, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(connection) => return Some(connection),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// The right of a connection from `peer` to be here, if there is room.
    fn seat(&self, peer: SocketAddr) -> Option<Seat> {
        let address = peer.ip();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let full = taken.all >= self.limits.connections_max;
        let here = taken.by_address.get(&address).copied().unwrap_or_default();
        if full
            || self
                .limits
                .connections_per_address_max
                .is_some_and(|max| here >= max)
        {
            self.metrics.refused.inc();
            tracing::debug!(%peer, full, "refused a connection: no room");
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, here + 1);
        self.metrics.accepted.inc();
        self.metrics.open.inc();
        Some(Seat {
            address,
            taken: self.taken.clone(),
            open: self.metrics.open.clone(),
        })
    }
}

/// A connection's place among the connections; drop gives it back.
pub(super) struct Seat {
    address: IpAddr,
    taken: Arc<Mutex<Taken>>,
    open: Gauge,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
        self.open.dec();
    }
}
