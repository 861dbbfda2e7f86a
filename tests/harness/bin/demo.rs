//! `cargo demo`: builds both services, runs them with their defaults, and stops both on Ctrl-C or
//! when one of them ends.

use std::{
    io,
    process::{Child, ExitCode},
};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::{
    consts::{SIGCHLD, SIGINT, SIGTERM},
    iterator::Signals,
};
use tests::{binaries, service::leashed};

const WHERE_TO_LOOK: &str = "\
the stream   curl -N http://127.0.0.1:8080/stream
add to it    curl http://127.0.0.1:8080/stream -d '{\"value\": 1000}'
its counts   curl http://127.0.0.1:8080/metrics
stop both    Ctrl-C
";

fn main() -> io::Result<ExitCode> {
    eprintln!("building both services");
    let folder = binaries::release();
    eprintln!("{WHERE_TO_LOOK}");
    let mut time_to_stop = Signals::new([SIGINT, SIGTERM, SIGCHLD])?;
    let mut services = ["producer", "consumer"]
        .map(|name| {
            let mut service = leashed(&folder.join(name));
            // What is set for one of them is not meant for both.
            for (setting, _) in std::env::vars_os() {
                if setting.to_string_lossy().starts_with("BROOKLET_") {
                    service.env_remove(setting);
                }
            }
            service.spawn()
        })
        .into_iter()
        .collect::<io::Result<Vec<Child>>>()?;
    time_to_stop.forever().next();
    let mut all_well = true;
    for service in services.iter_mut().rev() {
        // One that is not waited for yet keeps its id, so no stranger is hit.
        kill_process(Pid::from_child(service), Signal::TERM)?;
        all_well &= service.wait()?.success();
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
