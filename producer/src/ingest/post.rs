//! `POST /stream`: the shortest way in. A body becomes a batch of the stream `default`: all of it
//! or nothing.

use common::{
    record::Batch,
    service::reply::{self, Body},
    wire,
};
use hyper::{Response, StatusCode, http::request::Parts};

use super::{
    append,
    body::{self, Upload},
    headers,
};
use crate::{
    error::Refusal,
    log::{Append, Appended, DEFAULT, Log},
};

pub(super) async fn answer(
    log: &Log,
    head: &Parts,
    upload: &mut Upload,
) -> Result<Response<Body>, Refusal> {
    let is_json = headers::is_json(&head.headers);
    headers::closes_nothing(&head.headers)?;
    let (producer, sequence, at) = (
        headers::producer(&head.headers)?,
        headers::sequence(&head.headers)?,
        headers::place(&head.headers)?,
    );
    let stream = log.find(DEFAULT)?;
    let said = Append {
        producer,
        sequence,
        at,
        ..Append::default()
    };
    if let Some(ended) = stream.ended(&said, true) {
        ended?;
    }
    let (body, room) = upload.whole(log).await?;
    let batch = body::read(&body, |body| {
        if is_json {
            Batch::from_json(body)
        } else {
            Batch::from_ndjson(body)
        }
    });
    drop(body);
    let (records, appended) = match batch {
        Ok(batch) => {
            let records = batch.records();
            let append = Append {
                producer: said.producer,
                sequence: said.sequence,
                at: said.at,
                ..append::of_records(&stream.settings(), batch)
            };
            (records, log.append(&stream, append, room).await?)
        }
        // What is closed takes nothing, and to say again what has closed it is no fault.
        Err(fault) => match stream.ended(&said, true) {
            Some(ended) => (0, ended?),
            None => return Err(fault.into()),
        },
    };
    Ok(acknowledged(records, &appended))
}

/// Where the records are; a producer that has said it before is told so with 204.
fn acknowledged(records: u64, appended: &Appended) -> Response<Body> {
    let Appended { first, next, .. } = appended;
    let mut answer = if appended.is_duplicate {
        reply::empty(StatusCode::NO_CONTENT)
    } else {
        let text = format!(r#"{{"records":{records},"first":"{first}","next":"{next}"}}"#);
        reply::text(StatusCode::OK, wire::JSON, text + "\n")
    };
    append::tell_producer(answer.headers_mut(), appended);
    answer
}
