//! What the services take when nothing happens, and what their readers cost.

use std::{thread, time::Duration};

use tests::{Service, consumer, producer};

use crate::{connection::Connection, process, say};

const READERS: u32 = 1_000;

/// How long memory gets to settle.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn run() {
    say("resident memory, MB");
    idle();
    idle_readers();
    stalled_reader();
}

fn idle() {
    let producer = producer(&[]);
    let consumer = consumer(&["--url", &producer.url("/stream")]);
    drop(consumer.prints("average"));
    thread::sleep(PAUSE);
    say(&format!(
        "producer, a number a second         {:>8.1}",
        resident(&producer)
    ));
    say(&format!(
        "consumer, a number a second         {:>8.1}",
        resident(&consumer)
    ));
}

fn idle_readers() {
    let producer = producer(&["--source", "none"]);
    let server = producer.address();
    let before = resident(&producer);
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let mut reader = Connection::to(server);
            reader.get("/stream");
            reader
        })
        .collect();
    thread::sleep(PAUSE);
    let after = resident(&producer);
    let each = (after - before) * 1e3 / f64::from(READERS);
    say(&format!(
        "producer, {} idle readers         {after:>8.1}",
        readers.len()
    ));
    say(&format!("  kB a reader                       {each:>8.1}"));
}

/// One reader takes nothing, another one everything, of a gigabyte through a small log.
fn stalled_reader() {
    let source = "numbers@max:30000000";
    let producer = producer(&["--source", source, "--retention-bytes", "16MiB"]);
    let mut stalled = Connection::to(producer.address());
    stalled.get("/stream");
    let mut reader = consumer(&[
        "--url",
        &producer.url("/stream"),
        "--until-end",
        "--print",
        "final",
    ]);
    assert_eq!(reader.exit_code(), Some(0));
    let (now, peak) = process::memory(producer.id()).unwrap_or_default();
    say(&format!(
        "producer, log of 16 MiB, a stalled reader {now:>8.1}, at its peak {peak:.1}"
    ));
    drop(stalled);
}

fn resident(service: &Service) -> f64 {
    process::memory(service.id()).map_or(f64::NAN, |(now, _)| now)
}
