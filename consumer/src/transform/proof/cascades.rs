//! Windows upon windows: plans of several operators over rows that come in any order, in batches of any
//! size, add rows alone, each as soon as its window has closed, and come to what `DuckDB` answers.
//!
//! The state of all of it is taken and put back behind one of the batches.

use std::{cell::RefCell, collections::BTreeMap};

use arrow::{
    array::AsArray,
    datatypes::{Int64Type, TimestampMillisecondType},
};
use common::time::Clock;
use proptest::{prelude::*, sample::select, test_runner::TestCaseError};

use super::{
    chance,
    changelogs::{Batch, Cut, Duck, Row, rows_of, scans, task},
};
use crate::{
    plan::{Changelog, Dataflow, Kind, Settings, plan},
    transform::{Changes, Op, Origin, Outputs},
};

/// So many plans are tried.
const PLANS: u32 = 500;

/// How many operators a plan has at the most, beside the windows at its begin.
const OPERATORS_MAX: u32 = 4;

/// How far the watermark is behind, and how far rows are at the most, in seconds.
const DELAY: i64 = 30;

/// Windows of event time, of lengths in seconds.
#[derive(Debug, Clone, Copy)]
enum Window {
    Tumble,
    Hop,
    Cumulate,
}

/// A query of the columns `s`, `e` and `t` of a window, `k` and `v`.
#[derive(Debug, Clone)]
enum Query {
    Windowed(&'static str, Window, &'static str),
    Filter(Box<Self>),
    /// What is selected and grouped by, beside the window.
    Group(Box<Self>, &'static str, &'static str),
    Distinct(Box<Self>),
    First(Box<Self>, usize),
    /// Larger windows.
    Longer(Box<Self>),
    Union(Box<Self>, Box<Self>),
    Join(Box<Self>, &'static str, Box<Self>),
    Exists(Box<Self>, &'static str, Box<Self>),
}

/// In whose words a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Flink,
    Duck,
}

impl Query {
    fn sql(&self, of: Dialect) -> String {
        match self {
            Self::Windowed(table, window, value) => windowed(table, *window, value, of),
            Self::Filter(query) => {
                format!("SELECT s, e, t, k, v FROM ({}) WHERE v > 1", query.sql(of))
            }
            Self::Group(query, values, keys) => format!(
                "SELECT s, e, t, {values} FROM ({}) GROUP BY s, e, t{keys}",
                query.sql(of)
            ),
            Self::Distinct(query) => format!(
                "SELECT DISTINCT s, e, t, k, k AS v FROM ({})",
                query.sql(of)
            ),
            Self::First(query, count) => format!(
                "SELECT s, e, t, k, v FROM (SELECT s, e, t, k, v, ROW_NUMBER() OVER (PARTITION BY s, e \
                 ORDER BY v DESC, k) AS n FROM ({})) WHERE n <= {count}",
                query.sql(of)
            ),
            Self::Longer(query) => longer(&query.sql(of), of),
            Self::Union(one, other) => format!(
                "SELECT s, e, t, k, v FROM ({}) UNION ALL SELECT s, e, t, k, v FROM ({})",
                one.sql(of),
                other.sql(of)
            ),
            Self::Join(one, kind, other) => {
                let whole = if *kind == "RIGHT JOIN" { "y" } else { "x" };
                format!(
                    "SELECT {whole}.s AS s, {whole}.e AS e, {whole}.t AS t, x.k AS k, y.v AS v FROM ({}) x \
                     {kind} ({}) y ON x.s = y.s AND x.e = y.e AND x.k = y.k AND x.v <= y.v",
                    one.sql(of),
                    other.sql(of)
                )
            }
            Self::Exists(one, exists, other) => format!(
                "SELECT s, e, t, k, v FROM ({}) x WHERE {exists} (SELECT 1 FROM ({}) y \
                 WHERE x.s = y.s AND x.e = y.e AND x.k = y.k)",
                one.sql(of),
                other.sql(of)
            ),
        }
    }
}

/// The time of a row is `v`, in seconds; windows are in milliseconds where nothing knows times.
fn windowed(table: &str, window: Window, value: &str, of: Dialect) -> String {
    if of == Dialect::Flink {
        let window = match window {
            Window::Tumble => {
                format!("TUMBLE(TABLE {table}, DESCRIPTOR(ts), INTERVAL '10' SECOND)")
            }
            Window::Hop => format!(
                "HOP(TABLE {table}, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)"
            ),
            Window::Cumulate => format!(
                "CUMULATE(TABLE {table}, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)"
            ),
        };
        return format!(
            "SELECT window_start AS s, window_end AS e, window_time AS t, k, {value} AS v \
             FROM TABLE({window}) GROUP BY window_start, window_end, window_time, k"
        );
    }
    let (start, end) = match window {
        Window::Tumble => ("v - v % 10", "v - v % 10 + 10"),
        Window::Hop => ("v - v % 5 - 5 * i", "v - v % 5 - 5 * i + 10"),
        Window::Cumulate => ("v - v % 10", "v - v % 5 + 5 + 5 * i"),
    };
    let parts = match window {
        Window::Tumble => "[0]",
        Window::Hop | Window::Cumulate => "[0, 1]",
    };
    format!(
        "SELECT s, e, e - 1 AS t, k, {value} AS v FROM (\
         SELECT ({start}) * 1000 AS s, ({end}) * 1000 AS e, k, v FROM (SELECT k, v, UNNEST({parts}) AS i FROM {table})\
         ) WHERE e - s <= 10000 GROUP BY s, e, k"
    )
}

fn longer(query: &str, of: Dialect) -> String {
    match of {
        Dialect::Flink => format!(
            "SELECT window_start AS s, window_end AS e, window_time AS t, k, SUM(v) AS v FROM TUMBLE((\
             SELECT t, k, v FROM ({query})), DESCRIPTOR(t), INTERVAL '20' SECOND) \
             GROUP BY window_start, window_end, window_time, k"
        ),
        Dialect::Duck => format!(
            "SELECT s, s + 20000 AS e, s + 19999 AS t, k, SUM(v) AS v FROM (\
             SELECT t - t % 20000 AS s, k, v FROM ({query})) GROUP BY s, k"
        ),
    }
}

fn queries() -> impl Strategy<Value = Query> {
    let windows = vec![Window::Tumble, Window::Hop, Window::Cumulate];
    let values = vec!["COUNT(*)", "MAX(v)", "SUM(v)"];
    let windowed = (select(vec!["a", "b"]), select(windows), select(values));
    let windowed =
        windowed.prop_map(|(table, window, value)| Query::Windowed(table, window, value));
    windowed.prop_recursive(OPERATORS_MAX, OPERATORS_MAX * 2, 2, |of| {
        let of = || of.clone().prop_map(Box::new);
        let groups = vec![
            ("k, COUNT(*) AS v", ", k"),
            ("v AS k, COUNT(DISTINCT k) AS v", ", v"),
            ("COUNT(*) AS k, SUM(v) AS v", ""),
            ("MIN(k) AS k, MAX(v) AS v", ""),
        ];
        prop_oneof![
            1 => of().prop_map(Query::Filter),
            4 => (of(), select(groups)).prop_map(|(of, (values, keys))| Query::Group(of, values, keys)),
            1 => of().prop_map(Query::Distinct),
            2 => (of(), 1..4_usize).prop_map(|(of, count)| Query::First(of, count)),
            2 => of().prop_map(Query::Longer),
            2 => (of(), of()).prop_map(|(one, other)| Query::Union(one, other)),
            3 => (of(), select(vec!["JOIN", "LEFT JOIN", "RIGHT JOIN"]), of())
                .prop_map(|(one, kind, other)| Query::Join(one, kind, other)),
            1 => (of(), select(vec!["EXISTS", "NOT EXISTS"]), of())
                .prop_map(|(one, exists, other)| Query::Exists(one, exists, other)),
        ]
    })
}

/// Batches of rows that are not late: each is some seconds on, and its rows are less than [`DELAY`]
/// apart.
fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let key = prop_oneof![1 => Just(None), 9 => (0..3_i64).prop_map(Some)];
    let row = (key, 0..DELAY).prop_map(|(k, v)| [k, Some(v)]);
    let batch = (select(vec!["a", "b"]), prop::collection::vec(row, 1..6));
    let on = |(at, (table, rows)): (i64, Batch)| {
        let rows = rows
            .into_iter()
            .map(|[k, v]| [k, v.map(|v| v + 100 + at * 7)]);
        (table, rows.collect())
    };
    let all = prop::collection::vec(batch, 0..12);
    all.prop_map(move |all| (0..).zip(all).map(on).collect())
}

