//! What SQL means: three-valued logic, nulls, whole numbers that wrap around, decimals, failing rows.

use arrow::{
    array::{
        Array, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
        Int16Array, Int32Array, TimestampMillisecondArray,
    },
    compute::cast,
};
use common::service::telemetry;

use super::*;

fn filter(condition: Expression) -> Plan {
    Plan::new(Kind::Filter(condition))
}

#[test]
fn a_filter_keeps_what_is_true_and_nothing_else() {
    let schema = filter(lit(true)).schema();
    let is = |sign, value: i64| binary(column("v"), sign, lit(value), &schema).unwrap();
    let both = |one, sign, other| binary(one, sign, other, &schema).unwrap();
    let unknown = || is(Sign::Gt, 0);
    let not = |of| datafusion_physical_expr::expressions::not(of).unwrap();
    for (condition, expected) in [
        (is(Sign::Gt, 1), "+I(a,0,2)"),
        (not(is(Sign::Gt, 1)), "+I(b,0,1)"),
        (
            both(unknown(), Sign::Or, lit(true)),
            "+I(a,0,2) +I(b,0,1) +I(c,0,_)",
        ),
        (both(unknown(), Sign::And, lit(true)), "+I(a,0,2) +I(b,0,1)"),
        (both(unknown(), Sign::And, lit(false)), ""),
        (lit(ScalarValue::Boolean(None)), ""),
    ] {
        check_plan(
            "a@0=2 b@0=1 c@0=_",
            &filter(condition),
            &format!("{expected} |"),
        );
    }
}

#[test]
fn a_row_that_cannot_be_computed_is_named() {
    let schema = filter(lit(true)).schema();
    let divided = binary(lit(6_i64), Sign::Divide, column("v"), &schema).unwrap();
    let plan = Plan::new(Kind::Project(vec![divided]));
    check_plan("a@0=4 a@0=_ a@0=-4", &plan, "+I(1) +I(_) +I(-1) |");
    let mut task = plan.task();
    let rows = [row_of("a@0=1"), row_of("a@0=0"), row_of("a@0=2")];
    let error = task.push(SCAN, 0, plan.rows(&rows)).unwrap_err();
    assert_eq!(
        telemetry::chain(&error),
        "step 2 (project): cannot compute 6 / v, where v is 0: division by zero"
    );
}

/// The value of a function of all rows of a column, as text.
fn value(function: Function, values: &ArrayRef, result: DataType) -> String {
    let schema = Arc::new(Schema::new(vec![Field::new(
        "v",
        values.data_type().clone(),
        true,
    )]));
    let out = Arc::new(Schema::new(vec![Field::new("result", result, true)]));
    let argument = Some(col("v", &schema).unwrap());
    let aggregates = vec![Aggregate {
        function,
        argument,
        filter: None,
        distinct: false,
    }];
    let step = |inputs: &[usize], schema: &SchemaRef, kind| Step {
        inputs: inputs.iter().copied().map(StepId).collect(),
        schema: schema.clone(),
        changelog: Changelog::Append,
        kind,
    };
    let running = Kind::Running(Running {
        keys: Vec::new(),
        aggregates,
        until: None,
    });
    let sink = Kind::Insert(Sink { table: None });
    let steps = vec![
        step(&[], &schema, scan()),
        step(&[0], &out, running),
        step(&[1], &out, sink),
    ];
    let mut task = Task::new(
        &Dataflow {
            steps,
            ..Dataflow::default()
        },
        settings(usize::MAX),
    )
    .unwrap();
    let half = values.len() / 2;
    let mut last = String::new();
    for part in [
        values.slice(0, half),
        values.slice(half, values.len() - half),
    ] {
        let rows = RecordBatch::try_new(schema.clone(), vec![part]).unwrap();
        let outputs = task.push(SCAN, 0, rows).unwrap();
        if let Some((_, changes)) = outputs.changes.last() {
            last = text(changes, changes.rows.num_rows() - 1);
        }
    }
    last.get(3..last.len() - 1).unwrap().to_owned()
}

#[track_caller]
fn check_value(function: Function, values: impl Array + 'static, expected: &str) {
    let result = values.data_type().clone();
    assert_eq!(
        value(function, &(Arc::new(values) as ArrayRef), result),
        expected
    );
}

#[test]
fn whole_numbers_wrap_around_and_averages_are_cut() {
    use Function::{Average, Sum};
    check_value(Sum, Int8Array::from(vec![127, 1]), "-128");
    check_value(Sum, Int16Array::from(vec![i16::MIN, -1]), "32767");
    check_value(Sum, Int32Array::from(vec![i32::MAX, 1]), "-2147483648");
    check_value(
        Sum,
        Int64Array::from(vec![i64::MAX, 1]),
        "-9223372036854775808",
    );
    check_value(
        Average,
        Int32Array::from(vec![i32::MAX, i32::MAX]),
        "2147483647",
    );
    check_value(Average, Int64Array::from(vec![-3, 0]), "-1");
    check_value(Average, Int8Array::from(vec![3, 4, 4]), "3");
}

#[test]
fn of_no_values_there_is_only_a_count() {
    let nothing = || Int64Array::from(vec![None, None]);
    for function in [
        Function::Sum,
        Function::Average,
        Function::Minimum,
        Function::First,
    ] {
        check_value(function, nothing(), "_");
    }
    check_value(Function::Count, nothing(), "0");
}

