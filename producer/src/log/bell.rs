//! Tells those who wait at the end of a stream that there is news: a few of them at once, and more when
//! those have had their turn. So between very many readers there is always a turn for others, as for
//! the one who appends.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{Notify, futures::Notified};

/// So many are told at once: with a write to each, about a millisecond of work.
const AT_ONCE: usize = 64;

/// The bell of a stream.
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// How many wait at the most: who comes is counted first, and who goes last.
    waiting: AtomicUsize,
    /// Tells one at a time, who has waited longest.
    rope: Notify,
}

/// The bells that have not reached everybody yet.
#[derive(Debug, Default)]
pub(super) struct Bells {
    ringing: Mutex<VecDeque<Ringing>>,
    more: Notify,
}

#[derive(Debug)]
struct Ringing {
    bell: Arc<Bell>,
    /// How many are still to be told.
    left: usize,
}

impl Bell {
    /// Waits for a ring, unless there `is_news` already, which is looked at when no ring can be missed
    /// any more.
    pub(super) async fn wait(&self, is_news: impl FnOnce() -> bool) {
        let _counted = Counted::among(&self.waiting);
        let mut rung: std::pin::Pin<&mut Notified<'_>> = std::pin::pin!(self.rope.notified());
        if !rung.as_mut().enable() && !is_news() {
            rung.await;
        }
    }

    /// Tells so many.
    fn ring(&self, count: usize) {
        (0..count).for_each(|_| self.rope.notify_one());
    }
}

/// Someone who waits; drop says that it does no more.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn among(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Bells {
    /// Tells all who wait for `bell`: the first of them now.
    pub(super) fn ring(&self, bell: &Arc<Bell>) {
        let waiting = bell.waiting.load(Ordering::SeqCst);
        bell.ring(waiting.min(AT_ONCE));
        let left = waiting.saturating_sub(AT_ONCE);
        if left > 0 {
            self.note(bell, left);
            self.more.notify_one();
        }
    }

    /// Tells the rest of them, as long as it is polled.
    pub(super) async fn ring_on(&self) {
        loop {
            let next = self.ringing().pop_front();
            let Some(Ringing { bell, left }) = next else {
                self.more.notified().await;
                continue;
            };
            bell.ring(left.min(AT_ONCE));
            if let Some(left) = left.checked_sub(AT_ONCE).filter(|left| *left > 0) {
                self.note(&bell, left);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Who was to be told of older news is told of these: they stand in one row.
    fn note(&self, bell: &Arc<Bell>, left: usize) {
        let mut ringing = self.ringing();
        let same = ringing
            .iter_mut()
            .find(|other| Arc::ptr_eq(&other.bell, bell));
        match same {
            Some(same) => same.left = same.left.max(left),
            None => ringing.push_back(Ringing {
                bell: bell.clone(),
                left,
            }),
        }
    }

    fn ringing(&self) -> MutexGuard<'_, VecDeque<Ringing>> {
        self.ringing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};

    use super::*;

    /// How many of `readers` are told by a ring, when the bells are rung on or not; the news are there
    /// when all wait.
    fn told(readers: usize, rings_on: bool) -> usize {
        let (bells, bell, is_news) = (
            Bells::default(),
            Arc::new(Bell::default()),
            AtomicBool::new(false),
        );
        let wait = |_| bell.wait(|| is_news.load(Ordering::SeqCst));
        let mut waiting: FuturesUnordered<_> = (0..readers).map(wait).collect();
        assert!(waiting.next().now_or_never().flatten().is_none());
        is_news.store(true, Ordering::SeqCst);
        bells.ring(&bell);
        let mut ring_on = std::pin::pin!(bells.ring_on());
        let mut told = 0;
        for _ in 0..readers {
            while let Some(Some(())) = waiting.next().now_or_never() {
                told += 1;
            }
            if rings_on {
                assert!(ring_on.as_mut().now_or_never().is_none());
            }
        }
        assert_eq!(bell.waiting.load(Ordering::SeqCst), readers - told);
        told
    }

    #[test]
    fn all_are_told_the_first_at_once() {
        assert_eq!(told(AT_ONCE, false), AT_ONCE);
        assert_eq!(told(10 * AT_ONCE + 1, false), AT_ONCE);
        assert_eq!(told(10 * AT_ONCE + 1, true), 10 * AT_ONCE + 1);
    }

    #[test]
    fn who_is_told_and_gone_passes_it_on() {
        let (bells, bell) = (Bells::default(), Arc::new(Bell::default()));
        let mut first = Box::pin(bell.wait(|| false));
        assert!(first.as_mut().now_or_never().is_none());
        bells.ring(&bell);
        let mut second = Box::pin(bell.wait(|| false));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
    }
}
