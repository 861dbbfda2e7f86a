//! Running aggregates by hand and against a model: a changelog never takes back what it has not given,
//! and comes to what all rows come to.

use std::collections::BTreeMap;

use common::service::telemetry;
use proptest::{prelude::*, sample::select};

use super::*;
use crate::transform::Origin;

fn running(aggregates: Vec<Aggregate>) -> Plan {
    let keys = vec![column("k")];
    Plan::new(Kind::Running(Running {
        keys,
        aggregates,
        until: None,
    }))
}

#[test]
fn a_batch_gives_one_change_of_a_key() {
    let sums = vec![
        aggregate(Function::Count, None),
        aggregate(Function::Sum, Some("v")),
    ];
    check_plan(
        "a@0=1 b@0=2 a@0=3 | a@0=5 _@0 | b@0=_",
        &running(sums),
        "+I(a,2,4) +I(b,1,2) -U(a,2,4) +U(a,3,9) +I(_,1,1) -U(b,1,2) +U(b,2,2) |",
    );
}

#[test]
fn a_value_that_stays_the_same_is_not_told_again() {
    let least = vec![aggregate(Function::Minimum, Some("v"))];
    check_plan(
        "a@0=3 | a@0=4 | a@0=2",
        &running(least),
        "+I(a,3) -U(a,3) +U(a,2) |",
    );
    check_plan("a@0 | b@0 a@0", &running(Vec::new()), "+I(a) +I(b) |");
}

#[test]
fn without_a_key_there_is_one_group() {
    let plan = Plan::new(Kind::Running(Running {
        keys: Vec::new(),
        aggregates: count(),
        until: None,
    }));
    check_plan("a@0 b@0 | c@0", &plan, "+I(2) -U(2) +U(3) |");
    check_plan("", &plan, "|");
}

#[test]
fn filters_and_distinct_values_count_once() {
    let schema = running(count()).schema();
    let over_two = binary(column("v"), Sign::Gt, lit(2_i64), &schema).unwrap();
    let filtered = Aggregate {
        filter: Some(over_two),
        ..aggregate(Function::Count, None)
    };
    let distinct = Aggregate {
        distinct: true,
        ..aggregate(Function::Sum, Some("v"))
    };
    check_plan(
        "a@0=3 a@0=3 a@0=1 | a@0=_ a@0=1",
        &running(vec![filtered.clone(), distinct]),
        "+I(a,2,4) |",
    );
    check_plan(
        "a@0=_ | a@0=5",
        &running(vec![filtered]),
        "+I(a,0) -U(a,0) +U(a,1) |",
    );
}

/// A deviation of `v`, which is one of DataFusion's.
fn deviation() -> Aggregate {
    use datafusion_functions_aggregate::stddev::stddev_pop_udaf;
    use datafusion_physical_expr::aggregate::AggregateExprBuilder;
    let schema = Arc::new(Schema::new(vec![
        Field::new("k", DataType::Utf8, true),
        Field::new("t", DataType::Int64, true),
        Field::new("v", DataType::Int64, true),
    ]));
    let value =
        datafusion_physical_expr::expressions::cast(column("v"), &schema, DataType::Float64);
    let function = AggregateExprBuilder::new(stddev_pop_udaf(), vec![value.unwrap()])
        .schema(schema)
        .alias("deviation")
        .build()
        .unwrap();
    aggregate(Function::Other(Arc::new(function)), Some("v"))
}

#[test]
fn functions_of_datafusion_go_on() {
    let other = vec![deviation()];
    check_plan(
        "a@0=1 a@0=3 | a@0=5 a@0=7",
        &running(other.clone()),
        "+I(a,1.0) -U(a,1.0) +U(a,2.23606797749979) |",
    );
    // The mean of 0, 2 and 3 is no double: what is made anew of its parts is another.
    check_plan(
        "a@0=0 | a@0=2 | a@0=3 | a@0=7",
        &running(other.clone()),
        "+I(a,0.0) -U(a,0.0) +U(a,1.0) -U(a,1.0) +U(a,1.247219128924647) \
         -U(a,1.247219128924647) +U(a,2.5495097567963927) |",
    );
    let expected = "a[-5..5)=0.0 | a[0..10)=1.0 a[5..15)=0.0";
    check_plan("a@4=1 a@8=3", &Plan::windowed(hop(5, 10), other), expected);
}

/// An aggregate over rows that are taken back: of each key its count, and then over the counts.
fn nested() -> (Plan, Dataflow) {
    let plan = running(vec![aggregate(Function::Sum, Some("v"))]);
    let mut dataflow = plan.dataflow();
    let inner = dataflow.steps[2].schema.clone();
    dataflow.steps[2].changelog = Changelog::Retract;
    let sum: Expression = Arc::new(datafusion_physical_expr::expressions::Column::new(
        "result", 1,
    ));
    let of = |function| Aggregate {
        function,
        argument: Some(sum.clone()),
        filter: None,
        distinct: false,
    };
    let aggregates = vec![
        Aggregate {
            argument: None,
            ..of(Function::Count)
        },
        of(Function::Sum),
        of(Function::Average),
        of(Function::Minimum),
        of(Function::Maximum),
        Aggregate {
            distinct: true,
            ..of(Function::Count)
        },
        Aggregate {
            distinct: true,
            ..of(Function::Sum)
        },
    ];
    // By the parity of the sum: rows wander from one group to the other.
    let schema = inner.clone();
    let parity = binary(sum.clone(), Sign::Modulo, lit(2_i64), &schema).unwrap();
    let kind = Kind::Running(Running {
        keys: vec![parity],
        aggregates,
        until: None,
    });
    let out = output(&kind, &inner);
    let step = Step {
        inputs: vec![StepId(2)],
        schema: out.clone(),
        changelog: Changelog::Retract,
        kind,
    };
    dataflow.steps[3] = step;
    dataflow.steps.push(Step {
        inputs: vec![StepId(3)],
        schema: out,
        changelog: Changelog::Retract,
        kind: Kind::Insert(Sink { table: None }),
    });
    (plan, dataflow)
}

