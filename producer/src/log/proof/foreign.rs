//! A disk that is not of our making: the file system of turmoil, which forgets what was not synced
//! when its host crashes. Here is only what it cannot do: its power can go between any two
//! operations, and its syncs can do nothing.
//!
//! It knows files by their names, so a name is looked up for each operation. It puts a file that was
//! renamed, and whose folder was not synced, in place of one that was written under its new name
//! meanwhile; so nothing is swept here, which is what would rename a spare that way.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use fastrand::Rng;
use turmoil::fs::shim::std::fs;

use super::{life::Life, simulated::Fault};
use crate::log::{
    Log,
    disk::{Disk, File},
};

/// The disk of the simulated host that uses it; its clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct ForeignDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    fault: Fault,
    /// Operations until the power goes.
    left: usize,
    /// What files that are open are called now.
    names: BTreeMap<usize, PathBuf>,
    opened: usize,
    /// All that was done so far.
    trace: DefaultHasher,
}

#[derive(Debug)]
struct ForeignFile {
    disk: ForeignDisk,
    number: usize,
}

impl ForeignDisk {
    pub(crate) fn new(fault: Fault) -> Self {
        Self(Arc::new(Mutex::new(State {
            fault,
            left: usize::MAX,
            names: BTreeMap::new(),
            opened: 0,
            trace: DefaultHasher::new(),
        })))
    }

    /// Opens the log that is on it. The log does what is asked while the other one is awaited; that
    /// one ends when the disk has failed.
    pub(crate) fn open(
        &self,
        rng: Rng,
    ) -> Result<(Log, impl Future<Output = Result<(), ()>> + use<>), String> {
        let life = Life::on(Arc::new(self.clone()))?;
        Ok((life.log(), life.work(rng)))
    }

    /// Gives it power for so many operations.
    pub(crate) fn power(&self, operations: usize) {
        self.0.lock().unwrap().left = operations;
    }

    /// Whether there is power left.
    pub(crate) fn has_power(&self) -> bool {
        self.0.lock().unwrap().left > 0
    }

    /// A number that two disks share to which the same was done.
    pub(crate) fn trace(&self) -> u64 {
        self.0.lock().unwrap().trace.finish()
    }

    /// Does an operation, which `what` tells from others, if there is power.
    fn operate<T>(
        &self,
        what: impl Hash,
        operation: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.0.lock().unwrap();
        what.hash(&mut state.trace);
        state.left = state
            .left
            .checked_sub(1)
            .ok_or_else(|| io::Error::other("there is no power"))?;
        operation(&mut state)
    }

    fn opened(&self, path: &Path, may_make: bool) -> io::Result<Box<dyn File>> {
        let number = self.operate(("open", path, may_make), |state| {
            let mut options = fs::OpenOptions::new();
            options.read(true).write(may_make).create(may_make);
            options.open(at(path))?;
            state.opened += 1;
            state.names.insert(state.opened, path.to_owned());
            Ok(state.opened)
        })?;
        let disk = self.clone();
        Ok(Box::new(ForeignFile { disk, number }))
    }
}

/// Where that is on the host.
fn at(path: &Path) -> PathBuf {
    Path::new("/").join(path)
}

/// What is not there is empty, or gone.
fn unless_missing<T: Default>(done: io::Result<T>) -> io::Result<T> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        done => done,
    }
}

impl Disk for ForeignDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.opened(path, true)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.opened(path, false)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.operate(("list", folder), |_| {
            let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
            let entries = fs::read_dir(at(folder)).map(|entries| entries.flatten().map(name));
            let mut names = unless_missing(entries.map(Iterator::collect::<Vec<_>>))?;
            names.sort();
            Ok(names)
        })
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.operate(("make", folder), |_| fs::create_dir_all(at(folder)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operate(("rename", from, to), |state| {
            fs::rename(at(from), at(to))?;
            let open = state.names.values_mut().filter(|name| *name == from);
            open.for_each(|name| to.clone_into(name));
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.operate(("remove", path), |_| fs::remove_file(at(path)))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.operate(("sync folder", folder), |state| match state.fault {
            Fault::FolderSyncDoesNothing => Ok(()),
            _ => fs::sync_dir(at(folder)),
        })
    }

    /// That is for more streams than there are here.
    fn sync_all(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        self.operate(("remove all", folder), |_| {
            unless_missing(fs::remove_dir_all(at(folder)))
        })
    }

    /// It is asked for as often as the system's time has it, so that is no operation.
    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl ForeignFile {
    fn operate<T>(
        &self,
        what: impl Hash,
        operation: impl FnOnce(&fs::File, Fault) -> io::Result<T>,
    ) -> io::Result<T> {
        self.disk.operate((self.number, what), |state| {
            let mut options = fs::OpenOptions::new();
            let file = options.read(true).write(true);
            operation(&file.open(at(&state.names[&self.number]))?, state.fault)
        })
    }
}

impl Drop for ForeignFile {
    fn drop(&mut self) {
        self.disk.0.lock().unwrap().names.remove(&self.number);
    }
}

impl File for ForeignFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.operate(("read", bytes.len(), at), |file, _| {
            file.read_exact_at(bytes, at)
        })
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        // Of producers that are settled together, any may come first in the bytes.
        self.operate(("write", bytes.len(), at), |file, _| {
            file.write_all_at(bytes, at)
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.operate("sync", |file, fault| match fault {
            Fault::FileSyncDoesNothing => Ok(()),
            _ => file.sync_data(),
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.operate("length", |file, _| Ok(file.metadata()?.len()))
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.operate(("set length", length), |file, _| file.set_len(length))
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.set_length(length)
    }
}
