//! Settings: what was typed ([`Args`]), then what is true ([`Config`]).

mod checked;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use common::service::{
    edge,
    settings::{self, duration, size},
    telemetry,
};

pub use checked::{Config, Invalid};

use crate::{
    http, token,
    write::{Output, Print},
};

/// What a health check may cost.
pub(crate) const EDGE: edge::Limits = edge::Limits {
    connections_max: 64,
    connections_per_address_max: None,
    header_timeout: Duration::from_secs(10),
    stall_limit: Duration::from_secs(10),
    drain_limit: Duration::from_millis(500),
};

/// More threads than any machine has use for.
const PARALLELISM_MAX: u16 = 256;

const EXAMPLES: &str = "\
Examples:
  consumer                                          every record and the average so far
  consumer --url http://host/stream --print second  the average, every second
  consumer --url http://host/v1/topics/t            all partitions of a topic
  consumer --until-end --print final --output json  the answer, at the end of the stream
  consumer --field price --records 1000             the average of the first 1000 prices
  consumer run job.sql                              a job in Flink SQL
  consumer sql 'SELECT …'                           the same, typed here
  consumer test fixtures/                           tests of jobs
  consumer tap http://host/v1/topics/t              all records, as they come

Each option can also be set as BROOKLET_…, as BROOKLET_UNTIL_END for --until-end, and in a file.

Exit codes:
   0  read as asked, or the output was closed
  64  wrong usage
  69  the stream is not there, or ended or was stopped before N records
  78  wrong setting";

const FIXTURES: &str = "\
A fixture is a folder with
  job.sql                   the job, as it would be run; none of its tables is opened
  TABLE.ndjson              the lines of each table it reads, broken ones too (TABLE.csv of CSV)
  expected/TABLE.ndjson     what each table it writes to gets, as --output json prints it;
                            select.ndjson is that of a bare SELECT
  expected/rejected.ndjson  {\"table\":…,\"line\":…,\"reason\":…} of each line that is no record

Each line is a batch of its own. {\"@now\":\"2026-01-01 00:00:00\"} (UTC, or RFC 3339) on a line of its
own moves the clock for the lines behind it; it begins at the earliest of these, or at 1970-01-01.
Lines are taken by the clock, then by the table's name, then as they stand. At last all tables end.

Each fixture is run again with all state taken down and put back behind each line (of a long one,
behind a thousand of them), which must give the same.

Exit codes:
   0  all fixtures give what is expected
   1  one does not
  64  wrong usage
  78  a job or fixture cannot be read, or there is none";

/// Runs jobs in Flink SQL over streams; without one, reads a stream of JSON records (NDJSON, SSE or an
/// array) and computes the average of a field.
#[derive(Debug, Parser)]
#[command(name = "consumer", version, after_help = EXAMPLES)]
pub struct Args {
    /// What to do, if not to read.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to read: http://HOST/stream (or any other URL that gives records),
    /// http://HOST/v1/stream/NAME, or http://HOST/v1/topics/NAME (all its partitions)
    #[arg(
        long,
        env = "BROOKLET_URL",
        hide_env = true,
        default_value = "http://127.0.0.1:8080/stream",
        global = true
    )]
    pub url: String,
    /// The field of each record to average
    #[arg(
        long,
        env = "BROOKLET_FIELD",
        hide_env = true,
        value_name = "NAME",
        default_value = "value"
    )]
    pub field: String,
    /// When to print a line: each (record), second, or final
    #[arg(
        long,
        env = "BROOKLET_PRINT",
        hide_env = true,
        hide_possible_values = true,
        value_name = "WHEN",
        value_enum,
        default_value = "each"
    )]
    pub print: Print,
    /// What a line looks like: text or json
    #[arg(
        long,
        env = "BROOKLET_OUTPUT",
        hide_env = true,
        hide_possible_values = true,
        value_name = "FORM",
        value_enum,
        default_value = "text",
        global = true
    )]
    pub output: Output,
    /// Stop after N records, rejected ones too
    #[arg(long, env = "BROOKLET_RECORDS", hide_env = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub records: Option<u64>,
    /// Stop at the end of the stream, rather than wait for more
    #[arg(long, env = "BROOKLET_UNTIL_END", hide_env = true, value_parser = switch)]
    pub until_end: bool,
    /// Give up when nothing was received for so long [default: never]
    #[arg(long, global = true, env = "BROOKLET_RETRY_FOR", hide_env = true, value_name = "TIME", value_parser = duration)]
    pub retry_for: Option<Duration>,
    /// Connect anew when nothing comes for so long [default: 15s if the server is ours]
    #[arg(long, global = true, env = "BROOKLET_IDLE_TIMEOUT", hide_env = true, value_name = "TIME", value_parser = duration)]
    pub idle_timeout: Option<Duration>,
    /// What a server is shown.
    #[command(flatten)]
    token: token::Args,
    /// Append rejected records to this file
    #[arg(
        long,
        env = "BROOKLET_DEAD_LETTER",
        hide_env = true,
        value_name = "PATH",
        global = true
    )]
    pub dead_letter: Option<PathBuf>,
    /// How long that file may get
    #[arg(long, global = true, env = "BROOKLET_DEAD_LETTER_BYTES_MAX", hide_env = true, value_name = "SIZE", value_parser = size, default_value = "64MiB")]
    pub dead_letter_bytes_max: u64,
    /// How many parse, and compute, side by side [default: one for each core]
    #[arg(long, alias = "workers", global = true, env = "BROOKLET_PARALLELISM", hide_env = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(PARALLELISM_MAX)))]
    pub parallelism: Option<u16>,
    /// Memory for the state of a job's steps [default: half of what there is]
    #[arg(long, global = true, env = "BROOKLET_STATE_BYTES", hide_env = true, value_name = "SIZE", value_parser = size)]
    pub state_bytes: Option<u64>,
    /// Serve /healthz, /readyz, /metrics and /v1/jobs there [default: nowhere]
    #[arg(
        long,
        env = "BROOKLET_LISTEN",
        hide_env = true,
        value_name = "ADDR:PORT",
        global = true
    )]
    pub listen: Option<SocketAddr>,
    /// Where settings are read from.
    #[command(flatten)]
    settings: settings::Args,
    /// Whom to trust.
    #[command(flatten)]
    trust: http::Args,
    /// What is logged.
    #[command(flatten)]
    pub telemetry: telemetry::Args,
}

