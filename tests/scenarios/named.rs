//! How tests speak of a stream by its name.

use serde_json::Value;
use tests::{
    Service,
    http::{Answer, ask, fetch},
    producer,
};

pub(crate) const TEXT: (&str, &str) = ("content-type", "text/plain");
pub(crate) const CLOSED: (&str, &str) = ("stream-closed", "true");

pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

/// A stream of a producer.
pub(crate) struct Named<'a> {
    service: &'a Service,
    path: String,
}

pub(crate) fn named<'a>(service: &'a Service, name: &str) -> Named<'a> {
    let path = format!("/v1/stream/{name}");
    Named { service, path }
}

impl Named<'_> {
    pub(crate) fn ask(&self, method: &str, headers: Headers<'_>, body: impl AsRef<[u8]>) -> Answer {
        ask(
            method,
            &self.service.url(&self.path),
            headers,
            body.as_ref(),
        )
    }

    pub(crate) fn put(&self, headers: Headers<'_>, body: impl AsRef<[u8]>) -> Answer {
        self.ask("PUT", headers, body)
    }

    /// Makes it, and says where it ends then.
    pub(crate) fn begin(&self, headers: Headers<'_>, body: impl AsRef<[u8]>) -> String {
        let made = self.put(headers, body);
        made.header("stream-next-offset").to_owned()
    }

    pub(crate) fn post(&self, headers: Headers<'_>, body: impl AsRef<[u8]>) -> Answer {
        self.ask("POST", headers, body)
    }

    pub(crate) fn head(&self) -> Answer {
        self.ask("HEAD", &[], "")
    }

    pub(crate) fn read(&self, query: &str) -> Answer {
        fetch(&self.service.url(&format!("{}?{query}", self.path)), &[])
    }

    /// What is read page by page until it is up to date, and how many pages that takes.
    pub(crate) fn pages(&self, headers: Headers<'_>) -> (Vec<String>, usize) {
        let (mut offset, mut all) = ("-1".to_owned(), Vec::new());
        loop {
            let url = self.service.url(&format!("{}?offset={offset}", self.path));
            let page = fetch(&url, headers);
            assert_eq!(page.status, 200);
            let is_last = page.header("stream-up-to-date") == "true";
            let tail = self.head();
            let next = page.header("stream-next-offset").to_owned();
            assert_eq!(next == tail.header("stream-next-offset"), is_last);
            let is_closed = is_last && tail.header("stream-closed") == "true";
            assert_eq!(page.header("stream-closed") == "true", is_closed);
            offset = next;
            all.push(page.text().expect("a page ends cleanly"));
            if is_last {
                let count = all.len();
                return (all, count);
            }
        }
    }
}

/// A producer that keeps nothing.
pub(crate) fn memory() -> Service {
    producer(&["--source", "none", "--data-dir", "memory"])
}

/// A producer that keeps nothing, and gives small pages.
pub(crate) fn small_pages() -> Service {
    producer(&[
        "--source",
        "none",
        "--data-dir",
        "memory",
        "--page-bytes",
        "4096",
    ])
}

/// Checks that it is a refusal with this status and code.
pub(crate) fn refused(answer: Answer, status: u16, code: &str) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let found = answer.status;
    let problem = answer.json();
    let named = problem.get("code").and_then(Value::as_str);
    assert_eq!((found, named), (status, Some(code)), "{problem}");
}
