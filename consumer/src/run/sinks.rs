//! The tables that are written to: each by a task of its own, so that one that is slow holds up only
//! what it has to.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant},
};

use arrow::{array::RecordBatch, compute::cast, error::ArrowError};
use prometheus_client::metrics::gauge::Gauge;
use tokio::{sync::mpsc::Receiver, time::MissedTickBehavior};

use super::{error::Failure, required::required, source::Reach};
use crate::{
    http::Client,
    parse::Format,
    plan::{Connector, OnNull, Rolling, Table, Timestamps},
    transform::Changes,
    write::{Appends, Console, Moments, Output, Parts, Print, Printer, Shape},
};

/// Changes that may wait at a sink.
pub(super) const CHANGES_MAX: usize = 16;

/// The output of the process, which several tables may share. What is written at once stays together.
#[derive(Debug)]
pub(super) struct Shared<W>(Arc<Mutex<W>>);

/// Where rows go.
#[derive(Debug)]
enum Target<W: Write> {
    Console(Printer<Shared<W>>),
    Average(Console<Shared<W>>, Shown),
    Folder(Parts),
    Stream(Box<Appends>),
    Nowhere,
}

/// How a running average is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// When on the console. The last line is always the answer.
    pub print: Print,
    /// As a metric.
    pub gauge: Gauge<f64, AtomicU64>,
}

/// What all sinks of a job are made with.
#[derive(Debug)]
pub(super) struct Outputs<W> {
    pub(super) out: Shared<W>,
    pub(super) output: Output,
    pub(super) average: Option<Shown>,
    pub(super) reach: Reach,
    /// A name that no other run has.
    pub(super) run: String,
    pub(super) on_null: OnNull,
}

/// A table that is written to.
#[derive(Debug)]
pub(super) struct Sink<W: Write> {
    table: Option<Arc<Table>>,
    target: Target<W>,
    shape: Shape,
    on_null: OnNull,
    changes: Receiver<Changes>,
}

impl<W: Write> Sink<W> {
    /// Makes ready to write to a table, or to the console where there is none. Where records of a
    /// stream are written, they are of this shape.
    pub(super) async fn open(
        table: Option<&Arc<Table>>,
        outputs: &Outputs<W>,
        shape: Shape,
        changes: Receiver<Changes>,
    ) -> Result<Self, Failure> {
        let target = target(table.map(Arc::as_ref), outputs).await;
        let fail = |source| failed(table.map(Arc::as_ref), source);
        Ok(Self {
            target: target.map_err(fail)?,
            table: table.cloned(),
            shape,
            on_null: outputs.on_null,
            changes,
        })
    }

    /// Writes what comes, to the end.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        seconds.reset();
        loop {
            let written = tokio::select! {
                biased;
                _ = seconds.tick(), if self.target.is_by_second() => self.target.second(),
                changes = self.changes.recv() => match changes {
                    Some(changes) => self.write(changes).await,
                    None => break,
                }
            };
            written.map_err(|error| self.fail(error))?;
        }
        self.target.finish().map_err(|error| self.fail(error))
    }

    fn fail(&self, source: io::Error) -> Failure {
        failed(self.table.as_deref(), source)
    }

    async fn write(&mut self, changes: Changes) -> io::Result<()> {
        let changes = match &self.table {
            Some(table) => fitted(changes, table, self.on_null)?,
            None => changes,
        };
        match &mut self.target {
            Target::Console(printer) => printer.write(&changes),
            Target::Average(console, shown) => {
                console.write(&changes.rows)?;
                let average = console.last().average;
                shown.gauge.set(average.unwrap_or(f64::NAN));
                Ok(())
            }
            Target::Folder(parts) => parts.write(&changes),
            Target::Stream(appends) => appends.write(&changes, self.shape).await,
            Target::Nowhere => Ok(()),
        }
    }
}

impl<W: Write> Target<W> {
    /// Whether it is to be told that a second has passed.
    const fn is_by_second(&self) -> bool {
        match self {
            Self::Average(_, shown) => matches!(shown.print, Print::Second),
            Self::Folder(_) => true,
            Self::Console(_) | Self::Stream(_) | Self::Nowhere => false,
        }
    }

