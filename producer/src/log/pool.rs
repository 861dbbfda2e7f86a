//! Memory that is read into, used again and again: what is fresh from the system has to be cleared
//! by it first, a page at a time, which takes longer than to read.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use bytes::Bytes;
use common::offset::Offset;

use super::entry::StreamId;

/// So many are kept for the next one who reads.
const KEPT_MAX: usize = 32;

/// Longer ones are given back to the system.
const KEPT_BYTES_MAX: usize = 512 * 1024;

/// Where memory comes from, and where it goes when nobody has it any more. Its clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What somebody has right now.
    held: Arc<Mutex<BTreeMap<Name, Weak<Named>>>>,
}

/// What was read: of a stream, from one place to another, and what stands between its records.
pub(super) type Name = (StreamId, Offset, Offset, u8);

/// Memory that is lent. What is in it was somebody else's, until it is written.
#[derive(Debug)]
pub(super) struct Lent {
    memory: Vec<u8>,
    length: usize,
    pool: Pool,
}

impl Pool {
    /// Memory of so many bytes.
    pub(super) fn lend(&self, length: usize) -> Lent {
        let mut memory = self.lock().pop().unwrap_or_default();
        if memory.len() < length {
            memory = vec![0; length];
        }
        Lent {
            memory,
            length,
            pool: self.clone(),
        }
    }

    /// What somebody has of that name, so that many who read the same and take their time hold it once.
    pub(super) fn held(&self, name: &Name) -> Option<Bytes> {
        let named = self.names().get(name)?.upgrade()?;
        Some(Bytes::from_owner(Holder(named)))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<Name, Weak<Named>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    pub(super) fn as_mut(&mut self) -> &mut [u8] {
        self.memory.get_mut(..self.length).unwrap_or_default()
    }

    /// To be shared; it is given back when nobody has it any more.
    pub(super) fn share(self) -> Bytes {
        Bytes::from_owner(self)
    }

    /// As [`Lent::share`], also with who asks for that name meanwhile.
    pub(super) fn share_as(self, name: Name) -> Bytes {
        let held = self.pool.clone();
        let named = Arc::new(Named { lent: self, name });
        held.names().insert(name, Arc::downgrade(&named));
        Bytes::from_owner(Holder(named))
    }
}

/// Lent memory with a name.
#[derive(Debug)]
struct Named {
    lent: Lent,
    name: Name,
}

impl Drop for Named {
    fn drop(&mut self) {
        let mut names = self.lent.pool.names();
        // Somebody may have read the same at the same time.
        if names
            .get(&self.name)
            .is_some_and(|named| named.strong_count() == 0)
        {
            names.remove(&self.name);
        }
    }
}

struct Holder(Arc<Named>);

impl AsRef<[u8]> for Holder {
    fn as_ref(&self) -> &[u8] {
        self.0.lent.as_ref()
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut free = self.pool.lock();
        if free.len() < KEPT_MAX && self.memory.len() <= KEPT_BYTES_MAX {
            free.push(std::mem::take(&mut self.memory));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pool: &Pool, length: usize, with: u8) -> Bytes {
        let mut lent = pool.lend(length);
        lent.as_mut().fill(with);
        lent.share()
    }

    #[test]
    fn what_somebody_has_is_lent_to_nobody_else() {
        let pool = Pool::default();
        let (first, second) = (filled(&pool, 3, b'a'), filled(&pool, 2, b'b'));
        let part = first.slice(1..);
        drop((first, second));
        assert_eq!(pool.lock().len(), 1, "a part of the first is in use");
        let third = filled(&pool, 2, b'c');
        assert_eq!((&part[..], &third[..]), (&b"aa"[..], &b"cc"[..]));
        assert!(pool.lock().is_empty());
    }

    #[test]
    fn what_somebody_has_is_found_by_its_name_until_nobody_has_it() {
        let pool = Pool::default();
        let name = |between| (StreamId(1), Offset::default(), Offset::MAX, between);
        let first = pool.lend(3).share_as(name(b','));
        let second = pool.held(&name(b','));
        assert_eq!(
            second.as_ref().map(|held| held.as_ptr()),
            Some(first.as_ptr())
        );
        assert_eq!(pool.held(&name(b'-')), None);
        let newer = pool.lend(3).share_as(name(b','));
        drop((first, second));
        assert_eq!(pool.lock().len(), 1);
        let third = pool.held(&name(b','));
        assert_eq!(third.map(|held| held.as_ptr()), Some(newer.as_ptr()));
        drop(newer);
        assert!(pool.held(&name(b',')).is_none() && pool.names().is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let pool = Pool::default();
        let all: Vec<_> = (0..2 * KEPT_MAX).map(|_| filled(&pool, 1, 0)).collect();
        drop(all);
        assert_eq!(pool.lock().len(), KEPT_MAX);
        drop(filled(&pool, KEPT_BYTES_MAX + 1, 0));
        assert!(pool.lock().iter().all(|kept| kept.len() <= KEPT_BYTES_MAX));
    }
}
