//! The parameters of a request's query. Each may be there once; those that nobody asks for mean
//! nothing.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::Refusal;

/// What a parameter says, as it is written, if it is there.
pub(crate) fn parameter<'a>(
    query: Option<&'a str>,
    name: &'static str,
) -> Result<Option<&'a str>, Refusal> {
    let mut given = query
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter_map(|(given, value)| (given == name).then_some(value));
    match (given.next(), given.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Refusal::Twice(name)),
    }
}

/// Whether a parameter says `1`, and not `0` or nothing.
pub(crate) fn flag(query: Option<&str>, name: &'static str) -> Result<bool, Refusal> {
    match parameter(query, name)? {
        Some("1") => Ok(true),
        None | Some("0") => Ok(false),
        Some(other) => Err(Refusal::Query(format!("{name} is 0 or 1, not {other:?}"))),
    }
}

/// What a parameter says, its escapes resolved.
pub(crate) fn text(parameter: &str) -> Cow<'_, str> {
    percent_decode_str(parameter).decode_utf8_lossy()
}

/// A number as digits alone.
pub(crate) fn number(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_there_once_or_not_at_all() {
        let check = |query: &str, expected: Option<bool>| {
            assert_eq!(flag(Some(query), "acks").ok(), expected, "{query}");
        };
        check("", Some(false));
        check("acks=0&x=1", Some(false));
        check("x&acks=1", Some(true));
        for query in [
            "acks",
            "acks=",
            "acks=yes",
            "acks=1&acks=1",
            "acks=0&acks=1",
        ] {
            check(query, None);
        }
    }
}