    fn second(&mut self) -> io::Result<()> {
        match self {
            Self::Average(console, _) => console.answer(),
            Self::Folder(parts) => parts.roll(Instant::now()),
            Self::Console(_) | Self::Stream(_) | Self::Nowhere => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Average(console, _) => console.answer(),
            Self::Folder(parts) => parts.finish(),
            Self::Console(_) | Self::Stream(_) | Self::Nowhere => Ok(()),
        }
    }
}

async fn target<W: Write>(table: Option<&Table>, outputs: &Outputs<W>) -> io::Result<Target<W>> {
    let console = |prefix| Printer::new(outputs.out.clone(), outputs.output, prefix);
    let Some(table) = table else {
        return Ok(match &outputs.average {
            Some(shown) => {
                let console = Console::new(outputs.out.clone(), outputs.output);
                Target::Average(console, shown.clone())
            }
            None => Target::Console(console(None)),
        });
    };
    let moments = match &table.format {
        Some(Format::Csv(_)) => {
            let why = "CSV is read, and not written: use 'format' = 'json'";
            return Err(io::Error::other(why));
        }
        Some(Format::Json(json)) if json.timestamps == Timestamps::Iso8601 => Moments::Iso8601,
        Some(Format::Json(_)) | None => Moments::Sql,
    };
    Ok(match &table.connector {
        Connector::Print { prefix } => Target::Console(console(prefix.as_deref())),
        Connector::Blackhole => Target::Nowhere,
        Connector::Filesystem { path, rolling, .. } => {
            let Rolling { bytes, age } = *rolling;
            Target::Folder(Parts::in_folder(path, &outputs.run, bytes, age)?.with(moments))
        }
        Connector::Brooklet { url, path, .. } => {
            let url = outputs.reach.address(url.as_deref(), path);
            let url = url.parse().map_err(io::Error::other)?;
            let patience = outputs.reach.patience.retry_for;
            let writer = format!("{}-{}", outputs.run, table.name);
            let reach = &outputs.reach;
            let client = Client::new(&url, reach.token.clone(), &reach.roots);
            let client = client.map_err(io::Error::other)?;
            let appends = Appends::open(client, url, &writer, patience).await?;
            Target::Stream(Box::new(appends.with(moments)))
        }
        Connector::Http { .. } | Connector::Datagen { .. } => {
            return Err(io::Error::other("its connector only reads"));
        }
    })
}

/// Why a table, or the console where there is none, cannot be written to.
pub(super) fn failed(table: Option<&Table>, source: io::Error) -> Failure {
    let table = table.map(|table| format!("table '{}'", table.name));
    Failure::Sink {
        table: table.unwrap_or_else(|| "the output".to_owned()),
        source,
    }
}

/// Rows as a table has them: the fields of a ROW by the names that they have there, and values in all
/// columns that may not be null.
///
/// # Errors
/// A column cannot be of the table's type, or a row has no value where it must have one.
pub(super) fn fitted(changes: Changes, table: &Table, on_null: OnNull) -> io::Result<Changes> {
    let rows = renamed(changes.rows, table).map_err(io::Error::other)?;
    let ops = changes.ops;
    required(Changes { rows, ops }, table, on_null)
}

/// The columns under the names and of the types of the table's.
fn renamed(rows: RecordBatch, table: &Table) -> Result<RecordBatch, ArrowError> {
    let schema = rows.schema();
    let mut both = schema.fields().iter().zip(&table.columns);
    if both.all(|(have, want)| *have.data_type() == want.data_type) {
        return Ok(rows);
    }
    let columns = rows.columns().iter().zip(&table.columns);
    let columns = columns.map(|(values, want)| {
        let values = cast(values, &want.data_type)?;
        Ok((want.name.as_str(), values, true))
    });
    RecordBatch::try_from_iter_with_nullable(columns.collect::<Result<Vec<_>, ArrowError>>()?)
}

impl<W> Shared<W> {
    pub(super) fn new(out: W) -> Self {
        Self(Arc::new(Mutex::new(out)))
    }
}

impl<W> Clone for Shared<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W: Write> Write for Shared<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}
