//! The way out: the first signal asks for an orderly end, the second ends at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a process that a second signal stopped.
const STOPPED_AT_ONCE: i32 = 130;

/// Runs `service` until it ends by itself. The first SIGTERM or SIGINT cancels the token that it is
/// given; the second ends the process at once.
///
/// # Errors
/// The system gives no signal handlers.
pub async fn until_signal<F: Future>(
    service: impl FnOnce(CancellationToken) -> F,
) -> io::Result<F::Output> {
    let mut signals = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let stop = CancellationToken::new();
    let mut service = std::pin::pin!(service(stop.clone()));
    tokio::select! {
        output = service.as_mut() => return Ok(output),
        () = next(&mut signals) => {}
    }
    tracing::info!("stopping; a second signal stops at once");
    stop.cancel();
    tokio::select! {
        output = service => Ok(output),
        () = next(&mut signals) => std::process::exit(STOPPED_AT_ONCE),
    }
}

async fn next((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
}
