//! A consumer of our own streams, against servers that keep the wire's rules and break them: marks,
//! gaps, drains, and records that are lost on the way.

use std::{
    sync::{Mutex, mpsc::channel},
    time::{Duration, Instant},
};

use tests::{
    Service, consumer,
    foreign::{Marked, Request, answer, place, refuse, serve},
};

use crate::outcome::{Outcome, outcome, reader};

/// A server of the stream `/v1/stream/s`, whose bodies `body` gives, and the URL of that stream.
fn stream<F>(body: F) -> String
where
    F: Fn(&Request) -> Marked + Send + Sync + 'static,
{
    let address = serve(move |request, tcp| {
        Marked::begin(request.from().unwrap_or_default(), tcp);
        body(request).write(tcp);
    });
    format!("http://{address}/v1/stream/s")
}

/// Lines that a process said as warnings or errors.
pub(crate) fn warnings(service: &Service) -> Vec<String> {
    let mut said = service.stderr.all();
    said.retain(|line| line.contains("WARN") || line.contains("ERROR"));
    said
}

#[test]
fn marks_are_asked_for_and_are_no_records() {
    let url = stream(|request| {
        let asks = request.head.contains("/v1/stream/s?live=ndjson&marks=1");
        assert!(asks, "{}", request.head);
        let body = Marked::at(0).mark(5, "").numbers(2).mark(5, "");
        body.mark(5, ",\"new\":{}").numbers(3).closed()
    });
    // It is closed, so this needs no --until-end.
    assert_eq!(outcome(&mut reader(&url, &[]), 0), Outcome::of_numbers(5));
}

#[test]
fn a_line_that_only_begins_like_a_mark_is_a_record_and_none_where_none_were_asked_for() {
    let lines = "#{\"offset\":7}\n# comment\n";
    let check = |url: &str, records| {
        let expected = Outcome {
            records,
            rejected: records - 1,
            average: Some(0.0),
        };
        assert_eq!(outcome(&mut reader(url, &["--until-end"]), 0), expected);
    };
    let body = format!("{{\"value\":0}}\n{lines}");
    let address = serve(move |_, tcp| answer(tcp, "application/x-ndjson", body.as_bytes()));
    check(&format!("http://{address}/v1/stream/s"), 3);
    let marked = Marked::at(0).mark(1, "").numbers(1).closed();
    let address = serve(move |_, tcp| answer(tcp, "application/x-ndjson", marked.text.as_bytes()));
    check(&format!("http://{address}/stream"), 3);
    check(&format!("http://{address}/stream?marks=1"), 1);
}

/// A body of which `lost` records do not arrive, the first time it is asked for, with `others` around
/// them.
fn lossy(lost: u64, others: u64) -> impl Fn(&Request) -> Marked {
    move |request| match request.from() {
        None => {
            let body = Marked::at(0).mark(6, "").numbers(3).mark(6, "");
            body.numbers(others).lost(lost).numbers(others).mark(6, "")
        }
        Some(from) => Marked::at(from).mark(6, "").numbers(6 - from).closed(),
    }
}

#[test]
fn a_record_that_is_lost_on_the_way_is_missed_and_comes_again() {
    for (lost, others) in [(1, 1), (3, 0)] {
        let mut misled = reader(&stream(lossy(lost, others)), &[]);
        assert_eq!(outcome(&mut misled, 0), Outcome::of_numbers(6));
        let line = misled.says("were lost on the way");
        for record in [3, 6] {
            assert!(line.contains(&place(record)), "{line}");
        }
    }
    let mut control = reader(&stream(lossy(0, 1)), &[]);
    assert_eq!(outcome(&mut control, 0), Outcome::of_numbers(6));
    let said = control.stderr.all();
    assert!(
        said.iter().all(|line| !line.contains("on the way")),
        "{said:?}"
    );
}

#[test]
fn a_server_that_always_contradicts_itself_is_given_up() {
    let url = stream(|request| {
        let from = request.from().unwrap_or_default();
        Marked::at(from).mark(9, "").numbers(1).lost(1).mark(9, "")
    });
    let mut reader = reader(&url, &[]);
    let nothing = Outcome {
        records: 0,
        rejected: 0,
        average: None,
    };
    assert_eq!(outcome(&mut reader, 69), nothing);
    let error = warnings(&reader).pop().unwrap_or_default();
    assert!(error.contains("were lost on the way"), "{error}");
}

#[test]
fn a_connection_that_breaks_anywhere_loses_and_repeats_nothing() {
    let url = stream(|request| {
        let from = request.from().unwrap_or_default();
        let mut body = Marked::at(from).mark(40, "");
        while body.record < 40 {
            body = body.numbers(1).mark(40, "");
        }
        body = body.closed();
        // Each connection brings a record at least, and is cut in the midst of one or of a mark.
        if from < 39 {
            let first_record = body.text.match_indices('\n').nth(1).expect("a record");
            body.text
                .truncate(first_record.0 + 1 + 31 * (1 + request.nth % 9));
        }
        body
    });
    let mut reader = reader(&url, &[]);
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(40));
}

