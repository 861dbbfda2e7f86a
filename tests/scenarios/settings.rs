//! Settings in layers, as both services read them.

use std::{fs, path::Path};

use tests::{Service, binaries::binary, http::fetch, service::leashed};

/// What `service` prints of its settings.
fn config(service: &str, args: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let mut command = leashed(&binary(service));
    command
        .args([&["config"], args].concat())
        .envs(environment.iter().copied());
    let mut service = Service::spawn(command);
    assert_eq!(service.exit_code(), Some(0));
    service.stdout.all()
}

/// A setting in each layer: its key, then in the default, the file, the environment, and a flag.
type Layered = (&'static str, [&'static str; 4]);

fn check_layers(service: &str, settings: &[Layered]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.toml");
    let line = |(key, [_, file, ..]): &Layered| format!("{key} = {file:?}\n");
    fs::write(&path, settings.iter().map(line).collect::<String>()).expect("it can be written");
    let path = path.to_str().expect("a text");
    for &(key, [default, in_file, in_environment, typed]) in settings {
        let name = format!("BROOKLET_{}", key.to_uppercase().replace('-', "_"));
        let (flag, set) = (format!("--{key}"), [(name.as_str(), in_environment)]);
        let check = |args: &[&str], environment: &[_], value: &str, origin: &str| {
            let lines = config(service, args, environment);
            let is_it = |line: &String| {
                let is_of = line.ends_with(&format!("# {origin}"));
                line.contains(&format!("{key} = ")) && line.contains(value) && is_of
            };
            assert!(lines.iter().any(is_it), "{key}, {origin}: {lines:?}");
        };
        check(&[], &[], default, "default");
        check(&["--config", path], &[], in_file, "file");
        check(&["--config", path], &set, in_environment, "environment");
        check(&["--config", path, &flag, typed], &set, typed, "flag");
    }
}

#[test]
fn each_layer_of_a_producers_settings_wins_over_the_one_below() {
    check_layers(
        "producer",
        &[
            ("page-bytes", ["4MiB", "1MiB", "2MiB", "4096"]),
            ("keep-alive", ["5s", "1s", "2s", "3s"]),
            ("source", ["numbers", "none", "numbers@2/s", "sensors"]),
            ("retention-bytes", ["", "1GB", "2GB", "3GB"]),
            ("log-format", ["text", "json", "text", "json"]),
        ],
    );
}

#[test]
fn each_layer_of_a_consumers_settings_wins_over_the_one_below() {
    check_layers(
        "consumer",
        &[
            (
                "url",
                [
                    "http://127.0.0.1:8080/stream",
                    "http://a/",
                    "http://b/",
                    "http://c/",
                ],
            ),
            ("retry-for", ["", "1s", "2s", "3s"]),
            ("state-bytes", ["", "1GB", "2GB", "3GB"]),
            ("log-format", ["text", "json", "text", "json"]),
        ],
    );
}

#[test]
fn what_config_prints_is_a_file_that_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("again.toml");
    let values = |lines: &[String]| -> Vec<String> {
        let values = lines.iter().filter(|line| !line.starts_with("# file"));
        let value = |line: &String| line.split("  # ").next().unwrap_or_default().to_owned();
        values.map(value).filter(|line| !line.is_empty()).collect()
    };
    for (service, args) in [
        (
            "producer",
            vec![
                "--page-bytes",
                "4096",
                "--source",
                "none",
                "--source",
                "sensors",
            ],
        ),
        (
            "consumer",
            vec!["--retry-for", "1m 30s", "--output", "json"],
        ),
    ] {
        let first = config(service, &args, &[]);
        fs::write(&path, first.join("\n")).expect("it can be written");
        let again = config(service, &["--config", path.to_str().expect("a text")], &[]);
        assert_eq!(values(&again), values(&first));
    }
}

#[test]
fn a_producer_serves_as_its_file_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("producer.toml");
    let file = "listen = \"127.0.0.1:0\"\ndata-dir = \"memory\"\nsource = \"numbers@max:100\"\npage-bytes = 64\n";
    fs::write(&path, file).expect("it can be written");
    let mut command = leashed(&binary("producer"));
    command.env("BROOKLET_CONFIG", &path);
    let service = Service::spawn(command);
    drop(service.says("the stream is closed"));
    let page = fetch(&service.url("/v1/stream/default?offset=-1"), &[]);
    let page = page.text().expect("a whole answer");
    assert!(page.len() <= 64 && page.starts_with("[{\"id\":0"), "{page}");
}

#[test]
fn a_wrong_file_is_exit_code_78_and_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wrong.toml");
    let refused = |path: &Path| {
        let path = path.to_str().expect("a text");
        let mut service = Service::start(&binary("producer"), ["--config", path]);
        assert_eq!(service.exit_code(), Some(78));
        service.stderr.all().join("\n").replace(path, "FILE")
    };
    let check = |text: &str, expected: &str| {
        fs::write(&path, text).expect("it can be written");
        let said = refused(&path);
        assert!(said.contains(expected), "{said}");
    };
    check(
        "# ours\npage-byte = 1",
        "FILE:2:1: there is no setting \"page-byte\"; did you mean \"page-bytes\"?",
    );
    check(
        "keep-alive = 5",
        "FILE:1:14: keep-alive: \"5\" is no DURATION",
    );
    check("keep-alive", "FILE:1:");
    check(
        "source = \"nambers\"",
        "--source: there is no source \"nambers\"",
    );
    let missing = refused(&folder.path().join("none.toml"));
    assert!(
        missing.contains("cannot read settings from FILE"),
        "{missing}"
    );
}
