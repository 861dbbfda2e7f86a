//! Topics as they are described: `{"partitions":8,"key":"/user/id"}`.

use std::collections::BTreeSet;

use common::{
    json::{self, Pointer, Value},
    limits::PARTITIONS_MAX,
    name,
    service::{
        reply::{self, Body},
        settings::{duration, size},
    },
    wire,
};
use hyper::{Response, StatusCode};

use super::body::Upload;
use crate::{
    error::Refusal,
    log::{Log, Refused, Retention, Topic},
};

/// That the topic is there, as the body describes it.
pub(super) async fn create(
    log: &Log,
    name: &str,
    upload: &mut Upload,
) -> Result<Response<Body>, Refusal> {
    let (body, _room) = upload.whole(log).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| Refusal::Topic("the body is not UTF-8".to_owned()))?;
    let topic = read(name, text)?;
    // A partition that cannot be named cannot be read.
    let last = topic.partition_name(topic.partitions.saturating_sub(1));
    let _nameable = name::stream(&last)?;
    let answer = describing(&topic);
    let status = if log.create_topic(topic).await? {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(reply::text(status, wire::JSON, answer))
}

pub(super) async fn delete(log: &Log, name: &str) -> Result<Response<Body>, Refusal> {
    log.delete_topic(name).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// What a topic is, and which streams it has.
pub(super) fn describe(log: &Log, name: &str) -> Result<Response<Body>, Refusal> {
    let topic = log.topic(name).ok_or_else(|| missing(name))?;
    Ok(reply::text(StatusCode::OK, wire::JSON, describing(&topic)))
}

pub(super) fn missing(name: &str) -> Refused {
    Refused::Missing(format!("topic {name:?}"))
}

/// That one of its streams was deleted: it can only be read, or deleted and made anew.
pub(super) fn missing_partition(name: &str) -> Refused {
    Refused::Missing(format!(
        "partition of topic {name:?} any more: one was deleted"
    ))
}

/// The names of all topics that are `shown`.
pub(super) fn list(log: &Log, shown: impl Fn(&str) -> bool) -> Response<Body> {
    let names: Vec<_> = log
        .topics()
        .iter()
        .filter(|topic| shown(&topic.name))
        .map(|topic| format!("\"{}\"", topic.name))
        .collect();
    let text = format!("{{\"topics\":[{}]}}\n", names.join(","));
    reply::text(StatusCode::OK, wire::JSON, text)
}

fn describing(topic: &Topic) -> String {
    let streams: Vec<_> = (0..topic.partitions)
        .map(|partition| {
            format!(
                "\"{}{}\"",
                wire::STREAMS_PATH,
                topic.partition_name(partition)
            )
        })
        .collect();
    format!(
        "{{\"topic\":\"{}\",\"partitions\":{},\"key\":{},\"streams\":[{}]}}\n",
        topic.name,
        topic.partitions,
        json::quoted(&topic.key),
        streams.join(",")
    )
}

/// A topic as a body describes it. A member that is not known is refused: it may be a misspelt one.
fn read(name: &str, text: &str) -> Result<Topic, Refusal> {
    let (mut partitions, mut key, mut retention) = (None, None, Retention::default());
    let (mut fault, mut given) = (None, BTreeSet::new());
    let is_object = json::members(text, |member, value| {
        let read = match (member.to_string().as_str(), value) {
            (name, _) if !given.insert(name.to_owned()) => {
                Err("is given more than once".to_owned())
            }
            ("partitions", value) => read_partitions(value).map(|read| partitions = Some(read)),
            ("key", Value::String(text)) => {
                key = Some(text.to_string());
                Ok(())
            }
            ("retention_bytes", Value::String(text)) => {
                size(&text.to_string()).map(|bytes| retention.bytes = Some(bytes))
            }
            ("retention_age", Value::String(text)) => {
                duration(&text.to_string()).map(|age| retention.age = Some(age))
            }
            ("key" | "retention_bytes" | "retention_age", value) => {
                Err(format!("must be a string, not {}", value.kind()))
            }
            _ => Err("is not known".to_owned()),
        };
        if let Err(why) = read {
            fault.get_or_insert(format!("{member} {why}"));
        }
    })
    .map_err(|fault| Refusal::Topic(format!("{fault} at byte {}", fault.at)))?;
    match (fault, partitions, key) {
        _ if !is_object => Err(Refusal::Topic("the body is not an object".to_owned())),
        (Some(fault), ..) => Err(Refusal::Topic(fault)),
        (None, Some(partitions), Some(key)) => {
            let _pointer: Pointer = key.parse()?;
            let name = name.to_owned();
            Ok(Topic {
                name,
                partitions,
                key,
                retention,
            })
        }
        (None, None, _) => Err(Refusal::Topic("partitions is missing".to_owned())),
        (None, _, None) => Err(Refusal::Topic("key is missing".to_owned())),
    }
}

fn read_partitions(value: Value<'_>) -> Result<u16, String> {
    let number = value.plain().parse::<u16>();
    let is_number = matches!(value, Value::Number(_));
    number
        .ok()
        .filter(|count| is_number && (1..=PARTITIONS_MAX).contains(&usize::from(*count)))
        .ok_or_else(|| format!("must be a number from 1 to {PARTITIONS_MAX}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_topic_is_read_as_it_is_described() {
        let text =
            r#"{"key":"/a\u002fb","partitions":8,"retention_bytes":"1GiB","retention_age":"7d"}"#;
        let expected = Topic {
            name: "t".to_owned(),
            partitions: 8,
            key: "/a/b".to_owned(),
            retention: Retention {
                bytes: Some(1 << 30),
                age: Some(Duration::from_hours(7 * 24)),
            },
        };
        assert_eq!(read("t", text).unwrap(), expected);
        let described = "{\"topic\":\"t\",\"partitions\":2,\"key\":\"/\\\"\",\
                         \"streams\":[\"/v1/stream/t/0\",\"/v1/stream/t/1\"]}\n";
        let topic = read("t", r#"{"partitions":2,"key":"/\""}"#).unwrap();
        assert_eq!(describing(&topic), described);
    }

    #[test]
    fn what_is_wrong_with_a_description_is_named() {
        let most = format!(r#"{{"partitions":{},"key":""}}"#, PARTITIONS_MAX + 1);
        for (text, why) in [
            ("", "ends too early"),
            ("[]", "not an object"),
            ("{}", "partitions is missing"),
            (r#"{"partitions":1}"#, "key is missing"),
            (
                r#"{"partitions":0,"key":""}"#,
                "partitions must be a number from 1",
            ),
            (
                r#"{"partitions":"1","key":""}"#,
                "partitions must be a number from 1",
            ),
            (
                r#"{"partitions":1.5,"key":""}"#,
                "partitions must be a number from 1",
            ),
            (&most, "partitions must be a number from 1 to 1024"),
            (
                r#"{"partitions":1,"key":1}"#,
                "key must be a string, not a number",
            ),
            (r#"{"partitions":1,"key":"a"}"#, "begins with /"),
            (
                r#"{"partitions":1,"key":"","retention_age":"x"}"#,
                "retention_age",
            ),
            (
                r#"{"partitions":1,"key":"","retention_bytes":5}"#,
                "must be a string",
            ),
            (r#"{"partitions":1,"keys":""}"#, "keys is not known"),
            (
                r#"{"partitions":1,"key":"","partitions":2}"#,
                "partitions is given more than once",
            ),
        ] {
            let refused = read("t", text).unwrap_err().to_string();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
