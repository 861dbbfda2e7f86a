//! What the log needs of a file system, and no more: so that a test can put one underneath that
//! loses what was not synced.

use std::{
    fmt, fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// A folder that holds a log. Paths are relative to it.
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file to read and write, and makes it if it is not there. It is sure to be there after
    /// a crash when its folder was synced.
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// Opens a file to read.
    fn open(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// The names in a folder, in order. A folder that is not there is empty.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes a folder, and those above it, for good.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Gives a file another name in the same folder, in place of what had that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes sure that the names in a folder are as they are now, also after a crash.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
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
}

/// The whole content of the file at `path`.
pub(super) fn read_all(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let length = usize::try_from(file.length()?).unwrap_or(usize::MAX);
    let mut content = vec![0; length];
    file.read_at(&mut content, 0)?;
    Ok(content)
}

/// A real folder.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Held as long as this is: a second process must not write here.
    _lock: fs::File,
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
            .open(root.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::WouldBlock, "another producer uses it")
            }
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(Self {
            root: root.to_owned(),
            _lock: lock,
        })
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
        fs::create_dir_all(self.root.join(folder))?;
        folder
            .ancestors()
            .skip(1)
            .try_for_each(|above| self.sync_folder(above))
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
}