fn dataflow(query: &Query, zone: &str) -> Dataflow {
    let table = |name| {
        format!(
            "CREATE TABLE {name} (k BIGINT, v BIGINT, ts AS TO_TIMESTAMP_LTZ(v, 0), \
             WATERMARK FOR ts AS ts - INTERVAL '{DELAY}' SECOND) WITH ('connector' = 'datagen')"
        )
    };
    let query = query.sql(Dialect::Flink);
    let (zone, tables) = (format!("'{zone}'"), table("a") + "; " + &table("b"));
    let text =
        format!("SET 'table.local-time-zone' = {zone}; {tables}; SELECT e, v FROM ({query})");
    let planned = plan(&text, &Settings::new("job.sql", Clock::System));
    planned
        .unwrap_or_else(|error| panic!("{error}: {query}"))
        .dataflow
}

/// Where clocks are that far from those of Greenwich, in milliseconds.
const ZONES: [(&str, i64); 2] = [("UTC", 0), ("GMT-05:30", -19_800_000)];

/// Counts what is given, which must be added; ends of windows as they are in UTC.
fn count(
    given: &mut BTreeMap<Row, i64>,
    outputs: &Outputs,
    offset: i64,
) -> Result<(), TestCaseError> {
    for (_, changes) in &outputs.changes {
        let [ends, values] = changes.rows.columns() else {
            panic!("not two columns");
        };
        let ends = ends.as_primitive::<TimestampMillisecondType>();
        let values = values.as_primitive::<Int64Type>();
        for (row, (end, value)) in ends.iter().zip(values).enumerate() {
            prop_assert_eq!(changes.op(row), Op::Insert);
            *given
                .entry([end.map(|end| end - offset), value])
                .or_default() += 1;
        }
    }
    Ok(())
}

