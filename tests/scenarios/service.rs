//! How a producer says how it is, what it cannot do, and that it stops.

use std::fs::File;

use tests::{
    Service,
    binaries::binary,
    http::{fetch, send},
    producer,
    service::leashed,
};

use crate::wire::{SSE, append, read};

#[test]
fn a_producer_says_how_it_is() {
    let service = producer(&["--source", "none"]);
    let answer = |path: &str| {
        let answer = fetch(&service.url(path), &[]);
        (answer.status, answer.text().expect("a whole answer"))
    };
    assert_eq!(answer("/healthz"), (200, "alive\n".to_owned()));
    assert_eq!(answer("/readyz"), (200, "ready\n".to_owned()));
    append(&service, "1");
    let (status, metrics) = answer("/metrics");
    assert!(status == 200 && metrics.ends_with("# EOF\n"), "{metrics}");
    assert!(
        metrics.contains("brooklet_append_requests_total 1\n"),
        "{metrics}"
    );
}

#[test]
fn a_health_check_is_an_exit_code() {
    let mut service = producer(&["--source", "none"]);
    let address = service.address().to_string();
    let check = || {
        let args = ["healthcheck", "--listen", &address];
        Service::start(&binary("producer"), args).exit_code()
    };
    assert_eq!(check(), Some(0));
    service.kill();
    assert_eq!(service.exit_code(), None);
    assert_eq!(check(), Some(69));
}

#[test]
fn wrong_settings_have_exit_codes_and_say_what_is_wrong() {
    let check = |args: &[&str], code: i32, text: &str| {
        let mut service = producer(args);
        assert_eq!(service.exit_code(), Some(code), "{args:?}");
        assert!(
            service.stderr.wait_for(text).is_some(),
            "{args:?} does not say {text:?}"
        );
    };
    check(&["--sauce", "none"], 64, "--sauce");
    check(&["--source", "nambers"], 78, "nambers");
    check(&["--source", "numbers@often"], 78, "often");
    check(&["--source", "file:/no/such/file"], 78, "/no/such/file");
    check(&["--keep-alive", "5"], 64, "5s");
}

#[test]
fn other_paths_and_methods_are_problems() {
    let service = producer(&["--source", "none"]);
    let nowhere = fetch(&service.url("/nowhere"), &[]);
    assert_eq!(
        (nowhere.status, nowhere.json()["code"].as_str()),
        (404, Some("NOT_FOUND"))
    );
    let wrong = send(&service.url("/healthz"), &[], b"1");
    assert_eq!(
        (wrong.status, wrong.json()["code"].as_str()),
        (405, Some("METHOD_NOT_ALLOWED"))
    );
}

#[test]
fn a_drain_aborts_live_bodies_and_waits_for_none() {
    let mut service = producer(&["--source", "none", "--drain-limit", "1h"]);
    append(&service, "1");
    let mut readers = [read(&service, ""), fetch(&service.url("/stream"), &[SSE])];
    let [plain, events] = &mut readers;
    assert_eq!(plain.lines(1), ["1"]);
    assert_eq!(events.lines(3).len(), 3);
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    for reader in &mut readers {
        let ended =
            std::iter::repeat_with(|| reader.line()).find(|line| !matches!(line, Ok(Some(_))));
        assert!(
            matches!(ended, Some(Err(_))),
            "a clean end would mean that the stream is closed"
        );
    }
}

#[test]
fn a_producer_that_nobody_hears_goes_on() {
    let full = || File::create("/dev/full").expect("every Linux has it");
    let run = |args: &[&str]| {
        let mut producer = leashed(&binary("producer"));
        let mut child = producer
            .args(args)
            .env("BROOKLET_DATA_DIR", "memory")
            .stderr(full())
            .spawn()
            .expect("it starts");
        child.wait().expect("it is our child").code()
    };
    assert_eq!(run(&["--source", "nonsense"]), Some(78));
    assert_eq!(run(&["healthcheck", "--listen", "127.0.0.1:1"]), Some(69));
}

#[test]
fn a_setting_that_is_none_is_named() {
    let mut command = leashed(&binary("producer"));
    command
        .args(["--listen", "127.0.0.1:0"])
        .env("BROOKLET_DATA_DIR", "memory")
        .env("BROOKLET_RETENTON_BYTES", "1GB");
    let service = Service::spawn(command);
    drop(service.says("BROOKLET_RETENTON_BYTES"));
    assert_ne!(service.address().port(), 0);
}
