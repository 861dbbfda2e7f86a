//! What is no job is refused with its place, and with what to write instead.

use super::{check, planned};

fn refusal(text: &str) -> String {
    match planned(text) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn statements_that_are_none_are_refused() {
    check(include_str!("refused/statements.sql"), refusal);
}

#[test]
fn tables_that_cannot_be_are_refused() {
    check(include_str!("refused/declared.sql"), refusal);
}

#[test]
fn queries_that_cannot_be_are_refused() {
    check(include_str!("refused/queries.sql"), refusal);
}

#[test]
fn what_the_parser_knows_and_the_dialect_does_not_is_refused() {
    check(include_str!("refused/syntax.sql"), refusal);
}

#[test]
fn what_is_refused_is_told_at_its_place() {
    check(include_str!("refused/places.sql"), refusal);
}

#[test]
fn windows_that_cannot_be_are_refused() {
    check(include_str!("refused/windows.sql"), refusal);
}

#[test]
fn rows_that_do_not_fit_their_table_are_refused() {
    check(include_str!("refused/written.sql"), refusal);
}
