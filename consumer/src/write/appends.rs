//! Rows to a producer, as NDJSON: to a stream, each request numbered so that what is sent again is
//! appended once; or to a topic.

use std::{
    io,
    time::{Duration, Instant},
};

use common::wire;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header::CONTENT_TYPE};

use super::json::{self, Moments, Shape};
use crate::{
    excerpt,
    http::{self, Client},
    transform::Changes,
};

/// A request holds no more than this.
const REQUEST_BYTES: usize = 1024 * 1024;

/// For how long a server may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The waits before further attempts.
const WAIT_MIN: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// A stream or topic that is appended to.
#[derive(Debug)]
pub struct Appends {
    client: Client,
    url: Url,
    /// Who appends; none for a topic.
    writer: Option<String>,
    number: u64,
    /// For how long to try; none is for ever.
    retry_for: Option<Duration>,
    moments: Moments,
    lines: Vec<u8>,
}

/// What came of a request.
enum Answer {
    Done,
    /// It may be tried again.
    Later {
        why: String,
        after: Option<Duration>,
    },
}

impl Appends {
    /// Makes sure that the stream is there; a topic has to be. `writer` is a name that no other run
    /// of a job has.
    ///
    /// # Errors
    /// It is not there, or cannot be reached.
    pub(crate) async fn open(
        client: Client,
        url: Url,
        writer: &str,
        retry_for: Option<Duration>,
    ) -> io::Result<Self> {
        let is_stream = url.path().starts_with(wire::STREAMS_PATH);
        let appends = Self {
            client,
            url,
            writer: is_stream.then(|| writer.to_owned()),
            number: 0,
            retry_for,
            moments: Moments::Sql,
            lines: Vec::new(),
        };
        if is_stream {
            appends.until_done(|appends| appends.create()).await?;
        }
        Ok(appends)
    }

    /// The same, with moments written so.
    #[must_use]
    pub const fn with(mut self, moments: Moments) -> Self {
        self.moments = moments;
        self
    }

    /// Appends rows, which must all be new where a line is a row.
    ///
    /// # Errors
    /// The server refuses them, or cannot be reached.
    pub async fn write(&mut self, changes: &Changes, shape: Shape) -> io::Result<()> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.clear();
        json::changes(changes, shape, self.moments, &mut lines).map_err(io::Error::other)?;
        let mut rest = &lines[..];
        while !rest.is_empty() {
            let (body, others) = whole_lines(rest);
            self.until_done(|appends| appends.append(body)).await?;
            self.number += 1;
            rest = others;
        }
        self.lines = lines;
        Ok(())
    }

    async fn create(&self) -> io::Result<Answer> {
        let request = self.request(Method::PUT)?.header(CONTENT_TYPE, wire::JSON);
        self.answer(request.timeout(ANSWER_TIMEOUT).send().await)
            .await
    }

    async fn append(&self, body: &[u8]) -> io::Result<Answer> {
        let mut request = self
            .request(Method::POST)?
            .header(CONTENT_TYPE, wire::NDJSON)
            .timeout(ANSWER_TIMEOUT)
            .body(body.to_vec());
        if let Some(writer) = &self.writer {
            request = request
                .header(wire::PRODUCER_ID, writer)
                .header(wire::PRODUCER_EPOCH, 0)
                .header(wire::PRODUCER_SEQ, self.number);
        }
        self.answer(request.send().await).await
    }

    fn request(&self, method: Method) -> io::Result<RequestBuilder> {
        let request = self.client.request(method, self.url.clone());
        request.map_err(io::Error::other)
    }

    async fn answer(&self, answered: reqwest::Result<Response>) -> io::Result<Answer> {
        let response = match answered {
            Ok(response) => response,
            Err(error) => {
                let why = http::message(&error.without_url());
                return Ok(Answer::Later { why, after: None });
            }
        };
        let status = response.status();
        if status.is_success() {
            return Ok(Answer::Done);
        }
        let after = response.headers().get(reqwest::header::RETRY_AFTER);
        let after = after.and_then(|after| after.to_str().ok()?.parse().ok());
        let after = after.map(Duration::from_secs);
        let text = response.text().await.unwrap_or_default();
        let why = self.client.not_let_in(status, &self.url);
        let why = format!("{why}: {}", excerpt::quoted(&text));
        // A token that was good before may just be changed for another one.
        let is_changed =
            http::is_not_let_in(status) && self.number > 0 && self.client.shows_token(&self.url);
        let is_busy = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let may_pass = is_changed || is_busy;
        if may_pass {
            return Ok(Answer::Later { why, after });
        }
        Err(io::Error::other(why))
    }

    /// Tries until it is done.
    async fn until_done<'a, F>(&'a self, attempt: impl Fn(&'a Self) -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<Answer>>,
    {
        let (begun, mut wait) = (Instant::now(), WAIT_MIN);
        loop {
            let Answer::Later { why, after } = attempt(self).await? else {
                return Ok(());
            };
            if self.retry_for.is_some_and(|limit| begun.elapsed() > limit) {
                return Err(io::Error::other(why));
            }
            if wait == WAIT_MIN {
                tracing::warn!("cannot append to {}: {why}; trying again", self.url.path());
            }
            let jitter = wait.mul_f64(fastrand::f64());
            tokio::time::sleep(after.unwrap_or(wait / 2 + jitter)).await;
            wait = (wait * 2).min(WAIT_MAX);
        }
    }
}

/// As many lines as a request holds, and the others.
fn whole_lines(lines: &[u8]) -> (&[u8], &[u8]) {
    if lines.len() <= REQUEST_BYTES {
        return (lines, &[]);
    }
    let (head, tail) = lines.split_at(REQUEST_BYTES);
    let end = memchr::memrchr(b'\n', head).map_or_else(
        || memchr::memchr(b'\n', tail).map_or(lines.len(), |end| REQUEST_BYTES + end + 1),
        |end| end + 1,
    );
    lines.split_at(end)
}
