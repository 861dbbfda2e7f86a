//! What `FUNCTIONS.md` says is so.

use std::{collections::BTreeSet, fs, path::Path};

use common::time::Clock;

use super::values::computed::value;
use crate::plan::{Zone, functions::Functions};

const DOCUMENT: &str = include_str!("../../../FUNCTIONS.md");

/// The text between two headings.
fn section(heading: &str) -> &'static str {
    let (_, behind) = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap();
    behind.split_once("\n## ").map_or(behind, |(own, _)| own)
}

/// The cells of the rows of a table.
fn rows(section: &str) -> Vec<Vec<String>> {
    let lines = section.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &str| {
        let line = line.replace("\\|", "\0");
        let cells = line.trim_matches('|').split('|');
        cells
            .map(|cell| cell.trim().replace('\0', "|"))
            .collect::<Vec<_>>()
    };
    lines.skip(1).map(cells).collect()
}

/// The first code in a text.
fn code(text: &str) -> &str {
    text.split('`').nth(1).unwrap_or_else(|| panic!("{text}"))
}

fn functions() -> Functions {
    Functions::new(&Clock::System, Zone::UTC)
}

#[test]
fn each_call_gives_its_value() {
    let mut differ = Vec::new();
    for (heading, rows_pushed) in [
        ("Operators and conditions", 1),
        ("Numbers", 1),
        ("Text", 1),
        ("Time", 1),
        ("Many rows", 3),
    ] {
        let all = rows(section(heading));
        assert!(all.len() > 10, "{heading} has a table");
        for cells in all {
            let (call, expected) = (code(&cells[0]), code(&cells[1]));
            let given = value(&call.replace("(x)", "(CAST(i AS DOUBLE))"), rows_pushed);
            if given != expected {
                differ.push(format!("{call} => {expected}\n    given {given}"));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn each_function_has_its_line() {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.map(str::to_owned).collect()
    };
    let (before, _) = DOCUMENT.split_once("\n## Not here\n").unwrap();
    let named = words(before);
    let functions = functions();
    let missing: Vec<_> = functions
        .all_names()
        .filter(|name| !["TABLE", "DESCRIPTOR"].contains(name) && !named.contains(*name))
        .collect();
    assert!(missing.is_empty(), "FUNCTIONS.md does not name {missing:?}");
}

#[test]
fn what_is_not_here_is_refused() {
    let (_, list) = section("Not here").split_once(":\n").unwrap();
    let names: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 20, "{names:?}");
    let functions = functions();
    let known: Vec<_> = names.iter().filter(|name| functions.knows(name)).collect();
    assert!(known.is_empty(), "FUNCTIONS.md does not know of {known:?}");
}

#[test]
fn each_difference_has_a_case_that_shows_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan/proof");
    let all = rows(section("Differences"));
    assert!(all.len() > 20, "there is a table");
    for cells in all {
        let (file, _) = cells[2].split_once(' ').unwrap();
        let case = code(&cells[2]);
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let is_it = |line: &str| line.split(" =>").next() == Some(case);
        assert!(text.lines().any(is_it), "{file} has no case {case}");
    }
}
