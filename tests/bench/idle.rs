//! Streams of which nothing is asked: what each of them costs the server.

use std::{thread, time::Duration};

use crate::{
    disk,
    process::{memory, open_files},
    run, say,
    server::{Kind, Server},
};

const STREAMS: u64 = 100_000;

/// How long memory gets to settle.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn run(number: Option<u64>) {
    say("idle streams: resident memory in MB, and open files");
    for kind in Kind::all() {
        let streams = number.unwrap_or(STREAMS).min(kind.streams_max());
        let folder = disk::folder();
        let server = Server::start(kind, folder.path());
        let resident = || memory(server.id()).map_or(f64::NAN, |(now, _)| now);
        let before = resident();
        run::create(&server, streams);
        thread::sleep(PAUSE);
        let (after, files) = (resident(), open_files(server.id()));
        say(&format!(
            "  {:<12}{before:.1} before, {after:.1} with {streams} streams, {files} files",
            kind.name()
        ));
    }
}
