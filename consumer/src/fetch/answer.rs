//! What an answer's head means for the stream: go on, begin anew, come back later, or give up.

use std::time::{Duration, UNIX_EPOCH};

use common::{offset::Offset, time::Timestamp, wire};
use reqwest::{
    StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};

use super::{block::Place, body::Coding, frame::Form};
use crate::{excerpt, http};

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A body follows.
    Stream(Head),
    /// Not now.
    Later {
        why: String,
        retry_after: Option<Duration>,
    },
    /// The place that was asked for is no place any more.
    PlaceLost(String),
    /// What comes after the place that was asked for is no longer kept, up to this one.
    Gone(Offset),
    /// There is nothing after the place that was asked for, and never will be.
    Finished,
    /// Not by who asks so: neither now nor later, unless the server is told to, or the token changes.
    NotLetIn(StatusCode),
    /// Neither now nor later.
    Refused(String),
}

/// What is known of a body before it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) form: Form,
    /// The place of its first record.
    pub(super) place: Place,
    /// How its body is coded.
    pub(super) coding: Coding,
    /// The server counts its records.
    pub(super) counts: bool,
    /// What the server says of the places asked for and given, where records between them are
    /// missing.
    pub(super) gap: Option<String>,
}

/// Why nothing comes from `url`, and what is to be done where a server of ours knows no such thing.
pub(super) fn advised(why: String, status: StatusCode, url: &Url) -> String {
    match advice(url).filter(|_| status == StatusCode::NOT_FOUND) {
        Some(advice) => format!("{why}: {advice}"),
        None => why,
    }
}

fn advice(url: &Url) -> Option<&'static str> {
    let is_below = |path: &str| url.path().starts_with(path);
    if is_below(wire::TOPICS_PATH) {
        return Some(
            "there is no such topic: check its name, and that it is no stream, or make it first \
             (PUT {\"partitions\":8,\"key\":\"/id\"} there)",
        );
    }
    is_below(wire::STREAMS_PATH).then_some(
        "there is no such stream: check its name, and that it is no topic, or make it first \
         (PUT there, with Content-Type: application/json)",
    )
}

impl Answer {
    /// Judges the head of an answer that comes `now` to a request for what comes after `asked`.
    pub(super) fn of(
        status: StatusCode,
        headers: &HeaderMap,
        asked: &Place,
        now: Timestamp,
    ) -> Self {
        let resumed = *asked != Place::Unknown;
        match status.as_u16() {
            204 if resumed => Self::Finished,
            200..=299 => Self::stream(headers, asked),
            410 if let Some(earliest) = offset(headers, wire::STREAM_EARLIEST_OFFSET) => {
                Self::Gone(earliest)
            }
            400 | 410 if resumed => Self::PlaceLost(format!("the server answers {status}")),
            408 | 425 | 429 | 500..=599 => Self::Later {
                why: format!("the server answers {status}"),
                retry_after: retry_after(headers, now),
            },
            _ if http::is_not_let_in(status) => Self::NotLetIn(status),
            _ => Self::Refused(format!("the server answers {status}")),
        }
    }

