//! Runs jobs in Flink SQL over streams. Without one: reads a stream over HTTP, computes the running
//! average of one field, and prints it.
//!
//! ```text
//! fetch ──Block──→ parse ──Rows──→ transform ──Changes──→ write
//! URL → lines      lines → rows    rows → results         console, files, streams, dead letters, log
//! ```
//!
//! [`run`](fn@run) is the job without a text as a function of its settings, its output and the signal to
//! stop; [`command::act`] is what is done with one in SQL. Both are a [`plan`], which [`run`](mod@run)
//! runs.

pub mod command;
pub mod config;
pub mod fetch;
pub mod fixture;
pub mod parse;
mod progress;
pub mod run;
pub mod tap;
pub mod transform;
pub mod write;

mod average;
mod error;
mod excerpt;
mod http;
mod memory;
#[cfg(test)]
mod proof;
mod token;

use std::{io::Write, net::SocketAddr, sync::Arc};

use common::{
    service::{edge, health, reply},
    wire,
};
use prometheus_client::{metrics::gauge::Gauge, registry::Registry};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use ::plan;
pub use config::Config;
pub use error::Error;
pub use http::Roots;
pub use token::Token;

/// Reads the stream that `config` names, and writes results to `out`, until the stream was read as
/// asked or `stop`. The last thing written is the answer, also where this ends with an error.
///
/// # Errors
/// The stream could not be read as asked.
pub async fn run<W: Write + Send + 'static>(
    config: Config,
    out: W,
    stop: CancellationToken,
) -> Result<(), Error> {
    let mut registry = registry();
    let shown = run::Shown {
        print: config.print,
        gauge: Gauge::default(),
    };
    registry.register("average", "The running average", shown.gauge.clone());
    let status = run::Status::new(average::NAME);
    let run = |watch| average::run(&config, shown, out, watch, stop);
    seen(config.listen, registry, status, run).await?
}

/// The paths of what is served of a job.
const PATHS: &str = "/healthz, /readyz, /metrics, /v1/jobs and /v1/jobs/NAME";

/// For metrics of ours.
fn registry() -> Registry {
    Registry::with_prefix("brooklet")
}

/// Runs a job; who asks at `address` meanwhile is told how it goes.
///
/// # Errors
/// The address is taken, or not ours.
async fn seen<F: Future>(
    address: Option<SocketAddr>,
    mut registry: Registry,
    status: run::Status,
    run: impl FnOnce(run::Watch) -> F,
) -> Result<F::Output, Error> {
    let metrics = run::Metrics::new(&mut registry);
    let edge_metrics = edge::Metrics::default();
    edge_metrics.register(&mut registry);
    registry.register_collector(Box::new(status.clone()));
    let health = Arc::new(health::Health::new(registry));
    let watch = run::Watch::new(health.clone(), metrics, status.reports.clone());
    let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
    if let Some(address) = address {
        let listener = listen(address).await?;
        let json = move |path: &str| {
            let text = status.at(path)?;
            Some(reply::text(hyper::StatusCode::OK, wire::JSON, text))
        };
        let answer = answering(health, json);
        let closing = closing.clone();
        let edge = edge::Edge {
            limits: config::EDGE,
            metrics: edge_metrics,
            tls: None,
        };
        tasks.spawn(edge.serve(listener, answer, closing));
    }
    let ran = run(watch).await;
    closing.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(ran)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let cannot = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    tracing::info!("listening on http://{address} for {PATHS}");
    Ok(listener)
}

/// Answers questions about the service's health, and what `more` knows.
fn answering<M>(
    health: Arc<health::Health>,
    more: M,
) -> impl Fn(hyper::Request<hyper::body::Incoming>) -> std::future::Ready<Response> + Clone
where
    M: Fn(&str) -> Option<Response> + Clone,
{
    move |request| {
        let path = request.uri().path();
        std::future::ready(match *request.method() {
            hyper::Method::GET | hyper::Method::HEAD => health
                .answer(path)
                .or_else(|| more(path))
                .unwrap_or_else(|| reply::not_found(path, PATHS)),
            _ => reply::method_not_allowed("GET, HEAD"),
        })
    }
}

