//! Requests over the simulated network, each on a connection of its own.

use std::time::Duration;

use bytes::Bytes;
use common::{ndjson, offset::Offset, wire};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use turmoil::net::TcpStream;

use super::host;

/// A client that gives up after a while.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) patience: Duration,
}

impl Client {
    /// The answer to a request; none where nobody knows what came of it.
    pub(super) async fn ask(self, request: Request<Full<Bytes>>) -> Option<Response<Bytes>> {
        let answered = with_answer(request, async |answer: Response<Incoming>| {
            let (head, body) = answer.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Response::from_parts(head, body))
        });
        let answer = tokio::time::timeout(self.patience, answered).await.ok()??;
        (!answer.status().is_server_error()).then_some(answer)
    }

    /// Asks until there is an answer, which has to be good.
    pub(super) async fn insist(
        self,
        method: &Method,
        path: &str,
        (content_type, body): (&str, &str),
    ) -> Result<Response<Bytes>, String> {
        loop {
            let request = request(method, path, content_type).body(Full::from(body.to_owned()));
            match self.ask(request.unwrap()).await {
                Some(answer) if answer.status().is_success() => return Ok(answer),
                Some(refused) => return Err(format!("{method} {path}: {refused:?}")),
                None => {}
            }
        }
    }

    /// Reads a stream from its beginning to where it ends now.
    pub(super) async fn read(self, stream: &str) -> Result<Vec<String>, String> {
        let (mut lines, mut at) = (Vec::new(), Offset::default());
        loop {
            let path = format!("{}{stream}?offset={at}", wire::STREAMS_PATH);
            let page = self.insist(&Method::GET, &path, ("", "")).await?;
            lines.extend(ndjson::lines(page.body()).map(text));
            at = next(&page).ok_or("a page does not say where it ends")?;
            if at.record != lines.len() as u64 {
                return Err(format!("{stream}: {} records before {at}", lines.len()));
            }
            if page.headers().contains_key(wire::STREAM_UP_TO_DATE) {
                return Ok(lines);
            }
        }
    }

    /// Reads what is there and what comes from `at` on, until the connection breaks.
    pub(super) async fn follow(self, stream: &str, at: &mut Offset, mut show: impl FnMut(String)) {
        let path = format!("{}{stream}?live=ndjson&offset={at}", wire::STREAMS_PATH);
        let request = request(&Method::GET, &path, "").body(Full::default());
        let read = async |answer: Response<Incoming>| {
            if !answer.status().is_success() {
                return None;
            }
            let mut body = answer.into_body();
            let mut rest = Vec::new();
            while let Some(Ok(frame)) = body.frame().await {
                rest.extend_from_slice(frame.data_ref()?);
                let whole = ndjson::whole_lines(&rest);
                for line in ndjson::lines(&rest[..whole]).filter(|line| !line.is_empty()) {
                    *at = at.advance(1, line.len() as u64 + 1);
                    show(text(line));
                }
                rest.drain(..whole);
            }
            None::<()>
        };
        // How it broke says nothing.
        with_answer(request.unwrap(), read)
            .await
            .unwrap_or_default();
    }
}

/// A request for lines.
pub(super) fn request(
    method: &Method,
    path: &str,
    content_type: &str,
) -> hyper::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header("host", host::NAME)
        .header("accept", wire::NDJSON);
    match content_type {
        "" => request,
        _ => request.header("content-type", content_type),
    }
}

/// What the answer to a request for a page, or to an append, says of the place behind it.
pub(super) fn next<B>(answer: &Response<B>) -> Option<Offset> {
    let next = answer.headers().get(wire::STREAM_NEXT_OFFSET)?;
    match next.to_str().ok()?.parse() {
        Ok(common::offset::Start::At(at)) => Some(at),
        _ => None,
    }
}

/// Whether an answer says that something was appended before.
pub(super) fn is_duplicate<B>(answer: &Response<B>) -> bool {
    answer.status() == StatusCode::NO_CONTENT
}

fn text(line: &[u8]) -> String {
    String::from_utf8(line.to_owned()).unwrap()
}

/// Gives `read` the answer to a request, while the connection is there.
async fn with_answer<T>(
    request: Request<Full<Bytes>>,
    read: impl AsyncFnOnce(Response<Incoming>) -> Option<T>,
) -> Option<T> {
    let tcp = TcpStream::connect((host::NAME, host::PORT)).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.ok()?;
    let exchange = async move { read(sender.send_request(request).await.ok()?).await };
    let (exchanged, _ended) = tokio::join!(exchange, connection);
    exchanged
}
