//! The article's two Python programs are the first peers: each works with the other half of ours.

use std::process::Command;

use tests::{Service, binaries::workspace, producer, python::Python};

use crate::{
    outcome::{Outcome, outcome, reader},
    restarted::port,
};

/// A program of the article, where Python has what it uses.
fn python(script: &str) -> Option<Command> {
    let python = Python::having("aiohttp")?;
    Some(python.run(&workspace().join("tests/article").join(script)))
}

#[test]
fn the_articles_client_reads_our_producer() {
    let Some(mut client) = python("client.py") else {
        return;
    };
    let producer = producer(&["--source", "numbers@max:1000"]);
    client.arg(producer.url("/stream"));
    let last = Service::spawn(client).answer(0);
    assert_eq!(last, "received {'id': 999, 'value': 1998} average 999.0");
}

#[test]
fn our_consumer_reads_the_articles_server() {
    let Some(mut server) = python("server.py") else {
        return;
    };
    let port = port().to_string();
    server.envs([("RATE", "0"), ("COUNT", "1000"), ("PORT", &port)]);
    let server = Service::spawn(server);
    server.prints("Running on");
    let url = format!("http://127.0.0.1:{port}/stream");
    let to_its_end = outcome(&mut reader(&url, &["--until-end"]), 0);
    let first_hundred = outcome(&mut reader(&url, &["--records", "100"]), 0);
    assert_eq!(
        [to_its_end, first_hundred],
        [1000, 100].map(Outcome::of_numbers)
    );
}
