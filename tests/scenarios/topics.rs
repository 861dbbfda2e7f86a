//! Topics: written as one, read side by side.

use serde_json::{Value, json};
use tests::{
    Service,
    http::{Answer, ask, fetch},
    producer,
};

use crate::{
    durable::on,
    named::{Headers, memory},
    wire::{JSON, NDJSON, after},
};

fn call(service: &Service, method: &str, path: &str, headers: Headers<'_>, body: &str) -> Answer {
    ask(method, &service.url(path), headers, body.as_bytes())
}

/// Makes the topic `t`.
fn make(service: &Service, partitions: usize) {
    let body = format!("{{\"partitions\":{partitions},\"key\":\"/user/id\"}}");
    assert_eq!(
        call(service, "PUT", "/v1/topics/t", &[JSON], &body).status,
        201
    );
}

fn post(service: &Service, headers: Headers<'_>, body: &str) -> Answer {
    call(service, "POST", "/v1/topics/t", headers, body)
}

/// The lines of a partition.
fn lines(service: &Service, partition: usize) -> Vec<String> {
    let url = service.url(&format!("/v1/stream/t/{partition}"));
    let page = fetch(&url, &[("accept", "application/x-ndjson")]);
    assert_eq!(page.status, 200);
    let text = page.text().expect("a page");
    text.lines().map(str::to_owned).collect()
}

fn refused(answer: Answer, status: u16, code: &str, detail: &str) {
    let (found, problem) = (answer.status, answer.json());
    let text = |name| problem.get(name).and_then(Value::as_str);
    assert_eq!((found, text("code")), (status, Some(code)), "{problem}");
    let said = text("detail").expect("a problem has details");
    assert!(said.contains(detail), "{said:?} does not say {detail:?}");
}

#[test]
fn a_topic_is_made_found_described_and_deleted() {
    let service = memory();
    let ask = |method, path, body| call(&service, method, path, &[JSON], body);
    let described = |name: &str| {
        json!({
            "topic": name,
            "partitions": 2,
            "key": "/user/id",
            "streams": [format!("/v1/stream/{name}/0"), format!("/v1/stream/{name}/1")],
        })
    };
    let body = r#"{"partitions":2,"key":"/user/id"}"#;
    let made = ask("PUT", "/v1/topics/t", body);
    assert_eq!((made.status, made.json()), (201, described("t")));
    let found = ask("PUT", "/v1/topics/t", body);
    assert_eq!((found.status, found.json()), (200, described("t")));
    let kept = r#"{"partitions":2,"key":"/user/id","retention_bytes":"1GiB","retention_age":"7d"}"#;
    assert_eq!(ask("PUT", "/v1/topics/a.kept", kept).status, 201);
    for other in [
        kept,
        r#"{"partitions":3,"key":"/user/id"}"#,
        r#"{"partitions":2,"key":""}"#,
    ] {
        refused(ask("PUT", "/v1/topics/t", other), 409, "EXISTS", "t");
    }
    assert_eq!(ask("GET", "/v1/topics/t", "").json(), described("t"));
    let all = ask("GET", "/v1/topics", "").json();
    assert_eq!(all, json!({"topics": ["a.kept", "t"]}));
    assert_eq!(ask("DELETE", "/v1/topics/t", "").status, 204);
    refused(ask("DELETE", "/v1/topics/t", ""), 404, "NOT_FOUND", "t");
    refused(ask("GET", "/v1/topics/t", ""), 404, "NOT_FOUND", "t");
    refused(ask("POST", "/v1/topics/t", "1"), 404, "NOT_FOUND", "t");
    assert_eq!(ask("GET", "/v1/stream/t/0", "").status, 404);
    refused(
        ask("PUT", "/v1/topics/a/b", body),
        400,
        "INVALID_NAME",
        "a name is",
    );
    refused(
        ask("PUT", "/v1/topics/", body),
        400,
        "INVALID_NAME",
        "begins with",
    );
    assert_eq!(ask("PATCH", "/v1/topics/t", body).status, 405);
    assert_eq!(ask("POST", "/v1/topics", body).status, 405);
}

