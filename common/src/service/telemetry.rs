//! What a service says on stderr: lines for people, or JSON for machines.

use std::{
    error::Error,
    fmt::Display,
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use clap::ValueEnum;
use tracing_subscriber::{EnvFilter, fmt};

use super::settings::Exit;
use crate::token;

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
        global = true,
        env = "BROOKLET_LOG_LEVEL",
        hide_env = true,
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub log_level: tracing::Level,
    /// How it is logged: text, json
    #[arg(
        long,
        global = true,
        env = "BROOKLET_LOG_FORMAT",
        hide_env = true,
        default_value = "text",
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub log_format: Format,
}

/// What is logged of HTTP/2's own: else whoever breaks its rules could fill the log with warnings.
const HTTP2: &str = "h2=error";

/// Begins to log to stderr. To be called once.
pub fn init(args: &Args) {
    let filter = EnvFilter::default()
        .add_directive(args.log_level.into())
        .add_directive(HTTP2.parse().expect("a directive"));
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(|| Stderr)
        .log_internal_errors(false)
        .with_target(false);
    match args.log_format {
        Format::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        Format::Json => lines.json().flatten_event(true).init(),
    }
}

/// Stderr, or nowhere: a service goes on when nobody can hear it any more.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        say(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The line that stands at the foot of the terminal; empty where there is none.
static FOOT: Mutex<String> = Mutex::new(String::new());

/// What takes the line away that the cursor is in, and what keeps a long one from becoming two.
const CLEAR: &str = "\r\x1b[K";
const ONE_LINE: [&str; 2] = ["\x1b[?7l", "\x1b[?7h"];

/// Shows `line` at the foot of the terminal that stderr is, below all that is said; nothing takes it
/// away.
pub fn show(line: &str) {
    let mut foot = FOOT.lock().unwrap_or_else(PoisonError::into_inner);
    line.clone_into(&mut foot);
    write(format!("{CLEAR}{}", at_foot(line)).as_bytes());
}

fn at_foot(line: &str) -> String {
    let [begin, end] = ONE_LINE;
    match line {
        "" => String::new(),
        line => format!("{begin}{line}{end}"),
    }
}

/// Says `text` on stderr, if that can be heard; but no token that somebody has put in a wrong place.
fn say(text: &[u8]) {
    let text = &*token::blanked(text);
    let foot = FOOT.lock().unwrap_or_else(PoisonError::into_inner);
    if foot.is_empty() {
        write(text);
    } else {
        write(&[CLEAR.as_bytes(), text, at_foot(&foot).as_bytes()].concat());
    }
}

fn write(text: &[u8]) {
    // There is nowhere to tell that it cannot.
    drop(io::stderr().write_all(text));
}

/// Tells `text` on stderr, to whoever has asked for something there.
pub fn tell(text: &str) {
    say(text.as_bytes());
}

/// Says on stderr why `service` ends, and returns how.
pub fn fail(service: &str, exit: Exit, reason: &dyn Display) -> Exit {
    say(format!("{service}: {reason}\n").as_bytes());
    exit
}

/// An error with all its causes, on one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
