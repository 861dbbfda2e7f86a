//! `POST ?acks=1`: a body that stays open. What comes of it is appended while more is coming, and the
//! answer says how much of it is durable, a line each time.
//!
//! ```text
//! {"records":3,"next":"…"}
//! {"records":7,"next":"…","end":"complete"}        or "drain", or "refused","problem":{…}
//! ```
//!
//! - One append is under way at a time, and what comes meanwhile gathers for the next: so what is
//!   durable is always a prefix of the body, and the faster it comes the larger the appends get.
//! - Nothing is read while enough has gathered, or the log has no room, or nobody reads the answer.
//! - The sequence of a producer numbers the records of the body, and that of the request is the
//!   first one's. What the log knows of them is passed over, so who was cut off says again all from
//!   any record on that was acknowledged, or from the first.

use std::time::Duration;

use bytes::Bytes;
use common::{
    offset::Offset,
    record,
    service::reply::{self, Aborted, Body},
    wire,
};
use futures_util::{FutureExt, stream};
use hyper::{HeaderMap, Response, body::Frame};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{body::Upload, gathering::Gathering, headers};
use crate::{
    error::Refusal,
    log::{
        Append, Appended, Appending, Closed, Content, DEFAULT, Framing, InUse, Log, Producer,
        Refused, Room, Stream,
    },
};

const CONTENT_TYPE: &str = "content-type";

/// No more is read while so much has gathered: a group of the log has room for several of them.
const GATHERED_BYTES: usize = 1024 * 1024;

/// So much of a line may wait for the rest of it for any time; a longer one has to go on.
const HALF_BYTES: usize = 64 * 1024;

/// How often the sender gets a sign of life while there is nothing else to say.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// For how long a sender may pause when nothing of its body counts any more.
pub(super) const LEAVE: Duration = Duration::from_millis(500);

/// A body that is appended while it comes.
#[derive(Debug)]
pub(super) struct Acks {
    log: Log,
    stream: Stream,
    _in_use: InUse,
    producer: Option<Producer>,
    gathering: Gathering,
    /// Room for what has gathered.
    room: Option<Room>,
    /// A piece of the body that there is no room for yet.
    waiting: Option<Bytes>,
    /// How long a long line may wait for the rest of it.
    pause: Duration,
    /// When the line that has begun has to have gone on.
    due: Option<Instant>,
    under_way: Option<(Content, Appending)>,
    /// How many records of the body are durable, and the place behind them.
    records: u64,
    next: Offset,
    end: Option<End>,
    /// Whether the last line was given.
    is_over: bool,
}

/// Why nothing more is read.
#[derive(Debug)]
enum End {
    Complete,
    Drain,
    Refused(Refusal),
}

impl Acks {
    /// What a request to the stream `default` in its shortest form asks for: there anything is
    /// lines but what says that it is one JSON value.
    pub(super) fn of_short(
        log: &Log,
        headers: &HeaderMap,
        pause: Duration,
    ) -> Result<Self, Refusal> {
        if headers::is_json(headers) {
            return Err(not_lines());
        }
        Self::new(log, DEFAULT, headers, pause)
    }

    /// What a request to a stream asks for that is to be answered while its body comes.
    pub(super) fn of(
        log: &Log,
        name: &str,
        headers: &HeaderMap,
        pause: Duration,
    ) -> Result<Self, Refusal> {
        let content_type = headers::content_type(headers)?.ok_or(Refusal::NoContentType)?;
        if !wire::is_same_type(content_type, wire::NDJSON) {
            return Err(not_lines());
        }
        Self::new(log, name, headers, pause)
    }

    fn new(log: &Log, name: &str, headers: &HeaderMap, pause: Duration) -> Result<Self, Refusal> {
        let stream = log.find(name)?;
        for of_one in [
            wire::STREAM_CLOSED,
            wire::STREAM_SEQ,
            wire::STREAM_MATCH_OFFSET,
        ] {
            if headers.contains_key(of_one) {
                let why = "is for one append, and with acks=1 there are many";
                return Err(Refusal::Header(of_one, why.to_owned()));
            }
        }
        if stream.framing() != Framing::Lines {
            let expected = stream.settings().content_type.clone();
            return Err(Refused::WrongType { expected }.into());
        }
        let tail = stream.tail();
        if tail.closed {
            return Err(Refused::from(Closed { next: tail.next }).into());
        }
        stream.touch();
        Ok(Self {
            log: log.clone(),
            _in_use: stream.in_use(),
            producer: headers::producer(headers)?,
            gathering: Gathering::within(log.memory()),
            room: None,
            waiting: None,
            pause,
            due: None,
            under_way: None,
            records: 0,
            next: tail.next,
            end: None,
            is_over: false,
            stream,
        })
    }

    /// The answer, whose body comes while that of the request does.
    pub(super) async fn answer(
        mut self,
        mut upload: Upload,
        stop: CancellationToken,
    ) -> Response<Body> {
        if upload.is_held_back() {
            // It is asked for before anything is answered.
            let piece = upload.piece().await;
            self.came(piece);
        }
        let lines = stream::unfold((self, upload, stop), |(mut acks, mut upload, stop)| async {
            if let Some(line) = acks.line(&mut upload, &stop).await {
                let line = Ok::<_, Aborted>(Frame::data(line));
                return Some((line, (acks, upload, stop)));
            }
            if !matches!(acks.end, Some(End::Complete)) {
                // Who still sends would not see the last line if the connection just ended.
                upload.rest(LEAVE).await;
            }
            None
        });
        reply::stream(wire::NDJSON, lines)
    }

