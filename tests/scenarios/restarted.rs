//! A producer that is killed again and again, and comes back with the same log at the same address;
//! and what came of its clients, held against what they were told.

use std::{
    collections::BTreeSet,
    net::TcpListener,
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use tests::{Service, binaries::binary};

use crate::{named::named, numbered};

/// The stream that its clients speak of.
pub(crate) const STREAM: &str = "numbers";

pub(crate) struct Restarted {
    pub(crate) service: Service,
    directory: tempfile::TempDir,
    port: u16,
}

impl Restarted {
    /// The first one, with an empty stream.
    pub(crate) fn begin() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = port();
        let service = start(&directory, port);
        numbered::make(&service, STREAM);
        Self {
            service,
            directory,
            port,
        }
    }

    /// Kills it, wherever its clients are, and starts the next one.
    pub(crate) fn kill(&mut self) {
        self.service.kill();
        self.service = start(&self.directory, self.port);
        assert!(self.service.listens(), "it comes back");
    }

    /// Kills it when `count` records more than there were can be read.
    pub(crate) fn kill_behind(&mut self, count: usize) {
        let stream = named(&self.service, STREAM);
        let tail = stream.head().header("stream-next-offset").to_owned();
        let mut news = stream.read(&format!("offset={tail}&live=ndjson"));
        drop(news.lines(count));
        self.kill();
    }

    pub(crate) fn url(&self) -> String {
        self.service.url(&format!("/v1/stream/{STREAM}"))
    }
}

/// Pages are small, so that there is something to resume.
fn start(directory: &tempfile::TempDir, port: u16) -> Service {
    let directory = directory.path().to_str().expect("a path of ASCII");
    let listen = format!("127.0.0.1:{port}");
    let args = ["--source", "none", "--listen", &listen];
    let pages = ["--data-dir", directory, "--page-bytes", "64KiB"];
    Service::start(&binary("producer"), [args, pages].concat())
}

/// A free port that stays free while nobody listens there: below those that the system gives to
/// whoever connects. Who connects to one of those may meet himself.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(20_000 + process::id() % 10_000).expect("it is below 30,000");
    let mut ports = (0..1_000).map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed));
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).expect("one of a thousand is free")
}

/// What is there of the records that a client was told are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) acknowledged: usize,
    pub(crate) lost: usize,
    pub(crate) repeats: usize,
    /// Whether each is behind the one before it.
    pub(crate) in_order: bool,
}

impl Tally {
    /// Of the records with numbers below `acknowledged`, where these are found.
    pub(crate) fn of(acknowledged: usize, found: &[u64]) -> Self {
        let different: BTreeSet<_> = found.iter().collect();
        let sure = different.range(..acknowledged as u64).count();
        Self {
            acknowledged,
            lost: acknowledged - sure,
            repeats: found.len() - different.len(),
            in_order: found.is_sorted(),
        }
    }
}

#[test]
fn what_is_lost_or_comes_twice_is_found_out() {
    let check = |acknowledged, found: &[u64], (lost, repeats, in_order)| {
        let expected = Tally {
            acknowledged,
            lost,
            repeats,
            in_order,
        };
        assert_eq!(Tally::of(acknowledged, found), expected, "{found:?}");
    };
    check(3, &[0, 1, 2], (0, 0, true));
    // The last one has no answer yet.
    check(2, &[0, 1, 2], (0, 0, true));
    check(3, &[0, 2], (1, 0, true));
    check(3, &[0, 1, 2, 1, 2], (0, 2, false));
    check(3, &[0, 0, 2], (1, 1, true));
    check(2, &[1, 0], (0, 0, false));
}