type Response = hyper::Response<reply::Body>;

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use clap::Parser;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const PLACE: &str = "0000000000000007_0000000000000070";
    const AFTER_ONE: &str = "0000000000000008_0000000000000082";

    /// What was printed, which can be looked at behind the end.
    #[derive(Clone, Default)]
    struct Printed(Arc<Mutex<Vec<u8>>>);

    impl Write for Printed {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A head and a body that ends with its connection, before its length: a broken end.
    fn broken(headers: &str, body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n{headers}\r\n{body}")
    }

    fn clean(headers: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
    }

    /// Answers one connection after the other; each request must contain its text.
    async fn serve_script(listener: TcpListener, script: Vec<(&str, String)>) {
        for (expected, answer) in script {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(tcp.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap();
            assert!(request.contains(expected), "{request} has no {expected}");
            tcp.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    /// Runs against a server that answers by `script`; returns what was printed, and the error.
    async fn consume(
        script: Vec<(&str, String)>,
        print: &str,
        args: &[&str],
    ) -> (String, Option<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/stream?a=b", listener.local_addr().unwrap());
        let typed = ["consumer", "--url", &url, "--print", print];
        let args = config::Args::parse_from(typed.iter().chain(args));
        let out = Printed::default();
        let config = Config::try_from(args).unwrap();
        let (ran, ()) = tokio::join!(
            run(config, out.clone(), CancellationToken::new()),
            serve_script(listener, script)
        );
        let error = ran.err().map(|error| error.to_string());
        let printed = out.0.lock().unwrap().clone();
        (String::from_utf8(printed).unwrap(), error)
    }

    async fn check(script: Vec<(&str, String)>, args: &[&str], expected: &str) {
        let (printed, _) = consume(script, "final", args).await;
        assert_eq!(printed, format!("{expected}\n"));
    }

    #[tokio::test]
    async fn a_broken_stream_is_resumed_at_its_place() {
        let head = |place: &str| format!("stream-offset: {place}\r\n");
        let script = vec![
            ("?a=b ", broken(&head(PLACE), "{\"value\":1}\n{\"value")),
            (AFTER_ONE, "HTTP/1.1 503 Busy\r\n\r\n".to_owned()),
            ("?a=b&offset=", broken(&head(AFTER_ONE), "\n")),
            (AFTER_ONE, clean(&head(AFTER_ONE), "x\n{\"value\":2}")),
        ];
        check(script, &["--until-end"], "records 3 rejected 1 average 1.5").await;
    }

    #[tokio::test]
    async fn where_nothing_can_be_resumed_a_new_average_begins() {
        let head = |place: &str| format!("stream-offset: {place}\r\n");
        for (first, second) in [
            (String::new(), String::new()),
            (head(PLACE), head(PLACE)),
            (head(PLACE), String::new()),
        ] {
            let script = vec![
                ("", broken(&first, "{\"value\":1}\n")),
                ("", clean(&second, "{\"value\":5}\n{\"value\":6}\n")),
            ];
            check(
                script,
                &["--records", "2"],
                "records 2 rejected 0 average 5.5",
            )
            .await;
        }
    }

    #[tokio::test]
    async fn a_place_that_is_lost_is_not_asked_for_again() {
        let head = format!("stream-offset: {PLACE}\r\n");
        let script = vec![
            ("", broken(&head, "{\"value\":1}\n")),
            (AFTER_ONE, "HTTP/1.1 410 Gone\r\n\r\n".to_owned()),
            ("?a=b ", clean(&head, "{\"value\":3}\n")),
        ];
        check(script, &["--until-end"], "records 1 rejected 0 average 3.0").await;
    }

    #[tokio::test]
    async fn a_clean_end_may_not_be_the_end() {
        let script = vec![
            ("", clean("", "{\"value\":1}")),
            ("", clean("", "{\"value\":5}")),
            ("", "HTTP/1.1 404 Not Found\r\n\r\n".to_owned()),
        ];
        check(script, &[], "records 1 rejected 0 average 5.0").await;
    }

    #[tokio::test]
    async fn events_are_resumed_by_their_id() {
        let head = "content-type: text/event-stream\r\n";
        let script = vec![
            (
                "",
                broken(head, "id: x1\ndata: {\"value\":1}\n\nid: x2\ndata: {\"val"),
            ),
            (
                "last-event-id: x1",
                broken(head, "id: x2\ndata: {\"value\":2}\n\n"),
            ),
            (
                "last-event-id: x2",
                "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            ),
        ];
        check(script, &[], "records 2 rejected 0 average 1.5").await;
    }

    #[tokio::test]
    async fn an_array_is_read_element_by_element() {
        let body = "[{\"value\":1},\n {\"value\":\"x\"}, {\"value\":2}]";
        let script = vec![("", clean("content-type: application/json\r\n", body))];
        let expected = "{\"records\":3,\"rejected\":1,\"average\":1.5}";
        check(script, &["--until-end", "--output", "json"], expected).await;
    }

    #[tokio::test]
    async fn a_long_record_that_begins_with_nothing_is_a_reject_where_each_is_printed() {
        let long = " ".repeat(common::limits::RECORD_BYTES_MAX);
        let body = format!("{{\"value\":1}}\n{long}{{}}\n{{\"value\":2}}\n");
        let (printed, error) =
            consume(vec![("", clean("", &body))], "each", &["--until-end"]).await;
        let expected = [
            "received {\"value\":1} average 1.0",
            "received {\"value\":2} average 1.5",
            "records 3 rejected 1 average 1.5",
        ];
        assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
        assert_eq!(error, None);
    }

    #[tokio::test]
    async fn records_are_counted_to_the_last_one_asked_for() {
        let body = "x\n{\"value\":1}\n{\"value\":2}\n{\"value\":3}\n";
        for (wanted, expected, error) in [
            ("2", "records 2 rejected 1 average 1.0\n", None),
            ("4", "records 4 rejected 1 average 2.0\n", None),
            (
                "5",
                "records 4 rejected 1 average 2.0\n",
                Some("the stream ended after 4 of the 5 records that were asked for"),
            ),
        ] {
            let result =
                consume(vec![("", clean("", body))], "final", &["--records", wanted]).await;
            assert_eq!(result, (expected.to_owned(), error.map(str::to_owned)));
        }
    }

    #[tokio::test]
    async fn a_broken_value_costs_no_other() {
        let good = "{\"value\":2}\n".repeat(1000);
        for broken in [
            "{\"value\":",
            "{\"value\":\"",
            "{",
            "[{\"value\":\"",
            "\"value",
        ] {
            let body = format!("{{\"value\":2}}\n{broken}\n{good}");
            let script = vec![("", clean("content-type: application/json\r\n", &body))];
            let expected = "records 1002 rejected 1 average 2.0";
            check(script, &["--until-end"], expected).await;
        }
    }

    #[tokio::test]
    async fn an_array_is_found_whatever_its_type() {
        let body = "\u{feff} [{\"value\":1},\n{\"value\":2}]";
        for head in [
            "",
            "content-type: text/plain\r\n",
            "content-type: a/b+json\r\n",
        ] {
            let script = vec![("", clean(head, body))];
            check(script, &["--until-end"], "records 2 rejected 0 average 1.5").await;
        }
    }

    #[tokio::test]
    async fn a_silent_server_is_given_up_in_time() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
        for answer in ["", head] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let typed = ["consumer", "--url", &url, "--retry-for", "50ms"];
            let config = Config::try_from(config::Args::parse_from(typed)).unwrap();
            let silent = async {
                let (mut tcp, _) = listener.accept().await.unwrap();
                tcp.write_all(answer.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            };
            let ended = tokio::select! {
                ended = run(config, Vec::new(), CancellationToken::new()) => ended,
                () = silent => Ok(()),
            };
            let error = ended.unwrap_err();
            let why = std::error::Error::source(&error).unwrap().to_string();
            assert!(why.starts_with("nothing was received for 50ms"), "{why}");
        }
    }

    #[tokio::test]
    async fn what_will_be_refused_again_is_not_tried_again() {
        let script = vec![("", "HTTP/1.1 404 Not Found\r\n\r\n".to_owned())];
        let (printed, error) = consume(script, "final", &[]).await;
        assert_eq!(printed, "records 0 rejected 0 average null\n");
        assert_eq!(error.as_deref(), Some("cannot read the stream"));
    }
}
