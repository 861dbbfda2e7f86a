//! What a service says on stderr: lines for people, or JSON for machines.

use std::{error::Error, io::IsTerminal};

use clap::ValueEnum;
use tracing_subscriber::{EnvFilter, fmt};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// What is logged: error, warn, info, debug, trace
    #[arg(
        long,
        env = "BROOKLET_LOG_LEVEL",
        hide_env = true,
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub log_level: tracing::Level,
    /// How it is logged: text, json
    #[arg(
        long,
        env = "BROOKLET_LOG_FORMAT",
        hide_env = true,
        default_value = "text",
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub log_format: Format,
}

/// Begins to log to stderr. To be called once.
pub fn init(args: &Args) {
    let filter = EnvFilter::default().add_directive(args.log_level.into());
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match args.log_format {
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        Format::Json => lines.json().flatten_event(true).init(),
    }
}

/// An error with all its causes, on one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