#[test]
fn a_description_that_is_none_is_refused_with_its_reason() {
    let service = memory();
    let check = |body: &str, why| {
        let answer = call(&service, "PUT", "/v1/topics/t", &[JSON], body);
        refused(answer, 400, "INVALID_TOPIC", why);
    };
    check("", "ends too early");
    check("[]", "not an object");
    check(r#"{"partitions":2}"#, "key is missing");
    check(r#"{"key":""}"#, "partitions is missing");
    check(r#"{"partitions":1025,"key":""}"#, "from 1 to 1024");
    check(r#"{"partitions":1,"key":"id"}"#, "begins with /");
    check(r#"{"partitions":1,"key":"","keys":1}"#, "keys is not known");
    call(&service, "PUT", "/v1/stream/t/1", &[JSON], "");
    let body = r#"{"partitions":2,"key":""}"#;
    let taken = call(&service, "PUT", "/v1/topics/t", &[JSON], body);
    refused(taken, 409, "EXISTS", "t/1");
}

#[test]
fn a_topic_is_not_made_where_a_partition_could_not_be_named() {
    let service = memory();
    // With /9 it is as long as a name may be.
    let path = format!("/v1/topics/{}", "x".repeat(253));
    let make = |partitions: usize| {
        let body = format!("{{\"partitions\":{partitions},\"key\":\"\"}}");
        call(&service, "PUT", &path, &[JSON], &body)
    };
    refused(make(11), 400, "INVALID_NAME", "last partition");
    assert_eq!(make(10).status, 201);
}

#[test]
fn a_record_goes_to_the_partition_of_its_key() {
    let service = memory();
    make(&service, 8);
    let record = |key: &str, number: usize| format!("{{\"user\":{{\"id\":{key}}},\"n\":{number}}}");
    // As Kafka's default partitioner has them: murmur2 of "21" is -973932308, of "foobar"
    // -790332482; their partitions of eight are 4 and 6. A number is hashed as it is written.
    let keys = ["\"21\"", "\"foobar\"", "21", "\"foo\\u0062ar\""];
    let expected = [4, 6, 4, 6];
    let records: Vec<_> = (0..400).map(|n| record(keys[n % 4], n)).collect();
    let answer = post(&service, &[NDJSON], &records.join("\n"));
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["records"], 400);
    let parts = answer["partitions"].as_array().expect("parts").clone();
    let numbers: Vec<_> = parts.iter().map(|part| part["partition"].clone()).collect();
    assert_eq!(numbers, [4, 6]);
    for (part, partition) in parts.iter().zip([4, 6]) {
        let of_it = |n: &usize| expected[n % 4] == partition;
        let lines_of_it: Vec<_> = (0..400).filter(of_it).map(|n| records[n].clone()).collect();
        assert_eq!(lines(&service, partition), lines_of_it, "in their order");
        assert_eq!(part["records"], 200);
        let first = part["first"].as_str().expect("an offset");
        assert_eq!(part["next"], after(first, &lines_of_it));
    }
    let array = format!("[{},{}]", record("\"21\"", 1), record("\"foobar\"", 2));
    assert_eq!(post(&service, &[JSON], &array).json()["records"], 2);
    assert_eq!(
        (lines(&service, 4).len(), lines(&service, 6).len()),
        (201, 201)
    );
}

#[test]
fn a_request_is_appended_whole_or_not_at_all() {
    let service = memory();
    make(&service, 4);
    let good: String = (0..100)
        .map(|id| format!("{{\"user\":{{\"id\":{id}}}}}\n"))
        .collect();
    let nothing_new = |before: &[usize]| {
        let now: Vec<_> = (0..4).map(|number| lines(&service, number).len()).collect();
        assert_eq!(now, before);
    };
    for (bad, status, code, detail) in [
        ("{\"user\":{}}", 400, "NO_KEY", "line 101"),
        ("{\"user\":{\"id\":null}}", 400, "NO_KEY", "line 101"),
        ("7", 400, "NO_KEY", "/user/id"),
        ("{\"user\":", 400, "INVALID_RECORD", "line 101"),
    ] {
        refused(
            post(&service, &[NDJSON], &(good.clone() + bad)),
            status,
            code,
            detail,
        );
    }
    refused(post(&service, &[NDJSON], "\n"), 400, "EMPTY", "");
    nothing_new(&[0; 4]);
    assert_eq!(post(&service, &[NDJSON], &good).status, 200);
    let before: Vec<_> = (0..4).map(|number| lines(&service, number).len()).collect();
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    let close = [("stream-closed", "true")];
    assert_eq!(
        call(&service, "POST", "/v1/stream/t/3", &close, "").status,
        204
    );
    refused(post(&service, &[NDJSON], &good), 409, "CLOSED", "");
    nothing_new(&before);
    let origin = [NDJSON, ("origin", "http://a.page")];
    refused(post(&service, &origin, &good), 403, "ORIGIN", "");
}

#[test]
fn what_a_producer_says_again_is_done_once() {
    let service = memory();
    make(&service, 8);
    let say = |sequence: &str, body: &str| {
        let producer = [
            NDJSON,
            ("producer-id", "p"),
            ("producer-epoch", "0"),
            ("producer-seq", sequence),
        ];
        post(&service, &producer, body)
    };
    // None of them is for the first partition, which remembers the producer all the same.
    let body = "{\"user\":{\"id\":\"21\"}}\n{\"user\":{\"id\":\"foobar\"}}";
    let first = say("0", body);
    assert_eq!((first.status, first.header("producer-seq")), (200, "0"));
    let parts = first.json()["partitions"].clone();
    assert_eq!(parts.as_array().map(Vec::len), Some(2));
    let again = say("0", body);
    assert_eq!((again.status, again.header("producer-seq")), (204, "0"));
    assert_eq!(lines(&service, 4).len(), 1);
    refused(say("2", body), 409, "SEQUENCE_GAP", "expected");
    assert_eq!(say("1", body).status, 200);
    assert_eq!((lines(&service, 4).len(), lines(&service, 0).len()), (2, 0));
}

#[test]
fn a_partition_is_a_stream_like_any_other() {
    let service = memory();
    make(&service, 2);
    assert_eq!(
        call(&service, "POST", "/v1/stream/t/0", &[JSON], "[1,2]").status,
        204
    );
    let page = fetch(&service.url("/v1/stream/t/0"), &[]);
    assert_eq!(page.json(), json!([1, 2]));
    let mut live = fetch(&service.url("/v1/stream/t/1?live=ndjson&offset=now"), &[]);
    let key = (0..).find(|key| {
        let record = format!("{{\"user\":{{\"id\":{key}}}}}");
        post(&service, &[NDJSON], &record).json()["partitions"][0]["partition"] == 1
    });
    let expected = format!("{{\"user\":{{\"id\":{}}}}}", key.expect("one of them"));
    assert_eq!(live.lines(1), [expected]);
}

#[test]
fn topics_survive_the_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), "none");
    make(&service, 3);
    let body: String = (0..30)
        .map(|id| format!("{{\"user\":{{\"id\":{id}}}}}\n"))
        .collect();
    assert_eq!(post(&service, &[NDJSON], &body).status, 200);
    let before: Vec<_> = (0..3).map(|number| lines(&service, number)).collect();
    let described = call(&service, "GET", "/v1/topics/t", &[], "").json();
    service.kill();
    assert_eq!(service.exit_code(), None);
    let service = on(directory.path(), "none");
    assert_eq!(
        call(&service, "GET", "/v1/topics/t", &[], "").json(),
        described
    );
    let after: Vec<_> = (0..3).map(|number| lines(&service, number)).collect();
    assert_eq!(after, before);
    let sum: usize = after.iter().map(Vec::len).sum();
    let again: Value = post(&service, &[NDJSON], &body).json();
    assert_eq!((sum, &again["records"]), (30, &json!(30)));
}

#[test]
fn a_source_feeds_a_topic_by_key() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), "none");
    let body = r#"{"partitions":4,"key":"/id"}"#;
    assert_eq!(
        call(&service, "PUT", "/v1/topics/t", &[JSON], body).status,
        201
    );
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    let service = on(directory.path(), "numbers@max:1000>t");
    let url = |partition| service.url(&format!("/v1/stream/t/{partition}?live=ndjson"));
    let read = |partition| fetch(&url(partition), &[]).text();
    let all: Vec<_> = (0..4)
        .map(|partition| read(partition).expect("it is closed at its end"))
        .collect();
    assert!(all.iter().all(|text| text.lines().count() > 100));
    let mut lines: Vec<_> = all.iter().flat_map(|text| text.lines()).collect();
    lines.sort_by_key(|line| (line.len(), *line));
    let expected = (0..1000).map(|id| format!("{{\"id\":{id},\"value\":{}}}", 2 * id));
    let mut expected: Vec<_> = expected.collect();
    expected.sort_by_key(|line| (line.len(), line.clone()));
    assert_eq!(lines, expected);
}