/// Whether all of `these` are among `those`.
fn are_among(these: &BTreeMap<Row, i64>, those: &BTreeMap<Row, i64>) -> bool {
    let mut these = these.iter();
    these.all(|(row, count)| those.get(row).is_some_and(|other| count <= other))
}

/// What windows that have passed come to is given, and nothing that is not in the answer.
fn told(
    given: &BTreeMap<Row, i64>,
    passed: i64,
    answer: &BTreeMap<Row, i64>,
) -> Result<(), TestCaseError> {
    let mut closed = answer.clone();
    closed.retain(|[end, _], _| end.is_some_and(|end| end - 1 <= passed));
    prop_assert!(
        are_among(&closed, given),
        "{given:?} by {passed}, and not {closed:?}"
    );
    prop_assert!(are_among(given, answer), "{given:?}, and not {answer:?}");
    Ok(())
}

/// Lets batches go through a query, and holds what it gives against the answer.
fn check(
    (query, batches): (&Query, &[Batch]),
    (zone, offset): (&str, i64),
    cut: Cut,
    answer: &BTreeMap<Row, i64>,
) -> Result<(), TestCaseError> {
    let dataflow = dataflow(query, zone);
    let keeps = dataflow
        .steps
        .iter()
        .filter(|step| step.changelog == Changelog::Retract);
    prop_assert_eq!(keeps.count(), 0, "rows are taken back");
    let (mut task, mut given) = (task(&dataflow), BTreeMap::new());
    let mut watermarks: BTreeMap<_, i64> =
        scans(&dataflow).map(|(_, name)| (name, i64::MIN)).collect();
    for (scan, _) in scans(&dataflow) {
        task.open(scan, 0).unwrap();
    }
    for (at, (table, rows)) in batches.iter().enumerate() {
        for (port, _) in scans(&dataflow).filter(|(_, name)| name == table) {
            let changes = Changes::inserts(rows_of(&dataflow, port, rows));
            let origin = Origin { port, partition: 0 };
            count(
                &mut given,
                &task.push_changes(origin, changes).unwrap(),
                offset,
            )?;
        }
        if let Some(watermark) = watermarks.get_mut(table) {
            let seen = rows
                .iter()
                .filter_map(|[_, v]| *v)
                .max()
                .unwrap_or_default();
            *watermark = (*watermark).max((seen - DELAY) * 1000);
        }
        let passed = watermarks.values().min().copied().unwrap_or(i64::MIN);
        told(&given, passed, answer)?;
        match cut {
            Cut::Kept(cut) if cut == at => {
                let state = task.state().unwrap();
                task = super::changelogs::task(&dataflow);
                task.restore(state).unwrap();
            }
            Cut::Lost(cut) if cut == at => task = super::changelogs::task(&dataflow),
            Cut::Kept(_) | Cut::Lost(_) | Cut::Each | Cut::Never => {}
        }
    }
    for (scan, _) in scans(&dataflow) {
        count(&mut given, &task.end(scan, 0).unwrap(), offset)?;
    }
    prop_assert_eq!(&given, answer);
    Ok(())
}

