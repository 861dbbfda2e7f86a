//! Tables as a job declares them: columns, and where they are read from or written to.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use arrow::datatypes::DataType;
use common::wire;

use super::format::Format;

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns but for computed ones, in order.
    pub columns: Vec<Column>,
    /// The columns whose values name a row; empty where rows have no name.
    pub primary_key: Vec<usize>,
    /// Where it is.
    pub connector: Connector,
    /// How its records are written; none where the connector has rows of its own.
    pub format: Option<Format>,
}

/// A column that is read or written.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, which is also that of the record's field.
    pub name: String,
    /// Its type, as Arrow has it.
    pub data_type: DataType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Where its values come from.
    pub origin: Origin,
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A field of the record.
    Field,
    /// What is known of the record beside its fields.
    Metadata(Metadata),
}

/// What is known of a record beside its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// The name of its stream, or the path of its file.
    Stream,
    /// Its offset there, as text.
    Offset,
    /// When it was appended, where that is known.
    Timestamp,
    /// The record itself, as it is written.
    Record,
}

/// Where a table is.
#[derive(Debug, Clone, PartialEq)]
pub enum Connector {
    /// A stream or topic of a producer.
    Brooklet {
        /// The producer's address, `http://HOST:PORT`; the consumer's own setting where none is said.
        url: Option<String>,
        /// `/v1/stream/NAME` or `/v1/topics/NAME`.
        path: String,
        /// Where reading begins.
        startup: Startup,
        /// Where reading ends.
        bounded: Bounded,
    },
    /// Anything that gives records over HTTP.
    Http {
        /// The whole URL.
        url: String,
        /// Where reading ends.
        bounded: Bounded,
    },
    /// Files.
    Filesystem {
        /// A file, a folder, or a pattern with `*`; for writing, a folder.
        path: PathBuf,
        /// How often to look for new files and lines; none reads what is there and ends.
        monitor: Option<Duration>,
        /// How often to read all anew, where rows are looked up in it; once where none is said.
        reload: Option<Duration>,
        /// When a file that is written is complete.
        rolling: Rolling,
    },
    /// Rows that are made up.
    Datagen {
        /// Rows a second.
        rate: u64,
        /// How many in all; for ever where none is said.
        rows: Option<u64>,
        /// How each column is made up; those that are not named are random.
        fields: BTreeMap<String, Generator>,
    },
    /// Rows on stdout, for writing.
    Print {
        /// What stands before each.
        prefix: Option<String>,
    },
    /// Nowhere, for writing.
    Blackhole,
}

/// When a file that is written is complete, if the job does not end before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rolling {
    /// When it is so many bytes long, or longer.
    pub bytes: u64,
    /// When it was begun so long ago.
    pub age: Duration,
}

/// As Flink has it.
impl Default for Rolling {
    fn default() -> Self {
        Self {
            bytes: 128 * 1024 * 1024,
            age: Duration::from_secs(30 * 60),
        }
    }
}

/// What those who write to a table, and those who read what was written, can rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// What kinds of changes it takes.
    pub takes: Takes,
    /// When rows are seen and in which order, and what a crash and the next run bring.
    pub text: &'static str,
}

/// What kinds of changes a sink takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// New rows alone.
    Inserts,
    /// All changes, with the row before each.
    Changes,
    /// Of a table with a primary key the newest row of each, and which keys have none any more; of
    /// others all changes.
    Upserts,
}

/// What the console promises, which has no table.
pub(super) const PRINTED: Promise = Promise {
    takes: Takes::Changes,
    text: "rows are printed as they come, those of a key in order; the next run prints all again",
};

impl Table {
    /// The columns by which it knows one row of each key; none where it takes rows as they come.
    #[must_use]
    pub fn upsert_key(&self) -> Option<&[usize]> {
        let takes = self.connector.promise()?.takes;
        let is_by_key = takes == Takes::Upserts && !self.primary_key.is_empty();
        is_by_key.then_some(self.primary_key.as_slice())
    }
}

impl Connector {
    /// Its name, as a job says it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Brooklet { .. } => "brooklet",
            Self::Http { .. } => "http",
            Self::Filesystem { .. } => "filesystem",
            Self::Datagen { .. } => "datagen",
            Self::Print { .. } => "print",
            Self::Blackhole => "blackhole",
        }
    }

    /// What it promises as a sink; none where it is only read.
    #[must_use]
    pub fn promise(&self) -> Option<Promise> {
        let promise = |takes, text| Promise { takes, text };
        Some(match self {
            Self::Print { .. } => PRINTED,
            Self::Blackhole => promise(Takes::Changes, "nothing is kept"),
            Self::Filesystem { .. } => promise(
                Takes::Inserts,
                "rows are seen a file at a time, when it is complete: when it is as long or as old \
                 as its rolling policy says, or at the job's end; a crash leaves the open one \
                 hidden; the next run writes all again, into files of its own",
            ),
            Self::Brooklet { path, .. } if path.starts_with(wire::STREAMS_PATH) => promise(
                Takes::Upserts,
                "rows are seen as they are appended, those of a key in order, each once, however \
                 often it had to be sent; the next run appends all again",
            ),
            Self::Brooklet { .. } => promise(
                Takes::Upserts,
                "rows are seen as they are appended, those of a key in order; what had to be sent \
                 again may be there twice; the next run appends all again",
            ),
            Self::Http { .. } | Self::Datagen { .. } => return None,
        })
    }
}

/// Where reading begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Startup {
    /// With the earliest record that is kept.
    Earliest,
    /// With what is appended from now on.
    Latest,
}

/// Where reading ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounded {
    /// Nowhere, unless the stream is closed.
    Unbounded,
    /// Where the stream ends at the start of the job.
    Latest,
    /// Behind so many records of all its partitions together; where it ends if there are fewer.
    Records(u64),
}

/// How a column of `datagen` is made up.
#[derive(Debug, Clone, PartialEq)]
pub enum Generator {
    /// Whole numbers from `start` to `end`, and then no more rows.
    Sequence {
        /// The first.
        start: i64,
        /// The last.
        end: i64,
    },
    /// By chance, between two bounds.
    Random {
        /// The least.
        min: Option<f64>,
        /// The greatest.
        max: Option<f64>,
        /// How long a text is.
        length: Option<usize>,
    },
}
