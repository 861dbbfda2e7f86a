//! Other people's clients, as they are, with a producer that is killed under them: all that was
//! acknowledged is there, and who can resume, or says who he is, meets nothing twice.

use std::{fs, path::Path, process::Command, sync::OnceLock};

use tests::{
    Service, binaries::workspace, browser::Browser, foreign::give, npm::Npm, python::Python,
    service::leashed, tool::tool,
};

use crate::restarted::{
    KILLS, Promise, RECORDS, Restarted, Tally, check_read, check_reader, check_writer, feed,
};

/// How many records curl sends in a request.
const RECORDS_EACH: usize = 100;

/// A client that has everything but the stream's URL.
trait Client: FnOnce(&str) -> Command {}
impl<F: FnOnce(&str) -> Command> Client for F {}

/// The command, with the URL and the number of records behind its other arguments.
fn with_url(mut command: Command) -> impl Client {
    move |url: &str| {
        command.args([url, &RECORDS.to_string()]);
        command
    }
}

/// The protocol's client for TypeScript, doing `how`.
fn typescript(how: &str) -> Option<impl Client> {
    static NPM: OnceLock<Option<Npm>> = OnceLock::new();
    let kept = workspace().join("tests/clients");
    let npm = NPM.get_or_init(|| Npm::installed(&kept, "clients"));
    let mut command = npm.as_ref()?.run("durable.mjs");
    command.arg(how);
    Some(with_url(command))
}

/// The protocol's client for Python, doing `how`.
fn python(how: &str) -> Option<impl Client> {
    static PYTHON: OnceLock<Option<Python>> = OnceLock::new();
    let kept = workspace().join("tests/clients");
    let requirements = kept.join("requirements.txt");
    let python = PYTHON.get_or_init(|| Python::with(&requirements, "clients-python"));
    let mut command = python.as_ref()?.run(&kept.join("durable.py"));
    command.arg(how);
    Some(with_url(command))
}

/// aiohttp, doing `how`.
fn aiohttp(how: &str) -> Option<impl Client> {
    let python = Python::having("aiohttp")?;
    let mut command = python.run(&workspace().join("tests/clients/aio.py"));
    command.arg(how);
    Some(with_url(command))
}

/// curl with a request behind another, which it repeats until it has an answer; with `headers`, of
/// which each is told the number of its request.
fn curl(folder: &Path, headers: fn(usize) -> String) -> Option<impl Client> {
    let curl = tool("curl")?;
    let requests = folder.join("requests");
    Some(move |url: &str| {
        let mut text = String::from("fail-early\n");
        for request in 0..RECORDS / RECORDS_EACH {
            let (first, next) = (request * RECORDS_EACH, (request + 1) * RECORDS_EACH);
            let records: String = (first..next).map(record).collect();
            let headers = headers(request);
            let each = format!(
                "next\nurl = {url}\nfail\nretry = 100\nretry-delay = 1\nretry-all-errors\n\
                 header = \"content-type: application/x-ndjson\"\n{headers}\
                 data-binary = {records:?}\nwrite-out = \"acknowledged {next}\\n\"\n"
            );
            text.push_str(each.trim_start_matches(if request == 0 { "next\n" } else { "" }));
        }
        fs::write(&requests, text).expect("a file can be written");
        let mut command = leashed(&curl);
        command.args(["--silent", "--config"]).arg(requests);
        command
    })
}

fn record(number: usize) -> String {
    format!("{{\"number\":{number}}}\n")
}

/// Lets a page read, doing `how`.
fn check_page(name: &str, how: &str) {
    let Some(browser) = Browser::open() else {
        return;
    };
    let page = fs::read_to_string(workspace().join("tests/clients/page.html"));
    let page = give("text/html", page.expect("it is in the repository"));
    let mut producer = Restarted::begin();
    browser.go(&format!("{page}?how={how}&url={}", producer.url()));
    let wait = |condition: &str, result: &str| {
        browser.run(&format!(
            "const done = arguments[arguments.length - 1];
             const look = () => {condition} ? done({result}) : setTimeout(look, 5);
             look();"
        ))
    };
    feed(&mut producer, |number| {
        drop(wait(&format!("read.length > {number}"), "null"));
    });
    let read = wait("closed", "read");
    let read = read.as_array().expect("a list of numbers").iter();
    let read: Vec<_> = read.filter_map(serde_json::Value::as_u64).collect();
    check_read(name, &read);
}

#[test]
fn the_typescript_client_appends() {
    let Some(client) = typescript("append") else {
        return;
    };
    check_writer("TypeScript, `append`", Promise::AtLeastOnce, client);
}

#[test]
fn the_typescript_client_appends_with_producer_headers() {
    let Some(client) = typescript("produce") else {
        return;
    };
    check_writer("TypeScript, `IdempotentProducer`", Promise::Once, client);
}

#[test]
fn the_typescript_client_reads_events() {
    let Some(client) = typescript("sse") else {
        return;
    };
    check_reader("TypeScript, SSE", client);
}

