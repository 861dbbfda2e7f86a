//! `producer/README.md`, the reference of the wire: its examples are true, it names what the code and
//! the document name, and a client that was written from it alone loses nothing.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;
use tests::{
    PATIENCE, Service, binaries::workspace, producer, proxy::Proxy, service::leashed,
    tokens::Tokens, tool::tool,
};

use crate::{
    durable::{end, on},
    named::memory,
    openapi::document,
};

/// Where the examples say that the producer listens.
const USUAL: &str = "127.0.0.1:8080";

/// Where they say that one listens that asks for tokens.
const GUARDED: &str = "127.0.0.1:8081";

/// What stands for anything: between others, or for lines where it stands alone.
const ANYTHING: &str = "…";

/// A command of the reference, and what it prints.
#[derive(Debug, Default)]
struct Example {
    command: String,
    printed: Vec<String>,
}

fn text(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).expect("it is in the repository")
}

fn reference() -> String {
    text("producer/README.md")
}

fn examples(text: &str) -> Vec<Example> {
    let blocks = text.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let mut examples = Vec::<Example>::new();
    for line in blocks.flat_map(str::lines) {
        match (line.split_at_checked(2), examples.last_mut()) {
            (Some(("$ ", command)), _) => examples.push(Example {
                command: command.to_owned(),
                printed: Vec::new(),
            }),
            (Some(("> ", more)), Some(example)) => {
                example.command.push('\n');
                example.command.push_str(more);
            }
            (_, Some(example)) => example.printed.push(line.to_owned()),
            (_, None) => {}
        }
    }
    examples
}

/// Whether `found` is as `expected` has it.
fn fits(found: &[&str], expected: &[String]) -> bool {
    match (found, expected) {
        ([], []) => true,
        (_, [anything, rest @ ..]) if anything == ANYTHING => {
            (0..=found.len()).any(|from| fits(found.get(from..).unwrap_or_default(), rest))
        }
        ([line, found @ ..], [wanted, rest @ ..]) => line_fits(line, wanted) && fits(found, rest),
        _ => false,
    }
}

fn line_fits(line: &str, wanted: &str) -> bool {
    let (begin, rest) = wanted.split_once(ANYTHING).unwrap_or((wanted, ""));
    let Some(line) = line.strip_prefix(begin) else {
        return false;
    };
    if begin == wanted {
        return line.is_empty();
    }
    let mut from = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    from.any(|at| line.get(at..).is_some_and(|line| line_fits(line, rest)))
}

#[test]
fn the_examples_of_the_reference_are_true() {
    let (Some(_), Some(shell)) = (tool("curl"), tool("sh")) else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let service = on(directory.path(), "none");
    let tokens = Tokens::default();
    let token = tokens.add("app", "read:orders,append:orders");
    let token = tokens.file_of(&token);
    let list = tokens.path();
    let list = list.to_str().expect("a path of ASCII");
    let guarded = producer(&["--source", "none", "--tokens", list]);
    let addresses = [(USUAL, &service), (GUARDED, &guarded)];
    let addresses = addresses.map(|(usual, service)| (usual, service.address().to_string()));
    let here = Path::new(&token).parent().expect("a folder");
    let examples = examples(&reference());
    assert!(examples.len() > 10, "found only {examples:?}");
    for Example { command, printed } in examples {
        let put = |text: String, (usual, address): &(&str, String)| text.replace(usual, address);
        let command = addresses.iter().fold(command, put);
        let mut ran = Command::new(&shell);
        ran.args(["-c", &command]).current_dir(here);
        let said = ran.output().expect("a shell can be started").stdout;
        let said = String::from_utf8_lossy(&said).into_owned();
        let usual = |text: String, (usual, address): &(&str, String)| text.replace(address, usual);
        let said = addresses.iter().fold(said, usual);
        let said: Vec<_> = said.lines().map(str::trim_end).collect();
        let (found, wanted) = (said.join("\n"), printed.join("\n"));
        assert!(
            fits(&said, &printed),
            "$ {command}\n{found}\nis not\n{wanted}"
        );
    }
}

#[test]
fn an_example_that_is_not_true_is_found_out() {
    let check = |found: &str, expected: &str, is_true: bool| {
        let found: Vec<_> = found.lines().collect();
        let expected: Vec<_> = expected.lines().map(str::to_owned).collect();
        assert_eq!(fits(&found, &expected), is_true, "{found:?} {expected:?}");
    };
    check("a\nb\nc", "a\n…\nc", true);
    check("a\nc", "a\n…\nc\n…", true);
    check("a\nb\nd", "a\n…\nc", false);
    check("a: 12; x", "a: …; x", true);
    check("a: 12; xy", "a: …; x", false);
    check("ab", "a", false);
    check("a\nb", "a", false);
    check("", "a", false);
}

