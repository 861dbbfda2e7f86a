//! A process that may open few files: readers of old records, however many, leave some for who appends.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
};

use tests::{PATIENCE, Service, binaries::binary, producer, service::leashed};

use crate::{durable::end, numbered};

/// How many files there may be, and how many read: with a file each, that is more.
const FILES: &str = "--nofile=300:300";
const READERS: usize = 145;

/// Records that no socket takes at once, and those of a request.
const RECORDS: u64 = 80_000;
const EACH: usize = 1_000;

/// So small that files are opened again and again while records are appended.
const LITTLE: [&str; 6] = [
    "--source",
    "none",
    "--memory-bytes",
    "1MiB",
    "--journal-bytes",
    "64KiB",
];

/// One that has begun to read from the first record, and takes no more.
fn reader(server: SocketAddr) -> TcpStream {
    let mut tcp = TcpStream::connect(server).expect("the server listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("not zero");
    let get = "GET /v1/stream/one?live=ndjson HTTP/1.1\r\nhost: localhost\r\n\r\n";
    tcp.write_all(get.as_bytes()).expect("it takes requests");
    tcp.read_exact(&mut [0; 4096]).expect("an answer");
    tcp
}

#[test]
fn readers_of_old_records_leave_files_for_who_appends() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().to_str().expect("a path of ASCII");
    let place = ["--data-dir", path];
    let mut service = producer(&[&LITTLE[..4], &place].concat());
    numbered::make(&service, "one");
    numbered::append(&service, "one", 0..RECORDS, EACH);
    end(&mut service, "stop");

    let mut few = leashed(Path::new("prlimit"));
    few.arg(FILES).arg(binary("producer")).args(LITTLE);
    few.args(place).args(["--listen", "127.0.0.1:0"]);
    let service = Service::spawn(few);
    let readers: Vec<_> = (0..READERS).map(|_| reader(service.address())).collect();
    let more = RECORDS + 100 * EACH as u64 / 10;
    numbered::append(&service, "one", RECORDS..more, EACH / 10);
    let last = numbered::send(&service, "one", more..more + 1);
    assert_eq!(last.status, 204);
    drop(readers);
}
