//! Drives the [`Connection`]: sends its requests, reads its bodies, waits its waits.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::{offset::Offset, time::Clock};
use futures_util::{Stream, StreamExt};
use reqwest::Response;
use tokio::time::{error::Elapsed, timeout};

use super::{
    Fetched,
    answer::{Answer, Head, advised},
    block::{Block, Framed, Origin, Place},
    body::{self, Chunks},
    connection::{Connection, Happened, State},
    frame::{Form, Framer},
    mark::{End, Mark},
    partitions::{Source, labelled},
    progress::Progress,
    request,
    told::Told,
};
use crate::{
    excerpt,
    http::{self, Client},
};

/// How long a server may take to answer, at least.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a server that counts its records may be silent: it promises a sign of life every five
/// seconds.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// What is said when a body ends that need not be the end of the stream.
const CLEAN_END: &str = "the server has ended the stream; more may come";

/// Reads `source`, which is the stream `origin`, to its end. It holds back what is not asked for: it
/// reads no further.
pub(super) fn stream(
    source: Source,
    client: Client,
    origin: Arc<Origin>,
) -> impl Stream<Item = (usize, Fetched)> + Send {
    let reader = Box::new(Reader::new(source, client, origin));
    futures_util::stream::unfold(reader, |mut reader| async {
        let fetched = reader.next().await?;
        Some(((reader.origin.partition, fetched), reader))
    })
}

struct Reader {
    origin: Arc<Origin>,
    source: Source,
    client: Client,
    connection: Connection,
    body: Option<Body>,
    /// How the last body held its records, and their framer: it knows the place to go on from.
    form: Form,
    framer: Framer,
    /// What is yet to be told before the body is read on.
    news: VecDeque<Fetched>,
    progress: Progress,
    /// Records came, and so there is something to go on with.
    begun: bool,
    connected: bool,
    told: Told,
    over: bool,
    clock: Clock,
}

struct Body {
    chunks: Chunks,
    silence_max: Option<Duration>,
}

impl Reader {
    fn new(mut source: Source, client: Client, origin: Arc<Origin>) -> Self {
        let seed = fastrand::u64(..);
        tracing::debug!(seed, "{}the jitter of waits", origin.label);
        source.url = request::for_machines(&source.url);
        Self {
            client,
            connection: Connection::new(source.patience, seed, Instant::now()),
            source,
            body: None,
            form: Form::default(),
            framer: Framer::new(Form::default(), Place::Unknown),
            news: VecDeque::new(),
            progress: Progress::default(),
            begun: false,
            connected: false,
            told: Told::new(origin.label.clone()),
            origin,
            over: false,
            clock: Clock::System,
        }
    }

    async fn next(&mut self) -> Option<Fetched> {
        while !self.over {
            if let Some(fetched) = self.news.pop_front() {
                return Some(fetched);
            }
            if let Some(framed) = self.framer.next() {
                self.framed(framed);
                continue;
            }
            match self.connection.state.clone() {
                State::Dialing => self.dial().await,
                State::Streaming { .. } => self.receive().await,
                State::Waiting { until } => {
                    tokio::time::sleep_until(until.into()).await;
                    self.step(Happened::Due);
                }
                State::Ended(ended) => {
                    self.over = true;
                    return Some(Fetched::Ended(labelled(ended, &self.origin.label)));
                }
            }
        }
        None
    }

    fn step(&mut self, happened: Happened) {
        self.connection.step(happened, Instant::now());
    }

    fn framed(&mut self, framed: Framed) {
        match framed {
            Framed::Records {
                place,
                counted,
                content,
            } => self.news.push_back(Fetched::Block(Block {
                origin: self.origin.clone(),
                proved: self.progress.take_proof(),
                place,
                counted,
                content,
            })),
            Framed::Mark { counted, mark } => self.marked(&counted, mark),
            Framed::Gap { from, to } => {
                let label = &self.origin.label;
                let (from, to) = (excerpt::quoted(&from), excerpt::quoted(&to));
                tracing::warn!(
                    "{label}records from {from} to {to} are missing; a new average begins"
                );
                self.news.push_back(Fetched::Anew);
            }
        }
    }

