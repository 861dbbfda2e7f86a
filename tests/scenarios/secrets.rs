//! A token stands nowhere but where it was printed: in no log line, and not in the data.

use std::{fs, path::Path};

use tests::{Service, http::ask, tokens::Tokens};

use crate::{named::Headers, wire::JSON};

/// A record.
const KEPT: &str = r#"{"kept":true}"#;

/// The files below a folder that hold this text.
fn holders(folder: &Path, text: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                return holders(&path, text);
            }
            let bytes = fs::read(&path).unwrap_or_default();
            let holds = String::from_utf8_lossy(&bytes).contains(text);
            holds
                .then(|| path.display().to_string())
                .into_iter()
                .collect()
        })
        .collect()
}

/// What is told of a secret: all that a service has said, by line.
fn check(service: &Service, secrets: &[&str]) {
    let said = [service.stderr.all(), service.stdout.all()].concat();
    for secret in secrets {
        let found = said.iter().find(|line| line.contains(secret));
        assert_eq!(found, None);
    }
}

/// Puts `secret` everywhere but where it belongs, and there too. `good` is a token that may do all.
fn put_everywhere(service: &Service, secret: &str, good: &str) {
    let send = |headers: Headers<'_>, body: &str| {
        ask("POST", &service.url("/stream"), headers, body.as_bytes())
    };
    let bearer = format!("Bearer {secret}");
    for header in [
        ("authorization", &*bearer),
        ("authorization", secret),
        ("cookie", secret),
        ("origin", secret),
        ("host", secret),
        ("stream-match-offset", secret),
    ] {
        drop(send(&[JSON, header], "1"));
    }
    let authorized = ("authorization", &*format!("Bearer {good}"));
    assert_eq!(send(&[authorized], KEPT).status, 200);
    for path in [
        "/v1/stream/SECRET?offset=SECRET",
        "/SECRET",
        "/stream?token=SECRET",
        "/v1/topics/SECRET",
    ] {
        let url = service.url(&path.replace("SECRET", secret));
        for (method, body) in [("GET", ""), ("POST", "!"), ("DELETE", "")] {
            drop(ask(method, &url, &[], body.as_bytes()));
            drop(ask(method, &url, &[authorized, JSON], body.as_bytes()));
        }
    }
}

#[test]
fn a_token_is_in_no_log_line_and_not_in_the_data() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let tokens = Tokens::default();
    let good = tokens.add("good", "read,append,admin");
    let revoked = tokens.add("revoked", "read");
    let wrong = good.replace("brooklet_", "brooklet_A");
    let secrets = [&*good, &*revoked, &*wrong];
    let directory = data.path().join("log");
    let directory = directory.to_str().expect("text");
    for format in ["text", "json"] {
        let all = ["--log-level", "trace", "--log-format", format];
        let keep = ["--data-dir", directory, "--journal-bytes", "64KiB"];
        let mut service = tokens.producer(&[all, keep].concat());
        for secret in secrets {
            put_everywhere(&service, secret, &good);
        }
        tokens.remove("revoked");
        service.says("the tokens have changed");
        service.terminate();
        assert_eq!(service.exit_code(), Some(0));
        // The control: what was refused is in the log, with all but the token.
        let log = service.stderr.all().join("\n");
        assert!(
            log.contains("refused a request") && log.contains("brooklet_***"),
            "{log}"
        );
        check(&service, &secrets);
        let another = format!("revoked sha256:{} read\n", "0".repeat(64));
        tokens.write(&(tokens.lines() + &another));
    }
    let folder = tokens.path();
    let folder = folder.parent().expect("a file is in a folder");
    // The control: what is there is found.
    assert!(!holders(data.path(), KEPT).is_empty() && !holders(folder, "sha256:").is_empty());
    for secret in secrets {
        assert_eq!(holders(data.path(), secret), Vec::<String>::new());
        assert_eq!(holders(folder, secret), Vec::<String>::new());
    }
}
