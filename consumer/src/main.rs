//! The consumer's command line.

use std::{error::Error, io::Write, process::ExitCode, time::Duration};

use common::service::{health, heap, settings, settings::Exit, shutdown, telemetry};
use consumer::{
    Config,
    command::{self, Act},
    config::{Args, Command},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long stopping may take: what was computed has to be written, and answers about health to end.
const STOP_LIMIT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    start().unwrap_or_else(|exit| exit).into()
}

fn start() -> Result<Exit, Exit> {
    heap::KEEPING.set();
    let (args, effective) = settings::parse::<Args>()?;
    telemetry::init(&args.telemetry);
    settings::warn_of_unknown::<Args>();
    if let Some(Command::Test { paths, update }) = &args.command {
        let tested = command::test(paths, *update, &args, std::io::stdout().lock());
        return tested.map_err(|error| fail(&error, error.exit()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| fail(&error, Exit::Unavailable))?;
    match &args.command {
        Some(Command::Config) => return config(args, &effective),
        Some(Command::Healthcheck) => return runtime.block_on(healthcheck(&args)),
        Some(Command::Tap {
            stream,
            records,
            from,
        }) => {
            let tap = args.tap(stream.as_deref(), *records, *from);
            let tap = tap.map_err(|error| fail(&error, Exit::Config))?;
            let tap = |stop| consumer::tap::run(tap, std::io::stdout(), stop);
            let ran = runtime.block_on(shutdown::until_signal(|stop| consume(tap, stop)));
            runtime.shutdown_background();
            return ran.map_err(|error| fail(&error, Exit::Unavailable))?;
        }
        Some(command) => {
            let (act, job) = job(command).map_err(|error| fail(&error, error.exit()))?;
            let ran = shutdown::until_signal(|stop| act_on(act, job, &args, stop));
            let ran = runtime.block_on(ran);
            runtime.shutdown_background();
            return ran.map_err(|error| fail(&error, Exit::Unavailable))?;
        }
        None => {}
    }
    let config = Config::try_from(args).map_err(|error| fail(&error, Exit::Config))?;
    let run = |stop| consumer::run(config, std::io::stdout(), stop);
    let ran = runtime.block_on(shutdown::until_signal(|stop| consume(run, stop)));
    runtime.shutdown_background();
    ran.map_err(|error| fail(&error, Exit::Unavailable))?
}

/// Prints the settings, once they are sure to be right.
fn config(args: Args, effective: &settings::Effective) -> Result<Exit, Exit> {
    Config::try_from(args).map_err(|error| fail(&error, Exit::Config))?;
    // Who does not read on has seen enough.
    drop(write!(std::io::stdout(), "{effective}"));
    Ok(Exit::Success)
}

/// Runs on a task of its own: output that nobody takes must not keep a signal from being heard.
async fn consume<R>(
    run: impl FnOnce(CancellationToken) -> R,
    stop: CancellationToken,
) -> Result<Exit, Exit>
where
    R: Future<Output = Result<(), consumer::Error>> + Send + 'static,
{
    let service = TaskTracker::new().spawn(run(stop.clone()));
    tokio::select! {
        ran = service => match ran {
            Ok(Ok(())) => Ok(Exit::Success),
            Ok(Err(error)) => Err(fail(&error, error.exit())),
            Err(error) => Err(fail(&error, Exit::Unavailable)),
        },
        () = overdue(stop) => {
            tracing::error!("the output takes nothing: the answer is not written");
            Err(Exit::Unavailable)
        }
    }
}

/// What to do with which job: its text and its name.
fn job(command: &Command) -> Result<(Act, (String, String)), command::Error> {
    Ok(match command {
        Command::Run { job } => (Act::Run, command::text(job)?),
        Command::Validate { job } => (Act::Validate, command::text(job)?),
        Command::Explain { job } => (Act::Explain, command::text(job)?),
        Command::Sql { text } => (Act::Run, (text.clone(), "sql".to_owned())),
        Command::Config | Command::Healthcheck | Command::Test { .. } | Command::Tap { .. } => {
            (Act::Validate, (String::new(), String::new()))
        }
    })
}

async fn act_on(
    act: Act,
    job: (String, String),
    args: &Args,
    stop: CancellationToken,
) -> Result<Exit, Exit> {
    let acted = command::act(act, job, args, std::io::stdout(), stop.clone());
    tokio::select! {
        acted = acted => match acted {
            Ok(()) => Ok(Exit::Success),
            Err(error) => Err(fail(&error, error.exit())),
        },
        () = overdue(stop) => {
            tracing::error!("the output takes nothing: results are not written");
            Err(Exit::Unavailable)
        }
    }
}

/// Comes when the service should have stopped long ago.
async fn overdue(stop: CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_LIMIT).await;
}

async fn healthcheck(args: &Args) -> Result<Exit, Exit> {
    let Some(address) = args.listen else {
        tracing::error!("nothing to ask: set --listen or BROOKLET_LISTEN");
        return Err(Exit::Usage);
    };
    match health::check(address, None).await {
        Ok(()) => Ok(Exit::Success),
        Err(error) => Err(fail(&error, Exit::Unavailable)),
    }
}

/// Says what went wrong, with all its causes.
fn fail(error: &dyn Error, exit: Exit) -> Exit {
    tracing::error!("{}", telemetry::chain(error));
    exit
}
