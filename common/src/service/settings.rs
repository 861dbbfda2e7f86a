//! Settings as people type them, and the exit codes of a service.

use std::{collections::BTreeSet, ops::RangeInclusive, process::ExitCode, time::Duration};

use bytesize::ByteSize;
use clap::{Command, CommandFactory, Parser};

/// What the names of all settings in the environment begin with.
const PREFIX: &str = "BROOKLET_";

/// Exit codes, from `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked was done.
    Success = 0,
    /// What was looked at is not as it should be.
    Failed = 1,
    /// The command line is wrong.
    Usage = 64,
    /// What was read is damaged.
    Data = 65,
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

/// The shortest and the longest duration that a setting can be. Times that far away can still be
/// added to any other.
const DURATIONS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(366 * 24 * 3600);

/// Warns of names in the environment that look like settings and are none of `C`'s. They may be
/// meant for others, so they are no error.
pub fn warn_of_unknown<C: CommandFactory>() {
    let mut known = BTreeSet::new();
    collect_names(&C::command(), &mut known);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && !known.contains(name.as_ref()) {
            tracing::warn!("there is no setting {name:?}: it means nothing here");
        }
    }
}

fn collect_names(command: &Command, names: &mut BTreeSet<String>) {
    let own = command
        .get_arguments()
        .filter_map(|argument| argument.get_env());
    names.extend(own.map(|name| name.to_string_lossy().into_owned()));
    command
        .get_subcommands()
        .for_each(|command| collect_names(command, names));
}

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
