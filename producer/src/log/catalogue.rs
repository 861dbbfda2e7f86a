//! The catalogue: which streams there are, how far each lies in segments, and where the journal
//! goes on from there.
//!
//! One frame in a file of its own, which is replaced as a whole. Its link is that of the journal's
//! first frame that is not settled.

use std::{io, path::Path};

use bytes::{Buf, BufMut, Bytes};

use super::{
    disk::{self, Disk},
    frame::{Entry, Link, Read},
    journal::Damage,
};

const MAGIC: &[u8; 8] = b"BrkCtlg1";
const LINK_BYTES: usize = 12;
const FILE: &str = "catalogue";
const NEW_FILE: &str = "catalogue.new";

/// Replaces the catalogue, for good.
pub(super) fn write(disk: &dyn Disk, link: Link, entries: &[Entry]) -> io::Result<()> {
    let mut text = MAGIC.to_vec();
    text.put_u64_le(link.number);
    text.put_u32_le(link.before);
    link.clone().write(entries, &mut text);
    let file = disk.create(Path::new(NEW_FILE))?;
    file.set_length(0)?;
    file.write_at(&text, 0)?;
    file.sync()?;
    disk.rename(Path::new(NEW_FILE), Path::new(FILE))?;
    disk.sync_folder(Path::new(""))
}

/// Where the journal goes on, and what the catalogue says; nothing where there is none yet.
///
/// # Errors
/// It is damaged, of a newer format, or cannot be read.
pub(super) fn read(disk: &dyn Disk) -> Result<(Link, Vec<Entry>), Damage> {
    let text = match disk::read_all(disk, Path::new(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        text => Bytes::from(text?),
    };
    let damage = |what| Damage::File {
        file: FILE.to_owned(),
        what,
    };
    let frame = text
        .strip_prefix(MAGIC)
        .ok_or_else(|| damage("it is of another format"))?;
    let (mut place, _) = frame
        .split_at_checked(LINK_BYTES)
        .ok_or_else(|| damage("cut short"))?;
    let link = Link {
        number: place.get_u64_le(),
        before: place.get_u32_le(),
    };
    match link.read(&text.slice(MAGIC.len() + LINK_BYTES..)) {
        Read::Frame(entries, ..) => Ok((link, entries)),
        Read::Nothing(what) => Err(damage(what)),
    }
}
