//! Aggregates over all rows up to each.

use super::*;

fn over(time: Time, is_range: bool, aggregates: Vec<Aggregate>) -> Plan {
    let keys = vec![column("k")];
    Plan::new(Kind::Over(Over {
        keys,
        time,
        is_range,
        aggregates,
    }))
}

fn sums() -> Vec<Aggregate> {
    vec![
        aggregate(Function::Count, None),
        aggregate(Function::Sum, Some("v")),
    ]
}

#[test]
fn rows_count_as_they_come_by_the_clock() {
    check_plan(
        "a@9=1 b@0=2 | a@1=3 a@1=_",
        &over(Time::Processing, false, sums()),
        "+I(a,9,1,1,1) +I(b,0,2,1,2) +I(a,1,3,2,4) +I(a,1,_,3,4) |",
    );
}

#[test]
fn rows_wait_for_the_watermark_and_count_in_their_order() {
    let plan = over(Time::Event(1), false, sums());
    let plan = Plan { delay: 5, ..plan };
    check_plan(
        "a@9=1 a@3=2 | b@6=4 a@14=3 a@6=5 | a@2=1 a@30=7",
        &plan,
        "+I(a,3,2,1,2) +I(b,6,4,1,4) +I(a,6,5,2,7) +I(a,9,1,3,8) +I(a,14,3,4,11) | +I(a,30,7,5,18)",
    );
}

#[test]
fn rows_of_one_moment_count_together_in_a_range() {
    for (is_range, first) in [(true, "+I(a,1,1,2,3)"), (false, "+I(a,1,1,1,1)")] {
        let expected = format!("{first} +I(b,1,4,1,4) +I(a,1,2,2,3) +I(a,2,3,3,6) |");
        let plan = over(Time::Event(1), is_range, sums());
        check_plan("a@1=1 b@1=4 a@1=2 a@2=3", &plan, &expected);
    }
}

#[test]
fn every_function_has_a_value_at_each_row() {
    check_plan(
        "a@1=3 a@1=1 a@1=_ a@1=3",
        &over(Time::Processing, false, all_functions()),
        "+I(a,1,3,1,1,3,3,3,3,3,3,1) +I(a,1,1,2,2,4,2,1,3,3,1,2) \
         +I(a,1,_,3,2,4,2,1,3,3,1,2) +I(a,1,3,4,3,7,2,1,3,3,3,2) |",
    );
}
