//! Memory that is read into, used again and again: what is fresh from the system has to be cleared
//! by it first, a page at a time, which takes longer than to read.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// So many are kept for the next one who reads.
const KEPT_MAX: usize = 32;

/// Longer ones are given back to the system.
const KEPT_BYTES_MAX: usize = 512 * 1024;

/// Where memory comes from, and where it goes when nobody has it any more. Its clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

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

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn what_is_kept_is_bounded() {
        let pool = Pool::default();
        let all: Vec<_> = (0..2 * KEPT_MAX).map(|_| filled(&pool, 1, 0)).collect();
        drop(all);
        assert_eq!(pool.lock().len(), KEPT_MAX);
        drop(filled(&pool, KEPT_BYTES_MAX + 1, 0));
        assert!(pool.lock().iter().all(|kept| kept.len() <= KEPT_BYTES_MAX));
    }
}
