//! A topic: the streams of its partitions, as its server lists them.

use std::time::{Duration, Instant};

use common::{
    json::{self, Value},
    limits::PARTITIONS_MAX,
    time::Clock,
    wire::{self, STREAMS_PATH},
};
use futures_util::StreamExt;
use reqwest::{Method, Response, Url, header::ACCEPT};
use tokio::time::timeout;

use super::{
    answer::{Answer, advised},
    block::Place,
    body,
    connection::{Connection, Ended, Happened, State},
    partitions::Source,
    request,
    told::Told,
};
use crate::http::{self, Client};

/// Longest description of a topic in bytes: enough for as many partitions as there can be, with
/// names as long as they can be.
const DESCRIPTION_BYTES_MAX: usize = 1024 * 1024;

/// How long a server may take to describe a topic.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether `url` names a topic, rather than a stream.
pub(super) fn is_one(url: &Url) -> bool {
    let name = url.path().strip_prefix(wire::TOPICS_PATH);
    let name = name.and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// Asks for the streams of the topic that `source` names until the server tells.
///
/// # Errors
/// It never will, or not in time.
pub(super) async fn streams(client: &Client, source: &Source) -> Result<Vec<Url>, Ended> {
    let seed = fastrand::u64(..);
    let mut connection = Connection::new(source.patience, seed, Instant::now());
    let mut told = Told::default();
    loop {
        match connection.state.clone() {
            State::Ended(ended) => return Err(ended),
            State::Waiting { until } => {
                tokio::time::sleep_until(until.into()).await;
                connection.step(Happened::Due, Instant::now());
            }
            State::Dialing | State::Streaming { .. } => {
                let limit = connection.wait_max(Some(ANSWER_TIMEOUT), Instant::now());
                match ask(client, &source.url, limit.unwrap_or(ANSWER_TIMEOUT)).await {
                    Ok(streams) => return Ok(streams),
                    Err(happened) => {
                        if let Happened::Lost { why, .. } = &happened {
                            told.tell(why);
                        }
                        connection.step(happened, Instant::now());
                    }
                }
            }
        }
    }
}

async fn ask(client: &Client, url: &Url, limit: Duration) -> Result<Vec<Url>, Happened> {
    let asked = async {
        let request = client.request(Method::GET, url.clone());
        let request = request.map_err(|error| Happened::Refused(error.to_string()))?;
        let request = request.header(ACCEPT, wire::JSON);
        let response = request.send().await.map_err(request::failed)?;
        if http::is_not_let_in(response.status()) {
            return Err(Happened::Refused(client.not_let_in(response.status(), url)));
        }
        let text = description(url, response).await?;
        described(url, &text).map_err(Happened::Refused)
    };
    timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(lost("the server does not answer", None)))
}

/// The text that describes the topic.
async fn description(url: &Url, response: Response) -> Result<String, Happened> {
    let status = response.status();
    let now = Clock::System.now();
    let coding = match Answer::of(status, response.headers(), &Place::Unknown, now) {
        Answer::Stream(head) => head.coding,
        Answer::Later { why, retry_after } => return Err(lost(&why, retry_after)),
        Answer::Refused(why) | Answer::PlaceLost(why) => {
            return Err(Happened::Refused(advised(why, status, url)));
        }
        Answer::NotLetIn(_) | Answer::Gone(_) | Answer::Finished => {
            return Err(Happened::Refused(format!("the server answers {status}")));
        }
    };
    let mut chunks = body::chunks(response, coding);
    let mut text = Vec::new();
    while let Some(chunk) = chunks.next().await {
        text.extend_from_slice(&chunk.map_err(|error| lost(&http::message(&error), None))?);
        if text.len() > DESCRIPTION_BYTES_MAX {
            return Err(Happened::Refused(not_a_topic("it is too long")));
        }
    }
    String::from_utf8(text).map_err(|_| Happened::Refused(not_a_topic("it is not UTF-8")))
}

