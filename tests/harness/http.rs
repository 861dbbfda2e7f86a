//! A plain blocking HTTP client, by `ureq`: small, well kept, and not what the services are built
//! on, so the two sides cannot share a mistake.

use std::io::{self, BufRead, BufReader, Read};

use serde_json::Value;
use ureq::{
    Agent, Body, BodyReader,
    http::{HeaderMap, Request, Response},
};

use crate::PATIENCE;

/// An answer, whatever its status, with its body still to be read.
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: HeaderMap,
    body: BufReader<BodyReader<'static>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.status, self.headers)
    }
}

/// Asks for `url` with these headers.
#[must_use]
pub fn fetch(url: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers
        .iter()
        .fold(agent().get(url), |request, (name, value)| {
            request.header(*name, *value)
        });
    Answer::of(request.call())
}

/// Sends `body` to `url` with these headers.
#[must_use]
pub fn send(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let request = headers
        .iter()
        .fold(agent().post(url), |request, (name, value)| {
            request.header(*name, *value)
        });
    Answer::of(request.send(body))
}

/// Asks by any `method` for `url`, with these headers and this body.
#[must_use]
pub fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let request = Request::builder().method(method).uri(url);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let is_bare = body.is_empty() && !matches!(method, "POST" | "PUT");
    Answer::of(if is_bare {
        agent().run(request.body(()).expect("a valid request"))
    } else {
        agent().run(request.body(body).expect("a valid request"))
    })
}

/// Deletes what is at `url`, if it can be reached.
pub fn remove(url: &str) {
    drop(agent().delete(url).call());
}

/// A client for one request: nothing is left over for the next one to trip over.
fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .new_agent()
}

impl Answer {
    fn of(answer: Result<Response<Body>, ureq::Error>) -> Self {
        let (head, body) = answer.expect("the server answers").into_parts();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body: BufReader::new(body.into_reader()),
        }
    }

    /// The value of a header, empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The next line without its newline; none at a clean end of the body.
    ///
    /// # Errors
    /// The body was aborted.
    pub fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let length = self.body.read_line(&mut line)?;
        let whole = line.strip_suffix('\n').map(str::to_owned);
        Ok((length > 0).then(|| whole.unwrap_or(line)))
    }

    /// The next `count` lines that are not blank, from a body that has them.
    #[must_use]
    pub fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < count {
            let line = self
                .line()
                .expect("the body goes on")
                .expect("the body has more");
            if !line.is_empty() {
                lines.push(line);
            }
        }
        lines
    }

    /// The rest of the body, to its clean end.
    ///
    /// # Errors
    /// The body was aborted.
    pub fn text(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.body.read_to_string(&mut text)?;
        Ok(text)
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(self) -> Value {
        let text = self.text().expect("the body ends cleanly");
        json(&text)
    }
}

/// A text that must be JSON.
#[must_use]
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}
