//! What a fuzzer calls with any bytes at all, as a body of events: what must hold of them is asserted,
//! and nothing may panic. What fuzzers have found worth keeping is in `tests/fuzz/corpus`; a test gives
//! it to the same function.

use bytes::Bytes;
use common::{json, ndjson};

use super::{
    block::{Content, Framed, Place},
    frame::{Form, Framer},
};

/// A record, behind the id of its event.
type Record = (String, Vec<u8>);

/// A body that comes in pieces, cut where its first bytes say: the records in it are those that the
/// words of the standard lead to.
pub(crate) fn events(data: &[u8]) {
    let (cuts, body) = data.split_at(data.len().min(3));
    let mut framer = Framer::new(Form::Events, Place::Unknown);
    let mut rest = Bytes::copy_from_slice(body);
    for cut in cuts {
        framer.push(rest.split_to(rest.len().min(usize::from(*cut))));
    }
    framer.push(rest);
    framer.end();
    let mut found = Vec::new();
    while let Some(framed) = framer.next() {
        // Only our own servers tell of gaps, and then places are counted.
        let Framed::Records { place, content, .. } = framed else {
            return;
        };
        let Content::Lines(text) = content else {
            return;
        };
        let lines = ndjson::lines(&text).filter(|line| !ndjson::is_blank(line));
        let place = place.token().unwrap_or_default();
        found.extend(lines.map(|line| (place.clone(), line.to_vec())));
    }
    assert_eq!(found, expected(body), "{}", body.escape_ascii());
}

/// The records of a body, by the standard's words, one line after another.
fn expected(body: &[u8]) -> Vec<Record> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let (mut records, mut id) = (Vec::new(), Vec::new());
    let (mut name, mut data) = (Vec::new(), None::<Vec<u8>>);
    for line in lines(body) {
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"" if line.is_empty() => {
                let place = String::from_utf8_lossy(&id).into_owned();
                let data = data.take().unwrap_or_default();
                let all = said(&name, &data).into_iter();
                records.extend(all.map(|record| (place.clone(), record)));
                name.clear();
            }
            b"data" => match &mut data {
                None => data = Some(value.to_vec()),
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            b"event" => value.clone_into(&mut name),
            b"id" if !value.contains(&0) => value.clone_into(&mut id),
            _ => {}
        }
    }
    records
}

/// The whole lines of a body, however they end.
fn lines(body: &[u8]) -> Vec<Vec<u8>> {
    let (mut lines, mut line, mut before) = (Vec::new(), Vec::new(), 0);
    for byte in body.iter().copied() {
        match byte {
            b'\n' if before == b'\r' => {}
            b'\n' | b'\r' => lines.push(std::mem::take(&mut line)),
            other => line.push(other),
        }
        before = byte;
    }
    lines
}

/// The records in what an event says: what breaks a line in them is told as a carriage return.
fn said(name: &[u8], data: &[u8]) -> Vec<Vec<u8>> {
    let mut elements = Vec::new();
    let text = str::from_utf8(data).unwrap_or_default();
    let is_array = json::flattened(text, |element| elements.push(element)).is_ok();
    let records = match name {
        b"data" if is_array => elements.into_iter().map(str::as_bytes).collect(),
        b"" | b"message" | b"data" => vec![data],
        _ => Vec::new(),
    };
    let records = records
        .into_iter()
        .filter(|record| !ndjson::is_blank(record));
    let unbroken = |byte: &u8| if *byte == b'\n' { b'\r' } else { *byte };
    records
        .map(|record| record.iter().map(unbroken).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn what_fuzzers_have_found_still_holds() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/sse");
        let mut count = 0;
        for file in fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            events(&fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "nothing is kept");
    }
}
