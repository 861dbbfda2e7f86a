//! Proofs that need whole tasks: histories of batches through a step, as text.
//!
//! A history is words: `a@11` is a row of key `a` at 11 ms with the value 1, `a@11=5` one with the
//! value 5, `_` a null; `1:` before a row names its partition, `|` ends a batch, `t30` sets the clock,
//! `idle1` and `busy1` say what a partition does. At the end all partitions end.

mod cascades;
pub(crate) mod chance;
pub(crate) mod changelogs;
pub(crate) mod duck;
mod leaving;
mod model;
mod overs;
mod ranges;
mod runs;
mod semantics;
mod shared;
mod state_ttl;
mod text;
mod versions;
mod windows;

use std::{sync::Arc, time::Duration};

use arrow::{
    array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray},
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    record_batch::RecordBatch,
};
use chrono_tz::Tz;
use datafusion_common::ScalarValue;
use datafusion_expr::Operator as Sign;
use datafusion_physical_expr::expressions::{binary, col, lit};

use self::text::{history, row_of, text, texts};
use super::{Budget, Changes, Outputs, Settings, Task};
use crate::plan::{
    Aggregate, Changelog, Dataflow, Expression, Function, Kind, Over, Running, Scan, Sink, Step,
    StepId, Table, Time, Watermarks, Window, Windowed,
};

/// The step that rows are pushed into.
const SCAN: StepId = StepId(0);

/// A batch of a history, or something else that happens.
#[derive(Debug, Clone)]
enum Happening {
    Rows(usize, Vec<Row>),
    Clock(i64),
    Idle(usize, bool),
}

/// A row of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    key: Option<char>,
    time: Option<i64>,
    value: Option<i64>,
}

/// What is done with a history.
#[derive(Debug, Clone)]
struct Plan {
    step: Kind,
    delay: i64,
    /// For times that are instants: in which zone windows are.
    zone: Option<Tz>,
    partitions: usize,
}

impl Plan {
    fn new(step: Kind) -> Self {
        Self {
            step,
            delay: 0,
            zone: None,
            partitions: 1,
        }
    }

    fn windowed(window: Window, aggregates: Vec<Aggregate>) -> Self {
        Self::new(Kind::Windowed(Windowed {
            window,
            time: Time::Event(1),
            zone: None,
            keys: vec![column("k")],
            aggregates,
        }))
    }

    fn in_zone(mut self, zone: Tz) -> Self {
        self.zone = Some(zone);
        match &mut self.step {
            Kind::Windowed(windowed) => windowed.zone = Some(zone.into()),
            Kind::Assign { zone: own, .. } => *own = Some(zone.into()),
            other => panic!("{other:?} has no zone"),
        }
        self
    }

    fn schema(&self) -> SchemaRef {
        let zone = self.zone.map(|_| "UTC".into());
        Arc::new(Schema::new(vec![
            Field::new("k", DataType::Utf8, true),
            Field::new("t", DataType::Timestamp(TimeUnit::Millisecond, zone), true),
            Field::new("v", DataType::Int64, true),
        ]))
    }

    fn dataflow(&self) -> Dataflow {
        let schema = self.schema();
        let delay = lit(ScalarValue::new_interval_dt(
            0,
            i32::try_from(self.delay).unwrap(),
        ));
        let time = col("t", &schema).unwrap();
        let watermarks = Kind::Watermarks(Watermarks {
            time: 1,
            watermark: binary(time, Sign::Minus, delay, &schema).unwrap(),
            idle_timeout: None,
            late: None,
        });
        let out = output(&self.step, &schema);
        let step = |inputs: &[usize], schema: &SchemaRef, kind| Step {
            inputs: inputs.iter().copied().map(StepId).collect(),
            schema: schema.clone(),
            changelog: Changelog::Append,
            kind,
        };
        let steps = vec![
            step(&[], &schema, scan()),
            step(&[0], &schema, watermarks),
            step(&[1], &out, self.step.clone()),
            step(&[2], &out, Kind::Insert(Sink { table: None })),
        ];
        Dataflow {
            steps,
            ..Dataflow::default()
        }
    }

    fn task(&self) -> Task {
        let mut task = Task::new(&self.dataflow(), settings(usize::MAX)).unwrap();
        (0..self.partitions).for_each(|partition| task.open(SCAN, partition).unwrap());
        task
    }

    fn rows(&self, rows: &[Row]) -> RecordBatch {
        let keys: StringArray = rows.iter().map(|row| row.key.map(String::from)).collect();
        let times: TimestampMillisecondArray = rows.iter().map(|row| row.time).collect();
        let values: Int64Array = rows.iter().map(|row| row.value).collect();
        let times = times.with_timezone_opt(self.zone.map(|_| "UTC"));
        let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(times), Arc::new(values)];
        RecordBatch::try_new(self.schema(), columns).unwrap()
    }

    /// Lets it happen.
    fn happen(&self, task: &mut Task, happening: &Happening) -> Outputs {
        match happening {
            Happening::Rows(partition, rows) => task.push(SCAN, *partition, self.rows(rows)),
            Happening::Clock(now) => task.tick(*now),
            Happening::Idle(partition, is_idle) => task.idle(SCAN, *partition, *is_idle),
        }
        .unwrap()
    }

    /// What each happening gives, and at last the end. Where it is to be cut, each happens to a new
    /// task that knows what the one before knew.
    fn run(&self, history: &[Happening], is_cut: bool) -> Vec<Vec<String>> {
        let mut task = self.task();
        let mut given = Vec::new();
        for happening in history {
            given.push(texts(&self.happen(&mut task, happening)));
            if is_cut {
                let state = task.state().unwrap();
                task = Task::new(&self.dataflow(), settings(usize::MAX)).unwrap();
                task.restore(state).unwrap();
            }
        }
        let end = |partition| texts(&task.end(SCAN, partition).unwrap());
        given.push((0..self.partitions).flat_map(end).collect());
        given
    }
}

