//! What the headers of a request that changes something say.

use common::{
    limits::{
        CONTENT_TYPE_BYTES_MAX, LIFETIME_SECONDS_MAX, PRODUCER_BYTES_MAX, PRODUCER_NUMBER_MAX,
        SEQUENCE_BYTES_MAX,
    },
    name,
    offset::Offset,
    service::{
        settings::{duration, size},
        tls::Secured,
    },
    time::Timestamp,
    wire,
};
use hyper::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING},
    http::{request::Parts, uri::Authority},
};

use crate::{
    error::Refusal,
    log::{Lifetime, Producer, Retain, Retention},
};

/// What can be refused before anything else is looked at.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, plain) in [
        (CONTENT_ENCODING, "identity"),
        (TRANSFER_ENCODING, "chunked"),
    ] {
        // Several lines are one list: a coding in any of them is one upon the others.
        let codings = headers.get_all(name).iter();
        let codings: Vec<_> = codings
            .map(|coding| coding.to_str().unwrap_or("?"))
            .collect();
        match &codings[..] {
            [] => {}
            [coding] if coding.eq_ignore_ascii_case(plain) => {}
            others => return Err(Refusal::Encoded(others.join(", "))),
        }
    }
    Ok(())
}

/// Scheme and authority of this server, as the client has named it.
pub(crate) fn origin(head: &Parts) -> Option<String> {
    let named = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 says it with the path.
    let host = named.or_else(|| head.uri.authority().map(Authority::as_str))?;
    let is_secured = head.extensions.get::<Secured>().is_some();
    let scheme = if is_secured { "https" } else { "http" };
    Some(format!("{scheme}://{host}"))
}

/// The content type, if there is one.
pub(super) fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let content_type = bounded(headers, CONTENT_TYPE.as_str(), CONTENT_TYPE_BYTES_MAX)?;
    Ok(content_type.filter(|content_type| !content_type.is_empty()))
}

/// Whether a body is one JSON value, not lines.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.to_str());
    matches!(content_type, Some(Ok(content_type)) if wire::is_same_type(content_type, wire::JSON))
}

/// Whether nothing shall follow. Any value but `true` means nothing, as the protocol wants it.
pub(super) fn closes(headers: &HeaderMap) -> bool {
    let mut closed = headers.get_all(wire::STREAM_CLOSED).iter();
    let is_true = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"true");
    closed.next().is_some_and(is_true) && closed.all(is_true)
}

/// That nothing is to be closed, where that would not be done.
pub(super) fn closes_nothing(headers: &HeaderMap) -> Result<(), Refusal> {
    if closes(headers) {
        let why = "closes a stream by its own name, as /v1/stream/default";
        return Err(invalid(wire::STREAM_CLOSED, why));
    }
    Ok(())
}

/// The text that must be above that of the append before.
pub(super) fn sequence(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let sequence = bounded(headers, wire::STREAM_SEQ, SEQUENCE_BYTES_MAX)?;
    Ok(sequence.map(str::to_owned))
}

/// What a header holds that names a place: `-1` and `now` are none.
const AN_OFFSET: &str = "is an offset as this server gives them";

/// Where the stream has to end for the append to be done.
pub(super) fn place(headers: &HeaderMap) -> Result<Option<Offset>, Refusal> {
    let name = wire::STREAM_MATCH_OFFSET;
    let place = text(headers, name)?.map(str::parse).transpose();
    place.map_err(|_| invalid(name, AN_OFFSET))
}

/// Who appends; all three headers, or none.
pub(super) fn producer(headers: &HeaderMap) -> Result<Option<Producer>, Refusal> {
    let id = bounded(headers, wire::PRODUCER_ID, PRODUCER_BYTES_MAX)?;
    let epoch = text(headers, wire::PRODUCER_EPOCH)?;
    let sequence = text(headers, wire::PRODUCER_SEQ)?;
    match (id, epoch, sequence) {
        (None, None, None) => Ok(None),
        (Some(""), ..) => Err(invalid(wire::PRODUCER_ID, "must not be empty")),
        (Some(id), Some(epoch), Some(sequence)) => Ok(Some(Producer {
            id: id.to_owned(),
            epoch: number(wire::PRODUCER_EPOCH, epoch, PRODUCER_NUMBER_MAX)?,
            sequence: number(wire::PRODUCER_SEQ, sequence, PRODUCER_NUMBER_MAX)?,
        })),
        _ => {
            let why = "Producer-Id, Producer-Epoch and Producer-Seq come together or not at all";
            Err(invalid(wire::PRODUCER_ID, why))
        }
    }
}

