//! Which streams have changed: got records, or their end, or were made with some, or deleted. Nothing is
//! noted unless somebody wants to know, and a stream is noted once, however often it changes until it is
//! asked for; so there are never more than there are streams.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;

use super::stream::Stream;

/// What has changed since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Changes {
    is_wanted: AtomicBool,
    changed: Mutex<BTreeMap<u64, Stream>>,
    news: Notify,
}

impl Changes {
    /// Whether it is noted from now on what changes.
    pub(super) fn want(&self, is_wanted: bool) {
        self.is_wanted.store(is_wanted, Ordering::SeqCst);
    }

    /// Notes that these have changed, and that it can be seen.
    pub(super) fn note(&self, streams: &[Stream]) {
        if streams.is_empty() || !self.is_wanted.load(Ordering::SeqCst) {
            return;
        }
        let noted = streams
            .iter()
            .map(|stream| (stream.number(), stream.clone()));
        self.changed().extend(noted);
        self.news.notify_one();
    }

    /// Those that have changed since this was last asked, in the order in which they were made; waits
    /// until there are some. Nothing is lost when it is not waited for to its end.
    pub(super) async fn next(&self) -> Vec<Stream> {
        loop {
            let taken = self.take();
            if !taken.is_empty() {
                return taken.into_values().collect();
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> BTreeMap<u64, Stream> {
        std::mem::take(&mut *self.changed())
    }

    fn changed(&self) -> MutexGuard<'_, BTreeMap<u64, Stream>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
