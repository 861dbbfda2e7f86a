//! A bad network: a TCP proxy that cuts, swallows, or leads to somebody else.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// A proxy on a port of its own; clients keep their address while everything behind it changes.
#[derive(Debug)]
pub struct Proxy {
    /// Where clients connect.
    pub address: SocketAddr,
    network: Arc<Network>,
}

#[derive(Debug)]
struct Network {
    server: Mutex<SocketAddr>,
    links: Mutex<Vec<Arc<Link>>>,
    made: AtomicUsize,
    /// After how many bytes of answer a link is cut.
    bytes_max: usize,
}

/// A client's connection and its other half, the server's.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    deaf: AtomicBool,
}

impl Proxy {
    /// A proxy to `server` that does no harm until it is told to.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        Self::with_bytes_max(server, usize::MAX)
    }

    /// A proxy to `server` that cuts every connection after `bytes_max` bytes of answer.
    #[must_use]
    pub fn with_bytes_max(server: SocketAddr, bytes_max: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let network = Arc::new(Network {
            server: Mutex::new(server),
            links: Mutex::default(),
            made: AtomicUsize::new(0),
            bytes_max,
        });
        let proxy = Self {
            address: listener.local_addr().expect("it is bound"),
            network: network.clone(),
        };
        thread::spawn(move || {
            listener
                .incoming()
                .flatten()
                .for_each(|tcp| network.join(tcp))
        });
        proxy
    }

    /// The URL of `path` through it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on, new connections lead to `server`.
    pub fn lead_to(&self, server: SocketAddr) {
        *lock(&self.network.server) = server;
    }

    /// Cuts every connection that is open.
    pub fn cut(&self) {
        for link in lock(&self.network.links).drain(..) {
            link.cut();
        }
    }

    /// Every connection that is open stays open and never brings anything again: half-open, as
    /// after a router lost its memory.
    pub fn deafen(&self) {
        for link in lock(&self.network.links).iter() {
            link.deaf.store(true, Ordering::SeqCst);
        }
    }

    /// How many connections were made through it so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.network.made.load(Ordering::SeqCst)
    }
}

impl Network {
    /// Joins `client` to the server, if it is there; a client that meets nobody is cut.
    fn join(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(*lock(&self.server)) else {
            return;
        };
        let link = Arc::new(Link {
            client,
            server,
            deaf: AtomicBool::new(false),
        });
        lock(&self.links).push(link.clone());
        // Who sees that it is made can cut it.
        self.made.fetch_add(1, Ordering::SeqCst);
        let (up, bytes_max) = (link.clone(), self.bytes_max);
        thread::spawn(move || up.pass(&up.client, &up.server, usize::MAX));
        thread::spawn(move || link.pass(&link.server, &link.client, bytes_max));
    }
}

impl Link {
    /// Passes on up to `bytes_max` bytes; whichever side ends, both do.
    fn pass(&self, mut from: &TcpStream, mut to: &TcpStream, bytes_max: usize) {
        let mut piece = [0; 16 * 1024];
        let mut left = bytes_max;
        while left > 0
            && let Ok(length @ 1..) = from.read(&mut piece)
        {
            if self.deaf.load(Ordering::SeqCst) {
                continue;
            }
            let length = length.min(left);
            if to
                .write_all(piece.get(..length).unwrap_or_default())
                .is_err()
            {
                break;
            }
            left -= length;
        }
        if !self.deaf.load(Ordering::SeqCst) {
            self.cut();
        }
    }

    fn cut(&self) {
        for tcp in [&self.client, &self.server] {
            // The other side may have been quicker.
            drop(tcp.shutdown(Shutdown::Both));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