/// The problems that the code has, as `CODE STATUS`.
fn problems() -> BTreeSet<String> {
    let shared = ["reply.rs", "connection.rs"];
    let shared = shared.map(|file| workspace().join("common/src/service").join(file));
    let mut files = Vec::from(shared);
    rust_files(&workspace().join("producer/src"), &mut files);
    let mut problems = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a listed file can be read");
        let dense: String = text.split_whitespace().collect();
        let parts: Vec<_> = dense.split(",\"").collect();
        for pair in parts.windows(2) {
            let [before, behind] = pair else { continue };
            let (code, rest) = behind.split_once('"').unwrap_or_default();
            let status = before.len().checked_sub(4).and_then(|at| before.get(at..));
            let status = status.and_then(|status| status.strip_prefix('('));
            let is_code = |c: char| c.is_ascii_uppercase() || c == '_';
            let Some(Ok(status)) = status.map(str::parse::<u16>) else {
                continue;
            };
            if code.chars().all(is_code) && rest.is_empty() {
                problems.insert(format!("{code} {status}"));
            }
        }
    }
    problems
}

fn rust_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_problem_is_in_the_reference_and_in_the_document_and_no_other() {
    let problems = problems();
    assert!(problems.contains("EXISTS 409") && problems.contains("NOT_FOUND 404"));
    let reference = reference();
    let rows = reference.lines().filter_map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, code, status, retryable, effects, ..] = cells[..] else {
            return None;
        };
        let code = code.strip_prefix('`')?.strip_suffix('`')?;
        let status: u16 = status.parse().ok()?;
        let is_retryable = matches!(status, 408 | 503);
        assert_eq!(retryable == "yes", is_retryable, "{code}");
        assert_eq!(effects == "unknown", code == "LOG_FAILED", "{code}");
        Some(format!("{code} {status}"))
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), problems, "the reference");

    let document = document(&memory());
    let responses = document["components"]["responses"].as_object();
    let mut described = BTreeSet::new();
    for response in responses.expect("responses").values() {
        for kind in ["application/problem+json", "application/json"] {
            let of = &response["content"][kind]["schema"]["properties"];
            let codes = of["code"]["enum"].as_array().into_iter().flatten();
            let codes = codes.filter_map(Value::as_str);
            described.extend(codes.map(|code| format!("{code} {}", of["status"]["const"])));
        }
    }
    assert_eq!(described, problems, "the document");
}

/// The headers and the parameters that `common::wire` names.
fn names() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut headers, mut parameters) = (BTreeSet::new(), BTreeSet::new());
    let text = text("common/src/wire.rs");
    let mut comment = "";
    for line in text.lines() {
        let value = line
            .strip_prefix("pub const ")
            .and_then(|line| line.split('"').nth(1));
        match value {
            Some(name) if comment.contains("query's parameter") => {
                parameters.insert(name.to_owned())
            }
            Some(name) if !name.contains('/') => headers.insert(name.to_owned()),
            _ => false,
        };
        comment = line;
    }
    (headers, parameters)
}

#[test]
fn every_header_and_parameter_is_in_the_reference_and_in_the_document_and_no_other() {
    let (headers, parameters) = names();
    assert!(headers.contains("stream-closed") && parameters.contains("offset"));
    let reference = reference();
    let is_of_name = |c: char| c.is_ascii_alphabetic() || c == '-';
    let words = reference
        .split(|c: char| !is_of_name(c))
        .map(str::to_lowercase);
    let is_header = |word: &String| {
        let of_ours = word
            .strip_prefix("stream-")
            .or(word.strip_prefix("producer-"));
        of_ours.is_some_and(|rest| !rest.is_empty()) || word == "last-event-id"
    };
    let named: BTreeSet<_> = words.filter(is_header).collect();
    assert_eq!(named, headers, "the reference");
    for name in &parameters {
        let is_named =
            reference.contains(&format!("`{name}`")) || reference.contains(&format!("`{name}="));
        assert!(is_named, "the reference does not tell of {name}");
    }

    let document = document(&memory());
    let components = &document["components"];
    let said = components["headers"].as_object().expect("headers").keys();
    let said = said.map(|name| name.to_lowercase());
    let asked = |place: &str| -> BTreeSet<String> {
        let all = components["parameters"]
            .as_object()
            .expect("parameters")
            .values();
        let there = all.filter(|one| one["in"] == place);
        there
            .filter_map(|one| one["name"].as_str().map(str::to_lowercase))
            .collect()
    };
    let described: BTreeSet<_> = said.chain(asked("header")).filter(is_header).collect();
    assert_eq!(described, headers, "the document");
    assert_eq!(asked("query"), parameters, "the document");
}

#[test]
fn a_client_written_from_the_reference_loses_nothing_and_reads_nothing_twice() {
    let Some(python) = tool("python3") else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), "none");
    let proxy = Proxy::to(service.address());
    let mut client = leashed(&python);
    client.arg(workspace().join("tests/reference/client.py"));
    client.args([&proxy.url("/v1/stream/s"), "2000"]);
    let mut client = Service::spawn(client);
    for (read, how) in [
        (300, "cut"),
        (600, "kill"),
        (900, "cut"),
        (1200, "stop"),
        (1500, "kill"),
    ] {
        client.prints(&format!("read {read}"));
        if how == "cut" {
            proxy.cut();
        } else {
            end(&mut service, how);
            service = on(directory.path(), "none");
            proxy.lead_to(service.address());
        }
    }
    assert_eq!(client.exit_code_within(PATIENCE), Some(0));
    let last = client.stdout.all().pop();
    assert_eq!(last.as_deref(), Some("2000 records, asked again often"));
}
