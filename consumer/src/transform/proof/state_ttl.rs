//! State that ends with time: steps against models in plain Rust, over random times; and any plans, whose
//! changelogs stay changelogs.

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    sample::select,
    test_runner::{RngSeed, TestRunner},
};

use super::changelogs::{Batch, Row, apply, batches, dataflow, queries, rows_of, scans, task};
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

/// What a step would do if it went through all it knows each time.
#[derive(Debug)]
struct Sums {
    ttl: i64,
    /// Of each key: rows, their sum or none where they are only counted, and when it was written.
    keys: BTreeMap<Option<i64>, (i64, i64, i64)>,
    is_count: bool,
}

impl Sums {
    fn push(&mut self, now: i64, changes: &[Change]) -> Vec<Change> {
        let mut before = BTreeMap::new();
        for (adds, [key, value]) in changes {
            let ttl = self.ttl;
            self.keys
                .retain(|_, (rows, _, written)| *rows > 0 && *written + ttl > now);
            let was = self
                .keys
                .get(key)
                .map(|(rows, sum, _)| if self.is_count { *rows } else { *sum });
            if was.is_none() && !adds {
                continue;
            }
            before.entry(*key).or_insert(was);
            let sign = if *adds { 1 } else { -1 };
            let known = self.keys.entry(*key).or_default();
            *known = (
                known.0 + sign,
                known.1 + sign * value.unwrap_or_default(),
                now,
            );
        }
        let now_of = |(rows, sum, _): &(i64, i64, i64)| {
            (*rows > 0).then_some(if self.is_count { *rows } else { *sum })
        };
        let told = before.into_iter().flat_map(|(key, was)| {
            let is = self.keys.get(&key).and_then(now_of);
            let was = was.map(|was| (false, [key, Some(was)]));
            was.into_iter().chain(is.map(|is| (true, [key, Some(is)])))
        });
        told.collect()
    }
}

/// The two rows of each key with the greatest values.
#[derive(Debug)]
struct Greatest {
    ttl: i64,
    keys: BTreeMap<Option<i64>, (Vec<i64>, i64)>,
}

impl Greatest {
    fn push(&mut self, now: i64, changes: &[Change]) -> Vec<Change> {
        let mut before = BTreeMap::new();
        for (_, [key, value]) in changes {
            let ttl = self.ttl;
            self.keys.retain(|_, (_, written)| *written + ttl > now);
            let (values, written) = self.keys.entry(*key).or_insert((Vec::new(), now));
            before.entry(*key).or_insert_with(|| values.clone());
            values.push(value.unwrap());
            values.sort_unstable_by_key(|value| -value);
            if values.len() < 3 || values.pop() != *value {
                *written = now;
            }
        }
        let mut told = Vec::new();
        for (key, was) in before {
            let is = &self.keys[&key].0;
            let row = |value: &i64| [key, Some(*value)];
            let gone = was.iter().filter(|value| !is.contains(value));
            told.extend(gone.map(|value| (false, row(value))));
            let new = is.iter().filter(|value| !was.contains(value));
            told.extend(new.map(|value| (true, row(value))));
        }
        told
    }
}

/// A row that a join keeps.
#[derive(Debug)]
struct Kept {
    row: Row,
    matches: usize,
    written: i64,
}

/// A join by the first column, of which the result has the two values.
#[derive(Debug)]
struct Joined {
    ttl: i64,
    kind: &'static str,
    sides: [Vec<Kept>; 2],
}

impl Joined {
    /// Whether it matters for rows of that side to how many they belong.
    fn counts(&self, side: usize) -> bool {
        match self.kind {
            "LEFT JOIN" | "EXISTS" | "NOT EXISTS" => side == 0,
            "RIGHT JOIN" => side == 1,
            kind => kind == "FULL JOIN",
        }
    }

    /// What is given of a row of a side beside one of the other.
    fn pair(&self, side: usize, one: Row, other: Option<Row>) -> Row {
        let (first, second) = match side {
            0 => (Some(one), other),
            _ => (other, Some(one)),
        };
        let of = |row: Option<Row>| row.and_then(|row| row[1]);
        [of(first), of(second)]
    }

