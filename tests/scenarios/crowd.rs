//! Very many readers of one stream: none of them is left out.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tests::{
    PATIENCE,
    http::{ask, send},
    producer,
};

const STREAM: &str = "/v1/stream/crowd";

/// Readers, where there may be so many files.
const READERS: u64 = 10_000;

/// Files that everything else in this process may need meanwhile.
const OTHER_FILES: u64 = 1_000;

const RECORDS: usize = 5;

/// The right to open very many files: there may be too few for two that do.
pub(crate) fn many_files() -> MutexGuard<'static, ()> {
    static TAKEN: Mutex<()> = Mutex::new(());
    // What another test has come to is no matter here.
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn each_of_ten_thousand_readers_gets_each_record() {
    let _turn = many_files();
    let readers = READERS.min(files().saturating_sub(OTHER_FILES));
    let producer = producer(&["--source", "none"]);
    let (url, address) = (producer.url(STREAM), producer.address());
    let json = [("content-type", "application/json")];
    assert_eq!(ask("PUT", &url, &json, b"").status, 201);
    let mut all: Vec<_> = (0..readers).map(|_| read(address)).collect();
    for number in 0..RECORDS {
        let record = format!(r#"{{"number":{number}}}"#);
        assert_eq!(send(&url, &json, record.as_bytes()).status, 204);
    }
    for (reader, tcp) in all.iter_mut().enumerate() {
        assert_eq!(numbers(tcp), [0, 1, 2, 3, 4], "reader {reader}");
    }
}

/// As many files as this process may have open, after asking for the most.
fn files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    let granted = setrlimit(Resource::Nofile, most).map_or(current, |()| maximum);
    granted.unwrap_or(u64::MAX)
}

/// A reader from now on.
fn read(server: SocketAddr) -> TcpStream {
    let mut tcp = TcpStream::connect(server).expect("the server listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("not zero");
    let path = format!("{STREAM}?offset=now&live=ndjson");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    tcp.write_all(request.as_bytes())
        .expect("the server takes requests");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tcp.read_exact(&mut byte).expect("an answer");
        head.extend_from_slice(&byte);
    }
    tcp
}

/// The numbers of the records that come, until all have.
fn numbers(tcp: &mut TcpStream) -> Vec<usize> {
    let mut text = String::new();
    loop {
        let numbers = text.split("\"number\":").skip(1);
        let numbers = numbers.filter_map(|rest| rest.split_once('}')?.0.parse().ok());
        let numbers: Vec<_> = numbers.collect();
        if numbers.len() >= RECORDS {
            return numbers;
        }
        let mut piece = [0; 4096];
        let length = tcp.read(&mut piece).expect("the body goes on");
        assert!(length > 0, "the body ends behind {text}");
        text += &String::from_utf8_lossy(piece.get(..length).unwrap_or_default());
    }
}
