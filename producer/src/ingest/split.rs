//! `POST` to a topic: each record goes to the partition that its key belongs to; all of them are
//! appended, or none.

use common::{
    json::{Pointer, Value},
    record::{self, Batch, Line, Refused},
    service::reply::{self, Body},
    wire,
};
use hyper::{Response, StatusCode, http::request::Parts};

use super::{
    append,
    body::{self, Upload},
    headers, partition, topic,
};
use crate::{
    error::Refusal,
    log::{Append, Appended, Log, Producer, Stream},
};

pub(super) async fn answer(
    log: &Log,
    name: &str,
    head: &Parts,
    upload: &mut Upload,
) -> Result<Response<Body>, Refusal> {
    let topic = log.topic(name).ok_or_else(|| topic::missing(name))?;
    let streams = log.partitions(&topic);
    let streams = streams.ok_or_else(|| topic::missing_partition(name))?;
    let key: Pointer = topic.key.parse()?;
    headers::closes_nothing(&head.headers)?;
    let (producer, sequence) = (
        headers::producer(&head.headers)?,
        headers::sequence(&head.headers)?,
    );
    if headers::place(&head.headers)?.is_some() {
        let why = "names a place in one stream, and a topic has several".to_owned();
        return Err(Refusal::Header(wire::STREAM_MATCH_OFFSET, why));
    }
    let (is_json, partitions) = (headers::is_json(&head.headers), topic.partitions);
    let (body, room) = upload.whole(log).await?;
    let batches = body::read(&body, |body| split(body, is_json, &key, partitions))?;
    drop(body);
    let (numbers, parts) = parts(batches, streams, producer, sequence);
    let records: Vec<_> = parts
        .iter()
        .map(|(_, part)| part.content.records())
        .collect();
    let appended = log.append_all(parts, room).await?;
    Ok(acknowledged(&numbers, &records, &appended))
}

/// How a record that stands at a line is added to a batch.
type Add = fn(&mut Batch, Line<'_>, &[u8]) -> Result<(), Refused>;

/// The records of a body, by partition.
fn split(
    body: &[u8],
    is_json: bool,
    key: &Pointer,
    partitions: u16,
) -> Result<Vec<Batch>, Refusal> {
    let share = body.len() / usize::from(partitions.max(1));
    let mut batches = vec![Batch::default(); usize::from(partitions)];
    let mut take = |(line, record): (Line<'_>, &[u8]), value: Option<Value<'_>>, add: Add| {
        let partition = partition::of_value(value, partitions);
        let partition = partition.ok_or_else(|| Refusal::NoKey {
            line: line.number(),
            pointer: key.to_string(),
        })?;
        let batch = batches.get_mut(usize::from(partition));
        let batch = batch.expect("there is a batch for each partition");
        if batch.records() == 0 {
            // Keys do not fall evenly, and a little too much room costs less than to grow.
            *batch = Batch::with_room(share + share / 4);
        }
        Ok::<_, Refusal>(add(batch, line, record)?)
    };
    if is_json {
        record::each_element(body, key, |line, record, value| {
            take((line, record), value, Batch::add_plain)
        })?;
    } else {
        record::each_line(body, |line, text| {
            let value = key.find(text).map_err(|fault| line.not_json(text, fault))?;
            take((line, text.as_bytes()), value, Batch::add)
        })?;
    }
    if batches.iter().all(|batch| batch.records() == 0) {
        return Err(Refused::Empty.into());
    }
    Ok(batches)
}

/// What is appended where, and the partitions' numbers. What a producer says, it says to the first
/// partition, which is asked first, also when it gets no record.
fn parts(
    batches: Vec<Batch>,
    streams: Vec<Stream>,
    producer: Option<Producer>,
    sequence: Option<String>,
) -> (Vec<u16>, Vec<(Stream, Append)>) {
    let speaks = producer.is_some() || sequence.is_some();
    let mut said = Some((producer, sequence));
    let all = (0..).zip(batches).zip(streams);
    all.filter(|((number, batch), _)| batch.records() > 0 || (speaks && *number == 0))
        .map(|((number, batch), stream)| {
            let (producer, sequence) = said.take().unwrap_or_default();
            let append = Append {
                producer,
                sequence,
                ..append::of_records(&stream.settings(), batch)
            };
            (number, (stream, append))
        })
        .unzip()
}

/// What went where; a producer that has said it before is told so with 204.
fn acknowledged(numbers: &[u16], records: &[u64], appended: &[Appended]) -> Response<Body> {
    let first = appended.first();
    let mut answer = if first.is_some_and(|first| first.is_duplicate) {
        reply::empty(StatusCode::NO_CONTENT)
    } else {
        let parts: Vec<_> = numbers
            .iter()
            .zip(records)
            .zip(appended)
            .filter(|((_, records), _)| **records > 0)
            .map(|((number, records), Appended { first, next, .. })| {
                format!(
                    r#"{{"partition":{number},"records":{records},"first":"{first}","next":"{next}"}}"#
                )
            })
            .collect();
        let sum: u64 = records.iter().sum();
        let text = format!(
            "{{\"records\":{sum},\"partitions\":[{}]}}\n",
            parts.join(",")
        );
        reply::text(StatusCode::OK, wire::JSON, text)
    };
    if let Some(first) = first {
        append::tell_producer(answer.headers_mut(), first);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of each of four partitions, or why not.
    fn check(body: &str, is_json: bool, expected: Result<[&str; 4], &str>) {
        let key = "/k".parse().unwrap();
        let found = split(body.as_bytes(), is_json, &key, 4);
        match (found, expected) {
            (Ok(batches), Ok(expected)) => {
                let lines: Vec<_> = batches.iter().map(Batch::lines).collect();
                assert_eq!(lines, expected.map(str::as_bytes), "{body}");
            }
            (Err(refusal), Err(expected)) => {
                assert!(refusal.to_string().contains(expected), "{body}: {refusal}");
            }
            (found, expected) => panic!("{body}: {found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_record_goes_where_its_key_belongs() {
        let all = [
            "{\"k\":\"21\"}\n{\"k\":21}\n",
            "",
            "{\"k\":\"foobar\"}\n",
            "",
        ];
        let lines = "{\"k\":\"21\"}\n\n {\"k\":\"foobar\"}\r\n{\"k\":21}";
        check(lines, false, Ok(all));
        check(r#"[{"k":"21"},{"k":"foobar"},{"k":21}]"#, true, Ok(all));
        let one = ["", "", "{\"k\":\"foo\\u0062ar\"}\n", ""];
        check("{\"k\":\"foo\\u0062ar\"\n}", true, Ok(one));
    }

    #[test]
    fn a_record_without_its_key_is_named() {
        check(
            "{\"k\":1}\n\n{\"j\":1}",
            false,
            Err("line 3: the record has no key"),
        );
        check("{\"k\":null}", false, Err("line 1: the record has no key"));
        check(
            "[{\"k\":1},\n7]",
            true,
            Err("line 2: the record has no key"),
        );
        check("{\"k\":1}\n{\"k\":1", false, Err("line 2, column 7"));
        check("[{\"k\":1},\n{\"k\":}]", true, Err("line 2, column 6"));
        check("\n", false, Err("no record"));
        check("[]", true, Err("no record"));
    }
}
