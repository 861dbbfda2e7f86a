//! Who may ask, as it is set.

use std::path::PathBuf;

/// Settings as typed.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// A file of tokens, made by `producer token new`: without one of them nobody may ask for
    /// anything [default: anybody may]
    #[arg(long, env = "BROOKLET_TOKENS", hide_env = true, value_name = "FILE")]
    pub(super) tokens: Option<PathBuf>,
    /// A name that this service goes by, beside addresses and localhost; may be given several times,
    /// and * is any
    #[arg(
        long,
        env = "BROOKLET_ALLOW_HOST",
        hide_env = true,
        value_name = "NAME",
        value_delimiter = ' '
    )]
    pub(super) allow_host: Vec<String>,
    /// Whose web pages may change something, as https://a.example; may be given several times, and *
    /// is any
    #[arg(
        long,
        env = "BROOKLET_ALLOW_ORIGIN",
        hide_env = true,
        value_name = "ORIGIN",
        value_delimiter = ' '
    )]
    pub(super) allow_origin: Vec<String>,
}
