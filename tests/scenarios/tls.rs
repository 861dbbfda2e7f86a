//! TLS: a producer that serves with a certificate from files, and what is said where it cannot.

use std::{
    fs,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use tests::{
    PATIENCE, Service,
    binaries::binary,
    certificates::Root,
    curl::Curl,
    frames::{connect, ends_within},
    producer,
};

use crate::outcome::{Outcome, read_all, reader};

/// A producer that serves with a certificate of `root`, and a curl that trusts that.
fn secured(root: &Root, args: &[&str]) -> Option<(Service, Curl)> {
    let certificate = root.sign("served");
    let args = [&["--source", "none"], &certificate.args()[..], args].concat();
    let root = root.path();
    let curl = Curl::with(&["--cacert", root.to_str().expect("ASCII")])?;
    Some((producer(&args), curl))
}

#[test]
fn http_2_and_http_1_are_spoken_as_the_client_likes() {
    let Some(root) = Root::new() else { return };
    let Some((service, curl)) = secured(&root, &[]) else {
        return;
    };
    let url = service.url("/v1/stream/s");
    assert!(url.starts_with("https://"), "{url}");
    let json = "content-type: application/json";
    let made = curl.ask(&["-i", "-X", "PUT", "-H", json, &url]);
    assert!(made.starts_with("HTTP/2 201"), "{made}");
    assert!(made.contains(&format!("location: {url}\r\n")), "{made}");
    let appended = curl.ask(&["-i", "--http1.1", "-H", json, "-d", "[1,2]", &url]);
    assert!(appended.starts_with("HTTP/1.1 204"), "{appended}");
    assert_eq!(curl.ask(&[&url]), "[1,2]");
    assert_eq!(curl.ask(&["--http1.1", "--tls-max", "1.2", &url]), "[1,2]");
    assert!(!curl.run(&["--tls-max", "1.1", &url]).status.success());
}

#[test]
fn who_does_not_trust_the_root_is_not_served() {
    let (Some(root), Some(other)) = (Root::new(), Root::new()) else {
        return;
    };
    let Some((service, _)) = secured(&root, &[]) else {
        return;
    };
    let other = other.path();
    let wary = Curl::with(&["--cacert", other.to_str().expect("ASCII")]);
    let done = wary.expect("it is there").run(&[&service.url("/healthz")]);
    assert_eq!(done.status.code(), Some(60), "curl's code for it");
}

#[test]
fn who_speaks_plainly_is_told_so() {
    let Some(root) = Root::new() else { return };
    let Some((service, curl)) = secured(&root, &[]) else {
        return;
    };
    let plain = format!("http://{}/healthz", service.address());
    for (version, begin) in [
        ("--http1.1", "HTTP/1.1 400"),
        ("--http2-prior-knowledge", "HTTP/2 400"),
    ] {
        let told = curl.ask(&["-i", version, &plain]);
        assert!(told.starts_with(begin), "{told}");
        assert!(told.contains("\"code\":\"TLS_ONLY\""), "{told}");
    }
}

#[test]
fn a_handshake_has_the_time_of_a_head() {
    let Some(root) = Root::new() else { return };
    for (limit, is_closed) in [("1s", true), ("1h", false)] {
        let Some((service, _)) = secured(&root, &["--header-timeout", limit]) else {
            return;
        };
        // A handshake begins so, and does not go on.
        let half_begun: &[u8] = &[22, 3, 1, 2, 0, 1];
        for said in [&[], half_begun] {
            let mut tcp = connect(service.address());
            tcp.write_all(said).expect("it is open");
            let patience = Duration::from_secs(if is_closed { 60 } else { 3 });
            assert_eq!(ends_within(&mut tcp, patience), is_closed, "{limit}");
        }
    }
}

#[test]
fn a_health_check_knows_its_own_by_the_certificate() {
    let (Some(root), Some(other)) = (Root::new(), Root::new()) else {
        return;
    };
    let Some((service, _)) = secured(&root, &[]) else {
        return;
    };
    let address = service.address().to_string();
    let check = |certificate: &Path| {
        let certificate = certificate.to_str().expect("ASCII");
        let args = [
            "healthcheck",
            "--listen",
            &address,
            "--tls-cert",
            certificate,
        ];
        Service::start(&binary("producer"), args).exit_code()
    };
    let served = root.path().with_file_name("served.pem");
    assert_eq!(check(&served), Some(0));
    assert_eq!(check(&other.sign("other").certificate), Some(69));
}

#[test]
fn files_that_are_of_no_use_are_named() {
    let Some(root) = Root::new() else { return };
    let (good, other) = (root.sign("good"), root.sign("other"));
    let [pem, key, other] = [&good.certificate, &good.key, &other.key]
        .map(|path| path.to_str().expect("ASCII").to_owned());
    let empty = root.path().with_file_name("empty");
    fs::write(&empty, "").expect("there is space");
    let empty = empty.to_str().expect("ASCII");
    let check = |args: &[&str], code: i32, text: &str| {
        let mut service = producer(&[&["--source", "none"], args].concat());
        assert_eq!(service.exit_code(), Some(code), "{args:?}");
        assert!(
            service.stderr.wait_for(text).is_some(),
            "{args:?} does not say {text:?}"
        );
    };
    check(&["--tls-cert", &pem], 64, "--tls-key");
    check(&["--tls-key", &key], 64, "--tls-cert");
    let pair = |cert: &str, key: &str, text: &str| {
        check(&["--tls-cert", cert, "--tls-key", key], 78, text);
    };
    pair("/no/such", &key, "cannot read /no/such: No such file");
    pair(&pem, "/no/such", "cannot read /no/such: No such file");
    pair(empty, &key, &format!("{empty} holds no certificate"));
    pair(&key, &key, &format!("{key} holds no certificate"));
    pair(&pem, &pem, &format!("{pem} holds no private key"));
    pair(&pem, &other, "do not go together");
}

#[test]
fn a_new_certificate_is_read_and_a_broken_one_is_not_served() {
    let (Some(root), Some(next)) = (Root::new(), Root::new()) else {
        return;
    };
    let Some((service, curl)) = secured(&root, &[]) else {
        return;
    };
    let url = service.url("/healthz");
    assert_eq!(curl.ask(&[&url]), "alive\n");
    let served = root.path().with_file_name("served.pem");
    let key = root.path().with_file_name("served.key");

    let until = |is_so: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "it never came to be so");
        }
    };
    fs::write(&served, "not a certificate").expect("there is space");
    until(&|| {
        assert_eq!(curl.ask(&[&url]), "alive\n");
        let lines = service.stderr.all();
        let words = "goes on with the certificate there was";
        lines.iter().any(|line| line.contains(words))
    });

    let new = next.sign("new");
    fs::copy(&new.certificate, &served).expect("there is space");
    fs::copy(&new.key, &key).expect("there is space");
    let path = next.path();
    let trusting = Curl::with(&["--cacert", path.to_str().expect("ASCII")]);
    let trusting = trusting.expect("it is there");
    until(&|| trusting.run(&[&url]).status.success());
    assert!(!curl.run(&[&url]).status.success());
}

#[test]
fn a_consumer_reads_with_a_root_of_its_own() {
    let Some(root) = Root::new() else { return };
    let certificate = root.sign("served");
    let source = ["--source", "numbers@max:1000"];
    let service = producer(&[&source[..], &certificate.args()].concat());
    let url = service.url("/stream");
    let (path, served) = (root.path(), certificate.key);
    let [path, other] = [&path, &served].map(|path| path.to_str().expect("ASCII"));
    assert_eq!(
        read_all(&url, &["--ca-file", path]),
        Outcome::of_numbers(1000)
    );
    // The control: nobody but those who are told trusts it.
    let _no_answer = reader(&url, &["--until-end", "--retry-for", "1s"]).answer(69);
    let mut none = reader(&url, &["--ca-file", other]);
    assert_eq!(none.exit_code(), Some(78));
    assert!(none.stderr.wait_for("holds no certificate").is_some());
}