    fn stream(headers: &HeaderMap, asked: &Place) -> Self {
        let content_type = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
        let Some(form) = Form::of(content_type) else {
            let content_type = excerpt::quoted(content_type);
            return Self::Refused(format!("{content_type} holds no records"));
        };
        let coding = match Coding::of(headers) {
            Ok(coding) => coding,
            Err(name) => {
                let name = excerpt::quoted(&name);
                return Self::Refused(format!("the content coding {name} cannot be undone"));
            }
        };
        let given = offset(headers, wire::STREAM_OFFSET);
        let form = match (form, given) {
            // A server that counts lines gives lines.
            (Form::LinesOrArray, Some(_)) => Form::Lines,
            (form, _) => form,
        };
        let place = match (form, given, asked) {
            // The values of a JSON body do not tell how many bytes they take in the stream.
            (Form::Values, ..) => Place::Unknown,
            (_, Some(offset), _) => Place::Counted(offset),
            // The server was told the id, and sends what comes after it.
            (Form::Events, None, Place::Event(_)) => asked.clone(),
            (_, None, _) => Place::Unknown,
        };
        Self::Stream(Head {
            form,
            place,
            coding,
            counts: given.is_some(),
            gap: text(headers, wire::STREAM_GAP).map(excerpt::quoted),
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn offset(headers: &HeaderMap, name: &str) -> Option<Offset> {
    text(headers, name)?.parse().ok()
}

/// Seconds, or a date: how far off that is, our clock says.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER.as_str())?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let now = Duration::from_millis(u64::try_from(now.0).ok()?);
    Some(date.duration_since(UNIX_EPOCH).ok()?.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    /// 21 October 2015, 07:28:00.5
    const NOW: Timestamp = Timestamp(1_445_412_480_500);

    fn answer(status: u16, headers: &[(&'static str, &'static str)], asked: &Place) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        Answer::of(StatusCode::from_u16(status).unwrap(), &headers, asked, NOW)
    }

    fn place() -> Place {
        Place::Counted(Offset {
            record: 7,
            byte: 70,
        })
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
        for (status, resumed, again) in [
            (404, true, false),
            (401, false, false),
            (400, false, false),
            (410, false, false),
            (304, false, false),
            (408, false, true),
            (425, false, true),
            (429, false, true),
            (500, true, true),
            (503, false, true),
        ] {
            let asked = if resumed { place() } else { Place::Unknown };
            let later = matches!(answer(status, &[], &asked), Answer::Later { .. });
            assert_eq!(later, again, "{status}");
        }
        assert!(matches!(answer(410, &[], &place()), Answer::PlaceLost(_)));
        assert!(matches!(answer(400, &[], &place()), Answer::PlaceLost(_)));
        assert_eq!(answer(204, &[], &place()), Answer::Finished);
    }

    #[test]
    fn who_is_told_what_is_still_kept_goes_on_there() {
        let earliest = Offset {
            record: 9,
            byte: 90,
        };
        let header = (
            "stream-earliest-offset",
            "0000000000000009_0000000000000090",
        );
        for asked in [place(), Place::Unknown] {
            assert_eq!(answer(410, &[header], &asked), Answer::Gone(earliest));
        }
        let (no_place, not_now) = (
            ("stream-earliest-offset", "-1"),
            answer(503, &[header], &place()),
        );
        assert!(matches!(
            answer(410, &[no_place], &place()),
            Answer::PlaceLost(_)
        ));
        assert!(matches!(not_now, Answer::Later { .. }));
    }

    #[test]
    fn who_asks_for_what_is_not_there_is_told_what_to_do() {
        for (url, status, expected) in [
            (
                "http://h/v1/stream/a?live=ndjson",
                404,
                Some("no such stream"),
            ),
            ("http://h/v1/topics/a", 404, Some("no such topic")),
            ("http://h/v1/stream/a", 400, None),
            ("http://h/a", 404, None),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let told = advised("why".to_owned(), status, &url.parse().unwrap());
            match expected {
                Some(text) => assert!(told.starts_with("why: ") && told.contains(text), "{told}"),
                None => assert_eq!(told, "why"),
            }
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for (value, expected) in [
            ("7", Some(Duration::from_secs(7))),
            (
                "Wed, 21 Oct 2015 07:28:03 GMT",
                Some(Duration::from_millis(2500)),
            ),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(Duration::ZERO)),
            ("Wed, 21 Oct", None),
            ("-1", None),
        ] {
            let Answer::Later { retry_after, .. } =
                answer(503, &[("retry-after", value)], &place())
            else {
                panic!("503 is no end")
            };
            assert_eq!(retry_after, expected);
        }
    }

    #[test]
    fn the_place_is_what_the_server_says() {
        let offset = ("stream-offset", "0000000000000009_0000000000000090");
        let given = Place::Counted(Offset {
            record: 9,
            byte: 90,
        });
        let event = Place::Event("x".into());
        let (ndjson, sse, json) = (
            ("content-type", "application/x-ndjson"),
            ("content-type", "text/event-stream"),
            ("content-type", "application/json"),
        );
        for (headers, asked, form, place, counts) in [
            (
                vec![ndjson, offset],
                place(),
                Form::Lines,
                given.clone(),
                true,
            ),
            (vec![ndjson], place(), Form::Lines, Place::Unknown, false),
            (
                vec![sse, offset],
                place(),
                Form::Events,
                given.clone(),
                true,
            ),
            (vec![sse], event.clone(), Form::Events, event, false),
            (
                vec![json, offset],
                place(),
                Form::Values,
                Place::Unknown,
                true,
            ),
            (vec![offset], place(), Form::Lines, given, true),
            (
                vec![],
                Place::Unknown,
                Form::LinesOrArray,
                Place::Unknown,
                false,
            ),
        ] {
            let expected = Answer::Stream(Head {
                coding: Coding::Identity,
                form,
                place,
                counts,
                gap: None,
            });
            assert_eq!(answer(200, &headers, &asked), expected, "{headers:?}");
        }
        let image = answer(200, &[("content-type", "image/png")], &Place::Unknown);
        assert_eq!(
            image,
            Answer::Refused("\"image/png\" holds no records".to_owned())
        );
    }
}
