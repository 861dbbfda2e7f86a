//! What is no job is refused with its place, and with what to write instead.

use super::{AS_OF_TABLES, TABLES, check, planned, planned_behind};
use crate::{Error, Job};

fn refusal(text: &str) -> String {
    refusal_of(planned(text))
}

fn refusal_of(planned: Result<Job, Error>) -> String {
    match planned {
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
fn joins_as_of_a_time_that_cannot_be_are_refused() {
    check(include_str!("refused/as_of.sql"), |text| {
        refusal_of(planned_behind(&format!("{TABLES}{AS_OF_TABLES}"), text))
    });
}

#[test]
fn windows_that_cannot_be_are_refused() {
    check(include_str!("refused/windows.sql"), refusal);
}

#[test]
fn rows_that_do_not_fit_their_table_are_refused() {
    check(include_str!("refused/written.sql"), refusal);
}

#[test]
fn what_is_nested_too_deeply_is_told_where_and_how_deep_it_may_be() {
    let nested = |levels: usize| {
        let (open, close) = ("(".repeat(levels), ")".repeat(levels));
        refusal(&format!("SELECT\n{open}n{close}\nFROM readings"))
    };
    let refused = "job.sql:2:50: this is nested in more than 50 levels, of which a bracket, a call and an \
                   operator is one, and a sub-query two; write inner sub-queries as views, or in WITH";
    assert_eq!(
        (nested(48).as_str(), nested(49).as_str()),
        ("accepted", refused)
    );
    assert_eq!(nested(20_000), refused, "without more stack");
}

#[test]
fn views_of_views_are_counted_as_often_as_they_are_read() {
    let doubled = |last: usize, query: &dyn Fn(&str) -> String| {
        let name = |number: usize| match number {
            0 => "readings".to_owned(),
            number => format!("v{number}"),
        };
        let views = (1..=last).map(|number| {
            let query = query(&name(number - 1));
            format!("CREATE VIEW {} AS {query};\n", name(number))
        });
        refusal(&format!(
            "{}SELECT * FROM {}",
            views.collect::<String>(),
            name(last)
        ))
    };
    let joined = |view: &str| format!("SELECT a.n FROM {view} AS a JOIN {view} AS b ON a.n = b.n");
    assert_eq!(doubled(6, &joined), "accepted");
    let refused = "job.sql:10:20: a query of at least 6132 operators, of more than 5000, is not supported; views and \
                   WITH count as often as they are read: read them fewer times, or write what they give to a stream";
    assert_eq!(doubled(20, &joined), refused);
    let united = |view: &str| format!("SELECT n FROM {view} UNION ALL SELECT n FROM {view}");
    assert!(doubled(20, &united).contains("operators, of more than 5000, is not supported"));
    let within = |view: &str| format!("SELECT n FROM {view} WHERE n IN (SELECT n FROM {view})");
    assert!(doubled(20, &within).contains("operators, of more than 5000, is not supported"));
    let named: Vec<_> = (1..=40)
        .map(|number| {
            let view = if number == 1 {
                "readings".to_owned()
            } else {
                format!("v{}", number - 1)
            };
            format!("v{number} AS ({})", joined(&view))
        })
        .collect();
    let named = refusal(&format!("WITH {} SELECT * FROM v40", named.join(", ")));
    assert!(
        named.contains("operators, of more than 5000, is not supported"),
        "{named}"
    );
}

#[test]
fn chains_are_as_long_as_they_can_be_planned() {
    let sum = |operators: usize| {
        let query = format!("SELECT n{} FROM readings", " + n".repeat(operators));
        refusal(&query)
    };
    let refused = "job.sql:1:8: an expression of more than 500 operators is not supported; write IN (\u{2026}), or \
                   several columns";
    assert_eq!((sum(50).as_str(), sum(501).as_str()), ("accepted", refused));
    assert_eq!(sum(20_000), refused, "without more stack");
    let united = vec!["SELECT n FROM readings"; 501].join(" UNION ALL ");
    assert!(refusal(&united).contains("UNION of more than 500 queries"));
}
