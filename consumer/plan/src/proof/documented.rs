//! What `FUNCTIONS.md` says of names is so.

use std::collections::BTreeSet;

use common::time::Clock;

use crate::{Zone, functions::Functions};

const DOCUMENT: &str = include_str!("../../../FUNCTIONS.md");

/// What stands before the names of functions that are not here, and what stands behind that.
fn parts() -> (&'static str, &'static str) {
    DOCUMENT.split_once("\n## Not here\n").unwrap()
}

fn functions() -> Functions {
    Functions::new(&Clock::System, Zone::UTC)
}

#[test]
fn each_function_has_its_line() {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.map(str::to_owned).collect()
    };
    let (before, _) = parts();
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
    let (_, behind) = parts();
    let (own, _) = behind.split_once("\n## ").unwrap();
    let (_, list) = own.split_once(":\n").unwrap();
    let names: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 20, "{names:?}");
    let functions = functions();
    let known: Vec<_> = names.iter().filter(|name| functions.knows(name)).collect();
    assert!(known.is_empty(), "FUNCTIONS.md does not know of {known:?}");
}
