//! What is remembered of a file that is read on: how far it was read, and by what it is known to be the
//! same file. Its content decides that: what is only touched, or moved and put back, is no other file.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    time::SystemTime,
};

/// How many of the bytes that were read last are remembered.
const LAST_BYTES: usize = 4 * 1024;

/// What is remembered of a file.
#[derive(Debug, Default)]
pub(super) struct Trace {
    bytes: u64,
    /// The last of them.
    last: Vec<u8>,
    /// How it was when it was last looked at, which is before it was read.
    seen: Option<State>,
}

/// How long a file is, and when it was changed, where that is known.
type State = (u64, Option<SystemTime>);

/// What has become of a file since.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// There is nothing to read.
    Nothing,
    /// It goes on, and is to be read from where it stands.
    GoesOn,
    /// Another has taken its place.
    Another,
}

impl Trace {
    /// Looks what has become of the file.
    pub(super) fn look(&mut self, mut file: &File) -> io::Result<Since> {
        let now = state(file)?;
        let is_unchanged = self.seen.replace(now) == Some(now) && now.0 == self.bytes;
        // Who writes a file anew empties it first.
        let is_emptied = now.0 == 0 && self.bytes > 0;
        if is_unchanged || is_emptied {
            return Ok(Since::Nothing);
        }
        if self.bytes == 0 {
            return Ok(Since::GoesOn);
        }
        file.seek(SeekFrom::Start(self.bytes - self.last.len() as u64))?;
        let mut last = vec![0; self.last.len()];
        match file.read_exact(&mut last) {
            Ok(()) if last == self.last => Ok(Since::GoesOn),
            Ok(()) => Ok(Since::Another),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Since::Another),
            Err(error) => Err(error),
        }
    }

    /// Takes note of what was read.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let end = bytes.len().saturating_sub(LAST_BYTES);
        self.last
            .extend_from_slice(bytes.get(end..).unwrap_or_default());
        let surplus = self.last.len().saturating_sub(LAST_BYTES);
        self.last.drain(..surplus);
    }
}

fn state(file: &File) -> io::Result<State> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;

    #[test]
    fn a_file_is_known_again_by_what_was_read_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let long = "1\n".repeat(LAST_BYTES);
        let mut time = SystemTime::UNIX_EPOCH;
        let mut write = |text: &str| {
            fs::write(&path, text).unwrap();
            time += Duration::from_secs(1);
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
            File::open(&path).unwrap()
        };
        let mut check = |before: &str, after: &str, expected: Since| {
            let mut trace = Trace::default();
            let file = write(before);
            let first = trace.look(&file).unwrap();
            trace.read(before.as_bytes());
            assert_eq!(trace.look(&file).unwrap(), Since::Nothing, "{first:?}");
            let mut file = write(after);
            let since = trace.look(&file).unwrap();
            if since == Since::GoesOn {
                assert_eq!(file.stream_position().unwrap(), before.len() as u64);
            }
            assert_eq!(since, expected, "{before:?}, {after:?}");
        };
        check("1\n2\n", "1\n2\n3\n", Since::GoesOn);
        check("", "1\n", Since::GoesOn);
        check(&long, &format!("{long}2\n"), Since::GoesOn);
        // It was only touched.
        check("1\n2\n", "1\n2\n", Since::GoesOn);
        check("1\n2\n", "1\n3\n", Since::Another);
        check("1\n2\n", "3\n4\n5\n6\n", Since::Another);
        check("1\n2\n", "1\n", Since::Another);
        check(&long, &long.replace('1', "2"), Since::Another);
        check("1\n2\n", "", Since::Nothing);
    }

    #[test]
    fn what_changes_while_it_is_read_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let check = |text: &str, expected: Since| {
            fs::write(&path, "1\n").unwrap();
            let file = File::options().write(true).read(true).open(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            let mut trace = Trace::default();
            assert_eq!(trace.look(&file).unwrap(), Since::GoesOn);
            fs::write(&path, text).unwrap();
            trace.read(b"1\n");
            assert_eq!(trace.look(&file).unwrap(), expected, "{text:?}");
        };
        check("1\n2\n", Since::GoesOn);
        check("2\n", Since::Another);
    }
}
