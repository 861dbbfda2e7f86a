//! Plans of several operators over rows in any order, in batches of any size: their changelog never
//! takes back what it has not given, and comes to what `DuckDB` answers to the same query.
//!
//! The state of all of it is taken and put back behind one of the batches.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use arrow::{
    array::{AsArray, Int64Array, RecordBatch},
    datatypes::Int64Type,
};
use common::time::Clock;
use proptest::{prelude::*, sample::select, test_runner::TestCaseError};

use super::chance;
pub(crate) use super::duck::Duck;
use crate::{
    plan::{Dataflow, Job, Kind, Settings, StepId, explain, plan},
    transform::{self, Budget, Changes, Outputs, Task},
};

/// So many plans are tried.
const PLANS: u32 = 2_000;

/// How many operators a plan has at the most.
const OPERATORS_MAX: u32 = 4;

/// A row of two whole numbers.
pub(crate) type Row = [Option<i64>; 2];

/// A query of two columns, `k` and `v`.
#[derive(Debug, Clone)]
pub(crate) enum Query {
    Table(&'static str),
    Filter(Box<Self>, &'static str),
    Group(Box<Self>, &'static str),
    Distinct(Box<Self>),
    /// The first rows of each key, with their numbers or without.
    First(Box<Self>, usize, &'static str),
    /// The first rows of all.
    Limit(Box<Self>, usize),
    Join(Box<Self>, &'static str, &'static str, Box<Self>),
    Exists(Box<Self>, &'static str, &'static str, Box<Self>),
    Set(Box<Self>, &'static str, Box<Self>),
    /// The rows of which a condition on a value of others is true.
    Value(Box<Self>, &'static str, Box<Self>),
}

impl Query {
    pub(crate) fn sql(&self) -> String {
        match self {
            Self::Table(name) => format!("SELECT k, v FROM {name}"),
            Self::Filter(of, condition) => {
                format!("SELECT k, v FROM ({}) WHERE {condition}", of.sql())
            }
            Self::Group(of, value) => {
                format!("SELECT k, {value} AS v FROM ({}) GROUP BY k", of.sql())
            }
            Self::Distinct(of) => format!("SELECT DISTINCT k, v FROM ({})", of.sql()),
            Self::First(of, count, columns) => format!(
                "SELECT {columns} FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) \
                 AS n FROM ({})) WHERE n <= {count}",
                of.sql()
            ),
            Self::Limit(of, count) => {
                format!(
                    "SELECT k, v FROM ({}) ORDER BY v, k DESC LIMIT {count}",
                    of.sql()
                )
            }
            Self::Join(one, kind, on, other) => {
                let key = if *kind == "RIGHT JOIN" { "y.k" } else { "x.k" };
                let (one, other) = (one.sql(), other.sql());
                format!("SELECT {key} AS k, y.v AS v FROM ({one}) x {kind} ({other}) y ON {on}")
            }
            Self::Exists(one, exists, on, other) => format!(
                "SELECT x.k AS k, x.v AS v FROM ({}) x WHERE {exists} (SELECT 1 FROM ({}) y WHERE {on})",
                one.sql(),
                other.sql()
            ),
            Self::Set(one, kind, other) => {
                let of = |query: &Self| format!("SELECT k, v FROM ({})", query.sql());
                format!("{} {kind} {}", of(one), of(other))
            }
            Self::Value(one, value, other) => {
                let (one, other) = (one.sql(), format!("FROM ({}) y", other.sql()));
                let condition = value.replace("FROM", &other);
                format!("SELECT x.k AS k, x.v AS v FROM ({one}) x WHERE {condition}")
            }
        }
    }
}

const CONDITIONS: [&str; 3] = [
    "x.k = y.k",
    "x.k = y.k AND x.v < y.v",
    "x.v = y.v AND x.k <> y.k",
];

const VALUES: [&str; 8] = [
    "EXISTS (SELECT 1 FROM WHERE y.k = x.k) OR x.v > 3",
    "x.k IN (SELECT y.v FROM) OR NOT EXISTS (SELECT 1 FROM WHERE y.v = x.v)",
    "x.k NOT IN (SELECT y.v FROM)",
    "NOT (x.k NOT IN (SELECT y.v FROM) OR x.v > 3)",
    "x.v >= (SELECT MAX(y.v) FROM)",
    "x.v > (SELECT COUNT(*) FROM)",
    "x.v >= (SELECT COUNT(y.v) FROM WHERE y.k = x.k)",
    "x.k = (SELECT MIN(y.k) FROM WHERE y.v = x.v) OR x.v IS NULL",
];

pub(crate) fn queries() -> impl Strategy<Value = Query> {
    let table = select(vec!["a", "b"]).prop_map(Query::Table);
    table.prop_recursive(OPERATORS_MAX, OPERATORS_MAX * 2, 2, |of| {
        let of = || of.clone().prop_map(Box::new);
        let on = || select(CONDITIONS.to_vec());
        let kinds = vec!["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"];
        let values = vec!["COUNT(*)", "SUM(v)", "MAX(v)", "MIN(v)", "COUNT(DISTINCT v)", "COUNT(v)"];
        let columns = vec!["k, v", "k, n AS v"];
        let sets = vec!["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"];
        prop_oneof![
            1 => (of(), select(vec!["v > 1", "k IS NOT NULL", "k < v"])).prop_map(|(of, on)| Query::Filter(of, on)),
            2 => (of(), select(values)).prop_map(|(of, value)| Query::Group(of, value)),
            1 => of().prop_map(Query::Distinct),
            2 => (of(), 1..4_usize, select(columns)).prop_map(|(of, count, columns)| Query::First(of, count, columns)),
            1 => (of(), 1..5_usize).prop_map(|(of, count)| Query::Limit(of, count)),
            4 => (of(), select(kinds), on(), of()).prop_map(|(one, kind, on, other)| Query::Join(one, kind, on, other)),
            2 => (of(), select(vec!["EXISTS", "NOT EXISTS"]), on(), of())
                .prop_map(|(one, exists, on, other)| Query::Exists(one, exists, on, other)),
            2 => (of(), select(sets), of()).prop_map(|(one, kind, other)| Query::Set(one, kind, other)),
            1 => (of(), select(VALUES.to_vec()), of())
                .prop_map(|(one, value, other)| Query::Value(one, value, other)),
        ]
    })
}

/// A batch of rows of one of the tables.
pub(crate) type Batch = (&'static str, Vec<Row>);

pub(crate) fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let number =
        |range: std::ops::Range<i64>| prop_oneof![1 => Just(None), 9 => range.prop_map(Some)];
    let row = (number(0..4), number(0..6)).prop_map(|(k, v)| [k, v]);
    let batch = (select(vec!["a", "b"]), prop::collection::vec(row, 1..6));
    prop::collection::vec(batch, 0..9)
}

/// The tables that queries name.
pub(crate) const TABLES: &str = "
CREATE TABLE a (k BIGINT, v BIGINT) WITH ('connector' = 'datagen');
CREATE TABLE b (k BIGINT, v BIGINT) WITH ('connector' = 'datagen');
";

/// What a query does, before which there may be settings.
pub(super) fn dataflow(text: &str) -> Dataflow {
    job(text).dataflow
}

fn job(text: &str) -> Job {
    let query = text.rsplit(';').next().unwrap_or_default();
    let settings = &text[..text.len() - query.len()];
    // For such a sink nothing is taken together: what steps give is looked at as it is.
    let sink = "CREATE TABLE s (k BIGINT, v BIGINT) WITH ('connector' = 'blackhole');";
    let text = format!("{settings} {TABLES} {sink} INSERT INTO s {query}");
    let planned = plan(&text, &Settings::new("job.sql", Clock::System));
    planned.unwrap_or_else(|error| panic!("{error}: {query}"))
}

/// The scans of a dataflow, each with its table, and the rows that it reads of others.
pub(crate) fn scans(dataflow: &Dataflow) -> impl Iterator<Item = (StepId, &str)> {
    let steps = dataflow.steps.iter().enumerate();
    steps.filter_map(|(at, step)| match &step.kind {
        Kind::Scan(scan) => Some((StepId(at), scan.table.name.as_str())),
        _ => None,
    })
}

/// The columns that a scan reads.
pub(crate) fn rows_of(dataflow: &Dataflow, scan: StepId, rows: &[Row]) -> RecordBatch {
    let schema = dataflow.steps[scan.0].schema.clone();
    let column = |field: &Arc<arrow::datatypes::Field>| -> Arc<dyn arrow::array::Array> {
        let place = usize::from(field.name() == "v");
        Arc::new(rows.iter().map(|row| row[place]).collect::<Int64Array>())
    };
    let columns = schema.fields().iter().map(column).collect();
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema, columns, &options).unwrap()
}

/// Applies a changelog, which must be one.
pub(super) fn apply(
    counts: &mut BTreeMap<Row, i64>,
    outputs: &Outputs,
) -> Result<(), TestCaseError> {
    for (_, changes) in &outputs.changes {
        for row in 0..changes.rows.num_rows() {
            let value = |column: usize| {
                let column = changes.rows.column(column).as_primitive::<Int64Type>();
                arrow::array::Array::is_valid(column, row).then(|| column.value(row))
            };
            let row_of = [value(0), value(1)];
            let count = counts.entry(row_of).or_default();
            *count += if changes.op(row).adds() { 1 } else { -1 };
            prop_assert!(*count >= 0, "{row_of:?} is taken back and was not given");
            if *count == 0 {
                counts.remove(&row_of);
            }
        }
    }
    Ok(())
}

pub(super) fn task(dataflow: &Dataflow) -> Task {
    let budget = Arc::new(Budget::new(usize::MAX, "--state-max"));
    Task::new(dataflow, transform::Settings { budget }).unwrap()
}

/// What becomes of what all steps know, behind a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// It is put into new ones.
    Kept(usize),
    /// It is lost: what must be found out.
    Lost(usize),
    /// It is put into new ones behind each batch.
    Each,
    /// It stays where it is.
    Never,
}

/// What a query comes to.
fn result(query: &str, batches: &[Batch], cut: Cut) -> Result<BTreeMap<Row, i64>, TestCaseError> {
    let mut counts = BTreeMap::new();
    for outputs in given(query, batches, cut) {
        apply(&mut counts, &outputs)?;
    }
    Ok(counts)
}

/// What a query gives.
fn given(query: &str, batches: &[Batch], cut: Cut) -> Vec<Outputs> {
    let dataflow = dataflow(query);
    let (mut task, mut given) = (task(&dataflow), Vec::new());
    for (scan, _) in scans(&dataflow) {
        task.open(scan, 0).unwrap();
    }
    for (at, (table, rows)) in batches.iter().enumerate() {
        for (port, _) in scans(&dataflow).filter(|(_, name)| name == table) {
            let changes = Changes::inserts(rows_of(&dataflow, port, rows));
            let origin = transform::Origin { port, partition: 0 };
            given.push(task.push_changes(origin, changes).unwrap());
        }
        let is_here = |cut| cut == at;
        match cut {
            Cut::Lost(cut) if is_here(cut) => task = self::task(&dataflow),
            Cut::Kept(cut) if !is_here(cut) => {}
            Cut::Kept(_) | Cut::Each => {
                let state = task.state().unwrap();
                task = self::task(&dataflow);
                task.restore(state).unwrap();
            }
            Cut::Lost(_) | Cut::Never => {}
        }
    }
    for (scan, _) in scans(&dataflow) {
        given.push(task.end(scan, 0).unwrap());
    }
    given
}

/// The changes that are given, in their order.
fn lines(outputs: &[Outputs]) -> Vec<String> {
    let all = outputs.iter().flat_map(|outputs| &outputs.changes);
    let rows = all.flat_map(|(_, changes)| {
        (0..changes.rows.num_rows()).map(|row| {
            let one = changes.rows.slice(row, 1);
            let values = one.columns().iter().map(|column| {
                let column = column.as_primitive::<Int64Type>();
                arrow::array::Array::is_valid(column, 0).then(|| column.value(0))
            });
            format!("{}{:?}", changes.op(row).name(), values.collect::<Vec<_>>())
        })
    });
    rows.collect()
}

/// Tries plans; why one of them is wrong, the smallest that could be found.
fn tried(plans: u32, cut: fn(usize) -> Cut) -> Option<String> {
    let duck = RefCell::new(Duck::start()?);
    let all = (queries(), batches(), 0..9_usize);
    let failure = chance::failure(plans, &all, |(query, batches, behind)| {
        let query = query.sql();
        let given = result(&query, &batches, cut(behind))?;
        let answer = duck.borrow_mut().answer(&query, &batches);
        prop_assert_eq!(given, answer, "{}", query);
        Ok(())
    });
    Some(failure.unwrap_or_default())
}

#[test]
fn a_changelog_comes_to_what_the_query_comes_to() {
    if let Some(failure) = tried(PLANS, Cut::Kept) {
        assert_eq!(failure, "");
    }
}

#[test]
fn a_cut_changes_nothing_and_no_order() {
    let all = (queries(), batches(), 0..10_usize);
    let failure = chance::failure(PLANS / 8, &all, |(query, batches, behind)| {
        let query = query.sql();
        let cut = match behind {
            9 => Cut::Each,
            behind => Cut::Kept(behind),
        };
        let [whole, cut] = [Cut::Never, cut].map(|cut| given(&query, &batches, cut));
        prop_assert_eq!(lines(&whole), lines(&cut), "{}", query);
        Ok(())
    });
    assert_eq!(failure, None);
}

/// The changes that its sink may be given, as it is shown.
fn shown(query: &str) -> String {
    let text = explain(&job(query));
    let sink = text.lines().find(|line| line.contains(" Insert "));
    let (_, changes) = sink.and_then(|sink| sink.split_once("changes: ")).unwrap();
    changes.to_owned()
}

#[test]
fn each_change_that_is_given_is_of_a_kind_that_is_shown() {
    let all = (queries(), batches());
    let failure = chance::failure(PLANS / 8, &all, |(query, batches)| {
        let query = query.sql();
        let shown = shown(&query);
        for line in lines(&given(&query, &batches, Cut::Never)) {
            let is_shown = shown.contains(&line[..2]);
            prop_assert!(is_shown, "{line}, not of {shown}: {query}");
        }
        Ok(())
    });
    assert_eq!(failure, None);
}

#[test]
fn rows_of_which_no_column_is_read_are_there() {
    let Some(mut duck) = Duck::start() else {
        return;
    };
    let rows = |rows: &[i64]| rows.iter().map(|v| [Some(1), Some(*v)]).collect();
    let batches = [
        ("a", rows(&[1, 2])),
        ("b", rows(&[3])),
        ("a", rows(&[4])),
        ("b", rows(&[5])),
    ];
    let (count, one) = (
        "COUNT(*) AS k, COUNT(*) AS v",
        "CAST(1 AS BIGINT) AS k, CAST(2 AS BIGINT) AS v",
    );
    for query in [
        format!("SELECT {one} FROM a CROSS JOIN b"),
        format!("SELECT {count} FROM a CROSS JOIN b"),
        format!("SELECT {count} FROM a x CROSS JOIN a y CROSS JOIN b"),
        format!("SELECT {count} FROM a LEFT JOIN b ON a.v > b.v"),
        format!("SELECT {count} FROM a WHERE EXISTS (SELECT 1 FROM b)"),
        format!("SELECT {one} FROM a WHERE EXISTS (SELECT 1 FROM b)"),
        format!("SELECT {one} FROM a WHERE NOT EXISTS (SELECT 1 FROM b)"),
        "SELECT k, v FROM a WHERE EXISTS (SELECT 1 FROM b)".to_owned(),
        format!("SELECT {one} FROM a LIMIT 2"),
        format!("SELECT {count} FROM (SELECT 1 FROM a LIMIT 2)"),
        format!("SELECT {count} FROM (SELECT 1 FROM a CROSS JOIN b LIMIT 3)"),
        format!("SELECT {count} FROM (SELECT 1 FROM a UNION ALL SELECT 2 FROM b)"),
    ] {
        for cut in 0..batches.len() {
            let given = result(&query, &batches, Cut::Kept(cut)).unwrap();
            assert_eq!(given, duck.answer(&query, &batches), "{query}");
        }
    }
}

#[test]
fn state_that_is_lost_is_found_out() {
    if let Some(failure) = tried(PLANS, Cut::Lost) {
        assert_ne!(failure, "");
    }
}
