//! Values as people write them.

use std::{ops::RangeInclusive, time::Duration};

use bytesize::ByteSize;

/// The shortest and the longest duration that a setting can be. Times that far away can still be
/// added to any other.
const DURATIONS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(366 * 24 * 3600);

/// A duration as people write it: `500ms`, `5s`, `2m`; from a millisecond to a year.
///
/// # Errors
/// What is expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if DURATIONS.contains(&duration) => Ok(duration),
        Ok(_) => Err("must be from 1ms to a year".to_owned()),
        Err(error) => Err(format!("{error}; write it as 500ms, 5s or 2m")),
    }
}

/// A size in bytes as people write it: `65536`, `64KiB`, `256MiB`, `1GB`.
///
/// # Errors
/// What is expected.
pub fn size(text: &str) -> Result<u64, String> {
    text.parse::<ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| "write it as 65536, 64KiB, 256MiB or 1GB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_as_people_write_them() {
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(duration("1ns").is_err() && duration("500000000000years").is_err());
        assert!(duration("5").is_err() && duration("0s").is_err() && duration("-1s").is_err());
        assert_eq!(
            (size("256MiB"), size("1GB")),
            (Ok(256 << 20), Ok(1_000_000_000))
        );
        assert!(size("many").is_err() && size("-1").is_err());
    }
}
