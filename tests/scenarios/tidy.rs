//! The rules of the house that no compiler checks. A rule that is not here is only a wish.

use std::{fs, path::PathBuf};

use tests::binaries::workspace;

/// Longest file, without its unit tests.
const FILE_LINES_MAX: usize = 400;

/// Whom a stage may name with `crate::`. Imports run one way, so this table has no cycle.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("producer/src/ingest/", &["log", "error", "query"]),
    ("producer/src/log/", &[]),
    ("producer/src/stream/", &["log", "error", "query"]),
    ("producer/src/access/", &["log", "openapi"]),
    ("producer/src/error.rs", &["access", "log"]),
    ("consumer/src/fetch/", &["excerpt", "http", "token"]),
    (
        "producer/src/simulation/",
        &["config", "ingest", "log", "service", "subscription"],
    ),
    ("producer/src/subscription/", &["error", "ingest", "log"]),
    (
        "consumer/src/fixture/",
        &["excerpt", "fetch", "parse", "plan", "run", "write"],
    ),
    ("consumer/src/parse/", &["fetch", "plan"]),
    ("consumer/src/transform/", &["parse", "plan"]),
    (
        "consumer/src/write/",
        &["excerpt", "http", "token", "transform"],
    ),
    (
        "common/src/service/",
        &[
            "limits", "offset", "problem", "record", "time", "token", "wire",
        ],
    ),
];

/// What a folder must not know of.
const MUST_NOT_KNOW: &[(&str, &[&str])] = &[
    ("common/src/", &["tokio"]),
    ("producer/src/log/", &["hyper", "http"]),
    (
        "consumer/src/transform/",
        &["tokio", "async ", "SystemTime", "Instant", "std::fs"],
    ),
    ("consumer/src/fetch/", &["plan::"]),
    ("consumer/src/write/", &["plan::"]),
    ("consumer/plan/src/", &["tokio", "async ", "std::fs"]),
    ("consumer/compute/src/", &["tokio", "async ", "std::fs"]),
];

/// How a service starts and stops is the one part of `common` that may wait.
const MAY_WAIT: &str = "common/src/service/";

#[test]
fn every_file_keeps_the_house_rules() {
    let root = workspace();
    let folders = ["common", "consumer", "producer", "tests"];
    let files: Vec<_> = folders
        .iter()
        .flat_map(|folder| rust_files(root.join(folder)))
        .collect();
    let faults: Vec<_> = files
        .iter()
        .flat_map(|path| {
            let name = path.strip_prefix(root).expect("found below the root");
            let text = fs::read_to_string(path).expect("a listed file can be read");
            let name = name.display().to_string();
            faults(&name, &text)
                .into_iter()
                .map(move |fault| format!("{name}: {fault}"))
        })
        .collect();
    assert!(files.len() > folders.len(), "found only {files:?}");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_rule_can_fail() {
    let check = |name, text: &str, expected: &[&str]| {
        assert_eq!(faults(name, text), expected, "{name}: {text:?}");
    };
    let long = format!("//! Long.\n{}", "\n".repeat(FILE_LINES_MAX));
    let marker = ["TO", "DO"].concat();
    check("common/src/lib.rs", "//! Fine.\n", &[]);
    check(
        "common/src/lib.rs",
        "fn f() {}",
        &["does not open with what it is for"],
    );
    check("tests/x.rs", &long, &["is longer than 400 lines"]);
    let with_tests = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{long}}}");
    check("tests/x.rs", &with_tests, &[]);
    let with_test_file = format!("//! A.\n#[cfg(test)]\nmod simulated;\n{long}");
    check("tests/x.rs", &with_test_file, &["is longer than 400 lines"]);
    check(
        "producer/src/log/a.rs",
        "//! A.\nuse crate::stream::B;",
        &["must not name crate::stream"],
    );
    check(
        "producer/src/stream/a.rs",
        "//! A.\nuse crate::{\n  log::B,\n  ingest::C,\n};",
        &["must not name crate::ingest"],
    );
    check("producer/src/log/a.rs", "//! A.\nuse crate::log::B;", &[]);
    check(
        "consumer/src/transform/a.rs",
        "//! A.\nuse tokio::time;",
        &["must not know of tokio"],
    );
    check(
        "common/src/record.rs",
        "//! A.\nuse tokio::time;",
        &["must not know of tokio"],
    );
    check(
        "common/src/service/edge.rs",
        "//! A.\nuse tokio::time;",
        &[],
    );
    check(
        "tests/x.rs",
        &format!("//! A.\n// {marker}: later"),
        &["puts something off without the number of an issue"],
    );
    check(
        "tests/x.rs",
        &format!("//! A.\n// {marker}(#12): later"),
        &[],
    );
}

#[test]
fn the_services_meet_only_on_the_wire() {
    for (one, other) in [
        ("producer", "consumer"),
        ("consumer", "producer"),
        ("tests", "producer"),
    ] {
        let manifest = workspace().join(one).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).expect("every crate has a manifest");
        let links = manifest
            .lines()
            .any(|line| line.starts_with(&format!("{other}.")));
        assert!(!links, "{one} links to {other}");
    }
}

/// What is wrong with the file `name` that holds `text`.
/// The text up to its unit tests: a module with a body, at the foot of the file.
fn without_tests(text: &str) -> &str {
    let mut places = text.match_indices("\n#[cfg(test)]\n").map(|(at, _)| at);
    let begins = |at: &usize| {
        let module = text.get(at + 1..).and_then(|rest| rest.lines().nth(1));
        module.is_some_and(|line| line.ends_with('{'))
    };
    places
        .find(begins)
        .and_then(|at| text.get(..at))
        .unwrap_or(text)
}

fn faults(name: &str, text: &str) -> Vec<String> {
    let code = without_tests(text);
    let rules_here = |table: &'static [(&str, &'static [&str])]| {
        table
            .iter()
            .filter(move |(folder, _)| name.starts_with(folder))
            .map(|(_, words)| *words)
    };
    let mut faults = Vec::new();
    if !text.starts_with("//! ") && !text.starts_with("#![doc") {
        faults.push("does not open with what it is for".to_owned());
    }
    if code.lines().count() > FILE_LINES_MAX {
        faults.push(format!("is longer than {FILE_LINES_MAX} lines"));
    }
    for allowed in rules_here(MAY_NAME) {
        let own = name.split('/').nth(2).unwrap_or_default();
        let strangers = neighbours(code).filter(|named| *named != own && !allowed.contains(named));
        faults.extend(strangers.map(|named| format!("must not name crate::{named}")));
    }
    for unknown in rules_here(MUST_NOT_KNOW).filter(|_| !name.starts_with(MAY_WAIT)) {
        let known = unknown.iter().filter(|word| code.contains(**word));
        faults.extend(known.map(|word| format!("must not know of {word}")));
    }
    let marker = ["TO", "DO"].concat();
    if text
        .split(&marker)
        .skip(1)
        .any(|rest| !rest.starts_with("(#"))
    {
        faults.push("puts something off without the number of an issue".to_owned());
    }
    faults
}

/// The names that follow `crate::` in `code`, those in braces one by one.
fn neighbours(code: &str) -> impl Iterator<Item = &str> {
    code.split("crate::").skip(1).flat_map(|rest| {
        let names = match rest.strip_prefix('{') {
            Some(list) => top_level(list),
            None => vec![rest],
        };
        names.into_iter().filter_map(|name| {
            name.trim()
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
        })
    })
}

/// The parts between the commas of a list in braces, without looking into inner braces.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn rust_files(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the workspace");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
