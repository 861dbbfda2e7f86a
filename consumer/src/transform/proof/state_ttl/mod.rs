//! State that ends with time: steps against models in plain Rust, over random times; and any plans, whose
//! changelogs stay changelogs.

mod facts;
mod models;

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::select};

use self::models::{Greatest, Joined, Sums};
use super::{
    chance,
    changelogs::{Batch, Row, apply, batches, dataflow, queries, rows_of, scans, task},
};
use crate::{
    plan::Dataflow,
    transform::{Changes, Counts, Origin, Outputs, Report, Task},
};

/// For how long state is kept, in milliseconds.
const TTL: i64 = 10_000;

const SET: &str = "SET 'table.exec.state.ttl' = '10 s'";

/// Whether a row is added or taken back.
type Change = (bool, Row);

/// Some rows of `a` or `b`, so much later than those before.
type Happening = (i64, Batch);

/// A query with the steps that it comes to.
#[derive(Debug)]
struct Case {
    query: String,
    greatest: [Option<Greatest>; 2],
    joined: Option<Joined>,
    sums: Option<Sums>,
}

impl Case {
    /// Of the two greatest of `a` and `b` or all of them, joined or not, counted or summed or not.
    fn new(ttl: i64, greatest: [bool; 2], kind: Option<&'static str>, sums: Option<bool>) -> Self {
        let of = |table: &str, is_greatest: bool| match is_greatest {
            true => format!(
                "(SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n \
                 FROM {table}) WHERE n <= 2)"
            ),
            false => format!("(SELECT k, v FROM {table})"),
        };
        let [a, b] = [of("a", greatest[0]), of("b", greatest[1])];
        let rows = match kind {
            None => a,
            Some(kind) if kind.ends_with("EXISTS") => {
                format!(
                    "(SELECT k, v FROM {a} x WHERE {kind} (SELECT 1 FROM {b} y WHERE x.k = y.k AND x.v + y.v >= 0))"
                )
            }
            Some(kind) => {
                format!(
                    "(SELECT x.v AS k, y.v AS v FROM {a} x {kind} {b} y ON x.k = y.k AND x.v + y.v >= 0)"
                )
            }
        };
        let query = match sums {
            None => format!("SELECT k, v FROM {rows}"),
            Some(true) => format!("SELECT k, COUNT(*) AS v FROM {rows} GROUP BY k"),
            Some(false) => format!("SELECT k, SUM(v) AS v FROM {rows} GROUP BY k"),
        };
        Self {
            query: format!("{SET}; {query}"),
            greatest: greatest.map(|is| {
                is.then(|| Greatest {
                    ttl,
                    keys: BTreeMap::new(),
                })
            }),
            joined: kind.map(|kind| Joined {
                ttl,
                kind,
                sides: [Vec::new(), Vec::new()],
            }),
            sums: sums.map(|is_count| Sums {
                ttl,
                keys: BTreeMap::new(),
                is_count,
            }),
        }
    }

    /// What the models give for rows of a table.
    fn push(&mut self, now: i64, (table, rows): &Batch) -> Vec<Change> {
        let side = usize::from(*table == "b");
        let mut changes: Vec<Change> = rows.iter().map(|row| (true, *row)).collect();
        if let Some(greatest) = &mut self.greatest[side] {
            changes = greatest.push(now, &changes);
        }
        match &mut self.joined {
            Some(joined) => changes = joined.push(side, now, &changes),
            None if side == 1 => changes.clear(),
            None => {}
        }
        match &mut self.sums {
            Some(sums) => sums.push(now, &changes),
            None => changes,
        }
    }
}

/// The changes that a task has given, in any order.
fn given(outputs: &Outputs) -> Vec<Change> {
    let all = outputs.changes.iter().map(|(_, changes)| changes);
    let mut given: Vec<_> = all.flat_map(changed).collect();
    given.sort_unstable();
    given
}

