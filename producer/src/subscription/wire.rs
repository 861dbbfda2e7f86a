//! Bodies of requests and answers, as the protocol has them. What a request says beyond that is not looked at.

use std::{borrow::Cow, collections::BTreeSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use common::{
    json,
    limits::{
        DESCRIPTION_BYTES_MAX, LEASE_MILLISECONDS_DEFAULT, LEASE_MILLISECONDS_MAX,
        LEASE_MILLISECONDS_MIN, WORKER_BYTES_MAX,
    },
    name,
    offset::Offset,
    time::Timestamp,
    wire,
};
use ring::digest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    ask::{Ask, Errand, Report, Via, View},
    key::Keys,
    links::Seen,
    made::{Kind, Made},
    pattern::Pattern,
    refused::Refused,
    settings::Targets,
    target::Target,
};

/// The cursor of a stream of which nothing has been worked on.
const BEFORE_ALL: &str = "-1";

#[derive(Deserialize)]
struct Wanted {
    r#type: String,
    pattern: Option<String>,
    streams: Option<Vec<String>>,
    webhook: Option<Map<String, Value>>,
    wake_stream: Option<String>,
    lease_ttl_ms: Option<i64>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Streams {
    streams: Vec<String>,
}

#[derive(Deserialize)]
struct Claim {
    worker: String,
}

#[derive(Deserialize)]
struct Reported {
    wake_id: String,
    generation: u64,
    acks: Option<Vec<Ack>>,
    done: Option<bool>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Ack {
    #[serde(alias = "path")]
    stream: String,
    offset: String,
}

/// What a receiver answers.
#[derive(Deserialize)]
struct Answered {
    done: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    subscription_id: &'a str,
    r#type: &'a str,
    pattern: Option<&'a str>,
    streams: Vec<Linked<'a>>,
    webhook: Option<ShownWebhook<'a>>,
    wake_stream: Option<&'a str>,
    lease_ttl_ms: i64,
    created_at: String,
    status: &'static str,
    description: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownWebhook<'a> {
    url: &'a str,
    signing: SigningShown<'a>,
}

#[derive(Serialize)]
struct SigningShown<'a> {
    alg: &'static str,
    kid: &'a str,
    jwks_url: String,
}

#[derive(Serialize)]
struct Linked<'a> {
    path: &'a str,
    link_type: &'static str,
    acked_offset: Cow<'static, str>,
}

#[derive(Serialize)]
struct Work<'a> {
    #[serde(flatten)]
    linked: Linked<'a>,
    tail_offset: String,
    has_pending: bool,
}

#[derive(Serialize)]
struct Claimed<'a> {
    wake_id: &'a str,
    generation: u64,
    token: String,
    streams: Vec<Work<'a>>,
    lease_ttl_ms: i64,
}

#[derive(Serialize)]
struct Delivery<'a> {
    subscription_id: &'a str,
    wake_id: &'a str,
    generation: u64,
    streams: Vec<Work<'a>>,
    callback_url: String,
    callback_token: String,
}

#[derive(Serialize)]
struct Wake<'a> {
    r#type: &'static str,
    subscription_id: &'a str,
    stream: &'a str,
    generation: u64,
    ts: i64,
}

