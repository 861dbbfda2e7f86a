//! What is forgotten, and what becomes of it, one case after another.

use super::*;

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

/// How much memory the steps of a task take.
fn bytes(task: &Task) -> usize {
    let reports = task.reports().into_iter();
    reports.map(|report| report.state_bytes).sum()
}

#[test]
fn a_key_of_very_many_values_ends_in_portions() {
    let changing =
        "(SELECT v AS k, k AS v FROM (SELECT v, COUNT(*) AS n, MAX(k) AS k FROM a GROUP BY v))";
    let of_changing =
        |value: &str| format!("SELECT v AS k, {value} AS v FROM {changing} GROUP BY v");
    for (query, anew) in [
        (
            "SELECT k, COUNT(DISTINCT v) AS v FROM a GROUP BY k".to_owned(),
            1,
        ),
        (of_changing("COUNT(DISTINCT k)"), 1),
        (of_changing("MAX(k)"), 5),
    ] {
        let dataflow = dataflow(&format!("{SET}; {query}"));
        let mut task = begun(&dataflow, None);
        task.tick(0).unwrap();
        for part in 0..10 {
            let rows = (0..10_000).map(|value| [Some(1), Some(part * 10_000 + value)]);
            push(&mut task, &dataflow, &("a", rows.collect()));
        }
        let full = bytes(&task);
        task.tick(10_000).unwrap();
        assert!(bytes(&task) > full / 3, "{query}: {full}, {}", bytes(&task));
        let given = push(&mut task, &dataflow, &("a", vec![[Some(1), Some(5)]]));
        assert_eq!(
            self::given(&given),
            [(true, [Some(1), Some(anew)])],
            "{query}"
        );
        for tick in 1..40 {
            task.tick(10_000 + tick).unwrap();
        }
        assert!(
            bytes(&task) < full / 10,
            "{query}: {full}, {}",
            bytes(&task)
        );
    }
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
