//! The producer's command line.

use std::{io::Write, path::Path, process::ExitCode};

use common::service::{
    health, heap,
    settings::{self, Effective, Exit},
    shutdown, telemetry,
};
use producer::{
    CannotIssue, New,
    config::{Args, Cli, Command, Config, Token},
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match settings::parse::<Cli>() {
        Err(exit) => Err(exit),
        Ok((cli, effective)) => match cli.command {
            None => serve(cli.args).await,
            Some(Command::Serve(args)) => serve(*args).await,
            Some(Command::Config(args)) => config(*args, &effective),
            Some(Command::Token(Token::New(new))) => issue(&new),
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
    let config = checked(args)?;

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

fn config(args: Args, effective: &Effective) -> Result<(), Exit> {
    checked(args)?;
    drop(write!(std::io::stdout(), "{effective}"));
    Ok(())
}

fn checked(args: Args) -> Result<Config, Exit> {
    args.check().map_err(|invalid| fail(Exit::Config, &invalid))
}

fn issue(new: &New) -> Result<(), Exit> {
    let issued = producer::issue(new).map_err(|error| {
        let exit = match error {
            CannotIssue::Setting(..) => Exit::Usage,
            CannotIssue::File(_) => Exit::Config,
            CannotIssue::System(_) => Exit::Unavailable,
        };
        fail(exit, &error)
    })?;
    // What is not read here is lost.
    writeln!(std::io::stdout(), "{}", issued.secret.expose()).map_err(|error| {
        fail(
            Exit::Unavailable,
            &format!("cannot print the token: {error}"),
        )
    })?;
    telemetry::tell(&match issued.file {
        Some(file) => format!("{} knows it as:\n{}\n", file.display(), issued.line),
        None => format!(
            "put this line into the file of --tokens:\n{}\n",
            issued.line
        ),
    });
    Ok(())
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
    // What is saved is of use without them: then others are made.
    if let Err(error) = producer::copy_keys(directory, to) {
        telemetry::tell(&format!("webhook-keys are not saved: {error}\n"));
    }
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
