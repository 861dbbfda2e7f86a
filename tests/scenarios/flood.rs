//! Many connections that cost their makers nothing must not cost the server much either.

use std::{
    io::Read,
    net::{SocketAddr, TcpStream},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tests::{PATIENCE, producer, tool::skip};

use crate::{
    crowd::many_files,
    outcome::{Outcome, read_all},
};

/// How many connections say nothing.
const SILENT: usize = 10_000;

/// Files that everything else in this process may need meanwhile.
const OTHER_FILES: u64 = 1_000;

#[test]
fn ten_thousand_silent_connections_are_closed_while_others_are_served() {
    let _turn = many_files();
    if !can_open(SILENT as u64 + OTHER_FILES) {
        return skip("this process may not open 10,000 files");
    }
    let args = [
        "--source",
        "numbers@max:100000",
        "--header-timeout",
        "5s",
        "--stall-limit",
        "5s",
    ];
    let producer = producer(&args);
    let address = producer.address();
    let silent: Vec<_> = (0..SILENT).map(|_| connect(address)).collect();
    assert_eq!(
        read_all(&producer.url("/stream"), &[]),
        Outcome::of_numbers(100_000)
    );
    for mut connection in silent {
        let said = connection.read(&mut [0; 16]);
        assert!(
            matches!(said, Ok(0)),
            "{said:?}: it said nothing and is told nothing"
        );
    }
    let metrics = producer.metrics();
    let expected = format!("brooklet_connections_silent_total {SILENT}\n");
    assert!(metrics.contains(&expected), "{metrics}");
}

fn connect(address: SocketAddr) -> TcpStream {
    let connection = TcpStream::connect(address).expect("the server accepts");
    connection
        .set_read_timeout(Some(PATIENCE))
        .expect("it is not zero");
    connection
}

/// Whether this process may have so many files open, after asking for it.
fn can_open(files: u64) -> bool {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, most).is_ok() && maximum.is_none_or(|maximum| maximum >= files)
}