/// A stream that another one shall begin as, as it was named.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forked {
    pub(super) name: String,
    /// Up to where; none is its end.
    pub(super) at: Option<Offset>,
    /// How many records further on.
    pub(super) records: u64,
}

/// What a stream shall be a fork of, if of anything.
pub(super) fn forked(headers: &HeaderMap) -> Result<Option<Forked>, Refusal> {
    let (of, offset, sub) = (
        wire::STREAM_FORKED_FROM,
        wire::STREAM_FORK_OFFSET,
        wire::STREAM_FORK_SUB_OFFSET,
    );
    let at = text(headers, offset)?;
    let records = text(headers, sub)?;
    let Some(path) = text(headers, of)? else {
        let lonely = at.and(Some(offset)).or(records.and(Some(sub)));
        let why = "comes with Stream-Forked-From only";
        return lonely.map_or(Ok(None), |name| Err(invalid(name, why)));
    };
    let path = path.strip_prefix(wire::STREAMS_PATH);
    let path = path.ok_or_else(|| invalid(of, "is the path of a stream, as /v1/stream/a"))?;
    let name = name::stream(path).map_err(|error| invalid(of, error))?;
    let at = at.map(|at| at.parse().map_err(|_| invalid(offset, AN_OFFSET)));
    let records = records.map(|records| number(sub, records, PRODUCER_NUMBER_MAX));
    let (at, records) = (at.transpose()?, records.transpose()?.unwrap_or_default());
    if at.is_none() && records > 0 {
        return Err(invalid(
            sub,
            "leads beyond the end without Stream-Fork-Offset",
        ));
    }
    let name = name.into_owned();
    Ok(Some(Forked { name, at, records }))
}

/// Whether it is said how long a stream shall be there.
pub(super) fn has_lifetime(headers: &HeaderMap) -> bool {
    headers.contains_key(wire::STREAM_TTL) || headers.contains_key(wire::STREAM_EXPIRES_AT)
}

/// Whether it is said how much of a stream shall be kept.
pub(super) fn has_retention(headers: &HeaderMap) -> bool {
    let (bytes, age) = (wire::STREAM_RETENTION_BYTES, wire::STREAM_RETENTION_AGE);
    headers.contains_key(bytes) || headers.contains_key(age)
}

/// For how long a stream shall be there.
pub(super) fn lifetime(headers: &HeaderMap) -> Result<Lifetime, Refusal> {
    let idle = text(headers, wire::STREAM_TTL)?;
    let until = text(headers, wire::STREAM_EXPIRES_AT)?;
    match (idle, until) {
        (None, None) => Ok(Lifetime::Unlimited),
        (Some(seconds), None) => {
            number(wire::STREAM_TTL, seconds, LIFETIME_SECONDS_MAX).map(Lifetime::Idle)
        }
        (None, Some(time)) => Timestamp::from_rfc3339(time)
            .map(Lifetime::Until)
            .map_err(|error| invalid(wire::STREAM_EXPIRES_AT, error)),
        (Some(_), Some(_)) => {
            let why = "comes instead of Stream-Expires-At, not with it";
            Err(invalid(wire::STREAM_TTL, why))
        }
    }
}

/// How much of a stream shall be kept.
pub(super) fn retention(headers: &HeaderMap) -> Result<Retention, Refusal> {
    let (bytes, age) = (wire::STREAM_RETENTION_BYTES, wire::STREAM_RETENTION_AGE);
    Ok(Retention {
        bytes: bound(headers, bytes, size)?,
        age: bound(headers, age, duration)?,
    })
}

/// What of the retention of a stream shall be another: `none` is as the service has it.
pub(super) fn retain(headers: &HeaderMap) -> Result<Retain, Refusal> {
    let (bytes, age) = (wire::STREAM_RETENTION_BYTES, wire::STREAM_RETENTION_AGE);
    let retain = Retain {
        bytes: change(headers, bytes, size)?,
        age: change(headers, age, duration)?,
    };
    if retain == Retain::default() {
        let why = "is missing, and so is Stream-Retention-Age: nothing would change";
        return Err(invalid(bytes, why));
    }
    Ok(retain)
}

