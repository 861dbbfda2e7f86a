//! Tells those who wait at the end of a stream that there is news: a few of them at once, and more when
//! those have had their turn. So between very many readers there is always a turn for others, as for
//! the one who appends.
//!
//! Where there are many they are told of all that has come since, and not of each append on its own: when
//! they have had their turn they rest for as long. Else each append would cost a write to every reader,
//! and those who append would wait for what is left of the processors.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

/// So many are told at once: with a write to each, about a millisecond of work.
const AT_ONCE: usize = 64;

/// So few are told of each append.
const FEW: usize = 8;

/// For each reader that was told so much time passes until they are told again: some twice as much as a
/// write to it costs.
const REST: Duration = Duration::from_micros(40);

/// The bell of a stream.
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// How many wait at the most: who comes is counted first, and who goes last.
    waiting: AtomicUsize,
    /// Tells one at a time, who has waited longest.
    rope: Notify,
    /// The byte position where the stream ends.
    end: AtomicU64,
    /// Where it ended when it was rung last.
    told: AtomicU64,
    /// Until when those rest who were told then, if they were many.
    rest: Mutex<Option<Instant>>,
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
    left: Left,
}

/// What is left to be done.
#[derive(Debug, Clone, Copy)]
enum Left {
    /// So many are still to be told.
    Readers(usize),
    /// To ring it, when those rest no more who were told last.
    All,
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

    /// The byte position of the end of which it was rung.
    pub(super) fn told(&self) -> u64 {
        self.told.load(Ordering::SeqCst)
    }

    /// Whether so many were told that they rest before they are told again.
    pub(super) fn is_of_many(&self) -> bool {
        self.rest().is_some()
    }

    /// Tells so many.
    fn ring(&self, count: usize) {
        (0..count).for_each(|_| self.rope.notify_one());
    }

    /// So many are told now, and rest then.
    fn begin_rest(&self, told: usize) {
        let each = u32::try_from(told).unwrap_or(u32::MAX);
        let rest = REST.saturating_mul(each);
        *self.rest() = (told > FEW).then(|| Instant::now() + rest);
    }

    fn rest(&self) -> MutexGuard<'_, Option<Instant>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Tells all who wait for `bell` that the stream ends at this byte position: the first of them now,
    /// unless they rest.
    pub(super) fn ring(&self, bell: &Arc<Bell>, end: u64) {
        bell.end.fetch_max(end, Ordering::SeqCst);
        let rest = *bell.rest();
        if rest.is_some_and(|rest| rest > Instant::now()) {
            self.note(bell, Left::All);
            self.more.notify_one();
        } else {
            self.tell(bell);
        }
    }

    fn tell(&self, bell: &Arc<Bell>) {
        let waiting = bell.waiting.load(Ordering::SeqCst);
        bell.begin_rest(waiting);
        let end = bell.end.load(Ordering::SeqCst);
        bell.told.fetch_max(end, Ordering::SeqCst);
        bell.ring(waiting.min(AT_ONCE));
        let left = waiting.saturating_sub(AT_ONCE);
        if left > 0 {
            self.note(bell, Left::Readers(left));
            self.more.notify_one();
        }
    }

    /// Tells the rest of them, as long as it is polled.
    pub(super) async fn ring_on(&self) {
        loop {
            let next = self.next();
            match next {
                Ok(Ringing { bell, left }) => {
                    match left {
                        Left::Readers(left) => {
                            bell.ring(left.min(AT_ONCE));
                            if let Some(left) = left.checked_sub(AT_ONCE).filter(|left| *left > 0) {
                                self.note(&bell, Left::Readers(left));
                            }
                        }
                        Left::All => self.tell(&bell),
                    }
                    tokio::task::yield_now().await;
                }
                Err(None) => self.more.notified().await,
                Err(Some(due)) => tokio::select! {
                    () = self.more.notified() => {}
                    () = tokio::time::sleep_until(due) => {}
                },
            }
        }
    }

    /// What can be done now; else when there will be something, if that is known.
    fn next(&self) -> Result<Ringing, Option<Instant>> {
        let mut ringing = self.ringing();
        let mut earliest = None;
        let mut now = None;
        for (number, one) in ringing.iter().enumerate() {
            let due = match one.left {
                Left::Readers(_) => None,
                Left::All => *one.bell.rest(),
            };
            let is_due = |due| due <= *now.get_or_insert_with(Instant::now);
            if due.is_none_or(is_due) {
                return ringing.remove(number).ok_or(None);
            }
            earliest = earliest.into_iter().chain(due).min();
        }
        Err(earliest)
    }

    /// Who was to be told of older news is told of these: they stand in one row.
    fn note(&self, bell: &Arc<Bell>, left: Left) {
        let mut ringing = self.ringing();
        let same = ringing
            .iter_mut()
            .filter(|other| Arc::ptr_eq(&other.bell, bell))
            .find_map(|other| match (&mut other.left, left) {
                (Left::Readers(old), Left::Readers(new)) => {
                    *old = new.max(*old);
                    Some(())
                }
                (Left::All, Left::All) => Some(()),
                _ => None,
            });
        if same.is_none() {
            let bell = bell.clone();
            ringing.push_back(Ringing { bell, left });
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
        bells.ring(&bell, 1);
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

    #[tokio::test(start_paused = true)]
    async fn many_rest_before_they_are_told_again() {
        let (bells, bell) = (Bells::default(), Arc::new(Bell::default()));
        let check = async |readers: usize, rests: bool| {
            let mut waiting: FuturesUnordered<_> =
                (0..readers).map(|_| bell.wait(|| false)).collect();
            assert!(waiting.next().now_or_never().flatten().is_none());
            let (before, end) = (bell.told(), bell.told() + 1);
            bells.ring(&bell, end);
            let is_told = waiting.next().now_or_never().flatten().is_some();
            assert_eq!(
                (is_told, bell.told() == before),
                (!rests, rests),
                "{readers}"
            );
            let all = async { while waiting.next().await.is_some() {} };
            tokio::select! {
                () = all => {}
                () = bells.ring_on() => {}
            }
            assert_eq!(bell.told(), end);
        };
        check(FEW + 1, false).await;
        check(FEW + 1, true).await;
        check(FEW, true).await;
        check(FEW, false).await;
        check(FEW + 1, false).await;
        tokio::time::sleep(REST * 10).await;
        check(FEW + 1, false).await;
    }

    #[test]
    fn who_is_told_and_gone_passes_it_on() {
        let (bells, bell) = (Bells::default(), Arc::new(Bell::default()));
        let mut first = Box::pin(bell.wait(|| false));
        assert!(first.as_mut().now_or_never().is_none());
        bells.ring(&bell, 1);
        let mut second = Box::pin(bell.wait(|| false));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
    }
}