/// What the consumer does instead of averaging a field.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run a job, which is a file of Flink SQL
    Run {
        /// The file; - is what comes on stdin
        job: PathBuf,
    },
    /// Run statements, as a file of them would be
    Sql {
        /// The statements
        #[arg(allow_hyphen_values = true, value_parser = statements)]
        text: String,
    },
    /// Say whether a job can be run, and what is wrong with it
    Validate {
        /// The file; - is what comes on stdin
        job: PathBuf,
    },
    /// Print what a job would do
    Explain {
        /// The file; - is what comes on stdin
        job: PathBuf,
    },
    /// Print the records of a stream as they come, one a line
    Tap {
        /// What to read [default: what --url says]
        #[arg(value_name = "URL")]
        stream: Option<String>,
        /// Stop after N records
        #[arg(long, env = "BROOKLET_RECORDS", hide_env = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        records: Option<u64>,
        /// Where a producer's stream begins: earliest, or latest for what comes from now on
        #[arg(
            long,
            env = "BROOKLET_FROM",
            hide_env = true,
            hide_possible_values = true,
            value_name = "PLACE",
            value_enum,
            default_value = "earliest"
        )]
        from: Begin,
    },
    /// Test jobs with fixtures: folders with a job.sql, the lines of its tables, and what is expected
    #[command(after_help = FIXTURES)]
    Test {
        /// Fixtures, or folders that hold some
        #[arg(default_value = ".")]
        paths: Vec<PathBuf>,
        /// Make what is expected what is given, and say what changed
        #[arg(long)]
        update: bool,
    },
    /// Print the settings in effect, and where each came from: a file that --config takes
    Config,
    /// Ask the consumer that listens on --listen whether it is ready
    Healthcheck,
}

/// Where a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Begin {
    /// With the earliest record that is kept, or where its URL says.
    Earliest,
    /// With what comes from now on.
    Latest,
}

/// A switch as people set it in an environment. One that is empty is not set.
fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "t" | "y" => Ok(true),
        "" | "false" | "no" | "off" | "0" | "f" | "n" => Ok(false),
        _ => Err("write it as true or false".to_owned()),
    }
}

/// The text of a job, which may begin with a remark as a file of it may: that is no option.
fn statements(text: &str) -> Result<String, String> {
    if text.starts_with('-') && !text.contains('\n') {
        return Err("there is no such option; --help has those that there are".to_owned());
    }
    Ok(text.to_owned())
}