    /// A mark came after records that were counted up to `counted`.
    fn marked(&mut self, counted: &Place, mark: Mark) {
        match self.progress.marked(counted, &mark) {
            Ok(lag) => {
                self.news.extend(lag.map(Fetched::Lag));
                if let Some(end) = mark.end {
                    self.last_mark(end);
                }
            }
            Err(contradiction) => {
                self.go_back();
                if contradiction.is_final {
                    self.step(Happened::Refused(contradiction.why));
                } else {
                    self.lost(contradiction.why, None);
                }
            }
        }
    }

    fn last_mark(&mut self, end: End) {
        match end {
            End::Closed => self.step(Happened::Finished),
            End::Deleted => self.step(Happened::Refused("the stream was deleted".to_owned())),
            End::Drain { retry_after } => {
                let when = retry_after.map_or("soon".to_owned(), |time| format!("in {time:?}"));
                let why = format!("the server goes away for a while; trying again {when}");
                self.told.announce(&why);
                self.leave(why, retry_after);
            }
            End::Overrun => self.lost("what comes next is no longer kept".to_owned(), None),
            End::Damaged => {
                self.lost("what comes next is damaged on the server".to_owned(), None);
            }
            End::Other(why) => self.lost(format!("the server ends the body: {why}"), None),
        }
    }

    /// To the last place that is certain: what came since then comes again.
    fn go_back(&mut self) {
        self.framer.begin(self.form, self.progress.proved().clone());
        if !self.progress.is_news() {
            self.news.push_back(Fetched::Again);
        }
    }

    async fn dial(&mut self) {
        let (url, place) = (&self.source.url, self.framer.place());
        let request = match request::request(&self.client, url, place, self.form) {
            Ok(request) => request,
            Err(error) => return self.not_let_in(error.to_string()),
        };
        let limit = ANSWER_TIMEOUT.max(self.source.idle_timeout.unwrap_or_default());
        let limit = self.connection.wait_max(Some(limit), Instant::now());
        match within(limit, request.send()).await {
            Ok(Ok(response)) => self.answered(response),
            Ok(Err(error)) => match request::failed(error) {
                Happened::Lost { why, retry_after } => self.lost(why, retry_after),
                refused => self.step(refused),
            },
            Err(Elapsed { .. }) => self.lost("the server does not answer".to_owned(), None),
        }
    }

    fn answered(&mut self, response: Response) {
        let asked = self.framer.place();
        let (status, now) = (response.status(), self.clock.now());
        match Answer::of(status, response.headers(), asked, now) {
            Answer::Stream(head) => {
                let coding = head.coding;
                let silence_max = head.counts.then_some(SILENCE_MAX);
                self.connected(head);
                self.body = Some(Body {
                    chunks: body::chunks(response, coding),
                    silence_max: self.source.idle_timeout.or(silence_max),
                });
                self.step(Happened::Answered);
            }
            Answer::Later { why, retry_after } => self.lost(why, retry_after),
            Answer::PlaceLost(why) => {
                self.framer.begin(self.form, Place::Unknown);
                self.lost(format!("the place to go on from is lost: {why}"), None);
            }
            Answer::Gone(earliest) => self.gone(earliest),
            Answer::Finished => self.step(Happened::Finished),
            Answer::NotLetIn(status) => {
                self.not_let_in(self.client.not_let_in(status, &self.source.url));
            }
            Answer::Refused(why) => {
                self.step(Happened::Refused(advised(why, status, &self.source.url)));
            }
        }
    }

    /// The server does not let this reader in. Where it has done so with a token, that may just be
    /// changed for another one.
    fn not_let_in(&mut self, why: String) {
        if self.connected && self.client.shows_token(&self.source.url) {
            self.lost(why, None);
        } else {
            self.step(Happened::Refused(why));
        }
    }

    /// What comes next is no longer kept: the reader goes on at the earliest that is.
    fn gone(&mut self, earliest: Offset) {
        let asked = match self.framer.place() {
            Place::Unknown => "the place that was asked for".to_owned(),
            place => place.to_string(),
        };
        let mut why = format!("records from {asked} to {earliest} are missing: no longer kept");
        if self.begun {
            why.push_str("; a new average begins");
        }
        self.begin_anew(Place::Counted(earliest));
        self.framer.begin(self.form, Place::Counted(earliest));
        self.lost(why, None);
    }

