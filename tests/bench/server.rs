//! The two servers that are compared: ours, and the official Rust server of the same protocol.
//!
//! The official one is `cargo install durable-streams@0.1.5`. It is found in `PATH`, or where
//! `BENCH_DURABLE_STREAMS` says. It syncs its log before it answers, as ours does: its default.

use std::{
    ffi::OsString,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rustix::process::{Resource, getrlimit};
use tests::{Service, producer};

/// Files that a server has open besides its streams.
const OTHER_FILES: u64 = 1_000;

/// What is called and how, apart from the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Official,
}

impl Kind {
    /// Those that can be run here, ours first.
    pub(crate) fn all() -> Vec<Self> {
        let official = official().map(|_| Self::Official);
        [Some(Self::Ours), official].into_iter().flatten().collect()
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Official => "official",
        }
    }

    /// How many streams it can have here: the official one keeps a file open for each.
    pub(crate) fn streams_max(self) -> u64 {
        match self {
            Self::Ours => u64::MAX,
            Self::Official => getrlimit(Resource::Nofile)
                .maximum
                .map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES)),
        }
    }
}

/// A server that runs, its log in a folder.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    service: Service,
}

impl Server {
    /// Starts one, and waits until it says that it listens.
    pub(crate) fn start(kind: Kind, folder: &Path) -> Self {
        match kind {
            Kind::Ours => Self::ours(folder, &[]),
            Kind::Official => Self::official(folder),
        }
    }

    /// Starts ours with these arguments besides.
    pub(crate) fn ours(folder: &Path, args: &[&str]) -> Self {
        let always = ["--source", "none", "--data-dir", path(folder)];
        let service = producer(&[&always, args].concat());
        let address = service.address();
        Self { address, service }
    }

    fn official(folder: &Path) -> Self {
        let program = official().expect("it is installed, or this is not asked for");
        // It cannot be told to take any free port, so one is found for it.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port on loopback");
        let port = address.port().to_string();
        let args = ["--port", &port, "--durability", "wal", "--data-dir"];
        let service = Service::start(program, [&args[..], &[path(folder)]].concat());
        drop(service.prints("listening on http://"));
        Self { address, service }
    }

    pub(crate) fn id(&self) -> u32 {
        self.service.id()
    }

    /// Ends it in good order, or as a crash would.
    pub(crate) fn stop(mut self, cleanly: bool) {
        if cleanly {
            self.service.terminate();
        } else {
            self.service.kill();
        }
        let _code = self.service.exit_code();
    }
}

fn path(folder: &Path) -> &str {
    folder.to_str().expect("a path of ASCII")
}

/// Where the official server is, if it is installed.
fn official() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let named = std::env::var_os("BENCH_DURABLE_STREAMS").map(PathBuf::from);
        named.or_else(in_path).filter(|program| program.is_file())
    });
    found.as_deref()
}

fn in_path() -> Option<PathBuf> {
    let path: OsString = std::env::var_os("PATH")?;
    let mut programs =
        std::env::split_paths(&path).map(|folder| folder.join("durable-streams-server"));
    programs.find(|program| program.is_file())
}
