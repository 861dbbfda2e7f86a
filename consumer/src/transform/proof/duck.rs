//! What `DuckDB` answers to a query, on rows that come in batches.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::changelogs::{Batch, Row};

/// Python that asks `DuckDB`.
pub(crate) struct Duck {
    process: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Duck {
    /// None where there is none.
    pub(crate) fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/jobs/answer.py");
        let has = Command::new("python3")
            .args(["-c", "import duckdb"])
            .output();
        if !has.is_ok_and(|tried| tried.status.success()) {
            let must = std::env::var_os("TESTS_MUST_NOT_SKIP").is_some();
            assert!(!must, "must not be skipped: python3 has no duckdb");
            eprintln!("skipped: python3 has no duckdb");
            return None;
        }
        let mut python = Command::new("python3");
        python
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = python.spawn().unwrap();
        let (asked, answers) = (
            process.stdin.take().unwrap(),
            process.stdout.take().unwrap(),
        );
        Some(Self {
            process,
            asked,
            answers: BufReader::new(answers),
        })
    }

    pub(crate) fn answer(&mut self, query: &str, batches: &[Batch]) -> BTreeMap<Row, i64> {
        let table = |name: &str| -> Vec<&Row> {
            let own = batches.iter().filter(|(of, _)| *of == name);
            own.flat_map(|(_, rows)| rows).collect()
        };
        let tables = json!({ "a": table("a"), "b": table("b") });
        writeln!(
            self.asked,
            "{}",
            json!({ "tables": tables, "query": query })
        )
        .unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let rows: Value = serde_json::from_str(&line).unwrap();
        let rows = rows.as_array().unwrap_or_else(|| panic!("{query}: {rows}"));
        let mut counts = BTreeMap::new();
        for row in rows {
            *counts
                .entry([row[0].as_i64(), row[1].as_i64()])
                .or_default() += 1;
        }
        counts
    }
}

impl Drop for Duck {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