#[test]
fn a_server_that_drains_is_come_back_to_when_it_says_and_without_a_warning() {
    let times = Mutex::new(Vec::new());
    let (told, waits) = channel();
    let url = stream(move |request| {
        let mut times = times.lock().expect("nobody panics here");
        times.push(Instant::now());
        let from = request.from().unwrap_or_default();
        let body = Marked::at(from).mark(9, "").numbers(3);
        if times.len() < 3 {
            return body.mark(9, ",\"end\":\"drain\",\"retry_after\":1");
        }
        let waited: Vec<_> = times.windows(2).map(|two| two[1] - two[0]).collect();
        drop(told.send(waited));
        body.closed()
    });
    let mut reader = reader(&url, &[]);
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(9));
    let waits = waits.recv().expect("it came back twice");
    assert!(
        waits.iter().all(|wait| *wait >= Duration::from_secs(1)),
        "{waits:?}"
    );
    assert_eq!(warnings(&reader), [""; 0]);
    reader.says("goes away for a while");
}

#[test]
fn a_body_that_somebody_ends_cleanly_without_its_last_mark_is_not_the_end() {
    let address = serve(|request, tcp| match request.from() {
        None => {
            let body = Marked::at(0).mark(5, "").numbers(2).then("{\"value\":7");
            answer(
                tcp,
                &format!("application/x-ndjson\r\nStream-Offset: {}", place(0)),
                body.text.as_bytes(),
            );
        }
        Some(from) => {
            Marked::begin(from, tcp);
            Marked::at(from)
                .mark(5, "")
                .numbers(5 - from)
                .closed()
                .write(tcp);
        }
    });
    let mut reader = reader(&format!("http://{address}/v1/stream/s"), &["--until-end"]);
    assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(5));
    reader.says("without its last mark");
}

#[test]
fn why_a_body_ends_is_said_and_judged() {
    let ends_with = |end: &'static str| {
        let url = stream(move |request| {
            let from = request.from().unwrap_or_default();
            let body = Marked::at(from).mark(9, "").numbers(2);
            if request.nth == 0 {
                body.mark(9, end)
            } else {
                body.closed()
            }
        });
        reader(&url, &[])
    };
    for (end, said) in [
        (",\"end\":\"overrun\"", "no longer kept"),
        (",\"end\":\"damaged\"", "damaged on the server"),
        (",\"end\":\"\\u001bnew\"", r#""\u{1b}new""#),
    ] {
        let mut reader = ends_with(end);
        assert_eq!(outcome(&mut reader, 0), Outcome::of_numbers(4), "{end}");
        reader.says(said);
    }
    let mut deleted = ends_with(",\"end\":\"deleted\"");
    assert_eq!(outcome(&mut deleted, 69), Outcome::of_numbers(2));
    deleted.says("the stream was deleted");
}

#[test]
fn what_is_no_longer_kept_is_named_and_a_new_average_begins_after_it() {
    let address = serve(|request, tcp| match request.from() {
        Some(from @ 2..10) => {
            let earliest = format!("Stream-Earliest-Offset: {}\r\n", place(from + 4));
            refuse(tcp, "410 Gone", &earliest);
        }
        from => {
            let from = from.unwrap_or_default();
            Marked::begin(from, tcp);
            let body = Marked::at(from).mark(12, "").numbers(2);
            let body = if from == 0 { body } else { body.closed() };
            body.write(tcp);
        }
    });
    let url = format!("http://{address}/v1/stream/s");
    // 2 is gone up to 6, and when that is asked for, up to 10: 20 and 22 are left.
    let expected = Outcome {
        records: 2,
        rejected: 0,
        average: Some(21.0),
    };
    let mut read = reader(&url, &[]);
    assert_eq!(outcome(&mut read, 0), expected);
    let missing = format!("from {} to {} are missing", place(2), place(6));
    let line = read.says(&missing);
    assert!(line.contains("a new average begins"), "{line}");
    read.says(&format!("from {} to {} are missing", place(6), place(10)));
    // Who asks for such a place himself is told so too.
    let typed = format!("{url}?offset={}", place(4));
    let mut read = reader(&typed, &[]);
    let expected = Outcome {
        records: 2,
        rejected: 0,
        average: Some(25.0),
    };
    assert_eq!(outcome(&mut read, 0), expected);
}

#[test]
fn help_shows_what_a_url_can_be_and_keeps_its_lines() {
    let mut help = consumer(&["--help"]);
    assert_eq!(help.exit_code(), Some(0));
    let lines = help.stdout.all();
    let text = lines.join("\n");
    for said in [
        "/stream",
        "/v1/stream/NAME",
        "/v1/topics/NAME",
        "\n  64  wrong usage\n",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
}

#[test]
fn a_setting_that_there_is_not_is_warned_of() {
    let mut command = tests::service::leashed(&tests::binaries::binary("consumer"));
    command
        .args(["--url", "ftp://nowhere/"])
        .env("BROOKLET_FEILD", "price");
    let consumer = Service::spawn(command);
    consumer.says("BROOKLET_FEILD");
}
