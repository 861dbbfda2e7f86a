//! What TLS and HTTP/2 cost: the same requests with and without, by clients of others (`h2load`,
//! `curl`), in turns.

use std::path::Path;

use tests::{Service, certificates::Root, curl::Curl, producer, service::leashed, tool::tool};

use crate::{disk, process::processor_seconds, request::array, sample::Sample, say};

const RUNS: usize = 5;

/// Requests that append, and how many records each: few, and what the reads need.
const APPENDS: [(u32, u32); 2] = [(20_000, 1), (250, 1_000)];

/// How many records are read; so many are there then.
const READ: u32 = 2_000_000;

/// How requests go over the wire. Of appends, 64 are under way at a time.
#[derive(Debug, Clone, Copy)]
struct Way {
    name: &'static str,
    is_secured: bool,
    h2load: &'static [&'static str],
    curl: &'static str,
}

const HTTP1: Way = Way {
    name: "HTTP/1.1",
    is_secured: false,
    h2load: &["--h1", "-c", "64"],
    curl: "--http1.1",
};
const HTTP2: Way = Way {
    name: "HTTP/2",
    is_secured: false,
    h2load: &["-c", "4", "-m", "16"],
    curl: "--http2-prior-knowledge",
};
const WAYS: [Way; 4] = [
    HTTP1,
    HTTP2,
    Way {
        name: "HTTP/1.1, TLS",
        is_secured: true,
        ..HTTP1
    },
    Way {
        name: "HTTP/2, TLS",
        is_secured: true,
        ..HTTP2
    },
];

pub(crate) fn run() {
    let (Some(root), Some(h2load)) = (Root::new(), tool("h2load")) else {
        return;
    };
    let certificate = root.sign("bench");
    let folders = [disk::folder(), disk::folder()];
    let start = |folder: &Path, args: &[&str]| {
        let folder = folder.to_str().expect("a path of ASCII");
        let always = ["--source", "none", "--data-dir", folder];
        producer(&[&always, args].concat())
    };
    let [plain, secured] = &folders;
    let servers = [
        start(plain.path(), &[]),
        start(secured.path(), &certificate.args()),
    ];
    let json = "content-type: application/json";
    for server in &servers {
        drop(ask(HTTP1, &["-X", "PUT", "-H", json, &url(server)]));
    }
    let body = tempfile::NamedTempFile::new().expect("a temporary file");
    for (requests, records) in APPENDS {
        std::fs::write(body.path(), array(records)).expect("there is space");
        say(&format!(
            "64 requests at a time that append {records} records each: requests/s, median of {RUNS} (least … most)"
        ));
        in_turns(&servers, |way, server| {
            let done = leashed(&h2load)
                .args(way.h2load)
                .args(["-n", &requests.to_string(), "-H", json, "-d"])
                .arg(body.path())
                .arg(url(server))
                .output();
            let said = done.expect("setpriv, of util-linux, can be started").stdout;
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(said.contains(&format!(" {requests} 2xx")), "{said}");
            let words: Vec<_> = said.split_whitespace().collect();
            let rate = words.iter().position(|word| *word == "req/s,");
            let rate = rate.and_then(|at| words.get(at.checked_sub(1)?));
            rate.and_then(|rate| rate.parse().ok()).expect(&said)
        });
    }
    say("records read live over one connection: MB/s");
    in_turns(&servers, |way, server| {
        let url = format!("{}?live=ndjson&limit={READ}", url(server));
        let said = ask(way, &["-o", "/dev/null", "-w", "%{speed_download}", &url]);
        let rate: f64 = said.parse().expect(&said);
        rate / 1e6
    });
}

fn url(server: &Service) -> String {
    server.url("/v1/stream/bench")
}

fn ask(way: Way, args: &[&str]) -> String {
    // Over TLS, HTTP/2 is agreed on.
    let version = if way.is_secured && way.curl == HTTP2.curl {
        "--http2"
    } else {
        way.curl
    };
    let curl = Curl::with(&["-k", version]).expect("who has h2load has curl");
    curl.ask(args)
}

/// Measures each way in turns, on the server that speaks so.
fn in_turns(servers: &[Service; 2], measure: impl Fn(Way, &Service) -> f64) {
    let [plain, secured] = servers;
    let mut rows = WAYS.map(|way| (way, Vec::new(), 0.0));
    for turn in 0..=RUNS {
        for (way, rates, spent) in &mut rows {
            let server = if way.is_secured { secured } else { plain };
            let seconds = || {
                let (user, system) = processor_seconds(server.id());
                user + system
            };
            let before = seconds();
            let rate = measure(*way, server);
            if turn > 0 {
                rates.push(rate);
                *spent += seconds() - before;
            }
        }
    }
    for (way, rates, spent) in rows {
        let rate = Sample::new(rates);
        say(&format!(
            "  {:<14}{rate}, {spent:.2} CPU s in all",
            way.name
        ));
    }
}
