//! Windows by hand: one case a fact.

use chrono_tz::Tz;

use super::*;
use crate::{
    plan::{self, Input, Late},
    transform::Counts,
};

#[test]
fn a_window_closes_when_the_watermark_has_passed_its_last_moment() {
    check(
        "a@1 b@2 a@11",
        tumble(10),
        "a[0..10)=1 b[0..10)=1 | a[10..20)=1",
    );
    check("a@1 | a@8", tumble(10), "| a[0..10)=2");
    check("a@1 | a@9", tumble(10), "a[0..10)=2 |");
}

#[test]
fn a_row_is_late_when_its_window_is_closed_and_not_before() {
    check(
        "a@1 | b@8 | a@3 | c@9 | a@4",
        tumble(10),
        "a[0..10)=2 b[0..10)=1 c[0..10)=1 |",
    );
    check(
        "a@1 | a@25 | b@3 | b@21",
        tumble(10),
        "a[0..10)=1 | a[20..30)=1 b[20..30)=1",
    );
}

#[test]
fn windows_slide_over_panes() {
    check(
        "a@1 b@4 a@11",
        hop(5, 10),
        "a[-5..5)=1 b[-5..5)=1 a[0..10)=1 b[0..10)=1 | a[5..15)=1 a[10..20)=1",
    );
}

#[test]
fn a_row_may_be_late_for_some_of_its_windows_only() {
    check(
        "a@1 | a@6 | b@2",
        hop(5, 10),
        "a[-5..5)=1 | a[0..10)=2 b[0..10)=1 a[5..15)=1",
    );
    check(
        "a@1 | a@6 | b@2",
        cumulate(5, 10),
        "a[0..5)=1 | a[0..10)=2 b[0..10)=1",
    );
}

#[test]
fn cumulated_windows_begin_together() {
    check(
        "a@1 | a@7 | b@12 | a@31",
        cumulate(5, 15),
        "a[0..5)=1 a[0..10)=2 a[0..15)=2 b[0..15)=1 | a[30..35)=1 a[30..40)=1 a[30..45)=1",
    );
}

#[test]
fn sessions_that_touch_become_one() {
    check(
        "a@1 a@21 b@4 a@11 | b@40",
        session(10),
        "b[4..14)=1 a[1..31)=3 | b[40..50)=1",
    );
    check("a@1 a@12", session(10), "a[1..11)=1 | a[12..22)=1");
}

#[test]
fn a_session_is_late_when_what_it_would_be_is_closed() {
    check(
        "a@1 | b@30 | a@2 | a@22 | c@60",
        session(10),
        "a[1..11)=1 a[22..32)=1 b[30..40)=1 | c[60..70)=1",
    );
}

#[test]
fn a_null_is_a_key_and_a_row_without_time_is_in_no_window() {
    check("_@1 a@2 _@3 a@_", tumble(10), "| _[0..10)=2 a[0..10)=1");
    let plan = Plan::windowed(tumble(10), count());
    let mut task = plan.task();
    for happening in history("a@_ a@1 a@9 | a@2 a@9000000000000000 | b@3") {
        plan.happen(&mut task, &happening);
    }
    let report = task.reports()[2];
    assert_eq!(
        report.counts,
        Counts {
            late: 2,
            untimed: 2,
            ..Counts::default()
        }
    );
    assert_eq!(
        (report.rows_in, report.rows_out, report.watermark),
        (6, 1, 9)
    );
}

#[test]
fn times_before_the_epoch_and_far_ahead_are_aligned_as_others() {
    check(
        "a@-2 a@-10 a@-11",
        tumble(10),
        "a[-20..-10)=1 | a[-10..0)=2",
    );
    check(
        "a@-8000000000000000 | a@8000000000000000",
        tumble(7),
        "a[-8000000000000001..-7999999999999994)=1 a[7999999999999994..8000000000000001)=1 |",
    );
    let window = Window::Tumble {
        size: ms(10),
        offset: -3,
    };
    check("a@6 a@7", window, "a[-3..7)=1 | a[7..17)=1");
}

#[test]
fn the_slowest_partition_that_is_not_idle_holds_windows_back() {
    let plan = Plan {
        partitions: 2,
        ..Plan::windowed(tumble(10), count())
    };
    check_plan("a@11 | a@25", &plan, "| a[10..20)=1 a[20..30)=1");
    check_plan(
        "a@11 1:b@1 | 1:b@12 | a@25",
        &plan,
        "b[0..10)=1 | a[10..20)=1 b[10..20)=1 a[20..30)=1",
    );
    check_plan(
        "a@1 a@11 idle1 | 1:b@5 1:b@12",
        &plan,
        "a[0..10)=1 | a[10..20)=1 b[10..20)=1",
    );
}

