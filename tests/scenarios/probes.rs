//! What people send to a server to see whether it breaks: each probe is answered or closed, in
//! bounded time and memory, while twenty good clients go on being served.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use tests::{
    PATIENCE, Service,
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, INITIAL_WINDOW, PING,
        RST_STREAM, SETTINGS, WINDOW_UPDATE, connect, ends_within, head,
    },
    http::{ask, fetch, send},
    memory::peak_bytes,
    producer,
};

use crate::{
    long_poll::wait_for_readers,
    wire::{JSON, NDJSON},
};

/// How many clients behave well.
const GOOD_CLIENTS: usize = 20;

/// Where they append and read.
const GOOD: &str = "/v1/stream/good";

/// How many connections a probe has, unless it says otherwise.
const PROBES: usize = 50;

/// How often something is said by who is slow.
const DRIP: Duration = Duration::from_millis(100);

/// For how long a control looks whether what has no limit stays open: twice as long as what has one.
const CONTROL: Duration = Duration::from_secs(6);

/// How much more memory than before a probe may take.
const MORE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The limits that probes run into, and those that none does.
const LIMITED: &str = "3s";
const UNLIMITED: &str = "1h";

/// A producer with some history, more than sockets hold, whose every patience is so long.
fn probed(limit: &str) -> Service {
    let limits = [
        "--header-timeout",
        "--stall-limit",
        "--body-timeout",
        "--body-pause",
    ];
    let limits = limits.map(|name| [name, limit]).concat();
    let service = producer(&[&["--source", "numbers@max:1000000"], &limits[..]].concat());
    service.says("all its sources have ended");
    assert_eq!(ask("PUT", &service.url(GOOD), &[JSON], b"").status, 201);
    service
}

/// Runs `probe` on as many connections, while others are served.
fn check(connections: usize, probe: impl Fn(SocketAddr) + Sync) {
    let service = probed(LIMITED);
    let address = service.address();
    // What it costs to serve the good ones is there before.
    good_clients(&service, || {});
    let before = peak_bytes(service.id());
    let (answers, slowest) = good_clients(&service, || {
        thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(|| probe(address));
            }
        });
    });
    let more = peak_bytes(service.id()) - before;
    eprintln!("{answers} good answers, p99 {slowest:?}; {more} bytes more at the peak");
    assert!(more < MORE_BYTES_MAX, "{more} bytes more");
}

/// Appends and reads by good clients until `meanwhile` is over, and by each at least once after it
/// has begun; how many answers they had, and in what time nearly all of them.
fn good_clients(service: &Service, meanwhile: impl FnOnce()) -> (usize, Duration) {
    let is_over = AtomicBool::new(false);
    let url = service.url(GOOD);
    let mut times: Vec<_> = thread::scope(|scope| {
        let served = || {
            let mut times = Vec::new();
            while times.is_empty() || !is_over.load(Ordering::SeqCst) {
                let begun = Instant::now();
                assert_eq!(send(&url, &[NDJSON], b"1").status, 204);
                let page = fetch(&format!("{url}?tail=1&limit=1"), &[]);
                assert_eq!(page.text().expect("a whole answer"), "[1]");
                times.push(begun.elapsed());
            }
            times
        };
        let clients: Vec<_> = (0..GOOD_CLIENTS).map(|_| scope.spawn(served)).collect();
        meanwhile();
        is_over.store(true, Ordering::SeqCst);
        let times = clients
            .into_iter()
            .flat_map(|client| client.join().expect("it is served"));
        times.collect()
    });
    times.sort();
    let nearly_all = times.len() * 99 / 100;
    (
        2 * times.len(),
        times.get(nearly_all).copied().unwrap_or_default(),
    )
}

/// Says `first`, then a byte now and then, until the connection ends: whether it does within
/// `limit`, and what was answered.
fn drip(address: SocketAddr, first: &str, limit: Duration) -> (bool, String) {
    let mut tcp = connect(address);
    let begun = Instant::now();
    let mut answer = Vec::new();
    let mut is_open = tcp.write_all(first.as_bytes()).is_ok();
    tcp.set_read_timeout(Some(DRIP)).expect("it is not zero");
    while is_open && begun.elapsed() < limit {
        let mut said = [0; 1024];
        is_open = match tcp.read(&mut said) {
            Ok(0) => false,
            Ok(length) => {
                answer.extend_from_slice(said.get(..length).unwrap_or_default());
                true
            }
            Err(error) => error.kind() == io::ErrorKind::WouldBlock && tcp.write_all(b"1").is_ok(),
        };
    }
    (!is_open, String::from_utf8_lossy(&answer).into_owned())
}

