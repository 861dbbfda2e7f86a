//! Jobs from the command line: text → plan → run, and what is said of it meanwhile.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use common::{service::settings::Exit, time::Clock};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::{Args, Invalid},
    fixture,
    plan::{self, Job, Settings},
    progress::Progress,
    run::{self, Options, Status, Watch},
};

/// What to do with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Run it.
    Run,
    /// Say whether it can be run.
    Validate,
    /// Print what it would do.
    Explain,
}

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no text.
    #[error("cannot read {name}")]
    Read {
        /// The name of the file.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// The text is no job.
    #[error(transparent)]
    Plan(#[from] plan::Error),
    /// It was stopped before that was known.
    #[error("stopped while {0} was planned")]
    Stopped(String),
    /// A setting cannot be.
    #[error(transparent)]
    Setting(#[from] Invalid),
    /// Nobody could ask how it goes.
    #[error(transparent)]
    Listen(#[from] crate::Error),
    /// It cannot go on.
    #[error("the job cannot go on")]
    Run(#[from] run::Failure),
    /// Nothing can be written.
    #[error("cannot write")]
    Output(#[source] io::Error),
}

impl Error {
    /// How the process exits.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Read { .. } | Self::Plan(_) | Self::Setting(_) => Exit::Config,
            Self::Stopped(_) | Self::Listen(_) | Self::Run(_) | Self::Output(_) => {
                Exit::Unavailable
            }
        }
    }
}

/// The text of a job, and its name for errors.
///
/// # Errors
/// It cannot be read.
pub fn text(path: &Path) -> Result<(String, String), Error> {
    let is_stdin = path.as_os_str() == "-";
    let name = if is_stdin {
        "stdin".into()
    } else {
        path.display().to_string()
    };
    let read = if is_stdin {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    match read {
        Ok(text) => Ok((text, name)),
        Err(source) => Err(Error::Read { name, source }),
    }
}

/// Tests jobs with the fixtures at or below `paths`. How to exit.
///
/// # Errors
/// A setting cannot be, or nothing can be said.
pub fn test(
    paths: &[PathBuf],
    is_update: bool,
    args: &Args,
    out: impl Write,
) -> Result<Exit, Error> {
    let options = fixture::Options {
        is_update,
        state_bytes_max: args.options()?.state_bytes_max,
    };
    // Also where nobody reads any more: a verdict that was not given is none.
    fixture::test(paths, options, out).map_err(Error::Output)
}

/// Does with a job what is to be done.
///
/// # Errors
/// It is none, or cannot be done.
pub async fn act<W: Write + Send + 'static>(
    act: Act,
    (text, name): (String, String),
    args: &Args,
    mut out: W,
    stop: CancellationToken,
) -> Result<(), Error> {
    let mut options = args.options()?;
    let job = planned(text, name.clone(), &stop).await?;
    if let Some(parallelism) = job.settings.parallelism {
        options.parallelism = parallelism.get();
    }
    if act == Act::Explain || (act == Act::Run && job.is_explained) {
        return write!(out, "{}", plan::explain(&job)).map_err(Error::Output);
    }
    if act == Act::Validate {
        return writeln!(out, "{name} can be run").map_err(Error::Output);
    }
    let status = Status::new(job.settings.name.clone().unwrap_or(name));
    let run = |watch| run_job(&job, &options, status.clone(), (out, watch), stop);
    crate::seen(args.listen, crate::registry(), status.clone(), run).await?
}

/// Plans a job where nothing waits for it but who asked: a long one must not keep a signal from being
/// heard. What is planned in vain ends with the process.
async fn planned(text: String, name: String, stop: &CancellationToken) -> Result<Job, Error> {
    let settings = Settings::new(name.as_str(), Clock::System);
    let planning = TaskTracker::new().spawn_blocking(move || plan::plan(&text, &settings));
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Error::Stopped(name)),
        planned = planning => match planned {
            Ok(planned) => Ok(planned?),
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
}

async fn run_job<W: Write + Send + 'static>(
    job: &Job,
    options: &Options,
    Status {
        name,
        begun,
        reports,
    }: Status,
    (out, watch): (W, Watch),
    stop: CancellationToken,
) -> Result<(), Error> {
    tracing::info!(
        "{name} begins from its start, {} side by side; stop with Ctrl-C",
        options.parallelism
    );
    for promise in plan::promises(&job.dataflow) {
        tracing::info!("{promise}");
    }
    let mut progress = Progress::new(&reports, begun, &job.dataflow);
    let mut told = tokio::time::interval(progress.each());
    told.reset();
    let mut ran = std::pin::pin!(run::run(job, options, out, watch, stop));
    let summary = loop {
        tokio::select! {
            summary = &mut ran => break summary,
            _ = told.tick() => progress.tell(),
        }
    };
    progress.end(summary.as_ref().ok());
    match summary {
        Ok(_) => Ok(()),
        // Whoever read the results has seen enough.
        Err(run::Failure::Sink { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        Err(failure) => Err(failure.into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[tokio::test]
    async fn a_job_that_is_stopped_while_it_is_planned_is_not_done() {
        let text = "CREATE TABLE t (a INT) WITH ('connector' = 'datagen'); SELECT a FROM t";
        let args = Args::parse_from(["consumer"]);
        for is_stopped in [false, true] {
            let stop = CancellationToken::new();
            if is_stopped {
                stop.cancel();
            }
            let job = (text.to_owned(), "job.sql".to_owned());
            let acted = act(Act::Validate, job, &args, Vec::new(), stop).await;
            let is_told = matches!(&acted, Err(Error::Stopped(name)) if name == "job.sql");
            assert_eq!(
                (acted.is_ok(), is_told),
                (!is_stopped, is_stopped),
                "{acted:?}"
            );
        }
    }
}
