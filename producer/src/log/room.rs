//! Room: how much may be on its way into the log.

use std::{sync::Arc, time::Instant};

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// What room is counted in: a semaphore's permits are few, bytes are many.
const UNIT_BYTES: usize = 1024;

/// The right to bring so many bytes into the log; drop gives it back.
#[derive(Debug)]
pub(crate) struct Room {
    /// None for a source, which has one batch on its way at the most.
    _bytes: Option<OwnedSemaphorePermit>,
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
        match (&mut self._bytes, other._bytes) {
            (Some(bytes), Some(more)) => bytes.merge(more),
            (bytes, more) => *bytes = bytes.take().or(more),
        }
    }
}

/// All the room there is.
#[derive(Debug)]
pub(super) struct Rooms {
    bytes_max: usize,
    free: Arc<Semaphore>,
    turn: Arc<Mutex<()>>,
}

impl Rooms {
    pub(super) fn new(bytes_max: usize) -> Self {
        let free = Arc::new(Semaphore::new(bytes_max / UNIT_BYTES));
        Self {
            bytes_max,
            free,
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
        let units = bytes.min(self.bytes_max).div_ceil(UNIT_BYTES);
        let permits = u32::try_from(units).unwrap_or(u32::MAX);
        let permit = self.free.clone().acquire_many_owned(permits).await;
        let bytes = permit.expect("the semaphore is never closed");
        Room {
            _bytes: Some(bytes),
            ..Room::of_source()
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
}
