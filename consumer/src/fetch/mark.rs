//! Marks: lines that begin with `#`, as no JSON does, in which a server that was asked for them says
//! where its body stands. `#{"offset":"O","tail":"T","time":MS}`; the last one also says why the
//! body ends: `"end":"closed"`, or `"end":"drain","retry_after":S`, or what went wrong.

use std::time::Duration;

use common::{
    json::{self, Text, Value},
    offset::Offset,
};

use crate::excerpt;

/// What a mark begins with.
pub(super) const SIGN: u8 = b'#';

/// What a mark says. Members that are not known are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The place of the record that comes next.
    pub(super) offset: Offset,
    /// Where the stream ended, and when that was so, as time since 1970 on the server's clock.
    pub(super) tail: Option<(Offset, Duration)>,
    /// Why this is the last one.
    pub(super) end: Option<End>,
}

/// Why a body ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing will ever follow.
    Closed,
    /// The server goes away, and says when to come back.
    Drain { retry_after: Option<Duration> },
    /// The reader was so slow that what comes next is no longer kept.
    Overrun,
    /// What comes next cannot be read on the server.
    Damaged,
    /// The stream is no more.
    Deleted,
    /// A reason that is not known here.
    Other(String),
}

/// The members of a mark, as they are found.
#[derive(Default)]
struct Members {
    offset: Option<Offset>,
    tail: Option<Offset>,
    time: Option<Duration>,
    end: Option<String>,
    retry_after: Option<Duration>,
}

impl Mark {
    /// The mark that `line` is, if it is one.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line.strip_prefix(&[SIGN])?).ok()?;
        let mut members = Members::default();
        let is_object = json::members(text, |key, value| members.take(&key, &value)).ok()?;
        let offset = members.offset.filter(|_| is_object)?;
        Some(Self {
            offset,
            tail: members.tail.zip(members.time),
            end: members.end.map(|end| End::of(&end, members.retry_after)),
        })
    }
}

impl Members {
    fn take(&mut self, key: &Text<'_>, value: &Value<'_>) {
        match value {
            Value::String(text) if key.is("offset") => self.offset = place(text),
            Value::String(text) if key.is("tail") => self.tail = place(text),
            Value::String(text) if key.is("end") => self.end = Some(text.to_string()),
            Value::Number(number) if key.is("time") => self.time = seconds(number.to_f64() / 1e3),
            Value::Number(number) if key.is("retry_after") => {
                self.retry_after = seconds(number.to_f64());
            }
            _ => {}
        }
    }
}

impl End {
    fn of(end: &str, retry_after: Option<Duration>) -> Self {
        match end {
            "closed" => Self::Closed,
            "drain" => Self::Drain { retry_after },
            "overrun" => Self::Overrun,
            "damaged" => Self::Damaged,
            "deleted" => Self::Deleted,
            other => Self::Other(excerpt::quoted(other)),
        }
    }
}

fn place(text: &Text<'_>) -> Option<Offset> {
    text.to_string().parse().ok()
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = "0000000000000007_0000000000000070";
    const TAIL: &str = "0000000000000009_0000000000000090";

    fn mark(end: Option<End>) -> Mark {
        let (record, byte) = (7, 70);
        let tail = Offset {
            record: 9,
            byte: 90,
        };
        Mark {
            offset: Offset { record, byte },
            tail: Some((tail, Duration::from_millis(1_500))),
            end,
        }
    }

    #[test]
    fn a_mark_says_where_its_body_stands_and_why_it_ends() {
        let place = format!("\"offset\":\"{PLACE}\",\"tail\":\"{TAIL}\",\"time\":1500");
        for (more, end) in [
            ("", None),
            (",\"new\":[1]", None),
            (",\"end\":\"closed\"", Some(End::Closed)),
            (
                ",\"end\":\"drain\",\"retry_after\":5",
                Some(End::Drain {
                    retry_after: Some(Duration::from_secs(5)),
                }),
            ),
            (
                ",\"end\":\"drain\",\"retry_after\":-1",
                Some(End::Drain { retry_after: None }),
            ),
            (",\"end\":\"overrun\"", Some(End::Overrun)),
            (",\"end\":\"damaged\"", Some(End::Damaged)),
            (",\"end\":\"deleted\"", Some(End::Deleted)),
            (",\"end\":\"\\n\"", Some(End::Other(r#""\n""#.to_owned()))),
        ] {
            let line = format!("#{{{place}{more}}}\r");
            assert_eq!(Mark::parse(line.as_bytes()), Some(mark(end)), "{line}");
        }
        let short = format!("#{{\"offset\":\"{PLACE}\"}}");
        let expected = Mark {
            tail: None,
            ..mark(None)
        };
        assert_eq!(Mark::parse(short.as_bytes()), Some(expected));
    }

    #[test]
    fn what_begins_like_a_mark_may_be_none() {
        for line in [
            &b"#"[..],
            b"",
            b"# a comment",
            b"#{}",
            b"#[\"offset\"]",
            b"#{\"offset\":7}",
            b"#{\"offset\":\"now\"}",
            b"#{\"offset\":\"0000000000000007_0000000000000070\"",
            b"{\"offset\":\"0000000000000007_0000000000000070\"}",
            b"#{\"offset\":\"0000000000000007_0000000000000070\"}\xff",
        ] {
            assert_eq!(Mark::parse(line), None, "{line:?}");
        }
    }
}