    /// What comes at `place` does not go on with what came before.
    fn begin_anew(&mut self, place: Place) {
        if std::mem::replace(&mut self.begun, false) {
            self.news.push_back(Fetched::Anew);
        }
        self.progress = Progress::at(place);
    }

    /// Says whether the body goes on where the last one ended.
    fn connected(&mut self, head: Head) {
        let Head { form, place, .. } = head;
        let (asked, label) = (self.framer.place(), &self.origin.label);
        let again = std::mem::replace(&mut self.connected, true);
        self.news.push_back(Fetched::Connected { again });
        let goes_on = place == *asked && place != Place::Unknown;
        if self.begun && !goes_on {
            let why = break_between(asked, &place);
            tracing::warn!("{label}{why}; a new average begins");
        } else if let Some(gap) = head.gap {
            tracing::warn!("{label}records are missing, from/to {gap}");
        } else if self.told.is(CLEAN_END) {
            tracing::debug!("{label}connected again, at {place}");
        } else if place == Place::Unknown {
            tracing::info!("{label}connected; should it break, this server may have to begin anew");
        } else {
            tracing::info!("{label}connected, at {place}");
        }
        if !goes_on {
            self.begin_anew(place.clone());
        }
        self.told.is_back();
        self.progress.begin_body();
        self.form = match form {
            Form::Lines if request::asks_for_marks(&self.source.url) => Form::MarkedLines,
            form => form,
        };
        self.framer.begin(self.form, place);
    }

    async fn receive(&mut self) {
        let Some(body) = &mut self.body else {
            return self.lost("there is no body".to_owned(), None);
        };
        let limit = self.connection.wait_max(body.silence_max, Instant::now());
        let chunk = within(limit, body.chunks.next()).await;
        match chunk {
            Ok(Some(Ok(chunk))) => self.received(chunk),
            Ok(Some(Err(error))) => self.lost(http::message(&error), None),
            Ok(None) => self.ended(),
            Err(Elapsed { .. }) => self.lost("nothing comes any more".to_owned(), None),
        }
    }

    fn received(&mut self, chunk: Bytes) {
        self.framer.push(chunk);
        let records = self.framer.has_records();
        if records {
            self.begun = true;
            self.told.forget();
        }
        self.step(Happened::Received { records });
    }

    /// The body came to a clean end.
    fn ended(&mut self) {
        if self.progress.is_marked() {
            // Somebody on the way has cut it, and cleanly: a line that has begun may be cut too.
            return self.lost("the body ended without its last mark".to_owned(), None);
        }
        self.framer.end();
        self.begun |= self.framer.has_records();
        if self.source.until_end {
            self.step(Happened::Finished);
        } else {
            self.told.tell(CLEAN_END);
            self.body = None;
            self.step(Happened::Paused {
                why: CLEAN_END.to_owned(),
            });
        }
    }

    /// The connection is of no use any more.
    fn lost(&mut self, why: String, retry_after: Option<Duration>) {
        self.told.tell(&why);
        self.leave(why, retry_after);
    }

    fn leave(&mut self, why: String, retry_after: Option<Duration>) {
        self.body = None;
        self.news.push_back(Fetched::Lost);
        self.step(Happened::Lost { why, retry_after });
    }
}

/// What comes, if it comes within `limit`.
async fn within<T>(limit: Option<Duration>, coming: impl Future<Output = T>) -> Result<T, Elapsed> {
    match limit {
        Some(limit) => timeout(limit, coming).await,
        None => Ok(coming.await),
    }
}

/// What lies between the place that was asked for and the one that was given.
fn break_between(asked: &Place, given: &Place) -> String {
    match (asked, given) {
        (Place::Unknown, _) | (_, Place::Unknown) => {
            "the server cannot resume, and begins anew".to_owned()
        }
        _ => format!("records are missing or begin again: asked for {asked}, given {given}"),
    }
}
