//! Space on the disk that others need, or that is held for the time when there is none.

use std::{io, path::Path};

use rustix::io::Errno;

use super::disk::{Disk, File};

/// Where space is held.
pub(super) const RESERVE: &str = "journal/reserve";

/// So much of the disk is held for the time when it is full: for a short journal file, and for what
/// the catalogue is told.
pub(super) const RESERVE_BYTES: u64 = 1024 * 1024;

/// How long a journal file is that is begun on a full disk, at the most.
pub(super) const SHORT_BYTES: u64 = 256 * 1024;

/// Whether it would work if there were more space.
pub(super) fn is_lacking(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Makes a file so long at the least, with space for all of it. What there is of that on the disk
/// is not taken where it is too little: others need it then.
pub(super) fn allocate(disk: &dyn Disk, file: &dyn File, bytes: u64) -> io::Result<()> {
    let length = file.length()?;
    if length >= bytes {
        return Ok(());
    }
    // Of what is short there is less than some systems hold back.
    if bytes > SHORT_BYTES && disk.free_bytes()? < bytes - length {
        return Err(Errno::NOSPC.into());
    }
    file.allocate(bytes).inspect_err(|_| {
        // Some systems keep what they could.
        drop(file.set_length(length));
    })
}

/// Holds space for the time when the disk is full, as far as there is some.
pub(super) fn reserve(disk: &dyn Disk) {
    let reserve = || -> io::Result<()> {
        let file = disk.create(Path::new(RESERVE))?;
        let held = allocate(disk, file.as_ref(), RESERVE_BYTES);
        held.or_else(|_| disk.remove(Path::new(RESERVE)))
    };
    if let Err(error) = reserve() {
        tracing::debug!(%error, "no space is held for the time when the disk is full");
    }
}
