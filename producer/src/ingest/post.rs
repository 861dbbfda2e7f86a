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
    let at = headers::place(&head.headers)?;
    let (body, room) = upload.whole(log).await?;
    let batch = body::read(&body, |body| {
        if is_json {
            Batch::from_json(body)
        } else {
            Batch::from_ndjson(body)
        }
    })?;
    drop(body);
    let records = batch.records();
    let stream = log.find(DEFAULT)?;
    let append = Append {
        at,
        ..append::of_records(&stream.settings(), batch)
    };
    let Appended { first, next, .. } = log.append(&stream, append, room).await?;
    Ok(reply::text(
        StatusCode::OK,
        wire::JSON,
        format!(r#"{{"records":{records},"first":"{first}","next":"{next}"}}"#) + "\n",
    ))
}
