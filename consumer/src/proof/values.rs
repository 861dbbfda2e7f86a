//! What expressions come to, as Flink prints it.
//!
//! Each is computed of one row: of constants, which are folded when the job is planned, and of columns,
//! which are not.

/// Planned here, computed and printed by the stages behind.
#[cfg(test)]
pub(super) mod computed {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array},
        compute::cast,
    };
    use common::{service::telemetry, time::Clock};

    use crate::{
        plan::{Error, Job, Kind, Settings, StepId, plan, type_name},
        transform::{self, Budget, Changes, Task},
        write::{Output, Printer},
    };

    /// The row that expressions may look at, and its types.
    const ROW: [(&str, &str, Option<&str>); 23] = [
        ("tiny", "TINYINT", Some("127")),
        ("small", "SMALLINT", Some("32767")),
        ("i", "INT", Some("7")),
        ("zero", "INT", Some("0")),
        ("minus", "INT", Some("-7")),
        ("most", "INT", Some("2147483647")),
        ("big", "BIGINT", Some("9223372036854775807")),
        ("f", "FLOAT", Some("1.5")),
        ("d", "DOUBLE", Some("2.5")),
        ("dec", "DECIMAL(10, 2)", Some("12.34")),
        ("s", "STRING", Some("Hello, World")),
        ("empty", "STRING", Some("")),
        ("wide", "STRING", Some("größe€")),
        ("number", "STRING", Some(" 42 ")),
        ("text", "STRING", Some("abc")),
        ("yes", "BOOLEAN", Some("true")),
        ("no", "BOOLEAN", Some("false")),
        ("day", "DATE", Some("2024-02-29")),
        ("ts", "TIMESTAMP(3)", Some("2024-03-31T01:30:15.123")),
        ("ltz", "TIMESTAMP_LTZ(3)", Some("2024-03-31T01:30:15.123Z")),
        ("nil", "INT", None),
        ("nothing", "STRING", None),
        ("unknown", "BOOLEAN", None),
    ];

    fn job(select: &str, zone: &str) -> Result<Job, Error> {
        let columns = ROW.map(|(name, of, _)| format!("`{name}` {of}"));
        let text = format!(
            "SET 'table.local-time-zone' = '{zone}';
             CREATE TABLE t ({}) WITH ('connector' = 'datagen');
             {select}",
            columns.join(", ")
        );
        plan(&text, &Settings::new("job.sql", Clock::System))
    }

    /// The columns that a scan reads, of one row. In all rows but the first, `i` is 8.
    fn row(job: &Job, number: usize) -> RecordBatch {
        let scan = &job.dataflow.steps[0];
        let column = |field: &Arc<arrow::datatypes::Field>| -> ArrayRef {
            let (_, _, value) = ROW.iter().find(|(name, ..)| name == field.name()).unwrap();
            match value {
                None => new_null_array(field.data_type(), 1),
                Some(value) => {
                    let is_other = number > 0 && field.name() == "i";
                    let text = StringArray::from(vec![if is_other { "8" } else { value }]);
                    cast(&text, field.data_type()).unwrap()
                }
            }
        };
        let columns = scan.schema.fields().iter().map(column).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        RecordBatch::try_new_with_options(scan.schema.clone(), columns, &options).unwrap()
    }

    /// What a job gives for the rows, the last of its changes.
    fn run(job: &Job, rows: usize) -> Result<Option<Changes>, transform::Error> {
        let budget = Arc::new(Budget::new(usize::MAX, "--state-max"));
        let mut task = Task::new(&job.dataflow, transform::Settings { budget })?;
        task.open(StepId(0), 0)?;
        let mut changes = Vec::new();
        for number in 0..rows {
            changes.extend(task.push(StepId(0), 0, row(job, number))?.changes);
        }
        changes.extend(task.end(StepId(0), 0)?.changes);
        Ok(changes.pop().map(|(_, changes)| changes))
    }

    /// What a query gives for the rows, the last of its changes; and the type of its column.
    fn given(select: &str, zone: &str, rows: usize) -> Result<(String, String), String> {
        let job = job(select, zone).map_err(|error| error.message)?;
        let sink = job.dataflow.steps.last().unwrap();
        assert!(matches!(sink.kind, Kind::Insert(_)));
        let of = type_name(sink.schema.field(0).data_type());
        let changes = run(&job, rows).map_err(|error| reason(&error))?;
        let Some(changes) = changes else {
            return Ok(("no row".to_owned(), of));
        };
        let mut printed = Vec::new();
        Printer::new(&mut printed, Output::Text, None)
            .write(&changes)
            .unwrap();
        let printed = String::from_utf8(printed).unwrap();
        let last = printed.lines().last().unwrap();
        let (_, value) = last.split_once('[').unwrap();
        Ok((value.strip_suffix(']').unwrap().to_owned(), of))
    }

    /// Why it cannot be computed.
    fn reason(error: &transform::Error) -> String {
        match error {
            transform::Error::Step {
                source: transform::Fault::Expression(of),
                ..
            } => of.why.clone(),
            other => telemetry::chain(other),
        }
    }

    fn told(given: Result<(String, String), String>, expected: &str) -> String {
        match given {
            Err(message) => format!("! {message}"),
            Ok((value, of)) if expected.contains(" : ") => format!("{value} : {of}"),
            Ok((value, _)) => value,
        }
    }

    /// What an expression comes to, of so many rows.
    pub(in crate::proof) fn value(text: &str, rows: usize) -> String {
        told(
            given(&format!("SELECT {text} AS v FROM t"), "UTC", rows),
            "",
        )
    }

    /// The cases of a table: `expression => value`, or `expression => value : TYPE`, or
    /// `expression => ! message` where it has none. Lines that begin with `#` say what they are about.
    fn check(table: &str, given: impl Fn(&str, &str) -> String) {
        let cases: Vec<_> = table
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.split_once(" =>").unwrap_or_else(|| panic!("{line}")))
            .collect();
        assert!(!cases.is_empty(), "a table without cases");
        let differ = cases.iter().filter_map(|(text, expected)| {
            let given = given(text, expected);
            (given != expected.trim()).then(|| format!("{text} =>{expected}\n    given {given}"))
        });
        let differ: Vec<_> = differ.collect();
        assert!(
            differ.is_empty(),
            "{} of {} differ:\n{}",
            differ.len(),
            cases.len(),
            differ.join("\n")
        );
    }

    fn check_values(table: &str, zone: &str) {
        check(table, |text, expected| {
            told(
                given(&format!("SELECT {text} AS v FROM t"), zone, 1),
                expected,
            )
        });
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        check_values(include_str!("values/logic.txt"), "UTC");
    }

    #[test]
    fn numbers_are_computed_as_flink_does() {
        check_values(include_str!("values/numbers.txt"), "UTC");
    }

    #[test]
    fn casts_give_what_flinks_give() {
        check_values(include_str!("values/casts.txt"), "UTC");
    }

    #[test]
    fn texts_are_computed_as_flink_does() {
        check_values(include_str!("values/texts.txt"), "UTC");
    }

    #[test]
    fn times_are_computed_as_flink_does() {
        check_values(include_str!("values/times.txt"), "UTC");
    }

    #[test]
    fn times_follow_the_zone_of_the_job() {
        check_values(include_str!("values/zone.txt"), "Europe/Berlin");
    }

    /// Of three rows that are the same.
    #[test]
    fn functions_of_many_rows_give_what_flinks_give() {
        check(include_str!("values/aggregates.txt"), |text, expected| {
            let (text, rest) = text.split_once(" | ").unwrap_or((text, ""));
            let select = format!("SELECT {text} AS v FROM t {rest}");
            told(given(&select, "UTC", 3), expected)
        });
    }

    /// Of the text `select` counts from the third line on.
    #[test]
    fn what_cannot_be_computed_is_told_once_with_its_place() {
        let check = |select: &str, expected: &str| {
            let failed = run(&job(select, "UTC").unwrap(), 1).unwrap_err();
            assert_eq!(telemetry::chain(&failed), expected);
        };
        check(
            "SELECT s,\n  6 + i / zero AS v\nFROM t",
            "step 1 (project): cannot compute 6 + i / zero (at 4:7), \
             where i is 7 and zero is 0: division by zero",
        );
        check(
            "SELECT s FROM t\nWHERE CAST(text AS INT) > 1",
            "step 1 (filter): cannot compute CAST(text AS INT) > 1 (at 4:12), \
             where text is 'abc': 'abc' is no INT",
        );
        check(
            "SELECT LPAD(s, i, 'it''s') || CAST(dec / zero AS STRING) FROM t",
            "step 1 (project): cannot compute CASE WHEN i >= 0 THEN LPAD(s, CAST(i AS BIGINT), 'it''s') END || \
             CAST(dec / zero AS STRING) (at 3:26), \
             where i is 7 and zero is 0 and dec is 12.34 and s is 'Hello, World': division by zero",
        );
        check(
            "SELECT CAST(SUM(i) % (SUM(i) - 7) AS STRING) FROM t",
            "step 2 (project): cannot compute CAST(sum(t.i) % (sum(t.i) - 7) AS STRING) (at 3:14), \
             where sum(t.i) is 7: division by zero",
        );
        check(
            "SELECT SUM(w)\nFROM (SELECT i % zero AS w, nil FROM t)",
            "step 1 (project): cannot compute i % zero (at 4:14), \
             where i is 7 and zero is 0: division by zero",
        );
    }

    #[test]
    #[should_panic(expected = "1 of 2 differ")]
    fn a_value_that_differs_is_told() {
        check_values("1 + 1 => 2\n1 + 2 => 4", "UTC");
    }
}