/// Tries plans; why one of them is wrong, the smallest that could be found.
fn tried(plans: u32, cut: fn(usize) -> Cut) -> Option<String> {
    let duck = RefCell::new(Duck::start()?);
    let all = (queries(), batches(), select(ZONES.to_vec()), 0..12_usize);
    let failure = chance::failure(plans, &all, |(query, batches, zone, behind)| {
        let asked = format!("SELECT e, v FROM ({})", query.sql(Dialect::Duck));
        let answer = duck.borrow_mut().answer(&asked, &batches);
        check((&query, &batches), zone, cut(behind), &answer)
    });
    Some(failure.unwrap_or_default())
}

#[test]
fn windows_upon_windows_are_told_once_when_they_close() {
    if let Some(failure) = tried(PLANS, Cut::Kept) {
        assert_eq!(failure, "");
    }
}

#[test]
fn windows_that_are_lost_are_found_out() {
    if let Some(failure) = tried(PLANS, Cut::Lost) {
        assert_ne!(failure, "");
    }
}

/// The memory that all steps of a query take behind so many batches.
fn bytes(query: &Query, zone: &str, batches: i64) -> usize {
    let dataflow = dataflow(query, zone);
    let mut task = task(&dataflow);
    for at in 0..batches {
        let rows: Vec<Row> = (0..20)
            .map(|row| [Some(row), Some(100 + at * 7 + row)])
            .collect();
        for (port, _) in scans(&dataflow) {
            let changes = Changes::inserts(rows_of(&dataflow, port, &rows));
            let origin = Origin { port, partition: 0 };
            task.push_changes(origin, changes).unwrap();
        }
    }
    task.reports().iter().map(|report| report.state_bytes).sum()
}

#[test]
fn windows_upon_windows_are_forgotten_in_any_zone() {
    let leaf = || Box::new(Query::Windowed("a", Window::Hop, "SUM(v)"));
    let group = |of| Box::new(Query::Group(of, "k, COUNT(*) AS v", ", k"));
    let queries = [
        Query::Group(group(leaf()), "COUNT(*) AS k, SUM(v) AS v", ""),
        Query::Distinct(Box::new(Query::Union(leaf(), group(leaf())))),
        Query::Join(leaf(), "LEFT JOIN", group(leaf())),
        Query::First(Box::new(Query::Longer(leaf())), 2),
    ];
    for zone in ["UTC", "America/New_York", "Asia/Kolkata"] {
        for query in &queries {
            let [few, many] = [30, 300].map(|batches| bytes(query, zone, batches));
            assert!(
                many < few * 2,
                "{few} and {many} bytes in {zone}: {query:?}"
            );
        }
    }
    let kept = dataflow(&queries[0], "UTC");
    let is_running =
        |kind: &Kind| matches!(kind, Kind::Running(running) if running.until.is_none());
    assert!(!kept.steps.iter().any(|step| is_running(&step.kind)));
}