fn change<T>(
    headers: &HeaderMap,
    name: &'static str,
    read: fn(&str) -> Result<T, String>,
) -> Result<Option<Option<T>>, Refusal> {
    match text(headers, name)? {
        Some(none) if none.eq_ignore_ascii_case("none") => Ok(Some(None)),
        _ => Ok(bound(headers, name, read)?.map(Some)),
    }
}

/// A bound as people write it, if there is one.
fn bound<T>(
    headers: &HeaderMap,
    name: &'static str,
    read: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Refusal> {
    let bound = text(headers, name)?.map(read).transpose();
    bound.map_err(|error| invalid(name, error))
}

/// The value of a header that may be there once.
fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| invalid(name, "must be of visible ASCII characters")),
        (Some(_), Some(_)) => Err(invalid(name, "is given more than once")),
    }
}

fn bounded<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    bytes_max: usize,
) -> Result<Option<&'a str>, Refusal> {
    let value = text(headers, name)?;
    if value.is_some_and(|value| value.len() > bytes_max) {
        return Err(invalid(name, format!("has at most {bytes_max} bytes")));
    }
    Ok(value)
}

/// A number as the protocol writes it: digits alone, no zero before others.
fn number(name: &'static str, text: &str, max: u64) -> Result<u64, Refusal> {
    let is_plain = text == "0" || !text.starts_with('0');
    let is_number = is_plain && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().ok()).flatten();
    number
        .filter(|number| *number <= max)
        .ok_or_else(|| invalid(name, format!("must be a whole number from 0 to {max}")))
}

