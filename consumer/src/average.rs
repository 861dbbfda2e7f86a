//! The job without a text: the running average of one field, as a plan.
//!
//! ```text
//! scan ──value, record──→ average ──answers──→ insert
//! lines → numbers         of all partitions    console
//! ```
//!
//! A record without a value is a row too, whose value is null: so the average knows how many there are.

use std::{io, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use common::time::Clock;
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Error,
    parse::{Format, Json},
    plan::{
        Bounded, Changelog, Column, Connector, Dataflow, Job, Kind, Metadata, Origin, Scan,
        Settings, Sink, Step, StepId, Table,
    },
    run::{self, Failure, Options, Reach, Shown, Watch},
    transform,
    write::Print,
};

/// The name of the job.
pub(crate) const NAME: &str = "average";

/// What the job does.
fn job(config: &Config) -> Job {
    let table = Arc::new(table(config));
    let fields = table.columns.iter().map(|column| {
        // What is rejected is null.
        Field::new(&column.name, column.data_type.clone(), true)
    });
    let columns = (0..table.columns.len()).collect();
    let rows = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let answers = transform::answers();
    Job {
        dataflow: Dataflow {
            steps: vec![
                step(
                    None,
                    &rows,
                    Kind::Scan(Scan {
                        table,
                        columns,
                        is_looked_up: false,
                    }),
                ),
                step(Some(0), &answers, Kind::Average),
                step(Some(1), &answers, Kind::Insert(Sink { table: None })),
            ],
            ..Dataflow::default()
        },
        settings: Settings::new(NAME, Clock::System),
        is_explained: false,
        queries: Vec::new(),
    }
}

fn step(input: Option<usize>, schema: &SchemaRef, kind: Kind) -> Step {
    Step {
        inputs: input.map(StepId).into_iter().collect(),
        schema: schema.clone(),
        changelog: Changelog::Append,
        kind,
    }
}

/// What is read: the field, and the record itself where each is printed.
fn table(config: &Config) -> Table {
    let value = Column {
        name: config.field.clone(),
        data_type: DataType::Float64,
        nullable: false,
        origin: Origin::Field,
    };
    let record = Column {
        name: "record".to_owned(),
        data_type: DataType::BinaryView,
        nullable: false,
        origin: Origin::Metadata(Metadata::Record),
    };
    let is_printed = config.print == Print::Each;
    let bounded = match (config.records, config.source.until_end) {
        (Some(records), _) => Bounded::Records(records),
        (None, true) => Bounded::Latest,
        (None, false) => Bounded::Unbounded,
    };
    Table {
        name: config.source_name(),
        columns: std::iter::once(value)
            .chain(is_printed.then_some(record))
            .collect(),
        primary_key: Vec::new(),
        connector: Connector::Http {
            url: config.source.url.to_string(),
            bounded,
        },
        format: Some(Format::Json(Json {
            bare_numbers: true,
            keeps_rejects: true,
            ..Json::default()
        })),
    }
}

/// Reads, computes and writes until there is nothing left to do. The answer is the last line.
pub(crate) async fn run<W: io::Write + Send + 'static>(
    config: &Config,
    shown: Shown,
    out: W,
    watch: Watch,
    stop: CancellationToken,
) -> Result<(), Error> {
    tracing::info!(
        "reading {}, averaging {:?}; stop with Ctrl-C",
        config.source_name(),
        config.field
    );
    let options = Options {
        parallelism: config.parallelism,
        output: config.output,
        average: Some(shown),
        reach: Reach {
            url: config.source.url.origin().ascii_serialization(),
            idle_timeout: config.source.idle_timeout,
            patience: config.source.patience,
            token: config.source.token.clone(),
            roots: config.source.roots.clone(),
        },
        dead_letters: config.dead_letters.clone(),
        state_bytes_max: usize::MAX,
        run: String::new(),
    };
    let ran = run::run(&job(config), &options, out, watch, stop).await;
    let summary = match ran {
        // Whoever read the results has seen enough.
        Err(Failure::Sink { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(());
        }
        ran => ran.map_err(error)?,
    };
    match config.records {
        Some(wanted) if summary.standing < wanted => {
            let records = summary.standing;
            Err(if summary.is_stopped {
                Error::Stopped { records, wanted }
            } else {
                Error::Short { records, wanted }
            })
        }
        _ => Ok(()),
    }
}

/// Why the stream was not read as asked.
fn error(failure: Failure) -> Error {
    match failure {
        Failure::Stream { source, .. } => Error::Stream(source),
        Failure::DeadLetters { path, source } => Error::DeadLetters { path, source },
        Failure::Thread(source) => Error::Workers(source),
        Failure::Sink { source, .. } => Error::Output(source),
        other => Error::Job(other),
    }
}