fn changed(changes: &Changes) -> Vec<Change> {
    use arrow::{array::Array as _, array::AsArray, datatypes::Int64Type};
    let value = |column: usize, row: usize| {
        let column = changes.rows.column(column).as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let rows = 0..changes.rows.num_rows();
    rows.map(|row| (changes.op(row).adds(), [value(0, row), value(1, row)]))
        .collect()
}

/// Rows go into all scans of their table.
fn push(task: &mut Task, dataflow: &Dataflow, (table, rows): &Batch) -> Outputs {
    let mut outputs = Outputs::default();
    for (port, _) in scans(dataflow).filter(|(_, name)| name == table) {
        let changes = Changes::inserts(rows_of(dataflow, port, rows));
        let given = task.push_changes(Origin { port, partition: 0 }, changes);
        outputs.changes.extend(given.unwrap().changes);
    }
    outputs
}

/// A new task, or one that knows what the one before knew.
fn begun(dataflow: &Dataflow, before: Option<&mut Task>) -> Task {
    let mut task = task(dataflow);
    match before {
        Some(before) => task.restore(before.state().unwrap()).unwrap(),
        None => scans(dataflow).for_each(|(scan, _)| task.open(scan, 0).unwrap()),
    }
    task
}

/// Times at which state has just not ended, has, and is or is not swept away.
fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let later = select(vec![0, 1, 50, 200, 3_000, 4_000, 9_999, 10_000, 25_000]);
    let batch = (
        select(vec!["a", "b"]),
        prop::collection::vec((0..3_i64, 0..1_000_i64), 1..5),
    );
    let all = prop::collection::vec((later, batch), 1..30);
    // No two values are equal, so that it is known which row is taken back.
    all.prop_map(|all| {
        let mut number = 0;
        let all = all.into_iter().map(|(later, (table, rows))| {
            let rows = rows.into_iter().map(|(key, value)| {
                number += 1;
                [Some(key), Some(value * 1_000_000 + number % 1_000_000)]
            });
            (later, (table, rows.collect()))
        });
        all.collect()
    })
}

const KINDS: [&str; 6] = [
    "JOIN",
    "LEFT JOIN",
    "RIGHT JOIN",
    "FULL JOIN",
    "EXISTS",
    "NOT EXISTS",
];

/// Tries cases against models that keep state for `ttl`; why one of them differs.
fn tried(ttl: i64) -> Option<String> {
    let kind = prop_oneof![1 => Just(None), 4 => select(KINDS.to_vec()).prop_map(Some)];
    let sums = select(vec![None, Some(true), Some(false)]);
    let all = (any::<[bool; 2]>(), kind, sums, happenings(), any::<u8>());
    chance::failure(400, &all, |(greatest, kind, sums, happenings, cut)| {
        // A sum may be taken back of rows that were forgotten; what it is then is not to be modelled.
        let sums = sums.map(|is_count| is_count || kind.is_some() || greatest[0]);
        let mut case = Case::new(ttl, greatest, kind, sums);
        let dataflow = dataflow(&case.query);
        let (mut task, mut now) = (begun(&dataflow, None), 0);
        for (at, (later, batch)) in happenings.iter().enumerate() {
            now += later;
            task.tick(now).unwrap();
            let mut expected = case.push(now, batch);
            expected.sort_unstable();
            let given = given(&push(&mut task, &dataflow, batch));
            prop_assert_eq!(given, expected, "{} at {}", case.query, at);
            if (at + usize::from(cut)).is_multiple_of(5) {
                task = begun(&dataflow, Some(&mut task));
            }
        }
        Ok(())
    })
}

#[test]
fn steps_do_what_models_do_that_forget() {
    assert_eq!(tried(TTL).unwrap_or_default(), "");
}

#[test]
fn models_that_forget_nothing_are_found_out() {
    assert_ne!(tried(i64::MAX / 2), None);
}

#[test]
fn models_that_forget_too_late_are_found_out() {
    assert_ne!(tried(TTL + 1), None);
}

#[test]
fn a_changelog_that_forgets_is_a_changelog() {
    let later = prop::collection::vec(select(vec![0, 100, 5_000, 9_950, 10_000, 20_000]), 9);
    let all = (queries(), batches(), later, 0..9_usize);
    let failure = chance::failure(300, &all, |(query, batches, later, cut)| {
        let query = format!("{SET}; {}", query.sql());
        let dataflow = dataflow(&query);
        let (mut task, mut counts, mut now) = (begun(&dataflow, None), BTreeMap::new(), 0);
        for (at, (batch, later)) in batches.iter().zip(later).enumerate() {
            now += later;
            apply(&mut counts, &task.tick(now).unwrap())?;
            apply(&mut counts, &push(&mut task, &dataflow, batch))?;
            if at == cut {
                task = begun(&dataflow, Some(&mut task));
            }
        }
        Ok(())
    });
    assert_eq!(failure.unwrap_or_default(), "");
}
