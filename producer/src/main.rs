//! The producer's command line.

use std::process::ExitCode;

use common::service::{
    health,
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
            Some(Command::Serve(args)) => serve(args).await,
            Some(Command::Healthcheck { listen }) => health::check(listen)
                .await
                .map_err(|unhealthy| fail(Exit::Unavailable, &unhealthy)),
        },
    };
    done.err().unwrap_or(Exit::Success).into()
}

async fn serve(args: Args) -> Result<(), Exit> {
    telemetry::init(&args.telemetry);
    producer::heap::give_back();

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

/// Says why the process ends, and how it exits.
fn fail(exit: Exit, reason: &dyn std::fmt::Display) -> Exit {
    telemetry::fail("producer", exit, reason)
}