fn invalid(name: &'static str, why: impl std::fmt::Display) -> Refusal {
    Refusal::Header(name, why.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    #[test]
    fn a_body_is_encoded_in_no_line_of_a_header() {
        let is_plain = |all: &[(&'static str, &str)]| check(&headers(all)).is_ok();
        let (content, transfer) = ("content-encoding", "transfer-encoding");
        assert!(is_plain(&[]));
        assert!(is_plain(&[(content, "Identity"), (transfer, "Chunked")]));
        for wrong in [
            &[(content, "gzip")][..],
            &[(content, "identity"), (content, "gzip")],
            &[(content, "gzip"), (content, "identity")],
            &[(transfer, "gzip, chunked")],
            &[(transfer, "chunked"), (transfer, "chunked")],
            &[
                (transfer, "chunked"),
                (transfer, "gzip"),
                (transfer, "chunked"),
            ],
        ] {
            assert!(!is_plain(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_producer_is_three_headers_or_none() {
        let check = |all: &[(&'static str, &str)], expected: Option<(u64, u64)>| {
            let found = producer(&headers(all)).ok().flatten();
            let found = found.map(|producer| (producer.epoch, producer.sequence));
            assert_eq!(found, expected, "{all:?}");
        };
        let with = |epoch, sequence| {
            [
                (wire::PRODUCER_ID, "p"),
                (wire::PRODUCER_EPOCH, epoch),
                (wire::PRODUCER_SEQ, sequence),
            ]
        };
        assert_eq!(producer(&headers(&[])).unwrap(), None);
        check(&with("0", "0"), Some((0, 0)));
        let most = PRODUCER_NUMBER_MAX.to_string();
        check(&with(&most, "7"), Some((PRODUCER_NUMBER_MAX, 7)));
        let more = (PRODUCER_NUMBER_MAX + 1).to_string();
        for number in [
            "", "-1", "+1", "1abc", "1e3", "0x1", "01", "1.0", " 1", &more,
        ] {
            assert!(producer(&headers(&with(number, "0"))).is_err(), "{number}");
            assert!(producer(&headers(&with("0", number))).is_err(), "{number}");
        }
        for left_out in 0..3 {
            let mut all = with("0", "0").to_vec();
            all.remove(left_out);
            assert!(producer(&headers(&all)).is_err(), "{all:?}");
        }
        let long = "x".repeat(PRODUCER_BYTES_MAX + 1);
        for id in ["", &long] {
            let mut all = with("0", "0");
            all[0].1 = id;
            assert!(producer(&headers(&all)).is_err(), "{id}");
        }
        let twice = [&with("0", "0")[..], &with("0", "0")[..]].concat();
        assert!(producer(&headers(&twice)).is_err());
    }

    #[test]
    fn a_lifetime_is_idle_seconds_or_a_date() {
        let check = |name, value: &str, expected: Option<Lifetime>| {
            let found = lifetime(&headers(&[(name, value)])).ok();
            assert_eq!(found, expected, "{name}: {value}");
        };
        let (ttl, at) = (wire::STREAM_TTL, wire::STREAM_EXPIRES_AT);
        assert_eq!(lifetime(&headers(&[])).unwrap(), Lifetime::Unlimited);
        check(ttl, "3600", Some(Lifetime::Idle(3600)));
        check(ttl, "0", Some(Lifetime::Idle(0)));
        let more = (LIFETIME_SECONDS_MAX + 1).to_string();
        for seconds in ["", "abc", "-1", "+3600", "03600", "3600.0", "3.6e3", &more] {
            check(ttl, seconds, None);
        }
        let time = Lifetime::Until(Timestamp(1_767_225_600_000));
        check(at, "2026-01-01T00:00:00Z", Some(time));
        check(at, "2026-01-01T02:00:00.000+02:00", Some(time));
        check(at, "tomorrow", None);
        let both = [(ttl, "1"), (at, "2026-01-01T00:00:00Z")];
        assert!(lifetime(&headers(&both)).is_err());
    }

    #[test]
    fn a_retention_is_written_as_people_write_it() {
        let (bytes, age) = (wire::STREAM_RETENTION_BYTES, wire::STREAM_RETENTION_AGE);
        let expected = Retention {
            bytes: Some(1 << 30),
            age: Some(Duration::from_hours(7 * 24)),
        };
        let both = headers(&[(bytes, "1GiB"), (age, "7d")]);
        assert_eq!(retention(&both).unwrap(), expected);
        assert!(retention(&headers(&[(bytes, "much")])).is_err());
        assert!(retention(&headers(&[(age, "long")])).is_err());
    }

    #[test]
    fn a_retention_changes_by_what_is_said_of_it() {
        let (bytes, age) = (wire::STREAM_RETENTION_BYTES, wire::STREAM_RETENTION_AGE);
        let check = |all: &[(&'static str, &str)], expected: Option<Retain>| {
            assert_eq!(retain(&headers(all)).ok(), expected, "{all:?}");
        };
        let of = |bytes, age| Some(Retain { bytes, age });
        let day = Duration::from_hours(24);
        check(&[(bytes, "1KiB")], of(Some(Some(1024)), None));
        check(&[(age, "1d")], of(None, Some(Some(day))));
        check(
            &[(bytes, "None"), (age, "1d")],
            of(Some(None), Some(Some(day))),
        );
        for wrong in [
            &[][..],
            &[(bytes, "much")],
            &[(age, "0s")],
            &[(age, "")],
            &[(bytes, "none"), (bytes, "1")],
            &[(bytes, "1"), (age, "long")],
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn nothing_but_true_closes() {
        for (value, expected) in [
            ("true", true),
            ("TRUE", true),
            ("false", false),
            ("1", false),
        ] {
            let closed = closes(&headers(&[(wire::STREAM_CLOSED, value)]));
            assert_eq!(closed, expected, "{value}");
        }
        assert!(!closes(&headers(&[])));
    }

    #[test]
    fn a_place_to_append_at_is_a_whole_token() {
        let check = |value: &str| place(&headers(&[(wire::STREAM_MATCH_OFFSET, value)])).ok();
        let at = Offset { record: 1, byte: 2 };
        assert_eq!(check(&at.to_string()), Some(Some(at)));
        for value in ["", "-1", "now", "1_2"] {
            assert_eq!(check(value), None, "{value}");
        }
        assert_eq!(place(&headers(&[])).unwrap(), None);
    }

    #[test]
    fn texts_are_bounded() {
        let long = "x".repeat(SEQUENCE_BYTES_MAX.max(CONTENT_TYPE_BYTES_MAX) + 1);
        assert!(sequence(&headers(&[(wire::STREAM_SEQ, &long)])).is_err());
        assert!(content_type(&headers(&[("content-type", &long)])).is_err());
        let seq = sequence(&headers(&[(wire::STREAM_SEQ, "a")])).unwrap();
        assert_eq!(seq.as_deref(), Some("a"));
    }
}
