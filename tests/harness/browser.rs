//! A real browser, driven over WebDriver: Debian's chromium without a window.

use std::path::Path;

use serde_json::{Value, json};

use crate::{Service, http, tool::tool};

/// A browser with one page. Drop closes it.
#[derive(Debug)]
pub struct Browser {
    session: String,
    _profile: tempfile::TempDir,
    _driver: Service,
}

impl Browser {
    /// A browser, where there is one.
    #[must_use]
    pub fn open() -> Option<Self> {
        let (chromium, driver) = (tool("chromium")?, tool("chromedriver")?);
        let driver = Service::start(&driver, ["--port=0"]);
        let started = driver.prints("started successfully on port ");
        let port = started
            .trim_end_matches('.')
            .rsplit(' ')
            .next()
            .unwrap_or_default();
        let driver_url = format!("http://127.0.0.1:{port}");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let wanted = capabilities(&chromium, profile.path());
        let session = call(&format!("{driver_url}/session"), &wanted);
        let id = session.pointer("/sessionId").and_then(Value::as_str);
        let id = id.expect("a session has an id");
        Some(Self {
            session: format!("{driver_url}/session/{id}"),
            _profile: profile,
            _driver: driver,
        })
    }

    /// Goes to `url`.
    pub fn go(&self, url: &str) {
        call(&format!("{}/url", self.session), &json!({ "url": url }));
    }

    /// What `script`, the body of a function whose last argument is a callback, calls back with.
    #[must_use]
    pub fn run(&self, script: &str) -> Value {
        let script = json!({ "script": script, "args": [] });
        call(&format!("{}/execute/async", self.session), &script)
    }
}

/// Chromium without a window, bound to the life of its driver by the pipe between them.
fn capabilities(chromium: &Path, profile: &Path) -> Value {
    let profile = format!("--user-data-dir={}", profile.display());
    let args = [
        "--headless=new",
        // A container's root has no sandbox, and its /dev/shm is small.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--remote-debugging-pipe",
        &profile,
    ];
    json!({ "capabilities": { "alwaysMatch": {
        "timeouts": { "script": 60_000 },
        "goog:chromeOptions": { "binary": chromium, "args": args },
    } } })
}

fn call(url: &str, body: &Value) -> Value {
    let content_type = ("content-type", "application/json");
    let answer = http::send(url, &[content_type], body.to_string().as_bytes());
    let status = answer.status;
    let mut answer = answer.json();
    assert_eq!(status, 200, "{url}: {answer}");
    answer.get_mut("value").map(Value::take).unwrap_or_default()
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver alone would leave the browser running.
        http::remove(&self.session);
    }
}
