//! Catching up: a whole stream read over one connection, by a client that makes nothing of it,
//! beside what one connection can carry on this machine at all.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Instant,
};

use crate::{
    clients::{Plan, Until},
    disk,
    process::processor_seconds,
    request::{RECORD_BYTES, Request},
    run,
    sample::Sample,
    say,
    server::{Kind, Server},
};

const RUNS: usize = 5;

/// Bytes of records in the stream.
const BYTES: u64 = 1 << 30;

/// Records a request while it is filled.
const RECORDS: u32 = 5_000;

/// What a reader takes from its socket at once; more was no faster.
const PIECE_BYTES: usize = 64 * 1024;

/// The stream's path.
const STREAM: &str = "/v1/stream/bench-000000";

/// A way to read, and what it came to.
struct Row {
    name: String,
    way: Way,
    /// Gigabytes a second.
    rates: Vec<f64>,
    /// Seconds of processor time that the server took for all of them.
    spent: f64,
}

/// How, and from which server.
#[derive(Debug, Clone, Copy)]
enum Way {
    Copy,
    Pages(SocketAddr, u32),
    Live(SocketAddr, u32),
}

pub(crate) fn run() {
    say("a stream of 1 GiB read over one connection, GB/s; in turns, median of 5 (least … most)");
    let kinds = Kind::all();
    let folders: Vec<_> = kinds.iter().map(|_| disk::folder()).collect();
    let mut rows = vec![Row::new("bare loopback copy".to_owned(), Way::Copy)];
    let mut servers = Vec::new();
    for (kind, folder) in kinds.iter().zip(&folders) {
        let server = filled(*kind, folder.path());
        let (name, address, id) = (kind.name(), server.address, server.id());
        rows.push(Row::new(
            format!("{name}, JSON pages"),
            Way::Pages(address, id),
        ));
        if *kind == Kind::Ours {
            let live = Way::Live(address, id);
            rows.push(Row::new(format!("{name}, NDJSON live"), live));
        }
        servers.push(server);
    }
    for turn in 0..=RUNS {
        rows.iter_mut().for_each(|row| row.measure(turn > 0));
    }
    for row in rows {
        #[expect(clippy::cast_precision_loss, reason = "a gigabyte, a few times")]
        let each = row.spent / (RUNS as u64 * BYTES) as f64 * 1e9;
        let (name, rate) = (row.name, Sample::new(row.rates));
        say(&format!("  {name:<22}{rate}, {each:.2} CPU s/GB"));
    }
}

impl Row {
    const fn new(name: String, way: Way) -> Self {
        Self {
            name,
            way,
            rates: Vec::new(),
            spent: 0.0,
        }
    }

    fn measure(&mut self, counts: bool) {
        let (before, start) = (self.way.spent(), Instant::now());
        let bytes = match self.way {
            Way::Copy => bare_copy(),
            Way::Pages(server, _) => read_pages(server),
            Way::Live(server, _) => read_live(server),
        };
        if counts {
            #[expect(clippy::cast_precision_loss, reason = "a gigabyte")]
            let gigabytes = bytes as f64 / 1e9;
            self.rates.push(gigabytes / start.elapsed().as_secs_f64());
            self.spent += self.way.spent() - before;
        }
    }
}

impl Way {
    /// Seconds of processor time that the server has taken so far.
    fn spent(self) -> f64 {
        let (Self::Pages(_, id) | Self::Live(_, id)) = self else {
            return 0.0;
        };
        let (user, system) = processor_seconds(id);
        user + system
    }
}

/// A server with a stream of [`BYTES`].
fn filled(kind: Kind, folder: &std::path::Path) -> Server {
    let server = Server::start(kind, folder);
    run::create(&server, 1);
    drop(fill(BYTES).run(server.address));
    server
}

/// A plan that appends so many bytes of records to one stream.
pub(crate) fn fill(bytes: u64) -> Plan {
    Plan {
        request: Request::append(RECORDS),
        connections: 8,
        streams: 1,
        until: Until::Requests(bytes.div_ceil(u64::from(RECORDS) * RECORD_BYTES)),
        rate: None,
    }
}

/// Page after page, until one says that it is the last.
fn read_pages(server: SocketAddr) -> u64 {
    let pages = Pages::of(server, STREAM);
    pages.sum()
}

/// The pages of a stream, from its beginning to its end: how many bytes each has.
pub(crate) struct Pages {
    reader: Reader,
    path: &'static str,
    /// Where the next one begins; none behind the last.
    offset: Option<String>,
}

impl Pages {
    pub(crate) fn of(server: SocketAddr, path: &'static str) -> Self {
        Self {
            reader: Reader::to(server),
            path,
            offset: Some("-1".to_owned()),
        }
    }
}

impl Iterator for Pages {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let (reader, offset) = (&mut self.reader, self.offset.take()?);
        reader.ask(&format!("{}?offset={offset}", self.path));
        let head = reader.head();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned())
        };
        let length = header("content-length:").and_then(|length| length.parse().ok());
        let length = length.expect("a page has a length");
        if header("stream-up-to-date:").is_none() {
            self.offset = header("stream-next-offset:");
        }
        Some(reader.pass(length))
    }
}

/// One live body. What frames its pieces is less than a byte in ten thousand, and counts with them.
fn read_live(server: SocketAddr) -> u64 {
    let mut reader = Reader::to(server);
    reader.ask(&format!("{STREAM}?offset=-1&live=ndjson"));
    let _head = reader.head();
    reader.pass(BYTES)
}

/// What one connection carries when neither side does more than call the system.
fn bare_copy() -> u64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    let address = listener.local_addr().expect("it is bound");
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut tcp, _) = listener.accept().expect("a reader");
            let piece = vec![b'x'; PIECE_BYTES];
            for _ in 0..BYTES / PIECE_BYTES as u64 {
                tcp.write_all(&piece).expect("the reader reads");
            }
        });
        Reader::to(address).pass(BYTES)
    })
}

/// A connection from which as much is read at once as it has.
struct Reader {
    tcp: TcpStream,
    piece: Vec<u8>,
    /// What of the piece is read and not yet passed.
    from: usize,
    to: usize,
}

impl Reader {
    fn to(server: SocketAddr) -> Self {
        let tcp = TcpStream::connect(server).expect("the server listens");
        tcp.set_nodelay(true).expect("an open socket");
        Self {
            tcp,
            piece: vec![0; PIECE_BYTES],
            from: 0,
            to: 0,
        }
    }

    fn ask(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.tcp
            .write_all(request.as_bytes())
            .expect("the server takes requests");
    }

    /// The head of the answer, in lower case.
    fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if self.from == self.to {
                self.more();
            }
            head.extend(self.piece.get(self.from));
            self.from += 1;
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        head
    }

    /// Passes over at least so many bytes, but no page that was not asked for.
    fn pass(&mut self, bytes: u64) -> u64 {
        let mut passed = 0;
        loop {
            passed += (self.to - self.from) as u64;
            self.from = self.to;
            if passed >= bytes {
                return passed;
            }
            self.more();
        }
    }

    fn more(&mut self) {
        let length = self.tcp.read(&mut self.piece).expect("the answer goes on");
        assert!(length > 0, "the answer ends too early");
        (self.from, self.to) = (0, length);
    }
}
