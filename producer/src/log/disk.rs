//! What the log needs of a file system, and no more: so that a test can put one underneath that
//! loses what was not synced.

use std::{
    fmt, fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
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
    /// Whether it is still where it was opened, so that who opens it there finds what is written now.
    fn is_in_place(&self) -> bool {
        true
    }
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

/// As [`AT_ONCE_BYTES`], where there is time: more syncs take longer together, and each of them holds up
/// an append for less.
pub(super) const AT_EASE_BYTES: usize = 256 * 1024;

/// The file that is locked.
pub(super) const LOCK: &str = "lock";

/// A real folder. It is the same one as long as this is there, wherever it is moved, and whatever takes
/// its place: what was written to one and not to the other would be found in neither.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    place: fs::File,
    /// Held as long as this is: a second process must not write here. None for who only reads.
    _lock: Option<fs::File>,
}

impl Folder {
    /// Makes the folder if need be, and locks it.
    pub(super) fn lock(root: &Path) -> io::Result<Self> {
        make_root(root)?;
        let place = fs::File::open(root)?;
        // Who removes the file that is locked does not let a second process in.
        match place.try_lock() {
            Err(fs::TryLockError::WouldBlock) => return Err(in_use()),
            // Not every file system locks folders.
            Ok(()) | Err(fs::TryLockError::Error(_)) => {}
        }
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
        let lock = open(&place, Path::new(LOCK), flags)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => in_use(),
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(Self {
            root: root.to_owned(),
            place,
            _lock: Some(lock),
        })
    }

    /// The folder, to be read only; and whether somebody writes there.
    pub(super) fn read(root: &Path) -> io::Result<(Self, bool)> {
        let place = fs::File::open(root)?;
        let is_in_use = match fs::File::open(root.join(LOCK)) {
            Ok(lock) => lock.try_lock_shared().is_err(),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // Who copies a log may leave out what is empty.
            Err(_) if root.join(catalogue::FILE).is_file() => false,
            Err(_) => {
                return Err(io::Error::new(io::ErrorKind::NotFound, "it holds no log"));
            }
        };
        let folder = Self {
            root: root.to_owned(),
            place,
            _lock: None,
        };
        Ok((folder, is_in_use))
    }

    fn open_at(&self, path: &Path, flags: OFlags) -> io::Result<fs::File> {
        open(&self.place, path, flags | OFlags::CLOEXEC)
    }

    fn open_folder(&self, folder: &Path) -> io::Result<fs::File> {
        let is_root = folder.as_os_str().is_empty();
        let folder = if is_root { Path::new(".") } else { folder };
        self.open_at(folder, OFlags::RDONLY | OFlags::DIRECTORY)
    }
}

/// Makes the folder of a log, and those above it, for good.
fn make_root(root: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let made = root.ancestors().take_while(is_missing).count();
    let is_file = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists;
    fs::create_dir_all(root).map_err(|error| match is_file(&error) {
        true => Errno::NOTDIR.into(),
        false => error,
    })?;
    for above in root.ancestors().skip(1).take(made) {
        let is_here = above.as_os_str().is_empty();
        let above = if is_here { Path::new(".") } else { above };
        fs::File::open(above)?.sync_all()?;
    }
    Ok(())
}

fn in_use() -> io::Error {
    io::Error::new(io::ErrorKind::WouldBlock, "another producer uses it")
}

fn open(place: &fs::File, path: &Path, flags: OFlags) -> io::Result<fs::File> {
    let opened = rustix::fs::openat(place, path, flags, Mode::from_raw_mode(0o666))?;
    Ok(opened.into())
}

impl Disk for Folder {
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let file = self.open_at(path, OFlags::CREATE | OFlags::RDWR)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(self.open_at(path, OFlags::RDONLY)?))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let folder = match self.open_folder(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            folder => folder?,
        };
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let make = |folder| match rustix::fs::mkdirat(&self.place, folder, 0o777.into()) {
            Err(Errno::EXIST) => Ok(()),
            made => made,
        };
        let above = folder
            .parent()
            .filter(|above| !above.as_os_str().is_empty());
        match (make(folder), above) {
            // Most are made where there are others already.
            (Err(Errno::NOENT), Some(above)) => {
                self.make_folder(above)?;
                Ok(make(folder)?)
            }
            (made, _) => Ok(made?),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.place, from, &self.place, to)?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.place, path, AtFlags::empty())?)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.open_folder(folder)?.sync_all()
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.place)?)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        for name in self.list(folder)? {
            let path = folder.join(name);
            match rustix::fs::unlinkat(&self.place, &path, AtFlags::empty()) {
                Err(Errno::NOENT) => {}
                Err(Errno::ISDIR) => self.remove_folder(&path)?,
                removed => removed?,
            }
        }
        match rustix::fs::unlinkat(&self.place, folder, AtFlags::REMOVEDIR) {
            Err(Errno::NOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let space = rustix::fs::fstatvfs(&self.place)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    fn is_in_place(&self) -> bool {
        match (rustix::fs::fstat(&self.place), rustix::fs::stat(&self.root)) {
            (Ok(this), Ok(there)) => (this.st_dev, this.st_ino) == (there.st_dev, there.st_ino),
            (_, Err(Errno::NOENT | Errno::NOTDIR)) => false,
            // It cannot be told.
            _ => true,
        }
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
            Err(Errno::OPNOTSUPP) => self.set_length(length),
            done => Ok(done?),
        }
    }
}
