//! `cargo demo`: builds both services, runs them with their defaults, and stops both on Ctrl-C or
//! when one of them ends. `cargo demo NAME` runs an example on them: over readings that a built-in
//! source makes up, or over the lines of its fixture. When its job is done, the producer stays.

use std::{
    env, fs, io,
    path::Path,
    process::{Child, ExitCode},
};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{
    consts::{SIGCHLD, SIGINT, SIGTERM},
    iterator::Signals,
};
use tests::{
    binaries::{self, workspace},
    service::leashed,
};

const WHERE_TO_LOOK: &str = "\
the stream   curl -N http://127.0.0.1:8080/stream
add to it    curl http://127.0.0.1:8080/stream -d '{\"value\": 1000}'
its counts   curl http://127.0.0.1:8080/metrics
stop both    Ctrl-C
";

/// What makes up readings of sensors: some are late, and some are no records.
const READINGS: &str = "sensors?keys=20&late=0.05&broken=0.02@5/s>readings";

/// How fast the lines of a fixture are replayed.
const PACE: &str = "2/s";

/// What each service is started with.
type Arguments = [(&'static str, Vec<String>); 2];

fn main() -> io::Result<ExitCode> {
    let name = env::args().nth(1);
    let arguments = match &name {
        None => ["producer", "consumer"].map(|service| (service, Vec::new())),
        Some(name) => match example(name)? {
            Some(arguments) => arguments,
            None => return Ok(ExitCode::from(64)),
        },
    };
    eprintln!("building both services");
    let folder = binaries::release();
    match &name {
        None => eprintln!("{WHERE_TO_LOOK}"),
        Some(_) => tell(&arguments),
    }
    let mut time_to_stop = Signals::new([SIGINT, SIGTERM, SIGCHLD])?;
    let mut services = Vec::new();
    for (service, arguments) in arguments {
        services.push(start(&folder.join(service), &arguments)?);
    }
    for signal in time_to_stop.forever() {
        if name.is_none() || signal != SIGCHLD || !is_done(&mut services)? {
            break;
        }
        eprintln!(
            "the job is done; its streams (curl 127.0.0.1:8080/v1/stream) are there until Ctrl-C"
        );
    }
    let mut all_well = true;
    for service in services.iter_mut().rev() {
        // One that is not waited for yet keeps its id, so no stranger is hit.
        if service.try_wait()?.is_none() {
            kill_process(Pid::from_child(service), Signal::TERM)?;
        }
        all_well &= service.wait()?.success();
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the services are started with for an example; none if there is no such example.
fn example(name: &str) -> io::Result<Option<Arguments>> {
    let examples = workspace().join("consumer/examples");
    let folder = examples.join(name);
    if !folder.join("job.sql").is_file() {
        let names = names(&examples)?.join(", ");
        eprintln!("there is no example {name:?}; there are {names}");
        return Ok(None);
    }
    let mut producer = vec!["--data-dir".to_owned(), "memory".to_owned()];
    for file in names(&folder)? {
        let source = match file.strip_suffix(".ndjson") {
            Some("readings") => READINGS.to_owned(),
            Some(table) => format!("file:consumer/examples/{name}/{file}@{PACE}>{table}"),
            None => continue,
        };
        producer.extend(["--source".to_owned(), source]);
    }
    let consumer = vec![
        "run".to_owned(),
        format!("consumer/examples/{name}/job.sql"),
    ];
    Ok(Some([("producer", producer), ("consumer", consumer)]))
}

/// The names of what is in a folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let names = names.map(|name: io::Result<_>| Ok(name?.to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Says what the services are started with, so that it can be typed by hand.
fn tell(arguments: &Arguments) {
    for (service, arguments) in arguments {
        let words = arguments.iter().map(|word| match word.contains('>') {
            true => format!(" '{word}'"),
            false => format!(" {word}"),
        });
        eprintln!("{service}{}", words.collect::<String>());
    }
    eprintln!();
}

fn start(program: &Path, arguments: &[String]) -> io::Result<Child> {
    let mut service = leashed(program);
    service.args(arguments);
    if !arguments.is_empty() {
        // The paths of an example are as they are told.
        service.current_dir(workspace());
    }
    // What is set for one of them is not meant for both.
    for (setting, _) in env::vars_os() {
        if setting.to_string_lossy().starts_with("BROOKLET_") {
            service.env_remove(setting);
        }
    }
    service.spawn()
}

/// Whether the job has come to its end, and the producer, which was started first, has not.
fn is_done(services: &mut [Child]) -> io::Result<bool> {
    let [producer, consumer] = services else {
        return Ok(false);
    };
    let ended = consumer.try_wait()?;
    Ok(ended.is_some_and(|status| status.success()) && producer.try_wait()?.is_none())
}
