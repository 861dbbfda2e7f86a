//! What steps cost: nanoseconds a row, and bytes of state a key (`cargo bench -p consumer`).
//!
//! Time is that of the processor, so that others on the machine hardly count.
//!
//! `cargo bench -p consumer -- NAME` runs those whose names contain NAME.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark tells what it measured"
)]

use std::{fs, sync::Arc, time::Duration};

use arrow::{
    array::{ArrayRef, Int64Array, TimestampMillisecondArray},
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    record_batch::RecordBatch,
};
use consumer::{
    plan::{
        Aggregate, Changelog, Connector, Dataflow, Expression, Function, Kind, Running, Scan, Sink,
        Step, StepId, Table, Time, Watermarks, Window, Windowed,
    },
    transform::{Budget, Settings, Task},
};
use datafusion_expr::Operator;
use datafusion_physical_expr::expressions::{binary, col, lit};

const BATCH_ROWS: usize = 8192;
const SCAN: StepId = StepId(0);

/// What a benchmark does.
struct Case {
    name: &'static str,
    kind: Kind,
    /// How many keys there are.
    keys: i64,
    rows: usize,
    /// Whether each row has a key of its own, as long as there are any.
    in_order: bool,
}

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    println!(
        "{:<32} {:>10} {:>12} {:>14}",
        "case", "ns/row", "rows out", "state B/key"
    );
    for case in cases() {
        if wanted
            .as_ref()
            .is_none_or(|wanted| case.name.contains(wanted))
        {
            run(&case);
        }
    }
}

fn cases() -> Vec<Case> {
    let tumble = Window::Tumble {
        size: seconds(10),
        offset: 0,
    };
    let hop = Window::Hop {
        slide: seconds(2),
        size: seconds(10),
        offset: 0,
    };
    let case = |name, kind, keys, rows| Case {
        name,
        kind,
        keys,
        rows,
        in_order: false,
    };
    let mean = || {
        vec![
            aggregate(Function::Count, None),
            aggregate(Function::Average, Some("v")),
        ]
    };
    let sums = || {
        vec![
            aggregate(Function::Count, None),
            aggregate(Function::Sum, Some("v")),
        ]
    };
    vec![
        case(
            "tumble 10 s, 10k keys",
            windowed(tumble, mean()),
            10_000,
            8_000_000,
        ),
        case(
            "hop 2 s of 10 s, 10k keys",
            windowed(hop, mean()),
            10_000,
            8_000_000,
        ),
        case(
            "session 10 s, 10k keys",
            windowed(Window::Session { gap: seconds(10) }, mean()),
            10_000,
            4_000_000,
        ),
        case("running, 10k keys", running(sums()), 10_000, 8_000_000),
        case("running, 1M keys", running(sums()), 1_000_000, 8_000_000),
        case("filter and project", project(), 10_000, 16_000_000),
        Case {
            in_order: true,
            ..case("state of 10M keys", running(sums()), 10_000_000, 10_000_000)
        },
    ]
}

fn run(case: &Case) {
    let dataflow = dataflow(&case.kind);
    let settings = Settings {
        budget: Arc::new(Budget::new(usize::MAX, "none")),
    };
    let mut task = Task::new(&dataflow, settings).unwrap();
    let mut given = 0;
    let mut spent = Duration::ZERO;
    let mut state = 0;
    for at in 0..case.rows / BATCH_ROWS {
        let rows = batch(case, at);
        let began = busy();
        let outputs = task.push(SCAN, 0, rows).unwrap();
        spent += busy() - began;
        given += outputs
            .changes
            .iter()
            .map(|(_, changes)| changes.rows.num_rows())
            .sum::<usize>();
        state = state.max(task.reports().iter().map(|report| report.state_bytes).sum());
    }
    let rows = case.rows / BATCH_ROWS * BATCH_ROWS;
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (each, of_key) = (
        spent.as_nanos() as f64 / rows as f64,
        state as f64 / case.keys as f64,
    );
    println!("{:<32} {each:>10.1} {given:>12} {of_key:>14.1}", case.name);
}

