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
    log::{Append, Appended, Content, Framing, Log, Settings},
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
    let (body, room) = upload.whole(log).await?;
    let has_content = !body.is_empty();
    if has_content {
        let content_type = headers::content_type(&head.headers)?.ok_or(Refusal::NoContentType)?;
        match content(&stream.settings(), content_type, body)? {
            Some(content) => append.content = content,
            None => append.is_of_other_type = true,
        }
    } else if !append.closes {
        return Err(record::Refused::Empty.into());
    }
    let appended = log.append(&stream, append, room).await?;
    Ok(acknowledged(&appended, has_content))
}

/// What a body of a type is in a stream; none if it is not of the stream's type.
fn content(
    settings: &Settings,
    content_type: &str,
    body: Bytes,
) -> Result<Option<Content>, Refusal> {
    let is = |media_type| wire::is_same_type(content_type, media_type);
    let is_of_type = is(&settings.content_type);
    match settings.framing() {
        Framing::Lines if is(wire::NDJSON) => {
            let batch = body::read(&body, Batch::from_ndjson)?;
            Ok(Some(batch.into()))
        }
        Framing::Lines if is_of_type => {
            let batch = body::read(&body, Batch::from_json)?;
            Ok(Some(batch.into()))
        }
        Framing::Bytes if is_of_type => Ok(Some(Content::bytes(body))),
        Framing::Lines | Framing::Bytes => Ok(None),
    }
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
