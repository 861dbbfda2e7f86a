//! The file of a segment that is read. It is held open between two reads, unless very many are: so
//! however many read old records, files are left for who writes.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use common::service::files;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::disk::{Disk, File};

/// How many files may be held open; its clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Hands(Arc<Semaphore>);

impl Hands {
    fn new(files_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(files_max)))
    }
}

impl Default for Hands {
    fn default() -> Self {
        Self::new(files::for_readers())
    }
}

/// The lines of a segment.
#[derive(Debug)]
pub(super) struct Lines {
    disk: Arc<dyn Disk>,
    pub(super) path: PathBuf,
    /// None where too many are held.
    held: Option<(Box<dyn File>, OwnedSemaphorePermit)>,
}

impl Lines {
    /// Opens the file, and holds it if there is a hand free.
    pub(super) fn open(disk: &Arc<dyn Disk>, path: &Path, hands: &Hands) -> io::Result<Self> {
        let file = disk.open(path)?;
        let hand = hands.0.clone().try_acquire_owned().ok();
        Ok(Self {
            disk: disk.clone(),
            path: path.to_owned(),
            held: hand.map(|hand| (file, hand)),
        })
    }

    /// Reads `bytes.len()` bytes from `at` on.
    pub(super) fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        match &self.held {
            Some((file, _)) => file.read_at(bytes, at),
            None => self.disk.open(&self.path)?.read_at(bytes, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::proof::simulated::{Fault, SimDisk, State};

    #[test]
    fn who_comes_later_reads_too_and_holds_nothing() {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(State::default(), Fault::None, usize::MAX));
        let path = Path::new("lines");
        disk.create(path).unwrap().write_at(b"1\n", 0).unwrap();
        let hands = Hands::new(1);
        let open = || Lines::open(&disk, path, &hands).unwrap();
        let read = |lines: &Lines| {
            let mut bytes = [0; 2];
            lines.read_at(&mut bytes, 0).unwrap();
            assert_eq!(&bytes, b"1\n");
        };
        let (first, second) = (open(), open());
        read(&first);
        read(&second);
        assert!(first.held.is_some() && second.held.is_none());
        drop(first);
        assert!(open().held.is_some());
    }
}
