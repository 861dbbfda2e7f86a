//! The tasks of the edge: each belongs to it, and it waits for all of them.

use std::time::Duration;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What waits for tasks; its clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Owner {
    tasks: TaskTracker,
    kill: CancellationToken,
}

impl Owner {
    /// Runs `task` until it ends, or is cut.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let kill = self.kill.clone();
        // A future that is moved into another has its place there twice.
        let mut task = Box::pin(task);
        self.tasks.spawn(async move {
            tokio::select! { () = task.as_mut() => {} () = kill.cancelled() => {} }
        });
    }

    /// Waits until all have ended, and cuts those that have not within `limit`.
    pub(super) async fn drain(self, limit: Duration) {
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                tasks = self.tasks.len(),
                "cut what did not end within {limit:?}"
            );
            self.kill.cancel();
            self.tasks.wait().await;
        }
    }
}
