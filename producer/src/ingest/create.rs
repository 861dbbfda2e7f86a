//! `PUT` and `DELETE` of a stream: that it is there, as it is wanted, or that it is not.

use bytes::Bytes;
use common::{
    limits::REQUEST_BYTES_MAX,
    record::{self, Batch},
    service::reply::{self, Body},
    wire,
};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION},
    http::request::Parts,
};

use super::{
    body::{self, Upload},
    headers,
};
use crate::{
    error::{Refusal, place},
    log::{Content, Create, Created, Framing, Log, Refused, Settings},
};

pub(super) async fn answer(
    log: &Log,
    name: &str,
    head: &Parts,
    upload: &mut Upload,
) -> Result<Response<Body>, Refusal> {
    let forked = headers::forked(&head.headers)?;
    let fork = forked.map(|forked| {
        // A place in what one request has appended is meant: no further on than that is long.
        let at = forked.at.map(|at| (at, forked.records));
        log.fork(name, &forked.name, at, REQUEST_BYTES_MAX)
    });
    let fork = fork.transpose()?;
    let settings = match &fork {
        Some(fork) => settings_of_fork(&head.headers, &fork.source.settings())?,
        None => settings(&head.headers)?,
    };
    let mut create = Create {
        name: name.to_owned(),
        content: Content::default(),
        settings,
        closed: headers::closes(&head.headers),
        fork,
    };
    // Its sender may wait to be asked for the body.
    log.foresee(&create)?;
    let (body, room) = upload.whole(log).await?;
    create.content = first_content(&create.settings, body)?;
    let created = log.create(create, room).await?;
    Ok(answer_of(&created, head))
}

fn settings(headers: &HeaderMap) -> Result<Settings, Refusal> {
    let content_type = headers::content_type(headers)?.unwrap_or(wire::OCTET_STREAM);
    Ok(Settings {
        content_type: content_type.to_owned(),
        lifetime: headers::lifetime(headers)?,
        retention: headers::retention(headers)?,
    })
}

/// Those of a fork: as its source has them, where nothing else is said; its type is its source's.
fn settings_of_fork(headers: &HeaderMap, source: &Settings) -> Result<Settings, Refusal> {
    let content_type = headers::content_type(headers)?.unwrap_or(&source.content_type);
    if !wire::is_same_type(content_type, &source.content_type) {
        let expected = source.content_type.clone();
        return Err(Refused::WrongType { expected }.into());
    }
    Ok(Settings {
        content_type: content_type.to_owned(),
        lifetime: if headers::has_lifetime(headers) {
            headers::lifetime(headers)?
        } else {
            source.lifetime
        },
        retention: if headers::has_retention(headers) {
            headers::retention(headers)?
        } else {
            source.retention
        },
    })
}

/// What a stream begins with: nothing is something, and so is an empty array.
fn first_content(settings: &Settings, body: Bytes) -> Result<Content, Refusal> {
    if settings.framing() == Framing::Bytes {
        return Ok(Content::bytes(body));
    }
    let batch = body::read(&body, |body| {
        if wire::is_same_type(&settings.content_type, wire::JSON) {
            Batch::from_json(body)
        } else {
            Batch::from_ndjson(body)
        }
    });
    match batch {
        Ok(batch) => Ok(batch.into()),
        Err(record::Refused::Empty) => Ok(Content::default()),
        Err(refused) => Err(refused.into()),
    }
}

fn answer_of(created: &Created, head: &Parts) -> Response<Body> {
    let status = if created.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut answer = reply::empty(status);
    let headers = answer.headers_mut();
    if created.is_new
        && let Some(location) = location(head)
    {
        headers.insert(LOCATION, location);
    }
    if let Ok(content_type) = HeaderValue::from_str(&created.stream.settings().content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
    put(wire::STREAM_NEXT_OFFSET, place(created.tail.next));
    if created.tail.closed {
        put(wire::STREAM_CLOSED, HeaderValue::from_static("true"));
    }
    answer
}

/// The stream's URL, as the client has named this server.
fn location(head: &Parts) -> Option<HeaderValue> {
    let origin = headers::origin(head).unwrap_or_default();
    HeaderValue::from_str(&(origin + head.uri.path())).ok()
}

pub(super) async fn delete(log: &Log, name: &str) -> Result<Response<Body>, Refusal> {
    log.delete(name).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
