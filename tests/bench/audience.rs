//! Many readers of one stream on one thread, each on a connection of its own, that make nothing of
//! what they get but note when it came: a record says when it was sent.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
};

use crate::sample::Sample;

/// What stands before the time in a record, and how many digits that has, in nanoseconds.
const SENT: &[u8] = b"\"sent\":1";
const DIGITS: usize = 15;

/// What is taken from a socket at once.
const PIECE_BYTES: usize = 64 * 1024;

/// How long the audience waits for one more record before it says that some never came.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long nobody looks whether it is over.
const LOOKED_EVERY: Duration = Duration::from_millis(100);

/// How many connections are told of at once.
const EVENTS: usize = 1024;

/// Readers that are connected and have the head of their answer.
#[derive(Debug)]
pub(crate) struct Audience {
    poll: OwnedFd,
    seats: Vec<Seat>,
}

/// A reader: what it has of a record that is not whole yet, and how many it got.
#[derive(Debug)]
struct Seat {
    tcp: TcpStream,
    rest: Vec<u8>,
    heard: u64,
}

/// What an audience got.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Milliseconds from sent to read, over all readers.
    pub(crate) latencies: Sample,
    /// How many records the reader got that got the fewest.
    pub(crate) fewest: u64,
}

/// A record of a hundred bytes, newline or comma included, that says when it was sent: so long after
/// `start`.
pub(crate) fn record(start: Instant) -> String {
    let sent = start.elapsed().as_nanos() % 10_u128.pow(15);
    let text = "a record of one hundred bytes, that says when it was sent";
    format!(r#"{{"sent":1{sent:0DIGITS$},"text":"{text}"}}"#)
}

impl Audience {
    /// Connects so many readers, each of which asks for `path`.
    pub(crate) fn gather(server: SocketAddr, path: &str, readers: usize) -> Self {
        Self::of((0..readers).map(|_| ask(server, path)))
    }

    fn of(readers: impl IntoIterator<Item = TcpStream>) -> Self {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("a poll can be made");
        let seat = |(number, tcp): (u64, TcpStream)| {
            tcp.set_nonblocking(true).expect("an open socket");
            let told_as = epoll::EventData::new_u64(number);
            epoll::add(&poll, &tcp, told_as, epoll::EventFlags::IN).expect("an open socket");
            Seat {
                tcp,
                rest: Vec::new(),
                heard: 0,
            }
        };
        let seats = (0..).zip(readers).map(seat).collect();
        Self { poll, seats }
    }

    /// The readers for whom something has come, waiting so long for it.
    fn told(&self, patience: Duration) -> Vec<usize> {
        let mut events = Vec::with_capacity(EVENTS);
        let patience = Timespec::try_from(patience).expect("a few seconds");
        let told = epoll::wait(&self.poll, spare_capacity(&mut events), Some(&patience));
        told.expect("the system tells what is possible");
        let number = |event: &epoll::Event| usize::try_from(event.data.u64()).ok();
        events.iter().filter_map(number).collect()
    }

    /// Listens until each reader has so many records, or nothing comes any more. What was sent before
    /// `warm` is not counted among the latencies.
    pub(crate) fn listen(&mut self, records: u64, start: Instant, warm: Duration) -> Heard {
        let mut latencies = Vec::new();
        let mut waiting = self
            .seats
            .iter()
            .filter(|seat| seat.heard < records)
            .count();
        let mut piece = vec![0; PIECE_BYTES];
        while waiting > 0 {
            let told = self.told(PATIENCE);
            if told.is_empty() {
                break;
            }
            for number in told {
                let Some(seat) = self.seats.get_mut(number) else {
                    continue;
                };
                let before = seat.heard;
                seat.take(&mut piece, |sent| {
                    if sent >= warm {
                        let took = start.elapsed().saturating_sub(sent);
                        latencies.push(took.as_secs_f64() * 1e3);
                    }
                });
                waiting -= usize::from(before < records && seat.heard >= records);
            }
        }
        Heard {
            latencies: Sample::new(latencies),
            fewest: self.seats.iter().map(|seat| seat.heard).min().unwrap_or(0),
        }
    }
}

impl Seat {
    /// Reads what has come.
    fn read(&mut self, piece: &mut [u8]) -> usize {
        match self.tcp.read(piece) {
            Ok(0) => unreachable!("a live body goes on"),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => unreachable!("a reader was cut: {error}"),
        }
    }

    /// Takes what has come, and says of each record in it when it was sent.
    fn take(&mut self, piece: &mut [u8], mut sent: impl FnMut(Duration)) {
        let length = self.read(piece);
        self.rest
            .extend_from_slice(piece.get(..length).unwrap_or_default());
        let (mut from, whole) = (0, SENT.len() + DIGITS);
        while let Some(at) = find(self.rest.get(from..).unwrap_or_default()) {
            let digits = self.rest.get(from + at + SENT.len()..from + at + whole);
            let Some(digits) = digits else {
                from += at;
                break;
            };
            let number = str::from_utf8(digits)
                .ok()
                .and_then(|text| text.parse().ok());
            sent(Duration::from_nanos(number.expect("a number of digits")));
            self.heard += 1;
            from += at + whole;
        }
        // What may be the beginning of another one is kept.
        let keep = self.rest.len().saturating_sub(from).min(whole);
        self.rest.drain(..self.rest.len() - keep);
    }
}

/// Where the next record says when it was sent.
fn find(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let quote = text.get(from..)?.iter().position(|byte| *byte == b'"')?;
        let at = from + quote;
        if text.get(at..)?.starts_with(SENT) {
            return Some(at);
        }
        if text.len() - at < SENT.len() {
            return None;
        }
        from = at + 1;
    }
}

/// Reads what comes to all of `readers` until it is over; how many bytes that were.
pub(crate) fn drain(readers: Vec<TcpStream>, is_over: &AtomicBool) -> u64 {
    let mut audience = Audience::of(readers);
    let (mut total, mut piece) = (0, vec![0; PIECE_BYTES]);
    while !is_over.load(Ordering::Relaxed) {
        for number in audience.told(LOOKED_EVERY) {
            if let Some(seat) = audience.seats.get_mut(number) {
                total += seat.read(&mut piece) as u64;
            }
        }
    }
    total
}

/// A connection on which `path` was asked for, and the head of the answer has come.
pub(crate) fn ask(server: SocketAddr, path: &str) -> TcpStream {
    ask_for(server, path, "*/*")
}

/// As [`ask`], for what a reader accepts.
pub(crate) fn ask_for(server: SocketAddr, path: &str, accept: &str) -> TcpStream {
    let mut tcp = TcpStream::connect(server).expect("the server listens");
    tcp.set_nodelay(true).expect("an open socket");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\n\r\n");
    tcp.write_all(request.as_bytes())
        .expect("the server takes requests");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        tcp.read_exact(&mut byte).expect("an answer");
        head.extend_from_slice(&byte);
    }
    assert!(
        head.starts_with(b"HTTP/1.1 200 "),
        "{}",
        String::from_utf8_lossy(&head)
    );
    tcp
}
