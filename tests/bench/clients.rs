//! Many connections on one thread: a client that costs the machine, which it shares with the
//! server, as little as it can. A request is one write and its answer one read.
//!
//! A connection is idle, or sends, or waits; what became possible is learnt from the system. A
//! request begins when it was due, not when a connection was free for it: so a server that stops
//! for a while does not get away with the requests that it has kept from being sent.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
};

use crate::{request::Request, sample::Sample};

/// What is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) request: Request,
    pub(crate) connections: usize,
    /// The requests go round over so many streams.
    pub(crate) streams: u64,
    pub(crate) until: Until,
    /// Requests a second; without it, whenever a connection is idle.
    pub(crate) rate: Option<f64>,
}

/// When no more is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Time(Duration),
    Requests(u64),
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Milliseconds from the time at which a request was due to its answer.
    pub(crate) acks: Sample,
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
}

impl Plan {
    /// Sends it all to `server`, and waits for every answer.
    pub(crate) fn run(&self, server: SocketAddr) -> Outcome {
        let mut crowd = Crowd::gather(self, server);
        let mut events = Vec::with_capacity(self.connections);
        loop {
            crowd.send_what_is_due();
            if crowd.idle.len() == self.connections && crowd.is_over() {
                return crowd.outcome();
            }
            events.clear();
            let pause = crowd.pause();
            match epoll::wait(&crowd.poll, spare_capacity(&mut events), pause.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => unreachable!("the system tells what is possible: {error}"),
            }
            for event in &events {
                crowd.go_on(usize::try_from(event.data.u64()).unwrap_or_default());
            }
        }
    }
}

/// The connections of a run.
struct Crowd<'a> {
    plan: &'a Plan,
    poll: OwnedFd,
    lines: Vec<Line>,
    idle: Vec<usize>,
    start: Instant,
    sent: u64,
    acks: Vec<f64>,
}

/// A connection, and the request that is on its way on it.
struct Line {
    tcp: TcpStream,
    request: Request,
    sent: usize,
    due: Instant,
    answer: Vec<u8>,
    waits_for_room: bool,
}

impl<'a> Crowd<'a> {
    fn gather(plan: &'a Plan, server: SocketAddr) -> Self {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("a poll can be made");
        let start = Instant::now();
        let line = |number| {
            let tcp = TcpStream::connect(server).expect("the server listens");
            tcp.set_nodelay(true).expect("an open socket");
            tcp.set_nonblocking(true).expect("an open socket");
            let told_as = epoll::EventData::new_u64(number);
            epoll::add(&poll, &tcp, told_as, epoll::EventFlags::IN).expect("an open socket");
            Line {
                tcp,
                request: plan.request.clone(),
                sent: 0,
                due: start,
                answer: Vec::new(),
                waits_for_room: false,
            }
        };
        let lines: Vec<_> = (0..plan.connections as u64).map(line).collect();
        Self {
            plan,
            poll,
            idle: (0..lines.len()).collect(),
            lines,
            start: Instant::now(),
            sent: 0,
            acks: Vec::new(),
        }
    }

    fn is_over(&self) -> bool {
        match self.plan.until {
            Until::Time(limit) => self.start.elapsed() >= limit,
            Until::Requests(count) => self.sent >= count,
        }
    }

    /// When the next request is due.
    fn due(&self, now: Instant) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "a few millions")]
        let at = |rate| self.start + Duration::from_secs_f64(self.sent as f64 / rate);
        self.plan.rate.map_or(now, at)
    }

    fn send_what_is_due(&mut self) {
        let now = Instant::now();
        while !self.is_over() && self.due(now) <= now {
            let due = self.due(now);
            let Some(number) = self.idle.pop() else {
                return;
            };
            let stream = self.sent % self.plan.streams;
            self.sent += 1;
            let Some(line) = self.lines.get_mut(number) else {
                return;
            };
            line.request.aim(stream);
            (line.sent, line.due) = (0, due);
            self.go_on(number);
        }
    }

    /// How long there is nothing to send; none when that depends on an answer.
    fn pause(&self) -> Option<Timespec> {
        let now = Instant::now();
        let wait = self.due(now).saturating_duration_since(now);
        let sends_by_the_clock = self.plan.rate.is_some() && !self.idle.is_empty();
        sends_by_the_clock
            .then(|| Timespec::try_from(wait).ok())
            .flatten()
    }

    /// Goes on with what connection `number` was about.
    fn go_on(&mut self, number: usize) {
        let Some(line) = self.lines.get_mut(number) else {
            return;
        };
        let waited = line.waits_for_room;
        let answered = line.advance().expect("the server keeps its connections");
        if line.waits_for_room != waited {
            let room = if line.waits_for_room {
                epoll::EventFlags::OUT
            } else {
                epoll::EventFlags::empty()
            };
            let told_as = epoll::EventData::new_u64(number as u64);
            epoll::modify(&self.poll, &line.tcp, told_as, epoll::EventFlags::IN | room)
                .expect("an open socket");
        }
        if answered {
            self.acks.push(line.due.elapsed().as_secs_f64() * 1e3);
            self.idle.push(number);
        }
    }

    fn outcome(self) -> Outcome {
        #[expect(clippy::cast_precision_loss, reason = "a few millions")]
        let requests = self.acks.len() as f64;
        Outcome {
            requests,
            seconds: self.start.elapsed().as_secs_f64(),
            acks: Sample::new(self.acks),
        }
    }
}

impl Line {
    /// Sends and reads what can be; says whether the answer is there.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.request.rest(self.sent);
            if rest.is_empty() {
                break;
            }
            match self.tcp.write(rest) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.waits_for_room = true;
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
            if self.request.rest(self.sent).is_empty() {
                // The answer cannot be there yet.
                self.waits_for_room = false;
                return Ok(false);
            }
        }
        let mut piece = [0; 4096];
        let length = match self.tcp.read(&mut piece) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        self.answer
            .extend_from_slice(piece.get(..length).unwrap_or_default());
        let whole = is_whole(&self.answer);
        if whole {
            self.answer.clear();
        }
        Ok(whole)
    }
}

/// Whether all of an answer is there. Panics when it is a refusal.
fn is_whole(answer: &[u8]) -> bool {
    if answer.starts_with(b"HTTP/1.1 204 ") {
        return answer.ends_with(b"\r\n\r\n");
    }
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    assert!(
        head.starts_with("http/1.1 20"),
        "{}",
        String::from_utf8_lossy(answer)
    );
    let length = head.split("content-length:").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
    body.len() >= length.unwrap_or(0_usize)
}
