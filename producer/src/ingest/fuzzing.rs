//! What must hold of requests whatever is in them: see `producer/src/fuzzing.rs`.

use common::{
    limits::DEPTH_MAX,
    name,
    record::{Batch, Refused},
    wire,
};
use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};
use serde_json::Value;

use super::{gathering::Gathering, headers};
use crate::log::{self, Memory};

/// Numbers beyond this may be none that an `f64` can hold; readers differ in where that begins.
const NUMBER_MAX: f64 = 1e308;

/// A body of records, as lines, also in pieces that are cut where the first bytes say, and as one
/// value: what is taken of it is what another reader of JSON finds in it.
pub(crate) fn records(data: &[u8]) {
    let (cuts, body) = data.split_at(data.len().min(3));
    as_lines(body, cuts);
    as_value(body);
}

fn as_lines(body: &[u8], cuts: &[u8]) {
    let found = Batch::from_ndjson(body);
    let mut gathering = Gathering::within(Memory::default());
    let gathered = pieces(body, cuts).try_for_each(|piece| gathering.take(piece));
    let gathered = gathered.and_then(|()| gathering.end());
    let content = gathering
        .content()
        .map(|content| (content.lines(), content.records()));
    match &found {
        Err(Refused::Empty) => assert_eq!((gathered, content), (Ok(()), None)),
        Err(refused) => assert_eq!(gathered.as_ref(), Err(refused)),
        Ok(batch) => {
            let expected = (batch.lines().to_vec(), batch.records());
            assert_eq!((gathered, content), (Ok(()), Some(expected)));
            assert_eq!(Batch::from_ndjson(batch.lines()).as_ref(), Ok(batch));
        }
    }
    let lines = body.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.iter().all(|byte| b" \t\r".contains(byte)));
    let Some(read) = lines.map(value).collect::<Option<Vec<_>>>() else {
        return;
    };
    compare(found, &read);
}

fn as_value(body: &[u8]) {
    match value(body) {
        Some(Some(Value::Array(elements))) => {
            let elements: Vec<_> = elements.into_iter().map(Some).collect();
            compare(Batch::from_json(body), &elements);
        }
        Some(other) => compare(Batch::from_json(body), &[other]),
        None => {}
    }
}

/// What was taken of a body is what was read of it: all of it, or nothing where one is no record.
fn compare(found: Result<Batch, Refused>, read: &[Option<Value>]) {
    let is_record = |value: &Value| depth(value) <= DEPTH_MAX;
    let are_records = read
        .iter()
        .all(|value| value.as_ref().is_some_and(is_record));
    assert_eq!(found.is_ok(), are_records && !read.is_empty(), "{read:?}");
    if let Ok(batch) = found {
        let lines = batch.lines().split_inclusive(|byte| *byte == b'\n');
        assert_eq!(
            lines.map(|line| value(line).flatten()).collect::<Vec<_>>(),
            read
        );
        assert_eq!(batch.records(), read.len() as u64);
        assert!(!batch.lines().contains(&b'\r'));
    }
}

/// What a text is, as another reader of JSON has it; nothing if it is none, and not even that where
/// readers may differ.
#[expect(clippy::option_option, reason = "there are three answers")]
fn value(text: &[u8]) -> Option<Option<Value>> {
    match serde_json::from_slice::<Value>(text) {
        Ok(value) => is_near(&value).then_some(Some(value)),
        Err(error) => (!error.to_string().starts_with("number out of range")).then_some(None),
    }
}

/// Whether all numbers are far from the edge of what there is.
fn is_near(value: &Value) -> bool {
    match value {
        Value::Number(number) => number
            .as_f64()
            .is_some_and(|number| number.abs() < NUMBER_MAX),
        Value::Array(all) => all.iter().all(is_near),
        Value::Object(all) => all.values().all(is_near),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// How many levels it has.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(all) => 1 + all.iter().map(depth).max().unwrap_or_default(),
        Value::Object(all) => 1 + all.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// A body that comes in pieces.
fn pieces<'a>(body: &'a [u8], cuts: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = body;
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, behind) = rest.split_at(rest.len().min(usize::from(*cut)));
        pieces.push(piece);
        rest = behind;
    }
    pieces.into_iter().chain([rest])
}

/// What a fork is asked for by: up to three lines, each the value of a header; and what comes of it.
pub(crate) fn forks(data: &[u8]) {
    let names = [
        wire::STREAM_FORKED_FROM,
        wire::STREAM_FORK_OFFSET,
        wire::STREAM_FORK_SUB_OFFSET,
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in names.iter().zip(data.split(|byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(value)
            && !value.is_empty()
        {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let Ok(Some(forked)) = headers::forked(&headers) else {
        return;
    };
    assert_eq!(name::stream(&forked.name).as_deref(), Ok(&*forked.name));
    let said = names.map(|name| {
        headers
            .get(name)
            .map(|value| value.to_str().expect("ASCII"))
    });
    let [_, offset, records] = said;
    assert_eq!(forked.at.map(|at| at.to_string()).as_deref(), offset);
    assert_eq!(forked.records.to_string(), records.unwrap_or("0"));
    if let Some(at) = forked.at {
        log::fuzzing::fork(at, forked.records);
    }
}
