//! Settings: what was typed, then what is true.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use common::service::{
    edge,
    settings::{duration, size},
    telemetry,
};

use crate::{
    ingest::{Spec, source},
    log::{FILE_BYTES_MIN, FileBytesMax, Options, Retention},
    stream, subscription,
};

/// The least that can be kept: some segments of the log.
const RETENTION_BYTES_MIN: u64 = 1024 * 1024;

/// What is in memory where it is nowhere else.
const MEMORY_ONLY_BYTES: u64 = 256 * 1024 * 1024;

/// How much of a log on disk is in memory too, for readers who are near its end.
const MEMORY_BYTES: u64 = 64 * 1024 * 1024;

/// Where records are kept where nothing is said of it.
const DATA_DIR: &str = "./brooklet-data";

/// The data directory that is none.
const MEMORY: &str = "memory";

/// The least room for what is on its way into the log: a request of the largest size.
const INFLIGHT_BYTES_MIN: u64 = 16 * 1024 * 1024;

const EXAMPLES: &str = "\
Sources: NAME[:ARGUMENT][?option=value&…][@RATE[:COUNT]]
  numbers                  {\"id\":0,\"value\":0}, {\"id\":1,\"value\":2}, …  (1/s unless said otherwise)
  sensors                  keyed random walks; keys=10, late=0, broken=0 (shares), seed  (10/s)
  file:PATH                replays a file of NDJSON  (max)
  none                     nothing but what is posted
  >NAME at the end: into that stream, or topic, instead of the default stream.
  When all sources of a stream have come to their end, it is closed.
Every option has an environment twin: --keep-alive is BROOKLET_KEEP_ALIVE.

Examples:
  producer                                       a number a second
  producer --source 'numbers@max:1000000'        a million, as fast as they are read
  producer --source 'sensors?keys=100@5000/s'    100 sensors, 5,000 records a second
  producer --source none                         then: curl -d '{\"value\":1}' 127.0.0.1:8080/stream
  curl -N 127.0.0.1:8080/stream                  reads it, history first";

/// Takes records in, keeps them in a durable ordered log, and streams them over HTTP.
#[derive(Debug, clap::Parser)]
#[command(name = "producer", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(disable_help_flag = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do; nothing named is to serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub args: Args,
    /// Print this help
    #[arg(long, short, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

/// What the producer can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve (what it does when nothing is named)
    Serve(Box<Args>),
    /// Ask a running producer whether it is ready; exit code 0 or 69
    Healthcheck {
        /// Where it listens
        #[arg(
            long,
            env = "BROOKLET_LISTEN",
            hide_env = true,
            default_value = "127.0.0.1:8080"
        )]
        listen: SocketAddr,
    },
    /// Show what is in a data directory, and verify all of it, also beside a running producer; exit
    /// code 0, or 65 when something is damaged
    Inspect {
        /// The data directory
        directory: PathBuf,
    },
    /// Make a data directory that can be used of what is sound in a damaged one, which is left as
    /// it is
    Repair {
        /// The damaged data directory
        directory: PathBuf,
        /// The new one
        #[arg(long, value_name = "NEW")]
        to: PathBuf,
    },
}

