//! Settings as people type them, and the exit codes of a service.

use std::{process::ExitCode, time::Duration};

use bytesize::ByteSize;
use clap::Parser;

/// Exit codes, from `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked was done.
    Success = 0,
    /// The command line is wrong.
    Usage = 64,
    /// Something that is needed is not there.
    Unavailable = 69,
    /// A setting is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The command line as `C`; or, after help or an error was printed, how to exit.
///
/// # Errors
/// [`Exit::Success`] after help or version, [`Exit::Usage`] after an error.
pub fn parse<C: Parser>() -> Result<C, Exit> {
    C::try_parse().map_err(|error| {
        // Nothing can be said where even stderr is closed.
        drop(error.print());
        if error.use_stderr() {
            Exit::Usage
        } else {
            Exit::Success
        }
    })
}

/// A duration as people write it: `500ms`, `5s`, `2m`. Not zero.
///
/// # Errors
/// What is expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than nothing".to_owned()),
        Ok(duration) => Ok(duration),
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
        assert!(duration("5").is_err() && duration("0s").is_err() && duration("-1s").is_err());
        assert_eq!(
            (size("256MiB"), size("1GB")),
            (Ok(256 << 20), Ok(1_000_000_000))
        );
        assert!(size("many").is_err() && size("-1").is_err());
    }
}
