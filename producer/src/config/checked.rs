//! The settings that are true: what was typed, checked once.

use std::sync::Arc;

use common::service::{edge, tls::Tls};

use super::Args;
use crate::{
    access::Access,
    ingest::{Patience, Spec, source},
    log::{FILE_BYTES_MIN, FileBytesMax, Options, Retention},
    stream, subscription,
};

/// The least that can be kept: some segments of the log.
const RETENTION_BYTES_MIN: u64 = 1024 * 1024;

/// What is in memory where it is nowhere else.
const MEMORY_ONLY_BYTES: u64 = 256 * 1024 * 1024;

/// How much of a log on disk is in memory too, for readers who are near its end.
const MEMORY_BYTES: u64 = 64 * 1024 * 1024;

/// The data directory that is none.
const MEMORY: &str = "memory";

/// The least room for what is on its way into the log: a request of the largest size.
const INFLIGHT_BYTES_MIN: u64 = 16 * 1024 * 1024;

/// The longest file of the journal: up to three are in memory too.
const JOURNAL_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Settings of a producer, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) sources: Vec<Spec>,
    pub(crate) log: Options,
    pub(crate) stream: stream::Options,
    pub(crate) limits: edge::Limits,
    pub(crate) access: Access,
    pub(crate) subscription: subscription::Options,
    pub(crate) body: Patience,
    pub(crate) tls: Option<Arc<Tls>>,
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct Invalid {
    setting: &'static str,
    reason: String,
}

impl Args {
    /// The settings, checked.
    ///
    /// # Errors
    /// The first setting that cannot be, and why.
    pub fn check(self) -> Result<Config, Invalid> {
        let sources = self
            .source
            .iter()
            .filter(|spec| !spec.is_empty())
            .filter_map(|spec| source::parse(spec).transpose())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Invalid {
                setting: "--source",
                reason: error.to_string(),
            })?;
        for source in &sources {
            source.check().map_err(|error| Invalid {
                setting: "--source",
                reason: format!("{source}: {error}"),
            })?;
        }

        let log = self.keep()?;
        let invalid = |(setting, reason)| Invalid { setting, reason };
        let access = self.access.check().map_err(invalid)?;
        let subscription = self.subscription.check().map_err(invalid)?;
        let tls = self.tls.load().map_err(|unusable| Invalid {
            setting: "--tls-cert, --tls-key",
            reason: unusable.to_string(),
        })?;
        Ok(Config {
            body: self.body,
            tls: tls.map(Arc::new),
            sources,
            log,
            stream: stream::Options {
                keep_alive: self.keep_alive,
                page_bytes: usize::try_from(self.page_bytes).unwrap_or(usize::MAX),
                long_poll_timeout: self.long_poll_timeout,
            },
            limits: edge::Limits {
                connections_max: self.connections_max.get(),
                connections_per_address_max: self.connections_per_address_max.map(usize::from),
                header_timeout: self.header_timeout,
                stall_limit: self.stall_limit,
                drain_limit: self.drain_limit,
            },
            access,
            subscription,
        })
    }

    /// Where and how much is kept.
    fn keep(&self) -> Result<Options, Invalid> {
        let directory = Some(self.data_dir.clone()).filter(|named| named.as_os_str() != MEMORY);
        let memory_bytes = match &directory {
            Some(_) => self.memory_bytes.unwrap_or(MEMORY_BYTES),
            None => {
                let bound = self.memory_bytes.or(self.retention_bytes);
                bound.unwrap_or(MEMORY_ONLY_BYTES)
            }
        };
        let least = |setting, given: Option<u64>, least| match given {
            Some(bytes) if bytes < least => Err(Invalid {
                setting,
                reason: format!("is {bytes} bytes; it needs {least}"),
            }),
            _ => Ok(()),
        };
        least(
            "--retention-bytes",
            self.retention_bytes,
            RETENTION_BYTES_MIN,
        )?;
        least("--memory-bytes", self.memory_bytes, RETENTION_BYTES_MIN)?;
        least(
            "--inflight-bytes",
            Some(self.inflight_bytes),
            INFLIGHT_BYTES_MIN,
        )?;
        least("--journal-bytes", Some(self.journal_bytes), FILE_BYTES_MIN)?;
        if self.journal_bytes > JOURNAL_BYTES_MAX {
            let bytes = self.journal_bytes;
            return Err(Invalid {
                setting: "--journal-bytes",
                reason: format!("is {bytes} bytes; it can be {JOURNAL_BYTES_MAX} at the most"),
            });
        }
        least("--page-bytes", Some(self.page_bytes), 1)?;
        least("--segment-bytes", Some(self.segment_bytes), FILE_BYTES_MIN)?;
        Ok(Options {
            directory,
            retention: Retention {
                bytes: self.retention_bytes,
                age: self.retention_age,
            },
            memory_bytes,
            inflight_bytes: usize::try_from(self.inflight_bytes).unwrap_or(usize::MAX),
            file_bytes_max: FileBytesMax {
                journal: self.journal_bytes,
                segment: self.segment_bytes,
            },
            floor_bytes: self.disk_floor_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::config::Cli;

    #[test]
    fn wrong_settings_are_named() {
        let check = |words: &str| {
            let words = std::iter::once("producer").chain(words.split_whitespace());
            let checked = Cli::try_parse_from(words).unwrap().args.check();
            checked
                .map(|config| config.sources.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(check(""), Ok(1));
        assert_eq!(check("--source none"), Ok(0));
        assert_eq!(check("--sources none"), Ok(0));
        assert_eq!(check("--source numbers --source sensors@1/s"), Ok(2));
        assert!(check("--source what").is_err_and(|error| error.starts_with("--source: there is")));
        let small = "--retention-bytes: is 1024 bytes; it needs 1048576";
        assert_eq!(check("--retention-bytes 1KiB"), Err(small.to_owned()));
        let long = "--journal-bytes: is 8589934592 bytes; it can be 4294967296 at the most";
        assert_eq!(check("--journal-bytes 8GiB"), Err(long.to_owned()));
        let none = "--page-bytes: is 0 bytes; it needs 1";
        assert_eq!(check("--page-bytes 0"), Err(none.to_owned()));
    }
}