fn lost(why: &str, retry_after: Option<Duration>) -> Happened {
    Happened::Lost {
        why: why.to_owned(),
        retry_after,
    }
}

fn not_a_topic(why: &str) -> String {
    format!("what the server answers describes no topic: {why}")
}

/// The streams that `text` lists, which all have to be where the topic at `url` is: a server must
/// not send its readers to others. What `url` asks for is asked of each of them.
fn described(url: &Url, text: &str) -> Result<Vec<Url>, String> {
    let mut list = None;
    json::members(text, |key, value| {
        if key.is("streams")
            && let Value::Array(text) = value
        {
            list = Some(text);
        }
    })
    .map_err(|fault| not_a_topic(&fault.to_string()))?;
    let list = list.ok_or_else(|| not_a_topic("it lists no streams"))?;
    let mut streams = Vec::new();
    json::flattened(list, |element| streams.push(stream(url, element)))
        .map_err(|fault| not_a_topic(&fault.to_string()))?;
    let streams: Option<Vec<_>> = streams.into_iter().collect();
    let streams =
        streams.ok_or_else(|| not_a_topic("a stream's path has to begin with /v1/stream/"))?;
    match streams.len() {
        0 => Err(not_a_topic("it lists no streams")),
        1..=PARTITIONS_MAX => Ok(streams),
        more => Err(not_a_topic(&format!(
            "it lists {more} streams, and {PARTITIONS_MAX} are the most"
        ))),
    }
}

/// The URL of the stream whose path `element` is.
fn stream(topic: &Url, element: &str) -> Option<Url> {
    let Ok(Value::String(path)) = json::value(element) else {
        return None;
    };
    let (path, mut stream) = (path.to_string(), topic.clone());
    stream.set_path(&path);
    let paths = [&path, stream.path()];
    let is_there = paths.iter().all(|path| path.starts_with(STREAMS_PATH));
    is_there.then_some(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_topic_is_known_by_its_path() {
        for (path, expected) in [
            ("/v1/topics/t", true),
            ("/v1/topics/t?offset=now", true),
            ("/v1/topics/", false),
            ("/v1/topics", false),
            ("/v1/topics/t/0", false),
            ("/v1/stream/t", false),
            ("/stream", false),
        ] {
            assert_eq!(is_one(&url(&format!("http://h{path}"))), expected, "{path}");
        }
    }

    #[test]
    fn its_streams_are_where_it_is_and_are_asked_for_what_it_is() {
        let text = r#"{"topic":"t","partitions":2,"streams":["/v1/stream/t/0","/v1/stream/t/1"]}"#;
        let streams = described(&url("http://me:secret@h:81/v1/topics/t?offset=now"), text);
        let expected =
            ["0", "1"].map(|n| url(&format!("http://me:secret@h:81/v1/stream/t/{n}?offset=now")));
        assert_eq!(streams.unwrap(), expected);
    }

    #[test]
    fn what_describes_no_topic_is_refused() {
        let many = format!("{{\"streams\":[{}1]}}", "1,".repeat(PARTITIONS_MAX));
        let many = many.replace('1', "\"/v1/stream/t/1\"");
        for (text, why) in [
            ("", "ends too early"),
            ("[]", "lists no streams"),
            ("{}", "lists no streams"),
            (r#"{"streams":[]}"#, "lists no streams"),
            (r#"{"streams":7}"#, "lists no streams"),
            (r#"{"streams":[7]}"#, "has to begin with"),
            (
                r#"{"streams":["http://other/v1/stream/t/0"]}"#,
                "has to begin with",
            ),
            (
                r#"{"streams":["//other/v1/stream/t/0"]}"#,
                "has to begin with",
            ),
            (
                r#"{"streams":["/v1/stream/../../admin"]}"#,
                "has to begin with",
            ),
            (&many, "1025 streams"),
        ] {
            let refused = described(&url("http://h/v1/topics/t"), text).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
