//! What `FUNCTIONS.md` says of values is so, and each difference has its case.

use std::{fs, path::Path};

use super::values::computed::value;

const DOCUMENT: &str = include_str!("../../FUNCTIONS.md");

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
fn each_difference_has_a_case_that_shows_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |file: &str| {
        let folders = ["src/proof", "plan/src/proof"].map(|proof| folder.join(proof));
        let texts = folders.map(|folder| fs::read_to_string(folder.join(file)).ok());
        texts.into_iter().flatten().next().expect(file)
    };
    let all = rows(section("Differences"));
    assert!(all.len() > 20, "there is a table");
    for cells in all {
        let (file, _) = cells[2].split_once(' ').unwrap();
        let case = code(&cells[2]);
        let text = text(file);
        let is_it = |line: &str| line.split(" =>").next() == Some(case);
        assert!(text.lines().any(is_it), "{file} has no case {case}");
    }
}
