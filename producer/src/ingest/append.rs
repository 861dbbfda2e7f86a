//! `POST` to a stream: appends, closes, or both, by the rules of the Durable Streams protocol.

use bytes::Bytes;
use common::{
    record::{self, Batch},
    service::reply::{self, Body},
    wire,
};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{HeaderName, HeaderValue},
    http::request::Parts,
};

use super::{
    body::{self, Upload},
    headers,
};
use crate::{
    error::{Refusal, header, place},
    log::{Append, Appended, Content, Framing, Log, Refused, Settings, Stream},
};

pub(super) async fn answer(
    log: &Log,
    name: &str,
    head: &Parts,
    upload: &mut Upload,
) -> Result<Response<Body>, Refusal> {
    let stream = log.find(name)?;
    stream.touch();
    let mut append = Append {
        closes: headers::closes(&head.headers),
        producer: headers::producer(&head.headers)?,
        sequence: headers::sequence(&head.headers)?,
        at: headers::place(&head.headers)?,
        ..Append::default()
    };
    foresee(&stream, &append, &head.headers, upload.has_content())?;
    let (body, room) = upload.whole(log).await?;
    let has_content = !body.is_empty();
    let appended = match fill(&mut append, &stream.settings(), &head.headers, body) {
        Ok(()) => log.append(&stream, append, room).await?,
        // What is closed takes nothing, and to say again what has closed it is no fault.
        Err(fault) => match stream.ended(&append, has_content) {
            Some(ended) => ended?,
            None => return Err(fault),
        },
    };
    Ok(acknowledged(&appended, has_content))
}

/// What can be told before the body has come: its sender may wait for that. Nothing is told that the
/// writer would not, in its order.
fn foresee(
    stream: &Stream,
    append: &Append,
    headers: &HeaderMap,
    has_content: Option<bool>,
) -> Result<(), Refusal> {
    let only_closes = match has_content {
        Some(has_content) => append.closes && !has_content,
        // It may be one that only closes.
        None if append.closes && append.producer.is_none() => return Ok(()),
        None => append.closes,
    };
    if let Some(ended) = stream.ended(append, !only_closes) {
        ended?;
    } else if has_content.unwrap_or(!append.closes) {
        let content_type = headers::content_type(headers)?.ok_or(Refusal::NoContentType)?;
        let settings = stream.settings();
        // What a producer has said before is known by its number, whatever it says of its type now.
        if append.producer.is_none() && Reading::of(&settings, content_type).is_none() {
            let expected = settings.content_type.clone();
            return Err(Refused::WrongType { expected }.into());
        }
    }
    Ok(())
}

/// Puts a body into the append that it is for.
fn fill(
    append: &mut Append,
    settings: &Settings,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(), Refusal> {
    if body.is_empty() {
        let only_closes = append.closes;
        return only_closes
            .then_some(())
            .ok_or_else(|| record::Refused::Empty.into());
    }
    let content_type = headers::content_type(headers)?.ok_or(Refusal::NoContentType)?;
    match content(settings, content_type, body)? {
        Some(content) => append.content = content,
        None => append.is_of_other_type = true,
    }
    Ok(())
}

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Lines,
    Value,
    Bytes,
}

impl Reading {
    /// How a body of this type is read for a stream; none if it is not of the stream's type.
    fn of(settings: &Settings, content_type: &str) -> Option<Self> {
        let is = |media_type| wire::is_same_type(content_type, media_type);
        let is_of_type = is(&settings.content_type);
        match settings.framing() {
            Framing::Lines if is(wire::NDJSON) => Some(Self::Lines),
            Framing::Lines => is_of_type.then_some(Self::Value),
            Framing::Bytes => is_of_type.then_some(Self::Bytes),
        }
    }
}

/// What a body of a type is in a stream; none if it is not of the stream's type.
fn content(
    settings: &Settings,
    content_type: &str,
    body: Bytes,
) -> Result<Option<Content>, Refusal> {
    let Some(reading) = Reading::of(settings, content_type) else {
        return Ok(None);
    };
    Ok(Some(match reading {
        Reading::Lines => body::read(&body, Batch::from_ndjson)?.into(),
        Reading::Value => body::read(&body, Batch::from_json)?.into(),
        Reading::Bytes => Content::bytes(body),
    }))
}

/// Records for a stream that is not asked by its own name, and so may be of another type.
pub(super) fn of_records(settings: &Settings, batch: Batch) -> Append {
    Append {
        content: batch.into(),
        is_of_other_type: settings.framing() != Framing::Lines,
        ..Append::default()
    }
}

/// 200 says to a producer that this very request appended something; else it is 204.
fn acknowledged(appended: &Appended, has_content: bool) -> Response<Body> {
    let is_new = appended.producer.is_some() && has_content && !appended.is_duplicate;
    let status = if is_new {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    };
    let mut answer = reply::empty(status);
    tell(answer.headers_mut(), appended);
    answer
}

/// Where the stream and the producer stand now.
fn tell(headers: &mut HeaderMap, appended: &Appended) {
    let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
    put(wire::STREAM_NEXT_OFFSET, place(appended.next));
    if appended.closed {
        put(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
    }
    tell_producer(headers, appended);
}

/// Where the producer stands now.
pub(super) fn tell_producer(headers: &mut HeaderMap, appended: &Appended) {
    let mut put = |name, value| headers.insert(HeaderName::from_static(name), header(value));
    if let Some(producer) = &appended.producer {
        put(wire::PRODUCER_EPOCH, &producer.epoch);
        put(wire::PRODUCER_SEQ, &producer.sequence);
    }
}

#[cfg(test)]
mod tests {
    use crate::log::{Lifetime, Retention};

    use super::*;

    #[test]
    fn content_is_what_its_type_says_in_a_stream_of_another() {
        let check = |of_stream: &str, of_body: &str, body: &'static str, expected: Option<u64>| {
            let settings = Settings {
                content_type: of_stream.to_owned(),
                lifetime: Lifetime::Unlimited,
                retention: Retention::default(),
            };
            let body = Bytes::from_static(body.as_bytes());
            let content = content(&settings, of_body, body).unwrap();
            let records = content.map(|content| content.records());
            assert_eq!(records, expected, "{of_body} to {of_stream}");
        };
        let (json, lines, text) = (
            "Application/JSON; a=b",
            "application/x-ndjson",
            "text/plain",
        );
        check(json, "application/json", "[1,\n2]", Some(2));
        check(json, lines, "[1,2]\n3", Some(2));
        check(json, text, "x", None);
        check(lines, lines, "1\n2\n3", Some(3));
        check(lines, json, "1", None);
        check(text, "TEXT/plain; charset=utf-8", "abc\n", Some(4));
        check(text, json, "1", None);
    }

    #[test]
    fn records_are_of_another_type_than_a_stream_of_bytes() {
        for (content_type, is_other) in [
            (wire::JSON, false),
            (wire::NDJSON, false),
            ("text/plain", true),
        ] {
            let settings = Settings {
                content_type: content_type.to_owned(),
                ..Settings::json(Retention::default())
            };
            let append = of_records(&settings, Batch::from_ndjson(b"1").unwrap());
            assert_eq!(append.is_of_other_type, is_other, "{content_type}");
        }
    }
}
