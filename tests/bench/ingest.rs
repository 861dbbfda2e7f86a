//! Records over one connection, each of a hundred bytes and durable when it counts: a body that stays
//! open, beside requests one behind another.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Instant,
};

use crate::{
    clients::{Plan, Until},
    disk,
    process::processor_seconds,
    readers::STREAM,
    request::{RECORD_BYTES, Request, lines},
    run,
    sample::Sample,
    say,
    server::{Kind, Server},
};

const RUNS: usize = 3;

/// Records in a run.
const RECORDS: u64 = 2_000_000;

/// Records in a piece of the body, and in a request.
const PIECE: u32 = 1_000;

pub(crate) fn run() {
    say(&format!(
        "million records of {RECORD_BYTES} B a second over one connection, durable; in turns, median of \
         {RUNS} (least … most); {}",
        disk::syncs()
    ));
    let mut rows: Vec<Row> = vec![Row::new(Kind::Ours, true)];
    rows.extend(Kind::all().into_iter().map(|kind| Row::new(kind, false)));
    for turn in 0..=RUNS {
        rows.iter_mut().for_each(|row| row.measure(turn > 0));
    }
    for row in rows {
        say(&row.line());
    }
}

/// A way to append, and what it came to.
struct Row {
    kind: Kind,
    stays_open: bool,
    rates: Vec<f64>,
    spent: Vec<f64>,
}

impl Row {
    const fn new(kind: Kind, stays_open: bool) -> Self {
        Self {
            kind,
            stays_open,
            rates: Vec::new(),
            spent: Vec::new(),
        }
    }

    fn measure(&mut self, counts: bool) {
        let folder = disk::folder();
        let server = Server::start(self.kind, folder.path());
        run::create(&server, 1);
        let spent = || {
            let (user, system) = processor_seconds(server.id());
            user + system
        };
        let (before, start) = (spent(), Instant::now());
        if self.stays_open {
            stream(server.address);
        } else {
            let plan = Plan {
                request: Request::append(PIECE),
                connections: 1,
                streams: 1,
                until: Until::Requests(RECORDS / u64::from(PIECE)),
                rate: None,
            };
            drop(plan.run(server.address));
        }
        if counts {
            #[expect(clippy::cast_precision_loss, reason = "a few millions")]
            let millions = RECORDS as f64 / 1e6;
            self.rates.push(millions / start.elapsed().as_secs_f64());
            self.spent.push((spent() - before) / millions);
        }
    }

    fn line(self) -> String {
        let way = if self.stays_open {
            "acks=1"
        } else {
            "a request for each 1,000"
        };
        let (rate, spent) = (Sample::new(self.rates), Sample::new(self.spent).median());
        let name = format!("{}, {way}", self.kind.name());
        format!("  {name:<36}{rate}, {spent:.2} CPU s/M records")
    }
}

/// Sends all records in one body, and waits until the last of them is acknowledged.
fn stream(server: SocketAddr) {
    let mut tcp = TcpStream::connect(server).expect("the server listens");
    tcp.set_nodelay(true).expect("an open socket");
    let answer = BufReader::new(tcp.try_clone().expect("an open socket"));
    let acks = thread::spawn(move || {
        let complete = format!("{{\"records\":{RECORDS},");
        let mut lines = answer.lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.starts_with(&complete)),
            "all are acknowledged"
        );
    });
    let head = format!(
        "POST {STREAM}?acks=1 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).expect("the server reads");
    let piece = lines(PIECE);
    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
    for _ in 0..RECORDS / u64::from(PIECE) {
        tcp.write_all(chunk.as_bytes()).expect("the server reads");
    }
    tcp.write_all(b"0\r\n\r\n").expect("the server reads");
    acks.join().expect("the reader of the answer does not fail");
}