    /// The next line of the answer; none behind the last one.
    async fn line(&mut self, upload: &mut Upload, stop: &CancellationToken) -> Option<Bytes> {
        loop {
            self.take_where_there_is_room();
            if self.under_way.is_none() {
                if let Some(content) = self.gathering.content() {
                    let room = self.room.take().unwrap_or_else(Room::of_source);
                    self.begin(content, room).await;
                    continue;
                }
                if self.end.is_some() {
                    return self.last();
                }
            }
            let is_idle = self.under_way.is_none();
            let is_wanted = self.end.is_none() && self.gathering.bytes() < GATHERED_BYTES;
            let waiting = self.waiting.as_ref().map(Bytes::len);
            let due = self.due.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                said = done(&mut self.under_way), if !is_idle => {
                    if let Some(line) = self.said(said).await {
                        return Some(line);
                    }
                }
                () = stop.cancelled(), if self.end.is_none() => self.end = Some(End::Drain),
                // Nothing has gathered then: who waits for room holds none.
                room = self.log.reserve(waiting.unwrap_or_default()),
                    if is_idle && waiting.is_some() => self.take(room),
                piece = upload.next(), if is_wanted && waiting.is_none() => self.came(piece),
                () = tokio::time::sleep_until(due), if self.due.is_some() && waiting.is_none() => {
                    let line = self.gathering.line();
                    self.end = Some(End::Refused(Refusal::HalfLine(line, self.pause)));
                }
                () = tokio::time::sleep(SIGN_OF_LIFE) => return Some(Bytes::from_static(b"\n")),
            }
        }
    }

    /// A piece of the body has come, or its end.
    fn came(&mut self, piece: Result<Option<Bytes>, Refusal>) {
        match piece {
            Ok(Some(piece)) => self.waiting = Some(piece),
            Ok(None) => {
                let ended = self.gathering.end();
                self.end = Some(ended.map_or_else(End::refused, |()| End::Complete));
            }
            Err(broken) => self.end = Some(End::Refused(broken)),
        }
    }

    fn take_where_there_is_room(&mut self) {
        if let Some(piece) = &self.waiting
            && let Some(room) = self.log.reserve(piece.len()).now_or_never()
        {
            self.take(room);
        }
    }

    /// Lets gather what was waiting for room.
    fn take(&mut self, room: Room) {
        let Some(piece) = self.waiting.take().filter(|_| self.end.is_none()) else {
            return;
        };
        match &mut self.room {
            Some(held) => held.merge(room),
            None => self.room = Some(room),
        }
        if let Err(refused) = self.gathering.take(&piece) {
            self.end = Some(End::refused(refused));
        }
        let is_long = self.gathering.half_bytes() > HALF_BYTES;
        self.due = is_long.then(|| Instant::now() + self.pause);
    }

    async fn begin(&mut self, content: Content, room: Room) {
        let numbered = |mut producer: Producer| {
            producer.sequence = producer.sequence.saturating_add(self.records);
            producer
        };
        let append = Append {
            content: content.clone(),
            producer: self.producer.clone().map(numbered),
            numbers_records: true,
            ..Append::default()
        };
        match self.log.begin_append(&self.stream, append, room).await {
            Ok(appending) => self.under_way = Some((content, appending)),
            Err(refused) => self.refuse(refused),
        }
    }

    /// What the writer says of the append that was under way, as a line, if it is done.
    async fn said(&mut self, said: Result<Appended, Refused>) -> Option<Bytes> {
        let (content, _) = self.under_way.take()?;
        match said {
            Ok(appended) => {
                self.records += content.records();
                self.next = appended.next;
                Some(self.told(""))
            }
            Err(Refused::Gap { expected, received }) if expected > received => {
                // It was appended before, by a request whose answer was not read to its end.
                let known = content.records().min(expected - received);
                self.records += known;
                let rest = content.behind(known);
                if rest.is_empty() {
                    self.next = self.stream.tail().next;
                    return Some(self.told(""));
                }
                // There was room for it a moment ago.
                self.begin(rest, Room::of_source()).await;
                None
            }
            Err(refused) => {
                self.refuse(refused);
                None
            }
        }
    }

    /// Appends nothing more, for what would come before it was not appended.
    fn refuse(&mut self, refused: Refused) {
        self.gathering = Gathering::within(self.log.memory());
        self.room = None;
        self.end = Some(End::Refused(refused.into()));
    }

    fn last(&mut self) -> Option<Bytes> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        let end = match self.end.as_ref()? {
            End::Complete => r#","end":"complete""#.to_owned(),
            End::Drain => r#","end":"drain""#.to_owned(),
            End::Refused(refusal) => {
                let problem = refusal.problem().to_json();
                format!(r#","end":"refused","problem":{problem}"#)
            }
        };
        Some(self.told(&end))
    }

    fn told(&self, rest: &str) -> Bytes {
        let Self { records, next, .. } = self;
        format!("{{\"records\":{records},\"next\":\"{next}\"{rest}}}\n").into()
    }
}

fn not_lines() -> Refusal {
    let why = "is application/x-ndjson with acks=1: a record a line".to_owned();
    Refusal::Header(CONTENT_TYPE, why)
}

impl End {
    fn refused(refused: record::Refused) -> Self {
        Self::Refused(refused.into())
    }
}

/// What comes of an append that is under way.
async fn done(under_way: &mut Option<(Content, Appending)>) -> Result<Appended, Refused> {
    match under_way {
        Some((_, appending)) => appending.done().await,
        None => std::future::pending().await,
    }
}
