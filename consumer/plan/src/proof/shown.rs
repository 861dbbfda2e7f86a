//! Which kinds of changes `explain` shows of what comes to a sink.

use super::{check, planned};
use crate::explain;

fn changes(text: &str) -> String {
    let job = match planned(text) {
        Ok(job) => job,
        Err(error) => return error.to_string(),
    };
    let text = explain(&job);
    let sinks = text.lines().filter(|line| line.contains(" Insert "));
    let changes = sinks.filter_map(|line| Some(line.split_once("  changes: ")?.1));
    changes.collect::<Vec<_>>().join("; ")
}

#[test]
fn changes_are_of_the_kinds_that_the_rows_can_have() {
    check(include_str!("shown.sql"), changes);
}
