//! The document of the wire, `/v1/openapi.json`, against a running producer: what it has is there, and
//! what is answered is in it.
//!
//! `schemathesis` makes the requests. `TESTS_SEED=N` repeats a run, `TESTS_SECONDS=3600` is a long one:
//! `TESTS_SECONDS=3600 cargo test -p tests --test scenarios openapi -- --nocapture`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use serde_json::Value;
use tests::{
    Service,
    binaries::{release, workspace},
    http::{Answer, ask, fetch, send},
    producer,
    service::leashed,
    tool::{skip, tool},
};

use crate::{
    named::{CLOSED, TEXT, memory, named, refused},
    wire::JSON,
};

const DOCUMENT: &str = "/v1/openapi.json";

/// What makes the requests, and of which version.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// For how long it does, in seconds, where nobody says so.
const SECONDS: u64 = 60;

/// All that it looks at but for whether a request is taken: OpenAPI cannot say of parameters that
/// they exclude or need one another.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,\
    allow_header_conformance";

pub(crate) fn document(service: &Service) -> Value {
    fetch(&service.url(DOCUMENT), &[]).json()
}

/// The methods that there are at all, but for CONNECT.
const METHODS: [&str; 8] = [
    "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

#[test]
fn the_document_is_there_for_everybody_who_has_not_got_it() {
    let service = memory();
    let url = service.url(DOCUMENT);
    let check = |method: &str, headers: &[(&str, &str)], status: u16, is_empty: bool| -> Answer {
        let answer = ask(method, &url, headers, b"");
        assert_eq!(answer.status, status, "{method} {headers:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let text = ask(method, &url, headers, b"").text().expect("a clean end");
        assert_eq!(text.is_empty(), is_empty, "{method} {headers:?}");
        answer
    };
    let page = check("GET", &[("origin", "http://a.page")], 200, false);
    assert_eq!(page.header("content-type"), "application/json");
    let tag = page.header("etag").to_owned();
    let head = check("HEAD", &[], 200, true);
    assert_eq!(head.header("etag"), tag);
    let again = check("GET", &[("if-none-match", &tag)], 304, true);
    assert_eq!(again.header("etag"), tag);
    check("GET", &[("if-none-match", "\"other\"")], 200, false);
    check("OPTIONS", &[], 204, true);
    refused(ask("POST", &url, &[], b"1"), 405, "METHOD_NOT_ALLOWED");
}

#[test]
fn a_path_has_the_methods_that_the_document_has() {
    let service = memory();
    let paths = document(&service)["paths"].clone();
    for (path, item) in paths.as_object().expect("paths") {
        let url = path.replace("{name}", "a/b").replace("{topic}", "a");
        let url = url.replace("{id}", "a");
        for method in METHODS {
            // Nothing that exists is read, which might not end.
            let query = if url == "/stream" { "?offset=x" } else { "" };
            let answer = ask(method, &service.url(&format!("{url}{query}")), &[], b"");
            let is_there = item.get(method.to_lowercase()).is_some();
            assert_eq!(answer.status != 405, is_there, "{method} {path}");
        }
    }
}

/// What makes requests by a document.
struct Schemathesis {
    program: PathBuf,
    seed: u64,
}

/// Where it is; or, where it cannot be installed, why not. It is installed beside what is built, and
/// nothing of it is kept in the repository.
fn installed(python: &Path) -> &'static Result<PathBuf, String> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let folder = release().with_file_name(SCHEMATHESIS);
        let program = folder.join("bin/schemathesis");
        if !program.is_file() {
            run(leashed(python).args(["-m", "venv"]).arg(&folder))?;
            let mut pip = leashed(&folder.join("bin/python"));
            run(pip.args(["-m", "pip", "install", "--quiet", SCHEMATHESIS]))?;
        }
        Ok(program)
    })
}

fn run(command: &mut Command) -> Result<(), String> {
    let ran = command.output().map_err(|error| error.to_string())?;
    if ran.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&ran.stderr).into_owned())
}

impl Schemathesis {
    fn installed() -> Option<Self> {
        match installed(&tool("python3")?) {
            Ok(program) => Some(Self {
                program: program.clone(),
                seed: setting("TESTS_SEED").unwrap_or_else(|| std::process::id().into()),
            }),
            Err(why) => {
                skip(&format!("{SCHEMATHESIS} cannot be installed: {why}"));
                None
            }
        }
    }

    /// What it says of a producer by the document at `location`.
    fn run(&self, location: &str, args: &[&str]) -> (bool, String) {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let ran = leashed(&self.program)
            .args(["run", location, "--checks", CHECKS, "--warnings", "off"])
            .args(["--seed", &self.seed.to_string()])
            .args(["--request-timeout", "10", "--continue-on-failure"])
            .args(args)
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("PYTHONPATH", workspace().join("tests/openapi"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(folder.path())
            .output()
            .expect("it can be started");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        eprintln!("schemathesis with TESTS_SEED={}:\n{said}", self.seed);
        (ran.status.success(), said)
    }
}

/// A setting of these tests.
fn setting(name: &str) -> Option<u64> {
    std::env::var_os(name).and_then(|value| value.to_str()?.parse().ok())
}

/// A producer with what the hooks name.
fn service() -> Service {
    let service = producer(&["--source", "none", "--long-poll-timeout", "50ms"]);
    assert_eq!(send(&service.url("/stream"), &[], b"1").status, 200);
    let put = |name: &str, headers: &[(&str, &str)], body: &str| {
        assert_eq!(named(&service, name).put(headers, body).status, 201);
    };
    put("orders", &[JSON], "[1,2,3]");
    put("text", &[TEXT], "one\r\ntwo");
    put("bytes", &[], "\0\u{1}");
    put("closed", &[JSON, CLOSED], "[1,2,3]");
    let topic = br#"{"partitions":2,"key":""}"#;
    let topic = ask("PUT", &service.url("/v1/topics/clicks"), &[], topic);
    assert_eq!(topic.status, 201);
    let of = br#"{"type":"pull-wake","streams":["orders"],"wake_stream":"wakes"}"#;
    let path = "/v1/stream/__ds/subscriptions/kitchen";
    let subscription = ask("PUT", &service.url(path), &[], of);
    assert_eq!(subscription.status, 201);
    service
}

#[test]
fn nothing_is_answered_that_the_document_does_not_have() {
    let Some(schemathesis) = Schemathesis::installed() else {
        return;
    };
    let service = service();
    let seconds = setting("TESTS_SECONDS").unwrap_or(SECONDS).to_string();
    let (is_well, _) = schemathesis.run(&service.url(DOCUMENT), &["--max-time", &seconds]);
    assert!(is_well, "TESTS_SEED={}", schemathesis.seed);
}

#[test]
fn a_document_without_a_status_is_found_out() {
    let Some(schemathesis) = Schemathesis::installed() else {
        return;
    };
    let service = service();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut document = document(&service);
    let statuses = document["paths"]["/v1/topics/{topic}"]["get"]["responses"].as_object_mut();
    statuses
        .expect("statuses")
        .remove("200")
        .expect("it has it");
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).expect("a file");
    let only = ["--url", &service.url(""), "--include-operation-id"];
    let rest = ["describeTopic", "--phases", "coverage,fuzzing"];
    let file = file.to_str().expect("UTF-8");
    let (is_well, said) = schemathesis.run(file, &[&only[..], &rest].concat());
    assert!(
        !is_well && said.contains("ST103 Undocumented status code"),
        "{said}"
    );
}