/// A body that has to be JSON of this form.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let invalid = |why: String| Refused::Invalid(format!("the body: {why}"));
    let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
    json::value(text).map_err(|fault| invalid(format!("{fault} at byte {}", fault.at)))?;
    if !text.trim_start().starts_with('{') {
        return Err(invalid("is no object".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| invalid(error.to_string()))
}

/// What a body says of a subscription that is to be made.
pub(super) fn wanted(
    body: &[u8],
    targets: Targets,
    (origin, at): (String, Timestamp),
) -> Result<Ask, Refused> {
    let wanted: Wanted = read(body)?;
    let invalid = |why: &str| Refused::Invalid(why.to_owned());
    let pattern = wanted.pattern.filter(|pattern| !pattern.is_empty());
    let pattern = pattern.map(|pattern| Pattern::read(&pattern)).transpose();
    let pattern = pattern.map_err(|why| {
        Refused::Invalid(format!(
            "pattern is segments, of which * is any one and ** any number: {why}"
        ))
    })?;
    let streams = paths(&wanted.streams.unwrap_or_default())?;
    if pattern.is_none() && streams.is_empty() {
        return Err(invalid("pattern or streams says of which streams"));
    }
    let kind = match (&*wanted.r#type, wanted.webhook, wanted.wake_stream) {
        ("webhook", webhook, _) => {
            let url = webhook
                .as_ref()
                .and_then(|webhook| webhook.get("url")?.as_str());
            let url = url
                .ok_or_else(|| invalid("webhook.url is missing"))?
                .to_owned();
            Target::read(&url, targets)?;
            Kind::Webhook { url }
        }
        ("pull-wake", _, Some(wake_stream)) => Kind::PullWake {
            wake_stream: path(&wake_stream)?,
        },
        ("pull-wake", _, None) => return Err(invalid("wake_stream is missing")),
        _ => return Err(invalid("type is webhook or pull-wake")),
    };
    let lease = wanted.lease_ttl_ms.unwrap_or(LEASE_MILLISECONDS_DEFAULT);
    if !(LEASE_MILLISECONDS_MIN..=LEASE_MILLISECONDS_MAX).contains(&lease) {
        let (least, most) = (LEASE_MILLISECONDS_MIN, LEASE_MILLISECONDS_MAX);
        return Err(Refused::Invalid(format!(
            "lease_ttl_ms is from {least} to {most}"
        )));
    }
    let description = wanted.description;
    if description
        .as_ref()
        .is_some_and(|text| text.len() > DESCRIPTION_BYTES_MAX)
    {
        return Err(Refused::Invalid(format!(
            "description has {DESCRIPTION_BYTES_MAX} bytes at the most"
        )));
    }
    let mut made = Made {
        kind,
        pattern,
        lease_milliseconds: lease,
        description,
        hash: String::new(),
        origin,
        at,
    };
    made.hash = hash(&made, &streams);
    let streams = streams.into_iter().collect();
    Ok(Ask::Make { made, streams })
}

/// What tells a configuration from others.
fn hash(made: &Made, streams: &BTreeSet<String>) -> String {
    let (kind, target) = match &made.kind {
        Kind::Webhook { url } => ("webhook", url),
        Kind::PullWake { wake_stream } => ("pull-wake", wake_stream),
    };
    let pattern = made.pattern.as_ref().map(Pattern::as_str);
    let all = (
        kind,
        target,
        pattern,
        streams,
        made.lease_milliseconds,
        &made.description,
    );
    let text = serde_json::to_vec(&all).expect("texts and numbers are always valid JSON");
    BASE64.encode(digest::digest(&digest::SHA256, &text))
}

/// The streams that a body names.
pub(super) fn streams(body: &[u8]) -> Result<Ask, Refused> {
    let Streams { streams } = read(body)?;
    let streams = paths(&streams)?.into_iter().collect();
    Ok(Ask::Link { streams })
}

pub(super) fn claim(body: &[u8]) -> Result<Ask, Refused> {
    let Claim { worker } = read(body)?;
    if worker.is_empty() || worker.len() > WORKER_BYTES_MAX {
        let why = format!("worker is a text of 1 to {WORKER_BYTES_MAX} bytes");
        return Err(Refused::Invalid(why));
    }
    Ok(Ask::Claim { worker })
}

/// How far somebody says to be, with a token for this generation.
pub(super) fn report(body: &[u8], via: Via, token: u64) -> Result<Ask, Refused> {
    let reported: Reported = read(body)?;
    let acks = reported.acks.unwrap_or_default();
    let ack = |ack: Ack| (ack.stream.trim_matches('/').to_owned(), ack.offset);
    Ok(Ask::Report(Report {
        via,
        token,
        generation: reported.generation,
        wake: reported.wake_id,
        acks: acks.into_iter().map(ack).collect(),
        nowhere: None,
        is_done: reported.done.unwrap_or_default(),
    }))
}

/// Whether a receiver says that all is done.
pub(super) fn is_done(body: &[u8]) -> bool {
    let answered: Result<Answered, _> = read(body);
    answered.is_ok_and(|answered| answered.done)
}

fn paths(streams: &[String]) -> Result<BTreeSet<String>, Refused> {
    streams.iter().map(|stream| path(stream)).collect()
}

/// The name of a stream, as bodies have it.
pub(super) fn path(text: &str) -> Result<String, Refused> {
    let text = text.trim_matches('/');
    match name::stream(text) {
        Ok(Cow::Borrowed(name)) => Ok(name.to_owned()),
        Ok(Cow::Owned(_)) => Err(name::Invalid::Character),
        Err(invalid) => Err(invalid),
    }
    .map_err(|why| {
        Refused::Invalid(format!(
            "a stream is named as behind {}: {why}",
            wire::STREAMS_PATH
        ))
    })
}

/// A subscription, as it is shown.
pub(super) fn shown(id: &str, view: &View, (keys, origin): (&Keys, &str)) -> String {
    let made = &view.made;
    let (kind, webhook, wake_stream) = match &made.kind {
        Kind::Webhook { url } => ("webhook", Some(url), None),
        Kind::PullWake { wake_stream } => ("pull-wake", None, Some(wake_stream.as_str())),
    };
    let signing = || SigningShown {
        alg: "ed25519",
        kid: keys.id(),
        jwks_url: format!("{origin}{}", wire::JWKS_PATH),
    };
    let links = view.links.iter();
    let links = links.map(|(path, link)| linked(path, link.is_explicit, link.acked));
    text(&Shown {
        id,
        subscription_id: id,
        r#type: kind,
        pattern: made.pattern.as_ref().map(Pattern::as_str),
        streams: links.collect(),
        webhook: webhook.map(|url| ShownWebhook {
            url,
            signing: signing(),
        }),
        wake_stream,
        lease_ttl_ms: made.lease_milliseconds,
        created_at: made.at.to_rfc3339(),
        status: if view.has_failed { "failed" } else { "active" },
        description: made.description.as_deref(),
    })
}

/// What a worker has claimed.
pub(super) fn claimed(
    (wake, generation): (&str, u64),
    token: String,
    streams: &[Seen],
    lease_milliseconds: i64,
) -> String {
    text(&Claimed {
        wake_id: wake,
        generation,
        token,
        streams: streams.iter().map(work).collect(),
        lease_ttl_ms: lease_milliseconds,
    })
}

/// What a receiver is sent.
pub(super) fn delivery(errand: &Errand, keys: &Keys, origin: &str) -> String {
    let (id, path) = (&errand.id, wire::SUBSCRIPTIONS_PATH);
    text(&Delivery {
        subscription_id: id,
        wake_id: &errand.wake,
        generation: errand.generation,
        streams: errand.streams.iter().map(work).collect(),
        callback_url: format!("{origin}{path}{id}/callback"),
        callback_token: keys.token(id, errand.generation),
    })
}

/// The record that wakes workers.
pub(super) fn wake(errand: &Errand, now: Timestamp) -> String {
    text(&Wake {
        r#type: "wake",
        subscription_id: &errand.id,
        stream: &errand.pending,
        generation: errand.generation,
        ts: now.0,
    })
}

fn work(seen: &Seen) -> Work<'_> {
    Work {
        linked: linked(&seen.path, seen.is_explicit, seen.acked),
        tail_offset: seen.tail.to_string(),
        has_pending: seen.has_pending,
    }
}

fn linked(path: &str, is_explicit: bool, acked: Option<Offset>) -> Linked<'_> {
    Linked {
        path,
        link_type: if is_explicit { "explicit" } else { "glob" },
        acked_offset: acked.map_or(BEFORE_ALL.into(), |acked| acked.to_string().into()),
    }
}

fn text(of: &impl Serialize) -> String {
    serde_json::to_string(of).expect("texts and numbers are always valid JSON")
}
