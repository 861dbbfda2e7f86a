//! Drives the [`Connection`]: sends its requests, reads its bodies, waits its waits.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::{service::telemetry::chain, time::Clock};
use futures_util::{Stream, StreamExt};
use reqwest::{Client, Response, Url};
use tokio::time::{error::Elapsed, timeout};

use super::{
    Fetched,
    answer::{Answer, Head},
    block::{Framed, Place},
    body::{self, Chunks},
    connection::{Connection, Happened, Patience, State},
    excerpt,
    frame::{Form, Framer},
    request,
};

/// How long a server may take to answer, at least.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a server that counts its records may be silent: it promises a sign of life every five
/// seconds.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// What is said when a body ends that need not be the end of the stream.
const CLEAN_END: &str = "the server has ended the stream; more may come";

/// A stream to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is.
    pub url: Url,
    /// Whether a clean end of the body is the end of the stream; else more may come later.
    pub until_end: bool,
    /// How long nothing may come before the connection is taken for lost. None is as the server
    /// deserves: 15 s where it promises signs of life, else for ever.
    pub idle_timeout: Option<Duration>,
    /// For how long to try.
    pub patience: Patience,
}

/// Reads `source` to its end. The stream holds back what is not asked for: it reads no further.
///
/// # Errors
/// The system gives no client.
pub fn stream(source: Source) -> reqwest::Result<impl Stream<Item = Fetched> + Send> {
    let reader = Box::new(Reader::new(source)?);
    Ok(futures_util::stream::unfold(reader, |mut reader| async {
        let fetched = reader.next().await?;
        Some((fetched, reader))
    }))
}

struct Reader {
    source: Source,
    client: Client,
    connection: Connection,
    body: Option<Body>,
    /// How the last body held its records, and their framer: it knows the place to go on from.
    form: Form,
    framer: Framer,
    /// What is yet to be told before the body is read on.
    news: VecDeque<Fetched>,
    /// Records came, and so there is something to go on with.
    begun: bool,
    connected: bool,
    /// The loss that was told last.
    told: Option<String>,
    over: bool,
    clock: Clock,
}

struct Body {
    chunks: Chunks,
    silence_max: Option<Duration>,
}

impl Reader {
    fn new(source: Source) -> reqwest::Result<Self> {
        let seed = fastrand::u64(..);
        tracing::debug!(seed, "the jitter of waits");
        Ok(Self {
            client: request::client(&source.url)?,
            connection: Connection::new(source.patience, seed, Instant::now()),
            source,
            body: None,
            form: Form::default(),
            framer: Framer::new(Form::default(), Place::Unknown),
            news: VecDeque::new(),
            begun: false,
            connected: false,
            told: None,
            over: false,
            clock: Clock::System,
        })
    }

    async fn next(&mut self) -> Option<Fetched> {
        while !self.over {
            if let Some(fetched) = self.news.pop_front().or_else(|| self.framed()) {
                return Some(fetched);
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
                    return Some(Fetched::Ended(ended));
                }
            }
        }
        None
    }

    fn step(&mut self, happened: Happened) {
        self.connection.step(happened, Instant::now());
    }

    fn framed(&mut self) -> Option<Fetched> {
        Some(match self.framer.next()? {
            Framed::Block(block) => Fetched::Block(block),
            Framed::Gap { from, to } => {
                let (from, to) = (excerpt::quoted(&from), excerpt::quoted(&to));
                tracing::warn!("records from {from} to {to} are missing; a new average begins");
                Fetched::Anew
            }
        })
    }

    async fn dial(&mut self) {
        let (url, place) = (&self.source.url, self.framer.place());
        let request = request::request(&self.client, url, place, self.form);
        let limit = ANSWER_TIMEOUT.max(self.source.idle_timeout.unwrap_or_default());
        let limit = self.connection.wait_max(Some(limit), Instant::now());
        match within(limit, request.send()).await {
            Ok(Ok(response)) => self.answered(response),
            Ok(Err(error)) if error.is_builder() || error.is_redirect() => {
                self.step(Happened::Refused(without_url(error)));
            }
            Ok(Err(error)) => self.lost(without_url(error), None),
            Err(Elapsed { .. }) => self.lost("the server does not answer".to_owned(), None),
        }
    }

    fn answered(&mut self, response: Response) {
        let asked = self.framer.place();
        let now = self.clock.now();
        match Answer::of(response.status(), response.headers(), asked, now) {
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
            Answer::Finished => self.step(Happened::Finished),
            Answer::Refused(why) => self.step(Happened::Refused(why)),
        }
    }

    /// Says whether the body goes on where the last one ended.
    fn connected(&mut self, head: Head) {
        let Head { form, place, .. } = head;
        let asked = self.framer.place();
        let again = std::mem::replace(&mut self.connected, true);
        self.news.push_back(Fetched::Connected { again });
        let goes_on = place == *asked && place != Place::Unknown;
        if self.begun && !goes_on {
            tracing::warn!("{}; a new average begins", break_between(asked, &place));
            self.news.push_back(Fetched::Anew);
            self.begun = false;
        } else if let Some(gap) = head.gap {
            tracing::warn!("records are missing, from/to {gap}");
        } else if self.told.as_deref() == Some(CLEAN_END) {
            tracing::debug!("connected again, at {place}");
        } else if place == Place::Unknown {
            tracing::info!("connected; should it break, this server may have to begin anew");
        } else {
            tracing::info!("connected, at {place}");
        }
        self.form = form;
        self.framer.begin(form, place);
    }

    async fn receive(&mut self) {
        let Some(body) = &mut self.body else {
            return self.lost("there is no body".to_owned(), None);
        };
        let limit = self.connection.wait_max(body.silence_max, Instant::now());
        let chunk = within(limit, body.chunks.next()).await;
        match chunk {
            Ok(Some(Ok(chunk))) => self.received(chunk),
            Ok(Some(Err(error))) => self.lost(excerpt::message(&chain(&error)), None),
            Ok(None) => self.ended(),
            Err(Elapsed { .. }) => self.lost("nothing comes any more".to_owned(), None),
        }
    }

    fn received(&mut self, chunk: Bytes) {
        self.framer.push(chunk);
        let records = self.framer.has_framed();
        if records {
            self.begun = true;
            self.told = None;
        }
        self.step(Happened::Received { records });
    }

    /// The body came to a clean end.
    fn ended(&mut self) {
        self.framer.end();
        self.begun |= self.framer.has_framed();
        if self.source.until_end {
            self.step(Happened::Finished);
        } else {
            self.tell(CLEAN_END);
            self.body = None;
            self.step(Happened::Paused {
                why: CLEAN_END.to_owned(),
            });
        }
    }

    /// The connection is of no use any more.
    fn lost(&mut self, why: String, retry_after: Option<Duration>) {
        self.tell(&why);
        self.body = None;
        self.news.push_back(Fetched::Lost);
        self.step(Happened::Lost { why, retry_after });
    }

    /// Says why there is no connection: once, however often it happens in a row.
    fn tell(&mut self, why: &str) {
        if self.told.as_deref() == Some(why) {
            tracing::debug!("{why}; trying again");
        } else {
            tracing::warn!("{why}; trying again");
            self.told = Some(why.to_owned());
        }
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

/// What went wrong, but without the URL, in which secrets may stand.
fn without_url(error: reqwest::Error) -> String {
    excerpt::message(&chain(&error.without_url()))
}
