//! Settings: what was typed ([`Args`]), then what is true ([`Config`]).

mod checked;

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use common::service::{
    settings::{self, duration, size},
    telemetry, tls,
};

pub use checked::{Config, Invalid};

use crate::{access, ingest::Patience, subscription};

/// Where records are kept where nothing is said of it.
const DATA_DIR: &str = "./brooklet-data";

const EXAMPLES: &str = "\
Sources: NAME[:ARGUMENT][?option=value&…][@RATE[:COUNT]]
  numbers                  {\"id\":0,\"value\":0}, {\"id\":1,\"value\":2}, …  (1/s unless said otherwise)
  sensors                  keyed random walks; keys=10, late=0, broken=0 (shares), seed  (10/s)
  file:PATH                replays a file of NDJSON  (max)
  none                     nothing but what is posted
  >NAME at the end: into that stream, or topic, instead of the default stream.
  When all sources of a stream have come to their end, it is closed.
`producer config` prints all settings: what each is, its value, and where that came from. Each is a
flag (--keep-alive 2s), in the environment (BROOKLET_KEEP_ALIVE=2s), or a file (keep-alive = \"2s\").

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
    /// Print the settings in effect, and where each came from: a file that --config takes
    Config(Box<Args>),
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
        /// The certificate that it serves with, if it does
        #[arg(long, env = "BROOKLET_TLS_CERT", hide_env = true, value_name = "FILE")]
        tls_cert: Option<PathBuf>,
    },
    /// Make a token, by which a client is let in
    #[command(subcommand)]
    Token(Token),
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

/// What can be done with tokens.
#[derive(Debug, clap::Subcommand)]
pub enum Token {
    /// Make one, and print it: once, for nobody can tell later what it is. Its line for the tokens file
    /// goes to stderr
    New(access::New),
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
    /// A source of records; may be given several times
    #[arg(
        long,
        alias = "sources",
        env = "BROOKLET_SOURCE",
        hide_env = true,
        default_value = "numbers",
        value_name = "SPEC"
    )]
    source: Vec<String>,
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
        hide_short_help = true,
        value_name = "SIZE"
    )]
    #[arg(value_parser = size)]
    memory_bytes: Option<u64>,
    /// How many bytes of requests may be on their way into the log
    #[arg(
        long,
        env = "BROOKLET_INFLIGHT_BYTES",
        hide_env = true,
        hide_short_help = true,
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
        hide_short_help = true,
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
        hide_short_help = true,
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
        hide_short_help = true,
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
        hide_short_help = true,
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
        hide_short_help = true,
        default_value = "30s",
        value_name = "DURATION"
    )]
    #[arg(value_parser = duration)]
    stall_limit: Duration,
    /// For how long a stop waits for requests under way, and then for the log to be settled
    #[arg(
        long,
        env = "BROOKLET_DRAIN_LIMIT",
        hide_env = true,
        hide_short_help = true,
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
        hide_short_help = true,
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
        hide_short_help = true,
        default_value = "16384",
        value_name = "N"
    )]
    connections_max: NonZeroUsize,
    /// How many of them from one address; unlimited unless given
    #[arg(
        long,
        env = "BROOKLET_CONNECTIONS_PER_ADDRESS_MAX",
        hide_env = true,
        hide_short_help = true,
        value_name = "N"
    )]
    connections_per_address_max: Option<NonZeroUsize>,
    /// Where settings are read from.
    #[command(flatten)]
    settings: settings::Args,
    /// Who may ask.
    #[command(flatten)]
    access: access::Args,
    /// Subscriptions.
    #[command(flatten)]
    subscription: subscription::Args,
    /// How long requests' bodies may take.
    #[command(flatten)]
    body: Patience,
    /// What connections are secured by.
    #[command(flatten)]
    tls: tls::Args,
    /// What is logged, and how.
    #[command(flatten)]
    pub telemetry: telemetry::Args,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_a_twin_in_the_environment() {
        // What a command makes, and where, is no setting.
        let no_settings = ["help", "to", "scope", "prefix", "name", "append-to"];
        let mut left = vec![Cli::command()];
        while let Some(command) = left.pop() {
            for argument in command.get_arguments() {
                let Some(flag) = argument
                    .get_long()
                    .filter(|flag| !no_settings.contains(flag))
                else {
                    continue;
                };
                let twin = format!("BROOKLET_{}", flag.to_uppercase().replace('-', "_"));
                assert_eq!(argument.get_env(), Some(twin.as_ref()), "--{flag}");
            }
            left.extend(command.get_subcommands().cloned());
        }
    }
}
