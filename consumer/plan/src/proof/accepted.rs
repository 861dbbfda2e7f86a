//! What the dialect has is accepted, and gives columns of Flink's names and types.

use super::{AS_OF_TABLES, TABLES, check, planned, planned_behind};
use crate::{Error, Job, Kind, types};

/// The columns of each output: `name TYPE, …`.
fn columns(text: &str) -> String {
    columns_of(planned(text))
}

fn columns_of(planned: Result<Job, Error>) -> String {
    let job = match planned {
        Ok(job) => job,
        Err(error) => return error.to_string(),
    };
    let sinks = job
        .dataflow
        .steps
        .iter()
        .filter(|step| matches!(step.kind, Kind::Insert(_)));
    let outputs = sinks.map(|sink| {
        let fields = sink.schema.fields().iter();
        let columns =
            fields.map(|field| format!("{} {}", field.name(), types::name(field.data_type())));
        columns.collect::<Vec<_>>().join(", ")
    });
    outputs.collect::<Vec<_>>().join("; ")
}

#[test]
fn tables_of_all_kinds_are_accepted() {
    check(include_str!("accepted/declared.sql"), columns);
}

#[test]
fn statements_of_all_kinds_are_accepted() {
    check(include_str!("accepted/statements.sql"), columns);
}

#[test]
fn queries_of_all_kinds_are_accepted() {
    check(include_str!("accepted/queries.sql"), columns);
}

#[test]
fn joins_as_of_a_time_are_accepted() {
    check(include_str!("accepted/as_of.sql"), |text| {
        columns_of(planned_behind(&format!("{TABLES}{AS_OF_TABLES}"), text))
    });
}

#[test]
fn windows_of_all_kinds_are_accepted() {
    check(include_str!("accepted/windows.sql"), columns);
}
