//! `PATCH` of a stream: how much of it is kept from now on.

use common::service::reply::{self, Body};
use hyper::{HeaderMap, Response, StatusCode};

use super::headers;
use crate::{error::Refusal, log::Log};

pub(super) async fn answer(
    log: &Log,
    name: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Refusal> {
    let retain = headers::retain(headers)?;
    let stream = log.find(name)?;
    log.retain(&stream, retain).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
