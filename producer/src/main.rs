//! The producer's command line.

use std::{io::Write, path::Path, process::ExitCode};

use common::service::{
    health, heap,
    settings::{self, Exit},
    shutdown, telemetry,
};
use producer::config::{Args, Cli, Command};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match settings::parse::<Cli>() {
        Err(exit) => Err(exit),
        Ok(cli) => match cli.command {
            None => serve(cli.args).await,
            Some(Command::Serve(args)) => serve(*args).await,
            Some(Command::Healthcheck { listen, tls_cert }) => {
                let checked = health::check(listen, tls_cert.as_deref()).await;
                checked.map_err(|unhealthy| fail(Exit::Unavailable, &unhealthy))
            }
            Some(Command::Inspect { directory }) => inspect(&directory),
            Some(Command::Repair { directory, to }) => repair(&directory, &to),
        },
    };
    done.err().unwrap_or(Exit::Success).into()
}

async fn serve(args: Args) -> Result<(), Exit> {
    telemetry::init(&args.telemetry);
    heap::GIVING_BACK.set();

    settings::warn_of_unknown::<Cli>();
    let listen = args.listen;
    let config = args
        .check()
        .map_err(|invalid| fail(Exit::Config, &invalid))?;

    let listener = TcpListener::bind(listen).await.map_err(|error| {
        fail(
            Exit::Unavailable,
            &format!("cannot listen on {listen}: {error}"),
        )
    })?;
    shutdown::until_signal(|stop| producer::serve(listener, config, stop))
        .await
        .map_err(|error| fail(Exit::Unavailable, &error))?
        .map_err(|cannot| fail(Exit::Unavailable, &cannot))
}

fn inspect(directory: &Path) -> Result<(), Exit> {
    let inspection = producer::inspect(directory).map_err(|error| cannot(directory, &error))?;
    say(&inspection);
    if inspection.is_sound() {
        Ok(())
    } else {
        Err(Exit::Data)
    }
}

fn repair(directory: &Path, to: &Path) -> Result<(), Exit> {
    let repaired = producer::repair(directory, to).map_err(|error| cannot(directory, &error))?;
    say(&repaired);
    Ok(())
}

fn cannot(directory: &Path, error: &std::io::Error) -> Exit {
    fail(
        Exit::Unavailable,
        &format!("{}: {error}", directory.display()),
    )
}

fn say(what: &dyn std::fmt::Display) {
    // Who does not read on has seen enough.
    drop(writeln!(std::io::stdout(), "{what}"));
}

/// Says why the process ends, and how it exits.
fn fail(exit: Exit, reason: &dyn std::fmt::Display) -> Exit {
    telemetry::fail("producer", exit, reason)
}
