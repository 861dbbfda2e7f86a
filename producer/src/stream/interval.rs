//! What a live answer is numbered with, so that a cache on its way does not give the same one for
//! ever: the number of the interval in which it was made. For one client it only rises.

use common::time::Timestamp;

/// Midnight of 9 October 2024 in UTC, from which the protocol counts.
const EPOCH: Timestamp = Timestamp(1_728_432_000_000);

/// How long an interval is, in milliseconds.
const MILLISECONDS: i64 = 20_000;

/// Largest number that a client can have had: what JavaScript can count to, too.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The number of an answer that is made `now`, for a client that has `had` another one.
pub(super) fn number(now: Timestamp, had: Option<u64>) -> u64 {
    let since = now.0.saturating_sub(EPOCH.0).max(0).cast_unsigned();
    let number = since / MILLISECONDS.unsigned_abs();
    number.max(had.map_or(0, |had| had + 1))
}

/// What a client says that it had. Whatever no server can have given means nothing.
pub(super) fn had(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().ok()).flatten();
    number.filter(|number| *number < NUMBER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_with_the_time_and_for_each_client() {
        let check = |after: i64, had, expected| {
            assert_eq!(number(Timestamp(EPOCH.0 + after), had), expected, "{after}");
        };
        check(-1, None, 0);
        check(0, None, 0);
        check(19_999, None, 0);
        check(20_000, None, 1);
        check(20_000_000, Some(7), 1000);
        check(20_000_000, Some(999), 1000);
        check(20_000_000, Some(1000), 1001);
        check(20_000_000, Some(5000), 5001);
        let date = Timestamp::from_rfc3339("2024-10-09T00:00:00Z");
        assert_eq!(date, Ok(EPOCH));
    }

    #[test]
    fn what_is_no_number_means_nothing() {
        assert_eq!(had("1000"), Some(1000));
        for text in [
            "",
            "-1",
            "+1",
            "1.5",
            "x",
            "9007199254740991",
            "99999999999999999999",
        ] {
            assert_eq!(had(text), None, "{text}");
        }
    }
}