#[test]
fn a_watermark_stays_behind_by_the_delay() {
    let plan = Plan {
        delay: 5,
        ..Plan::windowed(tumble(10), count())
    };
    check_plan("a@1 | a@13 | a@3 | a@14", &plan, "a[0..10)=2 | a[10..20)=2");
}

#[test]
fn processing_time_windows_close_by_the_clock() {
    let mut plan = Plan::windowed(tumble(10), count());
    if let Kind::Windowed(windowed) = &mut plan.step {
        windowed.time = Time::Processing;
    }
    check_plan(
        "t3 a@900 b@1 t9 a@1 t10 a@2",
        &plan,
        "a[0..10)=2 b[0..10)=1 | a[10..20)=1",
    );
}

#[test]
fn every_function_agrees_over_panes() {
    for (window, expected) in [
        (tumble(10), "| a[0..10)=4,3,6,2,1,3,3,2,3"),
        (hop(10, 10), "| a[0..10)=4,3,6,2,1,3,3,2,3"),
    ] {
        let plan = Plan::windowed(window, all_functions());
        check_plan("a@5=3 a@2=1 | a@1=_ a@1=2", &plan, expected);
    }
    let plan = Plan::windowed(hop(5, 10), all_functions());
    // The first to come is of the later pane.
    let both = "a[0..10)=4,3,7,2,2,3,3,2,2";
    let expected = format!("a[-5..5)=1,1,2,2,2,2,2,2,1 | {both} a[5..15)=2,2,5,2,2,3,3,2,2");
    check_plan("a@5=3 a@2=2 | a@1=_ a@7=2", &plan, &expected);
}

#[test]
fn days_are_those_of_the_zone() {
    let day = 24 * 3_600_000;
    let plan = Plan::windowed(tumble(day), count()).in_zone(Tz::Europe__Berlin);
    // 2021-10-30 22:30 UTC is the 31st in Berlin, a day of 25 hours.
    let (first, last, next) = (
        1_635_633_000_000_i64,
        1_635_719_400_000_i64,
        1_635_721_200_000_i64,
    );
    let begins = 1_635_638_400_000_i64;
    check_plan(
        &format!("a@{first} | a@{last} | a@{next}"),
        &plan,
        &format!(
            "a[{begins}..{})=2 | a[{}..{})=1",
            begins + day as i64,
            begins + day as i64,
            begins + 2 * day as i64
        ),
    );
}

#[test]
fn a_row_is_given_once_for_each_of_its_windows() {
    let assign = |window| {
        Plan::new(Kind::Assign {
            window,
            time: Time::Event(1),
            keys: vec![column("k")],
            zone: None,
        })
    };
    check_plan(
        "a@1 | b@12 | c@3",
        &assign(tumble(10)),
        "a[0..10)=1,1 b[10..20)=12,1 c[0..10)=3,1 |",
    );
    check_plan("a@6", &assign(hop(5, 10)), "a[0..10)=6,1 a[5..15)=6,1 |");
    check_plan(
        "a@1 b@2 | a@9 | a@30 | a@5",
        &assign(session(10)),
        "b[2..12)=2,1 a[1..19)=1,1 a[1..19)=9,1 | a[30..40)=30,1",
    );
}

#[test]
fn late_rows_are_given_out_where_they_are_wanted() {
    let windowed = Plan::windowed(tumble(10), count());
    let mut dataflow = windowed.dataflow();
    if let Kind::Scan(scan) = dataflow.steps[0].kind.clone() {
        let mut table = scan.table.as_ref().clone();
        let schema = windowed.schema();
        let of = |field: &Arc<Field>| plan::Column {
            name: field.name().clone(),
            data_type: field.data_type().clone(),
            nullable: true,
            origin: plan::Origin::Field,
        };
        table.columns = schema.fields().iter().map(of).collect();
        let late = Late {
            table: Arc::new(table),
            values: ["k", "t", "v"].map(column).to_vec(),
        };
        dataflow.late.insert((StepId(2), Input::First), late);
    }
    let mut task = Task::new(&dataflow, settings(usize::MAX)).unwrap();
    let late: Vec<_> = history("a@9 | b@3=7 c@12")
        .iter()
        .flat_map(|happening| windowed.happen(&mut task, happening).late)
        .map(|(inlet, rows)| (inlet, text(&Changes::inserts(rows), 0)))
        .collect();
    let inlet = (StepId(2), Input::First);
    assert_eq!(late, [(inlet, "+I(b,3,7)".to_owned())]);
}