/// For how long this thread has had a processor (Linux).
fn busy() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// A hundred rows a millisecond of event time would be 10 s in a million rows.
fn batch(case: &Case, at: usize) -> RecordBatch {
    let first = i64::try_from(at * BATCH_ROWS).unwrap();
    let numbers = first..first + i64::try_from(BATCH_ROWS).unwrap();
    let scattered = |row: i64| {
        (row.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed()) >> 20).rem_euclid(case.keys)
    };
    let key = |row| {
        if case.in_order {
            row % case.keys
        } else {
            scattered(row)
        }
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(numbers.clone().map(key))),
        Arc::new(TimestampMillisecondArray::from_iter_values(
            numbers.clone().map(|row| row / 100),
        )),
        Arc::new(Int64Array::from_iter_values(numbers.map(|row| row % 1000))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Millisecond, None);
    Arc::new(Schema::new(vec![
        Field::new("k", DataType::Int64, true),
        Field::new("t", time, true),
        Field::new("v", DataType::Int64, true),
    ]))
}

fn column(name: &str) -> Expression {
    col(name, &schema()).unwrap()
}

fn aggregate(function: Function, of: Option<&str>) -> Aggregate {
    Aggregate {
        function,
        argument: of.map(column),
        filter: None,
        distinct: false,
    }
}

fn windowed(window: Window, aggregates: Vec<Aggregate>) -> Kind {
    let keys = vec![column("k")];
    Kind::Windowed(Windowed {
        window,
        time: Time::Event(1),
        zone: None,
        keys,
        aggregates,
    })
}

fn running(aggregates: Vec<Aggregate>) -> Kind {
    Kind::Running(Running {
        keys: vec![column("k")],
        aggregates,
        until: None,
    })
}

fn project() -> Kind {
    let scaled = binary(column("v"), Operator::Multiply, lit(908_i64), &schema()).unwrap();
    Kind::Project(vec![column("k"), column("t"), scaled])
}

/// Scan, watermarks (or a filter, before a projection), the step, sink.
fn dataflow(kind: &Kind) -> Dataflow {
    let schema = schema();
    let names = ["count", "mean", "window_start", "window_end", "window_time"];
    let (types, is_append) = match kind {
        Kind::Windowed(_) => (5, true),
        _ => (2, matches!(kind, Kind::Project(_))),
    };
    let time = schema.field(1).data_type().clone();
    let field = |(at, name): (usize, &&str)| {
        Field::new(
            *name,
            if at < 2 {
                DataType::Int64
            } else {
                time.clone()
            },
            true,
        )
    };
    let mut fields = vec![schema.field(0).clone()];
    fields.extend(names.iter().enumerate().take(types).map(field));
    let out = match kind {
        Kind::Project(_) => schema.clone(),
        _ => Arc::new(Schema::new(fields)),
    };
    let before = match kind {
        Kind::Project(_) => {
            Kind::Filter(binary(column("v"), Operator::Lt, lit(500_i64), &schema).unwrap())
        }
        _ => Kind::Watermarks(Watermarks {
            time: 1,
            watermark: column("t"),
            idle_timeout: None,
            late: None,
        }),
    };
    let changelog = if is_append {
        Changelog::Append
    } else {
        Changelog::Retract
    };
    let step = |inputs: &[usize], schema: &SchemaRef, changelog, kind| Step {
        inputs: inputs.iter().copied().map(StepId).collect(),
        schema: schema.clone(),
        changelog,
        kind,
    };
    let steps = vec![
        step(&[], &schema, Changelog::Append, scan()),
        step(&[0], &schema, Changelog::Append, before),
        step(&[1], &out, changelog, kind.clone()),
        step(&[2], &out, changelog, Kind::Insert(Sink { table: None })),
    ];
    Dataflow {
        steps,
        ..Dataflow::default()
    }
}

fn scan() -> Kind {
    let table = Table {
        name: "rows".to_owned(),
        columns: Vec::new(),
        primary_key: Vec::new(),
        connector: Connector::Blackhole,
        format: None,
    };
    Kind::Scan(Scan {
        table: Arc::new(table),
        columns: vec![0, 1, 2],
        is_looked_up: false,
    })
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
