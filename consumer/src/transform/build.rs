//! A step of a dataflow → the operator that does its work.

use std::time::Duration;

use arrow::datatypes::{DataType, SchemaRef};

use super::{
    aggregate::Program,
    averages::Averages,
    error::Fault,
    join::{Join, Lookup, Temporal},
    operator::Operator,
    over::Over,
    rank::Rank,
    repeat::Repeat,
    running::Running,
    stateless::{Filter, Project, Union},
    until::Deadline,
    watermarks::Watermarks,
    window::{Assign, Assigned, Attached, SessionWindowed, Timed, Windowed},
};
use crate::plan::{self, Changelog, Kind, Step, Window};

/// What an operator must know of the step that it reads from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) schema: SchemaRef,
    pub(super) changelog: Changelog,
    /// Whether late rows are wanted.
    pub(super) keeps_late: bool,
}

/// What a step does, in a word.
pub(super) const fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Scan(_) => "scan",
        Kind::Filter(_) => "filter",
        Kind::Project(_) => "project",
        Kind::Watermarks(_) => "watermarks",
        Kind::Union => "union",
        Kind::Repeat(_) => "repeat",
        Kind::Assign { .. } => "window",
        Kind::Windowed(_) => "window aggregate",
        Kind::Running(of) if of.until.is_some() => "window aggregate",
        Kind::Running(_) => "running aggregate",
        Kind::Over(_) => "over",
        Kind::Join(_) => "join",
        Kind::Lookup(_) => "lookup join",
        Kind::Temporal(_) => "temporal join",
        Kind::Rank(_) => "rank",
        Kind::Materialize(_) => "materialize",
        Kind::Average => "average",
        Kind::Insert(_) => "insert",
    }
}

/// The operator of a step, which forgets what was not written for that time; none where it does
/// nothing to rows.
pub(super) fn operator(
    step: &Step,
    sources: &[Source],
    state_ttl: Option<Duration>,
) -> Result<Option<Box<dyn Operator>>, Fault> {
    let schema = step.schema.clone();
    let inputs = match sources {
        [first, second] => Some([first, second]),
        _ => None,
    };
    Ok(match (&step.kind, inputs, sources.first()) {
        (Kind::Join(join), Some(inputs), _) => {
            Some(Box::new(Join::new(schema, join, inputs, state_ttl)?))
        }
        (Kind::Lookup(join), Some(inputs), _) => {
            Some(Box::new(Lookup::new(&schema, join, inputs)?))
        }
        (Kind::Temporal(of), Some(inputs), _) => Some(Box::new(Temporal::new(schema, of, inputs)?)),
        (_, _, Some(source)) => of_one(step, source, state_ttl)?,
        (_, _, None) => None,
    })
}

/// That of a step to which all its inputs are the same.
fn of_one(
    step: &Step,
    source: &Source,
    state_ttl: Option<Duration>,
) -> Result<Option<Box<dyn Operator>>, Fault> {
    let schema = step.schema.clone();
    Ok(Some(match &step.kind {
        Kind::Scan(_) | Kind::Join(_) | Kind::Lookup(_) | Kind::Temporal(_) => return Ok(None),
        Kind::Filter(condition) => Box::new(Filter(condition.clone())),
        Kind::Project(expressions) => {
            let expressions = expressions.clone();
            Box::new(Project {
                expressions,
                schema,
            })
        }
        Kind::Watermarks(watermarks) => Box::new(Watermarks::new(
            watermarks.time,
            watermarks.watermark.clone(),
        )),
        Kind::Average => Box::new(Averages::new(schema)),
        // What is written is known by the names that it is asked for under.
        Kind::Union | Kind::Insert(_) => Box::new(Union(schema)),
        Kind::Repeat(times) => Box::new(Repeat {
            schema,
            times: *times,
        }),
        Kind::Assign {
            window,
            time,
            keys,
            zone,
        } => {
            let timed = Timed::new(*time, *zone, source.keeps_late);
            let windows = Assigned::new(*window, &source.schema, keys)?;
            Box::new(Assign::new(schema, windows, timed))
        }
        Kind::Windowed(windowed) => self::windowed(schema, windowed, source)?,
        Kind::Rank(rank) => Box::new(Rank::new(schema, rank, source, state_ttl)?),
        Kind::Materialize(keys) => {
            let newest = plan::Rank::newest(keys.clone());
            Box::new(Rank::new(schema, &newest, source, state_ttl)?)
        }
        Kind::Running(running) => {
            let results = results(&schema, running.keys.len());
            let program = program(&running.keys, &running.aggregates, source, &results)?;
            match running.until {
                Some(until) => {
                    let deadline = Deadline::new(until, source);
                    Box::new(Attached::new(schema, program, deadline))
                }
                None => Box::new(Running::new(schema, program, state_ttl)?),
            }
        }
        Kind::Over(over) => {
            let results = results(&schema, source.schema.fields().len());
            let program = program(&over.keys, &over.aggregates, source, &results)?;
            Box::new(Over::new(
                schema,
                source.schema.clone(),
                program,
                over,
                (source.keeps_late, state_ttl),
            )?)
        }
    }))
}

fn windowed(
    schema: SchemaRef,
    windowed: &plan::Windowed,
    source: &Source,
) -> Result<Box<dyn Operator>, Fault> {
    let results = results(&schema, windowed.keys.len());
    let program = program(&windowed.keys, &windowed.aggregates, source, &results)?;
    let timed = Timed::new(windowed.time, windowed.zone, source.keeps_late);
    Ok(match windowed.window {
        Window::Session { gap } => Box::new(SessionWindowed::new(schema, program, gap, timed)?),
        window => Box::new(Windowed::new(schema, program, window, timed)?),
    })
}

fn program(
    keys: &[plan::Expression],
    aggregates: &[plan::Aggregate],
    source: &Source,
    results: &[DataType],
) -> Result<Program, Fault> {
    let retracts = source.changelog == Changelog::Retract;
    Program::new(keys, aggregates, &source.schema, results, retracts)
}

/// The types of the columns behind the first `before`.
fn results(schema: &SchemaRef, before: usize) -> Vec<DataType> {
    let fields = schema.fields().iter().skip(before);
    fields.map(|field| field.data_type().clone()).collect()
}