/// Applies a changelog, which must be one.
fn apply(table: &mut BTreeMap<String, i64>, lines: &[String]) {
    for line in lines {
        let (op, row) = line.split_at(2);
        let count = table.entry(row.to_owned()).or_default();
        *count += if op == "+I" || op == "+U" { 1 } else { -1 };
        assert!(*count >= 0, "{line} takes back what was not given");
        table.retain(|_, count| *count > 0);
    }
}

fn expected(rows: &[Row]) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<Option<char>, i64> = BTreeMap::new();
    rows.iter()
        .for_each(|row| *sums.entry(row.key).or_default() += row.value.unwrap());
    let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    sums.values()
        .for_each(|sum| groups.entry(sum % 2).or_default().push(*sum));
    let line = |(parity, mut sums): (i64, Vec<i64>)| {
        sums.sort_unstable();
        let (count, sum) = (sums.len(), sums.iter().sum::<i64>());
        let (least, most) = (sums[0], sums[count - 1]);
        sums.dedup();
        let average = sum / i64::try_from(count).unwrap();
        let (apart, total) = (sums.len(), sums.iter().sum::<i64>());
        (
            format!("({parity},{count},{sum},{average},{least},{most},{apart},{total})"),
            1,
        )
    };
    groups.into_iter().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_changelog_comes_to_what_all_rows_come_to(
        batches in prop::collection::vec(
            prop::collection::vec((select(vec!['a', 'b', 'c', 'd']), -3..4_i64), 1..6),
            1..12,
        ),
        cut in 0..12_usize,
    ) {
        let (plan, dataflow) = nested();
        let mut task = Task::new(&dataflow, settings(usize::MAX)).unwrap();
        let (mut table, mut all) = (BTreeMap::new(), Vec::new());
        for (at, batch) in batches.iter().enumerate() {
            let rows = batch.iter().map(|(key, value)| Row { key: Some(*key), time: Some(0), value: Some(*value) });
            let rows: Vec<_> = rows.collect();
            all.extend(rows.iter().copied());
            let outputs = task.push_changes(
                Origin { port: SCAN, partition: 0 },
                Changes::inserts(plan.rows(&rows)),
            );
            apply(&mut table, &texts(&outputs.unwrap()));
            prop_assert_eq!(&table, &expected(&all));
            if at == cut {
                let state = task.state().unwrap();
                task = Task::new(&dataflow, settings(usize::MAX)).unwrap();
                task.restore(state).unwrap();
            }
        }
    }
}

#[test]
fn what_cannot_take_rows_back_says_so() {
    let (_, mut dataflow) = nested();
    let Kind::Running(running) = &mut dataflow.steps[3].kind else {
        panic!()
    };
    running.aggregates[1].function = deviation().function;
    let error = telemetry::chain(&Task::new(&dataflow, settings(0)).unwrap_err());
    assert!(error.contains("step 3 (running aggregate)"), "{error}");
    assert!(
        error.contains("of rows that are taken back is not supported"),
        "{error}"
    );
}

/// Rows of so many keys, each of its own.
fn rows_of_keys(keys: std::ops::Range<u32>) -> Vec<Row> {
    let keys = keys.filter_map(|key| char::from_u32(0x4E00 + key));
    keys.map(|key| Row {
        key: Some(key),
        time: None,
        value: None,
    })
    .collect()
}

#[test]
fn too_much_state_is_an_error_that_names_the_step() {
    let plan = running(count());
    let mut task = Task::new(&plan.dataflow(), settings(10_000)).unwrap();
    let mut push = |from: u32| {
        let rows = rows_of_keys(from..from + 60);
        task.push(SCAN, 0, plan.rows(&rows))
    };
    push(0).unwrap();
    let error = (1..100)
        .find_map(|at| push(at * 60).err())
        .unwrap()
        .to_string();
    assert!(
        error.contains("more than the 10000 that --state-max allows"),
        "{error}"
    );
    assert!(
        error.contains("held by step 2 (running aggregate)"),
        "{error}"
    );
}

#[test]
fn too_much_state_is_told_of_who_holds_it_whichever_task_sees_it() {
    let plan = running(count());
    let settings = settings(10_000);
    let mut holding = Task::new(&plan.dataflow(), settings.clone()).unwrap();
    let mut holds_none = Task::new(&plan.dataflow(), settings).unwrap();
    holds_none.tick(0).unwrap();
    let rows = rows_of_keys(0..6_000);
    holding.push(SCAN, 0, plan.rows(&rows)).unwrap_err();
    let error = holds_none.tick(1).unwrap_err().to_string();
    let reports = [holding.reports(), holds_none.reports()].concat();
    let own = reports.iter().filter(|report| report.step.0 == 2);
    let held: usize = own.map(|report| report.state_bytes).sum();
    let told = format!(
        "; {held} of them are held by step 2 (running aggregate): give more by --state-max, or let it \
         forget by SET 'table.exec.state.ttl' = '1 h'",
    );
    assert!(error.ends_with(&told), "{error}");
}