impl Args {
    /// How many parse, and compute, side by side.
    #[must_use]
    pub fn parallelism(&self) -> usize {
        self.parallelism.map_or_else(cores, usize::from)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn config(args: &[&str]) -> Result<Config, Invalid> {
        let typed = std::iter::once("consumer").chain(args.iter().copied());
        Config::try_from(Args::try_parse_from(typed).unwrap())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn with_no_argument_it_reads_the_default_stream() {
        let config = config(&[]).unwrap();
        assert_eq!(config.source_name(), "http://127.0.0.1:8080/stream");
        assert!(!config.source.until_end && config.records.is_none());
    }

    #[test]
    fn a_switch_needs_no_value_and_is_set_as_people_set_switches() {
        assert!(config(&["--until-end"]).unwrap().source.until_end);
        for (text, expected) in [
            ("1", Ok(true)),
            ("Yes", Ok(true)),
            ("on", Ok(true)),
            ("true", Ok(true)),
            ("0", Ok(false)),
            ("off", Ok(false)),
            ("", Ok(false)),
        ] {
            assert_eq!(switch(text), expected, "{text:?}");
        }
        assert!(switch("maybe").is_err());
    }

    #[test]
    fn a_url_that_cannot_be_read_is_refused_with_its_reason() {
        for (url, why) in [
            ("localhost", "relative URL without a base"),
            ("ftp://host/", "cannot read \"ftp\""),
            ("http://", "empty host"),
        ] {
            let refused = config(&["--url", url]).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn secrets_in_a_url_are_not_told() {
        let config = config(&["--url", "http://me:secret@host:81/a?token=b"]).unwrap();
        assert_eq!(config.source_name(), "http://host:81/a");
    }

    #[test]
    fn who_asks_for_records_is_told_of_the_end() {
        assert!(config(&["--records", "5"]).unwrap().source.until_end);
        assert!(Args::try_parse_from(["consumer", "--records", "0"]).is_err());
    }

    #[test]
    fn statements_may_begin_with_a_remark() {
        let sql = |args: &[&str]| {
            let typed = ["consumer", "sql"].iter().chain(args);
            Args::try_parse_from(typed).map(|args| (args.command, args.parallelism))
        };
        for args in [
            ["-- one\nSELECT 1", "--parallelism", "2"],
            ["--parallelism", "2", "-- one\nSELECT 1"],
        ] {
            let (command, parallelism) = sql(&args).unwrap();
            assert!(matches!(command, Some(Command::Sql { text }) if text == "-- one\nSELECT 1"));
            assert_eq!(parallelism, Some(2));
        }
        assert!(sql(&["--paralelism"]).is_err());
        assert!(sql(&["--paralelism", "2", "SELECT 1"]).is_err());
    }

    #[test]
    fn every_flag_has_a_twin_in_the_environment() {
        use clap::CommandFactory;
        let mut left = vec![Args::command()];
        while let Some(command) = left.pop() {
            for argument in command.get_arguments() {
                let Some(flag) = argument
                    .get_long()
                    .filter(|flag| !["help", "update"].contains(flag))
                else {
                    continue;
                };
                let twin = format!("BROOKLET_{}", flag.to_uppercase().replace('-', "_"));
                assert_eq!(argument.get_env(), Some(twin.as_ref()), "--{flag}");
            }
            left.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn a_file_is_below_the_environment_and_that_below_flags() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("consumer.toml");
        let file = "url = \"http://file/\"\nparallelism = 2\nuntil-end = true\nfrom = \"latest\"";
        std::fs::write(&path, file).unwrap();
        let path = path.to_str().unwrap();
        let read = |words: &str, environment: &[(&str, &str)]| {
            let words = format!("consumer --config {path} {words}");
            let environment = |name: &OsStr| {
                let mut all = environment.iter();
                all.find(|(other, _)| name == *other)
                    .map(|(_, text)| text.into())
            };
            let loaded = settings::load(words.split_whitespace().map(Into::into), &environment);
            let args: Args = loaded.unwrap().0;
            args
        };
        let check = |words, environment: &[_], (url, parallelism): (&str, u16)| {
            let args = read(words, environment);
            assert_eq!(
                (args.url.as_str(), args.parallelism),
                (url, Some(parallelism))
            );
            assert!(args.until_end);
        };
        let environment = [("BROOKLET_URL", "http://env/")];
        check("", &[], ("http://file/", 2));
        check("", &environment, ("http://env/", 2));
        check("--url http://flag/", &environment, ("http://flag/", 2));
        check(
            "run --parallelism 3 job.sql",
            &environment,
            ("http://env/", 3),
        );
        let tap = read("tap http://host/", &[("BROOKLET_RECORDS", "7")]);
        let expected = Command::Tap {
            stream: Some("http://host/".to_owned()),
            records: Some(7),
            from: Begin::Latest,
        };
        assert_eq!(tap.command, Some(expected));
    }
}