    fn push(&mut self, side: usize, now: i64, changes: &[Change]) -> Vec<Change> {
        changes
            .iter()
            .flat_map(|change| self.take(side, now, *change))
            .collect()
    }

    fn take(&mut self, side: usize, now: i64, (adds, row): Change) -> Vec<Change> {
        let ttl = self.ttl;
        self.sides
            .iter_mut()
            .for_each(|kept| kept.retain(|kept| kept.written + ttl > now));
        let belongs = |kept: &&mut Kept| kept.row[0] == row[0] && row[0].is_some();
        let own = match adds {
            true => {
                let matches = self.sides[1 - side].iter_mut().filter(belongs).count();
                self.sides[side].push(Kept {
                    row,
                    matches,
                    written: now,
                });
                matches
            }
            false => match self.sides[side].iter().position(|kept| kept.row == row) {
                Some(at) => self.sides[side].remove(at).matches,
                None => return Vec::new(),
            },
        };
        let mut told = Vec::new();
        let is_exists = self.kind.ends_with("EXISTS");
        let (counts, other_counts) = (self.counts(side), self.counts(1 - side));
        match is_exists {
            true if side == 0 && (own > 0) == (self.kind == "EXISTS") => told.push((adds, row)),
            false if counts && own == 0 => told.push((adds, self.pair(side, row, None))),
            _ => {}
        }
        let mut others = std::mem::take(&mut self.sides[1 - side]);
        for other in others.iter_mut().filter(belongs) {
            let before = other.matches;
            if other_counts {
                other.written = now;
                other.matches = if adds { before + 1 } else { before - 1 };
            }
            let turns = other_counts && (before == 0) != (other.matches == 0);
            match (is_exists, turns) {
                (true, true) => told.push((adds == (self.kind == "EXISTS"), other.row)),
                (true, false) => {}
                (false, turns) => {
                    told.push((adds, self.pair(side, row, Some(other.row))));
                    if turns {
                        told.push((!adds, self.pair(1 - side, other.row, None)));
                    }
                }
            }
        }
        self.sides[1 - side] = others;
        told
    }
}

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
    let given_seed = std::env::var_os("TESTS_SEED").and_then(|seed| seed.to_str()?.parse().ok());
    let seed = given_seed.unwrap_or_else(|| fastrand::u64(..));
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::with_cases(400)
    };
    let kind = prop_oneof![1 => Just(None), 4 => select(KINDS.to_vec()).prop_map(Some)];
    let sums = select(vec![None, Some(true), Some(false)]);
    let all = (any::<[bool; 2]>(), kind, sums, happenings(), any::<u8>());
    let checked = TestRunner::new(config).run(&all, |(greatest, kind, sums, happenings, cut)| {
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
    });
    let failure = checked.err()?;
    Some(format!("{failure}\nTESTS_SEED={seed}"))
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
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    };
    let checked = TestRunner::new(config).run(&all, |(query, batches, later, cut)| {
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
    checked.unwrap();
}

/// The steps of a query that keep something.
fn reports(task: &Task) -> Vec<Report> {
    let reports = task.reports().into_iter();
    reports.filter(|report| report.state_bytes > 0).collect()
}

#[test]
fn memory_is_given_back_in_portions() {
    let check = |query: &str, expired: u64| {
        let dataflow = dataflow(&format!("{SET}; {query}"));
        let mut task = begun(&dataflow, None);
        task.tick(0).unwrap();
        let rows: Vec<Row> = (0..20_000).map(|key| [Some(key), Some(key)]).collect();
        for table in ["a", "b"] {
            push(&mut task, &dataflow, &(table, rows.clone()));
        }
        let full = reports(&task);
        let mut before: Vec<_> = full.iter().map(|report| report.counts).collect();
        // One key is written on, and stays.
        task.tick(9_000).unwrap();
        for table in ["a", "b"] {
            push(
                &mut task,
                &dataflow,
                &(table, vec![[Some(7), Some(1_000_000)]]),
            );
        }
        let mut ticks = 0;
        while before.iter().any(|counts| counts.expired < expired) {
            task.tick(10_001).unwrap();
            let now: Vec<Counts> = reports(&task).iter().map(|report| report.counts).collect();
            for (before, now) in before.iter().zip(&now) {
                let ended = now.expired - before.expired;
                assert!(ended <= 2 * 4096, "{query}: {ended} in one tick");
            }
            before = now;
            ticks += 1;
            assert!(ticks < 20, "{query}: {before:?}");
        }
        for (full, now) in full.iter().zip(reports(&task)) {
            assert!(
                now.state_bytes < full.state_bytes / 10,
                "{query}: {full:?}, {now:?}"
            );
        }
        let given = push(
            &mut task,
            &dataflow,
            &("a", vec![[Some(7), Some(2_000_000)]]),
        );
        given
            .changes
            .into_iter()
            .flat_map(|(_, changes)| changed(&changes))
            .collect::<Vec<_>>()
    };
    let row = |k: i64, v: i64| [Some(k), Some(v)];
    assert_eq!(
        check("SELECT k, COUNT(DISTINCT v) AS v FROM a GROUP BY k", 19_999),
        [(false, row(7, 2)), (true, row(7, 3))]
    );
    let greatest = "SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n \
                    FROM a) WHERE n = 1";
    assert_eq!(
        check(greatest, 19_999),
        [(false, row(7, 1_000_000)), (true, row(7, 2_000_000))]
    );
    let joined = "SELECT a.k AS k, b.v AS v FROM a JOIN b ON a.k = b.k";
    assert_eq!(check(joined, 40_000), [(true, row(7, 1_000_000))]);
}

#[test]
fn what_is_taken_back_and_not_known_is_counted() {
    let greatest = "SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n \
                    FROM a) WHERE n <= 2";
    let query =
        format!("{SET}; SELECT y.v AS k, x.v AS v FROM ({greatest}) x LEFT JOIN b y ON x.k = y.k");
    let dataflow = dataflow(&query);
    let mut task = begun(&dataflow, None);
    task.tick(0).unwrap();
    // The first row is of a key that is written on, and is not given again: the join forgets it.
    let row = |k: i64, v: i64| [Some(k), Some(v)];
    push(&mut task, &dataflow, &("a", vec![row(1, 10)]));
    task.tick(6_000).unwrap();
    push(&mut task, &dataflow, &("a", vec![row(1, 20)]));
    task.tick(12_000).unwrap();
    let given = push(&mut task, &dataflow, &("a", vec![row(1, 30)]));
    assert_eq!(self::given(&given), [(true, [None, Some(30)])]);
    let unknown = reports(&task)
        .iter()
        .map(|report| report.counts.unknown)
        .sum::<u64>();
    assert_eq!(unknown, 1);
}

/// What a query gives for rows, each at its time.
fn told(query: &str, rows: &[(i64, &'static str, [i64; 2])]) -> Vec<Change> {
    let dataflow = dataflow(&format!("{SET}; {query}"));
    let mut task = begun(&dataflow, None);
    let mut told = Vec::new();
    for (now, table, row) in rows {
        task.tick(*now).unwrap();
        let outputs = push(&mut task, &dataflow, &(table, vec![row.map(Some)]));
        let changes = outputs.changes.iter().map(|(_, changes)| changes);
        told.extend(changes.flat_map(changed));
    }
    told
}

#[test]
fn all_of_a_key_ends_with_it() {
    let row = |k: i64, v: i64| [Some(k), Some(v)];
    // The first value is older than is kept, and its key is not.
    let distinct = "SELECT k, COUNT(DISTINCT v) AS v FROM a GROUP BY k";
    let rows = [
        (0, "a", [1, 5]),
        (6_000, "a", [1, 6]),
        (12_000, "a", [1, 5]),
    ];
    let given = told(distinct, &rows);
    assert_eq!(given.last(), Some(&(true, row(1, 2))), "{given:?}");
    let top = "SELECT k, n AS v FROM (SELECT k, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n \
               FROM a) WHERE n <= 3";
    let given = told(top, &rows);
    assert_eq!(given.last(), Some(&(true, row(1, 3))), "{given:?}");
}

#[test]
fn nothing_is_taken_back_that_was_not_given() {
    let greatest = "SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n \
                    FROM a) WHERE n = 1";
    let query = format!("SELECT y.v AS k, x.v AS v FROM ({greatest}) x LEFT JOIN b y ON x.k = y.k");
    // What the row of `b` was given beside is taken back when that row of it is gone.
    let rows = [
        (0, "b", [1, 7]),
        (1, "a", [1, 10]),
        (9_999, "b", [1, 8]),
        (10_000, "a", [1, 11]),
    ];
    let row = |b: Option<i64>, a: i64| [b, Some(a)];
    let expected = [
        (true, row(Some(7), 10)),
        (true, row(Some(8), 10)),
        (false, row(Some(8), 10)),
        (true, row(Some(8), 11)),
    ];
    assert_eq!(told(&query, &rows), expected);
    let alone = [(0, "b", [1, 7]), (1, "a", [1, 10]), (10_000, "a", [1, 11])];
    assert_eq!(
        told(&query, &alone),
        [(true, row(Some(7), 10)), (true, row(None, 11))]
    );
}

#[test]
fn equal_rows_of_a_join_end_one_by_one() {
    let query = "SELECT a.k AS k, b.v AS v FROM a JOIN b ON a.k = b.k";
    let rows = [
        (0, "a", [1, 1]),
        (6_000, "a", [1, 1]),
        (12_000, "b", [1, 7]),
    ];
    assert_eq!(told(query, &rows), [(true, [Some(1), Some(7)])]);
}

#[test]
fn sets_of_rows_forget_both_sides() {
    let row = |k: i64| [Some(k), Some(k)];
    let rows = [
        (0, "a", [1, 1]),
        (9_999, "b", [1, 1]),
        (10_000, "a", [2, 2]),
        (19_999, "b", [2, 2]),
        (20_000, "b", [2, 2]),
    ];
    let both = "SELECT k, v FROM a INTERSECT SELECT k, v FROM b";
    assert_eq!(told(both, &rows), [(true, row(1)), (true, row(2))]);
    let one = "SELECT k, v FROM a EXCEPT SELECT k, v FROM b";
    let given = [
        (true, row(1)),
        (false, row(1)),
        (true, row(2)),
        (false, row(2)),
    ];
    assert_eq!(told(one, &rows), given);
}

#[test]
fn rows_up_to_each_begin_anew() {
    let table =
        "CREATE TABLE timed (k BIGINT, v BIGINT, at AS PROCTIME()) WITH ('connector' = 'datagen')";
    let query = "SELECT k, SUM(v) OVER (PARTITION BY k ORDER BY at) AS v FROM timed";
    let row = |k: i64, v: i64| [k, v];
    let rows = [
        (0, "timed", row(1, 1)),
        (9_999, "timed", row(1, 2)),
        (19_999, "timed", row(1, 4)),
    ];
    let given: Vec<_> = told(&format!("{table}; {query}"), &rows)
        .into_iter()
        .map(|(_, row)| row[1])
        .collect();
    assert_eq!(given, [Some(1), Some(3), Some(4)]);
}

#[test]
fn without_the_setting_nothing_is_forgotten() {
    for set in ["", "SET 'table.exec.state.ttl' = '0'; "] {
        let dataflow = dataflow(&format!("{set}SELECT k, COUNT(*) AS v FROM a GROUP BY k"));
        let mut task = begun(&dataflow, None);
        task.tick(0).unwrap();
        push(&mut task, &dataflow, &("a", vec![[Some(1), Some(1)]]));
        task.tick(i64::MAX - 1).unwrap();
        let given = given(&push(
            &mut task,
            &dataflow,
            &("a", vec![[Some(1), Some(1)]]),
        ));
        assert_eq!(
            given,
            [(false, [Some(1), Some(1)]), (true, [Some(1), Some(2)])]
        );
    }
}