const SLOW_BODY: &str = "POST /v1/stream/good HTTP/1.1\r\nHost: localhost\r\n\
                         Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
const SLOW_HEAD: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";

#[test]
fn slow_heads_are_cut() {
    check(PROBES, |address| {
        assert!(drip(address, SLOW_HEAD, PATIENCE).0)
    });
    let control = probed(UNLIMITED);
    assert!(!drip(control.address(), SLOW_HEAD, CONTROL).0);
}

#[test]
fn slow_bodies_are_refused() {
    check(PROBES, |address| {
        let (ended, told) = drip(address, SLOW_BODY, PATIENCE);
        assert!(ended && told.starts_with("HTTP/1.1 408"), "{told}");
        // And who does not even drip.
        let told = answer(address, SLOW_BODY.as_bytes());
        assert!(told.starts_with("HTTP/1.1 408"), "{told}");
    });
    let control = probed(UNLIMITED);
    assert!(!drip(control.address(), SLOW_BODY, CONTROL).0);
}

#[test]
fn silent_connections_are_closed() {
    check(PROBES, |address| {
        assert!(ends_within(&mut connect(address), PATIENCE));
    });
    let control = probed(UNLIMITED);
    assert!(!ends_within(&mut connect(control.address()), CONTROL));
}

/// What a connection is answered to `said` before it ends.
fn answer(address: SocketAddr, said: &[u8]) -> String {
    let mut tcp = connect(address);
    // It may be closed before all was said.
    drop(tcp.write_all(said));
    let mut answer = Vec::new();
    drop(tcp.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn heads_that_can_be_read_in_two_ways_are_no_two_requests() {
    let two = "POST /v1/stream/good HTTP/1.1\r\nHost: localhost\r\n\
               Content-Type: application/json\r\nContent-Length: 4\r\n\
               Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n\
               GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let lengths = "POST /v1/stream/good HTTP/1.1\r\nHost: localhost\r\n\
                   Content-Length: 1\r\nContent-Length: 2\r\n\r\n12";
    let hosts = "GET /healthz HTTP/1.1\r\nHost: one\r\nHost: two\r\nConnection: close\r\n\r\n";
    check(PROBES, |address| {
        for said in [two, lengths, hosts] {
            let answer = answer(address, said.as_bytes());
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        }
        assert!(answer(address, lengths.as_bytes()).starts_with("HTTP/1.1 400"));
    });
}

#[test]
fn bodies_that_nobody_wants_do_not_end_the_connection() {
    let service = probed("10s");
    let asked = [
        ("PUT", "/v1/stream/one", "Content-Type: text/plain", 201),
        ("GET", "/v1/stream/one", "X: y", 200),
        ("GET", "/v1/stream/none", "X: y", 404),
        ("OPTIONS", "/v1/stream/one", "X: y", 204),
        (
            "PATCH",
            "/v1/stream/one",
            "Stream-Retention-Bytes: 1048576",
            204,
        ),
        ("DELETE", "/v1/stream/one", "X: y", 204),
    ];
    for (method, path, header, status) in asked {
        let length = if method == "PUT" { 0 } else { 1_000_000 };
        let said = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nContent-Length: {length}\r\n\r\n{}\
             GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "x".repeat(length)
        );
        let answer = answer(service.address(), said.as_bytes());
        let first = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&first), "{method}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{method}: {answer}");
    }
}

#[test]
fn huge_heads_are_refused() {
    let begin = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ";
    let head = |length: usize| [begin, &"x".repeat(length), "\r\n\r\n"].concat();
    let (huge, large) = (head(1_000_000), head(15_000));
    check(PROBES, |address| {
        let huge = answer(address, huge.as_bytes());
        assert!(
            huge.is_empty() || huge.starts_with("HTTP/1.1 431"),
            "{huge}"
        );
        assert!(answer(address, large.as_bytes()).starts_with("HTTP/1.1 200"));
    });
}

/// The streams that a client of HTTP/2 may open, one behind the other.
fn streams() -> impl Iterator<Item = u32> {
    (1..=1_000_000).step_by(2)
}

#[test]
fn requests_that_are_taken_back_at_once_cost_little() {
    const CANCEL: [u8; 4] = 8_u32.to_be_bytes();
    check(PROBES, |address| {
        let mut frames = Frames::connect(address, &[]);
        let cancelled = streams().take(10_000).try_for_each(|stream| {
            frames.get(stream, "/stream")?;
            frames.send(RST_STREAM, 0, stream, &CANCEL)
        });
        // Who is not closed for it is served on.
        let is_open = cancelled.is_ok() && frames.get(1_000_001, "/healthz").is_ok();
        let last = frames.find(|frame| frame.kind == GOAWAY || frame.stream == 1_000_001);
        assert!(!is_open || last.is_some());
    });
}

