//! The consumer's command line.

use std::{error::Error, process::ExitCode, time::Duration};

use common::service::{health, settings, settings::Exit, shutdown, telemetry};
use consumer::{
    Config,
    config::{Args, Command},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long stopping may take: the answer has to be written, and answers about health to end.
const STOP_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    start().unwrap_or_else(|exit| exit).into()
}

fn start() -> Result<Exit, Exit> {
    let args: Args = settings::parse()?;
    telemetry::init(&args.telemetry);
    settings::warn_of_unknown::<Args>();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| fail(&error, Exit::Unavailable))?;
    if args.command == Some(Command::Healthcheck) {
        return runtime.block_on(healthcheck(&args));
    }
    let config = Config::try_from(args).map_err(|error| fail(&error, Exit::Config))?;
    let ran = runtime.block_on(shutdown::until_signal(|stop| consume(config, stop)));
    runtime.shutdown_background();
    ran.map_err(|error| fail(&error, Exit::Unavailable))?
}

/// Runs on a task of its own: output that nobody takes must not keep a signal from being heard.
async fn consume(config: Config, stop: CancellationToken) -> Result<Exit, Exit> {
    let service = TaskTracker::new().spawn(consumer::run(config, std::io::stdout(), stop.clone()));
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
    match health::check(address).await {
        Ok(()) => Ok(Exit::Success),
        Err(error) => Err(fail(&error, Exit::Unavailable)),
    }
}

/// Says what went wrong, with all its causes.
fn fail(error: &dyn Error, exit: Exit) -> Exit {
    tracing::error!("{}", telemetry::chain(error));
    exit
}
