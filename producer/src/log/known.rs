//! What there is in a log, by name. It stands apart from what its streams share, for that they hold:
//! so nothing of a log is left when nobody has it any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;

use super::{entry::StreamId, stream::Stream, topic::Topic};

/// What there is, by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) streams: BTreeMap<String, Stream>,
    pub(super) topics: BTreeMap<String, Topic>,
    pub(super) notes: BTreeMap<String, Bytes>,
}

/// The names of a log; its clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<All>);

#[derive(Debug, Default)]
struct All {
    names: RwLock<Names>,
    /// Streams that are deleted for good, which the catalogue does not know yet.
    doomed: Mutex<BTreeSet<StreamId>>,
}

impl Known {
    pub(super) fn names(&self) -> RwLockReadGuard<'_, Names> {
        let names = &self.0.names;
        names.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn names_mut(&self) -> RwLockWriteGuard<'_, Names> {
        let names = &self.0.names;
        names.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams that are deleted for good, of which the catalogue is still to be told.
    pub(super) fn doomed(&self) -> MutexGuard<'_, BTreeSet<StreamId>> {
        let doomed = &self.0.doomed;
        doomed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream is deleted for good, and the catalogue is to be told.
    pub(super) fn forget(&self, stream: &Stream) {
        self.names_mut().streams.remove(stream.name());
        self.doomed().insert(stream.id());
    }
}