#[test]
fn a_source_cannot_feed_what_has_no_name() {
    let mut service = producer(&["--source", "numbers>a b"]);
    assert_eq!(service.exit_code(), Some(78));
    drop(service.says("\"a b\" is no name"));
}

#[test]
fn a_topic_that_has_lost_a_partition_takes_nothing_until_there_is_one() {
    let service = memory();
    make(&service, 2);
    let deleted = call(&service, "DELETE", "/v1/stream/t/1", &[], "");
    assert_eq!(deleted.status, 204);
    let record = "{\"user\":{\"id\":1}}";
    refused(
        post(&service, &[NDJSON], record),
        404,
        "NOT_FOUND",
        "one was deleted",
    );
    let made = call(&service, "PUT", "/v1/stream/t/1", &[JSON], "");
    assert_eq!(made.status, 201);
    assert_eq!(post(&service, &[NDJSON], record).status, 200);
}

#[test]
fn what_others_append_records_to_is_made_of_records_only() {
    let service = memory();
    make(&service, 2);
    let stream = |method, name: &str, headers| {
        call(&service, method, &format!("/v1/stream/{name}"), headers, "")
    };
    let text: Headers<'_> = &[("content-type", "text/plain")];
    for name in ["t/1", "default"] {
        assert_eq!(stream("DELETE", name, &[]).status, 204);
        for other in [text, &[NDJSON], &[]] {
            refused(stream("PUT", name, other), 409, "WRONG_TYPE", name);
        }
        assert_eq!(stream("PUT", name, &[JSON]).status, 201);
    }
    for name in ["t/2", "t/01", "t", "u/0"] {
        assert_eq!(stream("PUT", name, text).status, 201, "{name}");
    }
    let all = (0..9).map(|id| format!("{{\"user\":{{\"id\":{id}}}}}\n"));
    let answer = post(&service, &[NDJSON], &all.collect::<String>());
    assert_eq!(answer.json()["records"], 9);
}
