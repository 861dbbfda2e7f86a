//! `docker compose up`, with a real engine: what most people will try first.

use std::{
    fs,
    process::{Command, Output},
    time::Duration,
};

use tests::{
    Service,
    binaries::{release, workspace},
    http::fetch,
    service::leashed,
    tool::{skip, tool},
};

use crate::restarted::port;

/// How long the images may take to be built, on a small machine and from nothing.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// How large an image may be, most of it Debian.
const IMAGE_MEGABYTES_MAX: u64 = 250;

/// A project of its own, so that it meets neither another test nor what its user runs. Drop takes
/// it down.
struct Project {
    name: String,
    port: u16,
    binaries: &'static str,
}

impl Project {
    /// A project, where there is an engine and Compose.
    fn new() -> Option<Self> {
        let docker = tool("docker")?;
        let usable = |args: &[&str]| {
            let tried = Command::new(&docker).args(args).output();
            tried.is_ok_and(|tried| tried.status.success())
        };
        if !usable(&["info"]) || !usable(&["compose", "version"]) {
            skip("no docker engine is running, or it has no compose");
            return None;
        }
        Some(Self {
            name: format!("brooklet-test-{}", std::process::id()),
            port: port(),
            binaries: binaries(),
        })
    }

    /// `docker compose` with these arguments.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = leashed(&tool("docker").expect("it was there"));
        command
            .current_dir(workspace())
            .args(["compose", "--project-name", &self.name])
            .args(args)
            .envs([
                ("BROOKLET_PORT", self.port.to_string().as_str()),
                ("BINARIES", self.binaries),
            ]);
        command
    }

    /// What `docker compose` with these arguments prints.
    fn run(&self, args: &[&str]) -> String {
        text(&self.command(args).output().expect("docker can be started"))
    }

    /// What is asked about this project's `service`.
    fn inspect(&self, service: &str, format: &str) -> String {
        let container = self.run(&["ps", "--quiet", service]);
        docker(&[
            "inspect",
            "--format",
            format,
            container.lines().next().unwrap_or_default(),
        ])
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let down = ["down", "--volumes", "--rmi", "local", "--timeout", "1"];
        drop(self.command(&down).output());
    }
}

/// The binaries that are there already, if they run on the image's Debian too.
fn binaries() -> &'static str {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let in_context = release() == workspace().join("target/release");
    if in_context && system.contains("VERSION_CODENAME=bookworm") {
        "prebuilt"
    } else {
        "build"
    }
}

fn docker(args: &[&str]) -> String {
    text(
        &Command::new("docker")
            .args(args)
            .output()
            .expect("docker can be started"),
    )
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn two_words_run_the_main_job() {
    let Some(project) = Project::new() else {
        return;
    };
    let up = ["up", "--build", "--wait", "--scale", "consumer=3"];
    let code = Service::spawn(project.command(&up)).exit_code_within(BUILD_LIMIT);
    assert_eq!(code, Some(0), "all of them are healthy");

    let logs = Service::spawn(project.command(&["logs", "--follow", "--no-color"]));
    for consumer in 1..=3 {
        let line = logs.prints(&format!("consumer-{consumer}  | received"));
        assert!(line.contains("average"), "{line}");
    }
    let url = format!("http://127.0.0.1:{}/stream", project.port);
    assert_eq!(fetch(&url, &[]).lines(1), [r#"{"id":0,"value":0}"#]);

    for service in ["producer", "consumer"] {
        assert_eq!(project.inspect(service, "{{.Config.User}}"), "brooklet");
        let image = project.inspect(service, "{{.Image}}");
        let bytes = docker(&["image", "inspect", "--format", "{{.Size}}", &image]);
        let megabytes = bytes.parse::<u64>().expect("a number") / 1_000_000;
        eprintln!("the image of the {service} has {megabytes} MB");
        assert!(megabytes < IMAGE_MEGABYTES_MAX, "{megabytes} MB");
    }
    let published = project.inspect("producer", "{{json .NetworkSettings.Ports}}");
    assert!(
        published.contains("127.0.0.1") && !published.contains("0.0.0.0"),
        "{published}"
    );

    let before = ids(&project);
    // Who has not ended after ten seconds is killed, which is another code.
    project.run(&["stop"]);
    for service in ["producer", "consumer"] {
        let containers = project.run(&["ps", "--all", "--quiet", service]);
        for container in containers.lines() {
            let code = docker(&["inspect", "--format", "{{.State.ExitCode}}", container]);
            assert_eq!(code, "0", "{service} was not stopped in good order");
        }
    }

    go_on(&project, &before);
}

/// Takes all of it down and up again: what was appended is there.
fn go_on(project: &Project, before: &[u64]) {
    project.run(&["down"]);
    let up = ["up", "--wait"];
    let code = Service::spawn(project.command(&up)).exit_code_within(BUILD_LIMIT);
    assert_eq!(code, Some(0), "it is healthy again");
    let after = ids(project);
    assert!(after.starts_with(before), "what was appended is there");
    let expected: Vec<_> = (0..after.len() as u64).collect();
    assert_eq!(after, expected, "and numbers go on from the last one");
}

/// The numbers that there are.
fn ids(project: &Project) -> Vec<u64> {
    let url = format!("http://127.0.0.1:{}/v1/stream/default", project.port);
    let page = fetch(&url, &[]).text().expect("a page ends");
    let records: Vec<serde_json::Value> = serde_json::from_str(&page).expect("an array");
    let id = |record: &serde_json::Value| record.get("id").and_then(serde_json::Value::as_u64);
    records
        .iter()
        .map(|record| id(record).expect("an id"))
        .collect()
}
