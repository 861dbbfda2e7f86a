//! Readers that ask and then take nothing: how much of what they asked for the server holds for them,
//! and whether it lets go of them.

use std::{
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::{
    audience::{ask, ask_for},
    disk,
    process::{memory, open_files},
    readers::{STREAM, Way},
    reads, run, say,
    server::{Kind, Server},
};

const READERS: usize = 100;

/// Bytes that are appended while readers of the live stream take nothing.
const FED_BYTES: u64 = 12_000_000;

/// Bytes of the stream that is asked for, in one page.
const PAGE_BYTES: u64 = 16_600_000;

/// How long memory gets to settle.
const PAUSE: Duration = Duration::from_secs(3);

/// How long it is watched whether readers are cut, and the limit that ours is given.
const WATCHED: Duration = Duration::from_secs(30);
const STALL_LIMIT: &str = "10s";

/// A server with one stream. Ours gives a page all that there is, and cuts sooner than by default.
fn start(kind: Kind, folder: &std::path::Path) -> Server {
    let server = match kind {
        Kind::Ours => {
            let args = ["--page-bytes", "32MiB", "--stall-limit", STALL_LIMIT];
            Server::ours(folder, &args)
        }
        Kind::Official => Server::start(kind, folder),
    };
    run::create(&server, 1);
    server
}

fn feed(server: &Server, bytes: u64) {
    drop(reads::fill(bytes).run(server.address));
}

fn resident(server: &Server) -> f64 {
    memory(server.id()).map_or(f64::NAN, |(now, _)| now)
}

pub(crate) fn run() {
    say(&format!("{READERS} readers that never read, MB"));
    say(&format!(
        "\nlive, {} MB appended; beside it what the same feed takes without readers",
        FED_BYTES / 1_000_000
    ));
    for way in Way::all() {
        live(way);
    }
    say("\na page of 16.6 MB, asked for when all of it had been read once");
    for kind in Kind::all() {
        page(kind, "JSON", "application/json");
    }
    page(Kind::Ours, "NDJSON", "application/x-ndjson");
}

/// Readers of a live stream.
fn live(way: Way) {
    let folders = [disk::folder(), disk::folder()];
    let [alone, watched] = folders
        .each_ref()
        .map(|folder| start(way.kind, folder.path()));
    let before = resident(&alone);
    feed(&alone, FED_BYTES);
    thread::sleep(PAUSE);
    let fed = resident(&alone) - before;
    drop(alone);

    let files = open_files(watched.id());
    let readers: Vec<_> = (0..READERS)
        .map(|_| ask(watched.address, &way.path("-1")))
        .collect();
    let before = resident(&watched);
    feed(&watched, FED_BYTES);
    let start = Instant::now();
    thread::sleep(PAUSE);
    let grown = resident(&watched) - before;
    let cut = gone(&watched, files, start);
    say(&format!(
        "  {:<16}{grown:.1} in all, {fed:.1} without readers, so {:.1} for them; {cut}",
        way.name(),
        grown - fed,
    ));
    drop(readers);
}

/// When the readers were cut, in words.
fn gone(server: &Server, files: usize, start: Instant) -> String {
    while start.elapsed() < WATCHED {
        if open_files(server.id()) < files + READERS / 2 {
            let seconds = start.elapsed().as_secs_f64();
            return format!("cut {seconds:.0} s after the feed, limit {STALL_LIMIT}");
        }
        thread::sleep(Duration::from_millis(200));
    }
    format!("not cut within {} s", WATCHED.as_secs())
}

/// Readers of what there is already.
fn page(kind: Kind, name: &str, accept: &str) {
    let folder = disk::folder();
    let server = start(kind, folder.path());
    feed(&server, PAGE_BYTES);
    let path = format!("{STREAM}?offset=-1");
    let asks = |count| -> Vec<TcpStream> {
        (0..count)
            .map(|_| ask_for(server.address, &path, accept))
            .collect()
    };
    for mut warm in asks(1) {
        let _read = std::io::copy(&mut Until(&mut warm, PAGE_BYTES), &mut std::io::sink());
    }
    let before = resident(&server);
    let readers = asks(READERS);
    thread::sleep(PAUSE);
    let grown = resident(&server) - before;
    let name = format!("{}, {name}", kind.name());
    say(&format!("  {name:<16}{grown:.1} for them"));
    drop(readers);
}

/// As much of a body as is waited for.
struct Until<'a>(&'a mut TcpStream, u64);

impl std::io::Read for Until<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.1 == 0 {
            return Ok(0);
        }
        let length = self.0.read(into)?;
        self.1 = self.1.saturating_sub(length as u64);
        Ok(length)
    }
}