/// The columns that a step gives.
fn output(step: &Kind, input: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<_> = input
        .fields()
        .iter()
        .map(|field| (**field).clone())
        .collect();
    let key = |key: &Expression| Field::new("key", key.data_type(input).unwrap(), true);
    let result = |one: &Aggregate| Field::new("result", result_of(one, input), true);
    let is_windowed = matches!(step, Kind::Windowed(_) | Kind::Assign { .. });
    match step {
        Kind::Windowed(Windowed {
            keys, aggregates, ..
        })
        | Kind::Running(Running {
            keys, aggregates, ..
        }) => {
            fields = keys
                .iter()
                .map(key)
                .chain(aggregates.iter().map(result))
                .collect();
        }
        Kind::Over(over) => fields.extend(over.aggregates.iter().map(result)),
        Kind::Project(expressions) => fields = expressions.iter().map(key).collect(),
        _ => {}
    }
    if is_windowed {
        let local = DataType::Timestamp(TimeUnit::Millisecond, None);
        fields.push(Field::new("window_start", local.clone(), false));
        fields.push(Field::new("window_end", local, false));
        fields.push(Field::new(
            "window_time",
            input.field(1).data_type().clone(),
            false,
        ));
    }
    Arc::new(Schema::new(fields))
}

fn result_of(aggregate: &Aggregate, input: &SchemaRef) -> DataType {
    match (&aggregate.function, &aggregate.argument) {
        (Function::Count, _) => DataType::Int64,
        (Function::Other(function), _) => function.field().data_type().clone(),
        (_, Some(argument)) => argument.data_type(input).unwrap(),
        (function, None) => panic!("{function:?} of nothing"),
    }
}

fn scan() -> Kind {
    let table = Table {
        name: "rows".to_owned(),
        columns: Vec::new(),
        primary_key: Vec::new(),
        connector: plan::Connector::Blackhole,
        format: None,
    };
    Kind::Scan(Scan {
        table: Arc::new(table),
        columns: vec![0, 1, 2],
        is_looked_up: false,
    })
}

fn settings(bytes_max: usize) -> Settings {
    Settings {
        budget: Arc::new(Budget::new(bytes_max, "--state-max")),
    }
}

/// A column of the histories' schema, whatever the zone.
fn column(name: &str) -> Expression {
    let index = match name {
        "k" => 0,
        "t" => 1,
        _ => 2,
    };
    Arc::new(datafusion_physical_expr::expressions::Column::new(
        name, index,
    ))
}

fn aggregate(function: Function, of: Option<&str>) -> Aggregate {
    Aggregate {
        function,
        argument: of.map(column),
        filter: None,
        distinct: false,
    }
}

fn count() -> Vec<Aggregate> {
    vec![aggregate(Function::Count, None)]
}

/// Every function of our own over the values.
fn all_functions() -> Vec<Aggregate> {
    let distinct = Aggregate {
        distinct: true,
        ..aggregate(Function::Count, Some("v"))
    };
    vec![
        aggregate(Function::Count, None),
        aggregate(Function::Count, Some("v")),
        aggregate(Function::Sum, Some("v")),
        aggregate(Function::Average, Some("v")),
        aggregate(Function::Minimum, Some("v")),
        aggregate(Function::Maximum, Some("v")),
        aggregate(Function::First, Some("v")),
        aggregate(Function::Last, Some("v")),
        distinct,
    ]
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn tumble(size: u64) -> Window {
    Window::Tumble {
        size: ms(size),
        offset: 0,
    }
}

const fn hop(slide: u64, size: u64) -> Window {
    Window::Hop {
        slide: ms(slide),
        size: ms(size),
        offset: 0,
    }
}

const fn cumulate(step: u64, size: u64) -> Window {
    Window::Cumulate {
        step: ms(step),
        size: ms(size),
        offset: 0,
    }
}

const fn session(gap: u64) -> Window {
    Window::Session { gap: ms(gap) }
}

/// Lets a history go through a plan, whole and cut at every batch. `|` in what is expected stands
/// between what was given while rows came and at the end.
fn check_plan(text: &str, plan: &Plan, expected: &str) {
    for is_cut in [false, true] {
        let mut given = plan.run(&history(text), is_cut);
        let last = given.pop().unwrap();
        let before = given.concat().join(" ");
        let given = format!("{before} | {}", last.join(" "));
        assert_eq!(
            given.trim(),
            expected.trim(),
            "{text}, cut: {is_cut}, {plan:?}"
        );
    }
}

/// Counts rows by key and window.
fn check(text: &str, window: Window, expected: &str) {
    check_plan(text, &Plan::windowed(window, count()), expected);
}