/// Settings of a producer as typed.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Where to listen
    #[arg(
        long,
        env = "BROOKLET_LISTEN",
        hide_env = true,
        default_value = "127.0.0.1:8080",
        value_name = "ADDR:PORT"
    )]
    pub listen: SocketAddr,
    /// A source of records; may be given several times [default: numbers]
    #[arg(long, value_name = "SPEC")]
    source: Vec<String>,
    /// Sources, separated by spaces: what the environment has instead of several flags
    #[arg(
        long = "sources",
        env = "BROOKLET_SOURCE",
        hide = true,
        value_delimiter = ' ',
        default_value = "numbers"
    )]
    sources: Vec<String>,
    /// Where records are kept: a directory, or memory (lost when the producer ends)
    #[arg(
        long,
        env = "BROOKLET_DATA_DIR",
        hide_env = true,
        default_value = DATA_DIR,
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    /// How many bytes of a stream are kept; beyond it the oldest go [default: all]
    #[arg(
        long,
        env = "BROOKLET_RETENTION_BYTES",
        hide_env = true,
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    retention_bytes: Option<u64>,
    /// For how long records are kept; older ones go [default: for ever]
    #[arg(
        long,
        env = "BROOKLET_RETENTION_AGE",
        hide_env = true,
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    retention_age: Option<Duration>,
    /// How many bytes of records are in memory [default: 64MiB, the newest; 256MiB without a directory]
    #[arg(
        long,
        env = "BROOKLET_MEMORY_BYTES",
        hide_env = true,
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    memory_bytes: Option<u64>,
    /// How many bytes of requests may be on their way into the log
    #[arg(
        long,
        env = "BROOKLET_INFLIGHT_BYTES",
        hide_env = true,
        default_value = "64MiB",
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    inflight_bytes: u64,
    /// How long a file of the journal gets; up to three are in memory too
    #[arg(
        long,
        env = "BROOKLET_JOURNAL_BYTES",
        hide_env = true,
        default_value = "32MiB",
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    journal_bytes: u64,
    /// How long a file of a stream gets; the oldest ones go as a whole
    #[arg(
        long,
        env = "BROOKLET_SEGMENT_BYTES",
        hide_env = true,
        default_value = "64MiB",
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    segment_bytes: u64,
    /// How much space is left on the disk: with less, nothing is appended
    #[arg(
        long,
        env = "BROOKLET_DISK_FLOOR_BYTES",
        hide_env = true,
        default_value = "256MiB",
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    disk_floor_bytes: u64,
    /// How many bytes a page of a stream has at the most; but one record at the least
    #[arg(
        long,
        env = "BROOKLET_PAGE_BYTES",
        hide_env = true,
        default_value = "4MiB",
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    page_bytes: u64,
    /// How long a long-poll waits for news
    #[arg(
        long,
        env = "BROOKLET_LONG_POLL_TIMEOUT",
        hide_env = true,
        default_value = "20s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    long_poll_timeout: Duration,
    /// How often an idle reader gets a sign of life
    #[arg(
        long,
        env = "BROOKLET_KEEP_ALIVE",
        hide_env = true,
        default_value = "5s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    keep_alive: Duration,
    /// For how long a reader may take nothing before it is cut
    #[arg(
        long,
        env = "BROOKLET_STALL_LIMIT",
        hide_env = true,
        default_value = "30s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    stall_limit: Duration,
    /// For how long a stop waits for requests under way
    #[arg(
        long,
        env = "BROOKLET_DRAIN_LIMIT",
        hide_env = true,
        default_value = "5s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    drain_limit: Duration,
    /// For how long a connection may take to send a request's head
    #[arg(
        long,
        env = "BROOKLET_HEADER_TIMEOUT",
        hide_env = true,
        default_value = "10s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    header_timeout: Duration,
    /// How many connections there may be at a time
    #[arg(
        long,
        env = "BROOKLET_CONNECTIONS_MAX",
        hide_env = true,
        default_value = "16384",
        value_name = "N"
    )]
    connections_max: NonZeroUsize,
    /// How many of them from one address; unlimited unless given
    #[arg(
        long,
        env = "BROOKLET_CONNECTIONS_PER_ADDRESS_MAX",
        hide_env = true,
        value_name = "N"
    )]
    connections_per_address_max: Option<NonZeroUsize>,
    /// Subscriptions.
    #[command(flatten)]
    subscription: subscription::Args,
    /// What is logged, and how.
    #[command(flatten)]
    pub telemetry: telemetry::Args,
}

/// Settings of a producer, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) sources: Vec<Spec>,
    pub(crate) log: Options,
    pub(crate) stream: stream::Options,
    pub(crate) limits: edge::Limits,
    pub(crate) subscription: subscription::Options,
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
        let named = if self.source.is_empty() {
            &self.sources
        } else {
            &self.source
        };
        let sources = named
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
        let checked = self.subscription.check();
        let subscription = checked.map_err(|(setting, reason)| Invalid { setting, reason })?;
        Ok(Config {
            sources,
            log,
            subscription,
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
    use clap::{CommandFactory, Parser};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

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
    }
}
