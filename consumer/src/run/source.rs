//! Tables → what comes from them, each piece with its scan and partition.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream::BoxStream};
use reqwest::Url;

use super::{error::Failure, generate::Generated, whole::whole};
use crate::{
    fetch::{self, Ended, Fetched, FileSource, Files, Patience, Source},
    http::Roots,
    plan::{Bounded, Connector, Scan, Startup, Table},
    token::Token,
};
use arrow::{array::RecordBatch, datatypes::SchemaRef};

/// What comes from a table.
#[derive(Debug)]
pub(super) enum Coming {
    /// From a stream of lines.
    Fetched(Fetched),
    /// Rows.
    Rows(RecordBatch),
    /// A table that rows are looked up in was read to its end, or could not be.
    Loaded(Result<(), Ended>),
    /// There are no more rows.
    End,
}

/// How to reach what tables name.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The producer, for tables that name none: `http://HOST:PORT`.
    pub url: String,
    /// How long nothing may come before a connection is taken for lost; see [`Source`].
    pub idle_timeout: Option<Duration>,
    /// For how long to try.
    pub patience: Patience,
    /// The token that a server is shown.
    pub token: Option<Token>,
    /// Whom to trust beside the system's roots.
    pub roots: Roots,
}

impl Reach {
    /// Where a path is at a producer, or at the usual one.
    pub(super) fn address(&self, url: Option<&str>, path: &str) -> String {
        format!("{}{path}", url.unwrap_or(&self.url).trim_end_matches('/'))
    }
}

/// What comes, with its scan and partition.
pub(super) type Comings = BoxStream<'static, (usize, usize, Coming)>;

/// Begins to read scan number `scan`, whose rows have this schema.
pub(super) fn open(
    number: usize,
    scan: &Scan,
    schema: &SchemaRef,
    reach: &Reach,
) -> Result<Comings, Failure> {
    let table = &scan.table;
    let unreadable = |why: String| Failure::Source {
        table: table.name.clone(),
        why,
    };
    Ok(match &table.connector {
        Connector::Brooklet { .. } | Connector::Http { .. } => {
            let (url, until_end) = url(table, reach).map_err(unreadable)?;
            let source = Source {
                url,
                until_end,
                idle_timeout: reach.idle_timeout,
                patience: reach.patience,
                token: reach.token.clone(),
                roots: reach.roots.clone(),
            };
            let fetched = fetch::open(source).map_err(|error| unreadable(error.to_string()))?;
            numbered(number, fetched).boxed()
        }
        Connector::Filesystem { path, reload, .. } if scan.is_looked_up => {
            let source = FileSource {
                path: path.clone(),
                monitor: None,
            };
            whole(number, source, *reload)
        }
        Connector::Filesystem { path, monitor, .. } => {
            let files = Files::open(FileSource {
                path: path.clone(),
                monitor: *monitor,
            });
            numbered(number, files.map_err(Failure::Thread)?).boxed()
        }
        Connector::Datagen { rate, rows, fields } => {
            let generated = Generated::new(schema.clone(), fields, *rate, *rows);
            let generated = generated.map_err(unreadable)?;
            let rows = generated.map(move |rows| (number, 0, Coming::Rows(rows)));
            rows.chain(futures_util::stream::iter([(number, 0, Coming::End)]))
                .boxed()
        }
        Connector::Print { .. } | Connector::Blackhole => {
            return Err(unreadable("its connector only writes".to_owned()));
        }
    })
}

fn numbered(
    scan: usize,
    fetched: impl Stream<Item = (usize, Fetched)>,
) -> impl Stream<Item = (usize, usize, Coming)> {
    fetched.map(move |(partition, fetched)| (scan, partition, Coming::Fetched(fetched)))
}

/// The URL of a table, and whether it ends where a body does.
fn url(table: &Table, reach: &Reach) -> Result<(Url, bool), String> {
    let parse = |text: &str| -> Result<Url, String> {
        text.parse()
            .map_err(|error| format!("{text:?} is no URL: {error}"))
    };
    match &table.connector {
        Connector::Http { url, bounded } => Ok((parse(url)?, *bounded != Bounded::Unbounded)),
        Connector::Brooklet {
            url, path, startup, ..
        } => {
            let mut url = parse(&reach.address(url.as_deref(), path))?;
            if *startup == Startup::Latest {
                url.query_pairs_mut().append_pair("offset", "now");
            }
            Ok((url, false))
        }
        _ => Err("it has no URL".to_owned()),
    }
}
