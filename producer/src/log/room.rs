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
    bytes: Option<OwnedSemaphorePermit>,
    /// Of what there is for long bodies.
    long: Option<OwnedSemaphorePermit>,
    /// Held from the check that nothing unread is lost until what was checked is appended.
    _turn: Option<OwnedMutexGuard<()>>,
    /// When what it is for was given to the log.
    pub(super) sent: Option<Instant>,
}

impl Room {
    /// Room for a source that keeps a pace.
    pub(crate) const fn of_source() -> Self {
        Self {
            bytes: None,
            long: None,
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
        add(&mut self.bytes, other.bytes);
        add(&mut self.long, other.long);
    }
}

/// All the room there is.
#[derive(Debug)]
pub(super) struct Rooms {
    bytes_max: usize,
    free: Arc<Semaphore>,
    /// As much of it as long bodies may hold together while they come.
    free_for_long: Arc<Semaphore>,
    /// How much that is: half, or what one of them needs, but never the last eighth.
    long_bytes_max: usize,
    turn: Arc<Mutex<()>>,
}

impl Rooms {
    pub(super) fn new(bytes_max: usize) -> Self {
        let semaphore = |bytes: usize| Arc::new(Semaphore::new(bytes / UNIT_BYTES));
        let long = (bytes_max / 2)
            .max(REQUEST_BYTES_MAX)
            .min(bytes_max - bytes_max / 8);
        Self {
            bytes_max,
            free: semaphore(bytes_max),
            free_for_long: semaphore(long),
            long_bytes_max: long,
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
            bytes: Some(acquire(&self.free, bytes.min(self.bytes_max)).await),
            ..Room::of_source()
        }
    }

    /// Waits until `held` is room for `bytes` of a long body that is still coming, of what there is for
    /// such; what is more than that counts as all of it. Those who wait for it hold up nobody who
    /// brings little.
    pub(super) async fn grow_long(&self, held: &mut Room, bytes: usize) {
        let units = bytes.min(self.long_bytes_max).div_ceil(UNIT_BYTES);
        let missing = |held: &Option<OwnedSemaphorePermit>| {
            let held = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            units.saturating_sub(held) * UNIT_BYTES
        };
        let long = acquire(&self.free_for_long, missing(&held.long)).await;
        held.merge(Room {
            long: Some(long),
            ..self.reserve(missing(&held.bytes)).await
        });
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
        let grow = |rooms: &Rooms, bytes| {
            let mut room = rooms.reserve(1).now_or_never()?;
            let grown = rooms.grow_long(&mut room, bytes).now_or_never();
            grown.map(|()| room)
        };
        let half = 2 * REQUEST_BYTES_MAX;
        for (all, long) in [
            (2 * half, half),
            (2 * REQUEST_BYTES_MAX, REQUEST_BYTES_MAX),
            (REQUEST_BYTES_MAX, REQUEST_BYTES_MAX - REQUEST_BYTES_MAX / 8),
        ] {
            let rooms = Rooms::new(all);
            let held = grow(&rooms, long).unwrap();
            assert!(grow(&rooms, UNIT_BYTES).is_none(), "{all}");
            assert!(rooms.reserve(all - long).now_or_never().is_some(), "{all}");
            drop(held);
            assert!(grow(&rooms, REQUEST_BYTES_MAX).is_some(), "{all}");
            assert_eq!(rooms.bytes().0, 0);
        }
    }
}
