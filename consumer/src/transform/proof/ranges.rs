//! Tasks put one behind another, and steps with several inputs.

use super::*;
use crate::transform::{END, Error, Origin};

#[test]
fn two_tasks_give_what_one_gives() {
    let plan = Plan::windowed(hop(5, 10), all_functions());
    let text = "a@1 b@4=7 | a@11=2 | b@3 a@30 c@31=_ | c@90";
    let dataflow = plan.dataflow();
    let mut first = Task::of(&dataflow, &[0, 1].map(StepId).into(), settings(usize::MAX)).unwrap();
    let mut second = Task::of(&dataflow, &[2, 3].map(StepId).into(), settings(usize::MAX)).unwrap();
    let port = Origin {
        port: StepId(1),
        partition: 0,
    };
    let mut given = Vec::new();
    let mut hand_on = |first: &Task, outputs: Outputs| {
        let mut lines = Vec::new();
        for (step, changes) in outputs.changes {
            assert_eq!(step, port.port);
            lines.extend(texts(&second.push_changes(port, changes).unwrap()));
        }
        let watermark = first.progress(port.port).unwrap().watermark;
        lines.extend(texts(&second.advance(port, watermark).unwrap()));
        if watermark == END {
            lines.extend(texts(&second.end(port.port, 0).unwrap()));
        }
        given.push(lines);
    };
    for happening in history(text) {
        let outputs = plan.happen(&mut first, &happening);
        hand_on(&first, outputs);
    }
    let outputs = first.end(SCAN, 0).unwrap();
    hand_on(&first, outputs);
    assert_eq!(given, plan.run(&history(text), false));
}

/// Two tables, each with its watermarks, as one; and how often each key is in 10 ms.
fn united() -> (Plan, Dataflow) {
    let plan = Plan::windowed(tumble(10), count());
    let one = plan.dataflow().steps;
    let reads = |step: &Step, inputs: &[usize]| Step {
        inputs: inputs.iter().copied().map(StepId).collect(),
        ..step.clone()
    };
    let union = Step {
        kind: Kind::Union,
        ..reads(&one[1], &[1, 3])
    };
    let steps = vec![
        one[0].clone(),
        reads(&one[1], &[0]),
        one[0].clone(),
        reads(&one[1], &[2]),
        union,
        reads(&one[2], &[4]),
        reads(&one[3], &[5]),
    ];
    (
        plan,
        Dataflow {
            steps,
            ..Dataflow::default()
        },
    )
}

#[test]
fn a_union_is_as_far_as_the_slowest_of_its_inputs() {
    let (plan, dataflow) = united();
    let mut task = Task::new(&dataflow, settings(usize::MAX)).unwrap();
    let push = |task: &mut Task, scan: usize, row: &str| {
        texts(
            &task
                .push(StepId(scan), 0, plan.rows(&[row_of(row)]))
                .unwrap(),
        )
        .join(" ")
    };
    assert_eq!(push(&mut task, 0, "a@12"), "");
    assert_eq!(push(&mut task, 2, "a@3"), "");
    assert_eq!(push(&mut task, 2, "b@14"), "a[0..10)=1");
    assert_eq!(push(&mut task, 0, "a@35"), "");
    let idle = texts(&task.idle(StepId(2), 0, true).unwrap());
    assert_eq!(idle, ["a[10..20)=1", "b[10..20)=1"]);
    assert_eq!(push(&mut task, 2, "b@36"), "");
    assert!(texts(&task.end(StepId(0), 0).unwrap()).is_empty());
    let end = texts(&task.end(StepId(2), 0).unwrap());
    assert_eq!(end, ["a[30..40)=1", "b[30..40)=1"]);
}

#[test]
fn rows_for_a_step_that_takes_none_are_refused() {
    let (plan, dataflow) = united();
    let mut task = Task::new(&dataflow, settings(usize::MAX)).unwrap();
    for step in [StepId(1), StepId(6), StepId(99)] {
        let refused = task.push(step, 0, plan.rows(&[row_of("a@1")]));
        assert!(matches!(refused, Err(Error::NoSuchPort(of)) if of == step));
    }
}
