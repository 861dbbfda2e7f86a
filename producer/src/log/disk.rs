//! What the log needs of a file system, and no more: so that a test can put one underneath that
//! loses what was not synced.

use std::{
    fmt, fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::catalogue;

/// A folder that holds a log. Paths are relative to it.
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file to read and write, and makes it if it is not there. It is sure to be there after
    /// a crash when its folder was synced.
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// Opens a file to read.
    fn open(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// The names in a folder, in order. A folder that is not there is empty.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes a folder, and those above it. It is sure to be there after a crash when those above
    /// were synced.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Gives a file another name in the same folder, in place of what had that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes sure that the names in a folder are as they are now, also after a crash.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Makes sure of all that was written and named so far, in all files and folders.
    fn sync_all(&self) -> io::Result<()>;
    /// Removes a folder with all that is in it; one that is not there is removed already.
    fn remove_folder(&self, folder: &Path) -> io::Result<()>;
    /// How many bytes can still be written.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// An open file.
pub(super) trait File: fmt::Debug + Send + Sync {
    /// Reads `bytes.len()` bytes from `at` on; an error where there are fewer.
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()>;
    /// Writes all of `bytes` from `at` on.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Makes sure that what was written is there after a crash.
    fn sync(&self) -> io::Result<()>;
    /// How long it is.
    fn length(&self) -> io::Result<u64>;
    /// Cuts it, or fills it up with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Makes it so long, with space on the disk for all of it.
    fn allocate(&self, length: u64) -> io::Result<()>;
}

/// Reads from a disk where that holds up no other task. A runtime of one thread, as simulations have
/// it, has no such place.
pub(super) fn aside<T>(read: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::CurrentThread) => read(),
        _ => tokio::task::block_in_place(read),
    }
}

/// The whole content of the file at `path`.
pub(super) fn read_all(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let length = usize::try_from(file.length()?).unwrap_or(usize::MAX);
    let mut content = vec![0; length];
    file.read_at(&mut content, 0)?;
    Ok(content)
}

/// Makes a folder, and those above it, for good.
pub(super) fn make_folder_for_good(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    disk.make_folder(folder)?;
    let mut above = folder.ancestors().skip(1);
    above.try_for_each(|above| disk.sync_folder(above))
}

/// So much is written to files that nobody waits for before it is synced. More at once would keep the
/// sync that an append waits for waiting behind it.
pub(super) const AT_ONCE_BYTES: usize = 1024 * 1024;

/// The file that is locked.
const LOCK: &str = "lock";

/// A real folder.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Held as long as this is: a second process must not write here. None for who only reads.
    _lock: Option<fs::File>,
}

impl Folder {
    /// Makes the folder if need be, and locks it.
    pub(super) fn lock(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let mut options = fs::OpenOptions::new();
        let lock = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::WouldBlock, "another producer uses it")
            }
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(Self {
            root: root.to_owned(),
            _lock: Some(lock),
        })
    }

    /// The folder, to be read only; and whether somebody writes there.
    pub(super) fn read(root: &Path) -> io::Result<(Self, bool)> {
        let is_in_use = match fs::File::open(root.join(LOCK)) {
            Ok(lock) => lock.try_lock_shared().is_err(),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // Who copies a log may leave out what is empty.
            Err(_) if root.join(catalogue::FILE).is_file() => false,
            Err(_) => {
                let why = format!("{} holds no log", root.display());
                return Err(io::Error::new(io::ErrorKind::NotFound, why));
            }
        };
        let root = root.to_owned();
        Ok((Self { root, _lock: None }, is_in_use))
    }
}

impl Disk for Folder {
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        Ok(Box::new(options.open(self.root.join(path))?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(fs::File::open(self.root.join(path))?))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        let mut names = entries.map(name).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(self.root.join(folder))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.root.join(from), self.root.join(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.root.join(path))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        fs::File::open(self.root.join(folder))?.sync_all()
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(fs::File::open(&self.root)?)?)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        match fs::remove_dir_all(self.root.join(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let space = rustix::fs::statvfs(&self.root)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }
}

impl File for fs::File {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.read_exact_at(bytes, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let all = rustix::fs::FallocateFlags::empty();
        match rustix::fs::fallocate(self, all, 0, length) {
            // Not every file system can; then it is found out when it is written.
            Err(rustix::io::Errno::OPNOTSUPP) => self.set_length(length),
            done => Ok(done?),
        }
    }
}
