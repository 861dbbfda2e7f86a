//! The settings that are true: what was typed, checked once.

use std::{net::SocketAddr, path::PathBuf};

use common::wire;
use reqwest::Url;

use super::{Args, Begin};
use crate::{
    fetch::{Patience, Source},
    memory, run,
    tap::Tap,
    token::Unreadable,
    write::{Output, Print},
};

/// What is to be read, and how.
#[derive(Debug, Clone)]
pub struct Config {
    /// The stream.
    pub source: Source,
    /// The field whose values are averaged.
    pub field: String,
    /// When a line is printed.
    pub print: Print,
    /// What it looks like.
    pub output: Output,
    /// How many records to read; none is all of them.
    pub records: Option<u64>,
    /// Where rejects are kept, and how many bytes of them.
    pub dead_letters: Option<(PathBuf, u64)>,
    /// How many threads parse.
    pub parallelism: usize,
    /// Where the service says how it is.
    pub listen: Option<SocketAddr>,
}

/// A setting that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// The URL is none, or of another kind.
    #[error("the URL {url:?}: {why}; write it as http://host:port/path")]
    Url {
        /// What was typed.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no token where one should be.
    #[error(transparent)]
    Token(#[from] Unreadable),
    /// The file of roots is of no use.
    #[error("--ca-file: {0}")]
    CaFile(String),
}

impl TryFrom<Args> for Config {
    type Error = Invalid;

    fn try_from(args: Args) -> Result<Self, Invalid> {
        let parallelism = args.parallelism();
        let url = url(&args.url)?;
        let source = Source {
            token: args.token.open(&url)?,
            roots: args.trust.roots().map_err(Invalid::CaFile)?,
            url,
            // Whoever asks for N records is told when there are fewer.
            until_end: args.until_end || args.records.is_some(),
            idle_timeout: args.idle_timeout,
            patience: Patience {
                retry_for: args.retry_for,
            },
        };
        Ok(Self {
            source,
            field: args.field,
            print: args.print,
            output: args.output,
            records: args.records,
            dead_letters: args
                .dead_letter
                .map(|path| (path, args.dead_letter_bytes_max)),
            parallelism,
            listen: args.listen,
        })
    }
}

impl Config {
    /// The stream's name for people: its URL without the secrets that may stand in it.
    #[must_use]
    pub fn source_name(&self) -> String {
        self.source.name()
    }
}

fn url(text: &str) -> Result<Url, Invalid> {
    let invalid = |why: String| Invalid::Url {
        url: text.to_owned(),
        why,
    };
    let url: Url = text.parse().map_err(|error| invalid(format!("{error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(invalid(format!("cannot read {other:?}"))),
    }
}

impl Args {
    /// What is tapped: `stream`, or else what `--url` says.
    ///
    /// # Errors
    /// The URL is none, or of another kind.
    pub fn tap(
        &self,
        stream: Option<&str>,
        records: Option<u64>,
        from: Begin,
    ) -> Result<Tap, Invalid> {
        let mut url = url(stream.unwrap_or(&self.url))?;
        if from == Begin::Latest {
            url.query_pairs_mut().append_pair(wire::OFFSET, "now");
        }
        let source = Source {
            token: self.token.open(&url)?,
            roots: self.trust.roots().map_err(Invalid::CaFile)?,
            url,
            until_end: true,
            idle_timeout: self.idle_timeout,
            patience: Patience {
                retry_for: self.retry_for,
            },
        };
        Ok(Tap { source, records })
    }

    /// How jobs are run.
    ///
    /// # Errors
    /// A setting cannot be.
    pub fn options(&self) -> Result<run::Options, Invalid> {
        let url = url(&self.url)?;
        let half = || memory::bytes() / 2;
        Ok(run::Options {
            parallelism: self.parallelism(),
            output: self.output,
            average: None,
            reach: run::Reach {
                roots: self.trust.roots().map_err(Invalid::CaFile)?,
                url: url.origin().ascii_serialization(),
                idle_timeout: self.idle_timeout,
                patience: Patience {
                    retry_for: self.retry_for,
                },
                token: self.token.open(&url)?,
            },
            dead_letters: self
                .dead_letter
                .clone()
                .map(|path| (path, self.dead_letter_bytes_max)),
            state_bytes_max: usize::try_from(self.state_bytes.unwrap_or_else(half))
                .unwrap_or(usize::MAX),
            run: format!("{:016x}", fastrand::u64(..)),
        })
    }
}