#[test]
fn heads_without_an_end_are_cut() {
    check(PROBES, |address| {
        let mut frames = Frames::connect(address, &[]);
        let head = head("GET", "/healthz");
        let begun = frames.send(HEADERS, END_STREAM, 1, &head);
        let field = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat().repeat(100);
        let ended = begun
            .and_then(|()| (0..100_000).try_for_each(|_| frames.send(CONTINUATION, 0, 1, &field)));
        assert!(ended.is_err(), "a head of a gigabyte was taken");
    });
}

/// Sends as much of a body as the server lets come before it has taken any.
fn fill(address: SocketAddr) -> Frames {
    let mut frames = Frames::connect(address, &[]);
    let mut windows = [65_535_u32; 2];
    // What it opens further, it says soon after it has begun.
    let mut pings = 0..10;
    let opened = std::iter::from_fn(|| {
        let frame = frames.next()?;
        let is_open = frame.kind != PING || pings.next().is_some();
        if frame.kind == PING || frame.kind == SETTINGS {
            frames.send(PING, 0, 0, &[0; 8]).expect("it is open");
        }
        is_open.then_some(frame)
    });
    for frame in opened {
        let number = |at: usize| {
            let number = frame
                .payload
                .get(at..at + 4)
                .and_then(|four| four.try_into().ok());
            u32::from_be_bytes(number.expect("four bytes"))
        };
        match frame.kind {
            WINDOW_UPDATE => windows[0] += number(0),
            SETTINGS => {
                let mut names = frame.payload.chunks(6).map(|setting| setting.split_at(2).0);
                let at = names.position(|name| name == INITIAL_WINDOW.to_be_bytes());
                windows[1] = at.map_or(windows[1], |at| number(6 * at + 2));
            }
            _ => {}
        }
    }
    let begun = frames.send(HEADERS, END_HEADERS, 1, &head("POST", "/stream"));
    begun.expect("it is open");
    let bytes = windows.into_iter().min().unwrap_or_default() as usize;
    for piece in vec![b' '; bytes].chunks(16 * 1024) {
        frames.send(DATA, 0, 1, piece).expect("it is open");
    }
    frames.send(PING, 0, 0, &[1; 8]).expect("it is open");
    let answer = frames.find(|frame| frame.kind == PING && frame.payload == [1; 8]);
    assert!(answer.is_some(), "all of it was taken in");
    frames
}

#[test]
fn bodies_that_are_not_taken_yet_are_bounded_together() {
    let service = producer(&["--source", "none", "--inflight-bytes", "16MiB"]);
    let before = peak_bytes(service.id());
    let filled: Vec<_> = (0..200).map(|_| fill(service.address())).collect();
    let more = peak_bytes(service.id()) - before;
    eprintln!("{more} bytes more");
    assert!(more < 100 * 1024 * 1024, "{more} bytes more");
    drop(filled);
}

/// Asks for all records as often as may be on one connection, and takes nothing of the answers; how
/// many of them are reset within `limit`.
fn starve(address: SocketAddr, limit: Duration) -> usize {
    let mut frames = Frames::connect(address, &[(INITIAL_WINDOW, 0)]);
    frames.read_timeout(limit);
    for stream in streams().take(100) {
        frames.get(stream, "/stream").expect("it is open");
    }
    let resets = frames.filter(|frame| frame.kind == RST_STREAM);
    resets.take(100).count()
}

#[test]
fn readers_that_open_no_window_are_reset() {
    check(10, |address| assert_eq!(starve(address, PATIENCE), 100));
    let control = probed(UNLIMITED);
    assert_eq!(starve(control.address(), CONTROL), 0);
}

#[test]
fn a_reader_that_opens_no_window_costs_its_neighbours_nothing() {
    let service = probed(LIMITED);
    let mut frames = Frames::connect(service.address(), &[(INITIAL_WINDOW, 0)]);
    frames.get(1, "/stream").expect("it is open");
    frames.get(3, "/stream?limit=3").expect("it is open");
    frames.window(3, 1_000).expect("it is open");
    let (mut neighbour, mut reset) = (0, false);
    while !(reset && neighbour == 3) {
        let frame = frames.next().expect("the connection goes on");
        reset |= frame.kind == RST_STREAM && frame.stream == 1;
        if frame.stream == 3 && frame.kind == DATA {
            neighbour += frame.payload.iter().filter(|&&byte| byte == b'\n').count();
        }
    }
    wait_for_readers(&service, 0);
    frames.get(5, "/healthz").expect("it is open");
    assert!(
        frames.any(|frame| frame.kind == HEADERS
            && frame.flags & END_HEADERS != 0
            && frame.stream == 5)
    );
}