#[test]
fn the_typescript_client_reads_by_long_polls() {
    let Some(client) = typescript("long-poll") else {
        return;
    };
    check_reader("TypeScript, long-poll", client);
}

#[test]
fn the_python_client_appends() {
    let Some(client) = python("plain") else {
        return;
    };
    check_writer("Python, `append`", Promise::AtLeastOnce, client);
}

#[test]
fn the_python_client_appends_in_sequence() {
    let Some(client) = python("seq") else { return };
    check_writer("Python, `append(seq=…)`", Promise::Once, client);
}

#[test]
fn the_python_client_appends_with_producer_headers() {
    let Some(client) = python("producer") else {
        return;
    };
    check_writer("Python, producer headers", Promise::Once, client);
}

#[test]
fn the_python_client_reads_events() {
    let Some(client) = python("sse") else { return };
    check_reader("Python, SSE", client);
}

#[test]
fn the_python_client_reads_by_long_polls() {
    let Some(client) = python("long-poll") else {
        return;
    };
    check_reader("Python, long-poll", client);
}

#[test]
fn aiohttp_appends() {
    let Some(client) = aiohttp("append") else {
        return;
    };
    check_writer("aiohttp", Promise::AtLeastOnce, client);
}

#[test]
fn aiohttp_appends_with_producer_headers() {
    let Some(client) = aiohttp("produce") else {
        return;
    };
    check_writer("aiohttp, producer headers", Promise::Once, client);
}

#[test]
fn aiohttp_reads_lines() {
    let Some(client) = aiohttp("ndjson") else {
        return;
    };
    check_reader("aiohttp, NDJSON", client);
}

#[test]
fn curl_appends() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(client) = curl(folder.path(), |_| String::new()) else {
        return;
    };
    check_writer("curl", Promise::AtLeastOnce, client);
}

#[test]
fn curl_appends_with_producer_headers() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let headers = |request| {
        let names = ["id: curl", "epoch: 0", &format!("seq: {request}")];
        let lines = names.map(|name| format!("header = \"producer-{name}\"\n"));
        lines.concat()
    };
    let Some(client) = curl(folder.path(), headers) else {
        return;
    };
    check_writer("curl, producer headers", Promise::Once, client);
}

#[test]
fn curl_sends_a_file_in_one_request_and_goes_on_behind_what_was_acknowledged() {
    if tool("curl").is_none() {
        return;
    }
    let Some(bash) = tool("bash") else { return };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("records");
    let pad = "x".repeat(500);
    let records = (0..RECORDS).map(|number| format!("{{\"number\":{number},\"pad\":\"{pad}\"}}\n"));
    fs::write(&file, records.collect::<String>()).expect("a file can be written");
    let client = |url: &str| {
        let mut command = leashed(&bash);
        command
            .arg(workspace().join("tests/clients/ingest.sh"))
            .arg(url)
            .arg(&file);
        command
    };
    check_writer("curl, `acks=1`", Promise::Once, client);
}

#[test]
fn an_event_source_reads() {
    check_page("Chromium, `EventSource`", "events");
}

#[test]
fn a_page_reads_lines() {
    check_page("Chromium, `fetch`", "lines");
}

/// How many requests h2load has under way at a time.
const CONNECTIONS: usize = 4;

/// h2load asks once and never again: it is started until enough is acknowledged, with other records
/// each time. Of what had no answer some may be there: as much as was on its way.
#[test]
fn h2load_appends() {
    let Some(h2load) = tool("h2load") else { return };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let body = folder.path().join("body");
    let (mut producer, mut acknowledged) = (Restarted::begin(), Vec::new());
    while acknowledged.iter().sum::<usize>() < RECORDS {
        let run = acknowledged.len();
        fs::write(&body, record(run).repeat(RECORDS_EACH)).expect("a file can be written");
        let mut command = leashed(&h2load);
        command
            .args([
                "--h1",
                "--requests=250",
                &format!("--clients={CONNECTIONS}"),
            ])
            .args(["--header", "content-type: application/x-ndjson", "--data"])
            .args([&*body.to_string_lossy(), &producer.url()]);
        let mut client = Service::spawn(command);
        if run < KILLS {
            producer.kill_at(producer.tail().0 + RECORDS / (2 * KILLS));
        }
        let _last = client.answer(0);
        let codes = client.prints("status codes: ");
        let number = codes
            .split(' ')
            .nth(2)
            .and_then(|number| number.parse().ok());
        acknowledged.push(RECORDS_EACH * number.unwrap_or(0_usize));
    }
    let found = producer.found();
    let mut tally = Tally::of(0, &[]);
    for (run, acknowledged) in acknowledged.into_iter().enumerate() {
        let there = found.iter().filter(|number| **number == run as u64).count();
        assert!(
            there <= acknowledged + RECORDS_EACH * CONNECTIONS,
            "{run}: {there}"
        );
        tally.acknowledged += acknowledged;
        tally.lost += acknowledged.saturating_sub(there);
    }
    tally.tell("h2load, HTTP/1.1");
    assert_eq!(tally.lost, 0);
}