#[test]
fn sums_of_doubles_do_not_lose_what_is_small() {
    use Function::{Average, Sum};
    check_value(
        Sum,
        Float64Array::from(vec![1e100, 1.0, -1e100, 1.0]),
        "2.0",
    );
    check_value(Sum, Float64Array::from(vec![0.1; 10]), "1.0");
    check_value(Sum, Float64Array::from(vec![f64::MAX, f64::MAX]), "inf");
    check_value(Average, Float64Array::from(vec![1.0, 2.0]), "1.5");
    check_value(Average, Float32Array::from(vec![1.0, 2.5]), "1.75");
}

#[test]
fn decimals_are_exact_and_too_many_digits_are_null() {
    let decimals = |values: Vec<i128>, scale| {
        let column = Decimal128Array::from(values)
            .with_precision_and_scale(38, scale)
            .unwrap();
        Arc::new(column) as ArrayRef
    };
    let (two, six) = (DataType::Decimal128(38, 2), DataType::Decimal128(38, 6));
    let most = 10_i128.pow(38) - 1;
    for (function, values, result, expected) in [
        (Function::Sum, vec![110, 220], &two, "3.30"),
        (Function::Average, vec![100, 100, 101], &six, "1.003333"),
        (Function::Average, vec![200, 0, 0], &six, "0.666667"),
        (Function::Average, vec![-200, 0, 0], &six, "-0.666667"),
        (Function::Sum, vec![most, 1], &two, "_"),
        (Function::Sum, vec![most, most, most, -most], &two, "_"),
        (
            Function::Sum,
            vec![most, most, -most],
            &two,
            "999999999999999999999999999999999999.99",
        ),
        (
            Function::Average,
            [vec![1; 8], vec![most; 9], vec![-most; 9]].concat(),
            &six,
            "0.003077",
        ),
        (
            Function::Sum,
            vec![most, 1, -1],
            &two,
            "999999999999999999999999999999999999.99",
        ),
        (Function::Minimum, vec![3, -5], &two, "-0.05"),
    ] {
        assert_eq!(
            value(function, &decimals(values, 2), result.clone()),
            expected
        );
    }
}

#[test]
fn least_greatest_first_and_last_are_of_any_type() {
    let texts = || StringArray::from(vec![None, Some("b"), Some("a"), Some("ä"), None]);
    let dates = || Date32Array::from(vec![Some(2), Some(0), None, Some(1)]);
    let truths = || BooleanArray::from(vec![Some(true), None, Some(false)]);
    let numbers = || Float64Array::from(vec![1.5, f64::NEG_INFINITY, 2.5]);
    let times = || TimestampMillisecondArray::from(vec![Some(5), None, Some(-7)]);
    use Function::{First, Last, Maximum, Minimum};
    for (function, expected) in [
        (Minimum, ["a", "1970-01-01", "false", "-inf", "-7"]),
        (Maximum, ["ä", "1970-01-03", "true", "2.5", "5"]),
        (First, ["b", "1970-01-03", "true", "1.5", "5"]),
        (Last, ["ä", "1970-01-02", "false", "2.5", "-7"]),
    ] {
        check_value(function.clone(), texts(), expected[0]);
        check_value(function.clone(), dates(), expected[1]);
        check_value(function.clone(), truths(), expected[2]);
        check_value(function.clone(), numbers(), expected[3]);
        check_value(function, times(), expected[4]);
    }
}

#[test]
fn keys_of_any_type_are_found_and_given_back() {
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(-1), None, Some(-1), Some(7)]));
    let types = [
        DataType::Int8,
        DataType::Int32,
        DataType::Int64,
        DataType::Date32,
        DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        DataType::Float64,
        DataType::Utf8,
        DataType::Decimal128(10, 2),
    ];
    for one in &types {
        for other in &types {
            let column = |of: &DataType| match of {
                DataType::Timestamp(_, _) => {
                    cast(&cast(&numbers, &DataType::Int64).unwrap(), of).unwrap()
                }
                of => cast(&numbers, of).unwrap(),
            };
            let keys = [column(one), column(other)];
            for width in 0..=2 {
                let keys = keys.get(..width).unwrap();
                let types: Vec<_> = keys.iter().map(|key| key.data_type().clone()).collect();
                let mut groups = crate::transform::group::Groups::new(&types).unwrap();
                let mut found = Vec::new();
                groups.intern(keys, 4, &mut found).unwrap();
                let expected = if width == 0 {
                    [0, 0, 0, 0]
                } else {
                    [0, 1, 0, 2]
                };
                assert_eq!(found, expected, "{types:?}");
                for (given, key) in groups.keys(&found).unwrap().iter().zip(keys) {
                    assert_eq!(given, key);
                }
                groups.remove(&[found[3]]);
                groups.intern(keys, 4, &mut found).unwrap();
                assert_eq!(found, expected, "{types:?}, again");
            }
        }
    }
}

#[test]
fn rows_are_given_under_the_names_of_their_sink() {
    let named = |name| Arc::new(Schema::new(vec![Field::new(name, DataType::Int64, true)]));
    let step = |inputs: &[usize], name, kind| Step {
        inputs: inputs.iter().copied().map(StepId).collect(),
        schema: named(name),
        changelog: Changelog::Append,
        kind,
    };
    let sink = Kind::Insert(Sink { table: None });
    let steps = vec![step(&[], "before", scan()), step(&[0], "after", sink)];
    let mut task = Task::new(
        &Dataflow {
            steps,
            ..Dataflow::default()
        },
        settings(usize::MAX),
    )
    .unwrap();
    let values: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let rows = RecordBatch::try_new(named("before"), vec![values]).unwrap();
    let outputs = task.push(SCAN, 0, rows).unwrap();
    let (_, changes) = outputs.changes.first().unwrap();
    assert_eq!(changes.rows.schema(), named("after"));
}
