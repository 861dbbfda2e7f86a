//! Room: how much may be on its way into the log.

use std::{sync::Arc, time::Instant};

use common::limits::REQUEST_BYTES_MAX;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// What room is counted in: a semaphore's permits are few, bytes are many.
const UNIT_BYTES: usize = 1024;

/// The right to bring so many bytes into the log; drop gives it back.
#[derive(Debug)]
pub(crate) struct Room {
    /// None for a source, which has one batch on its way at the most.
    _bytes: Option<OwnedSemaphorePermit>,
    /// Of what there is for long bodies.
    _long: Option<OwnedSemaphorePermit>,
    /// Held from the check that nothing unread is lost until what was checked is appended.
    _turn: Option<OwnedMutexGuard<()>>,
    /// When what it is for was given to the log.
    pub(super) sent: Option<Instant>,
}

impl Room {
    /// Room for a source that keeps a pace.
    pub(crate) const fn of_source() -> Self {
        Self {
            _bytes: None,
            _long: None,
            _turn: None,
            sent: None,
        }
    }

    /// What it is for is given to the log now.
    pub(super) fn sent(self) -> Self {
        Self {
            sent: Some(Instant::now()),
            ..self
        }
    }

    /// Adds `other` to it.
    pub(crate) fn merge(&mut self, other: Self) {
        let add = |held: &mut Option<OwnedSemaphorePermit>, other| match (held, other) {
            (Some(held), Some(more)) => held.merge(more),
            (held, more) => *held = held.take().or(more),
        };
        add(&mut self._bytes, other._bytes);
        add(&mut self._long, other._long);
    }
}

/// All the room there is.
#[derive(Debug)]
pub(super) struct Rooms {
    bytes_max: usize,
    free: Arc<Semaphore>,
    /// As much of it as long bodies may hold together while they come: half, or what one of them needs.
    free_for_long: Arc<Semaphore>,
    turn: Arc<Mutex<()>>,
}

impl Rooms {
    pub(super) fn new(bytes_max: usize) -> Self {
        let semaphore = |bytes: usize| Arc::new(Semaphore::new(bytes / UNIT_BYTES));
        let long = (bytes_max / 2).max(REQUEST_BYTES_MAX).min(bytes_max);
        Self {
            bytes_max,
            free: semaphore(bytes_max),
            free_for_long: semaphore(long),
            turn: Arc::default(),
        }
    }

    /// How many bytes are on their way, and how many may be.
    pub(super) fn bytes(&self) -> (usize, usize) {
        let units = self.bytes_max / UNIT_BYTES;
        let taken = units.saturating_sub(self.free.available_permits());
        (taken * UNIT_BYTES, self.bytes_max)
    }

    /// Waits for room for `bytes`; what is more than there can ever be counts as all there is.
    pub(super) async fn reserve(&self, bytes: usize) -> Room {
        Room {
            _bytes: Some(acquire(&self.free, bytes.min(self.bytes_max)).await),
            ..Room::of_source()
        }
    }

    /// Waits for room for `bytes` more of a long body that is still coming. Those who wait for it hold
    /// up nobody who brings little.
    pub(super) async fn reserve_for_long(&self, bytes: usize) -> Room {
        let long = acquire(&self.free_for_long, bytes).await;
        Room {
            _long: Some(long),
            ..self.reserve(bytes).await
        }
    }

    /// Waits until nobody else has the turn.
    pub(super) async fn turn(&self) -> Room {
        Room {
            _turn: Some(self.turn.clone().lock_owned().await),
            ..Room::of_source()
        }
    }
}

async fn acquire(free: &Arc<Semaphore>, bytes: usize) -> OwnedSemaphorePermit {
    let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
    let permit = free.clone().acquire_many_owned(units).await;
    permit.expect("the semaphore is never closed")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn room_is_given_back() {
        let rooms = Rooms::new(1 << 20);
        let mut room = rooms.reserve(1).now_or_never().unwrap();
        assert!(
            rooms.reserve(1 << 20).now_or_never().is_none(),
            "even a byte takes some"
        );
        room.merge(rooms.reserve((1 << 20) - 1024).now_or_never().unwrap());
        assert!(rooms.reserve(1).now_or_never().is_none());
        drop(room);
        assert!(rooms.reserve(usize::MAX).now_or_never().is_some());
    }

    #[test]
    fn long_bodies_leave_room_for_others() {
        let half = 2 * REQUEST_BYTES_MAX;
        let rooms = Rooms::new(2 * half);
        let long = rooms.reserve_for_long(half).now_or_never().unwrap();
        assert!(rooms.reserve_for_long(1).now_or_never().is_none());
        assert!(rooms.reserve(half).now_or_never().is_some());
        drop(long);
        assert!(rooms.reserve_for_long(half).now_or_never().is_some());
    }
}
